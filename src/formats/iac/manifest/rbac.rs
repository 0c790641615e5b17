//! Roles and their bindings.
//!
//! Objects: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.

use std::collections::BTreeMap;

use super::file::Sink;
use super::object::Object;
use super::powers::{self, Power};
use crate::doc::Node;
use crate::formats::environment;
use crate::formats::workload::MAX_TEXT;
use crate::model::{
    At, EnvironmentClass, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, SettingFact,
    Span, setting,
};

/// What a role allows that leads further.
pub(super) fn role(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let key = object.file.role_key(object.kind(), &object.name, object.namespace.as_deref());
    for power in object.file.powers(&key).unwrap_or_default() {
        // Of a cluster every role is told, because the binding that gives it may stand in another file.
        if power.word == powers::ORDINARY && !object.file.is_live() {
            continue;
        }
        let mut fact = SettingFact::new(setting::ROLE_POWER, key.clone(), cut(&power.what));
        fact.attributes.insert("power".to_owned(), power.word.to_owned());
        if object.file.is_live() {
            fact.attributes.insert("privilege".to_owned(), word_of(power.privilege).to_owned());
        }
        note_template(object, &mut fact.attributes);
        sink.fact(Fact::Setting(At::span(power.span), fact));
    }
}

/// A privilege as settings write it.
fn word_of(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Admin => "admin",
        Privilege::WriteBroad => "write-broad",
        Privilege::WriteScoped => "write-scoped",
        Privilege::ReadScoped => "read-scoped",
        Privilege::None => "none",
        Privilege::Unknown => "unknown",
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

fn note_template(object: &Object<'_>, attributes: &mut BTreeMap<String, String>) {
    if object.is_template() {
        attributes.insert("template".to_owned(), "true".to_owned());
    }
}

/// A subject of a binding.
enum Subject {
    /// An account, by namespace and name.
    Account(Option<String>, String),
    /// All accounts of a namespace, or of the cluster.
    Accounts(Option<String>),
    /// Everybody, with or without a login.
    Everybody(&'static str),
    /// A person or a group of them.
    People(String),
    /// A part of the cluster itself.
    System,
}

fn subject(object: &Object<'_>, node: &Node) -> Option<Subject> {
    let name = node.get("name").and_then(|name| object.file.text_of(name))?;
    let namespace = node.get("namespace").and_then(|n| object.file.namespace_of(n));
    Some(match node.get("kind").and_then(Node::as_str)? {
        // A binding of a namespace means its own where it names none.
        "ServiceAccount" => Subject::Account(namespace.or_else(|| object.namespace.clone()), name),
        _ if name == "system:unauthenticated" => Subject::Everybody("system:unauthenticated"),
        _ if name == "system:anonymous" => Subject::Everybody("system:anonymous"),
        "Group" if name == "system:authenticated" => Subject::Everybody("system:authenticated"),
        "Group" if name == "system:serviceaccounts" => Subject::Accounts(None),
        "Group" if name.starts_with("system:serviceaccounts:") => {
            Subject::Accounts(name.rsplit(':').next().map(str::to_owned))
        }
        "User" if name.starts_with("system:serviceaccount:") => {
            let mut parts = name.split(':').skip(2);
            Subject::Account(parts.next().map(str::to_owned), parts.next().unwrap_or_default().to_owned())
        }
        _ if name.starts_with("system:") => Subject::System,
        _ => Subject::People(name),
    })
}

/// Roles that a cluster gives to everybody out of the box
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles>).
const PUBLIC_ROLES: &[&str] =
    &["system:public-info-viewer", "system:discovery", "system:basic-user", "system:service-account-issuer-discovery"];

/// Who holds a role.
pub(super) fn binding(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let Some(role) = object.text(&["roleRef", "name"]) else { return };
    let role_kind = object.text(&["roleRef", "kind"]).unwrap_or_else(|| "ClusterRole".to_owned());
    let key = object.file.role_key(&role_kind, &role, object.namespace.as_deref());
    let cluster = object.kind() == "ClusterRoleBinding";
    let mut binding =
        Binding { object, cluster, role: &role, role_kind: &role_kind, key: &key, privilege: Privilege::Unknown };
    binding.privilege = binding.allows();
    let (mut people, mut accounts): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for node in object.at(&["subjects"]).map(Node::items).unwrap_or_default() {
        match subject(object, node) {
            Some(Subject::Account(namespace, name)) => {
                accounts.push(name.clone());
                binding.account(namespace.as_deref(), &name, node.span, sink);
            }
            Some(Subject::Accounts(namespace)) => binding.accounts(namespace.as_deref(), node.span, sink),
            Some(Subject::Everybody(who)) => binding.everybody(who, node.span, sink),
            Some(Subject::People(name)) => people.push(name),
            Some(Subject::System) | None => {}
        }
    }
    if let (Some(person), Some(account)) = (people.first(), accounts.first()) {
        let what = format!("{role_kind} {role} for {person} and service account {account}");
        let mut fact = SettingFact::new(setting::MIXED_SUBJECTS, object.title(), cut(&what));
        note_template(object, &mut fact.attributes);
        let at = object.at(&["subjects"]).map_or(object.root.span, |node| node.span);
        sink.fact(Fact::Setting(At::span(at), fact));
    }
}

struct Binding<'b> {
    object: &'b Object<'b>,
    cluster: bool,
    role: &'b str,
    role_kind: &'b str,
    key: &'b str,
    privilege: Privilege,
}

impl Binding<'_> {
    fn account(&self, namespace: Option<&str>, name: &str, span: Span, sink: &mut Sink<'_, '_>) {
        let key = self.object.file.account_key(namespace, name);
        let title = namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
        let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "kubernetes", &title);
        fact.human = Human::No;
        if let Some(namespace) = namespace {
            let class = environment::classify("namespace", namespace);
            if class.class != EnvironmentClass::Unknown {
                fact.environment = class;
            }
        }
        sink.fact(Fact::Identity(At::span(span), fact));
        self.hold(
            &key,
            span,
            sink,
            namespace.is_some_and(|namespace| {
                let own = self.cluster || self.object.namespace.as_deref() == Some(namespace);
                own && name != "default" && self.object.file.lacks(namespace, name)
            }),
        );
        let (Some(mine), Some(theirs)) = (self.object.namespace.as_deref(), namespace) else { return };
        let class = |name: &str| environment::classify("namespace", name).class;
        if class(mine) == EnvironmentClass::Prod && class(theirs) == EnvironmentClass::Nonprod {
            let what = format!("{theirs}/{name} holds {} {} in {mine}", self.role_kind, self.role);
            let mut fact = SettingFact::new(setting::CROSS_ENVIRONMENT, self.object.title(), cut(&what));
            fact.identity = Some(key);
            if matches!(self.role, "view" | "system:auth-delegator") {
                fact.attributes.insert("reads".to_owned(), "true".to_owned());
            }
            sink.fact(Fact::Setting(At::span(span), fact));
        }
    }

    fn accounts(&self, namespace: Option<&str>, span: Span, sink: &mut Sink<'_, '_>) {
        let name = format!("{}/*", namespace.unwrap_or("*"));
        let key = IdentityKey::new("kubernetes", "service-account", &name);
        let title =
            namespace.map_or_else(|| "all service accounts".to_owned(), |n| format!("all service accounts of {n}"));
        let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "kubernetes", &title);
        fact.human = Human::No;
        sink.fact(Fact::Identity(At::span(span), fact));
        self.hold(&key, span, sink, false);
    }

    fn everybody(&self, who: &str, span: Span, sink: &mut Sink<'_, '_>) {
        if PUBLIC_ROLES.contains(&self.role) {
            return;
        }
        let what = format!("{who} holds {} {}", self.role_kind, self.role);
        let mut fact = SettingFact::new(setting::OPEN_TO_ALL, self.object.title(), cut(&what));
        fact.attributes.insert("platform".to_owned(), "kubernetes".to_owned());
        fact.attributes.insert("who".to_owned(), who.to_owned());
        if self.privilege >= Privilege::WriteBroad {
            fact.attributes.insert("power".to_owned(), "true".to_owned());
        }
        sink.fact(Fact::Setting(At::span(span), fact));
    }

    /// Where the role holds.
    fn reach(&self) -> String {
        match (&self.object.namespace, self.cluster) {
            (_, true) => "the cluster".to_owned(),
            (Some(namespace), false) => format!("namespace {namespace}"),
            (None, false) => "a namespace".to_owned(),
        }
    }

    /// How much the role allows, as far as the file and the roles of every cluster tell.
    fn allows(&self) -> Privilege {
        let built_in = match self.role {
            "cluster-admin" => Some(Privilege::Admin),
            "admin" | "edit" => Some(Privilege::WriteBroad),
            "view" => Some(Privilege::ReadScoped),
            _ => None,
        };
        let own = || {
            let powers: &[Power] = self.object.file.powers(self.key)?;
            powers.iter().map(|p| p.privilege).max()
        };
        let privilege = built_in.filter(|_| self.role_kind == "ClusterRole").or_else(own).unwrap_or_default();
        // All of a namespace is not all of the cluster.
        if self.cluster { privilege } else { privilege.min(Privilege::WriteBroad) }
    }

    fn hold(&self, account: &IdentityKey, span: Span, sink: &mut Sink<'_, '_>, lacking: bool) {
        let grant = GrantFact {
            identity: account.clone(),
            privilege: self.privilege,
            action: format!("{} {}", self.role_kind, self.role),
            resource: self.reach(),
            source: self.object.title(),
            condition: None,
        };
        sink.fact(Fact::Grant(At::span(span), grant));
        let mut fact = SettingFact::new(setting::ROLE_BINDING, self.object.title(), self.key);
        fact.identity = Some(account.clone());
        let mut note = |name: &str, value: &str| fact.attributes.insert(name.to_owned(), value.to_owned());
        note("scope", if self.cluster { "cluster" } else { "namespace" });
        if self.role_kind == "ClusterRole" && self.role == "cluster-admin" {
            note("admin", "true");
        }
        if lacking {
            note("undeclared", "true");
        }
        note("reach", &self.reach());
        note_template(self.object, &mut fact.attributes);
        if self.object.at(&["metadata", "uid"]).is_some() {
            fact.attributes.insert("exported".to_owned(), "true".to_owned());
        }
        sink.fact(Fact::Setting(At::span(span), fact));
    }
}
