//! kubeconfig: users of Kubernetes clusters.
//!
//! <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>: a user has a `token`, a `password`, or a client certificate
//! with `client-key-data` (base64 of PEM); `exec` and `tokenFile` get theirs from elsewhere.

use super::reading::{base64, fact_of, host_of, put, string, yaml};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm};

/// The format.
pub static KUBECONFIG: Format =
    super::format("kubeconfig", "Kubernetes client configuration", |path, _| super::is(path, "kubeconfig"), read);

/// The host of the first cluster that a context gives a user.
fn host(root: &Node, user: &str) -> Option<String> {
    let contexts = root.get("contexts")?.items();
    let context = contexts.iter().filter_map(|c| c.get("context")).find(|c| string(c, "user") == Some(user))?;
    let cluster = string(context, "cluster")?;
    let clusters = root.get("clusters")?.items();
    let cluster = clusters.iter().find(|c| string(c, "name") == Some(cluster))?;
    host_of(string(cluster.get("cluster")?, "server")?)
}

/// Reads the text when it is one.
pub fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    // A file of this name may be anything.
    if memchr::memmem::find(input.text.as_bytes(), b"users").is_none() {
        return;
    }
    let Some(doc) = yaml(input, "kubeconfig", out) else { return };
    for root in &doc.roots {
        for entry in root.get("users").map(Node::items).unwrap_or_default().iter().take(1000) {
            let (Some(user), name) = (entry.get("user"), string(entry, "name")) else { continue };
            let mut tell = |rule, node: &Node, key: &str, form| {
                let Some(secret) = fact_of(rule, node) else { return };
                let user = name.map(str::to_owned);
                let host = name.and_then(|n| host(root, n));
                put(out, SecretFact { name: Some(key.to_owned()), form, user, host, ..secret });
            };
            if let Some(node) = user.get("token") {
                tell("kubernetes-kubeconfig-token", node, "token", SecretForm::Password);
            }
            if let Some(node) = user.get("password") {
                tell("kubeconfig-password", node, "password", SecretForm::Password);
            }
            if let Some(node) = user.get("client-key-data") {
                let plain = node.as_str().and_then(base64).unwrap_or_default();
                if memchr::memmem::find(&plain, b"PRIVATE KEY-----").is_some() {
                    tell("kubernetes-kubeconfig-client-key", node, "client-key-data", SecretForm::Proven);
                }
            }
            for name in ["access-token", "refresh-token", "id-token", "client-secret"] {
                if let Some(node) = user.at(&["auth-provider", "config", name]) {
                    tell("kubernetes-kubeconfig-token", node, name, SecretForm::Password);
                }
            }
        }
    }
}
