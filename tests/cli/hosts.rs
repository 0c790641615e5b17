//! Lists and logs of code hosts beside a repository: what joins, what is never written, who has left.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha512};

use crate::fixture::value;
use crate::git::{commit, git, remove};
use crate::world::{World, findings, list, only};

/// One event of a token, a week before the day that ages are measured against.
fn event(token: &str, actor: &str) -> String {
    let hash = BASE64.encode(&Sha256::digest(token.as_bytes()));
    format!(
        "{{\"@timestamp\":1795000000000,\"action\":\"git.clone\",\"actor\":\"{actor}\",\"org\":\"acme\",\"hashed_token\":\"{hash}\",\
         \"programmatic_access_type\":\"Personal access token (classic)\",\"token_scopes\":\"repo\"}}\n"
    )
}

fn credentials<'a>(report: &'a Value, start: &str) -> Vec<&'a Value> {
    list(report, "credentials").iter().filter(|c| c["id"].as_str().is_some_and(|id| id.starts_with(start))).collect()
}

#[test]
fn a_leaked_token_and_its_events_are_one_credential_and_the_hash_is_written_nowhere() {
    let token = value("github-pat-classic", 3);
    let hash = BASE64.encode(&Sha256::digest(token.as_bytes()));
    let world = World::with("deploy.py", format!("TOKEN = \"{token}\"\n"));
    world.put("audit.jsonl", event(&token, "ana") + &event(&value("github-pat-classic", 4), "bo"));
    let report = world.json(&[]);
    let known = credentials(&report, "github:token:");
    assert_eq!(known.len(), 2, "{:#}", report["credentials"]);
    let leaked = only(&report, "github-pat-classic");
    let joined = known.iter().find(|c| c["id"] == leaked["credential"]).unwrap();
    assert_eq!(joined["attributes"]["actor"], "ana");
    assert_eq!(joined["attributes"]["scopes"], "repo");
    assert!(!joined["preview"].is_null() && !joined["last_used"]["at"].is_null(), "{joined:#}");
    for format in ["json", "sarif", "table", "markdown"] {
        let run = world.run(&["scan", "-f", format, "-v", "--confidence", "low", "--as-of", "2026-11-25"]);
        assert!(!run.out.contains(&hash) && !run.out.contains(&token), "{format}");
    }
    assert_eq!(findings(&report, "generic-secret").len(), 0, "a hash in a log opens nothing");
}

#[test]
fn two_scans_under_one_key_give_a_token_one_id_and_under_two_keys_two() {
    let token = value("github-pat-classic", 5);
    let id = |path: &str, text: &str, key: &str| {
        let world = World::with(path, text);
        world.put("key", key);
        let report = world.json(&["--key-file", "key", "--exclude", "key"]);
        credentials(&report, "github:token:")[0]["id"].as_str().unwrap().to_owned()
    };
    let (code, log) = (format!("TOKEN = \"{token}\"\n"), event(&token, "ana"));
    let (one, two) = ("one key of sixteen bytes", "two keys of sixteen bytes");
    assert_eq!(id("a.py", &code, one), id("audit.jsonl", &log, one));
    assert_ne!(id("a.py", &code, one), id("audit.jsonl", &log, two));
}

#[test]
fn an_npm_token_and_its_row_are_one_credential() {
    let token = value("npm-access-token", 2);
    let hash = HEXLOWER.encode(&Sha512::digest(token.as_bytes()));
    let world = World::with("a.py", format!("NPM_TOKEN = \"{token}\"\n"));
    let row = "\"readonly\":false,\"automation\":true,\"cidr_whitelist\":null,\"created\":\"2026-01-01T00:00:00.000Z\"";
    world.put("tokens.json", format!("[{{\"token\":\"npm_ab\",\"key\":\"{hash}\",{row}}}]"));
    let report = world.json(&[]);
    assert_eq!(list(&report, "credentials").len(), 1, "{:#}", report["credentials"]);
    assert_eq!(credentials(&report, "npm:token:")[0]["status"], "active");
    assert!(!report.to_string().contains(&hash));
}

#[test]
fn a_token_that_was_removed_and_still_acts_is_critical() {
    let token = value("github-pat-classic", 6);
    let world = World::new();
    git(world.path(), &["init", "-q"]);
    commit(world.path(), "a.py", &format!("TOKEN = \"{token}\"\n"));
    remove(world.path(), "a.py");
    world.put("audit.jsonl", event(&token, "ana"));
    let report = world.json(&[]);
    assert_eq!(only(&report, "NHI1-removed-not-revoked")["severity"], "critical");
}

#[test]
fn members_tell_who_left_and_a_list_of_nobody_is_wrong_usage() {
    let world = World::with(
        ".github/workflows/a.yml",
        "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps: []\n",
    );
    world.put("CODEOWNERS", "* @zed\n");
    world.put("people.csv", "Name,Login\nAna,ana\n");
    let args = ["--exclude", "people.csv", "--members", "people.csv"];
    assert_eq!(findings(&world.json(&args[..2]), "NHI1-owner-left").len(), 0);
    let report = world.json(&args);
    let left = only(&report, "NHI1-owner-left");
    assert_eq!(left["identity"], list(&report, "identities")[0]["id"]);
    world.put("people.csv", "Name,Login\nAna,zed\n");
    assert_eq!(findings(&world.json(&args), "NHI1-owner-left").len(), 0);
    world.put("people.csv", "");
    world.run(&["scan", "--members", "people.csv"]).ends(2).complains("names nobody");
    world.run(&["scan", "--members", "absent.csv"]).ends(2).complains("--members absent.csv");
}

#[test]
fn a_list_of_repositories_tells_dead_trusts_and_names_file_and_line_when_it_is_none() {
    let issuer = "token.actions.githubusercontent.com";
    let world = World::with(
        "infra/main.tf",
        format!(
            "resource \"aws_iam_role\" \"r\" {{\n  assume_role_policy = jsonencode({{ Statement = [{{ Effect = \"Allow\", Action = \
             \"sts:AssumeRoleWithWebIdentity\", Principal = {{ Federated = \"arn:aws:iam::1:oidc-provider/{issuer}\" }}, \
             Condition = {{ StringEquals = {{ \"{issuer}:aud\" = \"sts.amazonaws.com\", \"{issuer}:sub\" = \
             \"repo:acme/gone:environment:prod\" }} }} }}] }})\n}}\n"
        ),
    );
    world.put("repos.txt", "acme/app\n");
    let id = "NHI1-oidc-trust-dead-subject";
    let args = ["--exclude", "repos.txt", "--repos", "repos.txt"];
    assert_eq!(findings(&world.json(&args[..2]), id).len(), 0);
    let report = world.json(&args);
    assert_eq!(only(&report, id)["locations"][0]["path"], "infra/main.tf");
    world.put("saved.json", world.json(&args[..2]).to_string());
    let again = world.run(&["report", "saved.json", "--no-config", "--repos", "repos.txt", "-f", "json"]).json();
    assert_eq!(findings(&again, id).len(), 1);
    world.put("repos.txt", "acme/app\nacme/gone\n");
    assert_eq!(findings(&world.json(&args), id).len(), 0);
    world.put("repos.txt", "acme/app\n\nno name\n");
    world.run(&["scan", "--repos", "repos.txt"]).ends(2).complains("--repos repos.txt: line 3: no `owner/name`");
    world.put("repos.txt", "[{\"full_name\": \"acme/app\"},\n{\"full_name\"}]");
    world.run(&["report", "saved.json", "--repos", "repos.txt"]).ends(2).complains("--repos repos.txt: line 2");
    world.put("repos.txt", "[]");
    world.run(&["scan", "--repos", "repos.txt"]).ends(2).complains("names no repository");
    world.run(&["ci", "--base", "A", "--repos", "absent.txt"]).ends(2);
    world.run(&["scan", "--repos", "absent.txt"]).ends(2).complains("--repos absent.txt");
}

#[test]
fn a_prune_without_the_list_keeps_what_only_the_list_can_tell() {
    let world = World::new();
    git(world.path(), &["init", "-q"]);
    commit(
        world.path(),
        ".github/workflows/a.yml",
        "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps: []\n",
    );
    commit(world.path(), "CODEOWNERS", "* @zed\n");
    commit(world.path(), "people.txt", "ana\n");
    let entries = || std::fs::read_to_string(world.path().join("known")).unwrap().matches("NHI1-owner-left").count();
    let base = ["--no-config", "-b", "known"];
    let run = |verb: &str, more: &[&str]| world.run(&[&["baseline", verb][..], &base, more].concat());
    run("create", &["--members", "people.txt"]).ends(0);
    assert_eq!(entries(), 1);
    run("prune", &[]).ends(0).complains("NHI1-owner-left did not run over everything");
    assert_eq!(entries(), 1);
    run("prune", &["--members", "people.txt"]).ends(0);
    assert_eq!(entries(), 1);
    commit(world.path(), "people.txt", "zed\n");
    run("prune", &["--members", "people.txt"]).ends(0);
    assert_eq!(entries(), 0);
}
