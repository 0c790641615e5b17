//! One application for the workloads of several projects.

use std::collections::BTreeSet;

use crate::assess::Check;
use crate::assess::directory::of_azure;
use crate::assess::estate::{ENTRA_FEDERATED, TERRAFORM};
use crate::assess::trust;
use crate::assess::view::View;
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Trust};

/// Projects from which on an application is shared.
const MANY: usize = 3;

/// An application with federated credentials for unrelated projects.
pub(in crate::assess) const SP_MULTI_FIC: Check = Check {
    id: "NHI9-sp-multi-fic",
    risk: Risk::Nhi9,
    title: "One Entra identity for several repositories or clusters",
    why: "Each of them has the rights of all, a log does not tell which one acted, and none can lose a right alone.",
    remediation: "Register an application or managed identity for each of them with the roles that it needs, and move its \
                  federated credential there.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation-considerations"],
    needs: &[ENTRA_FEDERATED, TERRAFORM],
    implies: &[],
    subjects: |view| View::ids(of_azure(view).filter(|i| view.trusts_of(&i.id).iter().any(|t| trust::is_federated(t)))),
    run: |view, _| of_azure(view).filter_map(|identity| of(identity, view)).collect(),
};

/// The project that a trust lets in: environments and branches of one repository are one, and so are the accounts of one cluster.
fn project(trust: &Trust) -> String {
    let subject = trust.subject.as_deref().unwrap_or_default();
    let issuer = trust::issuer(trust);
    let bare = |name: &str| name.split('@').next().unwrap_or(name).to_owned();
    if let Some((owner, name)) = trust::repository_of(subject) {
        return format!("{}/{}", bare(owner), bare(name));
    }
    if let Some(path) = subject.strip_prefix("project_path:") {
        return path.split(':').next().unwrap_or(path).to_owned();
    }
    if subject.starts_with("system:serviceaccount:") {
        return format!("cluster {issuer}");
    }
    if let Some(path) = subject.strip_prefix("sc://") {
        return path.split('/').take(2).collect::<Vec<_>>().join("/");
    }
    format!("{issuer} {subject}")
}

fn of(identity: &Identity, view: &View<'_>) -> Option<Finding> {
    let trusts: Vec<&Trust> = view.trusts_of(&identity.id).iter().copied().filter(|t| trust::is_federated(t)).collect();
    let projects: BTreeSet<String> = trusts.iter().map(|trust| project(trust)).collect();
    if projects.len() < MANY {
        return None;
    }
    let mut finding = SP_MULTI_FIC.about(identity, "");
    finding.title = format!("{} projects take on {}", projects.len(), identity.name);
    finding.evidence.push(format!("taken on by {}", projects.into_iter().take(8).collect::<Vec<_>>().join(", ")));
    finding.locations = trusts.iter().map(|trust| trust.location.clone()).collect();
    finding.locations.sort();
    finding.locations.dedup();
    Some(finding)
}
