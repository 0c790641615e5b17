//! What workers count while they scan.

use std::sync::atomic::{AtomicU64, Ordering};

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
