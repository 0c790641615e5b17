//! `.netrc`, which curl, git, ftp and many others log in with.
//!
//! <https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html>; curl and Python read quotes and `#`
//! comments too (<https://everything.curl.dev/usingcurl/netrc.html>).

use super::reading::put;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, Span};

/// The format.
pub static NETRC: Format = super::format("netrc", ".netrc logins", |path, _| super::is(path, "netrc"), read);

/// Words of a text with their places, quotes taken off.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl Words<'_> {
    fn skip_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find('\n').map_or(rest.len(), |i| i + 1);
    }

    /// Over the body of a macro: up to an empty line.
    fn skip_macro(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = ["\n\n", "\n\r\n"].iter().filter_map(|end| rest.find(end)).min();
        self.at += ends.unwrap_or(rest.len());
    }

    fn next(&mut self) -> Option<(Span, String)> {
        loop {
            let rest = self.text.get(self.at..)?;
            let word = rest.trim_start();
            self.at += rest.len() - word.len();
            if word.is_empty() {
                return None;
            }
            if !word.starts_with('#') {
                break;
            }
            self.skip_line();
        }
        let word = self.text.get(self.at..)?;
        let start = self.at;
        let Some(quoted) = word.strip_prefix('"') else {
            let end = word.find(char::is_whitespace).unwrap_or(word.len());
            self.at += end;
            return Some((Span::new(start, start + end), word.get(..end)?.to_owned()));
        };
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        while let Some((i, c)) = letters.next() {
            match c {
                '"' => {
                    self.at = start + 1 + i + 1;
                    return Some((Span::new(start + 1, start + 1 + i), value));
                }
                '\n' => break,
                '\\' => value.extend(letters.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        // A quote that nothing closes is a letter like others.
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        self.at = start + end;
        Some((Span::new(start, start + end), word.get(..end)?.to_owned()))
    }
}

/// One machine.
#[derive(Default)]
struct Entry {
    host: Option<String>,
    user: Option<String>,
    passwords: Vec<(Span, String)>,
}

impl Entry {
    /// Login and password may stand in any order, so an entry is told when it ends.
    fn finish(&mut self, out: &mut Out<'_>) {
        let Self { host, user, passwords } = std::mem::take(self);
        for (span, password) in passwords {
            let secret = SecretFact::new("netrc-password", password.as_bytes(), span);
            let (user, host) = (user.clone(), host.clone());
            put(out, SecretFact { name: Some("password".to_owned()), user, host, ..secret });
        }
    }
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut words = Words { text: input.text, at: 0 };
    let mut entry = Entry::default();
    while let Some((_, word)) = words.next() {
        match word.as_str() {
            "machine" => {
                entry.finish(out);
                entry.host = words.next().map(|(_, host)| host);
            }
            "default" => entry.finish(out),
            "login" | "user" => entry.user = words.next().map(|(_, user)| user),
            "password" | "passwd" => entry.passwords.extend(words.next()),
            "account" => drop(words.next()),
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
    entry.finish(out);
}
