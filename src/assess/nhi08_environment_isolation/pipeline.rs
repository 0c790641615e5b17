//! Deployments past the gates of their environment.

use super::super::estate::GITHUB_ACTIONS;
use super::super::view::View;
use super::super::{Check, Context};
use crate::model::{Confidence, EnvironmentClass, Finding, Identity, Risk, Severity};

/// A job with production credentials and no `environment:`.
pub(in super::super) const DEPLOY_NO_ENVIRONMENT: Check = Check {
    id: "NHI8-deploy-no-environment",
    risk: Risk::Nhi8,
    title: "Job that reaches production without an environment",
    why: "Without an environment nothing asks for approval or for a protected branch, and the secret or role is open to \
          every workflow of the repository, those on feature branches included.",
    remediation: "Create the environment with required reviewers and deployment branches, move the secret into it, write \
                  `environment: production` on the job, and demand that subject in the role's trust policy.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/",
    ],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: |view| View::ids(view.github_jobs().filter(|job| reaches_production(job))),
    run: no_environment,
};

fn reaches_production(job: &Identity) -> bool {
    job.attributes.contains_key("production") || job.environment.class == EnvironmentClass::Prod
}

fn no_environment(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let judge = |job: &Identity| {
        let name = job.attributes.get("production")?;
        let mut finding = DEPLOY_NO_ENVIRONMENT.about(job, "");
        finding.title = format!("{} reaches production without an environment", job.name);
        finding.evidence.push(format!("it takes in {name}"));
        Some(finding)
    };
    view.github_jobs().filter_map(judge).collect()
}
