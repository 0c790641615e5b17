//! `sarif`: SARIF 2.1.0 as GitHub code scanning reads it.
//!
//! What GitHub asks for beyond the standard, and its limits:
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

mod message;
mod model;
mod place;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use sha2::{Digest, Sha256};

use self::message::{DESCRIPTION, NAME};
use self::model::{
    AutomationDetails, Configuration, Descriptor, Driver, Help, Invocation, Log, Notification, ResultProperties, Rule,
    RuleProperties, Run, RunProperties, SarifResult, Suppression, Text, Tool, UriBase,
};
use self::place::{Anchor, Anchors};
use super::{Reporter, Style, json};
use crate::model::{Confidence, Finding, NoticeKind, Report, RuleInfo, Severity, SuppressionKind, View};

/// SARIF for code scanning. A result hangs on a line of the checkout or is left out and counted; suppressed findings
/// are left out unless asked for, because GitHub opens an alert for them all the same.
pub const REPORTER: Reporter = Reporter {
    id: "sarif",
    extension: "sarif",
    about: "SARIF 2.1.0 for GitHub code scanning and other viewers",
    write,
};

/// Name of the base that all URIs are relative to; GitHub knows it.
const ROOT: &str = "%SRCROOT%";
/// Results that GitHub shows of one run.
const MAX_RESULTS: usize = 5_000;
/// Related locations of one result; GitHub shows 100 locations.
const MAX_RELATED: usize = 100;
/// Related locations of all results together: uploads over 10 MB (gzip) are rejected, so many results share the room.
const ALL_RELATED: usize = 50_000;
/// Notifications written one by one; the rest are counted in one more.
const MAX_NOTIFICATIONS: usize = 1_000;

fn write(report: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    json::write_pretty(&log(report, style), out)
}

/// A finding with the line that it hangs on.
type Chosen<'a> = (Cow<'a, Finding>, Anchor<'a>);

fn log(view: View<'_>, style: &Style) -> Log {
    let report = view.head();
    let anchors = Anchors::new(&report.inventory);
    let wanted = view.findings().filter(|finding| style.sarif_suppressed || finding.suppressed.is_none());
    let mut unanchored = 0usize;
    let anchored = wanted.filter_map(|finding| {
        let anchor = anchors.of(&finding);
        unanchored += usize::from(anchor.is_none());
        Some((finding, anchor?))
    });
    let (chosen, cut) = highest(anchored);

    let ids: BTreeSet<&str> = chosen.iter().map(|(finding, _)| finding.id.as_str()).collect();
    let index: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let rules = ids.iter().map(|id| rule(&rule_info(report, id, &chosen))).collect();
    let related = (ALL_RELATED / chosen.len().max(1)).min(MAX_RELATED);
    let results = chosen.iter().map(|(finding, anchor)| result(finding, anchor, &index, related)).collect();

    let run = Run {
        tool: Tool { driver: Driver { name: "keyroll".into(), version: report.tool.version.clone(), rules } },
        automation_details: AutomationDetails { id: "keyroll/" },
        invocations: vec![Invocation {
            execution_successful: !report.incomplete,
            tool_execution_notifications: notifications(report, unanchored, cut),
        }],
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            UriBase { description: text("Top level of what was scanned.") },
        )]),
        column_kind: "unicodeCodePoints",
        results,
        properties: RunProperties { as_of: report.as_of.to_string(), key_id: report.key_id.clone() },
    };
    Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: vec![run],
    }
}

/// The results with the highest scores, in the report's order, and how many were cut. No more than these are held.
fn highest<'a>(all: impl Iterator<Item = Chosen<'a>>) -> (Vec<Chosen<'a>>, usize) {
    let mut kept: BTreeMap<(Reverse<i32>, usize), Chosen<'a>> = BTreeMap::new();
    let mut cut = 0;
    for (at, one) in all.enumerate() {
        kept.insert((Reverse(one.0.score), at), one);
        if kept.len() > MAX_RESULTS {
            kept.pop_last();
            cut += 1;
        }
    }
    let by_place: BTreeMap<usize, Chosen<'a>> = kept.into_iter().map(|((_, at), one)| (at, one)).collect();
    (by_place.into_values().collect(), cut)
}

/// What the report says of a rule; for one it does not describe, what its first finding says.
fn rule_info(report: &Report, id: &str, chosen: &[Chosen<'_>]) -> RuleInfo {
    if let Some(known) = report.inventory.rules.iter().find(|rule| rule.id == id) {
        return known.clone();
    }
    let first = chosen.iter().map(|(finding, _)| finding).find(|finding| finding.id == id);
    RuleInfo {
        id: id.to_owned(),
        kind: "rule".to_owned(),
        name: id.to_owned(),
        risk: first.map_or(crate::model::Risk::Nhi2, |finding| finding.risk),
        severity: first.map_or(Severity::Medium, |finding| finding.base_severity),
        confidence: first.map_or(Confidence::Medium, |finding| finding.confidence),
        description: first.map(|finding| finding.why.to_string()).unwrap_or_default(),
        remediation: first.map(|finding| finding.remediation.to_string()).unwrap_or_default(),
        references: Vec::new(),
    }
}

fn rule(info: &RuleInfo) -> Rule {
    let risk = info.risk.id().split(':').next().unwrap_or_default().to_ascii_lowercase();
    let mut tags = vec![format!("external/owasp/{risk}"), "non-human-identity".to_owned(), "security".to_owned()];
    if info.kind == "rule" {
        // CWE-798: Use of Hard-coded Credentials; a detector finds values in the clear and nothing else.
        tags.push("external/cwe/cwe-798".to_owned());
    }
    tags.sort();
    Rule {
        id: info.id.clone(),
        name: message::required([&info.name, &info.id, ""], NAME),
        short_description: Text { text: message::required([&info.name, &info.id, ""], DESCRIPTION) },
        full_description: Text { text: message::required([&info.description, &info.name, &info.id], DESCRIPTION) },
        default_configuration: Configuration { level: level(info.severity) },
        help_uri: info.references.iter().find(|link| message::is_web_address(link)).cloned(),
        help: Help { text: message::help_text(info), markdown: message::help_markdown(info) },
        properties: RuleProperties {
            security_severity: security_severity(info.severity),
            precision: precision(info.confidence),
            tags,
        },
    }
}

fn result(finding: &Finding, anchor: &Anchor<'_>, index: &BTreeMap<&str, usize>, related: usize) -> SarifResult {
    let (primary, own) = match anchor {
        Anchor::Own(at) => (finding.locations.get(*at).map(|place| &**place), Some(*at)),
        Anchor::Naming(place) => (Some(*place), None),
    };
    let member = primary.filter(|place| own.is_some() && place.container.is_some());
    let elsewhere = if own.is_none() { finding.locations.first().map(|place| &**place) } else { member };
    let others: Vec<_> =
        finding.locations.iter().enumerate().filter(|(at, _)| Some(*at) != own).map(|(_, place)| place).collect();
    let unlisted = others.len().saturating_sub(related);
    SarifResult {
        rule_id: finding.id.clone(),
        rule_index: index.get(finding.id.as_str()).copied().unwrap_or_default(),
        kind: "fail",
        level: level(finding.severity),
        rank: finding.score.clamp(0, 100),
        message: Text { text: message::of_finding(finding, elsewhere, unlisted) },
        locations: primary.map(place::primary).into_iter().collect(),
        related_locations: others
            .into_iter()
            .take(related)
            .enumerate()
            .map(|(at, p)| place::related(at + 1, p))
            .collect(),
        partial_fingerprints: fingerprints(finding, primary.and_then(|place| place.line_hash.as_ref())),
        suppressions: suppressions(finding),
        properties: ResultProperties {
            score: finding.score,
            confidence: finding.confidence.as_str(),
            risk: finding.risk.id(),
            identity: finding.identity.as_ref().map(ToString::to_string),
        },
    }
}

fn fingerprints(finding: &Finding, line_hash: Option<&String>) -> BTreeMap<&'static str, String> {
    let mut out = BTreeMap::new();
    if let Some(hash) = line_hash {
        out.insert("primaryLocationLineHash", hash.clone());
    }
    if let Some(fingerprint) = &finding.fingerprint {
        out.insert("keyroll/secret/v1", fingerprint.clone());
    }
    if let Some(identity) = &finding.identity {
        // A hash, so that no account name or address becomes a fingerprint that others store.
        let digest = Sha256::digest(identity.as_str().as_bytes());
        out.insert("keyroll/identity/v1", data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or_default()));
    }
    out
}

fn suppressions(finding: &Finding) -> Vec<Suppression> {
    let Some(suppression) = &finding.suppressed else { return Vec::new() };
    let kind = match suppression.kind {
        SuppressionKind::Inline => "inSource",
        SuppressionKind::Config | SuppressionKind::Baseline => "external",
    };
    let justification = message::required([&suppression.reason, &suppression.by, "No reason given."], DESCRIPTION);
    vec![Suppression { kind, justification }]
}

/// What the run did not see and what this file leaves out.
fn notifications(report: &Report, unanchored: usize, cut: usize) -> Vec<Notification> {
    let mut out = Vec::new();
    if unanchored > 0 {
        out.push(notification(
            "not-in-checkout",
            "note",
            &format!(
                "Findings left out: {unanchored}. They lie only in git history or exports, where there is no \
                 line of the checkout to show them at. The JSON report has them."
            ),
        ));
    }
    if cut > 0 {
        out.push(notification(
            "results-cut",
            "warning",
            &format!(
                "Results left out: {cut}, those with the lowest scores. Code scanning shows {MAX_RESULTS} of a run."
            ),
        ));
    }
    for notice in report.notices.iter().take(MAX_NOTIFICATIONS) {
        let level = match notice.kind {
            NoticeKind::Gap => "warning",
            NoticeKind::Limit => "note",
        };
        let mut entry = notification(&notice.code, level, &notice.message);
        if let Some(path) = &notice.path {
            entry.locations.push(place::of_notice(path, notice.line, notice.column));
        }
        out.push(entry);
    }
    let rest = report.notices.len().saturating_sub(MAX_NOTIFICATIONS);
    if rest > 0 {
        out.push(notification("notices-cut", "note", &format!("Notices left out: {rest}. The JSON report has them.")));
    }
    out
}

fn notification(code: &str, level: &'static str, message: &str) -> Notification {
    Notification {
        descriptor: Descriptor { id: code.to_owned() },
        level,
        message: Text { text: message::required([message, code, ""], usize::MAX) },
        locations: Vec::new(),
    }
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

/// The level of one severity (SARIF §3.27.10).
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's number for a rule's severity: over 9.0 critical, from 7.0 high, from 4.0 medium, from 0.1 low.
fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("7.8"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.5"),
        Severity::Info => None,
    }
}

/// GitHub's word for how often a rule is right.
fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Confirmed => "very-high",
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}
