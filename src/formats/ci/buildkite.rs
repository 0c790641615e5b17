//! Pipelines of Buildkite: each command step is a job on an agent of the owner's, with plugins from Git repositories.
//!
//! Syntax: <https://buildkite.com/docs/pipelines/configure/step-types/command-step>; plugins:
//! <https://buildkite.com/docs/pipelines/integrations/plugins/using>; secrets:
//! <https://buildkite.com/docs/pipelines/security/secrets/buildkite-secrets>; tokens of identity:
//! <https://buildkite.com/docs/agent/v3/cli/reference/oidc>.

use super::containers::{malformed, over};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Span, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "buildkite",
    name: "Buildkite pipeline",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Providers that take the agent's token of identity.
const FEDERATES: &[&str] = &["aws", "gcp", "azure", "vault"];

/// How deep groups are followed; the platform allows one.
const MAX_GROUPS: usize = 3;

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    let folder = || path.as_bytes().split(|b| *b == b'/').any(|part| part == b".buildkite");
    // Beside pipelines there lie hooks' settings and test data.
    yaml && (name == b"buildkite.yml" || name == b"buildkite.yaml" || folder() && head.contains("steps:"))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    // A list alone is its steps.
    let steps = if let Kind::Sequence(_) = root.kind { Some(root) } else { root.get("steps") };
    let Some(steps) = steps else { return };
    if !matches!(steps.kind, Kind::Sequence(_)) {
        malformed(input, steps.span, "steps are a list", out);
        return;
    }
    let mut open: Vec<(&Node, usize)> = steps.items().iter().rev().map(|step| (step, 0)).collect();
    let mut budget = BUDGET;
    let mut number = 0;
    while let Some((step, depth)) = open.pop() {
        if let Some(inner) = step.get("steps").filter(|_| depth < MAX_GROUPS) {
            open.extend(inner.items().iter().rev().map(|step| (step, depth + 1)));
            continue;
        }
        // `- command: {…}` nests the step under its type.
        let step = step.get("command").filter(|inner| inner.is_mapping()).unwrap_or(step);
        number += 1;
        let runs = ["command", "commands", "plugins"].iter().any(|key| step.get(key).is_some());
        if !runs {
            continue;
        }
        budget = job(input, root, step, number, budget, out);
        if budget == 0 {
            over(input, step.span, out);
            return;
        }
    }
}

fn job(input: &Input<'_>, root: &Node, step: &Node, number: usize, budget: usize, out: &mut Out<'_>) -> usize {
    let path = input.path.display();
    let named = ["key", "id", "identifier", "label", "name"].iter().find_map(|key| step.get(key));
    let name = named.and_then(Node::scalar).filter(|name| !name.is_empty());
    let name: String = name.unwrap_or_else(|| format!("step {number}")).chars().take(80).collect();
    let key = format!("{}/{path}#{name}", input.repository.unwrap_or_default());
    let key = IdentityKey::new("buildkite", "job", &key);
    let file = path.rsplit('/').next().unwrap_or_default();
    let mut identity = IdentityFact::new(key, IdentityKind::CiJob, "buildkite", &format!("{file} / {name}"));
    identity.human = Human::No;
    identity.account = input.repository.and_then(|r| r.split('/').next()).map(str::to_owned);
    let span = named.map_or(Span { end: step.span.start, ..step.span }, |node| node.span);
    let mut job = Workload::new(input.text, identity, At::span(span), FEDERATES, budget);
    let queue = step.at(&["agents", "queue"]).or(root.at(&["agents", "queue"])).and_then(Node::scalar);
    job.note("queue", &queue.unwrap_or_default());
    for node in [root, step] {
        for (key, value) in node.get("env").map(Node::entries).unwrap_or_default() {
            let Some(name) = key.as_str() else { continue };
            job.bind(name);
            job.literal(value, Via::variable(name));
        }
        secrets(&mut job, node.get("secrets"));
    }
    let plugins: Vec<(&Node, String, Option<&Node>)> = step.get("plugins").map(plugins).unwrap_or_default();
    for (node, name, settings) in &plugins {
        plugin(&mut job, node, name, *settings);
    }
    for commands in ["command", "commands"].iter().filter_map(|key| step.get(key)) {
        commands.one_or_many().iter().for_each(|command| job.script(command));
    }
    for (node, name, settings) in &plugins {
        run_plugin(&mut job, node, name);
        if let Some(image) = settings.and_then(|settings| settings.get("image")) {
            job.image(&image.scalar().unwrap_or_default(), false, image.span);
        }
    }
    job.finish(out)
}

/// `secrets: [NAME]` or `secrets: {VARIABLE: NAME}`.
fn secrets(job: &mut Workload<'_>, node: Option<&Node>) {
    let Some(node) = node else { return };
    for item in node.items() {
        if let Some(name) = item.as_str() {
            job.bind(name);
            job.stored(name, item.span, Via { mechanism: "secrets", ..Via::variable(name) });
        }
    }
    for (variable, name) in node.entries() {
        if let (Some(variable), Some(kept)) = (variable.as_str(), name.as_str()) {
            job.bind(variable);
            job.stored(kept, name.span, Via { mechanism: "secrets", ..Via::variable(variable) });
        }
    }
}

/// Plugins with their settings: `- docker#v1`, `- docker#v1: {…}`, or a mapping of them.
fn plugins(node: &Node) -> Vec<(&Node, String, Option<&Node>)> {
    let mut found = Vec::new();
    for item in node.one_or_many() {
        if let Some(name) = item.as_str() {
            found.push((item, name.to_owned(), None));
        }
        for (key, settings) in item.entries() {
            if let Some(name) = key.as_str() {
                found.push((key, name.to_owned(), Some(settings)));
            }
        }
    }
    found
}

/// Name without its repository's form, and version: `buildkite-plugins/docker`, `v1`.
fn split(name: &str) -> (String, &str) {
    let (source, version) = name.split_once('#').unwrap_or((name, ""));
    let source = source.trim_start_matches("https://").trim_start_matches("ssh://git@").trim_start_matches("git@");
    let source = source.trim_start_matches("github.com/").trim_start_matches("github.com:");
    let source = source.trim_end_matches(".git").trim_end_matches("-buildkite-plugin");
    let source = source.rsplit_once('@').map_or(source, |(_, host)| host);
    // A single word is the platform's own.
    let full = if source.contains('/') { source.to_owned() } else { format!("buildkite-plugins/{source}") };
    (full, version)
}

/// What a plugin logs in with.
fn plugin(job: &mut Workload<'_>, node: &Node, name: &str, settings: Option<&Node>) {
    let (full, _) = split(name);
    let short = full.rsplit('/').next().unwrap_or_default();
    let text = |key: &str| settings.and_then(|settings| settings.get(key)).and_then(Node::scalar);
    let written = |key: &str| text(key).filter(|value| !value.contains('$'));
    match short {
        "aws-assume-role-with-web-identity" => {
            let role = written("role-arn").or(written("role"));
            job.federated("aws", role.as_deref(), node.span, short, "sts.amazonaws.com");
        }
        "gcp-workload-identity-federation" => {
            let account = written("service-account");
            job.federated("gcp", account.as_deref(), node.span, short, &text("audience").unwrap_or_default());
        }
        "azure-login" | "azure-oidc" => job.federated("azure", written("client-id").as_deref(), node.span, short, ""),
        "vault-oidc-auth" => job.federated("vault", written("role").as_deref(), node.span, short, ""),
        "aws-assume-role" => {
            let role = written("role").or(written("role-arn"));
            job.instance("aws", role.as_deref(), node.span, short);
        }
        "ecr" => job.instance("aws", written("assume-role").as_deref(), node.span, short),
        "aws-sm" | "aws-ssm" => {
            let sources =
                settings.map(|settings| settings.get("env").or(settings.get("parameters")).unwrap_or(settings));
            for (variable, secret) in sources.map(Node::entries).unwrap_or_default() {
                let Some(variable) = variable.as_str() else { continue };
                let name = secret.scalar().or_else(|| secret.get("secret-id").and_then(Node::scalar));
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    job.bind(variable);
                    job.stored(&name, secret.span, Via { mechanism: short, ..Via::variable(variable) });
                }
            }
        }
        "docker-login" => {
            let variable = text("password-env").unwrap_or_else(|| "DOCKER_LOGIN_PASSWORD".to_owned());
            job.stored(&variable, node.span, Via::input(short, "password-env", "docker"));
        }
        "vault-secrets" => {
            let method = settings.and_then(|settings| settings.at(&["auth", "method"])).and_then(Node::scalar);
            match method.as_deref() {
                Some("jwt") => job.federated("vault", None, node.span, short, ""),
                Some("aws") => job.instance("vault", None, node.span, short),
                _ => job.stored("VAULT_SECRET_ID", node.span, Via::input(short, "secret-id", "vault")),
            }
        }
        _ => {}
    }
    let on = |key: &str| text(key).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if on("privileged") {
        job.setting(setting::PRIVILEGED, "privileged", node.span);
    }
    let volumes = settings.and_then(|settings| settings.get("volumes")).map(Node::one_or_many).unwrap_or_default();
    if volumes.iter().filter_map(Node::as_str).any(|volume| volume.contains("docker.sock")) {
        job.setting(setting::PRIVILEGED, "docker.sock", node.span);
    }
    let env = settings.and_then(|settings| settings.get("environment").or(settings.get("env")));
    for item in env.map(Node::items).unwrap_or_default() {
        let Some((variable, value)) = item.as_str().and_then(|text| text.split_once('=')) else { continue };
        job.bind(variable);
        let value = Node { kind: Kind::String(value.to_owned()), ..item.clone() };
        job.literal(&value, Via::variable(variable));
    }
}

/// The plugin's own code, which runs in the job.
fn run_plugin(job: &mut Workload<'_>, node: &Node, name: &str) {
    let (full, version) = split(name);
    // One in the repository itself, or behind a variable.
    if full.starts_with('.') || full.starts_with("buildkite-plugins/.") || full.contains('$') {
        return;
    }
    let pinned = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
    let platform = full.starts_with("buildkite-plugins/") || full.starts_with("buildkite/");
    job.third_party(&full, version, pinned, platform, node.span);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_claimed_by_their_place() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim(".buildkite/pipeline.yml", "steps:\n") && claim("x/.buildkite/a/b.yaml", "env: {}\nsteps:\n"));
        assert!(!claim(".buildkite/x.yml", "a: b\n") && !claim("pipeline.yml", "steps:\n"));
    }

    #[test]
    fn a_plugin_splits_into_name_and_version() {
        for (name, full, version) in [
            ("docker#v5.11.0", "buildkite-plugins/docker", "v5.11.0"),
            ("cultureamp/aws-assume-role#v0.2.0", "cultureamp/aws-assume-role", "v0.2.0"),
            ("https://github.com/acme/x-buildkite-plugin.git#main", "acme/x", "main"),
            ("ssh://git@github.com/acme/x", "acme/x", ""),
        ] {
            assert_eq!(split(name), (full.to_owned(), version), "{name}");
        }
    }
}
