//! One file of git's configuration (<https://git-scm.com/docs/git-config#_syntax>). Files that it includes are not read:
//! what a scanned repository says of itself may not lead anywhere else.

use std::path::Path;

use super::regular;

/// Longest configuration that is read.
const MAX: u64 = 4 << 20;

/// What one file sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitConfig {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    section: String,
    subsection: Option<String>,
    name: String,
    /// A name alone is set to true.
    value: Option<String>,
}

impl GitConfig {
    /// Reads a file; one that is not there sets nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, String> {
        match regular::read(path, MAX) {
            Ok(bytes) => Ok(Self::parse(&bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// What a text sets; a line that is none of git's sets nothing.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut config = Self::default();
        let mut text = Text { bytes, at: 0 };
        let mut section: Option<(String, Option<String>)> = None;
        while let Some(byte) = text.next() {
            match byte {
                b'[' => section = text.section(),
                b'#' | b';' => text.skip_line(),
                _ if byte.is_ascii_whitespace() => {}
                _ if byte.is_ascii_alphabetic() => {
                    text.at -= 1;
                    if let (Some((name, value)), Some((section, subsection))) = (text.variable(), &section) {
                        let (section, subsection) = (section.clone(), subsection.clone());
                        config.entries.push(Entry { section, subsection, name, value });
                    }
                }
                _ => text.skip_line(),
            }
        }
        config
    }

    /// The last value of a variable. Section and name are in lower case, a subsection as it is written.
    #[must_use]
    pub fn get(&self, section: &str, subsection: Option<&str>, name: &str) -> Option<&str> {
        let is = |e: &&Entry| e.section == section && e.subsection.as_deref() == subsection && e.name == name;
        self.entries.iter().rev().find(is).map(|e| e.value.as_deref().unwrap_or("true"))
    }

    /// Whether a variable is set to true.
    #[must_use]
    pub fn is_true(&self, section: &str, name: &str) -> bool {
        let value = self.get(section, None, name).unwrap_or_default().to_ascii_lowercase();
        matches!(value.as_str(), "true" | "yes" | "on" | "1")
    }

    /// Adds what another file sets, which wins.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }
}

struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Text<'_> {
    /// The next byte; the two that end a line elsewhere are one.
    fn next(&mut self) -> Option<u8> {
        if self.bytes.get(self.at..self.at + 2) == Some(b"\r\n") {
            self.at += 1;
        }
        let byte = self.bytes.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|b| b != b'\n') {}
    }

    /// The head of a section behind its bracket.
    fn section(&mut self) -> Option<(String, Option<String>)> {
        let mut name = Vec::new();
        loop {
            match self.next()? {
                b']' => break,
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') => name.push(byte),
                b' ' | b'\t' => return Some((lower(&name), Some(self.subsection()?))),
                b'\n' => return None,
                _ => {
                    self.skip_line();
                    return None;
                }
            }
        }
        // The older form `[section.subsection]`.
        let name = lower(&name);
        Some(match name.split_once('.') {
            Some((section, subsection)) => (section.to_owned(), Some(subsection.to_owned())),
            None => (name, None),
        })
    }

    fn subsection(&mut self) -> Option<String> {
        let mut byte = self.next()?;
        while matches!(byte, b' ' | b'\t') {
            byte = self.next()?;
        }
        let mut name = Vec::new();
        if byte != b'"' {
            if byte != b'\n' {
                self.skip_line();
            }
            return None;
        }
        loop {
            match self.next()? {
                b'"' => {
                    let end = self.next()?;
                    if end != b']' && end != b'\n' {
                        self.skip_line();
                    }
                    return (end == b']').then(|| String::from_utf8_lossy(&name).into_owned());
                }
                b'\n' => return None,
                b'\\' => name.push(self.next().filter(|b| *b != b'\n')?),
                other => name.push(other),
            }
        }
    }

    /// A name and its value.
    fn variable(&mut self) -> Option<(String, Option<String>)> {
        let mut name = Vec::new();
        let mut byte = self.next();
        while let Some(b) = byte.filter(|b| b.is_ascii_alphanumeric() || *b == b'-') {
            name.push(b);
            byte = self.next();
        }
        while matches!(byte, Some(b' ' | b'\t')) {
            byte = self.next();
        }
        match byte {
            None | Some(b'\n') => Some((lower(&name), None)),
            Some(b'=') => Some((lower(&name), Some(self.value()?))),
            Some(b'#' | b';') => {
                self.skip_line();
                Some((lower(&name), None))
            }
            Some(_) => {
                self.skip_line();
                None
            }
        }
    }

    /// A value up to the end of its line: quotes keep spaces and marks of comments, a backslash keeps or means something.
    fn value(&mut self) -> Option<String> {
        let mut value = Vec::new();
        // Up to here spaces at the end belong to the value.
        let mut end = 0;
        let mut quoted = false;
        loop {
            match self.next() {
                None | Some(b'\n') if quoted => return None,
                None | Some(b'\n') => break,
                Some(b'#' | b';') if !quoted => {
                    self.skip_line();
                    break;
                }
                Some(b'"') => {
                    quoted = !quoted;
                    end = value.len();
                }
                Some(b'\\') => {
                    match self.next() {
                        Some(b'\n') => continue,
                        Some(b'n') => value.push(b'\n'),
                        Some(b't') => value.push(b'\t'),
                        Some(b'b') => value.push(8),
                        Some(byte @ (b'"' | b'\\')) => value.push(byte),
                        other => {
                            if other.is_some() {
                                self.skip_line();
                            }
                            return None;
                        }
                    }
                    end = value.len();
                }
                Some(byte) if byte.is_ascii_whitespace() && !quoted => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                }
                Some(byte) => {
                    value.push(byte);
                    end = value.len();
                }
            }
        }
        value.truncate(end);
        Some(String::from_utf8_lossy(&value).into_owned())
    }
}

fn lower(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_quotes_escapes_and_continued_lines_are_read_as_git_reads_them() {
        let text = "\u{feff}; comment\n[Core] bare = false # here\n\tHooksPath = \"a b\" \\\n c ; x\r\n\tfsmonitor\n\
                    [remote \"Or\\\"igin\"]\nurl = \"x # y\"\\t\\\"\nurl=last  \n[remote.OLD]\n url = 1\n\
                    [bad\nvalue = 1\n[core]\nbroken = \"open\nalso = a\\qb\nbare = true\n1x = y\n[include]\npath = /etc/x";
        let config = GitConfig::parse(text.as_bytes());
        assert_eq!(config.get("core", None, "hookspath"), Some("a b  c"));
        assert!(config.is_true("core", "bare") && config.is_true("core", "fsmonitor"));
        assert_eq!(config.get("remote", Some("Or\"igin"), "url"), Some("last"));
        assert_eq!(config.get("remote", Some("old"), "url"), Some("1"));
        assert_eq!(config.get("core", None, "broken"), None);
        assert_eq!(config.get("core", None, "also"), None);
        assert_eq!(config.get("include", None, "path"), Some("/etc/x"));
        for cut in 0..text.len() {
            let _ = GitConfig::parse(&text.as_bytes()[..cut]);
        }
    }

    #[test]
    fn a_file_that_is_not_there_sets_nothing_and_one_that_is_no_file_is_an_error() {
        assert_eq!(GitConfig::read(Path::new("/nowhere/config")), Ok(GitConfig::default()));
        assert!(GitConfig::read(Path::new("/")).is_err());
    }
}
