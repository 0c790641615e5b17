//! AWS access key ids.
//!
//! The prefix says what the key is for: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
//! The account id lies in the base-32 text behind it, as described at
//! <https://awsteele.com/blog/2020/09/26/aws-access-key-format.html>; ids of the older format, whose fifth character is
//! I or J, do not carry it.

use super::{Subject, Validator, util};
use crate::model::{Confidence, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "aws-key-id",
    about: "reads kind and account from an AWS access key id",
    // The value is an identifier and may be shown, so nothing is scrubbed.
    check: prove,
};

fn prove(subject: &Subject<'_>) -> Proof {
    let id = util::secret_text(subject);
    if let Some((confidence, why)) = flaw(&id) {
        return util::malformed(confidence, why);
    }
    let mut proof = Proof::default();
    describe(&mut proof, &id);
    proof
}

/// Why AWS cannot have issued this id, and what confidence is left.
fn flaw(id: &str) -> Option<(Confidence, &'static str)> {
    if !(16..=128).contains(&id.len()) || !id.is_ascii() {
        return Some((Confidence::Low, "An AWS key id has at least 16 characters of base 32."));
    }
    // Ids of the oldest form are kept out of the base-32 test: their alphabet is not documented.
    if id.starts_with("A3T") {
        return None;
    }
    if !id.bytes().skip(4).all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')) {
        return Some((Confidence::Medium, "The key id holds characters that base 32 does not have."));
    }
    match id.get(..4).and_then(key_type) {
        Some("identifier") => {
            Some((Confidence::Low, "The prefix names a user, role or other entity, not a credential."))
        }
        Some(_) => None,
        None => Some((Confidence::Low, "The prefix is none of AWS's.")),
    }
}

/// Sets what the id says: attributes `key_id`, `key_type` and, where it is readable, `account`.
pub(super) fn describe(proof: &mut Proof, id: &str) {
    util::set(proof, "key_id", id);
    let kind = id.get(..4).and_then(key_type).unwrap_or("legacy");
    util::set(proof, "key_type", kind);
    if id.ends_with("EXAMPLE") {
        util::mark_test(proof, "It ends in EXAMPLE, as the ids of AWS's documentation do.");
        return;
    }
    if kind == "temporary" {
        util::say(proof, "It is a temporary key, which works only with its session token and for at most 36 hours.");
    }
    match account_of(id) {
        Account::Is(account) => {
            util::set(proof, "account", &account);
            util::say(proof, format!("The key id belongs to AWS account {account}."));
        }
        Account::Impossible => {
            *proof = util::malformed(
                Confidence::Medium,
                "The account number inside the key id has more than 12 digits, so AWS cannot have issued it.",
            );
            util::set(proof, "key_id", id);
            util::set(proof, "key_type", kind);
        }
        Account::Unreadable => {}
    }
}

fn key_type(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        "AKIA" => "long-lived",
        "ASIA" => "temporary",
        "ABIA" => "service-bearer-token",
        "ACCA" => "context-specific",
        "AGPA" | "AIDA" | "AIPA" | "ANPA" | "ANVA" | "APKA" | "AROA" | "ASCA" => "identifier",
        _ => return None,
    })
}

/// What a key id says about its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Account {
    /// This account, twelve digits.
    Is(String),
    /// A number that no account has.
    Impossible,
    /// An older id, or none.
    Unreadable,
}

/// Reads the account of a key id: bits 1 to 40 of the base-32 number behind the prefix, most significant first.
pub(super) fn account_of(id: &str) -> Account {
    let carries = ["AKIA", "ASIA", "ABIA", "ACCA"].iter().any(|p| id.starts_with(p));
    let Some(code) = id.as_bytes().get(4..14).filter(|c| carries && !matches!(c.first(), Some(b'I' | b'J'))) else {
        return Account::Unreadable;
    };
    let number = code.iter().try_fold(0u64, |sum, b| {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        Some(sum << 5 | u64::from(digit))
    });
    // Ten characters are 50 bits; the first 48 are six bytes, of which the top bit and the low seven are not the account.
    match number.map(|n| ((n >> 2) & 0x7fff_ffff_ff80) >> 7) {
        Some(account) if account <= 999_999_999_999 => Account::Is(format!("{account:012}")),
        Some(_) => Account::Impossible,
        None => Account::Unreadable,
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::subject;
    use super::*;
    use crate::model::Validity;

    /// A key id of this account, by the inverse of the published recipe.
    pub(crate) fn key_of(prefix: &str, account: u64) -> String {
        let number = (1u64 << 47 | account << 7 | 0x55) << 2;
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let head: String =
            (0..10).rev().map(|i| char::from(alphabet[usize::try_from(number >> (5 * i) & 31).unwrap()])).collect();
        format!("{prefix}{head}{}", "QWERTY")
    }

    #[test]
    fn a_published_id_gives_its_published_account() {
        // <https://medium.com/@TalBeerySec> publishes this id with its account; cut in two so that no file holds it whole.
        let id = ["ASIAY34F", "ZKBOKMUTVV7A"].concat();
        assert_eq!(account_of(&id), Account::Is("609629065308".to_owned()));
    }

    #[test]
    fn the_prefix_tells_long_lived_from_temporary() {
        let proof = prove(&subject(key_of("AKIA", 123_456_789_012).as_bytes()));
        assert_eq!(proof.validity, Validity::Unverified);
        assert_eq!(proof.attributes["account"], "123456789012");
        assert_eq!(proof.attributes["key_type"], "long-lived");
        let proof = prove(&subject(key_of("ASIA", 42).as_bytes()));
        assert_eq!(proof.attributes["account"], "000000000042");
        assert_eq!(proof.attributes["key_type"], "temporary");
    }

    #[test]
    fn documentation_ids_are_test_values() {
        let proof = prove(&subject(["AKIAIOSF", "ODNN7EXAMPLE"].concat().as_bytes()));
        assert_eq!((proof.validity, proof.confidence), (Validity::TestValue, Some(Confidence::Low)));
    }

    #[test]
    fn ids_that_aws_cannot_issue_are_malformed() {
        for (id, confidence) in [
            ("AKIA0189ABCDEFGH2345".to_owned(), Confidence::Medium),
            (["AIDA", "QQQQQQQQQQQQQQQQQ"].concat(), Confidence::Low),
            (key_of("AKIA", 1_099_511_627_775), Confidence::Medium),
        ] {
            let proof = prove(&subject(id.as_bytes()));
            assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(confidence)), "{id}");
        }
    }

    #[test]
    fn ids_of_the_old_format_say_nothing_about_the_account() {
        let proof = prove(&subject(["AKIAJ", "QQQQQQQQQQQQQQQ"].concat().as_bytes()));
        assert_eq!(proof.validity, Validity::Unverified);
        assert!(!proof.attributes.contains_key("account"));
    }
}
