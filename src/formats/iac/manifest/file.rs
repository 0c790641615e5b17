//! What the objects of a file share: where it lies, the accounts and roles that it declares, and where facts go.

use std::collections::{BTreeMap, BTreeSet};

use super::powers::{self, Power};
use crate::doc::Node;
use crate::formats::iac::template;
use crate::formats::workload::{BUDGET, MAX_TEXT, Workload};
use crate::formats::{Input, Out, ReadNotice, environment};
use crate::model::{At, Environment, EnvironmentClass, Fact, IdentityKey, Span};

/// What the objects of a file tell of each other.
#[derive(Default)]
pub(super) struct Known {
    accounts: BTreeMap<String, BTreeSet<String>>,
    declared: BTreeSet<(String, String)>,
    roles: BTreeMap<String, Vec<Power>>,
}

/// A file, or the part of one that was parsed by itself.
pub(super) struct File<'a> {
    text: &'a str,
    chart: bool,
    live: bool,
    repository: &'a str,
    place: String,
    scope: String,
    environment: Option<Environment>,
    known: Known,
}

impl<'a> File<'a> {
    pub(super) fn new(input: &Input<'a>, objects: &[&Node]) -> Self {
        let path = input.path.display();
        let repository = input.repository.unwrap_or_default();
        let mut file = Self {
            text: input.text,
            chart: path.contains("/templates/") && template::is_templated(input.text),
            live: false,
            repository,
            place: format!("{repository}/{path}"),
            scope: format!("{repository}/{}", directory(&path)),
            environment: overlay(&path),
            known: Known::default(),
        };
        objects.iter().for_each(|object| file.learn(object));
        file
    }

    /// A part of what a cluster gave out, beside what its other parts told. Nothing in it is a template, and all files of a
    /// directory are of one cluster.
    pub(super) fn live(input: &Input<'a>, known: Known) -> Self {
        Self { chart: false, live: true, known, ..Self::new(input, &[]) }
    }

    /// What it tells the next part.
    pub(super) fn into_known(self) -> Known {
        self.known
    }

    /// Whether a cluster gave it out.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// `owner/name/directory`.
    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// Names of accounts with the namespaces that they are told in, and what roles allow.
    fn learn(&mut self, object: &Node) {
        self.learn_as(object, None);
    }

    /// Learns from an object whose list tells its kind.
    pub(super) fn learn_as(&mut self, object: &Node, kind: Option<&str>) {
        let metadata = |key: &str| object.at(&["metadata", key]).and_then(|node| self.namespace_of(node));
        let (name, namespace) = (metadata("name"), metadata("namespace"));
        let kind = object.get("kind").and_then(Node::as_str).or(kind).unwrap_or_default();
        let mut accounts: Vec<(String, String)> = Vec::new();
        match kind {
            "ServiceAccount" => {
                if let (Some(name), Some(namespace)) = (&name, &namespace) {
                    self.known.declared.insert((namespace.clone(), name.clone()));
                    accounts.push((name.clone(), namespace.clone()));
                }
            }
            "Role" | "ClusterRole" => {
                let Some(name) = &name else { return };
                let key = self.role_key(kind, name, namespace.as_deref());
                let powers = powers::of(object, &|node| self.text_of(node));
                self.known.roles.insert(key, powers);
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                for subject in object.get("subjects").map(Node::items).unwrap_or_default() {
                    let name = subject.get("name").and_then(|node| self.text_of(node));
                    let namespace = subject.get("namespace").and_then(|node| self.namespace_of(node));
                    accounts.extend(name.zip(namespace));
                }
            }
            _ => {}
        }
        for (name, namespace) in accounts {
            self.known.accounts.entry(name).or_default().insert(namespace);
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Whether it is a template of a chart, whose objects may or may not be rendered.
    pub(super) fn is_chart(&self) -> bool {
        self.chart
    }

    /// Whether an address is that of the repository in which this file lies.
    pub(super) fn is_of(&self, url: &str) -> bool {
        let name = url.trim_end_matches('/').trim_end_matches(".git").strip_suffix(self.repository);
        // What stands before it ends a host or a path: `acme/app` is no part of `notacme/app`.
        !self.repository.is_empty() && name.is_some_and(|before| before.ends_with(['/', ':']))
    }

    /// `owner/name/path`.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn environment(&self) -> Option<Environment> {
        self.environment.clone()
    }

    /// A scalar as text; where a template puts it in, the template, its blanks squeezed.
    pub(super) fn text_of(&self, node: &Node) -> Option<String> {
        let value = node.scalar()?;
        let written = self.text.get(node.inner.start..node.inner.end).unwrap_or_default();
        let text = if !self.live && template::is_templated(written) {
            // The same template is written in many ways.
            let spaced = written.replace("{{-", "{{").replace("-}}", "}}").replace("{{", "{{ ").replace("}}", " }}");
            let squeezed = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
            squeezed.replace("{{ template ", "{{ include ")
        } else {
            value
        };
        Some(text.chars().take(MAX_TEXT).collect())
    }

    /// Whether a template puts in a part of the node.
    pub(super) fn is_templated(&self, node: &Node) -> bool {
        !self.live && self.text.get(node.span.start..node.span.end).is_some_and(template::is_templated)
    }

    /// A namespace, where it is written out.
    pub(super) fn namespace_of(&self, node: &Node) -> Option<String> {
        let release = |text: &String| !text.contains(".Release.Namespace") && !text.is_empty();
        self.text_of(node).filter(release)
    }

    /// The name of a service account within everything that was scanned: `namespace/name` where the namespace is known. An
    /// account without one is that of the same name in the same file, else one of the file's directory.
    pub(super) fn account(&self, namespace: Option<&str>, name: &str) -> String {
        let known = || {
            let all = self.known.accounts.get(name)?;
            all.iter().next().filter(|_| all.len() == 1).map(String::as_str)
        };
        match namespace.or_else(known) {
            Some(namespace) => format!("{namespace}/{name}"),
            None => format!("{}#{name}", self.scope),
        }
    }

    /// The identity of a service account.
    pub(super) fn account_key(&self, namespace: Option<&str>, name: &str) -> IdentityKey {
        IdentityKey::new("kubernetes", "service-account", &self.account(namespace, name))
    }

    /// Whether the file declares accounts of a namespace, yet not this one.
    pub(super) fn lacks(&self, namespace: &str, name: &str) -> bool {
        let first = self.known.declared.range((namespace.to_owned(), String::new())..).next();
        first.is_some_and(|(n, _)| n == namespace)
            && !self.known.declared.contains(&(namespace.to_owned(), name.to_owned()))
    }

    /// The name of a role within everything that was scanned.
    pub(super) fn role_key(&self, kind: &str, name: &str, namespace: Option<&str>) -> String {
        match (kind, namespace) {
            ("ClusterRole", _) => format!("ClusterRole {name}"),
            (_, Some(namespace)) => format!("Role {namespace}/{name}"),
            (_, None) => format!("Role {}#{name}", self.scope),
        }
    }

    /// What a role allows, when this file declares it.
    pub(super) fn powers(&self, role: &str) -> Option<&[Power]> {
        self.known.roles.get(role).map(Vec::as_slice)
    }
}

/// The directory that a file belongs to: for a template of a chart, the chart's.
fn directory(path: &str) -> String {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let segments: Vec<&str> = directory.split('/').collect();
    match segments.iter().rposition(|segment| *segment == "templates") {
        Some(at) => segments.iter().take(at).copied().collect::<Vec<_>>().join("/"),
        None => directory.to_owned(),
    }
}

/// The environment that the directory of an overlay names: `overlays/prod`, `clusters/staging`.
fn overlay(path: &str) -> Option<Environment> {
    let segments: Vec<&str> = path.split('/').collect();
    let holders = ["overlays", "overlay", "environments", "environment", "envs", "env", "clusters"];
    let at = segments.iter().rposition(|segment| holders.contains(segment))?;
    let name = segments.get(at + 1).filter(|_| at + 2 < segments.len())?;
    Some(environment::classify("directory", name)).filter(|e| e.class != EnvironmentClass::Unknown)
}

/// Where the facts of a file go, within what one file may come to.
pub(super) struct Sink<'o, 'b> {
    out: &'o mut Out<'b>,
    offset: usize,
    at: Option<At>,
    budget: usize,
}

impl<'o, 'b> Sink<'o, 'b> {
    pub(super) fn new(out: &'o mut Out<'b>) -> Self {
        Self { out, offset: 0, at: None, budget: BUDGET }
    }

    /// One for what a whole cluster holds.
    pub(super) fn of_cluster(out: &'o mut Out<'b>) -> Self {
        Self { budget: 10 * BUDGET, ..Self::new(out) }
    }

    /// What follows stands here, wherever its spans point to.
    pub(super) fn stand_at(&mut self, at: At) {
        self.at = Some(at);
    }

    /// Says something about the file.
    pub(super) fn notice(&mut self, notice: ReadNotice) {
        self.out.notice(notice);
    }

    /// Spans of what follows count from here.
    pub(super) fn move_to(&mut self, offset: usize) {
        self.offset = offset;
        self.at = None;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.budget == 0
    }

    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        if self.budget > 0 {
            self.budget -= 1;
            let fact = self.placed(fact);
            self.out.fact(fact);
        }
    }

    /// The facts of a workload; its own budget was this one's.
    pub(super) fn workload(&mut self, workload: Workload<'_>) {
        let mut facts = Vec::new();
        let (mut keep, mut ignore) = (|fact| facts.push(fact), |_| {});
        self.budget = workload.finish(&mut Out::new(&mut keep, &mut ignore));
        for fact in facts {
            let fact = self.placed(fact);
            self.out.fact(fact);
        }
    }

    fn placed(&self, mut fact: Fact) -> Fact {
        let at = match &mut fact {
            Fact::Identity(at, _)
            | Fact::Credential(at, _)
            | Fact::Grant(at, _)
            | Fact::Trust(at, _)
            | Fact::Usage(at, _)
            | Fact::ThirdParty(at, _)
            | Fact::Setting(at, _)
            | Fact::Secret(at, _) => at,
        };
        match &self.at {
            Some(own) => at.clone_from(own),
            None => at.span = at.span.map(|span| Span::new(span.start + self.offset, span.end + self.offset)),
        }
        fact
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RepoPath;

    #[test]
    fn templates_belong_to_their_chart_and_overlays_to_their_environment() {
        assert_eq!(directory("charts/a/templates/rbac/x.yaml"), "charts/a");
        assert_eq!(directory("k8s/x.yaml"), "k8s");
        assert_eq!(overlay("k8s/overlays/prod/x.yaml").map(|e| e.class), Some(EnvironmentClass::Prod));
        assert_eq!(overlay("k8s/overlays/prod.yaml").map(|e| e.class), None);
    }

    #[test]
    fn an_address_is_the_repositorys_own_by_its_whole_name_and_never_by_a_directory() {
        let path = RepoPath::from("shop/apps/x.yaml");
        let of = |repository, url: &str| File::new(&Input { path: &path, repository, text: "" }, &[]).is_of(url);
        for url in ["https://github.com/acme/app", "https://github.com/acme/app.git/", "git@github.com:acme/app.git"] {
            assert!(of(Some("acme/app"), url), "{url}");
        }
        for url in
            ["https://github.com/notacme/app", "https://github.com/acme/app-two", "https://github.com/other/shop"]
        {
            assert!(!of(Some("acme/app"), url), "{url}");
            assert!(!of(None, url), "{url}");
        }
    }
}
