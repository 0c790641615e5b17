//! Which commits a CI run is about, told by the variables and event files of its provider.

use serde_json::Value;

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A change that asks to be taken in: what `head` has and `base` has not. `base` is an id or a branch.
    Request {
        /// Where it would go: id or branch names, the first one that is here counts.
        base: Vec<String>,
        /// What it brings.
        head: Vec<String>,
    },
    /// A push: what `after` has and `before` has not.
    Push {
        /// What the branch was before.
        before: String,
        /// What it is now.
        after: String,
        /// The default branch, if the provider names it.
        default: Option<String>,
    },
    /// The first push of a branch: what no other branch has.
    First {
        /// What the branch is now.
        after: String,
        /// The default branch, if the provider names it.
        default: Option<String>,
    },
    /// One commit; the provider does not say what was there before it.
    Commit(String),
    /// Everything: a scheduled or manual run, a release.
    Full,
}

/// A CI run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The provider, for people.
    pub provider: &'static str,
    /// What it is about.
    pub change: Change,
    /// What to set when commits are missing.
    pub depth: &'static str,
}

/// Reads a variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The run that this environment describes; `None` when no provider is known by it. `event` is the event file of GitHub.
pub fn detect(env: Env<'_>, event: Option<&Value>) -> Option<Run> {
    let is = |name: &str, value: &str| env(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let (provider, change, depth) = if is("GITHUB_ACTIONS", "true") {
        ("GitHub Actions", github(env, event), "`fetch-depth: 0` in the checkout step")
    } else if is("GITLAB_CI", "true") {
        ("GitLab CI", gitlab(env), "the variable `GIT_DEPTH: 0`")
    } else if is("TF_BUILD", "true") {
        ("Azure Pipelines", azure(env), "`fetchDepth: 0` in the checkout step")
    } else if env("BITBUCKET_BUILD_NUMBER").is_some() {
        ("Bitbucket Pipelines", bitbucket(env), "`clone: depth: full`")
    } else if is("BUILDKITE", "true") {
        ("Buildkite", buildkite(env), "no `--depth` in `BUILDKITE_GIT_CLONE_FLAGS`")
    } else if is("CIRCLECI", "true") {
        ("CircleCI", circleci(env), "a full checkout (`method: full`)")
    } else if is("DRONE", "true") {
        ("Drone", drone(env), "`clone: depth: 0`")
    } else if is("CI", "woodpecker") {
        ("Woodpecker", woodpecker(env), "`depth: 0` and `partial: false` of the clone plugin")
    } else if env("JENKINS_URL").is_some() {
        ("Jenkins", jenkins(env), "no shallow clone in the checkout step")
    } else {
        return None;
    };
    Some(Run { provider, change, depth })
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_none(id: &str) -> bool {
    id.is_empty() || id.bytes().all(|b| b == b'0')
}

/// The names under which a checkout may know a branch.
pub fn branch(name: &str) -> Vec<String> {
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    vec![format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}")]
}

fn push(before: Option<String>, after: String, default: Option<String>) -> Change {
    match before.filter(|b| is_id(b)) {
        Some(before) if !is_none(&before) => Change::Push { before, after, default },
        Some(_) => Change::First { after, default },
        None => Change::Commit(after),
    }
}

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables> and
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
fn github(env: Env<'_>, event: Option<&Value>) -> Change {
    let text = |pointer: &str| event.and_then(|e| e.pointer(pointer)).and_then(Value::as_str).map(str::to_owned);
    let sha = env("GITHUB_SHA").unwrap_or_else(|| "HEAD".to_owned());
    let name = env("GITHUB_EVENT_NAME").unwrap_or_default();
    match name.as_str() {
        "pull_request" | "pull_request_target" | "pull_request_review" => {
            let base = text("/pull_request/base/sha").into_iter();
            let base = base.chain(env("GITHUB_BASE_REF").iter().flat_map(|b| branch(b))).collect();
            // What is checked out is the merge of both sides, unless the workflow chose the head; in `pull_request_target` it is
            // the base, which has nothing of the change.
            let merge = (name != "pull_request_target").then_some(sha);
            Change::Request { base, head: text("/pull_request/head/sha").into_iter().chain(merge).collect() }
        }
        "merge_group" => {
            let head = text("/merge_group/head_sha").into_iter().chain([sha]).collect();
            Change::Request { base: text("/merge_group/base_sha").into_iter().collect(), head }
        }
        "push" if env("GITHUB_REF_TYPE").as_deref() != Some("tag") => {
            let after = text("/after").filter(|a| !is_none(a)).unwrap_or(sha);
            push(text("/before"), after, text("/repository/default_branch"))
        }
        _ => Change::Full,
    }
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>.
fn gitlab(env: Env<'_>) -> Change {
    let sha = env("CI_COMMIT_SHA").unwrap_or_else(|| "HEAD".to_owned());
    if let Some(base) = env("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
        let target = env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
        let base = std::iter::once(base).chain(target.iter().flat_map(|t| branch(t))).collect();
        let head = env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").into_iter().chain([sha]).collect();
        return Change::Request { base, head };
    }
    match env("CI_PIPELINE_SOURCE").as_deref() {
        Some("push") if env("CI_COMMIT_TAG").is_none() => {
            push(env("CI_COMMIT_BEFORE_SHA"), sha, env("CI_DEFAULT_BRANCH"))
        }
        _ => Change::Full,
    }
}

/// <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables>.
fn azure(env: Env<'_>) -> Change {
    let sha = env("BUILD_SOURCEVERSION").unwrap_or_else(|| "HEAD".to_owned());
    match (env("BUILD_REASON").as_deref(), env("SYSTEM_PULLREQUEST_TARGETBRANCH")) {
        (_, Some(target)) => Change::Request {
            base: branch(&target),
            head: env("SYSTEM_PULLREQUEST_SOURCECOMMITID").into_iter().chain([sha]).collect(),
        },
        (Some("IndividualCI" | "BatchedCI"), None) => Change::Commit(sha),
        _ => Change::Full,
    }
}

/// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
fn bitbucket(env: Env<'_>) -> Change {
    let sha = env("BITBUCKET_COMMIT").unwrap_or_else(|| "HEAD".to_owned());
    match env("BITBUCKET_PR_DESTINATION_BRANCH") {
        Some(target) => {
            let base = env("BITBUCKET_PR_DESTINATION_COMMIT").into_iter().chain(branch(&target)).collect();
            Change::Request { base, head: vec![sha] }
        }
        None if env("BITBUCKET_BRANCH").is_some() => Change::Commit(sha),
        None => Change::Full,
    }
}

/// <https://buildkite.com/docs/pipelines/configure/environment-variables>.
fn buildkite(env: Env<'_>) -> Change {
    let sha = env("BUILDKITE_COMMIT").filter(|c| is_id(c)).unwrap_or_else(|| "HEAD".to_owned());
    if env("BUILDKITE_PULL_REQUEST").is_some_and(|n| n != "false") {
        let base = env("BUILDKITE_PULL_REQUEST_BASE_BRANCH").map(|b| branch(&b)).unwrap_or_default();
        return Change::Request { base, head: vec![sha] };
    }
    let default = env("BUILDKITE_PIPELINE_DEFAULT_BRANCH").filter(|d| !d.is_empty());
    match (env("BUILDKITE_SOURCE").as_deref(), env("BUILDKITE_BRANCH") == default) {
        (Some("schedule"), _) => Change::Full,
        (_, true) | (None, _) => Change::Commit(sha),
        _ => Change::First { after: sha, default },
    }
}

/// <https://circleci.com/docs/reference/variables/>.
fn circleci(env: Env<'_>) -> Change {
    match env("CIRCLE_SHA1") {
        _ if env("CIRCLE_TAG").is_some() => Change::Full,
        Some(sha) => Change::First { after: sha, default: None },
        None => Change::Full,
    }
}

/// <https://docs.drone.io/pipeline/environment/reference/>.
fn drone(env: Env<'_>) -> Change {
    let sha = env("DRONE_COMMIT_AFTER").or_else(|| env("DRONE_COMMIT_SHA")).unwrap_or_else(|| "HEAD".to_owned());
    match env("DRONE_BUILD_EVENT").as_deref() {
        Some("pull_request") => {
            let base = env("DRONE_TARGET_BRANCH").map(|b| branch(&b)).unwrap_or_default();
            Change::Request { base, head: vec![env("DRONE_COMMIT_SHA").unwrap_or(sha)] }
        }
        Some("push") => push(env("DRONE_COMMIT_BEFORE"), sha, env("DRONE_REPO_BRANCH")),
        _ => Change::Full,
    }
}

/// <https://woodpecker-ci.org/docs/usage/environment>.
fn woodpecker(env: Env<'_>) -> Change {
    let sha = env("CI_COMMIT_SHA").unwrap_or_else(|| "HEAD".to_owned());
    match env("CI_PIPELINE_EVENT").as_deref() {
        Some("pull_request") => {
            let base = env("CI_COMMIT_TARGET_BRANCH").map(|b| branch(&b)).unwrap_or_default();
            Change::Request { base, head: vec![sha] }
        }
        Some("push") => push(env("CI_PREV_COMMIT_SHA"), sha, env("CI_REPO_DEFAULT_BRANCH")),
        _ => Change::Full,
    }
}

/// <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables> and
/// <https://plugins.jenkins.io/git/#plugin-content-environment-variables>.
fn jenkins(env: Env<'_>) -> Change {
    let sha = env("GIT_COMMIT").unwrap_or_else(|| "HEAD".to_owned());
    match env("CHANGE_TARGET") {
        Some(target) => Change::Request { base: branch(&target), head: vec![sha] },
        None => push(env("GIT_PREVIOUS_SUCCESSFUL_COMMIT").or_else(|| env("GIT_PREVIOUS_COMMIT")), sha, None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(variables: &[(&str, &str)], event: &str) -> Option<Run> {
        let env = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let event: Option<Value> = (!event.is_empty()).then(|| serde_json::from_str(event).unwrap());
        detect(&env, event.as_ref())
    }

    fn change(variables: &[(&str, &str)], event: &str) -> Change {
        run(variables, event).unwrap().change
    }

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const NONE: &str = "0000000000000000000000000000000000000000";

    fn request(base: &[&str], head: &[&str]) -> Change {
        let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Change::Request { base: all(base), head: all(head) }
    }

    #[test]
    fn github_tells_pull_requests_pushes_and_the_rest() {
        let with = |name: &str, event: &str| {
            change(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_SHA", B)], event)
        };
        let event = format!(r#"{{"pull_request":{{"base":{{"sha":"{A}","ref":"main"}},"head":{{"sha":"{B}"}}}}}}"#);
        assert_eq!(with("pull_request", &event), request(&[A], &[B, B]));
        assert_eq!(with("pull_request_target", &event), request(&[A], &[B]));
        let event =
            format!(r#"{{"before":"{A}","after":"{B}","forced":true,"repository":{{"default_branch":"main"}}}}"#);
        assert_eq!(
            with("push", &event),
            Change::Push { before: A.into(), after: B.into(), default: Some("main".into()) }
        );
        let event =
            format!(r#"{{"before":"{NONE}","after":"{B}","created":true,"repository":{{"default_branch":"main"}}}}"#);
        assert_eq!(with("push", &event), Change::First { after: B.into(), default: Some("main".into()) });
        let event = format!(r#"{{"merge_group":{{"base_sha":"{A}","head_sha":"{B}"}}}}"#);
        assert_eq!(with("merge_group", &event), request(&[A], &[B, B]));
        assert_eq!(with("schedule", "{}"), Change::Full);
        assert_eq!(with("push", ""), Change::Commit(B.into()));
    }

    #[test]
    fn the_other_providers() {
        let gitlab = [("GITLAB_CI", "true"), ("CI_COMMIT_SHA", B), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", A)];
        assert_eq!(change(&gitlab, ""), request(&[A], &[B]));
        let gitlab = |before| {
            let all = [
                ("GITLAB_CI", "true"),
                ("CI_COMMIT_SHA", B),
                ("CI_PIPELINE_SOURCE", "push"),
                ("CI_COMMIT_BEFORE_SHA", before),
                ("CI_DEFAULT_BRANCH", "main"),
            ];
            change(&all, "")
        };
        assert_eq!(gitlab(A), Change::Push { before: A.into(), after: B.into(), default: Some("main".into()) });
        assert_eq!(gitlab(NONE), Change::First { after: B.into(), default: Some("main".into()) });
        let azure =
            [("TF_BUILD", "True"), ("BUILD_SOURCEVERSION", B), ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")];
        assert_eq!(change(&azure, ""), request(&["refs/remotes/origin/main", "refs/heads/main"], &[B]));
        assert_eq!(
            change(&[("TF_BUILD", "True"), ("BUILD_SOURCEVERSION", B), ("BUILD_REASON", "IndividualCI")], ""),
            Change::Commit(B.into())
        );
        let jenkins = [("JENKINS_URL", "x"), ("GIT_COMMIT", B), ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", A)];
        assert_eq!(change(&jenkins, ""), Change::Push { before: A.into(), after: B.into(), default: None });
        assert_eq!(
            change(&[("CIRCLECI", "true"), ("CIRCLE_SHA1", B), ("CIRCLE_BRANCH", "x")], ""),
            Change::First { after: B.into(), default: None }
        );
        let bitbucket = [
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_COMMIT", B),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
            ("BITBUCKET_PR_DESTINATION_COMMIT", A),
        ];
        assert_eq!(change(&bitbucket, ""), request(&[A, "refs/remotes/origin/main", "refs/heads/main"], &[B]));
        let buildkite = [
            ("BUILDKITE", "true"),
            ("BUILDKITE_COMMIT", B),
            ("BUILDKITE_PULL_REQUEST", "4"),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
        ];
        assert_eq!(change(&buildkite, ""), request(&["refs/remotes/origin/main", "refs/heads/main"], &[B]));
        let drone =
            [("DRONE", "true"), ("DRONE_BUILD_EVENT", "push"), ("DRONE_COMMIT_BEFORE", A), ("DRONE_COMMIT_AFTER", B)];
        assert_eq!(change(&drone, ""), Change::Push { before: A.into(), after: B.into(), default: None });
        let woodpecker = [
            ("CI", "woodpecker"),
            ("CI_PIPELINE_EVENT", "pull_request"),
            ("CI_COMMIT_SHA", B),
            ("CI_COMMIT_TARGET_BRANCH", "main"),
        ];
        assert_eq!(change(&woodpecker, ""), request(&["refs/remotes/origin/main", "refs/heads/main"], &[B]));
        assert_eq!(run(&[("CI", "true")], ""), None);
    }
}
