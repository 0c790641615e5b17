//! What a code host keeps for pipelines, where something says which credential it is: a state of Terraform that made both the key and
//! the stored secret holds the same value in both. A job that reads the secret then acts as the credential's owner.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Credential, Grant, Identity, IdentityKey, Inventory, Setting, Usage, setting};

/// The attribute of a usage that names the credential that its stored secret holds.
pub(super) const HOLDS: &str = "holds";

/// Marks the usages of stored secrets of which it is known what they hold, and gives their jobs the rights that this brings.
pub(super) fn join(inventory: &mut Inventory) {
    let told: Vec<&Setting> = inventory.settings.iter().filter(|s| s.name == setting::HELD_SECRET).collect();
    if told.is_empty() {
        return;
    }
    let identities: BTreeMap<&IdentityKey, &Identity> = inventory.identities.iter().map(|i| (&i.id, i)).collect();
    let credentials: BTreeMap<&str, &Credential> = inventory.credentials.iter().map(|c| (c.id.as_str(), c)).collect();
    let mut grants: Vec<Grant> = Vec::new();
    let mut marks: Vec<(usize, String)> = Vec::new();
    for (at, usage) in inventory.usages.iter().enumerate() {
        let Some(job) = usage.identity.as_ref().and_then(|id| identities.get(id)) else { continue };
        let Some(credential) = held(usage, job, &told).and_then(|id| credentials.get(id)) else { continue };
        marks.push((at, credential.id.clone()));
        if let Some(owner) = credential.identity.as_ref().and_then(|id| identities.get(id)) {
            grants.push(grant(job, owner, credential, usage));
        }
    }
    for (at, credential) in marks {
        if let Some(usage) = inventory.usages.get_mut(at) {
            usage.attributes.insert(HOLDS.to_owned(), credential);
        }
    }
    inventory.usages.sort();
    inventory.grants.extend(grants);
    inventory.grants.sort();
    inventory.grants.dedup();
}

/// An attribute, empty when there is none.
fn text<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map_or("", String::as_str)
}

/// The credential that the secret holds which a usage names; none when there are two of that name.
fn held<'s>(usage: &Usage, job: &Identity, told: &[&'s Setting]) -> Option<&'s str> {
    let (host, place) = job.id.as_str().split_once(":job:")?;
    let repository = place.split("/.github/").next().filter(|_| host == "github")?;
    let repository = repository.rsplit('/').next()?;
    let name = usage.attributes.get("stored_as").or(usage.credential.as_ref())?;
    let environment = job.attributes.get("environment").map_or("", String::as_str);
    let mut own: BTreeSet<&str> = BTreeSet::new();
    let mut wide: BTreeSet<&str> = BTreeSet::new();
    for setting in told.iter().copied().filter(|setting| setting.subject.eq_ignore_ascii_case(name)) {
        // The repository's owner stands in the provider's configuration, which no state holds.
        let (of, within) = (text(setting, "repository"), text(setting, "environment"));
        if !(of.is_empty() || of.eq_ignore_ascii_case(repository)) {
            continue;
        }
        if within.is_empty() {
            wide.insert(setting.value.as_str());
        } else if within == environment {
            own.insert(setting.value.as_str());
        }
    }
    // A secret of the environment stands before one of the repository.
    let all = if own.is_empty() { wide } else { own };
    all.first().copied().filter(|_| all.len() == 1)
}

fn grant(job: &Identity, owner: &Identity, credential: &Credential, usage: &Usage) -> Grant {
    Grant {
        identity: job.id.clone(),
        privilege: owner.privilege,
        action: format!("act as {}", owner.name).into(),
        resource: owner.account.as_ref().map_or_else(|| owner.provider.clone(), |a| format!("account {a}")).into(),
        source: format!("stored {} of {}", credential.kind, owner.name).into(),
        condition: None,
        location: usage.location.clone(),
    }
}
