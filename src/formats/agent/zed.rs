//! Zed's settings, as far as they concern agents: `context_servers`, and tools that are called without asking.
//!
//! <https://zed.dev/docs/ai/mcp>, <https://zed.dev/docs/ai/agent-settings>.

use super::holder::Holder;
use super::host::{self, ZED};
use super::server;
use crate::doc::Doc;
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, setting};

/// The format.
pub const FORMAT: Format =
    Format { id: "zed", name: "Zed settings", command: "", syntax: Syntax::Json, claims, read, stream: None };

fn claims(path: &RepoPath, _: &str) -> bool {
    host::ends(path, ".zed/settings.json") || host::ends(path, "zed/settings.json")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(servers) = root.get("context_servers") {
        for (key, server) in servers.entries() {
            // An extension's server has settings and no command of its own.
            if let Some(settings) = server.get("settings").filter(|_| !server::is_server(server))
                && let Some(name) = key.as_str()
            {
                let mut holder = Holder::server(input, ZED, name, key.span, budget);
                for (field, node) in settings.entries() {
                    if let (Some(field), Some(text)) = (field.as_str(), node.scalar()) {
                        holder.slot(field, &format!("setting {field}"), &text, node.inner);
                    }
                }
                holder.note("transport", "extension");
                budget = holder.finish(out);
            }
        }
        budget = server::read_all(input, ZED, servers, &[], "", budget, out);
    }
    let always = root.at(&["agent", "always_allow_tool_actions"]).filter(|n| n.as_bool() == Some(true));
    let default = root.at(&["agent", "tool_permissions", "default"]).filter(|n| n.as_str() == Some("allow"));
    if let Some(node) = always.or(default).filter(|_| budget > 0) {
        let option = if always.is_some() { "always_allow_tool_actions" } else { "tool_permissions.default" };
        let mut holder = Holder::agent(input, ZED, node.span, budget);
        holder.approved("*", option, node.inner);
        holder.workload().setting(setting::AGENT_AUTO_APPROVE, &format!("every tool, by {option}"), node.inner);
        holder.finish(out);
    }
}
