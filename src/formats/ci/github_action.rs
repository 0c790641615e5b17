//! Composite actions: steps that run inside the jobs of whoever uses them.
//!
//! They have no identity of their own, but what they use runs with their callers' credentials, so the action stands in
//! for those jobs. Syntax:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#runs-for-composite-actions>.

use super::github::call;
use super::github::checkout::Checkouts;
use super::github::job::{Job, Scope};
use super::github::permissions;
use super::github::step::{self, Surroundings};
use super::github_actions::BUDGET;
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath};

/// The format.
pub const FORMAT: Format = Format {
    id: "github-action",
    name: "GitHub composite action",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, head: &str) -> bool {
    // Kinds other than composite run no `uses:`; long input lists push `runs:` out of the head, so only the name counts
    // when it is not in there.
    matches!(path.file_name(), b"action.yml" | b"action.yaml")
        && (!head.contains("\nruns:") || head.contains("composite"))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some((key, runs)) = doc.roots.first().and_then(|root| root.entry("runs")) else { return };
    let using = runs.get("using").and_then(Node::as_str);
    let Some(steps) = runs.get("steps").filter(|_| using.is_some_and(|u| u.eq_ignore_ascii_case("composite"))) else {
        return;
    };
    let path = input.path.display();
    let identity = IdentityKey::new("github", "action", &format!("{}/{path}", input.repository.unwrap_or_default()));
    let owner = input.repository.and_then(|r| r.split('/').next()).filter(|o| !o.is_empty());
    let mut job = Job::new(input.text, identity.clone(), owner, permissions::token(None), BUDGET);
    job.called = true;
    job.repository = input.repository;
    let mut fact = IdentityFact::new(identity, IdentityKind::CiJob, "github", &path);
    fact.human = Human::No;
    fact.account = owner.map(str::to_owned);
    fact.attributes.insert("composite".to_owned(), "true".to_owned());
    out.fact(Fact::Identity(At::span(key.span), fact));
    let scope = Scope::default();
    let steps = step::flatten(Some(steps));
    let held = step::Held::read(input.text, &steps);
    let around = Surroundings { scopes: [&scope, &scope], github_npm: false, held };
    let mut checkouts = Checkouts::default();
    for (at, step) in steps.iter().enumerate() {
        step::read(&mut job, (at, step), &around, &mut checkouts);
        call::step(&mut job, steps.get(at..).unwrap_or_default(), None, &[]);
    }
    let declared = doc.roots.first().and_then(|root| root.get("inputs"));
    call::composite(&mut job, key.span, declared, &checkouts);
    job.facts.into_iter().for_each(|fact| out.fact(fact));
}
