//! Google Cloud service accounts of a state, their keys and their rights.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/google/latest/docs>.

use std::collections::BTreeMap;

use super::{Resource, State, cut};
use crate::formats::Out;
use crate::formats::cloud::gcp_workload_identity::demand;
use crate::formats::iac::terraform::google::scope_of;
use crate::model::{
    CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Status, TrustFact,
    When, google, setting,
};

/// Reads the Google part of a state.
pub(super) fn read(state: &State<'_>, out: &mut Out<'_>) {
    for resource in state.resources.values().filter(|resource| resource.kind.starts_with("google_")) {
        match resource.kind.as_str() {
            "google_service_account" => account(state, resource, out),
            "google_service_account_key" => key(resource, out),
            "google_iam_workload_identity_pool_provider" => provider(state, resource, out),
            kind => {
                if let Some(scope) = scope_of(kind) {
                    binding(resource, scope, out);
                }
            }
        }
    }
}

fn by_email(email: &str) -> IdentityKey {
    IdentityKey::new("gcp", "service-account", &email.to_ascii_lowercase())
}

fn account(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let key = match resource.text("email") {
        Some(email) => by_email(email),
        None => state.alias("service-account", resource).unwrap_or_else(|| state.planned("service-account", resource)),
    };
    let name = resource.any(&["email", "account_id"]).unwrap_or(&resource.address);
    let mut fact = IdentityFact::new(key, IdentityKind::ServiceAccount, "gcp", name);
    fact.human = Human::No;
    fact.account = resource.text("project").map(str::to_owned);
    fact.aliases.extend(resource.text("unique_id").map(|id| IdentityKey::new("gcp", "unique-id", id)));
    fact.status = match resource.values.get("disabled").and_then(serde_json::Value::as_bool) {
        Some(true) => Status::Inactive,
        Some(false) => Status::Active,
        None => Status::Unknown,
    };
    out.fact(state.identity(fact, "service-account", resource));
}

/// `projects/P/serviceAccounts/E/keys/K`
/// (<https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_service_account_key>).
fn key(resource: &Resource, out: &mut Out<'_>) {
    let Some(name) = resource.any(&["name", "id"]) else { return };
    let mut parts = name.split('/');
    let email = parts.clone().nth(3).filter(|email| email.contains('@'));
    let Some(id) = parts.next_back().filter(|id| !id.is_empty() && name.contains("/keys/")) else { return };
    let mut fact = CredentialFact::new(format!("gcp:service-account-key:{id}"), "gcp-service-account-key", "gcp");
    fact.identity = email.map(by_email);
    let date = |name: &str| resource.text(name).map_or(When::Unknown, When::parse);
    fact.created = date("valid_after");
    fact.expires = date("valid_before");
    fact.attributes.insert("address".to_owned(), cut(&resource.address));
    if let Some(algorithm) = resource.text("key_algorithm") {
        fact.attributes.insert("key_algorithm".to_owned(), cut(algorithm));
    }
    if let Some(email) = email {
        let mut owner = IdentityFact::new(by_email(email), IdentityKind::ServiceAccount, "gcp", email);
        owner.human = Human::No;
        out.fact(Fact::Identity(resource.at.clone(), owner));
    }
    out.fact(Fact::Credential(resource.at.clone(), fact));
}

fn binding(resource: &Resource, scope: &str, out: &mut Out<'_>) {
    let Some(role) = resource.text("role") else { return };
    let on = resource.any(&["project", "folder", "org_id", "service_account_id", "bucket"]).unwrap_or_default();
    let mut members = resource.texts("member");
    members.extend(resource.texts("members"));
    for member in members {
        let on = cut(on);
        if scope == "service account" && role == "roles/iam.workloadIdentityUser" && member.starts_with("principal") {
            let mut fact = SettingFact::new(setting::WIF_MEMBER, resource.address.clone(), cut(&member));
            fact.identity = on.rsplit('/').next().filter(|email| email.contains('@')).map(by_email);
            out.fact(Fact::Setting(resource.at.clone(), fact));
        }
        let Some(email) = member.strip_prefix("serviceAccount:").filter(|m| m.contains('@') && !m.contains('[')) else {
            continue;
        };
        let mut holder = IdentityFact::new(by_email(email), IdentityKind::ServiceAccount, "gcp", email);
        holder.human = Human::No;
        out.fact(Fact::Identity(resource.at.clone(), holder));
        let grant = GrantFact {
            identity: by_email(email),
            privilege: google::privilege(role, matches!(scope, "project" | "folder" | "organization")),
            action: role.to_owned(),
            resource: if on.is_empty() { scope.to_owned() } else { format!("{scope} {on}") },
            source: resource.address.clone(),
            condition: resource.block("condition").and_then(|c| c.get("expression")?.as_str()).map(cut),
        };
        out.fact(Fact::Grant(resource.at.clone(), grant));
    }
}

/// Whom a pool trusts, and on what condition.
fn provider(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let issuer = resource.block("oidc").and_then(|oidc| oidc.get("issuer_uri")?.as_str());
    let Some(issuer) = issuer else { return };
    let condition = cut(resource.text("attribute_condition").unwrap_or_default());
    let mut fact = SettingFact::new(setting::WIF_PROVIDER, resource.address.clone(), condition.clone());
    fact.attributes.insert("issuer".to_owned(), cut(issuer));
    out.fact(Fact::Setting(resource.at.clone(), fact));
    let key = match resource.any(&["name", "id"]).filter(|name| name.starts_with("projects/")) {
        Some(name) => IdentityKey::new("gcp", "workload-identity-provider", name),
        None => state.alias("app", resource).unwrap_or_else(|| state.planned("app", resource)),
    };
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Application, "gcp", &resource.address);
    identity.human = Human::No;
    out.fact(state.identity(identity, "app", resource));
    let attributes = BTreeMap::from([("kind".to_owned(), "federated".to_owned())]);
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/').to_owned();
    let mut trust = TrustFact { identity: key, issuer, audience: None, subject: None, attributes };
    demand(&mut trust, &condition);
    out.fact(Fact::Trust(resource.at.clone(), trust));
}
