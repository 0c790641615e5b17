//! Pipelines of Drone: each step is a container with secrets of its own.
//!
//! Syntax: <https://docs.drone.io/pipeline/docker/syntax/>; secrets: <https://docs.drone.io/secret/>. Up to version 0.8 steps
//! stood under `pipeline:` by name.

use super::containers::{Platform, Steps, malformed};
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "drone", name: "Drone pipeline", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

const DRONE: Platform = Platform { id: "drone", own_images: &["plugins/", "drone/", "drone-plugins/"] };

fn claims(path: &RepoPath, head: &str) -> bool {
    matches!(path.file_name(), b".drone.yml" | b".drone.yaml" | b"drone.yml" | b"drone.yaml") || is_pipeline(head)
}

/// `kind: pipeline` and `steps:` at the left margin, which nothing else has together.
fn is_pipeline(head: &str) -> bool {
    memchr::memmem::find(head.as_bytes(), b"kind: pipeline").is_some()
        && head.lines().any(|line| line.trim_end() == "kind: pipeline")
        && head.lines().any(|line| line.trim_end() == "steps:")
        && !head.contains("apiVersion:")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let mut budget = BUDGET;
    for root in &doc.roots {
        if !root.is_mapping() {
            continue;
        }
        let kind = root.get("kind").and_then(Node::as_str);
        if kind.is_some_and(|kind| kind != "pipeline") {
            // Secrets are encrypted or lie elsewhere; signatures hold none.
            continue;
        }
        if let Some((key, steps)) = root.entry("steps")
            && steps.items().is_empty()
            && !steps.is_mapping()
        {
            malformed(input, key.span, "steps are a list", out);
        }
        let name = root.get("name").and_then(Node::as_str).unwrap_or_default();
        let event = root.at(&["trigger", "event"]);
        let events = event.map(|node| node.get("include").unwrap_or(node).one_or_many()).unwrap_or_default();
        let events: Vec<String> = events.iter().filter_map(Node::scalar).take(10).collect();
        let events = events.join(", ");
        let volume = |volume: &'_ Node| -> Option<(String, String)> {
            let path = volume.at(&["host", "path"])?.as_str()?;
            Some((volume.get("name")?.as_str()?.to_owned(), path.to_owned()))
        };
        let volumes: Vec<(String, String)> =
            root.get("volumes").map(Node::items).unwrap_or_default().iter().filter_map(volume).take(100).collect();
        let volumes = volumes.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect();
        let mut steps = Steps { platform: &DRONE, input, pipeline: name, events: &events, volumes, budget };
        steps.read(root.get("steps"), false, out);
        steps.read(root.get("services"), true, out);
        if kind.is_none() {
            steps.read(root.get("pipeline"), false, out);
        }
        budget = steps.budget;
        if budget == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_claimed_by_name_or_by_their_kind() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim(".drone.yml", "") && claim("ci/x.yml", "kind: pipeline\nname: a\n\nsteps:\n- name: b\n"));
        assert!(!claim("x.yml", "kind: pipeline\n") && !claim("x.yml", "apiVersion: a/v1\nkind: pipeline\nsteps:\n"));
    }
}
