//! Services that take in everybody who knows the usual login.

use super::super::cluster::noted;
use super::super::{Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// A login that everybody knows.
pub(in crate::assess) const DEFAULT_CRED: Check = Check {
    id: "NHI4-default-cred",
    risk: Risk::Nhi4,
    title: "Service that starts with a login everybody knows",
    why: "Programs that scan networks try exactly these passwords first.",
    remediation: "Set the password from a generated secret (POSTGRES_PASSWORD_FILE, secretKeyRef), and publish the port on \
                  127.0.0.1 only where nobody else needs it.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://cwe.mitre.org/data/definitions/1392.html"],
    needs: &["docker-compose", "kubernetes"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::DEFAULT_LOGIN),
    run: |view, _| {
        settings::of(&DEFAULT_CRED, view, setting::DEFAULT_LOGIN, |setting, finding| {
            let published = noted(setting, "published") == Some("true");
            finding.base_severity = if published { Severity::Medium } else { Severity::Low };
            finding.title = format!("{} starts with a login that everybody knows", setting.subject);
            let where_ = if published { "its port is published" } else { "no port of it is published here" };
            finding.evidence = vec![format!("{} is a word that everybody tries; {where_}", setting.value)];
            true
        })
    },
};
