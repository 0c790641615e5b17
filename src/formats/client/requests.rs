//! Recorded and prepared HTTP requests: HAR files of browsers, Postman's collections and environments.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>,
//! <https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html>,
//! <https://learning.postman.com/docs/sending-requests/variables/variables/> (type `secret`).

use std::collections::HashSet;

use super::names::{Speaks, is_value, speaks};
use super::reading::{fact, fact_of, host_of, json, put, string};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, Span};

/// Recordings of browsers.
pub static HAR: Format = super::format("har", "HTTP archive", |path, _| super::is(path, "har"), read_har);

/// Postman.
pub static POSTMAN: Format = super::format(
    "postman",
    "Postman collections and environments",
    |path, _| super::is(path, "postman"),
    read_postman,
);

/// The part of a header's value that is the credential: behind the scheme.
fn credential(value: &str) -> (usize, &str) {
    for scheme in ["Bearer ", "Basic ", "Token ", "token ", "bearer ", "basic ", "ApiKey "] {
        if let Some(rest) = value.strip_prefix(scheme) {
            return (scheme.len(), rest);
        }
    }
    (0, value)
}

/// Headers and parameters that hold a credential by their names, in lower case.
fn holds_credential(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "apikey",
        "api_key",
        "x-auth-token",
        "x-access-token",
        "access_token",
        "auth_token",
        "refresh_token",
        "id_token",
        "token",
        "private-token",
        "client_secret",
        "password",
    ];
    NAMES.contains(&name)
}

fn read_har(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "HTTP archive", out) else { return };
    // A recording says the same thing in every request; one place tells it.
    let mut known: HashSet<(String, String)> = HashSet::new();
    let entries = doc.roots.iter().filter_map(|root| root.at(&["log", "entries"])).flat_map(Node::items);
    for request in entries.filter_map(|entry| entry.get("request")) {
        let host = string(request, "url").and_then(host_of);
        let mut tell = |node: &Node, cookie: bool| {
            let (Some(name), Some(value)) = (string(node, "name"), node.get("value")) else { return };
            let Some(text) = value.as_str().filter(|v| v.len() >= 8) else { return };
            let lower = name.to_ascii_lowercase();
            if !(cookie || holds_credential(&lower)) {
                return;
            }
            let (skip, part) = if cookie { (0, text) } else { credential(text) };
            if cookie && !(part.len() >= 16 && speaks_of_session(&lower)) || part.contains(' ') {
                return;
            }
            if known.len() >= 1000 || !known.insert((lower.clone(), part.to_owned())) {
                return;
            }
            // Escapes are longer than what they stand for, and then the whole value is the place.
            let start = if value.inner.len() == text.len() { value.inner.start + skip } else { value.inner.start };
            let secret = SecretFact::new("har-credential", part.as_bytes(), Span::new(start, value.inner.end));
            put(out, SecretFact { name: Some(name.to_owned()), host: host.clone(), ..secret });
        };
        for list in ["headers", "queryString"] {
            request.get(list).map(Node::items).unwrap_or_default().iter().for_each(|node| tell(node, false));
        }
        request.get("cookies").map(Node::items).unwrap_or_default().iter().for_each(|node| tell(node, true));
        let parameters = request.at(&["postData", "params"]);
        parameters.map(Node::items).unwrap_or_default().iter().for_each(|node| tell(node, false));
        let headers = request.get("headers").map(Node::items).unwrap_or_default();
        let cookies = headers.iter().filter(|h| string(h, "name").is_some_and(|n| n.eq_ignore_ascii_case("cookie")));
        for value in cookies.filter_map(|h| h.get("value")) {
            let Some(text) = value.as_str().filter(|t| t.len() == value.inner.len()) else { continue };
            let mut at = value.inner.start;
            for part in text.split(';') {
                if let Some((name, content)) = part.split_once('=') {
                    let lower = name.trim().to_ascii_lowercase();
                    let place = Span::new(at + name.len() + 1, at + part.len());
                    let new = content.len() >= 16
                        && speaks_of_session(&lower)
                        && known.len() < 1000
                        && known.insert((lower, content.to_owned()));
                    if new {
                        let secret = fact("har-credential", input.text, place);
                        put(out, SecretFact { name: Some(name.trim().to_owned()), host: host.clone(), ..secret });
                    }
                }
                at += part.len() + 1;
            }
        }
    }
}

/// Whether a cookie's name says that it stands for a login.
fn speaks_of_session(name: &str) -> bool {
    ["sess", "sid", "auth", "token", "jwt", "login", "remember"].iter().any(|word| name.contains(word))
        && !name.contains("csrf")
        && !name.contains("xsrf")
}

fn read_postman(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let Some(doc) = json(input, "JSON", out) else { return };
    for root in &doc.roots {
        root.walk(&mut |node: &Node| {
            let mut tell = |name: &str, value: &Node| {
                let text = value.as_str().unwrap_or_default();
                if text.contains("{{") {
                    return;
                }
                let Some(secret) = fact_of("postman-credential", value) else { return };
                put(out, SecretFact { name: Some(name.to_owned()), ..secret });
            };
            // An `auth` block: under the name of its type a list of keys and values, or in old versions an object of them.
            if let Some(auth) = node.get("auth").filter(|a| a.is_mapping()) {
                let kind = string(auth, "type").unwrap_or_default();
                let secret = |key: &str| {
                    let keys = [
                        "password",
                        "token",
                        "value",
                        "secretKey",
                        "accessToken",
                        "clientSecret",
                        "consumerSecret",
                        "tokenSecret",
                        "authKey",
                        "secret",
                        "sessionToken",
                        "privateKey",
                    ];
                    keys.contains(&key)
                };
                if let Some(block) = auth.get(kind) {
                    for item in block.items() {
                        if let (Some(key), Some(value)) = (string(item, "key"), item.get("value"))
                            && secret(key)
                        {
                            tell(key, value);
                        }
                    }
                    for (key, value) in block.entries() {
                        if let Some(key) = key.as_str().filter(|key| secret(key)) {
                            tell(key, value);
                        }
                    }
                }
            }
            // A variable, or a header of a request.
            let (Some(key), Some(value)) = (string(node, "key"), node.get("value")) else { return };
            let Some(text) = value.as_str().filter(|t| !t.is_empty()) else { return };
            let marked = string(node, "type") == Some("secret");
            let lower = key.to_ascii_lowercase();
            let header = holds_credential(&lower) && lower.contains('-') || lower == "authorization";
            if header && text.len() >= 16 && !text.contains("{{") {
                let (skip, part) = credential(text);
                let start = if value.inner.len() == text.len() { value.inner.start + skip } else { value.inner.start };
                let secret = SecretFact::new("postman-credential", part.as_bytes(), Span::new(start, value.inner.end));
                put(out, SecretFact { name: Some(key.to_owned()), ..secret });
            } else if marked || speaks(key).is_some_and(|kind: Speaks| is_value(kind, key, text)) {
                tell(key, value);
            }
        });
    }
}
