//! `.docker/config.json` and the older `.dockercfg`: logins to registries.
//!
//! <https://docs.docker.com/reference/cli/docker/login/>: `auth` is the base64 of `user:password`; `identitytoken` and
//! `registrytoken` are tokens of an OAuth login. Kubernetes keeps the same text in secrets of the types `dockercfg` and
//! `dockerconfigjson`.

use super::reading::{fact_of, host_of, json, login, put};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// The format.
pub static DOCKER_CONFIG: Format =
    super::format("docker-config", "Docker registry logins", |path, _| super::is(path, "docker-config"), read);

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "Docker configuration", out) else { return };
    let Some(root) = doc.roots.first() else { return };
    let registries = root.get("auths").unwrap_or(root);
    for (registry, entry) in registries.entries().iter().filter(|(_, entry)| entry.is_mapping()) {
        let host = registry.as_str().and_then(host_of);
        for name in ["auth", "identitytoken", "registrytoken", "password"] {
            let Some(secret) =
                entry.get(name).filter(|v| v.as_str().is_some()).and_then(|v| fact_of("docker-config-auth", v))
            else {
                continue;
            };
            let user = match (name, entry.get(name).and_then(Node::as_str)) {
                ("auth", Some(value)) => match login(value) {
                    Some((user, password)) if !password.is_empty() => Some(user),
                    _ => continue,
                },
                _ => entry.get("username").and_then(Node::as_str).map(str::to_owned),
            };
            put(out, SecretFact { name: Some(name.to_owned()), user, host: host.clone(), ..secret });
        }
    }
}
