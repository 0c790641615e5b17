//! The history of a repository: every blob sieved once, the hot ones placed by the trees that hold them and scanned whole,
//! and the versions of a file that hold a value made one location of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::worker::Worker;
use super::{Message, gap, limit, locate};
use crate::config::{Commits, Settings};
use crate::decode;
use crate::detect::{Hits, Scratch, Sieve};
use crate::model::{BlobId, Location, PathClass, RepoPath, Sighting};
use crate::source::git::Kind;
use crate::source::git::history::{self, History, Rank};
use crate::source::git::index::Index;
use crate::source::git::objects::{Item, Objects, Sweep, Unread};
use crate::source::git::pack::{self, Damage};
use crate::source::git::places::{self, Lay};
use crate::source::{BlobCache, Refs, Repository};
use crate::text::numbers;

/// What findings in messages of commits and of annotated tags are said to lie in.
pub const COMMIT_MESSAGE: &str = "(commit message)";
/// See [`COMMIT_MESSAGE`].
pub const TAG_MESSAGE: &str = "(tag message)";
/// What findings in blobs without any known path are said to lie in.
pub const UNREACHABLE: &str = "(unreachable blob)";

/// Refs named for one location; more are only counted.
const MAX_REFS: usize = 5;

/// First commits for which the refs are told that reach them.
const MAX_REACHING: usize = 500;

/// Objects that are told one by one when they cannot be read.
const MAX_TOLD: usize = 20;

/// A repository to scan the history of.
pub struct Site<'r> {
    /// The repository.
    pub repository: &'r Repository,
    /// What reports call its top.
    pub name: Vec<u8>,
    /// The part below which paths count, inside it.
    pub inside: Vec<u8>,
}

/// One sighting in a version of a file.
pub struct Version {
    /// What was seen.
    pub sighting: Sighting,
    /// The path inside the repository.
    pub path: Vec<u8>,
    /// The first commit that has it.
    pub first: Option<Rank>,
    /// The last one.
    pub last: Option<Rank>,
    /// Whether HEAD has it.
    pub in_head: bool,
}

/// The history of one repository, while it is scanned.
pub struct Past<'s, 'w, 'a> {
    site: &'s Site<'s>,
    /// Scans blobs.
    pub worker: &'w Worker<'a>,
    /// The objects.
    pub objects: Objects,
    refs: Refs,
}

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

fn shown(site: &Site<'_>) -> String {
    let name = RepoPath::new(site.name.clone()).display();
    if name.is_empty() { ".git".to_owned() } else { format!("{name}/.git") }
}

impl Past<'_, '_, '_> {
    fn settings(&self) -> &Settings {
        self.worker.settings()
    }

    /// What of the repository could not be opened.
    fn tell_problems(&self) {
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
        let reached = match include {
            Some(names) => Some(history.reached(self.resolve(&history, names))),
            None => None,
        };
        let within = |rank: Rank| reached.as_ref().is_none_or(|r| r.get(rank as usize).copied().unwrap_or(false));
        let (hot, more) = self.sieve_blobs(&sieve);
        unread.extend(more);
        let mut versions: Vec<Version> = Vec::new();
        let partial = self.objects.is_partial();
        if !hot.is_empty() || partial {
            let loose_ends = reached.is_none();
            let found = places::find(&self.objects, &history, &hot, (head, &within), loose_ends, stop);
            unread.extend(found.unread);
            self.tell_partial(found.missing);
            let lays = self.with_index(&hot, found.lays, loose_ends);
            versions = self.scan_hot(&hot, &lays);
        }
        for (id, text) in messages.into_inner().unwrap_or_default() {
            let rank = history.rank(&id).filter(|rank| within(*rank));
            if rank.is_some() || reached.is_none() {
                versions.extend(self.message(COMMIT_MESSAGE, &text, rank));
            }
        }
        for (id, bytes) in tags.into_inner().unwrap_or_default() {
            for mut version in self.message(TAG_MESSAGE, history::text_of(&bytes), None) {
                version.sighting.location.commit = Some(id.to_string());
                self.describe(&mut version.sighting.location, &history::details(&bytes));
                versions.push(version);
            }
        }
        self.tell(&history, &unread, reached.is_some());
        self.worker.walked(
            self.refs.refs.len() as u64,
            match &reached {
                Some(reached) => reached.iter().filter(|r| **r).count() as u64,
                None => history.commits.len() as u64,
            },
        );
        let sightings = self.locations(&history, versions);
        self.worker.send(Message::Past(sightings));
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
        let versions = super::changes::of_commits(self, &history, &mine, head);
        let cut = mine.iter().filter_map(|r| history.commit(*r)).any(|c| c.cut);
        if cut {
            let message = "the range reaches back to where this clone was cut, so whole files were scanned in the place of \
                           changes; `git fetch --unshallow` brings what is missing (in CI: fetch depth 0)";
            self.worker.notice(gap("shallow-clone", Some(shown(self.site)), message.to_owned()));
        }
        self.tell_unread(&unread);
        self.worker.walked(self.refs.refs.len() as u64, mine.len() as u64);
        let sightings = self.locations(&history, versions);
        self.worker.send(Message::Past(sightings));
    }

    /// What the next commit would bring in.
    fn staged(&self, only: &[Vec<u8>]) {
        self.tell_problems();
        let index = match self.site.repository.index() {
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
                    self.missing(&[head]);
                    None
                }
            },
        };
        let mut changes = index.against(&self.objects, &mut scratch, tree);
        if !only.is_empty() {
            changes.files.retain(|c| only.contains(&c.path));
        }
        self.worker.walked(0, 0);
        let versions = super::changes::of_changes(self, &mut scratch, &changes, None);
        let sightings = self.locations(&History::default(), versions);
        let here = sightings.into_iter().map(|mut s| {
            s.location.in_head = true;
            s
        });
        self.worker.send(Message::Past(here.collect()));
    }

    /// The commits of a name, or of every ref that begins as it does before its `*`; none when it is not here.
    fn known(&self, history: &History, name: &str) -> Vec<Rank> {
        match name.strip_suffix('*') {
            Some(start) => {
                let begin = self.refs.refs.iter().filter(|(n, _)| n.starts_with(start));
                begin.filter_map(|(_, id)| super::changes::peeled(&self.objects, history, id)).collect()
            }
            None => super::changes::resolve(&self.objects, &self.refs, history, name).into_iter().collect(),
        }
    }

    /// The commits of some names; those that cannot be resolved are gaps.
    fn resolve(&self, history: &History, names: &[String]) -> Vec<Rank> {
        let mut ranks = Vec::new();
        for name in names {
            match super::changes::resolve(&self.objects, &self.refs, history, name) {
                Ok(rank) => ranks.push(rank),
                Err(why) => self.worker.notice(gap("bad-ref", Some(shown(self.site)), why)),
            }
        }
        ranks
    }

    /// Every blob once: the ids of those that can hold a finding, sorted.
    fn sieve_blobs(&self, sieve: &Sieve<'_>) -> (Vec<BlobId>, Vec<Unread>) {
        let counts = self.worker.counts();
        let (count, bytes, pointers) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let hot: Mutex<Vec<BlobId>> = Mutex::default();
        let mut cache = self.cache();
        let cold: Mutex<Vec<Box<[u8]>>> = Mutex::default();
        let known = |id: &[u8]| cache.as_ref().is_some_and(|c| c.knows(id));
        let wanted = Sweep { kind: Kind::Blob, stop: &counts.stop, skip: &known };
        let unread = self.objects.sweep(&wanted, &|item: Item<'_, State>| {
            count.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
            counts.bytes.fetch_add(item.bytes.len() as u64, Ordering::Relaxed);
            if super::worker::is_lfs_pointer(item.bytes) {
                pointers.fetch_add(1, Ordering::Relaxed);
            }
            let (state, is_hot) = sieved(sieve, &item);
            if is_hot && let (Some(id), Ok(mut hot)) = (BlobId::from_bytes(item.id), hot.lock()) {
                hot.push(id);
            } else if cache.is_some()
                && let Ok(mut cold) = cold.lock()
            {
                cold.push(item.id.into());
            }
            state
        });
        let known = cache.as_ref().map_or(0, |c| self.objects.ids(Kind::Blob).filter(|id| c.knows(id)).count() as u64);
        self.worker.swept(count.into_inner() + known, bytes.into_inner());
        self.worker.pointers(pointers.into_inner());
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
        (hot, unread)
    }

    /// What earlier scans learnt, under these rules and this gate.
    fn cache(&self) -> Option<BlobCache> {
        let dir = self.settings().cache.as_deref()?;
        let engine = self.worker.engine();
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update([self.settings().confidence as u8]);
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
        // The walk over files tells what is wrong with an index.
        let index = self.site.repository.index().ok().flatten();
        for entry in index.iter().flat_map(Index::entries) {
            if let Ok(i) = hot.binary_search(&entry.id) {
                let path = RepoPath::new(entry.path);
                if lays[i].iter().any(|l| l.path == path && l.first.is_some()) {
                    continue;
                }
                lays[i].retain(|l| l.first.is_some());
                lays[i].push(Lay { path, first: None, last: None, in_head: false });
            }
        }
        for lays in lays.iter_mut().filter(|l| l.is_empty()) {
            lays.push(Lay { path: RepoPath::from(UNREACHABLE), first: None, last: None, in_head: false });
        }
        lays
    }

    /// Scans the hot blobs whole, once a class of the paths they had.
    fn scan_hot(&self, hot: &[BlobId], lays: &[Vec<Lay>]) -> Vec<Version> {
        // In the order of packs, so that bases are read once for many deltas of theirs.
        let mut order: Vec<usize> = (0..hot.len()).filter(|i| !lays[*i].is_empty()).collect();
        let place = |i: &usize| self.objects.place(hot[*i].as_bytes());
        order.sort_by_cached_key(place);
        let stop = &self.worker.counts().stop;
        let found = order.par_chunks(64).map_init(pack::Scratch::default, |scratch, chunk| {
            let mut versions = Vec::new();
            for i in chunk {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // What could not be read has been told by the sweep.
                let Ok(Some((_, bytes))) = self.objects.read(scratch, hot[*i].as_bytes()) else { continue };
                self.scan_blob(&bytes, &lays[*i], &mut versions);
            }
            versions
        });
        found.flatten_iter().collect()
    }

    fn scan_blob(&self, bytes: &[u8], lays: &[Lay], versions: &mut Vec<Version>) {
        let mut by_class: Vec<(PathClass, RepoPath, Vec<Sighting>)> = Vec::new();
        for lay in lays {
            let nameless = lay.first.is_none() && lay.path.as_bytes() == UNREACHABLE.as_bytes();
            let name = if nameless && self.site.inside.is_empty() {
                Some(lay.path.clone())
            } else {
                self.wanted(lay.path.as_bytes())
            };
            let Some(name) = name else { continue };
            let class = self.worker.classify(&name);
            let seen = by_class.iter().position(|(c, ..)| *c == class);
            let seen = seen.unwrap_or_else(|| {
                by_class.push((class, name.clone(), self.worker.past(bytes, &class, &name)));
                by_class.len() - 1
            });
            for sighting in &by_class[seen].2 {
                let sighting = locate::moved(sighting.clone(), &name);
                versions.push(Version {
                    sighting,
                    path: lay.path.as_bytes().to_vec(),
                    first: lay.first,
                    last: lay.last,
                    in_head: lay.in_head,
                });
            }
        }
    }

    /// What reports call a path of this repository, unless it lies elsewhere than what is scanned or was left out.
    pub fn wanted(&self, path: &[u8]) -> Option<RepoPath> {
        let inside = self.site.inside.as_slice();
        let below = |rest: &[u8]| rest.is_empty() || rest.starts_with(b"/");
        let wanted = inside.is_empty() || path.strip_prefix(inside).is_some_and(below);
        Some(self.name(path)).filter(|name| wanted && !self.worker.excludes(name))
    }

    /// Objects that should be here and are not.
    pub fn missing(&self, ids: &[BlobId]) {
        for id in ids.iter().take(MAX_TOLD) {
            let message =
                format!("object {id} is not here, so what it holds was not scanned; `git fetch` may bring it");
            self.worker.notice(gap("missing-object", Some(shown(self.site)), message));
        }
    }

    /// An object that cannot be read.
    pub fn unread(&self, id: BlobId, why: Damage) {
        self.tell_unread(&[Unread { id, why }]);
    }

    /// What reports call a path of this repository.
    pub fn name(&self, path: &[u8]) -> RepoPath {
        RepoPath::new(if self.site.name.is_empty() {
            path.to_vec()
        } else {
            [self.site.name.as_slice(), path].join(&b'/')
        })
    }

    /// What stands in a message.
    pub fn message(&self, place: &str, text: &[u8], rank: Option<Rank>) -> Vec<Version> {
        let name = RepoPath::from(place);
        let class = self.worker.classify(&name);
        let sightings = self.worker.past(text, &class, &name);
        let version = |mut sighting: Sighting| {
            sighting.location.blob = None;
            sighting.location.line_hash = None;
            Version { sighting, path: Vec::new(), first: rank, last: rank, in_head: false }
        };
        sightings.into_iter().map(version).collect()
    }

    /// One location for all versions of a path that hold a value: where it stands in the first of them.
    fn locations(&self, history: &History, versions: Vec<Version>) -> Vec<Sighting> {
        let mut groups: BTreeMap<(String, u64), Vec<Version>> = BTreeMap::new();
        for version in versions {
            groups.entry((version.sighting.location.path.clone(), version.sighting.same)).or_default().push(version);
        }
        let mut details: HashMap<Rank, history::Details> = HashMap::new();
        let mut reaching: HashMap<Rank, Vec<String>> = HashMap::new();
        let mut scratch = pack::Scratch::default();
        let mut sightings = Vec::new();
        for versions in groups.into_values() {
            let order =
                |v: &Version| (v.first.unwrap_or(Rank::MAX), v.sighting.location.line, v.sighting.location.column);
            let last = versions.iter().filter_map(|v| v.last).max();
            let in_head = versions.iter().any(|v| v.in_head);
            // What a comment says in the last version holds for those before it.
            let suppressed = versions.iter().max_by_key(|v| v.last).and_then(|v| v.sighting.suppressed.clone());
            let Some(Version { mut sighting, first, .. }) = versions.into_iter().min_by_key(order) else { continue };
            sighting.suppressed = sighting.suppressed.or(suppressed);
            let place = &mut sighting.location;
            place.in_head = in_head;
            if let Some((rank, commit)) = first.and_then(|rank| Some((rank, history.commit(rank)?))) {
                place.commit = Some(commit.id.to_string());
                let details = details.entry(rank).or_insert_with(|| {
                    let read = self.objects.read(&mut scratch, commit.id.as_bytes());
                    read.ok().flatten().map(|(_, bytes)| history::details(&bytes)).unwrap_or_else(nobody)
                });
                self.describe(place, details);
                place.last_commit = last.and_then(|r| history.commit(r)).map(|c| c.id.to_string());
                if !in_head && (reaching.contains_key(&rank) || reaching.len() < MAX_REACHING) {
                    place.refs = reaching.entry(rank).or_insert_with(|| self.refs_reaching(history, rank)).clone();
                }
            }
            sightings.push(sighting);
        }
        sightings
    }

    fn describe(&self, place: &mut Location, details: &history::Details) {
        place.time = details.time;
        let address = self.settings().authors.then(|| format!(" <{}>", details.address)).unwrap_or_default();
        let author = format!("{}{address}", details.author);
        place.author = (!author.trim().is_empty()).then_some(author);
    }

    /// The refs whose history holds a commit.
    fn refs_reaching(&self, history: &History, rank: Rank) -> Vec<String> {
        let reaching = history.reaching(rank);
        let holds = |id: &BlobId| history.rank(id).is_some_and(|r| reaching[r as usize]);
        let mut names: Vec<String> = self.refs.refs.iter().filter(|(_, id)| holds(id)).map(|(n, _)| short(n)).collect();
        names.dedup();
        let more = names.len().saturating_sub(MAX_REFS);
        names.truncate(MAX_REFS);
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        names
    }

    /// What could not be seen.
    fn tell(&self, history: &History, unread: &[Unread], asked: bool) {
        let place = || Some(shown(self.site));
        let asked = asked || self.settings().tree == crate::config::Tree::None;
        let cut = |code: &str, message: String| {
            if asked { gap(code, place(), message) } else { limit(code, place(), message) }
        };
        if self.site.repository.common_dir.join("shallow").is_file() {
            let message = "a shallow clone: only the commits that are here were scanned; `git fetch --unshallow` brings the \
                           others (in CI: fetch depth 0)";
            self.worker.notice(cut("shallow-clone", message.to_owned()));
        } else if history.commits.iter().any(|c| c.cut) {
            let message =
                "commits refer to parents that are not here, whose history was not scanned; `git fsck` tells more";
            self.worker.notice(cut("missing-commits", message.to_owned()));
        }
        self.tell_unread(unread);
    }

    /// Blobs that a remote promised and never sent.
    fn tell_partial(&self, missing: usize) {
        if missing > 0 {
            let count = numbers::count(missing as u64, "blob was", "blobs were");
            let message = format!(
                "a partial clone: {count} never fetched and not scanned; `git fetch --refetch --no-filter` brings them"
            );
            self.worker.notice(limit("partial-clone", Some(shown(self.site)), message));
        }
    }

    fn tell_unread(&self, unread: &[Unread]) {
        let place = || Some(shown(self.site));
        let (large, broken): (Vec<&Unread>, Vec<&Unread>) =
            unread.iter().partition(|u| matches!(u.why, Damage::TooLarge(_)));
        if !large.is_empty() {
            let count = numbers::count(large.len() as u64, "version of a file is", "versions of files are");
            let most = self.settings().max_file_size >> 20;
            let message = format!("{count} over the limit of {most} MiB (--max-file-size)");
            self.worker.notice(limit("too-large", place(), message));
        }
        for lost in broken.iter().take(MAX_TOLD) {
            let why = match lost.why {
                Damage::Header | Damage::Read => "cannot be read",
                Damage::Deflated => "does not inflate to what it should",
                Damage::Delta => "is a delta of something that cannot be read",
                Damage::Chain | Damage::TooLarge(_) => "is a delta without end",
            };
            self.worker.notice(gap(
                "unreadable-object",
                place(),
                format!("object {} {why}; `git fsck` tells more", lost.id),
            ));
        }
        if broken.len() > MAX_TOLD {
            let message = format!("{} more objects could not be read", broken.len() - MAX_TOLD);
            self.worker.notice(gap("unreadable-object", place(), message));
        }
    }
}

fn nobody() -> history::Details {
    history::Details { author: String::new(), address: String::new(), time: None }
}

/// A ref as people say it.
fn short(name: &str) -> String {
    let shorter = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"].iter().find_map(|p| name.strip_prefix(p));
    shorter.unwrap_or(name).to_owned()
}

thread_local! {
    static SCRATCH: std::cell::RefCell<Scratch> = std::cell::RefCell::default();
}

fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(work)
}

/// What a blob's deltas need to know of it.
enum State {
    /// Text, with its keywords.
    Text(Hits),
    /// Anything else: its deltas are looked at whole.
    Other,
}

/// Sieves one blob, by its base where both are plain text.
fn sieved(sieve: &Sieve<'_>, item: &Item<'_, State>) -> (State, bool) {
    let bytes = item.bytes;
    if decode::charset(bytes) == Some((decode::Charset::Bytes, 0)) {
        let hits = with_scratch(|scratch| match item.base {
            Some((State::Text(base), length, parts)) => sieve.changed(scratch, bytes, parts, base, length),
            _ => sieve.whole(scratch, bytes),
        });
        let hot = hits.is_hot();
        return (State::Text(hits), hot);
    }
    let hot = super::worker::readable(bytes)
        .is_some_and(|(text, _)| with_scratch(|scratch| sieve.whole(scratch, &text.bytes).is_hot()));
    (State::Other, hot)
}
