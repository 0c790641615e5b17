//! The story that README tells: a key that was committed and taken out again, a workflow that uses it through a stored secret, the
//! state of Terraform that made it, and the exports of its account are one identity.

use serde_json::{Value, json};

use crate::demo;
use crate::fixture::value;
use crate::world::{World, findings, list, only, places};

const DAY: &str = "2026-01-31";
const ARN: &str = "aws:user:arn:aws:iam::123456789012:user/shop-uploader";

fn story() -> World {
    let world = World::new();
    demo::build(world.path());
    world
}

fn report(world: &World, paths: &[&str]) -> Value {
    world.run(&[&["scan"], paths, &["-f", "json", "--as-of", DAY]].concat()).json()
}

fn key() -> String {
    format!("aws:access-key:{}", value("aws-access-key-id", 1))
}

#[test]
fn code_history_state_and_exports_are_one_identity_with_one_key() {
    let report = report(&story(), &[".", "exports"]);
    let users: Vec<&Value> = list(&report, "identities").iter().filter(|i| i["name"] == "shop-uploader").collect();
    assert_eq!(users.len(), 1, "{users:#?}");
    let user = users[0];
    assert_eq!(user["id"], ARN);
    assert_eq!((&user["privilege"], &user["status"]), (&json!("admin"), &json!("active")));
    assert!(user["last_used"].to_string().contains("2026-01-30T21:40:00Z"), "{user:#}");
    assert_eq!(user["environment"]["class"], "prod");
    let scores: Vec<i64> = list(&report, "identities").iter().filter_map(|i| i["score"]["value"].as_i64()).collect();
    assert_eq!((user["score"]["value"].as_i64(), scores.iter().max()), (Some(100), Some(&100)));
    let keys: Vec<&Value> = list(&report, "credentials").iter().filter(|c| c["provider"] == "aws").collect();
    assert_eq!(keys.len(), 1, "{keys:#?}");
    assert_eq!(
        (&keys[0]["id"], &keys[0]["identity"], &keys[0]["status"]),
        (&json!(key()), &json!(ARN), &json!("active"))
    );
    assert_eq!(report["headline"]["unattributed"], 0);
}

#[test]
fn the_leak_tells_first_that_the_key_works_when_it_was_used_and_who_would_miss_it() {
    let report = report(&story(), &[".", "exports"]);
    let leak = only(&report, "aws-secret-access-key");
    assert_eq!(leak["title"], "AWS secret access key of shop-uploader");
    assert_eq!((&leak["severity"], &leak["identity"]), (&json!("critical"), &json!(ARN)));
    let sentences = list(leak, "evidence");
    assert_eq!(sentences[0], "an export says that it is enabled; last used 2026-01-30");
    assert_eq!(sentences[1], "deploy.yml / production acts as it: stored as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY");
    assert!(sentences.contains(&json!("in history only; removal is not revocation")), "{sentences:#?}");
    // The history first: a state holds what it manages.
    assert_eq!(places(leak), ["shop/pictures.py:7:26-7:66", "exports/terraform.tfstate:23:24-23:64"]);
    assert!(leak["remediation"].as_str().unwrap().contains("aws iam update-access-key"), "{leak:#}");
    assert_eq!(findings(&report, "generic-secret").len(), 0, "the state says what the value is");
    let removed = only(&report, "NHI1-removed-not-revoked");
    assert_eq!((&removed["severity"], &removed["identity"]), (&json!("critical"), &json!(ARN)));
    for check in ["NHI5-aws-admin", "NHI7-aws-key-age"] {
        assert_eq!(only(&report, check)["identity"], ARN, "{check}");
    }
}

#[test]
fn the_job_that_reads_the_stored_key_has_the_rights_of_its_user() {
    let report = report(&story(), &[".", "exports"]);
    let job = list(&report, "identities").iter().find(|i| i["name"] == "deploy.yml / production").unwrap();
    assert_eq!(job["privilege"], "admin", "{job:#}");
    let stored = only(&report, "NHI6-ci-static-cloud");
    assert_eq!(stored["identity"], job["id"]);
    assert!(stored["evidence"].to_string().contains("it is a key of shop-uploader"), "{stored:#}");
    let other = list(&report, "identities").iter().find(|i| i["name"] == "reports.yml / sales").unwrap();
    assert_ne!(other["privilege"], "admin", "{other:#}");
}

/// Names and scores of the identities.
fn scores(report: &Value) -> Vec<(String, Value)> {
    let all = list(report, "identities").iter();
    let mut all: Vec<_> = all.map(|i| (i["name"].to_string(), i["score"]["value"].clone())).collect();
    all.sort_by_key(|(name, _)| name.clone());
    all
}

#[test]
fn the_order_of_inputs_and_a_merge_of_their_reports_change_nothing() {
    let world = story();
    let one = report(&world, &[".", "exports"]);
    assert_eq!(scores(&one), scores(&report(&world, &["exports", "."])));
    world.put("key", "one key of sixteen bytes");
    let merged = World::new();
    for (path, name) in [(".", "code.json"), ("exports", "exports.json")] {
        let args = ["scan", path, "-f", "json", "--as-of", DAY, "--key-file", "key", "--exclude", "key"];
        merged.put(name, world.run(&args).ends(1).out);
    }
    let merged = merged.run(&["report", "code.json", "exports.json", "-f", "json"]).json();
    assert_eq!(scores(&one), scores(&merged), "{:#}", merged["identities"]);
}

#[test]
fn a_key_that_is_turned_off_is_history_and_no_more() {
    let world = story();
    let keys = world.read("exports/access-keys.json");
    world.put("exports/access-keys.json", keys.replace("\"Active\"", "\"Inactive\""));
    let rows = world.read("exports/credential-report.csv");
    let off = rows.replace("N/A,false,true,2023-02-14", "N/A,false,false,2023-02-14");
    assert_ne!(rows, off);
    world.put("exports/credential-report.csv", off);
    // The workflow takes a role on, as the advice says; the state no longer has the key.
    std::fs::remove_file(world.at("exports/terraform.tfstate")).unwrap();
    std::fs::remove_file(world.at(".github/workflows/deploy.yml")).unwrap();
    let report = report(&world, &[".", "exports"]);
    for check in ["NHI1-removed-not-revoked", "NHI7-aws-key-age", "NHI6-ci-static-cloud", "NHI2-tfstate"] {
        assert_eq!(findings(&report, check).len(), 0, "{check}");
    }
    let leak = only(&report, "aws-secret-access-key");
    assert!(leak["score"].as_i64() <= Some(60), "{leak:#}");
    assert_eq!(list(leak, "evidence")[0], "an export says that it is disabled; last used 2026-01-30");
}
