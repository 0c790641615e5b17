//! Users of an Entra tenant, read for those among them that are no people.
//!
//! <https://learn.microsoft.com/en-us/graph/api/resources/user>. What is no account of a service by its name is counted and not
//! kept: people are nobody's inventory.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{date, latest};
use super::azure::{self, Item, PROVIDER, id, paging, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, Status, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "entra-users",
    name: "Entra user list",
    command: "az rest --method get --url \"https://graph.microsoft.com/v1.0/users?$top=999&$select=id,userPrincipalName,displayName,accountEnabled,userType,passwordPolicies,createdDateTime,onPremisesSyncEnabled\"",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_: &RepoPath, head: &str) -> bool {
    let words =
        ["\"passwordPolicies\"", "\"accountEnabled\"", "\"userType\"", "\"businessPhones\"", "\"signInActivity\""];
    azure::holds(head, &["\"userPrincipalName\""]) && words.iter().any(|word| head.contains(word))
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
        "userPrincipalName",
        "displayName",
        "accountEnabled",
        "userType",
        "passwordPolicies",
        "createdDateTime",
        "onPremisesSyncEnabled",
        "signInActivity",
    ];
    let (mut users, mut services): (u64, u64) = (0, 0);
    azure::rows(input, FORMAT.id, reader, FIELDS, out, &mut |item, out| {
        let Item::Row(row, at) = item else { return };
        let Some(name) = text(&row, "userPrincipalName") else { return };
        users += 1;
        if is_service(name) {
            services += 1;
            user(&row, name, at, out);
        }
    });
    if users > 0 {
        let mut fact = SettingFact::new(setting::USERS_READ, input.path.display(), users.to_string());
        fact.attributes.insert("services".to_owned(), services.to_string());
        out.fact(Fact::Setting(At::default(), fact));
    }
}

/// Whether the name before the `@` is that of a service: `svc-backup`, `sa_deploy`, `payments-bot`.
pub(super) fn is_service(name: &str) -> bool {
    let local = name.split('@').next().unwrap_or(name).to_ascii_lowercase();
    let words: Vec<&str> = local.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = |word: &&str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(word, "svc" | "srv" | "service" | "svcacct" | "serviceaccount" | "bot" | "robot" | "automation")
    };
    // A `sa` at the beginning and apart: it is a part of many names.
    let first = words.len() > 1 && matches!(words.first(), Some(&("sa" | "app" | "api" | "job")));
    words.iter().any(plain) || first || local.starts_with("svc")
}

fn user(row: &Map<String, Value>, upn: &str, at: At, out: &mut Out<'_>) {
    let upn = upn.to_ascii_lowercase();
    let key = match id(row, "id").or_else(|| id(row, "objectId")) {
        Some(id) => IdentityKey::new(PROVIDER, "user", &id),
        None => IdentityKey::new(PROVIDER, "user", &short(&upn)),
    };
    let mut fact = IdentityFact::new(key, IdentityKind::CloudUser, PROVIDER, &short(&upn));
    fact.status = match row.get("accountEnabled").and_then(Value::as_bool) {
        Some(true) => Status::Active,
        Some(false) => Status::Inactive,
        None => Status::Unknown,
    };
    fact.created = date(row.get("createdDateTime"));
    let activity = |name: &str| date(row.get("signInActivity").and_then(|activity| activity.get(name)));
    fact.last_used = latest(activity("lastSignInDateTime"), activity("lastNonInteractiveSignInDateTime"));
    fact.attributes.insert("named_as_service".to_owned(), "true".to_owned());
    if let Some(policies) = text(row, "passwordPolicies") {
        fact.attributes.insert("password_policies".to_owned(), short(policies));
    }
    if row.get("onPremisesSyncEnabled") == Some(&Value::Bool(true)) {
        fact.attributes.insert("synchronised".to_owned(), "true".to_owned());
    }
    out.fact(Fact::Identity(at, fact));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_told_from_those_of_people() {
        for name in ["svc-backup@acme.example", "svcBackup@acme.example", "sa_deploy@x", "payments-bot@x", "srv01@x"] {
            assert!(is_service(name), "{name}");
        }
        for name in ["ana@acme.example", "sa@x", "sandra.app@x", "abbot@x", "isaac.service-smith2@x", "Sync_HOST_0a@x"]
        {
            assert_eq!(is_service(name), name.contains("service"), "{name}");
        }
    }
}
