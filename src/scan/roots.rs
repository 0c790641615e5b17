//! From the given paths to starting points.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{ScanError, gap, limit};
use crate::config::{Commits, Settings, Tree};
use crate::model::{Coverage, FingerprintKey, Notice, RepoPath, Root};
use crate::source::{Repository, discover};
use crate::text::numbers;

/// Where a scan starts.
pub struct StartingPoint {
    /// What is read.
    pub input: Input,
    /// As given.
    pub given: String,
    /// What reports call the top that holds it: empty, or its directory's name when there are several.
    pub top: Vec<u8>,
    /// The name of the top's directory, which tells it from others when reports are merged.
    pub directory: Vec<u8>,
    /// What reports call it: the top's name and the path below it.
    pub name: Vec<u8>,
    /// The repository that holds it.
    pub repository: Option<Arc<Repository>>,
    /// Its path inside that repository.
    pub inside: Vec<u8>,
}

/// Kinds of starting point.
pub enum Input {
    /// Standard input.
    Stdin,
    /// One file.
    File(PathBuf),
    /// A directory.
    Directory(PathBuf),
}

impl StartingPoint {
    /// What the coverage says of it.
    pub fn describe(&self) -> Root {
        let kind = match (&self.input, &self.repository) {
            (Input::Stdin, _) => "stdin",
            (Input::Directory(_), Some(_)) if self.inside.is_empty() => "repository",
            (Input::File(_), _) => "file",
            (Input::Directory(_), _) => "directory",
        };
        let text = |bytes: &Vec<u8>| (!bytes.is_empty()).then(|| RepoPath::new(bytes.clone()).display());
        Root {
            path: self.given.clone(),
            kind: kind.to_owned(),
            head: self.repository.as_ref().and_then(|r| r.head()),
            top: text(&self.directory),
            inside: match (&self.input, &self.repository) {
                (Input::File(_), None) => text(&self.name).map(|n| n.rsplit('/').next().unwrap_or_default().to_owned()),
                _ => text(&self.inside),
            },
            label: text(&self.top),
            remote: self.repository.as_ref().and_then(|r| r.slug()),
        }
    }
}

impl StartingPoint {
    /// What to say when only what a repository holds is asked for, an index or commits, and none holds this.
    pub fn lacks_repository(&self, settings: &Settings) -> Option<String> {
        let lacks = settings.tree != Tree::Work && self.repository.is_none() && !matches!(self.input, Input::Stdin);
        let asked = if settings.tree == Tree::Staged { "what is staged was" } else { "commits were" };
        lacks.then(|| format!("is in no repository, and only {asked} asked for: nothing of it was scanned"))
    }
}

/// What to say of a run that scanned nothing.
pub fn nothing(settings: &Settings, coverage: &Coverage, histories: bool) -> Option<Notice> {
    let skipped: u64 = coverage.skipped.values().sum();
    match () {
        () if coverage.files > 0 || coverage.history_blobs > 0 => None,
        () if settings.tree == Tree::Staged => {
            let message = "nothing was scanned: the index holds no change against HEAD (`git add` stages files)";
            Some(limit("nothing-staged", None, message.to_owned()))
        }
        () if matches!(settings.commits, Commits::Some { .. }) && histories => {
            let message = "nothing was scanned: these commits bring in no files";
            Some(limit("nothing-in-range", None, message.to_owned()))
        }
        () if coverage.commits > 0 => None,
        () => {
            let message = if skipped > 0 {
                let found = numbers::count(skipped, "entry", "entries");
                format!("nothing was scanned: {found} found and skipped; see the coverage for the reasons")
            } else if settings.tree == Tree::None {
                "nothing was scanned: no commit was found".to_owned()
            } else {
                "nothing was scanned: no file was found below the given paths".to_owned()
            };
            Some(gap("nothing-scanned", None, message))
        }
    }
}

/// The starting points of a run.
///
/// # Errors
/// When a path does not exist or cannot be looked at.
pub fn resolve(settings: &Settings) -> Result<Vec<StartingPoint>, ScanError> {
    if settings.stdin {
        let point = StartingPoint {
            input: Input::Stdin,
            given: "<stdin>".to_owned(),
            top: Vec::new(),
            directory: Vec::new(),
            name: Vec::new(),
            repository: None,
            inside: Vec::new(),
        };
        return Ok(vec![point]);
    }
    let mut points = resolve_paths(&settings.paths)?;
    if let (Some(dir), [point]) = (&settings.git.dir, points.as_mut_slice())
        && let Input::Directory(path) = &point.input
        && let Some(repository) = dir.canonicalize().ok().and_then(|dir| Repository::of(path, &dir))
    {
        point.repository = Some(Arc::new(repository));
        (point.name, point.inside) = (Vec::new(), Vec::new());
    }
    Ok(points)
}

/// The starting points of these paths.
///
/// # Errors
/// When one does not exist or cannot be looked at.
pub fn resolve_paths(paths: &[PathBuf]) -> Result<Vec<StartingPoint>, ScanError> {
    let mut points = Vec::new();
    let mut tops = Vec::new();
    for given in paths {
        let fail = |message: String| ScanError::Path { path: given.display().to_string(), message };
        let path = given.canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => fail("no such file or directory".to_owned()),
            _ => fail(e.to_string()),
        })?;
        let repository = discover(&path).map(Arc::new);
        let inside = repository.as_ref().and_then(|r| path.strip_prefix(&r.top).ok()).map(slashed).unwrap_or_default();
        let is_dir = path.is_dir();
        let name = match (&repository, is_dir) {
            (Some(_), _) => inside.clone(),
            (None, false) => path.file_name().map(|n| n.as_encoded_bytes().to_vec()).unwrap_or_default(),
            (None, true) => Vec::new(),
        };
        // A file alone has no top of its own: what lies beside it shares its directory.
        let top = match (&repository, is_dir) {
            (Some(r), _) => r.top.clone(),
            (None, true) => path.clone(),
            (None, false) => path.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let input = if is_dir { Input::Directory(path) } else { Input::File(path) };
        let given = given.display().to_string();
        let directory = base(&top);
        points.push(StartingPoint { input, given, top: Vec::new(), directory, name, repository, inside });
        tops.push(top);
    }
    label(&mut points, &tops);
    Ok(points)
}

/// Names relative to different tops would be ambiguous in one report, so each top's directory name goes before them.
fn label(points: &mut [StartingPoint], tops: &[PathBuf]) {
    let distinct: BTreeSet<&PathBuf> = tops.iter().collect();
    if distinct.len() < 2 {
        return;
    }
    let mut labels: BTreeMap<&PathBuf, Vec<u8>> = BTreeMap::new();
    let mut used: BTreeSet<Vec<u8>> = BTreeSet::new();
    for top in tops {
        let base = base(top);
        labels.entry(top).or_insert_with(|| {
            let mut label = base.clone();
            let mut count = 1;
            while !used.insert(label.clone()) {
                count += 1;
                label = [base.as_slice(), format!("-{count}").as_bytes()].concat();
            }
            label
        });
    }
    for (point, top) in points.iter_mut().zip(tops) {
        let label = labels.get(top).cloned().unwrap_or_default();
        point.name = if point.name.is_empty() { label.clone() } else { [label.as_slice(), &point.name].join(&b'/') };
        point.top = label;
    }
}

/// The name of a top's directory.
fn base(top: &Path) -> Vec<u8> {
    top.file_name().map_or_else(|| b"root".to_vec(), |n| n.as_encoded_bytes().to_vec())
}

fn slashed(path: &Path) -> Vec<u8> {
    let parts: Vec<&[u8]> = path
        .components()
        .filter(|c| !matches!(c, std::path::Component::CurDir))
        .map(|c| c.as_os_str().as_encoded_bytes())
        .collect();
    parts.join(&b'/')
}

/// The key of a run, made when the first value wants a fingerprint: to derive it the whole history of a repository is
/// walked, which a scan that finds nothing need not wait for.
pub struct RunKey<'a> {
    key: OnceLock<FingerprintKey>,
    points: &'a [StartingPoint],
}

impl<'a> RunKey<'a> {
    /// The key given, or one that these starting points will give.
    pub fn new(given: Option<FingerprintKey>, points: &'a [StartingPoint]) -> Self {
        let key = OnceLock::new();
        if let Some(given) = given {
            // The cell is new, so it takes the value.
            let _ = key.set(given);
        }
        Self { key, points }
    }

    /// The key.
    pub fn get(&self) -> &FingerprintKey {
        self.key.get_or_init(|| derived_key(self.points))
    }

    /// The key, unless it was neither given nor wanted.
    pub fn made(&self) -> Option<&FingerprintKey> {
        self.key.get()
    }
}

/// The key that belongs to the repository scanned, so that its reports compare over time; a constant elsewhere.
fn derived_key(points: &[StartingPoint]) -> FingerprintKey {
    let root = points.iter().find_map(|p| p.repository.as_ref()).and_then(|r| r.smallest_root());
    match root {
        Some(id) => FingerprintKey::new(format!("keyroll repository key\0{id}").as_bytes(), "repository", true),
        None => FingerprintKey::constant(),
    }
}
