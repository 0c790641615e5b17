//! The demonstration that README shows, and the incidents of `docs/incidents.md`: repositories and exports made of templates.
//!
//! The demonstration is a small repository in which a key was committed and taken out again, and the exports of the account that it
//! opens. Of each incident there is the state before it and the one after what keyroll advises. Everything is made of the templates
//! below `tests/fixtures/demo/` and `tests/fixtures/incidents/`, with fixed seeds and commits of fixed times, so that every run of
//! keyroll on it writes the same bytes. No value in it opens anything.
//!
//! Folders that begin with a number are commits, each with the whole tree; the others lie beside what is committed.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use super::fixture;

/// Makes a directory the demonstration's repository, with the exports in `exports/`, which it ignores.
pub fn build(at: &Path) {
    let templates = fixtures().join("demo");
    history(at, &[&templates], "https://github.com/acme/shop.git", &[1_740_000_000, 1_741_600_000]);
    beside(at, &templates);
}

/// An incident: what it is called, where its repository is, and when its commits were made.
struct Incident {
    name: &'static str,
    origin: &'static str,
    times: &'static [i64],
}

const INCIDENTS: [Incident; 3] = [
    Incident { name: "plugin", origin: "", times: &[] },
    Incident { name: "tenant", origin: "", times: &[] },
    Incident {
        name: "tracker",
        origin: "https://github.com/acme/plant-tools.git",
        times: &[1_680_000_000, 1_725_000_000, 1_730_900_000],
    },
];

/// Makes a directory what was there before an incident (`before`), or after what was advised (`after`).
pub fn incident(name: &str, state: &str, at: &Path) {
    let of = INCIDENTS.iter().find(|incident| incident.name == name).expect("an incident of the list");
    let folder = |state: &str| fixtures().join("incidents").join(name).join(state);
    let (before, after) = (folder("before"), folder("after"));
    let states: &[&Path] = if state == "before" { &[&before] } else { &[&before, &after] };
    if !of.times.is_empty() {
        history(at, states, of.origin, of.times);
    }
    beside(at, &folder(state));
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The folders of a template, commits or not, sorted.
fn folders(templates: &Path, commits: bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(templates) else { return Vec::new() };
    let is_commit = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with(|c: char| c.is_ascii_digit());
    let mut all: Vec<PathBuf> =
        entries.map(|e| e.unwrap().path()).filter(|p| p.is_dir() && is_commit(p) == commits).collect();
    all.sort();
    all
}

fn beside(at: &Path, templates: &Path) {
    for folder in folders(templates, false) {
        fill(&folder, &at.join(folder.file_name().unwrap()));
    }
}

fn fill(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|e| e.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            fill(&entry, &target);
        } else {
            // A checkout may have changed line ends.
            let template = fs::read_to_string(&entry).unwrap().replace("\r\n", "\n");
            fs::write(target, fixture::expand(&template)).unwrap();
        }
    }
}

/// Makes a directory a repository with a commit for each folder.
fn history(at: &Path, templates: &[&Path], origin: &str, times: &[i64]) {
    let mut options = git2::RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repository = git2::Repository::init_opts(at, &options).unwrap();
    repository.remote("origin", origin).unwrap();
    let commits: Vec<PathBuf> = templates.iter().flat_map(|folder| folders(folder, true)).collect();
    assert!(commits.len() <= times.len(), "a time for each commit");
    for (folder, time) in commits.iter().zip(times) {
        for entry in fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).filter(|p| !p.ends_with(".git")) {
            if entry.is_dir() { fs::remove_dir_all(entry).unwrap() } else { fs::remove_file(entry).unwrap() }
        }
        fill(folder, at);
        commit(&repository, folder, *time);
    }
}

fn commit(repository: &git2::Repository, folder: &Path, time: i64) {
    let mut index = repository.index().unwrap();
    index.clear().unwrap();
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = git2::Signature::new("A. Shopkeeper", "shop@example.com", &git2::Time::new(time, 0)).unwrap();
    let name = folder.file_name().unwrap().to_string_lossy();
    let message = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').replace('-', " ");
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, &message, &tree, &parents).unwrap();
}
