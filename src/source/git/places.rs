//! Where blobs lay: the paths and commits of the few blobs that matter, told by reading every tree once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Kind;
use super::history::{History, Rank};
use super::objects::{Item, Objects, Sweep, Unread};
use super::trees::{self, TreeEntry};
use crate::model::{BlobId, RepoPath, Stretch};

/// Where a blob lay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lay {
    /// The path; only the last name when no commit is known that the tree belongs to.
    pub path: RepoPath,
    /// The first commit that had it there.
    pub first: Option<Rank>,
    /// The last one.
    pub last: Option<Rank>,
    /// Whether HEAD has it there.
    pub in_head: bool,
}

/// Longest way down that is followed; git itself makes no deeper trees (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 4096;

/// No number.
const NONE: u32 = u32::MAX;

/// The number of a tree or blob, with the number of its name.
type Numbered = (u32, u32);

/// Numbers of names.
type NameNumbers = HashMap<Box<[u8]>, u32, foldhash::fast::RandomState>;

/// What is in trees, as far as it leads to something that matters, one list for all of them.
#[derive(Default)]
struct Trees {
    /// Number of a tree below, or of a wanted blob, with the number of its name.
    entries: Vec<(u32, u32)>,
    /// For each tree where its entries begin, how many are trees, and how many blobs.
    spans: Vec<(u32, u32, u32)>,
}

impl Trees {
    fn of(&self, tree: u32) -> (&[Numbered], &[Numbered]) {
        let (from, below, blobs) = self.spans.get(tree as usize).copied().unwrap_or_default();
        let (from, below, blobs) = (from as usize, below as usize, blobs as usize);
        let both = self.entries.get(from..from + below + blobs).unwrap_or_default();
        both.split_at(below.min(both.len()))
    }

    fn below(&self, tree: u32) -> &[(u32, u32)] {
        self.of(tree).0
    }

    fn blobs(&self, tree: u32) -> &[(u32, u32)] {
        self.of(tree).1
    }

    fn add(&mut self, tree: u32, below: &[(u32, u32)], blobs: &[(u32, u32)]) {
        // Four thousand million entries are more than this program is for; what comes after them leads nowhere.
        let Ok(from) = u32::try_from(self.entries.len()) else { return };
        if let Some(span) = self.spans.get_mut(tree as usize) {
            *span = (from, below.len() as u32, blobs.len() as u32);
            self.entries.extend_from_slice(below);
            self.entries.extend_from_slice(blobs);
        }
    }
}

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
const STEP: usize = 16;

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

thread_local! {
    /// Names that this thread asked the shared list for, and of which search.
    static KNOWN: RefCell<(u64, NameNumbers)> = RefCell::default();
    /// What is in one tree.
    static ONE: RefCell<(Vec<Numbered>, Vec<Numbered>)> = RefCell::default();
}

/// Counts searches, so that no thread takes a name's number of one for that of another.
static SEARCHES: AtomicU64 = AtomicU64::new(1);

/// The first bytes of an id, which are as good as random.
fn key(id: &[u8]) -> u64 {
    id.get(..8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

type Keyed<V> = HashMap<u64, V, foldhash::fast::RandomState>;

/// What a search gave.
pub struct Found {
    /// Where each wanted blob lay.
    pub lays: Vec<Vec<Lay>>,
    /// Trees that could not be read.
    pub unread: Vec<Unread>,
    /// How many blobs trees name that are not here; only counted where a remote promised to send them.
    pub missing: usize,
}

/// Where each of these blobs lay in the commits that `within` allows; blobs that lay nowhere have an empty list, unless
/// `loose_ends` asks for the names that trees of no commit give them.
pub fn find(
    objects: &Objects,
    history: &History,
    wanted: &[BlobId],
    (head, within): (Option<Rank>, &dyn Fn(Rank) -> bool),
    loose_ends: bool,
    stop: &AtomicBool,
) -> Found {
    let mut numbers: Keyed<u32> = Keyed::default();
    for id in objects.ids(Kind::Tree) {
        let next = numbers.len() as u32;
        numbers.entry(key(id)).or_insert(next);
    }
    let blobs: Keyed<u32> = wanted.iter().enumerate().map(|(i, id)| (key(id.as_bytes()), i as u32)).collect();
    // Most blobs are not wanted, and two bytes of their ids say so.
    let mut maybe = vec![0u64; 1 << 10];
    wanted.iter().for_each(|id| maybe[usize::from(bit(id.as_bytes()) >> 6)] |= 1 << (bit(id.as_bytes()) & 63));
    let names: Mutex<Names> = Mutex::default();
    let search = SEARCHES.fetch_add(1, Ordering::Relaxed);
    let mut all = Trees::default();
    all.spans.resize(numbers.len(), (0, 0, 0));
    let all = Mutex::new(all);
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
    let present: Option<HashSet<u64, foldhash::fast::RandomState>> =
        objects.is_partial().then(|| objects.ids(Kind::Blob).map(key).collect());
    let missing: Mutex<HashSet<u64>> = Mutex::default();
    let unread = objects.sweep(&sweep, &|item: Item<'_, Vec<Mark>>| {
        ONE.with_borrow_mut(|(below, held)| {
            below.clear();
            held.clear();
            let mut list = |mark: &Mark| match mark.what {
                What::Tree => below.push((mark.number, mark.name)),
                What::Blob | What::Place => held.push((mark.number, mark.name)),
            };
            let leads = |entry: TreeEntry<'_>| {
                if entry.is_tree() {
                    let number = numbers.get(&key(entry.id)).copied()?;
                    return Some((What::Tree, number, named(entry.name)));
                }
                if let Some(present) = &present
                    && !entry.is_commit()
                    && !present.contains(&key(entry.id))
                    && let Ok(mut missing) = missing.lock()
                {
                    missing.insert(key(entry.id));
                }
                let may_be = maybe[usize::from(bit(entry.id) >> 6)] >> (bit(entry.id) & 63) & 1 != 0;
                let blob = may_be.then(|| blobs.get(&key(entry.id)).copied()).flatten()?;
                Some((What::Blob, blob, named(entry.name)))
            };
            let marks = marks(item.bytes, item.base, hash_len, &leads, &mut list);
            if !(below.is_empty() && held.is_empty())
                && let Some(number) = numbers.get(&key(item.id))
                && let Ok(mut all) = all.lock()
            {
                all.add(*number, below, held);
            }
            marks
        })
    });
    KNOWN.take();
    let all = all.into_inner().unwrap_or_default();
    let leads = leads(&all);
    let names = names.into_inner().unwrap_or_default().list();
    let mut walk = Walk { trees: &all, leads: &leads, paths: Paths::default(), lays: HashMap::default() };
    let root = |rank: Rank| history.commit(rank).and_then(|c| numbers.get(&key(c.tree.as_bytes())).copied());
    let ranks = || (0..history.commits.len() as Rank).filter(|r| within(*r));
    let mut seen = HashSet::default();
    for rank in ranks() {
        if let Some(root) = root(rank) {
            walk.down(root, &mut seen, &mut |lay| lay.first = lay.first.or(Some(rank)));
        }
    }
    seen.clear();
    for rank in ranks().rev() {
        if let Some(root) = root(rank) {
            walk.down(root, &mut seen, &mut |lay| lay.last = lay.last.or(Some(rank)));
        }
    }
    if let Some(root) = head.and_then(root) {
        seen.clear();
        walk.down(root, &mut seen, &mut |lay| lay.in_head = true);
    }
    let mut found = vec![Vec::new(); wanted.len()];
    let Walk { paths, lays, .. } = walk;
    for ((blob, path), mut lay) in lays {
        lay.path = RepoPath::new(paths.text(path, &names));
        found[blob as usize].push(lay);
    }
    if loose_ends {
        for tree in 0..all.spans.len() as u32 {
            for (blob, name) in all
                .blobs(tree)
                .iter()
                .filter(|(b, _)| found[*b as usize].iter().all(|l| l.first.is_none()))
                .copied()
                .collect::<Vec<_>>()
            {
                let path = RepoPath::new(names[name as usize].to_vec());
                found[blob as usize].push(Lay { path, first: None, last: None, in_head: false });
            }
        }
    }
    found.iter_mut().for_each(|lays| {
        lays.sort();
        lays.dedup();
    });
    let missing = missing.into_inner().map_or(0, |missing| missing.len());
    Found { lays: found, unread, missing }
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

fn bit(id: &[u8]) -> u16 {
    id.get(..2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

/// Which trees lead to a wanted blob.
fn leads(trees: &Trees) -> Vec<bool> {
    const UNKNOWN: u8 = 0;
    const OPEN: u8 = 1;
    const NO: u8 = 2;
    const YES: u8 = 3;
    let mut state = vec![UNKNOWN; trees.spans.len()];
    let mut stack: Vec<(u32, usize)> = Vec::new();
    for start in 0..trees.spans.len() as u32 {
        if state[start as usize] != UNKNOWN {
            continue;
        }
        stack.push((start, 0));
        state[start as usize] = OPEN;
        while let Some((tree, next)) = stack.last_mut() {
            let this = *tree as usize;
            let below = trees.below(*tree);
            match below.get(*next) {
                Some((below, _)) => {
                    *next += 1;
                    // A tree that is open already would hold itself, which no hash allows.
                    if state[*below as usize] == UNKNOWN {
                        state[*below as usize] = OPEN;
                        stack.push((*below, 0));
                    }
                }
                None => {
                    let yes = !trees.blobs(*tree).is_empty() || below.iter().any(|(b, _)| state[*b as usize] == YES);
                    state[this] = if yes { YES } else { NO };
                    stack.pop();
                }
            }
        }
    }
    state.into_iter().map(|s| s == YES).collect()
}

/// Paths as chains of names, so that each is held once.
#[derive(Default)]
struct Paths {
    numbers: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    list: Vec<(u32, u32)>,
}

impl Paths {
    fn number(&mut self, parent: u32, name: u32) -> u32 {
        *self.numbers.entry((parent, name)).or_insert_with(|| {
            self.list.push((parent, name));
            self.list.len() as u32 - 1
        })
    }

    fn text(&self, path: u32, names: &[Box<[u8]>]) -> Vec<u8> {
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut at = path;
        while let Some((parent, name)) = self.list.get(at as usize) {
            parts.push(&names[*name as usize]);
            at = *parent;
        }
        parts.reverse();
        parts.join(&b'/')
    }
}

/// A walk down trees that lead somewhere.
struct Walk<'a> {
    trees: &'a Trees,
    leads: &'a [bool],
    paths: Paths,
    lays: HashMap<(u32, u32), Lay, foldhash::fast::RandomState>,
}

impl Walk<'_> {
    /// Every blob below a tree that was not seen at its path before.
    fn down(
        &mut self,
        root: u32,
        seen: &mut HashSet<(u32, u32), foldhash::fast::RandomState>,
        meet: &mut dyn FnMut(&mut Lay),
    ) {
        let mut waiting = vec![(root, NONE, 0)];
        while let Some((tree, path, depth)) = waiting.pop() {
            if !self.leads[tree as usize] || depth > MAX_DEPTH || !seen.insert((tree, path)) {
                continue;
            }
            for (blob, name) in self.trees.blobs(tree) {
                let at = self.paths.number(path, *name);
                let fresh = || Lay { path: RepoPath::default(), first: None, last: None, in_head: false };
                meet(self.lays.entry((*blob, at)).or_insert_with(fresh));
            }
            for (below, name) in self.trees.below(tree) {
                if self.leads[*below as usize] {
                    waiting.push((*below, self.paths.number(path, *name), depth + 1));
                }
            }
        }
    }
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
