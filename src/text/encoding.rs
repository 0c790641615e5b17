//! Text as shells of Windows write it: with a byte order mark, or as UTF-16
//! (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding>).

use std::borrow::Cow;

/// The same as UTF-8 without a byte order mark; bytes without a mark are left as they are. What is no UTF-16 behind a mark
/// of UTF-16 becomes U+FFFD.
#[must_use]
pub fn unmarked(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => text(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => text(rest, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_taken_off_and_bytes_without_one_stay() {
        let units = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        let text = "{\"é\": \"🔑\"}";
        for marked in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            units(&format!("\u{feff}{text}"), u16::to_le_bytes),
            units(&format!("\u{feff}{text}"), u16::to_be_bytes),
        ] {
            assert_eq!(unmarked(&marked), text.as_bytes());
        }
        assert_eq!(unmarked(b"\xff\xfe\x00\xd8a"), "\u{fffd}".as_bytes());
        assert_eq!(unmarked(b"\xff\x00"), &b"\xff\x00"[..]);
    }
}
