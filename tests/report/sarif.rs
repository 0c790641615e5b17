//! `sarif`: the rules of SARIF 2.1.0 and of GitHub's code scanning, each asserted.

use std::collections::BTreeSet;

use keyroll::model::{Report, Risk, Severity, Suppression, SuppressionKind};
use keyroll::report::Style;
use serde_json::Value;

use super::{golden, render};

fn sarif(report: &Report, style: &Style) -> Value {
    serde_json::from_str(&render("sarif", report, style)).expect("JSON")
}

fn run(report: &Report) -> Value {
    sarif(report, &Style::default())["runs"][0].clone()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {pointer}"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

fn result<'a>(run: &'a Value, title: &str) -> &'a Value {
    let found = list(run, "/results").iter().find(|result| text(result, "/message/text").starts_with(title));
    found.unwrap_or_else(|| panic!("no result for {title}"))
}

#[test]
fn the_file_names_its_version_and_one_run() {
    let log = sarif(&golden::report(), &Style::default());
    assert_eq!(log["version"], "2.1.0");
    assert!(text(&log, "/$schema").ends_with("sarif-schema-2.1.0.json"));
    assert_eq!(list(&log, "/runs").len(), 1);
    assert_eq!(text(&log, "/runs/0/automationDetails/id"), "keyroll/");
    assert_eq!(text(&log, "/runs/0/columnKind"), "unicodeCodePoints");
    assert_eq!(text(&log, "/runs/0/tool/driver/name"), "keyroll");
    assert!(log.pointer("/runs/0/versionControlProvenance").is_none());
    let bases = log.pointer("/runs/0/originalUriBaseIds").unwrap().as_object().unwrap();
    assert_eq!(bases.keys().collect::<Vec<_>>(), ["%SRCROOT%"]);
    assert!(
        bases["%SRCROOT%"].get("uri").is_none(),
        "an absolute path would make the file differ from machine to machine"
    );
}

#[test]
fn rules_are_those_that_fired_each_once_and_complete() {
    let run = run(&golden::report());
    let rules = list(&run, "/tool/driver/rules");
    let ids: Vec<&str> = rules.iter().map(|rule| text(rule, "/id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "unique ids");
    let fired: BTreeSet<&str> = list(&run, "/results").iter().map(|result| text(result, "/ruleId")).collect();
    assert_eq!(
        ids.iter().copied().collect::<BTreeSet<_>>(),
        fired,
        "no rule without a result, no result without a rule"
    );
    for rule in rules {
        for pointer in ["/shortDescription/text", "/fullDescription/text"] {
            assert!((1..=1024).contains(&text(rule, pointer).chars().count()), "{rule}");
        }
        assert!((1..=255).contains(&text(rule, "/name").chars().count()));
        assert!(!text(rule, "/help/text").trim().is_empty() && !text(rule, "/help/markdown").trim().is_empty());
        let tags: Vec<&str> = list(rule, "/properties/tags").iter().map(|tag| tag.as_str().unwrap()).collect();
        assert!(tags.len() <= 10 && tags.contains(&"security"));
        assert!(tags.iter().any(|tag| tag.starts_with("external/owasp/nhi")));
        assert!(["very-high", "high", "medium", "low"].contains(&text(rule, "/properties/precision")));
        assert!(["error", "warning", "note"].contains(&text(rule, "/defaultConfiguration/level")));
        let severity: f64 = text(rule, "/properties/security-severity").parse().expect("a number in text");
        assert!((0.1..9.0).contains(&severity) || severity > 9.0, "9.0 itself is ambiguous");
        if let Some(link) = rule.get("helpUri") {
            assert!(link.as_str().unwrap().starts_with("https://"));
        }
    }
}

#[test]
fn a_rule_keeps_its_severity_whatever_its_findings_score() {
    let run = run(&golden::report());
    let of = |id: &str| list(&run, "/tool/driver/rules").iter().find(|rule| rule["id"] == id).unwrap().clone();
    assert_eq!(text(&of("aws-access-key"), "/properties/security-severity"), "9.5");
    assert_eq!(text(&of("github-pat"), "/properties/security-severity"), "7.8");
    assert_eq!(text(&of("jwt"), "/properties/security-severity"), "5.5");
    assert_eq!(text(&of("nhi10-person"), "/properties/security-severity"), "2.5");
    assert_eq!(text(&of("aws-access-key"), "/properties/precision"), "very-high");
    assert_eq!(text(result(&run, "AWS access key of ci-deploy stands"), "/level"), "error");
    assert_eq!(text(result(&run, "AWS access key of ci-deploy in git history"), "/level"), "note");
    assert_eq!(text(result(&run, "Expired JSON Web Token"), "/level"), "note");
    assert_eq!(text(result(&run, "GitHub token whose checksum"), "/level"), "warning");
}

#[test]
fn results_carry_what_github_requires() {
    let run = run(&golden::report());
    let rules = list(&run, "/tool/driver/rules");
    for result in list(&run, "/results") {
        assert_eq!(result["kind"], "fail");
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!text(result, "/message/text").is_empty());
        assert_eq!(list(result, "/locations").len(), 1);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = text(place, "/artifactLocation/uri");
        assert!(!uri.starts_with('/') && !uri.contains('\\') && !uri.contains(':'), "{uri}");
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
        assert_eq!(text(place, "/artifactLocation/uriBaseId"), "%SRCROOT%");
        let number = |name: &str| place["region"][name].as_u64().unwrap_or_else(|| panic!("{name} in {place}"));
        assert!(number("startLine") > 0 && number("startColumn") > 0);
        assert!((number("endLine"), number("endColumn")) > (number("startLine"), number("startColumn")));
        assert!(place["region"].get("snippet").is_none() && place.get("contextRegion").is_none());
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().contains(':'));
        assert!(result.get("suppressions").is_none());
        for name in ["score", "confidence", "risk"] {
            assert!(result["properties"].get(name).is_some(), "{name}");
        }
    }
}

#[test]
fn fingerprints_are_keyed_and_name_nobody() {
    let run = run(&golden::report());
    let leak = result(&run, "AWS access key of ci-deploy stands");
    let prints = leak["partialFingerprints"].as_object().unwrap();
    assert_eq!(prints["keyroll/secret/v1"], "a1".repeat(16));
    assert_eq!(prints["keyroll/identity/v1"].as_str().unwrap().len(), 32);
    let all: String = list(&run, "/results").iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert!(!all.contains('@') && !all.contains("arn:"), "{all}");
    let weak = result(&run, "Database password");
    assert!(weak["partialFingerprints"].get("keyroll/secret/v1").is_none(), "a weak value has no fingerprint");
}

#[test]
fn a_result_hangs_only_on_a_line_of_the_checkout() {
    let run = run(&golden::report());
    let history = result(&run, "AWS access key of ci-deploy in git history");
    assert_eq!(
        text(history, "/locations/0/physicalLocation/artifactLocation/uri"),
        ".github/workflows/deploy.yml",
        "the line that uses the identity"
    );
    assert_eq!(history["locations"][0]["physicalLocation"]["region"]["startLine"], 31);
    assert!(text(history, "/message/text").contains("terraform.tfvars of commit 4f9a0c2d"));
    let related = list(history, "/relatedLocations");
    assert_eq!(related.len(), 2);
    assert!(text(&related[0], "/message/text").contains("no longer in the checkout"));
    assert!(!render("sarif", &golden::report(), &Style::default()).contains("tree/4f9a0c2d"), "no commit in a URI");

    let titles: String = list(&run, "/results").iter().map(|result| text(result, "/message/text")).collect();
    let left_out = "Key of robot@acme-prod is 1,759 days old";
    assert!(!titles.contains(left_out), "{left_out} has no line in the checkout");
    let notes = list(&run, "/invocations/0/toolExecutionNotifications");
    let counted = notes.iter().find(|note| note["descriptor"]["id"] == "not-in-checkout").unwrap();
    assert!(text(counted, "/message/text").starts_with("Findings left out: 1. They lie only in git history"));
}

#[test]
fn other_places_become_related_locations_and_at_most_a_hundred() {
    let mut report = golden::report();
    let run = run(&report);
    let related = list(result(&run, "AWS access key of ci-deploy stands"), "/relatedLocations");
    assert_eq!(related.len(), 6);
    let ids: Vec<u64> = related.iter().map(|place| place["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    let member = &related[5];
    assert_eq!(text(member, "/physicalLocation/artifactLocation/uri"), "dist/release.zip");
    assert_eq!(member["physicalLocation"]["region"]["startLine"], 1);
    assert_eq!(text(member, "/message/text"), "config/prod.env inside dist/release.zip");

    let many = (1..=300).map(|line| golden::at("config/prod.env", line, 1, 9));
    report.findings[0].locations.extend(many);
    let run = self::run(&report);
    let first = &list(&run, "/results")[0];
    assert_eq!(list(first, "/relatedLocations").len(), 100);
    assert!(text(first, "/message/text").contains("Places not listed here: 206;"), "a cut is said");
}

#[test]
fn paths_are_percent_encoded_byte_for_byte() {
    let run = run(&golden::report());
    let uri = |title: &str| text(result(&run, title), "/locations/0/physicalLocation/artifactLocation/uri").to_owned();
    assert_eq!(uri("Private key of robot"), "caf%E9/robot.json");
    assert_eq!(uri("GitHub token whose checksum"), "tests/fixtures/a%20b%23c.env");
    assert!(uri("Token of evil").starts_with("k8s/evil%1B%5B31m%C2%9B2J%E2%80%AEgpj"));
}

#[test]
fn the_first_sentence_of_a_message_is_the_title() {
    let report = golden::report();
    let run = run(&report);
    let leak = result(&run, "AWS access key of ci-deploy stands");
    assert!(text(leak, "/message/text").starts_with("AWS access key of ci-deploy stands in the clear. "));
    assert!(text(leak, "/message/text").contains("Value: wJal… (40 chars)."));
    let hostile = text(result(&run, "Token of evil"), "/message/text");
    assert!(hostile.contains("\\[x\\](https://example.org){{0}}") && !hostile.contains('\n'), "{hostile}");
}

#[test]
fn suppressed_findings_are_left_out_unless_asked_for() {
    let mut report = golden::report();
    assert!(!render("sarif", &report, &Style::default()).contains("local test database"));
    let style = Style { sarif_suppressed: true, ..Style::default() };
    let log = sarif(&report, &style);
    let run = &log["runs"][0];
    let suppressed = result(run, "Password of the local test database");
    assert_eq!(suppressed["suppressions"], serde_json::json!([{"kind": "inSource", "justification": "local only"}]));
    for kind in [SuppressionKind::Config, SuppressionKind::Baseline] {
        let finding = report.findings.iter_mut().find(|finding| finding.suppressed.is_some()).unwrap();
        finding.suppressed = Some(Suppression { kind, reason: String::new(), by: "allowlist 3".into() });
        let log = sarif(&report, &style);
        let suppressed = result(&log["runs"][0], "Password of the local test database");
        assert_eq!(
            suppressed["suppressions"],
            serde_json::json!([{"kind": "external", "justification": "allowlist 3"}])
        );
    }
}

#[test]
fn gaps_and_limits_become_notifications() {
    let report = golden::report();
    let run = run(&report);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notes = list(&run, "/invocations/0/toolExecutionNotifications");
    let of = |id: &str| notes.iter().find(|note| note["descriptor"]["id"] == id).unwrap();
    assert_eq!(of("malformed")["level"], "warning");
    assert_eq!(of("malformed")["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
    assert_eq!(of("shallow")["level"], "note");
    assert!(of("unreadable")["locations"][0]["physicalLocation"].get("region").is_none());
    let clean = self::run(&golden::clean());
    assert_eq!(clean["invocations"][0]["executionSuccessful"], true);
    assert_eq!(list(&clean, "/results").len(), 0);
    assert_eq!(list(&clean, "/tool/driver/rules").len(), 0);
}

#[test]
fn beyond_five_thousand_the_highest_scores_are_kept_and_the_cut_is_said() {
    let mut report = golden::empty();
    for n in 0..5_010u64 {
        let base = if n % 1000 == 7 { 95 } else { 30 };
        let place = golden::at(&format!("f{n}.env"), 1, 1, 9);
        report.findings.push(golden::finding(
            "jwt",
            Risk::Nhi2,
            &format!("Token {n}."),
            &[("base", base)],
            vec![place],
        ));
    }
    report.findings[0].locations.extend((2..50).map(|line| golden::at("f0.env", line, 1, 9)));
    report.findings[0].score = 95;
    report.findings.push(golden::finding("late", Risk::Nhi2, "Late", &[("base", 10)], vec![golden::at("z", 1, 1, 2)]));
    let run = run(&report);
    let results = list(&run, "/results");
    assert_eq!(results.len(), 5_000);
    assert_eq!(list(&results[0], "/relatedLocations").len(), 10, "5,000 results share the room for places");
    assert_eq!(results.iter().filter(|result| result["properties"]["score"] == 95).count(), 7);
    assert_eq!(list(&run, "/tool/driver/rules").len(), 1, "a rule whose results were all cut is not listed");
    let notes = list(&run, "/invocations/0/toolExecutionNotifications");
    assert!(text(&notes[0], "/message/text").starts_with("Results left out: 11,"));
}

#[test]
fn a_rule_that_the_report_does_not_describe_is_still_complete() {
    let mut report = golden::empty();
    let mut odd = golden::finding("from-elsewhere", Risk::Nhi4, "", &[("base", 78)], vec![golden::at("a", 1, 1, 2)]);
    odd.why = "".into();
    odd.remediation = "".into();
    report.findings.push(odd);
    let run = run(&report);
    let rule = &list(&run, "/tool/driver/rules")[0];
    assert_eq!(text(rule, "/properties/security-severity"), "7.8");
    assert!(!text(rule, "/help/text").is_empty() && !text(rule, "/fullDescription/text").is_empty());
    assert_eq!(text(&list(&run, "/results")[0], "/message/text"), "from-elsewhere.");
}

#[test]
fn a_place_outside_the_checkout_is_never_an_anchor() {
    for path in ["/etc/passwd", "../x", "<stdin>", ""] {
        let mut report = golden::empty();
        let place = golden::at("a", 1, 1, 2).with(|place| place.path = path.into());
        report.findings.push(golden::finding("jwt", Risk::Nhi2, "T", &[("base", 78)], vec![place]));
        assert_eq!(list(&run(&report), "/results").len(), 0, "{path}");
    }
}

#[test]
fn severity_bands_and_levels_agree() {
    for (severity, level) in [
        (Severity::Critical, "error"),
        (Severity::High, "error"),
        (Severity::Medium, "warning"),
        (Severity::Low, "note"),
    ] {
        let mut report = golden::empty();
        let terms = [("base", severity.points())];
        report.findings.push(golden::finding("x", Risk::Nhi2, "T", &terms, vec![golden::at("a", 1, 1, 2)]));
        assert_eq!(list(&run(&report), "/results")[0]["level"], level);
    }
}
