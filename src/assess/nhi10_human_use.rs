//! NHI10:2025 Human Use of NHI: people acting as machines, and beside it machines acting as people
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/>).

pub(super) mod agent;
pub(super) mod databases;
pub(super) mod directory;
pub(super) mod google;
pub(super) mod kubernetes;
pub(super) mod pipeline;
pub(super) mod roles;
pub(super) mod shared;

use super::estate::{AWS_CREDENTIAL_REPORT, CODE};
use super::factors::as_of;
use super::score::dead;
use super::view::{View, days, is_active_aws_key, is_root, subject_of};
use super::{Adjustment, Check, Context};
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Status};

/// A user with a console password and an access key.
pub(super) const AWS_CONSOLE_AND_KEY: Check = Check {
    id: "NHI10-aws-console-and-key",
    risk: Risk::Nhi10,
    title: "AWS user with both a console password and an access key",
    why: "A person and a program act as one user, so nobody can tell whose action a log shows, and neither can be \
          blocked alone.",
    remediation: "Give the program a role of its own and delete the key, or delete the password of a service user.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"],
    needs: &[AWS_CREDENTIAL_REPORT],
    implies: &[Adjustment::Active],
    subjects: |view| View::ids(view.identities().filter(|i| i.attributes.contains_key("password_enabled"))),
    run: console_and_key,
};

/// Whether a name says that a program uses the account.
fn is_service_like(name: &str) -> bool {
    let words =
        ["svc", "service", "bot", "ci", "cd", "deploy", "deployer", "jenkins", "automation", "robot", "terraform"];
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}

fn console_and_key(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.identities().filter(|i| i.provider == "aws" && !is_root(i)).filter_map(|i| both(i, view, context)).collect()
}

fn both(user: &Identity, view: &View<'_>, context: &Context<'_>) -> Option<Finding> {
    let owned = view.owned_by(&user.id);
    let password = owned.iter().find(|c| c.kind == "aws-console-password" && c.status == Status::Active);
    let enabled = password.is_some() || user.attributes.get("password_enabled").is_some_and(|v| v == "true");
    let keys = owned.iter().filter(|c| is_active_aws_key(c)).count();
    if !enabled || keys == 0 {
        return None;
    }
    let mut finding = AWS_CONSOLE_AND_KEY.about(user, "");
    finding.title = format!("{} has a console password and an access key", user.name);
    finding.evidence = vec![format!("password enabled; {keys} active access key(s)")];
    if user.attributes.get("mfa_active").is_some_and(|v| v == "false") {
        finding.base_severity = Severity::High;
        finding.evidence.push("no MFA on the console".to_owned());
    }
    let login = password.and_then(|p| p.last_used.days_before(as_of(p, context)));
    if let Some(idle) = login.filter(|idle| *idle < 90 && is_service_like(&user.name)) {
        finding.base_severity = Severity::High;
        finding.evidence.push(format!("named like a service, yet somebody logged in {} before", days(idle)));
    }
    Some(finding)
}

/// A person's token in a pipeline.
pub(super) const HUMAN_TOKEN_IN_CI: Check = Check {
    id: "NHI10-adj-human-token-in-ci",
    risk: Risk::Nhi10,
    title: "A person's token in a pipeline or agent configuration",
    why: "The machine acts with all rights of a person, its actions look like theirs, and it stops when they leave.",
    remediation: "Use an app, a machine account or the pipeline's own identity, and revoke the personal token.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| {
        view.credentials()
            .filter(|c| view.open_exposures(c).any(|e| is_machine(&e.location.path)))
            .map(subject_of)
            .collect()
    },
    run: human_token,
};

/// Whether a file configures a pipeline or an agent.
fn is_machine(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let pipelines = [
        ".gitlab-ci.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "Jenkinsfile",
        ".travis.yml",
        ".drone.yml",
        "buildspec.yml",
        "cloudbuild.yaml",
        ".mcp.json",
        "mcp.json",
        "claude_desktop_config.json",
        "mcp_config.json",
        "mcp_settings.json",
        "cline_mcp_settings.json",
        "opencode.json",
        "litellm_config.yaml",
    ];
    let dirs = [
        ".github/workflows/",
        ".circleci/",
        ".woodpecker/",
        ".buildkite/",
        ".codex/",
        ".claude/",
        ".gemini/",
        ".amazonq/",
    ];
    pipelines.contains(&name) || dirs.iter().any(|d| path.starts_with(d) || path.contains(&format!("/{d}")))
}

fn human_token(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|c| c.attributes.get("human").is_some_and(|v| v == "yes") && dead(c, context.as_of).is_none())
        .filter_map(|credential| {
            let exposures: Vec<_> = view.open_exposures(credential).filter(|e| is_machine(&e.location.path)).collect();
            if exposures.is_empty() {
                return None;
            }
            let mut finding = HUMAN_TOKEN_IN_CI.on(credential);
            finding.confidence = exposures.iter().map(|e| e.confidence).max().unwrap_or(Confidence::Medium);
            finding.evidence = vec![format!("{} carries a person's rights", credential.kind)];
            finding.locations = exposures.iter().map(|e| e.location.clone()).collect();
            Some(finding)
        })
        .collect()
}
