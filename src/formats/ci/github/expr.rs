//! Expressions of GitHub Actions: which contexts a `${{ … }}` reads, and where it stands.
//!
//! Grammar: <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>. Strings are single-quoted
//! with `''` for a quote; context and property names are case-insensitive; a property is `.name` or `['name']`.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::doc::Node;
use crate::model::Span;

/// One access to a context, as far as its path is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Context in lower case: `secrets`, `github`, `env`…
    pub context: String,
    /// Properties as written; `*` for a filter or an index that is computed.
    pub path: Vec<String>,
}

impl Access {
    /// The path in lower case with dots: `github.event.pull_request.head.sha`.
    pub fn dotted(&self) -> String {
        let mut all = self.context.clone();
        for part in &self.path {
            all.push('.');
            all.push_str(&part.to_ascii_lowercase());
        }
        all
    }
}

/// What an expression takes in, as far as credentials are concerned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A secret by its stored name: upper case, `*` when any may be meant.
    Secret(String),
    /// The job's own token.
    Token,
    /// An input of the workflow or action.
    Input(String),
    /// A configuration variable, which is not masked.
    Variable(String),
    /// An environment variable of the workflow.
    Env(String),
    /// The output of an earlier step or job.
    Output,
}

/// A source with the span of the expression that names it.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What is named.
    pub source: Source,
    /// The whole `${{ … }}`, or the scalar where that cannot be told.
    pub span: Span,
}

/// Every reference of one scalar. `bare` is for `if:`, which is an expression without the braces.
pub fn references(text: &str, node: &Node, bare: bool) -> Vec<Reference> {
    let Some(value) = node.as_str() else { return Vec::new() };
    let mut found = Vec::new();
    let bodies = bodies(value);
    if bare && bodies.is_empty() {
        found.extend(sources(value).into_iter().map(|source| Reference { source, span: node.inner }));
        return found;
    }
    if bodies.is_empty() {
        return found;
    }
    // Escapes and folding move offsets, so places come from the text as written and meanings from the value.
    let raw = text.get(node.inner.start..node.inner.end).unwrap_or_default();
    let places = self::bodies(raw);
    let same = places.len() == bodies.len();
    for (i, body) in bodies.iter().enumerate() {
        let span = match places.get(i) {
            Some(place) if same => Span::new(node.inner.start + place.start - 3, node.inner.start + place.end + 2),
            _ => node.inner,
        };
        let body = value.get(body.start..body.end).unwrap_or_default();
        found.extend(sources(body).into_iter().map(|source| Reference { source, span }));
    }
    found
}

/// True when the scalar holds an expression.
pub fn has_expression(value: &str) -> bool {
    value.contains("${{")
}

/// The name when the whole value is `${{ env.NAME }}`.
pub fn sole_env(value: &str) -> Option<String> {
    let body = value.trim().strip_prefix("${{")?.strip_suffix("}}")?;
    let access = accesses(body);
    match access.as_slice() {
        [Access { context, path }] if context == "env" && path.len() == 1 && is_path(body.trim()) => {
            path.first().cloned()
        }
        _ => None,
    }
}

/// Every context access in all the expressions of a value; with `bare`, in the value itself.
pub fn all_accesses(value: &str, bare: bool) -> Vec<Access> {
    let bodies = bodies(value);
    if bare && bodies.is_empty() {
        return accesses(value);
    }
    bodies.iter().flat_map(|b| accesses(value.get(b.start..b.end).unwrap_or_default())).collect()
}

fn is_path(body: &str) -> bool {
    body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The spans between `${{` and `}}`. The end is looked for outside strings; an expression without end is none.
fn bodies(value: &str) -> Vec<Span> {
    let bytes = value.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = opening(bytes, at).map(|i| i + 3) {
        let mut end = start;
        let mut quoted = false;
        loop {
            match bytes.get(end) {
                None => return found,
                Some(b'\'') => quoted = !quoted,
                Some(b'}') if !quoted && bytes.get(end + 1) == Some(&b'}') => break,
                _ => {}
            }
            end += 1;
        }
        found.push(Span::new(start, end));
        at = end + 2;
    }
    found
}

/// The place of the next `${{`.
fn opening(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memchr_iter(b'$', rest).map(|i| from + i).find(|at| bytes.get(*at..).is_some_and(|b| b.starts_with(b"${{")))
}

/// What an expression's body reads, in order.
fn sources(body: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut seen: HashSet<Source, foldhash::fast::RandomState> = HashSet::default();
    each(body, |context, cursor| {
        let mut name: Option<Cow<'_, str>> = None;
        cursor.path(|part| {
            name.get_or_insert(part);
        });
        let Some(source) = source(context, name) else { return };
        // Few are read at once.
        if found.len() == FEW {
            seen.extend(found.iter().cloned());
        }
        let new = if found.len() < FEW { !found.contains(&source) } else { seen.insert(source.clone()) };
        if new {
            found.push(source);
        }
    });
    found
}

/// So many sources are compared one by one.
const FEW: usize = 8;

/// What an access to a context takes in, by the first name behind it.
fn source(context: &str, name: Option<Cow<'_, str>>) -> Option<Source> {
    let is = |word: &str| context.eq_ignore_ascii_case(word);
    Some(match name {
        // `toJSON(secrets)` hands over all of them.
        None if is("secrets") => Source::Secret("*".to_owned()),
        // `toJSON(github)` holds the token too.
        None if is("github") => Source::Token,
        Some(name) if is("github") => return name.eq_ignore_ascii_case("token").then_some(Source::Token),
        // Stored in upper case whatever the spelling:
        // https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets
        Some(name) if is("secrets") && name.eq_ignore_ascii_case("GITHUB_TOKEN") => Source::Token,
        Some(name) if is("secrets") => Source::Secret(name.to_ascii_uppercase()),
        Some(name) if is("inputs") => Source::Input(name.into_owned()),
        Some(name) if is("vars") => Source::Variable(name.into_owned()),
        Some(name) if is("env") => Source::Env(name.into_owned()),
        _ if is("steps") || is("needs") => Source::Output,
        _ => return None,
    })
}

/// Every context access of one expression. Function names are not contexts.
pub fn accesses(body: &str) -> Vec<Access> {
    let mut found = Vec::new();
    each(body, |context, cursor| {
        let mut path = Vec::new();
        cursor.path(|part| path.push(part.into_owned()));
        found.push(Access { context: context.to_ascii_lowercase(), path });
    });
    found
}

/// Calls for the name of every context with the cursor behind it, which has to read the path.
fn each<'b>(body: &'b str, mut see: impl FnMut(&'b str, &mut Cursor<'b>)) {
    let mut cursor = Cursor { body, at: 0 };
    while let Some(byte) = cursor.peek() {
        match byte {
            b'\'' => drop(cursor.string()),
            b'0'..=b'9' => drop(cursor.word()),
            _ if is_word_start(byte) => {
                let name = cursor.word();
                cursor.blank();
                if cursor.peek() != Some(b'(') {
                    see(name, &mut cursor);
                }
            }
            _ => cursor.at += 1,
        }
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

struct Cursor<'a> {
    body: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.body.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn word(&mut self) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            self.at += 1;
        }
        self.body.get(start..self.at).unwrap_or_default()
    }

    /// Reads a string from its opening quote to past its closing one.
    fn string(&mut self) -> Cow<'a, str> {
        let mut value = String::new();
        self.at += 1;
        let whole = self.at;
        let mut start = self.at;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'\'' {
                let part = self.body.get(start..self.at - 1).unwrap_or_default();
                let ends = self.peek() != Some(b'\'');
                if ends && start == whole {
                    // Without a quote inside it stands in the text as it is.
                    return Cow::Borrowed(part);
                }
                value.push_str(part);
                if ends {
                    return Cow::Owned(value);
                }
                value.push('\'');
                self.at += 1;
                start = self.at;
            }
        }
        Cow::Owned(value)
    }

    /// Reads `.name`, `.*` and `['name']` for as long as they follow. A computed index ends the path with `*`, and the
    /// caller goes on inside its brackets.
    fn path(&mut self, mut see: impl FnMut(Cow<'a, str>)) {
        loop {
            self.blank();
            match self.peek() {
                Some(b'.') => {
                    self.at += 1;
                    self.blank();
                    if self.peek() == Some(b'*') {
                        self.at += 1;
                        see(Cow::Borrowed("*"));
                        continue;
                    }
                    let word = self.word();
                    if word.is_empty() {
                        return;
                    }
                    see(Cow::Borrowed(word));
                }
                Some(b'[') => {
                    self.at += 1;
                    self.blank();
                    if self.peek() != Some(b'\'') {
                        see(Cow::Borrowed("*"));
                        return;
                    }
                    let name = self.string();
                    self.blank();
                    if self.peek() != Some(b']') {
                        see(Cow::Borrowed("*"));
                        return;
                    }
                    self.at += 1;
                    see(name);
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;
    use proptest::prelude::*;

    fn secret(name: &str) -> Source {
        Source::Secret(name.to_owned())
    }

    #[test]
    fn secrets_are_found_in_every_spelling() {
        assert_eq!(sources(" secrets.npm_token "), [secret("NPM_TOKEN")]);
        assert_eq!(sources("SECRETS [ 'A_B' ]"), [secret("A_B")]);
        assert_eq!(
            sources("secrets.A || secrets.B && format('{0}', secrets.C)"),
            [secret("A"), secret("B"), secret("C")]
        );
        assert_eq!(sources("secrets[matrix.token]"), [secret("*")]);
        assert_eq!(sources("secrets[format('T_{0}', inputs.env)]"), [secret("*"), Source::Input("env".into())]);
        assert_eq!(sources("toJSON(secrets)"), [secret("*")]);
        assert_eq!(sources("secrets.GITHUB_TOKEN || github.token"), [Source::Token]);
    }

    #[test]
    fn what_only_looks_like_a_secret_is_none() {
        assert!(sources("'secrets.A'").is_empty());
        assert!(sources("'it''s secrets.A'").is_empty());
        assert!(sources("matrix.secrets.A").is_empty());
        assert!(sources("github.event.token").is_empty());
        assert_eq!(sources("steps.x.outputs.secrets"), [Source::Output]);
    }

    #[test]
    fn the_end_of_an_expression_is_looked_for_outside_strings() {
        let text = "a: x ${{ format('}}{0}', secrets.A) }} y ${{ secrets.B }} ${{ secrets.C\n";
        let doc = yaml::parse(text).unwrap();
        let found = references(text, doc.roots[0].get("a").unwrap(), false);
        let spans: Vec<&str> = found.iter().map(|r| &text[r.span.start..r.span.end]).collect();
        assert_eq!(spans, ["${{ format('}}{0}', secrets.A) }}", "${{ secrets.B }}"]);
    }

    #[test]
    fn spans_hold_in_block_scalars_and_escaped_quotes() {
        let text = "a: |\n  é\n    ${{ secrets.A }}\nb: '${{ secrets[''B''] }}'\nc: \"\\t${{ secrets['C'] }}\"\n";
        let doc = yaml::parse(text).unwrap();
        let show = |key: &str| {
            let found = references(text, doc.roots[0].get(key).unwrap(), false);
            found.iter().map(|r| (r.source.clone(), text[r.span.start..r.span.end].to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(show("a"), [(secret("A"), "${{ secrets.A }}".to_owned())]);
        assert_eq!(show("b"), [(secret("B"), "${{ secrets[''B''] }}".to_owned())]);
        assert_eq!(show("c"), [(secret("C"), "${{ secrets['C'] }}".to_owned())]);
    }

    #[test]
    fn a_condition_is_an_expression_without_braces() {
        let text = "if: secrets.A != ''\n";
        let doc = yaml::parse(text).unwrap();
        let node = doc.roots[0].get("if").unwrap();
        assert_eq!(references(text, node, true).len(), 1);
        assert!(references(text, node, false).is_empty());
    }

    proptest! {
        #[test]
        fn reading_expressions_is_total(body in "[a-z'.\\[\\]{}$*( é]{0,40}") {
            let _ = accesses(&body);
            let _ = bodies(&body);
            let _ = sole_env(&body);
        }
    }
}
