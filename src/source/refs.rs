//! Names that point to objects: loose and packed refs, those of linked working trees, pseudo refs such as `HEAD` and
//! `MERGE_HEAD` (<https://git-scm.com/docs/gitrepository-layout>), and reftables.

use std::collections::BTreeMap;
use std::path::Path;

use super::git::objects::unhex;
use super::reftable::{self, Value};
use crate::model::BlobId;

/// Longest file with one ref, and with many.
const MAX_REF: u64 = 16 << 10;
const MAX_PACKED: u64 = 512 << 20;
/// Deepest directory below `refs`, and longest chain of symbolic refs; git follows five.
const MAX_DEPTH: usize = 64;
const MAX_SYMBOLIC: usize = 5;

/// Files beside `HEAD` that name commits (<https://git-scm.com/docs/gitglossary#Documentation/gitglossary.txt-pseudoref>).
const PSEUDO: &[&str] = &[
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "BISECT_HEAD",
    "AUTO_MERGE",
];

/// All refs of a repository.
#[derive(Debug, Clone, Default)]
pub struct Refs {
    /// Names and what they point to, sorted by name; what points nowhere is left out.
    pub refs: Vec<(String, BlobId)>,
    /// The commit that is checked out.
    pub head: Option<BlobId>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

impl Refs {
    /// Reads the refs of a repository; `git_dir` is that of one working tree, `common_dir` that of all of them.
    #[must_use]
    pub fn read(git_dir: &Path, common_dir: &Path, hash_len: usize) -> Self {
        let mut problems = Vec::new();
        let mut values = BTreeMap::new();
        table_or_files(common_dir, "", hash_len, &mut values, &mut problems);
        let mut own = values.clone();
        if git_dir != common_dir {
            table_or_files(git_dir, "", hash_len, &mut own, &mut problems);
        }
        let resolve = |values: &BTreeMap<String, Value>, name: &str| {
            let mut name = name.to_owned();
            for _ in 0..=MAX_SYMBOLIC {
                match values.get(&name)? {
                    Value::Id(id) => return Some(*id),
                    Value::Symbolic(next) => name.clone_from(next),
                }
            }
            None
        };
        let head = resolve(&own, "HEAD");
        let mut refs: BTreeMap<String, BlobId> =
            own.keys().filter_map(|name| Some((name.clone(), resolve(&own, name)?))).collect();
        // Other working trees have a HEAD of their own.
        for entry in std::fs::read_dir(common_dir.join("worktrees")).into_iter().flatten().flatten() {
            let name = format!("worktrees/{}", entry.file_name().to_string_lossy());
            let mut theirs = values.clone();
            table_or_files(&entry.path(), "", hash_len, &mut theirs, &mut problems);
            refs.extend(resolve(&theirs, "HEAD").map(|id| (format!("{name}/HEAD"), id)));
        }
        refs.remove("HEAD");
        Self { refs: refs.into_iter().collect(), head, problems }
    }
}

/// Everything that a git directory says of refs, over what is there already.
fn table_or_files(
    dir: &Path,
    prefix: &str,
    hash_len: usize,
    values: &mut BTreeMap<String, Value>,
    problems: &mut Vec<String>,
) {
    let list = dir.join("reftable/tables.list");
    if list.is_file() {
        match reftable::read(&dir.join("reftable"), hash_len) {
            Ok(found) => {
                for (name, value) in found {
                    match value {
                        Some(value) => values.insert(name, value),
                        None => values.remove(&name),
                    };
                }
            }
            Err(why) => problems.push(format!("the reftables could not be read: {why}")),
        }
        return;
    }
    packed(dir, hash_len, values, problems);
    loose(&dir.join("refs"), "refs", 0, hash_len, values, problems);
    for name in std::iter::once(&"HEAD").chain(PSEUDO) {
        let path = dir.join(name);
        let Some(text) = small(&path, MAX_REF) else { continue };
        // `FETCH_HEAD` has a line for each of several; the first is what was asked for.
        let line = text.lines().next().unwrap_or_default();
        if let Some(value) = value_of(line.split('\t').next().unwrap_or_default(), hash_len) {
            values.insert(format!("{prefix}{name}"), value);
        }
    }
}

fn small(path: &Path, most: u64) -> Option<String> {
    std::fs::symlink_metadata(path).ok().filter(|m| m.is_file() && m.len() <= most)?;
    std::fs::read(path).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn value_of(text: &str, hash_len: usize) -> Option<Value> {
    let text = text.trim();
    if let Some(target) = text.strip_prefix("ref:") {
        return Some(Value::Symbolic(target.trim().to_owned()));
    }
    let id = unhex(text).filter(|id| id.len() == hash_len)?;
    BlobId::from_bytes(&id).map(Value::Id)
}

fn packed(dir: &Path, hash_len: usize, values: &mut BTreeMap<String, Value>, problems: &mut Vec<String>) {
    let path = dir.join("packed-refs");
    if !path.is_file() {
        return;
    }
    let Some(text) = small(&path, MAX_PACKED) else {
        return problems
            .push("packed-refs could not be read, so branches and tags in it are not known by name".to_owned());
    };
    let mut damaged = 0;
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#') && !l.starts_with('^')) {
        match line.split_once(' ').and_then(|(id, name)| Some((name, value_of(id, hash_len)?))) {
            Some((name, value)) => {
                values.insert(name.to_owned(), value);
            }
            None => damaged += 1,
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
        } else if kind.is_file() && !name.ends_with(".lock") {
            match small(&entry.path(), MAX_REF).and_then(|text| value_of(&text, hash_len)) {
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
        put("FETCH_HEAD", &format!("{}\tnot-for-merge\tbranch 'x' of y\n", hex(6)));
        put("worktrees/w/HEAD", &hex(7));
        let refs = Refs::read(dir.path(), dir.path(), 20);
        let id = |n: u8| BlobId::sha1([n; 20]);
        assert_eq!(refs.head, Some(id(4)));
        let expected = [
            ("FETCH_HEAD", id(6)),
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
}
