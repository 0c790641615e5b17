//! One report that has every feature of the model, for the tests of all outputs. Its dates, counts and names are
//! invented; its hostile names are what a scanned repository may contain.

mod findings;
mod inventory;

use std::collections::BTreeMap;

use keyroll::model::{
    Coverage, Headline, IdentityKey, Inventory, Location, LocationData, Notice, NoticeKind, Report, Risk, RiskStatus,
    RiskSummary, Root, SkipReason, ToolInfo,
};

pub use findings::finding;
use findings::findings;
use inventory::inventory;

/// A name that tries to colour, to clear the screen, to reorder, to inject HTML, a SARIF link and a placeholder.
pub const HOSTILE: &str =
    "evil\u{1b}[31m\u{9b}2J\u{202e}gpj\u{200b}.exe<script>alert(1)</script>[x](https://example.org){0}\r\nINCOMPLETE";

const COMMIT: &str = "4f9a0c2d7b1e83a56c0d94e27f318b6a5d02c9e1";
const BLOB: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// The report.
pub fn report() -> Report {
    let findings = findings();
    let mut by_severity = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        *by_severity.entry(finding.severity).or_insert(0) += 1;
    }
    let suppressed = findings.iter().filter(|finding| finding.suppressed.is_some()).count() as u64;
    let inventory = inventory();
    let unattributed = inventory.credentials.iter().filter(|c| c.identity.is_none()).count() as u64;
    Report {
        schema: Report::SCHEMA.into(),
        tool: ToolInfo {
            name: "keyroll".into(),
            version: "0.1.0".into(),
            config: Some(".keyroll.yml".into()),
            config_hash: Some("00".repeat(32)),
        },
        key_id: "0123456789abcdef".into(),
        key_source: "repository".into(),
        as_of: "2026-11-25T00:00:00Z".parse().unwrap(),
        as_of_source: "export".into(),
        incomplete: true,
        coverage: coverage(),
        headline: Headline {
            identities: inventory.identities.len() as u64,
            unattributed,
            static_uses: 7,
            referenced: 12,
            federated: 3,
            findings: by_severity,
            suppressed,
        },
        inventory,
        findings,
        risks: risks(),
        score: Some(58),
        notices: notices(),
        parts: Vec::new(),
        unmerged: None,
    }
}

/// A report of a scan that found nothing.
pub fn clean() -> Report {
    let mut report = empty();
    report.coverage = coverage();
    report
}

/// A report of a scan that read nothing.
pub fn empty() -> Report {
    let full = report();
    Report {
        incomplete: false,
        coverage: Coverage::default(),
        headline: Headline::default(),
        inventory: Inventory::default(),
        findings: Vec::new(),
        risks: Vec::new(),
        score: None,
        notices: Vec::new(),
        ..full
    }
}

pub fn key(provider: &str, kind: &str, name: &str) -> IdentityKey {
    IdentityKey::new(provider, kind, name)
}

fn ci_user() -> IdentityKey {
    key("aws", "user", "arn:aws:iam::123456789012:user/ci-deploy")
}

fn deploy_role() -> IdentityKey {
    key("aws", "role", "arn:aws:iam::123456789012:role/deploy")
}

fn job() -> IdentityKey {
    key("github", "ci-job", "acme/shop/.github/workflows/deploy.yml#release")
}

fn robot() -> IdentityKey {
    key("gcp", "service-account", "robot@acme-prod.iam.gserviceaccount.com")
}

fn hostile() -> IdentityKey {
    key("kubernetes", "service-account", &format!("default/{HOSTILE}"))
}

/// A place in the checkout.
pub fn at(path: &str, line: u64, column: u64, end_column: u64) -> Location {
    Location::from(LocationData {
        path: path.into(),
        line,
        column,
        end_line: line,
        end_column,
        in_head: true,
        blob: Some(BLOB.into()),
        line_hash: Some(format!("{:x}:1", 0x00c0_ffee_0000_0000_u64 + line * 4096 + column)),
        ..LocationData::default()
    })
}

fn in_history(path: &str, line: u64) -> Location {
    at(path, line, 14, 54).with(|place| {
        place.commit = Some(COMMIT.into());
        place.time = Some("2024-03-01T09:30:00Z".parse().unwrap());
        place.in_head = false;
    })
}

fn in_export(path: &str, pointer: &str) -> Location {
    Location::from(LocationData {
        path: path.into(),
        in_head: true,
        blob: Some(BLOB.into()),
        pointer: Some(pointer.into()),
        ..LocationData::default()
    })
}

fn risks() -> Vec<RiskSummary> {
    let numbers = [
        (RiskStatus::NotAssessed, 0, 0),
        (RiskStatus::Assessed, 7, 7),
        (RiskStatus::Assessed, 1, 1),
        (RiskStatus::Assessed, 0, 6),
        (RiskStatus::Partly, 1, 2),
        (RiskStatus::Assessed, 1, 1),
        (RiskStatus::Assessed, 1, 4),
        (RiskStatus::Partly, 0, 2),
        (RiskStatus::Assessed, 0, 7),
        (RiskStatus::NotAssessed, 0, 0),
    ];
    Risk::ALL
        .into_iter()
        .zip(numbers)
        .enumerate()
        .map(|(at, (risk, (status, affected, assessable)))| RiskSummary {
            risk,
            title: risk.title().into(),
            status,
            why: match status {
                RiskStatus::Assessed => String::new(),
                RiskStatus::Partly => {
                    "2 of 7 identities are in an export; add `aws iam get-account-authorization-details`".into()
                }
                RiskStatus::NotAssessed => "needs a list of members: --members FILE".into(),
            },
            affected,
            assessable,
            score: (status != RiskStatus::NotAssessed).then_some(if affected == 0 { 0 } else { 19 + 4 * at as i32 }),
        })
        .collect()
}

fn notices() -> Vec<Notice> {
    vec![
        Notice {
            kind: NoticeKind::Gap,
            code: "malformed".into(),
            path: Some("k8s/broken.yaml".into()),
            line: Some(7),
            column: Some(3),
            message: "Not YAML from here on: a mapping value is not allowed here. Mend the file and scan again.".into(),
        },
        Notice {
            kind: NoticeKind::Gap,
            code: "unreadable".into(),
            path: Some(format!("data/{HOSTILE}")),
            line: None,
            column: None,
            message: "Permission denied.".into(),
        },
        Notice {
            kind: NoticeKind::Limit,
            code: "shallow".into(),
            path: None,
            line: None,
            column: None,
            message: "The clone is shallow, so history before 2024-01-01 was not seen. Run `git fetch --unshallow`."
                .into(),
        },
    ]
}

fn coverage() -> Coverage {
    Coverage {
        roots: vec![Root { path: ".".into(), kind: "repository".into(), head: Some(COMMIT.into()), ..Root::default() }],
        refs: 3,
        commits: 1204,
        history_blobs: 0,
        history_bytes: 0,
        blobs: 5321,
        files: 412,
        bytes: 18_874_368,
        skipped: BTreeMap::from([(SkipReason::Ignored, 31), (SkipReason::TooLarge, 1), (SkipReason::Binary, 17)]),
        interrupted: false,
    }
}
