//! Files as people write them, through their readers, joined.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod nearer;
mod reads;

use std::collections::{BTreeMap, BTreeSet};

use crate::formats::{self, Input, Out};
use crate::model::{
    AuthMode, EnvironmentClass, Fact, Identity, Inventory, LocatedFact, Location, LocationData, Privilege, RepoPath,
    Usage,
};

/// The facts of files of one repository.
pub(super) fn facts(repository: Option<&str>, files: &[(&str, &str)]) -> Vec<LocatedFact> {
    let mut all = Vec::new();
    for (path, text) in files {
        let path = RepoPath::from(*path);
        let format = formats::all().find(|f| (f.claims)(&path, text)).expect("some format reads it");
        let doc = format.syntax.parse(text).unwrap();
        let mut keep = |fact: Fact| {
            let line = fact.at().span.map_or(0, |span| text[..span.start].lines().count() as u64);
            let location =
                Location::from(LocationData { path: path.display(), line, in_head: true, ..LocationData::default() });
            all.push(LocatedFact { fact, location, format: format.id, sample: false });
        };
        let mut tell = |_| {};
        let input = Input { path: &path, repository, text };
        (format.read)(&input, &doc, &mut Out::new(&mut keep, &mut tell));
    }
    all
}

/// The inventory of files of `acme/app`.
pub(super) fn joined(files: &[(&str, &str)]) -> Inventory {
    crate::inventory::build(Vec::new(), facts(Some("acme/app"), files), Vec::new())
}

pub(super) fn job<'i>(inventory: &'i Inventory, end: &str) -> &'i Identity {
    inventory.identities.iter().find(|i| i.id.as_str().ends_with(end)).unwrap_or_else(|| panic!("no {end}"))
}

pub(super) fn attribute<'i>(inventory: &'i Inventory, end: &str, name: &str) -> &'i str {
    job(inventory, end).attributes.get(name).map(String::as_str).unwrap_or_default()
}

pub(super) fn usages<'i>(inventory: &'i Inventory, end: &str) -> Vec<&'i Usage> {
    inventory.usages.iter().filter(|u| u.identity.as_ref().is_some_and(|id| id.as_str().ends_with(end))).collect()
}

fn rights(inventory: &Inventory, end: &str) -> Vec<String> {
    let of = |id: &str| id.ends_with(end);
    let grants = inventory.grants.iter().filter(|g| of(g.identity.as_str()));
    grants.map(|g| format!("{} by {}", g.action, g.source)).collect()
}

const CALLEE: &str = ".github/workflows/deploy.yml";

/// A callee with one job, and callers by name.
fn with(callee: &str, callers: &[(&str, &str)]) -> Inventory {
    let mut files = vec![(CALLEE, callee)];
    files.extend(callers);
    joined(&files)
}

const A: &str = ".github/workflows/a.yml";
const B: &str = ".github/workflows/b.yml";

#[test]
fn a_called_job_knows_its_callers_and_what_starts_them() {
    let callee = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let a = "on: [push, pull_request]\njobs:\n  one: {uses: ./.github/workflows/deploy.yml}\n";
    let b = "on: schedule\njobs:\n  two:\n    uses: acme/app/.github/workflows/deploy.yml@main\n";
    let found = with(callee, &[(A, a), (B, b)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), format!("{A}#one, {B}#two"));
    assert_eq!(attribute(&found, "deploy.yml#d", "caller_triggers"), "pull_request, push, schedule");
    assert_eq!(attribute(&found, "deploy.yml#d", "triggers"), "workflow_call");
    assert!(found.settings.is_empty(), "what is read for this alone is dropped: {:?}", found.settings);
}

#[test]
fn conditions_of_a_call_keep_events_out() {
    let callee = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let a = "on: [push, pull_request]\njobs:\n  one:\n    if: github.event_name == 'push'\n    uses: ./.github/workflows/deploy.yml\n";
    assert_eq!(attribute(&with(callee, &[(A, a)]), "deploy.yml#d", "caller_triggers"), "push");
}

#[test]
fn only_eight_callers_are_named_and_the_others_counted() {
    let callee = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let calls: String = (10..22).map(|n| format!("  j{n}: {{uses: ./.github/workflows/deploy.yml}}\n")).collect();
    let found = with(callee, &[(A, &format!("on: push\njobs:\n{calls}"))]);
    let by = attribute(&found, "deploy.yml#d", "called_by");
    assert!(by.contains("#j10") && by.ends_with("#j17 and 4 more"), "{by}");
}

#[test]
fn a_file_that_is_not_there_or_takes_no_calls_is_told_and_nothing_is_claimed_of_it() {
    let callee = "on: push\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let a = "on: push\njobs:\n  gone: {uses: ./.github/workflows/gone.yml, secrets: inherit}\n  \
             other: {uses: other/repo/.github/workflows/x.yml@v1}\n  not: {uses: ./.github/workflows/deploy.yml}\n  \
             out: {uses: ./../../x.yml}\n  step: {runs-on: x, steps: [{uses: ./gone}, {uses: other/action@v1}]}\n";
    let found = with(callee, &[(A, a)]);
    for (name, unread) in [
        ("gone", "./.github/workflows/gone.yml"),
        ("other", "other/repo/.github/workflows/x.yml"),
        ("not", "./.github/workflows/deploy.yml"),
        ("out", "./../../x.yml"),
        ("step", "./gone"),
    ] {
        assert_eq!(attribute(&found, &format!("a.yml#{name}"), "calls_unread"), unread);
    }
    assert_eq!(attribute(&found, "a.yml#gone", "secrets"), "*", "what it hands on stays open");
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), "");
}

#[test]
fn the_token_of_a_called_job_is_its_callers() {
    let callee = |permissions: &str| {
        format!(
            "on: workflow_call\n{permissions}jobs:\n  d:\n    runs-on: x\n    steps: [{{uses: other/action@v1}}, {{uses: \
             other/two@v1, with: {{token: '${{{{ github.token }}}}'}}}}]\n"
        )
    };
    let a = "on: push\npermissions: {contents: read}\njobs:\n  one: {uses: ./.github/workflows/deploy.yml}\n";
    let b = "on: push\njobs:\n  two:\n    permissions: {contents: write, id-token: write}\n    uses: ./.github/workflows/deploy.yml\n";
    let found = with(&callee(""), &[(A, a)]);
    assert_eq!(rights(&found, "deploy.yml#d"), [format!("contents: read by caller {A}#one")]);
    assert_eq!(attribute(&found, "deploy.yml#d", "token"), "read");
    assert_eq!(job(&found, "deploy.yml#d").privilege, Privilege::ReadScoped);

    let found = with(&callee(""), &[(A, a), (B, b)]);
    let both = [format!("contents: write by caller {B}#two"), format!("id-token: write by caller {B}#two")];
    let mut have = rights(&found, "deploy.yml#d");
    have.sort();
    assert_eq!(have, both);
    assert_eq!(attribute(&found, "deploy.yml#d", "id_token"), "write");
    for party in found.third_parties.iter().filter(|p| p.component.starts_with("other/")) {
        assert_eq!(party.credentials, ["GITHUB_TOKEN (write)", "id-token"], "{}", party.component);
    }

    // Written in the called file: no more than that, and no more than the caller's.
    let own = "permissions: {contents: write, issues: write}\n";
    let found = with(&callee(own), &[(A, a)]);
    assert_eq!(rights(&found, "deploy.yml#d"), [format!("contents: read by caller {A}#one")]);
    let found = with(&callee(own), &[(B, b)]);
    assert_eq!(rights(&found, "deploy.yml#d"), ["contents: write by workflow permissions"]);

    // A default that no file tells stays one.
    let default = "on: push\njobs:\n  three: {uses: ./.github/workflows/deploy.yml}\n";
    let found = with(&callee(""), &[(A, default)]);
    assert_eq!(rights(&found, "deploy.yml#d"), [format!("default GITHUB_TOKEN permissions by caller {A}#three")]);
    assert_eq!(attribute(&found, "deploy.yml#d", "token"), "unknown");
}

#[test]
fn secrets_are_those_that_callers_hand_on() {
    let callee = "on: workflow_call\njobs:\n  d:\n    runs-on: x\n    steps:\n      - run: push\n        env: {NPM_TOKEN: '${{ \
                  secrets.npm }}', OTHER_TOKEN: '${{ secrets.OTHER }}'}\n      - uses: other/action@v1\n        with: {a: '${{ secrets.NPM }}', b: '${{ secrets.OTHER }}'}\n";
    let mapped = "on: push\njobs:\n  one:\n    uses: ./.github/workflows/deploy.yml\n    secrets: {npm: '${{ secrets.ACME_NPM }}'}\n";
    let inherits = "on: push\njobs:\n  two: {uses: ./.github/workflows/deploy.yml, secrets: inherit}\n";
    let shown = |found: &Inventory| -> Vec<String> {
        let all = usages(found, "deploy.yml#d").into_iter().filter(|u| u.mechanism == "other/action");
        let shown: BTreeSet<String> = all
            .map(|u| {
                let stored = u.attributes.get("stored_as").cloned().unwrap_or_default();
                format!("{} {:?} {stored}", u.credential.clone().unwrap_or_default(), u.mode)
            })
            .collect();
        shown.into_iter().collect()
    };
    let found = with(callee, &[(A, mapped)]);
    assert_eq!(shown(&found), ["NPM Referenced ACME_NPM", "OTHER None "]);
    let party = found.third_parties.iter().find(|p| p.component == "other/action").unwrap();
    assert_eq!(party.credentials, ["NPM"]);
    assert_eq!(attribute(&found, "deploy.yml#d", "secrets"), "NPM");

    let found = with(callee, &[(B, inherits)]);
    assert_eq!(shown(&found), ["NPM Referenced ", "OTHER Referenced "]);
    let inherited = usages(&found, "b.yml#two");
    assert_eq!(inherited[0].attributes.get("reads").map(String::as_str), Some("NPM, OTHER"));
    assert_eq!(attribute(&found, "b.yml#two", "secrets"), "NPM, OTHER");

    let found = with(callee, &[(A, mapped), (B, inherits)]);
    assert_eq!(shown(&found), ["NPM Referenced ACME_NPM, NPM", "OTHER Referenced "]);
    // Nobody calls it: what its file says stays.
    assert_eq!(shown(&with(callee, &[])), ["NPM Referenced ", "OTHER Referenced "]);
    // An environment may keep one of that name.
    let placed = callee.replace("runs-on: x", "runs-on: x\n    environment: prod");
    assert_eq!(shown(&with(&placed, &[(A, mapped)]))[1], "OTHER Referenced ");
}

#[test]
fn the_jobs_own_token_under_the_name_of_a_secret_is_no_stored_one() {
    let callee = "on: workflow_call\njobs:\n  d:\n    runs-on: x\n    steps: [{uses: other/action@v1, with: {t: '${{ secrets.token }}'}}]\n";
    let a = "on: push\npermissions: {contents: write}\njobs:\n  one:\n    uses: ./.github/workflows/deploy.yml\n    secrets: {TOKEN: '${{ secrets.GITHUB_TOKEN }}'}\n";
    let found = with(callee, &[(A, a)]);
    let usage = usages(&found, "deploy.yml#d")[0];
    assert_eq!((usage.mode, usage.attributes["stored_as"].as_str()), (AuthMode::Instance, "GITHUB_TOKEN"));
    let party = found.third_parties.iter().find(|p| p.component == "other/action").unwrap();
    assert_eq!(party.credentials, ["GITHUB_TOKEN (write)"]);
}

#[test]
fn secrets_rights_and_events_go_down_through_every_level() {
    let b = "on: workflow_call\njobs:\n  mid:\n    uses: ./.github/workflows/deploy.yml\n    secrets: inherit\n";
    let c = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: a, env: {T_TOKEN: '${{ secrets.T }}', U_TOKEN: '${{ secrets.U }}'}}]}\n";
    let a = "on: release\npermissions: {packages: write}\njobs:\n  top:\n    uses: ./.github/workflows/b.yml\n    secrets: {t: '${{ secrets.REAL }}'}\n";
    let found = with(c, &[(A, a), (B, b)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "caller_triggers"), "release");
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), format!("{B}#mid"));
    assert_eq!(rights(&found, "deploy.yml#d"), [format!("packages: write by caller {B}#mid")]);
    let shown: BTreeMap<&str, AuthMode> =
        usages(&found, "deploy.yml#d").into_iter().map(|u| (u.credential.as_deref().unwrap(), u.mode)).collect();
    assert_eq!(shown, BTreeMap::from([("T", AuthMode::Referenced), ("U", AuthMode::None)]));
    assert!(usages(&found, "deploy.yml#d").iter().any(|u| u.attributes.get("stored_as").is_some_and(|s| s == "REAL")));
}

#[test]
fn circles_end_and_levels_past_ten_are_not_followed() {
    let ring =
        |to: &str| format!("on: workflow_call\njobs:\n  j: {{uses: ./.github/workflows/{to}.yml, secrets: inherit}}\n");
    let found = joined(&[(A, &ring("b")), (B, &ring("a"))]);
    assert_eq!(attribute(&found, "a.yml#j", "called_by"), "");
    assert_eq!(attribute(&found, "a.yml#j", "calls_unread"), "./.github/workflows/b.yml");

    let names: Vec<String> = (0..13).map(|n| format!(".github/workflows/w{n:02}.yml")).collect();
    let texts: Vec<String> = (0..13)
        .map(|n| {
            let on = if n == 0 { "push" } else { "workflow_call" };
            format!("on: {on}\njobs:\n  j: {{uses: ./.github/workflows/w{:02}.yml}}\n", n + 1)
        })
        .collect();
    let files: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let found = joined(&files);
    assert_eq!(attribute(&found, "w09.yml#j", "caller_triggers"), "push", "the tenth level");
    assert_eq!(attribute(&found, "w10.yml#j", "called_by"), "");
    assert_eq!(attribute(&found, "w09.yml#j", "calls_unread"), "./.github/workflows/w10.yml");
}

const CHECKOUT: &str = "on:\n  workflow_call:\n    inputs: {ref: {type: string}}\njobs:\n  d:\n    runs-on: x\n    steps:\n      - uses: \
                        actions/checkout@v4\n        with: {ref: '${{ inputs.ref }}'}\n      - run: make\n";

fn head_caller(on: &str, head: &str, more: &str) -> String {
    format!("on: {on}\njobs:\n  one:\n{more}    uses: ./.github/workflows/deploy.yml\n    with: {{ref: '{head}'}}\n")
}

#[test]
fn the_head_of_a_pull_request_is_followed_into_the_workflow_that_fetches_it() {
    const HEAD: &str = "${{ github.event.pull_request.head.sha }}";
    let untrusted = |on: &str, head: &str, more: &str| {
        let found = with(CHECKOUT, &[(A, &head_caller(on, head, more))]);
        attribute(&found, "deploy.yml#d", "untrusted_checkout").to_owned()
    };
    assert_eq!(
        untrusted("pull_request_target", HEAD, ""),
        format!(
            "pull_request_target: actions/checkout of inputs.ref, which holds github.event.pull_request.head.sha, called by {A}#one"
        )
    );
    for (on, head, more) in [
        ("pull_request", HEAD, ""),
        ("push", HEAD, ""),
        ("pull_request_target", "${{ github.sha }}", ""),
        ("pull_request_target", "main", ""),
        ("issue_comment", HEAD, ""),
        ("[push, pull_request_target]", HEAD, "    if: github.event_name == 'push'\n"),
    ] {
        assert_eq!(untrusted(on, head, more), "", "{on} {head} {more}");
    }
    // The one who hands the head down is not the one who is started by strangers.
    let push = head_caller("push", HEAD, "");
    let target = head_caller("pull_request_target", "main", "");
    let found = with(CHECKOUT, &[(A, &push), (B, &target)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "untrusted_checkout"), "");
}

#[test]
fn gates_before_a_call_are_told_and_the_open_way_counts() {
    const HEAD: &str = "${{ github.event.pull_request.head.sha }}";
    let gated =
        head_caller("pull_request_target", HEAD, "    if: contains(github.event.pull_request.labels.*.name, 'safe')\n");
    let found = with(CHECKOUT, &[(A, &gated)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "gate"), "label");
    let open = head_caller("pull_request_target", HEAD, "");
    let found = with(CHECKOUT, &[(A, &gated), (B, &open)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "gate"), "");
    assert!(attribute(&found, "deploy.yml#d", "untrusted_checkout").ends_with(&format!("called by {B}#one")));
}

#[test]
fn a_called_workflow_that_fetches_the_head_itself_does_so_on_its_callers_events() {
    let callee = CHECKOUT.replace("inputs.ref", "github.event.pull_request.head.sha");
    let call = |on: &str| format!("on: {on}\njobs:\n  one: {{uses: ./.github/workflows/deploy.yml}}\n");
    let untrusted = |on: &str| {
        let found = with(&callee, &[(A, &call(on))]);
        attribute(&found, "deploy.yml#d", "untrusted_checkout").to_owned()
    };
    assert!(untrusted("pull_request_target").starts_with("pull_request_target: "));
    assert_eq!(untrusted("pull_request"), "");
    assert_eq!(untrusted("workflow_run"), "", "the head is not set on this event");
}

#[test]
fn a_composite_action_fetches_for_the_job_that_uses_it() {
    let action = "name: x\ninputs: {ref: {}}\nruns:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n      with: {ref: '${{ inputs.ref }}'}\n";
    let outer = "inputs: {head: {}}\nruns:\n  using: composite\n  steps:\n    - uses: ./.github/actions/get\n      with: {ref: '${{ inputs.head }}'}\n";
    let a = "on: pull_request_target\npermissions: {contents: write}\njobs:\n  one:\n    runs-on: x\n    steps:\n      - uses: ./.github/actions/outer\n        with: {head: '${{ github.event.pull_request.head.sha }}'}\n  two: {runs-on: x, steps: [{uses: ./.github/actions/get, with: {ref: main}}]}\n";
    let found =
        joined(&[(".github/actions/get/action.yml", action), (".github/actions/outer/action.yaml", outer), (A, a)]);
    let what = attribute(&found, "a.yml#one", "untrusted_checkout");
    assert_eq!(
        what,
        "pull_request_target: actions/checkout of inputs.ref, which holds github.event.pull_request.head.sha in \
         .github/actions/get/action.yml"
    );
    assert_eq!(attribute(&found, "a.yml#two", "untrusted_checkout"), "");
    assert_eq!(attribute(&found, "get/action.yml", "called_by"), format!(".github/actions/outer/action.yaml, {A}#two"));
    assert_eq!(rights(&found, "outer/action.yaml"), [format!("contents: write by caller {A}#one")]);
    assert_eq!(attribute(&found, "a.yml#one", "calls_unread"), "");
}

#[test]
fn a_composite_actions_input_is_the_secret_that_its_users_give() {
    let action = "inputs:\n  password: {}\n  token: {default: '${{ github.token }}'}\nruns:\n  using: composite\n  steps:\n    - uses: \
                  docker/login-action@v3\n      with: {username: x, password: '${{ inputs.password }}'}\n    - uses: peter-evans/create-pull-request@v7\n      with: {token: '${{ inputs.token }}'}\n";
    let a = "on: push\njobs:\n  one: {runs-on: x, steps: [{uses: ./login, with: {password: '${{ secrets.HUB }}'}}]}\n";
    let found = joined(&[("login/action.yml", action), (A, a)]);
    let shown: Vec<(AuthMode, &str)> = usages(&found, "login/action.yml")
        .into_iter()
        .map(|u| (u.mode, u.attributes.get("stored_as").map(String::as_str).unwrap_or_default()))
        .collect();
    assert_eq!(shown, [(AuthMode::Referenced, "HUB"), (AuthMode::Instance, "GITHUB_TOKEN")]);
}

#[test]
fn an_environment_by_input_is_what_callers_give() {
    let callee = "on: {workflow_call: {inputs: {environment: {default: dev}}}}\njobs:\n  d:\n    runs-on: x\n    environment: '${{ inputs.environment }}'\n    steps: [{run: make}]\n";
    let call = |with: &str| format!("on: push\njobs:\n  one:\n    uses: ./.github/workflows/deploy.yml\n{with}");
    let prod = call("    with: {environment: production}\n");
    let found = with(callee, &[(A, &prod)]);
    let d = job(&found, "deploy.yml#d");
    assert_eq!((d.environment.class, d.attributes["environment"].as_str()), (EnvironmentClass::Prod, "production"));
    assert_eq!(d.attributes["subject"], "repo:acme/app:environment:production");
    let found = with(callee, &[(A, &prod), (B, &call(""))]);
    let d = job(&found, "deploy.yml#d");
    assert_eq!(
        (d.environment.class, d.attributes["environments"].as_str()),
        (EnvironmentClass::Unknown, "dev, production")
    );
    assert_eq!(d.attributes["subject"], "repo:acme/app:environment:dev, repo:acme/app:environment:production");
    let found = with(callee, &[(A, &call("    with: {environment: '${{ matrix.env }}'}\n"))]);
    assert!(!job(&found, "deploy.yml#d").attributes.contains_key("subject"));
}

#[test]
fn subjects_and_roles_come_from_the_callers() {
    let callee = "on: workflow_call\njobs:\n  d:\n    runs-on: x\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: '${{ inputs.role }}', aws-region: x}\n";
    let role = "arn:aws:iam::123456789012:role/deploy";
    let a = format!(
        "on: {{push: {{branches: [main]}}}}\npermissions: {{id-token: write}}\njobs:\n  one:\n    uses: ./.github/workflows/deploy.yml\n    with: {{role: '{role}'}}\n"
    );
    let found = with(callee, &[(A, &a)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "subject"), "repo:acme/app:ref:refs/heads/main");
    let usage = usages(&found, "deploy.yml#d").into_iter().find(|u| u.mode == AuthMode::Federated).unwrap();
    assert_eq!((usage.target.as_deref(), usage.attributes["id_token"].as_str()), (Some(role), "write"));
    let unknown = "on: push\njobs:\n  two: {uses: ./.github/workflows/deploy.yml}\n";
    let found = with(callee, &[(A, &a), (B, unknown)]);
    assert_eq!(attribute(&found, "deploy.yml#d", "subject"), "", "one of them is not known");
}

#[test]
fn files_of_two_repositories_are_never_joined() {
    let callee = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let caller = "on: push\njobs:\n  one: {uses: ./.github/workflows/deploy.yml}\n  two: {uses: acme/two/.github/workflows/deploy.yml@main}\n";
    let mut all = facts(Some("acme/one"), &[("one/.github/workflows/a.yml", caller)]);
    all.extend(facts(Some("acme/two"), &[("two/.github/workflows/deploy.yml", callee)]));
    // Below one top, and yet another repository: a submodule.
    all.extend(facts(Some("acme/sub"), &[("one/.github/workflows/deploy.yml", callee)]));
    let found = crate::inventory::build(Vec::new(), all, Vec::new());
    for end in ["two/two/.github/workflows/deploy.yml#d", "sub/one/.github/workflows/deploy.yml#d"] {
        assert_eq!(attribute(&found, end, "called_by"), "", "{end}");
    }
    assert_eq!(attribute(&found, "a.yml#one", "calls_unread"), "./.github/workflows/deploy.yml");

    // Without a remote the path tells.
    let files = [("one/.github/workflows/a.yml", caller), ("two/.github/workflows/deploy.yml", callee)];
    let found = crate::inventory::build(Vec::new(), facts(None, &files), Vec::new());
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), "");
    let files = [("one/.github/workflows/a.yml", caller), ("one/.github/workflows/deploy.yml", callee)];
    let found = crate::inventory::build(Vec::new(), facts(None, &files), Vec::new());
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), "one/.github/workflows/a.yml#one");
}

#[test]
fn a_sample_calls_nothing_that_is_real() {
    let callee = "on: workflow_call\njobs:\n  d: {runs-on: x, steps: [{run: make}]}\n";
    let caller = "on: push\njobs:\n  one: {uses: ./.github/workflows/deploy.yml}\n";
    let mut all = facts(Some("acme/app"), &[(A, caller), (CALLEE, callee)]);
    all.iter_mut().filter(|f| f.location.path == A).for_each(|f| f.sample = true);
    let found = crate::inventory::build(Vec::new(), all, Vec::new());
    assert_eq!(attribute(&found, "deploy.yml#d", "called_by"), "");
}

#[test]
fn two_thousand_workflows_that_call_each_other_are_joined_in_no_time_and_in_any_order() {
    let names: Vec<String> = (0..2_000).map(|n| format!(".github/workflows/w{n:04}.yml")).collect();
    let texts: Vec<String> = (0..2_000)
        .map(|n| {
            // Ten levels of two hundred.
            let calls: String = (0..5)
                .filter(|_| n < 1_800)
                .map(|k| (n / 200 + 1) * 200 + (n * 7 + k * 13) % 200)
                .enumerate()
                .map(|(k, to)| format!("  c{k}: {{uses: ./.github/workflows/w{to:04}.yml, secrets: inherit, with: {{ref: '${{{{ inputs.ref }}}}'}}}}\n"))
                .collect();
            format!("on: [pull_request_target, workflow_call]\njobs:\n  d: {{runs-on: x, steps: [{{run: a, env: {{A_TOKEN: '${{{{ secrets.A{n} }}}}'}}}}]}}\n{calls}")
        })
        .collect();
    let files: Vec<(&str, &str)> = names.iter().zip(&texts).map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let all = facts(Some("acme/app"), &files);
    let mut back = all.clone();
    back.reverse();
    let start = std::time::Instant::now();
    let found = crate::inventory::build(Vec::new(), all, Vec::new());
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    assert_eq!(found, crate::inventory::build(Vec::new(), back, Vec::new()));
}

const ROOT: &str = ".gitlab-ci.yml";

fn shown(inventory: &Inventory, end: &str) -> Vec<String> {
    let all = usages(inventory, end).into_iter();
    let mut all: Vec<String> = all
        .map(|u| {
            let what = u.credential.as_deref().or(u.target.as_deref()).unwrap_or_default();
            format!("{:?} {what} {}", u.mode, u.mechanism).to_lowercase()
        })
        .collect();
    all.sort();
    all
}

#[test]
fn jobs_of_one_name_in_two_files_are_one_and_the_including_file_wins_key_by_key() {
    let root = "include: ci/base.gitlab-ci.yml\ndeploy:\n  script: [push $OWN_TOKEN]\n  variables: {REGISTRY_PASSWORD: $ROOT_PASSWORD}\n";
    let base = "deploy:\n  script: [push $OLD_TOKEN]\n  after_script: [clean $CLEAN_TOKEN]\n  variables: {REGISTRY_PASSWORD: abcd1234efgh}\nother: {script: [make]}\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    let ids: Vec<&str> = found.identities.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids.iter().filter(|id| id.ends_with("#deploy")).count(), 1, "{ids:?}");
    assert!(ids.iter().any(|id| id.ends_with("base.gitlab-ci.yml#other")), "{ids:?}");
    let used = |name: &str| found.usages.iter().any(|u| u.credential.as_deref() == Some(name));
    assert_eq!(["OWN_TOKEN", "OLD_TOKEN", "CLEAN_TOKEN", "ROOT_PASSWORD"].map(used), [true, false, true, true]);
}

#[test]
fn a_job_of_gitlab_has_what_it_extends_in_an_included_file() {
    let root = "include:\n  - local: /ci/*.yml\n  - local: gone.yml\ndeploy:\n  extends: .deploy\n  script: [make push]\nown:\n  extends: .deploy\n  image: alpine:3\n  environment: dev\n";
    let base = ".deploy:\n  extends: .tokens\n  image: acme/tool:1\n  environment: production\n  before_script: [vault login $VAULT_TOKEN]\n  script: [other $OTHER_TOKEN]\n  variables: {NPM_TOKEN: abcd1234efgh}\nfar: {script: [make]}\n";
    let tokens = ".tokens:\n  id_tokens: {CLOUD_TOKEN: {aud: sts.amazonaws.com}}\n  variables: {AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/r'}\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base), ("ci/tokens.gitlab-ci.yml", tokens)]);
    let want = [
        "federated arn:aws:iam::123456789012:role/r id_tokens.cloud_token",
        "referenced vault_token vault login",
        "static  npm_token",
    ];
    assert_eq!(shown(&found, "#deploy"), want);
    let images = |end: &str| -> Vec<(String, Vec<String>)> {
        let all = found.third_parties.iter().filter(|p| p.identity.as_str().ends_with(end));
        all.map(|p| (p.component.clone(), p.credentials.clone())).collect()
    };
    assert_eq!(images("#deploy"), [("acme/tool".to_owned(), vec!["VAULT_TOKEN".to_owned()])]);
    assert_eq!(images("#own"), [("alpine".to_owned(), vec!["OTHER_TOKEN".to_owned(), "VAULT_TOKEN".to_owned()])]);
    assert_eq!(job(&found, "#deploy").environment.class, EnvironmentClass::Prod);
    assert_eq!(job(&found, "#own").environment.class, EnvironmentClass::Nonprod);
    assert_eq!(attribute(&found, "base.gitlab-ci.yml#far", "called_by"), ROOT);
    assert_eq!(attribute(&found, "#deploy", "calls_unread"), "gone.yml");
    assert!(found.identities.iter().all(|i| !i.id.as_str().contains('!')), "parts are dropped");
    assert!(found.settings.is_empty());
}

#[test]
fn defaults_and_variables_of_one_file_hold_for_the_jobs_of_all() {
    let root = "include: [ci/a.gitlab-ci.yml]\ndefault:\n  image: acme/base:1\nvariables: {NPM_TOKEN: abcd1234efgh, MIRROR_TOKEN: $STORED_TOKEN}\nid_tokens: {}\n";
    let a = "a:\n  script: [curl -H $NPM_TOKEN $MIRROR_TOKEN]\nb:\n  inherit: {default: false, variables: false}\n  script: [curl -H $NPM_TOKEN]\nc:\n  image: own:2\n  script: [make]\n";
    let found = joined(&[(ROOT, root), ("ci/a.gitlab-ci.yml", a)]);
    assert_eq!(shown(&found, "#a"), ["referenced stored_token mirror_token", "static  npm_token"]);
    assert_eq!(shown(&found, "#b"), ["referenced npm_token script"]);
    let images = |end: &str| -> Vec<String> {
        let all = found.third_parties.iter().filter(|p| p.identity.as_str().ends_with(end));
        all.map(|p| p.component.clone()).collect()
    };
    assert_eq!(
        (images("#a"), images("#b"), images("#c")),
        (vec!["acme/base".to_owned()], vec![], vec!["own".to_owned()])
    );
    // Alone, the file reads stored variables.
    let alone = joined(&[("ci/a.gitlab-ci.yml", a)]);
    assert_eq!(shown(&alone, "#a"), ["referenced mirror_token script", "referenced npm_token script"]);
}

#[test]
fn includes_go_round_in_circles_and_never_into_another_repository() {
    let a = "include: [b.gitlab-ci.yml]\na: {stage: x, script: [make]}\n";
    let b = "include: [a.gitlab-ci.yml]\nb: {stage: x, script: [make]}\n";
    let found = joined(&[("a.gitlab-ci.yml", a), ("b.gitlab-ci.yml", b)]);
    assert_eq!(attribute(&found, "a.gitlab-ci.yml#a", "called_by"), "b.gitlab-ci.yml");
    let mut all = facts(Some("acme/one"), &[("a.gitlab-ci.yml", a)]);
    all.extend(facts(Some("acme/two"), &[("b.gitlab-ci.yml", b)]));
    let found = crate::inventory::build(Vec::new(), all, Vec::new());
    assert_eq!(attribute(&found, "b.gitlab-ci.yml#b", "called_by"), "");
    assert_eq!(attribute(&found, "a.gitlab-ci.yml#a", "calls_unread"), "b.gitlab-ci.yml");
}

const PIPELINE: &str = "azure-pipelines.yml";

#[test]
fn a_template_of_azure_has_what_the_pipelines_that_use_it_give() {
    let root = "trigger: [main]\npr: none\npool: {name: own-machines}\nvariables:\n  - group: shop-secrets\n  - template: ci/vars.yml\nstages:\n  - template: ci/deploy.yml\n    parameters: {connection: sc-prod, environment: production}\n";
    let steps = "parameters: {a: b}\nsteps:\n  - task: Bash@3\n";
    let vars = "variables:\n- group: shared-tokens\n";
    let own = "jobs:\n- job: x\n  pool: {vmImage: ubuntu-latest}\n  steps: [{task: Bash@3}, {template: gone.yml}, {template: x.yml@other}]\n";
    let deploy = "parameters:\n  - name: connection\n  - name: environment\n    default: dev\njobs:\n  - deployment: up\n    environment: ${{ parameters.environment }}\n    strategy:\n      runOnce:\n        deploy:\n          steps:\n            - task: AzureCLI@2\n              inputs:\n                azureSubscription: ${{ parameters.connection }}\n            - template: ../steps/notify.yml@self\n";
    let mut files = vec![
        (PIPELINE, root),
        ("ci/deploy.yml", deploy),
        ("steps/notify.yml", steps),
        ("ci/vars.yml", vars),
        ("other/azure-pipelines.yml", own),
    ];
    let found = joined(&files);
    let up = job(&found, "ci/deploy.yml#up");
    for (name, value) in [
        ("called_by", PIPELINE),
        ("caller_triggers", "trigger"),
        ("pool", "own-machines"),
        ("environment", "production"),
        ("secrets", "sc-prod, shared-tokens, shop-secrets"),
    ] {
        assert_eq!(up.attributes.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(up.environment.class, EnvironmentClass::Prod);
    let names: BTreeSet<&str> = usages(&found, "#up").iter().filter_map(|u| u.credential.as_deref()).collect();
    assert_eq!(names, BTreeSet::from(["sc-prod", "shared-tokens", "shop-secrets"]));
    assert_eq!(attribute(&found, "notify.yml#steps", "called_by"), "ci/deploy.yml#up");
    assert_eq!(attribute(&found, "other/azure-pipelines.yml#x", "calls_unread"), "gone.yml");

    // Two that use it: what differs stays open.
    let second =
        root.replace("sc-prod", "sc-dev").replace(", environment: production", "").replace("own-machines", "more");
    let second = second.replace("ci/", "../ci/");
    files.push(("dev/azure-pipelines.yml", &second));
    let found = joined(&files);
    let up = job(&found, "ci/deploy.yml#up");
    assert_eq!((up.environment.class, up.attributes.get("pool")), (EnvironmentClass::Unknown, None));
    assert_eq!(up.environment.why, "environment is a parameter; its callers give dev, production");
    let usage = usages(&found, "#up").into_iter().find(|u| u.attributes.contains_key("stored_as")).unwrap();
    assert_eq!(usage.attributes["stored_as"], "sc-dev, sc-prod");
    assert_eq!(attribute(&found, "ci/deploy.yml#up", "called_by"), "azure-pipelines.yml, dev/azure-pipelines.yml");
}

#[test]
fn templates_of_azure_stay_below_their_top_and_in_their_repository() {
    let user = "jobs:\n- template: ../two/t.yml\n- job: x\n  pool: {vmImage: a}\n";
    let template = "jobs:\n- job: t\n  steps:\n  - task: Bash@3\n";
    let mut all = facts(Some("acme/one"), &[("one/azure-pipelines.yml", user)]);
    all.extend(facts(Some("acme/two"), &[("two/t.yml", template)]));
    let found = crate::inventory::build(Vec::new(), all, Vec::new());
    assert_eq!(attribute(&found, "t.yml#t", "called_by"), "");
    assert_eq!(attribute(&found, "azure-pipelines.yml#x", "calls_unread"), "../two/t.yml");
    let round = "jobs:\n- template: azure-pipelines-b.yml\n- job: x\n  pool: {vmImage: a}\n";
    let back = round.replace("-b.yml", "-a.yml").replace("job: x", "job: y");
    let found = joined(&[("azure-pipelines-a.yml", round), ("azure-pipelines-b.yml", &back)]);
    assert_eq!(attribute(&found, "a.yml#x", "called_by"), "azure-pipelines-b.yml");
}

#[test]
fn what_a_hidden_job_says_to_all_who_extend_it_is_said_once() {
    let root = "include: [ci/base.gitlab-ci.yml]\na: {extends: .docker, script: [make]}\nb: {extends: .docker, script: [push $NPM_TOKEN]}\n";
    let base = ".docker:\n  services: ['docker:27-dind']\n";
    let found = joined(&[(ROOT, root), ("ci/base.gitlab-ci.yml", base)]);
    let told: Vec<&str> = found.settings.iter().map(|s| s.subject.as_str()).collect();
    assert_eq!(told, [".gitlab-ci.yml / b"], "of the job that holds something");
    assert_eq!(found.third_parties.iter().filter(|p| p.component == "docker").count(), 2);
}
