//! Keys as code writes them: a string, what makes bytes of one, a name that the same file sets, a default behind a variable of
//! the environment.

use super::{Strength, arguments, string};
use crate::detect::filter;
use crate::text::entropy;

/// Least length of a key of HS256, in bytes.
const LEAST: usize = 32;
/// Most names of one text that are looked up, and most places of one.
const NAMES: usize = 24;
const PLACES: usize = 16;
/// Longest expression that is set.
const EXPRESSION: usize = 300;

/// What makes a key of a string, and nothing else: its argument is the key.
const WRAPPERS: [&[u8]; 16] = [
    b"[]byte(",
    b"Buffer.from(",
    b"new TextEncoder().encode(",
    b"Keys.hmacShaKeyFor(",
    b"new Key(",
    b"Encoding.UTF8.GetBytes(",
    b"Encoding.ASCII.GetBytes(",
    b"System.Text.Encoding.UTF8.GetBytes(",
    b"System.Text.Encoding.ASCII.GetBytes(",
    b"Convert.FromBase64String(",
    b"Base64.getDecoder().decode(",
    b"Decoders.BASE64.decode(",
    b"TextCodec.BASE64.encode(",
    b"TextCodec.BASE64.decode(",
    b"str.encode(",
    b"bytes(",
];

/// What may stand behind a string that stays what it is.
const BEHIND: [&[u8]; 8] = [
    b".getBytes(",
    b".encode(",
    b".as_bytes(",
    b".as_ref(",
    b".toCharArray(",
    b".to_owned(",
    b".to_string(",
    b".trim(",
];

/// A key that was read; its value is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) strength: Strength,
    /// Whether it only stands in for one that is not set.
    pub(super) default: bool,
}

/// Reads keys of one text, within a budget.
pub(super) struct Keys<'t> {
    text: &'t [u8],
    left: usize,
}

impl<'t> Keys<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, left: NAMES }
    }

    /// The key that an argument is, if it stands in this text.
    pub(super) fn read(&mut self, argument: &[u8]) -> Option<Read> {
        let argument = named(argument);
        plain(argument).or_else(|| self.looked_up(unwrapped(argument)))
    }

    /// The key inside an object of options: `{ secret: 'x' }`.
    pub(super) fn inside(&mut self, argument: &[u8]) -> Option<Read> {
        let inner = argument.strip_prefix(b"{")?.strip_suffix(b"}")?;
        inner.split(|b| *b == b',').find_map(|pair| {
            let at = pair.iter().position(|b| *b == b':')?;
            let (name, value) = (pair.get(..at)?.trim_ascii(), pair.get(at + 1..)?.trim_ascii());
            (name == b"secret").then(|| self.read(value)).flatten()
        })
    }

    /// The key that a name of this text is set to, by its first assignment.
    fn looked_up(&mut self, name: &[u8]) -> Option<Read> {
        let bare = [&b"self."[..], b"this.", b"cls.", b"$this->", b"$", b"&"];
        let name = bare.iter().find_map(|begin| name.strip_prefix(*begin)).unwrap_or(name);
        let name =
            BEHIND.iter().find_map(|end| name.strip_suffix(b")").and_then(|n| n.strip_suffix(*end))).unwrap_or(name);
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        if name.len() < 2 || name.len() > 64 || !name.iter().all(is_name) || name.first()?.is_ascii_digit() {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let text = self.text;
        let expression = memchr::memmem::find_iter(text, name).take(PLACES).find_map(|at| {
            let before = at.checked_sub(1).and_then(|i| text.get(i));
            let owner = text.get(at.saturating_sub(5)..at).unwrap_or_default();
            let own = before != Some(&b'.') || owner == b"self." || owner == b"this.";
            if before.is_some_and(is_name) || !own {
                return None;
            }
            set_to(text.get(at + name.len()..)?)
        })?;
        plain(expression)
    }
}

/// The expression that a name is set to, where what stands behind it sets it.
fn set_to(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.get(..rest.len().min(EXPRESSION))?;
    let mut end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    // A long one stands on the next line.
    if rest.get(..end)?.trim_ascii_end().ends_with(b"=") {
        end = memchr::memchr(b'\n', rest.get(end + 1..)?).map_or(rest.len(), |n| end + 1 + n);
    }
    let line = rest.get(..end)?;
    let mut rest = line.trim_ascii_start();
    // A type: `KEY: &str = `, `key: string = `, `key []byte = `.
    if let Some(typed) = rest.strip_prefix(b":").filter(|typed| typed.first() != Some(&b'=')) {
        let at = typed.iter().position(|b| *b == b'=')?;
        let is_type = |b: &u8| b.is_ascii_alphanumeric() || b"& '<>[]_.,;".contains(b);
        if at > 40 || !typed.get(..at)?.iter().all(is_type) || typed.get(..at)?.contains(&b'"') {
            return None;
        }
        rest = typed.get(at..)?;
    }
    rest = rest.strip_prefix(b":").unwrap_or(rest);
    let value = rest.strip_prefix(b"=")?;
    if matches!(value.first(), Some(b'=' | b'>' | b'~')) {
        return None;
    }
    let value = value.trim_ascii();
    Some(value.strip_suffix(b";").unwrap_or(value).trim_ascii())
}

/// An argument without its name: `key="x"`, `secret: 'x'`.
fn named(argument: &[u8]) -> &[u8] {
    let argument = argument.trim_ascii();
    let name = argument.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let rest = argument.get(name..).unwrap_or_default().trim_ascii_start();
    match rest {
        [b'=', value @ ..] if name > 0 && value.first() != Some(&b'=') => value.trim_ascii_start(),
        [b':', value @ ..] if name > 0 && value.first() != Some(&b':') => value.trim_ascii_start(),
        _ => argument,
    }
}

/// What is inside of what makes a key of it.
fn unwrapped(argument: &[u8]) -> &[u8] {
    let mut inner = argument.trim_ascii();
    for _ in 0..4 {
        let Some(more) = WRAPPERS.iter().find_map(|wrapper| inner.strip_prefix(*wrapper)) else { break };
        // What follows the first argument is a charset or an algorithm.
        let first = arguments(&[b"(", more].concat(), 0).and_then(|all| all.first().copied());
        let end = first.map_or(more.len(), |first| first.end.saturating_sub(1));
        inner = more.get(..end).unwrap_or(more).trim_ascii();
    }
    inner
}

/// The key that an expression is by itself.
fn plain(expression: &[u8]) -> Option<Read> {
    let inner = unwrapped(expression);
    if let Some(value) = literal(inner) {
        return Some(Read { strength: strength(value)?, default: false });
    }
    let value = default_of(inner)?;
    Some(Read { strength: strength(value)?, default: true })
}

/// What a string holds, where the expression is nothing but that string.
fn literal(expression: &[u8]) -> Option<&[u8]> {
    let prefix = expression.iter().take_while(|b| matches!(b, b'b' | b'r' | b'u' | b'@' | b'B')).count();
    let quoted = expression.get(prefix..)?;
    if !matches!(quoted.first()?, b'"' | b'\'' | b'`') {
        return None;
    }
    let end = string(quoted, 0)?;
    let behind = quoted.get(end + 1..)?.trim_ascii_start();
    let stays = behind.is_empty()
        || BEHIND.iter().any(|method| behind.starts_with(method) && !behind.contains(&b'+'))
        || behind.starts_with(b"//")
        || behind.starts_with(b"#");
    if !stays {
        return None;
    }
    quoted.get(1..end)
}

/// The string that counts where the environment or the configuration says nothing: `process.env.X || 'x'`,
/// `os.getenv("X", "x")`.
fn default_of(expression: &[u8]) -> Option<&[u8]> {
    let find = |word: &[u8]| memchr::memmem::find(expression, word);
    // `_configuration["Jwt:Key"] ?? "x"`, `config.get('jwt') || 'x'`.
    if [&b"process.env"[..], b"onfig"].iter().any(|word| find(word).is_some()) {
        let at = find(b"||").or_else(|| find(b"??"))?;
        return literal(expression.get(at + 2..)?.trim_ascii());
    }
    let asked = [&b"getenv("[..], b"environ.get(", b"ENV.fetch("];
    let (at, word) = asked.iter().find_map(|word| Some((find(word)?, word.len())))?;
    let given = arguments(expression, at + word - 1)?;
    literal(given.get(1)?.of(expression).trim_ascii())
}

/// How strong a key is; `None` for what is no key but a place for one.
fn strength(value: &[u8]) -> Option<Strength> {
    let template = [&b"${"[..], b"{{", b"#{", b"%(", b"-----BEGIN", b"<%"];
    let is_path = value.contains(&b'/') && value.contains(&b'.') && value.len() < 60 && !value.ends_with(b"=");
    if value.is_empty()
        || is_path
        || template.iter().any(|mark| memchr::memmem::find(value, mark).is_some())
        || matches!(value, [b'<', .., b'>'] | [b'%', .., b'%'])
    {
        return None;
    }
    Some(match value.len() {
        ..LEAST => Strength::Short,
        _ if filter::is_placeholder(value) || entropy::reads_like_words(value) => Strength::Words,
        _ => Strength::Strong,
    })
}
