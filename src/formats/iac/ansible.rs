//! Ansible: plays and tasks with the credentials that they get, and variables of groups, hosts and roles, in which Ansible
//! Vault encrypts values one by one or whole files.
//!
//! Playbooks: <https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html>; connection variables:
//! <https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#connecting-to-hosts-behavioral-inventory-parameters>;
//! vault: <https://docs.ansible.com/ansible/latest/vault_guide/index.html>.

use super::ansible_tasks as tasks;
use super::cfn::template::{gap, place};
use super::secrets::{self, Literal};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment, names};
use crate::model::{
    At, Environment, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, Span, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "ansible",
    name: "Ansible playbook or variables",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Variables with which Ansible logs in or becomes another user, and the file of a key.
const LOGINS: &[&str] = &[
    "ansible_password",
    "ansible_pass",
    "ansible_ssh_pass",
    "ansible_ssh_password",
    "ansible_become_pass",
    "ansible_become_password",
    "ansible_sudo_pass",
    "ansible_su_pass",
    "ansible_winrm_password",
    "ansible_httpapi_pass",
];

/// What a file is, by its path and its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Variables of a group, a host or a role.
    Variables,
    /// Groups with their hosts.
    Inventory,
    /// Plays.
    Playbook,
    /// Tasks of a role.
    Tasks,
}

fn claims(path: &RepoPath, head: &str) -> bool {
    what(path, head).is_some()
}

fn what(path: &RepoPath, head: &str) -> Option<What> {
    let text = path.as_str()?;
    let mut parts = text.rsplit('/');
    let file = parts.next().unwrap_or_default();
    // Most files are told by their name.
    if file.contains('.') && ![".yml", ".yaml", ".json"].iter().any(|end| file.ends_with(end)) {
        return None;
    }
    let dirs: Vec<&str> = parts.take(4).collect();
    let yaml = file.ends_with(".yml") || file.ends_with(".yaml") || file.ends_with(".json");
    if head.trim_start().starts_with("{%") {
        return None;
    }
    if dirs.iter().take(2).any(|dir| matches!(*dir, "group_vars" | "host_vars")) && (yaml || !file.contains('.')) {
        return Some(What::Variables);
    }
    if !yaml || file.ends_with(".json") {
        return None;
    }
    let dir = dirs.first().copied().unwrap_or_default();
    let in_role = dirs.get(2).is_some_and(|dir| *dir == "roles");
    if in_role && matches!(dir, "vars" | "defaults") {
        return Some(What::Variables);
    }
    if in_role && matches!(dir, "tasks" | "handlers") {
        return Some(What::Tasks);
    }
    if is_playbook(head) {
        return Some(What::Playbook);
    }
    let stem = file.split('.').next().unwrap_or_default();
    let listed = matches!(stem, "hosts" | "inventory") || matches!(dir, "inventory" | "inventories");
    let groups = || head.lines().any(|line| matches!(line.trim_end(), "  hosts:" | "    hosts:" | "  children:"));
    let top = || head.lines().any(|line| matches!(line.trim_end(), "all:" | "ungrouped:"));
    (listed && groups() && top()).then_some(What::Inventory)
}

/// A list whose items name hosts, or other playbooks.
fn is_playbook(head: &str) -> bool {
    if memchr::memmem::find(head.as_bytes(), b"hosts:").is_none() {
        return head.contains("import_playbook:")
            && head.lines().any(|line| {
                line.starts_with("- import_playbook:") || line.starts_with("- ansible.builtin.import_playbook:")
            });
    }
    let mut item = false;
    for line in head.lines() {
        if line.starts_with("- hosts:") {
            return true;
        }
        item |= line.starts_with("- ");
        if item && line.starts_with("  hosts:") {
            return true;
        }
        // A top-level key: a mapping, and no list of plays.
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return false;
        }
    }
    false
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let head: String = input.text.chars().take(crate::formats::HEAD).collect();
    let Some(what) = what(input.path, &head) else { return };
    if input.text.trim_start().starts_with("$ANSIBLE_VAULT;") {
        return out.fact(Fact::Setting(At::line(1), vault(input, "")));
    }
    for root in &doc.roots {
        match what {
            What::Variables => variables(input, root, out),
            What::Inventory => inventory(input, root, out),
            What::Playbook => playbook(input, root, out),
            What::Tasks => {
                let (key, name, _) = owner(&input.path.display());
                let mut job = Workload::new(input.text, identity(input, &key, &name), At::span(root.span), &[], BUDGET);
                tasks::read(&mut job, root);
                if job.has_facts() {
                    finish(job, input, root.span, out);
                }
            }
        }
    }
}

fn vault(input: &Input<'_>, path: &str) -> SettingFact {
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let mut fact = SettingFact::new(setting::BROKEN_ENCRYPTION, file, path.chars().take(200).collect::<String>());
    for (name, value) in [("tool", "ansible-vault"), ("credential", "true")] {
        fact.attributes.insert(name.to_owned(), value.to_owned());
    }
    fact
}

/// The identity of a group, a host or a role, whose variables and tasks lie in several files.
fn identity(input: &Input<'_>, key: &str, name: &str) -> IdentityFact {
    let whole = input.repository.map_or_else(|| key.to_owned(), |repository| format!("{repository}/{key}"));
    // Roles are what plays do; groups and hosts are what they do it to.
    let kind = if name.starts_with("role ") { IdentityKind::CiJob } else { IdentityKind::Machine };
    let mut fact = IdentityFact::new(IdentityKey::new("ansible", "workload", &whole), kind, "ansible", name);
    fact.human = Human::No;
    fact
}

/// A play or the tasks of a role.
fn job<'a>(input: &Input<'a>, name: &str, at: Span, budget: usize) -> Workload<'a> {
    let short: String = name.chars().take(100).collect();
    let key = IdentityKey::new("ansible", "workload", &format!("{}#{short}", place(input)));
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let mut fact = IdentityFact::new(key, IdentityKind::CiJob, "ansible", &format!("{file} / {short}"));
    fact.human = Human::No;
    Workload::new(input.text, fact, At::span(at), &[], budget)
}

/// Hands the facts of a workload on; false when the file came to more than it may.
fn finish(workload: Workload<'_>, input: &Input<'_>, at: Span, out: &mut Out<'_>) -> bool {
    let left = workload.finish(out);
    if left == 0 {
        gap(input, at, "too-many-facts", "more references than any such file may have; the rest was not read", out);
    }
    left > 0
}

fn playbook(input: &Input<'_>, root: &Node, out: &mut Out<'_>) {
    let mut names: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for (index, play) in root.items().iter().enumerate() {
        let Some((key, hosts)) = play.entry("hosts") else { continue };
        let hosts = hosts.one_or_many().iter().filter_map(Node::scalar).take(10).collect::<Vec<_>>().join(", ");
        let named = play.get("name").and_then(Node::as_str).map(str::to_owned);
        let mut name = named.unwrap_or_else(|| format!("play on {hosts}"));
        if !names.insert(name.clone()) {
            name = format!("{name} ({})", index + 1);
        }
        let at = play.entry("name").map_or(key.span, |(key, _)| key.span);
        let mut job = job(input, &name, at, BUDGET);
        job.note("hosts", &hosts);
        job.note("user", &play.get("remote_user").and_then(Node::scalar).unwrap_or_default());
        job.note("become", &play.get("become").and_then(Node::scalar).unwrap_or_default());
        if !hosts.contains("{{") {
            // A group is often named for its environment; other names say nothing.
            let class = environment::classify("hosts", &hosts);
            if class.class != crate::model::EnvironmentClass::Unknown {
                job.identity().environment = class;
            }
        }
        for (name, value) in play.get("vars").map(Node::entries).unwrap_or_default() {
            if let Some(name) = name.as_str() {
                value_of(&mut job, name, value);
            }
        }
        tasks::variables(&mut job, play.get("environment"));
        for list in ["pre_tasks", "tasks", "post_tasks", "handlers"] {
            if let Some(list) = play.get(list) {
                tasks::read(&mut job, list);
            }
        }
        if !finish(job, input, at, out) {
            return;
        }
    }
}

/// How a variable is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Sealed,
    Clear,
    Elsewhere,
}

/// One variable of a play, group, host or role.
fn value_of(workload: &mut Workload<'_>, name: &str, node: &Node) -> Kept {
    let login = LOGINS.contains(&name);
    let hint = if login { "password" } else { name };
    let via = Via { mechanism: name, hint, provider: Some(tasks::provider(name)), target: None };
    if node.tag.as_deref() == Some("!vault") {
        workload.stored(name, node.span, via);
        return Kept::Sealed;
    }
    let Some(text) = node.scalar() else { return Kept::Elsewhere };
    if name == "ansible_ssh_private_key_file" || name == "ansible_private_key_file" {
        let shown: String = text.chars().take(200).collect();
        workload.stored(&shown, node.span, Via::input(name, "ssh_private_key", "ssh"));
        return Kept::Elsewhere;
    }
    if text.trim_start().starts_with("$ANSIBLE_VAULT;") {
        workload.stored(name, node.span, via);
        return Kept::Sealed;
    }
    if text.contains("{{") {
        if secrets::promise(name).is_some() || login {
            for inner in tasks::references(&text) {
                workload.stored(&inner, node.span, via);
            }
        }
        return Kept::Elsewhere;
    }
    let own = match secrets::literal(if login { "password" } else { name }, &text) {
        Some(Literal::Own) => true,
        // The word that opens a host is its password, however simple it is.
        Some(Literal::Plain) => login,
        None => false,
    };
    if !own || names::is_placeholder("", &text) {
        return Kept::Elsewhere;
    }
    workload.literal(node, Via { mechanism: name, hint: name, provider: Some(tasks::provider(name)), target: None });
    Kept::Clear
}

/// A variable of a host or group in an inventory that is no YAML.
pub(super) fn variable(workload: &mut Workload<'_>, name: &str, node: &Node) {
    value_of(workload, name, node);
}

/// Variables in a file of their own.
fn variables(input: &Input<'_>, root: &Node, out: &mut Out<'_>) {
    if !root.is_mapping() {
        return;
    }
    let path = input.path.display();
    let (key, name, environment) = owner(&path);
    let mut fact = identity(input, &key, &name);
    fact.environment = environment;
    let mut workload = Workload::new(input.text, fact, At::span(root.span), &[], BUDGET);
    let (mut sealed, mut clear) = (0, Vec::new());
    each_variable(root, &mut |name, node| match value_of(&mut workload, name, node) {
        Kept::Sealed => sealed += 1,
        Kept::Clear => clear.push((name.to_owned(), node.span)),
        Kept::Elsewhere => {}
    });
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    // By convention a file of this name is encrypted whole.
    let named = matches!(stem, "vault" | "vaulted") && path.contains("_vars/");
    if sealed > 0 || named {
        let because = match sealed {
            0 => "by its name the whole file is meant to be encrypted",
            _ => "other values of the file are encrypted",
        };
        if clear.is_empty() && sealed > 0 {
            workload.push(Fact::Setting(At::span(root.span), vault(input, "")));
        }
        for (name, at) in clear {
            let mut fact = vault(input, &name);
            fact.identity = Some(workload.key().clone());
            fact.attributes.insert("because".to_owned(), because.to_owned());
            fact.attributes.insert("likely".to_owned(), "true".to_owned());
            workload.push(Fact::Setting(At::span(at), fact));
        }
    }
    // Most files of variables hold no credential, and their owners need not be listed for that.
    if workload.has_facts() {
        finish(workload, input, root.span, out);
    }
}

/// Calls `visit` for every variable, however deep it lies in mappings and lists.
fn each_variable<'n>(root: &'n Node, visit: &mut dyn FnMut(&'n str, &'n Node)) {
    let mut open: Vec<(&str, &Node)> = vec![("", root)];
    while let Some((name, node)) = open.pop() {
        match &node.kind {
            Kind::Mapping(entries) => {
                open.extend(entries.iter().rev().filter_map(|(key, value)| Some((key.as_str()?, value))));
            }
            Kind::Sequence(items) => open.extend(items.iter().rev().map(|item| (name, item))),
            _ if name.is_empty() => {}
            _ => visit(name, node),
        }
    }
}

/// Whose variables a file holds: the key, a name for people, and the environment that the path tells.
fn owner(path: &str) -> (String, String, Environment) {
    let parts: Vec<&str> = path.split('/').collect();
    let at = parts.iter().rposition(|part| matches!(*part, "group_vars" | "host_vars"));
    let Some(at) = at else {
        let end = parts.len().saturating_sub(2);
        let name = end.checked_sub(1).and_then(|i| parts.get(i)).copied().unwrap_or("role");
        let dir = parts.get(..end).unwrap_or_default().join("/");
        return (format!("{dir}#role"), format!("role {name}"), Environment::default());
    };
    let word = if parts.get(at) == Some(&"group_vars") { "group" } else { "host" };
    let next = parts.get(at + 1).copied().unwrap_or_default();
    let next = next.strip_suffix(".yml").or_else(|| next.strip_suffix(".yaml")).unwrap_or(next);
    let before = parts.get(..at).unwrap_or_default();
    // `inventories/production/group_vars/all.yml`, `group_vars/production.yml`.
    let environment = [next].into_iter().chain(before.last().copied()).map(|name| environment::classify(word, name));
    let known = environment.into_iter().find(|e| e.class != crate::model::EnvironmentClass::Unknown);
    let key = format!("{}#{word} {next}", before.join("/"));
    (key, format!("{word} {next}"), known.unwrap_or_default())
}

/// An inventory: variables of groups and hosts.
fn inventory(input: &Input<'_>, root: &Node, out: &mut Out<'_>) {
    let mut open: Vec<(String, &Node)> = Vec::new();
    open.extend(root.entries().iter().rev().filter_map(|(key, group)| Some((key.scalar()?, group))));
    let mut budget = BUDGET;
    while let Some((name, group)) = open.pop() {
        let mut owners: Vec<(String, &Node, Span)> = Vec::new();
        if let Some((key, vars)) = group.entry("vars") {
            owners.push((format!("group {name}"), vars, key.span));
        }
        for (key, vars) in group.get("hosts").map(Node::entries).unwrap_or_default() {
            owners.extend(key.scalar().map(|host| (format!("host {host}"), vars, key.span)));
        }
        for (owner, vars, at) in owners {
            let short: String = owner.chars().take(100).collect();
            let key = IdentityKey::new("ansible", "workload", &format!("{}#{short}", place(input)));
            let mut fact = IdentityFact::new(key, IdentityKind::Machine, "ansible", &short);
            fact.human = Human::No;
            let class = environment::classify("group", &name);
            if class.class != crate::model::EnvironmentClass::Unknown {
                fact.environment = class;
            }
            let mut workload = Workload::new(input.text, fact, At::span(at), &[], budget);
            for (name, value) in vars.entries() {
                if let Some(name) = name.as_str() {
                    value_of(&mut workload, name, value);
                }
            }
            if !workload.has_facts() {
                continue;
            }
            budget = workload.finish(out);
            if budget == 0 {
                let message = "more variables than any inventory may have; the rest was not read";
                return gap(input, at, "too-many-facts", message, out);
            }
        }
        let children = group.get("children").map(Node::entries).unwrap_or_default();
        open.extend(children.iter().rev().filter_map(|(key, group)| Some((key.scalar()?, group))));
    }
}
