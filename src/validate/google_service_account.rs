//! Google service-account key files:
//! <https://cloud.google.com/iam/docs/keys-create-delete>. The `external_account` file of workload identity federation
//! holds no secret: <https://google.aip.dev/auth/4117>.

use serde_json::Value;

use super::{Subject, Validator, jwt, private_key, util};
use crate::model::{Confidence, Proof, Validity};

pub(super) const VALIDATOR: Validator = Validator {
    id: "google-service-account",
    about: "reads account, project and key id from a Google credential file",
    check: |subject| util::scrub(subject, prove(subject)),
};

fn prove(subject: &Subject<'_>) -> Proof {
    let Some(json) = [subject.matched, subject.secret].into_iter().find_map(object) else {
        return util::malformed(Confidence::Medium, "It is not a whole JSON object.");
    };
    match util::field(&json, "type").as_deref() {
        Some("external_account" | "external_account_authorized_user") => federation(&json),
        Some("authorized_user") => authorized_user(&json),
        Some("service_account") => service_account(&json),
        None if json.get("private_key").is_some() && json.get("client_email").is_some() => service_account(&json),
        _ => util::malformed(Confidence::Low, "Its type is none of Google's credential types."),
    }
}

/// The object in plain JSON, in JSON that stands escaped inside a string, or in base64 of either.
fn object(bytes: &[u8]) -> Option<Value> {
    let text = util::text(bytes);
    let plain = braces(&text).and_then(read);
    plain.or_else(|| {
        let decoded = util::base64(text.trim().trim_matches(['"', '\'']).as_bytes())?;
        read(braces(&util::text(&decoded))?)
    })
}

fn read(text: &str) -> Option<Value> {
    util::json_object(text.as_bytes()).or_else(|| util::json_object(unescape(text).as_bytes()))
}

fn braces(text: &str) -> Option<&str> {
    text.get(text.find('{')?..=text.rfind('}')?)
}

/// Takes one level of string escapes away. Escaped line ends become white space, which JSON allows between tokens.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'r' | 't') => out.push(' '),
                Some(escaped) => out.push(escaped),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

fn service_account(json: &Value) -> Proof {
    let key = util::field(json, "private_key").unwrap_or_default();
    let email = util::field(json, "client_email").unwrap_or_default();
    let mut proof = match private_key::body_of(&key) {
        Some(body) if body.len() >= 100 => {
            util::proven("It is a complete service-account key file: account, key id and private key.")
        }
        _ if key.is_empty() => util::malformed(Confidence::Low, "The key file has no private key."),
        _ => {
            let mut proof = Proof::default();
            util::mark_test(&mut proof, "A placeholder stands where the private key would.");
            proof
        }
    };
    if proof.validity == Validity::ProvenFormat {
        private_key::describe(&mut proof, &key);
    }
    for (field, name) in [
        ("client_email", "email"),
        ("project_id", "project"),
        ("private_key_id", "key_id"),
        ("client_id", "client_id"),
        ("universe_domain", "universe_domain"),
    ] {
        util::set(&mut proof, name, &util::field(json, field).unwrap_or_default());
    }
    let whole = email.len() <= 320
        && email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'));
    if whole {
        proof.identity =
            Some(jwt::google_account(&util::shown(&email), util::field(json, "project_id").map(|p| util::shown(&p))));
    } else if proof.validity == Validity::ProvenFormat {
        proof.confidence = Some(Confidence::High);
        util::say(&mut proof, "Its client_email is missing or no address.");
    }
    util::say(&mut proof, "Such keys do not expire unless the organisation sets an expiry policy.");
    proof
}

fn federation(json: &Value) -> Proof {
    let mut proof = util::proven("It configures workload identity federation and holds no secret.");
    proof.public = true;
    util::set(&mut proof, "type", "external_account");
    util::set(&mut proof, "audience", &util::field(json, "audience").unwrap_or_default());
    let url = util::field(json, "service_account_impersonation_url").unwrap_or_default();
    let email = url.split("/serviceAccounts/").nth(1).and_then(|rest| rest.split(':').next());
    if let Some(email) = email.filter(|e| e.contains('@') && e.len() <= 320) {
        util::set(&mut proof, "email", email);
        proof.identity = Some(jwt::google_account(&util::shown(email), None));
    }
    proof
}

/// Application-default credentials of a person:
/// <https://cloud.google.com/docs/authentication/application-default-credentials>.
fn authorized_user(json: &Value) -> Proof {
    let whole = util::field(json, "refresh_token").is_some_and(|t| util::stands_for(&t).is_none());
    let mut proof = if whole {
        util::proven("It holds the refresh token of a person's Google login, which carries that person's rights.")
    } else {
        util::malformed(Confidence::Low, "The file has no refresh token.")
    };
    util::set(&mut proof, "type", "authorized_user");
    util::set(&mut proof, "human", "yes");
    util::set(&mut proof, "client_id", &util::field(json, "client_id").unwrap_or_default());
    proof
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::super::util::testing::{noise, subject};
    use super::*;

    fn key_file() -> Value {
        let key = format!("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", "PRIVATE KEY", noise(41, 1600));
        json!({"type": "service_account", "project_id": "p-1", "private_key_id": "0123abcd", "private_key": key,
               "client_email": "CI@p-1.iam.gserviceaccount.com", "client_id": "117", "universe_domain": "googleapis.com"})
    }

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    #[test]
    fn a_key_file_names_its_account_in_every_dress() {
        let plain = serde_json::to_string_pretty(&key_file()).unwrap();
        let escaped = serde_json::to_string(&plain).unwrap();
        let encoded = data_encoding::BASE64.encode(plain.as_bytes());
        for text in [plain.clone(), escaped, encoded, format!("GOOGLE_CREDENTIALS='{plain}'")] {
            let proof = check(&text);
            assert_eq!(proof.confidence, Some(Confidence::Confirmed), "{text}");
            let identity = proof.identity.unwrap();
            assert_eq!(identity.key.as_str(), "gcp:service-account:ci@p-1.iam.gserviceaccount.com");
            assert_eq!(identity.account.as_deref(), Some("p-1"));
            assert_eq!(proof.attributes["key_id"], "0123abcd");
            assert!(!proof.attributes.values().any(|v| v.contains("BEGIN")));
        }
    }

    #[test]
    fn a_file_without_a_key_is_malformed_and_a_placeholder_is_a_test_value() {
        let mut file = key_file();
        file["private_key"] = json!("");
        assert_eq!(check(&file.to_string()).validity, Validity::Malformed);
        file["private_key"] = json!("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n");
        let proof = check(&file.to_string());
        assert_eq!(proof.validity, Validity::TestValue);
        assert!(proof.identity.is_some(), "the account is still named");
    }

    #[test]
    fn federation_files_are_public() {
        let file = json!({"type": "external_account", "audience": "//iam.googleapis.com/projects/1/x",
            "service_account_impersonation_url":
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken"});
        let proof = check(&file.to_string());
        assert!(proof.public);
        assert_eq!(proof.identity.unwrap().key.as_str(), "gcp:service-account:a@p.iam.gserviceaccount.com");
    }

    #[test]
    fn other_json_is_malformed() {
        assert_eq!(check("{\"type\":\"module\"}").validity, Validity::Malformed);
        assert_eq!(check("{\"type\": ").validity, Validity::Malformed);
    }
}
