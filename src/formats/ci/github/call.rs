//! What a job hands to another file of the repository that it uses, and what a job of such a file does with it. The inventory
//! joins the two (`inventory::follow`); these facts are for it alone.
//!
//! Reusable workflows: <https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows>; composite actions:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax>. Names of inputs and secrets are
//! compared without case.

use std::collections::BTreeMap;

use super::action::{self, Action};
use super::checkout::{self, Checkouts, DANGEROUS};
use super::condition;
use super::expr::{self, Source};
use super::gate::{self, Events};
use super::job::{Job, MAX_REACH};
use super::reads;
use super::step::inputs;
use super::triggers::{self, Trigger};
use crate::doc::Node;
use crate::formats::{environment, names};
use crate::model::{At, EnvironmentClass, Fact, SettingFact, Span, setting};

/// Longest text that an input is told with.
const MAX_TEXT: usize = 256;

/// Where a `uses:` stands.
pub struct Place<'p> {
    /// `uses:` itself.
    pub uses: &'p Node,
    /// The job or step that has it.
    pub node: &'p Node,
    /// The job around a step.
    pub job: Option<&'p Node>,
    /// The steps behind it, which may run what it fetches.
    pub later: &'p [&'p Node],
    /// True for a reusable workflow.
    pub workflow: bool,
}

/// Tells that a job uses a reusable workflow, or an action of its own repository.
pub fn calls(job: &mut Job<'_>, action: &Action, place: &Place<'_>, triggers: &[Trigger<'_>]) {
    let own = job.repository.is_some_and(|own| own.eq_ignore_ascii_case(&action.repository));
    if !action.local && !own && !place.workflow {
        return;
    }
    let path = if action.local {
        action.component.trim_start_matches("$/").to_owned()
    } else if own {
        action.component.splitn(3, '/').nth(2).unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    let mut fact = SettingFact::new(setting::CALLS, action.component.as_str(), path);
    fact.identity = Some(job.key.clone());
    let mut note = |name: String, value: String| {
        if fact.attributes.len() < MAX_REACH {
            fact.attributes.insert(name, value);
        }
    };
    note("kind".to_owned(), if place.workflow { "workflow" } else { "action" }.to_owned());
    if place.later.iter().any(|step| reads::may_run(step, &repository_of(step), &[])) {
        note("run_later".to_owned(), "true".to_owned());
    }
    let secrets = place.node.get("secrets").filter(|_| place.workflow);
    if secrets.and_then(Node::as_str) == Some("inherit") {
        note("inherit".to_owned(), "true".to_owned());
    }
    for (name, value) in inputs(secrets) {
        note(format!("secret:{}", name.to_ascii_uppercase()), sources(job.text, value));
    }
    for (name, value) in inputs(place.node.get("with")) {
        let name = name.to_ascii_lowercase();
        handed(job.text, &name, value, &mut note);
    }
    let nodes: Vec<&Node> = place.job.into_iter().chain([place.node]).collect();
    let environment = nodes.iter().any(|node| node.get("environment").is_some());
    condition(triggers, &nodes, environment, &mut note);
    let weight = fact.attributes.len();
    job.push(Fact::Setting(At::span(place.uses.span), fact), weight);
}

/// The repository of a step's action.
fn repository_of(step: &Node) -> String {
    step.get("uses").and_then(Node::as_str).map(|uses| action::parse(uses).repository).unwrap_or_default()
}

/// Tells of the first of these steps, if it uses an action of its own repository. `around` is the job that they stand in.
pub fn step(job: &mut Job<'_>, steps: &[&Node], around: Option<&Node>, triggers: &[Trigger<'_>]) {
    let Some((step, later)) = steps.split_first() else { return };
    let Some((uses, value)) = step.get("uses").and_then(|uses| Some((uses, uses.as_str()?))) else { return };
    let value = value.trim();
    let local = ["./", "../", "$/"].iter().any(|start| value.starts_with(start));
    let begins = |own: &str| value.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own));
    if !local && !job.repository.is_some_and(begins) {
        return;
    }
    let action = action::parse(value);
    calls(job, &action, &Place { uses, node: step, job: around, later, workflow: false }, triggers);
}

/// What one input is given.
fn handed(text: &str, name: &str, value: &Node, note: &mut impl FnMut(String, String)) {
    let Some(given) = value.scalar() else { return };
    if !expr::has_expression(&given) {
        match is_telling(name, &given) {
            true => note(format!("text:{name}"), given),
            false => note(format!("given:{name}"), "true".to_owned()),
        }
        return;
    }
    let sources = sources(text, value);
    if !sources.is_empty() {
        note(format!("from:{name}"), sources);
    }
    if let Some(head) = checkout::of_ref(&given).filter(|head| !head.starts_with("inputs.")) {
        let events: Vec<&str> = DANGEROUS.into_iter().filter(|event| checkout::is_set(&head, event)).collect();
        for event in events {
            note(format!("head:{event}:{name}"), head.clone());
        }
    }
    let outer = checkout::input_names(&given);
    if !outer.is_empty() {
        note(format!("pass:{name}"), outer.join(", "));
    }
    // Something that nothing is known of is not the default either.
    note(format!("given:{name}"), "true".to_owned());
}

/// Names in what a value is made of: secrets, `GITHUB_TOKEN`, `inputs.x`; empty when it is none of these.
fn sources(text: &str, value: &Node) -> String {
    let references = expr::references(text, value, false);
    let names = references.iter().filter_map(|reference| match &reference.source {
        Source::Secret(name) => Some(name.clone()),
        Source::Token => Some("GITHUB_TOKEN".to_owned()),
        Source::Input(name) => Some(format!("inputs.{}", name.to_ascii_lowercase())),
        Source::Variable(name) => Some(format!("vars.{name}")),
        _ => None,
    });
    names.take(20).collect::<Vec<_>>().join(", ")
}

/// Whether a literal names an environment or an identity to take on. Nothing else is told, since it could be a secret.
fn is_telling(name: &str, value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@ ".contains(c);
    if value.is_empty() || value.len() > MAX_TEXT || !value.chars().all(plain) || names::is_credential(name) {
        return false;
    }
    let identity = value.starts_with("arn:aws")
        || value.ends_with(".iam.gserviceaccount.com")
        || value.contains("/workloadIdentityPools/");
    let word = ["env", "stage", "tier", "target"].iter().any(|word| name.contains(word));
    let known = environment::classify("environment", value).class != EnvironmentClass::Unknown;
    identity || (value.len() <= 40 && (known || word))
}

/// What stands before it, and which events get through.
fn condition(triggers: &[Trigger<'_>], nodes: &[&Node], environment: bool, note: &mut impl FnMut(String, String)) {
    let gates = gate::gates(triggers, nodes, environment);
    let Events { only, mut never } = Events::read(nodes);
    let shut = DANGEROUS.into_iter().filter(|event| condition::shuts_out(nodes, event));
    never.extend(shut.map(str::to_owned));
    let join = |set: std::collections::BTreeSet<String>| set.into_iter().take(20).collect::<Vec<_>>().join(", ");
    for (name, value) in [("gate", gates.join(", ")), ("only", join(only)), ("never", join(never))] {
        if !value.is_empty() {
            note(name.to_owned(), value);
        }
    }
}

/// A job of a workflow that others call.
pub struct Callee<'c, 'a> {
    /// The job.
    pub node: &'a Node,
    /// Its key.
    pub at: Span,
    /// What starts the workflow.
    pub triggers: &'c [Trigger<'a>],
    /// Its environment.
    pub environment: Option<&'c str>,
}

/// Tells what a job of a reusable workflow does with what it is handed.
pub fn called(job: &mut Job<'_>, callee: &Callee<'_, '_>, checkouts: &Checkouts) {
    let Some(call) = callee.triggers.iter().find(|t| t.event == "workflow_call") else { return };
    let mut found = BTreeMap::new();
    let mut note = |name: String, value: String| {
        found.insert(name, value);
    };
    fetched(checkouts, &mut note);
    condition(callee.triggers, &[callee.node], callee.environment.is_some(), &mut note);
    let own: Vec<Trigger<'_>> = callee
        .triggers
        .iter()
        .filter(|t| t.event != "workflow_call")
        .map(|t| Trigger { event: t.event.clone(), filters: t.filters })
        .collect();
    if callee.environment.is_none()
        && let Some(subject) = triggers::subject(job.repository, None, &own)
    {
        note("subject".to_owned(), subject);
    }
    if let Some(input) = callee.environment.and_then(sole_input) {
        note("environment".to_owned(), input);
    }
    defaults(job.text, call.filters.and_then(|filters| filters.get("inputs")), &mut note);
    push(job, callee.at, found);
}

/// Tells what a composite action does with what it is handed.
pub fn composite(job: &mut Job<'_>, at: Span, declared: Option<&Node>, checkouts: &Checkouts) {
    let mut found = BTreeMap::new();
    let mut note = |name: String, value: String| {
        found.insert(name, value);
    };
    fetched(checkouts, &mut note);
    defaults(job.text, declared, &mut note);
    push(job, at, found);
}

fn push(job: &mut Job<'_>, at: Span, mut attributes: BTreeMap<String, String>) {
    while attributes.len() > MAX_REACH {
        attributes.pop_last();
    }
    let mut fact = SettingFact::new(setting::CALLED, "", "");
    fact.identity = Some(job.key.clone());
    fact.attributes = attributes;
    let weight = fact.attributes.len();
    job.push(Fact::Setting(At::span(at), fact), weight);
}

/// What it checks out: heads of pull requests by the events that set them, and values of inputs.
fn fetched(checkouts: &Checkouts, note: &mut impl FnMut(String, String)) {
    for event in DANGEROUS {
        let direct = checkouts.heads.iter().filter(|head| !head.contains(" inputs."));
        if let Some(head) = direct.into_iter().find(|head| checkout::is_set(head, event)) {
            note(format!("head:{event}"), head.clone());
        }
    }
    for (name, what) in &checkouts.inputs {
        note(format!("input:{name}"), what.clone());
    }
    let only = [
        ("only_read:head", !checkouts.heads.is_empty() && !checkouts.runs),
        ("only_read:input", !checkouts.inputs.is_empty() && !checkouts.runs_given),
    ];
    for (name, _) in only.into_iter().filter(|(_, only)| *only) {
        note(name.to_owned(), "true".to_owned());
    }
}

/// Defaults of inputs, as far as they tell something.
fn defaults(text: &str, declared: Option<&Node>, note: &mut impl FnMut(String, String)) {
    for (name, input) in inputs(declared) {
        if let Some(value) = input.get("default") {
            handed(text, &name.to_ascii_lowercase(), value, note);
        }
    }
}

/// The input, in lower case, when the whole value is `${{ inputs.NAME }}`.
fn sole_input(value: &str) -> Option<String> {
    let body = value.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim();
    let name = body.strip_prefix("inputs.")?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    (plain && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_environments_and_identities_are_told_of_literals() {
        for (name, value) in [
            ("environment", "eu-west"),
            ("where", "production"),
            ("role", "arn:aws:iam::123456789012:role/deploy"),
            ("sa", "ci@acme.iam.gserviceaccount.com"),
        ] {
            assert!(is_telling(name, value), "{name}: {value}");
        }
        for (name, value) in [("token", "production"), ("version", "1.2.3"), ("env", "a$b"), ("note", "hello there")] {
            assert!(!is_telling(name, value), "{name}: {value}");
        }
        assert!(!is_telling("env_file", &"Zq7pL2mXw9".repeat(5)), "too long for a name");
    }

    #[test]
    fn an_environment_by_one_input_is_told_and_one_put_together_is_not() {
        assert_eq!(sole_input("${{ inputs.Env }}").as_deref(), Some("env"));
        for value in ["${{ inputs.a || 'x' }}", "x-${{ inputs.a }}", "${{ github.ref }}", "prod"] {
            assert_eq!(sole_input(value), None, "{value}");
        }
    }
}
