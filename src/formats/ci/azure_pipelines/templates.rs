//! Templates of the same repository: which are used, what they are handed, and what a job of one takes as a parameter. The
//! inventory joins them (`inventory::follow`); these facts are for it alone.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/process/templates>: a path is relative to the file that names it, or
//! begins at the top of the repository with a slash; `@self` is the repository of the pipeline.

use std::collections::BTreeMap;

use super::{File, JobPlace, Pipeline, items, steps_of, task};
use crate::doc::{Kind, Node};
use crate::formats::workload::Workload;
use crate::formats::{Out, environment, names};
use crate::model::{At, EnvironmentClass, Fact, SettingFact, setting};

/// Longest text that a parameter is told with.
const MAX_TEXT: usize = 100;
/// Most attributes of one fact, and most templates of one list.
const MAX: usize = 300;

type Attributes = BTreeMap<String, String>;

/// Tells of the templates that a file uses outside of steps, and of what it is as a template itself.
pub(super) fn of_file(file: &File<'_>, root: &Node, out: &mut Out<'_>) {
    let mut scope = started(root);
    in_scope(root, &mut scope);
    let mut told = Told { file, out };
    if let Some(extends) = root.get("extends") {
        told.uses(extends, "extends", &scope);
    }
    told.variables(root);
    for stage in items(root.get("stages")) {
        told.uses(stage, "stages", &scope);
        told.variables(stage);
        let mut inner = scope.clone();
        in_scope(stage, &mut inner);
        for job in items(stage.get("jobs")) {
            told.uses(job, "jobs", &inner);
            told.variables(job);
        }
    }
    for job in items(root.get("jobs")) {
        told.uses(job, "jobs", &scope);
        told.variables(job);
    }
    let mut fact = SettingFact::new(setting::CALLED, "", "");
    fact.attributes = of(file, "template");
    groups(root, &mut fact.attributes);
    parameters(root, &mut fact.attributes);
    // A file that says nothing of itself is none that others could learn of.
    if fact.attributes.len() > 2 {
        told.out.fact(Fact::Setting(At::span(root.span), fact));
    }
}

struct Told<'t, 'a, 'o> {
    file: &'t File<'a>,
    out: &'t mut Out<'o>,
}

impl Told<'_, '_, '_> {
    /// One item, where it is a template.
    fn uses(&mut self, item: &Node, kind: &str, scope: &Attributes) {
        if let Some(mut fact) = used(self.file, item, kind) {
            fact.attributes.extend(scope.iter().map(|(name, value)| (name.clone(), value.clone())));
            self.out.fact(Fact::Setting(At::span(item.span), fact));
        }
    }

    /// Templates among variables.
    fn variables(&mut self, holder: &Node) {
        for item in items(holder.get("variables")).into_iter().take(MAX) {
            self.uses(item, "variables", &Attributes::new());
        }
    }
}

/// The fact on the template that an item names, when it is of the same repository.
fn used(file: &File<'_>, item: &Node, kind: &str) -> Option<SettingFact> {
    let written = item.get("template")?.scalar()?;
    let path = written.strip_suffix("@self").unwrap_or(&written);
    if path.is_empty() || path.contains(['@', '$']) {
        return None;
    }
    let mut fact = SettingFact::new(setting::CALLS, written.as_str(), path);
    fact.attributes = of(file, kind);
    for (name, value) in item.get("parameters").map(Node::entries).unwrap_or_default().iter().take(MAX) {
        if let Some(name) = name.as_str() {
            handed(name, value, &mut fact.attributes);
        }
    }
    Some(fact)
}

fn of(file: &File<'_>, kind: &str) -> Attributes {
    let repository = file.input.repository.unwrap_or_default().to_owned();
    BTreeMap::from([("kind".to_owned(), kind.to_owned()), ("repository".to_owned(), repository)])
}

/// What a parameter is given: a plain value that tells something, another parameter, or anything.
fn handed(name: &str, value: &Node, found: &mut Attributes) {
    found.insert(format!("given:{name}"), "true".to_owned());
    let Some(text) = value.scalar() else { return };
    if let Some(outer) = sole_parameter(&text) {
        found.insert(format!("pass:{name}"), outer);
    } else if is_telling(name, &text) {
        found.insert(format!("text:{name}"), text);
    }
}

/// The parameter when the whole text is `${{ parameters.NAME }}`.
fn sole_parameter(text: &str) -> Option<String> {
    let body = text.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim();
    let name = body.strip_prefix("parameters.")?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (plain && !name.is_empty()).then(|| name.to_owned())
}

/// Whether a literal names a connection, a group, an environment or a pool. Nothing else is told, since it could be a secret.
fn is_telling(name: &str, value: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_. ()/".contains(c);
    let lower = name.to_ascii_lowercase();
    if value.is_empty() || value.len() > MAX_TEXT || !value.chars().all(plain) || names::is_credential(name) {
        return false;
    }
    let words = ["connection", "subscription", "endpoint", "registry", "group", "env", "stage", "pool", "vmimage"];
    words.iter().any(|word| lower.contains(word))
        || task::connection(name).is_some()
        || environment::classify("environment", value).class != EnvironmentClass::Unknown
}

/// What starts the pipeline, as far as the file tells.
fn started(root: &Node) -> Attributes {
    let off = |node: &Node| node.as_str() == Some("none");
    let on = ["trigger", "pr", "schedules"].into_iter().filter(|key| root.get(key).is_some_and(|node| !off(node)));
    let list = on.collect::<Vec<_>>().join(", ");
    if list.is_empty() { Attributes::new() } else { BTreeMap::from([("triggers".to_owned(), list)]) }
}

/// Groups of variables and the pool that hold for what stands below a node.
fn in_scope(node: &Node, found: &mut Attributes) {
    groups(node, found);
    let pool =
        node.get("pool").and_then(|pool| pool.get("name").or_else(|| pool.get("vmImage")).unwrap_or(pool).scalar());
    if let Some(pool) = pool.filter(|pool| !pool.is_empty()) {
        found.insert("pool".to_owned(), pool);
    }
}

/// Groups of variables, with the provider that their names tell.
fn groups(node: &Node, found: &mut Attributes) {
    for item in items(node.get("variables")) {
        if let Some(name) = item.get("group").and_then(Node::scalar).filter(|name| !name.is_empty())
            && found.len() < MAX
        {
            let provider = names::provider(&name).unwrap_or_default().to_owned();
            found.insert(format!("group:{name}"), provider);
        }
    }
}

/// Defaults of parameters, as a list of `{name, default}` or in the old form, a mapping.
fn parameters(root: &Node, found: &mut Attributes) {
    let Some(declared) = root.get("parameters") else { return };
    let mut keep = |name: &str, value: &Node| {
        if found.len() < MAX && !matches!(value.kind, Kind::Null) {
            handed(name, value, found);
        }
    };
    for (name, value) in declared.entries() {
        name.as_str().into_iter().for_each(|name| keep(name, value));
    }
    for item in declared.items() {
        if let (Some(name), Some(value)) = (item.get("name").and_then(Node::as_str), item.get("default")) {
            keep(name, value);
        }
    }
}

/// Tells of the templates among a job's steps, and of what the job takes as a parameter.
pub(super) fn of_job<'a>(file: &File<'a>, pipeline: &Pipeline<'a>, job: &mut Workload<'a>, place: &JobPlace<'a>) {
    let mut steps = Vec::new();
    steps_of(place.node, &mut steps);
    for step in steps.into_iter().take(MAX) {
        if let Some(mut fact) = used(file, step, "steps") {
            fact.identity = Some(job.key().clone());
            fact.attributes.extend(started(pipeline.root));
            job.push(Fact::Setting(At::span(step.span), fact));
        }
    }
    let named = place.node.get("environment").and_then(|node| node.get("name").unwrap_or(node).scalar());
    let Some(parameter) = named.as_deref().and_then(sole_parameter) else { return };
    let mut fact = SettingFact::new(setting::CALLED, "", "");
    fact.identity = Some(job.key().clone());
    fact.attributes.insert("environment".to_owned(), parameter);
    job.push(Fact::Setting(At::span(place.at), fact));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_things_are_told_of_literals() {
        for (name, value) in [
            ("azureSubscription", "Acme Prod (shared)"),
            ("serviceConnection", "sc-prod"),
            ("target", "production"),
            ("variableGroup", "shop-dev"),
        ] {
            assert!(is_telling(name, value), "{name}: {value}");
        }
        for (name, value) in [("connectionToken", "abc"), ("version", "1.2.3"), ("connection", "Server=x;Password=y")] {
            assert!(!is_telling(name, value), "{name}: {value}");
        }
    }
}
