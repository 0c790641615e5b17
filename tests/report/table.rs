//! `table`: fits, is inert, and answers a first reader's questions.

use keyroll::model::{Location, LocationData, Risk, Severity};
use keyroll::report::Style;
use unicode_width::UnicodeWidthStr as _;

use super::{golden, render};

fn table(report: &keyroll::model::Report) -> String {
    render("table", report, &Style::default())
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in 40..=200 {
        for verbose in [false, true] {
            let style = Style { width, verbose, ..Style::default() };
            let text = render("table", &golden::report(), &style);
            for line in text.lines() {
                assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            }
            // The columns of the tables fit too, so no table had to be cut at the edge.
            for line in text.lines().filter(|line| line.starts_with("  Risk ") || line.starts_with("  Identity ")) {
                assert!(
                    line.ends_with("Affected") || line.ends_with("Affected of assessable") || line.ends_with("Score"),
                    "{width}: {line}"
                );
            }
        }
    }
}

#[test]
fn names_of_every_script_fit() {
    let names =
        ["日本語".repeat(60), "👩🏽‍🚀🇩🇪".repeat(40), "e\u{301}\u{301}\u{301}".repeat(90), "a\tb\u{200f}".repeat(50)];
    for name in names {
        let mut report = golden::report();
        for finding in &mut report.findings {
            finding.title.clone_from(&name);
            finding.locations.iter_mut().for_each(|place| place.path.clone_from(&name));
        }
        report.inventory.identities.iter_mut().for_each(|identity| identity.name.clone_from(&name));
        for width in [40, 41, 63, 80, 120] {
            let text = render("table", &report, &Style { width, verbose: true, ..Style::default() });
            for line in text.lines() {
                assert!(line.width() <= width, "{} > {width}: {line}", line.width());
            }
        }
    }
}

#[test]
fn colour_codes_appear_only_when_asked_for_and_change_nothing_else() {
    let plain = table(&golden::report());
    assert!(!plain.contains('\u{1b}'));
    let coloured = render("table", &golden::report(), &Style { color: true, ..Style::default() });
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("only colour codes").1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}

#[test]
fn a_name_cannot_fake_a_line_of_the_report() {
    let text = table(&golden::report());
    assert_eq!(text.lines().filter(|line| line.starts_with("INCOMPLETE")).count(), 1);
    assert!(text.contains("evil\\x1b[31m\\u{9b}2J\\u{202e}gpj\\u{200b}.exe"));
}

#[test]
fn a_name_cannot_fake_a_line_by_where_it_wraps() {
    for length in 0..90 {
        for verbose in [false, true] {
            let mut report = golden::report();
            let name = format!("{} INCOMPLETE: {} Findings", "x".repeat(length), "y".repeat(80));
            report.inventory.identities.iter_mut().for_each(|identity| identity.name.clone_from(&name));
            for finding in &mut report.findings {
                finding.title.clone_from(&name);
                finding.locations.iter_mut().for_each(|place| place.path.clone_from(&name));
            }
            let text = render("table", &report, &Style { verbose, ..Style::default() });
            for word in ["INCOMPLETE", "Findings"] {
                assert_eq!(text.lines().filter(|line| line.starts_with(word)).count(), 1, "{length} {word}\n{text}");
            }
        }
    }
}

#[test]
fn the_first_line_says_what_is_missing_the_next_what_came_out_and_then_come_the_numbers_with_their_meaning() {
    let text = table(&golden::report());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..13],
        [
            "INCOMPLETE: 2 inputs could not be read, see \"Gaps and limits\" below.",
            "",
            "5 credentials are exposed outside tests, and there are 5 other findings; the",
            "  worst: AWS access key of ci-deploy stands in the clear (config/prod.env:3).",
            "",
            "identities  7 that log in without a person: accounts, jobs, applications",
            "            and 5 credentials without a known owner: nothing read tells whose",
            "logins      static 7 : referenced 12 : federated 3",
            "            (secret in a file : secret fetched by name : short-lived token)",
            "findings    12: 1 critical · 3 high · 5 medium · 3 low · 1 suppressed (accepted",
            "            by a comment, baseline or setting)",
            "score       58 of 100 (0 is best) over the assessed risks; worst identity 100",
            "",
        ],
        "{text}"
    );
}

#[test]
fn a_clean_scan_and_an_empty_one_do_not_look_alike() {
    let clean = table(&golden::clean());
    assert!(clean.starts_with("Nothing found in 412 files and 1,204 commits.\n"), "{clean}");
    let empty = table(&golden::empty());
    assert!(empty.starts_with("NOTHING WAS SCANNED."), "{empty}");
    assert!(!empty.to_lowercase().contains("nothing found") && !empty.contains(" of 100"), "{empty}");
    let mut cut = golden::clean();
    cut.incomplete = true;
    cut.coverage.interrupted = true;
    let cut = table(&cut);
    assert!(cut.starts_with("INCOMPLETE: the run was interrupted"), "{cut}");
    assert!(cut.contains("\nNothing found in what could be read.\n"), "{cut}");
}

#[test]
fn every_open_finding_outside_tests_is_shown_with_place_reason_and_remedy() {
    let report = golden::report();
    let text = render("table", &report, &Style { width: 200, ..Style::default() });
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    for finding in open.filter(|finding| finding.severity > Severity::Low && finding.id != "github-pat") {
        let start = text.find(&format!(" {:3}  {}\n", finding.score, finding.title));
        let start = start.unwrap_or_else(|| panic!("no block for {}", finding.title));
        // A block ends where a line is indented less than a finding's fields.
        let block: Vec<&str> = text[start..].lines().skip(1).take_while(|line| line.starts_with("    ")).collect();
        let block = block.join("\n");
        assert!(block.contains(&finding.locations[0].path), "{}", finding.title);
        assert!(block.contains("\n    do     "), "{block}");
        assert!(block.contains(finding.risk.id()) && block.contains(&finding.id), "{block}");
        assert!(block.contains(&format!("= {}", finding.score)) || block.contains("held at 100"), "{block}");
    }
    assert!(!text.contains("Password of the local test database"), "suppressed findings are only counted");
}

#[test]
fn places_beyond_five_are_counted_unless_asked_for() {
    let text = table(&golden::report());
    assert!(text.contains("+2 more places"), "{text}");
    let all = render("table", &golden::report(), &Style { verbose: true, ..Style::default() });
    assert!(!all.contains("more places") && all.contains("dist/release.zip!config/prod.env:3:23"), "{all}");
    assert!(all.contains("Password of the local test database"));
}

#[test]
fn findings_without_an_owner_are_grouped_by_provider_and_component() {
    let text = table(&golden::report());
    assert!(text.contains("Owner not known · auth0 · services/"), "{text}");
    assert!(text.contains("Owner not known · generic · services/"), "{text}");
    let mut report = golden::report();
    let about = report.findings.iter_mut().find(|finding| finding.id == "nhi3-unpinned").unwrap();
    about.identity = None;
    assert!(table(&report).contains("Several identities · .github/\n"), "no credential, so more than one identity");
}

#[test]
fn a_thousand_findings_stay_readable_and_none_is_lost_silently() {
    let mut report = golden::empty();
    report.coverage.files = 1;
    for n in 0..1000u64 {
        let terms = [("base", if n < 80 { 95 } else { 30 })];
        let place = Location::from(LocationData {
            path: format!("f{n}.env"),
            line: 1,
            column: 1,
            in_head: true,
            ..LocationData::default()
        });
        report.findings.push(golden::finding("jwt", Risk::Nhi2, &format!("Token {n}."), &terms, vec![place]));
    }
    let text = table(&report);
    assert!(text.contains("Token 79."), "every serious one is named");
    assert!(!text.contains("Token 80."));
    assert!(text.contains("Not shown: 920 low findings."), "{text}");
    assert_eq!(text.matches("confidence high").count(), 50);
    assert_eq!(text.matches("    why    ").count(), 1, "one reason for all is said once");
    let all = render("table", &report, &Style { verbose: true, ..Style::default() });
    assert!(all.contains("Token 999.") && !all.contains("Not shown"));
}
