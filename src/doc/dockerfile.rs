//! Dockerfiles as instructions with byte spans.
//!
//! Read are the escape directive, continued lines with comments between them, and here-documents
//! (<https://docs.docker.com/reference/dockerfile/>). What is no instruction is left out: the builder would refuse it, and
//! nobody is helped by a second opinion.

use crate::model::Span;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Its word, in capitals.
    pub word: String,
    /// Its bytes, here-documents included.
    pub span: Span,
    /// What follows the word, with continued lines as they are written.
    pub args: Span,
    /// The bytes of its here-documents, one after the other; empty when there are none.
    pub here: Span,
    escape: u8,
}

/// One word of an instruction, without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its value.
    pub value: String,
    /// Its bytes, quotes included.
    pub span: Span,
}

/// The instructions of a Dockerfile, in order.
#[must_use]
pub fn parse(text: &str) -> Vec<Instruction> {
    let lines: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .collect();
    let escape = escape(text);
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(&(start, line)) = lines.get(next) {
        next += 1;
        let trimmed = line.trim_start();
        let word_at = start + line.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let mut end = start + line.trim_end().len();
        let mut open = continues(line, escape);
        while open && let Some(&(start, line)) = lines.get(next) {
            next += 1;
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            end = start + line.trim_end().len();
            open = continues(line, escape);
        }
        let word: String = trimmed.chars().take_while(char::is_ascii_alphabetic).collect();
        let args_at = (word_at + word.len()).min(end);
        if word.is_empty() || !text.get(args_at..end).is_some_and(|args| args.is_empty() || args.starts_with(spaces)) {
            continue;
        }
        let word = word.to_ascii_uppercase();
        let args = Span::new(args_at, end);
        let mut here = Span::new(end, end);
        if matches!(word.as_str(), "RUN" | "COPY" | "ADD") {
            for marker in markers(text.get(args_at..end).unwrap_or_default()) {
                while let Some(&(start, line)) = lines.get(next) {
                    next += 1;
                    here = Span::new(if here.is_empty() { start } else { here.start }, start + line.len());
                    if line.trim_end_matches(['\r', '\n']).trim_start_matches('\t') == marker {
                        break;
                    }
                }
            }
        }
        let span = Span::new(word_at, if here.is_empty() { end } else { here.end });
        found.push(Instruction { word, span, args, here, escape });
    }
    found
}

fn spaces(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\\' | '`' | '\r' | '\n')
}

/// The escape that the directive at the top sets.
fn escape(text: &str) -> u8 {
    for line in text.lines().take_while(|line| line.trim_start().starts_with('#')) {
        let directive = line.trim_start().trim_start_matches('#').split_once('=');
        if let Some((name, value)) = directive
            && name.trim().eq_ignore_ascii_case("escape")
            && value.trim() == "`"
        {
            return b'`';
        }
    }
    b'\\'
}

fn continues(line: &str, escape: u8) -> bool {
    line.trim_end().as_bytes().last() == Some(&escape)
}

/// The delimiters of here-documents: `<<EOF`, `<<-EOF`, `<<"EOF"`.
fn markers(args: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in args.split("<<").skip(1).take(16) {
        let part = part.trim_start_matches('-').trim_start_matches(['"', '\'']);
        let marker: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if marker.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            found.push(marker);
        }
    }
    found
}

impl Instruction {
    /// Its words, as the builder splits them; for JSON forms, the strings of the list with brackets and commas away.
    #[must_use]
    pub fn words(&self, text: &str) -> Vec<Word> {
        let Some(args) = text.get(self.args.start..self.args.end) else { return Vec::new() };
        let list = args.trim_start().starts_with('[') && args.trim_end().ends_with(']');
        let mut words = Vec::new();
        let mut open: Option<Word> = None;
        let mut quote = None;
        let mut skip_to = 0;
        for (i, c) in args.char_indices() {
            if i < skip_to {
                continue;
            }
            let at = self.args.start + i;
            let end = at + c.len_utf8();
            let escape = c == char::from(self.escape);
            if let Some(past) = (escape && quote != Some('\'')).then(|| self.continued(args, i)).flatten() {
                skip_to = past;
                if quote.is_none() {
                    words.extend(open.take());
                }
                continue;
            }
            if quote.is_none() && (c.is_whitespace() || (list && matches!(c, '[' | ']' | ','))) {
                words.extend(open.take());
                continue;
            }
            let word = open.get_or_insert_with(|| Word { value: String::new(), span: Span::new(at, at) });
            word.span.end = end;
            match quote {
                _ if escape && quote != Some('\'') => {
                    if let Some(next) = args.get(end - self.args.start..).and_then(|rest| rest.chars().next()) {
                        word.value.push(next);
                        word.span.end = end + next.len_utf8();
                        skip_to = word.span.end - self.args.start;
                    }
                }
                Some(open) if open == c => quote = None,
                None if matches!(c, '"' | '\'') => quote = Some(c),
                _ => word.value.push(c),
            }
        }
        words.extend(open);
        words
    }

    /// Where the text goes on behind an escape at the end of a line: past blank lines and comments.
    fn continued(&self, args: &str, at: usize) -> Option<usize> {
        let rest = args.get(at + 1..)?;
        let line = rest.find('\n')?;
        if !rest.get(..line)?.trim().is_empty() {
            return None;
        }
        let mut past = at + 1 + line + 1;
        for line in args.get(past..)?.split_inclusive('\n') {
            let content = line.trim();
            if !(content.is_empty() || content.starts_with('#')) || !line.ends_with('\n') {
                break;
            }
            past += line.len();
        }
        Some(past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, Vec<String>)> {
        let of = |i: &Instruction| i.words(text).into_iter().map(|w| w.value).collect();
        parse(text).iter().map(|i| (i.word.clone(), of(i))).collect()
    }

    fn one(word: &str, words: &[&str]) -> (String, Vec<String>) {
        (word.to_owned(), words.iter().map(|w| (*w).to_owned()).collect())
    }

    #[test]
    fn instructions_go_on_over_lines_and_comments() {
        let text =
            "# syntax=docker/dockerfile:1\nfrom a AS b\nENV A=1 \\\n  # why\n\n  B=\"x y\" \\\n  C=d\\ e\nUSER app\n";
        let want = [one("FROM", &["a", "AS", "b"]), one("ENV", &["A=1", "B=x y", "C=d e"]), one("USER", &["app"])];
        assert_eq!(words(text), want);
    }

    #[test]
    fn here_documents_are_part_of_their_instruction() {
        let text = "RUN <<EOF\nUSER x\nEOF\nUSER y\n";
        let found = parse(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found.first().map(|i| &text[i.here.start..i.here.end]), Some("USER x\nEOF\n"));
    }

    #[test]
    fn lists_and_other_escapes_are_read() {
        assert_eq!(words("COPY [\"a b\", \"/c\"]\n"), [one("COPY", &["a b", "/c"])]);
        assert_eq!(words("# escape=`\nRUN a `\n  b C:\\x\n"), [one("RUN", &["a", "b", "C:\\x"])]);
        assert_eq!(words("garbage! \u{e9}\n\\\n\\"), []);
    }
}
