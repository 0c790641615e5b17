//! Every rule that is compiled in passes the lints, end to end: its examples are found by the whole engine, by this rule
//! and once, its counterexamples are not. The same lints that `keyroll rules check` runs on rules of one's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use keyroll::detect::Engine;
use keyroll::rules::{Matcher, Rule, built_in, check, example, load_dir};
use keyroll::scan;

/// The rules compiled in, all of them running.
fn engine() -> Engine {
    Engine::new(Cow::Borrowed(built_in()), Vec::new())
}

fn complaints(engine: &Engine, rules: &[Rule]) -> Vec<check::Complaint> {
    let find = |text: &str| scan::detect_ids(engine, text);
    check::check(rules, engine.rules(), &scan::validator_ids(), &find)
}

#[test]
fn every_rule_passes_the_lints_and_finds_its_own_examples() {
    let engine = engine();
    let mut by_rule: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for complaint in complaints(&engine, engine.rules()) {
        by_rule.entry(complaint.rule).or_default().push(complaint.message);
    }
    let lines: Vec<String> = by_rule.iter().map(|(rule, why)| format!("  {rule}: {}", why.join("\n    "))).collect();
    assert!(lines.is_empty(), "\n{}\nSee them alone with `cargo run -- rules check rules/`.\n", lines.join("\n"));
    assert!(engine.rules().len() >= 300, "only {} rules are compiled in", engine.rules().len());
}

#[test]
fn a_broken_rule_is_named_with_what_is_wrong() {
    let engine = engine();
    let good = built_in().iter().find(|r| r.id == "github-pat-classic").unwrap();
    type Damage = fn(&mut Rule);
    let broken: [(&str, Damage); 6] = [
        ("whole sentence", |r| r.description = "short".into()),
        ("reference", |r| r.references = Vec::new().into()),
        ("two examples", |r| r.examples = Vec::new().into()),
        ("findings of this rule", |r| r.examples = vec!["nothing".into(), "here".into()].into()),
        ("is found", |r| r.counterexamples = r.examples.clone()),
        ("no offline proof", |r| r.validate = "made-up".into()),
    ];
    for (wanted, damage) in broken {
        let mut rule = good.clone();
        damage(&mut rule);
        let said = complaints(&engine, std::slice::from_ref(&rule));
        assert!(said.iter().any(|c| c.message.contains(wanted) && c.rule == good.id), "{wanted}: {said:?}");
    }
}

#[test]
fn the_rules_compiled_in_are_those_of_the_folder() {
    let loaded = load_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap();
    let describe = |rules: &[Rule]| rules.iter().map(|r| format!("{r:?}")).collect::<BTreeSet<String>>();
    let (compiled, loaded) = (describe(built_in()), describe(&loaded));
    // `Cow`s print what they hold, so the compiled table and the loaded rules look alike if the build script and
    // `rules::load` read YAML alike.
    let odd: Vec<&String> = compiled.symmetric_difference(&loaded).take(2).collect();
    assert!(odd.is_empty(), "the build script and rules::load disagree: {odd:#?}");
}

#[test]
fn rules_find_their_examples_with_whatever_value() {
    const SEEDS: u64 = 12;
    let engine = engine();
    let (mut all, mut missed) = (0u64, Vec::new());
    for rule in built_in().iter().filter(|r| r.report) {
        for (number, example) in rule.examples.iter().enumerate() {
            let found = |seed: &u64| {
                let text = example::expand(example, 1000 + number as u64 * SEEDS + seed).unwrap();
                let same = |id: &String| built_in().iter().any(|r| r.id == *id && r.provider == rule.provider);
                let known_better = matches!(rule.matcher, Matcher::Contextual(_));
                scan::detect_ids(&engine, &text).iter().any(|id| *id == rule.id || known_better && same(id))
            };
            let misses = SEEDS - (0..SEEDS).filter(found).count() as u64;
            // Without a form of its own, a value has to look issued, and a few by chance do not.
            if matches!(rule.matcher, Matcher::Contextual(_)) {
                assert!(misses <= 2, "{} misses {misses} of {SEEDS} values of {example}", rule.id);
                continue;
            }
            all += SEEDS;
            // Of one kind of random value a few read like words by chance, never many.
            assert!(misses <= 2, "{} misses {misses} of {SEEDS} values of {example}", rule.id);
            missed.extend((misses > 0).then_some((rule.id.as_ref(), misses)));
        }
    }
    let total: u64 = missed.iter().map(|(_, misses)| misses).sum();
    assert!(total * 500 <= all, "{total} of {all} values are missed: {missed:?}");
}

#[test]
fn every_file_is_named_after_its_provider() {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        // A line for each of many providers.
        if stem == "contextual" {
            continue;
        }
        for rule in load_dir(&path).unwrap() {
            assert_eq!(rule.provider, stem.as_str(), "{}: {} is of another provider", path.display(), rule.id);
        }
    }
}

/// Runs the binary in a directory of its own.
fn keyroll(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(args)
        .current_dir(dir)
        .env_remove("KEYROLL_KEY")
        .output()
        .expect("the binary runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn a_new_rule_passes_the_check_as_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    for id in ["acme-api-key", "two-words-token"] {
        let output = keyroll(dir.path(), &["rules", "new", id]);
        assert!(output.status.success(), "{id}: {}", text(&output));
    }
    let output = keyroll(dir.path(), &["rules", "new", "other-token", "--provider", "two-part", "--dir", "more"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(load_dir(&dir.path().join("rules")).unwrap().len(), 2);
    for place in ["rules", "rules/acme.yml", "more/two-part.yml"] {
        let output = keyroll(dir.path(), &["rules", "check", place]);
        assert!(output.status.success(), "{place}: {}", text(&output));
    }
}

#[test]
fn a_new_rule_never_takes_the_place_of_one_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    assert!(keyroll(dir.path(), &["rules", "new", "acme-api-key"]).status.success());
    let before = fs::read(dir.path().join("rules/acme.yml")).unwrap();
    let again = keyroll(dir.path(), &["rules", "new", "acme-api-key"]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again));
    assert_eq!(before, fs::read(dir.path().join("rules/acme.yml")).unwrap());
    let odd = keyroll(dir.path(), &["rules", "new", "../Evil"]);
    assert_eq!(odd.status.code(), Some(2), "{}", text(&odd));
}

#[test]
fn a_new_rule_finds_what_it_was_written_for() {
    let dir = tempfile::tempdir().unwrap();
    assert!(keyroll(dir.path(), &["rules", "new", "acme-api-key"]).status.success());
    let value = keyroll::rules::example::expand("acme_{lowernum:32}", 3).unwrap();
    fs::write(dir.path().join("settings.ini"), format!("token = {value}\n")).unwrap();
    let scan = ["scan", "--no-config", "--rules", "rules", "-f", "json", "settings.ini"];
    let output = keyroll(dir.path(), &scan);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("\"acme-api-key\"") && !text(&output).contains(&value));
}

#[test]
fn a_rule_that_fails_its_examples_fails_the_check_by_name() {
    let dir = tempfile::tempdir().unwrap();
    assert!(keyroll(dir.path(), &["rules", "new", "acme-api-key"]).status.success());
    let path = dir.path().join("rules/acme.yml");
    let text_of = fs::read_to_string(&path).unwrap();
    fs::write(&path, text_of.replace("acme_{lowernum:32}", "acme_{lowernum:31}")).unwrap();
    let output = keyroll(dir.path(), &["rules", "check", "rules"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("acme-api-key: example 0"), "{}", text(&output));
}
