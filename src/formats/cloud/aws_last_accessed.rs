//! When AWS services were last used by a principal: `get-service-last-accessed-details`.
//!
//! Shape: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html>. The answer does not say
//! whose report it is. Each service names who used it last, which for the report of a user or role is that one; beside that an
//! object around the report may name its principal (`Arn`), or the path of the file may (`…/arn%3Aaws%3Aiam%3A%3A…`). AWS
//! keeps 400 days of use (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>).

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{self, gap, gap_at, text};
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, RepoPath, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-last-accessed",
    name: "AWS service last-accessed report",
    command: "aws iam get-service-last-accessed-details --job-id ID --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Services that a report tells of one principal.
const SHOWN: usize = 12;

/// Reports that wait for the object around them to name their principal.
const HELD_MAX: usize = 1000;

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with(['{', '[']) && head.contains("\"ServicesLastAccessed\"")
        || head.starts_with('{') && head.contains("\"JobStatus\"") && head.contains("\"JobCreationDate\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &[], fields: &["Arn", "JobStatus", "ServicesLastAccessed", "IsTruncated"] };
    let named = arn_of_path(input.path);
    let mut held: Vec<Report> = Vec::new();
    let mut cut = None;
    let result = walk(reader, whole, WANTED, &mut |event| {
        let Event::Object { fields, at } = event else { return };
        let arn = fields.get("Arn").and_then(Value::as_str);
        if let Some(report) = report(&fields, &at, out) {
            cut = (fields.get("IsTruncated") == Some(&Value::Bool(true))).then_some(at.line);
            held.push(report);
        }
        if arn.is_some() || held.len() > HELD_MAX {
            held.drain(..).for_each(|report| report.tell(arn, out));
        }
    });
    held.into_iter().for_each(|report| report.tell(named.as_deref(), out));
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page says IsTruncated: more services exist than this report lists";
        out.notice(gap("truncated-export", line, message));
    }
}

/// The ARN that a path ends on, its colons and slashes written as in a URL or the file named by it.
fn arn_of_path(path: &RepoPath) -> Option<String> {
    let text = path.as_str()?;
    let text = text.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/");
    let at = text.rfind("arn:")?;
    let arn = text.get(at..)?;
    let arn = [".json", ".txt"].iter().find_map(|end| arn.strip_suffix(end)).unwrap_or(arn);
    aws::identity_of_arn(arn).map(|_| arn.to_owned())
}

/// The uses of services in one report.
struct Report {
    at: At,
    /// By who used it last: services with the moment.
    used: BTreeMap<String, BTreeMap<String, When>>,
    /// Services that nobody used in the time AWS keeps.
    unused: Vec<String>,
}

fn report(fields: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> Option<Report> {
    match fields.get("JobStatus").and_then(Value::as_str) {
        Some("COMPLETED") | None => {}
        Some(other) => {
            let word: String = other.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
            let message = format!("the report was not finished when it was saved ({word}); ask for it again");
            out.notice(gap_at("truncated-export", at, message));
        }
    }
    let services = fields.get("ServicesLastAccessed")?.as_array()?;
    let mut report = Report { at: at.clone(), used: BTreeMap::new(), unused: Vec::new() };
    for service in services {
        let Some(name) = text(service, "ServiceNamespace").or_else(|| text(service, "ServiceName")) else { continue };
        let name: String = name.chars().take(64).collect();
        match aws::date(service.get("LastAuthenticated")) {
            When::At(moment) => {
                let who = text(service, "LastAuthenticatedEntity").unwrap_or_default().to_owned();
                report.used.entry(who).or_default().insert(name, When::At(moment));
            }
            _ => report.unused.push(name),
        }
    }
    report.unused.sort();
    report.unused.dedup();
    Some(report)
}

impl Report {
    /// What is told of each principal in it; `named` is whose report it is, when that is known.
    fn tell(mut self, named: Option<&str>, out: &mut Out<'_>) {
        if let Some(named) = named {
            let anonymous = self.used.remove("").unwrap_or_default();
            self.used.entry(named.to_owned()).or_default().extend(anonymous);
        }
        for (arn, services) in &self.used {
            let Some(mut fact) = aws::identity_of_arn(arn) else { continue };
            fact.last_used = services.values().copied().fold(When::Unknown, aws::latest);
            let own = named.is_some_and(|named| named == arn);
            if own && fact.last_used == When::Unknown && !self.unused.is_empty() && self.used.len() == 1 {
                fact.last_used = When::Never;
            }
            let mut recent: Vec<(When, &String)> = services.iter().map(|(name, when)| (*when, name)).collect();
            recent.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
            let day = |when: When| when.at().map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            let shown = recent.iter().take(SHOWN).map(|(when, name)| format!("{name} {}", day(*when)));
            let shown = shown.collect::<Vec<_>>().join(", ");
            if !shown.is_empty() {
                fact.attributes.insert("services_used".to_owned(), shown);
            }
            // Of a report of a policy or group the unused services are those of all its members.
            if own && !self.unused.is_empty() {
                let more = self.unused.len().saturating_sub(SHOWN);
                let mut names: Vec<String> = self.unused.iter().take(SHOWN).cloned().collect();
                names.extend((more > 0).then(|| format!("{more} more")));
                fact.attributes.insert("services_unused".to_owned(), names.join(", "));
            }
            out.fact(Fact::Identity(self.at.clone(), fact));
        }
    }
}
