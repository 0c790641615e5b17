//! YAML that is written by a template: Go templates of Helm, Jinja of Ansible. Nothing is rendered: what a template puts in
//! is masked byte for byte, so that the rest can be read as YAML and every place stays where it is.

use std::borrow::Cow;

use crate::doc::{self, Doc, ParseError};

/// What stands in the place of a templated value. No value of a manifest starts so.
const FILL: u8 = b'^';

/// A tree and where its text begins in the file.
pub struct Piece {
    /// Offset of the text that the tree's spans index.
    pub offset: usize,
    /// The length of that text.
    pub len: usize,
    /// The tree.
    pub doc: Doc,
}

/// The trees of a text, and the first error of one that is none. A text that does not parse as a whole is read document by
/// document, as the platforms do; errors in templates are none, because only the rendered text has to be YAML.
pub fn load(text: &str) -> (Vec<Piece>, Option<ParseError>) {
    let whole = |doc| vec![Piece { offset: 0, len: text.len(), doc }];
    let json = text.trim_start();
    if json.starts_with(['{', '['])
        && !json.starts_with("{{")
        && let Ok(doc) = doc::json::parse(text)
    {
        return (whole(doc), None);
    }
    // JSON documents may follow each other without a mark.
    let templated = ["{{", "{%", "<%", "}\n{"].iter().any(|mark| text.contains(mark));
    let masked = mask(text);
    let error = match doc::yaml::parse(&masked) {
        Ok(doc) => return (whole(doc), None),
        Err(error) => error,
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    let mut cut = |from: usize, to: usize| {
        let part = masked.get(from..to).unwrap_or_default();
        if let Ok(doc) = doc::yaml::parse(part) {
            pieces.push(Piece { offset: from, len: part.len(), doc });
        }
    };
    for line in masked.split_inclusive('\n') {
        if line.trim_end() == "---" {
            cut(start, offset);
            start = offset;
        }
        offset += line.len();
    }
    // One document is what has just been tried.
    if start > 0 {
        cut(start, offset);
    }
    (pieces, (!templated).then_some(error))
}

/// Whether a stretch of a file is put in by a template.
pub fn is_templated(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// The text with what a template puts in made into a plain word, and its control lines blank. Lengths stay.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !is_templated(text) {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    let actions = actions(text);
    let mut next = actions.iter().peekable();
    let mut line = 0;
    while line < bytes.len() {
        let end = memchr::memchr(b'\n', bytes.get(line..).unwrap_or_default()).map_or(bytes.len(), |at| line + at);
        let mut on_line: Vec<&Action> = Vec::new();
        while let Some(action) = next.next_if(|action| action.start < end) {
            on_line.push(action);
        }
        // An action may run over lines; the line that it begins on lasts as long.
        let end = on_line.iter().map(|a| a.end).max().unwrap_or(end).max(end);
        let end = memchr::memchr(b'\n', bytes.get(end..).unwrap_or_default()).map_or(bytes.len(), |at| end + at);
        while let Some(action) = next.next_if(|action| action.start < end) {
            on_line.push(action);
        }
        let alone = is_blank_but(text, line, end, &on_line);
        for (i, action) in on_line.iter().enumerate() {
            let rest = text.get(action.end..end).unwrap_or_default();
            let last = i + 1 == on_line.len() && rest.trim().is_empty();
            let first = text.get(line..action.start).unwrap_or_default().trim().is_empty();
            let blank = alone || (action.control && (last || first));
            let mut fill = if blank { b' ' } else { FILL };
            for byte in bytes.get_mut(action.start..action.end).unwrap_or_default() {
                match byte {
                    b'\n' | b'\r' => fill = b' ',
                    _ => *byte = fill,
                }
            }
        }
        line = end + 1;
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn is_blank_but(text: &str, from: usize, to: usize, actions: &[&Action]) -> bool {
    let mut at = from;
    for action in actions {
        if !text.get(at..action.start).unwrap_or_default().trim().is_empty() {
            return false;
        }
        at = action.end;
    }
    text.get(at..to).unwrap_or_default().trim().is_empty()
}

/// One action of a template.
struct Action {
    start: usize,
    end: usize,
    /// It decides or sets something and puts nothing in.
    control: bool,
}

/// The actions of a text, in order. One that does not end is none.
fn actions(text: &str) -> Vec<Action> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'{', bytes.get(at..).unwrap_or_default()).map(|i| at + i) {
        let close: &[u8] = match bytes.get(open + 1) {
            Some(b'{') => b"}}",
            Some(b'%') => b"%}",
            Some(b'#') => b"#}",
            _ => {
                at = open + 1;
                continue;
            }
        };
        let Some(end) = end_of(bytes, open + 2, close) else {
            at = open + 2;
            // Nothing closes behind here, so no later one of its kind does either.
            if memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"}}").is_none()
                && memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"%}").is_none()
            {
                break;
            }
            continue;
        };
        let inner = text.get(open + 2..end - 2).unwrap_or_default();
        found.push(Action { start: open, end, control: close != b"}}" || is_control(inner) });
        at = end;
    }
    found
}

/// Longest action that is looked for; a quote that does not close must not cost the whole text each time.
const ACTION_MAX: usize = 1 << 14;

fn end_of(bytes: &[u8], from: usize, close: &[u8]) -> Option<usize> {
    let window = bytes.get(from..bytes.len().min(from + ACTION_MAX))?;
    let comment = window.iter().find(|b| !matches!(b, b'-' | b' ')).is_some_and(|b| *b == b'/');
    let mut quote = None;
    let mut i = 0;
    while let Some(&byte) = window.get(i) {
        match (quote, byte) {
            (Some(b'"'), b'\\') => i += 1,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'`') if !comment => quote = Some(byte),
            (None, _) if window.get(i..)?.starts_with(close) => return Some(from + i + close.len()),
            (None, _) => {}
        }
        i += 1;
    }
    // A quote without its partner: the next mark ends the action all the same.
    memchr::memmem::find(window, close).map(|at| from + at + close.len())
}

fn is_control(inner: &str) -> bool {
    let inner = inner.trim_start_matches(['-', ' ', '\t', '\n', '\r']);
    if inner.starts_with("/*") {
        return true;
    }
    let word = inner.split(|c: char| c.is_whitespace() || c == '-').next().unwrap_or_default();
    if word.starts_with('$') {
        let rest = inner.get(word.len()..).unwrap_or_default().trim_start();
        return rest.starts_with(":=") || rest.starts_with('=') || rest.starts_with(',');
    }
    matches!(word, "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_template_is_masked_in_place_and_the_rest_is_read() {
        let text = "{{- if .Values.on }}\nkind: Secret\nmetadata:\n  name: {{ include \"x\" . }}-a\n  labels:\n    {{- include \"l\" \
                    . | nindent 4 }}\n{{- end }}\n";
        let masked = mask(text);
        assert_eq!(masked.len(), text.len());
        let doc = doc::yaml::parse(&masked).unwrap();
        let name = doc.roots[0].at(&["metadata", "name"]).unwrap();
        assert_eq!(&text[name.span.start..name.span.end], "{{ include \"x\" . }}-a");
    }

    #[test]
    fn braces_in_quotes_and_over_lines_end_where_they_should() {
        for text in [
            "a: \"{{ .x | default \"}}\" }}\"\n",
            "{{/* a\n  b */}}\na: b\n",
            "a: {{ x\n  | y }}\nb: c\n",
            "a: {{\n",
            "k: {{ if a }}b{{ else }}c{{ end }}\n",
            "{% if a %}\nx: y\n{% endif %}\n",
        ] {
            let masked = mask(text);
            assert_eq!(masked.len(), text.len(), "{text}");
        }
        assert!(doc::yaml::parse(&mask("{{/* a\n  b */}}\na: b\n")).is_ok());
        assert!(doc::yaml::parse(&mask("a: {{ x\n  | y }}\nb: c\n")).is_ok());
    }

    #[test]
    fn a_broken_document_leaves_its_neighbours_and_a_notice() {
        let (pieces, error) = load("a: b\n---\nc: [\n---\nd: e\n");
        assert_eq!(pieces.len(), 2);
        assert!(error.is_some());
        assert!(load("a: {{ b\n\tc }}\n x").1.is_none());
    }
}
