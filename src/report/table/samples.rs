//! Findings in tests, examples and documentation: many, and rarely urgent, so each gets a line and each rule one reason.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr as _;

use super::findings::{TITLE, Told, at_line, circumstances, finding_in_full, reason, title};
use super::listing::Listing;
use super::page::{Ink, Page};
use crate::model::{Finding, Report};
use crate::report::Style;
use crate::text::numbers::{count, grouped};

/// One section for all of them, by rule, in the order of the most important finding of each.
pub(super) fn section(page: &mut Page, report: &Report, listing: &Listing<'_>, style: &Style, told: &mut Told) {
    if listing.samples.is_empty() {
        return;
    }
    page.heading("In tests, examples and documentation");
    let names: BTreeMap<&str, &str> =
        report.inventory.rules.iter().map(|rule| (rule.id.as_str(), rule.name.as_str())).collect();
    for alike in &listing.samples {
        let findings = &alike.findings;
        let Some(first) = findings.first() else { continue };
        // Without a name the id stands for it: a title may begin with a name out of the scanned files.
        let name = names.get(first.id.as_str()).copied().unwrap_or(&first.id);
        let number = format!("· {}", count(alike.number, "finding", "findings"));
        let risk = format!("· {} {}", first.risk.id(), first.risk.title());
        let id = if name == first.id { String::new() } else { format!("· {}", first.id) };
        page.blank();
        page.lead(&[(Ink::Bold, name), (Ink::Dim, &number), (Ink::Dim, &id), (Ink::Dim, &risk)]);
        if style.verbose {
            findings.iter().for_each(|finding| finding_in_full(page, finding, style, told));
            continue;
        }
        findings.iter().for_each(|finding| short(page, finding, name));
        let rest = alike.number - findings.len() as u64;
        if rest > 0 {
            page.flow(2, &[(Ink::Dim, &format!("+{} more: -v, or -f json", grouped(rest)))]);
        }
        reason(page, first, style, told);
    }
}

/// Severity, title when it says more than the rule's name, first place; value and holder beside it or beneath it.
fn short(page: &mut Page, finding: &Finding, name: &str) {
    let mut runs: Vec<(Ink, String)> = Vec::new();
    let more = finding.title.strip_prefix(name).unwrap_or(&finding.title).trim_start();
    if !more.is_empty() && !more.starts_with("of ") {
        runs.push((Ink::Plain, more.to_owned()));
    }
    if let Some(place) = finding.locations.first() {
        runs.push((Ink::Path, at_line(place)));
        runs.push((Ink::Dim, circumstances(place)));
    }
    let places = finding.locations.len().saturating_sub(1) as u64;
    if places > 0 {
        runs.push((Ink::Dim, format!("(+{} more)", grouped(places))));
    }
    let mut beside: Vec<(Ink, String)> = Vec::new();
    beside.extend(finding.preview.iter().map(|preview| (Ink::Plain, preview.clone())));
    beside.extend(more.starts_with("of ").then(|| (Ink::Dim, more.to_owned())));
    let all: Vec<&str> = runs.iter().chain(&beside).map(|(_, text)| text.as_str()).filter(|t| !t.is_empty()).collect();
    if 2 + TITLE + all.join(" ").width() <= page.width() {
        runs.append(&mut beside);
    }
    title(page, finding.severity, finding.score, &texts(&runs));
    if !beside.is_empty() {
        page.field(2, (Ink::Dim, ""), TITLE, &texts(&beside));
    }
}

fn texts(runs: &[(Ink, String)]) -> Vec<(Ink, &str)> {
    runs.iter().map(|(ink, text)| (*ink, text.as_str())).collect()
}
