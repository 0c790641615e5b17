//! What a job fetches when it starts: identity tokens of its own, and secrets from a store outside.

use std::collections::BTreeMap;

use super::super::pipeline::{self, File};
use crate::doc::{Kind, Node};
use crate::formats::names;
use crate::formats::workload::{Via, Workload};
use crate::model::AuthMode;

/// Variables that say what an identity token is exchanged for.
const TARGETS: &[(&str, &str)] = &[
    ("AWS_ROLE_ARN", "aws"),
    ("ROLE_ARN", "aws"),
    ("AWS_ROLE", "aws"),
    ("GCP_SERVICE_ACCOUNT", "gcp"),
    ("GCP_SERVICE_ACCOUNT_EMAIL", "gcp"),
    ("SERVICE_ACCOUNT_EMAIL", "gcp"),
    ("AZURE_CLIENT_ID", "azure"),
    ("ARM_CLIENT_ID", "azure"),
    ("VAULT_AUTH_ROLE", "vault"),
];

/// One of `id_tokens:`, and what it is exchanged for. `layers` are its mapping and those of the same name that it extends.
pub(super) fn identity_token<'a>(
    file: &mut File<'a>,
    job: &mut Workload<'a>,
    (name, layers): (&'a str, &[&'a Node]),
    variables: &BTreeMap<&str, &Node>,
    scripts: &[&Node],
) {
    let Some(first) = layers.first() else { return };
    let told = layers.iter().find_map(|layer| Some((layer, layer.get("aud")?)));
    let (token, audience) = told.map_or((first, None), |(layer, audience)| (layer, Some(audience)));
    let audience: Vec<String> =
        audience.map(Node::one_or_many).unwrap_or_default().iter().filter_map(Node::scalar).collect();
    let audience = audience.join(", ");
    let named = TARGETS.iter().filter(|(name, _)| variables.contains_key(name));
    let provider = audience_of(&audience)
        .or_else(|| names::provider(name).filter(|provider| *provider != "gitlab"))
        .or_else(|| named.clone().map(|(_, provider)| *provider).next())
        .or_else(|| exchanged(file, scripts))
        .unwrap_or_default();
    let target = named
        .filter(|(_, of)| *of == provider)
        .find_map(|(name, _)| variables.get(name)?.scalar())
        .filter(|target| !pipeline::is_template(target));
    job.defines(name, None);
    if provider == "aws" {
        // What the exchange gives is kept under the names of a stored key.
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            job.defines(name, None);
        }
    }
    job.federated(provider, target.as_deref(), token.span, &format!("id_tokens.{name}"), &audience);
}

fn audience_of(audience: &str) -> Option<&'static str> {
    let known = [
        ("amazonaws.com", "aws"),
        ("googleapis.com", "gcp"),
        ("AzureADTokenExchange", "azure"),
        ("vault", "vault"),
        ("sigstore", "sigstore"),
        ("pypi", "pypi"),
        ("npm:", "npm"),
    ];
    known.iter().find(|(part, _)| audience.contains(part)).map(|(_, provider)| *provider)
}

/// Where a script takes an identity token, by the command that does it.
fn exchanged(file: &mut File<'_>, scripts: &[&Node]) -> Option<&'static str> {
    let known = [
        ("assume-role-with-web-identity", "aws"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws"),
        ("workload-identity-pools", "gcp"),
        ("create-cred-config", "gcp"),
        ("--federated-token", "azure"),
        ("auth/jwt/login", "vault"),
        ("vault ", "vault"),
    ];
    scripts.iter().filter_map(|node| node.as_str()).find_map(|text| {
        let read = file.spend(text.len());
        known.iter().find(|(part, _)| read && text.contains(part)).map(|(_, provider)| *provider)
    })
}

/// The store that an entry of `secrets:` names.
pub(super) fn store_of(secret: &Node) -> Option<&'static str> {
    let stores = ["vault", "gcp_secret_manager", "azure_key_vault", "aws_secrets_manager", "gitlab_secrets_manager"];
    stores.into_iter().find(|store| secret.get(store).is_some_and(|node| !matches!(node.kind, Kind::Null)))
}

/// One of `secrets:`: fetched by name from a store outside (<https://docs.gitlab.com/ci/yaml/#secrets>); `layers` as above.
pub(super) fn stored_secret(job: &mut Workload<'_>, name: &str, layers: &[&Node]) {
    let Some(first) = layers.first() else { return };
    let named = layers.iter().find_map(|layer| Some((layer, store_of(layer)?)));
    let (secret, store) = named.unwrap_or((first, "secrets"));
    let mechanism = format!("secrets.{store}");
    if !pipeline::promises(name) {
        job.bundle(name, secret.span, &mechanism, "", AuthMode::Referenced);
    } else {
        job.stored(name, secret.span, Via { mechanism: &mechanism, ..Via::variable(name) });
    }
    job.defines(name, None);
}
