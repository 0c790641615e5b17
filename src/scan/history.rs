//! The history of a repository: every blob sieved once, the hot ones placed by the trees that hold them and scanned whole,
//! and the versions of a file that hold a value made one location of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::changes::Brought;
use super::embedded::Encoded;
use super::past::{COMMIT_MESSAGE, Kept, MAX_COPIES, Past, Site, UNREACHABLE, Version, shown};
use super::worker::{Read, Worker};
use super::{Message, exports, gap, limit, locate};
use crate::config::{Commits, Tree};
use crate::decode;
use crate::detect::{Hits, Keyword, Scratch, Sieve};
use crate::model::{BlobId, PathClass, RepoPath, Sighting};
use crate::source::BlobCache;
use crate::source::git::Kind;
use crate::source::git::history::{self, History, Rank};
use crate::source::git::index::Index;
use crate::source::git::objects::{Item, Objects, Sweep, Unread};
use crate::source::git::pack;
use crate::source::git::places::{self, Lay};

/// Scans what the index holds and HEAD does not; of these paths only, when there are any.
pub fn staged(worker: &Worker<'_>, site: &Site<'_>, only: &[Vec<u8>]) {
    let (repository, most) = (site.repository, worker.settings().max_file_size);
    let objects = Objects::open_for_lookups(&repository.common_dir.join("objects"), repository.hash_len, most);
    Past { site, worker, refs: repository.refs(), objects }.staged(only);
}

/// Scans the commits that were asked for.
pub fn scan(worker: &Worker<'_>, site: &Site<'_>, commits: &Commits) {
    let settings = worker.settings();
    let repository = site.repository;
    let store = repository.common_dir.join("objects");
    if !store.is_dir() {
        if let Some(why) = &repository.problem {
            worker.notice(gap("history-unreadable", Some(shown(site)), format!("{why}; its history was not scanned")));
        }
        let message = "its objects are not where git keeps them, so its history was not scanned";
        return worker.notice(gap("history-unreadable", Some(shown(site)), message.to_owned()));
    }
    let mut objects = Objects::open(&store, repository.hash_len, settings.max_file_size);
    settings.object_dirs.iter().for_each(|dir| objects.add(dir));
    let past = Past { site, worker, refs: repository.refs(), objects };
    match commits {
        Commits::None => {}
        Commits::All => past.run(None),
        Commits::Some { include, exclude, known } if exclude.is_empty() && known.is_empty() => past.run(Some(include)),
        Commits::Some { include, exclude, known } => past.range(include, exclude, known),
    }
}

impl Past<'_, '_, '_> {
    /// What of the repository could not be opened.
    fn tell_problems(&self) {
        if let Some(why) = &self.site.repository.problem {
            let message = format!("{why}; what lies there was not scanned");
            self.worker.notice(gap("history-unreadable", Some(shown(self.site)), message));
        }
        for (path, why) in &self.objects.problems {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let message = format!("{name}: {why}; what it holds was not scanned (`git fsck` tells more)");
            self.worker.notice(gap("history-unreadable", Some(shown(self.site)), message));
        }
        for problem in &self.refs.problems {
            self.worker.notice(gap("unreadable-ref", Some(shown(self.site)), problem.clone()));
        }
    }

    /// The whole history, or what some names reach.
    fn run(&self, include: Option<&[String]>) {
        self.tell_problems();
        let sieve = Sieve::new(self.worker.engine(), self.settings().confidence);
        let stop = &self.worker.counts().stop;
        // Messages are short: those that may hold something are kept.
        let messages: Mutex<Vec<(BlobId, Vec<u8>)>> = Mutex::default();
        let keep = |id: &[u8], text: &[u8]| {
            if with_scratch(|scratch| sieve.whole(scratch, text).is_hot())
                && let (Some(id), Ok(mut messages)) = (BlobId::from_bytes(id), messages.lock())
            {
                messages.push((id, text.to_vec()));
            }
        };
        let (history, mut unread) = History::read(&self.objects, stop, &keep);
        self.site.repository.learn_root(&history);
        let tags: Mutex<Vec<(BlobId, Vec<u8>)>> = Mutex::default();
        let wanted = Sweep { kind: Kind::Tag, stop, skip: &|_| false };
        unread.extend(self.objects.sweep(&wanted, &|item: Item<'_, ()>| {
            let hot = with_scratch(|scratch| sieve.whole(scratch, history::text_of(item.bytes)).is_hot());
            if hot && let (Some(id), Ok(mut tags)) = (BlobId::from_bytes(item.id), tags.lock()) {
                tags.push((id, item.bytes.to_vec()));
            }
        }));
        let head = self.refs.head.as_ref().and_then(|id| history.rank(id));
        let reached = include.map(|names| history.reached(self.resolve(&history, names)));
        let within = |rank: Rank| reached.as_ref().is_none_or(|r| r.get(rank as usize).copied().unwrap_or(false));
        let (mut hot, keywords, more) = self.sieve_blobs(&sieve);
        unread.extend(more);
        // A sieve knows no names, and credential files are known by theirs.
        let by_name = |name: &[u8]| super::client::may_be(name);
        let loose_ends = reached.is_none();
        let found = places::find(&self.objects, &history, (&hot, &by_name), (head, &within), loose_ends, stop);
        unread.extend(found.unread);
        let missing = found.missing;
        if self.objects.is_partial() {
            self.tell_partial(missing.count);
        } else if !stop.load(Ordering::Relaxed) {
            let first = missing.first.map(|(id, path)| format!("{id} at {}", self.name(path.as_bytes()).display()));
            self.tell_missing(missing.count, &first.unwrap_or_default());
        }
        let mut lays = found.lays;
        let for_names = lays.split_off(hot.len().min(lays.len()));
        let mut lays = self.with_index(&hot, lays, loose_ends);
        // Of those that were wanted for their names only the ways count that have such a name.
        for (id, mut ways) in found.named.into_iter().zip(for_names) {
            ways.retain(|lay| self.wanted(lay.path.as_bytes()).is_some_and(|name| super::client::key(&name) != 0));
            if !ways.is_empty() {
                hot.push(id);
                lays.push(ways);
            }
        }
        let (mut versions, kept, left_out) = self.scan_hot(&hot, &lays, &keywords);
        self.tell_left_out(found.left_out + left_out);
        for (id, text) in messages.into_inner().unwrap_or_default() {
            let rank = history.rank(&id).filter(|rank| within(*rank));
            if rank.is_some() || reached.is_none() {
                versions.extend(self.message(COMMIT_MESSAGE, &text, rank));
            }
        }
        for (id, bytes) in tags.into_inner().unwrap_or_default() {
            versions.extend(self.tag(id, &bytes));
        }
        self.tell_tips(&history);
        self.tell(&history, &unread, reached.is_some());
        self.worker.tally.walked(
            self.refs.refs.len() as u64,
            match &reached {
                Some(reached) => reached.iter().filter(|r| **r).count() as u64,
                None => history.commits.len() as u64,
            },
        );
        let sightings = self.locations(&history, versions);
        self.worker.send(Message::Past(sightings));
        self.worker.send(Message::PastExports(self.exports(&history, kept)));
    }

    /// What the commits brought in that some names reach and others do not.
    fn range(&self, include: &[String], exclude: &[String], maybe: &[String]) {
        self.tell_problems();
        let stop = &self.worker.counts().stop;
        let (history, unread) = History::read(&self.objects, stop, &|_, _| {});
        self.site.repository.learn_root(&history);
        let (mut reached, mut known) = (Vec::new(), true);
        for names in [include, exclude] {
            let ranks = self.resolve(&history, names);
            known &= ranks.len() == names.len();
            reached.push(ranks);
        }
        let stops = maybe.iter().flat_map(|name| self.known(&history, name));
        let more: Vec<Rank> = stops.collect();
        reached[1].extend(more);
        let reached: Vec<Vec<bool>> = reached.into_iter().map(|ranks| history.reached(ranks)).collect();
        // Without one of its ends a range is not the one that was asked for, and guessing would hide what it holds.
        let is_mine = |rank: &Rank| known && reached[0][*rank as usize] && !reached[1][*rank as usize];
        let mine: Vec<Rank> = (0..history.commits.len() as Rank).filter(is_mine).collect();
        let head = self.refs.head.as_ref().and_then(|id| history.rank(id));
        let Brought { mut versions, kept, unseen } = super::changes::of_commits(self, &history, &mine, head);
        unseen.tell(self);
        versions.extend(self.tags(&history, include, exclude.iter().chain(maybe)));
        let cut = mine.iter().filter_map(|r| history.commit(*r)).any(|c| c.cut);
        if cut {
            let message = "the range reaches back to where this clone was cut, so whole files were scanned in the place of \
                           changes; `git fetch --unshallow` brings what is missing (in CI: fetch depth 0)";
            self.worker.notice(gap("shallow-clone", Some(shown(self.site)), message.to_owned()));
        }
        self.tell_unread(&unread);
        self.worker.tally.walked(self.refs.refs.len() as u64, mine.len() as u64);
        let sightings = self.locations(&history, versions);
        self.worker.send(Message::Past(sightings));
        self.worker.send(Message::PastExports(self.exports(&history, kept)));
    }

    /// What the next commit would bring in.
    fn staged(&self, only: &[Vec<u8>]) {
        self.tell_problems();
        let repository = self.site.repository;
        let own = || repository.index();
        let index = match self.settings().git.index.as_deref().map_or_else(own, |path| repository.index_at(path)) {
            Ok(index) => index.unwrap_or_default(),
            Err(why) => {
                let message = format!("the index could not be read: {why}");
                return self.worker.notice(gap("unreadable-index", Some(shown(self.site)), message));
            }
        };
        let mut scratch = pack::Scratch::default();
        let tree = match self.refs.head {
            None => None,
            Some(head) => match self.objects.read(&mut scratch, head.as_bytes()) {
                Ok(Some((Kind::Commit, bytes))) => history::tree_of(&bytes),
                _ => {
                    self.tell_missing(1, &format!("{head}, the commit of HEAD"));
                    None
                }
            },
        };
        let mut changes = index.against(&self.objects, &mut scratch, tree);
        if !only.is_empty() {
            changes.files.retain(|c| only.contains(&c.path));
        }
        self.worker.tally.walked(0, 0);
        let Brought { versions, kept, unseen } =
            super::changes::of_changes(self, &mut scratch, &changes, None, MAX_COPIES);
        unseen.tell(self);
        let sightings = self.locations(&History::default(), versions);
        let here = sightings.into_iter().map(|mut s| {
            s.location.in_head = true;
            s
        });
        self.worker.send(Message::Past(here.collect()));
        let kept = kept.into_iter().map(|one| Kept { in_head: true, ..one }).collect();
        self.worker.send(Message::PastExports(self.exports(&History::default(), kept)));
    }

    /// What stands in the messages of annotated tags that are named, but for those that are known.
    fn tags<'n>(&self, history: &History, include: &[String], known: impl Iterator<Item = &'n String>) -> Vec<Version> {
        let (objects, refs) = (&self.objects, self.refs);
        let mut new: BTreeMap<BlobId, _> =
            include.iter().flat_map(|name| super::names::tags(objects, refs, history, name)).collect();
        // Most pushes have none, and there may be many that are known.
        if new.is_empty() {
            return Vec::new();
        }
        for name in known {
            let tags = match name.strip_suffix('*') {
                Some(start) => {
                    let begin = refs.refs.iter().filter(|(n, _)| n.starts_with(start));
                    begin.flat_map(|(_, id)| super::names::tags_of(objects, history, *id)).collect()
                }
                None => super::names::tags(objects, refs, history, name),
            };
            tags.iter().for_each(|(id, _)| drop(new.remove(id)));
        }
        let length = new.values().map(|bytes| bytes.len() as u64).sum();
        self.worker.tally.swept(new.len() as u64, length);
        new.into_iter().flat_map(|(id, bytes)| self.tag(id, &bytes)).collect()
    }

    /// The commits of a name, or of every ref that begins as it does before its `*`; none when it is not here.
    fn known(&self, history: &History, name: &str) -> Vec<Rank> {
        match name.strip_suffix('*') {
            Some(start) => {
                let begin = self.refs.refs.iter().filter(|(n, _)| n.starts_with(start));
                begin.filter_map(|(_, id)| super::names::peeled(&self.objects, history, id)).collect()
            }
            None => super::names::resolve(&self.objects, self.refs, history, name).into_iter().collect(),
        }
    }

    /// The commits of some names; those that cannot be resolved are gaps.
    fn resolve(&self, history: &History, names: &[String]) -> Vec<Rank> {
        let mut ranks = Vec::new();
        for name in names {
            match super::names::resolve(&self.objects, self.refs, history, name) {
                Ok(rank) => ranks.push(rank),
                Err(why) => self.worker.notice(gap("bad-ref", Some(shown(self.site)), why)),
            }
        }
        ranks
    }

    /// Every blob once: the ids of those that can hold a finding, sorted, and where it can be in those that were sieved now.
    fn sieve_blobs(&self, sieve: &Sieve<'_>) -> (Vec<BlobId>, Keywords, Vec<Unread>) {
        let counts = self.worker.counts();
        let (count, bytes, pointers) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let hot: Mutex<Vec<BlobId>> = Mutex::default();
        let keywords: Mutex<Keywords> = Mutex::default();
        let mut cache = self.cache();
        let cold: Mutex<Vec<Box<[u8]>>> = Mutex::default();
        let known = |id: &[u8]| cache.as_ref().is_some_and(|c| c.knows(id));
        let wanted = Sweep { kind: Kind::Blob, stop: &counts.stop, skip: &known };
        let unread = self.objects.sweep(&wanted, &|item: Item<'_, State>| {
            count.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
            counts.bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
            if super::text_kind::is_lfs_pointer(item.bytes) {
                pointers.fetch_add(1, Ordering::Relaxed);
            }
            // Whatever is in an archive was not seen yet.
            let (state, is_hot) = match self.worker.is_archive(item.bytes) {
                true => (State::Other, true),
                false => sieved(sieve, &item, self.settings().decode_history),
            };
            let is_hot = is_hot || exports::is_one(item.bytes);
            if is_hot && let (Some(id), Ok(mut hot)) = (BlobId::from_bytes(item.id), hot.lock()) {
                hot.push(id);
                if let State::Text(hits, _) = &state
                    && let Ok(mut keywords) = keywords.lock()
                {
                    keywords.insert(id, sieve.places(hits).into());
                }
            } else if cache.is_some()
                && let Ok(mut cold) = cold.lock()
            {
                cold.push(item.id.into());
            }
            state
        });
        let known = cache.as_ref().map_or(0, |c| self.objects.ids(Kind::Blob).filter(|id| c.knows(id)).count() as u64);
        self.worker.tally.swept(count.into_inner() + known, bytes.into_inner());
        self.worker.tally.pointers.fetch_max(pointers.into_inner(), Ordering::Relaxed);
        let mut hot = hot.into_inner().unwrap_or_default();
        if let Some(cache) = &mut cache {
            let new = hot.iter().map(|id| id.as_bytes().into()).collect();
            hot.extend(cache.hot().filter_map(BlobId::from_bytes));
            cache.learn(cold.into_inner().unwrap_or_default(), new);
            // A blob that was not read, or a scan that was stopped, leaves nothing behind that is not true.
            if let Err(e) = cache.save(self.objects.hash_len()) {
                let message = format!("the cache could not be written: {e}");
                self.worker.notice(limit("cache", Some(shown(self.site)), message));
            }
        }
        hot.sort_unstable();
        hot.dedup();
        (hot, keywords.into_inner().unwrap_or_default(), unread)
    }

    /// What earlier scans learnt, under these rules and this gate.
    fn cache(&self) -> Option<BlobCache> {
        let dir = self.settings().cache.as_deref()?;
        let engine = self.worker.engine();
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update([self.settings().confidence as u8]);
        // What else than rules makes a blob one that can hold a finding: exports do, too.
        hash.update(b"exports");
        hash.update([u8::from(self.settings().archives), u8::from(self.settings().decode_history)]);
        for (i, rule) in engine.rules().iter().enumerate() {
            hash.update([u8::from(engine.is_enabled(i))]);
            hash.update(format!("{rule:?}").as_bytes());
        }
        let key = hash.finalize().into();
        let (cache, why) = BlobCache::open(dir, &self.site.repository.common_dir, key, self.objects.hash_len());
        if let Some(why) = why {
            let message = format!("the cache is not used and will be written anew: {why}");
            self.worker.notice(limit("cache", Some(shown(self.site)), message));
        }
        Some(cache)
    }

    /// Adds where the index has blobs that no commit has: what is staged.
    fn with_index(&self, hot: &[BlobId], mut lays: Vec<Vec<Lay>>, wanted: bool) -> Vec<Vec<Lay>> {
        if !wanted {
            return lays;
        }
        let index = self.site.repository.index().unwrap_or_else(|why| {
            // A walk over files tells it by itself.
            if self.settings().tree == Tree::None {
                let message = format!("its index could not be read ({why}), so what is staged was not scanned");
                self.worker.notice(gap("unreadable-index", Some(format!("{}/index", shown(self.site))), message));
            }
            None
        });
        let mut staged: BTreeMap<usize, BTreeSet<RepoPath>> = BTreeMap::new();
        for entry in index.iter().flat_map(Index::entries) {
            if let Ok(i) = hot.binary_search(&entry.id) {
                staged.entry(i).or_default().insert(RepoPath::new(entry.path));
            }
        }
        for (i, mut paths) in staged {
            let Some(lays) = lays.get_mut(i) else { continue };
            for lay in lays.iter().filter(|l| l.first.is_some()) {
                paths.remove(&lay.path);
            }
            if !paths.is_empty() {
                // A path is better than a name alone.
                lays.retain(|l| l.first.is_some());
                lays.extend(paths.into_iter().map(|path| Lay { path, first: None, last: None, in_head: false }));
            }
        }
        for lays in lays.iter_mut().filter(|l| l.is_empty()) {
            lays.push(Lay { path: RepoPath::from(UNREACHABLE), first: None, last: None, in_head: false });
        }
        lays
    }

    /// Scans the hot blobs whole, once a class of the paths they had. Gives the places of what they hold, and how many paths
    /// were left out.
    fn scan_hot(&self, hot: &[BlobId], lays: &[Vec<Lay>], keywords: &Keywords) -> (Vec<Version>, Vec<Kept>, u64) {
        // In the order of packs, so that bases are read once for many deltas of theirs.
        let mut order: Vec<usize> = (0..hot.len()).filter(|i| !lays[*i].is_empty()).collect();
        let place = |i: &usize| self.objects.place(hot[*i].as_bytes());
        order.sort_by_cached_key(place);
        let stop = &self.worker.counts().stop;
        let found = order.par_chunks(64).map_init(pack::Scratch::default, |scratch, chunk| {
            let mut found = Vec::new();
            for i in chunk {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // What could not be read has been told by the sweep.
                let Ok(Some((_, bytes))) = self.objects.read(scratch, hot[*i].as_bytes()) else { continue };
                // A repository of SHA-256 names its blobs by other ids than reports do.
                let id = Some(hot[*i]).filter(|id| id.as_bytes().len() == 20);
                let decode = self.settings().decode_history;
                let keywords = keywords.get(&hot[*i]).map(AsRef::as_ref);
                found.push(self.scan_blob(Read { bytes: &bytes, id, decode, keywords }, &lays[*i]));
            }
            found
        });
        let found: Vec<Hot<'_>> = found.flatten_iter().collect();
        let (mut versions, mut copies, mut left_out) = (Vec::new(), 0, 0);
        let mut kept = Vec::new();
        for Hot { by_class, places, exports } in found {
            kept.extend(exports);
            for (number, (lay, name, class)) in places.into_iter().enumerate() {
                let sightings = &by_class[class].1;
                if number > 0 && !sightings.is_empty() {
                    copies += sightings.len();
                    if copies > MAX_COPIES {
                        left_out += 1;
                        continue;
                    }
                }
                versions.extend(sightings.iter().map(|sighting| Version {
                    sighting: locate::moved(sighting.clone(), &name),
                    path: lay.path.as_bytes().to_vec(),
                    first: lay.first,
                    last: lay.last,
                    in_head: lay.in_head,
                }));
            }
        }
        (versions, kept, left_out)
    }

    fn scan_blob<'l>(&self, read: Read<'_>, lays: &'l [Lay]) -> Hot<'l> {
        let mut hot = Hot::default();
        for lay in lays {
            let nameless = lay.first.is_none() && lay.path.as_bytes() == UNREACHABLE.as_bytes();
            let name = if nameless && self.site.inside.is_empty() {
                Some(lay.path.clone())
            } else {
                self.wanted(lay.path.as_bytes())
            };
            let Some(name) = name else { continue };
            let class = self.worker.classify(&name);
            let seen = hot.by_class.iter().position(|(c, _)| *c == class);
            let seen = seen.unwrap_or_else(|| {
                hot.by_class.push((class, self.worker.past(read, &class, &name)));
                hot.by_class.len() - 1
            });
            // What is in the index and in no commit is told with the files.
            if !nameless
                && lay.first.is_some()
                && hot.exports.len() < MAX_EXPORTS
                && let Some(fact) = self.worker.past_export(read.bytes, &class, &name)
            {
                let path = lay.path.as_bytes().to_vec();
                hot.exports.push(Kept { fact, path, first: lay.first, last: lay.last, in_head: lay.in_head });
            }
            hot.places.push((lay, name, seen));
        }
        hot
    }
}

/// What a blob holds under each class of its paths, and its paths, each with the number of its class.
#[derive(Default)]
struct Hot<'l> {
    by_class: Vec<(PathClass, Vec<Sighting>)>,
    places: Vec<(&'l Lay, RepoPath, usize)>,
    exports: Vec<Kept>,
}

/// Paths under which one blob is told as an export.
const MAX_EXPORTS: usize = 20;

thread_local! {
    static SCRATCH: std::cell::RefCell<Scratch> = std::cell::RefCell::default();
}

fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(work)
}

/// Where findings can be in blobs that are plain text.
type Keywords = HashMap<BlobId, Box<[Keyword]>, foldhash::fast::FixedState>;

/// What a blob's deltas need to know of it.
enum State {
    /// Text, with its keywords and what is encoded in it.
    Text(Hits, Encoded),
    /// Anything else: its deltas are looked at whole.
    Other,
}

/// Sieves one blob, by its base where both are plain text.
fn sieved(sieve: &Sieve<'_>, item: &Item<'_, State>, decode: bool) -> (State, bool) {
    let bytes = item.bytes;
    let whole = |scratch: &mut Scratch, text: &[u8]| {
        if decode { Encoded::whole(sieve, scratch, text) } else { Encoded::default() }
    };
    if decode::charset(bytes) == Some((decode::Charset::Bytes, 0)) {
        let (hits, encoded) = with_scratch(|scratch| match item.base {
            Some((State::Text(base, encoded), length, parts)) => (
                sieve.changed(scratch, bytes, parts, base, length),
                if decode { Encoded::changed(sieve, scratch, bytes, parts, encoded) } else { Encoded::default() },
            ),
            _ => (sieve.whole(scratch, bytes), whole(scratch, bytes)),
        });
        let hot = hits.is_hot() || encoded.is_hot();
        return (State::Text(hits, encoded), hot);
    }
    let may_hold =
        |text: &[u8], scratch: &mut Scratch| sieve.whole(scratch, text).is_hot() || whole(scratch, text).is_hot();
    let hot = super::text_kind::readable(bytes)
        .is_some_and(|(text, _)| with_scratch(|scratch| may_hold(&text.bytes, scratch)));
    (State::Other, hot)
}
