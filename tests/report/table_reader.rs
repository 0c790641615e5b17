//! `table`: a newcomer finds on the first screen what is wrong, how bad it is and what to do.

use std::collections::BTreeMap;

use keyroll::assess::Adjustment;
use keyroll::model::{Finding, Location, LocationData, Report, Risk, RiskStatus, RuleInfo, Severity, Term};
use keyroll::report::Style;
use unicode_width::UnicodeWidthStr as _;

use super::{golden, render};

/// The term that assessment gives to findings in tests, by its own name: the table tells them by it.
fn test_path() -> (&'static str, i32) {
    (Adjustment::TestPath.name(), Adjustment::TestPath.points())
}

fn table(report: &Report) -> String {
    render("table", report, &Style::default())
}

fn verbose(report: &Report) -> String {
    render("table", report, &Style { verbose: true, ..Style::default() })
}

/// A leak of one rule at one place, of a credential of its own.
fn leak(rule: &str, base: (&str, i32), more: &[(&str, i32)], path: &str) -> Finding {
    let terms: Vec<(&str, i32)> = [base].iter().chain(more).copied().collect();
    let place = Location::from(LocationData {
        path: path.into(),
        line: 4,
        column: 9,
        in_head: true,
        ..LocationData::default()
    });
    let mut finding = golden::finding(rule, Risk::Nhi2, &format!("Value of {rule}"), &terms, vec![place]);
    finding.credential = Some(format!("secret:{path}"));
    finding.preview = Some("… (12 chars)".into());
    finding.remediation = format!("Revoke what {rule} finds. Then use federation.").into();
    finding.why = format!("Reason of {rule}.").into();
    finding
}

/// A scan of 1,234 files that gave these findings, in this order.
fn scan(findings: Vec<Finding>) -> Report {
    let mut report = golden::empty();
    report.coverage.files = 1234;
    let mut by_severity = BTreeMap::new();
    findings.iter().for_each(|finding| *by_severity.entry(finding.severity).or_insert(0) += 1);
    report.headline.findings = by_severity;
    report.findings = findings;
    report
}

const HIGH: (&str, i32) = ("base high", 78);
const MEDIUM: (&str, i32) = ("base medium", 55);

/// The lines from a heading to the next blank line.
fn section<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    text.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.is_empty()).collect()
}

fn place_of(text: &str, what: &str) -> usize {
    text.find(what).unwrap_or_else(|| panic!("{what} is not in\n{text}"))
}

#[test]
fn the_subject_of_the_most_important_finding_comes_first_whether_it_has_an_owner_or_not() {
    let mut owned = leak("owned", MEDIUM, &[], "b/owned.env");
    owned.identity = Some(golden::key("aws", "user", "robot"));
    let text = table(&scan(vec![leak("lost", HIGH, &[], "a/lost.env"), owned]));
    let (first, second) = (place_of(&text, "\nOwner not known"), place_of(&text, "\nIdentity aws:user:robot\n"));
    assert!(first < second, "{text}");
}

#[test]
fn what_to_do_first_stands_in_the_order_of_the_findings() {
    let serious = leak("d", ("base critical", 95), &[test_path()], "tests/d.env");
    let sample = leak("c", HIGH, &[test_path()], "tests/c.env");
    let text = table(&scan(vec![serious, sample, leak("a", MEDIUM, &[], "a.env"), leak("b", MEDIUM, &[], "b.env")]));
    let head = section(&text, "Do first").join("\n");
    let body = &text[place_of(&text, "\nFindings\n")..];
    // The serious one is first although it is in a test; the other one in a test gives way to those outside.
    for part in [head.as_str(), body] {
        let [d, a, b] = ["tests/d.env", " a.env", " b.env"].map(|path| place_of(part, path));
        assert!(d < a && a < b, "{text}");
    }
    assert!(!head.contains("tests/c.env"), "{text}");
    assert!(place_of(body, " b.env") < place_of(body, "tests/c.env"), "{text}");
    assert!(head.contains("tests/d.env:4:9 (in tests)"), "{text}");
}

#[test]
fn three_different_things_are_to_be_done_first_when_there_are_three() {
    let mut findings: Vec<Finding> = (0..6).map(|n| leak("key", HIGH, &[], &format!("keys/{n}.pem"))).collect();
    findings.push(leak("token", MEDIUM, &[], "token.env"));
    findings.push(leak("url", MEDIUM, &[], "url.env"));
    findings.push(leak("last", MEDIUM, &[], "last.env"));
    findings.push(leak("key", HIGH, &[test_path()], "tests/key.pem"));
    let text = table(&scan(findings));
    assert_eq!(
        section(&text, "Do first"),
        [
            "  1  HIGH Value of key, and 5 more like it (and 1 in tests)",
            "     keys/0.pem:4:9",
            "     Revoke what key finds.",
            "  2  MEDIUM Value of token",
            "     token.env:4:9",
            "     Revoke what token finds.",
            "  3  MEDIUM Value of url",
            "     url.env:4:9",
            "     Revoke what url finds.",
        ]
    );
}

#[test]
fn findings_of_one_rule_with_different_remedies_are_different_things_to_do() {
    let mut other = leak("key", HIGH, &[], "b.pem");
    other.remediation = "Ask the owner.".into();
    let text = table(&scan(vec![leak("key", HIGH, &[], "a.pem"), other]));
    assert!(!text.contains("more like it"), "{text}");
    assert!(section(&text, "Do first").contains(&"     Ask the owner."), "{text}");
}

#[test]
fn the_outcome_is_one_sentence_before_any_number() {
    let outcome = |findings: Vec<Finding>| {
        let text = table(&scan(findings));
        text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ")
    };
    let test = |n: usize| leak("key", HIGH, &[test_path()], &format!("tests/{n}.pem"));
    let check = |n: usize| {
        let place =
            Location::from(LocationData { path: format!("ci/{n}.yml"), line: 2, column: 1, ..LocationData::default() });
        golden::finding("unpinned", Risk::Nhi3, &format!("Job {n} runs what is not pinned"), &[MEDIUM], vec![place])
    };
    assert_eq!(outcome(Vec::new()), "Nothing found in 1,234 files.");
    assert_eq!(outcome(vec![test(1)]), "1 finding, and it is in tests.");
    assert_eq!(outcome((0..10).map(test).collect()), "10 findings, none of them outside tests.");
    let one = "1 credential is exposed outside tests: Value of key (src/settings.py:4).";
    assert_eq!(outcome(vec![leak("key", HIGH, &[], "src/settings.py"), test(1)]), one);
    assert_eq!(
        outcome(vec![leak("a", HIGH, &[], "a.py"), leak("b", HIGH, &[], "b.py"), check(1), check(2)]),
        "2 credentials are exposed outside tests, and there are 2 other findings; the worst: Value of a (a.py:4)."
    );
    let other = "1 finding outside tests, not an exposed credential: Job 1 runs what is not pinned (ci/1.yml:2).";
    assert_eq!(outcome(vec![check(1), test(1)]), other);
    let serious = leak("key", ("base critical", 95), &[test_path()], "tests/key.pem");
    assert_eq!(
        outcome(vec![serious, test(1)]),
        "2 findings, none of them outside tests; the worst, in tests: Value of key (tests/key.pem:4)."
    );
}

#[test]
fn a_credential_at_two_rules_is_one_exposed_credential() {
    let mut again = leak("b", HIGH, &[], "src/a.py");
    again.credential = Some("secret:src/a.py".into());
    let text = table(&scan(vec![leak("a", HIGH, &[], "src/a.py"), again]));
    assert!(text.starts_with("1 credential is exposed outside tests; the worst: "), "{text}");
}

#[test]
fn the_holder_of_a_credential_is_named_with_it() {
    let mut report = golden::report();
    report.incomplete = false;
    let first = report.findings.first_mut().unwrap();
    first.title = "AWS access key of ci-deploy".into();
    let text = table(&report);
    assert!(text.contains("worst: AWS access key of ci-deploy (config/prod.env:3)."), "{text}");
    assert!(text.contains("\n  1  CRITICAL AWS access key of ci-deploy\n"), "{text}");
    // Among those in tests the rule's name stands above, and the holder beside the value.
    let mut sample = leak("key", MEDIUM, &[test_path()], "tests/a.py");
    sample.title = "key of ci-deploy".into();
    sample.preview = Some("abcd… (20 chars)".into());
    let text = table(&scan(vec![sample]));
    assert!(text.contains("tests/a.py:4") && text.contains("abcd… (20 chars) of ci-deploy\n"), "{text}");
    assert!(!text.contains("key of ci-deploy tests/a.py"), "{text}");
}

#[test]
fn an_accepted_finding_is_no_clean_scan() {
    let mut report = golden::report();
    report.incomplete = false;
    report.findings.retain(|finding| finding.suppressed.is_some());
    report.headline.findings.clear();
    let text = table(&report);
    assert!(text.starts_with("Nothing open in 412 files and 1,204 commits; 1 finding is suppressed.\n"), "{text}");
    assert!(text.contains("\nfindings    none open · 1 suppressed"), "{text}");
}

#[test]
fn terms_that_add_nothing_are_left_out_of_a_score_unless_all_is_asked_for() {
    let mut finding = leak("key", HIGH, &[("production", 6)], "a.env");
    finding.terms.push(Term { name: "unknown: privilege".into(), points: 0, why: "".into() });
    finding.terms.push(Term { name: "unknown: state".into(), points: 0, why: "".into() });
    let report = scan(vec![finding]);
    assert!(table(&report).contains("\n    score  base high 78 + production 6 = 84\n"));
    let all = verbose(&report);
    let row = "    score  base high 78 + production 6 + unknown: privilege 0 + unknown: state 0\n           = 84\n";
    assert!(all.contains(row), "{all}");
}

#[test]
fn findings_in_tests_come_last_by_rule_in_a_line_each_with_one_reason_and_one_remedy() {
    let mut findings = vec![leak("key", MEDIUM, &[], "src/a.env")];
    findings.extend((0..3).map(|n| leak("pem", HIGH, &[test_path()], &format!("tests/{n}.pem"))));
    findings.push(leak("url", HIGH, &[test_path()], "docs/url.md"));
    findings.extend((3..5).map(|n| leak("pem", HIGH, &[test_path()], &format!("tests/{n}.pem"))));
    let mut report = scan(findings);
    report.inventory.rules.push(RuleInfo {
        id: "pem".into(),
        kind: "rule".into(),
        name: "Private key".into(),
        risk: Risk::Nhi2,
        severity: Severity::High,
        confidence: keyroll::model::Confidence::High,
        description: String::new(),
        remediation: String::new(),
        references: Vec::new(),
    });
    report.findings[1].title = "Private key".into();
    report.findings[1]
        .locations
        .push(Location::from(LocationData { path: "tests/copy.pem".into(), ..LocationData::default() }));
    let text = table(&report);
    let samples = place_of(&text, "\nIn tests, examples and documentation\n");
    assert!(place_of(&text, "    at     src/a.env:4:9") < samples, "{text}");
    assert_eq!(
        section(&text, "Private key · 5 findings · pem · NHI2:2025 Secret Leakage"),
        [
            "  MEDIUM    63  tests/0.pem:4:9 (+1 more) … (12 chars)",
            "  MEDIUM    63  Value of pem tests/1.pem:4:9 … (12 chars)",
            "  MEDIUM    63  Value of pem tests/2.pem:4:9 … (12 chars)",
            "  MEDIUM    63  Value of pem tests/3.pem:4:9 … (12 chars)",
            "  MEDIUM    63  Value of pem tests/4.pem:4:9 … (12 chars)",
            "    why    Reason of pem.",
            "    do     Revoke what pem finds. Then use federation.",
        ]
    );
    assert!(place_of(&text, "Private key · 5") < place_of(&text, "url · 1 finding · NHI2"), "{text}");
    assert_eq!(text.matches("Reason of pem.").count(), 1);
    let all = verbose(&report);
    assert_eq!(all.matches("base high 78 − test path 15 = 63").count(), 6, "in full when asked for\n{all}");
    assert!(all.contains("tests/copy.pem"), "{all}");
}

#[test]
fn many_findings_of_a_rule_in_tests_are_counted_and_no_word_of_a_value_stands_alone() {
    let long = "tests/a/path/that/leaves/little/room/for/more/on/its/line/";
    let report = scan((0..25).map(|n| leak("pem", HIGH, &[test_path()], &format!("{long}{n:02}"))).collect());
    let text = table(&report);
    assert_eq!(text.matches("                … (12 chars)\n").count(), 10, "{text}");
    assert!(text.contains("\n  +15 more: -v, or -f json\n"), "{text}");
    assert!(text.contains("pem · 25 findings · NHI2"), "{text}");
    assert!(!verbose(&report).contains("15 more"));
}

#[test]
fn a_reason_and_a_remedy_that_were_told_are_only_recalled() {
    let report = scan((0..3).map(|n| leak("key", HIGH, &[], &format!("{n}.pem"))).collect());
    let text = table(&report);
    assert_eq!(text.matches("Reason of key.").count(), 1, "{text}");
    assert_eq!(text.matches("    do     Revoke what key finds. (as above)\n").count(), 2, "{text}");
    let mut short = report;
    short.findings.iter_mut().for_each(|finding| finding.remediation = "Revoke it.".into());
    assert!(!table(&short).contains("(as above)"), "nothing was left out, so there is nothing to recall");
}

/// A report whose first two risks were not assessed, whose third was in part, and whose fourth has no check.
fn with_missing_inputs() -> Report {
    let mut report = golden::report();
    let why = [
        (RiskStatus::NotAssessed, "needs pipelines, keys (`cloud list, keys`), users (`cloud users`)"),
        (RiskStatus::NotAssessed, "needs keys (`cloud list, keys`)"),
        (RiskStatus::Partly, "needs users (`cloud users`)"),
        (RiskStatus::NotAssessed, "there is no check yet"),
    ];
    for (risk, (status, why)) in report.risks.iter_mut().zip(why) {
        risk.status = status;
        risk.why = why.into();
        risk.score = (status == RiskStatus::Partly).then_some(7);
    }
    report
}

#[test]
fn risks_that_were_not_assessed_are_listed_once_with_what_to_give() {
    let text = table(&with_missing_inputs());
    assert_eq!(
        section(&text, "Not assessed, inputs missing:"),
        [
            "  NHI1   Improper Offboarding: pipelines, keys, users",
            "  NHI2   Secret Leakage: keys",
            "  NHI10  Human Use of NHI: a list of members: --members FILE"
        ]
    );
    assert_eq!(section(&text, "Not assessed:"), ["  NHI4   Insecure Authentication: there is no check yet"]);
    let partly = section(&text, "Assessed in part, inputs missing:");
    assert_eq!(partly.first(), Some(&"  NHI3   Vulnerable Third-Party NHI: users"));
    assert_eq!(
        section(&text, "Exports to scan along with the code, and the read-only command that makes each:"),
        ["  keys: cloud list, keys", "  users: cloud users"]
    );
    assert_eq!(text.matches("cloud users").count(), 1, "a command is told once");
    assert_eq!(text.matches("NHI1 ").count(), 1, "not in the table, too");
}

#[test]
fn assessed_risks_stand_in_a_table_with_both_their_numbers() {
    let text = table(&with_missing_inputs());
    let lines = section(&text, "The ten risks (OWASP Non-Human Identities Top 10, 2025)");
    assert!(lines[0].starts_with("  Risk ") && lines[0].ends_with("Affected of assessable"), "{text}");
    let rows: Vec<Vec<&str>> = lines[2..].iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["NHI3", "NHI5", "NHI6", "NHI7", "NHI8", "NHI9"]);
    assert!(rows[0].join(" ").ends_with("7 1 of 1, in part"), "{text}");
    assert!(rows[2].join(" ").ends_with(" 39 1 of 1"), "{text}");
}

#[test]
fn nothing_is_said_of_risks_after_a_run_that_read_nothing() {
    let mut report = golden::empty();
    report.risks = golden::report().risks;
    report.score = Some(0);
    let text = table(&report);
    assert!(!text.contains("NHI2") && !text.contains("score"), "a zero would look like a clean result\n{text}");
}

#[test]
fn the_first_screen_has_the_outcome_the_numbers_and_the_first_things_to_do() {
    let report = golden::report();
    let text = table(&report);
    let screen: Vec<&str> = text.lines().take(24).collect();
    assert!(screen.iter().all(|line| line.width() <= 80));
    let screen = screen.join("\n");
    for what in ["exposed outside tests", "identities  7", "score       58", "Do first", "\n  3  HIGH"] {
        assert!(screen.contains(what), "{what} is below the fold:\n{text}");
    }
}

#[test]
fn the_hints_at_the_end_are_three_lines() {
    let text = table(&golden::report());
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert_eq!(last.lines().count(), 3, "{last}");
    assert!(last.contains("keyroll:ignore["), "{last}");
}
