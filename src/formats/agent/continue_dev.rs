//! Continue's configuration: keys of models, and tool servers.
//!
//! <https://docs.continue.dev/reference>, <https://docs.continue.dev/customize/deep-dives/mcp>.

use super::holder::Holder;
use super::host::{self, CONTINUE};
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "continue",
    name: "Continue configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, _: &str) -> bool {
    if memchr::memmem::find(path.as_bytes(), b".continue").is_none() {
        return false;
    }
    [".continue/config.yaml", ".continue/config.yml", ".continue/config.json", ".continuerc.json"]
        .iter()
        .any(|end| host::ends(path, end))
        || [".continue/mcpServers", ".continue/models", ".continue/assistants", ".continue/agents"]
            .iter()
            .any(|dir| [".yaml", ".yml", ".json"].iter().any(|end| host::is_in(path, dir, end)))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let mut budget = BUDGET;
    for root in &doc.roots {
        let servers = [root.get("mcpServers"), root.at(&["experimental", "modelContextProtocolServers"])];
        for servers in servers.into_iter().flatten() {
            budget = server::read_all(input, CONTINUE, servers, &[], "", budget, out);
        }
        if budget == 0 {
            return;
        }
        let at = root.entries().first().map_or(root.span, |(key, _)| key.span);
        let mut holder = Holder::agent(input, CONTINUE, at, budget);
        let models = root.get("models").map(Node::items).unwrap_or_default();
        let others = [root.get("tabAutocompleteModel"), root.get("embeddingsProvider"), root.get("reranker")];
        for model in models.iter().chain(others.into_iter().flatten()).take(1000) {
            let provider = model.get("provider").and_then(Node::as_str).unwrap_or("model");
            if let Some(node) = model.get("apiKey")
                && let Some(text) = node.as_str()
            {
                holder.slot(&format!("{provider}_API_KEY"), "apiKey", text, node.inner);
            }
        }
        for (key, node) in root.get("env").map(Node::entries).unwrap_or_default() {
            if let (Some(name), Some(text)) = (key.as_str(), node.scalar()) {
                holder.slot(name, name, &text, node.inner);
            }
        }
        if holder.holds() {
            budget = holder.finish(out);
        }
    }
}
