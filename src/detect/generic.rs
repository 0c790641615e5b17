//! The generic detector: a name that speaks of a credential, a separator of some grammar, and a value of its own.
//!
//! It reads assignments as many languages write them and judges name and value by their shape. What it refuses it can
//! name, and what it takes for a reference to a value kept elsewhere it counts as the good path.

use super::filter::{self, Drop};
use super::tokens;
use crate::model::{Confidence, Family, PathClass, Span};
use crate::text::{entropy, words};

/// Words that make a name speak of a credential, compared without case. A strong word may stand before any value; a weak
/// one is common in code and counts only before a long token with a digit. None is shorter than four bytes, because the
/// prefilter pays for short keywords.
pub const WORDS: &[(&str, Strength)] = &[
    ("passw", Strength::Password),
    ("passphrase", Strength::Password),
    ("_pass", Strength::Password),
    ("pass=", Strength::Password),
    ("pass:", Strength::Password),
    ("pass\"", Strength::Password),
    ("pass'", Strength::Password),
    ("identified by", Strength::Password),
    ("secret", Strength::Strong),
    ("token", Strength::Strong),
    ("credential", Strength::Strong),
    ("api_key", Strength::Strong),
    ("apikey", Strength::Strong),
    ("api-key", Strength::Strong),
    ("api key", Strength::Strong),
    ("access_key", Strength::Strong),
    ("accesskey", Strength::Strong),
    ("access-key", Strength::Strong),
    ("private_key", Strength::Strong),
    ("privatekey", Strength::Strong),
    ("bearer", Strength::Strong),
    ("auth", Strength::Weak),
    ("cred", Strength::Weak),
    ("key=", Strength::Weak),
    ("key:", Strength::Weak),
    ("key ", Strength::Weak),
    ("key\t", Strength::Weak),
    ("key1", Strength::Weak),
    ("key2", Strength::Weak),
    ("key\"", Strength::Weak),
    ("key'", Strength::Weak),
    ("key`", Strength::Weak),
    ("key]", Strength::Weak),
    ("key)", Strength::Weak),
    ("key>", Strength::Weak),
    ("key<", Strength::Weak),
    ("key,", Strength::Weak),
    ("key(", Strength::Weak),
    ("key\\", Strength::Weak),
    ("key_", Strength::Weak),
    ("key-", Strength::Weak),
    ("key.", Strength::Weak),
    ("keys", Strength::Weak),
    ("api_", Strength::Weak),
    ("api-", Strength::Weak),
    ("api:", Strength::Weak),
    ("api=", Strength::Weak),
    ("pwd=", Strength::Password),
    ("pwd:", Strength::Password),
    ("pwd ", Strength::Password),
    ("pwd\"", Strength::Password),
    ("pwd'", Strength::Password),
    ("pwd>", Strength::Password),
    ("pwd_", Strength::Password),
    ("pwd,", Strength::Password),
];

/// How much a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Common in code.
    Weak,
    /// Speaks of a machine's credential.
    Strong,
    /// Speaks of a password, which may be short and wordy.
    Password,
}

/// What stands at a keyword.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A value worth reporting.
    Secret {
        /// The name.
        name: Span,
        /// The value.
        value: Span,
        /// How sure.
        confidence: Confidence,
        /// Whether it is weak enough to be guessed.
        weak: bool,
    },
    /// A value that is kept elsewhere.
    Reference {
        /// The name.
        name: Span,
        /// The reference.
        value: Span,
    },
    /// A value that is something else.
    Dropped {
        /// The value.
        value: Span,
        /// What it was taken for.
        why: Drop,
    },
}

/// How far a token may begin behind a weak word.
const WEAK_REACH: usize = 64;
/// Least length of a token behind a weak word.
const TOKEN: usize = 16;
/// Longest value read.
const LONGEST: usize = 512;

/// Reads the assignment whose name holds the word at `at`. `None` when no value follows.
#[must_use]
pub fn read(text: &[u8], at: usize, word: &str, strength: Strength, class: &PathClass) -> Option<Verdict> {
    // A separator at the end of a word only makes it rarer; it is read again as what it is.
    let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if strength == Strength::Weak && !tokens::run_ahead(text, at + word.len(), WEAK_REACH, TOKEN) {
        return None;
    }
    let name = name_span(text, at, word.len());
    if name.of(text).eq_ignore_ascii_case(b"secretKeyRef") {
        return Some(Verdict::Reference { name: variable_of(text, name.start).unwrap_or(name), value: name });
    }
    if name.len() > 80 || !is_word_in(text, at, word) {
        return None;
    }
    let (separator, value, quoted) = value_after(text, name.end)?;
    let bytes = value.of(text);
    if bytes.is_empty() {
        return None;
    }
    let name_bytes = name.of(text);
    // Encrypted in place: nothing is fetched from elsewhere.
    if bytes.starts_with(b"!vault") {
        return Some(Verdict::Dropped { value, why: Drop::Reference });
    }
    if filter::is_reference(bytes) {
        // `${DB_PASSWORD:-hunter2}`: what is used when the variable is not set stands in the clear.
        let default = default_of(bytes).map(|d| Span::new(value.start + d.start, value.start + d.end));
        if let Some(default) = default.filter(|d| !filter::is_reference(d.of(text)))
            && let Ok((confidence, weak)) = judge(name_bytes, default.of(text), true, separator, strength, class, None)
        {
            return Some(Verdict::Secret { name, value: default, confidence, weak });
        }
        return Some(Verdict::Reference { name, value });
    }
    match judge(name_bytes, bytes, quoted, separator, strength, class, text.get(value.end).copied()) {
        Ok((confidence, weak)) => Some(Verdict::Secret { name, value, confidence, weak }),
        Err(why) => Some(Verdict::Dropped { value, why }),
    }
}

/// The default inside `${NAME:-default}`, `${NAME-default}`, `${name:default}`.
fn default_of(value: &[u8]) -> Option<Span> {
    let inner = value.strip_prefix(b"${")?;
    let inner = inner.strip_suffix(b"}").unwrap_or(inner);
    let name = inner.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')))?;
    let skip = match inner.get(name..)? {
        [b':', b'-' | b'=', ..] => 2,
        [b':' | b'-', ..] => 1,
        _ => return None,
    };
    let span = Span::new(2 + name + skip, 2 + inner.len());
    (!span.is_empty()).then_some(span)
}

/// True unless the word is the tail of a longer one that means something else (`monkey`, `keyboard`, `capital`).
fn is_word_in(text: &[u8], at: usize, word: &str) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).copied().unwrap_or(b' ');
    let after = text.get(at + word.len()).copied().unwrap_or(b' ');
    let first = text.get(at).copied().unwrap_or(b' ');
    // A word that begins inside a run of lower-case letters begins nowhere, unless case marks it (`apiKey`).
    let begins = !before.is_ascii_lowercase() || first.is_ascii_uppercase() || !first.is_ascii_alphabetic();
    let begins = begins || matches!(word, "passw" | "secret" | "token" | "apikey") || ends_prefix(text, at);
    let ends = match word {
        "keys" => !after.is_ascii_lowercase(),
        "key" | "api" | "pwd" => {
            !after.is_ascii_lowercase()
                || after == b's' && !text.get(at + word.len() + 1).is_some_and(u8::is_ascii_lowercase)
        }
        "auth" => {
            !after.is_ascii_lowercase() || text.get(at..at + 9).is_some_and(|w| w.eq_ignore_ascii_case(b"authoriza"))
        }
        _ => true,
    };
    begins && ends
}

/// Lower-case compounds in which `key` and `pwd` are words of their own.
fn ends_prefix(text: &[u8], at: usize) -> bool {
    let low = at.saturating_sub(8);
    let before = text.get(low..at).unwrap_or_default().to_ascii_lowercase();
    [
        "api", "access", "secret", "auth", "private", "app", "account", "license", "consumer", "db", "user", "service",
        "signing", "master", "my", "oauth",
    ]
    .iter()
    .any(|p| before.ends_with(p.as_bytes()))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn name_span(text: &[u8], at: usize, len: usize) -> Span {
    let low = at.saturating_sub(64);
    let start = text.get(low..at).map_or(at, |h| h.iter().rposition(|b| !is_name(*b)).map_or(low, |i| low + i + 1));
    let mut from = at + len;
    // Words like `pass=` hold the separator already.
    while from > at && text.get(from - 1).is_some_and(|b| !is_name(*b)) {
        from -= 1;
    }
    let high = text.len().min(from + 64);
    let end = text.get(from..high).map_or(from, |t| t.iter().position(|b| !is_name(*b)).map_or(high, |i| from + i));
    Span::new(start, end)
}

/// What stood between name and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// `=`, `:`, `:=`, `=>` and relatives.
    Assign,
    /// `>` of an element.
    Markup,
    /// A comma between call arguments.
    Comma,
    /// Nothing but space, or a dash.
    Space,
}

/// Where the separator stands before the value of a name in an attribute or entry of its own: `<add key="name" value="…"/>`,
/// and `- name: NAME` with `value: …` on the next line.
fn value_beside(text: &[u8], at: usize, limit: usize) -> Option<usize> {
    let rest = text.get(at..limit)?;
    let line = rest.trim_ascii_start();
    let skipped = rest.len() - line.len();
    let breaks = rest.iter().take(skipped).filter(|b| **b == b'\n').count();
    let named = line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"value"));
    let separator = line.get(5..)?.trim_ascii_start();
    let sign = *separator.first()?;
    (named && (breaks == 0 && sign == b'=' || breaks == 1 && sign == b':')).then_some(limit - separator.len())
}

/// The separator and the value behind a name.
fn value_after(text: &[u8], from: usize) -> Option<(Separator, Span, bool)> {
    let limit = text.len().min(from + 96);
    let mut at = from;
    let peek = |i: usize| text.get(i).copied().filter(|_| i < limit);
    let space = |mut i: usize| {
        while peek(i).is_some_and(|b| b == b' ' || b == b'\t') {
            i += 1;
        }
        i
    };
    // The quote that closes a quoted key, possibly escaped; a closing bracket of an index.
    while matches!(peek(at), Some(b'\\' | b'"' | b'\'' | b'`' | b']' | b')' | b'*' | b'}')) {
        at += 1;
    }
    let closed_quote = at > from;
    at = space(at);
    if let Some(after) = value_beside(text, at, limit) {
        at = after;
    }
    // `name: Type =`, `name (description):`
    let mut separator = None;
    let mut compares = false;
    let start_of_separator = at;
    match peek(at) {
        Some(b'=') => {
            at += 1;
            compares = peek(at) == Some(b'=');
            while matches!(peek(at), Some(b'=' | b'>' | b'~')) {
                at += 1;
            }
            separator = Some(Separator::Assign);
        }
        Some(b':') => {
            at += 1;
            while matches!(peek(at), Some(b'=' | b':')) {
                at += 1;
            }
            separator = Some(Separator::Assign);
            at = typed(text, at, limit);
        }
        Some(b'?' | b'|' | b'+')
            if text
                .get(at..limit)
                .is_some_and(|t| t.starts_with(b"?=") || t.starts_with(b"||=") || t.starts_with(b"+=")) =>
        {
            at += if text[at] == b'|' { 3 } else { 2 };
            separator = Some(Separator::Assign);
        }
        Some(b'-') if peek(at + 1) == Some(b'>') => {
            at += 2;
            separator = Some(Separator::Assign);
        }
        Some(b'-') if peek(at + 1) == Some(b' ') => {
            at += 1;
            separator = Some(Separator::Space);
        }
        Some(b'>') => {
            at += 1;
            separator = Some(Separator::Markup);
        }
        Some(b',') => {
            at += 1;
            separator = Some(Separator::Comma);
        }
        Some(b'(') => {
            at += 1;
            separator = Some(Separator::Comma);
        }
        _ => {}
    }
    let separator = match separator {
        Some(s) => s,
        None if (start_of_separator > from || at > from) && !closed_quote => {
            // `token is "…"`, `key VALUE`.
            for word in [&b"is "[..], b"to "] {
                if text.get(at..limit).is_some_and(|t| t.starts_with(word)) {
                    at += word.len();
                }
            }
            Separator::Space
        }
        None => return None,
    };
    at = space(at);
    if separator == Separator::Assign && peek(at) == Some(b'\\') && peek(at + 1) == Some(b'"') {
        at += 1;
    }
    // Prefixes of string literals, and schemes in front of a token.
    for prefix in [&b"b\""[..], b"r\"", b"u\"", b"f\"", b"b'", b"u'", b"@\""] {
        if text.get(at..limit).is_some_and(|t| t.starts_with(prefix)) {
            at += prefix.len() - 1;
        }
    }
    let quote = peek(at).filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    if quote.is_some() {
        at += 1;
    } else if compares {
        // What is compared with is a variable unless it is quoted.
        return None;
    }
    for scheme in [&b"Bearer "[..], b"bearer ", b"Token ", b"token ", b"Basic "] {
        if text.get(at..text.len().min(at + 16)).is_some_and(|t| t.starts_with(scheme)) {
            at += scheme.len();
        }
    }
    let rest = text.get(at..text.len().min(at + LONGEST))?;
    let end = match quote {
        Some(q) => {
            let mut i = 0;
            loop {
                match rest.get(i) {
                    Some(b) if *b == q => break i,
                    Some(b'\n') | None => return None,
                    // An escaped quote ends a value inside an escaped string, and is part of one elsewhere.
                    Some(b'\\') if rest.get(i + 1) == Some(&b'"') => break i,
                    Some(b'\\') => i += 2,
                    Some(_) => i += 1,
                }
            }
        }
        None if separator == Separator::Markup => rest.iter().position(|b| matches!(b, b'<' | b'\n' | b'\r'))?,
        None => rest
            .iter()
            .position(|b| {
                b.is_ascii_whitespace()
                    || matches!(
                        b,
                        b'"' | b'\'' | b',' | b';' | b')' | b']' | b'}' | b'<' | b'>' | b'`' | b'&' | b'|' | b'\\'
                    )
            })
            .unwrap_or(rest.len()),
    };
    (end <= rest.len()).then(|| (separator, Span::new(at, at + end), quote.is_some()))
}

/// Skips `string =`, `&str =`, `String? =` behind a colon.
fn typed(text: &[u8], at: usize, limit: usize) -> usize {
    let Some(rest) = text.get(at..limit) else { return at };
    let Some(equals) = rest.iter().take(32).position(|b| *b == b'=') else { return at };
    let middle = rest[..equals].trim_ascii();
    let is_type = !middle.is_empty()
        && middle.iter().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'&' | b'\'' | b'?' | b' ' | b'<' | b'>' | b'.' | b'[' | b']')
        });
    let known = [&b"str"[..], b"string", b"&str", b"&'static str", b"string?", b"final", b"any", b"text", b"bytes"];
    if is_type && known.iter().any(|k| middle.eq_ignore_ascii_case(k)) { at + equals + 1 } else { at }
}

/// Words that say, wherever they stand in a name, that the value is no secret.
const REFUSED_ANYWHERE: &[&str] = &[
    "public",
    "pub",
    "pubkey",
    "publishable",
    "checksum",
    "sha",
    "sha1",
    "sha256",
    "sha512",
    "md",
    "md5",
    "digest",
    "integrity",
    "fingerprint",
    "thumbprint",
    "nonce",
    "csrf",
    "xsrf",
    "etag",
    "regex",
    "regexp",
    "pattern",
    "i18n",
    "translation",
    "placeholder",
    "tokenizer",
    "keyword",
    "keywords",
    "hotkey",
    "keybinding",
    "keycode",
    "keystroke",
    "filename",
    "endpoint",
    "authenticity",
    "monkey",
    "turkey",
    "donkey",
    "idempotency",
    "idempotent",
    "continuation",
    "pagination",
];

/// Words that say so at the end of a name.
const REFUSED_LAST: &[&str] = &[
    "id",
    "ids",
    "name",
    "names",
    "type",
    "types",
    "url",
    "urls",
    "uri",
    "path",
    "paths",
    "file",
    "files",
    "dir",
    "field",
    "fields",
    "label",
    "version",
    "hash",
    "hashes",
    "author",
    "authority",
    "length",
    "len",
    "size",
    "count",
    "description",
    "template",
    "message",
    "msg",
    "error",
    "errors",
    "title",
    "text",
    "hint",
    "policy",
    "algorithm",
    "alg",
    "format",
    "prefix",
    "suffix",
    "status",
    "state",
    "tokens",
    "index",
    "class",
    "column",
    "provider",
    "header",
    "headers",
    "timeout",
    "ttl",
    "date",
    "time",
    "at",
    "used",
    "enabled",
    "required",
    "strength",
    "validator",
    "store",
    "keystore",
    "group",
    "ref",
    "arn",
    "expires",
    "expiry",
    "expiration",
    "lifetime",
    "cursor",
    "changed",
    "rotated",
    "updated",
    "created",
    "code",
    "mode",
    "level",
    "scope",
    "scopes",
    "region",
    "mask",
    "host",
    "keyring",
    "namespace",
    "issuer",
    "audience",
    "question",
    "reset",
    "revision",
    "commit",
    "rev",
    "resolver",
    "handler",
    "factory",
];

/// Pairs of words at the end of a name that say so together.
const REFUSED_PAIRS: &[[&str; 2]] = &[
    ["cache", "key"],
    ["sort", "key"],
    ["partition", "key"],
    ["foreign", "key"],
    ["primary", "key"],
    ["site", "key"],
    ["hash", "key"],
    ["range", "key"],
    ["page", "token"],
    ["next", "token"],
    ["sync", "token"],
    ["client", "token"],
    ["request", "token"],
    ["change", "token"],
    ["action", "token"],
    ["lock", "token"],
    ["key", "type"],
    ["host", "key"],
    ["map", "key"],
    ["object", "key"],
    ["message", "key"],
    ["routing", "key"],
    ["sub", "key"],
    ["license", "text"],
    ["translation", "key"],
    ["label", "key"],
];

/// Words that say at the end of a name that the value is secret, whatever stands before them.
fn names_secret(words: &[String]) -> bool {
    let last = words.last().map(String::as_str).unwrap_or_default();
    let pair = words.len().checked_sub(2).and_then(|i| words.get(i)).map(String::as_str).unwrap_or_default();
    match (pair, last) {
        ("public", _) => false,
        (_, "password" | "passwd" | "pwd" | "passphrase" | "secret") => true,
        ("secret", "id") => true,
        (
            "api" | "private" | "secret" | "access" | "account" | "storage" | "transaction" | "license" | "master"
            | "signing",
            "key",
        ) => true,
        ("access" | "auth" | "api" | "refresh" | "bearer" | "authorization", "token") => true,
        _ => words.iter().any(|w| matches!(w.as_str(), "storage" | "account")) && last == "key",
    }
}

/// The variable of a container that a `secretKeyRef` fills: `- name: NAME`, then `valueFrom:`.
fn variable_of(text: &[u8], at: usize) -> Option<Span> {
    let from = at.saturating_sub(240);
    let before = text.get(from..at)?;
    let source = memchr::memmem::rfind(before, b"valueFrom")?;
    let key = memchr::memmem::rfind(before.get(..source)?, b"name:")? + b"name:".len();
    let value = before.get(key..source)?;
    let lead = value.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'"' | b'\'')).count();
    let plain = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let length = value.get(lead..)?.iter().take_while(plain).count();
    (length > 0).then(|| Span::new(from + key + lead, from + key + lead + length))
}

/// True when the name says that its value is no secret.
fn names_other(name: &str) -> bool {
    let words = words::words(name);
    // A number at the end only counts copies.
    let words: &[String] = match words.as_slice() {
        [head @ .., last] if !head.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) => head,
        all => all,
    };
    // The shell's working directory.
    if name == "PWD" || name == "OLDPWD" {
        return true;
    }
    if names_secret(words) {
        return false;
    }
    let Some(last) = words.last() else { return false };
    let ends = |pair: &[&str; 2]| words.ends_with(&pair.map(str::to_owned));
    words.iter().any(|w| REFUSED_ANYWHERE.contains(&w.as_str()))
        || REFUSED_LAST.contains(&last.as_str())
        || REFUSED_PAIRS.iter().any(ends)
}

/// Decides on name and value.
fn judge(
    name: &[u8],
    value: &[u8],
    quoted: bool,
    separator: Separator,
    strength: Strength,
    class: &PathClass,
    next: Option<u8>,
) -> Result<(Confidence, bool), Drop> {
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    if names_other(&String::from_utf8_lossy(name)) {
        return Err(Drop::Identifier);
    }
    if filter::is_placeholder(value) {
        return Err(Drop::Placeholder);
    }
    let bare_code = !quoted && matches!(class.family, Family::Code) && separator != Separator::Markup;
    if bare_code {
        return Err(Drop::Code);
    }
    if !quoted && (next == Some(b'(') || value.contains(&b'(')) {
        return Err(Drop::Code);
    }
    if class.lock || class.translation {
        return Err(if class.lock { Drop::Hash } else { Drop::Words });
    }
    // In a list the next name follows, not a value.
    let listed = matches!(separator, Separator::Comma | Separator::Space);
    if listed && is_name_of_secret(value) {
        return Err(Drop::Name);
    }
    if is_encoded_text(value) {
        return Err(Drop::Words);
    }
    let shape = Shape::of(value);
    if let Some(token) = judge_token(value, &shape, separator, strength)? {
        return Ok((token, false));
    }
    if strength == Strength::Password
        && matches!(separator, Separator::Assign | Separator::Markup | Separator::Comma | Separator::Space)
    {
        return judge_password(value, &shape, quoted, separator, &lower);
    }
    Err(Drop::Words)
}

/// Two words or more, the last of them what names of settings end with.
fn is_name_of_secret(value: &[u8]) -> bool {
    let words = words::words(&String::from_utf8_lossy(value));
    let last = words.last().map(String::as_str).unwrap_or_default();
    words.len() > 1
        && matches!(
            last,
            "password" | "passwd" | "pwd" | "passphrase" | "secret" | "token" | "key" | "user" | "username"
        )
}

/// Base64 of plain words (`ACCESS_KEY`), which hides nothing that is secret.
fn is_encoded_text(value: &[u8]) -> bool {
    let bare = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    let Ok(plain) = data_encoding::BASE64_NOPAD.decode(bare) else { return false };
    let word = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b' ' | b'\n' | b'\r');
    let named = plain.len() >= 8 && plain.iter().all(word) && entropy::rare_pairs(&plain).is_some_and(|r| r < 0.3);
    named || plain.contains(&b' ') && plain.iter().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
}

/// Counts of kinds of characters.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    lower: usize,
    upper: usize,
    digit: usize,
    /// `_ - . ~ + / =`: what tokens of common alphabets hold besides letters and digits.
    token_mark: usize,
    other: usize,
    space: usize,
    hex: bool,
}

impl Shape {
    fn of(value: &[u8]) -> Self {
        let mut s = Self { hex: true, ..Self::default() };
        for b in value {
            match b {
                b'a'..=b'z' => s.lower += 1,
                b'A'..=b'Z' => s.upper += 1,
                b'0'..=b'9' => s.digit += 1,
                b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=' | b':' => s.token_mark += 1,
                b' ' | b'\t' => s.space += 1,
                _ => s.other += 1,
            }
            s.hex &= b.is_ascii_hexdigit();
        }
        s
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

/// A machine-made token: long, of a token's alphabet, with digits among letters that do not read like words.
fn judge_token(
    value: &[u8],
    shape: &Shape,
    separator: Separator,
    strength: Strength,
) -> Result<Option<Confidence>, Drop> {
    let n = value.len();
    if shape.space > 0 || shape.other > 0 || !(TOKEN..=300).contains(&n) {
        return Ok(None);
    }
    if shape.letters() == 0 {
        return if n >= 20 && strength == Strength::Strong { Ok(Some(Confidence::Low)) } else { Err(Drop::Number) };
    }
    if is_spelled_out(value) {
        return Err(Drop::Placeholder);
    }
    if is_uuid(value) {
        let speaks = strength >= Strength::Strong && separator == Separator::Assign;
        return if speaks { Ok(Some(Confidence::Medium)) } else { Err(Drop::Identifier) };
    }
    if looks_like_code(value) {
        return Err(Drop::Code);
    }
    if shape.digit == 0
        && !(shape.upper >= 4 && shape.lower >= 4 && entropy::rare_pairs(value).is_some_and(|r| r > 0.45))
    {
        return Ok(None);
    }
    let h = entropy::shannon(value);
    let least = if shape.hex { 2.6 } else { 3.2 };
    if h < least {
        return Err(Drop::Entropy);
    }
    if !shape.hex && reads_like_words(value, shape) {
        return Ok(None);
    }
    if is_public_key(value) || is_algorithm(value) {
        return Err(Drop::Identifier);
    }
    if is_spelled_out(value) {
        return Err(Drop::Placeholder);
    }
    let spaced = matches!(separator, Separator::Space | Separator::Comma) && strength == Strength::Weak;
    let points = issued(value, shape) + if strength >= Strength::Strong { 3 } else { 0 } - if spaced { 2 } else { 0 };
    Ok(Some(if points >= ENOUGH { Confidence::Medium } else { Confidence::Low }))
}

/// Points from which a name and a value together are worth a report by default.
const ENOUGH: i32 = 3;

/// How much a value looks as if a machine had issued it. Issuers encode whole bytes, so lengths are even and mostly
/// multiples of four; they keep to one alphabet; and `=` pads, so it stands at the end only.
fn issued(value: &[u8], shape: &Shape) -> i32 {
    let n = value.len();
    let padding = value.iter().rev().take_while(|b| **b == b'=').count();
    let one_alphabet = shape.token_mark == 0;
    let mut points = 0;
    points += i32::from(n.is_multiple_of(2)) + i32::from(n.is_multiple_of(4));
    points += i32::from(one_alphabet) + i32::from(matches!(n, 32 | 40 | 64));
    points += 2 * i32::from(is_encoded_key(value));
    points -= i32::from(n < 20);
    points -= 2 * i32::from(shape.hex && !n.is_multiple_of(2));
    points -= 2 * i32::from(value[..n - padding].contains(&b'=') || padding > 2 || value.starts_with(b"="));
    points -= 2 * i32::from(mixes_alphabets(value)) + 3 * i32::from(is_damaged_hex(value));
    points
}

/// The start of a SubjectPublicKeyInfo (RFC 5280 §4.1) for RSA and elliptic curves, in base64.
fn is_public_key(value: &[u8]) -> bool {
    [
        &b"MIGfMA0GCSqGSIb3"[..],
        b"MIGeMA0GCSqGSIb3",
        b"MIGJAoGBA",
        b"MIIBIjANBgkqhkiG9w0BAQ",
        b"MIICIjANBgkqhkiG9w0BAQ",
        b"MFkwEwYHKoZIzj0C",
        b"MCowBQYDK2V",
    ]
    .iter()
    .any(|start| value.starts_with(start))
}

/// The name of an algorithm: `PBKDF2WithHmacSHA256`, `AES/GCM/NoPadding`, `ecdsa-sha2-nistp256`.
fn is_algorithm(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        "pbkdf2",
        "hmacsha",
        "hmac-sha",
        "aes/",
        "aes-",
        "aes_",
        "rsa/",
        "rsa-",
        "ecdsa",
        "pbewith",
        "ssh-",
        "sha1with",
        "sha256with",
        "sha512with",
        "chacha20",
        "xchacha20",
        "ed25519",
    ]
    .iter()
    .any(|start| lower.starts_with(start.as_bytes()))
}

/// Ten letters of the alphabet in a row, or groups of one character each (`aaaaaaaa-bbbb-…`): written to fill a place.
fn is_spelled_out(value: &[u8]) -> bool {
    let mut run = 1;
    for pair in value.windows(2) {
        run = if pair[0].is_ascii_alphabetic() && pair[1] == pair[0] + 1 { run + 1 } else { 1 };
        if run >= 10 {
            return true;
        }
    }
    let mut groups = value.split(|b| *b == b'-');
    value.contains(&b'-') && groups.all(|g| g.len() >= 4 && g.iter().all(|b| Some(b) == g.first()))
}

/// Base64 as an encoder writes it of exactly as many bytes as keys have.
fn is_encoded_key(value: &[u8]) -> bool {
    data_encoding::BASE64.decode(value).is_ok_and(|key| {
        matches!(key.len(), 16 | 20 | 24 | 32 | 48 | 64) && !key.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
    })
}

/// `+` or `/` of base64 together with `-` or `_` of base64url: no encoder writes both.
fn mixes_alphabets(value: &[u8]) -> bool {
    let has = |set: &[u8]| value.iter().any(|b| set.contains(b));
    has(b"+/") && has(b"-_")
}

/// Hexadecimal, or a UUID, but for one or two letters: chance does not write that, a slip does.
fn is_damaged_hex(value: &[u8]) -> bool {
    let alnum: Vec<u8> = value.iter().copied().filter(|b| *b != b'-').collect();
    let strange = alnum.iter().filter(|b| !b.is_ascii_hexdigit()).count();
    let groups: Vec<usize> = value.split(|b| *b == b'-').map(<[u8]>::len).collect();
    let like_uuid = groups == [8, 4, 4, 4, 12];
    like_uuid && strange > 0
        || alnum.len() >= 28 && (1..=2).contains(&strange) && alnum.iter().all(u8::is_ascii_alphanumeric)
}

/// Values that say something about a password and are none.
const NO_PASSWORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "string",
    "required",
    "optional",
    "password",
    "passwd",
    "secret",
    "empty",
    "yes",
    "no",
];

/// A password that a person may have chosen.
fn judge_password(
    value: &[u8],
    shape: &Shape,
    quoted: bool,
    separator: Separator,
    name: &str,
) -> Result<(Confidence, bool), Drop> {
    let n = value.len();
    if !(4..=64).contains(&n) || shape.space > 2 {
        return Err(Drop::Length);
    }
    let lower = String::from_utf8_lossy(value).to_ascii_lowercase();
    if looks_like_code(value) || lower.contains("://") || lower.starts_with('/') || lower.starts_with("$2") {
        return Err(Drop::Code);
    }
    let number = std::str::from_utf8(value).is_ok_and(|v| v.parse::<f64>().is_ok()) && shape.token_mark > 0;
    if number || shape.letters() == 0 && (shape.token_mark > 0 || n >= 12) {
        return Err(Drop::Number);
    }
    if NO_PASSWORDS.contains(&lower.as_str()) || name.contains(&lower) {
        return Err(Drop::Placeholder);
    }
    if shape.letters() == n && !(shape.upper > 0 && shape.lower > 0) {
        return if quoted && separator == Separator::Assign && n >= 6 {
            Ok((Confidence::Low, true))
        } else {
            Err(Drop::Words)
        };
    }
    let kinds = usize::from(shape.lower > 0)
        + usize::from(shape.upper > 0)
        + usize::from(shape.digit > 0)
        + usize::from(shape.other + shape.token_mark > 0);
    let confidence = match separator {
        _ if n < 6 || kinds < 2 || lower.contains("password") || lower.contains("passwd") => Confidence::Low,
        Separator::Assign | Separator::Markup if kinds >= 3 && n >= 8 && shape.digit > 0 => Confidence::Medium,
        _ => Confidence::Low,
    };
    Ok((confidence, n < 12 || kinds < 3))
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Extensions of files that names and options speak of.
const FILES: &[&str] = &[
    "yml",
    "yaml",
    "json",
    "txt",
    "pem",
    "key",
    "crt",
    "cer",
    "p12",
    "pfx",
    "jks",
    "py",
    "sh",
    "md",
    "xml",
    "conf",
    "cfg",
    "ini",
    "log",
    "toml",
    "lock",
    "html",
    "js",
    "ts",
    "go",
    "rs",
    "java",
    "rb",
    "php",
    "env",
    "properties",
    "gpg",
    "pub",
    "der",
    "csv",
    "png",
    "svg",
];

/// A path, an URL, a dotted or scoped name, a version, a date, a MIME type.
fn looks_like_code(value: &[u8]) -> bool {
    let file = value.rsplit(|b| *b == b'.').next().filter(|e| e.len() < value.len()).unwrap_or_default();
    if FILES.iter().any(|e| e.as_bytes().eq_ignore_ascii_case(file)) {
        return true;
    }
    let has = |needle: &[u8]| memchr::memmem::find(value, needle).is_some();
    if has(b"://")
        || has(b"::")
        || has(b"/.")
        || value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"--")
    {
        return true;
    }
    let dots = value.iter().filter(|b| **b == b'.').count();
    let slashes = value.iter().filter(|b| **b == b'/').count();
    let parts =
        |sep: u8| value.split(|b| *b == sep).filter(|p| p.len() >= 2 && !p.iter().any(u8::is_ascii_digit)).count();
    // Most pieces of a dotted name or path are words.
    (dots >= 2 && parts(b'.') * 2 > dots)
        || (slashes >= 2 && parts(b'/') * 2 > slashes)
        || (dots == 1 && parts(b'.') == 2)
}

/// Pieces between marks that are words, perhaps with a number at the end: `prod-db-master-2`.
fn reads_like_words(value: &[u8], shape: &Shape) -> bool {
    if entropy::rare_pairs(value).is_some_and(|r| r > 0.3) {
        return false;
    }
    let pieces: Vec<&[u8]> =
        value.split(|b| matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b'=')).filter(|p| !p.is_empty()).collect();
    let wordy = pieces.iter().filter(|p| {
        let letters = p.iter().filter(|b| b.is_ascii_alphabetic()).count();
        let tail = p.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        letters + tail == p.len() && (letters == 0 || entropy::rare_pairs(p).is_none_or(|r| r < 0.25))
    });
    let wordy = wordy.count();
    // Words run together, with a number among them.
    let long: usize = value.split(|b| !b.is_ascii_alphabetic()).map(<[u8]>::len).filter(|n| *n >= 4).sum();
    if long * 10 >= value.len() * 7 && entropy::rare_pairs(value).is_some_and(|r| r < 0.2) {
        return true;
    }
    wordy * 3 >= pieces.len() * 2 && (pieces.len() > 1 || shape.digit * 4 < shape.letters())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, class: Family) -> Option<Verdict> {
        let class = PathClass { family: class, ..PathClass::default() };
        let lower = text.to_ascii_lowercase();
        WORDS.iter().find_map(|(w, s)| lower.find(w).and_then(|i| read(text.as_bytes(), i, w, *s, &class)))
    }

    fn value(text: &str) -> Option<String> {
        match at(text, Family::Other) {
            Some(Verdict::Secret { value, confidence, .. }) if confidence >= Confidence::Medium => {
                Some(String::from_utf8_lossy(value.of(text.as_bytes())).into_owned())
            }
            _ => None,
        }
    }

    #[test]
    fn encoded_names_and_lists_of_names_are_no_values() {
        for text in [
            "\"access_key\": \"QUNDRVNTX0tFWQ0K\"",
            "<password value='cGFzc3dvcmQ='/>",
            "[\"injectNpmUser\",\"injectNpmPassword\",\"injectNpm2FaToken\",\"zipDataEpilogue\"]",
            "keys = ('api_token', 'refresh2_token_secret')",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
        // An encoding of what nobody can read is a value.
        assert!(value("\"access_key\": \"k3J9fQ0aZ7xLm2PqW4Yt\"").is_some());
    }

    #[test]
    fn many_grammars_give_the_exact_value() {
        let v = "k3J9fQ0aZ7xLm2PqW4";
        for text in [
            format!("API_TOKEN={v}"),
            format!("api_token: {v}"),
            format!("\"apiToken\": \"{v}\","),
            format!("apiToken := \"{v}\""),
            format!("  'api_token' => '{v}',"),
            format!("{{\\\"api_token\\\": \\\"{v}\\\"}}"),
            format!("<token>{v}</token>"),
            format!("let api_token: &str = \"{v}\";"),
            format!("Authorization: Bearer {v}"),
            format!("setToken(\"{v}\")"),
            format!("thing token - '{v}'"),
            format!("--api-token {v}"),
        ] {
            assert_eq!(value(&text).as_deref(), Some(v), "{text}");
        }
    }

    #[test]
    fn names_paths_and_words_are_not_values() {
        for text in [
            "public_key = \"k3J9fQ0aZ7xLm2PqW4\"",
            "monkey = \"k3J9fQ0aZ7xLm2PqW4\"",
            "LLM_SECRET_NAME=prod-llm-secret-01",
            "token = \"/var/run/secrets/token-1\"",
            "secret: my-company-prod-secret-2",
            "password = getPassword123()",
            "api_key: ${API_KEY_1234567890ab}",
            "key: com.example.app.key1.name2",
            "token = \"xxxxxxxxxxxxxxxxxxxxxx\"",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn the_default_of_a_reference_is_a_value() {
        let v = "k3J9fQ0aZ7xLm2PqW4";
        for text in [format!("DB_PASSWORD: ${{DB_PASSWORD:-{v}}}"), format!("app.secret=${{APP_SECRET:{v}}}")] {
            assert_eq!(value(&text).as_deref(), Some(v), "{text}");
        }
    }

    #[test]
    fn references_are_seen_as_such() {
        for text in ["password: ${DB_PASSWORD}", "token = process.env.TOKEN", "api_key: {{ .Values.key }}"] {
            assert!(matches!(at(text, Family::Other), Some(Verdict::Reference { .. })), "{text}");
        }
    }
}
