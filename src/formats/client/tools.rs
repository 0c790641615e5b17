//! Tools of cloud services and hosts: `.tugboat`, `.config/hub`, `hosts.yml` of gh, `heroku.json`, gcloud's application default
//! credentials, `.yarnrc.yml`.
//!
//! <https://github.com/petems/tugboat#configuration>, <https://hub.github.com/hub.1.html>,
//! <https://cli.github.com/manual/gh_auth_login>, <https://devcenter.heroku.com/articles/authentication>,
//! <https://cloud.google.com/docs/authentication/application-default-credentials#personal>,
//! <https://yarnpkg.com/configuration/yarnrc#npmAuthToken>.

use super::reading::{fact_of, host_of, json, login, put, string, yaml};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, SecretFact};

/// DigitalOcean's old command line.
pub static TUGBOAT: Format =
    super::format("tugboat", "tugboat configuration", |path, _| super::is(path, "tugboat"), read_tugboat);

/// GitHub's command lines.
pub static HUB: Format =
    super::format("github-cli", "hub and gh logins", |path, _| super::is(path, "github-cli"), read_hub);

/// Heroku's key.
pub static HEROKU: Format =
    super::format("heroku-json", "Heroku API key file", |path, _| super::is(path, "heroku-json"), read_heroku);

/// gcloud.
pub static GCLOUD: Format = super::format(
    "gcloud-adc",
    "gcloud application default credentials",
    |path, _| super::is(path, "gcloud-adc"),
    read_gcloud,
);

/// Yarn from version 2 on.
pub static YARNRC: Format =
    super::format("yarnrc", "Yarn configuration", |path, _| super::is(path, "yarnrc"), read_yarnrc);

fn read_tugboat(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = yaml(input, "YAML", out) else { return };
    for login in doc.roots.iter().filter_map(|root| root.get("authentication")) {
        for name in ["api_key", "access_token"] {
            let Some(secret) = login.get(name).and_then(|v| fact_of("tugboat-api-key", v)) else { continue };
            put(out, SecretFact { name: Some(name.to_owned()), ..secret });
        }
    }
}

fn read_hub(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    if memchr::memmem::find(input.text.as_bytes(), b"oauth_token").is_none() {
        return;
    }
    let Some(doc) = yaml(input, "YAML", out) else { return };
    for (host, entry) in doc.roots.iter().flat_map(Node::entries) {
        let mut tell = |node: &Node| {
            let Some(secret) = node.get("oauth_token").and_then(|v| fact_of("hub-oauth-token", v)) else { return };
            let user = string(node, "user").map(str::to_owned);
            let host = host.as_str().map(str::to_owned);
            put(out, SecretFact { name: Some("oauth_token".to_owned()), user, host, ..secret });
        };
        entry.one_or_many().iter().for_each(&mut tell);
        // gh keeps one entry for each user since its version 2.40.
        entry.get("users").map(Node::entries).unwrap_or_default().iter().for_each(|(_, user)| tell(user));
    }
}

fn read_heroku(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    for root in &doc.roots {
        root.walk(&mut |node: &Node| {
            for name in ["HEROKU_API_KEY", "heroku_api_key", "api_key", "apiKey"] {
                let value = node.get(name).filter(|v| v.as_str().is_some_and(|v| v.len() >= 16));
                let Some(secret) = value.and_then(|v| fact_of("heroku-key-file", v)) else { continue };
                let user = string(node, "HEROKU_EMAIL").or_else(|| string(node, "email")).map(str::to_owned);
                put(out, SecretFact { name: Some(name.to_owned()), user, ..secret });
            }
        });
    }
}

/// The client that gcloud itself is, whose secret is in its source for all to read.
const GCLOUD_CLIENTS: [&str; 2] = ["764086051850-", "32555940559."];

fn read_gcloud(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    for root in doc.roots.iter().filter(|root| string(root, "type") == Some("authorized_user")) {
        let client = string(root, "client_id").unwrap_or_default();
        let own = GCLOUD_CLIENTS.iter().any(|c| client.starts_with(c));
        for name in ["refresh_token", "client_secret"] {
            if name == "client_secret" && own {
                continue;
            }
            let Some(secret) = root.get(name).and_then(|v| fact_of("gcloud-refresh-token", v)) else { continue };
            let user = string(root, "account").map(str::to_owned);
            put(out, SecretFact { name: Some(name.to_owned()), user, ..secret });
        }
    }
}

fn read_yarnrc(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = yaml(input, "YAML", out) else { return };
    for root in &doc.roots {
        let mut places: Vec<(Option<String>, &Node)> =
            vec![(string(root, "npmRegistryServer").and_then(host_of), root)];
        for section in ["npmRegistries", "npmScopes"] {
            for (name, entry) in root.get(section).map(Node::entries).unwrap_or_default() {
                let host = string(entry, "npmRegistryServer").or(name.as_str()).and_then(host_of);
                places.push((host, entry));
            }
        }
        for (host, entry) in places {
            for name in ["npmAuthToken", "npmAuthIdent"] {
                let Some(node) = entry.get(name) else { continue };
                let Some(mut secret) = fact_of("yarnrc-auth", node) else { continue };
                let value = node.as_str().unwrap_or_default();
                if name == "npmAuthIdent" {
                    // `user:password`, in base64 or not.
                    let plain =
                        value.split_once(':').map(|(u, p)| (u.to_owned(), p.to_owned())).or_else(|| login(value));
                    let Some((user, password)) = plain else { continue };
                    secret = SecretFact::new("yarnrc-auth", password.as_bytes(), node.inner);
                    secret.user = Some(user);
                }
                // What stands when a variable is not set may be a value; it mostly is nothing.
                let confidence = value.contains(":-").then_some(Confidence::Low);
                put(out, SecretFact { name: Some(name.to_owned()), host: host.clone(), confidence, ..secret });
            }
        }
    }
}
