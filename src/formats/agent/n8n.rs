//! Workflows exported from n8n: the stored credentials that each uses, by name.
//!
//! <https://docs.n8n.io/workflows/export-import/>, <https://docs.n8n.io/credentials/>. A workflow holds names and ids of
//! credentials, never their values.

use super::holder::Holder;
use super::host::Host;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "n8n-workflow", name: "n8n workflow", command: "", syntax: Syntax::Json, claims, read, stream: None };

const N8N: Host = Host { id: "n8n", name: "n8n", bare: false };

fn claims(path: &RepoPath, head: &str) -> bool {
    let json = path.file_name().ends_with(b".json");
    json && memchr::memmem::find(head.as_bytes(), b"\"n8n-nodes-base.").is_some() && head.contains("\"nodes\"")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut holder = Holder::agent(input, N8N, root.span, BUDGET);
    if let Some(name) = root.get("name").and_then(Node::as_str) {
        holder.note("workflow", name);
    }
    for node in root.get("nodes").map(Node::items).unwrap_or_default() {
        for (kind, stored) in node.get("credentials").map(Node::entries).unwrap_or_default() {
            let (Some(kind), Some(name)) = (kind.as_str(), stored.get("name").unwrap_or(stored).as_str()) else {
                continue;
            };
            holder.fetched(kind, name, "n8n credential", stored.span, &[]);
        }
    }
    if holder.holds() {
        holder.finish(out);
    }
}
