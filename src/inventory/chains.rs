//! Rights through other roles: whoever may take on a role has its rights, too, and those of the roles that it may take on in turn.
//!
//! A step counts when both sides are in the inputs and agree: an export says that the principal gets the role as far as its own
//! side decides ([`setting::TAKES_ON`]), and the role's trust names the principal, its account, or anybody. The step is a grant of
//! its own, whose source is the whole chain. Circles are harmless: every identity is reached once, by its shortest way.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{Grant, IdentityKey, Inventory, Privilege, Setting, Trust, setting};

/// A way from one identity to a role.
struct Step<'a> {
    from: &'a IdentityKey,
    to: &'a IdentityKey,
    setting: &'a Setting,
    /// What the trust demands beside the name.
    asked: Option<String>,
}

/// Adds to each identity the rights of the best role that it reaches, when those are more than its own.
pub(super) fn follow(inventory: &mut Inventory) {
    let found = grants(inventory);
    if !found.is_empty() {
        inventory.grants.extend(found);
        inventory.grants.sort();
        inventory.grants.dedup();
    }
}

fn grants(inventory: &Inventory) -> Vec<Grant> {
    let level: BTreeMap<&IdentityKey, Privilege> = inventory.identities.iter().map(|i| (&i.id, i.privilege)).collect();
    let steps = steps(inventory);
    let mut into: BTreeMap<&IdentityKey, Vec<&Step<'_>>> = BTreeMap::new();
    for step in &steps {
        into.entry(step.to).or_default().push(step);
    }
    // From the most powerful roles back, so that the first way that reaches an identity is its best.
    let mut targets: Vec<&IdentityKey> = into.keys().copied().collect();
    targets.sort_by_key(|key| (std::cmp::Reverse(level.get(*key).copied().unwrap_or_default()), *key));
    let mut next: BTreeMap<&IdentityKey, (&Step<'_>, Privilege)> = BTreeMap::new();
    let mut at = 0;
    while let Some(first) = targets.get(at) {
        let best = level.get(*first).copied().unwrap_or_default();
        if best <= Privilege::None {
            break;
        }
        let same = targets.iter().skip(at).take_while(|key| level.get(**key).copied().unwrap_or_default() == best);
        let mut queue: VecDeque<&IdentityKey> = same.copied().collect();
        at += queue.len();
        while let Some(role) = queue.pop_front() {
            for step in into.get(role).into_iter().flatten() {
                let own = level.get(step.from).copied().unwrap_or_default();
                if own < best && !next.contains_key(step.from) {
                    next.insert(step.from, (step, best));
                    queue.push_back(step.from);
                }
            }
        }
    }
    next.keys().filter_map(|from| grant(from, &next, inventory)).collect()
}

/// The longest chain that is told; ways are followed to their end, however long they are.
const SHOWN: usize = 8;

fn grant(from: &IdentityKey, next: &BTreeMap<&IdentityKey, (&Step<'_>, Privilege)>, all: &Inventory) -> Option<Grant> {
    let (first, privilege) = next.get(from)?;
    let mut chain = Vec::new();
    let mut conditions: Vec<String> = Vec::new();
    let mut step = *first;
    // Every step leads to an identity that was reached before, so this ends.
    for _ in 0..=next.len() {
        chain.push(format!("role {}", last(&step.setting.value)));
        let own = step.setting.attributes.get("condition").cloned();
        conditions.extend(own.into_iter().chain(step.asked.clone()));
        match next.get(step.to).filter(|(_, reached)| reached == privilege) {
            Some((further, _)) => step = *further,
            None => break,
        }
    }
    let end = all.grants.iter().filter(|g| g.identity == *step.to && g.privilege == *privilege).min();
    if chain.len() > SHOWN {
        let more = format!("{} more", chain.len() - SHOWN);
        chain.splice(SHOWN - 1..chain.len() - 1, [more]);
    }
    chain.insert(0, first.setting.attributes.get("source").cloned().unwrap_or_default());
    chain.extend(end.map(|g| g.source.to_string()).filter(|source| !source.is_empty()));
    conditions.extend(end.and_then(|g| g.condition.as_ref()).map(ToString::to_string));
    conditions.sort();
    conditions.dedup();
    Some(Grant {
        identity: from.clone(),
        privilege: *privilege,
        action: "sts:AssumeRole".into(),
        resource: first.setting.value.as_str().into(),
        source: chain.join(" → ").into(),
        condition: (!conditions.is_empty()).then(|| conditions.join("; ").into()),
        location: first.setting.location.clone(),
    })
}

/// The name at the end of an ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The steps on which both sides agree, sorted.
fn steps(inventory: &Inventory) -> Vec<Step<'_>> {
    let names: BTreeMap<&str, &IdentityKey> = inventory
        .identities
        .iter()
        .filter(|i| !i.sample)
        .flat_map(|i| std::iter::once(&i.id).chain(&i.aliases).map(move |key| (key, &i.id)))
        .filter_map(|(key, id)| Some((key.as_str().strip_prefix("aws:role:")?, id)))
        .collect();
    let mut trusts: BTreeMap<&IdentityKey, Vec<&Trust>> = BTreeMap::new();
    inventory.trusts.iter().for_each(|t| trusts.entry(&t.identity).or_default().push(t));
    let step = |setting: &'_ Setting| {
        let from = setting.identity.as_ref()?;
        let to = *names.get(setting.value.as_str())?;
        let asked = agreed(&setting.subject, trusts.get(to)?)?;
        (from != to).then_some((from.clone(), to, asked))
    };
    let mut out = Vec::new();
    for setting in inventory.settings.iter().filter(|s| s.name == setting::TAKES_ON) {
        if let (Some((_, to, asked)), Some(from)) = (step(setting), setting.identity.as_ref()) {
            out.push(Step { from, to, setting, asked });
        }
    }
    out.sort_by(|a, b| (a.from, a.to, a.asked.is_some(), a.setting).cmp(&(b.from, b.to, b.asked.is_some(), b.setting)));
    out.dedup_by(|b, a| (a.from, a.to) == (b.from, b.to));
    out
}

/// What a role demands of a principal beside its name, when it lets it in at all: the least of its statements.
fn agreed(arn: &str, trusts: &[&Trust]) -> Option<Option<String>> {
    let account = arn.split(':').nth(4).filter(|account| !account.is_empty())?;
    let root = [":iam::", account, ":root"].concat();
    let lets = |t: &&&Trust| {
        let aws = t.attributes.get("kind").is_some_and(|kind| kind == "aws");
        aws && !t.attributes.contains_key("not_principal")
            && (t.issuer == arn || t.issuer.ends_with(&root) || t.issuer == "*")
    };
    let asked = |t: &&Trust| {
        let mut asked: Vec<String> = Vec::new();
        asked.extend(t.attributes.contains_key("external_id").then(|| "the role asks for an external id".to_owned()));
        let claims: Vec<&str> = t.attributes.keys().filter_map(|k| k.strip_prefix("claim.")).collect();
        asked.extend((!claims.is_empty()).then(|| format!("the role asks for {}", claims.join(", "))));
        let denies = t.attributes.contains_key("deny_statements");
        asked.extend(denies.then(|| "the role's trust policy denies some".to_owned()));
        (!asked.is_empty()).then(|| asked.join("; "))
    };
    trusts.iter().filter(lets).map(asked).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        At, Fact, GrantFact, IdentityFact, IdentityKind, LocatedFact, Location, SettingFact, TrustFact,
    };

    fn arn(name: &str) -> String {
        format!("arn:aws:iam::123456789012:role/{name}")
    }

    fn key(name: &str) -> IdentityKey {
        IdentityKey::new("aws", "role", &arn(name))
    }

    fn role(name: &str, privilege: Privilege) -> Vec<Fact> {
        let identity = IdentityFact::new(key(name), IdentityKind::Role, "aws", name);
        let grant = GrantFact {
            identity: key(name),
            privilege,
            action: "x".to_owned(),
            resource: "*".to_owned(),
            source: format!("policy of {name}"),
            condition: None,
        };
        vec![Fact::Identity(At::default(), identity), Fact::Grant(At::default(), grant)]
    }

    /// The step of one role to the next, each side on its own.
    fn asks(from: &str, to: &str) -> Fact {
        let mut fact = SettingFact::new(setting::TAKES_ON, arn(from), arn(to));
        fact.identity = Some(key(from));
        fact.attributes.insert("source".to_owned(), "p".to_owned());
        Fact::Setting(At::default(), fact)
    }

    fn lets(to: &str, issuer: &str, attributes: &[(&str, &str)]) -> Fact {
        let mut all: BTreeMap<String, String> =
            attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        all.insert("kind".to_owned(), "aws".to_owned());
        let trust =
            TrustFact { identity: key(to), issuer: issuer.to_owned(), audience: None, subject: None, attributes: all };
        Fact::Trust(At::default(), trust)
    }

    fn inventory(facts: Vec<Fact>) -> Inventory {
        let located = |fact| LocatedFact { fact, location: Location::default(), format: "x", sample: false };
        super::super::build(Vec::new(), facts.into_iter().map(located).collect(), Vec::new())
    }

    fn level(inventory: &Inventory, name: &str) -> Privilege {
        inventory.identities.iter().find(|i| i.id == key(name)).unwrap().privilege
    }

    fn chain(names: &[&str]) -> Vec<Fact> {
        let mut facts: Vec<Fact> = names.iter().flat_map(|n| role(n, Privilege::ReadScoped)).collect();
        for pair in names.windows(2) {
            facts.push(asks(pair[0], pair[1]));
            facts.push(lets(pair[1], &arn(pair[0]), &[]));
        }
        facts
    }

    #[test]
    fn a_chain_of_roles_gives_the_rights_of_its_end() {
        let mut facts = chain(&["start", "middle", "end"]);
        facts.extend(role("end", Privilege::Admin));
        let inventory = inventory(facts);
        assert_eq!(level(&inventory, "start"), Privilege::Admin);
        let grant =
            inventory.grants.iter().find(|g| g.identity == key("start") && g.action == "sts:AssumeRole").unwrap();
        assert_eq!(grant.source, "p → role middle → role end → policy of end");
        assert_eq!((grant.resource.as_str(), &grant.condition), (arn("middle").as_str(), &None));
    }

    #[test]
    fn one_side_alone_is_no_step() {
        for facts in
            [vec![asks("a", "b")], vec![lets("b", &arn("a"), &[])], vec![asks("a", "b"), lets("b", &arn("c"), &[])]]
        {
            let mut all = role("a", Privilege::ReadScoped);
            all.extend(role("b", Privilege::Admin));
            all.extend(facts);
            assert_eq!(level(&inventory(all), "a"), Privilege::ReadScoped);
        }
    }

    #[test]
    fn the_account_and_everybody_include_the_principal_and_demands_are_told() {
        for issuer in ["arn:aws:iam::123456789012:root", "*"] {
            let mut all = role("a", Privilege::ReadScoped);
            all.extend(role("b", Privilege::WriteBroad));
            all.extend([asks("a", "b"), lets("b", issuer, &[("external_id", "present")])]);
            let inventory = inventory(all);
            assert_eq!(level(&inventory, "a"), Privilege::WriteBroad);
            let grant = inventory.grants.iter().find(|g| g.action == "sts:AssumeRole").unwrap();
            assert_eq!(grant.condition.as_deref(), Some("the role asks for an external id"));
        }
    }

    #[test]
    fn a_circle_ends_and_its_members_share_the_best_of_it() {
        let mut facts = chain(&["a", "b", "c", "a"]);
        facts.extend(role("b", Privilege::WriteBroad));
        let inventory = inventory(facts);
        for name in ["a", "b", "c"] {
            assert_eq!(level(&inventory, name), Privilege::WriteBroad, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_web_of_roles_is_followed_to_an_end_and_never_loses_rights(
            edges in prop::collection::vec((0..6_usize, 0..6_usize), 0..16),
            levels in prop::collection::vec(0..4_usize, 6),
        ) {
            let levels: Vec<Privilege> = levels.into_iter()
                .map(|l| [Privilege::None, Privilege::ReadScoped, Privilege::WriteBroad, Privilege::Admin][l]).collect();
            let name = |n: usize| format!("r{n}");
            let mut facts: Vec<Fact> = levels.iter().enumerate().flat_map(|(n, l)| role(&name(n), *l)).collect();
            for (from, to) in &edges {
                facts.push(asks(&name(*from), &name(*to)));
                facts.push(lets(&name(*to), &arn(&name(*from)), &[]));
            }
            // What each reaches, the slow way.
            let mut reach = levels.clone();
            for _ in 0..6 {
                for (from, to) in &edges {
                    reach[*from] = reach[*from].max(reach[*to]);
                }
            }
            let inventory = inventory(facts);
            for (n, want) in reach.iter().enumerate() {
                prop_assert_eq!(level(&inventory, &name(n)), *want);
            }
        }
    }
}
