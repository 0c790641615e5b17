//! Identities that trust production and the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::{AWS_AUTHORIZATION, AWS_IAM_LIST, ENTRA_FEDERATED, TERRAFORM};
use super::super::trust::{self, Scope};
use super::super::view::View;
use super::super::{Check, Context};
use crate::model::{Confidence, EnvironmentClass, Finding, Identity, Location, Risk, Severity, Trust, environment};

/// One identity for production and for what comes before it.
pub(in super::super) const TRUST_BOTH_ENVS: Check = Check {
    id: "NHI8-trust-both-envs",
    risk: Risk::Nhi8,
    title: "One identity for production and for other environments",
    why: "What runs in the weaker environment has the rights of the stronger: whoever may deploy to development may change \
          production.",
    remediation: "Declare one identity for each environment, and let each trust the subject of its own environment alone.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: &[AWS_AUTHORIZATION, TERRAFORM, ENTRA_FEDERATED, AWS_IAM_LIST],
    implies: &[],
    subjects,
    run,
};

fn federated<'a>(identity: &Identity, view: &View<'a>) -> Vec<&'a Trust> {
    view.trusts_of(&identity.id).iter().copied().filter(|trust| trust::is_federated(trust)).collect()
}

fn subjects(view: &View<'_>) -> BTreeSet<String> {
    View::ids(view.identities().filter(|identity| !federated(identity, view).is_empty()))
}

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    view.identities().filter_map(|identity| of(identity, view)).collect()
}

fn of(identity: &Identity, view: &View<'_>) -> Option<Finding> {
    let trusts = federated(identity, view);
    if trusts.is_empty() {
        return None;
    }
    let mut names: BTreeMap<EnvironmentClass, BTreeSet<&str>> = BTreeMap::new();
    let mut places: Vec<Location> = Vec::new();
    for trust in &trusts {
        for name in trust::environments(trust) {
            let class = environment::classify("environment", name).class;
            names.entry(class).or_default().insert(name);
            places.push(trust.location.clone());
        }
    }
    let mut finding = TRUST_BOTH_ENVS.about(identity, "");
    let of_class = |class| names.get(&class).map(|names| names.iter().copied().collect::<Vec<_>>().join(", "));
    match (of_class(EnvironmentClass::Prod), of_class(EnvironmentClass::Nonprod)) {
        (Some(prod), Some(nonprod)) => {
            finding.title = format!("{} is taken on from production and from other environments", identity.name);
            finding.evidence.push(format!("environments trusted: {prod}; {nonprod}"));
        }
        // An identity of production that every job of a repository may take on.
        _ if identity.environment.class == EnvironmentClass::Prod => {
            let wide = trusts.iter().filter(|trust| {
                trust::is_shared(trust) && trust.subject.is_some() && trust::scope(trust) == Some(Scope::Project)
            });
            let subjects: BTreeSet<&str> = wide.clone().filter_map(|trust| trust.subject.as_deref()).collect();
            if subjects.is_empty() {
                return None;
            }
            finding.confidence = Confidence::Medium;
            finding.title =
                format!("{} belongs to production, and every job of a repository may take it on", identity.name);
            let subjects: Vec<&str> = subjects.into_iter().take(4).collect();
            finding.evidence.push(format!("{}; subject {}", identity.environment.why, subjects.join(", ")));
            places.extend(wide.map(|trust| trust.location.clone()));
        }
        _ => return None,
    }
    places.sort();
    places.dedup();
    finding.locations = places;
    Some(finding)
}
