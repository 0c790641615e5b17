//! Every surface of git: each repository is built by git itself, holds one token on the surface, and the scan must find it,
//! its commit, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fixture::value;
use crate::git::{commit, git, git_at, remove, try_git};
use crate::world::{AS_OF, World, findings, list, notices};

const RULE: &str = "github-pat-classic";

fn token(seed: u64) -> String {
    value(RULE, seed)
}

fn line(seed: u64) -> String {
    format!("token: {}\n", token(seed))
}

/// The tokens of a report by number, with path and commit of their locations.
fn found(report: &Value) -> BTreeMap<u64, Vec<(String, String)>> {
    let seeds: BTreeMap<String, u64> = (1..60).map(|n| (token(n), n)).collect();
    let place = |l: &Value| {
        let text = |name: &str| l[name].as_str().unwrap_or_default().to_owned();
        (text("path"), text("commit"))
    };
    let all = findings(report, RULE);
    all.iter()
        .map(|f| (seeds[f["preview"].as_str().unwrap()], list(f, "locations").iter().map(place).collect()))
        .collect()
}

/// Scans a directory and gives what it found.
#[track_caller]
fn scan(at: &Path, args: &[&str]) -> (BTreeMap<u64, Vec<(String, String)>>, Value) {
    let world = World::new();
    let path = at.to_str().unwrap();
    let all = ["scan", path, "-f", "json", "--show-secrets", "--no-config", "--as-of", AS_OF];
    let all: Vec<&str> = all.into_iter().chain(args.iter().copied()).collect();
    let run = world.run(&all);
    assert!(run.code == 1 || run.code == 0 || run.code == 3, "{}", run.err);
    let report = run.json();
    (found(&report), report)
}

/// Asserts what is found: number, path, commit.
#[track_caller]
fn finds(at: &Path, args: &[&str], expected: &[(u64, &str, &str)]) -> Value {
    let (found, report) = scan(at, args);
    let all = |(n, path, commit): &(u64, &str, &str)| (*n, vec![((*path).to_owned(), (*commit).to_owned())]);
    let expected: BTreeMap<u64, Vec<(String, String)>> = expected.iter().map(all).collect();
    assert_eq!(found, expected, "{:#}", report["notices"]);
    report
}

fn repository(world: &World) -> std::path::PathBuf {
    let at = world.path().to_owned();
    git(&at, &["init", "-q"]);
    at
}

#[test]
fn what_was_deleted_is_found_with_its_first_and_last_commit() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "a.txt", "nothing\n");
    fs::write(at.join("conf.yml"), format!("x: 1\n{}", line(1))).unwrap();
    git_at(&at, 1_710_000_000, &["add", "conf.yml"]);
    git_at(&at, 1_710_000_000, &["commit", "-q", "-m", "in"]);
    let first = git(&at, &["rev-parse", "HEAD"]);
    let last = commit(&at, "conf.yml", &format!("y: 2\nx: 1\n{}", line(1)));
    remove(&at, "conf.yml");
    let report = finds(&at, &[], &[(1, "conf.yml", &first)]);
    let place = &findings(&report, RULE)[0]["locations"][0];
    assert_eq!(place["line"], 2, "where it stood in the first commit");
    assert_eq!(place["last_commit"], last.as_str());
    assert_eq!(place["in_head"], false);
    assert_eq!(place["time"], "2024-03-09T16:00:00Z");
    assert_eq!(place["author"], "Ada");
    assert_eq!(place["refs"], serde_json::json!(["main"]));
    assert_eq!(findings(&report, "NHI7-git-age").len(), 1);
    let named = scan(&at, &["--authors"]).1;
    assert_eq!(findings(&named, RULE)[0]["locations"][0]["author"], "Ada <ada@example.org>");
    finds(&at, &["--no-history"], &[]);
}

#[test]
fn what_is_still_there_knows_since_when() {
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "conf.yml", &line(1));
    commit(&at, "conf.yml", &format!("a: 1\nb: 2\n{}", line(1)));
    let report = finds(&at, &[], &[(1, "conf.yml", &first)]);
    let place = &findings(&report, RULE)[0]["locations"][0];
    assert_eq!((&place["line"], &place["in_head"]), (&3.into(), &true.into()), "where it stands now");
    let report = finds(&at, &["--history-only"], &[(1, "conf.yml", &first)]);
    assert_eq!(findings(&report, RULE)[0]["locations"][0]["in_head"], true);
}

#[test]
fn every_surface_of_one_repository() {
    let world = World::new();
    let at = repository(&world);
    let mut expected: Vec<(u64, &str, String)> = Vec::new();
    fs::write(at.join(".gitignore"), "ignored.txt\n").unwrap();
    fs::write(at.join(".gitattributes"), "*.bin binary\n*.nodiff -diff\n*.conv diff=evil filter=evil\n").unwrap();
    git(&at, &["add", "."]);
    git(&at, &["commit", "-q", "-m", "base"]);
    expected.push((1, "deleted.txt", commit(&at, "deleted.txt", &line(1))));
    remove(&at, "deleted.txt");
    git(&at, &["checkout", "-q", "-b", "other"]);
    expected.push((2, "branch.txt", commit(&at, "branch.txt", &line(2))));
    git(&at, &["checkout", "-q", "main"]);
    // A merge that holds what neither parent has.
    commit(&at, "main.txt", "x\n");
    git(&at, &["merge", "-q", "--no-commit", "--no-ff", "other"]);
    fs::write(at.join("evil.txt"), line(3)).unwrap();
    git(&at, &["rm", "-q", "-f", "branch.txt"]);
    git(&at, &["add", "evil.txt"]);
    git(&at, &["commit", "-q", "-m", "merge"]);
    expected.push((3, "evil.txt", git(&at, &["rev-parse", "HEAD"])));
    remove(&at, "evil.txt");
    git(&at, &["branch", "-q", "-D", "other"]);
    // Stash.
    fs::write(at.join("main.txt"), line(4)).unwrap();
    git(&at, &["stash", "-q"]);
    expected.push((4, "main.txt", git(&at, &["rev-parse", "stash@{0}"])));
    // Notes.
    git(&at, &["notes", "add", "-m", &line(5)]);
    let note = git(&at, &["rev-parse", "refs/notes/commits"]);
    let named = git(&at, &["ls-tree", "--name-only", "refs/notes/commits"]);
    // A commit that only the reflog has.
    let lost = commit(&at, "lost.txt", &line(6));
    git(&at, &["reset", "-q", "--hard", "HEAD~1"]);
    expected.push((6, "lost.txt", lost));
    // A blob that no tree has.
    fs::write(at.join("dangling.txt"), line(7)).unwrap();
    git(&at, &["add", "dangling.txt"]);
    git(&at, &["rm", "-q", "--cached", "dangling.txt"]);
    fs::remove_file(at.join("dangling.txt")).unwrap();
    expected.push((7, "(unreachable blob)", String::new()));
    // Messages.
    git(&at, &["commit", "-q", "--allow-empty", "-m", &format!("subject\n\n{}", line(8))]);
    expected.push((8, "(commit message)", git(&at, &["rev-parse", "HEAD"])));
    git(&at, &["tag", "-a", "v1", "-m", &line(9)]);
    expected.push((9, "(tag message)", git(&at, &["rev-parse", "v1^{tag}"])));
    // What attributes call binary, or hide from diffs.
    expected.push((10, "x.bin", commit(&at, "x.bin", &line(10))));
    remove(&at, "x.bin");
    expected.push((11, "x.nodiff", commit(&at, "x.nodiff", &line(11))));
    remove(&at, "x.nodiff");
    // Names that are no text, begin with a dash, or hold a tab; lines that end in CR only.
    expected.push((15, "-x", commit(&at, "./-x", &line(15).replace('\n', "\r"))));
    expected.push((16, "a\tb c", commit(&at, "a\tb c", &line(16))));
    // Staged and changed back in the file; staged over a file that is gone.
    fs::write(at.join("staged.txt"), line(12)).unwrap();
    git(&at, &["add", "staged.txt"]);
    fs::write(at.join("staged.txt"), "clean\n").unwrap();
    expected.push((12, "staged.txt", String::new()));
    fs::write(at.join("untracked.txt"), line(13)).unwrap();
    expected.push((13, "untracked.txt", String::new()));
    fs::write(at.join("ignored.txt"), line(14)).unwrap();
    let both = |expected: &[(u64, &str, String)], more: &[(u64, &str, &str)]| -> Vec<(u64, String, String)> {
        let mut all: Vec<_> = expected.iter().map(|(n, p, c)| (*n, (*p).to_owned(), c.clone())).collect();
        all.extend(more.iter().map(|(n, p, c)| (*n, (*p).to_owned(), (*c).to_owned())));
        all
    };
    let check = |args: &[&str], all: Vec<(u64, String, String)>| {
        let all: Vec<(u64, &str, &str)> = all.iter().map(|(n, p, c)| (*n, p.as_str(), c.as_str())).collect();
        finds(&at, args, &all);
    };
    let notes = (5, named.as_str(), note.as_str());
    check(&[], both(&expected, &[notes]));
    check(&["--no-gitignore"], both(&expected, &[notes, (14, "ignored.txt", "")]));
    // The same from one pack with its reverse index, bitmap and multi-pack-index.
    git(&at, &["repack", "-q", "-a", "-d", "-k", "-b"]);
    git(&at, &["pack-refs", "--all"]);
    git(&at, &["multi-pack-index", "write", "--bitmap"]);
    check(&[], both(&expected, &[notes]));
    check(&["--jobs", "1"], both(&expected, &[notes]));
    // With an index of version 4, split, and fetched from another directory of objects.
    git(&at, &["update-index", "--index-version", "4"]);
    git(&at, &["update-index", "--split-index"]);
    fs::write(at.join("later.txt"), "x\n").unwrap();
    git(&at, &["add", "later.txt"]);
    check(&[], both(&expected, &[notes]));
}

#[test]
fn nothing_that_the_repository_configures_runs_or_matters() {
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "a.conv", &line(1));
    let mark = world.at("ran");
    let script = world.at("run.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        for hook in ["post-checkout", "pre-commit", "post-index-change", "reference-transaction"] {
            fs::create_dir_all(at.join(".git/hooks")).unwrap();
            fs::copy(&script, at.join(".git/hooks").join(hook)).unwrap();
        }
    }
    let run = script.to_str().unwrap();
    fs::write(at.join(".git/info/attributes"), "* diff=evil filter=evil -text\n").unwrap();
    let config = format!(
        "[core]\n\tfsmonitor = {run}\n\tpager = {run}\n\tsshCommand = {run}\n\teditor = {run}\n[diff]\n\texternal = {run}\n\
         [diff \"evil\"]\n\ttextconv = {run}\n\tcommand = {run}\n[filter \"evil\"]\n\tclean = {run}\n\tsmudge = {run}\n\
         \tprocess = {run}\n\trequired = true\n[include]\n\tpath = /nowhere\n[extensions]\n\tworktreeConfig = true\n"
    );
    let path = at.join(".git/config");
    fs::write(&path, fs::read_to_string(&path).unwrap() + &config).unwrap();
    let _ = fs::remove_file(&mark);
    finds(&at, &[], &[(1, "a.conv", &first)]);
    finds(&at, &["--staged"], &[]);
    assert!(!mark.exists(), "something of the repository was run");
}

#[test]
fn all_kinds_of_repositories() {
    let world = World::new();
    let at = world.at("origin");
    fs::create_dir(&at).unwrap();
    git(&at, &["init", "-q"]);
    let first = commit(&at, "conf.yml", &line(1));
    remove(&at, "conf.yml");
    let expected = [(1, "conf.yml", first.as_str())];
    let top = world.path();
    let url = format!("file://{}", at.display());
    // Bare.
    git(top, &["clone", "-q", "--bare", &url, "bare.git"]);
    finds(&world.at("bare.git"), &[], &expected);
    // Objects borrowed from another repository.
    git(top, &["clone", "-q", "--shared", at.to_str().unwrap(), "shared"]);
    finds(&world.at("shared"), &[], &expected);
    // A linked working tree.
    git(&at, &["worktree", "add", "-q", "../linked"]);
    finds(&world.at("linked"), &[], &expected);
    // A directory that holds several repositories.
    let (found, report) = scan(top, &[]);
    let paths: Vec<&str> = found[&1].iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["linked/conf.yml", "shared/conf.yml"], "{report:#}");
}

#[test]
fn a_submodule_has_a_history_too() {
    let world = World::new();
    let (inner, outer) = (world.at("inner"), world.at("outer"));
    for at in [&inner, &outer] {
        fs::create_dir(at).unwrap();
        git(at, &["init", "-q"]);
    }
    let first = commit(&inner, "conf.yml", &line(1));
    remove(&inner, "conf.yml");
    commit(&outer, "a.txt", "x\n");
    git(&outer, &["submodule", "-q", "add", inner.to_str().unwrap(), "lib/inner"]);
    git(&outer, &["commit", "-q", "-m", "submodule"]);
    finds(&outer, &[], &[(1, "lib/inner/conf.yml", &first)]);
    // Not checked out, its history is still there.
    git(&outer, &["submodule", "-q", "deinit", "-f", "lib/inner"]);
    let report = finds(&outer, &[], &[(1, "lib/inner/conf.yml", &first)]);
    assert!(notices(&report, "submodule-not-there").is_empty());
    // Cloned without its submodules, what is not there is told.
    let url = format!("file://{}", outer.display());
    git(world.path(), &["clone", "-q", &url, "clone"]);
    let report = finds(&world.at("clone"), &[], &[]);
    assert_eq!(notices(&report, "submodule-not-there")[0]["path"], "lib/inner");
}

#[test]
fn ids_of_sha_256() {
    let world = World::new();
    let at = world.path().to_owned();
    git(&at, &["init", "-q", "--object-format=sha256"]);
    let first = commit(&at, "conf.yml", &line(1));
    remove(&at, "conf.yml");
    assert_eq!(first.len(), 64);
    finds(&at, &[], &[(1, "conf.yml", &first)]);
    git(&at, &["gc", "-q"]);
    let report = finds(&at, &[], &[(1, "conf.yml", &first)]);
    assert_eq!(report["coverage"]["commits"], 2);
    fs::write(at.join("new.txt"), line(2)).unwrap();
    git(&at, &["add", "new.txt"]);
    finds(&at, &["--staged"], &[(2, "new.txt", "")]);
}

#[test]
fn refs_in_reftables() {
    let world = World::new();
    let at = world.path().to_owned();
    if !try_git(&at, 1_700_000_000, &["init", "-q", "--ref-format=reftable"]).0 {
        eprintln!("skipped: this git has no reftables");
        return;
    }
    let first = commit(&at, "conf.yml", &line(1));
    remove(&at, "conf.yml");
    let branches: Vec<String> = (0..300).map(|n| format!("topic/{n:04}")).collect();
    git(&at, &["config", "remote.x.url", "."]);
    let specs: Vec<String> = branches.iter().map(|b| format!("HEAD:refs/heads/{b}")).collect();
    let fetch: Vec<&str> = ["fetch", "-q", "."].into_iter().chain(specs.iter().map(String::as_str)).collect();
    git(&at, &fetch);
    git(&at, &["update-ref", "-d", "refs/heads/topic/0007"]);
    git(&at, &["tag", "-a", "v1", "-m", "x"]);
    for _ in 0..2 {
        let report = finds(&at, &[], &[(1, "conf.yml", &first)]);
        // main, the tag, what was fetched, and the topics but one.
        assert_eq!(report["coverage"]["refs"], 302, "{report:#}");
        assert_eq!(report["coverage"]["roots"][0]["head"], git(&at, &["rev-parse", "HEAD"]));
        git(&at, &["pack-refs", "--all"]);
    }
    finds(&at, &["--branch", "topic/0299"], &[(1, "conf.yml", &first)]);
}

#[test]
fn shallow_and_partial_clones_say_what_is_missing() {
    let world = World::new();
    let at = world.at("origin");
    fs::create_dir(&at).unwrap();
    git(&at, &["init", "-q"]);
    git(&at, &["config", "uploadpack.allowFilter", "true"]);
    commit(&at, "old.yml", &line(1));
    remove(&at, "old.yml");
    let second = commit(&at, "new.yml", &line(2));
    let url = format!("file://{}", at.display());
    git(world.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let report = finds(&world.at("shallow"), &[], &[(2, "new.yml", &second)]);
    assert_eq!(notices(&report, "shallow-clone")[0]["kind"], "limit");
    // Asked for by name, what is cut is a gap.
    let report = finds(&world.at("shallow"), &["--history-only"], &[(2, "new.yml", &second)]);
    assert_eq!(notices(&report, "shallow-clone")[0]["kind"], "gap");
    let path = world.at("shallow");
    world.run(&["scan", path.to_str().unwrap(), "--history-only", "--exit-zero"]).ends(3);
    git(world.path(), &["clone", "-q", "--filter=blob:none", &url, "partial"]);
    let report = finds(&world.at("partial"), &[], &[(2, "new.yml", &second)]);
    assert!(notices(&report, "partial-clone")[0]["message"].as_str().unwrap().contains("1 blob"), "{report:#}");
}

#[test]
fn pointers_of_lfs_are_told() {
    let world = World::new();
    let at = repository(&world);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "ab".repeat(32));
    commit(&at, "big.bin", &pointer);
    let report = finds(&at, &[], &[]);
    assert!(notices(&report, "lfs-pointer")[0]["message"].as_str().unwrap().contains("1 file"), "{report:#}");
}

#[test]
fn a_sparse_index_is_read() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "in/a.txt", "x\n");
    let first = commit(&at, "out/b.txt", &line(1));
    git(&at, &["sparse-checkout", "init", "--cone", "--sparse-index"]);
    git(&at, &["sparse-checkout", "set", "in"]);
    fs::write(at.join("in/c.txt"), line(2)).unwrap();
    git(&at, &["add", "in/c.txt"]);
    finds(&at, &[], &[(1, "out/b.txt", &first), (2, "in/c.txt", "")]);
    finds(&at, &["--staged"], &[(2, "in/c.txt", "")]);
}

#[test]
fn branches_and_ranges() {
    let world = World::new();
    let at = repository(&world);
    let a = commit(&at, "a.txt", &line(1));
    let b = commit(&at, "a.txt", &format!("{}{}", line(1), line(2)));
    git(&at, &["checkout", "-q", "-b", "topic", &a]);
    let c = commit(&at, "c.txt", &line(3));
    let d = remove(&at, "c.txt");
    finds(&at, &["--branch", "topic"], &[(1, "a.txt", &a), (3, "c.txt", &c)]);
    // A range has what its commits bring in, not what the files they touch held before, and what they take out again.
    finds(&at, &["--range", "main..topic"], &[(3, "c.txt", &c)]);
    finds(&at, &["--range", "topic..main"], &[(2, "a.txt", &b)]);
    finds(&at, &["--log-opts", &format!("{a}..main")], &[(2, "a.txt", &b)]);
    finds(&at, &["--since-commit", &a[..8]], &[(3, "c.txt", &c)]);
    finds(&at, &["--since-commit", "HEAD~1"], &[]);
    finds(&at, &["--range", "main^..main"], &[(2, "a.txt", &b)]);
    // A renamed file brings nothing in.
    git(&at, &["checkout", "-q", "main"]);
    git(&at, &["mv", "a.txt", "moved.txt"]);
    git(&at, &["commit", "-q", "-m", "move"]);
    finds(&at, &["--range", "HEAD~1..HEAD"], &[]);
    // A merge brings in what neither side has.
    git(&at, &["merge", "-q", "--no-commit", "--no-ff", &d]);
    fs::write(at.join("evil.txt"), line(4)).unwrap();
    git(&at, &["add", "evil.txt"]);
    git(&at, &["commit", "-q", "-m", "merge"]);
    let merge = git(&at, &["rev-parse", "HEAD"]);
    let report = finds(&at, &["--range", "HEAD^..HEAD"], &[(3, "c.txt", &c), (4, "evil.txt", &merge)]);
    assert_eq!(report["coverage"]["commits"], 3);
    let path = at.to_str().unwrap();
    let bad = world.run(&["scan", path, "--range", "nowhere..HEAD", "--exit-zero"]).ends(3);
    bad.says("`nowhere` names no commit");
    world.run(&["scan", path, "--range", "a...b"]).ends(2).complains("write A..B");
    world.run(&["scan", path, "--range", "HEAD..HEAD"]).ends(0).says("these commits bring in no files");
}

#[test]
fn what_is_staged_is_what_the_index_holds_and_nothing_that_was_there_before() {
    let world = World::new();
    let at = repository(&world);
    fs::write(at.join("first.txt"), line(1)).unwrap();
    git(&at, &["add", "first.txt"]);
    fs::write(at.join("first.txt"), "clean\n").unwrap();
    // No commit yet.
    finds(&at, &["--staged"], &[(1, "first.txt", "")]);
    git(&at, &["commit", "-q", "-m", "first"]);
    let path = at.to_str().unwrap().to_owned();
    world.run(&["scan", &path, "--staged"]).ends(0).says("the index holds no change");
    fs::write(at.join("first.txt"), format!("{}{}", line(1), line(2))).unwrap();
    fs::write(at.join("unstaged.txt"), line(3)).unwrap();
    git(&at, &["add", "first.txt"]);
    let report = finds(&at, &["--staged"], &[(2, "first.txt", "")]);
    assert_eq!(findings(&report, RULE)[0]["locations"][0]["line"], 2);
    git(&at, &["commit", "-q", "-m", "second"]);
    git(&at, &["mv", "first.txt", "renamed.txt"]);
    finds(&at, &["--staged"], &[]);
}

#[test]
fn a_path_inside_a_repository_has_the_history_below_it() {
    let world = World::new();
    let at = repository(&world);
    let a = commit(&at, "in/a.txt", &line(1));
    remove(&at, "in/a.txt");
    commit(&at, "out/b.txt", &line(2));
    fs::create_dir_all(at.join("in")).unwrap();
    finds(&at.join("in"), &[], &[(1, "in/a.txt", &a)]);
    finds(&at, &["--exclude", "out", "--exclude", "in/a.txt"], &[]);
}

#[test]
fn damaged_objects_are_gaps_and_lose_nothing_else() {
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "good.txt", &line(1));
    commit(&at, "bad.txt", &line(2));
    let bad = git(&at, &["rev-parse", "HEAD:bad.txt"]);
    remove(&at, "bad.txt");
    let path = at.join(".git/objects").join(&bad[..2]).join(&bad[2..]);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "not an object").unwrap();
    let report = finds(&at, &[], &[(1, "good.txt", &first)]);
    assert!(notices(&report, "unreadable-object")[0]["message"].as_str().unwrap().contains(&bad));
}

#[test]
fn a_pack_that_was_cut_is_a_gap() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "a.txt", &line(1));
    commit(&at, "b.txt", &line(2));
    git(&at, &["repack", "-q", "-a", "-d"]);
    let pack = fs::read_dir(at.join(".git/objects/pack")).unwrap().map(|e| e.unwrap().path());
    let pack = pack.into_iter().find(|p| p.extension().is_some_and(|e| e == "pack")).unwrap();
    let bytes = fs::read(&pack).unwrap();
    for length in [0, 10, 40, bytes.len() / 2, bytes.len() - 10] {
        fs::remove_file(&pack).unwrap();
        fs::write(&pack, &bytes[..length]).unwrap();
        let report = scan(&at, &[]).1;
        assert_eq!(report["incomplete"], true, "{length}: {report:#}");
    }
}

#[test]
fn a_branch_named_like_a_commit_does_not_narrow_a_range() {
    let world = World::new();
    let at = repository(&world);
    let a = commit(&at, "a.txt", "x\n");
    commit(&at, "b.txt", &line(1));
    let tip = git(&at, &["rev-parse", "HEAD"]);
    // Whoever names a branch as the first commit would have the range begin at its end.
    git(&at, &["update-ref", &format!("refs/heads/{a}"), &tip]);
    git(&at, &["update-ref", &format!("refs/tags/{}", a.to_uppercase()), &tip]);
    finds(&at, &["--range", &format!("{a}..HEAD")], &[(1, "b.txt", &tip)]);
    finds(&at, &["--range", &format!("{}..HEAD", a.to_uppercase())], &[(1, "b.txt", &tip)]);
    finds(&at, &["--since-commit", &a[..10]], &[(1, "b.txt", &tip)]);
    // Before the beginning of an id git takes a branch, and a tag before a branch.
    git(&at, &["update-ref", &format!("refs/heads/{}", &a[..10]), &tip]);
    finds(&at, &["--since-commit", &a[..10]], &[]);
    git(&at, &["update-ref", "refs/tags/main", &a]);
    finds(&at, &["--range", "main..refs/heads/main"], &[(1, "b.txt", &tip)]);
}

#[test]
fn directories_of_a_sparse_index_below_others_are_no_changes() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "in/a.txt", &line(1));
    commit(&at, "in/deep/b.txt", &line(2));
    commit(&at, "in/deep/er/c.txt", &line(3));
    commit(&at, "in/kept/d.txt", &line(4));
    commit(&at, "out/e/f.txt", &line(5));
    git(&at, &["sparse-checkout", "init", "--cone", "--sparse-index"]);
    git(&at, &["sparse-checkout", "set", "in/kept"]);
    assert!(git(&at, &["ls-files", "--sparse"]).contains("in/deep/\n"));
    finds(&at, &["--staged"], &[]);
    fs::write(at.join("in/kept/new.txt"), line(6)).unwrap();
    git(&at, &["add", "in/kept/new.txt"]);
    finds(&at, &["--staged"], &[(6, "in/kept/new.txt", "")]);
    // Without HEAD's directory everything in it is new.
    git(&at, &["update-ref", "HEAD", "HEAD~3"]);
    let (found, _) = scan(&at, &["--staged"]);
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [3, 4, 5, 6]);
}

#[test]
fn locations_name_annotated_tags_and_a_detached_head() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "a.txt", "x\n");
    git(&at, &["checkout", "-q", "--detach"]);
    commit(&at, "b.txt", &line(1));
    remove(&at, "b.txt");
    let refs = |at: &Path| {
        let report = scan(at, &[]).1;
        findings(&report, RULE)[0]["locations"][0]["refs"].clone()
    };
    assert_eq!(refs(&at), serde_json::json!(["HEAD"]));
    git(&at, &["tag", "-a", "v1", "-m", "x"]);
    git(&at, &["tag", "-a", "v2", "-m", "x", "v1"]);
    assert_eq!(refs(&at), serde_json::json!(["HEAD", "v1", "v2"]));
    git(&at, &["checkout", "-q", "main"]);
    assert_eq!(refs(&at), serde_json::json!(["v1", "v2"]));
}

#[test]
fn a_second_parent_keeps_its_number_where_the_first_is_missing() {
    let world = World::new();
    let at = world.at("origin");
    fs::create_dir(&at).unwrap();
    git(&at, &["init", "-q"]);
    commit(&at, "a.txt", "x\n");
    git(&at, &["checkout", "-q", "-b", "topic"]);
    let side = commit(&at, "side.txt", &line(1));
    git(&at, &["checkout", "-q", "main"]);
    let main = commit(&at, "main.txt", "x\n");
    git(&at, &["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
    // Of the merge's parents only the second is here.
    let gone = at.join(".git/objects").join(&main[..2]).join(&main[2..]);
    fs::remove_file(gone).unwrap();
    let (found, report) = scan(&at, &["--branch", "main^2"]);
    assert_eq!(found[&1], [("side.txt".to_owned(), side)], "{report:#}");
    let report = scan(&at, &["--branch", "main^1"]).1;
    assert_eq!(notices(&report, "bad-ref").len(), 1, "{report:#}");
}

#[test]
fn no_file_that_the_configuration_includes_is_read() {
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "a.txt", &line(1));
    fs::write(at.join(".git/other"), "[extensions]\n\tobjectformat = sha256\n").unwrap();
    let path = at.join(".git/config");
    let include = "[include]\n\tpath = other\n[includeIf \"gitdir:**\"]\n\tpath = other\n";
    fs::write(&path, fs::read_to_string(&path).unwrap() + include).unwrap();
    remove(&at, "a.txt");
    finds(&at, &[], &[(1, "a.txt", &first)]);
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_in_the_place_of_files_are_neither_waited_for_nor_read() {
    let world = World::new();
    let origin = world.at("origin");
    fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "-q"]);
    commit(&origin, "a.txt", &line(1));
    git(&origin, &["repack", "-q", "-a", "-d"]);
    git(&origin, &["pack-refs", "--all"]);
    let pack = fs::read_dir(origin.join(".git/objects/pack")).unwrap().map(|e| e.unwrap().path());
    let pack = pack.into_iter().find(|p| p.extension().is_some_and(|e| e == "pack")).unwrap();
    let pack = format!("objects/pack/{}", pack.file_stem().unwrap().to_str().unwrap());
    let loose = format!("objects/{}/{}", "ab", "cd".repeat(19));
    let names = [
        "index",
        "commondir",
        "config",
        "HEAD",
        "packed-refs",
        "refs/heads/x",
        "objects/info/alternates",
        "shallow",
        "FETCH_HEAD",
        "ORIG_HEAD",
        "reftable/tables.list",
        "config.worktree",
        &loose,
    ];
    let mut names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    names.extend([format!("{pack}.idx"), format!("{pack}.pack")]);
    for (number, name) in names.iter().enumerate() {
        let at = world.at(number.to_string());
        let copied = std::process::Command::new("cp").arg("-r").args([&origin, &at]).status().unwrap();
        assert!(copied.success());
        let path = at.join(".git").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        // A pipe is waited for, a device has no end; the world ends a run that takes too long.
        if number % 3 == 2 {
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        } else {
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        }
        let report = scan(&at, &["--history-only"]).1;
        if matches!(name.as_str(), "index" | "commondir") {
            let told = list(&report, "notices").iter().any(|n| {
                n["kind"] == "gap" && n["message"].as_str().unwrap().contains(&format!("{name} could not be read"))
            });
            assert!(told, "{name} is not told: {:#}", report["notices"]);
        }
        if name == "index" {
            scan(&at, &["--staged"]);
        }
    }
    // In the place of `.git` itself.
    let at = world.at("dot");
    fs::create_dir(&at).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at.join(".git")).status().unwrap().success());
    scan(&at, &[]);
}

#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_scanned() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "conf.yml", &line(1));
    remove(&at, "conf.yml");
    if fs::metadata(&at).unwrap().uid() != 0 {
        eprintln!("skipped: only root can give a repository away");
        return;
    }
    let mut waiting = vec![at.clone()];
    while let Some(path) = waiting.pop() {
        chown(&path, Some(12_345), Some(12_345)).unwrap();
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    finds(&at, &[], &[(1, "conf.yml", &first)]);
}

#[test]
fn an_object_that_was_deleted_was_not_missed() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "kept.txt", &line(1));
    fs::create_dir(at.join("in")).unwrap();
    fs::write(at.join("in/one.txt"), line(2)).unwrap();
    fs::write(at.join("two.txt"), "two\n").unwrap();
    git(&at, &["add", "."]);
    git(&at, &["commit", "-q", "-m", "more"]);
    let base = git(&at, &["rev-parse", "HEAD~1"]);
    git(&at, &["rm", "-q", "-r", "in", "two.txt"]);
    git(&at, &["commit", "-q", "-m", "less"]);
    for blob in ["HEAD~1:in/one.txt", "HEAD~1:two.txt"] {
        let id = git(&at, &["rev-parse", blob]);
        fs::remove_file(at.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    }
    let first = git(&at, &["rev-parse", "HEAD~1:in/one.txt"]);
    // A name that reaches less does not miss them.
    scan(&at, &["--branch", &base]);
    for args in [&[][..], &["--history-only"], &["--branch", "main"], &["--range", &format!("{base}..main")]] {
        let report = scan(&at, args).1;
        let told = notices(&report, "missing-object");
        assert_eq!(told.len(), 1, "{args:?}: {:#}", report["notices"]);
        let message = told[0]["message"].as_str().unwrap();
        assert!(message.starts_with("2 objects are not here") && message.contains(&first), "{message}");
        assert!(message.contains("in/one.txt"), "{message}");
        let path = at.to_str().unwrap();
        world.run(&[&["scan", path, "--exit-zero"], args].concat()).ends(3);
    }
    let report = scan(&at, &["--branch", &base]).1;
    assert_eq!(notices(&report, "missing-object").len(), 0, "{report:#}");
    // Not even where nothing in the history looks like a value.
    git(&at, &["checkout", "-q", "--orphan", "clean"]);
    git(&at, &["rm", "-q", "-r", "-f", "."]);
    let at = world.at("clean");
    fs::create_dir(&at).unwrap();
    git(&at, &["init", "-q"]);
    commit(&at, "a.txt", "a\n");
    let id = git(&at, &["rev-parse", "HEAD:a.txt"]);
    remove(&at, "a.txt");
    fs::remove_file(at.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let report = scan(&at, &[]).1;
    assert_eq!(notices(&report, "missing-object").len(), 1, "{report:#}");
}

#[test]
fn a_bare_repository_inside_a_checkout_was_taken_for_a_part_of_it() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "outer.txt", &line(1));
    let inner = world.at("inner");
    fs::create_dir(&inner).unwrap();
    git(&inner, &["init", "-q"]);
    let first = commit(&inner, "conf.yml", &line(2));
    git(&at, &["clone", "-q", "--bare", inner.to_str().unwrap(), "bare.git"]);
    let report = finds(&at.join("bare.git"), &[], &[(2, "conf.yml", &first)]);
    assert_eq!(report["coverage"]["commits"], 1);
    // The git directory of the checkout is no other repository, and files that the checkout tracks are files.
    let report = scan(&at.join(".git"), &[]).1;
    assert_eq!(report["coverage"]["roots"][0]["kind"], "directory", "{report:#}");
    let fake = at.join("fake.git");
    for dir in ["objects/x", "refs/x"] {
        fs::create_dir_all(fake.join(dir)).unwrap();
        fs::write(fake.join(dir).join("f"), "x\n").unwrap();
    }
    fs::write(fake.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(fake.join("conf.yml"), line(3)).unwrap();
    git(&at, &["add", "-f", "fake.git/HEAD", "fake.git/conf.yml"]);
    git(&at, &["commit", "-q", "-m", "fake"]);
    let tip = git(&at, &["rev-parse", "HEAD"]);
    finds(&fake, &[], &[(3, "fake.git/conf.yml", &tip)]);
}

#[test]
fn names_of_several_tops_were_left_out_of_what_a_file_held_before() {
    let world = World::new();
    world.put(
        "rules/zz.yml",
        "provider: zz\nname: ZZ\nrules:\n  - id: zz-key\n    name: ZZ key\n    description: It opens every door of the \
         house to whoever holds it.\n    remediation: Revoke it in the settings and give each door its own.\n    \
         identity: {kind: other}\n    severity: high\n    confidence: high\n    keywords: [zzk-]\n    pattern: \
         'zzk-[0-9a-f]{32}'\n    paths: ['one/**']\n    references: ['https://example.com']\n    examples: ['a = \
         zzk-{hex:32}']\n    counterexamples: ['zzk-1']\n",
    );
    for name in ["one", "two"] {
        let at = world.at(name);
        fs::create_dir(&at).unwrap();
        git(&at, &["init", "-q"]);
        let old = "zzk-0123456789abcdef0123456789abcdef\n";
        commit(&at, "door.txt", old);
        commit(&at, "door.txt", &format!("{old}more\n"));
    }
    let args = ["scan", "one", "two", "--range", "HEAD~1..HEAD", "--rules", "rules", "-f", "json", "--as-of", AS_OF];
    let report = world.run(&args).ends(0).json();
    assert_eq!(findings(&report, "zz-key").len(), 0, "{:#}", report["findings"]);
    let args = ["scan", "one", "two", "--range", "HEAD~1..HEAD~0", "--rules", "rules", "-f", "json", "--as-of", AS_OF];
    let new = world.at("one");
    commit(&new, "door.txt", "zzk-0123456789abcdef0123456789abcdee\n");
    let report = world.run(&args).ends(1).json();
    assert_eq!(findings(&report, "zz-key").len(), 1, "the rule does apply there");
}

#[test]
fn every_path_of_a_blob_in_a_change_is_kept() {
    let world = World::new();
    let at = repository(&world);
    commit(&at, "a.txt", "x\n");
    for path in ["one.yml", "two.yml", "docs/three.yml"] {
        fs::create_dir_all(at.join("docs")).unwrap();
        fs::write(at.join(path), line(1)).unwrap();
    }
    git(&at, &["add", "."]);
    let places = |report: &Value| {
        let mut paths: Vec<String> = found(report)[&1].iter().map(|(path, _)| path.clone()).collect();
        paths.sort();
        paths
    };
    let all = ["docs/three.yml", "one.yml", "two.yml"];
    let staged = scan(&at, &["--staged"]).1;
    assert_eq!(places(&staged), all);
    // Read once, though, not once a path.
    assert_eq!(staged["coverage"]["history_bytes"], line(1).len());
    assert_eq!(staged["coverage"]["history_blobs"], 3);
    // Staged twice and in no commit, it has two paths in the history, too.
    assert_eq!(places(&scan(&at, &["--history-only"]).1), all);
    git(&at, &["commit", "-q", "-m", "x"]);
    assert_eq!(places(&scan(&at, &["--range", "HEAD~1..HEAD"]).1), all);
}

#[test]
fn a_branch_whose_commit_is_not_there_is_a_gap_and_no_short_history() {
    let world = World::new();
    let repository = world.init("");
    world.put("a.txt", "x\n");
    let head = world.commit(&repository, &["a.txt"]);
    assert_eq!(notices(&world.json(&["--no-config"]), "missing-object").len(), 0);
    std::fs::remove_file(world.at(format!(".git/objects/{}/{}", &head[..2], &head[2..]))).unwrap();
    let report = world.json(&["--no-config"]);
    let told = notices(&report, "missing-object");
    assert_eq!(told.len(), 1, "{report:#}");
    assert!(told[0]["message"].as_str().unwrap().contains("the first is HEAD"), "{told:?}");
    assert_eq!(report["incomplete"], true);
}

#[test]
fn what_looks_like_a_repository_and_cannot_be_read_is_a_gap() {
    let world = World::new();
    let at = repository(&world);
    let first = commit(&at, "conf.yml", &line(1));
    remove(&at, "conf.yml");
    let told = |path: &str, args: &[&str]| {
        let report = scan(&at, args).1;
        let said = |n: &&Value| n["kind"] == "gap" && n["path"] == path;
        list(&report, "notices").iter().find(said).map(|n| n["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(told(".git", &[]), None);
    for head in [&b"garbage\n"[..], b"", b"\0\0\0\0\xff\xfe", b"ref: garbage\n"] {
        fs::write(at.join(".git/HEAD"), head).unwrap();
        assert!(told(".git", &[]).is_some_and(|m| m.contains("HEAD names neither a branch nor a commit")), "{head:?}");
        world.run(&["scan", ".", "--no-config"]).ends(1).says("HEAD names neither");
    }
    // What lies in it is read all the same.
    finds(&at, &[], &[(1, "conf.yml", &first)]);
    // A file in the place of the directory, at the top and below.
    fs::remove_dir_all(at.join(".git")).unwrap();
    fs::create_dir_all(at.join("sub")).unwrap();
    fs::write(at.join("sub/a.txt"), "x\n").unwrap();
    for text in ["garbage\n", "", "\0\0"] {
        for (place, shown) in [(at.join(".git"), ".git"), (at.join("sub/.git"), "sub/.git")] {
            fs::write(&place, text).unwrap();
            assert!(told(shown, &[]).is_some_and(|m| m.contains("looks like a repository's")), "{shown} {text:?}");
            assert_eq!(told(shown, &["--no-history"]), None, "nobody asked for a history");
            fs::remove_file(&place).unwrap();
        }
    }
}

#[test]
fn a_thread_that_waited_for_the_key_of_a_repository_took_up_another_file() {
    let world = World::new();
    let at = repository(&world);
    for i in 0..240 {
        let file = at.join(format!("d{}/e{}/f{i}.yml", i % 12, i % 5));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, line(1 + i % 7)).unwrap();
    }
    git(&at, &["add", "."]);
    git(&at, &["commit", "-q", "-m", "many"]);
    // The key comes of the first commit, which is looked for while files are read: among loose objects and in a pack.
    for pack in [false, true] {
        if pack {
            git(&at, &["repack", "-adq"]);
        }
        for jobs in ["2", "4"] {
            let (found, report) = scan(&at, &["--no-history", "-j", jobs]);
            assert_eq!(notices(&report, "internal-error"), [] as [&Value; 0], "{pack} {jobs}");
            assert_eq!(found.values().map(Vec::len).sum::<usize>(), 240, "{pack} {jobs}");
        }
    }
}
