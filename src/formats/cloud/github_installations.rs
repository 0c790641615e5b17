//! GitHub Apps that are installed in an organisation, with what they may do.
//!
//! Shape: <https://docs.github.com/en/rest/orgs/orgs#list-app-installations-for-an-organization>.

use std::io::BufRead;

use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Status, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "github-installations",
    name: "GitHub Apps installed in an organisation",
    command: "gh api --paginate orgs/ORG/installations",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "id",
    "app_id",
    "app_slug",
    "account",
    "repository_selection",
    "permissions",
    "created_at",
    "updated_at",
    "suspended_at",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let app = || saas::has(head, &["app_id"]) || saas::has(head, &["app_slug"]);
    (saas::has(head, &["repository_selection", "permissions"]) || saas::has(head, &["installations", "total_count"])) && app()
        // An account with its many addresses may fill the head.
        || saas::has(head, &["installations", "total_count", "account", "repository_selection"])
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
        if !row.contains_key("app_id") && !row.contains_key("app_slug") {
            return;
        }
        match saas::id(row, "id") {
            Some(id) => installation(&id, row, &at, organisation.as_deref(), out),
            None => unread.add(&at),
        }
    });
    unread.tell("an id", out);
}

fn installation(id: &str, row: &Row, at: &At, organisation: Option<&str>, out: &mut Out<'_>) {
    let key = IdentityKey::new("github", "app-installation", id);
    let account = saas::inner(row, "account", "login").or_else(|| organisation.map(str::to_owned));
    let slug = saas::text(row, "app_slug");
    let app = saas::id(row, "app_id");
    let name = slug.clone().unwrap_or_else(|| format!("app {}", app.as_deref().unwrap_or(id)));
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, "github", &name);
    fact.human = Human::No;
    if let (Some(account), Some(slug)) = (&account, &slug) {
        fact.aliases.push(app_key(account, slug));
    }
    fact.created = saas::date(row, "created_at", When::Unknown);
    fact.status =
        if saas::date(row, "suspended_at", When::Unknown).at().is_some() { Status::Inactive } else { Status::Active };
    let selection = saas::text(row, "repository_selection").unwrap_or_default();
    for (name, value) in [("app_id", app), ("repositories", Some(selection.clone()).filter(|s| !s.is_empty()))] {
        if let Some(value) = value {
            fact.attributes.insert(name.to_owned(), value);
        }
    }
    fact.account = account;
    out.fact(Fact::Identity(at.clone(), fact));
    let all = selection == "all";
    for (permission, level) in row.get("permissions").and_then(|p| p.as_object()).into_iter().flatten() {
        let Some(level) = level.as_str() else { continue };
        out.fact(Fact::Grant(
            at.clone(),
            GrantFact {
                identity: key.clone(),
                privilege: saas::permission(permission, level, all),
                action: format!("{permission}: {level}"),
                resource: if all { "all repositories" } else { "selected repositories" }.to_owned(),
                source: format!("app {name}"),
                condition: None,
            },
        ));
    }
}

/// The key of an app within an organisation, by the name that its bot account bears.
pub fn app_key(organisation: &str, slug: &str) -> IdentityKey {
    IdentityKey::new("github", "app", &format!("{organisation}/{slug}").to_ascii_lowercase())
}
