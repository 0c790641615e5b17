//! From sightings and facts to one inventory: `identify` gives everything its canonical key, `link` joins what has equal
//! keys. Exact keys merge; likely ones become links that are shown and never merged.

mod accounts;
mod apart;
mod assume;
mod chains;
mod clusters;
mod collected;
mod edges;
mod folders;
mod follow;
mod google;
mod held;
mod identify;
mod instances;
mod link;
mod listings;
mod merge;
mod owners;
mod relabel;
mod slots;
mod specific;
mod state;
mod tenants;
mod tokens;
mod unmerged;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    CredentialFact, Grant, IdentityFact, IdentityKey, Inventory, LocatedFact, Location, RuleInfo, Setting, Sighting,
    ThirdParty, Trust, Unmerged, Usage,
};
use crate::text::order::Lookup;

pub use apart::{Piles, Separation, leaked};
pub use collected::Collected;
pub use relabel::Relabel;
pub use specific::gives;
pub use unmerged::{Evidence, Leaks, Values};

/// The attribute, set to `true`, of credentials, trusts and usages that were only read from a sample and have no
/// identity that could carry the mark. Such things are shown and never counted.
pub const SAMPLE: &str = "sample";

/// A thing with the place that declares it, and whether that place is a sample.
struct Declared<T> {
    what: T,
    location: Location,
    sample: bool,
}

/// Facts by kind, in the form the inventory keeps them.
#[derive(Default)]
struct Facts {
    identities: Vec<Declared<IdentityFact>>,
    credentials: Vec<Declared<CredentialFact>>,
    grants: Vec<Declared<Grant>>,
    trusts: Vec<Declared<Trust>>,
    usages: Vec<Declared<Usage>>,
    third_parties: Vec<Declared<ThirdParty>>,
    settings: Vec<Declared<Setting>>,
}

/// Builds the inventory. The result does not depend on the order of the inputs, and evidence that comes twice counts
/// once. Every reference to an identity or a credential resolves within the result.
#[must_use]
pub fn build(sightings: Vec<Sighting>, facts: Vec<LocatedFact>, rules: Vec<RuleInfo>) -> Inventory {
    let formats_read = formats_read(&facts);
    let mut collected = Collected::default();
    collected.add(facts);
    let mut inventory = build_whole(sightings, collected, rules).0;
    inventory.formats_read = formats_read;
    inventory
}

/// The inventory, and what it was made of as far as it does not tell itself: [`Evidence::of`] both gives what went in. Which
/// formats were read is for the caller to say.
#[must_use]
pub fn build_whole(sightings: Vec<Sighting>, collected: Collected, rules: Vec<RuleInfo>) -> (Inventory, Unmerged) {
    let Collected { mut facts, files, .. } = collected;
    facts.sort();
    assemble(sightings, facts, rules, files)
}

/// The same of what reports hold. Which formats were read is for the caller to say.
#[must_use]
pub fn rebuild(evidence: Evidence, rules: Vec<RuleInfo>) -> (Inventory, Unmerged) {
    assemble(evidence.sightings, evidence.facts, rules, evidence.files)
}

fn assemble(
    sightings: Vec<Sighting>,
    mut facts: Facts,
    rules: Vec<RuleInfo>,
    files: BTreeMap<String, String>,
) -> (Inventory, Unmerged) {
    let mut unmerged = Unmerged {
        identities: unmerged::declarations(&facts.identities),
        credentials: unmerged::declarations(&facts.credentials),
        files,
        ..Unmerged::default()
    };
    let read = unmerged::Read::of(&facts);
    let mut links = clusters::settle(&mut facts, &unmerged.files);
    let tenants = tenants::settle(&mut facts, &unmerged.files);
    links.extend(instances::settle(&mut facts));
    let places = state::Places::of(&facts.settings);
    let sightings = sightings.into_iter().map(|sighting| specific::told(sighting, &places)).collect();
    let sightings = identify::assign(sightings, &places, &mut links);
    facts.identities.extend(sightings.iter().filter_map(|keyed| identify::named_identity(&keyed.sighting)));
    users::of_accounts(&mut facts);
    let names = link::Names::resolve(&mut facts, &mut links);
    let identities = merge::identities(std::mem::take(&mut facts.identities), &names);
    let samples: Lookup<&IdentityKey, bool> = identities.iter().map(|i| (&i.id, i.sample)).collect();

    let mut exposures = identify::exposures(&sightings);
    let credentials = std::mem::take(&mut facts.credentials);
    let mut credentials = merge::credentials(&sightings, credentials, &names, &samples);
    slots::join(&mut credentials, &mut links);
    listings::hints(&mut credentials, &names, &mut links);
    tokens::join(&sightings, &mut credentials, &mut links);
    exposures.sort_by(identify::exposure_order);
    unmerged.values = unmerged::Values::of(sightings, &exposures).entries().collect();

    let mut inventory = Inventory {
        grants: edges::kept(facts.grants, &samples, |g| {
            g.identity = names.of(&g.identity);
            Some(g.identity.clone())
        }),
        trusts: edges::kept(facts.trusts, &samples, |t| {
            t.identity = names.of(&t.identity);
            Some(t.identity.clone())
        }),
        usages: edges::usages(facts.usages, &samples, &names),
        third_parties: edges::kept(facts.third_parties, &samples, |t| {
            t.identity = names.of(&t.identity);
            t.credentials.sort();
            t.credentials.dedup();
            Some(t.identity.clone())
        }),
        settings: edges::settings(facts.settings, &samples, &names),
        rules: named_rules(rules, exposures.iter().map(|e| e.rule.as_str())),
        exposures,
        credentials,
        links: Vec::new(),
        formats_read: BTreeMap::new(),
        identities: Vec::new(),
    };
    inventory.identities = owners::assign(identities, &inventory.settings);
    listings::custom_roles(&mut inventory);
    listings::people(&mut inventory);
    follow::join(&mut inventory);
    google::settle(&mut inventory);
    tenants.follow(&mut inventory, &names);
    tenants.link(&inventory, &names, &mut links);
    link::authority(&mut inventory);
    chains::follow(&mut inventory);
    link::authority(&mut inventory);
    held::join(&mut inventory);
    link::authority(&mut inventory);
    accounts::place(&mut inventory);
    assume::judge(&mut inventory);
    links.sort();
    links.dedup_by(|a, b| (&a.from, &a.to) == (&b.from, &b.to));
    inventory.links = links;
    read.beside(&inventory, &mut unmerged);
    (inventory, unmerged)
}

/// The rules of these ids, sorted, each once.
#[must_use]
pub(crate) fn named_rules<'a>(mut rules: Vec<RuleInfo>, ids: impl Iterator<Item = &'a str>) -> Vec<RuleInfo> {
    let ids: BTreeSet<&str> = ids.collect();
    rules.retain(|r| ids.contains(r.id.as_str()));
    rules.sort();
    rules.dedup_by(|a, b| a.id == b.id);
    rules
}

/// Blobs by format; samples do not make anything assessable, so they do not count.
fn formats_read(facts: &[LocatedFact]) -> BTreeMap<String, u64> {
    let blobs: BTreeSet<_> = facts
        .iter()
        .filter(|f| !f.sample)
        .map(|f| (f.format, &f.location.container, &f.location.path, &f.location.blob))
        .collect();
    let mut counts = BTreeMap::new();
    for (format, ..) in blobs {
        *counts.entry(format.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
