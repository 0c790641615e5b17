//! States of Terraform, which keep every secret that they manage in the clear.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::{TERRAFORM_SHOW, TERRAFORM_STATE};
use super::super::view::View;
use super::super::{Adjustment, Check, Context, EVIDENCE_MAX, say, settings};
use crate::model::{Confidence, Finding, Location, Risk, Setting, Severity, setting};

/// A state or plan with secrets in it.
pub(in crate::assess) const TFSTATE: Check = Check {
    id: "NHI2-tfstate",
    risk: Risk::Nhi2,
    title: "Terraform state with secrets in the clear",
    why: "A state keeps every attribute as it is; that some are marked as sensitive only hides them from the terminal. \
          Whoever may read the state, a copy or a backup of it acts as all that it holds keys of.",
    remediation: "Rotate what the state holds. Keep the state in a backend that encrypts it and lets few read it, never in a \
                  repository: remove the file, add *.tfstate* to .gitignore. Then keep secrets out of it: roles and federation \
                  in place of keys, ephemeral values and write-only arguments, pgp_key for access keys, OpenTofu's state \
                  encryption.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://developer.hashicorp.com/terraform/language/manage-sensitive-data",
        "https://opentofu.org/docs/language/state/encryption/",
    ],
    needs: &[TERRAFORM_STATE, TERRAFORM_SHOW],
    // What each secret opens is told by the finding on that secret.
    implies: &[Adjustment::Admin, Adjustment::Production, Adjustment::Active],
    subjects: |view| settings::subjects(view, setting::STATE_SECRET),
    run: tfstate,
};

fn grade(setting: &Setting) -> Severity {
    match setting.attributes.get("grade").map(String::as_str) {
        Some("cloud") => Severity::Critical,
        Some("secret") => Severity::High,
        _ => Severity::Medium,
    }
}

fn tfstate(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let exposures = view.inventory.exposures.iter();
    let seen: BTreeSet<(&str, u64)> = exposures.map(|e| (e.location.path.as_str(), e.location.line)).collect();
    let mut files: BTreeMap<(Option<&str>, &str), Vec<&Setting>> = BTreeMap::new();
    for setting in view.settings(setting::STATE_SECRET) {
        let place = (setting.location.container.as_deref(), setting.location.path.as_str());
        files.entry(place).or_default().push(setting);
    }
    let finding = |((_, path), mut secrets): ((Option<&str>, &str), Vec<&Setting>)| {
        secrets.sort_by(|a, b| grade(b).cmp(&grade(a)).then_with(|| a.cmp(b)));
        let mut finding = TFSTATE.blank(&[TFSTATE.id, path], Vec::new());
        finding.base_severity = secrets.iter().map(|s| grade(s)).max().unwrap_or(TFSTATE.severity);
        let name = path.rsplit('/').next().unwrap_or(path);
        let count = secrets.len();
        finding.title = match count {
            1 => format!("{name} holds a secret in the clear"),
            _ => format!("{name} holds {count} secrets in the clear"),
        };
        // Copies of one key that everything is made of are one credential, with its owner.
        let own: BTreeSet<Option<&str>> =
            secrets.iter().map(|s| s.attributes.get("credential").map(String::as_str)).collect();
        if let Some(only) = own.first().filter(|_| own.len() == 1).copied().flatten()
            && let Some(credential) = view.credential(only)
        {
            finding.identity.clone_from(&credential.identity);
            finding.credential = Some(credential.id.clone());
        }
        let places: BTreeSet<Location> = secrets.iter().map(|s| s.location.clone()).collect();
        finding.locations = places.into_iter().take(50).collect();
        for secret in secrets.iter().take(EVIDENCE_MAX - 1) {
            let place = (secret.location.path.as_str(), secret.location.line);
            // The detector tells of such a value with what it opens and how to take it back.
            let own = if seen.contains(&place) { ", reported by itself too" } else { "" };
            let how = if secret.attributes.get("grade").is_some_and(|grade| grade == "marked") {
                ", which is marked as sensitive"
            } else {
                ""
            };
            say(&mut finding.evidence, format!("{} {}{how}{own}", secret.subject, secret.value));
        }
        if count >= EVIDENCE_MAX {
            say(&mut finding.evidence, format!("and {} more", count + 1 - EVIDENCE_MAX));
        }
        if finding.base_severity == Severity::Medium {
            finding.confidence = Confidence::Medium;
        }
        finding
    };
    files.into_iter().map(finding).collect()
}
