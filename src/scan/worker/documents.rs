//! Documents that were parsed, and what was read in them, for the copies of a blob: organisations give all of their repositories
//! the same pipelines.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::super::seen::Blob;
use crate::detect::Accepted;
use crate::doc::Doc;
use crate::model::{LocatedFact, RepoPath};

/// Texts of so many bytes are kept parsed or read; as trees or facts they are a few times larger.
const ROOM: usize = 4 << 20;

/// A document, and what is worked out from its bytes alone.
pub(super) struct Parsed {
    /// The tree.
    pub(super) doc: Doc,
    /// Hashes of lines, as the first copy wanted them.
    pub(super) hashes: OnceLock<BTreeMap<u64, String>>,
}

impl Parsed {
    /// One of which nothing was worked out yet.
    pub(super) fn new(doc: Doc) -> Arc<Self> {
        Arc::new(Self { doc, hashes: OnceLock::new() })
    }
}

/// What a format read in a blob, and of what file.
pub(super) struct Told {
    /// The file.
    pub(super) name: RepoPath,
    /// Its repository, `owner/name`.
    pub(super) slug: Option<String>,
    /// The top of its repository.
    pub(super) top: Vec<u8>,
    /// What was read.
    pub(super) facts: Vec<LocatedFact>,
    /// The lines that comments speak for.
    pub(super) accepted: Vec<Accepted>,
}

/// The documents of a run, as long as there is room; which are kept changes nothing but the time.
#[derive(Default)]
pub(super) struct Documents {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    documents: HashMap<(Blob, &'static str), Arc<Parsed>>,
    told: HashMap<(Blob, &'static str), Arc<Told>>,
    bytes: usize,
}

impl Documents {
    /// The document of a blob as a format parses it.
    pub(super) fn get(&self, blob: Blob, format: &'static str) -> Option<Arc<Parsed>> {
        self.lock().documents.get(&(blob, format)).cloned()
    }

    /// Keeps a document of a text of this length.
    pub(super) fn keep(&self, blob: Blob, format: &'static str, length: usize, parsed: &Arc<Parsed>) {
        let mut kept = self.lock();
        if kept.bytes + length <= ROOM && kept.documents.insert((blob, format), Arc::clone(parsed)).is_none() {
            kept.bytes += length;
        }
    }

    /// What a format read in a blob, where that is kept.
    pub(super) fn told(&self, blob: Blob, format: &'static str) -> Option<Arc<Told>> {
        self.lock().told.get(&(blob, format)).cloned()
    }

    /// Keeps what was read in a text of this length; `told` is asked for it where there is room.
    pub(super) fn keep_told(&self, blob: Blob, format: &'static str, length: usize, told: impl FnOnce() -> Told) {
        let room = |kept: &Kept| kept.bytes + length <= ROOM && !kept.told.contains_key(&(blob, format));
        if !room(&self.lock()) {
            return;
        }
        let told = Arc::new(told());
        let mut kept = self.lock();
        if room(&kept) {
            kept.told.insert((blob, format), told);
            kept.bytes += length;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
