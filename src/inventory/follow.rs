//! Pipelines that are spread over the files of one repository: reusable workflows and composite actions of GitHub,
//! includes of GitLab, templates of Azure Pipelines. Each file is read alone; here the two sides are joined, by the path that one names and the other lies at.
//!
//! Files of two repositories are never joined, nor those of different archives. CircleCI has one file, whose continuation is
//! named in a step's parameter, and Bitbucket imports from other repositories only: of these there is nothing to follow.
//!
//! What a called job gets from its callers (events, rights of its token, secrets, an
//! environment) becomes an attribute or a grant of it; a file that is named and not among the inputs is told in the
//! attribute `calls_unread` of the caller. A file that nobody here calls keeps what its reader said of it.

mod azure;
mod code;
mod files;
mod github;
mod gitlab;
mod graph;
mod passed;
mod rights;
mod variables;

use std::collections::BTreeSet;

use crate::model::{Identity, IdentityKey, Inventory, Setting, setting};
use crate::text::order::Lookup;

/// Most callers that an attribute names.
const CALLERS_MAX: usize = 8;

/// Joins the files and drops the facts that were read for this alone.
pub(super) fn join(inventory: &mut Inventory) {
    let all = std::mem::take(&mut inventory.settings);
    let (told, settings): (Vec<Setting>, Vec<Setting>) = all.into_iter().partition(|s| setting::joins(&s.name));
    inventory.settings = settings;
    if told.is_empty() {
        return;
    }
    github::join(inventory, &told);
    gitlab::join(inventory, &told);
    azure::join(inventory, &told);
    variables::join(inventory, &told);
    inventory.grants.sort();
    inventory.grants.dedup();
    inventory.usages.sort();
    inventory.usages.dedup();
    inventory.third_parties.sort();
    inventory.third_parties.dedup();
    inventory.settings.sort();
    inventory.settings.dedup();
}

/// The repository of a job of GitHub or GitLab, empty when unknown; `None` for what is no such job or lies nowhere.
pub(super) fn repository_of(job: &Identity) -> Option<String> {
    let prefix = ["github:job:", "gitlab:job:"].into_iter().find(|prefix| job.id.as_str().starts_with(prefix))?;
    let path = job.locations.first().map(|location| location.path.as_str()).filter(|path| !path.is_empty())?;
    graph::halves(job.id.as_str().strip_prefix(prefix)?, path).map(|(repository, _)| repository.to_owned())
}

/// Takes what belongs to some identities out of a list. Whoever puts it back sorts the list.
fn take<T>(
    all: &mut Vec<T>,
    keys: &BTreeSet<IdentityKey>,
    key: impl Fn(&T) -> Option<&IdentityKey>,
) -> Lookup<IdentityKey, Vec<T>> {
    let mut taken: Lookup<IdentityKey, Vec<T>> = Lookup::default();
    if keys.is_empty() {
        return taken;
    }
    let keys: Lookup<&IdentityKey, ()> = keys.iter().map(|key| (key, ())).collect();
    let mut rest = Vec::new();
    for item in std::mem::take(all) {
        match key(&item).filter(|key| keys.contains_key(*key)).cloned() {
            Some(key) => taken.entry(key).or_default().push(item),
            None => rest.push(item),
        }
    }
    *all = rest;
    taken
}

/// Names, at most `max`, and how many more there are.
fn listed<'n>(names: impl Iterator<Item = &'n str>, max: usize) -> String {
    let mut names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(max);
    names.truncate(max);
    let all = names.join(", ");
    if more == 0 { all } else { format!("{all} and {more} more") }
}

/// The parts of a list as the readers write it.
fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(", ").filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
