//! Configurations of Kubernetes clients: which clusters each of their users opens.
//!
//! <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>: a context joins a cluster and a user. The values themselves
//! are read by [`crate::formats::client`], which goes by names of files alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out, Syntax, client};
use crate::model::{At, EnvironmentClass, Fact, RepoPath, SettingFact, environment, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "kubeconfig-contexts",
    name: "Kubernetes client configuration, contexts",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Contexts and users that are read of one file.
const MAX: usize = 1000;

/// Names of contexts that one user is told with.
const SHOWN: usize = 5;

fn claims(path: &RepoPath, head: &str) -> bool {
    // The list of clusters stands first where tools write it, with certificates that may fill the head.
    let lists = |key: &str| head.starts_with(key) || head.contains(&format!("\n{key}"));
    let named = client::by_name(path).is_some_and(|format| matches!(format.id, "kubeconfig" | "config"));
    let extension = path.file_name().rsplit(|b| *b == b'.').next().unwrap_or_default();
    (named || matches!(extension, b"yaml" | b"yml")) && lists("apiVersion: v1") && lists("clusters:")
}

fn name<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str).filter(|name| !name.is_empty())
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    // What is malformed is told where the values are looked for.
    let Ok(doc) = Syntax::Yaml.parse(input.text) else { return };
    for root in doc.roots.iter().take(MAX) {
        let list = |key: &str| root.get(key).map(Node::items).unwrap_or_default().iter().take(MAX);
        let mut sides: BTreeMap<&str, BTreeMap<EnvironmentClass, BTreeSet<&str>>> = BTreeMap::new();
        for entry in list("contexts") {
            let (Some(called), Some(context)) = (name(entry, "name"), entry.get("context")) else { continue };
            let Some(user) = name(context, "user") else { continue };
            let class = class(called, name(context, "cluster"));
            sides.entry(user).or_default().entry(class).or_default().insert(called);
        }
        for entry in list("users") {
            let (Some(user), Some(node)) = (name(entry, "name"), entry.get("name")) else { continue };
            let Some(contexts) = sides.remove(user) else { continue };
            let of = |class| contexts.get(&class).map(shown);
            let (Some(production), Some(other)) = (of(EnvironmentClass::Prod), of(EnvironmentClass::Nonprod)) else {
                continue;
            };
            // A plugin, or a file that something writes anew, gives out what belongs to the cluster that asks.
            let plugin = ["exec", "auth-provider", "tokenFile"].iter().any(|key| entry.at(&["user", key]).is_some());
            let value = if plugin { "plugin" } else { "stored" };
            let mut fact = SettingFact::new(setting::CLIENT_USER, user, value);
            fact.attributes.insert("production".to_owned(), production);
            fact.attributes.insert("other".to_owned(), other);
            out.fact(Fact::Setting(At::span(node.inner), fact));
        }
    }
}

/// The environment that the names of a context and its cluster tell; where they differ, none.
fn class(context: &str, cluster: Option<&str>) -> EnvironmentClass {
    let of = |name: &str| environment::classify("context", name).class;
    let (context, cluster) = (of(context), cluster.map(of).unwrap_or_default());
    match (context, cluster) {
        (EnvironmentClass::Unknown, known) | (known, EnvironmentClass::Unknown) => known,
        (context, cluster) if context == cluster => context,
        _ => EnvironmentClass::Unknown,
    }
}

fn shown(names: &BTreeSet<&str>) -> String {
    let mut out = names.iter().copied().take(SHOWN).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        out.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    out
}
