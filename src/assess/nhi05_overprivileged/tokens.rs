//! Tokens and keys of code hosts and services that may do more than a machine needs.

use std::collections::BTreeSet;

use crate::assess::estate::{ANTHROPIC_KEYS, DEPLOY_KEYS, GITHUB_AUDIT_LOG, GITHUB_PATS, GITLAB_TOKENS, OPENAI_KEYS};
use crate::assess::score::dead;
use crate::assess::view::{View, subject_of};
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, Credential, Finding, Grant, Privilege, Risk, Severity, Status};

/// A token that reaches everything its owner does.
pub(in crate::assess) const TOKEN_SCOPE: Check = Check {
    id: "NHI5-token-scope",
    risk: Risk::Nhi5,
    title: "Token or key with more rights than one workload needs",
    why: "Whoever gets hold of the token can do all of it, everywhere it reaches.",
    remediation: "Make a token for the one repository or project, with the scopes that the workload uses, and revoke this one; \
                  for deploys that only read, a read-only deploy key; keep admin keys of AI services out of workloads.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens",
        "https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/",
    ],
    needs: &[GITHUB_PATS, GITHUB_AUDIT_LOG, GITLAB_TOKENS, DEPLOY_KEYS, OPENAI_KEYS, ANTHROPIC_KEYS],
    implies: &[Adjustment::Admin, Adjustment::Active],
    subjects: |view| tokens(view).map(subject_of).collect(),
    run: scope,
};

/// Listed tokens and keys of these services.
fn tokens<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    const LISTED: [&str; 5] = ["github:token:", "github:pat:", "gitlab:token:", "openai:key:", "anthropic:key:"];
    view.credentials().filter(|c| {
        let listed = LISTED.iter().any(|start| c.id.starts_with(start)) || c.kind == "deploy-key";
        listed && c.status != Status::Inactive && !c.locations.is_empty()
    })
}

fn scope(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    tokens(view)
        .filter(|c| dead(c, context.as_of).is_none())
        .filter_map(|token| {
            let (severity, what) = if token.kind == "deploy-key" {
                deploy_key(token)?
            } else if token.kind == "openai-admin-key" || token.kind == "anthropic-admin-key" {
                (Severity::High, "administers the organisation".to_owned())
            } else if token.provider == "gitlab" {
                gitlab(token)?
            } else if token.provider == "github" {
                github(token, view)?
            } else {
                return None;
            };
            let mut finding = TOKEN_SCOPE.on(token);
            finding.base_severity = severity;
            finding.title = format!("{} {what}", named(token));
            let grants = token.identity.iter().flat_map(|id| view.grants_of(id));
            let own: BTreeSet<String> = grants
                .filter(|g| g.privilege >= Privilege::WriteScoped && token.locations.contains(&g.location))
                .map(|g| format!("{} on {}", g.action, g.resource))
                .collect();
            own.into_iter().take(8).for_each(|sentence| say(&mut finding.evidence, sentence));
            if let Some(owner) = token.attributes.get("owner").or_else(|| token.attributes.get("actor")) {
                finding.evidence.push(format!("of {owner}"));
            }
            Some(finding)
        })
        .collect()
}

/// What a list calls a token.
pub(in crate::assess) fn named(token: &Credential) -> String {
    let name = ["token_name", "name", "title"].into_iter().find_map(|name| token.attributes.get(name));
    let kind = match token.kind.as_str() {
        "deploy-key" => "Deploy key",
        "openai-admin-key" | "openai-project-key" => "OpenAI key",
        "anthropic-admin-key" | "anthropic-api-key" => "Anthropic key",
        "npm-access-token" => "npm token",
        _ if token.provider == "gitlab" => "GitLab token",
        _ => "GitHub token",
    };
    match (name, token.attributes.get("actor")) {
        (Some(name), _) => format!("{kind} {name}"),
        (None, Some(actor)) => format!("{kind} of {actor}"),
        (None, None) => format!("{kind} {}", token.id.rsplit(':').next().unwrap_or_default()),
    }
}

/// Many deploy keys are there to write; one that does is told, and never as grave.
fn deploy_key(key: &Credential) -> Option<(Severity, String)> {
    let writes = key.attributes.get("access").is_some_and(|a| a == "write");
    let repository = key.attributes.get("repository").map_or("its repository", String::as_str);
    writes.then(|| (Severity::Low, format!("may write to {repository}")))
}

fn gitlab(token: &Credential) -> Option<(Severity, String)> {
    let scopes: Vec<&str> = token.attributes.get("scopes")?.split(", ").collect();
    let level: Option<u64> = token.attributes.get("access_level").and_then(|l| l.parse().ok());
    if let Some(scope) = scopes.iter().find(|s| matches!(**s, "sudo" | "admin_mode")) {
        return Some((Severity::High, format!("may act as any user or administrator ({scope})")));
    }
    let role = match level {
        Some(50..) => "an owner",
        Some(40..) => "a maintainer",
        _ => return None,
    };
    scopes.contains(&"api").then(|| (Severity::Medium, format!("may do by the API whatever {role} may")))
}

fn github(token: &Credential, view: &View<'_>) -> Option<(Severity, String)> {
    let mine = |g: &&&Grant| token.locations.contains(&g.location);
    let grants: Vec<&Grant> = token.identity.iter().flat_map(|id| view.grants_of(id)).filter(mine).copied().collect();
    let all = token.attributes.get("repositories").is_some_and(|r| r == "all");
    let classic = token.attributes.get("scopes").map_or("", String::as_str);
    let has = |scope: &str| classic.split(", ").any(|s| s == scope);
    if has("admin:org")
        || has("admin:enterprise")
        || has("site_admin")
        || grants.iter().any(|g| g.privilege == Privilege::Admin)
    {
        return Some((Severity::High, "administers an organisation".to_owned()));
    }
    if has("repo") {
        return Some((Severity::Medium, "may write to every repository that its user reaches (scope repo)".to_owned()));
    }
    (all && grants.iter().any(|g| g.privilege >= Privilege::WriteBroad))
        .then(|| (Severity::Medium, "may write to every repository of the organisation".to_owned()))
}
