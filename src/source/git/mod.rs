//! Reading git's object store without git: packs, loose objects, alternates. Nothing of a repository's configuration is
//! looked at, so nothing of it is run.

pub mod config;
pub mod delta;
pub mod diff;
pub mod history;
mod ids;
pub mod index;
pub mod lookup;
pub mod objects;
pub mod pack;
pub mod places;
pub mod regular;
pub mod room;
pub mod trees;
mod ways;

/// Kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A directory.
    Tree,
    /// A file's content.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// By the number that packs use.
    fn of_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Commit,
            2 => Self::Tree,
            3 => Self::Blob,
            4 => Self::Tag,
            _ => return None,
        })
    }

    /// By the word that loose objects begin with.
    fn of_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"commit" => Self::Commit,
            b"tree" => Self::Tree,
            b"blob" => Self::Blob,
            b"tag" => Self::Tag,
            _ => return None,
        })
    }
}
