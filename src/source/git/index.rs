//! Git's index: what the next commit will hold (<https://git-scm.com/docs/index-format>), versions 2 to 4, split and sparse
//! ones included.

use std::collections::HashMap;
use std::path::Path;

use super::diff::{self, Change, Changes};
use super::objects::Objects;
use super::pack::Scratch;
use crate::model::BlobId;

/// Largest index that is read.
const MAX_SIZE: u64 = 2 << 30;

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
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn be32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn be64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn until(&mut self, stop: u8) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(stop, rest)?;
        self.at += end + 1;
        Some(&rest[..end])
    }

    /// A number of the offset encoding of packs.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = *self.take(1)?.first()?;
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            value = value.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
        }
        Some(value)
    }
}

/// What the `link` extension says: the shared index, and which of its entries go or are replaced.
struct Link {
    shared: Vec<u8>,
    deleted: Vec<bool>,
    replaced: Vec<bool>,
}

impl Index {
    /// The index in a git directory; `None` when there is none.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(git_dir: &Path, hash_len: usize) -> Result<Option<Self>, String> {
        Self::read_file(git_dir, &git_dir.join("index"), hash_len, true)
    }

    fn read_file(git_dir: &Path, path: &Path, hash_len: usize, may_link: bool) -> Result<Option<Self>, String> {
        let length = match std::fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.to_string()),
            Ok(meta) => meta.len(),
        };
        if length > MAX_SIZE {
            return Err("it is larger than any index should be".to_owned());
        }
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        let damaged =
            || "it is damaged, or of a version this program does not know; `git status` writes it anew".to_owned();
        let (mut index, link) = Self::parse(&bytes, hash_len).ok_or_else(damaged)?;
        let Some(link) = link else { return Ok(Some(index)) };
        if !may_link {
            return Err(damaged());
        }
        let name = data_encoding::HEXLOWER.encode(&link.shared);
        let shared = Self::read_file(git_dir, &git_dir.join(format!("sharedindex.{name}")), hash_len, false)?;
        let shared = shared.ok_or_else(|| format!("its other half, sharedindex.{name}, is not there"))?;
        index.join(shared, &link);
        Ok(Some(index))
    }

    fn parse(bytes: &[u8], hash_len: usize) -> Option<(Self, Option<Link>)> {
        let body = bytes.get(..bytes.len().checked_sub(hash_len)?)?;
        let mut reader = Reader { bytes: body, at: 0 };
        if reader.take(4)? != b"DIRC" {
            return None;
        }
        let version = reader.be32()?;
        let count = reader.be32()? as usize;
        if !(2..=4).contains(&version) || count > body.len() / (42 + hash_len) + 1 {
            return None;
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
                b"TREE" => {
                    index.read_trees(data);
                }
                b"link" => link = Some(read_link(data, hash_len)?),
                // An extension in lower case must be understood (`sdir` says that directories may be entries).
                b"sdir" => {}
                [first, ..] if first.is_ascii_lowercase() => return None,
                _ => {}
            }
        }
        Some((index, link))
    }

    fn entry(&mut self, reader: &mut Reader<'_>, version: u32, last: (u32, u32)) -> Option<(u32, u32)> {
        let start = reader.at;
        let stat = reader.take(40)?;
        let mode = u32::from_be_bytes(stat.get(24..28)?.try_into().ok()?);
        let raw_id = reader.take(self.hash_len)?;
        let flags = u16::from_be_bytes(reader.take(2)?.try_into().ok()?);
        let extended =
            if flags & 0x4000 != 0 && version >= 3 { u16::from_be_bytes(reader.take(2)?.try_into().ok()?) } else { 0 };
        let from = u32::try_from(self.paths.len()).ok()?;
        if version == 4 {
            let drop = reader.offset()?;
            let keep = (last.1 as usize).checked_sub(drop)?;
            let (at, _) = last;
            self.paths.extend_from_within(at as usize..at as usize + keep);
            self.paths.extend_from_slice(reader.until(0)?);
        } else {
            self.paths.extend_from_slice(reader.until(0)?);
            // One to eight zero bytes behind the path, to a multiple of eight.
            let used = reader.at - start;
            reader.take((8 - used % 8) % 8)?;
        }
        let path = (from, u32::try_from(self.paths.len()).ok()? - from);
        let mut id = [0; 32];
        id.get_mut(..self.hash_len)?.copy_from_slice(raw_id);
        let stage = (flags >> 12 & 3) as u8;
        self.entries.push(Raw { path, id, mode, stage, intent_to_add: extended & 0x2000 != 0 });
        Some(path)
    }

    /// The `TREE` extension: path, entries covered, subtrees, and the id of trees that are still right.
    fn read_trees(&mut self, data: &[u8]) -> Option<()> {
        let mut reader = Reader { bytes: data, at: 0 };
        // Of each open tree its path and how many subtrees are still to come.
        let mut open: Vec<(Vec<u8>, usize)> = Vec::new();
        while reader.at < data.len() {
            let name = reader.until(0)?;
            let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<i64>().ok();
            let covered = number(reader.until(b' ')?)?;
            let below = usize::try_from(number(reader.until(b'\n')?)?).ok()?;
            let mut path = open.last().map(|(p, _)| p.clone()).unwrap_or_default();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            if let Ok(covered) = usize::try_from(covered) {
                let id = BlobId::from_bytes(reader.take(self.hash_len)?)?;
                self.trees.insert(path.clone(), (id, covered));
            }
            if let Some((_, left)) = open.last_mut() {
                *left = left.checked_sub(1)?;
            }
            open.push((path, below));
            while open.last().is_some_and(|(_, left)| *left == 0) {
                open.pop();
            }
        }
        Some(())
    }

    /// Puts the entries of a shared index under those of this one.
    fn join(&mut self, shared: Self, link: &Link) {
        let base = self.paths.len() as u32;
        let mut own = std::mem::take(&mut self.entries).into_iter().peekable();
        self.paths.extend_from_slice(&shared.paths);
        let mut all = Vec::with_capacity(shared.entries.len() + own.len());
        for (i, mut entry) in shared.entries.into_iter().enumerate() {
            entry.path.0 += base;
            let is = |bits: &[bool]| bits.get(i).copied().unwrap_or(false);
            if is(&link.replaced) {
                // Entries that replace others come first, in their order and without names.
                if let Some(new) = own.next() {
                    entry = Raw { path: entry.path, ..new };
                }
            }
            if !is(&link.deleted) {
                all.push(entry);
            }
        }
        all.extend(own);
        self.entries = all;
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
        let mut waiting = vec![(0, self.entries.len(), Vec::new(), tree)];
        while let Some((from, to, dir, tree)) = waiting.pop() {
            let known = self.trees.get(&dir).filter(|(_, covered)| *covered == to - from);
            if tree.is_some() && known.map(|(id, _)| *id) == tree {
                continue;
            }
            self.directory(objects, scratch, (from, to), &dir, tree, &mut waiting, &mut changes);
        }
        changes.files.sort_by(|a, b| a.path.cmp(&b.path));
        changes
    }

    #[allow(clippy::too_many_arguments)]
    fn directory(
        &self,
        objects: &Objects,
        scratch: &mut Scratch,
        (from, to): (usize, usize),
        dir: &[u8],
        tree: Option<BlobId>,
        waiting: &mut Vec<(usize, usize, Vec<u8>, Option<BlobId>)>,
        changes: &mut Changes,
    ) {
        let old = tree.map(|id| diff::entries(objects, scratch, &id, &mut changes.missing)).unwrap_or_default();
        let old: HashMap<&[u8], &diff::Entry> = old.iter().map(|e| (e.name.as_slice(), e)).collect();
        let mut met: Vec<&[u8]> = Vec::new();
        let skip = if dir.is_empty() { 0 } else { dir.len() + 1 };
        let mut at = from;
        while let Some(raw) = self.entries.get(at..to).and_then(<[Raw]>::first) {
            let path = self.path(raw);
            let rest = path.get(skip..).unwrap_or_default();
            let slash = memchr::memchr(b'/', rest);
            let name = rest.get(..slash.unwrap_or(rest.len())).unwrap_or_default();
            met.push(name);
            let before = old.get(name);
            if slash.is_some() && raw.mode & 0o170_000 != DIRECTORY {
                let prefix = path.get(..skip + name.len() + 1).unwrap_or_default();
                let end = at + self.entries[at..to].partition_point(|e| self.path(e).starts_with(prefix));
                let below = before.filter(|e| e.is_tree).map(|e| e.id);
                waiting.push((at, end, path.get(..skip + name.len()).unwrap_or_default().to_vec(), below));
                at = end.max(at + 1);
                continue;
            }
            at += 1;
            let Some(entry) = self.shown(raw).filter(|_| !raw.intent_to_add) else { continue };
            let same = before.is_some_and(|e| e.id == entry.id);
            match raw.mode & 0o170_000 {
                _ if same => {}
                COMMIT => {}
                DIRECTORY => {
                    let olds: Vec<BlobId> = before.filter(|e| e.is_tree).map(|e| e.id).into_iter().collect();
                    let path = path.strip_suffix(b"/").unwrap_or(path);
                    let below = diff::against(objects, scratch, entry.id, &olds);
                    let inside = |p: &[u8]| [path, p].join(&b'/');
                    changes.files.extend(below.files.into_iter().map(|c| Change { path: inside(&c.path), ..c }));
                    changes.gone.extend(below.gone.into_iter().map(|(p, id)| (inside(&p), id)));
                    changes.missing.extend(below.missing);
                }
                _ => {
                    let olds = before.filter(|e| !e.is_tree && !e.is_commit).map(|e| e.id).into_iter().collect();
                    changes.files.push(Change { path: path.to_vec(), blob: entry.id, olds });
                }
            }
        }
        met.sort_unstable();
        for entry in old.values().filter(|e| !e.is_commit && met.binary_search(&e.name.as_slice()).is_err()) {
            diff::gone(objects, scratch, entry, diff::join(dir, &entry.name), changes);
        }
    }
}

fn read_link(data: &[u8], hash_len: usize) -> Option<Link> {
    let mut reader = Reader { bytes: data, at: 0 };
    let shared = reader.take(hash_len)?.to_vec();
    let mut bits = || if reader.at < data.len() { bitmap(&mut reader) } else { Some(Vec::new()) };
    Some(Link { shared, deleted: bits()?, replaced: bits()? })
}

/// A bitmap in EWAH form: words that say how many words of one bit and how many literal words follow
/// (<https://git-scm.com/docs/bitmap-format#_appendix_a_serialization_format_for_an_ewah_bitmap>).
fn bitmap(reader: &mut Reader<'_>) -> Option<Vec<bool>> {
    let size = reader.be32()? as usize;
    let words = reader.be32()? as usize;
    if size > 1 << 28 || words > reader.bytes.len() / 8 {
        return None;
    }
    let mut bits = Vec::with_capacity(size.min(1 << 20));
    let mut left = words;
    while left > 0 {
        let head = reader.be64()?;
        left -= 1;
        let run = (head >> 1 & 0xffff_ffff) as usize;
        let room = (size + 64).saturating_sub(bits.len());
        bits.extend(std::iter::repeat_n(head & 1 == 1, run.saturating_mul(64).min(room)));
        let literals = (head >> 33) as usize;
        for _ in 0..literals.min(left) {
            let word = reader.be64()?;
            bits.extend((0..64).map(|i| word >> i & 1 == 1));
        }
        left -= literals.min(left);
    }
    reader.be32()?;
    bits.truncate(size);
    Some(bits)
}
