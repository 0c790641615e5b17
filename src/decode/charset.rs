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

/// How a blob's bytes are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// The bytes themselves: UTF-8 or any eight-bit set.
    Bytes,
    /// UTF-16, low byte first.
    Utf16Little,
    /// UTF-16, high byte first.
    Utf16Big,
}

/// The text of a blob; `None` when it is binary: a NUL byte in its first 8 KiB that UTF-16 does not explain.
#[must_use]
pub fn text(blob: &[u8]) -> Option<Text<'_>> {
    let (charset, mark) = charset(blob)?;
    Some(text_as(charset, blob.get(mark..).unwrap_or_default()))
}

/// How a blob that begins like this is text, and how long its byte order mark is; `None` when it is binary.
#[must_use]
pub fn charset(head: &[u8]) -> Option<(Charset, usize)> {
    if head.starts_with(b"\xef\xbb\xbf") {
        return Some((Charset::Bytes, 3));
    }
    if head.starts_with(b"\xff\xfe") {
        return Some((Charset::Utf16Little, 2));
    }
    if head.starts_with(b"\xfe\xff") {
        return Some((Charset::Utf16Big, 2));
    }
    let probe = head.get(..PROBE.min(head.len())).unwrap_or_default();
    if memchr::memchr(0, probe).is_none() {
        return Some((Charset::Bytes, 0));
    }
    unmarked_utf16(probe).map(|charset| (charset, 0))
}

/// Bytes of a known charset as text.
#[must_use]
pub fn text_as(charset: Charset, bytes: &[u8]) -> Text<'_> {
    match charset {
        Charset::Bytes => Text { bytes: Cow::Borrowed(bytes), converted: false },
        Charset::Utf16Little => utf16(bytes, u16::from_le_bytes),
        Charset::Utf16Big => utf16(bytes, u16::from_be_bytes),
    }
}

/// UTF-16 without a mark: of mostly Latin text every other byte is NUL, and the bytes between are text.
fn unmarked_utf16(probe: &[u8]) -> Option<Charset> {
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
        Some(Charset::Utf16Little)
    } else if mostly(zeros(0)) && mostly(plain(1)) {
        Some(Charset::Utf16Big)
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
