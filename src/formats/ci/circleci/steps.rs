//! Steps of a job: commands of the shell, commands of the configuration itself, and those of orbs.
//! <https://circleci.com/docs/reference/configuration-reference/#steps>.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::pipeline::{self, DEPTH, File};
use crate::doc::Node;
use crate::formats::names;
use crate::formats::workload::{Via, Workload};

/// Most steps that one job is read for, with those of the commands that it calls.
const MAX: usize = 20_000;

/// Reads a list of steps. `orbs` gets the aliases of those that it calls.
pub(super) fn read<'a>(
    file: &mut File<'a>,
    job: &mut Workload<'a>,
    commands: &HashMap<&'a str, (&'a Node, &'a Node)>,
    steps: &'a Node,
    orbs: &mut BTreeSet<String>,
) {
    let mut open: Vec<(&Node, usize)> = steps.items().iter().rev().map(|step| (step, 0)).collect();
    let mut called: HashSet<String> = HashSet::new();
    let mut scripts = Vec::new();
    let mut left = MAX;
    while let Some((step, depth)) = open.pop() {
        if left == 0 || depth > DEPTH {
            break;
        }
        left -= 1;
        let Some((name, given)) = named(step) else { continue };
        match name.as_str() {
            "run" => {
                let given = given.unwrap_or(step);
                let variables = given.get("environment").map(Node::entries).unwrap_or_default();
                let variables: Vec<(&str, &Node)> =
                    variables.iter().filter_map(|(key, value)| Some((key.as_str()?, value))).collect();
                file.variables(job, &variables);
                scripts.push(given.get("command").unwrap_or(given));
            }
            "when" | "unless" => {
                let inner = given.and_then(|given| given.get("steps")).map(Node::items).unwrap_or_default();
                open.extend(inner.iter().rev().map(|step| (step, depth + 1)));
            }
            "add_ssh_keys" => {
                let keys = given.and_then(|given| given.get("fingerprints")).map(Node::items).unwrap_or_default();
                let at = given.map_or(step.span, |given| given.span);
                let via = Via { mechanism: "add_ssh_keys", hint: "ssh-key", provider: Some("ssh"), target: None };
                // The fingerprint of a public key names it.
                let names: Vec<String> =
                    keys.iter().filter_map(Node::scalar).take(20).map(|name| format!("ssh key {name}")).collect();
                if names.is_empty() {
                    job.stored("ssh keys of the project", at, via);
                }
                names.iter().for_each(|name| job.stored(name, at, via));
            }
            _ => {
                if let Some((orb, _)) = name.split_once('/') {
                    orbs.insert(orb.to_owned());
                    if let Some(given) = given {
                        parameters(file, job, given, &name);
                    }
                } else if let Some((_, command)) = commands.get(name.as_str()).copied() {
                    if let Some(given) = given {
                        parameters(file, job, given, &name);
                    }
                    // Each command once: its scripts say the same whatever it is called with.
                    if called.insert(name) {
                        defaults(job, command);
                        let inner = command.get("steps").map(Node::items).unwrap_or_default();
                        open.extend(inner.iter().rev().map(|step| (step, depth + 1)));
                    }
                }
            }
        }
    }
    for script in scripts {
        file.scripts(job, &[script]);
    }
}

/// A step's name, and what it is given: `checkout`, `run: …`, `orb/command: {…}`.
fn named(step: &Node) -> Option<(String, Option<&Node>)> {
    match step.entries() {
        [] => step.scalar().map(|name| (name, None)),
        [(key, given), ..] => key.scalar().map(|name| (name, Some(given))),
    }
}

/// What a job or command of an orb is given. Those that take a credential take the name of a variable, or a reference.
pub(super) fn parameters<'a>(file: &mut File<'a>, job: &mut Workload<'a>, given: &'a Node, callee: &str) {
    for (key, value) in given.entries() {
        let Some(name) = key.as_str() else { continue };
        let Some(text) = value.scalar().filter(|text| file.spend(text.len())) else { continue };
        let role = matches!(name, "role_arn" | "role-arn");
        if role && callee.contains('/') {
            let target = Some(text.as_str()).filter(|role| !pipeline::is_template(role));
            job.federated("aws", target, value.span, callee, "");
        } else if names::is_credential(name) && is_variable(&text) {
            job.stored(&text, value.span, Via { mechanism: callee, ..Via::variable(&text) });
        } else if text.contains('$') {
            pipeline::input(job, value, Via { mechanism: callee, ..Via::variable(name) });
        }
    }
}

/// Variables that parameters of the type `env_var_name` stand for when nothing else is given.
pub(super) fn defaults(job: &mut Workload<'_>, definition: &Node) {
    for (_, parameter) in definition.get("parameters").map(Node::entries).unwrap_or_default() {
        let kind = parameter.get("type").and_then(Node::as_str);
        let Some(default) = parameter.get("default").filter(|_| kind == Some("env_var_name")) else { continue };
        if let Some(name) = default.scalar().filter(|name| pipeline::promises(name)) {
            job.stored(&name, default.span, Via { mechanism: "parameter", ..Via::variable(&name) });
        }
    }
}

/// `DOCKER_PASSWORD`: what names a variable and no value.
fn is_variable(text: &str) -> bool {
    let named = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    text.len() >= 4 && text.bytes().all(named) && text.contains('_') && pipeline::promises(text)
}
