//! What commits, or the index, bring in: the values that their parents do not have.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::past::{COMMIT_MESSAGE, Past, Version};
use crate::model::{BlobId, RepoPath, Sighting};
use crate::source::git::diff::{self, Changes};
use crate::source::git::history::{self, History, Rank};
use crate::source::git::pack::Scratch;

/// What a range of commits brought in: of every commit the values that none of its parents has in the files it touches.
pub fn of_commits(past: &Past<'_, '_, '_>, history: &History, mine: &[Rank], head: Option<Rank>) -> Vec<Version> {
    let stop = &past.worker.counts().stop;
    let found = mine.par_iter().map_init(Scratch::default, |scratch, rank| {
        if stop.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let Some(commit) = history.commit(*rank) else { return Vec::new() };
        let olds: Vec<BlobId> =
            commit.parents.iter().flatten().filter_map(|p| history.commit(*p)).map(|c| c.tree).collect();
        let changes = diff::against(&past.objects, scratch, commit.tree, &olds);
        let mut versions = of_changes(past, scratch, &changes, Some(*rank));
        if let Ok(Some((_, bytes))) = past.objects.read(scratch, commit.id.as_bytes()) {
            versions.extend(past.message(COMMIT_MESSAGE, history::text_of(&bytes), Some(*rank)));
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
    past.worker.tally.swept(count, length);
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
