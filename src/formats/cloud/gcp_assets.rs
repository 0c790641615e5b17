//! Google Cloud's Cloud Asset Inventory: `gcloud asset list`, `search-all-resources`, `search-all-iam-policies` and exports to Cloud
//! Storage, one asset a line.
//!
//! Shapes: <https://cloud.google.com/asset-inventory/docs/reference/rest/v1/assets>,
//! <https://cloud.google.com/asset-inventory/docs/reference/rest/v1/ResourceSearchResult>,
//! <https://cloud.google.com/asset-inventory/docs/reference/rest/v1/IamPolicySearchResult>. Fields come in camel case or, from some
//! tools, in snake case. A service account's asset is named by its number; its address is in the resource.

use std::collections::BTreeSet;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::gcp_policy::{self, Scope};
use super::json_stream::Wanted;
use super::{aws, gcp, gcp_roles, gcp_service_account_keys as keys, gcp_workload_identity as pools};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, UsageFact, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-assets",
    name: "Google Cloud asset inventory",
    command: "gcloud asset list --organization=NUMBER --content-type=iam-policy --format=json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    let typed = head.contains("\"assetType\"") || head.contains("\"asset_type\"");
    typed && gcp::is_json_with(head, &["googleapis.com/"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &["assets", "results"],
        fields: &[
            "name",
            "assetType",
            "asset_type",
            "resource",
            "iamPolicy",
            "iam_policy",
            "policy",
            "additionalAttributes",
            "additional_attributes",
            "displayName",
            "display_name",
            "project",
            "state",
            "ancestors",
            "folders",
            "organization",
            "nextPageToken",
        ],
    };
    let mut told = BTreeSet::new();
    gcp::rows(input, reader, WANTED, out, &mut |row, at, _, out| {
        if let Some((project, above)) = ancestors(row)
            && told.len() < PROJECTS_MAX
            && told.insert(project.clone())
        {
            out.fact(Fact::Setting(at.clone(), SettingFact::new(setting::PROJECT_ANCESTORS, project, above)));
        }
        asset(row, &at, out)
    });
}

/// Projects of one export whose ancestors are told.
const PROJECTS_MAX: usize = 100_000;

/// The project of an asset and what it lies below: `ancestors` of an asset, from the project up, and `project`, `folders` and
/// `organization` of a search's result.
fn ancestors(row: &Map<String, Value>) -> Option<(String, String)> {
    let list = |name: &str| row.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |name: &str| row.get(name).into_iter();
    let all = list("ancestors").iter().chain(text("project")).chain(list("folders")).chain(text("organization"));
    let (mut project, mut above) = (None, Vec::new());
    for name in all.filter_map(Value::as_str).take(64) {
        match name.split_once('/') {
            Some(("projects", id)) => project = project.or_else(|| Some(format!("project {}", gcp::clip(id)))),
            Some(("folders", id)) if gcp::is_number(id) => above.push(format!("folder {id}")),
            Some(("organizations", id)) if gcp::is_number(id) => above.push(format!("organization {id}")),
            _ => {}
        }
    }
    above.sort();
    above.dedup();
    (!above.is_empty()).then_some((project?, above.join(", ")))
}

/// A field by either of its names.
fn either<'m>(row: &'m Map<String, Value>, camel: &str, snake: &str) -> Option<&'m Value> {
    row.get(camel).or_else(|| row.get(snake))
}

/// One asset. False when it does not say what it is.
fn asset(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let Some(kind) = either(row, "assetType", "asset_type").and_then(Value::as_str) else { return false };
    // A search for policies names the resource in `resource`.
    let Some(name) = gcp::text(row, "name").or_else(|| gcp::text(row, "resource")) else { return false };
    let data = row.get("resource").and_then(|resource| resource.get("data")).and_then(Value::as_object);
    let found = either(row, "additionalAttributes", "additional_attributes").and_then(Value::as_object);
    let bound = either(row, "iamPolicy", "iam_policy").or_else(|| row.get("policy")).filter(|p| p.is_object());
    if let Some(bound) = bound {
        let named = match kind {
            "iam.googleapis.com/ServiceAccount" => data.or(found).and_then(|data| gcp::text(data, "email")),
            _ => None,
        };
        let scope = named.map_or_else(|| Scope::of_name(name), |email| Scope::Account(email.to_ascii_lowercase()));
        gcp_policy::read(&gcp_policy::bindings_of(bound, at), &scope, out);
    }
    match (kind, data, found) {
        ("iam.googleapis.com/ServiceAccount", Some(data), _) => gcp::listed_account(data, at, out),
        // Where only the policy was asked for, the resource is not there.
        ("iam.googleapis.com/ServiceAccount", None, None) if bound.is_some() => true,
        ("iam.googleapis.com/ServiceAccount", None, found) => searched_account(row, name, found, at, out),
        ("iam.googleapis.com/ServiceAccountKey", Some(data), _) => keys::key(data, at, out),
        ("iam.googleapis.com/Role", Some(data), _) => gcp_roles::role(data, at, out),
        (
            "iam.googleapis.com/WorkloadIdentityPool" | "iam.googleapis.com/WorkloadIdentityPoolProvider",
            Some(data),
            _,
        ) => pools::pool_or_provider(data, at, out),
        ("cloudresourcemanager.googleapis.com/Project", data, found) => {
            project(row, name, data.or(found), at, out);
            true
        }
        (_, Some(data), _) => {
            workload(kind, name, data, at, out);
            true
        }
        _ => true,
    }
}

/// A service account as a search gives it.
fn searched_account(
    row: &Map<String, Value>,
    name: &str,
    found: Option<&Map<String, Value>>,
    at: &At,
    out: &mut Out<'_>,
) -> bool {
    let mut listed = found.cloned().unwrap_or_default();
    listed.insert("name".to_owned(), Value::from(name));
    let shown = either(row, "displayName", "display_name").and_then(Value::as_str);
    if let Some(email) = shown.filter(|name| gcp::is_account(name)) {
        listed.entry("email").or_insert_with(|| Value::from(email));
    }
    match gcp::text(row, "state") {
        Some("DISABLED") => {
            listed.insert("disabled".to_owned(), Value::Bool(true));
        }
        Some("ENABLED") => {}
        // A search need not tell.
        _ => {
            listed.entry("disabled").or_insert(Value::Null);
        }
    }
    gcp::listed_account(&listed, at, out)
}

/// Number and id of a project (<https://cloud.google.com/resource-manager/reference/rest/v1/projects>).
fn project(row: &Map<String, Value>, name: &str, data: Option<&Map<String, Value>>, at: &At, out: &mut Out<'_>) {
    let Some(id) = data.and_then(|data| gcp::text(data, "projectId")) else { return };
    let told = data.and_then(|data| gcp::text(data, "projectNumber"));
    let of_row = gcp::text(row, "project").and_then(|project| gcp::part(project, "projects"));
    let number = [told, gcp::part(name, "projects"), of_row].into_iter().flatten().find(|text| gcp::is_number(text));
    if let Some(number) = number {
        out.fact(Fact::Setting(at.clone(), SettingFact::new(setting::PROJECT_NUMBER, number, id)));
    }
}

/// What runs, and the service account that it runs as: machines, services, functions.
fn workload(kind: &str, name: &str, data: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let at_path = |path: &[&str]| -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(data.get(*first)?, |value, step| value.get(*step))
    };
    let accounts: Vec<&str> = match kind {
        "compute.googleapis.com/Instance" => {
            let all = data.get("serviceAccounts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            all.iter().filter_map(|account| aws::text(account, "email")).collect()
        }
        "run.googleapis.com/Service" | "run.googleapis.com/Job" => {
            let paths: [&[&str]; 3] = [
                &["spec", "template", "spec", "serviceAccountName"],
                &["spec", "template", "spec", "template", "spec", "serviceAccountName"],
                &["template", "serviceAccount"],
            ];
            paths.into_iter().find_map(at_path).and_then(Value::as_str).into_iter().collect()
        }
        "cloudfunctions.googleapis.com/CloudFunction" => {
            data.get("serviceAccountEmail").and_then(Value::as_str).into_iter().collect()
        }
        "cloudfunctions.googleapis.com/Function" => {
            at_path(&["serviceConfig", "serviceAccountEmail"]).and_then(Value::as_str).into_iter().collect()
        }
        _ => return,
    };
    let key = IdentityKey::new(gcp::PROVIDER, "workload", name.trim_start_matches('/'));
    let shown = name.rsplit('/').next().unwrap_or(name);
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Workload, gcp::PROVIDER, &gcp::clip(shown));
    identity.human = Human::No;
    if let Some(project) = gcp::part(name, "projects").filter(|project| !gcp::is_number(project)) {
        gcp::place(&mut identity, project);
    }
    out.fact(Fact::Identity(at.clone(), identity));
    for email in accounts.into_iter().filter(|email| gcp::is_account(email)) {
        out.fact(Fact::Identity(at.clone(), gcp::account(email)));
        let usage = UsageFact {
            identity: Some(key.clone()),
            mode: AuthMode::Instance,
            provider: gcp::PROVIDER.to_owned(),
            credential: None,
            target: Some(email.to_ascii_lowercase()),
            mechanism: "service account of the resource".to_owned(),
            federation_available: false,
            attributes: std::collections::BTreeMap::new(),
        };
        out.fact(Fact::Usage(at.clone(), usage));
    }
}
