//! PyPI API tokens: `pypi-` and a macaroon in the binary form of version 2,
//! <https://pypi.org/help/#apitoken>, <https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt>. Its caveats
//! are JSON lists whose first item is a tag: <https://github.com/pypi/warehouse/tree/main/warehouse/macaroons/caveats>.

use jiff::Timestamp;
use serde_json::Value;

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "pypi-macaroon",
    about: "decodes a PyPI token: index, token id, and whether it is for a user or for projects",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// Most caveats read from one token.
const CAVEATS: usize = 32;

#[derive(Default)]
struct Macaroon {
    location: String,
    identifier: String,
    caveats: Vec<Vec<u8>>,
    signature: usize,
}

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    let Some(body) = token.strip_prefix("pypi-") else {
        return util::malformed(Confidence::Low, "It does not start with pypi-.");
    };
    let bytes = util::base64(body.as_bytes()).unwrap_or_default();
    let Some(macaroon) = decode(&bytes) else {
        // Every token of the index begins with version and location; what follows may have been cut or masked.
        let begins = body.starts_with("AgEIcHlwaS5vcmc") || body.starts_with("AgENdGVzdC5weXBpLm9yZ");
        return if begins {
            util::malformed(Confidence::Medium, "It begins as PyPI's macaroons do, and the rest does not decode.")
        } else {
            util::malformed(Confidence::Low, "What follows pypi- is no macaroon.")
        };
    };
    let mut proof = if macaroon.signature == 32 {
        util::proven("It decodes as a macaroon with a signature of 32 bytes.")
    } else {
        util::malformed(Confidence::Medium, "It starts as a macaroon and its signature is cut.")
    };
    util::set(&mut proof, "host", &macaroon.location);
    util::set(&mut proof, "key_id", &macaroon.identifier);
    let host = macaroon.location.as_str();
    if host == "test.pypi.org" {
        proof.severity = Some(crate::model::Severity::Low);
        util::say(&mut proof, "It is for TestPyPI, the index for trials.");
    }
    let mut scope = Scope::default();
    for caveat in &macaroon.caveats {
        scope.add(caveat);
    }
    scope.tell(&mut proof, subject.as_of);
    proof
}

/// Binary macaroon of version 2: the byte 2, then fields of type, length and bytes, sections closed by type 0.
fn decode(bytes: &[u8]) -> Option<Macaroon> {
    let (version, mut rest) = bytes.split_first()?;
    if *version != 2 {
        return None;
    }
    let mut macaroon = Macaroon::default();
    let mut section = 0usize;
    while macaroon.caveats.len() < CAVEATS {
        let Some((kind, after)) = varint(rest) else { break };
        rest = after;
        if kind == 0 {
            // Two ends in a row close the caveats; the signature follows.
            section += 1;
            continue;
        }
        let Some((length, after)) = varint(rest) else { break };
        let Some((value, after)) = usize::try_from(length).ok().and_then(|n| after.split_at_checked(n)) else { break };
        rest = after;
        match (kind, section) {
            (1, 0) => macaroon.location = util::text(value).into_owned(),
            (2, 0) => macaroon.identifier = util::text(value).into_owned(),
            (2, _) => macaroon.caveats.push(value.to_vec()),
            (6, _) => {
                macaroon.signature = value.len();
                break;
            }
            _ => {}
        }
    }
    (!macaroon.identifier.is_empty()).then_some(macaroon)
}

/// A little-endian base-128 number of at most five bytes.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (i, b) in bytes.iter().take(5).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if b & 0x80 == 0 {
            return Some((value, bytes.get(i + 1..)?));
        }
    }
    None
}

#[derive(Debug, Default)]
struct Scope {
    projects: Vec<String>,
    project_ids: Vec<String>,
    user: Option<String>,
    whole_user: bool,
    publisher: Option<String>,
    expires: Option<i64>,
}

impl Scope {
    fn add(&mut self, caveat: &[u8]) {
        let Ok(json) = serde_json::from_slice::<Value>(caveat) else { return };
        let texts = |v: Option<&Value>| -> Vec<String> {
            v.and_then(Value::as_array)
                .map(|items| items.iter().filter_map(Value::as_str).take(CAVEATS).map(util::shown).collect())
                .unwrap_or_default()
        };
        if let Some(items) = json.as_array() {
            let second = items.get(1);
            match items.first().and_then(Value::as_u64) {
                Some(0) => self.expires = second.and_then(Value::as_i64),
                Some(1) => self.projects.extend(texts(second)),
                Some(2) => self.project_ids.extend(texts(second)),
                Some(3) => self.user = second.and_then(Value::as_str).map(util::shown),
                Some(4) => self.publisher = second.and_then(Value::as_str).map(util::shown),
                _ => {}
            }
        } else {
            // The forms before 2022.
            self.whole_user |= json.get("permissions").and_then(Value::as_str) == Some("user");
            self.projects.extend(texts(json.get("permissions").and_then(|p| p.get("projects"))));
            self.project_ids.extend(texts(json.get("project_ids")));
            self.expires = self.expires.or_else(|| json.get("exp").and_then(Value::as_i64));
        }
        self.projects.truncate(CAVEATS);
        self.project_ids.truncate(CAVEATS);
    }

    fn tell(&self, proof: &mut Proof, as_of: Timestamp) {
        util::set(proof, "projects", &self.projects.join(", "));
        util::set(proof, "project_ids", &self.project_ids.join(", "));
        util::set(proof, "user_id", self.user.as_deref().unwrap_or_default());
        let scope = if self.publisher.is_some() {
            util::say(proof, "A trusted publisher obtained it; such tokens last 15 minutes.");
            "trusted-publisher"
        } else if !self.projects.is_empty() || !self.project_ids.is_empty() {
            util::say(proof, "It may upload releases of the named projects only.");
            "project"
        } else if self.user.is_some() || self.whole_user {
            util::say(proof, "It may upload releases of every project of its user.");
            "user"
        } else {
            "unknown"
        };
        util::set(proof, "scope", scope);
        match self.expires.map(Timestamp::from_second) {
            Some(Ok(expires)) => util::set_expiry(proof, expires, as_of),
            Some(Err(_)) => {}
            None => {
                proof.expires = crate::model::When::Never;
                util::set(proof, "expiry", "none");
            }
        }
        if let Some(user) = &self.user {
            proof.identity = Some(IdentityHint {
                key: IdentityKey::new("pypi", "user-id", user),
                kind: IdentityKind::UserToken,
                provider: "pypi".to_owned(),
                name: format!("PyPI user {user}"),
                account: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{as_of, b64url, subject};
    use super::*;
    use crate::model::Validity;

    fn field(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
        out.push(kind);
        let mut n = value.len();
        while n >= 0x80 {
            out.push(u8::try_from(n & 0x7f).unwrap() | 0x80);
            n >>= 7;
        }
        out.push(u8::try_from(n).unwrap());
        out.extend_from_slice(value);
    }

    fn token(location: &str, caveats: &[&str], signature: usize) -> String {
        let mut out = vec![2];
        field(&mut out, 1, location.as_bytes());
        field(&mut out, 2, b"f45cc36f-1fd4-4a0c-9a05-5d2bd1f7a1a5");
        out.push(0);
        for caveat in caveats {
            field(&mut out, 2, caveat.as_bytes());
            out.push(0);
        }
        out.push(0);
        field(&mut out, 6, &vec![7u8; signature]);
        format!("pypi-{}", b64url(&out))
    }

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    #[test]
    fn the_known_head_of_all_tokens_is_what_the_format_gives() {
        assert!(token("pypi.org", &[], 32).starts_with("pypi-AgEIcHlwaS5vcmc"));
        assert!(token("test.pypi.org", &[], 32).starts_with("pypi-AgENdGVzdC5weXBpLm9yZw"));
    }

    #[test]
    fn user_and_project_scope_are_told_apart() {
        let proof = check(&token("pypi.org", &["[3, \"11111111-2222-3333-4444-555555555555\"]"], 32));
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.attributes["scope"], "user");
        assert_eq!(proof.attributes["host"], "pypi.org");
        assert_eq!(proof.identity.unwrap().key.as_str(), "pypi:user-id:11111111-2222-3333-4444-555555555555");
        let proof = check(&token("pypi.org", &["[3, \"u\"]", "[1, [\"requests\"]]"], 32));
        assert_eq!(
            (proof.attributes["scope"].as_str(), proof.attributes["projects"].as_str()),
            ("project", "requests")
        );
        let old = check(&token("pypi.org", &["{\"version\": 1, \"permissions\": {\"projects\": [\"a\", \"b\"]}}"], 32));
        assert_eq!(old.attributes["projects"], "a, b");
        assert_eq!(
            check(&token("pypi.org", &["{\"version\": 1, \"permissions\": \"user\"}"], 32)).attributes["scope"],
            "user"
        );
    }

    #[test]
    fn an_expiry_caveat_is_measured_and_a_cut_token_is_malformed() {
        let caveat = format!("[0, {}, 0]", as_of().as_second() - 1);
        assert_eq!(check(&token("pypi.org", &[&caveat], 32)).validity, Validity::Expired);
        assert_eq!(check(&token("pypi.org", &[], 12)).validity, Validity::Malformed);
        assert_eq!(check("pypi-AgEIcHlwaS5vcmc").confidence, Some(Confidence::Medium));
        assert_eq!(check("pypi-your-token-here").validity, Validity::Malformed);
    }
}
