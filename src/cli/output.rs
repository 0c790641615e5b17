//! Writes reports to where `-f` and `-o` say.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::args::OutputArgs;
use super::settings::environment;
use super::{Exit, complain};
use crate::model::{FailOn, NoticeKind, Report, View};
use crate::report::{self, Reporter, Style};
use crate::text::escape;
use crate::text::numbers::count;

/// One output and where it goes.
pub struct Target {
    reporter: &'static Reporter,
    file: Option<PathBuf>,
}

/// Reads `-f` and `-o`.
///
/// # Errors
/// When a format is unknown or two would share standard output.
pub fn targets(args: &OutputArgs) -> anyhow::Result<Vec<Target>> {
    let find = |id: &str| {
        report::find(id).with_context(|| {
            let known: Vec<&str> = report::REPORTERS.iter().map(|r| r.id).collect();
            format!("-f {id}: no such format; there are {}", known.join(", "))
        })
    };
    let mut targets = Vec::new();
    for format in &args.format {
        let (id, file) = match format.split_once('=') {
            Some((id, file)) if !file.is_empty() => (id, Some(PathBuf::from(file))),
            Some((id, _)) => bail!("-f {id}=: the file name is missing"),
            None => (format.as_str(), None),
        };
        targets.push(Target { reporter: find(id)?, file: file.filter(|f| f.as_os_str() != "-") });
    }
    if let Some(path) = args.output.as_ref().filter(|p| p.as_os_str() != "-") {
        match targets.iter_mut().find(|t| t.file.is_none()) {
            Some(target) => target.file = Some(path.clone()),
            None => {
                let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
                let by_name = report::REPORTERS.iter().find(|r| r.extension == extension);
                let reporter = by_name.copied().with_context(|| {
                    format!("-o {}: name the format with -f, the extension does not tell it", path.display())
                })?;
                targets.push(Target { reporter, file: Some(path.clone()) });
            }
        }
    }
    if targets.iter().all(|t| t.file.is_some()) {
        targets.insert(0, Target { reporter: find("table")?, file: None });
    }
    let mut places = BTreeSet::new();
    for file in targets.iter().filter_map(|target| target.file.as_ref()) {
        if !places.insert(place(file)?) {
            bail!("two formats want the file {}", file.display());
        }
    }
    if targets.iter().filter(|t| t.file.is_none()).count() > 1 {
        bail!("two formats want standard output: give one of them a file, as in -f sarif=out.sarif");
    }
    Ok(targets)
}

/// Where a file will lie, however its name is spelt. Before anything is scanned: a report that cannot be written is work lost.
fn place(file: &Path) -> anyhow::Result<PathBuf> {
    if file.is_dir() {
        bail!("{}: is a directory; name a file in it for the report", file.display());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = folder.canonicalize().with_context(|| {
        format!("{}: the report cannot be written, because its folder cannot be used", file.display())
    })?;
    Ok(file.file_name().map_or_else(|| whole.clone(), |name| whole.join(name)))
}

/// Writes every output; `fail_on` says which findings fail the run. A pipe that is closed early ends that output quietly.
///
/// # Errors
/// When a file cannot be written; the others are written all the same.
pub fn write(report: View<'_>, targets: &[Target], args: &OutputArgs, fail_on: FailOn) -> anyhow::Result<()> {
    let own = Style { fail_on, ..style(args) };
    let mut failed = Ok(());
    for target in targets {
        let style = if target.file.is_some() { Style { width: 100, color: false, ..own } } else { own };
        let put = put(target, |out| (target.reporter.write)(report, &style, out));
        if let (Err(error), Err(_)) = (&put, &failed) {
            complain(&format!("{error:#}"));
        } else {
            failed = failed.and(put);
        }
    }
    let table_shown = targets.iter().any(|t| t.file.is_none() && t.reporter.id == "table");
    if !args.quiet && !table_shown {
        tell(report.head(), report.open(), args.verbose);
    }
    failed
}

/// Writes one output to its place.
fn put(target: &Target, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> anyhow::Result<()> {
    match &target.file {
        Some(path) => {
            let name = || path.display().to_string();
            let mut out = BufWriter::new(File::create(path).with_context(name)?);
            write(&mut out).and_then(|()| out.flush()).with_context(name)
        }
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            match write(&mut out).and_then(|()| out.flush()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other.context("standard output"),
            }
        }
    }
}

/// What somebody should know whose report went to a file or another program.
fn tell(report: &Report, open: u64, verbose: bool) {
    let most = if verbose { usize::MAX } else { 10 };
    for notice in report.notices.iter().take(most) {
        let kind = if notice.kind == NoticeKind::Gap { "gap" } else { "limit" };
        let place = match (&notice.path, notice.line) {
            (Some(path), Some(line)) => format!("{path}:{line}: "),
            (Some(path), None) => format!("{path}: "),
            _ => String::new(),
        };
        complain(&escape::terminal(&format!("{kind}: {place}{}", notice.message)));
    }
    if report.notices.len() > most {
        complain(&format!("{} more notices; -v shows them", report.notices.len() - most));
    }
    complain(&format!(
        "{}, {}; {} scanned, {} skipped",
        count(open, "finding", "findings"),
        count(report.headline.identities, "identity", "identities"),
        match report.coverage.history_blobs {
            0 => count(report.coverage.files, "file", "files"),
            n => format!(
                "{} and {}",
                count(report.coverage.files, "file", "files"),
                count(n, "version in the history", "versions in the history")
            ),
        },
        report.coverage.skipped.values().sum::<u64>()
    ));
}

fn style(args: &OutputArgs) -> Style {
    Style { sarif_suppressed: args.sarif_suppressed, ..terminal_style(args.verbose, args.no_color) }
}

/// How standard output wants things to look, without the options of outputs.
pub fn terminal_style(verbose: bool, no_color: bool) -> Style {
    let terminal = io::stdout().is_terminal();
    let dumb = environment("TERM").is_some_and(|term| term == "dumb");
    let columns = environment("COLUMNS").and_then(|c| c.parse().ok());
    let width = columns.or_else(|| terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)).filter(|_| terminal));
    Style {
        width: width.unwrap_or(80).clamp(40, 200),
        color: terminal && !no_color && environment("NO_COLOR").is_none() && !dumb,
        verbose,
        ..Style::default()
    }
}

/// How a report ends a run.
pub fn exit(report: View<'_>, fail_on: FailOn, code: u8, zero: bool) -> Exit {
    exit_of(report.head(), report.findings().any(|finding| fail_on.fails(&finding)), code, zero)
}

/// The same where it is known whether a finding fails the run.
pub fn exit_of(report: &Report, failing: bool, code: u8, zero: bool) -> Exit {
    // Somebody who stops a scan is told that it saw a part, whatever stood in that.
    if report.coverage.interrupted {
        return Exit::Incomplete;
    }
    if failing && !zero {
        Exit::Findings(code)
    } else if report.incomplete {
        Exit::Incomplete
    } else {
        Exit::Clean
    }
}
