//! Reftables: refs in sorted blocks (<https://git-scm.com/docs/reftable>). Only refs are read, no logs: commits that only a
//! log names are scanned as everything else in the store is.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::BlobId;

/// Largest table, and most tables of a stack.
const MAX_TABLE: u64 = 512 << 20;
const MAX_TABLES: usize = 4096;

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

/// The refs of the stack in a directory; later tables win.
///
/// # Errors
/// Says which table is not what it should be.
pub(super) fn read(dir: &Path, hash_len: usize) -> Result<Found, String> {
    let list = std::fs::read_to_string(dir.join("tables.list")).map_err(|e| e.to_string())?;
    let mut found = Found::new();
    for name in list.lines().filter(|l| !l.is_empty()).take(MAX_TABLES) {
        if name.contains(['/', '\\']) {
            return Err(format!("tables.list names {name}, which is no table of this directory"));
        }
        let path = dir.join(name);
        let length = std::fs::metadata(&path).map_err(|e| format!("{name}: {e}"))?.len();
        if length > MAX_TABLE {
            return Err(format!("{name} is larger than any table should be"));
        }
        let bytes = std::fs::read(&path).map_err(|e| format!("{name}: {e}"))?;
        table(&bytes, hash_len, &mut found).ok_or_else(|| format!("{name} is damaged"))?;
    }
    Ok(found)
}

fn be24(bytes: &[u8], at: usize) -> Option<usize> {
    let b = bytes.get(at..at.checked_add(3)?)?;
    Some(usize::from(b[0]) << 16 | usize::from(b[1]) << 8 | usize::from(b[2]))
}

fn table(bytes: &[u8], hash_len: usize, found: &mut Found) -> Option<()> {
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
    let end = bytes.len().checked_sub(header + 44)?;
    let mut start = 0;
    let mut at = header;
    while at < end && *bytes.get(at)? == b'r' {
        // The length of the first block counts from the beginning of the file.
        let length = be24(bytes, at + 1)?;
        let block = bytes.get(..start + length)?;
        records(block, at + 4, hash_len, found)?;
        start += length.max(block_size).max(1);
        at = start;
    }
    Some(())
}

/// The records of a block, which ends in a table of places where names are written out, and their number.
fn records(block: &[u8], from: usize, hash_len: usize, found: &mut Found) -> Option<()> {
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
