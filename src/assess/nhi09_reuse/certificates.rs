//! One key behind the certificates of several servers.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::certificates::{self, Certificate};
use crate::assess::estate::{CERTIFICATE, KUBERNETES, KUBERNETES_EXPORT};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Risk, Severity};

/// Certificates of several names over one key.
pub(in crate::assess) const TLS_KEY_SHARED: Check = Check {
    id: "NHI9-tls-key-shared",
    risk: Risk::Nhi9,
    title: "One TLS key behind several certificates",
    why: "Whoever takes the one private key stands in for all of them, and it cannot be replaced for one alone.",
    remediation: "Make a key of its own for each server and workload, issue their certificates anew, and revoke those over \
                  the shared key.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7"],
    needs: &[CERTIFICATE, KUBERNETES, KUBERNETES_EXPORT],
    implies: &[],
    subjects: certificates::subjects,
    run: key_shared,
};

fn key_shared(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let live = certificates::live(view, context.as_of);
    let mut by_key: BTreeMap<&str, Vec<&Certificate<'_>>> = BTreeMap::new();
    // An authority is certified by several others over one key.
    for certificate in live.iter().filter(|c| !c.is_authority() && !c.noted("spki_sha256").is_empty()) {
        by_key.entry(certificate.noted("spki_sha256")).or_default().push(certificate);
    }
    by_key.into_iter().filter_map(|(key, certificates)| shared(key, &certificates)).collect()
}

fn shared(key: &str, certificates: &[&Certificate<'_>]) -> Option<Finding> {
    let servers = servers(certificates);
    if servers < 2 {
        return None;
    }
    let mut finding = TLS_KEY_SHARED.blank(&[TLS_KEY_SHARED.id, key], Vec::new());
    finding.title = format!("One TLS key behind certificates of {servers} servers");
    say(&mut finding.evidence, format!("public key {}", key.get(..16).unwrap_or(key)));
    let names: BTreeSet<&str> = certificates.iter().map(|c| c.title()).collect();
    names.iter().take(8).for_each(|name| say(&mut finding.evidence, format!("certificate of {name}")));
    finding.locations = certificates.iter().flat_map(|c| c.places()).take(50).collect();
    finding.locations.sort();
    finding.locations.dedup();
    Some(finding)
}

/// How many servers or workloads the certificates are of: those that have a subject or a name in common are of one, as one
/// certificate and what it was renewed by are.
fn servers(certificates: &[&Certificate<'_>]) -> usize {
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    for certificate in certificates {
        let mut mine = certificate.hosts();
        let subject = certificate.noted("subject").to_ascii_lowercase();
        if !subject.is_empty() {
            mine.insert(format!("subject {subject}"));
        }
        let (same, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| !group.is_disjoint(&mine));
        groups = others;
        mine.extend(same.into_iter().flatten());
        groups.push(mine);
    }
    groups.len()
}
