//! The demonstration that README shows: a small repository that leaks a key, and the exports of the account it opens.
//!
//! Everything is made of the templates below `tests/fixtures/demo/`, with fixed seeds and one commit of a fixed time, so
//! that every run of keyroll on it writes the same bytes. No value in it opens anything.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use super::fixture;

/// Makes a directory the repository, with the exports in `exports/`, which it ignores.
pub fn build(at: &Path) {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/demo");
    fill(&templates.join("shop"), at);
    commit(at);
    fill(&templates.join("exports"), &at.join("exports"));
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

/// Makes a directory a repository with one commit that holds everything.
fn commit(at: &Path) {
    let mut options = git2::RepositoryInitOptions::new();
    options.initial_head("main").external_template(false);
    let repository = git2::Repository::init_opts(at, &options).unwrap();
    repository.remote("origin", "https://github.com/acme/shop.git").unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::FORCE, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = git2::Signature::new("A. Shopkeeper", "shop@example.com", &git2::Time::new(1_740_000_000, 0)).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "Open the shop", &tree, &[]).unwrap();
}
