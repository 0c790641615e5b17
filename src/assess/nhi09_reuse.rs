//! NHI9:2025 NHI Reuse: one credential for several workloads
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/>).

pub(super) mod agent;
pub(super) mod certificates;
pub(super) mod databases;
pub(super) mod federated;
pub(super) mod google;
pub(super) mod hosts;
pub(super) mod keys;
pub(super) mod kubernetes;
pub(super) mod pipelines;
pub(super) mod roles;

use std::collections::{BTreeMap, BTreeSet};

use super::estate::CODE;
use super::score::dead;
use super::view::{View, is_local, is_login, subject_of};
use super::{Check, Context};
use crate::model::{Confidence, Credential, Exposure, Finding, Risk, Severity};
use crate::text::paths::component;

/// One value in several components.
pub(super) const SECRET_SPREAD: Check = Check {
    id: "NHI9-secret-spread",
    risk: Risk::Nhi9,
    title: "One secret in several components",
    why: "A break-in at the weakest component opens them all, and the credential cannot be rotated for one alone.",
    remediation: "Give each component an identity of its own, with the rights that it needs.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/9-nhi-reuse/"],
    needs: &[CODE],
    implies: &[],
    subjects: |view| view.credentials().filter(|c| counted(c, view).next().is_some()).map(subject_of).collect(),
    run: spread,
};

/// Whether one value in two places means one credential: a machine issued it, or it is a login, told with confidence, at a
/// host that all know. Of passwords that people chose `admin` is everywhere and shared by nobody.
fn tells(credential: &Credential, view: &View<'_>) -> bool {
    let sure = || view.open_exposures(credential).any(|e| e.confidence >= Confidence::High);
    credential.fingerprint.is_some()
        && (view.is_issued(credential) || (is_login(credential) && !is_local(credential) && sure()))
}

/// Places that say where a value is used: in the checkout, outside tests.
fn counted<'v, 'a>(credential: &'v Credential, view: &'v View<'a>) -> impl Iterator<Item = &'a Exposure> + use<'v, 'a> {
    let tells = tells(credential, view);
    view.open_exposures(credential).filter(move |e| tells && e.location.in_head && !e.test_path)
}

/// The components in whose files the credential stands. A copy of a file is no second use.
pub(super) fn components(credential: &Credential, view: &View<'_>) -> BTreeSet<String> {
    directories(counted(credential, view))
}

/// The components that places lie in, a file and its copies counted once.
fn directories<'a>(places: impl Iterator<Item = &'a Exposure>) -> BTreeSet<String> {
    let mut by_blob: BTreeMap<Option<&str>, BTreeSet<String>> = BTreeMap::new();
    for exposure in places {
        if let Some(component) = component(&exposure.location.path) {
            by_blob.entry(exposure.location.blob.as_deref()).or_default().insert(component);
        }
    }
    let mut out = BTreeSet::new();
    for (blob, components) in by_blob {
        match blob {
            Some(_) => out.extend(components.into_iter().take(1)),
            None => out.extend(components),
        }
    }
    out
}

fn spread(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|c| dead(c, context.as_of).is_none())
        .filter_map(|credential| {
            let components = components(credential, view);
            (components.len() > 1).then(|| {
                let mut finding = SECRET_SPREAD.on(credential);
                if components.len() >= 4 {
                    finding.base_severity = Severity::High;
                }
                // Without a directory of components two directories may be one program.
                if !components.iter().any(|c| c.contains('/')) {
                    finding.confidence = Confidence::Low;
                }
                finding.title = format!("One secret in {} components", components.len());
                let names: Vec<String> = components.into_iter().take(8).collect();
                finding.evidence = vec![format!("in {}", names.join(", "))];
                finding.locations = counted(credential, view).map(|e| e.location.clone()).collect();
                finding.locations.sort();
                finding.locations.dedup();
                finding
            })
        })
        .collect()
}
