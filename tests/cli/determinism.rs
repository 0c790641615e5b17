//! The same input gives the same bytes, whatever the number of threads and the order of the files.

use std::fs;

use crate::fixture::value;
use crate::redaction::random;
use crate::world::{AS_OF, World};

/// Files with everything that reports hold: findings, copies, references, pairs, workflows, exports, notices.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for i in 0..40u64 {
        files.push((format!("src/mod{i}/app.env"), format!("TOKEN_{i}={}\n", random(i, 32))));
        files.push((format!("deploy/{i}/values.yaml"), format!("db:\n  password: {}\n", random(i / 4, 24))));
    }
    let shared = format!("GH_TOKEN={}\n", value("github-pat-classic", 7));
    for i in 0..8 {
        files.push((format!("copies/{i}/.env"), shared.clone()));
    }
    files.push(("aws.ini".into(), aws(1)));
    files.push(("old/aws.ini".into(), aws(1)));
    files.push((".github/workflows/ci.yml".into(), WORKFLOW.into()));
    files.push((".github/workflows/bad.yml".into(), "on: [push\njobs: }\n".into()));
    files.push(("exports/keys.json".into(), keys()));
    files
}

fn aws(seed: u64) -> String {
    format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        value("aws-access-key-id", seed),
        value("aws-secret-access-key", seed)
    )
}

fn keys() -> String {
    let key = value("aws-access-key-id", 1);
    format!(
        r#"{{"AccessKeyMetadata": [{{"UserName": "ci", "AccessKeyId": "{key}", "Status": "Active", "CreateDate": "2020-01-02T03:04:05Z"}}]}}"#
    )
}

const WORKFLOW: &str = "on: [push, pull_request_target]
permissions: write-all
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: someone/deploy@main
        with: {token: '${{ secrets.TOKEN }}'}
  b:
    runs-on: self-hosted
    permissions: {id-token: write}
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with: {role-to-assume: 'arn:aws:iam::123456789012:role/deploy'}
";

/// All outputs of one scan.
fn all(world: &World, jobs: &str) -> Vec<String> {
    let beside = World::new();
    let to = |format: &str| format!("{format}={}", beside.at(format).display());
    let (json, sarif) = (to("json"), to("sarif"));
    let run = world.run(&["scan", ".", "--as-of", AS_OF, "-j", jobs, "-f", "table", "-f", &json, "-f", &sarif]).ends(1);
    vec![run.out, run.err, beside.read("json"), beside.read("sarif")]
}

#[track_caller]
fn assert_same(a: &[String], b: &[String]) {
    for (a, b) in a.iter().zip(b) {
        if let Some((x, y)) = a.lines().zip(b.lines()).find(|(x, y)| x != y) {
            panic!("{x:?} became {y:?}");
        }
        assert_eq!(a.len(), b.len());
    }
}

/// Outputs of directories of two names: the name itself, by which a root without a remote is told apart, is left out.
fn nameless(outputs: &[String]) -> Vec<String> {
    let is_name = |line: &str| line.trim_start().starts_with("\"top\": ");
    outputs.iter().map(|text| text.split_inclusive('\n').filter(|line| !is_name(line)).collect()).collect()
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let world = World::new();
    for (path, text) in files() {
        world.put(path, text);
    }
    let one = all(&world, "1");
    assert!(one[2].len() > 20_000);
    for jobs in ["2", "8", "1"] {
        assert_same(&one, &all(&world, jobs));
    }
}

#[test]
fn two_runs_and_the_order_of_the_paths_change_no_byte() {
    let world = World::new();
    for (path, text) in files() {
        world.put(path, text);
    }
    assert_same(&all(&world, "0"), &all(&world, "0"));
    let scan = |paths: &[&str]| {
        let out = world.run(&[&["scan", "-f", "json", "--as-of", AS_OF], paths].concat()).ends(1).out;
        // The order of the roots is the only thing that may follow the command line.
        out.split_once("\"headline\"").unwrap().1.to_owned()
    };
    assert_same(&[scan(&["src", "copies"])], &[scan(&["copies", "src"])]);
}

#[test]
fn a_report_rendered_again_is_the_same_bytes_in_every_format() {
    let world = World::new();
    for (path, text) in files() {
        world.put(format!("in/{path}"), text);
    }
    world.put("in/a.py", format!("x = '{}' # keyroll:ignore known\n", value("github-pat-classic", 9)));
    let outputs = ["-f", "table", "-f", "json=r.json", "-f", "sarif=r.sarif"];
    let run = world.run(&[&["scan", "in", "--as-of", AS_OF], &outputs[..]].concat()).ends(1);
    for (format, file) in [("json", "r.json"), ("sarif", "r.sarif")] {
        let again = world.run(&["report", "r.json", "-f", format]).ends(1);
        assert_same(&[world.read(file)], &[again.out]);
    }
    assert_same(&[run.out], &[world.run(&["report", "r.json"]).ends(1).out]);
    let twice = world.run(&["report", "r.json", "-f", "json=again.json"]).ends(1);
    assert!(twice.err.is_empty() && world.read("r.json") == world.read("again.json"), "{}", twice.err);
}

#[test]
fn the_order_in_which_files_were_made_changes_no_byte() {
    let (forward, backward) = (World::new(), World::new());
    for (path, text) in files() {
        forward.put(path, text);
    }
    for (path, text) in files().into_iter().rev() {
        backward.put(path, text);
    }
    assert_same(&nameless(&all(&forward, "1")), &nameless(&all(&backward, "1")));
    assert_same(&nameless(&all(&forward, "8")), &nameless(&all(&backward, "8")));
}

#[test]
fn the_name_of_the_directory_changes_nothing_but_itself() {
    let world = World::new();
    for (path, text) in files() {
        world.put(format!("one/{path}"), text);
    }
    let run = |below: &str| world.run_in(below, &["scan", ".", "--as-of", AS_OF, "-f", "json"]).out;
    let first = run("one");
    fs::rename(world.at("one"), world.at("two")).unwrap();
    assert_same(&nameless(&[first]), &nameless(&[run("two")]));
}

#[test]
fn the_environment_changes_no_byte() {
    let world = World::with("app.env", format!("T={}\n", value("github-pat-classic", 7)));
    let args = ["scan", ".", "--as-of", AS_OF, "-f", "json"];
    let plain = world.run(&args).out;
    let odd =
        [("LC_ALL", "de_DE.UTF-8"), ("TZ", "Pacific/Kiritimati"), ("LANG", "tr_TR"), ("CI", "true"), ("TERM", "dumb")];
    assert_same(&[plain], &[world.run_with(&odd, &args).out]);
}

#[test]
fn the_day_stands_in_the_report_and_ages_follow_it() {
    let world = World::with("keys.json", keys());
    let at = |date: &str| world.run(&["scan", ".", "--as-of", date, "-f", "json"]).json();
    let (young, old) = (at("2020-01-03"), at("2026-06-30"));
    assert_eq!(young["as_of_source"], "flag");
    assert!(old["as_of"].as_str().unwrap().starts_with("2026-06-30"));
    let ids = |r: &serde_json::Value| -> Vec<String> {
        crate::world::list(r, "findings").iter().map(|f| f["id"].as_str().unwrap().to_owned()).collect()
    };
    assert!(!ids(&young).contains(&"NHI7-aws-key-age".to_owned()), "{:?}", ids(&young));
    assert!(ids(&old).contains(&"NHI7-aws-key-age".to_owned()), "a key of six years is found old: {:?}", ids(&old));
}

#[test]
fn without_a_date_ages_are_measured_against_today() {
    let report = World::with("main.rs", "fn main() {}\n").run(&["scan", ".", "-f", "json"]).json();
    let text = report["as_of"].as_str().unwrap();
    assert!(text.ends_with("T00:00:00Z"), "cut to the day: {text}");
    assert_eq!(report["as_of_source"], "today");
}

#[test]
fn fingerprints_depend_on_key_and_value_and_not_on_place_or_rule() {
    let token = value("github-pat-classic", 7);
    let fingerprint = |world: &World, variables: &[(&str, &str)]| {
        let report = world.run_with(variables, &["scan", ".", "-f", "json"]).json();
        let found = crate::world::only(&report, "github-pat-classic").clone();
        (report["key_id"].as_str().unwrap().to_owned(), found["fingerprint"].as_str().unwrap().to_owned())
    };
    let (a, b) = (World::with("a.env", format!("T={token}\n")), World::with("x/b.py", format!("f('{token}')\n")));
    assert_eq!(fingerprint(&a, &[]), fingerprint(&b, &[]));
    let key = "0123456789abcdef".repeat(2);
    let keyed = [("KEYROLL_KEY", key.as_str())];
    let (id, print) = fingerprint(&a, &keyed);
    assert_ne!((id.clone(), print.clone()), fingerprint(&a, &[]));
    assert!(!id.contains("0123456789abcdef"), "the key is not its own id");
    a.put("key", format!("{key}\n"));
    let report = a.run(&["scan", "a.env", "--key-file", "key", "-f", "json"]).json();
    assert_eq!(report["key_id"], id.as_str());
    assert_eq!(crate::world::only(&report, "github-pat-classic")["fingerprint"], print.as_str());
}

#[test]
fn a_key_is_made_only_when_a_value_wants_a_fingerprint() {
    let world = World::with("a.txt", "nothing\n");
    world.init("");
    let report = world.run(&["scan", ".", "-f", "json"]).json();
    assert_eq!((&report["key_id"], &report["key_source"]), (&"".into(), &"unused".into()));
    let given = world.run_with(&[("KEYROLL_KEY", &"k".repeat(20))], &["scan", ".", "-f", "json"]).json();
    assert_eq!(given["key_source"], "environment");
    world.put("b.txt", format!("T={}\n", value("github-pat-classic", 3)));
    let report = world.run(&["scan", ".", "-f", "json"]).json();
    assert_eq!(report["key_id"].as_str().unwrap().len(), 16);
    assert_ne!(report["key_source"], "unused");
    assert!(!world.run(&["scan", "a.txt"]).out.contains("fingerprint key"), "there is none to tell");
}
