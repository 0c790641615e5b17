//! Databricks: personal access tokens of a workspace and its service principals.
//!
//! <https://docs.databricks.com/api/workspace/tokenmanagement/list>, <https://docs.databricks.com/api/workspace/tokens/list>,
//! <https://docs.databricks.com/api/workspace/serviceprincipals/list>. Times are milliseconds; an `expiry_time` of -1 is none.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::listing::{Item, holds, paging, rows, short, text};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, Status, When,
};

const PROVIDER: &str = "databricks";

/// Tokens.
pub static TOKENS: Format = Format {
    id: "databricks-tokens",
    name: "Databricks token list",
    command: "databricks token-management list --output json",
    syntax: Syntax::Text,
    claims: |_, head| holds(head, &["\"token_id\"", "\"expiry_time\"", "\"creation_time\""]),
    read: |input, _, out| tokens(input, (&mut input.text.as_bytes(), true), out),
    stream: Some(|input, reader, out| tokens(input, (reader, false), out)),
};

/// Service principals.
pub static SERVICE_PRINCIPALS: Format = Format {
    id: "databricks-service-principals",
    name: "Databricks service principal list",
    command: "databricks service-principals list --output json",
    syntax: Syntax::Text,
    claims: |_, head| {
        let scim = ["\"entitlements\"", "\"groups\"", "\"active\"", "scim:schemas:core:2.0:ServicePrincipal"];
        holds(head, &["\"applicationId\"", "\"displayName\""]) && scim.iter().any(|word| head.contains(word))
    },
    read: |input, _, out| principals(input, (&mut input.text.as_bytes(), true), out),
    stream: Some(|input, reader, out| principals(input, (reader, false), out)),
};

/// An id, which is a number here and a text there.
fn id(row: &Map<String, Value>, name: &str) -> Option<String> {
    match row.get(name)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(short),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn principal(id: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "principal", id)
}

/// A time in milliseconds; -1 is `none`.
fn time(value: Option<&Value>, none: When) -> When {
    match value.and_then(Value::as_i64) {
        Some(-1) => none,
        Some(ms) if ms > 0 => jiff::Timestamp::from_millisecond(ms).map_or(When::Unknown, When::At),
        _ => When::Unknown,
    }
}

fn tokens(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging![
        "token_id",
        "creation_time",
        "expiry_time",
        "comment",
        "owner_id",
        "created_by_id",
        "created_by_username",
        "workspace_id",
        "last_used_day",
    ];
    rows(input, TOKENS.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            token(&row, &at, out);
        }
    });
}

fn token(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let Some(token) = id(row, "token_id") else { return };
    let mut fact = CredentialFact::new(format!("databricks:token:{token}"), "databricks-token", PROVIDER);
    fact.status = Status::Active;
    fact.created = time(row.get("creation_time"), When::Unknown);
    fact.rotated = fact.created;
    fact.expires = time(row.get("expiry_time"), When::Never);
    fact.last_used = time(row.get("last_used_day"), When::Unknown);
    if let Some(comment) = text(row, "comment") {
        fact.attributes.insert("name".to_owned(), short(comment));
    }
    let maker = id(row, "created_by_id");
    let by = text(row, "created_by_username");
    // A token on behalf of a service principal is made by one and owned by the other.
    let owner = id(row, "owner_id").or_else(|| maker.clone());
    if let Some(owner) = owner {
        let own = maker.as_ref() == Some(&owner);
        let name = by.filter(|_| own).unwrap_or(&owner);
        let mut who = IdentityFact::new(principal(&owner), IdentityKind::Other, PROVIDER, &short(name));
        if own && by.is_some_and(|name| name.contains('@')) {
            who.kind = IdentityKind::CloudUser;
            who.human = Human::Yes;
        }
        who.account = id(row, "workspace_id");
        fact.identity = Some(who.key.clone());
        out.fact(Fact::Identity(at.clone(), who));
    }
    out.fact(Fact::Credential(at.clone(), fact));
}

fn principals(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] =
        paging!["id", "applicationId", "displayName", "active", "groups", "entitlements", "roles", "externalId"];
    rows(input, SERVICE_PRINCIPALS.id, reader, FIELDS, out, &mut |item, out| {
        let Item::Row(row, at) = item else { return };
        let (Some(own), Some(application)) = (id(&row, "id"), text(&row, "applicationId")) else { return };
        let name = text(&row, "displayName").unwrap_or(application);
        let mut fact = IdentityFact::new(principal(&own), IdentityKind::ServiceAccount, PROVIDER, &short(name));
        fact.aliases.push(IdentityKey::new(PROVIDER, "app", &short(&application.to_ascii_lowercase())));
        fact.human = Human::No;
        fact.environment = crate::formats::environment::of_name("name", &short(name));
        fact.status = match row.get("active").and_then(Value::as_bool) {
            Some(true) => Status::Active,
            Some(false) => Status::Inactive,
            None => Status::Unknown,
        };
        let key = fact.key.clone();
        out.fact(Fact::Identity(at.clone(), fact));
        let list = |name: &str| row.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for group in list("groups") {
            let Some(name) = group.get("display").and_then(Value::as_str) else { continue };
            // Everybody is in this one.
            if name == "users" {
                continue;
            }
            // The group of that name administers the workspace
            // (<https://docs.databricks.com/aws/en/admin/users-groups/groups>).
            let privilege = if name == "admins" { Privilege::Admin } else { Privilege::Unknown };
            out.fact(Fact::Grant(
                at.clone(),
                GrantFact {
                    identity: key.clone(),
                    privilege,
                    action: format!("group {}", short(name)),
                    resource: "workspace".to_owned(),
                    source: "member of a group".to_owned(),
                    condition: None,
                },
            ));
        }
    });
}
