//! `keyroll generate …`: what is committed under completions/, man/ and docs/, and compared in a test.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::args::{Cli, DocsArg, GenerateCommand, SchemaArg};
use super::{Exit, about, print};
use crate::formats;
use crate::report;
use crate::rules;

/// Writes one generated file to standard output.
pub fn run(command: &GenerateCommand) -> anyhow::Result<Exit> {
    let mut out = Vec::new();
    match command {
        GenerateCommand::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "keyroll", &mut out);
        }
        GenerateCommand::Man => clap_mangen::Man::new(Cli::command()).render(&mut out)?,
        GenerateCommand::Schema { which: SchemaArg::Report } => out.extend(report::json::schema().into_bytes()),
        GenerateCommand::Schema { which: SchemaArg::Rules } => out.extend(rules::json_schema().into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Rules } => out.extend(rules_page()?.into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Checks } => out.extend(checks_page()?.into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Formats } => out.extend(formats_page()?.into_bytes()),
    }
    print(&String::from_utf8_lossy(&out))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn rules_page() -> anyhow::Result<String> {
    let mut text = String::from(
        "# Rules\n\n<!-- generated: keyroll generate docs rules -->\n\n| id | finds | identity | severity | confidence |\n|---|---|---|---|---|\n",
    );
    let mut all: Vec<&rules::Rule> = rules::built_in().iter().collect();
    all.sort_by(|a, b| (&a.provider, &a.id).cmp(&(&b.provider, &b.id)));
    for rule in all {
        let severity = match (rule.public, rule.encrypted) {
            (true, _) => "public by design",
            (_, true) => "encrypted",
            _ => rule.severity.as_str(),
        };
        let kind = rule.identity_kind.as_str();
        writeln!(
            text,
            "| `{}` | {} | {kind} | {severity} | {} |",
            rule.id,
            cell(&rule.name),
            rule.confidence.as_str()
        )?;
    }
    Ok(text)
}

fn checks_page() -> anyhow::Result<String> {
    let mut text = String::from(
        "# Checks\n\n<!-- generated: keyroll generate docs checks -->\n\n| id | risk | finds | severity | reads |\n|---|---|---|---|---|\n",
    );
    for check in about::sorted() {
        let needs = check.needs.join(", ");
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {needs} |",
            check.id,
            check.risk.id(),
            cell(check.title),
            check.severity.as_str()
        )?;
    }
    Ok(text)
}

fn formats_page() -> anyhow::Result<String> {
    let mut text = String::from(
        "# Formats\n\n<!-- generated: keyroll generate docs formats -->\n\n| id | what | command that produces it |\n|---|---|---|\n",
    );
    for format in formats::all() {
        let command = if format.command.is_empty() { String::new() } else { format!("`{}`", cell(format.command)) };
        writeln!(text, "| `{}` | {} | {command} |", format.id, cell(format.name))?;
    }
    Ok(text)
}
