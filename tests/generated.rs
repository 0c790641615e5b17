//! Files that are committed although a command writes them: packagers and readers want them without building anything.
//!
//! Each equals what the binary writes now. `make generate` (`UPDATE=1 cargo test --test generated`) rewrites them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every generated file, with the words behind `keyroll generate` that write it.
const FILES: &[(&str, &[&str])] = &[
    ("completions/keyroll.bash", &["completions", "bash"]),
    ("completions/_keyroll", &["completions", "zsh"]),
    ("completions/keyroll.fish", &["completions", "fish"]),
    ("completions/_keyroll.ps1", &["completions", "powershell"]),
    ("completions/keyroll.elv", &["completions", "elvish"]),
    ("man/keyroll.1", &["man"]),
    ("docs/rules.md", &["docs", "rules"]),
    ("docs/checks.md", &["docs", "checks"]),
    ("docs/formats.md", &["docs", "formats"]),
    ("docs/schema/report.json", &["schema", "report"]),
    ("docs/schema/rules.json", &["schema", "rules"]),
];

/// Folders that hold nothing but generated files.
const FOLDERS: &[&str] = &["completions", "man", "docs/schema"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the binary in an empty environment but for what its loader needs, so that no variable can change the output.
fn keyroll(args: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyroll"));
    command.args(args).current_dir(dir).env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH", "SystemRoot"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.output().expect("the binary runs")
}

fn generate(words: &[&str]) -> String {
    let output = keyroll(&[&["generate"], words].concat(), &root());
    assert!(output.status.success(), "generate {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("generated files are UTF-8")
}

#[test]
fn committed_files_equal_what_the_binary_writes() {
    let mut stale = Vec::new();
    for (path, words) in FILES {
        let file = root().join(path);
        let got = generate(words);
        assert!(got.len() > 200, "`keyroll generate {}` wrote next to nothing: {got}", words.join(" "));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &got).unwrap();
        }
        // A checkout may have changed line ends.
        let committed = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        if committed != got {
            stale.push(format!("  {path}: {}", first_difference(&committed, &got)));
        }
    }
    assert!(stale.is_empty(), "\n{}\nRun `make generate`, read the difference and commit it.\n", stale.join("\n"));
}

fn first_difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let line = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let show = |lines: &[&str]| lines.get(line).map_or("(ends)".to_owned(), |l| l.chars().take(100).collect());
    format!("line {}, committed `{}`, now `{}`", line + 1, show(&old), show(&new))
}

#[test]
fn no_generated_file_is_left_over() {
    let known: BTreeSet<PathBuf> = FILES.iter().map(|(path, _)| root().join(path)).collect();
    for folder in FOLDERS {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            assert!(known.contains(&path), "{} is written by nothing: remove it", path.display());
        }
    }
}

#[test]
fn what_is_generated_does_not_depend_on_the_run() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (path, words) in FILES {
        let all = [&["generate"], *words].concat();
        let here = keyroll(&all, &root());
        let there = keyroll(&all, elsewhere.path());
        assert!(here.stdout == there.stdout, "{path} differs from one directory to another");
        let text = String::from_utf8(here.stdout).unwrap();
        assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{path} names a path of this machine");
        assert!(text.ends_with('\n') && !text.contains('\r'), "{path} does not end in one line feed");
    }
}

/// Words of a help text that stand where commands are listed.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    listed
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn completions_and_manual_name_every_command() {
    let help = String::from_utf8(keyroll(&["--help"], &root()).stdout).unwrap();
    let commands = commands(&help);
    assert!(commands.len() > 5, "no commands read from: {help}");
    for (path, words) in FILES.iter().filter(|(path, _)| path.starts_with("completions") || path.starts_with("man")) {
        let text = generate(words);
        for command in &commands {
            assert!(text.contains(command.as_str()), "{path} does not name `{command}`");
        }
    }
}
