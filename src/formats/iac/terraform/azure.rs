//! Azure and Entra: applications, managed identities, what they are trusted with and by whom.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>,
//! <https://registry.terraform.io/providers/hashicorp/azuread/latest/docs>.

use std::collections::BTreeMap;

use super::Emit;
use super::aws::{address, grant};
use super::module::{Block, Module, is_open};
use crate::doc::Node;
use crate::model::{
    At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, SettingFact, TrustFact, setting,
};

/// Reads the Azure part of a file.
pub(super) fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        match block.kind {
            "azuread_application" | "azuread_application_registration" | "azuread_service_principal" => {
                let key = owner(module, block);
                if block.kind != "azuread_service_principal" || key == own_key(module, block) {
                    emit.push(Fact::Identity(
                        At::span(block.label),
                        identity(module, key, IdentityKind::Application, &block.address()),
                    ));
                }
            }
            "azurerm_user_assigned_identity" => {
                let key = own_key(module, block);
                emit.push(Fact::Identity(
                    At::span(block.label),
                    identity(module, key, IdentityKind::Role, &block.address()),
                ));
            }
            "azuread_application_federated_identity_credential"
            | "azuread_application_flexible_federated_identity_credential"
            | "azurerm_federated_identity_credential" => federated(module, block, emit),
            "azurerm_role_assignment" => assignment(module, block, emit),
            _ => shared_keys(module, block, emit),
        }
    }
}

fn identity(module: &Module<'_>, key: IdentityKey, kind: IdentityKind, name: &str) -> IdentityFact {
    let mut fact = IdentityFact::new(key, kind, "azure", name);
    fact.human = Human::No;
    fact.environment = module.environment();
    fact
}

/// Applications are `app`, managed identities `role`.
fn own_key(module: &Module<'_>, block: &Block<'_>) -> IdentityKey {
    module.key(word(block.kind), &block.address())
}

fn word(kind: &str) -> &'static str {
    if kind.starts_with("azuread_") { "app" } else { "role" }
}

/// A service principal is its application's place in a tenant: the same identity.
fn owner(module: &Module<'_>, block: &Block<'_>) -> IdentityKey {
    let application = block.get("client_id").or_else(|| block.get("application_id"));
    let path = application.and_then(|node| module.path(node)).and_then(|path| address(&path));
    match path.filter(|_| block.kind == "azuread_service_principal") {
        Some(address) if address.starts_with("azuread_application") => module.key("app", &address),
        _ => own_key(module, block),
    }
}

/// The identity that an argument names by reference, with its name for people.
fn named(module: &Module<'_>, node: &Node) -> Option<(IdentityKey, String)> {
    let path = module.path(node)?;
    let address = address(&path).filter(|address| !address.starts_with("data."))?;
    if let Some((block, _)) = module.find(&path) {
        return match block.kind {
            "azuread_service_principal" => {
                let key = owner(module, block);
                let name = key.as_str().rsplit('#').next().unwrap_or(&address).to_owned();
                Some((key, name))
            }
            _ => Some((own_key(module, block), address)),
        };
    }
    let kind = address.split('.').next().unwrap_or_default();
    let machine = kind == "module" || kind.starts_with("azurerm_") || kind.starts_with("azuread_");
    (machine && !matches!(kind, "azuread_user" | "azuread_group"))
        .then(|| (module.key(word(kind), &address), address.clone()))
}

/// Who may become the application or identity without a secret
/// (<https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation>).
fn federated(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let parent = ["application_id", "application_object_id", "parent_id", "user_assigned_identity_id"];
    let parent = parent.iter().find_map(|name| block.get(name)).and_then(|node| named(module, node));
    let (key, name) = parent.unwrap_or_else(|| (own_key(module, block), block.address()));
    let kind = if key.as_str().starts_with("terraform:role:") { IdentityKind::Role } else { IdentityKind::Application };
    emit.push(Fact::Identity(At::span(block.label), identity(module, key.clone(), kind, &name)));
    let text = |name: &str| block.get(name).and_then(|node| module.text(node));
    let Some(issuer) = text("issuer") else { return };
    let issuer = issuer.strip_prefix("https://").unwrap_or(&issuer).trim_end_matches('/').to_owned();
    let audience = block.get("audiences").or_else(|| block.get("audience")).map(|node| module.texts(node));
    let audience = audience.or_else(|| text("audience").map(|audience| vec![audience]));
    let mut attributes =
        BTreeMap::from([("kind".to_owned(), "federated".to_owned()), ("credential".to_owned(), block.address())]);
    let mut subject = text("subject");
    if let Some(expression) = text("claims_matching_expression") {
        attributes.insert("sub_operator".to_owned(), "claimsMatchingExpression".to_owned());
        subject = Some(expression);
    } else {
        attributes.insert("sub_operator".to_owned(), "StringEquals".to_owned());
    }
    let at = block.get("subject").map_or(block.label, |node| node.span);
    emit.push(Fact::Trust(
        At::span(at),
        TrustFact {
            identity: key,
            issuer,
            audience: audience.and_then(|all| all.into_iter().next()),
            subject: subject.map(|subject| subject.chars().take(300).collect()),
            attributes,
        },
    ));
}

/// Roles by their ids, which are the same everywhere
/// (<https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles>).
pub const ROLE_IDS: &[(&str, &str)] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
    ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator"),
    ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
];

fn assignment(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let Some((key, name)) = block.get("principal_id").and_then(|node| named(module, node)) else { return };
    let text = |name: &str| block.get(name).and_then(|node| module.text(node));
    let by_id = || {
        let id = text("role_definition_id")?.to_ascii_lowercase();
        ROLE_IDS.iter().find(|(known, _)| id.ends_with(known)).map(|(_, role)| (*role).to_owned())
    };
    let Some(role) = text("role_definition_name").filter(|role| !is_open(role)).or_else(by_id) else { return };
    let scope = text("scope").unwrap_or_default();
    let (reach, broad) = reach(&scope);
    let privilege = match role.as_str() {
        "Owner" | "User Access Administrator" | "Role Based Access Control Administrator" if broad => Privilege::Admin,
        "Contributor" if broad => Privilege::WriteBroad,
        role if role.contains("Reader") => Privilege::ReadScoped,
        _ => Privilege::WriteScoped,
    };
    let kind = if key.as_str().starts_with("terraform:app:") { IdentityKind::Application } else { IdentityKind::Role };
    emit.push(Fact::Identity(At::span(block.label), identity(module, key.clone(), kind, &name)));
    let scope: String = scope.chars().take(160).collect();
    let resource = format!("{reach} {scope}");
    emit.push(Fact::Grant(At::span(block.label), grant(key, privilege, &role, resource, &block.address())));
}

/// How wide a scope is, and whether that is a whole subscription or more.
#[must_use]
pub fn reach(scope: &str) -> (&'static str, bool) {
    let lower = scope.to_ascii_lowercase();
    let path = lower.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let kind = path.strip_prefix("data.").unwrap_or(path).split('.').next().unwrap_or_default();
    match kind {
        "azurerm_subscription" => return ("subscription", true),
        "azurerm_management_group" => return ("management group", true),
        _ => {}
    }
    if scope == "/" {
        return ("tenant", true);
    }
    if lower.contains("/providers/microsoft.management/managementgroups/") {
        return ("management group", true);
    }
    // `/subscriptions/<id>` and nothing below it.
    let below = lower.strip_prefix("/subscriptions/").map(|rest| rest.trim_end_matches('/').contains('/'));
    if below == Some(false) { ("subscription", true) } else { ("scope", false) }
}

/// Resource, argument, the value that lets keys in, whether that is the default, and the service's name.
const SHARED_KEYS: &[(&str, &str, bool, bool, &str)] = &[
    ("azurerm_storage_account", "shared_access_key_enabled", true, true, "Azure Storage"),
    ("azurerm_container_registry", "admin_enabled", true, false, "Azure Container Registry"),
    ("azurerm_cosmosdb_account", "local_authentication_disabled", false, true, "Azure Cosmos DB"),
    ("azurerm_cosmosdb_account", "local_authentication_enabled", true, true, "Azure Cosmos DB"),
    ("azurerm_servicebus_namespace", "local_auth_enabled", true, true, "Azure Service Bus"),
    ("azurerm_eventhub_namespace", "local_authentication_enabled", true, true, "Azure Event Hubs"),
    ("azurerm_kubernetes_cluster", "local_account_disabled", false, true, "Azure Kubernetes Service"),
];

/// Keys that open a service to whoever holds them, beside Entra's identities.
fn shared_keys(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let mut arguments = SHARED_KEYS.iter().filter(|(kind, ..)| *kind == block.kind);
    let Some(first) = arguments.clone().next() else { return };
    let set = arguments.find(|(_, argument, ..)| block.get(argument).is_some());
    let (_, argument, open, default, service) = set.unwrap_or(first);
    let node = block.get(argument);
    let value = match node {
        Some(node) if module.flag(node) == Some(*open) => "on",
        None if *default => "default",
        _ => return,
    };
    let mut fact = SettingFact::new(setting::SHARED_KEY, block.address(), value);
    fact.attributes.insert("argument".to_owned(), (*argument).to_owned());
    fact.attributes.insert("wanted".to_owned(), (!open).to_string());
    fact.attributes.insert("service".to_owned(), (*service).to_owned());
    emit.push(Fact::Setting(At::span(node.map_or(block.label, |node| node.span)), fact));
}
