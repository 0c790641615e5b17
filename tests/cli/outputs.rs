//! What goes where, and how it looks there.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::fixture::value;
use crate::world::{World, finish, list};

fn world() -> World {
    let world = World::with("src/app.env", format!("GH_TOKEN={}\n", value("github-pat-classic", 7)));
    world.put("deploy/a/rather/long/path/below/many/directories/settings.production.yaml", long_settings());
    world.put(".github/workflows/ci.yml", WORKFLOW);
    world
}

fn long_settings() -> String {
    format!("database:\n  password: {}\n  url: ${{DATABASE_URL}}\n", "k3J9fQ0aZ7xLm2Pq")
}

const WORKFLOW: &str = "on: push
permissions: write-all
jobs:
  deploy-to-the-production-cluster-in-the-north:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: ./deploy.sh
        env:
          TOKEN: ${{ secrets.DEPLOY_TOKEN_OF_THE_PRODUCTION_CLUSTER }}
";

#[test]
fn a_table_and_a_sarif_file_come_from_one_run() {
    let world = world();
    let run = world.run(&["scan", ".", "-f", "table", "-f", "sarif=out.sarif"]).ends(1).says("src/app.env:1");
    assert!(!run.out.contains("\"runs\""));
    let sarif: Value = serde_json::from_str(&world.read("out.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let ids: Vec<&str> = list(&sarif["runs"][0], "results").iter().map(|r| r["ruleId"].as_str().unwrap()).collect();
    assert!(ids.contains(&"github-pat-classic"), "{ids:?}");
}

#[test]
fn when_every_format_names_a_file_the_table_still_goes_to_standard_output() {
    let world = world();
    let run = world.run(&["scan", ".", "-f", "sarif=a.sarif", "-f", "json=b.json"]).ends(1);
    assert!(run.out.contains("src/app.env:1") && !run.out.trim_start().starts_with('{'), "{}", run.out);
    assert!(world.at("a.sarif").is_file() && world.at("b.json").is_file());
}

#[test]
fn two_formats_on_standard_output_are_refused() {
    let run = world().run(&["scan", ".", "-f", "json", "-f", "sarif"]).ends(2).complains("standard output");
    assert!(run.out.is_empty());
}

#[test]
fn the_extension_of_the_output_file_names_the_format() {
    let world = world();
    world.run(&["scan", "src", "-o", "x.sarif"]).ends(1);
    assert!(world.read("x.sarif").contains("\"$schema\""));
    world.run(&["scan", "src", "-o", "x.json"]).ends(1);
    assert!(world.read("x.json").contains("keyroll.report/1"));
    world.run(&["scan", "src", "-f", "sarif", "-o", "x.out"]).ends(1);
    assert!(world.read("x.out").contains("\"$schema\""));
    world.run(&["scan", "src", "-o", "x.unknown"]).ends(2).complains("-f");
}

#[test]
fn a_dash_is_standard_output() {
    let world = world();
    assert_eq!(world.run(&["scan", "src", "-f", "json=-"]).ends(1).json()["schema"], "keyroll.report/1");
    assert_eq!(world.run(&["scan", "src", "-f", "json", "-o", "-"]).ends(1).json()["schema"], "keyroll.report/1");
}

#[test]
fn standard_output_holds_the_report_only_and_standard_error_everything_else() {
    let world = world();
    world.put(".github/workflows/bad.yml", "on: [push\njobs: }\n");
    let run = world.run(&["scan", ".", "-f", "json"]).ends(1);
    run.json();
    assert!(run.err.contains("bad.yml") && run.err.contains("findings"), "{}", run.err);
    let quiet = world.run(&["scan", ".", "-f", "json", "-q"]).ends(1);
    quiet.json();
    assert!(quiet.err.is_empty(), "{}", quiet.err);
    let sarif: Value = serde_json::from_str(&world.run(&["scan", ".", "-f", "sarif"]).out).unwrap();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["name"], "keyroll");
}

#[test]
fn nothing_is_coloured_in_a_pipe_or_a_file() {
    let world = world();
    for variables in [&[][..], &[("TERM", "xterm-256color")], &[("NO_COLOR", "1"), ("TERM", "xterm")]] {
        let run = world.run_with(variables, &["scan", ".", "-f", "table", "-f", "sarif=x.sarif"]);
        assert!(!run.out.contains('\x1b') && !run.err.contains('\x1b'));
    }
    world.run(&["scan", ".", "-f", "table=x.txt", "-f", "json"]);
    assert!(!world.read("x.txt").contains('\x1b'));
    let help = world.run(&["scan", "--help"]).ends(0);
    assert!(!help.out.contains('\x1b'));
}

#[track_caller]
fn widest(text: &str) -> usize {
    text.lines().map(|l| l.width()).max().unwrap_or(0)
}

#[test]
fn no_line_is_wider_than_80_columns() {
    let world = world();
    for args in [&["scan", "."][..], &["scan", ".", "-v"], &["scan", ".", "--confidence", "low", "-v"]] {
        let run = world.run(args);
        let wide: Vec<&str> = run.out.lines().filter(|l| l.width() > 80).collect();
        assert!(wide.is_empty(), "{args:?}: {wide:#?}");
    }
}

#[test]
fn the_width_is_that_of_columns() {
    let world = world();
    for (columns, most) in [("60", 60), ("120", 120), ("40", 40), ("nonsense", 80), ("", 80), ("0", 80)] {
        let run = world.run_with(&[("COLUMNS", columns)], &["scan", "."]);
        assert!(widest(&run.out) <= most, "COLUMNS={columns}: {} wide", widest(&run.out));
    }
    let wide = world.run_with(&[("COLUMNS", "120")], &["scan", "."]);
    assert!(widest(&wide.out) > 80, "a wide terminal is used");
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    // More output than a pipe holds, so that the writer does meet the closed end.
    let workflow: String = (0..1200).map(|i| JOB.replace("NUMBER", &i.to_string())).collect();
    let world = World::with(".github/workflows/ci.yml", format!("on: push\njobs:\n{workflow}"));
    for format in keyroll::report::REPORTERS.iter().map(|r| r.id) {
        let whole = world.run(&["scan", ".", "-v", "-f", format]);
        assert!(whole.out.len() > 100_000, "{format}: {} bytes", whole.out.len());
        let mut child = world.command(&["scan", ".", "-v", "-f", format]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let run = finish(child);
        let complaints = run.err.to_lowercase();
        assert!(!complaints.contains("pipe") && !complaints.contains("error"), "{format}: {}", run.err);
        assert_eq!(run.code, whole.code, "{format}");
    }
}

const JOB: &str = "  jobNUMBER:
    runs-on: ubuntu-latest
    steps:
      - uses: someone/action-NUMBER@main
        with: {token: '${{ secrets.TOKEN_NUMBER }}'}
";

#[test]
fn commands_that_print_survive_a_closed_pipe() {
    let world = World::new();
    for args in [&["rules", "list"][..], &["generate", "schema"], &["generate", "docs", "rules"], &["--help"]] {
        let mut child = world.command(args).spawn().unwrap();
        drop(child.stdout.take());
        let run = finish(child);
        assert!(run.err.is_empty(), "{args:?}: {}", run.err);
        assert_eq!(run.code, 0, "{args:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_that_names_it() {
    let world = world();
    world.run(&["scan", "src", "-f", "json=no/such/dir/x.json"]).ends(2).complains("no/such/dir/x.json");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    world().run(&["scan", "src", "-f", "json=/dev/full"]).ends(2).complains("/dev/full");
}

#[test]
fn the_table_begins_with_the_numbers_and_names_place_reason_and_remedy() {
    let run = world().run(&["scan", "."]).ends(1);
    let head: String = run.out.lines().take(12).collect::<Vec<_>>().join("\n");
    for word in ["identit", "static", "referenced", "federated"] {
        assert!(head.contains(word), "no {word:?} among the first lines:\n{head}");
    }
    for text in ["src/app.env:1", "personal access token", "Delete it in Settings"] {
        assert!(run.out.contains(text), "no {text:?} in\n{}", run.out);
    }
}

#[test]
fn outputs_that_cannot_be_written_are_told_before_the_scan() {
    let world = world();
    for (args, want) in [
        (&["-f", "json=nowhere/x.json"][..], "nowhere/x.json: the report cannot be written"),
        (&["-f", "json=src"], "src: is a directory"),
        (&["-o", "src", "-f", "json"], "src: is a directory"),
        (&["-f", "json=a", "-f", "sarif=./a"], "two formats want the file"),
        (&["-f", "json=a", "-f", "sarif=src/../a"], "two formats want the file"),
    ] {
        let run = world.run(&[&["scan", "."][..], args].concat()).ends(2).complains(want);
        assert!(run.out.is_empty(), "{}", run.out);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_output_that_fails_takes_no_other_with_it() {
    let world = world();
    let run = world.run(&["scan", ".", "-f", "json=/dev/full", "-f", "sarif=b.sarif", "-f", "csv=c.csv"]).ends(2);
    assert!(run.err.contains("/dev/full: No space left"), "{}", run.err);
    assert!(world.read("b.sarif").contains("github-pat-classic") && world.read("c.csv").contains("github-pat-classic"));
}

#[test]
fn a_report_comes_from_standard_input_and_from_a_shell_of_windows_too() {
    let world = world();
    world.run(&["scan", ".", "-f", "json=r.json"]).ends(1);
    let text = world.read("r.json");
    world.pipe(text.as_bytes(), &["report", "-"]).ends(1).says("src/app.env:1");
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    world.put("wide.json", wide);
    world.put("marked.json", format!("\u{feff}{text}"));
    for name in ["wide.json", "marked.json"] {
        world.run(&["report", name]).ends(1).says("src/app.env:1");
    }
    world.put("cut.json", &text[..text.len() / 2]);
    world.run(&["report", "cut.json"]).ends(2).complains("the report ends in its middle");
    world.put("list.json", "[]");
    world.run(&["diff", "r.json", "list.json"]).ends(2).complains("what `-f json` writes is read");
}
