//! `keyroll checks …` and `keyroll formats …`: the registries, as text.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::args::{ChecksCommand, FormatsCommand};
use super::{Exit, collect, print};
use crate::assess::frameworks;
use crate::assess::{CHECKS, Check};
use crate::formats;

/// Runs a command about checks.
pub fn checks(command: ChecksCommand) -> anyhow::Result<Exit> {
    match command {
        ChecksCommand::List => {
            let mut text = String::new();
            let mut risk = None;
            for check in sorted() {
                if risk != Some(check.risk) {
                    risk = Some(check.risk);
                    writeln!(text, "{} {}", check.risk.id(), check.risk.title())?;
                }
                writeln!(text, "  {:<32} {:<8} {}", check.id, check.severity.as_str(), check.title)?;
            }
            writeln!(text, "{} checks; the rules of `keyroll rules list` speak to NHI2:2025", CHECKS.len())?;
            print(&text)
        }
        ChecksCommand::Explain { id } => {
            let check = CHECKS.iter().find(|c| c.id.eq_ignore_ascii_case(&id));
            let check =
                check.with_context(|| format!("no check `{id}`; `keyroll checks list` shows those that exist"))?;
            let mut text = String::new();
            writeln!(text, "{}: {}\n\n{}\n\nWhat to do: {}\n", check.id, check.title, check.why, check.remediation)?;
            writeln!(text, "risk         {} {}", check.risk.id(), check.risk.title())?;
            writeln!(text, "severity     {}", check.severity.as_str())?;
            writeln!(text, "confidence   {}", check.confidence.as_str())?;
            writeln!(text, "reads        {}", check.needs.join(", "))?;
            let other = frameworks::of(check.id, check.risk);
            for (i, (number, name)) in other.cwe.iter().enumerate() {
                writeln!(text, "{}CWE-{number} {name}", if i == 0 { "CWE          " } else { "             " })?;
            }
            for (head, list) in [
                ("CIS", other.cis),
                ("NIST CSF 2.0", other.csf),
                ("NIST AI RMF", other.ai_rmf),
                ("MAESTRO", other.maestro),
            ] {
                if !list.is_empty() {
                    writeln!(text, "{head:<13}{}", list.join(", "))?;
                }
            }
            for (i, reference) in check.references.iter().enumerate() {
                writeln!(text, "{}{reference}", if i == 0 { "references   " } else { "             " })?;
            }
            print(&text)
        }
    }
}

/// Commands that make the lists which flags name.
const LISTS: &[(&str, &str)] = &[
    ("--members FILE", "gh api --paginate orgs/ORG/members"),
    ("", "glab api --paginate groups/GROUP/members/all"),
    ("--repos FILE", "gh repo list ORG --limit 10000 --json nameWithOwner,isArchived"),
    ("", "gh api --paginate 'orgs/ORG/repos?per_page=100'"),
    ("", "glab api --paginate 'groups/GROUP/projects?include_subgroups=true&per_page=100'"),
];

/// The checks by risk.
pub fn sorted() -> Vec<&'static Check> {
    let mut all = CHECKS.to_vec();
    all.sort_by_key(|c| (c.risk, c.id));
    all
}

/// Runs a command about formats.
pub fn formats(command: FormatsCommand) -> anyhow::Result<Exit> {
    match command {
        FormatsCommand::List => {
            let mut text = String::new();
            for format in formats::all() {
                writeln!(text, "{:<28} {}", format.id, format.name)?;
                if !format.command.is_empty() {
                    writeln!(text, "{:<28}   {}", "", format.command)?;
                }
            }
            writeln!(text, "Formats are recognised by path or content; put exports anywhere below the scanned path.")?;
            writeln!(text, "Lists of what there is now are given by flag:")?;
            for (flag, command) in LISTS {
                writeln!(text, "{flag:<28}   {command}")?;
            }
            print(&text)
        }
        FormatsCommand::Script { provider } => collect::run(provider),
    }
}
