//! Pipelines spread over several files of one repository, read by the real binary.

use serde_json::{Value, json};

use crate::world::{World, findings, list};

/// A repository of `acme/app` below a directory.
fn repository(world: &World, below: &str, slug: &str) {
    let repository = world.init(below);
    repository.remote("origin", &format!("https://github.com/{slug}.git")).unwrap();
}

fn world(files: &[(&str, &str)]) -> World {
    let world = World::new();
    repository(&world, ".", "acme/app");
    files.iter().for_each(|(path, text)| world.put(path, text));
    world
}

fn scan(files: &[(&str, &str)]) -> Value {
    world(files).json(&["--no-history", "--confidence", "low"])
}

fn job<'v>(report: &'v Value, end: &str) -> &'v Value {
    let jobs = list(report, "identities");
    jobs.iter().find(|i| i["id"].as_str().unwrap().ends_with(end)).unwrap_or_else(|| panic!("no {end}"))
}

const CALLEE: &str = ".github/workflows/build.yml";
const CALLER: &str = ".github/workflows/ci.yml";

#[test]
fn the_head_of_a_pull_request_that_a_caller_hands_down_is_found_at_the_checkout() {
    let callee = "on:\n  workflow_call:\n    inputs: {ref: {type: string}}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n        with: {ref: '${{ inputs.ref }}'}\n      - run: make\n";
    let caller = |on: &str| {
        format!(
            "on: {on}\npermissions: {{contents: write}}\njobs:\n  pr:\n    uses: ./.github/workflows/build.yml\n    with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
        )
    };
    let report = scan(&[(CALLEE, callee), (CALLER, &caller("pull_request_target"))]);
    let found = findings(&report, "NHI6-prt-checkout");
    assert_eq!(found.len(), 1, "{:#}", report["findings"]);
    let evidence = found[0]["evidence"].to_string();
    for part in ["inputs.ref", "github.event.pull_request.head.sha", "ci.yml#pr", "contents: write"] {
        assert!(evidence.contains(part), "{part} in {evidence}");
    }
    assert_eq!(found[0]["locations"][0]["path"], CALLEE);
    for (on, callee) in
        [("pull_request", callee), ("pull_request_target", &callee.replace("${{ inputs.ref }}", "main"))]
    {
        let report = scan(&[(CALLEE, callee), (CALLER, &caller(on))]);
        assert_eq!(findings(&report, "NHI6-prt-checkout").len(), 0, "{on}");
    }
}

#[test]
fn rights_that_no_file_names_are_found_at_the_caller_and_not_once_more_below() {
    let callee = "on: workflow_call\njobs:\n  build: {runs-on: ubuntu-latest, steps: [{uses: ./tool}]}\n";
    let tool = "runs:\n  using: composite\n  steps: [{run: make, shell: bash}]\n";
    let caller = "on: push\njobs:\n  ci: {uses: ./.github/workflows/build.yml}\n";
    let report = scan(&[(CALLEE, callee), (CALLER, caller), ("tool/action.yml", tool)]);
    let found = findings(&report, "NHI5-ci-token");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["locations"][0]["path"], CALLER);
    assert_eq!(job(&report, "tool/action.yml")["attributes"]["called_by"], format!("{CALLEE}#build"));
    assert_eq!(list(&report, "settings"), [] as [Value; 0], "what joins files is no setting");
}

#[test]
fn every_secret_for_a_workflow_of_the_same_repository_is_no_finding_and_says_what_is_read() {
    let callee = "on: workflow_call\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{run: make, env: {API_TOKEN: '${{ secrets.API_TOKEN }}'}}]\n";
    for (uses, found) in [
        ("./.github/workflows/build.yml", 0),
        ("acme/app/.github/workflows/build.yml@main", 0),
        ("acme/app/.github/workflows/gone.yml@main", 0),
        ("other/app/.github/workflows/build.yml@main", 1),
    ] {
        let caller = format!("on: push\njobs:\n  ci: {{uses: '{uses}', secrets: inherit}}\n");
        let report = scan(&[(CALLEE, callee), (CALLER, &caller)]);
        assert_eq!(findings(&report, "NHI3-gha-inherit").len(), found, "{uses}");
        let attributes = &job(&report, "ci.yml#ci")["attributes"];
        let followed = uses.contains("acme/app/.github/workflows/build") || uses.starts_with("./");
        assert_eq!(attributes["secrets"], if followed { "API_TOKEN" } else { "*" }, "{uses}");
        assert_eq!(attributes["calls_unread"].is_string(), !followed, "{uses}");
    }
}

#[test]
fn a_key_that_no_caller_hands_on_is_no_stored_credential() {
    let callee = "on:\n  workflow_call:\n    secrets: {AWS_KEY: {required: false}}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {aws-access-key-id: x, aws-secret-access-key: '${{ secrets.AWS_KEY }}', aws-region: x}\n";
    let caller = |more: &str| format!("on: push\njobs:\n  ci:\n    uses: ./.github/workflows/build.yml\n{more}");
    let stored = |more: &str| {
        let report = scan(&[(CALLEE, callee), (CALLER, &caller(more))]);
        let named = |u: &&Value| u["credential"] == "AWS_KEY" && u["identity"].as_str().unwrap().ends_with("#build");
        let usages = list(&report, "usages");
        let usage = usages.iter().find(named).unwrap().clone();
        (usage["mode"].clone(), usage["attributes"]["stored_as"].clone())
    };
    assert_eq!(stored("    secrets: {AWS_KEY: '${{ secrets.PROD_KEY }}'}\n"), (json!("referenced"), json!("PROD_KEY")));
    assert_eq!(stored(""), (json!("none"), Value::Null));
}

#[test]
fn repositories_beside_each_other_stay_apart() {
    let callee = "on: workflow_call\njobs:\n  build: {runs-on: ubuntu-latest, steps: [{run: make}]}\n";
    let caller = "on: push\njobs:\n  ci: {uses: ./.github/workflows/build.yml}\n  far: {uses: acme/two/.github/workflows/build.yml@main}\n";
    let world = World::new();
    for (name, path, text) in [("one", CALLER, caller), ("two", CALLEE, callee)] {
        repository(&world, name, &format!("acme/{name}"));
        world.put(format!("{name}/{path}"), text);
    }
    let report = world.json(&["--no-history"]);
    assert!(job(&report, "build.yml#build")["attributes"]["called_by"].is_null());
    assert_eq!(job(&report, "ci.yml#ci")["attributes"]["calls_unread"], "./.github/workflows/build.yml");
    // The same files in each: each has its own.
    for name in ["one", "two"] {
        world.put(format!("{name}/{CALLER}"), caller);
        world.put(format!("{name}/{CALLEE}"), callee);
    }
    let report = world.json(&["--no-history"]);
    for name in ["one", "two"] {
        let by = &job(&report, &format!("{name}/.github/workflows/build.yml#build"))["attributes"]["called_by"];
        let near = format!("{name}/{CALLER}#ci");
        let far = format!("{near}, {name}/{CALLER}#far");
        assert_eq!(by, if name == "two" { &far } else { &near }, "{name}");
    }
}

#[test]
fn included_files_of_gitlab_give_their_hidden_jobs_and_variables() {
    let key = ["AK", "IAQQQQQQQQQQQQ", "0001"].concat();
    let root = "include:\n  - local: /ci/**.yml\nstages: [deploy]\ndeploy:\n  stage: deploy\n  extends: .aws\n  script: [aws s3 ls]\n";
    let base = |key: &str| {
        format!(
            ".aws:\n  stage: deploy\n  image: acme/aws:1\n  variables: {{AWS_ACCESS_KEY_ID: {key}, AWS_SECRET_ACCESS_KEY: $PROD_SECRET_KEY}}\n  script: [make]\nother:\n  stage: deploy\n  script: [make]\n"
        )
    };
    let text = base(&key);
    let report = scan(&[(".gitlab-ci.yml", root), ("ci/aws/base.yml", &text)]);
    let modes: Vec<String> = list(&report, "usages")
        .iter()
        .filter(|u| u["identity"].as_str().unwrap().ends_with("#deploy"))
        .map(|u| format!("{} {}", u["mode"].as_str().unwrap(), u["mechanism"].as_str().unwrap()))
        .collect();
    assert!(modes.contains(&"referenced AWS_SECRET_ACCESS_KEY".to_owned()), "{modes:?}");
    assert_eq!(job(&report, "base.yml#other")["attributes"]["called_by"], ".gitlab-ci.yml");
    let stored = findings(&report, "NHI6-ci-static-cloud");
    assert!(stored.iter().any(|f| f["identity"].as_str().unwrap().ends_with("#deploy")), "{stored:#?}");
    // Not included: nothing of it.
    let alone = root.replace("/ci/**.yml", "/ci/*.yml");
    let report = scan(&[(".gitlab-ci.yml", &alone), ("ci/aws/base.yml", &text)]);
    assert_eq!(findings(&report, "NHI6-ci-static-cloud").len(), 0, "{:#}", report["findings"]);
    assert_eq!(job(&report, "gitlab-ci.yml#deploy")["attributes"]["calls_unread"], "/ci/*.yml");
}

#[test]
fn paths_of_gitlab_and_azure_begin_at_the_top_of_their_own_repository() {
    let root = "include: [/ci/base.yml]\na:\n  stage: x\n  extends: .hidden\n";
    let base = ".hidden:\n  stage: x\n  script: [curl $API_TOKEN]\n";
    let azure = "pool: {vmImage: ubuntu-latest}\njobs:\n- template: /ci/jobs.yml\n";
    let jobs = "jobs:\n- job: build\n  steps:\n  - task: Bash@3\n";
    let world = World::new();
    for name in ["one", "two"] {
        repository(&world, name, &format!("acme/{name}"));
        world.put(format!("{name}/.gitlab-ci.yml"), root);
        world.put(format!("{name}/azure-pipelines.yml"), azure);
    }
    world.put("one/ci/base.yml", base);
    world.put("one/ci/jobs.yml", jobs);
    let report = world.json(&["--no-history"]);
    assert_eq!(job(&report, "one/.gitlab-ci.yml#a")["attributes"]["secrets"], "API_TOKEN");
    assert_eq!(job(&report, "one/ci/jobs.yml#build")["attributes"]["called_by"], "one/azure-pipelines.yml");
    assert_eq!(job(&report, "one/ci/jobs.yml#build")["attributes"]["pool"], "ubuntu-latest");
    assert_eq!(job(&report, "two/.gitlab-ci.yml#a")["attributes"]["calls_unread"], "/ci/base.yml");
}

#[test]
fn one_template_for_production_and_the_rest_is_not_taken_for_one_connection() {
    let template = "parameters:\n- name: connection\njobs:\n- job: deploy\n  steps:\n  - task: AzureCLI@2\n    inputs:\n      azureSubscription: ${{ parameters.connection }}\n      inlineScript: az x\n";
    let root = "trigger: [main]\nstages:\n- stage: prod\n  jobs:\n  - template: deploy.yml\n    parameters: {connection: sc-prod}\n- stage: dev\n  jobs:\n  - template: deploy.yml\n    parameters: {connection: sc-dev}\n";
    let report = scan(&[("azure-pipelines.yml", root), ("deploy.yml", template)]);
    let usages = list(&report, "usages");
    let usage = usages.iter().find(|u| u["mechanism"] == "service-connection azureSubscription").unwrap();
    assert_eq!(usage["attributes"]["stored_as"], "sc-dev, sc-prod");
    assert_eq!(findings(&report, "NHI8-same-role").len(), 0);
}
