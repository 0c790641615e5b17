//! Self-hosted runners of a GitHub organisation or repository.
//!
//! Shape: <https://docs.github.com/en/rest/actions/self-hosted-runners#list-self-hosted-runners-for-an-organization>. Ids are
//! unique within their owner, which the answer does not name: it is read from the path of the file, else the file stands for it.

use std::io::BufRead;

use super::saas::{self, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath};

/// The format.
pub static FORMAT: Format = Format {
    id: "github-runners",
    name: "Self-hosted runners of GitHub Actions",
    command: "gh api --paginate orgs/ORG/actions/runners",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] = &["id", "name", "os", "status", "busy", "ephemeral", "labels", "runner_group_id"];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["total_count", "runners"]) || saas::has(head, &["id", "name", "os", "busy", "labels"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let path = input.path.display();
    let origin = saas::origin(&path);
    let owner = origin.repository.or(origin.organisation);
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("busy") || !row.contains_key("os") {
            return;
        }
        let Some(id) = saas::id(row, "id") else { return unread.add(&at) };
        let name = saas::text(row, "name").unwrap_or_else(|| format!("runner {id}"));
        let key = IdentityKey::new("github", "runner", &format!("{}#{id}", owner.as_deref().unwrap_or(&path)));
        let mut fact = IdentityFact::new(key, IdentityKind::Machine, "github", &name);
        fact.human = Human::No;
        fact.account = owner.as_deref().and_then(|o| o.split('/').next()).map(str::to_owned);
        let labels = row.get("labels").and_then(|l| l.as_array()).map(Vec::as_slice).unwrap_or_default();
        let mut labels: Vec<&str> = labels.iter().filter_map(|l| l.get("name")?.as_str()).take(20).collect();
        labels.sort_unstable();
        for (name, value) in [
            ("os", saas::text(row, "os")),
            ("labels", Some(labels.join(", ")).filter(|l| !l.is_empty())),
            ("ephemeral", saas::flag(row, "ephemeral").map(|e| e.to_string())),
        ] {
            if let Some(value) = value {
                fact.attributes.insert(name.to_owned(), value);
            }
        }
        out.fact(Fact::Identity(at, fact));
    });
    unread.tell("an id", out);
}
