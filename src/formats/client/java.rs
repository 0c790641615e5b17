//! Maven's `settings.xml` and Jenkins's `credentials.xml`.
//!
//! <https://maven.apache.org/guides/mini/guide-encryption.html>: a password in braces is encrypted under the master password of
//! `settings-security.xml`, which is itself encrypted under a published word.
//! <https://www.jenkins.io/doc/developer/security/secrets/>: `{AQAA…}` is encrypted under keys in the server's `secrets/`.

use super::reading::{put, text_of};
use crate::doc::Doc;
use crate::doc::xml::{Event, Reader};
use crate::formats::{Format, Input, Out};
use crate::model::{SecretFact, SecretForm, Span};

/// Maven.
pub static MAVEN: Format =
    super::format("maven-settings", "Maven settings", |path, _| super::is(path, "maven-settings"), read_maven);

/// Jenkins.
pub static JENKINS: Format = super::format(
    "jenkins-credentials",
    "Jenkins credentials",
    |path, _| super::is(path, "jenkins-credentials"),
    read_jenkins,
);

/// Every element that holds text, with the names of the element and of the one around it, and what closes.
enum Step<'t> {
    Text { name: &'t str, around: &'t str, place: Span, value: String },
    End(&'t str),
}

fn steps<'t>(text: &'t str, step: &mut dyn FnMut(Step<'t>)) {
    // Names of open elements; the depth is bounded, since what is wanted lies near the top.
    let mut open: Vec<&str> = Vec::new();
    let mut below = 0usize;
    for event in Reader::new(text) {
        match event {
            Event::Start { .. } if open.len() >= 64 => below += 1,
            Event::Start { name, .. } => open.push(name),
            Event::Text { span, raw } if below == 0 => {
                let name = open.last().copied().unwrap_or_default();
                let around = open.len().checked_sub(2).and_then(|i| open.get(i)).copied().unwrap_or_default();
                step(Step::Text { name, around, place: span, value: text_of(text, span, raw) });
            }
            Event::Text { .. } => {}
            Event::End(_) if below > 0 => below -= 1,
            Event::End(name) => {
                open.pop();
                step(Step::End(name));
            }
        }
    }
}

fn braced(value: &str) -> bool {
    // Words may stand around the braces.
    value.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).is_some_and(|(inner, _)| inner.len() >= 16)
}

fn read_maven(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let (mut id, mut user) = (None, None);
    let mut found: Vec<SecretFact> = Vec::new();
    steps(input.text, &mut |step| match step {
        Step::Text { name: "id", around: "server", value, .. } => id = Some(value),
        Step::Text { name: "username", value, .. } => user = Some(value),
        Step::Text { name: name @ ("password" | "passphrase"), around: "server" | "proxy", place, value } => {
            let secret = SecretFact::new("maven-server-password", value.as_bytes(), place);
            let encrypted = braced(&value) && !value.starts_with("${");
            let form = if encrypted { SecretForm::Proven } else { SecretForm::Password };
            found.push(SecretFact { name: Some(name.to_owned()), encrypted, form, ..secret });
        }
        Step::Text { name: "master", around: "settingsSecurity", place, value } if braced(&value) => {
            let secret = SecretFact::new("maven-master-password", value.as_bytes(), place);
            put(
                out,
                SecretFact {
                    form: SecretForm::Proven,
                    evidence: Some("it is encrypted under a word that everybody knows, so it can be read"),
                    ..secret
                },
            );
        }
        Step::End("server" | "proxy") => {
            let (host, user) = (id.take(), user.take());
            for secret in found.drain(..) {
                put(out, SecretFact { user: user.clone(), host: host.clone(), ..secret });
            }
        }
        _ => {}
    });
    found.into_iter().for_each(|secret| put(out, secret));
}

fn read_jenkins(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    const NAMES: [&str; 8] =
        ["password", "passphrase", "secret", "secretBytes", "privateKey", "apiToken", "secretKey", "clientSecret"];
    let (mut id, mut user) = (None, None);
    let mut found: Vec<SecretFact> = Vec::new();
    steps(input.text, &mut |step| match step {
        Step::Text { name: "id", value, .. } => id = Some(value),
        Step::Text { name: "username" | "accessKey", value, .. } => user = Some(value),
        Step::Text { name, place, value, .. } if NAMES.contains(&name) => {
            // Key blocks in the clear have a rule of their own.
            if value.contains("-----BEGIN") {
                return;
            }
            let old =
                value.len() >= 24 && value.ends_with('=') && data_encoding::BASE64.decode(value.as_bytes()).is_ok();
            let encrypted = value.starts_with('{') && braced(&value) || old;
            let form = if encrypted { SecretForm::Proven } else { SecretForm::Password };
            let secret = SecretFact::new("jenkins-credential", value.as_bytes(), place);
            found.push(SecretFact { name: Some(name.to_owned()), encrypted, form, ..secret });
        }
        Step::End(name) if name.contains('.') || name.ends_with("Credentials") || name.ends_with("CredentialsImpl") => {
            let (user, _) = (user.take(), id.take());
            for secret in found.drain(..) {
                put(out, SecretFact { user: user.clone(), ..secret });
            }
        }
        _ => {}
    });
    found.into_iter().for_each(|secret| put(out, secret));
}
