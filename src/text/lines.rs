//! From byte offsets to lines and columns.

use crate::model::{Place, Span};

/// Knows where the lines of one text start. `\n`, `\r\n` and a lone `\r` each end one line.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads the whole text once.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', text) {
            let pair = text[at] == b'\r' && text.get(at + 1) == Some(&b'\n');
            if !pair {
                starts.push(at + 1);
            }
        }
        Self { starts }
    }

    /// The 1-based line that holds an offset.
    #[must_use]
    pub fn line(&self, offset: usize) -> u64 {
        self.starts.partition_point(|s| *s <= offset) as u64
    }

    /// The bytes of a 1-based line, its ending included; nothing for a line that is not there.
    #[must_use]
    pub fn line_span(&self, line: u64, text: &[u8]) -> Span {
        let i = usize::try_from(line).unwrap_or(usize::MAX);
        let at = |i: usize| self.starts.get(i).copied().unwrap_or(text.len());
        match i.checked_sub(1) {
            Some(i) if i < self.starts.len() => Span::new(at(i), at(i + 1)),
            _ => Span::default(),
        }
    }

    /// Number of lines.
    #[must_use]
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Lines and columns of a span; columns count characters, a byte that is not UTF-8 counting as one.
    #[must_use]
    pub fn place(&self, span: Span, text: &[u8]) -> Place {
        let (line, column) = self.position(span.start, text);
        let (end_line, end_column) = self.position(span.end, text);
        Place { line, column, end_line, end_column }
    }

    fn position(&self, offset: usize, text: &[u8]) -> (u64, u64) {
        let offset = offset.min(text.len());
        let line = self.line(offset);
        let start = self.starts.get(line as usize - 1).copied().unwrap_or(0);
        (line, characters(&text[start..offset]) + 1)
    }
}

/// Number of characters, each malformed sequence counting as the replacement characters it would become.
#[must_use]
pub fn characters(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return bytes.len() as u64;
    }
    String::from_utf8_lossy(bytes).chars().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_three_line_endings_end_a_line() {
        let text = b"a\nb\r\nc\rd";
        let index = LineIndex::new(text);
        assert_eq!([0, 2, 5, 7].map(|o| index.line(o)), [1, 2, 3, 4]);
        assert_eq!(index.count(), 4);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let text = "é = \"ключ\"".as_bytes();
        let index = LineIndex::new(text);
        let start = text.windows(2).position(|w| w == "к".as_bytes()).unwrap_or(0);
        let place = index.place(Span::new(start, start + 8), text);
        assert_eq!((place.line, place.column, place.end_column), (1, 6, 10));
    }

    proptest! {
        #[test]
        fn lines_partition_the_text(text in prop::collection::vec(prop::sample::select(b"a\n\r\xc3\xa9 ".to_vec()), 0..60)) {
            let index = LineIndex::new(&text);
            let mut joined = Vec::new();
            for line in 1..=index.count() as u64 {
                joined.extend_from_slice(index.line_span(line, &text).of(&text));
            }
            prop_assert_eq!(joined, text);
        }
    }
}
