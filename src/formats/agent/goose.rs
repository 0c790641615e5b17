//! goose's configuration: extensions, which are tool servers, and keys that are kept in the file.
//!
//! <https://block.github.io/goose/docs/guides/config-file>.

use super::holder::Holder;
use super::host::{self, GOOSE};
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "goose", name: "goose configuration", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

fn claims(path: &RepoPath, _: &str) -> bool {
    ["goose/config.yaml", "goose/config/config.yaml", "goose/secrets.yaml"].iter().any(|end| host::ends(path, end))
        || host::ends(path, ".goose/config.yaml")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(extensions) = root.get("extensions") {
        budget = server::read_all(input, GOOSE, extensions, &[], "", budget, out);
    }
    if budget == 0 {
        return;
    }
    let at = root.entries().first().map_or(root.span, |(key, _)| key.span);
    let mut holder = Holder::agent(input, GOOSE, at, budget);
    // Settings of providers stand at the top: `OPENAI_API_KEY`, `DATABRICKS_TOKEN`.
    for (key, node) in root.entries() {
        if let (Some(name), Some(text)) = (key.as_str(), node.scalar()) {
            holder.slot(name, name, &text, node.inner);
        }
    }
    if let Some(mode) = root.get("GOOSE_MODE").and_then(Node::as_str) {
        holder.note("mode", mode);
    }
    if holder.holds() {
        holder.finish(out);
    }
}
