//! Exports of several clusters. An account is keyed by namespace and name, as manifests and tokens name it, and every cluster has
//! an account `default/default`. Where exports in different directories have accounts of one name with different ids, they are
//! of different clusters: what they tell is then keyed by the directory as well, and the accounts are linked, not merged.
//! Files of one directory are of one cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Facts};
use crate::model::{Confidence, IdentityKey, Link, Location, Privilege, setting};

/// The format of such exports.
const EXPORT: &str = "kubernetes-export";
const ACCOUNT: &str = "kubernetes:service-account:";
const TOKEN: &str = "kubernetes:service-account-token:";
const ID: &str = "kubernetes:id:";

/// How many accounts of one name are linked with each other.
const LINKS_MAX: usize = 8;

/// The directory of a file, which stands for its cluster. A `#` or `@` would end a name too early.
fn directory(location: &Location) -> String {
    let inside = location.path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let container = location.container.as_deref().map(|c| format!("{c}!")).unwrap_or_default();
    format!("{container}{inside}").replace(['#', '@'], "_")
}

/// Files that formats read, with the format of each.
type Files = BTreeMap<String, String>;

/// Whether a place is in an export of a cluster.
fn is_export(files: &Files, location: &Location) -> bool {
    files.get(&location.file()).is_some_and(|format| format == EXPORT)
}

/// Joins what files of one cluster tell, keeps clusters apart, and links what bears one name in several of them.
pub(super) fn settle(facts: &mut Facts, files: &Files) -> Vec<Link> {
    let mut links = Vec::new();
    if files.values().any(|format| format == EXPORT) {
        fill_rights(facts, files);
        tell_apart(facts, files, &mut links);
    }
    links
}

/// Rewrites what exports of clusters that are not one tell, and links the accounts that bear one name.
fn tell_apart(facts: &mut Facts, files: &Files, links: &mut Vec<Link>) {
    let apart = apart(facts, files);
    if apart.is_empty() {
        return;
    }
    let cluster = |location: &Location| apart.get(&directory(location)).filter(|_| is_export(files, location));
    let mut accounts = Accounts::default();
    for Declared { what, location, .. } in &mut facts.identities {
        let account = what.key.as_str().starts_with(ACCOUNT);
        match cluster(location) {
            Some(cluster) => {
                accounts.rename(&mut what.key, cluster);
                if account {
                    what.name = format!("{} ({cluster})", what.name);
                    what.attributes.insert("cluster".to_owned(), cluster.clone());
                }
            }
            // A manifest or a token may mean the account of any of them.
            None if account => accounts.add(what.key.to_string(), what.key.to_string()),
            None => {}
        }
    }
    for Declared { what, location, .. } in &mut facts.credentials {
        let Some(cluster) = cluster(location) else { continue };
        what.identity.iter_mut().for_each(|key| accounts.rename(key, cluster));
        if what.key.starts_with(TOKEN) {
            what.key = format!("{}@{cluster}", what.key);
        }
    }
    for Declared { what, location, .. } in &mut facts.usages {
        let Some(cluster) = cluster(location) else { continue };
        what.identity.iter_mut().for_each(|key| accounts.rename(key, cluster));
        if let Some(account) = what.attributes.get_mut("service_account") {
            *account = format!("{account}@{cluster}");
        }
    }
    for Declared { what, location, .. } in &mut facts.settings {
        let Some(cluster) = cluster(location) else { continue };
        what.identity.iter_mut().for_each(|key| accounts.rename(key, cluster));
        what.attributes.insert("cluster".to_owned(), cluster.clone());
    }
    let mut all = |key: &mut IdentityKey, location: &Location| {
        cluster(location).into_iter().for_each(|cluster| accounts.rename(key, cluster));
    };
    facts.grants.iter_mut().for_each(|d| all(&mut d.what.identity, &d.location));
    facts.trusts.iter_mut().for_each(|d| all(&mut d.what.identity, &d.location));
    facts.third_parties.iter_mut().for_each(|d| all(&mut d.what.identity, &d.location));
    accounts.link(links);
}

/// The ids that accounts of one name got.
#[derive(Default)]
struct Accounts(BTreeMap<String, BTreeSet<String>>);

impl Accounts {
    fn add(&mut self, name: String, id: String) {
        self.0.entry(name).or_default().insert(id);
    }

    /// Keys an account by its cluster, too.
    fn rename(&mut self, key: &mut IdentityKey, cluster: &str) {
        if let Some(name) = key.as_str().strip_prefix(ACCOUNT) {
            let own = IdentityKey::new("kubernetes", "service-account", &format!("{name}@{cluster}"));
            self.add(key.to_string(), own.to_string());
            *key = own;
        }
    }

    fn link(self, links: &mut Vec<Link>) {
        for ids in self.0.values().filter(|ids| ids.len() > 1) {
            let ids: Vec<&String> = ids.iter().take(LINKS_MAX).collect();
            for pair in ids.windows(2) {
                let [from, to] = pair else { continue };
                links.push(Link {
                    from: (*from).clone(),
                    to: (*to).clone(),
                    confidence: Confidence::Low,
                    why: "equal names; exports of two directories give accounts of this name different ids".to_owned(),
                });
            }
        }
    }
}

/// Fills in what the roles of a cluster allow where a binding does not know it, because the role stands in another file of the
/// same directory: `kubectl get` of one kind at a time makes such files.
fn fill_rights(facts: &mut Facts, files: &Files) {
    let mut roles: BTreeMap<(String, String), Privilege> = BTreeMap::new();
    for Declared { what: f, location, .. } in facts.settings.iter().filter(|d| is_export(files, &d.location)) {
        let level = f.attributes.get("privilege").map(String::as_str);
        let level = match level.filter(|_| f.name == setting::ROLE_POWER) {
            Some("admin") => Privilege::Admin,
            Some("write-broad") => Privilege::WriteBroad,
            Some("write-scoped") => Privilege::WriteScoped,
            Some("read-scoped") => Privilege::ReadScoped,
            _ => continue,
        };
        let slot = roles.entry((directory(location), f.subject.clone())).or_default();
        *slot = level.max(*slot);
    }
    for Declared { what: f, location, .. } in facts.grants.iter_mut().filter(|d| is_export(files, &d.location)) {
        let directory = directory(location);
        if f.privilege != Privilege::Unknown {
            continue;
        }
        let namespace = f.resource.strip_prefix("namespace ");
        let role = match (f.action.strip_prefix("Role "), namespace) {
            (Some(name), Some(namespace)) => format!("Role {namespace}/{name}"),
            _ => f.action.to_string(),
        };
        if let Some(level) = roles.get(&(directory, role)) {
            // All of a namespace is not all of the cluster.
            f.privilege = if namespace.is_some() { (*level).min(Privilege::WriteBroad) } else { *level };
        }
    }
}

/// The directories whose exports are of clusters that others of the exports are not of, each with the first directory of its
/// own cluster.
fn apart(facts: &Facts, files: &Files) -> BTreeMap<String, String> {
    // The ids of each account, by directory.
    let mut ids: BTreeMap<&str, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for Declared { what: identity, location, .. } in facts.identities.iter().filter(|d| is_export(files, &d.location)) {
        let Some(name) = identity.key.as_str().strip_prefix(ACCOUNT) else { continue };
        for id in identity.aliases.iter().filter_map(|alias| alias.as_str().strip_prefix(ID)) {
            ids.entry(name).or_default().entry(directory(location)).or_default().insert(id);
        }
    }
    // Directories that know one id are of one cluster: the first of them stands for all.
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut by_id: BTreeMap<(&str, &str), Vec<&String>> = BTreeMap::new();
    for (name, directories) in &ids {
        for (directory, ids) in directories {
            first.entry(directory.clone()).or_insert_with(|| directory.clone());
            ids.iter().for_each(|id| by_id.entry((name, id)).or_default().push(directory));
        }
    }
    let root = |first: &BTreeMap<String, String>, directory: &str| {
        let mut at = directory;
        while let Some(up) = first.get(at).filter(|up| up.as_str() != at) {
            at = up;
        }
        at.to_owned()
    };
    for directories in by_id.values() {
        for pair in directories.windows(2) {
            let [a, b] = pair else { continue };
            let (a, b) = (root(&first, a), root(&first, b));
            first.insert(a.clone().max(b.clone()), a.min(b));
        }
    }
    let mut apart = BTreeMap::new();
    for directories in ids.values() {
        let clusters: BTreeSet<String> = directories.keys().map(|directory| root(&first, directory)).collect();
        if clusters.len() > 1 {
            apart.extend(directories.keys().map(|directory| (directory.clone(), root(&first, directory))));
        }
    }
    // A directory of a cluster that is apart belongs to it, whatever it holds itself.
    let clusters: BTreeSet<String> = apart.values().cloned().collect();
    for directory in first.keys() {
        let cluster = root(&first, directory);
        if clusters.contains(&cluster) {
            apart.insert(directory.clone(), cluster);
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdentityFact, IdentityKind, LocationData};

    fn account(path: &str, name: &str, id: &str) -> Declared<IdentityFact> {
        let key = IdentityKey::new("kubernetes", "service-account", name);
        let mut fact = IdentityFact::new(key, IdentityKind::ServiceAccount, "kubernetes", name);
        fact.aliases = vec![IdentityKey::new("kubernetes", "id", id)];
        let location = Location::from(LocationData { path: path.to_owned(), line: 1, ..LocationData::default() });
        Declared { what: fact, location, sample: false }
    }

    fn keys(identities: Vec<Declared<IdentityFact>>) -> (Vec<String>, usize) {
        let files = identities.iter().map(|d| (d.location.file(), EXPORT.to_owned())).collect();
        let mut facts = Facts { identities, ..Facts::default() };
        let links = settle(&mut facts, &files);
        let key = |d: Declared<IdentityFact>| d.what.key.as_str().trim_start_matches(ACCOUNT).to_owned();
        (facts.identities.into_iter().map(key).collect(), links.len())
    }

    #[test]
    fn accounts_of_one_name_are_of_two_clusters_when_their_ids_differ() {
        let one = keys(vec![account("a/sa.json", "shop/api", "1"), account("b/sa.json", "shop/api", "1")]);
        assert_eq!(one, (vec!["shop/api".to_owned(), "shop/api".to_owned()], 0));
        let file = keys(vec![account("a/sa.json", "shop/api", "1"), account("a/old.json", "shop/api", "2")]);
        assert_eq!(file.1, 0, "files of one directory are of one cluster");
        let two = keys(vec![
            account("a/sa.json", "shop/api", "1"),
            account("b/sa.json", "shop/api", "2"),
            account("b/sa.json", "shop/web", "3"),
            account("c/sa.json", "shop/web", "3"),
            account("d/sa.json", "shop/job", "4"),
        ]);
        assert_eq!(two.0, ["shop/api@a", "shop/api@b", "shop/web@b", "shop/web@b", "shop/job"]);
        assert_eq!(two.1, 1);
    }
}
