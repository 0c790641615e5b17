//! NHI2:2025 Secret Leakage: a credential in the clear where it does not belong
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/2-secret-leakage/>).

pub(super) mod agent;
pub(super) mod deployments;
pub(super) mod exports;
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
    AuthMode, Confidence, Credential, Exposure, Finding, Identity, IdentityKind, Location, Risk, Severity, Status,
};

/// One finding for each credential and rule: all places that count, the best one first. When every place is suppressed
/// the finding is kept, suppressed. The finding's id is the rule's.
pub(super) fn leaks(view: &View<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<&str, Rules<'_>> = BTreeMap::new();
    for exposure in view.inventory.exposures.iter().filter(|e| e.base_severity > Severity::Info) {
        groups.entry(&exposure.credential).or_default().entry(&exposure.rule).or_default().push(exposure);
    }
    let mut out = Vec::new();
    for (credential, mut rules) in groups {
        let Some(credential) = view.credential(credential).filter(|c| !c.public && !c.encrypted) else { continue };
        gather(&mut rules);
        out.extend(rules.into_iter().map(|(rule, exposures)| leak(credential, rule, exposures, view)));
    }
    out
}

/// Places of one credential by rule.
type Rules<'a> = BTreeMap<&'a str, Vec<&'a Exposure>>;

/// Rules that only say that a secret stands there, the one that says least last.
const GENERIC: [&str; 2] = ["generic-secret", "config-file-secret"];

/// Where a value is known for what it is in one place, it is that everywhere: rules that say less give their places to the one that
/// says most, so that copies of a credential are one finding, with the remedy that fits.
fn gather(rules: &mut Rules<'_>) {
    let vagueness = |rule: &str| GENERIC.iter().position(|generic| *generic == rule).map_or(0, |at| at + 1);
    let open: Vec<&str> = rules
        .iter()
        .filter(|(_, places)| places.iter().any(|e| e.suppressed.is_none()))
        .map(|(rule, _)| *rule)
        .collect();
    let Some(best) = open.iter().copied().min_by_key(|rule| vagueness(rule)) else { return };
    for rule in open.into_iter().filter(|rule| vagueness(rule) > vagueness(best)) {
        let places = rules.remove(rule).unwrap_or_default();
        rules.entry(best).or_default().extend(places);
    }
}

fn leak(credential: &Credential, rule: &str, all: Vec<&Exposure>, view: &View<'_>) -> Finding {
    let mut exposures: Vec<&Exposure> = all.iter().copied().filter(|e| e.suppressed.is_none()).collect();
    let suppressed = exposures.is_empty();
    if suppressed {
        exposures = all;
    }
    // A state holds what it manages; where else the value stands says more.
    exposures.sort_by_cached_key(|e| (view.is_state(&e.location), best_first(e)));
    let info = view.rule(rule);
    let name = info.map_or(rule, |i| i.name.as_str());
    let first = exposures.first();
    let mut locations: Vec<Location> = exposures.iter().map(|e| e.location.clone()).collect();
    locations.dedup();
    Finding {
        id: rule.to_owned(),
        risk: Risk::Nhi2,
        title: match credential.identity.as_ref().and_then(|id| view.identity(id)).filter(|i| !i.sample) {
            Some(owner) => format!("{name} of {}", whose(owner)),
            None => name.to_owned(),
        },
        severity: Severity::Info,
        base_severity: exposures.iter().map(|e| e.base_severity).max().unwrap_or(Severity::Info),
        confidence: exposures.iter().map(|e| e.confidence).max().unwrap_or(Confidence::Low),
        score: 0,
        terms: Vec::new(),
        identity: credential.identity.clone(),
        credential: Some(credential.id.clone()),
        evidence: evidence(credential, &exposures, &locations, view),
        locations,
        preview: credential.preview.clone(),
        fingerprint: credential.fingerprint.clone(),
        why: info.map(|i| i.description.as_str().into()).unwrap_or_default(),
        remediation: info.map(|i| i.remediation.as_str().into()).unwrap_or_default(),
        suppressed: first.filter(|_| suppressed).and_then(|e| e.suppressed.clone()),
    }
}

/// What is there now and outside tests comes first.
fn best_first(e: &Exposure) -> impl Ord + use<> {
    (!e.location.in_head, e.test_path, e.location.clone())
}

/// Whose credential it is: that of the person, where the identity is nothing but the token.
fn whose(owner: &Identity) -> &str {
    let person = owner.owner.as_deref().filter(|_| owner.kind == IdentityKind::UserToken);
    person.unwrap_or(&owner.name)
}

/// What others say of it comes first: whether it works, when it was used last, and who would miss it.
fn evidence(credential: &Credential, exposures: &[&Exposure], locations: &[Location], view: &View<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let state = match credential.status {
        Status::Active => "an export says that it is enabled",
        Status::Inactive => "an export says that it is disabled",
        Status::Deleted => "an export says that it is deleted",
        Status::Unknown => "",
    };
    let used = credential.last_used.at().map(|used| format!("last used {}", used.strftime("%Y-%m-%d")));
    let said: Vec<&str> = [state, used.as_deref().unwrap_or_default()].into_iter().filter(|s| !s.is_empty()).collect();
    if !said.is_empty() {
        out.push(said.join("; "));
    }
    out.extend(view.holders(&credential.id));
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
    // A state keeps what was taken out of the code, and says nothing about the code.
    let code = || locations.iter().filter(|place| !view.is_state(place));
    if code().any(|l| l.commit.is_some()) && !code().any(|l| l.in_head) {
        out.push("in history only; removal is not revocation".to_owned());
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
    subjects: View::jobs,
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
