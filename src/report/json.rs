//! `json`: the report itself, from which every other output can be made again.

mod pretty;

use std::io::{self, Write as _};

use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::Formatter;

use self::pretty::Pretty;
use super::{Reporter, Style};
use crate::model::{Report, View};

/// The report as JSON, keys in the order of the model, two spaces of indent, a line feed at the end.
pub const REPORTER: Reporter = Reporter {
    id: "json",
    extension: "json",
    about: "The whole report as one JSON document; `report` and `diff` read it",
    write,
};

fn write(report: View<'_>, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    write_pretty(&report, out)
}

/// Writes a value as indented JSON with a line feed at the end. Beyond what JSON demands, the characters that a
/// terminal acts upon (DEL, C1, bidirectional and line controls) are escaped too, so that the document can be shown, and so is
/// the first character of what a CI log takes for a command (`##vso[`, `::error`). The value stays the same.
pub(super) fn write_pretty<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    let mut pieces = Pieces::new(out);
    value.serialize(&mut Pretty::new(&mut pieces))?;
    pieces.write_all(b"\n")?;
    pieces.flush()
}

/// Writes a value as one line of JSON, with the same characters escaped.
pub(super) fn write_line<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Line);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// JSON Schema (draft 2020-12) of [`Report`], as committed in `docs/schema/report.json`. Unknown properties are allowed
/// everywhere: fields may be added within `keyroll.report/1`.
#[must_use]
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "urn:keyroll:report:1".into());
    schema.insert("title".to_owned(), "keyroll report, version 1".into());
    if let Some(name) = schema.pointer_mut("/properties/schema").and_then(|v| v.as_object_mut()) {
        name.insert("const".to_owned(), Report::SCHEMA.into());
    }
    // A schema is plain JSON, so writing it cannot fail; an empty text would fail the comparison in the tests.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A report comes in millions of small pieces; they go on in pieces of this many bytes, which are whole pages of a file.
const PIECE: usize = 1 << 18;

/// Gathers what is written until there is a piece of it.
struct Pieces<'o> {
    out: &'o mut dyn io::Write,
    held: Vec<u8>,
}

impl<'o> Pieces<'o> {
    fn new(out: &'o mut dyn io::Write) -> Self {
        Self { out, held: Vec::with_capacity(PIECE) }
    }

    #[cold]
    fn pass_on(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.held.len()));
            self.held.extend_from_slice(now);
            if self.held.len() < PIECE {
                return Ok(());
            }
            self.out.write_all(&self.held)?;
            self.held.clear();
            bytes = later;
        }
    }
}

impl io::Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.held.len() + bytes.len() < PIECE {
            self.held.extend_from_slice(bytes);
            return Ok(());
        }
        self.pass_on(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.held)?;
        self.held.clear();
        self.out.flush()
    }
}

/// A comma, a line break and the indents of most levels.
const BREAK: &[u8; 66] = b",\n                                                                ";

/// True for characters that JSON lets through and a terminal does not only show.
fn acts_on_a_terminal(c: char) -> bool {
    !c.is_ascii_control() && crate::text::escape::is_unsafe(c) || c == '\u{7f}'
}

/// True for text in which no character has to be looked at: printable ASCII without the two characters that begin a command.
fn is_plain(text: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at at once.
    let odd = |odd: bool, b: &u8| odd | !matches!(b, b' '..=b'~');
    let twice = |twice: bool, (a, b): (&u8, &u8)| twice | ((a == b) & matches!(a, b'#' | b':'));
    let next = text.get(1..).unwrap_or_default();
    !text.iter().fold(false, odd) && !text.iter().zip(next).fold(false, twice)
}

/// A formatter of one line that escapes the same.
struct Line;

impl Formatter for Line {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        shown(writer, fragment)
    }
}

/// A piece of a string with what a terminal or a log acts upon escaped.
fn shown<W: ?Sized + io::Write>(writer: &mut W, fragment: &str) -> io::Result<()> {
    // A report is nearly all plain ASCII, and a colon or a number sign alone begins nothing.
    if is_plain(fragment.as_bytes()) {
        return writer.write_all(fragment.as_bytes());
    }
    let mut rest = fragment;
    let acts = |text: &str, at: usize, c: char| {
        acts_on_a_terminal(c) || text.get(at..).is_some_and(crate::text::escape::begins_command)
    };
    while let Some((at, c)) = rest.char_indices().find(|(at, c)| acts(rest, *at, *c)) {
        let (plain, tail) = rest.split_at(at);
        writer.write_all(plain.as_bytes())?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        rest = tail.get(c.len_utf8()..).unwrap_or_default();
    }
    writer.write_all(rest.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn what_a_terminal_acts_upon_is_escaped_and_reads_back_the_same() {
        let text = "a\u{9b}31m \u{202e}b\u{7f} \u{1b}[0m \u{1f511} \"q\" \\ é\u{2028}";
        let mut out = Vec::new();
        write_pretty(&[text], &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.chars().all(|c| c == '\n' || !(c.is_control() || acts_on_a_terminal(c))), "{shown:?}");
        assert!(shown.contains("\\u009b31m \\u202eb\\u007f"), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
    }

    #[test]
    fn the_layout_is_that_of_two_spaces_at_any_depth_and_length() {
        let mut deep = serde_json::json!({"end": [], "none": {}});
        for level in 0..40 {
            deep = serde_json::json!({"level": level, "below": [deep, "x".repeat(level), null]});
        }
        let long = serde_json::json!({"deep": deep, "many": vec!["y".repeat(1000); 700], "one": "z".repeat(2 * PIECE)});
        let mut out = Vec::new();
        write_pretty(&long, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&long).unwrap() + "\n");
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_json_does() {
        #[derive(Serialize)]
        enum Kind {
            Unit,
            One(i8),
            Two(u8, f64),
            Named { empty: Vec<u8>, none: Option<u8> },
        }
        #[derive(Serialize)]
        struct Wrapped(&'static str);
        #[derive(Serialize)]
        struct All {
            kinds: Vec<Kind>,
            numbers: (i64, u64, i32, u64, f32),
            by_number: std::collections::BTreeMap<i16, bool>,
            by_kind: Vec<(char, Wrapped, ())>,
            texts: [&'static str; 4],
        }
        let kinds = vec![Kind::Unit, Kind::One(-7), Kind::Two(1, 0.5), Kind::Named { empty: Vec::new(), none: None }];
        let all = All {
            kinds,
            numbers: (i64::MIN, u64::MAX, -10, 0, 1.5),
            by_number: [(-1, true), (100, false)].into(),
            by_kind: vec![('"', Wrapped("a\"b\\c"), ())],
            texts: ["", "a:b#c", "tab\there", "é"],
        };
        let mut out = Vec::new();
        write_pretty(&all, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&all).unwrap() + "\n");
    }

    #[test]
    fn a_log_took_commands_out_of_strings() {
        let text = "##vso[task.setvariable variable=PATH]x ###[error]\n::add-mask::y arn:aws:iam::1:role/z a # b";
        let mut out = Vec::new();
        write_pretty(&[text], &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(!shown.contains("##vso[") && !shown.contains("##[") && !shown.contains("::add-mask"), "{shown}");
        assert!(shown.contains("arn:aws:iam::1:role/z a # b"), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
    }
}
