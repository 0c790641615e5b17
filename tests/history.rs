//! The claims behind the scan of histories: every object is read as git has it, and looking only at what is new finds what
//! scanning every version whole would find.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/fixture.rs"]
mod fixture;
#[path = "common/git.rs"]
mod git;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use keyroll::detect::{Detected, Engine, Hits, Scratch, Sieve};
use keyroll::model::{Confidence, PathClass, Stretch};
use keyroll::rules;
use keyroll::source::git::Kind;
use keyroll::source::git::objects::{Item, Objects, Sweep};
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use git::{git, git_at};

fn engine() -> Engine {
    Engine::new(Cow::Borrowed(rules::built_in()), Vec::new())
}

/// A generator of numbers that is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Lines of which some hold a value, some a part of one, some a word that begins one.
fn lines() -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let wanted = |id: &str| {
        ["github", "aws", "slack", "generic", "url", "private", "google", "stripe", "postgres", "azure", "json"]
            .iter()
            .any(|p| id.starts_with(p))
    };
    for rule in rules::built_in().iter().filter(|r| wanted(&r.id)) {
        for (i, example) in rule.examples.iter().take(2).enumerate() {
            let text = rules::example::expand(example, 3 + i as u64).unwrap();
            all.extend(text.lines().map(str::to_owned));
        }
    }
    all.extend(
        ["password = ", "api_key: \"", "\"", "}", "{", "# token", "let x = 1;", "", "https://user:", "@host/"]
            .map(str::to_owned),
    );
    all
}

/// The parts of a text that was edited: a common beginning and end, and what is between.
fn edit(old: &[u8], new: &[u8], extra: usize) -> Vec<Stretch> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count().saturating_sub(extra);
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let mut parts = Vec::new();
    let mut add = |to: usize, len: usize, from: Option<usize>| {
        if len > 0 {
            parts.push(Stretch { to, len, from });
        }
    };
    add(0, head, Some(0));
    add(head, new.len() - head - tail, None);
    add(new.len() - tail, tail, Some(old.len() - tail));
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    /// A chain of edits, each told only what changed: it must never call cold what a look at the whole text calls hot.
    #[test]
    fn what_changed_tells_as_much_as_the_whole(seed in any::<u64>(), gate in 0..3u8) {
        let lines = lines();
        let engine = engine();
        let gate = [Confidence::Low, Confidence::Medium, Confidence::High][usize::from(gate)];
        let sieve = Sieve::new(&engine, gate);
        let mut dice = Dice(seed);
        let mut scratch = Scratch::default();
        let mut text: Vec<String> = (0..40).map(|_| lines[dice.roll(lines.len())].clone()).collect();
        let mut old = text.join("\n").into_bytes();
        let mut hits: Hits = sieve.whole(&mut scratch, &old);
        for _ in 0..12 {
            let at = dice.roll(text.len() + 1);
            match dice.roll(4) {
                0 => text.insert(at, lines[dice.roll(lines.len())].clone()),
                1 if at < text.len() => { text.remove(at); }
                // Cut a line in two, or join two: values come and go in the middle.
                2 if at < text.len() => {
                    let cut = dice.roll(text[at].len() + 1);
                    let cut = (0..=cut).rev().find(|i| text[at].is_char_boundary(*i)).unwrap();
                    let rest = text[at].split_off(cut);
                    text.insert(at + 1, rest);
                }
                _ if at + 1 < text.len() => { let next = text.remove(at + 1); text[at].push_str(&next); }
                _ => {}
            }
            let new = text.join("\n").into_bytes();
            let parts = edit(&old, &new, dice.roll(30));
            hits = sieve.changed(&mut scratch, &new, &parts, &hits, old.len());
            let whole = sieve.whole(&mut scratch, &new);
            prop_assert!(!whole.is_hot() || hits.is_hot(), "cold after an edit");
            // What the sieve points to is all that a scan finds.
            let class = PathClass::default();
            let shown = |found: Detected| {
                let all = found.candidates.into_iter().filter(|c| c.confidence >= gate);
                all.map(|c| (c.rule, c.span, c.extent, c.confidence, c.key_name, c.parts.len())).collect::<Vec<_>>()
            };
            let all = shown(engine.scan(&mut scratch, &new, &class, &|_| true, false));
            for hits in [&hits, &whole] {
                let keywords = sieve.places(hits);
                prop_assert_eq!(&all, &shown(engine.scan_at(&mut scratch, &new, &keywords, &class, &|_| true)));
            }
            old = new;
        }
    }
}

#[test]
fn a_sieve_that_forgets_the_edges_is_noticed() {
    // The seeded mistake: the new bytes are hidden from the sieve, as a margin that is too short would.
    let engine = engine();
    let sieve = Sieve::new(&engine, Confidence::Medium);
    let mut scratch = Scratch::default();
    let token = fixture::value("github-pat-classic", 1);
    let (old, new) = (format!("a\n{}\nb", &token[..30]), format!("a\n{token}\nb"));
    let base = sieve.whole(&mut scratch, old.as_bytes());
    let right = edit(old.as_bytes(), new.as_bytes(), 0);
    assert!(sieve.changed(&mut scratch, new.as_bytes(), &right, &base, old.len()).is_hot());
    let wrong = [Stretch { to: 0, len: new.len(), from: Some(0) }];
    assert!(!sieve.changed(&mut scratch, new.as_bytes(), &wrong, &base, new.len()).is_hot());
}

/// Edits files at random and commits; values come, move, change and go.
fn write_history(at: &Path, commits: usize, seed: u64) {
    let lines = lines();
    let mut dice = Dice(seed);
    git(at, &["init", "-q"]);
    let names = ["a.py", "src/b.yml", "src/c.json", "tests/d.py", "docs/e.md", "package-lock.json", "f.env"];
    let mut files: Vec<Vec<String>> =
        names.iter().map(|_| (0..60).map(|_| lines[dice.roll(lines.len())].clone()).collect()).collect();
    for n in 0..commits {
        for _ in 0..3 {
            let i = dice.roll(names.len());
            let line = lines[dice.roll(lines.len())].clone();
            let at = dice.roll(files[i].len());
            match dice.roll(3) {
                0 => files[i].insert(at, line),
                1 => files[i][at] = line,
                _ if files[i].len() > 20 => _ = files[i].remove(at),
                _ => {}
            }
        }
        for (name, text) in names.iter().zip(&files) {
            let path = at.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.join("\n") + "\n").unwrap();
        }
        let time = 1_700_000_000 + n as i64 * 60;
        git_at(at, time, &["add", "."]);
        git_at(at, time, &["commit", "-q", "--allow-empty", "-m", "x"]);
    }
}

/// Rules whose value joins another one's id when both were seen side by side.
fn id_of_pair(rule: &str) -> bool {
    rules::built_in()
        .iter()
        .find(|r| r.id == rule)
        .is_none_or(|r| r.pair.is_some() || !r.validate.is_empty() || r.id == "generic-secret")
}

/// `path` and value of everything that a scan shows.
fn seen(at: &Path, args: &[&str]) -> BTreeSet<(String, String)> {
    let run = Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["scan", ".", "-f", "json", "--show-secrets", "--no-config", "--as-of", "2026-01-01", "-q"])
        .args(args)
        .current_dir(at)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let mut all = BTreeSet::new();
    let previews: std::collections::BTreeMap<&str, &str> = report["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| Some((c["id"].as_str()?, c["preview"].as_str()?)))
        .collect();
    for exposure in report["exposures"].as_array().unwrap() {
        let id = exposure["credential"].as_str().unwrap();
        // A credential with an id of the provider's own may have several values, of which one is shown: there the rule counts.
        let by_value = id.starts_with("secret:") && !id_of_pair(exposure["rule"].as_str().unwrap());
        let value = if by_value { previews[id] } else { exposure["rule"].as_str().unwrap() };
        all.insert((exposure["location"]["path"].as_str().unwrap().to_owned(), value.to_owned()));
    }
    all
}

#[test]
fn the_history_has_what_every_version_has() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("r");
    std::fs::create_dir(&at).unwrap();
    write_history(&at, 40, 7);
    // The oracle: every version checked out and scanned by itself.
    let mut expected = BTreeSet::new();
    let ids = git(&at, &["rev-list", "--all"]);
    for id in ids.lines() {
        let out = dir.path().join("out");
        std::fs::create_dir_all(&out).unwrap();
        git(&at, &["--work-tree", out.to_str().unwrap(), "checkout", "-q", "-f", id, "--", "."]);
        expected.extend(seen(&out, &["--no-history"]));
        std::fs::remove_dir_all(&out).unwrap();
    }
    git(&at, &["reset", "-q", "--hard"]);
    assert!(expected.len() > 100, "the history holds something: {}", expected.len());
    for pack in [false, true] {
        if pack {
            git(&at, &["repack", "-q", "-a", "-d", "-f", "--depth=50"]);
        }
        let got = seen(&at, &["--history-only"]);
        let missing: Vec<_> = expected.difference(&got).collect();
        let more: Vec<_> = got.difference(&expected).collect();
        assert!(missing.is_empty() && more.is_empty(), "packed {pack}: missing {missing:#?}, more {more:#?}");
    }
}

#[test]
fn objects_are_what_their_ids_say() {
    for format in ["sha1", "sha256"] {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "-q", &format!("--object-format={format}")]);
        write_history(dir.path(), 20, 11);
        git(dir.path(), &["tag", "-a", "v1", "-m", "one"]);
        let names = ["loose", "packed", "packed with deltas named by id"];
        for (round, name) in names.iter().enumerate() {
            if round == 1 {
                git(dir.path(), &["repack", "-q", "-a", "-d", "-f"]);
            } else if round == 2 {
                git(dir.path(), &["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d", "-f"]);
            }
            let hash_len = if format == "sha1" { 20 } else { 32 };
            let objects = Objects::open(&dir.path().join(".git/objects"), hash_len, 64 << 20);
            assert!(objects.problems.is_empty(), "{:?}", objects.problems);
            let mut all: BTreeSet<String> = BTreeSet::new();
            for (kind, word) in
                [(Kind::Commit, "commit"), (Kind::Tree, "tree"), (Kind::Blob, "blob"), (Kind::Tag, "tag")]
            {
                let met: Mutex<Vec<String>> = Mutex::default();
                let stop = AtomicBool::new(false);
                let sweep = Sweep { kind, stop: &stop, skip: &|_| false };
                let unread = objects.sweep(&sweep, &|item: Item<'_, ()>| {
                    let mut bytes = format!("{word} {}\0", item.bytes.len()).into_bytes();
                    bytes.extend_from_slice(item.bytes);
                    let digest =
                        if hash_len == 20 { Sha1::digest(&bytes).to_vec() } else { Sha256::digest(&bytes).to_vec() };
                    assert_eq!(item.id, digest, "{format}, {name}");
                    // The same through its id.
                    let read =
                        objects.read(&mut keyroll::source::git::pack::Scratch::default(), item.id).unwrap().unwrap();
                    assert_eq!((read.0, read.1.as_slice()), (kind, item.bytes));
                    met.lock().unwrap().push(digest.iter().map(|b| format!("{b:02x}")).collect());
                });
                assert!(unread.is_empty(), "{unread:?}");
                all.extend(met.into_inner().unwrap());
            }
            let theirs = git(dir.path(), &["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
            assert_eq!(all, theirs.lines().map(str::to_owned).collect(), "{format}, {name}");
        }
    }
}

#[test]
fn a_cache_changes_nothing_but_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("r");
    std::fs::create_dir(&at).unwrap();
    write_history(&at, 15, 5);
    git(&at, &["repack", "-q", "-a", "-d"]);
    let cache = dir.path().join("cache");
    let with = ["--history-only", "--cache", cache.to_str().unwrap()];
    let plain = seen(&at, &["--history-only"]);
    assert_eq!(seen(&at, &with), plain);
    assert_eq!(seen(&at, &with), plain, "from the cache");
    // New commits, and one that goes back to an old version.
    git(&at, &["checkout", "-q", "HEAD~9", "--", "."]);
    git(&at, &["commit", "-q", "-m", "back"]);
    std::fs::write(at.join("new.py"), format!("t = '{}'\n", fixture::value("github-pat-classic", 9))).unwrap();
    git(&at, &["add", "."]);
    git(&at, &["commit", "-q", "-m", "new"]);
    assert_eq!(seen(&at, &with), seen(&at, &["--history-only"]));
    // No value stands in it, and a damaged one is made anew.
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    let token = fixture::value("github-pat-classic", 9);
    assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()));
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(seen(&at, &with), seen(&at, &["--history-only"]));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}
