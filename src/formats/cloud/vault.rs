//! What HashiCorp Vault and OpenBao answer about who may log in: roles of AppRole and JWT mounts, tokens by their accessors,
//! entities with their aliases, the list of mounts. Who of them is a person, [`people`] tells.
//!
//! AppRole: <https://developer.hashicorp.com/vault/api-docs/auth/approle>; JWT: <https://developer.hashicorp.com/vault/api-docs/auth/jwt>;
//! tokens: <https://developer.hashicorp.com/vault/api-docs/auth/token#lookup-a-token-accessor>; mounts:
//! <https://developer.hashicorp.com/vault/api-docs/system/auth>; entities:
//! <https://developer.hashicorp.com/vault/api-docs/secret/identity/entity>. An answer does not repeat the name that was asked for: it is the
//! name under which the answer stands in a map of several, else that of the file. Nor does it tell the server: what is read is
//! keyed by the directory of the file, whose files are of one server. The token of a self-lookup (`id`) is never
//! read.

mod people;

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws_policy::strings;
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath,
    SettingFact, Status, TrustFact, When, setting,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "vault",
    name: "Vault roles, tokens and mounts",
    command: "vault read -format=json auth/approle/role/NAME",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Lives that are long whatever they are for: 90 days, in seconds.
const LONG: u64 = 90 * 86_400;

/// Longest text that is told.
const TEXT_MAX: usize = 200;

const FIELDS: &[&str] = &[
    "bind_secret_id",
    "secret_id_ttl",
    "secret_id_num_uses",
    "secret_id_bound_cidrs",
    "local_secret_ids",
    "role_type",
    "bound_audiences",
    "bound_subject",
    "bound_claims",
    "bound_claims_type",
    "user_claim",
    "token_policies",
    "policies",
    "identity_policies",
    "token_ttl",
    "token_max_ttl",
    "token_period",
    "period",
    "accessor",
    "creation_time",
    "creation_ttl",
    "issue_time",
    "expire_time",
    "explicit_max_ttl",
    "display_name",
    "meta",
    "num_uses",
    "path",
    "ttl",
    "type",
    "config",
    "bound_issuer",
    "oidc_discovery_url",
    "jwks_url",
    "allowed_redirect_uris",
    "aliases",
    "name",
    "disabled",
    "entity_id",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with(['{', '[']) {
        return false;
    }
    let has = |name: &str| head.contains(name);
    let approle = has("\"bind_secret_id\"") && has("\"secret_id_ttl\"");
    let jwt = has("\"user_claim\"") && (has("\"bound_audiences\"") || has("\"bound_claims\""));
    let token = has("\"accessor\"") && has("\"creation_ttl\"") && has("\"policies\"");
    let mounts = has("\"accessor\": \"auth_") || has("\"accessor\":\"auth_");
    let entity = has("\"aliases\"") && has("\"mount_accessor\"") && has("\"canonical_id\"");
    approle || jwt || token || mounts || entity
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &[], fields: FIELDS };
    let file = input.path.display();
    let stem = file.rsplit('/').next().unwrap_or(&file);
    let stem = stem.split('.').next().unwrap_or(stem).to_owned();
    let server = file.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned();
    let mut reading = Reading { stem, server, file, jwt: Vec::new(), issuer: None, documents: 0, out };
    let result = walk(reader, whole, WANTED, &mut |event| {
        if let Event::Object { fields, at } = event {
            reading.object(&fields, at);
        }
    });
    if let Err(notice) = result {
        reading.out.notice(notice);
    }
    reading.finish();
}

struct Reading<'o, 'a> {
    /// The file's name, for answers that stand under none.
    stem: String,
    file: String,
    /// The directory, which stands for the server.
    server: String,
    /// Roles of JWT mounts, until the mount's issuer may be known.
    jwt: Vec<(String, Map<String, Value>, At)>,
    issuer: Option<String>,
    /// Answers that stand under no name.
    documents: usize,
    out: &'o mut Out<'a>,
}

fn text<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Seconds, as reads give them (a number) or configurations write them (`60m`).
fn seconds(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    match fields.get(name)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => duration(text),
        _ => None,
    }
}

/// `90s`, `60m`, `1h30m`, `30d` or bare seconds (<https://developer.hashicorp.com/vault/docs/concepts/duration-format>).
fn duration(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut digits = String::new();
    for c in text.trim().chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    if digits.is_empty() { Some(total) } else { total.checked_add(digits.parse().ok()?) }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// Days of a life, for people.
fn shown(life: u64) -> String {
    format!("{} days", life / 86_400)
}

impl Reading<'_, '_> {
    fn object(&mut self, fields: &Map<String, Value>, at: At) {
        let has = |name: &str| fields.contains_key(name);
        // The mount's configuration by itself, or under its name beside the roles.
        let config = fields.get("config").and_then(Value::as_object);
        let inner = config.and_then(|config| config.get("data")).and_then(Value::as_object);
        for fields in [Some(fields), config, inner].into_iter().flatten() {
            if let Some(issuer) = ["bound_issuer", "oidc_discovery_url"].iter().find_map(|name| text(fields, name)) {
                self.issuer = Some(cut(issuer));
            }
        }
        if has("bind_secret_id") && has("secret_id_ttl") {
            self.approle(fields, &at);
        } else if has("user_claim") && (has("bound_audiences") || has("bound_claims")) {
            let name = self.name(&at);
            let kept = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            self.jwt.push((name, kept, at));
        } else if has("accessor") && has("creation_ttl") {
            self.token(fields, at);
        } else if has("aliases") {
            self.entity(fields, &at);
        } else if has("config") && text(fields, "accessor").is_some_and(|accessor| accessor.starts_with("auth_")) {
            self.mount(fields, &at);
        }
    }

    /// The name under which an answer stands.
    fn name(&mut self, at: &At) -> String {
        let pointer = at.pointer.as_deref().unwrap_or_default();
        let pointer = pointer.rsplit_once(": ").map_or(pointer, |(_, pointer)| pointer);
        let mut steps = pointer.rsplit('/').filter(|step| !step.is_empty());
        let own = steps.find(|step| *step != "data" && step.parse::<u64>().is_err());
        if let Some(own) = own {
            return cut(&own.replace("~1", "/").replace("~0", "~"));
        }
        self.documents += 1;
        match self.documents {
            1 => self.stem.clone(),
            n => format!("{}-{n}", self.stem),
        }
    }

    fn key(&self, name: &str) -> IdentityKey {
        IdentityKey::new("vault", "app", &format!("{}#{name}", self.server))
    }

    /// Tells that a workload may log in, and with what rights.
    fn identity(&mut self, key: &IdentityKey, name: &str, fields: &Map<String, Value>, at: &At) {
        let mut fact = IdentityFact::new(key.clone(), IdentityKind::Application, "vault", name);
        fact.human = Human::No;
        self.holder(fact, fields, at);
    }

    /// The key of who logs in by name.
    fn user(&self, login: &people::Login) -> IdentityKey {
        IdentityKey::new("vault", "user", &cut(&format!("{}#{}/{}", self.server, login.mount, login.user)))
    }

    /// Somebody who logs in by name.
    fn person(&self, login: &people::Login) -> IdentityFact {
        let name = cut(&format!("{}/{}", login.mount, login.user));
        let mut fact = IdentityFact::new(self.user(login), IdentityKind::CloudUser, "vault", &name);
        fact.human = login.human();
        fact
    }

    /// Tells of a holder of policies.
    fn holder(&mut self, mut fact: IdentityFact, fields: &Map<String, Value>, at: &At) {
        let (key, name) = (fact.key.clone(), fact.name.clone());
        let mut policies: Vec<String> = ["token_policies", "policies", "identity_policies"]
            .iter()
            .filter_map(|name| fields.get(*name))
            .flat_map(strings)
            .filter(|policy| policy != "default" && !policy.is_empty())
            .collect();
        policies.sort();
        policies.dedup();
        if !policies.is_empty() {
            fact.attributes.insert("policies".to_owned(), cut(&policies.join(", ")));
        }
        self.out.fact(Fact::Identity(at.clone(), fact));
        for policy in policies.into_iter().take(100) {
            let privilege = if policy == "root" { Privilege::Admin } else { Privilege::Unknown };
            let grant = GrantFact {
                identity: key.clone(),
                privilege,
                action: format!("policy {}", cut(&policy)),
                resource: "what the policy names".to_owned(),
                source: "token_policies".to_owned(),
                condition: None,
            };
            self.out.fact(Fact::Grant(at.clone(), grant));
        }
        let period = ["token_period", "period"].iter().find_map(|name| seconds(fields, name)).unwrap_or_default();
        let life = seconds(fields, "token_max_ttl").or_else(|| seconds(fields, "token_ttl")).unwrap_or_default();
        let long = match (period > 0, life) {
            // Renewed before its period is over, such a token never ends.
            (true, _) => Some(format!("for ever when renewed (period {period} s)")),
            (false, life) if life > LONG => Some(shown(life)),
            _ => None,
        };
        if let Some(long) = long {
            self.setting(setting::TOKEN_LIFE, &name, &long, Some(&key), at);
        }
    }

    fn setting(&mut self, word: &'static str, subject: &str, value: &str, key: Option<&IdentityKey>, at: &At) {
        let mut fact = SettingFact::new(word, subject, value);
        fact.identity = key.cloned();
        self.out.fact(Fact::Setting(at.clone(), fact));
    }

    /// Without an end of its own, by time or by number of uses, a secret id works for ever.
    fn approle(&mut self, fields: &Map<String, Value>, at: &At) {
        let name = format!("approle/{}", self.name(at));
        let key = self.key(&name);
        self.identity(&key, &name, fields, at);
        let binds = fields.get("bind_secret_id") != Some(&Value::Bool(false));
        let endless = |name: &str| seconds(fields, name).unwrap_or_default() == 0;
        if binds && endless("secret_id_ttl") && endless("secret_id_num_uses") {
            let mut fact = SettingFact::new(setting::SECRET_ID, name.clone(), name);
            fact.identity = Some(key);
            if fields.get("secret_id_bound_cidrs").is_some_and(|cidrs| !strings(cidrs).is_empty()) {
                fact.attributes.insert("bound".to_owned(), "true".to_owned());
            }
            self.out.fact(Fact::Setting(at.clone(), fact));
        }
    }

    /// A token, by its accessor, with which it can be looked up and revoked and nothing else.
    fn token(&mut self, fields: &Map<String, Value>, at: At) {
        let Some(accessor) = text(fields, "accessor") else { return };
        let name = text(fields, "display_name").unwrap_or("token");
        let role = fields.get("meta").and_then(|meta| meta.get("role_name")).and_then(Value::as_str);
        let path = text(fields, "path").unwrap_or_default();
        let mount = path.strip_prefix("auth/").and_then(|path| path.split('/').next()).unwrap_or("token");
        let person = people::of_token(path, name).filter(|_| role.is_none());
        let name = match role {
            Some(role) => format!("{mount}/{}", cut(role)),
            None => cut(name),
        };
        let key = match (role, &person) {
            (Some(_), _) => self.key(&name),
            (None, Some(login)) => self.user(login),
            (None, None) => IdentityKey::new("vault", "token", accessor),
        };
        match &person {
            Some(login) => {
                let mut fact = self.person(login);
                fact.aliases.extend(text(fields, "entity_id").map(|id| IdentityKey::new("vault", "entity", &cut(id))));
                self.holder(fact, fields, &at);
            }
            None => self.identity(&key, &name, fields, &at),
        }
        let mut fact = CredentialFact::new(format!("vault:token-accessor:{accessor}"), "vault-token", "vault");
        fact.identity = Some(key);
        let moment = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => When::parse(text),
            Some(Value::Number(number)) => When::parse(&number.to_string()),
            _ => When::Unknown,
        };
        fact.created = match moment("issue_time") {
            When::Unknown => moment("creation_time"),
            known => known,
        };
        // Root tokens have no end: null, and a life of nought.
        let endless =
            fields.get("expire_time").is_some_and(Value::is_null) && seconds(fields, "creation_ttl") == Some(0);
        fact.expires = if endless { When::Never } else { moment("expire_time") };
        if let Some(kind) = text(fields, "type") {
            fact.attributes.insert("token_type".to_owned(), cut(kind));
        }
        self.out.fact(Fact::Credential(at, fact));
    }

    /// Whoever Vault knows under several logins. One that is nobody's login gets no token.
    fn entity(&mut self, fields: &Map<String, Value>, at: &At) {
        let aliases = fields.get("aliases").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of = |name: &str| aliases.iter().find_map(|alias| alias.get(name).and_then(Value::as_str));
        let Some(id) = of("canonical_id").filter(|_| of("mount_accessor").is_some()) else { return };
        let (human, logins) = people::of_entity(aliases);
        let key = IdentityKey::new("vault", "entity", &cut(id));
        let own = text(fields, "name").unwrap_or(id);
        // A name that Vault gave tells nothing.
        let (name, kind) = match logins.first() {
            Some(login) if own.starts_with("entity_") => {
                (format!("{}/{}", login.mount, login.user), IdentityKind::CloudUser)
            }
            Some(_) => (own.to_owned(), IdentityKind::CloudUser),
            None => (own.to_owned(), IdentityKind::Application),
        };
        let mut fact = IdentityFact::new(key, kind, "vault", &cut(&name));
        fact.human = human;
        fact.aliases = logins.iter().map(|login| self.user(login)).collect();
        fact.created = text(fields, "creation_time").map(When::parse).unwrap_or_default();
        fact.status = match fields.get("disabled").and_then(Value::as_bool) {
            Some(true) => Status::Inactive,
            Some(false) => Status::Active,
            None => Status::Unknown,
        };
        self.holder(fact, fields, at);
    }

    fn mount(&mut self, fields: &Map<String, Value>, at: &At) {
        let life = fields.get("config").and_then(Value::as_object).and_then(|config| seconds(config, "max_lease_ttl"));
        let name = self.name(at);
        if let Some(life) = life.filter(|life| *life > LONG) {
            let subject = format!("{}#{name}", self.file);
            let mut fact = SettingFact::new(setting::TOKEN_LIFE, subject, shown(life));
            fact.attributes.insert("mount".to_owned(), cut(text(fields, "type").unwrap_or_default()));
            self.out.fact(Fact::Setting(at.clone(), fact));
        }
    }

    /// JWT roles as trusts. The issuer is the mount's; where its configuration is not in the input, the form of the subject or
    /// the claims tell it.
    fn finish(mut self) {
        for (name, fields, at) in std::mem::take(&mut self.jwt) {
            let name = format!("jwt/{name}");
            let key = self.key(&name);
            if people::is_for_browsers(&fields) {
                // Who may come through it, its claims say; no workload does.
                let mut fact = IdentityFact::new(key, IdentityKind::Application, "vault", &name);
                fact.human = Human::Yes;
                self.holder(fact, &fields, &at);
                continue;
            }
            self.identity(&key, &name, &fields, &at);
            let claims = fields.get("bound_claims").and_then(Value::as_object);
            let subject = text(&fields, "bound_subject").map(str::to_owned);
            let claimed = claims.and_then(|claims| claims.get("sub")).map(strings).unwrap_or_default();
            let glob = text(&fields, "bound_claims_type") == Some("glob");
            let operator = if glob { "StringLike" } else { "StringEquals" };
            let mut attributes = BTreeMap::from([("kind".to_owned(), "federated".to_owned())]);
            for (claim, values) in claims.into_iter().flatten().filter(|(claim, _)| *claim != "sub") {
                let values = strings(values).join(" | ");
                attributes.insert(format!("claim.{}", cut(claim)), cut(&format!("{operator} {values}")));
            }
            // A bound subject is compared whole, and both hold together: it is the narrower one.
            let subjects: Vec<Option<String>> = match (subject, claimed.is_empty()) {
                (Some(subject), _) => {
                    attributes.insert("sub_operator".to_owned(), "StringEquals".to_owned());
                    vec![Some(cut(&subject))]
                }
                (None, false) => {
                    attributes.insert("sub_operator".to_owned(), operator.to_owned());
                    claimed.iter().take(100).map(|subject| Some(cut(subject))).collect()
                }
                (None, true) => vec![None],
            };
            let has = |claim: &str| claims.is_some_and(|claims| claims.contains_key(claim));
            let starts = |prefix: &str| subjects.iter().flatten().any(|subject| subject.starts_with(prefix));
            let issuer = match &self.issuer {
                Some(issuer) => issuer.clone(),
                None if starts("repo:") || has("repository") || has("repository_id") || has("repository_owner") => {
                    "token.actions.githubusercontent.com".to_owned()
                }
                None if starts("project_path:") || has("project_path") || has("namespace_path") => {
                    "gitlab.com".to_owned()
                }
                None => "unknown".to_owned(),
            };
            let issuer = issuer.strip_prefix("https://").unwrap_or(&issuer).trim_end_matches('/').to_owned();
            let audience = fields.get("bound_audiences").map(strings).unwrap_or_default().into_iter().next();
            for subject in subjects {
                let trust = TrustFact {
                    identity: key.clone(),
                    issuer: issuer.clone(),
                    audience: audience.clone().map(|audience| cut(&audience)),
                    subject,
                    attributes: attributes.clone(),
                };
                self.out.fact(Fact::Trust(at.clone(), trust));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_or_words() {
        for (text, want) in [("90", Some(90)), ("60m", Some(3600)), ("1h30m", Some(5400)), ("30d", Some(2_592_000))] {
            assert_eq!(duration(text), want, "{text}");
        }
        assert_eq!(duration("soon"), None);
        assert_eq!(duration("99999999999999999999h"), None);
    }
}
