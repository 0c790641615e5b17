//! Custom roles of Google Cloud with their permissions: `gcloud iam roles describe`, or pages with `roles` in the full view.
//!
//! Shape: <https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles>. The usual listing leaves `includedPermissions` out and
//! so tells nothing. Roles of Google's own are known by name.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::gcp;
use super::json_stream::Wanted;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Privilege, RepoPath, SettingFact, google, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-roles",
    name: "Google Cloud custom roles",
    command: "gcloud iam roles describe ROLE --project=PROJECT --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Permissions that a fact repeats.
const SHOWN: usize = 8;

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    // A long list of permissions pushes what follows it out of the head.
    gcp::is_json_with(head, &["\"includedPermissions\""])
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
    const WANTED: Wanted =
        Wanted { lists: &["roles"], fields: &["name", "includedPermissions", "deleted", "nextPageToken"] };
    gcp::rows(input, reader, WANTED, out, &mut |row, at, _, out| role(row, &at, out));
}

/// The words by which [`setting::CUSTOM_ROLE`] tells a privilege.
fn word(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Unknown => "unknown",
        Privilege::None => "none",
        Privilege::ReadScoped => "read-scoped",
        Privilege::WriteScoped => "write-scoped",
        Privilege::WriteBroad => "write-broad",
        Privilege::Admin => "admin",
    }
}

/// One role. False when it has no name.
pub fn role(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let Some(name) = gcp::text(row, "name") else { return false };
    let custom = name.starts_with("projects/") || name.starts_with("organizations/");
    let permissions = row.get("includedPermissions").and_then(Value::as_array);
    let (true, Some(permissions)) = (custom && name.contains("/roles/"), permissions) else { return true };
    let (privilege, powers, telling) = google::of_permissions(permissions.iter().filter_map(Value::as_str));
    let shown: Vec<&str> = telling.into_iter().take(SHOWN).collect();
    let mut fact = SettingFact::new(setting::CUSTOM_ROLE, gcp::clip(name), gcp::clip(&shown.join(", ")));
    fact.attributes.insert("privilege".to_owned(), word(privilege).to_owned());
    fact.attributes.insert("powers".to_owned(), powers.words());
    out.fact(Fact::Setting(at.clone(), fact));
    true
}
