//! VS Code's settings, as far as they concern agents: tool servers under `mcp`, and what is approved without asking.
//!
//! <https://code.visualstudio.com/docs/copilot/reference/copilot-settings>,
//! <https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>, <https://docs.roocode.com/features/auto-approving-actions>.

use super::holder::Holder;
use super::host::{self, VS_CODE};
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "vscode-settings",
    name: "VS Code settings",
    command: "",
    syntax: Syntax::Json,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, head: &str) -> bool {
    let settings = host::ends(path, ".vscode/settings.json") || host::ends(path, "User/settings.json");
    // Most say nothing of agents.
    settings && ["\"mcp\"", "autoApprove", ".allowedCommands"].iter().any(|word| head.contains(word))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(mcp) = root.get("mcp") {
        let inputs = mcp.get("inputs").map(Node::items).unwrap_or_default();
        for servers in [mcp.get("servers"), mcp.get("mcpServers")].into_iter().flatten() {
            budget = server::read_all(input, VS_CODE, servers, inputs, "", budget, out);
        }
    }
    let mut wide: Vec<(String, &Node)> = Vec::new();
    for name in ["chat.tools.autoApprove", "chat.tools.global.autoApprove"] {
        if let Some(node) = root.get(name).filter(|n| n.as_bool() == Some(true)) {
            wide.push((format!("every tool, by {name}"), node));
        }
    }
    let terminal = "chat.tools.terminal.autoApprove";
    for (key, node) in root.get(terminal).map(Node::entries).unwrap_or_default() {
        // A pattern that any command matches.
        if matches!(key.as_str(), Some("/.*/" | "/.*/s" | "/^.*$/" | "/./")) && node.as_bool() == Some(true) {
            wide.push((format!("every command, by {terminal}"), node));
        }
    }
    for name in ["roo-cline.allowedCommands", "kilo-code.allowedCommands"] {
        for node in root.get(name).map(Node::items).unwrap_or_default().iter().filter(|n| n.as_str() == Some("*")) {
            wide.push((format!("every command, by {name}"), node));
        }
    }
    let Some((_, first)) = wide.first().filter(|_| budget > 0) else { return };
    let mut holder = Holder::agent(input, VS_CODE, first.span, budget);
    for (what, node) in wide {
        holder.approved("*", "settings", node.inner);
        holder.workload().setting(setting::AGENT_AUTO_APPROVE, &what, node.inner);
    }
    holder.finish(out);
}
