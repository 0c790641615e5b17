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
    let path = Path::new(env!("CARGO_BIN_EXE_keyroll")).parent().unwrap();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    let try_commit = |world: &World| {
        let run = std::process::Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x"])
            .current_dir(world.path())
            .env("PATH", &path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        (
            run.status.success(),
            String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr),
        )
    };
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
