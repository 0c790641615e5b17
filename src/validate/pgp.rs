//! OpenPGP secret keys: RFC 9580 <https://www.rfc-editor.org/rfc/rfc9580>, as far as the first packet tells.

use jiff::Timestamp;
use sha1::{Digest, Sha1};

/// What the first secret-key packet says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PgpKey {
    /// Name of the algorithm.
    pub(super) algorithm: &'static str,
    /// Size, for RSA, DSA and Elgamal.
    pub(super) bits: Option<usize>,
    /// When the key was made.
    pub(super) created: Option<Timestamp>,
    /// Fingerprint of a version 4 key in upper-case hex, as key servers list it.
    pub(super) fingerprint: String,
    /// True when a passphrase protects it.
    pub(super) encrypted: bool,
}

/// Reads the first packet, which must be a secret key of version 4.
pub(super) fn secret_key(bytes: &[u8]) -> Option<PgpKey> {
    let body = packet(bytes)?;
    let (head, mut rest) = body.split_first_chunk::<6>()?;
    let [4, c0, c1, c2, c3, algorithm] = *head else { return None };
    let (name, numbers) = match algorithm {
        1..=3 => ("RSA", 2),
        16 => ("Elgamal", 3),
        17 => ("DSA", 4),
        18 => ("ECDH", 1),
        19 => ("ECDSA", 1),
        22 => ("EdDSA", 1),
        _ => return None,
    };
    if matches!(algorithm, 18 | 19 | 22) {
        let (length, after) = rest.split_first()?;
        rest = after.get(usize::from(*length)..)?;
    }
    let mut bits = None;
    for _ in 0..numbers {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        bits = bits.or(Some(length));
        rest = after.get(length.div_ceil(8)..)?;
    }
    if algorithm == 18 {
        let (length, after) = rest.split_first()?;
        rest = after.get(usize::from(*length)..)?;
    }
    let usage = *rest.first()?;
    let public = body.get(..body.len().checked_sub(rest.len())?)?;
    let mut hash = Sha1::new();
    hash.update([0x99]);
    hash.update(u16::try_from(public.len()).ok()?.to_be_bytes());
    hash.update(public);
    Some(PgpKey {
        algorithm: name,
        bits: bits.filter(|_| numbers > 1),
        created: Timestamp::from_second(i64::from(u32::from_be_bytes([c0, c1, c2, c3]))).ok(),
        fingerprint: data_encoding::HEXUPPER.encode(&hash.finalize()),
        encrypted: usage != 0,
    })
}

/// The contents of the first packet, of either header format, when it is a secret key (tag 5).
fn packet(bytes: &[u8]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    let (length, body) = match first {
        0xc5 => {
            let (one, rest) = rest.split_first()?;
            match one {
                0..=191 => (usize::from(*one), rest),
                192..=223 => {
                    let (two, rest) = rest.split_first()?;
                    ((usize::from(*one) - 192) * 256 + usize::from(*two) + 192, rest)
                }
                255 => {
                    let (four, rest) = rest.split_first_chunk::<4>()?;
                    (usize::try_from(u32::from_be_bytes(*four)).ok()?, rest)
                }
                _ => return None,
            }
        }
        0x94 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x95 => {
            let (two, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*two)), rest)
        }
        _ => return None,
    };
    body.get(..length)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    pub(crate) fn rsa(usage: u8) -> Vec<u8> {
        let mut body = vec![4, 0x5f, 0, 0, 0, 1];
        body.extend(2048u16.to_be_bytes());
        body.extend((0..=255).map(|i: u8| i | u8::from(i == 0) << 7));
        body.extend(17u16.to_be_bytes());
        body.extend([1, 0, 1]);
        body.push(usage);
        body.extend([9; 100]);
        let mut out = vec![0x95];
        out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        out.extend(body);
        out
    }

    #[test]
    fn size_date_and_passphrase_are_read() {
        let key = secret_key(&rsa(254)).unwrap();
        assert_eq!((key.algorithm, key.bits, key.encrypted), ("RSA", Some(2048), true));
        assert_eq!(key.created.unwrap().as_second(), 0x5f00_0000);
        assert!(!secret_key(&rsa(0)).unwrap().encrypted);
        assert_eq!(key.fingerprint.len(), 40);
        assert_eq!(key.fingerprint, secret_key(&rsa(0)).unwrap().fingerprint, "the private half is not part of it");
    }

    #[test]
    fn cut_packets_are_no_key() {
        let whole = rsa(0);
        for cut in 0..whole.len() {
            assert_eq!(secret_key(&whole[..cut]), None);
        }
    }
}
