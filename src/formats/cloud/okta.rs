//! Okta: API tokens, applications and the users that tokens belong to.
//!
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/ApiToken/>,
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Application/>,
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>. Listings are bare arrays whose next page is
//! told in a header, so that a cut one cannot be known.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::date;
use super::listing::{Item, holds, paging, rows, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath,
    SettingFact, Status, When, setting,
};

const PROVIDER: &str = "okta";

/// API tokens.
pub static API_TOKENS: Format = Format {
    id: "okta-api-tokens",
    name: "Okta API token list",
    command: "curl -H \"Authorization: SSWS $TOKEN\" https://ORG.okta.com/api/v1/api-tokens",
    syntax: Syntax::Text,
    claims: |_, head| holds(head, &["\"tokenWindow\"", "\"userId\""]),
    read: |input, _, out| tokens(input, (&mut input.text.as_bytes(), true), out),
    stream: Some(|input, reader, out| tokens(input, (reader, false), out)),
};

/// Applications.
pub static APPS: Format = Format {
    id: "okta-apps",
    name: "Okta application list",
    command: "curl -H \"Authorization: SSWS $TOKEN\" \"https://ORG.okta.com/api/v1/apps?limit=200\"",
    syntax: Syntax::Text,
    claims: |_, head| holds(head, &["\"signOnMode\"", "\"label\"", "\"status\""]),
    read: |input, _, out| apps(input, (&mut input.text.as_bytes(), true), out),
    stream: Some(|input, reader, out| apps(input, (reader, false), out)),
};

/// Users.
pub static USERS: Format = Format {
    id: "okta-users",
    name: "Okta user list",
    command: "curl -H \"Authorization: SSWS $TOKEN\" \"https://ORG.okta.com/api/v1/users?limit=200\"",
    syntax: Syntax::Text,
    claims: |_: &RepoPath, head: &str| {
        holds(head, &["\"statusChanged\"", "\"lastLogin\"", "\"profile\""])
            || holds(head, &["\"profile\"", "\"login\"", "\"passwordChanged\""])
    },
    read: |input: &Input<'_>, _: &Doc, out: &mut Out<'_>| users(input, (&mut input.text.as_bytes(), true), out),
    stream: Some(|input, reader, out| users(input, (reader, false), out)),
};

fn user(id: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "user", id)
}

/// Seconds in a duration of ISO 8601 without years and months, as `tokenWindow` is: `P30D`, `PT5M`.
fn seconds(duration: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut number: i64 = 0;
    let mut time = false;
    for c in duration.strip_prefix('P')?.chars().take(40) {
        let unit = match c {
            '0'..='9' => {
                number = number.checked_mul(10)?.checked_add(i64::from(c.to_digit(10)?))?;
                continue;
            }
            'T' => {
                time = true;
                continue;
            }
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' if time => 60,
            'S' => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        number = 0;
    }
    Some(total)
}

fn tokens(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] =
        paging!["id", "name", "userId", "clientName", "tokenWindow", "created", "lastUpdated", "expiresAt", "network",];
    rows(input, API_TOKENS.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            token(&row, &at, out);
        }
    });
}

fn token(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let (Some(id), Some(window)) = (text(row, "id"), text(row, "tokenWindow")) else { return };
    let mut fact = CredentialFact::new(format!("okta:api-token:{}", short(id)), "okta-api-token", PROVIDER);
    fact.status = Status::Active;
    fact.created = date(row.get("created"));
    fact.rotated = fact.created;
    fact.expires = date(row.get("expiresAt"));
    fact.attributes.insert("window".to_owned(), short(window));
    if let Some(name) = text(row, "name") {
        fact.attributes.insert("name".to_owned(), short(name));
    }
    let length = seconds(window);
    if let Some(length) = length {
        fact.attributes.insert("window_seconds".to_owned(), length.to_string());
    }
    // Each use puts the end one window further, so the last use is the end less the window; without any, that is the creation.
    let used = fact.expires.at().zip(length).and_then(|(end, length)| {
        let moment = jiff::Timestamp::from_second(end.as_second().checked_sub(length)?).ok()?;
        let made = fact.created.at()?;
        (moment.as_second() - made.as_second() > 60).then_some(moment)
    });
    fact.last_used = used.map_or(When::Unknown, When::At);
    let zone = row.get("network").and_then(|network| network.get("connection")).and_then(Value::as_str);
    if let Some(zone) = zone {
        fact.attributes.insert("network".to_owned(), short(zone));
    }
    if let Some(owner) = text(row, "userId") {
        let key = user(&short(owner));
        // A token has the rights of its user, and administrators alone make tokens
        // (<https://developer.okta.com/docs/guides/create-an-api-token/main/>); which of them is not in this export.
        out.fact(Fact::Grant(
            at.clone(),
            GrantFact {
                identity: key.clone(),
                privilege: Privilege::Unknown,
                action: "administrator role".to_owned(),
                resource: "Okta organisation".to_owned(),
                source: "API tokens are made by administrators and have their rights".to_owned(),
                condition: None,
            },
        ));
        fact.identity = Some(key);
    }
    out.fact(Fact::Credential(at.clone(), fact));
}

fn apps(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] =
        paging!["id", "name", "label", "status", "created", "signOnMode", "credentials", "settings"];
    rows(input, APPS.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            application(&row, &at, out);
        }
    });
}

fn application(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let (Some(id), Some(mode)) = (text(row, "id"), text(row, "signOnMode")) else { return };
    // Other modes sign people in to what others run.
    if !mode.eq_ignore_ascii_case("OPENID_CONNECT") {
        return;
    }
    let inner = |group: &str| row.get(group).and_then(|g| g.get("oauthClient")).and_then(Value::as_object);
    let (credentials, settings) = (inner("credentials"), inner("settings"));
    let client = credentials.and_then(|c| text(c, "client_id")).unwrap_or(id);
    let label = text(row, "label").unwrap_or(client);
    let key = IdentityKey::new(PROVIDER, "app", &short(client));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, PROVIDER, &short(label));
    if client != id {
        fact.aliases.push(IdentityKey::new(PROVIDER, "app", &short(id)));
    }
    fact.human = Human::No;
    fact.status = match text(row, "status") {
        Some("ACTIVE") => Status::Active,
        Some("INACTIVE") => Status::Inactive,
        Some("DELETED") => Status::Deleted,
        _ => Status::Unknown,
    };
    fact.created = date(row.get("created"));
    fact.environment = crate::formats::environment::of_name("label", &short(label));
    let grants: Vec<&str> = settings
        .and_then(|s| s.get("grant_types"))
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let kind = settings.and_then(|s| text(s, "application_type")).unwrap_or_default();
    let machine = kind == "service" || grants.contains(&"client_credentials");
    fact.attributes.insert("application_type".to_owned(), short(kind));
    if machine {
        fact.attributes.insert("machine_to_machine".to_owned(), "true".to_owned());
    }
    let method = credentials.and_then(|c| text(c, "token_endpoint_auth_method")).unwrap_or_default();
    fact.attributes.insert("authentication".to_owned(), short(method));
    let status = fact.status;
    let created = fact.created;
    out.fact(Fact::Identity(at.clone(), fact));
    if method.starts_with("client_secret") {
        let mut secret =
            CredentialFact::new(format!("okta:client-secret:{}", short(client)), "okta-client-secret", PROVIDER);
        secret.identity = Some(key.clone());
        secret.status = if status == Status::Active { Status::Active } else { Status::Unknown };
        secret.created = created;
        // The listing tells no date of the secret itself, and secrets do not end.
        secret.expires = When::Never;
        secret.attributes.insert("method".to_owned(), short(method));
        out.fact(Fact::Credential(at.clone(), secret));
    }
    for flow in ["implicit", "password"].into_iter().filter(|flow| grants.contains(flow)) {
        let mut fact = SettingFact::new(setting::WEAK_FLOW, short(label), flow);
        fact.identity = Some(key.clone());
        out.fact(Fact::Setting(at.clone(), fact));
    }
}

fn users(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging!["id", "status", "created", "lastLogin", "profile", "type"];
    rows(input, USERS.id, reader, FIELDS, out, &mut |item, out| {
        let Item::Row(row, at) = item else { return };
        let profile = row.get("profile").and_then(Value::as_object);
        let (Some(id), Some(login)) = (text(&row, "id"), profile.and_then(|p| text(p, "login"))) else { return };
        let mut fact = IdentityFact::new(user(&short(id)), IdentityKind::CloudUser, PROVIDER, &short(login));
        let named = |field: &str| profile.is_some_and(|p| text(p, field).is_some());
        let local = login.split('@').next().unwrap_or(login).to_ascii_lowercase();
        let service = ["svc", "service", "bot", "api", "automation", "integration"];
        let mut words = local.split(|c: char| !c.is_ascii_alphanumeric());
        let service = words.any(|word| service.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
        let person = named("firstName") && named("lastName") && !service;
        fact.human = if person { Human::Yes } else { Human::Maybe };
        fact.status = match text(&row, "status") {
            Some("ACTIVE" | "PASSWORD_EXPIRED" | "LOCKED_OUT" | "RECOVERY" | "PROVISIONED" | "STAGED") => {
                Status::Active
            }
            Some("SUSPENDED" | "DEPROVISIONED") => Status::Inactive,
            _ => Status::Unknown,
        };
        fact.created = date(row.get("created"));
        // Kept only when a token of it turns up.
        fact.attributes.insert("listed_person".to_owned(), "true".to_owned());
        out.fact(Fact::Identity(at, fact));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_and_odd_ones_are_not() {
        assert_eq!(seconds("P30D"), Some(2_592_000));
        assert_eq!(seconds("PT5M"), Some(300));
        assert_eq!(seconds("P1DT2H"), Some(93_600));
        for odd in ["", "30D", "P1M", "P99999999999999999999D", "Pé"] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }
}
