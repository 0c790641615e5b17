//! Service accounts of Google Cloud that reach from one environment into another.

use std::collections::BTreeMap;

use crate::assess::estate::{GCP_ASSETS, GCP_IAM_POLICY, TERRAFORM};
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, EnvironmentClass, Finding, Grant, Identity, Privilege, Risk, Severity, environment};

/// An account of a project before production with rights in production.
pub(in crate::assess) const CROSS_PROJECT: Check = Check {
    id: "NHI8-gcp-cross-project",
    risk: Risk::Nhi8,
    title: "Service account of another environment with rights in a production project",
    why: "Whoever gets into the weaker project acts in production: more people may deploy there, and less is reviewed.",
    remediation: "Give production a service account of its own, in its own project, and remove the binding.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://cloud.google.com/iam/docs/best-practices-service-accounts"],
    needs: &[GCP_IAM_POLICY, GCP_ASSETS, TERRAFORM],
    implies: &[Adjustment::Production],
    subjects: |view| View::ids(view.identities().filter(|i| i.provider == "gcp" && !view.grants_of(&i.id).is_empty())),
    run: crossing,
};

/// The project of production that a right is on.
pub(in crate::assess) fn production(grant: &Grant) -> Option<&str> {
    let project = grant.resource.strip_prefix("project ").filter(|name| !name.contains([' ', '$']))?;
    let production = environment::classify("project", project).class == EnvironmentClass::Prod;
    (production && grant.privilege != Privilege::None && !grant.action.starts_with("as ")).then_some(project)
}

fn crossing(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    view.identities().filter(|i| i.provider == "gcp").flat_map(|identity| of(identity, view)).collect()
}

fn of(identity: &Identity, view: &View<'_>) -> Vec<Finding> {
    let mut out: BTreeMap<&str, Finding> = BTreeMap::new();
    // A project for the pipelines of all environments is named after neither.
    let home = identity
        .account
        .as_deref()
        .filter(|project| environment::classify("project", project).class == EnvironmentClass::Nonprod);
    let Some(home) = home else { return Vec::new() };
    for grant in view.grants_of(&identity.id) {
        let Some(project) = production(grant) else { continue };
        let finding = out.entry(project).or_insert_with(|| {
            let mut finding = CROSS_PROJECT.about(identity, project);
            finding.title = format!("{} of {home} has rights in {project}", identity.name);
            finding.base_severity = Severity::Low;
            finding.locations.clear();
            finding
        });
        let reads = grant.privilege == Privilege::ReadScoped;
        finding.base_severity = finding.base_severity.max(if reads { Severity::Medium } else { Severity::High });
        let condition = grant.condition.as_ref().map(|c| format!(" if {c}")).unwrap_or_default();
        say(&mut finding.evidence, format!("{} on {}{condition}", grant.action, grant.resource));
        finding.locations.push(grant.location.clone());
        finding.locations.dedup();
    }
    out.into_values().collect()
}
