//! Ids that are unique in one place only: an application of Entra has one client id and a service principal of its own in every
//! tenant that lets it in, and each instance of GitLab counts users and tokens from one.
//!
//! What two tenants or instances tell is kept apart where the inputs contradict each other: two object ids for one client id
//! (<https://learn.microsoft.com/en-us/entra/identity-platform/app-objects-and-service-principals>), two dates of creation for one
//! number of a token. Of a single principal the tenants decide: an application is registered in its home tenant alone, which its
//! principals name everywhere, so one that was exported from another tenant is none of the registration's own. What stays an
//! identity of its own is linked with its namesakes, never merged.

use std::collections::{BTreeMap, BTreeSet};

use super::link::Names;
use super::{Declared, Facts};
use crate::model::{Confidence, Grant, IdentityFact, IdentityKey, Inventory, Link, Location, setting};

const APP: &str = "azure:app:";
const PRINCIPAL: &str = "azure:service-principal:";
const SIGN_INS: &str = "entra-sign-in-activities";

/// How many namesakes of one identity are linked.
const LINKS_MAX: usize = 8;

/// Files that formats read, with the format of each.
type Files = BTreeMap<String, String>;

/// Applications with a principal in more than one tenant, and those principals that are no longer the same identity.
pub(super) struct Tenants(BTreeMap<IdentityKey, BTreeSet<IdentityKey>>);

/// The directory of a file, which stands for the tenant that it was exported from.
fn directory(location: &Location) -> String {
    let inside = location.path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    let container = location.container.as_deref().map(|c| format!("{c}!")).unwrap_or_default();
    format!("{container}{inside}")
}

fn keys(fact: &IdentityFact) -> impl Iterator<Item = &IdentityKey> {
    std::iter::once(&fact.key).chain(&fact.aliases)
}

fn starting<'f>(fact: &'f IdentityFact, start: &'static str) -> impl Iterator<Item = &'f IdentityKey> {
    keys(fact).filter(move |key| key.as_str().starts_with(start))
}

/// Takes principals of one application in several tenants apart. The one that was exported beside the application's registration
/// stays the application itself.
pub(super) fn settle(facts: &mut Facts, files: &Files) -> Tenants {
    let mut principals: BTreeMap<IdentityKey, BTreeMap<IdentityKey, BTreeSet<String>>> = BTreeMap::new();
    for Declared { what, location, .. } in &facts.identities {
        for app in starting(what, APP) {
            for principal in starting(what, PRINCIPAL) {
                let of = principals.entry(app.clone()).or_default();
                of.entry(principal.clone()).or_default().insert(directory(location));
            }
        }
    }
    if principals.is_empty() {
        return Tenants(BTreeMap::new());
    }
    let mut registered: BTreeMap<IdentityKey, BTreeSet<String>> = BTreeMap::new();
    for Declared { what, location, .. } in &facts.identities {
        if what.attributes.contains_key("registered") {
            starting(what, APP).for_each(|app| {
                registered.entry(app.clone()).or_default().insert(directory(location));
            });
        }
    }
    let guests = guests(facts, &registered);
    principals.retain(|app, all| all.len() > 1 || all.keys().any(|one| guests.contains(&(app.clone(), one.clone()))));
    if principals.is_empty() {
        return Tenants(BTreeMap::new());
    }
    let mut apart: BTreeMap<IdentityKey, BTreeSet<IdentityKey>> = BTreeMap::new();
    for (app, all) in &principals {
        let beside = |(_, at): &(&IdentityKey, &BTreeSet<String>)| {
            registered.get(app).is_some_and(|homes| at.iter().any(|directory| homes.contains(directory)))
        };
        let home: Vec<&IdentityKey> = all.iter().filter(beside).map(|(principal, _)| principal).collect();
        let home = home.first().copied().filter(|_| home.len() == 1);
        let others = all.keys().filter(|principal| Some(*principal) != home).cloned();
        apart.insert(app.clone(), others.collect());
    }
    part(facts, files, &principals, &apart);
    Tenants(apart)
}

/// Principals of applications that are registered elsewhere, in another tenant than the one that the principal was exported from.
/// Which tenant that is, the export has to tell beyond doubt: an application that is registered there and names its home, a
/// managed identity, a subscription.
fn guests(facts: &Facts, registered: &BTreeMap<IdentityKey, BTreeSet<String>>) -> BTreeSet<(IdentityKey, IdentityKey)> {
    let is_here = |app: &IdentityKey, here: &String| registered.get(app).is_some_and(|homes| homes.contains(here));
    let mut tenants: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for Declared { what, location, .. } in &facts.identities {
        let here = directory(location);
        let home = what.attributes.get("owner_tenant").filter(|_| starting(what, APP).any(|app| is_here(app, &here)));
        let own = what.attributes.get("tenant").filter(|_| what.provider == "azure");
        for tenant in own.into_iter().chain(home) {
            tenants.entry(here.clone()).or_default().insert(tenant);
        }
    }
    for Declared { what, location, .. } in facts.settings.iter().filter(|d| d.what.name == setting::AZURE_SUBSCRIPTION)
    {
        if let Some(tenant) = what.attributes.get("tenant") {
            tenants.entry(directory(location)).or_default().insert(tenant);
        }
    }
    let mut out = BTreeSet::new();
    for Declared { what, location, .. } in &facts.identities {
        let here = directory(location);
        let of_export = tenants.get(&here).filter(|all| all.len() == 1).and_then(|all| all.first());
        let (Some(of_export), Some(home)) = (of_export, what.attributes.get("owner_tenant")) else { continue };
        for app in starting(what, APP).filter(|app| registered.contains_key(*app) && !is_here(app, &here)) {
            if home != of_export {
                out.extend(starting(what, PRINCIPAL).map(|principal| (app.clone(), principal.clone())));
            }
        }
    }
    out
}

/// Gives what one tenant tells of an application to its principal there.
fn part(
    facts: &mut Facts,
    files: &Files,
    principals: &BTreeMap<IdentityKey, BTreeMap<IdentityKey, BTreeSet<String>>>,
    apart: &BTreeMap<IdentityKey, BTreeSet<IdentityKey>>,
) {
    for Declared { what, location, .. } in &mut facts.identities {
        let apps: Vec<IdentityKey> = starting(what, APP).filter(|app| apart.contains_key(*app)).cloned().collect();
        for app in apps {
            let Some(others) = apart.get(&app) else { continue };
            let id = app.as_str().strip_prefix(APP).unwrap_or_default();
            let either = IdentityKey::new("azure", "unique-id", id);
            let of_file = starting(what, PRINCIPAL).find(|principal| others.contains(*principal)).cloned();
            let known = of_file.or_else(|| {
                // The report of sign-ins knows applications by client id alone, and is of one tenant.
                let report = files.get(&location.file()).is_some_and(|format| format == SIGN_INS);
                let here = directory(location);
                let all = principals.get(&app).filter(|_| report)?;
                let mut own = all.iter().filter(|(_, at)| at.contains(&here)).map(|(principal, _)| principal);
                own.next().filter(|own_one| own.next().is_none() && others.contains(*own_one)).cloned()
            });
            let Some(principal) = known else { continue };
            what.aliases.retain(|alias| *alias != app && *alias != either && *alias != principal);
            let tells = what.name != id;
            what.key = principal.clone();
            what.attributes.insert("application".to_owned(), id.to_owned());
            let at = principals.get(&app).into_iter().flatten();
            let directories: BTreeSet<&String> = at.flat_map(|(_, at)| at).collect();
            if tells && directories.len() > 1 {
                what.name = format!("{} ({})", what.name, directory(location));
            }
        }
    }
}

impl Tenants {
    /// What an application's principals may do, the holder of its credentials may do: they sign in to every tenant that let it in.
    pub(super) fn follow(&self, inventory: &mut Inventory, names: &Names) {
        let known: BTreeSet<&IdentityKey> = inventory.identities.iter().map(|i| &i.id).collect();
        let mut found: Vec<Grant> = Vec::new();
        for (app, others) in &self.0 {
            let app = names.of(app);
            let others: BTreeSet<IdentityKey> = others.iter().map(|other| names.of(other)).collect();
            if !known.contains(&app) {
                continue;
            }
            for grant in inventory.grants.iter().filter(|g| others.contains(&g.identity)) {
                let source = format!("{}{}", setting::OTHER_TENANT, grant.source).into();
                found.push(Grant { identity: app.clone(), source, ..grant.clone() });
            }
        }
        if !found.is_empty() {
            inventory.grants.extend(found);
            inventory.grants.sort();
            inventory.grants.dedup();
        }
    }

    /// Links an application with its principals, or these with each other where nothing else tells of it.
    pub(super) fn link(&self, inventory: &Inventory, names: &Names, links: &mut Vec<Link>) {
        let known: BTreeSet<&IdentityKey> = inventory.identities.iter().map(|i| &i.id).collect();
        for (app, others) in &self.0 {
            let all = std::iter::once(app).chain(others).map(|key| names.of(key)).filter(|key| known.contains(key));
            let all: Vec<IdentityKey> = all.take(LINKS_MAX + 1).collect();
            let Some((first, rest)) = all.split_first() else { continue };
            links.extend(rest.iter().map(|other| Link {
                from: first.to_string(),
                to: other.to_string(),
                confidence: Confidence::High,
                why: "one application, with a service principal of its own in each tenant".to_owned(),
            }));
        }
    }
}
