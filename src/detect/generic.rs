//! The generic detector: a name that speaks of a credential, a separator of some grammar, and a value of its own.
//!
//! It reads assignments as many languages write them and judges name and value by their shape. What it refuses it can
//! name, and what it takes for a reference to a value kept elsewhere it counts as the good path.

mod assignment;
mod features;
mod names;
mod ranker;
mod shape;
mod value;

use self::assignment::{default_of, is_compound, is_variable, is_word_in, name_span, value_after, variable_of};
use self::value::{TOKEN, judge};
use super::filter::{self, Drop};
use super::tokens;
use crate::model::{Confidence, PathClass, Span};

pub(super) use features::AROUND;
pub use features::{Assigned, NUMBERS};
pub use names::{Strength, WORDS};

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
        /// What it was taken for; nothing when the ranker refused it: see [`taken_for`].
        why: Option<Drop>,
    },
}

/// How far a token may begin behind a weak word.
const WEAK_REACH: usize = 64;

/// The name that holds the word at `at`.
pub(super) fn name_at(text: &[u8], at: usize, word: &str) -> Span {
    name_span(text, at, word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len())
}

/// The assignment whose name holds the word at `at`, not judged.
fn assigned<'a>(text: &'a [u8], at: usize, word: &str, strength: Strength) -> Option<Assigned<'a>> {
    // A separator at the end of a word only makes it rarer; it is read again as what it is.
    let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut strength = strength;
    if strength == Strength::Weak {
        if word == "key" && is_compound(text, at) || is_variable(text, at, word.len()) {
            strength = Strength::Strong;
        } else if !tokens::run_ahead(text, at + word.len(), WEAK_REACH, TOKEN, tokens::has_digit) {
            return None;
        }
    }
    let name = name_span(text, at, word.len());
    if name.len() > 80 || !is_word_in(text, at, word) {
        return None;
    }
    let (separator, value, quoted) = value_after(text, name.end)?;
    (!value.is_empty()).then_some(Assigned { text, name, value, quoted, separator, strength })
}

/// Every assignment at the words of the generic detector, for the trainer of the ranker.
#[must_use]
pub fn assignments<'a>(text: &'a [u8], at: usize, word: &str, strength: Strength) -> Option<Assigned<'a>> {
    let mut found = assigned(text, at, word, strength)?;
    let bytes = found.value.of(text);
    if bytes.starts_with(b"!vault") {
        return None;
    }
    if filter::is_reference(bytes) {
        let default = default_of(bytes)?;
        found.value = Span::new(found.value.start + default.start, found.value.start + default.end);
        found.quoted = true;
        if filter::is_reference(found.value.of(text)) {
            return None;
        }
    }
    Some(found)
}

/// Reads the assignment whose name holds the word at `at`. `None` when no value follows.
#[must_use]
pub fn read(text: &[u8], at: usize, word: &str, strength: Strength, class: &PathClass) -> Option<Verdict> {
    if text.get(at..at + 12).is_some_and(|w| w.eq_ignore_ascii_case(b"secretKeyRef")) {
        let name = Span::new(at, at + 12);
        return Some(Verdict::Reference { name: variable_of(text, name.start).unwrap_or(name), value: name });
    }
    let found = assigned(text, at, word, strength)?;
    let Assigned { name, value, .. } = found;
    let bytes = value.of(text);
    // Encrypted in place: nothing is fetched from elsewhere.
    if bytes.starts_with(b"!vault") {
        return Some(Verdict::Dropped { value, why: Some(Drop::Encrypted) });
    }
    if filter::is_reference(bytes) {
        // `${DB_PASSWORD:-hunter2}`: what is used when the variable is not set stands in the clear.
        let default = default_of(bytes).map(|d| Span::new(value.start + d.start, value.start + d.end));
        if let Some(default) = default.filter(|d| !filter::is_reference(d.of(text)))
            && let Ok((confidence, weak)) = judge(&Assigned { value: default, quoted: true, ..found }, class)
        {
            return Some(Verdict::Secret { name, value: default, confidence, weak });
        }
        return Some(Verdict::Reference { name, value });
    }
    match judge(&found, class) {
        Ok((confidence, weak)) => Some(Verdict::Secret { name, value, confidence, weak }),
        Err(why) => Some(Verdict::Dropped { value, why }),
    }
}

/// What the value at a keyword looks most like that the ranker refused.
#[must_use]
pub fn taken_for(text: &[u8], at: usize, word: &str, strength: Strength) -> Drop {
    assigned(text, at, word, strength).map_or(Drop::Unlikely, |found| value::taken_for(&found, found.value.of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;

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
            "login(\"${env.REPO_PASSWORD}\", \"Artifactory Realm\")",
            "admin password 0.040057",
            "default password -0.073127",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_behind_a_word_in_a_sentence_was_a_password() {
        for text in [
            "problem=\"found !vault but no vault password provided\",",
            "# Test a warning is displayed when a password is provided",
            ".withMessage(\"No MariaDB password found\");",
            "- name: verify lookup password behavior",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
        assert!(value("machine example.net login joe password hunter4two").is_some());
    }

    #[test]
    fn a_digest_that_says_what_it_is_was_a_value() {
        let hex = "807e3b1c5d9f2a4680b1c7d3e5f90a2b4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e3f";
        assert_eq!(value(&format!("api-key=sha256:{hex}")), None);
        assert_eq!(value(&format!("\"secret\": \"sha256:{hex}\"")), None);
    }

    #[test]
    fn what_a_list_tells_of_a_token_was_a_value() {
        assert_eq!(value("\"hashed_token\": \"XOpsmZQrq8pbS2gNDkCv3d1tqZ0HcU5eF7wKjA9xLi0=\""), None);
        assert_eq!(value("\"token_expires_at\": \"2026-04-16T08:47:09.000-07:00\""), None);
        assert_eq!(value("\"api_key\": \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9kq0Zx7Lm2PqW4v8Tt\""), None);
        assert!(value("\"token\": \"XOpsmZQrq8pbS2gNDkCv3d1tqZ0HcU5eF7wKjA9xLi0=\"").is_some());
    }

    #[test]
    fn the_last_byte_of_all_behind_a_letter_overflowed() {
        let text = [&b"password = \"a"[..], &[0xff, b'z', 0xff, 0xfe, 0x00, b'7'], b"\"\n"].concat();
        let read = |at| super::read(&text, at, "passw", Strength::Password, &PathClass::default());
        assert!(read(0).is_some());
    }

    #[test]
    fn settings_in_a_text_inside_code_are_read() {
        let v = "5eb86c9896ab03919abcf03857163741";
        let code = |text: &str| matches!(at(text, Family::Code), Some(Verdict::Secret { .. }));
        assert!(code(&format!("EXAMPLES = \'\'\'\n- name: x\n  acme_server:\n    api_key: {v}\n\'\'\'\n")));
        assert!(!code(&format!("let api_key: {v} = read();\n")));
        assert!(!code("call(api_key: some_value_1234567890,\n"));
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
