//! Baselines survive what moves and hide nothing new; triage fills them; imports take over values and never places.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha1::{Digest as _, Sha1};

use crate::fixture::value;
use crate::git::{commit, git, git_at};
use crate::world::{World, findings, finish, notices};

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

/// A repository with a value in a directory, one at its top and one in the history only, and a baseline of all three.
fn known() -> World {
    let world = repository();
    commit(world.path(), "sub/a.py", &line(1));
    commit(world.path(), "b.py", &line(2));
    commit(world.path(), "gone.py", &line(3));
    git(world.path(), &["rm", "-q", "gone.py"]);
    git(world.path(), &["commit", "-q", "-m", "x"]);
    world.run(&["baseline", "create"]).ends(0).says("6 entries");
    world
}

#[test]
fn pruning_a_part_took_out_what_stands_elsewhere() {
    let world = known();
    let before = world.read(".keyroll-baseline");
    let refused = |args: &[&str], why: &str| {
        let run = world.run(&[&["baseline", "prune"], args].concat()).ends(2);
        run.complains("nothing was taken out").complains(why);
        assert_eq!(world.read(".keyroll-baseline"), before, "{args:?}");
    };
    refused(&["sub"], "may hold more");
    refused(&["b.py"], "may hold more");
    world.run_in("sub", &["baseline", "prune", "-b", "../.keyroll-baseline"]).ends(2).complains("may hold more");
    world.run(&["baseline", "prune", "--no-history"]).ends(2);
    // What cannot be read may hold them.
    let object = git(world.path(), &["rev-parse", "HEAD:b.py"]);
    let object = format!(".git/objects/{}/{}", &object[..2], &object[2..]);
    let bytes = fs::read(world.at(&object)).unwrap();
    fs::remove_file(world.at(&object)).unwrap();
    world.put(&object, b"nonsense");
    refused(&[], "unreadable-object");
    fs::remove_file(world.at(&object)).unwrap();
    world.put(&object, bytes);
    // Nor does a clone without its history tell, or one that holds another repository's baseline.
    let elsewhere = World::new();
    let from = format!("file://{}", world.path().display());
    git(elsewhere.path(), &["clone", "-q", "--depth", "1", &from, "cut"]);
    git(elsewhere.path(), &["init", "-q", "other"]);
    elsewhere.put("cut/.keyroll-baseline", &before);
    elsewhere.put("other/c.py", "x = 1\n");
    elsewhere.run_in("cut", &["baseline", "prune"]).ends(2).complains("shallow-clone");
    elsewhere.run_in("other", &["baseline", "prune", "-b", "../cut/.keyroll-baseline"]).ends(2);
    assert_eq!(elsewhere.read("cut/.keyroll-baseline"), before);
    // A scan of everything tells.
    world.run(&["baseline", "prune"]).ends(0).says("took 0 entries");
    assert_eq!(world.read(".keyroll-baseline"), before);
}

#[test]
fn pruning_under_a_setting_took_out_what_the_setting_hides() {
    let world = known();
    let before = world.read(".keyroll-baseline");
    let configurations = [
        "exclude:\n  - path: sub/\n    reason: x\n".to_owned(),
        format!("rules:\n  disable: [{RULE}]\n"),
        "confidence: confirmed\nseverity: critical\n".to_owned(),
    ];
    for configuration in configurations {
        world.put(".keyroll.yml", &configuration);
        world.run(&["baseline", "prune"]).ends(0).says("took 0 entries");
        world.run(&["baseline", "prune", "--confidence", "high"]).ends(0).says("took 0 entries");
        assert_eq!(world.read(".keyroll-baseline"), before, "{configuration}");
    }
    // What is really gone goes; what only a rule that is not here would find stays.
    let text = before.replace(RULE, "rule-of-ours");
    world.put(".keyroll-baseline", text.replace("\"fingerprint\":\"", "\"fingerprint\":\"0"));
    world.run(&["baseline", "prune"]).ends(0).says("took 3 entries").complains("rule-of-ours");
    world.put(".keyroll-baseline", before.replace("\"fingerprint\":\"", "\"fingerprint\":\"0"));
    world.run(&["baseline", "prune"]).ends(0).says("took 6 entries");
}

#[test]
fn stale_entries_were_told_by_scans_of_less() {
    let world = known();
    let stale = |args: &[&str]| {
        let report = world.json(&[&["-b", ".keyroll-baseline"], args].concat());
        notices(&report, "stale-baseline").len()
    };
    let less: [&[&str]; 9] = [
        &[],
        &["--exclude", "sub"],
        &["--disable-rule", RULE],
        &["--enable-rule", "json-web-token"],
        &["--confidence", "confirmed"],
        &["--severity", "critical"],
        &["--no-history"],
        &["--branch", "HEAD"],
        &["--history-only"],
    ];
    for args in less {
        assert_eq!(stale(args), 0, "{args:?}");
    }
    let report = world.json_of("sub", &["-b", ".keyroll-baseline"]);
    assert!(notices(&report, "stale-baseline").is_empty(), "{report:#}");
    // An entry that was made at a lower confidence says so.
    let text = world.read(".keyroll-baseline");
    let weaker = text.replace("\"fingerprint\":\"", "\"confidence\":\"low\",\"fingerprint\":\"0");
    world.put(".keyroll-baseline", weaker);
    assert_eq!((stale(&[]), stale(&["--confidence", "low"])), (0, 1));
}

#[test]
fn a_baseline_that_was_just_made_had_stale_entries() {
    let world = World::new();
    // A workflow, so that checks speak, too, and a key id with its secret, which are two values of one credential.
    let id = value("aws-access-key-id", 1);
    let secret = value("aws-access-key-pair", 1);
    world.put("a.env", format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"));
    world.put("b.env", line(1));
    world.put("deploy.env", line(1));
    let workflow = "on: pull_request_target\njobs:\n  a:\n    runs-on: x\n    permissions: write-all\n    steps:\n      \
                    - uses: actions/checkout@v4\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}\n      \
                    - run: make\n        env:\n          AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n";
    world.put(".github/workflows/a.yml", workflow);
    world.run(&["baseline", "create"]).ends(0);
    assert!(world.read(".keyroll-baseline").contains("NHI"), "no check spoke");
    let report = world.run(&["scan", "-b", ".keyroll-baseline", "-f", "json"]).json();
    assert!(notices(&report, "stale-baseline").is_empty(), "{report:#}");
    let open = report["findings"].as_array().unwrap().iter().filter(|f| f["suppressed"].is_null());
    assert_eq!(open.map(|f| f["id"].clone()).collect::<Vec<_>>(), [""; 0]);
    world.run(&["baseline", "prune"]).ends(0).says("took 0 entries");
}

#[test]
fn a_first_line_hid_the_values_below_it() {
    let world = World::new();
    world.put("a.py", line(1));
    world.run(&["baseline", "create"]).ends(0);
    let text = world.read(".keyroll-baseline");
    assert!(findings(&world.json(&[]), "generic-secret").is_empty(), "its own hashes are no values");
    let password = format!("internal_api_token = \"{}\"\n", value("generic-secret", 1));
    world.put("conf.py", &password);
    assert_eq!(findings(&world.json(&[]), "generic-secret").len(), 1, "found without a first line");
    for hidden in [
        format!("{}\n{password}", text.lines().next().unwrap()),
        format!("{text}{password}"),
        format!("{text}# {password}"),
    ] {
        world.put("conf.py", &hidden);
        assert_eq!(findings(&world.json(&[]), "generic-secret").len(), 1, "{hidden}");
    }
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
fn a_weak_value_in_a_baseline_is_that_of_its_file_and_name_alone() {
    let world = World::new();
    world.put("key", "k".repeat(40));
    world.put("a/conf.env", "DB_PASSWORD=Tr0ub4dor\n");
    world.run(&["baseline", "create", "--key-file", "key"]).ends(0);
    let text = world.read(".keyroll-baseline");
    assert!(text.contains("\"path\":\"a/conf.env\"") && text.contains("\"key\":\"DB_PASSWORD\""), "{text}");
    let scan = ["scan", "-b", ".keyroll-baseline", "--key-file", "key"];
    // It may move within its file.
    world.put("a/conf.env", "X=1\n\nDB_PASSWORD=Tr0ub4dor\n");
    world.run(&scan).ends(0);
    // Elsewhere, or under another name, it is another thing, and so is another value in its place.
    for (path, line) in [
        ("b/conf.env", "DB_PASSWORD=Tr0ub4dor\n"),
        ("a/conf.env", "MAIL_PASSWORD=Tr0ub4dor\n"),
        ("a/conf.env", "DB_PASSWORD=Tr0ub4dos\n"),
    ] {
        world.put(path, line);
        world.run(&scan).ends(1);
        fs::remove_file(world.at(path)).unwrap();
    }
    // Nor are two of them one credential.
    world.put("a/conf.env", "DB_PASSWORD=Tr0ub4dor\n");
    world.put("b/conf.env", "DB_PASSWORD=Tr0ub4dor\n");
    let report = world.json(&["--key-file", "key"]);
    assert_eq!(report["credentials"].as_array().unwrap().len(), 2);
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

/// Copies of one private key that differ in line ends and indentation only. The key is an OpenSSH container of made-up bytes, whose
/// public half is told, so that its copies are one credential.
fn copies() -> [String; 3] {
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let made_up = |from: u8, count: u8| (0..count).map(|i| from ^ i.wrapping_mul(29)).collect::<Vec<u8>>();
    let public = [string(b"ssh-ed25519"), string(&made_up(7, 32))].concat();
    let private = [&[1, 2, 3, 4, 1, 2, 3, 4][..], &public, &string(&made_up(90, 64)), &string(b"")].concat();
    let head = [&b"openssh-key-v1\0"[..], &string(b"none"), &string(b"none"), &string(b""), &[0, 0, 0, 1]].concat();
    let body = data_encoding::BASE64.encode(&[head, string(&public), string(&private)].concat());
    let lines: Vec<&str> = body.as_bytes().chunks(70).map(|l| std::str::from_utf8(l).unwrap()).collect();
    let mark = |word: &str| format!("-----{word} OPENSSH PRIVATE KEY-----");
    let key = format!("{}\n{}\n{}", mark("BEGIN"), lines.join("\n"), mark("END"));
    [format!("{key}\n"), format!("{key}\n").replace('\n', "\r\n"), format!("  {}\n", key.replace('\n', "\n  "))]
}

#[test]
fn copies_of_a_key_stayed_open_after_the_first_was_judged() {
    let world = World::new();
    for (i, copy) in copies().iter().enumerate() {
        world.put(format!("{i}.pem"), copy);
    }
    // One credential of several fingerprints: what is said of one copy has to hold for the others, or there is nothing to test.
    let report = world.json(&[]);
    assert_eq!(findings(&report, "private-key-block").len(), 1, "the copies do not join: {:#}", report["findings"]);
    assert_eq!(report["exposures"].as_array().unwrap().len(), 3);
    world.pipe(b"a\nfor the demo\n", &["triage"]).ends(0).says("0 not judged");
    assert!(world.read(".keyroll-baseline").lines().count() > 2, "one spelling: nothing to test");
    let report = world.json(&["-b", ".keyroll-baseline"]);
    let open = findings(&report, "private-key-block").into_iter().filter(|f| f["suppressed"].is_null());
    assert_eq!(open.count(), 0, "{report:#}");
    world.pipe(b"", &["triage"]).ends(0).says("0 not judged");
}

#[test]
fn prune_took_out_imports_that_stand_in_ignored_files() {
    let world = repository();
    world.put(".gitignore", "local.env\n");
    commit(world.path(), "a.py", "x = 1\n");
    world.put("local.env", line(5));
    world.put(".gitleaksignore", "local.env:github-pat:1\n");
    world.run(&["import", "gitleaks", ".gitleaksignore"]).ends(0);
    let before = world.read(".keyroll-baseline");
    assert_eq!(before.lines().count(), 2, "{before}");
    // A scan that skips the file does not call the entry stale.
    let report = world.json(&["-b", ".keyroll-baseline"]);
    assert!(notices(&report, "stale-baseline").is_empty(), "{report:#}");
    world.run(&["baseline", "prune"]).ends(0).says("took 0 entries");
    assert_eq!(world.read(".keyroll-baseline"), before);
    // Once the value is gone, so is the entry.
    world.put("local.env", "x\n");
    world.run(&["baseline", "prune"]).ends(0).says("took 1 entry");
}

#[cfg(unix)]
#[test]
fn ctrl_c_at_the_question_did_nothing() {
    let world = World::new();
    world.put("1.py", line(1));
    world.put("2.py", line(2));
    let mut child = world.command(&["triage"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"f\nnot a token\n").unwrap();
    let mut shown = Vec::new();
    let out = child.stdout.as_mut().unwrap();
    while !String::from_utf8_lossy(&shown).contains("2 of 2") {
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        shown.push(byte[0]);
    }
    let began = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    // Standard input stays open: nothing else ends it.
    let run = finish(child).ends(3).says("1 in .keyroll-baseline, 1 not judged").complains("is kept");
    drop(stdin);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(run.err.lines().count() < 5 && world.read(".keyroll-baseline").contains("not a token"), "{}", run.err);
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
    run.complains("has its hash");
    assert_eq!(open(&world, &[]), ["a.py"]);
    world.run(&["import", "detect-secrets", ".gitleaksignore"]).ends(2);
}

#[test]
fn an_import_took_over_other_values_of_a_line_and_files_elsewhere() {
    let world = World::new();
    world.put("in/a.py", format!("x = '{}', '{}'\n", value(RULE, 1), value("slack-bot-token", 1)));
    world.put("in/b.py", format!("# a line more\n{}", line(2)));
    world.put("c.py", line(3));
    #[cfg(unix)]
    std::os::unix::fs::symlink(world.at("c.py"), world.at("in/d.py")).unwrap();
    let outside = world.at("c.py");
    let lines = [
        "a.py:github-pat:1".to_owned(),
        "a.py:generic-api-key:1".to_owned(),
        "a.py:jwt:1".to_owned(),
        "../c.py:github-pat:1".to_owned(),
        format!("{}:github-pat:1", outside.display()),
        "d.py:github-pat:1".to_owned(),
        "no-entry-but-a-value".to_owned(),
    ];
    world.put("in/.gitleaksignore", lines.join("\n"));
    let run = world.run_in("in", &["import", "gitleaks", ".gitleaksignore"]).ends(0).says("1 value in");
    assert!(!run.err.contains("no-entry-but-a-value"), "{}", run.err);
    let run = run.complains("generic-api-key:1: several values").complains("jwt:1: another value").complains("line 7");
    assert_eq!(run.err.matches("outside of this directory").count(), if cfg!(unix) { 3 } else { 2 }, "{}", run.err);
    assert_eq!(world.read("in/.keyroll-baseline").lines().count(), 2);
    // A line that moved: the hash says which value was meant.
    let hash: String = Sha1::digest(value(RULE, 2).as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let entry = format!(r#"[{{"type":"GitHub Token","hashed_secret":"{hash}","line_number":1}}]"#);
    world.put("in/.secrets.baseline", format!(r#"{{"results":{{"b.py":{entry},"../c.py":{entry}}}}}"#));
    let run = world.run_in("in", &["import", "detect-secrets", ".secrets.baseline"]).ends(0).says("1 value in");
    run.complains("outside of this directory");
}

#[test]
fn an_import_showed_expressions_and_passed_over_keys() {
    let world = World::new();
    world.put(
        ".gitleaks.toml",
        "title = 'x'\nunheard = 1\n[extend]\npath = 'base.toml'\n[[allowlists]]\ndescription = 'd'\n\
         regexTarget = 'line'\nregexes = ['''hunter2''', '']\nother = 'x'\n[[allowlists]]\n\
         regexes = ['''hunter3(''']\nstopwords = 'hunter4'\n[[rules]]\nid = 'jwt'\nentropy = 3.5\n\
         [[rules.allowlists]]\nregexes = ['''^eyJ''']\n[[rules]]\nid = 'private-key'\n\
         [[rules.allowlists]]\npaths = ['''^docs/''']\n",
    );
    let run = world.run(&["import", "gitleaks", ".gitleaks.toml"]).ends(0);
    assert!(!run.err.contains("hunter"), "{}", run.err);
    let told = [
        "unheard",
        "extend.path",
        "allowlists[0].regexes[0]",
        "allowlists[0].regexes[1]",
        "allowlists[0].other",
        "allowlists[1].regexes[0]",
        "allowlists[1].stopwords",
        "rules[0].entropy",
    ];
    for place in told {
        assert!(run.err.contains(&format!("{place}: ")), "{place}: {}", run.err);
    }
    assert!(run.out.contains("json-web-token") && run.out.contains("private-key-block"), "{}", run.out);
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
    assert_eq!(run.out.matches("ghp_x").count(), 1, "once: {}", run.out);
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

#[test]
fn an_import_of_something_else_is_refused_with_what_was_expected_and_writes_nothing() {
    let world = World::new();
    fs::create_dir(world.at("folder")).unwrap();
    for (name, text) in [
        ("junk", &b"hello there\n"[..]),
        ("bytes", b"\xff\xfe\0\x80"),
        ("empty", b""),
        ("blank", b" \n\n"),
        ("empty.toml", b""),
        ("Cargo.toml", b"[package]\nname = 'x'\n"),
        ("report.json", b"[{\"RuleID\": \"jwt\", \"StartLine\": 1}]\n"),
        ("other.json", b"{\"version\": \"1\", \"results\": {\"a.py\": [{\"line\": 1}]}}\n"),
        ("none.json", b"{\"results\": {}}\n"),
        ("times.log", b"2026-01-01 10:20:30\n"),
    ] {
        world.put(name, text);
    }
    for name in ["junk", "bytes", "empty", "blank", "empty.toml", "Cargo.toml", "report.json", "times.log", "folder"] {
        let run = world.run(&["import", "gitleaks", name]).ends(2).complains(&format!("{name}: "));
        let run = run.complains("expected a .gitleaks.toml").complains("or a .gitleaksignore");
        assert!(run.out.is_empty() && run.err.lines().count() == 1, "{}{}", run.out, run.err);
    }
    for name in ["junk", "bytes", "empty", "blank", "report.json", "other.json", "none.json", "folder"] {
        let run = world.run(&["import", "detect-secrets", name]).ends(2).complains(&format!("{name}: "));
        assert!(run.complains("expected a .secrets.baseline").out.is_empty());
    }
    assert!(!world.at(".keyroll-baseline").exists());
    // One of a repository without secrets, and one in which everything is commented out, are what they say.
    world.put("clean.json", "{\"version\": \"1.5.0\", \"plugins_used\": [], \"results\": {}}\n");
    world.run(&["import", "detect-secrets", "clean.json"]).ends(0).says("0 values");
    world.put(".gitleaksignore", "# a.py:jwt:1\n");
    world.run(&["import", "gitleaks", ".gitleaksignore"]).ends(0).says("0 values");
}
