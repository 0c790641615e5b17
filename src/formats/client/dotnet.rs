//! `NuGet.config`, and the `web.config` and `app.config` of .NET.
//!
//! <https://learn.microsoft.com/en-us/nuget/reference/nuget-config-file#packagesourcecredentials>: `ClearTextPassword` is one,
//! `Password` and `apikeys` are encrypted by Windows for one user of one machine.
//! <https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-strings-and-configuration-files>,
//! <https://learn.microsoft.com/en-us/previous-versions/dotnet/netframework-4.0/w8h3skw9(v=vs.100)> for `machineKey`.

use super::hashes::hex;
use super::names::{is_value, speaks};
use super::reading::{attribute, put};
use crate::doc::Doc;
use crate::doc::xml::{Event, Reader};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm, Span};

/// NuGet.
pub static NUGET: Format =
    super::format("nuget-config", "NuGet configuration", |path, _| super::is(path, "nuget-config"), read_nuget);

/// .NET programs.
pub static WEB_CONFIG: Format =
    super::format("web-config", ".NET configuration", |path, _| super::is(path, "web-config"), read_web);

fn read_nuget(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut section = "";
    // Each source is an element of its own inside the section.
    let mut source: Option<&str> = None;
    let mut user = None;
    for event in Reader::new(input.text) {
        let (name, attributes) = match event {
            Event::Start { name, attributes } => (name, attributes),
            Event::End(name) => {
                if name == section {
                    section = "";
                } else if Some(name) == source {
                    (source, user) = (None, None);
                }
                continue;
            }
            Event::Text { .. } => continue,
        };
        match name {
            "packageSourceCredentials" | "apikeys" => section = name,
            "add" => {
                let get = |key: &str| attribute(input.text, &attributes, key);
                let (Some((_, key)), Some((place, value))) = (get("key"), get("value")) else { continue };
                let secret = SecretFact::new("nuget-config-password", value.as_bytes(), place);
                let secret = SecretFact { name: Some(key.clone()), host: source.map(str::to_owned), ..secret };
                match (section, key.to_ascii_lowercase().as_str()) {
                    ("packageSourceCredentials", "username") => user = Some(value),
                    ("packageSourceCredentials", "cleartextpassword") => {
                        put(out, SecretFact { user: user.clone(), ..secret });
                    }
                    ("packageSourceCredentials", "password") | ("apikeys", _) if !value.starts_with('%') => {
                        let secret = SecretFact { user: user.clone(), form: SecretForm::Proven, ..secret };
                        put(out, SecretFact { rule: "nuget-encrypted-password", encrypted: true, ..secret });
                    }
                    _ => {}
                }
            }
            _ if section == "packageSourceCredentials" => source = Some(name),
            _ => {}
        }
    }
}

/// The password in a connection string, and its place inside it.
fn password_of(connection: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    for part in connection.split(';') {
        if let Some((key, value)) = part.split_once('=')
            && matches!(key.trim().to_ascii_lowercase().as_str(), "password" | "pwd")
        {
            let start = at + key.len() + 1 + value.len() - value.trim_start().len();
            return Some((start, value.trim())).filter(|(_, v)| !v.is_empty());
        }
        at += part.len() + 1;
    }
    None
}

fn field<'c>(connection: &'c str, keys: &[&str]) -> Option<&'c str> {
    connection
        .split(';')
        .filter_map(|part| part.split_once('='))
        .find_map(|(key, value)| keys.contains(&key.trim().to_ascii_lowercase().as_str()).then_some(value.trim()))
}

fn read_web(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut section = "";
    for event in Reader::new(input.text) {
        let Event::Start { name, attributes } = event else { continue };
        let get = |key: &str| attribute(input.text, &attributes, key);
        match name {
            "connectionStrings" | "appSettings" => section = name,
            "add" if section == "connectionStrings" => {
                let Some((place, _)) = get("connectionString") else { continue };
                let raw = input.text.get(place.start..place.end).unwrap_or_default();
                let Some((start, password)) = password_of(raw) else { continue };
                let span = Span::new(place.start + start, place.start + start + password.len());
                let secret = SecretFact::new("web-config-password", password.as_bytes(), span);
                let user = field(raw, &["user id", "uid", "user", "username"]).map(str::to_owned);
                let host = field(raw, &["server", "data source", "host", "address"]).map(str::to_owned);
                put(out, SecretFact { user, host, name: get("name").map(|(_, n)| n), ..secret });
            }
            "add" if section == "appSettings" => {
                let (Some((_, key)), Some((place, value))) = (get("key"), get("value")) else { continue };
                if speaks(&key).is_some_and(|kind| is_value(kind, &key, &value)) && !value.contains(' ') {
                    let secret = SecretFact::new("web-config-password", value.as_bytes(), place);
                    put(out, SecretFact { name: Some(key), ..secret });
                }
            }
            "machineKey" => {
                for key in ["validationKey", "decryptionKey"] {
                    if let Some((place, value)) = get(key).filter(|(_, value)| hex(value, 32)) {
                        let secret = SecretFact::new("aspnet-machine-key", value.as_bytes(), place);
                        put(out, SecretFact { name: Some(key.to_owned()), form: SecretForm::Random, ..secret });
                    }
                }
            }
            _ => {}
        }
    }
}
