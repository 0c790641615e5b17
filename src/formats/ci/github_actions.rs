//! Workflows of GitHub Actions: each job is an identity that authenticates with a token of its own, with stored secrets,
//! or by federation.
//!
//! Syntax: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.

use std::collections::BTreeSet;

use super::github::checkout::Checkouts;
use super::github::job::{Consumer, Job, MAX_REACH, Scope, Use, reaching};
use super::github::permissions::Power;
use super::github::step::{self, Surroundings, inputs};
use super::github::triggers::{self, Trigger};
use super::github::{action, call, checkout, condition, expr, gate, login, permissions};
use crate::doc::line_and_column;
use crate::doc::{Doc, Kind, Node};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax, environment};
use crate::model::{
    At, AuthMode, Environment, EnvironmentClass, Fact, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind,
    RepoPath, SettingFact, setting,
};

/// The format.
pub const FORMAT: Format = Format {
    id: "github-actions",
    name: "GitHub Actions workflow",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// References, facts and names that one file may come to: hundreds of times what GitHub's own limits let it have.
pub(super) const BUDGET: usize = 200_000;

/// Longest text of an input file that goes into an attribute.
const MAX_ATTRIBUTE: usize = 200;

fn claims(path: &RepoPath, head: &str) -> bool {
    is_workflow_path(path) || looks_like_workflow(head)
}

/// GitHub runs only what lies directly in `.github/workflows`; the directory may lie deeper in a scanned tree.
fn is_workflow_path(path: &RepoPath) -> bool {
    let mut parts = path.as_bytes().rsplit(|b| *b == b'/');
    let name = parts.next().unwrap_or_default();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    yaml && parts.next() == Some(b"workflows") && parts.next() == Some(b".github")
}

/// Top-level `on:` and `jobs:`, and a key that only jobs have.
fn looks_like_workflow(head: &str) -> bool {
    // Most files are told by one look.
    if memchr::memmem::find(head.as_bytes(), b"jobs").is_none() {
        return false;
    }
    let mut on = false;
    let mut jobs = false;
    let mut job = false;
    for line in head.trim_start_matches('\u{feff}').lines() {
        let key = line.split(':').next().unwrap_or_default();
        if key.len() < line.len() {
            on |= matches!(key, "on" | "\"on\"" | "'on'");
            jobs |= matches!(key, "jobs" | "\"jobs\"" | "'jobs'");
            let key = key.trim_start_matches([' ', '-']);
            job |= line.starts_with([' ', '-']) && matches!(key, "runs-on" | "uses");
        }
    }
    on && jobs && job
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    // A file without a document holds nothing that could be missed.
    let Some(root) = doc.roots.first().filter(|root| !matches!(root.kind, Kind::Null)) else { return };
    let jobs = root.get("jobs").filter(|jobs| jobs.is_mapping());
    let certain = is_workflow_path(input.path);
    let Some(jobs) = jobs.filter(|_| certain || root.get("on").is_some()) else {
        if certain {
            malformed(input, root, "a workflow needs a mapping under `jobs:`", out);
        }
        return;
    };
    let workflow = Workflow::new(input, root);
    let mut budget = BUDGET;
    for (key, node) in jobs.entries() {
        let Some(id) = key.scalar() else { continue };
        if !node.is_mapping() {
            malformed(input, key, "a job is a mapping", out);
            continue;
        }
        check_steps(input, node, out);
        let job = workflow.job(&id, key, node, budget);
        budget = job.budget;
        job.facts.into_iter().for_each(|fact| out.fact(fact));
        if budget == 0 {
            let message = "more references than any workflow may have; the rest of the file was not read";
            gap(input, key, "too-many-facts", message, out);
            return;
        }
    }
}

/// From the facts of one file to those of an equal one of the same repository: the path stands in the keys and the names of jobs,
/// and in nothing else that [`read`] tells.
pub(in crate::formats) struct Moved {
    /// What keys of jobs begin with.
    keys: [String; 2],
    /// What their names do.
    names: [String; 2],
    /// The job of the fact before.
    last: Option<[IdentityKey; 2]>,
}

impl Moved {
    /// `None` when the two are not read alike.
    pub(in crate::formats) fn new(repository: Option<&str>, from: &RepoPath, to: &RepoPath) -> Option<Self> {
        let both = [from, to];
        let keys = both.map(|path| format!("github:job:{}", key_name(repository, &path.display(), "")));
        let names = both.map(|path| job_name(&path.display(), ""));
        (is_workflow_path(from) == is_workflow_path(to)).then_some(Self { keys, names, last: None })
    }

    fn key(&mut self, key: &mut IdentityKey) {
        if let Some([_, new]) = self.last.as_ref().filter(|[old, _]| old == key) {
            *key = new.clone();
            return;
        }
        let [from, to] = &self.keys;
        if let Some(id) = key.as_str().strip_prefix(from.as_str()) {
            let new = IdentityKey::from(format!("{to}{id}"));
            self.last = Some([std::mem::replace(key, new.clone()), new]);
        }
    }

    /// Changes one fact.
    pub(in crate::formats) fn fact(&mut self, fact: &mut Fact) {
        match fact {
            Fact::Identity(_, job) => {
                self.key(&mut job.key);
                let [from, to] = &self.names;
                if let Some(id) = job.name.strip_prefix(from.as_str()) {
                    job.name = format!("{to}{id}");
                }
            }
            Fact::Grant(_, grant) => self.key(&mut grant.identity),
            Fact::Trust(_, trust) => self.key(&mut trust.identity),
            Fact::ThirdParty(_, code) => self.key(&mut code.identity),
            Fact::Usage(_, usage) => usage.identity.iter_mut().for_each(|key| self.key(key)),
            Fact::Setting(_, told) => told.identity.iter_mut().for_each(|key| self.key(key)),
            Fact::Credential(_, credential) => credential.identity.iter_mut().for_each(|key| self.key(key)),
            Fact::Secret(..) => {}
        }
    }
}

/// The name in the key of a job.
fn key_name(repository: Option<&str>, path: &str, id: &str) -> String {
    format!("{}/{path}#{id}", repository.unwrap_or_default())
}

/// What people call a job.
fn job_name(path: &str, id: &str) -> String {
    format!("{} / {id}", path.rsplit('/').next().unwrap_or_default())
}

fn malformed(input: &Input<'_>, at: &Node, message: &str, out: &mut Out<'_>) {
    gap(input, at, "malformed", message, out);
}

fn gap(input: &Input<'_>, at: &Node, code: &'static str, message: &str, out: &mut Out<'_>) {
    let (line, column) = line_and_column(input.text, at.span.start);
    out.notice(ReadNotice { kind: NoticeKind::Gap, code, line, column, message: message.to_owned() });
}

fn check_steps(input: &Input<'_>, job: &Node, out: &mut Out<'_>) {
    let Some((key, steps)) = job.entry("steps") else { return };
    if !matches!(steps.kind, Kind::Sequence(_)) {
        malformed(input, key, "steps are a list", out);
    }
    if let Some(step) = step::flatten(Some(steps)).into_iter().find(|step| !step.is_mapping()) {
        malformed(input, step, "a step is a mapping", out);
    }
}

/// What the jobs of a workflow share.
struct Workflow<'a> {
    input: &'a Input<'a>,
    root: &'a Node,
    triggers: Vec<Trigger<'a>>,
    scope: Scope<'a>,
    called: bool,
}

impl<'a> Workflow<'a> {
    fn new(input: &'a Input<'a>, root: &'a Node) -> Self {
        let triggers = triggers::read(root.get("on"));
        let called = !triggers.is_empty() && triggers.iter().all(|t| t.event == "workflow_call");
        let scope = Scope::read(input.text, root.get("env"));
        Self { input, root, triggers, scope, called }
    }

    /// Reads a job; its identity is the first of its facts.
    fn job(&self, id: &str, key: &Node, node: &'a Node, budget: usize) -> Job<'a> {
        let path = self.input.path.display();
        let identity = IdentityKey::new("github", "job", &key_name(self.input.repository, &path, id));
        let owner = self.input.repository.and_then(|r| r.split('/').next()).filter(|o| !o.is_empty());
        let permissions = permissions::effective(self.root, node);
        let token = permissions::token(permissions.map(|(node, _)| node));
        let mut job = Job::new(self.input.text, identity.clone(), owner, token, budget);
        let runner = runs_on(node);
        job.self_hosted = runner.iter().any(|label| label.eq_ignore_ascii_case("self-hosted"));
        job.called = self.called;
        job.repository = self.input.repository;

        let mut fact = IdentityFact::new(identity, IdentityKind::CiJob, "github", &job_name(&path, id));
        fact.human = Human::No;
        fact.account = owner.map(str::to_owned);
        let named = environment_of(node);
        if let Some(name) = &named {
            fact.environment = classify(name);
        }
        job.push(Fact::Identity(At::span(key.span), fact.clone()), 0);
        for (at, grant) in permissions::grants(&job.key, permissions, key.span, self.called) {
            job.push(Fact::Grant(at, grant), 0);
        }
        let checkouts = self.contents(&mut job, node);
        let callee = call::Callee { node, at: key.span, triggers: &self.triggers, environment: named.as_deref() };
        call::called(&mut job, &callee, &checkouts);
        self.describe(&mut fact, &job, node, &runner, named.as_deref(), &checkouts);
        if let Some(first) = job.facts.first_mut() {
            *first = Fact::Identity(At::span(key.span), fact);
        }
        job
    }

    /// Everything in a job that can hold a credential.
    fn contents(&self, job: &mut Job<'_>, node: &'a Node) -> Checkouts {
        let own = Scope::read(job.text, node.get("env"));
        job.scope(&self.scope);
        job.scope(&own);
        for (key, value) in node.entries() {
            match key.as_str() {
                Some("env" | "steps" | "permissions" | "uses" | "with" | "secrets" | "services") | None => {}
                Some("container") => container(job, value, "container"),
                Some("if") => job.scalar(value, true, Consumer::named("if")),
                Some(other) => job.tree(value, Consumer::named(other)),
            }
        }
        for (name, service) in node.get("services").map(Node::entries).unwrap_or_default() {
            container(job, service, &format!("services.{}", name.scalar().unwrap_or_default()));
        }
        reusable(job, node, &self.triggers);
        let steps = step::flatten(node.get("steps"));
        let held = step::Held::read(job.text, &steps);
        let around = Surroundings { scopes: [&self.scope, &own], github_npm: github_npm(&steps), held };
        let mut checkouts = Checkouts::default();
        for (at, step) in steps.iter().enumerate() {
            step::read(job, (at, step), &around, &mut checkouts);
            call::step(job, steps.get(at..).unwrap_or_default(), Some(node), &self.triggers);
        }
        persisted(job, &checkouts);
        checkouts
    }

    fn describe(
        &self,
        fact: &mut IdentityFact,
        job: &Job<'_>,
        node: &Node,
        runner: &[String],
        environment: Option<&str>,
        checkouts: &Checkouts,
    ) {
        let mut note = |name: &str, value: String| {
            if !value.is_empty() {
                // As many bytes are no more characters.
                let short = value.len() <= MAX_ATTRIBUTE;
                let value = if short { value } else { value.chars().take(MAX_ATTRIBUTE).collect() };
                fact.attributes.insert(name.to_owned(), value);
            }
        };
        let events: Vec<&str> = self.triggers.iter().map(|t| t.event.as_str()).collect();
        note("triggers", events.join(", "));
        note("workflow", self.root.get("name").and_then(Node::scalar).unwrap_or_default());
        note("runs_on", runner.join(", "));
        note("self_hosted", if job.self_hosted { "true".to_owned() } else { String::new() });
        note("environment", environment.unwrap_or_default().to_owned());
        note("token", job.token.power.as_str().to_owned());
        note("id_token", if job.token.id_token { "write".to_owned() } else { String::new() });
        note("secrets", job.secrets.iter().take(50).cloned().collect::<Vec<_>>().join(", "));
        // An environment by expression has a subject that the file does not give.
        if environment.is_none_or(|name| !expr::has_expression(name)) {
            let subject = triggers::subject(self.input.repository, environment, &self.triggers);
            note("subject", subject.unwrap_or_default());
        }
        let persist = match (checkouts.persisted, checkouts.clean) {
            (0, 0) => "",
            (0, _) => "false",
            _ => "true",
        };
        note("persist_credentials", persist.to_owned());
        if environment.is_none() && !self.called {
            note("production", production(&job.facts).unwrap_or_default());
        }
        for head in &checkouts.heads {
            let dangerous = triggers::dangerous(&self.triggers);
            let events = dangerous.filter(|event| checkout::is_set(head, event) && !self.is_shut(node, event));
            let events: Vec<&str> = events.collect();
            if events.is_empty() {
                continue;
            }
            note("untrusted_checkout", format!("{}: {head}", events.join(", ")));
            let mut gates = gate::gates(&self.triggers, &[node], environment.is_some());
            let before = checkouts.gates.get(head).into_iter().flatten();
            gates.extend(before.filter(|gate| !gates.contains(gate)).copied().collect::<Vec<_>>());
            note("gate", gates.join(", "));
            note("checkout_only", if checkouts.runs { String::new() } else { "true".to_owned() });
            break;
        }
    }

    /// Whether a job is never run for a stranger's pull request on this event.
    fn is_shut(&self, job: &Node, event: &str) -> bool {
        let jobs = self.root.get("jobs");
        jobs.is_some_and(|jobs| condition::shut_jobs(jobs, event).iter().any(|shut| std::ptr::eq(*shut, job)))
    }
}

/// The first production identity or secret that a job takes in, by its name.
fn production(facts: &[Fact]) -> Option<String> {
    let usages = facts.iter().filter_map(|fact| if let Fact::Usage(_, usage) = fact { Some(usage) } else { None });
    let named = |name: &str| environment::classify("", name).class == EnvironmentClass::Prod;
    let mut names = usages.filter_map(|usage| match usage.mode {
        AuthMode::Federated => usage.target.clone().filter(|target| !expr::has_expression(target)),
        // `LIVE` in a secret's name is as often a test against something live.
        AuthMode::Referenced => usage.credential.clone().filter(|name| name.to_ascii_uppercase().contains("PROD")),
        _ => None,
    });
    names.find(|name| named(name))
}

/// Tells who can read a token that a checkout kept.
fn persisted(job: &mut Job<'_>, checkouts: &Checkouts) {
    for (what, span, kept) in &checkouts.exposed {
        let token = match (kept, job.token.power) {
            (Some(kept), _) => kept.clone(),
            (None, Power::Write) => "GITHUB_TOKEN (write)".to_owned(),
            // Of permissions that the file does not tell a check of their own speaks.
            (None, _) => continue,
        };
        let subject = job.key.as_str().rsplit('#').next().unwrap_or_default();
        let mut fact = SettingFact::new(setting::PERSISTED_TOKEN, subject, what.as_str());
        fact.identity = Some(job.key.clone());
        fact.attributes.insert("token".to_owned(), token);
        job.push(Fact::Setting(At::span(*span), fact), 1);
    }
}

/// The labels of `runs-on`, as a name, a list, or `{group, labels}`.
fn runs_on(job: &Node) -> Vec<String> {
    let Some(node) = job.get("runs-on") else { return Vec::new() };
    if !node.is_mapping() {
        return node.one_or_many().iter().filter_map(Node::scalar).collect();
    }
    let group = node.get("group").and_then(Node::scalar).map(|group| format!("group {group}"));
    let labels = node.get("labels").map(Node::one_or_many).unwrap_or_default();
    group.into_iter().chain(labels.iter().filter_map(Node::scalar)).collect()
}

/// The name under `environment:`, a string or `{name, url}`.
fn environment_of(job: &Node) -> Option<String> {
    let node = job.get("environment")?;
    let name = node.get("name").unwrap_or(node).scalar()?;
    (!name.is_empty()).then_some(name)
}

fn classify(name: &str) -> Environment {
    if expr::has_expression(name) {
        let why = format!("environment is an expression: {}", name.chars().take(MAX_ATTRIBUTE).collect::<String>());
        return Environment { class: EnvironmentClass::Unknown, why };
    }
    environment::classify("environment", name)
}

/// A container's or service's credentials and variables.
fn container(job: &mut Job<'_>, node: &Node, mechanism: &str) {
    let scope = Scope::read(job.text, node.get("env"));
    job.scope(&scope);
    let image = node.get("image").and_then(Node::scalar).unwrap_or_default();
    // Docker Hub is what an image without a host comes from.
    let host = image.split_once('/').map_or("", |(host, _)| if host.contains(['.', ':']) { host } else { "" });
    let provider = login::registry_provider(host);
    for (input, value) in inputs(node.get("credentials")) {
        let kind = if input == "password" { Use::Credential } else { Use::Identifier };
        let name = format!("{mechanism}.credentials");
        let consumer = Consumer { mechanism: &name, hint: input, login: Some((provider, kind)), target: None };
        job.scalar(value, false, consumer);
        job.literal(value, input == "password", consumer);
    }
}

/// A call of a reusable workflow: what is handed to it, and whose it is. Variables of the caller do not reach it.
fn reusable(job: &mut Job<'_>, node: &Node, triggers: &[Trigger<'_>]) {
    let Some((uses, value)) = node.get("uses").and_then(|n| Some((n, n.as_str()?))) else { return };
    let called = action::parse(value);
    let mut reach = BTreeSet::new();
    if let Some(secrets) = node.get("secrets") {
        if secrets.as_str() == Some("inherit") {
            let mut usage = job.usage(AuthMode::Referenced, "", &called.component);
            usage.credential = Some("*".to_owned());
            usage.attributes.insert("inherit".to_owned(), "true".to_owned());
            job.push(Fact::Usage(At::span(secrets.span), usage), 0);
            job.secrets.insert("*".to_owned());
            reach.insert("*".to_owned());
        }
        hand_over(job, secrets, &called.component, &mut reach);
    }
    if let Some(with) = node.get("with") {
        hand_over(job, with, &called.component, &mut reach);
    }
    step::third_party(job, uses, &called, reach, &[]);
    call::calls(job, &called, &call::Place { uses, node, job: None, later: &[], workflow: true }, triggers);
}

fn hand_over(job: &mut Job<'_>, values: &Node, component: &str, reach: &mut BTreeSet<String>) {
    for (name, value) in inputs(Some(values)) {
        let references = expr::references(job.text, value, false);
        let room = MAX_REACH.saturating_sub(reach.len());
        let consumer = Consumer::input(component, name, None);
        reach.extend(reaching(&references, consumer).take(room));
        job.references(&references, consumer);
    }
}

/// Whether the job's `setup-node` points npm at GitHub Packages, which takes the job's token and no publishing trust.
fn github_npm(steps: &[&Node]) -> bool {
    steps.iter().any(|step| {
        let url = inputs(step.get("with")).find(|(key, _)| *key == "registry-url").and_then(|(_, v)| v.scalar());
        url.is_some_and(|url| url.contains("npm.pkg.github.com"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;
    use crate::model::UsageFact;

    fn facts(text: &str) -> (Vec<Fact>, Vec<ReadNotice>) {
        facts_of(text, &RepoPath::from(".github/workflows/ci.yml"), Some("acme/app"))
    }

    fn facts_of(text: &str, path: &RepoPath, repository: Option<&str>) -> (Vec<Fact>, Vec<ReadNotice>) {
        let doc = yaml::parse(text).unwrap();
        let (mut facts, mut notices) = (Vec::new(), Vec::new());
        let (mut fact, mut notice) = (|f| facts.push(f), |n| notices.push(n));
        let input = Input { path, repository, text };
        read(&input, &doc, &mut Out::new(&mut fact, &mut notice));
        (facts, notices)
    }

    fn usages(text: &str) -> Vec<UsageFact> {
        let usage = |fact| if let Fact::Usage(_, usage) = fact { Some(usage) } else { None };
        facts(text).0.into_iter().filter_map(usage).collect()
    }

    #[test]
    fn a_copy_is_told_what_reading_it_would_tell() {
        let text = "on: [pull_request_target, workflow_call]\nenv: {T: '${{ secrets.A }}'}\njobs:\n  a:\n    runs-on: x\n    \
                    permissions: write-all\n    steps:\n      - uses: actions/checkout@v4\n        with: {ref: '${{ \
                    github.event.pull_request.head.sha }}'}\n      - uses: ./own\n      - uses: b/c@v1\n      - run: curl \
                    https://acme.test/i | sh; echo $T\n  'b#c':\n    uses: ./.github/workflows/y.yml\n    secrets: inherit\n";
        let [from, to] = [".github/workflows/x.yml", "deep/.github/workflows/other name.yaml"].map(RepoPath::from);
        for repository in [None, Some("acme/app")] {
            let mut retold = facts_of(text, &from, repository).0;
            let kinds: BTreeSet<_> =
                retold.iter().map(std::mem::discriminant).map(|kind| format!("{kind:?}")).collect();
            assert!(kinds.len() > 4, "{kinds:?}");
            let mut moved = Moved::new(repository, &from, &to).unwrap();
            retold.iter_mut().for_each(|fact| moved.fact(fact));
            assert_eq!(format!("{retold:?}"), format!("{:?}", facts_of(text, &to, repository).0));
        }
        assert!(Moved::new(None, &from, &RepoPath::from("ci/x.yml")).is_none(), "not certain to be a workflow");
    }

    #[test]
    fn workflows_are_claimed_by_path_or_by_content() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim(".github/workflows/ci.yml", ""));
        assert!(claim("vendor/x/.github/workflows/ci.yaml", ""));
        assert!(!claim(".github/workflows/sub/ci.yml", ""));
        assert!(!claim(".github/workflows/readme.md", ""));
        assert!(claim("renamed.txt", "# c\r\n\"on\": push\r\njobs:\r\n  a:\r\n    runs-on: x\r\n"));
        assert!(claim("x", "\u{feff}on:\n  push:\njobs:\n  a:\n    steps:\n    - uses: b/c@v1\n"));
        assert!(!claim("x.yml", "jobs:\n  a:\n    runs-on: x\n"));
        assert!(!claim("x.yml", "spec:\n  on: x\n  jobs:\n    runs-on: x\n"));
    }

    #[test]
    fn a_literal_is_static_and_its_value_is_in_no_fact() {
        let value = ["Zq7", "pL2m", "Xw9r"].concat();
        let text = format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    container:\n      image: ghcr.io/acme/x\n      credentials:\n        \
             username: bot\n        password: {value}\n    env:\n      AWS_SECRET_ACCESS_KEY: {value}\n    steps:\n      - uses: \
             docker/login-action@v3\n        with:\n          username: bot\n          password: '{value}'\n"
        );
        let found = usages(&text);
        let shown: Vec<_> = found.iter().map(|u| (u.mode, u.provider.as_str(), u.mechanism.as_str())).collect();
        let expected = [
            (AuthMode::Static, "aws", "AWS_SECRET_ACCESS_KEY"),
            (AuthMode::Static, "ghcr", "container.credentials"),
            (AuthMode::Static, "docker", "docker/login-action"),
        ];
        assert_eq!(shown, expected);
        assert!(!format!("{:?}", facts(&text)).contains(&value));
    }

    #[test]
    fn a_stand_in_for_an_emulator_offers_no_federation() {
        let found = usages("on: push\njobs:\n  a:\n    runs-on: x\n    env: {AWS_SECRET_ACCESS_KEY: test}\n");
        assert_eq!(found.len(), 1);
        assert!(!found[0].federation_available);
        assert_eq!(found[0].attributes.get("placeholder").map(String::as_str), Some("true"));
    }

    #[test]
    fn what_runs_before_a_checkout_cannot_read_the_token_that_it_keeps() {
        let told = |steps: &[&str]| {
            let head = "on: push\npermissions: {contents: read}\njobs:\n  a:\n    runs-on: x\n    steps:\n";
            let found = facts(&[head, &steps.concat()].concat()).0;
            found.iter().filter(|f| matches!(f, Fact::Setting(_, s) if s.name == setting::PERSISTED_TOKEN)).count()
        };
        let plain = "      - uses: actions/checkout@v4\n";
        let kept = "      - uses: actions/checkout@v4\n        with: {token: '${{ secrets.BOT }}'}\n";
        let other = "      - uses: other/tool@v1\n";
        assert_eq!(told(&[plain, other, kept]), 0);
        assert_eq!(told(&[plain, kept, other]), 1);
        assert_eq!(told(&[plain, other, kept, other]), 1);
    }

    #[test]
    fn a_secret_counts_once_a_job_and_mechanism() {
        let step = "      - run: echo ${{ secrets.A }} ${{ secrets.a }}\n";
        let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{step}{step}");
        assert_eq!(usages(&text).len(), 1);
    }

    #[test]
    fn a_file_that_multiplies_is_cut_and_says_so() {
        let mut text = String::from("on: push\nenv:\n");
        (0..2_000).for_each(|i| text.push_str(&format!("  V{i}: ${{{{ secrets.S{i} }}}}\n")));
        text.push_str("jobs:\n");
        (0..2_000).for_each(|i| text.push_str(&format!("  j{i}: {{runs-on: x, steps: [{{uses: a/b}}]}}\n")));
        let (facts, notices) = facts(&text);
        assert!(facts.len() <= BUDGET);
        assert_eq!(notices.iter().map(|n| n.code).collect::<Vec<_>>(), ["too-many-facts"]);
    }

    #[test]
    fn heads_count_only_on_the_events_that_set_them() {
        let untrusted = |on: &str, head: &str| {
            let text = format!(
                "on: {on}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@v4\n        with: {{ref: '{head}'}}\n"
            );
            let (facts, _) = facts(&text);
            matches!(&facts[0], Fact::Identity(_, i) if i.attributes.contains_key("untrusted_checkout"))
        };
        assert!(untrusted("pull_request_target", "${{ github.event.pull_request.head.sha }}"));
        assert!(untrusted("workflow_run", "${{ github.event.workflow_run.head_sha }}"));
        assert!(untrusted("issue_comment", "refs/pull/${{ github.event.issue.number }}/head"));
        assert!(!untrusted("pull_request", "${{ github.event.pull_request.head.sha }}"));
        assert!(!untrusted("issue_comment", "${{ github.event.pull_request.head.sha }}"));
    }
}
