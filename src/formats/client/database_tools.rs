//! Tools for databases: DBeaver's `data-sources`, Robomongo's and Robo 3T's `robomongo.json`.
//!
//! <https://dbeaver.com/docs/dbeaver/Admin-Manage-Connections/>, <https://github.com/Studio3T/robomongo/wiki>. Newer versions
//! of DBeaver keep passwords in `credentials-config.json`, which is encrypted under a key in its source.

use super::reading::{attribute, fact_of, json, put, string};
use crate::doc::xml::{Event, Reader};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// DBeaver.
pub static DBEAVER: Format =
    super::format("dbeaver", "DBeaver connections", |path, _| super::is(path, "dbeaver"), read_dbeaver);

/// Robomongo.
pub static ROBOMONGO: Format =
    super::format("robomongo", "Robomongo connections", |path, _| super::is(path, "robomongo"), read_robomongo);

fn read_dbeaver(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    if input.text.trim_start().starts_with('{') {
        let Some(doc) = json(input, "JSON", out) else { return };
        for root in &doc.roots {
            root.walk(&mut |node: &Node| {
                let Some(secret) = node.get("password").and_then(|v| fact_of("dbeaver-password", v)) else { return };
                let (user, host) = (string(node, "user").map(str::to_owned), string(node, "host").map(str::to_owned));
                put(out, SecretFact { user, host, ..secret });
            });
        }
        return;
    }
    for event in Reader::new(input.text) {
        let Event::Start { attributes, .. } = event else { continue };
        let get = |name: &str| attribute(input.text, &attributes, name);
        let Some((place, value)) = get("password") else { continue };
        let secret = SecretFact::new("dbeaver-password", value.as_bytes(), place);
        let (user, host) = (get("user").map(|(_, u)| u), get("host").map(|(_, h)| h));
        put(out, SecretFact { name: Some("password".to_owned()), user, host, ..secret });
    }
}

fn read_robomongo(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    let connections = doc.roots.iter().filter_map(|root| root.get("connections")).flat_map(Node::items);
    for connection in connections {
        let text = |node: &Node, key: &str| string(node, key).map(str::to_owned);
        for login in connection.get("credentials").map(Node::items).unwrap_or_default() {
            if let Some(secret) = login.get("userPassword").and_then(|v| fact_of("robomongo-password", v)) {
                let (user, host) = (text(login, "userName"), text(connection, "serverHost"));
                put(out, SecretFact { name: Some("userPassword".to_owned()), user, host, ..secret });
            }
        }
        let ssh = connection.get("ssh").filter(|s| s.is_mapping()).unwrap_or(connection);
        for name in ["sshPassphrase", "sshUserPassword", "passphrase", "userPassword", "askPassword"] {
            let value = ssh.get(name).filter(|v| v.as_str().is_some());
            if let Some(secret) = value.and_then(|v| fact_of("robomongo-password", v)) {
                let (user, host) = (text(ssh, "sshUserName"), text(ssh, "sshHost"));
                put(out, SecretFact { name: Some(name.to_owned()), user, host, ..secret });
            }
        }
    }
}
