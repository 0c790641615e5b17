//! What is left of Google Cloud's service accounts that were switched off or deleted.

use std::collections::BTreeSet;

use crate::assess::estate::{GCP_ASSETS, GCP_IAM_POLICY, GCP_SERVICE_ACCOUNTS};
use crate::assess::view::View;
use crate::assess::{Check, Context, say, settings};
use crate::model::{Confidence, Finding, Grant, Identity, IdentityKind, Risk, Severity, Status, setting};

const DISABLE: &str = "https://cloud.google.com/iam/docs/service-accounts-disable-enable";

/// A disabled account with rights or keys.
pub(in crate::assess) const DISABLED_LIVE: Check = Check {
    id: "NHI1-gcp-disabled-sa-live-grant",
    risk: Risk::Nhi1,
    title: "Disabled service account that keeps its rights or keys",
    why: "Whoever enables it again, by mistake or on purpose, brings back all that it could do, and every old copy of its keys \
          works again.",
    remediation: "Remove its bindings and delete its keys (gcloud iam service-accounts keys delete); delete the account once \
                  nothing misses it.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[DISABLE],
    needs: &[GCP_SERVICE_ACCOUNTS, GCP_ASSETS],
    implies: &[],
    subjects: |view| View::ids(accounts(view).filter(|account| account.status != Status::Unknown)),
    run: |view, _| accounts(view).filter_map(|account| disabled(account, view)).collect(),
};

fn accounts<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "gcp" && i.kind == IdentityKind::ServiceAccount)
}

fn disabled(account: &Identity, view: &View<'_>) -> Option<Finding> {
    if account.status != Status::Inactive {
        return None;
    }
    // What it would get through others goes when its own rights go.
    let rights: Vec<&Grant> =
        view.grants_of(&account.id).iter().copied().filter(|grant| !grant.action.starts_with("as ")).collect();
    let user_managed = |kind: Option<&String>| kind.is_some_and(|kind| kind == "USER_MANAGED");
    let owned = view.owned_by(&account.id);
    let keys: Vec<_> = (owned.iter())
        .filter(|key| user_managed(key.attributes.get("key_type")) && key.status != Status::Deleted)
        .collect();
    if rights.is_empty() && keys.is_empty() {
        return None;
    }
    let mut finding = DISABLED_LIVE.about(account, "");
    finding.title = match (rights.is_empty(), keys.is_empty()) {
        (false, false) => format!("{} is disabled and keeps its rights and keys", account.name),
        (false, true) => format!("{} is disabled and keeps its rights", account.name),
        _ => format!("{} is disabled and keeps its keys", account.name),
    };
    let held: BTreeSet<String> = rights.iter().map(|grant| format!("{} on {}", grant.action, grant.resource)).collect();
    held.into_iter().for_each(|sentence| say(&mut finding.evidence, sentence));
    for key in &keys {
        let id = key.id.rsplit(':').next().unwrap_or_default();
        say(&mut finding.evidence, format!("key {id}"));
    }
    let places = rights.iter().map(|grant| &grant.location).chain(keys.iter().flat_map(|key| &key.locations));
    finding.locations.extend(places.cloned());
    finding.locations.sort();
    finding.locations.dedup();
    Some(finding)
}

/// A binding of an account that is gone.
pub(in crate::assess) const DELETED_MEMBER: Check = Check {
    id: "NHI1-gcp-deleted-member",
    risk: Risk::Nhi1,
    title: "Policy that still binds deleted identities",
    why: "The binding gives nobody access, but it hides who has which right, and undeleting the account within 30 days brings \
          its rights back.",
    remediation: "Remove the members that begin with deleted: from the policy (gcloud projects remove-iam-policy-binding).",
    severity: Severity::Low,
    confidence: Confidence::Confirmed,
    references: &["https://cloud.google.com/iam/docs/service-accounts-delete-undelete"],
    needs: &[GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[],
    subjects: |view| settings::subjects(view, setting::DELETED_MEMBER),
    run: deleted,
};

fn deleted(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    settings::of(&DELETED_MEMBER, view, setting::DELETED_MEMBER, |setting, finding| {
        let role = setting.attributes.get("role").map(String::as_str).unwrap_or_default();
        finding.title = format!("The policy of {} still binds deleted identities", setting.subject);
        finding.evidence.push(format!("{} in {role}", setting.value));
        true
    })
}
