//! The service accounts that a project of Google Cloud has from the start.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::{GCP_ASSETS, GCP_IAM_POLICY, TERRAFORM};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{
    AuthMode, Confidence, Finding, Identity, IdentityKey, Location, Risk, Severity, Status, Usage, google,
};

/// Workloads that run as a default account.
pub(in crate::assess) const DEFAULT_ACCOUNT: Check = Check {
    id: "NHI9-gcp-default-sa",
    risk: Risk::Nhi9,
    title: "Workloads run as a project's default service account",
    why: "Everything in the project that names no account runs as it, mostly with Editor: each workload has the rights of all, \
          and a log does not tell them apart.",
    remediation: "Give each workload a service account of its own with the roles that it needs, and take Editor from the default \
                  one.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://cloud.google.com/iam/docs/best-practices-service-accounts#single-purpose"],
    needs: &[TERRAFORM, GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[],
    subjects: |view| {
        let users = uses(view).filter_map(|usage| usage.identity.as_ref()).map(ToString::to_string);
        users.chain(View::ids(accounts(view))).collect()
    },
    run,
};

fn accounts<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "gcp" && i.attributes.contains_key("default"))
}

/// What runs in Google Cloud, with the account that it names.
fn uses<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Usage> + use<'v, 'a> {
    let taken = |usage: &&Usage| matches!(usage.mode, AuthMode::Instance | AuthMode::Federated);
    view.usages().filter(move |usage| usage.provider == "gcp" && taken(usage))
}

/// The default account that a usage names: by its address, or by the data source that looks it up.
fn default_account(usage: &Usage) -> Option<(&str, &'static str)> {
    let target = usage.target.as_deref()?;
    let looked_up = |name: &str| target.trim_start_matches("data.").starts_with(name);
    let platform = match () {
        () if looked_up("google_compute_default_service_account") => Some("Compute Engine"),
        () if looked_up("google_app_engine_default_service_account") => Some("App Engine"),
        () => google::default_of(target),
    };
    Some((target, platform?))
}

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut users: BTreeMap<(String, &str), Vec<&Usage>> = BTreeMap::new();
    for usage in uses(view) {
        let Some((target, platform)) = default_account(usage) else { continue };
        // One that is looked up is of the project that the module is for.
        let module = usage.identity.as_ref().filter(|_| !target.contains('@')).map(module);
        users.entry((module.map_or_else(|| target.to_lowercase(), str::to_owned), platform)).or_default().push(usage);
    }
    let mut out = Vec::new();
    let mut told: BTreeSet<&IdentityKey> = BTreeSet::new();
    for ((account, platform), usages) in &users {
        let key = IdentityKey::new("gcp", "service-account", account);
        let identity = view.identity(&key);
        let mut finding = match identity {
            Some(identity) => DEFAULT_ACCOUNT.about(identity, ""),
            None => DEFAULT_ACCOUNT.blank(&[DEFAULT_ACCOUNT.id, account, platform], Vec::new()),
        };
        told.extend(identity.map(|identity| &identity.id));
        let names: BTreeSet<&str> = usages
            .iter()
            .filter_map(|usage| usage.identity.as_ref().and_then(|id| view.identity(id)))
            .map(|workload| workload.name.as_str())
            .collect();
        let many =
            if names.len() == 1 { "One workload runs".to_owned() } else { format!("{} workloads run", names.len()) };
        finding.title = format!("{many} as the default service account of {platform}");
        let shown: Vec<&str> = names.into_iter().take(8).collect();
        say(&mut finding.evidence, format!("used by {}", shown.join(", ")));
        let mut places: Vec<Location> = usages.iter().map(|usage| usage.location.clone()).collect();
        places.sort();
        places.dedup();
        finding.locations = places;
        if let Some(identity) = identity {
            edits(identity, view, &mut finding);
        }
        out.push(finding);
    }
    for identity in accounts(view).filter(|i| !told.contains(&i.id) && i.status != Status::Inactive) {
        let mut finding = DEFAULT_ACCOUNT.about(identity, "");
        let platform = identity.attributes.get("default").map(String::as_str).unwrap_or_default();
        finding.title = format!("Whatever names no account runs as {}, which holds a basic role", identity.name);
        finding.confidence = Confidence::Medium;
        finding.locations.clear();
        say(&mut finding.evidence, format!("it is the default account of {platform}"));
        if edits(identity, view, &mut finding) {
            out.push(finding);
        }
    }
    out
}

/// Whether the account owns or edits its project; then the finding says so.
fn edits(identity: &Identity, view: &View<'_>, finding: &mut Finding) -> bool {
    let basic = |role: &str| matches!(role, "roles/editor" | "roles/owner");
    let mut any = false;
    for grant in view.grants_of(&identity.id).iter().filter(|grant| basic(&grant.action)) {
        any = true;
        say(&mut finding.evidence, format!("{} on {}", grant.action, grant.resource));
        finding.locations.push(grant.location.clone());
    }
    finding.locations.dedup();
    any
}

/// The module of infrastructure code that declares a workload.
fn module(workload: &IdentityKey) -> &str {
    workload.as_str().rsplit_once('#').map_or(workload.as_str(), |(module, _)| module)
}
