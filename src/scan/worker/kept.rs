//! Exports that a repository keeps: tracked files of the walk, and blobs of the history.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::exports::{self, Held};
use super::super::locate;
use super::super::text_kind::claim;
use super::claimed::Named;
use super::{Top, WHOLE, Worker};
use crate::decode;
use crate::formats::{Format, Input, Out, ReadNotice};
use crate::model::{Fact, LocatedFact, PathClass, RepoPath};
use crate::source;

/// Whether a file of this path is somebody's own, and no sample.
fn counts(class: &PathClass) -> bool {
    !(class.test || class.docs || class.vendored)
}

impl Worker<'_> {
    /// Adds to the facts of an export that a repository tracks its file, if one does.
    pub(super) fn tell_tracked(
        &self,
        format: &Format,
        named: &Named<'_>,
        class: &PathClass,
        text: &str,
        located: &mut Vec<LocatedFact>,
    ) {
        let file = named.inside.map_or(named.name.as_bytes(), |(container, _)| container);
        // An archive inside another has the outermost one's file.
        let file = file.split(|b| *b == b'!').next().unwrap_or(file);
        if !format.is_export() || !counts(class) || !exports::is_answer(format, text) || !self.is_tracked(file) {
            return;
        }
        let mut held = Held::default();
        located.iter().for_each(|f| held.add(&f.fact));
        let location = named.place(locate::base(named.name, None));
        located.extend(held.told(format, location, format.id));
    }

    /// Whether the index of the innermost repository that holds a path has it.
    fn is_tracked(&self, path: &[u8]) -> bool {
        let inside = |top: &[u8]| match top {
            b"" => Some(path),
            top => path.strip_prefix(top).and_then(|rest| rest.strip_prefix(b"/")),
        };
        let Ok(tops) = self.tops.read() else { return false };
        let inner = tops.iter().filter(|top: &&Top| inside(&top.name).is_some()).max_by_key(|top| top.name.len());
        match inner {
            Some(top) => inside(&top.name).is_some_and(|rest| top.repository.is_tracked(rest)),
            None => {
                let start = self.start.as_ref().zip(inside(&self.top));
                start.is_some_and(|(repository, rest)| repository.is_tracked(rest))
            }
        }
    }

    /// What a blob of the history is when it is an export that counts.
    pub fn past_export(&self, bytes: &[u8], class: &PathClass, name: &RepoPath) -> Option<LocatedFact> {
        if !counts(class) || !exports::may_be(bytes) {
            return None;
        }
        let read = || {
            let text = decode::text(bytes)?;
            let format = claim(name, class, &text.bytes).filter(|format| format.is_export())?;
            let held = self.held(format, name, &text.bytes)?;
            held.told(format, locate::base(name, Some(source::blob_id(bytes))), "code")
        };
        // A reader that fails on the same text in the checkout is told there.
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
    }

    fn held(&self, format: &Format, name: &RepoPath, text: &[u8]) -> Option<Held> {
        let mut held = Held::default();
        let slug = self.slug(name);
        let mut keep = |fact: Fact| held.add(&fact);
        let mut tell = |_: ReadNotice| {};
        let mut out = Out::new(&mut keep, &mut tell);
        if text.len() as u64 > WHOLE {
            let input = Input { path: name, repository: slug.as_deref(), text: "" };
            (format.stream?)(&input, &mut &*text, &mut out);
        } else {
            let text = String::from_utf8_lossy(text);
            if !exports::is_answer(format, &text) {
                return None;
            }
            let doc = format.syntax.parse(&text).ok()?;
            let input = Input { path: name, repository: slug.as_deref(), text: &text };
            (format.read)(&input, &doc, &mut out);
        }
        Some(held)
    }
}
