//! What the readers of Google Cloud exports share: rows in any envelope, names of resources, service accounts.
//!
//! In YAML the same rows are documents ([`super::yaml_json`]). Resource names: <https://cloud.google.com/iam/docs/full-resource-names>. `gcloud … --format=json` prints an array of all rows,
//! the REST interface pages with a list of a known name and `nextPageToken`
//! (<https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/list>).

use std::io::BufRead;

use serde_json::{Map, Value};

use super::aws;
use super::json_stream::{Event, Wanted, walk};
use super::yaml_json::as_json;
use crate::formats::{Input, Out};
use crate::model::{
    At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Status, environment, google, setting,
};

/// Provider word of all facts here.
pub const PROVIDER: &str = "gcp";

/// Kind of a service account's key, the rule that finds one in the clear.
pub const KEY: &str = "google-service-account-key";

/// Characters kept of a text of the input.
const TEXT_MAX: usize = 300;

/// Whether a head is JSON that holds all of some words.
#[must_use]
pub fn is_json_with(head: &str, words: &[&str]) -> bool {
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with(['{', '[']) && words.iter().all(|word| head.contains(word))
}

/// What reads a row: its fields, its place, whether it is certain to be one, and where facts go. It says whether it could read it.
pub type Row<'r> = dyn FnMut(&Map<String, Value>, At, bool, &mut Out<'_>) -> bool + 'r;

/// Hands over every row: the elements of the wanted lists, which are certain to be some, and objects with a wanted field wherever
/// they are. False when more exists than they tell.
pub fn rows(input: &Input<'_>, reader: &mut dyn BufRead, wanted: Wanted, out: &mut Out<'_>, row: &mut Row<'_>) -> bool {
    const TOKEN: &str = "nextPageToken";
    // Line of a page that says that there are more, until a further page comes.
    let mut cut: Option<Option<u64>> = None;
    let (mut reader, converted) = match as_json(reader) {
        Ok(reader) => reader,
        Err(error) => {
            out.notice(aws::gap("unreadable", None, error.to_string()));
            return false;
        }
    };
    let whole = !input.text.is_empty() && !converted;
    let result = walk(&mut *reader, whole, wanted, &mut |event| {
        let (read, at) = match event {
            Event::Element { value: Value::Object(fields), at, .. } => (row(&fields, at.clone(), true, out), at),
            Event::Element { at, .. } => (false, at),
            Event::Object { fields, at } => {
                let more = fields.get(TOKEN).and_then(Value::as_str).is_some_and(|token| !token.is_empty());
                if more {
                    cut = Some(at.line);
                } else if fields.keys().all(|name| name == TOKEN) {
                    cut = None;
                }
                row(&fields, at, false, out);
                return;
            }
            Event::Text { .. } => return,
        };
        if !read {
            // Of what was no JSON, lines are those of the file and columns are not.
            let at = if converted { At { column: None, ..at } } else { at };
            let place = at.pointer.as_deref().unwrap_or_default().to_owned();
            let message = format!("the row at {place} names nothing that could be read; the others were");
            out.notice(aws::gap_at("unreadable-row", &at, message));
        }
    });
    let all = result.is_ok() && cut.is_none();
    if let Err(notice) = result {
        out.notice(notice);
    }
    if let Some(line) = cut {
        let message = "the last page has a nextPageToken: more exists than this export lists";
        out.notice(aws::gap("truncated-export", line, message));
    }
    all
}

/// A text field of a row.
#[must_use]
pub fn text<'m>(row: &'m Map<String, Value>, field: &str) -> Option<&'m str> {
    row.get(field).and_then(Value::as_str)
}

/// The first characters of a text.
#[must_use]
pub fn clip(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// What follows a collection in a resource's name: `x` for `serviceAccounts` in `…/serviceAccounts/x/keys/y`.
#[must_use]
pub fn part<'n>(name: &'n str, collection: &str) -> Option<&'n str> {
    let mut parts = name.split('/');
    parts.find(|part| *part == collection)?;
    parts.next().filter(|part| !part.is_empty())
}

/// Whether a text is the number that Google gives an account or a project.
#[must_use]
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Key of a service account by its address or its unique id.
#[must_use]
pub fn account_key(id: &str) -> IdentityKey {
    match is_number(id) {
        true => IdentityKey::new(PROVIDER, "unique-id", id),
        false => IdentityKey::new(PROVIDER, "service-account", &id.to_ascii_lowercase()),
    }
}

/// Whether a text is the address of a service account.
#[must_use]
pub fn is_account(text: &str) -> bool {
    let domain = text.split_once('@').filter(|(name, _)| !name.is_empty()).map(|(_, domain)| domain);
    domain.is_some_and(|domain| domain.ends_with("gserviceaccount.com")) && text.len() <= 320
}

/// A service account with what its address tells.
#[must_use]
pub fn account(id: &str) -> IdentityFact {
    let name = id.to_ascii_lowercase();
    let mut fact = IdentityFact::new(account_key(id), IdentityKind::ServiceAccount, PROVIDER, &name);
    fact.human = Human::No;
    if let Some(project) = google::project_of(&name) {
        place(&mut fact, &project);
    }
    if let Some(platform) = google::default_of(&name) {
        fact.attributes.insert("default".to_owned(), platform.to_owned());
    }
    if google::is_managed(&name) {
        fact.attributes.insert("managed_by".to_owned(), "google".to_owned());
    }
    fact
}

/// Says which project an identity belongs to.
pub fn place(fact: &mut IdentityFact, project: &str) {
    let class = environment::classify("project", project);
    if class.class != crate::model::EnvironmentClass::Unknown {
        fact.environment = class;
    }
    fact.account = Some(project.to_owned());
}

/// A service account as the provider lists it: `ServiceAccount` of
/// <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>, in which an absent `disabled` is false. False
/// when the row has neither address nor number.
pub fn listed_account(row: &Map<String, Value>, at: &At, out: &mut Out<'_>) -> bool {
    let named = text(row, "name").and_then(|name| part(name, "serviceAccounts"));
    let email = text(row, "email").filter(|email| email.contains('@')).or(named.filter(|name| name.contains('@')));
    let number = text(row, "uniqueId").or(named).filter(|id| is_number(id));
    let Some(id) = email.or(number) else { return false };
    let mut fact = account(id);
    if let Some(number) = number.filter(|number| *number != id) {
        fact.aliases.push(account_key(number));
    }
    let project = text(row, "projectId").or_else(|| text(row, "name").and_then(|name| part(name, "projects")));
    let project = project.filter(|project| !is_number(project) && *project != "-");
    if let Some(project) = project {
        place(&mut fact, project);
    }
    fact.status = match row.get("disabled") {
        Some(Value::Bool(true)) => Status::Inactive,
        Some(Value::Bool(false)) | None => Status::Active,
        Some(_) => Status::Unknown,
    };
    if let Some(name) = text(row, "displayName").filter(|name| !name.trim().is_empty()) {
        fact.attributes.insert("display_name".to_owned(), clip(name.trim()));
        if fact.environment.class == crate::model::EnvironmentClass::Unknown {
            fact.environment = environment::of_name("display name", &clip(name.trim()));
        }
    }
    let numbered = email.and_then(|email| email.strip_suffix("-compute@developer.gserviceaccount.com"));
    if let (Some(project), Some(number)) = (project, numbered.filter(|number| is_number(number))) {
        out.fact(Fact::Setting(at.clone(), SettingFact::new(setting::PROJECT_NUMBER, number, project)));
    }
    out.fact(Fact::Identity(at.clone(), fact));
    true
}
