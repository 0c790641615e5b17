//! The commits of a repository, and which of them brought in a blob.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::Kind;
use super::ids::{Ids, key};
use super::objects::{Item, Objects, Sweep, Unread, unhex};
use crate::model::BlobId;

/// Position of a commit in [`History::commits`]: parents come before children, and of commits that no line of descent
/// orders, the earlier one.
pub type Rank = u32;

/// A commit, as far as the whole history is concerned.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id.
    pub id: BlobId,
    /// Its tree.
    pub tree: BlobId,
    /// Its parents in their order; none in the place of one that is not here. Those that are here count even where a shallow
    /// clone says that the history ends: what is known of it makes a range no wider than it is.
    pub parents: Vec<Option<Rank>>,
    /// True when a parent is not here: where a shallow clone was cut.
    pub cut: bool,
    /// When it was committed, in seconds since 1970.
    pub committed: i64,
}

/// What a commit says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The author's name.
    pub author: String,
    /// The author's address.
    pub address: String,
    /// When the author wrote it.
    pub time: Option<Timestamp>,
}

/// All commits of a store, reachable or not.
#[derive(Debug, Default)]
pub struct History {
    /// In order: parents before children.
    pub commits: Vec<Commit>,
    ranks: HashMap<BlobId, Rank, foldhash::fast::RandomState>,
}

/// A commit while it is read.
struct Raw {
    id: BlobId,
    tree: BlobId,
    parents: Vec<BlobId>,
    committed: i64,
}

impl History {
    /// Reads every commit of a store; `message` is handed each one's id and text.
    pub fn read(objects: &Objects, stop: &AtomicBool, message: &(dyn Fn(&[u8], &[u8]) + Sync)) -> (Self, Vec<Unread>) {
        let raws: Mutex<Vec<Raw>> = Mutex::default();
        let wanted = Sweep { kind: Kind::Commit, stop, skip: &|_| false };
        let unread = objects.sweep(&wanted, &|item: Item<'_, ()>| {
            if let Some(raw) = parse(item.id, item.bytes)
                && let Ok(mut raws) = raws.lock()
            {
                raws.push(raw);
            }
            message(item.id, text_of(item.bytes));
        });
        (Self::order(raws.into_inner().unwrap_or_default()), unread)
    }

    fn order(mut raws: Vec<Raw>) -> Self {
        raws.sort_unstable_by_key(|a| a.id);
        raws.dedup_by_key(|a| a.id);
        let mut ids = Ids::new(raws.len());
        for (i, raw) in raws.iter().enumerate() {
            ids.insert(key(raw.id.as_bytes()), i as u32);
        }
        // Of two that begin alike the second one is looked for.
        let at = |id: &BlobId| match ids.get(key(id.as_bytes())).map(|i| i as usize) {
            Some(i) if raws[i].id == *id => Some(i),
            Some(_) => raws.binary_search_by(|r| r.id.cmp(id)).ok(),
            None => None,
        };
        let mut missing = vec![0u32; raws.len()];
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); raws.len()];
        for (i, raw) in raws.iter().enumerate() {
            for parent in raw.parents.iter().filter_map(at) {
                children[parent].push(i as u32);
                missing[i] += 1;
            }
        }
        // Of those whose parents are all done the earliest comes next.
        let key = |i: usize| std::cmp::Reverse((raws[i].committed, raws[i].id, i));
        let mut ready: BinaryHeap<_> = (0..raws.len()).filter(|i| missing[*i] == 0).map(key).collect();
        let mut order = Vec::with_capacity(raws.len());
        let mut rank_of = vec![0 as Rank; raws.len()];
        while let Some(std::cmp::Reverse((_, _, i))) = ready.pop() {
            rank_of[i] = order.len() as Rank;
            order.push(i);
            for child in &children[i] {
                let left = &mut missing[*child as usize];
                *left -= 1;
                if *left == 0 {
                    ready.push(key(*child as usize));
                }
            }
        }
        let commit = |i: &usize| {
            let raw = &raws[*i];
            let parents: Vec<Option<Rank>> = raw.parents.iter().map(|p| at(p).map(|p| rank_of[p])).collect();
            Commit { id: raw.id, tree: raw.tree, cut: parents.contains(&None), parents, committed: raw.committed }
        };
        let commits: Vec<Commit> = order.iter().map(commit).collect();
        let ranks = commits.iter().enumerate().map(|(rank, c)| (c.id, rank as Rank)).collect();
        Self { commits, ranks }
    }

    /// The rank of a commit.
    pub fn rank(&self, id: &BlobId) -> Option<Rank> {
        self.ranks.get(id).copied()
    }

    /// The commit of a rank.
    pub fn commit(&self, rank: Rank) -> Option<&Commit> {
        self.commits.get(rank as usize)
    }

    /// Which commits these reach, themselves included.
    pub fn reached(&self, from: impl IntoIterator<Item = Rank>) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        let mut waiting: Vec<Rank> = from.into_iter().collect();
        while let Some(rank) = waiting.pop() {
            let Some(seen) = reached.get_mut(rank as usize) else { continue };
            if !std::mem::replace(seen, true) {
                waiting.extend(self.commits[rank as usize].parents.iter().flatten());
            }
        }
        reached
    }

    /// Which commits reach one, itself included.
    pub fn reaching(&self, to: Rank) -> Vec<bool> {
        let mut reaching = vec![false; self.commits.len()];
        for (rank, commit) in self.commits.iter().enumerate().skip(to as usize) {
            reaching[rank] = rank == to as usize || commit.parents.iter().flatten().any(|p| reaching[*p as usize]);
        }
        reaching
    }

    /// The smallest id among the first commits behind one: the same for every full clone. `None` where the history is cut.
    pub fn smallest_root(&self, head: Rank) -> Option<BlobId> {
        let reached = self.reached([head]);
        let mine = || self.commits.iter().zip(&reached).filter(|(_, r)| **r).map(|(c, _)| c);
        if mine().any(|c| c.cut) {
            return None;
        }
        mine().filter(|c| c.parents.is_empty()).map(|c| c.id).min()
    }
}

/// The lines of a commit or tag before its message: `key value`
/// (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_git_commit_objects>).
fn headers(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    bytes.split(|b| *b == b'\n').take_while(|line| !line.is_empty()).filter_map(|line| {
        let space = memchr::memchr(b' ', line)?;
        Some((&line[..space], &line[space + 1..]))
    })
}

/// The message of a commit or tag.
pub fn text_of(bytes: &[u8]) -> &[u8] {
    memchr::memmem::find(bytes, b"\n\n").and_then(|at| bytes.get(at + 2..)).unwrap_or_default()
}

fn id_of(hex: &[u8]) -> Option<BlobId> {
    BlobId::from_bytes(&unhex(std::str::from_utf8(hex).ok()?)?)
}

fn parse(id: &[u8], bytes: &[u8]) -> Option<Raw> {
    let mut raw = Raw { id: BlobId::from_bytes(id)?, tree: BlobId::from_bytes(id)?, parents: Vec::new(), committed: 0 };
    let mut tree = None;
    for (key, value) in headers(bytes) {
        match key {
            b"tree" => tree = id_of(value),
            b"parent" => raw.parents.extend(id_of(value)),
            b"committer" => raw.committed = person(value).map_or(0, |(_, _, at)| at),
            _ => {}
        }
    }
    raw.tree = tree?;
    Some(raw)
}

/// The tree of a commit.
pub fn tree_of(bytes: &[u8]) -> Option<BlobId> {
    headers(bytes).find(|(key, _)| *key == b"tree").and_then(|(_, value)| id_of(value))
}

/// The object that a tag points to.
pub fn tagged(bytes: &[u8]) -> Option<BlobId> {
    headers(bytes).find(|(key, _)| *key == b"object").and_then(|(_, value)| id_of(value))
}

/// Name, address and seconds of `Name <address> seconds zone`.
fn person(line: &[u8]) -> Option<(String, String, i64)> {
    let open = memchr::memchr(b'<', line)?;
    let close = memchr::memrchr(b'>', line)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let name = text(line.get(..open)?);
    let address = text(line.get(open + 1..close)?);
    let at = text(line.get(close + 1..)?).split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Some((name, address, at))
}

/// Author and time of a commit, or of an annotated tag.
pub fn details(bytes: &[u8]) -> Details {
    let line = headers(bytes).find(|(key, _)| matches!(*key, b"author" | b"tagger"));
    let (author, address, at) = line.and_then(|(_, value)| person(value)).unwrap_or_default();
    Details { author, address, time: Timestamp::from_second(at).ok().filter(|_| at != 0) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(n: u8) -> BlobId {
        BlobId::sha1([n; 20])
    }

    fn raw(n: u8, parents: &[u8], committed: i64) -> Raw {
        Raw { id: id(n), tree: id(100 + n), parents: parents.iter().map(|p| id(*p)).collect(), committed }
    }

    #[test]
    fn parents_come_first_even_when_clocks_went_wrong() {
        // 1 ← 2 ← 4, 1 ← 3 ← 4; the second commit says that it is older than the first. 9 has a parent that is not here.
        let history = History::order(vec![
            raw(4, &[2, 3], 40),
            raw(2, &[1], 5),
            raw(3, &[1], 30),
            raw(1, &[], 10),
            raw(9, &[8], 1),
        ]);
        let order: Vec<BlobId> = history.commits.iter().map(|c| c.id).collect();
        assert_eq!(order, [id(9), id(1), id(2), id(3), id(4)]);
        assert!(history.commits[0].cut);
        let rank = |n| history.rank(&id(n)).unwrap();
        assert_eq!(history.reached([rank(2)]), [false, true, true, false, false]);
        assert_eq!(history.reaching(rank(2)), [false, false, true, false, true]);
        assert_eq!(history.smallest_root(rank(4)), Some(id(1)));
        assert_eq!(history.smallest_root(rank(9)), None);
    }

    #[test]
    fn a_parent_that_is_not_here_keeps_its_place_and_a_doubled_one_is_no_cut() {
        let history = History::order(vec![raw(1, &[], 1), raw(3, &[2, 1], 3), raw(4, &[1, 1], 4)]);
        let commit = |n| history.commit(history.rank(&id(n)).unwrap()).unwrap();
        assert_eq!((commit(3).parents.as_slice(), commit(3).cut), (&[None, history.rank(&id(1))][..], true));
        assert_eq!((commit(4).parents.len(), commit(4).cut), (2, false));
    }

    #[test]
    fn people_and_messages_are_read_as_git_writes_them() {
        let commit = b"tree 1\nauthor A B <a@example.org> 1700000000 +0100\ncommitter C <> 1700000001 +0000\ngpgsig x\n y\n\nsubject\n\nbody\n";
        let d = details(commit);
        assert_eq!((d.author.as_str(), d.address.as_str()), ("A B", "a@example.org"));
        assert_eq!(d.time.unwrap().as_second(), 1_700_000_000);
        assert_eq!(text_of(commit), b"subject\n\nbody\n");
        assert_eq!(details(b"tree 1\n\nx").author, "");
    }
}
