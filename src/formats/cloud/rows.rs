//! Tables of databases as rows of named texts, from CSV with a header or from JSON objects, whatever case the names are in.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor, Read};

use serde_json::Value;

use super::aws::gap;
use super::json_stream::{Event, Wanted, walk};
use crate::doc::csv::Records;
use crate::formats::Out;
use crate::model::At;

/// One row: names in lower case, values as text; what is null or absent is not there.
#[derive(Debug, Default)]
pub struct Row(BTreeMap<String, String>);

impl Row {
    /// A value that is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !matches!(*value, "" | "null" | "NULL" | "None"))
    }

    /// Whether the table has this column, empty or not.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A boolean as databases print it.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)?.to_ascii_lowercase().as_str() {
            "t" | "true" | "yes" | "y" | "1" | "on" => Some(true),
            "f" | "false" | "no" | "n" | "0" | "off" => Some(false),
            _ => None,
        }
    }
}

/// Reads the rows of a table. `columns` are the names that are kept, in lower case; `out` gets what could not be read.
pub fn read(
    reader: &mut dyn BufRead,
    whole: bool,
    wanted: Wanted,
    out: &mut Out<'_>,
    on: &mut dyn FnMut(Row, At, &mut Out<'_>),
) {
    let mut head = Vec::new();
    if let Err(error) = (&mut *reader).take(64).read_to_end(&mut head) {
        return out.notice(gap("unreadable", None, error.to_string()));
    }
    let start = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_owned();
    let mut input = Cursor::new(head).chain(reader);
    if start.starts_with(['{', '[']) {
        json(&mut input, whole, wanted, out, on);
    } else {
        csv(&mut input, whole, wanted.fields, out, on);
    }
}

fn json(
    input: &mut dyn BufRead,
    whole: bool,
    wanted: Wanted,
    out: &mut Out<'_>,
    on: &mut dyn FnMut(Row, At, &mut Out<'_>),
) {
    let result = walk(input, whole, wanted, &mut |event| {
        if let Event::Object { fields, at } = event {
            let text = |value: Value| match value {
                Value::String(text) => Some(text),
                Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
                Value::Null => Some(String::new()),
                _ => None,
            };
            let row = fields.into_iter().filter_map(|(name, value)| Some((name.to_ascii_lowercase(), text(value)?)));
            on(Row(row.collect()), at, out);
        }
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
}

fn csv(
    input: &mut dyn BufRead,
    whole: bool,
    columns: &[&str],
    out: &mut Out<'_>,
    on: &mut dyn FnMut(Row, At, &mut Out<'_>),
) {
    let mut records = match Records::new(input) {
        Ok(records) => records,
        Err(error) => return out.notice(gap("malformed", Some(error.line), error.message)),
    };
    while let Some(record) = records.next() {
        match record {
            Ok(record) => {
                let at = At { span: whole.then_some(record.span), ..At::line(record.line) };
                let cell = |name: &&str| Some((name.to_ascii_lowercase(), record.get(name)?.to_owned()));
                on(Row(columns.iter().filter_map(cell).collect()), at, out);
            }
            Err(error) => {
                let message = format!("the row could not be read and was left out: {}", error.message);
                out.notice(gap("malformed", Some(error.line), message));
            }
        }
    }
}
