//! `markdown`: for job summaries and comments on change requests.

use std::io;

use super::csv::origin::Origins;
use super::{Reporter, Style};
use crate::model::{Finding, NoticeKind, View};
use crate::text::escape;
use crate::text::numbers::count;

/// Markdown as GitHub, GitLab and others show it.
pub const REPORTER: Reporter =
    Reporter { id: "markdown", extension: "md", about: "Markdown for job summaries and comments", write };

/// Findings in the table; more are only counted.
const ROWS: usize = 50;
/// Bytes of the rows, and of the notices: a comment on GitHub takes 65,536 characters, and names of strangers may be long.
const ROOM: usize = 45_000;
const NOTICES_ROOM: usize = 12_000;
/// Notices listed.
const NOTICES: usize = 20;

/// A text of a stranger as plain text: nothing in it is markup, a link, a mention or a character that acts on what shows it.
#[must_use]
pub fn plain(text: &str) -> String {
    let shown = escape::terminal(&text.replace(['\n', '\r'], " "));
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A mention or a reference to an issue would tell people who have nothing to do with it.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    // A bare address becomes a link by itself.
    out.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
}

fn write(view: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    let number = view.open();
    let open = || view.findings().filter(|f| f.suppressed.is_none());
    let scanned = {
        let coverage = &report.coverage;
        let files = count(coverage.files + coverage.history_blobs, "file or version", "files and versions");
        if coverage.commits > 0 {
            format!("{} with {files}", count(coverage.commits, "commit", "commits"))
        } else {
            files
        }
    };
    let found = match number {
        0 => "nothing found".to_owned(),
        n => count(n, "finding", "findings"),
    };
    writeln!(out, "### keyroll: {found}\n")?;
    if report.incomplete {
        writeln!(out, "**Incomplete:** not everything could be read, see below.\n")?;
    }
    if let Some(first) = open().next() {
        writeln!(out, "Do first: {}\n", plain(&first.remediation))?;
        let origins = Origins::of(report);
        let several = !origins.several().is_empty();
        let (name, rule) = if several { (" Repository |", "---|") } else { ("", "") };
        writeln!(out, "| Severity | What |{name} Where | Value |\n|---|---|{rule}---|---|")?;
        let (rows, room) = if style.verbose { (usize::MAX, usize::MAX) } else { (ROWS, ROOM) };
        let (mut told, mut used) = (0, 0);
        for finding in open().take(rows) {
            let place = finding.locations.first();
            let at = place.map(|l| format!("{}:{}", l.file(), l.line)).unwrap_or_default();
            let commit = place.filter(|l| !l.in_head).and_then(|l| l.commit.as_deref()).and_then(|c| c.get(..12));
            let at = commit.map_or_else(|| plain(&at), |c| format!("{} (commit {c})", plain(&at)));
            let preview = finding.preview.as_deref().map(plain).unwrap_or_default();
            let (severity, title, id) = (finding.severity.as_str(), plain(&finding.title), plain(&finding.id));
            let repository = if several { format!(" {} |", repositories(&finding, &origins)) } else { String::new() };
            let row = format!("| {severity} | {title}<br>{id} |{repository} {at} | {preview} |\n");
            used += row.len();
            if used > room {
                break;
            }
            out.write_all(row.as_bytes())?;
            told += 1;
        }
        if number > told {
            writeln!(out, "\n{} more in the full report.", number - told)?;
        }
        writeln!(out)?;
    }
    let suppressed = view.len() as u64 - number;
    let quiet = if suppressed > 0 { format!(", {suppressed} suppressed") } else { String::new() };
    writeln!(out, "Scanned: {scanned}{quiet}.")?;
    if !report.notices.is_empty() {
        writeln!(out)?;
    }
    let (mut told, mut used) = (0, 0);
    for notice in report.notices.iter().take(NOTICES) {
        let kind = if notice.kind == NoticeKind::Gap { "not seen" } else { "limit" };
        let place = notice.path.as_deref().map(|p| format!("{p}: ")).unwrap_or_default();
        let line = format!("- {kind}: {}\n", plain(&format!("{place}{}", notice.message)));
        used += line.len();
        if used > NOTICES_ROOM {
            break;
        }
        out.write_all(line.as_bytes())?;
        told += 1;
    }
    if report.notices.len() > told {
        writeln!(out, "- {} more in the full report", report.notices.len() - told)?;
    }
    Ok(())
}

/// Whose a finding is: the repository of its first place, and how many more it stands in.
fn repositories(finding: &Finding, origins: &Origins<'_>) -> String {
    let all = origins.of_places(finding.locations.iter());
    let first = finding.locations.first().and_then(|l| origins.of_place(l)).map(plain).unwrap_or_default();
    let others = all.len().saturating_sub(1);
    if others > 0 { format!("{first} and {others} more") } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_stranger_is_markup() {
        let got = plain("a|b <img> @team [x](https://evil.example) `c` \u{202e}\n# d");
        for bad in ["<img", "@team", "](", "://", "\n", "\u{202e}"] {
            assert!(!got.contains(bad), "{bad:?} in {got}");
        }
        assert!(got.contains("a\\|b"));
    }
}
