//! Exports of clouds and services that a repository keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::CODE;
use super::super::view::View;
use super::super::{Check, Context, say, settings};
use crate::model::{Confidence, Finding, Location, Risk, Setting, Severity, setting};

/// An export under version control.
pub(in crate::assess) const EXPORT_IN_REPO: Check = Check {
    id: "NHI2-export-in-repo",
    risk: Risk::Nhi2,
    title: "Export of a cloud or service kept in a repository",
    why: "An export is a map of who may do what, and some hold the keys themselves. In a repository everybody who may read the \
          code has it, every clone and fork keeps a copy, and what is deleted later stays in the history.",
    remediation: "Remove the file from the repository (`git rm --cached FILE`), add it to .gitignore, and keep it in a store that \
                  few may read: an encrypted bucket, a remote backend for Terraform's state. Rotate every credential that it \
                  held. The history keeps it: `git filter-repo --invert-paths --path FILE` takes it out, after which every \
                  clone has to be made anew.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/",
        "https://developer.hashicorp.com/terraform/language/manage-sensitive-data",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository",
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::EXPORT_IN_REPO),
    run: exports,
};

/// Formats that tell what happened or was found, and list nothing to get in with.
const AUDITS: &[&str] = &[
    "aws-access-analyzer",
    "aws-accounts",
    "aws-credential-report",
    "aws-last-accessed",
    "azure-subscriptions",
    "entra-sign-in-activities",
    "gcp-activity",
    "github-audit-log",
];

/// Formats that carry every value that they list.
const STATES: &[&str] = &["terraform-state", "terraform-show"];

fn exports(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut leaks: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for exposure in &view.inventory.exposures {
        let secret = view.credential(&exposure.credential).is_some_and(|c| !c.public && !c.encrypted);
        if secret && exposure.base_severity > Severity::Info && exposure.suppressed.is_none() {
            leaks.entry(exposure.location.file()).or_default().insert(&exposure.credential);
        }
    }
    let mut files: BTreeMap<String, Vec<&Setting>> = BTreeMap::new();
    for told in view.settings(setting::EXPORT_IN_REPO) {
        files.entry(told.location.file()).or_default().push(told);
    }
    let finding = |(file, told): (String, Vec<&Setting>)| {
        let first = told.iter().min()?;
        let mut finding = EXPORT_IN_REPO.blank(&[EXPORT_IN_REPO.id, &file], Vec::new());
        let count = |name: &str| told.iter().filter_map(|s| s.attributes.get(name)?.parse::<u64>().ok()).max();
        let listed = count("secrets").unwrap_or(0);
        let seen = leaks.get(&file).map_or(0, BTreeSet::len) as u64;
        let secrets = listed.max(seen);
        finding.base_severity = match first.value.as_str() {
            _ if secrets > 0 => Severity::High,
            format if AUDITS.contains(&format) => Severity::Low,
            _ => EXPORT_IN_REPO.severity,
        };
        let places: BTreeSet<Location> = told.iter().map(|s| s.location.clone()).collect();
        let now = places.iter().any(|place| place.in_head);
        let name = file.rsplit(['/', '!']).next().unwrap_or(&file);
        let (verb, held) = (if now { "is kept" } else { "stays" }, if now { "a repository" } else { "the history" });
        let what = &first.subject;
        let with = if secrets > 0 { ", with secrets in the clear" } else { "" };
        finding.title = format!("{name} {verb} in {held}: {what}{with}");
        let mut parts = Vec::new();
        for (number, one, many) in [
            (count("identities"), "identity", "identities"),
            (count("credentials"), "credential", "credentials"),
            (count("names"), "name of a stored secret", "names of stored secrets"),
            (Some(secrets).filter(|n| *n > 0), "secret in the clear", "secrets in the clear"),
        ] {
            parts.extend(number.map(|n| format!("{n} {}", if n == 1 { one } else { many })));
        }
        say(&mut finding.evidence, format!("an export ({what}) of {}", parts.join(", ")));
        if STATES.contains(&first.value.as_str()) {
            say(
                &mut finding.evidence,
                "a state keeps every attribute in the clear, marked as sensitive or not".to_owned(),
            );
        }
        let place = places.iter().next();
        let commit = place.and_then(|p| p.commit.as_deref()).and_then(|commit| commit.get(..12));
        let since =
            place.and_then(|p| p.time).map(|time| time.strftime(" of %Y-%m-%d").to_string()).unwrap_or_default();
        match (now, commit) {
            (true, Some(commit)) => {
                say(&mut finding.evidence, format!("in the repository since commit {commit}{since}"))
            }
            (true, None) => say(&mut finding.evidence, "git tracks the file".to_owned()),
            (false, Some(commit)) => {
                let sentence = format!("gone from the checkout, and in the history since commit {commit}{since}");
                say(&mut finding.evidence, sentence);
            }
            (false, None) => say(&mut finding.evidence, "in the history, and not in the checkout".to_owned()),
        }
        finding.locations = places.into_iter().collect();
        Some(finding)
    };
    files.into_iter().filter_map(finding).collect()
}
