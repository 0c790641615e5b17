//! Names in a scanned repository are data wherever they are shown: no control character, no markup, no formula, no link, no
//! command of a CI log, in any output of a scan, a merge and a difference.

#![cfg(unix)]

use keyroll::report;
use serde_json::Value;

use crate::fixture::value;
use crate::hostile::{acts, assert_inert};
use crate::world::World;

const KEY: &str = "a key of thirty-two characters..";

/// Names that act where they are not held to be data.
const NAMES: &[&str] = &[
    "=cmd|' C calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "＝1",
    "::error::x",
    "a\n::add-mask::b",
    "a\r\n##vso[task.setvariable variable=PATH]x",
    "##[error]x",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https:evil.example)",
    "`code` **bold** | cell",
    "@acme-team #123",
    "a\u{1b}[31mb\u{9b}2J\u{202e}c\u{7}",
    "a%0A::error::b",
    "${{ github.token }}",
    "{0} {{1}}",
];

fn world() -> World {
    let world = World::new();
    for side in ["shop", "till"] {
        for (at, name) in NAMES.iter().enumerate() {
            let seed = at as u64 + if side == "shop" { 1 } else { 100 };
            world.put(format!("{side}/{name}/{name}.env"), format!("GH_TOKEN={}\n", value("github-pat-classic", seed)));
            let name = serde_json::to_string(name).unwrap();
            let text = format!(
                "name: {name}\non: push\npermissions: write-all\njobs:\n  {name}:\n    name: {name}\n    runs-on: x\n    \
                 environment: {name}\n    steps:\n      - uses: evil/x@{name}\n        with: {{token: \"${{{{ secrets.T }}}}\"}}\n"
            );
            world.put(format!("{side}/.github/workflows/{at}.yml"), text);
        }
        world.put(format!("{side}/.github/CODEOWNERS"), "* @acme-team =cmd <b>x</b>\n");
    }
    world
}

/// Asserts of one output what its readers may rely on.
fn inert(what: &str, format: &str, text: &str) {
    assert!(text.len() > 50, "{what}: {text:?}");
    assert_inert(what, text, acts);
    for line in text.lines() {
        // The one output whose lines are such commands has one to a line, at its beginning.
        let commands = line.matches("##vso[").count() + line.matches("##[").count();
        let own = format == "azure" && line.starts_with("##vso[task.");
        assert_eq!(commands, usize::from(own), "{what} holds a command of Azure Pipelines: {line}");
    }
    for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
        let own = [
            "::error file=",
            "::warning file=",
            "::notice file=",
            "::error title=",
            "::warning title=",
            "::notice title=",
        ];
        assert!(format == "github" && own.iter().any(|own| line.starts_with(own)), "{what} holds a command: {line}");
    }
    match format {
        "html" => {
            assert_eq!(text.matches("<script").count(), 1, "{what}");
            for tag in ["<img", "<svg onload", "onerror=alert(1)>", "href=\"javascript", "<b>x"] {
                assert!(!text.contains(tag), "{what} holds {tag}");
            }
        }
        "csv" | "csv-identities" => {
            let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            for cell in rows.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
                let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
                assert!(!formula, "{what}: a formula: {cell}");
            }
        }
        "markdown" => {
            for bad in ["<img", "<svg", "](", "@acme", "`code`", "**bold", "![", " #123", "<b>x"] {
                assert!(!text.contains(bad), "{what} holds {bad}");
            }
            let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
            let cells = |row: &str| row.replace("\\|", "").matches('|').count();
            let mut tables = text.split("\n\n").filter(|part| part.starts_with('|'));
            assert!(rows.len() > 4, "{what}");
            assert!(tables.all(|table| table.lines().map(cells).collect::<std::collections::BTreeSet<_>>().len() == 1));
        }
        "json" | "sarif" | "gitlab" => assert!(serde_json::from_str::<Value>(text).unwrap().is_object(), "{what}"),
        "jsonl" => text.lines().for_each(|line| assert!(serde_json::from_str::<Value>(line).unwrap().is_object())),
        "junit" => {
            for bad in ["<img", "<svg", "<b>x"] {
                assert!(!text.contains(bad), "{what} holds {bad}");
            }
        }
        _ => {}
    }
}

fn outputs(world: &World, what: &str, args: &[&str]) {
    let beside = World::new();
    let mut line: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
    for id in report::REPORTERS.iter().map(|r| r.id) {
        line.extend(["-f".to_owned(), format!("{id}={}", beside.at(id).display())]);
    }
    let run = world.run_with(&[("KEYROLL_KEY", KEY)], &line);
    assert!(run.code == 1 || run.code == 3, "{what}: {} {}", run.code, run.err);
    for (name, text) in [("standard output", &run.out), ("standard error", &run.err)] {
        if !text.is_empty() {
            inert(&format!("{what}, {name}"), "text", &format!("{text}{}", " ".repeat(60)));
        }
    }
    for id in report::REPORTERS.iter().map(|r| r.id) {
        inert(&format!("{what}, {id}"), id, &beside.read(id));
    }
}

#[test]
fn names_act_nowhere_in_any_output() {
    let world = world();
    let common = ["-v", "--confidence", "low", "--sarif-suppressed", "--no-config", "--as-of", "2026-06-30"];
    for side in ["shop", "till"] {
        let to = format!("json={side}.json");
        let args = [&["scan", side, "-f", &to], &common[..]].concat();
        world.run_with(&[("KEYROLL_KEY", KEY)], &args).ends(1);
    }
    outputs(&world, "a scan", &[&["scan", "shop", "till"], &common[..]].concat());
    outputs(&world, "a merge", &["report", "shop.json", "till.json", "-v"]);
    outputs(&world, "a merge in short", &["report", "shop.json", "till.json"]);
    outputs(&world, "a scan in short", &["scan", "shop", "till", "--no-config", "--as-of", "2026-06-30"]);
    for format in ["table", "markdown", "json"] {
        let run = world.run(&["diff", "shop.json", "till.json", "-v", "-f", format]).ends(1);
        inert(&format!("diff, {format}"), if format == "table" { "text" } else { format }, &run.out);
    }
    for (at, name) in NAMES.iter().enumerate().filter(|(_, name)| !name.starts_with('-')) {
        let run = world.run_in("shop", &["explain", &format!("{name}/{name}.env")]).ends(0);
        inert(&format!("explain of name {at}"), "text", &run.out);
    }
}
