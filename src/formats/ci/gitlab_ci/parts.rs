//! What the files of one pipeline hold for each other: hidden jobs that others extend, defaults, variables for all, and which
//! files are included. A pipeline is one configuration, merged of all its files before any job is made
//! (<https://docs.gitlab.com/ci/yaml/includes/>), so the inventory joins them (`inventory::follow`); these facts are for it
//! alone.
//!
//! Of a job, some keys replace those of what it extends (`script`, `image`), others are put together (`variables`)
//! (<https://docs.gitlab.com/ci/yaml/#extends>), so each key's facts stand apart, as a part of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::super::pipeline::File;
use super::fetched::{identity_token, store_of, stored_secret};
use super::{Pipeline, include, where_to};
use crate::doc::{Kind, Node};
use crate::formats::Out;
use crate::formats::workload::Workload;
use crate::model::{At, EnvironmentClass, Fact, SettingFact, Span, setting};

/// Keys that replace each other.
const SCRIPTS: [&str; 3] = ["before_script", "script", "after_script"];
/// Keys of which a job has one value.
const SETS: [&str; 8] =
    ["before_script", "script", "after_script", "image", "services", "environment", "tags", "id_tokens"];
/// Most names that a fact lists.
const NAMES_MAX: usize = 500;

/// Tells of each file of the project that is included.
pub(super) fn includes(file: &File<'_>, root: &Node, out: &mut Out<'_>) {
    for (path, span) in root.get("include").map(include::local).unwrap_or_default() {
        let mut fact = SettingFact::new(setting::CALLS, path.as_str(), path.as_str());
        fact.attributes = of(file, "include");
        out.fact(Fact::Setting(At::span(span), fact));
    }
}

/// Tells of a pipeline that a job starts with a file of the project.
pub(super) fn child(job: &mut Workload<'_>, file: &File<'_>, included: &Node) {
    for (path, span) in include::local(included) {
        let mut fact = SettingFact::new(setting::CALLS, path.as_str(), path.as_str());
        fact.identity = Some(job.key().clone());
        fact.attributes = of(file, "child");
        job.push(Fact::Setting(At::span(span), fact));
    }
}

fn of(file: &File<'_>, kind: &str) -> BTreeMap<String, String> {
    let repository = file.input.repository.unwrap_or_default().to_owned();
    BTreeMap::from([("kind".to_owned(), kind.to_owned()), ("repository".to_owned(), repository)])
}

/// Tells what a job takes from hidden jobs that are not in its file.
pub(super) fn called<'a>(job: &mut Workload<'a>, pipeline: &Pipeline<'a>, at: Span, node: &'a Node) {
    let layers = pipeline.layers(node);
    let mut fact = SettingFact::new(setting::CALLED, "", "");
    fact.identity = Some(job.key().clone());
    fact.attributes = outer(pipeline, &layers);
    // What other files give these variables does not hold for it.
    let own = pipeline.merged(&layers, "variables");
    let shared = pipeline.top.get("variables").map(|node| node.entries()).unwrap_or_default();
    let shared = shared.iter().filter_map(|(key, _)| key.as_str());
    let lists: [(&str, BTreeSet<&str>); 2] = [("defines", own.into_keys().collect()), ("defaults", shared.collect())];
    for (key, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        fact.attributes.insert(key.to_owned(), join(names.into_iter().map(str::to_owned)));
    }
    fact.attributes.extend(fetched(&pipeline.id_tokens(&layers), &pipeline.secrets(&layers)));
    if let Some(inherit) = layers.iter().find_map(|layer| layer.get("inherit")) {
        for key in ["default", "variables"] {
            let value = match inherit.get(key).map(|node| &node.kind) {
                Some(Kind::Bool(false)) => "none".to_owned(),
                Some(Kind::Sequence(keys)) => join(keys.iter().filter_map(Node::scalar)),
                _ => continue,
            };
            fact.attributes.insert(format!("inherit:{key}"), value);
        }
    }
    job.push(Fact::Setting(At::span(at), fact));
}

/// What these layers set, and what they name that the file does not hold.
fn outer(pipeline: &Pipeline<'_>, layers: &[&Node]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // Of an image whose name is left open the rest is put together with what is extended.
    let holds = |key: &str, node: &Node| key != "image" || !node.is_mapping() || node.get("name").is_some();
    let sets =
        SETS.into_iter().filter(|key| layers.iter().any(|layer| layer.get(key).is_some_and(|node| holds(key, node))));
    let names = layers.iter().flat_map(|layer| layer.get("extends").map(Node::one_or_many).unwrap_or_default());
    // Of several the last wins.
    let extends: Vec<String> =
        names.filter_map(Node::scalar).filter(|name| !pipeline.top.contains_key(name.as_str())).collect();
    let mut references = BTreeSet::new();
    for key in SCRIPTS {
        let Some(node) = layers.iter().find_map(|layer| layer.get(key)) else { continue };
        node.walk(&mut |node| {
            if node.tag.as_deref().is_some_and(|tag| tag.ends_with("reference"))
                && let [name, key] = node.items()
                && let (Some(name), Some(key)) = (name.as_str(), key.as_str())
                && !pipeline.top.contains_key(name)
                && references.len() < NAMES_MAX
            {
                references.insert(format!("{name}!{key}"));
            }
        });
    }
    for (name, list) in [
        ("sets", join(sets.map(str::to_owned))),
        ("extends", join(extends.into_iter().rev())),
        ("references", join(references.into_iter())),
    ] {
        if !list.is_empty() {
            found.insert(name.to_owned(), list);
        }
    }
    found
}

/// Names of identity tokens of a known audience and of secrets of a known store: what other files say of these does not hold.
fn fetched(
    tokens: &BTreeMap<&str, Vec<&Node>>,
    secrets: &BTreeMap<&str, Vec<&Node>>,
) -> impl Iterator<Item = (String, String)> {
    let told = tokens.iter().filter(|(_, layers)| layers.iter().any(|layer| layer.get("aud").is_some()));
    let tokens = join(told.map(|(name, _)| (*name).to_owned()));
    let stored = secrets.iter().filter(|(_, layers)| layers.iter().any(|layer| store_of(layer).is_some()));
    let secrets = join(stored.map(|(name, _)| (*name).to_owned()));
    [("id_tokens", tokens), ("secrets", secrets)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(key, names)| (key.to_owned(), names))
}

fn join(names: impl Iterator<Item = String>) -> String {
    names.take(NAMES_MAX).collect::<Vec<_>>().join(", ")
}

/// The parts of a hidden job; false once the file is over its budget.
pub(super) fn hidden<'a>(
    file: &mut File<'a>,
    pipeline: &Pipeline<'a>,
    name: &str,
    at: Span,
    node: &'a Node,
    out: &mut Out<'_>,
) -> bool {
    let layers = pipeline.layers(node);
    Part { file, pipeline, name, at, layers: &layers, shared: false }.tell(out)
}

/// The parts that hold for every job of the pipeline: `default:`, the same keys at the top level, and variables.
pub(super) fn shared<'a>(file: &mut File<'a>, pipeline: &Pipeline<'a>, root: &'a Node, out: &mut Out<'_>) -> bool {
    let default = pipeline.top.get("default").copied();
    let keys = ["image", "services", "before_script", "after_script", "variables"];
    if default.is_none() && !keys.iter().any(|key| root.get(key).is_some()) {
        return true;
    }
    let layers: Vec<&Node> = default.into_iter().chain([root]).collect();
    Part { file, pipeline, name: "default", at: root.span, layers: &layers, shared: true }.tell(out)
}

/// Something whose keys are told one by one.
struct Part<'p, 'a> {
    file: &'p mut File<'a>,
    pipeline: &'p Pipeline<'a>,
    name: &'p str,
    at: Span,
    layers: &'p [&'a Node],
    /// Whether it is the file's defaults.
    shared: bool,
}

impl<'a> Part<'_, 'a> {
    fn value(&self, key: &str) -> Option<&'a Node> {
        // At the top level `script` and `environment` are names of jobs.
        if self.shared && matches!(key, "script" | "environment" | "tags") {
            return self.layers.first().filter(|_| self.layers.len() > 1)?.get(key);
        }
        self.pipeline.own(self.layers, key)
    }

    fn tell(mut self, out: &mut Out<'_>) -> bool {
        let variables: BTreeMap<&str, &Node> = if self.shared {
            self.pipeline.variables(&[])
        } else {
            let merged = self.pipeline.merged(self.layers, "variables");
            merged.into_iter().map(|(name, node)| (name, node.get("value").unwrap_or(node))).collect()
        };
        if !self.file.spend(16 * (variables.len() + self.layers.len())) {
            return true;
        }
        let layers =
            if self.shared { self.layers.get(..self.layers.len() - 1).unwrap_or_default() } else { self.layers };
        let mut tokens = self.pipeline.stacked(layers, "id_tokens");
        tokens.retain(|_, nodes| nodes.first().is_some_and(|node| node.is_mapping()));
        // What is there for all jobs holds no secrets.
        let secrets = self.pipeline.secrets(if self.shared { &[] } else { layers });
        let mut fact = SettingFact::new(setting::CALLED, self.name, "");
        fact.attributes = of(self.file, "part");
        fact.attributes.extend(outer(self.pipeline, layers));
        fact.attributes.extend(fetched(&tokens, &secrets));
        let defines = variables.keys().chain(tokens.keys()).chain(secrets.keys()).map(|name| (*name).to_owned());
        let defines: BTreeSet<String> = defines.take(NAMES_MAX).collect();
        if !defines.is_empty() {
            fact.attributes.insert("defines".to_owned(), join(defines.into_iter()));
        }
        out.fact(Fact::Setting(At::span(self.at), fact));

        let scripts: Vec<(&str, Vec<&Node>)> = SCRIPTS
            .into_iter()
            .filter_map(|key| Some((key, self.value(key)?)))
            .map(|(key, node)| (key, self.pipeline.script(node)))
            .collect();
        let plain: Vec<(&str, &Node)> = variables.iter().map(|(name, node)| (*name, *node)).collect();
        let mut fine = self.one("variables", out, |part, job| part.file.variables(job, &plain));
        for (key, nodes) in &scripts {
            fine = fine
                && self.one(key, out, |part, job| {
                    variables
                        .keys()
                        .chain(tokens.keys())
                        .chain(secrets.keys())
                        .for_each(|name| job.defines(name, None));
                    part.file.scripts(job, nodes);
                });
        }
        let all: Vec<&Node> = scripts.iter().flat_map(|(_, nodes)| nodes.iter().copied()).collect();
        fine = fine
            && self.one("id_tokens", out, |part, job| {
                for (name, token) in &tokens {
                    identity_token(part.file, job, (name, token), &variables, &all);
                }
            });
        fine = fine
            && self.one("secrets", out, |_, job| {
                secrets.iter().for_each(|(name, secret)| stored_secret(job, name, secret));
            });
        for key in ["image", "services"] {
            let nodes: Vec<&Node> = match self.value(key) {
                Some(node) if key == "services" => self.pipeline.script(node),
                node => node.into_iter().collect(),
            };
            fine = fine
                && self.one(key, out, |part, job| {
                    nodes.iter().for_each(|node| super::image(part.file, job, node, &plain));
                });
        }
        fine && self.place(layers, out)
    }

    /// The environment that a hidden job names.
    fn place(&mut self, layers: &[&'a Node], out: &mut Out<'_>) -> bool {
        let text = |path: &[&str]| layers.iter().find_map(|layer| layer.at(path)?.scalar()).unwrap_or_default();
        let named =
            Some(text(&["environment", "name"])).filter(|n| !n.is_empty()).unwrap_or_else(|| text(&["environment"]));
        if named.is_empty() {
            return true;
        }
        let mut job = self.file.job(&format!("{}!environment", self.name), self.at);
        job.note("part", "environment");
        job.note("environment", &named);
        let found = where_to("", "", &named, &text(&["environment", "deployment_tier"]));
        if found.class != EnvironmentClass::Unknown {
            job.identity().environment = found;
        }
        self.file.finish(job, out)
    }

    /// One key's facts, where there are any.
    fn one(&mut self, key: &str, out: &mut Out<'_>, read: impl FnOnce(&mut Self, &mut Workload<'a>)) -> bool {
        let mut job = self.file.job(&format!("{}!{key}", self.name), self.at);
        job.note("part", key);
        read(self, &mut job);
        if job.has_facts() { self.file.finish(job, out) } else { true }
    }
}
