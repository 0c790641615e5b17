//! Access tokens of an npm user.
//!
//! Shape: `npm token list --json` (<https://docs.npmjs.com/cli/v10/commands/npm-token>), which gives the rows of the registry:
//! `key` is the SHA-512 of the token in hex, `token` its redacted beginning, `readonly`, `automation`, `cidr_whitelist`,
//! `created`, `updated`, in newer versions `expiry`
//! (<https://github.com/npm/npm-profile#npm-profilelisttokensopts--promise>). The hash gets into no report: the scan replaces
//! it by one under its own key, which a token in the clear has, too.

use std::io::BufRead;

use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath, Status,
    When,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "npm-tokens",
    name: "npm access tokens",
    command: "npm token list --json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &["key", "readonly", "automation", "cidr_whitelist", "created", "expiry", "name"];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["key", "token", "readonly", "cidr_whitelist"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(_: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("readonly") {
            return;
        }
        let is_hash = |key: &&str| key.len() == 128 && key.bytes().all(|b| b.is_ascii_hexdigit());
        match saas::text_of(row, "key").filter(is_hash) {
            Some(hash) => token(&hash.to_ascii_lowercase(), row, &at, out),
            None => unread.add(&at),
        }
    });
    unread.tell("the hash that tells the token", out);
}

fn token(hash: &str, row: &Row, at: &At, out: &mut Out<'_>) {
    let key = IdentityKey::new("npm", "hashed-token", hash);
    let automation = saas::flag(row, "automation") == Some(true);
    let read_only = saas::flag(row, "readonly");
    // What npm itself shows and revokes it by.
    let id: String = hash.chars().take(6).collect();
    let name = saas::text(row, "name").unwrap_or_else(|| format!("npm token {id}"));
    let kind = if automation { IdentityKind::Bot } else { IdentityKind::UserToken };
    let mut fact = IdentityFact::new(key.clone(), kind, "npm", &name);
    fact.human = if automation { Human::No } else { Human::Maybe };
    fact.created = saas::date(row, "created", When::Unknown);
    let mut credential = CredentialFact::new(format!("npm:hashed-token:{hash}"), "npm-access-token", "npm");
    credential.identity = Some(key.clone());
    credential.status = Status::Active;
    credential.created = fact.created;
    credential.rotated = fact.created;
    credential.expires = saas::date(row, "expiry", When::Never);
    credential.attributes.insert("id".to_owned(), id);
    credential.attributes.insert("automation".to_owned(), automation.to_string());
    let ranges = saas::words(row, "cidr_whitelist").join(", ");
    if !ranges.is_empty() {
        credential.attributes.insert("networks".to_owned(), ranges.clone());
    }
    out.fact(Fact::Identity(at.clone(), fact));
    out.fact(Fact::Credential(at.clone(), credential));
    out.fact(Fact::Grant(
        at.clone(),
        GrantFact {
            identity: key,
            privilege: match read_only {
                Some(true) => Privilege::ReadScoped,
                Some(false) => Privilege::WriteBroad,
                None => Privilege::Unknown,
            },
            action: if read_only == Some(true) { "read" } else { "publish" }.to_owned(),
            resource: "packages of the user".to_owned(),
            source: name,
            condition: (!ranges.is_empty()).then(|| format!("from {ranges}")),
        },
    ));
}
