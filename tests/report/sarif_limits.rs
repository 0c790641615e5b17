//! `sarif` against every limit and requirement of GitHub's code scanning, over a report with everything and over one that is
//! far beyond all limits.
//!
//! The limits: <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>;
//! what a file must hold:
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use keyroll::model::{IdentityKey, Notice, NoticeKind, Report, Risk, RuleInfo, Severity};
use keyroll::report::Style;
use serde_json::Value;

use super::{golden, render};

/// Bytes of an upload after gzip.
const UPLOAD: usize = 10 * 1024 * 1024;

/// What breaks a rule of GitHub's, in sentences.
fn violations(text: &str) -> Vec<String> {
    let log: Value = serde_json::from_str(text).expect("JSON");
    let mut out = Vec::new();
    let mut that = |holds: bool, what: String| {
        if !holds {
            out.push(what);
        }
    };
    let of =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let chars = |text: &str| text.chars().count();

    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text.as_bytes()).expect("memory");
    let size = zip.finish().expect("memory").len();
    that(size <= UPLOAD, format!("{size} bytes of gzip"));
    that(log["version"] == "2.1.0" && of(&log, "/$schema").starts_with("https://"), "version or schema".to_owned());
    let runs = all(&log, "/runs");
    that((1..=20).contains(&runs.len()), format!("{} runs", runs.len()));
    for run in &runs {
        that(of(run, "/automationDetails/id").ends_with('/'), "no category".to_owned());
        that(all(run, "/tool/extensions").len() <= 100, "extensions".to_owned());
        let (rules, results) = (all(run, "/tool/driver/rules"), all(run, "/results"));
        that(rules.len() <= 25_000, format!("{} rules", rules.len()));
        that(results.len() <= 5_000, format!("{} results", results.len()));
        let ids: Vec<String> = rules.iter().map(|rule| of(rule, "/id")).collect();
        that(ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "a rule stands twice".to_owned());
        let fired: BTreeSet<String> = results.iter().map(|result| of(result, "/ruleId")).collect();
        that(fired == ids.iter().cloned().collect::<BTreeSet<_>>(), "rules are not those that fired".to_owned());
        for rule in &rules {
            let id = of(rule, "/id");
            that(!id.trim().is_empty(), "a rule without id".to_owned());
            for (name, limit) in [("/shortDescription/text", 1024), ("/fullDescription/text", 1024), ("/name", 255)] {
                let length = chars(of(rule, name).trim());
                that((1..=limit).contains(&length), format!("{id}: {name} of {length} characters"));
            }
            for name in ["/help/text", "/help/markdown"] {
                that(!of(rule, name).trim().is_empty(), format!("{id}: {name} is empty"));
            }
            let tags: Vec<String> = all(rule, "/properties/tags").iter().map(|tag| of(tag, "")).collect();
            that(tags.len() <= 10, format!("{id}: {} tags", tags.len()));
            that(tags.contains(&"security".to_owned()), format!("{id}: no security tag"));
            let precision = of(rule, "/properties/precision");
            that(["very-high", "high", "medium", "low"].contains(&precision.as_str()), format!("{id}: {precision}"));
            let severity: f64 = of(rule, "/properties/security-severity").parse().unwrap_or(-1.0);
            that(severity > 0.0 && severity <= 10.0, format!("{id}: severity {severity}"));
            that(["error", "warning", "note"].contains(&of(rule, "/defaultConfiguration/level").as_str()), id.clone());
        }
        for (at, result) in results.iter().enumerate() {
            that(result["kind"] == "fail", format!("{at}: kind with a level"));
            that(["error", "warning", "note"].contains(&of(result, "/level").as_str()), format!("{at}: level"));
            that(!of(result, "/message/text").trim().is_empty(), format!("{at}: no message"));
            let index = result["ruleIndex"].as_u64().and_then(|index| ids.get(usize::try_from(index).ok()?).cloned());
            that(index == Some(of(result, "/ruleId")), format!("{at}: ruleIndex"));
            let (places, related) = (all(result, "/locations"), all(result, "/relatedLocations"));
            that(places.len() == 1, format!("{at}: {} locations, of which one is read", places.len()));
            that(related.len() <= 100, format!("{at}: {} related locations", related.len()));
            for place in places.iter().chain(&related) {
                let uri = of(place, "/physicalLocation/artifactLocation/uri");
                let plain = uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b));
                that(plain && !uri.is_empty() && !uri.starts_with('/'), format!("{at}: uri {uri}"));
                that(of(place, "/physicalLocation/artifactLocation/uriBaseId") == "%SRCROOT%", format!("{at}: base"));
            }
            let region = |name: &str| {
                places.first().and_then(|p| p.pointer(&format!("/physicalLocation/region/{name}"))?.as_u64())
            };
            let (from, to) = ((region("startLine"), region("startColumn")), (region("endLine"), region("endColumn")));
            that(from.0 > Some(0) && from.1 > Some(0) && to > from, format!("{at}: region {from:?} to {to:?}"));
            that(
                result["partialFingerprints"].as_object().is_some_and(|p| !p.is_empty()),
                format!("{at}: no fingerprint"),
            );
            if let Some(print) = result.pointer("/partialFingerprints/primaryLocationLineHash").and_then(Value::as_str)
            {
                let (hash, count) = print.split_once(':').unwrap_or_default();
                let form = u64::from_str_radix(hash, 16).is_ok() && count.parse::<u64>().is_ok();
                that(form, format!("{at}: line hash {print}"));
            }
            that(result.get("suppressions").is_none(), format!("{at}: suppressed and uploaded"));
            for flow in all(result, "/codeFlows") {
                that(all(&flow, "/threadFlows").len() <= 1_000, format!("{at}: thread flows"));
            }
        }
        let scores: Vec<i64> = results.iter().filter_map(|result| result["properties"]["score"].as_i64()).collect();
        that(scores.len() == results.len(), "a result without score".to_owned());
    }
    that(!text.contains("\"snippet\"") && !text.contains("\"contextRegion\""), "a snippet".to_owned());
    out
}

/// 30,000 findings of 400 rules, each of which is beyond some limit: texts of 20,000 characters, 2,000 places, many addresses.
fn beyond() -> Report {
    let mut report = golden::report();
    let long = "A long text of many words, \u{1f511} and more. ".repeat(450);
    report.inventory.rules = (0..400)
        .map(|n| RuleInfo {
            id: format!("rule-{n:03}"),
            kind: if n % 2 == 0 { "rule" } else { "check" }.to_owned(),
            name: if n % 3 == 0 { long.clone() } else { String::new() },
            risk: Risk::ALL[n % 10],
            severity: Severity::ALL[1 + n % 4],
            confidence: keyroll::model::Confidence::High,
            description: long.clone(),
            remediation: if n % 5 == 0 { " ".to_owned() } else { long.clone() },
            references: (0..60).map(|r| format!("https://docs.acme.example/{n}/{r}")).collect(),
        })
        .collect();
    report.findings = (0..30_000usize)
        .map(|n| {
            let place = |line: usize| golden::at(&format!("services/{}/config/{n}.env", n % 97), line as u64, 1, 40);
            let mut finding = golden::finding(
                &format!("rule-{:03}", n % 400),
                Risk::ALL[n % 10],
                if n % 7 == 0 { &long } else { "" },
                &[("base", 20 + (n % 80) as i32)],
                vec![place(1 + n % 900)],
            );
            if n % 600 == 1 {
                finding.locations = (1..2_000).map(place).collect();
            }
            finding.why = if n % 11 == 0 { long.as_str().into() } else { "".into() };
            finding.remediation = if n % 13 == 0 { long.as_str().into() } else { "".into() };
            finding.identity = (n % 3 == 0).then(|| IdentityKey::new("aws", "user", &format!("acme/{n}")));
            finding.fingerprint = Some(format!("{n:032x}"));
            finding
        })
        .collect();
    report.notices = (0..30_000)
        .map(|n| Notice {
            kind: NoticeKind::Limit,
            code: "malformed".to_owned(),
            path: Some(format!("k8s/{n}.yaml")),
            line: Some(3),
            column: None,
            message: if n % 100 == 0 { long.clone() } else { "is no YAML from here on".to_owned() },
        })
        .collect();
    report
}

#[test]
fn a_report_with_everything_keeps_every_rule_of_code_scanning() {
    let text = render("sarif", &golden::report(), &Style::default());
    assert_eq!(violations(&text), Vec::<String>::new());
}

#[test]
fn a_report_beyond_every_limit_keeps_every_rule_of_code_scanning() {
    let report = beyond();
    let text = render("sarif", &report, &Style::default());
    assert_eq!(violations(&text), Vec::<String>::new());
    let log: Value = serde_json::from_str(&text).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5_000);
    let mut scores: Vec<i32> = report.findings.iter().map(|finding| finding.score).collect();
    scores.sort_unstable_by(|a, b| b.cmp(a));
    let kept: Vec<i64> = results.iter().map(|result| result["properties"]["score"].as_i64().unwrap()).collect();
    assert_eq!(kept.iter().min().copied(), Some(i64::from(scores[4_999])), "the highest scores are kept");
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("Results left out: 25000"), "and the cut is said");
}

#[test]
fn the_rules_here_can_refuse() {
    let good: Value = serde_json::from_str(&render("sarif", &golden::report(), &Style::default())).unwrap();
    let broken: [fn(&mut Value); 8] = [
        |log| log["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"] = "".into(),
        |log| log["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]["text"] = "x".repeat(1025).into(),
        |log| log["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"] = vec!["security"; 11].into(),
        |log| log["runs"][0]["results"][0]["locations"] = Value::Array(Vec::new()),
        |log| log["runs"][0]["results"][0]["ruleIndex"] = 99.into(),
        |log| log["runs"][0]["results"][0]["kind"] = "review".into(),
        |log| log["runs"][0]["results"][0]["partialFingerprints"]["primaryLocationLineHash"] = "x".into(),
        |log| {
            let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap();
            rules.push(rules[0].clone());
        },
    ];
    for (at, damage) in broken.iter().enumerate() {
        let mut copy = good.clone();
        damage(&mut copy);
        assert!(!violations(&copy.to_string()).is_empty(), "damage {at} goes unnoticed");
    }
}
