//! Apps of Dify, exported as its DSL: variables of the environment that are secret, and the headers and tools with which the
//! nodes log in.
//!
//! <https://docs.dify.ai/en/guides/management/app-management>; an export leaves secret variables empty unless it is asked to
//! include them: <https://docs.dify.ai/en/guides/workflow/variables#environment-variables>.

use super::holder::Holder;
use super::host::Host;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "dify-app", name: "Dify app", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

const DIFY: Host = Host { id: "dify", name: "Dify", bare: false };

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    let line = |wanted: &[&str]| head.lines().any(|line| wanted.contains(&line.trim_end()));
    let mode = || {
        head.lines()
            .filter_map(|line| line.trim().strip_prefix("mode:"))
            .any(|mode| ["workflow", "advanced-chat", "chat", "agent-chat", "completion"].contains(&mode.trim()))
    };
    yaml && head.contains("app:") && line(&["app:"]) && line(&["kind: app", "workflow:", "model_config:"]) && mode()
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut holder = Holder::agent(input, DIFY, root.span, BUDGET);
    if let Some(name) = root.at(&["app", "name"]).and_then(Node::as_str) {
        holder.note("workflow", name);
    }
    for variable in root.at(&["workflow", "environment_variables"]).map(Node::items).unwrap_or_default() {
        let text = |key: &str| variable.get(key).and_then(Node::as_str);
        let Some(name) = text("name") else { continue };
        let secret = text("value_type") == Some("secret");
        match variable.get("value").map(|node| (node, node.scalar().unwrap_or_default())) {
            Some((node, value)) if !value.is_empty() => {
                // What is marked as a secret is one under any name.
                let named = if secret { "secret_key" } else { name };
                holder.slot(named, &format!("environment.{name}"), &value, node.inner);
            }
            _ if secret => holder.fetched(name, name, "Dify secret variable", variable.span, &[]),
            _ => {}
        }
    }
    let nodes = root.at(&["workflow", "graph", "nodes"]).map(Node::items).unwrap_or_default();
    for data in nodes.iter().filter_map(|node| node.get("data")) {
        node(&mut holder, data);
    }
    for tool in root.at(&["model_config", "agent_mode", "tools"]).map(Node::items).unwrap_or_default() {
        node(&mut holder, tool);
    }
    if holder.holds() {
        holder.finish(out);
    }
}

/// What one node or tool logs in with.
fn node(holder: &mut Holder<'_>, data: &Node) {
    let title = data.get("title").or_else(|| data.get("tool_name")).and_then(Node::as_str).unwrap_or("node");
    if let Some(key) = data.at(&["authorization", "config", "api_key"])
        && let Some(text) = key.as_str()
    {
        match text.trim().strip_prefix("{{#env.").and_then(|rest| rest.strip_suffix("#}}")) {
            Some(name) => holder.fetched("api_key", name, &format!("{title}.authorization"), key.span, &[]),
            None => drop(holder.slot("api_key", &format!("{title}.authorization"), text, key.inner)),
        }
    }
    // One header or parameter a line: `Authorization: Bearer …`.
    if let Some(headers) = data.get("headers").filter(|headers| headers.as_str().is_some()) {
        for (name, value) in headers.as_str().unwrap_or_default().lines().filter_map(|line| line.split_once(':')) {
            let (name, value) = (name.trim(), value.trim());
            match value.split_once("{{#env.").and_then(|(_, rest)| rest.split_once("#}}")) {
                Some((variable, _)) => holder.fetched(name, variable, &format!("{title}.{name}"), headers.span, &[]),
                None if !value.contains("{{#") => {
                    drop(holder.slot(name, &format!("{title}.{name}"), value, headers.span))
                }
                None => {}
            }
        }
    }
    if let Some(id) = data.get("credential_id").filter(|id| id.as_str().is_some_and(|id| !id.is_empty())) {
        let provider = data.get("provider_name").or_else(|| data.get("provider_id")).and_then(Node::as_str);
        let name = format!("{} {}", provider.unwrap_or(title), id.as_str().unwrap_or_default());
        holder.fetched(title, &name, "Dify credential", id.span, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_are_told_from_other_yaml_with_an_app() {
        let claim = |head: &str| claims(&RepoPath::from("bot.yml"), head);
        assert!(claim("app:\n  mode: workflow\n  name: Bot\nkind: app\nversion: 0.1.5\nworkflow:\n"));
        assert!(!claim("app:\n  image: x\n  mode: production\nkind: app\n"));
        assert!(!claim("kind: app\nmode: chat\n"));
    }
}
