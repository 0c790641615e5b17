//! OpenSSH's and PuTTY's private-key files, whose public half is readable even when the private one is encrypted.
//!
//! Sources: <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key>,
//! <https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html>, RFC 4253 §6.6
//! <https://www.rfc-editor.org/rfc/rfc4253#section-6.6>.

use super::der;

/// What such a file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshKey {
    /// The public key in wire form.
    pub(super) blob: Vec<u8>,
    /// True when the private half is encrypted.
    pub(super) encrypted: bool,
    /// True when the private half is there in full and, where it can be checked, consistent.
    pub(super) whole: bool,
}

/// Takes a length and that many bytes.
fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(value)
}

/// Reads the binary form behind `BEGIN OPENSSH PRIVATE KEY`.
pub(super) fn openssh(bytes: &[u8]) -> Option<SshKey> {
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let cipher = string(&mut rest)?;
    let _kdf = string(&mut rest)?;
    let _options = string(&mut rest)?;
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    if u32::from_be_bytes(*count) != 1 {
        return None;
    }
    let blob = string(&mut rest)?.to_vec();
    let encrypted = cipher != b"none";
    let private = string(&mut rest);
    // Both check integers of an unencrypted private half are equal.
    let whole = private.is_some_and(|p| encrypted || p.get(..4).is_some_and(|check| p.get(4..8) == Some(check)));
    Some(SshKey { blob, encrypted, whole })
}

/// Reads a `.ppk` file's text.
pub(super) fn putty(text: &str) -> Option<SshKey> {
    let mut lines = text.lines().map(str::trim).skip_while(|l| !l.starts_with("PuTTY-User-Key-File-"));
    lines.next()?;
    let mut key = SshKey { blob: Vec::new(), encrypted: false, whole: false };
    while let Some(line) = lines.next() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let count = || value.parse::<usize>().ok().filter(|n| *n <= 4096);
        match name {
            "Encryption" => key.encrypted = value != "none",
            "Public-Lines" => {
                let body: String = lines.by_ref().take(count()?).collect();
                key.blob = super::util::base64(body.as_bytes())?;
            }
            "Private-Lines" => {
                let body: String = lines.by_ref().take(count()?).collect();
                key.whole = super::util::base64(body.as_bytes()).is_some_and(|b| !b.is_empty());
            }
            _ => {}
        }
    }
    (!key.blob.is_empty()).then_some(key)
}

/// Name and bits of a public key in wire form.
pub(super) fn describe(blob: &[u8]) -> Option<(String, Option<usize>)> {
    let mut rest = blob;
    let kind = std::str::from_utf8(string(&mut rest)?).ok()?;
    let (name, bits) = match kind {
        "ssh-rsa" => {
            string(&mut rest)?;
            ("RSA", Some(der::bit_length(string(&mut rest)?)))
        }
        "ssh-dss" => ("DSA", Some(der::bit_length(string(&mut rest)?))),
        "ssh-ed25519" => ("Ed25519", Some(256)),
        "ssh-ed448" => ("Ed448", Some(448)),
        "ecdsa-sha2-nistp256" => ("ECDSA P-256", Some(256)),
        "ecdsa-sha2-nistp384" => ("ECDSA P-384", Some(384)),
        "ecdsa-sha2-nistp521" => ("ECDSA P-521", Some(521)),
        "sk-ssh-ed25519@openssh.com" => ("Ed25519 on a security key", Some(256)),
        "sk-ecdsa-sha2-nistp256@openssh.com" => ("ECDSA P-256 on a security key", Some(256)),
        _ => return None,
    };
    Some((name.to_owned(), bits))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    pub(crate) fn ed25519_blob() -> Vec<u8> {
        der::ssh_blob(b"ssh-ed25519", &[(0..32).collect()])
    }

    /// A container of this cipher whose private half has equal check integers and filler.
    pub(crate) fn container(cipher: &str) -> Vec<u8> {
        let (kdf, options) = if cipher == "none" { ("none", vec![]) } else { ("bcrypt", vec![0; 24]) };
        let mut out = b"openssh-key-v1\0".to_vec();
        out.extend(der::ssh_blob(cipher.as_bytes(), &[kdf.as_bytes().to_vec(), options]));
        out.extend([0, 0, 0, 1]);
        let private: Vec<u8> = [1, 2, 3, 4, 1, 2, 3, 4].into_iter().chain((0..120).map(|i| i * 2)).collect();
        out.extend(der::ssh_blob(&ed25519_blob(), &[private]));
        out
    }

    #[test]
    fn the_public_half_is_read_with_and_without_a_passphrase() {
        for (cipher, encrypted) in [("none", false), ("aes256-ctr", true)] {
            let key = openssh(&container(cipher)).unwrap();
            assert_eq!((key.encrypted, key.whole), (encrypted, true));
            let read = ssh_key::PublicKey::from_bytes(&key.blob).unwrap();
            assert_eq!(read.algorithm(), ssh_key::Algorithm::Ed25519);
            assert_eq!(describe(&key.blob), Some(("Ed25519".to_owned(), Some(256))));
        }
    }

    #[test]
    fn a_cut_private_half_still_names_the_public_one() {
        let bytes = container("none");
        let key = openssh(&bytes[..bytes.len() - 50]).unwrap();
        assert!(!key.whole);
        assert_eq!(key.blob, ed25519_blob());
        assert_eq!(openssh(b"openssh-key-v1\0\xff\xff\xff\xff"), None);
    }

    #[test]
    fn putty_files_are_read() {
        let public = data_encoding::BASE64.encode(&ed25519_blob());
        let text = format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: aes256-cbc\r\nComment: x\r\nPublic-Lines: 2\r\n{}\r\n{}\r\n\
             Key-Derivation: Argon2id\r\nPrivate-Lines: 1\r\nAAAAIA==\r\nPrivate-MAC: 00\r\n",
            &public[..40],
            &public[40..]
        );
        let key = putty(&text).unwrap();
        assert_eq!((key.blob.as_slice(), key.encrypted, key.whole), (ed25519_blob().as_slice(), true, true));
    }
}
