//! What commits, or the index, bring in: the values that their parents do not have.

use crate::model::BlobId;
use crate::source::Refs;
use crate::source::git::history::{History, Rank};
use crate::source::git::objects::{Objects, unhex};

/// The commit that a name means: a ref, `HEAD`, an id or its beginning, each with `~n` and `^` behind it.
///
/// # Errors
/// Says what is wrong with the name.
pub fn resolve(objects: &Objects, refs: &Refs, history: &History, name: &str) -> Result<Rank, String> {
    let end = name.find(['~', '^']).unwrap_or(name.len());
    let (base, steps) = name.split_at(end);
    let unknown = || format!("`{name}` names no commit of this repository; `git fetch` may bring it");
    let id = by_name(refs, base).or_else(|| by_id(objects, base)).ok_or_else(unknown)?;
    let mut rank = history.rank(&id).ok_or_else(unknown)?;
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
