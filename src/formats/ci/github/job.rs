//! A job while it is read: what it is called, what its token may do, and the facts gathered so far.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::expr::{self, Reference, Source};
use super::login::Login;
use super::permissions::{Power, Token};
use crate::doc::Node;
use crate::formats::names;
use crate::model::{At, AuthMode, Fact, IdentityKey, Span, UsageFact};

/// Variables of one `env:`, read once however many jobs and steps they reach.
#[derive(Default)]
pub struct Scope<'a> {
    /// Value nodes by name.
    pub values: HashMap<&'a str, &'a Node>,
    /// The variables that have to do with credentials, in order.
    pub entries: Vec<Variable<'a>>,
    /// Names of credentials that every step of the scope can read.
    pub reach: BTreeSet<String>,
}

/// One variable.
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a Node,
    /// Credentials in its value.
    pub references: Vec<Reference>,
}

impl<'a> Scope<'a> {
    /// Reads an `env:` node.
    pub fn read(text: &str, env: Option<&'a Node>) -> Self {
        let mut scope = Self::default();
        let Some(env) = env else { return scope };
        if !env.is_mapping() {
            // `env: ${{ fromJSON(…) }}`
            scope.add("env", env, expr::references(text, env, false));
        }
        for (key, value) in env.entries() {
            let Some(name) = key.as_str() else { continue };
            scope.values.insert(name, value);
            scope.add(name, value, expr::references(text, value, false));
        }
        scope
    }

    fn add(&mut self, name: &'a str, value: &'a Node, references: Vec<Reference>) {
        let room = MAX_REACH.saturating_sub(self.reach.len());
        self.reach.extend(reaching(&references, Consumer::named(name)).take(room));
        if !references.is_empty() || names::holds_credential(name) || name == "ARM_USE_OIDC" {
            self.entries.push(Variable { name, value, references });
        }
    }
}

/// The names under which references are listed beside code that can read them; those that open nothing are left out.
pub fn reaching<'r>(references: &'r [Reference], consumer: Consumer<'r>) -> impl Iterator<Item = String> + 'r {
    references.iter().filter_map(move |reference| match &reference.source {
        Source::Secret(name) if !consumer.only_identifies(name, references.len()) => Some(name.clone()),
        Source::Token => Some("GITHUB_TOKEN".to_owned()),
        Source::Input(name) if names::is_credential(name) => Some(format!("inputs.{name}")),
        _ => None,
    })
}

/// What takes a value in.
#[derive(Clone, Copy)]
pub struct Consumer<'c> {
    /// Action, variable or key: the usage's mechanism.
    pub mechanism: &'c str,
    /// Name of the variable or input that takes the value.
    pub hint: &'c str,
    /// Provider and kind of the input, for inputs of a known login.
    pub login: Option<(&'static str, Use)>,
    /// The identity taken on with it.
    pub target: Option<&'c str>,
}

/// What an input of a login is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It opens something.
    Credential,
    /// It says who or where.
    Identifier,
    /// The table does not say.
    Other,
}

impl<'c> Consumer<'c> {
    /// A variable, or a key of the job.
    pub fn named(name: &'c str) -> Self {
        Self { mechanism: name, hint: name, login: None, target: None }
    }

    /// An input of an action.
    pub fn input(action: &'c str, input: &'c str, login: Option<(&'static str, &'static Login)>) -> Self {
        let login = login.map(|(provider, login)| {
            let kind = if login.is_secret(input) {
                Use::Credential
            } else if login.is_identifier(input) {
                Use::Identifier
            } else {
                Use::Other
            };
            (provider, kind)
        });
        Self { mechanism: action, hint: input, login, target: None }
    }
}

impl Consumer<'_> {
    /// Whether a secret only says who or where when this takes it in, together with `beside` sources in all.
    pub fn only_identifies(&self, secret: &str, beside: usize) -> bool {
        match self.login {
            Some((_, Use::Identifier)) => true,
            Some((_, Use::Credential)) if beside <= 1 => false,
            // A JSON put together of several secrets holds identifiers too.
            Some((_, Use::Credential)) => names::only_identifies("", secret),
            _ => names::only_identifies(self.hint, secret),
        }
    }
}

/// A job, or a composite action, whose facts are being gathered.
pub struct Job<'a> {
    /// The whole file.
    pub text: &'a str,
    /// Its key.
    pub key: IdentityKey,
    /// Owner of the repository.
    pub owner: Option<&'a str>,
    /// The repository, `owner/name`.
    pub repository: Option<&'a str>,
    /// What its token may do.
    pub token: Token,
    /// Whether it asks for a runner of the owner's.
    pub self_hosted: bool,
    /// Whether its permissions come from a caller.
    pub called: bool,
    /// Facts so far.
    pub facts: Vec<Fact>,
    /// How many more references, facts and names this file may come to.
    pub budget: usize,
    /// Names of the credentials it refers to.
    pub secrets: BTreeSet<String>,
    seen: HashSet<String, foldhash::fast::RandomState>,
}

impl<'a> Job<'a> {
    /// A job without facts.
    pub fn new(text: &'a str, key: IdentityKey, owner: Option<&'a str>, token: Token, budget: usize) -> Self {
        Self {
            text,
            key,
            owner,
            repository: None,
            token,
            self_hosted: false,
            called: false,
            facts: Vec::new(),
            budget,
            secrets: BTreeSet::new(),
            seen: HashSet::default(),
        }
    }

    /// Takes from the budget; false, for good, once it is spent.
    fn spend(&mut self, cost: usize) -> bool {
        let left = self.budget.checked_sub(cost);
        self.budget = left.unwrap_or_default();
        left.is_some()
    }

    /// Adds a fact while the budget lasts; `weight` counts what it holds beside itself.
    pub fn push(&mut self, fact: Fact, weight: usize) {
        if self.spend(weight.saturating_add(1)) {
            self.facts.push(fact);
        }
    }

    /// True for the first time that this credential is met with this mechanism.
    fn first(&mut self, name: &str, mechanism: &str) -> bool {
        self.seen.insert([name, mechanism].join("\0"))
    }

    /// Usages of every reference in a scalar.
    pub fn scalar(&mut self, node: &Node, bare: bool, consumer: Consumer<'_>) {
        let references = expr::references(self.text, node, bare);
        self.references(&references, consumer);
    }

    /// Usages of every reference in every scalar below a node.
    pub fn tree(&mut self, node: &Node, consumer: Consumer<'_>) {
        let text = self.text;
        // Most of a job is names and flags. What an alias stands for lies elsewhere, and an escape may hide anything.
        let written = text.get(node.span.start..node.span.end).unwrap_or_default();
        if !expr::has_expression(written) && !written.contains(['*', '\\']) {
            return;
        }
        let mut found = Vec::new();
        node.walk(&mut |n| found.extend(expr::references(text, n, false)));
        self.references(&found, consumer);
    }

    /// Usages of the variables of a scope.
    pub fn scope(&mut self, scope: &Scope<'_>) {
        for variable in &scope.entries {
            let consumer = Consumer::named(variable.name);
            self.references(&variable.references, consumer);
            self.literal(variable.value, names::holds_credential(variable.name), consumer);
            // https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/guides/service_principal_oidc
            let on = variable.value.scalar().is_some_and(|v| v.eq_ignore_ascii_case("true"));
            if variable.name == "ARM_USE_OIDC" && on {
                let target = scope.values.get("ARM_CLIENT_ID").and_then(|n| n.scalar());
                let mut usage = self.usage(AuthMode::Federated, "azure", variable.name);
                usage.target = target;
                usage.attributes.insert("audience".to_owned(), "api://AzureADTokenExchange".to_owned());
                self.federated(usage, variable.value.span);
            }
        }
    }

    /// Usages of references that one consumer takes in.
    pub fn references(&mut self, references: &[Reference], consumer: Consumer<'_>) {
        for reference in references {
            // Workflow variables are met once a job, so looking at one costs too.
            if !self.spend(1) {
                return;
            }
            let credential = consumer.login.is_some_and(|(_, kind)| kind == Use::Credential);
            match &reference.source {
                Source::Secret(name) => self.secret(name, reference.span, references.len(), consumer),
                Source::Token => self.own_token(reference.span, consumer),
                Source::Input(name) if credential => {
                    self.handed_in(&format!("inputs.{name}"), reference.span, consumer)
                }
                Source::Variable(name) if credential => {
                    self.handed_in(&format!("vars.{name}"), reference.span, consumer)
                }
                _ => {}
            }
        }
    }

    fn secret(&mut self, name: &str, span: Span, beside: usize, consumer: Consumer<'_>) {
        let identifier = consumer.only_identifies(name, beside);
        // `if: secrets.X != ''` asks whether there is one and opens nothing with it.
        let condition = consumer.mechanism == "if";
        let opens = !identifier && !condition;
        if opens {
            self.secrets.insert(name.to_owned());
        }
        if !self.first(name, consumer.mechanism) {
            return;
        }
        // Other inputs of a login, a script for instance, may take in anything.
        let provider = consumer.login.filter(|(_, kind)| *kind != Use::Other).map(|(provider, _)| provider);
        // A variable is read under its own name by some tool; an action's inputs are often just `token`.
        let named = || {
            let hinted = names::provider(consumer.hint);
            let own = names::provider(name);
            if consumer.mechanism == consumer.hint { hinted.or(own) } else { own.or(hinted) }
        };
        let provider = provider.or_else(named).unwrap_or_default();
        let mode = if opens { AuthMode::Referenced } else { AuthMode::None };
        let mut usage = self.usage(mode, provider, consumer.mechanism);
        usage.credential = Some(name.to_owned());
        usage.target = consumer.target.map(str::to_owned);
        usage.federation_available = opens
            && match consumer.login {
                Some((provider, Use::Credential)) => names::federates(provider),
                _ => names::federable(provider, consumer.hint) || names::federable(provider, name),
            };
        // `secrets.X || …` and `secrets.X != ''` do without one.
        let whole = self.text.get(span.start..span.end).unwrap_or_default();
        let optional = !condition && ["||", "==", "!="].iter().any(|sign| whole.contains(sign));
        for (name, set) in [("identifier", identifier), ("condition", condition), ("optional", optional)] {
            if set {
                usage.attributes.insert(name.to_owned(), "true".to_owned());
            }
        }
        note_input(&mut usage, consumer);
        self.push(Fact::Usage(At::span(span), usage), 0);
    }

    fn own_token(&mut self, span: Span, consumer: Consumer<'_>) {
        if !self.first("GITHUB_TOKEN", consumer.mechanism) {
            return;
        }
        let provider = consumer.login.map_or("github", |(provider, _)| provider);
        let mut usage = self.usage(AuthMode::Instance, provider, consumer.mechanism);
        usage.credential = Some("GITHUB_TOKEN".to_owned());
        note_input(&mut usage, consumer);
        self.push(Fact::Usage(At::span(span), usage), 0);
    }

    /// A credential that comes through an input or a configuration variable: who keeps it is not in this file.
    fn handed_in(&mut self, name: &str, span: Span, consumer: Consumer<'_>) {
        if !self.first(name, consumer.mechanism) {
            return;
        }
        let provider = consumer.login.map_or("", |(provider, _)| provider);
        let mut usage = self.usage(AuthMode::Referenced, provider, consumer.mechanism);
        usage.credential = Some(name.to_owned());
        usage.target = consumer.target.map(str::to_owned);
        usage.federation_available = names::federates(provider);
        note_input(&mut usage, consumer);
        self.push(Fact::Usage(At::span(span), usage), 0);
    }

    /// A literal where a credential belongs. The value itself goes nowhere.
    pub fn literal(&mut self, node: &Node, holds_credential: bool, consumer: Consumer<'_>) {
        let Some(value) = node.scalar().filter(|_| holds_credential) else { return };
        // `$NAME` is for a shell to fill in, `***` shows nothing.
        let value = value.trim();
        let shown = !value.is_empty() && !expr::has_expression(value) && !value.starts_with('$');
        if !self.spend(1) || !shown || !self.first(&format!("literal {}", consumer.hint), consumer.mechanism) {
            return;
        }
        let provider = consumer.login.map(|(provider, _)| provider);
        let provider = provider.or_else(|| names::provider(consumer.hint)).unwrap_or_default();
        let mut usage = self.usage(AuthMode::Static, provider, consumer.mechanism);
        usage.target = consumer.target.map(str::to_owned);
        let placeholder = names::is_placeholder(consumer.hint, value);
        if placeholder {
            usage.attributes.insert("placeholder".to_owned(), "true".to_owned());
        }
        usage.federation_available = names::federates(provider) && !placeholder;
        note_input(&mut usage, consumer);
        self.push(Fact::Usage(At::span(node.span), usage), 0);
    }

    /// A federated usage, with a note on whether the job may ask for the token that it takes.
    pub fn federated(&mut self, mut usage: UsageFact, span: Span) {
        let name = usage.target.clone().unwrap_or_default();
        if !self.first(&format!("federated {name}"), &usage.mechanism) {
            return;
        }
        let id_token = match self.token {
            Token { id_token: true, .. } => "write",
            Token { power: Power::Unknown, .. } if self.called => "from caller",
            _ => "missing",
        };
        usage.attributes.insert("id_token".to_owned(), id_token.to_owned());
        self.push(Fact::Usage(At::span(span), usage), 0);
    }

    /// A usage by this job, with nothing more known.
    pub fn usage(&self, mode: AuthMode, provider: &str, mechanism: &str) -> UsageFact {
        UsageFact {
            identity: Some(self.key.clone()),
            mode,
            provider: provider.to_owned(),
            credential: None,
            target: None,
            mechanism: mechanism.to_owned(),
            federation_available: false,
            attributes: BTreeMap::new(),
        }
    }

    /// Names as they stand beside third-party code: the token with its power, and what the job's permissions add.
    pub fn render_reach(&self, mut names: BTreeSet<String>) -> Vec<String> {
        let passed = names.remove("GITHUB_TOKEN");
        if passed || self.token.power == Power::Write {
            names.insert(format!("GITHUB_TOKEN ({})", self.token.power.as_str()));
        }
        if self.token.id_token {
            names.insert("id-token".to_owned());
        }
        names.into_iter().take(MAX_REACH).collect()
    }
}

/// Most names beside one piece of third-party code: what GitHub gives a workflow at most, 100 secrets each of
/// organisation, repository and environment (<https://docs.github.com/en/actions/reference/security/secrets>).
pub const MAX_REACH: usize = 300;

fn note_input(usage: &mut UsageFact, consumer: Consumer<'_>) {
    if consumer.hint != consumer.mechanism {
        usage.attributes.insert("input".to_owned(), consumer.hint.to_owned());
    }
}
