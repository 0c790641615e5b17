//! `gitlab`: the rules of GitLab's schema for secret detection reports, version 15.2.1, as far as this output uses them.

use std::collections::BTreeSet;

use keyroll::model::Report;
use keyroll::report::Style;
use serde_json::{Value, json};

use super::{golden, render};

fn document(report: &Report) -> Value {
    serde_json::from_str(&render("gitlab", report, &Style::default())).expect("JSON")
}

/// What the schema demands, in our own words: names, types, patterns, lengths.
fn schema() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let tool = json!({
        "type": "object", "required": ["id", "name", "version", "vendor"],
        "properties": {"id": text, "name": text, "version": text,
            "vendor": {"type": "object", "required": ["name"], "properties": {"name": text}}}
    });
    let time = json!({"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$"});
    let url = json!({"type": "string", "pattern": "^https?://.+"});
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object", "required": ["scan", "version", "vulnerabilities"],
        "properties": {
            "version": {"const": "15.2.1"},
            "scan": {
                "type": "object",
                "required": ["analyzer", "end_time", "scanner", "start_time", "status", "type"],
                "properties": {
                    "analyzer": tool, "scanner": tool, "start_time": time, "end_time": time,
                    "status": {"enum": ["success", "failure"]}, "type": {"const": "secret_detection"},
                    "messages": {"type": "array", "items": {
                        "type": "object", "required": ["level", "value"],
                        "properties": {"level": {"enum": ["info", "warn", "fatal"]}, "value": text}}}
                }
            },
            "vulnerabilities": {"type": "array", "items": {
                "type": "object", "required": ["id", "identifiers", "location"], "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                    "name": {"type": "string", "maxLength": 255},
                    "description": {"type": "string", "maxLength": 1048576},
                    "solution": {"type": "string", "maxLength": 7000},
                    "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
                    "identifiers": {"type": "array", "minItems": 1, "items": {
                        "type": "object", "required": ["type", "name", "value"],
                        "properties": {"type": text, "name": text, "value": text, "url": url}}},
                    "links": {"type": "array", "items": {
                        "type": "object", "required": ["url"], "properties": {"url": url}}},
                    "location": {"type": "object", "required": ["commit"], "additionalProperties": false, "properties": {
                        "file": {"type": "string"}, "start_line": {"type": "number"}, "end_line": {"type": "number"},
                        "commit": {"type": "object", "required": ["sha"], "properties": {
                            "sha": text, "author": {"type": "string"}, "date": {"type": "string"}}}}}
                }
            }}
        }
    })
}

/// What breaks the schema.
pub fn violations(document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).expect("a usable schema");
    validator.iter_errors(document).map(|e| format!("{e} at {}", e.instance_path())).collect()
}

#[test]
fn the_report_keeps_to_the_schema_and_the_schema_can_refuse() {
    for report in [golden::report(), golden::empty(), golden::clean()] {
        assert_eq!(violations(&document(&report)), Vec::<String>::new());
    }
    let good = document(&golden::report());
    let broken: [fn(&mut Value); 4] = [
        |d| d["scan"]["start_time"] = "2026-01-01T00:00:00Z".into(),
        |d| d["vulnerabilities"][0]["raw_source_code_extract"] = "x".into(),
        |d| d["vulnerabilities"][0]["location"]["commit"] = json!({}),
        |d| d["vulnerabilities"][0]["identifiers"] = json!([]),
    ];
    for (at, damage) in broken.iter().enumerate() {
        let mut copy = good.clone();
        damage(&mut copy);
        assert!(!violations(&copy).is_empty(), "damage {at} goes unnoticed");
    }
}

fn ids(document: &Value) -> Vec<String> {
    document["vulnerabilities"].as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn ids_are_unique_and_do_not_hang_on_lines_or_order() {
    let mut report = golden::report();
    let before = ids(&document(&report));
    assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len());
    for finding in &mut report.findings {
        finding.locations.iter_mut().for_each(|l| (l.line, l.end_line) = (l.line + 5, l.end_line + 5));
        finding.score -= 1;
    }
    assert_eq!(ids(&document(&report)), before);
    report.findings.remove(0);
    assert_eq!(ids(&document(&report)), before[1..]);
}

#[test]
fn what_is_in_the_checkout_has_no_commit_and_what_is_only_in_the_history_has_its_own() {
    let document = document(&golden::report());
    let shas: BTreeSet<&str> = document["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["location"]["commit"]["sha"].as_str().unwrap())
        .collect();
    assert!(shas.contains("0000000") && shas.iter().any(|sha| sha.len() == 40), "{shas:?}");
}

#[test]
fn suppressed_findings_are_left_out() {
    let mut report = golden::report();
    let open = report.findings.iter().filter(|f| f.suppressed.is_none()).count();
    assert!(open < report.findings.len());
    report.findings.retain(|f| f.suppressed.is_some());
    assert_eq!(ids(&document(&report)).len(), 0);
}
