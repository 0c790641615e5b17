//! Values of assignments, judged by their shape: tokens that a machine issued, passwords that a person chose, and all that
//! stands in their place.

use super::assignment::Separator;
use super::features::Assigned;
use super::names::{Strength, is_name_of_secret, names_id, names_other, names_public, says_secret};
use super::ranker;
use super::shape::{Shape, is_uuid, looks_like_code};
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
        && !found.is_in_string()
        && !found.is_line_of_settings();
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
    let name = String::from_utf8_lossy(found.name.of(text));
    // `login("${env.REPO_PASSWORD}", "Realm")`: what follows in the list is not the value of the name.
    let before = text.get(..found.name.start).unwrap_or_default();
    let opens = |mark: &&[u8]| before.trim_ascii_end().ends_with(mark);
    let listed = matches!(found.separator, Separator::Comma | Separator::Space);
    if listed && [&b"${"[..], b"{{", b"#{", b"%{", b"$("].iter().any(opens) {
        return Some(Drop::Reference);
    }
    let digest =
        |mark: &&str| value.strip_prefix(mark.as_bytes()).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if ["sha256:", "sha512:", "sha1:", "md5:"].iter().any(digest) {
        return Some(Drop::Hash);
    }
    if is_hash_by_name(&found.name.of(found.text).to_ascii_lowercase()) {
        return Some(Drop::Hash);
    }
    if is_moment(value) {
        return Some(Drop::Number);
    }
    if is_ssh_public_key(value) {
        return Some(Drop::Identifier);
    }
    let number = |v: &str| v.contains(['.', '-']) && v.parse::<f64>().is_ok();
    if std::str::from_utf8(value).is_ok_and(number) {
        return Some(Drop::Number);
    }
    if names_public(&name) || names_id(&name) {
        return Some(Drop::Identifier);
    }
    // Certificates and sealed values are longer than keys; tokens with parts and those of a header may be, too.
    let in_header = text.get(..found.value.start).is_some_and(|t| t.ends_with(b"Bearer "));
    if value.len() > LONGEST_KEY && !value.contains(&b'.') && !in_header {
        return Some(Drop::Encrypted);
    }
    if is_encoded_text(value) {
        return Some(Drop::Words);
    }
    filter::is_monotone(value).then_some(Drop::Placeholder)
}

impl Assigned<'_> {
    /// Whether a rule refuses the value before it is ranked.
    #[must_use]
    pub fn is_refused(&self, class: &PathClass) -> bool {
        refused(self, class).is_some()
    }
}

/// Decides on name, value and surroundings: what can be no value of its own is refused by rule, the rest is ranked. What the
/// ranker refuses it does not name: [`taken_for`] does, for those who ask.
pub(super) fn judge(found: &Assigned<'_>, class: &PathClass) -> Result<(Confidence, bool), Option<Drop>> {
    if let Some(why) = refused(found, class) {
        return Err(Some(why));
    }
    let value = found.value.of(found.text);
    let mut confidence = ranker::confidence(found).ok_or(None)?;
    if is_prose(found, value) {
        confidence = confidence.min(Confidence::Low);
    }
    if confidence < Confidence::Medium
        && (is_strong_password(found, value) || is_strong_token(found, value) || is_strong_secret(found, value))
    {
        confidence = Confidence::Medium;
    }
    Ok((confidence, value.len() < 12 || entropy::guess_bits(value) < WEAK))
}

/// A word behind a word in a sentence: `no vault password provided`. A password may be told so, but hardly ever one of letters
/// alone.
fn is_prose(found: &Assigned<'_>, value: &[u8]) -> bool {
    let before = found.before();
    let words = before.split(|b| !b.is_ascii_alphanumeric()).filter(|w| w.len() > 1 && w.is_ascii()).count();
    found.separator == Separator::Space
        && !found.quoted
        && value.iter().all(u8::is_ascii_alphabetic)
        && words >= 2
        && !before.ends_with(b"-")
        && [&b" "[..], b"\t"].iter().any(|space| before.ends_with(space))
}

/// A quoted value of a password's name, with letters of both cases and digits in no order that words have: what little text
/// stands around it takes nothing away from that.
fn is_strong_password(found: &Assigned<'_>, value: &[u8]) -> bool {
    let shape = Shape::of(value);
    found.strength == Strength::Password
        && found.quoted
        && found.separator == Separator::Assign
        && (10..=40).contains(&value.len())
        && shape.lower > 0
        && shape.upper > 0
        && shape.digit > 0
        && shape.space == 0
        && !looks_like_code(value)
        && !filter::is_placeholder(value)
        && entropy::guess_bits(value) >= 50.0
}

/// A value of letters of both cases and digits, as machines issue them, of a name that says secret, key or token at its end.
fn is_strong_token(found: &Assigned<'_>, value: &[u8]) -> bool {
    let shape = Shape::of(value);
    found.strength >= Strength::Strong
        && matches!(found.separator, Separator::Assign | Separator::Markup)
        && (20..=64).contains(&value.len())
        && shape.lower > 2
        && shape.upper > 2
        && shape.digit > 1
        && shape.letters() + shape.digit == value.len()
        && entropy::shannon(value) >= 3.5
        && !entropy::reads_like_words(value)
        && says_secret(&String::from_utf8_lossy(found.name.of(found.text)))
}

/// A long quoted value in no order that words or encoded texts have, of a name that says secret, key or token at its end and
/// nothing of ciphers: no bytes of a file, no address, and no digest, which is hexadecimal.
fn is_strong_secret(found: &Assigned<'_>, value: &[u8]) -> bool {
    let shape = Shape::of(value);
    let name = String::from_utf8_lossy(found.name.of(found.text)).to_ascii_lowercase();
    found.strength >= Strength::Strong
        && found.quoted
        && matches!(found.separator, Separator::Assign | Separator::Comma)
        && (32..=LONGEST_KEY).contains(&value.len())
        && shape.lower > 2
        && shape.upper + shape.digit > 2
        && shape.space == 0
        && !["crypt", "cipher", "sealed", "hash", "sign", "cert"].iter().any(|word| name.contains(word))
        && !value.contains(&b'/')
        && !looks_like_code(value)
        && !filter::is_placeholder(value)
        && entropy::shannon(value) >= 4.2
        && entropy::guess_bits(value) >= 100.0
        && !entropy::reads_like_words(value)
        && says_secret(&name)
}

/// Longest value of one part that is a key.
const LONGEST_KEY: usize = 300;

/// Shortest value that is reported.
const LEAST: usize = 4;

/// Bits under which a guess finds a value.
const WEAK: f32 = 40.0;

/// What a value that the ranker refused looks most like.
pub(super) fn taken_for(found: &Assigned<'_>, value: &[u8]) -> Drop {
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

/// A name that says that its value is the hash of a token, as GitHub's audit log has it. Hashes of passwords can be guessed
/// at, those of random tokens cannot.
fn is_hash_by_name(name: &[u8]) -> bool {
    matches!(name, b"hashed_token" | b"hashedtoken" | b"hashed-token" | b"token_hash" | b"tokenhash")
}

/// A date with a time of day (RFC 3339 §5.6, the basic form of ISO 8601, RFC 9110 §5.6.7): `token_expires_at` and
/// `aws:TokenIssueTime` open nothing.
fn is_moment(value: &[u8]) -> bool {
    let fits = |(b, f): (&u8, &u8)| match f {
        b'0' => b.is_ascii_digit(),
        b'a' => b.is_ascii_alphabetic(),
        b'T' => matches!(b, b'T' | b't' | b' '),
        other => b == other,
    };
    let forms = [&b"0000-00-00T00:00:00"[..], b"00000000T000000", b"aaa, 00 aaa 0000 00:00:00"];
    forms.into_iter().any(|form| {
        let (Some(head), Some(rest)) = (value.get(..form.len()), value.get(form.len()..)) else { return false };
        let zone = rest.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'Z' | b'z' | b'+' | b'-' | b':'));
        head.iter().zip(form).all(fits) && (zone || matches!(rest, b" GMT" | b" UTC"))
    })
}

/// The public half of a key as OpenSSH writes it (RFC 4253 §6.6): a kind and a blob that begins with the kind's length.
fn is_ssh_public_key(value: &[u8]) -> bool {
    let kinds: [&[u8]; 4] = [b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"];
    kinds.iter().any(|kind| value.starts_with(kind)) && memchr::memmem::find(value, b" AAAA").is_some()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_conditions_of_policies_are_no_secrets() {
        for moment in [
            "2023-05-22T16:28:59Z",
            "2023-05-22T16:28:59.000Z",
            "2023-05-22 16:28:59+02:00",
            "20230522T162859Z",
            "Mon, 22 May 2023 16:28:59 GMT",
        ] {
            assert!(is_moment(moment.as_bytes()), "{moment}");
        }
        for other in ["2023-05-22", "20230522T162859Zq7Xz9mKp2Lw8", "2023-05-22T16:28:59-horse", ""] {
            assert!(!is_moment(other.as_bytes()), "{other}");
        }
    }
}
