//! Documents that were parsed, for the copies of a blob: organisations give all of their repositories the same pipelines.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::super::seen::Blob;
use crate::doc::Doc;

/// Texts of so many bytes are kept parsed; as trees they are a few times larger.
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

/// The documents of a run, as long as there is room; which are kept changes nothing but the time.
#[derive(Default)]
pub(super) struct Documents {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    documents: HashMap<(Blob, &'static str), Arc<Parsed>>,
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

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
