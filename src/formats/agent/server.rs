//! Tool servers as hosts declare them: a command with its arguments and variables, or an address with its headers.
//!
//! The protocol is <https://modelcontextprotocol.io/>; hosts agree on most names of the fields, and where they differ no name
//! means two things, so that one reader does for all.

use super::address;
use super::holder::{Holder, words};
use super::host::Host;
use super::package::{self, Word};
use super::scope;
use super::value::{self, Value};
use crate::doc::Node;
use crate::doc::line_and_column;
use crate::formats::{Input, Out, ReadNotice};
use crate::model::{EnvironmentClass, NoticeKind, Span, setting};

/// What a host asks its user for: VS Code's `inputs`.
pub(super) type Inputs<'n> = &'n [Node];

/// Reads the servers of a mapping from names to servers, or of a list of servers that have a name. Returns what is left of
/// the budget; 0 means that the rest was not read, which is said.
pub(super) fn read_all(
    input: &Input<'_>,
    host: Host,
    servers: &Node,
    inputs: Inputs<'_>,
    prefix: &str,
    mut budget: usize,
    out: &mut Out<'_>,
) -> usize {
    let named = servers.entries().iter().filter_map(|(key, server)| Some((key.scalar()?, key, server)));
    let listed = servers.items().iter().filter_map(|server| {
        let (_, name) = server.entry("name").or_else(|| server.entry("id"))?;
        Some((name.scalar()?, name, server))
    });
    for (name, at, server) in named.chain(listed) {
        if !is_server(server) {
            continue;
        }
        if budget == 0 {
            too_many(input, at, out);
            return 0;
        }
        let name: String = format!("{prefix}{name}").chars().take(200).collect();
        let holder = Holder::server(input, host, &name, at.span, budget);
        budget = read(holder, host, server, inputs, out);
    }
    budget
}

/// Says that a file was not read to its end.
pub(super) fn too_many(input: &Input<'_>, at: &Node, out: &mut Out<'_>) {
    let (line, column) = line_and_column(input.text, at.span.start);
    let message = "more credentials than any agent may have; the rest of the file was not read".to_owned();
    out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line, column, message });
}

/// Fields that say what a server runs or where it is.
const COMMANDS: &[&str] = &["command", "cmd"];
const ADDRESSES: &[&str] = &["url", "httpUrl", "serverUrl", "server_url", "uri", "endpoint", "baseUrl"];

/// Whether a mapping declares a server: it says what to run or whom to call.
pub(super) fn is_server(node: &Node) -> bool {
    let inner = node.get("transport").filter(|t| t.is_mapping());
    let has = |node: &Node| COMMANDS.iter().chain(ADDRESSES).any(|field| node.get(field).is_some());
    node.is_mapping() && (has(node) || inner.is_some_and(has))
}

fn first<'n>(node: &'n Node, fields: &[&str]) -> Option<&'n Node> {
    fields.iter().find_map(|field| node.get(field))
}

fn read(mut holder: Holder<'_>, host: Host, server: &Node, inputs: Inputs<'_>, out: &mut Out<'_>) -> usize {
    let nested = server.get("transport").filter(|t| t.is_mapping());
    let parts: Vec<&Node> = std::iter::once(server).chain(nested).collect();
    let off = server.get("disabled").and_then(Node::as_bool) == Some(true)
        || ["enabled", "isActive"].iter().any(|f| server.get(f).and_then(Node::as_bool) == Some(false));
    if off {
        holder.switch_off();
    }
    let mut command: Vec<Word> = Vec::new();
    for part in &parts {
        if let Some(node) = first(part, COMMANDS) {
            // Zed once wrote `command: {path, args, env}`.
            command.extend(node.get("path").map(words).unwrap_or_default());
            command.extend(words(node).into_iter().flat_map(package::split));
            command.extend(node.get("args").map(words).unwrap_or_default());
            variables(&mut holder, node, inputs);
        }
        command.extend(part.get("args").or_else(|| part.get("arguments")).map(words).unwrap_or_default());
        variables(&mut holder, part, inputs);
        headers(&mut holder, part, inputs);
        lists(&mut holder, part);
    }
    arguments(&mut holder, &command, inputs);
    let address =
        parts.iter().find_map(|part| first(part, ADDRESSES)).and_then(|node| Some((node.scalar()?, node.inner)));
    let transport = server.get("type").or_else(|| nested.and_then(|t| t.get("type"))).and_then(Node::scalar);
    let kind = transport.unwrap_or_else(|| if command.is_empty() { "http" } else { "stdio" }.to_owned());
    holder.note("transport", &kind);
    let mut facing = address.into_iter().collect::<Vec<_>>();
    if !command.is_empty() {
        facing.clear();
        // Bridges to remote servers: `mcp-remote https://…`.
        facing.extend(
            command.iter().filter(|w| address::web(&w.text).is_some()).map(|w| (w.text.clone(), w.span)).take(1),
        );
    }
    for (text, span) in &facing {
        remote(&mut holder, text, *span, command.is_empty());
    }
    run(&mut holder, &command);
    environment_of(&mut holder, &facing);
    approvals(&mut holder, host, server);
    if let Some(file) = first(server, &["envFile", "env_file"]).and_then(Node::scalar) {
        holder.note("env_file", &file);
    }
    holder.finish(out)
}

/// A value where a credential may stand, followed through what the host asks its user for.
fn slot(holder: &mut Holder<'_>, name: &str, mechanism: &str, node: &Node, inputs: Inputs<'_>) -> Value {
    let Some(text) = node.scalar() else { return Value::Empty };
    let found = holder.slot(name, mechanism, &text, node.inner);
    let Value::Reference(reference) = &found else { return found };
    let asked = inputs.iter().find(|i| i.get("id").and_then(Node::as_str) == Some(reference.as_str()));
    // What the host offers as a default stands in the file.
    if let Some(default) = asked.and_then(|i| i.get("default"))
        && let Some(text) = default.scalar()
        && value::read(name, &text, false) == Value::Literal
    {
        holder.take(name, &format!("default of {reference}"), "", &Value::Literal, default.inner);
    }
    found
}

/// `env` under its names in each host: a mapping, or docker's list of `NAME=value`.
fn variables(holder: &mut Holder<'_>, node: &Node, inputs: Inputs<'_>) {
    for field in ["env", "environment", "envs"] {
        let Some(env) = node.get(field) else { continue };
        for (key, value) in env.entries() {
            let (Some(name), Some(text)) = (key.as_str(), value.scalar()) else { continue };
            slot(holder, name, name, value, inputs);
            opened(holder, &text, value.inner);
        }
    }
}

/// What a connection string in a variable opens.
fn opened(holder: &mut Holder<'_>, text: &str, span: Span) {
    for reach in scope::of_text(text, span) {
        holder.workload().setting(reach.name, &reach.what, reach.span);
    }
}

fn headers(holder: &mut Holder<'_>, node: &Node, inputs: Inputs<'_>) {
    let options = node.get("requestOptions");
    for headers in
        ["headers", "http_headers"].iter().filter_map(|f| node.get(f)).chain(options.and_then(|o| o.get("headers")))
    {
        for (key, value) in headers.entries() {
            let Some(name) = key.as_str() else { continue };
            let mechanism = format!("header {name}");
            slot(holder, if is_auth(name) { "Authorization" } else { name }, &mechanism, value, inputs);
        }
    }
    // Names of variables, not values: Codex.
    for (key, value) in node.get("env_http_headers").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(from)) = (key.as_str(), value.as_str()) {
            holder.fetched(from, from, &format!("header {name}"), value.inner, &[]);
        }
    }
}

/// Headers that carry a credential under a name that does not say so.
fn is_auth(name: &str) -> bool {
    ["authorization", "proxy-authorization", "x-auth", "cookie", "x-goog-api-key"]
        .contains(&name.to_ascii_lowercase().as_str())
}

/// Codex's and goose's names of variables that are passed on.
fn lists(holder: &mut Holder<'_>, node: &Node) {
    for (field, what) in [("env_vars", "variable"), ("env_keys", "key ring")] {
        for item in node.get(field).map(Node::items).unwrap_or_default() {
            let name = item.get("name").unwrap_or(item).scalar().unwrap_or_default();
            if value::is_credential_name(&name) {
                holder.fetched(&name, &name, what, item.inner, &[]);
            }
        }
    }
    if let Some(node) = node.get("bearer_token_env_var")
        && let Some(name) = node.as_str()
    {
        holder.fetched(name, name, "bearer_token_env_var", node.inner, &[]);
    }
    // Codex refuses the first; the others are LiteLLM's.
    for field in ["bearer_token", "auth_value", "authentication_token"] {
        if let Some(node) = node.get(field) {
            let _ = slot(holder, "bearer_token", field, node, &[]);
        }
    }
}

/// Credentials among a command's arguments: `--api-key X`, `--header "Name: X"`, docker's `-e NAME=X`, logins.
fn arguments(holder: &mut Holder<'_>, command: &[Word], inputs: Inputs<'_>) {
    let docker = command.iter().take(4).any(|w| matches!(w.text.as_str(), "docker" | "podman"));
    let mut take = |name: &str, mechanism: &str, text: &str, span: Span| {
        let node = Node { span, inner: span, tag: None, kind: crate::doc::Kind::String(text.to_owned()) };
        slot(holder, name, mechanism, &node, inputs);
    };
    let mut passed: Vec<(&str, Span)> = Vec::new();
    for (i, word) in command.iter().enumerate() {
        let text = word.text.as_str();
        let before = i.checked_sub(1).and_then(|i| command.get(i)).map_or("", |w| w.text.as_str());
        if matches!(before, "--header" | "-H" | "--headers") {
            if let Some((name, value)) = text.split_once(':') {
                let name = name.trim();
                let said = if is_auth(name) { "Authorization" } else { name };
                take(said, &format!("header {name}"), value, word.span);
            }
            continue;
        }
        if docker && matches!(before, "-e" | "--env") {
            match text.split_once('=') {
                Some((name, value)) => take(name, name, value, word.span),
                None => passed.push((text, word.span)),
            }
            continue;
        }
        let flag = before.starts_with('-') && !before.contains('=');
        let named = |name: &str| !name.contains([' ', '/', ':', '?']) && !value::is_key_for_name(name);
        if let Some((name, value)) = text.split_once('=').filter(|(name, _)| named(name)) {
            let short = name.trim_start_matches('-');
            if address::login(value).is_some() || (value::is_credential_name(short) && !names_a_file(short)) {
                let mechanism = if name.starts_with('-') { format!("argument {name}") } else { short.to_owned() };
                take(short, &mechanism, value, word.span);
            }
        } else if flag && !text.starts_with('-') && value::is_credential_name(before.trim_start_matches('-')) {
            take(before.trim_start_matches('-'), &format!("argument {before}"), text, word.span);
        } else if address::login(text).is_some() {
            take("", "argument", text, word.span);
        }
    }
    // `-e NAME` without a value hands on the host's variable, which `env` beside it may set.
    for (name, span) in passed.into_iter().filter(|(name, _)| value::is_credential_name(name)) {
        if !holder.has(name) {
            holder.fetched(name, name, name, span, &[]);
        }
    }
}

fn names_a_file(option: &str) -> bool {
    let lower = option.to_ascii_lowercase();
    lower.ends_with("file") || lower.ends_with("path")
}

/// A server that answers at an address: its host as third party, what its query and path hold, and a login in the clear.
fn remote(holder: &mut Holder<'_>, text: &str, span: Span, itself: bool) {
    let Some(address) = address::web(text) else { return };
    if address::login(text).is_some() {
        holder.slot("password", "login in the address", text, span);
    }
    for (name, found) in &address.query {
        if value::is_credential_name(name) {
            holder.slot(name, &format!("query {name}"), found, span);
        }
    }
    // Zapier's addresses hold the key in the path: <https://help.zapier.com/hc/en-us/articles/36265392843917>.
    let key = address.path.split("/s/").nth(1).and_then(|rest| rest.split('/').next());
    if address.host == "mcp.zapier.com" && key.is_some_and(|key| key.len() >= 30 && !key.contains(['<', '{', '$'])) {
        holder.take("zapier_key", "path of the address", "zapier", &Value::Literal, span);
    }
    if holder.holds() && address.plain && !address::is_near(&address.host) {
        holder.workload().setting(setting::PLAIN_HTTP, &address.host, span);
    }
    holder.note("address", &format!("{}://{}", if address.plain { "http" } else { "https" }, address.host));
    if itself {
        holder.note("remote", "true");
    }
    if !address::is_near(&address.host) {
        let first_party = address::is_private(&address.host) || is_owners(&address.host, holder.repository());
        let component = format!("{}://{}", if address.plain { "http" } else { "https" }, address.host);
        holder.third_party(&component, "", false, first_party, span);
    }
}

/// Whether a host's domain is named like the repository's owner.
fn is_owners(host: &str, repository: Option<&str>) -> bool {
    let owner = repository.and_then(|r| r.split('/').next()).map(str::to_ascii_lowercase).unwrap_or_default();
    let shared =
        ["github.io", "vercel.app", "workers.dev", "fly.dev", "netlify.app"].iter().any(|end| host.ends_with(end));
    let mut parts = host.rsplit('.');
    let domain = if shared { host.split('.').next() } else { parts.nth(1) };
    !owner.is_empty() && domain == Some(owner.trim_end_matches("-inc").trim_end_matches("hq"))
}

/// What the command runs, and how far it reaches.
fn run(holder: &mut Holder<'_>, command: &[Word]) {
    let package = package::of_command(command);
    if let Some(program) = command.first() {
        // Never the rest of a command that is written as one text.
        let name = program.text.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = name.split_whitespace().next().unwrap_or_default();
        holder.note("command", name.split('=').next().unwrap_or_default());
    }
    for reach in scope::of_words(command, package.as_ref()) {
        holder.workload().setting(reach.name, &reach.what, reach.span);
    }
    if let Some(package) = package {
        holder.note("package", &package.name);
        let own = package::is_of(&package.name, holder.repository());
        holder.third_party(&package.name, &package.version, package.pinned, own, package.span);
    }
}

/// Production or not, when the server's own name or its address says so in a word.
fn environment_of(holder: &mut Holder<'_>, facing: &[(String, Span)]) {
    let name = holder.name().rsplit(" / ").next().unwrap_or_default().to_owned();
    let host = facing.first().and_then(|(text, _)| address::web(text)).map(|a| a.host);
    let found = [Some(("server", name)), host.map(|host| ("address", host))].into_iter().flatten();
    for (what, text) in found {
        let environment = crate::formats::environment::classify(what, &text);
        if environment.class != EnvironmentClass::Unknown {
            holder.workload().identity().environment = environment;
            return;
        }
    }
}

/// Fields that name tools which are called without asking; `*` is all of them.
const APPROVALS: &[&str] =
    &["autoApprove", "alwaysAllow", "auto_approve", "autoAllow", "alwaysApprove", "always_allow"];

fn approvals(holder: &mut Holder<'_>, host: Host, server: &Node) {
    for field in APPROVALS {
        let Some(node) = server.get(field) else { continue };
        if node.as_bool() == Some(true) {
            everything(holder, field, node.inner);
        }
        for item in node.items().iter().take(500) {
            let Some(tool) = item.as_str().filter(|tool| !tool.is_empty()) else { continue };
            if tool == "*" {
                everything(holder, field, item.inner);
            } else {
                holder.approved(tool, field, item.inner);
            }
        }
    }
    // Gemini CLI's switch (<https://geminicli.com/docs/tools/mcp-server>).
    if let Some(node) = server.get("trust").filter(|n| host.bare && n.as_bool() == Some(true)) {
        everything(holder, "trust", node.inner);
    }
    if let Some(node) = server.get("default_tools_approval_mode").filter(|n| n.as_str() == Some("approve")) {
        everything(holder, "default_tools_approval_mode", node.inner);
    }
}

/// Every tool of the server, without asking.
fn everything(holder: &mut Holder<'_>, field: &str, span: Span) {
    holder.approved("*", field, span);
    holder.workload().setting(setting::AGENT_AUTO_APPROVE, &format!("every tool, by {field}"), span);
}
