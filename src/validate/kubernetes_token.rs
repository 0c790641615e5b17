//! Bearer tokens of Kubernetes clients: a signed token of a service account or an issuer of logins, which says whose it is, or an
//! opaque one, which says nothing
//! (<https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authentication-strategies>).

use super::{Subject, Validator, jwt, util};
use crate::model::Proof;

pub(super) const VALIDATOR: Validator = Validator {
    id: "kubernetes-token",
    about: "decodes a token of a cluster's client when it is a JSON Web Token; of others nothing can be told",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    match jwt::decode(&token) {
        Some(_) => jwt::prove(subject),
        None => Proof::default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{noise, subject};
    use super::*;
    use crate::model::Validity;

    #[test]
    fn a_signed_token_tells_its_account_and_an_opaque_one_nothing() {
        let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let claims = r#"{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:shop:api"}"#;
        let token = format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), noise(7, 86));
        let proof = (VALIDATOR.check)(&subject(token.as_bytes()));
        assert_eq!(proof.identity.unwrap().name, "shop/api");
        let proof = (VALIDATOR.check)(&subject(noise(8, 48).as_bytes()));
        assert_eq!((proof.validity, proof.confidence), (Validity::Unverified, None));
    }
}
