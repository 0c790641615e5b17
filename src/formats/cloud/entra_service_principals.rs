//! Service principals of an Entra tenant, as `az ad sp list` and Microsoft Graph list them.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/serviceprincipal>. A service principal is its application's place in one
//! tenant, so its own id comes first: `inventory` takes it for the application unless the inputs know another principal of it.
//! Secrets made on the application are on the application alone.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::date;
use super::azure::{self, Item, PROVIDER, app, either, id, paging, principal, resource, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Environment, Fact, Human, IdentityFact, IdentityKind, RepoPath, Status};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-service-principals",
    name: "Entra service principal list",
    command: "az ad sp list --all --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Tenants from which Microsoft publishes its own applications
/// (<https://learn.microsoft.com/en-us/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in>).
const MICROSOFT: [&str; 2] = ["f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"];

/// Whether the beginning of a text is that of a list of service principals.
pub fn is_service_principal(head: &str) -> bool {
    if !azure::holds(head, &[]) {
        return false;
    }
    let any = |words: &[&str]| words.iter().any(|word| head.contains(word));
    let own = any(&[
        "\"servicePrincipalType\"",
        "\"servicePrincipalNames\"",
        "\"appOwnerOrganizationId\"",
        "\"appOwnerTenantId\"",
        "\"preferredTokenSigningKeyThumbprint\"",
    ]);
    let first =
        head.contains("\"accountEnabled\"") && any(&["\"alternativeNames\"", "\"appDisplayName\"", "\"addIns\""]);
    own || first
}

fn claims(_: &RepoPath, head: &str) -> bool {
    is_service_principal(head)
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging![
        "id",
        "objectId",
        "appId",
        "displayName",
        "appDisplayName",
        "createdDateTime",
        "accountEnabled",
        "servicePrincipalType",
        "servicePrincipalNames",
        "alternativeNames",
        "appOwnerOrganizationId",
        "appOwnerTenantId",
        "verifiedPublisher",
        "passwordCredentials",
        "keyCredentials",
    ];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            service_principal(&row, &at, out);
        }
    });
}

fn service_principal(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let object = id(row, "id").or_else(|| id(row, "objectId"));
    let (Some(client), Some(object)) = (id(row, "appId"), object) else { return };
    let name = text(row, "displayName").or_else(|| text(row, "appDisplayName")).unwrap_or(&client);
    let kind = text(row, "servicePrincipalType").unwrap_or("Application");
    let managed = kind.eq_ignore_ascii_case("ManagedIdentity");
    let [own, alias] = principal(&object);
    // A managed identity lives in one tenant, where its client id names it.
    let key = if managed { app(&client) } else { own.clone() };
    let word = if managed { IdentityKind::Role } else { IdentityKind::Application };
    let mut fact = IdentityFact::new(key.clone(), word, PROVIDER, &short(name));
    fact.aliases.extend([app(&client), either(&client), own, alias]);
    fact.aliases.retain(|alias| *alias != key);
    fact.human = Human::No;
    fact.status = match row.get("accountEnabled") {
        Some(Value::Bool(true)) => Status::Active,
        Some(Value::Bool(false)) => Status::Inactive,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Status::Active,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Status::Inactive,
        _ => Status::Unknown,
    };
    fact.created = date(row.get("createdDateTime"));
    fact.attributes.insert("service_principal_type".to_owned(), short(kind));
    let owner = id(row, "appOwnerOrganizationId").or_else(|| id(row, "appOwnerTenantId"));
    let microsoft = owner.as_deref().is_some_and(|owner| MICROSOFT.contains(&owner));
    fact.environment = if microsoft { Environment::default() } else { azure::environment_of(name) };
    if let Some(owner) = owner {
        fact.attributes.insert("owner_tenant".to_owned(), owner);
    }
    if microsoft {
        fact.attributes.insert("first_party".to_owned(), "microsoft".to_owned());
    }
    if let Some(publisher) = row.get("verifiedPublisher") {
        let verified = publisher.get("verifiedPublisherId").is_some_and(|id| !id.is_null());
        let word = if verified { "yes" } else { "no" };
        fact.attributes.insert("verified_publisher".to_owned(), word.to_owned());
    }
    // `isExplicit=True` and the resource: the identity itself, or for a system-assigned one what it is assigned to.
    let names = row.get("alternativeNames").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if managed && let Some(of) = names.iter().filter_map(Value::as_str).find(|name| name.starts_with("/subscriptions/"))
    {
        fact.aliases.push(resource(of));
        fact.attributes.insert("resource".to_owned(), short(of));
    }
    out.fact(Fact::Identity(at.clone(), fact));
    // Certificates of a managed identity are Azure's, which rotates them.
    if !managed {
        azure::credentials(row, &key, at, out);
    }
}
