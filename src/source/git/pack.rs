//! Packs: an index of object ids (<https://git-scm.com/docs/pack-format#_version_2_pack_idx_files_support_packs_larger_than_4_gib_and>)
//! beside a file of deflated objects, most of them deltas of others.
//!
//! A pack is read through windows of a few hundred kilobytes and not mapped: a mapped file that another process cuts short
//! ends this one, and what is mapped counts as this process's memory. Families of deltas lie together, so few windows are
//! read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Kind, regular};

/// An object of a pack, in order of place.
pub type Entry = u32;

/// No entry.
pub const NONE: Entry = Entry::MAX;

/// Bytes read at once: few where reading jumps, more and more where it goes on from where it ended.
const JUMP: usize = 4 << 10;
const WINDOW: usize = 256 << 10;

/// Longest chain of deltas that is followed. Git makes none over 4095 (`pack.depth`).
pub(super) const MAX_CHAIN: usize = 5000;

/// Longest index that is read: one of seventy million objects.
const MAX_INDEX: u64 = 2 << 30;

/// A pack with its index.
pub struct Pack {
    /// The file of objects.
    pub path: PathBuf,
    file: File,
    hash_len: usize,
    /// Object ids, sorted, one behind the other.
    ids: Vec<u8>,
    /// Ids below each first byte.
    fanout: Vec<u32>,
    /// Where each entry begins, and where the last one ends.
    offsets: Vec<u64>,
    /// The position of each entry's id.
    id_of: Vec<u32>,
    /// The entry of each id.
    entry_of: Vec<Entry>,
    /// Each entry's base, or none.
    base: Vec<Entry>,
    /// Each entry's kind, that of its root; none where it could not be told.
    kind: Vec<Option<Kind>>,
    /// Whether the objects of this pack may refer to objects that a remote promised to send.
    pub promisor: bool,
}

/// What stands before an entry's deflated bytes.
pub(super) struct Header {
    /// The kind: of an object, or 6 and 7 for deltas.
    pub(super) code: u8,
    /// Bytes when inflated.
    pub(super) size: u64,
    /// How long the header is.
    pub(super) len: usize,
    /// For deltas: how far back the base lies.
    pub(super) back: Option<u64>,
}

impl Pack {
    /// Opens a pack by its index file.
    ///
    /// # Errors
    /// In words, when index or pack are not what they should be. Single objects that are damaged are no error here.
    pub fn open(index: &Path, hash_len: usize) -> Result<Self, String> {
        let fail = |e: io::Error| e.to_string();
        let path = index.with_extension("pack");
        let (file, length) = regular::open(&path).map_err(|e| format!("its pack could not be opened: {e}"))?;
        let mut head = [0u8; 12];
        read_at(&file, &mut head, 0).map_err(fail)?;
        if head.get(..4) != Some(b"PACK") || !matches!(be32(&head, 4), Some(2 | 3)) {
            return Err("the pack does not begin as one of version 2 or 3 does".to_owned());
        }
        let raw = regular::read(index, MAX_INDEX).map_err(|e| format!("its index could not be read: {e}"))?;
        let (ids, fanout, offsets) = parse_index(&raw, hash_len).ok_or("the index is damaged or of another version")?;
        drop(raw);
        let count = offsets.len();
        if be32(&head, 8) != u32::try_from(count).ok() {
            return Err("pack and index do not agree on how many objects there are".to_owned());
        }
        let end = length.checked_sub(hash_len as u64).ok_or("the pack is cut short")?;
        let mut id_of: Vec<u32> = (0..count as u32).collect();
        id_of.sort_unstable_by_key(|i| offsets[*i as usize]);
        let mut entry_of = vec![NONE; count];
        id_of.iter().enumerate().for_each(|(entry, id)| entry_of[*id as usize] = entry as Entry);
        // A place behind the end is one where nothing can be read.
        let mut sorted: Vec<u64> = id_of.iter().map(|i| offsets[*i as usize].min(end)).collect();
        drop(offsets);
        sorted.push(end);
        let mut pack = Self {
            path,
            file,
            hash_len,
            ids,
            fanout,
            offsets: sorted,
            id_of,
            entry_of,
            base: vec![NONE; count],
            kind: vec![None; count],
            promisor: index.with_extension("promisor").exists(),
        };
        pack.read_headers();
        Ok(pack)
    }

    /// Reads every entry's header once, from the beginning to the end.
    fn read_headers(&mut self) {
        let mut window = Window::default();
        let count = self.count();
        // Bases named by id may lie behind their deltas.
        let mut later = Vec::new();
        for entry in 0..count as Entry {
            let Some(header) = self.header(&mut window, entry) else { continue };
            match (Kind::of_code(header.code), header.code) {
                (Some(kind), _) => self.kind[entry as usize] = Some(kind),
                (None, 6) => {
                    let at = self.offsets[entry as usize];
                    let base = header.back.and_then(|back| at.checked_sub(back)).and_then(|at| self.at(at, entry));
                    if let Some(base) = base {
                        self.base[entry as usize] = base;
                        self.kind[entry as usize] = self.kind[base as usize];
                        if self.kind[base as usize].is_none() {
                            later.push(entry);
                        }
                    }
                }
                (None, 7) => {
                    let id_at = self.offsets[entry as usize] + header.len as u64;
                    let id = self.window(&mut window, id_at, self.hash_len).map(<[u8]>::to_vec);
                    if let Some(base) = id.and_then(|id| self.find(&id)) {
                        self.base[entry as usize] = base;
                        later.push(entry);
                    }
                }
                _ => {}
            }
        }
        // Entries that were followed once are not followed again, whether that led to an object or round in a circle.
        let mut met = vec![false; if later.is_empty() { 0 } else { count }];
        for entry in later {
            let mut chain = Vec::new();
            let mut at = entry;
            while self.kind[at as usize].is_none() && self.base[at as usize] != NONE && !met[at as usize] {
                met[at as usize] = true;
                chain.push(at);
                at = self.base[at as usize];
            }
            let kind = self.kind[at as usize];
            chain.into_iter().for_each(|e| self.kind[e as usize] = kind);
        }
    }

    /// How many objects it holds.
    pub fn count(&self) -> usize {
        self.id_of.len()
    }

    /// The entry that begins at an offset, before `limit`.
    fn at(&self, offset: u64, limit: Entry) -> Option<Entry> {
        self.offsets.get(..limit as usize)?.binary_search(&offset).ok().map(|i| i as Entry)
    }

    /// The id of an entry.
    pub fn id(&self, entry: Entry) -> &[u8] {
        let at = self.id_of.get(entry as usize).map_or(0, |i| *i as usize * self.hash_len);
        self.ids.get(at..at + self.hash_len).unwrap_or_default()
    }

    /// The entry of an id.
    pub fn find(&self, id: &[u8]) -> Option<Entry> {
        let first = usize::from(*id.first()?);
        let low = if first == 0 { 0 } else { *self.fanout.get(first - 1)? as usize };
        let high = *self.fanout.get(first)? as usize;
        let ids = self.ids.get(low * self.hash_len..high * self.hash_len)?;
        let id_at = |i: usize| ids.get(i * self.hash_len..(i + 1) * self.hash_len);
        let before = |i: usize| id_at(i).is_some_and(|other| other < id);
        // Ids are as good as random, so an id stands about where its bytes say.
        let count = high - low;
        let part = u64::from(be32(id, 1)?);
        let guess = ((part * count as u64) >> 32) as usize;
        let mut step = 1;
        let (mut a, mut b) = if before(guess) {
            let mut a = guess + 1;
            while a + step <= count && before(a + step - 1) {
                a += step;
                step *= 2;
            }
            (a, count.min(a + step))
        } else {
            let mut b = guess.min(count);
            while step <= b && !before(b - step) {
                b -= step;
                step *= 2;
            }
            (b.saturating_sub(step), b)
        };
        while a < b {
            let middle = (a + b) / 2;
            if before(middle) { a = middle + 1 } else { b = middle }
        }
        if id_at(a).is_some_and(|other| other == id) {
            return self.entry_of.get(low + a).copied();
        }
        None
    }

    /// Ids that begin with these hexadecimal digits, at most two.
    pub fn with_prefix(&self, prefix: &str) -> Vec<Vec<u8>> {
        let hex = |id: &[u8]| id.iter().fold(String::new(), |s, b| s + &format!("{b:02x}"));
        let mut low = 0;
        let mut high = self.count();
        while low < high {
            let middle = (low + high) / 2;
            let id = self.ids.get(middle * self.hash_len..(middle + 1) * self.hash_len).unwrap_or_default();
            if hex(id).as_str() < prefix { low = middle + 1 } else { high = middle }
        }
        let ids = self.ids.chunks_exact(self.hash_len).skip(low).take(2);
        ids.filter(|id| hex(id).starts_with(prefix)).map(<[u8]>::to_vec).collect()
    }

    /// Where an entry begins.
    pub fn offset(&self, entry: Entry) -> u64 {
        self.offsets.get(entry as usize).copied().unwrap_or(0)
    }

    /// The kind of an entry, that of the object at the root of its deltas.
    pub fn kind(&self, entry: Entry) -> Option<Kind> {
        self.kind.get(entry as usize).copied().flatten()
    }

    /// The base of an entry that is a delta.
    pub fn base(&self, entry: Entry) -> Option<Entry> {
        self.base.get(entry as usize).copied().filter(|b| *b != NONE)
    }

    /// Entries that are deltas of each entry, and those that are deltas of none.
    pub fn families(&self) -> Families {
        let count = self.count();
        let mut families = Families { first: vec![NONE; count], next: vec![NONE; count], roots: Vec::new() };
        for entry in (0..count as Entry).rev() {
            match self.base(entry) {
                Some(base) => {
                    families.next[entry as usize] = families.first[base as usize];
                    families.first[base as usize] = entry;
                }
                None => families.roots.push(entry),
            }
        }
        families.roots.reverse();
        families
    }

    /// The inflated bytes of an entry: an object, or a delta when the entry has a base. Larger ones than `most` are refused.
    ///
    /// # Errors
    /// Says what is wrong with the entry.
    pub fn inflate(&self, scratch: &mut Scratch, entry: Entry, most: u64, out: &mut Vec<u8>) -> Result<(), Damage> {
        let header = self.header(&mut scratch.window, entry).ok_or(Damage::Header)?;
        if header.size > most {
            return Err(Damage::TooLarge(header.size));
        }
        let skip = header.len + if header.code == 7 { self.hash_len } else { 0 };
        let from = self.offsets[entry as usize] + skip as u64;
        let to = self.offsets.get(entry as usize + 1).copied().unwrap_or(from);
        let size = header.size as usize;
        let want = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX).min(deflated_bound(size));
        let deflated = self.window(&mut scratch.window, from, want).ok_or(Damage::Read)?;
        out.clear();
        out.resize(size, 0);
        match scratch.inflater.zlib_decompress(deflated, out) {
            Ok(n) if n == size => Ok(()),
            _ => Err(Damage::Deflated),
        }
    }

    /// The whole object of an entry, by its chain of deltas.
    ///
    /// # Errors
    /// Says what is wrong with it or with one of its bases.
    pub fn object(&self, scratch: &mut Scratch, entry: Entry, most: u64) -> Result<Arc<Vec<u8>>, Damage> {
        let mut chain = Vec::new();
        let mut at = entry;
        let mut object = loop {
            if let Some(cached) = scratch.cache.get(&(self.key(), at)) {
                break Arc::clone(cached);
            }
            match self.base(at) {
                Some(_) if chain.len() > MAX_CHAIN => return Err(Damage::Chain),
                Some(base) => {
                    chain.push(at);
                    at = base;
                }
                None => {
                    let mut bytes = Vec::new();
                    self.inflate(scratch, at, most, &mut bytes)?;
                    break scratch.keep((self.key(), at), bytes);
                }
            }
        };
        let (mut delta, mut runs) = (Vec::new(), Vec::new());
        for entry in chain.into_iter().rev() {
            self.inflate(scratch, entry, most, &mut delta)?;
            let (_, size) = super::delta::sizes(&delta).ok_or(Damage::Delta)?;
            if size as u64 > most {
                return Err(Damage::TooLarge(size as u64));
            }
            let mut next = Vec::new();
            super::delta::apply(&object, &delta, &mut next, &mut runs).ok_or(Damage::Delta)?;
            object = scratch.keep((self.key(), entry), next);
        }
        Ok(object)
    }

    fn header(&self, window: &mut Window, entry: Entry) -> Option<Header> {
        let from = *self.offsets.get(entry as usize)?;
        let to = *self.offsets.get(entry as usize + 1)?;
        let want = usize::try_from(to.checked_sub(from)?).ok()?.min(32);
        let bytes = self.window(window, from, want)?;
        header_of(bytes)
    }

    /// Bytes of the pack.
    fn window<'w>(&self, window: &'w mut Window, at: u64, want: usize) -> Option<&'w [u8]> {
        let inside = window.pack == self.key()
            && at >= window.start
            && (at - window.start) as usize + want <= window.bytes.len();
        if !inside {
            let end = *self.offsets.last()? + self.hash_len as u64;
            let most = usize::try_from(end.checked_sub(at)?).ok()?;
            if want > most {
                return None;
            }
            let behind = window.start + window.bytes.len() as u64;
            let goes_on = window.pack == self.key() && at <= behind && behind - at <= JUMP as u64;
            let size = if goes_on { (2 * window.bytes.len()).clamp(JUMP, WINDOW) } else { JUMP };
            window.bytes.resize(size.max(want).min(most), 0);
            window.pack = self.key();
            window.start = at;
            if read_at(&self.file, &mut window.bytes, at).is_err() {
                window.bytes.clear();
                return None;
            }
        }
        let from = (at - window.start) as usize;
        window.bytes.get(from..from + want)
    }

    /// What tells the windows of this pack from those of others that live as long.
    fn key(&self) -> usize {
        self.offsets.as_ptr().addr()
    }
}

/// Which entries are deltas of which.
pub struct Families {
    /// The first delta of each entry.
    pub first: Vec<Entry>,
    /// The next delta of the same base.
    pub next: Vec<Entry>,
    /// Entries that are no deltas, or deltas of nothing that is there.
    pub roots: Vec<Entry>,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Its header cannot be read.
    Header,
    /// Its bytes cannot be read.
    Read,
    /// Its bytes do not inflate to the size that its header says.
    Deflated,
    /// It is a delta that does not fit its base, or whose base is not there.
    Delta,
    /// Its chain of deltas does not end.
    Chain,
    /// It has more bytes than are held.
    TooLarge(u64),
}

/// Bytes of objects kept by one scratch, so that bases are not made again for each of their deltas.
const KEPT: usize = 16 << 20;

/// Buffers for reading packs; one a thread.
pub struct Scratch {
    window: Window,
    /// The inflater.
    pub inflater: libdeflater::Decompressor,
    /// Objects that may be bases of the next one.
    cache: HashMap<(usize, Entry), Arc<Vec<u8>>>,
    cached: usize,
}

impl Default for Scratch {
    fn default() -> Self {
        let inflater = libdeflater::Decompressor::new();
        Self { window: Window::default(), inflater, cache: HashMap::new(), cached: 0 }
    }
}

impl Scratch {
    fn keep(&mut self, key: (usize, Entry), bytes: Vec<u8>) -> Arc<Vec<u8>> {
        let bytes = Arc::new(bytes);
        if bytes.len() > KEPT / 4 {
            return bytes;
        }
        if self.cached + bytes.len() > KEPT {
            self.cache.clear();
            self.cached = 0;
        }
        self.cached += bytes.len();
        self.cache.insert(key, Arc::clone(&bytes));
        bytes
    }
}

/// A stretch of a pack that was read.
#[derive(Default)]
struct Window {
    pack: usize,
    start: u64,
    bytes: Vec<u8>,
}

#[cfg(unix)]
pub(super) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !bytes.is_empty() {
        match file.seek_read(bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                bytes = &mut bytes[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

/// What stands at the beginning of an entry: kind and size, and for a delta where its base lies
/// (<https://git-scm.com/docs/pack-format#_pack_pack_files_have_the_following_format>).
pub(super) fn header_of(bytes: &[u8]) -> Option<Header> {
    let mut at = 0;
    let mut byte = *bytes.first()?;
    let code = byte >> 4 & 7;
    let mut size = u64::from(byte & 15);
    let mut shift = 4;
    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        size |= u64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 60)?;
        shift += 7;
    }
    at += 1;
    let mut back = None;
    if code == 6 {
        let mut byte = *bytes.get(at)?;
        let mut value = u64::from(byte & 0x7f);
        at += 1;
        while byte & 0x80 != 0 {
            byte = *bytes.get(at)?;
            value = value.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
            at += 1;
        }
        back = Some(value);
    }
    Some(Header { code, size, len: at, back })
}

/// Most bytes that an object of this size takes when it is deflated: what does not shrink grows by a few bytes in sixteen
/// thousand.
pub(super) fn deflated_bound(size: usize) -> usize {
    size.saturating_add(size >> 8).saturating_add(1024)
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Ids, fan-out table and offsets of an index of version 2 or 1.
fn parse_index(raw: &[u8], hash_len: usize) -> Option<(Vec<u8>, Vec<u32>, Vec<u64>)> {
    let second = raw.starts_with(b"\xfftOc");
    if second && be32(raw, 4)? != 2 {
        return None;
    }
    let fan_at = if second { 8 } else { 0 };
    let fanout = (0..256).map(|i| be32(raw, fan_at + 4 * i)).collect::<Option<Vec<u32>>>()?;
    if fanout.windows(2).any(|w| w[0] > w[1]) {
        return None;
    }
    let count = *fanout.last()? as usize;
    let at = fan_at + 1024;
    if !second {
        let record = 4 + hash_len;
        let records = raw.get(at..at.checked_add(count.checked_mul(record)?)?)?;
        let ids = records.chunks_exact(record).flat_map(|r| &r[4..]).copied().collect();
        let offsets = records.chunks_exact(record).map(|r| be32(r, 0).map(u64::from)).collect::<Option<_>>()?;
        return Some((ids, fanout, offsets));
    }
    let ids_end = at.checked_add(count.checked_mul(hash_len)?)?;
    let ids = raw.get(at..ids_end)?.to_vec();
    let small_at = ids_end.checked_add(4 * count)?;
    let large_at = small_at.checked_add(4 * count)?;
    let offset = |i: usize| {
        let small = be32(raw, small_at + 4 * i)?;
        if small & 0x8000_0000 == 0 {
            return Some(u64::from(small));
        }
        let at = large_at.checked_add(8 * (small & 0x7fff_ffff) as usize)?;
        Some(u64::from(be32(raw, at)?) << 32 | u64::from(be32(raw, at + 4)?))
    };
    let offsets = (0..count).map(offset).collect::<Option<_>>()?;
    Some((ids, fanout, offsets))
}
