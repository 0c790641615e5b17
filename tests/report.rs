//! Every output over one report that has every feature of the model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/golden.rs"]
mod golden;
#[path = "report/sarif.rs"]
mod sarif;
#[path = "report/table.rs"]
mod table;

use std::path::PathBuf;

use golden::HOSTILE;
use keyroll::model::Report;
use keyroll::report::{self, REPORTERS, Style};
use serde_json::Value;

/// The output of one reporter as text.
fn render(id: &str, report: &Report, style: &Style) -> String {
    let mut out = Vec::new();
    (report::find(id).expect("registered").write)(report, style, &mut out).expect("writing to memory");
    String::from_utf8(out).expect("outputs are UTF-8")
}

/// Compares with a committed file, or rewrites it when `UPDATE=1`.
fn compare(path: &str, got: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, got).unwrap();
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == want, "{} differs; UPDATE=1 rewrites it, then read the difference", path.display());
}

#[test]
fn outputs_equal_the_reviewed_ones() {
    for (id, extension) in [("table", "txt"), ("json", "json"), ("sarif", "sarif")] {
        let got = render(id, &golden::report(), &Style::default());
        compare(&format!("tests/fixtures/report/golden.{extension}"), &got);
    }
}

#[test]
fn every_output_is_deterministic_and_ends_in_a_line_feed() {
    for reporter in REPORTERS {
        let once = render(reporter.id, &golden::report(), &Style::default());
        assert_eq!(once, render(reporter.id, &golden::report(), &Style::default()), "{}", reporter.id);
        assert!(once.ends_with('\n') && !once.ends_with("\n\n"), "{}", reporter.id);
    }
}

#[test]
fn reporter_ids_are_unique() {
    let mut ids: Vec<&str> = REPORTERS.iter().map(|reporter| reporter.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), REPORTERS.len());
}

#[test]
fn no_output_holds_a_character_that_acts_on_a_terminal() {
    for reporter in REPORTERS {
        for verbose in [false, true] {
            let style = Style { verbose, sarif_suppressed: verbose, ..Style::default() };
            let text = render(reporter.id, &golden::report(), &style);
            let bad = text.chars().find(|c| {
                (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(bad, None, "{}", reporter.id);
        }
    }
}

#[test]
fn every_output_takes_an_empty_report() {
    for reporter in REPORTERS {
        for report in [golden::empty(), golden::clean()] {
            assert!(!render(reporter.id, &report, &Style::default()).is_empty(), "{}", reporter.id);
        }
    }
}

#[test]
fn json_reads_back_as_the_same_report() {
    let report = golden::report();
    let text = render("json", &report, &Style::default());
    assert_eq!(serde_json::from_str::<Report>(&text).expect("our own JSON"), report);
    assert!(text.starts_with("{\n  \"schema\": \"keyroll.report/1\",\n  \"tool\": {\n    \"name\""), "{text}");
}

#[test]
fn the_committed_schema_is_the_one_of_the_model() {
    compare("docs/schema/report.json", &report::json::schema());
}

#[test]
fn json_is_valid_under_its_schema_and_the_schema_can_refuse() {
    let schema: Value = serde_json::from_str(&report::json::schema()).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).expect("a valid schema");
    let validator = jsonschema::validator_for(&schema).expect("a usable schema");
    let document: Value = serde_json::from_str(&render("json", &golden::report(), &Style::default())).unwrap();
    for error in validator.iter_errors(&document) {
        panic!("{error} at {}", error.instance_path());
    }
    let broken: [fn(&mut Value); 5] = [
        |d| d["schema"] = "keyroll.report/2".into(),
        |d| d["findings"][0]["severity"] = "dire".into(),
        |d| d["findings"][0]["locations"] = Value::Null,
        |d| _ = d.as_object_mut().unwrap().remove("coverage"),
        |d| d["credentials"][0]["expires"] = "tomorrow".into(),
    ];
    for (at, damage) in broken.iter().enumerate() {
        let mut document = document.clone();
        damage(&mut document);
        assert!(!validator.is_valid(&document), "damage {at} goes unnoticed");
    }
    let mut newer = document;
    newer["added_later"] = true.into();
    assert!(validator.is_valid(&newer), "fields may be added within /1");
}

#[test]
fn the_golden_report_is_as_hostile_as_it_claims() {
    let text = render("json", &golden::report(), &Style::default());
    let back: Value = serde_json::from_str(&text).unwrap();
    assert!(back.to_string().contains(&serde_json::to_string(HOSTILE).unwrap().trim_matches('"').to_owned()));
}
