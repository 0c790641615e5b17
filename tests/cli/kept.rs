//! Exports under version control: found where git has them, and nowhere else.

use serde_json::{Value, json};

use crate::archive::gzip;
use crate::fixture::value;
use crate::git::{commit, git};
use crate::world::{World, findings, only};

const ID: &str = "NHI2-export-in-repo";

/// An account's roles.
fn details(account: &str) -> String {
    let role = |name: &str| {
        json!({"Arn": format!("arn:aws:iam::{account}:role/{name}"), "RoleName": name, "RoleId": format!("AROAEXAMPLE{name}"),
            "Path": "/", "CreateDate": "2024-01-02T03:04:05Z", "RolePolicyList": [], "AttachedManagedPolicies": []})
    };
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role("deploy"), role("build")], "Policies": []})
        .to_string()
}

fn report_of(account: &str) -> String {
    let names = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
                 password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
                 access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
                 access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
                 cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
    format!(
        "{names}\nci,arn:aws:iam::{account}:user/ci,2026-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,\
         2026-06-01T00:00:00+00:00,2026-06-20T00:00:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
    )
}

/// A state with a database's password, or with none.
fn state(password: bool) -> String {
    let mut attributes = json!({"id": "db", "username": "app"});
    if password {
        attributes["password"] = json!("not-a-real-one-7");
    }
    json!({"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "1c4f8e1a-0000-4000-8000-000000000001", "outputs": {},
        "resources": [
            {"mode": "managed", "type": "aws_db_instance", "name": "main",
             "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
             "instances": [{"schema_version": 2, "attributes": attributes}]},
            {"mode": "managed", "type": "aws_iam_role", "name": "app",
             "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
             "instances": [{"schema_version": 0, "attributes": {"arn": "arn:aws:iam::210987654321:role/app", "name": "app", "id": "app"}}]}
        ]})
    .to_string()
}

fn repository() -> World {
    let world = World::new();
    git(world.path(), &["init", "-q"]);
    world
}

/// Title, base severity, path and evidence of what is found, as the report has it.
fn told(report: &Value) -> Vec<String> {
    let one = |f: &&Value| {
        format!(
            "{} {}: {}",
            f["base_severity"].as_str().unwrap(),
            f["locations"][0]["path"].as_str().unwrap(),
            f["title"].as_str().unwrap()
        )
    };
    let mut all: Vec<String> = findings(report, ID).iter().map(one).collect();
    all.sort();
    all
}

#[test]
fn a_state_of_the_checkout_was_said_to_be_in_the_history_only() {
    let world = repository();
    let key = json!({"id": value("aws-access-key-id", 3), "secret": value("aws-secret-access-key", 4), "user": "ci", "status": "Active"});
    let resource = json!({"mode": "managed", "type": "aws_iam_access_key", "name": "ci",
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{"schema_version": 0, "attributes": key}]});
    let state = json!({"version": 4, "terraform_version": "1.9.0", "serial": 1,
        "lineage": "1c4f8e1a-0000-4000-8000-000000000002", "outputs": {}, "resources": [resource]});
    commit(world.path(), "infra/terraform.tfstate", &state.to_string());
    let report = world.json(&[]);
    let finding = only(&report, "aws-access-key-pair");
    assert_eq!(finding["locations"][0]["in_head"], json!(true), "{finding}");
    assert!(!finding["evidence"].to_string().contains("history only"), "{finding}");
}

#[test]
fn a_tracked_export_is_found_with_what_it_holds_and_one_that_is_not_tracked_is_not() {
    let world = repository();
    world.put("iam/prod.json", details("210987654321"));
    world.put(".gitignore", "secret/\n");
    world.put("secret/iam.json", details("210987654322"));
    // Nobody added it.
    assert_eq!(told(&world.json(&["--no-gitignore"])), [""; 0]);
    git(world.path(), &["add", "iam", ".gitignore"]);
    let report = world.json(&["--no-gitignore"]);
    let title = "medium iam/prod.json: prod.json is kept in a repository: AWS account authorization details";
    assert_eq!(told(&report), [title]);
    let finding = only(&report, ID);
    assert_eq!(
        finding["evidence"],
        json!(["an export (AWS account authorization details) of 2 identities", "git tracks the file"])
    );
    assert_eq!(finding["risk"], json!("NHI2:2025"));
    assert!(finding["remediation"].as_str().unwrap().contains("git filter-repo"), "{finding}");
    // Ignored, and tracked all the same.
    git(world.path(), &["add", "-f", "secret/iam.json"]);
    assert_eq!(told(&world.json(&[])).len(), 2);
    // A scan from below, and one of the file alone, know the repository, too.
    assert_eq!(told(&world.json_of("iam", &[])), [title]);
    assert_eq!(told(&world.json_of("iam/prod.json", &[])), [title]);
}

#[test]
fn outside_a_repository_an_export_is_what_it_should_be() {
    assert_eq!(told(&World::with("iam.json", details("210987654321")).json(&[])), [""; 0]);
}

#[test]
fn severity_goes_by_what_an_export_holds() {
    let world = repository();
    world.put("a/terraform.tfstate", state(true));
    world.put("b/terraform.tfstate", state(false));
    world.put("iam.json.gz", gzip(details("210987654321").as_bytes()));
    world.put("report.csv", report_of("210987654321"));
    git(world.path(), &["add", "."]);
    let report = world.json(&[]);
    assert_eq!(
        told(&report),
        [
            "high a/terraform.tfstate: terraform.tfstate is kept in a repository: Terraform or OpenTofu state, with secrets in the clear",
            "low report.csv: report.csv is kept in a repository: AWS IAM credential report",
            "medium b/terraform.tfstate: terraform.tfstate is kept in a repository: Terraform or OpenTofu state",
            "medium iam.json: iam.json is kept in a repository: AWS account authorization details",
        ]
    );
    assert!(!report.to_string().contains("not-a-real-one"));
    // The same bytes whatever the threads do.
    let run = |jobs: &str| world.run(&["scan", ".", "-f", "json", "--as-of", "2026-06-30", "--jobs", jobs]).out;
    assert_eq!(run("1"), run("3"));
}

#[test]
fn samples_and_what_is_written_by_hand_are_no_exports_that_leak() {
    let world = repository();
    for path in ["tests/iam.json", "src/fixtures/iam.json", "examples/iam.json", "docs/iam.json", "vendor/x/iam.json"] {
        world.put(path, details("210987654321"));
    }
    // Accounts that documentation is written with.
    world.put("iam.json", details("111122223333"));
    world.put("other.json", details("123456789012"));
    // What a role is to be, and who is to hold it.
    let role = json!({"roleName": "Reader of logs", "description": "x", "assignableScopes": ["/subscriptions/1"],
        "permissions": [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}]});
    world.put("role.json", role.to_string());
    let policy = json!({"bindings": [{"role": "roles/viewer", "members": ["serviceAccount:ci@acme-prod.iam.gserviceaccount.com"]}]});
    world.put("policy.json", policy.to_string());
    let trust = json!({"name": "ci", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:acme/app:ref:refs/heads/main",
        "audiences": ["api://AzureADTokenExchange"]});
    world.put("credential.json", trust.to_string());
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: ci\n  namespace: prod\n";
    world.put("deploy/account.yaml", account);
    git(world.path(), &["add", "-f", "."]);
    git(world.path(), &["commit", "-q", "-m", "x"]);
    assert_eq!(told(&world.json(&[])), [""; 0]);
    // The same policy as it was answered is one.
    let mut answered = policy;
    answered["etag"] = json!("BwXhqDVEHd0=");
    world.put("policy.json", answered.to_string());
    assert_eq!(told(&world.json(&[])).len(), 1);
}

#[test]
fn what_was_removed_stays_in_the_history_and_one_file_is_one_finding() {
    let world = repository();
    let first = commit(world.path(), "iam.json", &details("210987654321"));
    commit(world.path(), "iam.json", &details("210987654322"));
    let report = world.json(&[]);
    assert_eq!(findings(&report, ID).len(), 1, "{:?}", told(&report));
    let sentence = format!("in the repository since commit {} of 2023-11-14", &first[..12]);
    assert_eq!(only(&report, ID)["evidence"][1], json!(sentence));
    assert_eq!(only(&report, ID)["locations"][0]["in_head"], json!(true));
    git(world.path(), &["rm", "-q", "--cached", "iam.json"]);
    git(world.path(), &["commit", "-q", "-m", "out"]);
    // Still there for the user, and in the history for everybody.
    let report = world.json(&[]);
    assert_eq!(told(&report), ["medium iam.json: iam.json stays in the history: AWS account authorization details"]);
    let place = &only(&report, ID)["locations"][0];
    assert_eq!((&place["in_head"], &place["commit"]), (&json!(false), &json!(first)));
    // Without the history there is nothing to tell.
    assert_eq!(told(&world.json(&["--no-history"])), [""; 0]);
    assert_eq!(told(&world.json(&["--history-only"])).len(), 1);
    // What the cache knows is not forgotten.
    for _ in 0..2 {
        assert_eq!(told(&world.json(&["--cache", "cache"])).len(), 1);
    }
}

#[test]
fn repositories_below_the_start_have_indexes_of_their_own() {
    let world = World::new();
    for (name, added) in [("one", true), ("two", false)] {
        world.put(format!("{name}/iam.json"), details("210987654321"));
        git(&world.at(name), &["init", "-q"]);
        if added {
            git(&world.at(name), &["add", "."]);
        }
    }
    world.put("iam.json", details("210987654321"));
    let title = "medium one/iam.json: iam.json is kept in a repository: AWS account authorization details";
    assert_eq!(told(&world.json(&[])), [title]);
    // Two starts, each under its name.
    let run = world.run(&["scan", "one", "two", "-f", "json", "--no-config", "--as-of", "2026-06-30"]);
    assert_eq!(told(&run.json()), [title]);
}

#[test]
fn a_hook_and_a_run_of_ci_stop_an_export_that_is_added() {
    let world = repository();
    let base = commit(world.path(), "a.txt", "x\n");
    world.put("iam.json", details("210987654321"));
    git(world.path(), &["add", "iam.json"]);
    world.run(&["hook"]).ends(1).says("iam.json").says("is kept in a repository");
    git(world.path(), &["commit", "-q", "-m", "x"]);
    world.run(&["hook"]).ends(0);
    let head = git(world.path(), &["rev-parse", "HEAD"]);
    world.run(&["ci", "--base", &base, "--head", &head, "--as-of", "2026-06-30"]).ends(1).says("iam.json");
    // A change to what is there brings nothing in that was not.
    let next = commit(world.path(), "iam.json", &details("210987654322"));
    world.run(&["ci", "--base", &head, "--head", &next, "--as-of", "2026-06-30"]).ends(0);
}
