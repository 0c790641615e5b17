//! `keyroll diff`: what is new, rotated, gone, worse or better between two reports.

use std::io::{self, Write as _};

use anyhow::Context as _;

use super::args::{DiffArgs, DiffFormat};
use super::report::read;
use super::{Exit, output};
use crate::formats;
use crate::report::diff::{Diff, markdown};
use crate::report::table;

/// Runs the command.
pub fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let is_export = |id: &str| formats::all().any(|f| f.id == id && f.is_export());
    let diff = Diff::of(&old, &new, &is_export)?;
    let style = output::terminal_style(args.verbose, args.no_color);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.format {
        DiffFormat::Table => table::changes(&diff, &style, &mut out),
        DiffFormat::Json => diff.write_json(&mut out),
        DiffFormat::Markdown => markdown::write(&diff, &style, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
        other => other.context("standard output")?,
    }
    if diff.fails(args.fail_on.into()) && !args.exit_zero {
        return Ok(Exit::Findings(1));
    }
    Ok(if diff.new.incomplete { Exit::Incomplete } else { Exit::Clean })
}
