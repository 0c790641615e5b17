//! Which contents were met before. Two files are one blob when git would give them one id, and that is what is compared;
//! but SHA-1 over everything that is read would cost more than all the rest of the reading, so a fast hash says first
//! which files can be copies at all.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{BlobId, PathClass};
use crate::source;

/// The number of a content under a class within one run. Which content gets which number depends on the threads, so no
/// output may hold one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob(u32);

/// A content that was met, and where it can be read again.
struct Met {
    blob: Blob,
    class: PathClass,
    path: Option<Box<Path>>,
    id: Option<Box<BlobId>>,
    /// Another content of the same hash.
    next: Option<Box<Self>>,
}

type Shard = HashMap<u64, Met, foldhash::fast::RandomState>;

/// The contents met so far, shared by the workers. Sharded so that threads seldom wait for each other.
pub struct Seen {
    shards: Vec<Mutex<Shard>>,
    /// Keyed by chance at every start, so nobody can prepare files that collide; a collision would only cost time.
    hash: foldhash::quality::RandomState,
    count: AtomicU32,
    /// Ids that were worked out for another reason.
    told: Mutex<HashMap<Blob, BlobId, foldhash::fast::RandomState>>,
    /// Contents that are never held whole, by their ids.
    large: Mutex<HashMap<(BlobId, PathClass), Blob>>,
}

impl Seen {
    /// Nothing was met yet.
    pub fn new() -> Self {
        Self {
            shards: (0..64).map(|_| Mutex::default()).collect(),
            hash: foldhash::quality::RandomState::default(),
            count: AtomicU32::new(0),
            told: Mutex::default(),
            large: Mutex::default(),
        }
    }

    /// The number of this content, and whether it was met the first time. `path` is where it can be read again; contents
    /// without one are never found equal to a later one.
    pub fn meet(&self, bytes: &[u8], class: PathClass, path: Option<&Path>) -> (Blob, bool) {
        let mut hasher = self.hash.build_hasher();
        hasher.write(bytes);
        class.hash(&mut hasher);
        let key = hasher.finish();
        let shard = &self.shards[(key >> 58) as usize % self.shards.len()];
        let new = |id: Option<BlobId>| Met {
            blob: self.number(),
            class,
            path: path.map(Into::into),
            id: id.map(Box::new),
            next: None,
        };
        let rivals = {
            let mut met = lock(shard);
            match met.get(&key) {
                Some(first) => rivals(first, class),
                None => {
                    let new = new(None);
                    let blob = new.blob;
                    met.insert(key, new);
                    return (blob, true);
                }
            }
        };
        let id = source::blob_id(bytes);
        for (blob, known, path) in rivals {
            let known_now = known.or_else(|| lock(&self.told).remove(&blob));
            let other = known_now.or_else(|| path.and_then(|path| source::blob_id_of(&path, bytes.len() as u64)));
            if known.is_none() {
                note(&mut lock(shard), key, blob, other);
            }
            if other == Some(id) {
                return (blob, false);
            }
        }
        let new = new(Some(id));
        let blob = new.blob;
        let mut met = lock(shard);
        let mut last = met.entry(key);
        // The hash is taken, so the entry is there: the new one goes before what hangs on it.
        if let std::collections::hash_map::Entry::Occupied(first) = &mut last {
            let rest = first.get_mut().next.take();
            first.get_mut().next = Some(Box::new(Met { next: rest, ..new }));
        }
        (blob, true)
    }

    /// Takes in the id of a content, so that it need not be read again.
    pub fn tell(&self, blob: Blob, id: BlobId) {
        lock(&self.told).insert(blob, id);
    }

    /// The same for a content that was read in pieces.
    pub fn meet_large(&self, id: BlobId, class: PathClass) -> (Blob, bool) {
        match lock(&self.large).entry((id, class)) {
            std::collections::hash_map::Entry::Occupied(met) => (*met.get(), false),
            std::collections::hash_map::Entry::Vacant(slot) => (*slot.insert(self.number()), true),
        }
    }

    fn number(&self) -> Blob {
        Blob(self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a thread that panicked left behind is whole: nothing panics while it holds the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The contents of one hash and class: number, id if it is known, and where to read it if not.
fn rivals(first: &Met, class: PathClass) -> Vec<(Blob, Option<BlobId>, Option<Box<Path>>)> {
    let mut all = Vec::new();
    let mut next = Some(first);
    while let Some(met) = next {
        if met.class == class {
            let path = if met.id.is_some() { None } else { met.path.clone() };
            all.push((met.blob, met.id.as_deref().copied(), path));
        }
        next = met.next.as_deref();
    }
    all
}

/// Keeps an id that was worked out, and the path no longer.
fn note(shard: &mut Shard, key: u64, blob: Blob, id: Option<BlobId>) {
    let mut next = shard.get_mut(&key);
    while let Some(met) = next {
        if met.blob == blob && id.is_some() {
            met.id = id.map(Box::new);
            met.path = None;
        }
        next = met.next.as_deref_mut();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn class(test: bool) -> PathClass {
        PathClass { test, ..PathClass::default() }
    }

    #[test]
    fn a_copy_is_known_by_its_content_and_class() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "one").unwrap();
        let seen = Seen::new();
        let (first, new) = seen.meet(b"one", class(false), Some(&path));
        assert!(new);
        assert_eq!(seen.meet(b"one", class(false), Some(&dir.path().join("b"))), (first, false));
        // Its id is known now, so the file is not needed again.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(seen.meet(b"one", class(false), None), (first, false));
        assert!(seen.meet(b"one", class(true), None).1, "another class is read in another way");
        assert!(seen.meet(b"two", class(false), None).1);
    }

    #[test]
    fn what_cannot_be_read_again_or_has_changed_is_no_copy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let seen = Seen::new();
        assert!(seen.meet(b"one", class(false), Some(&path)).1);
        assert!(seen.meet(b"one", class(false), None).1, "there is no such file");
        std::fs::write(&path, "changed").unwrap();
        assert!(seen.meet(b"two", class(false), Some(&path)).1);
        assert!(seen.meet(b"two", class(false), None).1, "the file holds something else by now");
    }

    #[test]
    fn a_content_whose_id_was_told_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let seen = Seen::new();
        let (first, _) = seen.meet(b"one", class(false), Some(&dir.path().join("never there")));
        seen.tell(first, source::blob_id(b"one"));
        for _ in 0..2 {
            assert_eq!(seen.meet(b"one", class(false), None), (first, false));
        }
    }

    #[test]
    fn contents_of_one_hash_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&a, "one").unwrap();
        std::fs::write(&b, "two").unwrap();
        let met = |n: u32, path: &Path| Met {
            blob: Blob(n),
            class: class(false),
            path: Some(path.into()),
            id: None,
            next: None,
        };
        let first = Met { next: Some(Box::new(met(1, &b))), ..met(0, &a) };
        let all = rivals(&first, class(false));
        assert_eq!(all.iter().map(|r| r.0).collect::<Vec<_>>(), [Blob(0), Blob(1)]);
        assert_eq!(rivals(&first, class(true)).len(), 0);
        let mut shard = Shard::default();
        shard.insert(7, first);
        note(&mut shard, 7, Blob(1), source::blob_id_of(&b, 3));
        let all = rivals(&shard[&7], class(false));
        assert_eq!((all[0].1, all[1].1), (None, Some(source::blob_id(b"two"))));
    }

    #[test]
    fn large_contents_are_known_by_their_ids() {
        let seen = Seen::new();
        let id = source::blob_id(b"large");
        let (first, new) = seen.meet_large(id, class(false));
        assert!(new);
        assert_eq!(seen.meet_large(id, class(false)), (first, false));
        assert!(seen.meet_large(id, class(true)).1);
    }
}
