//! Blobs that are never held whole.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::super::Message;
use super::super::client::{self, Extent};
use super::super::gap;
use super::super::locate::Locator;
use super::super::sight::{self, Anchors};
use super::super::text_kind::{Own, claim, own};
use super::claimed::Named;
use super::{Read, WHOLE, Worker};
use crate::decode;
use crate::detect::Scratch;
use crate::model::{LocatedFact, RepoPath, Sighting, SkipReason, Span};
use crate::source;
use crate::source::archive::Source;

/// Size of a piece and what it shares with the one before: more than any match and its context.
const PIECE: usize = 8 << 20;
const OVERLAP: usize = 128 << 10;

impl Worker<'_> {
    /// A blob that is read in pieces: never held whole.
    pub(super) fn large(
        &self,
        mut file: &mut dyn Source,
        length: u64,
        name: &RepoPath,
        path: Option<&Path>,
    ) -> std::io::Result<()> {
        self.counts.files.fetch_add(1, Ordering::Relaxed);
        let class = self.classify(name);
        let mut sightings = Vec::new();
        let mut references = Vec::new();
        let (mut line, mut column) = (1u64, 1u64);
        let mut charset = None;
        let mut claimed = None;
        let (mut cut, mut kind) = (false, Own::No);
        let mut hasher = source::BlobHasher::new(length);
        let mut anchors = Anchors::default();
        let mut scratch = Scratch::default();
        source::for_each_chunk(&mut file, PIECE, OVERLAP, &mut |offset, bytes, last| {
            let new = bytes.get(if offset == 0 { 0 } else { OVERLAP }..).unwrap_or_default();
            hasher.update(new);
            self.counts.bytes.fetch_add(new.len() as u64, Ordering::Relaxed);
            if self.counts.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut bytes = bytes;
            if offset == 0 {
                charset = decode::charset(bytes).map(|(charset, mark)| {
                    bytes = bytes.get(mark..).unwrap_or_default();
                    charset
                });
            }
            let Some(charset) = charset else { return };
            let text = decode::text_as(charset, bytes);
            if offset == 0 {
                claimed = claim(name, &class, &text.bytes);
            }
            let (mut found, mut deep) = self.detect(&mut scratch, &text.bytes, &class, name, &Read::new(&text.bytes));
            client::add(self.engine, (name, &class), &text.bytes, Extent::Piece, &mut found);
            if offset == 0 {
                kind = own(&text.bytes);
            }
            if !matches!(kind, Own::No) {
                deep.clear();
            }
            self.sight.keep_telling(&kind, &text.bytes, &mut found);
            cut |= found.cut;
            let locator = Locator::piece(name, None, &text.bytes, line, column);
            // What begins in the second half of the part shared with the next piece is found there, with its context.
            let at = |raw: usize| decode::text_as(charset, bytes.get(..raw).unwrap_or(bytes)).bytes.len();
            let from = if offset == 0 { 0 } else { at(OVERLAP / 2) };
            let to = if last { usize::MAX } else { at(bytes.len().saturating_sub(OVERLAP / 2)) };
            let plain = found.candidates.iter().map(|c| (c, &text.bytes[..], c.span));
            let deep = deep.iter().map(|d| (&d.candidate, &d.text[..], d.place));
            let mine = plain.chain(deep).filter(|(.., place)| (from..to).contains(&place.start));
            sightings.extend(mine.filter_map(|(candidate, text, place)| {
                self.anchored(candidate.clone(), &mut anchors, (text, place), &locator, &class, name)
            }));
            references.extend(sight::references(&found.references, &locator, &class));
            if !last {
                let next = at(bytes.len().saturating_sub(OVERLAP));
                let end = locator.span(Span::new(next, next));
                (line, column) = (end.line, end.column);
            }
        })?;
        if charset.is_none() {
            self.tally.skip(SkipReason::Binary);
            return Ok(());
        }
        self.report_cut(cut, name);
        let unread = client::unread_when_large(name, WHOLE);
        unread.into_iter().for_each(|message| self.notice(gap("too-large", Some(name.display()), message)));
        if matches!(kind, Own::Report) {
            self.own_report(name);
        }
        let id = hasher.finish();
        let (blob, first) = self.seen.meet_large(id, class);
        self.tally.read(length, first);
        if first {
            let mut names = std::collections::BTreeSet::new();
            references.retain(|r: &LocatedFact| names.insert(sight::reference_name(r).map(str::to_owned)));
            let strong = sightings.iter_mut().filter(|s: &&mut Sighting| s.fingerprint.is_some());
            strong.for_each(|s| s.location.blob = Some(id.to_string()));
            self.sighted(blob, sightings, references);
        } else {
            self.send(Message::Copy { path: name.clone(), blob });
        }
        match (claimed, path) {
            (Some(format), Some(path)) if format.is_export() => self.read_later(format, path, length, name, class),
            (Some(format), _) => {
                file.rewind()?;
                self.stream_format(format, (&mut file, length), &Named { name, inside: None }, &class);
            }
            (None, _) => {}
        }
        Ok(())
    }
}
