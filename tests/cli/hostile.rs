//! Inputs that were made to harm: nesting, sizes, links, cuts. Every run ends in time (the world's cap), without a panic,
//! and shows nothing that acts on a screen.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use keyroll::rules::example;
use serde_json::{Value, json};

use crate::fixture::{expand, value};
use crate::git::{git, git_reading};
use crate::world::{AS_OF, Run, World, findings, finish, list, notices, only, places};

const RULE: &str = "github-pat-classic";

fn env(seed: u64) -> String {
    format!("GH_TOKEN={}\n", value(RULE, seed))
}

/// Characters that a terminal obeys or that reorder text.
pub fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
pub fn assert_inert(what: &str, text: &str, harmful: fn(char) -> bool) {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| harmful(*c)) {
        let from = text.char_indices().map(|(i, _)| i).rfind(|i| *i + 60 < at).unwrap_or(0);
        panic!("{what} holds {c:?} in {:?}", &text[from..at]);
    }
}

/// Asserts how a run ended and that people can look at what it printed: nothing in it is invisible, either.
#[track_caller]
pub fn assert_survived(what: &str, run: &Run) {
    assert!((0..=3).contains(&run.code), "{what} ends with {}: {}", run.code, run.err);
    for text in [&run.out, &run.err] {
        assert_inert(what, text, |c| acts(c) || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}'));
    }
}

/// Scans with every output, asserts that all are inert, and gives the JSON report.
#[track_caller]
pub fn survives(world: &World) -> Value {
    let beside = World::new();
    let (json, sarif) =
        (format!("json={}", beside.at("o.json").display()), format!("sarif={}", beside.at("o.sarif").display()));
    let args = ["scan", ".", "-v", "--confidence", "low", "--sarif-suppressed", "--as-of", AS_OF, "-f", "table"];
    let run = world.run(&[&args[..], &["-f", &json, "-f", &sarif]].concat());
    assert_survived("the scan", &run);
    assert_ne!(run.code, 2, "{}", run.err);
    let (json, sarif) = (beside.read("o.json"), beside.read("o.sarif"));
    assert_inert("json", &json, acts);
    assert_inert("sarif", &sarif, acts);
    assert_eq!(serde_json::from_str::<Value>(&sarif).unwrap()["version"], "2.1.0");
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(notices(&report, "internal-error"), [] as [&Value; 0], "a reader panicked");
    report
}

/// One file that is survived, its findings explained, too.
#[track_caller]
fn survives_file(path: &str, text: impl AsRef<[u8]>) -> Value {
    let world = World::with(path, text);
    assert_survived("explain", &world.run(&["explain", path]));
    survives(&world)
}

// --- sizes --------------------------------------------------------------------------------------------------------

#[test]
fn a_hundred_thousand_keyword_lines_are_no_trouble() {
    survives_file("a.env", "password = \n".repeat(100_000));
    survives_file("a.yml", "token:\n".repeat(100_000));
    let mut text = String::new();
    for i in 0..100_000 {
        writeln!(text, "api_key_{i} = ${{API_KEY_{i}}}").unwrap();
    }
    survives_file("a.env", text);
}

#[test]
fn more_credentials_than_are_kept_are_a_gap() {
    let mut text = String::new();
    for i in 0..30_000 {
        writeln!(text, "password_{i} = k3J9fQ{i}aZ7xL").unwrap();
    }
    let report = survives_file("a.env", text);
    assert_eq!(notices(&report, "too-many-matches")[0]["kind"], "gap");
    assert!(list(&report, "findings").len() >= 1000);
}

#[test]
fn beginnings_without_an_end_cost_no_more_than_their_length() {
    for piece in [
        "password=",
        "pwd=",
        "password=a",
        "password(",
        "\"password\":",
        "password: \"",
        "aws_secret=",
        "Bearer ",
        "eyJ.",
        "eyJhbGciOiJIUzI1NiJ9.",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "-----BEGIN ",
        "://",
        "https://user:",
        "a://b:c@",
        "{\"type\":\"service_account\",",
        "{\"kty\":\"RSA\",",
        "ENC[AES256_GCM,data:",
        "encryptedData:\n  a: Ag",
        "${",
        "\"",
        "{{",
        "AKIA",
        "<!--",
        "\\\"",
        "\\u",
        "%25",
    ] {
        survives_file("a.txt", piece.repeat(300_000 / piece.len()));
    }
}

#[test]
fn five_megabytes_of_base64_or_hex_on_a_line_are_no_trouble() {
    let encoded = crate::redaction::random(1, 8000).repeat(640);
    let token = value(RULE, 1);
    let report = survives_file("a.txt", format!("{encoded}\n{token}\n{encoded}"));
    assert_eq!(places(only(&report, RULE)), ["a.txt:2:1-2:41"]);
    survives_file("a.json", format!("{{\"data\": \"{encoded}\"}}"));
    survives_file("a.txt", "0123456789abcdef".repeat(320_000));
}

#[test]
fn thousands_of_tokens_on_one_line_of_wide_characters_are_placed_in_time() {
    let mut text = String::new();
    for i in 0..5000 {
        text.push_str(&"日本語".repeat(100));
        text.push_str(&example::expand(" ghp_{base62:30}{crc32b62} ", i).unwrap());
    }
    let report = survives_file("a.txt", text);
    assert_eq!(findings(&report, RULE).len(), 5000);
}

// --- depth --------------------------------------------------------------------------------------------------------

const WORKFLOW: &str = ".github/workflows/ci.yml";

#[test]
fn deep_nesting_is_a_gap_and_no_overflow() {
    let blocks: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i + 1))).collect();
    for text in [
        format!("on: push\njobs: {}", "[".repeat(200_000)),
        format!("on: push\njobs: {}", "{a: ".repeat(100_000)),
        format!("on: push\njobs:\n  {}", "- ".repeat(100_000)),
        format!("on: push\njobs:\n{blocks}"),
        format!("on: push\njobs: {}{}", "[".repeat(50_000), "]".repeat(50_000)),
    ] {
        let report = survives_file(WORKFLOW, text);
        assert_eq!(notices(&report, "malformed").len(), 1, "{:#}", report["notices"]);
    }
    for inner in ["[", "{\"a\":"] {
        let report = survives_file("keys.json", format!("{{\"AccessKeyMetadata\": {}", inner.repeat(300_000)));
        assert_eq!(notices(&report, "malformed").len(), 1, "{:#}", report["notices"]);
    }
    let closed = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    survives_file("x.json", format!("{{\"UserDetailList\": [{closed}], \"RoleDetailList\": []}}"));
}

#[test]
fn deep_nesting_hides_no_token_that_stands_in_the_text() {
    let report = survives_file(WORKFLOW, format!("{}on: push\njobs: {}", env(1), "[".repeat(100_000)));
    only(&report, RULE);
}

#[test]
fn aliases_that_multiply_are_a_gap_and_take_no_memory() {
    let mut bomb = "on: push\na0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    let mut merges = "on: push\na0: &a0 {x: 1}\n".to_owned();
    for i in 1..30 {
        let all = vec![format!("*a{}", i - 1); 9].join(",");
        writeln!(bomb, "a{i}: &a{i} [{all}]").unwrap();
        writeln!(merges, "a{i}: &a{i} {{<<: [*a{0},*a{0}], k{i}: *a{0}}}", i - 1).unwrap();
    }
    for text in [bomb + "jobs: *a29\n", merges + "jobs: *a29\n", "on: push\njobs: &a\n  x: *a\n".to_owned()] {
        let report = survives_file(WORKFLOW, text);
        assert_eq!(notices(&report, "malformed").len(), 1, "{:#}", report["notices"]);
    }
}

#[test]
fn directories_may_be_nested_deeply() {
    let world = World::new();
    world.put(format!("{}a.env", "d/".repeat(1000)), env(1));
    assert_eq!(places(only(&survives(&world), RULE)).len(), 1);
}

// --- links and what is no file ------------------------------------------------------------------------------------

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_loops_end() {
    use std::os::unix::fs::symlink;
    let (world, outside) = (World::with("a/app.env", env(1)), World::with("other.env", env(2)));
    for (to, link) in [
        ("..", "a/up"),
        ("self", "self"),
        ("b", "c"),
        ("c", "b"),
        ("/nowhere", "d"),
        ("/dev/zero", "e.env"),
        ("a/app.env", "copy.env"),
    ] {
        symlink(to, world.at(link)).unwrap();
    }
    symlink(outside.path(), world.at("out")).unwrap();
    let report = survives(&world);
    assert_eq!(places(only(&report, RULE)), ["a/app.env:1:10-1:50"]);
    assert_eq!(report["coverage"]["skipped"]["symlink"], 8);
}

#[cfg(unix)]
#[test]
fn a_pipe_or_device_in_the_place_of_a_file_does_not_stop_the_scan() {
    use std::os::unix::fs::symlink;
    let fifo = |world: &World, path: &str| {
        let made = std::process::Command::new("mkfifo").arg(world.at(path)).status().unwrap();
        assert!(made.success());
    };
    for (special, repository) in
        [("pipe.env", false), (".git", false), ("sub/.git", false), (".gitignore", true), ("sub/.gitignore", true)]
    {
        let world = World::with("sub/app.env", env(1));
        if repository {
            world.init("");
        }
        fifo(&world, special);
        only(&survives(&world), RULE);
    }
    for (link, repository) in [(".gitignore", true), ("sub/.gitignore", true), (".git", false), ("sub/.git", false)] {
        let world = World::with("sub/app.env", env(1));
        if repository {
            world.init("");
        }
        symlink("/dev/zero", world.at(link)).unwrap();
        only(&survives(&world), RULE);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_ignore_file_hides_nothing() {
    let world = World::with("app.env", env(1));
    world.init("");
    world.put("rules.txt", "app.env\n");
    std::os::unix::fs::symlink("rules.txt", world.at(".gitignore")).unwrap();
    only(&survives(&world), RULE);
}

#[test]
fn a_git_file_that_points_nowhere_does_not_stop_the_scan() {
    for text in [
        "gitdir: /nowhere/at/all\n",
        "gitdir: .git\n",
        "gitdir: \n",
        "gitdir: ../../../../../../etc\n",
        "",
        "\0\0\0",
        "gitdir: \u{1b}[31m\n",
    ] {
        let world = World::with("app.env", env(1));
        world.put("sub/other.env", env(2));
        world.put(".git", text);
        world.put("sub/.git", text);
        assert_eq!(findings(&survives(&world), RULE).len(), 2, "{text:?}");
    }
}

#[test]
fn an_index_that_cannot_be_read_is_a_gap() {
    let world = World::with("kept.env", env(1));
    let repository = world.init("");
    world.commit(&repository, &["kept.env"]);
    world.put(".gitignore", "*.env\n");
    world.put("plain.txt", "nothing\n");
    assert_eq!(findings(&survives(&world), RULE).len(), 1, "a tracked file is scanned although it is ignored");
    world.put(".git/index", "no index");
    let report = survives(&world);
    assert!(list(&report, "notices").iter().any(|n| n["kind"] == "gap"), "{:#}", report["notices"]);
    assert_eq!(report["incomplete"], true);
}

// --- exports that are cut off -------------------------------------------------------------------------------------

fn fixture(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    expand(&std::fs::read_to_string(format!("{root}/tests/fixtures/formats/{path}")).unwrap())
}

#[test]
fn exports_cut_off_anywhere_are_gaps_and_not_panics() {
    for path in ["aws-access-keys/one-page/input.json", "aws-authorization-details/one-page/input.json"] {
        let whole = fixture(path);
        let whole = whole.trim_end();
        let world = World::new();
        let cuts: Vec<usize> = (1..60).map(|i| whole.len() * i / 60).filter(|c| *c > 40).collect();
        for cut in &cuts {
            world.put(format!("{cut}.json"), &whole[..*cut]);
        }
        let report = survives(&world);
        let silent: Vec<&usize> = cuts
            .iter()
            .filter(|cut| !list(&report, "notices").iter().any(|n| n["path"] == format!("{cut}.json")))
            .collect();
        assert!(silent.is_empty(), "{path} cut at {silent:?} is not told");
        assert_eq!(report["incomplete"], true);
    }
}

#[test]
fn reports_and_workflows_cut_off_anywhere_do_not_stop_the_scan() {
    for (path, name) in [
        ("aws-credential-report/csv-22-columns/input.csv", "csv"),
        ("aws-credential-report/envelope-base64/input.json", "json"),
        ("github-actions/static-aws/workflow.yml", "yml"),
    ] {
        let whole = fixture(path);
        let world = World::new();
        for i in 1..100 {
            let mut cut = whole.len() * i / 100;
            while !whole.is_char_boundary(cut) {
                cut += 1;
            }
            world.put(format!(".github/workflows/{i}.{name}"), &whole[..cut]);
        }
        world.put("a.env", env(1));
        only(&survives(&world), RULE);
    }
}

#[test]
fn numbers_and_dates_beyond_the_calendar_do_not_stop_the_scan() {
    let key = value("aws-access-key-id", 1);
    let row = |date: &str| json!({"UserName": "u", "AccessKeyId": key, "Status": "Active", "CreateDate": date});
    let dates = [
        "9999-99-99",
        "-9999-01-01T00:00:00Z",
        "99999999999999999999",
        "",
        "0000-00-00",
        "2020-02-30T25:61:61Z",
        "NaN",
    ];
    let rows: Vec<Value> = dates.iter().map(|d| row(d)).collect();
    survives_file("keys.json", json!({ "AccessKeyMetadata": rows }).to_string());
    for exp in ["1e400", "-1e18", "9223372036854775807", "\"soon\"", "[]", "1e308", "-9223372036854775808"] {
        let claims = format!(r#"{{"iss":"x","sub":"y","iat":{exp},"exp":{exp}}}"#);
        survives_file("a.env", format!("T={}\n", example::expand(&format!("{{jwt:{claims}}}"), 1).unwrap()));
    }
}

// --- trees that name each other -----------------------------------------------------------------------------------

/// A tree of these entries.
fn mktree(at: &Path, entries: &[(&str, &str, &str)]) -> String {
    let line = |(kind, id, name): &(&str, &str, &str)| {
        let mode = if *kind == "tree" { "040000" } else { "100644" };
        format!("{mode} {kind} {id}\t{name}\n")
    };
    git_reading(at, entries.iter().map(line).collect::<String>().as_bytes(), &["mktree"])
}

/// A tree that names the same tree ten times, twenty deep: 10²⁰ paths to what lies at its end.
fn bomb(at: &Path, end: &str) -> String {
    const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    (0..20).fold(end.to_owned(), |tree, _| mktree(at, &NAMES.map(|name| ("tree", tree.as_str(), name))))
}

fn blob(at: &Path, text: &str) -> String {
    git_reading(at, text.as_bytes(), &["hash-object", "-w", "--stdin"])
}

fn commit_tree(at: &Path, tree: &str, parents: &[&str]) -> String {
    let parents = parents.iter().flat_map(|p| ["-p", p]);
    git(at, &["commit-tree", tree, "-m", "x"].into_iter().chain(parents).collect::<Vec<_>>())
}

/// Runs within three gigabytes of address space.
fn bounded(world: &World, args: &[&str]) -> Run {
    let mut command = world.command::<&str>(&[]);
    let limited = "ulimit -v 3000000 && exec \"$0\" \"$@\"";
    let mut limit = std::process::Command::new("/bin/sh");
    limit.args(["-c", limited, env!("CARGO_BIN_EXE_keyroll")]).args(args).current_dir(world.path());
    limit.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    command = limit;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().unwrap())
}

/// Scans with these arguments, and asserts that the cut is told and what is found all the same.
#[track_caller]
fn is_told(world: &World, args: &[&str], found: usize) -> Value {
    let args: Vec<&str> =
        ["scan", ".", "--exit-zero", "-f", "json", "--as-of", AS_OF].iter().chain(args).copied().collect();
    let report = bounded(world, &args).ends(3).json();
    let told = notices(&report, "too-many-paths");
    assert!(told.len() == 1 && told[0]["kind"] == "gap", "{:#}", report["notices"]);
    assert_eq!(findings(&report, RULE).len(), found, "{:#}", report["notices"]);
    report
}

#[cfg(unix)]
#[test]
fn trees_that_name_each_other_were_walked_without_end() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let base = commit_tree(at, &mktree(at, &[("blob", &blob(at, "x\n"), "x")]), &[]);
    let token = blob(at, &env(1));
    let end = mktree(at, &[("blob", &token, "app.env")]);
    let tree = bomb(at, &end);
    let with = commit_tree(at, &tree, &[&base]);
    let plain = mktree(at, &[("blob", &blob(at, &env(2)), "new.env")]);
    let without = commit_tree(at, &plain, &[&with]);
    git(at, &["update-ref", "refs/heads/main", &without]);
    let report = is_told(&world, &["--history-only"], 2);
    let told = notices(&report, "too-many-paths")[0]["message"].as_str().unwrap();
    assert!(told.contains("the same trees again and again") && told.contains("places were left out"), "{told}");
    let range = format!("{base}..{with}");
    let report = is_told(&world, &["--range", &range], 1);
    // The same, whatever the number of threads and wherever the objects lie.
    git(at, &["repack", "-q", "-a", "-d"]);
    let other = is_told(&world, &["--range", &range, "--jobs", "1"], 1);
    assert_eq!(report["notices"], other["notices"]);
    assert_eq!(report["findings"], other["findings"]);
    // What went away is walked, too.
    is_told(&world, &["--range", &format!("{with}..{without}")], 1);
    // Against HEAD's tree the index is compared.
    git(at, &["update-ref", "refs/heads/main", &with]);
    world.put("new.env", env(3));
    git(at, &["add", "new.env"]);
    is_told(&world, &["--staged"], 1);
}

#[cfg(unix)]
#[test]
fn trees_without_any_file_were_walked_without_end() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let base = commit_tree(at, &mktree(at, &[("blob", &blob(at, &env(1)), "a.env")]), &[]);
    let tree = bomb(at, &mktree(at, &[]));
    let with = commit_tree(at, &tree, &[&base]);
    let without = commit_tree(at, &mktree(at, &[("blob", &blob(at, &env(2)), "b.env")]), &[&with]);
    git(at, &["update-ref", "refs/heads/main", &without]);
    // Trees that lead nowhere are not gone into at all.
    let run = bounded(&world, &["scan", ".", "--history-only", "-f", "json", "--as-of", AS_OF]).ends(1);
    assert_eq!(notices(&run.json(), "too-many-paths").len(), 0);
    is_told(&world, &["--range", &format!("{base}..{with}")], 0);
    is_told(&world, &["--range", &format!("{with}..{without}")], 1);
}

#[cfg(unix)]
#[test]
fn a_bomb_in_every_commit_cost_as_much_again() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let base = commit_tree(at, &mktree(at, &[("blob", &blob(at, "x\n"), "x")]), &[]);
    let mut tip = base.clone();
    for seed in 0..200 {
        let end = mktree(at, &[("blob", &blob(at, &env(seed % 3 + 1)), &format!("{seed}.env"))]);
        let tree = bomb(at, &end);
        tip = commit_tree(at, &tree, &[&tip]);
    }
    git(at, &["update-ref", "refs/heads/main", &tip]);
    git(at, &["repack", "-q", "-a", "-d"]);
    is_told(&world, &["--range", &format!("{base}..{tip}")], 3);
    is_told(&world, &["--history-only"], 3);
}

#[cfg(unix)]
#[test]
fn many_values_in_a_file_of_many_names_filled_the_memory() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let text: String = (0..500).map(|i| example::expand("t = ghp_{base62:30}{crc32b62}\n", i).unwrap()).collect();
    let blob = blob(at, &text);
    let names: Vec<String> = (0..20_000).map(|i| format!("{i:05}.env")).collect();
    let entries: Vec<(&str, &str, &str)> = names.iter().map(|n| ("blob", blob.as_str(), n.as_str())).collect();
    let base = commit_tree(at, &mktree(at, &[]), &[]);
    let tip = commit_tree(at, &mktree(at, &entries), &[&base]);
    git(at, &["update-ref", "refs/heads/main", &tip]);
    is_told(&world, &["--history-only"], 500);
    is_told(&world, &["--range", &format!("{base}..{tip}")], 500);
}

#[cfg(unix)]
#[test]
fn names_of_a_large_directory_were_compared_each_with_each() {
    let world = World::new();
    let at = world.path();
    git(at, &["init", "-q"]);
    let (old, new) = (blob(at, "x\n"), blob(at, &env(1)));
    let names: Vec<String> = (0..150_000).map(|i| format!("{i:06}.env")).collect();
    let tree = |last: &str| {
        let mut entries: Vec<_> = names.iter().map(|n| ("blob", old.as_str(), n.as_str())).collect();
        entries.last_mut().unwrap().1 = last;
        mktree(at, &entries)
    };
    let base = commit_tree(at, &tree(&old), &[]);
    let tip = commit_tree(at, &tree(&new), &[&base]);
    git(at, &["update-ref", "refs/heads/main", &tip]);
    let range = format!("{base}..{tip}");
    let run = bounded(&world, &["scan", ".", "--range", &range, "-f", "json", "--as-of", AS_OF]).ends(1);
    assert_eq!(places(only(&run.json(), RULE)), ["149999.env:1:10-1:50"]);
}
