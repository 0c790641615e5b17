//! What only several listings together tell: what an assignment of a custom role is worth, which listed secret a leaked value
//! probably is, and which people of a directory matter to anything.

use std::collections::{BTreeMap, BTreeSet};

use super::link::Names;
use crate::model::{Confidence, Credential, Human, IdentityKey, Inventory, Link, Privilege, setting};

/// Puts in what custom roles of Azure are worth. Their names are unique in a tenant
/// (<https://learn.microsoft.com/en-us/azure/role-based-access-control/custom-roles#custom-role-limits>); an assignment that names
/// none has the role's id. A name that two definitions bear, of two tenants, is worth the higher of both.
pub(super) fn custom_roles(inventory: &mut Inventory) {
    let mut roles: BTreeMap<String, (Privilege, &str, &str)> = BTreeMap::new();
    for role in inventory.settings.iter().filter(|s| s.name == setting::AZURE_ROLE) {
        let worth = match role.value.as_str() {
            "admin" => Privilege::Admin,
            "write-broad" => Privilege::WriteBroad,
            "write-scoped" => Privilege::WriteScoped,
            "read-scoped" => Privilege::ReadScoped,
            _ => continue,
        };
        let actions = role.attributes.get("actions").map(String::as_str).unwrap_or_default();
        let by_id = role.attributes.get("role_id").map(|id| format!("role {id}"));
        for name in std::iter::once(role.subject.to_ascii_lowercase()).chain(by_id) {
            let slot = roles.entry(name).or_insert((worth, &role.subject, actions));
            *slot = (*slot).max((worth, &role.subject, actions));
        }
    }
    if roles.is_empty() {
        return;
    }
    for grant in &mut inventory.grants {
        if !grant.source.starts_with("role assignment") {
            continue;
        }
        let Some((worth, name, actions)) = roles.get(&grant.action.to_ascii_lowercase()) else { continue };
        let broad = ["subscription", "management group", "tenant"].iter().any(|wide| grant.resource.starts_with(wide));
        grant.privilege = match worth {
            Privilege::Admin if broad && grant.condition.is_none() => Privilege::Admin,
            Privilege::Admin => Privilege::WriteBroad,
            Privilege::WriteBroad if !broad => Privilege::WriteScoped,
            other => *other,
        };
        grant.action = (*name).into();
        grant.source = format!("{}, custom role of {actions}", grant.source).into();
    }
    inventory.grants.sort();
    inventory.grants.dedup();
}

/// Kinds of leaked values that may be a listed secret of an Entra application.
pub(super) const CLIENT_SECRETS: [&str; 2] = ["azure-entra-client-secret", "azure-client-secret-named"];

/// Links leaked client secrets to the application whose id stands near them and to the listed secret whose hint, its first three
/// characters, they begin with. Three characters are too few to merge by. The hint itself is of no more use then and goes.
pub(super) fn hints(credentials: &mut [Credential], names: &Names, links: &mut Vec<Link>) {
    let mut listed: Vec<(&str, &str, Option<&IdentityKey>)> = Vec::new();
    for credential in credentials.iter().filter(|c| c.id.starts_with("azure:app-secret:")) {
        if let Some(hint) = credential.attributes.get("hint") {
            listed.push((hint, &credential.id, credential.identity.as_ref()));
        }
    }
    for leaked in credentials.iter().filter(|c| CLIENT_SECRETS.contains(&c.kind.as_str()) && c.preview.is_some()) {
        let owner = leaked.attributes.get("client_id").map(|id| names.of(&IdentityKey::new("azure", "app", id)));
        if let Some(owner) = owner.as_ref().filter(|owner| !names.keys(owner).is_empty()) {
            links.push(Link {
                from: leaked.id.clone(),
                to: owner.to_string(),
                confidence: Confidence::Medium,
                why: "the application's id stands near the value".to_owned(),
            });
        }
        let Some(start) = leaked.preview.as_deref().and_then(shown) else { continue };
        let fits: Vec<_> = listed.iter().filter(|(hint, ..)| *hint == start).collect();
        for (_, id, _) in fits.iter().filter(|(_, _, of)| owner.is_some() && *of == owner.as_ref()) {
            links.push(Link {
                from: leaked.id.clone(),
                to: (*id).to_owned(),
                confidence: Confidence::High,
                why: "the application's id stands near the value, which begins as the hint of this secret says"
                    .to_owned(),
            });
        }
        if let (None, [(_, id, _)]) = (&owner, fits.as_slice()) {
            links.push(Link {
                from: leaked.id.clone(),
                to: (*id).to_owned(),
                confidence: Confidence::Low,
                why: "it begins as the hint of this secret says, and of no other; nothing near it names an application"
                    .to_owned(),
            });
        }
    }
    credentials.iter_mut().filter(|c| c.id.starts_with("azure:app-secret:")).for_each(|c| {
        c.attributes.remove("hint");
    });
}

/// The first three characters of a value whose preview shows them, or of the value where it is shown whole.
fn shown(preview: &str) -> Option<&str> {
    let start = preview.split_once('…').map_or(preview, |(start, _)| start);
    let (end, _) = start.char_indices().nth(3)?;
    start.get(..end)
}

/// Lets people go whom only a directory's listing names: nothing of theirs is in the inputs. A role over the directory alone is no
/// reason to keep somebody of whom no other listing says that it is a service principal.
pub(super) fn people(inventory: &mut Inventory) {
    const MARK: &str = "listed_person";
    if !inventory.identities.iter().any(|i| i.attributes.contains_key(MARK)) {
        return;
    }
    let grants = inventory.grants.iter().filter(|g| !g.source.starts_with("directory role"));
    let referred: BTreeSet<IdentityKey> = (inventory.credentials.iter().filter_map(|c| c.identity.as_ref()))
        .chain(grants.map(|g| &g.identity))
        .chain(inventory.trusts.iter().map(|t| &t.identity))
        .chain(inventory.usages.iter().filter_map(|u| u.identity.as_ref()))
        .chain(inventory.settings.iter().filter_map(|s| s.identity.as_ref()))
        .cloned()
        .collect();
    let mut gone: BTreeSet<IdentityKey> = BTreeSet::new();
    inventory.identities.retain(|i| {
        let keep = !i.attributes.contains_key(MARK) || i.human == Human::No || referred.contains(&i.id);
        if !keep {
            gone.insert(i.id.clone());
        }
        keep
    });
    inventory.grants.retain(|g| !gone.contains(&g.identity));
    for identity in &mut inventory.identities {
        // Attributes are shared until they are written to.
        if identity.attributes.contains_key(MARK) {
            identity.attributes.remove(MARK);
        }
    }
}
