//! Secrets: what stands in them in the clear, and tokens of service accounts that never end.
//!
//! <https://kubernetes.io/docs/concepts/configuration/secret/>: base64 hides nothing.

use super::file::Sink;
use super::object::Object;
use crate::doc::Node;
use crate::formats::iac::certificate;
use crate::formats::iac::literal::{self, Value};
use crate::formats::workload::MAX_TEXT;
use crate::model::{At, CredentialFact, Fact, SettingFact, Status, When, setting};

/// Keys of a secret that hold no secret by their names: certificates, user names, addresses.
fn is_public(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let words = literal::words(key);
    let last = words.last().map(String::as_str).unwrap_or_default();
    ["ca.crt", "tls.crt", "namespace", "known_hosts", "cert.pem", "ca.pem"].contains(&lower.as_str())
        || lower.contains("username")
        || lower.ends_with("name")
        || [".crt", ".cer", ".pub"].iter().any(|end| lower.ends_with(end))
        || matches!(
            last,
            "USERNAME"
                | "USER"
                | "EMAIL"
                | "HOST"
                | "HOSTNAME"
                | "PORT"
                | "URL"
                | "ENDPOINT"
                | "REGION"
                | "DATABASE"
                | "DBNAME"
                | "NAME"
                | "TYPE"
                | "PROJECT"
                | "ISSUER"
                | "BUCKET"
                | "ID"
                | "ENABLED"
                | "SERVER"
                | "ADDRESS"
        )
}

/// Reads a secret.
pub(super) fn read(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let kind = object.text(&["type"]).unwrap_or_else(|| "Opaque".to_owned());
    if kind == "kubernetes.io/service-account-token" {
        token(object, sink);
    }
    if object.at(&["sops"]).is_none() {
        certificate(object, sink);
    }
    if object.file.is_live() {
        return exported(object, &kind, sink);
    }
    // SOPS keeps the shape of the object and encrypts the values.
    if object.at(&["sops"]).is_some() {
        return;
    }
    let argocd = object.label("argocd.argoproj.io/secret-type");
    for section in ["data", "stringData"] {
        for (key, value) in object.at(&[section]).map(Node::entries).unwrap_or_default() {
            let Some(name) = key.scalar().filter(|name| !is_public(name)) else { continue };
            if is_file(&name) || object.file.is_templated(value) || object.file.is_templated(key) {
                continue;
            }
            let Some(common) = literal(section, &name, value) else { continue };
            let mut fact = SettingFact::new(setting::SECRET_MANIFEST, object.title(), name);
            fact.attributes.insert("type".to_owned(), kind.clone());
            if common {
                fact.attributes.insert("common".to_owned(), "true".to_owned());
            }
            if let Some(argocd) = &argocd {
                fact.attributes.insert("argocd".to_owned(), argocd.clone());
            }
            sink.fact(Fact::Setting(At::span(value.span), fact));
        }
    }
}

/// The certificate of a server, with its key beside it
/// (<https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets>).
fn certificate(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    for (section, encoded) in [("data", true), ("stringData", false)] {
        let Some(node) = object.at(&[section, "tls.crt"]) else { continue };
        let text = node.as_str().and_then(|text| if encoded { decoded(text) } else { Some(text.to_owned()) });
        for (_, mut fact) in text.map(|text| certificate::of_text(&text, true)).unwrap_or_default() {
            fact.attributes.insert("secret".to_owned(), object.title().chars().take(MAX_TEXT).collect());
            sink.fact(Fact::Setting(At::span(node.span), fact));
        }
    }
}

/// That the values of a secret stand in what a cluster gave out; which of them open anything, its keys tell only in part.
fn exported(object: &Object<'_>, kind: &str, sink: &mut Sink<'_, '_>) {
    let full = |node: &Node| node.as_str().is_some_and(|value| !value.is_empty());
    let entries = object.at(&["data"]).map(Node::entries).unwrap_or_default();
    let opens = |key: &Node| key.scalar().is_some_and(|name| !is_public(&name));
    if !entries.iter().any(|(key, value)| opens(key) && full(value)) {
        return;
    }
    let mut fact = SettingFact::new(setting::SECRET_MANIFEST, "the export", object.title());
    fact.attributes.insert("exported".to_owned(), "true".to_owned());
    fact.attributes.insert("type".to_owned(), kind.chars().take(MAX_TEXT).collect());
    let at = object.at(&["metadata", "name"]).map_or(object.root.span, |name| name.span);
    sink.fact(Fact::Setting(At::span(at), fact));
}

/// Whether a key names a file, whose values the detectors look at one by one.
fn is_file(key: &str) -> bool {
    let ends =
        ["json", "yaml", "yml", "toml", "ini", "conf", "cfg", "properties", "env", "xml", "sh", "txt", "hcl", "sql"];
    key.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end))
        || key == ".dockerconfigjson"
        || key == ".dockercfg"
}

/// Whether a value of a secret is a word that everybody tries; `None` for what is no value, or stands for one.
fn literal(section: &str, name: &str, value: &Node) -> Option<bool> {
    let text = value.scalar()?;
    let text = text.trim();
    // Argo CD's Vault plugin and others put values in by marks of their own.
    let marks = ["ENC[", "<", "vault:", "ref+", "op://"];
    if text.is_empty() || text.contains("${") || marks.iter().any(|mark| text.starts_with(mark)) {
        return None;
    }
    let plain = if section == "stringData" { Some(text.to_owned()) } else { decoded(text) };
    let Some(plain) = plain else {
        // Binary: a key, if its name does not say otherwise.
        return (text.len() >= 16 && literal::holds_secret(name)).then_some(false);
    };
    let plain = plain.trim();
    if plain.contains('\n') || plain.starts_with('{') {
        return None;
    }
    match literal::judge("password", plain) {
        Value::Literal => Some(false),
        Value::Common if literal::holds_secret(name) => Some(true),
        _ => None,
    }
}

/// The text behind base64, when it is one.
fn decoded(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = data_encoding::BASE64.decode(compact.as_bytes()).ok()?;
    String::from_utf8(bytes).ok().filter(|plain| !plain.chars().any(|c| c.is_control() && !c.is_whitespace()))
}

/// A token that the cluster writes into the secret and that does not end
/// (<https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#manual-secret-management-for-serviceaccounts>).
fn token(object: &Object<'_>, sink: &mut Sink<'_, '_>) {
    let account = object.annotation("kubernetes.io/service-account.name").and_then(|node| object.file.text_of(node));
    let place = object.namespace.as_deref().map_or_else(|| object.file.place().to_owned(), str::to_owned);
    let key = format!("kubernetes:service-account-token:{place}/{}", object.name);
    let mut fact = CredentialFact::new(key, "kubernetes-service-account-token", "kubernetes");
    fact.expires = When::Never;
    fact.identity = account.map(|name| object.file.account_key(object.namespace.as_deref(), &name));
    fact.attributes.insert("secret".to_owned(), object.title());
    if let Some(used) = object.label("kubernetes.io/legacy-token-last-used") {
        fact.last_used = When::parse(&used);
    }
    if let Some(created) = object.text(&["metadata", "creationTimestamp"]) {
        fact.created = When::parse(&created);
    }
    // The cluster marks tokens that nobody has used for a year, takes them no longer, and deletes them a year later
    // (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-legacy-token-invalid-since>).
    if let Some(since) = object.label("kubernetes.io/legacy-token-invalid-since") {
        fact.status = Status::Inactive;
        fact.attributes.insert("invalid_since".to_owned(), since.chars().take(MAX_TEXT).collect());
    } else if object.file.is_live() {
        fact.status = Status::Active;
    }
    let at = object.at(&["type"]).map_or(object.root.span, |node| node.span);
    sink.fact(Fact::Credential(At::span(at), fact));
}
