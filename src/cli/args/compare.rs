//! Arguments of `diff`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SeverityArg;

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The report of before
    pub old: PathBuf,
    /// The report of now
    pub new: PathBuf,
    /// How to write it
    #[arg(short, long, value_enum, default_value_t = DiffFormat::Table, value_name = "FORMAT")]
    pub format: DiffFormat,
    /// Severity from which what is new or worse makes the exit code 1
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    pub fail_on: SeverityArg,
    /// Exit 0 in spite of what is new or worse
    #[arg(long)]
    pub exit_zero: bool,
    /// Show every change
    #[arg(short, long)]
    pub verbose: bool,
    /// No colours; NO_COLOR does the same
    #[arg(long)]
    pub no_color: bool,
}

/// Formats of `diff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For a terminal.
    Table,
    /// For programs.
    Json,
    /// For job summaries and comments.
    Markdown,
}
