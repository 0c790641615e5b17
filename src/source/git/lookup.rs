//! Single objects of a pack without reading the whole of its index: for those who want few objects of a large store.

use std::fs::File;
use std::path::Path;

use super::pack::{Damage, MAX_CHAIN, be32, deflated_bound, header_of, read_at};
use super::{Kind, regular};

/// Most bytes of an entry's header.
const HEADER: usize = 32;

/// Ids that are read at once.
const FEW: usize = 4096;

/// A pack of which single objects are read.
pub struct Lookup {
    index: File,
    pack: File,
    hash_len: usize,
    fanout: Vec<u32>,
    /// Where the pack's entries end.
    end: u64,
}

impl Lookup {
    /// Opens a pack by its index file of version 2; `None` for what a whole reading has to judge.
    pub fn open(index: &Path, hash_len: usize) -> Option<Self> {
        let (pack, length) = regular::open(&index.with_extension("pack")).ok()?;
        let end = length.checked_sub(hash_len as u64)?;
        let (index, length) = regular::open(index).ok()?;
        let mut head = [0u8; 1032];
        read_at(&index, &mut head, 0).ok()?;
        if !head.starts_with(b"\xfftOc\0\0\0\x02") {
            return None;
        }
        let fanout = (0..256).map(|i| be32(&head, 8 + 4 * i)).collect::<Option<Vec<u32>>>()?;
        let ordered = fanout.windows(2).all(|w| w[0] <= w[1]);
        let whole = u64::from(*fanout.last()?) * (hash_len as u64 + 8) + 1032 <= length;
        (ordered && whole).then_some(Self { index, pack, hash_len, fanout, end })
    }

    /// Where the entry of an id begins.
    pub fn find(&self, id: &[u8]) -> Option<u64> {
        let first = usize::from(*id.first()?);
        let low = if first == 0 { 0 } else { *self.fanout.get(first - 1)? as usize };
        let high = *self.fanout.get(first)? as usize;
        let count = *self.fanout.last()? as usize;
        // Halved until few are left, which are read at once.
        let (mut from, mut to) = (low, high);
        let mut ids = vec![0; self.hash_len];
        while to - from > FEW {
            let middle = from + (to - from) / 2;
            read_at(&self.index, &mut ids, (1032 + middle * self.hash_len) as u64).ok()?;
            if ids.as_slice() <= id { from = middle } else { to = middle }
        }
        ids.resize((to - from) * self.hash_len, 0);
        read_at(&self.index, &mut ids, (1032 + from * self.hash_len) as u64).ok()?;
        let all: Vec<&[u8]> = ids.chunks_exact(self.hash_len).collect();
        let at = from + all.binary_search(&id).ok()?;
        let small_at = 1032 + count * (self.hash_len + 4) + 4 * at;
        let mut four = [0; 4];
        read_at(&self.index, &mut four, small_at as u64).ok()?;
        let small = u32::from_be_bytes(four);
        if small & 0x8000_0000 == 0 {
            return Some(u64::from(small));
        }
        let large_at = 1032 + count * (self.hash_len + 8) + 8 * (small & 0x7fff_ffff) as usize;
        let mut eight = [0; 8];
        read_at(&self.index, &mut eight, large_at as u64).ok()?;
        Some(u64::from_be_bytes(eight))
    }

    /// The object that begins at an offset.
    ///
    /// # Errors
    /// Says what is wrong with it or with one of its bases.
    pub fn object(
        &self,
        inflater: &mut libdeflater::Decompressor,
        offset: u64,
        most: u64,
    ) -> Result<(Kind, Vec<u8>), Damage> {
        // Only where the deltas lie is kept until the object that they begin with is known: each may be as large as it.
        let mut deltas = Vec::new();
        let mut at = offset;
        let (kind, mut object) = loop {
            let mut head = vec![0; HEADER.min(self.left(at))];
            read_at(&self.pack, &mut head, at).map_err(|_| Damage::Read)?;
            let header = header_of(&head).ok_or(Damage::Header)?;
            if header.size > most {
                return Err(Damage::TooLarge(header.size));
            }
            let size = header.size as usize;
            let skip = header.len + if header.code == 7 { self.hash_len } else { 0 };
            if let Some(kind) = Kind::of_code(header.code) {
                break (kind, self.inflate(inflater, at + skip as u64, size)?);
            }
            deltas.push((at + skip as u64, size));
            if deltas.len() > MAX_CHAIN {
                return Err(Damage::Chain);
            }
            at = match header.back {
                Some(back) => at.checked_sub(back).filter(|b| *b < at).ok_or(Damage::Delta)?,
                None if header.code == 7 => {
                    let id = head.get(header.len..header.len + self.hash_len).map(<[u8]>::to_vec);
                    let id = match id {
                        Some(id) => id,
                        None => {
                            let mut id = vec![0; self.hash_len];
                            read_at(&self.pack, &mut id, at + header.len as u64).map_err(|_| Damage::Read)?;
                            id
                        }
                    };
                    self.find(&id).ok_or(Damage::Delta)?
                }
                None => return Err(Damage::Header),
            };
        };
        let (mut next, mut runs) = (Vec::new(), Vec::new());
        for (at, size) in deltas.into_iter().rev() {
            let delta = self.inflate(inflater, at, size)?;
            let (_, size) = super::delta::sizes(&delta).ok_or(Damage::Delta)?;
            if size as u64 > most {
                return Err(Damage::TooLarge(size as u64));
            }
            super::delta::apply(&object, &delta, &mut next, &mut runs).ok_or(Damage::Delta)?;
            std::mem::swap(&mut object, &mut next);
        }
        Ok((kind, object))
    }

    /// Bytes of entries behind a place.
    fn left(&self, at: u64) -> usize {
        usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX)
    }

    /// The bytes that lie deflated at a place.
    fn inflate(&self, inflater: &mut libdeflater::Decompressor, at: u64, size: usize) -> Result<Vec<u8>, Damage> {
        let mut deflated = vec![0; deflated_bound(size).min(self.left(at))];
        read_at(&self.pack, &mut deflated, at).map_err(|_| Damage::Read)?;
        let mut bytes = vec![0; size];
        match inflater.zlib_decompress(&deflated, &mut bytes) {
            Ok(n) if n == size => Ok(bytes),
            _ => Err(Damage::Deflated),
        }
    }
}
