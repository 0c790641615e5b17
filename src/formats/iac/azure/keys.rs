//! Services that take a shared key beside identities, and keys that a deployment makes.
//!
//! Storage: <https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent>; registries:
//! <https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account>; the others:
//! `disableLocalAuth` and `disableLocalAccounts` of their types.

use super::{Deployment, Item};
use crate::doc::{Kind, Node};
use crate::formats::Out;
use crate::model::{At, Fact, SettingFact, setting};

/// Types with the property that turns shared keys on or off, and whether they are on when nothing is said. `true` in the
/// third place means that the property turns them off.
const PROPERTIES: &[(&str, &str, bool, bool)] = &[
    ("microsoft.storage/storageaccounts", "allowSharedKeyAccess", true, false),
    ("microsoft.containerregistry/registries", "adminUserEnabled", false, false),
    ("microsoft.documentdb/databaseaccounts", "disableLocalAuth", true, true),
    ("microsoft.servicebus/namespaces", "disableLocalAuth", true, true),
    ("microsoft.eventhub/namespaces", "disableLocalAuth", true, true),
    ("microsoft.containerservice/managedclusters", "disableLocalAccounts", true, true),
    ("microsoft.appconfiguration/configurationstores", "disableLocalAuth", true, true),
    ("microsoft.cognitiveservices/accounts", "disableLocalAuth", true, true),
];

/// Reads one resource.
pub fn read(deployment: &Deployment<'_>, item: &Item<'_>, out: &mut Out<'_>) {
    if item.kind == "microsoft.graph/applications"
        && let Some((key, _)) = item.body.entry("passwordCredentials").filter(|(_, list)| !list.items().is_empty())
    {
        let mut fact = SettingFact::new(setting::STATIC_KEY, deployment.name(item), "Microsoft.Graph/applications");
        fact.identity = Some(deployment.key(item));
        out.fact(Fact::Setting(At::span(key.span), fact));
    }
    let Some((_, property, default, off)) = PROPERTIES.iter().find(|(kind, ..)| *kind == item.kind) else { return };
    let properties = item.body.get("properties").map(|node| deployment.follow(node));
    // Properties that are put together elsewhere are not known.
    if properties.is_some_and(|node| !node.is_mapping()) || has_other_api(deployment, item, properties) {
        return;
    }
    let found = properties.and_then(|node| node.entry(property));
    let value = match found {
        None if *default => "default",
        None => return,
        Some((_, node)) => match deployment.follow(node).kind {
            Kind::Bool(true) => "true",
            Kind::Bool(false) => "false",
            // Left to the deployment.
            _ => return,
        },
    };
    let mut fact = SettingFact::new(setting::SHARED_KEY, deployment.name(item), value);
    let open = value == "default" || (value == "true") != *off;
    for (name, text) in
        [("property", *property), ("type", item.kind.as_str()), ("enabled", if open { "true" } else { "false" })]
    {
        fact.attributes.insert(name.to_owned(), text.to_owned());
    }
    let at = found.map_or(item.at, |(key, _)| key.span);
    out.fact(Fact::Setting(At::span(at), fact));
}

/// Cosmos DB takes identities for its own API alone
/// (<https://learn.microsoft.com/azure/cosmos-db/nosql/security/how-to-disable-key-based-authentication>).
fn has_other_api(deployment: &Deployment<'_>, item: &Item<'_>, properties: Option<&Node>) -> bool {
    if item.kind != "microsoft.documentdb/databaseaccounts" {
        return false;
    }
    let kind = item.body.get("kind").and_then(|node| deployment.text(node)).unwrap_or_default();
    let capabilities = properties.and_then(|node| node.get("capabilities")).map(Node::items).unwrap_or_default();
    let other = ["EnableMongo", "EnableCassandra", "EnableTable", "EnableGremlin"];
    let named = |node: &Node| node.get("name").and_then(Node::as_str).is_some_and(|name| other.contains(&name));
    kind == "MongoDB" || capabilities.iter().any(named)
}
