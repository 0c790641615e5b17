//! CI/CD variables of a GitLab project or group.
//!
//! Shapes: <https://docs.gitlab.com/api/project_level_variables/>, <https://docs.gitlab.com/api/group_level_variables/>. The
//! answer holds the values in the clear: they are skipped unread here, and what has the form of a secret is found like in any
//! other file.

use std::io::BufRead;

use super::saas::{self, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{Fact, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "gitlab-variables",
    name: "GitLab CI/CD variables",
    command: "glab api --paginate projects/ID/variables",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] =
    &["key", "variable_type", "protected", "masked", "masked_and_hidden", "hidden", "environment_scope"];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["variable_type", "key", "protected"])
        || saas::has(head, &["variable_type", "key", "environment_scope"])
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
        if !row.contains_key("variable_type") {
            return;
        }
        let name = saas::text(row, "key").filter(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let Some(name) = name else { return unread.add(&at) };
        // Groups of the free plan have no scopes: what is not said holds everywhere.
        let scope = saas::text(row, "environment_scope").unwrap_or_else(|| "*".to_owned());
        let mut fact = SettingFact::new(setting::STORED_VARIABLE, name.as_str(), scope);
        let flag = |field: &str| saas::flag(row, field).map(|f| f.to_string());
        let masked = [flag("masked"), flag("masked_and_hidden"), flag("hidden")];
        let masked = masked.iter().flatten().any(|f| f == "true");
        let credential = masked || names::is_secret(&name);
        for (name, value) in [
            ("protected", flag("protected")),
            ("masked", Some(masked.to_string())),
            ("type", saas::text(row, "variable_type")),
            ("credential", credential.then(|| "true".to_owned())),
            ("project", origin.project.clone()),
        ] {
            if let Some(value) = value {
                fact.attributes.insert(name.to_owned(), value);
            }
        }
        out.fact(Fact::Setting(at, fact));
    });
    unread.tell("the name of a variable", out);
}
