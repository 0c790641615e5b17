//! Tasks of Ansible: what their modules are given, the scripts that they run, and secrets that they show.

use super::secrets::{self, Literal};
use crate::doc::{Kind, Node};
use crate::formats::names;
use crate::formats::workload::{Via, Workload};
use crate::model::setting;

/// Keys of a task that are no module.
const KEYWORDS: &[&str] = &[
    "name",
    "when",
    "tags",
    "register",
    "loop",
    "with_items",
    "with_dict",
    "notify",
    "become",
    "become_user",
    "delegate_to",
    "no_log",
    "environment",
    "vars",
    "block",
    "rescue",
    "always",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "ignore_errors",
    "run_once",
    "listen",
];

/// Modules that run what they are given in a shell.
const SHELLS: &[&str] = &["shell", "command", "raw", "win_shell", "win_command"];

/// Reads a list of tasks, those in blocks among them.
pub fn read(job: &mut Workload<'_>, list: &Node) {
    let mut open: Vec<&Node> = list.items().iter().rev().collect();
    while let Some(node) = open.pop() {
        for block in ["block", "rescue", "always"] {
            open.extend(node.get(block).map(Node::items).unwrap_or_default().iter().rev());
        }
        task(job, node);
    }
}

fn task(job: &mut Workload<'_>, task: &Node) {
    variables(job, task.get("environment"));
    for (name, value) in task.get("vars").map(Node::entries).unwrap_or_default() {
        if let Some(name) = name.as_str() {
            argument(job, "vars", name, value);
        }
    }
    let silent = task.get("no_log").and_then(Node::scalar).unwrap_or_default().to_ascii_lowercase();
    for (key, value) in task.entries() {
        let Some(module) = key.as_str().filter(|key| !KEYWORDS.contains(key)) else { continue };
        let short = module.rsplit('.').next().unwrap_or(module);
        if SHELLS.contains(&short) {
            let script = value.get("cmd").unwrap_or(value);
            if script.as_str().is_some() {
                job.script(script);
            }
        }
        if short == "debug" && !matches!(silent.as_str(), "true" | "yes") {
            shown(job, value);
        }
        let mut holds = false;
        for (name, node) in value.entries() {
            let Some(name) = name.as_str() else { continue };
            holds |= argument(job, module, name, node);
            let off = node.scalar().is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "false" | "no"));
            if off && matches!(name, "validate_certs" | "verify_ssl" | "ssl_verify") {
                job.setting(setting::TLS_OFF, &format!("{short} {name}: no"), node.span);
            }
        }
        if holds && matches!(silent.as_str(), "false" | "no") {
            let at = task.get("no_log").map_or(key.span, |node| node.span);
            job.setting(setting::ECHO, &format!("{short} with no_log: false"), at);
        }
    }
}

/// The provider that a name speaks of. `vault_…` is Ansible's own vault.
pub fn provider(name: &str) -> &'static str {
    names::provider(name).filter(|provider| *provider != "vault").unwrap_or_default()
}

/// One argument of a module. Says whether it is a secret.
fn argument(job: &mut Workload<'_>, module: &str, name: &str, node: &Node) -> bool {
    if secrets::promise(name).is_none() {
        return false;
    }
    let mechanism: String = format!("{module}.{name}").chars().take(120).collect();
    let via = Via { mechanism: &mechanism, hint: name, provider: Some(provider(name)), target: None };
    if node.tag.as_deref() == Some("!vault") {
        job.stored(name, node.span, via);
        return true;
    }
    let Some(text) = node.scalar().filter(|_| matches!(node.kind, Kind::String(_) | Kind::Number(_))) else {
        return false;
    };
    if text.contains("{{") {
        let inner = references(&text);
        for reference in &inner {
            job.stored(reference, node.span, via);
        }
        return !inner.is_empty();
    }
    // A hash is what is meant to stand there: `user: password:`.
    let hashed = text.starts_with('$');
    if !hashed && secrets::literal(name, &text) == Some(Literal::Own) {
        job.literal(node, via);
    }
    true
}

/// Variables of an environment.
pub fn variables(job: &mut Workload<'_>, environment: Option<&Node>) {
    for (name, node) in environment.map(Node::entries).unwrap_or_default() {
        let Some(name) = name.as_str() else { continue };
        match node.as_str().filter(|text| text.contains("{{")) {
            Some(text) if names::is_credential(name) => {
                for reference in references(text) {
                    job.stored(&reference, node.span, Via::variable(name));
                }
            }
            Some(_) => {}
            None => drop(secrets::variable(job, name, node)),
        }
    }
}

/// A secret that is printed: `debug: var=db_password`, `debug: {msg: "{{ api_token }}"}`.
fn shown(job: &mut Workload<'_>, debug: &Node) {
    let direct = debug.as_str().map(|text| (text, debug));
    let parts = ["var", "msg"].iter().filter_map(|part| Some((debug.get(part)?.as_str()?, debug.get(part)?)));
    for (text, node) in direct.into_iter().chain(parts) {
        let named = text.trim().strip_prefix("var=").unwrap_or(text.trim());
        let mut names: Vec<String> = references(text);
        if !named.contains(char::is_whitespace) && !named.contains("{{") {
            names.push(named.to_owned());
        }
        for name in names {
            if secrets::promise(&name).is_some() {
                job.setting(setting::ECHO, &format!("{name} by debug"), node.span);
            }
        }
    }
}

/// What expressions in a text read: variables by name, and what look-ups fetch.
pub fn references(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("{{").skip(1).take(20) {
        let inside = part.split_once("}}").map_or(part, |(inside, _)| inside).trim();
        let inside = inside.trim_start_matches(['-', '+']).trim();
        let looked = inside.strip_prefix("lookup(").or_else(|| inside.strip_prefix("query("));
        let name = match looked {
            // The second argument, in quotes, is what is looked up.
            Some(arguments) => arguments.split(['\'', '"']).nth(3).unwrap_or_default().to_owned(),
            None => inside.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')).collect(),
        };
        let name: String = name.chars().take(120).collect();
        if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn references_are_variables_and_what_is_looked_up() {
        for (text, want) in [
            ("{{ db_password }}", vec!["db_password"]),
            ("{{ vault.db.password | default('x') }}", vec!["vault.db.password"]),
            ("{{ lookup('env', 'API_TOKEN') }}", vec!["API_TOKEN"]),
            ("{{ lookup(\"hashi_vault\", \"secret=kv/db:password\") }}", vec!["secret=kv/db:password"]),
            ("plain", vec![]),
            ("{{ 'literal' }}", vec![]),
        ] {
            assert_eq!(references(text), want, "{text}");
        }
    }
}
