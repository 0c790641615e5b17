//! Texts in which some characters are written otherwise: `%2F`, `\u0026`, `&amp;`, `=3D`. All stretches of one kind make one
//! layer, each with what stands around it on its line.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Budget, Encoding, LEAST, Layer, Map};
use crate::model::Span;

/// How much of a line is taken to either side of an escape.
const AROUND: usize = 256;

/// The stretches of a text that hold escapes of one kind, so far.
struct Stretches {
    encoding: Encoding,
    spans: Vec<Span>,
}

/// The layers of all kinds of escapes.
pub(super) fn find(text: &[u8], budget: &mut Budget, found: &mut Vec<Layer>) {
    let kinds = [Encoding::Escapes, Encoding::Percent, Encoding::Entities];
    let mut kinds = kinds.map(|encoding| Stretches { encoding, spans: Vec::new() });
    for at in memchr::memchr3_iter(b'\\', b'%', b'&', text) {
        let Some(rest) = text.get(at..) else { break };
        // Most are ruled out by what comes next: plain characters are below 0x80.
        let kind = match rest {
            [b'\\', b'u', b'0' | b'{', ..] | [b'\\', b'x', b'0' | b'2'..=b'7', ..] => 0,
            [b'%', b'0' | b'2'..=b'7', ..] => 1,
            [b'&', b'#' | b'N' | b'a' | b'c' | b'e' | b'g' | b'l' | b'n' | b'p' | b'q' | b's', rest @ ..]
                if rest.iter().take(8).any(|b| *b == b';') =>
            {
                2
            }
            _ => continue,
        };
        let Some(kind) = kinds.get_mut(kind) else { continue };
        // Inside what was taken already.
        if kind.spans.last().is_some_and(|s| at + AROUND / 2 < s.end) {
            continue;
        }
        if escape(kind.encoding, rest).is_some_and(|(c, _)| tells(c)) && stands_in_word(text, at) {
            kind.add(text, at);
        }
    }
    for kind in kinds.into_iter().filter(|k| !k.spans.is_empty()) {
        found.extend(layer(text, kind.encoding, &kind.spans, budget));
    }
    let mail = quoted_printable(text);
    if !mail.is_empty() {
        found.extend(layer(text, Encoding::QuotedPrintable, &mail, budget));
    }
}

impl Stretches {
    /// The line around a place, as far as it is taken; joined to the one before where they meet.
    fn add(&mut self, text: &[u8], at: usize) {
        let low = at.saturating_sub(AROUND);
        let start = memchr::memrchr(b'\n', Span::new(low, at).of(text)).map_or(low, |i| low + i + 1);
        let high = text.len().min(at + AROUND);
        let end = memchr::memchr(b'\n', Span::new(at, high).of(text)).map_or(high, |i| at + i);
        match self.spans.last_mut() {
            Some(last) if start <= last.end => last.end = end.max(last.end),
            _ => self.spans.push(Span::new(start, end)),
        }
    }
}

/// Escapes of plain characters only: nothing that is looked for has others, and they are the most.
fn tells(c: char) -> bool {
    matches!(c, '\n' | ' '..='~')
}

/// Whether a word of at least the least length stands around an escape: of characters without space, quotes and brackets.
fn stands_in_word(text: &[u8], at: usize) -> bool {
    let part = |b: &&u8| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')');
    let before = text.get(at.saturating_sub(LEAST)..at).unwrap_or_default().iter().rev().take_while(part).count();
    let behind = text.get(at..text.len().min(at + LEAST)).unwrap_or_default().iter().take_while(part).count();
    before + behind >= LEAST
}

/// The escape that a text begins with, and how long it is written.
fn escape(encoding: Encoding, text: &[u8]) -> Option<(char, usize)> {
    let hex = |from: usize, digits: usize| {
        let digits = text.get(from..from + digits)?;
        digits.iter().try_fold(0u32, |n, d| Some(n << 4 | (*d as char).to_digit(16)?))
    };
    let one = |from: usize, digits: usize| Some((char::from_u32(hex(from, digits)?)?, from + digits));
    match (encoding, text) {
        (Encoding::Escapes, [b'\\', b'u', b'{', rest @ ..]) => {
            let length = rest.iter().take(7).position(|b| *b == b'}')?;
            one(3, length).filter(|_| length > 0).map(|(c, end)| (c, end + 1))
        }
        (Encoding::Escapes, [b'\\', b'u', ..]) => one(2, 4),
        (Encoding::Escapes, [b'\\', b'x', ..]) | (Encoding::Percent | Encoding::QuotedPrintable, _) => {
            let from = if encoding == Encoding::Escapes { 2 } else { 1 };
            // One byte of a character of UTF-8 is no character.
            one(from, 2).filter(|(c, _)| c.is_ascii())
        }
        (Encoding::Entities, [b'&', b'#', b'x' | b'X', rest @ ..]) => {
            let length = rest.iter().take(7).position(|b| *b == b';')?;
            one(3, length).filter(|_| length > 0).map(|(c, end)| (c, end + 1))
        }
        (Encoding::Entities, [b'&', b'#', rest @ ..]) => {
            let length = rest.iter().take(8).position(|b| *b == b';')?;
            let number = std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()?;
            Some((char::from_u32(number)?, 2 + length + 1))
        }
        (Encoding::Entities, [b'&', rest @ ..]) => {
            const NAMES: [(&[u8], char); 14] = [
                (b"amp;", '&'),
                (b"quot;", '"'),
                (b"apos;", '\''),
                (b"lt;", '<'),
                (b"gt;", '>'),
                (b"equals;", '='),
                (b"colon;", ':'),
                (b"sol;", '/'),
                (b"commat;", '@'),
                (b"plus;", '+'),
                (b"lowbar;", '_'),
                (b"period;", '.'),
                (b"nbsp;", ' '),
                (b"NewLine;", '\n'),
            ];
            let (name, c) = NAMES.iter().find(|(name, _)| rest.starts_with(name))?;
            Some((*c, 1 + name.len()))
        }
        _ => None,
    }
}

/// One layer of stretches, each on a line of its own.
fn layer(text: &[u8], encoding: Encoding, spans: &[Span], budget: &mut Budget) -> Option<Layer> {
    let total: usize = spans.iter().map(|s| s.len() + 1).sum();
    if !budget.take(total) {
        return None;
    }
    let mut out = Vec::with_capacity(total);
    let mut map = Map::new(8);
    let mark = match encoding {
        Encoding::Escapes => b'\\',
        Encoding::Percent => b'%',
        Encoding::Entities => b'&',
        _ => b'=',
    };
    for span in spans {
        let stretch = span.of(text);
        let mut done = 0;
        let copy = |out: &mut Vec<u8>, map: &mut Map, to: usize, done: &mut usize| {
            if to > *done {
                map.run(out.len(), span.start + *done, span.start + to);
                out.extend_from_slice(stretch.get(*done..to).unwrap_or_default());
            }
        };
        for at in memchr::memchr_iter(mark, stretch) {
            let Some(rest) = stretch.get(at..).filter(|_| at >= done) else { continue };
            let soft = if encoding == Encoding::QuotedPrintable { soft_break(rest) } else { None };
            let read = soft.map(|length| (None, length)).or_else(|| escape(encoding, rest).map(|(c, l)| (Some(c), l)));
            let Some((c, length)) = read else { continue };
            copy(&mut out, &mut map, at, &mut done);
            map.unit(out.len(), Span::new(span.start + at, span.start + at + length));
            if let Some(c) = c {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            done = at + length;
        }
        copy(&mut out, &mut map, stretch.len(), &mut done);
        map.run(out.len(), span.end, span.end);
        out.push(b'\n');
    }
    Some(Layer { text: out, encoding, map })
}

/// The length of a line break that quoted-printable takes back.
fn soft_break(text: &[u8]) -> Option<usize> {
    [&b"=\r\n"[..], b"=\n"].into_iter().find(|b| text.starts_with(b)).map(<[u8]>::len)
}

/// The parts of mails that are quoted-printable: from the end of the header that says so to the next boundary.
fn quoted_printable(text: &[u8]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    static NAME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("uoted-printable"));
    for at in NAME.find_iter(text) {
        let rest = text.get(at..).unwrap_or_default();
        let blank = [&b"\n\n"[..], b"\r\n\r\n"].into_iter().filter_map(|b| memchr::memmem::find(rest, b)).min();
        let Some(start) = blank.map(|i| at + i).filter(|start| found.last().is_none_or(|s| s.end <= *start)) else {
            continue;
        };
        let body = text.get(start..).unwrap_or_default();
        let end = memchr::memmem::find(body, b"\n--").map_or(text.len(), |i| start + i);
        found.push(Span::new(start, end));
    }
    found
}
