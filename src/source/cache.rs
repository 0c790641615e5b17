//! What earlier scans of a history know of its blobs: which of them cannot hold a finding, and which can. A second scan then only
//! reads what is new. The file holds ids of blobs and nothing of what is in them.

use std::collections::HashSet;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The beginning of the file.
const MAGIC: &[u8; 16] = b"keyroll-cache/1\n";

/// Largest cache that is read.
const MAX: u64 = 4 << 30;

type Ids = HashSet<Box<[u8]>, foldhash::fast::RandomState>;

/// Blobs that earlier scans have seen.
#[derive(Debug, Default)]
pub struct BlobCache {
    path: PathBuf,
    /// What the verdicts depend on: version, rules, gate.
    key: [u8; 32],
    cold: Ids,
    hot: Ids,
}

impl BlobCache {
    /// The cache of a repository in a directory; the second value says why one that is there is not used.
    #[must_use]
    pub fn open(dir: &Path, repository: &Path, key: [u8; 32], hash_len: usize) -> (Self, Option<String>) {
        let place = repository.canonicalize().unwrap_or_else(|_| repository.to_owned());
        let name = Sha256::digest(place.as_os_str().as_encoded_bytes());
        let name: String = name.iter().take(12).map(|b| format!("{b:02x}")).collect();
        let mut cache = Self { path: dir.join(format!("history-{name}")), key, ..Self::default() };
        let why = match cache.read(hash_len) {
            Ok(()) => None,
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => {
                cache.cold.clear();
                cache.hot.clear();
                Some(format!("{}: {e}", cache.path.display()))
            }
        };
        (cache, why)
    }

    fn read(&mut self, hash_len: usize) -> io::Result<()> {
        let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let mut file = std::fs::File::open(&self.path)?;
        let meta = file.metadata()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
            let mine = std::fs::metadata("/proc/self").map(|m| m.uid());
            if mine.is_ok_and(|uid| uid != meta.uid()) || meta.permissions().mode() & 0o022 != 0 {
                return Err(bad("others could have written it"));
            }
        }
        if meta.len() > MAX {
            return Err(bad("larger than any cache should be"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (body, sum) = bytes.split_last_chunk::<32>().ok_or_else(|| bad("cut short"))?;
        if !body.starts_with(MAGIC) || Sha256::digest(body).as_slice() != sum {
            return Err(bad("damaged"));
        }
        let rest = &body[MAGIC.len()..];
        // Other rules or another version: what it says may not hold, which is no damage.
        let Some(rest) = rest.strip_prefix(&self.key[..]) else { return Ok(()) };
        let (counts, ids) = rest.split_at_checked(17).ok_or_else(|| bad("cut short"))?;
        let number = |at: usize| {
            let eight = counts.get(at..at + 8).and_then(|b| <[u8; 8]>::try_from(b).ok());
            eight.map(u64::from_le_bytes).and_then(|n| usize::try_from(n).ok())
        };
        let (Some(cold), Some(hot)) = (number(1), number(9)) else { return Err(bad("cut short")) };
        if usize::from(counts[0]) != hash_len {
            return Ok(());
        }
        let total = cold.checked_add(hot).and_then(|n| n.checked_mul(hash_len));
        if total != Some(ids.len()) {
            return Err(bad("cut short"));
        }
        let mut all = ids.chunks_exact(hash_len).map(Box::from);
        self.cold = all.by_ref().take(cold).collect();
        self.hot = all.collect();
        Ok(())
    }

    /// Whether a blob was seen.
    #[must_use]
    pub fn knows(&self, id: &[u8]) -> bool {
        self.cold.contains(id) || self.hot.contains(id)
    }

    /// The blobs that can hold a finding.
    pub fn hot(&self) -> impl Iterator<Item = &[u8]> {
        self.hot.iter().map(AsRef::as_ref)
    }

    /// Adds what a scan saw.
    pub fn learn(&mut self, cold: Vec<Box<[u8]>>, hot: Vec<Box<[u8]>>) {
        self.cold.extend(cold);
        self.hot.extend(hot);
    }

    /// Writes it, readable for nobody else; an interruption leaves the old file or the new one.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn save(&self, hash_len: usize) -> io::Result<()> {
        let sorted = |ids: &Ids| {
            let mut all: Vec<Box<[u8]>> = ids.iter().cloned().collect();
            all.sort_unstable();
            all.concat()
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.key);
        bytes.push(hash_len as u8);
        bytes.extend_from_slice(&(self.cold.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.hot.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&sorted(&self.cold));
        bytes.extend_from_slice(&sorted(&self.hot));
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum);
        std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        let beside = self.path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&bytes)?;
        drop(file);
        std::fs::rename(&beside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_reads_back_and_what_is_damaged_or_of_others_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let open = |key: u8| BlobCache::open(dir.path(), dir.path(), [key; 32], 20);
        let (mut cache, why) = open(1);
        assert_eq!(why, None);
        cache.learn(vec![Box::from([1; 20]), Box::from([2; 20])], vec![Box::from([3; 20])]);
        cache.save(20).unwrap();
        let (back, why) = open(1);
        assert!(why.is_none() && back.knows(&[1; 20]) && back.knows(&[3; 20]) && !back.knows(&[4; 20]));
        assert_eq!(back.hot().collect::<Vec<_>>(), [&[3; 20][..]]);
        assert!(!open(2).0.knows(&[1; 20]), "other rules");
        let path = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let (cache, why) = open(1);
            assert!(why.is_some() && !cache.knows(&[1; 20]), "{cut}");
        }
        let mut flipped = bytes;
        flipped[80] ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        assert!(open(1).1.is_some());
    }
}
