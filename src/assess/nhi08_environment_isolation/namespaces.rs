//! Service accounts that reach from one environment into another.

use super::super::cluster::noted;
use super::super::{Adjustment, Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// An account from before production with rights in it.
pub(in super::super) const CROSS_NS: Check = Check {
    id: "NHI8-k8s-cross-ns",
    risk: Risk::Nhi8,
    title: "Service account of a test namespace with rights in production",
    why: "Whoever may start a pod in the test namespace acts in production.",
    remediation: "Bind an account of the production namespace, and keep environments in clusters of their own.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/concepts/security/multi-tenancy/"],
    needs: &["kubernetes"],
    implies: &[Adjustment::Production],
    subjects: |view| settings::subjects(view, setting::ROLE_BINDING),
    run: |view, _| {
        settings::of(&CROSS_NS, view, setting::CROSS_ENVIRONMENT, |setting, finding| {
            if noted(setting, "reads") == Some("true") {
                finding.base_severity = Severity::Medium;
            }
            finding.title = format!("{} lets an account of another environment in", setting.subject);
            finding.evidence = vec![setting.value.clone()];
            true
        })
    },
};
