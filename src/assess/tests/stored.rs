//! What the checks say of stored secrets and variables, from the text of lists and pipelines on.

use super::hosts::{facts, judge, read, titles};

const GONE: &str = "NHI1-secret-gone";
const FLOW: &str = ".github/workflows/a.yml";
const OWN: &str = "repos/acme/app/actions/secrets.json";
const ORGANISATION: &str = "orgs/acme/actions/secrets.json";
const NONE: &str = "{\"total_count\":0,\"secrets\":[]}";

/// A list of secrets whose pages say how many there are.
fn secrets(total: usize, names: &[&str]) -> String {
    let row = |name: &&str| {
        format!(
            "{{\"name\":\"{name}\",\"created_at\":\"2026-11-01T00:00:00Z\",\"updated_at\":\"2026-11-01T00:00:00Z\"}}"
        )
    };
    let rows: Vec<String> = names.iter().map(row).collect();
    format!("{{\"total_count\":{total},\"secrets\":[{}]}}", rows.join(","))
}

/// A workflow with one job that takes in a text.
fn flow(on: &str, job: &str, value: &str) -> String {
    format!(
        "on: {on}\njobs:\n  a:\n    runs-on: x\n{job}    steps:\n      - run: deploy\n        env:\n          T: {value}\n"
    )
}

fn gone(files: &[(&str, &str)]) -> Vec<String> {
    titles(&read(files), GONE)
}

const TOLD: &str = "low medium a.yml / a reads the secret OLD_TOKEN, which acme/app does not have";

#[test]
fn a_secret_that_a_job_reads_and_no_whole_list_has_is_told() {
    let reads = flow("push", "", "${{ secrets.old_token }}");
    let own = secrets(1, &["NEW_TOKEN"]);
    assert_eq!(gone(&[(FLOW, &reads), (OWN, &own), (ORGANISATION, NONE)]), [TOLD]);
    // What the repository is given of its organisation's does as well as the organisation's own list.
    let shared = "repos/acme/app/actions/organization-secrets.json";
    assert_eq!(gone(&[(FLOW, &reads), (OWN, NONE), (shared, NONE)]), [TOLD]);
    // It is there: of the repository, of the organisation, of another store, or in a list of nobody knows whom.
    for (path, list) in [
        (OWN, secrets(1, &["OLD_TOKEN"])),
        (ORGANISATION, secrets(1, &["OLD_TOKEN"])),
        (shared, secrets(1, &["OLD_TOKEN"])),
        ("repos/acme/app/dependabot/secrets.json", secrets(1, &["OLD_TOKEN"])),
        ("app-secrets.json", secrets(1, &["OLD_TOKEN"])),
    ] {
        let mut files = vec![(FLOW, reads.as_str()), (path, list.as_str())];
        files.extend([(OWN, NONE), (ORGANISATION, NONE)].into_iter().filter(|(other, _)| *other != path));
        assert_eq!(gone(&files), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_workflow_in_one_of_several_folders_is_of_its_repository() {
    let reads = flow("push", "", "${{ secrets.old_token }}");
    let inside = "checkouts/app/.github/workflows/a.yml";
    assert_eq!(gone(&[(inside, &reads), (OWN, NONE), (ORGANISATION, NONE)]), [TOLD]);
}

#[test]
fn without_whole_lists_of_all_places_no_secret_is_missing() {
    let reads = flow("push", "", "${{ secrets.OLD_TOKEN }}");
    let own = secrets(1, &["NEW_TOKEN"]);
    assert!(gone(&[(FLOW, &reads), (OWN, &own)]).is_empty(), "the organisation's are unknown");
    assert!(gone(&[(FLOW, &reads), (ORGANISATION, NONE)]).is_empty(), "the repository's are unknown");
    assert!(gone(&[(FLOW, &reads), (OWN, &secrets(31, &["NEW_TOKEN"])), (ORGANISATION, NONE)]).is_empty(), "a page");
    assert!(gone(&[(FLOW, &reads), ("repos/acme/else/secrets.json", &own), (ORGANISATION, NONE)]).is_empty());
    assert!(gone(&[(FLOW, &reads), (OWN, &own), ("orgs/other/secrets.json", NONE)]).is_empty());
    let bare = own.replace("\"total_count\":1,\"secrets\":", "").replacen('{', "", 1).replace("]}", "]");
    assert!(gone(&[(FLOW, &reads), (OWN, &bare), (ORGANISATION, NONE)]).is_empty(), "rows without a count");
}

#[test]
fn secrets_that_may_be_absent_or_come_from_elsewhere_are_not_missing() {
    let own = secrets(1, &["NEW_TOKEN"]);
    let with = |flow: &str| gone(&[(FLOW, flow), (OWN, &own), (ORGANISATION, NONE)]);
    for value in [
        "${{ secrets.GITHUB_TOKEN }}",
        "${{ secrets.OLD_TOKEN || github.token }}",
        "${{ secrets.OLD_TOKEN != '' }}",
        "${{ toJSON(secrets) }}",
        "${{ vars.OLD_TOKEN }}",
    ] {
        assert_eq!(with(&flow("push", "", value)), Vec::<String>::new(), "{value}");
    }
    let reads = "${{ secrets.OLD_TOKEN }}";
    assert!(with(&flow("workflow_call", "", reads)).is_empty(), "its callers hand it over");
    assert!(with(&flow("push", "    if: secrets.OLD_TOKEN != ''\n", reads)).is_empty(), "it is asked for first");
    // Of a job in an environment that was not listed nothing is known.
    let inside = flow("push", "    environment: prod\n", reads);
    assert!(with(&inside).is_empty());
    let environment = "repos/acme/app/environments/prod/secrets.json";
    let files = [(FLOW, inside.as_str()), (OWN, own.as_str()), (ORGANISATION, NONE), (environment, NONE)];
    assert_eq!(gone(&files), [TOLD]);
    let held = secrets(1, &["OLD_TOKEN"]);
    let files = [(FLOW, inside.as_str()), (OWN, own.as_str()), (ORGANISATION, NONE), (environment, held.as_str())];
    assert!(gone(&files).is_empty());
}

const UNREAD: &str = "NHI1-gh-secret-unreferenced";
const PIPELINE: &str = ".gitlab-ci.yml";

fn variables(rows: &[(&str, &str, bool)]) -> String {
    let row = |(name, scope, masked): &(&str, &str, bool)| {
        format!(
            "{{\"key\":\"{name}\",\"value\":\"x\",\"variable_type\":\"env_var\",\"protected\":true,\"masked\":{masked},\"environment_scope\":\"{scope}\"}}"
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("[{}]", rows.join(","))
}

fn unread(files: &[(&str, &str)]) -> Vec<String> {
    titles(&read(files), UNREAD)
}

#[test]
fn a_variable_of_gitlab_that_no_pipeline_names_is_possibly_unread() {
    let pipeline = "include: [ci/more.gitlab-ci.yml]\ndeploy:\n  script: [deploy --token $USED_TOKEN]\n";
    let more = "more:\n  image: $MIRROR_PASSWORD_HOST\n  script: [\"python up.py --from-env LATE_TOKEN\"]\n";
    let list = variables(&[
        ("USED_TOKEN", "*", true),
        ("LATE_TOKEN", "*", true),
        ("OLD_TOKEN", "production", true),
        ("OLD_LEVEL", "*", false),
        ("AWS_SECRET_ACCESS_KEY", "*", true),
        ("TF_VAR_db_password", "*", true),
        ("KUBECONFIG", "*", true),
    ]);
    let told = |of: &str| format!("low low No pipeline names the stored variable OLD_TOKEN of {of}");
    let with = |path: &str| unread(&[(PIPELINE, pipeline), ("ci/more.gitlab-ci.yml", more), (path, &list)]);
    assert_eq!(with("projects/42/variables.json"), [told("project 42")]);
    assert_eq!(with("projects/acme%2Fapp/variables.json"), [told("project acme/app")]);
    assert_eq!(with("groups/acme/variables.json"), [told("group acme")]);
    // Another project's, another group's; parts of the pipeline are not here; there is no pipeline.
    assert!(with("projects/acme%2Felse/variables.json").is_empty());
    assert!(with("groups/other/variables.json").is_empty());
    let list = ("projects/42/variables.json", list.as_str());
    assert!(unread(&[(PIPELINE, pipeline), list]).is_empty(), "an included file is not here");
    let template = pipeline.replace("[ci/more.gitlab-ci.yml]", "[{template: Auto-DevOps.gitlab-ci.yml}]");
    assert!(unread(&[(PIPELINE, &template), list]).is_empty(), "a template reads what it likes");
    assert!(unread(&[list]).is_empty());
}

#[test]
fn a_job_of_gitlab_is_told_which_stored_variable_it_takes_in() {
    let pipeline =
        "deploy:\n  environment: production\n  script: [deploy $DB_PASSWORD]\ntest:\n  script: [test $DB_PASSWORD]\n";
    let list = variables(&[("DB_PASSWORD", "prod*", true), ("DB_PASSWORD", "staging", false)]);
    let files = [(PIPELINE, pipeline), ("projects/7/variables.json", list.as_str())];
    let (inventory, _) = judge(Vec::new(), facts(&files), None);
    let of = |job: &str| {
        let usage = inventory.usages.iter().find(|u| u.identity.as_ref().is_some_and(|id| id.as_str().ends_with(job)));
        usage.unwrap().attributes.get("variable").cloned()
    };
    assert_eq!(of("#deploy").as_deref(), Some("project 7, environment prod*, protected, masked"));
    assert_eq!(of("#test"), None, "variables of environments are not for it");
}
