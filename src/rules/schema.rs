//! The form of a rule file, shared by the build script and the loader of `--rules`.
//!
//! Nothing but serde and std may be used here: `build.rs` includes this file by path. A rule file is one provider:
//!
//! ```yaml
//! provider: github
//! name: GitHub
//! rules:
//!   - id: github-pat-classic
//!     …
//! ```

use serde::Deserialize;

/// One rule file.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Provider id: lower-case words joined by `-`; the file is `rules/<provider>.yml`.
    pub provider: String,
    /// Provider name for people.
    pub name: String,
    /// The rules.
    pub rules: Vec<RuleDef>,
}

/// One detector as written.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RuleDef {
    /// Stable id, kebab case, at most 48 characters, starting with the provider where that reads well.
    pub id: String,
    /// What it finds, as a noun phrase.
    pub name: String,
    /// What was found and what somebody who has it can do. Whole sentences.
    pub description: String,
    /// How to revoke or rotate it, and what to use instead. Whole sentences.
    pub remediation: String,
    /// What kind of identity it authenticates.
    pub identity: IdentityDef,
    /// Base severity: `critical`, `high`, `medium`, `low`, or `info` for values that are never findings.
    pub severity: String,
    /// Usual confidence: `confirmed`, `high`, `medium` or `low`.
    pub confidence: String,
    /// Literal texts of which every match holds at least one; compared without regard to ASCII case unless
    /// `case_sensitive`. At least three bytes each; none for `matcher: client-file`.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Whether `keywords` are compared with case.
    #[serde(default = "yes")]
    pub case_sensitive: bool,
    /// The regular expression (bytes, Unicode off), every repetition bounded. The group `secret` is the value; the
    /// whole match is it when there is no such group. Other named groups become parts of the finding (`host`, `user`,
    /// `key_id`…).
    #[serde(default)]
    pub pattern: Option<String>,
    /// A matcher in code instead of a pattern: `jwt`, `private-key-block`, `google-service-account`, or `client-file` for
    /// what the readers of known credential files report under this id (such a rule has no keywords and no examples).
    #[serde(default)]
    pub matcher: Option<String>,
    /// Words and shapes, for the matcher `contextual`; written as a line of `rules/contextual.yml`.
    #[serde(skip)]
    pub context: Option<ContextDef>,
    /// Least Shannon entropy of the value, in bits a character.
    #[serde(default)]
    pub min_entropy: f32,
    /// True when a value without any decimal digit is not it.
    #[serde(default)]
    pub needs_digit: bool,
    /// True when a value whose letters look like words is not it (for values that are only random letters and digits).
    #[serde(default)]
    pub random: bool,
    /// The other half of a paired credential: when both are near, one finding is reported, under this rule.
    #[serde(default)]
    pub pair: Option<PairDef>,
    /// Severity when the other half of the pair is missing; `severity` otherwise.
    #[serde(default)]
    pub severity_alone: Option<String>,
    /// Confidence when the other half of the pair is missing; `confidence` otherwise.
    #[serde(default)]
    pub confidence_alone: Option<String>,
    /// False for rules that only serve as the other half of a pair.
    #[serde(default = "yes")]
    pub report: bool,
    /// True when the value is an identifier (key id, client id), which may be shown in full.
    #[serde(default)]
    pub identifier: bool,
    /// True for values that are public by design: inventory, not a leak.
    #[serde(default)]
    pub public: bool,
    /// Texts of which two or more within 600 bytes show that this value is used where it is public by design.
    #[serde(default)]
    pub public_near: Vec<String>,
    /// True for encrypted material: inventory, not a leak.
    #[serde(default)]
    pub encrypted: bool,
    /// Id of the offline proof in `validate`.
    #[serde(default)]
    pub validate: Option<String>,
    /// Glob patterns of paths, one of which must match; empty for everywhere.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The version of keyroll that the rule came with; `rules-version` in a configuration keeps later ones off.
    #[serde(default)]
    pub since: Option<String>,
    /// Pages of the provider that document the format or its revocation.
    pub references: Vec<String>,
    /// Templates of texts in which the rule must find exactly one value; none for `matcher: client-file`.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Templates of texts in which the rule must find none.
    #[serde(default)]
    pub counterexamples: Vec<String>,
}

/// What kind of identity a credential belongs to.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IdentityDef {
    /// An identity kind: `cloud-user`, `role`, `service-account`, `application`, `ci-job`, `workload`, `bot`, `agent`,
    /// `database-user`, `user-token`, `machine`, `other`.
    pub kind: String,
    /// `yes` when it carries a person's rights, `no` when it cannot, `maybe` when both exist.
    #[serde(default = "maybe")]
    pub human: String,
}

/// The other half of a paired credential.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PairDef {
    /// The rule that finds the other half.
    pub rule: String,
    /// The part under which the other half's value is kept; only for identifiers, since parts are shown.
    #[serde(default, rename = "as")]
    pub part: Option<String>,
    /// How many lines apart the halves may be.
    pub within: u32,
}

fn yes() -> bool {
    true
}

fn maybe() -> String {
    "maybe".to_owned()
}

/// A file of such lines.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContextFile {
    /// The providers.
    pub contextual: Vec<ContextDef>,
}

/// One provider.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(in_library, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContextDef {
    /// Provider id, kebab case; the rule's id is this with `-key-near-name`.
    pub id: String,
    /// Provider name for people.
    pub name: String,
    /// How texts name it, in lower case; where a space stands, other writings may have a mark or nothing.
    pub words: Vec<String>,
    /// True when a word is an everyday one, so that it counts only right beside a word for a credential.
    #[serde(default)]
    pub common: bool,
    /// `alphabet:length` or `alphabet:from-to`; `uuid`.
    pub values: Vec<String>,
    /// What a key belongs to: an identity kind.
    pub kind: String,
    /// The provider's page on its keys.
    pub reference: String,
}
