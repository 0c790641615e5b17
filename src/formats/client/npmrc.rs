//! `.npmrc`: the registries that npm, pnpm and Yarn 1 log in to.
//!
//! <https://docs.npmjs.com/cli/configuring-npm/npmrc>: `_authToken` is a token, `_auth` the base64 of `user:password`,
//! `_password` the base64 of a password whose `username` stands beside it. Each may be bound to a registry by
//! `//host/path/:` before it.

use super::reading::{base64, fact, host_of, lines, login, put, span, trimmed, unquoted};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::SecretFact;

/// The format.
pub static NPMRC: Format = super::format("npmrc", "npm configuration", |path, _| super::is(path, "npmrc"), read);

/// A setting: its registry, its name, and its value with the place of that.
type Setting<'t> = (&'t str, &'t str, (usize, &'t str));

fn setting(at: usize, line: &str) -> Option<Setting<'_>> {
    let (start, line) = trimmed(at, line);
    if line.starts_with(['#', ';', '[']) {
        return None;
    }
    let (key, value) = line.split_once('=')?;
    let value = trimmed(start + key.len() + 1, value);
    let (registry, name) = key.trim().rsplit_once(':').unwrap_or(("", key.trim()));
    Some((registry, name, unquoted(value.0, value.1)))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let settings: Vec<Setting<'_>> = lines(input.text).filter_map(|(at, line)| setting(at, line)).collect();
    for (registry, name, (at, value)) in &settings {
        let place = span(*at, value);
        let secret = match *name {
            "_authToken" => fact("npmrc-auth", input.text, place),
            "_auth" => match login(value) {
                Some((user, password)) => {
                    let secret = SecretFact::new("npmrc-auth", password.as_bytes(), place);
                    SecretFact { user: Some(user), ..secret }
                }
                None => fact("npmrc-auth", input.text, place),
            },
            "_password" => {
                let user = settings.iter().find(|(r, n, _)| r == registry && *n == "username");
                let secret = match base64(value).filter(|plain| plain.is_ascii()) {
                    Some(plain) => SecretFact::new("npmrc-auth", &plain, place),
                    None => fact("npmrc-auth", input.text, place),
                };
                SecretFact { user: user.map(|(.., (_, user))| (*user).to_owned()), ..secret }
            }
            _ => continue,
        };
        put(out, SecretFact { name: Some((*name).to_owned()), host: host_of(registry), ..secret });
    }
}
