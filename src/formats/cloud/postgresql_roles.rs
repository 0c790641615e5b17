//! PostgreSQL: the roles of a server, as CSV of the view `pg_roles`.
//!
//! Columns: <https://www.postgresql.org/docs/current/view-pg-roles.html>. The view hides passwords behind asterisks, whether there is
//! one or not, and knows neither the age of a role nor its last login. It does not tell the server either: roles are keyed by
//! the file.

use std::io::BufRead;

use super::json_stream::Wanted;
use super::rows::{self, Row};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath, SettingFact,
    Status, When, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "postgresql-roles",
    name: "PostgreSQL roles",
    command: "psql -c '\\copy (select * from pg_roles) to roles.csv csv header'",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const COLUMNS: &[&str] = &[
    "rolname",
    "rolsuper",
    "rolcreaterole",
    "rolcreatedb",
    "rolcanlogin",
    "rolreplication",
    "rolvaliduntil",
    "rolbypassrls",
    "rolconnlimit",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if head.starts_with(['{', '[']) {
        return head.contains("\"rolname\"") && head.contains("\"rolsuper\"");
    }
    let names: Vec<&str> =
        head.lines().next().unwrap_or_default().split(',').map(|n| n.trim().trim_matches('"')).collect();
    ["rolname", "rolsuper", "rolcanlogin"].iter().all(|name| names.contains(name))
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
    rows::read(reader, whole, WANTED, out, &mut |row, at, out| role(&path, &row, at, out));
}

/// Roles that a server or its host made for the administration of the server itself.
fn is_built_in(name: &str) -> bool {
    name.starts_with("pg_")
        || ["postgres", "rdsadmin", "rds_superuser", "cloudsqladmin", "cloudsqlsuperuser", "azuresu", "azure_superuser"]
            .contains(&name)
}

fn role(file: &str, row: &Row, at: At, out: &mut Out<'_>) {
    let Some(name) = row.get("rolname") else { return };
    let name: String = name.chars().take(200).collect();
    // A role without login is a group of rights.
    let login = row.flag("rolcanlogin");
    if login == Some(false) {
        return;
    }
    let key = IdentityKey::new("postgresql", "role", &format!("{file}#{name}"));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::DatabaseUser, "database", &name);
    let expires = row.get("rolvaliduntil").map_or(When::Never, When::parse);
    fact.status = if login == Some(true) { Status::Active } else { Status::Unknown };
    if is_built_in(&name) {
        fact.attributes.insert("built_in".to_owned(), "true".to_owned());
    }
    let powers: Vec<&str> = [
        ("rolsuper", "SUPERUSER"),
        ("rolbypassrls", "BYPASSRLS"),
        ("rolcreaterole", "CREATEROLE"),
        ("rolreplication", "REPLICATION"),
        ("rolcreatedb", "CREATEDB"),
    ]
    .iter()
    .filter(|(column, _)| row.flag(column) == Some(true))
    .map(|(_, word)| *word)
    .collect();
    out.fact(Fact::Identity(at.clone(), fact));
    let privilege = match () {
        () if powers.contains(&"SUPERUSER") => Privilege::Admin,
        () if ["BYPASSRLS", "CREATEROLE", "REPLICATION"].iter().any(|word| powers.contains(word)) => {
            Privilege::WriteBroad
        }
        () => Privilege::Unknown,
    };
    if !powers.is_empty() {
        let grant = GrantFact {
            identity: key.clone(),
            privilege,
            action: powers.join(", "),
            resource: "the server".to_owned(),
            source: "attributes of the role".to_owned(),
            condition: None,
        };
        out.fact(Fact::Grant(at.clone(), grant));
    }
    let told: Vec<&str> =
        powers.into_iter().filter(|word| matches!(*word, "SUPERUSER" | "BYPASSRLS" | "CREATEROLE")).collect();
    if !told.is_empty() {
        let mut fact = SettingFact::new(setting::DATABASE_POWER, name.clone(), told.join(", "));
        fact.identity = Some(key.clone());
        if is_built_in(&name) {
            fact.attributes.insert("built_in".to_owned(), "true".to_owned());
        }
        out.fact(Fact::Setting(at.clone(), fact));
    }
    let mut fact = CredentialFact::new(format!("postgresql:password:{file}#{name}"), "postgresql-password", "database");
    fact.identity = Some(key);
    fact.expires = expires;
    out.fact(Fact::Credential(at, fact));
}
