//! Where bytes come from. A source hands over blobs with their origins, one at a time on each thread; nothing here knows
//! what they are read for.

pub mod archive;
mod cache;
mod class;
mod files;
pub mod git;
mod refs;
#[doc(hidden)]
pub mod reftable;
mod repository;

pub use cache::BlobCache;
pub use class::{classify, names_environment};
pub use files::{BlobHasher, Entry, Files, WalkOptions, blob_id, blob_id_of, for_each_chunk, is_beside, open, read};
pub use refs::Refs;
pub use repository::{Repository, discover};
