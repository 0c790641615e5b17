//! Firefox's and Thunderbird's `logins.json`.
//!
//! <https://support.mozilla.org/kb/profiles-where-firefox-stores-user-data>: logins are encrypted under a key in `key4.db`; when
//! that lies beside the file and no primary password was set, everybody can read them.

use super::reading::{fact_of, host_of, json, put, string};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm};

/// The format.
pub static FIREFOX: Format =
    super::format("firefox-logins", "Firefox logins", |path, _| super::is(path, "firefox-logins"), read);

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    for login in doc.roots.iter().filter_map(|root| root.get("logins")).flat_map(Node::items) {
        let host = string(login, "hostname").or_else(|| string(login, "origin")).and_then(host_of);
        for name in ["encryptedUsername", "encryptedPassword"] {
            // `ME…` is how every such value begins: a sequence with the key's id.
            let value = login.get(name).filter(|v| v.as_str().is_some_and(|v| v.len() >= 40 && v.starts_with('M')));
            let Some(secret) = value.and_then(|v| fact_of("firefox-login", v)) else { continue };
            put(
                out,
                SecretFact { name: Some(name.to_owned()), form: SecretForm::Proven, host: host.clone(), ..secret },
            );
        }
    }
}
