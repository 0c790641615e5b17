//! What joins a value in the clear with the list of whoever issued it: the hash that the issuer keeps of its tokens.
//!
//! GitHub's audit log tells the base64 of a token's SHA-256
//! (<https://docs.github.com/en/enterprise-cloud@latest/admin/monitoring-activity-in-your-enterprise/reviewing-audit-logs-for-your-enterprise/identifying-audit-log-events-performed-by-an-access-token>),
//! npm's list the SHA-512 in hex. Whoever has such a hash can try values against it, so no report holds one: both sides are
//! put under the run's own key here, and meet under that.

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest, Sha256, Sha512};

use crate::model::{Candidate, Fact, FingerprintKey, IdentityKey, Secret};
use crate::rules::Rule;

/// The word that readers put in the place of the kind, in keys whose name is an issuer's hash.
const HASHED: &str = "hashed-token";

/// Beginnings of GitHub's tokens
/// (<https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats>).
const GITHUB: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];

/// The id under which a value's issuer would list it; `None` for what no list tells by its hash.
pub fn listed(candidate: &Candidate, rule: &Rule, key: &FingerprintKey) -> Option<String> {
    if rule.identifier {
        return None;
    }
    let value = candidate.secret.expose();
    let starts = |prefix: &str| value.starts_with(prefix.as_bytes());
    if GITHUB.into_iter().any(starts) {
        return Some(keyed("github", &BASE64.encode(&Sha256::digest(value)), key));
    }
    starts("npm_").then(|| keyed("npm", &HEXLOWER.encode(&Sha512::digest(value)), key))
}

fn keyed(provider: &str, hash: &str, key: &FingerprintKey) -> String {
    let what = Secret::new(format!("{HASHED} {provider} {hash}").as_bytes());
    format!("{provider}:token:{}", what.fingerprint(key))
}

/// Puts the issuer's hashes in a fact under the run's key. `key` is only asked for where there is one.
pub fn hide<'k>(fact: &mut Fact, key: &dyn Fn() -> &'k FingerprintKey) {
    let id = |text: &str| {
        let (provider, rest) = text.split_once(':')?;
        let hash = rest.strip_prefix(HASHED)?.strip_prefix(':')?;
        Some(keyed(provider, hash, key()))
    };
    let name = |known: &mut IdentityKey| {
        if let Some((provider, name)) =
            id(known.as_str()).as_deref().and_then(|id| Some((id.split(':').next()?, id.rsplit(':').next()?)))
        {
            *known = IdentityKey::new(provider, "token", name);
        }
    };
    match fact {
        Fact::Identity(_, fact) => {
            name(&mut fact.key);
            fact.aliases.iter_mut().for_each(name);
        }
        Fact::Credential(_, fact) => {
            if let Some(id) = id(&fact.key) {
                fact.key = id;
            }
            fact.identity.iter_mut().for_each(name);
        }
        Fact::Grant(_, fact) => name(&mut fact.identity),
        Fact::Trust(_, fact) => name(&mut fact.identity),
        Fact::ThirdParty(_, fact) => name(&mut fact.identity),
        Fact::Usage(_, fact) => fact.identity.iter_mut().for_each(name),
        Fact::Setting(_, fact) => fact.identity.iter_mut().for_each(name),
        Fact::Secret(..) => {}
    }
}

/// How much of a value is kept for comparing it with what lists show of theirs.
const HEAD: usize = 24;
/// See [`HEAD`].
const TAIL: usize = 6;

/// Beginning and end of a value whose issuer's list shows just these; long enough values only, and for this run only.
pub fn ends(candidate: &Candidate, rule: &Rule) -> Option<(Secret, Secret)> {
    let value = candidate.secret.expose();
    let shown = matches!(rule.provider.as_ref(), "openai" | "anthropic") && !rule.identifier;
    (shown && value.len() > 2 * (HEAD + TAIL))
        .then(|| Some((Secret::new(value.get(..HEAD)?), Secret::new(value.get(value.len() - TAIL..)?))))
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::model::{At, CredentialFact};

    fn key(material: &str) -> FingerprintKey {
        FingerprintKey::new(material.as_bytes(), "key-file", false)
    }

    #[test]
    fn a_hash_of_a_list_gets_the_id_of_the_value_and_no_report_can_hold_the_hash() {
        let token = format!("ghp_{}", "a1B2c3D4e5".repeat(4).get(..36).unwrap());
        let hash = BASE64.encode(&Sha256::digest(token.as_bytes()));
        let mut fact = CredentialFact::new(format!("github:hashed-token:{hash}"), "", "github");
        fact.identity = Some(IdentityKey::new("github", HASHED, &hash));
        let mut fact = Fact::Credential(At::default(), fact);
        let run = key("one key of the run");
        hide(&mut fact, &|| &run);
        let Fact::Credential(_, fact) = fact else { panic!("no credential") };
        assert_eq!(fact.key, keyed("github", &hash, &run));
        assert_eq!(fact.identity.as_ref().unwrap().as_str(), fact.key);
        assert!(!fact.key.contains(&hash));
        assert_ne!(fact.key, keyed("github", &hash, &key("another key")));
    }

    #[test]
    fn other_keys_stay_and_need_no_key_of_the_run() {
        let mut fact = Fact::Credential(At::default(), CredentialFact::new("github:pat:7", "", "github"));
        hide(&mut fact, &|| panic!("asked for the key"));
        let Fact::Credential(_, fact) = fact else { panic!("no credential") };
        assert_eq!(fact.key, "github:pat:7");
    }
}
