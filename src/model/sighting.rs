//! What leaves a worker: candidates and facts with their places resolved and their secrets reduced to fingerprints.

use std::collections::BTreeMap;

use super::{Confidence, Fact, Human, IdentityKind, Location, Proof, Secret, Severity, Suppression};

/// A candidate after proof, with its secret dropped.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// Rule id.
    pub rule: String,
    /// Provider id of the rule.
    pub provider: String,
    /// What kind of identity the rule says the credential belongs to.
    pub identity_kind: IdentityKind,
    /// Whether the rule says that it carries a person's rights.
    pub human: Human,
    /// Keyed fingerprint; `None` for values too weak for the key at hand.
    pub fingerprint: Option<String>,
    /// For a weak value with a fingerprint: that of the value alone, from which the one above is made by path and name.
    pub unbound: Option<String>,
    /// Redacted value; the whole value for identifiers.
    pub preview: String,
    /// The value itself, for rules whose value is an identifier and not a secret.
    pub identifier: Option<String>,
    /// Named parts of the match, never secret: `key_id`, `host`, `user`, `database`…
    pub parts: BTreeMap<String, String>,
    /// The name the value was assigned to.
    pub key_name: Option<String>,
    /// Confidence after proof.
    pub confidence: Confidence,
    /// Base severity after proof and pairing.
    pub base_severity: Severity,
    /// What the value revealed.
    pub proof: Proof,
    /// Why it is kept out of the findings.
    pub suppressed: Option<Suppression>,
    /// What was seen.
    pub evidence: Vec<String>,
    /// True below a test, fixture, example or documentation path.
    pub test_path: bool,
    /// For a value without fingerprint: line and column at which the same value stands first in this file under the same
    /// name.
    pub anchor: Option<(u64, u64)>,
    /// The id under which the issuer's own list tells this value, when it tells values by hashes.
    pub listed: Option<String>,
    /// Beginning and end of a value whose issuer's list shows just these. For the run that made it: nothing of it is kept.
    pub ends: Option<(Secret, Secret)>,
    /// Equal for equal values within one run, and of no meaning outside it.
    pub same: u64,
    /// Where.
    pub location: Location,
}

/// A fact with its place resolved.
#[derive(Debug, Clone)]
pub struct LocatedFact {
    /// The fact.
    pub fact: Fact,
    /// Where it was read.
    pub location: Location,
    /// Id of the format that read it.
    pub format: &'static str,
    /// True when the input lies below a test, fixture, example or docs path: a sample, shown and never scored.
    pub sample: bool,
}

/// Facts by name, sorted.
pub type Attributes = BTreeMap<String, String>;
