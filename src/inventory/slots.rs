//! Joining the numbered access keys of an AWS credential report, which names no key ids, with key ids that other inputs
//! give for the same user
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Confidence, Credential, IdentityKey, Link, Status, Validity, When};

const SLOT: &str = "aws:access-key-slot:";
const KEY: &str = "aws:access-key:";

/// How far apart two records of one creation may lie, in seconds: exports cut fractions.
const SAME_SECOND: i64 = 1;

/// A user has two keys at a time; exports of many dates hold more. Beyond these numbers nothing is compared, which keeps
/// made-up exports from costing their square.
const SLOTS_MAX: usize = 8;
/// See [`SLOTS_MAX`].
const KEYS_MAX: usize = 64;

/// How many doubtful pairs of one user are shown.
const LINKS_MAX: usize = 8;

/// Merges slots into key ids where that is certain, and links them where it is only possible.
pub(super) fn join(credentials: &mut Vec<Credential>, links: &mut Vec<Link>) {
    let mut users: BTreeMap<&IdentityKey, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (i, credential) in credentials.iter().enumerate() {
        let Some(user) = &credential.identity else { continue };
        if credential.id.starts_with(SLOT) {
            users.entry(user).or_default().0.push(i);
        } else if credential.id.starts_with(KEY) {
            users.entry(user).or_default().1.push(i);
        }
    }
    let mut pairs: Vec<(usize, usize, &'static str)> = Vec::new();
    for (slots, keys) in users.values() {
        if slots.is_empty() || keys.is_empty() || slots.len() > SLOTS_MAX || keys.len() > KEYS_MAX {
            continue;
        }
        let found = pair(credentials, slots, keys);
        if found.is_empty() {
            doubt(credentials, slots, keys, links);
        }
        pairs.extend(found);
    }
    for (slot, key, why) in &pairs {
        if let (Some(slot), Some(key)) = (credentials.get(*slot).cloned(), credentials.get_mut(*key)) {
            absorb(key, &slot, why);
        }
    }
    let gone: BTreeSet<usize> = pairs.iter().map(|(slot, ..)| *slot).collect();
    let mut at = 0..;
    credentials.retain(|_| at.next().is_none_or(|i| !gone.contains(&i)));
}

/// The certain pairs of one user.
fn pair(all: &[Credential], slots: &[usize], keys: &[usize]) -> Vec<(usize, usize, &'static str)> {
    let fits = |slot: usize, key: usize| match (all.get(slot), all.get(key)) {
        (Some(slot), Some(key)) => same_moment(slot, key) == Some(true) && !contradict(slot.status, key.status),
        _ => false,
    };
    let mut out = Vec::new();
    for &slot in slots {
        let mut partners = keys.iter().copied().filter(|key| fits(slot, *key));
        if let (Some(key), None) = (partners.next(), partners.next())
            && slots.iter().filter(|s| fits(**s, key)).count() == 1
        {
            out.push((slot, key, "equal creation times"));
        }
    }
    if out.is_empty()
        && let (&[key], Some(slot)) = (keys, only_live_slot(all, slots))
        && let (Some(a), Some(b)) = (all.get(slot), all.get(key))
        && same_moment(a, b) != Some(false)
        && !contradict(a.status, b.status)
        && (b.status == Status::Active || slots.iter().filter(|i| all.get(**i).is_some_and(held)).count() == 1)
    {
        out.push((slot, key, "the user's only active key and only known key id"));
    }
    out
}

/// Whether the slot ever held a key, as far as the report tells.
fn held(slot: &Credential) -> bool {
    slot.status == Status::Active || slot.rotated.at().is_some() || slot.created.at().is_some()
}

/// The only active slot.
fn only_live_slot(all: &[Credential], slots: &[usize]) -> Option<usize> {
    let mut live = slots.iter().copied().filter(|i| all.get(*i).is_some_and(|c| c.status == Status::Active));
    match (live.next(), live.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Whether the two were made at one time; `None` when a date is missing.
fn same_moment(slot: &Credential, key: &Credential) -> Option<bool> {
    let made = |c: &Credential| c.rotated.at().or(c.created.at());
    let (a, b) = (made(slot)?, made(key)?);
    Some((a.as_second() - b.as_second()).abs() <= SAME_SECOND)
}

fn contradict(a: Status, b: Status) -> bool {
    a != Status::Unknown && b != Status::Unknown && a != b
}

fn doubt(all: &[Credential], slots: &[usize], keys: &[usize], links: &mut Vec<Link>) {
    let pairs = slots.iter().flat_map(|s| keys.iter().map(move |k| (*s, *k)));
    let possible = pairs.filter_map(|(s, k)| Some((all.get(s)?, all.get(k)?)));
    for (slot, key) in possible.filter(|(s, k)| same_moment(s, k) != Some(false)).take(LINKS_MAX) {
        links.push(Link {
            from: slot.id.clone(),
            to: key.id.clone(),
            confidence: Confidence::Medium,
            why: "a key of the same user; the report names no key ids and the dates do not decide".to_owned(),
        });
    }
}

/// Adds to the key what the report knows of its slot. The newer input decides on the state.
fn absorb(key: &mut Credential, slot: &Credential, why: &str) {
    if key.status == Status::Unknown || (slot.status != Status::Unknown && slot.as_of.at() > key.as_of.at()) {
        key.status = slot.status;
    }
    let fill = |into: &mut When, from: When| {
        if into.at().is_none() && (from.at().is_some() || into.is_unknown()) {
            *into = from;
        }
    };
    fill(&mut key.created, slot.created);
    fill(&mut key.rotated, slot.rotated);
    fill(&mut key.expires, slot.expires);
    if slot.last_used.at() > key.last_used.at() {
        key.last_used = slot.last_used;
    }
    fill(&mut key.last_used, slot.last_used);
    if slot.as_of.at() > key.as_of.at() {
        key.as_of = slot.as_of;
    }
    if key.kind.is_empty() || key.validity == Validity::Unverified && key.preview.is_none() {
        key.kind.clone_from(&slot.kind);
    }
    for (name, value) in &slot.attributes {
        key.attributes.entry(name.clone()).or_insert_with(|| value.clone());
    }
    key.attributes.insert("slot".to_owned(), slot.id.clone());
    key.attributes.insert("slot_joined_by".to_owned(), why.to_owned());
    let all: BTreeSet<_> = key.locations.drain(..).chain(slot.locations.iter().cloned()).collect();
    key.locations = all.into_iter().collect();
}
