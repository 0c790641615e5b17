//! OpenAI's admin keys, project keys and service accounts.
//!
//! Shapes: <https://developers.openai.com/api/reference/resources/organization/subresources/admin_api_keys>,
//! <https://platform.openai.com/docs/api-reference/project-api-keys>,
//! <https://platform.openai.com/docs/api-reference/project-service-accounts>. Dates are epoch seconds. The list of admin keys
//! also gives keys of projects, whose owner is a service account or no organisation owner; those administer nothing. `value`,
//! which the answer to a creation holds, is skipped unread.

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
    id: "openai-keys",
    name: "OpenAI admin keys, project keys and service accounts",
    command: "curl -H \"Authorization: Bearer $OPENAI_ADMIN_KEY\" https://api.openai.com/v1/organization/admin_api_keys",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const ADMIN_KEY: &str = "organization.admin_api_key";
const PROJECT_KEY: &str = "organization.project.api_key";
const ACCOUNT: &str = "organization.project.service_account";

const FIELDS: &[&str] = &[
    "object",
    "id",
    "name",
    "redacted_value",
    "created_at",
    "last_used_at",
    "expires_at",
    "owner",
    "role",
    "has_more",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["object"])
        && [ADMIN_KEY, PROJECT_KEY, ACCOUNT].iter().any(|object| head.contains(&format!("{object}\"")))
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
        let object = saas::text_of(row, "object").unwrap_or_default();
        let Some(kind) = [ADMIN_KEY, PROJECT_KEY, ACCOUNT].into_iter().find(|kind| object.ends_with(kind)) else {
            return;
        };
        match (kind, saas::id(row, "id")) {
            (_, None) => unread.add(&at),
            (ACCOUNT, Some(id)) => {
                let fact = account(row, &id);
                out.fact(Fact::Identity(at, fact));
            }
            (kind, Some(id)) => key(kind, &id, row, &at, out),
        }
    });
    unread.tell("an id", out);
    if let Some(line) = cut {
        out.notice(gap("truncated-export", line, "the last page says has_more: more exist than this export lists"));
    }
}

fn account(row: &Row, id: &str) -> IdentityFact {
    let name = saas::text(row, "name").unwrap_or_else(|| id.to_owned());
    let mut fact = IdentityFact::new(
        IdentityKey::new("openai", "service-account", id),
        IdentityKind::ServiceAccount,
        "openai",
        &name,
    );
    fact.human = Human::No;
    fact.created = saas::date(row, "created_at", When::Unknown);
    if let Some(role) = saas::text(row, "role") {
        fact.attributes.insert("role".to_owned(), role);
    }
    fact
}

/// Whom a key belongs to; lists of projects keep it one step further down.
fn owner(row: &Row) -> Option<(IdentityFact, bool)> {
    let owner = row.get("owner")?;
    let object = owner.get("object").and_then(|o| o.as_str()).unwrap_or_default();
    let machine =
        owner.get("type").and_then(|t| t.as_str()) == Some("service_account") || object.ends_with("service_account");
    let inner = owner.get(if machine { "service_account" } else { "user" }).unwrap_or(owner);
    let text = |field: &str| inner.get(field).and_then(saas::plain);
    let id = text("id")?;
    let name = text("name").or_else(|| text("email")).unwrap_or_else(|| id.clone());
    let (word, kind) =
        if machine { ("service-account", IdentityKind::ServiceAccount) } else { ("user", IdentityKind::UserToken) };
    let mut fact = IdentityFact::new(IdentityKey::new("openai", word, &id), kind, "openai", &name);
    fact.human = if machine { Human::No } else { Human::Yes };
    fact.owner = text("email").map(|mail| mail.to_ascii_lowercase());
    let role = inner.get("role").or_else(|| owner.get("role")).and_then(|r| r.as_str());
    let administers = !machine && role != Some("member") && role != Some("reader");
    Some((fact, administers))
}

fn key(kind: &str, id: &str, row: &Row, at: &At, out: &mut Out<'_>) {
    let owner = owner(row);
    let admin = kind == ADMIN_KEY && owner.as_ref().is_none_or(|(_, administers)| *administers);
    let word = if admin { "openai-admin-key" } else { "openai-project-key" };
    let mut fact = CredentialFact::new(format!("openai:key:{id}"), word, "openai");
    fact.status = Status::Active;
    fact.created = saas::date(row, "created_at", When::Unknown);
    fact.rotated = fact.created;
    fact.last_used = saas::date(row, "last_used_at", When::Never);
    fact.expires = saas::date(row, "expires_at", When::Never);
    for (name, field) in [("name", "name"), ("redacted", "redacted_value")] {
        if let Some(value) = saas::text(row, field) {
            fact.attributes.insert(name.to_owned(), value);
        }
    }
    if let Some((identity, _)) = owner {
        fact.identity = Some(identity.key.clone());
        let key = identity.key.clone();
        out.fact(Fact::Identity(at.clone(), identity));
        if admin {
            out.fact(Fact::Grant(
                at.clone(),
                GrantFact {
                    identity: key,
                    privilege: Privilege::Admin,
                    action: "organisation administration".to_owned(),
                    resource: "the organisation".to_owned(),
                    source: format!("admin key {}", saas::text(row, "name").unwrap_or_else(|| id.to_owned())),
                    condition: None,
                },
            ));
        }
    }
    out.fact(Fact::Credential(at.clone(), fact));
}
