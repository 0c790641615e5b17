//! Exports as the files that they are: long ones, which are read after the walk, and those that a repository keeps, tracked
//! files of the walk and blobs of the history.

use std::io::Seek as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::super::exports::{self, Held};
use super::super::locate;
use super::super::text_kind::claim;
use super::claimed::Named;
use super::{Top, WHOLE, Worker};
use crate::decode;
use crate::formats::{Format, Input, Out, ReadNotice};
use crate::model::{Fact, LocatedFact, PathClass, RepoPath};
use crate::source;

/// A long export, to be read when the walk has ended.
pub(super) struct Later {
    name: RepoPath,
    path: PathBuf,
    format: &'static Format,
    length: u64,
    class: PathClass,
}

/// Whether a file of this path is somebody's own, and no sample.
fn counts(class: &PathClass) -> bool {
    !(class.test || class.docs || class.vendored)
}

impl Worker<'_> {
    /// Keeps a long export for later.
    pub(super) fn read_later(
        &self,
        format: &'static Format,
        path: &Path,
        length: u64,
        name: &RepoPath,
        class: PathClass,
    ) {
        let later = Later { name: name.clone(), path: path.to_owned(), format, length, class };
        self.later.lock().unwrap_or_else(PoisonError::into_inner).push(later);
    }

    /// Reads the long exports that the walk met, one after the other on one thread. A reader holds back a part of what it
    /// reads, and what it gives back at its end is of use to the next one on the same thread only.
    pub fn long_exports(&self) {
        let mut later = std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner));
        later.sort_by(|a, b| a.name.cmp(&b.name));
        let mut head = Vec::new();
        for Later { name, path, format, length, class } in later {
            if self.counts.stop.load(Ordering::Relaxed) {
                return;
            }
            self.guarded(&name, || {
                let (mut file, ..) = source::open(&path, &mut head)?;
                file.rewind()?;
                self.stream_format(format, (&mut file, length), &Named { name: &name, inside: None }, &class);
                Ok(())
            });
        }
    }

    /// Adds to the facts of an export that a repository tracks its file, if one does.
    pub(super) fn tell_tracked(
        &self,
        format: &Format,
        (named, class): (&Named<'_>, &PathClass),
        text: &str,
        held: &Held,
        located: &mut Vec<LocatedFact>,
    ) {
        let file = named.inside.map_or(named.name.as_bytes(), |(container, _)| container);
        // An archive inside another has the outermost one's file.
        let file = file.split(|b| *b == b'!').next().unwrap_or(file);
        if !format.is_export() || !counts(class) || !exports::is_answer(format, text) || !self.is_tracked(file) {
            return;
        }
        let location = named.place(locate::base(named.name, None));
        located.extend(held.told(format, location, format.id));
    }

    /// Whether the index of the innermost repository that holds a path has it.
    pub(super) fn is_tracked(&self, path: &[u8]) -> bool {
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
