//! Rights in production of what is named after another environment: an application that is called a test one and may write in
//! production is one of production to whoever holds its key. The rights decide, not the name.

use std::collections::BTreeMap;

use super::directory::{by_app_role, by_role_assignment, is_strong};
use super::nhi08_environment_isolation::{accounts, directory, google, subscriptions};
use super::view::{Rights, View};
use crate::model::{EnvironmentClass, Grant, IdentityKey, Privilege, setting};
use crate::text::order::Lookup;

/// Identities that are named after an environment before production and whose rights say otherwise.
pub(super) fn against_names<'a>(view: &View<'a>) -> Lookup<&'a IdentityKey, Rights> {
    let mut weaker = view.identities().filter(|i| i.environment.class == EnvironmentClass::Nonprod).peekable();
    if weaker.peek().is_none() {
        return Lookup::default();
    }
    let subscriptions = subscriptions::names(view);
    let accounts = accounts::classes(view);
    let directories = directory::directories(view);
    let mut clusters: BTreeMap<&IdentityKey, &str> = BTreeMap::new();
    for setting in view.settings(setting::CROSS_ENVIRONMENT) {
        if let Some(id) = &setting.identity {
            clusters.entry(id).or_insert(&setting.value);
        }
    }
    // A right in another tenant is one of the same kind.
    let here = |grant: &Grant| match grant.source.strip_prefix(setting::OTHER_TENANT) {
        Some(source) => Grant { source: source.into(), ..grant.clone() },
        None => grant.clone(),
    };
    let mut out = Lookup::default();
    for identity in weaker {
        let grants = || view.grants_of(&identity.id).iter().copied().filter(|g| g.privilege != Privilege::None);
        let of_grant = |grant: &Grant| -> Option<String> {
            let grant = &here(grant);
            let azure = by_role_assignment(grant)
                && subscriptions::environment_of(grant, &subscriptions).class == EnvironmentClass::Prod;
            let google = identity.provider == "gcp" && google::production(grant).is_some();
            let entra = || {
                let there = directories.get(grant.location.path.as_str()).filter(|_| by_app_role(grant));
                is_strong(grant.privilege) && there.is_some_and(|there| directory::elsewhere(identity, there).is_some())
            };
            (azure || google || entra()).then(|| format!("{} on {}", grant.action, grant.resource))
        };
        let account = || {
            let (class, name) = accounts.get(identity.account.as_deref()?).filter(|_| identity.provider == "aws")?;
            let acts = identity.privilege > Privilege::None && *class == EnvironmentClass::Prod;
            acts.then(|| format!("rights in {name}"))
        };
        let held = grants().filter_map(of_grant).min().or_else(account);
        let held = held.or_else(|| clusters.get(&identity.id).map(|what| (*what).to_owned()));
        if let Some(held) = held {
            out.insert(&identity.id, Rights::Production(format!("it holds {held}, whatever its name says")));
        } else if grants().any(|g| by_app_role(&here(g)) && is_strong(g.privilege)) {
            out.insert(&identity.id, Rights::Untold);
        }
    }
    out
}
