//! Entra applications and managed identities of a state, their secrets, trusts and roles.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/azuread/latest/docs>,
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>. An application is keyed by its client id; object ids of
//! the application and of its service principal are other exact keys. Secrets and trusts name the application by object id.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Resource, State, cut};
use crate::formats::Out;
use crate::formats::iac::terraform::azure::{ROLE_IDS, reach};
use crate::model::{
    CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, Status, TrustFact, When,
};

/// Reads the Azure part of a state.
pub(super) fn read(state: &State<'_>, out: &mut Out<'_>) {
    for resource in state.resources.values() {
        match resource.kind.as_str() {
            "azuread_application" | "azuread_application_registration" | "azuread_service_principal" => {
                application(state, resource, out);
            }
            "azurerm_user_assigned_identity" => managed(state, resource, out),
            "azuread_application_password" | "azuread_service_principal_password" => secret(state, resource, out),
            "azuread_application_federated_identity_credential"
            | "azuread_application_flexible_federated_identity_credential"
            | "azurerm_federated_identity_credential" => federated(state, resource, out),
            "azurerm_role_assignment" => assignment(state, resource, out),
            _ => {}
        }
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Client ids were `application_id` before version 3 of the provider.
fn client_id(resource: &Resource) -> Option<String> {
    resource.any(&["client_id", "application_id"]).filter(|id| !id.contains('/')).map(lower)
}

fn is_principal(resource: &Resource) -> bool {
    resource.kind == "azuread_service_principal"
}

fn key_of(state: &State<'_>, resource: &Resource) -> IdentityKey {
    match client_id(resource) {
        Some(id) => IdentityKey::new("azure", "app", &id),
        None => state.alias("app", resource).unwrap_or_else(|| state.planned("app", resource)),
    }
}

fn application(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let name = resource.text("display_name").unwrap_or(&resource.address);
    let mut fact = IdentityFact::new(key_of(state, resource), IdentityKind::Application, "azure", name);
    fact.human = Human::No;
    fact.account = resource.text("application_tenant_id").map(lower);
    let word = if is_principal(resource) { "service-principal" } else { "application" };
    fact.aliases.extend(resource.text("object_id").map(|id| IdentityKey::new("azure", word, &lower(id))));
    if is_principal(resource) && resource.values.get("account_enabled") == Some(&Value::Bool(false)) {
        fact.status = Status::Inactive;
    }
    out.fact(state.identity(fact, "app", resource));
}

fn managed(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let key = match client_id(resource) {
        Some(id) => IdentityKey::new("azure", "app", &id),
        None => state.alias("role", resource).unwrap_or_else(|| state.planned("role", resource)),
    };
    let name = resource.text("name").unwrap_or(&resource.address);
    let mut fact = IdentityFact::new(key, IdentityKind::Role, "azure", name);
    fact.human = Human::No;
    fact.account = resource.text("tenant_id").map(lower);
    if let Some(id) = resource.text("principal_id").map(lower) {
        fact.aliases.push(IdentityKey::new("azure", "service-principal", &id));
        fact.aliases.push(IdentityKey::new("azure", "principal", &id));
    }
    out.fact(state.identity(fact, "role", resource));
}

/// The last part of a resource id, in lower case: `/applications/<object id>`.
fn last(id: &str) -> String {
    lower(id.rsplit('/').next().unwrap_or(id))
}

/// The identity of an object id: the application, principal or managed identity of the state that has it, else by the id.
fn by_object(state: &State<'_>, id: &str, word: &str) -> IdentityKey {
    let has = |resource: &&Resource| {
        let own = match resource.kind.as_str() {
            "azuread_application" | "azuread_application_registration" | "azuread_service_principal" => "object_id",
            "azurerm_user_assigned_identity" => "principal_id",
            _ => return false,
        };
        resource.text(own).is_some_and(|own| own.eq_ignore_ascii_case(id))
    };
    let found = state.resources.values().find(has).and_then(client_id);
    found.map_or_else(|| IdentityKey::new("azure", word, &lower(id)), |id| IdentityKey::new("azure", "app", &id))
}

/// A client secret; its value is left alone
/// (<https://registry.terraform.io/providers/hashicorp/azuread/latest/docs/resources/application_password>).
fn secret(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(id) = resource.text("key_id").map(lower) else { return };
    let mut fact = CredentialFact::new(format!("azure:client-secret:{id}"), "azure-client-secret", "azure");
    let application = resource.any(&["application_id", "application_object_id"]).map(last);
    let principal = resource.text("service_principal_id").map(last);
    fact.identity = application
        .map(|id| by_object(state, &id, "application"))
        .or_else(|| principal.map(|id| by_object(state, &id, "service-principal")));
    let date = |name: &str| resource.text(name).map_or(When::Unknown, When::parse);
    fact.created = date("start_date");
    fact.expires = date("end_date");
    fact.attributes.insert("address".to_owned(), cut(&resource.address));
    fact.attributes.insert("key_id".to_owned(), id);
    if let Some(name) = resource.text("display_name") {
        fact.attributes.insert("display_name".to_owned(), cut(name));
    }
    if let Some(key) = &fact.identity {
        let owner = IdentityFact::new(key.clone(), IdentityKind::Application, "azure", "");
        out.fact(Fact::Identity(resource.at.clone(), IdentityFact { human: Human::No, ..owner }));
    }
    out.fact(Fact::Credential(resource.at.clone(), fact));
}

/// Who may become the application or identity without a secret.
fn federated(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(issuer) = resource.text("issuer") else { return };
    let managed = resource.any(&["parent_id", "user_assigned_identity_id"]);
    let key = match managed {
        Some(id) => {
            let own = |other: &&Resource| other.text("id").is_some_and(|own| own.eq_ignore_ascii_case(id));
            let found = state.of(&["azurerm_user_assigned_identity"]).find(own).and_then(client_id);
            found.map_or_else(
                || IdentityKey::new("azure", "managed-identity", &lower(id)),
                |id| IdentityKey::new("azure", "app", &id),
            )
        }
        None => match resource.any(&["application_id", "application_object_id"]) {
            Some(id) => by_object(state, &last(id), "application"),
            None => state.planned("app", resource),
        },
    };
    let kind = if managed.is_some() { IdentityKind::Role } else { IdentityKind::Application };
    let owner = IdentityFact::new(key.clone(), kind, "azure", "");
    out.fact(Fact::Identity(resource.at.clone(), IdentityFact { human: Human::No, ..owner }));
    let mut attributes = BTreeMap::from([
        ("kind".to_owned(), "federated".to_owned()),
        ("credential".to_owned(), cut(resource.any(&["display_name", "name"]).unwrap_or(&resource.address))),
        ("sub_operator".to_owned(), "StringEquals".to_owned()),
    ]);
    let mut subject = resource.text("subject");
    if let Some(expression) = resource.text("claims_matching_expression") {
        attributes.insert("sub_operator".to_owned(), "claimsMatchingExpression".to_owned());
        subject = Some(expression);
    }
    let mut audiences = resource.texts("audiences");
    audiences.extend(resource.texts("audience"));
    let trust = TrustFact {
        identity: key,
        issuer: issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/').to_owned(),
        audience: audiences.into_iter().next(),
        subject: subject.map(|subject| subject.chars().take(300).collect()),
        attributes,
    };
    out.fact(Fact::Trust(resource.at.clone(), trust));
}

fn assignment(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(id) = resource.text("principal_id") else { return };
    if matches!(resource.text("principal_type"), Some("User" | "Group")) {
        return;
    }
    let by_id = || {
        let id = lower(resource.text("role_definition_id")?);
        ROLE_IDS.iter().find(|(known, _)| id.ends_with(known)).map(|(_, role)| (*role).to_owned())
    };
    let Some(role) = resource.text("role_definition_name").map(str::to_owned).or_else(by_id) else { return };
    let scope = resource.text("scope").unwrap_or_default();
    let (reach, broad) = reach(scope);
    let privilege = match role.as_str() {
        "Owner" | "User Access Administrator" | "Role Based Access Control Administrator" if broad => Privilege::Admin,
        "Contributor" if broad => Privilege::WriteBroad,
        role if role.contains("Reader") => Privilege::ReadScoped,
        _ => Privilege::WriteScoped,
    };
    let key = by_object(state, id, "service-principal");
    let grant = GrantFact {
        identity: key,
        privilege,
        action: role,
        resource: format!("{reach} {}", cut(scope)),
        source: resource.address.clone(),
        condition: resource.text("condition").map(cut),
    };
    out.fact(Fact::Grant(resource.at.clone(), grant));
}
