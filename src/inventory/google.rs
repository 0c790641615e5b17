//! What bindings of Google Cloud come to when they are read together: custom roles get their weight, members of pools the issuer of
//! their tokens, and whoever may act as a service account its rights.
//!
//! Acting as another: <https://cloud.google.com/iam/docs/service-account-impersonation>; pools and what attributes are mapped from:
//! <https://cloud.google.com/iam/docs/workload-identity-federation>.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::folders;
use crate::model::google::{self, Powers};
use crate::model::{
    EnvironmentClass, Grant, Identity, IdentityKey, Inventory, Privilege, Status, Trust, environment, setting,
};

/// Reads the bindings together. Everything stays sorted.
pub(super) fn settle(inventory: &mut Inventory) {
    name_projects(inventory);
    let custom = weigh_custom_roles(inventory);
    join_pools(inventory);
    folders::follow(inventory);
    let derived = chains(inventory, &custom);
    inventory.grants.extend(derived);
    inventory.grants.sort();
    inventory.grants.dedup();
    inventory.trusts.sort();
    inventory.trusts.dedup();
    inventory.settings.sort();
}

/// Calls projects by their ids where an input gives the number's.
fn name_projects(inventory: &mut Inventory) {
    let mut ids: BTreeMap<String, Option<String>> = BTreeMap::new();
    for known in inventory.settings.iter().filter(|s| s.name == setting::PROJECT_NUMBER) {
        let slot = ids.entry(known.subject.clone()).or_insert_with(|| Some(known.value.clone()));
        // Two ids for one number: one of the inputs is wrong.
        if slot.as_ref() != Some(&known.value) {
            *slot = None;
        }
    }
    let id = |number: &str| ids.get(number).cloned().flatten();
    let rename = |text: &mut String| {
        if let Some(id) = text.strip_prefix("project ").and_then(id) {
            *text = format!("project {id}");
        }
    };
    let of_project = |grant: &&mut Grant| grant.resource.with(|resource| resource.starts_with("project "));
    for grant in inventory.grants.iter_mut().filter(of_project) {
        let mut resource = grant.resource.to_string();
        rename(&mut resource);
        grant.resource = resource.into();
    }
    inventory.settings.iter_mut().for_each(|setting| rename(&mut setting.subject));
    for identity in inventory.identities.iter_mut().filter(|i| i.provider == "gcp" && i.account.is_none()) {
        let number = identity.name.strip_suffix("-compute@developer.gserviceaccount.com");
        if let Some(project) = number.and_then(id) {
            if identity.environment.class == EnvironmentClass::Unknown {
                let of_project = environment::classify("project", &project);
                if of_project.class != EnvironmentClass::Unknown {
                    identity.environment = of_project;
                }
            }
            identity.account = Some(project);
        }
    }
}

/// Gives grants of custom roles the weight of their permissions, and returns what the roles do with service accounts.
fn weigh_custom_roles(inventory: &mut Inventory) -> BTreeMap<String, Powers> {
    let mut known: BTreeMap<String, (Privilege, Powers)> = BTreeMap::new();
    for role in inventory.settings.iter().filter(|s| s.name == setting::CUSTOM_ROLE) {
        let attribute = |name: &str| role.attributes.get(name).map(String::as_str).unwrap_or_default();
        let privilege = match attribute("privilege") {
            "none" => Privilege::None,
            "read-scoped" => Privilege::ReadScoped,
            "write-scoped" => Privilege::WriteScoped,
            "write-broad" => Privilege::WriteBroad,
            "admin" => Privilege::Admin,
            _ => Privilege::Unknown,
        };
        let slot = known.entry(role.subject.clone()).or_default();
        *slot = (slot.0.max(privilege), slot.1.and(Powers::of_words(attribute("powers"))));
    }
    for grant in inventory.grants.iter_mut().filter(|grant| grant.privilege == Privilege::Unknown) {
        let Some((privilege, _)) = grant.action.with(|action| known.get(action)) else { continue };
        // On one resource nothing of it is broad.
        let narrow = grant.resource.starts_with("resource ") || grant.resource.starts_with("service account ");
        grant.privilege = if narrow { (*privilege).min(Privilege::WriteScoped) } else { *privilege };
    }
    known.into_iter().map(|(name, (_, powers))| (name, powers)).collect()
}

/// Gives trust in a pool the issuers, audiences and conditions of the pool's providers, as far as those were read.
fn join_pools(inventory: &mut Inventory) {
    const PROVIDERS: &str = "gcp:app:";
    if inventory.trusts.is_empty() {
        return;
    }
    let identities: BTreeMap<&IdentityKey, &Identity> = inventory.identities.iter().map(|i| (&i.id, i)).collect();
    let mut providers: BTreeMap<&str, Vec<(&Trust, &Identity)>> = BTreeMap::new();
    for trust in inventory.trusts.iter().filter(|t| is(t, "kind", "federated")) {
        let Some(name) = trust.identity.as_str().strip_prefix(PROVIDERS) else { continue };
        let pool = name.split_once("/providers/").map(|(pool, _)| pool);
        // One that is switched off lets nobody in.
        let on = identities.get(&trust.identity).filter(|i| !matches!(i.status, Status::Inactive | Status::Deleted));
        if let (Some(pool), Some(identity)) = (pool, on) {
            providers.entry(pool).or_default().push((trust, identity));
        }
    }
    let mut out = Vec::with_capacity(inventory.trusts.len());
    for trust in &inventory.trusts {
        let sample = |key: &IdentityKey| identities.get(key).is_some_and(|identity| identity.sample);
        let of_pool = trust.attributes.get("pool").and_then(|pool| providers.get(pool.as_str()));
        let fitting = of_pool.into_iter().flatten().filter(|(_, p)| !p.sample || sample(&trust.identity));
        let before = out.len();
        out.extend(fitting.map(|(provider, identity)| joined(trust, provider, identity)));
        if out.len() == before {
            out.push(trust.clone());
        }
    }
    inventory.trusts = out;
}

fn is(trust: &Trust, name: &str, value: &str) -> bool {
    trust.attributes.get(name).is_some_and(|v| v == value)
}

/// What both the member and the pool's provider demand.
fn joined(trust: &Trust, provider: &Trust, identity: &Identity) -> Trust {
    let mapping: BTreeMap<&str, &str> = identity
        .attributes
        .get("mapping")
        .into_iter()
        .flat_map(|all| all.split(", "))
        .filter_map(|pair| pair.split_once('='))
        .collect();
    // The claim that an attribute is a plain copy of.
    let source = |attribute: &str| mapping.get(attribute).and_then(|value| value.trim().strip_prefix("assertion."));
    let plain = |claim: &&str| claim.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let mut out = Trust { issuer: provider.issuer.clone(), audience: provider.audience.clone(), ..trust.clone() };
    out.attributes.retain(|name, _| !name.starts_with("claim."));
    for (name, test) in trust.attributes.iter().filter_map(|(k, v)| Some((k.strip_prefix("claim.")?, v))) {
        let attribute = if name == "groups" { "google.groups".to_owned() } else { format!("attribute.{name}") };
        match source(&attribute).filter(plain).unwrap_or(name) {
            "sub" => set_subject(&mut out, test),
            claim => drop(out.attributes.insert(format!("claim.{claim}"), test.clone())),
        }
    }
    if let Some(claim) = source("google.subject").filter(plain).filter(|claim| *claim != "sub")
        && let Some(subject) = out.subject.take()
    {
        out.attributes.remove("sub_operator");
        out.attributes.insert(format!("claim.{claim}"), format!("StringEquals {subject}"));
    }
    if out.subject.is_none()
        && let Some(subject) = &provider.subject
    {
        out.subject = Some(subject.clone());
        let operator = provider.attributes.get("sub_operator").cloned().unwrap_or_default();
        out.attributes.insert("sub_operator".to_owned(), operator);
    }
    for (name, value) in provider.attributes.iter() {
        if name.starts_with("claim.") {
            out.attributes.entry(name.clone()).or_insert_with(|| value.clone());
        } else if name == "condition_read" {
            out.attributes.insert(name.clone(), value.clone());
        } else if name == "condition" {
            out.attributes.insert("provider_condition".to_owned(), value.clone());
        }
    }
    out
}

fn set_subject(trust: &mut Trust, test: &str) {
    if let Some((operator, value)) = test.split_once(' ') {
        trust.subject = Some(value.to_owned());
        trust.attributes.insert("sub_operator".to_owned(), operator.to_owned());
    }
}

/// Who or what rights can be had through: an identity, or all service accounts of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'a> {
    Identity(&'a IdentityKey),
    Project(&'a str),
}

/// One step towards another's rights.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    from: Node<'a>,
    to: Node<'a>,
    /// The binding; `None` from a project to its accounts.
    by: Option<By<'a>>,
}

/// The binding of a step.
#[derive(Debug, Clone, Copy)]
struct By<'a> {
    role: &'a str,
    resource: &'a str,
    condition: Option<&'a str>,
    location: &'a crate::model::Location,
}

/// For each identity that can get more rights by acting as others than it holds itself, one grant of the most.
fn chains(inventory: &Inventory, custom: &BTreeMap<String, Powers>) -> Vec<Grant> {
    let world = World::new(inventory, custom);
    let mut back: BTreeMap<Node<'_>, Vec<Step<'_>>> = BTreeMap::new();
    for step in world.steps() {
        back.entry(step.to).or_default().push(step);
    }
    if back.is_empty() {
        return Vec::new();
    }
    let mut own: BTreeMap<&IdentityKey, &Grant> = BTreeMap::new();
    for grant in &inventory.grants {
        let best = own.entry(&grant.identity).or_insert(grant);
        if grant.privilege > best.privilege {
            *best = grant;
        }
    }
    let mut next: BTreeMap<Node<'_>, Step<'_>> = BTreeMap::new();
    let mut ends: BTreeSet<Node<'_>> = BTreeSet::new();
    let mut out = Vec::new();
    for level in [Privilege::Admin, Privilege::WriteBroad, Privilege::WriteScoped, Privilege::ReadScoped] {
        let mut open: VecDeque<Node<'_>> = own
            .iter()
            .filter(|(_, grant)| grant.privilege == level)
            .map(|(key, _)| Node::Identity(key))
            .filter(|node| !next.contains_key(node))
            .collect();
        ends.extend(open.iter().copied());
        while let Some(node) = open.pop_front() {
            for step in back.get(&node).into_iter().flatten() {
                if ends.contains(&step.from) || next.contains_key(&step.from) {
                    continue;
                }
                next.insert(step.from, *step);
                open.push_back(step.from);
                if let Node::Identity(key) = step.from
                    && own.get(key).is_none_or(|grant| grant.privilege < level)
                {
                    out.extend(told(key, &next, &own));
                }
            }
        }
    }
    out
}

/// Steps of a chain that are told.
const STEPS_TOLD: usize = 8;

/// The grant at the end of a chain, as the right of the identity at its beginning.
fn told(key: &IdentityKey, next: &BTreeMap<Node<'_>, Step<'_>>, own: &BTreeMap<&IdentityKey, &Grant>) -> Option<Grant> {
    let first = next.get(&Node::Identity(key))?.by?;
    let (mut node, mut chain, mut conditions) = (Node::Identity(key), Vec::new(), Vec::new());
    let mut last = key;
    while let Some(step) = next.get(&node) {
        node = step.to;
        if let Some(by) = step.by {
            chain.push(format!("{} on {}", by.role, by.resource));
            conditions.extend(by.condition);
        }
        if let Node::Identity(reached) = node {
            chain.push(name(reached).to_owned());
            last = reached;
        }
        if chain.len() > 2 * STEPS_TOLD {
            break;
        }
    }
    // A chain ends where the rights are; one that is too long to tell has them, too.
    while let Some(step) = next.get(&node) {
        node = step.to;
        if let Node::Identity(reached) = node {
            last = reached;
        }
    }
    let right = own.get(last)?;
    conditions.extend(right.condition.as_deref());
    Some(Grant {
        identity: key.clone(),
        privilege: right.privilege,
        action: format!("as {}: {}", name(last), right.action).into(),
        resource: right.resource.clone(),
        source: chain.join(" → ").into(),
        condition: (!conditions.is_empty()).then(|| conditions.join("; ").into()),
        location: first.location.clone(),
    })
}

/// The provider's own name in a key.
fn name(key: &IdentityKey) -> &str {
    key.as_str().splitn(3, ':').nth(2).unwrap_or_default()
}

/// The inventory, looked at for who may act as whom.
struct World<'a> {
    inventory: &'a Inventory,
    custom: &'a BTreeMap<String, Powers>,
    /// Service accounts by every name; `None` for a name that two have.
    accounts: BTreeMap<&'a str, Option<&'a IdentityKey>>,
    /// Those of each project that others can act as.
    of_project: BTreeMap<&'a str, Vec<&'a IdentityKey>>,
    runs: BTreeSet<&'a IdentityKey>,
}

impl<'a> World<'a> {
    fn new(inventory: &'a Inventory, custom: &'a BTreeMap<String, Powers>) -> Self {
        let mut world =
            Self { inventory, custom, accounts: BTreeMap::new(), of_project: BTreeMap::new(), runs: BTreeSet::new() };
        for identity in inventory.identities.iter().filter(|i| i.provider == "gcp") {
            for key in std::iter::once(&identity.id).chain(&identity.aliases) {
                // Code that declares an account knows it by its address in the module.
                let full = name(key);
                let local = full.split_once('#').map(|(_, local)| local);
                for name in [Some(full), local].into_iter().flatten() {
                    let slot = world.accounts.entry(name).or_insert(Some(&identity.id));
                    *slot = slot.filter(|known| **known == identity.id);
                }
            }
            let managed = identity.attributes.contains_key("managed_by");
            if let Some(project) = identity.account.as_deref().filter(|_| !managed) {
                world.of_project.entry(project).or_default().push(&identity.id);
            }
        }
        let holders = inventory.grants.iter().filter(|grant| grant.action.with(|action| world.powers(action)).runs);
        world.runs = holders.map(|grant| &grant.identity).collect();
        world
    }

    fn powers(&self, role: &str) -> Powers {
        google::powers(role).and(self.custom.get(role).copied().unwrap_or(Powers::NONE))
    }

    /// The account that a grant's resource names: an address, a number, or a reference to a declared one.
    fn account(&self, resource: &str) -> Option<&'a IdentityKey> {
        let written = resource.strip_prefix("service account ")?;
        let last = written.rsplit('/').next().unwrap_or(written);
        let declared = written.strip_prefix("${").and_then(|path| {
            let mut parts = path.trim_end_matches('}').split('.');
            Some(format!("{}.{}", parts.next()?, parts.next()?))
        });
        let names = [declared.as_deref(), Some(last)];
        names.into_iter().flatten().find_map(|name| self.accounts.get(name).copied().flatten())
    }

    fn steps(&self) -> Vec<Step<'a>> {
        let mut out = Vec::new();
        for grant in &self.inventory.grants {
            let powers = grant.action.with(|action| self.powers(action));
            if !(powers.takes || powers.attaches && self.runs.contains(&grant.identity)) {
                continue;
            }
            let project = grant.resource.strip_prefix("project ").filter(|p| self.of_project.contains_key(p));
            let to = match (self.account(&grant.resource), project) {
                (Some(account), _) => Node::Identity(account),
                (None, Some(project)) => Node::Project(project),
                (None, None) => continue,
            };
            let by = By {
                role: &grant.action,
                resource: &grant.resource,
                condition: grant.condition.as_deref(),
                location: &grant.location,
            };
            out.push(Step { from: Node::Identity(&grant.identity), to, by: Some(by) });
        }
        for (project, accounts) in &self.of_project {
            let step = |to: &&'a IdentityKey| Step { from: Node::Project(project), to: Node::Identity(to), by: None };
            out.extend(accounts.iter().map(step));
        }
        out.extend(self.of_clusters());
        out
    }

    /// Service accounts of clusters that a binding lets act as an account.
    fn of_clusters(&self) -> Vec<Step<'a>> {
        let known: BTreeMap<&str, &IdentityKey> = (self.inventory.identities.iter())
            .filter(|i| i.id.as_str().starts_with("kubernetes:service-account:"))
            .map(|i| (name(&i.id), &i.id))
            .collect();
        let steps = self.inventory.trusts.iter().filter_map(|trust| {
            let subject = trust.subject.as_deref().filter(|_| trust.issuer.ends_with(".svc.id.goog"))?;
            let (namespace, account) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
            let from = known.get(format!("{namespace}/{account}").as_str()).copied()?;
            let by = By {
                role: trust.attributes.get("role").map(String::as_str).unwrap_or_default(),
                resource: &trust.issuer,
                condition: trust.attributes.get("condition").map(String::as_str),
                location: &trust.location,
            };
            Some(Step { from: Node::Identity(from), to: Node::Identity(&trust.identity), by: Some(by) })
        });
        steps.collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::build;
    use super::*;
    use crate::model::{
        At, Fact, GrantFact, IdentityFact, IdentityKind, LocatedFact, Location, LocationData, SettingFact, TrustFact,
    };

    fn key(name: &str) -> IdentityKey {
        IdentityKey::new("gcp", "service-account", &format!("{name}@acme-prod.iam.gserviceaccount.com"))
    }

    fn located(fact: Fact) -> LocatedFact {
        let location = Location::from(LocationData {
            path: "iam-policy-acme-prod.json".to_owned(),
            line: 1,
            ..LocationData::default()
        });
        LocatedFact { fact, location, format: "gcp-iam-policy", sample: false }
    }

    fn account(name: &str) -> LocatedFact {
        let mut fact = IdentityFact::new(key(name), IdentityKind::ServiceAccount, "gcp", name);
        fact.account = Some("acme-prod".to_owned());
        located(Fact::Identity(At::default(), fact))
    }

    fn grant(who: &str, role: &str, resource: &str, condition: Option<&str>) -> LocatedFact {
        let resource = match resource.split_once(' ') {
            Some(("as", account)) => format!("service account {account}@acme-prod.iam.gserviceaccount.com"),
            _ => resource.to_owned(),
        };
        let wide = resource.starts_with("project");
        located(Fact::Grant(
            At::default(),
            GrantFact {
                identity: key(who),
                privilege: google::privilege(role, wide),
                action: role.to_owned(),
                resource,
                source: "its policy".to_owned(),
                condition: condition.map(str::to_owned),
            },
        ))
    }

    const TOKENS: &str = "roles/iam.serviceAccountTokenCreator";

    fn privilege(inventory: &Inventory, who: &str) -> Privilege {
        inventory.identities.iter().find(|i| i.id == key(who)).unwrap().privilege
    }

    #[test]
    fn who_may_act_as_an_account_has_its_rights_along_the_whole_chain() {
        let facts = vec![
            account("a"),
            account("b"),
            account("c"),
            account("d"),
            grant("a", TOKENS, "as b", Some("until: request.time < x")),
            grant("b", TOKENS, "as c", None),
            grant("c", "roles/owner", "project acme-prod", None),
            grant("d", "roles/iam.serviceAccountOpenIdTokenCreator", "as c", None),
            // A circle ends, too.
            grant("c", TOKENS, "as a", None),
        ];
        let inventory = build(Vec::new(), facts, Vec::new());
        assert_eq!(privilege(&inventory, "a"), Privilege::Admin);
        assert_eq!(privilege(&inventory, "b"), Privilege::Admin);
        assert_eq!(privilege(&inventory, "d"), Privilege::WriteScoped);
        let derived: Vec<&Grant> = inventory.grants.iter().filter(|g| g.action.starts_with("as ")).collect();
        assert_eq!(derived.len(), 2, "{derived:#?}");
        let of_a = derived.iter().find(|g| g.identity == key("a")).unwrap();
        assert_eq!(of_a.action, "as c@acme-prod.iam.gserviceaccount.com: roles/owner");
        assert_eq!(of_a.resource, "project acme-prod");
        assert_eq!(of_a.condition.as_deref(), Some("until: request.time < x"));
        assert!(of_a.source.contains("b@acme-prod.iam.gserviceaccount.com → roles/iam.serviceAccountTokenCreator on"));
    }

    #[test]
    fn two_addresses_with_one_number_stay_two_accounts() {
        let numbered = |name: &str| {
            let mut fact = IdentityFact::new(key(name), IdentityKind::ServiceAccount, "gcp", name);
            fact.aliases.push(IdentityKey::new("gcp", "unique-id", "1"));
            located(Fact::Identity(At::default(), fact))
        };
        let inventory = build(Vec::new(), vec![numbered("a"), numbered("b"), numbered("a")], Vec::new());
        assert_eq!((inventory.identities.len(), inventory.links.len()), (2, 1));
        let inventory = build(Vec::new(), vec![numbered("a"), account("a")], Vec::new());
        assert_eq!((inventory.identities.len(), inventory.links.len()), (1, 0));
    }

    #[test]
    fn attaching_an_account_counts_for_those_only_who_can_run_something() {
        let user = |who: &str| grant(who, "roles/iam.serviceAccountUser", "as c", None);
        let facts = vec![
            account("a"),
            account("b"),
            account("c"),
            user("a"),
            user("b"),
            grant("b", "roles/run.developer", "project acme-prod", None),
            grant("c", "roles/owner", "project acme-prod", None),
        ];
        let inventory = build(Vec::new(), facts, Vec::new());
        assert_eq!(privilege(&inventory, "a"), Privilege::WriteScoped);
        assert_eq!(privilege(&inventory, "b"), Privilege::Admin);
    }

    #[test]
    fn a_role_on_a_project_reaches_its_accounts_and_those_of_no_other() {
        let facts = |project: &str| {
            vec![
                account("a"),
                account("c"),
                grant("a", TOKENS, &format!("project {project}"), None),
                grant("c", "roles/owner", "project acme-prod", None),
            ]
        };
        assert_eq!(privilege(&build(Vec::new(), facts("acme-prod"), Vec::new()), "a"), Privilege::Admin);
        assert_eq!(privilege(&build(Vec::new(), facts("acme-dev"), Vec::new()), "a"), Privilege::WriteBroad);
    }

    #[test]
    fn a_custom_role_weighs_what_its_permissions_do() {
        let role = "projects/acme-prod/roles/deployer";
        let mut definition = SettingFact::new(setting::CUSTOM_ROLE, role, "iam.serviceAccounts.getAccessToken");
        definition.attributes.insert("privilege".to_owned(), "write-broad".to_owned());
        definition.attributes.insert("powers".to_owned(), "takes".to_owned());
        let facts = vec![
            account("a"),
            account("c"),
            grant("a", role, "project acme-prod", None),
            grant("c", "roles/owner", "project acme-prod", None),
        ];
        assert_eq!(privilege(&build(Vec::new(), facts.clone(), Vec::new()), "a"), Privilege::Unknown);
        let mut facts = facts;
        facts.push(located(Fact::Setting(At::default(), definition)));
        assert_eq!(privilege(&build(Vec::new(), facts, Vec::new()), "a"), Privilege::Admin);
    }

    #[test]
    fn a_member_of_a_pool_gets_issuer_and_conditions_of_its_provider() {
        let pool = "projects/1/locations/global/workloadIdentityPools/ci";
        let trust = |identity: IdentityKey, attributes: &[(&str, &str)]| TrustFact {
            identity,
            issuer: format!("iam.googleapis.com/{pool}"),
            audience: None,
            subject: None,
            attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let provider = IdentityKey::new("gcp", "app", &format!("{pool}/providers/github"));
        let mut identity = IdentityFact::new(provider.clone(), IdentityKind::Application, "gcp", "github");
        identity.attributes.insert("mapping".to_owned(), "attribute.repo=assertion.repository".to_owned());
        let mut of_provider =
            trust(provider, &[("kind", "federated"), ("claim.repository_owner", "StringEquals acme")]);
        of_provider.issuer = "token.actions.githubusercontent.com".to_owned();
        let member = trust(key("a"), &[("kind", "federated"), ("pool", pool), ("claim.repo", "StringEquals acme/app")]);
        let facts = vec![
            account("a"),
            located(Fact::Identity(At::default(), identity)),
            located(Fact::Trust(At::default(), of_provider)),
            located(Fact::Trust(At::default(), member)),
        ];
        let inventory = build(Vec::new(), facts, Vec::new());
        let trust = inventory.trusts.iter().find(|t| t.identity == key("a")).unwrap();
        assert_eq!(trust.issuer, "token.actions.githubusercontent.com");
        assert_eq!(trust.attributes.get("claim.repository").map(String::as_str), Some("StringEquals acme/app"));
        assert_eq!(trust.attributes.get("claim.repository_owner").map(String::as_str), Some("StringEquals acme"));
        assert_eq!(trust.attributes.get("claim.repo"), None);
    }
}
