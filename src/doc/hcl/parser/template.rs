//! Quoted texts and heredocs, with what is put in between.

use super::super::{OPERATION, TEMPLATE};
use super::{Parser, Result};
use crate::doc::{Kind, Node};
use crate::model::Span;

/// Where a template ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End<'t> {
    Quote,
    Heredoc(&'t str),
    Text,
}

impl<'t> Parser<'t> {
    /// All of the text as one template.
    pub(super) fn text_template(&mut self, start: usize) -> Result<Node> {
        self.template(start, End::Text)
    }

    pub(super) fn quoted(&mut self) -> Result<Node> {
        let start = self.at;
        self.at += 1;
        self.template(start, End::Quote)
    }

    pub(super) fn heredoc(&mut self) -> Result<Node> {
        let start = self.at;
        self.at += 2;
        self.take("-");
        let marker = self.ident()?;
        self.take("\r");
        self.expect("\n", "expected a new line after the marker")?;
        self.template(start, End::Heredoc(marker))
    }

    /// The line that starts here, without its break.
    fn line(&self) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.get(..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())).unwrap_or(rest)
    }

    fn template(&mut self, start: usize, end: End<'t>) -> Result<Node> {
        let content = self.at;
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut text_start = self.at;
        let mut line_start = true;
        let stop = loop {
            if let End::Heredoc(marker) = end
                && line_start
            {
                let line = self.line();
                if line.trim() == marker {
                    let stop = self.at;
                    self.at += line.trim_end().len();
                    break stop;
                }
                line_start = false;
            }
            let Some(byte) = self.peek() else {
                match end {
                    End::Text => break self.at,
                    End::Quote => return Err((start, "a text without its closing quote")),
                    End::Heredoc(_) => return Err((start, "a heredoc without its end")),
                }
            };
            match byte {
                b'"' if end == End::Quote => {
                    self.at += 1;
                    break self.at - 1;
                }
                b'\n' if end == End::Quote => return Err((self.at, "a text without its closing quote")),
                b'\\' if end == End::Quote => self.escape(&mut text),
                b'$' | b'%' => {
                    let rest = self.bytes().get(self.at..).unwrap_or_default();
                    let mark = char::from(byte);
                    if rest.starts_with(&[byte, byte, b'{']) {
                        self.at += 3;
                        text.push(mark);
                        text.push('{');
                    } else if rest.starts_with(&[byte, b'{']) {
                        self.text_part(&mut text, text_start, &mut parts)?;
                        if byte == b'$' {
                            parts.push(self.interpolation()?);
                        } else if let Some(part) = self.directive()? {
                            parts.push(part);
                        }
                        text_start = self.at;
                    } else {
                        self.at += 1;
                        text.push(mark);
                    }
                }
                _ => {
                    let rest = self.bytes().get(self.at..).unwrap_or_default();
                    let special = |b: &u8| matches!(b, b'"' | b'\\' | b'$' | b'%' | b'\n');
                    let run = rest.iter().position(special).unwrap_or(rest.len()).max(1);
                    text.push_str(self.text.get(self.at..self.at + run).unwrap_or_default());
                    self.at += run;
                    line_start = byte == b'\n';
                }
            }
        };
        if parts.is_empty() {
            let mut node = self.node(start, None, Kind::String(text))?;
            node.inner = Span::new(content, stop);
            return Ok(node);
        }
        let after = std::mem::replace(&mut self.at, stop);
        self.text_part(&mut text, text_start, &mut parts)?;
        self.at = after;
        if let [_] = parts.as_slice()
            && !matches!(end, End::Heredoc(_))
            && let Some(mut only) = parts.pop()
        {
            // `"${x}"` is x.
            only.span = Span::new(start, self.at);
            return Ok(only);
        }
        self.node(start, Some(TEMPLATE), Kind::Sequence(parts))
    }

    fn text_part(&mut self, text: &mut String, start: usize, parts: &mut Vec<Node>) -> Result<()> {
        if !text.is_empty() {
            let text = std::mem::take(text);
            parts.push(self.node(start, None, Kind::String(text))?);
        }
        Ok(())
    }

    /// An escape in a quoted text; an unknown one stays as it is written.
    fn escape(&mut self, text: &mut String) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let hex = |digits: usize| {
            let code = rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
            code.and_then(char::from_u32).map(|c| (c, 2 + digits))
        };
        let known = match rest.as_bytes().get(1) {
            Some(b'n') => Some(('\n', 2)),
            Some(b'r') => Some(('\r', 2)),
            Some(b't') => Some(('\t', 2)),
            Some(b'"') => Some(('"', 2)),
            Some(b'\\') => Some(('\\', 2)),
            Some(b'u') => hex(4),
            Some(b'U') => hex(8),
            _ => None,
        };
        let (c, length) = known.unwrap_or(('\\', 1));
        text.push(c);
        self.at += length;
    }

    fn interpolation(&mut self) -> Result<Node> {
        self.at += 2;
        self.within(false, |p| {
            p.take("~");
            p.skip();
            let node = p.expr()?;
            p.skip();
            p.take("~");
            p.expect("}", "expected `}` of an interpolation")?;
            Ok(node)
        })
    }

    /// `%{ if … }` and `%{ for … }` give the expression that they depend on; what they enclose stays part of the template.
    fn directive(&mut self) -> Result<Option<Node>> {
        self.at += 2;
        self.within(false, |p| {
            p.take("~");
            p.skip();
            let node = match p.ident()? {
                "if" => {
                    p.skip();
                    Some(p.expr()?)
                }
                "for" => {
                    p.skip();
                    p.ident()?;
                    p.skip();
                    if p.take(",") {
                        p.skip();
                        p.ident()?;
                        p.skip();
                    }
                    if !p.keyword("in") {
                        return Err((p.at, "expected `in`"));
                    }
                    p.skip();
                    Some(p.expr()?)
                }
                _ => None,
            };
            p.skip();
            p.take("~");
            p.expect("}", "expected `}` of a directive")?;
            let wrap = |p: &mut Self, node: Node| {
                let start = node.span.start;
                p.node(start, Some(OPERATION), Kind::Sequence(vec![node]))
            };
            node.map(|node| wrap(p, node)).transpose()
        })
    }
}
