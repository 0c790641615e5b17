//! Ways down trees: which of them lead to blobs that matter, and the paths that lead there.

use std::collections::{HashMap, HashSet};

use super::history::Rank;
use super::room::Room;
use crate::model::RepoPath;

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

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// The number of a tree or blob, with the number of its name.
pub(super) type Numbered = (u32, u32);

/// What is in trees, as far as it leads to something that matters.
#[derive(Default)]
pub(super) struct Trees {
    /// Numbers of trees below, and of wanted blobs, with the numbers of their names. In pieces, each tree in one of them, so that what
    /// grows large is never moved.
    entries: Vec<Vec<Numbered>>,
    /// For each tree in which piece its entries are, where they begin there, how many are trees, and how many blobs.
    spans: Vec<Lies>,
}

/// Where the entries of a tree are.
#[derive(Debug, Default, Clone, Copy)]
struct Lies {
    piece: u32,
    from: u32,
    below: u32,
    blobs: u32,
}

/// Entries of a piece, but for trees that have more.
const PIECE: usize = 1 << 16;

impl Trees {
    /// For so many trees.
    pub(super) fn new(count: usize) -> Self {
        Self { entries: Vec::new(), spans: vec![Lies::default(); count] }
    }

    /// How many trees there are.
    pub(super) fn count(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn of(&self, tree: u32) -> (&[Numbered], &[Numbered]) {
        let Lies { piece, from, below, blobs } = self.spans.get(tree as usize).copied().unwrap_or_default();
        let (from, below, blobs) = (from as usize, below as usize, blobs as usize);
        let piece = self.entries.get(piece as usize).map_or(&[][..], Vec::as_slice);
        let both = piece.get(from..from + below + blobs).unwrap_or_default();
        both.split_at(below.min(both.len()))
    }

    pub(super) fn below(&self, tree: u32) -> &[Numbered] {
        self.of(tree).0
    }

    pub(super) fn blobs(&self, tree: u32) -> &[Numbered] {
        self.of(tree).1
    }

    pub(super) fn add(&mut self, tree: u32, below: &[Numbered], blobs: &[Numbered]) {
        let Some(span) = self.spans.get_mut(tree as usize) else { return };
        let count = below.len() + blobs.len();
        if self.entries.last().is_none_or(|piece| piece.capacity() - piece.len() < count) {
            self.entries.push(Vec::with_capacity(PIECE.max(count)));
        }
        let last = self.entries.len() - 1;
        let Some(piece) = self.entries.last_mut() else { return };
        *span =
            Lies { piece: last as u32, from: piece.len() as u32, below: below.len() as u32, blobs: blobs.len() as u32 };
        piece.extend_from_slice(below);
        piece.extend_from_slice(blobs);
    }
}

/// Which trees lead to a wanted blob.
pub(super) fn leads(trees: &Trees) -> Vec<bool> {
    const UNKNOWN: u8 = 0;
    const OPEN: u8 = 1;
    const NO: u8 = 2;
    const YES: u8 = 3;
    let mut state = vec![UNKNOWN; trees.count()];
    let mut stack: Vec<(u32, usize)> = Vec::new();
    for start in 0..trees.count() as u32 {
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
pub(super) struct Paths {
    numbers: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    /// The path above, the name, and the length of both.
    list: Vec<(u32, u32, usize)>,
    /// How long each name is.
    names: Vec<usize>,
    /// What may be written out.
    pub(super) room: Room<()>,
}

impl Paths {
    pub(super) fn new(names: Vec<usize>) -> Self {
        Self { numbers: HashMap::default(), list: Vec::new(), names, room: Room::default() }
    }

    pub(super) fn number(&mut self, parent: u32, name: u32) -> u32 {
        let length = self.length(parent) + 1 + self.names.get(name as usize).copied().unwrap_or(0);
        *self.numbers.entry((parent, name)).or_insert_with(|| {
            self.list.push((parent, name, length));
            self.list.len() as u32 - 1
        })
    }

    pub(super) fn length(&self, path: u32) -> usize {
        self.list.get(path as usize).map_or(0, |(.., length)| *length)
    }

    pub(super) fn text(&self, path: u32, names: &[Box<[u8]>]) -> Vec<u8> {
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut at = path;
        while let Some((parent, name, _)) = self.list.get(at as usize) {
            parts.push(&names[*name as usize]);
            at = *parent;
        }
        parts.reverse();
        parts.join(&b'/')
    }
}

/// Where blobs lay, by blob and path, in the order in which they were met.
#[derive(Default)]
pub(super) struct Lays {
    numbers: HashMap<(u32, u32), usize, foldhash::fast::RandomState>,
    pub(super) list: Vec<((u32, u32), Lay)>,
}

/// Where one pass was.
#[derive(Default)]
struct Gone {
    /// Trees by path.
    seen: HashSet<(u32, u32), foldhash::fast::RandomState>,
    room: Room<u32>,
    /// The tree that was gone into last at each path, the top before all others.
    last: Vec<u32>,
}

impl Gone {
    /// The tree that was gone into last at a path, where this one takes its place.
    fn last_at(&mut self, path: u32, tree: u32) -> Option<u32> {
        let at = path.wrapping_add(1) as usize;
        if at >= self.last.len() {
            self.last.resize(at + 1, NONE);
        }
        Some(std::mem::replace(&mut self.last[at], tree)).filter(|last| *last != NONE)
    }
}

/// The entries of a tree from the first to the last that another one, gone into at the same path, does not have in the same place:
/// versions of a tree differ in few, and the others were met with the other tree.
fn differing<'t>(entries: &'t [Numbered], known: &[Numbered]) -> &'t [Numbered] {
    let same = entries.iter().zip(known).take_while(|(a, b)| a == b).count();
    let (entries, known) = (&entries[same..], &known[same..]);
    let same = entries.iter().rev().zip(known.iter().rev()).take_while(|(a, b)| a == b).count();
    &entries[..entries.len() - same]
}

/// A walk down trees that lead somewhere.
pub(super) struct Walk<'a> {
    pub(super) trees: &'a Trees,
    pub(super) leads: &'a [bool],
    pub(super) paths: Paths,
    pub(super) lays: Lays,
    pub(super) left_out: u64,
}

impl Walk<'_> {
    /// Walks down the trees of some commits. Only the first pass finds places: when it has to leave some out, what later ones
    /// would find in their order is not the same.
    pub(super) fn pass(
        &mut self,
        roots: &mut dyn Iterator<Item = (Rank, u32)>,
        first: bool,
        meet: &mut dyn FnMut(&mut Lay, Rank),
    ) {
        let mut gone = Gone::default();
        // Nearly every tree that leads anywhere has one path.
        gone.seen.reserve(self.leads.iter().filter(|leads| **leads).count());
        for (rank, root) in roots {
            self.down(root, &mut gone, first, &mut |lay| meet(lay, rank));
        }
        if first {
            self.left_out = gone.room.left_out();
        }
    }

    /// Every blob below a tree that was not seen at its path before.
    fn down(&mut self, root: u32, gone: &mut Gone, first: bool, meet: &mut dyn FnMut(&mut Lay)) {
        let mut waiting = vec![(root, NONE, 0)];
        while let Some((tree, path, depth)) = waiting.pop() {
            if !self.leads[tree as usize] || !gone.seen.insert((tree, path)) {
                continue;
            }
            let (below, blobs) = self.trees.of(tree);
            if !gone.room.enter(tree, depth, || below.len() + blobs.len()) {
                continue;
            }
            let last = gone.last_at(path, tree);
            let (known_below, known_blobs) = last.map_or((&[][..], &[][..]), |last| self.trees.of(last));
            let (below, blobs) = (differing(below, known_below), differing(blobs, known_blobs));
            for (blob, name) in blobs {
                let at = (*blob, self.paths.number(path, *name));
                let number = match self.lays.numbers.get(&at) {
                    Some(number) => *number,
                    None if first => {
                        let lay = Lay { path: RepoPath::default(), first: None, last: None, in_head: false };
                        self.lays.numbers.insert(at, self.lays.list.len());
                        self.lays.list.push((at, lay));
                        self.lays.list.len() - 1
                    }
                    None => continue,
                };
                if let Some((_, lay)) = self.lays.list.get_mut(number) {
                    meet(lay);
                }
            }
            for (below, name) in below {
                if self.leads[*below as usize] {
                    waiting.push((*below, self.paths.number(path, *name), depth + 1));
                }
            }
        }
    }
}
