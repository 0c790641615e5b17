//! From byte offsets to lines and columns.

use crate::model::{Place, Span};

/// How far apart the marks of a long line stand, so that a column costs no more than this many bytes to count. A line is looked for in
/// as many.
const STEP: usize = 4 << 10;

/// Knows where the lines of one text start. `\n`, `\r\n` and a lone `\r` each end one line.
///
/// Most texts are asked for few of their places, so it counts lines and keeps no list of them where that can be done fast: in texts without
/// `\r`. Every method is handed the text that the index was made of.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Starts,
    /// Number of lines.
    count: usize,
    /// In lines longer than [`STEP`], every so often an offset with the characters of its line before it: a file that is
    /// one line of megabytes may hold thousands of places.
    marks: Vec<(usize, u64)>,
}

/// Where lines start.
#[derive(Debug, Clone)]
enum Starts {
    /// All of them.
    All(Vec<usize>),
    /// For every [`STEP`] bytes how many lines end before them, and where the line starts that goes over into them.
    Counted(Vec<(usize, usize)>),
}

impl LineIndex {
    /// Reads the whole text once.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        if memchr::memchr(b'\r', text).is_some() { Self::listed(text) } else { Self::counted(text) }
    }

    fn listed(text: &[u8]) -> Self {
        let mut starts = vec![0];
        let mut marks = Vec::new();
        for at in memchr::memchr2_iter(b'\n', b'\r', text) {
            let pair = text[at] == b'\r' && text.get(at + 1) == Some(&b'\n');
            if !pair {
                mark(text, starts.last().copied().unwrap_or(0), at + 1, &mut marks);
                starts.push(at + 1);
            }
        }
        mark(text, starts.last().copied().unwrap_or(0), text.len(), &mut marks);
        Self { count: starts.len(), starts: Starts::All(starts), marks }
    }

    fn counted(text: &[u8]) -> Self {
        let mut before = Vec::with_capacity(text.len() / STEP + 1);
        let (mut ended, mut start, mut marks) = (0, 0, Vec::new());
        for (i, block) in text.chunks(STEP).enumerate() {
            before.push((ended, start));
            if let (Some(first), Some(last)) = (memchr::memchr(b'\n', block), memchr::memrchr(b'\n', block)) {
                // Only the line that goes over into the block can be a long one.
                mark(text, start, i * STEP + first + 1, &mut marks);
                ended += memchr::memchr_iter(b'\n', block).count();
                start = i * STEP + last + 1;
            }
        }
        mark(text, start, text.len(), &mut marks);
        Self { count: ended + 1, starts: Starts::Counted(before), marks }
    }

    /// The 1-based line that holds an offset.
    #[must_use]
    pub fn line(&self, offset: usize, text: &[u8]) -> u64 {
        match &self.starts {
            Starts::All(starts) => starts.partition_point(|s| *s <= offset) as u64,
            Starts::Counted(before) => {
                let (here, (ended, _)) = block(before, offset, text);
                (ended + memchr::memchr_iter(b'\n', here).count()) as u64 + 1
            }
        }
    }

    /// The bytes of a 1-based line, its ending included; nothing for a line that is not there.
    #[must_use]
    pub fn line_span(&self, line: u64, text: &[u8]) -> Span {
        let i = usize::try_from(line).unwrap_or(usize::MAX);
        match i.checked_sub(1).filter(|i| *i < self.count) {
            Some(i) => Span::new(self.start(i, text), self.start(i + 1, text)),
            None => Span::default(),
        }
    }

    /// Where a line starts, counted from 0; the end of the text behind the last one.
    fn start(&self, line: usize, text: &[u8]) -> usize {
        match &self.starts {
            Starts::All(starts) => starts.get(line).copied().unwrap_or(text.len()),
            Starts::Counted(_) if line == 0 => 0,
            Starts::Counted(before) => {
                // The last block before which fewer lines end.
                let block = before.partition_point(|(ended, _)| *ended < line).saturating_sub(1);
                let rest = text.get(block * STEP..).unwrap_or_default();
                let ends = line - before.get(block).map_or(0, |(ended, _)| *ended) - 1;
                memchr::memchr_iter(b'\n', rest).nth(ends).map_or(text.len(), |at| block * STEP + at + 1)
            }
        }
    }

    /// Number of lines.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
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
        let line = self.line(offset, text);
        let start = match &self.starts {
            Starts::All(starts) => starts.get(line as usize - 1).copied().unwrap_or(0),
            Starts::Counted(before) => {
                let (here, (_, over)) = block(before, offset, text);
                memchr::memrchr(b'\n', here).map_or(over, |at| offset - here.len() + at + 1)
            }
        };
        let mark = self.marks.partition_point(|(at, _)| *at <= offset).checked_sub(1).and_then(|i| self.marks.get(i));
        let (from, before) = mark.copied().filter(|(at, _)| *at >= start).unwrap_or((start, 0));
        (line, before + characters(&text[from..offset]) + 1)
    }
}

/// What stands before an offset in its [`STEP`] bytes, and what is known of these.
fn block<'t>(before: &[(usize, usize)], offset: usize, text: &'t [u8]) -> (&'t [u8], (usize, usize)) {
    let offset = offset.min(text.len());
    let block = (offset / STEP).min(before.len().saturating_sub(1));
    (text.get(block * STEP..offset).unwrap_or_default(), before.get(block).copied().unwrap_or_default())
}

/// Sets the marks of one line.
fn mark(text: &[u8], start: usize, end: usize, marks: &mut Vec<(usize, u64)>) {
    let (mut from, mut count) = (start, 0);
    while end - from > STEP {
        let to = between_characters(text, from + STEP);
        count += characters(&text[from..to]);
        marks.push((to, count));
        from = to;
    }
}

/// An offset at or at most three bytes before this one at which a text can be cut without changing how many characters
/// [`characters`] sees. Where four continuation bytes stand in a row the last belongs to nothing before it.
fn between_characters(text: &[u8], at: usize) -> usize {
    let starts = |i: &usize| text.get(*i).is_none_or(|b| b & 0xc0 != 0x80);
    (at.saturating_sub(3)..=at).rev().find(starts).unwrap_or(at)
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
        assert_eq!([0, 2, 5, 7].map(|o| index.line(o, text)), [1, 2, 3, 4]);
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

    #[test]
    fn a_place_costs_the_same_at_the_end_of_a_long_line() {
        let text = "é".repeat(2 << 20);
        let index = LineIndex::new(text.as_bytes());
        let end = text.len();
        // Counted from the start of the line each time this would read 80 GB.
        for i in 0..20_000 {
            let place = index.place(Span::new(end - 2 * i - 2, end - 2 * i), text.as_bytes());
            assert_eq!((place.line, place.end_column), (1, (2 << 20) - i as u64 + 1));
        }
    }

    proptest! {
        #[test]
        fn columns_of_long_lines_are_those_counted_from_their_start(
            piece in prop::collection::vec(prop::sample::select(b"a\n\xc3\xa9\xf0\x9f\x94\x91\xff\x80\x80".to_vec()), 1..9),
            repeat in 1000usize..3000,
            back in 0usize..6000,
        ) {
            let text = piece.repeat(repeat);
            let offset = text.len().saturating_sub(back);
            let start = text[..offset].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let place = LineIndex::new(&text).place(Span::new(offset, offset), &text);
            prop_assert_eq!(place.column, characters(&text[start..offset]) + 1);
        }

        #[test]
        fn lines_that_are_counted_are_those_that_are_listed(
            pieces in prop::collection::vec(prop_oneof![Just("\n".to_owned()), "[a-zé]{1,9}", Just("x".repeat(3000))], 0..30),
            at in 0usize..40_000,
        ) {
            let text = pieces.concat().into_bytes();
            let (counted, listed) = (LineIndex::counted(&text), LineIndex::listed(&text));
            prop_assert_eq!(counted.count(), listed.count());
            prop_assert_eq!(&counted.marks, &listed.marks);
            for line in 0..=listed.count() as u64 + 1 {
                prop_assert_eq!(counted.line_span(line, &text), listed.line_span(line, &text));
            }
            for at in [at.min(text.len()), text.len(), 0, at] {
                prop_assert_eq!(counted.line(at, &text), listed.line(at, &text));
                let span = Span::new(at.min(text.len()), text.len());
                prop_assert_eq!(counted.place(span, &text), listed.place(span, &text));
            }
        }

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
