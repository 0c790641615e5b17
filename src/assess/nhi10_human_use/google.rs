//! People who may act as service accounts of Google Cloud.

use crate::assess::estate::{GCP_ASSETS, GCP_IAM_POLICY, TERRAFORM};
use crate::assess::view::View;
use crate::assess::{Check, Context, settings};
use crate::model::{Confidence, Finding, Risk, Severity, google, setting};

/// A person or group that may act as a service account.
pub(in crate::assess) const HUMAN_IMPERSONATOR: Check = Check {
    id: "NHI10-gcp-human-impersonator",
    risk: Risk::Nhi10,
    title: "People may act as service accounts",
    why: "What they do so is logged as the service account's, with rights that nobody gave them, at any time and for no \
          stated reason.",
    remediation: "Remove the standing binding; give it for hours on request (Privileged Access Manager, or a condition on \
                  request.time), on the one service account that is needed.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://cloud.google.com/iam/docs/service-account-permissions",
        "https://cloud.google.com/iam/docs/pam-overview",
    ],
    needs: &[GCP_IAM_POLICY, GCP_ASSETS, TERRAFORM],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::HUMAN_IMPERSONATOR),
    run,
};

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&HUMAN_IMPERSONATOR, view, setting::HUMAN_IMPERSONATOR, |setting, finding| {
        let attribute = |name: &str| setting.attributes.get(name).map(String::as_str).unwrap_or_default();
        let (role, condition) = (attribute("role"), attribute("condition"));
        // Whoever owns or administers a project is told of elsewhere: acting as its accounts is the least of it.
        if !google::is_impersonation(role) {
            return false;
        }
        // Access for a time.
        if condition.contains("request.time") {
            return false;
        }
        let anybody = matches!(setting.value.as_str(), "allUsers" | "allAuthenticatedUsers");
        finding.base_severity = match attribute("scope") {
            _ if anybody => Severity::Critical,
            "wide" => Severity::High,
            _ => Severity::Medium,
        };
        let whom = match attribute("scope") {
            "wide" => format!("every service account of {}", setting.subject),
            _ => setting.subject.clone(),
        };
        finding.title =
            if anybody { format!("Anybody may act as {whom}") } else { format!("People may act as {whom}") };
        let condition = if condition.is_empty() { String::new() } else { format!(" if {condition}") };
        finding.evidence.push(format!("{} has {role}{condition}", setting.value));
        true
    })
}
