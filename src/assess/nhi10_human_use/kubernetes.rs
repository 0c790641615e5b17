//! Roles that people and machines share by one binding.

use super::super::cluster::is_template;
use super::super::{Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// People and service accounts in one binding.
pub(in crate::assess) const MIXED_SUBJECTS: Check = Check {
    id: "NHI10-k8s-mixed-subjects",
    risk: Risk::Nhi10,
    title: "One binding for people and for service accounts",
    why: "The rights of the one cannot be narrowed without the other, and what was given to a program stays with the person.",
    remediation: "Make one binding for the people and one for each service account.",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
    needs: &["kubernetes"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::ROLE_BINDING),
    run: |view, _| {
        settings::of(&MIXED_SUBJECTS, view, setting::MIXED_SUBJECTS, |setting, finding| {
            if is_template(setting) {
                finding.confidence = Confidence::Medium;
            }
            finding.title = format!("{} serves people and service accounts", setting.subject);
            finding.evidence = vec![setting.value.clone()];
            true
        })
    },
};
