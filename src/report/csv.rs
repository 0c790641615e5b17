//! `csv` and `csv-identities`: tables for spreadsheets and databases, quoted as RFC 4180 says, with a header line.
//!
//! A cell that begins as a formula does gets an apostrophe before it, which makes it text for every spreadsheet and leaves
//! what it says (<https://owasp.org/www-community/attacks/CSV_Injection>). Control characters are shown as escapes, so no
//! cell has more than one line.

pub(in crate::report) mod origin;

use std::collections::{BTreeMap, HashMap};
use std::io;

use self::origin::Origins;
use super::{Reporter, Style};
use crate::model::{
    AuthMode, ControlCard, EnvironmentClass, Human, Identity, IdentityKey, Privilege, Severity, Status, View, When,
};
use crate::text::escape;

/// Findings, one a line, with the first of their places.
pub const FINDINGS: Reporter = Reporter {
    id: "csv",
    extension: "csv",
    about: "Findings as a table, one a line, for spreadsheets",
    write: findings,
};

/// Identities, one a line.
pub const IDENTITIES: Reporter = Reporter {
    id: "csv-identities",
    extension: "csv",
    about: "Identities as a table, one a line, for spreadsheets",
    write: identities,
};

/// A text of a stranger as a cell: one line, and no formula.
fn cell(text: &str) -> String {
    let shown = escape::terminal(text);
    // The full-width forms are formulas in East Asian spreadsheets; tab and line ends are escapes by now.
    let formula = shown.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if formula { format!("'{shown}") } else { shown }
}

fn optional(text: Option<&str>) -> String {
    text.map(cell).unwrap_or_default()
}

fn table(out: &mut dyn io::Write, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    writer.write_record(header).map_err(as_io)?;
    for row in rows {
        writer.write_record(row).map_err(as_io)?;
    }
    writer.flush()
}

/// The error itself: one wrapped would hide that a pipe was closed.
fn as_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn findings(report: View<'_>, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let header = [
        "id",
        "risk",
        "severity",
        "score",
        "confidence",
        "title",
        "repository",
        "path",
        "line",
        "column",
        "places",
        "commit",
        "time",
        "in_head",
        "identity",
        "credential",
        "preview",
        "fingerprint",
        "suppressed",
        "reason",
        "remediation",
    ];
    let origins = Origins::of(report.head());
    let rows = report.findings().map(|f| {
        let place = f.locations.first().filter(|l| !l.path.is_empty());
        let number = |n: Option<u64>| n.filter(|n| *n > 0).map(|n| n.to_string()).unwrap_or_default();
        vec![
            cell(&f.id),
            f.risk.id().to_owned(),
            f.severity.as_str().to_owned(),
            f.score.to_string(),
            f.confidence.as_str().to_owned(),
            cell(&f.title),
            optional(place.and_then(|l| origins.of_place(l))),
            optional(place.map(|l| l.file()).as_deref()),
            number(place.map(|l| l.line)),
            number(place.map(|l| l.column)),
            f.locations.iter().filter(|l| !l.path.is_empty()).count().to_string(),
            optional(place.and_then(|l| l.commit.as_deref())),
            place.and_then(|l| l.time).map(|t| t.to_string()).unwrap_or_default(),
            place.map(|l| l.in_head.to_string()).unwrap_or_default(),
            optional(f.identity.as_ref().map(|key| key.as_str())),
            optional(f.credential.as_deref()),
            optional(f.preview.as_deref()),
            optional(f.fingerprint.as_deref()),
            f.suppressed.is_some().to_string(),
            optional(
                f.suppressed.as_ref().map(|s| if s.reason.is_empty() { s.by.as_str() } else { s.reason.as_str() }),
            ),
            cell(&f.remediation.replace('\n', " ")),
        ]
    });
    table(out, &header, rows)
}

/// What stands at a date: the moment, or the word for not having one.
pub(super) fn when(when: When) -> String {
    match when {
        When::At(time) => time.to_string(),
        When::Never => "never".to_owned(),
        When::Unknown => "unknown".to_owned(),
        When::NotApplicable => "not-applicable".to_owned(),
        When::Unsupported => "unsupported".to_owned(),
    }
}

/// Open findings and the worst of them, exposures and credentials of an identity.
#[derive(Default)]
struct Counts {
    findings: u64,
    worst: Option<Severity>,
    credentials: u64,
    exposed: u64,
}

fn counts(report: View<'_>) -> BTreeMap<IdentityKey, Counts> {
    let mut out: BTreeMap<IdentityKey, Counts> = BTreeMap::new();
    let mut owned: HashMap<String, IdentityKey> = HashMap::new();
    for credential in report.credentials() {
        if let Some(id) = &credential.identity {
            out.entry(id.clone()).or_default().credentials += 1;
            owned.insert(credential.id.clone(), id.clone());
        }
    }
    for e in report.exposures().filter(|e| e.suppressed.is_none() && e.base_severity > Severity::Info) {
        if let Some(counts) = owned.get(&e.credential).and_then(|id| out.get_mut(id)) {
            counts.exposed += 1;
        }
    }
    for finding in report.findings().filter(|f| f.suppressed.is_none()) {
        if let Some(id) = &finding.identity {
            let counts = out.entry(id.clone()).or_default();
            counts.findings += 1;
            counts.worst = counts.worst.max(Some(finding.severity));
        }
    }
    out
}

fn identities(report: View<'_>, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let header = [
        "id",
        "provider",
        "kind",
        "name",
        "account",
        "human",
        "status",
        "created",
        "last_used",
        "owner",
        "environment",
        "privilege",
        "auth",
        "sample",
        "score",
        "score_low",
        "score_high",
        "credentials",
        "exposures",
        "findings",
        "worst",
        "dedicated",
        "short_lived",
        "bound",
        "automated",
        "rotated",
        "revocable",
        "owned",
        "logged",
        "repository",
        "path",
        "line",
    ];
    let counts = counts(report);
    let origins = Origins::of(report.head());
    let nothing = Counts::default();
    let rows = report.head().inventory.identities.iter().map(|i| {
        let counts = counts.get(&i.id).unwrap_or(&nothing);
        let mut row = about(i);
        let numbers = [counts.credentials, counts.exposed, counts.findings];
        row.extend(numbers.iter().map(u64::to_string));
        row.push(counts.worst.map(|s| s.as_str().to_owned()).unwrap_or_default());
        row.extend(controls(i.controls.as_deref()));
        let place = i.locations.first().filter(|l| !l.path.is_empty());
        row.push(optional(place.and_then(|l| origins.of_place(l))));
        row.push(optional(place.map(|l| l.file()).as_deref()));
        row.push(place.filter(|l| l.line > 0).map(|l| l.line.to_string()).unwrap_or_default());
        row
    });
    table(out, &header, rows)
}

fn about(i: &Identity) -> Vec<String> {
    let score =
        |pick: fn(&crate::model::Score) -> i32| i.score.as_ref().map(|s| pick(s).to_string()).unwrap_or_default();
    let auth: Vec<&str> = i.auth.iter().map(|mode| auth(*mode)).collect();
    vec![
        cell(i.id.as_str()),
        cell(&i.provider),
        i.kind.as_str().to_owned(),
        cell(&i.name),
        optional(i.account.as_deref()),
        match i.human {
            Human::Yes => "yes",
            Human::No => "no",
            Human::Maybe => "maybe",
        }
        .to_owned(),
        match i.status {
            Status::Unknown => "unknown",
            Status::Active => "active",
            Status::Inactive => "inactive",
            Status::Deleted => "deleted",
        }
        .to_owned(),
        when(i.created),
        when(i.last_used),
        optional(i.owner.as_deref()),
        match i.environment.class {
            EnvironmentClass::Unknown => "unknown",
            EnvironmentClass::Prod => "prod",
            EnvironmentClass::Nonprod => "nonprod",
        }
        .to_owned(),
        privilege(i.privilege).to_owned(),
        auth.join(" "),
        i.sample.to_string(),
        score(|s| s.value),
        score(|s| s.low),
        score(|s| s.high),
    ]
}

fn privilege(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Unknown => "unknown",
        Privilege::None => "none",
        Privilege::ReadScoped => "read-scoped",
        Privilege::WriteScoped => "write-scoped",
        Privilege::WriteBroad => "write-broad",
        Privilege::Admin => "admin",
    }
}

fn auth(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::Static => "static",
        AuthMode::Referenced => "referenced",
        AuthMode::Federated => "federated",
        AuthMode::Instance => "instance",
        AuthMode::None => "none",
        AuthMode::Unknown => "unknown",
    }
}

/// The answers of a control card, in the order of the header.
fn controls(card: Option<&ControlCard>) -> Vec<String> {
    let Some(c) = card else { return vec![String::new(); 8] };
    [&c.dedicated, &c.short_lived, &c.bound, &c.automated, &c.rotated, &c.revocable, &c.owned, &c.logged]
        .into_iter()
        .map(|answer| cell(&answer.answer))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_as_a_formula_does_and_each_says_what_it_said() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "\n-1"] {
            let got = cell(text);
            assert!(!got.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{got:?}");
            assert!(got.ends_with('1') || got.ends_with(')'), "{got:?}");
        }
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell("a\u{1b}[31m"), "a\\x1b[31m");
    }
}
