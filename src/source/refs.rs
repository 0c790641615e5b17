//! Names that point to objects: loose and packed refs, those of linked working trees, pseudo refs such as `HEAD` and
//! `MERGE_HEAD` (<https://git-scm.com/docs/gitrepository-layout>), and reftables.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::git::config::GitConfig;
use super::git::objects::unhex;
use super::git::regular;
use super::reftable::{self, Value};
use crate::model::BlobId;

/// Longest file with one ref, and with many.
const MAX_REF: u64 = 16 << 10;
const MAX_PACKED: u64 = 512 << 20;
/// Longest file with a line for each of several objects.
const MAX_LINES: u64 = 64 << 20;
/// Deepest directory below `refs`, and longest chain of symbolic refs; git follows five.
const MAX_DEPTH: usize = 64;
const MAX_SYMBOLIC: usize = 5;

/// `HEAD` and files beside it that name commits (<https://git-scm.com/docs/gitglossary#Documentation/gitglossary.txt-pseudoref>).
const PSEUDO: &[&str] = &[
    "HEAD",
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "BISECT_HEAD",
    "AUTO_MERGE",
];

/// Those that are files wherever other refs lie, since they hold more than one object.
const SPECIAL: &[&str] = &["FETCH_HEAD", "MERGE_HEAD"];

/// All refs of a repository.
#[derive(Debug, Clone, Default)]
pub struct Refs {
    /// Names and what they point to, sorted by name; what points nowhere is left out.
    pub refs: Vec<(String, BlobId)>,
    /// The commit that is checked out.
    pub head: Option<BlobId>,
    /// Whether no branch is checked out, but a commit.
    pub detached: bool,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

impl Refs {
    /// Reads the refs of a repository; `git_dir` is that of one working tree, `common_dir` that of all of them.
    #[must_use]
    pub fn read(git_dir: &Path, common_dir: &Path, hash_len: usize) -> Self {
        let mut problems = Vec::new();
        let config = GitConfig::read(&common_dir.join("config")).unwrap_or_else(|why| {
            problems.push(format!("its configuration could not be read: {why}"));
            GitConfig::default()
        });
        let tables = config.get("extensions", None, "refstorage").is_some_and(|s| s.eq_ignore_ascii_case("reftable"));
        let mut read = |dir: &Path| {
            let mut values = Values::new();
            table_or_files(dir, tables, hash_len, &mut values, &mut problems);
            values
        };
        let same =
            |a: &Path, b: &Path| a == b || a.canonicalize().ok().is_some_and(|a| b.canonicalize().ok() == Some(a));
        let (shared, main): (Values, Values) = read(common_dir).into_iter().partition(|(name, _)| !is_private(name));
        // Each working tree has a HEAD and some refs of its own; those of others are named as git names them
        // (<https://git-scm.com/docs/git-worktree#_refs>).
        let mut trees = vec![(same(git_dir, common_dir), "main-worktree".to_owned(), main)];
        for entry in std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten() {
            let name = format!("worktrees/{}", entry.file_name().to_string_lossy());
            trees.push((same(&entry.path(), git_dir), name, read(&entry.path())));
        }
        if trees.iter().all(|(own, ..)| !own) {
            trees.push((true, String::new(), read(git_dir)));
        }
        let mut refs: BTreeMap<String, BlobId> = BTreeMap::new();
        let (mut head, mut detached) = (None, false);
        for (own, label, mut values) in trees {
            values.retain(|name, _| is_private(name));
            let resolve = |name: &str| {
                let mut name = name;
                for _ in 0..=MAX_SYMBOLIC {
                    let at = if is_private(name) { &values } else { &shared };
                    match at.get(name)? {
                        Value::Id(id) => return Some(*id),
                        Value::Symbolic(next) => name = next,
                    }
                }
                None
            };
            if own {
                head = resolve("HEAD");
                detached = matches!(values.get("HEAD"), Some(Value::Id(_)));
                refs.extend(shared.keys().filter_map(|name| Some((name.clone(), resolve(name)?))));
            }
            for name in values.keys().filter(|name| !own || *name != "HEAD") {
                let shown = if own { name.clone() } else { format!("{label}/{name}") };
                refs.extend(resolve(name).map(|id| (shown, id)));
            }
        }
        Self { refs: refs.into_iter().collect(), head, detached, problems }
    }
}

type Values = BTreeMap<String, Value>;

/// Whether a ref belongs to one working tree and not to all.
fn is_private(name: &str) -> bool {
    !name.starts_with("refs/")
        || ["refs/bisect/", "refs/worktree/", "refs/rewritten/"].iter().any(|p| name.starts_with(p))
}

/// Everything that a git directory says of refs.
fn table_or_files(dir: &Path, tables: bool, hash_len: usize, values: &mut Values, problems: &mut Vec<String>) {
    let stack = dir.join("reftable");
    if stack.join("tables.list").exists() {
        let (found, why) = reftable::read(&stack, hash_len);
        values.extend(found.into_iter().filter_map(|(name, value)| Some((name, value?))));
        problems.extend(why);
    }
    // Tables that the configuration does not know are not what git reads, so files win over them.
    let special: &[&str] = if tables { SPECIAL } else { PSEUDO };
    if !tables {
        packed(dir, hash_len, values, problems);
        loose(&dir.join("refs"), "refs", 0, hash_len, values, problems);
    }
    for name in special {
        let path = dir.join(name);
        match small(&path, if SPECIAL.contains(name) { MAX_LINES } else { MAX_REF }) {
            Ok(text) => {
                // Those that hold several objects have one a line, and what it is behind a tab; many branches may be one commit.
                let ids = text.lines().map(|line| line.split('\t').next().unwrap_or_default());
                let mut told = BTreeSet::new();
                let ids = ids.filter(|id| told.insert(*id)).filter_map(|id| value_of(id, hash_len));
                if *name == "HEAD" && !is_head(&text, hash_len) {
                    problems.push(
                        "HEAD names neither a branch nor a commit, so git takes the directory for no repository; what its \
                         objects hold was read all the same"
                            .to_owned(),
                    );
                }
                for (number, value) in ids.enumerate() {
                    let more = if number == 0 { String::new() } else { format!(" ({})", number + 1) };
                    values.insert(format!("{name}{more}"), value);
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => problems.push(format!("{name} could not be read: {e}")),
        }
    }
}

/// The text of a file; of a link that is a symbolic ref of old what a file would say.
fn small(path: &Path, most: u64) -> io::Result<String> {
    if let Ok(target) = std::fs::read_link(path)
        && let Some(target) = target.to_str().filter(|t| t.starts_with("refs/"))
    {
        return Ok(format!("ref: {target}"));
    }
    regular::read(path, most).map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn value_of(text: &str, hash_len: usize) -> Option<Value> {
    let text = text.trim();
    if let Some(target) = text.strip_prefix("ref:") {
        return Some(Value::Symbolic(target.trim().to_owned()));
    }
    let id = unhex(text).filter(|id| id.len() == hash_len)?;
    BlobId::from_bytes(&id).map(Value::Id)
}

/// Whether a text can stand in HEAD: a ref below `refs/`, born or not, or an object.
fn is_head(text: &str, hash_len: usize) -> bool {
    match value_of(text.lines().next().unwrap_or_default(), hash_len) {
        Some(Value::Symbolic(name)) => name.starts_with("refs/"),
        Some(Value::Id(_)) => true,
        None => false,
    }
}

fn packed(dir: &Path, hash_len: usize, values: &mut BTreeMap<String, Value>, problems: &mut Vec<String>) {
    let text = match small(&dir.join("packed-refs"), MAX_PACKED) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return,
        Err(e) => {
            let why = format!("packed-refs could not be read, so branches and tags in it are not known by name: {e}");
            return problems.push(why);
        }
    };
    let mut damaged = 0;
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#') && !l.starts_with('^')) {
        match line.split_once(' ').and_then(|(id, name)| Some((name, value_of(id, hash_len)?))) {
            Some((name, value)) if name.starts_with("refs/") => {
                values.insert(name.to_owned(), value);
            }
            _ => damaged += 1,
        }
    }
    if damaged > 0 {
        problems.push(format!("packed-refs holds lines that are no refs ({damaged})"));
    }
}

fn loose(
    dir: &Path,
    name: &str,
    depth: usize,
    hash_len: usize,
    values: &mut BTreeMap<String, Value>,
    problems: &mut Vec<String>,
) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < MAX_DEPTH {
            loose(&entry.path(), &name, depth + 1, hash_len, values, problems);
        } else if !kind.is_dir() && !name.ends_with(".lock") {
            match small(&entry.path(), MAX_REF).ok().and_then(|text| value_of(&text, hash_len)) {
                Some(value) => {
                    values.insert(name, value);
                }
                None => problems.push(format!("{name} names no object")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn loose_refs_win_over_packed_ones_and_symbolic_ones_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let hex = |n: u8| format!("{n:02x}").repeat(20);
        let packed = format!(
            "# pack-refs with: peeled\n{} refs/heads/main\n{} refs/tags/v1\n^{}\nbroken\n",
            hex(1),
            hex(2),
            hex(3)
        );
        put("packed-refs", &packed);
        put("refs/heads/main", &format!("{}\n", hex(4)));
        put("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/main\n");
        put("refs/remotes/origin/main", &hex(5));
        put("refs/heads/loop", "ref: refs/heads/loop");
        put("refs/heads/bad", "nothing");
        put("HEAD", "ref: refs/heads/main\n");
        let fetched = |n: u8| format!("{}\tnot-for-merge\tbranch 'x' of y\n", hex(n));
        put("FETCH_HEAD", &format!("{}{}", fetched(6), fetched(8)));
        put("worktrees/w/HEAD", &hex(7));
        let refs = Refs::read(dir.path(), dir.path(), 20);
        let id = |n: u8| BlobId::sha1([n; 20]);
        assert_eq!(refs.head, Some(id(4)));
        let expected = [
            ("FETCH_HEAD", id(6)),
            ("FETCH_HEAD (2)", id(8)),
            ("refs/heads/main", id(4)),
            ("refs/remotes/origin/HEAD", id(5)),
            ("refs/remotes/origin/main", id(5)),
            ("refs/tags/v1", id(2)),
            ("worktrees/w/HEAD", id(7)),
        ];
        let expected: Vec<_> = expected.iter().map(|(n, id)| ((*n).to_owned(), *id)).collect();
        assert_eq!(refs.refs, expected);
        assert_eq!(refs.problems.len(), 2, "{:?}", refs.problems);
    }

    #[test]
    fn a_head_that_names_nothing_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let problems = |text: &str| {
            std::fs::write(dir.path().join("HEAD"), text).unwrap();
            Refs::read(dir.path(), dir.path(), 20).problems
        };
        for bad in ["", "garbage", "\0\0\0", "ref: garbage", &"ab".repeat(19)] {
            assert!(problems(bad).concat().contains("HEAD names neither"), "{bad:?}");
        }
        for good in ["ref: refs/heads/unborn\n", "ref:refs/heads/x", &"ab".repeat(20)] {
            assert!(problems(good).is_empty(), "{good:?}");
        }
    }

    #[test]
    fn a_linked_working_tree_has_its_own_head_and_private_refs() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, n: u8| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{n:02x}").repeat(20)).unwrap();
        };
        put("HEAD", 1);
        put("ORIG_HEAD", 2);
        put("refs/bisect/bad", 3);
        put("refs/heads/main", 4);
        put("worktrees/w/HEAD", 5);
        put("worktrees/w/refs/bisect/bad", 6);
        let shown = |git_dir: &Path| {
            let refs = Refs::read(git_dir, dir.path(), 20);
            assert!(refs.detached && refs.problems.is_empty());
            let all: Vec<String> = refs.refs.iter().map(|(n, id)| format!("{n} {}", id.as_bytes()[0])).collect();
            (refs.head.unwrap().as_bytes()[0], all)
        };
        let linked = ["main-worktree/HEAD 1", "main-worktree/ORIG_HEAD 2", "main-worktree/refs/bisect/bad 3"];
        let linked = [&linked[..], &["refs/bisect/bad 6", "refs/heads/main 4"]].concat();
        assert_eq!(shown(&dir.path().join("worktrees/w")), (5, linked.iter().map(|s| (*s).to_owned()).collect()));
        let main = ["ORIG_HEAD 2", "refs/bisect/bad 3", "refs/heads/main 4"];
        let main = [&main[..], &["worktrees/w/HEAD 5", "worktrees/w/refs/bisect/bad 6"]].concat();
        assert_eq!(shown(dir.path()), (1, main.iter().map(|s| (*s).to_owned()).collect()));
    }
}
