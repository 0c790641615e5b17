//! The first screen: what came out in one sentence, the numbers with their meaning, and what to do first.

use super::findings::{at_line, circumstances, first_sentence};
use super::listing::{Listing, TASKS};
use super::page::{Ink, Page};
use super::tally::{Tally, is_sample};
use crate::model::{Finding, NoticeKind, Report, Severity};
use crate::text::numbers::{count, grouped};

/// Columns of the labels beside the numbers.
const LABEL: usize = 12;

/// True when the run read nothing at all.
pub(in crate::report) fn nothing_scanned(report: &Report) -> bool {
    report.coverage.files == 0 && report.coverage.blobs == 0 && report.coverage.history_blobs == 0
}

/// Whatever makes the rest untrustworthy, then the outcome in a sentence, then the numbers.
pub(super) fn headline(page: &mut Page, report: &Report, listing: &Listing<'_>) {
    if nothing_scanned(report) {
        page.flow(0, &[(Ink::Alarm, "NOTHING WAS SCANNED."), (Ink::Plain, "This is not a clean result.")]);
        if listing.tally.open() == 0 {
            return;
        }
        page.blank();
    } else if report.incomplete {
        let gaps = report.notices.iter().filter(|notice| notice.kind == NoticeKind::Gap).count() as u64;
        let what = if report.coverage.interrupted {
            "the run was interrupted".to_owned()
        } else {
            format!("{} could not be read", count(gaps, "input", "inputs"))
        };
        let see = format!("{what}, see \"Gaps and limits\" below.");
        page.flow(0, &[(Ink::Alarm, "INCOMPLETE:"), (Ink::Plain, &see)]);
        page.blank();
    }
    match listing.tally.worst() {
        Some(worst) => outcome(page, &listing.tally, worst),
        None => page.flow(0, &[(Ink::Bold, &nothing_found(report, listing.tally.accepted))]),
    }
    page.blank();
    numbers(page, report);
}

/// What there is to say when no finding is open and so many are suppressed.
pub(in crate::report) fn nothing_found(report: &Report, accepted: u64) -> String {
    if report.incomplete {
        return "Nothing found in what could be read.".to_owned();
    }
    let coverage = &report.coverage;
    let mut read = Vec::new();
    if coverage.files > 0 {
        read.push(count(coverage.files, "file", "files"));
    }
    if coverage.commits > 0 {
        read.push(count(coverage.commits, "commit", "commits"));
    }
    if read.is_empty() {
        read.push(count(coverage.blobs, "unique blob", "unique blobs"));
    }
    let read = read.join(" and ");
    match accepted {
        0 => format!("Nothing found in {read}."),
        accepted => format!("Nothing open in {read}; {} suppressed.", count(accepted, "finding is", "findings are")),
    }
}

/// How many credentials lie open outside tests, what else there is, and the worst of it with its place.
fn outcome(page: &mut Page, tally: &Tally<'_>, worst: &Finding) {
    let total = tally.open();
    let sentence = tally.in_words();
    if tally.outside == 0 && worst.severity < Severity::High {
        page.lead(&[(Ink::Bold, &format!("{sentence}."))]);
        return;
    }
    let lead = match (is_sample(worst), total) {
        (_, 1) => format!("{sentence}:"),
        (true, _) => format!("{sentence}; the worst, in tests:"),
        (false, _) if tally.outside == 1 => format!("{sentence}:"),
        (false, _) => format!("{sentence}; the worst:"),
    };
    let title = &worst.title;
    let place = worst.locations.first().map(|place| at_line(&place.with(|place| place.column = 0)));
    match place.filter(|place| !place.is_empty()) {
        Some(place) => {
            let place = format!("({place}).");
            page.lead(&[(Ink::Bold, &lead), (Ink::Plain, title), (Ink::Path, &place)]);
        }
        None => page.lead(&[(Ink::Bold, &lead), (Ink::Plain, &format!("{title}."))]),
    }
}

/// The numbers of the headline, each with what it counts.
fn numbers(page: &mut Page, report: &Report) {
    let head = &report.headline;
    let identities = grouped(head.identities);
    let verb = if head.identities == 1 { "logs" } else { "log" };
    let meaning = format!("that {verb} in without a person: accounts, jobs, applications");
    page.field(0, (Ink::Dim, "identities"), LABEL, &[(Ink::Bold, &identities), (Ink::Plain, &meaning)]);
    if head.unattributed > 0 {
        let unattributed = count(head.unattributed, "credential", "credentials");
        let meaning = "without a known owner: nothing read tells whose";
        let runs = [(Ink::Plain, "and"), (Ink::Bold, unattributed.as_str()), (Ink::Plain, meaning)];
        page.field(0, (Ink::Dim, ""), LABEL, &runs);
    }
    let uses = [head.static_uses, head.referenced, head.federated];
    if uses.iter().any(|number| *number > 0) {
        let [fixed, named, exchanged] = uses.map(grouped);
        let modes = format!("static {fixed} : referenced {named} : federated {exchanged}");
        let meaning = "(secret in a file : secret fetched by name : short-lived token)";
        page.field(0, (Ink::Dim, "logins"), LABEL, &[(Ink::Bold, &modes)]);
        page.field(0, (Ink::Dim, ""), LABEL, &[(Ink::Dim, meaning)]);
    }
    severities(page, report);
    if let Some(score) = report.score {
        // The mean over all risks is low where one identity is as bad as can be, so that one stands beside it.
        let worst = report.inventory.identities.iter().filter_map(|i| i.score.as_ref()).map(|s| s.value).max();
        let worst = worst.map(|worst| format!("; worst identity {worst}")).unwrap_or_default();
        let all = format!("{score} of 100");
        let rest = format!("(0 is best) over the assessed risks{worst}");
        page.field(0, (Ink::Dim, "score"), LABEL, &[(Ink::Bold, &all), (Ink::Plain, &rest)]);
    }
}

fn severities(page: &mut Page, report: &Report) {
    let suppressed = report.headline.suppressed;
    let total: u64 = report.headline.findings.values().sum();
    if total == 0 && suppressed == 0 {
        return;
    }
    let found: Vec<(Severity, u64)> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|severity| report.headline.findings.get(severity).map(|number| (*severity, *number)))
        .filter(|(_, number)| *number > 0)
        .collect();
    let mut parts: Vec<(Ink, String)> = match found.len() {
        0 => vec![(Ink::Bold, "none open".to_owned())],
        1 => Vec::new(),
        _ => vec![(Ink::Bold, format!("{}:", grouped(total)))],
    };
    for (at, (severity, number)) in found.into_iter().enumerate() {
        let lead = if at > 0 { "· " } else { "" };
        parts.push((Ink::Severity(severity), format!("{lead}{} {}", grouped(number), severity.as_str())));
    }
    if suppressed > 0 {
        let meaning = "suppressed (accepted by a comment, baseline or setting)";
        parts.push((Ink::Dim, format!("· {} {meaning}", grouped(suppressed))));
    }
    let runs: Vec<(Ink, &str)> = parts.iter().map(|(ink, text)| (*ink, text.as_str())).collect();
    page.field(0, (Ink::Dim, "findings"), LABEL, &runs);
}

/// The first things to do, each once however many findings ask for it.
pub(super) fn tasks(page: &mut Page, listing: &Listing<'_>) {
    let (tasks, _) = listing.tally.tasks();
    if tasks.is_empty() {
        return;
    }
    page.heading("Do first");
    for (at, task) in tasks.iter().take(TASKS).enumerate() {
        let finding = task.first;
        let number = (at + 1).to_string();
        let severity = finding.severity.as_str().to_uppercase();
        let mut title = finding.title.clone();
        if task.alike > 0 {
            title.push_str(&format!(", and {} more like it", grouped(task.alike)));
        }
        let in_tests = match task.in_tests {
            0 => String::new(),
            number => format!("(and {} in tests)", grouped(number)),
        };
        let runs = [(Ink::Severity(finding.severity), severity.as_str()), (Ink::Bold, &title), (Ink::Dim, &in_tests)];
        page.field(2, (Ink::Bold, &number), 3, &runs);
        if let Some(place) = finding.locations.first() {
            let sample = if is_sample(finding) { "(in tests)" } else { "" };
            let runs = [(Ink::Path, at_line(place)), (Ink::Dim, circumstances(place)), (Ink::Dim, sample.to_owned())];
            page.flow(5, &runs.each_ref().map(|(ink, text)| (*ink, text.as_str())));
        }
        page.flow(5, &[(Ink::Plain, first_sentence(&finding.remediation))]);
    }
}
