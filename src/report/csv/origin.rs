//! Which repository a path belongs to, for outputs that are read together with those of other reports, and for reports of many
//! repositories.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Location, Report, Root};

/// Names of a report's repositories, by what paths in them begin with.
pub(in crate::report) struct Origins<'a> {
    /// Repositories below a root, and roots with a label.
    below: BTreeMap<&'a str, &'a str>,
    /// The only root without a label.
    whole: Option<&'a str>,
}

/// What others call a root: its name at its host, else that of its directory, else its path as given.
fn name(root: &Root) -> &str {
    root.remote.as_deref().or(root.top.as_deref()).unwrap_or(&root.path)
}

impl<'a> Origins<'a> {
    pub(in crate::report) fn of(report: &'a Report) -> Self {
        let mut out = Self { below: BTreeMap::new(), whole: None };
        let roots = || report.coverage.roots.iter().filter(|r| r.kind != "stdin");
        for root in roots().filter(|r| r.top.is_some()) {
            match &root.label {
                Some(label) => _ = out.below.insert(label, name(root)),
                None => out.whole = out.whole.or(Some(name(root))),
            }
        }
        for root in roots().filter(|r| r.top.is_none()) {
            if root.kind == "repository" {
                out.below.insert(&root.path, name(root));
            }
        }
        out
    }

    /// The name of the repository or directory that holds a place, if the report tells.
    pub(in crate::report) fn of_place(&self, place: &Location) -> Option<&'a str> {
        let path = place.container.as_deref().unwrap_or(&place.path);
        if path.is_empty() || path == "<stdin>" {
            return None;
        }
        let mut rest = path;
        while let Some((above, _)) = rest.rsplit_once('/') {
            if let Some(name) = self.below.get(above) {
                return Some(name);
            }
            rest = above;
        }
        self.whole
    }

    /// The names of all repositories and directories when there are several; empty when there is nothing to tell apart.
    pub(in crate::report) fn several(&self) -> Vec<&'a str> {
        let names: BTreeSet<&str> = self.below.values().copied().chain(self.whole).collect();
        if names.len() > 1 { names.into_iter().collect() } else { Vec::new() }
    }

    /// The names of those that hold these places, each once.
    pub(in crate::report) fn of_places<'l>(&self, places: impl Iterator<Item = &'l Location>) -> BTreeSet<&'a str> {
        places.filter_map(|place| self.of_place(place)).collect()
    }
}
