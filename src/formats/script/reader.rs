//! A shell script as commands.
//!
//! It follows the shell's token rules (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>) as far as
//! commands need them, and takes PowerShell's words as well as they fit. Anything is accepted; the time is linear in the text.

use super::command::{Command, Script, Word, main_word, program};

/// How deep substitutions in substitutions are followed; below, their text is read as words.
const MAX_DEPTH: usize = 8;

/// Open groups (`{`, `if`, `(`) that are kept; more are not told apart.
const MAX_GROUPS: usize = 32;

const OPENING: &[&str] = &["{", "if", "for", "while", "until", "case", "select"];
const CLOSING: &[&str] = &["}", "fi", "done", "esac"];

/// Reads a script.
pub fn read(text: &str) -> Script {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        commands: Vec::with_capacity(text.len() / 64),
        heredocs: Vec::new(),
    };
    while reader.at < text.len() {
        let before = reader.at;
        reader.list(None, 0);
        // A stray end of a group: it is passed over.
        if reader.at == before {
            reader.at += 1;
        }
    }
    Script { commands: reader.commands }
}

/// Bytes at which a run of a word's plain bytes ends.
const ENDS_PLAIN: [bool; 256] = {
    let marks = b" \t\r\n;&|<>()\\'\"$`";
    let mut table = [false; 256];
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    table
};

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    commands: Vec<Command>,
    /// Ends of here-documents whose text begins at the next line, and whether tabs before them count.
    heredocs: Vec<(String, bool)>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn sees(&self, what: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(what))
    }

    /// The place behind the next of this byte, or the end.
    fn behind(&self, byte: u8) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        memchr::memchr(byte, rest).map_or(self.bytes.len(), |found| self.at + found + 1)
    }

    fn line_end(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |found| self.at + found)
    }

    /// Passes over blanks and continued lines. The backtick continues lines in PowerShell.
    fn blanks(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b' ' | b'\t' | b'\r'), _) => self.at += 1,
                (Some(b'\\' | b'`'), Some(b'\n')) => self.at += 2,
                (Some(b'\\' | b'`'), Some(b'\r')) if self.peek(2) == Some(b'\n') => self.at += 3,
                _ => return,
            }
        }
    }

    /// Commands up to the end of the substitution that `end` closes, or of the text.
    fn list(&mut self, end: Option<u8>, depth: usize) {
        let mut groups: Vec<(usize, bool)> = Vec::new();
        let mut from: Option<usize> = None;
        loop {
            self.blanks();
            let Some(byte) = self.peek(0) else { return };
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.skip_heredocs();
                }
                b'#' => self.at = self.line_end(),
                b';' => self.at += 1,
                b'&' if self.peek(1) != Some(b'>') => self.at += 1,
                b'|' if self.peek(1) == Some(b'|') => {
                    self.at += 2;
                    from = None;
                }
                b'|' => {
                    self.at += if self.peek(1) == Some(b'&') { 2 } else { 1 };
                    from = from.or(self.commands.len().checked_sub(1));
                }
                b'`' if end == Some(b'`') => {
                    self.at += 1;
                    return;
                }
                b')' if end == Some(b')') && !groups.iter().any(|(_, paren)| *paren) => {
                    self.at += 1;
                    return;
                }
                b'(' => {
                    self.at += 1;
                    if groups.len() < MAX_GROUPS {
                        groups.push((self.commands.len(), true));
                    }
                }
                _ => {
                    let closes = byte == b')';
                    self.at += usize::from(closes);
                    let before = self.at;
                    let first = self.commands.len();
                    let mut command = self.command(end, depth);
                    command.from = from.take();
                    command.captured |= end.is_some();
                    self.blanks();
                    let pipes = self.peek(0) == Some(b'|') && self.peek(1) != Some(b'|');
                    command.captured |= pipes;
                    let head = command.words.first().map(|word| word.text.as_str()).unwrap_or_default();
                    let start = if closes {
                        let paren = groups.iter().rposition(|(_, paren)| *paren);
                        paren.map(|paren| {
                            let start = groups.get(paren).map_or(first, |(start, _)| *start);
                            groups.truncate(paren);
                            start
                        })
                    } else if CLOSING.contains(&head) {
                        groups.pop_if(|(_, paren)| !*paren).map(|(start, _)| start)
                    } else {
                        if OPENING.contains(&head) && groups.len() < MAX_GROUPS {
                            groups.push((first, false));
                        }
                        None
                    };
                    if command.captured {
                        let group = start.and_then(|start| self.commands.get_mut(start..)).unwrap_or_default();
                        group.iter_mut().for_each(|command| command.captured = true);
                    }
                    if closes && OPENING.contains(&head) && groups.len() < MAX_GROUPS {
                        groups.push((first, false));
                    }
                    let stuck = self.at == before && !closes;
                    let ends = CLOSING.contains(&head) && command.words.len() == 1;
                    if !command.words.is_empty() && !ends {
                        self.commands.push(command);
                    }
                    if pipes {
                        from = self.commands.len().checked_sub(1);
                    }
                    // A byte that begins no command, such as a stray backtick.
                    self.at += usize::from(stuck);
                }
            }
        }
    }

    /// The rest of a simple command.
    fn command(&mut self, end: Option<u8>, depth: usize) -> Command {
        let mut command = Command { part: self.at..self.at, ..Command::default() };
        loop {
            self.blanks();
            let Some(byte) = self.peek(0) else { break };
            match byte {
                b'\n' | b';' | b'|' | b')' | b'(' => break,
                b'`' if end == Some(b'`') || depth >= MAX_DEPTH => break,
                b'#' => {
                    self.at = self.line_end();
                    break;
                }
                b'&' if self.peek(1) == Some(b'>') => {
                    self.at += 1;
                    self.redirect(true, &mut command, end, depth);
                }
                b'&' => break,
                b'>' => self.redirect(true, &mut command, end, depth),
                b'<' => self.input(&mut command, end, depth),
                b'0'..=b'9' if self.peek(1) == Some(b'>') => {
                    self.at += 1;
                    self.redirect(byte == b'1', &mut command, end, depth);
                }
                _ => {
                    let word = self.word(end, depth);
                    command.words.push(word);
                }
            }
            command.part.end = self.at;
        }
        command.main = main_word(&command.words);
        command.program = command.words.get(command.main).map(|word| program(&word.text)).unwrap_or_default();
        command
    }

    /// `>`, `>>`, `>|`, `>&2`, `>(…)`: `output` when it is the standard output's.
    fn redirect(&mut self, output: bool, command: &mut Command, end: Option<u8>, depth: usize) {
        self.at += 1;
        if self.peek(0) == Some(b'(') {
            self.substitution(command, depth);
            return;
        }
        while matches!(self.peek(0), Some(b'>' | b'|')) {
            self.at += 1;
        }
        let duplicates = self.peek(0) == Some(b'&');
        self.at += usize::from(duplicates);
        self.blanks();
        if self.peek(0).is_none_or(|byte| matches!(byte, b'\n' | b';' | b'|' | b'&' | b')' | b'<')) {
            return;
        }
        if self.sees(b">(") {
            self.at += 1;
            self.substitution(command, depth);
            return;
        }
        let target = self.word(end, depth).text;
        let shown =
            matches!(target.as_str(), "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/fd/1" | "/dev/fd/2" | "");
        let number = !target.is_empty() && target.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if output && !shown && !(duplicates && number) {
            command.captured = true;
            command.file = Some(target);
        }
    }

    /// `<file`, `<<END`, `<<<word`, `<(…)`.
    fn input(&mut self, command: &mut Command, end: Option<u8>, depth: usize) {
        if self.peek(1) == Some(b'(') {
            self.at += 1;
            self.substitution(command, depth);
            return;
        }
        if self.sees(b"<<<") {
            self.at += 3;
            self.blanks();
            let word = self.word(end, depth);
            command.words.push(Word { text: format!("<<<{}", word.text), ..word });
            return;
        }
        let here = self.sees(b"<<");
        self.at += if here { 2 } else { 1 };
        let tabs = here && self.peek(0) == Some(b'-');
        self.at += usize::from(tabs);
        self.blanks();
        if self.peek(0).is_none_or(|byte| matches!(byte, b'\n' | b';' | b'|' | b'&' | b')' | b'>' | b'<')) {
            return;
        }
        let word = self.word(end, depth).text;
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        // `<< parameters.x >>` is CircleCI's.
        if here && !word.is_empty() && word.bytes().all(name) && self.heredocs.len() < MAX_GROUPS {
            self.heredocs.push((word, tabs));
        }
    }

    /// Passes over the texts of here-documents: they are data.
    fn skip_heredocs(&mut self) {
        for (end, _) in std::mem::take(&mut self.heredocs) {
            while self.at < self.bytes.len() {
                let stop = self.line_end();
                let line = self.text.get(self.at..stop).unwrap_or_default();
                self.at = (stop + 1).min(self.bytes.len());
                // In YAML and Groovy the end is indented like the rest.
                if line.trim() == end {
                    break;
                }
            }
        }
    }

    /// `<(…)` and `>(…)`, of which the parenthesis is next, as a word.
    fn substitution(&mut self, command: &mut Command, depth: usize) {
        let start = self.at;
        let first = self.commands.len();
        if depth < MAX_DEPTH {
            self.at += 1;
            self.list(Some(b')'), depth + 1);
        } else {
            self.at += 1;
        }
        let nested = first..self.commands.len();
        command.words.push(Word { part: start..self.at, nested, substituted: true, ..Word::default() });
    }

    /// One word, of which at least one byte is there.
    fn word(&mut self, end: Option<u8>, depth: usize) -> Word {
        let start = self.at;
        let first = self.commands.len();
        let mut word = Word::default();
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\\' => self.escape(&mut word, false),
                b'\'' => match self.bytes.get(self.at + 1..).and_then(|rest| memchr::memchr(b'\'', rest)) {
                    Some(length) => {
                        word.text.push_str(self.text.get(self.at + 1..self.at + 1 + length).unwrap_or_default());
                        self.at += length + 2;
                    }
                    None => self.take(1, &mut word),
                },
                b'"' => self.double(&mut word, start, depth),
                b'$' => self.dollar(&mut word, start, depth),
                b'`' if end == Some(b'`') || depth >= MAX_DEPTH || self.peek(1) == Some(b'\n') => {
                    if self.at == start {
                        self.at += 1;
                    }
                    break;
                }
                b'`' => self.ticks(&mut word, start, depth),
                _ => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let length = rest.iter().take_while(|b| !ENDS_PLAIN[usize::from(**b)]).count();
                    self.take(length.max(1), &mut word);
                }
            }
        }
        word.part = start..self.at;
        word.nested = first..self.commands.len();
        word
    }

    /// Moves bytes into the word. Both ends are at ASCII bytes.
    fn take(&mut self, length: usize, word: &mut Word) {
        let end = (self.at + length).min(self.bytes.len());
        word.text.push_str(self.text.get(self.at..end).unwrap_or_default());
        self.at = end;
    }

    fn escape(&mut self, word: &mut Word, quoted: bool) {
        let next = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next());
        match next {
            Some('\n') => self.at += 2,
            Some(next) => {
                // Inside quotes it stands for itself before most characters; paths of Windows need it.
                let kept = if quoted { !matches!(next, '$' | '`' | '"' | '\\') } else { next.is_ascii_alphanumeric() };
                if kept {
                    word.text.push('\\');
                }
                word.text.push(next);
                self.at += 1 + next.len_utf8();
            }
            None => self.at += 1,
        }
    }

    fn double(&mut self, word: &mut Word, start: usize, depth: usize) {
        if self.bytes.get(self.at + 1..).and_then(|rest| memchr::memchr(b'"', rest)).is_none() {
            self.take(1, word);
            return;
        }
        self.at += 1;
        let opens = self.at;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.escape(word, true),
                b'$' => self.dollar(word, if opens == start + 1 { opens } else { start }, depth),
                b'`' if depth < MAX_DEPTH && self.peek(1) != Some(b'\n') => {
                    self.ticks(word, if opens == start + 1 { opens } else { start }, depth);
                }
                _ => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let length = rest.iter().take_while(|b| !matches!(b, b'"' | b'\\' | b'$' | b'`')).count();
                    self.take(length.max(1), word);
                }
            }
        }
    }

    /// `$NAME`, `${NAME…}`, `$(…)`, `${{ … }}`.
    fn dollar(&mut self, word: &mut Word, start: usize, depth: usize) {
        if self.peek(1) == Some(b'(') && depth < MAX_DEPTH {
            word.substituted |= self.at == start;
            self.at += 2;
            self.list(Some(b')'), depth + 1);
            return;
        }
        word.expands.push(self.at);
        if self.sees(b"${{") {
            let rest = self.bytes.get(self.at..self.line_end()).unwrap_or_default();
            let length = memchr::memmem::find(rest, b"}}").map_or(3, |found| found + 2);
            self.take(length, word);
        } else if self.peek(1) == Some(b'{') {
            let length = self.behind(b'}').min(self.line_end()) - self.at;
            self.take(length.max(2), word);
        } else {
            self.take(1, word);
        }
    }

    /// A substitution in backticks.
    fn ticks(&mut self, word: &mut Word, start: usize, depth: usize) {
        word.substituted |= self.at == start;
        self.at += 1;
        self.list(Some(b'`'), depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> Vec<String> {
        let words = |command: &Command| command.words.iter().map(|w| w.text.clone()).collect::<Vec<_>>().join("·");
        read(script).commands.iter().map(words).collect()
    }

    #[test]
    fn a_script_splits_into_commands_and_words() {
        for (script, want) in [
            ("a b\\\n  c && d; e|f", &["a·b·c", "d", "e", "f"][..]),
            ("echo 'a b' \"c $X\" # no\nx", &["echo·a b·c $X", "x"]),
            ("x=$(curl u) y", &["curl·u", "x=·y"]),
            ("cat <<EOF > f\nrm it\nEOF\nls", &["cat", "ls"]),
            ("a `b c` d", &["b·c", "a··d"]),
            ("if a; then b; fi", &["if·a", "then·b"]),
            ("echo ${{ secrets.A }} ${B:-c d}", &["echo·${{ secrets.A }}·${B:-c d}"]),
            ("it's fine", &["it's·fine"]),
        ] {
            assert_eq!(shown(script), want, "{script}");
        }
    }

    #[test]
    fn output_that_goes_elsewhere_is_told() {
        let captured = |script: &str| {
            let script = read(script);
            script.commands.iter().find(|c| c.name() == "echo").map(|c| c.captured)
        };
        for script in ["echo a", "echo a >&2", "echo a 2>/dev/null", "echo a > /dev/stderr", "(echo a)", "echo a || b"]
        {
            assert_eq!(captured(script), Some(false), "{script}");
        }
        for script in [
            "echo a > f",
            "echo a | b",
            "x=$(echo a)",
            "(echo a) > f",
            "{ echo a; } | b",
            "for x in y; do echo a; done > f",
        ] {
            assert_eq!(captured(script), Some(true), "{script}");
        }
    }

    #[test]
    fn what_runs_stands_behind_prefixes() {
        for (script, want) in [
            ("sudo -E -u x bash -", "bash"),
            ("A=b env C=d /usr/bin/Curl u", "curl"),
            ("timeout 30 npm ci", "npm"),
            ("then sh", "sh"),
            ("env", "env"),
        ] {
            assert_eq!(read(script).commands[0].name(), want, "{script}");
        }
    }
}
