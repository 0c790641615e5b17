//! What is different between two reports, for a person at a terminal.

use std::io;

use super::page::{Ink, Page};
use crate::model::Severity;
use crate::report::Style;
use crate::report::diff::{Change, Changes, Diff};
use crate::text::numbers::count;

/// Entries of a class; more are only counted.
const MOST: usize = 20;

/// Columns of the labels.
const COLUMN: usize = 14;

/// Writes the changes: what is worst first, and last how much stayed as it was.
///
/// # Errors
/// When `out` does not take it.
pub fn write(diff: &Diff, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(style);
    page.flow(0, &[(Ink::Bold, &outcome(diff))]);
    if diff.new.incomplete {
        page.flow(0, &[(Ink::Alarm, "The new report is incomplete: what it could not read is not compared.")]);
    }
    page.blank();
    for (name, changes) in kinds(diff) {
        page.field(0, (Ink::Dim, name), COLUMN, &[(Ink::Plain, &numbers(changes))]);
    }
    for (name, changes) in kinds(diff) {
        for (class, list) in changes.classes() {
            section(&mut page, name, class, list, style);
        }
    }
    out.write_all(page.into_text().as_bytes())
}

fn kinds(diff: &Diff) -> [(&'static str, &Changes); 3] {
    [("findings", &diff.findings), ("credentials", &diff.credentials), ("identities", &diff.identities)]
}

/// The answer in one sentence.
fn outcome(diff: &Diff) -> String {
    let f = &diff.findings;
    if diff.is_empty() {
        return "Nothing changed.".to_owned();
    }
    let told = [
        (f.new.len(), "new finding", "new findings"),
        (f.worsened.len(), "got worse", "got worse"),
        (f.rotated.len(), "has another value", "have other values"),
        (f.resolved.len(), "is resolved", "are resolved"),
    ];
    let parts: Vec<String> =
        told.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(*n as u64, one, many)).collect();
    if parts.is_empty() { "No finding is new or worse.".to_owned() } else { format!("{}.", parts.join(", ")) }
}

fn numbers(changes: &Changes) -> String {
    let mut parts: Vec<String> = changes
        .classes()
        .iter()
        .filter(|(_, l)| !l.is_empty())
        .map(|(class, l)| format!("{} {class}", l.len()))
        .collect();
    parts.push(format!("{} unchanged", changes.unchanged));
    parts.join(" · ")
}

fn section(page: &mut Page, name: &str, class: &str, list: &[Change], style: &Style) {
    if list.is_empty() {
        return;
    }
    let mut title = format!("{class} {name}");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    page.heading(&title);
    let most = if style.verbose { usize::MAX } else { MOST };
    for change in list.iter().take(most) {
        entry(page, change, name, style.verbose);
    }
    if list.len() > most {
        page.flow(2, &[(Ink::Dim, &format!("+{} more: -v, or -f json", list.len() - most))]);
    }
}

fn entry(page: &mut Page, change: &Change, kind: &str, verbose: bool) {
    let severity = change.severity.as_str().to_uppercase();
    let score = match (change.old_score, change.new_score) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (Some(one), _) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    };
    let (label, ink) = match change.severity {
        Severity::Info => ("–", Ink::Dim),
        severity => (severity.as_str(), Ink::Severity(severity)),
    };
    let label = if label == "–" { label.to_owned() } else { severity };
    let mut runs = vec![(Ink::Plain, change.title.as_str())];
    if let Some(place) = &change.place {
        runs.push((Ink::Path, place));
    }
    if let Some(preview) = &change.preview {
        runs.push((Ink::Dim, preview));
    }
    let column = 20;
    page.field(2, (ink, &format!("{label} {score}")), column - 2, &runs);
    let id = if kind == "findings" { format!("[{}]", change.id) } else { change.id.clone() };
    let mut more: Vec<&str> = Vec::new();
    if verbose || kind != "findings" {
        more.push(&id);
    }
    if !change.why.is_empty() {
        more.push(&change.why);
    }
    let repositories = format!("in {}", change.repositories_in_words());
    if !change.repositories.is_empty() {
        more.push(&repositories);
    }
    if !more.is_empty() {
        page.flow(column, &[(Ink::Dim, &more.join(" · "))]);
    }
}
