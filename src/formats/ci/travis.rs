//! Travis CI: `.travis.yml`. Its jobs have no identity of their own; they hold variables of the repository's settings and
//! values that the file keeps encrypted (`secure:`).
//!
//! Syntax: <https://docs.travis-ci.com/user/customizing-the-build>, <https://config.travis-ci.com/>. Encryption:
//! <https://docs.travis-ci.com/user/encryption-keys>.

use super::pipeline::{self, File, Platform, malformed};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{RepoPath, Span};

/// The format.
pub const FORMAT: Format = Format {
    id: "travis-ci",
    name: "Travis CI configuration",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

const PLATFORM: Platform = Platform { id: "travis", federates: &[], tokens: &[], images: &[] };

/// Keys that hold commands of the shell.
const PHASES: &[&str] = &[
    "before_install",
    "install",
    "before_script",
    "script",
    "before_cache",
    "after_success",
    "after_failure",
    "before_deploy",
    "after_deploy",
    "after_script",
];

/// Providers of `deploy:` under another name than keyroll's.
const PROVIDERS: &[(&str, &str)] = &[
    ("s3", "aws"),
    ("codedeploy", "aws"),
    ("elasticbeanstalk", "aws"),
    ("lambda", "aws"),
    ("opsworks", "aws"),
    ("ecr", "aws"),
    ("cloudformation", "aws"),
    ("gcs", "gcp"),
    ("gae", "gcp"),
    ("firebase", "gcp"),
    ("azure_web_apps", "azure"),
    ("releases", "github"),
    ("pages", "github"),
    ("cargo", "crates-io"),
    ("sonarcloud", "sonar"),
    ("sauce_connect", "sauce"),
];

fn claims(path: &RepoPath, _head: &str) -> bool {
    matches!(path.file_name(), b".travis.yml" | b".travis.yaml")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| !matches!(root.kind, Kind::Null)) else { return };
    if !root.is_mapping() {
        malformed(input, root, "a configuration is a mapping", out);
        return;
    }
    let mut file = File::new(input, &PLATFORM);
    let jobs = root.get("jobs").or_else(|| root.get("matrix"));
    let included: Vec<&Node> =
        jobs.and_then(|jobs| jobs.get("include")).map(Node::items).unwrap_or_default().iter().collect();
    let at = root.entries().first().map_or(root.span, |(key, _)| key.span);
    let mut build = file.job("build", at);
    read_job(&mut file, &mut build, root);
    if !file.finish(build, out) {
        return;
    }
    let mut stage = String::new();
    for (n, job) in included.iter().enumerate() {
        // A stage holds until the next is named.
        stage = job.get("stage").and_then(|node| node.get("name").unwrap_or(node).scalar()).unwrap_or(stage);
        let own =
            ["deploy", "script", "env", "before_script", "install", "addons"].iter().any(|key| job.get(key).is_some());
        if !own {
            continue;
        }
        let name = job.get("name").and_then(Node::scalar).unwrap_or_else(|| format!("job {}", n + 1));
        let name = if stage.is_empty() { name } else { format!("{stage}/{name}") };
        let mut one = file.job(&format!("{name} ({})", n + 1), job.span);
        one.note("stage", &stage);
        one.identity().environment = pipeline::environment_of("stage", &stage);
        read_job(&mut file, &mut one, job);
        if !file.finish(one, out) {
            return;
        }
    }
}

/// What the whole build or one of its jobs holds.
fn read_job<'a>(file: &mut File<'a>, job: &mut Workload<'a>, node: &'a Node) {
    if let Some(env) = node.get("env") {
        for key in ["global", "jobs", "matrix"] {
            env.get(key).into_iter().for_each(|list| variables(file, job, list));
        }
        if !["global", "jobs", "matrix"].iter().any(|key| env.get(key).is_some()) {
            variables(file, job, env);
        }
    }
    for deploy in node.get("deploy").map(Node::one_or_many).unwrap_or_default() {
        let provider = deploy.get("provider").and_then(Node::scalar).unwrap_or_default();
        keys(file, job, deploy, &format!("deploy.{provider}"), known(&provider));
    }
    for key in ["addons", "notifications"] {
        for (name, given) in node.get(key).map(Node::entries).unwrap_or_default() {
            let Some(name) = name.as_str() else { continue };
            if name == "slack" {
                slack(job, given);
            }
            keys(file, job, given, &format!("{key}.{name}"), known(name));
        }
    }
    if let Some(vault) = node.get("vault") {
        keys(file, job, vault, "vault", "vault");
    }
    let scripts: Vec<&Node> = PHASES.iter().filter_map(|phase| node.get(phase)).collect();
    file.scripts(job, &scripts);
}

/// `account:token`, or a list of such rooms (<https://docs.travis-ci.com/user/notifications/#configuring-slack-notifications>).
fn slack(job: &mut Workload<'_>, given: &Node) {
    let rooms = given.get("rooms").unwrap_or(given);
    let via = Via::input("notifications.slack", "token", "slack");
    for room in rooms.one_or_many() {
        if let Some(value) = room.get("secure") {
            job.stored("notifications.slack", value.span, via);
        } else if room.as_str().is_some_and(|room| room.contains(':')) {
            pipeline::input(job, room, via);
        }
    }
}

fn known(name: &str) -> &str {
    PROVIDERS.iter().find(|(own, _)| *own == name).map_or(name, |(_, provider)| provider)
}

/// One list under `env:`: `NAME=value` texts, `secure:` values, or names with either.
fn variables<'a>(file: &mut File<'a>, job: &mut Workload<'a>, list: &'a Node) {
    for item in list.one_or_many() {
        if let Some(text) = item.as_str() {
            assignments(file, job, item, text);
            continue;
        }
        for (key, value) in item.entries() {
            match key.as_str() {
                // Whose name is inside.
                Some("secure") => {
                    job.bundle("secure variable", value.span, "env", "", crate::model::AuthMode::Referenced)
                }
                Some(name) if value.get("secure").is_some() => secure(job, name, value.span, Via::variable(name)),
                Some(name) => file.variables(job, &[(name, value)]),
                None => {}
            }
        }
    }
}

/// A value that only Travis can read, for this repository alone.
fn secure(job: &mut Workload<'_>, name: &str, span: Span, via: Via<'_>) {
    if names::is_credential(name) || names::is_credential(via.hint) {
        job.stored(name, span, via);
        job.defines(name, None);
    }
}

/// `A=1 B="two words"`, as a shell would split it. The value itself goes nowhere.
fn assignments<'a>(file: &mut File<'a>, job: &mut Workload<'a>, node: &'a Node, text: &str) {
    if !file.spend(text.len()) {
        return;
    }
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().rsplit(char::is_whitespace).next().unwrap_or_default();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let inside = quote.and_then(|quote| after.get(1..)?.split_once(quote));
        let (value, tail) = inside.unwrap_or_else(|| {
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            after.split_at_checked(end).unwrap_or((after, ""))
        });
        rest = tail;
        let found = pipeline::shell_names(value);
        if found.is_empty() && !pipeline::is_template(value) && names::holds_credential(name) {
            // A node of its own, so that the text beside it counts for nothing.
            let one = Node { kind: Kind::String(value.to_owned()), ..node.clone() };
            job.literal(&one, Via::variable(name));
        }
        for found in found {
            pipeline::refer(job, &found, node.span, Via::variable(name), found == name);
        }
        if job.defined(name).is_none() {
            job.defines(name, None);
        }
    }
}

/// Keys of a deployment or add-on that hold a credential, with those one level below: `api_key: {secure: …}`, or a value for
/// each branch.
fn keys<'a>(file: &mut File<'a>, job: &mut Workload<'a>, node: &'a Node, mechanism: &str, provider: &str) {
    for (key, value) in node.entries() {
        let Some(name) = key.as_str() else { continue };
        if !holds_secret(name) || !file.spend(64) {
            continue;
        }
        let via = Via { mechanism, hint: name, provider: Some(provider).filter(|p| !p.is_empty()), target: None };
        if value.get("secure").is_some() {
            job.stored(&format!("{mechanism}.{name}"), value.span, via);
        } else if value.is_mapping() {
            for (branch, value) in value.entries() {
                if value.get("secure").is_some() {
                    let branch = branch.scalar().unwrap_or_default();
                    job.stored(&format!("{mechanism}.{name}.{branch}"), value.span, via);
                }
            }
        } else {
            pipeline::input(job, value, via);
        }
    }
}

/// Keys that hold a credential, by their last word; those that name a file or a place of one do not.
fn holds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let ends = ["api_key", "token", "password", "secret_access_key", "access_key_id", "access_key", "client_secret"];
    let exact = ["key", "secret", "api_token", "github_token", "oauth_token", "slack"];
    ends.iter().any(|end| key.ends_with(end)) || exact.contains(&key.as_str())
}
