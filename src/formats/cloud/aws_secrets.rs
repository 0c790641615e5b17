//! Secrets of AWS Secrets Manager: `list-secrets` and `describe-secret`, which tell everything but the values.
//!
//! Shape: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_SecretListEntry.html>. `RotationEnabled` is absent
//! where rotation was never set up, `LastRotatedDate` where none was ever completed, `LastAccessedDate` where nobody ever
//! fetched the value, and it is a day. `LastChangedDate` is the last change of any kind: the value is at least as old.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{self, PROVIDER};
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, CredentialFact, EnvironmentClass, Fact, RepoPath, Status, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-secrets",
    name: "AWS Secrets Manager listing",
    command: "aws secretsmanager list-secrets --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Kind of its credentials.
const SECRET: &str = "aws-secrets-manager-secret";

/// An answer that holds the value of a secret is none of this format's: values are for detectors.
fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with(['{', '[']) || head.contains("\"SecretString\"") || head.contains("\"SecretBinary\"") {
        return false;
    }
    let arn = head.contains(":secretsmanager:") && head.contains("\"ARN\"");
    let list = head.contains("\"SecretList\"");
    let row = ["\"LastChangedDate\"", "\"VersionIdsToStages\"", "\"SecretVersionsToStages\""];
    list && (arn || head.len() < 200) || arn && row.iter().any(|name| head.contains(name))
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
        fields: &[
            "ARN",
            "Name",
            "CreatedDate",
            "LastChangedDate",
            "LastAccessedDate",
            "LastRotatedDate",
            "NextRotationDate",
            "DeletedDate",
            "RotationEnabled",
            "RotationRules",
            "RotationLambdaARN",
            "OwningService",
            "Tags",
            "NextToken",
        ],
    };
    let mut cut = None;
    let result = walk(reader, whole, WANTED, &mut |event| {
        let Event::Object { fields, at } = event else { return };
        match fields.get("ARN").and_then(Value::as_str) {
            Some(arn) if is_secret(arn) => out.fact(Fact::Credential(at, secret(arn, &fields))),
            Some(_) => {}
            None if fields.contains_key("LastChangedDate") || fields.contains_key("RotationEnabled") => {
                let message = "an entry has no ARN and was left out";
                out.notice(aws::gap_at("malformed", &at, message));
            }
            None => cut = next_page(&fields, &at),
        }
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page has a NextToken: more secrets exist than this export lists";
        out.notice(aws::gap("truncated-export", line, message));
    }
}

fn next_page(fields: &Map<String, Value>, at: &At) -> Option<Option<u64>> {
    fields.get("NextToken").and_then(Value::as_str).filter(|token| !token.is_empty()).map(|_| at.line)
}

fn is_secret(arn: &str) -> bool {
    arn.starts_with("arn:") && aws::resource_of_arn(arn).is_some_and(|rest| rest.starts_with("secret:"))
}

fn secret(arn: &str, fields: &Map<String, Value>) -> CredentialFact {
    let object = Value::Object(fields.clone());
    let mut fact = CredentialFact::new(format!("aws:secret:{arn}"), SECRET, PROVIDER);
    let date = |name: &str| aws::date(fields.get(name));
    fact.created = date("CreatedDate");
    fact.status = if date("DeletedDate").at().is_some() { Status::Deleted } else { Status::Active };
    let enabled = fields.get("RotationEnabled") == Some(&Value::Bool(true));
    fact.rotated = match date("LastRotatedDate") {
        When::Unknown => When::Never,
        when => when,
    };
    fact.last_used = match date("LastAccessedDate") {
        // Listings of old tools have neither date.
        When::Unknown if fact.created.at().is_some() => When::Never,
        when => when,
    };
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            fact.attributes.insert(name.to_owned(), value.chars().take(300).collect());
        }
    };
    put("rotation", if enabled { "on" } else { "off" });
    for (name, field) in [("changed", "LastChangedDate"), ("next_rotation", "NextRotationDate")] {
        if let When::At(moment) = date(field) {
            put(name, &moment.to_string());
        }
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    put("name", text("Name"));
    put("owning_service", text("OwningService"));
    put("rotation_function", text("RotationLambdaARN"));
    put("account", aws::account_of_arn(arn).unwrap_or_default());
    put("region", arn.split(':').nth(3).unwrap_or_default());
    if let Some(days) = fields.get("RotationRules").and_then(rotation_days) {
        put("rotation_days", &days.to_string());
    } else if let Some(schedule) = fields.get("RotationRules").and_then(|rules| aws::text(rules, "ScheduleExpression"))
    {
        put("rotation_schedule", schedule);
    }
    put("owner", &aws::owner(&object).unwrap_or_default());
    let environment = aws::environment(&object);
    if environment.class != EnvironmentClass::Unknown {
        put("environment", &environment.why);
    }
    fact
}

/// How often a secret is rotated, in days: a number of them, or a rate
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html>). The times of a `cron` are not
/// worked out.
fn rotation_days(rules: &Value) -> Option<u64> {
    if let Some(days) = rules.get("AutomaticallyAfterDays").and_then(Value::as_u64) {
        return (1..=1000).contains(&days).then_some(days);
    }
    let rate = aws::text(rules, "ScheduleExpression")?.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = rate.trim().split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|n| (1..=24_000).contains(n))?;
    match unit.trim() {
        "day" | "days" => Some(number),
        "hour" | "hours" => Some(number.div_ceil(24)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_days_between_rotations_are_read_and_a_cron_is_not_guessed() {
        for (rules, want) in [
            (json!({"AutomaticallyAfterDays": 30}), Some(30)),
            (json!({"ScheduleExpression": "rate(10 days)"}), Some(10)),
            (json!({"ScheduleExpression": "rate(1 day)", "Duration": "2h"}), Some(1)),
            (json!({"ScheduleExpression": "rate(4 hours)"}), Some(1)),
            (json!({"ScheduleExpression": "cron(0 16 1,15 * ? *)"}), None),
            (json!({"ScheduleExpression": "rate(x days)"}), None),
            (json!({"AutomaticallyAfterDays": 0}), None),
            (json!({}), None),
        ] {
            assert_eq!(rotation_days(&rules), want, "{rules}");
        }
    }
}
