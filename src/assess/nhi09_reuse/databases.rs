//! Users of databases that several components log in as.

use std::collections::BTreeSet;

use super::{components, directories};
use crate::assess::estate::CODE;
use crate::assess::score::dead;
use crate::assess::view::{View, is_local_host};
use crate::assess::{Check, Context};
use crate::model::{
    Confidence, EnvironmentClass, Exposure, Finding, Identity, IdentityKind, Risk, Severity, environment,
};

/// One login of a database in several components.
pub(in crate::assess) const DB_USER_SHARED: Check = Check {
    id: "NHI9-db-user-shared",
    risk: Risk::Nhi9,
    title: "One database user in several components",
    why: "Each component has the rights of all of them, and the log of the database does not tell which one acted.",
    remediation: "Make a database user for each component, with rights on the tables that it needs.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| View::ids(users(view).map(|(user, _)| user)),
    run: shared,
};

/// Users of databases at hosts that several machines reach, with the places that log in as them. A host whose name says test is
/// shared on purpose.
fn users<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, Vec<&'a Exposure>)> + use<'v, 'a> {
    let all = view.identities().filter(|i| i.kind == IdentityKind::DatabaseUser && i.provider == "database");
    all.filter_map(|user| {
        let host = host_of(user)?;
        if is_local_host(host) || environment::classify("host", host).class == EnvironmentClass::Nonprod {
            return None;
        }
        let places: Vec<&Exposure> = view
            .owned_by(&user.id)
            .iter()
            .flat_map(|credential| view.open_exposures(credential))
            .filter(|e| e.location.in_head && !e.test_path && e.confidence >= Confidence::Medium)
            .collect();
        (!places.is_empty()).then_some((user, places))
    })
}

fn host_of(user: &Identity) -> Option<&str> {
    user.name.rsplit_once('@').map(|(_, host)| host)
}

/// Whether the name of a host says that it only answers reads: many read there, and none of them changes anything.
fn is_replica(host: &str) -> bool {
    let first = host.split('.').take(2).flat_map(|label| label.split('-'));
    first.into_iter().any(|word| {
        matches!(word.trim_end_matches(|c: char| c.is_ascii_digit()), "ro" | "read" | "reader" | "readonly" | "replica")
    })
}

fn shared(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    users(view)
        .filter_map(|(user, places)| {
            let dead = |id: &str| view.credential(id).is_none_or(|c| dead(c, context.as_of).is_some());
            let places: Vec<&Exposure> = places.into_iter().filter(|e| !dead(&e.credential)).collect();
            let all: BTreeSet<String> = directories(places.iter().copied());
            // One value that stands in all of them is told as such.
            let told = |e: &&Exposure| view.credential(&e.credential).is_some_and(|c| components(c, view) == all);
            if all.len() < 2 || places.iter().any(told) {
                return None;
            }
            let mut finding = DB_USER_SHARED.about(user, "");
            finding.title = format!("{} logs in from {} components", user.name, all.len());
            let replica = host_of(user).is_some_and(is_replica);
            // Without a directory of components two directories may be one program.
            if replica || !all.iter().any(|c| c.contains('/')) {
                finding.confidence = Confidence::Low;
            }
            let names: Vec<String> = all.into_iter().take(8).collect();
            finding.evidence = vec![format!("in {}", names.join(", "))];
            if replica {
                finding.evidence.push("the name of the host says that it only answers reads".to_owned());
            }
            finding.locations = places.iter().map(|e| e.location.clone()).collect();
            finding.locations.sort();
            finding.locations.dedup();
            Some(finding)
        })
        .collect()
}
