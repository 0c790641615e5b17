//! Kubernetes manifests and templates of them, exports of `kubectl` too: workloads, service accounts, rights and secrets.

use super::manifest;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "kubernetes",
    name: "Kubernetes manifest",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Kinds of configurations that programs read from a file and no cluster ever sees.
const FILES: &[&str] = &["skaffold", "kind.x-k8s.io", "k3d.io", "backstage.io", "ctlptl.dev", "score.dev"];

fn claims(path: &RepoPath, head: &str) -> bool {
    if !manifest::may_hold(path) {
        return false;
    }
    let groups = manifest::groups(head);
    // A client's configuration is of the core group, but is no object.
    if groups == [""]
        && ["kind: Config\n", "kind: Config\r", "\"kind\": \"Config\"", "\"kind\":\"Config\""]
            .iter()
            .any(|kind| head.contains(kind))
    {
        return false;
    }
    !groups.is_empty() && !groups.iter().all(|group| FILES.contains(group))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    manifest::read(input, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_told_by_their_heads() {
        let pod = "apiVersion: v1\nkind: Pod\n";
        assert!(claims(&RepoPath::from("k8s/pod.yaml"), pod));
        assert!(claims(&RepoPath::from("chart/templates/x.tpl"), &format!("{{{{- if .Values.a }}}}\n{pod}")));
        assert!(!claims(&RepoPath::from("src/x.go"), pod));
        assert!(!claims(&RepoPath::from("skaffold.yaml"), "apiVersion: skaffold/v4\nkind: Config\n"));
    }
}
