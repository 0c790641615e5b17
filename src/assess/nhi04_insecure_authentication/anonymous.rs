//! What is open to everybody.

use super::super::cluster::{is_template, noted};
use super::super::{Check, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// Something that asks nobody who they are.
pub(in super::super) const ANON: Check = Check {
    id: "NHI4-anon",
    risk: Risk::Nhi4,
    title: "Service or right that is open to everybody",
    why: "Whoever reaches it may use it, and no log tells who it was.",
    remediation: "Delete the binding to system:anonymous, system:unauthenticated or system:authenticated; set a password \
                  (requirepass, MONGO_INITDB_ROOT_USERNAME); let the Docker daemon listen on its socket or with TLS only.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests"],
    needs: &["kubernetes", "docker-compose"],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::OPEN_TO_ALL),
    run: |view, _| {
        settings::of(&ANON, view, setting::OPEN_TO_ALL, |setting, finding| {
            finding.title = format!("{}: {}", setting.subject, setting.value);
            finding.evidence = vec![setting.value.clone()];
            if is_template(setting) {
                finding.confidence = Confidence::Medium;
            }
            let power = noted(setting, "power") == Some("true");
            if let Some(who) = noted(setting, "who") {
                finding.base_severity = match (who, power) {
                    // Everybody with a login: harmless for what all may see, and on some platforms the whole world.
                    ("system:authenticated", false) => return false,
                    ("system:authenticated", true) | (_, false) => Severity::High,
                    (_, true) => Severity::Critical,
                };
                return true;
            }
            let published = noted(setting, "published") == Some("true");
            let root = setting.value.contains("Docker daemon") || setting.value.starts_with("--");
            finding.base_severity = match (root, published) {
                (true, true) => Severity::High,
                (true, false) | (false, true) => Severity::Medium,
                (false, false) => Severity::Low,
            };
            finding.evidence.push(
                if published {
                    "it can be reached from outside of its host"
                } else {
                    "no port of it is published here"
                }
                .to_owned(),
            );
            true
        })
    },
};
