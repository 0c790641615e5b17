//! Files of `[section]` and `name = value` lines: cloud tools, Python's package tools, servers, and what other programs keep in
//! `.ini` and `.properties`.
//!
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html>, <https://s3tools.org/kb/item14.htm>,
//! <https://cloud.google.com/storage/docs/boto-gsutil>, <https://packaging.python.org/en/latest/specifications/pypirc/>,
//! <https://pip.pypa.io/en/stable/topics/configuration/>,
//! <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html>,
//! <https://docs.gradle.org/current/userguide/build_environment.html>.

use super::names::{Speaks, is_common, is_value, speaks};
use super::reading::{fact, host_of, lines, login_of_url, percent_decoded, put, span, trimmed, unquoted};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, RepoPath, SecretFact};

/// AWS.
pub static AWS: Format =
    super::format("aws-credentials", "AWS credentials file", |path, _| super::is(path, "aws-credentials"), read_aws);

/// s3cmd.
pub static S3CFG: Format =
    super::format("s3cfg", "s3cmd configuration", |path, _| super::is(path, "s3cfg"), read_s3cfg);

/// boto and gsutil.
pub static BOTO: Format =
    super::format("boto", "boto and gsutil configuration", |path, _| super::is(path, "boto"), read_boto);

/// twine and other uploaders.
pub static PYPIRC: Format =
    super::format("pypirc", "PyPI upload logins", |path, _| super::is(path, "pypirc"), read_pypirc);

/// pip.
pub static PIP: Format =
    super::format("pip-config", "pip configuration", |path, _| super::is(path, "pip-config"), read_pip);

/// Ventrilo's server.
pub static VENTRILO: Format =
    super::format("ventrilo", "Ventrilo server settings", |path, _| super::is(path, "ventrilo"), read_ventrilo);

/// Gradle.
pub static GRADLE: Format = super::format(
    "gradle-properties",
    "Gradle properties",
    |path, _| super::is(path, "gradle-properties"),
    read_gradle,
);

/// All others.
pub static PROPERTIES: Format =
    super::format("properties", "Properties and INI files", |path, _| super::is(path, "properties"), read_properties);

/// One setting.
pub struct Setting<'t> {
    /// The section it stands in; empty before the first.
    pub section: &'t str,
    /// The name.
    pub name: &'t str,
    /// The value without quotes, and where it begins.
    pub value: (usize, &'t str),
}

/// The settings of a text. A `#` or `;` with white space before it begins a comment.
pub fn settings(text: &str) -> impl Iterator<Item = Setting<'_>> {
    let mut section = "";
    lines(text).filter_map(move |(at, line)| {
        let (start, body) = trimmed(at, line);
        if let Some(name) = body.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim();
            return None;
        }
        if body.starts_with(['#', ';', '!']) {
            return None;
        }
        let mark = body.find(['=', ':'])?;
        let (name, value) = (body.get(..mark)?, body.get(mark + 1..)?);
        let (start, value) = trimmed(start + mark + 1, value);
        let value = (start, without_comment(value));
        Some(Setting { section, name: name.trim(), value: unquoted(value.0, value.1) })
    })
}

/// A value up to a comment behind it; quotes keep a mark from being one.
pub fn without_comment(value: &str) -> &str {
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return match value.get(1..).and_then(|v| v.find(quote)) {
            Some(end) => value.get(..end + 2).unwrap_or(value),
            None => value,
        };
    }
    let marks = [" #", "\t#", " ;", "\t;"];
    let end = marks.iter().filter_map(|m| value.find(m)).min().unwrap_or(value.len());
    value.get(..end).unwrap_or(value).trim_end()
}

fn secret(rule: &'static str, text: &str, setting: &Setting<'_>) -> SecretFact {
    let (at, value) = setting.value;
    SecretFact { name: Some(setting.name.to_owned()), ..fact(rule, text, span(at, value)) }
}

fn read_aws(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for setting in settings(input.text) {
        let name = setting.name.to_ascii_lowercase();
        if matches!(name.as_str(), "aws_secret_access_key" | "aws_session_token" | "aws_security_token") {
            let user = Some(setting.section.to_owned());
            put(out, SecretFact { user, ..secret("aws-credentials-secret", input.text, &setting) });
        }
    }
}

fn read_s3cfg(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let host = settings(input.text).find(|s| s.name == "host_base").map(|s| s.value.1.to_owned());
    for setting in settings(input.text) {
        if matches!(setting.name, "secret_key" | "access_token" | "gpg_passphrase") {
            put(out, SecretFact { host: host.clone(), ..secret("s3cfg-secret-key", input.text, &setting) });
        }
    }
}

fn read_boto(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for setting in settings(input.text) {
        let name = setting.name.to_ascii_lowercase();
        let known = ["aws_secret_access_key", "gs_secret_access_key", "gs_oauth2_refresh_token", "proxy_pass"];
        if known.contains(&name.as_str()) {
            put(out, secret("boto-secret", input.text, &setting));
        }
    }
}

fn read_pypirc(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let of = |section: &str, name: &str| {
        let mut all = settings(input.text).filter(|s| s.section == section);
        all.find(|s| s.name == name).map(|s| s.value.1.to_owned())
    };
    for setting in settings(input.text).filter(|s| s.name == "password").take(100) {
        let host = of(setting.section, "repository").and_then(|url| host_of(&url));
        let user = of(setting.section, "username");
        let host = host.or_else(|| Some(setting.section.to_owned()));
        put(out, SecretFact { user, host, ..secret("pypirc-password", input.text, &setting) });
    }
}

/// Index URLs, several of which may follow each other on lines of their own.
fn read_pip(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for (at, line) in lines(input.text).filter(|(_, line)| !line.trim_start().starts_with(['#', ';'])) {
        let Some(mark) = line.find("://") else { continue };
        let start = line.get(..mark).and_then(|l| l.rfind(|c: char| !c.is_ascii_alphanumeric())).map_or(0, |i| i + 1);
        let Some(login) = line.get(start..).and_then(|url| login_of_url(at + start, url)) else { continue };
        let (place, password) = login.password;
        let secret = SecretFact::new("pip-index-password", &percent_decoded(password), span(place, password));
        let (user, host) = (Some(login.user.to_owned()), Some(login.host.to_owned()));
        put(out, SecretFact { user, host, ..secret });
    }
}

fn read_ventrilo(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    for setting in settings(input.text).filter(|s| matches!(s.name, "AdminPassword" | "Password")) {
        let user = (setting.name == "AdminPassword").then(|| "admin".to_owned());
        put(out, SecretFact { user, ..secret("ventrilo-password", input.text, &setting) });
    }
}

fn read_gradle(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    named("gradle-property-secret", input.text, false, out);
}

fn read_properties(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    named("config-file-secret", input.text, is_of_texts(input.path), out);
}

/// Files of messages, in which a name of a secret stands before a word in some language.
fn is_of_texts(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    ["message", "lang", "locale", "label", "i18n", "text", "strings", "bundle", "translation", "resources"]
        .iter()
        .any(|word| memchr::memmem::find(&name, word.as_bytes()).is_some())
}

/// Settings whose names speak of a secret; the generic detector judges all others.
fn named(rule: &'static str, text: &str, texts: bool, out: &mut Out<'_>) {
    for setting in settings(text) {
        let Some(kind) = speaks(setting.name) else { continue };
        let (_, value) = setting.value;
        if !is_value(kind, setting.name, value) || value.contains(' ') {
            continue;
        }
        // A word alone may be a label, and what very many people set opens little.
        let word = value.bytes().all(|b| b.is_ascii_alphabetic()) || !value.is_ascii();
        let low = texts || kind == Speaks::Password && (word || is_common(value));
        let confidence = Some(if low { Confidence::Low } else { Confidence::Medium });
        put(out, SecretFact { confidence, ..secret(rule, text, &setting) });
    }
}
