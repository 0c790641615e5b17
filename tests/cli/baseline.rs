//! Baselines survive what moves and hide nothing new; triage fills them; imports take over values and never places.

use std::fs;

use sha1::{Digest as _, Sha1};

use crate::fixture::value;
use crate::git::{commit, git, git_at};
use crate::world::{World, findings, notices};

const RULE: &str = "github-pat-classic";

fn line(seed: u64) -> String {
    format!("token: {}\n", value(RULE, seed))
}

fn repository() -> World {
    let world = World::new();
    git(world.path(), &["init", "-q"]);
    world
}

/// Open findings of a scan with the baseline.
fn open(world: &World, args: &[&str]) -> Vec<String> {
    let all: Vec<&str> = ["-b", ".keyroll-baseline"].into_iter().chain(args.iter().copied()).collect();
    let report = world.json(&all);
    let open = findings(&report, RULE).into_iter().filter(|f| f["suppressed"].is_null());
    open.map(|f| f["locations"][0]["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_survives_what_moves_and_hides_nothing_new() {
    let world = repository();
    commit(world.path(), "a.py", &line(1));
    let run = world.run(&["baseline", "create"]).ends(0).says("rotate them").says("baseline: .keyroll-baseline");
    assert!(!run.out.contains(&value(RULE, 1)));
    let text = world.read(".keyroll-baseline");
    assert!(!text.contains(&value(RULE, 1)) && !text.contains("\"line\"") && text.lines().count() >= 2, "{text}");
    assert_eq!(open(&world, &[]), [""; 0]);
    // Suppressed is not lost.
    let report = world.json(&["-b", ".keyroll-baseline"]);
    assert_eq!(findings(&report, RULE)[0]["suppressed"]["kind"], "baseline");
    world.run(&["scan", "-b", ".keyroll-baseline"]).ends(0).says("suppressed");
    // Moved lines, another name, another checkout, other commits.
    commit(world.path(), "a.py", &format!("x = 1\n\n{}", line(1)));
    git(world.path(), &["mv", "a.py", "b.py"]);
    git(world.path(), &["commit", "-q", "-m", "move"]);
    assert_eq!(open(&world, &[]), [""; 0]);
    let text = world.read(".keyroll-baseline");
    let elsewhere = World::new();
    git(elsewhere.path(), &["clone", "-q", world.path().to_str().unwrap(), "deep"]);
    fs::write(elsewhere.at("deep/.keyroll-baseline"), &text).unwrap();
    elsewhere.run_in("deep", &["scan", "-b", ".keyroll-baseline"]).ends(0);
    git_at(world.path(), 1_800_000_000, &["commit", "-q", "--amend", "--allow-empty", "-m", "rebased"]);
    assert_eq!(open(&world, &[]), [""; 0]);
    // Another value on the same line of the same file.
    world.put("b.py", format!("x = 1\n\n{}", line(2)));
    assert_eq!(open(&world, &[]), ["b.py"]);
    // The configuration may name it.
    world.put(".keyroll.yml", "baseline: .keyroll-baseline\n");
    world.run(&["scan", "--exit-zero"]).says("b.py");
    world.run(&["baseline", "create"]).ends(2).complains("--force");
    world.run(&["baseline", "create", "--force"]).ends(0);
    world.run(&["scan"]).ends(0);
}

#[test]
fn stale_entries_are_told_and_taken_out() {
    let world = World::new();
    world.put("a.py", line(1));
    world.put("b.py", line(2));
    world.run(&["baseline", "create"]).ends(0);
    fs::remove_file(world.at("b.py")).unwrap();
    let report = world.json(&["-b", ".keyroll-baseline"]);
    assert!(notices(&report, "stale-baseline")[0]["message"].as_str().unwrap().starts_with("1 entry"), "{report:#}");
    // A scan of less cannot know.
    assert!(notices(&world.json(&["-b", ".keyroll-baseline", "--no-history"]), "stale-baseline").is_empty());
    let before = world.read(".keyroll-baseline").lines().count();
    world.run(&["baseline", "prune"]).ends(0).says("took 1 entry");
    assert_eq!(world.read(".keyroll-baseline").lines().count(), before - 1);
    assert!(notices(&world.json(&["-b", ".keyroll-baseline"]), "stale-baseline").is_empty());
}

#[test]
fn another_key_is_refused_by_both_names() {
    let world = World::new();
    world.put("a.py", line(1));
    world.put("key", "made for this test ".repeat(3));
    world.run(&["baseline", "create"]).ends(0);
    let run = world.run(&["scan", "-b", ".keyroll-baseline", "--key-file", "key"]).ends(2);
    let id = world.read(".keyroll-baseline").split('"').nth(7).unwrap().to_owned();
    run.complains(&id);
    fs::remove_file(world.at(".keyroll-baseline")).unwrap();
    world.run(&["baseline", "create", "--key-file", "key"]).ends(0);
    assert!(!world.read(".keyroll-baseline").contains("\"salt\""), "a key that is given stays outside");
    world.run(&["scan", "-b", ".keyroll-baseline", "--key-file", "key"]).ends(0);
    world.run(&["scan", "-b", ".keyroll-baseline"]).ends(2).complains("KEYROLL_KEY");
}

#[test]
fn values_that_can_be_guessed_are_left_out_and_said_so() {
    let world = World::new();
    world.put("conf.env", "DB_PASSWORD=Tr0ub4dor\n");
    let run = world.run(&["baseline", "create"]).ends(0);
    run.says("too weak for a fingerprint").says("conf.env:1");
    world.run(&["scan", "-b", ".keyroll-baseline"]).ends(1);
}

#[test]
fn triage_asks_and_keeps_each_answer() {
    let world = World::new();
    for seed in 1..=4 {
        world.put(format!("{seed}.py"), line(seed));
    }
    let run = world.pipe(b"f\nnot a token\na\n\na\nfor the demo\nr\n", &["triage"]).ends(1);
    run.says("what is accepted needs a reason").says("1 real, 2 in .keyroll-baseline, 1 not judged");
    let text = world.read(".keyroll-baseline");
    assert!(text.contains("\"verdict\":\"false\"") && text.contains("for the demo"), "{text}");
    assert_eq!(open(&world, &[]).len(), 2);
    // What was judged is not asked again, and `baseline create` forgets no reason.
    world.run(&["baseline", "create", "--force"]).ends(0);
    assert!(world.read(".keyroll-baseline").contains("for the demo"));
    world.pipe(b"q\n", &["triage"]).ends(0).says("1 of 2");
    world.pipe(b"", &["triage"]).ends(0).says("2 not judged");
}

#[test]
fn imports_take_over_values_and_never_places() {
    let world = repository();
    let old = commit(world.path(), "gone.py", &line(1));
    git(world.path(), &["rm", "-q", "gone.py"]);
    git(world.path(), &["commit", "-q", "-m", "x"]);
    commit(world.path(), "a.py", &format!("\n{}", line(2)));
    commit(world.path(), "b.py", &line(3));
    world.put(
        ".gitleaksignore",
        format!("# known\n{old}:gone.py:github-pat:1\na.py:github-pat:2\nb.py:github-pat:9\nno.py:jwt:1\n"),
    );
    let run =
        world.run(&["import", "gitleaks", ".gitleaksignore"]).ends(0).says("2 values in .keyroll-baseline, 2 places");
    run.complains("b.py:github-pat:9").complains("no.py:jwt:1");
    assert_eq!(open(&world, &[]), ["b.py"]);
    // Another value put where an entry pointed to is not hidden.
    world.put("a.py", format!("\n{}", line(4)));
    assert_eq!(open(&world, &[]), ["a.py", "b.py"]);
    // The hash of a part of the value, which fits every value of its kind, hides none.
    let sha1 = |text: &str| Sha1::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let entry = |file: &str, line: u64, hash: &str| {
        format!(
            r#""{file}":[{{"type":"GitHub Token","hashed_secret":"{hash}","line_number":{line},"is_secret":false}}]"#
        )
    };
    let results = [entry("a.py", 2, &sha1("ghp")), entry("b.py", 1, &sha1(&value(RULE, 3)))].join(",");
    world.put(".secrets.baseline", format!(r#"{{"version":"1.5.0","results":{{{results}}}}}"#));
    let run = world.run(&["import", "detect-secrets", ".secrets.baseline"]).ends(0).says("1 value in");
    run.complains("another value stands there");
    assert_eq!(open(&world, &[]), ["a.py"]);
    world.run(&["import", "detect-secrets", ".gitleaksignore"]).ends(2);
}

#[test]
fn a_configuration_of_gitleaks_becomes_one_that_is_valid() {
    let world = World::new();
    world.put(
        ".gitleaks.toml",
        "title = 'x'\n[extend]\nuseDefault = true\ndisabledRules = ['generic-api-key', 'unheard-of']\n[allowlist]\n\
         description = 'tests'\npaths = ['''^docs/''', '''(.*?)(jpg|gif)$''']\nregexes = ['''EXAMPLE''']\n\
         stopwords = ['sample.']\ncommits = ['abc']\n[[rules]]\nid = 'github-pat'\n[[rules.allowlists]]\n\
         regexes = ['''ghp_x''']\n[[rules]]\nid = 'ours'\nregex = '''x'''\n",
    );
    let run = world.run(&["import", "gitleaks", ".gitleaks.toml"]).ends(0);
    for missing in ["unheard-of", "(.*?)(jpg|gif)$", "commit abc", "rule ours"] {
        assert!(run.err.contains(missing), "{missing}: {}", run.err);
    }
    world.put(".git/HEAD", "");
    world.put(".keyroll.yml", &run.out);
    world.run(&["config", "check"]).ends(0);
    assert!(
        run.out.contains("docs/**") && run.out.contains("sample\\\\.") && run.out.contains("- generic"),
        "{}",
        run.out
    );
    world.put("bad.toml", "a = \n");
    world.run(&["import", "gitleaks", "bad.toml"]).ends(2).complains("line 1");
}

#[test]
fn rules_that_came_later_stay_off() {
    let world = repository();
    world.put("a.py", "key = 'zzk-0123456789abcdef0123456789abcdef'\n");
    let rule = "provider: zz\nname: ZZ\nrules:\n  - id: zz-key\n    name: ZZ key\n    description: It opens every door of the house to whoever holds it.\n    \
                remediation: Revoke it in the settings and give each door its own.\n    identity: {kind: other}\n    severity: high\n    confidence: high\n    \
                keywords: [zzk-]\n    pattern: 'zzk-[0-9a-f]{32}'\n    since: '0.10'\n    \
                references: ['https://example.com']\n    examples: ['a = zzk-{hex:32}', 'b = \"zzk-{hex:32}\"']\n    counterexamples: ['zzk-1']\n";
    world.put("more/zz.yml", rule);
    let run = world.run(&["rules", "check", "more"]);
    assert!(run.code == 0, "{}{}", run.out, run.err);
    world.put(".keyroll.yml", "rules:\n  dirs: [more]\n");
    world.run(&["scan"]).ends(1).says("ZZ key");
    world.put(".keyroll.yml", "rules-version: '0.9'\nrules:\n  dirs: [more]\n");
    world.run(&["scan"]).ends(0).says("rules-version");
    // What is no version would hold nothing off.
    world.put(".keyroll.yml", "rules-version: latest\n");
    world.run(&["scan"]).ends(2).complains("rules-version: latest is no version");
}
