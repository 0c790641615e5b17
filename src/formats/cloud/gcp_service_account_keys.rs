//! Keys of Google Cloud service accounts as listed: an array of `gcloud iam service-accounts keys list`, or pages with `keys`.
//!
//! Shape: <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys>. The last part of a key's name is the
//! `private_key_id` of its file. A key that Google made for a person has the origin `GOOGLE_PROVIDED`, too: only `keyType` tells
//! those that Google keeps to itself and rotates, which are left out. The private half, which the answer to `create` holds, is
//! skipped unread.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws;
use super::gcp;
use super::json_stream::Wanted;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, CredentialFact, Fact, RepoPath, Status, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-service-account-keys",
    name: "Google Cloud service-account key listing",
    command: "gcloud iam service-accounts keys list --iam-account=EMAIL --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    let told = ["\"keyType\"", "\"validAfterTime\"", "\"keyAlgorithm\""].iter().any(|name| head.contains(name));
    told && gcp::is_json_with(head, &["/serviceAccounts/", "/keys/"])
        && !head.contains("\"assetType\"")
        && !head.contains("\"asset_type\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["keys"],
        fields: &[
            "name",
            "keyType",
            "keyOrigin",
            "keyAlgorithm",
            "validAfterTime",
            "validBeforeTime",
            "disabled",
            "nextPageToken",
        ],
    };
    gcp::rows(input, reader, WANTED, out, &mut |row, at, _, out| key(row, &at, out));
}

/// One `ServiceAccountKey`. False when it is none.
pub fn key(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let Some(name) = gcp::text(row, "name").filter(|name| name.contains("/serviceAccounts/")) else { return false };
    let (Some(owner), Some(id)) = (gcp::part(name, "serviceAccounts"), gcp::part(name, "keys")) else { return false };
    match gcp::text(row, "keyType") {
        Some("USER_MANAGED") => {}
        Some("SYSTEM_MANAGED") => return true,
        _ => {
            let message = format!("the key {} does not say its keyType; it was left out", gcp::clip(id));
            out.notice(aws::gap_at("missing-field", at, message));
            return true;
        }
    }
    let mut fact = CredentialFact::new(format!("gcp:service-account-key:{id}"), gcp::KEY, gcp::PROVIDER);
    fact.identity = Some(gcp::account_key(owner));
    fact.status = match row.get("disabled") {
        Some(Value::Bool(true)) => Status::Inactive,
        Some(Value::Bool(false)) | None => Status::Active,
        Some(_) => Status::Unknown,
    };
    fact.created = gcp::text(row, "validAfterTime").map_or(When::Unknown, When::parse);
    fact.rotated = fact.created;
    fact.expires = gcp::text(row, "validBeforeTime").map_or(When::Unknown, When::parse);
    for (field, attribute) in [("keyType", "key_type"), ("keyOrigin", "key_origin"), ("keyAlgorithm", "key_algorithm")]
    {
        if let Some(value) = gcp::text(row, field) {
            fact.attributes.insert(attribute.to_owned(), gcp::clip(value));
        }
    }
    let mut identity = gcp::account(owner);
    let project = gcp::part(name, "projects").filter(|project| !gcp::is_number(project) && *project != "-");
    if let Some(project) = project {
        gcp::place(&mut identity, project);
    }
    out.fact(Fact::Identity(at.clone(), identity));
    out.fact(Fact::Credential(at.clone(), fact));
    true
}
