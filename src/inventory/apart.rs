//! Values in the clear that nothing else in an inventory touches: no input names their credential, they name no identity, and no
//! format read a fact in their files. Of many reports these are by far the most. What comes of one of them does not depend on the
//! others, so that they can be taken a pile at a time.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;

use super::identify::{self, Keyed};
use super::link::Names;
use super::listings::CLIENT_SECRETS;
use super::state::Places;
use super::unmerged::{self, Values};
use super::{Declared, Evidence, merge, named_rules, specific, tokens};
use crate::model::{Exposure, Inventory, Location, Packed, Packer, RuleInfo, SeenValue, Sighting, setting};
use crate::text::order::Lookup;

/// About how many sightings one pile has.
const PILE: usize = 16_384;

/// One id of so many decides on where piles begin.
const SAMPLED: usize = 32;

/// Tells values that nothing touches from the others. First every sighting is noted, then each is put on a pile. Names are compared
/// by a hash: two that have one by chance are taken for touched, which costs memory and changes nothing.
pub struct Separation {
    touched: Touched,
    /// Values with the public id that they were seen beside.
    pairs: Vec<(u64, u64)>,
    /// Values that were seen without any.
    bare: Vec<u64>,
    ids: Vec<String>,
    noted: usize,
}

/// What is touched.
struct Touched {
    places: Places,
    /// Files with facts.
    files: HashSet<u64>,
    /// Ids and values.
    names: HashSet<u64>,
}

impl Touched {
    /// Whether a sighting itself says so.
    fn by_itself(&self, s: &Sighting) -> bool {
        let file = |path: &str| self.files.contains(&hash(path));
        let at = &s.location;
        s.proof.identity.is_some()
            || CLIENT_SECRETS.contains(&s.rule.as_str())
            || file(&at.path)
            || at.container.is_some() && file(&at.file())
    }
}

fn hash(text: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one(text)
}

impl Separation {
    /// Knows what facts touch; they have their final names.
    #[must_use]
    pub fn new(evidence: &Evidence) -> Self {
        let facts = &evidence.facts;
        let mut files = HashSet::new();
        let mut file = |location: &Location| {
            files.insert(hash(&location.path));
            files.extend(location.container.is_some().then(|| hash(&location.file())));
        };
        facts.identities.iter().for_each(|d| file(&d.location));
        facts.credentials.iter().for_each(|d| file(&d.location));
        facts.grants.iter().for_each(|d| file(&d.location));
        facts.trusts.iter().for_each(|d| file(&d.location));
        facts.usages.iter().for_each(|d| file(&d.location));
        facts.third_parties.iter().for_each(|d| file(&d.location));
        facts.settings.iter().for_each(|d| file(&d.location));
        let mut names = HashSet::new();
        let mut touch = |text: &str| {
            names.insert(hash(text));
        };
        facts.credentials.iter().for_each(|d| touch(&d.what.key));
        for Declared { what, .. } in &facts.usages {
            what.attributes.values().chain(&what.credential).for_each(|text| touch(text));
        }
        for Declared { what, .. } in &facts.settings {
            what.attributes.values().for_each(|text| touch(text));
            touch(&what.value);
            if what.name == setting::KEY_PLACE {
                touch(&format!("ssh:key:{}", what.value));
            }
        }
        let touched = Touched { places: Places::of(&facts.settings), files, names };
        Self { touched, pairs: Vec::new(), bare: Vec::new(), ids: Vec::new(), noted: 0 }
    }

    /// Takes notice of sightings, which are not kept.
    pub fn note(&mut self, sightings: Vec<Sighting>) {
        for sighting in sightings {
            let places = &self.touched.places;
            let s = specific::told(sighting, places);
            let value = identify::secret_id(&s).filter(|_| s.identifier.is_none()).map(|value| hash(&value));
            let known = identify::known_id(&s, places).map(|id| hash(&id));
            let id = identify::own_id(&s, places);
            if self.touched.by_itself(&s) {
                self.touched.names.extend(value.into_iter().chain(known).chain([hash(&id)]));
            }
            match (value, known) {
                (Some(value), Some(known)) => self.pairs.push((value, known)),
                (Some(value), None) => self.bare.push(value),
                _ => {}
            }
            if self.noted.is_multiple_of(SAMPLED) {
                self.ids.push(id);
            }
            self.noted += 1;
        }
    }

    /// The piles, once all sightings were noted.
    #[must_use]
    pub fn piles(self) -> Piles {
        self.piles_of(PILE)
    }

    /// The same, with about so many sightings each.
    #[must_use]
    pub fn piles_of(mut self, size: usize) -> Piles {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.bare.sort_unstable();
        // A value that was seen beside one id is of that where it stands alone; with several of either it is a matter of
        // all of them. One that is touched touches what it is seen beside, too.
        let mut ids: BTreeMap<u64, u64> = BTreeMap::new();
        let mut odd: Vec<(u64, u64)> = Vec::new();
        for of_value in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            for (value, id) in of_value {
                let other = ids.insert(*id, *value);
                if of_value.len() > 1 || other.is_some() || self.bare.binary_search(value).is_ok() {
                    odd.push((*value, *id));
                    odd.extend(other.map(|other| (other, *id)));
                }
            }
        }
        let names = &mut self.touched.names;
        names.extend(odd.into_iter().flat_map(|(value, id)| [value, id]));
        loop {
            let before = names.len();
            for (value, id) in &self.pairs {
                if names.contains(value) || names.contains(id) {
                    names.extend([*value, *id]);
                }
            }
            if names.len() == before {
                break;
            }
        }
        self.ids.sort_unstable();
        let every = (self.ids.len() * size / self.noted.max(1)).max(1);
        let starts: Vec<String> = self.ids.chunks(every).skip(1).filter_map(|ids| ids.first().cloned()).collect();
        let mut piles = Vec::new();
        piles.resize_with(starts.len() + 1, Packer::default);
        Piles { touched: self.touched, starts, piles }
    }
}

/// Values that nothing touches, in piles by the ids of their credentials.
pub struct Piles {
    touched: Touched,
    /// The first id of every pile but the first.
    starts: Vec<String>,
    piles: Vec<Packer<(Exposure, SeenValue)>>,
}

impl Piles {
    /// Puts sightings on their piles; those that are touched go to the evidence.
    pub fn put(&mut self, sightings: Vec<Sighting>, evidence: &mut Evidence) {
        for s in sightings {
            let value = identify::secret_id(&s).filter(|_| s.identifier.is_none());
            let id = identify::own_id(&s, &self.touched.places);
            let touched = |name: &String| self.touched.names.contains(&hash(name));
            if self.touched.by_itself(&s) || touched(&id) || value.as_ref().is_some_and(touched) {
                evidence.sightings.push(s);
                continue;
            }
            let pile = self.starts.partition_point(|start| *start <= id);
            if let Some(pile) = self.piles.get_mut(pile) {
                pile.push((exposure(id, &s), unmerged::value(s)));
            }
        }
    }

    /// The piles, in the order of ids.
    pub fn into_piles(self) -> impl Iterator<Item = Packed<(Exposure, SeenValue)>> {
        self.piles.into_iter().map(Packer::finish)
    }
}

/// A sighting as an exposure of the credential of this id.
fn exposure(id: String, s: &Sighting) -> Exposure {
    Exposure {
        credential: id,
        rule: s.rule.clone(),
        confidence: s.confidence,
        base_severity: s.base_severity,
        key_name: s.key_name.clone(),
        test_path: s.test_path,
        evidence: s.evidence.clone(),
        suppressed: s.suppressed.clone(),
        fingerprint: None,
        location: s.location.clone(),
    }
}

/// The inventory of one pile, and what each value showed. Which formats were read is for the caller to say.
#[must_use]
pub fn leaked(pile: &Packed<(Exposure, SeenValue)>, rules: &[RuleInfo]) -> (Inventory, Values) {
    let keyed = |(e, value): (Exposure, SeenValue)| Keyed {
        sighting: Box::new(unmerged::sighting(&e, value)),
        id: e.credential,
    };
    let seen: Vec<Keyed> = pile.iter().map(keyed).collect();
    let mut exposures = identify::exposures(&seen);
    exposures.sort_by(identify::exposure_order);
    let mut credentials = merge::credentials(&seen, Vec::new(), &Names::default(), &Lookup::default());
    tokens::join(&seen, &mut credentials, &mut Vec::new());
    let values = Values::of(seen, &exposures);
    let named: Vec<RuleInfo> = named_rules(rules.to_vec(), exposures.iter().map(|e| e.rule.as_str()));
    (Inventory { rules: named, exposures, credentials, ..Inventory::default() }, values)
}
