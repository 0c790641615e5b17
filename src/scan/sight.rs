//! From a candidate to a sighting: proof, gates and fingerprint, after which the secret is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher as _;

use data_encoding::{BASE64, BASE64_NOPAD};
use zeroize::Zeroizing;

use super::joins;
use super::locate::Locator;
use super::nearby;
use super::roots::RunKey;
use super::siblings;
use super::text_kind::Own;
use crate::config::Settings;
use crate::detect::{Detected, Engine, Reference};
use crate::model::{
    At, AuthMode, Candidate, Confidence, Fact, Family, FingerprintKey, LocatedFact, Part, PathClass, RepoPath, Secret,
    Severity, Sighting, Span, UsageFact, Validity, bound_fingerprint,
};
use crate::rules::{Matcher, Rule};
use crate::validate;

/// What all sightings of a run have in common.
pub struct Sight<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The rules.
    pub engine: &'a Engine,
    /// The fingerprint key.
    pub key: &'a RunKey<'a>,
    /// Tells equal values within the run. Chosen by chance, so what it gives is kept out of every output.
    pub same: &'a foldhash::quality::RandomState,
}

impl Sight<'_> {
    /// The sighting of a candidate of a text, unless it is under the gate. `place` is where its value stands in the blob.
    pub fn of(
        &self,
        mut candidate: Candidate,
        (text, place): (&[u8], Span),
        locator: &Locator<'_>,
        class: &PathClass,
        name: &RepoPath,
    ) -> Option<Sighting> {
        let rule = self.engine.rule(candidate.rule)?;
        if let Some(host) = nearby::host(&rule.id, text, candidate.span)
            && !candidate.parts.iter().any(|part| part.name == "host")
        {
            let at = Span::new(candidate.span.start, candidate.span.start);
            candidate.parts.push(Part { name: "host".to_owned(), value: host, span: at });
        }
        prove(&mut candidate, rule, text, self.settings.as_of);
        if !rule.identifier
            && candidate.proof.identity.is_none()
            && !candidate.parts.iter().any(|part| part.name == "user")
            && let Some(beside) = siblings::login(text, candidate.span)
        {
            validate::login::name(&mut candidate.proof, candidate.secret.expose(), &beside);
        }
        let part = candidate.parts.iter().find(|part| part.name == "host").map(|part| part.value.clone());
        if let Some(host) = candidate.proof.attributes.get("host").cloned().or(part) {
            validate::login::app_password(&mut candidate.proof, candidate.secret.expose(), &host);
        }
        let shown = candidate.proof.public || candidate.proof.encrypted;
        if candidate.confidence < self.settings.confidence && !shown {
            return None;
        }
        let location = locator.span(place);
        let (fingerprint, unbound) = fingerprints(&candidate, rule, self.key.get(), &location.path);
        let inline = candidate.suppressed.take().filter(|_| self.settings.inline_ignores);
        let allowed = || self.settings.allow.find(name, &rule.id, &candidate.secret, fingerprint.as_deref());
        let known = || self.settings.baseline.as_ref().and_then(|b| b.find(fingerprint.as_deref()));
        let suppressed = inline.or_else(allowed).or_else(known);
        let identifier = rule.identifier.then(|| String::from_utf8_lossy(candidate.secret.expose()).into_owned());
        let preview = match &identifier {
            Some(value) => value.clone(),
            None if self.settings.show_secrets => String::from_utf8_lossy(candidate.secret.expose()).into_owned(),
            None => candidate.secret.preview(),
        };
        let mut parts = shown_parts(&candidate, rule);
        if let Some(id) = nearby::client_id(&rule.id, text, candidate.span) {
            parts.entry("client_id".to_owned()).or_insert(id);
        }
        let (listed, ends) = (joins::listed(&candidate, rule, self.key.get()), joins::ends(&candidate, rule));
        Some(Sighting {
            rule: rule.id.to_string(),
            provider: rule.provider.to_string(),
            identity_kind: rule.identity_kind,
            human: rule.human,
            fingerprint,
            unbound,
            preview,
            identifier,
            parts,
            key_name: candidate.key_name,
            confidence: candidate.confidence,
            base_severity: candidate.severity,
            proof: candidate.proof,
            suppressed,
            evidence: candidate.evidence,
            test_path: class.test || class.docs || class.vendored,
            anchor: None,
            listed,
            ends,
            same: self.same.hash_one(candidate.secret.expose()),
            location,
        })
    }

    /// Takes out what looks like a value in texts that keyroll wrote. Reports are full of names, ids and fingerprints: only what
    /// has a form of its own, which somebody may have put there, counts in them. Baselines hold fingerprints.
    pub fn keep_telling(&self, own: &Own, text: &[u8], found: &mut Detected) {
        match own {
            Own::No => return,
            Own::Report => found.candidates.retain(|candidate| {
                let rule = self.engine.rule(candidate.rule);
                rule.is_some_and(|rule| {
                    !rule.identifier
                        && rule.case_sensitive
                        && candidate.confidence >= Confidence::High
                        && !matches!(rule.matcher, Matcher::Generic)
                })
            }),
            Own::Baseline(baseline) => {
                let hashes = baseline.hashes();
                found.candidates.retain(|c| !run_of_hex(text, c.span).is_some_and(|run| hashes.contains(run)));
            }
        }
        found.references.clear();
    }
}

/// The hexadecimal digits around a span, when it holds nothing else.
fn run_of_hex(text: &[u8], span: Span) -> Option<&str> {
    let is_hex = |b: &u8| b.is_ascii_hexdigit();
    if !span.of(text).iter().all(is_hex) {
        return None;
    }
    let before = text.get(..span.start)?.iter().rev().take_while(|b| is_hex(b)).count();
    let after = text.get(span.end..)?.iter().take_while(|b| is_hex(b)).count();
    std::str::from_utf8(text.get(span.start - before..span.end + after)?).ok()
}

/// The parts that may be shown. A proof that reads names out of the value knows which of them are none; without one, what
/// looks like a token is none.
fn shown_parts(candidate: &Candidate, rule: &Rule) -> BTreeMap<String, String> {
    let pair = rule.pair.as_ref().map(|p| p.part.as_ref()).filter(|p| !p.is_empty());
    let proved = validate::find(&rule.validate).is_some();
    let may_show = |p: &&Part| {
        Some(p.name.as_str()) == pair
            || if proved { candidate.proof.attributes.contains_key(&p.name) } else { !looks_issued(&p.value) }
    };
    candidate.parts.iter().filter(may_show).map(|p| (p.name.clone(), p.value.clone())).collect()
}

/// Long, of one piece, with letters and digits: as tokens are, and names of people and machines seldom.
fn looks_issued(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.len() >= 16 && !value.contains(['.', ' ', '@']) && digits >= 2 && digits < value.len()
}

/// Rules whose value a person may have chosen.
fn is_login(rule: &Rule) -> bool {
    matches!(rule.validate.as_ref(), "connection-string" | "basic-auth")
}

/// Under about 40 bits: short, or of few kinds of characters.
pub(super) fn is_guessable(value: &[u8]) -> bool {
    let kinds = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit]
        .iter()
        .filter(|k| value.iter().any(k))
        .count();
    value.len() < 12 || kinds < 2
}

/// Where a value without fingerprint was met first in its file under its name. Such a value is one finding there, and
/// never more than there.
#[derive(Default)]
pub struct Anchors(Vec<(Secret, Option<String>, (u64, u64))>);

impl Anchors {
    /// The first place of this value; `None` for values that have a fingerprint.
    pub fn first(&mut self, sighting: &Sighting, secret: Secret, key: Option<String>) -> Option<(u64, u64)> {
        if sighting.fingerprint.is_some() || self.0.len() > 1000 {
            return None;
        }
        let here = (sighting.location.line, sighting.location.column);
        match self.0.iter().find(|(s, k, _)| *s == secret && *k == key) {
            Some((_, _, first)) => Some(*first),
            None => {
                self.0.push((secret, key, here));
                Some(here)
            }
        }
    }
}

/// The password in the base64 of a login. It is one credential, whether a file has it in a header or as it is.
fn password(secret: &Secret, rule: &Rule) -> Option<Secret> {
    if &*rule.validate != "basic-auth" {
        return None;
    }
    let text = secret.expose().trim_ascii();
    let bytes = Zeroizing::new(BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text)).ok()?);
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let readable = |s: &str| !s.is_empty() && !s.chars().any(char::is_control);
    (readable(user) && readable(password)).then(|| Secret::new(password.as_bytes()))
}

/// The fingerprint that a value has at a path, if any, and for a weak one that of the value alone, which no report shows.
pub(super) fn fingerprints(
    candidate: &Candidate,
    rule: &Rule,
    key: &FingerprintKey,
    path: &str,
) -> (Option<String>, Option<String>) {
    let inner = password(&candidate.secret, rule);
    let secret = inner.as_ref().unwrap_or(&candidate.secret);
    let weak = !rule.identifier && (candidate.weak || is_login(rule) && is_guessable(secret.expose()));
    if weak && key.guessable() {
        return (None, None);
    }
    let of_value = secret.fingerprint(key);
    if !weak {
        return (Some(of_value), None);
    }
    let name = candidate.key_name.as_deref().unwrap_or_default();
    (Some(bound_fingerprint(&of_value, path, name)), Some(of_value))
}

/// Runs the rule's offline proof and lets it move confidence and severity.
pub(super) fn prove(candidate: &mut Candidate, rule: &Rule, text: &[u8], as_of: jiff::Timestamp) {
    if let Some(validator) = validate::find(&rule.validate) {
        let parts: Vec<Part> = candidate.parts.clone();
        let subject = validate::Subject {
            secret: candidate.secret.expose(),
            matched: candidate.extent.of(text),
            parts: &parts,
            key_name: candidate.key_name.as_deref(),
            as_of,
        };
        let mut proof = (validator.check)(&subject);
        proof.public |= candidate.proof.public;
        proof.encrypted |= candidate.proof.encrypted;
        candidate.confidence = proof.confidence.unwrap_or(candidate.confidence);
        candidate.severity = proof.severity.unwrap_or(candidate.severity);
        candidate.evidence.append(&mut proof.evidence.clone());
        candidate.proof = proof;
    }
    let before = candidate.proof.validity;
    validate::known::mark(candidate.secret.expose(), &mut candidate.proof);
    if candidate.proof.validity != before {
        candidate.confidence = Confidence::Low;
        candidate.severity = Severity::Low;
        candidate.evidence.extend(candidate.proof.evidence.last().cloned());
    }
    if candidate.proof.validity == Validity::ProvenFormat && candidate.confidence < Confidence::High {
        candidate.confidence = Confidence::High;
    }
}

/// The name of a reference's fact.
pub fn reference_name(fact: &LocatedFact) -> Option<&str> {
    match &fact.fact {
        Fact::Usage(_, usage) => usage.credential.as_deref(),
        _ => None,
    }
}

/// Whether references count in files of this class: in code and prose a reference is how anything is written.
pub fn counts_references(class: &PathClass) -> bool {
    class.family != Family::Code && class.family != Family::Prose
}

/// Names whose values are kept elsewhere, as facts: the good path, once a file and name.
pub fn references(found: &[Reference], locator: &Locator<'_>, class: &PathClass) -> Vec<LocatedFact> {
    if !counts_references(class) {
        return Vec::new();
    }
    let mut names = BTreeSet::new();
    let first = found.iter().filter(|r| names.insert(r.name.as_str()));
    let fact = |r: &Reference| UsageFact {
        identity: None,
        mode: AuthMode::Referenced,
        provider: String::new(),
        credential: Some(r.name.clone()),
        target: None,
        mechanism: r.target.to_owned(),
        federation_available: false,
        attributes: BTreeMap::new(),
    };
    first
        .map(|r| LocatedFact {
            fact: Fact::Usage(At::span(r.span), fact(r)),
            location: locator.span(r.span),
            format: "code",
            sample: class.test || class.docs,
        })
        .collect()
}
