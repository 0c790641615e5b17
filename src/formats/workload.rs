//! A declared workload while it is read: a job, a container, a function. Its facts come out in order, each credential once
//! with each thing that takes it in, within what a file may come to.
//!
//! GitHub's readers gather theirs in `ci::github::job`, where a job's token has a say in every fact.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::script::{self, Seen};
use super::{Out, names};
use crate::doc::Node;
use crate::model::{
    At, AuthMode, Fact, GrantFact, IdentityFact, IdentityKey, Privilege, SettingFact, Span, ThirdPartyFact, UsageFact,
};

/// References and facts that one file may come to, far over what people write.
pub const BUDGET: usize = 200_000;

/// Longest text of an input file that goes into an attribute.
pub const MAX_TEXT: usize = 200;

/// Most credentials that are listed beside one piece of third-party code.
const MAX_REACH: usize = 300;

/// What takes a credential in.
#[derive(Debug, Clone, Copy)]
pub struct Via<'v> {
    /// The usage's mechanism: a variable's name, an action, a key of the file.
    pub mechanism: &'v str,
    /// The name of the variable or input that takes the value, from which the provider is told.
    pub hint: &'v str,
    /// The provider, where the mechanism tells it.
    pub provider: Option<&'v str>,
    /// The identity taken on with it.
    pub target: Option<&'v str>,
}

impl<'v> Via<'v> {
    /// A variable, which some tool reads under its own name.
    #[must_use]
    pub fn variable(name: &'v str) -> Self {
        Self { mechanism: name, hint: name, provider: None, target: None }
    }

    /// An input of a step or task of a known provider; an empty provider is unknown.
    #[must_use]
    pub fn input(mechanism: &'v str, hint: &'v str, provider: &'v str) -> Self {
        Self { mechanism, hint, provider: Some(provider).filter(|p| !p.is_empty()), target: None }
    }
}

/// A workload whose facts are being gathered.
pub struct Workload<'a> {
    text: &'a str,
    identity: IdentityFact,
    at: At,
    federates: &'static [&'static str],
    facts: Vec<Fact>,
    budget: usize,
    secrets: BTreeSet<String>,
    seen: HashSet<(String, String)>,
    promises: fn(&str) -> bool,
    own: HashMap<String, Option<&'static str>>,
    reach: Option<String>,
}

impl<'a> Workload<'a> {
    /// A workload without facts. `text` is the whole file, which spans index. `federates` names the providers that take the
    /// platform's own identity in place of a stored credential; `budget` is what the file has left of [`BUDGET`].
    #[must_use]
    pub fn new(
        text: &'a str,
        identity: IdentityFact,
        at: At,
        federates: &'static [&'static str],
        budget: usize,
    ) -> Self {
        Self {
            text,
            identity,
            at,
            federates,
            facts: Vec::new(),
            budget,
            secrets: BTreeSet::new(),
            seen: HashSet::new(),
            promises: names::is_secret,
            own: HashMap::new(),
            reach: None,
        }
    }

    /// Says which names of variables, read in a script, promise a stored credential; without this those do that sound like
    /// one.
    pub fn promising(&mut self, promises: fn(&str) -> bool) {
        self.promises = promises;
    }

    /// A variable that holds nothing stored: the file sets it itself, or the platform fills it with a short-lived token of
    /// this provider.
    pub fn defines(&mut self, name: &str, token_of: Option<&'static str>) {
        if self.spend(1) {
            self.own.insert(name.to_owned(), token_of);
        }
    }

    /// What [`Workload::defines`] said of a variable.
    #[must_use]
    pub fn defined(&self, name: &str) -> Option<Option<&'static str>> {
        self.own.get(name).copied()
    }

    /// Says that the file itself gives this variable its value, so that a script that reads it takes in nothing more.
    pub fn bind(&mut self, variable: &str) {
        self.defines(variable, None);
    }

    /// Says which credentials the step can get at whose settings come next; `None` when the file does not tell them from
    /// those of the whole workload.
    pub fn within<'n>(&mut self, credentials: Option<impl Iterator<Item = &'n str>>) {
        self.reach = credentials.map(|names| {
            let mut all = String::new();
            for name in names.take(MAX_REACH) {
                if all.len() + name.len() < MAX_TEXT && !all.split(", ").any(|known| known == name) {
                    all.push_str(if all.is_empty() { "" } else { ", " });
                    all.push_str(name);
                }
            }
            all
        });
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &IdentityKey {
        &self.identity.key
    }

    /// Its identity, to be completed.
    pub fn identity(&mut self) -> &mut IdentityFact {
        &mut self.identity
    }

    /// Names of the stored credentials met so far.
    #[must_use]
    pub fn secrets(&self) -> &BTreeSet<String> {
        &self.secrets
    }

    /// Notes a fact about the identity, cut to [`MAX_TEXT`] characters; an empty value is none.
    pub fn note(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.identity.attributes.insert(name.to_owned(), value.chars().take(MAX_TEXT).collect());
        }
    }

    fn spend(&mut self, cost: usize) -> bool {
        let left = self.budget.checked_sub(cost);
        self.budget = left.unwrap_or_default();
        left.is_some()
    }

    /// Adds a fact while the budget lasts.
    pub fn push(&mut self, fact: Fact) {
        if self.spend(1) {
            self.facts.push(fact);
        }
    }

    fn first(&mut self, name: &str, mechanism: &str) -> bool {
        self.spend(1) && self.seen.insert((name.to_owned(), mechanism.to_owned()))
    }

    /// A usage by this workload, with nothing more known.
    #[must_use]
    pub fn usage(&self, mode: AuthMode, provider: &str, mechanism: &str) -> UsageFact {
        UsageFact {
            identity: Some(self.identity.key.clone()),
            mode,
            provider: provider.to_owned(),
            credential: None,
            target: None,
            mechanism: mechanism.to_owned(),
            federation_available: false,
            attributes: BTreeMap::new(),
        }
    }

    fn provider_of(via: Via<'_>, name: &str) -> String {
        let named = || names::provider(via.hint).or_else(|| names::provider(name));
        via.provider.or_else(named).unwrap_or_default().to_owned()
    }

    fn federates(&self, provider: &str, via: Via<'_>, name: &str) -> bool {
        self.federates.contains(&provider)
            && (via.provider.is_some() || names::federable(provider, via.hint) || names::federable(provider, name))
    }

    /// A credential that is fetched by name from a store: a secret of the platform, a variable kept there. Names that only
    /// say who or where count as no authentication.
    pub fn stored(&mut self, name: &str, span: Span, via: Via<'_>) {
        let opens = !names::only_identifies(via.hint, name);
        if opens {
            self.secrets.insert(name.to_owned());
        }
        if !self.first(name, via.mechanism) {
            return;
        }
        let provider = Self::provider_of(via, name);
        let mode = if opens { AuthMode::Referenced } else { AuthMode::None };
        let mut usage = self.usage(mode, &provider, via.mechanism);
        usage.credential = Some(name.to_owned());
        usage.target = via.target.map(str::to_owned);
        usage.federation_available = opens && self.federates(&provider, via, name);
        if !opens {
            usage.attributes.insert("identifier".to_owned(), "true".to_owned());
        }
        note_input(&mut usage, via);
        self.push(Fact::Usage(At::span(span), usage));
    }

    /// Stored credentials under one name, of which the file does not say what they open: a context, a group of variables, a
    /// connection. `mode` is unknown where the platform may keep a federation under such a name as well.
    pub fn bundle(&mut self, name: &str, span: Span, mechanism: &str, provider: &str, mode: AuthMode) {
        self.secrets.insert(name.to_owned());
        if !self.first(name, mechanism) {
            return;
        }
        let mut usage = self.usage(mode, provider, mechanism);
        usage.credential = Some(name.chars().take(MAX_TEXT).collect());
        usage.attributes.insert("bundle".to_owned(), "true".to_owned());
        self.push(Fact::Usage(At::span(span), usage));
    }

    /// A literal where a credential belongs: under a variable that tools read one from, or under an input whose provider
    /// `via` knows. The value itself goes nowhere. What refers to something else (`$X`, `${X}`, `{{ x }}`) is none.
    pub fn literal(&mut self, node: &Node, via: Via<'_>) {
        let Some(value) = node.scalar() else { return };
        let value = value.trim();
        let belongs = names::holds_credential(via.hint) || via.provider.is_some();
        let shown =
            !value.is_empty() && !value.contains("${") && !value.contains("{{") && !value.starts_with(['$', '%']);
        if !belongs || !shown || !self.first(&format!("literal {}", via.hint), via.mechanism) {
            return;
        }
        let provider = Self::provider_of(via, "");
        let mut usage = self.usage(AuthMode::Static, &provider, via.mechanism);
        usage.target = via.target.map(str::to_owned);
        let placeholder = names::is_placeholder(via.hint, value);
        if placeholder {
            usage.attributes.insert("placeholder".to_owned(), "true".to_owned());
        }
        usage.federation_available = !placeholder && self.federates(&provider, via, "");
        note_input(&mut usage, via);
        self.push(Fact::Usage(At::span(node.span), usage));
    }

    /// A short-lived token taken in exchange for proof of what the workload is, with the audience where it is written.
    pub fn federated(&mut self, provider: &str, target: Option<&str>, span: Span, mechanism: &str, audience: &str) {
        let known = format!("federated {provider} {}", target.unwrap_or_default());
        if !self.first(&known, mechanism) {
            return;
        }
        let mut usage = self.usage(AuthMode::Federated, provider, mechanism);
        usage.target = target.map(|t| t.chars().take(MAX_TEXT).collect());
        if !audience.is_empty() {
            usage.attributes.insert("audience".to_owned(), audience.chars().take(MAX_TEXT).collect());
        }
        self.push(Fact::Usage(At::span(span), usage));
    }

    /// Short-lived credentials that the platform hands out to where the workload runs: a job's own token, a node's role.
    pub fn instance(&mut self, provider: &str, target: Option<&str>, span: Span, mechanism: &str) {
        if !self.first(&format!("instance {}", target.unwrap_or_default()), mechanism) {
            return;
        }
        let mut usage = self.usage(AuthMode::Instance, provider, mechanism);
        usage.target = target.map(|t| t.chars().take(MAX_TEXT).collect());
        self.push(Fact::Usage(At::span(span), usage));
    }

    /// A right of the workload.
    pub fn grant(&mut self, privilege: Privilege, action: &str, resource: &str, source: &str, span: Span) {
        let grant = GrantFact {
            identity: self.identity.key.clone(),
            privilege,
            action: action.to_owned(),
            resource: resource.to_owned(),
            source: source.to_owned(),
            condition: None,
        };
        self.push(Fact::Grant(At::span(span), grant));
    }

    /// A property that a check judges; `name` is a word of [`crate::model::setting`]. Each value is told once.
    pub fn setting(&mut self, name: &'static str, value: &str, span: Span) {
        let known = format!("{value} {}", self.reach.as_deref().unwrap_or_default());
        if self.first(&known, name) {
            let mut setting = SettingFact::new(name, self.identity.name.clone(), value);
            setting.identity = Some(self.identity.key.clone());
            setting.value = setting.value.chars().take(MAX_TEXT).collect();
            setting.attributes.extend(self.reach.clone().map(|reach| ("credentials".to_owned(), reach)));
            self.push(Fact::Setting(At::span(span), setting));
        }
    }

    /// Third-party code that runs in the workload. `reach` names what it can get at; call this after the credentials were
    /// read, so that [`Workload::secrets`] is complete.
    pub fn third_party(&mut self, component: &str, version: &str, pinned: bool, first_party: bool, span: Span) {
        let credentials: Vec<String> = self.secrets.iter().take(MAX_REACH).cloned().collect();
        if self.spend(credentials.len()) {
            let fact = ThirdPartyFact {
                identity: self.identity.key.clone(),
                component: component.to_owned(),
                version: version.to_owned(),
                pinned,
                first_party,
                credentials,
            };
            self.push(Fact::ThirdParty(At::span(span), fact));
        }
    }

    /// A container image as third-party code; one without a digest can change under its name. An empty image or one that
    /// holds a variable is none.
    pub fn image(&mut self, image: &str, first_party: bool, span: Span) {
        if image.is_empty() || image.contains(['$', '{']) {
            return;
        }
        let (name, version, pinned) = split_image(image);
        self.third_party(name, version, pinned, first_party, span);
    }

    /// What a script says: the variables it reads that are named like credentials, logins, and what it should not do.
    /// `stored` tells which variables the platform keeps; of others only names that promise a credential count.
    pub fn script(&mut self, node: &Node) {
        self.script_at(node.inner);
    }

    /// The same of a stretch of the file.
    pub fn script_at(&mut self, span: Span) {
        let Some(text) = self.text.get(span.start..span.end) else { return };
        let seen = script::read(text);
        // What a login takes in is told with it, and not once more as a variable.
        let logins: Vec<std::ops::Range<usize>> = seen
            .iter()
            .filter_map(|seen| if let Seen::Login { part, .. } = seen { Some(part.clone()) } else { None })
            .collect();
        let login_of = |part: &std::ops::Range<usize>| {
            let behind = logins.partition_point(|login| login.start <= part.start);
            behind.checked_sub(1).filter(|at| logins.get(*at).is_some_and(|login| part.end <= login.end))
        };
        let mut taken: BTreeMap<usize, &str> = BTreeMap::new();
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for seen in &seen {
            let at =
                |part: &std::ops::Range<usize>| Span { start: span.start + part.start, end: span.start + part.end };
            match seen {
                Seen::Variable { name, part } if self.own.contains_key(name) => {
                    // The file says elsewhere where it comes from.
                    told.extend(login_of(part).filter(|_| names::is_credential(name)));
                    if let Some(Some(provider)) = self.defined(name) {
                        self.instance(provider, None, at(part), name);
                    }
                }
                Seen::Variable { name, part } if (self.promises)(name) => match login_of(part) {
                    Some(login) => {
                        taken.insert(login, name);
                    }
                    None => self.stored(name, at(part), Via { mechanism: "script", ..Via::variable(name) }),
                },
                Seen::Variable { .. } => {}
                Seen::Login { mode: AuthMode::Federated, provider, command, target, part } => {
                    self.federated(provider, target.as_deref(), at(part), command, "");
                }
                Seen::Login { mode, provider, command, target, part } => {
                    let referenced = *mode == AuthMode::Referenced;
                    if referenced && login_of(part).is_some_and(|login| told.contains(&login)) {
                        continue;
                    }
                    let credential = login_of(part).and_then(|login| taken.get(&login)).filter(|_| referenced);
                    let mut usage = self.usage(*mode, provider, command);
                    usage.target.clone_from(target);
                    usage.credential = credential.map(|name| (*name).to_owned());
                    usage.federation_available = referenced && self.federates.contains(provider);
                    self.secrets.extend(usage.credential.clone());
                    let known = format!("login {provider} {}", usage.credential.as_deref().unwrap_or_default());
                    if self.first(&known, command) {
                        self.push(Fact::Usage(At::span(at(part)), usage));
                    }
                }
                Seen::Setting { name, value, part } => self.setting(name, value, at(part)),
            }
        }
    }

    /// Whether anything but the identity itself was found.
    #[must_use]
    pub fn has_facts(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Hands its facts on, the identity first. Returns what is left of the budget; 0 means that the file was not read to
    /// its end, which the reader says in a notice.
    pub fn finish(mut self, out: &mut Out<'_>) -> usize {
        if !self.secrets.is_empty() {
            let names: Vec<&str> = self.secrets.iter().take(50).map(String::as_str).collect();
            let names = names.join(", ");
            self.note("secrets", &names);
        }
        out.fact(Fact::Identity(self.at, self.identity));
        self.facts.into_iter().for_each(|fact| out.fact(fact));
        self.budget
    }
}

/// Name, version and whether it is a digest: `postgres`, `16`, false.
#[must_use]
pub fn split_image(image: &str) -> (&str, &str, bool) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, digest, digest.starts_with("sha256:"));
    }
    // A colon before the last slash belongs to the registry's port.
    let tag = image.rfind(':').filter(|colon| image.rfind('/').is_none_or(|slash| slash < *colon));
    match tag {
        Some(colon) => (&image[..colon], &image[colon + 1..], false),
        None => (image, "", false),
    }
}

fn note_input(usage: &mut UsageFact, via: Via<'_>) {
    if via.hint != via.mechanism && via.mechanism != "script" {
        usage.attributes.insert("input".to_owned(), via.hint.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::split_image;

    #[test]
    fn an_image_splits_at_its_tag_and_never_at_a_port() {
        for (image, want) in [
            ("postgres:16", ("postgres", "16", false)),
            ("localhost:5000/app", ("localhost:5000/app", "", false)),
            ("ghcr.io/o/app:v1@sha256:abc", ("ghcr.io/o/app:v1", "sha256:abc", true)),
        ] {
            assert_eq!(split_image(image), want, "{image}");
        }
    }
}
