//! Whoever holds credentials in an agent's configuration, a tool server or the agent itself: its facts while they are read.

use std::collections::{BTreeSet, HashSet};

use super::host::Host;
use super::package::Word;
use super::value::{self, Value};
use crate::doc::Node;
use crate::formats::workload::Workload;
use crate::formats::{Input, Out};
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, Span, ThirdPartyFact,
};

/// Most names that go beside one piece of third-party code.
const MAX_REACH: usize = 100;

/// A server or agent whose facts are gathered.
pub(super) struct Holder<'a> {
    workload: Workload<'a>,
    host: Host,
    repository: Option<&'a str>,
    name: String,
    reach: BTreeSet<String>,
    seen: HashSet<(String, String)>,
}

impl<'a> Holder<'a> {
    /// A tool server of a file.
    pub(super) fn server(input: &Input<'a>, host: Host, server: &str, at: Span, budget: usize) -> Self {
        let path = input.path.display();
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        let key = format!("{}/{path}#{server}", input.repository.unwrap_or_default());
        let name = format!("{file} / {server}");
        Self::new(input, host, key, name, at, budget).with("server", server)
    }

    /// The agent that a file configures.
    pub(super) fn agent(input: &Input<'a>, host: Host, at: Span, budget: usize) -> Self {
        let path = input.path.display();
        let file = path.rsplit('/').next().unwrap_or_default().to_owned();
        let key = format!("{}/{path}", input.repository.unwrap_or_default());
        Self::new(input, host, key, format!("{} ({file})", host.name), at, budget)
    }

    fn new(input: &Input<'a>, host: Host, key: String, name: String, at: Span, budget: usize) -> Self {
        let key = IdentityKey::new("mcp", "agent", &key);
        let mut fact = IdentityFact::new(key, IdentityKind::Agent, "mcp", &name);
        fact.human = Human::No;
        fact.attributes.insert("host".to_owned(), host.id.to_owned());
        let workload = Workload::new(input.text, fact, At::span(at), &[], budget);
        let repository = input.repository;
        Self { workload, host, repository, name, reach: BTreeSet::new(), seen: HashSet::new() }
    }

    fn with(mut self, name: &str, text: &str) -> Self {
        self.note(name, text);
        self
    }

    /// `owner/name` of the repository.
    pub(super) fn repository(&self) -> Option<&'a str> {
        self.repository
    }

    /// Its name for people.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The workload that gathers the facts.
    pub(super) fn workload(&mut self) -> &mut Workload<'a> {
        &mut self.workload
    }

    /// See [`Workload::note`].
    pub(super) fn note(&mut self, name: &str, text: &str) {
        self.workload.note(name, text);
    }

    /// A server that is switched off. Its values are as readable as others, so that it is no dead identity.
    pub(super) fn switch_off(&mut self) {
        self.note("disabled", "true");
    }

    /// Whether it holds a credential, by value or by name.
    pub(super) fn holds(&self) -> bool {
        !self.reach.is_empty() || !self.workload.secrets().is_empty()
    }

    /// Whether it holds the credential of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.reach.contains(name) || self.seen.iter().any(|(_, mechanism)| mechanism == name)
    }

    /// A value where a credential may stand. `mechanism` says what takes it in, `name` is that of the variable, header or
    /// option, from which it is told whether a credential belongs there.
    pub(super) fn slot(&mut self, name: &str, mechanism: &str, text: &str, span: Span) -> Value {
        // A header inside a variable: `{"Authorization": "Bearer …"}`.
        if !value::is_credential_name(name)
            && let Some(token) = value::bearer_inside(text)
        {
            let found = value::read("Authorization", token, self.host.bare);
            self.take(name, mechanism, "", &found, span);
            return found;
        }
        let dsn = super::address::login(text);
        if !value::is_credential_name(name) && dsn.is_none() {
            return Value::Empty;
        }
        let found = match &dsn {
            // The password inside decides what the whole is.
            Some(login) => value::read("password", &login.password, self.host.bare),
            None => value::read(name, text, self.host.bare),
        };
        if dsn.is_none()
            && found == Value::StandIn
            && value::is_path(text.trim())
            && !name.to_ascii_lowercase().contains("pass")
        {
            self.fetched(name, name, mechanism, span, &[("file", "true")]);
            return found;
        }
        let database = dsn.is_some_and(|login| !login.scheme.starts_with("http"));
        let provider = if database { "database" } else { "" };
        self.take(name, mechanism, provider, &found, span);
        found
    }

    /// A credential by what its value is.
    pub(super) fn take(&mut self, name: &str, mechanism: &str, provider: &str, found: &Value, span: Span) {
        match found {
            Value::Empty => {}
            Value::Reference(reference) => {
                let provider = provider.to_owned();
                self.usage(AuthMode::Referenced, name, Some(reference), mechanism, &provider, span, &[]);
            }
            Value::SecretDefault(reference) => {
                let why = [("default_of", reference.as_str())];
                self.usage(AuthMode::Static, name, None, mechanism, provider, span, &why);
            }
            Value::Unexpanded(_) => {
                // A literal that is no secret: the server gets the text as it stands.
                let why = [("placeholder", "true"), ("unexpanded", "true")];
                self.usage(AuthMode::Static, name, None, mechanism, provider, span, &why);
            }
            Value::StandIn => {
                self.usage(AuthMode::Static, name, None, mechanism, provider, span, &[("placeholder", "true")]);
            }
            Value::Literal => self.usage(AuthMode::Static, name, None, mechanism, provider, span, &[]),
        }
    }

    /// A credential that is fetched by name: a variable that the host passes on, an entry of a key ring, a file.
    pub(super) fn fetched(&mut self, name: &str, from: &str, mechanism: &str, span: Span, more: &[(&str, &str)]) {
        self.usage(AuthMode::Referenced, name, Some(from), mechanism, "", span, more);
    }

    #[allow(clippy::too_many_arguments)]
    fn usage(
        &mut self,
        mode: AuthMode,
        name: &str,
        credential: Option<&str>,
        mechanism: &str,
        provider: &str,
        span: Span,
        more: &[(&str, &str)],
    ) {
        // A key where its name belongs: it is in the clear, and is told nowhere.
        let (mode, credential) = match credential {
            Some(name) if value::is_key_for_name(name) => (AuthMode::Static, None),
            _ => (mode, credential),
        };
        let name = if value::is_key_for_name(name) { "" } else { name };
        let short = |text: &str| text.chars().take(crate::formats::workload::MAX_TEXT).collect::<String>();
        let (name, mechanism) = (short(name), short(mechanism));
        let known = format!(
            "{mode:?} {} {}",
            credential.unwrap_or_default(),
            span.start * usize::from(mode == AuthMode::Static)
        );
        if !self.seen.insert((known, mechanism.clone())) {
            return;
        }
        let told = [provider, value::provider(&name), credential.map_or("", value::provider)];
        let provider = told.into_iter().find(|p| !p.is_empty()).unwrap_or_default();
        let mut usage = self.workload.usage(mode, provider, &mechanism);
        usage.credential = credential.map(short);
        let mut note = |key: &str, text: &str| usage.attributes.insert(key.to_owned(), short(text));
        if !name.is_empty() && name != mechanism && credential != Some(name.as_str()) {
            note("input", &name);
        }
        for (key, text) in more {
            note(key, text);
        }
        let stand_in = usage.attributes.contains_key("placeholder");
        if !stand_in {
            let personal =
                [Some(name.as_str()), credential].into_iter().flatten().find(|name| value::is_personal(name));
            if let Some(personal) = personal {
                usage.attributes.insert("personal".to_owned(), short(personal));
            }
            if self.reach.len() < MAX_REACH {
                let named = if name.is_empty() { mechanism.clone() } else { name.clone() };
                self.reach.insert(credential.map_or(named, short));
            }
        }
        self.workload.push(Fact::Usage(At::span(span), usage));
    }

    /// Code of others that runs with what the server holds. Call this after its credentials were read.
    pub(super) fn third_party(&mut self, component: &str, version: &str, pinned: bool, first_party: bool, span: Span) {
        let fact = ThirdPartyFact {
            identity: self.workload.key().clone(),
            component: component.chars().take(200).collect(),
            version: version.chars().take(100).collect(),
            pinned,
            first_party,
            credentials: self.reach.iter().cloned().collect(),
        };
        self.workload.push(Fact::ThirdParty(At::span(span), fact));
    }

    /// A tool that is called without asking.
    pub(super) fn approved(&mut self, tool: &str, source: &str, span: Span) {
        let reads = ["get", "list", "read", "search", "query", "describe", "fetch", "find", "show", "view", "resolve"];
        let first = tool.split(['_', '-', '.']).next().unwrap_or_default().to_ascii_lowercase();
        let shell = ["*", "run_shell_command", "ShellTool", "execute_bash", "execute_cmd", "shell"].contains(&tool);
        let privilege = if shell {
            Privilege::WriteBroad
        } else if reads.iter().any(|verb| first.starts_with(verb)) {
            Privilege::ReadScoped
        } else {
            Privilege::WriteScoped
        };
        let tool: String = tool.chars().take(120).collect();
        self.workload.grant(privilege, &tool, "tools called without asking", source, span);
    }

    /// Hands its facts on. Returns what is left of the file's budget.
    pub(super) fn finish(mut self, out: &mut Out<'_>) -> usize {
        self.reach.extend(self.workload.secrets().iter().take(MAX_REACH).cloned());
        let names: Vec<&str> = self.reach.iter().take(50).map(String::as_str).collect();
        let names = names.join(", ");
        self.workload.note("credentials", &names);
        self.workload.finish(out)
    }
}

/// The words of a command: a text, or a list of texts.
pub(super) fn words(node: &Node) -> Vec<Word> {
    let word = |node: &Node| node.scalar().map(|text| Word { text, span: node.inner });
    node.one_or_many().iter().filter_map(word).take(2000).collect()
}
