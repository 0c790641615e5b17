//! Service accounts, and the identities of clouds that they may take on.
//!
//! Accounts: <https://kubernetes.io/docs/concepts/security/service-accounts/>. Links to clouds:
//! <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>,
//! <https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity>,
//! <https://learn.microsoft.com/en-us/azure/aks/workload-identity-overview>.

use super::file::Sink;
use super::object::Object;
use crate::doc::Node;
use crate::formats::workload::{Via, Workload};
use crate::model::{At, Human, IdentityFact, IdentityKind};

/// Annotations that name the identity of a cloud: provider, annotation.
const LINKS: &[(&str, &str)] = &[
    ("aws", "eks.amazonaws.com/role-arn"),
    ("gcp", "iam.gke.io/gcp-service-account"),
    ("azure", "azure.workload.identity/client-id"),
    ("alibaba", "pod-identity.alibabacloud.com/role-name"),
];

/// Reads a service account.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let key = object.file.account_key(object.namespace.as_deref(), &object.name);
    let title = match &object.namespace {
        Some(namespace) => format!("{namespace}/{}", object.name),
        None => object.name.clone(),
    };
    let mut identity = IdentityFact::new(key, IdentityKind::ServiceAccount, "kubernetes", &title);
    identity.human = Human::No;
    identity.environment = object.environment();
    identity.attributes.insert("declared".to_owned(), "true".to_owned());
    let (id, created) = object.made();
    identity.aliases.extend(id);
    identity.created = created;
    if object.at(&["metadata", "uid"]).is_some() {
        identity.attributes.insert("exported".to_owned(), "true".to_owned());
    }
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    let mut account = Workload::new(object.file.text(), identity, At::span(at), &[], sink.budget());
    if let Some(namespace) = &object.namespace {
        account.note("namespace", namespace);
    }
    if let Some(mounted) = object.at(&["automountServiceAccountToken"]).and_then(Node::as_bool) {
        account.note("automount", &mounted.to_string());
    }
    for (provider, annotation) in LINKS {
        let Some(node) = object.annotation(annotation) else { continue };
        let Some(target) = node.scalar().filter(|target| !target.is_empty()) else { continue };
        // E-mails and ids are the same in any case of letters; names of roles are not.
        let target = if *provider == "aws" { target } else { target.to_lowercase() };
        let known = (!object.file.is_templated(node)).then_some(target.as_str());
        account.federated(provider, known, node.span, annotation, "");
    }
    for secret in object.at(&["imagePullSecrets"]).map(Node::items).unwrap_or_default() {
        if let Some((name, node)) = secret.get("name").and_then(|n| Some((object.file.text_of(n)?, n))) {
            account.stored(&name, node.span, Via::input("imagePullSecrets", "REGISTRY_PASSWORD", ""));
        }
    }
    // Since 1.24 only accounts that a person gave a token have one here; Tekton hands all of them to every step.
    for secret in object.at(&["secrets"]).map(Node::items).unwrap_or_default() {
        if let Some((name, node)) = secret.get("name").and_then(|n| Some((object.file.text_of(n)?, n))) {
            account.stored(&name, node.span, Via::input("secrets", "SECRET", ""));
        }
    }
    sink.workload(account);
}
