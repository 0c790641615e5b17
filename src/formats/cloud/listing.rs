//! What readers of JSON listings share: the walk over every envelope, with pages and what tells that some are missing.
//!
//! `az` and most services print bare arrays; Microsoft Graph and Azure Resource Manager wrap them in `value` and tell further
//! pages by `@odata.nextLink` or `nextLink` (<https://learn.microsoft.com/en-us/graph/paging>).

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::gap;
use super::json_stream::{Event, Wanted, walk};
use crate::formats::{Input, Out};
use crate::model::{At, Fact, SettingFact, setting};

/// Groups of pages that are told apart in one input.
const PAGES_MAX: usize = 10_000;

/// What a walk over an export meets.
pub enum Item {
    /// One object, with the fields asked for or all of them.
    Row(Map<String, Value>, At),
    /// The end of a page, with its `@odata.context`.
    Page(Option<String>),
}

const NEXT: [&str; 3] = ["@odata.nextLink", "odata.nextLink", "nextLink"];
const CONTEXT: &str = "@odata.context";

/// Hands over every object of an export in order. `fields` names what is kept of objects that stand outside of a `value` list
/// and must hold the names of [`paging!`]; a listing that ends in a page with a link to the next is told as cut short.
pub fn rows(
    input: &Input<'_>,
    format: &'static str,
    (reader, whole): (&mut dyn BufRead, bool),
    fields: &'static [&'static str],
    out: &mut Out<'_>,
    on: &mut dyn FnMut(Item, &mut Out<'_>),
) {
    // Pages by what they are pages of; the last one of each tells whether something is missing.
    let mut cut: BTreeMap<String, Option<u64>> = BTreeMap::new();
    let result = walk(reader, whole, Wanted { lists: &["value"], fields }, &mut |event| match event {
        Event::Element { value: Value::Object(row), at, .. } => on(Item::Row(row, at), out),
        Event::Object { fields, at } => {
            let next = NEXT.iter().any(|name| text(&fields, name).is_some());
            let row = fields.keys().any(|name| !NEXT.contains(&name.as_str()) && name != CONTEXT);
            if next || !row {
                let group = pages_of(at.pointer.as_deref().unwrap_or_default());
                if cut.len() < PAGES_MAX || cut.contains_key(&group) {
                    cut.insert(group, next.then_some(at.line.unwrap_or_default()));
                }
            }
            if row {
                on(Item::Row(fields, at), out);
            } else {
                on(Item::Page(text(&fields, CONTEXT).map(str::to_owned)), out);
            }
        }
        Event::Element { .. } | Event::Text { .. } => {}
    });
    on(Item::Page(None), out);
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut.values().flatten().min() {
        tell_cut(input, format, *line, out);
    }
}

/// Says that a listing has more pages than the file.
pub fn tell_cut(input: &Input<'_>, format: &'static str, line: u64, out: &mut Out<'_>) {
    let message = "the last page links to a next one: more exists than this export lists";
    out.notice(gap("truncated-export", Some(line), message));
    let place = if line > 0 { At::line(line) } else { At::default() };
    out.fact(Fact::Setting(place, SettingFact::new(setting::CUT_LISTING, input.path.display(), format)));
}

/// Notes that a listing is not whole, of which a notice of its own tells: checks say of nothing that it is missing there.
pub fn mark_cut(input: &Input<'_>, format: &'static str, out: &mut Out<'_>) {
    let cut = SettingFact::new(setting::CUT_LISTING, input.path.display(), format);
    out.fact(Fact::Setting(At::default(), cut));
}

/// What a page is one of: its pointer without the index in an array of pages, and without the document's number.
fn pages_of(pointer: &str) -> String {
    let path = pointer.split_once(": ").filter(|(head, _)| head.starts_with("document ")).map_or(pointer, |(_, p)| p);
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some((before, last)) if last.bytes().all(|b| b.is_ascii_digit()) => before.to_owned(),
        _ => path.to_owned(),
    }
}

/// Fields that [`rows`] needs, beside those of the format.
macro_rules! paging {
    ($($name:literal),* $(,)?) => {
        &["@odata.nextLink", "odata.nextLink", "nextLink", "@odata.context", $($name),*]
    };
}
pub(super) use paging;

/// Whether a text opens a JSON array or object and holds all of these words.
pub fn holds(head: &str, words: &[&str]) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with(['{', '[']) && words.iter().all(|word| head.contains(word))
}

/// A text field that is not empty.
#[must_use]
pub fn text<'v>(row: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    row.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// A text for people, at most 200 characters.
#[must_use]
pub fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_listing_are_told_from_those_of_another() {
        assert_eq!(pages_of("/0"), "");
        assert_eq!(pages_of("document 2: /"), "");
        assert_eq!(pages_of("/"), "");
        assert_eq!(pages_of("/tenant-a"), "/tenant-a");
        assert_eq!(pages_of("/tenant-a/3"), "/tenant-a");
    }
}
