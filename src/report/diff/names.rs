//! Files that were renamed: the same blob under another path.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Location, Report};

/// New names of what the old report has under other names.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: BTreeMap<String, String>,
    directories: BTreeMap<String, String>,
}

/// Every place of a report.
pub(super) fn places(report: &Report) -> impl Iterator<Item = &Location> {
    let i = &report.inventory;
    (i.identities.iter().flat_map(|x| &x.locations))
        .chain(i.credentials.iter().flat_map(|x| &x.locations))
        .chain(i.exposures.iter().map(|x| &x.location))
        .chain(i.usages.iter().map(|x| &x.location))
        .chain(i.grants.iter().map(|x| &x.location))
        .chain(i.trusts.iter().map(|x| &x.location))
        .chain(i.third_parties.iter().map(|x| &x.location))
        .chain(i.settings.iter().map(|x| &x.location))
        .chain(report.findings.iter().flat_map(|x| &x.locations))
}

/// Paths by blob, and all paths.
fn blobs(report: &Report) -> (BTreeMap<&str, BTreeSet<&str>>, BTreeSet<&str>) {
    let mut by_blob: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for place in places(report).filter(|l| l.in_head) {
        all.insert(place.path.as_str());
        if let Some(blob) = place.blob.as_deref().filter(|_| place.container.is_none()) {
            by_blob.entry(blob).or_default().insert(&place.path);
        }
    }
    (by_blob, all)
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

impl Names {
    /// The renames that two reports show: a blob that is at one path the other report has nothing at, in both.
    pub(super) fn of(old: &Report, new: &Report) -> Self {
        let ((old_blobs, old_paths), (new_blobs, new_paths)) = (blobs(old), blobs(new));
        let mut out = Self::default();
        let mut moved: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (blob, before) in &old_blobs {
            let Some(now) = new_blobs.get(blob) else { continue };
            let mut gone = before.iter().filter(|p| !new_paths.contains(**p));
            let mut come = now.iter().filter(|p| !old_paths.contains(**p));
            if let (Some(from), Some(to), None, None) = (gone.next(), come.next(), gone.next(), come.next()) {
                out.files.insert((*from).to_owned(), (*to).to_owned());
                moved.entry(directory(from)).or_default().insert(directory(to));
            }
        }
        let still: BTreeSet<&str> = new_paths.iter().map(|p| directory(p)).collect();
        for (from, to) in moved {
            if let (Some(to), 1, false) = (to.first(), to.len(), still.contains(from)) {
                out.directories.insert(from.to_owned(), (*to).to_owned());
            }
        }
        out
    }

    /// A path by its new name.
    pub(super) fn file<'n>(&'n self, path: &'n str) -> &'n str {
        self.files.get(path).map_or(path, String::as_str)
    }

    /// A key by its new name: those of what files declare hold the path, or the directory's, up to a `#`.
    pub(super) fn key(&self, text: &str) -> String {
        let renamed = || {
            let mut parts = text.splitn(3, ':');
            let (provider, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
            let end = name.find('#').unwrap_or(name.len());
            let (place, rest) = name.split_at(end);
            let starts = std::iter::once(0).chain(place.match_indices('/').map(|(at, _)| at + 1));
            for start in starts {
                let (before, path) = place.split_at(start);
                let to = self.files.get(path).or_else(|| self.directories.get(path).filter(|_| !rest.is_empty()));
                if let Some(to) = to {
                    return Some(format!("{provider}:{kind}:{before}{to}{rest}"));
                }
            }
            None
        };
        let known = !self.files.is_empty();
        known.then(renamed).flatten().unwrap_or_else(|| text.to_owned())
    }
}
