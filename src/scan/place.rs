//! What commands need to know of a repository beside a scan of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::source::git::diff;
use crate::source::git::history::{History, Rank};
use crate::source::git::objects::Objects;
use crate::source::git::pack::Scratch;
use crate::source::{Repository, discover};

/// Largest file read from a commit for a command, and largest object.
const MAX: u64 = 64 << 20;

/// A repository around a path.
pub struct Place {
    /// Top of the working tree.
    pub top: PathBuf,
    /// Where its hooks lie.
    pub hooks: PathBuf,
    repository: Repository,
    commits: OnceLock<Option<(Objects, History)>>,
}

/// The repository that holds a path.
#[must_use]
pub fn place(path: &Path) -> Option<Place> {
    of(discover(&path.canonicalize().ok()?)?)
}

/// The same where git named the git directory of the working tree that begins here.
#[must_use]
pub fn place_with(top: &Path, git_dir: &Path) -> Option<Place> {
    of(Repository::of(&top.canonicalize().ok()?, &git_dir.canonicalize().ok()?)?)
}

fn of(repository: Repository) -> Option<Place> {
    Some(Place { top: repository.top.clone(), hooks: repository.hooks(), repository, commits: OnceLock::new() })
}

impl Place {
    /// What git calls a file, named as from a directory: relative to the top, `/` between segments. `None` outside the
    /// working tree.
    #[must_use]
    pub fn inside(&self, here: &Path, file: &Path) -> Option<Vec<u8>> {
        let here = here.canonicalize().ok()?;
        let top = self.top.canonicalize().ok()?;
        // The file itself may be a link, or gone.
        let file = here.join(file);
        let parent = file.parent()?.canonicalize().ok()?;
        let path = parent.join(file.file_name()?);
        let inside = path.strip_prefix(top).ok()?;
        let parts: Vec<&[u8]> = inside.components().map(|c| c.as_os_str().as_encoded_bytes()).collect();
        Some(parts.join(&b'/'))
    }

    /// Whether nobody can commit here: a bare repository to which no working tree belongs.
    #[must_use]
    pub fn takes_no_commits(&self) -> bool {
        self.repository.bare && !self.repository.has_linked_trees()
    }

    /// What the configuration of the repository, else that of the user, sets.
    #[must_use]
    pub fn setting(&self, section: &str, name: &str) -> Option<String> {
        self.repository.setting(section, name)
    }

    /// Whether a name means a commit that is here.
    #[must_use]
    pub fn has_commit(&self, name: &str) -> bool {
        self.rank(name).is_some()
    }

    /// Whether two names mean one commit.
    #[must_use]
    pub fn same_commit(&self, a: &str, b: &str) -> bool {
        self.rank(a).is_some_and(|rank| self.rank(b) == Some(rank))
    }

    /// Whether the history was cut when it was cloned.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.repository.common_dir.join("shallow").is_file()
    }

    /// A file as a commit has it.
    #[must_use]
    pub fn file_at(&self, commit: &str, path: &str) -> Option<Vec<u8>> {
        let rank = self.rank(commit)?;
        let (objects, history) = self.commits()?;
        let mut scratch = Scratch::default();
        let id = diff::at_path(objects, &mut scratch, history.commit(rank)?.tree, path.as_bytes())?;
        let (_, bytes) = objects.read(&mut scratch, id.as_bytes()).ok()??;
        Some(bytes.to_vec())
    }

    /// The rule files that a commit has at a path: the file itself, or every `*.yml` and `*.yaml` of a folder, sorted. `None`
    /// when it has nothing there.
    #[must_use]
    pub fn files_at(&self, commit: &str, path: &str) -> Option<Vec<(PathBuf, Vec<u8>)>> {
        if let Some(bytes) = self.file_at(commit, path) {
            return Some(vec![(PathBuf::from(path), bytes)]);
        }
        let rank = self.rank(commit)?;
        let (objects, history) = self.commits()?;
        let names = diff::names_in(objects, &mut Scratch::default(), history.commit(rank)?.tree, path.as_bytes())?;
        let names = names.into_iter().map(|name| String::from_utf8_lossy(&name).into_owned());
        let names = names.filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"));
        let file = |name: String| {
            let path = format!("{path}/{name}");
            Some((PathBuf::from(&path), self.file_at(commit, &path)?))
        };
        Some(names.filter_map(file).collect())
    }

    /// Ids of the annotated tags whose commits some names reach and others do not; of those that are not here nothing is known.
    #[must_use]
    pub fn tags_between(&self, include: &[String], exclude: &[String]) -> Vec<String> {
        let Some((objects, history)) = self.commits() else { return Vec::new() };
        let refs = self.repository.refs();
        let reached = |names: &[String]| {
            let ranks = names.iter().filter_map(|n| super::names::resolve(objects, refs, history, n).ok());
            history.reached(ranks)
        };
        let (new, old) = (reached(include), reached(exclude));
        let is_mine = |rank: Rank| new.get(rank as usize) == Some(&true) && old.get(rank as usize) == Some(&false);
        let tags = refs.refs.iter().filter(|(name, id)| name.starts_with("refs/tags/") && history.rank(id).is_none());
        let mine = tags.filter(|(_, id)| super::names::peeled(objects, history, id).is_some_and(is_mine));
        mine.map(|(_, id)| id.to_string()).collect()
    }

    fn rank(&self, name: &str) -> Option<Rank> {
        let (objects, history) = self.commits()?;
        super::names::resolve(objects, self.repository.refs(), history, name).ok()
    }

    /// All commits, read when the first is asked for.
    fn commits(&self) -> Option<&(Objects, History)> {
        let read = || {
            let objects = Objects::open(&self.repository.common_dir.join("objects"), self.repository.hash_len, MAX);
            let stop = std::sync::atomic::AtomicBool::new(false);
            let (history, _) = History::read(&objects, &stop, &|_, _| {});
            (!history.commits.is_empty()).then_some((objects, history))
        };
        self.commits.get_or_init(read).as_ref()
    }
}
