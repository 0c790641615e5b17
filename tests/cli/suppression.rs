//! What comments and the configuration keep out of the findings, and that it is never lost.

use serde_json::{Value, json};

use keyroll::rules::example;

use crate::fixture::value;
use crate::world::{World, findings, list, notices, only, places};

const RULE: &str = "github-pat-classic";

fn token(seed: u64) -> String {
    value(RULE, seed)
}

/// Paths with an open and with a suppressed token.
fn split(report: &Value) -> (Vec<String>, Vec<String>) {
    let paths = |suppressed: bool| {
        let all = findings(report, RULE).into_iter().filter(|f| f["suppressed"].is_object() == suppressed);
        let mut paths: Vec<String> =
            all.flat_map(|f| list(f, "locations")).map(|l| l["path"].as_str().unwrap().to_owned()).collect();
        paths.sort();
        paths
    };
    (paths(false), paths(true))
}

/// Writes files that each hold another token for `{}`, and says which of them are suppressed and which are not.
fn suppressed(texts: &[String]) -> Vec<bool> {
    let world = World::new();
    for (i, text) in texts.iter().enumerate() {
        world.put(format!("{i:03}.py"), text.replace("{}", &token(i as u64 + 1)));
    }
    let (open, closed) = split(&world.json(&[]));
    assert_eq!(open.len() + closed.len(), texts.len(), "every token is reported, suppressed or not");
    (0..texts.len()).map(|i| closed.contains(&format!("{i:03}.py"))).collect()
}

/// Asserts that all of these texts are suppressed, or none.
#[track_caller]
pub fn all(expected: bool, texts: &[String]) {
    let wrong: Vec<&String> =
        texts.iter().zip(suppressed(texts)).filter(|(_, s)| *s != expected).map(|(t, _)| t).collect();
    assert!(wrong.is_empty(), "expected {expected} for {wrong:#?}");
}

/// Markers that speak for their own line, keyroll's and those of other scanners.
const OWN: &[&str] = &[
    "keyroll:ignore",
    "gitleaks:allow",
    "betterleaks:allow",
    "kingfisher:ignore",
    "trufflehog:ignore",
    "pragma: allowlist secret",
    "pragma: whitelist secret",
    "pragma: allowlist-secret",
    "ggignore",
];

/// Markers that speak for the next line only.
const NEXT: &[&str] =
    &["keyroll:ignore-next-line", "pragma: allowlist nextline secret", "pragma: whitelist nextline secret"];

/// Every marker put into a template at `@`.
pub fn with(markers: &[&str], template: &str) -> Vec<String> {
    markers.iter().map(|m| template.replace('@', m)).collect()
}

// --- comments -----------------------------------------------------------------------------------------------------

#[test]
fn a_marker_at_the_end_of_the_line_suppresses() {
    all(true, &with(OWN, "x = '{}'  # @\n"));
    all(true, &with(OWN, "a = 1\nx = '{}' # @\nb = 2\n"));
}

#[test]
fn every_comment_syntax_will_do() {
    for template in
        ["x('{}'); // @\n", "x('{}'); /* @ */\n", "<a t='{}'/> <!-- @ -->\n", "SET x='{}' -- @\n", "x={} ; @\n"]
    {
        all(true, &with(OWN, template));
    }
}

#[test]
fn a_marker_alone_on_the_line_above_suppresses() {
    for template in
        ["# @\nx = '{}'\n", "    // @\n    x = '{}'\n", "<!-- @ -->\n<a t='{}'/>\n", "/* @ */\r\nx = '{}'\r\n"]
    {
        all(true, &with(OWN, template));
    }
}

#[test]
fn a_marker_beside_other_code_does_not_speak_for_the_next_line() {
    all(false, &with(OWN, "y = 1 # @\nx = '{}'\n"));
}

#[test]
fn no_marker_reaches_further_than_a_line() {
    all(false, &with(OWN, "# @\n\nx = '{}'\n"));
    all(false, &with(OWN, "x = '{}'\n# @\n"));
    all(false, &with(NEXT, "# @\ny = 1\nx = '{}'\n"));
}

#[test]
fn next_line_markers_speak_for_the_next_line_and_not_for_their_own() {
    all(true, &with(NEXT, "# @\nx = '{}'\n"));
    all(true, &with(NEXT, "y = 1 // @\nx = '{}'\n"));
    all(false, &with(NEXT, "x = '{}' # @\n"));
}

#[test]
fn a_word_that_only_begins_like_a_marker_is_none() {
    for word in ["keyroll:ignored", "gitleaks:allowed", "ggignored", "ggignore_list", "pragma: allowlist secrets"] {
        all(false, &[format!("x = '{{}}' # {word}\n")]);
    }
}

#[test]
fn a_marker_on_the_first_or_last_line_of_a_block_or_above_it_suppresses() {
    let key = example::expand("{pem:rsa}", 1).unwrap();
    let (first, rest) = key.split_once('\n').unwrap();
    for (text, suppressed) in [
        (format!("key = '''{first} # keyroll:ignore\n{rest}'''\n"), true),
        (format!("key = '''{key}''' # keyroll:ignore\n"), true),
        (format!("# gitleaks:allow\n{key}\n"), true),
        (format!("{key}\n# gitleaks:allow\n"), false),
    ] {
        let report = World::with("key.py", &text).json(&[]);
        assert_eq!(only(&report, "private-key-block")["suppressed"].is_object(), suppressed, "{text}");
    }
}

#[test]
fn a_marker_may_name_rules_and_then_speaks_for_no_other() {
    all(true, &["x = '{}' # keyroll:ignore[github-pat-classic]\n".to_owned()]);
    all(true, &["x = '{}' # keyroll:ignore[npm-access-token, github-pat-classic] both\n".to_owned()]);
    all(true, &["# keyroll:ignore-next-line[github-pat-classic]\nx = '{}'\n".to_owned()]);
    all(false, &["x = '{}' # keyroll:ignore[npm-access-token]\n".to_owned()]);
    all(false, &["# keyroll:ignore[npm-access-token]\nx = '{}'\n".to_owned()]);
}

#[test]
fn the_report_says_by_what_and_why() {
    let text = format!("x = '{}' # keyroll:ignore[github-pat-classic] rotated in May\n", token(1));
    let report = World::with("a.py", text).json(&[]);
    let want = json!({"kind": "inline", "reason": "rotated in May", "by": "keyroll:ignore"});
    assert_eq!(only(&report, RULE)["suppressed"], want);
    let report = World::with("a.py", format!("x = '{}' # gitleaks:allow\n", token(1))).json(&[]);
    assert_eq!(only(&report, RULE)["suppressed"], json!({"kind": "inline", "reason": "", "by": "gitleaks:allow"}));
}

#[test]
fn what_is_suppressed_is_counted_and_kept_and_does_not_fail_the_run() {
    let text = format!("x = '{}' # keyroll:ignore\n", token(1));
    let world = World::with("a.py", text);
    world.run(&["scan", "."]).ends(0).says("suppressed");
    let report = world.json(&[]);
    assert_eq!(report["headline"]["suppressed"], 1);
    assert_eq!(report["headline"]["findings"], json!({}));
    assert_eq!(report["headline"]["static"], 0);
    let finding = only(&report, RULE);
    assert_eq!((places(finding), &finding["severity"]), (vec!["a.py:1:6-1:46".to_owned()], &json!("high")));
    let risk = &list(&report, "risks")[1];
    assert_eq!((&risk["risk"], &risk["affected"], &risk["score"]), (&json!("NHI2:2025"), &json!(0), &json!(0)));
}

#[test]
fn no_inline_ignores_reports_them_all() {
    let world = World::new();
    for (i, text) in with(OWN, "x = '{}' # @\n").into_iter().chain(with(NEXT, "# @\nx = '{}'\n")).enumerate() {
        world.put(format!("{i}.py"), text.replace("{}", &token(i as u64 + 1)));
    }
    let count = OWN.len() + NEXT.len();
    let run = world.run(&["scan", ".", "-f", "json"]).ends(0);
    assert_eq!(run.json()["headline"]["suppressed"], count);
    for flag in ["--no-inline-ignores", "--no-ignore", "--ignore-gitleaks-allow"] {
        let report = world.run(&["scan", ".", "-f", "json", flag]).ends(1).json();
        assert_eq!((split(&report).0.len(), &report["headline"]["suppressed"]), (count, &json!(0)), "{flag}");
    }
}

#[test]
fn a_secret_suppressed_in_one_file_is_open_in_another() {
    let world = World::with("a.py", format!("x = '{}' # keyroll:ignore\n", token(1)));
    world.put("b.py", format!("x = '{}'\n", token(1)));
    let report = world.run(&["scan", ".", "-f", "json"]).ends(1).json();
    let finding = only(&report, RULE);
    assert_eq!((places(finding), finding.get("suppressed")), (vec!["b.py:1:6-1:46".to_owned()], None));
    assert_eq!(list(&report, "exposures").len(), 2, "the suppressed place is kept");
}

#[test]
fn the_pragmas_of_detect_secrets_are_known_in_all_their_spellings() {
    let own =
        ["pragma:allowlist secret", "pragma: whitelist-secret", "pragma:whitelist secret", "pragma: allowlist-secret"];
    all(true, &with(&own, "x = '{}' # @\n"));
    let next = [
        "pragma: allowlist-nextline-secret",
        "pragma:allowlist nextline secret",
        "pragma: allowlist nextline-secret",
        "pragma: whitelist-nextline secret",
    ];
    all(true, &with(&next, "# @\nx = '{}'\n"));
    all(false, &with(&next, "x = '{}' # @\n"));
}

#[test]
fn another_secret_put_on_a_suppressed_line_by_config_is_reported() {
    let world = World::with("a.py", format!("x = '{}'\n", token(1)));
    let fingerprint = only(&world.json(&[]), RULE)["fingerprint"].as_str().unwrap().to_owned();
    let config = World::with("k.yml", format!("allow: [{{fingerprint: {fingerprint}, reason: known}}]\n"));
    let file = config.at("k.yml");
    assert_eq!(split(&world.json(&["-c", file.to_str().unwrap()])).0, [] as [&str; 0]);
    world.put("a.py", format!("x = '{}'\n", token(2)));
    assert_eq!(split(&world.json(&["-c", file.to_str().unwrap()])).0, ["a.py"]);
}

// --- configuration ------------------------------------------------------------------------------------------------

/// The open and suppressed paths of three files with a token each, under a configuration.
#[track_caller]
pub fn under(config: &str) -> (Vec<String>, Vec<String>) {
    split(&report_under(config))
}

fn report_under(config: &str) -> Value {
    let world = World::with("a.py", format!("x = '{}'\n", token(1)));
    world.put("lib/b.py", format!("x = '{}'\n", token(2)));
    world.put("lib/deep/c.py", format!("x = '{}'\n", token(3)));
    let beside = World::with("k.yml", config);
    world.json(&["-c", beside.at("k.yml").to_str().unwrap()])
}

#[test]
fn a_value_is_accepted_by_itself_or_by_an_expression() {
    assert_eq!(under(&format!("allow: [{{value: {}, reason: r}}]\n", token(2))).1, ["lib/b.py"]);
    assert_eq!(under(&format!("allow: [{{regex: '^{}', reason: r}}]\n", &token(3)[..12])).1, ["lib/deep/c.py"]);
    assert_eq!(under("allow: [{regex: '^ghp_', reason: r}]\n").1.len(), 3);
    assert_eq!(under(&format!("allow: [{{value: {}, reason: r}}]\n", &token(2)[..39])).1.len(), 0, "a part is not it");
}

#[test]
fn a_value_is_accepted_by_path_and_by_rule() {
    assert_eq!(under("allow: [{path: 'lib/**', reason: r}]\n").1, ["lib/b.py", "lib/deep/c.py"]);
    assert_eq!(under("allow: [{path: lib/b.py, reason: r}]\n").1, ["lib/b.py"]);
    assert_eq!(under("allow: [{path: 'lib/*', reason: r}]\n").1, ["lib/b.py"], "a star does not cross a slash");
    assert_eq!(under("allow: [{rule: github-pat-classic, reason: r}]\n").1.len(), 3);
    assert_eq!(under("allow: [{rule: npm-access-token, reason: r}]\n").1.len(), 0);
}

#[test]
fn a_path_of_an_entry_is_read_as_that_of_an_exclude() {
    assert_eq!(under("allow: [{path: lib/, reason: r}]\n").1, ["lib/b.py", "lib/deep/c.py"]);
    assert_eq!(under("allow: [{path: deep, reason: r}]\n").1, ["lib/deep/c.py"]);
    assert_eq!(under("allow: [{path: '*.py', reason: r}]\n").1.len(), 3);
    assert_eq!(under("allow: [{path: b.py, reason: r}]\n").1, ["lib/b.py"]);
    assert_eq!(under("allow: [{path: /b.py, reason: r}]\n").1.len(), 0, "at the top only");
}

// --- checks -------------------------------------------------------------------------------------------------------

const CHECK: &str = "NHI3-gha-unpinned";

fn workflow(uses: &str) -> World {
    let text = format!(
        "on: push\npermissions: {{contents: read}}\njobs:\n  a:\n    runs-on: x\n    steps:\n{uses}        with: {{token: '${{{{ secrets.TOKEN }}}}'}}\n"
    );
    World::with(".github/workflows/ci.yml", text)
}

/// How many findings of the check are open and how many suppressed.
#[track_caller]
fn checked(world: &World, args: &[&str]) -> (usize, usize) {
    let report = world.json(args);
    let all = findings(&report, CHECK);
    let suppressed = all.iter().filter(|f| f["suppressed"].is_object()).count();
    (all.len() - suppressed, suppressed)
}

#[test]
fn a_comment_in_a_pipeline_accepts_the_finding_of_a_check() {
    assert_eq!(checked(&workflow("      - uses: some/deploy@main\n"), &[]), (1, 0));
    for (comment, accepted) in [
        ("keyroll:ignore[NHI3-gha-unpinned] ours", true),
        ("keyroll:ignore ours", true),
        ("keyroll:ignore[NHI5-ci-token] ours", false),
    ] {
        let world = workflow(&format!("      - uses: some/deploy@main # {comment}\n"));
        assert_eq!(checked(&world, &[]), if accepted { (0, 1) } else { (1, 0) }, "{comment}");
        assert_eq!(checked(&world, &["--no-inline-ignores"]), (1, 0));
        let above = workflow(&format!("      # {comment}\n      - uses: some/deploy@main\n"));
        assert_eq!(checked(&above, &[]), if accepted { (0, 1) } else { (1, 0) }, "{comment}");
    }
}

#[test]
fn an_accepted_finding_of_a_check_moves_no_score() {
    let risk = |world: &World| {
        let report = world.json(&[]);
        list(&report, "risks").iter().find(|r| r["risk"] == "NHI3:2025").unwrap().clone()
    };
    let open = risk(&workflow("      - uses: some/deploy@main\n"));
    let accepted = risk(&workflow("      - uses: some/deploy@main # keyroll:ignore[NHI3-gha-unpinned] ours\n"));
    assert!(open["score"].as_i64() > Some(0), "{open}");
    assert_eq!(accepted["score"], 0);
    assert_eq!(accepted["assessable"], open["assessable"]);
}

#[test]
fn the_configuration_accepts_findings_of_checks_and_switches_checks_off() {
    let world = workflow("      - uses: some/deploy@main\n");
    let fingerprint = findings(&world.json(&[]), CHECK)[0]["fingerprint"].as_str().unwrap().to_owned();
    for (entry, accepted) in [
        ("{rule: NHI3-gha-unpinned, reason: r}".to_owned(), true),
        ("{path: .github/, reason: r}".to_owned(), true),
        (format!("{{fingerprint: {fingerprint}, reason: r}}"), true),
        ("{rule: NHI3-gha-unpinned, path: src/, reason: r}".to_owned(), false),
        ("{rule: NHI3-gha-unpinned, regex: deploy, reason: values only}".to_owned(), false),
    ] {
        world.put("k.yml", format!("allow: [{entry}]\n"));
        assert_eq!(checked(&world, &["-c", "k.yml"]), if accepted { (0, 1) } else { (1, 0) }, "{entry}");
    }
    world.put("k.yml", "rules: {disable: [NHI3-gha-unpinned]}\n");
    assert_eq!(checked(&world, &["-c", "k.yml"]), (0, 0));
    assert_eq!(checked(&world, &["--disable-rule", CHECK]), (0, 0));
    assert_eq!(checked(&world, &["--enable-rule", CHECK]), (1, 0));
    assert_eq!(checked(&world, &["--enable-rule", RULE]), (0, 0));
    world.run(&["scan", ".", "--disable-rule", "NHI3-no-such-check"]).ends(2);
}

#[test]
fn a_value_is_accepted_by_fingerprint_wherever_it_stands() {
    let all = report_under("");
    let finding = findings(&all, RULE).into_iter().find(|f| f["locations"][0]["path"] == "lib/b.py").unwrap();
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    assert_eq!(under(&format!("allow: [{{fingerprint: {fingerprint}, reason: r}}]\n")).1, ["lib/b.py"]);
    let moved = World::with("elsewhere/z.env", format!("# moved\nTOKEN={}\n", token(2)));
    moved.put("k.yml", format!("allow: [{{fingerprint: {fingerprint}, reason: r}}]\n"));
    assert_eq!(split(&moved.json(&["-c", "k.yml"])).1, ["elsewhere/z.env"]);
}

#[test]
fn all_conditions_of_an_entry_must_hold_and_any_entry_will_do() {
    assert_eq!(under(&format!("allow: [{{path: 'lib/**', value: {}, reason: r}}]\n", token(2))).1, ["lib/b.py"]);
    assert_eq!(under("allow: [{path: 'lib/**', rule: npm-access-token, reason: r}]\n").1.len(), 0);
    let two = "allow:\n  - {path: a.py, reason: one}\n  - {path: lib/b.py, reason: two}\n";
    assert_eq!(under(two), (vec!["lib/deep/c.py".to_owned()], vec!["a.py".to_owned(), "lib/b.py".to_owned()]));
}

#[test]
fn the_report_names_entry_reason_and_configuration() {
    let report = report_under("allow:\n  - {path: nowhere, reason: one}\n  - {path: a.py, reason: rotated in May}\n");
    let finding = findings(&report, RULE).into_iter().find(|f| f["suppressed"].is_object()).unwrap();
    assert_eq!(finding["suppressed"], json!({"kind": "config", "reason": "rotated in May", "by": "allow[1]"}));
    assert_eq!(report["headline"]["suppressed"], 1);
    assert!(report["tool"]["config"].as_str().unwrap().ends_with("k.yml"), "{:#}", report["tool"]);
    assert_eq!(report["tool"]["config_hash"].as_str().unwrap().len(), 64);
}

#[test]
fn an_entry_holds_until_the_day_it_expires() {
    // Runs are measured against 2026-06-30.
    for (expires, held) in [("2026-07-01", true), ("2030-01-01", true), ("2026-06-30", false), ("2026-06-29", false)] {
        let report = report_under(&format!("allow: [{{path: a.py, reason: r, expires: {expires}}}]\n"));
        assert_eq!(split(&report).1.len(), usize::from(held), "{expires}");
        assert_eq!(notices(&report, "expired-exception").len(), usize::from(!held), "{expires}");
    }
}

#[test]
fn an_entry_without_reason_or_condition_is_refused() {
    for entry in ["{path: a.py}", "{path: a.py, reason: ''}", "{reason: r}", "{rule: no-such-rule, reason: r}"] {
        let world = World::with("k.yml", format!("allow: [{entry}]\n"));
        world.run(&["scan", ".", "-c", "k.yml"]).ends(2);
    }
}

#[test]
fn excluded_paths_want_a_reason_and_are_skipped_and_counted() {
    let report = report_under("exclude: [{path: lib/, reason: vendored}]\n");
    assert_eq!(split(&report), (vec!["a.py".to_owned()], Vec::new()));
    assert!(report["coverage"]["skipped"]["excluded"].as_u64().unwrap() >= 1);
    assert_eq!(split(&report_under("exclude: [{path: '*.py', reason: r}]\n")).0.len(), 0);
    assert_eq!(split(&report_under("exclude: [{path: deep, reason: r}]\n")).0, ["a.py", "lib/b.py"]);
    let expired = report_under("exclude: [{path: lib/, reason: vendored, expires: 2026-01-01}]\n");
    assert_eq!(split(&expired).0.len(), 3);
    assert_eq!(notices(&expired, "expired-exception").len(), 1);
    for entry in ["{path: lib/}", "{path: lib/, reason: ' '}", "lib/"] {
        World::with("k.yml", format!("exclude: [{entry}]\n")).run(&["scan", ".", "-c", "k.yml"]).ends(2);
    }
}

#[test]
fn a_configuration_inside_what_is_scanned_suppresses_nothing() {
    let world = World::with("app/a.py", format!("x = '{}'\n", token(1)));
    world.init("app");
    world.put("app/.keyroll.yml", "allow: [{path: '**', reason: trust me}]\nexclude: [{path: '*', reason: r}]\n");
    world.run(&["scan", "app"]).ends(1);
    world.run_in("app", &["scan", "."]).ends(3);
}

// --- SARIF --------------------------------------------------------------------------------------------------------

#[test]
fn sarif_holds_suppressed_results_only_on_request() {
    let world = World::with("a.py", format!("x = '{}' # keyroll:ignore it was rotated\n", token(1)));
    world.put("b.py", format!("x = '{}'\n", token(2)));
    world.put("c.py", format!("x = '{}'\n", token(3)));
    world.put("k.yml", "allow: [{path: b.py, reason: a sandbox}]\n");
    let results = |args: &[&str]| -> Vec<(String, Value)> {
        let sarif = world.run(&[&["scan", ".", "-c", "k.yml", "-f", "sarif"], args].concat()).ends(1).json();
        let all = list(&sarif["runs"][0], "results").iter();
        let uri =
            |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned();
        let mut all: Vec<(String, Value)> = all.map(|r| (uri(r), r["suppressions"].clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    assert_eq!(results(&[]), [("c.py".to_owned(), Value::Null)]);
    let all = results(&["--sarif-suppressed"]);
    assert_eq!(all[0], ("a.py".to_owned(), json!([{"kind": "inSource", "justification": "it was rotated"}])));
    assert_eq!(all[1], ("b.py".to_owned(), json!([{"kind": "external", "justification": "a sandbox"}])));
    assert_eq!(all[2], ("c.py".to_owned(), Value::Null));
}

#[test]
fn explain_says_what_the_configuration_accepts_and_leaves_out() {
    let world = World::with("app/a.py", format!("x = '{}'\n", token(1)));
    world.init("app");
    world.put("app/lib/b.py", format!("x = '{}'\n", token(2)));
    world.put("app/c.py", format!("x = '{}'\n", token(3)));
    let report = world.run_in("app", &["scan", ".", "-f", "json"]).json();
    let c = findings(&report, RULE).into_iter().find(|f| f["locations"][0]["path"] == "c.py").unwrap();
    let fingerprint = c["fingerprint"].as_str().unwrap();
    let config = format!(
        "allow:\n  - {{path: lib/, reason: a sandbox}}\n  - {{fingerprint: {fingerprint}, reason: rotated}}\nexclude: [{{path: a.py, reason: r}}]\n"
    );
    world.put("app/.keyroll.yml", config);
    let run = world.run_in("app", &["explain", "a.py", "lib/b.py", "c.py:1"]).ends(0);
    let run = run.says("a.py:1:1: exclude: excluded").says("suppressed by `allow[0]`: a sandbox");
    run.says("suppressed by `allow[1]`: rotated");
    world.run_in("app", &["explain", "lib/b.py", "--no-config"]).ends(0).says("reported with confidence");
    world.run_in("app", &["explain", "lib"]).ends(2);
}

#[test]
fn an_entry_whose_condition_is_empty_accepts_nothing_and_is_refused() {
    let world = World::with("app.env", format!("token: {}\n", token(1)));
    world.init("");
    let ending = "owner: a, reason: b, expires: 2099-01-01";
    for (entry, says) in [
        ("exclude:\n  - {reason: x, path: ''}\n".to_owned(), "exclude[0].path: is empty"),
        ("allow:\n  - {reason: x, path: ''}\n".to_owned(), "allow[0].path: is empty"),
        ("allow:\n  - {reason: x, regex: ''}\n".to_owned(), "allow[0].regex: is empty"),
        ("allow:\n  - {reason: x, rule: github-pat-classic, value: ''}\n".to_owned(), "allow[0].value: is empty"),
        ("allow:\n  - {reason: x, rule: ''}\n".to_owned(), "allow[0].rule: is empty"),
        ("allow:\n  - {reason: x}\n".to_owned(), "allow[0]: wants at least one of path, rule, regex"),
        (format!("exceptions:\n  - {{check: '*', path: '', {ending}}}\n"), "exceptions[0].path: is empty"),
    ] {
        world.put(".keyroll.yml", &entry);
        let run = world.run(&["scan", "."]).ends(2).complains(says);
        assert!(run.out.is_empty() && (run.err.contains(" at line 2") || says.contains("wants")), "{}", run.err);
    }
}
