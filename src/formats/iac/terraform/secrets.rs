//! Resources that make a key or password which lasts, and lands in the state.

use super::Emit;
use super::aws::address;
use super::module::{Block, Module};
use crate::model::{At, CredentialFact, Fact, IdentityFact, IdentityKey, IdentityKind, SettingFact, When, setting};

/// One resource that makes a credential.
struct Maker {
    kind: &'static str,
    data: bool,
    /// The word of a credential of this kind, and its provider.
    credential: &'static str,
    provider: &'static str,
    /// The argument that names the identity it belongs to, and that identity's word in keys.
    owner: &'static [&'static str],
    word: &'static str,
    /// The argument that sets its end.
    end: &'static [&'static str],
}

const fn maker(
    kind: &'static str,
    credential: &'static str,
    provider: &'static str,
    owner: &'static [&'static str],
    word: &'static str,
    end: &'static [&'static str],
) -> Maker {
    Maker { kind, data: false, credential, provider, owner, word, end }
}

const MAKERS: &[Maker] = &[
    maker("aws_iam_access_key", "aws-access-key", "aws", &["user"], "user", &[]),
    maker(
        "google_service_account_key",
        "gcp-service-account-key",
        "gcp",
        &["service_account_id"],
        "service-account",
        &[],
    ),
    maker(
        "azuread_application_password",
        "azure-client-secret",
        "azure",
        &["application_id", "application_object_id"],
        "app",
        &["end_date", "end_date_relative"],
    ),
    maker(
        "azuread_service_principal_password",
        "azure-client-secret",
        "azure",
        &["service_principal_id"],
        "app",
        &["end_date", "end_date_relative"],
    ),
    Maker { data: true, ..maker("azurerm_storage_account_sas", "azure-sas", "azure", &[], "", &["expiry"]) },
    Maker {
        data: true,
        ..maker("azurerm_storage_account_blob_container_sas", "azure-sas", "azure", &[], "", &["expiry"])
    },
    maker("google_storage_hmac_key", "gcp-hmac-key", "gcp", &["service_account_email"], "service-account", &[]),
];

/// Reads the resources that make credentials.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in module.resources.iter().chain(&module.data) {
        if let Some(maker) = MAKERS.iter().find(|maker| maker.kind == block.kind && maker.data == block.data) {
            made(module, block, maker, emit);
        }
    }
}

fn made(module: &Module<'_>, block: &Block<'_>, maker: &Maker, emit: &mut Emit<'_, '_>) {
    let owner = maker.owner.iter().find_map(|name| block.get(name));
    let path = owner.and_then(|node| module.path(node));
    let address = path.as_deref().and_then(address).filter(|address| !address.starts_with("data."));
    let key = address.map(|address| {
        // A service principal is its application.
        let application = module.find(path.as_deref().unwrap_or_default()).and_then(|(found, _)| {
            let id = found.get("client_id").or_else(|| found.get("application_id"))?;
            super::aws::address(&module.path(id)?).filter(|_| found.kind == "azuread_service_principal")
        });
        module.key(maker.word, &application.unwrap_or(address))
    });
    let key = key.or_else(|| {
        let name = owner.and_then(|node| module.literal(node)).filter(|name| !name.is_empty())?;
        match maker.kind {
            "aws_iam_access_key" => Some(module.key("user", &format!("aws_iam_user/{name}"))),
            _ if name.contains('@') => Some(IdentityKey::new("gcp", "service-account", &name.to_ascii_lowercase())),
            _ => None,
        }
    });
    let end = maker.end.iter().find_map(|name| block.get(name)).and_then(|node| module.literal(node));
    let mut fact = SettingFact::new(setting::STATIC_KEY, block.address(), block.kind);
    fact.identity.clone_from(&key);
    fact.attributes.insert("provider".to_owned(), maker.provider.to_owned());
    if let Some(end) = &end {
        fact.attributes.insert("end".to_owned(), end.chars().take(40).collect());
    }
    let rotated = ["rotate_when_changed", "keepers"].iter().any(|name| block.get(name).is_some());
    if rotated {
        fact.attributes.insert("rotated".to_owned(), "true".to_owned());
    }
    emit.push(Fact::Setting(At::span(block.label), fact));
    if let Some(key) = &key {
        let name = key.as_str().rsplit(['#', ':']).next().unwrap_or_default();
        let kind = match maker.word {
            "user" => IdentityKind::CloudUser,
            "service-account" => IdentityKind::ServiceAccount,
            _ => IdentityKind::Application,
        };
        emit.push(Fact::Identity(At::span(block.label), IdentityFact::new(key.clone(), kind, maker.provider, name)));
    }
    if key.is_some() {
        let mut credential =
            CredentialFact::new(module.key("credential", &block.address()).as_str(), maker.credential, maker.provider);
        credential.identity = key;
        credential.expires = end.map_or(When::Unknown, |end| When::parse(&end));
        credential.attributes.insert("declared".to_owned(), block.address());
        emit.push(Fact::Credential(At::span(block.label), credential));
    }
}
