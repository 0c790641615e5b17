//! What the detector found, before and after offline proof.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Confidence, IdentityKey, IdentityKind, Secret, Severity, Span, When};

/// Position of a rule in the rule set of this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIndex(pub u32);

/// A named part of a match that is not secret: host, user, key id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The capture's name.
    pub name: String,
    /// Its text, lossy.
    pub value: String,
    /// Where it lies.
    pub span: Span,
}

/// A possible credential in one blob.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The rule that found it.
    pub rule: RuleIndex,
    /// The value.
    pub secret: Secret,
    /// The value's span in the original bytes: exactly the secret, no quotes.
    pub span: Span,
    /// The span of the whole match; contains `span`.
    pub extent: Span,
    /// Named parts of the match.
    pub parts: Vec<Part>,
    /// The name the value was assigned to, if any (`DB_PASSWORD`).
    pub key_name: Option<String>,
    /// How sure the detector is; proof may move it.
    pub confidence: Confidence,
    /// Base severity for this candidate: the rule's, or its lower one when half of a pair is missing.
    pub severity: Severity,
    /// What the proof said.
    pub proof: Proof,
    /// Why it is kept out of the findings, when it is.
    pub suppressed: Option<Suppression>,
    /// Sentences that say what the detector saw.
    pub evidence: Vec<String>,
    /// True for values that a guess could find: under about 40 bits.
    pub weak: bool,
}

/// What a value reveals about itself without any network.
#[derive(Debug, Clone, Default)]
pub struct Proof {
    /// The verdict.
    pub validity: Validity,
    /// A confidence to use instead of the detector's.
    pub confidence: Option<Confidence>,
    /// Facts by name: `account`, `issuer`, `subject`, `key_id`, `email`, `host`, `user`, `rights`, `public_fingerprint`…
    /// Never secret.
    pub attributes: BTreeMap<String, String>,
    /// The identity that the value names, when it does.
    pub identity: Option<IdentityHint>,
    /// When the value was issued.
    pub issued: When,
    /// When the value stops working.
    pub expires: When,
    /// Public by design: inventory, never a finding.
    pub public: bool,
    /// Encrypted at rest: inventory, never a finding.
    pub encrypted: bool,
    /// Base severity to use instead of the rule's.
    pub severity: Option<Severity>,
    /// Sentences for the report.
    pub evidence: Vec<String>,
}

/// An identity named by a credential itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct IdentityHint {
    /// Canonical key.
    pub key: IdentityKey,
    /// Kind.
    pub kind: IdentityKind,
    /// Provider, as in rule files.
    pub provider: String,
    /// Name for people.
    pub name: String,
    /// Account, tenant or project, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// An offline verdict. It never says "active": only the provider could.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// Nothing can be said offline.
    #[default]
    Unverified,
    /// A checksum or structure holds that random text does not have.
    ProvenFormat,
    /// The shape fits but a checksum or structure does not: damaged, invented or of another kind.
    Malformed,
    /// It carries an expiry that lies before the as-of time.
    Expired,
    /// A value that documentation or vendors publish for tests.
    TestValue,
}

/// Why a candidate is left out of the findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// By what means.
    pub kind: SuppressionKind,
    /// The reason given, empty when none was.
    pub reason: String,
    /// The marker or config entry that did it.
    pub by: String,
}

/// Means of suppression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionKind {
    /// A comment beside the value.
    Inline,
    /// An allowlist of the configuration.
    Config,
    /// An earlier report.
    Baseline,
}
