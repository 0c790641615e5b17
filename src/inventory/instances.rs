//! Exports of several instances of GitLab, each of which counts its users, tokens and keys from one.
//!
//! Two files are of two instances when they give one number of a token two dates of creation, one number of a deploy key two
//! keys, or when their paths name two hosts; of one when they agree on such a number, or name one host. What files of different
//! instances tell is keyed by the instance as well, which goes by the host or else by its first file. A number that no such file
//! tells, as a routable token does, keeps its bare key and is linked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Facts};
use crate::model::{Confidence, IdentityKey, Link, Location};

/// Identities that an instance numbers.
const IDENTITIES: [&str; 3] = ["gitlab:user-id:", "gitlab:deploy-token:", "gitlab:deploy-key:"];
/// Credentials that it numbers.
const TOKENS: [&str; 2] = ["gitlab:token:", "gitlab:deploy-token:"];

/// How many namesakes of one number are linked.
const LINKS_MAX: usize = 8;

/// The host that a path names, as people mirror the address of an API: `gitlab.acme.example/projects/42/access_tokens.json`.
fn host(location: &Location) -> Option<String> {
    let (directory, _) = location.path.rsplit_once('/')?;
    let named = |part: &&str| {
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        plain && part.contains('.') && !part.starts_with('.') && part.to_ascii_lowercase().contains("gitlab")
    };
    directory.split('/').find(named).map(str::to_ascii_lowercase)
}

/// Which instance each file is of, for those that are told apart.
fn apart(facts: &Facts) -> BTreeMap<String, String> {
    // What each file says of each number.
    let mut said: BTreeMap<&str, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Declared { what, location, .. } in &facts.credentials {
        let key = what.key.as_str();
        let told = if TOKENS.iter().any(|start| key.starts_with(start)) {
            what.created.at().map(|at| (key, at.to_string()))
        } else {
            let owner = what.identity.as_ref().map(IdentityKey::as_str);
            owner.filter(|owner| owner.starts_with("gitlab:deploy-key:")).map(|owner| (owner, key.to_owned()))
        };
        let Some((number, value)) = told else { continue };
        said.entry(number).or_default().entry(value).or_default().insert(location.file());
        if let Some(host) = host(location) {
            hosts.entry(host).or_default().insert(location.file());
        }
    }
    let mut sets = Sets::default();
    said.values().flat_map(BTreeMap::values).chain(hosts.values()).for_each(|files| sets.join(files));
    let mut differ: BTreeSet<String> = BTreeSet::new();
    for groups in said.values().map(|values| values.values().collect::<Vec<_>>()).chain([hosts.values().collect()]) {
        let roots: BTreeSet<String> =
            groups.iter().filter_map(|files| files.first()).map(|file| sets.root(file)).collect();
        if roots.len() > 1 {
            differ.extend(roots);
        }
    }
    let mut name: BTreeMap<String, String> = differ.iter().map(|root| (root.clone(), root.clone())).collect();
    for (host, files) in &hosts {
        if let Some(named) = files.first().map(|file| sets.root(file)).and_then(|root| name.get_mut(&root)) {
            named.clone_from(host);
        }
    }
    let all: Vec<String> = sets.up.keys().cloned().collect();
    all.into_iter()
        .filter_map(|file| Some((file.clone(), name.get(&sets.root(&file))?.replace(['#', '@'], "_"))))
        .collect()
}

/// Keeps instances apart, and links what bears one number.
pub(super) fn settle(facts: &mut Facts) -> Vec<Link> {
    let apart = apart(facts);
    if apart.is_empty() {
        return Vec::new();
    }
    let mut same: BTreeMap<IdentityKey, BTreeSet<IdentityKey>> = BTreeMap::new();
    let mut bare: BTreeSet<IdentityKey> = BTreeSet::new();
    let mut rename = |key: &mut IdentityKey, location: &Location| {
        if !IDENTITIES.iter().any(|start| key.as_str().starts_with(start)) {
            return;
        }
        match apart.get(&location.file()) {
            Some(instance) => {
                let own = IdentityKey::from(format!("{key}@{instance}"));
                same.entry(key.clone()).or_default().insert(own.clone());
                *key = own;
            }
            None => {
                bare.insert(key.clone());
            }
        }
    };
    for Declared { what, location, .. } in &mut facts.identities {
        let number = what.key.clone();
        rename(&mut what.key, location);
        what.aliases.iter_mut().for_each(|alias| rename(alias, location));
        if let Some(instance) = apart.get(&location.file()).filter(|_| what.key != number) {
            what.name = format!("{} ({instance})", what.name);
            what.attributes.insert("instance".to_owned(), instance.clone());
        }
    }
    for Declared { what, location, .. } in &mut facts.credentials {
        what.identity.iter_mut().for_each(|key| rename(key, location));
        if let Some(instance) = apart.get(&location.file())
            && TOKENS.iter().any(|start| what.key.starts_with(start))
        {
            what.key = format!("{}@{instance}", what.key);
        }
    }
    facts.grants.iter_mut().for_each(|d| rename(&mut d.what.identity, &d.location));
    facts.trusts.iter_mut().for_each(|d| rename(&mut d.what.identity, &d.location));
    facts.third_parties.iter_mut().for_each(|d| rename(&mut d.what.identity, &d.location));
    for Declared { what, location, .. } in &mut facts.usages {
        what.identity.iter_mut().for_each(|key| rename(key, location));
    }
    for Declared { what, location, .. } in &mut facts.settings {
        what.identity.iter_mut().for_each(|key| rename(key, location));
    }
    let namesakes = same.iter().filter(|(key, _)| bare.contains(*key));
    namesakes.flat_map(|(key, all)| all.iter().take(LINKS_MAX).map(move |other| link(key, other))).collect()
}

fn link(bare: &IdentityKey, other: &IdentityKey) -> Link {
    Link {
        from: bare.to_string(),
        to: other.to_string(),
        confidence: Confidence::Low,
        why: "equal numbers; nothing says that the instance of GitLab is the same".to_owned(),
    }
}

/// Disjoint sets of files; each is known by its smallest.
#[derive(Default)]
struct Sets {
    up: BTreeMap<String, String>,
}

impl Sets {
    fn root(&mut self, file: &str) -> String {
        let mut at = file.to_owned();
        while let Some(up) = self.up.get(&at).filter(|up| **up != at) {
            at = up.clone();
        }
        self.up.insert(file.to_owned(), at.clone());
        at
    }

    fn join(&mut self, files: &BTreeSet<String>) {
        let roots: BTreeSet<String> = files.iter().map(|file| self.root(file)).collect();
        if let Some(least) = roots.first() {
            roots.iter().for_each(|root| {
                self.up.insert(root.clone(), least.clone());
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::model::{
        At, CredentialFact, Fact, IdentityFact, IdentityKind, Inventory, LocatedFact, LocationData, When,
    };

    fn user(n: u32) -> IdentityKey {
        IdentityKey::new("gitlab", "user-id", &n.to_string())
    }

    /// A row of a listing of tokens.
    fn row(path: &str, token: u32, of: u32, created: &str) -> Vec<LocatedFact> {
        let mut fact = CredentialFact::new(format!("gitlab:token:{token}"), "gitlab-access-token", "gitlab");
        fact.identity = Some(user(of));
        fact.created = When::parse(created);
        let owner = IdentityFact::new(user(of), IdentityKind::Bot, "gitlab", &format!("bot {of}"));
        let location = Location::from(LocationData { path: path.to_owned(), line: 1, ..LocationData::default() });
        let located = |fact| LocatedFact { fact, location: location.clone(), format: "gitlab-tokens", sample: false };
        vec![located(Fact::Identity(At::default(), owner)), located(Fact::Credential(At::default(), fact))]
    }

    fn inventory(rows: &[Vec<LocatedFact>]) -> Inventory {
        super::super::build(Vec::new(), rows.concat(), Vec::new())
    }

    fn ids(inventory: &Inventory) -> Vec<&str> {
        inventory.identities.iter().map(|i| i.id.as_str()).collect()
    }

    #[test]
    fn one_number_with_two_dates_of_creation_is_of_two_instances() {
        let rows = [
            row("a/tokens.json", 7, 5, "2024-01-01"),
            row("b/tokens.json", 7, 5, "2025-02-02"),
            row("b/tokens.json", 8, 5, "2025-03-03"),
        ];
        let found = inventory(&rows);
        assert_eq!(ids(&found), ["gitlab:user-id:5@a/tokens.json", "gitlab:user-id:5@b/tokens.json"]);
        let credentials: Vec<_> =
            found.credentials.iter().map(|c| (c.id.as_str(), c.identity.as_ref().unwrap().as_str())).collect();
        assert_eq!(
            credentials,
            [
                ("gitlab:token:7@a/tokens.json", "gitlab:user-id:5@a/tokens.json"),
                ("gitlab:token:7@b/tokens.json", "gitlab:user-id:5@b/tokens.json"),
                ("gitlab:token:8@b/tokens.json", "gitlab:user-id:5@b/tokens.json"),
            ]
        );
        let reversed: Vec<_> = rows.iter().rev().cloned().collect();
        assert_eq!(ids(&inventory(&reversed)), ids(&found));
    }

    #[test]
    fn exports_that_agree_are_of_one_instance() {
        let found = inventory(&[
            row("a/old.json", 7, 5, "2024-01-01"),
            row("b/new.json", 7, 5, "2024-01-01"),
            row("c/x.json", 9, 5, "2024-05-05"),
        ]);
        assert_eq!(ids(&found), ["gitlab:user-id:5"]);
    }

    #[test]
    fn hosts_in_paths_tell_instances_apart_and_what_names_neither_is_linked() {
        let rows = [
            row("gitlab.com/projects/1/access_tokens.json", 7, 5, "2024-01-01"),
            row("gitlab.acme.example/projects/1/access_tokens.json", 8, 5, "2024-02-02"),
            row("other.json", 9, 5, "2024-03-03"),
        ];
        let found = inventory(&rows);
        assert_eq!(
            ids(&found),
            ["gitlab:user-id:5", "gitlab:user-id:5@gitlab.acme.example", "gitlab:user-id:5@gitlab.com"]
        );
        assert_eq!(found.links.len(), 2, "{:?}", found.links);
        assert!(found.links.iter().all(|l| l.from == "gitlab:user-id:5" && l.confidence == Confidence::Low));
    }
}
