//! Keys of Google Cloud's service accounts.

use super::YEAR;
use crate::assess::estate::{GCP_ASSETS, GCP_KEYS};
use crate::assess::factors::as_of;
use crate::assess::nhi01_improper_offboarding::owner;
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Risk, Severity, Status, When};

/// A key without end, or an old one.
pub(in crate::assess) const KEY_NO_EXPIRY: Check = Check {
    id: "NHI7-gcp-key-noexpiry",
    risk: Risk::Nhi7,
    title: "Google Cloud service-account key that does not expire",
    why: "The key works from anywhere, for ever, for whoever holds a copy of its file.",
    remediation: "Replace it by workload identity federation or an attached service account and delete it; enforce \
                  iam.disableServiceAccountKeyCreation, or iam.serviceAccountKeyExpiryHours where keys must be.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &["https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys"],
    needs: &[GCP_KEYS, GCP_ASSETS],
    implies: &[Adjustment::Active],
    subjects: |view| view.credentials().filter(|key| is_user_managed(key)).map(subject_of).collect(),
    run: |view, context| {
        view.credentials().filter(|key| is_user_managed(key)).filter_map(|key| lasting(key, view, context)).collect()
    },
};

/// Google rotates those that it keeps to itself.
fn is_user_managed(credential: &Credential) -> bool {
    credential.attributes.get("key_type").is_some_and(|kind| kind == "USER_MANAGED")
}

fn lasting(key: &Credential, view: &View<'_>, context: &Context<'_>) -> Option<Finding> {
    let now = as_of(key, context);
    let age = key.created.days_before(now);
    let old = age.is_some_and(|age| age > context.policy.limits().key_age);
    let endless = key.expires == When::Never;
    let over = key.expires.at().is_some_and(|end| end <= now);
    if !(endless || old) || over || key.status == Status::Deleted {
        return None;
    }
    let mut finding = KEY_NO_EXPIRY.on(key);
    if age.is_some_and(|age| age > YEAR) {
        finding.base_severity = Severity::High;
    }
    let id = key.id.rsplit(':').next().unwrap_or_default();
    let whose = owner(key, view);
    finding.title = match (endless, age) {
        (true, Some(age)) if old => format!("Key of {whose} is {} old and never expires", days(age)),
        (true, _) => format!("Key of {whose} never expires"),
        (false, age) => format!("Key of {whose} is {} old", days(age.unwrap_or_default())),
    };
    finding.evidence.push(format!("key {id}"));
    if let Some(age) = age {
        finding.evidence.push(format!("made {} before {}", days(age), now.strftime("%Y-%m-%d")));
    }
    if key.status == Status::Inactive {
        finding.base_severity = Severity::Low;
        finding.evidence.push("it is disabled; whoever enables it brings every copy back".to_owned());
    }
    Some(finding)
}
