//! Deploy keys of repositories at GitHub and GitLab: machines that reach one repository over SSH.
//!
//! Shapes: <https://docs.github.com/en/rest/deploy-keys/deploy-keys#list-deploy-keys> and
//! <https://docs.gitlab.com/api/deploy_keys/>. The public key is told in full, so a private key that lies somewhere is known
//! by its fingerprint. GitHub's never expire
//! (<https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys#deploy-keys>); a `null`
//! under `last_used` may also mean that the caller may not see it, so it is kept apart from never.

use std::io::BufRead;

use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath,
    SettingFact, Status, When, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "deploy-keys",
    name: "Deploy keys of a GitHub or GitLab repository",
    command: "gh api --paginate repos/OWNER/REPO/keys",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "id",
    "key",
    "url",
    "title",
    "created_at",
    "read_only",
    "added_by",
    "last_used",
    "enabled",
    "can_push",
    "expires_at",
    "projects_with_write_access",
    "projects_with_readonly_access",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let key = || {
        ["ssh-", "ecdsa-", "sk-"].iter().any(|kind| {
            let value = |text: &str| {
                text.trim_start().trim_start_matches(':').trim_start().trim_start_matches('"').starts_with(kind)
            };
            head.match_indices("\"key\"").any(|(at, name)| head.get(at + name.len()..).is_some_and(value))
        })
    };
    let host =
        || saas::has(head, &["read_only"]) || saas::has(head, &["can_push"]) || saas::has(head, &["fingerprint"]);
    saas::has(head, &["id", "key", "title"]) && host() && key()
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let origin = saas::origin(&input.path.display());
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("key") || !row.contains_key("title") {
            return;
        }
        let public = saas::text_of(row, "key").and_then(saas::public_key);
        match (saas::id(row, "id"), public) {
            (Some(id), Some((fingerprint, kind, _))) => deploy_key(&id, row, &at, (&fingerprint, kind), &origin, out),
            _ => unread.add(&at),
        }
    });
    unread.tell("an id or a public key that can be read", out);
}

fn deploy_key(
    id: &str,
    row: &Row,
    at: &At,
    (fingerprint, algorithm): (&str, &str),
    origin: &saas::Origin,
    out: &mut Out<'_>,
) {
    let github = row.contains_key("read_only");
    let provider = if github { "github" } else { "gitlab" };
    // https://api.github.com/repos/OWNER/REPO/keys/1
    let address = saas::text(row, "url").and_then(|url| {
        let mut parts = url.split("/repos/").nth(1)?.split('/');
        Some(format!("{}/{}", parts.next()?, parts.next()?))
    });
    let repository = address.or_else(|| if github { origin.repository.clone() } else { origin.project.clone() });
    let title = saas::text(row, "title").unwrap_or_else(|| format!("deploy key {id}"));
    let key = IdentityKey::new(provider, "deploy-key", id);
    let writes = match (saas::flag(row, "read_only"), saas::flag(row, "can_push")) {
        (Some(read_only), _) => Some(!read_only),
        (None, Some(pushes)) => Some(pushes),
        (None, None) => row.get("projects_with_write_access").and_then(|p| p.as_array()).map(|p| !p.is_empty()),
    };
    let owner = saas::text(row, "added_by");
    let used = saas::date(row, "last_used", When::Unknown);

    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Machine, provider, &title);
    fact.human = Human::No;
    fact.owner.clone_from(&owner);
    fact.account = repository.as_deref().filter(|_| github).and_then(|r| r.split('/').next()).map(str::to_owned);
    fact.created = saas::date(row, "created_at", When::Unknown);
    fact.last_used = used;
    fact.status = if saas::flag(row, "enabled") == Some(false) { Status::Inactive } else { Status::Active };

    let mut credential = CredentialFact::new(format!("ssh:key:{fingerprint}"), "deploy-key", provider);
    credential.identity = Some(key.clone());
    credential.status = fact.status;
    credential.created = fact.created;
    credential.rotated = fact.created;
    credential.last_used = used;
    credential.expires = if github { When::Never } else { saas::date(row, "expires_at", When::Never) };
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            credential.attributes.insert(name.to_owned(), value);
        }
    };
    note("key_id", Some(id.to_owned()));
    note("title", Some(title.clone()));
    note("repository", repository.clone());
    note("added_by", owner);
    note("key_type", Some(algorithm.to_owned()));
    note("access", writes.map(|writes| if writes { "write" } else { "read" }.to_owned()));
    let null = row.get("last_used").is_some_and(serde_json::Value::is_null);
    note("last_used", null.then(|| "null".to_owned()));

    let resource = repository.clone().unwrap_or_else(|| "repository".to_owned());
    let place = format!("deploy key {title} ({id}) of {resource}");
    let mut held = SettingFact::new(setting::KEY_PLACE, place, fingerprint);
    held.identity = Some(key.clone());
    held.attributes.insert("kind".to_owned(), "deploy-key".to_owned());
    held.attributes.insert("key_type".to_owned(), algorithm.to_owned());
    if let Some(bits) = saas::text_of(row, "key").and_then(saas::rsa_bits) {
        held.attributes.insert("bits".to_owned(), bits.to_string());
    }
    out.fact(Fact::Identity(at.clone(), fact));
    out.fact(Fact::Credential(at.clone(), credential));
    out.fact(Fact::Grant(
        at.clone(),
        GrantFact {
            identity: key,
            privilege: match writes {
                Some(true) => Privilege::WriteScoped,
                Some(false) => Privilege::ReadScoped,
                None => Privilege::Unknown,
            },
            action: format!(
                "contents: {}",
                match writes {
                    Some(true) => "write",
                    Some(false) => "read",
                    None => "unknown",
                }
            ),
            resource,
            source: "deploy key".to_owned(),
            condition: None,
        },
    ));
    out.fact(Fact::Setting(at.clone(), held));
}
