//! `junit`: findings as test cases, for the test views of CI systems. What fails the run fails here; what is below the
//! threshold passes, and what is suppressed is skipped.
//!
//! The elements and attributes are those that Jenkins, GitLab and others read
//! (<https://docs.gitlab.com/ci/testing/unit_test_reports/>, <https://plugins.jenkins.io/junit/>,
//! <https://github.com/testmoapp/junitxml>).

use std::collections::HashMap;
use std::io;

use sha2::{Digest, Sha256};

use super::{Reporter, Style};
use crate::model::{Finding, NoticeKind, Report, View};
use crate::text::escape;

/// One suite; one case a finding, and one that says whether everything was read.
pub const REPORTER: Reporter =
    Reporter { id: "junit", extension: "xml", about: "Findings as test cases, for the test view of CI systems", write };

/// A text of a stranger for XML 1.0, where most control characters and two others cannot stand at all
/// (<https://www.w3.org/TR/xml/#charsets>).
fn xml(text: &str) -> String {
    let shown = escape::terminal(text);
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn write(view: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    let fails = |f: &Finding| style.fail_on.fails(f);
    let failures = view.findings().filter(|f| fails(f)).count();
    let skipped = view.len() as u64 - view.open();
    let (tests, errors) = (view.len() + 1, u8::from(report.incomplete));
    let numbers =
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\"");
    let time = report.as_of.strftime("%Y-%m-%dT%H:%M:%S");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"keyroll\" {numbers}>")?;
    writeln!(out, "  <testsuite name=\"keyroll\" {numbers} timestamp=\"{time}\">")?;
    read(report, out)?;
    let mut used = Used::new();
    for finding in view.findings() {
        case(&finding, &name(&finding, &mut used), fails(&finding), out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// The case of coverage: without it a scan that read nothing would look as one that found nothing.
fn read(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let name = "classname=\"keyroll\" name=\"everything was read\" time=\"0\"";
    if !report.incomplete {
        return writeln!(out, "    <testcase {name}/>");
    }
    writeln!(out, "    <testcase {name}>")?;
    writeln!(out, "      <error message=\"not everything could be read\" type=\"incomplete\">")?;
    for notice in report.notices.iter().filter(|n| n.kind == NoticeKind::Gap) {
        let place = notice.path.as_deref().map(|p| format!("{p}: ")).unwrap_or_default();
        writeln!(out, "{}", xml(&format!("{place}{}", notice.message)))?;
    }
    writeln!(out, "      </error>\n    </testcase>")
}

/// How often each name was given, by its digest: of a long report all names are many.
type Used = HashMap<[u8; 32], u64>;

/// A name that stays when lines move, so that CI systems see one test over time; equal ones are numbered.
fn name(f: &Finding, used: &mut Used) -> String {
    let place = f.locations.first().filter(|l| !l.path.is_empty());
    let at = place.map(|l| format!(" in {}", l.file())).unwrap_or_default();
    let value = f.preview.as_deref().map(|p| format!(": {p}")).unwrap_or_default();
    let name = format!("{}{at}{value}", f.title);
    let digest = Sha256::digest(format!("{} {name}", f.id).as_bytes());
    let count = used.entry(digest.into()).or_default();
    *count += 1;
    if *count > 1 { format!("{name} ({count})") } else { name }
}

fn case(f: &Finding, name: &str, fails: bool, out: &mut dyn io::Write) -> io::Result<()> {
    let place = f.locations.first().filter(|l| !l.path.is_empty());
    let name = xml(name);
    let file =
        place.map(|l| l.container.as_deref().map_or(l.path.as_str(), |c| c.split('!').next().unwrap_or_default()));
    let file = file.map(|path| format!(" file=\"{}\"", xml(path))).unwrap_or_default();
    let line = place.filter(|l| l.line > 0 && l.container.is_none());
    let line = line.map(|l| format!(" line=\"{}\"", l.line)).unwrap_or_default();
    writeln!(out, "    <testcase classname=\"{}\" name=\"{name}\"{file}{line} time=\"0\">", xml(&f.id))?;
    let what = format!("{} {}", f.severity.as_str().to_uppercase(), f.title);
    if let Some(why) = &f.suppressed {
        let reason = if why.reason.is_empty() { &why.by } else { &why.reason };
        writeln!(out, "      <skipped message=\"{}\"/>", xml(reason))?;
    } else if fails {
        writeln!(out, "      <failure message=\"{}\" type=\"{}\">", xml(&what), f.severity.as_str())?;
        text(f, out)?;
        writeln!(out, "      </failure>")?;
    } else {
        writeln!(out, "      <system-out>")?;
        writeln!(out, "{}", xml(&what))?;
        text(f, out)?;
        writeln!(out, "      </system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

fn text(f: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let scored = format!("score {} · confidence {} · {}", f.score, f.confidence.as_str(), f.risk.id());
    writeln!(out, "{}", xml(&scored))?;
    if let Some(preview) = &f.preview {
        writeln!(out, "value {}", xml(preview))?;
    }
    for place in f.locations.iter().filter(|l| !l.path.is_empty()) {
        let past = if place.in_head { "" } else { " (history only)" };
        let line = if place.line > 0 { format!(":{}:{}", place.line, place.column) } else { String::new() };
        writeln!(out, "at {}{past}", xml(&format!("{}{line}", place.file())))?;
    }
    for sentence in &f.evidence {
        writeln!(out, "seen {}", xml(sentence))?;
    }
    for line in f.why.lines().chain(f.remediation.lines()) {
        writeln!(out, "{}", xml(line))?;
    }
    Ok(())
}
