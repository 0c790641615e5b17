//! `report` of several reports gives what one scan of everything gives, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fixture::{expand, value};
use crate::world::World;

const KEY: &str = "a key of thirty-two characters..";

/// Scans paths in one go.
fn scan(world: &World, name: &str, paths: &[&str], more: &[&str]) -> Value {
    let to = format!("json={name}");
    let args =
        [&["scan"], paths, &["-q", "-f", &to, "--as-of", "2026-06-30", "--no-config", "--exit-zero"], more].concat();
    let run = world.run_with(&[("KEYROLL_KEY", KEY)], &args);
    assert!(run.code == 0 || run.code == 3, "{}", run.err);
    serde_json::from_str(&world.read(name)).unwrap()
}

/// Merges reports.
fn merge(world: &World, name: &str, of: &[&str]) -> Value {
    let to = format!("json={name}");
    let args = [&["report"], of, &["-q", "-f", &to, "--exit-zero"]].concat();
    let run = world.run(&args);
    assert!(run.code == 0 || run.code == 3, "{} {}", run.code, run.err);
    serde_json::from_str(&world.read(name)).unwrap()
}

/// A report without what only a merged one has, and without the counts of distinct contents: a blob that two parts read is
/// counted in each, since reports do not list the blobs.
fn without_parts(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("parts");
    for (list, name) in [("coverage", "blobs"), ("coverage", "bytes"), ("formats_read", "code")] {
        report[list].as_object_mut().unwrap().remove(name);
    }
    report
}

/// Says where two reports differ first, instead of printing both.
#[track_caller]
fn same(merged: &Value, scanned: &Value) {
    fn compare(a: &Value, b: &Value, at: &str, out: &mut Vec<String>) {
        match (a, b) {
            (Value::Object(x), Value::Object(y)) => {
                let keys: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
                for k in keys {
                    let of = |v: &serde_json::Map<String, Value>| v.get(k).cloned().unwrap_or_default();
                    compare(&of(x), &of(y), &format!("{at}/{k}"), out);
                }
            }
            (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
                x.iter().zip(y).enumerate().for_each(|(i, (x, y))| compare(x, y, &format!("{at}/{i}"), out));
            }
            (Value::Array(x), Value::Array(y)) => {
                let extra = x.iter().find(|x| !y.contains(x));
                let missing = y.iter().find(|y| !x.contains(y));
                let sizes = format!("{at}: {} and {} entries", x.len(), y.len());
                out.push(format!("{sizes}; only merged: {extra:?}; only scanned: {missing:?}"));
            }
            (a, b) if a == b => {}
            (a, b) => out.push(format!("{at}: merged {a}, scanned {b}")),
        }
    }
    let mut differences = Vec::new();
    compare(&without_parts(merged.clone()), &without_parts(scanned.clone()), "", &mut differences);
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let text = |v: &Value| serde_json::to_string(&without_parts(v.clone())).unwrap();
    assert!(text(merged) == text(scanned), "equal but for the order of keys");
}

/// Every fixture of every format, in turn below one of these directories.
fn all_formats(world: &World, sides: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let mut open = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().map(|e| e.unwrap().path()) {
            match entry.is_dir() {
                true => open.push(entry),
                false if entry.file_name().is_some_and(|n| n != "expected.txt") => files.push(entry),
                false => {}
            }
        }
    }
    files.sort();
    for (n, file) in files.iter().enumerate() {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let below = file.strip_prefix(&root).unwrap().to_str().unwrap();
        world.put(format!("{}/{below}", sides[n % sides.len()]), expand(&text));
    }
    // What the two have in common: values, a user, a role that a job of the other one takes on.
    let token = value("github-pat-classic", 7);
    for side in sides {
        world.put(format!("{side}/src/app.env"), format!("GH_TOKEN={token}\nDB_PASSWORD=swordfish9\n"));
        world.put(format!("{side}/tests/sample.env"), format!("GH_TOKEN={}\n", value("github-pat-classic", 8)));
        // At the top, where directories have no name.
        for (from, to) in [
            ("github-actions/gcp/workflow.yml", ".github/workflows/deploy.yml"),
            ("terraform/google/gcp/main.tf", "main.tf"),
            ("kubernetes/defaults/pods.yaml", "pods.yaml"),
            ("dockerfile/kept/Dockerfile", "Dockerfile"),
        ] {
            let Ok(text) = fs::read_to_string(root.join(from)) else { panic!("{from} is gone") };
            world.put(format!("{side}/{to}"), expand(&text));
        }
    }
}

fn repository(world: &World, side: &str, remote: Option<&str>) {
    let repository = world.init(side);
    if let Some(remote) = remote {
        repository.remote("origin", &format!("https://github.com/{remote}.git")).unwrap();
    }
    world.put(
        format!("{side}/src/old.env"),
        format!("OLD={}\nOLD_PASSWORD=swordfish8\n", value("github-pat-classic", 9)),
    );
    world.commit(&repository, &["src/app.env", "tests/sample.env", "src/old.env"]);
    fs::remove_file(world.at(format!("{side}/src/old.env"))).unwrap();
    let mut index = repository.index().unwrap();
    index.remove_path(Path::new("src/old.env")).unwrap();
    index.write().unwrap();
    world.commit(&repository, &[]);
}

#[test]
fn two_directories_of_every_format_merge_to_what_one_scan_says() {
    let world = World::new();
    all_formats(&world, &["shop", "till"]);
    scan(&world, "a.json", &["shop"], &[]);
    scan(&world, "b.json", &["till"], &[]);
    let both = scan(&world, "both.json", &["shop", "till"], &[]);
    same(&merge(&world, "merged.json", &["a.json", "b.json"]), &both);
}

#[test]
fn json_that_is_written_while_it_is_put_in_order_is_that_of_the_whole_report() {
    let world = World::new();
    all_formats(&world, &["shop", "till"]);
    scan(&world, "a.json", &["shop"], &[]);
    scan(&world, "b.json", &["till"], &[]);
    merge(&world, "alone.json", &["a.json", "b.json"]);
    let both = ["report", "a.json", "b.json", "-q", "--exit-zero", "-f", "json=beside.json", "-f", "jsonl=rows.jsonl"];
    world.run(&both);
    assert!(world.read("alone.json") == world.read("beside.json"));
    let told = |name: &str| world.run(&["report", "a.json", "b.json", "-f", name]);
    let (alone, beside) = (told("json=x.json"), told("sarif=x.sarif"));
    assert_eq!((alone.code, alone.err), (beside.code, beside.err), "what is told and the exit code");
}

#[test]
fn every_output_of_a_merge_is_that_of_its_json_read_back() {
    let world = World::new();
    all_formats(&world, &["shop", "till"]);
    repository(&world, "shop", None);
    // More than every limit of a page: places, things to do, findings told in full.
    let env: String = (0..90).map(|at| format!("GH_TOKEN_{at}={}\n", value("github-pat-classic", 400 + at))).collect();
    world.put("shop/many.env", &env);
    world.put("till/tests/many.env", env + "API_PASSWORD=Tr4ding-blue-Harbor # keyroll:ignore known\n");
    scan(&world, "a.json", &["shop"], &["--confidence", "low"]);
    scan(&world, "b.json", &["till"], &["--confidence", "low"]);
    merge(&world, "merged.json", &["a.json", "b.json"]);
    for reporter in keyroll::report::REPORTERS {
        for more in [&[][..], &["-v", "--sarif-suppressed"]] {
            let flags = [&["-f", reporter.id, "--exit-zero", "--no-config"], more].concat();
            let packed = world.run(&[&["report", "a.json", "b.json"], &flags[..]].concat());
            let whole = world.run(&[&["report", "merged.json"], &flags[..]].concat());
            let differs = packed.out.lines().zip(whole.out.lines()).find(|(a, b)| a != b);
            assert!(packed.out == whole.out, "{} {more:?}: {differs:?}", reporter.id);
            assert_eq!((packed.code, &packed.err), (whole.code, &whole.err), "{}", reporter.id);
        }
    }
}

#[test]
fn two_repositories_merge_to_what_one_scan_says() {
    for remotes in [[None, None], [Some("acme/shop"), Some("acme/till")]] {
        let world = World::new();
        all_formats(&world, &["shop", "till"]);
        repository(&world, "shop", remotes[0]);
        repository(&world, "till", remotes[1]);
        scan(&world, "a.json", &["shop"], &[]);
        scan(&world, "b.json", &["till"], &[]);
        let both = scan(&world, "both.json", &["shop", "till"], &[]);
        same(&merge(&world, "merged.json", &["b.json", "a.json"]), &both);
    }
}

#[test]
fn shards_of_one_repository_merge_to_what_one_scan_says() {
    let world = World::new();
    all_formats(&world, &["app/src", "app/infra", "app/ops"]);
    repository_of_shards(&world);
    for (shard, file) in [("app/src", "1.json"), ("app/infra", "2.json"), ("app/ops", "3.json")] {
        scan(&world, file, &[shard], &["--no-history"]);
    }
    let whole = scan(&world, "all.json", &["app/src", "app/infra", "app/ops"], &["--no-history"]);
    let merged = merge(&world, "merged.json", &["3.json", "1.json", "2.json"]);
    same(&merged, &whole);
    // A merged report is merged further.
    merge(&world, "12.json", &["1.json", "2.json"]);
    merge(&world, "12-3.json", &["12.json", "3.json"]);
    assert!(world.read("12-3.json") == world.read("merged.json"));
}

fn repository_of_shards(world: &World) {
    let repository = world.init("app");
    world.commit(&repository, &["src/src/app.env"]);
}

#[test]
fn an_export_and_a_repository_merge_and_the_leaked_key_meets_its_user() {
    let world = World::new();
    let key = value("aws-access-key-id", 5);
    world.put("shop/deploy.env", format!("AWS_ACCESS_KEY_ID={key}\nAWS_SECRET_ACCESS_KEY={}\n", value("alnum.40", 3)));
    let rows = format!(
        "{{\"AccessKeyMetadata\":[{{\"UserName\":\"ci\",\"AccessKeyId\":\"{key}\",\"Status\":\"Active\",\
         \"CreateDate\":\"2024-01-01T00:00:00Z\"}}]}}"
    );
    world.put("exports/keys.json", rows);
    let repository = world.init("shop");
    world.commit(&repository, &["deploy.env"]);
    scan(&world, "a.json", &["shop"], &[]);
    scan(&world, "b.json", &["exports/keys.json"], &[]);
    let both = scan(&world, "both.json", &["shop", "exports/keys.json"], &[]);
    let merged = merge(&world, "merged.json", &["a.json", "b.json"]);
    same(&merged, &both);
    let ids: Vec<&str> = merged["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"NHI7-aws-key-age"), "{ids:?}");
    let leaked = merged["credentials"].as_array().unwrap().iter().find(|c| c["status"] == "active").unwrap();
    assert!(leaked["preview"].is_string() && leaked["identity"].is_string(), "{leaked}");
}

#[test]
fn order_and_repetition_do_not_matter() {
    let world = World::new();
    all_formats(&world, &["shop", "till", "desk"]);
    for side in ["shop", "till", "desk"] {
        scan(&world, &format!("{side}.json"), &[side], &[]);
    }
    let merge = |name: &str, of: &[&str]| {
        merge(&world, name, of);
        world.read(name)
    };
    let once = merge("1.json", &["shop.json", "till.json", "desk.json"]);
    assert!(once == merge("2.json", &["desk.json", "shop.json", "till.json"]));
    assert!(once == merge("3.json", &["till.json", "desk.json", "till.json", "shop.json", "desk.json"]));
    assert!(once == merge("4.json", &["1.json", "shop.json"]), "a part of it is in it");
    merge("ab.json", &["shop.json", "till.json"]);
    merge("bc.json", &["till.json", "desk.json"]);
    assert!(once == merge("5.json", &["bc.json", "ab.json"]));
    assert!(world.read("shop.json") == merge("6.json", &["shop.json", "shop.json"]), "one report is what it was");
}

#[test]
fn what_was_suppressed_stays_so() {
    let world = World::new();
    let workflow = "on: push\npermissions: write-all # keyroll:ignore[NHI5-ci-token] needed\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: 'true'\n";
    world.put("shop/.github/workflows/a.yml", workflow);
    world.put("shop/a.env", format!("T={} # keyroll:ignore test\n", value("github-pat-classic", 3)));
    world.put("till/a.env", format!("T={}\n", value("github-pat-classic", 4)));
    scan(&world, "a.json", &["shop"], &[]);
    scan(&world, "b.json", &["till"], &[]);
    let both = scan(&world, "both.json", &["shop", "till"], &[]);
    let merged = merge(&world, "merged.json", &["a.json", "b.json"]);
    same(&merged, &both);
    assert!(merged["headline"]["suppressed"].as_u64().unwrap() >= 1);
}

#[test]
fn reports_under_two_keys_are_refused_and_both_are_named() {
    let world = World::with("a/x.env", format!("T={}\n", value("github-pat-classic", 3)));
    world.put("b/y.env", format!("T={}\n", value("github-pat-classic", 3)));
    world.run_with(&[("KEYROLL_KEY", KEY)], &["scan", "a", "-q", "-f", "json=a.json"]).ends(1);
    world.run(&["scan", "b", "-q", "-f", "json=b.json"]).ends(1);
    let id = |name: &str| {
        let report: Value = serde_json::from_str(&world.read(name)).unwrap();
        report["key_id"].as_str().unwrap().to_owned()
    };
    let run = world.run(&["report", "a.json", "b.json"]).ends(2).complains(&id("a.json")).complains(&id("b.json"));
    assert!(run.out.is_empty() && run.err.contains("--key-file"), "{}", run.err);
}

#[test]
fn reports_of_different_times_are_measured_against_the_latest_and_say_so() {
    let world = World::with("a/x.env", format!("T={}\n", value("github-pat-classic", 3)));
    world.put("b/y.env", format!("T={}\n", value("github-pat-classic", 3)));
    world.run(&["scan", "a", "-q", "-f", "json=a.json", "--as-of", "2026-01-31"]).ends(1);
    world.run(&["scan", "b", "-q", "-f", "json=b.json", "--as-of", "2026-03-01"]).ends(1);
    let merged = merge(&world, "m.json", &["b.json", "a.json"]);
    assert_eq!(merged["as_of"], "2026-03-01T00:00:00Z");
    let notices = merged["notices"].to_string();
    assert!(notices.contains("from 2026-01-31 to 2026-03-01"), "{notices}");
    assert_eq!(merged["incomplete"], false);
    assert_eq!(merged["credentials"].as_array().unwrap().len(), 1, "one value in both");
}

#[test]
fn what_is_no_report_is_told_by_file_line_and_column_and_none_of_its_values_is_shown() {
    let world = World::with("a/x.env", format!("T={}\n", value("github-pat-classic", 3)));
    world.run(&["scan", "a", "-q", "-f", "json=a.json"]).ends(1);
    let secret = "hunter2hunter2";
    let text = world.read("a.json").replace("\"incomplete\": false", &format!("\"incomplete\": \"{secret}\""));
    world.put("bad.json", &text);
    let line = text.lines().position(|l| l.contains(secret)).unwrap() + 1;
    let run = world.run(&["report", "a.json", "bad.json"]).ends(2).complains(&format!("bad.json:{line}:"));
    assert!(!run.err.contains("hunter"), "{}", run.err);
    world.put("cut.json", &text[..text.len() / 2]);
    world.run(&["report", "cut.json"]).ends(2).complains("cut.json:");
    world.put("new.json", world.read("a.json").replace("keyroll.report/1", "keyroll.report/2"));
    world.run(&["report", "a.json", "new.json"]).ends(2).complains("keyroll.report/1");
    world.put("other.json", "{\"schema\": \"keyroll.report/9\", \"more\": 1}");
    world.run(&["report", "other.json"]).ends(2).complains("its schema is not keyroll.report/1");
    world.run(&["report", "nothing.json"]).ends(2).complains("nothing.json");
}

#[test]
fn a_gap_of_one_part_makes_the_whole_incomplete() {
    let world = World::with("a/x.env", "A=1\n");
    world.put("b/.github/workflows/x.yml", "on: [push\njobs: }\n");
    world.run(&["scan", "a", "-q", "-f", "json=a.json"]).ends(0);
    world.run(&["scan", "b", "-q", "-f", "json=b.json"]).ends(3);
    let run = world.run(&["report", "a.json", "b.json", "-f", "json"]).ends(3);
    let notices = run.json()["notices"].to_string();
    assert!(notices.contains("b/.github/workflows/x.yml"), "{notices}");
}
