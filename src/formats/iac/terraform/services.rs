//! Clusters, vaults, key services and code hosts: what a module declares at them.

use super::Emit;
use super::module::{Block, Module, is_open, nested};
use super::workloads::descend;
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, UsageFact, setting,
};

/// Reads them.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        match block.kind {
            "kubernetes_service_account" | "kubernetes_service_account_v1" => account(module, block, emit),
            "vault_approle_auth_backend_role" => approle(module, block, emit),
            "aws_kms_key" | "google_kms_crypto_key" | "azurerm_key_vault_key" => rotation(module, block, emit),
            "azuredevops_serviceendpoint_azurerm" | "azuredevops_serviceendpoint_aws" => {
                connection(module, block, emit)
            }
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
fn account(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let text = |name: &str| descend(block.body, &["metadata", name]).and_then(|node| module.text(node));
    let Some(name) = text("name").or_else(|| text("generate_name")) else { return };
    let namespace = text("namespace").unwrap_or_else(|| "default".to_owned());
    let key = match is_open(&name) || is_open(&namespace) {
        true => module.key("service-account", &block.address()),
        false => IdentityKey::new("kubernetes", "service-account", &format!("{namespace}/{name}")),
    };
    let shown = if is_open(&name) { block.address() } else { name };
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "kubernetes", &shown);
    fact.human = Human::No;
    fact.environment = module.environment();
    if let Some(mounted) = block.get("automount_service_account_token").and_then(|node| module.flag(node)) {
        fact.attributes.insert("automount_token".to_owned(), mounted.to_string());
    }
    emit.push(Fact::Identity(At::span(block.label), fact));
    let annotations = descend(block.body, &["metadata", "annotations"]);
    for (annotation, value) in annotations.map(crate::doc::Node::entries).unwrap_or_default() {
        let known = ANNOTATIONS.iter().find(|(known, _)| annotation.as_str() == Some(known));
        let Some((name, provider)) = known else { continue };
        let target = module.path(value).and_then(|path| super::aws::address(&path)).or_else(|| module.literal(value));
        emit.push(Fact::Usage(
            At::span(value.span),
            UsageFact {
                identity: Some(key.clone()),
                mode: AuthMode::Federated,
                provider: (*provider).to_owned(),
                credential: None,
                target,
                mechanism: (*name).to_owned(),
                federation_available: true,
                attributes: std::collections::BTreeMap::new(),
            },
        ));
    }
}

/// Without an end of its own, by time or by number of uses, a secret id works for ever
/// (<https://developer.hashicorp.com/vault/api-docs/auth/approle#create-update-approle>).
fn approle(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let key = module.key("app", &block.address());
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, "vault", &block.address());
    fact.human = Human::No;
    fact.environment = module.environment();
    emit.push(Fact::Identity(At::span(block.label), fact));
    let flag = |name: &str| block.get(name).and_then(|node| module.flag(node));
    // An end that the caller of the module gives is one.
    let unset = |name: &str| block.get(name).and_then(|node| module.text(node)).is_none_or(|value| value == "0");
    if flag("bind_secret_id") == Some(false) || !unset("secret_id_ttl") || !unset("secret_id_num_uses") {
        return;
    }
    let at = block.get("secret_id_ttl").map_or(block.label, |node| node.span);
    let mut fact = SettingFact::new(setting::SECRET_ID, block.address(), block.name);
    fact.identity = Some(key);
    if !nested(block.body, "secret_id_bound_cidrs").is_empty() || block.get("secret_id_bound_cidrs").is_some() {
        fact.attributes.insert("bound".to_owned(), "true".to_owned());
    }
    emit.push(Fact::Setting(At::span(at), fact));
}

/// Symmetric keys that the service would rotate by itself
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>,
/// <https://cloud.google.com/kms/docs/key-rotation>,
/// <https://learn.microsoft.com/en-us/azure/key-vault/keys/how-to-configure-key-rotation>).
fn rotation(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let text = |name: &str| block.get(name).and_then(|node| module.text(node));
    let (set, argument) = match block.kind {
        "aws_kms_key" => {
            let symmetric = text("customer_master_key_spec").is_none_or(|spec| spec == "SYMMETRIC_DEFAULT");
            let encrypts = text("key_usage").is_none_or(|usage| usage == "ENCRYPT_DECRYPT");
            if !symmetric || !encrypts || block.get("custom_key_store_id").is_some() {
                return;
            }
            let node = block.get("enable_key_rotation");
            (node.map(|node| (module.flag(node) != Some(false), node.span)), "enable_key_rotation")
        }
        "google_kms_crypto_key" => {
            if text("purpose").is_some_and(|purpose| purpose != "ENCRYPT_DECRYPT") {
                return;
            }
            (block.get("rotation_period").map(|node| (true, node.span)), "rotation_period")
        }
        _ => (block.nested("rotation_policy").map(|node| (true, node.span)), "rotation_policy"),
    };
    let (value, at) = match set {
        Some((true, _)) => return,
        Some((false, at)) => ("off", at),
        None => ("default", block.label),
    };
    let mut fact = SettingFact::new(setting::KEY_ROTATION, block.address(), value);
    fact.attributes.insert("argument".to_owned(), argument.to_owned());
    emit.push(Fact::Setting(At::span(at), fact));
}

/// Service connections of Azure DevOps
/// (<https://learn.microsoft.com/en-us/azure/devops/pipelines/release/configure-workload-identity>,
/// <https://registry.terraform.io/providers/microsoft/azuredevops/latest/docs/resources/serviceendpoint_azurerm>).
fn connection(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let key = module.key("app", &block.address());
    let provider = if block.kind.ends_with("_aws") { "aws" } else { "azure" };
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Application, "azure-devops", &block.address());
    identity.human = Human::No;
    identity.environment = module.environment();
    if let Some(name) = block.get("service_endpoint_name").and_then(|node| module.literal(node)) {
        identity.attributes.insert("name".to_owned(), name);
    }
    emit.push(Fact::Identity(At::span(block.label), identity));
    let argument = match provider {
        "aws" => "use_oidc",
        _ => "service_endpoint_authentication_scheme",
    };
    let node = block.get(argument);
    let scheme = node.and_then(|node| module.text(node));
    let stored = match (provider, scheme.as_deref()) {
        ("aws", scheme) => scheme != Some("true") && block.get("access_key_id").is_some(),
        // Without a word it is a service principal with a secret.
        (_, None | Some("ServicePrincipal")) => true,
        _ => false,
    };
    let federated = matches!(scheme.as_deref(), Some("WorkloadIdentityFederation" | "true"));
    let mode = match scheme.as_deref() {
        _ if stored => AuthMode::Referenced,
        _ if federated => AuthMode::Federated,
        Some("ManagedServiceIdentity") => AuthMode::Instance,
        _ => AuthMode::Unknown,
    };
    emit.push(Fact::Usage(
        At::span(block.label),
        UsageFact {
            identity: Some(key.clone()),
            mode,
            provider: provider.to_owned(),
            credential: None,
            target: None,
            mechanism: "service connection".to_owned(),
            federation_available: true,
            attributes: std::collections::BTreeMap::new(),
        },
    ));
    if stored {
        let certificate = descend(block.body, &["credentials", "spn_certificate"]).is_some();
        let value = match (provider, certificate) {
            ("aws", _) => "access key",
            (_, true) => "certificate",
            (_, false) => "ServicePrincipal",
        };
        let mut fact = SettingFact::new(setting::CONNECTION_SECRET, block.address(), value);
        fact.identity = Some(key);
        fact.attributes.insert("argument".to_owned(), argument.to_owned());
        emit.push(Fact::Setting(At::span(node.map_or(block.label, |node| node.span)), fact));
    }
}
