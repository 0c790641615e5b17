//! `jsonl`: one JSON object a line, for DuckDB, Spark and the like. Each has a `type`; fields of one name have one type in
//! all of them, so a reader that unites their columns finds no conflict.

use std::io;
use std::ops::Deref;

use serde::Serialize;

use super::csv::origin::Origins;
use super::json::write_line;
use super::{Reporter, Style};
use crate::model::{Coverage, Headline, Identity, Location, Score, ToolInfo, View, When};

/// Lines in the order of the report's lists: the report itself, findings, identities, credentials, what joins them, risks,
/// roots and notices.
pub const REPORTER: Reporter = Reporter {
    id: "jsonl",
    extension: "jsonl",
    about: "One JSON object a line, each with a type, for databases",
    write,
};

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    /// The repository or directory of its first place.
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'a str>,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Head<'a> {
    schema: &'a str,
    tool: &'a ToolInfo,
    key_id: &'a str,
    key_source: &'a str,
    /// As the dates of other lines are.
    as_of: When,
    as_of_source: &'a str,
    incomplete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i32>,
    headline: &'a Headline,
    coverage: &'a Coverage,
}

/// An identity whose score is a number, as that of findings is.
#[derive(Serialize)]
struct Scored<'a> {
    #[serde(flatten)]
    identity: Identity,
    #[serde(rename = "score", skip_serializing_if = "Option::is_none")]
    value: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score_detail: Option<&'a Score>,
}

/// Something that may be suppressed. Whether it counts is told in each line, so that the column is there when nothing is
/// suppressed.
#[derive(Serialize)]
struct Counted<'a, T> {
    open: bool,
    #[serde(flatten)]
    what: &'a T,
}

fn write(view: View<'_>, _: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    let origins = Origins::of(report);
    let head = Head {
        schema: &report.schema,
        tool: &report.tool,
        key_id: &report.key_id,
        key_source: &report.key_source,
        as_of: When::At(report.as_of),
        as_of_source: &report.as_of_source,
        incomplete: report.incomplete,
        score: report.score,
        headline: &report.headline,
        coverage: &report.coverage,
    };
    write_line(&Line { r#type: "report", repository: None, what: head }, out)?;
    let i = &report.inventory;
    for what in view.findings() {
        let repository = what.locations.first().and_then(|l| origins.of_place(l));
        let what = Counted { open: what.suppressed.is_none(), what: &*what };
        write_line(&Line { r#type: "finding", repository, what }, out)?;
    }
    for identity in &i.identities {
        let what = Scored {
            identity: Identity { score: None, ..identity.clone() },
            value: identity.score.as_ref().map(|s| s.value),
            score_detail: identity.score.as_deref(),
        };
        let repository = identity.locations.first().and_then(|l| origins.of_place(l));
        write_line(&Line { r#type: "identity", repository, what }, out)?;
    }
    lines("credential", view.credentials(), |c| c.locations.first(), &origins, out)?;
    for what in view.exposures() {
        let repository = origins.of_place(&what.location);
        let what = Counted { open: what.suppressed.is_none(), what: &*what };
        write_line(&Line { r#type: "exposure", repository, what }, out)?;
    }
    lines("grant", &i.grants, |g| Some(&g.location), &origins, out)?;
    lines("trust", &i.trusts, |t| Some(&t.location), &origins, out)?;
    lines("usage", &i.usages, |u| Some(&u.location), &origins, out)?;
    lines("third_party", &i.third_parties, |t| Some(&t.location), &origins, out)?;
    lines("setting", &i.settings, |s| Some(&s.location), &origins, out)?;
    lines("link", &i.links, |_| None, &origins, out)?;
    lines("rule", &i.rules, |_| None, &origins, out)?;
    lines("risk", &report.risks, |_| None, &origins, out)?;
    lines("root", &report.coverage.roots, |_| None, &origins, out)?;
    lines("notice", &report.notices, |_| None, &origins, out)
}

fn lines<T: Serialize, L: Deref<Target = T>>(
    r#type: &'static str,
    list: impl IntoIterator<Item = L>,
    place: fn(&T) -> Option<&Location>,
    origins: &Origins<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for what in list {
        let what = &*what;
        let repository = place(what).and_then(|l| origins.of_place(l));
        write_line(&Line { r#type, repository, what }, out)?;
    }
    Ok(())
}
