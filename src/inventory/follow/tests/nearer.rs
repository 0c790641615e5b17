//! What a job of GitLab says in place of what it extends or includes.

use super::*;

fn static_of(found: &Inventory, end: &str) -> Vec<String> {
    shown(found, end).into_iter().filter(|usage| usage.starts_with("static")).collect()
}

#[test]
fn a_variable_that_a_job_fills_from_elsewhere_is_not_the_literal_of_an_included_file() {
    let base = ".push:\n  variables: {TWINE_PASSWORD: abcd1234efgh, NPM_TOKEN: ijkl5678mnop}\n";
    let root = "include: [ci/base.gitlab-ci.yml]\na:\n  extends: .push\n  script: [make]\n  variables: {TWINE_PASSWORD: $STORED_PASSWORD}\nb:\n  extends: .push\n  script: [make]\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    assert_eq!(shown(&found, "#a"), ["referenced stored_password twine_password", "static  npm_token"]);
    assert_eq!(static_of(&found, "#b"), ["static  npm_token", "static  twine_password"]);
}

#[test]
fn the_nearest_of_several_files_gives_a_variable_its_value() {
    let root = "include: [ci/near.gitlab-ci.yml, ci/far.gitlab-ci.yml]\na: {extends: .near, script: [make]}\n";
    let near = ".near:\n  extends: .far\n  variables: {NPM_TOKEN: $STORED_TOKEN}\n";
    let far = ".far:\n  variables: {NPM_TOKEN: abcd1234efgh}\n";
    let found = joined(&[(ROOT, root), ("ci/near.gitlab-ci.yml", near), ("ci/far.gitlab-ci.yml", far)]);
    assert_eq!(shown(&found, "#a"), ["referenced stored_token npm_token"]);
}

#[test]
fn variables_of_the_including_file_hide_those_for_all_of_an_included_one_and_a_jobs_own_stay() {
    let root = "include: [ci/base.gitlab-ci.yml]\nvariables: {NPM_TOKEN: $STORED_TOKEN}\na: {script: [make]}\n";
    let base = "variables: {NPM_TOKEN: abcd1234efgh}\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    assert_eq!(shown(&found, "#a"), ["referenced stored_token npm_token"]);
    // What a job extends is nearer than what is set for all.
    let root =
        "include: [ci/base.gitlab-ci.yml]\nvariables: {NPM_TOKEN: $STORED_TOKEN}\na: {extends: .x, script: [make]}\n";
    let base = ".x:\n  variables: {NPM_TOKEN: abcd1234efgh}\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    assert_eq!(static_of(&found, "#a"), ["static  npm_token"]);
}

#[test]
fn an_image_that_only_says_how_it_is_started_has_the_name_that_it_extends() {
    let root = "include: [ci/base.gitlab-ci.yml]\na:\n  extends: .tool\n  image: {entrypoint: ['']}\n  script: [push $NPM_TOKEN]\nb:\n  extends: .tool\n  image: own:2\n  script: [make]\n";
    let base = ".tool:\n  extends: .deep\n  image: {pull_policy: always}\n.deep:\n  image: {name: 'acme/tool:1'}\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    let images = |end: &str| -> Vec<&str> {
        let all = found.third_parties.iter().filter(|p| p.identity.as_str().ends_with(end));
        all.map(|p| p.component.as_str()).collect()
    };
    assert_eq!((images("#a"), images("#b")), (vec!["acme/tool"], vec!["own"]));
}
