//! Access tokens of GitLab: personal, of a project or a group, and deploy tokens.
//!
//! Shapes: <https://docs.gitlab.com/api/project_access_tokens/>, <https://docs.gitlab.com/api/group_access_tokens/>,
//! <https://docs.gitlab.com/api/personal_access_tokens/>, <https://docs.gitlab.com/api/deploy_tokens/>. A token of a project or
//! group belongs to a bot user of its own (<https://docs.gitlab.com/user/project/settings/project_access_tokens/>) and has an
//! `access_level`; a personal one has none. Ids are those of one instance. What a new token's `token` field holds is skipped
//! unread.

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
    id: "gitlab-tokens",
    name: "GitLab access and deploy tokens",
    command: "glab api --paginate projects/ID/access_tokens",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "id",
    "name",
    "username",
    "scopes",
    "access_level",
    "active",
    "revoked",
    "expired",
    "created_at",
    "expires_at",
    "last_used_at",
    "user_id",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let owner = || saas::has(head, &["user_id"]) || saas::has(head, &["username"]);
    saas::has(head, &["id", "scopes", "revoked", "expires_at"]) && owner()
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let place = saas::origin(&input.path.display()).project;
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("scopes") || !row.contains_key("revoked") {
            return;
        }
        let Some(id) = saas::id(row, "id") else { return unread.add(&at) };
        match saas::id(row, "user_id") {
            Some(user) => token(&id, &user, row, &at, place.as_deref(), out),
            None if row.contains_key("username") => deploy_token(&id, row, &at, place.as_deref(), out),
            None => unread.add(&at),
        }
    });
    unread.tell("an id, or without the user it belongs to", out);
}

fn token(id: &str, user: &str, row: &Row, at: &At, place: Option<&str>, out: &mut Out<'_>) {
    let level = row.get("access_level").and_then(serde_json::Value::as_u64);
    let bot = level.is_some();
    let label = saas::text(row, "name").unwrap_or_else(|| format!("token {id}"));
    // The key that the value of a routable token names, too.
    let key = IdentityKey::new("gitlab", "user-id", user);
    let name = if bot { label.clone() } else { format!("GitLab user {user}") };
    let kind = if bot { IdentityKind::Bot } else { IdentityKind::UserToken };
    let mut fact = IdentityFact::new(key.clone(), kind, "gitlab", &name);
    fact.human = if bot { Human::No } else { Human::Maybe };
    fact.account = place.map(str::to_owned);
    fact.last_used = saas::date(row, "last_used_at", When::Never);
    let mut credential = CredentialFact::new(format!("gitlab:token:{id}"), "gitlab-access-token", "gitlab");
    credential.last_used = fact.last_used;
    credential.attributes.insert("name".to_owned(), label.clone());
    if let Some(level) = level {
        credential.attributes.insert("access_level".to_owned(), level.to_string());
    }
    common(&mut credential, row, key.clone());
    let scopes = saas::words(row, "scopes");
    out.fact(Fact::Identity(at.clone(), fact));
    let ended = credential.status == Status::Inactive;
    out.fact(Fact::Credential(at.clone(), credential));
    if ended {
        return;
    }
    let resource = place
        .map_or_else(|| if bot { "project or group" } else { "all that the user reaches" }.to_owned(), str::to_owned);
    for scope in scopes {
        let action = level.map_or_else(|| scope.clone(), |level| format!("{scope} at access level {level}"));
        out.fact(Fact::Grant(
            at.clone(),
            GrantFact {
                identity: key.clone(),
                privilege: privilege(&scope, level),
                action,
                resource: resource.clone(),
                source: format!("token {label}"),
                condition: None,
            },
        ));
    }
}

fn deploy_token(id: &str, row: &Row, at: &At, place: Option<&str>, out: &mut Out<'_>) {
    let key = IdentityKey::new("gitlab", "deploy-token", id);
    let label = saas::text(row, "name").unwrap_or_else(|| format!("deploy token {id}"));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::ServiceAccount, "gitlab", &label);
    fact.human = Human::No;
    fact.account = place.map(str::to_owned);
    let mut credential = CredentialFact::new(format!("gitlab:deploy-token:{id}"), "gitlab-deploy-token", "gitlab");
    credential.attributes.insert("name".to_owned(), label.clone());
    if let Some(user) = saas::text(row, "username") {
        credential.attributes.insert("user".to_owned(), user);
    }
    common(&mut credential, row, key.clone());
    out.fact(Fact::Identity(at.clone(), fact));
    let ended = credential.status == Status::Inactive;
    out.fact(Fact::Credential(at.clone(), credential));
    if ended {
        return;
    }
    for scope in saas::words(row, "scopes") {
        out.fact(Fact::Grant(
            at.clone(),
            GrantFact {
                identity: key.clone(),
                privilege: privilege(&scope, None),
                action: scope,
                resource: place.unwrap_or("project or group").to_owned(),
                source: format!("deploy token {label}"),
                condition: None,
            },
        ));
    }
}

fn common(credential: &mut CredentialFact, row: &Row, identity: IdentityKey) {
    credential.identity = Some(identity);
    credential.created = saas::date(row, "created_at", When::Unknown);
    credential.rotated = credential.created;
    credential.expires = saas::date(row, "expires_at", When::Never);
    let ended = saas::flag(row, "revoked") == Some(true)
        || saas::flag(row, "expired") == Some(true)
        || saas::flag(row, "active") == Some(false);
    credential.status = match (ended, saas::flag(row, "revoked")) {
        (true, _) => Status::Inactive,
        (false, Some(false)) => Status::Active,
        (false, _) => Status::Unknown,
    };
    let scopes = saas::words(row, "scopes");
    if !scopes.is_empty() {
        credential.attributes.insert("scopes".to_owned(), scopes.join(", "));
    }
}

/// Scopes <https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes>, levels
/// <https://docs.gitlab.com/api/access_requests/#valid-access-levels>: 40 is a maintainer, 50 an owner.
fn privilege(scope: &str, level: Option<u64>) -> Privilege {
    match (scope, level) {
        ("sudo" | "admin_mode", _) => Privilege::Admin,
        ("api", Some(50..)) => Privilege::Admin,
        ("api", Some(40..) | None) => Privilege::WriteBroad,
        ("api", Some(0..=29)) => Privilege::ReadScoped,
        (
            "api"
            | "write_repository"
            | "write_registry"
            | "write_package_registry"
            | "create_runner"
            | "manage_runner"
            | "k8s_proxy"
            | "write_virtual_registry",
            _,
        ) => Privilege::WriteScoped,
        _ if scope.starts_with("read_") => Privilege::ReadScoped,
        _ => Privilege::Unknown,
    }
}
