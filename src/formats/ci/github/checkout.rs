//! Whether a job fetches code that a stranger wrote.
//!
//! <https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>: on `pull_request_target`,
//! `workflow_run` and `issue_comment` the job has the repository's secrets and token, so checking out the head of a pull
//! request hands them to its author.

use std::collections::BTreeMap;

use super::step::inputs;
use super::{condition, expr, gate, reads};
use crate::doc::Node;
use crate::model::Span;

/// Paths of contexts that name the head of a pull request, and parts of them that survive in step outputs.
const HEADS: &[&str] = &[
    "github.event.pull_request.head",
    "github.event.pull_request.merge_commit_sha",
    "github.head_ref",
    "github.event.workflow_run.head_",
    "github.event.workflow_run.pull_requests",
    "github.event.number",
    "github.event.issue.number",
    "github.event.pull_request.number",
    "head_ref",
    "head_sha",
    "head-ref",
    "head-sha",
];

/// What the checkouts of a job come to.
#[derive(Debug, Default)]
pub struct Checkouts {
    /// `actions/checkout` steps that keep the token in `.git/config` for the steps after them.
    pub persisted: usize,
    /// Those that do not.
    pub clean: usize,
    /// What fetches the head of a pull request, in words; no more than a few.
    pub heads: Vec<String>,
    /// Whether a step may run what a step before it, or itself, fetched of them.
    pub runs: bool,
    /// The same of what was fetched by an input.
    pub runs_given: bool,
    /// Inputs of the workflow or action whose value is fetched, in lower case, with what fetches it; no more than a few.
    pub inputs: BTreeMap<String, String>,
    /// Secrets that a checkout keeps on disk instead of the job's token.
    pub kept: Option<String>,
    /// What can read a kept token afterwards, with its place and the secret that was kept by then; no more than a few.
    pub exposed: Vec<(String, Span, Option<String>)>,
    /// What stands before a step that fetched a head, by that head.
    pub gates: BTreeMap<String, Vec<&'static str>>,
    /// Whether the step that is read is never run for a stranger.
    shut: bool,
    /// Directories below the work tree that heads were fetched into.
    directories: Vec<String>,
    /// Whether one was fetched into the work tree itself.
    whole: bool,
}

impl Checkouts {
    /// Looks at one step.
    pub fn step(&mut self, step: &Node, repository: &str) {
        // What is not run for strangers fetches nothing of theirs.
        let before = self.heads.len();
        self.shut = step.get("if").is_some() && DANGEROUS.iter().all(|event| condition::shuts_out(&[step], event));
        if repository.eq_ignore_ascii_case("actions/checkout") {
            self.action(step);
        }
        if repository.eq_ignore_ascii_case("actions/upload-artifact") {
            self.upload(step);
        }
        if let Some(run) = step.get("run").and_then(Node::as_str) {
            self.run(run, step.get("env"));
        }
        let directories: &[String] = if self.whole { &[] } else { self.directories.as_slice() };
        self.runs |= !self.heads.is_empty() && reads::may_run(step, repository, directories);
        self.runs_given |= !self.inputs.is_empty() && reads::may_run(step, repository, &[]);
        for head in self.heads.get(before..).unwrap_or_default() {
            self.gates.insert(head.clone(), gate::gates(&[], &[step], false));
        }
    }

    /// Notes what can read the token that a checkout before it kept.
    pub fn exposes(&mut self, what: &str, span: Span) {
        let known = |(known, _, kept): &(String, Span, Option<String>)| known == what && *kept == self.kept;
        if self.persisted > 0 && self.exposed.len() < 20 && !self.exposed.iter().any(known) {
            self.exposed.push((what.to_owned(), span, self.kept.clone()));
        }
    }

    /// Hidden files, `.git/config` among them, are left out of artifacts by default
    /// (<https://github.com/actions/upload-artifact>).
    fn upload(&mut self, step: &Node) {
        let with = step.get("with");
        let value = |name: &str| inputs(with).find(|(key, _)| *key == name).and_then(|(_, v)| v.scalar());
        let hidden = value("include-hidden-files").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let path = value("path").unwrap_or_default();
        let whole = |path: &str| matches!(path.trim(), "." | "./" | "*" | "**" | "./**" | "${{ github.workspace }}");
        if hidden && path.lines().any(whole) {
            self.exposes("actions/upload-artifact", step.span);
        }
    }

    fn found(&mut self, head: String) {
        if !self.shut && self.heads.len() < 20 && !self.heads.contains(&head) {
            self.heads.push(head);
        }
    }

    /// Notes what fetches the value of an input: whether that is a stranger's code is for the callers to say.
    fn fetches(&mut self, value: &str, what: &str) {
        for name in input_names(value) {
            if self.inputs.len() < 20 {
                self.inputs.entry(name.clone()).or_insert_with(|| format!("{what} of inputs.{name}"));
            }
        }
    }

    fn action(&mut self, step: &Node) {
        let with = step.get("with");
        let value =
            |name: &str| inputs(with).find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, v)| v.scalar());
        // https://github.com/actions/checkout: `persist-credentials` is true by default.
        if value("persist-credentials").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
            self.clean += 1;
        } else {
            self.persisted += 1;
            let secret = ["ssh-key", "token"].iter().filter_map(|input| value(input));
            let secret = secret.into_iter().find(|v: &String| v.contains("secrets.") && !v.contains("GITHUB_TOKEN"));
            self.kept = secret.map(|v| v.chars().take(80).collect()).or(self.kept.take());
        }
        let elsewhere = value("repository").is_some_and(|repository| !repository.trim().is_empty());
        for input in ["ref", "repository"] {
            let Some(given) = value(input) else { continue };
            // Without a repository, a branch is one of the repository's own, whatever name a stranger gave theirs.
            if let Some(head) = of_ref(&given).filter(|head| elsewhere || !is_branch(head)) {
                self.found(format!("actions/checkout of {head}"));
                match value("path").map(|path| path.trim().trim_matches(['.', '/']).to_owned()) {
                    Some(path) if !path.is_empty() && !expr::has_expression(&path) => self.directories.push(path),
                    _ => self.whole = true,
                }
            }
            let value = given;
            self.fetches(&value, "actions/checkout");
        }
    }

    fn run(&mut self, run: &str, env: Option<&Node>) {
        // Every command that is looked for below is one of these.
        if !run.contains("git ") && !run.contains("pr checkout") {
            return;
        }
        let variables = head_variables(env);
        let entries = env.map(Node::entries).unwrap_or_default().iter();
        let handed: Vec<(&str, &str)> = entries
            .filter_map(|(key, value)| Some((key.as_str()?, value.as_str().filter(|v| v.contains("inputs."))?)))
            .take(20)
            .collect();
        // A branch by its name alone is one of the repository's own, unless the script brings the fork in.
        let brings = ["remote add", "clone_url", "head.repo", "git_url", "https://", "git@", "pull/"];
        let by_variable = |(_, value): &(&str, String)| value.contains("head.repo");
        let names_fork = brings.iter().any(|part| run.contains(part)) || variables.iter().any(by_variable);
        for line in run.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.contains("gh pr checkout") || line.contains("hub pr checkout") {
                self.found("gh pr checkout".to_owned());
                self.whole = true;
            }
            let git = ["git fetch", "git checkout", "git switch", "git pull", "git merge", "git clone", "git reset"];
            if !git.iter().any(|command| line.contains(command)) {
                continue;
            }
            let from = if line.contains("pull/") && line.contains("fetch") {
                Some("pull/…".to_owned())
            } else {
                head(line).or_else(|| from_variable(line, &variables))
            };
            let reached = |from: &String| !is_branch(from) || names_fork;
            if let Some(from) = from.filter(|from| !from.ends_with("number")).filter(reached) {
                self.found(format!("git in run: of {from}"));
                self.whole = true;
            }
            self.fetches(line, "git in run:");
            for (_, value) in handed.iter().filter(|(name, _)| uses_variable(line, name)) {
                self.fetches(value, "git in run:");
            }
        }
    }
}

/// Variables that a step's `env:` fills from the head of a pull request; no step needs many.
fn head_variables(env: Option<&Node>) -> Vec<(&str, String)> {
    let entries = env.map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|(key, value)| Some((key.as_str()?, head(value.as_str()?)?))).take(20).collect()
}

/// What a shell variable of the line was filled from.
fn from_variable(line: &str, variables: &[(&str, String)]) -> Option<String> {
    variables.iter().find(|(name, _)| uses_variable(line, name)).map(|(_, head)| head.clone())
}

fn uses_variable(line: &str, name: &str) -> bool {
    line.contains(&format!("${name}")) || line.contains(&format!("${{{name}"))
}

/// The head of a pull request that a value given as a ref or repository names. A number alone is a pull request only
/// below `refs/pull/`.
pub fn of_ref(value: &str) -> Option<String> {
    let head = if value.contains("refs/pull/") { Some("refs/pull/…".to_owned()) } else { head(value) };
    head.filter(|head| !head.ends_with("number"))
}

/// Whether a head is told by the name of its branch.
fn is_branch(head: &str) -> bool {
    let last = head.rsplit('.').next().unwrap_or_default();
    matches!(last, "head_ref" | "head-ref" | "head_branch") || head.ends_with("pull_request.head.ref")
}

/// The inputs that the expressions of a value read, in lower case as GitHub compares them.
pub fn input_names(value: &str) -> Vec<String> {
    let accesses = expr::all_accesses(value, false);
    let inputs = accesses.iter().filter(|access| access.context == "inputs");
    inputs.filter_map(|access| access.path.first()).map(|name| name.to_ascii_lowercase()).take(20).collect()
}

/// Events that run with the repository's own secrets and token although a stranger may have caused them.
pub const DANGEROUS: [&str; 3] = ["issue_comment", "pull_request_target", "workflow_run"];

/// Whether what was fetched is set on this event: `github.event` holds a pull request on `pull_request_target` only, and
/// an empty ref is the default branch.
pub fn is_set(head: &str, event: &str) -> bool {
    let path = head.rsplit(' ').next().unwrap_or_default();
    match path {
        "github.head_ref" => event == "pull_request_target",
        _ if path.starts_with("github.event.pull_request.") => event == "pull_request_target",
        _ if path.starts_with("github.event.workflow_run.") => event == "workflow_run",
        _ => true,
    }
}

/// The first context access of a value that names the head of a pull request.
fn head(value: &str) -> Option<String> {
    let accesses = expr::all_accesses(value, false);
    accesses.iter().map(expr::Access::dotted).find(|path| HEADS.iter().any(|head| path.contains(head)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::doc::yaml;

    fn head_of(step: &str) -> Option<String> {
        let doc = yaml::parse(step).unwrap();
        let mut checkouts = Checkouts::default();
        checkouts.step(&doc.roots[0], "actions/checkout");
        checkouts.heads.into_iter().next()
    }

    #[test]
    fn heads_are_seen_in_inputs_scripts_and_variables() {
        for step in [
            "with: {ref: '${{ github.event.pull_request.head.sha }}'}",
            "with: {repository: \"${{ github.event.pull_request.head.repo.full_name }}\"}",
            "with: {ref: 'refs/pull/${{ github.event.number }}/merge'}",
            "with: {ref: '${{ github.head_ref }}', repository: '${{ github.event.pull_request.head.repo.full_name }}'}",
            "with: {ref: '${{ steps.pr.outputs.head_sha }}'}",
            "run: gh pr checkout ${{ github.event.issue.number }}",
            "run: git fetch origin pull/$N/head",
            "run: git fetch $URL $B && git checkout $B\nenv: {B: '${{ github.head_ref }}', URL: '${{ github.event.pull_request.head.repo.clone_url }}'}",
            "run: git checkout $SHA\nenv: {SHA: '${{ github.event.pull_request.head.sha }}'}",
        ] {
            assert!(head_of(step).is_some(), "{step}");
        }
    }

    #[test]
    fn the_base_branch_is_no_stranger() {
        for step in [
            "with: {fetch-depth: 0}",
            "with: {ref: '${{ github.base_ref }}'}",
            "with: {ref: main, path: '${{ github.head_ref }}'}",
            "run: echo ${{ github.event.pull_request.head.sha }}",
            "run: '# git checkout ${{ github.head_ref }}'",
            // Branches of the repository's own.
            "with: {ref: '${{ github.event.workflow_run.head_branch }}'}",
            "with: {ref: '${{ github.head_ref }}'}",
            "run: git checkout ${{ github.head_ref }}",
            "{if: github.event.pull_request.head.repo.full_name == github.repository, with: {ref: '${{ github.event.pull_request.head.sha }}'}}",
        ] {
            assert_eq!(head_of(step), None, "{step}");
        }
    }
}
