//! Bicep as trees: parameters, variables, resources and outputs with their values. Only what is a value as it stands becomes
//! one; every other expression is kept as its text.
//!
//! Syntax: <https://learn.microsoft.com/azure/azure-resource-manager/bicep/file>.

use crate::doc::{Kind, Node};
use crate::model::Span;

/// The tag of a text that is an expression, and of a string with expressions in it.
pub const EXPRESSION: &str = "expression";

/// Deepest nesting that is read; deeper values are kept as text.
const DEPTH: usize = 48;

/// What a statement declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// `param`.
    Parameter,
    /// `var`.
    Variable,
    /// `resource`.
    Resource,
    /// `module`.
    Module,
    /// `output`.
    Output,
    /// `targetScope`.
    Scope,
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it declares.
    pub what: What,
    /// Its symbol.
    pub name: String,
    /// Where the symbol stands.
    pub at: Span,
    /// The type of a resource or parameter, as written, without quotes.
    pub kind: String,
    /// True for `existing` resources, which others declare.
    pub existing: bool,
    /// Names and arguments of its decorators: `secure`, `description 'x'`.
    pub decorators: Vec<String>,
    /// Its value; a loop's is what it makes each time.
    pub value: Option<Node>,
    /// The statement that it stands in, by index.
    pub parent: Option<usize>,
}

/// Where a text ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclosed(pub usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Open,
    Close,
    /// True with expressions in it.
    Text(bool),
    Line,
    Comma,
    Colon,
    Equals,
    Word,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    sort: Sort,
    start: usize,
    end: usize,
    /// For brackets, the index of the other one.
    pair: usize,
}

/// The statements of a text.
///
/// # Errors
/// The offset of a bracket or string that is never closed.
pub fn parse(text: &str) -> Result<Vec<Statement>, Unclosed> {
    let tokens = lex(text)?;
    let mut parser = Parser { text, tokens: &tokens, out: Vec::new() };
    parser.statements(0, tokens.len(), None, DEPTH);
    Ok(parser.out)
}

fn lex(text: &str) -> Result<Vec<Token>, Unclosed> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        let sort = match byte {
            b'\n' => Sort::Line,
            b if b.is_ascii_whitespace() => continue,
            b'/' if bytes.get(at) == Some(&b'/') => {
                at = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).map_or(bytes.len(), |n| at + n);
                continue;
            }
            b'/' if bytes.get(at) == Some(&b'*') => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let length = memchr::memmem::find(rest, b"*/").ok_or(Unclosed(start))?;
                at += 1 + length + 2;
                continue;
            }
            b'\'' => {
                let (end, expressions) = string(bytes, start).ok_or(Unclosed(start))?;
                at = end;
                Sort::Text(expressions)
            }
            b'{' | b'[' | b'(' => {
                open.push(tokens.len());
                Sort::Open
            }
            b'}' | b']' | b')' => {
                // One too many is left to whoever compiles it.
                let Some(pair) = open.pop() else { continue };
                let index = tokens.len();
                if let Some(opened) = tokens.get_mut(pair) {
                    opened.pair = index;
                }
                tokens.push(Token { sort: Sort::Close, start, end: at, pair });
                continue;
            }
            b',' => Sort::Comma,
            b':' => Sort::Colon,
            b'=' if !matches!(bytes.get(at), Some(b'=' | b'~' | b'>')) && !follows_operator(bytes, start) => {
                Sort::Equals
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || b"{}[](),:'=".contains(b);
                at += bytes.get(at..).unwrap_or_default().iter().take_while(|b| !ends(b)).count();
                Sort::Word
            }
        };
        tokens.push(Token { sort, start, end: at, pair: 0 });
    }
    match open.first().and_then(|index| tokens.get(*index)) {
        Some(unclosed) => Err(Unclosed(unclosed.start)),
        None => Ok(tokens),
    }
}

/// The second character of `==`, `!=`, `<=`, `=~`, `=>`.
fn follows_operator(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|b| matches!(b, b'=' | b'!' | b'<' | b'>'))
}

/// The end of a string that begins at an offset, and whether expressions stand in it.
fn string(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let rest = bytes.get(start..)?;
    if rest.starts_with(b"'''") {
        let end = memchr::memmem::find(rest.get(3..)?, b"'''")? + 6;
        // Quotes before the last three belong to the text.
        let more = rest.get(end..).unwrap_or_default().iter().take_while(|b| **b == b'\'').count();
        return Some((start + end + more, false));
    }
    let mut at = start + 1;
    // Brackets open in each expression, innermost last; an empty list means that we are in the outer string.
    let mut inside: Vec<usize> = Vec::new();
    let mut quoted: Vec<bool> = vec![true];
    let mut expressions = false;
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        let in_text = quoted.last().copied()?;
        match byte {
            b'\\' if in_text => at += 1,
            b'\'' if in_text => {
                quoted.pop();
                if quoted.is_empty() {
                    return Some((at, expressions));
                }
            }
            b'$' if in_text && bytes.get(at) == Some(&b'{') => {
                at += 1;
                expressions = true;
                inside.push(0);
                quoted.push(false);
            }
            b'\n' if in_text => return None,
            b'\'' => quoted.push(true),
            b'{' if !in_text => *inside.last_mut()? += 1,
            b'}' if !in_text => match inside.last_mut()? {
                0 => {
                    inside.pop();
                    quoted.pop();
                }
                depth => *depth -= 1,
            },
            _ => {}
        }
        if quoted.len() > DEPTH {
            return None;
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    out: Vec<Statement>,
}

impl Parser<'_> {
    fn token(&self, at: usize, end: usize) -> Option<Token> {
        self.tokens.get(at).copied().filter(|_| at < end)
    }

    fn source(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    fn is(&self, at: usize, end: usize, sort: Sort) -> bool {
        self.token(at, end).is_some_and(|token| token.sort == sort)
    }

    /// The end of what begins at a token: a line, a comma, or the end of the range. Conditions and chains go on on the next line.
    fn extent(&self, from: usize, end: usize) -> usize {
        let mut at = from;
        while let Some(token) = self.token(at, end) {
            match token.sort {
                Sort::Open => at = token.pair.max(at),
                Sort::Close | Sort::Comma => return at,
                Sort::Line => {
                    let next = (at..end).find(|i| !self.is(*i, end, Sort::Line)).unwrap_or(end);
                    let goes_on = self.token(next, end).is_some_and(|token| {
                        token.sort == Sort::Colon || self.source(token).starts_with(['?', '.', '&', '|', '+'])
                    });
                    if !goes_on {
                        return at;
                    }
                    at = next;
                }
                _ => {}
            }
            at += 1;
        }
        at.min(end)
    }

    fn statements(&mut self, from: usize, end: usize, parent: Option<usize>, depth: usize) {
        let mut at = from;
        let mut decorators = Vec::new();
        while let Some(token) = self.token(at, end) {
            if token.sort == Sort::Line {
                at += 1;
                continue;
            }
            let stop = self.extent(at, end).max(at + 1);
            let word = self.source(token);
            if let Some(name) = word.strip_prefix('@') {
                let name = name.rsplit('.').next().unwrap_or(name);
                let argument = self.token(at + 2, stop).filter(|t| matches!(t.sort, Sort::Text(_)));
                let argument = argument.map(|t| self.source(t).chars().take(300).collect::<String>());
                decorators.push(format!("{name} {}", argument.unwrap_or_default()));
                at = match self.token(at + 1, stop) {
                    Some(next) if next.sort == Sort::Open => next.pair + 1,
                    _ => at + 1,
                };
                continue;
            }
            let made = self.statement(at, stop, std::mem::take(&mut decorators), parent, depth);
            at = made.unwrap_or(stop);
        }
    }

    /// One statement; `None` for those that declare nothing of interest.
    fn statement(
        &mut self,
        at: usize,
        end: usize,
        decorators: Vec<String>,
        parent: Option<usize>,
        depth: usize,
    ) -> Option<usize> {
        let keyword = self.source(self.token(at, end)?);
        let what = match keyword {
            "param" => What::Parameter,
            "var" => What::Variable,
            "resource" => What::Resource,
            "module" => What::Module,
            "output" => What::Output,
            "targetScope" => What::Scope,
            _ => return None,
        };
        let name = if what == What::Scope { self.token(at, end)? } else { self.token(at + 1, end)? };
        let mut equals = at + 1;
        while !self.is(equals, end, Sort::Equals) {
            match self.token(equals, end) {
                Some(token) if token.sort == Sort::Open => equals = token.pair.max(equals) + 1,
                Some(_) => equals += 1,
                None => break,
            }
        }
        let kind = self.token(at + 2, equals.min(end)).map(|token| self.source(token).trim_matches('\'').to_owned());
        let existing =
            (at + 3..equals.min(end)).any(|i| self.token(i, end).is_some_and(|t| self.source(t) == "existing"));
        let index = self.out.len();
        self.out.push(Statement {
            what,
            name: self.source(name).to_owned(),
            at: Span::new(name.start, name.end),
            kind: kind.unwrap_or_default(),
            existing,
            decorators,
            value: None,
            parent,
        });
        let value = (equals < end).then(|| self.value(equals + 1, end, Some(index), depth)).flatten();
        if let Some(statement) = self.out.get_mut(index) {
            statement.value = value;
        }
        Some(end)
    }

    /// A value between two tokens. `owner` is the resource whose body it is, for resources inside.
    fn value(&mut self, from: usize, end: usize, owner: Option<usize>, depth: usize) -> Option<Node> {
        let from = (from..end).find(|i| !self.is(*i, end, Sort::Line))?;
        let first = self.token(from, end)?;
        let last = (from..end).rev().find(|i| !self.is(*i, end, Sort::Line))?;
        let span = Span::new(first.start, self.token(last, end)?.end);
        let whole = first.sort == Sort::Open && first.pair == last;
        let node = |kind: Kind| Some(Node { span, inner: span, tag: None, kind });
        let Some(deeper) = depth.checked_sub(1) else { return Some(self.expression(span)) };
        match first.sort {
            Sort::Open if whole && self.source(first) == "{" => {
                let entries = self.object(from + 1, last, owner, deeper);
                node(Kind::Mapping(entries))
            }
            Sort::Open if whole && self.source(first) == "[" => {
                let items = self.array(from + 1, last, owner, deeper);
                node(Kind::Sequence(items))
            }
            // `if (condition) { … }`.
            Sort::Word if self.source(first) == "if" && self.is(from + 1, end, Sort::Open) => {
                let condition = self.token(from + 1, end)?;
                self.value(condition.pair + 1, end, owner, deeper)
            }
            Sort::Text(expressions) if from == last => Some(self.string(first, expressions)),
            Sort::Word if from == last => match self.source(first) {
                "true" => node(Kind::Bool(true)),
                "false" => node(Kind::Bool(false)),
                "null" => node(Kind::Null),
                word if word.bytes().all(|b| b.is_ascii_digit() || b == b'-') => node(Kind::Number(word.to_owned())),
                _ => Some(self.expression(span)),
            },
            _ => Some(self.expression(span)),
        }
    }

    fn expression(&self, span: Span) -> Node {
        let text: String = self.text.get(span.start..span.end).unwrap_or_default().chars().take(4000).collect();
        Node { span, inner: span, tag: Some(EXPRESSION.to_owned()), kind: Kind::String(text) }
    }

    fn string(&self, token: Token, expressions: bool) -> Node {
        let span = Span::new(token.start, token.end);
        let source = self.source(token);
        let block = source.len() >= 6 && source.starts_with("'''");
        let edge = if block { 3 } else { 1 };
        let inner = Span::new(token.start + edge, token.end.saturating_sub(edge));
        let body = self.text.get(inner.start..inner.end).unwrap_or_default();
        let text = if block { body.strip_prefix('\n').unwrap_or(body).to_owned() } else { unescape(body) };
        let tag = expressions.then(|| EXPRESSION.to_owned());
        Node { span, inner, tag, kind: Kind::String(text) }
    }

    fn object(&mut self, from: usize, end: usize, owner: Option<usize>, depth: usize) -> Vec<(Node, Node)> {
        let mut entries = Vec::new();
        let mut at = from;
        while let Some(token) = self.token(at, end) {
            if matches!(token.sort, Sort::Line | Sort::Comma) {
                at += 1;
                continue;
            }
            let stop = self.extent(at, end).max(at + 1);
            // A decorator, or a resource inside another.
            let nested = !self.is(at + 1, end, Sort::Colon)
                && (self.source(token) == "resource" || self.source(token).starts_with('@'));
            if nested {
                self.statements(at, stop, owner, depth);
            } else if self.is(at + 1, end, Sort::Colon) {
                let key = match token.sort {
                    Sort::Text(expressions) => self.string(token, expressions),
                    _ => {
                        let span = Span::new(token.start, token.end);
                        let kind = Kind::String(self.source(token).to_owned());
                        Node { span, inner: span, tag: None, kind }
                    }
                };
                if let Some(value) = self.value(at + 2, stop, None, depth) {
                    entries.push((key, value));
                }
            }
            at = stop;
        }
        entries
    }

    fn array(&mut self, from: usize, end: usize, owner: Option<usize>, depth: usize) -> Vec<Node> {
        let first = (from..end).find(|i| !self.is(*i, end, Sort::Line)).unwrap_or(end);
        // `for item in items: value`.
        if self.token(first, end).is_some_and(|token| self.source(token) == "for") {
            let mut at = first;
            while let Some(token) = self.token(at, end) {
                match token.sort {
                    Sort::Open => at = token.pair.max(at),
                    Sort::Colon => return self.value(at + 1, end, owner, depth).into_iter().collect(),
                    _ => {}
                }
                at += 1;
            }
            return Vec::new();
        }
        let mut items = Vec::new();
        let mut at = from;
        while let Some(token) = self.token(at, end) {
            if matches!(token.sort, Sort::Line | Sort::Comma) {
                at += 1;
                continue;
            }
            let stop = self.extent(at, end).max(at + 1);
            items.extend(self.value(at, stop, None, depth));
            at = stop;
        }
        items
    }
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn statements_and_values_are_read() {
        let text = "targetScope = 'subscription'\n@secure()\n@description('The word''s')\nparam pw string\nparam n int = 3\n\
            var names = [\n  'a'\n  'b', 'c'\n]\nresource s 'Microsoft.Storage/storageAccounts@2023-01-01' = if (n > 2) {\n  \
            name: 'x${uniqueString('y')}' // c\n  properties: { allowSharedKeyAccess: false, tags: union(a, {\n b: 1\n }) }\n  \
            resource b 'blobServices' = {\n name: 'default'\n }\n}\noutput o string = n == 3\n  ? 'a'\n  : 'b'\nmodule m './m.bicep' = \
            [for x in xs: { name: x }]\n";
        let all = parse(text).unwrap();
        let names: Vec<(What, &str)> = all.iter().map(|s| (s.what, s.name.as_str())).collect();
        assert_eq!(
            names,
            [
                (What::Scope, "targetScope"),
                (What::Parameter, "pw"),
                (What::Parameter, "n"),
                (What::Variable, "names"),
                (What::Resource, "s"),
                (What::Resource, "b"),
                (What::Output, "o"),
                (What::Module, "m"),
            ]
        );
        assert_eq!(all[1].decorators[0], "secure ");
        assert_eq!(all[3].value.as_ref().unwrap().items().len(), 3);
        let body = all[4].value.as_ref().unwrap();
        assert_eq!(body.at(&["properties", "allowSharedKeyAccess"]).unwrap().as_bool(), Some(false));
        assert_eq!(body.get("name").unwrap().tag.as_deref(), Some(EXPRESSION));
        assert_eq!(all[5].parent, Some(4));
        assert_eq!(all[6].value.as_ref().unwrap().tag.as_deref(), Some(EXPRESSION));
        assert_eq!(all[7].value.as_ref().unwrap().items().len(), 1);
    }

    #[test]
    fn what_is_never_closed_is_an_error_at_its_place() {
        assert_eq!(parse("var a = {\n").unwrap_err(), Unclosed(8));
        assert_eq!(parse("var a = 'x\n'").unwrap_err(), Unclosed(8));
        assert_eq!(parse("/* x").unwrap_err(), Unclosed(0));
    }

    #[test]
    fn deep_values_cost_no_stack() {
        let text = format!("var a = {}1{}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(parse(&text).unwrap().len(), 1);
    }
}
