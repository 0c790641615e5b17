//! Outputs: one file each, all reading the one [`Report`](crate::model::Report).

pub mod annotations;
pub mod csv;
pub mod diff;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod table;

use std::io;

use crate::model::{FailOn, Severity, View};

/// What outputs may be asked to do differently.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Terminal columns to fit into.
    pub width: usize,
    /// Whether ANSI colours may be written.
    pub color: bool,
    /// SARIF: write suppressed results too.
    pub sarif_suppressed: bool,
    /// Show more: every location and every notice.
    pub verbose: bool,
    /// Which findings fail the run.
    pub fail_on: FailOn,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, color: false, sarif_suppressed: false, verbose: false, fail_on: Severity::Medium.into() }
    }
}

/// One output.
pub struct Reporter {
    /// Id, as in `-f ID`.
    pub id: &'static str,
    /// Usual file extension.
    pub extension: &'static str,
    /// One line for help.
    pub about: &'static str,
    /// Writes the report.
    pub write: fn(View<'_>, &Style, &mut dyn io::Write) -> io::Result<()>,
}

/// Every output.
pub const REPORTERS: &[&Reporter] = &[
    &table::REPORTER,
    &json::REPORTER,
    &sarif::REPORTER,
    &markdown::REPORTER,
    &html::REPORTER,
    &jsonl::REPORTER,
    &csv::FINDINGS,
    &csv::IDENTITIES,
    &gitlab::REPORTER,
    &junit::REPORTER,
    &annotations::GITHUB,
    &annotations::AZURE,
];

/// The output of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Reporter> {
    REPORTERS.iter().copied().find(|r| r.id == id)
}
