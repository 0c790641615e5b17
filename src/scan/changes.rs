//! What commits, or the index, bring in: the values that their parents do not have.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::history::{Past, Version};
use crate::model::{BlobId, RepoPath, Sighting};
use crate::source::Refs;
use crate::source::git::Kind;
use crate::source::git::diff::{self, Changes};
use crate::source::git::history::{self, History, Rank};
use crate::source::git::objects::{Objects, unhex};
use crate::source::git::pack::Scratch;

/// What a range of commits brought in: of every commit the values that none of its parents has in the files it touches.
pub fn of_commits(past: &Past<'_, '_, '_>, history: &History, mine: &[Rank], head: Option<Rank>) -> Vec<Version> {
    let stop = &past.worker.counts().stop;
    let found = mine.par_iter().map_init(Scratch::default, |scratch, rank| {
        if stop.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let Some(commit) = history.commit(*rank) else { return Vec::new() };
        let olds: Vec<BlobId> = commit.parents.iter().filter_map(|p| history.commit(*p)).map(|c| c.tree).collect();
        let changes = diff::against(&past.objects, scratch, commit.tree, &olds);
        let mut versions = of_changes(past, scratch, &changes, Some(*rank));
        if let Ok(Some((_, bytes))) = past.objects.read(scratch, commit.id.as_bytes()) {
            versions.extend(past.message(super::history::COMMIT_MESSAGE, history::text_of(&bytes), Some(*rank)));
        }
        versions
    });
    let mut versions: Vec<Version> = found.flatten_iter().collect();
    if let Some(tree) = head.and_then(|h| history.commit(h)).map(|c| c.tree) {
        let mut scratch = Scratch::default();
        versions.iter_mut().for_each(|v| still_there(past, &mut scratch, tree, v));
    }
    versions
}

/// The new values of these changes.
pub fn of_changes(
    past: &Past<'_, '_, '_>,
    scratch: &mut Scratch,
    changes: &Changes,
    rank: Option<Rank>,
) -> Vec<Version> {
    past.missing(&changes.missing);
    let mut versions = Vec::new();
    let (mut count, mut length) = (0, 0);
    for change in &changes.files {
        let Some(name) = past.wanted(&change.path) else { continue };
        let bytes = match past.objects.read(scratch, change.blob.as_bytes()) {
            Ok(Some((_, bytes))) => bytes,
            Ok(None) => {
                past.missing(&[change.blob]);
                continue;
            }
            Err(why) => {
                past.unread(change.blob, why);
                continue;
            }
        };
        count += 1;
        length += bytes.len() as u64;
        let class = past.worker.classify(&name);
        for sighting in past.worker.past(&bytes, &class, &name) {
            versions.push(Version { sighting, path: change.path.clone(), first: rank, last: rank, in_head: false });
        }
    }
    past.worker.swept(count, length);
    if versions.is_empty() {
        return versions;
    }
    // What the files held before, wherever in this change it stood, is not brought in by it.
    let old = |path: &[u8], id: &BlobId, scratch: &mut Scratch| -> Vec<Sighting> {
        let name = RepoPath::new(path.to_vec());
        let class = past.worker.classify(&name);
        match past.objects.read(scratch, id.as_bytes()) {
            Ok(Some((_, bytes))) => past.worker.past(&bytes, &class, &name),
            _ => Vec::new(),
        }
    };
    let mut before: HashSet<u64> = HashSet::new();
    for change in &changes.files {
        for id in &change.olds {
            before.extend(old(&change.path, id, scratch).iter().map(|s| s.same));
        }
    }
    for (path, id) in &changes.gone {
        before.extend(old(path, id, scratch).iter().map(|s| s.same));
    }
    versions.retain(|v| !before.contains(&v.sighting.same));
    versions
}

/// Whether HEAD still has the value in this file, and where.
fn still_there(past: &Past<'_, '_, '_>, scratch: &mut Scratch, head: BlobId, version: &mut Version) {
    let Some(id) = diff::at_path(&past.objects, scratch, head, &version.path) else { return };
    let Ok(Some((_, bytes))) = past.objects.read(scratch, id.as_bytes()) else { return };
    let name = past.name(&version.path);
    let now = past.worker.past(&bytes, &past.worker.classify(&name), &name);
    if let Some(now) = now.into_iter().find(|s| s.same == version.sighting.same) {
        version.in_head = true;
        version.sighting = now;
    }
}

/// The commit that a name means: a ref, `HEAD`, an id or its beginning, each with `~n` and `^` behind it.
///
/// # Errors
/// Says what is wrong with the name.
pub fn resolve(objects: &Objects, refs: &Refs, history: &History, name: &str) -> Result<Rank, String> {
    let end = name.find(['~', '^']).unwrap_or(name.len());
    let (base, steps) = name.split_at(end);
    let unknown = || format!("`{name}` names no commit of this repository; `git fetch` may bring it");
    let id = by_name(refs, base).or_else(|| by_id(objects, base)).ok_or_else(unknown)?;
    let mut rank = peeled(objects, history, &id).ok_or_else(unknown)?;
    let mut rest = steps;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count: usize = if digits == 0 { 1 } else { rest[..digits].parse().map_err(|_| unknown())? };
        rest = &rest[digits..];
        let parent = |rank: Rank, n: usize| history.commit(rank).and_then(|c| c.parents.get(n).copied());
        rank = match (sign, count) {
            (_, 0) => rank,
            ('~', n) => (0..n).try_fold(rank, |rank, _| parent(rank, 0)).ok_or_else(unknown)?,
            ('^', n) => parent(rank, n - 1).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
    }
    Ok(rank)
}

/// The commit that an object is, or that a tag at last points to.
pub fn peeled(objects: &Objects, history: &History, id: &BlobId) -> Option<Rank> {
    let mut id = *id;
    for _ in 0..MAX_TAGS {
        if let Some(rank) = history.rank(&id) {
            return Some(rank);
        }
        let (kind, bytes) = objects.read(&mut Scratch::default(), id.as_bytes()).ok()??;
        id = (kind == Kind::Tag).then(|| history::tagged(&bytes)).flatten()?;
    }
    None
}

/// Longest chain of tags of tags that is followed.
const MAX_TAGS: usize = 16;

/// A ref by its whole name, or by the shorter forms that git takes, in its order
/// (<https://git-scm.com/docs/gitrevisions>).
fn by_name(refs: &Refs, name: &str) -> Option<BlobId> {
    if matches!(name, "HEAD" | "@" | "") {
        return refs.head;
    }
    let find = |whole: &str| refs.refs.iter().find(|(n, _)| n == whole).map(|(_, id)| *id);
    let forms = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    forms.iter().find_map(|f| find(&format!("{f}{name}"))).or_else(|| find(&format!("refs/remotes/{name}/HEAD")))
}

fn by_id(objects: &Objects, name: &str) -> Option<BlobId> {
    let hex = name.len() >= 4 && name.len() <= 2 * objects.hash_len() && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex {
        return None;
    }
    let name = name.to_ascii_lowercase();
    if name.len() == 2 * objects.hash_len() {
        return BlobId::from_bytes(&unhex(&name)?);
    }
    match objects.with_prefix(&name).as_slice() {
        [id] => BlobId::from_bytes(id),
        _ => None,
    }
}
