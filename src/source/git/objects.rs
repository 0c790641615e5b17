//! All objects of a repository: its packs, its loose objects, and those of the stores that it borrows from.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::Kind;
use super::delta;
use super::lookup::Lookup;
use super::pack::{self, Damage, Entry, NONE, Pack, Scratch};
use super::regular;
use crate::model::{BlobId, Stretch};

/// Stores that borrow from each other in a chain; git follows five.
const MAX_ALTERNATES: usize = 5;

/// Most stores that one names, and longest file that names them.
const MAX_BORROWED: usize = 1024;
const MAX_ALTERNATES_FILE: u64 = 4 << 20;

/// Bytes of unfinished objects that one thread holds before it lets the oldest go, to be read again.
const HELD: usize = 64 << 20;

/// Families of deltas, or loose objects, that a thread takes at a time.
const TOGETHER: usize = 16;

/// Gives what comes next of a list that several threads take from.
type Next<'n, 'l, T> = dyn FnMut() -> Option<&'l [T]> + 'n;

/// Does `work` on as many threads as the pool has, this one among them; each takes from the list what comes next, because objects of one
/// kind lie together and families differ much in size. They are threads of their own: one of the pool that waits takes up other
/// work of the pool, and whoever asks for a history may hold what that work wants.
fn on_all_threads<'l, T: Sync, R: Send>(
    list: &'l [T],
    work: &(dyn Fn(&mut Next<'_, 'l, T>) -> Vec<R> + Sync),
) -> Vec<R> {
    let taken = AtomicUsize::new(0);
    let share = || {
        work(&mut || {
            let from = taken.fetch_add(TOGETHER, Ordering::Relaxed).min(list.len());
            list.get(from..list.len().min(from + TOGETHER)).filter(|some| !some.is_empty())
        })
    };
    let threads = rayon::current_num_threads().min(list.len().div_ceil(TOGETHER));
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, share).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

/// The objects of a repository.
pub struct Objects {
    /// Packs, those of the repository first.
    pub packs: Vec<Pack>,
    /// The same packs, when only single objects are wanted.
    lookups: Vec<Lookup>,
    /// Directories of loose objects.
    dirs: Vec<PathBuf>,
    /// The loose objects, once somebody asked for all of them.
    loose: OnceLock<Vec<Loose>>,
    hash_len: usize,
    /// Largest object read, in bytes.
    most: u64,
    /// What could not be opened: place and reason.
    pub problems: Vec<(PathBuf, String)>,
}

/// A loose object.
struct Loose {
    id: BlobId,
    path: PathBuf,
    kind: Result<Kind, Damage>,
}

/// An object handed to a visitor.
pub struct Item<'a, S> {
    /// Its id.
    pub id: &'a [u8],
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What the visitor made of the object that this one is a delta of, that object's length, and where each part of this
    /// one comes from.
    pub base: Option<(&'a S, usize, &'a [Stretch])>,
}

/// An object: its kind and its bytes.
pub type Object = (Kind, Arc<Vec<u8>>);

/// What could not be read.
#[derive(Debug)]
pub struct Unread {
    /// The object's id.
    pub id: BlobId,
    /// Why.
    pub why: Damage,
}

/// What is asked of a sweep.
pub struct Sweep<'a> {
    /// The kind of object that is wanted.
    pub kind: Kind,
    /// Set to stop early.
    pub stop: &'a AtomicBool,
    /// Says of objects that they need not be visited.
    pub skip: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

impl Objects {
    /// Opens the store below `objects`. Objects over `most` bytes will not be read.
    pub fn open(objects: &Path, hash_len: usize, most: u64) -> Self {
        Self::open_as(objects, hash_len, most, false)
    }

    /// The same for reading a few objects by their ids: nothing is prepared for a sweep, which would give loose ones only.
    pub fn open_for_lookups(objects: &Path, hash_len: usize, most: u64) -> Self {
        Self::open_as(objects, hash_len, most, true)
    }

    fn open_as(objects: &Path, hash_len: usize, most: u64, lookups: bool) -> Self {
        let mut store = Self {
            packs: Vec::new(),
            lookups: Vec::new(),
            dirs: Vec::new(),
            loose: OnceLock::new(),
            hash_len,
            most,
            problems: Vec::new(),
        };
        store.add_as(objects, lookups);
        store
    }

    /// Adds another directory of objects, with those that it borrows from.
    pub fn add(&mut self, objects: &Path) {
        self.add_as(objects, false);
    }

    fn add_as(&mut self, objects: &Path, lookups: bool) {
        let mut waiting = vec![(objects.to_owned(), 0)];
        while let Some((dir, depth)) = waiting.pop() {
            let Ok(real) = dir.canonicalize() else {
                self.problems.push((dir, "the store that it borrows objects from is not there".to_owned()));
                continue;
            };
            if self.dirs.contains(&real) {
                continue;
            }
            self.open_packs(&real.join("pack"), lookups);
            if depth < MAX_ALTERNATES {
                match alternates(&real) {
                    Ok(stores) => waiting.extend(stores.into_iter().map(|d| (d, depth + 1))),
                    Err(why) => {
                        let why = format!("the stores that it borrows objects from are not known: {why}");
                        self.problems.push((real.join("info/alternates"), why));
                    }
                }
            }
            self.dirs.push(real);
        }
    }

    fn open_packs(&mut self, dir: &Path, lookups: bool) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        let mut names: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        names.sort();
        for path in names.iter().filter(|p| p.extension().is_some_and(|e| e == "pack")) {
            let index = path.with_extension("idx");
            if lookups && let Some(lookup) = Lookup::open(&index, self.hash_len) {
                self.lookups.push(lookup);
                continue;
            }
            match Pack::open(&index, self.hash_len) {
                Ok(pack) => self.packs.push(pack),
                Err(why) => self.problems.push((path.clone(), why)),
            }
        }
    }

    /// Length of ids in bytes: 20 or 32.
    pub fn hash_len(&self) -> usize {
        self.hash_len
    }

    /// Whether some objects were promised by a remote and may not be here.
    pub fn is_partial(&self) -> bool {
        self.packs.iter().any(|p| p.promisor)
    }

    /// Whether an object is here.
    pub fn holds(&self, id: &[u8]) -> bool {
        self.packs.iter().any(|p| p.find(id).is_some())
            || self.lookups.iter().any(|l| l.find(id).is_some())
            || self.loose_path(id).is_some()
    }

    /// Whether an object is among those that a sweep meets, whatever state it is in.
    pub fn knows(&self, id: &[u8]) -> bool {
        self.packs.iter().any(|p| p.find(id).is_some())
            || self.loose().binary_search_by(|l| l.id.as_bytes().cmp(id)).is_ok()
    }

    /// Where an object lies: the pack's number and the offset in it; loose ones come last. For an order that reads well.
    pub fn place(&self, id: &[u8]) -> (usize, u64) {
        let find = |(number, pack): (usize, &Pack)| pack.find(id).map(|entry| (number, pack.offset(entry)));
        self.packs.iter().enumerate().find_map(find).unwrap_or((usize::MAX, 0))
    }

    fn loose_path(&self, id: &[u8]) -> Option<PathBuf> {
        let hex = BlobId::from_bytes(id)?.to_string();
        let (dir, name) = hex.split_at(2);
        self.dirs.iter().map(|d| d.join(dir).join(name)).find(|p| p.is_file())
    }

    /// One object by its id; `None` when it is not here.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(&self, scratch: &mut Scratch, id: &[u8]) -> Result<Option<Object>, Damage> {
        for pack in &self.packs {
            if let Some(entry) = pack.find(id) {
                let kind = pack.kind(entry).ok_or(Damage::Header)?;
                return pack.object(scratch, entry, self.most).map(|bytes| Some((kind, bytes)));
            }
        }
        for lookup in &self.lookups {
            if let Some(offset) = lookup.find(id) {
                let (kind, bytes) = lookup.object(&mut scratch.inflater, offset, self.most)?;
                return Ok(Some((kind, Arc::new(bytes))));
            }
        }
        match self.loose_path(id) {
            Some(path) => loose(&path, scratch, self.most).map(|(kind, bytes)| Some((kind, Arc::new(bytes)))),
            None => Ok(None),
        }
    }

    /// Ids that begin with these hexadecimal digits; two are enough to say that there is more than one.
    pub fn with_prefix(&self, prefix: &str) -> Vec<Vec<u8>> {
        let mut found: Vec<Vec<u8>> = self.packs.iter().flat_map(|p| p.with_prefix(prefix)).collect();
        let loose = self.loose_paths().into_iter().map(|(id, _)| id);
        found.extend(loose.filter(|id| id.to_string().starts_with(prefix)).map(|id| id.as_bytes().to_vec()));
        found.sort();
        found.dedup();
        found
    }

    /// Every loose object, sorted.
    fn loose_paths(&self) -> Vec<(BlobId, PathBuf)> {
        let mut all = Vec::new();
        for dir in &self.dirs {
            for first in 0..=255u8 {
                let below = dir.join(format!("{first:02x}"));
                let Ok(entries) = std::fs::read_dir(&below) else { continue };
                for entry in entries.flatten() {
                    let id = entry.file_name().to_str().and_then(|name| unhex(&format!("{first:02x}{name}")));
                    if let Some(id) = id.filter(|id| id.len() == self.hash_len).and_then(|id| BlobId::from_bytes(&id)) {
                        all.push((id, entry.path()));
                    }
                }
            }
        }
        all.sort_unstable_by_key(|(id, _)| *id);
        all.dedup_by_key(|(id, _)| *id);
        all
    }

    /// Every loose object that no pack holds, with its kind.
    fn loose(&self) -> &[Loose] {
        self.loose.get_or_init(|| {
            let all = self.loose_paths();
            let packed = |id: &BlobId| self.packs.iter().any(|p| p.find(id.as_bytes()).is_some());
            let mut found = on_all_threads(&all, &|next| {
                let (mut scratch, mut found) = (Scratch::default(), Vec::new());
                while let Some(some) = next() {
                    for (id, path) in some.iter().filter(|(id, _)| !packed(id)) {
                        let kind = loose(path, &mut scratch, self.most).map(|(kind, _)| kind);
                        found.push(Loose { id: *id, path: path.clone(), kind });
                    }
                }
                found
            });
            found.sort_unstable_by_key(|l| l.id);
            found
        })
    }

    /// Ids of all objects of a kind, in no order worth relying on.
    pub fn ids(&self, kind: Kind) -> impl Iterator<Item = &[u8]> {
        let packed = self
            .packs
            .iter()
            .flat_map(move |p| (0..p.count() as Entry).filter(move |e| p.kind(*e) == Some(kind)).map(|e| p.id(e)));
        packed.chain(self.loose().iter().filter(move |l| l.kind == Ok(kind)).map(|l| l.id.as_bytes()))
    }

    /// Hands every object of a kind to `visit`, each base before its deltas, on as many threads as the pool has; gives back what
    /// could not be read. An object that several packs hold may be visited more than once.
    pub fn sweep<S: Send>(&self, wanted: &Sweep<'_>, visit: &(dyn Fn(Item<'_, S>) -> S + Sync)) -> Vec<Unread> {
        let mut unread = Vec::new();
        for (number, pack) in self.packs.iter().enumerate() {
            let families = pack.families();
            let elsewhere = |id: &[u8]| self.packs[..number].iter().any(|p| p.find(id).is_some());
            let needed = needed(pack, wanted, &elsewhere);
            let skip = |entry: Entry| !needed.get(entry as usize).copied().unwrap_or(true);
            let is_wanted = |root: &Entry| pack.kind(*root) == Some(wanted.kind);
            let roots: Vec<Entry> = families.roots.iter().copied().filter(is_wanted).collect();
            unread.extend(on_all_threads(&roots, &|next| {
                let mut walk = Walk::default();
                while let Some(some) = next().filter(|_| !wanted.stop.load(Ordering::Relaxed)) {
                    for root in some {
                        walk.family(pack, &families, *root, self.most, &skip, wanted.stop, visit);
                    }
                }
                walk.unread
            }));
            // An entry whose root cannot be told belongs to no kind; it is told with the blobs.
            if wanted.kind == Kind::Blob {
                let lost = (0..pack.count() as Entry).filter(|e| pack.kind(*e).is_none());
                unread.extend(
                    lost.filter_map(|e| Some(Unread { id: BlobId::from_bytes(pack.id(e))?, why: Damage::Header })),
                );
            }
        }
        unread.extend(on_all_threads(self.loose(), &|next| {
            let (mut scratch, mut unread) = (Scratch::default(), Vec::new());
            while let Some(some) = next().filter(|_| !wanted.stop.load(Ordering::Relaxed)) {
                for Loose { id, path, kind } in some {
                    let lost = match kind {
                        Err(why) => (wanted.kind == Kind::Blob).then_some(*why),
                        Ok(kind) if *kind != wanted.kind || (wanted.skip)(id.as_bytes()) => None,
                        Ok(_) => match loose(path, &mut scratch, self.most) {
                            Ok((_, bytes)) => {
                                visit(Item { id: id.as_bytes(), bytes: &bytes, base: None });
                                None
                            }
                            Err(why) => Some(why),
                        },
                    };
                    unread.extend(lost.map(|why| Unread { id: *id, why }));
                }
            }
            unread
        }));
        unread.sort_by_key(|u| u.id);
        unread
    }
}

/// The entries that are to be visited, and those that they are made of.
fn needed(pack: &Pack, wanted: &Sweep<'_>, elsewhere: &dyn Fn(&[u8]) -> bool) -> Vec<bool> {
    let mut needed = vec![false; pack.count()];
    for entry in 0..pack.count() as Entry {
        if pack.kind(entry) != Some(wanted.kind) {
            continue;
        }
        let id = pack.id(entry);
        if (wanted.skip)(id) || elsewhere(id) {
            continue;
        }
        let mut at = Some(entry);
        while let Some(entry) = at.filter(|e| !needed[*e as usize]) {
            needed[entry as usize] = true;
            at = pack.base(entry);
        }
    }
    needed
}

/// One thread's walk through families of deltas.
#[derive(Default)]
struct Walk {
    scratch: Scratch,
    /// Buffers that are free.
    spare: Vec<Vec<u8>>,
    unread: Vec<Unread>,
    delta: Vec<u8>,
    runs: Vec<Stretch>,
}

/// An object on the way down.
struct Frame<S> {
    entry: Entry,
    /// Its bytes, unless they had to go.
    bytes: Option<Vec<u8>>,
    state: S,
    /// The next of its deltas.
    next: Entry,
}

impl Walk {
    fn lost(&mut self, pack: &Pack, entry: Entry, why: Damage) {
        self.unread.extend(BlobId::from_bytes(pack.id(entry)).map(|id| Unread { id, why }));
    }

    fn free(&mut self, bytes: Option<Vec<u8>>) {
        self.spare.extend(bytes.filter(|b| b.capacity() <= 4 << 20 && self.spare.len() < 64));
    }

    #[allow(clippy::too_many_arguments)]
    fn family<S: Send>(
        &mut self,
        pack: &Pack,
        families: &super::pack::Families,
        root: Entry,
        most: u64,
        skip: &dyn Fn(Entry) -> bool,
        stop: &AtomicBool,
        visit: &(dyn Fn(Item<'_, S>) -> S + Sync),
    ) {
        if skip(root) {
            return;
        }
        if pack.base(root).is_some() {
            // A delta of something that is not here.
            return self.lost(pack, root, Damage::Delta);
        }
        let mut bytes = self.spare.pop().unwrap_or_default();
        if let Err(why) = pack.inflate(&mut self.scratch, root, most, &mut bytes) {
            return self.lost_below(pack, families, root, why);
        }
        let state = visit(Item { id: pack.id(root), bytes: &bytes, base: None });
        let mut held = bytes.len();
        let mut stack = vec![Frame { entry: root, bytes: Some(bytes), state, next: families.first[root as usize] }];
        while let Some(frame) = stack.last_mut() {
            let child = frame.next;
            if child == NONE || stop.load(Ordering::Relaxed) {
                if let Some(frame) = stack.pop() {
                    held -= frame.bytes.as_ref().map_or(0, Vec::len);
                    self.free(frame.bytes);
                }
                continue;
            }
            frame.next = families.next[child as usize];
            if skip(child) {
                continue;
            }
            if frame.bytes.is_none() {
                match pack.object(&mut self.scratch, frame.entry, most).map(Arc::unwrap_or_clone) {
                    Ok(bytes) => {
                        held += bytes.len();
                        frame.bytes = Some(bytes);
                    }
                    Err(why) => {
                        self.lost_below(pack, families, child, why);
                        continue;
                    }
                }
            }
            let Some(base) = &frame.bytes else { continue };
            let mut out = self.spare.pop().unwrap_or_default();
            let made = match pack.inflate(&mut self.scratch, child, most, &mut self.delta) {
                Ok(()) => match delta::sizes(&self.delta) {
                    Some((_, size)) if size as u64 > most => Err(Damage::TooLarge(size as u64)),
                    _ => delta::apply(base, &self.delta, &mut out, &mut self.runs).ok_or(Damage::Delta),
                },
                Err(why) => Err(why),
            };
            if let Err(why) = made {
                self.lost_below(pack, families, child, why);
                self.free(Some(out));
                continue;
            }
            let item = Item { id: pack.id(child), bytes: &out, base: Some((&frame.state, base.len(), &self.runs)) };
            let state = visit(item);
            let first = families.first[child as usize];
            if frame.next == NONE {
                // Its last delta is made, so its bytes are needed no longer.
                held -= base.len();
                let done = frame.bytes.take();
                self.free(done);
            }
            if first == NONE {
                self.free(Some(out));
                continue;
            }
            held += out.len();
            stack.push(Frame { entry: child, bytes: Some(out), state, next: first });
            if held > HELD {
                let keep = stack.len() - 1;
                for frame in &mut stack[..keep] {
                    if let Some(bytes) = frame.bytes.take() {
                        held -= bytes.len();
                        self.free(Some(bytes));
                    }
                }
            }
        }
    }

    /// An entry that cannot be read, and with it every delta of it.
    fn lost_below(&mut self, pack: &Pack, families: &super::pack::Families, entry: Entry, why: Damage) {
        let mut waiting = vec![(entry, why)];
        while let Some((entry, why)) = waiting.pop() {
            self.lost(pack, entry, why);
            let mut child = families.first[entry as usize];
            while child != NONE {
                waiting.push((child, Damage::Delta));
                child = families.next[child as usize];
            }
        }
    }
}

/// A loose object: deflated, `<kind> <size>\0` before its bytes
/// (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_object_storage>).
fn loose(path: &Path, scratch: &mut Scratch, most: u64) -> Result<(Kind, Vec<u8>), Damage> {
    let (file, length) = regular::open(path).map_err(|_| Damage::Read)?;
    if length > pack::deflated_bound(usize::try_from(most).unwrap_or(usize::MAX)) as u64 {
        return Err(Damage::TooLarge(length));
    }
    let mut deflated = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut deflated).map_err(|_| Damage::Read)?;
    let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1 << 10);
    let mut bytes = vec![0; (deflated.len() * 4).max(1 << 10).min(room)];
    let length = loop {
        match scratch.inflater.zlib_decompress(&deflated, &mut bytes) {
            Ok(length) => break length,
            Err(libdeflater::DecompressionError::BadData) => return Err(Damage::Deflated),
            Err(libdeflater::DecompressionError::InsufficientSpace) if bytes.len() as u64 > most.saturating_add(64) => {
                return Err(Damage::TooLarge(bytes.len() as u64));
            }
            Err(libdeflater::DecompressionError::InsufficientSpace) => bytes.resize(bytes.len() * 2, 0),
        }
    };
    bytes.truncate(length);
    let end = memchr::memchr(0, bytes.get(..bytes.len().min(40)).unwrap_or_default()).ok_or(Damage::Header)?;
    let mut head = bytes.get(..end).unwrap_or_default().splitn(2, |b| *b == b' ');
    let kind = head.next().and_then(Kind::of_word).ok_or(Damage::Header)?;
    let size = head.next().and_then(|n| std::str::from_utf8(n).ok()).and_then(|n| n.parse::<usize>().ok());
    bytes.drain(..=end);
    if size != Some(bytes.len()) {
        return Err(Damage::Deflated);
    }
    Ok((kind, bytes))
}

/// The stores that `info/alternates` names, one a line, relative to the store
/// (<https://git-scm.com/docs/gitrepository-layout>).
///
/// # Errors
/// When there are such names and they cannot be read, or are too many.
fn alternates(objects: &Path) -> Result<Vec<PathBuf>, String> {
    let text = match regular::read(&objects.join("info/alternates"), MAX_ALTERNATES_FILE) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e.to_string()),
    };
    let lines = text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let stores: Vec<PathBuf> = lines
        .filter(|l| !l.is_empty() && !l.starts_with(b"#"))
        .map(|line| objects.join(regular::path_of(line)))
        .collect();
    let count = stores.len();
    if count > MAX_BORROWED { Err(format!("it names {count} stores")) } else { Ok(stores) }
}

/// Bytes of a hexadecimal text.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}
