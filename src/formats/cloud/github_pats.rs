//! Fine-grained personal access tokens that may reach the resources of a GitHub organisation, and requests for them.
//!
//! Shapes: <https://docs.github.com/en/rest/orgs/personal-access-tokens#list-fine-grained-personal-access-tokens-with-access-to-organization-resources>
//! and `…#list-requests-to-access-organization-resources-with-fine-grained-personal-access-tokens`. Classic tokens are listed
//! nowhere; the audit log tells those that are used. `repository_selection` is `none`, `all` or `subset`; older answers say
//! `selected`.

use std::io::BufRead;

use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Status, When,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "github-pats",
    name: "GitHub fine-grained personal access tokens of an organisation",
    command: "gh api --paginate orgs/ORG/personal-access-tokens",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "id",
    "owner",
    "repository_selection",
    "permissions",
    "reason",
    "created_at",
    "access_granted_at",
    "token_id",
    "token_name",
    "token_expired",
    "token_expires_at",
    "token_last_used_at",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    // Pages begin with an owner, whose many addresses may fill the head.
    let owner = || saas::has(head, &["repository_selection", "permissions", "owner", "repositories_url"]);
    saas::has(head, &["token_id", "token_expires_at"]) || (owner() && !saas::has(head, &["app_id"]))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let organisation = saas::origin(&input.path.display()).organisation;
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("token_expires_at") && !row.contains_key("token_name") {
            return;
        }
        match saas::id(row, "token_id") {
            Some(id) => token(&id, row, &at, organisation.as_deref(), out),
            None => unread.add(&at),
        }
    });
    unread.tell("a token_id", out);
}

fn token(id: &str, row: &Row, at: &At, organisation: Option<&str>, out: &mut Out<'_>) {
    let key = IdentityKey::new("github", "pat", id);
    let name = saas::text(row, "token_name").unwrap_or_else(|| format!("token {id}"));
    let login = saas::inner(row, "owner", "login");
    let pending = row.contains_key("reason") && !row.contains_key("access_granted_at");
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::UserToken, "github", &name);
    fact.human = Human::Yes;
    fact.owner.clone_from(&login);
    fact.account = organisation.map(str::to_owned);
    fact.last_used = saas::date(row, "token_last_used_at", When::Never);

    let mut credential = CredentialFact::new(format!("github:pat:{id}"), "github-pat-fine-grained", "github");
    credential.identity = Some(key.clone());
    credential.expires = saas::date(row, "token_expires_at", When::Never);
    credential.last_used = fact.last_used;
    credential.status = match saas::flag(row, "token_expired") {
        // Until it is approved it opens nothing of the organisation.
        _ if pending => Status::Unknown,
        Some(true) => Status::Inactive,
        Some(false) => Status::Active,
        None => Status::Unknown,
    };
    let selection = saas::text(row, "repository_selection").unwrap_or_default();
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            credential.attributes.insert(name.to_owned(), value);
        }
    };
    note("token_id", Some(id.to_owned()));
    note("token_name", saas::text(row, "token_name"));
    note("owner", login);
    note("repositories", Some(selection.clone()).filter(|s| !s.is_empty()));
    note("granted", saas::date(row, "access_granted_at", When::Unknown).at().map(|t| t.to_string()));
    note("pending", pending.then(|| "true".to_owned()));
    out.fact(Fact::Identity(at.clone(), fact));
    let ended = credential.status == Status::Inactive;
    out.fact(Fact::Credential(at.clone(), credential));
    if pending || ended {
        return;
    }
    let all = selection == "all";
    let groups = row.get("permissions").and_then(|p| p.as_object());
    let known = |(group, _): &(&String, _)| matches!(group.as_str(), "organization" | "repository" | "other");
    for (group, permissions) in groups.into_iter().flatten().filter(known) {
        for (permission, level) in permissions.as_object().into_iter().flatten() {
            let Some(level) = level.as_str() else { continue };
            out.fact(Fact::Grant(
                at.clone(),
                GrantFact {
                    identity: key.clone(),
                    privilege: saas::permission(permission, level, all),
                    action: format!("{permission}: {level}"),
                    resource: match (group.as_str(), all) {
                        ("repository", true) => "all repositories".to_owned(),
                        ("repository", false) => "selected repositories".to_owned(),
                        (group, _) => group.to_owned(),
                    },
                    source: format!("token {name}"),
                    condition: None,
                },
            ));
        }
    }
}
