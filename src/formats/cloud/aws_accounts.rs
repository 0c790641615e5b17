//! Accounts of AWS and what they are called: `organizations list-accounts`, `sts get-caller-identity`, and the latter with the
//! aliases of its account beside it (`AccountAliases`), as the collection script writes it.
//!
//! Shapes: <https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html>,
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>. The address of an account's owner is skipped
//! unread.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{self, gap};
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, EnvironmentClass, Fact, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-accounts",
    name: "AWS account names",
    command: "aws organizations list-accounts --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with(['{', '[']) {
        return false;
    }
    let organization = head.contains(":organizations::") && ["\"Arn\"", "\"Id\""].iter().all(|n| head.contains(n));
    let caller = ["\"UserId\"", "\"Account\"", "\"Arn\""].iter().all(|name| head.contains(name));
    let alias = head.contains("\"AccountAliases\"") && head.contains("\"Account\"");
    organization && head.contains("\"Status\"") || caller && head.contains("\"arn:") || alias
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
        fields: &["Id", "Arn", "Name", "Status", "UserId", "Account", "AccountAliases", "NextToken"],
    };
    let mut cut = None;
    let result = walk(reader, whole, WANTED, &mut |event| {
        let Event::Object { fields, at } = event else { return };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        if aws::is_account(text("Id")) && text("Arn").contains(":organizations::") {
            account(text("Id"), text("Name"), text("Status"), at, out);
        } else if aws::is_account(text("Account")) {
            caller(&fields, at, out);
        } else if !fields.contains_key("Id") && !fields.contains_key("Arn") {
            cut = (!text("NextToken").is_empty()).then_some(at.line);
        }
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page has a NextToken: more accounts exist than this export lists";
        out.notice(gap("truncated-export", line, message));
    }
}

fn account(id: &str, name: &str, status: &str, at: At, out: &mut Out<'_>) {
    let shown: String = name.chars().take(80).collect();
    let mut fact = SettingFact::new(setting::CLOUD_ACCOUNT, format!("AWS account {shown}"), id);
    let environment = aws::environment_of_account(name);
    let class = match environment.class {
        EnvironmentClass::Prod => "prod",
        EnvironmentClass::Nonprod => "nonprod",
        EnvironmentClass::Unknown => "unknown",
    };
    fact.attributes.insert("provider".to_owned(), "aws".to_owned());
    fact.attributes.insert("class".to_owned(), class.to_owned());
    fact.attributes.insert("why".to_owned(), environment.why);
    if matches!(status, "ACTIVE" | "SUSPENDED" | "PENDING_CLOSURE" | "CLOSED" | "PENDING_ACTIVATION") {
        fact.attributes.insert("status".to_owned(), status.to_owned());
    }
    out.fact(Fact::Setting(at, fact));
}

/// Who asked, and the name of the account when it is told.
fn caller(fields: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Some(fact) = aws::identity_of_arn(text("Arn")) {
        out.fact(Fact::Identity(at.clone(), fact));
    }
    let aliases = fields.get("AccountAliases").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(alias) = aliases.iter().filter_map(Value::as_str).next() {
        account(text("Account"), alias, "", at, out);
    }
}
