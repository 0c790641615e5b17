//! Snowflake: users, programmatic access tokens, credentials, as JSON rows or CSV.
//!
//! Columns: <https://docs.snowflake.com/en/sql-reference/sql/show-users>,
//! <https://docs.snowflake.com/en/sql-reference/sql/show-user-programmatic-access-tokens>,
//! <https://docs.snowflake.com/en/sql-reference/account-usage/credentials>; types of users:
//! <https://docs.snowflake.com/en/user-guide/admin-user-management>. A user without a type is a person's. The rows do not tell the
//! account, so users are keyed by the directory of the file: the files of one directory are of one account.

use std::io::BufRead;

use super::json_stream::Wanted;
use super::rows::{self, Row};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath,
    SettingFact, Status, When, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "snowflake",
    name: "Snowflake users, tokens or credentials",
    command: "snow sql --query 'SHOW USERS' --format JSON",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Columns that are kept, as `SHOW` writes them and as the views of `ACCOUNT_USAGE` do.
const COLUMNS: &[&str] = &[
    "name",
    "type",
    "disabled",
    "default_role",
    "created_on",
    "deleted_on",
    "last_success_login",
    "last_successful_login",
    "has_password",
    "has_rsa_public_key",
    "rsa_public_key_fp",
    "has_pat",
    "has_mfa",
    "has_federated_workload_authentication",
    "expires_at_time",
    "expires_at",
    "owner",
    "password_last_set",
    "password_last_set_time",
    "network_policy",
    "user_name",
    "role_restriction",
    "status",
    "rotated_to",
    "credential_id",
    "last_used_on",
    "expiration_date",
    "created_by",
    "NAME",
    "TYPE",
    "DISABLED",
    "DEFAULT_ROLE",
    "CREATED_ON",
    "DELETED_ON",
    "LAST_SUCCESS_LOGIN",
    "HAS_PASSWORD",
    "HAS_RSA_PUBLIC_KEY",
    "HAS_PAT",
    "HAS_MFA",
    "EXPIRES_AT",
    "OWNER",
    "PASSWORD_LAST_SET_TIME",
    "USER_NAME",
    "ROLE_RESTRICTION",
    "STATUS",
    "CREDENTIAL_ID",
    "LAST_USED_ON",
    "EXPIRATION_DATE",
];

/// Roles that may do everything in an account, or hand everything out
/// (<https://docs.snowflake.com/en/user-guide/security-access-control-overview#system-defined-roles>).
const POWERFUL: &[&str] = &["ACCOUNTADMIN", "ORGADMIN", "GLOBALORGADMIN", "SECURITYADMIN"];

fn claims(_path: &RepoPath, head: &str) -> bool {
    // Nearly every other text is told apart by the rarest of the names, which Snowflake writes in one case.
    const RARE: [&str; 6] =
        ["rsa_public_key", "RSA_PUBLIC_KEY", "role_restriction", "ROLE_RESTRICTION", "credential_id", "CREDENTIAL_ID"];
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let speaks = if head.starts_with(['{', '[']) { head } else { head.lines().next().unwrap_or_default() };
    if !RARE.iter().any(|name| speaks.contains(name)) {
        return false;
    }
    let lower;
    let has: &dyn Fn(&str) -> bool = if head.starts_with(['{', '[']) {
        lower = head.to_ascii_lowercase();
        &|name: &str| lower.contains(&format!("\"{name}\""))
    } else {
        let first = head.lines().next().unwrap_or_default();
        lower = format!(",{},", first.to_ascii_lowercase().replace(['"', ' '], ""));
        &|name: &str| lower.contains(&format!(",{name},"))
    };
    let all = |names: &[&str]| names.iter().all(|name| has(name));
    all(&["name", "has_rsa_public_key", "default_role"])
        || all(&["name", "has_rsa_public_key", "has_password"])
        || all(&["name", "user_name", "role_restriction", "expires_at"])
        || all(&["credential_id", "user_name", "expiration_date"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &[], fields: COLUMNS };
    let path = input.path.display();
    let account = path.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned();
    rows::read(reader, whole, WANTED, out, &mut |row, at, out| {
        if row.has("credential_id") {
            credential(&account, &row, at, out);
        } else if row.has("user_name") && row.has("expires_at") {
            token(&account, &row, at, out);
        } else if row.has("has_rsa_public_key") || row.has("default_role") {
            user(&account, &row, at, out);
        }
    });
}

fn key(account: &str, name: &str) -> IdentityKey {
    IdentityKey::new("snowflake", "user", &format!("{account}#{name}"))
}

fn date(row: &Row, names: &[&str]) -> When {
    names.iter().find_map(|name| row.get(name)).map_or(When::Unknown, When::parse)
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

fn user(account: &str, row: &Row, at: At, out: &mut Out<'_>) {
    let Some(name) = row.get("name") else { return };
    let name = cut(name);
    let kind = row.get("type").map_or_else(|| "PERSON".to_owned(), str::to_ascii_uppercase);
    let service = matches!(kind.as_str(), "SERVICE" | "LEGACY_SERVICE" | "SNOWFLAKE_SERVICE");
    let key = key(account, &name);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::DatabaseUser, "snowflake", &name);
    // No type means a person by the product's rule, but most programs were made users before there were types.
    fact.human = match (service, row.get("type").is_some()) {
        (true, _) => Human::No,
        (false, true) => Human::Yes,
        (false, false) => Human::Maybe,
    };
    fact.status = match (row.flag("disabled"), row.get("deleted_on").is_some()) {
        (_, true) => Status::Deleted,
        (Some(true), _) => Status::Inactive,
        (Some(false), _) => Status::Active,
        (None, _) => Status::Unknown,
    };
    fact.created = date(row, &["created_on"]);
    fact.last_used = date(row, &["last_success_login", "last_successful_login"]);
    fact.owner = row.get("owner").map(cut);
    let mut note = |name: &str, value: Option<String>| {
        fact.attributes.extend(value.map(|value| (name.to_owned(), value)));
    };
    note("user_type", Some(if row.get("type").is_some() { kind.clone() } else { "not set".to_owned() }));
    for flag in ["has_password", "has_rsa_public_key", "has_pat", "has_mfa"] {
        note(flag, row.flag(flag).map(|on| on.to_string()));
    }
    note("default_role", row.get("default_role").map(cut));
    note("network_policy", row.get("network_policy").map(cut));
    out.fact(Fact::Identity(at.clone(), fact));
    if let Some(role) = row.get("default_role").map(str::to_ascii_uppercase) {
        let powerful = POWERFUL.contains(&role.as_str());
        let privilege = if powerful { Privilege::Admin } else { Privilege::Unknown };
        let grant = GrantFact {
            identity: key.clone(),
            privilege,
            action: format!("role {}", cut(&role)),
            resource: "the account".to_owned(),
            source: "default_role".to_owned(),
            condition: None,
        };
        out.fact(Fact::Grant(at.clone(), grant));
        if powerful && service {
            let mut fact = SettingFact::new(setting::DATABASE_POWER, name.clone(), format!("default role {role}"));
            fact.identity = Some(key.clone());
            out.fact(Fact::Setting(at.clone(), fact));
        }
    }
    let mut made = |what: &str, kind: &str, created: When, expires: When| {
        let mut fact = CredentialFact::new(format!("snowflake:{what}:{account}#{name}"), kind, "snowflake");
        fact.identity = Some(key.clone());
        fact.created = created;
        fact.rotated = created;
        fact.expires = expires;
        out.fact(Fact::Credential(at.clone(), fact));
    };
    if row.flag("has_password") == Some(true) {
        made(
            "password",
            "snowflake-password",
            date(row, &["password_last_set_time", "password_last_set"]),
            When::Unknown,
        );
    }
    // A key pair works until it is unset (<https://docs.snowflake.com/en/user-guide/key-pair-auth>).
    if row.flag("has_rsa_public_key") == Some(true) || row.get("rsa_public_key_fp").is_some() {
        made("key-pair", "snowflake-key-pair", When::Unknown, When::Never);
    }
}

fn status(row: &Row) -> Status {
    match row.get("status").map(str::to_ascii_uppercase).as_deref() {
        Some("ACTIVE") => Status::Active,
        Some("DISABLED" | "EXPIRED" | "REVOKED") => Status::Inactive,
        _ => Status::Unknown,
    }
}

/// The owner of a token or credential, of whom only the name is told.
fn owner(account: &str, name: &str, at: &At, out: &mut Out<'_>) -> IdentityKey {
    let key = key(account, name);
    let fact = IdentityFact::new(key.clone(), IdentityKind::DatabaseUser, "snowflake", name);
    out.fact(Fact::Identity(at.clone(), fact));
    key
}

fn token(account: &str, row: &Row, at: At, out: &mut Out<'_>) {
    let (Some(name), Some(user)) = (row.get("name").map(cut), row.get("user_name").map(cut)) else { return };
    let id = format!("snowflake:programmatic-token:{account}#{user}/{name}");
    let mut fact = CredentialFact::new(id, "snowflake-programmatic-token", "snowflake");
    fact.identity = Some(owner(account, &user, &at, out));
    fact.status = status(row);
    fact.created = date(row, &["created_on"]);
    fact.expires = date(row, &["expires_at"]);
    fact.attributes.insert("name".to_owned(), name);
    fact.attributes.insert("role_restriction".to_owned(), row.get("role_restriction").map_or("none".to_owned(), cut));
    out.fact(Fact::Credential(at, fact));
}

/// An empty date of expiry is none: the credential never ends.
fn credential(account: &str, row: &Row, at: At, out: &mut Out<'_>) {
    let (Some(id), Some(user)) = (row.get("credential_id").map(cut), row.get("user_name").map(cut)) else { return };
    let kind = row.get("type").map_or("credential".to_owned(), |kind| cut(kind).to_ascii_lowercase());
    // The first key of a pair is what the list of users tells of too.
    let pair = row.get("name") == Some("RSA_PUBLIC_KEY");
    let id = if pair { format!("snowflake:key-pair:{account}#{user}") } else { format!("snowflake:credential:{id}") };
    let mut fact = CredentialFact::new(id, &format!("snowflake-{}", kind.replace(['_', ' '], "-")), "snowflake");
    fact.identity = Some(owner(account, &user, &at, out));
    fact.status = status(row);
    fact.created = date(row, &["created_on"]);
    fact.last_used = date(row, &["last_used_on"]);
    fact.expires = match row.get("expiration_date") {
        Some(text) => When::parse(text),
        None => When::Never,
    };
    if let Some(name) = row.get("name") {
        fact.attributes.insert("name".to_owned(), cut(name));
    }
    out.fact(Fact::Credential(at, fact));
}
