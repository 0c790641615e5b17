//! A file that is nothing but the base64 of another text, as people save what a command or a variable gave them.

use std::io::Read as _;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use flate2::read::MultiGzDecoder;

/// Shortest text that is looked into.
const LEAST: usize = 64;

/// Longest text that comes out of a compression: what is held of a file.
const MOST: u64 = 64 << 20;

/// The bytes that a text is the base64 of, lines and a pair of quotes around it left out; what is compressed with gzip is
/// unpacked. `None` for everything else, mostly at the first character that is none of base64.
#[must_use]
pub fn enclosed(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text);
    if text.len() < LEAST {
        return None;
    }
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n');
    if !text.iter().all(is_part) {
        return None;
    }
    let mut packed: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    while packed.last() == Some(&b'=') {
        packed.pop();
    }
    let bytes = BASE64_NOPAD.decode(&packed).or_else(|_| BASE64URL_NOPAD.decode(&packed)).ok()?;
    if !bytes.starts_with(&[0x1f, 0x8b, 8]) {
        return Some(bytes);
    }
    let mut out = Vec::new();
    // A text that is cut would be read as if it were whole.
    MultiGzDecoder::new(bytes.as_slice()).take(MOST + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MOST).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn a_text_of_nothing_but_base64_is_opened_and_no_other_is() {
        let inner = br#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": []}"#;
        let packed = BASE64.encode(inner);
        let wrapped: String =
            packed.as_bytes().chunks(20).map(|l| format!("{}\r\n", String::from_utf8_lossy(l))).collect();
        for text in [packed.clone(), format!("\"{packed}\"\n"), wrapped, packed.trim_end_matches('=').to_owned()] {
            assert_eq!(enclosed(text.as_bytes()).as_deref(), Some(&inner[..]), "{text}");
        }
        for text in
            ["short".to_owned(), format!("{packed} x"), format!("key: {packed}"), "=".repeat(80), "A".repeat(65)]
        {
            assert!(enclosed(text.as_bytes()).is_none_or(|out| out.is_empty()), "{text}");
        }
    }
}
