//! Azure key vaults: who may do what with their contents by access policies, and the attributes of their secrets.
//!
//! `az keyvault show` and Azure Resource Manager give `properties.accessPolicies`
//! (<https://learn.microsoft.com/en-us/rest/api/keyvault/keyvault/vaults/get>), which count unless `enableRbacAuthorization` is true
//! (<https://learn.microsoft.com/en-us/azure/key-vault/general/rbac-access-policy>). A policy names its holder by object id alone,
//! which may be a person's or a group's. `az keyvault secret list` prints dates as texts, the service itself as seconds, `exp` and
//! `nbf` in place of `expires` and `notBefore` (<https://learn.microsoft.com/en-us/rest/api/keyvault/secrets/get-secrets/get-secrets>). An
//! answer with a `value` is none of these: values are for detectors.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::date;
use super::azure::{self, Item, PROVIDER, guid, guid_in, paging, principal, short, text};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, IdentityFact, IdentityKind, Privilege, RepoPath, Status, When,
};

/// Vaults.
pub static VAULTS: Format = Format {
    id: "azure-key-vaults",
    name: "Azure key vaults with access policies",
    command: "az keyvault show --name VAULT --output json",
    syntax: Syntax::Text,
    claims: claims_vaults,
    read: read_vaults,
    stream: Some(stream_vaults),
};

/// Secrets.
pub static SECRETS: Format = Format {
    id: "azure-key-vault-secrets",
    name: "Azure key vault secret attributes",
    command: "az keyvault secret list --vault-name VAULT --include-managed false --output json",
    syntax: Syntax::Text,
    claims: claims_secrets,
    read: read_secrets,
    stream: Some(stream_secrets),
};

/// Kind of the credentials.
const SECRET: &str = "azure-key-vault-secret";

fn claims_vaults(_: &RepoPath, head: &str) -> bool {
    azure::holds(head, &["\"accessPolicies\""]) && !head.contains("\"$schema\"") && !head.contains("\"resources\"")
}

fn claims_secrets(_: &RepoPath, head: &str) -> bool {
    let hosts = [".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"];
    let host = hosts.iter().any(|host| head.contains(host));
    azure::holds(head, &["\"attributes\"", "/secrets/", "\"enabled\""]) && host && !holds_value(head)
}

/// Whether an entry holds the secret itself. The name also stands for the list of a page, with a bracket behind it.
fn holds_value(head: &str) -> bool {
    head.match_indices("\"value\"").any(|(at, name)| {
        let rest = head.get(at + name.len()..).unwrap_or_default().trim_start();
        rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('"'))
    })
}

fn read_vaults(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    vaults(input, (&mut input.text.as_bytes(), true), out);
}

fn stream_vaults(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    vaults(input, (reader, false), out);
}

fn read_secrets(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    secrets(input, (&mut input.text.as_bytes(), true), out);
}

fn stream_secrets(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    secrets(input, (reader, false), out);
}

fn vaults(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging!["id", "name", "properties", "type"];
    azure::rows(input, VAULTS.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            vault(&row, &at, out);
        }
    });
}

fn vault(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
    let Some(properties) = row.get("properties").and_then(Value::as_object) else { return };
    let id = text(row, "id").unwrap_or_default();
    let Some(name) = text(row, "name").or_else(|| id.rsplit('/').next()).filter(|name| !name.is_empty()) else {
        return;
    };
    if properties.get("enableRbacAuthorization") == Some(&Value::Bool(true)) {
        return;
    }
    let policies = properties.get("accessPolicies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for policy in policies.iter().filter_map(Value::as_object) {
        let Some(holder) = text(policy, "objectId").and_then(guid) else { continue };
        let Some(permissions) = policy.get("permissions").and_then(Value::as_object) else { continue };
        let [key, alias] = principal(&holder);
        let mut fact = IdentityFact::new(key.clone(), IdentityKind::Other, PROVIDER, &holder);
        fact.aliases.push(alias);
        out.fact(Fact::Identity(at.clone(), fact));
        for what in ["secrets", "keys", "certificates", "storage"] {
            let list = permissions.get(what).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let mut words: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
            words.sort();
            words.dedup();
            if words.is_empty() {
                continue;
            }
            let grant = GrantFact {
                identity: key.clone(),
                privilege: privilege(what, &words),
                action: short(&format!("{what}: {}", words.join(", "))),
                resource: match guid_in(id) {
                    Some(subscription) => format!("key vault {} in subscription {subscription}", short(name)),
                    None => format!("key vault {}", short(name)),
                },
                source: "access policy of the vault".to_owned(),
                condition: None,
            };
            out.fact(Fact::Grant(at.clone(), grant));
        }
    }
}

/// Permissions: <https://learn.microsoft.com/en-us/azure/key-vault/general/assign-access-policy>. One vault is not broad, and to read
/// its secrets is to have them.
fn privilege(what: &str, words: &[String]) -> Privilege {
    let any = |all: &[&str]| words.iter().any(|word| all.contains(&word.as_str()));
    let uses = ["sign", "decrypt", "unwrapkey", "release"];
    match what {
        _ if any(&[
            "all",
            "set",
            "delete",
            "purge",
            "restore",
            "import",
            "update",
            "create",
            "setissuers",
            "regeneratekey",
        ]) =>
        {
            Privilege::WriteScoped
        }
        "keys" if any(&uses) => Privilege::WriteScoped,
        _ => Privilege::ReadScoped,
    }
}

fn secrets(input: &Input<'_>, reader: (&mut dyn BufRead, bool), out: &mut Out<'_>) {
    const FIELDS: &[&str] = paging!["id", "name", "attributes", "contentType", "managed", "tags"];
    azure::rows(input, SECRETS.id, reader, FIELDS, out, &mut |item, out| {
        if let Item::Row(row, at) = item {
            secret(&row, at, out);
        }
    });
}

/// Vault and name in `https://VAULT.vault.azure.net/secrets/NAME/VERSION`.
fn named(id: &str) -> Option<(&str, &str)> {
    let (host, path) = id.strip_prefix("https://")?.split_once('/')?;
    let name = path.strip_prefix("secrets/")?.split('/').next().filter(|name| !name.is_empty())?;
    Some((host.split(['.', ':']).next()?, name))
}

fn secret(row: &Map<String, Value>, at: At, out: &mut Out<'_>) {
    let Some((vault, name)) = text(row, "id").and_then(named) else { return };
    let Some(attributes) = row.get("attributes").and_then(Value::as_object) else { return };
    let (vault, name) = (short(&vault.to_ascii_lowercase()), short(name));
    let mut fact =
        CredentialFact::new(format!("azure:key-vault-secret:{vault}/{}", name.to_ascii_lowercase()), SECRET, PROVIDER);
    fact.status = match attributes.get("enabled").and_then(Value::as_bool) {
        Some(true) => Status::Active,
        Some(false) => Status::Inactive,
        None => Status::Unknown,
    };
    // Of the newest version: a new value is a new version.
    fact.created = date(attributes.get("created"));
    fact.rotated = fact.created;
    let end = attributes.get("expires").or_else(|| attributes.get("exp"));
    fact.expires = match end {
        None | Some(Value::Null) => When::Never,
        some => date(some),
    };
    let mut put = |name: &str, value: &str| drop(fact.attributes.insert(name.to_owned(), short(value)));
    put("vault", &vault);
    put("name", &name);
    if let Some(kind) = text(row, "contentType") {
        put("content_type", kind);
    }
    let managed = row.get("managed") == Some(&Value::Bool(true));
    if managed {
        // The key of a certificate, which the vault renews with it.
        put("managed", "true");
    }
    if let Some(owner) = azure::tag(row, &["owner", "owner-email", "contact", "maintainer", "team"]) {
        put("owner", &owner);
    }
    let place = environment::of_name("vault", &vault);
    if !place.why.is_empty() {
        put("environment", &place.why);
    }
    out.fact(Fact::Credential(at, fact));
}
