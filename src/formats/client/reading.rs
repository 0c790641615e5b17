//! What the readers of credential files have in common: lines, quotes, base64, the places of all of them.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use crate::doc::xml::unescaped;
use crate::doc::{self, Doc, Node, ParseError};
use crate::formats::{Input, Out, ReadNotice};
use crate::model::{At, Fact, NoticeKind, SecretFact, Span};

/// Passes on a fact at its own place; an empty value is none.
pub fn put(out: &mut Out<'_>, fact: SecretFact) {
    if fact.secret.is_empty() || fact.span.is_empty() {
        return;
    }
    out.fact(Fact::Secret(At::span(fact.span), fact));
}

/// A password as the text has it.
pub fn fact(rule: &'static str, text: &str, span: Span) -> SecretFact {
    SecretFact::new(rule, span.of(text.as_bytes()), span)
}

/// A string of a document, escapes resolved. `None` for what is no string.
pub fn fact_of(rule: &'static str, node: &Node) -> Option<SecretFact> {
    let value = node.scalar().filter(|v| !v.is_empty())?;
    Some(SecretFact::new(rule, value.as_bytes(), node.inner))
}

/// The string under a key.
pub fn string<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str).filter(|v| !v.is_empty())
}

/// Lines with the places where they begin, without line ends.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line.strip_suffix('\r').unwrap_or(line))
    })
}

/// A part of the text at `at` without white space around it, and where that begins.
pub fn trimmed(at: usize, part: &str) -> (usize, &str) {
    let rest = part.trim_start();
    (at + part.len() - rest.len(), rest.trim_end())
}

/// A value without one pair of quotes around it, and where that begins.
pub fn unquoted(at: usize, value: &str) -> (usize, &str) {
    for quote in ['"', '\'', '`'] {
        if value.len() >= 2 && value.starts_with(quote) && value.ends_with(quote) {
            return (at + 1, value.get(1..value.len() - 1).unwrap_or_default());
        }
    }
    (at, value)
}

/// The span of a part that begins at a place.
pub fn span(at: usize, part: &str) -> Span {
    Span::new(at, at + part.len())
}

/// Base64 of either alphabet, padded or not; `None` for what is none.
pub fn base64(value: &str) -> Option<Vec<u8>> {
    let bare = value.trim().trim_end_matches('=').as_bytes();
    if bare.is_empty() {
        return None;
    }
    BASE64_NOPAD.decode(bare).or_else(|_| BASE64URL_NOPAD.decode(bare)).ok().or_else(|| {
        // Some writers leave bits of a byte behind that they never finished.
        let mut lax = data_encoding::Specification::new();
        lax.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        lax.check_trailing_bits = false;
        lax.encoding().ok()?.decode(bare).ok()
    })
}

/// `user:password` of a base64 text.
pub fn login(value: &str) -> Option<(String, String)> {
    let plain = String::from_utf8(base64(value)?).ok()?;
    let (user, password) = plain.split_once(':')?;
    let fine = |part: &str| !part.chars().any(char::is_control);
    (fine(user) && fine(password)).then(|| (user.to_owned(), password.to_owned()))
}

/// A text with `%XX` resolved; what is no such escape stays.
pub fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).filter(|_| *b == b'%').and_then(|h| std::str::from_utf8(h).ok());
        match code.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(*b);
                at += 1;
            }
        }
    }
    out
}

/// The login in an URL.
pub struct Login<'t> {
    /// The user, as written.
    pub user: &'t str,
    /// The password, as written, and where it begins.
    pub password: (usize, &'t str),
    /// The host, without port and path.
    pub host: &'t str,
}

/// Reads `scheme://user:password@host…` that begins at `at`. Programs that write passwords as they are put any character
/// in them, so the last `@` before white space, a quote or the end counts.
pub fn login_of_url(at: usize, url: &str) -> Option<Login<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`')).unwrap_or(rest.len());
    let rest = rest.get(..end)?;
    let (login, host) = rest.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(h, _)| h);
    let start = at + scheme.len() + 3 + user.len() + 1;
    // A slash before the `@` is one of a path: there was no login.
    (!user.contains('/') && !password.is_empty() && !host.is_empty()).then_some(Login {
        user,
        password: (start, password),
        host,
    })
}

/// The host of an URL, without what stands around it.
pub fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url.trim_start_matches('/'), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, h)| h);
    Some(host.to_owned()).filter(|h| !h.is_empty())
}

/// An attribute of a tag: its place, and its value with entities resolved.
pub fn attribute(text: &str, attributes: &[(&str, Span)], name: &str) -> Option<(Span, String)> {
    let (_, place) = attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    Some((*place, unescaped(text.get(place.start..place.end)?)))
}

/// The text of an element, entities resolved unless it is CDATA.
pub fn text_of(text: &str, place: Span, raw: bool) -> String {
    let value = text.get(place.start..place.end).unwrap_or_default();
    if raw { value.to_owned() } else { unescaped(value) }
}

/// The text as JSON; what is none is told and skipped.
pub fn json(input: &Input<'_>, what: &str, out: &mut Out<'_>) -> Option<Doc> {
    doc::json::parse(input.text).map_err(|e| malformed(what, e, out)).ok()
}

/// The text as YAML.
pub fn yaml(input: &Input<'_>, what: &str, out: &mut Out<'_>) -> Option<Doc> {
    doc::yaml::parse(input.text).map_err(|e| malformed(what, e, out)).ok()
}

/// The detectors look through the text all the same, so this is a limit and no gap.
fn malformed(what: &str, error: ParseError, out: &mut Out<'_>) {
    let message = format!("is no valid {what}, so it was only searched: {}", error.message);
    let (line, column) = (error.line, error.column);
    out.notice(ReadNotice { kind: NoticeKind::Limit, code: "malformed", line, column, message });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_in_an_url_ends_at_the_last_at_sign() {
        let login = login_of_url(10, "https://bob:p@ss#1@git.example.org:8443/x").map(|l| (l.user, l.password, l.host));
        assert_eq!(login, Some(("bob", (22, "p@ss#1"), "git.example.org")));
        assert!(login_of_url(0, "https://example.org/a:b@c").is_none());
        assert!(login_of_url(0, "https://bob@example.org/").is_none());
    }

    #[test]
    fn base64_is_read_padded_or_not() {
        for text in ["Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI", "Ym9iOmh1bnRlcjJ"] {
            assert_eq!(login(text).map(|l| l.0).as_deref(), Some("bob"), "{text}");
        }
        assert_eq!(base64("no base64!"), None);
        assert_eq!(percent_decoded("a%40b%zz"), b"a@b%zz");
    }
}
