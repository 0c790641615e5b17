//! One principal in subscriptions of production and of other environments.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::directory::{by_role_assignment, of_azure, subscription_of};
use crate::assess::estate::AZURE_ROLE_ASSIGNMENTS;
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, say};
use crate::model::{
    Confidence, Environment, EnvironmentClass, Finding, Grant, Identity, Privilege, Risk, Severity, environment,
    setting,
};

/// One principal that writes in production and elsewhere.
pub(in crate::assess) const AZURE_CROSS_SUB: Check = Check {
    id: "NHI8-azure-cross-sub",
    risk: Risk::Nhi8,
    title: "One Azure identity in subscriptions of production and of other environments",
    why: "Whoever gets hold of the identity in the weaker environment changes production: OWASP's own scenario is a managed identity \
          with rights in a test and a production subscription.",
    remediation: "Make an identity for each environment, with role assignments in the subscriptions of that environment alone.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: &[AZURE_ROLE_ASSIGNMENTS],
    implies: &[Adjustment::Production],
    subjects: |view| View::ids(of_azure(view).filter(|i| view.grants_of(&i.id).iter().any(|g| by_role_assignment(g)))),
    run: |view, _| {
        let names = names(view);
        of_azure(view).filter_map(|identity| of(identity, view, &names)).collect()
    },
};

/// The names of subscriptions by their ids, where a listing tells them.
pub(in crate::assess) fn names(view: &View<'_>) -> BTreeMap<String, String> {
    let listed = view.settings(setting::AZURE_SUBSCRIPTION);
    listed.map(|setting| (setting.subject.to_ascii_lowercase(), setting.value.clone())).collect()
}

/// The environment of an assignment's scope: by the subscription's name, else by that of the resource or management group.
pub(in crate::assess) fn environment_of(grant: &Grant, names: &BTreeMap<String, String>) -> Environment {
    let name = subscription_of(grant).and_then(|id| names.get(&id).cloned());
    let told = name.map(|name| environment::classify("subscription", &name));
    if let Some(told) = told.filter(|told| told.class != EnvironmentClass::Unknown) {
        return told;
    }
    let parts: Vec<&str> = grant.resource.split('/').collect();
    let after = |word: &str| {
        let at = parts.iter().position(|part| part.eq_ignore_ascii_case(word))?;
        parts.get(at + 1).copied()
    };
    let group = after("resourceGroups").map(|name| ("resource group", name));
    let group = group.or_else(|| after("managementGroups").map(|name| ("management group", name)));
    group.map_or_else(Environment::default, |(what, name)| environment::classify(what, name))
}

fn of(identity: &Identity, view: &View<'_>, names: &BTreeMap<String, String>) -> Option<Finding> {
    let mut prod: BTreeMap<String, Vec<&Grant>> = BTreeMap::new();
    let mut other: BTreeMap<String, Vec<&Grant>> = BTreeMap::new();
    for grant in view.grants_of(&identity.id).iter().copied().filter(|g| by_role_assignment(g)) {
        // Reading is what monitoring and audit do everywhere.
        if !matches!(grant.privilege, Privilege::WriteScoped | Privilege::WriteBroad | Privilege::Admin) {
            continue;
        }
        let place = subscription_of(grant).unwrap_or_else(|| grant.resource.to_string());
        match environment_of(grant, names).class {
            EnvironmentClass::Prod => prod.entry(place).or_default().push(grant),
            EnvironmentClass::Nonprod => other.entry(place).or_default().push(grant),
            EnvironmentClass::Unknown => {}
        }
    }
    // Groups of resources in one subscription are told apart by their names alone, so two subscriptions have to be in it.
    let places: BTreeSet<&String> = prod.keys().chain(other.keys()).collect();
    if prod.is_empty() || other.is_empty() || places.len() < 2 {
        return None;
    }
    let mut finding = AZURE_CROSS_SUB.about(identity, "");
    finding.title = format!("{} may write in production and in other environments", identity.name);
    finding.locations.clear();
    for (grants, word) in [(&prod, "production"), (&other, "not production")] {
        for grant in grants.values().flatten().take(4) {
            let why = environment_of(grant, names).why;
            say(&mut finding.evidence, format!("{word} ({why}): {} on {}", grant.action, grant.resource));
            finding.locations.push(grant.location.clone());
        }
    }
    finding.locations.sort();
    finding.locations.dedup();
    Some(finding)
}
