//! When service accounts and their keys were last used, as Google Cloud's Activity Analyzer tells: an array of `gcloud
//! policy-intelligence query-activity`, or pages with `activities`.
//!
//! Shape: <https://cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication>. Days, not hours, and
//! one or two of them late; what a row without a `lastAuthenticatedTime` means is not said there, so it stays unknown.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws;
use super::gcp;
use super::json_stream::Wanted;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, CredentialFact, Fact, RepoPath, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-activity",
    name: "Google Cloud service-account activity",
    command: "gcloud policy-intelligence query-activity --activity-type=serviceAccountKeyLastAuthentication --limit=unlimited \
              --project=PROJECT --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    gcp::is_json_with(head, &["\"activityType\"", "LastAuthentication\"", "/serviceAccounts/"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["activities"],
        fields: &["activity", "activityType", "fullResourceName", "observationPeriod", "nextPageToken"],
    };
    gcp::rows(input, reader, WANTED, out, &mut |row, at, _, out| activity(row, &at, out));
}

fn activity(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let Some(activity) = row.get("activity") else { return false };
    let of = |kind: &str| activity.get(kind).and_then(|object| aws::text(object, "fullResourceName"));
    let Some(name) = gcp::text(row, "fullResourceName").or(of("serviceAccountKey")).or(of("serviceAccount")) else {
        return false;
    };
    let Some(owner) = gcp::part(name, "serviceAccounts") else { return false };
    let used = aws::text(activity, "lastAuthenticatedTime").map_or(When::Unknown, When::parse);
    let seen = row.get("observationPeriod").and_then(|period| aws::text(period, "endTime"));
    let mut identity = gcp::account(owner);
    let number = activity.get("serviceAccount").and_then(|account| aws::text(account, "serviceAccountId"));
    if let Some(number) = number.filter(|number| gcp::is_number(number) && *number != owner) {
        identity.aliases.push(gcp::account_key(number));
    }
    identity.last_used = used;
    let Some(key) = gcp::part(name, "keys") else {
        out.fact(Fact::Identity(at.clone(), identity));
        return true;
    };
    let mut fact = CredentialFact::new(format!("gcp:service-account-key:{key}"), gcp::KEY, gcp::PROVIDER);
    fact.identity = Some(identity.key.clone());
    fact.last_used = used;
    fact.as_of = seen.map_or(When::Unknown, When::parse);
    out.fact(Fact::Identity(at.clone(), identity));
    out.fact(Fact::Credential(at.clone(), fact));
    true
}
