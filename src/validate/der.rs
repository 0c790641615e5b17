//! As much DER as private keys need, and their public halves in the forms that others list.
//!
//! Sources: ITU-T X.690 <https://www.itu.int/rec/T-REC-X.690>, PKCS #1 RFC 8017
//! <https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1>, PKCS #8 RFC 5958 <https://www.rfc-editor.org/rfc/rfc5958>,
//! SEC 1 keys RFC 5915 <https://www.rfc-editor.org/rfc/rfc5915>, SSH public keys RFC 4253 §6.6
//! <https://www.rfc-editor.org/rfc/rfc4253#section-6.6> and RFC 5656 §3.1
//! <https://www.rfc-editor.org/rfc/rfc5656#section-3.1>. Nothing here recurses: the nesting of each form is fixed.

/// What a key file says about its key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// Name as reports show it: `RSA`, `ECDSA P-256`, `Ed25519`…
    pub(super) algorithm: String,
    /// Size in bits.
    pub(super) bits: Option<usize>,
    /// The public key in SSH wire form.
    pub(super) ssh_blob: Option<Vec<u8>>,
    /// The public key as a SubjectPublicKeyInfo, which certificates carry.
    pub(super) spki: Option<Vec<u8>>,
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// RSASSA-PSS, RFC 4055 §3.1: the same numbers under an algorithm of its own.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const K256: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Tag and contents of the next element; lengths of more than four bytes and indefinite ones end the reading.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(t, _)| *t == tag).map(|(_, value)| value)
    }
}

/// Reads an unencrypted private key in PKCS #1, PKCS #8, SEC 1 or OpenSSL's DSA form.
pub(super) fn private_key(der: &[u8]) -> Option<Key> {
    let mut outer = Reader(Reader(der).expect(SEQUENCE)?);
    let version = outer.expect(INTEGER)?;
    let mut ahead = outer;
    match ahead.next()? {
        (SEQUENCE, algorithm) => pkcs8(algorithm, ahead),
        (OCTET_STRING, _) if version == [1] => Some(sec1(ahead, None)),
        (INTEGER, _) => numbers(outer),
        _ => None,
    }
}

/// True for an `EncryptedPrivateKeyInfo` under one of PKCS #5's or PKCS #12's schemes.
pub(super) fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    let read = || {
        let mut outer = Reader(Reader(der).expect(SEQUENCE)?);
        let scheme = Reader(outer.expect(SEQUENCE)?).expect(OID)?;
        outer.expect(OCTET_STRING)?;
        Some(scheme.starts_with(PKCS5) || scheme.starts_with(PKCS5.get(..7)?))
    };
    read() == Some(true)
}

fn pkcs8(algorithm: &[u8], mut rest: Reader<'_>) -> Option<Key> {
    let mut algorithm = Reader(algorithm);
    let oid = algorithm.expect(OID)?;
    let inner = rest.expect(OCTET_STRING)?;
    let plain = |name: &str, bits: usize| Some(Key { algorithm: name.to_owned(), bits: Some(bits), ..Key::default() });
    if oid == RSA || oid == RSA_PSS {
        let mut outer = Reader(Reader(inner).expect(SEQUENCE)?);
        outer.expect(INTEGER)?;
        numbers(outer)
    } else if oid == EC {
        let mut outer = Reader(Reader(inner).expect(SEQUENCE)?);
        outer.expect(INTEGER)?;
        outer.expect(OCTET_STRING)?;
        Some(sec1(outer, algorithm.expect(OID)))
    } else if oid == DSA {
        let mut parameters = Reader(algorithm.expect(SEQUENCE)?);
        let prime = parameters.expect(INTEGER)?;
        plain("DSA", bit_length(prime))
    } else if oid == ED25519 {
        plain("Ed25519", 256)
    } else if oid == X25519 {
        plain("X25519", 256)
    } else if oid == ED448 {
        plain("Ed448", 448)
    } else {
        None
    }
}

/// RSA's `n, e, d, p, q, …` or DSA's `p, q, g, y, x`: told apart by their number.
fn numbers(mut reader: Reader<'_>) -> Option<Key> {
    let mut found: Vec<&[u8]> = Vec::with_capacity(8);
    while let Some((INTEGER, value)) = reader.next() {
        found.push(value);
        if found.len() == 8 {
            break;
        }
    }
    match found.as_slice() {
        [n, e, _, _, _, _, _, _] => Some(Key {
            algorithm: "RSA".to_owned(),
            bits: Some(bit_length(n)),
            ssh_blob: Some(ssh_blob(b"ssh-rsa", &[mpint(e), mpint(n)])),
            spki: Some(rsa_spki(n, e)),
        }),
        [p, q, g, y, _] => Some(Key {
            algorithm: "DSA".to_owned(),
            bits: Some(bit_length(p)),
            ssh_blob: Some(ssh_blob(b"ssh-dss", &[mpint(p), mpint(q), mpint(g), mpint(y)])),
            spki: None,
        }),
        _ => None,
    }
}

/// What follows the private scalar of a SEC 1 key: `[0]` curve and `[1]` public point, both optional.
fn sec1(mut rest: Reader<'_>, curve: Option<&[u8]>) -> Key {
    let mut curve = curve;
    let mut point = None;
    while let Some((tag, value)) = rest.next() {
        match tag {
            CONTEXT_0 => curve = Reader(value).expect(OID).or(curve),
            CONTEXT_1 => point = Reader(value).expect(BIT_STRING).and_then(|bits| bits.strip_prefix(&[0])),
            _ => {}
        }
    }
    let (name, ssh, bits) = match curve {
        Some(c) if c == P256 => ("ECDSA P-256", Some("nistp256"), Some(256)),
        Some(c) if c == P384 => ("ECDSA P-384", Some("nistp384"), Some(384)),
        Some(c) if c == P521 => ("ECDSA P-521", Some("nistp521"), Some(521)),
        Some(c) if c == K256 => ("ECDSA secp256k1", None, Some(256)),
        _ => ("ECDSA", None, None),
    };
    let blob = ssh.zip(point).map(|(curve, point)| {
        ssh_blob(format!("ecdsa-sha2-{curve}").as_bytes(), &[curve.as_bytes().to_vec(), point.to_vec()])
    });
    let spki = curve.zip(point).map(|(curve, point)| {
        let algorithm = tlv(SEQUENCE, &[tlv(OID, EC), tlv(OID, curve)].concat());
        tlv(SEQUENCE, &[algorithm, tlv(BIT_STRING, &[&[0], point].concat())].concat())
    });
    Key { algorithm: name.to_owned(), bits, ssh_blob: blob, spki }
}

fn rsa_spki(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = tlv(SEQUENCE, &[tlv(INTEGER, n), tlv(INTEGER, e)].concat());
    let algorithm = tlv(SEQUENCE, &[tlv(OID, RSA), vec![NULL, 0]].concat());
    tlv(SEQUENCE, &[algorithm, tlv(BIT_STRING, &[vec![0], key].concat())].concat())
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = value.len().to_be_bytes();
    let digits = length.iter().skip_while(|b| **b == 0).count();
    match length.last() {
        Some(short) if digits <= 1 && *short < 0x80 => out.push(*short),
        _ => {
            out.push(0x80 | u8::try_from(digits).unwrap_or(8));
            out.extend(length.iter().skip(length.len() - digits));
        }
    }
    out.extend_from_slice(value);
    out
}

/// Bits of a big-endian number without its leading zeros.
pub(super) fn bit_length(number: &[u8]) -> usize {
    let mut digits = number.iter().skip_while(|b| **b == 0);
    digits.next().map_or(0, |first| 8 - first.leading_zeros() as usize + 8 * digits.count())
}

/// A number as SSH writes it: no needless zeros, and one before a set top bit.
fn mpint(number: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = number.iter().copied().skip_while(|b| *b == 0).collect();
    if digits.first().is_some_and(|b| b & 0x80 != 0) {
        digits.insert(0, 0);
    }
    digits
}

/// An SSH public key: its type and its fields, each behind its length.
pub(super) fn ssh_blob(kind: &[u8], fields: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in std::iter::once(kind).chain(fields.iter().map(Vec::as_slice)) {
        out.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// A number of `bytes` bytes with its top bit set, as a DER integer's contents.
    pub(crate) fn number(seed: u8, bytes: usize) -> Vec<u8> {
        let mut out = vec![0];
        out.extend((0..bytes).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed) | u8::from(i == 0) << 7));
        out
    }

    /// A PKCS #1 key of made-up numbers; every reader here looks at its form only.
    pub(crate) fn pkcs1(bits: usize) -> Vec<u8> {
        let n = number(3, bits / 8);
        let fields: Vec<u8> = [vec![0], n, vec![1, 0, 1], number(5, bits / 8)]
            .into_iter()
            .chain((0..5).map(|i| number(7 + i, bits / 16)))
            .flat_map(|f| tlv(INTEGER, &f))
            .collect();
        tlv(SEQUENCE, &fields)
    }

    pub(crate) fn wrap_pkcs8(oid: &[u8], parameter: &[u8], inner: &[u8]) -> Vec<u8> {
        let algorithm = tlv(SEQUENCE, &[tlv(OID, oid), parameter.to_vec()].concat());
        tlv(SEQUENCE, &[tlv(INTEGER, &[0]), algorithm, tlv(OCTET_STRING, inner)].concat())
    }

    #[test]
    fn pkcs1_and_pkcs8_give_the_same_rsa_key() {
        let plain = private_key(&pkcs1(2048)).unwrap();
        let wrapped = private_key(&wrap_pkcs8(RSA, &[NULL, 0], &pkcs1(2048))).unwrap();
        assert_eq!(plain, wrapped);
        assert_eq!(private_key(&wrap_pkcs8(RSA_PSS, &[SEQUENCE, 0], &pkcs1(2048))).unwrap(), plain);
        assert_eq!((plain.algorithm.as_str(), plain.bits), ("RSA", Some(2048)));
        // The ssh-key crate reads the blob back and names the same fingerprint.
        let blob = plain.ssh_blob.unwrap();
        let other = ssh_key::PublicKey::from_bytes(&blob).unwrap();
        assert_eq!(other.fingerprint(ssh_key::HashAlg::Sha256).to_string(), super::super::util::ssh_fingerprint(&blob));
    }

    #[test]
    fn the_rsa_spki_is_one_that_x509_reads() {
        let spki = private_key(&pkcs1(2048)).unwrap().spki.unwrap();
        let (_, read) =
            <x509_parser::x509::SubjectPublicKeyInfo<'_> as x509_parser::prelude::FromDer<'_, _>>::from_der(&spki)
                .unwrap();
        let x509_parser::public_key::PublicKey::RSA(key) = read.parsed().unwrap() else { panic!("not RSA") };
        assert_eq!((key.modulus, key.exponent), (number(3, 256).as_slice(), &[1u8, 0, 1][..]));
    }

    #[test]
    fn an_ec_key_names_its_curve_and_point() {
        let point = [&[4u8][..], &number(9, 64)[1..]].concat();
        let scalar = tlv(OCTET_STRING, &number(11, 32)[1..]);
        let sec1 = tlv(
            SEQUENCE,
            &[
                tlv(INTEGER, &[1]),
                scalar,
                tlv(CONTEXT_0, &tlv(OID, P256)),
                tlv(CONTEXT_1, &tlv(BIT_STRING, &[&[0], point.as_slice()].concat())),
            ]
            .concat(),
        );
        let plain = private_key(&sec1).unwrap();
        assert_eq!((plain.algorithm.as_str(), plain.bits), ("ECDSA P-256", Some(256)));
        let want = ssh_blob(b"ecdsa-sha2-nistp256", &[b"nistp256".to_vec(), point]);
        assert_eq!(plain.ssh_blob.as_deref(), Some(want.as_slice()));
        assert_eq!(private_key(&wrap_pkcs8(EC, &tlv(OID, P256), &sec1)).unwrap(), plain);
    }

    #[test]
    fn edwards_keys_have_a_name_and_no_public_half() {
        let key = private_key(&wrap_pkcs8(ED25519, &[], &tlv(OCTET_STRING, &[7; 32]))).unwrap();
        assert_eq!((key.algorithm.as_str(), key.ssh_blob), ("Ed25519", None));
    }

    #[test]
    fn cut_and_indefinite_lengths_are_no_key() {
        let der = pkcs1(1024);
        for cut in 0..der.len() {
            assert_eq!(private_key(&der[..cut]), None);
        }
        assert_eq!(private_key(&[SEQUENCE, 0x80, INTEGER, 1, 0, 0, 0]), None);
        assert_eq!(private_key(&[SEQUENCE, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn bit_lengths_ignore_leading_zeros() {
        assert_eq!(bit_length(&[0, 0, 1]), 1);
        assert_eq!(bit_length(&[0x80, 0]), 16);
        assert_eq!(bit_length(&[]), 0);
    }
}
