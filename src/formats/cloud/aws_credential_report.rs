//! AWS IAM credential reports: every user of an account with the age and last use of password and keys.
//!
//! Columns and sentinels:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>. The report holds no key ids, so
//! its credentials are slots of a user; owners and rights are elsewhere.

use std::io::{BufRead, Cursor, Read};

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::Value;

use super::aws::{self, ACCESS_KEY, PROVIDER, gap};
use super::json_stream::{ELEMENT_MAX, Event, Wanted, walk};
use crate::doc::Doc;
use crate::doc::csv::{Record, Records};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{
    At, CredentialFact, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Status, When, parse_instant,
};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-credential-report",
    name: "AWS IAM credential report",
    command: "aws iam get-credential-report --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Start of every report, bare, in base64 and as a JSON string.
const CSV_START: &str = "user,arn,";
const BASE64_START: &str = "dXNlcixhcm4s";

/// AWS has kept the last use of access keys since this moment; earlier use is not in the report.
const KEY_TRACKING: &str = "2015-04-22";
/// The same for passwords.
const PASSWORD_TRACKING: &str = "2014-10-20";

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if head.starts_with(['{', '[']) {
        return head.contains("\"Content\"") && (head.contains(BASE64_START) || head.contains(CSV_START));
    }
    if head.trim_start_matches('"').starts_with(BASE64_START) {
        return true;
    }
    let first = head.lines().next().unwrap_or_default();
    // Nearly every text says so with its first line.
    if !first.contains(',') {
        return false;
    }
    let names: Vec<String> = first.split(',').map(plain_name).collect();
    ["user", "arn", "user_creation_time", "access_key_1_active"].iter().all(|name| names.iter().any(|n| n == name))
}

fn plain_name(name: &str) -> String {
    name.trim().trim_matches('"').to_ascii_lowercase()
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(&mut input.text.as_bytes(), true, out);
}

fn stream(_: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(reader, false, out);
}

/// Looks at the first bytes to tell the envelope, then reads on.
fn run(reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let mut head = Vec::new();
    if let Err(error) = (&mut *reader).take(64).read_to_end(&mut head) {
        return out.notice(gap("unreadable", None, error.to_string()));
    }
    let start = String::from_utf8_lossy(&head).trim_start_matches('\u{feff}').trim_start().to_owned();
    let mut input = Cursor::new(head).chain(reader);
    if start.starts_with(['{', '[']) || start.starts_with(&format!("\"{BASE64_START}")) {
        envelope(&mut input, whole, out);
    } else if start.starts_with(BASE64_START) {
        encoded(&mut input, out);
    } else {
        let place = |record: &Record<'_>| At { span: whole.then_some(record.span), ..At::line(record.line) };
        table(&mut input, &place, When::Unknown, None, out);
    }
}

/// The output of `get-credential-report`: base64 from the command line, plain text from SDK dumps.
fn envelope(input: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted { lists: &[], fields: &["Content", "GeneratedTime"] };
    let result = walk(input, whole, WANTED, &mut |event| match event {
        Event::Object { fields, at } => {
            if let Some(content) = fields.get("Content").and_then(Value::as_str) {
                let pointer = format!("{}/Content", at.pointer.as_deref().unwrap_or_default().trim_end_matches('/'));
                enclosed(content, aws::date(fields.get("GeneratedTime")), at.line, &pointer, out);
            }
        }
        Event::Text { text, at } => enclosed(text, When::Unknown, at.line, "/", out),
        Event::Element { .. } => {}
    });
    if let Err(notice) = result {
        out.notice(notice);
    }
}

/// A file of nothing but base64, as `--query Content --output text` gives.
fn encoded(input: &mut dyn BufRead, out: &mut Out<'_>) {
    let mut text = String::new();
    match input.take(ELEMENT_MAX).read_to_string(&mut text) {
        Ok(_) => enclosed(&text, When::Unknown, Some(1), "/", out),
        Err(error) => out.notice(gap("unreadable", None, error.to_string())),
    }
}

/// A report inside a string.
fn enclosed(content: &str, as_of: When, line: Option<u64>, pointer: &str, out: &mut Out<'_>) {
    let Some(text) = unwrap_content(content) else {
        return out.notice(gap("malformed", line, "Content is neither base64 nor a credential report"));
    };
    let place =
        |record: &Record<'_>| At { line, pointer: Some(format!("{pointer} row {}", record.line)), ..At::default() };
    table(&mut text.as_slice(), &place, as_of, line, out);
}

/// The report's text, out of base64, plain text, or the `b'…'` that Python prints for bytes.
fn unwrap_content(content: &str) -> Option<Vec<u8>> {
    let content = content.trim_start_matches('\u{feff}').trim();
    let python = |quote: char| content.strip_prefix('b')?.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = python('\'').or_else(|| python('"')) {
        return Some(inner.replace("\\r", "").replace("\\n", "\n").into_bytes());
    }
    if content.contains(',') {
        return Some(content.as_bytes().to_vec());
    }
    let packed: Vec<u8> = content.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(&packed).ok()
}

/// Reads the rows. Rows of an enclosed report have the envelope's line, `outer`.
fn table(
    input: &mut dyn BufRead,
    place: &dyn Fn(&Record<'_>) -> At,
    as_of: When,
    outer: Option<u64>,
    out: &mut Out<'_>,
) {
    let mut records = match Records::new(input) {
        Ok(records) => records,
        Err(error) => return out.notice(gap("malformed", outer.or(Some(error.line)), error.message)),
    };
    if !records.has_column("arn") || !records.has_column("user") {
        return out.notice(gap("malformed", outer.or(Some(1)), "the header names no user and arn columns"));
    }
    let mut newest = When::Unknown;
    let mut root = None;
    while let Some(record) = records.next() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let message = format!("row left out, line {} of the report: {}", error.line, error.message);
                out.notice(gap("malformed", outer.or(Some(error.line)), message));
                continue;
            }
        };
        let at = place(&record);
        let Some(row) = Row::new(&record) else {
            let column = if Row::arn(&record).is_none() { "arn" } else { "user" };
            let place = record.place(column).map(|n| format!(" (column {n})")).unwrap_or_default();
            let message = format!("row left out, line {} of the report: no `{column}`{place}", record.line);
            out.notice(gap("malformed", outer.or(Some(record.line)), message));
            continue;
        };
        newest = row.dates().fold(newest, aws::latest);
        if row.root {
            root = Some((at.clone(), row.bare()));
        }
        row.facts(&at, as_of, out);
    }
    // Without the envelope nothing says when the report was made; it is no older than the newest date in it.
    if let (When::Unknown, When::At(newest), Some((at, mut fact))) = (as_of, newest, root) {
        fact.attributes.insert("report_not_before".to_owned(), newest.to_string());
        out.fact(Fact::Identity(at, fact));
    }
}

/// One user.
struct Row<'a> {
    record: &'a Record<'a>,
    arn: &'a str,
    user: &'a str,
    root: bool,
}

impl<'a> Row<'a> {
    fn new(record: &'a Record<'a>) -> Option<Self> {
        let arn = Self::arn(record)?;
        let user = record.get("user").filter(|user| !user.is_empty())?;
        let root = user == "<root_account>" || aws::resource_of_arn(arn) == Some("root");
        Some(Self { record, arn, user, root })
    }

    fn arn(record: &Record<'a>) -> Option<&'a str> {
        record.get("arn").filter(|arn| arn.starts_with("arn:"))
    }

    fn key(&self) -> IdentityKey {
        IdentityKey::new(PROVIDER, "user", self.arn)
    }

    /// A column's text, case folded; empty when there is no such column.
    fn word(&self, column: &str) -> String {
        self.record.get(column).unwrap_or_default().to_ascii_lowercase()
    }

    fn flag(&self, column: &str) -> Option<bool> {
        match self.word(column).as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// A column's date, its sentinels kept apart.
    fn date(&self, column: &str) -> When {
        match self.word(column).as_str() {
            "n/a" => When::NotApplicable,
            "no_information" => When::Never,
            "not_supported" => When::Unsupported,
            _ => self.record.get(column).map_or(When::Unknown, When::parse),
        }
    }

    /// All dates that lie before the report was made: all columns but the next rotation.
    fn dates(&self) -> impl Iterator<Item = When> {
        [
            "user_creation_time",
            "password_last_used",
            "password_last_changed",
            "access_key_1_last_rotated",
            "access_key_1_last_used_date",
            "access_key_2_last_rotated",
            "access_key_2_last_used_date",
            "cert_1_last_rotated",
            "cert_2_last_rotated",
        ]
        .into_iter()
        .map(|column| self.date(column))
    }

    fn bare(&self) -> IdentityFact {
        let name = if self.root { "root" } else { self.user };
        let mut fact = IdentityFact::new(self.key(), IdentityKind::CloudUser, PROVIDER, name);
        fact.account = aws::account_of_arn(self.arn).map(str::to_owned);
        if self.root {
            fact.attributes.insert("root".to_owned(), "true".to_owned());
        } else if let Some(account) = &fact.account {
            fact.aliases.push(aws::user_alias(account, self.user));
        }
        fact
    }

    fn facts(&self, at: &At, as_of: When, out: &mut Out<'_>) {
        let slots: Vec<CredentialFact> = (1..=2).filter_map(|slot| self.key_slot(slot, as_of)).collect();
        let active_key = slots.iter().any(|slot| slot.status == Status::Active);
        let password = self.password(as_of);
        let mut identity = self.bare();
        identity.status = Status::Active;
        identity.created = self.date("user_creation_time");
        identity.human = match self.flag("password_enabled") {
            Some(true) => Human::Yes,
            Some(false) if active_key && !self.root => Human::No,
            _ => Human::Maybe,
        };
        identity.last_used = slots.iter().map(|slot| slot.last_used).fold(self.password_last_used(), aws::latest);
        if identity.last_used == When::NotApplicable {
            // Nothing to log in with at all: whether the user did once is not in the report.
            identity.last_used = When::Unknown;
        }
        self.attributes(&mut identity);
        out.fact(Fact::Identity(at.clone(), identity));
        for credential in slots.into_iter().chain(password).chain((1..=2).filter_map(|n| self.certificate(n, as_of))) {
            out.fact(Fact::Credential(at.clone(), credential));
        }
    }

    fn attributes(&self, identity: &mut IdentityFact) {
        for column in ["mfa_active", "password_enabled"] {
            let word = self.word(column);
            if matches!(word.as_str(), "true" | "false" | "not_supported") {
                identity.attributes.insert(column.to_owned(), word);
            }
        }
        for column in ["password_last_used", "password_last_changed", "password_next_rotation"] {
            if let When::At(moment) = self.date(column) {
                identity.attributes.insert(column.to_owned(), moment.to_string());
            } else if matches!(self.word(column).as_str(), "n/a" | "no_information" | "not_supported") {
                identity.attributes.insert(column.to_owned(), self.word(column));
            }
        }
    }

    /// A key slot that is active or was: slots that never held a key are all `false` and `N/A`, while a deactivated key
    /// keeps its dates.
    fn key_slot(&self, slot: u8, as_of: When) -> Option<CredentialFact> {
        let column = |name: &str| format!("access_key_{slot}_{name}");
        let active = self.flag(&column("active"));
        let rotated = self.date(&column("last_rotated"));
        let used = self.date(&column("last_used_date"));
        if active != Some(true) && rotated.at().is_none() && used.at().is_none() {
            return None;
        }
        let mut fact = CredentialFact::new(format!("aws:access-key-slot:{}#{slot}", self.arn), ACCESS_KEY, PROVIDER);
        fact.identity = Some(self.key());
        fact.status = status(active);
        // A key is rotated by making a new one, so the two dates are one.
        fact.created = rotated;
        fact.rotated = rotated;
        // For a key that exists `N/A` says that it was never used since AWS keeps count.
        fact.last_used = if used == When::NotApplicable { When::Never } else { used };
        fact.expires = When::Never;
        fact.as_of = as_of;
        fact.attributes.insert("slot".to_owned(), slot.to_string());
        if fact.last_used == When::Never && before(rotated, KEY_TRACKING) {
            fact.attributes.insert("last_use_tracked_since".to_owned(), KEY_TRACKING.to_owned());
        }
        for name in ["last_used_service", "last_used_region"] {
            let text = self.record.get(&column(name)).unwrap_or_default();
            if !text.is_empty() && !text.eq_ignore_ascii_case("n/a") {
                fact.attributes.insert(name.to_owned(), text.to_owned());
            }
        }
        Some(fact)
    }

    fn password_last_used(&self) -> When {
        match self.date("password_last_used") {
            // `N/A` is a user without a password, `no_information` one who never used it: only with a password does that
            // say anything about the user.
            When::Never if self.flag("password_enabled") != Some(true) => When::Unknown,
            When::Unsupported => When::Unknown,
            when => when,
        }
    }

    fn password(&self, as_of: When) -> Option<CredentialFact> {
        (self.flag("password_enabled") == Some(true)).then_some(())?;
        let mut fact =
            CredentialFact::new(format!("aws:console-password:{}", self.arn), "aws-console-password", PROVIDER);
        fact.identity = Some(self.key());
        fact.status = Status::Active;
        fact.rotated = self.date("password_last_changed");
        fact.last_used = self.password_last_used();
        fact.expires = match self.date("password_next_rotation") {
            When::NotApplicable => When::Never,
            when => when,
        };
        fact.as_of = as_of;
        if fact.last_used == When::Never && before(self.date("user_creation_time"), PASSWORD_TRACKING) {
            fact.attributes.insert("last_use_tracked_since".to_owned(), PASSWORD_TRACKING.to_owned());
        }
        fact.attributes.insert("mfa_active".to_owned(), self.word("mfa_active"));
        Some(fact)
    }

    /// An active X.509 signing certificate, a long-lived credential of old SOAP interfaces.
    fn certificate(&self, slot: u8, as_of: When) -> Option<CredentialFact> {
        (self.flag(&format!("cert_{slot}_active")) == Some(true)).then_some(())?;
        let key = format!("aws:signing-certificate-slot:{}#{slot}", self.arn);
        let mut fact = CredentialFact::new(key, "aws-signing-certificate", PROVIDER);
        fact.identity = Some(self.key());
        fact.status = Status::Active;
        fact.rotated = self.date(&format!("cert_{slot}_last_rotated"));
        fact.created = fact.rotated;
        fact.as_of = as_of;
        fact.attributes.insert("slot".to_owned(), slot.to_string());
        Some(fact)
    }
}

fn status(active: Option<bool>) -> Status {
    match active {
        Some(true) => Status::Active,
        Some(false) => Status::Inactive,
        None => Status::Unknown,
    }
}

/// True unless the moment is known to lie at or after a day.
fn before(when: When, day: &str) -> bool {
    let day: Option<Timestamp> = parse_instant(day);
    match (when.at(), day) {
        (Some(moment), Some(day)) => moment < day,
        _ => true,
    }
}
