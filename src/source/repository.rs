//! What the scan needs of a git repository beside its blobs. Nothing here runs a program or a hook.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A repository that was found.
pub struct Repository {
    /// Top level of the working tree.
    pub top: PathBuf,
    /// The git directory.
    pub git_dir: PathBuf,
    tracked: OnceLock<Result<BTreeSet<Vec<u8>>, String>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("top", &self.top).finish_non_exhaustive()
    }
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
        Some(Self { top: top.to_owned(), git_dir, tracked: OnceLock::new() })
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
