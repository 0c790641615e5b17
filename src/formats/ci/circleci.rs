//! CircleCI: each job is an identity, told apart by the name under which a workflow runs it. It holds the variables of its
//! project, those of the contexts that the workflow gives it, and an identity token.
//!
//! Syntax: <https://circleci.com/docs/reference/configuration-reference/>. Contexts: <https://circleci.com/docs/guides/security/contexts/>.
//! Identity tokens: <https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/>.

mod orb;
mod steps;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pipeline::{self, File, Platform, malformed};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment, names};
use crate::model::{AuthMode, Environment, EnvironmentClass, RepoPath, Span};

/// The format.
pub const FORMAT: Format = Format {
    id: "circleci",
    name: "CircleCI configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// The subject of a CircleCI token ends with the user that started the pipeline, so only those federate that can leave it
/// open; Entra ID compares subjects whole.
const PLATFORM: Platform = Platform {
    id: "circleci",
    federates: &["aws", "gcp", "vault"],
    tokens: &[("CIRCLE_OIDC_TOKEN", "circleci"), ("CIRCLE_OIDC_TOKEN_V2", "circleci")],
    images: &["cimg/", "circleci/"],
};

fn claims(path: &RepoPath, head: &str) -> bool {
    is_config(path)
        || (is_below(path) && has_top_key(head, &["jobs", "orbs", "workflows", "commands", "executors"]))
        || looks_like_config(path, head)
}

fn is_config(path: &RepoPath) -> bool {
    let path = path.as_bytes();
    [&b".circleci/config.yml"[..], b".circleci/config.yaml"]
        .iter()
        .any(|name| path.strip_suffix(*name).is_some_and(|before| before.is_empty() || before.ends_with(b"/")))
}

fn is_yaml(path: &RepoPath) -> bool {
    path.file_name().ends_with(b".yml") || path.file_name().ends_with(b".yaml")
}

/// Configuration that a setup workflow goes on with lies beside the first.
fn is_below(path: &RepoPath) -> bool {
    let path_bytes = path.as_bytes();
    is_yaml(path)
        && (path_bytes.starts_with(b".circleci/") || memchr::memmem::find(path_bytes, b"/.circleci/").is_some())
}

fn has_top_key(head: &str, keys: &[&str]) -> bool {
    head.lines().any(|line| line.split_once(':').is_some_and(|(key, _)| keys.contains(&key)))
}

/// Elsewhere by its version and two keys that no compose file has.
fn looks_like_config(path: &RepoPath, head: &str) -> bool {
    memchr::memmem::find(head.as_bytes(), b"workflows:").is_some()
        && is_yaml(path)
        && has_top_key(head, &["version"])
        && has_top_key(head, &["workflows"])
        && has_top_key(head, &["jobs", "orbs"])
        && !has_top_key(head, &["services"])
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| !matches!(root.kind, Kind::Null)) else { return };
    if !root.is_mapping() {
        if is_config(input.path) {
            malformed(input, root, "a configuration is a mapping", out);
        }
        return;
    }
    let mut file = File::new(input, &PLATFORM);
    let named = |key: &str| -> HashMap<&str, (&Node, &Node)> {
        let all = root.get(key).map(Node::entries).unwrap_or_default();
        all.iter().filter_map(|(key, node)| Some((key.as_str()?, (key, node)))).collect()
    };
    let config = Config {
        workflows: root.get("workflows").map(Node::entries).unwrap_or_default(),
        jobs: named("jobs"),
        executors: named("executors"),
        commands: named("commands"),
        orbs: orb::read(root.get("orbs"), file.owner()),
    };
    for (name, run) in config.runs() {
        let mut job = file.job(&name, run.at);
        config.job(&mut file, &mut job, &name, &run);
        if !file.finish(job, out) {
            return;
        }
    }
}

/// A job as workflows run it.
struct Run<'a> {
    /// The job's name, or `orb/job`.
    job: String,
    at: Span,
    /// Names of workflows.
    workflows: BTreeSet<String>,
    /// What they give it: contexts and parameters.
    given: Vec<&'a Node>,
}

/// A whole configuration.
struct Config<'a> {
    workflows: &'a [(Node, Node)],
    /// Keys and values by name.
    jobs: HashMap<&'a str, (&'a Node, &'a Node)>,
    executors: HashMap<&'a str, (&'a Node, &'a Node)>,
    commands: HashMap<&'a str, (&'a Node, &'a Node)>,
    orbs: BTreeMap<String, orb::Orb>,
}

impl<'a> Config<'a> {
    /// Jobs by the name that they run under, and those that no workflow runs.
    fn runs(&self) -> BTreeMap<String, Run<'a>> {
        let mut runs: BTreeMap<String, Run<'a>> = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (key, workflow) in self.workflows {
            let workflow_name = key.scalar().unwrap_or_default();
            for item in workflow.get("jobs").map(Node::items).unwrap_or_default() {
                let (job, at, given) = match item.entries() {
                    [] => (item.scalar(), item.span, None),
                    [(key, given), ..] => (key.scalar(), key.span, Some(given)),
                };
                let Some(job) = job else { continue };
                // A hold for a person's approval runs nothing.
                let kind = given.and_then(|given| given.get("type")?.scalar());
                if kind.is_some_and(|kind| kind == "approval") {
                    continue;
                }
                used.insert(job.clone());
                let name =
                    given.and_then(|given| given.get("name")?.scalar()).filter(|name| !pipeline::is_template(name));
                let name = name.unwrap_or_else(|| job.clone());
                let at = self.jobs.get(name.as_str()).map_or(at, |(key, _)| key.span);
                let run =
                    runs.entry(name).or_insert_with(|| Run { job, at, workflows: BTreeSet::new(), given: Vec::new() });
                run.workflows.insert(workflow_name.clone());
                run.given.extend(given.filter(|_| run.given.len() < 1000));
            }
        }
        for (name, (key, _)) in &self.jobs {
            let Some(name) = Some((*name).to_owned()).filter(|name| !used.contains(name)) else { continue };
            runs.entry(name.clone()).or_insert(Run {
                job: name,
                at: key.span,
                workflows: BTreeSet::new(),
                given: Vec::new(),
            });
        }
        runs
    }

    fn job(&self, file: &mut File<'a>, job: &mut Workload<'a>, name: &str, run: &Run<'a>) {
        let workflows: Vec<&str> = run.workflows.iter().map(String::as_str).take(20).collect();
        job.note("workflow", &workflows.join(", "));
        let mut contexts = BTreeSet::new();
        for given in &run.given {
            for context in given.get("context").map(Node::one_or_many).unwrap_or_default() {
                let Some(name) = context.scalar().filter(|name| !name.is_empty()) else { continue };
                let provider = names::provider(&name).unwrap_or_default();
                job.bundle(&name, context.span, "context", provider, AuthMode::Referenced);
                contexts.insert(name);
            }
        }
        job.identity().environment = where_to(name, &contexts);
        let mut used = BTreeSet::new();
        if let Some((orb, _)) = run.job.split_once('/') {
            used.insert(orb.to_owned());
        }
        for given in &run.given {
            steps::parameters(file, job, given, &run.job);
            // Steps that run before and after those of the job.
            for key in ["pre-steps", "post-steps"] {
                if let Some(more) = given.get(key) {
                    steps::read(file, job, &self.commands, more, &mut used);
                }
            }
        }
        if let Some((_, definition)) = self.jobs.get(run.job.as_str()).or_else(|| self.jobs.get(name)).copied() {
            let executor = self.executor(definition);
            for holder in [Some(definition), executor].into_iter().flatten() {
                self.holder(file, job, holder);
            }
            steps::defaults(job, definition);
            if let Some(more) = definition.get("steps") {
                steps::read(file, job, &self.commands, more, &mut used);
            }
            for holder in [Some(definition), executor].into_iter().flatten() {
                for container in holder.get("docker").map(Node::items).unwrap_or_default() {
                    if let Some(image) = container.get("image") {
                        file.image(job, &image.scalar().unwrap_or_default(), image.span);
                    }
                }
            }
        }
        for alias in used {
            if let Some(orb) = self.orbs.get(&alias) {
                orb.beside(job);
            }
        }
    }

    /// The executor that a job names, by name or with parameters.
    fn executor(&self, job: &'a Node) -> Option<&'a Node> {
        let executor = job.get("executor")?;
        let name = executor.get("name").unwrap_or(executor).scalar()?;
        self.executors.get(name.as_str()).map(|(_, node)| *node)
    }

    /// Variables, and the logins of registries.
    fn holder(&self, file: &mut File<'a>, job: &mut Workload<'a>, holder: &'a Node) {
        let mut variables: Vec<(&str, &Node)> = Vec::new();
        let mut add = |node: Option<&'a Node>| {
            let all = node.map(Node::entries).unwrap_or_default();
            variables.extend(all.iter().filter_map(|(key, value)| Some((key.as_str()?, value))));
        };
        add(holder.get("environment"));
        let containers = holder.get("docker").map(Node::items).unwrap_or_default();
        containers.iter().for_each(|container| add(container.get("environment")));
        file.variables(job, &variables);
        for container in containers {
            let image = container.get("image").and_then(Node::scalar).unwrap_or_default();
            if let Some(password) = container.at(&["auth", "password"]) {
                pipeline::input(job, password, Via::input("docker.auth", "password", registry(&image)));
            }
            for key in ["aws_access_key_id", "aws_secret_access_key"] {
                if let Some(node) = container.at(&["aws_auth", key]) {
                    let hint = key.to_ascii_uppercase();
                    pipeline::input(job, node, Via::input("docker.aws_auth", &hint, "aws"));
                }
            }
            if let Some(role) = container.at(&["aws_auth", "role_arn"]) {
                let target = role.scalar().filter(|role| !pipeline::is_template(role));
                job.federated("aws", target.as_deref(), role.span, "docker.aws_auth", "");
            }
        }
    }
}

/// Whose registry an image lies in, as far as the name tells; Docker Hub is what a name without a host means.
fn registry(image: &str) -> &'static str {
    let host = image.split_once('/').map_or("", |(host, _)| host);
    match host {
        "ghcr.io" => "ghcr",
        host if host.ends_with(".pkg.dev") || host == "gcr.io" || host.ends_with(".gcr.io") => "gcp",
        host if host.ends_with(".azurecr.io") => "azure",
        _ => "docker",
    }
}

/// Production or not: by the job's name, or by the contexts, when half of them tell and these agree.
fn where_to(name: &str, contexts: &BTreeSet<String>) -> Environment {
    let job = pipeline::environment_of("job", name);
    if job.class != EnvironmentClass::Unknown {
        return job;
    }
    let mut found: Vec<Environment> = contexts.iter().map(|name| environment::classify("context", name)).collect();
    found.retain(|environment| environment.class != EnvironmentClass::Unknown);
    // One name among many tells of one of many things that the job does.
    if found.len() * 2 < contexts.len() {
        return Environment::default();
    }
    let first = found.first().cloned().unwrap_or_default();
    if found.iter().all(|other| other.class == first.class) { first } else { Environment::default() }
}
