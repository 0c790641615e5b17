//! What is different between two reports, for job summaries and comments.

use std::io;

use super::{Change, Changes, Diff};
use crate::report::Style;
use crate::report::markdown::plain;

/// Rows of a class; more are only counted.
const ROWS: usize = 50;

/// Writes the changes as Markdown.
///
/// # Errors
/// When `out` does not take it.
pub fn write(diff: &Diff, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "### keyroll: {}\n", if diff.is_empty() { "nothing changed" } else { "what changed" })?;
    if diff.new.incomplete {
        writeln!(out, "**Incomplete:** the new report did not read everything, and what it missed is not compared.\n")?;
    }
    writeln!(out, "| | New | Worse | Rotated | Resolved | Better | Not observed | Unchanged |")?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let kinds = [("Findings", &diff.findings), ("Credentials", &diff.credentials), ("Identities", &diff.identities)];
    for (name, changes) in kinds {
        let numbers: Vec<String> = changes.classes().iter().map(|(_, l)| l.len().to_string()).collect();
        writeln!(out, "| {name} | {} | {} |", numbers.join(" | "), changes.unchanged)?;
    }
    for (name, changes) in kinds {
        tables(name, changes, style, out)?;
    }
    Ok(())
}

fn tables(name: &str, changes: &Changes, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let rows = if style.verbose { usize::MAX } else { ROWS };
    for (class, list) in changes.classes().into_iter().filter(|(_, list)| !list.is_empty()) {
        writeln!(out, "\n#### {name}: {class}\n\n| Severity | Score | What | Where | Value |\n|---|---|---|---|---|")?;
        for change in list.iter().take(rows) {
            writeln!(out, "{}", row(change))?;
        }
        if list.len() > rows {
            writeln!(out, "\n{} more in `-f json`.", list.len() - rows)?;
        }
    }
    Ok(())
}

fn row(change: &Change) -> String {
    let score = match (change.old_score, change.new_score) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (Some(one), _) | (None, Some(one)) => one.to_string(),
        (None, None) => String::new(),
    };
    let text = |t: &Option<String>| t.as_deref().map(plain).unwrap_or_default();
    let why = if change.why.is_empty() { String::new() } else { format!("<br>{}", plain(&change.why)) };
    let (severity, title, id) = (change.severity.as_str(), plain(&change.title), plain(&change.id));
    let repositories = match plain(&change.repositories_in_words()) {
        none if none.is_empty() => none,
        names => format!("<br>in {names}"),
    };
    let place = text(&change.place);
    format!("| {severity} | {score} | {title}<br>{id}{why} | {place}{repositories} | {} |", text(&change.preview))
}
