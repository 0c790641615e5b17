//! Mail programs: `.esmtprc`, `.msmtprc`, `.fetchmailrc`, `.muttrc`, `.offlineimaprc`, `.mbsyncrc`.
//!
//! <https://marlam.de/msmtp/msmtp.html#Configuration-files>, <https://neomutt.org/guide/reference>,
//! <https://www.fetchmail.info/fetchmail-man.html>, <https://www.offlineimap.org/doc/conf_examples.html>. What a command gives
//! (`passwordeval`, `PassCmd`) is no value.

use super::reading::{fact, lines, put, span, trimmed, unquoted};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// The format.
pub static MAIL: Format =
    super::format("mail-client", "Mail programs' logins", |path, _| super::is(path, "mail-client"), read);

/// Names of passwords.
const PASSWORDS: [&str; 10] = [
    "password",
    "pass",
    "remotepass",
    "imap_pass",
    "smtp_pass",
    "pop_pass",
    "imappass",
    "smtppass",
    "proxy_pass",
    "nntp_pass",
];

/// The word that a text begins with, which ends at white space or a mark, and what follows the mark.
fn word(at: usize, text: &str) -> (&str, usize, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let (start, value) = trimmed(at + end, rest);
    match value.strip_prefix('=') {
        Some(value) => {
            let (start, value) = trimmed(start + 1, value);
            (word, start, value)
        }
        None => (word, start, value),
    }
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let (mut user, mut host) = (None, None);
    let mut found: Vec<SecretFact> = Vec::new();
    let mut finish = |user: &mut Option<String>, host: &mut Option<String>, found: &mut Vec<SecretFact>| {
        let (user, host) = (user.take(), host.take());
        found.drain(..).for_each(|secret| put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret }));
    };
    for (at, line) in lines(input.text) {
        let (mut at, mut rest) = trimmed(at, line);
        if rest.starts_with('#') {
            continue;
        }
        // fetchmail writes whole logins on a line: `poll HOST user USER password PASSWORD`.
        while !rest.is_empty() {
            let (name, start, value) = word(at, rest);
            let lower = name.to_ascii_lowercase();
            let (start, value, end) = first_value(start, value);
            match lower.as_str() {
                "set" | "with" | "there" | "is" | "here" => {
                    (at, rest) = trimmed(at + name.len(), rest.get(name.len()..).unwrap_or_default());
                    continue;
                }
                "identity" | "account" => finish(&mut user, &mut host, &mut found),
                "poll" | "server" | "skip" => {
                    finish(&mut user, &mut host, &mut found);
                    host = Some(value.to_owned());
                }
                "username" | "user" | "remoteuser" | "imap_user" => user = Some(value.to_owned()),
                "host" | "hostname" | "remotehost" => host = Some(value.to_owned()),
                // What stands in backticks is a command.
                name if PASSWORDS.contains(&name) && !value.starts_with('`') => {
                    let secret = fact("mail-client-password", input.text, span(start, value));
                    found.push(SecretFact { name: Some(name.to_owned()), ..secret });
                }
                _ if !matches!(lower.as_str(), "via" | "port" | "protocol" | "proto" | "service") => {
                    // Anything else is a setting of one line.
                    break;
                }
                _ => {}
            }
            (at, rest) = trimmed(end, input.text.get(end..at + rest.len()).unwrap_or_default());
        }
    }
    finish(&mut user, &mut host, &mut found);
}

/// A quoted value, or one up to white space: where it begins, what it is, and where it ends with its quotes.
fn first_value(at: usize, text: &str) -> (usize, &str, usize) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\''))
        && let Some(end) = text.get(1..).and_then(|t| t.find(quote))
    {
        let (start, value) = unquoted(at, text.get(..end + 2).unwrap_or(text));
        return (start, value, at + end + 2);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let value = text.get(..end).unwrap_or(text);
    (at, value.trim_end_matches(';'), at + end)
}
