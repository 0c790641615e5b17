//! Objects that run pods.
//!
//! <https://kubernetes.io/docs/concepts/workloads/>.

use super::file::Sink;
use super::object::Object;
use super::pod;
use crate::doc::Node;
use crate::formats::workload::{MAX_TEXT, Workload};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind};

/// Providers that take a service account's token in place of a stored credential.
pub(super) const FEDERATES: &[&str] = &["aws", "gcp", "azure", "vault"];

/// Where an object of this kind keeps its pods: the pod's specification, and what the pods are labelled with.
fn template<'a>(object: &Object<'a>) -> Option<(&'a Node, Option<&'a Node>)> {
    let below = |path: &[&str]| {
        let template = object.at(path)?;
        Some((template.get("spec")?, template.get("metadata")))
    };
    match object.kind() {
        "Pod" => Some((object.at(&["spec"])?, object.at(&["metadata"]))),
        "PodTemplate" => below(&["template"]),
        "CronJob" => below(&["spec", "jobTemplate", "spec", "template"]),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job"
        | "Rollout"
        | "DeploymentConfig"
        | "Service"
        | "Configuration" => below(&["spec", "template"]),
        _ => None,
    }
}

/// Reads an object that runs pods; false for every other.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) -> bool {
    let Some((spec, metadata)) = template(object) else { return false };
    if !spec.is_mapping() {
        return false;
    }
    let mut identity =
        IdentityFact::new(object.key("kubernetes", "workload"), IdentityKind::Workload, "kubernetes", &object.title());
    if object.file.is_live() {
        live(object, &mut identity);
    }
    identity.human = Human::No;
    identity.environment = object.environment();
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    let mut workload = Workload::new(object.file.text(), identity, At::span(at), FEDERATES, sink.budget());
    if let Some(namespace) = &object.namespace {
        workload.note("namespace", namespace);
    }
    let app = ["app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"];
    let labels = metadata.and_then(|m| m.get("labels"));
    let app = app.iter().find_map(|label| labels?.get(label).and_then(|value| object.file.text_of(value)));
    workload.note("app", &app.unwrap_or_default());
    pod::read(object, spec, &mut workload);
    sink.workload(workload);
    true
}

/// Objects that keep others running.
const CONTROLLERS: &[&str] = &[
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Rollout",
    "DeploymentConfig",
];

/// What only the cluster tells: ids, age, and that the pods of a deployment are the deployment.
fn live(object: &Object<'_>, identity: &mut IdentityFact) {
    identity.attributes.insert("exported".to_owned(), "true".to_owned());
    let (id, created) = object.made();
    let Some(owner) = object.controller() else {
        identity.aliases.extend(id);
        identity.created = created;
        return;
    };
    let title = match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", owner.kind, owner.name),
        None => format!("{} {}", owner.kind, owner.name),
    };
    if CONTROLLERS.contains(&owner.kind.as_str()) {
        identity.key = object.key_of("kubernetes", "workload", &title);
        identity.name = title;
        identity.aliases.extend(owner.uid.map(|uid| IdentityKey::new("kubernetes", "id", &uid)));
        // A set is its deployment, a job its schedule; pods come and go.
        if object.kind() != "Pod" {
            identity.aliases.extend(id);
        }
    } else {
        identity.aliases.extend(id);
        identity.created = created;
        identity.attributes.insert("controller".to_owned(), title.chars().take(MAX_TEXT).collect());
    }
}
