//! Comma-separated values as exports write them: a header line, then records, read one at a time.
//!
//! Quoting is RFC 4180's (<https://www.rfc-editor.org/rfc/rfc4180>); lines end in LF or CRLF; a UTF-8 byte order mark is
//! dropped. Fields are found by header name, never by place, because providers add columns.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::ParseError;
use crate::model::Span;

/// Bytes that one record may have. A longer one ends the reading: it is a missing quote or no CSV at all.
pub const RECORD_MAX: u64 = 1 << 20;

/// Bytes that the parser asks for at a time.
const CHUNK: usize = 16 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads records one after the other. Memory is bounded by [`RECORD_MAX`].
pub struct Records<'r> {
    reader: csv::Reader<Gate<'r>>,
    taken: Rc<Taken>,
    header: Header,
    record: ByteRecord,
    done: bool,
}

/// Column names, trimmed, in lower case.
#[derive(Debug, Clone, Default)]
struct Header {
    places: HashMap<String, usize>,
    len: usize,
}

/// Longest name of a column that a message repeats.
const NAME_MAX: usize = 40;

impl Header {
    /// A column for people, by its number and name.
    fn column(&self, place: usize) -> String {
        let name = self.places.iter().find(|(_, at)| **at == place).map(|(name, _)| name);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
        match name.filter(|name| !name.is_empty() && name.len() <= NAME_MAX && name.chars().all(plain)) {
            Some(name) => format!("column {}, `{name}`,", place + 1),
            None => format!("column {}", place + 1),
        }
    }

    /// What a record of so many fields is short of, for people; nothing when it has too many.
    fn lacks(&self, fields: usize) -> String {
        if fields < self.len { format!(": {} has none", self.column(fields)) } else { String::new() }
    }
}

/// One record of as many fields as the header.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    header: &'a Header,
    fields: Vec<&'a str>,
    /// 1-based line on which the record starts.
    pub line: u64,
    /// The record's bytes in the input, without the line end.
    pub span: Span,
}

impl<'a> Record<'a> {
    /// The number of this column, the first being 1; `None` when there is no such column.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.header.places.get(name).map(|place| place + 1)
    }

    /// The field under this column name (case does not matter), trimmed; `None` when there is no such column. The first of
    /// two columns of one name counts.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let place = *self.header.places.get(name)?;
        self.fields.get(place).map(|field| field.trim())
    }
}

impl<'r> Records<'r> {
    /// Starts reading: takes the header line.
    ///
    /// # Errors
    /// When there is no header line, it is not UTF-8, or the input fails.
    pub fn new(input: &'r mut dyn BufRead) -> Result<Self, ParseError> {
        let taken = Rc::new(Taken::default());
        let gate = Gate::open(input, Rc::clone(&taken)).map_err(|error| broken(1, &error.to_string()))?;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // With CRLF as the terminator the parser ends a record at CR and counts its LF to the next one.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(CHUNK)
            .from_reader(gate);
        let mut records = Self { reader, taken, header: Header::default(), record: ByteRecord::new(), done: false };
        let Some((line, _)) = records.advance()? else { return Err(broken(1, "no header line")) };
        let mut header = Header::default();
        for (place, name) in fields_of(&records.record, line, &header)?.iter().enumerate() {
            header.places.entry(name.trim().to_ascii_lowercase()).or_insert(place);
            header.len = place + 1;
        }
        records.header = header;
        Ok(records)
    }

    /// True when the header has this column, named in lower case.
    #[must_use]
    pub fn has_column(&self, name: &str) -> bool {
        self.header.places.contains_key(name)
    }

    /// The next record, `None` at the end. Blank lines are skipped. After an error of one record (too few or too many
    /// fields, not UTF-8) reading goes on with the next; after an error of the input the next call gives `None`.
    #[allow(clippy::should_implement_trait, reason = "a record borrows from the reader, which Iterator cannot say")]
    pub fn next(&mut self) -> Option<Result<Record<'_>, ParseError>> {
        let (line, span) = match self.advance() {
            Ok(place) => place?,
            Err(error) => return Some(Err(error)),
        };
        let header = &self.header;
        Some(fields_of(&self.record, line, header).and_then(|fields| {
            if fields.len() == header.len {
                Ok(Record { header, fields, line, span })
            } else {
                let message = format!(
                    "a record of {} fields under a header of {}{}",
                    fields.len(),
                    header.len,
                    header.lacks(fields.len())
                );
                Err(ParseError { line, column: 1, message })
            }
        }))
    }

    /// Reads the next record that is not blank and says where it lies.
    fn advance(&mut self) -> Result<Option<(u64, Span)>, ParseError> {
        while !self.done {
            let before = self.reader.position().clone();
            self.taken.limit.set(before.byte() + RECORD_MAX + CHUNK as u64);
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => self.done = true,
                Err(error) => {
                    self.done = true;
                    return Err(broken(before.line(), &error.to_string()));
                }
            }
            if self.done || is_blank(&self.record) {
                continue;
            }
            return Ok(Some(self.place(before.byte(), before.line())));
        }
        Ok(None)
    }

    /// The start line and the bytes of the record just read. The parser gives the place where it went on reading, which
    /// lies before any blank lines; what it read since, less the line ends inside the record, tells how many there were.
    fn place(&self, from_byte: u64, from_line: u64) -> (u64, Span) {
        let after = self.reader.position();
        let inside = self.record.as_slice().iter().filter(|b| **b == b'\n').count() as u64;
        let at_end = after.byte() == self.taken.bytes.get() && self.taken.last.get() != b'\n';
        let ended = u64::from(!at_end);
        let line = after.line().saturating_sub(inside + ended).max(from_line);
        // A blank line that the parser skips by itself is one LF.
        let start = from_byte + (line - from_line) + self.taken.skipped.get();
        let carriage = u64::from(self.carriage_return());
        let end = (after.byte() + self.taken.skipped.get()).saturating_sub(ended + carriage);
        let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        (line, Span::new(index(start), index(end.max(start))))
    }

    /// True when the last field ends in the CR of a CRLF.
    fn carriage_return(&self) -> bool {
        self.record.iter().next_back().is_some_and(|field| field.ends_with(b"\r"))
    }
}

fn is_blank(record: &ByteRecord) -> bool {
    record.len() <= 1 && record.as_slice().trim_ascii().is_empty()
}

fn fields_of<'r>(record: &'r ByteRecord, line: u64, header: &Header) -> Result<Vec<&'r str>, ParseError> {
    let field = |(place, field): (usize, &'r [u8])| {
        std::str::from_utf8(field).map_err(|_| broken(line, &format!("{} is not UTF-8", header.column(place))))
    };
    record.iter().enumerate().map(field).collect()
}

fn broken(line: u64, message: &str) -> ParseError {
    ParseError { line, column: 1, message: message.to_owned() }
}

/// What has gone through a [`Gate`].
#[derive(Debug, Default)]
struct Taken {
    bytes: Cell<u64>,
    last: Cell<u8>,
    limit: Cell<u64>,
    skipped: Cell<u64>,
}

/// A reader that drops a byte order mark, counts, and fails when a record grows past its bound.
struct Gate<'r> {
    input: &'r mut dyn BufRead,
    head: [u8; 3],
    unread: std::ops::Range<usize>,
    taken: Rc<Taken>,
}

impl<'r> Gate<'r> {
    fn open(input: &'r mut dyn BufRead, taken: Rc<Taken>) -> io::Result<Self> {
        let mut head = [0; 3];
        let mut len = 0;
        while let Some(rest) = head.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match input.read(rest) {
                Ok(0) => break,
                Ok(n) => len += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let marked = head.get(..len) == Some(BYTE_ORDER_MARK);
        taken.skipped.set(if marked { len as u64 } else { 0 });
        Ok(Self { input, head, unread: if marked { 0..0 } else { 0..len }, taken })
    }
}

impl Read for Gate<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken.bytes.get() > self.taken.limit.get() {
            return Err(io::Error::other("a record longer than 1 MiB: a quote is missing, or this is no CSV"));
        }
        let mut from_head = self.head.get(self.unread.clone()).unwrap_or_default();
        let n = if from_head.is_empty() { self.input.read(buffer)? } else { from_head.read(buffer)? };
        self.unread.start = (self.unread.start + n).min(self.unread.end);
        self.taken.bytes.set(self.taken.bytes.get() + n as u64);
        if let Some(last) = buffer.get(..n).and_then(<[u8]>::last) {
            self.taken.last.set(*last);
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    type Row = Result<(u64, String, Vec<String>), u64>;

    /// Every record as (line, its text, the fields `a` and `b`), or the line of its error.
    fn rows(text: &[u8], chunk: usize) -> Vec<Row> {
        let mut input = BufReader::with_capacity(chunk, text);
        let mut records = Records::new(&mut input).unwrap();
        let mut out = Vec::new();
        while let Some(row) = records.next() {
            out.push(match row {
                Ok(r) => {
                    let fields = ["a", "b"].iter().map(|n| r.get(n).unwrap_or("-").to_owned()).collect();
                    Ok((r.line, String::from_utf8(r.span.of(text).to_vec()).unwrap(), fields))
                }
                Err(error) => Err(error.line),
            });
        }
        out
    }

    fn row(line: u64, text: &str, fields: [&str; 2]) -> Row {
        Ok((line, text.to_owned(), fields.map(str::to_owned).to_vec()))
    }

    #[test]
    fn lines_and_bytes_are_exact_for_every_line_end_blank_line_and_quoted_line_break() {
        for (text, want) in [
            ("a,b\n1,2\n3,4", vec![row(2, "1,2", ["1", "2"]), row(3, "3,4", ["3", "4"])]),
            ("a,b\r\n1,2\r\n3,4\r\n", vec![row(2, "1,2", ["1", "2"]), row(3, "3,4", ["3", "4"])]),
            ("\u{feff}a,b\n1,2\n", vec![row(2, "1,2", ["1", "2"])]),
            ("a,b\n\n\n1,2\n\n3,4\n\n", vec![row(4, "1,2", ["1", "2"]), row(6, "3,4", ["3", "4"])]),
            ("a,b\r\n\r\n1,2\r\n", vec![row(3, "1,2", ["1", "2"])]),
            (
                "a,b\n\"x\ny\",\"q\"\"q\"\n3,4",
                vec![row(2, "\"x\ny\",\"q\"\"q\"", ["x\ny", "q\"q"]), row(4, "3,4", ["3", "4"])],
            ),
            ("b,c,a\n2,9,1\n", vec![row(2, "2,9,1", ["1", "2"])]),
            ("\n\nA , B\n1, 2\n", vec![row(4, "1, 2", ["1", "2"])]),
        ] {
            for chunk in [1, 3, 8192] {
                assert_eq!(rows(text.as_bytes(), chunk), want, "{text:?} in chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_ragged_or_undecodable_record_is_an_error_and_reading_goes_on() {
        let got = rows(b"a,b\n1\n1,2,3\n\xff,2\n5,6\n", 64);
        assert_eq!(got, [Err(2), Err(3), Err(4), row(5, "5,6", ["5", "6"])]);
    }

    #[test]
    fn a_record_without_end_is_an_error_and_ends_the_reading() {
        let mut text = b"a,b\n1,2\n\"".to_vec();
        text.resize(4 << 20, b'x');
        let got = rows(&text, 8192);
        assert_eq!(got, [row(2, "1,2", ["1", "2"]), Err(3)]);
    }

    #[test]
    fn an_input_without_a_header_is_an_error() {
        for text in ["", "\n\n", "\u{feff}"] {
            assert!(Records::new(&mut text.as_bytes()).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn plain_rows_come_back_with_their_own_line(rows_in in prop::collection::vec("[a-z]{1,5}", 0..40), crlf: bool, last: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let lines: Vec<String> = std::iter::once("a,b".to_owned()).chain(rows_in.iter().map(|v| format!("{v},2"))).collect();
            let mut text = lines.join(end);
            if last { text.push_str(end); }
            let want: Vec<Row> = rows_in.iter().enumerate().map(|(i, v)| row(i as u64 + 2, &format!("{v},2"), [v, "2"])).collect();
            prop_assert_eq!(rows(text.as_bytes(), 7), want);
        }

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(prop::sample::select(b"a,b\n\r\"\xff\xef\xbb\xbf".to_vec()), 0..80)) {
            let mut input = bytes.as_slice();
            if let Ok(mut records) = Records::new(&mut input) {
                let mut count = 0;
                while records.next().is_some() { count += 1; prop_assert!(count < 200); }
            }
        }
    }
}
