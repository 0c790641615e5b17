//! What an inventory was made of, there and back: a report carries it beside the inventory, and merging takes both apart
//! again.

use std::collections::{BTreeMap, BTreeSet};

use super::identify::Keyed;
use super::{Declared, Facts};
use crate::model::{
    Declaration, Exposure, Grant, Inventory, Location, Original, Originals, Packed, Proof, SeenValue, Setting,
    Sighting, ThirdParty, Trust, Unmerged, Usage,
};

/// What an inventory is made of. Evidence of several inventories may be put together in any order; what comes twice counts
/// once.
#[derive(Default)]
pub struct Evidence {
    pub(super) facts: Facts,
    pub(super) sightings: Vec<Sighting>,
    /// Files that formats read.
    pub(super) files: BTreeMap<String, String>,
}

impl Evidence {
    /// What an inventory was made of.
    #[must_use]
    pub fn of(inventory: Inventory, unmerged: Unmerged) -> Self {
        let sightings = sightings(&inventory.exposures, unmerged.values.iter());
        let facts = Facts {
            identities: declared(unmerged.identities),
            credentials: declared(unmerged.credentials),
            grants: edges(inventory.grants, unmerged.grants, |e| &e.location),
            trusts: edges(inventory.trusts, unmerged.trusts, |e| &e.location),
            usages: edges(inventory.usages, unmerged.usages, |e| &e.location),
            third_parties: edges(inventory.third_parties, unmerged.third_parties, |e| &e.location),
            settings: edges(inventory.settings, unmerged.settings, |e| &e.location),
        };
        Self { facts, sightings, files: unmerged.files }
    }

    /// Adds what another inventory was made of.
    pub fn add(&mut self, other: Self) {
        let (facts, more) = (&mut self.facts, other.facts);
        facts.identities.extend(more.identities);
        facts.credentials.extend(more.credentials);
        facts.grants.extend(more.grants);
        facts.trusts.extend(more.trusts);
        facts.usages.extend(more.usages);
        facts.third_parties.extend(more.third_parties);
        facts.settings.extend(more.settings);
        self.sightings.extend(other.sightings);
        self.files.extend(other.files);
    }
}

/// Declarations, sorted, each once.
pub(super) fn declarations<T: Ord + Clone>(all: &[Declared<T>]) -> Vec<Declaration<T>> {
    let entry = |d: &Declared<T>| Declaration { fact: d.what.clone(), sample: d.sample, location: d.location.clone() };
    let mut out: Vec<Declaration<T>> = all.iter().map(entry).collect();
    out.sort();
    out.dedup();
    out
}

fn declared<T>(all: Vec<Declaration<T>>) -> Vec<Declared<T>> {
    all.into_iter().map(|d| Declared { what: d.fact, location: d.location, sample: d.sample }).collect()
}

/// The edges of a list as they were read, sorted, each once.
fn originals<T: Ord + Clone>(all: &[Declared<T>]) -> Vec<Original<T>> {
    let mut out: Vec<Original<T>> = all.iter().map(|d| Original { what: d.what.clone(), sample: d.sample }).collect();
    out.sort();
    out.dedup();
    out
}

/// How a finished list differs from what was read.
fn beside<T: Ord>(mut read: Vec<Original<T>>, list: &[T]) -> Originals<T> {
    let mut shown: Vec<(&T, u64)> = list.iter().zip(0u64..).collect();
    if !list.is_sorted() {
        shown.sort();
    }
    // Both are in order, so one walk over them tells what stands in both. What is no sample stands before its like that is.
    let mut made = Vec::new();
    let mut same = vec![false; read.len()];
    let mut from = 0;
    for (what, at) in shown {
        while read.get(from).is_some_and(|o| o.what < *what) {
            from += 1;
        }
        let equal = read.get(from..).unwrap_or_default().iter().zip(from..).take_while(|(o, _)| o.what == *what);
        let mut known = false;
        for (original, i) in equal {
            known |= !original.sample;
            same[i] = true;
        }
        if !known {
            made.push(at);
        }
    }
    made.sort_unstable();
    let mut same = same.into_iter();
    read.retain(|o| !same.next().unwrap_or_default() || o.sample);
    Originals { read, made }
}

fn edges<T>(list: Vec<T>, originals: Originals<T>, place: fn(&T) -> &Location) -> Vec<Declared<T>> {
    let made: BTreeSet<u64> = originals.made.into_iter().collect();
    let own = list.into_iter().zip(0u64..).filter(|(_, at)| !made.contains(at)).map(|(what, _)| (what, false));
    own.chain(originals.read.into_iter().map(|o| (o.what, o.sample)))
        .map(|(what, sample)| Declared { location: place(&what).clone(), what, sample })
        .collect()
}

/// What was read of the lists that change once facts are joined.
pub(super) struct Read {
    grants: Vec<Original<Grant>>,
    trusts: Vec<Original<Trust>>,
    usages: Vec<Original<Usage>>,
    third_parties: Vec<Original<ThirdParty>>,
    settings: Vec<Original<Setting>>,
}

impl Read {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            grants: originals(&facts.grants),
            trusts: originals(&facts.trusts),
            usages: originals(&facts.usages),
            third_parties: originals(&facts.third_parties),
            settings: originals(&facts.settings),
        }
    }

    /// Enters what the finished inventory does not tell of it.
    pub(super) fn beside(self, inventory: &Inventory, unmerged: &mut Unmerged) {
        unmerged.grants = beside(self.grants, &inventory.grants);
        unmerged.trusts = beside(self.trusts, &inventory.trusts);
        unmerged.usages = beside(self.usages, &inventory.usages);
        unmerged.third_parties = beside(self.third_parties, &inventory.third_parties);
        unmerged.settings = beside(self.settings, &inventory.settings);
    }
}

/// What each value showed, with its exposures; sightings that showed the same are one entry. Entries stand in the order of their
/// exposures, then of what they say.
pub(super) fn values(seen: Vec<Keyed>, exposures: &[Exposure]) -> Packed<SeenValue> {
    // As text, since that takes a fraction of what the parts of each take.
    let mut all: BTreeMap<Box<str>, Vec<u64>> = BTreeMap::new();
    for Keyed { id, sighting: s } in seen {
        let key = (&id, &s.rule, &s.location);
        let at = exposures.binary_search_by(|e| (&e.credential, &e.rule, &e.location).cmp(&key));
        let Ok(at) = at else { continue };
        let s = *s;
        let value = SeenValue {
            exposures: Vec::new(),
            provider: s.provider,
            identity_kind: s.identity_kind,
            human: s.human,
            fingerprint: s.fingerprint,
            bound: s.unbound.is_some(),
            preview: s.preview,
            identifier: s.identifier,
            parts: s.parts,
            attributes: s.proof.attributes,
            identity: s.proof.identity,
            validity: s.proof.validity,
            issued: s.proof.issued,
            expires: s.proof.expires,
            public: s.proof.public,
            encrypted: s.proof.encrypted,
            anchor: s.anchor,
            listed: s.listed,
        };
        // The model cannot fail to be written.
        let Ok(text) = serde_json::to_string(&value) else { continue };
        all.entry(text.into_boxed_str()).or_default().push(at as u64);
    }
    let mut all: Vec<(Vec<u64>, Box<str>)> = all
        .into_iter()
        .map(|(text, mut places)| {
            places.sort_unstable();
            places.dedup();
            places.shrink_to_fit();
            (places, text)
        })
        .collect();
    let read = |text: &str| serde_json::from_str::<SeenValue>(text).ok();
    all.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| read(&a.1).cmp(&read(&b.1))));
    let entries = all.into_iter();
    entries.filter_map(|(exposures, text)| Some(SeenValue { exposures, ..read(&text)? })).collect()
}

/// One sighting for each value and exposure. What an exposure does not tell of a single sighting of several is what it tells of
/// all, which gives the same exposure again.
fn sightings(exposures: &[Exposure], values: impl Iterator<Item = SeenValue>) -> Vec<Sighting> {
    let mut out = Vec::new();
    for mut value in values {
        let places = std::mem::take(&mut value.exposures);
        let known = places.iter().filter_map(|at| exposures.get(usize::try_from(*at).ok()?));
        out.extend(known.map(|e| sighting(e, &value)));
    }
    out
}

fn sighting(e: &Exposure, v: &SeenValue) -> Sighting {
    let v = v.clone();
    Sighting {
        rule: e.rule.clone(),
        provider: v.provider,
        identity_kind: v.identity_kind,
        human: v.human,
        fingerprint: v.fingerprint,
        // Which value it was is not told; that it was bound to its place is.
        unbound: v.bound.then(String::new),
        preview: v.preview,
        identifier: v.identifier,
        parts: v.parts,
        key_name: e.key_name.clone(),
        confidence: e.confidence,
        base_severity: e.base_severity,
        proof: Proof {
            validity: v.validity,
            attributes: v.attributes,
            identity: v.identity,
            issued: v.issued,
            expires: v.expires,
            public: v.public,
            encrypted: v.encrypted,
            ..Proof::default()
        },
        suppressed: e.suppressed.clone(),
        evidence: e.evidence.clone(),
        test_path: e.test_path,
        anchor: v.anchor,
        listed: v.listed,
        ends: None,
        same: 0,
        location: e.location.clone(),
    }
}
