//! The command line: parses, calls the library, writes, and says how it ended. The only floor that knows clap and the
//! terminal (the table report draws tables, but is told width and colour).

mod about;
mod args;
mod baseline;
mod ci;
mod collect;
mod diff;
mod exit;
mod explain;
mod generate;
mod hook;
mod import;
mod interrupt;
mod output;
mod progress;
mod report;
mod rules;
mod scan;
mod settings;
mod triage;

use std::ffi::OsString;
use std::io::Write as _;

use clap::Parser as _;

use crate::text::escape;

pub use args::Cli;
pub use exit::Exit;
#[doc(hidden)]
pub use import::try_imports;

use args::Command;

/// Commands of the first argument; anything else is a path to scan.
const COMMANDS: &[&str] = &[
    "scan",
    "dir",
    "fs",
    "filesystem",
    "path",
    "baseline",
    "triage",
    "import",
    "hook",
    "protect",
    "ci",
    "git",
    "detect",
    "stdin",
    "report",
    "diff",
    "explain",
    "rules",
    "checks",
    "formats",
    "config",
    "generate",
];

/// Runs a whole command line.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(with_command(args.into_iter().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return if usage { Exit::Usage } else { Exit::Clean };
        }
    };
    let result = match cli.command {
        Command::Scan(args) => scan::run(&args, args.stdin),
        Command::Hook(args) => hook::run(&args),
        Command::Baseline { command } => baseline::run(command),
        Command::Triage(args) => triage::run(&args),
        Command::Import { command } => import::run(command),
        Command::Ci(args) => ci::run(&args),
        Command::Stdin(args) => scan::run(&args, true),
        Command::Report(args) => report::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules { command } => rules::run(command),
        Command::Checks { command } => about::checks(command),
        Command::Formats { command } => about::formats(command),
        Command::Config { command } => settings::command(command),
        Command::Generate { command } => generate::run(&command),
    };
    result.unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        Exit::Usage
    })
}

/// `keyroll PATH` means `keyroll scan PATH`; a command word wins over a directory of that name.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = args.get(1) else { return args };
    let text = first.to_string_lossy();
    let is_general = matches!(text.as_ref(), "-h" | "--help" | "-V" | "--version" | "help");
    let has = |flag: &str| args.iter().any(|a| a == flag);
    // Lines that were written for another scanner: `git` and `detect` are the history, `git --staged` and `--pre-commit` the
    // index.
    if matches!(text.as_ref(), "git" | "detect") {
        let index = has("--staged") || has("--pre-commit");
        let tree = has("--no-git");
        args.retain(|a| {
            !matches!(a.to_string_lossy().as_ref(), "--verbose" | "--no-git" | "--pre-commit" | "--staged")
        });
        args[1] = if index { "hook" } else { "scan" }.into();
        if !index {
            args.push(if tree { "--no-history" } else { "--history-only" }.into());
        }
        return args;
    }
    if text == "help" {
        args[1] = "--help".into();
    } else if !is_general && !COMMANDS.contains(&text.as_ref()) {
        args.insert(1, "scan".into());
    }
    args
}

/// One line on standard error.
fn complain(message: &str) {
    let safe: Vec<String> = message.lines().map(escape::terminal).collect();
    let _ = writeln!(std::io::stderr(), "keyroll: {}", safe.join("\n"));
}

/// Writes text to standard output; a closed pipe ends quietly.
fn print(text: &str) -> anyhow::Result<Exit> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(Exit::Clean),
    }
}
