//! The environment of identities by the account that holds them, where an input names the accounts
//! ([`setting::CLOUD_ACCOUNT`]). What an identity's own tags or names say comes first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, EnvironmentClass, Inventory, setting};

/// Gives identities of accounts whose names tell an environment that environment.
pub(super) fn place(inventory: &mut Inventory) {
    let mut accounts: BTreeMap<(&str, &str), BTreeSet<Environment>> = BTreeMap::new();
    let real = inventory.settings.iter().filter(|s| s.name == setting::CLOUD_ACCOUNT);
    for account in real.filter(|s| !s.attributes.contains_key(super::SAMPLE)) {
        let attribute = |name: &str| account.attributes.get(name).map(String::as_str).unwrap_or_default();
        let class = match attribute("class") {
            "prod" => EnvironmentClass::Prod,
            "nonprod" => EnvironmentClass::Nonprod,
            _ => continue,
        };
        let environment = Environment { class, why: attribute("why").to_owned() };
        accounts.entry((attribute("provider"), &account.value)).or_default().insert(environment);
    }
    // Two names that contradict each other tell nothing.
    accounts.retain(|_, all| all.iter().map(|e| e.class).collect::<BTreeSet<_>>().len() == 1);
    for identity in &mut inventory.identities {
        let account = identity.account.as_deref().unwrap_or_default();
        let silent = identity.environment.class == EnvironmentClass::Unknown && identity.environment.why.is_empty();
        if let Some(known) = accounts.get(&(identity.provider.as_str(), account)).filter(|_| silent)
            && let Some(environment) = known.first()
        {
            identity.environment = environment.clone();
        }
    }
}
