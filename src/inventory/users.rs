//! Users of AWS that an answer names without their account: `get-access-key-last-used` repeats neither the key's id nor the account
//! (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>). A user's name is unique in its account,
//! so the answer is of the user of that name in the account whose exports it was saved beside, when no other account that was read
//! has such a user. Otherwise it stays apart, and the equal names become a link.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declared, Facts};
use crate::model::{IdentityFact, IdentityKey, Location};

/// What such keys begin with; the name of the file and the user follow, with a `#` between.
const BARE: &str = "aws:user-name:";

/// The user of a key that holds for one file only.
fn of_file(key: &IdentityKey) -> Option<&str> {
    key.as_str().strip_prefix(BARE)?.rsplit_once('#').map(|(_, user)| user)
}

/// The user of a key that holds for an account.
fn of_account(key: &IdentityKey) -> Option<&str> {
    let (account, user) = key.as_str().strip_prefix(BARE)?.split_once('/')?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !user.contains('#')).then_some(user)
}

/// The directory of a file, and the archive that it lies in.
fn place(location: &Location) -> (Option<String>, String) {
    let directory = location.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    (location.container.clone(), directory.to_owned())
}

/// Gives each of these users its account's key as another one, where that is certain.
pub(super) fn of_accounts(facts: &mut Facts) {
    if !facts.identities.iter().any(|fact| of_file(&fact.what.key).is_some()) {
        return;
    }
    let mut known: BTreeMap<String, BTreeMap<IdentityKey, BTreeSet<_>>> = BTreeMap::new();
    for Declared { what, location, .. } in facts.identities.iter().filter(|fact| !fact.sample) {
        for key in std::iter::once(&what.key).chain(&what.aliases) {
            if let Some(user) = of_account(key) {
                known.entry(user.to_owned()).or_default().entry(key.clone()).or_default().insert(place(location));
            }
        }
    }
    let account = |fact: &Declared<IdentityFact>| {
        let accounts = known.get(of_file(&fact.what.key)?)?;
        let (key, places) = accounts.first_key_value().filter(|_| accounts.len() == 1)?;
        places.contains(&place(&fact.location)).then(|| key.clone())
    };
    for fact in &mut facts.identities {
        if let Some(key) = account(fact) {
            fact.what.aliases.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::model::IdentityKind;

    fn fact(path: &str, name: &str) -> Declared<IdentityFact> {
        let key = IdentityKey::new("aws", "user-name", name);
        let location = Location::from(crate::model::LocationData { path: path.to_owned(), ..Default::default() });
        Declared { what: IdentityFact::new(key, IdentityKind::CloudUser, "aws", "ci"), location, sample: false }
    }

    fn joined(others: Vec<Declared<IdentityFact>>) -> usize {
        let mut facts = Facts { identities: others, ..Facts::default() };
        facts.identities.insert(0, fact("exports/used.json", "exports/used.json#ci"));
        of_accounts(&mut facts);
        facts.identities[0].what.aliases.len()
    }

    #[test]
    fn an_answer_is_of_the_one_account_whose_exports_lie_beside_it() {
        let (one, two) = ("123456789012/ci", "210987654321/ci");
        assert_eq!(joined(vec![fact("exports/keys.json", one)]), 1);
        assert_eq!(joined(vec![fact("exports/keys.json", "123456789012/other")]), 0);
        assert_eq!(joined(vec![fact("elsewhere/keys.json", one)]), 0);
        assert_eq!(joined(vec![fact("exports/keys.json", one), fact("more/keys.json", two)]), 0);
        assert_eq!(joined(vec![]), 0);
    }
}
