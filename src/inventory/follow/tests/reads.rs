//! Checkouts of strangers' code that no step runs, through other files.

use super::*;

const HEAD: &str = "${{ github.event.pull_request.head.sha }}";

fn only(found: &Inventory, job: &str) -> (bool, bool) {
    assert_ne!(attribute(found, job, "untrusted_checkout"), "", "{job}");
    (attribute(found, job, "checkout_only") == "true", attribute(found, job, "gate").is_empty())
}

#[test]
fn a_called_workflow_that_runs_nothing_of_what_it_fetches_only_reads_it() {
    let call = head_caller("pull_request_target", HEAD, "");
    let reads = CHECKOUT.replace("run: make", "run: git diff --stat origin/main");
    assert_eq!(only(&with(CHECKOUT, &[(A, &call)]), "deploy.yml#d"), (false, true));
    assert_eq!(only(&with(&reads, &[(A, &call)]), "deploy.yml#d"), (true, true));
    // It fetches the head itself, on its caller's event.
    let own = |text: &str| text.replace("inputs.ref", "github.event.pull_request.head.sha");
    let call = "on: pull_request_target\njobs:\n  one: {uses: ./.github/workflows/deploy.yml}\n";
    assert_eq!(only(&with(&own(CHECKOUT), &[(A, call)]), "deploy.yml#d"), (false, true));
    assert_eq!(only(&with(&own(&reads), &[(A, call)]), "deploy.yml#d"), (true, true));
}

#[test]
fn what_an_action_fetches_may_be_run_by_the_steps_behind_its_use() {
    let action = "inputs: {ref: {}}\nruns:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n      with: {ref: '${{ inputs.ref }}'}\n";
    let job = |steps: &str| {
        let get = format!("      - uses: ./get\n        with: {{ref: '{HEAD}'}}\n");
        let text = format!(
            "on: pull_request_target\njobs:\n  one:\n    runs-on: x\n    steps:\n{}",
            steps.replace("GET\n", &get)
        );
        joined(&[("get/action.yml", action), (A, &text)])
    };
    assert_eq!(only(&job("GET\n      - run: make\n"), "a.yml#one"), (false, true));
    assert_eq!(only(&job("      - run: make\nGET\n      - run: git log -1\n"), "a.yml#one"), (true, true));
    let runs = action.to_owned() + "    - run: npm ci\n      shell: bash\n";
    let text = format!(
        "on: pull_request_target\njobs:\n  one: {{runs-on: x, steps: [{{uses: ./get, with: {{ref: '{HEAD}'}}}}]}}\n"
    );
    assert_eq!(only(&joined(&[("get/action.yml", &runs), (A, &text)]), "a.yml#one"), (false, true));
}

#[test]
fn of_two_ways_the_one_whose_code_is_run_counts() {
    let call = head_caller("pull_request_target", HEAD, "");
    let two = CHECKOUT.replace("      - run: make\n", "") + "      - uses: ./build\n";
    let build = "runs:\n  using: composite\n  steps:\n    - {run: make, shell: bash}\n";
    let found = joined(&[(".github/workflows/deploy.yml", &two), ("build/action.yml", build), (A, &call)]);
    assert_eq!(only(&found, "deploy.yml#d"), (false, true), "an action of the work tree is the stranger's");
}
