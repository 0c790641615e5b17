//! Where a finding is: line and column in every encoding and file size, and what its path is relative to.

use std::collections::BTreeMap;

use keyroll::rules::example;

use crate::fixture::value;
use crate::world::{World, findings, list, only, places};

const RULE: &str = "github-pat-classic";

/// A valid token; each seed has its own.
fn token(seed: u64) -> String {
    example::expand("ghp_{base62:30}{crc32b62}", seed).unwrap()
}

/// `line:column-end_line:end_column` of a text within another: lines end at CR, LF or both, columns are characters.
fn expected(text: &str, part: &str) -> String {
    let start = text.find(part).unwrap();
    let place = |offset: usize| {
        let before = text[..offset].replace("\r\n", "\n").replace('\r', "\n");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        format!("{line}:{column}")
    };
    format!("{}-{}", place(start), place(start + part.len()))
}

/// Asserts where the tokens of a file are, and that each is found once.
#[track_caller]
fn found_at(path: &str, bytes: &[u8], want: &[String]) {
    let world = World::with(path, bytes);
    let mut got: Vec<String> = findings(&world.json(&[]), RULE).into_iter().flat_map(places).collect();
    let mut want: Vec<String> = want.iter().map(|w| format!("{path}:{w}")).collect();
    got.sort();
    want.sort();
    assert_eq!(got, want);
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn columns_count_characters_however_many_bytes_they_take() {
    let t = token(1);
    for before in [
        "",
        "x = ",
        "schlüssel: ",
        "日本語のトークン = ",
        "😀🔑 ",
        "e\u{301}o\u{308} ",
        "\t\t",
        "\u{1f468}\u{200d}\u{1f469} ",
    ] {
        let text = format!("# Zeile für Zeile, 行\n\n{before}\"{t}\" # ä\n");
        found_at("a.env", text.as_bytes(), &[expected(&text, &t)]);
    }
    assert_eq!(expected(&format!("ä\n日 {t}"), &t), "2:3-2:43");
}

#[test]
fn bytes_that_are_no_utf8_count_as_a_character_each() {
    let t = token(1);
    let latin1 = [b"caf\xe9 = \"", t.as_bytes(), b"\"\n"].concat();
    found_at("a.env", &latin1, &["1:9-1:49".to_owned()]);
}

#[test]
fn every_encoding_gives_the_places_that_an_editor_shows() {
    let t = token(2);
    let text = format!("# Schlüssel\r\nname: größe\r\n  wert: \"{t}\"\r\n# 😀\r\n");
    let want = [expected(&text, &t)];
    found_at("plain.yml", text.as_bytes(), &want);
    found_at("bom.yml", &[b"\xef\xbb\xbf", text.as_bytes()].concat(), &want);
    found_at("le-bom.yml", &[b"\xff\xfe".to_vec(), utf16(&text, u16::to_le_bytes)].concat(), &want);
    found_at("be-bom.yml", &[b"\xfe\xff".to_vec(), utf16(&text, u16::to_be_bytes)].concat(), &want);
    found_at("le.yml", &utf16(&text, u16::to_le_bytes), &want);
    found_at("be.yml", &utf16(&text, u16::to_be_bytes), &want);
}

#[test]
fn a_byte_order_mark_takes_no_column() {
    let t = token(3);
    let want = ["1:1-1:41".to_owned()];
    found_at("a.txt", &[b"\xef\xbb\xbf", t.as_bytes()].concat(), &want);
    found_at("b.txt", &[b"\xff\xfe".to_vec(), utf16(&t, u16::to_le_bytes)].concat(), &want);
    found_at("c.txt", &[b"\xfe\xff".to_vec(), utf16(&t, u16::to_be_bytes)].concat(), &want);
}

#[test]
fn lines_end_at_lf_crlf_and_cr() {
    let (a, b) = (token(4), token(5));
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("one{end}{end}a = \"{a}\"{end}three{end}b = \"{b}\"");
        found_at("a.txt", text.as_bytes(), &[expected(&text, &a), expected(&text, &b)]);
    }
    let mixed = format!("1\r2\r\n3\n\r4\n\n\"{a}\"\r\r\n\"{b}\"");
    found_at("a.txt", mixed.as_bytes(), &[expected(&mixed, &a), expected(&mixed, &b)]);
}

#[test]
fn other_separators_end_no_line() {
    let t = token(6);
    let text = format!("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f \"{t}\"\n");
    found_at("a.txt", text.as_bytes(), &[expected(&text, &t)]);
}

#[test]
fn a_value_over_several_lines_ends_on_its_last_line() {
    let key = example::expand("{pem:rsa}", 1).unwrap();
    let text = format!("# the key\n  key: |\n{key}\nend\n");
    let report = World::with("a.txt", &text).json(&[]);
    assert_eq!(places(only(&report, "private-key-block")), [format!("a.txt:{}", expected(&text, &key))]);
}

#[test]
fn a_line_of_five_megabytes_has_columns_to_its_end() {
    let (a, b, c) = (token(7), token(8), token(9));
    let filler = "lorem ipsum dolor sit amet; ".repeat(90_000);
    let text = format!("\"{a}\"; {filler}\"{b}\"; {filler}\"{c}\"");
    assert!(text.len() > 5_000_000);
    found_at("min.js", text.as_bytes(), &[expected(&text, &a), expected(&text, &b), expected(&text, &c)]);
}

// --- files that are read in pieces --------------------------------------------------------------------------------

const MIB: usize = 1 << 20;

/// A text of about so many MiB with tokens at its ends and around every multiple of 8 MiB, with the offsets they begin at.
/// Pieces share some bytes, so the borders drift: tokens stand a little before those multiples, too.
fn large(mib: usize, line: &str) -> (String, Vec<(usize, String)>) {
    let mut text = String::with_capacity((mib + 1) * MIB);
    let mut wanted: Vec<usize> = vec![0, 500, mib * MIB - 300];
    for piece in 1..=mib / 8 {
        for shared in [0, 64 << 10, 128 << 10] {
            for drift in [1, piece, piece.saturating_sub(1)] {
                let border = (8 * MIB * piece).saturating_sub(shared * drift);
                wanted.extend((0..9).map(|i| border - 200 + 50 * i));
            }
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut tokens = Vec::new();
    for (seed, at) in wanted.into_iter().enumerate() {
        while text.len() + line.len() < at {
            text.push_str(line);
        }
        while text.len() < at {
            text.push('.');
        }
        let t = token(1000 + seed as u64);
        text.push('"');
        tokens.push((text.len(), t.clone()));
        text.push_str(&t);
        text.push_str("\";");
    }
    (text, tokens)
}

/// Asserts that a large file gives every token once, at its own place.
#[track_caller]
fn large_found(bytes: &[u8], text: &str, tokens: &[(usize, String)]) {
    let world = World::with("big.txt", bytes);
    let report = world.json(&["--confidence", "low"]);
    assert_eq!(report["incomplete"], false, "{:#}", report["notices"]);
    let mut got: Vec<String> = findings(&report, RULE).into_iter().flat_map(places).collect();
    got.sort();
    // One pass over the text, for the places of all tokens.
    let (mut line, mut column, mut at) = (1, 1, 0);
    let mut want = Vec::new();
    for (offset, t) in tokens {
        for c in text[at..*offset].chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        at = *offset;
        want.push(format!("big.txt:{line}:{column}-{line}:{}", column + t.len()));
    }
    want.sort();
    let missing: Vec<&String> = want.iter().filter(|w| !got.contains(w)).collect();
    let surplus: Vec<&String> = got.iter().filter(|g| !want.contains(g)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "of {}: missing {missing:#?}, surplus {surplus:#?}", want.len());
    assert_eq!(got.len(), want.len());
}

#[test]
fn a_file_that_is_read_in_pieces_loses_and_doubles_nothing() {
    let (text, tokens) = large(26, "the quick brown fox jumps over the lazy dog, again and again and again\n");
    large_found(text.as_bytes(), &text, &tokens);
}

#[test]
fn one_line_that_is_read_in_pieces_keeps_its_columns() {
    let (text, tokens) = large(18, "the quick brown fox jumps over the lazy dog, again and again and again; ");
    large_found(text.as_bytes(), &text, &tokens);
}

#[test]
fn characters_of_several_bytes_may_lie_across_the_border_of_two_pieces() {
    // Three shifts, so that the border falls within the character in at least one of them.
    for shift in ["", ".", ".."] {
        let (text, tokens) = large(17, "日本語のテキスト、日本語のテキスト、日本語のテキスト");
        let (text, tokens) =
            (format!("{shift}{text}"), tokens.into_iter().map(|(at, t)| (at + shift.len(), t)).collect::<Vec<_>>());
        large_found(text.as_bytes(), &text, &tokens);
    }
}

#[test]
fn a_large_file_gives_what_its_part_below_the_limit_gives() {
    let (text, tokens) = large(18, "the quick brown fox jumps over the lazy dog\r\n");
    let cut = &text[..15 * MIB];
    let (whole, part) = (World::with("big.txt", &text).json(&[]), World::with("big.txt", cut).json(&[]));
    let by_fingerprint = |report: &serde_json::Value| -> BTreeMap<String, Vec<String>> {
        let all = findings(report, RULE);
        all.into_iter().map(|f| (f["fingerprint"].as_str().unwrap().to_owned(), places(f))).collect()
    };
    let (whole, part) = (by_fingerprint(&whole), by_fingerprint(&part));
    assert_eq!(whole.len(), tokens.len());
    assert!(part.len() > 20 && part.len() < whole.len(), "{}", part.len());
    for (fingerprint, places) in part {
        assert_eq!(whole.get(&fingerprint), Some(&places));
    }
}

#[test]
fn a_block_across_the_border_of_two_pieces_is_one_finding() {
    let key = example::expand("{pem:rsa}", 1).unwrap();
    for before in [0, 300, 64 << 10, (64 << 10) + 300, 128 << 10, (128 << 10) + 300] {
        let filler = "lorem ipsum dolor sit amet\n";
        let head = filler.repeat((8 * MIB - before - 200) / filler.len());
        let text = format!("{head}{key}\n{}", filler.repeat(9 * MIB / filler.len()));
        let report = World::with("a.txt", &text).json(&[]);
        let want = format!("a.txt:{}", expected(&text, &key));
        assert_eq!(places(only(&report, "private-key-block")), [want], "{before}");
    }
}

// --- paths --------------------------------------------------------------------------------------------------------

fn env(seed: u64) -> String {
    format!("GH_TOKEN={}\n", token(seed))
}

/// The paths of all places of the tokens, sorted.
fn paths(report: &serde_json::Value) -> Vec<String> {
    let all = findings(report, RULE).into_iter().flat_map(|f| list(f, "locations"));
    let mut paths: Vec<String> = all.map(|l| l["path"].as_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn paths_are_relative_to_the_top_of_the_repository_whatever_is_scanned() {
    let world = World::with("a/b/app.env", env(1));
    world.init("");
    for (below, given) in [
        ("", "."),
        ("", "a"),
        ("", "a/b"),
        ("", "a/b/app.env"),
        ("a", "."),
        ("a/b", "."),
        ("a/b", "app.env"),
        ("a/b", ".."),
    ] {
        let run = world.run_in(below, &["scan", given, "-f", "json"]).ends(1);
        assert_eq!(paths(&run.json()), ["a/b/app.env"], "{given} in {below:?}");
    }
}

#[test]
fn outside_a_repository_paths_are_relative_to_what_is_scanned() {
    let world = World::with("a/b/app.env", env(1));
    for (given, want) in [(".", "a/b/app.env"), ("a", "b/app.env"), ("a/b", "app.env"), ("a/b/app.env", "app.env")] {
        assert_eq!(paths(&world.json_of(given, &[])), [want], "{given}");
    }
}

#[test]
fn what_git_ignores_is_skipped_and_counted_unless_it_is_tracked() {
    let world = World::with(".gitignore", "*.env\nbuild/\n");
    let repository = world.init("");
    world.put("local.env", env(1));
    world.put("kept.env", env(2));
    world.put("build/out.txt", env(3));
    world.put("build/kept.txt", env(4));
    world.put("plain.txt", env(5));
    world.commit(&repository, &["kept.env", "build/kept.txt"]);
    let report = world.json(&[]);
    assert_eq!(paths(&report), ["build/kept.txt", "kept.env", "plain.txt"]);
    assert_eq!(report["coverage"]["skipped"]["ignored"], 2, "{:#}", report["coverage"]);
    let report = world.json(&["--no-gitignore"]);
    assert_eq!(paths(&report), ["build/kept.txt", "build/out.txt", "kept.env", "local.env", "plain.txt"]);
    assert_eq!(report["coverage"]["skipped"].get("ignored"), None);
}

#[test]
fn info_exclude_ignores_and_a_global_ignore_file_does_not() {
    let world = World::with("a.env", env(1));
    world.init("");
    world.put("b.env", env(2));
    world.put(".git/info/exclude", "a.env\n");
    world.put(".config/git/ignore", "b.env\n");
    assert_eq!(paths(&world.json(&[])), ["b.env"]);
}

const WORKFLOW: &str = "on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n      - run: ./deploy\n        env: {TOKEN: '${{ secrets.TOKEN }}'}\n";

#[test]
fn a_repository_below_is_found_and_its_workflows_are_real() {
    let world = World::with("mono/.gitignore", "secret.env\n");
    world.init("mono");
    world.init("mono/libs/inner");
    world.put("mono/libs/inner/secret.env", env(1));
    world.put("mono/libs/inner/.gitignore", "own.env\n");
    world.put("mono/libs/inner/own.env", env(2));
    world.put("mono/libs/inner/.github/workflows/ci.yml", WORKFLOW);
    world.put("mono/libs/copy/.github/workflows/ci.yml", WORKFLOW);
    let report = world.json_of("mono", &[]);
    assert_eq!(paths(&report), ["libs/inner/secret.env"], "a repository's ignore rules are its own");
    let roots: Vec<&str> = list(&report["coverage"], "roots").iter().map(|r| r["path"].as_str().unwrap()).collect();
    assert!(roots.contains(&"libs/inner"), "{roots:?}");
    for identity in list(&report, "identities") {
        let path = identity["locations"][0]["path"].as_str().unwrap();
        assert_eq!(identity["sample"] == true, path.starts_with("libs/copy/"), "{identity:#}");
    }
    assert_eq!(report["headline"]["identities"], 1, "{:#}", report["identities"]);
}

#[test]
fn a_directory_of_repositories_names_each_in_the_coverage() {
    let world = World::with("one/app.env", env(1));
    world.init("one");
    world.put("two/app.env", env(2));
    world.init("two");
    world.put("loose/app.env", env(3));
    let report = world.json(&[]);
    assert_eq!(paths(&report), ["loose/app.env", "one/app.env", "two/app.env"]);
    let roots = list(&report["coverage"], "roots");
    let kinds: Vec<(&str, &str)> =
        roots.iter().map(|r| (r["path"].as_str().unwrap(), r["kind"].as_str().unwrap())).collect();
    assert!(kinds.contains(&("one", "repository")) && kinds.contains(&("two", "repository")), "{kinds:?}");
}

#[test]
fn the_git_directory_is_not_scanned_as_files() {
    let world = World::with("app.txt", "nothing\n");
    world.init("");
    world.put(".git/notes.env", env(1));
    world.put(".git/hooks/pre-push", env(2));
    let report = world.json(&[]);
    assert!(list(&report, "findings").is_empty(), "{:#}", report["findings"]);
    assert_eq!(report["coverage"]["files"], 1);
}

// --- copies -------------------------------------------------------------------------------------------------------

#[test]
fn one_blob_at_two_paths_is_one_credential_with_two_places() {
    let world = World::with("a/app.env", env(1));
    world.put("b/app.env", env(1));
    let report = world.json(&[]);
    let finding = only(&report, RULE);
    assert_eq!(places(finding), ["a/app.env:1:10-1:50", "b/app.env:1:10-1:50"]);
    assert_eq!(list(&report, "credentials").len(), 1);
    assert_eq!(report["coverage"]["files"], 2);
    assert_eq!(report["coverage"]["blobs"], 1);
    let blobs: Vec<&serde_json::Value> = list(finding, "locations").iter().map(|l| &l["blob"]).collect();
    assert_eq!(blobs[0], blobs[1]);
}

#[test]
fn one_secret_in_two_files_is_one_finding_whatever_stands_around_it() {
    let t = token(1);
    let world = World::with("a.env", format!("GH_TOKEN={t}\n"));
    world.put("b.yml", format!("github:\n  token: '{t}'\n"));
    world.put("c/d.py", format!("api('{t}', '{t}')\n"));
    let report = world.json(&[]);
    let mut found = places(only(&report, RULE));
    found.sort();
    assert_eq!(found, ["a.env:1:10-1:50", "b.yml:2:11-2:51", "c/d.py:1:50-1:90", "c/d.py:1:6-1:46"]);
    assert_eq!(list(&report, "findings").iter().filter(|f| f["risk"] == "NHI2:2025").count(), 1);
}

#[test]
fn two_secrets_in_one_file_are_two_findings() {
    let world = World::with("a.env", format!("A_TOKEN={}\nB_TOKEN={}\n", value(RULE, 1), value(RULE, 2)));
    assert_eq!(findings(&world.json(&[]), RULE).len(), 2);
}
