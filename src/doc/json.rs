//! JSON and JSONC, with spans.
//!
//! JSON is RFC 8259; JSONC adds `//` and `/* */` comments and trailing commas, as editors' settings files have them
//! (<https://jsonc.org/>). Nothing looser is read: single quotes, bare words and missing commas are errors, so a file that
//! another program would refuse is not half understood here.

use jsonc_parser::ast::{Comment, ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use super::{Doc, Kind, Node, ParseError, line_and_column};
use crate::model::Span;

/// Nesting that is followed, in steps of [`convert`]. The parser stops earlier, at 512 open objects, keys and arrays; this
/// is the bound of our own recursion whatever the parser does.
const DEPTH: usize = 520;

/// Parses one JSON text (comments and trailing commas allowed). A text of nothing but white space and comments has no
/// roots. Nesting beyond about 256 objects or 512 arrays is an error.
///
/// # Errors
/// When the text is not JSON; the place is the parser's.
pub fn parse(text: &str) -> Result<Doc, ParseError> {
    // The parser knows no byte order mark; spans are moved back by what is cut off here.
    let (body, base) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, '\u{feff}'.len_utf8()),
        None => (text, 0),
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
    let parsed = parse_to_ast(body, &collect, &options()).map_err(|error| {
        let (line, column) = line_and_column(body, error.range().start);
        ParseError { line, column, message: error.kind().to_string() }
    })?;
    let mut comments: Vec<Span> =
        parsed.comments.iter().flat_map(|map| map.values()).flat_map(|list| list.iter()).map(comment_span).collect();
    // Each comment stands in the map twice, under the token before it and the one after it.
    comments.sort_unstable();
    comments.dedup();
    let comments = comments.into_iter().map(|span| shift(trim_line_end(body, span), base)).collect();
    let roots = match &parsed.value {
        Some(value) => vec![convert(value, base, DEPTH).ok_or_else(|| ParseError {
            line: 1,
            column: 1,
            message: "nested too deeply".to_owned(),
        })?],
        None => Vec::new(),
    };
    Ok(Doc { roots, comments })
}

fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn convert(value: &Value<'_>, base: usize, depth: usize) -> Option<Node> {
    let depth = depth.checked_sub(1)?;
    let span = shift(span_of(value), base);
    let (inner, kind) = match value {
        Value::StringLit(text) => (unquoted(span), Kind::String(text.value.clone().into_owned())),
        Value::NumberLit(number) => (span, Kind::Number(number.value.to_owned())),
        Value::BooleanLit(flag) => (span, Kind::Bool(flag.value)),
        Value::NullKeyword(_) => (span, Kind::Null),
        Value::Array(array) => {
            let items: Option<Vec<Node>> = array.elements.iter().map(|item| convert(item, base, depth)).collect();
            (span, Kind::Sequence(items?))
        }
        Value::Object(object) => {
            let entries: Option<Vec<(Node, Node)>> = object
                .properties
                .iter()
                .map(|property| Some((key(&property.name, base), convert(&property.value, base, depth)?)))
                .collect();
            (span, Kind::Mapping(entries?))
        }
    };
    Some(Node { span, inner, tag: None, kind })
}

fn key(name: &ObjectPropName<'_>, base: usize) -> Node {
    let span = shift(span_of(name), base);
    let inner = match name {
        ObjectPropName::String(_) => unquoted(span),
        ObjectPropName::Word(_) => span,
    };
    Node { span, inner, tag: None, kind: Kind::String(name.as_str().to_owned()) }
}

fn span_of(node: &impl Ranged) -> Span {
    Span::new(node.start(), node.end())
}

fn shift(span: Span, base: usize) -> Span {
    Span::new(span.start + base, span.end + base)
}

/// A quoted string's span without its two quotes, which are one byte each.
fn unquoted(span: Span) -> Span {
    if span.len() >= 2 { Span::new(span.start + 1, span.end - 1) } else { span }
}

fn comment_span(comment: &Comment<'_>) -> Span {
    span_of(comment)
}

/// A line comment's span without the carriage return that a CRLF file leaves at its end.
fn trim_line_end(text: &str, span: Span) -> Span {
    let bytes = span.of(text.as_bytes());
    Span::new(span.start, span.start + bytes.trim_ascii_end().len())
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
        let text = "{\n  \"a\": [1, \"x\\ty\", true, null],\n  \"a\": {\"b\": -1.5e3}\n}\n";
        let doc = parse(text).unwrap();
        let root = &doc.roots[0];
        assert_eq!(text_of(text, root.span), text.trim_end());
        let (first_key, first) = &root.entries()[0];
        assert_eq!((text_of(text, first_key.span), text_of(text, first_key.inner)), ("\"a\"", "a"));
        assert_eq!(text_of(text, first.span), "[1, \"x\\ty\", true, null]");
        let string = &first.items()[1];
        assert_eq!((text_of(text, string.span), text_of(text, string.inner)), ("\"x\\ty\"", "x\\ty"));
        assert_eq!(string.as_str(), Some("x\ty"));
        assert_eq!(first.items()[2].as_bool(), Some(true));
        assert!(matches!(first.items()[3].kind, Kind::Null));
        let number = root.at(&["a", "b"]).unwrap();
        assert_eq!(number.scalar().as_deref(), Some("-1.5e3"), "the last of two equal keys is the one that counts");
        assert_eq!(text_of(text, number.inner), "-1.5e3");
    }

    #[test]
    fn comments_and_trailing_commas_are_read_and_comments_are_kept_once_and_in_order() {
        let text = "// one\r\n{ /* two */ \"a\": 1, // three\r\n  \"b\": [1, 2,], }\r\n// four";
        let doc = parse(text).unwrap();
        let comments: Vec<&str> = doc.comments.iter().map(|span| text_of(text, *span)).collect();
        assert_eq!(comments, ["// one", "/* two */", "// three", "// four"]);
        assert_eq!(doc.roots[0].at(&["b"]).unwrap().items().len(), 2);
    }

    #[test]
    fn a_byte_order_mark_moves_every_span_by_its_length() {
        let text = "\u{feff}{\"é\": \"v\"}";
        let doc = parse(text).unwrap();
        assert_eq!(text_of(text, doc.roots[0].get("é").unwrap().inner), "v");
    }

    #[test]
    fn a_text_without_a_value_has_no_roots() {
        assert!(parse("").unwrap().roots.is_empty());
        assert!(parse(" // only a comment\n").unwrap().roots.is_empty());
    }

    #[test]
    fn what_is_not_json_is_an_error_with_its_line_and_column_in_characters() {
        for (text, line, column) in [
            ("{\n  \"é\": x\n}", 2, 8),
            ("[1 2]", 1, 3),
            ("{'a': 1}", 1, 2),
            ("{a: 1}", 1, 2),
            ("{} {}", 1, 4),
            ("\u{feff}\n[1, x", 2, 5),
            ("\n [\n1,\n", 2, 2),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert_eq!(error.column, column, "{text:?}: {error}");
            assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_never_a_stack_overflow() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            assert!(parse(&deep).is_err());
            let fair = format!("{}1{}", open.repeat(200), close.repeat(200));
            assert!(parse(&fair).is_ok(), "200 levels are read");
        }
    }

    #[test]
    fn surrogate_pairs_become_one_character() {
        let doc = parse(r#""\ud83d\ude00""#).unwrap();
        assert_eq!(doc.roots[0].as_str(), Some("\u{1f600}"));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_document_or_an_error_and_spans_stay_inside(text in "[\\[\\]{}\",:/*\\\\ua1é\n\r \u{feff}.tnE+-]{0,60}") {
            if let Ok(doc) = parse(&text) {
                for root in &doc.roots {
                    root.walk(&mut |node| {
                        assert!(text.get(node.span.start..node.span.end).is_some());
                        assert!(node.span.contains(node.inner));
                    });
                }
            }
        }

        #[test]
        fn every_json_that_the_strict_parser_reads_is_read_alike(text in "[\\[\\]{}\",:a1 ]{0,24}") {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                let doc = parse(&text).unwrap();
                prop_assert_eq!(plain(&doc.roots[0]), value);
            }
        }
    }

    fn plain(node: &Node) -> serde_json::Value {
        match &node.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(flag) => (*flag).into(),
            Kind::Number(number) => serde_json::from_str(number).unwrap(),
            Kind::String(text) => text.clone().into(),
            Kind::Sequence(items) => items.iter().map(plain).collect(),
            Kind::Mapping(entries) => serde_json::Value::Object(
                entries.iter().map(|(k, v)| (k.as_str().unwrap().to_owned(), plain(v))).collect(),
            ),
        }
    }
}
