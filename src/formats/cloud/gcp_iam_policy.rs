//! Allow policies of Google Cloud as `get-iam-policy` prints them, of a project, a folder, an organization or a service account.
//!
//! Shape: <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>. The output does not name its resource. A file of one policy
//! tells it by name, `iam-policy-PROJECT.json` or `PROJECT/iam-policy.json`; a map of policies by its keys; other tools put the
//! project beside the bindings. What none of them tells is not guessed.

use std::io::BufRead;

use serde_json::{Map, Value};

use super::gcp;
use super::gcp_policy::{Bindings, Scope, members, read as read_bindings, told_by_roles};
use super::json_stream::Wanted;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, RepoPath, google};

/// The format.
pub static FORMAT: Format = Format {
    id: "gcp-iam-policy",
    name: "Google Cloud IAM policy",
    command: "gcloud projects get-iam-policy PROJECT --format=json > iam-policy-PROJECT.json",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

fn claims(_path: &RepoPath, head: &str) -> bool {
    let head = &*super::yaml_json::head(head);
    if !gcp::is_json_with(head, &[])
        || ["\"assetType\"", "\"asset_type\"", "\"apiVersion\"", "\"terraform_version\""]
            .iter()
            .any(|other| head.contains(other))
    {
        return false;
    }
    let all = |words: &[&str]| words.iter().all(|word| head.contains(word));
    let kinds = ["serviceAccount:", "user:", "group:", "domain:", "principal", "deleted:", "project", "all"];
    let member = || kinds.iter().any(|kind| head.contains(&format!("\"{kind}")));
    let audited = all(&["\"auditConfigs\"", "\"auditLogConfigs\""]);
    all(&["\"bindings\"", "\"members\""]) && member() || audited
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, out);
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    const WANTED: Wanted =
        Wanted { lists: &["bindings"], fields: &["resource", "name", "project", "projectId", "email"] };
    let mut held = Held { file: input.path.display(), place: String::new(), bindings: Vec::new(), beside: Map::new() };
    gcp::rows(input, reader, WANTED, out, &mut |row, at, element, out| match element {
        true => held.binding(row, at, out),
        false => {
            held.object(row, &at, out);
            true
        }
    });
    held.flush(out);
}

/// Bindings that are held until what stands around them has been read; more than any policy can have are read without.
const HELD_MAX: usize = 10_000;

/// The policy that is being read.
struct Held {
    file: String,
    /// Pointer to the object that holds the bindings.
    place: String,
    bindings: Vec<(Value, At)>,
    /// Fields of that object and of the one around it.
    beside: Map<String, Value>,
}

impl Held {
    /// One binding. False when it names no role.
    fn binding(&mut self, row: &Map<String, Value>, at: At, out: &mut Out<'_>) -> bool {
        let pointer = at.pointer.as_deref().unwrap_or_default();
        let place = pointer.rsplit_once("/bindings").map_or(pointer, |(place, _)| place).to_owned();
        if place != self.place || self.bindings.len() >= HELD_MAX {
            self.flush(out);
        }
        self.place = place;
        self.bindings.push((Value::Object(row.clone()), at));
        row.get("role").is_some_and(Value::is_string)
    }

    /// The end of an object: of the policy, of what holds the policy, or of something else.
    fn object(&mut self, row: &Map<String, Value>, at: &At, out: &mut Out<'_>) {
        if self.bindings.is_empty() {
            return;
        }
        let pointer = at.pointer.as_deref().unwrap_or_default();
        let pointer = pointer.strip_suffix('/').unwrap_or(pointer);
        let inner = self.place.rsplit_once('/').filter(|(_, step)| matches!(*step, "policy" | "iamPolicy"));
        if pointer == self.place {
            self.beside.extend(row.clone());
            if inner.is_none() {
                self.flush(out);
            }
        } else if inner.is_some_and(|(outer, _)| outer == pointer) {
            self.beside.extend(row.clone());
            self.flush(out);
        }
    }

    fn flush(&mut self, out: &mut Out<'_>) {
        let bindings = std::mem::take(&mut self.bindings);
        let beside = std::mem::take(&mut self.beside);
        if !bindings.is_empty() {
            read_bindings(&bindings, &scope(&beside, &self.place, &self.file, &bindings), out);
        }
    }
}

/// What a policy is of: what stands beside it, then what it stands under, then the file's name, then its own roles.
fn scope(beside: &Map<String, Value>, place: &str, path: &str, whole: &Bindings) -> Scope {
    let by_roles = told_by_roles(whole);
    let full = ["resource", "name", "email"].iter().filter_map(|name| gcp::text(beside, name)).find_map(named);
    let project = ["projectId", "project"].iter().filter_map(|name| gcp::text(beside, name));
    let project = || project.clone().find_map(|name| named(name).or_else(|| project_named(name)));
    // A map may be one of buckets.
    let fits = |name: &str| by_roles == Scope::Unnamed || has_member_of(whole, name);
    let steps = || place.rsplit('/').map(unescape);
    let under = || steps().find_map(|step| named(&step).or_else(|| project_named(&step).filter(|_| fits(&step))));
    full.or_else(project).or_else(under).or_else(|| of_path(path, whole)).unwrap_or(by_roles)
}

/// A step of a JSON pointer as it is written in the document.
fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The resource that a full name, a path or an address is certain to be of.
fn named(name: &str) -> Option<Scope> {
    if name.starts_with("//") {
        return Some(Scope::of_name(name));
    }
    if let Some(account) = name.rsplit('/').next().filter(|last| gcp::is_account(last)) {
        return Some(Scope::Account(account.to_ascii_lowercase()));
    }
    let (kind, id) = name.split_once('/')?;
    let number = gcp::is_number(id);
    match kind {
        "projects" if number || is_name_of_project(id) => Some(Scope::Project(id.to_owned())),
        "folders" if number => Some(Scope::Folder(id.to_owned())),
        "organizations" if number => Some(Scope::Organization(id.to_owned())),
        _ => None,
    }
}

fn project_named(name: &str) -> Option<Scope> {
    is_name_of_project(name).then(|| Scope::Project(name.to_owned()))
}

/// Whether a policy binds a service account of a project.
fn has_member_of(whole: &Bindings, project: &str) -> bool {
    let accounts = members(whole).filter_map(|member| member.strip_prefix("serviceAccount:"));
    accounts.filter_map(google::project_of).any(|of| of == project)
}

/// Words that name what is in a file or folder, and no project.
const GENERIC: &[&str] = &[
    "accounts",
    "bindings",
    "bucket",
    "config",
    "configs",
    "current",
    "backup",
    "backups",
    "export",
    "exports",
    "folder",
    "gcloud",
    "google",
    "google-cloud",
    "iam-policies",
    "iam-policy",
    "iampolicy",
    "infrastructure",
    "inputs",
    "json-dumps",
    "latest",
    "organization",
    "output",
    "outputs",
    "policies",
    "policy",
    "project",
    "projects",
    "resources",
    "results",
    "security",
    "service-accounts",
    "terraform",
];

fn is_name_of_project(text: &str) -> bool {
    let (domain, id) = text.rsplit_once(':').map_or(("", text), |(domain, id)| (domain, id));
    google::is_project(id) && !GENERIC.contains(&id) && (domain.is_empty() || domain.contains('.'))
}

/// What the file's name or its folder says. A name that does not follow the pattern counts when a member of the policy is of the
/// project that it would be.
fn of_path(path: &str, whole: &Bindings) -> Option<Scope> {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    // An address is cut by no dot.
    let address = file.split(['_', '=', ' ']).chain([file]).find_map(|part| {
        let end = part.find(".gserviceaccount.com")? + ".gserviceaccount.com".len();
        let text = part.get(..end)?;
        let prefix =
            ["sa-iam-policy-", "iam-policy-", "sa-policy-", "policy-"].iter().find_map(|p| text.strip_prefix(p));
        Some(prefix.unwrap_or(text)).filter(|text| gcp::is_account(text))
    });
    if let Some(address) = address {
        return Some(Scope::Account(address.to_ascii_lowercase()));
    }
    let stem = file.split('.').next().unwrap_or_default();
    let bare = matches!(stem, "iam-policy" | "iam_policy" | "iampolicy" | "policy");
    let prefixed =
        ["iam-policy-", "iam_policy_", "iam-policy_", "iam_policy-"].iter().find_map(|p| stem.strip_prefix(p));
    let numbered = |text: &str| {
        let (kind, id) = text.rsplit_once(['-', '_'])?;
        match kind.rsplit(['-', '_']).next()? {
            "folder" | "folders" if gcp::is_number(id) => Some(Scope::Folder(id.to_owned())),
            "organization" | "organizations" | "org" if gcp::is_number(id) => Some(Scope::Organization(id.to_owned())),
            _ => None,
        }
    };
    if let Some(scope) = numbered(stem).or_else(|| numbered(folder).filter(|_| bare)) {
        return Some(scope);
    }
    // Cloud Storage and BigQuery bind the holders of basic roles: such a policy is not the project's.
    if members(whole).any(|member| member.starts_with("project") && !member.contains('@')) {
        return None;
    }
    let sure = prefixed.or(Some(folder).filter(|_| bare)).filter(|name| is_name_of_project(name));
    let suffixes = ["-iam-policy", "_iam_policy", "_iam-policy", "-policy", "_policy", "-iam", "_iam"];
    let doubtful = suffixes.iter().find_map(|suffix| stem.strip_suffix(suffix)).unwrap_or(stem);
    let of_member = |name: &&str| has_member_of(whole, name);
    let doubtful = [doubtful, folder].into_iter().filter(|name| is_name_of_project(name)).find(of_member);
    sure.or(doubtful).map(|project| Scope::Project(project.to_owned()))
}
