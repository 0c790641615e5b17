//! NHI8:2025 Environment Isolation: one identity for production and for what is not
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/>).

pub(super) mod accounts;
pub(super) mod agent;
pub(super) mod contexts;
pub(super) mod directory;
pub(super) mod google;
pub(super) mod namespaces;
pub(super) mod pipeline;
mod places;
pub(super) mod subscriptions;
pub(super) mod trusts;
pub(super) mod values;
pub(super) mod variables;
pub(super) mod workspaces;

use std::collections::{BTreeMap, BTreeSet};

use super::estate::PIPELINES;
use super::nhi06_cloud_deployment::CLOUDS;
use super::pipelines::{self, is_bundle, is_plain, is_shared_by_design, tidy};
use super::view::View;
use super::{Check, Context, say};
use crate::model::{AuthMode, Confidence, EnvironmentClass, Finding, Identity, Risk, Severity, Usage};

/// One role, connection or group of secrets on both sides.
pub(super) const SAME_ROLE: Check = Check {
    id: "NHI8-same-role",
    risk: Risk::Nhi8,
    title: "One identity for production and other environments",
    why: "Whoever gets into the weaker environment acts in production: code there is reviewed less, and more people may \
          change it.",
    remediation: "Give each environment a role, service connection, context or variable group of its own, which only the jobs \
                  of that environment may use.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| View::ids(placed(view)),
    run: same_role,
};

/// One stored secret by name on both sides.
pub(super) const SAME_SECRET_NAME: Check = Check {
    id: "NHI8-same-secret-name",
    risk: Risk::Nhi8,
    title: "One stored secret for production and other environments",
    why: "Jobs of both read a secret of the same name; where the platform keeps it once, the weaker environment holds what \
          opens production.",
    remediation: "Keep the secret once for each environment, where the platform scopes it to that environment, under names \
                  that tell them apart.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| View::ids(placed(view)),
    run: same_secret_name,
};

/// Jobs of which the environment is known.
fn placed<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    pipelines::jobs(view).filter(|job| job.environment.class != EnvironmentClass::Unknown)
}

/// Who uses one thing on each side.
#[derive(Default)]
struct Sides<'a> {
    prod: Vec<(&'a Identity, &'a Usage)>,
    nonprod: Vec<(&'a Identity, &'a Usage)>,
}

impl<'a> Sides<'a> {
    fn add(&mut self, job: &'a Identity, usage: &'a Usage) {
        match job.environment.class {
            EnvironmentClass::Prod => self.prod.push((job, usage)),
            EnvironmentClass::Nonprod => self.nonprod.push((job, usage)),
            EnvironmentClass::Unknown => {}
        }
    }

    fn both(&self) -> bool {
        !self.prod.is_empty() && !self.nonprod.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = &(&'a Identity, &'a Usage)> {
        self.prod.iter().chain(&self.nonprod)
    }

    /// A finding of the first job of production, with the jobs of both sides.
    fn finding(&self, check: &Check, what: &str) -> Option<Finding> {
        let (first, _) = self.prod.first()?;
        let mut finding = check.about(first, what);
        finding.locations = self.all().map(|(_, usage)| usage.location.clone()).collect();
        tidy(&mut finding.locations);
        for (side, jobs) in [("production", &self.prod), ("other", &self.nonprod)] {
            let names: BTreeSet<String> =
                jobs.iter().map(|(job, _)| format!("{} ({})", job.name, job.environment.why)).collect();
            let mut names: Vec<String> = names.into_iter().collect();
            let more = names.len().saturating_sub(5);
            names.truncate(5);
            names.extend((more > 0).then(|| format!("{more} more")));
            say(&mut finding.evidence, format!("{side}: {}", names.join(", ")));
        }
        Some(finding)
    }

    /// Whether every job says its environment, and not only its name does.
    fn declared(&self) -> bool {
        self.all().all(|(job, _)| job.attributes.get("environment").is_some_and(|name| !name.is_empty()))
    }
}

/// What a usage takes on or opens under a name that is the same thing wherever it stands: kind, name, whether it is a cloud's.
fn shared(usage: &Usage) -> Option<(String, &str, bool)> {
    if let Some(target) = usage.target.as_deref().filter(|target| is_plain(target)) {
        let taken =
            matches!(usage.mode, AuthMode::Federated | AuthMode::Instance | AuthMode::Referenced | AuthMode::Static);
        return taken.then(|| (usage.provider.clone(), target, true));
    }
    let name = usage.credential.as_deref().filter(|_| is_bundle(usage))?;
    let kind = usage.mechanism.split(' ').next().unwrap_or_default();
    let counts = !is_shared_by_design(&usage.provider, name);
    counts.then(|| (kind.to_owned(), name, kind == "service-connection" && CLOUDS.contains(&usage.provider.as_str())))
}

fn same_role(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(Option<&str>, String, &str), (bool, Sides<'_>)> = BTreeMap::new();
    for job in placed(view) {
        for usage in view.usages_of(&job.id).iter().copied() {
            if let Some((kind, name, cloud)) = shared(usage) {
                let group = groups.entry((job.account.as_deref(), kind, name)).or_default();
                group.0 |= cloud;
                group.1.add(job, usage);
            }
        }
    }
    let both = groups.into_iter().filter(|(_, (_, sides))| sides.both());
    both.filter_map(|((_, kind, name), (cloud, sides))| {
        let mut finding = sides.finding(&SAME_ROLE, name)?;
        finding.title = match kind.as_str() {
            "context" | "variable-group" | "service-connection" => {
                format!("The {} {name} serves production and other environments", kind.replace('-', " "))
            }
            "AzureKeyVault" => format!("The key vault {name} serves production and other environments"),
            _ => format!("{name} is taken on in production and in other environments"),
        };
        if cloud {
            finding.base_severity = Severity::High;
        }
        if !sides.declared() {
            finding.confidence = Confidence::Medium;
        }
        Some(finding)
    })
    .collect()
}

/// Platforms that look a secret up in the environment first, under the same name: without an export nobody can tell whether
/// there is one for each
/// (<https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments>,
/// <https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable>,
/// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>).
const SCOPED: &[&str] = &["github", "gitlab", "bitbucket"];

/// The groups of secrets that a job takes in: two that hold the same name may hold two values under it.
fn stores<'a>(job: &Identity, view: &View<'a>) -> Vec<&'a str> {
    let usages = view.usages_of(&job.id).iter().copied();
    let group = |usage: &&Usage| matches!(usage.mechanism.as_str(), "context" | "variable-group" | "AzureKeyVault");
    let mut names: Vec<&str> = usages.filter(group).filter_map(|usage| usage.credential.as_deref()).collect();
    names.sort_unstable();
    names
}

fn same_secret_name(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, &str), Sides<'_>> = BTreeMap::new();
    for job in placed(view) {
        // A secret belongs to a repository, which is what a job's key begins with.
        let repository = pipelines::file_of(job);
        for usage in view.usages_of(&job.id).iter().copied() {
            let name = usage.credential.as_deref().filter(|_| usage.mode == AuthMode::Referenced && !is_bundle(usage));
            // Callers may hand on another one under this name.
            let name = usage.attributes.get("stored_as").map(String::as_str).filter(|_| name.is_some()).or(name);
            let Some(name) = name.filter(|name| is_plain(name) && !name.contains(", ")) else { continue };
            if !is_shared_by_design(&usage.provider, name) && !name.starts_with("inputs.") && !name.starts_with("vars.")
            {
                groups.entry((repository, name)).or_default().add(job, usage);
            }
        }
    }
    let both = groups.into_iter().filter(|(_, sides)| sides.both());
    both.filter_map(|((_, name), sides)| {
        let mut finding = sides.finding(&SAME_SECRET_NAME, name)?;
        finding.title = format!("{name} is read in production and in other environments");
        let scoped = sides.all().all(|(job, _)| SCOPED.contains(&job.provider.as_str()));
        let stores: BTreeSet<Vec<&str>> = sides.all().map(|(job, _)| stores(job, view)).collect();
        if (scoped && sides.declared()) || stores.len() > 1 || stores.iter().flatten().any(|name| !is_plain(name)) {
            finding.confidence = Confidence::Low;
            finding.evidence.push("there may be one for each environment; the file does not tell".to_owned());
        }
        Some(finding)
    })
    .collect()
}
