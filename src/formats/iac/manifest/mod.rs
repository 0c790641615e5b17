//! Kubernetes objects, whoever's they are: one reader goes over the documents of a file and hands each object to those that
//! know its kind.
//!
//! Objects: <https://kubernetes.io/docs/concepts/overview/working-with-objects/>.

mod account;
mod argo_workflows;
pub(super) mod argocd;
mod file;
mod generated;
pub mod live;
mod object;
mod pod;
mod powers;
mod rbac;
mod secret;
mod tekton;
mod workload;

use file::{File, Sink};
use object::Object;

use super::template;
use crate::doc::line_and_column;
use crate::formats::{HEAD, Input, Out, ReadNotice, client};
use crate::model::{NoticeKind, RepoPath};

/// Whether a file's name lets it hold objects: YAML, JSON, templates of either, or no extension at all.
pub(super) fn may_hold(path: &RepoPath) -> bool {
    let name = path.file_name();
    let ends = [&b".yaml"[..], b".yml", b".json", b".tpl", b".tmpl", b".gotmpl", b".j2", b".template"];
    let named = !name.contains(&b'.') || name == b"<stdin>" || ends.iter().any(|end| name.ends_with(end));
    // A client's configuration looks like an object and is none.
    named && client::by_name(path).is_none()
}

/// The API groups of the objects in a head, each once, in order; empty when there is no object, and for what a cluster gave
/// out, which is read as such.
pub(super) fn groups(head: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let mut kind = false;
    if memchr::memmem::find(head.as_bytes(), b"apiVersion").is_none() || is_live(head) {
        return groups;
    }
    let json = head.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    for line in head.trim_start_matches('\u{feff}').split(['\n', ',']) {
        let line = if json { line.trim_start_matches(['{', '[', ' ', '\t', '\n', '\r']) } else { line };
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim_end().trim_matches(['"', '\'']) {
            "apiVersion" => {
                let core = value.strip_prefix('v').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
                let group = value.split_once('/').map_or("", |(group, _)| group);
                if (core || !group.is_empty()) && !groups.contains(&group) {
                    groups.push(group);
                }
            }
            "kind" => kind = true,
            _ => {}
        }
    }
    if !kind {
        groups.clear();
    }
    groups
}

/// Whether a head is that of what a cluster gave out: it has the fields that only an API server sets, the id above all
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#uids>), or the order of keys in which `kubectl`
/// prints a list, whose first object may be longer than the head.
pub fn is_live(head: &str) -> bool {
    let body = head.trim_start_matches('\u{feff}').trim_start();
    if memchr::memmem::find(body.as_bytes(), b"apiVersion").is_none()
        || memchr::memmem::find(body.as_bytes(), b"kind").is_none()
    {
        return false;
    }
    let cut = head.len() + 4 > HEAD;
    if body.starts_with(['{', '[']) {
        let value = |key: &str| {
            let found = body.match_indices(key).filter_map(|(at, _)| body.get(at + key.len()..));
            found.filter_map(|rest| rest.trim_start().strip_prefix(':')).any(|rest| rest.trim_start().starts_with('"'))
        };
        let start: String = body.chars().take(200).filter(|c| !c.is_whitespace()).collect();
        let list = start.starts_with("{\"apiVersion\":\"v1\",\"items\":[");
        let uid = value("\"uid\"");
        let (made, version) = (value("\"creationTimestamp\""), value("\"resourceVersion\""));
        return uid && (made || version) || list && (uid || made || cut);
    }
    let value = |key: &str| {
        let lines = body.lines().map(|line| line.trim_start_matches(['-', ' ']));
        let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        values.any(|value| !matches!(value.trim(), "" | "null" | "\"\"") && !value.contains("{{"))
    };
    let list = body.starts_with("apiVersion: v1\nitems:\n") || body.starts_with("apiVersion: v1\r\nitems:\r\n");
    let uid = value("uid");
    let made = value("creationTimestamp");
    uid && (made || value("resourceVersion")) || list && (uid || made || cut)
}

/// Reads every object of a file.
pub(super) fn read(input: &Input<'_>, out: &mut Out<'_>) {
    let (pieces, error) = template::load(input.text);
    if let Some(error) = error {
        let message = format!("is no valid Kubernetes manifest: {}", error.message);
        let (line, column) = (error.line, error.column);
        out.notice(ReadNotice { kind: NoticeKind::Gap, code: "malformed", line, column, message });
    }
    let mut sink = Sink::new(out);
    for piece in &pieces {
        let Some(text) = input.text.get(piece.offset..piece.offset + piece.len) else { continue };
        sink.move_to(piece.offset);
        let objects = object::all(&piece.doc);
        let file = File::new(&Input { text, ..*input }, &objects);
        for root in objects {
            if sink.is_cut() {
                break;
            }
            if let Some(object) = Object::new(&file, root) {
                read_object(&object, &mut sink);
            }
        }
    }
    if sink.is_cut() {
        let (line, column) = line_and_column(input.text, 0);
        let message = "more than any manifest may have; the rest of the file was not read".to_owned();
        out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line, column, message });
    }
}

fn read_object(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let group = object.group();
    match (group, object.kind()) {
        ("" | "apps" | "batch" | "extensions" | "apps.openshift.io" | "serving.knative.dev", _)
            if workload::read(object, sink) => {}
        ("", "ServiceAccount") => account::read(object, sink),
        ("", "Secret") => secret::read(object, sink),
        ("", "ConfigMap") => argocd::config_map(object, sink),
        ("rbac.authorization.k8s.io" | "authorization.openshift.io", "Role" | "ClusterRole") => {
            rbac::role(object, sink)
        }
        ("rbac.authorization.k8s.io" | "authorization.openshift.io", "RoleBinding" | "ClusterRoleBinding") => {
            rbac::binding(object, sink);
        }
        ("tekton.dev", _) => tekton::read(object, sink),
        ("argoproj.io", "AppProject" | "Application" | "ApplicationSet") => argocd::read(object, sink),
        ("argoproj.io", "Rollout") => {
            workload::read(object, sink);
        }
        ("argoproj.io", _) => argo_workflows::read(object, sink),
        ("external-secrets.io" | "bitnami.com" | "secrets-store.csi.x-k8s.io" | "kubernetes-client.io", _) => {
            generated::read(object, sink);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_yaml_and_json() {
        assert_eq!(groups("apiVersion: v1\nkind: Pod\n"), [""]);
        assert_eq!(groups("# c\r\nkind: Task\r\napiVersion: tekton.dev/v1\r\n"), ["tekton.dev"]);
        assert_eq!(groups("{\n  \"apiVersion\": \"apps/v1\",\n  \"kind\": \"Deployment\"}"), ["apps"]);
        assert_eq!(groups("{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}"), [""]);
        assert!(groups("apiVersion: v2\nname: chart\n").is_empty());
        assert!(groups("spec:\n  apiVersion: v1\n  kind: x\n").is_empty());
    }

    #[test]
    fn what_a_cluster_gave_out_is_told_by_the_fields_that_it_sets() {
        let yaml = "apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: \"2026-01-02T03:04:05Z\"\n  name: a\n";
        assert!(is_live(&format!("{yaml}  uid: 0f0e0d0c-0000-4000-8000-000000000000\n")));
        assert!(!is_live(yaml));
        assert!(!is_live(&format!("{yaml}  uid: {{{{ .Values.uid }}}}\n")));
        assert!(!is_live("apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: null\n  name: a\n"));
        let raw = "{\"kind\":\"SecretList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"metadata\":{\"uid\":";
        assert!(is_live(&format!("{raw}\"0f0e\"}}}}]}}")));
        assert!(!is_live(&format!("{raw}null}}}}]}}")));
        let list = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n            \"kind\": \"Secret\", \"data\": \"";
        assert!(!is_live(list), "a short one would show its ids");
        assert!(is_live(&format!("{list}{}", "A".repeat(HEAD - list.len()))));
    }
}
