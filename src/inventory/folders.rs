//! Rights on folders and organizations of Google Cloud, followed down to the projects below them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Grant, Inventory, setting};

/// Rights that are followed down; beyond that many only those on the folder itself are told.
const BELOW_MAX: usize = 100_000;

/// Follows rights on folders and organizations down to the projects below them, as far as an inventory of assets tells these: a
/// policy holds for all that its resource contains (<https://cloud.google.com/iam/docs/resource-hierarchy-access-control>).
pub(super) fn follow(inventory: &mut Inventory) {
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for told in inventory.settings.iter().filter(|s| s.name == setting::PROJECT_ANCESTORS) {
        for above in told.value.split(", ") {
            below.entry(above).or_default().insert(&told.subject);
        }
    }
    if below.is_empty() {
        return;
    }
    let mut found: Vec<Grant> = Vec::new();
    for grant in &inventory.grants {
        let Some(projects) = below.get(grant.resource.as_str()) else { continue };
        if found.len() + projects.len() > BELOW_MAX {
            break;
        }
        found.extend(projects.iter().map(|project| Grant {
            resource: (*project).into(),
            source: format!("{} on {}", grant.source, grant.resource).into(),
            ..grant.clone()
        }));
    }
    if !found.is_empty() {
        inventory.grants.extend(found);
        inventory.grants.sort();
        inventory.grants.dedup();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::build;
    use super::*;
    use crate::model::{
        At, Fact, GrantFact, IdentityFact, IdentityKey, IdentityKind, LocatedFact, Location, Privilege, SettingFact,
        google,
    };

    fn key(name: &str) -> IdentityKey {
        IdentityKey::new("gcp", "service-account", &format!("{name}@acme-prod.iam.gserviceaccount.com"))
    }

    fn located(fact: Fact) -> LocatedFact {
        LocatedFact { fact, location: Location::default(), format: "gcp-assets", sample: false }
    }

    fn account(name: &str) -> LocatedFact {
        let mut fact = IdentityFact::new(key(name), IdentityKind::ServiceAccount, "gcp", name);
        fact.account = Some("acme-prod".to_owned());
        located(Fact::Identity(At::default(), fact))
    }

    fn grant(who: &str, role: &str, resource: &str) -> LocatedFact {
        let grant = GrantFact {
            identity: key(who),
            privilege: google::privilege(role, true),
            action: role.to_owned(),
            resource: resource.to_owned(),
            source: "its policy".to_owned(),
            condition: None,
        };
        located(Fact::Grant(At::default(), grant))
    }

    const TOKENS: &str = "roles/iam.serviceAccountTokenCreator";

    fn privilege(inventory: &Inventory, who: &str) -> Privilege {
        inventory.identities.iter().find(|i| i.id == key(who)).unwrap().privilege
    }

    #[test]
    fn rights_on_a_folder_hold_in_the_projects_below_it_and_in_no_others() {
        let below = |project: &str, above: &str| {
            located(Fact::Setting(At::default(), SettingFact::new(setting::PROJECT_ANCESTORS, project, above)))
        };
        let facts = vec![
            account("a"),
            account("b"),
            grant("a", TOKENS, "folder 42"),
            grant("b", "roles/owner", "project acme-prod"),
            below("project 345678901234", "folder 42, organization 7"),
            below("project other", "folder 43, organization 7"),
            located(Fact::Setting(
                At::default(),
                SettingFact::new(setting::PROJECT_NUMBER, "345678901234", "acme-prod"),
            )),
        ];
        let inventory = build(Vec::new(), facts, Vec::new());
        let of_a: Vec<&Grant> = inventory.grants.iter().filter(|g| g.identity == key("a")).collect();
        let down =
            of_a.iter().find(|g| g.action == TOKENS && g.resource == "project acme-prod").expect("a right below");
        assert_eq!(down.source, "its policy on folder 42");
        assert!(of_a.iter().all(|g| g.resource != "project other"), "{of_a:#?}");
        // Who may take on the accounts of a folder's projects has their rights.
        assert_eq!(privilege(&inventory, "a"), Privilege::Admin);
    }
}
