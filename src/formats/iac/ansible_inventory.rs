//! Ansible inventories in INI form: what hosts and groups are logged in with.
//!
//! <https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html>, the plugin's grammar:
//! <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html>. A line below `[group]` is a
//! host with `name=value` pairs, one below `[group:vars]` a single pair.

use std::collections::BTreeMap;

use super::ansible;
use super::cfn::template::{gap, place};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{At, EnvironmentClass, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Span};

/// The format.
pub static FORMAT: Format = Format {
    id: "ansible-inventory",
    name: "Ansible inventory (INI)",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Most hosts and groups of one file that are told.
const OWNERS: usize = 20_000;

fn claims(path: &RepoPath, head: &str) -> bool {
    let Some(text) = path.as_str() else { return false };
    let mut parts = text.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let listed =
        matches!(stem, "hosts" | "inventory") || parts.take(2).any(|dir| matches!(dir, "inventory" | "inventories"));
    let ini = !file.contains('.') || [".ini", ".cfg", ".inv", ".hosts"].iter().any(|end| file.ends_with(end));
    listed && ini && head.contains("ansible_") && head.lines().any(|line| line.trim_start().starts_with('['))
}

/// A host or group with its variables, by name and where the value stands.
#[derive(Default)]
struct Owner<'t> {
    at: Span,
    group: &'t str,
    variables: Vec<(&'t str, Node)>,
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut owners: BTreeMap<String, Owner<'_>> = BTreeMap::new();
    let (mut section, mut start) = ("", 0);
    for line in input.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let body = line.trim();
        if body.is_empty() || body.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = body.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default();
            continue;
        }
        let offset = at + (line.len() - line.trim_start().len());
        let (name, pairs, group): (String, Vec<(&str, Node)>, &str) = match section.split_once(':') {
            Some((group, "vars")) => (format!("group {group}"), pair(body, offset).into_iter().collect(), group),
            Some(_) => continue,
            None => {
                let mut words = words(body, offset).into_iter();
                let Some((host, _)) = words.next() else { continue };
                let pairs: Vec<(&str, Node)> = words.filter_map(|(word, at)| pair(word, at)).collect();
                (format!("host {host}"), pairs, section)
            }
        };
        if owners.len() >= OWNERS && !owners.contains_key(&name) {
            let message = "more hosts than any inventory may have; the rest was not read";
            gap(input, Span::new(at, at), "too-many-facts", message, out);
            break;
        }
        let owner = owners.entry(name).or_insert_with(|| Owner {
            at: Span::new(offset, offset + body.len()),
            group,
            ..Owner::default()
        });
        owner.variables.extend(pairs);
    }
    let mut budget = BUDGET;
    for (name, owner) in &owners {
        let short: String = name.chars().take(100).collect();
        let key = IdentityKey::new("ansible", "workload", &format!("{}#{short}", place(input)));
        let mut fact = IdentityFact::new(key, IdentityKind::Machine, "ansible", &short);
        fact.human = Human::No;
        let class = environment::classify("group", owner.group);
        if class.class != EnvironmentClass::Unknown {
            fact.environment = class;
        }
        let mut workload = Workload::new(input.text, fact, At::span(owner.at), &[], budget);
        for (name, node) in &owner.variables {
            ansible::variable(&mut workload, name, node);
        }
        // Most hosts hold no credential, and need not be listed for that.
        if workload.has_facts() {
            budget = workload.finish(out);
        }
        if budget == 0 {
            let message = "more variables than any inventory may have; the rest was not read";
            return gap(input, owner.at, "too-many-facts", message, out);
        }
    }
}

/// The words of a line with their places; quotes keep blanks in, and a `#` before a word begins a comment.
fn words(line: &str, offset: usize) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '#') if start.is_none() => return found,
            (None, ' ' | '\t') => {
                let word = start.take().and_then(|from| Some((line.get(from..at)?, offset + from)));
                found.extend(word);
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                start = start.or(Some(at));
            }
            (None, _) => start = start.or(Some(at)),
        }
    }
    found.extend(start.and_then(|from| Some((line.get(from..)?, offset + from))));
    found
}

/// `name=value` and `name = value`, the value as a node of its own, without quotes.
fn pair(text: &str, offset: usize) -> Option<(&str, Node)> {
    let (name, value) = text.split_once('=')?;
    let blank = value.len() - value.trim_start().len();
    let start = offset + name.len() + 1 + blank;
    let value = value.trim();
    let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let span = Span::new(start, start + value.len());
    let inside = inner.map_or(span, |inner| Span::new(start + 1, start + 1 + inner.len()));
    let kind = Kind::String(inner.unwrap_or(value).to_owned());
    Some((name.trim(), Node { span, inner: inside, tag: None, kind }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn inventories_are_told_by_name_and_by_what_stands_in_them() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        let head = "[web]\nweb1 ansible_host=10.0.0.1\n";
        assert!(claim("hosts", head) && claim("inventory/prod", head) && claim("deploy/hosts.ini", head));
        assert!(!claim("hosts.yml", head) && !claim("setup.cfg", head));
        assert!(!claim("hosts", "127.0.0.1 localhost\n") && !claim("inventory.ini", "[a]\nb=c\n"));
    }

    #[test]
    fn values_keep_their_places_and_blanks_in_quotes() {
        let line = "web1 ansible_user=x ansible_password='a b' # c=d";
        let found = words(line, 10);
        assert_eq!(
            found.iter().map(|(word, _)| *word).collect::<Vec<_>>(),
            ["web1", "ansible_user=x", "ansible_password='a b'"]
        );
        let (name, node) = pair(found[2].0, found[2].1).unwrap();
        assert_eq!((name, node.as_str()), ("ansible_password", Some("a b")));
        assert_eq!(&line[node.inner.start - 10..node.inner.end - 10], "a b");
        assert_eq!(pair("a = b", 0).unwrap().1.span, Span::new(4, 5));
        assert!(pair("a", 0).is_none());
    }
}
