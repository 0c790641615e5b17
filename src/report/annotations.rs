//! `github` and `azure`: lines in a job's log that the provider shows beside the code.

use std::borrow::Cow;
use std::io;

use super::{Reporter, Style};
use crate::model::{Finding, Severity, View};
use crate::text::escape;

/// Workflow commands of GitHub Actions
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>).
pub const GITHUB: Reporter =
    Reporter { id: "github", extension: "txt", about: "Annotations in the log of GitHub Actions", write: github };

/// Logging commands of Azure Pipelines
/// (<https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning>).
pub const AZURE: Reporter =
    Reporter { id: "azure", extension: "txt", about: "Annotations in the log of Azure Pipelines", write: azure };

/// GitHub shows ten of each kind for a step; what is left is a line at the end.
const MOST: usize = 10;

/// What both say of a finding.
fn message(finding: &Finding) -> String {
    let preview = finding.preview.as_deref().map(|p| format!(" {p}")).unwrap_or_default();
    escape::terminal(&format!("{}{preview}. {}", finding.title, finding.remediation).replace(['\n', '\r'], " "))
}

fn open(report: View<'_>) -> impl Iterator<Item = Cow<'_, Finding>> {
    report.findings().filter(|f| f.suppressed.is_none())
}

fn level(finding: &Finding) -> &'static str {
    if finding.severity >= Severity::High { "error" } else { "warning" }
}

fn github(report: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(&escape::terminal(text)).replace(':', "%3A").replace(',', "%2C");
    let open = report.open() as usize;
    let most = if style.verbose { usize::MAX } else { MOST };
    let mut told = [0usize; 2];
    for finding in self::open(report) {
        let level = level(&finding);
        let told = &mut told[usize::from(level == "error")];
        *told += 1;
        if *told > most {
            continue;
        }
        // What lies only in the history has no line in the checkout.
        let place = finding.locations.iter().find(|l| l.in_head && l.line > 0);
        let place = place.map(|l| match &l.container {
            // The checkout has the outermost archive, and no line of it.
            Some(container) => format!("file={},", property(container.split('!').next().unwrap_or_default())),
            None => {
                let (path, line, column, end) = (property(&l.path), l.line, l.column, l.end_line);
                format!("file={path},line={line},endLine={end},col={column},")
            }
        });
        let title = property(&format!("keyroll {}", finding.id));
        writeln!(out, "::{level} {}title={title}::{}", place.unwrap_or_default(), data(&message(&finding)))?;
    }
    let shown = told.iter().map(|n| (*n).min(most)).sum::<usize>();
    if shown < open {
        writeln!(out, "::notice title=keyroll::{} more findings in the log", open - shown)?;
    } else if open == 0 {
        writeln!(out, "::notice title=keyroll::nothing found")?;
    }
    Ok(())
}

fn azure(report: View<'_>, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let data = |text: &str| text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(&escape::terminal(text)).replace(';', "%3B").replace(']', "%5D");
    for finding in open(report) {
        let place = finding.locations.iter().find(|l| l.in_head && l.line > 0);
        let place = place.map(|l| match &l.container {
            Some(container) => format!("sourcepath={};", property(container.split('!').next().unwrap_or_default())),
            None => {
                let (path, line, column) = (property(&l.path), l.line, l.column);
                format!("sourcepath={path};linenumber={line};columnnumber={column};")
            }
        });
        let (level, code) = (level(&finding), property(&finding.id));
        let place = place.unwrap_or_default();
        writeln!(out, "##vso[task.logissue type={level};{place}code={code};]{}", data(&message(&finding)))?;
    }
    if report.open() == 0 {
        writeln!(out, "keyroll: nothing found")?;
    }
    Ok(())
}
