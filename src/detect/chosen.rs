//! Values that known credential files hold, told from what stands in the place of one.
//!
//! The place itself says that a value is a credential, so short passwords and words count here, which the generic detector
//! has to refuse. What is left to refuse is what people write who mean that the reader should put a value there.

use super::filter::{self, Drop};
use crate::model::SecretForm;

/// Whole values, in lower case, that are no credential anywhere.
const WORDS: &[&str] = &[
    "changeme",
    "changeit",
    "change it",
    "change-this",
    "changethis",
    "default",
    "disabled",
    "dummy",
    "empty",
    "example",
    "false",
    "n/a",
    "nil",
    "no",
    "none",
    "null",
    "optional",
    "placeholder",
    "prompt",
    "required",
    "string",
    "tba",
    "tbd",
    "test",
    "todo",
    "true",
    "undefined",
    "unset",
    "yes",
];

/// Parts of values, in lower case, by which somebody says that the value has to be put there.
const PARTS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "change me",
    "change this",
    "change_this",
    "fixme",
    "goes here",
    "goes_here",
    "goes-here",
    "insert_",
    "insert-",
    "insert your",
    "password here",
    "password_here",
    "password-here",
    "placeholder",
    "put your",
    "redacted",
    "replace me",
    "replaceme",
    "replace_",
    "replace-",
    "replace with",
    "your password",
    "your token",
    "your-",
    "your_",
    "yourpass",
    "yourkey",
    "yourtoken",
    "yoursecret",
    "-here",
    "_here",
    "xxxx",
    "****",
];

/// Words in a value that somebody may have chosen all the same.
const DOUBTS: &[&str] = &["example", "dummy", "sample", "fake", "foobar", "notreal", "not-real", "testing"];

/// What a value is taken for instead of a credential; `None` when it stands.
#[must_use]
pub fn stand_in(value: &[u8], form: SecretForm) -> Option<Drop> {
    let value = value.trim_ascii();
    if value.is_empty() {
        return Some(Drop::Length);
    }
    if form == SecretForm::Proven {
        return None;
    }
    let lower = String::from_utf8_lossy(value.get(..512.min(value.len())).unwrap_or(value)).to_ascii_lowercase();
    let dots = |b: &u8| matches!(b, b'.' | b'*' | b'-' | b'_' | b'?' | b' ' | b'#') || !b.is_ascii();
    if WORDS.contains(&lower.as_str())
        || PARTS.iter().any(|p| lower.contains(p))
        || value.iter().all(dots)
        || value.len() >= 6 && value.iter().all(|b| b.eq_ignore_ascii_case(&b'x'))
    {
        return Some(Drop::Placeholder);
    }
    if form == SecretForm::Random {
        return None;
    }
    let bracketed = matches!(value, [b'<', .., b'>'] | [b'[', .., b']'] | [b'%', .., b'%']);
    if bracketed && value.len() > 2 && value.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return Some(Drop::Placeholder);
    }
    if filter::is_reference(value) {
        return Some(Drop::Reference);
    }
    None
}

/// Whether words in a value let one doubt that anything opens with it.
#[must_use]
pub fn is_doubtful(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    DOUBTS.iter().any(|d| memchr::memmem::find(&lower, d.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_value_is_told_from_one() {
        for value in [
            "",
            "  ",
            "changeme",
            "<password>",
            "${DB_PASSWORD}",
            "$DB_PASSWORD",
            "{{ vault_pw }}",
            "********",
            "xxxxxxxx",
            "your-password",
            "None",
            "put your unique phrase here",
            "%DB_PASS%",
            "...",
            "ENV['X']",
        ] {
            assert!(stand_in(value.as_bytes(), SecretForm::Password).is_some(), "{value}");
        }
        for value in ["hunter22", "admin", "password", "p", "Pa$$w0rd", "dummy-pass", "a b c", "12345678"] {
            assert_eq!(stand_in(value.as_bytes(), SecretForm::Password), None, "{value}");
        }
        assert_eq!(stand_in(b"a>${Fq{{x7", SecretForm::Random), None);
        assert_eq!(stand_in(b"$2y$10$abc", SecretForm::Proven), None);
        assert!(is_doubtful(b"SamplePassword1") && !is_doubtful(b"hunter22"));
    }
}
