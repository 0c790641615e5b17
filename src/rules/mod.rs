//! Rules as data: schema, loading, example generators, lints.
//!
//! The built-in rules are parsed and checked by the build script and compiled in as one constant table, so that a run
//! starts without parsing anything. `--rules DIR` loads more from the same YAML at run time.

pub mod check;
pub mod context;
pub mod example;
mod load;
pub mod reach;
pub mod schema;

use std::borrow::Cow;

use crate::model::{Confidence, Human, IdentityKind, RuleInfo, Severity};

pub use context::Context;
pub use load::{LoadError, convert, load_dir, load_text, parse_file};
pub use reach::{Around, Reach};

/// Text that is either compiled in or loaded.
pub type Text = Cow<'static, str>;

/// A list of such texts.
pub type Texts = Cow<'static, [Text]>;

/// One detector, ready for the engine.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Stable id.
    pub id: Text,
    /// Provider id.
    pub provider: Text,
    /// Provider name.
    pub provider_name: Text,
    /// What it finds.
    pub name: Text,
    /// What was found and what an attacker can do with it.
    pub description: Text,
    /// How to mend it.
    pub remediation: Text,
    /// What the credential authenticates.
    pub identity_kind: IdentityKind,
    /// Whether it carries a person's rights.
    pub human: Human,
    /// Base severity.
    pub severity: Severity,
    /// Usual confidence.
    pub confidence: Confidence,
    /// Texts of which every match holds one.
    pub keywords: Texts,
    /// Whether keywords are compared with case.
    pub case_sensitive: bool,
    /// How it matches.
    pub matcher: Matcher,
    /// Least entropy of the value, in thousandths of a bit a character.
    pub min_entropy: u32,
    /// Whether a value without digit is refused.
    pub needs_digit: bool,
    /// Whether a value that reads like words is refused.
    pub random: bool,
    /// The other half of a pair.
    pub pair: Option<Pair>,
    /// Severity without the other half.
    pub severity_alone: Severity,
    /// Confidence without the other half.
    pub confidence_alone: Confidence,
    /// Whether it reports at all.
    pub report: bool,
    /// Whether the value is an identifier.
    pub identifier: bool,
    /// Whether the value is public by design.
    pub public: bool,
    /// Texts whose nearness shows a public use.
    pub public_near: Texts,
    /// Whether the value is encrypted material.
    pub encrypted: bool,
    /// Id of its offline proof; empty for none.
    pub validate: Text,
    /// Paths it is bound to; empty for everywhere.
    pub paths: Texts,
    /// The version it came with.
    pub since: Text,
    /// Documentation.
    pub references: Texts,
    /// Example templates.
    pub examples: Texts,
    /// Counterexample templates.
    pub counterexamples: Texts,
}

/// The version that rules without `since` came with.
pub const FIRST: &str = "0.1";

/// Whether one version comes after another, part by part as numbers; what is no number counts as nothing.
#[must_use]
pub fn is_later(version: &str, than: &str) -> bool {
    let parts = |text: &str| -> Vec<u64> { text.split('.').map(|p| p.parse().unwrap_or(0)).collect() };
    let (mut a, mut b) = (parts(version), parts(than));
    let length = a.len().max(b.len());
    a.resize(length, 0);
    b.resize(length, 0);
    a > b
}

impl Rule {
    /// What reports say of the rule.
    #[must_use]
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            id: self.id.to_string(),
            kind: "rule".to_owned(),
            name: self.name.to_string(),
            risk: crate::model::Risk::Nhi2,
            severity: self.severity,
            confidence: self.confidence,
            description: self.description.to_string(),
            remediation: self.remediation.to_string(),
            references: self.references.iter().map(ToString::to_string).collect(),
        }
    }
}

/// How a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// A bounded expression in a window around each keyword.
    Pattern {
        /// The expression.
        pattern: Text,
        /// The window.
        reach: Reach,
        /// What can stand around each of the keywords, in their order.
        around: Cow<'static, [Around]>,
    },
    /// A JSON Web Token.
    Jwt,
    /// An armoured private key block.
    PrivateKeyBlock,
    /// A Google service-account key file, or its text inside another.
    GoogleServiceAccount,
    /// A value of a known shape near the name of its provider.
    Contextual(Context),
    /// The generic assignment detector; it has no keywords of its own.
    Generic,
    /// The readers of known credential files (`formats/client`), which name the rule: it has no keywords, and examples of it
    /// would be whole files under names of their own, so the fixtures of the formats are its tests.
    ClientFile,
}

/// The other half of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The rule that finds it.
    pub rule: Text,
    /// The part name under which its value is kept; empty for none.
    pub part: Text,
    /// Lines apart at most.
    pub within: u32,
}

mod built_in {
    #![allow(clippy::all, missing_docs)]
    #[allow(unused_imports)]
    use super::context::{Context, Shape};
    use super::reach::{Around, Bytes};
    use super::{Matcher, Pair, Reach, Rule};
    use crate::model::{Confidence, Human, IdentityKind, Severity};
    use std::borrow::Cow::Borrowed;
    include!(concat!(env!("OUT_DIR"), "/rules.rs"));
}

/// The JSON Schema of a rule file, for editors.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = schemars::schema_for!(schema::RuleFile);
    schema.insert("title".to_owned(), "keyroll rule file".into());
    // A schema is plain data and always serializes.
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}

/// The rules compiled into this binary, sorted by provider and then as written.
#[must_use]
pub fn built_in() -> &'static [Rule] {
    built_in::RULES
}
