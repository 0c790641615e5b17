//! Users of clusters that clients of several environments share.

use crate::assess::estate::KUBECONFIG_CONTEXTS;
use crate::assess::{Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// One user of a client's configuration for both.
pub(in crate::assess) const KUBECONFIG_SHARED_USER: Check = Check {
    id: "NHI8-kubeconfig-shared-user",
    risk: Risk::Nhi8,
    title: "One kubeconfig user for production and other clusters",
    why: "What is taken from a session in the weaker cluster opens production, and a wrong context is all it takes to change it.",
    remediation: "Make a user entry for each environment with a credential of its own, and keep production in a file of its own.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/",
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/",
    ],
    needs: &[KUBECONFIG_CONTEXTS],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::CLIENT_USER),
    run: |view, _| {
        settings::of(&KUBECONFIG_SHARED_USER, view, setting::CLIENT_USER, |setting, finding| {
            let told = |name: &str| setting.attributes.get(name).map(String::as_str).filter(|v| !v.is_empty());
            let (Some(prod), Some(nonprod)) = (told("production"), told("other")) else { return false };
            finding.title = format!("The user {} serves production and other clusters", setting.subject);
            finding.evidence.push(format!("production: {prod}"));
            finding.evidence.push(format!("other: {nonprod}"));
            if setting.value == "plugin" {
                finding.base_severity = Severity::Low;
                finding
                    .evidence
                    .push("a plugin logs in: what it gives out may differ from cluster to cluster".to_owned());
            }
            true
        })
    },
};
