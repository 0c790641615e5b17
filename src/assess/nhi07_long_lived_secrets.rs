//! NHI7:2025 Long-Lived Secrets: credentials whose end is far off or never
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/>).

pub(super) mod certificates;
pub(super) mod databases;
pub(super) mod declared;
pub(super) mod directory;
pub(super) mod google;
pub(super) mod kubernetes;
pub(super) mod stores;
pub(super) mod tokens;

use std::collections::BTreeSet;

use super::estate::{
    AWS_ACCESS_KEYS, AWS_CREDENTIAL_REPORT, BITBUCKET_PIPELINES, CIRCLECI, CODE, GITHUB_ACTIONS, GITLAB_CI, HISTORY,
};
use super::factors::as_of;
use super::nhi01_improper_offboarding::{active_keys, owner};
use super::nhi06_cloud_deployment::{CLOUDS, stored};
use super::score::{dead, outlived};
use super::view::{View, days, is_active_aws_key, is_root, subject_of};
use super::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Location, Risk, Severity, When};

const YEAR: i64 = 365;

/// An access key older than 90 days.
pub(super) const AWS_KEY_AGE: Check = Check {
    id: "NHI7-aws-key-age",
    risk: Risk::Nhi7,
    title: "Old AWS access key",
    why: "Every copy ever made of the key, in a backup, a laptop or a log, still works.",
    remediation: "Replace the key by a role that the workload takes on; where that cannot be, rotate it.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"],
    needs: &[AWS_CREDENTIAL_REPORT, AWS_ACCESS_KEYS],
    implies: &[Adjustment::Active],
    subjects: active_keys,
    run: key_age,
};

fn key_age(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let root = |c: &Credential| c.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(is_root);
    let keys = view.credentials().filter(|c| is_active_aws_key(c) && !root(c));
    keys.filter_map(|key| {
        let made = if key.rotated.at().is_some() { key.rotated } else { key.created };
        let now = as_of(key, context);
        let age = made.days_before(now)?;
        (age > context.policy.limits().key_age).then(|| {
            let mut finding = AWS_KEY_AGE.on(key);
            if age > YEAR {
                finding.base_severity = Severity::High;
            }
            finding.title = format!("AWS access key of {} is {} old", owner(key, view), days(age));
            finding.evidence = vec![format!("made {} before {}", days(age), now.strftime("%Y-%m-%d"))];
            finding
        })
    })
    .collect()
}

/// A stored token for a registry or vault that would exchange the job's identity for a short-lived one.
pub(super) const CI_STATIC_TOKEN: Check = Check {
    id: "NHI7-ci-static-token",
    risk: Risk::Nhi7,
    title: "Pipeline stores a long-lived token where a short-lived one is offered",
    why: "The stored token outlives every job; the service would take the job's own identity instead.",
    remediation: "Use trusted publishing or the service's identity federation, and revoke the token.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.npmjs.com/trusted-publishers",
        "https://docs.pypi.org/trusted-publishers/",
        "https://crates.io/docs/trusted-publishing",
    ],
    needs: &[GITHUB_ACTIONS, GITLAB_CI, CIRCLECI, BITBUCKET_PIPELINES],
    implies: &[],
    subjects: View::jobs,
    run: |view, context| stored(&CI_STATIC_TOKEN, view, context, |provider| !CLOUDS.contains(&provider)),
};

/// Credentials in the clear that may still work.
fn exposed<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(move |c| view.open_exposures(c).next().is_some())
}

fn exposed_subjects(view: &View<'_>, wanted: fn(&Credential) -> bool) -> BTreeSet<String> {
    exposed(view).filter(|c| wanted(c)).map(subject_of).collect()
}

/// A finding on an exposed credential: its places, and the confidence of the detector that saw it.
fn on_exposed(check: &Check, credential: &Credential, view: &View<'_>) -> Finding {
    let mut finding = check.on(credential);
    let mut exposures: Vec<_> = view.open_exposures(credential).collect();
    exposures.sort_by_cached_key(|e| (view.is_state(&e.location), !e.location.in_head, e.test_path, &e.location));
    finding.confidence = exposures.iter().map(|e| e.confidence).max().unwrap_or(check.confidence);
    finding.locations = exposures.iter().map(|e| e.location.clone()).collect();
    finding.locations.dedup();
    finding
}

/// A value that has stood in the history for months.
pub(super) const GIT_AGE: Check = Check {
    id: "NHI7-git-age",
    risk: Risk::Nhi7,
    title: "Secret has been in the history for months",
    why: "The first commit that holds the value is a lower bound of its age: it has not been rotated since, or is dead.",
    remediation: "Revoke it at its provider, and give what follows it an end.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/7-long-lived-secrets/"],
    needs: &[HISTORY],
    implies: &[],
    subjects: |view| {
        exposed(view).filter(|c| view.open_exposures(c).any(|e| e.location.time.is_some())).map(subject_of).collect()
    },
    run: git_age,
};

fn git_age(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    exposed(view)
        .filter(|c| dead(c, context.as_of).is_none() && outlived(c, view, context.as_of).is_none())
        .filter_map(|credential| {
            let dated = view.open_exposures(credential).filter_map(|e| Some((e.location.time?, &e.location)));
            let (time, first): (_, &Location) = dated.min_by(|a, b| a.cmp(b))?;
            let age = When::At(time).days_before(context.as_of)?;
            (age > context.policy.limits().key_age).then(|| {
                let mut finding = on_exposed(&GIT_AGE, credential, view);
                if age > YEAR {
                    finding.base_severity = Severity::High;
                }
                finding.title = format!("Secret is at least {} old", days(age));
                let commit = first.commit.as_deref().and_then(|c| c.get(..12)).unwrap_or("a commit");
                finding.evidence = vec![format!("{commit} of {} holds it", time.strftime("%Y-%m-%d"))];
                finding
            })
        })
        .collect()
}

/// A token without end.
pub(super) const JWT_LIFE: Check = Check {
    id: "NHI7-jwt-life",
    risk: Risk::Nhi7,
    title: "Signed token with a long life",
    why: "A signed token works until its own end for whoever holds it; most issuers cannot take it back before.",
    remediation: "Issue tokens for minutes or hours and refresh them; roll the signing key to end this one.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://www.rfc-editor.org/rfc/rfc8725"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| exposed_subjects(view, is_jwt),
    run: jwt_life,
};

fn is_jwt(credential: &Credential) -> bool {
    let signed = credential.attributes.get("algorithm").map(String::as_str).unwrap_or_default();
    let jose = ["HS", "RS", "ES", "PS"].iter().any(|p| signed.strip_prefix(p).is_some_and(|n| n.len() == 3))
        || signed.eq_ignore_ascii_case("EdDSA");
    credential.kind.split('-').any(|word| word == "jwt") || jose
}

fn jwt_life(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    exposed(view)
        .filter(|c| is_jwt(c) && dead(c, context.as_of).is_none())
        .filter_map(|token| {
            let (severity, what) = match (token.expires, token.created) {
                (When::Never, _) => (Severity::High, "never expires".to_owned()),
                (When::At(end), When::At(start)) => {
                    let life = (end.as_second() - start.as_second()).div_euclid(86_400);
                    (life > context.policy.limits().token_life)
                        .then(|| (Severity::Medium, format!("lives {}", days(life))))?
                }
                _ => return None,
            };
            let mut finding = on_exposed(&JWT_LIFE, token, view);
            finding.base_severity = severity;
            finding.title = format!("Signed token {what}");
            for name in ["issuer", "subject"] {
                if let Some(value) = token.attributes.get(name) {
                    finding.evidence.push(format!("{name} {value}"));
                }
            }
            Some(finding)
        })
        .collect()
}

/// A shared access signature that lasts.
pub(super) const SAS_LIFE: Check = Check {
    id: "NHI7-sas-life",
    risk: Risk::Nhi7,
    title: "Azure shared access signature with a long life",
    why: "A signature opens the storage to whoever holds the URL until it ends; without a stored policy only rolling the \
          account key ends it sooner.",
    remediation: "Use a user delegation signature of hours, or a managed identity; roll the account key to end this one.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/azure/storage/common/storage-sas-overview"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| exposed_subjects(view, is_sas),
    run: sas_life,
};

fn is_sas(credential: &Credential) -> bool {
    credential.kind.split('-').any(|word| word == "sas")
}

fn sas_life(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    exposed(view)
        .filter(|c| is_sas(c) && dead(c, context.as_of).is_none())
        .filter_map(|signature| {
            let left = match signature.expires {
                When::Never => i64::MAX,
                When::At(end) => (end.as_second() - context.as_of.as_second()).div_euclid(86_400),
                _ => return None,
            };
            (left > 7).then(|| {
                let mut finding = on_exposed(&SAS_LIFE, signature, view);
                if left > 90 {
                    finding.base_severity = Severity::High;
                }
                let end = if left == i64::MAX { "without end".to_owned() } else { format!("for {} more", days(left)) };
                finding.title = format!("Shared access signature works {end}");
                if let Some(rights) = signature.attributes.get("rights") {
                    finding.evidence.push(format!("rights: {rights}"));
                }
                finding
            })
        })
        .collect()
}
