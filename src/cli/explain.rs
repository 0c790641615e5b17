//! `keyroll explain PATH[:LINE]`.

use std::ffi::OsStr;
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
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + u64::from(!bytes.ends_with(b"\n"));
        if let Some(beyond) = line.filter(|line| *line == 0 || *line > lines) {
            writeln!(text, "{shown}: has no line {beyond}: it has {lines}")?;
        } else if chosen.is_empty() {
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
fn place(text: &OsStr) -> (PathBuf, Option<u64>) {
    let whole = PathBuf::from(text);
    if whole.exists() {
        return (whole, None);
    }
    // A name that is no text has its line behind it, which is.
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((_, Ok(line))) = name.rsplit_once(':').map(|(path, line)| (path, line.parse())) else {
        return (whole, None);
    };
    let bytes = text.as_encoded_bytes();
    let end = bytes.iter().rposition(|byte| *byte == b':').unwrap_or(bytes.len());
    let path = std::str::from_utf8(bytes.get(..end).unwrap_or_default()).map(PathBuf::from);
    path.map_or((whole, None), |path| (path, Some(line)))
}
