//! opencode's configuration: tool servers under `mcp`, keys of model providers.
//!
//! <https://opencode.ai/docs/config>, <https://opencode.ai/docs/mcp-servers>, <https://opencode.ai/docs/providers>.

use super::holder::Holder;
use super::host::OPENCODE;
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "opencode",
    name: "opencode configuration",
    command: "",
    syntax: Syntax::Json,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, _: &str) -> bool {
    matches!(path.file_name(), b"opencode.json" | b"opencode.jsonc" | b".opencode.json")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    for servers in [root.get("mcp"), root.get("mcpServers")].into_iter().flatten() {
        budget = server::read_all(input, OPENCODE, servers, &[], "", budget, out);
    }
    if budget == 0 {
        return;
    }
    let mut holder = Holder::agent(input, OPENCODE, root.span, budget);
    for field in ["provider", "providers"] {
        for (key, provider) in root.get(field).map(Node::entries).unwrap_or_default() {
            let id = key.as_str().unwrap_or_default();
            let options = provider.get("options");
            let keys = [options.and_then(|o| o.get("apiKey")), provider.get("apiKey")];
            for node in keys.into_iter().flatten() {
                if let Some(text) = node.as_str() {
                    holder.slot(&format!("{id}_API_KEY"), &format!("provider {id}"), text, node.inner);
                }
            }
            for (header, node) in options.and_then(|o| o.get("headers")).map(Node::entries).unwrap_or_default() {
                if let (Some(header), Some(text)) = (header.as_str(), node.as_str()) {
                    holder.slot(header, &format!("header {header} of {id}"), text, node.inner);
                }
            }
        }
    }
    if holder.holds() {
        holder.finish(out);
    }
}
