//! `keyroll report`: a JSON report in other formats, several as one.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use super::args::ReportArgs;
use super::{Exit, output, settings};
use crate::model::{FailOn, Report, Severity, View};
use crate::scan::Merger;
use crate::text::encoding::unmarked;
use crate::text::escape;

/// Runs the command. Reports are read one at a time.
pub fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let settings = settings::of_report(args)?;
    let fail_on = match (&settings, args.fail_on) {
        (Some(settings), _) => settings.fail_on,
        (None, level) => FailOn::from(level.map_or(Severity::Medium, Severity::from)),
    };
    let targets = output::targets(&args.output)?;
    let mut merger = Merger::default();
    for path in &args.files {
        merger.add(&path.display().to_string(), read(path)?)?;
    }
    let report = match &settings {
        Some(settings) => merger.finish_under(settings)?,
        None => merger.finish(),
    };
    let report = report.context("no report was given")?;
    let report = View::from(&report);
    output::write(report, &targets, &args.output, fail_on)?;
    Ok(output::exit(report, fail_on, 1, args.exit_zero))
}

/// Reads a report.
///
/// # Errors
/// When the file cannot be read or is no report of this schema, with line and column and without what stands there.
pub fn read(path: &Path) -> anyhow::Result<Report> {
    let name = || path.display().to_string();
    let bytes = if path.as_os_str() == "-" { stdin()? } else { std::fs::read(path).with_context(name)? };
    let bytes = unmarked(&bytes);
    let report: Report = match serde_json::from_slice(&bytes) {
        Ok(report) => report,
        Err(error) => {
            other_schema(&bytes, &name())?;
            let message = escape::without_values(&error.to_string());
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m);
            let (place, why) = (format!("{}:{}:{}", name(), error.line(), error.column()), message);
            if error.is_eof() && !bytes.is_empty() {
                return Err(anyhow!("{place}: the report ends in its middle ({why}): it was not written to its end"));
            }
            return Err(anyhow!("{place}: no keyroll report: {why}; what `-f json` writes is read"));
        }
    };
    if report.schema != Report::SCHEMA {
        bail!("{}: its schema is not {}, the one that this version reads", name(), Report::SCHEMA);
    }
    Ok(report)
}

/// Standard input, to its end.
fn stdin() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
    Ok(bytes)
}

/// Says so when what cannot be read is a report of another schema.
fn other_schema(bytes: &[u8], name: &str) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    match serde_json::from_slice::<Head>(bytes) {
        Ok(head) if head.schema != Report::SCHEMA => {
            bail!("{name}: its schema is not {}, the one that this version reads", Report::SCHEMA)
        }
        _ => Ok(()),
    }
}
