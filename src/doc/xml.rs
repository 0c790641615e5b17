//! XML as a run of events, with spans.
//!
//! <https://www.w3.org/TR/xml/>. Enough of it for settings files, and nothing that could be turned against the reader: no
//! entities are declared, nothing is fetched, and text that is not well formed is read as far as it goes. Nothing recurses.

use crate::model::Span;

/// What comes next in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'t> {
    /// `<name attribute="…">`; one that closes itself is followed by its [`Event::End`].
    Start {
        /// The name, as written.
        name: &'t str,
        /// The attributes in order; values as written, without quotes.
        attributes: Vec<(&'t str, Span)>,
    },
    /// Text between tags, or the inside of a CDATA section; never only white space.
    Text {
        /// Its place, white space around it left out.
        span: Span,
        /// True for CDATA, in which `&` means itself.
        raw: bool,
    },
    /// `</name>`.
    End(
        /// The name.
        &'t str,
    ),
}

/// Longest tag that is read; a longer one is text.
const LONGEST: usize = 64 << 10;

/// Reads a text event by event. Comments and processing instructions are skipped.
#[derive(Debug)]
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// The name of a tag that closed itself.
    closed: Option<&'t str>,
}

impl<'t> Reader<'t> {
    /// A reader at the beginning of a text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, closed: None }
    }

    fn skip(&mut self, end: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += memchr::memmem::find(rest.as_bytes(), end.as_bytes()).map_or(rest.len(), |i| i + end.len());
    }

    /// Where a tag ends whose `<` is at the reader's place: its `>` outside of quotes.
    fn tag_end(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(self.at..bytes.len().min(self.at + LONGEST))?;
        let mut quote = 0;
        for (i, b) in rest.iter().enumerate() {
            match b {
                b'"' | b'\'' if quote == 0 => quote = *b,
                b if *b == quote => quote = 0,
                b'>' if quote == 0 => return Some(self.at + i),
                // No tag holds one, not even in quotes; so every byte is looked at once for one tag only.
                b'<' if i > 0 => return None,
                _ => {}
            }
        }
        None
    }
}

impl<'t> Iterator for Reader<'t> {
    type Item = Event<'t>;

    fn next(&mut self) -> Option<Event<'t>> {
        if let Some(name) = self.closed.take() {
            return Some(Event::End(name));
        }
        loop {
            let rest = self.text.get(self.at..)?;
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
                let start = self.at;
                self.at += end;
                if let Some(span) = inner(self.text, start, self.at) {
                    return Some(Event::Text { span, raw: false });
                }
                continue;
            }
            if rest.starts_with("<!--") {
                self.skip("-->");
            } else if rest.starts_with("<![CDATA[") {
                let start = self.at + 9;
                self.skip("]]>");
                let end =
                    if self.text.get(..self.at).is_some_and(|t| t.ends_with("]]>")) { self.at - 3 } else { self.at };
                if let Some(span) = inner(self.text, start.min(end), end) {
                    return Some(Event::Text { span, raw: true });
                }
            } else if rest.starts_with("<?") {
                self.skip("?>");
            } else if rest.starts_with("<!") {
                self.skip(">");
            } else {
                let Some(end) = self.tag_end() else {
                    // A `<` that begins nothing.
                    self.at += 1;
                    continue;
                };
                let body = self.text.get(self.at + 1..end).unwrap_or_default();
                let base = self.at + 1;
                self.at = end + 1;
                if let Some(name) = body.strip_prefix('/') {
                    return Some(Event::End(name.trim()));
                }
                let closes = body.ends_with('/');
                let body = body.strip_suffix('/').unwrap_or(body);
                let name_end = body.find(char::is_whitespace).unwrap_or(body.len());
                let name = body.get(..name_end).unwrap_or_default();
                if closes {
                    self.closed = Some(name);
                }
                return Some(Event::Start { name, attributes: attributes(body, base, name_end) });
            }
        }
    }
}

/// A stretch without white space around it; `None` when nothing is left.
fn inner(text: &str, start: usize, end: usize) -> Option<Span> {
    let part = text.get(start..end)?;
    let front = part.len() - part.trim_start().len();
    let core = part.trim();
    (!core.is_empty()).then(|| Span::new(start + front, start + front + core.len()))
}

fn attributes(body: &str, base: usize, mut at: usize) -> Vec<(&str, Span)> {
    let mut found = Vec::new();
    while let Some(rest) = body.get(at..) {
        let Some(equals) = rest.find('=') else { break };
        let name = rest.get(..equals).unwrap_or_default().split_whitespace().next_back().unwrap_or_default();
        let after = rest.get(equals + 1..).unwrap_or_default();
        let value = after.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let start = at + equals + 1 + after.len() - value.len();
        let Some(quote) = quote else {
            at = start;
            continue;
        };
        let inner = value.get(1..).unwrap_or_default();
        let end = inner.find(quote).unwrap_or(inner.len());
        if !name.is_empty() {
            found.push((name, Span::new(base + start + 1, base + start + 1 + end)));
        }
        at = start + 1 + end + 1;
    }
    found
}

/// A text with its character references and the five entities of XML resolved; others stay.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(11).position(|b| b == b';').unwrap_or(0);
        let entity = after.get(..end).unwrap_or_default();
        let letter = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => entity.strip_prefix('#').and_then(|number| {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }),
        };
        match letter {
            Some(letter) => {
                out.push(letter);
                rest = after.get(entity.len() + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_attributes_and_texts_have_their_places() {
        let text = "<?xml version='1.0'?><!-- <a> --><s k = \"a>b\" e=''>\n <p/> x &amp; y <![CDATA[ 1<2 ]]></s>";
        let of = |s: &Span| text.get(s.start..s.end).unwrap();
        let shown: Vec<String> = Reader::new(text)
            .map(|event| match event {
                Event::Start { name, attributes } => {
                    let list: Vec<String> = attributes.iter().map(|(k, v)| format!("{k}={}", of(v))).collect();
                    format!("<{name} {}>", list.join(" "))
                }
                Event::Text { span, raw } => format!("{}{raw}", of(&span)),
                Event::End(name) => format!("/{name}"),
            })
            .collect();
        assert_eq!(shown, ["<s k=a>b e=>", "<p >", "/p", "x &amp; yfalse", "1<2true", "/s"]);
        assert_eq!(unescaped("a &amp; &#x41;&#66; &nope; & &lt"), "a & AB &nope; & &lt");
    }

    proptest! {
        #[test]
        fn any_text_ends_and_no_place_lies_outside(text in "[<>/=!\\[\\]\\-?&;'\" \nacCDATé]{0,200}") {
            for event in Reader::new(&text).take(1000) {
                match event {
                    Event::Start { attributes, .. } => {
                        for (_, span) in attributes {
                            prop_assert!(text.get(span.start..span.end).is_some());
                        }
                    }
                    Event::Text { span, .. } => prop_assert!(text.get(span.start..span.end).is_some()),
                    Event::End(_) => {}
                }
            }
            prop_assert!(Reader::new(&text).count() <= text.len() + 1);
        }
    }
}
