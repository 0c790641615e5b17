//! Argo's workflows and their templates.
//!
//! <https://argo-workflows.readthedocs.io/en/latest/fields/>, <https://argo-workflows.readthedocs.io/en/latest/service-accounts/>.

use super::file::Sink;
use super::object::Object;
use super::pod;
use super::workload::FEDERATES;
use crate::doc::Node;
use crate::formats::workload::{Via, Workload};
use crate::model::{At, Human, IdentityFact, IdentityKind};

/// Keys of artifacts that refer to a key of a secret.
const ARTIFACT_SECRETS: &[&str] = &[
    "secretKeySecret",
    "passwordSecret",
    "sshPrivateKeySecret",
    "serviceAccountKeySecret",
    "accountKeySecret",
    "krbKeytabSecret",
];

/// Reads an object of Argo's that runs pods.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let spec = match object.kind() {
        "CronWorkflow" => object.at(&["spec", "workflowSpec"]),
        "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" => object.at(&["spec"]),
        _ => None,
    };
    let Some(spec) = spec.filter(|spec| spec.is_mapping()) else { return };
    let key = object.key("argo-workflows", "job");
    let mut identity = IdentityFact::new(key, IdentityKind::CiJob, "argo-workflows", &object.title());
    identity.human = Human::No;
    identity.environment = object.environment();
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    let mut job = Workload::new(object.file.text(), identity, At::span(at), FEDERATES, sink.budget());
    // A template that others start runs as they say, where it says nothing itself.
    if spec.get("serviceAccountName").is_some() || !object.kind().ends_with("Template") {
        pod::account(object, spec, &mut job);
    }
    let templates = spec.get("templates").map(Node::items).unwrap_or_default();
    for template in templates.iter().chain(spec.get("templateDefaults")) {
        self::template(object, template, &mut job);
    }
    for secret in spec.get("imagePullSecrets").map(Node::items).unwrap_or_default() {
        if let Some((node, name)) = secret.get("name").and_then(|n| Some((n, object.file.text_of(n)?))) {
            job.stored(&name, node.span, Via::input("imagePullSecrets", "REGISTRY_PASSWORD", ""));
        }
    }
    for volume in spec.get("volumes").map(Node::items).unwrap_or_default() {
        if let Some((node, name)) =
            volume.at(&["secret", "secretName"]).and_then(|n| Some((n, object.file.text_of(n)?)))
        {
            job.stored(&name, node.span, Via::input("secret volume", "SECRET", ""));
        }
    }
    for container in templates.iter().flat_map(containers) {
        pod::image(object, container, &mut job);
    }
    sink.workload(job);
}

fn containers(template: &Node) -> impl Iterator<Item = &Node> {
    let single = ["container", "script"].iter().filter_map(|key| template.get(key));
    let set = template.at(&["containerSet", "containers"]).map(Node::items).unwrap_or_default();
    let more = ["initContainers", "sidecars"].iter().filter_map(|key| template.get(key)).flat_map(Node::items);
    single.chain(set).chain(more)
}

fn template(object: &Object<'_>, template: &Node, job: &mut Workload<'_>) {
    for container in containers(template) {
        pod::credentials(object, container, job);
        pod::security(container, job);
    }
    if let Some(source) = template.at(&["script", "source"]) {
        pod::script(source, job, object.file.text());
    }
    if let Some((node, name)) = template.get("serviceAccountName").and_then(|n| Some((n, object.file.text_of(n)?))) {
        pod::runs_as(object, &name, node.span, None, job);
    }
    for artifacts in [["inputs", "artifacts"], ["outputs", "artifacts"]] {
        for artifact in template.at(&artifacts).map(Node::items).unwrap_or_default() {
            for (kind, settings) in artifact.entries() {
                let provider = match kind.as_str() {
                    Some("s3") => "aws",
                    Some("gcs") => "gcp",
                    Some("azure") => "azure",
                    _ => "",
                };
                for key in ARTIFACT_SECRETS {
                    let Some(reference) = settings.get(key) else { continue };
                    let part = |key: &str| reference.get(key).and_then(|n| object.file.text_of(n)).unwrap_or_default();
                    let name = format!("{}/{}", part("name"), part("key"));
                    job.stored(&name, reference.span, Via::input("artifact", key, provider));
                }
            }
        }
    }
}
