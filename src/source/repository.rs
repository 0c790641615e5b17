//! What the scan needs of a git repository beside its blobs. Nothing here runs a program or a hook.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::model::BlobId;

/// A repository that was found.
pub struct Repository {
    /// Top level of the working tree.
    pub top: PathBuf,
    /// The git directory.
    pub git_dir: PathBuf,
    /// The git directory that all working trees of the repository share: objects and refs lie there.
    pub common_dir: PathBuf,
    /// Length of object ids in bytes: 20, or 32 in repositories of SHA-256.
    pub hash_len: usize,
    /// True when there is no working tree.
    pub bare: bool,
    tracked: OnceLock<Result<BTreeSet<Vec<u8>>, String>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("top", &self.top).finish_non_exhaustive()
    }
}

/// Names that point to commits.
#[derive(Debug, Clone, Default)]
pub struct Refs {
    /// Names and what they point to, sorted.
    pub refs: Vec<(String, BlobId)>,
    /// The commit of HEAD.
    pub head: Option<BlobId>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

/// The repository whose working tree holds a path, if any.
#[must_use]
pub fn discover(path: &Path) -> Option<Repository> {
    let start = if path.is_dir() { path } else { path.parent()? };
    let top = start.ancestors().find(|dir| dir.join(".git").exists())?;
    Repository::at(top)
}

impl Repository {
    /// The repository whose working tree's top is this directory.
    #[must_use]
    pub fn at(top: &Path) -> Option<Self> {
        let git_dir = git_dir(&top.join(".git"))?;
        Some(Self::with(top, git_dir, false))
    }

    /// The repository whose git directory this is, whether or not a working tree belongs to it.
    #[must_use]
    pub fn bare_at(git_dir: &Path) -> Option<Self> {
        let is_one =
            git_dir.join("HEAD").is_file() && git_dir.join("objects").is_dir() && git_dir.join("refs").is_dir();
        is_one.then(|| Self::with(git_dir, git_dir.to_owned(), true))
    }

    fn with(top: &Path, git_dir: PathBuf, bare: bool) -> Self {
        let common = std::fs::read_to_string(git_dir.join("commondir")).ok();
        let common_dir = common.map_or_else(|| git_dir.clone(), |c| git_dir.join(c.trim_end_matches(['\n', '\r'])));
        let hash_len = hash_len(&common_dir);
        Self { top: top.to_owned(), git_dir, common_dir, hash_len, bare, tracked: OnceLock::new() }
    }

    /// The names that point to commits.
    #[must_use]
    pub fn refs(&self) -> Refs {
        let mut out = Refs::default();
        let repository = match open(&self.top) {
            Ok(repository) => repository,
            Err(e) => {
                out.problems.push(e.message().to_owned());
                return out;
            }
        };
        let id = |oid: git2::Oid| BlobId::from_bytes(oid.as_bytes());
        out.head = repository.head().ok().and_then(|h| h.target()).and_then(id);
        for reference in repository.references().into_iter().flatten().flatten() {
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if let Some(id) =
                reference.resolve().ok().and_then(|r| r.peel(git2::ObjectType::Any).ok()).and_then(|o| id(o.id()))
            {
                out.refs.push((name, id));
            }
        }
        out.refs.sort();
        out
    }

    /// Paths and blobs of the index.
    #[must_use]
    pub fn staged(&self) -> Vec<(Vec<u8>, BlobId)> {
        let read = || open(&self.top)?.index();
        let Ok(index) = read() else { return Vec::new() };
        index.iter().filter_map(|e| Some((e.path, BlobId::from_bytes(e.id.as_bytes())?))).collect()
    }

    /// Whether the index holds this path (`/` between segments). A repository whose index cannot be read tracks nothing.
    #[must_use]
    pub fn is_tracked(&self, path: &[u8]) -> bool {
        self.tracked().contains(path)
    }

    /// Whether the index holds anything below this directory.
    #[must_use]
    pub fn tracks_below(&self, dir: &[u8]) -> bool {
        let prefix = [dir, b"/"].concat();
        self.tracked().range(prefix.clone()..).next().is_some_and(|p| p.starts_with(&prefix))
    }

    fn tracked(&self) -> &BTreeSet<Vec<u8>> {
        static NOTHING: BTreeSet<Vec<u8>> = BTreeSet::new();
        let read = || open(&self.top)?.index().map(|i| i.iter().map(|e| e.path).collect());
        let tracked = self.tracked.get_or_init(|| read().map_err(|e: git2::Error| e.message().to_owned()));
        tracked.as_ref().unwrap_or(&NOTHING)
    }

    /// Why the index could not be read, when it was asked for and could not: ignored files may then be tracked ones.
    #[must_use]
    pub fn index_error(&self) -> Option<&str> {
        self.tracked.get()?.as_ref().err().map(String::as_str)
    }

    /// HEAD's commit id, when there is one.
    #[must_use]
    pub fn head(&self) -> Option<String> {
        Some(open(&self.top).ok()?.head().ok()?.target()?.to_string())
    }

    /// `owner/name` from the URL of the remote `origin`, when its host is a forge that names repositories so.
    #[must_use]
    pub fn slug(&self) -> Option<String> {
        let repository = open(&self.top).ok()?;
        let remote = repository.find_remote("origin").ok()?;
        slug_of(remote.url().ok()?)
    }

    /// The smallest root commit id of HEAD's history: the same for every full clone. `None` without commits and in
    /// shallow clones, whose roots are only where the history was cut.
    #[must_use]
    pub fn smallest_root(&self) -> Option<String> {
        let repository = open(&self.top).ok()?;
        if repository.is_shallow() {
            return None;
        }
        let mut waiting = vec![repository.head().ok()?.target()?];
        let mut seen: HashSet<git2::Oid> = waiting.iter().copied().collect();
        let mut smallest: Option<git2::Oid> = None;
        // Each commit is read once; what cannot be read has no root behind it that could be told.
        while let Some(id) = waiting.pop() {
            let Ok(commit) = repository.find_commit(id) else { continue };
            if commit.parent_count() == 0 {
                smallest = Some(smallest.map_or(id, |s| s.min(id)));
            }
            waiting.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
        }
        smallest.map(|id| id.to_string())
    }
}

/// Length of ids by `extensions.objectFormat` (<https://git-scm.com/docs/git-config#Documentation/git-config.txt-extensionsobjectFormat>).
fn hash_len(common_dir: &Path) -> usize {
    let config = std::fs::read_to_string(common_dir.join("config")).unwrap_or_default().to_ascii_lowercase();
    let sha256 = config.lines().filter_map(|l| l.trim().strip_prefix("objectformat")).any(|l| l.contains("sha256"));
    if sha256 { 32 } else { 20 }
}

/// Opens this directory's repository without looking further up.
fn open(top: &Path) -> Result<git2::Repository, git2::Error> {
    git2::Repository::open_ext(top, git2::RepositoryOpenFlags::NO_SEARCH, &[] as &[&std::ffi::OsStr])
}

/// The git directory behind `.git`: itself, or where its `gitdir:` line points to.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    // A link, device or pipe of that name is not git's.
    std::fs::symlink_metadata(dot_git).ok().filter(|m| m.is_file() && m.len() <= 4096)?;
    let text = std::fs::read_to_string(dot_git).ok()?;
    let target = text.strip_prefix("gitdir:")?.trim();
    Some(dot_git.parent()?.join(target))
}

fn slug_of(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => url.split_once(':')?.1,
    };
    let path = path.trim_matches('/').trim_end_matches(".git");
    let mut parts = path.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let plain =
        |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (parts.next().is_none() && plain(owner) && plain(name)).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_come_from_all_url_forms() {
        for url in [
            "https://github.com/acme/app.git",
            "git@github.com:acme/app.git",
            "ssh://git@github.com/acme/app",
            "https://user:pw@github.com/acme/app/",
        ] {
            assert_eq!(slug_of(url).as_deref(), Some("acme/app"), "{url}");
        }
        assert_eq!(slug_of("https://dev.example/a/b/c"), None);
        assert_eq!(slug_of("C:/x"), None);
    }
}
