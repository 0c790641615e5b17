//! Apps that an organisation of Slack has approved or restricted.
//!
//! Shapes: <https://docs.slack.dev/reference/methods/admin.apps.approved.list/>,
//! <https://docs.slack.dev/reference/methods/admin.apps.restricted.list/>. An app's id is what an app-level token carries
//! (`xapp-1-A…`), so that such a token has the name of its app. Ids in other tokens are of bots and workspaces, which no list
//! has. The scopes are those that were approved for the app, and not those of one token of it.

use std::io::BufRead;

use super::aws::gap_at;
use super::saas::{self, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath};

/// The format.
pub static FORMAT: Format = Format {
    id: "slack-apps",
    name: "Apps that an organisation of Slack has approved or restricted",
    command: "curl -H \"Authorization: Bearer $SLACK_TOKEN\" 'https://slack.com/api/admin.apps.approved.list?limit=1000'",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &["app", "scopes", "next_cursor"];

/// Longest list of scopes that is told.
const SCOPES_MAX: usize = 400;

fn claims(_path: &RepoPath, head: &str) -> bool {
    ["approved_apps", "restricted_apps"].iter().any(|list| saas::has(head, &[list])) && saas::has(head, &["app"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(_: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let mut unread = Unread::default();
    let mut cut: Option<At> = None;
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if row.contains_key("next_cursor") {
            cut = saas::text(row, "next_cursor").map(|_| at);
            return;
        }
        let Some(app) = row.get("app") else { return };
        let text = |name: &str| app.get(name).and_then(saas::plain);
        let plain =
            |id: &String| id.starts_with('A') && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let Some(id) = text("id").filter(plain) else { return unread.add(&at) };
        let name = text("name").unwrap_or_else(|| id.clone());
        let mut fact =
            IdentityFact::new(IdentityKey::new("slack", "app", &id), IdentityKind::Application, "slack", &name);
        fact.human = Human::No;
        fact.environment = environment::of_name("name", &name);
        let internal = app.get("is_internal").and_then(serde_json::Value::as_bool);
        let internal = internal.map(|own| if own { "internal" } else { "third_party" }.to_owned());
        let scopes = row.get("scopes").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<String> =
            scopes.iter().filter_map(|scope| scope.get("name").and_then(saas::plain)).collect();
        names.sort();
        names.dedup();
        let restricted = at.pointer.as_deref().is_some_and(|pointer| pointer.contains("/restricted_apps/"));
        for (name, value) in [
            ("developer", text("developer_type").or(internal)),
            ("approval", Some(if restricted { "restricted" } else { "approved" }.to_owned())),
            ("scopes", Some(names.join(", ").chars().take(SCOPES_MAX).collect()).filter(|s: &String| !s.is_empty())),
        ] {
            if let Some(value) = value {
                fact.attributes.insert(name.to_owned(), value);
            }
        }
        out.fact(Fact::Identity(at, fact));
    });
    unread.tell("an app's id", out);
    if let Some(at) = cut {
        let message = "the last page has a next_cursor: more apps exist than this export lists";
        out.notice(gap_at("truncated-export", &at, message));
    }
}
