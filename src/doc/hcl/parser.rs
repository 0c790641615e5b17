//! The parser: recursive descent over the bytes, one pass, each byte read a fixed number of times.

mod brackets;
mod template;

use super::{BLOCK, CALL, CONDITIONAL, OPERATION, REFERENCE};
use crate::doc::{Kind, Node};
use crate::model::Span;

/// Deepest nesting of blocks, expressions and templates together.
const MAX_DEPTH: usize = 96;

/// Most nodes of one file.
const MAX_NODES: usize = 1_000_000;

/// Longest path of a reference that is kept.
const MAX_PATH: usize = 400;

/// Where it went wrong, and what was expected there.
pub(super) type Error = (usize, &'static str);

type Result<T> = std::result::Result<T, Error>;

pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    nodes: usize,
    /// Whether a line break ends an expression, as it does outside of brackets.
    lines: bool,
    comments: Vec<Span>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, depth: 0, nodes: 0, lines: true, comments: Vec::new() }
    }

    pub(super) fn into_comments(self) -> Vec<Span> {
        self.comments
    }

    pub(super) fn file(&mut self) -> Result<Node> {
        let start = self.at;
        let entries = self.body(false)?;
        self.node(start, None, Kind::Mapping(entries))
    }

    pub(super) fn whole_template(&mut self) -> Result<Node> {
        let start = self.at;
        self.text_template(start)
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn starts(&self, what: &str) -> bool {
        self.bytes().get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()))
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.starts(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn expect(&mut self, what: &str, message: &'static str) -> Result<()> {
        if self.take(what) { Ok(()) } else { Err((self.at, message)) }
    }

    fn node(&mut self, start: usize, tag: Option<&str>, kind: Kind) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err((start, "more than 1000000 values"));
        }
        let span = Span::new(start, self.at.max(start));
        Ok(Node { span, inner: span, tag: tag.map(str::to_owned), kind })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err((self.at, "nested too deeply"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads with line breaks counting or not, and puts it back as it was.
    fn within<T>(&mut self, lines: bool, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.lines, lines);
        let result = read(self);
        self.lines = before;
        result
    }

    /// White space and comments; line breaks only where they do not count.
    fn skip(&mut self) {
        self.skip_to(!self.lines);
    }

    /// White space, comments and line breaks.
    fn skip_lines(&mut self) {
        self.skip_to(true);
    }

    fn skip_to(&mut self, breaks: bool) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n') if breaks => self.at += 1,
                Some(b'#') => self.comment(),
                Some(b'/') if self.starts("//") => self.comment(),
                Some(b'/') if self.starts("/*") => {
                    let start = self.at;
                    let rest = self.bytes().get(self.at + 2..).unwrap_or_default();
                    let end = memchr::memmem::find(rest, b"*/");
                    self.at = end.map_or(self.text.len(), |end| self.at + 2 + end + 2);
                    self.keep_comment(Span::new(start, self.at));
                }
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        let rest = self.bytes().get(start..).unwrap_or_default();
        self.at = start + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let end = start + self.bytes().get(start..self.at).unwrap_or_default().trim_ascii_end().len();
        self.keep_comment(Span::new(start, end));
    }

    /// What follows an expression is looked at more than once; its comments are kept once.
    fn keep_comment(&mut self, comment: Span) {
        if self.comments.last().is_none_or(|last| last.start < comment.start) {
            self.comments.push(comment);
        }
    }

    fn is_ident_start(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
    }

    fn ident(&mut self) -> Result<&'t str> {
        if !self.is_ident_start() {
            return Err((self.at, "expected a name"));
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        self.at += end;
        Ok(rest.get(..end).unwrap_or_default())
    }

    fn word(&mut self) -> Result<Node> {
        let start = self.at;
        let name = self.ident()?.to_owned();
        self.node(start, None, Kind::String(name))
    }

    /// True, and past it, when this word stands next.
    fn keyword(&mut self, word: &str) -> bool {
        let before = self.at;
        if self.is_ident_start() && self.ident().is_ok_and(|found| found == word) {
            return true;
        }
        self.at = before;
        false
    }

    fn body(&mut self, nested: bool) -> Result<Vec<(Node, Node)>> {
        let mut entries = Vec::new();
        loop {
            self.skip_lines();
            match self.peek() {
                None if nested => return Err((self.at, "expected `}`")),
                None => return Ok(entries),
                Some(b'}') if nested => {
                    self.at += 1;
                    return Ok(entries);
                }
                _ => {}
            }
            let start = self.at;
            if !self.is_ident_start() {
                return Err((self.at, "expected an argument or a block"));
            }
            let key = self.word()?;
            self.skip();
            let value = if self.peek() == Some(b'=') && !self.starts("==") {
                self.at += 1;
                self.skip();
                self.within(true, Self::expr)?
            } else {
                self.block(start)?
            };
            entries.push((key, value));
            self.skip();
            if !matches!(self.peek(), None | Some(b'\n' | b'}')) {
                return Err((self.at, "expected a new line"));
            }
        }
    }

    fn block(&mut self, start: usize) -> Result<Node> {
        let mut labels = Vec::new();
        while self.peek() != Some(b'{') {
            let label = match self.peek() {
                Some(b'"') => {
                    let label = self.quoted()?;
                    if label.as_str().is_none() {
                        return Err((label.span.start, "a label is a plain text"));
                    }
                    label
                }
                _ if self.is_ident_start() => self.word()?,
                _ => return Err((self.at, "expected `=`, `{` or a label")),
            };
            if labels.len() == 8 {
                return Err((label.span.start, "too many labels"));
            }
            labels.push(label);
            self.skip();
        }
        self.at += 1;
        let entries = self.within(true, |p| p.deeper(|p| p.body(true)))?;
        let mut node = self.node(start, Some(BLOCK), Kind::Mapping(entries))?;
        for label in labels.into_iter().rev() {
            node = self.node(start, Some(BLOCK), Kind::Mapping(vec![(label, node)]))?;
        }
        Ok(node)
    }

    fn expr(&mut self) -> Result<Node> {
        self.deeper(Self::expr_here)
    }

    fn expr_here(&mut self) -> Result<Node> {
        let mut chain: Vec<(Node, Node)> = Vec::new();
        let mut last = loop {
            let node = self.binary()?;
            let before = self.at;
            self.skip();
            if self.peek() != Some(b'?') {
                self.at = before;
                break node;
            }
            if chain.len() + self.depth >= MAX_DEPTH {
                return Err((self.at, "nested too deeply"));
            }
            self.at += 1;
            self.skip_lines();
            let yes = self.expr()?;
            self.skip_lines();
            self.expect(":", "expected `:` of a conditional")?;
            self.skip_lines();
            chain.push((node, yes));
        };
        for (condition, yes) in chain.into_iter().rev() {
            last = self.node(condition.span.start, Some(CONDITIONAL), Kind::Sequence(vec![condition, yes, last]))?;
        }
        Ok(last)
    }

    fn binary(&mut self) -> Result<Node> {
        let mut operands = vec![self.unary()?];
        loop {
            let before = self.at;
            self.skip();
            let operators = ["==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "<", ">"];
            let Some(operator) = operators.iter().find(|operator| self.starts(operator)) else {
                self.at = before;
                break;
            };
            self.at += operator.len();
            self.skip_lines();
            operands.push(self.unary()?);
        }
        match operands.len() {
            1 => operands.pop().ok_or((self.at, "expected a value")),
            _ => {
                let start = operands.first().map_or(self.at, |first| first.span.start);
                self.node(start, Some(OPERATION), Kind::Sequence(operands))
            }
        }
    }

    fn unary(&mut self) -> Result<Node> {
        let start = self.at;
        let mut signs = 0;
        while matches!(self.peek(), Some(b'-' | b'!')) {
            self.at += 1;
            signs += 1;
            self.skip();
        }
        let mut node = self.term()?;
        match &mut node.kind {
            _ if signs == 0 => Ok(node),
            Kind::Number(number) if signs == 1 => {
                number.insert(0, '-');
                node.span = Span::new(start, node.span.end);
                node.inner = node.span;
                Ok(node)
            }
            _ => self.node(start, Some(OPERATION), Kind::Sequence(vec![node])),
        }
    }

    fn term(&mut self) -> Result<Node> {
        let start = self.at;
        let node = match self.peek() {
            Some(b'"') => self.quoted()?,
            Some(b'<') if self.starts("<<") => return self.heredoc(),
            Some(b'[') => self.list()?,
            Some(b'{') => self.object()?,
            Some(b'(') => {
                self.at += 1;
                let mut node = self.within(false, |p| {
                    p.skip();
                    let node = p.expr()?;
                    p.skip();
                    p.expect(")", "expected `)`")?;
                    Ok(node)
                })?;
                node.span = Span::new(start, self.at);
                node
            }
            Some(b'0'..=b'9') => self.number()?,
            _ if self.is_ident_start() => return self.named(start),
            _ => return Err((self.at, "expected a value")),
        };
        if self.traverse()? {
            return self.node(start, Some(OPERATION), Kind::Sequence(vec![node]));
        }
        Ok(node)
    }

    fn number(&mut self) -> Result<Node> {
        let start = self.at;
        let digits = |p: &mut Self| {
            let from = p.at;
            while p.peek().is_some_and(|b| b.is_ascii_digit()) {
                p.at += 1;
            }
            p.at > from
        };
        digits(self);
        let whole = self.at;
        if self.take(".") && !digits(self) {
            self.at = whole;
        }
        let mantissa = self.at;
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            if !digits(self) {
                self.at = mantissa;
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        self.node(start, None, Kind::Number(text))
    }

    /// A keyword, a call or a reference.
    fn named(&mut self, start: usize) -> Result<Node> {
        let first = self.ident()?;
        while self.take("::") {
            self.ident()?;
        }
        let name = self.text.get(start..self.at).unwrap_or_default();
        let before = self.at;
        self.skip();
        if self.peek() == Some(b'(') {
            self.at += 1;
            let arguments = self.within(false, Self::arguments)?;
            let call = self.node(start, Some(&format!("{CALL}{name}")), Kind::Sequence(arguments))?;
            if self.traverse()? {
                return self.node(start, Some(OPERATION), Kind::Sequence(vec![call]));
            }
            return Ok(call);
        }
        self.at = before;
        let path = self.traverse()?;
        let literal = match first {
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "null" => Kind::Null,
            _ => {
                let written = self.text.get(start..self.at).unwrap_or_default();
                let path: String = written.chars().filter(|c| !c.is_whitespace()).take(MAX_PATH).collect();
                let path = self.node(start, None, Kind::String(path))?;
                return self.node(start, Some(REFERENCE), Kind::Sequence(vec![path]));
            }
        };
        let literal = if path { Kind::Null } else { literal };
        self.node(start, None, literal)
    }

    fn arguments(&mut self) -> Result<Vec<Node>> {
        let mut out = Vec::new();
        loop {
            self.skip();
            if self.take(")") {
                return Ok(out);
            }
            out.push(self.expr()?);
            self.skip();
            let _ = self.take("...");
            self.skip();
            if !self.take(",") && self.peek() != Some(b')') {
                return Err((self.at, "expected `,` or `)`"));
            }
        }
    }

    /// Goes past `.name`, `[index]` and splats; true when there was one.
    fn traverse(&mut self) -> Result<bool> {
        let mut any = false;
        loop {
            let before = self.at;
            self.skip();
            match self.peek() {
                Some(b'.') if !self.starts("..") => {
                    self.at += 1;
                    self.skip();
                    match self.peek() {
                        Some(b'*') => self.at += 1,
                        Some(b'0'..=b'9') => {
                            while self.peek().is_some_and(|b| b.is_ascii_digit()) {
                                self.at += 1;
                            }
                        }
                        _ => drop(self.ident()?),
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.within(false, |p| {
                        p.skip();
                        if !p.take("*") {
                            p.expr()?;
                        }
                        p.skip();
                        p.expect("]", "expected `]`")
                    })?;
                }
                _ => {
                    self.at = before;
                    return Ok(any);
                }
            }
            any = true;
        }
    }
}
