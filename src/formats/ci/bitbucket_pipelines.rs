//! Bitbucket Pipelines: each step is an identity of its own, with stored variables and, where `oidc` is on, an identity
//! token that others trust.
//!
//! Syntax: <https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/>. Identity tokens:
//! <https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/>.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pipeline::{self, File, Platform, malformed};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{Environment, RepoPath, Span};

/// The format.
pub const FORMAT: Format = Format {
    id: "bitbucket-pipelines",
    name: "Bitbucket pipeline",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// The subject of a Bitbucket token changes with every run, so only those federate that can leave its end open.
const PLATFORM: Platform = Platform {
    id: "bitbucket",
    federates: &["aws", "gcp", "vault"],
    tokens: &[("BITBUCKET_STEP_OIDC_TOKEN", "bitbucket")],
    images: &["atlassian/"],
};

/// Deepest nesting of stages and parallel groups.
const NESTING: usize = 6;

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let named = matches!(name, b"bitbucket-pipelines.yml" | b"bitbucket-pipelines.yaml");
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    named || (yaml && looks_like_pipeline(head))
}

fn looks_like_pipeline(head: &str) -> bool {
    if memchr::memmem::find(head.as_bytes(), b"pipelines:").is_none() {
        return false;
    }
    let top = head.lines().any(|line| line.starts_with("pipelines:"));
    top && head.lines().any(|line| matches!(line.trim(), "- step:" | "- parallel:"))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| !matches!(root.kind, Kind::Null)) else { return };
    let Some((_, pipelines)) = root.entry("pipelines").filter(|(_, node)| node.is_mapping()) else {
        if input.path.file_name().starts_with(b"bitbucket-pipelines.") {
            malformed(input, root, "it needs a mapping under `pipelines:`", out);
        }
        return;
    };
    let services = root.at(&["definitions", "services"]).map(Node::entries).unwrap_or_default();
    let shared = Shared {
        image: root.get("image"),
        services: services.iter().filter_map(|(key, node)| Some((key.as_str()?, node))).collect(),
    };
    let mut file = File::new(input, &PLATFORM);
    let mut steps = Vec::new();
    for (key, node) in pipelines.entries() {
        let Some(kind) = key.scalar() else { continue };
        if node.is_mapping() {
            // `branches`, `tags`, `pull-requests`, `custom`: a pipeline by pattern or name.
            for (key, node) in node.entries() {
                let pattern = key.scalar().unwrap_or_default();
                gather(node, &format!("{kind}.{pattern}"), None, 0, &mut steps);
            }
        } else {
            gather(node, &kind, None, 0, &mut steps);
        }
    }
    let mut known: HashSet<(Span, String)> = HashSet::new();
    let mut names = BTreeSet::new();
    for (n, step) in steps.iter().enumerate() {
        let own = step.node.get("name").and_then(Node::scalar).filter(|name| !name.is_empty());
        // A step that several pipelines take by its anchor is one.
        if !known.insert((step.node.span, step.deployment.clone())) {
            continue;
        }
        let name = own.unwrap_or_else(|| format!("step {}", n + 1));
        let mut full = format!("{}/{name}", step.pipeline);
        if !names.insert(full.clone()) {
            full = format!("{full} {}", n + 1);
            names.insert(full.clone());
        }
        let mut job = file.job(&full, step.at);
        read_step(&mut file, &mut job, &shared, step, &name);
        if !file.finish(job, out) {
            return;
        }
    }
}

/// What the steps of a file share.
struct Shared<'a> {
    image: Option<&'a Node>,
    /// Definitions of service containers by name.
    services: HashMap<&'a str, &'a Node>,
}

/// A step where it stands.
struct Step<'a> {
    pipeline: String,
    node: &'a Node,
    at: Span,
    deployment: String,
}

fn gather<'a>(node: &'a Node, pipeline: &str, stage: Option<&'a Node>, depth: usize, found: &mut Vec<Step<'a>>) {
    if depth > NESTING || found.len() > 100_000 {
        return;
    }
    for item in node.items() {
        for (key, inner) in item.entries() {
            match key.as_str() {
                Some("step") if inner.is_mapping() => {
                    let deployment = inner.get("deployment").or_else(|| stage?.get("deployment"));
                    let deployment = deployment.and_then(Node::scalar).unwrap_or_default();
                    found.push(Step { pipeline: pipeline.to_owned(), node: inner, at: key.span, deployment });
                }
                Some("parallel") => gather(inner.get("steps").unwrap_or(inner), pipeline, stage, depth + 1, found),
                Some("stage") => {
                    if let Some(steps) = inner.get("steps") {
                        gather(steps, pipeline, Some(inner), depth + 1, found);
                    }
                }
                _ => {}
            }
        }
    }
}

fn read_step<'a>(file: &mut File<'a>, job: &mut Workload<'a>, shared: &Shared<'a>, step: &Step<'a>, name: &str) {
    let node = step.node;
    job.note("pipeline", &step.pipeline);
    job.note("environment", &step.deployment);
    let runs_on = node.get("runs-on").map(Node::one_or_many).unwrap_or_default();
    let runs_on: Vec<String> = runs_on.iter().filter_map(Node::scalar).take(20).collect();
    job.note("runs_on", &runs_on.join(", "));
    job.identity().environment = match step.deployment.as_str() {
        "" => pipeline::environment_of("job", name),
        deployment if pipeline::is_template(deployment) => Environment::default(),
        deployment => environment::classify("deployment", deployment),
    };
    let oidc = node.get("oidc").filter(|node| node.as_bool() == Some(true));
    let scripts: Vec<&Node> = ["script", "after-script"].iter().filter_map(|key| node.get(key)).collect();
    let lines = || scripts.iter().flat_map(|script| script.items());
    if let Some(on) = oidc {
        federated(file, job, on.span, lines());
    }
    for line in lines() {
        if let Some(pipe) = line.get("pipe") {
            read_pipe(job, pipe, line);
        }
    }
    let plain: Vec<&Node> = lines().filter(|line| !line.is_mapping()).collect();
    file.scripts(job, &plain);
    for line in lines() {
        let Some(pipe) = line.get("pipe").and_then(Node::scalar) else { continue };
        let image = pipe.strip_prefix("docker://").unwrap_or(&pipe);
        file.image(job, image, line.span);
    }
    if let Some(image) = node.get("image").or(shared.image) {
        read_image(file, job, image);
    }
    let services = node.get("services").map(Node::one_or_many).unwrap_or_default();
    for service in services.iter().filter_map(Node::as_str) {
        if let Some(definition) = shared.services.get(service) {
            let variables = definition.get("variables").map(Node::entries).unwrap_or_default();
            let variables: Vec<(&str, &Node)> = variables.iter().filter_map(|(k, v)| Some((k.as_str()?, v))).collect();
            file.variables(job, &variables);
            if let Some(image) = definition.get("image") {
                read_image(file, job, image);
            }
        }
    }
}

/// `image:`, a name or a mapping with the login of its registry.
fn read_image<'a>(file: &File<'a>, job: &mut Workload<'a>, image: &'a Node) {
    if let Some(password) = image.get("password") {
        pipeline::input(job, password, Via::input("image", "password", "docker"));
    }
    for key in ["access-key", "secret-key"] {
        if let Some(node) = image.at(&["aws", key]) {
            // The keys that AWS names the other way round.
            let hint = if key == "access-key" { "AWS_ACCESS_KEY_ID" } else { "AWS_SECRET_ACCESS_KEY" };
            pipeline::input(job, node, Via::input("image.aws", hint, "aws"));
        }
    }
    if let Some(role) = image.at(&["aws", "oidc-role"]) {
        let target = role.scalar().filter(|role| !pipeline::is_template(role));
        job.federated("aws", target.as_deref(), role.span, "image.aws.oidc-role", "");
    }
    let name = image.get("name").unwrap_or(image);
    if let Some(text) = name.scalar() {
        file.image(job, &text, name.span);
    }
}

/// Where the step's identity token goes, as far as its pipes and scripts tell.
fn federated<'a>(file: &mut File<'a>, job: &mut Workload<'a>, span: Span, lines: impl Iterator<Item = &'a Node>) {
    let known = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws"),
        ("AWS_ROLE_ARN", "aws"),
        ("AWS_OIDC_ROLE_ARN", "aws"),
        ("assume-role-with-web-identity", "aws"),
        ("create-cred-config", "gcp"),
        ("workloadIdentityPools", "gcp"),
        ("workload-identity-pools", "gcp"),
        ("auth/jwt", "vault"),
        ("vault ", "vault"),
    ];
    let (mut provider, mut target) = ("", None);
    for line in lines {
        if let Some(role) = line.at(&["variables", "AWS_OIDC_ROLE_ARN"]) {
            provider = "aws";
            target = role.scalar().filter(|role| !pipeline::is_template(role)).or(target);
        }
        let Some(text) = line.as_str().filter(|text| file.spend(text.len())) else { continue };
        if let Some(found) = known.iter().find(|(part, _)| text.contains(part)).filter(|_| provider.is_empty()) {
            provider = found.1;
        }
        let role = text.split_once("ROLE_ARN=").map(|(_, rest)| rest.trim_matches(['"', '\'']).to_owned());
        target = target.or(role.filter(|role| role.starts_with("arn:") && !pipeline::is_template(role)));
    }
    if provider == "aws" {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            job.defines(name, None);
        }
    }
    job.federated(provider, target.as_deref(), span, "oidc", "");
}

/// A pipe takes its credentials as variables.
fn read_pipe(job: &mut Workload<'_>, pipe: &Node, line: &Node) {
    let name = pipe.scalar().unwrap_or_default();
    let name = name.trim_start_matches("docker://").split([':', '@']).next().unwrap_or_default().to_owned();
    for (key, value) in line.get("variables").map(Node::entries).unwrap_or_default() {
        let Some(key) = key.as_str() else { continue };
        pipeline::input(job, value, Via { mechanism: &name, ..Via::variable(key) });
    }
}
