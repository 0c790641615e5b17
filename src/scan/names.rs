//! Which commit a name means.

use std::sync::Arc;

use crate::model::BlobId;
use crate::source::Refs;
use crate::source::git::Kind;
use crate::source::git::history::{self, History, Rank};
use crate::source::git::objects::{Objects, unhex};
use crate::source::git::pack::Scratch;

/// The commit that a name means: a ref, `HEAD`, an id or its beginning, each with `~n` and `^` behind it.
///
/// # Errors
/// Says what is wrong with the name.
pub fn resolve(objects: &Objects, refs: &Refs, history: &History, name: &str) -> Result<Rank, String> {
    let end = name.find(['~', '^']).unwrap_or(name.len());
    let (base, steps) = name.split_at(end);
    let unknown = || format!("`{name}` names no commit of this repository; `git fetch` may bring it");
    let id = object(objects, refs, history, base).ok_or_else(unknown)?;
    let mut rank = peeled(objects, history, &id).ok_or_else(unknown)?;
    let mut rest = steps;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count: usize = if digits == 0 { 1 } else { rest[..digits].parse().map_err(|_| unknown())? };
        rest = &rest[digits..];
        let parent = |rank: Rank, n: usize| history.commit(rank).and_then(|c| c.parents.get(n).copied().flatten());
        rank = match (sign, count) {
            (_, 0) => rank,
            ('~', n) => (0..n).try_fold(rank, |rank, _| parent(rank, 0)).ok_or_else(unknown)?,
            ('^', n) => parent(rank, n - 1).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
    }
    Ok(rank)
}

/// The object that a name without steps behind it means.
fn object(objects: &Objects, refs: &Refs, history: &History, name: &str) -> Option<BlobId> {
    // A whole id means that id, whatever branch somebody gave its name to.
    let id = whole_id(objects, name).or_else(|| by_name(refs, name));
    id.or_else(|| by_beginning(objects, history, name))
}

/// The annotated tags that a name goes through until it comes to something else, with their bytes.
pub fn tags(objects: &Objects, refs: &Refs, history: &History, name: &str) -> Vec<(BlobId, Arc<Vec<u8>>)> {
    object(objects, refs, history, name).map(|id| tags_of(objects, history, id)).unwrap_or_default()
}

/// The annotated tags that begin with an object, each of the one before it.
pub fn tags_of(objects: &Objects, history: &History, mut id: BlobId) -> Vec<(BlobId, Arc<Vec<u8>>)> {
    let mut tags = Vec::new();
    while tags.len() < MAX_TAGS && history.rank(&id).is_none() {
        let Ok(Some((Kind::Tag, bytes))) = objects.read(&mut Scratch::default(), id.as_bytes()) else { break };
        let next = history::tagged(&bytes);
        tags.push((id, bytes));
        match next {
            Some(next) => id = next,
            None => break,
        }
    }
    tags
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

/// A whole id.
fn whole_id(objects: &Objects, name: &str) -> Option<BlobId> {
    let whole = name.len() == 2 * objects.hash_len();
    BlobId::from_bytes(&unhex(name).filter(|_| whole)?)
}

/// The commit, or else the tag, whose id begins so, when there is only one.
fn by_beginning(objects: &Objects, history: &History, name: &str) -> Option<BlobId> {
    let hex = name.len() >= 4 && name.len() < 2 * objects.hash_len() && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let mut commits = history.commits.iter().filter(|c| c.id.to_string().starts_with(&name));
    match (commits.next(), commits.next()) {
        (Some(commit), None) => return Some(commit.id),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    match objects.with_prefix(&name).as_slice() {
        [id] => BlobId::from_bytes(id),
        _ => None,
    }
}
