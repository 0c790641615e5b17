//! `gitlab`: a secret detection report for GitLab, which its merge request widget and vulnerability report show
//! (`artifacts: reports: secret_detection`).
//!
//! The form is that of GitLab's schema for secret detection reports, version 15.2.1
//! (<https://gitlab.com/gitlab-org/security-products/security-report-schemas>,
//! <https://docs.gitlab.com/development/integrations/secure/>). It may hold an extract of the source; this one never does.

use std::collections::HashMap;
use std::io;

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::json::write_pretty;
use super::markdown::plain;
use super::{Reporter, Style};
use crate::model::{Finding, Location, NoticeKind, Report, Severity, View};
use crate::text::escape;

/// Open findings that lie in a file. Those of exports and accounts that no file tells are in the other outputs.
pub const REPORTER: Reporter = Reporter {
    id: "gitlab",
    extension: "json",
    about: "Secret detection report for GitLab's merge requests and vulnerability report",
    write,
};

/// The schema's version.
const VERSION: &str = "15.2.1";

/// The commit of what lies in the checkout. The true one would make every vulnerability another one with each commit, since
/// GitLab tells them apart by file, commit and lines; its own analyzer says this where it reads no history.
const NO_COMMIT: &str = "0000000";

/// Longest texts that the schema takes.
const NAME: usize = 255;
const SOLUTION: usize = 7000;
const DESCRIPTION: usize = 1_048_576;

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    scan: Scan,
    vulnerabilities: Open<'a>,
}

#[derive(Serialize)]
struct Scan {
    r#type: &'static str,
    status: &'static str,
    start_time: String,
    end_time: String,
    analyzer: Tool,
    scanner: Tool,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Tool {
    id: &'static str,
    name: &'static str,
    version: String,
    vendor: Vendor,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Vulnerability {
    id: String,
    name: String,
    description: String,
    severity: &'static str,
    solution: String,
    location: Place,
    identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Place {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u64>,
    commit: Commit,
}

#[derive(Serialize)]
struct Commit {
    sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
}

#[derive(Serialize)]
struct Identifier {
    r#type: &'static str,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

/// Vulnerabilities as they are written, of which there is one at a time.
struct Open<'a>(View<'a>);

impl Serialize for Open<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut used = Used::new();
        let open = self.0.findings().filter(|f| f.suppressed.is_none());
        let mut list = serializer.serialize_seq(None)?;
        for one in open.filter_map(|f| vulnerability(&f, self.0.head(), &mut used)) {
            list.serialize_element(&one)?;
        }
        list.end()
    }
}

/// How often each id was given, before it is numbered.
type Used = HashMap<[u8; 32], u64>;

fn write(view: View<'_>, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    // A scan has no clock of its own, or two scans of one state would differ.
    let time = report.as_of.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let tool = || Tool {
        id: "keyroll",
        name: "keyroll",
        version: if report.tool.version.is_empty() { "0".to_owned() } else { shown(&report.tool.version) },
        vendor: Vendor { name: "keyroll" },
    };
    let messages = report.notices.iter().map(|n| {
        let place = n.path.as_deref().map(|p| format!("{p}: ")).unwrap_or_default();
        let level = if n.kind == NoticeKind::Gap { "warn" } else { "info" };
        Message { level, value: required(shown(&format!("{place}{}", n.message)), "a notice without words") }
    });
    let document = Document {
        version: VERSION,
        scan: Scan {
            r#type: "secret_detection",
            status: if report.coverage.interrupted { "failure" } else { "success" },
            start_time: time.clone(),
            end_time: time,
            analyzer: tool(),
            scanner: tool(),
            messages: messages.collect(),
        },
        vulnerabilities: Open(view),
    };
    write_pretty(&document, out)
}

fn shown(text: &str) -> String {
    escape::terminal(text)
}

fn required(text: String, instead: &str) -> String {
    if text.trim().is_empty() { instead.to_owned() } else { text }
}

fn cut(text: String, most: usize) -> String {
    if text.chars().count() <= most { text } else { text.chars().take(most.saturating_sub(1)).chain(['…']).collect() }
}

fn vulnerability(f: &Finding, report: &Report, used: &mut Used) -> Option<Vulnerability> {
    // The line of a checkout is what GitLab can show.
    let own = |l: &&Location| !l.path.is_empty();
    let place = f.locations.iter().filter(own).find(|l| l.in_head).or_else(|| f.locations.iter().find(own))?;
    let rule = report.inventory.rules.iter().find(|r| r.id == f.id);
    let name = rule.map_or(f.title.as_str(), |r| r.name.as_str());
    let is_rule = rule.is_some_and(|r| r.kind == "rule");
    let mut identifiers = vec![
        Identifier {
            r#type: "keyroll_id",
            name: required(shown(&format!("keyroll {}", f.id)), "keyroll"),
            value: required(shown(&f.id), "unknown"),
            url: None,
        },
        Identifier {
            r#type: "owasp_nhi",
            name: format!("OWASP {} {}", f.risk.id(), f.risk.title()),
            value: f.risk.id().to_owned(),
            url: Some("https://owasp.org/www-project-non-human-identities-top-10/2025/"),
        },
    ];
    if is_rule {
        identifiers.push(Identifier {
            r#type: "cwe",
            name: "CWE-798".to_owned(),
            value: "798".to_owned(),
            url: Some("https://cwe.mitre.org/data/definitions/798.html"),
        });
    }
    let links = rule.into_iter().flat_map(|r| &r.references);
    let links = links.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    Some(Vulnerability {
        id: id(f, used),
        name: cut(required(shown(name), "Finding"), NAME),
        description: cut(description(f), DESCRIPTION),
        severity: match f.severity {
            Severity::Info => "Info",
            Severity::Low => "Low",
            Severity::Medium => "Medium",
            Severity::High => "High",
            Severity::Critical => "Critical",
        },
        solution: cut(plain(&f.remediation), SOLUTION),
        location: location(place),
        identifiers,
        links: links.map(|url| Link { url: shown(url) }).filter(|l| l.url.len() > "https://".len()).collect(),
    })
}

fn location(l: &Location) -> Place {
    let member = l.container.as_deref().map(|c| c.split('!').next().unwrap_or_default());
    let lines = |n: u64| (n > 0 && member.is_none()).then_some(n);
    let past = !l.in_head;
    Place {
        file: shown(member.unwrap_or(&l.path)),
        start_line: lines(l.line),
        end_line: lines(l.end_line.max(l.line)),
        commit: Commit {
            sha: l.commit.as_deref().filter(|c| past && !c.is_empty()).map_or_else(|| NO_COMMIT.to_owned(), shown),
            author: l.author.as_deref().filter(|_| past).map(shown),
            date: l.time.filter(|_| past).map(|t| t.to_string()),
        },
    }
}

/// What GitLab shows as Markdown.
fn description(f: &Finding) -> String {
    let mut parts = vec![plain(&f.title)];
    if let Some(preview) = &f.preview {
        parts.push(format!("Value: {}", plain(preview)));
    }
    parts.push(plain(&f.why));
    let places: Vec<String> = (f.locations.iter().filter(|l| !l.path.is_empty()).take(20))
        .map(|l| format!("- {}", plain(&format!("{}:{}", l.file(), l.line))))
        .collect();
    if places.len() > 1 {
        parts.push(places.join("\n"));
    }
    let seen: Vec<String> = f.evidence.iter().map(|sentence| format!("- {}", plain(sentence))).collect();
    if !seen.is_empty() {
        parts.push(seen.join("\n"));
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.join("\n\n")
}

/// An id that is the same in every run, of 32 hexadecimal digits: of the rule and the value or subject, else of the file and
/// what is told of it. Lines play no part; equal ones are numbered.
fn id(f: &Finding, used: &mut Used) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part(&f.id);
    match &f.fingerprint {
        Some(fingerprint) => part(fingerprint),
        None => {
            part(&f.locations.first().map(|place| place.file()).unwrap_or_default());
            part(&f.title);
            part(f.preview.as_deref().unwrap_or_default());
        }
    }
    let count = used.entry(hash.clone().finalize().into()).or_default();
    if *count > 0 {
        hash.update(count.to_be_bytes());
    }
    *count += 1;
    data_encoding::HEXLOWER.encode(hash.finalize().get(..16).unwrap_or_default())
}
