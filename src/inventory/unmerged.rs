//! What an inventory was made of, there and back: a report carries it beside the inventory, and merging takes both apart
//! again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

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

    /// The same with the values in the clear packed.
    #[must_use]
    pub fn packed(mut inventory: Inventory, mut unmerged: Unmerged) -> (Self, Leaks) {
        let leaks = Leaks {
            exposures: std::mem::take(&mut inventory.exposures).into_iter().collect(),
            values: std::mem::take(&mut unmerged.values),
        };
        (Self::of(inventory, unmerged), leaks)
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

/// Values in the clear as one report told them, packed.
#[derive(Default)]
pub struct Leaks {
    pub(super) exposures: Packed<Exposure>,
    values: Packed<SeenValue>,
}

impl Leaks {
    /// As they were seen.
    #[must_use]
    pub fn sightings(&self) -> Vec<Sighting> {
        sightings(&self.exposures.iter().collect::<Vec<_>>(), self.values.iter())
    }
}

/// Declarations, sorted, each once.
pub(super) fn declarations<T: Ord + Clone + Serialize>(all: &[Declared<T>]) -> Packed<Declaration<T>> {
    let key =
        |d: &&Declared<T>, e: &&Declared<T>| (&d.what, d.sample, &d.location).cmp(&(&e.what, e.sample, &e.location));
    let mut order: Vec<&Declared<T>> = all.iter().collect();
    order.sort_by(key);
    order.dedup_by(|a, b| key(&&**a, &&**b).is_eq());
    let entry = |d: &Declared<T>| Declaration { fact: d.what.clone(), sample: d.sample, location: d.location.clone() };
    Packed::from_start(order.into_iter().map(entry))
}

fn declared<T: DeserializeOwned>(all: Packed<Declaration<T>>) -> Vec<Declared<T>> {
    let mut out = Vec::with_capacity(all.len());
    out.extend(all.take().map(|d| Declared { what: d.fact, location: d.location, sample: d.sample }));
    out
}

/// The edges of a list as they were read, sorted, each once.
fn originals<'a, T: Ord + Clone>(all: &'a [Declared<T>]) -> impl Iterator<Item = Original<T>> + 'a {
    let key = |d: &&Declared<T>, e: &&Declared<T>| (&d.what, d.sample).cmp(&(&e.what, e.sample));
    let mut order: Vec<&Declared<T>> = all.iter().collect();
    order.sort_by(key);
    order.dedup_by(|a, b| key(&&**a, &&**b).is_eq());
    order.into_iter().map(|d| Original { what: d.what.clone(), sample: d.sample })
}

/// How a finished list differs from what was read.
fn beside<T: Ord>(read: impl Iterator<Item = Original<T>>, list: &[T]) -> Originals<T> {
    let mut order: Vec<(&T, usize)> = list.iter().zip(0..).collect();
    if !list.is_sorted() {
        order.sort();
    }
    let mut known = vec![false; list.len()];
    let mut rest = order.as_slice();
    let mut out = Vec::new();
    for original in read {
        // Both are in one order.
        let passed = rest.iter().take_while(|(what, _)| **what < original.what).count();
        rest = rest.get(passed..).unwrap_or_default();
        let same = rest.iter().take_while(|(what, _)| **what == original.what);
        let mut shown = false;
        for (_, at) in same {
            shown = true;
            if let Some(known) = known.get_mut(*at).filter(|_| !original.sample) {
                *known = true;
            }
        }
        if original.sample || !shown {
            out.push(original);
        }
    }
    let made = known.into_iter().zip(0u64..).filter(|(known, _)| !known).map(|(_, at)| at).collect();
    Originals { read: out, made }
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
    /// All of their texts are shared with the list, so that packing would save nothing.
    grants: Vec<Original<Grant>>,
    trusts: Packed<Original<Trust>>,
    usages: Packed<Original<Usage>>,
    third_parties: Packed<Original<ThirdParty>>,
    settings: Packed<Original<Setting>>,
}

impl Read {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            grants: originals(&facts.grants).collect(),
            trusts: Packed::from_start(originals(&facts.trusts)),
            usages: Packed::from_start(originals(&facts.usages)),
            third_parties: Packed::from_start(originals(&facts.third_parties)),
            settings: Packed::from_start(originals(&facts.settings)),
        }
    }

    /// Enters what the finished inventory does not tell of it.
    pub(super) fn beside(self, inventory: &Inventory, unmerged: &mut Unmerged) {
        unmerged.grants = beside(self.grants.into_iter(), &inventory.grants);
        unmerged.trusts = beside(self.trusts.take(), &inventory.trusts);
        unmerged.usages = beside(self.usages.take(), &inventory.usages);
        unmerged.third_parties = beside(self.third_parties.take(), &inventory.third_parties);
        unmerged.settings = beside(self.settings.take(), &inventory.settings);
    }
}

/// What values showed, as text, since that takes a fraction of what its parts take, and the places of their exposures.
#[derive(Default)]
pub struct Values(BTreeMap<Box<str>, Vec<u64>>);

impl Values {
    /// What each value showed; sightings that showed the same are one entry.
    pub(super) fn of(seen: Vec<Keyed>, exposures: &[Exposure]) -> Self {
        let mut all = Self::default();
        for Keyed { id, sighting } in seen {
            let key = (&id, &sighting.rule, &sighting.location);
            let at = exposures.binary_search_by(|e| (&e.credential, &e.rule, &e.location).cmp(&key));
            let Ok(at) = at else { continue };
            all.add(&value(*sighting), [at as u64]);
        }
        all
    }

    /// Adds what a value showed, apart from its own list of exposures.
    pub fn add(&mut self, value: &SeenValue, exposures: impl IntoIterator<Item = u64>) {
        // The model cannot fail to be written.
        let Ok(text) = serde_json::to_string(value) else { return };
        self.0.entry(text.into_boxed_str()).or_default().extend(exposures);
    }

    /// Entries in the order of their exposures, then of what they say.
    pub fn entries(self) -> impl Iterator<Item = SeenValue> {
        let all = self.0.into_iter().map(|(text, mut places)| {
            places.sort_unstable();
            places.dedup();
            places.shrink_to_fit();
            (places, text)
        });
        let mut all: Vec<(Vec<u64>, Box<str>)> = all.collect();
        let read = |text: &str| serde_json::from_str::<SeenValue>(text).ok();
        all.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| read(&a.1).cmp(&read(&b.1))));
        let entries = all.into_iter();
        entries.filter_map(move |(exposures, text)| Some(SeenValue { exposures, ..read(&text)? }))
    }
}

/// What a sighting tells of its value.
pub(super) fn value(s: Sighting) -> SeenValue {
    SeenValue {
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
    }
}

/// One sighting for each value and exposure. What an exposure does not tell of a single sighting of several is what it tells of
/// all, which gives the same exposure again.
fn sightings(exposures: &[Exposure], values: impl Iterator<Item = SeenValue>) -> Vec<Sighting> {
    let mut out = Vec::new();
    for mut value in values {
        let places = std::mem::take(&mut value.exposures);
        let known = places.iter().filter_map(|at| exposures.get(usize::try_from(*at).ok()?));
        out.extend(known.map(|e| sighting(e, value.clone())));
    }
    out
}

pub(super) fn sighting(e: &Exposure, v: SeenValue) -> Sighting {
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
