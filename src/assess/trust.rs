//! How wide a trust is. Conditions on several claims are all needed, so the narrowest decides; several values of one
//! claim are alternatives, so the widest decides.
//!
//! Subjects: <https://docs.github.com/en/actions/reference/security/oidc>,
//! <https://docs.gitlab.com/ci/secrets/id_token_authentication/>,
//! <https://buildkite.com/docs/agent/v3/cli-oidc>,
//! <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens>,
//! <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>. How AWS evaluates conditions:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use crate::model::Trust;

/// Who may come in, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// One branch, environment or service account.
    Workload,
    /// Anything in one repository or project.
    Project,
    /// Pull requests of one repository, which strangers may open.
    PullRequest,
    /// Anything in one organisation.
    Organisation,
    /// Anybody at the issuer.
    Open,
}

/// Issuers that many customers share: without a condition on the tenant anybody there comes in
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>).
const SHARED: &[&str] = &[
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.codefresh.io",
    "oidc.vercel.com",
    "accounts.google.com",
];

/// The issuer's name: without scheme, provider ARN and final slash.
pub(super) fn issuer(trust: &Trust) -> &str {
    let name = trust.issuer.rsplit_once("oidc-provider/").map_or(trust.issuer.as_str(), |(_, name)| name);
    let name = name.strip_prefix("https://").unwrap_or(name);
    name.trim_end_matches('/')
}

/// Whether strangers can get tokens from the issuer.
pub(super) fn is_shared(trust: &Trust) -> bool {
    is_shared_issuer(issuer(trust))
}

/// Whether strangers can get tokens from this issuer, a name without scheme and final slash. Enterprises of GitHub have
/// issuers of their own below its name.
pub(super) fn is_shared_issuer(name: &str) -> bool {
    SHARED.contains(&name)
}

/// Whether it is a trust in an OpenID Connect issuer, and not in an account or a service of the cloud.
pub(super) fn is_federated(trust: &Trust) -> bool {
    let name = issuer(trust);
    trust.attributes.get("kind").is_some_and(|kind| kind == "federated")
        || trust.issuer.contains("oidc-provider/")
        || trust.issuer.starts_with("https://")
        || is_shared(trust)
        || name.starts_with("oidc.")
        || name.starts_with("token.actions.")
}

/// What the conditions of a trust hold fast, each in its own way: they all have to hold, so what any of them pins is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pins {
    organisation: bool,
    project: bool,
    /// A branch, an environment, a service account.
    workload: bool,
    /// Pull requests, and nothing else.
    pull_request: bool,
}

impl Pins {
    fn of(scope: Scope) -> Self {
        Self {
            organisation: scope <= Scope::Organisation,
            project: scope <= Scope::PullRequest,
            workload: scope == Scope::Workload,
            pull_request: scope == Scope::PullRequest,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            organisation: self.organisation || other.organisation,
            project: self.project || other.project,
            workload: self.workload || other.workload,
            pull_request: self.pull_request || other.pull_request,
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self { project: true, workload: true, .. } => Scope::Workload,
            Self { project: true, pull_request: true, .. } => Scope::PullRequest,
            Self { project: true, .. } => Scope::Project,
            Self { organisation: true, .. } => Scope::Organisation,
            _ => Scope::Open,
        }
    }
}

/// How wide the trust is; `None` for trusts in accounts and services, and for subjects of unknown form.
pub(super) fn scope(trust: &Trust) -> Option<Scope> {
    if !is_federated(trust) {
        return None;
    }
    let claims = claims(trust);
    let subject = match &trust.subject {
        None => Some(Scope::Open),
        Some(subject) => alternatives(subject).map(|s| of_subject(s, is_literal(trust))).max()?,
    };
    // A test that also holds without the claim keeps nobody out for certain.
    let subject = if is_vacuous(trust) { subject.max(Some(Scope::Organisation)) } else { subject };
    match (subject, claims) {
        (Some(subject), claims) => Some(Pins::of(subject).and(claims).scope()),
        // A subject of unknown form may pin anything; what the claims leave open is too much to say.
        (None, claims) if claims.project => Some(claims.scope()),
        (None, _) => None,
    }
}

/// How wide the trust is without its test of the subject.
pub(super) fn without_subject(trust: &Trust) -> Scope {
    claims(trust).scope()
}

/// Whether there is a test of the subject that lets nobody certain in: a negative one, one for presence.
pub(super) fn tests_subject(trust: &Trust) -> bool {
    trust.attributes.contains_key("claim.sub")
}

fn operator(trust: &Trust) -> &str {
    trust.attributes.get("sub_operator").map(String::as_str).unwrap_or_default()
}

/// Whether the subject is compared whole, so that a wildcard in it stands for itself.
fn is_literal(trust: &Trust) -> bool {
    operator(trust).starts_with("StringEquals")
}

/// Whether the test of the subject also holds for tokens without one: `…IfExists`, `ForAllValues:…`.
pub(super) fn is_vacuous(trust: &Trust) -> bool {
    operator(trust).ends_with("IfExists") || operator(trust).starts_with("ForAllValues:")
}

/// The patterns of one claim, when a reader joined several.
pub(super) fn alternatives(subject: &str) -> impl Iterator<Item = &str> {
    subject.split([',', '|', '\n']).map(str::trim).filter(|s| !s.is_empty())
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// As many characters of a test as readers keep: the last value of one that is as long may have been cut.
const TEST_MAX: usize = 300;

/// The values of which a token has to hold one in a claim, as a test beside that of the subject says, and whether a wildcard in
/// them is one.
pub(super) fn values<'t>(trust: &'t Trust, claim: &str) -> (Vec<&'t str>, bool) {
    let test = trust.attributes.get(&format!("claim.{claim}")).map(String::as_str).unwrap_or_default();
    // Of several tests all have to hold, so that each alone is true.
    let (operator, values) = test.split("; ").next().and_then(|test| test.split_once(' ')).unwrap_or_default();
    let plain = operator.rsplit(':').next().unwrap_or(operator);
    if !(plain.starts_with("StringEquals") || plain.starts_with("StringLike")) {
        return (Vec::new(), false);
    }
    let mut values: Vec<&str> = alternatives(values).collect();
    if test.chars().count() >= TEST_MAX {
        values.pop();
    }
    (values, plain.starts_with("StringLike"))
}

/// What conditions on other claims of the token hold fast. Each such test is an attribute `claim.<name>` that reads
/// `<operator> <value> | <value>`.
fn claims(trust: &Trust) -> Pins {
    let closed = |name: &str| {
        let test = trust.attributes.get(&format!("claim.{name}"));
        let positive = |test: &String| test.starts_with("StringEquals") || test.starts_with("StringLike");
        let vacuous = |test: &String| test.split(' ').next().is_some_and(|operator| operator.ends_with("IfExists"));
        test.is_some_and(|test| positive(test) && !vacuous(test) && !is_wild(test))
    };
    let any = |names: &[&str]| names.iter().any(|name| closed(name));
    let called = closed("job_workflow_ref");
    let project = called || any(&["repository_id", "repository", "project_id", "project_path"]);
    let owners = [
        "repository_owner_id",
        "repository_owner",
        "enterprise_id",
        "namespace_id",
        "namespace_path",
        "organization_id",
    ];
    Pins {
        organisation: project || any(&owners),
        project,
        workload: called || any(&["ref", "environment", "workflow", "workflow_ref"]),
        pull_request: false,
    }
}

/// The environment that a subject or claim names, as pipelines write it: `prod` of `repo:acme/app:environment:prod`.
pub(super) fn environments(trust: &Trust) -> Vec<&str> {
    let claim = trust.attributes.get("claim.environment").and_then(|test| test.split_once(' '));
    let claimed = claim.map(|(_, values)| values.split('|').map(str::trim).collect::<Vec<_>>()).unwrap_or_default();
    let subjects = trust.subject.as_deref().into_iter().flat_map(alternatives);
    let named = subjects.filter_map(|subject| subject.split_once(":environment:").map(|(_, rest)| rest));
    let named = named.map(|rest| rest.split(':').next().unwrap_or(rest));
    named.chain(claimed).filter(|name| !name.is_empty() && !is_wild(name) && !name.contains("${")).collect()
}

/// Owner and name of the GitHub repository that a subject names, ids included.
pub(super) fn repository_of(subject: &str) -> Option<(&str, &str)> {
    let (repository, _) = subject.strip_prefix("repo:")?.split_once(':')?;
    repository.split_once('/')
}

fn of_subject(subject: &str, literal: bool) -> Option<Scope> {
    // Compared whole, a subject with a `*` in it lets nobody in.
    if literal && is_wild(subject) { Some(Scope::Workload) } else { of_pattern(subject) }
}

fn of_pattern(subject: &str) -> Option<Scope> {
    let Some((kind, rest)) = subject.split_once(':') else {
        return is_wild(subject).then_some(Scope::Open);
    };
    match kind {
        _ if is_wild(kind) => Some(Scope::Open),
        "repo" => Some(repository(rest)),
        "project_path" => Some(gitlab(rest)),
        "repository_owner" | "repository_owner_id" => Some(pinned(rest, Scope::Organisation)),
        "repository" | "repository_id" => Some(pinned(rest, Scope::Project)),
        "job_workflow_ref" => Some(workflow(rest)),
        "organization" => Some(pairs(rest)),
        "system" => Some(service_account(rest)),
        _ => (!is_wild(subject)).then_some(Scope::Workload),
    }
}

/// The scope when the first value is closed; open when not.
fn pinned(rest: &str, scope: Scope) -> Scope {
    if is_wild(rest.split(':').next().unwrap_or(rest)) { Scope::Open } else { scope }
}

/// `OWNER/REPOSITORY:CONTEXT`, in which owner and repository may carry `@id`.
fn repository(rest: &str) -> Scope {
    // What an input leaves open, `${var.repository}`, may hold any part of it.
    let open = |text: &str| text.contains("${");
    let Some((repository, context)) = rest.split_once(':').or_else(|| (!open(rest)).then_some((rest, "*"))) else {
        return if is_wild(rest) { Scope::Organisation } else { Scope::Workload };
    };
    let whole = if open(repository) { repository } else { "*" };
    let (owner, name) = repository.split_once('/').unwrap_or((repository, whole));
    // No name holds an `@`, so before it the name is complete, whatever id follows.
    let complete = |text: &str| !is_wild(text.split_once('@').map_or(text, |(name, _)| name));
    if !complete(owner) {
        return Scope::Open;
    }
    if !complete(name) {
        return Scope::Organisation;
    }
    match context {
        "pull_request" => Scope::PullRequest,
        _ if is_wild(context) => Scope::Project,
        _ => Scope::Workload,
    }
}

/// `GROUP/…/PROJECT:ref_type:…:ref:…`.
fn gitlab(rest: &str) -> Scope {
    let (path, context) = rest.split_once(':').unwrap_or((rest, "*"));
    let (group, project) = path.split_once('/').unwrap_or((path, "*"));
    match () {
        () if is_wild(group) => Scope::Open,
        () if is_wild(project) => Scope::Organisation,
        () if is_wild(context) => Scope::Project,
        () => Scope::Workload,
    }
}

/// `OWNER/REPOSITORY/.github/workflows/FILE@REF`.
fn workflow(rest: &str) -> Scope {
    let (path, reference) = rest.split_once('@').unwrap_or((rest, "*"));
    let owner = path.split('/').next().unwrap_or(path);
    match () {
        () if is_wild(owner) => Scope::Open,
        () if is_wild(path) => Scope::Organisation,
        () if is_wild(reference) => Scope::Project,
        () => Scope::Workload,
    }
}

/// `ORG:pipeline:P:…` of Buildkite and `ORG:project:P:workspace:W:run_phase:…` of HCP Terraform: the tail of both varies
/// from run to run, so only organisation and the innermost name are looked at.
fn pairs(rest: &str) -> Scope {
    let parts: Vec<&str> = rest.split(':').take(8).collect();
    if parts.first().is_none_or(|organisation| is_wild(organisation)) {
        return Scope::Open;
    }
    let value_of =
        |name: &str| parts.iter().skip(1).step_by(2).position(|p| *p == name).and_then(|i| parts.get(2 + 2 * i));
    let closed = |name: &str| value_of(name).is_some_and(|v| !is_wild(v));
    if closed("pipeline") || closed("workspace") {
        Scope::Workload
    } else if closed("project") {
        Scope::Project
    } else {
        Scope::Organisation
    }
}

/// `serviceaccount:NAMESPACE:NAME` of a cluster.
fn service_account(rest: &str) -> Scope {
    let mut parts = rest.split(':').skip(1);
    let (namespace, name) = (parts.next().unwrap_or("*"), parts.next().unwrap_or("*"));
    match () {
        () if is_wild(namespace) => Scope::Open,
        () if is_wild(name) => Scope::Project,
        () => Scope::Workload,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{IdentityKey, Location};

    fn trust(subject: Option<&str>, claims: &[(&str, &str)]) -> Trust {
        Trust {
            identity: IdentityKey::new("aws", "role", "arn:aws:iam::123456789012:role/r"),
            issuer: "token.actions.githubusercontent.com".to_owned(),
            audience: Some("sts.amazonaws.com".to_owned()),
            subject: subject.map(str::to_owned),
            attributes: claims
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
                .into(),
            location: Location::default(),
        }
    }

    #[test]
    fn subjects_are_graded_by_the_segment_that_a_wildcard_opens() {
        for (subject, want) in [
            ("*", Scope::Open),
            ("repo:*", Scope::Open),
            ("repo:acme*", Scope::Open),
            ("repo:acme*/app:ref:refs/heads/main", Scope::Open),
            ("repo:acme/*", Scope::Organisation),
            ("repo:acme/app*:ref:refs/heads/main", Scope::Organisation),
            ("repo:acme/app:pull_request", Scope::PullRequest),
            ("repo:acme/app:*", Scope::Project),
            ("repo:acme/app:ref:refs/heads/*", Scope::Project),
            ("repo:acme/app:environment:prod", Scope::Workload),
            ("repo:acme@12/app@34:ref:refs/heads/main", Scope::Workload),
            ("project_path:acme/*:ref_type:branch:ref:main", Scope::Organisation),
            ("project_path:acme/app:*", Scope::Project),
            ("organization:acme:pipeline:deploy:ref:*", Scope::Workload),
            ("organization:acme:project:*:workspace:*:run_phase:*", Scope::Organisation),
            ("organization:*:project:p:workspace:w:run_phase:*", Scope::Open),
            ("system:serviceaccount:prod:*", Scope::Project),
            ("system:serviceaccount:prod:api", Scope::Workload),
            ("repository_owner:acme:*", Scope::Organisation),
            ("repo:acme@*/app@*:ref:refs/heads/main", Scope::Workload),
            ("repo:acme@12/*", Scope::Organisation),
            ("repo:${var.repository}:*", Scope::Project),
            ("repo:${var.subject}", Scope::Workload),
            ("repo:${var.organisation}/*", Scope::Organisation),
        ] {
            assert_eq!(scope(&trust(Some(subject), &[])), Some(want), "{subject}");
        }
    }

    #[test]
    fn alternatives_take_the_widest_and_further_claims_the_narrowest() {
        let two = "repo:acme/app:environment:prod, repo:acme/*";
        assert_eq!(scope(&trust(Some(two), &[])), Some(Scope::Organisation));
        assert_eq!(scope(&trust(None, &[])), Some(Scope::Open));
        assert_eq!(scope(&trust(None, &[("claim.repository_id", "StringEquals 42")])), Some(Scope::Project));
        assert_eq!(
            scope(&trust(
                Some("repo:*"),
                &[("claim.repository_id", "StringEquals 42"), ("claim.ref", "StringEquals refs/heads/main")]
            )),
            Some(Scope::Workload)
        );
        assert_eq!(scope(&trust(Some("repo:*"), &[("claim.repository", "StringLike acme/*")])), Some(Scope::Open));
        // What one test pins and what another does add up.
        assert_eq!(
            scope(&trust(Some("repo:acme/app:*"), &[("claim.ref", "StringEquals refs/heads/main")])),
            Some(Scope::Workload)
        );
        assert_eq!(
            scope(&trust(Some("repo:acme/*"), &[("claim.environment", "StringEquals prod")])),
            Some(Scope::Organisation)
        );
        assert_eq!(scope(&trust(Some("${var.subject}"), &[])), None);
        assert_eq!(scope(&trust(Some("repo:acme/*"), &[("sub_operator", "StringEquals")])), Some(Scope::Workload));
        let vacuous = [("sub_operator", "StringLikeIfExists")];
        assert_eq!(scope(&trust(Some("repo:acme/app:environment:prod"), &vacuous)), Some(Scope::Organisation));
    }

    #[test]
    fn accounts_and_services_are_not_graded() {
        let mut service = trust(None, &[]);
        for issuer in ["ec2.amazonaws.com", "arn:aws:iam::123456789012:root", "123456789012"] {
            service.issuer = issuer.to_owned();
            assert_eq!(scope(&service), None, "{issuer}");
        }
        service.issuer = "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com".to_owned();
        assert!(is_shared(&service));
        assert_eq!(scope(&service), Some(Scope::Open));
    }
}
