//! What the user says of the inventory: who owns things, which environment they belong to, which accounts are one's own.

use super::Policy;
use crate::model::Inventory;

/// Enters what the user decided. The user's word stands over what inputs say.
pub(super) fn enter(inventory: &mut Inventory, policy: &dyn Policy) {
    for identity in &mut inventory.identities {
        if let Some(environment) = policy.environment(identity) {
            identity.environment = environment;
        }
        if let Some(owner) = policy.owner(identity) {
            identity.owner = Some(owner);
        }
    }
    for party in &mut inventory.third_parties {
        let owner = party.component.trim_start_matches('@').split('/').next().unwrap_or_default();
        party.first_party |= party.component.contains('/') && policy.is_own(owner);
    }
    for trust in &mut inventory.trusts {
        if account(&trust.issuer).is_some_and(|account| policy.is_own(account)) {
            trust.attributes.insert(OWN_ACCOUNT.to_owned(), "true".to_owned());
        }
    }
}

/// The attribute of trusts in accounts that the user calls own.
pub(super) const OWN_ACCOUNT: &str = "own_account";

/// The account of an ARN, when it is written out.
pub(super) fn account(arn: &str) -> Option<&str> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}
