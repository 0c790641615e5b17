//! The scripts of deploy/: every repository of a list is scanned by one shard, and the reports merge.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::value;
use crate::world::{World, finish, list};

fn fleet() -> World {
    let world = World::with("key", "a key of thirty-two characters..");
    let shared = value("github-pat-classic", 1);
    let mut all = String::from("# the fleet\n\n");
    for n in 0..5u64 {
        let own = value("github-pat-classic", 10 + n);
        world.put(format!("repos/app-{n}/src/app.env"), format!("SHARED={shared}\nOWN={own}\n"));
        let repository = world.init(&format!("repos/app-{n}"));
        repository.remote("origin", &format!("https://github.com/acme/app-{n}.git")).unwrap();
        world.commit(&repository, &["src/app.env"]);
        all.push_str(&format!("{}\n", world.at(format!("repos/app-{n}")).display()));
    }
    world.put("list.txt", all);
    world
}

fn script(world: &World, name: &str, variables: &[(&str, &str)], args: &[&str]) -> crate::world::Run {
    let script = format!("{}/deploy/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("sh");
    command.arg(script).args(args).current_dir(world.path()).env_clear();
    command.env("HOME", world.path()).env("PATH", "/usr/bin:/bin").env("KEYROLL", env!("CARGO_BIN_EXE_keyroll"));
    command.env("KEY_FILE", world.at("key")).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().unwrap())
}

#[test]
fn shards_scan_every_repository_once_and_their_reports_merge() {
    let world = fleet();
    let run = script(&world, "run-local.sh", &[], &["list.txt", "2", "out"]).ends(1);
    assert!(run.out.contains("credential"), "{}", run.out);
    let mut reports: Vec<String> = std::fs::read_dir(world.at("out/reports"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    reports.sort();
    assert_eq!(reports, (0..5).map(|n| format!("00000{n}-app-{n}.json")).collect::<Vec<_>>());
    let fleet: Value = serde_json::from_str(&world.read("out/fleet.json")).unwrap();
    assert_eq!(list(&fleet, "credentials").len(), 6, "one is shared");
    assert_eq!(list(&fleet, "parts").len(), 5);
    let shared = list(&fleet, "findings").iter().find(|f| list(f, "locations").len() == 5).expect("the shared one");
    assert_eq!(shared["locations"][3]["path"], "app-3/src/app.env");
    let lines = world.read("out/fleet.jsonl");
    assert!(lines.lines().any(|l| l.contains("\"type\":\"exposure\",\"repository\":\"acme/app-4\"")), "{lines}");
}

#[test]
fn a_shard_takes_its_lines_only_and_says_what_it_could_not_scan() {
    let world = fleet();
    let variables = |shard: &'static str| {
        [("JOB_COMPLETION_INDEX", shard), ("SHARDS", "3"), ("REPOSITORIES", "list.txt"), ("REPORTS", "r")]
    };
    script(&world, "shard.sh", &variables("1"), &[]).ends(0);
    let count = || std::fs::read_dir(world.at("r")).unwrap().count();
    assert_eq!(count(), 2, "lines 1 and 4");
    world.put("list.txt", format!("{}\n/nowhere/at/all\n", world.read("list.txt").trim_end()));
    script(&world, "shard.sh", &variables("2"), &[]).ends(1).complains("line 6");
    assert_eq!(count(), 3, "the others of the shard are scanned all the same");
    script(&world, "shard.sh", &[], &[]).ends(2);
}

#[test]
fn the_manifests_are_yaml_and_scan_clean() {
    let deploy = format!("{}/deploy", env!("CARGO_MANIFEST_DIR"));
    let run = World::new().run(&["scan", &deploy, "--no-config", "--no-history", "--fail-on", "high"]);
    assert!(run.code == 0, "{}\n{}", run.out, run.err);
}
