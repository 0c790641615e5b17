//! Pipelines of GitLab over several files: `include: local:`, hidden jobs that jobs of other files extend, defaults and
//! variables for all.
//!
//! Included files are merged first and the file that includes them over them, a later include over an earlier one; paths begin
//! at the top of the project (<https://docs.gitlab.com/ci/yaml/includes/>, <https://docs.gitlab.com/ci/yaml/#includelocal>).
//! A job of the same name in two files is one, merged key by key: what the included file says holds where the other is silent.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::files::{Finder, place_of, place_of_job};
use super::graph::Place;
use super::{CALLERS_MAX, listed, parts, take};
use crate::model::{AuthMode, EnvironmentClass, Identity, IdentityKey, Inventory, Setting, ThirdParty, Usage, setting};
use crate::text::order::Lookup;

/// Most files of one pipeline; GitLab includes 150.
const FILES_MAX: usize = 500;
/// Longest chain of `extends`, as GitLab allows it.
const DEPTH: usize = 11;
/// Most hidden jobs that one job extends.
const LAYERS_MAX: usize = 64;
/// Keys that are put together, where the others replace each other.
const MERGED: [&str; 3] = ["variables", "id_tokens", "secrets"];
/// Most credentials that are listed beside an image.
const REACH_MAX: usize = 300;

/// Most jobs that are looked at, counted once for each pipeline that they are in; what is over keeps what its reader said.
const VISITS_MAX: usize = 500_000;

const PREFIX: &str = "gitlab:job:";

/// A file of a pipeline.
#[derive(Default)]
struct File {
    path: String,
    top: String,
    /// Jobs, with the fact on each.
    jobs: Vec<(usize, Option<usize>)>,
    /// Their names.
    names: Vec<String>,
    /// Parts of hidden jobs, of those of included files and of `default`, by name and key.
    parts: BTreeMap<String, BTreeMap<String, usize>>,
    /// The facts on hidden jobs and on `default`.
    hidden: BTreeMap<String, usize>,
    /// The facts on what it includes.
    includes: Vec<usize>,
    /// Files that it includes, in order.
    to: Vec<usize>,
    called_by: BTreeSet<String>,
    unread: BTreeSet<String>,
    included: bool,
}

/// What a job gets of other files.
#[derive(Default)]
struct Gain {
    /// Parts, by their place among the identities, with those of their variables that something nearer sets.
    parts: BTreeMap<usize, BTreeSet<String>>,
    /// Variables that the job sets itself.
    own: BTreeSet<String>,
    /// Variables that these files set.
    defines: BTreeSet<String>,
    /// Identity tokens and secrets that the job or something nearer names, `id_tokens.NAME` and `secrets.NAME`.
    fetches: BTreeSet<String>,
}

/// Joins the files of pipelines, and drops the parts that were read for this alone.
pub(super) fn join(inventory: &mut Inventory, told: &[Setting]) {
    let mut files: Vec<File> = Vec::new();
    let places = read(&inventory.identities, told, &mut files);
    if files.is_empty() {
        return;
    }
    resolve(told, &places, &mut files);
    let mut gains: BTreeMap<usize, Gain> = BTreeMap::new();
    let mut visits = VISITS_MAX;
    let mut lives: BTreeMap<usize, bool> = BTreeMap::new();
    for root in 0..files.len() {
        if visits > 0 && !files[root].included && !files[root].to.is_empty() {
            Pipeline::of(&files, told, root).share(&mut gains, &mut lives, &mut visits);
        }
    }
    for file in &files {
        for (job, _) in &file.jobs {
            let attributes = &mut inventory.identities[*job].attributes;
            for (name, values) in [("called_by", &file.called_by), ("calls_unread", &file.unread)] {
                if !values.is_empty() {
                    attributes.insert(name.to_owned(), listed(values.iter().map(String::as_str), CALLERS_MAX));
                }
            }
        }
    }
    let gone: BTreeSet<IdentityKey> =
        lives.iter().filter(|(_, lives)| !**lives).map(|(job, _)| inventory.identities[*job].id.clone()).collect();
    gains.retain(|job, _| lives.get(job) != Some(&false));
    hand_over(inventory, gains);
    forget(inventory, &gone);
}

/// Takes out jobs that are part of others of their name wherever their file is included.
fn forget(inventory: &mut Inventory, gone: &BTreeSet<IdentityKey>) {
    if gone.is_empty() {
        return;
    }
    drop(Store::take(inventory, gone));
    inventory.grants.retain(|grant| !gone.contains(&grant.identity));
    inventory.trusts.retain(|trust| !gone.contains(&trust.identity));
    inventory.identities.retain(|identity| !gone.contains(&identity.id));
}

fn is_part(identity: &Identity) -> bool {
    identity.id.as_str().starts_with(PREFIX) && identity.attributes.contains_key("part")
}

/// The files of all jobs, parts and facts.
fn read(identities: &[Identity], told: &[Setting], files: &mut Vec<File>) -> BTreeMap<Place, usize> {
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    let mut file = |place: Place, files: &mut Vec<File>| {
        let path = place.2.clone();
        *places.entry(place).or_insert_with(|| {
            files.push(File { path, ..File::default() });
            files.len() - 1
        })
    };
    let mut jobs: BTreeMap<&IdentityKey, (usize, usize)> = BTreeMap::new();
    for (i, identity) in identities.iter().enumerate() {
        let Some((place, job)) = place_of_job(identity, PREFIX) else { continue };
        let at = file(place, files);
        if let Some((name, key)) = job.rsplit_once('!').filter(|_| is_part(identity)) {
            files[at].parts.entry(name.to_owned()).or_default().insert(key.to_owned(), i);
        } else {
            jobs.insert(&identity.id, (at, files[at].jobs.len()));
            files[at].jobs.push((i, None));
            files[at].names.push(job.to_owned());
        }
    }
    for (i, fact) in told.iter().enumerate() {
        let kind = fact.attributes.get("kind").map(String::as_str).unwrap_or_default();
        if fact.name == setting::CALLED && kind.is_empty() {
            let known = fact.identity.as_ref().and_then(|id| jobs.get(id)).copied();
            if let Some(slot) = known.and_then(|(at, job)| files[at].jobs.get_mut(job)) {
                slot.1 = Some(i);
            }
            continue;
        }
        if !matches!(kind, "include" | "child" | "part") {
            continue;
        }
        let (place, top) = place_of(fact);
        let at = file(place, files);
        files[at].top = top;
        match kind {
            "part" => drop(files[at].hidden.insert(fact.subject.clone(), i)),
            _ => files[at].includes.push(i),
        }
    }
    places
}

/// Finds the files that are included.
fn resolve(told: &[Setting], places: &BTreeMap<Place, usize>, files: &mut [File]) {
    let mut finder = Finder::new(places);
    for from in 0..files.len() {
        for told_at in files[from].includes.clone() {
            let fact = &told[told_at];
            let found = finder.find(&place_of(fact).0, &files[from].top, &fact.value);
            if found.is_empty() {
                files[from].unread.insert(fact.subject.clone());
            }
            for to in found.into_iter().filter(|to| *to != from) {
                let child = fact.attributes.get("kind").is_some_and(|kind| kind == "child");
                let job = fact.identity.as_ref().and_then(|id| id.as_str().rsplit_once('#')).map(|(_, job)| job);
                let by = job.map_or_else(|| files[from].path.clone(), |job| format!("{}#{job}", files[from].path));
                files[to].called_by.insert(by);
                if !child {
                    files[to].included = true;
                    if !files[from].to.contains(&to) {
                        files[from].to.push(to);
                    }
                }
            }
        }
    }
}

/// The files of one pipeline, what wins first.
struct Pipeline<'f> {
    files: &'f [File],
    told: &'f [Setting],
    order: Vec<usize>,
    /// Files that hold a hidden job of this name.
    hidden: BTreeMap<&'f str, Vec<usize>>,
}

impl<'f> Pipeline<'f> {
    fn of(files: &'f [File], told: &'f [Setting], root: usize) -> Self {
        let mut order: Vec<usize> = Vec::new();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut open = vec![root];
        while let Some(file) = open.pop() {
            if order.len() < FILES_MAX && seen.insert(file) {
                order.push(file);
                // The last include is looked at first.
                open.extend(files[file].to.iter().copied());
            }
        }
        let mut hidden: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for file in &order {
            files[*file].hidden.keys().for_each(|name| hidden.entry(name).or_default().push(*file));
        }
        Self { files, told, order, hidden }
    }

    fn attribute(&self, told: Option<usize>, name: &str) -> &'f str {
        told.and_then(|told| self.told[told].attributes.get(name)).map(String::as_str).unwrap_or_default()
    }

    fn share(&self, gains: &mut BTreeMap<usize, Gain>, lives: &mut BTreeMap<usize, bool>, visits: &mut usize) {
        let mut above: BTreeSet<&str> = BTreeSet::new();
        for (position, file) in self.order.iter().enumerate() {
            let below = self.order.get(position + 1..).unwrap_or_default();
            for ((job, told), name) in self.files[*file].jobs.iter().zip(&self.files[*file].names) {
                let Some(left) = visits.checked_sub(1) else {
                    // Where it is not known, a job stays.
                    lives.clear();
                    return;
                };
                *visits = left;
                // Nothing is known of a job that no file of its own tells of.
                let replaced = above.contains(name.as_str()) && self.files[*file].hidden.contains_key(name);
                *lives.entry(*job).or_default() |= !replaced;
                if replaced {
                    continue;
                }
                let mut gain = Gain::default();
                self.of_job(*file, (name.as_str(), below), *told, &mut gain);
                if !gain.parts.is_empty() || !gain.defines.is_empty() {
                    let all = gains.entry(*job).or_default();
                    for (part, set) in gain.parts {
                        // What holds in one pipeline holds for the job.
                        match all.parts.entry(part) {
                            Entry::Vacant(entry) => drop(entry.insert(set)),
                            Entry::Occupied(mut known) => known.get_mut().retain(|name| set.contains(name)),
                        }
                    }
                    all.defines.extend(gain.defines);
                }
            }
            above.extend(self.files[*file].names.iter().map(String::as_str));
        }
    }

    /// What a job gets; `name` is its own, `below` are the files that its file comes before.
    fn of_job(&self, file: usize, (name, below): (&str, &[usize]), told: Option<usize>, gain: &mut Gain) {
        let mut taken: BTreeSet<&str> = parts(self.attribute(told, "sets")).collect();
        gain.own = parts(self.attribute(told, "defines")).map(str::to_owned).collect();
        gain.fetches = self.fetches(told).collect();
        let mut extends = self.attribute(told, "extends");
        let mut layers = 0;
        for holder in below.iter().filter(|holder| self.files[**holder].hidden.contains_key(name)).take(LAYERS_MAX) {
            let hidden = self.files[*holder].hidden.get(name).copied();
            self.take(*holder, name, gain, &|key| MERGED.contains(&key) || !taken.contains(key));
            taken.extend(parts(self.attribute(hidden, "sets")));
            if extends.is_empty() {
                extends = self.attribute(hidden, "extends");
            }
        }
        let mut open: Vec<(&str, usize)> = parts(extends).map(|name| (name, 0)).collect();
        open.reverse();
        while let Some((name, depth)) = open.pop() {
            for holder in self.hidden.get(name).into_iter().flatten().filter(|holder| **holder != file) {
                layers += 1;
                if depth > DEPTH || layers > LAYERS_MAX {
                    return;
                }
                let hidden = self.files[*holder].hidden.get(name).copied();
                self.take(*holder, name, gain, &|key| MERGED.contains(&key) || !taken.contains(key));
                taken.extend(parts(self.attribute(hidden, "sets")));
                let above: Vec<&str> = parts(self.attribute(hidden, "extends")).collect();
                open.extend(above.into_iter().rev().map(|name| (name, depth + 1)));
            }
        }
        for reference in parts(self.attribute(told, "references")) {
            let Some((name, wanted)) = reference.split_once('!') else { continue };
            for holder in self.hidden.get(name).into_iter().flatten().filter(|holder| **holder != file) {
                self.take(*holder, name, gain, &|key| key == wanted);
            }
        }
        // The reader has looked at the defaults of the job's own file.
        let own = self.files[file].parts.get("default");
        taken.extend(own.into_iter().flat_map(BTreeMap::keys).map(String::as_str));
        gain.own.extend(parts(self.attribute(told, "defaults")).map(str::to_owned));
        let (default, variables) = (self.attribute(told, "inherit:default"), self.attribute(told, "inherit:variables"));
        let inherits = |key: &str| match key {
            "variables" => variables.is_empty(),
            key => default.is_empty() || parts(default).any(|name| name == key),
        };
        for holder in self.hidden.get("default").into_iter().flatten().filter(|holder| **holder != file) {
            // Of what is there for all jobs, variables alone are put together with those of a job.
            self.take(*holder, "default", gain, &|key| (key == "variables" || !taken.contains(key)) && inherits(key));
            taken.extend(
                self.files[*holder].parts.get("default").into_iter().flat_map(BTreeMap::keys).map(String::as_str),
            );
        }
    }

    /// The identity tokens and secrets that a fact names.
    fn fetches(&self, told: Option<usize>) -> impl Iterator<Item = String> + use<'f> {
        let of = |key: &'static str| parts(self.attribute(told, key)).map(move |name| format!("{key}.{name}"));
        of("id_tokens").chain(of("secrets"))
    }

    fn take(&self, holder: usize, name: &str, gain: &mut Gain, wanted: &dyn Fn(&str) -> bool) {
        let file = &self.files[holder];
        let found = file.parts.get(name).into_iter().flatten().filter(|(key, _)| wanted(key));
        let hidden = file.hidden.get(name).copied();
        let set = |key: &str| -> BTreeSet<String> {
            if key != "variables" {
                return self.fetches(hidden).filter(|name| gain.fetches.contains(name)).collect();
            }
            let names = parts(self.attribute(hidden, "defines"));
            names.filter(|name| gain.own.contains(*name) || gain.defines.contains(*name)).map(str::to_owned).collect()
        };
        let found: Vec<(usize, BTreeSet<String>)> = found.map(|(key, part)| (*part, set(key))).collect();
        for (part, set) in found {
            gain.parts.entry(part).or_insert(set);
        }
        if wanted("variables") {
            gain.defines.extend(parts(self.attribute(hidden, "defines")).map(str::to_owned));
        }
        gain.fetches.extend(self.fetches(hidden).filter(|_| wanted("id_tokens")));
    }
}

/// What belongs to jobs or parts, taken out of the inventory.
struct Store {
    usages: Lookup<IdentityKey, Vec<Usage>>,
    parties: Lookup<IdentityKey, Vec<ThirdParty>>,
    settings: Lookup<IdentityKey, Vec<Setting>>,
}

impl Store {
    fn take(inventory: &mut Inventory, keys: &BTreeSet<IdentityKey>) -> Self {
        Self {
            usages: take(&mut inventory.usages, keys, |u| u.identity.as_ref()),
            parties: take(&mut inventory.third_parties, keys, |p| Some(&p.identity)),
            settings: take(&mut inventory.settings, keys, |s| s.identity.as_ref()),
        }
    }
}

fn hand_over(inventory: &mut Inventory, gains: BTreeMap<usize, Gain>) {
    let part_keys: BTreeSet<IdentityKey> =
        inventory.identities.iter().filter(|identity| is_part(identity)).map(|i| i.id.clone()).collect();
    let job_keys: BTreeSet<IdentityKey> = gains.keys().map(|job| inventory.identities[*job].id.clone()).collect();
    let store = Store::take(inventory, &part_keys);
    let mut own = Store::take(inventory, &job_keys);
    let parts: BTreeMap<usize, Identity> = inventory
        .identities
        .iter()
        .enumerate()
        .filter(|(_, identity)| is_part(identity))
        .map(|(i, identity)| (i, identity.clone()))
        .collect();
    let mut told: Vec<(usize, Setting)> = Vec::new();
    for (job, gain) in gains {
        let identity = &mut inventory.identities[job];
        let sample = identity.sample;
        let parts: Vec<(&Identity, &BTreeSet<String>)> = gain
            .parts
            .iter()
            .filter_map(|(part, set)| Some((parts.get(part)?, set)))
            .filter(|(part, _)| sample || !part.sample)
            .collect();
        let held = give(identity, &parts, &gain.defines, &store, &mut own);
        let settings = parts.iter().flat_map(|(part, _)| store.settings.get(&part.id).into_iter().flatten());
        told.extend(settings.map(|setting| {
            let subject = identity.name.clone();
            (held, Setting { identity: Some(identity.id.clone()), subject, ..setting.clone() })
        }));
    }
    inventory.settings.extend(once(told));
    inventory.usages.extend(own.usages.into_values().flatten());
    inventory.third_parties.extend(own.parties.into_values().flatten());
    inventory.settings.extend(own.settings.into_values().flatten());
    inventory.identities.retain(|identity| !is_part(identity));
}

/// What one place says to all who extend it is said once, of the job that holds the most credentials.
fn once(mut told: Vec<(usize, Setting)>) -> Vec<Setting> {
    let place = |s: &Setting| (s.name.clone(), s.value.clone(), s.location.clone());
    told.sort_by(|(held, a), (other, b)| (place(a), other, a).cmp(&(place(b), held, b)));
    told.dedup_by(|(_, b), (_, a)| place(a) == place(b));
    told.into_iter().map(|(_, setting)| setting).collect()
}

/// Gives a job the facts of parts of other files, settings left out; returns how many credentials it then holds.
fn give(
    identity: &mut Identity,
    parts: &[(&Identity, &BTreeSet<String>)],
    defines: &BTreeSet<String>,
    store: &Store,
    own: &mut Store,
) -> usize {
    let key = identity.id.clone();
    let usages = own.usages.entry(key.clone()).or_default();
    // A variable that another file sets is nothing stored.
    let set = |usage: &Usage| {
        let name = usage.credential.as_deref().unwrap_or_default();
        usage.mode == AuthMode::Referenced && defines.contains(name) && !usage.mechanism.starts_with("secrets.")
    };
    let gone: BTreeSet<String> = usages.iter().filter(|u| set(u)).filter_map(|u| u.credential.clone()).collect();
    usages.retain(|usage| !set(usage));
    let mechanisms: BTreeSet<String> =
        usages.iter().filter(|u| u.mode == AuthMode::Static).map(|u| u.mechanism.clone()).collect();
    let mut names: BTreeSet<String> = BTreeSet::new();
    let parties = own.parties.entry(key.clone()).or_default();
    for (part, nearer) in parts {
        let what = part.attributes.get("part").map(String::as_str).unwrap_or_default();
        for usage in store.usages.get(&part.id).into_iter().flatten() {
            // A literal of the job's own stands in place of one that it inherits.
            let hidden = usage.mode == AuthMode::Static && mechanisms.contains(&usage.mechanism);
            let fetched = match what {
                "secrets" => format!("secrets.{}", usage.credential.as_deref().unwrap_or_default()),
                _ => usage.mechanism.clone(),
            };
            if hidden || nearer.contains(&fetched) || (what != "variables" && set(usage)) {
                continue;
            }
            let opens = matches!(usage.mode, AuthMode::Referenced | AuthMode::Unknown);
            names.extend(usage.credential.clone().filter(|_| opens));
            usages.push(Usage { identity: Some(key.clone()), ..usage.clone() });
        }
        let images = store.parties.get(&part.id).into_iter().flatten();
        parties.extend(images.map(|party| ThirdParty { identity: key.clone(), ..party.clone() }));
        if what == "environment" && !identity.attributes.contains_key("environment") {
            let named = part.attributes.get("environment").cloned().unwrap_or_default();
            identity.attributes.insert("environment".to_owned(), named);
            if part.environment.class != EnvironmentClass::Unknown {
                identity.environment = part.environment.clone();
            }
        }
    }
    whole(usages);
    let held: BTreeSet<String> = usages
        .iter()
        .filter(|usage| matches!(usage.mode, AuthMode::Referenced | AuthMode::Unknown))
        .filter_map(|usage| usage.credential.clone())
        .chain(names)
        .collect();
    for party in parties {
        let mut credentials: BTreeSet<String> =
            party.credentials.drain(..).filter(|name| !gone.contains(name)).collect();
        credentials.extend(held.iter().cloned());
        party.credentials = credentials.into_iter().take(REACH_MAX).collect();
    }
    if held.is_empty() {
        identity.attributes.remove("secrets");
    } else {
        let list = held.iter().take(50).map(String::as_str).collect::<Vec<_>>().join(", ");
        identity.attributes.insert("secrets".to_owned(), list);
    }
    held.len()
}

/// Of an entry of `secrets:` or `id_tokens:` that one file begins and another completes, what is complete stays.
fn whole(usages: &mut Vec<Usage>) {
    let known: BTreeSet<String> = usages.iter().filter_map(complete).collect();
    usages.retain(|usage| {
        let partial = match usage.mechanism.as_str() {
            "secrets.secrets" => usage.credential.as_ref().map(|name| format!("secrets.{name}")),
            mechanism if mechanism.starts_with("id_tokens.") && complete(usage).is_none() => Some(mechanism.to_owned()),
            _ => None,
        };
        partial.is_none_or(|name| !known.contains(&name))
    });
}

/// The name of an identity token whose audience, or of a secret whose store is known.
fn complete(usage: &Usage) -> Option<String> {
    let mechanism = usage.mechanism.as_str();
    if mechanism.starts_with("secrets.") && mechanism != "secrets.secrets" {
        return usage.credential.as_ref().map(|name| format!("secrets.{name}"));
    }
    (mechanism.starts_with("id_tokens.") && usage.attributes.contains_key("audience")).then(|| mechanism.to_owned())
}
