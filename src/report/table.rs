//! `table`: the report for a person at a terminal.
//!
//! The order is that of a first reader's questions: is this complete, how bad is it, what do I do first, then the
//! findings by identity with those in tests last, the identities, the ten risks, and last what was read and what was not.

mod changes;
pub(super) mod findings;
mod listing;
pub(super) mod opening;
mod page;
mod place;
pub(super) mod risks;
mod samples;
pub(super) mod summary;
pub(super) mod tally;

use std::io;

pub use self::changes::write as changes;
use self::findings::Told;
use self::listing::Listing;
use self::page::Page;
use super::{Reporter, Style};
use crate::model::View;

/// The report as text, fitted to the terminal. Text from scanned files is escaped; colours only when asked for.
pub const REPORTER: Reporter =
    Reporter { id: "table", extension: "txt", about: "A readable summary for the terminal", write };

fn write(view: View<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let report = view.head();
    let mut page = Page::new(style);
    let listing = Listing::new(view, style.verbose);
    opening::headline(&mut page, report, &listing);
    opening::tasks(&mut page, &listing);
    let mut told = Told::default();
    findings::all(&mut page, &listing, style, &mut told);
    samples::section(&mut page, report, &listing, style, &mut told);
    findings::suppressed(&mut page, view, style);
    summary::identities(&mut page, report, &listing, style);
    risks::risks(&mut page, report, &listing, style);
    summary::notices(&mut page, report, style);
    summary::coverage(&mut page, report);
    summary::hints(&mut page, report, &listing.tally, style);
    out.write_all(page.into_text().as_bytes())
}
