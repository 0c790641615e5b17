//! One step: what its action or script authenticates with, and whose code it runs.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::action::{self, Action};
use super::checkout::Checkouts;
use super::expr::{self, Reference};
use super::job::{Consumer, Job, MAX_REACH, Scope, reaching};
use super::login::{self, Federation, Login};
use super::script;
use crate::doc::Node;
use crate::model::{At, AuthMode, Fact, Span, ThirdPartyFact};

/// Longest identity that is shown as a target.
const MAX_TARGET: usize = 256;

/// What surrounds the steps of a job.
pub struct Surroundings<'s, 'a> {
    /// The workflow's and the job's variables, the outer first.
    pub scopes: [&'s Scope<'a>; 2],
    /// True when `npm` in this job speaks to GitHub Packages.
    pub github_npm: bool,
    /// What the steps use.
    pub held: Held,
}

/// The credentials that the steps of a job take in, by name, each with the last step that does.
///
/// A step writes `$GITHUB_PATH`, `$GITHUB_ENV` and the work tree of those behind it
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>), so it can get at whatever
/// they hold.
#[derive(Default)]
pub struct Held(BTreeMap<String, usize>);

impl Held {
    /// Reads the steps, as [`flatten`] gives them.
    pub fn read(text: &str, steps: &[&Node]) -> Self {
        let mut last = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            let mut names = Scope::read(text, step.get("env")).reach;
            let known = LazyCell::new(|| {
                let action = step.get("uses").and_then(Node::as_str).map(action::parse)?;
                login::find(&action.repository).map(|login| (login.provider, login))
            });
            for (input, value) in inputs(step.get("with")) {
                let references = expr::references(text, value, false);
                if !references.is_empty() {
                    names.extend(reaching(&references, Consumer::input("", input, *known)));
                }
            }
            if let Some(run) = step.get("run") {
                names.extend(reaching(&expr::references(text, run, false), Consumer::named("run")));
            }
            // Every step can get the job's token, so its use further down says nothing more.
            names.remove("GITHUB_TOKEN");
            for name in names {
                if last.len() < MAX_REACH || last.contains_key(&name) {
                    last.insert(name, at);
                }
            }
        }
        Self(last)
    }

    /// The names that steps behind this one take in.
    fn after(&self, step: usize) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, last)| **last > step).map(|(name, _)| name.as_str())
    }
}

/// The steps of a job or action in order, those of `parallel:` groups in the place of their group.
pub fn flatten(steps: Option<&Node>) -> Vec<&Node> {
    let mut open: Vec<&Node> = steps.map(Node::items).unwrap_or_default().iter().rev().collect();
    let mut found = Vec::new();
    while let Some(step) = open.pop() {
        match step.get("parallel") {
            Some(group) => open.extend(group.items().iter().rev()),
            None => found.push(step),
        }
    }
    found
}

/// The inputs of a `with:` node by name.
pub fn inputs(with: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    with.map(Node::entries).unwrap_or_default().iter().filter_map(|(k, v)| Some((k.as_str()?, v)))
}

/// Reads the step at this place among the job's into the job.
pub fn read<'a>(
    job: &mut Job<'_>,
    (at, step): (usize, &'a Node),
    around: &Surroundings<'_, 'a>,
    checkouts: &mut Checkouts,
) {
    let own = Scope::read(job.text, step.get("env"));
    job.scope(&own);
    let uses = step.get("uses").and_then(|node| Some((node, action::parse(node.as_str()?))));
    if let Some((node, action)) = &uses {
        let mut reach: BTreeSet<String> = own.reach.clone();
        reach.extend(read_action(job, step, node, action, &own, around));
        around.scopes.iter().for_each(|scope| reach.extend(scope.reach.iter().cloned()));
        let later: Vec<&str> = around.held.after(at).filter(|name| !reach.contains(*name)).collect();
        third_party(job, node, action, reach, &later);
    }
    if let Some(run) = step.get("run") {
        job.scalar(run, false, Consumer::named("run"));
        npm_publish(job, run, &own, around);
        let scopes = [&own, around.scopes[1], around.scopes[0]];
        script::settings(job, run, &scopes, around.held.after(at), checkouts.persisted > 0);
    }
    for (key, value) in step.entries() {
        match key.as_str() {
            Some("env" | "uses" | "with" | "run") | None => {}
            Some("if") => job.scalar(value, true, Consumer::named("if")),
            Some(other) => job.tree(value, Consumer::named(other)),
        }
    }
    if let Some((node, action)) = &uses
        && !action.pinned
        && !action.is_first_party(job.owner)
    {
        checkouts.exposes(&action.component, node.span);
    }
    checkouts.step(step, uses.as_ref().map_or("", |(_, action)| action.repository.as_str()));
}

/// Usages of an action's inputs. Returns the credentials that reach it.
fn read_action<'a>(
    job: &mut Job<'_>,
    step: &'a Node,
    uses: &Node,
    action: &Action,
    own: &Scope<'a>,
    around: &Surroundings<'_, 'a>,
) -> BTreeSet<String> {
    let with = step.get("with");
    let known = login::find(&action.repository).map(|login| (provider_of(login, with), login));
    let mechanism = match known {
        Some((_, login)) => login.action,
        None if action.repository.is_empty() => &action.component,
        None => &action.repository,
    };
    let values = Values { with, scopes: [own, around.scopes[1], around.scopes[0]] };
    let target = known.and_then(|(_, login)| login.federation.as_ref()).and_then(|f| values.first(f.target));
    let mut reach = BTreeSet::new();
    for (input, value) in inputs(with) {
        let references: Vec<Reference> = expr::references(job.text, value, false);
        let mut consumer = Consumer::input(mechanism, input, known);
        if known.is_some_and(|(_, login)| login.is_secret(input)) {
            consumer.target = target.as_deref();
        }
        job.references(&references, consumer);
        job.literal(value, known.is_some_and(|(_, login)| login.is_secret(input)), consumer);
        reach.extend(reaching(&references, consumer));
    }
    if let Some((provider, login)) = known {
        let span = with.map_or(uses.span, |with| with.span);
        log_in(job, provider, login, &values, span, target);
    }
    reach
}

/// The provider of a login, which for container registries is the registry's.
fn provider_of(login: &Login, with: Option<&Node>) -> &'static str {
    if login.action != "docker/login-action" {
        return login.provider;
    }
    let registry = inputs(with).find(|(key, _)| key.eq_ignore_ascii_case("registry")).and_then(|(_, v)| v.scalar());
    login::registry_provider(&registry.unwrap_or_default())
}

/// Inputs with the variables that they may be taken from.
struct Values<'s, 'a> {
    with: Option<&'a Node>,
    scopes: [&'s Scope<'a>; 3],
}

impl Values<'_, '_> {
    /// An input's text, when it is given; a value that is only `${{ env.X }}` is followed to the variable.
    fn text(&self, name: &str) -> Option<String> {
        let (_, node) = inputs(self.with).find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        let text = node.scalar()?;
        let followed = expr::sole_env(&text)
            .and_then(|name| self.scopes.iter().find_map(|scope| scope.values.get(name.as_str())))
            .and_then(|node| node.scalar());
        let text = followed.unwrap_or(text);
        let text = text.trim();
        (!text.is_empty()).then(|| text.chars().take(MAX_TARGET).collect())
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }
}

/// The usage of a login without a stored credential.
fn log_in(
    job: &mut Job<'_>,
    provider: &str,
    login: &Login,
    values: &Values<'_, '_>,
    span: Span,
    target: Option<String>,
) {
    let Some(federation) = &login.federation else { return };
    let is = |name: &str, expected: &str| values.text(name).is_some_and(|v| v.eq_ignore_ascii_case(expected));
    // https://github.com/Azure/login: a managed identity of the self-hosted runner.
    if login.action == "azure/login" && is("auth-type", "IDENTITY") {
        let mut usage = job.usage(AuthMode::Instance, provider, login.action);
        usage.target = target;
        job.push(Fact::Usage(At::span(span), usage), 0);
        return;
    }
    let given = |name: &&str| values.text(name).is_some();
    let chosen = federation.when.map(|(input, value)| is(input, value));
    let federates = match chosen {
        // Vault's JWT can also be signed with a key that the workflow holds.
        Some(chosen) => chosen && !given(&"jwtPrivateKey"),
        None if login.secrets.iter().any(given) => false,
        None if federation.needs.is_empty() => job.token.id_token || job.called,
        None => federation.needs.iter().any(given),
    };
    if !federates {
        return;
    }
    // Without an OIDC token or keys, a role can only be assumed from what the runner itself has.
    let ambient =
        login.provider == "aws" && !job.token.id_token && job.self_hosted && !given(&"web-identity-token-file");
    let mode = if ambient { AuthMode::Instance } else { AuthMode::Federated };
    let mut usage = job.usage(mode, provider, login.action);
    usage.target = target;
    usage.federation_available = login.provider == "aws" && ambient;
    if is("role-chaining", "true") {
        usage.attributes.insert("role_chaining".to_owned(), "true".to_owned());
    }
    if let Some(audience) = audience(federation, values, job.owner).filter(|_| !ambient) {
        usage.attributes.insert("audience".to_owned(), audience);
    }
    if let Some(duration) = Some(federation.duration).filter(|d| !d.is_empty()).and_then(|d| values.text(d)) {
        usage.attributes.insert("duration".to_owned(), duration);
    }
    if ambient {
        job.push(Fact::Usage(At::span(span), usage), 0);
    } else {
        job.federated(usage, span);
    }
}

/// The audience asked for, when it is written or has a default that can be told.
fn audience(federation: &Federation, values: &Values<'_, '_>, owner: Option<&str>) -> Option<String> {
    let (input, default) = federation.audience;
    if let Some(written) = Some(input).filter(|i| !i.is_empty()).and_then(|i| values.text(i)) {
        return Some(written);
    }
    match default {
        // GitHub's own default is the owner's URL.
        "" => owner.map(|owner| format!("https://github.com/{owner}")).filter(|_| !input.is_empty()),
        // Google's is the provider's full name.
        prefix if prefix.ends_with('/') => {
            let provider = values.text("workload_identity_provider").filter(|v| !expr::has_expression(v))?;
            Some(format!("{prefix}{provider}"))
        }
        default => Some(default.to_owned()),
    }
}

/// Third-party code with what it can reach: `reach` of its own inputs and variables and those around it, the token, and
/// what `later` steps hold.
pub fn third_party(job: &mut Job<'_>, uses: &Node, action: &Action, reach: BTreeSet<String>, later: &[&str]) {
    if job.budget == 0 {
        return;
    }
    let mut credentials = job.render_reach(reach);
    let room = MAX_REACH.saturating_sub(credentials.len());
    credentials.extend(later.iter().take(room).map(|name| format!("{name} (later step)")));
    let weight = credentials.len();
    let fact = ThirdPartyFact {
        identity: job.key.clone(),
        component: action.component.clone(),
        version: action.version.clone(),
        pinned: action.pinned,
        first_party: action.is_first_party(job.owner),
        credentials,
    };
    job.push(Fact::ThirdParty(At::span(uses.span), fact), weight);
}

/// `npm publish` without a token is trusted publishing (<https://docs.npmjs.com/trusted-publishers>); with one it is
/// that token, whatever `--provenance` says.
fn npm_publish(job: &mut Job<'_>, run: &Node, own: &Scope<'_>, around: &Surroundings<'_, '_>) {
    let Some(script) = run.as_str().filter(|_| job.token.id_token && !around.github_npm) else { return };
    let publishes = script.lines().map(str::trim).any(|line| {
        let commands = ["npm publish", "yarn npm publish", "changeset publish", "lerna publish", "semantic-release"];
        !line.starts_with('#') && !line.contains("--dry-run") && commands.iter().any(|c| line.contains(c))
    });
    let scopes = [own, around.scopes[1], around.scopes[0]];
    let token = ["NODE_AUTH_TOKEN", "NPM_TOKEN", "NPM_AUTH_TOKEN", "YARN_NPM_AUTH_TOKEN"];
    let value = |name: &&str| scopes.iter().find_map(|scope| scope.values.get(*name)).and_then(|node| node.scalar());
    let has_token = token.iter().filter_map(value).any(|v| !v.trim().is_empty());
    if !publishes || has_token {
        return;
    }
    let mut usage = job.usage(AuthMode::Federated, "npm", "npm publish");
    usage.attributes.insert("audience".to_owned(), "npm:registry.npmjs.org".to_owned());
    job.federated(usage, run.span);
}
