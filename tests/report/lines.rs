//! `csv`, `jsonl` and `junit`: what their readers rely on.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::model::Severity;
use keyroll::report::Style;
use serde_json::Value;

use super::{golden, render};

/// Cells by row, as a reader of RFC 4180 takes them; every row has as many as the header.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.expect("rows of one length").iter().map(str::to_owned).collect()).collect()
}

/// Fails when a text is no well-formed XML of elements, attributes and text.
pub fn well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (data, tag) = rest.split_at(at);
        references(data);
        let end = tag.find('>').expect("a tag ends");
        let inner = &tag[1..end];
        match inner {
            _ if inner.starts_with('?') => {}
            _ if inner.starts_with('/') => assert_eq!(open.pop(), Some(&inner[1..]), "tags close in order"),
            _ => {
                let name = inner.split([' ', '/']).next().unwrap();
                let attributes = inner[name.len()..].trim_end_matches('/');
                let mut left = attributes.trim();
                let mut seen = BTreeSet::new();
                while !left.is_empty() {
                    let (key, value) = left.split_once("=\"").expect("an attribute has a value in quotes");
                    assert!(key.bytes().all(|b| b.is_ascii_alphabetic()) && seen.insert(key), "{key}");
                    let (value, more) = value.split_once('"').expect("the quote closes");
                    assert!(!value.contains('<'));
                    references(value);
                    left = more.trim_start();
                }
                if !inner.ends_with('/') {
                    open.push(name);
                }
            }
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    let forbidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert_eq!(text.chars().find(|c| forbidden(*c)), None);
}

fn references(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
        assert!(known.iter().any(|k| text[at..].starts_with(k)), "{}", &text[at..]);
    }
}

#[test]
fn tables_have_a_row_a_thing_and_a_cell_a_column() {
    let report = golden::report();
    let findings = rows(&render("csv", &report, &Style::default()));
    assert_eq!(findings.len(), report.findings.len() + 1);
    assert_eq!(findings[0][..4], ["id", "risk", "severity", "score"]);
    let identities = rows(&render("csv-identities", &report, &Style::default()));
    assert_eq!(identities.len(), report.inventory.identities.len() + 1);
    assert_eq!(identities[0].iter().collect::<BTreeSet<_>>().len(), identities[0].len(), "column names are unique");
}

#[test]
fn every_line_has_a_type_and_fields_of_one_name_have_one_type_in_all_of_them() {
    let report = golden::report();
    let text = render("jsonl", &report, &Style::default());
    let mut kinds: BTreeMap<String, (u8, String)> = BTreeMap::new();
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let of = value["type"].as_str().unwrap().to_owned();
        *types.entry(of.clone()).or_default() += 1;
        for (name, field) in value.as_object().unwrap() {
            let kind = match field {
                Value::Null => 0,
                Value::Bool(_) => 1,
                Value::Number(_) => 2,
                Value::String(_) => 3,
                Value::Array(_) => 4,
                Value::Object(_) => 5,
            };
            let (known, first) = kinds.entry(name.clone()).or_insert((kind, of.clone()));
            assert_eq!(*known, kind, "{name} of {first} and {of}");
        }
    }
    assert_eq!(types["finding"], report.findings.len());
    assert_eq!(types["identity"], report.inventory.identities.len());
    assert_eq!(types["credential"], report.inventory.credentials.len());
    assert_eq!(types["report"], 1);
}

#[test]
fn cases_fail_from_the_severity_that_fails_the_run() {
    let report = golden::report();
    for fail_on in [Severity::Low, Severity::High, Severity::Critical] {
        let text = render("junit", &report, &Style { fail_on: fail_on.into(), ..Style::default() });
        well_formed(&text);
        let failing = report.findings.iter().filter(|f| f.suppressed.is_none() && f.severity >= fail_on).count();
        assert_eq!(text.matches("<failure ").count(), failing);
        assert!(text.contains(&format!("tests=\"{}\" failures=\"{failing}\"", report.findings.len() + 1)), "{text}");
        assert_eq!(text.matches("<testcase ").count(), report.findings.len() + 1);
        assert_eq!(
            text.matches("<skipped ").count(),
            report.findings.iter().filter(|f| f.suppressed.is_some()).count()
        );
        assert_eq!(text.matches("<error ").count(), 1, "the golden report is incomplete");
    }
    let clean = render("junit", &golden::clean(), &Style::default());
    assert!(clean.contains("<testcase classname=\"keyroll\" name=\"everything was read\" time=\"0\"/>"), "{clean}");
}

#[test]
fn markdown_fits_a_comment_whatever_the_names_and_counts_what_it_leaves_out() {
    let mut report = golden::report();
    let long = "@".repeat(3000);
    report.findings.truncate(1);
    report.findings[0].suppressed = None;
    report.findings[0].title = format!("a key of {long}");
    report.findings = vec![report.findings[0].clone(); 40];
    report.notices = vec![report.notices[0].clone(); 60];
    report.notices.iter_mut().for_each(|notice| notice.message = format!("{long} was not read"));
    let text = render("markdown", &report, &Style::default());
    assert!(text.len() < 65_536, "{}", text.len());
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("a key of")).count();
    assert!(rows > 0 && text.contains(&format!("\n{} more in the full report.", 40 - rows)), "{rows}");
    assert!(text.contains(" more in the full report\n"), "notices too");
    let all = render("markdown", &report, &Style { verbose: true, ..Style::default() });
    assert_eq!(all.lines().filter(|line| line.contains("a key of")).count(), 40);
}
