//! What a `run:` script should not do, beside the credentials that it can get at.

use std::collections::{BTreeMap, BTreeSet};

use super::expr;
use super::job::{Consumer, Job, MAX_REACH, Scope, reaching};
use super::permissions::Power;
use crate::doc::Node;
use crate::formats::script::{self, Seen};
use crate::model::{At, Fact, SettingFact, Span, setting};

/// Longest list of names in an attribute.
const MAX_NAMES: usize = 200;

/// Adds the settings of a script. `scopes` are the variables that it has, `later` the credentials of the steps behind it,
/// and `persisted` says that a checkout before it kept the job's token on disk.
pub fn settings<'l>(
    job: &mut Job<'_>,
    run: &Node,
    scopes: &[&Scope<'_>],
    later: impl Iterator<Item = &'l str>,
    persisted: bool,
) {
    let Some(text) = job.text.get(run.inner.start..run.inner.end) else { return };
    let seen = script::settings(text);
    if seen.is_empty() {
        return;
    }
    let mut reach: BTreeSet<String> = scopes.iter().flat_map(|scope| scope.reach.iter().cloned()).collect();
    reach.extend(reaching(&expr::references(job.text, run, false), Consumer::named("run")));
    let power = job.token.power;
    let passed = reach.remove("GITHUB_TOKEN");
    // A token that can only read opens what the workflow shows anyway.
    if passed && matches!(power, Power::Write | Power::Unknown) || persisted && power == Power::Write {
        reach.insert(format!("GITHUB_TOKEN ({})", power.as_str()));
    }
    let variables = passed || !reach.is_empty();
    if job.token.id_token {
        reach.insert("id-token".to_owned());
    }
    let attributes = BTreeMap::from([
        ("credentials".to_owned(), join(reach.iter().map(String::as_str))),
        ("later".to_owned(), join(later.filter(|name| !reach.contains(*name)))),
    ]);
    for seen in seen {
        let Seen::Setting { name, value, part } = seen else { continue };
        let told = match name {
            // The reader of steps tells logins by what they are given.
            setting::SCRIPT_LOGIN => false,
            setting::ECHO => shows_secret(&value, text.get(part.clone()).unwrap_or_default(), scopes, variables),
            _ => true,
        };
        if !told {
            continue;
        }
        let subject = job.key.as_str().rsplit('#').next().unwrap_or_default();
        let mut fact = SettingFact::new(name, subject, value);
        fact.identity = Some(job.key.clone());
        fact.attributes.clone_from(&attributes);
        let span = Span { start: run.inner.start + part.start, end: run.inner.start + part.end };
        job.push(Fact::Setting(At::span(span), fact), 1);
    }
}

fn join<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut all = String::new();
    for name in names.take(MAX_REACH) {
        if all.len() + name.len() > MAX_NAMES {
            break;
        }
        all.push_str(if all.is_empty() { "" } else { ", " });
        all.push_str(name);
    }
    all
}

/// Whether what is shown comes from a secret: a variable that one fills, or an expression in the script itself.
fn shows_secret(value: &str, command: &str, scopes: &[&Scope<'_>], variables: bool) -> bool {
    let name = value.rsplit(": ").next().unwrap_or_default();
    if name == "every variable" {
        return variables;
    }
    if name == script::EVERY_SECRET {
        return true;
    }
    let filled = scopes.iter().flat_map(|scope| &scope.entries).any(|v| v.name == name && !v.references.is_empty());
    filled || command.contains(&format!("secrets.{name}"))
}
