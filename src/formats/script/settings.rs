//! What scripts should not do: run what the network sends, show secrets, trust any certificate, install with scripts.

use std::collections::{HashMap, HashSet};

use super::command::{Command, Script, Word, assignment};
use super::options::{CURL_VALUED, host, is_loopback, short_flag, short_option};
use super::{Seen, remote};
use crate::formats::names;
use crate::model::setting;

/// Longest address or command that a value shows.
const MAX_VALUE: usize = 200;

/// Adds what the script should not do.
pub fn read(text: &str, script: &Script, seen: &mut Vec<Seen>) {
    let state = State::read(text, script);
    let mut traced = None;
    for command in &script.commands {
        let name = command.name();
        let mut found = Found { command, seen: &mut *seen };
        if let Some(address) = remote::source(text, script, command, name, &state.downloads).filter(|_| !state.verified)
        {
            found.add(setting::REMOTE_SCRIPT, &address);
        }
        shown(text, command, name, &state, &mut found);
        traced = trace(text, command, name, traced, &state, &mut found);
        unverified(command, name, &mut found);
        plain_http(command, name, &mut found);
        if !state.no_scripts {
            install(command, name, &mut found);
        }
        login(command, name, &mut found);
        password_login(command, name, &mut found);
    }
}

/// Where what is found about a command goes.
struct Found<'a> {
    command: &'a Command,
    seen: &'a mut Vec<Seen>,
}

impl Found<'_> {
    fn add(&mut self, name: &'static str, value: &str) {
        let value = value.chars().take(MAX_VALUE).collect();
        self.seen.push(Seen::Setting { name, value, part: self.command.part.clone() });
    }
}

/// What the script as a whole tells.
#[derive(Default)]
struct State {
    /// A checksum or a signature is verified somewhere.
    verified: bool,
    /// Scripts of packages are off.
    no_scripts: bool,
    /// Files that were downloaded, with their addresses.
    downloads: HashMap<String, String>,
    /// Variables that the script itself sets to something that it writes out.
    literals: HashSet<String>,
}

impl State {
    fn read(text: &str, script: &Script) -> Self {
        let mut state = Self::default();
        for command in &script.commands {
            let name = command.name();
            let has = |words: &[&str]| command.arguments().iter().any(|word| words.contains(&word.text.as_str()));
            state.verified |= match name {
                "sha256sum" | "sha512sum" | "sha1sum" | "md5sum" | "shasum" | "b2sum" | "get-filehash" | "cosign"
                | "minisign" | "gpgv" | "certutil" | "slsa-verifier" => true,
                "gpg" | "gpg2" => has(&["--verify"]),
                "openssl" => has(&["dgst", "sha256"]),
                _ => false,
            };
            for word in &command.words {
                let off = ["npm_config_ignore_scripts=true", "yarn_enable_scripts=false"];
                state.no_scripts |= off.iter().any(|off| word.text.eq_ignore_ascii_case(off));
                if let Some((name, value)) = assignment(&word.text) {
                    if !value.is_empty() && word.expands.is_empty() && word.nested.is_empty() {
                        state.literals.insert(name.to_owned());
                    } else {
                        state.literals.remove(name);
                    }
                }
            }
            state.no_scripts |= matches!(name, "npm" | "pnpm" | "yarn")
                && (command.says(&["config", "set", "ignore-scripts", "true"])
                    || command.says(&["config", "set", "ignore-scripts=true"])
                    || command.says(&["config", "set", "enableScripts", "false"]));
            state.downloads.extend(remote::download(text, command, name));
        }
        state
    }
}

/// A variable that the shell replaces, by the place of its `$`; `None` when less than its value comes out.
fn expansion(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at + 1..)?;
    if let Some(rest) = rest.strip_prefix("{{") {
        // GitHub's own, filled in before the shell reads it.
        if is_every_secret(rest) {
            return Some(EVERY_SECRET);
        }
        let name = rest.trim_start().strip_prefix("secrets.")?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let left = name.get(end..)?.trim_start();
        return if left.starts_with("}}") { name.get(..end) } else { None };
    }
    let (rest, braced) = match rest.strip_prefix('{') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let rest = match rest.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("env:") => rest.get(4..)?,
        _ => rest,
    };
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()))?;
    let behind = rest.get(end..)?;
    // `${X:+set}` and `${X:0:4}` show that there is one, or a piece.
    let whole = !braced
        || behind.starts_with('}')
        || behind.starts_with(":-")
        || behind.starts_with('-')
        || behind.starts_with(":?");
    whole.then_some(name)
}

/// What is said in the place of a name where a template hands over every secret at once.
pub(in crate::formats) const EVERY_SECRET: &str = "every secret";

/// Whether an expression is `toJSON(secrets)`, in any case and with blanks where they may stand.
fn is_every_secret(expression: &str) -> bool {
    let (inner, _) = expression.split_once("}}").unwrap_or((expression, ""));
    let plain: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    plain.eq_ignore_ascii_case("tojson(secrets)")
}

/// Ids that are kept among the secrets, save the one that a key has.
fn is_id(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("_ID") && !name.ends_with("KEY_ID")
}

/// The first secret that a word shows.
fn secret<'t>(text: &'t str, word: &Word, state: &State) -> Option<&'t str> {
    // A mask is asked for by showing the value to the runner, which keeps it out of the log.
    if word.text.contains("::add-mask::") || word.text.contains("##vso[") {
        return None;
    }
    let kept = |name: &&str| !state.literals.contains(*name);
    word.expands
        .iter()
        .filter_map(|at| {
            let name = expansion(text, *at)?;
            let template = text.get(*at..).is_some_and(|rest| rest.starts_with("${{"));
            let secret =
                if template { !names::only_identifies("", name) && !is_id(name) } else { names::is_secret(name) };
            secret.then_some(name)
        })
        .find(kept)
}

fn shown(text: &str, command: &Command, name: &str, state: &State, found: &mut Found<'_>) {
    let first = || command.arguments().iter().find_map(|word| secret(text, word, state));
    match name {
        "echo" | "printf" | "write-host" | "write-output" | "print" if !command.captured => {
            if let Some(secret) = first() {
                found.add(setting::ECHO, &format!("{name}: {secret}"));
            }
        }
        "printenv" if !command.captured => match command.operands().next() {
            None => found.add(setting::ECHO, "printenv: every variable"),
            Some(variable) if names::is_secret(variable) && !state.literals.contains(variable) => {
                found.add(setting::ECHO, &format!("printenv: {variable}"));
            }
            Some(_) => {}
        },
        "env" if !command.captured && command.arguments().is_empty() => {
            found.add(setting::ECHO, "env: every variable");
        }
        "curl" => {
            let verbose =
                short_flag(command, CURL_VALUED, 'v') || command.has(&["--verbose", "--trace", "--trace-ascii"]);
            if let Some(secret) = first().filter(|_| verbose) {
                found.add(setting::ECHO, &format!("curl -v: {secret}"));
            }
        }
        _ => {}
    }
}

/// Follows `set -x`; what is read while it is on goes to the log. Returns whether it is on, `Some(true)` once told.
fn trace(
    text: &str,
    command: &Command,
    name: &str,
    on: Option<bool>,
    state: &State,
    found: &mut Found<'_>,
) -> Option<bool> {
    if name == "set" {
        let mut on = on;
        let arguments = command.arguments();
        for (at, word) in arguments.iter().enumerate() {
            let option = |sign: char| {
                let letters = word.text.strip_prefix(sign).filter(|rest| !rest.starts_with(sign));
                let named = arguments.get(at + 1).is_some_and(|next| next.text == "xtrace");
                letters.is_some_and(|letters| {
                    letters.contains('x') && !letters.contains("xt") || letters.ends_with('o') && named
                })
            };
            if option('-') {
                on = on.or(Some(false));
            } else if option('+') {
                on = None;
            }
        }
        return on;
    }
    if on == Some(false)
        && let Some(secret) = command.words.iter().find_map(|word| secret(text, word, state))
    {
        found.add(setting::ECHO, &format!("set -x: {secret}"));
        return Some(true);
    }
    on
}

fn unverified(command: &Command, name: &str, found: &mut Found<'_>) {
    let addresses =
        || command.arguments().iter().filter(|word| word.text.contains("://")).map(|word| host(&word.text).to_owned());
    let local = || {
        let mut hosts = addresses().peekable();
        hosts.peek().is_some() && hosts.all(|host| is_loopback(&host))
    };
    let off =
        |value: Option<&str>| value.is_some_and(|v| matches!(v.to_ascii_lowercase().as_str(), "false" | "0" | "no"));
    match name {
        "curl" if (short_flag(command, CURL_VALUED, 'k') || command.has(&["--insecure"])) && !local() => {
            found.add(setting::TLS_OFF, "curl --insecure");
        }
        "wget" if command.has(&["--no-check-certificate"]) && !local() => {
            found.add(setting::TLS_OFF, "wget --no-check-certificate");
        }
        "git" => {
            let words: Vec<&str> = command.arguments().iter().map(|word| word.text.as_str()).take(64).collect();
            let set = words.iter().enumerate().any(|(at, word)| {
                let lower = word.to_ascii_lowercase();
                let (key, value) = lower.split_once('=').map_or((lower.as_str(), None), |(k, v)| (k, Some(v)));
                let named = key.starts_with("http.") && key.ends_with("sslverify");
                named && off(value.or_else(|| words.get(at + 1).copied()))
            });
            if set {
                found.add(setting::TLS_OFF, "git http.sslVerify=false");
            }
        }
        "npm" | "yarn" | "pnpm" => {
            let config = off(command.option(&["strict-ssl", "--strict-ssl", "enableStrictSsl"]));
            if config {
                found.add(setting::TLS_OFF, &format!("{name} strict-ssl=false"));
            }
        }
        "helm" | "kubectl" | "oc"
            if command.has(&["--insecure-skip-tls-verify"])
                && !off(command.option(&["--insecure-skip-tls-verify"]))
                && !local() =>
        {
            found.add(setting::TLS_OFF, &format!("{name} --insecure-skip-tls-verify"));
        }
        "podman" | "buildah" | "skopeo" if off(command.option(&["--tls-verify"])) => {
            found.add(setting::TLS_OFF, &format!("{name} --tls-verify=false"));
        }
        "aws" if command.has(&["--no-verify-ssl"]) => found.add(setting::TLS_OFF, "aws --no-verify-ssl"),
        _ => {}
    }
    // The shortest of what follows has as many letters.
    for word in command.words.iter().filter(|word| word.text.len() >= "PYTHONHTTPSVERIFY=0".len()) {
        if !word.text.bytes().any(|b| b == b'_' || b.eq_ignore_ascii_case(&b'k') || b.eq_ignore_ascii_case(&b'y')) {
            continue;
        }
        let lower = word.text.to_ascii_lowercase();
        let lower = lower.strip_prefix("$env:").unwrap_or(&lower);
        let value = |variable: &str| {
            let rest = lower.strip_prefix(variable)?.trim_start();
            Some(rest.strip_prefix('=')?.trim_matches(['"', '\'', ' ']).to_owned())
        };
        let variables: [(&str, &str, &[&str]); 4] = [
            ("GIT_SSL_NO_VERIFY", "git_ssl_no_verify", &["true", "1", "yes"]),
            ("NODE_TLS_REJECT_UNAUTHORIZED", "node_tls_reject_unauthorized", &["0"]),
            ("PYTHONHTTPSVERIFY", "pythonhttpsverify", &["0"]),
            ("npm_config_strict_ssl", "npm_config_strict_ssl", &["false"]),
        ];
        for (shown, variable, bad) in variables {
            if value(variable).is_some_and(|value| bad.contains(&value.as_str())) {
                found.add(setting::TLS_OFF, &format!("{shown}={}", bad.first().unwrap_or(&"")));
            }
        }
        let key = lower.find("stricthostkeychecking").and_then(|at| lower.get(at + 21..)).unwrap_or_default();
        let key = key.trim_start_matches([' ', '=', '\\', '"', '\'']);
        if key == "no" || key.starts_with("no ") || key.starts_with("no\\") || key.starts_with("no\n") || key == "off" {
            found.add(setting::TLS_OFF, "StrictHostKeyChecking=no");
            return;
        }
    }
}

fn plain_http(command: &Command, name: &str, found: &mut Found<'_>) {
    if !matches!(name, "curl" | "wget" | "git") {
        return;
    }
    let Some(word) = command.arguments().iter().find(|word| word.text.starts_with("http://")) else { return };
    let address = host(&word.text);
    // A host in a variable may be anything.
    if address.is_empty() || address.contains(['$', '{', '<']) || is_loopback(address) {
        return;
    }
    let authority = word.text.get(7..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let user = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let header = |word: &Word| {
        let lower = word.text.trim_start().to_ascii_lowercase();
        ["authorization:", "x-api-key:", "private-token:", "x-vault-token:", "job-token:"]
            .iter()
            .any(|h| lower.starts_with(h))
    };
    let login = name == "curl"
        && (short_option(command, CURL_VALUED, 'u')
            .or(command.option(&["--user"]))
            .is_some_and(|user| user.contains(':') || user.contains('$')))
        || name == "wget" && command.has(&["--password", "--http-password"]);
    if user || login || command.arguments().iter().any(header) {
        found.add(setting::PLAIN_HTTP, address);
    }
}

/// <https://docs.npmjs.com/cli/commands/npm-install>, <https://classic.yarnpkg.com/en/docs/cli/install>,
/// <https://pnpm.io/cli/install>.
fn install(command: &Command, name: &str, found: &mut Found<'_>) {
    if !matches!(name, "npm" | "yarn" | "pnpm") || command.has(&["--ignore-scripts", "--help", "--version", "-v"]) {
        return;
    }
    let verb = command.operands().next().unwrap_or_default();
    let installs = match name {
        "npm" => matches!(verb, "install" | "i" | "ci" | "add" | "clean-install" | "install-test" | "it" | "isntall"),
        "pnpm" => matches!(verb, "install" | "i" | "add" | "ci"),
        _ => matches!(verb, "install" | "add" | ""),
    };
    let skipped = command.has(&["--mode"]) && command.option(&["--mode"]) == Some("skip-build");
    if installs && !skipped && !command.has(&["--package-lock-only", "--lockfile-only"]) {
        let words = if verb.is_empty() { name.to_owned() } else { format!("{name} {verb}") };
        found.add(setting::INSTALL_SCRIPTS, &words);
    }
}

/// Logins with a stored key that a person who runs this by hand would not need.
fn login(command: &Command, name: &str, found: &mut Found<'_>) {
    let words = match name {
        "az" if command.says(&["login"]) && command.has(&["-p", "--password", "--certificate"]) => {
            if command.has(&["--service-principal"]) { "az login --service-principal" } else { "az login -u -p" }
        }
        "gcloud" if command.says(&["auth", "activate-service-account"]) => "gcloud auth activate-service-account",
        "aws" if command.says(&["configure", "set", "aws_secret_access_key"]) => {
            "aws configure set aws_secret_access_key"
        }
        _ => return,
    };
    found.add(setting::SCRIPT_LOGIN, words);
}

/// Logins with user and password where the service has one for programs: the password grant
/// (<https://datatracker.ietf.org/doc/html/rfc6749#section-4.3>), `az login -u -p`
/// (<https://learn.microsoft.com/cli/azure/reference-index#az-login>), SnowSQL and Snowflake CLI
/// (<https://docs.snowflake.com/en/user-guide/snowsql-start>).
fn password_login(command: &Command, name: &str, found: &mut Found<'_>) {
    let written = |value: &str| {
        !value.is_empty()
            && (value.contains('$') || !names::is_placeholder("password", value))
            && !value.starts_with('<')
    };
    match name {
        "az" if command.says(&["login"])
            && command.has(&["-u", "--username"])
            && !command.has(&["--service-principal", "--identity", "-i", "--federated-token"]) =>
        {
            // What a substitution gives is no word of its own here.
            let password = command.option(&["-p", "--password"]);
            if password.is_some_and(|value| value.is_empty() || written(value)) {
                found.add(setting::PASSWORD_LOGIN, "az login -u -p");
            }
        }
        "curl" | "wget" | "http" | "https" if command.arguments().iter().any(|word| is_password_grant(&word.text)) => {
            let address = command.arguments().iter().find(|word| word.text.contains("://"));
            let host = address.map(|word| host(&word.text)).unwrap_or_default();
            let plain = !host.is_empty() && !host.contains(['$', '{', '<']);
            // A name without a dot is a container of the job's own, which a test sets up.
            if plain && (is_loopback(host) || !host.contains('.')) {
                return;
            }
            let at = if plain { format!(" at {host}") } else { String::new() };
            found.add(setting::PASSWORD_LOGIN, &format!("{name} asks for a token with grant_type=password{at}"));
        }
        "snow" if command.option(&["--password"]).is_some_and(written) => {
            found.add(setting::PASSWORD_LOGIN, "snow --password");
        }
        _ => {
            let sets = command.words.iter().filter_map(|word| assignment(&word.text));
            let mut sets = sets.filter(|(variable, value)| *variable == "SNOWSQL_PWD" && written(value));
            if sets.next().is_some() {
                found.add(setting::PASSWORD_LOGIN, "snowsql with SNOWSQL_PWD");
            }
        }
    }
}

/// Whether a form or an object asks for a token by the password grant.
fn is_password_grant(text: &str) -> bool {
    let Some(at) = text.find("grant_type") else { return false };
    let rest = text.get(at + "grant_type".len()..).unwrap_or_default();
    let value = rest.trim_start_matches(['"', '\\', ' ', ':', '=', '\'']);
    let end = value.strip_prefix("password");
    rest.len() > value.len()
        && end.is_some_and(|end| !end.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}
