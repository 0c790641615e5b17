//! The report: the one document that every output reads. Its JSON form is `keyroll.report/1`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Confidence, IdentityKey, Inventory, Location, ReportPart, Risk, Severity, Suppression, Text, Unmerged};

/// What a [`Location`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Location", description = "A place in an input, ready to be shown.")]
pub struct LocationData {
    /// Path relative to the repository's top level (else the scanned path), `/` between segments; text with U+FFFD for
    /// bytes that are not UTF-8.
    pub path: String,
    /// First line, 1-based; 0 when the input has no lines.
    pub line: u64,
    /// First column, 1-based, in Unicode scalar values.
    pub column: u64,
    /// Last line.
    pub end_line: u64,
    /// Column after the last character.
    pub end_column: u64,
    /// Commit that brought it in, when it was met in history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// When its author wrote that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    /// Its author's name; with the address only when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The last commit that still has it at this path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<String>,
    /// Refs whose history has it, for what is not in HEAD: a few of them, then how many more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// True when it is in the checkout now.
    pub in_head: bool,
    /// Git blob id of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// GitHub's `primaryLocationLineHash` of the first line, `hash:occurrence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_hash: Option<String>,
    /// The archive that holds the file, for archive members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The path's bytes in base64, when they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// JSON pointer or row, in exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl LocationData {
    /// The file: its path, behind the archive that holds it.
    #[must_use]
    pub fn file(&self) -> String {
        self.container.as_ref().map_or_else(|| self.path.clone(), |container| format!("{container}!{}", self.path))
    }
}

fn no_text(text: &Text) -> bool {
    text.is_empty()
}

/// One named term of a score.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Term {
    /// What it stands for: `base high`, `production`, `test path`…
    pub name: Text,
    /// Points, possibly negative.
    pub points: i32,
    /// Why it applies.
    #[serde(default, skip_serializing_if = "no_text")]
    pub why: Text,
}

/// Something to act on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Rule or check id.
    pub id: String,
    /// The OWASP risk.
    pub risk: Risk,
    /// One line: what was found.
    pub title: String,
    /// Band of `score`.
    pub severity: Severity,
    /// The rule's or check's own severity.
    pub base_severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Sum of `terms`, held within 0–100.
    pub score: i32,
    /// The terms that add up to the score.
    pub terms: Vec<Term>,
    /// The identity it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityKey>,
    /// The credential it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Where; the first one is primary. Never empty.
    pub locations: Vec<Location>,
    /// Redacted value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Keyed fingerprint of the value, or of the subject for findings without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What was seen, in sentences.
    pub evidence: Vec<String>,
    /// Why it matters.
    pub why: Text,
    /// What to do.
    pub remediation: Text,
    /// Why it does not count, when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppression>,
}

/// What a rule or check is, for readers of the report that do not have keyroll.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RuleInfo {
    /// Stable id.
    pub id: String,
    /// `rule` (a detector) or `check` (an assessment).
    pub kind: String,
    /// Name.
    pub name: String,
    /// The OWASP risk it speaks to.
    pub risk: Risk,
    /// Base severity.
    pub severity: Severity,
    /// Usual confidence.
    pub confidence: Confidence,
    /// What was found and what an attacker can do with it.
    pub description: String,
    /// How to mend it.
    pub remediation: String,
    /// Documentation.
    pub references: Vec<String>,
}

/// Something the scan did not see, or a limit it kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Gap or limit.
    pub kind: NoticeKind,
    /// Stable word for the cause: `unreadable`, `malformed`, `too-large`…
    pub code: String,
    /// The input, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based line, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// 1-based column, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What happened and what to do.
    pub message: String,
}

/// Whether a notice makes the run incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// Something was not seen that should have been: exit code 3.
    Gap,
    /// A limit that the user or the clone declared: counted, exit code unchanged unless `--strict`.
    Limit,
}

/// Why a file was not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Ignored by git and not tracked.
    Ignored,
    /// Matched by an exclude of the user.
    Excluded,
    /// Over the size limit.
    TooLarge,
    /// Binary without a reader.
    Binary,
    /// A symbolic link.
    Symlink,
    /// Not a regular file.
    Special,
    /// Could not be read.
    Unreadable,
    /// Holds no bytes.
    Empty,
}

impl SkipReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Ignored,
        Self::Excluded,
        Self::TooLarge,
        Self::Binary,
        Self::Symlink,
        Self::Special,
        Self::Unreadable,
        Self::Empty,
    ];
}

/// One scanned root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
pub struct Root {
    /// The path as given, or found below it.
    pub path: String,
    /// `directory`, `repository`, `file` or `stdin`.
    pub kind: String,
    /// HEAD commit, for repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Name of the directory that the paths of this report are relative to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<String>,
    /// The part of that directory that was read, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// What the paths of this root begin with, where a report has several such directories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// `owner/name`, when the remote tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// What was and was not read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Roots.
    pub roots: Vec<Root>,
    /// Refs walked.
    pub refs: u64,
    /// Commits walked.
    pub commits: u64,
    /// Unique blobs scanned.
    pub blobs: u64,
    /// Files read, copies included.
    pub files: u64,
    /// Bytes of the unique blobs.
    pub bytes: u64,
    /// Blobs of histories read, each once.
    #[serde(default)]
    pub history_blobs: u64,
    /// Their bytes.
    #[serde(default)]
    pub history_bytes: u64,
    /// Files not scanned, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// True when the run was interrupted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// The numbers at the top.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Headline {
    /// Identities known by name.
    pub identities: u64,
    /// Credentials whose owner cannot be named.
    pub unattributed: u64,
    /// (identity, use) pairs with an embedded static credential.
    #[serde(rename = "static")]
    pub static_uses: u64,
    /// (identity, use) pairs with a credential fetched by name.
    pub referenced: u64,
    /// (identity, use) pairs with a short-lived exchanged token, instance credentials included.
    pub federated: u64,
    /// Findings that count, by severity.
    pub findings: BTreeMap<Severity, u64>,
    /// Findings left out by suppressions.
    pub suppressed: u64,
}

/// A score of 0–100 with the interval that unknowns leave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// The score.
    pub value: i32,
    /// With every unknown at its best.
    pub low: i32,
    /// With every unknown at its worst.
    pub high: i32,
    /// Exposure, privilege, lifetime, isolation, activity and validity, in thousandths.
    pub factors: BTreeMap<String, i32>,
    /// Factors that no input told.
    pub unknown: Vec<String>,
    /// Highest score of its open findings, which holds the score up.
    pub floor: i32,
}

/// An answer on a control card.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct ControlAnswer {
    /// `yes`, `no` or `not-seen`.
    pub answer: String,
    /// What says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

/// The lifecycle questions that stand in the place of MFA.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct ControlCard {
    /// Dedicated to one workload.
    pub dedicated: ControlAnswer,
    /// Short-lived.
    pub short_lived: ControlAnswer,
    /// Bound to an audience and a scope.
    pub bound: ControlAnswer,
    /// Issued and refreshed without a person.
    pub automated: ControlAnswer,
    /// Rotated within the limit.
    pub rotated: ControlAnswer,
    /// Revocable, with a known path.
    pub revocable: ControlAnswer,
    /// Owned.
    pub owned: ControlAnswer,
    /// Privileged actions logged.
    pub logged: ControlAnswer,
}

/// Whether a risk could be assessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RiskStatus {
    /// Every input it needs was there.
    Assessed,
    /// Some were.
    Partly,
    /// None was; never shown as zero.
    NotAssessed,
}

/// One of the ten risks, over everything scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskSummary {
    /// The risk.
    pub risk: Risk,
    /// OWASP's title.
    pub title: String,
    /// Whether it could be assessed.
    pub status: RiskStatus,
    /// What was missing and the command that would supply it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Subjects with an open finding.
    pub affected: u64,
    /// Subjects the checks ran over.
    pub assessable: u64,
    /// Burden score 0–100; `None` when not assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
}

/// Who made the report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ToolInfo {
    /// `keyroll`.
    pub name: String,
    /// Version.
    pub version: String,
    /// The configuration's path, when one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// SHA-256 of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_hash: Option<String>,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `keyroll.report/1`.
    pub schema: String,
    /// Who made it.
    pub tool: ToolInfo,
    /// Public name of the fingerprint key; reports under different keys do not compare. Empty when no value wanted a
    /// fingerprint and no key was given.
    pub key_id: String,
    /// Where the key came from: `key-file`, `environment`, `config`, `repository`, `constant`, or `unused`.
    pub key_source: String,
    /// The time that ages are measured against.
    #[schemars(with = "String")]
    pub as_of: Timestamp,
    /// Where `as_of` came from: `export`, `flag` or `today`.
    pub as_of_source: String,
    /// True when gaps or an interruption left something unseen.
    pub incomplete: bool,
    /// What was and was not read.
    pub coverage: Coverage,
    /// The numbers at the top.
    pub headline: Headline,
    /// Identities, credentials and what joins them.
    #[serde(flatten)]
    pub inventory: Inventory,
    /// Findings, most important first.
    pub findings: Vec<Finding>,
    /// The ten risks.
    pub risks: Vec<RiskSummary>,
    /// Overall score over the assessed risks; `None` when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
    /// Gaps and limits.
    pub notices: Vec<Notice>,
    /// The reports that this one was merged of; empty for that of a scan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ReportPart>,
    /// What the lists were made of, for merging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmerged: Option<Unmerged>,
}

impl Report {
    /// The schema name this version writes.
    pub const SCHEMA: &'static str = "keyroll.report/1";
}
