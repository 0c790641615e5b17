//! Repositories made with the git program, which knows surfaces that no library writes.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Stdio};

/// Runs git in a directory with nothing of the machine's configuration, at a fixed time; gives what it prints.
#[track_caller]
pub fn git(at: &Path, args: &[&str]) -> String {
    git_at(at, 1_700_000_000, args)
}

/// The same at another time, in seconds since 1970.
#[track_caller]
pub fn git_at(at: &Path, time: i64, args: &[&str]) -> String {
    let (ok, out, err) = try_git(at, time, args);
    assert!(ok, "git {args:?}\n{out}\n{err}");
    out.trim_end().to_owned()
}

/// Runs git with something to read.
#[track_caller]
pub fn git_reading(at: &Path, input: &[u8], args: &[&str]) -> String {
    use std::io::Write as _;
    let mut command = Command::new("git");
    command.args(args).current_dir(at).env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::piped());
    let mut child =
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").stdout(Stdio::piped()).spawn().expect("these tests need git");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "git {args:?}");
    String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
}

/// The same, which may fail.
pub fn try_git(at: &Path, time: i64, args: &[&str]) -> (bool, String, String) {
    let date = format!("{time} +0000");
    let settings = [
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "protocol.file.allow=always",
        "-c",
        "advice.detachedHead=false",
        "-c",
        "gc.auto=0",
        "-c",
        "core.autocrlf=false",
    ];
    let out = Command::new("git")
        .args(settings)
        .args(args)
        .current_dir(at)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .stdin(Stdio::null())
        .output()
        .expect("these tests need git");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.success(), text(&out.stdout), text(&out.stderr))
}

/// Writes a file and commits it; gives the commit.
#[track_caller]
pub fn commit(at: &Path, file: &str, text: &str) -> String {
    let path = at.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    git(at, &["add", "-f", file]);
    git(at, &["commit", "-q", "-m", "change"]);
    git(at, &["rev-parse", "HEAD"])
}

/// Removes a file and commits that.
#[track_caller]
pub fn remove(at: &Path, file: &str) -> String {
    git(at, &["rm", "-q", "-f", file]);
    git(at, &["commit", "-q", "-m", "remove"]);
    git(at, &["rev-parse", "HEAD"])
}
