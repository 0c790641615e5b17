//! Blobs that a format claims: from the text to facts with their places.

use std::io::{BufReader, Read};
use std::sync::atomic::Ordering;

use super::super::joins;
use data_encoding::BASE64;

use super::super::exports::Held;
use super::super::locate::{self, Locator};
use super::super::seen::Blob;
use super::super::text_kind::claim;
use super::super::{Message, Progress, gap};
use super::documents::{Parsed, Told};
use super::{Top, WHOLE, Worker};
use crate::decode;
use crate::detect;
use crate::formats::{self, Format, Input, Out, ReadNotice, Syntax};
use crate::model::{At, BlobId, Fact, LocatedFact, Location, Notice, PathClass, RepoPath, setting};
use crate::source;
use crate::text::order::Lookup;

/// Facts that are handed on at a time of an export that is streamed.
const PART: usize = 4096;

/// Places that are kept of one file, to be shared.
const PLACES_MAX: usize = 1 << 15;

/// A stream whose bytes are counted as they are read, and which ends when the scan is stopped.
struct Counted<'c, 'f> {
    file: &'f mut dyn Read,
    counts: &'c Progress,
}

impl Read for Counted<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.counts.stop.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("the scan was stopped"));
        }
        let got = self.file.read(buffer)?;
        self.counts.exports.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

/// What reports call a text that a format reads.
pub(super) struct Named<'n> {
    /// The path that it is claimed by; of a member that below its archive.
    pub(super) name: &'n RepoPath,
    /// The member of an archive that it is: the archive, and the path in it.
    pub(super) inside: Option<(&'n [u8], &'n [u8])>,
}

impl Named<'_> {
    /// What notices call it.
    fn told(&self) -> RepoPath {
        match self.inside {
            Some((container, path)) => RepoPath::new([container, path].join(&b'!')),
            None => self.name.clone(),
        }
    }

    /// A place in it, with the archive that holds it.
    pub(super) fn place(&self, mut location: Location) -> Location {
        if let Some((container, path)) = self.inside {
            let path = RepoPath::new(path);
            location.path = path.display();
            location.path_bytes = path.as_str().is_none().then(|| BASE64.encode(path.as_bytes()));
            location.container = Some(RepoPath::new(container).display());
        }
        location
    }
}

impl Worker<'_> {
    /// What a format reads in a text that is held whole, or in the one that base64 or a compression makes it of. Of the members
    /// of archives exports alone count: pipelines and declarations do nothing where nobody runs them.
    pub(super) fn read_formats(
        &self,
        bytes: &[u8],
        text: &[u8],
        named: &Named<'_>,
        class: &PathClass,
        blob: Option<Blob>,
    ) {
        let wanted = |format: &&'static Format| named.inside.is_none() || format.is_export();
        if let Some(format) = claim(named.name, class, text) {
            if !wanted(&format) {
                return;
            }
            if blob.is_some_and(|blob| self.tell_again(format, blob, named, class)) {
                return;
            }
            let id = source::blob_id(bytes);
            if let Some(blob) = blob {
                self.seen.tell(blob, id);
            }
            let id = Some(id);
            if text.len() as u64 > WHOLE {
                return self.stream_format(format, (&mut &*text, text.len() as u64), named, class);
            }
            return self.read_format(format, bytes, text, (id, blob), (named, false), class);
        }
        let Some(inner) = decode::enclosed(text) else { return };
        let Some(text) = decode::text(&inner) else { return };
        if let Some(format) = claim(named.name, class, &text.bytes).filter(|format| format.is_export()) {
            let id = Some(source::blob_id(bytes));
            self.read_format(format, bytes, &text.bytes, (id, None), (named, true), class);
        }
    }

    /// What a format reads in a text that is held whole.
    fn read_format(
        &self,
        format: &'static Format,
        bytes: &[u8],
        text: &[u8],
        (id, blob): (Option<BlobId>, Option<Blob>),
        (named, encoded): (&Named<'_>, bool),
        class: &PathClass,
    ) {
        let name = named.name;
        let text = String::from_utf8_lossy(text);
        let known = blob.and_then(|blob| self.documents.get(blob, format.id));
        let parsed = match known.map_or_else(|| format.syntax.parse(&text).map(Parsed::new), Ok) {
            Ok(parsed) => parsed,
            Err(e) => {
                let message = format!("is no valid {}: {}", format.name, e.message);
                return self.notice(Notice {
                    line: Some(e.line),
                    column: Some(e.column),
                    ..gap("malformed", Some(named.told().display()), message)
                });
            }
        };
        let slug = self.slug(name);
        let input = Input { path: name, repository: slug.as_deref(), text: &text };
        let locator = Locator::new(name, id, text.as_bytes());
        let place = (named, class, &locator);
        let read = &mut |out: &mut Out<'_>| (format.read)(&input, &parsed.doc, out);
        let (mut located, held, quiet) = self.collect(format, place, None, read);
        if encoded {
            // The lines are those of the text inside, which the file does not have.
            located.iter_mut().for_each(|f| f.location = locate::beginning(&f.location));
        }
        self.tell_tracked(format, (named, class), &text, &held, &mut located);
        locate::fill_hashes(bytes, located.iter_mut().map(|f| &mut f.location), &parsed.hashes);
        // Comments that accept a finding are those of files that people edit.
        let plain = named.inside.is_none() && !encoded;
        let accepted = if plain { detect::accepted(text.as_bytes()) } else { Vec::new() };
        if let Some(blob) = blob.filter(|_| plain && quiet && formats::retells(format)) {
            let (name, top) = (name.clone(), self.top_of(name));
            let told = || Told { name, slug, top, facts: located.clone(), accepted: accepted.clone() };
            self.documents.keep_told(blob, format.id, text.len(), told);
        } else if let Some(blob) = blob.filter(|_| format.syntax != Syntax::Text) {
            self.documents.keep(blob, format.id, text.len(), &parsed);
        }
        let accepted = (name.clone(), accepted);
        self.send(Message::Facts { format: format.id, facts: located, accepted });
    }

    /// Tells of a copy what was read in the blob before, if that is kept and says as much of this file; false where it has to be
    /// read.
    fn tell_again(&self, format: &'static Format, blob: Blob, named: &Named<'_>, class: &PathClass) -> bool {
        let Some(told) = self.documents.told(blob, format.id).filter(|_| named.inside.is_none()) else { return false };
        let name = named.name;
        if told.slug != self.slug(name) || told.top != self.top_of(name) {
            return false;
        }
        let Some(mut again) = formats::Retelling::new(format, told.slug.as_deref(), &told.name, name) else {
            return false;
        };
        let sample = self.is_sample(format, named, class);
        let file = locate::base(name, None);
        // What was one place stays one.
        let mut places: Lookup<usize, Location> = Lookup::default();
        let each = told.facts.iter().map(|kept| {
            let place = places.entry(kept.location.address());
            let location = place.or_insert_with(|| locate::in_copy(&kept.location, &file)).clone();
            let mut fact = kept.fact.clone();
            again.retell(&mut fact);
            LocatedFact { fact, location, format: format.id, sample }
        });
        let facts = each.collect();
        self.send(Message::Facts { format: format.id, facts, accepted: (name.clone(), told.accepted.clone()) });
        true
    }

    /// Whether what a format reads in a file is a sample's.
    fn is_sample(&self, format: &Format, named: &Named<'_>, class: &PathClass) -> bool {
        let among_tests = class.test && !(format.is_export() && source::names_environment(&named.told()));
        among_tests || class.docs || class.vendored || self.never_runs(named.name)
    }

    /// What it reads of one that is not.
    pub(super) fn stream_format(
        &self,
        format: &'static Format,
        (file, length): (&mut dyn Read, u64),
        named: &Named<'_>,
        class: &PathClass,
    ) {
        let name = named.name;
        let Some(stream) = format.stream else {
            let message = format!("is over {} MiB, more than a {} file is read of", WHOLE >> 20, format.name);
            return self.notice(gap("too-large", Some(named.told().display()), message));
        };
        let slug = self.slug(name);
        let input = Input { path: name, repository: slug.as_deref(), text: "" };
        let locator = Locator::new(name, None, b"");
        // What a reader holds back grows with what it reads, so few of the longest are read at a time.
        let _room = self.tally.room.enter(length);
        let counted = Counted { file, counts: self.counts };
        let mut reader = BufReader::with_capacity(1 << 16, counted);
        let mut send = |facts| self.send(Message::MoreFacts { format: format.id, facts });
        let read = &mut |out: &mut Out<'_>| stream(&input, &mut reader, out);
        let (mut located, held, _) = self.collect(format, (named, class, &locator), Some(&mut send), read);
        self.tell_tracked(format, (named, class), "", &held, &mut located);
        self.send(Message::Facts { format: format.id, facts: located, accepted: (name.clone(), Vec::new()) });
    }

    /// What a reader says of a file.
    pub(super) fn tell(&self, name: &RepoPath, n: ReadNotice) {
        let known = |n: u64| (n > 0).then_some(n);
        let (line, column) = (known(n.line), known(n.column));
        self.notice(Notice { kind: n.kind, line, column, ..gap(n.code, Some(name.display()), n.message) });
    }

    /// What a reader gives: the facts, what an export holds, and whether there was nothing else to tell. With `send` they go out
    /// in parts, and what is given back is the last one.
    fn collect(
        &self,
        format: &'static Format,
        (named, class, locator): (&Named<'_>, &PathClass, &Locator<'_>),
        mut send: Option<&mut dyn FnMut(Vec<LocatedFact>)>,
        read: &mut dyn FnMut(&mut Out<'_>),
    ) -> (Vec<LocatedFact>, Held, bool) {
        let (mut located, mut held, mut quiet) = (Vec::new(), Held::default(), true);
        let sample = self.is_sample(format, named, class);
        // The facts of one row have one place.
        let mut places: Lookup<At, Location> = Lookup::default();
        // Paths in pipelines begin at the top of their repository.
        let mut root: Option<String> = None;
        let mut keep = |mut fact: Fact| {
            joins::hide(&mut fact, &|| self.sight.key.get());
            if let Fact::Setting(_, told) = &mut fact
                && setting::joins(told.name)
            {
                let top = || String::from_utf8_lossy(&self.top_of(named.name)).into_owned();
                told.attributes.insert("root".to_owned(), root.get_or_insert_with(top).clone());
            }
            if format.is_export() {
                held.add(&fact);
            }
            let known = places.get(fact.at()).cloned();
            let location = known.unwrap_or_else(|| {
                let location = named.place(locator.fact(fact.at()));
                if places.len() >= PLACES_MAX {
                    places.clear();
                }
                places.insert(fact.at().clone(), location.clone());
                location
            });
            located.push(LocatedFact { fact, location, format: format.id, sample });
            if let Some(send) = send.as_mut().filter(|_| located.len() >= PART) {
                send(std::mem::take(&mut located));
            }
        };
        let mut tell = |n: ReadNotice| {
            quiet = false;
            self.tell(&named.told(), n);
        };
        read(&mut Out::new(&mut keep, &mut tell));
        (located, held, quiet)
    }

    /// Platforms run what lies at the top of a repository only; a copy further down, of a project that is kept in the
    /// repository, is text.
    fn never_runs(&self, name: &RepoPath) -> bool {
        const ONLY_AT_THE_TOP: [&[u8]; 4] =
            [b"/.travis.yml", b"/.circleci/config.yml", b"/bitbucket-pipelines.yml", b"/.gitlab-ci.yml"];
        let path = name.as_bytes();
        let named = || ONLY_AT_THE_TOP.iter().find_map(|end| path.strip_suffix(*end)).map(<[u8]>::len);
        let Some(at) = memchr::memmem::find(path, b"/.github/workflows/").or_else(named) else { return false };
        path[..at] != self.top && !self.tops.read().is_ok_and(|tops| tops.iter().any(|top| top.name == path[..at]))
    }

    /// What reports call the top of the innermost repository that holds a path.
    pub(super) fn top_of(&self, name: &RepoPath) -> Vec<u8> {
        let below =
            |top: &&Top| name.as_bytes().strip_prefix(top.name.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
        let inner =
            |tops: &Vec<Top>| tops.iter().filter(below).max_by_key(|top| top.name.len()).map(|t| t.name.clone());
        self.tops.read().ok().and_then(|tops| inner(&tops)).unwrap_or_else(|| self.top.clone())
    }

    /// `owner/name` of the innermost repository that holds a path.
    pub(super) fn slug(&self, name: &RepoPath) -> Option<String> {
        let below =
            |top: &Top| name.as_bytes().strip_prefix(top.name.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
        let tops = self.tops.read().ok()?;
        match tops.iter().filter(|t| below(t)).max_by_key(|t| t.name.len()) {
            Some(top) => top.slug.clone(),
            None => self.repository.clone(),
        }
    }
}
