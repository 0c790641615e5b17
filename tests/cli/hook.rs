//! `keyroll hook`: what is about to be committed, pushed or received.

use std::fs;
use std::path::Path;

use crate::fixture::value;
use crate::git::{commit, git, try_git};
use crate::world::World;

fn line(seed: u64) -> String {
    format!("token: {}\n", value("github-pat-classic", seed))
}

fn repository() -> World {
    let world = World::new();
    git(world.path(), &["init", "-q"]);
    world
}

#[test]
fn it_scans_the_index_and_says_what_to_do() {
    let world = repository();
    let empty = world.run(&["hook"]).ends(0);
    assert!(empty.err.contains("NOTHING WAS SCANNED"), "{}", empty.err);
    world.put("conf.py", line(1));
    git(world.path(), &["add", "conf.py"]);
    world.put("conf.py", "clean\n");
    // No commit yet, and the file is clean by now.
    let run = world.run(&["hook"]).ends(1);
    let run = run.says("conf.py:1:8").says("GitHub personal access token").says("fix: ").says("1 staged file");
    run.says("accept: end the line with   # keyroll:ignore[github-pat-classic] why it is accepted");
    // The line that it shows does suppress it.
    world.put("conf.py", line(1).replace('\n', "  # keyroll:ignore[github-pat-classic] why it is accepted\n"));
    git(world.path(), &["add", "conf.py"]);
    world.run(&["hook"]).ends(0).complains("1 staged file scanned, nothing found");
    // A file without comments gets an entry for the configuration, and that one works too.
    world.put("conf.json", format!("{{\"token\": \"{}\"}}\n", value("github-pat-classic", 2)));
    git(world.path(), &["add", "conf.json"]);
    let run = world.run(&["hook"]).ends(1);
    let entry = run.out.lines().find_map(|l| l.trim().strip_prefix("accept: below `allow:` in .keyroll.yml")).unwrap();
    world.put(".keyroll.yml", format!("allow:\n{}\n", entry.trim_end().trim_start_matches(' ')));
    world.run(&["hook"]).ends(0);
}

#[test]
fn old_lines_of_other_scanners_run() {
    let world = repository();
    commit(world.path(), "a.txt", "x\n");
    world.put("conf.py", line(1));
    git(world.path(), &["add", "conf.py"]);
    world.run(&["git", "--pre-commit", "--redact", "--staged", "--verbose"]).ends(1).says("conf.py:1:8");
    world.run(&["protect", "--staged"]).ends(1).says("conf.py:1:8");
    world.run(&["detect", "--no-git", "--no-banner"]).ends(1).says("conf.py");
    world.run(&["git", "."]).ends(1).says("conf.py");
}

#[test]
fn files_that_are_named_are_scanned_and_no_others() {
    let world = repository();
    world.put("a/one.py", line(1));
    world.put("two.py", line(2));
    git(world.path(), &["add", "."]);
    let run = world.run(&["hook", "two.py"]).ends(1);
    assert!(!run.out.contains("one.py"), "{}", run.out);
    world.run_in("a", &["hook", "one.py"]).ends(1).says("a/one.py");
    git(world.path(), &["commit", "-q", "-m", "x"]);
    // `pre-commit run --all-files`: nothing is staged, so the files are scanned as they lie there.
    world.run(&["hook", "a/one.py", "two.py"]).ends(1).says("one.py").says("2 staged files");
}

#[test]
fn it_is_installed_and_git_runs_it() {
    let world = repository();
    world.run(&["hook", "--install"]).ends(0).says("pre-commit");
    world.run(&["hook", "--install"]).ends(0);
    let try_commit = |world: &World| git_with_hooks(world.path(), &["commit", "-q", "-m", "x"], &[]);
    world.put("conf.py", line(1));
    git(world.path(), &["add", "conf.py"]);
    let (ok, text) = try_commit(&world);
    assert!(!ok && text.contains("conf.py:1:8"), "{text}");
    world.put("conf.py", "clean\n");
    git(world.path(), &["add", "conf.py"]);
    let (ok, text) = try_commit(&world);
    assert!(ok, "{text}");
    world.run(&["hook", "--uninstall"]).ends(0);
    world.run(&["hook", "--uninstall"]).ends(2).complains("is not there");
    // Somebody else's hook stays.
    world.put(".git/hooks/pre-push", "#!/bin/sh\n");
    world.run(&["hook", "--install", "--hook-type", "pre-push"]).ends(2).complains("--force");
    world.run(&["hook", "--uninstall", "--hook-type", "pre-push"]).ends(2).complains("not written by keyroll");
    world.run(&["hook", "--install", "--hook-type", "pre-push", "--force"]).ends(0);
    // Where the configuration says that hooks lie.
    git(world.path(), &["config", "core.hooksPath", "my-hooks"]);
    world.run(&["hook", "--install"]).ends(0);
    assert!(world.at("my-hooks/pre-commit").is_file());
}

/// Runs git with the hooks that keyroll installed, and nothing of the user's.
fn git_with_hooks(at: &Path, args: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let bin = Path::new(env!("CARGO_BIN_EXE_keyroll")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = std::process::Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(args)
        .current_dir(at)
        .env("PATH", &path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (run.status.success(), String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr))
}

#[test]
fn what_git_hands_over_as_another_index_is_what_is_scanned() {
    let world = repository();
    commit(world.path(), "a.py", "x\n");
    commit(world.path(), "b.py", "y\n");
    world.run(&["hook", "--install"]).ends(0);
    // `commit -a` and `commit FILE` make an index of their own.
    world.put("a.py", line(1));
    let (ok, text) = git_with_hooks(world.path(), &["commit", "-q", "-a", "-m", "x"], &[]);
    assert!(!ok && text.contains("a.py:1:8"), "{text}");
    let (ok, text) = git_with_hooks(world.path(), &["commit", "-q", "-m", "x", "a.py"], &[]);
    assert!(!ok && text.contains("a.py:1:8"), "{text}");
    // What stays behind is none of that commit.
    git(world.path(), &["add", "a.py"]);
    world.put("b.py", "z\n");
    let (ok, text) = git_with_hooks(world.path(), &["commit", "-q", "-m", "x", "b.py"], &[]);
    assert!(ok, "{text}");
}

#[test]
fn a_git_directory_apart_and_linked_working_trees_have_hooks_too() {
    let world = World::new();
    fs::create_dir(world.at("tree")).unwrap();
    git(world.path(), &["init", "-q", "--bare", "apart.git"]);
    git(&world.at("apart.git"), &["config", "core.bare", "false"]);
    let binary = env!("CARGO_BIN_EXE_keyroll");
    let hook = world.at("apart.git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\nexec '{binary}' hook\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        world.put("tree/conf.py", line(1));
        let at = ["--git-dir=../apart.git", "--work-tree=."];
        let run = |args: &[&str]| git_with_hooks(&world.at("tree"), &[&at[..], args].concat(), &[]);
        assert!(run(&["add", "."]).0);
        let (ok, text) = run(&["commit", "-q", "-m", "x"]);
        assert!(!ok && text.contains("conf.py:1:8"), "{text}");
        // And its configuration holds.
        world.put("tree/.keyroll.yml", "allow:\n  - rule: github-pat-classic\n    reason: a test\n");
        let (ok, text) = run(&["commit", "-q", "-m", "x"]);
        assert!(ok, "{text}");
    }
    let main = repository();
    commit(main.path(), "a.py", "x\n");
    main.run(&["hook", "--install"]).ends(0);
    git(main.path(), &["worktree", "add", "-q", "linked"]);
    main.put("linked/conf.py", line(2));
    git(&main.at("linked"), &["add", "."]);
    let (ok, text) = git_with_hooks(&main.at("linked"), &["commit", "-q", "-m", "x"], &[]);
    assert!(!ok && text.contains("conf.py:1:8"), "{text}");
}

#[test]
fn a_range_and_an_index_say_nothing_of_submodules() {
    let world = World::new();
    let (inner, outer) = (world.at("inner"), world.at("outer"));
    for at in [&inner, &outer] {
        fs::create_dir(at).unwrap();
        git(at, &["init", "-q"]);
    }
    commit(&inner, "conf.yml", &line(1));
    commit(&outer, "a.txt", "x\n");
    git(&outer, &["submodule", "-q", "add", inner.to_str().unwrap(), "lib"]);
    git(&outer, &["commit", "-q", "-m", "submodule"]);
    // The index of the submodule has what its HEAD has not.
    fs::write(outer.join("lib/more.yml"), line(2)).unwrap();
    git(&outer.join("lib"), &["add", "."]);
    world.run_in("outer", &["hook"]).ends(0).complains("NOTHING WAS SCANNED");
    world.run_in("outer", &["scan", "--range", "HEAD~1..HEAD", "--no-config"]).ends(0);
}

#[test]
fn lines_of_a_message_that_git_keeps_are_scanned() {
    let world = repository();
    commit(world.path(), "a.py", "x\n");
    world.run(&["hook", "--install", "--hook-type", "commit-msg"]).ends(0);
    let message = format!("x\n\n# {}", line(1));
    // With -m nobody edits the message, and git keeps what looks like a comment.
    let (ok, text) = git_with_hooks(world.path(), &["commit", "-q", "--allow-empty", "-m", &message], &[]);
    assert!(!ok && text.contains("(commit message):3"), "{text}");
    let editor = format!("printf '%s' '{message}' >");
    let (ok, text) = git_with_hooks(world.path(), &["commit", "-q", "--allow-empty"], &[("GIT_EDITOR", &editor)]);
    assert!(ok, "{text}");
}

#[test]
fn messages_pushes_and_what_a_server_receives() {
    let world = World::new();
    let (server, at) = (world.at("server.git"), world.at("work"));
    git(world.path(), &["init", "-q", "--bare", "server.git"]);
    git(world.path(), &["init", "-q", "work"]);
    // A message, but not its comments.
    let message = world.at("message");
    fs::write(&message, format!("x\n# {}", line(1))).unwrap();
    let file = message.to_str().unwrap();
    world.run_in("work", &["hook", "--hook-type", "commit-msg", file]).ends(0);
    fs::write(&message, format!("x\n\n{}", line(1))).unwrap();
    world.run_in("work", &["hook", "--hook-type", "commit-msg", file]).ends(1).says("(commit message):3:8");
    // A push has what the remote has not.
    let old = commit(&at, "old.py", &line(2));
    git(&at, &["remote", "add", "origin", "../server.git"]);
    git(&at, &["push", "-q", "origin", "main"]);
    let new = commit(&at, "new.py", &line(3));
    let push = |text: &str| {
        let mut command = world.command(&["hook", "--hook-type", "pre-push", "origin", "../server.git"]);
        command.current_dir(&at).stdin(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        use std::io::Write as _;
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        crate::world::finish(child)
    };
    let none = "0".repeat(40);
    let run = push(&format!("refs/heads/main {new} refs/heads/main {old}\n")).ends(1);
    assert!(run.out.contains("new.py") && !run.out.contains("old.py"), "{}", run.out);
    let run = push(&format!("refs/heads/topic {new} refs/heads/topic {none}\n")).ends(1);
    assert!(run.out.contains("new.py") && !run.out.contains("old.py"), "{}", run.out);
    push(&format!("(delete) {none} refs/heads/main {old}\n")).ends(0).complains("nothing is pushed");
    push(&format!("refs/heads/main {old} refs/heads/main {old}\n")).ends(0);
    // The server refuses it, while it still lies apart.
    let binary = env!("CARGO_BIN_EXE_keyroll");
    let hook = server.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\nexec '{binary}' hook --hook-type pre-receive\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let (ok, _, err) = try_git(&at, 1_700_000_000, &["push", "origin", "main"]);
        assert!(!ok && err.contains("new.py") && !err.contains("old.py"), "{err}");
        git(&at, &["reset", "-q", "--hard", "HEAD~1"]);
        commit(&at, "good.py", "x\n");
        git(&at, &["push", "-q", "origin", "main"]);
    }
}

#[test]
fn messages_of_tags_that_are_pushed_were_not_scanned() {
    let world = World::new();
    let at = world.at("work");
    git(world.path(), &["init", "-q", "--bare", "server.git"]);
    git(world.path(), &["init", "-q", "work"]);
    let tip = commit(&at, "a.py", "x\n");
    git(&at, &["remote", "add", "origin", "../server.git"]);
    git(&at, &["push", "-q", "origin", "main"]);
    git(&at, &["tag", "-a", "v1", "-m", &line(1)]);
    git(&at, &["tag", "-a", "v2", "-m", "of a tag", "v1"]);
    let (first, second, none) = (git(&at, &["rev-parse", "v1"]), git(&at, &["rev-parse", "v2"]), "0".repeat(40));
    let push = |text: &str| {
        let mut command = world.command(&["hook", "--hook-type", "pre-push", "origin", "../server.git"]);
        let mut child = command.current_dir(&at).stdin(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        crate::world::finish(child)
    };
    // The commit is known; the tag is what is new. Another tag that is not pushed says nothing.
    push(&format!("refs/heads/main {tip} refs/heads/main {tip}\n")).ends(0).complains("the remote has all");
    let run = push(&format!("refs/tags/v1 {first} refs/tags/v1 {none}\n")).ends(1);
    assert!(run.out.contains("(tag message):1:8") && run.out.contains(&first[..12]), "{}", run.out);
    push(&format!("refs/tags/v2 {second} refs/tags/v2 {none}\n")).ends(1).says("(tag message)");
    push(&format!("refs/tags/v2 {second} refs/tags/v2 {first}\n")).ends(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = world.at("server.git/hooks/pre-receive");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        let binary = env!("CARGO_BIN_EXE_keyroll");
        fs::write(&hook, format!("#!/bin/sh\nexec '{binary}' hook --hook-type pre-receive\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let (ok, _, err) = try_git(&at, 1_700_000_000, &["push", "origin", "v1"]);
        assert!(!ok && err.contains("(tag message)"), "{err}");
    }
}

#[test]
fn refs_beyond_what_is_read_were_cut_off_without_a_word() {
    let world = repository();
    let tip = commit(world.path(), "a.py", &line(1));
    let line = format!("refs/heads/main {tip} refs/heads/main {}\n", "0".repeat(40));
    let many = line.repeat((64 << 20) / line.len() + 1);
    let run = world.pipe(many.as_bytes(), &["hook", "--hook-type", "pre-push", "origin"]).ends(2);
    run.complains("more than 64 MiB of refs").complains("nothing was scanned");
    // A name of any bytes is a name.
    let odd = [b"refs/heads/\xff", line.strip_prefix("refs/heads/main").unwrap().as_bytes()].concat();
    world.pipe(&odd, &["hook", "--hook-type", "pre-push", "origin"]).ends(1).says("a.py");
    let run = world.pipe(b"refs/heads/main abc\n", &["hook", "--hook-type", "pre-push", "origin"]).ends(2);
    run.complains("line 1 of standard input is not what git writes");
}

#[test]
fn a_bare_repository_takes_the_hook_that_runs_there() {
    let world = World::new();
    git(world.path(), &["init", "-q", "--bare", "server.git"]);
    for hook in [&[][..], &["--hook-type", "commit-msg"]] {
        let run = world.run_in("server.git", &[&["hook", "--install"], hook].concat()).ends(2);
        run.complains("is a bare repository").complains("`keyroll hook --install --hook-type pre-receive`");
    }
    assert!(!world.at("server.git/hooks/pre-commit").exists() && !world.at("server.git/hooks/commit-msg").exists());
    world.run_in("server.git", &["hook", "--install", "--hook-type", "pre-receive"]).ends(0);
    world.run_in("server.git", &["hook", "--install", "--hook-type", "pre-push"]).ends(0);
    assert!(world.at("server.git/hooks/pre-receive").is_file());
    world.run_in("server.git", &["hook", "--uninstall", "--hook-type", "pre-receive"]).ends(0);
    // In a working tree of it people do commit, and its hooks lie in the bare repository.
    git(world.path(), &["init", "-q", "work"]);
    commit(&world.at("work"), "a.py", "x\n");
    git(&world.at("work"), &["push", "-q", "../server.git", "main"]);
    git(&world.at("server.git"), &["worktree", "add", "-q", "../tree", "main"]);
    world.run_in("server.git", &["hook", "--install"]).ends(0);
    world.run_in("tree", &["hook", "--install"]).ends(0);
    assert!(world.at("server.git/hooks/pre-commit").is_file());
}
