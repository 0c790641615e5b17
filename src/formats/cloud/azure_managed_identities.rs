//! User-assigned managed identities, as `az identity list` flattens them or Azure Resource Manager nests them.
//!
//! <https://learn.microsoft.com/en-us/rest/api/managedidentity/user-assigned-identities/list-by-subscription>.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{
    self, Item, PROVIDER, app, either, guid, guid_in, paging, principal, property, resource, short, tag,
};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{At, EnvironmentClass, Fact, Human, IdentityFact, IdentityKind, RepoPath, Status};

/// The format.
pub static FORMAT: Format = Format {
    id: "azure-managed-identities",
    name: "Azure managed identity list",
    command: "az identity list --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_: &RepoPath, head: &str) -> bool {
    let lower = head.to_ascii_lowercase();
    azure::holds(head, &["\"clientId\"", "\"principalId\"", "\"tenantId\""])
        && lower.contains("/userassignedidentities/")
        && !head.contains("\"$schema\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging!["id", "name", "clientId", "principalId", "tenantId", "tags", "properties"];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            identity(&row, at, out);
        }
    });
}

fn identity(row: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let Some(own) = azure::text(row, "id") else { return };
    // Other resources name the identities that they run as in maps of the same fields.
    let Some(client) = property(row, "clientId").and_then(guid) else { return };
    let name = azure::text(row, "name").or_else(|| own.rsplit('/').next()).unwrap_or(own);
    let mut fact = IdentityFact::new(app(&client), IdentityKind::Role, PROVIDER, &short(name));
    fact.aliases.extend([resource(own), either(&client)]);
    fact.aliases.extend(property(row, "principalId").and_then(guid).iter().flat_map(|id| principal(id)));
    fact.human = Human::No;
    fact.status = Status::Active;
    fact.account = guid_in(own);
    fact.owner = tag(row, &["owner", "owner-email", "contact", "maintainer", "team"]);
    fact.environment = match tag(row, &["environment", "env", "stage"]) {
        Some(told) => environment::classify("tag", &told),
        None => azure::environment_of(name),
    };
    if fact.environment.class == EnvironmentClass::Unknown {
        fact.environment = crate::model::Environment::default();
    }
    fact.attributes.insert("resource".to_owned(), short(own));
    if let Some(tenant) = property(row, "tenantId").and_then(guid) {
        fact.attributes.insert("tenant".to_owned(), tenant);
    }
    out.fact(Fact::Identity(at, fact));
}
