//! What a state holds of clusters, vaults and key pairs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Resource, State, cut};
use crate::formats::Out;
use crate::model::{
    AuthMode, CredentialFact, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, UsageFact, setting,
};

/// Reads them.
pub(super) fn read(state: &State<'_>, out: &mut Out<'_>) {
    for resource in state.resources.values() {
        match resource.kind.as_str() {
            "kubernetes_service_account" | "kubernetes_service_account_v1" => account(state, resource, out),
            "vault_approle_auth_backend_role" => approle(state, resource, out),
            "tls_private_key" => pair(resource, out),
            _ => {}
        }
    }
}

/// The cloud that an annotation lets a service account act in.
const ANNOTATIONS: &[(&str, &str)] = &[
    ("eks.amazonaws.com/role-arn", "aws"),
    ("iam.gke.io/gcp-service-account", "gcp"),
    ("azure.workload.identity/client-id", "azure"),
];

/// <https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs/resources/service_account_v1>
fn account(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(metadata) = resource.block("metadata") else { return };
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(name) = text("name").or_else(|| text("generate_name")) else { return };
    let title = format!("{}/{name}", text("namespace").unwrap_or("default"));
    let key = IdentityKey::new("kubernetes", "service-account", &title);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "kubernetes", &title);
    fact.human = Human::No;
    fact.aliases.extend(text("uid").map(|uid| IdentityKey::new("kubernetes", "id", uid)));
    fact.attributes.insert("declared".to_owned(), "true".to_owned());
    // Of several clusters in one module the address would be exact and the name is not.
    out.fact(state.identity(fact, "service-account", resource));
    for (annotation, value) in metadata.get("annotations").and_then(Value::as_object).into_iter().flatten() {
        let Some((known, provider)) = ANNOTATIONS.iter().find(|(known, _)| annotation == known) else { continue };
        let target =
            value.as_str().map(|target| if *provider == "aws" { target.to_owned() } else { target.to_lowercase() });
        let usage = UsageFact {
            identity: Some(key.clone()),
            mode: AuthMode::Federated,
            provider: (*provider).to_owned(),
            credential: None,
            target: target.map(|target| cut(&target)),
            mechanism: (*known).to_owned(),
            federation_available: true,
            attributes: BTreeMap::new(),
        };
        out.fact(Fact::Usage(resource.at.clone(), usage));
    }
}

/// <https://registry.terraform.io/providers/hashicorp/vault/latest/docs/resources/approle_auth_backend_role>
fn approle(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(name) = resource.text("role_name") else { return };
    let mount = resource.text("backend").unwrap_or("approle");
    // Which server it is, only the provider's configuration tells.
    let key = IdentityKey::new("vault", "app", &format!("{}#{mount}/{name}", state.place));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, "vault", &format!("{mount}/{name}"));
    fact.human = Human::No;
    out.fact(state.identity(fact, "app", resource));
    let unset = |name: &str| resource.values.get(name).is_none_or(|v| v.is_null() || v == 0 || v == "0" || v == "");
    if resource.values.get("bind_secret_id") == Some(&Value::Bool(false))
        || !unset("secret_id_ttl")
        || !unset("secret_id_num_uses")
    {
        return;
    }
    let mut fact = SettingFact::new(setting::SECRET_ID, format!("{mount}/{name}"), cut(name));
    fact.identity = Some(key);
    if !resource.texts("secret_id_bound_cidrs").is_empty() {
        fact.attributes.insert("bound".to_owned(), "true".to_owned());
    }
    out.fact(Fact::Setting(resource.at.clone(), fact));
}

/// A key pair, by the fingerprint of its public half
/// (<https://registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/private_key>).
fn pair(resource: &Resource, out: &mut Out<'_>) {
    let fingerprint = resource.text("public_key_fingerprint_sha256").filter(|f| f.starts_with("SHA256:"));
    let Some(fingerprint) = fingerprint else { return };
    let mut fact = CredentialFact::new(format!("ssh:key:{fingerprint}"), "private-key", "ssh");
    fact.attributes.insert("address".to_owned(), cut(&resource.address));
    if let Some(algorithm) = resource.text("algorithm") {
        fact.attributes.insert("key_algorithm".to_owned(), cut(algorithm));
    }
    out.fact(Fact::Credential(resource.at.clone(), fact));
}
