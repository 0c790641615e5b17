//! Known credential files: what programs keep their passwords and tokens in, each read by its own grammar.
//!
//! A reader gives [`Fact::Secret`](crate::model::Fact) with the exact span, the name, user and host; `scan` makes candidates of
//! them. A file is recognised by its name alone, because a credential file in the history of a repository is found by the names
//! in its trees; a reader of a common name (`config`, `settings.py`) looks for itself whether the text is what it can read.
//! A reader never fails on odd input: a value that it cannot be sure of is left to the rules and the generic detector.
//!
//! Adding one is a `Format` in a file here, its line in [`FORMATS`], its names in [`by_name`], a rule in
//! `rules/credential-files.yml` and a fixture.

mod chat;
mod config;
mod database_tools;
mod docker;
mod dotenv;
mod dotnet;
mod filezilla;
mod firefox;
mod git_credentials;
mod hashes;
mod ini;
mod java;
mod kubeconfig;
mod mail;
mod names;
mod netrc;
mod npmrc;
mod pgpass;
mod php;
mod python;
mod rails;
mod reading;
mod requests;
mod sql;
mod tfvars;
mod tools;
mod uploads;

use super::{Format, Input, Out, Syntax};
use crate::doc::Doc;
use crate::model::RepoPath;

/// Every credential file that is known.
pub const FORMATS: &[&Format] = &[
    &netrc::NETRC,
    &pgpass::PGPASS,
    &git_credentials::GIT_CREDENTIALS,
    &npmrc::NPMRC,
    &docker::DOCKER_CONFIG,
    &hashes::HTPASSWD,
    &hashes::SHADOW,
    &sql::SQL_DUMP,
    &php::WP_CONFIG,
    &php::PHP_CONFIG,
    &filezilla::FILEZILLA,
    &kubeconfig::KUBECONFIG,
    &config::CONFIG,
    &ini::AWS,
    &ini::S3CFG,
    &ini::BOTO,
    &ini::PYPIRC,
    &ini::PIP,
    &ini::VENTRILO,
    &ini::GRADLE,
    &ini::PROPERTIES,
    &dotenv::DOTENV,
    &python::DJANGO,
    &rails::RAILS_KEY,
    &rails::RAILS_SECRETS,
    &java::MAVEN,
    &java::JENKINS,
    &dotnet::NUGET,
    &dotnet::WEB_CONFIG,
    &tfvars::TFVARS,
    &uploads::UPLOADS,
    &uploads::WEB_SERVERS,
    &mail::MAIL,
    &chat::CHAT,
    &tools::TUGBOAT,
    &tools::HUB,
    &tools::HEROKU,
    &tools::GCLOUD,
    &tools::YARNRC,
    &firefox::FIREFOX,
    &database_tools::DBEAVER,
    &database_tools::ROBOMONGO,
    &requests::HAR,
    &requests::POSTMAN,
];

/// A format of this group.
const fn format(
    id: &'static str,
    name: &'static str,
    claims: fn(&RepoPath, &str) -> bool,
    read: fn(&Input<'_>, &Doc, &mut Out<'_>),
) -> Format {
    Format { id, name, command: "", syntax: Syntax::Text, claims, read, stream: None }
}

/// Whether a path names a format of this id.
fn is(path: &RepoPath, id: &str) -> bool {
    by_name(path).is_some_and(|format| format.id == id)
}

/// Longest name that is looked at.
const LONGEST: usize = 96;

/// The last segment of a path in lower case, and the segment before it as written; `None` for names that are too long.
fn lower<'b>(path: &[u8], buffer: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let name = path.rsplit(|b| *b == b'/').next()?;
    let buffer = buffer.get_mut(..name.len())?;
    buffer.copy_from_slice(name);
    buffer.make_ascii_lowercase();
    Some(buffer)
}

/// The format that a path names, if any. Only bytes are looked at, so this may be asked of every entry of every tree.
#[must_use]
pub fn by_name(path: &RepoPath) -> Option<&'static Format> {
    let mut buffer = [0; LONGEST];
    let name = lower(path.as_bytes(), &mut buffer)?;
    let parent = path.as_bytes().rsplit(|b| *b == b'/').nth(1).unwrap_or_default();
    whole_name(name, Some(parent)).or_else(|| ending(name, Some(parent)))
}

/// Whether a file of this name is one of these formats in some folder. Asked of every entry of every tree of a history.
#[must_use]
pub fn may_be(name: &[u8]) -> bool {
    let mut buffer = [0; LONGEST];
    let Some(name) = lower(name, &mut buffer) else { return false };
    whole_name(name, None).or_else(|| ending(name, None)).is_some()
}

/// Formats that have names of their own; without a folder to look at, those of any.
fn whole_name(name: &[u8], parent: Option<&[u8]>) -> Option<&'static Format> {
    let below = |folders: &[&str]| {
        parent.is_none_or(|parent| folders.iter().any(|f| parent.eq_ignore_ascii_case(f.as_bytes())))
    };
    Some(match name {
        b".netrc" | b"_netrc" => &netrc::NETRC,
        b".pgpass" | b"pgpass.conf" => &pgpass::PGPASS,
        b".git-credentials" => &git_credentials::GIT_CREDENTIALS,
        b".npmrc" | b"npmrc" => &npmrc::NPMRC,
        b".dockercfg" | b".dockerconfigjson" | b"dockercfg" => &docker::DOCKER_CONFIG,
        b"config.json" if below(&[".docker", "docker"]) => &docker::DOCKER_CONFIG,
        b".htpasswd" | b"htpasswd" | b".htdigest" | b"htdigest" => &hashes::HTPASSWD,
        b"shadow" | b"shadow-" | b"gshadow" | b"master.passwd" | b"passwd" | b"passwd-" | b"proftpdpasswd" => {
            &hashes::SHADOW
        }
        b"config.php"
        | b"config.inc.php"
        | b"configuration.php"
        | b"localsettings.php"
        | b"parameters.php"
        | b"database.php"
        | b"settings.local.php"
        | b"local.xml.php" => &php::PHP_CONFIG,
        b"settings.php" if below(&["default"]) => &php::PHP_CONFIG,
        b"filezilla.xml" | b"sitemanager.xml" | b"recentservers.xml" => &filezilla::FILEZILLA,
        b"kubeconfig" | b"admin.conf" | b"kubelet.conf" | b"super-admin.conf" => &kubeconfig::KUBECONFIG,
        b"config" if below(&[".irssi", "irssi"]) => &chat::CHAT,
        b"config" if below(&[".aws"]) => &ini::AWS,
        b"config" if !below(&[".git", ".ssh"]) => &config::CONFIG,
        b"credentials" | b".credentials" | b"aws_credentials" | b".aws-credentials" | b"aws-credentials" => &ini::AWS,
        b".s3cfg" | b"s3cfg" => &ini::S3CFG,
        b".boto" | b"boto.cfg" => &ini::BOTO,
        b".pypirc" => &ini::PYPIRC,
        b"pip.conf" | b"pip.ini" | b".pip.conf" => &ini::PIP,
        b"ventrilo_srv.ini" => &ini::VENTRILO,
        b"gradle.properties" => &ini::GRADLE,
        b".bash_profile" | b".bashrc" | b".profile" | b".zshrc" | b".zshenv" | b".zprofile" | b".envrc" | b"env" => {
            &dotenv::DOTENV
        }
        b"settings.py" | b"local_settings.py" | b"settings_local.py" | b"production_settings.py" => &python::DJANGO,
        b"base.py" | b"common.py" | b"dev.py" | b"development.py" | b"local.py" | b"prod.py" | b"production.py"
        | b"staging.py"
            if below(&["settings"]) =>
        {
            &python::DJANGO
        }
        b"secrets.yml" | b"database.yml" | b"mongoid.yml" => &rails::RAILS_SECRETS,
        b"master.key" => &rails::RAILS_KEY,
        b"settings.xml" | b"settings-security.xml" => &java::MAVEN,
        b"credentials.xml" => &java::JENKINS,
        b"nuget.config" => &dotnet::NUGET,
        b"web.config" | b"app.config" => &dotnet::WEB_CONFIG,
        b"sftp.json"
        | b"sftp-config.json"
        | b"sftp-config-alt.json"
        | b".ftpconfig"
        | b".remote-sync.json"
        | b"deployment-config.json"
        | b".sftpconfig.json"
        | b".ftppass"
        | b"ftp-sync.settings" => &uploads::UPLOADS,
        b"webservers.xml" => &uploads::WEB_SERVERS,
        b".esmtprc" | b".msmtprc" | b"msmtprc" | b".muttrc" | b"muttrc" | b"neomuttrc" | b".fetchmailrc"
        | b".offlineimaprc" | b"esmtprc" | b".mbsyncrc" => &mail::MAIL,
        b"passwords" | b"password" | b"account.muttrc" if below(&[".mutt", "mutt", "neomutt"]) => &mail::MAIL,
        b"irc.conf" | b"weechat.conf" | b"sec.conf" | b"relay.conf" => &chat::CHAT,
        b".tugboat" => &tools::TUGBOAT,
        b"hub" => &tools::HUB,
        b"hosts.yml" if below(&["gh"]) => &tools::HUB,
        b"heroku.json" => &tools::HEROKU,
        b"application_default_credentials.json" | b"adc.json" => &tools::GCLOUD,
        b".yarnrc.yml" => &tools::YARNRC,
        b"logins.json" | b"logins-backup.json" => &firefox::FIREFOX,
        b"data-sources.xml" | b".dbeaver-data-sources.xml" | b"dbeaver-data-sources.xml" | b"data-sources.json" => {
            &database_tools::DBEAVER
        }
        b"robomongo.json" | b"robo3t.json" => &database_tools::ROBOMONGO,
        _ => return None,
    })
}

/// Formats that are known by how a name begins or ends.
fn ending(name: &[u8], parent: Option<&[u8]>) -> Option<&'static Format> {
    let below = |folder: &str| parent.is_none_or(|parent| parent.eq_ignore_ascii_case(folder.as_bytes()));
    let (stem, extension) = match name.iter().rposition(|b| *b == b'.') {
        Some(dot) => (name.get(..dot)?, name.get(dot + 1..)?),
        None => (name, &b""[..]),
    };
    if name.starts_with(b".env") && (name.len() == 4 || matches!(name.get(4), Some(b'.' | b'-' | b'_'))) {
        return Some(&dotenv::DOTENV);
    }
    Some(match extension {
        b"env" => &dotenv::DOTENV,
        b"htpasswd" => &hashes::HTPASSWD,
        b"passwd" => &hashes::SHADOW,
        b"sql" => &sql::SQL_DUMP,
        b"php" if stem.starts_with(b"wp-config") => &php::WP_CONFIG,
        b"kubeconfig" => &kubeconfig::KUBECONFIG,
        b"tfvars" => &tfvars::TFVARS,
        b"json" if stem.ends_with(b".tfvars") => &tfvars::TFVARS,
        b"json" if stem.ends_with(b".postman_collection") || stem.ends_with(b".postman_environment") => {
            &requests::POSTMAN
        }
        b"json" if stem.ends_with(b".postman_globals") => &requests::POSTMAN,
        b"har" => &requests::HAR,
        b"key" if below("credentials") => &rails::RAILS_KEY,
        b"properties" | b"ini" => &ini::PROPERTIES,
        _ => return None,
    })
}

/// Whether pieces of a file can be read by themselves, so that one that is too large to be held can be read at all.
#[must_use]
pub fn reads_pieces(format: &Format) -> bool {
    matches!(format.id, "sql-dump" | "htpasswd" | "shadow" | "dotenv" | "properties")
}

/// The file that lies beside one of this format and says whether it is of use to somebody.
#[must_use]
pub fn companion(format: &Format) -> Option<&'static str> {
    (format.id == "firefox-logins").then_some("key4.db")
}
