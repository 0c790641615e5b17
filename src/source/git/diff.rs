//! What a tree has that others have not.

use super::Kind;
use super::objects::Objects;
use super::pack::Scratch;
use super::trees;
use crate::model::BlobId;

/// Deepest tree that is gone into, and most blobs of a directory that went away.
const MAX_DEPTH: usize = 4096;
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
    /// Objects that are not here or cannot be read.
    pub missing: Vec<BlobId>,
}

/// An entry of a tree, owned.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) id: BlobId,
    pub(super) is_tree: bool,
    pub(super) is_commit: bool,
}

/// Compares a tree with others; without others everything in it is new. What equals one of them is not: a merge brings in only
/// what differs from every parent.
pub fn against(objects: &Objects, scratch: &mut Scratch, tree: BlobId, olds: &[BlobId]) -> Changes {
    let mut changes = Changes::default();
    let mut waiting = vec![(tree, olds.to_vec(), Vec::new(), 0)];
    while let Some((tree, olds, path, depth)) = waiting.pop() {
        if olds.contains(&tree) || depth > MAX_DEPTH {
            continue;
        }
        let mut read = |id: &BlobId| entries(objects, scratch, id, &mut changes.missing);
        let new = read(&tree);
        let olds: Vec<Vec<Entry>> = olds.iter().map(&mut read).collect();
        let at = |entries: &[Entry], name: &[u8]| entries.iter().position(|e| e.name == name);
        for entry in &new {
            let same: Vec<&Entry> = olds.iter().filter_map(|o| at(o, &entry.name).map(|i| &o[i])).collect();
            if entry.is_commit || same.iter().any(|o| o.id == entry.id) {
                continue;
            }
            let below =
                |trees: bool| same.iter().filter(|o| o.is_tree == trees && !o.is_commit).map(|o| o.id).collect();
            let path = join(&path, &entry.name);
            if entry.is_tree {
                waiting.push((entry.id, below(true), path, depth + 1));
            } else {
                changes.files.push(Change { path, blob: entry.id, olds: below(false) });
            }
        }
        for old in olds.iter().flatten().filter(|o| !o.is_commit && at(&new, &o.name).is_none()) {
            gone(objects, scratch, old, join(&path, &old.name), &mut changes);
        }
    }
    changes.files.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

/// Every blob below an entry that went away.
pub(super) fn gone(objects: &Objects, scratch: &mut Scratch, entry: &Entry, path: Vec<u8>, changes: &mut Changes) {
    let mut waiting = vec![(entry.id, entry.is_tree, path, 0)];
    while let Some((id, is_tree, path, depth)) = waiting.pop() {
        if changes.gone.len() >= MAX_GONE || depth > MAX_DEPTH {
            return;
        }
        if !is_tree {
            changes.gone.push((path, id));
            continue;
        }
        for below in entries(objects, scratch, &id, &mut changes.missing).into_iter().filter(|e| !e.is_commit) {
            waiting.push((below.id, below.is_tree, join(&path, &below.name), depth + 1));
        }
    }
}

/// The entries of a tree; one that is not here is noted and has none.
pub(super) fn entries(objects: &Objects, scratch: &mut Scratch, id: &BlobId, missing: &mut Vec<BlobId>) -> Vec<Entry> {
    match objects.read(scratch, id.as_bytes()) {
        Ok(Some((Kind::Tree, body))) => trees::entries(&body, objects.hash_len())
            .filter_map(|e| {
                let (is_tree, is_commit) = (e.is_tree(), e.is_commit());
                Some(Entry { name: e.name.to_vec(), id: BlobId::from_bytes(e.id)?, is_tree, is_commit })
            })
            .collect(),
        _ => {
            missing.push(*id);
            Vec::new()
        }
    }
}

/// The blob that a tree has at a path.
pub fn at_path(objects: &Objects, scratch: &mut Scratch, tree: BlobId, path: &[u8]) -> Option<BlobId> {
    let mut id = tree;
    let mut missing = Vec::new();
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        let entry = entries(objects, scratch, &id, &mut missing).into_iter().find(|e| e.name == part)?;
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
        let entry = entries(objects, scratch, &id, &mut missing).into_iter().find(|e| e.name == part && e.is_tree)?;
        id = entry.id;
    }
    let files = entries(objects, scratch, &id, &mut missing).into_iter().filter(|e| !e.is_tree && !e.is_commit);
    Some(files.map(|e| e.name).collect())
}

/// A path and a name below it.
pub(super) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, name].join(&b'/') }
}
