//! What an inventory was made of, as far as the inventory itself does not tell: with it, reports are merged by linking,
//! assessing and scoring again over all that their scans saw.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Confidence, Coverage, CredentialFact, Grant, Human, IdentityFact, IdentityHint, IdentityKind, Location, Packed,
    Setting, Severity, ThirdParty, ToolInfo, Trust, Usage, Validity, When,
};

/// Facts and values as they were before they were joined. Of no use but to merge reports; it tells nothing that the lists of
/// the report do not tell better.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unmerged {
    /// What decided on which findings are shown.
    pub gate: Gate,
    /// Files that formats read, with the format of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Every declaration of an identity.
    #[serde(default, skip_serializing_if = "Packed::is_empty")]
    pub identities: Packed<Declaration<IdentityFact>>,
    /// Every declaration of a credential.
    #[serde(default, skip_serializing_if = "Packed::is_empty")]
    pub credentials: Packed<Declaration<CredentialFact>>,
    /// Rights as they were read, where the list of the report shows them otherwise.
    #[serde(default, skip_serializing_if = "Originals::is_empty")]
    pub grants: Originals<Grant>,
    /// The same of trusts.
    #[serde(default, skip_serializing_if = "Originals::is_empty")]
    pub trusts: Originals<Trust>,
    /// The same of usages.
    #[serde(default, skip_serializing_if = "Originals::is_empty")]
    pub usages: Originals<Usage>,
    /// The same of third-party code.
    #[serde(default, skip_serializing_if = "Originals::is_empty")]
    pub third_parties: Originals<ThirdParty>,
    /// The same of settings.
    #[serde(default, skip_serializing_if = "Originals::is_empty")]
    pub settings: Originals<Setting>,
    /// What each value in the clear showed, with the exposures that show it.
    #[serde(default, skip_serializing_if = "Packed::is_empty")]
    pub values: Packed<SeenValue>,
}

/// What decided on which findings are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    /// The least confidence.
    pub confidence: Confidence,
    /// The least severity.
    pub severity: Severity,
    /// Rules and checks that were switched off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disabled: Vec<String>,
    /// Rules and checks that alone were switched on; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enabled: Vec<String>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { confidence: Confidence::Medium, severity: Severity::Low, disabled: Vec::new(), enabled: Vec::new() }
    }
}

impl Gate {
    /// True when a rule or check of this id was let run.
    #[must_use]
    pub fn runs(&self, id: &str) -> bool {
        !self.disabled.iter().any(|d| d == id) && (self.enabled.is_empty() || self.enabled.iter().any(|e| e == id))
    }
}

/// What one input says of an identity or a credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Declaration<T> {
    /// What it says.
    pub fact: T,
    /// True when the input is a sample.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
    /// Where.
    pub location: Location,
}

/// How a list of the report differs from what was read: most entries stand in it as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Originals<T> {
    /// What was read and is not in the list as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Original<T>>,
    /// Places in the list, from 0, of entries that were not read so: they followed from others, or were changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<u64>,
}

impl<T> Default for Originals<T> {
    fn default() -> Self {
        Self { read: Vec::new(), made: Vec::new() }
    }
}

impl<T> Originals<T> {
    /// True when the list holds what was read and nothing else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.made.is_empty()
    }
}

/// An entry of one of the report's lists as it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Original<T> {
    /// As it was read.
    pub what: T,
    /// True when the input is a sample.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

/// What a value showed of itself. Never the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SeenValue {
    /// Places in `exposures[]`, from 0.
    pub exposures: Vec<u64>,
    /// Provider id of the rule.
    pub provider: String,
    /// What kind of identity the rule says that it belongs to.
    #[serde(default)]
    pub identity_kind: IdentityKind,
    /// Whether it carries a person's rights.
    #[serde(default)]
    pub human: Human,
    /// Keyed fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// True when the fingerprint is that of a weak value, bound to its path and name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
    /// Redacted value.
    pub preview: String,
    /// The value itself, for rules whose value is an identifier and not a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Named parts of the match, never secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
    /// What the value revealed, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// The identity that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityHint>,
    /// Offline verdict.
    #[serde(default)]
    pub validity: Validity,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub issued: When,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "When::is_unknown")]
    pub expires: When,
    /// Public by design.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// Encrypted at rest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// For a value without fingerprint: where the same one stands first in its file under the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<(u64, u64)>,
    /// The keyed id under which the issuer's own list tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<String>,
}

/// One of the reports that a merged one was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportPart {
    /// SHA-256 of the report.
    pub digest: String,
    /// Who made it.
    pub tool: ToolInfo,
    /// The time that it measured ages against.
    #[schemars(with = "String")]
    pub as_of: jiff::Timestamp,
    /// True when it left something unseen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// What it read.
    pub coverage: Coverage,
    /// Formats that it read, with the number of blobs.
    pub formats_read: BTreeMap<String, u64>,
}
