//! GitLab tokens: prefixes <https://docs.gitlab.com/security/tokens/#token-prefixes>. Routable tokens carry ids and a
//! checksum: `prefix`, base64 payload, `.`, the payload's length in two base-36 digits, CRC-32 of all of that in seven,
//! <https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/>.

use super::{Subject, Validator, util};
use crate::model::{Confidence, IdentityHint, IdentityKey, IdentityKind, Proof};

pub(super) const VALIDATOR: Validator = Validator {
    id: "gitlab-token",
    about: "checks the checksum of a routable GitLab token and reads the ids in it",
    check: |subject| util::scrub(subject, prove(subject)),
};

/// Digits of the CRC at the end of a routable token.
const CRC_DIGITS: usize = 7;

const PREFIXES: [(&str, &str); 14] = [
    ("glpat-", "personal, project or group access"),
    ("gloas-", "OAuth application secret"),
    ("gldt-", "deploy"),
    ("glrt-", "runner authentication"),
    ("glrtr-", "runner registration"),
    ("glcbt-", "CI/CD job"),
    ("glptt-", "pipeline trigger"),
    ("glft-", "feed"),
    ("glimt-", "incoming mail"),
    ("glagent-", "agent for Kubernetes"),
    ("glwt-", "workspace"),
    ("glsoat-", "SCIM"),
    ("glffct-", "feature flags client"),
    ("GR1348941", "runner registration, old form"),
];

fn prove(subject: &Subject<'_>) -> Proof {
    let token = util::secret_text(subject);
    let mut proof = match token.rsplit_once('.') {
        Some((head, tail)) if tail.len() == CRC_DIGITS + 2 => routable(&token, head, tail),
        _ => Proof::default(),
    };
    let kind = PREFIXES.iter().find(|(prefix, _)| token.starts_with(prefix));
    util::set(&mut proof, "token_type", kind.map_or("unknown prefix", |(_, kind)| kind));
    if let Some((prefix, _)) = kind {
        let body = token.strip_prefix(prefix).unwrap_or_default();
        if util::stands_for(body).is_some() {
            util::mark_test(&mut proof, "A placeholder stands behind the prefix.");
        }
    }
    proof
}

fn routable(token: &str, head: &str, tail: &str) -> Proof {
    let crc = token
        .len()
        .checked_sub(CRC_DIGITS)
        .and_then(|at| token.split_at_checked(at))
        .is_some_and(|(summed, crc)| base36(crc) == Some(u64::from(crc32fast::hash(summed.as_bytes()))));
    if !crc {
        return util::malformed(
            Confidence::Medium,
            "It has the form of a routable token and its CRC-32 checksum is wrong.",
        );
    }
    let mut proof = util::proven("The CRC-32 checksum of the routable token is right.");
    let length = tail.get(..2).and_then(base36).and_then(|n| usize::try_from(n).ok());
    let payload = length.and_then(|n| head.get(head.len().checked_sub(n)?..)).and_then(|p| util::base64(p.as_bytes()));
    if let Some(payload) = payload {
        ids(&mut proof, &payload);
    }
    proof
}

/// Reads the lines `key:base36` that stand before the random bytes, whose number is the last byte.
fn ids(proof: &mut Proof, payload: &[u8]) {
    let Some((count, rest)) = payload.split_last() else { return };
    let Some(lines) = rest.len().checked_sub(usize::from(*count)).and_then(|at| rest.get(..at)) else { return };
    let lines = util::text(lines);
    let mut found = [None; 6];
    for line in lines.lines().take(16) {
        let Some((key, value)) = line.split_once(':') else { continue };
        let Some(slot) = ["c", "o", "g", "p", "u", "t"].iter().position(|k| *k == key) else { continue };
        if let (Some(place), Some(id)) = (found.get_mut(slot), base36(value)) {
            *place = Some(id);
        }
    }
    let names = ["cell", "organization", "group", "project", "user", "runner_type"];
    for (name, id) in names.iter().zip(found) {
        util::set(proof, name, &id.map(|n| n.to_string()).unwrap_or_default());
    }
    let [_, organization, group, project, user, _] = found;
    let owner = [("project", project), ("group", group), ("user", user)].into_iter().find_map(|(k, id)| Some((k, id?)));
    if let Some((kind, id)) = owner {
        proof.identity = Some(IdentityHint {
            key: IdentityKey::new("gitlab", &format!("{kind}-id"), &id.to_string()),
            kind: if kind == "user" { IdentityKind::UserToken } else { IdentityKind::Bot },
            provider: "gitlab".to_owned(),
            name: format!("GitLab {kind} {id}"),
            account: organization.map(|o| o.to_string()),
        });
        util::say(proof, format!("It belongs to {kind} {id} of the instance that issued it."));
    }
}

fn base36(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()))
        .then(|| u64::from_str_radix(text, 36).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::util::testing::{b64url, noise, subject};
    use super::*;
    use crate::model::Validity;

    fn check(text: &str) -> Proof {
        (VALIDATOR.check)(&subject(text.as_bytes()))
    }

    fn base36_of(mut n: u64, width: usize) -> String {
        let mut out = Vec::new();
        while n > 0 {
            out.push(char::from_digit(u32::try_from(n % 36).unwrap(), 36).unwrap());
            n /= 36;
        }
        out.resize(out.len().max(width), '0');
        out.iter().rev().collect()
    }

    fn token(prefix: &str, lines: &str) -> String {
        let mut payload = lines.as_bytes().to_vec();
        payload.extend_from_slice(noise(81, 16).as_bytes());
        payload.push(16);
        let payload = b64url(&payload);
        let summed = format!("{prefix}{payload}.{}", base36_of(payload.len() as u64, 2));
        let crc = base36_of(u64::from(crc32fast::hash(summed.as_bytes())), 7);
        format!("{summed}{crc}")
    }

    #[test]
    fn the_shortest_token_of_the_handbook_is_proven() {
        let proof = check(&["bzoxd_Rb5_cHeWe1", "JH56wr2FCBA", ".0r1pum4t4"].concat());
        assert_eq!(proof.validity, Validity::ProvenFormat);
        assert_eq!(proof.attributes["organization"], "1");
    }

    #[test]
    fn a_routable_token_names_its_owner() {
        let proof = check(&token("glpat-", "c:1\no:2s\nu:2n9c"));
        assert_eq!(proof.confidence, Some(Confidence::Confirmed));
        assert_eq!(proof.attributes["organization"], "100");
        assert_eq!(proof.attributes["user"], "123456");
        let identity = proof.identity.unwrap();
        assert_eq!((identity.key.as_str(), identity.account.as_deref()), ("gitlab:user-id:123456", Some("100")));
        assert_eq!(check(&token("gldt-", "o:1\np:a")).identity.unwrap().key.as_str(), "gitlab:project-id:10");
    }

    #[test]
    fn a_wrong_checksum_is_malformed_and_a_plain_token_unverified() {
        let mut text = token("glpat-", "o:1");
        let last = if text.ends_with('0') { '1' } else { '0' };
        text.pop();
        text.push(last);
        assert_eq!(check(&text).validity, Validity::Malformed);
        let plain = check(&format!("glpat-{}", noise(82, 20)));
        assert_eq!((plain.validity, plain.confidence), (Validity::Unverified, None));
    }
}
