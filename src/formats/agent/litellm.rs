//! LiteLLM's proxy: keys of models, the master key that administers the proxy, its database, its tool servers.
//!
//! <https://docs.litellm.ai/docs/proxy/configs>, <https://docs.litellm.ai/docs/proxy/config_settings>,
//! <https://docs.litellm.ai/docs/mcp>.

use super::address;
use super::holder::Holder;
use super::host::LITELLM;
use super::server;
use super::value::Value;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "litellm",
    name: "LiteLLM proxy configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let yaml = name.ends_with(b".yaml") || name.ends_with(b".yml");
    yaml && memchr::memmem::find(head.as_bytes(), b"litellm_").is_some()
        && head.lines().any(|line| {
            ["model_list:", "litellm_settings:", "general_settings:"].iter().any(|key| line.starts_with(key))
        })
}

/// Parameters of a model that hold a credential.
const KEYS: &[&str] = &[
    "api_key",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_ad_token",
    "client_secret",
    "vertex_credentials",
];

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(servers) = root.get("mcp_servers") {
        budget = server::read_all(input, LITELLM, servers, &[], "", budget, out);
    }
    let Some((at, _)) = root.entries().first().filter(|_| budget > 0) else { return };
    let mut holder = Holder::agent(input, LITELLM, at.span, budget);
    for model in root.get("model_list").map(Node::items).unwrap_or_default() {
        if let Some(parameters) = model.get("litellm_params") {
            of_model(&mut holder, parameters);
        }
    }
    if let Some(defaults) = root.at(&["litellm_settings"]) {
        of_model(&mut holder, defaults);
    }
    master(&mut holder, root);
    for path in [
        &["general_settings", "database_url"][..],
        &["litellm_settings", "cache_params", "password"],
        &["router_settings", "redis_password"],
    ] {
        if let Some(node) = root.at(path)
            && let Some(text) = node.scalar()
        {
            let name = if path.ends_with(&["database_url"]) { "DATABASE_PASSWORD" } else { "REDIS_PASSWORD" };
            holder.slot(name, path.last().copied().unwrap_or_default(), &text, node.inner);
        }
    }
    for (key, node) in root.get("environment_variables").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(text)) = (key.as_str(), node.scalar()) {
            holder.slot(name, name, &text, node.inner);
        }
    }
    if holder.holds() {
        holder.finish(out);
    }
}

fn of_model(holder: &mut Holder<'_>, parameters: &Node) {
    let model = parameters.get("model").and_then(Node::as_str).unwrap_or_default();
    let provider = model.split_once('/').map_or("", |(provider, _)| provider);
    // What answers on the machine itself takes any key.
    let base = parameters.get("api_base").and_then(Node::as_str).and_then(address::web);
    let near = base.is_some_and(|base| address::is_near(&base.host) || address::is_private(&base.host));
    for field in KEYS {
        let Some(node) = parameters.get(field) else { continue };
        let Some(text) = node.scalar() else { continue };
        let name = if *field == "api_key" { format!("{provider}_API_KEY") } else { (*field).to_owned() };
        let refers = text.contains("os.environ/") || text.contains("${");
        if !near || refers {
            holder.slot(&name, field, &text, node.inner);
        }
    }
}

/// The key that administers the proxy. A short one works as well as a long one, the one of the documentation too.
fn master(holder: &mut Holder<'_>, root: &Node) {
    let Some(node) = root.at(&["general_settings", "master_key"]) else { return };
    let Some(text) = node.scalar().filter(|text| !text.trim().is_empty()) else { return };
    let found = super::value::read("LITELLM_MASTER_KEY", &text, false);
    let asks =
        ["<", "your", "...", "xxx", "change", "replace"].iter().any(|ask| text.to_ascii_lowercase().contains(ask));
    let found = if found == Value::StandIn && !asks { Value::Literal } else { found };
    holder.take("LITELLM_MASTER_KEY", "master_key", "litellm", &found, node.inner);
}
