//! The one type that holds secret bytes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Secret bytes. Wiped on drop; cannot be printed, compared for show or serialized: only [`Secret::preview`] and
/// [`Secret::fingerprint`] leave the process, and [`Secret::expose`] is for validators and `--show-secrets` alone.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes a copy of the value's bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes themselves. Never pass them to anything that writes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for a value without bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may be shown: the first four characters of values of 16 or more characters, else none, then an ellipsis
    /// and the length. Control characters never appear in it.
    #[must_use]
    pub fn preview(&self) -> String {
        let text = String::from_utf8_lossy(self.normalised());
        let count = text.chars().count();
        let head: String = if count >= 16 {
            text.chars().take(4).map(|c| if c.is_control() || c == '\u{fffd}' { '?' } else { c }).collect()
        } else {
            String::new()
        };
        format!("{head}… ({count} chars)")
    }

    /// The value without surrounding white space and one pair of quotes: what equal secrets have in common.
    fn normalised(&self) -> &[u8] {
        let value = self.0.trim_ascii();
        match value {
            [q @ (b'"' | b'\'' | b'`'), inner @ .., last] if q == last => inner,
            _ => value,
        }
    }

    /// HMAC-SHA-256 of the normalised value, cut to 128 bits, in lower-case hex. Independent of path and rule.
    #[must_use]
    pub fn fingerprint(&self, key: &FingerprintKey) -> String {
        // A key of any length is valid for HMAC, so this cannot fail; an empty result would be seen as "no fingerprint".
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.bytes) else { return String::new() };
        mac.update(self.normalised());
        hex(&mac.finalize().into_bytes()[..16])
    }
}

/// The fingerprint of a weak value: that of the value bound to a path and the name it is assigned to. Many people choose the same
/// word, so only what stands in one file under one name is one thing.
#[must_use]
pub fn bound_fingerprint(of_value: &str, path: &str, key_name: &str) -> String {
    let mut hash = Sha256::new();
    for part in [of_value, path, key_name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()[..16])
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The key of all fingerprints of one report. Wiped on drop and never written: reports carry its [`id`](Self::id).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct FingerprintKey {
    bytes: Vec<u8>,
    #[zeroize(skip)]
    source: &'static str,
    #[zeroize(skip)]
    guessable: bool,
}

impl FingerprintKey {
    /// A key from key material of any length. `source` says where it came from, for the report; `guessable` is true
    /// when a reader of the report could know the key, so weak values must not be fingerprinted under it.
    #[must_use]
    pub fn new(material: &[u8], source: &'static str, guessable: bool) -> Self {
        Self { bytes: material.to_vec(), source, guessable }
    }

    /// The key used when nothing better is at hand; known to everyone.
    #[must_use]
    pub fn constant() -> Self {
        Self::new(b"keyroll fingerprint key, version 1", "constant", true)
    }

    /// A public name of the key: the first 8 bytes of a SHA-256 over it, in hex.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"keyroll key id\0");
        hash.update(&self.bytes);
        hex(&hash.finalize()[..8])
    }

    /// Where the key came from: `key-file`, `environment`, `config`, `repository` or `constant`.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// True when weak values must stay without a fingerprint.
    #[must_use]
    pub fn guessable(&self) -> bool {
        self.guessable
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintKey({})", self.id())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        out.push(char::from_digit(u32::from(b >> 4), 16).unwrap_or('0'));
        out.push(char::from_digit(u32::from(b & 15), 16).unwrap_or('0'));
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preview_never_shows_more_than_four_characters() {
        assert_eq!(Secret::new(b"abcdefghijklmnop").preview(), "abcd… (16 chars)");
        assert_eq!(Secret::new(b"short-password").preview(), "… (14 chars)");
        assert_eq!(Secret::new("ééééééééééééééééé".as_bytes()).preview(), "éééé… (17 chars)");
        assert_eq!(Secret::new(b"\x1b[31mabcdefghijklmn").preview(), "?[31… (19 chars)");
    }

    #[test]
    fn quotes_and_white_space_do_not_change_the_fingerprint() {
        let key = FingerprintKey::constant();
        let bare = Secret::new(b"s3cr3t").fingerprint(&key);
        assert_eq!(Secret::new(b" \"s3cr3t\" ").fingerprint(&key), bare);
        assert_ne!(Secret::new(b"s3cr3T").fingerprint(&key), bare);
        assert_eq!(bare.len(), 32);
    }

    #[test]
    fn a_bound_fingerprint_is_of_value_path_and_name_together() {
        let bound = bound_fingerprint("aa", "b/c", "d");
        assert_eq!(bound.len(), 32);
        for (value, path, name) in [("ab", "b/c", "d"), ("aa", "b", "/cd"), ("aa", "b/c", "e"), ("aab", "/c", "d")] {
            assert_ne!(bound_fingerprint(value, path, name), bound, "{value} {path} {name}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new(b"hunter2")), "Secret(…)");
    }
}
