//! Values that their vendors publish for emulators and documentation, held as hashes.

use sha2::{Digest, Sha256};

use super::util;
use crate::model::Proof;

/// SHA-256 of the value, and whose it is.
const PUBLISHED: &[(&str, &str)] = &[
    (
        // https://learn.microsoft.com/en-us/azure/storage/common/storage-connect-azurite
        "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
        "the key of the Azure storage emulator, which Microsoft publishes",
    ),
    (
        // https://learn.microsoft.com/en-us/azure/cosmos-db/emulator
        "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
        "the key of the Azure Cosmos DB emulator, which Microsoft publishes",
    ),
    (
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
        "78314b11be2e581549ac1c4f616563fad3fdf0c3b71678f6e2299182080e0598",
        "the sample secret key of the AWS documentation",
    ),
    (
        // https://datatracker.ietf.org/doc/html/rfc7617#section-2
        "cf4d418ed3de92d71f767db5391d5a2dacd40e1ce49e75d1137e2ecf4982d844",
        "the sample login of the standard of Basic authentication",
    ),
];

/// Marks a proof when the value is a published one.
pub fn mark(value: &[u8], proof: &mut Proof) {
    // Nothing of another length is published here, or worth a hash.
    if !matches!(value.len(), 28 | 40 | 88) {
        return;
    }
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(value));
    if let Some((_, whose)) = PUBLISHED.iter().find(|(known, _)| *known == hash) {
        util::mark_test(proof, format!("It is {whose}."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Validity;

    #[test]
    fn the_emulators_key_is_a_test_value_and_another_is_not() {
        let published =
            ["Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2U", "VErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="].concat();
        let mut proof = Proof::default();
        mark(published.as_bytes(), &mut proof);
        assert_eq!(proof.validity, Validity::TestValue);
        let mut proof = Proof::default();
        mark(data_encoding::BASE64.encode(b"Aladdin:open sesame").as_bytes(), &mut proof);
        assert_eq!(proof.validity, Validity::TestValue);
        let mut proof = Proof::default();
        mark(published.replace('E', "F").as_bytes(), &mut proof);
        assert_eq!(proof.validity, Validity::Unverified);
    }
}
