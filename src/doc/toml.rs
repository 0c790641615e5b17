//! TOML 1.0 and 1.1, with spans (<https://toml.io/en/v1.0.0>).
//!
//! The tree is that of the `toml` crate's spanned tables, put into source order, which those do not keep. A table's span is
//! that of its header, or of its braces; comments are not kept.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Doc, Kind, Node, ParseError, line_and_column};
use crate::model::Span;

/// Nesting that is followed. The parser stops at 80 open brackets and 80 dots a key; this is the bound of our own recursion
/// whatever the parser does.
const DEPTH: usize = 400;

/// Parses one TOML document. It has one root, the top table, whose span is the whole text.
///
/// # Errors
/// When the text is not TOML; the place is the parser's.
pub fn parse(text: &str) -> Result<Doc, ParseError> {
    // The parser knows no byte order mark; spans are moved back by what is cut off here.
    let (body, base) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8()),
        None => (text, 0),
    };
    let table = DeTable::parse(body).map_err(|error| {
        let (line, column) = line_and_column(body, error.span().map_or(0, |span| span.start));
        ParseError { line, column, message: error.message().to_owned() }
    })?;
    let reader = Reader { text, base };
    let kind = reader.table(table.get_ref(), DEPTH).ok_or_else(|| ParseError {
        line: 1,
        column: 1,
        message: "nested too deeply".to_owned(),
    })?;
    let span = Span::new(0, text.len());
    Ok(Doc { roots: vec![Node { span, inner: span, tag: None, kind }], comments: Vec::new() })
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
}

impl Reader<'_> {
    /// The parser's range, held to the text and its character boundaries whatever the parser says.
    fn span(&self, range: &std::ops::Range<usize>) -> Span {
        let floor = |at: usize| {
            let mut at = at.saturating_add(self.base).min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(range.start);
        Span::new(start, floor(range.end).max(start))
    }

    fn table(&self, table: &DeTable<'_>, depth: usize) -> Option<Kind> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            entries.push((self.key(key), self.value(value, depth)?));
        }
        entries.sort_by_key(|(key, _)| key.span);
        Some(Kind::Mapping(entries))
    }

    fn key(&self, key: &Spanned<std::borrow::Cow<'_, str>>) -> Node {
        let span = self.span(&key.span());
        Node { span, inner: self.unquoted(span), tag: None, kind: Kind::String(key.get_ref().to_string()) }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        let span = self.span(&value.span());
        let (inner, kind) = match value.get_ref() {
            DeValue::String(text) => (self.unquoted(span), Kind::String(text.to_string())),
            DeValue::Integer(number) => (span, Kind::Number(number.to_string())),
            DeValue::Float(number) => (span, Kind::Number(number.to_string())),
            DeValue::Boolean(flag) => (span, Kind::Bool(*flag)),
            DeValue::Datetime(time) => (span, Kind::String(time.to_string())),
            DeValue::Array(items) => {
                let items: Option<Vec<Node>> = items.iter().map(|item| self.value(item, depth)).collect();
                (span, Kind::Sequence(items?))
            }
            DeValue::Table(table) => (span, self.table(table, depth)?),
        };
        Some(Node { span, inner, tag: None, kind })
    }

    /// A string's span without its quotes: three of a kind for those of several lines, none for bare keys.
    fn unquoted(&self, span: Span) -> Span {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        for quote in ["\"\"\"", "'''", "\"", "'"] {
            let inside = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            if let Some(inside) = inside {
                return Span::new(span.start + quote.len(), span.start + quote.len() + inside.len());
            }
        }
        span
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn text_of(text: &str, span: Span) -> &str {
        text.get(span.start..span.end).unwrap()
    }

    #[test]
    fn spans_cover_keys_and_values_with_and_without_their_quotes() {
        let text = "z = 1\n[servers.\"git hub\"]\nargs = [\"-y\", 'x']\nenv = { A = \"\"\"v\"\"\", B = true }\n";
        let doc = parse(text).unwrap();
        let root = &doc.roots[0];
        let keys: Vec<&str> = root.entries().iter().map(|(k, _)| k.as_str().unwrap()).collect();
        assert_eq!(keys, ["z", "servers"], "in the order of the text");
        let server = root.at(&["servers", "git hub"]).unwrap();
        let (key, args) = server.entry("args").unwrap();
        assert_eq!(text_of(text, key.span), "args");
        assert_eq!((text_of(text, args.items()[1].span), text_of(text, args.items()[1].inner)), ("'x'", "x"));
        assert_eq!(text_of(text, server.at(&["env", "A"]).unwrap().inner), "v");
        assert_eq!(server.at(&["env", "B"]).unwrap().as_bool(), Some(true));
    }

    #[test]
    fn a_byte_order_mark_moves_every_span_by_its_length() {
        let text = "\u{feff}é = \"v\"";
        // A bare key is of ASCII.
        assert_eq!(parse(text).unwrap_err().line, 1);
        let text = "\u{feff}a = \"v\"";
        assert_eq!(text_of(text, parse(text).unwrap().roots[0].get("a").unwrap().inner), "v");
    }

    #[test]
    fn what_is_not_toml_is_an_error_with_its_line() {
        for (text, line) in [("a = 1\nb = ", 2), ("a = 1\na = 2", 2), ("[x\n", 1), ("a = [1 2]", 1)] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_never_a_stack_overflow() {
        let arrays = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        let dots = format!("{}a = 1", "a.".repeat(100_000));
        let header = format!("[{}a]\nb = 1", "a.".repeat(100_000));
        for deep in [arrays, dots, header] {
            assert!(parse(&deep).is_err());
        }
        assert!(parse(&format!("[{}a]\n{}b = 1", "a.".repeat(60), "b.".repeat(60))).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_gives_a_document_or_an_error_and_spans_stay_inside(text in "[\\[\\]{}\"'=,.a1é\n\r #\u{feff}-]{0,60}") {
            if let Ok(doc) = parse(&text) {
                for root in &doc.roots {
                    root.walk(&mut |node| {
                        assert!(text.get(node.span.start..node.span.end).is_some());
                        assert!(node.span.contains(node.inner));
                    });
                }
            }
        }
    }
}
