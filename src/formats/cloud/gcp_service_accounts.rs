//! Google Cloud service accounts as listed: an array of `gcloud iam service-accounts list`, or pages with `accounts`.
//!
//! Shape: <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/list>. It tells neither age nor last use.

use std::io::BufRead;

use super::gcp;
use super::json_stream::Wanted;
use super::listing::mark_cut;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-service-accounts",
    name: "Google Cloud service-account listing",
    command: "gcloud iam service-accounts list --project=PROJECT --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    let row = ["\"email\"", "\"uniqueId\"", "gserviceaccount.com", "/serviceAccounts/"];
    gcp::is_json_with(head, &row) && !head.contains("\"assetType\"") && !head.contains("\"asset_type\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["accounts"],
        fields: &["email", "uniqueId", "name", "projectId", "displayName", "disabled", "nextPageToken"],
    };
    let all = gcp::rows(input, reader, WANTED, out, &mut |row, at, certain, out| {
        // Any object has a name; one of an account says which.
        let whose = gcp::text(row, "name").is_some_and(|name| name.contains("/serviceAccounts/"));
        let email = gcp::text(row, "email").is_some_and(gcp::is_account);
        (certain || whose || email) && gcp::listed_account(row, &at, out)
    });
    if !all {
        mark_cut(input, FORMAT.id, out);
    }
}
