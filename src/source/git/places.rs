//! Where blobs lay: the paths and commits of the few blobs that matter, told by reading every tree once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::Kind;
use super::history::{History, Rank};
use super::ids::{Ids, key};
use super::objects::{Item, Objects, Sweep, Unread};
use super::trees::{self, TreeEntry};
use super::ways::{Lays, NONE, Numbered, Paths, Trees, Walk, leads};
use crate::model::{BlobId, RepoPath, Stretch};

pub use super::ways::Lay;

/// Most objects that are not here whose paths are looked for.
const MAX_MISSING: usize = 10_000;

/// Numbers of names.
type NameNumbers = HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>;

/// A place in a tree where an entry begins, as versions of the tree take it over from each other.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Where the entry begins.
    at: u32,
    /// Where it ends; where it begins when nothing but the place matters.
    end: u32,
    /// What it leads to.
    what: What,
    number: u32,
    name: u32,
}

/// What a mark stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Tree,
    Blob,
    Place,
}

/// What an entry leads to, its number and the number of its name.
type Lead = (What, u32, u32);

/// Entries that lead nowhere between two marks at most, so that reading can begin near any place.
const STEP: usize = 6;

/// Names of trees and blobs, each once.
#[derive(Default)]
struct Names {
    numbers: HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>,
}

impl Names {
    fn number(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(name.into(), number);
        number
    }

    fn list(self) -> Vec<Box<[u8]>> {
        let mut list = vec![Box::default(); self.numbers.len()];
        for (name, number) in self.numbers {
            list[number as usize] = name;
        }
        list
    }
}

/// Says whether a blob is wanted for the name that a tree gives it.
pub type ByName<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// Blobs wanted for their names, in the order in which they were met.
#[derive(Default)]
struct Named {
    numbers: Keyed<u32>,
    list: Vec<BlobId>,
}

impl Named {
    /// The number of a blob; the first is one after those of the `wanted` blobs.
    fn number(&mut self, id: &[u8], wanted: usize) -> Option<u32> {
        if let Some(number) = self.numbers.get(&key(id)) {
            return Some(*number);
        }
        let number = u32::try_from(wanted + self.list.len()).ok().filter(|n| (*n as usize) < ABSENT)?;
        self.list.push(BlobId::from_bytes(id)?);
        self.numbers.insert(key(id), number);
        Some(number)
    }
}

thread_local! {
    /// Names that this thread asked the shared list for, and of which search.
    static KNOWN: RefCell<(u64, NameNumbers)> = RefCell::default();
    /// What is in one tree.
    static ONE: RefCell<(Vec<Numbered>, Vec<Numbered>)> = RefCell::default();
}

/// Counts searches, so that no thread takes a name's number of one for that of another.
static SEARCHES: AtomicU64 = AtomicU64::new(1);

type Keyed<V> = HashMap<u64, V, foldhash::fast::RandomState>;

/// What a search gave.
pub struct Found {
    /// Where each wanted blob lay.
    pub lays: Vec<Vec<Lay>>,
    /// Trees that could not be read.
    pub unread: Vec<Unread>,
    /// Blobs that were not wanted and bear one of the names that were asked for; where they lay follows those of the wanted
    /// ones.
    pub named: Vec<BlobId>,
    /// What trees name and is not here.
    pub missing: Missing,
    /// How many places were not looked at, because trees lead to too many of them.
    pub left_out: u64,
}

/// Objects that trees name and that are not here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many, those left out that no commit leads to unless a remote promised to send them.
    pub count: usize,
    /// The first of them that a commit has, and its path.
    pub first: Option<(BlobId, RepoPath)>,
}

/// Set in the numbers of trees.
const TREE: u32 = 1 << 31;

/// The number of a blob that is here and not wanted.
const HERE: u32 = TREE - 1;

/// The number of the first object that is not here: behind all that are wanted.
const ABSENT: usize = 1 << 30;

/// Objects that are not here, numbered as they are met.
#[derive(Default)]
struct Absent {
    numbers: HashMap<BlobId, u32>,
    more: HashSet<u64, foldhash::fast::RandomState>,
}

impl Absent {
    /// The number of an object of which the path is to be found, if it is one of the first.
    fn number(&mut self, id: &[u8], wanted: usize, most: usize) -> Option<u32> {
        let next = self.numbers.len();
        match BlobId::from_bytes(id) {
            Some(id) if next < most => {
                Some(*self.numbers.entry(id).or_insert_with(|| u32::try_from(wanted + next).unwrap_or(NONE)))
            }
            Some(id) if self.numbers.contains_key(&id) => self.numbers.get(&id).copied(),
            _ => {
                self.more.insert(key(id));
                None
            }
        }
    }
}

/// Where each of these blobs lay in the commits that `within` allows, and each that `by_name` wants for its name; blobs that
/// lay nowhere have an empty list, unless `loose_ends` asks for the names that trees of no commit give them.
pub fn find(
    objects: &Objects,
    history: &History,
    (wanted, by_name): (&[BlobId], ByName<'_>),
    (head, within): (Option<Rank>, &dyn Fn(Rank) -> bool),
    loose_ends: bool,
    stop: &AtomicBool,
) -> Found {
    let mut known =
        Ids::new(wanted.len() + [Kind::Tree, Kind::Blob].map(|kind| objects.ids(kind).count()).iter().sum::<usize>());
    let mut trees = 0;
    for id in objects.ids(Kind::Tree) {
        trees += usize::from(known.insert(key(id), TREE | trees as u32));
    }
    // Wanted ones first, which keep their numbers.
    for (i, id) in wanted.iter().enumerate() {
        known.insert(key(id.as_bytes()), i as u32);
    }
    // Nearly all that trees name is here, and a look at the packs' lists for each costs more than reading the trees.
    for id in objects.ids(Kind::Blob) {
        known.insert(key(id), HERE);
    }
    let tree_number = |id: &[u8]| known.get(key(id)).filter(|number| number & TREE != 0).map(|number| number & !TREE);
    let names: Mutex<Names> = Mutex::default();
    let search = SEARCHES.fetch_add(1, Ordering::Relaxed);
    let all = Mutex::new(Trees::new(trees));
    let named = |name: &[u8]| {
        KNOWN.with_borrow_mut(|(of, known)| {
            if *of != search {
                known.clear();
                *of = search;
            }
            known.get(name).copied().unwrap_or_else(|| {
                let number = names.lock().map_or(0, |mut names| names.number(name));
                known.insert(name.into(), number);
                number
            })
        })
    };
    let hash_len = objects.hash_len();
    let sweep = Sweep { kind: Kind::Tree, stop, skip: &|_| false };
    // Where a remote promised to send what is not here, there is much of it, and only its number is told.
    let partial = objects.is_partial();
    let absent: Mutex<Absent> = Mutex::default();
    let absent_number = |id: &[u8]| {
        let number =
            |mut absent: MutexGuard<'_, Absent>| absent.number(id, ABSENT, if partial { 0 } else { MAX_MISSING });
        if objects.knows(id) { None } else { absent.lock().ok().and_then(number) }
    };
    let also: Mutex<Named> = Mutex::default();
    let unread = objects.sweep(&sweep, &|item: Item<'_, Vec<Mark>>| {
        ONE.with_borrow_mut(|(below, held)| {
            below.clear();
            held.clear();
            let mut list = |mark: &Mark| match mark.what {
                What::Tree => below.push((mark.number, mark.name)),
                What::Blob | What::Place => held.push((mark.number, mark.name)),
            };
            let leads = |entry: TreeEntry<'_>| {
                let number = known.get(key(entry.id));
                if entry.is_tree()
                    && let Some(number) = number.filter(|number| number & TREE != 0)
                {
                    return Some((What::Tree, number & !TREE, named(entry.name)));
                }
                let blob = number.filter(|number| number & TREE == 0 && *number != HERE);
                let absent = || if entry.is_commit() { None } else { absent_number(entry.id) };
                let blob = if number.is_some() { blob } else { absent() };
                let blob = blob.or_else(|| {
                    // Links lead elsewhere, and what they say is a path.
                    let file = !entry.is_commit() && !entry.is_link() && by_name(entry.name);
                    file.then(|| also.lock().ok()?.number(entry.id, wanted.len())).flatten()
                })?;
                Some((What::Blob, blob, named(entry.name)))
            };
            let marks = marks(item.bytes, item.base, hash_len, &leads, &mut list);
            if !(below.is_empty() && held.is_empty())
                && let Some(number) = tree_number(item.id)
                && let Ok(mut all) = all.lock()
            {
                all.add(number, below, held);
            }
            marks
        })
    });
    KNOWN.take();
    let all = all.into_inner().unwrap_or_default();
    let leads = leads(&all);
    let names = names.into_inner().unwrap_or_default().list();
    let lengths = names.iter().map(|name| name.len()).collect();
    let root = |rank: Rank| history.commit(rank).and_then(|c| tree_number(c.tree.as_bytes()));
    let ranks = || (0..history.commits.len() as Rank).filter(|r| within(*r));
    let roots: Vec<(Rank, u32)> = ranks().filter_map(|rank| Some((rank, root(rank)?))).collect();
    let mut walk = Walk { trees: &all, leads: &leads, paths: Paths::new(lengths), lays: Lays::default(), left_out: 0 };
    walk.pass(&mut roots.iter().copied(), true, &mut |lay, rank| lay.first = lay.first.or(Some(rank)));
    walk.pass(&mut roots.iter().rev().copied(), false, &mut |lay, rank| lay.last = lay.last.or(Some(rank)));
    let mut roots = head.iter().filter_map(|rank| Some((*rank, root(*rank)?)));
    walk.pass(&mut roots, false, &mut |lay, _| lay.in_head = true);
    let also = also.into_inner().unwrap_or_default().list;
    let mut found = vec![Vec::new(); wanted.len() + also.len()];
    let absent = absent.into_inner().unwrap_or_default();
    let mut absent_at = AbsentAt::new();
    let Walk { mut paths, lays, left_out, .. } = walk;
    let mut left_out = left_out;
    for ((blob, path), mut lay) in lays.list {
        // A blob has one path at least, however long it is.
        let known = found.get(blob as usize).is_some_and(|lays: &Vec<Lay>| !lays.is_empty());
        if known && !paths.room.name(paths.length(path)) {
            left_out += 1;
            continue;
        }
        lay.path = RepoPath::new(paths.text(path, &names));
        match found.get_mut(blob as usize) {
            Some(lays) => lays.push(lay),
            None => {
                let this = (lay.first, lay.path);
                let first = absent_at.entry(blob).or_insert_with(|| this.clone());
                if this < *first {
                    *first = this;
                }
            }
        }
    }
    let missing = missing(history, (absent, absent_at, partial), &mut ranks(), &|id| objects.knows(id));
    if loose_ends {
        let placed: Vec<bool> = found.iter().map(|lays: &Vec<Lay>| lays.iter().any(|l| l.first.is_some())).collect();
        let mut loose: HashSet<Numbered, foldhash::fast::RandomState> = HashSet::default();
        for tree in 0..all.count() as u32 {
            for (blob, name) in all.blobs(tree) {
                if !placed.get(*blob as usize).copied().unwrap_or(true) && loose.insert((*blob, *name)) {
                    let path = RepoPath::new(names[*name as usize].to_vec());
                    found[*blob as usize].push(Lay { path, first: None, last: None, in_head: false });
                }
            }
        }
    }
    found.iter_mut().for_each(|lays| {
        lays.sort();
        lays.dedup();
    });
    Found { lays: found, unread, named: also, missing, left_out }
}

/// Where each absent object lay first, by its number.
type AbsentAt = HashMap<u32, (Option<Rank>, RepoPath)>;

/// What is missing of what commits lead to.
fn missing(
    history: &History,
    (absent, at, partial): (Absent, AbsentAt, bool),
    ranks: &mut dyn Iterator<Item = Rank>,
    knows: &dyn Fn(&[u8]) -> bool,
) -> Missing {
    if partial {
        return Missing { count: absent.more.len(), first: None };
    }
    let reached = absent.numbers.iter().filter_map(|(id, number)| Some((at.get(number)?, *id)));
    let mut reached: Vec<_> = reached.map(|((rank, path), id)| (*rank, path.clone(), id)).collect();
    // The top of a commit is named by no tree.
    let tops: HashSet<BlobId> =
        ranks.filter_map(|rank| history.commit(rank)).map(|c| c.tree).filter(|id| !knows(id.as_bytes())).collect();
    let top = |id: &BlobId| (Some(0), RepoPath::default(), *id);
    reached.extend(tops.iter().map(top));
    let first = reached.iter().min().map(|(_, path, id)| (*id, path.clone()));
    let more = if reached.is_empty() { 0 } else { absent.more.len() };
    Missing { count: reached.len() + more, first }
}

/// Reads a tree, by its base where there is one: entries inside a part that was copied are what they were there. `leads` says
/// what an entry leads to, and `list` is handed every one that leads anywhere, in order.
fn marks(
    body: &[u8],
    base: Option<(&Vec<Mark>, usize, &[Stretch])>,
    hash_len: usize,
    leads: &dyn Fn(TreeEntry<'_>) -> Option<Lead>,
    list: &mut dyn FnMut(&Mark),
) -> Vec<Mark> {
    let (base, _, parts) = base.map_or((&[][..], 0, &[][..]), |(marks, len, parts)| (marks.as_slice(), len, parts));
    let mut marks: Vec<Mark> = Vec::with_capacity(base.len() + 4);
    let (mut at, mut since) = (0, 0);
    // Reads on to a place or over it; `None` where the tree is damaged.
    let mut read = |marks: &mut Vec<Mark>, at: &mut usize, to: usize, list: &mut dyn FnMut(&Mark)| {
        while *at < to {
            let (entry, next) = trees::entry_at(body, *at, hash_len)?;
            since += 1;
            if let Some((what, number, name)) = leads(entry) {
                let mark = Mark { at: *at as u32, end: next as u32, what, number, name };
                list(&mark);
                marks.push(mark);
                since = 0;
            } else if since >= STEP {
                marks.push(Mark { at: *at as u32, end: *at as u32, what: What::Place, number: NONE, name: NONE });
                since = 0;
            }
            *at = next;
        }
        Some(())
    };
    let mut hint = 0;
    for part in parts {
        let Some(from) = part.from else { continue };
        let end = from + part.len;
        let moved = |place: u32| place as usize - from + part.to;
        if base.get(hint).is_some_and(|m| m.at as usize > from) {
            hint = 0;
        }
        let mut next = hint + base.get(hint..).unwrap_or_default().partition_point(|m| (m.at as usize) < from);
        while let Some(mark) = base.get(next).filter(|m| m.end as usize <= end) {
            let place = moved(mark.at);
            if place > at && read(&mut marks, &mut at, place, list).is_none() {
                return marks;
            }
            if place == at {
                // From here on both trees have the same entries up to where the part ends.
                let same = base.get(next..).unwrap_or_default();
                let same = same.get(..same.partition_point(|m| m.end as usize <= end)).unwrap_or_default();
                for mark in same {
                    let mark = Mark { at: moved(mark.at) as u32, end: moved(mark.end) as u32, ..*mark };
                    if mark.what != What::Place {
                        list(&mark);
                    }
                    marks.push(mark);
                }
                at = marks.last().map_or(at, |m| m.end as usize);
                next += same.len();
                break;
            }
            next += 1;
        }
        hint = next.min(base.len().saturating_sub(1));
    }
    // What was damaged is read as far as it goes.
    let _ = read(&mut marks, &mut at, body.len(), list);
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A tree of files and directories, told apart by their names.
    fn tree(names: &[u8]) -> Vec<u8> {
        let entry = |n: &u8| {
            let mode = if n.is_multiple_of(5) { "40000" } else { "100644" };
            let id = if n.is_multiple_of(7) { [b'4'; 20] } else { [*n; 20] };
            [format!("{mode} name{n}\0").as_bytes(), &id].concat()
        };
        names.iter().flat_map(entry).collect()
    }

    fn leads(entry: TreeEntry<'_>) -> Option<Lead> {
        let number = u32::from(entry.id[0]);
        let what = if entry.is_tree() { What::Tree } else { What::Blob };
        (entry.is_tree() || number.is_multiple_of(3)).then_some((what, number, entry.name.len() as u32))
    }

    fn listed(body: &[u8], base: Option<(&Vec<Mark>, usize, &[Stretch])>) -> (Vec<(u32, Lead)>, Vec<Mark>) {
        let mut list = Vec::new();
        let marks = marks(body, base, 20, &leads, &mut |m| list.push((m.at, (m.what, m.end, m.number))));
        (list, marks)
    }

    proptest! {
        #[test]
        fn a_version_of_a_tree_reads_as_if_it_had_no_base(
            names in prop::collection::vec(any::<u8>(), 0..120),
            cuts in prop::collection::vec((0usize..4000, 0usize..1500, 0u8..4), 0..8),
        ) {
            let base = tree(&names);
            // Parts of the base, of any place and length, with or without something new between them: most of what comes of
            // them is a tree only for a while, and what is read must be the same all the same.
            let (mut body, mut parts) = (Vec::new(), Vec::new());
            for (from, len, new) in cuts {
                let from = if new == 3 { 0 } else { from.min(base.len()) };
                let len = len.min(base.len() - from);
                if len > 0 {
                    parts.push(Stretch { to: body.len(), len, from: Some(from) });
                    body.extend_from_slice(&base[from..from + len]);
                }
                let more = tree(&[new, 35][..usize::from(new % 3)]);
                if !more.is_empty() {
                    parts.push(Stretch { to: body.len(), len: more.len(), from: None });
                    body.extend(more);
                }
            }
            let (_, marks) = listed(&base, None);
            let (plain, _) = listed(&body, None);
            let (by_base, again) = listed(&body, Some((&marks, base.len(), &parts)));
            prop_assert_eq!(&by_base, &plain);
            // And so does a version of the version.
            let whole = [Stretch { to: 0, len: body.len(), from: Some(0) }];
            let (third, _) = listed(&body, Some((&again, body.len(), &whole)));
            prop_assert_eq!(third, plain);
        }
    }
}
