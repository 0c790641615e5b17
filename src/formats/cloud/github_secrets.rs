//! Names of the secrets that GitHub keeps for workflows: of Actions, Dependabot and Codespaces, of an organisation, a
//! repository or an environment. Values are never told.
//!
//! Shapes: <https://docs.github.com/en/rest/actions/secrets#list-organization-secrets>, `…#list-repository-secrets`,
//! `…#list-environment-secrets`, <https://docs.github.com/en/rest/dependabot/secrets>, and `gh secret list --json`
//! (<https://cli.github.com/manual/gh_secret_list>). Only rows of an organisation have a `visibility`. Whose list it is, the
//! answer does not say: it is read from the path of the file ([`super::saas::Origin`]) or stays unknown. What a repository is
//! given of the organisation's (`…#list-repository-organization-secrets`) looks like its own and is told by the file's name,
//! `organization-secrets`, the last word of the question.
//!
//! An answer counts its rows in `total_count`, so that a list which lacks a page is told from a whole one.

use std::collections::BTreeSet;
use std::io::BufRead;

use serde_json::Value;

use super::saas::{self, Row, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, RepoPath, SettingFact, When, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "github-secrets",
    name: "Names of secrets that GitHub keeps",
    command: "gh api --paginate orgs/ORG/actions/secrets",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &[
    "name",
    "created_at",
    "updated_at",
    "updatedAt",
    "visibility",
    "selected_repositories_url",
    "selectedReposURL",
    "numSelectedRepos",
    "total_count",
];

/// The word in a file's name that tells what a repository is given of its organisation's secrets.
const SHARED: [&str; 2] = ["organization-secrets", "organization_secrets"];

fn claims(path: &RepoPath, head: &str) -> bool {
    let page = saas::has(head, &["total_count", "secrets"]);
    let tool = || {
        saas::has(head, &["name", "updatedAt"])
            && ["numSelectedRepos", "selectedReposURL", "visibility"].iter().any(|name| saas::has(head, &[name]))
    };
    // The rows alone look like many things; together with the name of the file they do not.
    let rows = || {
        saas::has(head, &["name", "created_at", "updated_at"])
            && !["value", "id", "url"].iter().any(|name| saas::has(head, &[name]))
            && path.file_name().to_ascii_lowercase().windows(6).any(|w| w == b"secret")
    };
    page || tool() || rows()
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let origin = saas::origin(&input.path.display());
    let file = String::from_utf8_lossy(input.path.file_name()).to_ascii_lowercase();
    let shared = origin.repository.is_some() && SHARED.iter().any(|word| file.contains(word));
    let mut unread = Unread::default();
    let mut count = Count::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        count.totals.extend(row.get("total_count").and_then(Value::as_u64));
        if !row.contains_key("updated_at") && !row.contains_key("updatedAt") {
            return;
        }
        match saas::text(row, "name").filter(|name| is_name(name)) {
            Some(name) => {
                count.read += 1;
                count.by_tool |= row.contains_key("updatedAt");
                secret(&name, row, at, &origin, shared, out);
            }
            None => unread.add(&at),
        }
    });
    if unread.is_none() && count.is_whole() {
        listed(&origin, shared, count.read, out);
    }
    unread.tell("the name of a secret", out);
}

/// What tells whether a list is whole.
#[derive(Default)]
struct Count {
    /// Rows that were read.
    read: u64,
    /// What the pages say that there are.
    totals: BTreeSet<u64>,
    /// Whether the rows are those of `gh secret list`, which asks for every page and counts nothing.
    by_tool: bool,
}

impl Count {
    fn is_whole(&self) -> bool {
        match (self.totals.len(), self.totals.last()) {
            (0, _) => self.by_tool,
            // Two counts are of two lists.
            (1, Some(total)) => *total == self.read,
            _ => false,
        }
    }
}

/// Says of which place all that it keeps for workflows was listed.
fn listed(origin: &saas::Origin, shared: bool, count: u64, out: &mut Out<'_>) {
    // Other stores serve other things than workflows.
    if origin.store.is_some() {
        return;
    }
    let (subject, value) = match (&origin.repository, &origin.environment, &origin.organisation) {
        (Some(repository), ..) if shared => (format!("{repository}, of its organisation"), "shared"),
        (Some(repository), Some(environment), _) => (format!("{repository}, environment {environment}"), "environment"),
        (Some(repository), None, _) => (repository.clone(), "repository"),
        (None, None, Some(organisation)) => (organisation.clone(), "organisation"),
        _ => return,
    };
    let mut fact = SettingFact::new(setting::SECRETS_LISTED, subject, value);
    for (name, value) in [
        ("repository", origin.repository.clone()),
        ("environment", origin.environment.clone().filter(|_| !shared)),
        ("organisation", origin.organisation.clone()),
        ("count", Some(count.to_string())),
    ] {
        if let Some(value) = value {
            fact.attributes.insert(name.to_owned(), value);
        }
    }
    out.fact(Fact::Setting(At::default(), fact));
}

/// Letters, digits and underscores, no digit first
/// (<https://docs.github.com/en/actions/reference/security/secrets#naming-your-secrets>).
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn secret(name: &str, row: &Row, at: At, origin: &saas::Origin, shared: bool, out: &mut Out<'_>) {
    let visibility = saas::text(row, "visibility").map(|v| v.to_ascii_lowercase());
    // https://api.github.com/orgs/ORG/actions/secrets/NAME/repositories
    let address = saas::text(row, "selected_repositories_url").or_else(|| saas::text(row, "selectedReposURL"));
    let organisation =
        address.as_deref().and_then(|url| url.split("/orgs/").nth(1)?.split('/').next()).map(str::to_owned);
    let store = address
        .as_deref()
        .and_then(|url| ["dependabot", "codespaces"].into_iter().find(|s| url.contains(&format!("/{s}/"))));
    let value = match (&visibility, &origin.environment, &origin.repository) {
        (Some(visibility), ..) => visibility.as_str(),
        _ if shared => "organisation",
        (None, Some(_), _) => "environment",
        (None, None, Some(_)) => "repository",
        (None, None, None) => "unknown",
    };
    let mut fact = SettingFact::new(setting::STORED_SECRET, name, value);
    let updated = if row.contains_key("updated_at") { "updated_at" } else { "updatedAt" };
    let date = |field: &str| saas::date(row, field, When::Unknown).at().map(|t| t.to_string());
    let organisation = organisation.or_else(|| origin.organisation.clone());
    for (name, value) in [
        ("store", Some(store.or(origin.store).unwrap_or("actions").to_owned())),
        ("organisation", organisation),
        ("repository", origin.repository.clone().filter(|_| visibility.is_none() && !shared)),
        ("environment", origin.environment.clone().filter(|_| visibility.is_none() && !shared)),
        ("created", date("created_at")),
        ("updated", date(updated)),
    ] {
        if let Some(value) = value {
            fact.attributes.insert(name.to_owned(), value);
        }
    }
    out.fact(Fact::Setting(at, fact));
}
