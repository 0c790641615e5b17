//! ARM templates and their parameter files, in JSON. What they declare is told by [`super::azure`].
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/parameter-files>.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::azure::{Deployment, Item, Parameter, WORK_MAX};
use super::cfn::template::gap;
use super::secrets::{self, Literal};
use crate::doc::{Doc, Kind, Node};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, AuthMode, Fact, RepoPath, SettingFact, Span, UsageFact, setting};

/// The format.
pub static FORMAT: Format =
    Format { id: "arm-template", name: "ARM template", command: "", syntax: Syntax::Json, claims, read, stream: None };

/// Resources of one file, far over the 800 that a deployment may have.
const ITEMS_MAX: usize = 20_000;

/// By the schema that every template names.
fn claims(_path: &RepoPath, head: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(head.as_bytes(), word.as_bytes()).is_some();
    head.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '/'])
        && has("\"$schema\"")
        && has("schema.management.azure.com")
        && ["eploymentTemplate.json", "eploymentParameters.json"].iter().any(|schema| has(schema))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let schema = root.get("$schema").and_then(Node::as_str).unwrap_or_default();
    if schema.contains("eploymentParameters.json") {
        return values(root, out);
    }
    if !schema.contains("eploymentTemplate.json") {
        // A policy that carries a template along.
        return;
    }
    let Some(resources) = root.get("resources") else {
        // A template of functions or outputs alone is one too.
        let other = ["parameters", "outputs", "functions", "variables"].iter().any(|part| root.get(part).is_some());
        if !other {
            gap(input, root.span, "malformed", "a template needs `resources`", out);
        }
        return;
    };
    let mut all = Deployment {
        input,
        platform: "arm",
        parameters: BTreeMap::new(),
        variables: BTreeMap::new(),
        items: Vec::new(),
        outputs: Vec::new(),
        work: Cell::new(WORK_MAX),
        scope: if schema.contains("subscriptionDeployment") { "subscription" } else { "resourceGroup" }.to_owned(),
    };
    declarations(root, &mut all);
    self::resources(resources, &mut all);
    if all.items.len() >= ITEMS_MAX {
        gap(
            input,
            resources.span,
            "too-many-facts",
            "more resources than a deployment may have; some were left out",
            out,
        );
    }
    // A name by variable or default says more than the expression.
    let symbols: Vec<String> = all.items.iter().map(|item| symbol(&all, item)).collect();
    all.items.iter_mut().zip(symbols).for_each(|(item, symbol)| item.symbol = symbol);
    all.read(out);
}

fn symbol(all: &Deployment<'_>, item: &Item<'_>) -> String {
    let name = item.body.get("name").and_then(|node| all.text(node)).filter(|name| !name.contains("${"));
    match (name, item.symbol.split_once('/')) {
        (Some(name), Some((kind, _))) => format!("{kind}/{}", name.chars().take(100).collect::<String>()),
        _ => item.symbol.clone(),
    }
}

fn declarations<'a>(root: &'a Node, all: &mut Deployment<'a>) {
    for (key, node) in root.get("parameters").map(Node::entries).unwrap_or_default() {
        let Some(name) = key.as_str() else { continue };
        let kind = node.get("type").and_then(Node::as_str).unwrap_or_default();
        let about = node.at(&["metadata", "description"]).and_then(Node::as_str).unwrap_or_default();
        let parameter = Parameter {
            name,
            at: key.span,
            kind,
            secure: kind.to_ascii_lowercase().starts_with("secure"),
            default: node.get("defaultValue"),
            choice: node.get("allowedValues").is_some(),
            about: about.chars().take(300).collect(),
        };
        all.parameters.insert(name, parameter);
    }
    for (key, node) in root.get("variables").map(Node::entries).unwrap_or_default() {
        if let Some(name) = key.as_str() {
            all.variables.insert(name, node);
        }
    }
    for (key, node) in root.get("outputs").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(value)) = (key.as_str(), node.get("value")) {
            let kind = node.get("type").and_then(Node::as_str).unwrap_or_default().to_ascii_lowercase();
            if !kind.starts_with("secure") {
                all.outputs.push((name.to_owned(), key.span, value));
            }
        }
    }
}

/// Resources, those inside others and in nested templates among them.
fn resources<'a>(root: &'a Node, all: &mut Deployment<'a>) {
    let mut open: Vec<(Option<&'a str>, &'a Node, Option<usize>, Span)> = Vec::new();
    push(root, None, &mut open);
    while let Some((symbol, node, parent, at)) = open.pop() {
        if all.items.len() >= ITEMS_MAX {
            return;
        }
        let Some(own) = node.get("type").and_then(Node::as_str) else { continue };
        let above = parent.and_then(|parent| all.items.get(parent)).map(|item| item.kind.clone());
        let kind = match above {
            // Children may give their type in full.
            Some(above) if !own.starts_with("Microsoft.") => format!("{above}/{own}"),
            _ => own.to_owned(),
        };
        let kind = kind.to_ascii_lowercase();
        let index = all.items.len();
        let name = node.get("name").and_then(Node::as_str).unwrap_or_default();
        let short = kind.rsplit('/').next().unwrap_or_default();
        let symbol =
            symbol.map_or_else(|| format!("{short}/{}", name.chars().take(100).collect::<String>()), str::to_owned);
        if kind.ends_with("/deployments")
            && let Some(inner) = node.at(&["properties", "template"])
        {
            if let Some(nested) = inner.get("resources") {
                push(nested, None, &mut open);
            }
            // Its parameters stand beside ours where they bear other names.
            for (key, node) in inner.get("variables").map(Node::entries).unwrap_or_default() {
                if let Some(name) = key.as_str() {
                    all.variables.entry(name).or_insert(node);
                }
            }
        }
        if let Some(children) = node.get("resources") {
            push(children, Some(index), &mut open);
        }
        let existing = node.get("existing").and_then(Node::as_bool) == Some(true);
        all.items.push(Item { symbol, at, kind, body: node, parent, existing });
    }
}

type Open<'a> = Vec<(Option<&'a str>, &'a Node, Option<usize>, Span)>;

/// A list, or a mapping by symbol.
fn push<'a>(list: &'a Node, parent: Option<usize>, open: &mut Open<'a>) {
    match &list.kind {
        Kind::Sequence(items) => {
            let at = |node: &Node| node.entry("type").map_or(node.span, |(_, value)| value.span);
            open.extend(items.iter().rev().map(|node| (None, node, parent, at(node))));
        }
        Kind::Mapping(entries) => {
            open.extend(entries.iter().rev().map(|(key, node)| (key.as_str(), node, parent, key.span)));
        }
        _ => {}
    }
}

/// A parameter file: values as they stand, and those that a key vault gives.
fn values(root: &Node, out: &mut Out<'_>) {
    for (key, node) in root.get("parameters").map(Node::entries).unwrap_or_default() {
        let Some(name) = key.as_str() else { continue };
        if let Some(secret) = node.at(&["reference", "secretName"]).and_then(Node::as_str) {
            let usage = UsageFact {
                identity: None,
                mode: AuthMode::Referenced,
                provider: "azure".to_owned(),
                credential: Some(secret.chars().take(200).collect()),
                target: None,
                mechanism: format!("parameter {name}"),
                federation_available: false,
                attributes: BTreeMap::new(),
            };
            out.fact(Fact::Usage(At::span(key.span), usage));
        }
        let Some(value) = node.get("value") else { continue };
        if secrets::literal(name, value.as_str().unwrap_or_default()) == Some(Literal::Own) {
            let fact = SettingFact::new(setting::PLAIN_SECRET, format!("parameter {name}"), "literal");
            out.fact(Fact::Setting(At::span(value.span), fact));
        }
    }
}
