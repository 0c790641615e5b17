//! NHI5:2025 Overprivileged NHI: rights beyond need
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/5-overprivileged-nhi/>).

pub(super) mod agent;
pub(super) mod databases;
pub(super) mod directory;
pub(super) mod kubernetes;
pub(super) mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use super::estate::{
    AWS_AUTHORIZATION, AWS_CREDENTIAL_REPORT, AZURE_PIPELINES, CLOUDFORMATION, GITHUB_ACTIONS, SERVERLESS, TERRAFORM,
};
use super::pipelines;
use super::view::{View, is_active_aws_key, is_root};
use super::{Adjustment, Check, Context, say, settings};
use crate::model::{Confidence, Finding, Grant, Identity, Location, Privilege, Risk, Setting, Severity, setting};
pub(super) mod clouds;

/// An AWS user or role that administers the account.
pub(super) const AWS_ADMIN: Check = Check {
    id: "NHI5-aws-admin",
    risk: Risk::Nhi5,
    title: "AWS identity with administrative rights",
    why: "Whoever gets hold of the identity owns the account: no workload needs every action on every resource.",
    remediation: "Replace the policy by one generated from the actions that the identity used, and set a boundary.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"],
    needs: &[AWS_AUTHORIZATION, CLOUDFORMATION, SERVERLESS, TERRAFORM],
    implies: &[Adjustment::Admin],
    subjects: |view| View::ids(granted(view)),
    run: admin,
};

/// AWS identities whose rights were read. Root has all rights by nature, roles of the sign-in service are people's, and nobody
/// but the service takes on a service-linked role, whose rights are AWS's to say
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>).
fn granted<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(move |i| {
        i.provider == "aws"
            && !is_root(i)
            && !i.id.as_str().contains(":role/aws-reserved/")
            && !i.id.as_str().contains(":role/aws-service-role/")
            && !view.grants_of(&i.id).is_empty()
    })
}

fn is_exposed(identity: &Identity, view: &View<'_>) -> bool {
    view.owned_by(&identity.id).iter().any(|c| view.open_exposures(c).next().is_some())
}

/// How many grants one finding repeats.
const GRANTS_MAX: usize = 12;

fn sentence(grant: &Grant) -> String {
    let condition = grant.condition.as_ref().map(|c| format!(" if {c}")).unwrap_or_default();
    let source = if grant.source.is_empty() { String::new() } else { format!(" by {}", grant.source) };
    format!("{} on {}{source}{condition}", grant.action, grant.resource)
}

fn evidence<'g>(grants: impl Iterator<Item = &'g Grant>) -> Vec<String> {
    let all: BTreeSet<String> = grants.map(sentence).collect();
    all.into_iter().take(GRANTS_MAX).collect()
}

/// The grants' own places lead: that is where the rights are changed.
fn put_first<'g>(finding: &mut Finding, grants: impl Iterator<Item = &'g Grant>) {
    let lead: BTreeSet<Location> = grants.map(|g| g.location.clone()).collect();
    finding.locations.retain(|place| !lead.contains(place));
    finding.locations.splice(..0, lead);
}

/// Whether a right is administration as such, and no way to it.
fn is_everything(grant: &Grant) -> bool {
    let all = |action: &str| matches!(action, "*" | "*:*" | "iam:*" | "by its name") || action.starts_with("* except");
    grant.privilege == Privilege::Admin && grant.action.split(", ").any(all)
}

/// Whether an identity can make itself an administrator although nobody made it one.
fn escalates(identity: &Identity, view: &View<'_>) -> bool {
    identity.privilege == Privilege::Admin && !view.grants_of(&identity.id).iter().any(|grant| is_everything(grant))
}

/// Policies that are declared, and attached in a place that was not read.
fn policies(check: &Check, view: &View<'_>, level: &str, what: &str) -> Vec<Finding> {
    settings::of(check, view, setting::POLICY_RIGHTS, |setting, finding| {
        let attribute = |name: &str| setting.attributes.get(name).map(String::as_str).unwrap_or_default();
        finding.title = format!("{} {what}", setting.subject);
        finding.confidence = Confidence::Medium;
        let condition = match attribute("condition") {
            "" => String::new(),
            condition => format!(" if {condition}"),
        };
        finding.evidence.push(format!("{} on {}{condition}", setting.value, attribute("resource")));
        finding.evidence.push("who gets the policy is not in its file".to_owned());
        attribute("level") == level
    })
}

fn admin(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out: Vec<Finding> = granted(view)
        .filter(|i| i.privilege == Privilege::Admin && !escalates(i, view))
        .map(|identity| {
            let grants = || view.grants_of(&identity.id).iter().copied().filter(|g| g.privilege == Privilege::Admin);
            let mut finding = AWS_ADMIN.about(identity, "");
            finding.title = format!("{} administers the AWS account", identity.name);
            finding.evidence = evidence(grants());
            put_first(&mut finding, grants());
            if grants().all(|g| g.condition.is_some()) {
                finding.confidence = Confidence::Medium;
            }
            if is_exposed(identity, view) {
                finding.base_severity = Severity::Critical;
                finding.evidence.push("a credential of it stands in the clear".to_owned());
            }
            finding
        })
        .collect();
    out.extend(policies(&AWS_ADMIN, view, "admin", "gives administration of the AWS account"));
    out
}

/// Every action of a service on every resource.
pub(super) const AWS_WILDCARD_SERVICE: Check = Check {
    id: "NHI5-aws-wildcard-service",
    risk: Risk::Nhi5,
    title: "AWS identity with every action of a service on every resource",
    why: "The identity can read, change and delete everything that the service holds in the account.",
    remediation: "Name the actions and the resources that the workload uses.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"],
    needs: &[AWS_AUTHORIZATION, CLOUDFORMATION, SERVERLESS, TERRAFORM],
    implies: &[],
    subjects: |view| View::ids(granted(view)),
    run: wildcard_service,
};

fn wildcard_service(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    granted(view)
        .filter(|i| i.privilege != Privilege::Admin)
        .filter_map(|identity| {
            let wide = |g: &&&Grant| g.resource == "*" && g.action.split([',', ' ']).any(|a| a.ends_with(":*"));
            let grants: Vec<&Grant> = view.grants_of(&identity.id).iter().filter(wide).copied().collect();
            (!grants.is_empty()).then(|| {
                let mut finding = AWS_WILDCARD_SERVICE.about(identity, "");
                finding.title = format!("{} may do everything in a service", identity.name);
                finding.evidence = evidence(grants.iter().copied());
                put_first(&mut finding, grants.into_iter());
                finding
            })
        })
        .collect()
}

/// Access keys of the root user.
pub(super) const AWS_ROOT_KEY: Check = Check {
    id: "NHI5-aws-root-key",
    risk: Risk::Nhi5,
    title: "Active access key of an AWS root user",
    why: "The key can do everything in the account, and no policy can narrow it.",
    remediation: "Delete the root user's access keys; use a role for automation.",
    severity: Severity::Critical,
    confidence: Confidence::Confirmed,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"],
    needs: &[AWS_CREDENTIAL_REPORT],
    implies: &[Adjustment::Active, Adjustment::Admin],
    subjects: |view| View::ids(view.identities().filter(|i| is_root(i))),
    run: root_key,
};

fn root_key(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let keys = view.credentials().filter(|c| is_active_aws_key(c));
    keys.filter_map(|key| {
        let root = key.identity.as_ref().and_then(|id| view.identity(id)).filter(|i| is_root(i))?;
        let mut finding = AWS_ROOT_KEY.on(key);
        let account = root.account.as_deref().unwrap_or("an unknown account");
        finding.title = format!("The root user of {account} has an active access key");
        finding.evidence = vec![format!("{} is active", key.id)];
        Some(finding)
    })
    .collect()
}

/// A pipeline token with all rights, or with those of a default that the file does not tell.
pub(super) const CI_TOKEN: Check = Check {
    id: "NHI5-ci-token",
    risk: Risk::Nhi5,
    title: "Pipeline token with more rights than named",
    why: "Every step of the job, third-party code included, acts with this token on the repository.",
    remediation: "Set `permissions: {}` for the workflow and give each job the scopes that it needs.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions",
        "https://learn.microsoft.com/azure/devops/pipelines/process/access-tokens",
    ],
    needs: &[GITHUB_ACTIONS, AZURE_PIPELINES],
    implies: &[],
    subjects: |view| {
        tokens(view)
            .iter()
            .map(Tokens::subject)
            .chain(pipelines::of(view, "azure-devops").map(|i| i.id.to_string()))
            .collect()
    },
    run: |view, _| {
        let kept = settings::of(&CI_TOKEN, view, setting::KEPT_JOB_TOKEN, persisted);
        tokens(view).into_iter().filter_map(Tokens::finding).chain(kept).collect()
    },
};

/// The token of an Azure job stays in its checkout. What it may do stands in the project's settings; by default it
/// reaches every repository of the project.
fn persisted(setting: &Setting, finding: &mut Finding) -> bool {
    finding.title = format!("{} leaves its token to every step", setting.subject);
    finding.confidence = Confidence::Medium;
    finding.evidence.push(format!("{} with persistCredentials: true", setting.value));
    finding.remediation =
        "Leave out persistCredentials, hand $(System.AccessToken) by `env:` to the one step that needs it, and \
                           limit the job authorization scope in the project's settings."
            .into();
    true
}

/// The tokens of a workflow file's jobs that have the same fault, or none.
struct Tokens<'a> {
    fault: Option<Fault>,
    /// Each with the grant at fault.
    jobs: Vec<(&'a Identity, Option<&'a Grant>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// `write-all`.
    All,
    /// No `permissions:`: those of a default that the file does not tell.
    Default,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::All => "write-all",
            Self::Default => "default",
        }
    }
}

/// The file that declares a job, from its key.
fn file_of(job: &Identity) -> &str {
    job.id.as_str().rsplit_once('#').map_or(job.id.as_str(), |(file, _)| file)
}

/// Whether only other workflows start a job: what its token may do is then theirs to say, and is found there.
fn is_called(job: &Identity) -> bool {
    job.attributes.get("triggers").is_some_and(|triggers| triggers == "workflow_call")
}

/// The jobs by file and fault: one missing line at the top is one cause, however many jobs it gives their rights.
fn tokens<'a>(view: &View<'a>) -> Vec<Tokens<'a>> {
    let mut files: BTreeMap<_, Vec<(&Identity, Option<&Grant>)>> = BTreeMap::new();
    for job in view.github_jobs().filter(|i| !is_called(i)) {
        // What comes from a caller is the caller's to mend, and is found there.
        let grants: Vec<&Grant> =
            view.grants_of(&job.id).iter().filter(|g| !g.source.starts_with("caller ")).copied().collect();
        let all = grants.iter().find(|g| g.action == "write-all");
        let default = grants.iter().find(|g| g.privilege == Privilege::Unknown && g.action.starts_with("default "));
        let fault = all.map(|_| Fault::All).or(default.map(|_| Fault::Default));
        files.entry((file_of(job), fault)).or_default().push((job, all.or(default).copied()));
    }
    files.into_iter().map(|((_, fault), jobs)| Tokens { fault, jobs }).collect()
}

/// How many jobs a finding names.
const JOBS_MAX: usize = 8;

impl Tokens<'_> {
    /// What it counts as: the job, or the file of several.
    fn subject(&self) -> String {
        let path = || self.jobs.first().and_then(|(job, _)| job.locations.first()).map(|l| l.path.clone());
        match self.jobs.as_slice() {
            [(job, _)] => job.id.to_string(),
            _ => path().unwrap_or_default(),
        }
    }

    fn finding(self) -> Option<Finding> {
        let fault = self.fault?;
        let (first, grant) = self.jobs.first()?;
        let name = first.name.rsplit_once(" / ");
        let file = name.map_or(first.name.as_str(), |(file, _)| file);
        // The same for one job and for several, so that a baseline holds when a job is added.
        let subject = [CI_TOKEN.id, file_of(first), fault.name()];
        let mut finding = CI_TOKEN.blank(&subject, Vec::new());
        if self.jobs.len() == 1 {
            finding.identity = Some(first.id.clone());
        }
        let who = match self.jobs.len() {
            1 => format!("The token of {}", first.name),
            n => format!("The tokens of {n} jobs in {file}"),
        };
        let have = if self.jobs.len() == 1 { "has" } else { "have" };
        if fault == Fault::All {
            finding.title = format!("{who} may write everything");
        } else {
            finding.title = format!("{who} {have} the repository's default rights");
            finding.confidence = Confidence::Medium;
            finding.evidence.push("the default may be read-only; the file does not tell".to_owned());
        }
        if self.jobs.len() > 1 {
            let short =
                |job: &Identity| job.name.rsplit_once(" / ").map_or(job.name.clone(), |(_, job)| job.to_owned());
            let mut names: Vec<String> = self.jobs.iter().take(JOBS_MAX).map(|(job, _)| short(job)).collect();
            names.extend((self.jobs.len() > JOBS_MAX).then(|| format!("{} more", self.jobs.len() - JOBS_MAX)));
            finding.evidence.push(format!("jobs: {}", names.join(", ")));
        }
        grant.iter().for_each(|grant| say(&mut finding.evidence, sentence(grant)));
        finding.locations = self.jobs.iter().filter_map(|(_, grant)| grant.map(|g| g.location.clone())).collect();
        finding.locations.sort();
        finding.locations.dedup();
        Some(finding)
    }
}
