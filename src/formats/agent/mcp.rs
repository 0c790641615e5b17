//! Lists of tool servers in JSON, as most hosts write them: `.mcp.json`, `.cursor/mcp.json`, `.vscode/mcp.json`,
//! `claude_desktop_config.json` and their like.
//!
//! <https://code.claude.com/docs/en/mcp>, <https://cursor.com/docs/mcp>,
//! <https://code.visualstudio.com/docs/copilot/reference/mcp-configuration>,
//! <https://modelcontextprotocol.io/docs/develop/connect-local-servers>, <https://docs.windsurf.com/windsurf/cascade/mcp>,
//! <https://docs.roocode.com/features/mcp/using-mcp-in-roo>, <https://kiro.dev/docs/mcp/configuration/>,
//! <https://docs.aws.amazon.com/amazonq/latest/qdeveloper-ug/command-line-custom-agents-configuration.html>.

use super::holder::Holder;
use super::{host, server};
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "mcp-servers",
    name: "list of MCP servers",
    command: "",
    syntax: Syntax::Json,
    claims,
    read,
    stream: None,
};

/// Keys that hold the servers.
const KEYS: &[&str] = &["mcpServers", "servers", "mcp_servers", "context_servers"];

fn claims(path: &RepoPath, head: &str) -> bool {
    let json = [&b".json"[..], b".jsonc", b".json5"].iter().any(|end| path.as_bytes().ends_with(end));
    json && (host::by_path(path).is_some() || lists_servers(head))
}

/// `"mcpServers": {`, and below it something that runs or an address.
fn lists_servers(head: &str) -> bool {
    let Some(at) = memchr::memmem::find(head.as_bytes(), b"\"mcpServers\"") else { return false };
    let rest = head.get(at + 12..).unwrap_or_default().trim_start();
    let opens = rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('{'));
    let key = |name: &str| {
        memchr::memmem::find_iter(rest.as_bytes(), name.as_bytes())
            .any(|at| rest.get(at + name.len()..).is_some_and(|after| after.trim_start().starts_with(':')))
    };
    // A schema describes servers and declares none.
    opens
        && !head.contains("\"$defs\"")
        && ["\"command\"", "\"url\"", "\"httpUrl\"", "\"serverUrl\""].iter().any(|f| key(f))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let host = host::of(input.path);
    let inputs = root.get("inputs").map(Node::items).unwrap_or_default();
    let mut budget = BUDGET;
    let mut found = false;
    for servers in KEYS.iter().filter_map(|key| root.get(key)) {
        found = true;
        budget = server::read_all(input, host, servers, inputs, "", budget, out);
    }
    // A plugin's file may be the list itself.
    if !found && host::by_path(input.path).is_some() {
        budget = server::read_all(input, host, root, inputs, "", budget, out);
    }
    if let Some(tools) = root.get("allowedTools").filter(|_| budget > 0) {
        allowed(input, host, root, tools, budget, out);
    }
}

/// Tools that run a shell or write files, as Amazon Q and Kiro name them.
const SHELLS: &[&str] = &["execute_bash", "execute_cmd", "shell", "*"];

/// `allowedTools` of an agent: what it calls without asking.
fn allowed(input: &Input<'_>, host: host::Host, root: &Node, tools: &Node, budget: usize, out: &mut Out<'_>) {
    let mut holder = Holder::agent(input, host, root.span, budget);
    let mut any = false;
    for tool in tools.items().iter().take(500) {
        let Some(name) = tool.as_str() else { continue };
        holder.approved(name, "allowedTools", tool.inner);
        if SHELLS.contains(&name) {
            any = true;
            holder.workload().setting(setting::AGENT_AUTO_APPROVE, &format!("{name}, by allowedTools"), tool.inner);
        }
    }
    if any {
        holder.finish(out);
    }
}
