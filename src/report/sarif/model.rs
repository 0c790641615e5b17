//! The part of SARIF 2.1.0 that keyroll writes, property by property in the order of the specification's sections
//! (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>).

use std::collections::BTreeMap;

use serde::Serialize;

/// A SARIF file (§3.13).
#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    pub version: &'static str,
    pub runs: Vec<Run>,
}

/// One run of the tool (§3.14).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub tool: Tool,
    pub automation_details: AutomationDetails,
    pub invocations: Vec<Invocation>,
    pub original_uri_base_ids: BTreeMap<&'static str, UriBase>,
    pub column_kind: &'static str,
    pub results: Vec<SarifResult>,
    pub properties: RunProperties,
}

/// What the report says of itself that SARIF has no place for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunProperties {
    pub as_of: String,
    pub key_id: String,
}

/// §3.18.
#[derive(Debug, Serialize)]
pub(super) struct Tool {
    pub driver: Driver,
}

/// §3.19.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub name: String,
    pub version: String,
    pub rules: Vec<Rule>,
}

/// A `reportingDescriptor` (§3.49).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub id: String,
    pub name: String,
    pub short_description: Text,
    pub full_description: Text,
    pub default_configuration: Configuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_uri: Option<String>,
    pub help: Help,
    pub properties: RuleProperties,
}

/// A message in plain text (§3.11, §3.12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Text {
    pub text: String,
}

/// A message in plain text and Markdown.
#[derive(Debug, Serialize)]
pub(super) struct Help {
    pub text: String,
    pub markdown: String,
}

/// §3.50.
#[derive(Debug, Serialize)]
pub(super) struct Configuration {
    pub level: &'static str,
}

/// GitHub's own keys, in the property bag of a rule.
#[derive(Debug, Serialize)]
pub(super) struct RuleProperties {
    /// 0.1–10.0 as text; absent for what is no security problem.
    #[serde(rename = "security-severity", skip_serializing_if = "Option::is_none")]
    pub security_severity: Option<&'static str>,
    pub precision: &'static str,
    pub tags: Vec<String>,
}

/// §3.17.
#[derive(Debug, Serialize)]
pub(super) struct AutomationDetails {
    pub id: &'static str,
}

/// §3.20.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: bool,
    pub tool_execution_notifications: Vec<Notification>,
}

/// §3.58.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Notification {
    pub descriptor: Descriptor,
    pub level: &'static str,
    pub message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
}

/// §3.52.
#[derive(Debug, Serialize)]
pub(super) struct Descriptor {
    pub id: String,
}

/// An entry of `originalUriBaseIds` (§3.14.14) that says what the base is and not where it was.
#[derive(Debug, Serialize)]
pub(super) struct UriBase {
    pub description: Text,
}

/// §3.27.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    pub rule_id: String,
    pub rule_index: usize,
    pub kind: &'static str,
    pub level: &'static str,
    pub rank: i32,
    pub message: Text,
    pub locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_locations: Vec<Location>,
    pub partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
    pub properties: ResultProperties,
}

/// What keyroll adds to a result.
#[derive(Debug, Serialize)]
pub(super) struct ResultProperties {
    pub score: i32,
    pub confidence: &'static str,
    pub risk: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
}

/// §3.28.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<usize>,
    pub physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Text>,
}

/// §3.29.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// §3.4.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub uri: String,
    pub uri_base_id: &'static str,
}

/// §3.30: 1-based, the end column one past the last character.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: u64,
    pub start_column: u64,
    pub end_line: u64,
    pub end_column: u64,
}

/// §3.35.
#[derive(Debug, Serialize)]
pub(super) struct Suppression {
    pub kind: &'static str,
    pub justification: String,
}
