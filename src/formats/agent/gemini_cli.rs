//! Settings of Gemini CLI, and of Qwen Code and iFlow, which were made of it.
//!
//! <https://geminicli.com/docs/cli/configuration>, <https://geminicli.com/docs/tools/mcp-server>.

use super::holder::Holder;
use super::host::{self, GEMINI};
use super::server;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "gemini-cli",
    name: "Gemini CLI settings",
    command: "",
    syntax: Syntax::Json,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, _: &str) -> bool {
    [".gemini/settings.json", ".qwen/settings.json", ".iflow/settings.json", "gemini-cli/settings.json"]
        .iter()
        .any(|end| host::ends(path, end))
}

/// Names of the tool that runs a shell.
const SHELLS: &[&str] = &["run_shell_command", "ShellTool"];

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(servers) = root.get("mcpServers") {
        budget = server::read_all(input, GEMINI, servers, &[], "", budget, out);
    }
    if budget == 0 {
        return;
    }
    let mut holder = Holder::agent(input, GEMINI, root.span, budget);
    for node in [root.get("apiKey"), root.at(&["security", "auth", "apiKey"])].into_iter().flatten() {
        if let Some(text) = node.as_str() {
            holder.slot("GEMINI_API_KEY", "apiKey", text, node.inner);
        }
    }
    for (key, node) in root.get("env").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(text)) = (key.as_str(), node.scalar()) {
            holder.slot(name, name, &text, node.inner);
        }
    }
    let mut wide = false;
    // Tools that are called without asking; `run_shell_command` without a command is every command.
    let lists = [root.at(&["tools", "allowed"]), root.get("allowedTools")];
    for node in lists.into_iter().flatten().flat_map(Node::items).take(500) {
        let Some(tool) = node.as_str() else { continue };
        holder.approved(tool, "tools.allowed", node.inner);
        if SHELLS.contains(&tool) {
            wide = true;
            let what = format!("every command, by the tool {tool}");
            holder.workload().setting(setting::AGENT_AUTO_APPROVE, &what, node.inner);
        }
    }
    if wide || holder.holds() {
        holder.finish(out);
    }
}
