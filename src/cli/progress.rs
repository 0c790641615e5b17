//! A line on standard error while a long scan runs, when that is a terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::scan::Progress;

/// Scans shorter than this show nothing.
const PATIENCE: Duration = Duration::from_millis(700);

/// Shows progress until dropped.
pub struct Line {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    /// Starts to watch; does nothing when standard error is no terminal or `quiet`.
    pub fn start(progress: &Arc<Progress>, quiet: bool) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        if quiet || !std::io::stderr().is_terminal() {
            return Self { done, thread: None };
        }
        let (progress, stop) = (Arc::clone(progress), Arc::clone(&done));
        let thread = thread::spawn(move || watch(&progress, &stop));
        Self { done, thread: Some(thread) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has nothing to do with the scan.
            let _ = thread.join();
        }
    }
}

fn watch(progress: &Progress, done: &AtomicBool) {
    thread::park_timeout(PATIENCE);
    if done.load(Ordering::Relaxed) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        let (files, bytes) = (progress.files.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed));
        let exports = progress.exports.load(Ordering::Relaxed);
        let read = if exports > 0 { format!(", {} of exports read", HumanBytes(exports)) } else { String::new() };
        bar.set_message(format!("scanned {} files, {}{read}", HumanCount(files), HumanBytes(bytes)));
        bar.tick();
        thread::park_timeout(Duration::from_millis(120));
    }
    bar.finish_and_clear();
}
