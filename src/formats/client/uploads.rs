//! Editors that upload by FTP and SFTP: VS Code's `sftp.json`, Sublime's `sftp-config.json`, Atom's `.ftpconfig` and
//! `.remote-sync.json`, `deployment-config.json`, JetBrains's `WebServers.xml`.
//!
//! <https://github.com/Natizyskunk/vscode-sftp>, <https://codexns.io/products/sftp_for_sublime/settings>,
//! <https://github.com/icetee/remote-ftp>, <https://github.com/vvakame/remote-sync>,
//! <https://www.jetbrains.com/help/phpstorm/creating-a-remote-server-configuration.html>.

use super::reading::{attribute, fact_of, json, put};
use crate::doc::xml::{Event, Reader};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm};

/// Those that write JSON.
pub static UPLOADS: Format = super::format(
    "upload-config",
    "Editors' FTP and SFTP logins",
    |path, _| super::is(path, "upload-config"),
    read_json,
);

/// JetBrains's editors.
pub static WEB_SERVERS: Format = super::format(
    "jetbrains-web-servers",
    "JetBrains servers",
    |path, _| super::is(path, "jetbrains-web-servers"),
    read_xml,
);

fn read_json(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    for root in &doc.roots {
        root.walk(&mut |node: &Node| {
            let get = |names: &[&str]| names.iter().find_map(|n| node.get(n)).and_then(Node::as_str).map(str::to_owned);
            for name in ["password", "pass", "passphrase"] {
                let value = node.get(name).filter(|v| v.as_str().is_some());
                let Some(secret) = value.and_then(|v| fact_of("upload-config-password", v)) else { continue };
                let (user, host) = (get(&["username", "user"]), get(&["host", "hostname"]));
                put(out, SecretFact { name: Some(name.to_owned()), user, host, ..secret });
            }
        });
    }
}

/// What JetBrains's editors write for a password: each UTF-16 unit as four digits, changed by a number that is the same
/// everywhere.
fn plain(written: &str) -> Option<String> {
    if written.is_empty() || !written.len().is_multiple_of(4) || !written.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let units = written.as_bytes().chunks(4).map(|four| {
        let digits = std::str::from_utf8(four).ok()?;
        u16::from_str_radix(digits, 16).ok().map(|unit| unit ^ 0xdfaa)
    });
    let units: Option<Vec<u16>> = units.collect();
    String::from_utf16(&units?).ok().filter(|p| !p.chars().any(char::is_control))
}

fn read_xml(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for event in Reader::new(input.text) {
        let Event::Start { attributes, .. } = event else { continue };
        let get = |name: &str| attribute(input.text, &attributes, name);
        for name in ["password", "passphrase"] {
            let Some((place, value)) = get(name) else { continue };
            let (form, value, evidence) = match plain(&value) {
                Some(plain) => {
                    (SecretForm::Password, plain, Some("it is only disguised, by a number that is the same everywhere"))
                }
                None => (SecretForm::Password, value, None),
            };
            let secret = SecretFact::new("jetbrains-server-password", value.as_bytes(), place);
            let (user, host) = (get("username").map(|(_, u)| u), get("host").map(|(_, h)| h));
            put(out, SecretFact { name: Some(name.to_owned()), user, host, form, evidence, ..secret });
        }
    }
}
