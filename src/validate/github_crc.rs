//! GitHub tokens.
//!
//! Classic tokens are a prefix, an underscore, random base-62 text and six base-62 digits of the CRC-32 of that text:
//! <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>. Installation
//! tokens may be `ghs_<app id>_<JWT>`:
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app>.
//! The checksum and user id of `github_pat_` tokens are not documented; the forms below were observed on revoked tokens
//! that their owners published, so only their presence counts and their absence is not held against a token.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use super::{Subject, Validator, jwt, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "github-crc",
    about: "checks the checksum of a GitHub token and says what kind it is",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// Digits of the checksum.
const CRC_DIGITS: usize = 6;

fn token_type(prefix: &str) -> Option<&'static str> {
    Some(match prefix {
        "ghp" => "personal",
        "gho" => "oauth",
        "ghu" => "user-to-server",
        "ghs" => "server-to-server",
        "ghr" => "refresh",
        _ => return None,
    })
}

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    if let Some(body) = token.strip_prefix("github_pat_") {
        return fine_grained(&token, body);
    }
    let Some((kind, body)) = token.split_once('_').and_then(|(p, body)| Some((token_type(p)?, body))) else {
        return util::malformed(Confidence::Low, "It does not start with one of GitHub's token prefixes.");
    };
    let mut proof = match body.split_once('_') {
        Some((app, jwt)) if kind == "server-to-server" => stateless(subject, app, jwt),
        _ => classic(body),
    };
    util::set(&mut proof, "token_type", kind);
    if matches!(kind, "personal" | "oauth" | "user-to-server") {
        util::set(&mut proof, "human", "yes");
    }
    proof
}

/// True when the last six characters are the CRC-32 of what stands before them.
pub(super) fn checksum_holds(body: &[u8]) -> bool {
    let Some((entropy, digits)) = body.len().checked_sub(CRC_DIGITS).and_then(|at| body.split_at_checked(at)) else {
        return false;
    };
    !entropy.is_empty() && util::base62(digits) == Some(crc32fast::hash(entropy))
}

fn classic(body: &str) -> Proof {
    if checksum_holds(body.as_bytes()) {
        util::proven("The token's CRC-32 checksum is right.")
    } else {
        util::malformed(
            Confidence::Medium,
            "The token's CRC-32 checksum is wrong: it was invented, cut or altered, or GitHub never issued it.",
        )
    }
}

fn stateless(subject: &Subject<'_>, app: &str, token: &str) -> Proof {
    let decoded = app.bytes().all(|b| b.is_ascii_digit()).then(|| jwt::decode(token)).flatten();
    let Some(claims) = decoded.and_then(|parts| parts.claims) else {
        return util::malformed(Confidence::Medium, "The text after the app id is not a JSON Web Token.");
    };
    let mut proof = util::proven("It is an installation token of the form app id and JSON Web Token.");
    util::set(&mut proof, "app_id", app);
    proof.identity = Some(IdentityHint {
        key: IdentityKey::new("github", "app", app),
        kind: IdentityKind::Application,
        provider: "github".to_owned(),
        name: format!("GitHub App {app}"),
        account: None,
    });
    jwt::times(&mut proof, &claims, subject.as_of);
    proof
}

/// `github_pat_`, 22 characters, `_`, 59 characters; of those the last 16 are 8 of checksum and 8 more.
fn fine_grained(token: &str, body: &str) -> Proof {
    let shape = body.split_once('_').is_some_and(|(head, tail)| {
        head.len() == 22 && tail.len() == 59 && (head.bytes().chain(tail.bytes())).all(|b| b.is_ascii_alphanumeric())
    });
    let mut proof = if !shape {
        util::malformed(Confidence::Medium, "It does not have the 22 and 59 characters of a fine-grained token.")
    } else if fine_grained_checksum(token) == Some(true) {
        let mut proof = util::proven("The checksum seen in fine-grained tokens is right.");
        if let Some(id) = fine_grained_user(body) {
            util::set(&mut proof, "user_id", &id);
            proof.identity = Some(IdentityHint {
                key: IdentityKey::new("github", "user-id", &id),
                kind: IdentityKind::UserToken,
                provider: "github".to_owned(),
                name: format!("GitHub user {id}"),
                account: None,
            });
        }
        proof
    } else {
        let mut proof = Proof::default();
        util::say(&mut proof, "It lacks the checksum seen in other fine-grained tokens.");
        proof
    };
    util::set(&mut proof, "token_type", "fine-grained-personal");
    util::set(&mut proof, "human", "yes");
    proof
}

/// The first 8 characters of the base-32 SHA-256 of all but the last 16 characters, prefix included.
fn fine_grained_checksum(token: &str) -> Option<bool> {
    let (signed, tail) = token.as_bytes().split_at_checked(token.len().checked_sub(16)?)?;
    let digest = BASE32_NOPAD.encode(&Sha256::digest(signed));
    Some(tail.get(..8)? == digest.as_bytes().get(..8)?)
}

/// Two characters of version, then the base-32 of the user's numeric id in 32 bits, big-endian.
fn fine_grained_user(body: &str) -> Option<String> {
    let bits = body.get(2..9)?.bytes().try_fold(0u64, |sum, b| {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        Some(sum << 5 | u64::from(digit))
    })?;
    let id = bits >> 3;
    (id > 0).then(|| id.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{as_of, b64url, noise, subject, to_base62};
    use super::*;
    use crate::model::{Validity, When};

    fn token(prefix: &str, len: usize) -> String {
        let entropy = noise(7, len);
        let crc = to_base62(crc32fast::hash(entropy.as_bytes()), 6);
        format!("{prefix}_{entropy}{crc}")
    }

    #[test]
    fn the_vector_that_implementations_of_the_format_share_is_right() {
        // From <https://github.com/therootcompany/base62-token.js>, put together here so that no file holds it.
        let entropy = ["zQWBuTSOoRi4", "A9spHcVY5ncnsDkxkJ"].concat();
        assert!(checksum_holds(format!("{entropy}{}", "0mLq17").as_bytes()));
        assert!(!checksum_holds(format!("{entropy}{}", "0mLq18").as_bytes()));
    }

    #[test]
    fn every_classic_prefix_is_proven_by_its_checksum() {
        for (prefix, len, kind) in [
            ("ghp", 30, "personal"),
            ("gho", 30, "oauth"),
            ("ghu", 30, "user-to-server"),
            ("ghs", 30, "server-to-server"),
            ("ghr", 70, "refresh"),
        ] {
            let proof = (VALIDATOR.check)(&subject(token(prefix, len).as_bytes()));
            assert_eq!(proof.validity, Validity::ProvenFormat, "{prefix}");
            assert_eq!(proof.confidence, Some(Confidence::Confirmed));
            assert_eq!(proof.attributes["token_type"], kind);
        }
    }

    #[test]
    fn one_altered_character_is_malformed_but_not_dropped() {
        let mut text = token("ghp", 30).into_bytes();
        text[10] = if text[10] == b'a' { b'b' } else { b'a' };
        let proof = (VALIDATOR.check)(&subject(&text));
        assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(Confidence::Medium)));
        assert_eq!(proof.attributes["token_type"], "personal");
    }

    #[test]
    fn a_fine_grained_token_with_checksum_names_its_user() {
        // 823277 as 32 bits in base 32 is AAGI73I with its three last bits unused.
        let signed = format!("github_pat_{}{}{}_{}", "11", "AAGI73I", noise(3, 13), noise(5, 43));
        let digest = BASE32_NOPAD.encode(&Sha256::digest(signed.as_bytes()));
        let proof = (VALIDATOR.check)(&subject(format!("{signed}{}{}", &digest[..8], noise(9, 8)).as_bytes()));
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.identity.unwrap().key.as_str(), "github:user-id:823277");
    }

    #[test]
    fn a_fine_grained_token_without_it_stays_unverified() {
        let text = format!("github_pat_{}_{}", noise(1, 22), noise(2, 59));
        let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
        assert_eq!((proof.validity, proof.confidence), (Validity::Unverified, None));
        let short = format!("github_pat_{}_{}", noise(1, 22), noise(2, 12));
        assert_eq!((VALIDATOR.check)(&subject(short.as_bytes())).validity, Validity::Malformed);
    }

    #[test]
    fn a_stateless_installation_token_gives_app_and_expiry() {
        let claims = format!("{{\"exp\":{}}}", as_of().as_second() - 60);
        let text =
            format!("ghs_1234_{}.{}.{}", b64url(b"{\"alg\":\"ES256\"}"), b64url(claims.as_bytes()), noise(4, 43));
        let proof = (VALIDATOR.check)(&subject(text.as_bytes()));
        assert_eq!(proof.validity, Validity::Expired);
        assert!(matches!(proof.expires, When::At(_)));
        assert_eq!(proof.identity.unwrap().key.as_str(), "github:app:1234");
    }
}
