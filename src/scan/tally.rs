//! What workers count while they scan.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use super::limit;
use crate::model::{Coverage, Notice, SkipReason};
use crate::text::numbers;

/// Counts of a run, kept by the workers: a message for every file would cost more than reading it.
#[derive(Debug, Default)]
pub struct Tally {
    files: AtomicU64,
    blobs: AtomicU64,
    bytes: AtomicU64,
    refs: AtomicU64,
    commits: AtomicU64,
    past_blobs: AtomicU64,
    past_bytes: AtomicU64,
    /// Pointers of Git LFS: versions in one history at most, and files.
    pub pointers: AtomicU64,
    pub pointer_files: AtomicU64,
    skipped: [AtomicU64; SkipReason::ALL.len()],
    /// For exports that are streamed.
    pub room: Room,
}

/// How many bytes of exports may be read at a time. What readers hold back, to join rights with policies that come later, is
/// some part of what they read.
const ROOM: u64 = 256 << 20;

/// Lets in who fits, and one alone whatever its length.
#[derive(Debug, Default)]
pub struct Room {
    taken: Mutex<u64>,
    left: Condvar,
}

/// A place in a [`Room`].
pub struct Inside<'r>(&'r Room, u64);

impl Room {
    /// Waits until there is room for so many bytes, and holds it until the place is dropped.
    pub fn enter(&self, bytes: u64) -> Inside<'_> {
        // Nobody panics while the count is held; if one did, the count would still be one.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken > 0 && taken.saturating_add(bytes) > ROOM {
            taken = self.left.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = taken.saturating_add(bytes);
        Inside(self, bytes)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(self.1);
        drop(taken);
        self.0.left.notify_all();
    }
}

impl Tally {
    pub fn read(&self, bytes: u64, first: bool) {
        self.files.fetch_add(1, Ordering::Relaxed);
        if first {
            self.blobs.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub fn skip(&self, reason: SkipReason) {
        self.skipped[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Refs and commits of a history.
    pub fn walked(&self, refs: u64, commits: u64) {
        self.refs.fetch_add(refs, Ordering::Relaxed);
        self.commits.fetch_add(commits, Ordering::Relaxed);
    }

    /// Blobs of a history.
    pub fn swept(&self, blobs: u64, bytes: u64) {
        self.past_blobs.fetch_add(blobs, Ordering::Relaxed);
        self.past_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What lies elsewhere.
    pub fn lfs(&self) -> Option<Notice> {
        let (files, versions) = (self.pointer_files.load(Ordering::Relaxed), self.pointers.load(Ordering::Relaxed));
        let count = if files > 0 {
            numbers::count(files, "file is a pointer", "files are pointers")
        } else {
            numbers::count(versions, "version of a file is a pointer", "versions of files are pointers")
        };
        let message =
            format!("{count} of Git LFS, whose contents were not scanned; `git lfs pull` brings those of HEAD");
        (files + versions > 0).then(|| limit("lfs-pointer", None, message))
    }

    pub fn pour(&self, coverage: &mut Coverage) {
        coverage.files = self.files.load(Ordering::Relaxed);
        coverage.blobs = self.blobs.load(Ordering::Relaxed);
        coverage.bytes = self.bytes.load(Ordering::Relaxed);
        coverage.refs = self.refs.load(Ordering::Relaxed);
        coverage.commits = self.commits.load(Ordering::Relaxed);
        coverage.history_blobs = self.past_blobs.load(Ordering::Relaxed);
        coverage.history_bytes = self.past_bytes.load(Ordering::Relaxed);
        for (reason, count) in SkipReason::ALL.iter().zip(&self.skipped) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                coverage.skipped.insert(*reason, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_room_takes_what_fits_and_one_alone_of_any_length() {
        let room = Room::default();
        {
            let _large = room.enter(u64::MAX);
            assert_eq!(*room.taken.lock().unwrap(), u64::MAX);
        }
        let (first, _second) = (room.enter(ROOM / 2), room.enter(ROOM / 2));
        assert_eq!(*room.taken.lock().unwrap(), ROOM);
        std::thread::scope(|scope| {
            let third = scope.spawn(|| drop(room.enter(ROOM / 4)));
            drop(first);
            third.join().unwrap();
        });
        assert_eq!(*room.taken.lock().unwrap(), ROOM / 2);
    }
}
