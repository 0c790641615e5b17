//! Ways to say what is scanned, those of other tools included.

use crate::fixture::value;
use crate::world::{World, findings, list, only, places};

fn token() -> String {
    value("github-pat-classic", 7)
}

fn env() -> String {
    format!("GH_TOKEN={}\n", token())
}

#[test]
fn a_bare_path_is_scanned() {
    let world = World::with("src/app.env", env());
    world.run(&["src"]).ends(1).says("app.env:1");
    world.run(&["src/app.env"]).ends(1).says("app.env:1");
    world.run(&["."]).ends(1).says("src/app.env:1");
}

#[test]
fn flags_may_stand_before_the_path_without_a_command() {
    let world = World::with("src/app.env", env());
    let report = world.run(&["-f", "json", "src"]).ends(1).json();
    assert_eq!(places(only(&report, "github-pat-classic")).len(), 1);
    world.run(&["--exit-zero", "src"]).ends(0);
}

#[test]
fn scan_without_a_path_scans_the_current_directory() {
    let world = World::with("src/app.env", env());
    world.run(&["scan"]).ends(1).says("src/app.env:1");
    world.run_in("src", &["scan"]).ends(1).says("app.env:1");
}

#[test]
fn a_command_word_wins_over_a_directory_of_that_name() {
    let world = World::with("rules/app.env", env());
    world.run(&["rules", "list"]).ends(0).says("github-pat-classic");
    world.run(&["rules"]).ends(2);
    world.run(&["./rules"]).ends(1).says("app.env:1");
    world.run(&["scan", "rules"]).ends(1).says("app.env:1");
}

#[test]
fn dir_is_another_word_for_scan() {
    let world = World::with("src/app.env", env());
    world.run(&["dir", "src"]).ends(1).says("app.env:1");
}

#[test]
fn a_command_line_written_for_gitleaks_runs() {
    let world = World::with("app.env", env());
    let run = world.run(&["dir", ".", "-r", "out.json", "--report-format", "json", "--redact"]).ends(1);
    assert!(run.out.contains("app.env:1"), "the table still goes to standard output: {}", run.out);
    let report: serde_json::Value = serde_json::from_str(&world.read("out.json")).unwrap();
    only(&report, "github-pat-classic");
    world.run(&["dir", ".", "--report-path", "out.sarif", "--report-format", "sarif", "--redact=75", "-v"]).ends(1);
    world.run(&["dir", ".", "--no-banner", "--no-color", "--exit-code", "7"]).ends(7);
    world.run(&["scan", ".", "--no-git"]).ends(1);
}

#[test]
fn standard_input_is_scanned_by_command_and_by_flag() {
    let world = World::new();
    for args in [&["stdin"][..], &["scan", "--stdin"], &["--stdin"]] {
        world.pipe(env().as_bytes(), args).ends(1).says("<stdin>:1");
    }
    world.pipe(b"nothing here\n", &["stdin"]).ends(0);
    let report = world.pipe(env().as_bytes(), &["stdin", "-f", "json"]).json();
    assert_eq!(report["coverage"]["roots"][0]["kind"], "stdin");
    assert_eq!(report["coverage"]["files"], 1);
}

#[test]
fn empty_standard_input_is_clean_and_said_loudly() {
    for args in [&["stdin"][..], &["scan", "-"], &["scan", "--stdin", "-q"], &["stdin", "-f", "json"]] {
        let run = World::new().pipe(b"", args).ends(0);
        run.complains("NOTHING WAS SCANNED: standard input was empty");
    }
    for text in [&b"\n"[..], b"nothing here\n"] {
        let run = World::new().pipe(text, &["stdin"]).ends(0);
        assert!(!run.err.contains("NOTHING"), "{}", run.err);
    }
}

#[test]
fn several_paths_make_one_report() {
    let world = World::with("a/app.env", env());
    world.put("b/lib.env", format!("# the other copy\n{}", env()));
    world.put("c/other.env", env());
    let report = world.run(&["scan", "a", "b", "-f", "json"]).ends(1).json();
    let found = only(&report, "github-pat-classic");
    let mut paths: Vec<&str> = list(found, "locations").iter().map(|l| l["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["a/app.env", "b/lib.env"]);
    assert_eq!(list(&report["coverage"], "roots").len(), 2);
}

#[test]
fn a_file_can_be_named_whatever_its_name_starts_with() {
    let world = World::with("-rf.env", env());
    world.run(&["scan", "--", "-rf.env"]).ends(1).says("-rf.env:1");
    world.run(&["scan", "."]).ends(1).says("-rf.env:1");
}

#[test]
fn hidden_files_are_scanned() {
    let world = World::with(".config/.env", env());
    world.run(&["scan", "."]).ends(1).says(".config/.env:1");
}

#[test]
fn excluded_paths_are_skipped_and_counted() {
    let world = World::with("src/app.env", env());
    world.put("third_party/x/lib.env", env());
    world.put("src/gen/out.env", env());
    let report = world.json(&["--exclude", "third_party", "--exclude", "src/gen/"]);
    assert_eq!(places(only(&report, "github-pat-classic")).len(), 1);
    assert!(report["coverage"]["skipped"]["excluded"].as_u64().unwrap() >= 2, "{report:#}");
    let report = world.json(&["--exclude", "*.env", "--exclude", "x"]);
    assert!(findings(&report, "github-pat-classic").is_empty());
}

#[test]
fn rules_can_be_switched_on_and_off() {
    let world = World::with("app.env", format!("{}aws_access_key_id = {}\n", env(), value("aws-access-key-id", 3)));
    let report = world.json(&["--disable-rule", "github-pat-classic"]);
    assert!(findings(&report, "github-pat-classic").is_empty());
    assert_eq!(findings(&report, "aws-access-key-id").len(), 1);
    let report = world.json(&["--enable-rule", "github-pat-classic"]);
    assert_eq!(list(&report, "findings").len(), 1);
}

#[test]
fn confidence_hides_what_is_less_sure() {
    let world = World::with("app.py", format!("db_password = '{}'\n", ["k3J9fQ0", "aZ7xL"].concat()));
    let all = list(&world.json(&["--confidence", "low"]), "findings").len();
    assert_eq!(all, 1);
    assert_eq!(list(&world.json(&["--confidence", "confirmed"]), "findings").len(), 0);
}

#[test]
fn own_rules_are_added_and_replace_those_of_the_same_id() {
    let world = World::with("app.txt", "ticket = ACME-1234-5678-9012\n");
    world.put(
        "more/acme.yml",
        "provider: acme
name: Acme
rules:
  - id: acme-ticket
    name: Acme ticket
    description: A ticket was found. It opens every door of the house until it is torn up.
    remediation: Tear it up at the desk and print a new one. Use a lock that knows who comes.
    identity: {kind: bot}
    severity: high
    confidence: high
    keywords: ['ACME-']
    pattern: '\\bACME-[0-9]{4}-[0-9]{4}-[0-9]{4}\\b'
    references: [https://acme.example/tickets]
    examples: ['ACME-{digits:4}-{digits:4}-{digits:4}', 'ticket: ACME-{digits:4}-{digits:4}-{digits:4}']
    counterexamples: ['ACME-{digits:3}']
",
    );
    world.run(&["rules", "check", "more"]).ends(0);
    world.run(&["scan", "app.txt"]).ends(0);
    let report = world.run(&["scan", "app.txt", "--rules", "more", "-f", "json"]).ends(1).json();
    assert_eq!(only(&report, "acme-ticket")["severity"], "high");
    world.run(&["explain", "app.txt:1", "--rules", "more"]).ends(0).says("acme-ticket");
    world.put("k.yml", "rules: {dirs: [more]}\n");
    world.run(&["scan", "app.txt", "-c", "k.yml"]).ends(1).says("acme-ticket");
    world.put("sub/k.yml", "rules: {dirs: [../more]}\n");
    world.run(&["scan", "app.txt", "-c", "sub/k.yml"]).ends(1).says("acme-ticket");
}

#[test]
fn every_number_of_threads_is_accepted() {
    let world = World::with("app.env", env());
    for jobs in ["0", "1", "3", "64"] {
        world.run(&["scan", ".", "-j", jobs]).ends(1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_ctrl_c_aborted_with_the_memory_in_a_file() {
    use std::io::Write as _;
    let world = World::new();
    let mut child = world.command(&["stdin"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let send = || {
        let sent = std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
    };
    // Standard input stays open, so only a signal ends it; until it is caught, one is enough.
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let mask = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).map(|m| m.trim().to_owned());
        mask.and_then(|m| u64::from_str_radix(&m, 16).ok()).is_some_and(|m| m & 2 != 0)
    };
    let began = std::time::Instant::now();
    while !caught() {
        assert!(began.elapsed().as_secs() < 30, "no handler");
        std::thread::yield_now();
    }
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"x\n").unwrap();
    send();
    #[allow(clippy::disallowed_methods)]
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "the first one only asks");
    send();
    crate::world::finish(child).ends(130);
    drop(stdin);
}

#[test]
fn what_stands_in_a_file_that_is_no_configuration_is_never_told() {
    let secret = value("github-pat-classic", 3);
    let world = World::with("a.conf", format!("key = \"{secret}\"\n"));
    world.put("k.yml", format!("exclude: 'a \"{secret}\" b'\n"));
    for args in [
        &["scan", ".", "--rules", "a.conf"][..],
        &["scan", ".", "-c", "a.conf"],
        &["scan", ".", "-c", "k.yml"],
        &["scan", ".", "-b", "a.conf"],
        &["scan", ".", "--members", "k.yml", "--repos", "a.conf"],
        &["report", "a.conf"],
        &["rules", "check", "a.conf"],
        &["config", "check", "a.conf"],
        &["import", "detect-secrets", "a.conf"],
        &["import", "gitleaks", "a.conf"],
    ] {
        let run = world.run(args);
        assert!(!run.err.contains(&secret) && !run.out.contains(&secret), "{args:?}: {}{}", run.err, run.out);
    }
}

#[test]
fn messages_name_what_named_a_file_and_say_once_what_is_wrong_with_it() {
    let world = World::with("a.txt", "x\n");
    world.put("rules.yml", "rules: {dirs: [nope]}\n");
    world.put("known.yml", "baseline: nope\n");
    world.put("key.yml", "fingerprint-key: short\n");
    world.put("except.yml", "exceptions:\n  - {check: NHI1-nope, owner: a, reason: r, expires: 2030-01-01}\n");
    world.put("key", "short");
    world.put("empty/readme.txt", "x");
    for (args, want) in [
        (&["scan", "-c", "nope.yml"][..], "nope.yml: No such file"),
        (&["scan", "-c", "rules.yml"], "rules.yml: rules.dirs: nope: no such file"),
        (&["scan", "-c", "known.yml"], "known.yml: baseline: nope: No such file"),
        (&["scan", "-c", "key.yml"], "key.yml: fingerprint-key: the fingerprint key is shorter"),
        (&["scan", "-c", "except.yml"], "except.yml: exceptions names the rule"),
        (&["scan", "-b", "nope"], "--baseline: nope: No such file"),
        (&["scan", "--rules", "nope"], "--rules nope: no such file"),
        (&["scan", "--rules", "empty"], "empty: no file of rules"),
        (&["rules", "check", "empty"], "empty: no file of rules"),
        (&["scan", "--key-file", "key"], "--key-file key: the fingerprint key is shorter"),
        (&["scan", "--key-file", "nope"], "--key-file nope: No such file"),
        (&["rules", "explain", "NHI1-owner-left"], "keyroll checks explain NHI1-owner-left"),
        (&["bsaeline"], "bsaeline: no such file or directory; nor is it a command"),
    ] {
        let run = world.run(args).ends(2).complains(want);
        assert!(run.err.matches("os error").count() < 2, "{args:?}: {}", run.err);
    }
}

#[test]
fn an_index_or_commits_of_what_is_no_repository_are_no_clean_result() {
    let world = World::with("a.txt", "x\n");
    for flag in [&["--staged"][..], &["--history-only"], &["--range", "A..B"], &["--branch", "main"]] {
        let run = world.run(&[&["scan", ".", "--no-config"][..], flag].concat()).ends(3);
        assert!(run.out.contains("no repository"), "{flag:?}: {}", run.out);
    }
}

#[test]
fn many_threads_are_not_more_than_a_machine_can_start() {
    World::with("a.txt", "x\n").run(&["scan", ".", "--no-config", "-j", "99999"]).ends(0);
}

#[test]
fn explain_takes_any_name_and_says_that_a_line_is_not_there() {
    let world = World::with("a.txt", "x\ny\n");
    world.run(&["explain", "a.txt:3", "--no-config"]).ends(0).says("a.txt: has no line 3: it has 2");
    world.run(&["explain", "a.txt:2", "--no-config"]).ends(0).says("no rule matches on line 2");
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_explained() {
    use std::os::unix::ffi::OsStrExt as _;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    let world = World::new();
    world.put(name, "x\n");
    world.run(&[std::ffi::OsStr::new("explain"), name]).ends(0).says("no rule matches");
}

#[test]
fn a_new_rule_never_takes_the_place_of_a_file_that_cannot_be_read() {
    let world = World::new();
    world.put("rules/acme.yml", b"# caf\xe9\n");
    world.run(&["rules", "new", "acme-key"]).ends(2).complains("acme.yml");
    assert_eq!(std::fs::read(world.at("rules/acme.yml")).unwrap(), b"# caf\xe9\n");
    world.run(&["rules", "new", "x-key"]).ends(0);
    world.run(&["rules", "check", "rules/x.yml"]).ends(0);
}
