//! Which bytes are text, and UTF-16 made readable.

use std::borrow::Cow;

/// How much of a blob decides on its nature.
const PROBE: usize = 8 << 10;

/// A blob's text. Lines and columns of this text are those of the blob as an editor shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The text, in UTF-8 where it was UTF-16, else the blob's own bytes without a byte order mark.
    pub bytes: Cow<'a, [u8]>,
    /// True when it was converted from UTF-16.
    pub converted: bool,
}

/// The text of a blob; `None` when it is binary: a NUL byte in its first 8 KiB that UTF-16 does not explain.
#[must_use]
pub fn text(blob: &[u8]) -> Option<Text<'_>> {
    if let Some(rest) = blob.strip_prefix(b"\xef\xbb\xbf") {
        return Some(Text { bytes: Cow::Borrowed(rest), converted: false });
    }
    if let Some(rest) = blob.strip_prefix(b"\xff\xfe") {
        return Some(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = blob.strip_prefix(b"\xfe\xff") {
        return Some(utf16(rest, u16::from_be_bytes));
    }
    let probe = blob.get(..PROBE.min(blob.len())).unwrap_or_default();
    if memchr::memchr(0, probe).is_none() {
        return Some(Text { bytes: Cow::Borrowed(blob), converted: false });
    }
    match unmarked_utf16(probe)? {
        Order::Little => Some(utf16(blob, u16::from_le_bytes)),
        Order::Big => Some(utf16(blob, u16::from_be_bytes)),
    }
}

enum Order {
    Little,
    Big,
}

/// UTF-16 without a mark: of mostly Latin text every other byte is NUL, and the bytes between are text.
fn unmarked_utf16(probe: &[u8]) -> Option<Order> {
    let pairs = probe.len() / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |offset: usize| probe.iter().skip(offset).step_by(2).take(pairs).filter(|b| **b == 0).count();
    let plain = |offset: usize| {
        let text = |b: &&u8| matches!(**b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
        probe.iter().skip(offset).step_by(2).take(pairs).filter(text).count()
    };
    let mostly = |n: usize| n * 10 >= pairs * 9;
    if mostly(zeros(1)) && mostly(plain(0)) {
        Some(Order::Little)
    } else if mostly(zeros(0)) && mostly(plain(1)) {
        Some(Order::Big)
    } else {
        None
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Text<'_> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0xfffd,
    });
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Text { bytes: Cow::Owned(text.into_bytes()), converted: true }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn be(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn utf16_is_text_with_and_without_mark() {
        let plain = "password = \"käse\"\r\n";
        for blob in [
            le(plain),
            be(plain),
            [b"\xff\xfe".to_vec(), le(plain)].concat(),
            [b"\xfe\xff".to_vec(), be(plain)].concat(),
        ] {
            let text = text(&blob).unwrap();
            assert!(text.converted);
            assert_eq!(&*text.bytes, plain.as_bytes());
        }
    }

    #[test]
    fn binary_is_not_text_and_a_mark_is_not_part_of_it() {
        assert_eq!(text(b"\x7fELF\x02\x01\x01\0\0\0\0\0"), None);
        assert_eq!(&*text(b"\xef\xbb\xbfabc").unwrap().bytes, b"abc");
        assert_eq!(&*text("日本語".as_bytes()).unwrap().bytes, "日本語".as_bytes());
        assert_eq!(&*text(b"caf\xe9").unwrap().bytes, b"caf\xe9");
        assert!(text(b"").unwrap().bytes.is_empty());
    }
}
