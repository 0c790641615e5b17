//! Reusable workflows and composite actions: what a called job has of its callers.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations>: the `github` context,
//! and with it event and `sub` of the identity token, are the caller's; `job_workflow_ref` names the called file
//! (<https://docs.github.com/en/actions/reference/security/oidc>).

use std::collections::BTreeSet;

use super::code::Ways;
use super::graph::{Arrival, Graph};
use super::passed::{Passed, Stored, TOKEN};
use super::rights::Rights;
use super::{CALLERS_MAX, listed, parts, take};
use crate::model::{
    AuthMode, Environment, EnvironmentClass, Grant, Identity, IdentityKey, Inventory, Setting, ThirdParty, Usage,
    environment,
};
use crate::text::order::Lookup;

/// Most subjects of an identity token that are told.
const SUBJECTS_MAX: usize = 16;

/// Most names that are told of what a callee reads.
const NAMES_MAX: usize = 50;

/// What holds for a job when its callers are known.
#[derive(Default)]
struct Effective {
    events: BTreeSet<String>,
    rights: Rights,
    /// Subjects of its token; `None` when one of them is not known.
    subjects: Option<BTreeSet<String>>,
}

/// The parts of the inventory that belong to each job.
#[derive(Default)]
struct Belongings {
    grants: Lookup<IdentityKey, Vec<Grant>>,
    usages: Lookup<IdentityKey, Vec<Usage>>,
    parties: Lookup<IdentityKey, Vec<ThirdParty>>,
    settings: Lookup<IdentityKey, Vec<Setting>>,
}

impl Belongings {
    fn take(inventory: &mut Inventory, keys: &BTreeSet<IdentityKey>) -> Self {
        Self {
            grants: take(&mut inventory.grants, keys, |g| Some(&g.identity)),
            usages: take(&mut inventory.usages, keys, |u| u.identity.as_ref()),
            parties: take(&mut inventory.third_parties, keys, |p| Some(&p.identity)),
            settings: take(&mut inventory.settings, keys, |s| s.identity.as_ref()),
        }
    }

    fn put_back(self, inventory: &mut Inventory) {
        inventory.grants.extend(self.grants.into_values().flatten());
        inventory.usages.extend(self.usages.into_values().flatten());
        inventory.third_parties.extend(self.parties.into_values().flatten());
        inventory.settings.extend(self.settings.into_values().flatten());
    }
}

/// Joins the workflows and actions.
pub(super) fn join(inventory: &mut Inventory, told: &[Setting]) {
    let graph = Graph::read(&inventory.identities, told);
    // Most files neither use another nor are used.
    let connected = graph.connected();
    let keys = graph.jobs.iter().filter(|job| connected.get(job.file).is_some_and(|connected| *connected));
    let keys: BTreeSet<IdentityKey> = keys.map(|job| job.key.clone()).collect();
    let mut belongings = Belongings::take(inventory, &keys);
    hand_on(&graph, &mut inventory.identities, &mut belongings);
    let mut passed = Passed::new(&graph);
    let mut effective: Vec<Effective> = graph.jobs.iter().map(|_| Effective::default()).collect();
    for file in graph.order.iter().copied() {
        for job in graph.files[file].jobs.iter().copied() {
            let own = belongings.grants.get(&graph.jobs[job].key).map(Vec::as_slice).unwrap_or_default();
            effective[job].rights = Rights::of(own);
            let mut callee = Callee { graph: &graph, file, job, passed: &mut passed };
            let identity = &mut inventory.identities[graph.jobs[job].identity];
            callee.follow(identity, &mut effective, &mut belongings);
        }
    }
    let ways = Ways::read(&graph);
    for (i, job) in graph.jobs.iter().enumerate() {
        let identity = &mut inventory.identities[job.identity];
        unread(&graph, i, identity);
        if !graph.files[job.file].action
            && let Some(found) = ways.of_job(i)
        {
            // What the reader saw stays, unless this stands more open.
            let gated = identity.attributes.contains_key("gate");
            let read = identity.attributes.contains_key("checkout_only");
            let opens = (gated && found.gates.is_empty()) || (read && !found.only);
            if !identity.attributes.contains_key("untrusted_checkout") || opens {
                identity.attributes.insert("untrusted_checkout".to_owned(), found.what);
                identity.attributes.remove("gate");
                identity.attributes.remove("checkout_only");
                if found.only {
                    identity.attributes.insert("checkout_only".to_owned(), "true".to_owned());
                }
                if !found.gates.is_empty() {
                    identity.attributes.insert("gate".to_owned(), found.gates.join(", "));
                }
            }
        }
    }
    belongings.put_back(inventory);
}

/// Names what a job uses and no input holds.
fn unread(graph: &Graph<'_>, job: usize, identity: &mut Identity) {
    let calls = graph.jobs[job].calls.iter();
    let missing: BTreeSet<&str> =
        calls.filter(|(_, to)| to.is_none()).map(|(told, _)| graph.told[*told].subject.as_str()).collect();
    if !missing.is_empty() {
        identity.attributes.insert("calls_unread".to_owned(), listed(missing.into_iter(), CALLERS_MAX));
    }
}

/// A job of a file that others use, or of one that nobody does.
struct Callee<'c, 'g, 't> {
    graph: &'g Graph<'t>,
    file: usize,
    job: usize,
    passed: &'c mut Passed<'g, 't>,
}

impl Callee<'_, '_, '_> {
    fn arrivals(&self) -> &[Arrival] {
        &self.graph.files[self.file].arrivals
    }

    fn attribute(&self, name: &str) -> &str {
        self.graph.jobs[self.job].called.map(|told| self.graph.attribute(told, name)).unwrap_or_default()
    }

    fn follow(&mut self, identity: &mut Identity, effective: &mut [Effective], belongings: &mut Belongings) {
        let graph = self.graph;
        let file = &graph.files[self.file];
        let own_subject = |text: &str| {
            let subjects: BTreeSet<String> =
                text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect();
            (!subjects.is_empty()).then_some(subjects)
        };
        let written = identity.attributes.get("subject").cloned().unwrap_or_default();
        effective[self.job].events.clone_from(&file.events);
        effective[self.job].subjects = own_subject(&written);
        if file.arrivals.is_empty() {
            return;
        }
        self.events(identity, effective);
        self.rights(identity, effective, belongings);
        self.environment(identity);
        if written.is_empty() {
            let own =
                if file.events.is_empty() { Some(BTreeSet::new()) } else { own_subject(self.attribute("subject")) };
            self.subjects(identity, effective, own);
            effective[self.job].subjects =
                own_subject(identity.attributes.get("subject").map(String::as_str).unwrap_or_default());
        }
        self.secrets(identity, effective[self.job].rights.power(), belongings);
        self.targets(belongings);
    }

    /// Who calls, and what starts them.
    fn events(&self, identity: &mut Identity, effective: &mut [Effective]) {
        let graph = self.graph;
        let callers: BTreeSet<&str> = self.arrivals().iter().map(|a| graph.jobs[a.job].at.as_str()).collect();
        let mut events: BTreeSet<String> = BTreeSet::new();
        for arrival in self.arrivals() {
            let list = |name: &str| parts(graph.attribute(arrival.told, name)).collect::<Vec<_>>();
            let (only, never) = (list("only"), list("never"));
            let passes = |e: &&String| (only.is_empty() || only.contains(&e.as_str())) && !never.contains(&e.as_str());
            events.extend(effective[arrival.job].events.iter().filter(passes).cloned());
        }
        identity.attributes.insert("called_by".to_owned(), listed(callers.into_iter(), CALLERS_MAX));
        if !events.is_empty() {
            let list = events.iter().cloned().collect::<Vec<_>>().join(", ");
            identity.attributes.insert("caller_triggers".to_owned(), list);
        }
        effective[self.job].events.extend(events);
    }

    /// The token: its grants, and what was said of it beside code and scripts.
    fn rights(&self, identity: &mut Identity, effective: &mut [Effective], belongings: &mut Belongings) {
        let graph = self.graph;
        let mut callers = Rights::default();
        for arrival in self.arrivals() {
            callers.join(&effective[arrival.job].rights, &graph.jobs[arrival.job].at);
        }
        let action = graph.files[self.file].action;
        let only = graph.only_called(self.file);
        let own = effective[self.job].rights.clone();
        let grants = belongings.grants.entry(identity.id.clone()).or_default();
        let place = identity.locations.first().cloned().unwrap_or_default();
        let rights = match (own.is_default() || action, only) {
            (true, true) => {
                grants.retain(|grant| !grant.action.starts_with("default "));
                grants.extend(callers.grants(&identity.id, &place, true));
                callers
            }
            (false, true) => {
                let within = own.within(&callers);
                grants.retain(|grant| within.keeps(grant));
                grants.extend(within.grants(&identity.id, &place, false));
                if !callers.is_default() {
                    grants.iter_mut().for_each(|grant| grant.condition = None);
                }
                within
            }
            // Events of its own give it what its file says; a call may give it what the default does not.
            (default, false) => {
                let mut both = own.clone();
                if default {
                    both.join(&callers, "");
                    grants.extend(callers.grants(&identity.id, &place, false));
                }
                effective[self.job].rights = both;
                return;
            }
        };
        self.token(identity, &rights, own.is_default() || action, belongings);
        effective[self.job].rights = rights;
    }

    /// What is told of the token's power. `open` when the reader could not tell it.
    fn token(&self, identity: &mut Identity, rights: &Rights, open: bool, belongings: &mut Belongings) {
        let (power, id_token) = (rights.power(), rights.id_token());
        if !self.graph.files[self.file].action {
            identity.attributes.insert("token".to_owned(), power.to_owned());
            identity.attributes.remove("id_token");
        }
        if id_token {
            identity.attributes.insert("id_token".to_owned(), "write".to_owned());
        }
        for usage in belongings.usages.entry(identity.id.clone()).or_default() {
            if let Some(from) = usage.attributes.get_mut("id_token").filter(|word| *word == "from caller") {
                // A default never has it: it has to be written.
                *from = if id_token { "write" } else { "missing" }.to_owned();
            }
        }
        if !open {
            return;
        }
        let unknown = format!("{TOKEN} (unknown)");
        let known = format!("{TOKEN} ({power})");
        for party in belongings.parties.entry(identity.id.clone()).or_default() {
            let passed = party.credentials.contains(&unknown);
            party.credentials.retain(|name| *name != unknown);
            if passed || power == "write" {
                party.credentials.push(known.clone());
            }
            if id_token {
                party.credentials.push("id-token".to_owned());
            }
            party.credentials.sort();
            party.credentials.dedup();
        }
        for setting in belongings.settings.entry(identity.id.clone()).or_default() {
            let Some(list) = setting.attributes.get_mut("credentials") else { continue };
            let mut names: BTreeSet<String> = parts(list).map(str::to_owned).collect();
            // One that only reads opens what the workflow shows anyway.
            if names.remove(&unknown) && matches!(power, "write" | "unknown") {
                names.insert(known.clone());
            }
            if id_token {
                names.insert("id-token".to_owned());
            }
            *list = names.into_iter().collect::<Vec<_>>().join(", ");
        }
    }

    /// The environment, where an input names it.
    fn environment(&mut self, identity: &mut Identity) {
        let input = self.attribute("environment").to_owned();
        if input.is_empty() {
            return;
        }
        let texts = self.passed.texts(self.file, &input);
        let Some(values) = texts.known() else { return };
        let classes: BTreeSet<EnvironmentClass> =
            values.keys().map(|value| environment::classify("environment", value).class).collect();
        let names = || listed(values.keys().map(String::as_str), CALLERS_MAX);
        let by = values.values().next().map(String::as_str).unwrap_or_default();
        if let (1, Some(class)) = (classes.len(), classes.first().filter(|c| **c != EnvironmentClass::Unknown)) {
            identity.environment =
                Environment { class: *class, why: format!("environment `{}` given by {by}", names()) };
        } else {
            let why = format!("environment is an input; its callers give {}", names());
            identity.environment = Environment { class: EnvironmentClass::Unknown, why };
        }
        if values.len() == 1 {
            identity.attributes.insert("environment".to_owned(), names());
        } else {
            identity.attributes.insert("environments".to_owned(), names());
        }
        let repository = &self.graph.files[self.file].repository;
        if !repository.is_empty() {
            let subjects: Vec<String> =
                values.keys().map(|v| format!("repo:{repository}:environment:{}", v.replace(':', "%3A"))).collect();
            identity.attributes.insert("subject".to_owned(), subjects.join(", "));
        }
    }

    /// The subjects of the identity token, when all are known; a job in an environment has its own.
    fn subjects(&self, identity: &mut Identity, effective: &[Effective], own: Option<BTreeSet<String>>) {
        if identity.attributes.contains_key("environment") || identity.attributes.contains_key("environments") {
            return;
        }
        let Some(mut all) = own else { return };
        for arrival in self.arrivals() {
            let Some(subjects) = &effective[arrival.job].subjects else { return };
            all.extend(subjects.iter().cloned());
        }
        if !all.is_empty() && all.len() <= SUBJECTS_MAX {
            identity.attributes.insert("subject".to_owned(), all.into_iter().collect::<Vec<_>>().join(", "));
        }
    }

    /// What stands behind the secrets and inputs that it takes in.
    fn secrets(&mut self, identity: &mut Identity, power: &str, belongings: &mut Belongings) {
        // A job in an environment may find one of that name there.
        let closed = self.graph.only_called(self.file) && !identity.attributes.contains_key("environment");
        let mut empty: BTreeSet<String> = BTreeSet::new();
        let mut tokens: BTreeSet<String> = BTreeSet::new();
        for usage in belongings.usages.entry(identity.id.clone()).or_default() {
            let Some(name) = usage.credential.clone().filter(|name| *name != TOKEN && *name != "*") else { continue };
            if name.starts_with("vars.") || usage.mode == AuthMode::Instance {
                continue;
            }
            let asked = name.strip_prefix("inputs.").map(|input| format!("inputs.{}", input.to_ascii_lowercase()));
            let stored = self.passed.stored(self.file, asked.as_deref().unwrap_or(&name));
            if stored.is_empty() {
                if closed || asked.is_some() {
                    usage.mode = AuthMode::None;
                    usage.federation_available = false;
                    usage.attributes.insert("handed_on".to_owned(), "no".to_owned());
                    empty.insert(name);
                }
                continue;
            }
            told(usage, &name, &stored);
            if stored.is_token() {
                tokens.insert(name);
            }
        }
        if empty.is_empty() && tokens.is_empty() {
            return;
        }
        let plain = |name: &str| name.strip_suffix(" (later step)").unwrap_or(name).to_owned();
        let gone = |name: &str| empty.contains(&plain(name)) || tokens.contains(&plain(name));
        let token = format!("{TOKEN} ({power})");
        for party in belongings.parties.entry(identity.id.clone()).or_default() {
            let passed = party.credentials.iter().any(|name| tokens.contains(name));
            party.credentials.retain(|name| !gone(name));
            party.credentials.extend(passed.then(|| token.clone()));
            party.credentials.sort();
            party.credentials.dedup();
        }
        for setting in belongings.settings.entry(identity.id.clone()).or_default() {
            for key in ["credentials", "later"] {
                if let Some(list) = setting.attributes.get_mut(key) {
                    let strong = matches!(power, "write" | "unknown") && key == "credentials";
                    let passed = strong && parts(list).any(|name| tokens.contains(name));
                    let mut names: BTreeSet<&str> = parts(list).filter(|name| !gone(name)).collect();
                    names.extend(passed.then_some(token.as_str()));
                    *list = names.into_iter().collect::<Vec<_>>().join(", ");
                }
            }
        }
        for key in ["secrets", "production"] {
            let Some(list) = identity.attributes.get(key) else { continue };
            let left = parts(list).filter(|name| !gone(name)).collect::<Vec<_>>().join(", ");
            if left.is_empty() {
                identity.attributes.remove(key);
            } else {
                identity.attributes.insert(key.to_owned(), left);
            }
        }
    }

    /// Identities that it takes on by an input.
    fn targets(&mut self, belongings: &mut Belongings) {
        let key = self.graph.jobs[self.job].key.clone();
        for usage in belongings.usages.entry(key).or_default() {
            let Some(input) = usage.target.as_deref().and_then(sole_input) else { continue };
            let texts = self.passed.texts(self.file, &input);
            let Some(values) = texts.known() else { continue };
            match values.keys().collect::<Vec<_>>().as_slice() {
                [only] => usage.target = Some((*only).clone()),
                all => {
                    let names = listed(all.iter().map(|name| name.as_str()), CALLERS_MAX);
                    usage.attributes.insert("targets".to_owned(), names);
                }
            }
        }
    }
}

/// Says under which names a credential is stored, where these are others.
fn told(usage: &mut Usage, name: &str, stored: &Stored) {
    if stored.is_token() && usage.mode == AuthMode::Referenced {
        usage.mode = AuthMode::Instance;
        usage.federation_available = false;
    }
    let same = stored.names.len() == 1 && stored.names.contains(name);
    if !same && !stored.open && !stored.names.is_empty() {
        let names = listed(stored.names.iter().map(String::as_str), NAMES_MAX);
        usage.attributes.insert("stored_as".to_owned(), names);
    }
}

/// The input, in lower case, when a text is `${{ inputs.NAME }}` and nothing else.
fn sole_input(text: &str) -> Option<String> {
    let name = text.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("inputs.")?;
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).then(|| name.to_ascii_lowercase())
}

/// Says of callers that hand on every secret which of them are read, where all that is called was.
fn hand_on(graph: &Graph<'_>, identities: &mut [Identity], belongings: &mut Belongings) {
    let mut read: Vec<Option<BTreeSet<String>>> = vec![None; graph.files.len()];
    for file in graph.order.iter().rev().copied() {
        let mut all: Option<BTreeSet<String>> = Some(BTreeSet::new());
        for job in graph.files[file].jobs.iter().map(|job| &graph.jobs[*job]) {
            let below = job.calls.iter().filter(|(told, _)| graph.attribute(*told, "inherit") == "true");
            let below = below.map(|(told, to)| (*told, to.and_then(|to| read[to].clone()))).collect::<Vec<_>>();
            for usage in belongings.usages.get(&job.key).into_iter().flatten() {
                let name = usage.credential.as_deref().unwrap_or_default();
                let inherits = usage.attributes.contains_key("inherit");
                if name == "*" && !inherits {
                    all = None;
                }
                let store = !name.is_empty() && name != "*" && name != TOKEN && !name.contains('.');
                if let Some(all) = all.as_mut().filter(|_| store && usage.mode == AuthMode::Referenced) {
                    all.insert(name.to_owned());
                }
            }
            for (told, names) in below {
                match (names, &mut all) {
                    (Some(names), Some(all)) => all.extend(names.iter().cloned()),
                    (None, _) => all = None,
                    _ => {}
                }
                if let Some(names) = names_of(graph, &read, job.calls.iter().find(|(t, _)| *t == told)) {
                    replace(graph, told, &job.key, &names, &mut identities[job.identity], belongings);
                }
            }
        }
        read[file] = all.filter(|names| names.len() <= 300);
    }
}

fn names_of(
    graph: &Graph<'_>,
    read: &[Option<BTreeSet<String>>],
    call: Option<&(usize, Option<usize>)>,
) -> Option<BTreeSet<String>> {
    let to = call?.1?;
    read.get(to)?.clone().filter(|_| !graph.files[to].action)
}

fn replace(
    graph: &Graph<'_>,
    told: usize,
    key: &IdentityKey,
    names: &BTreeSet<String>,
    identity: &mut Identity,
    belongings: &mut Belongings,
) {
    let component = &graph.told[told].subject;
    for usage in belongings.usages.entry(key.clone()).or_default() {
        if usage.attributes.contains_key("inherit") && usage.mechanism == *component {
            let list = listed(names.iter().map(String::as_str), NAMES_MAX);
            if names.is_empty() {
                usage.mode = AuthMode::None;
            } else {
                usage.attributes.insert("reads".to_owned(), list);
            }
        }
    }
    for party in belongings.parties.entry(key.clone()).or_default() {
        if party.component == *component && party.credentials.iter().any(|name| name == "*") {
            party.credentials.retain(|name| name != "*");
            party.credentials.extend(names.iter().cloned());
            party.credentials.sort();
            party.credentials.dedup();
        }
    }
    if let Some(list) = identity.attributes.get("secrets") {
        let mut all: BTreeSet<&str> = parts(list).filter(|name| *name != "*").collect();
        all.extend(names.iter().map(String::as_str));
        let list = all.into_iter().take(NAMES_MAX).collect::<Vec<_>>().join(", ");
        if list.is_empty() {
            identity.attributes.remove("secrets");
        } else {
            identity.attributes.insert("secrets".to_owned(), list);
        }
    }
}
