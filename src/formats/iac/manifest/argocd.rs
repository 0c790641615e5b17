//! Argo CD: what its projects let it deploy, its applications, and the policy of its users.
//!
//! <https://argo-cd.readthedocs.io/en/stable/user-guide/projects/>,
//! <https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/>.

use super::file::Sink;
use super::object::Object;
use super::tekton::is_commit;
use crate::doc::Node;
use crate::formats::workload::Workload;
use crate::model::{
    At, CredentialFact, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Span, When, setting,
};

/// Reads a project or an application.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    match object.kind() {
        "AppProject" => project(object, sink),
        "Application" => application(object, &["spec"], sink),
        "ApplicationSet" => application(object, &["spec", "template", "spec"], sink),
        _ => {}
    }
}

fn tell(object: &Object<'_>, subject: String, what: &str, part: &str, span: Span, sink: &mut Sink<'_, '_>) {
    let mut fact = SettingFact::new(setting::DEPLOYS_ANYTHING, subject, what);
    fact.attributes.insert("part".to_owned(), part.to_owned());
    if object.is_template() {
        fact.attributes.insert("template".to_owned(), "true".to_owned());
    }
    sink.fact(Fact::Setting(At::span(span), fact));
}

fn project(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let title = object.title();
    let items = |path: &[&str]| object.at(path).map(Node::items).unwrap_or_default();
    if let Some(all) = items(&["spec", "sourceRepos"]).iter().find(|repo| repo.as_str() == Some("*")) {
        tell(object, title.clone(), "from every repository (sourceRepos: '*')", "sources", all.span, sink);
    }
    let any = |node: &Node, key: &str| node.get(key).and_then(Node::as_str) == Some("*");
    let everywhere = |node: &&Node| any(node, "namespace") && (any(node, "server") || any(node, "name"));
    if let Some(all) = items(&["spec", "destinations"]).iter().find(everywhere) {
        tell(
            object,
            title.clone(),
            "to every namespace of every cluster (destinations: '*')",
            "targets",
            all.span,
            sink,
        );
    }
    let every = |node: &&Node| any(node, "group") && any(node, "kind");
    if let Some(all) = items(&["spec", "clusterResourceWhitelist"]).iter().find(every) {
        let what = "everything, cluster-wide objects too (clusterResourceWhitelist: '*')";
        tell(object, title.clone(), what, "kinds", all.span, sink);
    }
    for role in items(&["spec", "roles"]) {
        let name = role.get("name").and_then(|n| object.file.text_of(n)).unwrap_or_else(|| "unnamed".to_owned());
        for policy in role.get("policies").map(Node::items).unwrap_or_default() {
            if policy.as_str().is_some_and(is_open_policy) {
                let what = format!("role {name} may do everything with every application");
                tell(object, title.clone(), &what, "policy", policy.span, sink);
            }
        }
        tokens(object, &name, role, sink);
    }
}

/// Tokens of a project's role; those made without `--expires-in` never end.
fn tokens(object: &Object<'_>, role: &str, node: &Node, sink: &mut Sink<'_, '_>) {
    let place = object.file.place();
    let id = format!("{place}#{}/{role}", object.name);
    for token in node.get("jwtTokens").map(Node::items).unwrap_or_default() {
        let part = |key: &str| token.get(key).and_then(Node::scalar).unwrap_or_default();
        let key = format!("argocd:project-token:{id}/{}{}", part("id"), part("iat"));
        let mut fact = CredentialFact::new(key, "argocd-project-token", "argocd");
        fact.identity = Some(IdentityKey::new("argocd", "role", &id));
        let seconds = |text: &str| text.parse::<i64>().ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
        fact.created = seconds(&part("iat")).map_or(When::Unknown, When::At);
        fact.expires = match part("exp").as_str() {
            "" | "0" => When::Never,
            exp => seconds(exp).map_or(When::Unknown, When::At),
        };
        sink.fact(Fact::Credential(At::span(token.span), fact));
    }
}

/// `p, <who>, *, *, */*, allow`.
fn is_open_policy(line: &str) -> bool {
    let parts: Vec<&str> = line.split(',').map(str::trim).collect();
    match parts.as_slice() {
        ["p", _, resource, action, object, "allow"] => {
            matches!(*resource, "*" | "applications") && *action == "*" && matches!(*object, "*" | "*/*")
        }
        _ => false,
    }
}

/// An application acts on its cluster with what it finds in a repository.
fn application(object: &Object<'_>, spec: &[&str], sink: &mut Sink<'_, '_>) {
    let Some(spec) = object.at(spec) else { return };
    let key = object.key("argocd", "app");
    let mut identity = IdentityFact::new(key, IdentityKind::Application, "argocd", &object.title());
    identity.human = Human::No;
    identity.environment = object.environment();
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    let mut app = Workload::new(object.file.text(), identity, At::span(at), &[], sink.budget());
    let text = |path: &[&str]| spec.at(path).and_then(|n| object.file.text_of(n)).unwrap_or_default();
    app.note("project", &text(&["project"]));
    app.note("destination", &format!("{}{}", text(&["destination", "server"]), text(&["destination", "name"])));
    app.note("namespace", &text(&["destination", "namespace"]));
    let sources = spec.get("source").into_iter().chain(spec.get("sources").map(Node::items).unwrap_or_default());
    for source in sources {
        let part = |key: &str| source.get(key).and_then(Node::scalar).unwrap_or_default();
        let url = part("repoURL");
        if url.is_empty() || object.file.is_templated(source) {
            continue;
        }
        let version = part("targetRevision");
        app.third_party(&url, &version, is_commit(&version), object.file.is_of(&url), source.span);
    }
    sink.workload(app);
}

/// The policy of Argo CD's users and machines (`argocd-rbac-cm`).
pub(super) fn config_map(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    if !object.name.ends_with("argocd-rbac-cm")
        && object.label("app.kubernetes.io/part-of").as_deref() != Some("argocd")
    {
        return;
    }
    if let Some(default) = object.at(&["data", "policy.default"])
        && default.as_str() == Some("role:admin")
    {
        tell(
            object,
            object.title(),
            "everybody who can log in administers it (policy.default: role:admin)",
            "default",
            default.span,
            sink,
        );
    }
    for (key, value) in object.at(&["data"]).map(Node::entries).unwrap_or_default() {
        let name = key.as_str().unwrap_or_default();
        let Some(text) = value.as_str().filter(|_| name.starts_with("policy.") && name.ends_with("csv")) else {
            continue;
        };
        for line in text.lines().filter(|line| is_open_policy(line) && !line.contains("role:admin")) {
            let who = line.split(',').nth(1).unwrap_or_default().trim();
            tell(
                object,
                object.title(),
                &format!("{who} may do everything with every application"),
                "policy",
                value.span,
                sink,
            );
        }
    }
}
