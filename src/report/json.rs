//! `json`: the report itself, from which every other output can be made again.

use std::io;

use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::{Reporter, Style};
use crate::model::Report;

/// The report as JSON, keys in the order of the model, two spaces of indent, a line feed at the end.
pub const REPORTER: Reporter = Reporter {
    id: "json",
    extension: "json",
    about: "The whole report as one JSON document; `report` and `diff` read it",
    write,
};

fn write(report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    write_pretty(report, out)
}

/// Writes a value as indented JSON with a line feed at the end. Beyond what JSON demands, the characters that a
/// terminal acts upon (DEL, C1, bidirectional and line controls) are escaped too, so that the document can be shown, and so is
/// the first character of what a CI log takes for a command (`##vso[`, `::error`). The value stays the same.
pub(super) fn write_pretty<T: Serialize>(value: &T, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Shown(PrettyFormatter::new()));
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
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

/// A formatter that escapes more than it must and leaves the layout to another.
struct Shown<'a>(PrettyFormatter<'a>);

/// True for characters that JSON lets through and a terminal does not only show.
fn acts_on_a_terminal(c: char) -> bool {
    !c.is_ascii_control() && crate::text::escape::is_unsafe(c) || c == '\u{7f}'
}

/// True for text in which no character has to be looked at: printable ASCII without the two characters that begin a command.
fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|b| matches!(b, b' '..=b'~')) && !text.windows(2).any(|pair| matches!(pair, b"##" | b"::"))
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

impl Formatter for Shown<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        shown(writer, fragment)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
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
