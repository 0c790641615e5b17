//! Values of assignments, judged by their shape: tokens that a machine issued, passwords that a person chose, and all that
//! stands in their place.

use super::assignment::Separator;
use super::features::Assigned;
use super::names::{is_name_of_secret, names_other, names_public};
use super::ranker;
use crate::detect::filter::{self, Drop};
use crate::model::{Confidence, Family, PathClass};
use crate::text::entropy;

/// Least length of a token behind a weak word.
pub(super) const TOKEN: usize = 16;

/// What can be no value of its own, whatever the ranker would say.
pub(super) fn refused(found: &Assigned<'_>, class: &PathClass) -> Option<Drop> {
    let text = found.text;
    let value = found.value.of(text);
    let bare_code = !found.quoted
        && matches!(class.family, Family::Code)
        && found.separator != Separator::Markup
        && !found.is_in_string();
    let next = text.get(found.value.end).copied();
    if bare_code || !found.quoted && (next == Some(b'(') || value.contains(&b'(')) {
        return Some(Drop::Code);
    }
    if class.lock || class.translation {
        return Some(if class.lock { Drop::Hash } else { Drop::Words });
    }
    if value.len() < LEAST {
        return Some(Drop::Length);
    }
    if SETTINGS.iter().any(|s| value.eq_ignore_ascii_case(s.as_bytes())) {
        return Some(Drop::Words);
    }
    if names_public(&String::from_utf8_lossy(found.name.of(text))) {
        return Some(Drop::Identifier);
    }
    filter::is_monotone(value).then_some(Drop::Placeholder)
}

/// Decides on name, value and surroundings: what can be no value of its own is refused by rule, the rest is ranked.
pub(super) fn judge(found: &Assigned<'_>, class: &PathClass) -> Result<(Confidence, bool), Drop> {
    if let Some(why) = refused(found, class) {
        return Err(why);
    }
    let value = found.value.of(found.text);
    match ranker::confidence(found) {
        Some(confidence) => Ok((confidence, value.len() < 12 || entropy::guess_bits(value) < WEAK)),
        None => Err(taken_for(found, value)),
    }
}

/// Shortest value that is reported.
const LEAST: usize = 4;

/// Bits under which a guess finds a value.
const WEAK: f32 = 40.0;

/// What a value that the ranker refused looks most like.
fn taken_for(found: &Assigned<'_>, value: &[u8]) -> Drop {
    let name = String::from_utf8_lossy(found.name.of(found.text)).into_owned();
    let shape = Shape::of(value);
    let lower = String::from_utf8_lossy(value).to_ascii_lowercase();
    if names_other(&name) {
        Drop::Identifier
    } else if filter::is_placeholder(value) || is_spelled_out(value) || NO_PASSWORDS.contains(&lower.as_str()) {
        Drop::Placeholder
    } else if is_uuid(value) || is_public_key(value) || is_algorithm(value) {
        Drop::Identifier
    } else if looks_like_code(value) || lower.contains("://") || lower.starts_with('/') {
        Drop::Code
    } else if shape.hex && matches!(value.len(), 32 | 40 | 64 | 96 | 128) {
        Drop::Hash
    } else if shape.letters() == 0 {
        Drop::Number
    } else if is_name_of_secret(value) {
        Drop::Name
    } else if is_encoded_text(value) || is_wordy(value, &shape) || shape.space > 1 {
        Drop::Words
    } else {
        Drop::Unlikely
    }
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
pub(super) struct Shape {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) digit: usize,
    /// `_ - . ~ + / =`: what tokens of common alphabets hold besides letters and digits.
    pub(super) token_mark: usize,
    pub(super) other: usize,
    pub(super) space: usize,
    pub(super) hex: bool,
}

impl Shape {
    pub(super) fn of(value: &[u8]) -> Self {
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

/// How much a value looks as if a machine had issued it. Issuers encode whole bytes, so lengths are even and mostly
/// multiples of four; they keep to one alphabet; and `=` pads, so it stands at the end only.
pub(super) fn issued(value: &[u8], shape: &Shape) -> i32 {
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
pub(super) fn is_encoded_key(value: &[u8]) -> bool {
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

/// Values that settings have whose names speak of credentials: when to change one, what type it has.
const SETTINGS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "undefined",
    "string",
    "required",
    "optional",
    "always",
    "never",
    "on_create",
    "enabled",
    "disabled",
    "text",
    "varchar",
    "boolean",
    "integer",
    "object",
    "hidden",
    "auto",
    "default",
];

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

pub(super) fn is_uuid(value: &[u8]) -> bool {
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
pub(super) fn looks_like_code(value: &[u8]) -> bool {
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
fn is_wordy(value: &[u8], shape: &Shape) -> bool {
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
