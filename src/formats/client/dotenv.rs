//! `.env` in its dialects, and the start-up files of shells.
//!
//! `NAME=value` with or without `export`, values bare or in one of three quotes, quoted ones over several lines, `#` comments
//! behind white space (<https://github.com/motdotla/dotenv#rules>, <https://github.com/bkeepers/dotenv#usage>,
//! <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/>). Only names that speak of a secret
//! count.

use super::names::{Speaks, is_common, is_value, speaks};
use super::reading::{fact, put};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, RepoPath, SecretFact, Span};

/// The format.
pub static DOTENV: Format =
    super::format("dotenv", "Environment and shell start-up files", |path, _| super::is(path, "dotenv"), read);

/// Longest value that is read.
const LONGEST: usize = 16 << 10;

/// One assignment.
struct Assignment<'t> {
    name: &'t str,
    value: Span,
    next: usize,
}

/// The assignment on the line that begins at `at`; `None` when there is none.
fn assignment(text: &str, at: usize) -> Option<Assignment<'_>> {
    let rest = text.get(at..)?;
    let line = rest.split('\n').next()?;
    let body = line.trim_start();
    let mut start = at + line.len() - body.len();
    for word in ["export ", "declare -x ", "set -gx ", "setenv ", "set "] {
        if let Some(rest) = body.strip_prefix(word) {
            let name = rest.trim_start();
            start += body.len() - name.len();
            break;
        }
    }
    let body = text.get(start..at + line.len())?;
    let end = body.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))?;
    let name = body.get(..end).filter(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
    let after = body.get(end..)?;
    let value = after.trim_start().strip_prefix(['=', ':']).map(str::trim_start)?;
    let from = start + body.len() - value.len();
    let line_end = at + line.len();
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        let marks = [" #", "\t#"];
        let end = marks.iter().filter_map(|m| value.find(m)).min().unwrap_or(value.len());
        let bare = value.get(..end)?.trim_end().trim_end_matches(';');
        return Some(Assignment { name, value: Span::new(from, from + bare.len()), next: line_end + 1 });
    };
    let inner = text.as_bytes().get(from + 1..text.len().min(from + LONGEST))?;
    let mut escaped = false;
    for (i, b) in inner.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quote != '\'' => escaped = true,
            b if char::from(*b) == quote => {
                let end = from + 1 + i;
                let line = text.get(end..).and_then(|r| r.find('\n')).map_or(text.len(), |n| end + n);
                return Some(Assignment { name, value: Span::new(from + 1, end), next: line + 1 });
            }
            _ => {}
        }
    }
    // A quote that nothing closes belongs to the value.
    Some(Assignment { name, value: Span::new(from, from + value.trim_end().len()), next: line_end + 1 })
}

/// A pattern for people to fill in: what stands in it is mostly made up.
fn is_pattern(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    ["example", "sample", "template", "dist", "tpl", "default"]
        .iter()
        .any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    read_as("dotenv-secret", input, out);
}

/// Reads a text of assignments; also for files of other formats that are written like this.
pub fn read_as(rule: &'static str, input: &Input<'_>, out: &mut Out<'_>) {
    let pattern = is_pattern(input.path);
    let mut at = 0;
    while at < input.text.len() {
        let Some(found) = assignment(input.text, at) else {
            let rest = input.text.as_bytes().get(at..).unwrap_or_default();
            at += memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            continue;
        };
        at = found.next.max(at + 1);
        let Some(kind) = speaks(found.name) else { continue };
        let Some(value) = input.text.get(found.value.start..found.value.end) else { continue };
        // Key blocks have a rule of their own, and a command gets the value from elsewhere.
        let elsewhere =
            value.contains("$(") || value.contains("-----BEGIN") || value.starts_with('$') && !value.contains('%');
        if elsewhere || !is_value(kind, found.name, value) {
            continue;
        }
        let random = value.len() >= 16 && value.bytes().any(|b| b.is_ascii_digit());
        let low = pattern && !random || kind == Speaks::Password && is_common(value);
        let confidence = Some(if low { Confidence::Low } else { Confidence::Medium });
        let name = Some(found.name.to_owned());
        put(out, SecretFact { name, confidence, ..fact(rule, input.text, found.value) });
    }
}
