//! NHI6:2025 Insecure Cloud Deployment Configurations: pipelines that reach a cloud with stored keys, or through trust
//! that lets others in
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/>).

pub(super) mod pipeline;

use std::collections::{BTreeMap, BTreeSet};

use super::estate::{
    AWS_AUTHORIZATION, AWS_IAM_LIST, AZURE_PIPELINES, BITBUCKET_PIPELINES, CIRCLECI, CLOUDFORMATION, GITHUB_ACTIONS,
    GITLAB_CI, TERRAFORM,
};
pub(super) mod assume;
pub(super) mod clusters;
pub(super) mod demanded;
pub(super) mod federation;
pub(super) mod stored;

use super::headline::is_placeholder;
use super::nhi03_vulnerable_third_party::writes;
use super::pipelines;
use super::trust::{self, Scope};
use super::view::View;
use super::{Check, Context, say};
use crate::model::{
    AuthMode, Confidence, Finding, Identity, IdentityKind, Location, Privilege, Risk, Severity, Trust, Usage,
};

const AWS_OIDC: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html";
const GITHUB_OIDC: &str =
    "https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws";

/// Trust in an issuer without any condition on who comes.
pub(super) const OIDC_OPEN: Check = Check {
    id: "NHI6-aws-oidc-open",
    risk: Risk::Nhi6,
    title: "AWS role open to everybody at an identity provider",
    why: "Anybody who can get a token from the issuer can take on the role: for GitHub that is every repository in the \
          world.",
    remediation: "Demand the subject with StringEquals, down to repository and environment, and the audience.",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &[AWS_OIDC, GITHUB_OIDC],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, CLOUDFORMATION, TERRAFORM],
    implies: &[],
    subjects: federated,
    run: open,
};

/// Trust with a subject pattern that takes in too many.
pub(super) const OIDC_WILD: Check = Check {
    id: "NHI6-aws-oidc-wild",
    risk: Risk::Nhi6,
    title: "AWS role with a wide subject pattern",
    why: "The wildcard lets other repositories, branches or pull requests take on the role.",
    remediation: "Name one repository and one environment or branch in the subject.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[AWS_OIDC, GITHUB_OIDC],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, CLOUDFORMATION, TERRAFORM],
    implies: &[],
    subjects: federated,
    run: wild,
};

/// Trust that takes tokens made for others.
pub(super) const OIDC_AUDIENCE: Check = Check {
    id: "NHI6-aws-aud",
    risk: Risk::Nhi6,
    title: "AWS role that demands no audience",
    why: "A token that a workload hands to some other service can be replayed to take on the role.",
    remediation: "Demand the audience sts.amazonaws.com.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[AWS_OIDC],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, CLOUDFORMATION, TERRAFORM],
    implies: &[],
    subjects: federated,
    run: audience,
};

fn oidc<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, Vec<&'a Trust>)> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "aws").filter_map(move |identity| {
        let trusts: Vec<&Trust> =
            view.trusts_of(&identity.id).iter().copied().filter(|t| trust::is_federated(t)).collect();
        (!trusts.is_empty()).then_some((identity, trusts))
    })
}

fn federated(view: &View<'_>) -> BTreeSet<String> {
    oidc(view).map(|(identity, _)| identity.id.to_string()).collect()
}

/// The findings of one check, one for each role and issuer; `grade` gives severity and evidence of the trusts that it
/// objects to, and the worst decides.
fn per_issuer(
    check: &Check,
    view: &View<'_>,
    title: impl Fn(&Identity, &str) -> String,
    grade: impl Fn(&Trust) -> Option<(Severity, String)>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for (identity, trusts) in oidc(view) {
        let mut groups: BTreeMap<&str, Finding> = BTreeMap::new();
        for trust in trusts {
            let Some((severity, sentence)) = grade(trust) else { continue };
            let issuer = trust::issuer(trust);
            let finding = groups.entry(issuer).or_insert_with(|| {
                let mut finding = check.about(identity, issuer);
                finding.title = title(identity, issuer);
                finding.base_severity = Severity::Low;
                finding.locations.clear();
                finding
            });
            finding.base_severity = finding.base_severity.max(severity);
            finding.locations.push(trust.location.clone());
            finding.locations.dedup();
            say(&mut finding.evidence, sentence);
        }
        out.extend(groups.into_values().map(|mut finding| {
            assume::takers(identity, view).into_iter().for_each(|sentence| say(&mut finding.evidence, sentence));
            finding
        }));
    }
    out
}

fn open(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let title = |i: &Identity, issuer: &str| format!("{} may be taken on by anybody at {issuer}", i.name);
    per_issuer(&OIDC_OPEN, view, title, |trust| {
        // A test that keeps nobody out is told by a check of its own.
        let untested = trust.subject.is_none() && !trust::tests_subject(trust);
        let open = untested && trust::scope(trust) == Some(Scope::Open);
        let severity = if trust::is_shared(trust) { Severity::Critical } else { Severity::Medium };
        open.then(|| (severity, format!("{} is trusted without a condition on the subject", trust::issuer(trust))))
    })
}

fn wild(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let title = |i: &Identity, issuer: &str| format!("{} trusts a wide subject pattern of {issuer}", i.name);
    per_issuer(&OIDC_WILD, view, title, |trust| {
        let subject = trust.subject.as_ref().filter(|_| !trust::is_vacuous(trust))?;
        let severity = match trust::scope(trust)? {
            Scope::Workload => return None,
            Scope::Project => Severity::Medium,
            Scope::PullRequest | Scope::Organisation => Severity::High,
            Scope::Open => Severity::Critical,
        };
        // An issuer of one's own lets no strangers in.
        let severity = if trust::is_shared(trust) { severity } else { severity.min(Severity::Medium) };
        Some((severity, format!("subject {subject}")))
    })
}

fn audience(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let title = |i: &Identity, issuer: &str| format!("{} demands no audience of {issuer}", i.name);
    per_issuer(&OIDC_AUDIENCE, view, title, |trust| {
        let lacks = trust.audience.is_none() && trust::is_shared(trust);
        lacks.then(|| (Severity::Medium, format!("no condition on {}:aud", trust::issuer(trust))))
    })
}

/// The clouds that take a pipeline's identity in place of a stored key.
pub(super) const CLOUDS: &[&str] = &["aws", "gcp", "google", "azure", "alibaba", "oracle", "ibm"];

/// A stored key where federation is offered.
pub(super) const CI_STATIC_CLOUD: Check = Check {
    id: "NHI6-ci-static-cloud",
    risk: Risk::Nhi6,
    title: "Pipeline reaches a cloud with a stored key",
    why: "The key works from anywhere and for ever, for whoever reads it from the store, a log or a step of the job; the \
          cloud would take the job's own short-lived identity instead.",
    remediation: "Let the cloud trust the pipeline's identity provider and delete the key.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/actions/concepts/security/openid-connect",
        "https://docs.gitlab.com/ci/cloud_services/",
        "https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity",
        "https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/",
        "https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/",
    ],
    // Travis has no identity of its own that a cloud could trust.
    needs: &[GITHUB_ACTIONS, GITLAB_CI, AZURE_PIPELINES, CIRCLECI, BITBUCKET_PIPELINES],
    implies: &[],
    subjects: View::jobs,
    run: |view, context| stored(&CI_STATIC_CLOUD, view, context, |provider| CLOUDS.contains(&provider)),
};

/// Findings for jobs that use a stored credential of a wanted provider although federation is offered, one for each job
/// and provider.
pub(super) fn stored(
    check: &Check,
    view: &View<'_>,
    context: &Context<'_>,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut groups: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for usage in view.usages() {
        let job = usage.identity.as_ref().and_then(|id| view.identity(id));
        let Some(job) = job.filter(|i| i.kind == IdentityKind::CiJob) else { continue };
        let kept = matches!(usage.mode, AuthMode::Static | AuthMode::Referenced) && !is_placeholder(usage);
        if !kept || !usage.federation_available || !wanted(&usage.provider) {
            continue;
        }
        // The check of the policy says the same with more weight.
        if context.policy.demands_federation(&usage.provider) {
            continue;
        }
        let accepted = context.policy.allows_static(usage, Some(job));
        let finding = groups.entry((job.id.to_string(), &usage.provider)).or_insert_with(|| {
            let mut finding = check.about(job, &usage.provider);
            finding.title = format!("{} uses a stored {} credential", job.name, usage.provider);
            if let Some(instead) = pipelines::instead_of_stored(job) {
                finding.remediation = instead.into();
            }
            // A cloud may not reach the issuer of a GitLab or runner that a company hosts itself.
            if pipelines::may_be_private(job) {
                finding.confidence = Confidence::Medium;
            }
            finding.locations.clear();
            finding.suppressed.clone_from(&accepted);
            finding
        });
        add_use(finding, usage, accepted.is_some());
        let held = usage.attributes.get("holds").and_then(|id| view.credential(id));
        if let Some(owner) = held.and_then(|c| c.identity.as_ref()).and_then(|id| view.identity(id)) {
            say(&mut finding.evidence, format!("it is a key of {}, as the state of Terraform tells", owner.name));
        }
    }
    groups.into_values().collect()
}

/// One more use of a stored credential in a finding about them. One that nobody accepted is enough to keep it open.
fn add_use(finding: &mut Finding, usage: &Usage, accepted: bool) {
    if !accepted {
        finding.suppressed = None;
    }
    let name = usage.credential.as_deref().unwrap_or("a literal value");
    say(&mut finding.evidence, format!("{name} goes to {}", usage.mechanism));
    finding.locations.push(usage.location.clone());
    finding.locations.dedup();
}

/// A stranger's code run with the repository's credentials.
pub(super) const UNTRUSTED_CHECKOUT: Check = Check {
    id: "NHI6-prt-checkout",
    risk: Risk::Nhi6,
    title: "Pipeline runs a stranger's code with the repository's credentials",
    why: "Anybody who opens a pull request chooses the code that the job runs, with its secrets and its token in reach.",
    remediation: "Build pull requests with the pull_request trigger and no secrets; do privileged work in a second \
                  workflow that never runs the pull request's code.",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/"],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: View::jobs_of_github,
    run: untrusted_checkout,
};

fn untrusted_checkout(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    view.github_jobs().filter_map(|job| checkout(job, view)).collect()
}

fn checkout(job: &Identity, view: &View<'_>) -> Option<Finding> {
    let how = job.attributes.get("untrusted_checkout").filter(|v| !v.is_empty() && *v != "false")?;
    let grants = view.grants_of(&job.id);
    let secrets: BTreeSet<&str> = view
        .usages_of(&job.id)
        .iter()
        .filter(|u| !matches!(u.mode, AuthMode::None | AuthMode::Unknown | AuthMode::Instance))
        .filter_map(|u| u.credential.as_deref().or(u.target.as_deref()))
        .collect();
    let power: BTreeSet<&str> = grants.iter().filter(|g| writes(g)).map(|g| g.action.as_str()).collect();
    let unknown = grants.iter().any(|g| g.privilege == Privilege::Unknown) || grants.is_empty();
    let mut finding = UNTRUSTED_CHECKOUT.about(job, "");
    finding.title = format!("{} runs code of pull requests with credentials in reach", job.name);
    finding.evidence.push(if how == "true" { "it checks out the head of the request".to_owned() } else { how.clone() });
    for (name, what) in [("triggers", "triggers"), ("called_by", "called by"), ("caller_triggers", "callers' triggers")]
    {
        if let Some(value) = job.attributes.get(name) {
            finding.evidence.push(format!("{what}: {value}"));
        }
    }
    for (what, names) in [("secrets", &secrets), ("rights of its token", &power)] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().copied().take(8).collect();
            finding.evidence.push(format!("{what}: {}", names.join(", ")));
        }
    }
    let only = job.attributes.get("checkout_only").is_some_and(|only| only == "true");
    if only {
        finding.base_severity = Severity::Medium;
        finding.title = format!("{} checks out code of pull requests with credentials in reach", job.name);
        let sentence = "no step is seen to run it: files that a later step trusts, or a step that is added, may";
        finding.evidence.push(sentence.to_owned());
    }
    if let Some(gate) = job.attributes.get("gate") {
        finding.base_severity = if only { Severity::Low } else { Severity::Medium };
        finding.evidence.push(format!("something stands before it, which may hold strangers off: {gate}"));
    } else if secrets.is_empty() && power.is_empty() {
        if unknown {
            finding.confidence = Confidence::Medium;
            finding.evidence.push("its token has the default rights, which may be read-only".to_owned());
        } else {
            finding.base_severity = finding.base_severity.min(Severity::High);
            finding.evidence.push("its token may only read, but caches and artifacts are in reach".to_owned());
        }
    }
    let at: Vec<Location> = job.locations.iter().take(1).cloned().collect();
    finding.locations = at;
    Some(finding)
}
