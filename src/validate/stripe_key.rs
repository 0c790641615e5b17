//! Stripe keys: <https://docs.stripe.com/keys>. The prefix gives kind and mode; there is no check.

use super::{Subject, Validator, util};
use crate::model::{Confidence, Proof, Severity, Validity};

pub(super) const VALIDATOR: Validator = Validator {
    id: "stripe-key",
    about: "tells live from test and secret from restricted and publishable Stripe keys",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let key = util::secret_text(subject);
    let mut words = key.splitn(3, '_');
    let (prefix, mode, body) = (words.next(), words.next(), words.next().unwrap_or_default());
    let mut proof = Proof::default();
    let kind = match prefix {
        Some("sk") => "secret",
        Some("rk") => "restricted",
        Some("pk") => "publishable",
        Some("whsec") => {
            util::set(&mut proof, "key_type", "webhook-signing");
            return proof;
        }
        _ => return util::malformed(Confidence::Low, "It has none of Stripe's prefixes."),
    };
    util::set(&mut proof, "key_type", kind);
    match mode {
        Some("live") => util::set(&mut proof, "mode", "live"),
        Some("test") => {
            util::set(&mut proof, "mode", "test");
            proof.severity = Some(Severity::Low);
            util::say(&mut proof, "It is a test-mode key: it reaches test data only and moves no money.");
        }
        _ => return util::malformed(Confidence::Low, "Its mode is neither live nor test."),
    }
    if kind == "publishable" {
        proof.public = true;
        util::say(&mut proof, "Publishable keys are meant to be seen.");
    }
    if !body.bytes().all(|b| b.is_ascii_alphanumeric()) || body.len() < 10 {
        let confidence = if body.len() < 20 { Confidence::Low } else { Confidence::Medium };
        proof.validity = Validity::Malformed;
        proof.confidence = Some(confidence);
        util::say(&mut proof, "What follows the prefix is too short or no base 62.");
    } else if util::stands_for(body).is_some() {
        util::mark_test(&mut proof, "A placeholder stands behind the prefix.");
    } else if kind == "restricted" {
        util::say(&mut proof, "It is a restricted key: what it may do is set in the dashboard.");
    }
    proof
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;

    fn check(prefix: &str) -> Proof {
        (VALIDATOR.check)(&subject(format!("{prefix}_{}", noise(61, 24)).as_bytes()))
    }

    #[test]
    fn prefix_gives_kind_and_mode() {
        assert_eq!(check("sk_live").attributes["mode"], "live");
        assert_eq!(check("sk_live").severity, None);
        assert_eq!(check("rk_live").attributes["key_type"], "restricted");
        assert_eq!(check("sk_test").severity, Some(Severity::Low));
        assert!(check("pk_live").public);
        assert_eq!(check("zz_live").validity, Validity::Malformed);
        assert_eq!((VALIDATOR.check)(&subject(b"sk_live_...")).validity, Validity::Malformed);
    }
}
