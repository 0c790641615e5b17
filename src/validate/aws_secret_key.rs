//! AWS secret access keys: 40 characters without any check of their own,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>.

use super::{Subject, Validator, aws_key_id, util};
use crate::model::{Confidence, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "aws-secret-key",
    about: "tells documentation values from AWS secret keys and reads the account from the key id beside it",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let secret = util::secret_text(subject);
    let mut proof = Proof::default();
    if let Some(id) = util::part(subject, "key_id") {
        aws_key_id::describe(&mut proof, id);
    }
    let upper = secret.to_ascii_uppercase();
    if upper.ends_with("EXAMPLEKEY") {
        util::mark_test(&mut proof, "It ends in EXAMPLEKEY, as the keys of AWS's documentation do.");
    } else if secret.len() != 40
        || !secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+' | b'='))
    {
        let attributes = std::mem::take(&mut proof.attributes);
        proof = util::malformed(Confidence::Low, "An AWS secret key has exactly 40 characters of base 64.");
        proof.attributes = attributes;
    } else if secret.bytes().all(|b| b.is_ascii_hexdigit()) {
        proof.confidence = Some(Confidence::Low);
        util::say(&mut proof, "It is 40 hexadecimal digits, which a SHA-1 is and a secret key almost never.");
    }
    proof
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::aws_key_id::tests::key_of;
    use super::super::util::testing::{as_of, noise, subject};
    use super::*;
    use crate::model::{Part, Span, Validity};

    #[test]
    fn the_key_id_beside_it_gives_the_account() {
        let secret = noise(21, 40);
        let parts = [Part { name: "key_id".to_owned(), value: key_of("AKIA", 210_987_654_321), span: Span::default() }];
        let subject = Subject { parts: &parts, ..subject(secret.as_bytes()) };
        let proof = (VALIDATOR.check)(&subject);
        assert_eq!(proof.attributes["account"], "210987654321");
        assert_eq!(proof.validity, Validity::Unverified);
        assert_eq!(subject.as_of, as_of());
    }

    #[test]
    fn the_documentation_key_is_a_test_value_and_a_sha1_is_doubtful() {
        let example = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCY", "EXAMPLEKEY"].concat();
        assert_eq!((VALIDATOR.check)(&subject(example.as_bytes())).validity, Validity::TestValue);
        let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!((VALIDATOR.check)(&subject(hash.as_bytes())).confidence, Some(Confidence::Low));
        assert_eq!((VALIDATOR.check)(&subject(b"too-short")).validity, Validity::Malformed);
    }
}
