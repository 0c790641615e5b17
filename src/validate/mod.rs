//! Offline proof: what a value says about itself. One file a kind; nothing here touches the network, drops a candidate,
//! or says that a credential is active.
//!
//! A proof moves confidence, fills in the identity that the value names, and adds attributes and sentences that never
//! repeat the value. Verdicts: a checksum or structure that random text does not have is `proven-format`; a shape whose
//! checksum or structure fails is `malformed`, with the confidence that is left; documentation values, placeholders and
//! references are `test-value`, with low confidence and severity; a passed expiry is `expired`.
//!
//! | id | what it proves or reads | source |
//! |---|---|---|
//! | `aws-key-id` | kind and account of a key id | <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html> |
//! | `aws-secret-key` | account from the key id beside it | <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html> |
//! | `azure-sas` | rights, expiry, storage account | <https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas> |
//! | `basic-auth` | user and host | <https://www.rfc-editor.org/rfc/rfc7617> |
//! | `connection-string` | scheme, host, user, database | <https://www.rfc-editor.org/rfc/rfc3986#section-3.2> and the drivers' pages |
//! | `github-crc` | checksum, kind, app or user | <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/> |
//! | `gitlab-token` | checksum and ids of routable tokens | <https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/> |
//! | `google-api-key` | shape only | <https://cloud.google.com/docs/authentication/api-keys> |
//! | `google-service-account` | account, project, key id | <https://cloud.google.com/iam/docs/keys-create-delete> |
//! | `jwt` | issuer, subject, audience, expiry, service account | <https://www.rfc-editor.org/rfc/rfc7519> |
//! | `kubernetes-token` | as `jwt`, where the token is one | <https://kubernetes.io/docs/reference/access-authn-authz/authentication/> |
//! | `npm-crc` | checksum | <https://github.blog/security/announcing-npms-new-access-token-format/> |
//! | `presigned-url` | signer and expiry | <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html> |
//! | `private-key` | algorithm, size, passphrase, public fingerprint | <https://www.rfc-editor.org/rfc/rfc7468> and those named in the file |
//! | `pypi-macaroon` | index, scope, user | <https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt> |
//! | `slack-token` | kind, workspace, bot or app | <https://docs.slack.dev/authentication/tokens> |
//! | `stripe-key` | kind and mode | <https://docs.stripe.com/keys> |
//! | `x509` | subject, issuer, validity, key | <https://www.rfc-editor.org/rfc/rfc5280> |

mod aws_key_id;
mod aws_secret_key;
mod azure_sas;
mod basic_auth;
mod connection_string;
mod der;
mod github_crc;
mod gitlab_token;
mod google_api_key;
mod google_service_account;
mod jwt;
pub mod known;
mod kubernetes_token;
pub mod login;
mod npm_crc;
mod openssh;
mod pgp;
mod presigned_url;
mod private_key;
mod pypi_macaroon;
mod slack_token;
mod stock;
mod stripe_key;
mod util;
mod x509;

use std::fmt;

use jiff::Timestamp;

use crate::model::{Part, Proof};

/// What a proof may look at. It borrows the secret, so its `Debug` shows lengths only.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The value.
    pub secret: &'a [u8],
    /// The whole match, for kinds whose value is part of a larger text (a JSON key file, a URL).
    pub matched: &'a [u8],
    /// Named parts of the match.
    pub parts: &'a [Part],
    /// The name the value was assigned to.
    pub key_name: Option<&'a str>,
    /// The time that expiries are measured against.
    pub as_of: Timestamp,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({} of {} bytes)", self.secret.len(), self.matched.len())
    }
}

/// One kind of proof.
pub struct Validator {
    /// Stable id, named by rules in `validate:`.
    pub id: &'static str,
    /// One line for `rules explain`.
    pub about: &'static str,
    /// The proof itself. Total: any bytes give a result.
    pub check: fn(&Subject<'_>) -> Proof,
}

/// Every validator, in the order of their ids.
pub const VALIDATORS: &[&Validator] = &[
    &aws_key_id::VALIDATOR,
    &aws_secret_key::VALIDATOR,
    &azure_sas::VALIDATOR,
    &basic_auth::VALIDATOR,
    &connection_string::VALIDATOR,
    &github_crc::VALIDATOR,
    &gitlab_token::VALIDATOR,
    &google_api_key::VALIDATOR,
    &google_service_account::VALIDATOR,
    &jwt::VALIDATOR,
    &kubernetes_token::VALIDATOR,
    &npm_crc::VALIDATOR,
    &presigned_url::VALIDATOR,
    &private_key::VALIDATOR,
    &pypi_macaroon::VALIDATOR,
    &slack_token::VALIDATOR,
    &stripe_key::VALIDATOR,
    &x509::VALIDATOR,
];

/// The validator of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().copied().find(|v| v.id == id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::util::testing::{as_of, b64url, noise};
    use super::*;
    use crate::model::{Confidence, Span, Validity};

    /// A text of one kind, and the strings in it that must never be shown.
    struct Sample {
        id: &'static str,
        text: String,
        hidden: Vec<String>,
    }

    fn sample(id: &'static str, text: String, hidden: &[&str]) -> Sample {
        Sample { id, text, hidden: hidden.iter().map(|s| (*s).to_owned()).collect() }
    }

    /// One well-formed text of every kind.
    fn samples() -> Vec<Sample> {
        let (password, long) = (noise(201, 16), noise(202, 60));
        let signature = BASE64.encode(noise(203, 32).as_bytes());
        let rsa = BASE64.encode(&der::tests::pkcs1(1024));
        let pem = format!("-----BEGIN {0}-----\n{rsa}\n-----END {0}-----\n", "RSA PRIVATE KEY");
        let key_file = serde_json::json!({"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com",
            "private_key": format!("-----BEGIN {0}-----\n{rsa}\n-----END {0}-----\n", "PRIVATE KEY"), "project_id": "p"});
        let claims = b64url(b"{\"iss\":\"x\",\"sub\":\"system:serviceaccount:a:b\",\"exp\":4102444800}");
        let jwt = format!("{}.{claims}.{long}", b64url(b"{\"alg\":\"RS256\"}"));
        vec![
            sample("aws-key-id", aws_key_id::tests::key_of("AKIA", 123), &[]),
            sample("aws-secret-key", noise(204, 40), &[&noise(204, 40)]),
            sample(
                "azure-sas",
                format!("https://a.blob.core.windows.net/c?sp=rw&se=2030-01-01&sig={signature}"),
                &[&signature],
            ),
            sample("basic-auth", format!("https://bot:{password}@git.shop.io/x"), &[&password]),
            sample("connection-string", format!("postgres://app:{password}@db.shop.io:5432/main"), &[&password]),
            sample("connection-string", format!("Server=h.io;User ID=sa;Password={password};"), &[&password]),
            sample("github-crc", format!("ghp_{}", &noise(205, 36)), &[&noise(205, 36)]),
            sample("gitlab-token", format!("glpat-{password}.01{}", "abcdefg"), &[&password]),
            sample("google-api-key", format!("AIza{}", noise(206, 35)), &[&noise(206, 35)]),
            sample("google-service-account", key_file.to_string(), &[&rsa]),
            sample("jwt", jwt.clone(), &[&long]),
            sample("kubernetes-token", jwt, &[&long]),
            sample("npm-crc", format!("npm_{}", noise(207, 36)), &[&noise(207, 36)]),
            sample(
                "presigned-url",
                format!(
                    "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA/20260101/r/s3/aws4_request&X-Amz-Date=20260101T000000Z\
                         &X-Amz-Expires=60&X-Amz-Signature={}",
                    "0b".repeat(32)
                ),
                &[&"0b".repeat(32)],
            ),
            sample("private-key", pem.clone(), &[&rsa, &pem]),
            sample("private-key", openssh_pem(), &[]),
            sample("pypi-macaroon", format!("pypi-AgEIcHlwaS5vcmc{long}"), &[&long]),
            sample("slack-token", format!("{}-1234567890-1234567890-{password}", "xoxb"), &[&password]),
            sample("stripe-key", format!("{}_live_{password}", "sk"), &[&password]),
            sample("x509", format!("-----BEGIN CERTIFICATE-----\n{rsa}\n-----END CERTIFICATE-----"), &[]),
        ]
    }

    fn openssh_pem() -> String {
        let body = BASE64.encode(&openssh::tests::container("none"));
        format!("-----BEGIN {0}-----\n{body}\n-----END {0}-----\n", "OPENSSH PRIVATE KEY")
    }

    fn shown(proof: &Proof) -> String {
        let mut out: String = proof.attributes.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
        out.push_str(&proof.evidence.join("\n"));
        if let Some(id) = &proof.identity {
            out.push_str(&format!("\n{}\n{}\n{:?}", id.key, id.name, id.account));
        }
        out
    }

    #[test]
    fn ids_are_those_that_rules_name_in_order_and_once() {
        let ids: Vec<&str> = VALIDATORS.iter().map(|v| v.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        assert_eq!(ids.len(), 18);
        assert!(find("jwt").is_some_and(|v| v.id == "jwt" && !v.about.is_empty()));
        assert!(find("nothing").is_none());
        assert!(ids.iter().all(|id| samples().iter().any(|s| s.id == *id)), "every kind has a sample");
    }

    #[test]
    fn well_formed_values_never_show_their_secret_half() {
        for Sample { id, text, hidden } in samples() {
            // A rule may capture the secret half alone or take the whole text for it.
            for secret in std::iter::once(&text).chain(&hidden) {
                let subject = Subject {
                    secret: secret.as_bytes(),
                    matched: text.as_bytes(),
                    parts: &[],
                    key_name: None,
                    as_of: as_of(),
                };
                let shown = shown(&(find(id).unwrap().check)(&subject));
                for half in &hidden {
                    assert!(!shown.contains(half), "{id} shows its secret:\n{shown}");
                    assert!(!shown.contains(&half[half.len() / 2..]), "{id} shows half of its secret:\n{shown}");
                }
            }
        }
    }

    /// Texts that write one word everywhere: as user, password, host, path, claim and key.
    fn repeated(word: &str) -> Vec<String> {
        let claims =
            serde_json::json!({"iss": word, "sub": format!("system:serviceaccount:{word}:{word}"), "role": word});
        vec![
            format!("postgres://{word}:{word}@{word}.io:1/{word}?user={word}"),
            format!("Server={word};User Id={word};Password={word};Database={word}"),
            format!("jdbc:oracle:thin:{word}/{word}@{word}:1:{word}"),
            format!("https://{word}.blob.core.windows.net/{word}?sp=r&si={word}&skn={word}&sig={word}"),
            format!("https://{word}/?X-Amz-Credential={word}/{word}/{word}/{word}&X-Amz-Signature={word}"),
            format!("{}.{}.{word}", b64url(b"{\"alg\":\"HS256\"}"), b64url(claims.to_string().as_bytes())),
            serde_json::json!({"type": "service_account", "client_email": format!("{word}@{word}.io"), "private_key": word,
                "project_id": word, "private_key_id": word}).to_string(),
        ]
    }

    /// Arbitrary texts, and well-formed ones with a few bytes changed, cut or doubled: near misses reach deepest.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let texts: Vec<String> = samples().into_iter().map(|s| s.text).collect();
        let near = (0..texts.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<Vec<u8>>())
            .prop_map(move |(i, at, to, patch)| {
                let mut bytes = texts[i].clone().into_bytes();
                let (a, b) = (at.index(bytes.len() + 1), to.index(bytes.len() + 1));
                bytes.splice(a.min(b)..a.max(b), patch.into_iter().take(8));
                bytes
            });
        prop_oneof![any::<Vec<u8>>(), "\\PC{0,200}".prop_map(String::into_bytes), near]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn a_secret_that_the_text_repeats_is_in_no_attribute(word in "[a-zA-Z0-9]{8,24}", which in 0..7usize) {
            let text = repeated(&word).swap_remove(which);
            let parts = ["host", "user", "database", "key_id"]
                .map(|name| Part { name: name.to_owned(), value: word.clone(), span: Span::default() });
            for parts in [&[][..], &parts[..]] {
                let subject = Subject {
                    secret: word.as_bytes(),
                    matched: text.as_bytes(),
                    parts,
                    key_name: None,
                    as_of: as_of(),
                };
                for validator in VALIDATORS.iter().filter(|v| !matches!(v.id, "aws-key-id" | "x509")) {
                    let shown = shown(&(validator.check)(&subject));
                    prop_assert!(!shown.contains(&word), "{}: {}", validator.id, shown);
                }
            }
        }

        #[test]
        fn every_kind_is_total_and_discreet_on_any_bytes(
            secret in hostile(), matched in hostile(), name in "(host|user|key_id|scheme|port|database)", value in "\\PC{0,60}"
        ) {
            let parts = [Part { name, value, span: Span::default() }];
            let subject = Subject { secret: &secret, matched: &matched, parts: &parts, key_name: None, as_of: as_of() };
            let text = util::secret_text(&subject).trim().to_owned();
            for validator in VALIDATORS {
                let proof = (validator.check)(&subject);
                let again = (validator.check)(&subject);
                prop_assert_eq!(shown(&proof), shown(&again));
                if proof.validity == Validity::TestValue {
                    prop_assert_eq!(proof.confidence, Some(Confidence::Low));
                }
                if proof.validity == Validity::Malformed {
                    prop_assert!(proof.confidence.is_some() && !proof.evidence.is_empty());
                }
                prop_assert!(proof.attributes.values().all(|v| !v.chars().any(char::is_control)));
                let identifier = matches!(validator.id, "aws-key-id" | "x509");
                if text.len() >= 8 && !identifier {
                    prop_assert!(proof.attributes.values().all(|v| !v.contains(&text)), "{}", validator.id);
                    prop_assert!(proof.identity.iter().all(|i| !i.key.as_str().contains(&text)), "{}", validator.id);
                }
            }
        }
    }
}
