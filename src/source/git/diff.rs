//! What a tree has that others have not.

use std::collections::HashMap;

use super::Kind;
use super::objects::Objects;
use super::pack::Scratch;
use super::room::Room;
use super::trees;
use crate::model::BlobId;

/// Most blobs of directories that went away. More of them only mean that what stood there is not known to be old.
const MAX_GONE: usize = 50_000;

/// A file that a tree has and none of the others has so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: Vec<u8>,
    /// Its content.
    pub blob: BlobId,
    /// What the others have at this path.
    pub olds: Vec<BlobId>,
}

/// What a tree brought in.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files, new or changed.
    pub files: Vec<Change>,
    /// Files of the others that it has not: path and content.
    pub gone: Vec<(Vec<u8>, BlobId)>,
    /// Trees that are not here or cannot be read, each once, with the first path of each.
    pub missing: Vec<(BlobId, Vec<u8>)>,
    /// What is left to compare with, by tree and what it is compared with.
    pub room: Room<(BlobId, Vec<BlobId>)>,
    /// The same for what went away. When something of that is left out, what stood there may be taken for new.
    pub room_gone: Room<BlobId>,
}

impl Changes {
    /// None yet, with room for so many entries of trees that were met before.
    pub fn with_room(again: usize) -> Self {
        Self { room: Room::new(again), room_gone: Room::new(again), ..Self::default() }
    }

    /// Puts everything into order.
    pub(super) fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.missing.sort();
        self.missing.dedup_by_key(|(id, _)| *id);
    }
}

/// An entry of a tree, owned.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) id: BlobId,
    pub(super) is_tree: bool,
    pub(super) is_commit: bool,
}

/// Compares a tree with others; without others everything in it is new. What equals one of them is not: a merge brings in only
/// what differs from every parent. Further paths of the same trees are looked at as far as `again` entries go.
pub fn against(objects: &Objects, scratch: &mut Scratch, tree: BlobId, olds: &[BlobId], again: usize) -> Changes {
    let mut changes = Changes::with_room(again);
    below(objects, scratch, (tree, olds), Vec::new(), &mut changes);
    changes.sort();
    changes
}

/// The same for a directory, added to what other directories brought in.
pub(super) fn below(
    objects: &Objects,
    scratch: &mut Scratch,
    (tree, olds): (BlobId, &[BlobId]),
    path: Vec<u8>,
    changes: &mut Changes,
) {
    let mut waiting = vec![(tree, each_once(olds.to_vec()), path, 0)];
    while let Some((tree, olds, path, depth)) = waiting.pop() {
        if olds.contains(&tree) {
            continue;
        }
        let mut lists = None;
        let mut read = || {
            let mut read = |id: &BlobId| entries(objects, scratch, id, &path, &mut changes.missing);
            (read(&tree), olds.iter().map(read).collect::<Vec<_>>())
        };
        let count = || {
            let (new, olds) = lists.insert(read());
            new.len() + olds.iter().map(Vec::len).sum::<usize>()
        };
        if !changes.room.enter((tree, olds.clone()), depth, count) {
            continue;
        }
        let (new, olds) = lists.unwrap_or_else(read);
        let by_name: Vec<HashMap<&[u8], &Entry>> = olds.iter().map(|old| named(old)).collect();
        for entry in &new {
            let same: Vec<&Entry> = by_name.iter().filter_map(|o| o.get(entry.name.as_slice()).copied()).collect();
            if entry.is_commit || same.iter().any(|o| o.id == entry.id) {
                continue;
            }
            let below = |trees: bool| {
                each_once(same.iter().filter(|o| o.is_tree == trees && !o.is_commit).map(|o| o.id).collect())
            };
            if !changes.room.name(path.len() + entry.name.len()) {
                continue;
            }
            let path = join(&path, &entry.name);
            if entry.is_tree {
                waiting.push((entry.id, below(true), path, depth + 1));
            } else {
                changes.files.push(Change { path, blob: entry.id, olds: below(false) });
            }
        }
        let there = named(&new);
        for old in olds.iter().flatten().filter(|o| !o.is_commit && !there.contains_key(o.name.as_slice())) {
            gone(objects, scratch, old, join(&path, &old.name), changes);
        }
    }
}

/// Ids without those that stand there before.
fn each_once(mut ids: Vec<BlobId>) -> Vec<BlobId> {
    if ids.len() > 1 {
        ids.sort_unstable();
        ids.dedup();
    }
    ids
}

/// Entries by name; of several of one name, which git makes none of, the first.
fn named(entries: &[Entry]) -> HashMap<&[u8], &Entry> {
    // Later ones are overwritten by earlier ones.
    entries.iter().rev().map(|e| (e.name.as_slice(), e)).collect()
}

/// Every blob below an entry that went away.
pub(super) fn gone(objects: &Objects, scratch: &mut Scratch, entry: &Entry, path: Vec<u8>, changes: &mut Changes) {
    let mut waiting = vec![(entry.id, entry.is_tree, path, 0)];
    while let Some((id, is_tree, path, depth)) = waiting.pop() {
        if changes.gone.len() >= MAX_GONE {
            return changes.room_gone.leave_out();
        }
        if !changes.room_gone.name(path.len()) {
            return;
        }
        if !is_tree {
            changes.gone.push((path, id));
            continue;
        }
        let mut list = None;
        let mut read = || entries(objects, scratch, &id, &path, &mut changes.missing);
        if !changes.room_gone.enter(id, depth, || list.insert(read()).len()) {
            continue;
        }
        for below in list.unwrap_or_else(read).into_iter().filter(|e| !e.is_commit) {
            waiting.push((below.id, below.is_tree, join(&path, &below.name), depth + 1));
        }
    }
}

/// The entries of a tree; one that is not here is noted with its path and has none.
pub(super) fn entries(
    objects: &Objects,
    scratch: &mut Scratch,
    id: &BlobId,
    path: &[u8],
    missing: &mut Vec<(BlobId, Vec<u8>)>,
) -> Vec<Entry> {
    match objects.read(scratch, id.as_bytes()) {
        Ok(Some((Kind::Tree, body))) => trees::entries(&body, objects.hash_len())
            .filter_map(|e| {
                let (is_tree, is_commit) = (e.is_tree(), e.is_commit());
                Some(Entry { name: e.name.to_vec(), id: BlobId::from_bytes(e.id)?, is_tree, is_commit })
            })
            .collect(),
        _ => {
            missing.push((*id, path.to_vec()));
            Vec::new()
        }
    }
}

/// What a tree names, by name; nothing when it is not here.
pub fn ids_in(objects: &Objects, scratch: &mut Scratch, tree: &BlobId) -> HashMap<Vec<u8>, BlobId> {
    let all = entries(objects, scratch, tree, &[], &mut Vec::new());
    all.into_iter().rev().filter(|e| !e.is_commit).map(|e| (e.name, e.id)).collect()
}

/// The blob that a tree has at a path.
pub fn at_path(objects: &Objects, scratch: &mut Scratch, tree: BlobId, path: &[u8]) -> Option<BlobId> {
    let mut id = tree;
    let mut missing = Vec::new();
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        let entry = entries(objects, scratch, &id, &[], &mut missing).into_iter().find(|e| e.name == part)?;
        if entry.is_commit || entry.is_tree != parts.peek().is_some() {
            return None;
        }
        id = entry.id;
    }
    Some(id)
}

/// The names of the files that a tree has in a directory, sorted; `None` when it has no such directory.
pub fn names_in(objects: &Objects, scratch: &mut Scratch, tree: BlobId, path: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut id = tree;
    let mut missing = Vec::new();
    for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
        let entry =
            entries(objects, scratch, &id, &[], &mut missing).into_iter().find(|e| e.name == part && e.is_tree)?;
        id = entry.id;
    }
    let files = entries(objects, scratch, &id, &[], &mut missing).into_iter().filter(|e| !e.is_tree && !e.is_commit);
    Some(files.map(|e| e.name).collect())
}

/// A path and a name below it.
pub(super) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, name].join(&b'/') }
}
