//! Claude Code's settings (`.claude/settings.json`, `.claude/settings.local.json`) and its state (`.claude.json`): what it may
//! do without asking, the variables it sets, its hooks, its servers of each project.
//!
//! <https://code.claude.com/docs/en/settings>, <https://code.claude.com/docs/en/permissions>,
//! <https://code.claude.com/docs/en/hooks>.

use super::holder::Holder;
use super::host::{self, CLAUDE_CODE};
use super::package::{self, Word};
use super::server;
use super::value;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{Privilege, RepoPath, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "claude-code",
    name: "Claude Code settings",
    command: "",
    syntax: Syntax::Json,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, _: &str) -> bool {
    let settings = host::is_in(path, ".claude", ".json") && path.file_name().starts_with(b"settings");
    settings || host::ends(path, ".claude.json") || host::ends(path, "managed-settings.json")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut budget = BUDGET;
    if let Some(servers) = root.get("mcpServers") {
        budget = server::read_all(input, CLAUDE_CODE, servers, &[], "", budget, out);
    }
    for (project, settings) in root.get("projects").map(Node::entries).unwrap_or_default() {
        let (Some(project), Some(servers)) = (project.as_str(), settings.get("mcpServers")) else { continue };
        let prefix = format!("{project}:");
        budget = server::read_all(input, CLAUDE_CODE, servers, &[], &prefix, budget, out);
    }
    if budget > 0 {
        agent(input, root, budget, out);
    }
}

/// The agent itself, where it holds a credential or may do what it likes.
fn agent(input: &Input<'_>, root: &Node, budget: usize, out: &mut Out<'_>) {
    let mut holder = Holder::agent(input, CLAUDE_CODE, root.span, budget);
    for (key, node) in root.get("env").map(Node::entries).unwrap_or_default() {
        if let (Some(name), Some(text)) = (key.as_str(), node.scalar()) {
            holder.slot(name, name, &text, node.inner);
        }
    }
    if let Some(node) = root.get("primaryApiKey")
        && let Some(text) = node.as_str()
    {
        holder.slot("ANTHROPIC_API_KEY", "primaryApiKey", text, node.inner);
    }
    for (field, name) in [
        ("apiKeyHelper", "ANTHROPIC_API_KEY"),
        ("awsAuthRefresh", "AWS_SESSION_TOKEN"),
        ("awsCredentialExport", "AWS_SECRET_ACCESS_KEY"),
        ("gcpAuthRefresh", "GOOGLE_CREDENTIALS"),
        ("otelHeadersHelper", "OTEL_HEADERS_TOKEN"),
    ] {
        // A command prints it each time.
        if let Some(node) = root.get(field).filter(|n| n.as_str().is_some_and(|s| !s.is_empty())) {
            holder.fetched(name, field, field, node.inner, &[]);
        }
    }
    hooks(&mut holder, root);
    let wide = permissions(&mut holder, root);
    if wide || holder.holds() {
        holder.finish(out);
    }
}

/// Commands that run at each event, with the agent's variables in reach.
fn hooks(holder: &mut Holder<'_>, root: &Node) {
    let mut commands: Vec<&Node> = Vec::new();
    for (_, matchers) in root.get("hooks").map(Node::entries).unwrap_or_default() {
        for hook in matchers.items().iter().flat_map(|m| m.get("hooks").map(Node::items).unwrap_or_default()) {
            commands.extend(hook.get("command"));
        }
    }
    commands.extend(root.at(&["statusLine", "command"]));
    for command in commands.into_iter().take(500) {
        holder.workload().script(command);
        let Some(text) = command.as_str() else { continue };
        let words = ["bash", "-c", text].map(|text| Word { text: text.to_owned(), span: command.inner });
        if let Some(package) = package::of_command(&words) {
            let own = package::is_of(&package.name, holder.repository());
            holder.third_party(&package.name, &package.version, package.pinned, own, package.span);
        }
    }
}

/// What it may do without asking. True when that is everything of a kind.
fn permissions(holder: &mut Holder<'_>, root: &Node) -> bool {
    let mut wide = false;
    let mode = root.at(&["permissions", "defaultMode"]);
    if let Some(node) = mode.filter(|n| n.as_str() == Some("bypassPermissions")) {
        wide = true;
        holder.workload().setting(
            setting::AGENT_AUTO_APPROVE,
            "everything, by defaultMode bypassPermissions",
            node.inner,
        );
    }
    let denied = |rule: &str| {
        let deny = root.at(&["permissions", "deny"]).map(Node::items).unwrap_or_default();
        deny.iter().any(|d| d.as_str() == Some(rule))
    };
    let rules = root.at(&["permissions", "allow"]).or_else(|| root.get("allowedTools"));
    for node in rules.map(Node::items).unwrap_or_default().iter().take(1000) {
        let Some(rule) = node.as_str() else { continue };
        let privilege = privilege_of(rule);
        assignments(holder, rule, node);
        if privilege == Privilege::WriteBroad && !denied(rule) {
            wide = true;
            let what = format!("every command, by the rule {rule}");
            holder.workload().setting(setting::AGENT_AUTO_APPROVE, &what, node.inner);
        }
        let rule: String = without_values(rule).chars().take(120).collect();
        holder.workload().grant(privilege, &rule, "tools called without asking", "permissions.allow", node.inner);
    }
    wide
}

/// What a rule allows. A rule of a shell without a command allows every command
/// (<https://code.claude.com/docs/en/permissions#bash>).
fn privilege_of(rule: &str) -> Privilege {
    let (tool, inside) = match rule.split_once('(') {
        Some((tool, inside)) => (tool, inside.trim_end_matches(')').trim()),
        None => (rule, ""),
    };
    let any = matches!(inside, "" | "*" | ":*" | "*:*" | "**");
    match tool.trim() {
        "*" => Privilege::WriteBroad,
        "Bash" | "PowerShell" if any || inside == "sudo:*" || inside == "sudo *" => Privilege::WriteBroad,
        "Read" | "Glob" | "Grep" | "LS" | "WebSearch" | "WebFetch" | "NotebookRead" | "Search" => Privilege::ReadScoped,
        _ => Privilege::WriteScoped,
    }
}

/// Values written before an approved command: `Bash(PGPASSWORD=… psql:*)`.
fn assignments(holder: &mut Holder<'_>, rule: &str, node: &Node) {
    let Some((_, command)) = rule.split_once('(') else { return };
    let command = command.trim_start().strip_prefix("export ").unwrap_or(command.trim_start());
    for word in command.split_whitespace().take(20) {
        let Some((name, text)) = word.split_once('=').filter(|(name, _)| is_variable(name)) else { break };
        let text = text.trim_matches(['"', '\'', ')']);
        if value::is_credential_name(name) && !text.starts_with("$(") {
            holder.slot(name, &format!("{name} in a permission rule"), text, node.inner);
        }
    }
}

/// How many words of a rule's command are told.
const WORDS_MAX: usize = 4;

/// A rule as far as it can hold no value: the plain words that its command begins with, to the first option. People approve
/// commands with logins, headers and passwords in them, which are nobody's to read in a report.
fn without_values(rule: &str) -> String {
    let plain = |word: &str| {
        word.len() <= 24
            && word.bytes().all(|b| b.is_ascii_alphabetic() || b"()*:_-./~".contains(&b))
            && !word.contains("//")
    };
    let mut out = String::new();
    for (i, word) in rule.split_whitespace().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let tool = i == 0 && !word.contains('(');
        match word.split_once('=') {
            Some((name, _)) if i < WORDS_MAX => {
                out.push_str(&format!("{}=…", name.chars().take(60).collect::<String>()))
            }
            None if i < WORDS_MAX && (plain(word) || tool) => out.push_str(word),
            _ => {
                out.push('…');
                break;
            }
        }
        if word.starts_with('-') {
            out.push_str(" …");
            break;
        }
    }
    out
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_the_shell_without_a_command_allows_everything() {
        for rule in ["Bash", "Bash(*)", "Bash(:*)", "*", "PowerShell(*)", "Bash(sudo:*)"] {
            assert_eq!(privilege_of(rule), Privilege::WriteBroad, "{rule}");
        }
        for rule in ["Bash(npm run test:*)", "Bash(git *)", "Edit", "mcp__github__*"] {
            assert_eq!(privilege_of(rule), Privilege::WriteScoped, "{rule}");
        }
        assert_eq!(privilege_of("Read(~/**)"), Privilege::ReadScoped);
        for (rule, told) in [
            ("Bash(git push:*)", "Bash(git push:*)"),
            ("mcp__github__create_issue", "mcp__github__create_issue"),
            ("Bash(TOKEN=abc curl https://u:p@h)", "Bash(TOKEN=… curl …"),
            ("Bash(mysql -u root -phunter db)", "Bash(mysql -u …"),
            ("Bash(curl sk0123456789)", "Bash(curl …"),
        ] {
            assert_eq!(without_values(rule), told);
        }
    }
}
