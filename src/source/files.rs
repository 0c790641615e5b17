//! Files of a directory tree, walked in parallel.
//!
//! Every directory is a task; its files are handed over in batches on whatever thread runs the task, so memory is bounded
//! by one file a thread and a huge directory is shared out. Ignore rules are applied here rather than by a walker of the
//! `ignore` crate, because ignored entries have to be counted and tracked files scanned in spite of them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rayon::Scope;
use sha1::{Digest, Sha1};

use super::repository::Repository;
use crate::model::{BlobId, RepoPath, SkipReason};

/// Longest file of ignore rules that is read.
const MAX_RULES: u64 = 4 << 20;

/// Files handed over together as one task.
const BATCH: usize = 64;

/// What the walk may leave out.
pub struct WalkOptions {
    /// Whether git's ignore rules hold.
    pub gitignore: bool,
    /// Paths that the user excluded, matched against the path relative to the top.
    pub excludes: GlobSet,
}

/// One thing met on the walk.
#[derive(Debug)]
pub enum Entry {
    /// A file to scan.
    File {
        /// Where it lies.
        path: PathBuf,
        /// What reports call it.
        name: RepoPath,
    },
    /// Something left out.
    Skipped {
        /// What reports call it.
        name: RepoPath,
        /// Why.
        reason: SkipReason,
    },
    /// A directory or entry that could not be read.
    Unreadable {
        /// What reports call it.
        name: RepoPath,
        /// What the system said.
        error: io::Error,
    },
    /// A repository below the start, whose files are part of the walk.
    Repository {
        /// The repository.
        repository: Arc<Repository>,
        /// What reports call its top level.
        name: RepoPath,
    },
    /// A file that lies where git keeps a repository and leads to none.
    Pointless {
        /// What reports call it.
        name: RepoPath,
    },
}

/// A walk below one directory.
pub struct Files<'a> {
    options: &'a WalkOptions,
    sink: &'a (dyn Fn(Entry) + Sync),
}

/// A directory on the way down.
struct Dir {
    path: PathBuf,
    /// Path relative to the top of the scan, without a slash at the end.
    name: Vec<u8>,
    repository: Option<Arc<Repository>>,
    /// The directory's name inside its repository.
    inside: Vec<u8>,
    ignores: Option<Arc<Ignores>>,
    /// True below an ignored directory that holds tracked files: only those count.
    only_tracked: bool,
}

/// The ignore rules in force, innermost first.
struct Ignores {
    rules: Gitignore,
    outer: Option<Arc<Ignores>>,
}

impl Ignores {
    fn ignored(&self, path: &Path, is_dir: bool) -> bool {
        let mut level = Some(self);
        while let Some(ignores) = level {
            match ignores.rules.matched(path, is_dir) {
                ignore::Match::Ignore(_) => return true,
                ignore::Match::Whitelist(_) => return false,
                ignore::Match::None => level = ignores.outer.as_deref(),
            }
        }
        false
    }
}

impl<'a> Files<'a> {
    /// A walk that hands everything to `sink`, from any thread of the pool it runs on.
    pub fn new(options: &'a WalkOptions, sink: &'a (dyn Fn(Entry) + Sync)) -> Self {
        Self { options, sink }
    }

    /// Walks `start`, which lies in `repository` at `inside` (empty at its top) and is called `name` in reports. Returns
    /// when everything has been handed over.
    pub fn run(&self, start: &Path, name: &[u8], repository: Option<Arc<Repository>>, inside: &[u8]) {
        let ignores = repository.as_ref().filter(|_| self.options.gitignore).and_then(|r| self.outer_rules(r, start));
        let dir = Dir {
            path: start.to_owned(),
            name: name.to_vec(),
            repository,
            inside: inside.to_vec(),
            ignores,
            only_tracked: false,
        };
        rayon::scope(|scope| self.directory(scope, dir));
    }

    /// The rules from the repository's top down to, but not of, the start.
    fn outer_rules(&self, repository: &Repository, start: &Path) -> Option<Arc<Ignores>> {
        let mut ignores = None;
        let exclude = repository.git_dir.join("info/exclude");
        if exclude.is_file() {
            ignores = add_rules(ignores, &repository.top, &exclude);
        }
        let below = start.strip_prefix(&repository.top).ok()?;
        let mut dir = repository.top.clone();
        for part in below.components() {
            ignores = add_rules(ignores, &dir, &dir.join(".gitignore"));
            dir.push(part);
        }
        ignores
    }

    fn directory<'s>(&'s self, scope: &Scope<'s>, mut dir: Dir) {
        let entries = match std::fs::read_dir(&dir.path).and_then(|d| d.collect::<io::Result<Vec<_>>>()) {
            Ok(entries) => entries,
            Err(error) => return (self.sink)(Entry::Unreadable { name: RepoPath::new(dir.name), error }),
        };
        let entries: Vec<_> = entries.into_iter().map(|entry| (entry.file_name(), entry)).collect();
        let has = |wanted: &str| entries.iter().any(|(name, _)| name == wanted);
        if has(".git") && dir.repository.as_ref().is_none_or(|r| r.top != dir.path) {
            self.enter_repository(&mut dir);
        }
        if self.options.gitignore && dir.repository.is_some() && has(".gitignore") {
            dir.ignores = add_rules(dir.ignores.take(), &dir.path, &dir.path.join(".gitignore"));
        }
        let mut batch = Vec::with_capacity(BATCH.min(entries.len()));
        for (file_name, entry) in entries {
            if file_name == ".git" {
                continue;
            }
            let name = join(&dir.name, &file_name);
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    (self.sink)(Entry::Unreadable { name: RepoPath::new(name), error });
                    continue;
                }
            };
            let path = entry.path();
            if kind.is_symlink() {
                self.skip(name, SkipReason::Symlink);
            } else if self.excluded(&name) {
                self.skip(name, SkipReason::Excluded);
            } else if kind.is_dir() {
                self.below(scope, &dir, path, name, &file_name);
            } else if !kind.is_file() {
                self.skip(name, SkipReason::Special);
            } else if self.is_ignored_file(&dir, &path, &file_name) {
                self.skip(name, SkipReason::Ignored);
            } else {
                batch.push(Entry::File { path, name: RepoPath::new(name) });
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    scope.spawn(move |_| full.into_iter().for_each(self.sink));
                }
            }
        }
        batch.into_iter().for_each(self.sink);
    }

    /// A repository of its own below the start: its rules begin anew.
    fn enter_repository(&self, dir: &mut Dir) {
        let Some(repository) = Repository::at(&dir.path).map(Arc::new) else {
            let file = dir.path.join(".git");
            // A link, device or pipe of that name is not git's.
            if std::fs::symlink_metadata(&file).is_ok_and(|m| m.is_file()) {
                (self.sink)(Entry::Pointless { name: RepoPath::new(join(&dir.name, OsStr::new(".git"))) });
            }
            return;
        };
        let name = RepoPath::new(dir.name.clone());
        (self.sink)(Entry::Repository { repository: Arc::clone(&repository), name });
        let exclude = repository.git_dir.join("info/exclude");
        dir.ignores =
            if self.options.gitignore && exclude.is_file() { add_rules(None, &dir.path, &exclude) } else { None };
        dir.repository = Some(repository);
        dir.inside = Vec::new();
        dir.only_tracked = false;
    }

    fn below<'s>(&'s self, scope: &Scope<'s>, dir: &Dir, path: PathBuf, name: Vec<u8>, file_name: &OsStr) {
        let inside = join(&dir.inside, file_name);
        let mut only_tracked = dir.only_tracked;
        if !only_tracked && dir.ignores.as_ref().is_some_and(|i| i.ignored(&path, true)) {
            only_tracked = true;
        }
        if only_tracked && !dir.repository.as_ref().is_some_and(|r| r.tracks_below(&inside)) {
            return self.skip(name, SkipReason::Ignored);
        }
        let next =
            Dir { path, name, repository: dir.repository.clone(), inside, ignores: dir.ignores.clone(), only_tracked };
        scope.spawn(move |scope| self.directory(scope, next));
    }

    fn is_ignored_file(&self, dir: &Dir, path: &Path, file_name: &OsStr) -> bool {
        let ignored = dir.only_tracked || dir.ignores.as_ref().is_some_and(|i| i.ignored(path, false));
        ignored && !dir.repository.as_ref().is_some_and(|r| r.is_tracked(&join(&dir.inside, file_name)))
    }

    fn excluded(&self, name: &[u8]) -> bool {
        !self.options.excludes.is_empty() && self.options.excludes.is_match(to_path(name))
    }

    fn skip(&self, name: Vec<u8>, reason: SkipReason) {
        (self.sink)(Entry::Skipped { name: RepoPath::new(name), reason });
    }
}

fn add_rules(outer: Option<Arc<Ignores>>, dir: &Path, file: &Path) -> Option<Arc<Ignores>> {
    // Git does not follow a link here either; a device or pipe would never end.
    let plain = std::fs::symlink_metadata(file).is_ok_and(|m| m.is_file() && m.len() <= MAX_RULES);
    let Some(text) = plain.then(|| std::fs::read(file).ok()).flatten() else { return outer };
    let mut builder = GitignoreBuilder::new(dir);
    for line in String::from_utf8_lossy(&text).lines() {
        // A line that is no pattern is what git skips too.
        let _ = builder.add_line(Some(file.to_owned()), line.trim_end_matches('\r'));
    }
    match builder.build() {
        Ok(rules) if !rules.is_empty() => Some(Arc::new(Ignores { rules, outer })),
        _ => outer,
    }
}

#[cfg(unix)]
fn to_path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn to_path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

fn join(dir: &[u8], name: &OsStr) -> Vec<u8> {
    let name = name.as_encoded_bytes();
    if dir.is_empty() {
        return name.to_vec();
    }
    let mut joined = Vec::with_capacity(dir.len() + 1 + name.len());
    joined.extend_from_slice(dir);
    joined.push(b'/');
    joined.extend_from_slice(name);
    joined
}

/// How much of a file is read before its length is asked for: most files end before.
const BEGINNING: usize = 64 << 10;

/// Whether a file of this name lies in the directory of another.
#[must_use]
pub fn is_beside(path: &Path, name: &str) -> bool {
    path.with_file_name(name).is_file()
}

/// Opens a file and reads its beginning into a buffer that is reused and never shrunk. Says how many bytes it read and,
/// when the file goes on behind them, how long it is.
///
/// # Errors
/// What the system says.
pub fn open(path: &Path, buffer: &mut Vec<u8>) -> io::Result<(File, usize, Option<u64>)> {
    let mut file = File::open(path)?;
    if buffer.len() < BEGINNING {
        buffer.resize(BEGINNING, 0);
    }
    let filled = fill(&mut file, &mut buffer[..BEGINNING])?;
    let length = if filled == BEGINNING { Some(file.metadata()?.len()) } else { None };
    Ok((file, filled, length))
}

/// Reads the rest of a file behind the first `filled` bytes of the buffer, up to `limit` bytes in all, and says how many
/// there are. The file may have grown or shrunk since it was measured; what is there is read.
///
/// # Errors
/// What the system says.
pub fn read(file: &mut File, length: u64, limit: u64, buffer: &mut Vec<u8>, mut filled: usize) -> io::Result<usize> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // One byte more than expected, so that the end is seen without another call.
    // What says that it is empty, like the files of /proc, or was cut since, is as long as what was read of it.
    let mut room = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1).max(filled).min(limit);
    loop {
        if buffer.len() < room {
            buffer.resize(room, 0);
        }
        filled += fill(file, buffer.get_mut(filled..room).unwrap_or_default())?;
        if filled < room || room == limit {
            return Ok(filled);
        }
        room = room.saturating_mul(2).min(limit);
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Reads a stream in pieces of `size` bytes of which each but the first begins with the last `overlap` bytes of the one
/// before, calling `piece(offset, bytes, is_last)`.
///
/// # Errors
/// What the system says.
pub fn for_each_chunk(
    input: &mut dyn Read,
    size: usize,
    overlap: usize,
    piece: &mut dyn FnMut(u64, &[u8], bool),
) -> io::Result<()> {
    let mut buffer = vec![0u8; size];
    let (mut filled, mut offset) = (0, 0u64);
    loop {
        let got = match input.read(&mut buffer[filled..]) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        filled += got;
        if got == 0 {
            piece(offset, &buffer[..filled], true);
            return Ok(());
        }
        if filled == size {
            piece(offset, &buffer, false);
            let keep = overlap.min(size / 2);
            buffer.copy_within(size - keep.., 0);
            offset += (size - keep) as u64;
            filled = keep;
        }
    }
}

/// Git's id of a blob whose bytes come in pieces.
#[derive(Debug)]
pub struct BlobHasher(Sha1);

impl BlobHasher {
    /// A hasher of a blob of this length.
    #[must_use]
    pub fn new(length: u64) -> Self {
        let mut hash = Sha1::new();
        hash.update(format!("blob {length}\0").as_bytes());
        Self(hash)
    }

    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id, once all bytes went in.
    #[must_use]
    pub fn finish(self) -> BlobId {
        BlobId::sha1(self.0.finalize().into())
    }
}

/// Git's id of a blob with these bytes: SHA-1 over `blob <length>\0` and the bytes.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> BlobId {
    let mut hasher = BlobHasher::new(bytes.len() as u64);
    hasher.update(bytes);
    hasher.finish()
}

/// Git's id of what a file of this length holds now; `None` when it cannot be read or has another length.
#[must_use]
pub fn blob_id_of(path: &Path, length: u64) -> Option<BlobId> {
    // What has become a pipe or has grown since is neither waited for nor read.
    std::fs::symlink_metadata(path).ok().filter(|now| now.is_file() && now.len() == length)?;
    std::fs::read(path).ok().map(|bytes| blob_id(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn ids_are_those_of_git() {
        assert_eq!(blob_id(b"").to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob_id(b"hello\n").to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn pieces_overlap_and_cover_everything() {
        let data: Vec<u8> = (0..1000u32).map(|i| i as u8).collect();
        let mut seen = vec![0u8; data.len()];
        for_each_chunk(&mut &data[..], 128, 16, &mut |offset, bytes, _| {
            for (i, b) in bytes.iter().enumerate() {
                assert_eq!(data[offset as usize + i], *b);
                seen[offset as usize + i] = 1;
            }
        })
        .unwrap();
        assert!(seen.iter().all(|s| *s == 1));
    }

    fn walk(dir: &Path) -> (Vec<String>, Vec<String>) {
        let options = WalkOptions { gitignore: true, excludes: GlobSet::empty() };
        let found = Mutex::new((Vec::new(), Vec::new()));
        let repository = Repository::at(dir).map(Arc::new);
        Files::new(&options, &|entry| match entry {
            Entry::File { name, .. } => found.lock().unwrap().0.push(name.display()),
            Entry::Skipped { name, .. } => found.lock().unwrap().1.push(name.display()),
            _ => {}
        })
        .run(dir, b"", repository, b"");
        let (mut files, mut skipped) = found.into_inner().unwrap();
        files.sort();
        skipped.sort();
        (files, skipped)
    }

    #[test]
    fn ignored_files_are_counted_and_tracked_ones_scanned_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("a/kept.txt", "1");
        put("build/out.o", "2");
        put("build/tracked.txt", "3");
        put(".hidden/x", "4");
        put("sub/local.env", "5");
        put(".gitignore", "build/\n");
        put("sub/.gitignore", "*.env\n!keep.env\n");
        put("sub/keep.env", "6");
        let repository = git2::Repository::init(dir.path()).unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new("build/tracked.txt")).unwrap();
        index.write().unwrap();
        let (files, skipped) = walk(dir.path());
        assert_eq!(
            files,
            [".gitignore", ".hidden/x", "a/kept.txt", "build/tracked.txt", "sub/.gitignore", "sub/keep.env"]
        );
        assert_eq!(skipped, ["build/out.o", "sub/local.env"]);
    }

    #[test]
    fn without_a_repository_nothing_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".gitignore"), "*\n").unwrap();
        std::fs::write(dir.path().join("a"), "x").unwrap();
        assert_eq!(walk(dir.path()).0, [".gitignore", "a"]);
    }

    #[test]
    fn a_file_that_was_cut_or_says_that_it_is_empty_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, vec![b'x'; BEGINNING * 3]).unwrap();
        for length in [0, 7, BEGINNING as u64, u64::MAX] {
            let mut buffer = Vec::new();
            let (mut file, filled, _) = open(&path, &mut buffer).unwrap();
            let read = read(&mut file, length, (BEGINNING * 4) as u64, &mut buffer, filled).unwrap();
            assert_eq!(read, BEGINNING * 3, "{length}");
        }
    }
}
