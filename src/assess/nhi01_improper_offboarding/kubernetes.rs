//! Rights of service accounts that are not there.

use std::collections::BTreeSet;

use super::super::cluster::{self, Cluster, is_template, noted};
use super::super::view::View;
use super::super::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Risk, Severity};

/// A binding whose account does not exist.
pub(in crate::assess) const DANGLING_BINDING: Check = Check {
    id: "NHI1-k8s-dangling-binding",
    risk: Risk::Nhi1,
    title: "Rights of a service account that does not exist",
    why: "Whoever may make an account of that name in the namespace takes the rights over.",
    remediation: "Delete the binding, or take the subject out of it.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"],
    needs: &["kubernetes"],
    implies: &[],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: dangling,
};

/// Namespaces whose accounts are all in the inputs: an export has the account `default`, which every namespace has, with the
/// id that only a cluster gives. Manifests never hold all of a namespace's accounts.
fn complete(view: &View<'_>) -> BTreeSet<String> {
    let exported = |i: &&Identity| i.attributes.get("exported").is_some_and(|v| v == "true");
    let accounts = cluster::accounts(view).filter(exported);
    let default = accounts.filter_map(|i| cluster::split(i.id.as_str()).filter(|(_, name)| *name == "default"));
    default.map(|(namespace, _)| namespace.to_owned()).collect()
}

fn dangling(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    let declared = cluster::declared(view);
    let complete = complete(view);
    let mut found = Vec::new();
    for (account, bindings) in cluster.holders() {
        let Some((namespace, name)) = cluster::split(account.as_str()) else { continue };
        if declared.contains(account.as_str()) || name == "*" {
            continue;
        }
        let exported = complete.contains(namespace);
        // Without an export, a file that declares the other accounts of the namespace beside the binding says a little.
        let told: Vec<_> = bindings
            .iter()
            .filter(|binding| exported || (noted(binding, "undeclared") == Some("true") && !is_template(binding)))
            .collect();
        let Some(identity) = view.identity(account).filter(|_| !told.is_empty()) else { continue };
        let mut finding = DANGLING_BINDING.about(identity, "");
        finding.title = format!("{namespace}/{name} has rights and does not exist");
        finding.locations = told.iter().map(|binding| binding.location.clone()).take(50).collect();
        told.iter().take(6).for_each(|b| say(&mut finding.evidence, format!("{} gives {}", b.subject, b.value)));
        if exported {
            say(&mut finding.evidence, format!("the export of namespace {namespace} holds no such account"));
        } else {
            finding.base_severity = Severity::Medium;
            finding.confidence = Confidence::Low;
            say(
                &mut finding.evidence,
                "the file declares other accounts of the namespace, but not this one".to_owned(),
            );
        }
        found.push(finding);
    }
    found
}
