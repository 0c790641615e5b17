//! Services that take a shared key beside identities, and keys that a deployment makes.
//!
//! Storage: <https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent>; registries:
//! <https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account>; the others:
//! `disableLocalAuth` and `disableLocalAccounts` of their types.

use super::{Deployment, Item};
use crate::doc::Node;
use crate::formats::Out;
use crate::model::{At, Fact, SettingFact, setting};

/// Type, property, the value that lets keys in, whether that is the default, and the service's name.
const PROPERTIES: &[(&str, &str, bool, bool, &str)] = &[
    ("microsoft.storage/storageaccounts", "allowSharedKeyAccess", true, true, "Azure Storage"),
    ("microsoft.containerregistry/registries", "adminUserEnabled", true, false, "Azure Container Registry"),
    ("microsoft.documentdb/databaseaccounts", "disableLocalAuth", false, true, "Azure Cosmos DB"),
    ("microsoft.servicebus/namespaces", "disableLocalAuth", false, true, "Azure Service Bus"),
    ("microsoft.eventhub/namespaces", "disableLocalAuth", false, true, "Azure Event Hubs"),
    ("microsoft.containerservice/managedclusters", "disableLocalAccounts", false, true, "Azure Kubernetes Service"),
    ("microsoft.appconfiguration/configurationstores", "disableLocalAuth", false, true, "Azure App Configuration"),
    ("microsoft.cognitiveservices/accounts", "disableLocalAuth", false, true, "Azure AI services"),
];

/// Reads one resource.
pub fn read(deployment: &Deployment<'_>, item: &Item<'_>, out: &mut Out<'_>) {
    if item.kind == "microsoft.graph/applications"
        && let Some((key, _)) = item.body.entry("passwordCredentials").filter(|(_, list)| !list.items().is_empty())
    {
        let mut fact = SettingFact::new(setting::STATIC_KEY, deployment.name(item), "Microsoft.Graph/applications");
        fact.attributes.insert("provider".to_owned(), "azure".to_owned());
        fact.identity = Some(deployment.key(item));
        out.fact(Fact::Setting(At::span(key.span), fact));
    }
    let Some((_, property, open, default, service)) = PROPERTIES.iter().find(|(kind, ..)| *kind == item.kind) else {
        return;
    };
    let properties = item.body.get("properties").map(|node| deployment.follow(node));
    // Properties that are put together elsewhere are not known.
    if properties.is_some_and(|node| !node.is_mapping()) || has_other_api(deployment, item, properties) {
        return;
    }
    let found = properties.and_then(|node| node.entry(property));
    let value = match found {
        Some((_, node)) if deployment.follow(node).as_bool() == Some(*open) => "on",
        None if *default => "default",
        // Keys are off, or it is left to the deployment.
        _ => return,
    };
    let mut fact = SettingFact::new(setting::SHARED_KEY, deployment.name(item), value);
    fact.attributes.insert("argument".to_owned(), (*property).to_owned());
    fact.attributes.insert("wanted".to_owned(), (!open).to_string());
    fact.attributes.insert("service".to_owned(), (*service).to_owned());
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
