//! Assignments as many languages write them: where a name begins and ends, what separates it from its value, and where the
//! value ends.

use crate::model::Span;

/// Longest value read.
const LONGEST: usize = 1200;

/// The default inside `${NAME:-default}`, `${NAME-default}`, `${name:default}`.
pub(super) fn default_of(value: &[u8]) -> Option<Span> {
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
pub(super) fn is_word_in(text: &[u8], at: usize, word: &str) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i)).copied().unwrap_or(b' ');
    let after = text.get(at + word.len()).copied().unwrap_or(b' ');
    let first = text.get(at).copied().unwrap_or(b' ');
    // A word that begins inside a run of lower-case letters begins nowhere, unless case marks it (`apiKey`).
    let begins = !before.is_ascii_lowercase() || first.is_ascii_uppercase() || !first.is_ascii_alphabetic();
    let begins = begins
        || matches!(word, "passw" | "secret" | "token" | "apikey")
        || ends_prefix(text, at)
        || matches!(word, "key" | "pwd") && matches!(after, b'=' | b':' | b'"' | b'\'') && !is_other_word(text, at);
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

/// Words that end like `key` and mean something else.
fn is_other_word(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(4)..at).unwrap_or_default();
    ["mon", "tur", "don", "hoc", "joc", "whis", "hot", "lac", "flun"]
        .iter()
        .any(|w| before.len() >= w.len() && before[before.len() - w.len()..].eq_ignore_ascii_case(w.as_bytes()))
}

/// True when what stands before `key` makes it a credential's name by itself (`consumer_key`, `aesKey`), so that a value may be
/// short or hold no digit.
pub(super) fn is_compound(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(12)..at).unwrap_or_default();
    let before = before.strip_suffix(b"_").or_else(|| before.strip_suffix(b"-")).unwrap_or(before);
    [
        "consumer",
        "auth",
        "aes",
        "signing",
        "master",
        "license",
        "secret",
        "private",
        "access",
        "account",
        "crypt",
        "encryption",
        "hmac",
        "shared",
        "storage",
        "admin",
        "service",
        "role",
        "jwt",
        "session",
        "api",
    ]
    .iter()
    .any(|w| before.len() >= w.len() && before[before.len() - w.len()..].eq_ignore_ascii_case(w.as_bytes()))
}

/// True for the names of environment variables that end in the word: `MEILISEARCH_KEY=`.
pub(super) fn is_variable(text: &[u8], at: usize, len: usize) -> bool {
    let word = text.get(at..at + len).unwrap_or_default();
    at > 0
        && text.get(at - 1) == Some(&b'_')
        && word.iter().all(u8::is_ascii_uppercase)
        && matches!(text.get(at + len), Some(b'=' | b':'))
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

pub(super) fn name_span(text: &[u8], at: usize, len: usize) -> Span {
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
pub(super) enum Separator {
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
pub(super) fn value_after(text: &[u8], from: usize) -> Option<(Separator, Span, bool)> {
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
        Some(b'!') if peek(at + 1) == Some(b'=') => {
            at += 2;
            compares = true;
            while peek(at) == Some(b'=') {
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
    if matches!(separator, Separator::Assign | Separator::Comma) {
        at = opened(text, at, limit);
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
        None if separator == Separator::Markup => {
            let end = rest.iter().position(|b| matches!(b, b'<' | b'\n' | b'\r'))?;
            let inner = rest.get(..end).and_then(last_in_braces);
            return Some((
                separator,
                inner.map_or(Span::new(at, at + end), |i| Span::new(at + i.start, at + i.end)),
                false,
            ));
        }
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

/// The last of several words in the braces that Jenkins puts around what an element holds (`<secret>{…}</secret>`). What it
/// encrypted is one word of base64.
fn last_in_braces(content: &[u8]) -> Option<Span> {
    let inner = content.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let words = inner.trim_ascii_end();
    let start = words.iter().rposition(|b| *b == b' ')? + 1;
    (words.len() > start).then(|| Span::new(1 + start, 1 + words.len()))
}

/// Functions that make bytes or a string of a literal.
const MAKERS: &[&str] = &[
    "decode",
    "decodestring",
    "decodebase64",
    "base64decode",
    "b64decode",
    "decodehex",
    "unhexlify",
    "fromhex",
    "bytes",
    "byte",
    "string",
    "str",
    "new",
    "from",
    "buffer",
    "fromstring",
    "encode",
    "tobytes",
    "getbytes",
    "b64encode",
    "base64",
    "parse",
    "sensitive",
    "securestring",
    "literal",
    "value",
    "quote",
    "raw",
    "of",
    "unescape",
    "utf8",
];

/// Goes into the first element of a list and into calls that make a value of a literal: `["…`, `[]byte("…`,
/// `base64.b64decode("…`.
fn opened(text: &[u8], at: usize, limit: usize) -> usize {
    let is_quote = |i: usize| matches!(text.get(i), Some(b'"' | b'\'' | b'`'));
    let space =
        |i: usize| i + text.get(i..limit).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut at = at;
    for _ in 0..3 {
        let rest = text.get(at..limit).unwrap_or_default();
        match rest.first() {
            Some(b'[' | b'(') if is_quote(space(at + 1)) => return space(at + 1),
            Some(b) if b.is_ascii_alphabetic() || *b == b'[' || *b == b'_' => {
                let callee =
                    |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'[' | b']' | b'*');
                let length = rest.iter().take(48).take_while(callee).count();
                if rest.get(length) != Some(&b'(') {
                    return at;
                }
                let last =
                    rest[..length].rsplit(|b| !b.is_ascii_alphanumeric()).find(|p| !p.is_empty()).unwrap_or_default();
                if !MAKERS.iter().any(|m| last.eq_ignore_ascii_case(m.as_bytes())) {
                    return at;
                }
                let inside = space(at + length + 1);
                let prefix = usize::from(
                    matches!(text.get(inside), Some(b'b' | b'r' | b'u' | b'f' | b'@')) && is_quote(inside + 1),
                );
                if is_quote(inside + prefix) {
                    return inside + prefix;
                }
                at = inside;
            }
            _ => return at,
        }
    }
    at
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

/// The variable of a container that a `secretKeyRef` fills: `- name: NAME`, then `valueFrom:`.
pub(super) fn variable_of(text: &[u8], at: usize) -> Option<Span> {
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
