//! What a code host keeps for pipelines, where something says which credential it is: a state of Terraform that made both the key and
//! the stored secret holds the same value in both. A job that reads the secret then acts as the credential's owner.

use std::collections::{BTreeMap, BTreeSet};

use super::follow;
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
    // The key has the path as reports show it, which begins with the folder where several are scanned at once.
    let path = match (follow::repository_of(job), host) {
        (Some(own), "github" | "gitlab") if !own.is_empty() => own,
        (_, "github") => place.split("/.github/").next()?.to_owned(),
        (_, "gitlab") => place.rsplit_once('#')?.0.rsplit_once('/')?.0.to_owned(),
        _ => return None,
    };
    let path = path.as_str();
    let repository = path.rsplit('/').next()?;
    let name = usage.attributes.get("stored_as").or(usage.credential.as_ref())?;
    let environment = job.attributes.get("environment").map_or("", String::as_str);
    let mut own: BTreeSet<&str> = BTreeSet::new();
    let mut wide: BTreeSet<&str> = BTreeSet::new();
    for setting in told.iter().copied().filter(|setting| setting.subject.eq_ignore_ascii_case(name)) {
        // The repository's owner stands in the provider's configuration, which no state holds.
        let (of, within) = (text(setting, "repository"), text(setting, "environment"));
        // A variable of GitLab names its project or group by the whole path; a number that nothing tells the path of is of nobody.
        let (project, group) = (text(setting, "project"), text(setting, "group"));
        let below = |group: &str| path.get(..group.len()).is_some_and(|start| start.eq_ignore_ascii_case(group));
        let here = match host {
            "gitlab" if !project.is_empty() => project.eq_ignore_ascii_case(path),
            "gitlab" => !group.is_empty() && below(group) && path.as_bytes().get(group.len()) == Some(&b'/'),
            _ => project.is_empty() && group.is_empty() && (of.is_empty() || of.eq_ignore_ascii_case(repository)),
        };
        if !here {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::build;
    use super::*;
    use crate::model::{
        At, AuthMode, CredentialFact, Fact, GrantFact, IdentityFact, IdentityKind, LocatedFact, Location, LocationData,
        Privilege, SettingFact, UsageFact,
    };

    fn located(fact: Fact) -> LocatedFact {
        LocatedFact { fact, location: Location::default(), format: "x", sample: false }
    }

    fn job(name: &str, secret: &str) -> Vec<LocatedFact> {
        let key = IdentityKey::new("gitlab", "job", name);
        let usage = UsageFact {
            identity: Some(key.clone()),
            mode: AuthMode::Referenced,
            provider: "aws".to_owned(),
            credential: Some(secret.to_owned()),
            target: None,
            mechanism: "variable".to_owned(),
            federation_available: true,
            attributes: BTreeMap::new(),
        };
        let identity = IdentityFact::new(key, IdentityKind::CiJob, "gitlab", name);
        vec![located(Fact::Identity(At::default(), identity)), located(Fact::Usage(At::default(), usage))]
    }

    #[test]
    fn a_variable_of_gitlab_that_a_state_made_gives_its_jobs_the_rights_of_its_owner() {
        let user = IdentityKey::new("aws", "user", "arn:aws:iam::123456789012:user/ci");
        let mut key = CredentialFact::new("aws:access-key:AKIAX", "aws-access-key", "aws");
        key.identity = Some(user.clone());
        let grant = GrantFact {
            identity: user.clone(),
            privilege: Privilege::Admin,
            action: "*".to_owned(),
            resource: "*".to_owned(),
            source: "policy".to_owned(),
            condition: None,
        };
        let stored = |of: &str, place: &str| {
            let mut fact = SettingFact::new(setting::HELD_SECRET, "DEPLOY_KEY", "aws:access-key:AKIAX");
            fact.attributes.insert(of.to_owned(), place.to_owned());
            located(Fact::Setting(At::default(), fact))
        };
        let world = |held: LocatedFact| {
            let mut facts = job("acme/app/.gitlab-ci.yml#deploy", "DEPLOY_KEY");
            facts.extend(job("acme/apple/.gitlab-ci.yml#deploy", "DEPLOY_KEY"));
            facts.push(located(Fact::Identity(
                At::default(),
                IdentityFact::new(user.clone(), IdentityKind::CloudUser, "aws", "ci"),
            )));
            facts.push(located(Fact::Credential(At::default(), key.clone())));
            facts.push(located(Fact::Grant(At::default(), grant.clone())));
            facts.push(held);
            let inventory = build(Vec::new(), facts, Vec::new());
            let admin = inventory.identities.iter().filter(|i| i.kind == IdentityKind::CiJob);
            admin.filter(|i| i.privilege == Privilege::Admin).map(|i| i.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(world(stored("project", "acme/app")), ["acme/app/.gitlab-ci.yml#deploy"]);
        assert_eq!(world(stored("group", "acme")).len(), 2);
        for (of, place) in [("project", "42"), ("group", "acme/app"), ("group", "7"), ("repository", "app")] {
            assert_eq!(world(stored(of, place)), [""; 0], "{of} {place}");
        }
    }

    #[test]
    fn a_pipeline_in_one_of_several_folders_is_of_its_project() {
        let mut facts = job("acme/app/checkouts/ours/.gitlab-ci.yml#deploy", "DEPLOY_KEY");
        let place =
            LocationData { path: "checkouts/ours/.gitlab-ci.yml".to_owned(), line: 1, ..LocationData::default() };
        facts.iter_mut().for_each(|fact| fact.location = Location::from(place.clone()));
        let key = CredentialFact::new("aws:access-key:AKIAX", "aws-access-key", "aws");
        facts.push(located(Fact::Credential(At::default(), key)));
        let mut stored = SettingFact::new(setting::HELD_SECRET, "DEPLOY_KEY", "aws:access-key:AKIAX");
        stored.attributes.insert("project".to_owned(), "acme/app".to_owned());
        facts.push(located(Fact::Setting(At::default(), stored)));
        let inventory = build(Vec::new(), facts, Vec::new());
        let held: Vec<&String> = inventory.usages.iter().filter_map(|u| u.attributes.get(HOLDS)).collect();
        assert_eq!(held, ["aws:access-key:AKIAX"]);
    }
}
