//! Roles that several workloads share.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::{CLOUDFORMATION, SERVERLESS, TERRAFORM};
use crate::assess::view::{View, declared_role};
use crate::assess::{Check, Context};
use crate::model::{AuthMode, Confidence, Finding, IdentityKey, Location, Risk, Severity, Usage};

/// One role for several workloads.
pub(in crate::assess) const IAM_ROLE_SHARED: Check = Check {
    id: "NHI9-iam-role-shared",
    risk: Risk::Nhi9,
    title: "One role for several workloads",
    why: "Each has the rights of all of them, nobody can tell from a log which one acted, and none can lose a right alone.",
    remediation: "Give each function, task or machine a role of its own with the rights that it needs.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"],
    needs: &[TERRAFORM, CLOUDFORMATION, SERVERLESS],
    implies: &[],
    subjects: |view| shared(view).keys().map(ToString::to_string).collect(),
    run,
};

/// The uses of each role, by the key that it has where it is declared. Nodes of a cluster are alike, so they share one by nature.
fn shared<'a>(view: &View<'a>) -> BTreeMap<IdentityKey, Vec<&'a Usage>> {
    let mut out: BTreeMap<IdentityKey, Vec<&Usage>> = BTreeMap::new();
    for usage in view.inventory.usages.iter() {
        let Some(workload) = usage.identity.as_ref() else { continue };
        let sample = view.identity(workload).is_none_or(|identity| identity.sample);
        let key = usage.target.as_deref().and_then(|role| declared_role(workload, role));
        let told = usage.mode == AuthMode::Instance && usage.provider == "aws" && usage.mechanism != "node_role_arn";
        if let (true, false, Some(key)) = (told, sample, key) {
            out.entry(key).or_default().push(usage);
        }
    }
    out
}

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (key, usages) in shared(view) {
        let workloads: BTreeSet<&IdentityKey> = usages.iter().filter_map(|usage| usage.identity.as_ref()).collect();
        if workloads.len() < 2 {
            continue;
        }
        let role = key.as_str().rsplit_once('#').map_or(key.as_str(), |(_, role)| role);
        let mut finding = match view.identity(&key) {
            Some(identity) => IAM_ROLE_SHARED.about(identity, ""),
            None => IAM_ROLE_SHARED.blank(&[IAM_ROLE_SHARED.id, key.as_str()], Vec::new()),
        };
        finding.title = format!("{} workloads share {role}", workloads.len());
        let names = workloads.iter().filter_map(|id| view.identity(id)).map(|i| i.name.as_str()).take(8);
        finding.evidence.push(format!("used by {}", names.collect::<Vec<_>>().join(", ")));
        let mut places: Vec<Location> = usages.iter().map(|usage| usage.location.clone()).collect();
        places.sort();
        places.dedup();
        finding.locations = places;
        out.push(finding);
    }
    out
}
