//! Merging what several inputs say of one identity or one credential. A known value wins over an unknown one; where two
//! known values differ the rule is fixed per field and never depends on the order of the inputs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::identify::Keyed;
use super::link::{Names, split};
use super::{Declared, SAMPLE};
use crate::model::{
    Credential, CredentialFact, Environment, EnvironmentClass, Human, Identity, IdentityFact, IdentityKey,
    IdentityKind, Location, Privilege, Sighting, Status, Validity, When,
};
use crate::text::order::Lookup;

/// Joins two dates: a moment over a "never", that over "has no meaning", that over "unknown"; `pick` decides between
/// two moments. Commutative, associative and idempotent when `pick` is.
fn join_when(a: When, b: When, pick: fn(Timestamp, Timestamp) -> Timestamp) -> When {
    let known = |w: When| match w {
        When::At(_) => 4,
        When::Never => 3,
        When::NotApplicable => 2,
        When::Unsupported => 1,
        When::Unknown => 0,
    };
    match (a, b) {
        (When::At(a), When::At(b)) => When::At(pick(a, b)),
        _ if known(b) > known(a) => b,
        _ => a,
    }
}

/// How a conflict of states is decided when nothing says which is newer: as the more dangerous one.
fn danger(status: Status) -> u8 {
    match status {
        Status::Active => 3,
        Status::Inactive => 2,
        Status::Deleted => 1,
        Status::Unknown => 0,
    }
}

/// Adds facts by name; where two values differ the smaller one stays.
fn join_attributes(into: &mut BTreeMap<String, String>, from: &BTreeMap<String, String>) {
    for (name, value) in from {
        match into.get_mut(name) {
            Some(old) if value < old => old.clone_from(value),
            Some(_) => {}
            None => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// One identity for each set of exact keys, sorted by id.
pub(super) fn identities(facts: Vec<Declared<IdentityFact>>, names: &Names) -> Vec<Identity> {
    // There may be very many, and they are large: only their places are sorted.
    let mut keyed: Vec<(IdentityKey, usize)> =
        facts.iter().enumerate().map(|(i, fact)| (names.of(&fact.what.key), i)).collect();
    keyed.sort_unstable();
    let mut facts: Vec<Option<Declared<IdentityFact>>> = facts.into_iter().map(Some).collect();
    let mut out = Vec::with_capacity(keyed.chunk_by(|(a, _), (b, _)| a == b).count());
    for same in keyed.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((id, _)) = same.first() else { continue };
        let of_id = same.iter().filter_map(|(_, i)| facts.get_mut(*i)?.take()).collect();
        out.push(identity(id.clone(), of_id, names));
    }
    out
}

fn identity(id: IdentityKey, mut facts: Vec<Declared<IdentityFact>>, names: &Names) -> Identity {
    let sample = facts.iter().all(|f| f.sample);
    facts.retain(|f| sample || !f.sample);
    let locations: BTreeSet<Location> = facts.iter().map(|f| f.location.clone()).collect();
    // The input that uses the canonical key knows the names best.
    facts.sort_by(|a, b| identity_order(&a.what, &id).cmp(&identity_order(&b.what, &id)));
    let what: Vec<&IdentityFact> = facts.iter().map(|f| &f.what).collect();
    let text = |get: fn(&IdentityFact) -> &String| {
        what.iter().map(|f| get(f)).find(|t| !t.is_empty()).cloned().unwrap_or_default()
    };
    let attributes = || {
        let mut attributes = BTreeMap::new();
        what.iter().for_each(|f| join_attributes(&mut attributes, &f.attributes));
        attributes
    };
    let date = |get: fn(&IdentityFact) -> When, pick| {
        what.iter().map(|f| get(f)).fold(When::Unknown, |a, b| join_when(a, b, pick))
    };
    Identity {
        aliases: names.keys(&id).iter().filter(|k| **k != id).cloned().collect(),
        kind: what.iter().map(|f| f.kind).find(|k| *k != IdentityKind::Other).unwrap_or_default(),
        provider: text(|f| &f.provider),
        // What refers to it by id alone, or by the end of it, knows no name.
        name: what
            .iter()
            .find(|f| !f.name.is_empty() && f.name != split(&f.key).2 && !split(&id).2.ends_with(f.name.as_str()))
            .map(|f| f.name.clone())
            .unwrap_or_else(|| text(|f| &f.name)),
        account: what.iter().find_map(|f| f.account.clone()),
        human: join_human(what.iter().map(|f| f.human)),
        status: what.iter().map(|f| f.status).max_by_key(|s| danger(*s)).unwrap_or_default(),
        created: date(|f| f.created, Ord::min),
        last_used: date(|f| f.last_used, Ord::max),
        owner: what.iter().find_map(|f| f.owner.clone()),
        environment: join_environment(what.iter().map(|f| &f.environment)),
        privilege: Privilege::Unknown,
        auth: Vec::new(),
        sample,
        attributes: match what.as_slice() {
            [only] => only.attributes.clone(),
            _ => attributes().into(),
        },
        locations: locations.into_iter().collect(),
        score: None,
        controls: None,
        id,
    }
}

fn identity_order<'a>(f: &'a IdentityFact, id: &IdentityKey) -> impl Ord + 'a {
    (
        Reverse(f.key == *id),
        &f.key,
        (f.kind, &f.provider, &f.name, &f.account, &f.owner),
        (f.human, f.status, f.created, f.last_used, &f.environment),
        &f.attributes,
        &f.aliases,
    )
}

/// A person anywhere is a person; "not human" wins over "cannot tell".
fn join_human(all: impl Iterator<Item = Human>) -> Human {
    all.fold(Human::Maybe, |a, b| match (a, b) {
        (Human::Yes, _) | (_, Human::Yes) => Human::Yes,
        (Human::No, _) | (_, Human::No) => Human::No,
        _ => Human::Maybe,
    })
}

/// Production or not when all who know agree; two opinions make it unknown, and the reason says so.
fn join_environment<'a>(all: impl Iterator<Item = &'a Environment>) -> Environment {
    let known: BTreeSet<&Environment> = all.filter(|e| e.class != EnvironmentClass::Unknown).collect();
    let classes: BTreeSet<EnvironmentClass> = known.iter().map(|e| e.class).collect();
    if classes.len() > 1 {
        let reasons: Vec<&str> = known.iter().map(|e| e.why.as_str()).take(4).collect();
        return Environment { class: EnvironmentClass::Unknown, why: format!("conflicting: {}", reasons.join("; ")) };
    }
    known.first().map_or_else(Environment::default, |e| (*e).clone())
}

/// What is known of one credential.
#[derive(Default)]
struct Sources<'a> {
    seen: Vec<&'a Sighting>,
    facts: Vec<Declared<CredentialFact>>,
}

/// One credential for each exact key, sorted by id.
pub(super) fn credentials(
    seen: &[Keyed],
    facts: Vec<Declared<CredentialFact>>,
    names: &Names,
    samples: &Lookup<&IdentityKey, bool>,
) -> Vec<Credential> {
    let mut groups: BTreeMap<String, Sources<'_>> = BTreeMap::new();
    for Keyed { id, sighting } in seen {
        groups.entry(id.clone()).or_default().seen.push(sighting);
    }
    for mut fact in facts {
        fact.what.identity = fact.what.identity.map(|id| names.of(&id));
        let real = fact.what.identity.as_ref().is_some_and(|id| samples.get(id) == Some(&false));
        if !(fact.sample && real) {
            groups.entry(fact.what.key.clone()).or_default().facts.push(fact);
        }
    }
    groups.into_iter().map(|(id, sources)| credential(id, sources, names)).collect()
}

fn credential(id: String, mut sources: Sources<'_>, names: &Names) -> Credential {
    let sample = sources.seen.is_empty() && sources.facts.iter().all(|f| f.sample);
    if !sources.facts.iter().all(|f| f.sample) {
        sources.facts.retain(|f| !f.sample);
    }
    // The newest export speaks first.
    sources.facts.sort_by(|a, b| credential_order(&a.what).cmp(&credential_order(&b.what)));
    let locations: BTreeSet<Location> = sources.facts.iter().map(|f| f.location.clone()).collect();
    let mut out = from_facts(id, &sources.facts);
    out.locations = locations.into_iter().collect();
    if !sources.seen.is_empty() {
        add_sightings(&mut out, &sources.seen, names);
    }
    if sample {
        out.attributes.insert(SAMPLE.to_owned(), "true".to_owned());
    }
    out
}

fn credential_order(f: &CredentialFact) -> impl Ord + '_ {
    (
        Reverse(f.as_of.at()),
        Reverse(danger(f.status)),
        (&f.kind, &f.provider, &f.identity),
        (f.created, f.expires, f.last_used, f.rotated, f.as_of),
        &f.attributes,
    )
}

/// Facts in order of authority. Of dates that differ the earliest creation and the latest expiry, use
/// and rotation stay.
fn from_facts(id: String, facts: &[Declared<CredentialFact>]) -> Credential {
    let what = || facts.iter().map(|f| &f.what);
    let date =
        |get: fn(&CredentialFact) -> When, pick| what().map(get).fold(When::Unknown, |a, b| join_when(a, b, pick));
    let mut attributes = BTreeMap::new();
    what().for_each(|f| join_attributes(&mut attributes, &f.attributes));
    Credential {
        id,
        kind: what().map(|f| &f.kind).find(|k| !k.is_empty()).cloned().unwrap_or_default(),
        provider: what().map(|f| &f.provider).find(|p| !p.is_empty()).cloned().unwrap_or_default(),
        identity: what().find_map(|f| f.identity.clone()),
        status: what().map(|f| f.status).find(|s| *s != Status::Unknown).unwrap_or_default(),
        created: date(|f| f.created, Ord::min),
        expires: date(|f| f.expires, Ord::max),
        last_used: date(|f| f.last_used, Ord::max),
        rotated: date(|f| f.rotated, Ord::max),
        as_of: date(|f| f.as_of, Ord::max),
        validity: Validity::Unverified,
        public: false,
        encrypted: false,
        preview: None,
        fingerprint: None,
        attributes,
        locations: Vec::new(),
    }
}

/// What the value itself showed. Exports win where both know a thing.
fn add_sightings(out: &mut Credential, seen: &[&Sighting], names: &Names) {
    // A key id is only half of a credential: the half that is secret describes it better.
    let best = seen.iter().min_by_key(|s| {
        (s.identifier.is_some(), s.fingerprint.is_none(), &s.fingerprint, &s.preview, &s.rule, &s.location)
    });
    if let Some(best) = best {
        out.preview = Some(best.preview.clone());
        out.fingerprint.clone_from(&best.fingerprint);
        if out.kind.is_empty() {
            out.kind.clone_from(&best.rule);
        }
        if out.provider.is_empty() {
            out.provider.clone_from(&best.provider);
        }
    }
    let hints: BTreeSet<IdentityKey> =
        seen.iter().filter_map(|s| s.proof.identity.as_ref()).map(|hint| names.of(&hint.key)).collect();
    out.identity = out.identity.take().or_else(|| hints.into_iter().next());
    let rank = |v: Validity| match v {
        Validity::TestValue => 4,
        Validity::Expired => 3,
        Validity::ProvenFormat => 2,
        Validity::Malformed => 1,
        Validity::Unverified => 0,
    };
    out.validity = seen.iter().map(|s| s.proof.validity).max_by_key(|v| rank(*v)).unwrap_or_default();
    out.public = seen.iter().all(|s| s.proof.public);
    out.encrypted = !out.public && seen.iter().all(|s| s.proof.encrypted || s.proof.public);
    for s in seen {
        out.created = join_when(out.created, s.proof.issued, Ord::min);
        out.expires = join_when(out.expires, s.proof.expires, Ord::max);
    }
    let mut shown = BTreeMap::new();
    for s in seen {
        join_attributes(&mut shown, &s.proof.attributes);
    }
    let mut parts = BTreeMap::new();
    for s in seen {
        join_attributes(&mut parts, &s.parts);
    }
    for (name, value) in shown.into_iter().chain(parts) {
        out.attributes.entry(name).or_insert(value);
    }
    let human = join_human(seen.iter().map(|s| s.human));
    if human == Human::Yes {
        out.attributes.entry("human".to_owned()).or_insert_with(|| "yes".to_owned());
    }
    if let Some(kind) = seen.iter().map(|s| s.identity_kind).filter(|k| *k != IdentityKind::Other).min() {
        out.attributes.entry("identity_kind".to_owned()).or_insert_with(|| kind.as_str().to_owned());
    }
}

/// Adds to a credential what another list says of the same one. Known values win over unknown ones, later dates of use and
/// rotation over earlier ones; a state that only one of them tells holds.
pub(super) fn absorb(into: &mut Credential, other: &Credential) {
    if into.status == Status::Unknown {
        into.status = other.status;
    }
    into.identity = into.identity.take().or_else(|| other.identity.clone());
    into.created = join_when(into.created, other.created, Ord::min);
    into.expires = join_when(into.expires, other.expires, Ord::max);
    into.last_used = join_when(into.last_used, other.last_used, Ord::max);
    into.rotated = join_when(into.rotated, other.rotated, Ord::max);
    into.as_of = join_when(into.as_of, other.as_of, Ord::max);
    if into.kind.is_empty() {
        into.kind.clone_from(&other.kind);
    }
    join_attributes(&mut into.attributes, &other.attributes);
    into.attributes.insert("listed_as".to_owned(), other.id.clone());
    into.locations.extend(other.locations.iter().cloned());
    into.locations.sort();
    into.locations.dedup();
}
