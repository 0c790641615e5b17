//! What the readers of Azure and Entra exports share: keys, names, credentials of applications.
//!
//! Ids are GUIDs whose case means nothing; keys hold them in lower case.

use serde_json::{Map, Value};

use super::aws::date;
pub(super) use super::listing::paging;
pub use super::listing::{Item, holds, rows, short, text};
use crate::formats::{Out, environment};
use crate::model::{At, CredentialFact, Environment, Fact, IdentityKey, Status, When};

/// Provider word of all facts here.
pub const PROVIDER: &str = "azure";

/// A text field of an Azure Resource Manager object, which stands in the object or in its `properties`.
#[must_use]
pub fn property<'v>(row: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    let inner = || row.get("properties").and_then(Value::as_object).and_then(|inner| text(inner, name));
    text(row, name).or_else(inner)
}

/// A GUID in lower case; `None` for anything else.
#[must_use]
pub fn guid(text: &str) -> Option<String> {
    let text = text.trim();
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    shape.then(|| text.to_ascii_lowercase())
}

/// The first GUID inside a text.
#[must_use]
pub fn guid_in(text: &str) -> Option<String> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.filter_map(|at| text.get(at..at + 36)).find_map(guid)
}

/// The GUID at the end of a resource id, which may hold that of a subscription before it.
#[must_use]
pub fn last_guid(id: &str) -> Option<String> {
    id.rsplit('/').next().and_then(guid)
}

/// A field that holds a GUID.
#[must_use]
pub fn id(row: &Map<String, Value>, name: &str) -> Option<String> {
    text(row, name).and_then(guid)
}

/// Key of an application: its client id.
#[must_use]
pub fn app(id: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "app", id)
}

/// Key of an application by its client id or its object id, where nothing says which of the two it is.
#[must_use]
pub fn either(id: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "unique-id", id)
}

/// Keys of a service principal by its object id; templates know it as a mere principal.
#[must_use]
pub fn principal(id: &str) -> [IdentityKey; 2] {
    [IdentityKey::new(PROVIDER, "service-principal", id), IdentityKey::new(PROVIDER, "principal", id)]
}

/// Key of a managed identity by its resource id.
#[must_use]
pub fn resource(id: &str) -> IdentityKey {
    IdentityKey::new(PROVIDER, "identity", &id.to_ascii_lowercase())
}

/// The environment that a display name tells.
#[must_use]
pub fn environment_of(name: &str) -> Environment {
    environment::of_name("name", &short(name))
}

/// Text in a map of tags, whatever the case of its name.
#[must_use]
pub fn tag(row: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let tags = row.get("tags").and_then(Value::as_object)?;
    let mut found: Vec<(usize, &str)> = tags
        .iter()
        .filter_map(|(key, value)| {
            let rank = names.iter().position(|name| key.eq_ignore_ascii_case(name))?;
            Some((rank, value.as_str()?.trim()))
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    found.sort_unstable();
    found.first().map(|(_, value)| short(value))
}

/// Secrets and certificates of an application or service principal. Values (`secretText`, `value`, `key`) are left alone.
///
/// <https://learn.microsoft.com/en-us/graph/api/resources/passwordcredential>,
/// <https://learn.microsoft.com/en-us/graph/api/resources/keycredential>. A service principal of a SAML application also holds the
/// key that signs the responses and that key's password, which open nothing: the three share `customKeyIdentifier`
/// (<https://learn.microsoft.com/en-us/graph/api/serviceprincipal-addtokensigningcertificate>).
pub fn credentials(row: &Map<String, Value>, identity: &IdentityKey, at: &At, out: &mut Out<'_>) {
    let list = |name: &str| row.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys = list("keyCredentials");
    let signing: Vec<(Option<&str>, Option<String>)> = keys
        .iter()
        .filter_map(Value::as_object)
        .filter(|key| text(key, "usage").is_some_and(|usage| usage.eq_ignore_ascii_case("sign")))
        .map(|key| (text(key, "customKeyIdentifier"), id(key, "keyId")))
        .collect();
    let signs = |credential: &Map<String, Value>| {
        let custom = text(credential, "customKeyIdentifier");
        let id = id(credential, "keyId");
        signing.iter().any(|(c, k)| c.is_some() && *c == custom || k.is_some() && *k == id)
    };
    let passwords = list("passwordCredentials").iter().map(|c| (c, "azure:app-secret:", "azure-entra-client-secret"));
    let keys = keys.iter().map(|c| (c, "azure:app-certificate:", "entra-certificate"));
    for (credential, prefix, kind) in passwords.chain(keys) {
        let Some((credential, key)) = credential.as_object().and_then(|c| Some((c, id(c, "keyId")?))) else { continue };
        let mut fact = CredentialFact::new(format!("{prefix}{key}"), kind, PROVIDER);
        fact.identity = Some(identity.clone());
        fact.status = Status::Active;
        let first = |names: [&str; 2]| names.iter().map(|name| date(credential.get(*name))).find(|d| !d.is_unknown());
        fact.created = first(["startDateTime", "startDate"]).unwrap_or_default();
        fact.rotated = fact.created;
        fact.expires = first(["endDateTime", "endDate"]).unwrap_or_default();
        if fact.expires == When::Unknown && credential.get("endDateTime").is_some_and(Value::is_null) {
            fact.expires = When::Never;
        }
        if let Some(name) = text(credential, "displayName") {
            fact.attributes.insert("name".to_owned(), short(name));
        }
        // The service's own hint; `inventory` compares it and lets it go.
        if let Some(hint) = text(credential, "hint").filter(|hint| hint.chars().count() == 3) {
            fact.attributes.insert("hint".to_owned(), hint.to_owned());
        }
        if signs(credential) {
            fact.attributes.insert("use".to_owned(), "token-signing".to_owned());
        }
        out.fact(Fact::Credential(at.clone(), fact));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_found_and_put_into_lower_case() {
        let id = "8E3AF657-a8ff-443c-a75c-2fe8c4bcb635";
        assert_eq!(guid(id).as_deref(), Some("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"));
        assert_eq!(guid_in(&format!("fic-é-{id}.json")).as_deref(), Some("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"));
        for odd in ["", "8e3af657a8ff443ca75c2fe8c4bcb635", "8e3af657-a8ff-443c-a75c-2fe8c4bcb63é", "no id here"] {
            assert_eq!(guid_in(odd), None, "{odd}");
        }
    }
}
