//! The values of Kubernetes Secrets, in YAML and JSON: <https://kubernetes.io/docs/concepts/configuration/secret/>. Each is base64
//! under the name of its key.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Entry, LEAST};
use crate::model::{Family, PathClass, Span};

/// Whether manifests stand in files of this class.
pub(super) fn may_be(class: &PathClass) -> bool {
    matches!(class.family, Family::Yaml | Family::Json | Family::Other | Family::Prose | Family::Shell)
}

/// Whether a text says `kind: Secret` anywhere.
pub(super) fn is_one(text: &[u8]) -> bool {
    static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Secret"));
    NAME.find_iter(text).any(|at| {
        let ends = text.get(at + 6).is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b',' | b'}'));
        let before = text.get(at.saturating_sub(24)..at).unwrap_or_default();
        let before = trimmed(before).strip_suffix(b":").map(trimmed);
        ends && before.is_some_and(|b| b.ends_with(b"kind"))
    })
}

fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\'')).map_or(0, |i| i + 1);
    text.get(..end).unwrap_or_default()
}

/// The entries of every `data` of a text that holds a Secret.
pub(super) fn entries(text: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    if !is_one(text) {
        return found;
    }
    for at in memchr::memmem::find_iter(text, b"data") {
        let line = memchr::memrchr(b'\n', text.get(..at).unwrap_or_default()).map_or(0, |i| i + 1);
        let before = Span::new(line, at).of(text);
        let behind = text.get(at + 4..).unwrap_or_default();
        if before.ends_with(b"\"") && behind.starts_with(b"\"") {
            object(text, at + 5, &mut found);
        } else if before.iter().all(|b| matches!(b, b' ' | b'-')) && is_key_alone(behind) {
            mapping(text, at, before.len(), &mut found);
        }
    }
    found
}

/// A colon and nothing else on the line but a comment.
fn is_key_alone(behind: &[u8]) -> bool {
    let line = behind.split(|b| *b == b'\n').next().unwrap_or_default();
    line.strip_prefix(b":").map(<[u8]>::trim_ascii).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"#"))
}

/// The entries of an object behind its key.
fn object(text: &[u8], at: usize, found: &mut Vec<Entry>) {
    let mut at = at;
    let skip = |at: &mut usize, wanted: u8| {
        *at += text.get(*at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
        let is = text.get(*at) == Some(&wanted);
        *at += usize::from(is);
        is
    };
    let string = |at: &mut usize| {
        let length = memchr::memchr2(b'"', b'\\', text.get(*at..)?)?;
        let span = Span::new(*at, *at + length);
        *at = span.end + 1;
        (text.get(span.end) == Some(&b'"')).then_some(span)
    };
    if !skip(&mut at, b':') || !skip(&mut at, b'{') {
        return;
    }
    while skip(&mut at, b'"') {
        let Some(name) = string(&mut at) else { return };
        if !skip(&mut at, b':') || !skip(&mut at, b'"') {
            return;
        }
        let Some(value) = string(&mut at) else { return };
        keep(text, name, value, found);
        if !skip(&mut at, b',') {
            return;
        }
    }
}

/// The entries of a block mapping below its key, which stands at a column.
fn mapping(text: &[u8], at: usize, column: usize, found: &mut Vec<Entry>) {
    let mut lines = Lines {
        text,
        at: memchr::memchr(b'\n', text.get(at..).unwrap_or_default()).map_or(text.len(), |i| at + i + 1),
    };
    let mut next = lines.next();
    while let Some((line, indent)) = next {
        next = lines.next();
        let bytes = line.of(text);
        let content = bytes.trim_ascii();
        if content.is_empty() || content.starts_with(b"#") {
            continue;
        }
        if indent <= column {
            return;
        }
        let Some(colon) = memchr::memchr(b':', bytes) else { continue };
        let name = unquoted(text, Span::new(line.start + indent, line.start + colon));
        let mut value = unquoted(text, Span::new(line.start + colon + 1, line.end));
        if matches!(value.of(text).first(), Some(b'|' | b'>')) {
            // A block: every line further in.
            value = Span::new(line.end, line.end);
            while let Some((more, deep)) =
                next.filter(|(more, deep)| *deep > indent || more.of(text).trim_ascii().is_empty())
            {
                if value.is_empty() {
                    value.start = more.start + deep;
                }
                value.end = more.end.max(value.start);
                next = lines.next();
            }
        }
        keep(text, name, value, found);
    }
}

/// Lines with their indentation.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = (Span, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = Span::new(self.at, self.at + length);
        self.at = line.end + 1;
        let indent = line.of(self.text).iter().take_while(|b| **b == b' ').count();
        Some((line, indent))
    }
}

/// A span without white space and quotes around it.
fn unquoted(text: &[u8], span: Span) -> Span {
    let outside = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'');
    let bytes = span.of(text);
    let lead = bytes.iter().take_while(|b| outside(b)).count();
    let tail = bytes.iter().skip(lead).rev().take_while(|b| outside(b)).count();
    Span::new(span.start + lead, span.end - tail)
}

/// Keeps an entry whose value is base64.
fn keep(text: &[u8], name: Span, value: Span, found: &mut Vec<Entry>) {
    let bytes = value.of(text);
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\n' | b'\r' | b' ' | b'\t');
    if !name.is_empty() && name.len() <= 253 && bytes.len() >= LEAST && bytes.iter().all(fits) {
        found.push(Entry { name, value });
    }
}
