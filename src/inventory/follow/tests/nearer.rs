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

#[test]
fn tokens_and_secrets_of_files_are_put_together_and_defaults_are_not() {
    let root = "include: [ci/a.gitlab-ci.yml]\ndefault:\n  id_tokens: {SHARED: {aud: vault}}\nmerged:\n  extends: .far\n  id_tokens: {A: {aud: sts.amazonaws.com}}\n  secrets: {DB_PASSWORD: {file: false}, KEY_TOKEN: {azure_key_vault: {name: x}}}\n  script: [make]\n";
    let a = ".far:\n  id_tokens: {A: {aud: vault}, B: {aud: sigstore}}\n  secrets: {DB_PASSWORD: {vault: a/b@c}, KEY_TOKEN: {vault: a/k@c}}\ntakes:\n  script: [make]\nhas:\n  id_tokens: {C: {aud: vault}}\n  script: [make]\n";
    let found = joined(&[(ROOT, root), ("ci/a.gitlab-ci.yml", a)]);
    let of = |end: &str| -> Vec<String> {
        let mut all: Vec<String> = usages(&found, end)
            .iter()
            .map(|u| {
                let what = u.attributes.get("audience").or(u.credential.as_ref()).map_or("", String::as_str);
                format!("{} {what}", u.mechanism)
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(
        of("#merged"),
        [
            "id_tokens.A sts.amazonaws.com",
            "id_tokens.B sigstore",
            "secrets.azure_key_vault KEY_TOKEN",
            "secrets.vault DB_PASSWORD"
        ]
    );
    assert_eq!(of("#takes"), ["id_tokens.SHARED vault"]);
    assert_eq!(of("#has"), ["id_tokens.C vault"]);
}
