//! API keys of an Anthropic organisation, as its admin API lists them.
//!
//! Shape: <https://docs.claude.com/en/api/admin-api/apikeys/list-api-keys>: `status` is `active`, `inactive`, `archived` or
//! `expired`, a `workspace_id` of null is the default workspace, `partial_key_hint` shows the beginning and the end of the key.

use std::io::BufRead;

use super::aws::gap;
use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath, Status,
    When,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "anthropic-keys",
    name: "Anthropic API keys",
    command: "curl -H \"x-api-key: $ANTHROPIC_ADMIN_KEY\" -H 'anthropic-version: 2023-06-01' 'https://api.anthropic.com/v1/organizations/api_keys?limit=1000'",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "id",
    "type",
    "name",
    "workspace_id",
    "created_at",
    "created_by",
    "expires_at",
    "partial_key_hint",
    "status",
    "has_more",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["partial_key_hint", "id"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(_: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let mut unread = Unread::default();
    let mut cut = None;
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if let Some(more) = saas::flag(row, "has_more") {
            cut = more.then_some(at.line);
            return;
        }
        if !row.contains_key("partial_key_hint") {
            return;
        }
        match saas::id(row, "id") {
            Some(id) => key(&id, row, &at, out),
            None => unread.add(&at),
        }
    });
    unread.tell("an id", out);
    if let Some(line) = cut {
        out.notice(gap(
            "truncated-export",
            line,
            "the last page says has_more: more keys exist than this export lists",
        ));
    }
}

fn key(id: &str, row: &Row, at: &At, out: &mut Out<'_>) {
    let hint = saas::text(row, "partial_key_hint");
    let admin = hint.as_deref().is_some_and(|hint| hint.starts_with("sk-ant-admin"));
    let name = saas::text(row, "name").unwrap_or_else(|| id.to_owned());
    let identity = IdentityKey::new("anthropic", "api-key", id);
    let mut fact = IdentityFact::new(identity.clone(), IdentityKind::Application, "anthropic", &name);
    // Who made it may be gone while a service goes on with it.
    fact.owner = saas::inner(row, "created_by", "id");
    fact.human = Human::Maybe;
    fact.account = saas::text(row, "workspace_id");
    fact.created = saas::date(row, "created_at", When::Unknown);
    let mut credential = CredentialFact::new(
        format!("anthropic:key:{id}"),
        if admin { "anthropic-admin-key" } else { "anthropic-api-key" },
        "anthropic",
    );
    credential.identity = Some(identity.clone());
    credential.status = match saas::text_of(row, "status") {
        Some("active") => Status::Active,
        Some("inactive" | "archived" | "expired") => Status::Inactive,
        _ => Status::Unknown,
    };
    credential.created = fact.created;
    credential.rotated = fact.created;
    credential.expires = saas::date(row, "expires_at", When::Never);
    credential.attributes.insert("name".to_owned(), name.clone());
    for (name, value) in [("redacted", hint), ("created_by", fact.owner.clone()), ("workspace", fact.account.clone())] {
        if let Some(value) = value {
            credential.attributes.insert(name.to_owned(), value);
        }
    }
    out.fact(Fact::Identity(at.clone(), fact));
    out.fact(Fact::Credential(at.clone(), credential));
    if admin {
        out.fact(Fact::Grant(
            at.clone(),
            GrantFact {
                identity,
                privilege: Privilege::Admin,
                action: "organisation administration".to_owned(),
                resource: "the organisation".to_owned(),
                source: format!("admin key {name}"),
                condition: None,
            },
        ));
    }
}
