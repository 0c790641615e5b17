//! `keyroll explain PATH[:LINE]`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use super::args::ExplainArgs;
use super::{Exit, print, settings};
use crate::model::RepoPath;
use crate::scan;
use crate::text::escape;

/// Says why each possible value of a file, or of one of its lines, was or was not reported.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let (path, line) = place(&args.place);
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let settings = settings::plain(&args.rules)?;
    let engine = scan::engine(&settings)?;
    let name = path.to_string_lossy().replace('\\', "/");
    let all = scan::explain(&engine, &settings, &RepoPath::from(name.as_str()), &bytes);
    let chosen: Vec<_> = all.iter().filter(|e| line.is_none_or(|l| e.line == l)).collect();
    let mut text = String::new();
    for e in &chosen {
        writeln!(
            text,
            "{}:{}:{}: {}: {}",
            escape::terminal(&name),
            e.line,
            e.column,
            e.rule,
            escape::terminal(&e.verdict)
        )?;
    }
    if chosen.is_empty() {
        let here = line.map_or(String::new(), |l| format!(" on line {l}"));
        writeln!(
            text,
            "{}: no rule matches{here}, and nothing there looks like an assignment of a credential",
            escape::terminal(&name)
        )?;
    }
    print(&text)
}

/// Splits `PATH:LINE`; a file whose name ends like that wins.
fn place(text: &str) -> (PathBuf, Option<u64>) {
    if PathBuf::from(text).exists() {
        return (PathBuf::from(text), None);
    }
    match text.rsplit_once(':').map(|(path, line)| (path, line.parse())) {
        Some((path, Ok(line))) => (PathBuf::from(path), Some(line)),
        _ => (PathBuf::from(text), None),
    }
}
