//! What Terraform and OpenTofu keep and print of what they manage: state files, and `show -json` of a state or a plan.
//!
//! State, version 4: <https://developer.hashicorp.com/terraform/language/state>; version 3 keeps the attributes of a resource flat
//! (`tags.%`, `users.#`). `show -json`: <https://developer.hashicorp.com/terraform/internals/json-format>, of which every minor
//! version of format 1 only adds fields; formats 0.1 and 0.2 had the same shape. Both hold every attribute in the clear:
//! `sensitive_attributes` and `sensitive_values` only mark some
//! (<https://developer.hashicorp.com/terraform/language/manage-sensitive-data>).
//!
//! What is managed gets the keys that its provider knows it by: ARNs, e-mails, client ids, with the address as an attribute. The
//! local state of a directory (`terraform.tfstate`) tells which of these the module's own files mean, so there the address is
//! an exact other key. A workspace's state, or one of another name, could be one of several of one module and tells nothing.

mod aws;
mod azure;
mod google;
mod kept;
mod secrets;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::text;
use super::json_stream::{Event, Wanted, walk_in};
use crate::doc::{self, Doc, Node};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax, environment};
use crate::model::{
    At, Environment, EnvironmentClass, Fact, IdentityFact, IdentityKey, NoticeKind, RepoPath, SettingFact, setting,
};

/// State files.
pub static STATE: Format = Format {
    id: "terraform-state",
    name: "Terraform or OpenTofu state",
    command: "terraform state pull",
    syntax: Syntax::Text,
    claims: claims_state,
    read,
    stream: Some(stream),
};

/// What `show -json` prints.
pub static SHOW: Format = Format {
    id: "terraform-show",
    name: "Terraform or OpenTofu state or plan as JSON",
    command: "terraform show -json",
    syntax: Syntax::Text,
    claims: claims_show,
    read,
    stream: Some(stream),
};

/// How deep modules are followed: each is two levels of JSON.
const DEPTH: u8 = 60;

/// Resources that are kept to be joined; far over what one state holds.
const HELD_MAX: usize = 500_000;

/// Bytes of attributes that are kept.
const WEIGHT_MAX: usize = 256 << 20;

/// Longest text of an attribute that is told.
const TEXT_MAX: usize = 200;

fn claims_state(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let has = |name: &str| head.contains(name);
    head.starts_with('{')
        && has("\"version\"")
        && has("\"serial\"")
        && (has("\"lineage\"") || has("\"terraform_version\"") && has("\"modules\""))
        && !has("\"format_version\"")
        && !is_backend(head)
}

/// What `.terraform/terraform.tfstate` holds: where the state is, and none of it.
fn is_backend(head: &str) -> bool {
    let Some(at) = head.find("\"backend\"") else { return false };
    let before = head.get(..at).unwrap_or_default();
    !before.contains("\"resources\"") && !before.contains("\"modules\"") && !before.contains("\"outputs\"")
}

fn claims_show(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let has = |name: &str| head.contains(name);
    let parts = ["\"terraform_version\"", "\"planned_values\"", "\"resource_changes\"", "\"values\""];
    head.starts_with('{')
        && has("\"format_version\"")
        && parts.iter().any(|part| has(part))
        && !["\"provider_schemas\"", "\"function_signatures\"", "\"diagnostics\""].iter().any(|other| has(other))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), Some(input.text), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, None, out);
}

/// One instance of a resource.
struct Resource {
    /// Its whole address: `module.app.aws_iam_role.ci["a"]`.
    address: String,
    /// Its type.
    kind: String,
    /// The configuration of its provider, which tells accounts apart.
    provider: String,
    /// Its attributes, without secrets.
    values: Map<String, Value>,
    /// Where it stands.
    at: At,
    /// Its address without an index, where it is the only instance of a resource of the root module.
    declared: Option<String>,
    /// How much it says of what is there now: a plan says less.
    rank: u8,
}

impl Resource {
    /// A text attribute that is not empty.
    fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The first of some text attributes.
    fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The texts of a list attribute, or its one text.
    fn texts(&self, name: &str) -> Vec<String> {
        self.values.get(name).map(super::aws_policy::strings).unwrap_or_default()
    }

    /// The first object of a nested block.
    fn block(&self, name: &str) -> Option<&Map<String, Value>> {
        let value = self.values.get(name)?;
        value.as_object().or_else(|| value.as_array()?.first()?.as_object())
    }
}

/// Everything read from one file.
struct State<'s> {
    /// What is managed, by address.
    resources: &'s BTreeMap<String, Resource>,
    directory: String,
    /// Whether it is the one local state of its directory.
    local: bool,
    place: String,
    environment: Environment,
}

impl State<'_> {
    /// Resources of these types.
    fn of<'r>(&'r self, kinds: &'r [&'r str]) -> impl Iterator<Item = &'r Resource> {
        self.resources.values().filter(move |resource| kinds.contains(&resource.kind.as_str()))
    }

    /// The key of what the module's files declare under a resource's address, where the file tells which module's it is.
    fn alias(&self, word: &str, resource: &Resource) -> Option<IdentityKey> {
        let address = resource.declared.as_ref().filter(|_| self.local)?;
        Some(IdentityKey::new("terraform", word, &format!("{}#{address}", self.directory)))
    }

    /// The key of what is only planned and has no name at its provider yet.
    fn planned(&self, word: &str, resource: &Resource) -> IdentityKey {
        IdentityKey::new("terraform", word, &format!("{}#{}", self.place, resource.address))
    }

    /// Completes an identity: its address, the other key, the environment.
    fn identity(&self, mut fact: IdentityFact, word: &str, resource: &Resource) -> Fact {
        fact.aliases.extend(self.alias(word, resource).filter(|alias| *alias != fact.key));
        fact.attributes.insert("address".to_owned(), cut(&resource.address));
        if fact.environment.class == EnvironmentClass::Unknown {
            let found = environment::of_name("name", &fact.name);
            fact.environment = if found.class == EnvironmentClass::Unknown { self.environment.clone() } else { found };
        }
        if resource.rank > 0 {
            fact.attributes.insert("planned".to_owned(), "true".to_owned());
        }
        Fact::Identity(resource.at.clone(), fact)
    }
}

/// A text, cut to what is told.
fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// What kind of file it turned out to be.
#[derive(Default)]
struct Version {
    state: Option<u64>,
    format: Option<String>,
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: Option<&str>, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["resources", "resource_changes"],
        fields: &["version", "format_version", "outputs", "path", "encrypted_data"],
    };
    let mut reading = Reading {
        whole,
        resources: BTreeMap::new(),
        secrets: BTreeSet::new(),
        kept: kept::Kept::default(),
        weight: 0,
        over: false,
    };
    let mut version = Version::default();
    // The path of the module whose list comes next, as version 3 writes it.
    let module = std::cell::RefCell::new(Vec::new());
    let mut enter = |_: &str, fields: &Map<String, Value>| {
        let path = fields.get("path").map(super::aws_policy::strings).unwrap_or_default();
        module.replace(path);
    };
    let result = walk_in(reader, whole.is_some(), WANTED, DEPTH, &mut enter, &mut |event| match event {
        Event::Element { list, value, at } => match list {
            "resources" if value.get("instances").is_some() => reading.version_4(&value, &at),
            "resources" if value.get("values").is_some() => reading.shown(&value, &at),
            "resources" if at.pointer.as_deref().is_some_and(|pointer| pointer.contains("/modules/")) => {
                reading.version_3(&module.borrow(), &value, &at);
            }
            "resource_changes" => reading.change(&value, &at),
            _ => {}
        },
        Event::Object { fields, at } => {
            version.state = version.state.or_else(|| fields.get("version").and_then(Value::as_u64));
            let format = fields.get("format_version").and_then(Value::as_str).map(str::to_owned);
            version.format = version.format.take().or(format);
            if let Some(outputs) = fields.get("outputs").and_then(Value::as_object) {
                reading.outputs(outputs, &at);
            }
        }
        Event::Text { .. } => {}
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(unknown) = unknown(&version) {
        let message = format!("is of {unknown}, which keyroll does not know; nothing was read from it");
        return out.notice(gap("unknown-version", message));
    }
    if reading.over {
        let message = "more resources than any state holds; the rest was not read".to_owned();
        out.notice(gap("too-large", message));
    }
    reading.tell(input, out);
}

fn gap(code: &'static str, message: String) -> ReadNotice {
    ReadNotice { kind: NoticeKind::Gap, code, line: 0, column: 0, message }
}

/// The version of a file whose shape may be another.
fn unknown(version: &Version) -> Option<String> {
    match (&version.format, version.state) {
        (Some(format), _) => {
            let major = format.split('.').next().unwrap_or_default();
            (!matches!(major, "0" | "1")).then(|| format!("format version {}", cut(format)))
        }
        (None, Some(3 | 4) | None) => None,
        (None, Some(other)) => Some(format!("state version {other}")),
    }
}

struct Reading<'t> {
    whole: Option<&'t str>,
    resources: BTreeMap<String, Resource>,
    /// Address, attribute, grade, place and the credential of each secret.
    secrets: BTreeSet<(String, String, &'static str, At, Option<String>)>,
    kept: kept::Kept,
    weight: usize,
    over: bool,
}

/// One instance as one of the shapes has it.
struct Found<'v> {
    module: &'v str,
    mode: &'v str,
    kind: &'v str,
    name: &'v str,
    index: Option<&'v Value>,
    single: bool,
    provider: &'v str,
    rank: u8,
}

impl Reading<'_> {
    fn version_4(&mut self, value: &Value, at: &At) {
        let part = |name| text(value, name).unwrap_or_default();
        let instances = value.get("instances").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (i, instance) in instances.iter().enumerate() {
            // What waits to be destroyed is no longer what the address means.
            if instance.get("deposed").is_some() {
                continue;
            }
            let found = Found {
                module: part("module"),
                mode: part("mode"),
                kind: part("type"),
                name: part("name"),
                index: instance.get("index_key"),
                single: instances.len() == 1,
                provider: part("provider"),
                rank: 0,
            };
            let flat = instance.get("attributes_flat").and_then(Value::as_object).map(unflattened);
            let Some(attributes) = instance.get("attributes").and_then(Value::as_object).cloned().or(flat) else {
                continue;
            };
            let marked = marked_paths(instance.get("sensitive_attributes"));
            let index = i.to_string();
            self.add(&found, attributes, &marked, at, &["instances", &index, "attributes"]);
        }
    }

    fn shown(&mut self, value: &Value, at: &At) {
        let rank = u8::from(at.pointer.as_deref().is_some_and(|pointer| pointer.contains("/planned_values/")));
        self.flat(value, value.get("values"), value.get("sensitive_values"), at, &["values"], rank);
    }

    fn change(&mut self, value: &Value, at: &At) {
        let Some(change) = value.get("change") else { return };
        for (side, marks, rank) in [("before", "before_sensitive", 0), ("after", "after_sensitive", 1)] {
            self.flat(value, change.get(side), change.get(marks), at, &["change", side], rank);
        }
    }

    /// A resource as `show -json` has it.
    fn flat(&mut self, value: &Value, values: Option<&Value>, marks: Option<&Value>, at: &At, path: &[&str], rank: u8) {
        let Some(attributes) = values.and_then(Value::as_object) else { return };
        let part = |name| text(value, name).unwrap_or_default();
        let address = part("address");
        let own = format!("{}.{}", part("type"), part("name"));
        let module = address.find(&own).and_then(|at| address.get(..at)).unwrap_or_default();
        let found = Found {
            module: module.trim_end_matches("data.").trim_end_matches('.'),
            mode: part("mode"),
            kind: part("type"),
            name: part("name"),
            index: value.get("index"),
            single: value.get("index").is_none(),
            provider: part("provider_name"),
            rank,
        };
        let mut marked = BTreeSet::new();
        for (name, mark) in marks.and_then(Value::as_object).into_iter().flatten() {
            if mark == &Value::Bool(true) {
                marked.insert(name.clone());
            }
        }
        self.add(&found, attributes.clone(), &marked, at, path);
    }

    fn version_3(&mut self, path: &[String], value: &Value, at: &At) {
        let module: Vec<String> = path.iter().skip(1).map(|name| format!("module.{name}")).collect();
        let module = module.join(".");
        for (key, resource) in value.as_object().into_iter().flatten() {
            let (mode, key_rest) = match key.strip_prefix("data.") {
                Some(rest) => ("data", rest),
                None => ("managed", key.as_str()),
            };
            let Some((kind, rest)) = key_rest.split_once('.') else { continue };
            let (name, index) = match rest.rsplit_once('.') {
                Some((name, index)) => (name, index.parse::<u64>().ok().map(Value::from)),
                None => (rest, None),
            };
            let Some(flat) = resource.get("primary").and_then(|primary| primary.get("attributes")) else { continue };
            let found = Found {
                module: &module,
                mode,
                kind,
                name,
                index: index.as_ref(),
                single: index.is_none(),
                provider: text(resource, "provider").unwrap_or_default(),
                rank: 0,
            };
            let attributes = flat.as_object().map(unflattened).unwrap_or_default();
            self.add(&found, attributes, &BTreeSet::new(), at, &[key, "primary", "attributes"]);
        }
    }

    fn add(
        &mut self,
        found: &Found<'_>,
        mut values: Map<String, Value>,
        marked: &BTreeSet<String>,
        at: &At,
        path: &[&str],
    ) {
        let bare = format!("{}.{}", found.kind, found.name);
        let index = match found.index {
            Some(Value::String(key)) => format!("[\"{}\"]", cut(key)),
            Some(Value::Number(number)) => format!("[{number}]"),
            _ => String::new(),
        };
        let data = if found.mode == "data" { "data." } else { "" };
        let dot = if found.module.is_empty() { "" } else { "." };
        let address = format!("{}{dot}{data}{bare}{index}", found.module);
        for (attribute, grade) in secrets::of(found.kind, &values, marked) {
            let own = self.place(at, path, &attribute);
            let credential = secrets::credential(found.kind, &attribute, &values);
            self.kept.made((&address, &attribute), values.get(&attribute), credential.as_deref());
            self.secrets.insert((address.clone(), attribute, grade, own, credential));
        }
        self.kept.stored(found.kind, &values, at);
        secrets::strip(found.kind, &mut values, marked);
        if found.mode == "data" || !is_wanted(found.kind) {
            return;
        }
        self.weight += address.len() + values.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>();
        if self.over || self.resources.len() >= HELD_MAX || self.weight > WEIGHT_MAX {
            self.over = true;
            return;
        }
        let declared = (found.single && found.module.is_empty()).then_some(bare);
        let new = Resource {
            address: address.clone(),
            kind: found.kind.to_owned(),
            provider: found.provider.to_owned(),
            values,
            at: at.clone(),
            declared,
            rank: found.rank,
        };
        match self.resources.entry(address) {
            std::collections::btree_map::Entry::Vacant(slot) => drop(slot.insert(new)),
            std::collections::btree_map::Entry::Occupied(mut slot) => slot.get_mut().absorb(new),
        }
    }

    /// The place of an attribute, as exactly as the input lets.
    fn place(&self, at: &At, path: &[&str], attribute: &str) -> At {
        let exact = || {
            let span = at.span?;
            let text = self.whole?.get(span.start..span.end)?;
            let doc = doc::json::parse(text).ok()?;
            let node = doc.roots.first().and_then(|root| descend(root, path.iter().copied()))?;
            let node = node.get(attribute).or_else(|| descend(node, attribute.split('.')))?;
            let pointer = format!("{}/{}", at.pointer.as_deref().unwrap_or_default(), path.join("/"));
            let span = crate::model::Span::new(span.start + node.span.start, span.start + node.span.end);
            Some(At::span(span).with_pointer(format!("{pointer}/{attribute}")))
        };
        exact().unwrap_or_else(|| at.clone())
    }

    /// Outputs that hold a secret: those that are marked.
    fn outputs(&mut self, outputs: &Map<String, Value>, at: &At) {
        for (name, output) in outputs {
            let marked = output.get("sensitive") == Some(&Value::Bool(true));
            let value = output.get("value");
            let full = value.is_some_and(|value| secrets::is_told(name, value));
            if marked && full {
                let address = format!("output.{}", cut(name));
                self.secrets.insert((address, "value".to_owned(), secrets::MARKED, at.clone(), None));
            }
        }
    }

    fn tell(self, input: &Input<'_>, out: &mut Out<'_>) {
        let path = input.path.display();
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let state = State {
            resources: &self.resources,
            directory: directory.to_owned(),
            local: name == "terraform.tfstate" && !directory.contains("terraform.tfstate.d"),
            place: path.clone(),
            environment: of_directory(directory),
        };
        aws::read(&state, out);
        google::read(&state, out);
        azure::read(&state, out);
        services::read(&state, out);
        self.kept.tell(out);
        let mut told = BTreeSet::new();
        for (address, attribute, grade, at, credential) in self.secrets {
            // A plan has each resource in several sections.
            if !told.insert((address.clone(), attribute.clone())) {
                continue;
            }
            let known = credential.or_else(|| self.kept.copy_of(&address, &attribute));
            let mut fact = SettingFact::new(setting::STATE_SECRET, address, cut(&attribute));
            fact.attributes.insert("grade".to_owned(), grade.to_owned());
            fact.attributes.extend(known.map(|credential| ("credential".to_owned(), credential)));
            out.fact(Fact::Setting(at, fact));
        }
    }
}

impl Resource {
    /// Takes over what another section of the file says of the same resource: what is there now wins over what is planned.
    fn absorb(&mut self, other: Self) {
        let own = std::mem::replace(self, Self::empty());
        let (mut more, less) = if other.rank < own.rank { (other, own) } else { (own, other) };
        for (name, value) in less.values {
            // Rights come by the plan, ids by the state.
            let known = more.values.get(&name).is_some_and(|value| !value.is_null());
            if !known || less.rank > more.rank && !value.is_null() && is_document(&name) {
                more.values.insert(name, value);
            }
        }
        *self = more;
    }

    /// A resource of which only the place is known.
    fn stand_in(of: &Self) -> Self {
        Self { at: of.at.clone(), provider: of.provider.clone(), ..Self::empty() }
    }

    fn empty() -> Self {
        Self {
            address: String::new(),
            kind: String::new(),
            provider: String::new(),
            values: Map::new(),
            at: At::default(),
            declared: None,
            rank: 0,
        }
    }
}

/// Attributes in which a plan tells more than the state.
fn is_document(name: &str) -> bool {
    matches!(name, "policy" | "assume_role_policy" | "inline_policy" | "managed_policy_arns" | "role")
}

fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(items) => 32 + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => 32 + fields.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>(),
        _ => 16,
    }
}

fn descend<'n, 'p>(node: &'n Node, path: impl Iterator<Item = &'p str>) -> Option<&'n Node> {
    let mut node = node;
    for step in path {
        node = match step.parse::<usize>() {
            Ok(index) if !node.items().is_empty() => node.items().get(index)?,
            _ => node.get(step)?,
        };
    }
    Some(node)
}

/// The attributes of version 3, whose lists are spread over keys: `users.#`, `users.1234`.
fn unflattened(flat: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in flat {
        match key.split_once('.') {
            None => drop(out.insert(key.clone(), value.clone())),
            Some((_, "#" | "%")) => {}
            Some((name, rest)) if !rest.contains('.') && flat.contains_key(&format!("{name}.#")) => {
                let list = out.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = list {
                    items.push(value.clone());
                }
            }
            Some(_) => {}
        }
    }
    out
}

/// The attributes that `sensitive_attributes` marks as a whole: lists of steps, of which a path of one step counts.
fn marked_paths(value: Option<&Value>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for path in value.and_then(Value::as_array).into_iter().flatten() {
        let steps = path.as_array().map(Vec::as_slice).unwrap_or_default();
        if let [step] = steps
            && let Some(name) = text(step, "value")
        {
            out.insert(name.to_owned());
        }
    }
    out
}

/// The environment that the file's directory names as a whole.
fn of_directory(directory: &str) -> Environment {
    let known = directory.split('/').map(|part| environment::classify("directory", part));
    let known: Vec<Environment> = known.filter(|found| found.class != EnvironmentClass::Unknown).collect();
    let classes: BTreeSet<EnvironmentClass> = known.iter().map(|found| found.class).collect();
    if classes.len() == 1 { known.into_iter().next_back().unwrap_or_default() } else { Environment::default() }
}

/// Types that tell of identities.
fn is_wanted(kind: &str) -> bool {
    ["aws_iam_", "google_", "azuread_", "azurerm_", "kubernetes_service_account", "vault_", "tls_private_key"]
        .iter()
        .any(|start| kind.starts_with(start))
        && !kind.starts_with("google_compute_network")
        || aws::WORKLOADS.iter().any(|(known, _)| *known == kind)
}
