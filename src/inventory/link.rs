//! Union of identities by exact keys, and what follows for each from its grants, usages and exposures.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Facts};
use crate::model::{
    AuthMode, Confidence, Credential, IdentityFact, IdentityKey, IdentityKind, Inventory, Link, Location, Privilege,
    Severity, Status,
};
use crate::text::order::Lookup;

/// How many likely partners of one identity are shown.
const LINKS_MAX: usize = 8;

/// The canonical key of every key.
#[derive(Default)]
pub(super) struct Names {
    /// Of keys that are not alone.
    canonical: Lookup<IdentityKey, IdentityKey>,
    groups: BTreeMap<IdentityKey, Vec<IdentityKey>>,
}

/// Provider, kind and name of a key.
pub(super) fn split(key: &IdentityKey) -> (&str, &str, &str) {
    let mut parts = key.as_str().splitn(3, ':');
    (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""))
}

/// How well a key serves as the id of an identity, least best: full resource names, then ordinary keys, then unique
/// ids and names, then names that are unique nowhere.
fn rank(key: &IdentityKey) -> u8 {
    let (_, kind, name) = split(key);
    match kind {
        _ if name.starts_with("arn:") => 0,
        "id" | "unique-id" => 2,
        _ if is_bare_name(key) => 3,
        _ if kind.ends_with("-name") => 2,
        _ => 1,
    }
}

/// Whether a key is a name without the account (`123456789012/…`) in which it is unique.
fn is_bare_name(key: &IdentityKey) -> bool {
    let (_, kind, name) = split(key);
    let account = name.split_once('/').is_some_and(|(a, _)| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit()));
    kind.ends_with("-name") && !account
}

impl Names {
    /// Unites the keys of each fact, and declares identities that are only referred to. A bare name that belongs to two
    /// full resource names unites nothing: its bearers become links.
    pub(super) fn resolve(facts: &mut Facts, links: &mut Vec<Link>) -> Self {
        let ambiguous = ambiguous_names(&facts.identities);
        let parted = part_numbers(&mut facts.identities);
        for fact in facts.identities.iter_mut().map(|d| &mut d.what) {
            if let Some(full) = fact.aliases.iter().filter(|a| rank(a) == 0).min()
                && ambiguous.contains_key(&fact.key)
            {
                fact.key = full.clone();
            }
            fact.aliases.retain(|a| !ambiguous.contains_key(a));
        }
        declare_references(facts);
        let mut sets = Sets::default();
        for fact in facts.identities.iter().map(|d| &d.what) {
            let first = sets.index(&fact.key);
            for alias in &fact.aliases {
                let other = sets.index(alias);
                sets.unite(first, other);
            }
        }
        let names = sets.finish();
        for (name, owners) in &ambiguous {
            let known = names.canonical.contains_key(name) || names.groups.contains_key(name);
            for owner in owners.iter().filter(|_| known).take(LINKS_MAX) {
                links.push(Link {
                    from: names.of(name).to_string(),
                    to: names.of(owner).to_string(),
                    confidence: Confidence::Low,
                    why: "equal names, but more than one identity bears that name".to_owned(),
                });
            }
        }
        names.link_bare_names(links);
        names.link_parted(&parted, links);
        names
    }

    /// The canonical key.
    pub(super) fn of(&self, key: &IdentityKey) -> IdentityKey {
        self.canonical.get(key).unwrap_or(key).clone()
    }

    /// All keys of the identity, the canonical one included, sorted.
    pub(super) fn keys(&self, canonical: &IdentityKey) -> &[IdentityKey] {
        self.groups.get(canonical).map_or(&[], Vec::as_slice)
    }

    /// Links accounts of Google Cloud that have one number and two addresses.
    fn link_parted(&self, parted: &[BTreeSet<IdentityKey>], links: &mut Vec<Link>) {
        for addresses in parted {
            let Some(first) = addresses.first() else { continue };
            for other in addresses.iter().skip(1).take(LINKS_MAX) {
                links.push(Link {
                    from: self.of(first).to_string(),
                    to: self.of(other).to_string(),
                    confidence: Confidence::Low,
                    why: "two addresses with one unique id; one of the inputs was altered".to_owned(),
                });
            }
        }
    }

    /// Links identities known by bare name alone to the full resource names that end in that name.
    fn link_bare_names(&self, links: &mut Vec<Link>) {
        let mut by_last: BTreeMap<(&str, &str), Vec<&IdentityKey>> = BTreeMap::new();
        for key in self.groups.keys().filter(|k| rank(k) == 0) {
            let (provider, _, name) = split(key);
            by_last.entry((provider, last_segment(name))).or_default().push(key);
        }
        for bare in self.groups.keys().filter(|k| rank(k) == 3) {
            let (provider, kind, name) = split(bare);
            let same_kind = kind.trim_end_matches("-name");
            let partners = by_last.get(&(provider, last_segment(name))).into_iter().flatten();
            for full in partners.filter(|full| split(full).1 == same_kind).take(LINKS_MAX) {
                links.push(Link {
                    from: bare.to_string(),
                    to: full.to_string(),
                    confidence: Confidence::Low,
                    why: "equal names; nothing says that the account is the same".to_owned(),
                });
            }
        }
    }
}

fn last_segment(name: &str) -> &str {
    name.rsplit(['/', ':', '#']).next().unwrap_or(name)
}

/// Bare names that two or more full resource names claim, with those.
fn ambiguous_names(facts: &[Declared<IdentityFact>]) -> BTreeMap<IdentityKey, BTreeSet<IdentityKey>> {
    let mut owners: BTreeMap<IdentityKey, BTreeSet<IdentityKey>> = BTreeMap::new();
    for fact in facts.iter().map(|d| &d.what) {
        let keys = || std::iter::once(&fact.key).chain(&fact.aliases);
        for name in keys().filter(|k| is_bare_name(k)) {
            owners.entry(name.clone()).or_default().extend(keys().filter(|k| rank(k) == 0).cloned());
        }
    }
    owners.retain(|_, full| full.len() > 1);
    owners
}

/// Takes numbers from accounts when two addresses have one: an account keeps its address and number for life
/// (<https://cloud.google.com/iam/docs/service-accounts-create>), so one of the inputs was altered. Returns the addresses of each.
fn part_numbers(facts: &mut [Declared<IdentityFact>]) -> Vec<BTreeSet<IdentityKey>> {
    let is_number = |key: &IdentityKey| key.as_str().starts_with("gcp:unique-id:");
    let is_address = |key: &IdentityKey| key.as_str().starts_with("gcp:service-account:");
    let mut addresses: BTreeMap<IdentityKey, BTreeSet<IdentityKey>> = BTreeMap::new();
    for fact in facts.iter().map(|declared| &declared.what) {
        let keys = || std::iter::once(&fact.key).chain(&fact.aliases);
        for number in keys().filter(|key| is_number(key)) {
            addresses.entry(number.clone()).or_default().extend(keys().filter(|key| is_address(key)).cloned());
        }
    }
    addresses.retain(|_, all| all.len() > 1);
    for fact in facts.iter_mut() {
        fact.what.aliases.retain(|alias| !addresses.contains_key(alias));
    }
    addresses.into_values().collect()
}

/// An identity that a fact refers to exists, even when no input describes it.
fn declare_references(facts: &mut Facts) {
    let keys = facts.identities.iter().flat_map(|d| std::iter::once(&d.what.key).chain(&d.what.aliases));
    let declared: Lookup<&IdentityKey, ()> = keys.map(|key| (key, ())).collect();
    let mut stubs: Vec<Declared<IdentityFact>> = Vec::new();
    let mut refer = |key: &IdentityKey, location: &Location, sample: bool| {
        if !declared.contains_key(key) {
            let (provider, kind, name) = split(key);
            let what = IdentityFact::new(key.clone(), kind_of(kind), provider, last_segment(name));
            stubs.push(Declared { what, location: location.clone(), sample });
        }
    };
    facts.grants.iter().for_each(|d| refer(&d.what.identity, &d.location, d.sample));
    facts.trusts.iter().for_each(|d| refer(&d.what.identity, &d.location, d.sample));
    facts.third_parties.iter().for_each(|d| refer(&d.what.identity, &d.location, d.sample));
    for d in &facts.settings {
        d.what.identity.iter().for_each(|key| refer(key, &d.location, d.sample));
    }
    for d in &facts.usages {
        d.what.identity.iter().for_each(|key| refer(key, &d.location, d.sample));
    }
    for d in &facts.credentials {
        d.what.identity.iter().for_each(|key| refer(key, &d.location, d.sample));
    }
    facts.identities.extend(stubs);
}

fn kind_of(word: &str) -> IdentityKind {
    match word {
        "user" | "user-name" => IdentityKind::CloudUser,
        "role" | "role-name" => IdentityKind::Role,
        "service-account" | "sa" => IdentityKind::ServiceAccount,
        "application" | "app" | "client" => IdentityKind::Application,
        "job" => IdentityKind::CiJob,
        "workload" => IdentityKind::Workload,
        "bot" => IdentityKind::Bot,
        "agent" => IdentityKind::Agent,
        _ => IdentityKind::Other,
    }
}

/// Disjoint sets of keys.
#[derive(Default)]
struct Sets {
    index: Lookup<IdentityKey, usize>,
    parent: Vec<usize>,
}

impl Sets {
    fn index(&mut self, key: &IdentityKey) -> usize {
        if let Some(i) = self.index.get(key) {
            return *i;
        }
        let i = self.parent.len();
        self.parent.push(i);
        self.index.insert(key.clone(), i);
        i
    }

    /// The representative, halving the path on the way.
    fn find(&mut self, mut i: usize) -> usize {
        while let Some(&up) = self.parent.get(i).filter(|&&up| up != i) {
            let above = self.parent.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.parent.get_mut(i) {
                *slot = above;
            }
            i = above;
        }
        i
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        if let Some(slot) = self.parent.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }

    fn finish(mut self) -> Names {
        let index = std::mem::take(&mut self.index);
        let mut sets: Vec<Vec<IdentityKey>> = vec![Vec::new(); self.parent.len()];
        for (key, i) in index {
            let i = self.find(i);
            if let Some(set) = sets.get_mut(i) {
                set.push(key);
            }
        }
        let mut canonical = Lookup::default();
        let mut groups = Vec::with_capacity(sets.len());
        for mut keys in sets {
            keys.sort_unstable();
            let Some(best) = keys.iter().min_by_key(|k| (rank(k), *k)).cloned() else { continue };
            if keys.len() > 1 {
                canonical.extend(keys.iter().map(|k| (k.clone(), best.clone())));
            }
            groups.push((best, keys));
        }
        Names { canonical, groups: groups.into_iter().collect() }
    }
}

/// Sets each identity's privilege to the highest of its grants, and the modes in which it authenticates: those of its
/// usages, and static where a credential of it stands in the clear or is a key that it holds.
pub(super) fn authority(inventory: &mut Inventory) {
    let mut privilege: Lookup<&IdentityKey, Privilege> = Lookup::default();
    for grant in &inventory.grants {
        let slot = privilege.entry(&grant.identity).or_default();
        *slot = grant.privilege.max(*slot);
    }
    // One bit a mode.
    let mut modes: Lookup<&IdentityKey, u8> = Lookup::default();
    for usage in &inventory.usages {
        // A name or an id beside a credential is no authentication.
        if let Some(id) = usage.identity.as_ref().filter(|_| !usage.attributes.contains_key("identifier")) {
            *modes.entry(id).or_default() |= 1 << usage.mode as u8;
        }
    }
    let open: BTreeSet<&str> = inventory
        .exposures
        .iter()
        .filter(|e| e.suppressed.is_none() && e.base_severity > Severity::Info)
        .map(|e| e.credential.as_str())
        .collect();
    // A key that is declared for an identity, or that a provider lists as usable, is how it logs in.
    let held = |c: &Credential| {
        let keys = ["aws-access-key", "gcp-service-account-key", "azure-client-secret", "gcp-hmac-key"];
        keys.contains(&c.kind.as_str()) && (c.status == Status::Active || c.attributes.contains_key("declared"))
    };
    for credential in inventory.credentials.iter().filter(|c| open.contains(c.id.as_str()) || held(c)) {
        if let Some(id) = &credential.identity {
            *modes.entry(id).or_default() |= 1 << AuthMode::Static as u8;
        }
    }
    for identity in &mut inventory.identities {
        identity.privilege = privilege.get(&identity.id).copied().unwrap_or_default();
        let modes = modes.get(&identity.id).copied().unwrap_or_default();
        identity.auth = AuthMode::ALL.into_iter().filter(|mode| modes & 1 << *mode as u8 != 0).collect();
    }
}
