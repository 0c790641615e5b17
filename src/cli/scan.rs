//! `keyroll scan`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::bail;

use super::args::ScanArgs;
use super::progress::Line;
use super::{Exit, complain, interrupt, output, settings};
use crate::config::Settings;
use crate::model::Report;
use crate::scan::{self, Progress};

/// Runs a scan and writes its outputs.
pub fn run(args: &ScanArgs, stdin: bool) -> anyhow::Result<Exit> {
    let targets = output::targets(&args.output)?;
    let dash = matches!(args.paths.as_slice(), [path] if path.as_os_str() == "-");
    let stdin = stdin || dash;
    if let Some(path) = args.paths.iter().find(|path| stdin && !dash && path.as_os_str() != ".") {
        bail!("standard input is read instead of paths: leave {} out", path.display());
    }
    let settings = settings::from_args(args, stdin)?;
    let report = watched(&settings, args.output.quiet).map_err(|error| mistyped(error, args))?;
    output::write((&report).into(), &targets, &args.output, settings.fail_on)?;
    // An end of the pipe that failed says nothing either.
    if stdin && !report.coverage.interrupted && report.coverage.bytes == 0 && report.notices.is_empty() {
        complain("NOTHING WAS SCANNED: standard input was empty");
    }
    let exit = output::exit((&report).into(), settings.fail_on, args.exit_code, args.exit_zero);
    // The process ends here, and the system takes the memory of a long report faster than its parts are freed. What is written
    // out holds no `Secret`.
    #[allow(clippy::disallowed_methods)]
    std::mem::forget(report);
    Ok(exit)
}

/// What cannot be scanned because a word was taken for a path, told as such.
fn mistyped(error: anyhow::Error, args: &ScanArgs) -> anyhow::Error {
    let word = args.paths.first().and_then(|path| path.to_str()).unwrap_or_default();
    let first = std::env::args_os().nth(1).is_some_and(|first| first == word);
    let plain = first && !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if plain && !Path::new(word).exists() {
        return anyhow::anyhow!("{error:#}; nor is it a command: `keyroll --help` lists those");
    }
    error
}

/// Runs a scan that shows its progress and can be stopped.
pub fn watched(settings: &Settings, quiet: bool) -> anyhow::Result<Report> {
    let progress = Arc::new(Progress::default());
    let on_interrupt = Arc::clone(&progress);
    interrupt::on(move || on_interrupt.stop.store(true, Ordering::Relaxed));
    // A panic while a blob is read becomes a notice; its message would only tear the progress line.
    std::panic::set_hook(Box::new(|info| {
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            // Where, but not what: a message may quote the input.
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            complain(&format!("internal error at {place}"));
        }
    }));
    let line = Line::start(&progress, quiet);
    let report = scan::run(settings, &progress);
    drop(line);
    Ok(report?)
}
