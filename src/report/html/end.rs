//! The end of the page: what was read and what was not, and what the words mean.

use super::facts::Facts;
use super::words;
use super::writer::Html;
use crate::model::{Coverage, Notice, NoticeKind, Report, Severity};
use crate::report::table::summary::skip_name;
use crate::text::numbers::{count, grouped, size};

/// Notices of one kind.
const NOTICES: usize = 200;
/// Roots listed.
const ROOTS: usize = 100;

/// What was read, what was not, and against which date ages were measured.
pub(super) fn coverage(html: &mut Html, facts: &Facts<'_>) {
    let report = facts.report;
    html.within("section", &[("id", "coverage"), ("aria-labelledby", "coverage-h")], |html| {
        html.leaf("h2", &[("id", "coverage-h")], "What was read, and what was not");
        html.within("dl", &[("class", "about")], |html| {
            fact(html, "Read", |html| html.text(&read(&report.coverage)));
            let skipped: u64 = report.coverage.skipped.values().sum();
            if skipped > 0 {
                let reasons: Vec<String> = (report.coverage.skipped.iter())
                    .filter(|(_, number)| **number > 0)
                    .map(|(reason, number)| format!("{} {}", grouped(*number), skip_name(*reason)))
                    .collect();
                let text = format!("{}: {}", count(skipped, "file", "files"), reasons.join(", "));
                fact(html, "Skipped", |html| html.text(&text));
            }
            fact(html, "Roots", |html| {
                html.within("ul", &[], |html| {
                    let roots = &report.coverage.roots;
                    let shown = roots.len().min(facts.cap(ROOTS));
                    for root in roots.iter().take(shown) {
                        html.within("li", &[], |html| {
                            html.leaf("code", &[], &root.path);
                            html.text(&format!(" {}", root.kind));
                            if let Some(remote) = &root.remote {
                                html.text(&format!(" {remote}"));
                            }
                            if let Some(label) = root.label.as_ref().filter(|label| **label != root.path) {
                                html.text(", paths begin with ");
                                html.leaf("code", &[], label);
                            }
                            if let Some(head) = &root.head {
                                let head: String = head.chars().take(12).collect();
                                html.leaf("small", &[], &format!(" at {head}"));
                            }
                        });
                    }
                    words::more(html, "li", roots.len() - shown);
                    if roots.is_empty() {
                        html.leaf("li", &[], "none");
                    }
                });
            });
            let formats: Vec<String> =
                report.inventory.formats_read.iter().map(|(id, number)| format!("{id} {}", grouped(*number))).collect();
            if !formats.is_empty() {
                fact(html, "Formats", |html| html.text(&formats.join(", ")));
            }
            if !report.parts.is_empty() {
                fact(html, "Merged of", |html| html.text(&merged(report)));
            }
            fact(html, "Ages as of", |html| {
                html.text(&format!("{} ({})", words::day(report.as_of), report.as_of_source))
            });
            if !report.key_id.is_empty() {
                fact(html, "Fingerprint key", |html| html.text(&format!("{} ({})", report.key_id, report.key_source)));
            }
            if let Some(config) = &report.tool.config {
                fact(html, "Configuration", |html| html.leaf("code", &[], config));
            }
        });
        let of = |kind| report.notices.iter().filter(move |notice| notice.kind == kind).collect::<Vec<_>>();
        let gaps = "Inputs that should have been read and were not. They make the report incomplete.";
        notices(html, facts, "Gaps", gaps, &of(NoticeKind::Gap));
        let limits = "Limits that a setting or the clone declared.";
        notices(html, facts, "Limits", limits, &of(NoticeKind::Limit));
    });
}

fn fact(html: &mut Html, name: &str, inside: impl FnOnce(&mut Html)) {
    html.leaf("dt", &[], name);
    html.within("dd", &[], inside);
}

fn read(coverage: &Coverage) -> String {
    let mut read = vec![
        count(coverage.files, "file", "files"),
        count(coverage.blobs, "unique blob", "unique blobs"),
        size(coverage.bytes),
    ];
    if coverage.commits > 0 || coverage.refs > 0 {
        let refs = count(coverage.refs, "ref", "refs");
        read.push(format!("{} on {refs}", count(coverage.commits, "commit", "commits")));
    }
    if coverage.history_blobs > 0 {
        let versions = count(coverage.history_blobs, "version of a file", "versions of files");
        read.push(format!("{versions} ({})", size(coverage.history_bytes)));
    }
    read.join(", ")
}

/// How many reports this one was merged of, of when, and how many of them are incomplete.
fn merged(report: &Report) -> String {
    let mut text = count(report.parts.len() as u64, "report", "reports");
    let times = || report.parts.iter().map(|part| part.as_of);
    if let (Some(first), Some(last)) = (times().min(), times().max()) {
        let (first, last) = (words::day(first), words::day(last));
        text.push_str(&if first == last { format!(" of {first}") } else { format!(" of {first} to {last}") });
    }
    let incomplete = report.parts.iter().filter(|part| part.incomplete).count() as u64;
    if incomplete > 0 {
        text.push_str(&format!("; {}", count(incomplete, "is incomplete", "are incomplete")));
    }
    text
}

fn notices(html: &mut Html, facts: &Facts<'_>, title: &str, note: &str, notices: &[&Notice]) {
    if notices.is_empty() {
        return;
    }
    html.within("h3", &[], |html| {
        html.text(title);
        html.leaf("span", &[("class", "n")], &format!(" {}", grouped(notices.len() as u64)));
    });
    html.leaf("p", &[("class", "dim")], note);
    let shown = notices.len().min(facts.cap(NOTICES));
    html.within("ul", &[("class", "lines")], |html| {
        for notice in notices.iter().take(shown) {
            html.within("li", &[], |html| {
                html.leaf("b", &[], &notice.code);
                html.text(" ");
                if let Some(path) = &notice.path {
                    let mut place = path.clone();
                    for number in [notice.line, notice.column].into_iter().flatten() {
                        place = format!("{place}:{number}");
                    }
                    html.leaf("code", &[], &place);
                    html.text(" ");
                }
                html.text(&notice.message);
            });
        }
        words::more(html, "li", notices.len() - shown);
    });
}

/// What the words of this page mean.
pub(super) fn glossary(html: &mut Html) {
    let entries = [
        (
            "Severity",
            "How bad a finding is: the band of its score. Critical from 91, high from 70, medium from 40, low below.",
        ),
        (
            "Confidence",
            "How sure it is that a finding is what it says, apart from how bad that would be. Confirmed means proved \
             offline, by a checksum or a structure that chance does not make.",
        ),
        (
            "Score of an identity",
            "100 × validity × likelihood × magnitude, and no less than its worst open finding. The interval is what the \
             score would be with every unknown at its best and at its worst.",
        ),
        (
            "Static, referenced, federated",
            "A long-lived secret that stands in a file; one that is fetched by name from a store; a short-lived token \
             that is exchanged for proof of what the workload is. The last is what to aim for.",
        ),
        (
            "Not assessed, not seen",
            "No input told. It is never counted as safe, and the missing input is named where a command makes it.",
        ),
        (
            "Value",
            "At most the first four characters. The fingerprint is keyed, so equal ones mean equal values and nothing \
             leads back.",
        ),
    ];
    html.within("section", &[("id", "words"), ("aria-labelledby", "words-h")], |html| {
        html.leaf("h2", &[("id", "words-h")], "What the words mean");
        html.within("dl", &[("class", "glossary")], |html| {
            for (word, meaning) in entries {
                fact(html, word, |html| {
                    if word == "Severity" {
                        for severity in Severity::ALL.into_iter().rev().filter(|severity| *severity > Severity::Info) {
                            words::severity(html, severity);
                            html.text(" ");
                        }
                    }
                    html.text(meaning);
                });
            }
        });
    });
}

/// What made this.
pub(super) fn footer(html: &mut Html, report: &Report) {
    html.leaf(
        "p",
        &[],
        &format!(
            "{} {}. Made offline from {}; this page asks nothing of a network.",
            report.tool.name, report.tool.version, report.schema
        ),
    );
}
