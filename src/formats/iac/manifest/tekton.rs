//! Tekton's tasks, pipelines and their runs.
//!
//! <https://tekton.dev/docs/pipelines/tasks/>, <https://tekton.dev/docs/pipelines/auth/>.

use super::file::Sink;
use super::object::Object;
use super::pod;
use super::workload::FEDERATES;
use crate::doc::Node;
use crate::formats::workload::Workload;
use crate::model::{At, Human, IdentityFact, IdentityKind};

/// Reads an object of Tekton's that runs something or says what is run.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    if !matches!(object.kind(), "Task" | "ClusterTask" | "Pipeline" | "TaskRun" | "PipelineRun" | "StepAction") {
        return;
    }
    let Some(spec) = object.at(&["spec"]).filter(|spec| spec.is_mapping()) else { return };
    let mut identity = IdentityFact::new(object.key("tekton", "job"), IdentityKind::CiJob, "tekton", &object.title());
    identity.human = Human::No;
    identity.environment = object.environment();
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    let mut job = Workload::new(object.file.text(), identity, At::span(at), FEDERATES, sink.budget());
    if object.kind().ends_with("Run") {
        run_as(object, spec, &mut job);
    }
    let inner = ["pipelineSpec", "taskSpec"].iter().filter_map(|key| spec.get(key));
    for body in std::iter::once(spec).chain(inner) {
        steps(object, body, &mut job);
        tasks(object, body, &mut job);
    }
    if object.kind() == "StepAction" {
        step(object, spec, &mut job);
    }
    for workspace in spec.get("workspaces").map(Node::items).unwrap_or_default() {
        if let Some((node, name)) =
            workspace.at(&["secret", "secretName"]).and_then(|n| Some((n, object.file.text_of(n)?)))
        {
            job.stored(&name, node.span, crate::formats::workload::Via::input("workspace", "SECRET", ""));
        }
    }
    images(object, spec, &mut job);
    sink.workload(job);
}

/// Whom a run acts as; every step gets that account's secrets.
fn run_as(object: &Object<'_>, spec: &Node, job: &mut Workload<'_>) {
    let node = spec.at(&["taskRunTemplate", "serviceAccountName"]).or_else(|| spec.get("serviceAccountName"));
    match node.and_then(|node| Some((node, object.file.text_of(node)?))) {
        Some((node, name)) => pod::runs_as(object, &name, node.span, None, job),
        None => pod::runs_as(object, "default", crate::model::Span::new(spec.span.start, spec.span.start), None, job),
    }
    for own in spec.get("taskRunSpecs").map(Node::items).unwrap_or_default() {
        let node = own.get("serviceAccountName").or_else(|| own.get("taskServiceAccountName"));
        if let Some((node, name)) = node.and_then(|node| Some((node, object.file.text_of(node)?))) {
            pod::runs_as(object, &name, node.span, None, job);
        }
    }
}

fn steps(object: &Object<'_>, body: &Node, job: &mut Workload<'_>) {
    if let Some(template) = body.get("stepTemplate") {
        pod::credentials(object, template, job);
        pod::security(template, job);
    }
    for container in ["steps", "sidecars"].iter().filter_map(|key| body.get(key)).flat_map(Node::items) {
        step(object, container, job);
    }
    for volume in body.get("volumes").map(Node::items).unwrap_or_default() {
        if let Some((node, name)) =
            volume.at(&["secret", "secretName"]).and_then(|n| Some((n, object.file.text_of(n)?)))
        {
            job.stored(&name, node.span, crate::formats::workload::Via::input("secret volume", "SECRET", ""));
        }
    }
}

fn step(object: &Object<'_>, step: &Node, job: &mut Workload<'_>) {
    pod::credentials(object, step, job);
    pod::security(step, job);
    if let Some(script) = step.get("script") {
        pod::script(script, job, object.file.text());
    }
}

/// Tasks of a pipeline: those written into it, and those of others.
fn tasks(object: &Object<'_>, body: &Node, job: &mut Workload<'_>) {
    for task in ["tasks", "finally"].iter().filter_map(|key| body.get(key)).flat_map(Node::items) {
        if let Some(inner) = task.get("taskSpec") {
            steps(object, inner, job);
        }
    }
}

/// What comes from elsewhere, once all credentials are known: images, and tasks by a resolver
/// (<https://tekton.dev/docs/pipelines/resolution-getting-started/>).
fn images(object: &Object<'_>, spec: &Node, job: &mut Workload<'_>) {
    let mut found = Vec::new();
    spec.walk(&mut |node| {
        if node.get("image").is_some() || node.get("resolver").is_some() || node.get("bundle").is_some() {
            found.push(node);
        }
    });
    for node in found.into_iter().take(2_000) {
        // Parameters (`$(params.image)`) are filled in by whoever runs it; the builder leaves them out.
        pod::image(object, node, job);
        if let Some(bundle) = node.get("bundle").filter(|b| !object.file.is_templated(b)) {
            job.image(bundle.as_str().unwrap_or_default(), false, bundle.span);
        }
        let Some(resolver) = node.get("resolver").and_then(Node::as_str) else { continue };
        let parameter = |name: &str| {
            let all = node.get("params").map(Node::items).unwrap_or_default();
            all.iter().find(|p| p.get("name").and_then(Node::as_str) == Some(name))?.get("value")?.scalar()
        };
        match resolver {
            "git" => {
                let url = parameter("url").or_else(|| parameter("repo")).unwrap_or_default();
                let version = parameter("revision").unwrap_or_default();
                let pinned = is_commit(&version);
                if !url.is_empty() && !url.contains('$') {
                    job.third_party(&url, &version, pinned, false, node.span);
                }
            }
            "bundles" => job.image(&parameter("bundle").unwrap_or_default(), false, node.span),
            "hub" => {
                let name = parameter("name").unwrap_or_default();
                let version = parameter("version").unwrap_or_default();
                // A version of the hub is a directory of a repository, which its owner may change.
                if !name.is_empty() && !name.contains('$') {
                    job.third_party(&format!("hub {name}"), &version, false, false, node.span);
                }
            }
            _ => {}
        }
    }
}

/// Whether a revision is a full commit id, which names one content for ever.
pub(super) fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|b| b.is_ascii_hexdigit())
}
