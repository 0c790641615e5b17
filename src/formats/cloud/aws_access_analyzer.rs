//! Findings of IAM Access Analyzer: `list-findings-v2`, and `get-finding-v2` with the details of one.
//!
//! Shapes: <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindingsV2.html>,
//! <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_GetFindingV2.html> and
//! <https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_FindingDetails.html>. The list tells which role or user a
//! finding is about, and no details. What is told here is what nobody uses; access from outside stands in the trust policies.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{self, ACCESS_KEY, PROVIDER, text};
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, CredentialFact, Fact, IdentityFact, RepoPath, SettingFact, When, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-access-analyzer",
    name: "AWS IAM Access Analyzer findings",
    command: "aws accessanalyzer list-findings-v2 --analyzer-arn ARN --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let names = ["\"findingType\"", "\"resourceType\"", "\"resourceOwnerAccount\""];
    let details = ["\"findingDetails\"", "\"resourceType\"", "Details\""];
    head.starts_with(['{', '['])
        && head.contains("\"AWS::")
        && (names.iter().all(|name| head.contains(name)) || details.iter().all(|name| head.contains(name)))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(&mut input.text.as_bytes(), true, out);
}

fn stream(_: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(reader, false, out);
}

fn run(reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &[],
        fields: &["id", "resource", "status", "findingType", "analyzedAt", "findingDetails", "nextToken"],
    };
    let mut cut = None;
    let result = walk(reader, whole, WANTED, &mut |event| {
        let Event::Object { fields, at } = event else { return };
        if fields.contains_key("findingType") {
            finding(&fields, at, out);
        } else {
            // A page of the list; the next one follows or is missing.
            cut = fields.get("nextToken").and_then(Value::as_str).map(|_| at.line);
        }
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page has a nextToken: more findings exist than this export lists";
        out.notice(aws::gap("truncated-export", line, message));
    }
}

fn finding(fields: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    let (Some(kind), Some(status)) = (word("findingType"), word("status")) else { return };
    if !kind.starts_with("Unused") || status != "ACTIVE" {
        return;
    }
    let Some(mut identity) = word("resource").and_then(aws::identity_of_arn) else {
        let message = "a finding names no IAM user or role, and was left out";
        return out.notice(aws::gap_at("malformed", &at, message));
    };
    let details = fields.get("findingDetails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let found = Found::of(details);
    let mut fact = SettingFact::new(setting::ANALYZER_UNUSED, subject(kind, &identity), kind);
    fact.identity = Some(identity.key.clone());
    if let Some(id) = word("id") {
        fact.attributes.insert("finding".to_owned(), id.chars().take(64).collect());
    }
    if let When::At(moment) = aws::date(fields.get("analyzedAt")) {
        fact.attributes.insert("analyzed".to_owned(), moment.to_string());
    }
    if let When::At(moment) = found.last {
        fact.attributes.insert("last_accessed".to_owned(), moment.to_string());
    }
    if !found.services.is_empty() {
        fact.attributes.insert("services".to_owned(), found.services());
    }
    if kind == "UnusedIAMRole" {
        identity.last_used = found.last;
    }
    if let Some(id) = &found.key {
        fact.attributes.insert("key".to_owned(), (*id).to_owned());
        let mut key = CredentialFact::new(format!("aws:access-key:{id}"), ACCESS_KEY, PROVIDER);
        key.identity = Some(identity.key.clone());
        key.last_used = found.last;
        key.expires = When::Never;
        key.as_of = aws::date(fields.get("analyzedAt"));
        out.fact(Fact::Credential(at.clone(), key));
    }
    out.fact(Fact::Identity(at.clone(), identity));
    out.fact(Fact::Setting(at, fact));
}

/// What is not used, for people.
fn subject(kind: &str, identity: &IdentityFact) -> String {
    let whose = if identity.key.as_str().contains(":role/") { "role" } else { "user" };
    let name = &identity.name;
    match kind {
        "UnusedIAMRole" => format!("role {name}"),
        "UnusedIAMUserAccessKey" => format!("access key of user {name}"),
        "UnusedIAMUserPassword" => format!("password of user {name}"),
        "UnusedPermission" => format!("permissions of {whose} {name}"),
        other => format!("{other} of {whose} {name}"),
    }
}

/// What the details of a finding say.
#[derive(Default)]
struct Found<'v> {
    last: When,
    key: Option<&'v str>,
    /// Services with how many actions are not used, 0 for all.
    services: BTreeMap<&'v str, usize>,
}

impl<'v> Found<'v> {
    fn of(details: &'v [Value]) -> Self {
        let mut found = Self::default();
        for detail in details.iter().filter_map(Value::as_object).flat_map(Map::values) {
            found.last = aws::latest(found.last, aws::date(detail.get("lastAccessed")));
            let key = text(detail, "accessKeyId").filter(|id| id.starts_with("AKIA") && id.len() <= 128);
            found.key = found.key.or(key);
            if let Some(service) = text(detail, "serviceNamespace") {
                let actions = detail.get("actions").and_then(Value::as_array).map_or(0, Vec::len);
                *found.services.entry(service).or_default() += actions;
            }
        }
        found
    }

    fn services(&self) -> String {
        const SHOWN: usize = 12;
        let one = |(service, actions): (&&str, &usize)| match actions {
            0 => (*service).to_owned(),
            n => format!("{service} ({n} actions)"),
        };
        let mut shown: Vec<String> = self.services.iter().take(SHOWN).map(one).collect();
        shown.extend((self.services.len() > SHOWN).then(|| format!("{} more", self.services.len() - SHOWN)));
        shown.join(", ")
    }
}
