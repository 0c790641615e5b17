//! What stands in brackets: lists, objects, and `for` expressions in the place of either.

use super::super::{FOR_LIST, FOR_OBJECT, reference};
use super::{Parser, Result};
use crate::doc::{Kind, Node};

impl Parser<'_> {
    /// True when `for name in` or `for name, name in` stands next; goes past `for`.
    fn is_for(&mut self) -> bool {
        let before = self.at;
        if self.keyword("for") {
            let name = self.at;
            self.skip_lines();
            let named = self.is_ident_start() && self.ident().is_ok();
            self.skip_lines();
            if named && (self.peek() == Some(b',') || self.starts("in")) {
                self.at = name;
                return true;
            }
        }
        self.at = before;
        false
    }

    /// What follows `for` up to the closing bracket.
    fn comprehension(&mut self, start: usize, close: &'static str) -> Result<Node> {
        self.within(false, |p| {
            p.skip();
            let names_at = p.at;
            let mut names = vec![p.word()?];
            p.skip();
            if p.take(",") {
                p.skip();
                names.push(p.word()?);
                p.skip();
            }
            let names = p.node(names_at, None, Kind::Sequence(names))?;
            if !p.keyword("in") {
                return Err((p.at, "expected `in`"));
            }
            p.skip();
            let collection = p.expr()?;
            p.skip();
            p.expect(":", "expected `:` of a for expression")?;
            p.skip();
            let first = p.expr()?;
            p.skip();
            let mut parts = vec![names, collection, first];
            let object = p.take("=>");
            if object {
                p.skip();
                parts.push(p.expr()?);
                p.skip();
                let _ = p.take("...");
                p.skip();
            }
            if p.keyword("if") {
                p.skip();
                p.expr()?;
                p.skip();
            }
            p.expect(close, "expected the end of a for expression")?;
            p.node(start, Some(if object { FOR_OBJECT } else { FOR_LIST }), Kind::Sequence(parts))
        })
    }

    pub(super) fn list(&mut self) -> Result<Node> {
        let start = self.at;
        self.at += 1;
        self.within(false, |p| {
            p.skip();
            if p.is_for() {
                return p.comprehension(start, "]");
            }
            let mut items = Vec::new();
            loop {
                p.skip();
                if p.take("]") {
                    return p.node(start, None, Kind::Sequence(items));
                }
                items.push(p.expr()?);
                p.skip();
                if !p.take(",") && p.peek() != Some(b']') {
                    return Err((p.at, "expected `,` or `]`"));
                }
            }
        })
    }

    pub(super) fn object(&mut self) -> Result<Node> {
        let start = self.at;
        self.at += 1;
        self.within(true, |p| {
            p.skip_lines();
            if p.is_for() {
                return p.comprehension(start, "}");
            }
            let mut entries = Vec::new();
            loop {
                p.skip_lines();
                if p.take("}") {
                    return p.node(start, None, Kind::Mapping(entries));
                }
                let key = p.expr()?;
                let key = plain_key(key);
                p.skip();
                if !p.take("=") {
                    p.expect(":", "expected `=` or `:`")?;
                }
                p.skip_lines();
                let value = p.expr()?;
                entries.push((key, value));
                p.skip();
                if !p.take(",") && !matches!(p.peek(), Some(b'\n' | b'}')) {
                    return Err((p.at, "expected a new line, `,` or `}`"));
                }
            }
        })
    }
}

/// A bare word is a key's name; numbers and booleans are their text.
fn plain_key(key: Node) -> Node {
    let name = match (&key.kind, reference(&key)) {
        (_, Some(path)) if !path.contains(['.', '[']) => path.to_owned(),
        (Kind::Number(number), _) => number.clone(),
        (Kind::Bool(flag), _) => flag.to_string(),
        (Kind::Null, _) => "null".to_owned(),
        _ => return key,
    };
    Node { span: key.span, inner: key.inner, tag: None, kind: Kind::String(name) }
}
