//! Last sign-ins of service principals, a report of Microsoft Graph's beta.
//!
//! <https://learn.microsoft.com/en-us/graph/api/reportroot-list-serviceprincipalsigninactivities?view=graph-rest-beta>. The last
//! sign-in of all counts being asked for a token of itself as well; only those as a client are work of its own, and the
//! delegated ones among them are driven by people.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{date, latest};
use super::azure::{self, Item, PROVIDER, app, id, paging};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKind, RepoPath, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-sign-in-activities",
    name: "Entra service principal sign-in activity",
    command: "az rest --method get --url https://graph.microsoft.com/beta/reports/servicePrincipalSignInActivities",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Activities with the attribute that holds their date.
const KINDS: [(&str, &str); 4] = [
    ("applicationAuthenticationClientSignInActivity", "signed_in_itself"),
    ("delegatedClientSignInActivity", "signed_in_for_people"),
    ("applicationAuthenticationResourceSignInActivity", "asked_for_by_applications"),
    ("delegatedResourceSignInActivity", "asked_for_by_people"),
];

fn claims(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"appId\""]) && KINDS.iter().any(|(name, _)| head.contains(&format!("\"{name}\"")))
        || azure::holds(head, &["\"appId\"", "\"lastSignInActivity\""])
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
        "appId",
        "lastSignInActivity",
        "applicationAuthenticationClientSignInActivity",
        "delegatedClientSignInActivity",
        "applicationAuthenticationResourceSignInActivity",
        "delegatedResourceSignInActivity",
    ];
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            activity(&row, at, out);
        }
    });
}

fn activity(row: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let Some(client) = id(row, "appId") else { return };
    let of = |name: &str| date(row.get(name).and_then(|activity| activity.get("lastSignInDateTime")));
    let mut fact = IdentityFact::new(app(&client), IdentityKind::Other, PROVIDER, &client);
    fact.human = Human::No;
    fact.attributes.insert("sign_ins".to_owned(), "listed".to_owned());
    fact.last_used = of("lastSignInActivity");
    for (name, attribute) in KINDS {
        if let When::At(moment) = of(name) {
            fact.last_used = latest(fact.last_used, When::At(moment));
            fact.attributes.insert(attribute.to_owned(), moment.strftime("%Y-%m-%d").to_string());
        }
    }
    out.fact(Fact::Identity(at, fact));
}
