//! Rails: the keys of encrypted credentials, `secrets.yml`, and the databases' YAML.
//!
//! <https://guides.rubyonrails.org/security.html#custom-credentials>: `config/master.key` and `config/credentials/<env>.key` hold
//! 32 hexadecimal digits and open the `.yml.enc` beside them; `secrets.yml` was its forerunner.

use super::hashes::hex;
use super::names::{is_value, speaks};
use super::reading::{fact, fact_of, login_of_url, percent_decoded, put, span, trimmed, yaml};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, SecretFact, SecretForm};

/// The keys.
pub static RAILS_KEY: Format =
    super::format("rails-key", "Rails master key", |path, _| super::is(path, "rails-key"), read_key);

/// YAML files of secrets.
pub static RAILS_SECRETS: Format = super::format(
    "rails-secrets",
    "Rails secrets and databases",
    |path, _| super::is(path, "rails-secrets"),
    read_yaml,
);

fn read_key(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let (at, key) = trimmed(0, input.text);
    if matches!(key.len(), 32 | 64) && hex(key, 32) {
        put(out, SecretFact { form: SecretForm::Random, ..fact("rails-master-key", input.text, span(at, key)) });
    }
}

fn read_yaml(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = yaml(input, "YAML", out) else { return };
    let mut tell = |node: &Node| {
        let (mut user, mut host) = (None, None);
        for (key, value) in node.entries() {
            match key.as_str() {
                Some("username" | "user") => user = value.scalar(),
                Some("host" | "hostname") => host = value.scalar(),
                _ => {}
            }
        }
        for (key, value) in node.entries() {
            let (Some(name), Some(text)) = (key.as_str(), value.scalar()) else { continue };
            if matches!(name, "uri" | "url") {
                let login = login_of_url(value.inner.start, &text).filter(|_| text.len() == value.inner.len());
                if let Some(login) = login.filter(|l| !l.password.1.contains("<%")) {
                    let (start, password) = login.password;
                    let secret = SecretFact::new("rails-secret", &percent_decoded(password), span(start, password));
                    let (user, host) = (Some(login.user.to_owned()), Some(login.host.to_owned()));
                    put(out, SecretFact { name: Some(name.to_owned()), user, host, ..secret });
                }
                continue;
            }
            let Some(kind) = speaks(name).filter(|kind| is_value(*kind, name, &text)) else { continue };
            if text.contains("<%") || text.contains(' ') || value.tag.is_some() {
                continue;
            }
            let base = name == "secret_key_base" && text.len() >= 30;
            let rule = if base { "rails-secret-key-base" } else { "rails-secret" };
            let Some(secret) = fact_of(rule, value) else { continue };
            let confidence = (!base && kind == super::names::Speaks::Password && super::names::is_common(&text))
                .then_some(Confidence::Low);
            let (user, host) = (user.clone(), host.clone());
            put(out, SecretFact { name: Some(name.to_owned()), confidence, user, host, ..secret });
        }
    };
    for root in &doc.roots {
        root.walk(&mut |node| {
            if node.is_mapping() {
                tell(node);
            }
        });
    }
}
