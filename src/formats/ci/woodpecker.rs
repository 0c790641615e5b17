//! Workflows of Woodpecker: each step is a container with secrets of its own.
//!
//! Syntax: <https://woodpecker-ci.org/docs/usage/workflow-syntax>; secrets: <https://woodpecker-ci.org/docs/usage/secrets>. The
//! older `pipeline:` and `secrets: [name]` are read too.

use super::containers::{Platform, Steps, malformed};
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "woodpecker",
    name: "Woodpecker workflow",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

const WOODPECKER: Platform = Platform { id: "woodpecker", own_images: &["woodpeckerci/"] };

/// Woodpecker reads `.woodpecker.yml` and everything in `.woodpecker/`.
fn claims(path: &RepoPath, _: &str) -> bool {
    let name = path.file_name();
    if matches!(name, b".woodpecker.yml" | b".woodpecker.yaml") {
        return true;
    }
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    yaml && path.as_bytes().split(|b| *b == b'/').any(|part| part == b".woodpecker")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let mut events: Vec<String> = Vec::new();
    for when in root.get("when").map(Node::one_or_many).unwrap_or_default() {
        for event in when.get("event").map(Node::one_or_many).unwrap_or_default() {
            events.extend(event.scalar().filter(|event| events.len() < 10 && !events.contains(event)));
        }
    }
    if let Some((key, steps)) = root.entry("steps")
        && steps.items().is_empty()
        && !steps.is_mapping()
    {
        malformed(input, key.span, "steps are a list or a mapping", out);
    }
    let events = events.join(", ");
    // One file is one workflow, which is named after it.
    let mut steps =
        Steps { platform: &WOODPECKER, input, pipeline: "", events: &events, volumes: Vec::new(), budget: BUDGET };
    steps.read(root.get("steps").or(root.get("pipeline")), false, out);
    steps.read(root.get("services"), true, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_are_claimed_by_their_place() {
        let claim = |path: &str| claims(&RepoPath::from(path), "");
        assert!(claim(".woodpecker.yml") && claim(".woodpecker/a.yaml") && claim("x/.woodpecker/b/c.yml"));
        assert!(!claim("woodpecker/a.yml") && !claim(".woodpecker/readme.md"));
    }
}
