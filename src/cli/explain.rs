//! `keyroll explain PATH[:LINE]`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::args::ExplainArgs;
use super::{Exit, print, settings};
use crate::scan;
use crate::text::escape;

/// Says why each possible value of files, or of lines of them, was or was not reported.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let settings = settings::for_explain(args)?;
    let engine = scan::engine(&settings)?;
    let mut text = String::new();
    for given in &args.places {
        let (path, line) = place(given);
        if path.is_dir() {
            bail!("{}: is a directory; explain takes files", path.display());
        }
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let shown = escape::terminal(&path.to_string_lossy().replace('\\', "/"));
        let all = scan::explain(&engine, &settings, &path, &bytes)?;
        let chosen: Vec<_> = all.iter().filter(|e| line.is_none_or(|l| e.line == l)).collect();
        for e in &chosen {
            let verdict = escape::terminal(&e.verdict);
            let member = Some(escape::terminal(&e.inside)).filter(|m| !m.is_empty());
            let member = member.map(|m| format!("!{m}")).unwrap_or_default();
            let place = if e.line > 0 { format!(":{}:{}", e.line, e.column) } else { String::new() };
            writeln!(text, "{shown}{member}{place}: {}: {verdict}", e.rule)?;
        }
        if chosen.is_empty() {
            let here = line.map_or(String::new(), |l| format!(" on line {l}"));
            writeln!(
                text,
                "{shown}: no rule matches{here}, and nothing there looks like an assignment of a credential"
            )?;
        }
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
