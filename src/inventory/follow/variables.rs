//! Variables that GitLab keeps and the pipelines that take them in: which files of a project's pipelines name one, and which
//! job holds which.
//!
//! A list tells its project by the path that it is kept under, as a path or as a number. A number, or nothing at all, is taken
//! for the one project whose pipelines are among the inputs; where there are more, nothing is said. A variable is given to a job
//! when its environment scope takes in the job's environment (<https://docs.gitlab.com/ci/environments/#limit-the-environment-scope-of-a-cicd-variable>).

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Finder, place_of, place_of_job};
use super::graph::Place;
use super::parts;
use crate::model::{AuthMode, Inventory, Setting, setting};

const PREFIX: &str = "gitlab:job:";

/// Longest environment and scope that are compared.
const NAME_MAX: usize = 255;

/// What the pipelines of one project name.
#[derive(Default)]
struct Project<'t> {
    /// Files by name that is in them.
    names: BTreeMap<&'t str, u64>,
    files: u64,
    /// Whether there is more to its pipelines than these files.
    open: bool,
}

/// A project: its archive and its path in small letters, empty when unknown.
type Key = (Option<String>, String);

/// Says of stored variables where they are named, and of jobs what they hold.
pub(super) fn join(inventory: &mut Inventory, told: &[Setting]) {
    if !inventory.settings.iter().any(|s| s.name == setting::STORED_VARIABLE) {
        return;
    }
    let projects = projects(told);
    hold(inventory, &projects);
    for stored in inventory.settings.iter_mut().filter(|s| s.name == setting::STORED_VARIABLE) {
        let all: Vec<&Project<'_>> =
            projects.iter().filter(|(key, _)| gives(stored, key, projects.len())).map(|(_, project)| project).collect();
        let files: u64 = all.iter().map(|project| project.files).sum();
        // Files tell no other names.
        if files == 0 || !setting::is_plain_name(&stored.subject) || all.iter().any(|project| project.open) {
            continue;
        }
        let named: u64 = all.iter().filter_map(|project| project.names.get(stored.subject.as_str())).sum();
        stored.attributes.insert("pipelines".to_owned(), files.to_string());
        stored.attributes.insert("named".to_owned(), named.to_string());
    }
}

fn projects(told: &[Setting]) -> BTreeMap<Key, Project<'_>> {
    let key = |place: &Place| (place.0.clone(), place.1.to_ascii_lowercase());
    let mut projects: BTreeMap<Key, Project<'_>> = BTreeMap::new();
    let mut places: BTreeMap<Place, usize> = BTreeMap::new();
    for fact in told.iter().filter(|fact| fact.name == setting::NAMES_READ) {
        let place = place_of(fact).0;
        let project = projects.entry(key(&place)).or_default();
        let next = places.len();
        // The same file may have been read twice.
        if places.insert(place, next).is_some() {
            continue;
        }
        project.files += 1;
        project.open |= fact.attributes.contains_key("open");
        for name in fact.attributes.get("names").map(|names| parts(names)).into_iter().flatten() {
            *project.names.entry(name).or_default() += 1;
        }
    }
    let mut finder = Finder::new(&places);
    let included =
        |fact: &&Setting| fact.attributes.get("kind").is_some_and(|kind| kind == "include" || kind == "child");
    for fact in told.iter().filter(|fact| fact.name == setting::CALLS).filter(included) {
        let (place, top) = place_of(fact);
        if let Some(project) = projects.get_mut(&key(&place))
            && finder.find(&place, &top, &fact.value).is_empty()
        {
            project.open = true;
        }
    }
    projects
}

/// Whether the pipelines of a project, one of so many, take in a stored variable.
fn gives(stored: &Setting, (_, path): &Key, projects: usize) -> bool {
    let number = |of: &str| of.bytes().all(|b| b.is_ascii_digit());
    let of = stored.attributes.get("project").map_or("", String::as_str).to_ascii_lowercase();
    match of.split_once(' ') {
        // Whether a project is below a group of which the number alone is known is not known.
        Some(("group", group)) if number(group) => true,
        Some(("group", group)) => {
            path.strip_prefix(group).is_some_and(|rest| rest.starts_with('/')) || (path.is_empty() && projects == 1)
        }
        Some(("project", own)) if !number(own) && !path.is_empty() => own == path,
        _ => projects == 1,
    }
}

/// Says of usages under which variable the credential is kept, where it is known.
fn hold(inventory: &mut Inventory, projects: &BTreeMap<Key, Project<'_>>) {
    let mut stored: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
    for told in inventory.settings.iter().filter(|s| s.name == setting::STORED_VARIABLE) {
        stored.entry(&told.subject).or_default().push(told);
    }
    let jobs: BTreeMap<_, _> = inventory
        .identities
        .iter()
        .filter_map(|job| {
            let (place, _) = place_of_job(job, PREFIX)?;
            let key = (place.0, place.1.to_ascii_lowercase());
            Some((&job.id, (key, job.attributes.get("environment").map(String::as_str))))
        })
        .collect();
    let mut marks: Vec<(usize, String)> = Vec::new();
    for (at, usage) in inventory.usages.iter().enumerate().filter(|(_, usage)| usage.mode == AuthMode::Referenced) {
        let Some((key, environment)) = usage.identity.as_ref().and_then(|id| jobs.get(id)) else { continue };
        // What a store outside holds is no variable.
        let fetched = usage.mechanism.starts_with("secrets.");
        let Some(all) = usage.credential.as_deref().filter(|_| !fetched).and_then(|name| stored.get(name)) else {
            continue;
        };
        let here = all.iter().filter(|told| gives(told, key, projects.len()) && scoped(&told.value, *environment));
        let words: BTreeSet<String> = here.map(|told| described(told)).collect();
        if !words.is_empty() {
            marks.push((at, words.into_iter().take(4).collect::<Vec<_>>().join("; ")));
        }
    }
    for (at, words) in marks {
        if let Some(usage) = inventory.usages.get_mut(at) {
            usage.attributes.insert("variable".to_owned(), words);
        }
    }
}

/// A variable in words: `project 42, every environment, not protected, masked`.
fn described(told: &Setting) -> String {
    let text = |name: &str| told.attributes.get(name).map_or("", String::as_str);
    let mut words: Vec<String> = Vec::new();
    words.extend(Some(text("project").to_owned()).filter(|project| !project.is_empty()));
    words.push(match told.value.as_str() {
        "*" => "every environment".to_owned(),
        scope => format!("environment {scope}"),
    });
    let flags = [("protected", "protected", "not protected"), ("masked", "masked", "not masked")];
    for (name, yes, no) in flags {
        words.extend(
            Some(if text(name) == "true" { yes } else { no }).filter(|_| !text(name).is_empty()).map(str::to_owned),
        );
    }
    words.extend(Some("hidden".to_owned()).filter(|_| text("hidden") == "true"));
    words.join(", ")
}

/// Whether a scope takes in an environment; one whose name is not known before the job runs may be any.
fn scoped(scope: &str, environment: Option<&str>) -> bool {
    match environment {
        _ if scope == "*" => true,
        None => false,
        Some(environment) if environment.contains('$') => true,
        Some(environment) => fits(scope, environment),
    }
}

/// Whether a text fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, text: &str) -> bool {
    if pattern.len() > NAME_MAX || text.len() > NAME_MAX {
        return false;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pattern.rsplit_once('*').map(|(_, last)| last) else { return rest.is_empty() };
    let middle: Vec<&str> = parts.collect();
    for part in middle.iter().take(middle.len().saturating_sub(1)) {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_take_in_environments_by_name_or_pattern() {
        for (scope, environment, want) in [
            ("*", None, true),
            ("production", Some("production"), true),
            ("production", Some("production-eu"), false),
            ("production", None, false),
            ("review/*", Some("review/feature-1"), true),
            ("review/*", Some("review"), false),
            ("*/eu/*", Some("prod/eu/1"), true),
            ("*/eu", Some("prod/us"), false),
            ("staging", Some("$CI_COMMIT_REF_SLUG"), true),
        ] {
            assert_eq!(scoped(scope, environment), want, "{scope} {environment:?}");
        }
    }
}
