//! AWS access-key listings: `list-access-keys`, `create-access-key` and `get-access-key-last-used` output in any envelope.
//!
//! Shapes: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html> and
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>. One call lists one user, so people
//! save arrays, JSONL and concatenations of them. The secret half of a key, which `create-access-key` prints, is skipped
//! unread. The last-used answer does not repeat the key's id: it tells the last use of the user.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws::{self, ACCESS_KEY, PROVIDER};
use super::json_stream::{Event, Wanted, walk};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, CredentialFact, Fact, IdentityFact, IdentityKey, IdentityKind, RepoPath, Status, When};

/// The format.
pub static FORMAT: Format = Format {
    id: "aws-access-keys",
    name: "AWS access-key listing",
    command: "aws iam list-access-keys --user-name NAME --output json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

/// Users whose last use is held back to the end of the input, to merge the answers for both of their keys.
const HELD_MAX: usize = 100_000;

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with(['{', '[']) {
        return false;
    }
    let row = ["\"AccessKeyId\"", "\"UserName\"", "\"Status\""].iter().all(|name| head.contains(name));
    row || head.contains("\"AccessKeyMetadata\"") || head.contains("\"AccessKeyLastUsed\"")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    const WANTED: Wanted = Wanted {
        lists: &[],
        fields: &["AccessKeyId", "UserName", "Status", "CreateDate", "AccessKeyLastUsed", "IsTruncated"],
    };
    let mut reading =
        Reading { file: input.path.display(), out, accounts: BTreeSet::new(), users: BTreeMap::new(), cut: None };
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
    file: String,
    out: &'o mut Out<'a>,
    /// Accounts seen; two are enough to know that there is more than one.
    accounts: BTreeSet<String>,
    /// Last use by user name, with the place of its first answer.
    users: BTreeMap<String, (At, When)>,
    /// Line of a page that says that there are more, until a further page comes.
    cut: Option<Option<u64>>,
}

impl Reading<'_, '_> {
    fn object(&mut self, fields: &Map<String, Value>, at: At) {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        if let Some(truncated) = fields.get("IsTruncated") {
            self.cut = (truncated == &Value::Bool(true)).then_some(at.line);
        }
        let used = fields.get("AccessKeyLastUsed").map(last_used);
        match (text("AccessKeyId"), text("UserName"), used) {
            (Some(id), user, used) if is_key_id(id) => self.key(id, user, used, fields, at),
            (None, Some(user), Some(used)) => self.user(user, used, at),
            _ => {}
        }
    }

    fn key(&mut self, id: &str, user: Option<&str>, used: Option<When>, fields: &Map<String, Value>, at: At) {
        let mut fact = CredentialFact::new(format!("aws:access-key:{id}"), ACCESS_KEY, PROVIDER);
        fact.status = match fields.get("Status").and_then(Value::as_str) {
            Some(word) if word.eq_ignore_ascii_case("active") => Status::Active,
            Some(word) if word.eq_ignore_ascii_case("inactive") => Status::Inactive,
            _ => Status::Unknown,
        };
        fact.created = aws::date(fields.get("CreateDate"));
        fact.rotated = fact.created;
        fact.expires = When::Never;
        fact.last_used = used.unwrap_or_default();
        if let Some(user) = user {
            fact.attributes.insert("user_name".to_owned(), user.to_owned());
        }
        let account = aws::account_of_key(id);
        if let Some(account) = &account {
            fact.attributes.insert("account".to_owned(), account.clone());
            if self.accounts.len() < 2 {
                self.accounts.insert(account.clone());
            }
        }
        if let (Some(account), Some(user)) = (&account, user) {
            fact.identity = Some(aws::user_alias(account, user));
            self.out.fact(Fact::Identity(at.clone(), owner_of_key(account, user)));
        }
        self.out.fact(Fact::Credential(at, fact));
    }

    fn user(&mut self, user: &str, used: When, at: At) {
        if let Some((_, known)) = self.users.get_mut(user) {
            *known = aws::latest(*known, used);
        } else {
            self.users.insert(user.to_owned(), (at, used));
        }
        if self.users.len() > HELD_MAX {
            self.flush();
        }
    }

    /// Last uses name no account. When every key id in the input is of one account it is that one; else the user is known
    /// within this input only, so that equal names in two accounts never become one.
    fn flush(&mut self) {
        let account = match self.accounts.iter().collect::<Vec<_>>().as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        };
        for (user, (at, used)) in std::mem::take(&mut self.users) {
            let mut fact = match &account {
                Some(account) => owner_of_key(account, &user),
                None => {
                    let key = IdentityKey::new(PROVIDER, "user-name", &format!("{}#{user}", self.file));
                    IdentityFact::new(key, IdentityKind::CloudUser, PROVIDER, &user)
                }
            };
            fact.last_used = used;
            self.out.fact(Fact::Identity(at, fact));
        }
    }

    fn finish(mut self) {
        self.flush();
        if let Some(line) = self.cut {
            let message = "the last page says IsTruncated: more keys exist than this export lists";
            self.out.notice(aws::gap("truncated-export", line, message));
        }
    }
}

/// The user that a key names, without what only an ARN would tell.
fn owner_of_key(account: &str, user: &str) -> IdentityFact {
    let mut fact = IdentityFact::new(aws::user_alias(account, user), IdentityKind::CloudUser, PROVIDER, user);
    fact.account = Some(account.to_owned());
    // The path of the user is not in the listing, so this is a guess that users outside `/` break.
    fact.attributes.insert("likely_identity".to_owned(), format!("arn:aws:iam::{account}:user/{user}"));
    fact
}

/// The last use in an `AccessKeyLastUsed` object. Keys without any have the service and region `N/A` and no date.
fn last_used(object: &Value) -> When {
    match aws::date(object.get("LastUsedDate")) {
        When::Unknown => {
            let none = |field: &str| aws::text(object, field).is_some_and(|text| text.eq_ignore_ascii_case("n/a"));
            if none("Region") || none("ServiceName") || aws::text(object, "LastUsedDate") == Some("N/A") {
                When::Never
            } else {
                When::Unknown
            }
        }
        when => when,
    }
}

/// True for a long-lived access-key id
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes>).
fn is_key_id(text: &str) -> bool {
    text.starts_with("AKIA") && (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}
