//! Settings of Django: `SECRET_KEY`, the passwords of `DATABASES`, and others that its modules name.
//!
//! <https://docs.djangoproject.com/en/stable/ref/settings/>. Only values that are one literal string are read; what is fetched
//! from the environment is none.

use super::names::{Speaks, is_common, is_value, speaks};
use super::reading::{lines, put};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, SecretFact, SecretForm, Span};

/// The format.
pub static DJANGO: Format =
    super::format("django-settings", "Django settings", |path, _| super::is(path, "django-settings"), read);

/// The literal that a text begins with, and where it ends. Prefixes of strings other than `r`, `b` and `u` make a text of it
/// that is put together.
fn literal(text: &str) -> Option<(usize, String)> {
    let head = text.trim_start_matches(['r', 'b', 'u', 'R', 'B', 'U']);
    let quote = head.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = head.get(1..)?;
    let mut value = String::new();
    let mut letters = inner.char_indices();
    while let Some((_, c)) = letters.next() {
        match c {
            c if c == quote => return Some((text.len() - inner.len(), value)),
            '\\' => value.extend(letters.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    None
}

/// `NAME = literal` or `'NAME': literal` on a line: name, and the rest behind the mark with its place.
fn assigned(at: usize, line: &str) -> Option<(&str, usize, &str, bool)> {
    let body = line.trim_start();
    let start = at + line.len() - body.len();
    let (name, listed) = match body.chars().next()? {
        quote @ ('"' | '\'') => (body.get(1..)?.split(quote).next()?, true),
        _ => (body.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()?, false),
    };
    let after = body.get(name.len() + if listed { 2 } else { 0 }..)?;
    let value = after.trim_start().strip_prefix(if listed { ':' } else { '=' })?.trim_start();
    Some((name, start + body.len() - value.len(), value, listed))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    // The settings of a database stand around its password.
    let (mut user, mut host): (Option<String>, Option<String>) = (None, None);
    let mut waiting: Vec<SecretFact> = Vec::new();
    for (at, line) in lines(input.text) {
        if line.trim_start().starts_with('}') {
            for secret in waiting.drain(..) {
                put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret });
            }
            (user, host) = (None, None);
            continue;
        }
        let Some((name, start, rest, listed)) = assigned(at, line) else { continue };
        let Some((skip, value)) = literal(rest) else { continue };
        let end = start
            + skip
            + rest.get(skip..).and_then(|r| closing(r, rest.as_bytes().get(skip - 1).copied())).unwrap_or(0);
        let place = Span::new(start + skip, end);
        let new = |rule| SecretFact { name: Some(name.to_owned()), ..SecretFact::new(rule, value.as_bytes(), place) };
        match name {
            "USER" if listed => user = Some(value),
            "HOST" if listed => host = Some(value),
            "PASSWORD" if listed => waiting.push(new("django-password")),
            "SECRET_KEY" if value.len() >= 16 => {
                let own = value.starts_with("django-insecure-");
                put(
                    out,
                    SecretFact {
                        form: SecretForm::Random,
                        confidence: own.then_some(Confidence::Medium),
                        evidence: own
                            .then_some("startproject made it and calls it insecure: meant for development only"),
                        ..new("django-secret-key")
                    },
                );
            }
            _ => {
                let Some(kind) = speaks(name).filter(|kind| is_value(*kind, name, &value)) else { continue };
                let word = value.contains(' ') || kind == Speaks::Password && is_common(&value);
                let confidence = Some(if word { Confidence::Low } else { Confidence::Medium });
                put(out, SecretFact { confidence, ..new("django-password") });
            }
        }
    }
    waiting.into_iter().for_each(|secret| put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret }));
}

/// Where the quote stands that ends a literal whose inside a text begins with.
fn closing(text: &str, quote: Option<u8>) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let ends = !escaped && Some(b) == quote;
        escaped = !escaped && b == b'\\';
        ends
    })
}
