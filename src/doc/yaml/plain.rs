//! The YAML that people write: block mappings and sequences, scalars on one line, block scalars, flow collections on one line.
//!
//! Nearly every pipeline is written in this part of the language, and it is read in one pass without tokens or events.
//! Whatever is not certainly of it (anchors, tags, merge keys, scalars over several lines, tabs and carriage returns between
//! tokens, anything that may be an error) is left to the full parser, whose tree this one equals in every node and span;
//! the tests of [`super`] compare the two.

use std::borrow::Cow;

use super::super::{Doc, Kind, Node};
use super::resolve;
use crate::model::Span;

/// Deepest nesting that is read here; the full parser allows more.
const MAX_DEPTH: usize = 48;

/// Longest key, in bytes: what the full parser takes for one is bounded too.
const MAX_KEY: usize = 512;

/// Reads a text; `None` when it is not certainly of the plain part of YAML.
pub(super) fn parse(text: &str) -> Option<Doc> {
    let bytes = text.as_bytes();
    let odd = |b: &u8| (*b < b' ' && !matches!(b, b'\n' | b'\t')) || *b == 0x7f;
    if bytes.iter().any(odd) || (!text.is_ascii() && text.chars().any(is_odd)) {
        return None;
    }
    let mut reader = Plain { text, bytes, at: 0, indent: 0, comments: Vec::new() };
    if bytes.starts_with(b"---") {
        reader.at = 3;
        reader.end_line()?;
    }
    if !reader.next()? {
        return None;
    }
    let root = reader.block(0)?;
    if reader.at < bytes.len() || !matches!(root.kind, Kind::Mapping(_) | Kind::Sequence(_)) {
        return None;
    }
    Some(Doc { roots: vec![root], comments: reader.comments })
}

/// Characters beyond ASCII that end lines, mark the order of bytes or show nothing.
fn is_odd(c: char) -> bool {
    !c.is_ascii() && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

/// Walks over a text. Between nodes it stands at the first byte of a line's content, with `indent` spaces before it, or at
/// the end.
struct Plain<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    indent: usize,
    comments: Vec<Span>,
}

impl<'a> Plain<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The place of the next line break, or the end.
    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |found| from + found)
    }

    fn spaces(&mut self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| **b == b' ').count();
        self.at += count;
        count
    }

    /// Passes over blanks and a comment up to the line break, and over it.
    fn end_line(&mut self) -> Option<()> {
        self.spaces();
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        match self.peek(0) {
            None => {}
            Some(b'\n') => self.at += 1,
            Some(b'#') if before == Some(&b' ') => {
                let end = self.line_end(self.at);
                self.comments.push(Span::new(self.at, end));
                self.at = (end + 1).min(self.bytes.len());
            }
            Some(_) => return None,
        }
        Some(())
    }

    /// From the beginning of a line to the next content; false at the end of the text.
    fn next(&mut self) -> Option<bool> {
        loop {
            let start = self.at;
            self.indent = self.spaces();
            match self.peek(0) {
                None => return Some(false),
                Some(b'\n') => self.at += 1,
                Some(b'#') => {
                    let end = self.line_end(self.at);
                    self.comments.push(Span::new(self.at, end));
                    self.at = (end + 1).min(self.bytes.len());
                }
                Some(b'\t') => return None,
                Some(_) => {
                    let rest = self.bytes.get(start..).unwrap_or_default();
                    let mark = rest.starts_with(b"---") || rest.starts_with(b"...");
                    return if mark { None } else { Some(true) };
                }
            }
        }
    }

    fn is_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Whether an entry of a sequence begins here.
    fn is_entry(&self) -> bool {
        self.peek(0) == Some(b'-') && matches!(self.peek(1), Some(b' ' | b'\n') | None)
    }

    /// The node that begins here, which is the first of its line.
    fn block(&mut self, depth: usize) -> Option<Node> {
        let column = self.indent;
        if self.is_entry() {
            return self.sequence(column, false, depth);
        }
        let key = self.key()?;
        self.mapping(key, column, depth)
    }

    /// A mapping whose first key was read, up to its colon.
    fn mapping(&mut self, first: Node, column: usize, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = first.span.start;
        let mut entries = Vec::with_capacity(4);
        let mut key = first;
        loop {
            let value = self.value(column, key.span.end, true, depth)?;
            entries.push((key, value));
            if self.is_end() || self.indent < column {
                break;
            }
            if self.indent > column || self.is_entry() {
                return None;
            }
            key = self.key()?;
        }
        let end = entries.last().map_or(start, |(_, value)| value.span.end);
        // Trees are kept for the copies of a file, and most mappings are short.
        entries.shrink_to_fit();
        Some(collection(Span::new(start, end), Kind::Mapping(entries)))
    }

    /// A sequence whose first dash is here. In a mapping it may stand as far in as the key.
    fn sequence(&mut self, column: usize, flush: bool, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut start = self.at;
        let mut items = Vec::with_capacity(4);
        loop {
            let dash = self.at;
            self.at += 1;
            let blanks = self.spaces();
            let inner = column + 1 + blanks;
            let here = self.peek(0).is_some_and(|b| b != b'\n');
            // What follows a comment there, or blanks alone, has a place of its own in the full parser.
            if self.peek(0) == Some(b'#') || (!here && blanks > 0) {
                return None;
            }
            let item = if here && self.is_entry() {
                self.sequence(inner, false, depth + 1)?
            } else if let Some(key) = if here { self.try_key()? } else { None } {
                self.mapping(key, inner, depth + 1)?
            } else {
                self.at = dash + 1;
                self.value(column, dash + 1, false, depth)?
            };
            // The full parser has such a sequence begin behind its first dash.
            if flush && items.is_empty() {
                start = dash + 1 + blanks;
                if item.span.is_empty() {
                    return None;
                }
            }
            items.push(item);
            if self.is_end() || self.indent < column || (flush && self.indent == column && !self.is_entry()) {
                break;
            }
            if self.indent > column || !self.is_entry() {
                return None;
            }
        }
        let end = items.last().map_or(start, |item| item.span.end);
        items.shrink_to_fit();
        Some(collection(Span::new(start, end), Kind::Sequence(items)))
    }

    /// What stands behind a colon or a dash, on its line or below it. `empty` is where nothing would stand.
    fn value(&mut self, column: usize, empty: usize, in_mapping: bool, depth: usize) -> Option<Node> {
        let blanks = self.spaces();
        let first = self.peek(0);
        match first {
            None | Some(b'\n') => {}
            Some(b'#') if blanks > 0 => {}
            _ if blanks == 0 => return None,
            Some(b'|' | b'>') => return self.block_scalar(column),
            Some(b'\'' | b'"') => {
                let node = self.quoted()?;
                return self.ended(node, column);
            }
            Some(b'[' | b'{') => {
                let end = self.line_end(self.at);
                let node = self.flow(end, 0)?;
                return self.ended(node, column);
            }
            Some(byte) => {
                let end = self.plain(byte)?;
                if self.bytes.get(end) == Some(&b':') {
                    return None;
                }
                let span = Span::new(self.at, end);
                self.at = end;
                let kind = resolve(Cow::Borrowed(self.slice(span.start, span.end)), true, None);
                return self.ended(Node { span, inner: span, tag: None, kind }, column);
            }
        }
        self.end_line()?;
        if self.next()? {
            if self.indent > column {
                return self.block(depth + 1);
            }
            if in_mapping && self.indent == column && self.is_entry() {
                return self.sequence(column, true, depth + 1);
            }
        }
        let span = Span::new(empty, empty);
        Some(Node { span, inner: span, tag: None, kind: Kind::Null })
    }

    /// Goes on to the next line behind a value that ends with its own.
    fn ended(&mut self, node: Node, column: usize) -> Option<Node> {
        self.end_line()?;
        // What is further in would go on with the value.
        if self.next()? && self.indent > column { None } else { Some(node) }
    }

    /// A key with its colon.
    fn key(&mut self) -> Option<Node> {
        self.try_key()?
    }

    /// A key with its colon, if one stands here; otherwise nothing is passed over.
    fn try_key(&mut self) -> Option<Option<Node>> {
        let start = self.at;
        let node = match self.peek(0)? {
            b'\'' | b'"' => self.quoted()?,
            b'[' | b'{' | b'|' | b'>' => return Some(None),
            byte => {
                let end = self.plain(byte)?;
                if self.bytes.get(end) != Some(&b':') {
                    return Some(None);
                }
                self.at = end;
                let span = Span::new(start, end);
                let text = self.slice(start, end);
                // The full parser knows what to merge.
                if text == "<<" || text.ends_with(' ') {
                    return None;
                }
                Node { span, inner: span, tag: None, kind: resolve(Cow::Borrowed(text), true, None) }
            }
        };
        if self.peek(0) != Some(b':') || !matches!(self.peek(1), Some(b' ' | b'\n') | None) {
            let begins = matches!(self.peek(0), Some(b'\n' | b' ') | None);
            self.at = start;
            return if begins { Some(None) } else { None };
        }
        if node.span.len() > MAX_KEY {
            return None;
        }
        self.at += 1;
        Some(Some(node))
    }

    /// The end of the plain scalar that begins here: at the colon that makes it a key, or without the blanks before a comment
    /// or the end of the line.
    fn plain(&self, first: u8) -> Option<usize> {
        let next = self.peek(1);
        match first {
            b'-' if !matches!(next, Some(b' ' | b'\n' | b'\t') | None) => {}
            b'-' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' => return None,
            _ => {}
        }
        let line = self.bytes.get(self.at..self.line_end(self.at)).unwrap_or_default();
        let mut before = 0_u8;
        let mut end = line.len();
        for (i, byte) in line.iter().enumerate() {
            match byte {
                b'\t' => return None,
                b':' if matches!(line.get(i + 1), Some(b' ') | None) => {
                    // Behind blanks a colon is left to the full parser.
                    return if before == b' ' { None } else { Some(self.at + i) };
                }
                b':' if line.get(i + 1) == Some(&b'\t') => return None,
                b'#' if before == b' ' => {
                    end = i;
                    break;
                }
                _ => {}
            }
            before = *byte;
        }
        let text = line.get(..end).unwrap_or_default();
        Some(self.at + text.len() - text.iter().rev().take_while(|b| **b == b' ').count())
    }

    /// A quoted scalar on one line.
    fn quoted(&mut self) -> Option<Node> {
        let start = self.at;
        let double = self.peek(0) == Some(b'"');
        let line = self.bytes.get(start + 1..self.line_end(start)).unwrap_or_default();
        let mut value = Cow::Borrowed("");
        let mut from = 0;
        let mut i = 0;
        loop {
            let byte = *line.get(i)?;
            let text = self.slice(start + 1 + from, start + 1 + i);
            match byte {
                b'"' if double => break,
                b'\'' if !double && line.get(i + 1) == Some(&b'\'') => {
                    value.to_mut().push_str(text);
                    value.to_mut().push('\'');
                    (i, from) = (i + 2, i + 2);
                }
                b'\'' if !double => break,
                b'\\' if double => {
                    let meant = match line.get(i + 1)? {
                        b'n' => '\n',
                        b't' => '\t',
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        _ => return None,
                    };
                    value.to_mut().push_str(text);
                    value.to_mut().push(meant);
                    (i, from) = (i + 2, i + 2);
                }
                b'\t' => return None,
                _ => i += 1,
            }
        }
        let tail = self.slice(start + 1 + from, start + 1 + i);
        if from == 0 {
            value = Cow::Borrowed(tail);
        } else {
            value.to_mut().push_str(tail);
        }
        self.at = start + i + 2;
        let (span, inner) = (Span::new(start, self.at), Span::new(start + 1, start + 1 + i));
        Some(Node { span, inner, tag: None, kind: Kind::String(value.into_owned()) })
    }

    /// A flow collection that ends on its line.
    fn flow(&mut self, end: usize, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.at;
        let mapping = self.peek(0) == Some(b'{');
        let close = if mapping { b'}' } else { b']' };
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        self.at += 1;
        loop {
            self.spaces();
            if self.at >= end {
                return None;
            }
            if self.peek(0) == Some(close) {
                self.at += 1;
                break;
            }
            let node = self.flow_node(end, depth)?;
            if mapping {
                if self.peek(0) != Some(b':') || self.peek(1) != Some(b' ') || node.span.len() > MAX_KEY {
                    return None;
                }
                if node.as_str() == Some("<<") || !matches!(node.kind, Kind::String(_)) {
                    return None;
                }
                self.at += 1;
                self.spaces();
                let value = self.flow_node(end, depth)?;
                entries.push((node, value));
            } else {
                items.push(node);
            }
            self.spaces();
            match self.peek(0) {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {}
                _ => return None,
            }
        }
        let span = Span::new(start, self.at);
        Some(collection(span, if mapping { Kind::Mapping(entries) } else { Kind::Sequence(items) }))
    }

    fn flow_node(&mut self, end: usize, depth: usize) -> Option<Node> {
        match self.peek(0)? {
            b'[' | b'{' => return self.flow(end, depth + 1),
            b'\'' | b'"' => return self.quoted(),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'$' | b'~' | b'^' => {}
            _ => return None,
        }
        let start = self.at;
        let line = self.bytes.get(start..end).unwrap_or_default();
        let mut length = line.len();
        for (i, byte) in line.iter().enumerate() {
            match byte {
                b',' | b']' | b'}' => {
                    length = i;
                    break;
                }
                b':' => match line.get(i + 1)? {
                    b' ' => {
                        length = i;
                        break;
                    }
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'/' => {}
                    _ => return None,
                },
                b'[' | b'{' | b'\t' | b'#' | b'"' | b'\'' => return None,
                _ => {}
            }
        }
        let text = self.slice(start, start + length);
        let text = text.trim_end_matches(' ');
        // A colon behind blanks is left to the full parser.
        if text.len() != length && line.get(length) == Some(&b':') {
            return None;
        }
        let span = Span::new(start, start + text.len());
        self.at = span.end;
        Some(Node { span, inner: span, tag: None, kind: resolve(Cow::Borrowed(text), true, None) })
    }

    /// A literal or folded scalar, of which the header is here.
    fn block_scalar(&mut self, column: usize) -> Option<Node> {
        let folded = self.peek(0) == Some(b'>');
        self.at += 1;
        let chomp = self.peek(0).filter(|b| matches!(b, b'+' | b'-'));
        self.at += usize::from(chomp.is_some());
        let line = self.at;
        if self.line_end(line) == self.bytes.len() {
            return None;
        }
        self.end_line()?;
        let mut at = self.at;
        let width = |at: usize| self.bytes.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
        let indent = width(at);
        if indent <= column || matches!(self.bytes.get(at + indent), None | Some(b'\n' | b'\t')) {
            return None;
        }
        let start = at + indent;
        let mut value = String::new();
        let (mut last, mut blank) = (start, 0_usize);
        loop {
            let end = self.line_end(at);
            let spaces = width(at);
            let first = self.bytes.get(at + spaces).copied();
            if end == self.bytes.len() {
                // A last line without its line break is left to the full parser.
                if spaces >= indent || (end > at && at + spaces == end) {
                    return None;
                }
                break;
            }
            if first == Some(b'\n') && spaces <= indent {
                blank += 1;
                at = end + 1;
                continue;
            }
            if spaces < indent {
                if first == Some(b'\t') {
                    return None;
                }
                break;
            }
            let content = self.slice(at + indent, end);
            let hollow = content.bytes().all(|b| matches!(b, b' ' | b'\t'));
            if folded && content.starts_with([' ', '\t']) || hollow && content.contains('\t') {
                return None;
            }
            if at + indent > start {
                match (folded, blank) {
                    (true, 0) => value.push(' '),
                    (true, _) => (0..blank).for_each(|_| value.push('\n')),
                    (false, _) => (0..=blank).for_each(|_| value.push('\n')),
                }
            }
            value.push_str(content);
            // Blanks alone are text, but the place of the scalar ends with what is seen.
            (last, blank) = (if hollow { last } else { end }, 0);
            at = end + 1;
        }
        match chomp {
            Some(b'-') => {}
            Some(_) => (0..=blank).for_each(|_| value.push('\n')),
            None => value.push('\n'),
        }
        let span = Span::new(start, last);
        let node = Node { span, inner: span, tag: None, kind: Kind::String(value) };
        self.at = at;
        if self.next()? && self.indent > column { None } else { Some(node) }
    }
}

fn collection(span: Span, kind: Kind) -> Node {
    Node { span, inner: span, tag: None, kind }
}
