//! Google API keys: `AIza` and 35 characters of URL-safe base64, without any check of their own,
//! <https://cloud.google.com/docs/authentication/api-keys>.

use super::{Subject, Validator, util};
use crate::model::{Confidence, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "google-api-key",
    about: "checks the shape of a Google API key",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let key = util::secret_text(subject);
    let body = key.strip_prefix("AIza").filter(|b| b.len() == 35);
    match body {
        Some(body) if body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) => {
            let mut proof = Proof::default();
            if util::stands_for(body).is_some() {
                util::mark_test(&mut proof, "A placeholder stands behind the prefix.");
            } else {
                util::say(&mut proof, "The key itself does not tell which APIs and referrers it is restricted to.");
            }
            proof
        }
        _ => util::malformed(Confidence::Low, "A Google API key is AIza and 35 more characters."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    #[test]
    fn only_length_and_alphabet_can_be_judged() {
        let check = |text: String| (VALIDATOR.check)(&subject(text.as_bytes())).validity;
        assert_eq!(check(format!("AIza{}", noise(51, 35))), Validity::Unverified);
        assert_eq!(check(format!("AIza{}", noise(51, 30))), Validity::Malformed);
        assert_eq!(check(format!("AIza{}", "x".repeat(35))), Validity::TestValue);
    }
}
