//! Binary key stores as text: their beginning in base64, which is also how they stand in variables and manifests, so a store
//! and its copy in a file of settings are one credential.

use std::borrow::Cow;

use super::Text;

/// How much of a store is encoded: enough to tell it from every other, and no more than a rule may match.
const BEGINNING: usize = 2850;

/// The type `data` of PKCS #7, which the content of a PKCS #12 store has: object identifier 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/// What begins the types of bags that hold a key, plain (…1.1) or under the password (…1.2), in PKCS #12: object identifier
/// 1.2.840.113549.1.12.10.1. The bags are named in the clear; a store without one holds certificates that are trusted.
const KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];

/// The base64 of a store's beginning; `None` when these bytes are none, or trusted certificates alone.
#[must_use]
pub fn key_store(blob: &[u8]) -> Option<Text<'static>> {
    let has_key = |bag: usize| matches!(blob.get(bag + KEY_BAG.len()), Some(1 | 2));
    let holds_key = || memchr::memmem::find_iter(blob, KEY_BAG).any(has_key);
    let is_store = is_java(blob) || is_pkcs12(blob) && holds_key();
    if !is_store {
        return None;
    }
    let beginning = blob.get(..BEGINNING.min(blob.len()))?;
    let encoded = data_encoding::BASE64.encode(beginning).into_bytes();
    Some(Text { bytes: Cow::Owned(encoded), converted: true })
}

/// Whether bytes that begin like this may be a store.
#[must_use]
pub fn may_be_key_store(head: &[u8]) -> bool {
    is_java(head) || is_pkcs12(head)
}

/// A `PFX` of version 3: <https://www.rfc-editor.org/rfc/rfc7292#section-4>. The lengths before its parts take two bytes in
/// any store that holds a key, or are left open as BER allows.
fn is_pkcs12(blob: &[u8]) -> bool {
    let head = |from: usize, wanted: &[u8]| blob.get(from..from + wanted.len()) == Some(wanted);
    head(0, &[0x30, 0x82]) && head(4, &[0x02, 0x01, 0x03, 0x30, 0x82]) && head(11, DATA)
        || head(0, &[0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80]) && head(7, DATA)
}

/// Java's own stores, JKS and JCEKS: the magic number, then version 2. Source: the class `sun.security.provider.JavaKeyStore` of
/// <https://github.com/openjdk/jdk>.
fn is_java(blob: &[u8]) -> bool {
    blob.starts_with(&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]) || blob.starts_with(&[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The beginning of a store, with bytes that count up after it.
    fn pfx() -> Vec<u8> {
        let head = [&[0x30, 0x82, 0x0a, 0x10, 0x02, 0x01, 0x03, 0x30, 0x82, 0x09, 0xd6], DATA].concat();
        let bag = [KEY_BAG, &[2]].concat();
        head.into_iter().chain((0..4000u32).map(|i| (i * 7 % 251) as u8)).chain(bag).collect()
    }

    #[test]
    fn stores_are_known_by_their_beginning() {
        let text = key_store(&pfx()).unwrap();
        assert!(text.bytes.starts_with(b"MIIKEAIBAzCCCdYGCSqGSIb3DQEH"), "{:?}", text.bytes.get(..40));
        assert_eq!(text.bytes.len(), BEGINNING / 3 * 4);
        let open = [&[0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80], DATA, &[7; 100], KEY_BAG, &[1]].concat();
        assert!(key_store(&open).unwrap().bytes.starts_with(b"MIACAQMwgAYJKoZIhvcNAQcB"));
        let java = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1][..], &[7; 100]].concat();
        assert!(key_store(&java).unwrap().bytes.starts_with(b"/u3+7QAAAAIAAAABAAAAAQ"));
        // A bag of certificates is of type …1.3.
        let trusted = [&open[..open.len() - 1], &[3]].concat();
        for other in
            [&trusted[..], b"", b"\x30\x82", &pfx()[1..], b"\x7fELF\0\0", &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 9]]
        {
            assert!(key_store(other).is_none());
        }
    }
}
