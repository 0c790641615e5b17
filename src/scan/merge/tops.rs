//! The directories that paths are relative to, over all reports that are merged.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Relabel;
use crate::model::Root;

/// What tells one top from another: its directory's name, and its name at its host, else its commit, else the path given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Top {
    name: String,
    which: String,
}

/// Every top, with the label that its paths get.
#[derive(Debug, Default)]
pub struct Tops {
    labels: BTreeMap<Top, Option<String>>,
    heads: BTreeMap<Top, BTreeSet<String>>,
}

fn top(root: &Root) -> Option<Top> {
    let name = root.top.clone()?;
    let given = match root.kind.as_str() {
        "file" => root.path.rsplit_once('/').map_or("", |(above, _)| above),
        _ => root.path.as_str(),
    };
    let which = root.remote.as_deref().or(root.head.as_deref()).unwrap_or(given).to_owned();
    Some(Top { name, which })
}

impl Tops {
    /// Those of these roots. One top alone needs no label; several get the names of their directories, numbered where
    /// they are equal.
    pub fn of<'a>(roots: impl Iterator<Item = &'a Root>) -> Self {
        let mut heads: BTreeMap<Top, BTreeSet<String>> = BTreeMap::new();
        for root in roots {
            if let Some(top) = top(root) {
                heads.entry(top).or_default().extend(root.head.clone());
            }
        }
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut label = |name: &str| {
            let mut label = name.to_owned();
            let mut count = 1;
            while !used.insert(label.clone()) {
                count += 1;
                label = format!("{name}-{count}");
            }
            label
        };
        let several = heads.len() > 1;
        let labels = heads.keys().map(|t| (t.clone(), several.then(|| label(&t.name)))).collect();
        Self { labels, heads }
    }

    /// From the names that one report has for its tops to those of the merged one.
    pub fn relabel(&self, roots: &[Root]) -> Relabel {
        let mut labels: BTreeMap<Option<String>, Option<String>> = BTreeMap::new();
        for root in roots {
            if let Some(new) = top(root).and_then(|top| self.labels.get(&top)) {
                labels.entry(root.label.clone()).or_insert_with(|| new.clone());
            }
        }
        Relabel::new(labels, roots.iter().filter_map(|r| r.remote.clone()).collect())
    }

    /// Gives a root its new name: a repository below another root has the path that files in it begin with.
    pub fn name(&self, root: &mut Root, relabel: &Relabel) {
        match top(root) {
            Some(top) => root.label = self.labels.get(&top).cloned().flatten(),
            None => root.path = relabel.path(&root.path),
        }
    }

    /// Tops that were scanned at several commits.
    pub fn twice(&self) -> impl Iterator<Item = &str> {
        let labels = |top: &Top| self.labels.get(top).and_then(Option::as_deref);
        self.heads
            .iter()
            .filter(|(_, heads)| heads.len() > 1)
            .map(move |(top, _)| labels(top).unwrap_or(top.name.as_str()))
    }
}
