//! Git's index: what the next commit will hold (<https://git-scm.com/docs/index-format>), versions 2 to 4, split and sparse
//! ones included.

use std::collections::HashMap;
use std::path::Path;

use super::diff::{self, Change, Changes};
use super::objects::Objects;
use super::pack::Scratch;
use super::regular;
use crate::model::BlobId;

/// Largest index that is read.
const MAX_SIZE: u64 = 1 << 30;

/// Most bytes of paths: what an index of this many bytes may hold, since those of version 4 repeat what stands before them.
fn most_paths(length: usize) -> usize {
    length.saturating_mul(8).clamp(64 << 20, (1 << 31) - 1)
}

/// What is wrong with an index.
type Fault = &'static str;

const DAMAGED: Fault = "it is damaged, or of a version this program does not know; `git status` writes it anew";
const PATHS: Fault = "its paths take far more room than the file itself, as no index of git's does";
const BITS: Fault = "its bitmaps are longer than the index that they belong to";

/// Modes of entries (<https://git-scm.com/docs/index-format#_index_entry>).
const DIRECTORY: u32 = 0o040_000;
const COMMIT: u32 = 0o160_000;

/// An entry, its path in the arena of the index.
#[derive(Debug, Clone, Copy)]
struct Raw {
    path: (u32, u32),
    id: [u8; 32],
    mode: u32,
    stage: u8,
    intent_to_add: bool,
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry<'a> {
    /// The path, `/` between segments.
    pub path: &'a [u8],
    /// Its content; of a directory of a sparse index its tree.
    pub id: BlobId,
    /// Type and permissions, as trees have them.
    pub mode: u32,
    /// 0, or which side of a conflict it is.
    pub stage: u8,
}

impl IndexEntry<'_> {
    /// A commit of another repository: a submodule.
    #[must_use]
    pub fn is_commit(&self) -> bool {
        self.mode & 0o170_000 == COMMIT
    }
}

/// An index.
#[derive(Debug, Default)]
pub struct Index {
    hash_len: usize,
    paths: Vec<u8>,
    entries: Vec<Raw>,
    /// Trees that are known already, by path: id, and how many entries they cover.
    trees: HashMap<Vec<u8>, (BlobId, usize)>,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(count).ok_or(DAMAGED)?;
        let taken = self.bytes.get(self.at..end).ok_or(DAMAGED)?;
        self.at = end;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| DAMAGED)
    }

    fn be16(&mut self) -> Result<u16, Fault> {
        self.number().map(u16::from_be_bytes)
    }

    fn be32(&mut self) -> Result<u32, Fault> {
        self.number().map(u32::from_be_bytes)
    }

    fn be64(&mut self) -> Result<u64, Fault> {
        self.number().map(u64::from_be_bytes)
    }

    fn until(&mut self, stop: u8) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).ok_or(DAMAGED)?;
        let end = memchr::memchr(stop, rest).ok_or(DAMAGED)?;
        self.at += end + 1;
        Ok(&rest[..end])
    }

    /// A number of the offset encoding of packs.
    fn offset(&mut self) -> Result<usize, Fault> {
        let [mut byte] = self.number()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.number()?;
            value = value.checked_add(1).and_then(|v| v.checked_mul(128)).ok_or(DAMAGED)? | usize::from(byte & 0x7f);
        }
        Ok(value)
    }
}

/// What the `link` extension says: the shared index, and in two bitmaps which of its entries go or are replaced.
struct Link {
    shared: Vec<u8>,
    bits: Vec<u8>,
}

impl Index {
    /// The index in a git directory; `None` when there is none.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(git_dir: &Path, hash_len: usize) -> Result<Option<Self>, String> {
        Self::read_at(git_dir, &git_dir.join("index"), hash_len)
    }

    /// The same of another file than `index`; what it shares with others lies in the git directory all the same.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read_at(git_dir: &Path, path: &Path, hash_len: usize) -> Result<Option<Self>, String> {
        Self::read_file(git_dir, path, hash_len, true)
    }

    fn read_file(git_dir: &Path, path: &Path, hash_len: usize, may_link: bool) -> Result<Option<Self>, String> {
        let bytes = match regular::read(path, MAX_SIZE) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.to_string()),
            Ok(bytes) => bytes,
        };
        let (mut index, link) = Self::parse(&bytes, hash_len)?;
        let Some(link) = link else {
            index.sort();
            return Ok(Some(index));
        };
        if !may_link {
            return Err(DAMAGED.to_owned());
        }
        let name = data_encoding::HEXLOWER.encode(&link.shared);
        let shared = Self::read_file(git_dir, &git_dir.join(format!("sharedindex.{name}")), hash_len, false)?;
        let shared = shared.ok_or_else(|| format!("its other half, sharedindex.{name}, is not there"))?;
        index.join(shared, &link)?;
        Ok(Some(index))
    }

    /// An index by its bytes, without the half that it may share with others.
    ///
    /// # Errors
    /// Says what is wrong with it.
    #[doc(hidden)]
    pub fn of_bytes(bytes: &[u8], hash_len: usize) -> Result<Self, String> {
        let (mut index, link) = Self::parse(bytes, hash_len)?;
        if let Some(link) = link {
            link.bits(index.entries.len())?;
        }
        index.sort();
        Ok(index)
    }

    fn parse(bytes: &[u8], hash_len: usize) -> Result<(Self, Option<Link>), Fault> {
        let body = bytes.len().checked_sub(hash_len).and_then(|end| bytes.get(..end)).ok_or(DAMAGED)?;
        let mut reader = Reader { bytes: body, at: 0 };
        if reader.take(4)? != b"DIRC" {
            return Err(DAMAGED);
        }
        let version = reader.be32()?;
        let count = reader.be32()? as usize;
        if !(2..=4).contains(&version) || count > body.len() / (42 + hash_len) + 1 {
            return Err(DAMAGED);
        }
        let mut index = Self { hash_len, entries: Vec::with_capacity(count), ..Self::default() };
        index.paths.reserve(body.len() / 2);
        let mut last = (0, 0);
        for _ in 0..count {
            last = index.entry(&mut reader, version, last)?;
        }
        let mut link = None;
        while body.len() - reader.at >= 8 {
            let signature = reader.take(4)?;
            let length = reader.be32()? as usize;
            let data = reader.take(length)?;
            match signature {
                // What is known of trees spares work and is needed for nothing.
                b"TREE" if index.read_trees(data).is_err() => index.trees = HashMap::new(),
                b"TREE" => {}
                b"link" => {
                    let (shared, bits) = data.split_at_checked(hash_len).ok_or(DAMAGED)?;
                    link = Some(Link { shared: shared.to_vec(), bits: bits.to_vec() });
                }
                // An extension in lower case must be understood (`sdir` says that directories may be entries).
                b"sdir" => {}
                [first, ..] if first.is_ascii_lowercase() => return Err(DAMAGED),
                _ => {}
            }
        }
        Ok((index, link))
    }

    fn entry(&mut self, reader: &mut Reader<'_>, version: u32, last: (u32, u32)) -> Result<(u32, u32), Fault> {
        let start = reader.at;
        reader.take(24)?;
        let mode = reader.be32()?;
        reader.take(12)?;
        let raw_id = reader.take(self.hash_len)?;
        let flags = reader.be16()?;
        let extended = if flags & 0x4000 != 0 && version >= 3 { reader.be16()? } else { 0 };
        let from = self.paths.len();
        if version == 4 {
            let drop = reader.offset()?;
            let keep = (last.1 as usize).checked_sub(drop).ok_or(DAMAGED)?;
            let rest = reader.until(0)?;
            if from + keep + rest.len() > most_paths(reader.bytes.len()) {
                return Err(PATHS);
            }
            let at = last.0 as usize;
            self.paths.extend_from_within(at..at + keep);
            self.paths.extend_from_slice(rest);
        } else {
            self.paths.extend_from_slice(reader.until(0)?);
            // One to eight zero bytes behind the path, to a multiple of eight.
            let used = reader.at - start;
            reader.take((8 - used % 8) % 8)?;
        }
        let path = (from as u32, (self.paths.len() - from) as u32);
        let mut id = [0; 32];
        id.get_mut(..self.hash_len).ok_or(DAMAGED)?.copy_from_slice(raw_id);
        let stage = (flags >> 12 & 3) as u8;
        self.entries.push(Raw { path, id, mode, stage, intent_to_add: extended & 0x2000 != 0 });
        Ok(path)
    }

    /// The `TREE` extension: path, entries covered, subtrees, and the id of trees that are still right.
    fn read_trees(&mut self, data: &[u8]) -> Result<(), Fault> {
        let mut reader = Reader { bytes: data, at: 0 };
        // Names of trees below each other repeat what is above them.
        let mut room = most_paths(data.len());
        // Of each open tree its path and how many subtrees are still to come.
        let mut open: Vec<(Vec<u8>, usize)> = Vec::new();
        while reader.at < data.len() {
            let name = reader.until(0)?;
            let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<i64>().ok();
            let covered = number(reader.until(b' ')?).ok_or(DAMAGED)?;
            let below = number(reader.until(b'\n')?).and_then(|n| usize::try_from(n).ok()).ok_or(DAMAGED)?;
            let mut path = open.last().map(|(p, _)| p.clone()).unwrap_or_default();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            room = room.checked_sub(path.len()).ok_or(PATHS)?;
            if let Ok(covered) = usize::try_from(covered) {
                let id = BlobId::from_bytes(reader.take(self.hash_len)?).ok_or(DAMAGED)?;
                self.trees.insert(path.clone(), (id, covered));
            }
            if let Some((_, left)) = open.last_mut() {
                *left = left.checked_sub(1).ok_or(DAMAGED)?;
            }
            open.push((path, below));
            while open.last().is_some_and(|(_, left)| *left == 0) {
                open.pop();
            }
        }
        Ok(())
    }

    /// Puts the entries of a shared index under those of this one.
    fn join(&mut self, shared: Self, link: &Link) -> Result<(), Fault> {
        let (deleted, replaced) = link.bits(shared.entries.len())?;
        let base = u32::try_from(self.paths.len()).map_err(|_| PATHS)?;
        base.checked_add(u32::try_from(shared.paths.len()).map_err(|_| PATHS)?).ok_or(PATHS)?;
        let mut own = std::mem::take(&mut self.entries).into_iter();
        self.paths.extend_from_slice(&shared.paths);
        let mut all = Vec::with_capacity(shared.entries.len() + own.len());
        for (i, mut entry) in shared.entries.into_iter().enumerate() {
            entry.path.0 += base;
            let is = |bits: &[bool]| bits.get(i).copied().unwrap_or(false);
            if is(&replaced) {
                // Entries that replace others come first, in their order and without names.
                if let Some(new) = own.next() {
                    entry = Raw { path: entry.path, ..new };
                }
            }
            if !is(&deleted) {
                all.push(entry);
            }
        }
        all.extend(own);
        self.entries = all;
        self.sort();
        Ok(())
    }

    /// Puts the entries into git's order, which comparing relies on.
    fn sort(&mut self) {
        let Self { entries, paths, .. } = self;
        let path = |raw: &Raw| &paths[raw.path.0 as usize..(raw.path.0 + raw.path.1) as usize];
        entries.sort_by(|a, b| (path(a), a.stage).cmp(&(path(b), b.stage)));
    }

    fn path(&self, raw: &Raw) -> &[u8] {
        self.paths.get(raw.path.0 as usize..(raw.path.0 + raw.path.1) as usize).unwrap_or_default()
    }

    /// The entries, in order of their paths; what `git add --intent-to-add` only announced is left out.
    pub fn entries(&self) -> impl Iterator<Item = IndexEntry<'_>> {
        self.entries.iter().filter(|e| !e.intent_to_add).filter_map(|e| self.shown(e))
    }

    fn shown(&self, raw: &Raw) -> Option<IndexEntry<'_>> {
        let id = BlobId::from_bytes(raw.id.get(..self.hash_len)?)?;
        Some(IndexEntry { path: self.path(raw), id, mode: raw.mode, stage: raw.stage })
    }

    /// What a commit of this index would bring in, compared with a tree. Directories that both have are not gone into.
    pub fn against(&self, objects: &Objects, scratch: &mut Scratch, tree: Option<BlobId>) -> Changes {
        let mut changes = Changes::default();
        let mut waiting = vec![Part { from: 0, to: self.entries.len(), dir: 0, tree }];
        while let Some(part) = waiting.pop() {
            self.directory(objects, scratch, &part, &mut waiting, &mut changes);
        }
        changes.sort();
        changes
    }

    fn directory(
        &self,
        objects: &Objects,
        scratch: &mut Scratch,
        part: &Part,
        waiting: &mut Vec<Part>,
        changes: &mut Changes,
    ) {
        let entries = self.entries.get(part.from..part.to).unwrap_or_default();
        let Some(tree) = part.tree else {
            // Everything below a directory that the tree has not is new.
            return entries.iter().for_each(|raw| self.compare(objects, scratch, raw, None, changes));
        };
        let dir = entries.first().and_then(|e| self.path(e).get(..part.dir)).unwrap_or_default();
        if self.trees.get(dir).is_some_and(|(id, covered)| *covered == entries.len() && *id == tree) {
            return;
        }
        let old = diff::entries(objects, scratch, &tree, dir, &mut changes.missing);
        let old: HashMap<&[u8], &diff::Entry> = old.iter().map(|e| (e.name.as_slice(), e)).collect();
        let mut met: Vec<&[u8]> = Vec::new();
        let skip = if dir.is_empty() { 0 } else { dir.len() + 1 };
        let mut at = 0;
        while let Some(raw) = entries.get(at) {
            let path = self.path(raw);
            let rest = path.get(skip..).unwrap_or_default();
            let slash = memchr::memchr(b'/', rest);
            let name = rest.get(..slash.unwrap_or(rest.len())).unwrap_or_default();
            met.push(name);
            let before = old.get(name).copied();
            // A directory of a sparse index is an entry of the directory that it lies in, and ends in a slash.
            let leaf = slash.is_none_or(|slash| raw.is_directory() && slash + 1 == rest.len());
            if leaf {
                self.compare(objects, scratch, raw, before, changes);
                at += 1;
                continue;
            }
            let prefix = path.get(..=skip + name.len()).unwrap_or_default();
            let below = entries[at..].partition_point(|e| self.path(e).starts_with(prefix)).max(1);
            waiting.push(Part {
                from: part.from + at,
                to: part.from + at + below,
                dir: skip + name.len(),
                tree: before.filter(|e| e.is_tree).map(|e| e.id),
            });
            at += below;
        }
        met.sort_unstable();
        for entry in old.values().filter(|e| !e.is_commit && met.binary_search(&e.name.as_slice()).is_err()) {
            diff::gone(objects, scratch, entry, diff::join(dir, &entry.name), changes);
        }
    }

    /// One entry, and what the tree has in its place.
    fn compare(
        &self,
        objects: &Objects,
        scratch: &mut Scratch,
        raw: &Raw,
        before: Option<&diff::Entry>,
        changes: &mut Changes,
    ) {
        let Some(entry) = self.shown(raw).filter(|e| !raw.intent_to_add && !e.is_commit()) else { return };
        let before = before.filter(|e| !e.is_commit);
        if before.is_some_and(|e| e.id == entry.id) {
            return;
        }
        let olds: Vec<BlobId> = before.filter(|e| e.is_tree == raw.is_directory()).map(|e| e.id).into_iter().collect();
        if !raw.is_directory() {
            return changes.files.push(Change { path: entry.path.to_vec(), blob: entry.id, olds });
        }
        let path = entry.path.strip_suffix(b"/").unwrap_or(entry.path);
        diff::below(objects, scratch, (entry.id, &olds), path.to_vec(), changes);
    }
}

/// A directory of an index that is still to be compared.
struct Part {
    /// Its entries.
    from: usize,
    to: usize,
    /// How much of their paths is its own path.
    dir: usize,
    /// The tree that it is compared with.
    tree: Option<BlobId>,
}

impl Raw {
    fn is_directory(&self) -> bool {
        self.mode & 0o170_000 == DIRECTORY
    }
}

impl Link {
    /// Which entries of a shared index with so many of them go, and which are replaced.
    fn bits(&self, entries: usize) -> Result<(Vec<bool>, Vec<bool>), Fault> {
        let mut reader = Reader { bytes: &self.bits, at: 0 };
        let mut next = || if reader.at < reader.bytes.len() { bitmap(&mut reader, entries) } else { Ok(Vec::new()) };
        Ok((next()?, next()?))
    }
}

/// A bitmap of so many bits at most in EWAH form: words that say how many words of one bit and how many literal words follow
/// (<https://git-scm.com/docs/bitmap-format#_appendix_a_serialization_format_for_an_ewah_bitmap>).
fn bitmap(reader: &mut Reader<'_>, most: usize) -> Result<Vec<bool>, Fault> {
    let size = reader.be32()? as usize;
    let mut left = reader.be32()? as usize;
    // Git counts in whole words here and there.
    if size > most.saturating_add(64) {
        return Err(BITS);
    }
    let mut bits = Vec::with_capacity(size + 64);
    while left > 0 {
        let head = reader.be64()?;
        left -= 1;
        let run = (head >> 1 & 0xffff_ffff) as usize;
        let room = size.saturating_sub(bits.len());
        bits.extend(std::iter::repeat_n(head & 1 == 1, run.saturating_mul(64).min(room)));
        let literals = ((head >> 33) as usize).min(left);
        for _ in 0..literals {
            let word = reader.be64()?;
            if bits.len() < size {
                bits.extend((0..64).map(|i| word >> i & 1 == 1));
            }
        }
        left -= literals;
    }
    reader.be32()?;
    bits.truncate(size);
    Ok(bits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// An index of version 4 with these paths: how much goes of the one before, and what comes.
    fn index(paths: &[(u8, &[u8])], more: &[u8]) -> Vec<u8> {
        let mut bytes = [&b"DIRC"[..], &[0, 0, 0, 4], &(paths.len() as u32).to_be_bytes()].concat();
        for (drop, rest) in paths {
            bytes.extend_from_slice(&[0; 62]);
            bytes.push(*drop);
            bytes.extend_from_slice(rest);
            bytes.push(0);
        }
        bytes.extend_from_slice(more);
        bytes.extend_from_slice(&[0; 20]);
        bytes
    }

    #[test]
    fn paths_of_version_4_do_not_fill_the_memory() {
        let good = Index::of_bytes(&index(&[(0, b"a/b"), (1, b"c")], &[]), 20).unwrap();
        assert_eq!(good.entries().map(|e| e.path).collect::<Vec<_>>(), [b"a/b", b"a/c"]);
        let long = vec![b'x'; 1 << 20];
        let paths: Vec<(u8, &[u8])> =
            std::iter::once((0, &long[..])).chain(std::iter::repeat_n((0, &b"y"[..]), 4000)).collect();
        assert_eq!(Index::of_bytes(&index(&paths, &[]), 20).unwrap_err(), PATHS);
    }

    #[test]
    fn bitmaps_are_no_longer_than_the_index() {
        let bitmap =
            [&(1u32 << 28).to_be_bytes()[..], &[0, 0, 0, 1], &(0x1_ffff_ffffu64).to_be_bytes(), &[0; 4]].concat();
        let data = [&[7; 20][..], &bitmap].concat();
        let link = [&b"link"[..], &(data.len() as u32).to_be_bytes(), &data].concat();
        assert_eq!(Index::of_bytes(&index(&[(0, b"a")], &link), 20).unwrap_err(), BITS);
    }

    #[test]
    fn trees_that_hold_each_other_without_end_are_not_kept() {
        let data = [&b"\0-1 1\n"[..], &b"x\0-1 1\n".repeat(50_000)].concat();
        let trees = [&b"TREE"[..], &(data.len() as u32).to_be_bytes(), &data].concat();
        let index = Index::of_bytes(&index(&[(0, b"a")], &trees), 20).unwrap();
        assert_eq!((index.entries.len(), index.trees.len()), (1, 0));
    }
}
