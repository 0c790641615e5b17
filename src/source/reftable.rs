//! Reftables: refs in sorted blocks (<https://git-scm.com/docs/reftable>). Only refs are read, no logs: commits that only a
//! log names are scanned as everything else in the store is.

use std::collections::BTreeMap;
use std::path::Path;

use super::git::regular;
use crate::model::BlobId;

/// Largest table and list of tables, and most tables of a stack.
const MAX_TABLE: u64 = 512 << 20;
const MAX_LIST: u64 = 4 << 20;
const MAX_TABLES: usize = 4096;

/// Most bytes of names and targets in a stack. A name repeats the beginning of the one before it for a few bytes, so a small
/// table could fill the memory.
const MAX_NAMES: usize = 512 << 20;

/// What a ref holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// An object.
    Id(BlobId),
    /// Another ref.
    Symbolic(String),
}

/// Refs by name; `None` for those that a later table took away.
type Found = BTreeMap<String, Option<Value>>;

/// The refs of the stack in a directory, and what could not be read of it; later tables win.
pub(super) fn read(dir: &Path, hash_len: usize) -> (Found, Vec<String>) {
    let mut found = Found::new();
    let list = match regular::read(&dir.join("tables.list"), MAX_LIST) {
        Ok(list) => String::from_utf8_lossy(&list).into_owned(),
        Err(e) => return (found, vec![format!("the list of reftables could not be read: {e}")]),
    };
    let mut problems = Vec::new();
    let mut room = MAX_NAMES;
    for (number, name) in list.lines().filter(|l| !l.is_empty()).enumerate() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if number == MAX_TABLES {
            problems.push(format!("there are more than {MAX_TABLES} reftables, and the others were not read"));
            break;
        }
        // What else stands there is no name, and may be the content of another file.
        if !name.bytes().all(plain) || name.starts_with('.') {
            problems.push(format!("line {} of the list of reftables names no table of its directory", number + 1));
            continue;
        }
        let read = regular::read(&dir.join(name), MAX_TABLE).map_err(|e| e.to_string());
        let read = read.and_then(|bytes| {
            table(&bytes, hash_len, &mut found, &mut room).ok_or_else(|| match room {
                0 => "its names take far more room than any refs should".to_owned(),
                _ => "it is damaged".to_owned(),
            })
        });
        if let Err(why) = read {
            problems.push(format!("the reftable {name} could not be read: {why}"));
        }
        if room == 0 {
            break;
        }
    }
    (found, problems)
}

/// Reads one table, for whoever wants to see that nothing harms it.
#[doc(hidden)]
#[must_use]
pub fn refs_of(bytes: &[u8], hash_len: usize) -> Option<usize> {
    let mut found = Found::new();
    table(bytes, hash_len, &mut found, &mut (1 << 20))?;
    Some(found.len())
}

fn be24(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at..at.checked_add(3)?)?;
    Some(usize::from(b[0]) << 16 | usize::from(b[1]) << 8 | usize::from(b[2]))
}

/// Where a section begins by the footer, unless there is none.
fn place(bytes: &[u8], at: usize) -> Option<usize> {
    let eight = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    usize::try_from(u64::from_be_bytes(eight)).ok()
}

fn table(bytes: &[u8], hash_len: usize, found: &mut Found, room: &mut usize) -> Option<()> {
    if bytes.get(..4)? != b"REFT" {
        return None;
    }
    let header = match bytes.get(4)? {
        1 => 24,
        2 => 28,
        _ => return None,
    };
    let block_size = be24(bytes, 5)?;
    // The footer repeats the header and adds five numbers and a checksum.
    let footer = bytes.len().checked_sub(header + 44)?;
    let (sum, body) = (bytes.get(bytes.len() - 4..)?, bytes.get(footer..bytes.len() - 4)?);
    if footer < header || crc32fast::hash(body).to_be_bytes() != sum {
        return None;
    }
    // Refs end where the first of the other sections begins: their index, the objects (whose place is above five bits of
    // something else), and the logs, whose compressed blocks may look like anything.
    let at = footer + header;
    let sections = [place(bytes, at)?, place(bytes, at + 8)? >> 5, place(bytes, at + 24)?];
    let end = sections.into_iter().filter(|at| *at != 0).min().unwrap_or(footer);
    if end > footer {
        return None;
    }
    let mut start = 0;
    let mut at = header;
    // Lower levels of an index lie between the refs and its highest level.
    while at < end && *bytes.get(at)? == b'r' {
        // The length of the first block counts from the beginning of the file.
        let length = be24(bytes, at + 1)?;
        let next = start + length;
        records(bytes.get(start..next.min(end)).filter(|b| b.len() == length)?, at + 4 - start, hash_len, found, room)?;
        // Blocks are filled up to their size with zeros, but for writers that do not.
        let padded = length < block_size && bytes.get(next).is_none_or(|b| *b == 0);
        start = if padded { start + block_size } else { next.max(at + 1) };
        at = start;
    }
    Some(())
}

/// The records of a block, which ends in a table of places where names are written out, and their number.
fn records(block: &[u8], from: usize, hash_len: usize, found: &mut Found, room: &mut usize) -> Option<()> {
    let tail = block.len().checked_sub(2)?;
    let restarts = usize::from(u16::from_be_bytes(block.get(tail..)?.try_into().ok()?));
    let end = tail.checked_sub(restarts.checked_mul(3)?)?;
    let mut at = from;
    let mut name: Vec<u8> = Vec::new();
    while at < end {
        let keep = number(block, &mut at)?;
        let kind = number(block, &mut at)?;
        let suffix = block.get(at..at.checked_add(kind >> 3)?)?;
        at += suffix.len();
        if keep > name.len() {
            return None;
        }
        name.truncate(keep);
        name.extend_from_slice(suffix);
        number(block, &mut at)?;
        let mut id = || {
            let id = BlobId::from_bytes(block.get(at..at.checked_add(hash_len)?)?);
            at += hash_len;
            id
        };
        let value = match kind & 7 {
            0 => None,
            1 => Some(Value::Id(id()?)),
            2 => {
                let value = id()?;
                id()?;
                Some(Value::Id(value))
            }
            3 => {
                let length = number(block, &mut at)?;
                let target = block.get(at..at.checked_add(length)?)?;
                at += length;
                Some(Value::Symbolic(String::from_utf8_lossy(target).into_owned()))
            }
            _ => return None,
        };
        let length = name.len() + if let Some(Value::Symbolic(target)) = &value { target.len() } else { 0 };
        *room = room.saturating_sub(length + 64);
        if *room == 0 {
            return None;
        }
        found.insert(String::from_utf8_lossy(&name).into_owned(), value);
    }
    Some(())
}

/// A number, in the offset encoding of packs.
fn number(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut byte = *bytes.get(*at)?;
    *at += 1;
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = *bytes.get(*at)?;
        *at += 1;
        value = value.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A table of one block of refs and what follows it.
    fn table_of(records: &[u8], block_size: u32, log: &[u8]) -> Vec<u8> {
        let mut head = b"REFT\x01".to_vec();
        head.extend_from_slice(&block_size.to_be_bytes()[1..]);
        head.extend_from_slice(&[0; 16]);
        let mut bytes = head.clone();
        let length = (24 + 4 + records.len() + 3 + 2) as u32;
        bytes.push(b'r');
        bytes.extend_from_slice(&length.to_be_bytes()[1..]);
        bytes.extend_from_slice(records);
        bytes.extend_from_slice(&[0, 0, 28, 0, 1]);
        let log_at = bytes.len() as u64;
        bytes.extend_from_slice(log);
        let mut footer = head;
        for place in [0, 0, 0, if log.is_empty() { 0 } else { log_at }, 0] {
            footer.extend_from_slice(&place.to_be_bytes());
        }
        let sum = crc32fast::hash(&footer);
        footer.extend_from_slice(&sum.to_be_bytes());
        bytes.extend_from_slice(&footer);
        bytes
    }

    fn record(keep: u8, suffix: &str) -> Vec<u8> {
        let mut record = vec![keep, (suffix.len() as u8) << 3 | 1];
        record.extend_from_slice(suffix.as_bytes());
        record.push(0);
        record.extend_from_slice(&[7; 20]);
        record
    }

    #[test]
    fn logs_that_look_like_refs_lose_none() {
        // The log begins behind the block, which is not filled up, and has the letter of ref blocks where one would begin.
        let records = [record(0, "a"), record(1, "b")].concat();
        let mut log = vec![b'g'; 200];
        log[128 - (24 + 4 + records.len() + 5)] = b'r';
        let bytes = table_of(&records, 128, &log);
        assert_eq!(bytes[128], b'r');
        let mut found = Found::new();
        assert_eq!(table(&bytes, 20, &mut found, &mut MAX_NAMES.clone()), Some(()));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "ab"]);
        for cut in 0..bytes.len() {
            let _ = refs_of(&bytes[..cut], 20);
        }
    }

    #[test]
    fn names_that_grow_without_end_are_refused() {
        let mut records = record(0, &"x".repeat(15));
        for keep in 15..120 {
            records.extend(record(keep, "y"));
        }
        let (mut found, mut room) = (Found::new(), 4000);
        assert_eq!(table(&table_of(&records, 0, &[]), 20, &mut found, &mut room), None);
        assert_eq!(room, 0);
    }

    #[test]
    fn lists_name_tables_of_their_directory_only_and_a_bad_one_loses_no_other() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("good.ref"), table_of(&record(0, "a"), 0, &[])).unwrap();
        std::fs::write(dir.path().join("bad.ref"), "x").unwrap();
        std::fs::write(dir.path().join("tables.list"), "../good.ref\nbad.ref\n/dev/zero\n..\ngone.ref\ngood.ref\n")
            .unwrap();
        let (found, problems) = read(dir.path(), 20);
        assert_eq!((found.len(), problems.len()), (1, 5), "{problems:?}");
        assert!(!problems.concat().contains("zero"));
    }
}
