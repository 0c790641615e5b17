//! The exact key of every credential that was seen, and the identity that a value names.
//!
//! Keys, best first: the hash that the provider's own list tells, under the run's key (`github:token:…`), the provider's own
//! public id of the credential (`aws:access-key:…`, `gcp:service-account-key:…`), the fingerprint of a key pair's public half
//! (`ssh:key:…`), the keyed fingerprint of the value (`secret:…`), and for values too weak for a fingerprint their place
//! (`place:…`), which never joins two files.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Declared;
use super::state::Places;
use crate::model::{Confidence, Exposure, IdentityFact, Link, Severity, Sighting, Validity};

/// A sighting with the id of its credential.
pub(super) struct Keyed {
    pub(super) id: String,
    /// In a box of its own, so that it can be let go before the others are.
    pub(super) sighting: Box<Sighting>,
}

/// The provider's own id of the credential, or that of its public half.
fn public_id(s: &Sighting) -> Option<String> {
    if let Some(id) = &s.listed {
        return Some(id.clone());
    }
    let named = |name: &str| s.proof.attributes.get(name).or_else(|| s.parts.get(name)).map(String::as_str);
    // In a token a key id names the issuer's signing key, not the credential.
    let token = s.proof.attributes.contains_key("algorithm") && !s.proof.attributes.contains_key("public_fingerprint");
    if s.provider == "aws" && !token {
        let id = named("key_id").or(s.identifier.as_deref()).filter(|id| is_aws_key_id(id));
        if let Some(id) = id {
            return Some(format!("aws:access-key:{id}"));
        }
    }
    let google = matches!(s.provider.as_str(), "gcp" | "google") && s.rule.contains("service-account") && !token;
    let google = named("private_key_id").or_else(|| named("key_id").filter(|_| google));
    if let Some(id) = google.filter(|id| !id.is_empty()) {
        return Some(format!("gcp:service-account-key:{id}"));
    }
    let fingerprint = s.proof.attributes.get("public_fingerprint").filter(|f| !f.is_empty())?;
    Some(format!("ssh:key:{fingerprint}"))
}

/// Whether a text has the form of an access key id: 16 to 128 upper-case letters and digits that start with `A`
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>).
fn is_aws_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && text.starts_with('A')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The public id, by the value itself or by the state that holds it.
pub(super) fn known_id(s: &Sighting, places: &Places) -> Option<String> {
    public_id(s).or_else(|| places.at(&s.location).map(|told| told.credential.clone()))
}

/// The id that this sighting alone would have.
pub(super) fn own_id(s: &Sighting, places: &Places) -> String {
    known_id(s, places).or_else(|| secret_id(s)).unwrap_or_else(|| {
        let at = &s.location;
        let container = at.container.as_deref().map(|c| format!("{c}!")).unwrap_or_default();
        let (line, column) = s.anchor.unwrap_or((at.line, at.column));
        // What stood there in the past is not what stands there now.
        let past = at.commit.as_deref().filter(|_| !at.in_head).and_then(|c| c.get(..12));
        let past = past.map(|c| format!("@{c}")).unwrap_or_default();
        format!("place:{container}{}:{line}:{column}{past}", at.path)
    })
}

pub(super) fn secret_id(s: &Sighting) -> Option<String> {
    s.fingerprint.as_deref().filter(|f| !f.is_empty()).map(|f| format!("secret:{f}"))
}

/// Gives each sighting its credential's id. A bare value joins the public id that it was seen beside elsewhere, when
/// that id is the only one and has no other value; otherwise the two are linked and stay apart.
pub(super) fn assign(sightings: Vec<Sighting>, places: &Places, links: &mut Vec<Link>) -> Vec<Keyed> {
    let mut ids_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut values_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for s in sightings.iter().filter(|s| s.identifier.is_none()) {
        if let (Some(value), Some(id)) = (secret_id(s), known_id(s, places)) {
            ids_of.entry(value.clone()).or_default().insert(id.clone());
            values_of.entry(id).or_default().insert(value);
        }
    }
    let joins = |value: &str| -> Option<&String> {
        let ids = ids_of.get(value)?;
        let id = ids.first().filter(|_| ids.len() == 1)?;
        // Copies of one key pair differ in white space and encryption; any other id has one value.
        let one = id.starts_with("ssh:") || values_of.get(id).is_none_or(|values| values.len() == 1);
        one.then_some(id)
    };
    sightings
        .into_iter()
        .map(|sighting| {
            let mut id = own_id(&sighting, places);
            if let Some(other) = joins(&id) {
                id.clone_from(other);
            } else {
                for other in ids_of.get(&id).into_iter().flatten() {
                    links.push(Link {
                        from: id.clone(),
                        to: other.clone(),
                        confidence: Confidence::Medium,
                        why: "this value was seen beside that key id, which is not the only pairing".to_owned(),
                    });
                }
            }
            Keyed { id, sighting: Box::new(sighting) }
        })
        .collect()
}

/// The identity that the value itself names, as a fact. One that only a published test value or accepted values name is a
/// sample: what was accepted as no exposure makes nobody up either.
pub(super) fn named_identity(s: &Sighting) -> Option<Declared<IdentityFact>> {
    let hint = s.proof.identity.as_ref()?;
    let mut what = IdentityFact::new(hint.key.clone(), hint.kind, &hint.provider, &hint.name);
    what.account.clone_from(&hint.account);
    what.human = s.human;
    let sample = s.proof.validity == Validity::TestValue || s.suppressed.is_some();
    Some(Declared { what, location: s.location.clone(), sample })
}

/// Exposures, one for each credential, rule and place. Material that is public by design or encrypted is kept at base
/// severity info, which is never a finding.
pub(super) fn exposures(sightings: &[Keyed]) -> Vec<Exposure> {
    let mut out: BTreeMap<_, Exposure> = BTreeMap::new();
    for Keyed { id, sighting: s } in sightings {
        let safe = s.proof.public || s.proof.encrypted;
        let evidence: BTreeSet<String> = s.evidence.iter().chain(&s.proof.evidence).cloned().collect();
        let exposure = Exposure {
            credential: id.clone(),
            rule: s.rule.clone(),
            confidence: s.confidence,
            base_severity: if safe { Severity::Info } else { s.base_severity },
            key_name: s.key_name.clone(),
            test_path: s.test_path,
            evidence: evidence.into_iter().collect(),
            suppressed: s.suppressed.clone(),
            fingerprint: s.fingerprint.clone(),
            location: s.location.clone(),
        };
        match out.entry((id.as_str(), s.rule.as_str(), &s.location)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(exposure);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => absorb(slot.get_mut(), exposure),
        }
    }
    out.into_values().collect()
}

/// Joins two reports of one exposure; commutative and idempotent.
fn absorb(into: &mut Exposure, other: Exposure) {
    into.confidence = into.confidence.max(other.confidence);
    into.base_severity = into.base_severity.max(other.base_severity);
    into.test_path &= other.test_path;
    into.key_name = match (into.key_name.take(), other.key_name) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    into.fingerprint = match (into.fingerprint.take(), other.fingerprint) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    into.suppressed = match (into.suppressed.take(), other.suppressed) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => None,
    };
    let all: BTreeSet<String> = into.evidence.drain(..).chain(other.evidence).collect();
    into.evidence = all.into_iter().collect();
}

/// The order of exposures in the inventory.
pub(super) fn exposure_order(a: &Exposure, b: &Exposure) -> Ordering {
    (&a.credential, &a.rule, &a.location).cmp(&(&b.credential, &b.rule, &b.location))
}
