//! The shape of the code: which floor may import which, and where the outside world is touched.
//!
//! Reads `src/**` as text. Code under `#[cfg(test)]` may do what it likes. A failure says what to do about it; what is
//! still owed is listed in [`OWED`] and fails once it is paid, so that the list only shrinks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Source, references, sources};

/// Every floor, with the floors it may import. A floor imports only from below.
const LAW: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    // `text` for escaping what goes to the terminal.
    ("cli", &["scan", "config", "rules", "report", "formats", "assess", "text", "model"]),
    // `doc` because a blob is parsed once and handed to the format that claims it, `text` for lines and line hashes.
    (
        "scan",
        &[
            "source",
            "decode",
            "rules",
            "detect",
            "validate",
            "doc",
            "formats",
            "inventory",
            "assess",
            "config",
            "text",
            "model",
        ],
    ),
    ("detect", &["rules", "text", "model"]),
    ("validate", &["doc", "text", "model"]),
    ("formats", &["doc", "model"]),
    ("source", &["text", "model"]),
    ("config", &["text", "model"]),
    ("report", &["text", "model"]),
    ("inventory", &["text", "model"]),
    ("assess", &["text", "model"]),
    ("rules", &["text", "model"]),
    ("doc", &["text", "model"]),
    ("decode", &["text", "model"]),
    ("text", &["model"]),
    ("model", &[]),
];

/// What the code owes: rule, place below `src/`, why it is not paid yet. Nothing may be added without a reason.
const OWED: &[(&str, &str, &str)] = &[
    ("circle", "assess/card.rs", "card asks factors for dates, factors draws the card"),
    ("circle", "formats/ci/github/checkout.rs", "checkout reads a step's inputs, step keeps its checkouts"),
    ("circle", "validate/basic_auth.rs", "basic_auth and connection_string read one target"),
];

/// Files that may hold `unsafe`, at most two: vector instructions that are measured to pay, with a twin of plain code that a property
/// test holds them to.
const UNSAFE: &[&str] = &["detect/prefilter/simd.rs"];

/// Longest file, in lines.
const LINES: usize = 600;

/// A complaint about a place: `path:line`, what is wrong.
type Complaint = (String, String);

/// Fails with every complaint that is not owed, and with every debt that nothing complains about any more.
fn hold(rule: &str, complaints: &[(&str, Complaint)], advice: &str) {
    let owed = |path: &str| OWED.iter().any(|(r, p, _)| *r == rule && *p == path);
    let open: Vec<String> = (complaints.iter().filter(|(path, _)| !owed(path)))
        .map(|(_, (place, message))| format!("  src/{place}: {message}"))
        .collect();
    assert!(open.is_empty(), "\n{}\n{advice}\n", open.join("\n"));
    for (_, path, why) in OWED.iter().filter(|(r, ..)| *r == rule) {
        let still = complaints.iter().any(|(p, _)| p == path);
        assert!(
            still,
            "src/{path} no longer owes `{rule}` ({why}): take its line out of OWED in tests/architecture.rs"
        );
    }
}

fn floor(path: &[String]) -> &str {
    path.first().map_or("lib", String::as_str)
}

/// Edges that the law does not list.
fn forbidden(source: &Source) -> Vec<Complaint> {
    let module = source.module();
    let from = floor(&module);
    let Some((_, allowed)) = LAW.iter().find(|(name, _)| *name == from) else {
        let known = from == "lib";
        let new = (source.path.clone(), format!("`{from}` is no floor of the law"));
        return if known { Vec::new() } else { vec![new] };
    };
    references(source)
        .into_iter()
        .filter(|r| r.inside)
        .filter_map(|r| {
            let to = floor(&r.path);
            // A path that ends on the crate's root (`super::*` of a floor's own file) names nothing of another floor.
            let fine = r.path.is_empty() || to == from || allowed.contains(&to);
            (!fine).then(|| (format!("{}:{}", source.path, r.line), format!("{from} may not import {to}")))
        })
        .collect()
}

/// Places that use an outside crate, or a part of std, by its first segments.
fn uses(source: &Source, name: &[&str]) -> Vec<usize> {
    if name.len() > 1 {
        let starts = |p: &[String]| name.iter().zip(p).filter(|(a, b)| a == b).count() == name.len();
        return references(source).into_iter().filter(|r| !r.inside && starts(&r.path)).map(|r| r.line).collect();
    }
    let tokens = &source.tokens;
    let at = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    (0..tokens.len())
        .filter(|i| at(*i) == name[0] && at(i + 1) == "::" && (*i == 0 || at(i - 1) != "::"))
        .map(|i| tokens[i].line)
        .collect()
}

#[test]
fn floors_import_only_what_the_law_lists() {
    let all = sources();
    let complaints: Vec<_> =
        all.iter().flat_map(|s| forbidden(s).into_iter().map(|c| (s.path.as_str(), c)).collect::<Vec<_>>()).collect();
    hold(
        "law",
        &complaints,
        "Move the shared type down (to model or text) or hand the value in from scan, the one floor that knows the order. \
         A new floor or edge is a decision about the design: LAW in tests/architecture.rs.",
    );
}

#[test]
fn a_forbidden_edge_is_seen_however_it_is_written() {
    for text in [
        "use crate::cli::Exit;",
        "use crate::{model::Span, scan::run};",
        "use crate::{\n    model::{self, Span},\n    scan::{run as go, Progress},\n};",
        "fn f() { crate::detect::Engine::new() }",
        "fn f() -> super::super::super::report::Style { loop {} }",
        "mod inner { mod deep { use super::super::super::super::super::scan; } }",
        "pub use crate::validate as proof;",
        "macro_rules! m { () => { $crate::inventory::build() }; }",
        "/* use crate::model; */ use /* odd */ crate :: scan :: run;",
        "const C: char = '\"'; use crate::scan::run; const D: &str = \"\";",
    ] {
        let source = Source::new("formats/ci/made_up.rs", text);
        assert!(!forbidden(&source).is_empty(), "not seen: {text}");
    }
    for text in [
        "use crate::model::Span; use crate::doc::{self, Doc}; use super::Format; use super::super::Out;",
        "// use crate::scan::run;\n/* crate::cli */ const T: &str = \"crate::cli::run\"; const R: &str = r#\"crate::cli\"#;",
        "#[cfg(test)]\nmod tests { use crate::scan::run; fn f() { if a { b } } }",
        "#[cfg(test)]\nuse crate::{scan, cli};\nfn f<'a>(x: &'a str) -> char { '{' }",
        "pub(crate) fn f() {} pub(super) fn g() {}",
    ] {
        let source = Source::new("formats/ci/made_up.rs", text);
        assert_eq!(forbidden(&source), [], "wrongly refused: {text}");
    }
    let unknown = Source::new("plugins/mod.rs", "fn f() {}");
    assert_eq!(forbidden(&unknown).len(), 1, "a floor that the law does not know");
}

#[test]
fn the_law_has_no_cycle_and_covers_every_floor() {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while let Some((name, _)) =
        LAW.iter().find(|(n, below)| !done.contains(n) && below.iter().all(|b| done.contains(b)))
    {
        done.insert(name);
    }
    let stuck: Vec<&str> = LAW.iter().map(|(n, _)| *n).filter(|n| !done.contains(n)).collect();
    assert!(stuck.is_empty(), "these floors import each other in a circle, or a floor that is not listed: {stuck:?}");
    let floors: BTreeSet<String> = sources().iter().map(|s| floor(&s.module()).to_owned()).collect();
    let gone: Vec<&str> = LAW.iter().map(|(n, _)| *n).filter(|n| !floors.contains(*n)).collect();
    assert!(gone.is_empty(), "LAW lists floors that src/ does not have: {gone:?}");
}

#[test]
fn the_page_on_architecture_shows_this_law() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ARCHITECTURE.md");
    let text = std::fs::read_to_string(page).unwrap();
    let shown: BTreeMap<&str, BTreeSet<&str>> = (text.lines())
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.trim_end_matches(" |").split(" | ");
            let floor = cells.next()?.strip_suffix('`')?;
            let imports = cells.nth(1).filter(|_| cells.next().is_none())?;
            // Other tables have code in their last column.
            (!imports.contains('`')).then(|| (floor, imports.split(", ").filter(|i| *i != "nothing").collect()))
        })
        .filter(|(floor, _)| LAW.iter().any(|(name, _)| name == floor))
        .collect();
    // `main` calls cli and is no more than that.
    let law =
        LAW.iter().filter(|(name, _)| *name != "main").map(|(name, below)| (*name, below.iter().copied().collect()));
    assert_eq!(shown, law.collect(), "docs/ARCHITECTURE.md, the table of floors");
}

#[test]
fn files_side_by_side_do_not_import_each_other_in_a_circle() {
    let all = sources();
    let modules: BTreeMap<Vec<String>, &str> = all.iter().map(|s| (s.module(), s.path.as_str())).collect();
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in all {
        let from = source.module();
        for reference in references(source).into_iter().filter(|r| r.inside) {
            let to = (0..=reference.path.len()).rev().map(|n| &reference.path[..n]).find(|p| modules.contains_key(*p));
            // A module and the file that declares it belong together.
            if let Some(to) = to.filter(|to| !from.starts_with(to) && !to.starts_with(&from)) {
                edges.entry(&source.path).or_default().insert(modules[to]);
            }
        }
    }
    let circles = circles(&edges);
    let complaints: Vec<_> =
        circles.iter().map(|c| (c[0], (c[0].to_owned(), format!("is in a circle: {}", c.join(", "))))).collect();
    hold(
        "circle",
        &complaints,
        "Move what these files share into the module above them, or a file of its own below them.",
    );
    let back = [("a", ["b"]), ("b", ["c"]), ("c", ["a"]), ("d", ["a"])].map(|(k, v)| (k, BTreeSet::from(v)));
    assert_eq!(self::circles(&BTreeMap::from(back)), [["a", "b", "c"]]);
}

/// Groups of files that reach each other, each named by its first.
fn circles<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let reach = |start: &'a str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(next) = open.pop() {
            open.extend(edges.get(next).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|k| (*k, reach(k))).collect();
    let group = |k: &&'a str| -> Vec<&'a str> {
        reached[k].iter().copied().filter(|to| reached.get(to).is_some_and(|back| back.contains(k))).collect()
    };
    let groups: BTreeSet<Vec<&str>> = edges.keys().map(group).filter(|g| g.len() > 1).collect();
    groups.into_iter().collect()
}

#[test]
fn the_command_line_and_the_terminal_are_known_to_cli_only() {
    let all = sources();
    let mut complaints = Vec::new();
    for source in all.iter().filter(|s| floor(&s.module()) != "cli") {
        for name in
            ["clap", "clap_complete", "clap_mangen", "indicatif", "comfy_table", "anstream", "terminal_size", "ctrlc"]
        {
            if name == "comfy_table" && source.path.starts_with("report/table") {
                continue;
            }
            for line in uses(source, &[name]) {
                complaints.push((source.path.as_str(), (format!("{}:{line}", source.path), format!("uses {name}"))));
            }
        }
    }
    hold("terminal", &complaints, "Take what is needed (a width, a flag, a colour) as an argument; cli fills it in.");
}

#[test]
fn files_are_opened_only_where_bytes_come_from() {
    let all = sources();
    let open = |s: &Source| matches!(floor(&s.module()), "source" | "cli" | "config") || s.path == "rules/load.rs";
    let complaints: Vec<_> = (all.iter().filter(|s| !open(s)))
        .flat_map(|s| uses(s, &["std", "fs"]).into_iter().map(move |line| (s, line)))
        .map(|(s, line)| (s.path.as_str(), (format!("{}:{line}", s.path), "uses std::fs".to_owned())))
        .collect();
    hold("fs", &complaints, "Take bytes, text or a reader; source, rules/load.rs, config and cli open files.");
    let sly = Source::new("doc/x.rs", "use std::{fmt, fs::File};\nfn f() { std::fs::read(p); std::fmt::format(x) }");
    assert_eq!(uses(&sly, &["std", "fs"]), [1, 2]);
}

#[test]
fn git_is_known_to_source_only() {
    let all = sources();
    let complaints: Vec<_> = (all.iter().filter(|s| floor(&s.module()) != "source"))
        .flat_map(|s| uses(s, &["git2"]).into_iter().map(move |line| (s, line)))
        .map(|(s, line)| (s.path.as_str(), (format!("{}:{line}", s.path), "uses git2".to_owned())))
        .collect();
    hold("git", &complaints, "Let src/source/ read it and hand over a plain type of model.");
}

#[test]
fn results_depend_on_nothing_but_the_input_and_the_settings() {
    let all = sources();
    let mut complaints = Vec::new();
    for source in all {
        let cli = matches!(floor(&source.module()), "cli" | "main");
        // Offline: no floor talks to the network or starts a program. The clock and the environment are read once, by
        // cli, and handed on as settings.
        for (name, allowed) in [
            // Addresses may be read (`std::net::Ipv4Addr`), but not talked to.
            (&["std", "net", "TcpStream"][..], false),
            (&["std", "net", "TcpListener"], false),
            (&["std", "net", "UdpSocket"], false),
            (&["std", "net", "ToSocketAddrs"], false),
            (&["std", "process", "Command"], false),
            (&["std", "process"], cli),
            (&["std", "env"], cli),
            (&["std", "time", "SystemTime"], cli),
            (&["std", "time", "Instant"], cli),
        ] {
            for line in uses(source, name).into_iter().filter(|_| !allowed) {
                let place = format!("{}:{line}", source.path);
                complaints.push((source.path.as_str(), (place, format!("uses {}", name.join("::")))));
            }
        }
        let now = source.tokens.windows(3).filter(|w| w[1].text == "::" && w[2].text == "now");
        for here in now.filter(|_| !cli) {
            let place = format!("{}:{}", source.path, here[0].line);
            complaints.push((source.path.as_str(), (place, format!("asks {} for the time", here[0].text))));
        }
    }
    hold("input", &complaints, "Let cli read it once and pass it in with the settings; nothing talks to the network.");
}

#[test]
fn only_vector_code_is_unsafe_and_none_prints() {
    let all = sources();
    let mut complaints = Vec::new();
    for source in all {
        let tokens = &source.tokens;
        for (i, token) in tokens.iter().enumerate() {
            let is_macro = tokens.get(i + 1).is_some_and(|t| t.text == "!");
            let message = match token.text.as_str() {
                "unsafe" if !UNSAFE.contains(&source.path.as_str()) => "is unsafe",
                "println" | "eprintln" | "print" | "eprint" | "dbg" if is_macro => "prints past the outputs",
                _ => continue,
            };
            complaints.push((source.path.as_str(), (format!("{}:{}", source.path, token.line), message.to_owned())));
        }
    }
    hold(
        "plain",
        &complaints,
        "Write to the writer you are given (cli has `print` and `complain`); there is a safe way.",
    );
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    let all = sources();
    let complaints: Vec<_> = (all.iter())
        .map(|s| (s, s.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(s, lines)| (s.path.as_str(), (s.path.clone(), format!("has {lines} lines, {LINES} are allowed"))))
        .collect();
    hold("lines", &complaints, "Split it by what its parts do, each part a file with a header of its own.");
}

#[test]
fn every_file_says_what_it_is() {
    let all = sources();
    let complaints: Vec<_> = (all.iter().filter(|s| !s.text.starts_with("//! ") && !s.test_only))
        .map(|s| (s.path.as_str(), (s.path.clone(), "does not begin with a `//!` header".to_owned())))
        .collect();
    hold("header", &complaints, "Say in its first lines what the file is, what it is not, and who calls it.");
}

/// Names of the constants of a type that a file defines.
fn constants(source: &Source, kind: &str) -> Vec<String> {
    let tokens = &source.tokens;
    let at = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    (0..tokens.len())
        .filter(|i| matches!(at(*i), "const" | "static") && at(i + 2) == ":" && at(i + 3) == kind)
        .map(|i| at(i + 1).to_owned())
        .collect()
}

/// Items of a kind that a file below `folder` defines and the table in `table` does not name as `module::NAME`.
fn unregistered<'a>(all: &'a [Source], folder: &str, kind: &str, table: &str) -> Vec<(&'a str, Complaint)> {
    let registry = all.iter().find(|s| s.path == table).unwrap_or_else(|| panic!("src/{table} is there"));
    let words: Vec<String> = registry.tokens.iter().map(|t| t.text.clone()).collect();
    let listed = |module: &str, name: &str| words.windows(3).any(|w| w[0] == module && w[1] == "::" && w[2] == name);
    (all.iter().filter(|s| s.path.starts_with(folder) && !s.test_only))
        .flat_map(|s| constants(s, kind).into_iter().map(move |name| (s, name)))
        .filter(|(s, name)| !listed(s.module().last().unwrap(), name))
        .map(|(s, name)| (s.path.as_str(), (s.path.clone(), format!("{name} is not in the table of src/{table}"))))
        .collect()
}

#[test]
fn every_format_check_output_and_proof_is_in_its_table() {
    let all = sources();
    let mut complaints = Vec::new();
    for group in all {
        // `formats/<group>/mod.rs` holds the table of its group; the groups are counted in the next test.
        if let Some(folder) = group.path.strip_suffix("mod.rs").filter(|f| f.split('/').count() == 3)
            && folder.starts_with("formats/")
        {
            complaints.extend(unregistered(all, folder, "Format", &group.path));
        }
    }
    complaints.extend(unregistered(all, "assess/nhi", "Check", "assess/mod.rs"));
    complaints.extend(unregistered(all, "report/", "Reporter", "report/mod.rs"));
    complaints.extend(unregistered(all, "validate/", "Validator", "validate/mod.rs"));
    hold("registry", &complaints, "Add its line to the table: a thing that is not listed is never run.");
}

#[test]
fn every_file_that_should_hold_a_format_check_output_holds_one() {
    let all = sources();
    let formats: usize = all.iter().map(|s| constants(s, "Format").len()).sum();
    assert_eq!(keyroll::formats::all().count(), formats, "a group of formats is missing in src/formats/mod.rs");
    let checks: usize = all.iter().map(|s| constants(s, "Check").len()).sum();
    assert_eq!(keyroll::assess::CHECKS.len(), checks, "a check is missing or listed twice in src/assess/mod.rs");
    let outputs: usize = all.iter().map(|s| constants(s, "Reporter").len()).sum();
    assert_eq!(keyroll::report::REPORTERS.len(), outputs, "an output is missing or listed twice in src/report/mod.rs");
    let complaints: Vec<_> = (all.iter())
        .filter(|s| {
            let one = |folder: &str, kind: &str| {
                let below = s.path.strip_prefix(folder);
                below.is_some_and(|p| !p.contains('/') && p != "mod.rs") && constants(s, kind).is_empty()
            };
            let risk = s.path.starts_with("assess/nhi") && !s.path["assess/".len()..].contains('/');
            one("report/", "Reporter") || (risk && constants(s, "Check").is_empty())
        })
        .map(|s| (s.path.as_str(), (s.path.clone(), "holds no output or check".to_owned())))
        .collect();
    hold("holds", &complaints, "A helper of one output or risk goes into a folder of that output's or risk's name.");
}
