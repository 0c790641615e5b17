//! `diff` of two reports, as CI uses it.

use unicode_width::UnicodeWidthStr as _;

use crate::fixture::value;
use crate::world::World;

const KEY: (&str, &str) = ("KEYROLL_KEY", "a key of thirty-two characters..");

fn scan(world: &World, name: &str, more: &[&str]) {
    let to = format!("json={name}");
    let args =
        [&["scan", "app", "-q", "-f", &to, "--as-of", "2026-06-30", "--no-config", "--exit-zero"], more].concat();
    let run = world.run_with(&[KEY], &args);
    assert!(run.code == 0 || run.code == 3, "{}", run.err);
}

fn token(seed: u64) -> String {
    value("github-pat-classic", seed)
}

#[test]
fn a_new_value_fails_and_an_old_one_does_not() {
    let world = World::with("app/a.env", format!("A={}\n", token(1)));
    scan(&world, "old.json", &[]);
    world.run(&["diff", "old.json", "old.json"]).ends(0).says("Nothing changed.");
    world.put("app/b.env", format!("B={}\n", token(2)));
    scan(&world, "new.json", &[]);
    world.run(&["diff", "old.json", "new.json"]).ends(1).says("1 new finding.").says("b.env:1");
    world.run(&["diff", "new.json", "old.json"]).ends(0).says("1 is resolved.");
    world.run(&["diff", "old.json", "new.json", "--exit-zero"]).ends(0);
    world.run(&["diff", "old.json", "new.json", "--fail-on", "critical"]).ends(0);
}

#[test]
fn a_value_at_the_place_of_another_is_rotated_and_a_moved_one_is_the_same() {
    let world = World::with("app/a.env", format!("A={}\nC={}\n", token(1), token(3)));
    scan(&world, "old.json", &[]);
    world.put("app/a.env", format!("# new\n\nC={}\nA={}\n", token(3), token(2)));
    scan(&world, "new.json", &[]);
    let json = world.run(&["diff", "old.json", "new.json", "-f", "json"]).ends(1).json();
    assert_eq!(json["schema"], "keyroll.diff/1");
    let sizes = |class: &str| json["findings"][class].as_array().unwrap().len();
    assert_eq!((sizes("new"), sizes("rotated"), sizes("resolved")), (0, 1, 0), "{json}");
    assert_eq!(json["findings"]["unchanged"], 1);
    assert!(!json.to_string().contains(&token(2)[4..]), "no value is shown");
}

#[test]
fn what_the_new_scan_did_not_look_at_is_not_resolved() {
    let world = World::with("app/a/x.env", format!("A={}\n", token(1)));
    world.put("app/b/y.env", format!("B={}\n", token(2)));
    let repository = world.init("app");
    world.commit(&repository, &["a/x.env", "b/y.env"]);
    scan(&world, "old.json", &[]);
    let args = ["scan", "app/a", "-q", "-f", "json=part.json", "--as-of", "2026-06-30", "--no-config"];
    world.run_with(&[KEY], &args).ends(1);
    let run = world.run(&["diff", "old.json", "part.json"]).ends(0).says("Not observed findings").says("b/y.env:1");
    assert!(!run.out.contains("resolved"), "{}", run.out);
}

#[test]
fn two_keys_are_refused_and_an_incomplete_new_report_is_told() {
    let world = World::with("app/a.env", format!("A={}\n", token(1)));
    scan(&world, "old.json", &[]);
    world.run(&["scan", "app", "-q", "-f", "json=other.json", "--as-of", "2026-06-30"]).ends(1);
    world.run(&["diff", "old.json", "other.json"]).ends(2).complains("key id");
    world.put("app/.github/workflows/x.yml", "on: [push\njobs: }\n");
    scan(&world, "new.json", &[]);
    world.run(&["diff", "old.json", "new.json"]).ends(3).says("incomplete");
    world.put("app/b.env", format!("B={}\n", token(2)));
    scan(&world, "worse.json", &[]);
    world.run(&["diff", "old.json", "worse.json"]).ends(1);
    world.run(&["diff", "old.json", "nothing.json"]).ends(2).complains("nothing.json");
}

#[test]
fn no_line_is_wider_than_80_columns_and_no_name_acts_on_the_screen() {
    let world = World::with("app/a.env", format!("A={}\n", token(1)));
    scan(&world, "old.json", &[]);
    let hostile = "app/a\u{1b}[31m-very-long-name-of-a-directory-that-goes-on/and-on-and-on-and-on/<b>|x|.env";
    world.put(hostile, format!("B={}\nC={}\n", token(2), token(3)));
    world.put(
        "app/.github/workflows/deploy.yml",
        "on: push\npermissions: write-all\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: 'true'\n",
    );
    scan(&world, "new.json", &[]);
    for args in [&["diff", "old.json", "new.json"][..], &["diff", "old.json", "new.json", "-v"]] {
        let run = world.run(args).ends(1);
        let wide: Vec<&str> = run.out.lines().filter(|l| l.width() > 80).collect();
        assert!(wide.is_empty(), "{wide:#?}");
        assert!(!run.out.contains('\u{1b}'), "{}", run.out);
    }
    let markdown = world.run(&["diff", "old.json", "new.json", "-f", "markdown"]).ends(1).out;
    assert!(
        !markdown.contains("<b>") && !markdown.contains("|x|") && markdown.contains("| Findings | 3 |"),
        "{markdown}"
    );
}
