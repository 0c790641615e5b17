//! `keyroll generate …`: what is committed under completions/, man/ and docs/, and compared in a test.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::args::{Cli, DocsArg, ExplainArgs, GenerateCommand, SchemaArg};
use super::{Exit, about, print, settings};
use crate::assess::frameworks;
use crate::formats;
use crate::model::Risk;
use crate::report;
use crate::rules;
use crate::scan;

/// Writes one generated file to standard output.
pub fn run(command: &GenerateCommand) -> anyhow::Result<Exit> {
    let mut out = Vec::new();
    match command {
        GenerateCommand::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "keyroll", &mut out);
        }
        GenerateCommand::Candidates { path: Some(path), names: false } => return candidates(path),
        GenerateCommand::Candidates { .. } => out.extend((scan::numbers().join("\n") + "\n").into_bytes()),
        GenerateCommand::Man => clap_mangen::Man::new(Cli::command()).render(&mut out)?,
        GenerateCommand::Schema { which: SchemaArg::Report } => out.extend(report::json::schema().into_bytes()),
        GenerateCommand::Schema { which: SchemaArg::Rules } => out.extend(rules::json_schema().into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Rules } => out.extend(rules_page()?.into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Checks } => out.extend(checks_page()?.into_bytes()),
        GenerateCommand::Docs { which: DocsArg::Formats } => out.extend(formats_page()?.into_bytes()),
    }
    print(&String::from_utf8_lossy(&out))
}

/// The trainer's input: places, numbers and words, never a value.
fn candidates(path: &Path) -> anyhow::Result<Exit> {
    let args = ExplainArgs { places: Vec::new(), config: None, no_config: true, rules: Vec::new() };
    let settings = settings::for_explain(&args)?;
    let engine = scan::engine(&settings)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left = vec![path.to_owned()];
    while let Some(next) = left.pop() {
        if next.is_dir() {
            let mut inside: Vec<PathBuf> =
                std::fs::read_dir(&next)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            inside.sort();
            left.extend(inside.into_iter().rev());
        } else if let Some(found) =
            scan::candidates(&engine, &settings, next.strip_prefix(path).unwrap_or(&next), &std::fs::read(&next)?)
        {
            serde_json::to_writer(&mut out, &found)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(Exit::Clean)
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
        "# Checks\n\n<!-- generated: keyroll generate docs checks -->\n\n| id | risk | finds | severity | CWE | CIS Benchmarks | reads |\n|---|---|---|---|---|---|---|\n",
    );
    for check in about::sorted() {
        let needs = check.needs.join(", ");
        let other = frameworks::of(check.id, check.risk);
        let cwe: Vec<String> = other.cwe.iter().map(|(number, _)| number.to_string()).collect();
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {needs} |",
            check.id,
            check.risk.id(),
            cell(check.title),
            check.severity.as_str(),
            cwe.join(", "),
            other.cis.join("; ")
        )?;
    }
    text.push_str("\n## Other catalogues, by risk\n\n| risk | NIST CSF 2.0 | NIST AI RMF 1.0 | CSA MAESTRO |\n|---|---|---|---|\n");
    for risk in Risk::ALL {
        let other = frameworks::of("", risk);
        let [csf, ai_rmf, maestro] = [other.csf, other.ai_rmf, other.maestro].map(|list| list.join(", "));
        writeln!(text, "| {} {} | {csf} | {ai_rmf} | {maestro} |", risk.id(), risk.title())?;
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
