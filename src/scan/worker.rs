//! What happens to one blob: decode, detect, validate, read formats, reduce to sightings and facts.

mod archive;
mod claimed;
mod documents;
mod kept;
mod large;

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{Cursor, Read as _, Seek as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crossbeam_channel::Sender;

use super::client::{self, Extent};
use super::embedded::{Asker, Deep};
use super::locate::{self, Locator};
use super::roots::RunKey;
use super::seen::{Blob, Seen};
use super::sight::{self, Anchors, Sight};
use super::text_kind::{Own, PathGlobs, claim, is_lfs_pointer, own, readable};
use super::told;
use super::{Message, Progress, Tally, gap, limit};
use crate::config::{Commits, Settings};
use crate::decode;
use crate::detect::{self, Detected, Engine, Keyword, Scratch};
use crate::formats::{self, ReadNotice};
use crate::model::{BlobId, Candidate, LocatedFact, Notice, PathClass, RepoPath, Root, Sighting, SkipReason, Span};
use crate::rules::Rule;
use crate::source::archive::{Source, kind};
use crate::source::{self, Entry, Repository};
use claimed::Named;
use documents::Documents;

/// Files over this are read in pieces.
const WHOLE: u64 = formats::WHOLE_MAX;

/// How many times longer than other files an export may be, which is streamed: 4 GiB where nothing else is said.
const EXPORTS: u64 = 64;

/// Buffers over this are given back after use, so that one large file does not hold memory for the whole run.
const KEEP: usize = 2 << 20;

/// Buffers of one thread.
#[derive(Default)]
struct Buffers {
    bytes: Vec<u8>,
    scratch: Scratch,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// A blob, and how it is read.
#[derive(Clone, Copy)]
pub struct Read<'b> {
    /// Its bytes.
    pub bytes: &'b [u8],
    /// Its SHA-1 id, if it is known.
    pub id: Option<BlobId>,
    /// Whether what is encoded in it is decoded.
    pub decode: bool,
    /// The keywords that a sieve found worth a look, where one went over it: the text is then the bytes as they are.
    pub keywords: Option<&'b [Keyword]>,
}

impl<'b> Read<'b> {
    /// A blob of which nothing is known, to be read in full.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, id: None, decode: true, keywords: None }
    }
}

/// So many messages go to the collector together.
const TOGETHER: usize = 32;

/// Scans blobs; shared by all threads of one root.
pub struct Worker<'a> {
    settings: &'a Settings,
    engine: &'a Engine,
    sight: Sight<'a>,
    repository: Option<String>,
    /// What reports call the top that holds the start.
    top: Vec<u8>,
    /// The repository that holds the start.
    start: Option<Arc<Repository>>,
    counts: &'a Progress,
    /// The counts of what was read.
    pub tally: &'a Tally,
    sender: Sender<Vec<Message>>,
    /// What is to be told next: the collector is woken for several messages at a time.
    outbox: Mutex<Vec<Message>>,
    seen: Arc<Seen>,
    documents: Documents,
    path_rules: Vec<(usize, PathGlobs)>,
    /// Names of the repositories met below the start: where pipelines of their own may lie.
    tops: std::sync::RwLock<Vec<Top>>,
    /// Long exports that were met, to be read one after the other.
    later: std::sync::Mutex<Vec<kept::Later>>,
}

/// What is left to tell is told at the end.
impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let rest = std::mem::take(self.outbox.get_mut().unwrap_or_else(PoisonError::into_inner));
        let _ = self.sender.send(rest);
    }
}

/// A repository met below the start.
struct Top {
    name: Vec<u8>,
    slug: Option<String>,
    repository: Arc<Repository>,
}

impl<'a> Worker<'a> {
    /// A worker for one root.
    pub fn new(
        settings: &'a Settings,
        engine: &'a Engine,
        (key, same): (&'a RunKey<'a>, &'a foldhash::quality::RandomState),
        (repository, top, start): (Option<String>, Vec<u8>, Option<Arc<Repository>>),
        (counts, tally): (&'a Progress, &'a Tally),
        (sender, seen): (Sender<Vec<Message>>, Arc<Seen>),
    ) -> Self {
        let path_rules =
            engine.rules().iter().enumerate().filter(|(i, r)| !r.paths.is_empty() && engine.is_enabled(*i));
        let path_rules = path_rules.map(|(i, r)| (i, PathGlobs::of(r))).collect();
        Self {
            settings,
            engine,
            sight: Sight { settings, engine, key, same },
            repository,
            top,
            start,
            counts,
            tally,
            sender,
            outbox: Mutex::default(),
            seen,
            documents: Documents::default(),
            path_rules,
            tops: std::sync::RwLock::default(),
            later: std::sync::Mutex::default(),
        }
    }

    /// What the run was asked for.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// The rules.
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// The counts of the run.
    pub fn counts(&self) -> &'a Progress {
        self.counts
    }

    /// Whether the user left a path out.
    pub fn excludes(&self, name: &RepoPath) -> bool {
        !self.settings.excludes.is_empty() && self.settings.excludes.is_match(name.display())
    }

    /// Whether a blob that begins like this is an archive that is to be opened.
    pub fn is_archive(&self, head: &[u8]) -> bool {
        self.settings.archives && kind(head).is_some()
    }

    /// Hands something to the collector.
    pub fn send(&self, message: Message) {
        // Parts of a long export are many facts each, and not for keeping.
        let at_once = matches!(message, Message::MoreFacts { .. });
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.push(message);
        if outbox.len() < TOGETHER && !at_once {
            return;
        }
        let messages = std::mem::take(&mut *outbox);
        drop(outbox);
        // The collector outlives every worker, so a failed send means that the process is ending.
        let _ = self.sender.send(messages);
    }

    /// Something to tell.
    pub fn notice(&self, notice: Notice) {
        self.send(Message::Notice(notice));
    }

    /// One entry of the walk.
    pub fn entry(&self, entry: Entry) {
        if self.counts.stop.load(Ordering::Relaxed) {
            return;
        }
        match entry {
            Entry::File { path, name } => self.file(&path, &name),
            Entry::Skipped { reason, .. } => self.tally.skip(reason),
            Entry::Unreadable { name, error } => self.unreadable(&name, &error),
            Entry::Pointless { name } if self.settings.commits != Commits::None => {
                let message = "looks like a repository's, but names no git directory or cannot be read, so no history was \
                               scanned";
                self.notice(gap("history-unreadable", Some(name.display()), message.to_owned()));
            }
            Entry::Pointless { .. } => {}
            Entry::Repository { repository, name } => {
                let head = repository.head();
                let (path, slug) = (name.display(), repository.slug());
                if let Ok(mut tops) = self.tops.write() {
                    tops.push(Top { name: name.as_bytes().to_vec(), slug: slug.clone(), repository });
                }
                let kind = "repository".to_owned();
                self.send(Message::Repository(Root { path, kind, head, remote: slug, ..Root::default() }));
            }
        }
    }

    /// After the walk: repositories whose index could not be read.
    pub fn finish(&self, start: Option<&Repository>) {
        let tops =
            self.tops.read().map(|t| t.iter().map(|t| (t.name.clone(), Arc::clone(&t.repository))).collect::<Vec<_>>());
        let nested = tops.unwrap_or_default();
        let all = nested.iter().map(|(n, r)| (n.as_slice(), r.as_ref())).chain(start.map(|r| (&b""[..], r)));
        for (name, repository) in all {
            if let Some(error) = repository.index_error() {
                let message =
                    format!("its index could not be read ({error}), so ignored files that it tracks were not scanned");
                self.notice(gap(
                    "unreadable-index",
                    Some(RepoPath::new([name, b"/.git/index"].concat()).display()),
                    message,
                ));
            }
        }
    }

    /// The repositories met below the start, with what reports call them.
    pub fn met(&self) -> Vec<(Arc<Repository>, Vec<u8>)> {
        let mut met: Vec<_> = self
            .tops
            .read()
            .map(|tops| tops.iter().map(|t| (Arc::clone(&t.repository), t.name.clone())).collect())
            .unwrap_or_default();
        met.sort_by(|a: &(Arc<Repository>, Vec<u8>), b| a.1.cmp(&b.1));
        met
    }

    fn unreadable(&self, name: &RepoPath, error: &std::io::Error) {
        self.tally.skip(SkipReason::Unreadable);
        let message = format!("could not be read: {error}");
        self.notice(gap("unreadable", Some(name.display()), message));
    }

    /// A file that was named, which an exclude may cover all the same.
    pub fn named_file(&self, path: &Path, name: &RepoPath) {
        if self.excludes(name) {
            return self.tally.skip(SkipReason::Excluded);
        }
        self.file(path, name);
    }

    /// One file.
    pub fn file(&self, path: &Path, name: &RepoPath) {
        self.guarded(name, || {
            BUFFERS.with_borrow_mut(|Buffers { bytes, scratch }| {
                let (mut file, mut filled, length) = source::open(path, bytes)?;
                let known = length.unwrap_or(filled as u64);
                let most = self.settings.max_file_size;
                if known > most {
                    let export = self.is_long_export(bytes.get(..filled).unwrap_or_default(), name);
                    let most = if export { most.saturating_mul(EXPORTS) } else { most };
                    if known > most {
                        self.too_large(name, known, export);
                        return Ok(());
                    }
                }
                if known > WHOLE {
                    file.rewind()?;
                    if self.is_archive(bytes.get(..filled).unwrap_or_default()) {
                        return self.large_archive(path, &mut file, known, name);
                    }
                    return self.large(&mut file, known, name, Some(path));
                }
                if length.is_some() {
                    filled = source::read(&mut file, known, WHOLE + 1, bytes, filled)?;
                }
                self.whole(bytes.get(..filled).unwrap_or_default(), scratch, name, Some(path));
                if bytes.len() > KEEP {
                    *bytes = Vec::new();
                }
                Ok(())
            })
        });
    }

    /// What goes wrong with one input is told, and stops no other.
    fn guarded(&self, name: &RepoPath, read: impl FnOnce() -> std::io::Result<()>) {
        match catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.unreadable(name, &error),
            Err(_) => {
                let message = "an internal error stopped the reading of this file; please report it".to_owned();
                self.notice(gap("internal-error", Some(name.display()), message));
            }
        }
    }

    /// Whether a file that begins like this is an export whose reader takes any length.
    fn is_long_export(&self, head: &[u8], name: &RepoPath) -> bool {
        let Some(text) = decode::text(head) else { return false };
        let format = claim(name, &self.classify(name), &text.bytes);
        format.is_some_and(|format| format.is_export() && format.stream.is_some())
    }

    fn too_large(&self, name: &RepoPath, length: u64, export: bool) {
        self.tally.skip(SkipReason::TooLarge);
        let (length, most) = (length >> 20, self.settings.max_file_size >> 20);
        let message = match export {
            true => format!(
                "{length} MiB is over the limit of {} MiB for exports, {EXPORTS} times --max-file-size",
                most.saturating_mul(EXPORTS)
            ),
            false => format!("{length} MiB is over the limit of {most} MiB (--max-file-size)"),
        };
        self.notice(limit("too-large", Some(name.display()), message));
    }

    /// Standard input.
    pub fn stdin(&self) {
        let mut bytes = Vec::new();
        if let Some((name, text)) = &self.settings.given {
            let name = RepoPath::from(name.as_str());
            return self.guarded(&name, || {
                BUFFERS.with_borrow_mut(|buffers| self.whole(text, &mut buffers.scratch, &name, None));
                Ok(())
            });
        }
        let name = RepoPath::from("<stdin>");
        let most = self.settings.max_file_size;
        match std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > most => {
                let message = format!(
                    "standard input is longer than {} MiB (--max-file-size); the rest was not read",
                    most >> 20
                );
                bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                self.notice(gap("too-large", Some(name.display()), message));
            }
            Ok(_) => {}
            Err(error) => return self.unreadable(&name, &error),
        }
        self.guarded(&name, || {
            BUFFERS.with_borrow_mut(|buffers| self.whole(&bytes, &mut buffers.scratch, &name, None));
            Ok(())
        });
    }

    /// A blob that is held whole, and where it can be read again.
    fn whole(&self, bytes: &[u8], scratch: &mut Scratch, name: &RepoPath, path: Option<&Path>) {
        self.progress(bytes.len() as u64);
        let mut class = self.classify(name);
        class.companion = path.zip(client::companion(name)).is_some_and(|(path, other)| source::is_beside(path, other));
        let (blob, first) = self.seen.meet(bytes, class, path);
        if self.is_archive(bytes) {
            self.tally.read(bytes.len() as u64, first);
            if !first {
                return self.send(Message::Copy { path: name.clone(), blob });
            }
            let found = archive::sightings(self, scratch, &mut Cursor::new(bytes), bytes.len() as u64, name);
            return self.sighted(blob, found.unwrap_or_default(), Vec::new());
        }
        let Some((text, binary)) = readable(bytes) else {
            return self.tally.skip(SkipReason::Binary);
        };
        if is_lfs_pointer(bytes) {
            self.tally.pointer_files.fetch_add(1, Ordering::Relaxed);
        }
        self.tally.read(bytes.len() as u64, first);
        if !first {
            self.send(Message::Copy { path: name.clone(), blob });
        }
        self.read_formats(bytes, &text.bytes, &Named { name, inside: None }, &class, Some(blob));
        if !first {
            return;
        }
        let own = own(&text.bytes);
        if matches!(own, Own::Report) {
            self.own_report(name);
        }
        let (sightings, references, unread) =
            self.sightings(scratch, Read::new(bytes), &text.bytes, (binary, &own), &class, name);
        unread.into_iter().for_each(|n| self.tell(name, n));
        if references.iter().any(told::is_weak) {
            let lines = detect::accepted(&text.bytes);
            self.send(Message::Accepted { path: name.clone(), lines });
        }
        self.sighted(blob, sightings, references);
    }

    /// An archive that is not held whole.
    fn large_archive(&self, path: &Path, file: &mut dyn Source, length: u64, name: &RepoPath) -> std::io::Result<()> {
        self.progress(length);
        let id =
            source::blob_id_of(path, length).ok_or_else(|| std::io::Error::other("it changed while it was read"))?;
        let (blob, first) = self.seen.meet_large(id, self.classify(name));
        self.tally.read(length, first);
        if !first {
            self.send(Message::Copy { path: name.clone(), blob });
            return Ok(());
        }
        let found = archive::sightings(self, &mut Scratch::default(), file, length, name)?;
        self.sighted(blob, found, Vec::new());
        Ok(())
    }

    /// What detectors and readers of credential files see in a blob that is held whole, and what a reader could not read;
    /// `binary` and `own` say that it is no text, and what of keyroll's it is.
    fn sightings(
        &self,
        scratch: &mut Scratch,
        read: Read<'_>,
        text: &[u8],
        (binary, own): (bool, &Own),
        class: &PathClass,
        name: &RepoPath,
    ) -> (Vec<Sighting>, Vec<LocatedFact>, Vec<ReadNotice>) {
        let bytes = read.bytes;
        let (mut found, mut deep) = self.detect(scratch, text, class, name, &read);
        let unread = client::add(self.engine, (name, class), text, Extent::Whole, &mut found);
        self.report_cut(found.cut, name);
        self.sight.keep_telling(own, text, &mut found);
        if binary || !matches!(own, Own::No) {
            deep.clear();
        }
        if found.candidates.is_empty()
            && deep.is_empty()
            && found.weak.is_empty()
            && (found.references.is_empty() || !sight::counts_references(class))
        {
            return (Vec::new(), Vec::new(), unread);
        }
        let id = read.id.unwrap_or_else(|| source::blob_id(bytes));
        let locator = Locator::with_lines(name, Some(id), text, found.lines.take());
        let mut facts = sight::references(&found.references, &locator, class);
        facts.extend(told::weak(&found.weak, &locator, class));
        let mut anchors = Anchors::default();
        let mut sightings: Vec<Sighting> = Vec::new();
        let shared = self.shared(name);
        for candidate in found.candidates {
            let value = candidate.span;
            let sighting = self.anchored(candidate, &mut anchors, (text, value), &locator, class, name);
            if let Some(sighting) = sighting.as_ref().filter(|_| !binary) {
                facts.extend(told::place(text, value, sighting, (class, name), shared));
            }
            sightings.extend(sighting);
        }
        for Deep { candidate, text, place, .. } in deep {
            sightings.extend(self.anchored(candidate, &mut anchors, (&text, place), &locator, class, name));
        }
        // Hashes of the line or the file would tell a value that is too weak for a fingerprint.
        // What is public or encrypted is never a result that needs one.
        let wants = |s: &&mut Sighting| s.fingerprint.is_some() && !s.proof.public && !s.proof.encrypted;
        let strong = sightings.iter_mut().filter(wants);
        locate::fill_hashes(bytes, strong.map(|s| &mut s.location), &OnceLock::new());
        sightings.iter_mut().filter(|s| s.fingerprint.is_none()).for_each(|s| s.location.blob = None);
        if binary {
            // The encoded text has places that the file does not have.
            sightings.iter_mut().for_each(|s| s.location = locate::beginning(&s.location));
        }
        (sightings, facts, unread)
    }

    /// What detectors see in a blob of the history under a name; nothing in binary ones but archives.
    pub fn past(&self, read: Read<'_>, class: &PathClass, name: &RepoPath) -> Vec<Sighting> {
        let bytes = read.bytes;
        let look = || {
            BUFFERS.with_borrow_mut(|Buffers { scratch, .. }| {
                if self.is_archive(bytes) {
                    let found = archive::sightings(self, scratch, &mut Cursor::new(bytes), bytes.len() as u64, name);
                    return found.unwrap_or_default();
                }
                let Some((text, binary)) = readable(bytes) else { return Vec::new() };
                let own = own(&text.bytes);
                self.sightings(scratch, read, &text.bytes, (binary, &own), class, name).0
            })
        };
        catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
            let message =
                "an internal error stopped the reading of a version of this file; please report it".to_owned();
            self.notice(gap("internal-error", Some(name.display()), message));
            Vec::new()
        })
    }

    /// The sighting of a candidate, and where its value stands first in the file.
    fn anchored(
        &self,
        candidate: Candidate,
        anchors: &mut Anchors,
        at: (&[u8], Span),
        locator: &Locator<'_>,
        class: &PathClass,
        name: &RepoPath,
    ) -> Option<Sighting> {
        let (secret, key) = (candidate.secret.clone(), candidate.key_name.clone());
        let mut sighting = self.sight.of(candidate, at, locator, class, name)?;
        sighting.anchor = anchors.first(&sighting, secret, key);
        Some(sighting)
    }

    fn own_report(&self, name: &RepoPath) {
        let message = "is a report of keyroll: only values with a form of their own are looked for in it".to_owned();
        self.notice(limit("own-report", Some(name.display()), message));
    }

    fn sighted(&self, blob: Blob, sightings: Vec<Sighting>, references: Vec<LocatedFact>) {
        if !sightings.is_empty() || !references.is_empty() {
            self.send(Message::Sightings { blob, sightings, references });
        }
    }

    fn progress(&self, bytes: u64) {
        self.counts.files.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What detectors may know of a path.
    pub fn classify(&self, name: &RepoPath) -> PathClass {
        let mut class = source::classify(name);
        class.key = client::key(name) ^ told::key(self.shared(name));
        if !self.path_rules.is_empty() || !self.settings.allow.is_empty() {
            let text = name.as_str().map_or_else(|| Cow::Owned(name.display()), Cow::Borrowed);
            let bits = self.path_rules.iter().enumerate().filter(|(_, (_, globs))| globs.has(text.as_ref()));
            class.key = bits.fold(class.key, |k, (i, _)| k ^ (0x9e37_79b9_7f4a_7c15u64.wrapping_mul(i as u64 + 1)));
            class.key ^= self.settings.allow.path_key(name);
        }
        class
    }

    /// How everybody comes to work with what a file holds, if they do.
    fn shared(&self, name: &RepoPath) -> Option<&'static str> {
        told::shared(name, &|path| self.is_tracked(path), &|| self.top_of(name))
    }

    /// What the engine finds in a text, and in the texts that are encoded in it.
    fn detect(
        &self,
        scratch: &mut Scratch,
        text: &[u8],
        class: &PathClass,
        name: &RepoPath,
        read: &Read<'_>,
    ) -> (Detected, Vec<Deep>) {
        let applies = |rule: &Rule| {
            let globs = self.path_rules.iter().find(|(i, _)| self.engine.rules()[*i].id == rule.id);
            globs.is_some_and(|(_, globs)| globs.has(&name.display()))
        };
        let mut found = match read.keywords {
            Some(keywords) => self.engine.scan_at(scratch, text, keywords, class, &applies),
            None => self.engine.scan(scratch, text, class, &applies, false),
        };
        if !read.decode {
            return (found, Vec::new());
        }
        let asker = Asker { engine: self.engine, class, applies: &applies };
        let (deep, cut) = asker.deep(scratch, text, &mut found);
        if cut {
            let message =
                "holds more encoded text than is decoded of one file; the rest was not looked into".to_owned();
            self.notice(gap("too-much-encoded", Some(name.display()), message));
        }
        (found, deep)
    }

    fn report_cut(&self, cut: bool, name: &RepoPath) {
        if cut {
            let message =
                "holds more possible credentials than are kept for one file; the rest was left out".to_owned();
            self.notice(gap("too-many-matches", Some(name.display()), message));
        }
    }
}
