//! Groovy as tokens: words, strings and marks. It is not parsed whole and never run.
//!
//! Strings: <https://groovy-lang.org/syntax.html#all-strings>. Single quotes are taken as they are; double quotes and slashes
//! replace `$name` and `${…}`.

use std::ops::Range;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub part: Range<usize>,
}

/// Kinds of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A name, `$` included.
    Word,
    /// A string; `inner` is its text, escapes as written, `fills` the places of the `$` that Groovy replaces.
    Text {
        /// The text's bytes.
        inner: Range<usize>,
        /// Places of `$` in the file.
        fills: Vec<usize>,
    },
    /// Any other mark, or a digit.
    Mark(u8),
    /// The end of a line.
    Line,
}

/// The tokens of a file, without comments. Anything is accepted; the time is linear in the text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new() };
    reader.run();
    reader.tokens
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn sees(&self, what: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(what))
    }

    fn find(&self, from: usize, what: &[u8]) -> Option<usize> {
        memchr::memmem::find(self.bytes.get(from..)?, what).map(|found| from + found)
    }

    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match byte {
                b'\n' => self.push(Kind::Line, 1),
                b'#' if start == 0 && self.sees(b"#!") => {
                    self.at = self.find(start, b"\n").unwrap_or(self.bytes.len());
                }
                b'/' if self.sees(b"//") => {
                    self.at = self.find(start, b"\n").unwrap_or(self.bytes.len());
                }
                b'/' if self.sees(b"/*") => {
                    self.at = self.find(start + 2, b"*/").map_or(self.bytes.len(), |end| end + 2)
                }
                b'"' if self.sees(b"\"\"\"") => self.string(3, b"\"\"\"", true),
                b'\'' if self.sees(b"'''") => self.string(3, b"'''", false),
                b'"' => self.string(1, b"\"", true),
                b'\'' => self.string(1, b"'", false),
                b'$' if self.sees(b"$/") => self.string(2, b"/$", true),
                b'/' if self.slashy() => self.string(1, b"/", true),
                b if b.is_ascii_alphabetic() || b == b'_' || b == b'$' => {
                    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$';
                    let rest = self.bytes.get(start..).unwrap_or_default();
                    let length = rest.iter().take_while(|b| word(b)).count();
                    self.push(Kind::Word, length.max(1));
                }
                b if b.is_ascii_whitespace() || !b.is_ascii() => self.at += 1,
                b => self.push(Kind::Mark(b), 1),
            }
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let part = self.at..self.at + length;
        self.at = part.end;
        self.tokens.push(Token { kind, part });
    }

    /// Whether a slash begins a string: behind a mark that wants a value, and closed in the same line.
    fn slashy(&self) -> bool {
        let wants = match self.tokens.last().map(|token| &token.kind) {
            Some(Kind::Mark(mark)) => {
                matches!(mark, b'=' | b'(' | b',' | b'~' | b':' | b'[' | b'!' | b'&' | b'|' | b'{')
            }
            _ => false,
        };
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        wants && rest.iter().take(1000).take_while(|b| **b != b'\n').any(|b| *b == b'/')
    }

    /// A string whose opening marks are `open` bytes long. A short one ends with its line.
    fn string(&mut self, open: usize, end: &[u8], fills: bool) {
        let start = self.at;
        let mut at = start + open;
        let inner = at;
        let mut places = Vec::new();
        let long = end.len() > 1;
        let slashes = end == b"/" || end == b"/$";
        let close = loop {
            let Some(&byte) = self.bytes.get(at) else { break at };
            if byte == b'\\' && (!slashes || self.bytes.get(at + 1) == Some(&b'/')) {
                at += 2;
            } else if byte == b'\n' && !long || self.bytes.get(at..).is_some_and(|rest| rest.starts_with(end)) {
                break at;
            } else {
                if byte == b'$' && fills {
                    places.push(at);
                    // `${"x"}` holds quotes of its own.
                    if self.bytes.get(at + 1) == Some(&b'{') {
                        at = self.braces(at + 1);
                        continue;
                    }
                }
                at += 1;
            }
        };
        // An escape may have led into the middle of a character or past the end.
        let mut close = close.min(self.bytes.len());
        while !self.text.is_char_boundary(close) {
            close += 1;
        }
        let part_end =
            if self.bytes.get(close..).is_some_and(|rest| rest.starts_with(end)) { close + end.len() } else { close };
        self.tokens
            .push(Token { kind: Kind::Text { inner: inner.min(close)..close, fills: places }, part: start..part_end });
        self.at = part_end.max(start + 1);
    }

    /// The place behind the braces that open at `at`, within its line; else behind the opening one.
    fn braces(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for (offset, byte) in self.bytes.get(at..).unwrap_or_default().iter().enumerate().take(300) {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return at + offset + 1,
                b'}' => depth = depth.saturating_sub(1),
                b'\n' => break,
                _ => {}
            }
        }
        at + 1
    }
}

/// The variable that a `$` stands for: `$NAME`, `${NAME}`, `${env.NAME}`; `None` for other expressions.
pub fn filled(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at + 1..)?;
    let (rest, braced) = rest.strip_prefix('{').map_or((rest, false), |rest| (rest, true));
    let rest = rest.trim_start();
    let rest = ["env.", "params."].iter().find_map(|prefix| rest.strip_prefix(prefix)).unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let closed = rest.get(end..)?.trim_start().starts_with('}');
    (!braced || closed).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        tokens(text)
            .iter()
            .map(|token| match &token.kind {
                Kind::Text { inner, fills } => format!("{:?}{}", &text[inner.clone()], fills.len()),
                Kind::Line => "⏎".to_owned(),
                _ => text[token.part.clone()].to_owned(),
            })
            .collect()
    }

    #[test]
    fn strings_of_every_kind_end_where_they_should() {
        for (text, want) in [
            ("sh 'a\\'b' // c\nx", &["sh", "\"a\\\\'b\"0", "⏎", "x"][..]),
            ("sh \"a ${b} \\$c $d\"", &["sh", "\"a ${b} \\\\$c $d\"2"]),
            ("'''a\nb'''", &["\"a\\nb\"0"]),
            ("a = /b\\/c/ / 2", &["a", "=", "\"b\\\\/c\"0", "/", "2"]),
            ("\"${x(\"y\")}\" z", &["\"${x(\\\"y\\\")}\"1", "z"]),
            ("'open\nnext", &["\"open\"0", "⏎", "next"]),
            ("/* a\n */ b", &["b"]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn a_dollar_tells_its_variable() {
        for (text, want) in [("${env.A}", Some("A")), ("$A b", Some("A")), ("${A}", Some("A")), ("${a.b()}", None)] {
            assert_eq!(filled(text, 0), want, "{text}");
        }
    }

    #[test]
    fn hostile_files_take_no_longer_than_their_length() {
        for piece in ["\"${", "\\", "'", "\"\"\"", "/*", "=/", "$/", "é\\é", "{", "\"\\é"] {
            let text = piece.repeat(100_000);
            let start = std::time::Instant::now();
            for token in tokens(&text) {
                assert!(text.get(token.part.clone()).is_some());
                if let Kind::Text { inner, .. } = &token.kind {
                    assert!(text.get(inner.clone()).is_some(), "{piece}");
                }
            }
            assert!(start.elapsed().as_secs() < 5, "{piece}");
        }
    }
}
