//! A repository's history while it is scanned, and what all ways of scanning it share: names, locations, notices.

use std::collections::{BTreeMap, HashMap};

use super::worker::{Read, Worker};
use super::{gap, limit};
use crate::config::Settings;
use crate::model::{BlobId, LocatedFact, Location, RepoPath, Sighting};
use crate::source::git::history::{self, History, Rank};
use crate::source::git::objects::{Objects, Unread};
use crate::source::git::pack::{self, Damage};
use crate::source::{Refs, Repository};
use crate::text::numbers;

/// What findings in messages of commits and of annotated tags are said to lie in.
pub const COMMIT_MESSAGE: &str = "(commit message)";
/// See [`COMMIT_MESSAGE`].
pub const TAG_MESSAGE: &str = "(tag message)";
/// What findings in blobs without any known path are said to lie in.
pub const UNREACHABLE: &str = "(unreachable blob)";

/// Refs named for one location; more are only counted.
const MAX_REFS: usize = 5;

/// First commits for which the refs are told that reach them.
const MAX_REACHING: usize = 500;

/// Objects that are told one by one when they cannot be read.
const MAX_TOLD: usize = 20;

/// Most places of values beyond the first path of each blob: many values in a blob that many trees name would be more than
/// anybody can hold.
pub const MAX_COPIES: usize = 50_000;

/// A repository to scan the history of.
pub struct Site<'r> {
    /// The repository.
    pub repository: &'r Repository,
    /// What reports call its top.
    pub name: Vec<u8>,
    /// The part below which paths count, inside it.
    pub inside: Vec<u8>,
}

/// One sighting in a version of a file.
pub struct Version {
    /// What was seen.
    pub sighting: Sighting,
    /// The path inside the repository.
    pub path: Vec<u8>,
    /// The first commit that has it.
    pub first: Option<Rank>,
    /// The last one.
    pub last: Option<Rank>,
    /// Whether HEAD has it.
    pub in_head: bool,
}

/// An export in a version of a file.
pub struct Kept {
    /// What it holds, and where.
    pub fact: LocatedFact,
    /// The path inside the repository.
    pub path: Vec<u8>,
    /// The first commit that has it.
    pub first: Option<Rank>,
    /// The last one.
    pub last: Option<Rank>,
    /// Whether HEAD has it.
    pub in_head: bool,
}

/// What is told of commits again and again.
#[derive(Default)]
struct Told {
    details: HashMap<Rank, history::Details>,
    reaching: HashMap<Rank, Vec<String>>,
    /// What each ref at last points to.
    tags: HashMap<BlobId, Option<Rank>>,
    scratch: pack::Scratch,
}

/// The history of one repository, while it is scanned.
pub struct Past<'s, 'w, 'a> {
    /// Where it lies.
    pub site: &'s Site<'s>,
    /// Scans blobs.
    pub worker: &'w Worker<'a>,
    /// The objects.
    pub objects: Objects,
    /// Its refs.
    pub refs: &'s Refs,
}

/// What notices call its git directory.
pub fn shown(site: &Site<'_>) -> String {
    let name = RepoPath::new(site.name.clone()).display();
    if name.is_empty() { ".git".to_owned() } else { format!("{name}/.git") }
}

impl Past<'_, '_, '_> {
    /// What the run was asked for.
    pub fn settings(&self) -> &Settings {
        self.worker.settings()
    }

    /// What reports call a path of this repository, unless it lies elsewhere than what is scanned or was left out.
    pub fn wanted(&self, path: &[u8]) -> Option<RepoPath> {
        let inside = self.site.inside.as_slice();
        let below = |rest: &[u8]| rest.is_empty() || rest.starts_with(b"/");
        let wanted = inside.is_empty() || path.strip_prefix(inside).is_some_and(below);
        Some(self.name(path)).filter(|name| wanted && !self.worker.excludes(name))
    }

    /// Objects that should be here and are not: how many, and the first path that has one.
    pub fn tell_missing(&self, count: usize, first: &str) {
        if count > 0 {
            let count = numbers::count(count as u64, "object is", "objects are");
            let message = format!(
                "{count} not here, so what should be there was not scanned: the first is {first}; `git fsck` tells more, \
                 `git fetch` may bring it"
            );
            self.worker.notice(gap("missing-object", Some(shown(self.site)), message));
        }
    }

    /// Trees and files that were not looked at, because few trees lead to far too many places.
    pub fn tell_left_out(&self, left_out: u64) {
        if left_out > 0 {
            let count = numbers::count(left_out, "place was", "places were");
            let message = format!(
                "trees name the same trees again and again, which gives more paths than can be followed: {count} left out; what \
                 lies there was scanned under other paths of it at most"
            );
            self.worker.notice(gap("too-many-paths", Some(shown(self.site)), message));
        }
    }

    /// What reports call a path of this repository.
    pub fn name(&self, path: &[u8]) -> RepoPath {
        RepoPath::new(if self.site.name.is_empty() {
            path.to_vec()
        } else {
            [self.site.name.as_slice(), path].join(&b'/')
        })
    }

    /// What stands in a message.
    pub fn message(&self, place: &str, text: &[u8], rank: Option<Rank>) -> Vec<Version> {
        let name = RepoPath::from(place);
        let class = self.worker.classify(&name);
        let sightings = self.worker.past(Read::new(text), &class, &name);
        let version = |mut sighting: Sighting| {
            sighting.location.blob = None;
            sighting.location.line_hash = None;
            Version { sighting, path: Vec::new(), first: rank, last: rank, in_head: false }
        };
        sightings.into_iter().map(version).collect()
    }

    /// What stands in the message of an annotated tag.
    pub fn tag(&self, id: BlobId, bytes: &[u8]) -> Vec<Version> {
        let mut versions = self.message(TAG_MESSAGE, history::text_of(bytes), None);
        for version in &mut versions {
            version.sighting.location.commit = Some(id.to_string());
            self.describe(&mut version.sighting.location, &history::details(bytes));
        }
        versions
    }

    /// One location for all versions of a path that hold a value: where it stands in the first of them.
    pub fn locations(&self, history: &History, versions: Vec<Version>) -> Vec<Sighting> {
        let mut groups: BTreeMap<(String, u64), Vec<Version>> = BTreeMap::new();
        for version in versions {
            groups.entry((version.sighting.location.file(), version.sighting.same)).or_default().push(version);
        }
        let mut told = Told::default();
        let mut sightings = Vec::new();
        for versions in groups.into_values() {
            let order =
                |v: &Version| (v.first.unwrap_or(Rank::MAX), v.sighting.location.line, v.sighting.location.column);
            let last = versions.iter().filter_map(|v| v.last).max();
            let in_head = versions.iter().any(|v| v.in_head);
            // What a comment says in the last version holds for those before it.
            let suppressed = versions.iter().max_by_key(|v| v.last).and_then(|v| v.sighting.suppressed.clone());
            let Some(Version { mut sighting, first, .. }) = versions.into_iter().min_by_key(order) else { continue };
            sighting.suppressed = sighting.suppressed.or(suppressed);
            self.place(history, (first, last, in_head), &mut told, &mut sighting.location);
            sightings.push(sighting);
        }
        sightings
    }

    /// One fact for all versions of a path that are exports: what the last of them holds.
    pub fn exports(&self, history: &History, kept: Vec<Kept>) -> Vec<LocatedFact> {
        let mut groups: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
        for one in kept {
            groups.entry(one.fact.location.file()).or_default().push(one);
        }
        let mut told = Told::default();
        let mut facts = Vec::new();
        for group in groups.into_values() {
            let first = group.iter().filter_map(|one| one.first).min();
            let last = group.iter().filter_map(|one| one.last).max();
            let in_head = group.iter().any(|one| one.in_head);
            let newest = |one: &Kept| (one.in_head, one.last, one.first, one.fact.location.blob.clone());
            let Some(Kept { mut fact, .. }) = group.into_iter().max_by_key(newest) else { continue };
            self.place(history, (first, last, in_head), &mut told, &mut fact.location);
            facts.push(fact);
        }
        facts
    }

    /// Completes a place: from which commit on it is there, and to which.
    fn place(
        &self,
        history: &History,
        (first, last, in_head): (Option<Rank>, Option<Rank>, bool),
        told: &mut Told,
        place: &mut Location,
    ) {
        place.in_head = in_head;
        let Some((rank, commit)) = first.and_then(|rank| Some((rank, history.commit(rank)?))) else { return };
        place.commit = Some(commit.id.to_string());
        let Told { details, reaching, tags, scratch } = told;
        let details = details.entry(rank).or_insert_with(|| {
            let read = self.objects.read(scratch, commit.id.as_bytes());
            read.ok().flatten().map(|(_, bytes)| history::details(&bytes)).unwrap_or_else(nobody)
        });
        self.describe(place, details);
        place.last_commit = last.and_then(|r| history.commit(r)).map(|c| c.id.to_string());
        if !in_head && (reaching.contains_key(&rank) || reaching.len() < MAX_REACHING) {
            place.refs = reaching.entry(rank).or_insert_with(|| self.refs_reaching(history, rank, tags)).clone();
        }
    }

    pub fn describe(&self, place: &mut Location, details: &history::Details) {
        place.time = details.time;
        let address = if self.settings().authors { format!(" <{}>", details.address) } else { String::new() };
        let author = format!("{}{address}", details.author);
        place.author = (!author.trim().is_empty()).then_some(author);
    }

    /// The refs whose history holds a commit.
    fn refs_reaching(&self, history: &History, rank: Rank, tags: &mut HashMap<BlobId, Option<Rank>>) -> Vec<String> {
        let reaching = history.reaching(rank);
        let head = self.refs.head.iter().filter(|_| self.refs.detached).map(|id| ("HEAD", id));
        let all = head.chain(self.refs.refs.iter().map(|(name, id)| (name.as_str(), id)));
        // An annotated tag is an object of its own that points to a commit.
        let mut holds = |id: &BlobId| {
            let rank = *tags.entry(*id).or_insert_with(|| super::names::peeled(&self.objects, history, id));
            rank.is_some_and(|r| reaching[r as usize])
        };
        let mut names: Vec<String> = all.filter(|(_, id)| holds(id)).map(|(name, _)| short(name)).collect();
        names.dedup();
        let more = names.len().saturating_sub(MAX_REFS);
        names.truncate(MAX_REFS);
        if more > 0 {
            names.push(format!("and {more} more"));
        }
        names
    }

    /// What could not be seen.
    pub fn tell(&self, history: &History, unread: &[Unread], asked: bool) {
        let place = || Some(shown(self.site));
        let asked = asked || self.settings().tree == crate::config::Tree::None;
        let cut = |code: &str, message: String| {
            if asked { gap(code, place(), message) } else { limit(code, place(), message) }
        };
        if self.site.repository.common_dir.join("shallow").is_file() {
            let message = "a shallow clone: only the commits that are here were scanned; `git fetch --unshallow` brings the \
                           others (in CI: fetch depth 0)";
            self.worker.notice(cut("shallow-clone", message.to_owned()));
        } else if history.commits.iter().any(|c| c.cut) {
            let message =
                "commits refer to parents that are not here, whose history was not scanned; `git fsck` tells more";
            self.worker.notice(cut("missing-commits", message.to_owned()));
        }
        self.tell_unread(unread);
    }

    /// Names of commits and tags that are not here: nothing else would tell that their history is missing.
    pub fn tell_tips(&self, history: &History) {
        let is_here = |id: &BlobId| history.rank(id).is_some() || self.objects.holds(id.as_bytes());
        let head = self.refs.head.iter().map(|id| ("HEAD", id));
        let named = head.chain(self.refs.refs.iter().map(|(name, id)| (name.as_str(), id)));
        let gone: Vec<&str> = named.filter(|(_, id)| !is_here(id)).map(|(name, _)| name).collect();
        if let Some(first) = gone.iter().min() {
            let message = format!(
                "{} what is not here, so that history was not scanned: the first is {first}; `git fsck` tells more, `git fetch` \
                 may bring it",
                numbers::count(gone.len() as u64, "ref names", "refs name")
            );
            self.worker.notice(gap("missing-object", Some(shown(self.site)), message));
        }
    }

    /// Blobs that a remote promised and never sent.
    pub fn tell_partial(&self, missing: usize) {
        if missing > 0 {
            let count = numbers::count(missing as u64, "blob was", "blobs were");
            let message = format!(
                "a partial clone: {count} never fetched and not scanned; `git fetch --refetch --no-filter` brings them"
            );
            self.worker.notice(limit("partial-clone", Some(shown(self.site)), message));
        }
    }

    pub fn tell_unread(&self, unread: &[Unread]) {
        let place = || Some(shown(self.site));
        let (large, broken): (Vec<&Unread>, Vec<&Unread>) =
            unread.iter().partition(|u| matches!(u.why, Damage::TooLarge(_)));
        if !large.is_empty() {
            let count = numbers::count(large.len() as u64, "version of a file is", "versions of files are");
            let most = self.settings().max_file_size >> 20;
            let message = format!("{count} over the limit of {most} MiB (--max-file-size)");
            self.worker.notice(limit("too-large", place(), message));
        }
        for lost in broken.iter().take(MAX_TOLD) {
            let why = match lost.why {
                Damage::Header | Damage::Read => "cannot be read",
                Damage::Deflated => "does not inflate to what it should",
                Damage::Delta => "is a delta of something that cannot be read",
                Damage::Chain | Damage::TooLarge(_) => "is a delta without end",
            };
            self.worker.notice(gap(
                "unreadable-object",
                place(),
                format!("object {} {why}; `git fsck` tells more", lost.id),
            ));
        }
        if broken.len() > MAX_TOLD {
            let message = format!("{} more objects could not be read", broken.len() - MAX_TOLD);
            self.worker.notice(gap("unreadable-object", place(), message));
        }
    }
}

fn nobody() -> history::Details {
    history::Details { author: String::new(), address: String::new(), time: None }
}

/// A ref as people say it.
fn short(name: &str) -> String {
    let shorter = ["refs/heads/", "refs/tags/", "refs/remotes/", "refs/"].iter().find_map(|p| name.strip_prefix(p));
    shorter.unwrap_or(name).to_owned()
}
