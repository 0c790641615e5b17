//! What the scan needs of a git repository beside its blobs. Nothing here runs a program or a hook.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use super::git::config::GitConfig;
use super::git::history::History;
use super::git::index::Index;
use super::git::objects::Objects;
use super::git::regular;
use super::refs::Refs;
use crate::model::BlobId;

/// Largest commit that is read for the roots of a history.
const MAX_COMMIT: u64 = 16 << 20;

/// Longest file that only says where a directory is.
const MAX_POINTER: u64 = 64 << 10;

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
    /// Why it is not known where its common directory lies, when that could not be read.
    pub problem: Option<String>,
    refs: OnceLock<Refs>,
    tracked: OnceLock<Result<BTreeSet<Vec<u8>>, String>>,
    root: OnceLock<Option<BlobId>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("top", &self.top).finish_non_exhaustive()
    }
}

/// A submodule by its git directory.
pub struct Module {
    /// The repository, without its working tree.
    pub repository: Repository,
    /// Where the superproject has it.
    pub name: Vec<u8>,
}

/// Deepest directory below `modules` that is looked into.
const MAX_MODULES: usize = 16;

/// The repository that a path belongs to, if any: the one whose working tree holds it, or the bare one that it is. A bare
/// repository inside a working tree is one of its own, unless that tree's repository tracks its files: then files are all that
/// it is.
#[must_use]
pub fn discover(path: &Path) -> Option<Repository> {
    let start = if path.is_dir() { path } else { path.parent()? };
    let outer = start.ancestors().find_map(|dir| if dir.join(".git").exists() { Repository::at(dir) } else { None });
    let Some(outer) = outer else { return Repository::bare_at(path) };
    let is_own = path != outer.top && path != outer.git_dir && path.file_name().is_some_and(|name| name != ".git");
    let Some(bare) = Repository::bare_at(path).filter(|_| is_own) else { return Some(outer) };
    let inside = path.strip_prefix(&outer.top).ok()?;
    let inside: Vec<&[u8]> = inside.components().map(|c| c.as_os_str().as_encoded_bytes()).collect();
    Some(if outer.tracks_below(&inside.join(&b'/')) { outer } else { bare })
}

impl Repository {
    /// The repository whose working tree's top is this directory.
    #[must_use]
    pub fn at(top: &Path) -> Option<Self> {
        let git_dir = git_dir(&top.join(".git"))?;
        Some(Self::with(top, git_dir, false))
    }

    /// A repository whose working tree and git directory are known, wherever they lie.
    #[must_use]
    pub fn of(top: &Path, git_dir: &Path) -> Option<Self> {
        if top == git_dir {
            return Self::bare_at(git_dir);
        }
        git_dir.join("HEAD").is_file().then(|| Self::with(top, git_dir.to_owned(), false))
    }

    /// The repository whose git directory this is, whether or not a working tree belongs to it.
    #[must_use]
    pub fn bare_at(git_dir: &Path) -> Option<Self> {
        let is_one =
            git_dir.join("HEAD").is_file() && git_dir.join("objects").is_dir() && git_dir.join("refs").is_dir();
        is_one.then(|| Self::with(git_dir, git_dir.to_owned(), true))
    }

    fn with(top: &Path, git_dir: PathBuf, bare: bool) -> Self {
        let (common, problem) = match regular::read(&git_dir.join("commondir"), MAX_POINTER) {
            Ok(common) => (Some(common), None),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => (None, None),
            Err(e) => (None, Some(format!("its commondir could not be read: {e}"))),
        };
        let common_dir = common.map_or_else(|| git_dir.clone(), |c| git_dir.join(regular::path_of(line_of(&c))));
        let hash_len = hash_len(&common_dir);
        Self {
            top: top.to_owned(),
            git_dir,
            common_dir,
            hash_len,
            bare,
            problem,
            refs: OnceLock::new(),
            tracked: OnceLock::new(),
            root: OnceLock::new(),
        }
    }

    /// The repository's own configuration, with that of this working tree where there is one
    /// (<https://git-scm.com/docs/git-worktree#_configuration_file>).
    fn config(&self) -> GitConfig {
        let mut config = config(&self.common_dir);
        if config.is_true("extensions", "worktreeconfig") {
            config.extend(GitConfig::read(&self.git_dir.join("config.worktree")).unwrap_or_default());
        }
        config
    }

    /// The names that point to commits, as they are when they are first asked for.
    pub fn refs(&self) -> &Refs {
        self.refs.get_or_init(|| Refs::read(&self.git_dir, &self.common_dir, self.hash_len))
    }

    /// The index, if there is one.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn index(&self) -> Result<Option<Index>, String> {
        Index::read(&self.git_dir, self.hash_len)
    }

    /// Another index than its own: the one of a commit that is being made.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn index_at(&self, path: &Path) -> Result<Option<Index>, String> {
        Index::read_at(&self.git_dir, path, self.hash_len)
    }

    /// What its configuration, else that of the user, sets.
    #[must_use]
    pub fn setting(&self, section: &str, name: &str) -> Option<String> {
        let user = || git2::Config::open_default().ok()?.get_string(&format!("{section}.{name}")).ok();
        self.config().get(section, None, name).map(str::to_owned).or_else(user)
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
        let paths = |index: Index| index.entries().map(|e| e.path.to_vec()).collect();
        let tracked = self.tracked.get_or_init(|| self.index().map(|index| index.map(paths).unwrap_or_default()));
        tracked.as_ref().unwrap_or(&NOTHING)
    }

    /// Why the index could not be read, when it was asked for and could not: ignored files may then be tracked ones.
    #[must_use]
    pub fn index_error(&self) -> Option<&str> {
        self.tracked.get()?.as_ref().err().map(String::as_str)
    }

    /// Whether working trees were linked to it (<https://git-scm.com/docs/git-worktree>).
    #[must_use]
    pub fn has_linked_trees(&self) -> bool {
        std::fs::read_dir(self.common_dir.join("worktrees")).into_iter().flatten().next().is_some()
    }

    /// HEAD's commit id, when there is one.
    #[must_use]
    pub fn head(&self) -> Option<String> {
        Some(self.refs().head?.to_string())
    }

    /// Where its hooks lie: `core.hooksPath` of the repository or of the user, else `hooks`
    /// (<https://git-scm.com/docs/githooks>).
    #[must_use]
    pub fn hooks(&self) -> PathBuf {
        let own = self.config();
        // A `~` in front is the user's home, where the user's own configuration lies; what that includes is the user's.
        let home = || Some(git2::Config::find_global().ok()?.parent()?.to_owned());
        let own = own.get("core", None, "hookspath").map(|path| {
            path.strip_prefix("~/").and_then(|below| Some(home()?.join(below))).unwrap_or_else(|| PathBuf::from(path))
        });
        let user = || git2::Config::open_default().ok()?.get_path("core.hookspath").ok();
        let path = own.or_else(user);
        path.map_or_else(|| self.common_dir.join("hooks"), |path| self.top.join(path))
    }

    /// Where the index has submodules.
    #[must_use]
    pub fn submodules(&self) -> Vec<Vec<u8>> {
        let index = self.index().ok().flatten();
        index.iter().flat_map(Index::entries).filter(|e| e.is_commit()).map(|e| e.path.to_vec()).collect()
    }

    /// Submodules whose git directories lie inside this one's, checked out or not, sorted.
    #[must_use]
    pub fn modules(&self) -> Vec<Module> {
        let mut found = Vec::new();
        let mut waiting = vec![(self.common_dir.join("modules"), Vec::new(), 0)];
        while let Some((dir, name, depth)) = waiting.pop() {
            if depth > 0
                && let Some(repository) = Self::bare_at(&dir)
            {
                // Its working tree says where the superproject has it; the name is only mostly the same.
                let tree = repository.config().get("core", None, "worktree").map(|tree| dir.join(tree));
                let tree = tree.and_then(|t| t.canonicalize().ok()).zip(self.top.canonicalize().ok());
                let path =
                    tree.and_then(|(t, top)| Some(t.strip_prefix(top).ok()?.to_string_lossy().replace('\\', "/")));
                let shown = path.map_or_else(|| name.clone(), String::into_bytes);
                waiting.push((dir.join("modules"), name, depth));
                found.push(Module { repository, name: shown });
                continue;
            }
            if depth > MAX_MODULES {
                continue;
            }
            for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|t| t.is_dir()) {
                    let own = entry.file_name();
                    let own = own.as_encoded_bytes();
                    let name = if name.is_empty() { own.to_vec() } else { [name.as_slice(), own].join(&b'/') };
                    waiting.push((entry.path(), name, depth + 1));
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// `owner/name` from the URL of the remote `origin`, when its host is a forge that names repositories so.
    #[must_use]
    pub fn slug(&self) -> Option<String> {
        slug_of(self.config().get("remote", Some("origin"), "url")?)
    }

    /// The smallest root commit id of HEAD's history: the same for every full clone. `None` without commits and in
    /// shallow clones, whose roots are only where the history was cut. Reads every commit, once.
    #[must_use]
    pub fn smallest_root(&self) -> Option<String> {
        let read = || {
            let objects = Objects::open(&self.common_dir.join("objects"), self.hash_len, MAX_COMMIT);
            let (history, _) = History::read(&objects, &AtomicBool::new(false), &|_, _| {});
            self.root_in(&history)
        };
        self.root.get_or_init(read).map(|id| id.to_string())
    }

    /// Makes use of a history that was read for another purpose.
    pub fn learn_root(&self, history: &History) {
        self.root.get_or_init(|| self.root_in(history));
    }

    fn root_in(&self, history: &History) -> Option<BlobId> {
        history.smallest_root(history.rank(&self.refs().head?)?)
    }
}

/// Length of ids by `extensions.objectFormat` (<https://git-scm.com/docs/git-config#Documentation/git-config.txt-extensionsobjectFormat>).
fn hash_len(common_dir: &Path) -> usize {
    let config = config(common_dir);
    if config.get("extensions", None, "objectformat").is_some_and(|f| f.eq_ignore_ascii_case("sha256")) {
        32
    } else {
        20
    }
}

/// The repository's own configuration, and no other: nobody has to own it, nothing that it names is run, and no file that it
/// includes is read. That it cannot be read is told with the refs.
fn config(common_dir: &Path) -> GitConfig {
    GitConfig::read(&common_dir.join("config")).unwrap_or_default()
}

/// The git directory behind `.git`: itself, or where its `gitdir:` line points to.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    // A link, device or pipe of that name is not git's.
    std::fs::symlink_metadata(dot_git).ok().filter(std::fs::Metadata::is_file)?;
    let text = regular::read(dot_git, MAX_POINTER).ok()?;
    let target = line_of(text.strip_prefix(b"gitdir:")?).trim_ascii_start();
    Some(dot_git.parent()?.join(regular::path_of(target)))
}

/// A text without the end of its line.
fn line_of(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |at| at + 1);
    text.get(..end).unwrap_or_default()
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
