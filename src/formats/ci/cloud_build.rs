//! Builds of Google Cloud Build: every step has the build's service account, and the secrets that it names.
//!
//! Syntax: <https://docs.cloud.google.com/build/docs/build-config-file-schema>; secrets:
//! <https://docs.cloud.google.com/build/docs/securing-builds/use-secrets>.

use super::containers::{malformed, over};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Span};

/// The format.
pub const FORMAT: Format = Format {
    id: "cloud-build",
    name: "Google Cloud Build configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// The build's service account stands in for stored keys of Google Cloud.
const FEDERATES: &[&str] = &["gcp"];

/// Images of Google's that run as steps.
const OWN_IMAGES: &[&str] = &["gcr.io/cloud-builders/", "gcr.io/google.com/cloudsdktool/", "gcr.io/k8s-skaffold/"];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let ends = [&b".yml"[..], b".yaml", b".json"].iter().any(|end| name.ends_with(end));
    ends && (name.starts_with(b"cloudbuild") || is_build(head))
}

/// `steps:` at the left margin with a builder's image, which nothing else runs.
fn is_build(head: &str) -> bool {
    memchr::memmem::find(head.as_bytes(), b"gcr.io/cloud-builders/").is_some()
        && head.lines().any(|line| line.trim_end() == "steps:")
        && !head.contains("apiVersion:")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let Some((key, steps)) = root.entry("steps") else { return };
    let Kind::Sequence(steps) = &steps.kind else {
        malformed(input, key.span, "steps are a list", out);
        return;
    };
    let path = input.path.display();
    let id = format!("{}/{path}#build", input.repository.unwrap_or_default());
    let file = path.rsplit('/').next().unwrap_or_default();
    let id = IdentityKey::new("cloud-build", "job", &id);
    let mut identity = IdentityFact::new(id, IdentityKind::CiJob, "gcp", file);
    identity.human = Human::No;
    let mut job = Workload::new(input.text, identity, At::span(key.span), FEDERATES, BUDGET);
    let account = root.get("serviceAccount").and_then(Node::scalar);
    let account = account.as_deref().and_then(|account| account.rsplit('/').next()).filter(|a| !a.contains('$'));
    let place = root.get("serviceAccount").map_or(key.span, |node| node.span);
    job.instance("gcp", account, place, if account.is_some() { "serviceAccount" } else { "default service account" });
    job.note("service_account", account.unwrap_or_default());
    let kept = kept(root);
    variables(&mut job, root.get("options"), &kept);
    for (name, value) in root.get("substitutions").map(Node::entries).unwrap_or_default() {
        let Some(name) = name.as_str() else { continue };
        job.bind(name);
        job.literal(value, Via::variable(name.trim_start_matches('_')));
    }
    for step in steps {
        variables(&mut job, Some(step), &kept);
        if let Some(script) = step.get("script") {
            job.script(script);
        }
        // `args: ['-c', '…']` of a shell.
        let arguments = step.get("args").map(Node::one_or_many).unwrap_or_default();
        let shell = arguments.iter().position(|a| a.as_str().is_some_and(|a| a.starts_with('-') && a.ends_with('c')));
        let entry = step.get("entrypoint").and_then(Node::as_str).unwrap_or_default();
        if let Some(script) = shell.filter(|_| entry.ends_with("sh")).and_then(|at| arguments.get(at + 1)) {
            job.script(script);
        }
    }
    for step in steps {
        if let Some(name) = step.get("name") {
            let image = name.scalar().unwrap_or_default();
            job.image(&image, OWN_IMAGES.iter().any(|own| image.starts_with(own)), name.span);
        }
    }
    if job.finish(out) == 0 {
        over(input, key.span, out);
    }
}

/// Variables that secrets fill, with the secrets' names and whether they are in Secret Manager.
fn kept(root: &Node) -> Vec<(String, String, Span, &'static str)> {
    let mut found = Vec::new();
    for secret in root.at(&["availableSecrets", "secretManager"]).map(Node::items).unwrap_or_default() {
        let (Some(name), Some(env)) = (secret.get("versionName"), secret.get("env").and_then(Node::scalar)) else {
            continue;
        };
        // `projects/P/secrets/NAME/versions/latest`.
        let full = name.scalar().unwrap_or_default();
        let short = full.split("/secrets/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(&full).to_owned();
        found.push((env, short, name.span, "secretManager"));
    }
    let inline = root.at(&["availableSecrets", "inline"]).map(Node::items).unwrap_or_default();
    let old = root.get("secrets").map(Node::items).unwrap_or_default();
    for (secret, map) in inline.iter().map(|s| (s, "envMap")).chain(old.iter().map(|s| (s, "secretEnv"))) {
        for (name, value) in secret.get(map).map(Node::entries).unwrap_or_default() {
            if let Some(name) = name.scalar() {
                found.push((name.clone(), name, value.span, "kms"));
            }
        }
    }
    found
}

/// `env` and `secretEnv` of a step or of the options.
fn variables(job: &mut Workload<'_>, node: Option<&Node>, kept: &[(String, String, Span, &'static str)]) {
    let Some(node) = node else { return };
    for item in node.get("env").map(Node::items).unwrap_or_default() {
        let Some((name, value)) = item.as_str().and_then(|text| text.split_once('=')) else { continue };
        job.bind(name);
        let value = Node { kind: Kind::String(value.to_owned()), ..item.clone() };
        job.literal(&value, Via::variable(name));
    }
    for item in node.get("secretEnv").map(Node::one_or_many).unwrap_or_default() {
        let Some(variable) = item.as_str() else { continue };
        job.bind(variable);
        let secret = kept.iter().find(|(env, ..)| env == variable);
        let (name, mechanism) = secret.map_or((variable, "secretEnv"), |(_, name, _, how)| (name.as_str(), *how));
        job.stored(name, item.span, Via { mechanism, ..Via::variable(variable) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_claimed_by_name_or_by_a_builder() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim("cloudbuild.yaml", "") && claim("ci/cloudbuild-prod.json", ""));
        assert!(claim("ci/x.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n"));
        assert!(!claim("x.yaml", "steps:\n- name: alpine\n") && !claim("cloudbuild.md", ""));
    }
}
