//! GitHub's audit log: which tokens act, as whom, with which scopes, and when last.
//!
//! Shapes: <https://docs.github.com/en/enterprise-cloud@latest/admin/monitoring-activity-in-your-enterprise/reviewing-audit-logs-for-your-enterprise/exporting-audit-log-activity-for-your-enterprise>
//! and `…/identifying-audit-log-events-performed-by-an-access-token`: `hashed_token` is the base64 of the SHA-256 of the token,
//! `programmatic_access_type` says of what kind it is, `token_scopes` what a classic one may do. `@timestamp` is in
//! milliseconds. A token that lies somewhere in the clear is known by its hash, without asking anybody. The hash itself gets
//! into no report: the scan replaces it by one under its own key.
//!
//! Logs have millions of events, so only tokens are kept, each with its counts; memory grows with their number alone, which
//! is bounded by [`TOKENS_MAX`]. Tokens of app installations live an hour: they are told as the app that they act for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use jiff::Timestamp;
use serde_json::Value;

use super::aws::gap;
use super::github_installations::app_key;
use super::saas::{self, Row};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, RepoPath, When,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "github-audit-log",
    name: "GitHub audit log",
    command: "gh api --paginate 'orgs/ORG/audit-log?include=all&per_page=100'",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Tokens that are kept of one log.
pub const TOKENS_MAX: usize = 100_000;

/// Repositories that are named of one token.
const REPOSITORIES_MAX: usize = 5;

const FIELDS: &[&str] = &[
    "@timestamp",
    "created_at",
    "action",
    "actor",
    "actor_is_bot",
    "org",
    "repo",
    "hashed_token",
    "programmatic_access_type",
    "token_id",
    "token_scopes",
    "user_programmatic_access_name",
];

fn claims(_path: &RepoPath, head: &str) -> bool {
    let time = saas::has(head, &["@timestamp", "action"]) || saas::has(head, &["_document_id", "action"]);
    time && ["hashed_token", "_document_id", "actor", "programmatic_access_type"].iter().any(|n| saas::has(head, &[n]))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(_: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let mut log = Log::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, _| log.event(row, at));
    log.finish(out);
}

#[derive(Default)]
struct Log {
    tokens: BTreeMap<String, Token>,
    /// Apps by organisation and slug.
    apps: BTreeMap<(String, String), Token>,
    newest: Option<Timestamp>,
    /// Events of tokens that found no room, and the line of the first.
    over: u64,
    over_line: Option<u64>,
    /// Events without a date.
    undated: u64,
}

/// What is known of a token.
struct Token {
    /// The place of its last event, and of the first of those at one time.
    at: At,
    last: Option<Timestamp>,
    first: Option<Timestamp>,
    events: u64,
    actors: BTreeSet<String>,
    bot: bool,
    kinds: BTreeSet<String>,
    scopes: BTreeSet<String>,
    organisations: BTreeSet<String>,
    repositories: BTreeSet<String>,
    ids: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Token {
    fn new(at: At) -> Self {
        Self {
            at,
            last: None,
            first: None,
            events: 0,
            actors: BTreeSet::new(),
            bot: false,
            kinds: BTreeSet::new(),
            scopes: BTreeSet::new(),
            organisations: BTreeSet::new(),
            repositories: BTreeSet::new(),
            ids: BTreeSet::new(),
            names: BTreeSet::new(),
        }
    }

    fn add(&mut self, row: &Row, at: At, time: Option<Timestamp>) {
        self.events += 1;
        if time > self.last {
            self.at = at;
            self.last = time;
        }
        self.first = match (self.first, time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.bot |= saas::flag(row, "actor_is_bot") == Some(true);
        let one = |field: &str| saas::text(row, field).into_iter();
        keep(&mut self.actors, one("actor"));
        keep(&mut self.kinds, one("programmatic_access_type"));
        keep(&mut self.organisations, texts(row, "org"));
        keep(&mut self.repositories, texts(row, "repo"));
        keep(&mut self.ids, saas::id(row, "token_id").into_iter());
        keep(&mut self.names, one("user_programmatic_access_name"));
        let scopes = texts(row, "token_scopes");
        keep(
            &mut self.scopes,
            scopes.flat_map(|s| s.split([',', ' ']).map(str::trim).map(str::to_owned).collect::<Vec<_>>()),
        );
    }
}

/// Adds the smallest texts, so that what is kept does not depend on the order.
fn keep(set: &mut BTreeSet<String>, more: impl Iterator<Item = String>) {
    for text in more.filter(|text| !text.is_empty()) {
        set.insert(text);
        if set.len() > 32 {
            set.pop_last();
        }
    }
}

/// A field that is a text or a list of texts.
fn texts(row: &Row, field: &str) -> impl Iterator<Item = String> {
    let value = row.get(field);
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(saas::plain).into_iter().chain(list.iter().filter_map(saas::plain)).collect::<Vec<_>>().into_iter()
}

impl Log {
    fn event(&mut self, row: &Row, at: At) {
        if !row.contains_key("action") {
            return;
        }
        let time = match saas::date(row, "@timestamp", When::Unknown) {
            When::Unknown => saas::date(row, "created_at", When::Unknown).at(),
            when => when.at(),
        };
        self.newest = self.newest.max(time);
        let Some(hash) = saas::text_of(row, "hashed_token").filter(|hash| is_hash(hash)) else { return };
        self.undated += u64::from(time.is_none());
        let kind = saas::text_of(row, "programmatic_access_type").unwrap_or_default().to_ascii_lowercase();
        let actor = saas::text(row, "actor").unwrap_or_default();
        if kind.contains("server-to-server") || kind.contains("installation") {
            let slug = actor.strip_suffix("[bot]").unwrap_or(&actor).to_ascii_lowercase();
            if slug.is_empty() {
                return;
            }
            for organisation in texts(row, "org").take(1) {
                let app = (organisation.to_ascii_lowercase(), slug.clone());
                let room = self.apps.len() < TOKENS_MAX;
                if room || self.apps.contains_key(&app) {
                    self.apps.entry(app).or_insert_with(|| Token::new(at.clone())).add(row, at.clone(), time);
                }
            }
            return;
        }
        if let Some(token) = self.tokens.get_mut(hash) {
            token.add(row, at, time);
        } else if self.tokens.len() < TOKENS_MAX {
            let mut token = Token::new(at.clone());
            token.add(row, at, time);
            self.tokens.insert(hash.to_owned(), token);
        } else {
            self.over += 1;
            self.over_line = self.over_line.or(at.line);
        }
    }

    fn finish(self, out: &mut Out<'_>) {
        let as_of = self.newest.map_or(When::Unknown, When::At);
        for ((organisation, slug), app) in self.apps {
            let key = app_key(&organisation, &slug);
            let mut fact = IdentityFact::new(key, IdentityKind::Application, "github", &slug);
            fact.human = Human::No;
            fact.account = Some(organisation);
            fact.last_used = app.last.map_or(When::Unknown, When::At);
            fact.attributes.insert("events".to_owned(), app.events.to_string());
            out.fact(Fact::Identity(app.at, fact));
        }
        for (hash, token) in self.tokens {
            tell(&hash, token, as_of, out);
        }
        if self.over > 0 {
            let message = format!(
                "more than {TOKENS_MAX} tokens act in this log; {} events of further ones were not read",
                self.over
            );
            out.notice(gap("too-many-tokens", self.over_line, message));
        }
        if self.undated > 0 {
            let message = format!("events of tokens without an @timestamp that can be read: {}", self.undated);
            out.notice(gap("unreadable-row", None, message));
        }
    }
}

/// 32 bytes in base64.
fn is_hash(text: &str) -> bool {
    text.len() == 44 && data_encoding::BASE64.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 32)
}

fn tell(hash: &str, token: Token, as_of: When, out: &mut Out<'_>) {
    let list = |set: &BTreeSet<String>, most: usize| {
        let mut shown: Vec<&str> = set.iter().take(most).map(String::as_str).collect();
        if set.len() > most {
            shown.push("…");
        }
        shown.join(", ")
    };
    let actor = token.actors.first().cloned();
    let kind = list(&token.kinds, 3);
    let bot = token.bot || actor.as_deref().is_some_and(|actor| actor.ends_with("[bot]"));
    let key = IdentityKey::new("github", "hashed-token", hash);
    let name = match (token.names.first(), &actor) {
        (Some(name), _) => name.clone(),
        (None, Some(actor)) => format!("{} of {actor}", title_of(&kind)),
        (None, None) => "token in the audit log".to_owned(),
    };
    let mut fact =
        IdentityFact::new(key.clone(), if bot { IdentityKind::Bot } else { IdentityKind::UserToken }, "github", &name);
    fact.human = match () {
        () if bot => Human::No,
        () if kind.to_ascii_lowercase().contains("deploy key") => Human::No,
        // A machine's account is an ordinary one.
        () => Human::Maybe,
    };
    // Two ids are two tokens, whose hashes would differ: nothing can be told of such a row.
    let id = token.ids.first().filter(|_| token.ids.len() == 1).cloned();
    fact.aliases.extend(id.as_deref().map(|id| IdentityKey::new("github", "pat", id)));
    fact.owner.clone_from(&actor);
    fact.account = token.organisations.first().cloned();
    fact.last_used = token.last.map_or(When::Unknown, When::At);

    let mut credential = CredentialFact::new(format!("github:hashed-token:{hash}"), kind_of(&kind), "github");
    credential.identity = Some(key.clone());
    credential.last_used = fact.last_used;
    credential.as_of = as_of;
    for (name, value) in [
        ("actor", list(&token.actors, 3)),
        ("access_type", kind),
        ("events", token.events.to_string()),
        ("first_event", token.first.map(|t| t.to_string()).unwrap_or_default()),
        ("scopes", list(&token.scopes, 20)),
        ("repositories_seen", list(&token.repositories, REPOSITORIES_MAX)),
        ("token_id", id.unwrap_or_default()),
    ] {
        if !value.is_empty() {
            credential.attributes.insert(name.to_owned(), value);
        }
    }
    out.fact(Fact::Identity(token.at.clone(), fact));
    out.fact(Fact::Credential(token.at.clone(), credential));
    for scope in token.scopes {
        let privilege = scope_privilege(&scope);
        out.fact(Fact::Grant(
            token.at.clone(),
            GrantFact {
                identity: key.clone(),
                privilege,
                action: scope,
                resource: "all that the user reaches".to_owned(),
                source: "token_scopes in the audit log".to_owned(),
                condition: None,
            },
        ));
    }
}

/// What such a token is called.
fn title_of(access: &str) -> &'static str {
    match kind_of(access) {
        "github-pat-fine-grained" => "fine-grained token",
        "github-pat-classic" => "classic token",
        "github-oauth-token" => "OAuth token",
        "github-app-user-token" => "app's token",
        _ => "token",
    }
}

/// The rule that finds tokens of such a type in the clear.
fn kind_of(access: &str) -> &'static str {
    let access = access.to_ascii_lowercase();
    match () {
        () if access.contains("fine-grained") => "github-pat-fine-grained",
        () if access.contains("personal access token") => "github-pat-classic",
        () if access.contains("oauth") => "github-oauth-token",
        () if access.contains("user-to-server") => "github-app-user-token",
        () => "github-token",
    }
}

/// Scopes of classic tokens and OAuth apps
/// (<https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps#available-scopes>).
fn scope_privilege(scope: &str) -> Privilege {
    match scope {
        "admin:org" | "admin:enterprise" | "site_admin" | "manage_runners:enterprise" => Privilege::Admin,
        "repo" | "public_repo" | "workflow" | "delete_repo" | "write:packages" | "delete:packages" | "write:org"
        | "admin:repo_hook" | "admin:org_hook" | "admin:public_key" | "user" | "codespace" => Privilege::WriteBroad,
        _ if scope.starts_with("read:") || scope.ends_with(":read") || scope == "user:email" => Privilege::ReadScoped,
        _ if scope.starts_with("admin:") || scope.starts_with("write:") || scope.starts_with("manage_") => {
            Privilege::WriteBroad
        }
        _ if scope.starts_with("repo:") || scope == "gist" || scope == "notifications" => Privilege::WriteScoped,
        _ => Privilege::Unknown,
    }
}
