//! Rights of service accounts that are not there.

use std::collections::BTreeSet;

use super::super::cluster::{self, Cluster, is_template, noted};
use super::super::estate::KUBERNETES_EXPORT;
use super::super::view::View;
use super::super::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Privilege, Risk, Severity, When};

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
    needs: &["kubernetes", KUBERNETES_EXPORT],
    implies: &[],
    subjects: |view| View::ids(cluster::accounts(view)),
    run: dangling,
};

/// Namespaces whose accounts are all in the inputs: an export has the account `default`, which every namespace has, with the
/// id that only a cluster gives. Manifests never hold all of a namespace's accounts.
fn complete<'a>(view: &View<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let exported = |i: &&Identity| i.attributes.get("exported").is_some_and(|v| v == "true");
    let accounts = cluster::accounts(view).filter(exported);
    let default = accounts.map(|i| i.id.as_str()).filter_map(|id| {
        let (namespace, name) = cluster::split(id)?;
        (name == "default").then_some((cluster::of(id), namespace))
    });
    default.collect()
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
        let exported = complete.contains(&(cluster::of(account.as_str()), namespace));
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

/// An account with rights that nothing runs as.
pub(in crate::assess) const ORPHAN_SA: Check = Check {
    id: "NHI1-k8s-orphan-sa",
    risk: Risk::Nhi1,
    title: "Service account with rights that nothing runs as",
    why: "Its rights wait for whoever may start a pod in the namespace or ask for a token of the account, and nobody would miss \
          it.",
    remediation: "Look for clients outside the cluster that ask for its tokens; then delete the account and its bindings, or note \
                  its owner in an annotation.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://kubernetes.io/docs/concepts/security/service-accounts/"],
    needs: &[KUBERNETES_EXPORT],
    implies: &[],
    subjects: |view| View::ids(cluster::accounts(view).filter(is_exported)),
    run: orphans,
};

fn is_exported(identity: &&Identity) -> bool {
    identity.attributes.get("exported").is_some_and(|v| v == "true")
}

/// A token of an account that somebody outside of the cluster used lately.
fn is_used_outside(account: &Identity, view: &View<'_>, context: &Context<'_>) -> bool {
    let tokens = view.owned_by(&account.id).iter();
    let limit = context.policy.limits().identity_unused;
    tokens.filter_map(|token| token.last_used.days_before(context.as_of)).any(|idle| idle <= limit)
}

fn orphans(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let cluster = Cluster::new(view);
    // Clusters whose pods, or what starts them, are in the inputs: an account runs there or it does not.
    let mut running: BTreeSet<&str> = BTreeSet::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (account, runs) in cluster.runs() {
        used.insert(account);
        if runs.iter().any(|(workload, _)| is_exported(workload)) {
            running.insert(cluster::of(account));
        }
    }
    let accounts = cluster::accounts(view).filter(is_exported);
    accounts
        .filter_map(|account| {
            let id = account.id.as_str();
            let (namespace, name) = cluster::split(id)?;
            // The cluster's own controllers ask for their tokens themselves, and every namespace has its default.
            let own = namespace.starts_with("kube-") || namespace.starts_with("openshift-") || name == "default";
            if own || used.contains(id) || !running.contains(cluster::of(id)) || is_used_outside(account, view, context)
            {
                return None;
            }
            let bindings = cluster.bindings_of(&account.id);
            if bindings.is_empty() {
                return None;
            }
            let mut finding = ORPHAN_SA.about(account, "");
            if account.privilege == Privilege::Admin {
                finding.base_severity = Severity::High;
            }
            finding.title = format!("{namespace}/{name} has rights and nothing runs as it");
            bindings
                .iter()
                .take(6)
                .for_each(|b| say(&mut finding.evidence, format!("{} gives {}", b.subject, b.value)));
            say(&mut finding.evidence, "no pod or controller of the export names it".to_owned());
            if let When::At(made) = account.created {
                say(&mut finding.evidence, format!("made {}", made.strftime("%Y-%m-%d")));
            }
            Some(finding)
        })
        .collect()
}
