//! Delegated permissions of an Entra tenant: what applications may do in the name of people, as Microsoft Graph lists it and as
//! `az ad app permission list-grants` prints it.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/oauth2permissiongrant>. `clientId` is the object id of the client's service
//! principal, not its client id; `AllPrincipals` holds for everybody of the tenant, `Principal` for one user. The rights are never
//! more than those of whoever is signed in, so none of them administers by itself.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{self, Item, PROVIDER, id, paging, principal, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, GrantFact, Human, IdentityFact, IdentityKind, Privilege, RepoPath};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-permission-grants",
    name: "Entra delegated permission grants",
    command: "az rest --method get --url \"https://graph.microsoft.com/v1.0/oauth2PermissionGrants?$top=999\"",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Scopes kept of one grant; a grant has a few dozen at most.
const SCOPES_MAX: usize = 200;

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"clientId\"", "\"consentType\"", "\"resourceId\"", "\"scope\""])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] =
        paging!["id", "clientId", "consentType", "principalId", "resourceId", "resourceDisplayName", "scope"];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            grant(&row, &at, out);
        }
    });
}

fn grant(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let (Some(client), Some(consent)) = (id(row, "clientId"), text(row, "consentType")) else { return };
    let everybody = consent.eq_ignore_ascii_case("AllPrincipals");
    let [key, alias] = principal(&client);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, PROVIDER, &client);
    fact.aliases.push(alias);
    fact.human = Human::No;
    out.fact(Fact::Identity(at.clone(), fact));
    let api = text(row, "resourceDisplayName").map(short);
    let api =
        api.or_else(|| id(row, "resourceId").map(|id| format!("API {id}"))).unwrap_or_else(|| "an API".to_owned());
    let whose = if everybody { "everybody who signs in" } else { "one user" };
    let mut scopes: Vec<&str> = text(row, "scope").unwrap_or_default().split_whitespace().take(SCOPES_MAX).collect();
    scopes.sort_unstable();
    scopes.dedup();
    for scope in scopes {
        let grant = GrantFact {
            identity: key.clone(),
            privilege: privilege(scope, everybody),
            action: short(scope),
            resource: format!("{api} in the name of {whose}"),
            source: format!("delegated permission, consent {}", short(consent)),
            condition: Some("while a person is signed in".to_owned()),
        };
        out.fact(Fact::Grant(at.clone(), grant));
    }
}

/// What a scope is worth by its name, `Resource.Operation.Constraint`
/// (<https://learn.microsoft.com/en-us/graph/permissions-overview#permissions-naming-pattern>).
fn privilege(scope: &str, everybody: bool) -> Privilege {
    if matches!(scope, "openid" | "profile" | "email" | "offline_access") {
        return Privilege::None;
    }
    let mut parts = scope.split('.').skip(1);
    let operation = parts.next().unwrap_or_default();
    let writes = ["ReadWrite", "Write", "Send", "Manage", "FullControl", "AccessAsUser", "Create", "Invite"];
    let writes =
        writes.iter().any(|word| operation.starts_with(word)) || scope.eq_ignore_ascii_case("user_impersonation");
    match (writes, everybody) {
        (true, true) => Privilege::WriteBroad,
        (true, false) => Privilege::WriteScoped,
        _ if operation.starts_with("Read") => Privilege::ReadScoped,
        _ => Privilege::Unknown,
    }
}
