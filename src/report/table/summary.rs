//! What follows the findings: identities, notices, coverage, hints.

use super::listing::Listing;
use super::page::{Column, Ink, Page};
use super::tally::Tally;
use crate::model::{AuthMode, Identity, NoticeKind, Privilege, Report, SkipReason};
use crate::report::Style;
use crate::text::numbers::{count, grouped, size};

/// Identities listed unless all are asked for.
const IDENTITIES: usize = 15;
/// Notices listed unless all are asked for.
const NOTICES: usize = 10;

/// The identities with the highest scores.
pub(super) fn identities(page: &mut Page, report: &Report, listing: &Listing<'_>, style: &Style) {
    let all = &report.inventory.identities;
    if all.is_empty() {
        return;
    }
    let open = &listing.tally.open_of;
    let mut order: Vec<&Identity> = all.iter().collect();
    order.sort_by_key(|identity| (std::cmp::Reverse(identity.score.as_ref().map(|score| score.value)), &identity.id));
    let shown = if style.verbose { order.len() } else { IDENTITIES.min(order.len()) };
    page.heading("Identities");
    let rows: Vec<Vec<String>> = order
        .iter()
        .take(shown)
        .map(|identity| {
            vec![
                if identity.sample { format!("{} (sample)", identity.name) } else { identity.name.clone() },
                format!("{} {}", identity.provider, identity.kind.as_str()),
                auth(&identity.auth),
                privilege(identity.privilege).to_owned(),
                open.get(&identity.id).map_or_else(|| "0".to_owned(), |number| grouped(*number)),
                identity.score.as_ref().map_or_else(|| "–".to_owned(), |score| score.value.to_string()),
            ]
        })
        .collect();
    let name = page.width().saturating_sub(59).clamp(16, 60);
    let mut columns = vec![
        // Long names take further lines.
        Column::text("Identity", 16.min(name), name * 3),
        Column::text("Kind", 15, 40),
        Column::text("Authenticates", 11, 60),
        Column::text("Rights", 13, 13),
        Column::number("Open"),
        Column::number("Score"),
    ];
    // A narrow page keeps what identifies and what ranks.
    let mut rows = rows;
    let dropped = match page.width() {
        0..54 => 1..4,
        54..78 => 2..4,
        _ => 0..0,
    };
    columns.drain(dropped.clone());
    rows.iter_mut().for_each(|row| drop(row.drain(dropped.clone())));
    page.table(&columns, &rows);
    let rest = (order.len() - shown) as u64;
    if rest > 0 {
        page.flow(2, &[(Ink::Dim, &format!("+{} more: -v, or -f json", grouped(rest)))]);
    }
}

fn auth(modes: &[AuthMode]) -> String {
    let words: Vec<&str> = modes.iter().map(|mode| mode_name(*mode)).collect();
    if words.is_empty() { "not seen".to_owned() } else { words.join(", ") }
}

/// A way of authenticating in a word or two.
pub(in crate::report) fn mode_name(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::Static => "static",
        AuthMode::Referenced => "referenced",
        AuthMode::Federated => "federated",
        AuthMode::Instance => "instance",
        AuthMode::None => "none",
        AuthMode::Unknown => "not seen",
    }
}

/// A privilege in a word or two.
pub(in crate::report) fn privilege(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Unknown => "not seen",
        Privilege::None => "none",
        Privilege::ReadScoped => "read, scoped",
        Privilege::WriteScoped => "write, scoped",
        Privilege::WriteBroad => "write, broad",
        Privilege::Admin => "admin",
    }
}

/// What was not seen: gaps before limits.
pub(super) fn notices(page: &mut Page, report: &Report, style: &Style) {
    if report.notices.is_empty() {
        return;
    }
    page.heading("Gaps and limits");
    let mut order: Vec<_> = report.notices.iter().collect();
    order.sort_by_key(|notice| notice.kind);
    let shown = if style.verbose { order.len() } else { NOTICES.min(order.len()) };
    for notice in order.iter().take(shown) {
        let (word, ink) = match notice.kind {
            NoticeKind::Gap => ("gap", Ink::Alarm),
            NoticeKind::Limit => ("limit", Ink::Dim),
        };
        let mut place = notice.path.clone().unwrap_or_default();
        for number in [notice.line, notice.column].into_iter().flatten() {
            place = format!("{place}:{number}");
        }
        let code = format!("[{}]", notice.code);
        let runs = [(Ink::Path, place.as_str()), (Ink::Plain, &notice.message), (Ink::Dim, &code)];
        page.field(2, (ink, word), 6, &runs);
    }
    let rest = (order.len() - shown) as u64;
    if rest > 0 {
        page.flow(2, &[(Ink::Dim, &format!("+{} more: -v, or -f json", grouped(rest)))]);
    }
}

/// What was read, what was not, and against which date ages were measured.
pub(super) fn coverage(page: &mut Page, report: &Report) {
    let coverage = &report.coverage;
    let mut read = vec![count(coverage.files, "file", "files"), count(coverage.blobs, "unique blob", "unique blobs")];
    read.push(size(coverage.bytes));
    if coverage.commits > 0 || coverage.refs > 0 {
        let refs = count(coverage.refs, "ref", "refs");
        read.push(format!("{} on {refs}", count(coverage.commits, "commit", "commits")));
    }
    if coverage.history_blobs > 0 {
        let versions = count(coverage.history_blobs, "version of a file", "versions of files");
        read.push(format!("{versions} ({})", size(coverage.history_bytes)));
    }
    let roots: Vec<String> =
        coverage.roots.iter().take(3).map(|root| format!("{} ({})", root.path, root.kind)).collect();
    let more = coverage.roots.len().saturating_sub(3);
    let mut line = format!("{} in {}", read.join(", "), roots.join(", "));
    if more > 0 {
        line.push_str(&format!(" and {more} more"));
    }
    page.heading("Scanned");
    page.flow(2, &[(Ink::Plain, if roots.is_empty() { "nothing" } else { &line })]);
    let skipped: u64 = coverage.skipped.values().sum();
    if skipped > 0 {
        let reasons: Vec<String> = coverage
            .skipped
            .iter()
            .filter(|(_, number)| **number > 0)
            .map(|(reason, number)| format!("{} {}", grouped(*number), skip_name(*reason)))
            .collect();
        page.flow(2, &[(Ink::Plain, &format!("skipped {}: {}", count(skipped, "file", "files"), reasons.join(", ")))]);
    }
    let date = report.as_of.to_string();
    let date = date.get(..10).unwrap_or(&date);
    let dates = format!("ages as of {date} ({})", report.as_of_source);
    let key = format!("· fingerprint key {} ({})", report.key_id, report.key_source);
    let key = if report.key_id.is_empty() { String::new() } else { key };
    let config = report.tool.config.as_ref().map(|path| format!("· configuration {path}")).unwrap_or_default();
    page.flow(2, &[(Ink::Dim, &dates), (Ink::Dim, &key), (Ink::Dim, &config)]);
}

/// Why files were not scanned.
pub(in crate::report) fn skip_name(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Ignored => "ignored by git",
        SkipReason::Excluded => "excluded",
        SkipReason::TooLarge => "too large",
        SkipReason::Binary => "binary",
        SkipReason::Symlink => "symbolic links",
        SkipReason::Special => "not regular files",
        SkipReason::Unreadable => "unreadable",
        SkipReason::Empty => "empty",
    }
}

/// What to type next.
pub(super) fn hints(page: &mut Page, report: &Report, tally: &Tally<'_>, style: &Style) {
    if tally.open() == 0 && report.notices.is_empty() {
        return;
    }
    page.blank();
    if let Some(rule) = &tally.ignorable {
        let marker = format!("keyroll:ignore[{rule}] reason");
        page.flow(0, &[(Ink::Dim, "To accept a finding, put this in a comment on its line:")]);
        page.flow(2, &[(Ink::Bold, &marker)]);
    }
    if !style.verbose {
        page.flow(0, &[(Ink::Dim, "All places, evidence and notices: -v. Everything, for other tools: -f json.")]);
    }
}
