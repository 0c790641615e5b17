//! NHI2:2025 Secret Leakage: a credential in the clear where it does not belong
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/>).

pub(super) mod agent;
pub(super) mod deployments;
pub(super) mod iac;
pub(super) mod pipeline;
pub(super) mod state;

use std::collections::{BTreeMap, BTreeSet};

use super::estate::PIPELINES;
use super::headline::{is_placeholder, is_seen};
use super::pipelines;
use super::view::View;
use super::{Check, Context, EVIDENCE_MAX, say};
use crate::model::{
    AuthMode, Confidence, Credential, Exposure, Finding, IdentityKind, Location, Risk, Severity, Status, When,
};

/// One finding for each credential and rule: all places that count, the best one first. When every place is suppressed
/// the finding is kept, suppressed. The finding's id is the rule's.
pub(super) fn leaks(view: &View<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Exposure>> = BTreeMap::new();
    for exposure in view.inventory.exposures.iter().filter(|e| e.base_severity > Severity::Info) {
        groups.entry((&exposure.credential, &exposure.rule)).or_default().push(exposure);
    }
    groups
        .into_iter()
        .filter_map(|((credential, rule), exposures)| {
            let credential = view.credential(credential).filter(|c| !c.public && !c.encrypted)?;
            Some(leak(credential, rule, exposures, view))
        })
        .collect()
}

fn leak(credential: &Credential, rule: &str, all: Vec<&Exposure>, view: &View<'_>) -> Finding {
    let mut exposures: Vec<&Exposure> = all.iter().copied().filter(|e| e.suppressed.is_none()).collect();
    let suppressed = exposures.is_empty();
    if suppressed {
        exposures = all;
    }
    exposures.sort_by(|a, b| best_first(a).cmp(&best_first(b)));
    let info = view.rule(rule);
    let name = info.map_or(rule, |i| i.name.as_str());
    let first = exposures.first();
    let mut locations: Vec<Location> = exposures.iter().map(|e| e.location.clone()).collect();
    locations.dedup();
    Finding {
        id: rule.to_owned(),
        risk: Risk::Nhi2,
        title: match credential.identity.as_ref().and_then(|id| view.identity(id)).filter(|i| !i.sample) {
            Some(owner) => format!("{name} of {}", owner.name),
            None => name.to_owned(),
        },
        severity: Severity::Info,
        base_severity: exposures.iter().map(|e| e.base_severity).max().unwrap_or(Severity::Info),
        confidence: exposures.iter().map(|e| e.confidence).max().unwrap_or(Confidence::Low),
        score: 0,
        terms: Vec::new(),
        identity: credential.identity.clone(),
        credential: Some(credential.id.clone()),
        evidence: evidence(credential, &exposures, &locations),
        locations,
        preview: credential.preview.clone(),
        fingerprint: credential.fingerprint.clone(),
        why: info.map(|i| i.description.as_str().into()).unwrap_or_default(),
        remediation: info.map(|i| i.remediation.as_str().into()).unwrap_or_default(),
        suppressed: first.filter(|_| suppressed).and_then(|e| e.suppressed.clone()),
    }
}

/// What is there now and outside tests comes first.
fn best_first(e: &Exposure) -> impl Ord + '_ {
    (!e.location.in_head, e.test_path, &e.location)
}

fn evidence(credential: &Credential, exposures: &[&Exposure], locations: &[Location]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for sentence in exposures.iter().flat_map(|e| &e.evidence) {
        if seen.insert(sentence) && out.len() < EVIDENCE_MAX {
            out.push(sentence.clone());
        }
    }
    let names: BTreeSet<&str> = exposures.iter().filter_map(|e| e.key_name.as_deref()).collect();
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().take(4).collect();
        out.push(format!("assigned to {}", names.join(", ")));
    }
    let files: BTreeSet<&str> = locations.iter().map(|l| l.path.as_str()).collect();
    if files.len() > 1 {
        out.push(format!("the same value stands in {} files", files.len()));
    }
    if !locations.iter().any(|l| l.in_head) && locations.iter().any(|l| l.commit.is_some()) {
        out.push("in history only; removal is not revocation".to_owned());
    }
    match credential.status {
        Status::Active => out.push("an export says that it is enabled".to_owned()),
        Status::Inactive => out.push("an export says that it is disabled".to_owned()),
        Status::Deleted => out.push("an export says that it is deleted".to_owned()),
        Status::Unknown => {}
    }
    if let When::At(used) = credential.last_used {
        out.push(format!("last used {}", used.strftime("%Y-%m-%d")));
    }
    out
}

/// A literal credential in a pipeline that no detector knows by its form.
pub(super) const CI_LITERAL: Check = Check {
    id: "NHI2-ci-literal",
    risk: Risk::Nhi2,
    title: "Literal credential in a pipeline",
    why: "Everybody who can read the pipeline can read the credential and act as it.",
    remediation: "Revoke the value. Use the platform's identity federation, or a secret store where there is none.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use"],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| View::ids(view.identities().filter(|i| i.kind == IdentityKind::CiJob)),
    run: ci_literal,
};

fn ci_literal(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen: BTreeSet<(&str, u64)> =
        view.inventory.exposures.iter().map(|e| (e.location.path.as_str(), e.location.line)).collect();
    let mut groups: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    // What is written once for all jobs of a file is one finding, that of the first.
    let mut first: BTreeMap<(&Location, &str), &str> = BTreeMap::new();
    for usage in view.usages() {
        let job = usage.identity.as_ref().and_then(|id| view.identity(id));
        let Some(job) = job.filter(|i| i.kind == IdentityKind::CiJob && usage.mode == AuthMode::Static) else {
            continue;
        };
        // The detector has reported it, with its value.
        if is_seen(usage, &seen) || is_placeholder(usage) {
            continue;
        }
        let own = *first.entry((&usage.location, &usage.mechanism)).or_insert(job.id.as_str());
        if own != job.id.as_str() {
            let finding = groups.get_mut(&(own.to_owned(), usage.mechanism.as_str()));
            finding.into_iter().for_each(|f| say(&mut f.evidence, format!("{} gets it too", job.name)));
            continue;
        }
        let finding = groups.entry((job.id.to_string(), &usage.mechanism)).or_insert_with(|| {
            let mut finding = CI_LITERAL.about(job, &usage.mechanism);
            finding.title = format!("Literal credential for {} in {}", usage.mechanism, job.name);
            finding.remediation = pipelines::instead_of_literal(job).unwrap_or(CI_LITERAL.remediation).into();
            finding.locations.clear();
            finding
        });
        finding.locations.push(usage.location.clone());
        let input = usage.attributes.get("input").map_or("a value", String::as_str);
        let sentence = format!("{input} of {} is written out", usage.mechanism);
        say(&mut finding.evidence, sentence);
    }
    groups.into_values().collect()
}
