//! npm access tokens: GitHub's format with the prefix `npm_`,
//! <https://github.blog/security/announcing-npms-new-access-token-format/>.

use super::{Subject, Validator, github_crc, util};
use crate::model::{Confidence, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "npm-crc",
    about: "checks the checksum of an npm access token",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    let Some(body) = token.strip_prefix("npm_") else {
        return util::malformed(Confidence::Low, "It does not start with npm_.");
    };
    // npm's page does not say whether the prefix is part of the sum. Either sum has 32 bits, so taking both keeps the
    // proof and misses no genuine token.
    if github_crc::checksum_holds(body.as_bytes()) || github_crc::checksum_holds(token.as_bytes()) {
        util::proven("The token's CRC-32 checksum is right.")
    } else {
        util::malformed(Confidence::Medium, "The token's CRC-32 checksum is wrong: it was invented, cut or altered.")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject, to_base62};
    use super::*;
    use crate::model::Validity;

    #[test]
    fn a_right_checksum_confirms_and_a_wrong_one_lowers() {
        let entropy = noise(11, 30);
        let crc = to_base62(crc32fast::hash(entropy.as_bytes()), 6);
        let proof = (VALIDATOR.check)(&subject(format!("npm_{entropy}{crc}").as_bytes()));
        assert_eq!((proof.validity, proof.confidence), (Validity::ProvenFormat, Some(Confidence::Confirmed)));
        let proof = (VALIDATOR.check)(&subject(format!("npm_{entropy}{}", "000000").as_bytes()));
        assert_eq!((proof.validity, proof.confidence), (Validity::Malformed, Some(Confidence::Medium)));
    }
}
