//! Values inside encodings: found once, where the encoded run stands, with a word on how it was encoded.

use std::io::Write as _;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value;

use crate::fixture::value;
use crate::git::{commit, git, remove};
use crate::world::{World, findings, list, notices, only, places};

const RULE: &str = "github-pat-classic";

/// The report of one file.
fn report(path: &str, text: &str) -> Value {
    World::with(path, text).json(&["--no-config", "--show-secrets"])
}

fn says(finding: &Value, sentence: &str) -> bool {
    list(finding, "evidence").iter().any(|e| e == sentence)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn a_token_in_any_encoding_is_found_at_its_run() {
    let token = value(RULE, 1);
    let bytes = token.as_bytes();
    let hex_escapes: String = token.bytes().map(|b| format!("\\x{b:02x}")).collect();
    let entities: String = token.bytes().map(|b| format!("&#{b};")).collect();
    let percent: String = token.bytes().map(|b| format!("%{b:02x}")).collect();
    for (encoded, how) in [
        (BASE64.encode(bytes), "base64"),
        (BASE64URL_NOPAD.encode(bytes), "base64"),
        (HEXLOWER.encode(bytes), "hexadecimal"),
        (percent, "percent-encoding"),
        (hex_escapes, "escapes"),
        (entities, "HTML entities"),
        (BASE64.encode(&gzip(bytes)), "gzip in base64"),
        (BASE64.encode(HEXLOWER.encode(bytes).as_bytes()), "base64, then hexadecimal"),
        (BASE64.encode(BASE64.encode(BASE64.encode(bytes).as_bytes()).as_bytes()), "base64, then base64, then base64"),
    ] {
        let report = report("app.conf", &format!("# x\nvalue = {encoded}\n"));
        let finding = only(&report, RULE);
        assert!(says(finding, &format!("decoded from {how}")), "{how}: {:#}", finding["evidence"]);
        assert_eq!(finding["preview"], token.as_str());
        let run = encoded.trim_end_matches('=').len();
        let end = if how.starts_with("gzip") { encoded.len() } else { run };
        // A run inside a run ends where the last byte of the inner one lies.
        let place = &places(finding)[0];
        assert!(place.starts_with("app.conf:2:9-2:"), "{how}: {place}");
        let column: usize = place.rsplit(':').next().unwrap().parse().unwrap();
        assert!(column <= 9 + end && (how.contains("then") || column == 9 + end), "{how}: {place} of {end}");
        assert_eq!(list(&report, "findings").len(), 1, "{how}: {:#}", report["findings"]);
    }
    let four = (0..4).fold(token, |text, _| BASE64.encode(text.as_bytes()));
    assert!(list(&report("app.conf", &four), "findings").is_empty(), "three layers are read");
}

#[test]
fn only_what_is_escaped_is_new() {
    let token = value(RULE, 2);
    // The token stands in the clear beside an escape, and a second time with its border escaped.
    let plain = report("a.txt", &format!("https://host.example/?q=a%20b&token={token}\n"));
    assert!(!says(only(&plain, RULE), "decoded from percent-encoding"));
    let hidden = report("a.txt", &format!("https://host.example/?q=token%3D{token}%26x\n"));
    assert!(says(only(&hidden, RULE), "decoded from percent-encoding"));
}

#[test]
fn an_encoded_file_of_settings_gives_each_value_at_its_place() {
    let (a, b) = (value(RULE, 3), value(RULE, 4));
    let inner = format!("A={a}\n# some words between the two\nB={b}\n");
    let report = report("ci.yml", &format!("env: {}\n", BASE64.encode(inner.as_bytes())));
    let found = findings(&report, RULE);
    assert_eq!(found.len(), 2, "{:#}", report["findings"]);
    let mut columns: Vec<u64> = found.iter().map(|f| f["locations"][0]["column"].as_u64().unwrap()).collect();
    columns.sort_unstable();
    // Bytes 2 and 2 + 40 + 1 + 31 + 2 of the settings.
    let second = inner.find("B=").unwrap() + 2;
    assert_eq!(columns, [6 + 2 * 8 / 6, 6 + second as u64 * 8 / 6]);
}

#[test]
fn values_of_a_secret_of_kubernetes_stand_under_their_keys() {
    let password = "hT7-kQ2_vW9x";
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  username: {}\n  db-password: {}\n",
        BASE64.encode(b"administrator"),
        BASE64.encode(password.as_bytes())
    );
    let report = report("secret.yaml", &text);
    let finding = only(&report, "generic-secret");
    assert!(says(finding, "decoded from base64"), "{finding:#}");
    assert_eq!(places(finding), ["secret.yaml:7:16-7:32"]);
    assert_eq!(list(&report, "findings").len(), 1, "{:#}", report["findings"]);
    let shown = format!("{finding:#}");
    assert!(shown.contains("db-password") && finding["preview"] == password, "{shown}");
}

#[test]
fn a_key_over_the_lines_of_a_notebook_is_found_where_it_stands() {
    let token = value(RULE, 9);
    let line = |text: &str| serde_json::to_string(text).unwrap();
    let notebook = format!(
        "{{\n \"cells\": [{{\n  \"source\": [\n   {},\n   {}\n  ]}}],\n \"nbformat\": 4}}\n",
        line("import os\n"),
        // A tab before it makes a word character of the escape's letter.
        line(&format!("\t{token}"))
    );
    let report = report("a.ipynb", &notebook);
    let finding = only(&report, RULE);
    assert!(says(finding, "decoded from a notebook cell"), "{finding:#}");
    assert_eq!(places(finding), ["a.ipynb:5:7-5:47"]);
}

#[test]
fn what_a_rule_reads_in_its_encoded_form_is_reported_once() {
    for rule in ["json-web-token", "authorization-basic-header", "pkcs12-key-store"] {
        let known = keyroll::rules::built_in().iter().find(|r| r.id == rule).unwrap();
        let text = keyroll::rules::example::expand(&known.examples[0], 7).unwrap();
        let report = report("a.txt", &format!("{text}\n"));
        assert_eq!(list(&report, "credentials").len(), 1, "{rule}: {:#}", report["credentials"]);
        let decoded = |e: &Value| e.as_str().unwrap().starts_with("decoded from");
        let evidence = list(&report, "findings").iter().flat_map(|f| list(f, "evidence"));
        assert!(!evidence.into_iter().any(decoded), "{rule}: {:#}", report["findings"]);
    }
}

#[test]
fn a_comment_beside_the_run_speaks_for_what_is_in_it() {
    let encoded = BASE64.encode(value(RULE, 5).as_bytes());
    let report = report("a.py", &format!("x = '{encoded}'  # keyroll:ignore known\n"));
    assert_eq!(only(&report, RULE)["suppressed"]["kind"], "inline");
}

#[test]
fn outputs_show_neither_the_value_nor_its_encoding() {
    let token = value(RULE, 6);
    let encoded = BASE64.encode(token.as_bytes());
    let world = World::with("a.conf", format!("v = {encoded}\n"));
    for format in ["table", "json", "sarif", "markdown"] {
        let run = world.run(&["scan", ".", "--no-config", "-f", format]).ends(1);
        assert!(!run.out.contains(&token[4..]) && !run.out.contains(&encoded[..24]), "{}", run.out);
    }
}

#[test]
fn a_bomb_in_base64_is_a_gap() {
    let bomb = BASE64.encode(&gzip(&vec![b'x'; 32 << 20]));
    let world = World::with("a.txt", format!("v = {bomb}\n"));
    let report = world.run(&["scan", ".", "--no-config", "-f", "json"]).ends(3).json();
    assert_eq!(notices(&report, "too-much-encoded").len(), 1);
}

#[test]
fn what_was_encoded_in_the_history_is_found_in_every_kind_of_change() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let filler: String = (0..400).map(|i| format!("line {i} of a file that is changed a little\n")).collect();
    let run = |n: u64| format!("value: {}\n", BASE64.encode(value(RULE, n).as_bytes()));
    commit(at, "a.txt", &filler);
    // Brought in by a delta, moved by another, then gone; a second one grows out of a run that was there before.
    let first = commit(at, "a.txt", &filler.replace("line 200 ", &format!("{}line 200 ", run(7))));
    commit(at, "a.txt", &format!("one more\n{}", filler.replace("line 200 ", &format!("{}line 200 ", run(7)))));
    let whole = run(8);
    commit(at, "a.txt", &filler.replace("line 300 ", &format!("{}\nline 300 ", &whole[..30])));
    let second = commit(at, "a.txt", &filler.replace("line 300 ", &format!("{whole}line 300 ")));
    remove(at, "a.txt");
    git(at, &["repack", "-q", "-a", "-d", "-f", "--depth=50"]);
    let plain = world.json(&["--no-config", "--history-only"]);
    assert!(findings(&plain, RULE).is_empty(), "decoding the history is asked for");
    let report = world.json(&["--no-config", "--show-secrets", "--decode-history"]);
    let commits: Vec<(String, String)> = findings(&report, RULE)
        .iter()
        .map(|f| (f["preview"].as_str().unwrap().to_owned(), f["locations"][0]["commit"].as_str().unwrap().to_owned()))
        .collect();
    for (n, commit) in [(7, first), (8, second)] {
        assert!(commits.contains(&(value(RULE, n), commit)), "{n}: {commits:?}");
    }
    assert_eq!(commits.len(), 2);
}

#[test]
fn explain_reads_what_is_encoded_as_a_scan_does() {
    let token = value(RULE, 7);
    let encoded = BASE64.encode(token.as_bytes());
    let world = World::with("app.conf", format!("# x\nvalue = {encoded}\n"));
    let run = world.run(&["explain", "app.conf", "--no-config"]).ends(0);
    run.says(&format!("app.conf:2:9: {RULE}: reported with confidence")).says("decoded from base64");
}
