//! What the rules of a role allow that leads further than they say.
//!
//! Which verbs do: <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>.

use crate::doc::Node;
use crate::model::{Privilege, Span};

/// One way in which a role leads to secrets or to more rights, or an ordinary right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Power {
    /// A word that checks go by.
    pub(super) word: &'static str,
    /// What it is, for people.
    pub(super) what: String,
    /// How much that is, where it holds for a whole cluster.
    pub(super) privilege: Privilege,
    pub(super) span: Span,
}

/// Everything on everything.
pub(super) const EVERYTHING: &str = "everything";
/// A right that leads no further.
pub(super) const ORDINARY: &str = "ordinary";

/// One rule, as lists of words.
struct Rule {
    groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    named: bool,
}

impl Rule {
    fn group(&self, name: &str) -> bool {
        self.groups.iter().any(|g| g == "*" || g == name)
    }

    fn resource(&self, names: &[&str]) -> bool {
        self.resources.iter().any(|r| r == "*" || names.contains(&r.as_str()))
    }

    /// Those of the verbs that the rule has, for people.
    fn shown(&self, names: &[&str]) -> String {
        let mut shown: Vec<&str> = names.iter().copied().filter(|name| self.verb(&[name])).collect();
        if let Some(last) = shown.pop() {
            let rest = shown.join(", ");
            return if rest.is_empty() { last.to_owned() } else { format!("{rest} and {last}") };
        }
        String::new()
    }

    fn verb(&self, names: &[&str]) -> bool {
        self.verbs.iter().any(|v| v == "*" || names.contains(&v.as_str()))
    }
}

/// The powers of a role's rules, in order. `text` reads a scalar that a template may put in.
pub(super) fn of(role: &Node, text: &dyn Fn(&Node) -> Option<String>) -> Vec<Power> {
    let mut powers: Vec<Power> = Vec::new();
    let mut ordinary: Option<Privilege> = None;
    let mut binds = Binds::default();
    for node in role.get("rules").map(Node::items).unwrap_or_default() {
        let list = |key: &str| -> Vec<String> {
            let words = node.get(key).map(Node::one_or_many).unwrap_or_default().iter().filter_map(text);
            words.map(|word| word.to_ascii_lowercase()).collect()
        };
        let rule = Rule {
            groups: list("apiGroups"),
            resources: list("resources"),
            verbs: list("verbs"),
            named: node.get("resourceNames").is_some_and(|names| !names.items().is_empty()),
        };
        let of_bindings = binds.learn(&rule, node.span);
        for (word, what, privilege) in told(&rule) {
            if word == ORDINARY {
                if of_bindings {
                    continue;
                }
                if ordinary.is_some_and(|known| known >= privilege) {
                    continue;
                }
                ordinary = Some(privilege);
            }
            powers.push(Power { word, what, privilege, span: node.span });
        }
    }
    if !powers.iter().any(|power| power.word == EVERYTHING) {
        powers.extend(binds.powers());
    }
    powers
}

/// What a role's rules say together of handing out roles: who may bind a role that gives more than they have needs the verb
/// `bind` on the role and may have to make the binding
/// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>).
#[derive(Default)]
struct Binds {
    roles: Option<Span>,
    cluster_roles: Option<Span>,
    bindings: Option<Span>,
    cluster_bindings: Option<Span>,
}

impl Binds {
    /// Notes what a rule says; false when it says nothing of that.
    fn learn(&mut self, rule: &Rule, span: Span) -> bool {
        if !rule.group("rbac.authorization.k8s.io") || rule.named {
            return false;
        }
        let mut learnt = false;
        let mut note = |slot: &mut Option<Span>, resource: &str, verbs: &[&str]| {
            if rule.resource(&[resource]) && rule.verb(verbs) {
                slot.get_or_insert(span);
                learnt = true;
            }
        };
        note(&mut self.roles, "roles", &["bind"]);
        note(&mut self.cluster_roles, "clusterroles", &["bind"]);
        note(&mut self.bindings, "rolebindings", &["create", "patch", "update"]);
        note(&mut self.cluster_bindings, "clusterrolebindings", &["create", "patch", "update"]);
        learnt
    }

    fn powers(&self) -> Vec<Power> {
        let mut powers = Vec::new();
        let mut tell = |word, what: &str, privilege, span: Option<Span>| {
            powers.extend(span.map(|span| Power { word, what: what.to_owned(), privilege, span }));
        };
        let whole = self.cluster_bindings.filter(|_| self.cluster_roles.is_some());
        let part = self.bindings.filter(|_| self.roles.is_some() || self.cluster_roles.is_some());
        tell("bind-cluster", "bind any cluster role for the whole cluster", Privilege::Admin, whole);
        tell("bind", "bind any role in a namespace", Privilege::Admin, part);
        if whole.is_none() && part.is_none() {
            let made = self.bindings.or(self.cluster_bindings);
            tell("bindings", "make role bindings, of what it may do itself", Privilege::WriteBroad, made);
        }
        powers
    }
}

/// Verbs that change things.
const WRITES: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
/// Objects that start pods.
const STARTERS: &[&str] =
    &["deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs", "replicationcontrollers"];

fn told(rule: &Rule) -> Vec<(&'static str, String, Privilege)> {
    let mut found: Vec<(&'static str, String, Privilege)> = Vec::new();
    let all = |words: &[String]| words.iter().any(|word| word == "*");
    let core = rule.group("");
    let rbac = rule.group("rbac.authorization.k8s.io");
    if all(&rule.groups) && all(&rule.resources) && all(&rule.verbs) && !rule.named {
        return vec![(EVERYTHING, "everything on everything".to_owned(), Privilege::Admin)];
    }
    let mut tell = |word, what: String, privilege| found.push((word, what, privilege));
    if all(&rule.groups) && all(&rule.resources) && !rule.named {
        let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "impersonate", "escalate", "bind"];
        let writes = rule.verb(WRITES);
        let what = format!("{} everything, secrets too", rule.shown(&verbs));
        tell(if writes { "wildcard" } else { "secrets" }, what, Privilege::WriteBroad);
        return found;
    }
    if core && rule.resource(&["secrets"]) && rule.verb(&["get", "list", "watch"]) && !rule.named {
        tell("secrets", format!("{} secrets", rule.shown(&["get", "list", "watch"])), Privilege::WriteBroad);
    }
    let explicit = |verb: &str| rule.verbs.iter().any(|v| v == verb || v == "*");
    if rbac && rule.resource(&["roles", "clusterroles"]) && explicit("escalate") && !rule.named {
        tell("escalate", "escalate roles: it can give itself any right".to_owned(), Privilege::Admin);
    }
    if (core || rule.group("authentication.k8s.io"))
        && rule.resource(&["users", "groups", "serviceaccounts", "uids"])
        && rule.verb(&["impersonate"])
        && !rule.named
    {
        tell("impersonate", "impersonate others".to_owned(), Privilege::Admin);
    }
    if core && rule.resource(&["serviceaccounts/token"]) && rule.verb(&["create"]) && !rule.named {
        tell("tokens", "create tokens of service accounts".to_owned(), Privilege::WriteBroad);
    }
    if core && rule.resource(&["pods"]) && rule.verb(&["create", "patch", "update"]) && !rule.named {
        tell(
            "pods",
            {
                let verbs = rule.shown(&["create", "patch", "update"]);
                format!("{verbs} pods, which may run as any account of their namespace")
            },
            Privilege::WriteBroad,
        );
    }
    if core && rule.resource(&["pods/exec", "pods/attach"]) && rule.verb(&["create", "get"]) && !rule.named {
        tell("exec", "run commands in pods of others".to_owned(), Privilege::WriteBroad);
    }
    if (rule.group("apps") || rule.group("batch"))
        && rule.resource(STARTERS)
        && rule.verb(&["create", "patch", "update"])
        && !rule.named
    {
        let what = "start pods through controllers, which may run as any account of their namespace".to_owned();
        tell("controllers", what, Privilege::WriteBroad);
    }
    if core && rule.resource(&["nodes/proxy"]) && rule.verb(&["get", "create"]) {
        tell("nodes", "nodes/proxy, which is every container of a node".to_owned(), Privilege::Admin);
    }
    if rule.group("certificates.k8s.io")
        && rule.resource(&["certificatesigningrequests/approval"])
        && rule.verb(&["update", "patch"])
    {
        tell("certificates", "approve client certificates".to_owned(), Privilege::WriteBroad);
    }
    if rule.group("admissionregistration.k8s.io")
        && rule.resource(&["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
        && rule.verb(&["create", "update", "patch"])
        && !rule.named
    {
        tell("webhooks", "change admission webhooks, which see every object".to_owned(), Privilege::WriteBroad);
    }
    if found.is_empty() {
        let privilege = if rule.verb(WRITES) { Privilege::WriteScoped } else { Privilege::ReadScoped };
        found.push((ORDINARY, String::new(), privilege));
    }
    found
}
