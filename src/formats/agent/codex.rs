//! Codex's configuration: its tool servers, its model providers, and whether it asks.
//!
//! <https://developers.openai.com/codex/config-reference/>, <https://developers.openai.com/codex/mcp>.

use super::holder::Holder;
use super::host::{self, CODEX};
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, setting};

/// The format.
pub const FORMAT: Format =
    Format { id: "codex", name: "Codex configuration", command: "", syntax: Syntax::Toml, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    let toml = path.file_name().ends_with(b".toml");
    toml && (host::ends(path, ".codex/config.toml")
        || head.contains("[mcp_servers.") && head.lines().any(|line| line.trim_start().starts_with("[mcp_servers.")))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(servers) = root.get("mcp_servers") {
        budget = server::read_all(input, CODEX, servers, &[], "", budget, out);
    }
    if budget == 0 {
        return;
    }
    let at = root.entries().first().map_or(root.span, |(key, _)| key.span);
    let mut holder = Holder::agent(input, CODEX, at, budget);
    for (key, provider) in root.get("model_providers").map(Node::entries).unwrap_or_default() {
        let name = key.as_str().unwrap_or_default();
        if let Some(node) = provider.get("env_key")
            && let Some(variable) = node.as_str()
        {
            holder.fetched(variable, variable, &format!("model provider {name}"), node.inner, &[]);
        }
        if let Some(node) = provider.get("experimental_bearer_token")
            && let Some(text) = node.as_str()
        {
            holder.slot("bearer_token", &format!("model provider {name}"), text, node.inner);
        }
        for (header, node) in provider.get("http_headers").map(Node::entries).unwrap_or_default() {
            if let (Some(header), Some(text)) = (header.as_str(), node.as_str()) {
                holder.slot(header, &format!("header {header} of {name}"), text, node.inner);
            }
        }
        for (header, node) in provider.get("env_http_headers").map(Node::entries).unwrap_or_default() {
            if let (Some(header), Some(variable)) = (header.as_str(), node.as_str()) {
                holder.fetched(variable, variable, &format!("header {header} of {name}"), node.inner, &[]);
            }
        }
    }
    for (key, node) in root.at(&["shell_environment_policy", "set"]).map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(text)) = (key.as_str(), node.as_str()) {
            holder.slot(name, name, text, node.inner);
        }
    }
    let mut wide = unasked(&mut holder, root, "");
    for (key, profile) in root.get("profiles").map(Node::entries).unwrap_or_default() {
        wide |= unasked(&mut holder, profile, &format!(" in profile {}", key.as_str().unwrap_or_default()));
    }
    if wide || holder.holds() {
        holder.finish(out);
    }
}

/// No sandbox and no question: everything that the user may do.
fn unasked(holder: &mut Holder<'_>, node: &Node, place: &str) -> bool {
    let sandbox = node.get("sandbox_mode").filter(|n| n.as_str() == Some("danger-full-access"));
    let never = node.get("approval_policy").is_some_and(|n| n.as_str() == Some("never"));
    let Some(sandbox) = sandbox.filter(|_| never) else { return false };
    let what = format!("everything, by danger-full-access and approval_policy never{place}");
    holder.approved("*", "approval_policy", sandbox.inner);
    holder.workload().setting(setting::AGENT_AUTO_APPROVE, &what, sandbox.inner);
    true
}
