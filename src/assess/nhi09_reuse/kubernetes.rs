//! Service accounts that several workloads run as.

use std::collections::BTreeMap;

use super::super::cluster::{self, Cluster};
use super::super::view::View;
use super::super::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Location, Privilege, Risk, Severity};

/// One account for several workloads.
pub(in crate::assess) const SHARED_SA: Check = Check {
    id: "NHI9-k8s-shared-sa",
    risk: Risk::Nhi9,
    title: "Several workloads run as one service account with rights",
    why: "Each of them has the rights that any of them needs, and a log does not tell which one acted.",
    remediation: "Make a ServiceAccount for each workload, bind it to what that workload needs, and name it in serviceAccountName.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/concepts/security/service-accounts/"],
    needs: &["kubernetes", "tekton", "argo"],
    implies: &[],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: shared,
};

/// What tells two workloads apart: the label of the application they belong to, else their own names.
fn application(workload: &Identity) -> &str {
    let told = ["app", "controller"].iter().find_map(|name| workload.attributes.get(*name));
    told.unwrap_or(&workload.name)
}

fn shared(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    let accounts: BTreeMap<&str, &Identity> = cluster::accounts(view).map(|i| (i.id.as_str(), i)).collect();
    let mut found = Vec::new();
    for (account, runs) in cluster.runs() {
        let Some(account) = accounts.get(account).copied() else { continue };
        let bindings = cluster.bindings_of(&account.id);
        if bindings.is_empty() {
            continue;
        }
        let mut applications: BTreeMap<&str, Vec<(&Identity, &Location)>> = BTreeMap::new();
        for (workload, usage) in runs {
            applications.entry(application(workload)).or_default().push((workload, &usage.location));
        }
        // One workload may be declared in several files.
        let names: BTreeMap<&str, &Location> = applications
            .values()
            .filter_map(|all| all.first())
            .map(|(workload, location)| (workload.name.as_str(), *location))
            .collect();
        if names.len() < 2 {
            continue;
        }
        let mut finding = SHARED_SA.about(account, "");
        let dangerous = bindings.iter().any(|binding| !cluster.powers(binding).is_empty());
        if account.privilege == Privilege::Admin || dangerous {
            finding.base_severity = Severity::High;
        }
        // Parts of one chart, of which not all may be rendered.
        if account.name.contains("{{") {
            finding.confidence = Confidence::Low;
        }
        finding.title = format!("{} workloads run as {}", names.len(), account.name);
        let all: Vec<&str> = names.keys().copied().take(8).collect();
        say(&mut finding.evidence, all.join(", "));
        bindings.iter().take(4).for_each(|b| say(&mut finding.evidence, format!("{} gives {}", b.subject, b.value)));
        finding.locations = names.values().map(|place| (*place).clone()).take(50).collect();
        found.push(finding);
    }
    found
}
