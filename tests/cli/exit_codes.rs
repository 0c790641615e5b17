//! The exit code is a promise to scripts.

use crate::fixture::value;
use crate::world::{World, list, notices};

fn token() -> String {
    format!("GH_TOKEN={}\n", value("github-pat-classic", 7))
}

const CLEAN: &str = "fn main() {}\n";

/// A key id without its secret: a finding of low severity.
fn low() -> String {
    format!("aws_access_key_id = {}\n", value("aws-access-key-id", 3))
}

const BROKEN_WORKFLOW: &str = "on: push\njobs:\n  build:\n    runs-on: [ubuntu-latest\n    steps: }\n";

#[test]
fn nothing_found_and_everything_seen_is_0() {
    let run = World::with("main.rs", CLEAN).run(&["scan", "."]).ends(0);
    assert!(run.err.is_empty(), "{}", run.err);
}

#[test]
fn a_finding_at_or_over_the_threshold_is_1() {
    World::with("app.env", token()).run(&["scan", "."]).ends(1);
}

#[test]
fn exit_code_and_exit_zero_change_what_findings_end_with() {
    let world = World::with("app.env", token());
    world.run(&["scan", ".", "--exit-code", "42"]).ends(42);
    world.run(&["scan", ".", "--exit-code", "0"]).ends(0);
    world.run(&["scan", ".", "--exit-zero"]).ends(0).says("github-pat-classic");
}

#[test]
fn exit_zero_does_not_hide_that_something_was_not_seen() {
    let world = World::with("app.env", token());
    world.put(".github/workflows/ci.yml", BROKEN_WORKFLOW);
    world.run(&["scan", ".", "--exit-zero"]).ends(3);
}

#[test]
fn findings_below_fail_on_are_reported_and_end_with_0() {
    let world = World::with("app.env", low());
    world.run(&["scan", "."]).ends(0).says("aws-access-key-id");
    world.run(&["scan", ".", "--fail-on", "low"]).ends(1);
    let medium = World::with("src/app.py", format!("KEY = '{}'\n", value("google-api-key", 5)));
    let report = medium.json(&[]);
    assert_eq!(list(&report, "findings")[0]["severity"], "medium", "{report:#}");
    medium.run(&["scan", ".", "--fail-on", "high"]).ends(0);
    medium.run(&["scan", ".", "--fail-on", "medium"]).ends(1);
}

#[test]
fn severity_hides_what_lies_below_it_and_it_no_longer_fails() {
    let world = World::with("app.env", low());
    let run = world.run(&["scan", ".", "--severity", "medium", "--fail-on", "low"]).ends(0);
    assert!(!run.out.contains("aws-access-key-id"), "{}", run.out);
}

#[test]
fn wrong_usage_is_2_and_says_what_is_wrong() {
    let world = World::with("app.env", token());
    world.run(&["scan", ".", "--no-such-flag"]).ends(2).complains("--no-such-flag");
    world.run(&["scan", ".", "-f", "yaml"]).ends(2).complains("table, json, sarif");
    world.run(&["scan", "nowhere"]).ends(2).complains("nowhere: no such file or directory");
    world.run(&["scan", ".", "--disable-rule", "no-such-rule"]).ends(2).complains("no-such-rule");
    world.run(&["scan", ".", "--enable-rule", "no-such-rule"]).ends(2).complains("no-such-rule");
    world.run(&["scan", ".", "--as-of", "someday"]).ends(2).complains("someday");
    world.run(&["scan", ".", "--fail-on", "grave"]).ends(2).complains("grave");
    world.run(&["scan", ".", "-c", "nowhere.yml"]).ends(2).complains("nowhere.yml");
    world.run(&["scan", ".", "--rules", "nowhere"]).ends(2).complains("nowhere");
    world.run(&["scan", ".", "--exclude", "a[b"]).ends(2).complains("--exclude");
    world.run(&["scan", ".", "--key-file", "nowhere"]).ends(2).complains("nowhere");
    world.run(&["scan", ".", "-f", "json=nowhere/x.json"]).ends(2).complains("nowhere/x.json");
}

#[test]
fn wrong_usage_writes_no_report() {
    let world = World::with("app.env", token());
    for args in [["scan", "nowhere"], ["scan", "--bad"], ["scan", "-fxml"]] {
        assert!(world.run(&args).ends(2).out.is_empty());
    }
}

#[test]
fn no_arguments_show_the_usage() {
    World::new().run(&[] as &[&str]).ends(2).complains("Usage");
    World::new().run(&["--help"]).ends(0).says("Exit codes");
    World::new().run(&["--version"]).ends(0).says("keyroll ");
}

#[test]
fn an_unknown_key_of_the_configuration_is_named_with_line_and_column() {
    let world = World::with("app.env", token());
    world.put("keyroll.yml", "confidence: high\nexlude: []\n");
    let run = world.run(&["scan", ".", "-c", "keyroll.yml"]).ends(2);
    assert!(run.err.contains("exlude") && run.err.contains("line 2 column 1"), "{}", run.err);
    world.put("keyroll.yml", "allow:\n  - reason: x\n    vlaue: y\n");
    let run = world.run(&["scan", ".", "-c", "keyroll.yml"]).ends(2);
    assert!(run.err.contains("vlaue") && run.err.contains("line 3 column 5"), "{}", run.err);
}

#[test]
fn the_configuration_at_the_top_of_the_repository_counts_in_every_directory_below() {
    let world = World::with("a/b/app.env", token());
    world.init("");
    world.put(".keyroll.yml", "nonsense: 1\n");
    world.run_in("a/b", &["scan", "."]).ends(2).complains("nonsense");
    world.run_in("a/b", &["scan", ".", "--no-config"]).ends(1);
}

#[test]
fn nothing_scanned_is_3() {
    let world = World::new();
    world.run(&["scan", "."]).ends(3).says("nothing was scanned");
    world.put("x.bin", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    world.run(&["scan", "."]).ends(3).says("nothing was scanned");
    world.put("main.rs", CLEAN);
    world.run(&["scan", "."]).ends(0);
    world.run(&["scan", ".", "--exclude", "*.rs"]).ends(3);
}

#[test]
fn a_malformed_workflow_is_3_and_says_where() {
    let world = World::with(".github/workflows/ci.yml", BROKEN_WORKFLOW);
    world.run(&["scan", "."]).ends(3).says(".github/workflows/ci.yml:5");
    let report = world.json(&[]);
    let notice = notices(&report, "malformed")[0];
    assert_eq!((&notice["kind"], &notice["line"]), (&"gap".into(), &5.into()), "{notice:#}");
    assert!(notice["column"].as_u64().is_some_and(|c| c > 1), "{notice:#}");
    assert_eq!(report["incomplete"], true);
}

#[test]
fn an_export_that_is_cut_off_is_3() {
    let cut = format!(
        r#"{{"AccessKeyMetadata": [{{"UserName": "a", "AccessKeyId": "{}", "Status": "Active"}}, {{"User"#,
        value("aws-access-key-id", 1)
    );
    let world = World::with("keys.json", cut);
    let report = world.json(&[]);
    assert_eq!(notices(&report, "malformed").len(), 1, "{report:#}");
    world.run(&["scan", "."]).ends(3);
}

#[test]
fn findings_win_over_incomplete() {
    let world = World::with("app.env", token());
    world.put(".github/workflows/ci.yml", BROKEN_WORKFLOW);
    world.run(&["scan", "."]).ends(1);
    world.run(&["scan", ".", "--exit-code", "9"]).ends(9);
    world.run(&["scan", ".", "--fail-on", "critical"]).ends(3);
}

#[test]
fn a_limit_leaves_the_exit_code_alone_unless_strict() {
    let world = World::with("main.rs", CLEAN);
    world.put("big.txt", vec![b'a'; (1 << 20) + 1]);
    let args = ["scan", ".", "--max-file-size", "1"];
    world.run(&args).ends(0).says("big.txt");
    world.run(&[&args[..], &["--strict"]].concat()).ends(3);
    let report = world.json(&["--max-file-size", "1"]);
    assert_eq!(notices(&report, "too-large")[0]["kind"], "limit");
    assert_eq!(report["coverage"]["skipped"]["too-large"], 1);
    assert_eq!(report["incomplete"], false);
}

#[test]
fn an_expired_exception_is_a_limit() {
    let world = World::with("main.rs", CLEAN);
    world.put("k.yml", "allow:\n  - {rule: github-pat-classic, reason: rotated, expires: 2026-01-01}\n");
    let report = world.json(&["-c", "k.yml"]);
    let notice = notices(&report, "expired-exception")[0];
    assert_eq!(notice["kind"], "limit");
    world.run(&["scan", ".", "-c", "k.yml", "--as-of", "2026-06-30"]).ends(0).says("rotated");
    world.run(&["scan", ".", "-c", "k.yml", "--as-of", "2026-06-30", "--strict"]).ends(3);
    world.run(&["scan", ".", "-c", "k.yml", "--as-of", "2025-12-31", "--strict"]).ends(0);
}

#[test]
fn report_ends_as_the_scan_did() {
    let world = World::with("app.env", token());
    world.put(".github/workflows/ci.yml", BROKEN_WORKFLOW);
    let outside = World::new();
    for (extra, code) in [(&[][..], 1), (&["--fail-on", "critical"][..], 3)] {
        world.run(&[&["scan", ".", "-f", "json=r.json", "--exclude", "r.json"], extra].concat()).ends(code);
        world.run(&[&["report", "r.json"], extra].concat()).ends(code);
    }
    world.put("r.json", "{}");
    world.run(&["report", "r.json"]).ends(2);
    outside.run(&["report", "nowhere.json"]).ends(2);
    World::with("r.json", r#"{"schema": "keyroll.report/9"}"#).run(&["report", "r.json"]).ends(2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_read_is_3_and_named() {
    // Reading the memory of a process at address 0 fails for everyone, the superuser included.
    let run = World::new().run(&["scan", "/proc/self/mem"]).ends(3);
    assert!(run.out.contains("could not be read"), "{}", run.out);
}

#[test]
fn a_run_that_was_stopped_is_incomplete_whatever_it_found() {
    let world = World::new();
    world.put("a.py", format!("token: {}\n", crate::fixture::value("github-pat-classic", 1)));
    let mut report = world.json(&[]);
    world.put("report.json", report.to_string());
    world.run(&["report", "report.json"]).ends(1);
    report["coverage"]["interrupted"] = true.into();
    report["incomplete"] = true.into();
    world.put("report.json", report.to_string());
    world.run(&["report", "report.json"]).ends(3).says("interrupted");
}
