//! What commits, or the index, bring in: the values that their parents do not have.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::past::{COMMIT_MESSAGE, Kept, MAX_COPIES, Past, Version, shown};
use super::worker::Read;
use super::{gap, locate};
use crate::model::{BlobId, PathClass, RepoPath, Sighting};
use crate::source::git::Kind;
use crate::source::git::diff::{self, Changes};
use crate::source::git::history::{self, History, Rank};
use crate::source::git::objects::Unread;
use crate::source::git::pack::Scratch;
use crate::source::git::room::AGAIN;

/// Commits between two looks at how much was spent. Threads must not decide where a budget ends, so those of one stretch have
/// the same. They are few while something is spent.
const STRETCH: usize = 64;
const SHORT: usize = 8;

/// What a whole range may spend on trees that lead to the same places again, as [`AGAIN`] is for one commit.
const AGAIN_IN_ALL: usize = 5 * AGAIN;

/// The same for places of values beyond the first path of each blob: what one commit of a range may have of them, as
/// [`MAX_COPIES`] is for all.
const COPIES: usize = MAX_COPIES / 10;

/// What changes brought in.
#[derive(Default)]
pub struct Brought {
    /// The values.
    pub versions: Vec<Version>,
    /// Exports, in files that held none before.
    pub kept: Vec<Kept>,
    /// What was not seen.
    pub unseen: Unseen,
}

/// What could not be seen of changes.
#[derive(Default)]
pub struct Unseen {
    /// Objects that are not here, with the first path of each.
    pub missing: BTreeMap<BlobId, RepoPath>,
    /// Objects that cannot be read.
    pub unread: Vec<Unread>,
    /// How many trees and files were left out.
    pub left_out: u64,
    /// Whether something that went away was left out.
    pub gone_left_out: bool,
    spent: usize,
    copies: usize,
}

impl Unseen {
    /// Tells all of it.
    pub fn tell(&self, past: &Past<'_, '_, '_>) {
        let first = self.missing.iter().min_by_key(|(_, path)| *path);
        let first = first.map(|(id, path)| format!("{id} at {}", path.display())).unwrap_or_default();
        past.tell_missing(self.missing.len(), &first);
        past.tell_left_out(self.left_out);
        if self.gone_left_out {
            let message =
                "more files went away than can be compared with, so values that stood in them may be told as new";
            past.worker.notice(gap("too-many-paths", Some(shown(past.site)), message.to_owned()));
        }
        past.tell_unread(&self.unread);
    }

    fn add(&mut self, other: Self) {
        for (id, path) in other.missing {
            self.missing.entry(id).or_insert(path);
        }
        self.unread.extend(other.unread);
        self.left_out += other.left_out;
        self.gone_left_out |= other.gone_left_out;
        self.spent += other.spent;
        self.copies += other.copies;
    }
}

/// What a range of commits brought in: of every commit the values that none of its parents has in the files it touches.
pub fn of_commits(past: &Past<'_, '_, '_>, history: &History, mine: &[Rank], head: Option<Rank>) -> Brought {
    let stop = &past.worker.counts().stop;
    let mut all = Brought::default();
    let (mut rest, mut size) = (mine, SHORT);
    while !rest.is_empty() {
        let (stretch, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        let before = all.unseen.spent;
        let again = AGAIN_IN_ALL.saturating_sub(all.unseen.spent).min(AGAIN);
        let copies = MAX_COPIES.saturating_sub(all.unseen.copies).min(COPIES);
        let found = stretch.par_iter().map_init(Scratch::default, |scratch, rank| {
            if stop.load(Ordering::Relaxed) {
                return Brought::default();
            }
            let Some(commit) = history.commit(*rank) else { return Brought::default() };
            let olds: Vec<BlobId> =
                commit.parents.iter().flatten().filter_map(|p| history.commit(*p)).map(|c| c.tree).collect();
            let changes = diff::against(&past.objects, scratch, commit.tree, &olds, again);
            let mut brought = of_changes(past, scratch, &changes, Some(*rank), copies);
            if let Ok(Some((_, bytes))) = past.objects.read(scratch, commit.id.as_bytes()) {
                brought.versions.extend(past.message(COMMIT_MESSAGE, history::text_of(&bytes), Some(*rank)));
            }
            brought
        });
        for Brought { versions, kept, unseen } in found.collect::<Vec<Brought>>() {
            all.versions.extend(versions);
            all.kept.extend(kept);
            all.unseen.add(unseen);
        }
        size = if all.unseen.spent == before { STRETCH } else { SHORT };
    }
    if let Some(tree) = head.and_then(|h| history.commit(h)).map(|c| c.tree) {
        let mut there = Now { past, head: tree, trees: HashMap::new(), files: HashMap::new() };
        let mut scratch = Scratch::default();
        all.versions.iter_mut().for_each(|v| there.still(&mut scratch, v));
        all.kept.iter_mut().for_each(|one| one.in_head = there.at(&mut scratch, &one.path).is_some());
    }
    all
}

/// What blobs hold, each scanned once a class of its paths.
struct Once<'p, 's, 'w, 'a> {
    past: &'p Past<'s, 'w, 'a>,
    found: HashMap<(BlobId, PathClass), Vec<Sighting>>,
}

impl Once<'_, '_, '_, '_> {
    /// What a blob holds under a path. The names of places may be those of another path of its class.
    fn scan(&mut self, id: BlobId, bytes: &[u8], name: &RepoPath) -> &[Sighting] {
        let class = self.past.worker.classify(name);
        self.found.entry((id, class)).or_insert_with(|| self.past.worker.past(Read::new(bytes), &class, name))
    }
}

/// The export that a change brings in, unless the file was one before.
fn export(
    past: &Past<'_, '_, '_>,
    change: &diff::Change,
    name: &RepoPath,
    bytes: &[u8],
    rank: Option<Rank>,
) -> Option<Kept> {
    let class = past.worker.classify(name);
    let fact = past.worker.past_export(bytes, &class, name)?;
    let mut scratch = Scratch::default();
    let was = change.olds.iter().any(|id| {
        let old = past.objects.read(&mut scratch, id.as_bytes()).ok().flatten();
        old.is_some_and(|(_, old)| past.worker.past_export(&old, &class, name).is_some())
    });
    (!was).then(|| Kept { fact, path: change.path.clone(), first: rank, last: rank, in_head: false })
}

/// The new values of these changes, with so many places beyond the first path of each blob at most.
pub fn of_changes(
    past: &Past<'_, '_, '_>,
    scratch: &mut Scratch,
    changes: &Changes,
    rank: Option<Rank>,
    most: usize,
) -> Brought {
    let mut brought = Brought::default();
    let Brought { versions, kept, unseen } = &mut brought;
    unseen.missing.extend(changes.missing.iter().map(|(id, path)| (*id, past.name(path))));
    unseen.left_out = changes.room.left_out();
    unseen.spent = changes.room.spent() + changes.room_gone.spent();
    // By content, so that a blob is held only as long as its paths are gone through.
    let mut by_blob: Vec<(&diff::Change, RepoPath)> =
        changes.files.iter().filter_map(|c| Some((c, past.wanted(&c.path)?))).collect();
    by_blob.sort_by_key(|(change, _)| change.blob);
    let (mut count, mut length) = (0, 0);
    for same in by_blob.chunk_by(|(a, _), (b, _)| a.blob == b.blob) {
        let Some((first, first_name)) = same.first() else { continue };
        let bytes = match past.objects.read(scratch, first.blob.as_bytes()) {
            Ok(Some((_, bytes))) => bytes,
            Ok(None) => {
                unseen.missing.insert(first.blob, first_name.clone());
                continue;
            }
            Err(why) => {
                unseen.unread.push(Unread { id: first.blob, why });
                continue;
            }
        };
        count += same.len() as u64;
        length += bytes.len() as u64;
        let mut once = Once { past, found: HashMap::new() };
        for (number, (change, name)) in same.iter().enumerate() {
            kept.extend(export(past, change, name, &bytes, rank));
            let found = once.scan(change.blob, &bytes, name);
            if number > 0 && !found.is_empty() {
                unseen.copies += found.len();
                if unseen.copies > most {
                    unseen.left_out += 1;
                    continue;
                }
            }
            versions.extend(found.iter().map(|sighting| Version {
                sighting: locate::moved(sighting.clone(), name),
                path: change.path.clone(),
                first: rank,
                last: rank,
                in_head: false,
            }));
        }
    }
    past.worker.tally.swept(count, length);
    if versions.is_empty() {
        return brought;
    }
    // What the files held before, wherever in this change it stood, is not brought in by it.
    unseen.gone_left_out = changes.room_gone.left_out() > 0;
    let olds = changes.files.iter().flat_map(|c| c.olds.iter().map(|id| (*id, c.path.as_slice())));
    let gone = changes.gone.iter().map(|(path, id)| (*id, path.as_slice()));
    let mut olds: Vec<(BlobId, PathClass, RepoPath)> = olds
        .chain(gone)
        .map(|(id, path)| {
            let name = past.name(path);
            (id, past.worker.classify(&name), name)
        })
        .collect();
    olds.sort();
    olds.dedup_by_key(|(id, class, _)| (*id, *class));
    let mut before: HashSet<u64> = HashSet::new();
    for (id, class, name) in olds {
        if let Ok(Some((_, bytes))) = past.objects.read(scratch, id.as_bytes()) {
            before.extend(past.worker.past(Read::new(&bytes), &class, &name).iter().map(|s| s.same));
        }
    }
    versions.retain(|v| !before.contains(&v.sighting.same));
    brought
}

/// What HEAD has where a range brought something in: each tree read once, and each file scanned once a class of its paths.
struct Now<'p, 's, 'w, 'a> {
    past: &'p Past<'s, 'w, 'a>,
    head: BlobId,
    trees: HashMap<BlobId, HashMap<Vec<u8>, BlobId>>,
    files: HashMap<(BlobId, PathClass), HashMap<u64, Sighting>>,
}

impl Now<'_, '_, '_, '_> {
    /// The blob at a path.
    fn at(&mut self, scratch: &mut Scratch, path: &[u8]) -> Option<BlobId> {
        let objects = &self.past.objects;
        path.split(|b| *b == b'/').try_fold(self.head, |id, part| {
            let tree = self.trees.entry(id).or_insert_with(|| diff::ids_in(objects, scratch, &id));
            tree.get(part).copied()
        })
    }

    /// Whether HEAD still has the value in this file, and where.
    fn still(&mut self, scratch: &mut Scratch, version: &mut Version) {
        let past = self.past;
        if version.path.is_empty() {
            return;
        }
        let Some(id) = self.at(scratch, &version.path) else { return };
        let name = past.name(&version.path);
        let class = past.worker.classify(&name);
        let now = self.files.entry((id, class)).or_insert_with(|| {
            let Ok(Some((Kind::Blob, bytes))) = past.objects.read(scratch, id.as_bytes()) else {
                return HashMap::new();
            };
            // Of equal values the first one stays.
            past.worker.past(Read::new(&bytes), &class, &name).into_iter().rev().map(|s| (s.same, s)).collect()
        });
        if let Some(now) = now.get(&version.sighting.same) {
            version.in_head = true;
            version.sighting = locate::moved(now.clone(), &name);
        }
    }
}
