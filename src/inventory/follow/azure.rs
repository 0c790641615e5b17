//! Templates of Azure Pipelines: what a job of one has of the pipelines that use it.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/process/templates>. Variables of a pipeline, its groups among them, and
//! its pool hold for the jobs of its templates too
//! (<https://learn.microsoft.com/azure/devops/pipelines/process/variables#variable-scopes>).

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Finder, place_of, place_of_job};
use super::graph::Place;
use super::{CALLERS_MAX, listed, parts, take};
use crate::model::{
    AuthMode, Environment, EnvironmentClass, IdentityKey, Inventory, Location, Setting, ThirdParty, Usage, environment,
    setting,
};

/// Most values of a parameter, and most groups that come to one file.
const MAX: usize = 16;

const PREFIX: &str = "azure-devops:job:";

/// A file with jobs, or a template.
#[derive(Default)]
struct File {
    path: String,
    top: String,
    /// Jobs, with the fact on each.
    jobs: Vec<(usize, Option<usize>)>,
    /// The fact on the file as a template.
    told: Option<usize>,
    /// The facts on what it uses.
    calls: Vec<usize>,
    /// Uses of it: the file and the fact.
    arrivals: Vec<(usize, usize)>,
    /// Templates of variables that it uses.
    variables: Vec<usize>,
    unread: BTreeSet<String>,
}

/// Where a group of variables comes from.
type Groups = BTreeMap<String, (String, Location)>;

/// What holds for the jobs of a file.
#[derive(Clone, Default)]
struct Scope {
    groups: Groups,
    pools: BTreeSet<String>,
    triggers: BTreeSet<String>,
    /// Values of parameters with the first file that gives them; `None` when some are not known.
    parameters: BTreeMap<String, Option<BTreeMap<String, String>>>,
}

/// Joins the files of pipelines.
pub(super) fn join(inventory: &mut Inventory, told: &[Setting]) {
    let mut files: Vec<File> = Vec::new();
    let places = read(inventory, told, &mut files);
    if files.is_empty() {
        return;
    }
    let order = resolve(told, &places, &mut files);
    let mut scopes: Vec<Scope> = vec![Scope::default(); files.len()];
    for file in order {
        scopes[file] = scope(&files, told, &scopes, file);
    }
    let keys: BTreeSet<IdentityKey> =
        files.iter().flat_map(|file| &file.jobs).map(|(job, _)| inventory.identities[*job].id.clone()).collect();
    let mut usages = take(&mut inventory.usages, &keys, |u| u.identity.as_ref());
    let mut parties = take(&mut inventory.third_parties, &keys, |p| Some(&p.identity));
    for (file, scope) in files.iter().zip(&scopes) {
        let mut groups = scope.groups.clone();
        groups.extend(of_variables(&files, told, file));
        for (job, called) in &file.jobs {
            let identity = &mut inventory.identities[*job];
            let usages = usages.entry(identity.id.clone()).or_default();
            let parties = parties.entry(identity.id.clone()).or_default();
            let mut note = |name: &str, value: String| {
                if !value.is_empty() {
                    identity.attributes.insert(name.to_owned(), value);
                }
            };
            note("called_by", callers(&files, told, file));
            note("caller_triggers", listed(scope.triggers.iter().map(String::as_str), CALLERS_MAX));
            note("calls_unread", listed(file.unread.iter().map(String::as_str), CALLERS_MAX));
            if !identity.attributes.contains_key("pool") && scope.pools.len() == 1 {
                identity.attributes.extend(scope.pools.first().map(|pool| ("pool".to_owned(), pool.clone())));
            }
            let renamed = connections(usages, scope);
            add_groups(&identity.id, usages, parties, &groups, &renamed);
            if !renamed.is_empty() || !groups.is_empty() {
                let held = usages.iter().filter(|u| matches!(u.mode, AuthMode::Referenced | AuthMode::Unknown));
                let names: BTreeSet<&str> = held.filter_map(|u| u.credential.as_deref()).take(50).collect();
                identity.attributes.insert("secrets".to_owned(), names.into_iter().collect::<Vec<_>>().join(", "));
            }
            let parameter = called.map(|told_at| attribute(told, told_at, "environment")).unwrap_or_default();
            let values = scope.parameters.get(parameter).and_then(Option::as_ref);
            let Some(values) = values.filter(|_| !parameter.is_empty()) else { continue };
            let (class, why) = placed(values);
            identity.environment = Environment { class, why };
            if let (1, Some(only)) = (values.len(), values.keys().next()) {
                identity.attributes.insert("environment".to_owned(), only.clone());
            }
        }
    }
    inventory.usages.extend(usages.into_values().flatten());
    inventory.third_parties.extend(parties.into_values().flatten());
}

fn attribute<'t>(told: &'t [Setting], at: usize, name: &str) -> &'t str {
    told[at].attributes.get(name).map(String::as_str).unwrap_or_default()
}

fn is_kind(fact: &Setting) -> bool {
    let kind = fact.attributes.get("kind").map(String::as_str).unwrap_or_default();
    matches!(kind, "template" | "extends" | "variables" | "stages" | "jobs" | "steps")
}

fn read(inventory: &Inventory, told: &[Setting], files: &mut Vec<File>) -> BTreeMap<Place, usize> {
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    let mut file = |place: Place, files: &mut Vec<File>| {
        let path = place.2.clone();
        *places.entry(place).or_insert_with(|| {
            files.push(File { path, ..File::default() });
            files.len() - 1
        })
    };
    let mut jobs: BTreeMap<&IdentityKey, (usize, usize)> = BTreeMap::new();
    for (i, identity) in inventory.identities.iter().enumerate() {
        let Some((place, _)) = place_of_job(identity, PREFIX) else { continue };
        let at = file(place, files);
        jobs.insert(&identity.id, (at, files[at].jobs.len()));
        files[at].jobs.push((i, None));
    }
    for (i, fact) in told.iter().enumerate() {
        if let Some((at, job)) = fact.identity.as_ref().and_then(|id| jobs.get(id)).copied()
            && fact.name == setting::CALLED
        {
            files[at].jobs[job].1 = Some(i);
        }
        if !is_kind(fact) {
            continue;
        }
        let (place, top) = place_of(fact);
        let at = file(place, files);
        files[at].top = top;
        if fact.name == setting::CALLED {
            files[at].told = Some(i);
        } else {
            files[at].calls.push(i);
        }
    }
    places
}

/// Finds the templates, and puts users before what they use; what goes round in a circle is left out.
fn resolve(told: &[Setting], places: &BTreeMap<Place, usize>, files: &mut [File]) -> Vec<usize> {
    let mut finder = Finder::new(places);
    let mut to: Vec<Vec<usize>> = vec![Vec::new(); files.len()];
    for from in 0..files.len() {
        for call in files[from].calls.clone() {
            let fact = &told[call];
            let found = below(&files[from], &fact.value)
                .filter(|path| !path.contains('*'))
                .and_then(|path| finder.find(&place_of(fact).0, &files[from].top, &path).first().copied());
            match found.filter(|to| *to != from) {
                Some(file) => {
                    files[file].arrivals.push((from, call));
                    if attribute(told, call, "kind") == "variables" {
                        files[from].variables.push(file);
                    }
                    to[from].push(file);
                }
                None => drop(files[from].unread.insert(fact.subject.clone())),
            }
        }
    }
    let mut waits: Vec<usize> = files.iter().map(|file| file.arrivals.len()).collect();
    let mut ready: BTreeSet<usize> = (0..files.len()).filter(|file| waits[*file] == 0).collect();
    let mut order = Vec::new();
    while let Some(file) = ready.pop_first() {
        order.push(file);
        for next in &to[file] {
            waits[*next] = waits[*next].saturating_sub(1);
            if waits[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    order
}

/// The path below the repository's top that a file names.
fn below(from: &File, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(path.to_owned());
    }
    let own = from.path.strip_prefix(&from.top)?;
    let directory = own.rsplit_once('/').map_or("", |(directory, _)| directory);
    super::graph::normal(&format!("{directory}/{path}"))
}

/// What comes to a file from those that use it.
fn scope(files: &[File], told: &[Setting], scopes: &[Scope], file: usize) -> Scope {
    let mut found = Scope::default();
    let declared = files[file].told.map(|at| &told[at].attributes);
    for (from, call) in &files[file].arrivals {
        let fact = &told[*call];
        let outer = &scopes[*from];
        found.triggers.extend(parts(attribute(told, *call, "triggers")).map(str::to_owned));
        found.triggers.extend(outer.triggers.iter().cloned());
        // Steps run in the job that holds the group and the pool.
        if fact.attributes.get("kind").is_some_and(|kind| kind != "steps" && kind != "variables") {
            for (name, value) in &fact.attributes {
                if let Some(group) = name.strip_prefix("group:") {
                    found.groups.entry(group.to_owned()).or_insert((value.clone(), fact.location.clone()));
                }
            }
            found.groups.extend(outer.groups.iter().map(|(name, from)| (name.clone(), from.clone())));
            found.groups.extend(of_variables(files, told, &files[*from]));
            while found.groups.len() > MAX {
                found.groups.pop_last();
            }
            let pool = fact.attributes.get("pool").cloned();
            match pool {
                Some(pool) => drop(found.pools.insert(pool)),
                None => found.pools.extend(outer.pools.iter().cloned()),
            }
        }
        let known =
            |name: &str, prefix: &str, all: &BTreeMap<String, String>| all.get(&format!("{prefix}:{name}")).cloned();
        let names = fact.attributes.keys().chain(declared.into_iter().flat_map(BTreeMap::keys));
        let names: BTreeSet<&str> = names.filter_map(|name| name.strip_prefix("given:")).collect();
        for name in names {
            let own = fact.attributes.contains_key(&format!("given:{name}"));
            let all = if own { Some(&fact.attributes) } else { declared };
            let single = |value: String| BTreeMap::from([(value, files[*from].path.clone())]);
            let values = match all.map(|all| (known(name, "text", all), known(name, "pass", all))) {
                Some((Some(text), _)) => Some(single(text)),
                Some((None, Some(outer_name))) if own => outer.parameters.get(&outer_name).cloned().flatten(),
                _ => None,
            };
            let slot = found.parameters.entry(name.to_owned()).or_insert_with(|| Some(BTreeMap::new()));
            match (slot.as_mut(), values) {
                (Some(slot), Some(values)) => {
                    for (value, by) in values {
                        slot.entry(value).or_insert(by);
                    }
                }
                _ => *slot = None,
            }
            if slot.as_ref().is_some_and(|values| values.len() > MAX) {
                *slot = None;
            }
        }
    }
    found
}

/// Groups of the templates of variables that a file uses.
fn of_variables(files: &[File], told: &[Setting], file: &File) -> Groups {
    let mut found = Groups::new();
    for template in file.variables.iter().map(|at| &files[*at]) {
        let Some(fact) = template.told.map(|at| &told[at]) else { continue };
        for (name, provider) in &fact.attributes {
            if let Some(group) = name.strip_prefix("group:").filter(|_| found.len() < MAX) {
                found.insert(group.to_owned(), (provider.clone(), fact.location.clone()));
            }
        }
    }
    found
}

fn callers(files: &[File], told: &[Setting], file: &File) -> String {
    let by = |(from, call): &(usize, usize)| {
        let job = told[*call].identity.as_ref().and_then(|id| id.as_str().rsplit_once('#')).map(|(_, job)| job);
        job.map_or_else(|| files[*from].path.clone(), |job| format!("{}#{job}", files[*from].path))
    };
    let all: BTreeSet<String> = file.arrivals.iter().map(by).collect();
    listed(all.iter().map(String::as_str), CALLERS_MAX)
}

/// Puts the names in that callers give for connections and groups; returns each old name with the new ones.
fn connections(usages: &mut [Usage], scope: &Scope) -> BTreeMap<String, BTreeSet<String>> {
    let mut renamed = BTreeMap::new();
    for usage in usages {
        let Some(written) = usage.credential.clone() else { continue };
        let values = parameter(&written).and_then(|name| scope.parameters.get(name)).and_then(Option::as_ref);
        let Some(values) = values.filter(|values| !values.is_empty()) else { continue };
        if let (1, Some(only)) = (values.len(), values.keys().next()) {
            usage.credential = Some(only.clone());
        } else {
            let names = listed(values.keys().map(String::as_str), MAX);
            usage.attributes.insert("stored_as".to_owned(), names);
        }
        if values.len() == 1 {
            renamed.insert(written, values.keys().cloned().collect());
        }
    }
    renamed
}

/// The parameter when a text is `${{ parameters.NAME }}` and nothing else.
fn parameter(text: &str) -> Option<&str> {
    text.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("parameters.")
}

fn add_groups(
    job: &IdentityKey,
    usages: &mut Vec<Usage>,
    parties: &mut [ThirdParty],
    groups: &Groups,
    renamed: &BTreeMap<String, BTreeSet<String>>,
) {
    let mut new: BTreeSet<&str> = BTreeSet::new();
    for (name, (provider, location)) in groups {
        let held = |u: &Usage| u.mechanism == "variable-group" && u.credential.as_deref() == Some(name);
        if usages.iter().any(held) {
            continue;
        }
        new.insert(name);
        usages.push(Usage {
            identity: Some(job.clone()),
            mode: AuthMode::Referenced,
            provider: provider.clone(),
            credential: Some(name.clone()),
            target: None,
            mechanism: "variable-group".to_owned(),
            federation_available: false,
            attributes: BTreeMap::from([("bundle".to_owned(), "true".to_owned())]),
            location: location.clone(),
        });
    }
    if new.is_empty() && renamed.is_empty() {
        return;
    }
    for party in parties {
        let mut credentials: BTreeSet<String> = new.iter().map(|name| (*name).to_owned()).collect();
        for name in party.credentials.drain(..) {
            match renamed.get(&name) {
                Some(names) => credentials.extend(names.iter().cloned()),
                None => drop(credentials.insert(name)),
            }
        }
        party.credentials = credentials.into_iter().collect();
    }
}

/// Production or not, by what the callers give.
fn placed(values: &BTreeMap<String, String>) -> (EnvironmentClass, String) {
    // `prod.cluster` is a resource of the environment `prod`.
    let class = |name: &str| environment::classify("environment", name.split('.').next().unwrap_or_default()).class;
    let classes: BTreeSet<EnvironmentClass> = values.keys().map(|name| class(name)).collect();
    let names = listed(values.keys().map(String::as_str), CALLERS_MAX);
    let by = values.values().next().map(String::as_str).unwrap_or_default();
    match (classes.len(), classes.first()) {
        (1, Some(class)) if *class != EnvironmentClass::Unknown => {
            (*class, format!("environment `{names}` given by {by}"))
        }
        _ => (EnvironmentClass::Unknown, format!("environment is a parameter; its callers give {names}")),
    }
}
