//! Whether bytes are text.

/// True for the characters of plain text.
pub(super) fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}

/// True when nine of ten bytes are printable: ASCII, or characters of UTF-8.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    if bytes.is_empty() {
        return false;
    }
    let ascii = bytes.iter().filter(|b| is_plain(**b)).count();
    if enough(ascii, bytes.len()) {
        return true;
    }
    let wide =
        |text: &str| text.chars().filter(|c| !c.is_ascii() && !c.is_control()).map(char::len_utf8).sum::<usize>();
    let wide: usize = bytes.utf8_chunks().map(|chunk| wide(chunk.valid())).sum();
    enough(ascii + wide, bytes.len())
}

fn enough(printable: usize, all: usize) -> bool {
    printable * 10 >= all * 9
}

/// Whether text can begin like this: nearly all of it is plain, or may be characters of UTF-8.
pub(super) fn may_begin(head: &[u8]) -> bool {
    let odd = head.iter().filter(|b| !is_plain(**b) && **b < 0xc2 && !(0x80..0xc0).contains(*b)).count();
    let high = head.iter().filter(|b| **b >= 0x80).count();
    odd * 10 <= head.len()
        && (high == 0 || std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true))
}
