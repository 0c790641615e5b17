//! Google Cloud: service accounts, their keys, bindings, workload identity pools, clusters.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/google/latest/docs>.

use super::Emit;
use super::aws::{address, grant};
use super::module::{Block, Module, is_open, nested};
use super::workloads::descend;
use crate::doc::{Node, hcl};
use crate::formats::cloud::gcp_policy;
use crate::formats::cloud::gcp_workload_identity::demand;
use crate::model::{
    At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Span, TrustFact, google, setting,
};

/// Reads the Google part of a file.
pub(super) fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        match block.kind {
            "google_service_account" => service_account(module, block, emit),
            "google_iam_workload_identity_pool_provider" => provider(module, block, emit),
            "google_container_cluster" => cluster(module, block, emit),
            "google_container_node_pool" => nodes(module, block, descend(block.body, &["node_config"]), emit),
            kind => {
                if let Some(scope) = scope_of(kind) {
                    binding(module, block, scope, emit);
                }
            }
        }
    }
}

fn service_account(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let key = module.key("service-account", &block.address());
    let mut fact = IdentityFact::new(key, IdentityKind::ServiceAccount, "gcp", &block.address());
    fact.human = Human::No;
    fact.environment = module.environment();
    let argument = |name: &str| block.get(name).and_then(|node| module.literal(node));
    if let (Some(id), Some(project)) = (argument("account_id"), argument("project")) {
        let email = format!("{id}@{project}.iam.gserviceaccount.com");
        fact.aliases.push(IdentityKey::new("gcp", "service-account", &email));
        fact.account = Some(project);
    }
    argument("account_id").into_iter().for_each(|id| drop(fact.attributes.insert("account_id".to_owned(), id)));
    emit.push(Fact::Identity(At::span(block.label), fact));
}

/// What a binding resource binds at, by its type: `google_project_iam_member` at a project.
#[must_use]
pub fn scope_of(kind: &str) -> Option<&'static str> {
    let kind = kind.strip_prefix("google_")?;
    let (target, _) = kind.rsplit_once("_iam_").filter(|(_, what)| matches!(*what, "member" | "binding"))?;
    Some(match target {
        "project" => "project",
        "folder" => "folder",
        "organization" => "organization",
        "service_account" => "service account",
        _ => "resource",
    })
}

fn binding(module: &Module<'_>, block: &Block<'_>, scope: &'static str, emit: &mut Emit<'_, '_>) {
    let Some(role_node) = block.get("role") else { return };
    let Some(role) = module.literal(role_node) else { return };
    let on = ["project", "folder", "org_id", "service_account_id"].iter().find_map(|name| block.get(name));
    let on = on.and_then(|node| module.text(node)).unwrap_or_default();
    let members = block.get("member").or_else(|| block.get("members"));
    for node in members.map(hcl::one_or_many).unwrap_or_default() {
        for member in module.texts(node) {
            if scope == "service account" && role == "roles/iam.workloadIdentityUser" {
                pool_member(module, block, &member, &on, node.span, emit);
            }
            if member.starts_with("user:") || member.starts_with("group:") || member.starts_with("domain:") {
                people(module, block, (scope, &on), (&role, &member), node.span, emit);
            }
            let Some(key) = holder(module, &member) else { continue };
            let privilege = google::privilege(&role, is_wide(scope));
            let on: String = on.chars().take(120).collect();
            let resource = if on.is_empty() { scope.to_owned() } else { format!("{scope} {on}") };
            if let Some(fact) = stub(&key, &member) {
                emit.push(Fact::Identity(At::span(node.span), fact));
            }
            emit.push(Fact::Grant(At::span(role_node.span), grant(key, privilege, &role, resource, &block.address())));
        }
    }
}

/// The service account that a member names. People and groups hold rights of their own; `None` for them.
fn holder(module: &Module<'_>, member: &str) -> Option<IdentityKey> {
    let name = member.strip_prefix("serviceAccount:")?;
    if let Some(path) = name.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        return address(path).filter(|a| !a.starts_with("data.")).map(|a| module.key("service-account", &a));
    }
    // A cluster's own accounts hold rights by the pool.
    let plain = !is_open(name) && name.contains('@') && !name.contains('[');
    plain.then(|| IdentityKey::new("gcp", "service-account", &name.to_ascii_lowercase()))
}

fn stub(key: &IdentityKey, member: &str) -> Option<IdentityFact> {
    let name = member.strip_prefix("serviceAccount:")?;
    let name = match name.strip_prefix("${") {
        Some(path) => address(path.trim_end_matches('}'))?,
        None => name.to_owned(),
    };
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "gcp", &name);
    fact.human = Human::No;
    Some(fact)
}

fn is_wide(scope: &str) -> bool {
    matches!(scope, "project" | "folder" | "organization")
}

/// Who of a pool may take on a service account
/// (<https://cloud.google.com/iam/docs/workload-identity-federation#principal-types>).
fn pool_member(module: &Module<'_>, block: &Block<'_>, member: &str, account: &str, at: Span, emit: &mut Emit<'_, '_>) {
    if !member.starts_with("principal") {
        return;
    }
    let mut fact = SettingFact::new(setting::WIF_MEMBER, block.address(), member.chars().take(200).collect::<String>());
    fact.identity = account_of(module, account);
    fact.attributes.insert("module".to_owned(), module.directory.clone());
    emit.push(Fact::Setting(At::span(at), fact));
}

/// The service account that a binding is on, when the module declares it.
fn account_of(module: &Module<'_>, on: &str) -> Option<IdentityKey> {
    let path = on.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).and_then(address);
    path.filter(|address| !address.starts_with("data.")).map(|address| module.key("service-account", &address))
}

/// People who may act as a service account.
fn people(
    module: &Module<'_>,
    block: &Block<'_>,
    (scope, on): (&str, &str),
    (role, member): (&str, &str),
    at: Span,
    emit: &mut Emit<'_, '_>,
) {
    let powers = google::powers(role);
    if !(powers.takes || powers.attaches) {
        return;
    }
    let wide = is_wide(scope);
    let account = (scope == "service account").then(|| account_of(module, on)).flatten();
    emit.push(Fact::Setting(At::span(at), gcp_policy::people(block.address(), wide, role, member, None, account)));
}

/// A pool's provider: whom it trusts, and on what condition
/// (<https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines>).
fn provider(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let Some(issuer) = descend(block.body, &["oidc", "issuer_uri"]).and_then(|node| module.text(node)) else { return };
    let node = block.get("attribute_condition");
    // A condition that only the caller of the module knows may be there.
    let condition = node.and_then(|node| module.text(node)).unwrap_or_default();
    let at = node.map_or(block.label, |node| node.span);
    let mut fact =
        SettingFact::new(setting::WIF_PROVIDER, block.address(), condition.chars().take(300).collect::<String>());
    fact.attributes.insert("issuer".to_owned(), issuer.clone());
    fact.attributes.insert("module".to_owned(), module.directory.clone());
    emit.push(Fact::Setting(At::span(at), fact));
    let key = module.key("app", &block.address());
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Application, "gcp", &block.address());
    identity.human = Human::No;
    identity.environment = module.environment();
    emit.push(Fact::Identity(At::span(block.label), identity));
    let attributes = std::collections::BTreeMap::from([("kind".to_owned(), "federated".to_owned())]);
    let issuer = issuer.strip_prefix("https://").unwrap_or(&issuer).trim_end_matches('/').to_owned();
    let mut trust = TrustFact { identity: key, issuer, audience: None, subject: None, attributes };
    demand(&mut trust, &condition);
    emit.push(Fact::Trust(At::span(at), trust));
}

/// Without a workload pool every pod of a cluster has the identity of its node
/// (<https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity>).
fn cluster(module: &Module<'_>, block: &Block<'_>, emit: &mut Emit<'_, '_>) {
    let autopilot = block.get("enable_autopilot").and_then(|node| module.flag(node)) == Some(true);
    if autopilot {
        return;
    }
    if nested(block.body, "workload_identity_config").is_empty() {
        let fact = SettingFact::new(setting::NODE_IDENTITY, block.address(), "gke");
        emit.push(Fact::Setting(At::span(block.label), fact));
    }
    nodes(module, block, descend(block.body, &["node_config"]), emit);
}

/// Nodes with the account that every project has, and with every scope
/// (<https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa>).
fn nodes(module: &Module<'_>, block: &Block<'_>, config: Option<&Node>, emit: &mut Emit<'_, '_>) {
    let Some(config) = config else { return };
    let body = config.one_or_many().iter().find(|body| body.is_mapping());
    let Some(body) = body.filter(|body| body.get("service_account").is_none()) else { return };
    let Some(scopes) = body.get("oauth_scopes") else { return };
    let all = module
        .texts(scopes)
        .iter()
        .any(|scope| matches!(scope.as_str(), "cloud-platform" | "https://www.googleapis.com/auth/cloud-platform"));
    if all {
        let fact = SettingFact::new(setting::NODE_IDENTITY, block.address(), "gke-nodes");
        emit.push(Fact::Setting(At::span(scopes.span), fact));
    }
}
