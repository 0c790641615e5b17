//! Objects that make secrets out of what is kept elsewhere, or carry them encrypted: where credentials should be.
//!
//! <https://external-secrets.io/latest/api/externalsecret/>, <https://secrets-store-csi-driver.sigs.k8s.io/concepts>,
//! <https://github.com/bitnami-labs/sealed-secrets>.

use super::file::Sink;
use super::object::Object;
use crate::doc::Node;
use crate::model::{At, AuthMode, Fact, UsageFact};

/// Most keys that one object is told of.
const KEYS: usize = 500;

fn usage(mode: AuthMode, provider: &str, mechanism: &str) -> UsageFact {
    UsageFact {
        identity: None,
        mode,
        provider: provider.to_owned(),
        credential: None,
        target: None,
        mechanism: mechanism.to_owned(),
        federation_available: false,
        attributes: std::collections::BTreeMap::new(),
    }
}

/// Reads one of them.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    match object.kind() {
        "ExternalSecret" | "ClusterExternalSecret" => external(object, sink),
        "SealedSecret" => {
            let at = object.at(&["spec", "encryptedData"]).unwrap_or(object.root).span;
            tell(object, AuthMode::Referenced, "", &object.name, at, sink);
        }
        "SecretProviderClass" => {
            let provider = provider(&object.text(&["spec", "provider"]).unwrap_or_default());
            let at = object.at(&["spec", "provider"]).unwrap_or(object.root).span;
            tell(object, AuthMode::Referenced, provider, &object.name, at, sink);
        }
        "SecretStore" | "ClusterSecretStore" => store(object, sink),
        _ => {}
    }
}

fn tell(
    object: &Object<'_>,
    mode: AuthMode,
    provider: &str,
    name: &str,
    at: crate::model::Span,
    sink: &mut Sink<'_, '_>,
) {
    let mut usage = usage(mode, provider, object.kind());
    usage.credential = Some(name.to_owned());
    usage.attributes.insert("object".to_owned(), object.title());
    sink.fact(Fact::Usage(At::span(at), usage));
}

fn external(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let spec = object.at(&["spec", "externalSecretSpec"]).or_else(|| object.at(&["spec"]));
    let Some(spec) = spec else { return };
    let data = spec.get("data").map(Node::items).unwrap_or_default().iter().filter_map(|d| d.at(&["remoteRef", "key"]));
    let whole = spec.get("dataFrom").map(Node::items).unwrap_or_default().iter();
    let whole = whole.filter_map(|d| d.at(&["extract", "key"]));
    for key in data.chain(whole).take(KEYS) {
        if let Some(name) = object.file.text_of(key) {
            tell(object, AuthMode::Referenced, "", &name, key.span, sink);
        }
    }
}

/// The provider that a store's own word means.
fn provider(word: &str) -> &'static str {
    match word {
        "aws" => "aws",
        "gcp" | "gcpsm" => "gcp",
        "azure" | "azurekv" => "azure",
        "vault" => "vault",
        _ => "",
    }
}

/// How a store is opened: by the account of a workload, or by a key in a secret.
fn store(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    for (word, settings) in object.at(&["spec", "provider"]).map(Node::entries).unwrap_or_default() {
        let provider = provider(word.as_str().unwrap_or_default());
        let auth = settings.get("auth").or_else(|| settings.get("authSecretRef")).unwrap_or(settings);
        let (mut account, mut secret) = (None, None);
        auth.walk(&mut |node| {
            if let Some(reference) = node.get("serviceAccountRef").filter(|r| r.get("name").is_some()) {
                account = account.or(Some(reference));
            }
            let keys = ["secretRef", "secretAccessKeySecretRef", "secretAccessKey", "tokenSecretRef", "clientSecret"];
            if let Some(reference) = keys.iter().find_map(|key| node.get(key)).and_then(|r| r.get("name")) {
                secret = secret.or(Some(reference));
            }
        });
        let part = |node: &Node, key: &str| node.get(key).and_then(|node| object.file.text_of(node));
        if let Some(name) = account.and_then(|node| part(node, "name")) {
            let namespace = account.and_then(|node| part(node, "namespace")).or_else(|| object.namespace.clone());
            let mut usage = usage(AuthMode::Federated, provider, object.kind());
            usage.identity = Some(object.file.account_key(namespace.as_deref(), &name));
            sink.fact(Fact::Usage(At::span(account.map_or(word.span, |node| node.span)), usage));
        } else if let Some(node) = secret
            && let Some(name) = object.file.text_of(node)
        {
            let mut usage = usage(AuthMode::Referenced, provider, object.kind());
            usage.credential = Some(name);
            usage.federation_available = matches!(provider, "aws" | "gcp" | "azure" | "vault");
            usage.attributes.insert("object".to_owned(), object.title());
            sink.fact(Fact::Usage(At::span(node.span), usage));
        }
    }
}
