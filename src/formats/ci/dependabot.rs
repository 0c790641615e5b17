//! Dependabot's configuration: the private registries that it logs in to, and whether code of others runs while it does.
//!
//! <https://docs.github.com/en/code-security/dependabot/working-with-dependabot/configuring-access-to-private-registries-for-dependabot>,
//! <https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference>.

use crate::doc::line_and_column;
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, RepoPath, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "dependabot",
    name: "Dependabot configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Inputs of a registry that hold a credential.
const CREDENTIALS: &[&str] = &["password", "token", "key", "auth-key"];

/// The provider that a type of registry belongs to, where it has one home.
const PROVIDERS: &[(&str, &str)] = &[
    ("npm-registry", "npm"),
    ("python-index", "pypi"),
    ("docker-registry", "docker"),
    ("rubygems-server", "rubygems"),
    ("cargo-registry", "crates-io"),
    ("terraform-registry", "terraform"),
    ("git", "git"),
];

fn claims(path: &RepoPath, _: &str) -> bool {
    let mut parts = path.as_bytes().rsplit(|b| *b == b'/');
    matches!(parts.next(), Some(b"dependabot.yml" | b"dependabot.yaml")) && parts.next() == Some(b".github")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let registries = root.get("registries").map(Node::entries).unwrap_or_default();
    let updates = root.get("updates").map(Node::items).unwrap_or_default();
    if registries.is_empty() {
        return;
    }
    let repository = input.repository.unwrap_or_default();
    let key = IdentityKey::new("dependabot", "job", &format!("{repository}/{}#updates", input.path.display()));
    let mut fact = IdentityFact::new(key, IdentityKind::CiJob, "github", "Dependabot updates");
    fact.human = Human::No;
    let at = root.entry("registries").map_or(root.span, |(key, _)| key.span);
    let mut job = Workload::new(input.text, fact, At::span(at), &[], BUDGET);
    for (name, registry) in registries {
        let Some(name) = name.scalar() else { continue };
        let kind = registry.get("type").and_then(Node::as_str).unwrap_or_default();
        let provider = PROVIDERS.iter().find(|(known, _)| *known == kind).map_or("registry", |(_, provider)| provider);
        for (input, node) in registry.entries() {
            if let Some(input) = input.as_str().filter(|input| CREDENTIALS.contains(input)) {
                let mechanism: String = format!("registries.{name}").chars().take(120).collect();
                credential(&mut job, node, Via::input(&mechanism, input, provider));
            }
        }
    }
    for update in updates {
        let Some(node) = update.get("insecure-external-code-execution") else { continue };
        // Without a registry named in the update no credential is in reach.
        if node.as_str() == Some("allow") && update.get("registries").is_some() {
            job.setting(setting::INSTALL_SCRIPTS, "insecure-external-code-execution: allow", node.span);
        }
    }
    if job.finish(out) == 0 {
        let (line, column) = line_and_column(input.text, at.start);
        let message = "more registries than any configuration may have; the rest was not read".to_owned();
        out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line, column, message });
    }
}

/// A secret of Dependabot's own store (`${{secrets.NAME}}`), or a literal.
fn credential(job: &mut Workload<'_>, node: &Node, via: Via<'_>) {
    if !matches!(node.kind, Kind::String(_) | Kind::Number(_)) {
        return;
    }
    let text = node.scalar().unwrap_or_default();
    let mut found = false;
    for part in text.split("${{").skip(1).take(8) {
        let inside = part.split("}}").next().unwrap_or_default().trim();
        if let Some(name) = inside.strip_prefix("secrets.") {
            found = true;
            job.stored(&name.trim().chars().take(120).collect::<String>(), node.span, via);
        }
    }
    if !found {
        job.literal(node, via);
    }
}
