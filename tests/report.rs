//! Every output over one report that has every feature of the model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "report/gitlab.rs"]
mod gitlab;
#[path = "common/golden/mod.rs"]
mod golden;
#[path = "report/html.rs"]
mod html;
#[path = "report/lines.rs"]
mod lines;
#[path = "report/sarif.rs"]
mod sarif;
#[path = "report/sarif_limits.rs"]
mod sarif_limits;
#[path = "report/table.rs"]
mod table;
#[path = "report/table_reader.rs"]
mod table_reader;

use std::path::PathBuf;

use golden::HOSTILE;
use keyroll::model::Report;
use keyroll::report::{self, REPORTERS, Style};
use serde_json::Value;

/// The output of one reporter as text.
fn render(id: &str, report: &Report, style: &Style) -> String {
    let mut out = Vec::new();
    (report::find(id).expect("registered").write)(report.into(), style, &mut out).expect("writing to memory");
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
    for (id, extension) in [
        ("table", "txt"),
        ("json", "json"),
        ("sarif", "sarif"),
        ("markdown", "md"),
        ("github", "github"),
        ("azure", "azure"),
        ("csv", "csv"),
        ("csv-identities", "identities.csv"),
        ("jsonl", "jsonl"),
        ("gitlab", "gitlab.json"),
        ("junit", "xml"),
    ] {
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
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
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

/// Writes the same text wherever a scanned repository or a rule's author can put one.
fn overwrite(report: &mut Report, text: &str) {
    for finding in &mut report.findings {
        [&mut finding.id, &mut finding.title].into_iter().for_each(|slot| text.clone_into(slot));
        [&mut finding.why, &mut finding.remediation].into_iter().for_each(|slot| *slot = text.into());
        finding.preview = Some(text.to_owned());
        finding.evidence = vec![text.to_owned()];
        finding.terms.iter_mut().for_each(|term| term.name = text.into());
        for place in &mut finding.locations {
            text.clone_into(&mut place.path);
            place.commit = Some(text.to_owned());
            place.pointer = Some(text.to_owned());
        }
    }
    for identity in &mut report.inventory.identities {
        text.clone_into(&mut identity.name);
        text.clone_into(&mut identity.provider);
        identity.owner = Some(text.to_owned());
    }
    report.risks.iter_mut().for_each(|risk| text.clone_into(&mut risk.why));
    for notice in &mut report.notices {
        text.clone_into(&mut notice.message);
        text.clone_into(&mut notice.code);
        notice.path = Some(text.to_owned());
    }
    report.coverage.roots.iter_mut().for_each(|root| text.clone_into(&mut root.path));
    text.clone_into(&mut report.key_id);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_from_outside_leaves_every_output_well_formed(text in "\\PC{0,60}|(?s).{0,60}", width in 20usize..200) {
        let mut report = golden::report();
        overwrite(&mut report, &text);
        let style = Style { width, verbose: true, sarif_suppressed: true, ..Style::default() };
        for line in render("table", &report, &style).lines() {
            proptest::prop_assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{} {:?}", width, line);
            proptest::prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
        }
        let json = render("json", &report, &style);
        proptest::prop_assert_eq!(serde_json::from_str::<Report>(&json).expect("JSON"), report.clone());
        for (line, named) in render("jsonl", &report, &style).lines().zip(0..) {
            let value: Value = serde_json::from_str(line).expect("a line of JSON");
            proptest::prop_assert!(value["type"].is_string(), "{}", named);
        }
        for id in ["csv", "csv-identities"] {
            let table = render(id, &report, &style);
            for row in lines::rows(&table) {
                for cell in row {
                    proptest::prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{:?}", cell);
                }
            }
        }
        lines::well_formed(&render("junit", &report, &style));
        let document: Value = serde_json::from_str(&render("gitlab", &report, &style)).expect("JSON");
        proptest::prop_assert_eq!(gitlab::violations(&document), Vec::<String>::new());
        let log: Value = serde_json::from_str(&render("sarif", &report, &style)).expect("JSON");
        for result in log["runs"][0]["results"].as_array().expect("results") {
            proptest::prop_assert!(!result["message"]["text"].as_str().expect("a message").chars().any(char::is_control));
        }
    }
}
