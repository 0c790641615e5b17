//! Federated identity credentials: which tokens of others an Entra application or managed identity takes in place of a secret.
//!
//! Of applications: <https://learn.microsoft.com/en-us/graph/api/resources/federatedidentitycredential>; of managed identities:
//! <https://learn.microsoft.com/en-us/rest/api/managedidentity/federated-identity-credentials/list>. A listing does not repeat
//! which application it belongs to: Graph's `@odata.context` names the object, a map or a file's name may; a credential of a
//! managed identity tells it by its own id.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::azure::{self, Item, PROVIDER, either, guid_in, paging, property, resource, short};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, RepoPath, TrustFact};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-federated-credentials",
    name: "Entra federated credentials",
    command: "az ad app federated-credential list --id APP_ID --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Rows of one page that are held until the page tells whose they are; an application has at most 20.
const HELD_MAX: usize = 1_000;

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"issuer\"", "\"audiences\""])
        && ["\"subject\"", "\"claimsMatchingExpression\""].iter().any(|word| head.contains(word))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, (&mut input.text.as_bytes(), true), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, (reader, false), out);
}

fn run(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging![
        "@odata.id",
        "id",
        "name",
        "issuer",
        "subject",
        "audiences",
        "claimsMatchingExpression",
        "properties",
        "type"
    ];
    let named = of_file(&input.path.display());
    let mut held: Vec<(Map<String, Value>, At)> = Vec::new();
    let mut unknown: Option<At> = None;
    let mut settle = |rows: &mut Vec<(Map<String, Value>, At)>, context: Option<&str>, out: &mut Out<'_>| {
        for (row, at) in rows.drain(..) {
            if !one(&row, &at, context, named.as_deref(), &input.path.display(), out) {
                unknown.get_or_insert(at);
            }
        }
    };
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| match item {
        Item::Row(row, at) if property(&row, "issuer").is_some() => {
            held.push((row, at));
            if held.len() >= HELD_MAX {
                settle(&mut held, None, out);
            }
        }
        Item::Row(..) => {}
        Item::Page(context) => settle(&mut held, context.as_deref(), out),
    });
    if let Some(at) = unknown {
        out.notice(ReadNotice {
            kind: NoticeKind::Limit,
            code: "no-owner",
            line: at.line.unwrap_or_default(),
            column: u64::from(at.line.is_some()),
            message:
                "nothing says which application these federated credentials belong to; put its app id into the file's \
                      name"
                    .to_owned(),
        });
    }
}

/// The GUID in a file's name, else in that of its folder.
fn of_file(path: &str) -> Option<String> {
    path.rsplit('/').take(2).find_map(guid_in)
}

/// Tells one credential; false when whose it is could not be told.
fn one(
    row: &Map<String, Value>,
    at: &At,
    context: Option<&str>,
    named: Option<&str>,
    file: &str,
    out: &mut Out<'_>,
) -> bool {
    let own = azure::text(row, "id").unwrap_or_default();
    let lower = own.to_ascii_lowercase();
    // `/subscriptions/…/userAssignedIdentities/NAME/federatedIdentityCredentials/CREDENTIAL`.
    let managed = lower.find("/federatedidentitycredentials/").and_then(|end| own.get(..end));
    // The row's own `@odata.id`, which names a tenant before the application, or `@odata.context`, when it was fetched alone; a
    // map from application to listing; the page's; the file's.
    let of_id = azure::text(row, "@odata.id").and_then(|id| id.split_once("Application('")).map(|(_, rest)| rest);
    let context = of_id.or_else(|| azure::text(row, "@odata.context")).or(context);
    let pointer = at.pointer.as_deref().unwrap_or_default();
    let owner = || guid_in(pointer).or_else(|| context.and_then(guid_in)).or_else(|| named.map(str::to_owned));
    let (key, kind, name) = match (managed, owner()) {
        (Some(id), _) => (resource(id), IdentityKind::Role, id.rsplit('/').next().unwrap_or(id).to_owned()),
        (None, Some(id)) => (either(&id), IdentityKind::Application, id),
        (None, None) => {
            let name = property(row, "name").unwrap_or("federated credential");
            let key = IdentityKey::new(PROVIDER, "federated", &format!("{file}#{}", short(name)));
            (key, IdentityKind::Application, short(name))
        }
    };
    let known = !key.as_str().starts_with("azure:federated:");
    let mut fact = IdentityFact::new(key.clone(), kind, PROVIDER, &name);
    fact.human = Human::No;
    if known && managed.is_none() {
        // A listing of applications knows its name.
        fact.kind = IdentityKind::Other;
    }
    out.fact(Fact::Identity(at.clone(), fact));
    out.fact(Fact::Trust(at.clone(), trust(row, key)));
    known
}

/// The trust that one credential declares, for the identity that holds it. The issuer goes without scheme and final slash, as
/// the readers of declarations write it.
pub fn trust(row: &Map<String, Value>, identity: IdentityKey) -> TrustFact {
    let text = |name: &str| property(row, name);
    let issuer = text("issuer").unwrap_or_default();
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    let inner = row.get("properties").and_then(Value::as_object);
    let audiences = row.get("audiences").or_else(|| inner.and_then(|inner| inner.get("audiences")));
    let audience = match audiences {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).min(),
        Some(Value::String(one)) => Some(one.as_str()),
        _ => None,
    };
    // Flexible credentials hold an expression in place of the subject
    // (<https://learn.microsoft.com/en-us/entra/workload-id/workload-identities-flexible-federated-identity-credentials>).
    let expression = text("claimsMatchingExpression").or_else(|| {
        let expression = row.get("claimsMatchingExpression").or_else(|| inner?.get("claimsMatchingExpression"));
        expression?.get("value")?.as_str()
    });
    let operator = if expression.is_some() { "claimsMatchingExpression" } else { "StringEquals" };
    let mut attributes =
        BTreeMap::from([("kind".to_owned(), "federated".to_owned()), ("sub_operator".to_owned(), operator.to_owned())]);
    if let Some(name) = text("name") {
        attributes.insert("credential".to_owned(), short(name));
    }
    let subject = expression.or_else(|| text("subject")).map(|subject| subject.chars().take(300).collect());
    TrustFact { identity, issuer: short(issuer), audience: audience.map(short), subject, attributes }
}
