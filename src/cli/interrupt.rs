//! Ctrl-C: what it does depends on what is going on when it comes. A second one ends the process.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is done when it comes.
static ACT: Mutex<Option<Box<dyn FnMut() + Send>>> = Mutex::new(None);

/// Whether it came already since something was said of it.
static CAME: AtomicBool = AtomicBool::new(false);

/// What a shell calls a program that Ctrl-C ended: 128 and the number of the signal.
const ENDED: i32 = 130;

/// Says what the next Ctrl-C does, in the place of what was said before. It must not wait for anything: the one after it ends
/// the process at once, and would wait, too.
pub fn on(act: impl FnMut() + Send + 'static) {
    if let Ok(mut now) = ACT.lock() {
        *now = Some(Box::new(act));
    }
    CAME.store(false, Ordering::SeqCst);
    // A process has one handler, so only the first call sets it; without one Ctrl-C ends the process at once, which is all
    // that is lost.
    let _ = ctrlc::set_handler(|| {
        if CAME.swap(true, Ordering::SeqCst) {
            end();
        }
        if let Ok(mut act) = ACT.lock()
            && let Some(act) = act.as_mut()
        {
            act();
        }
    });
}

/// Ends the process, without a progress line or a hidden cursor left behind. Aborting would leave the memory in a file, and
/// values in it.
// Nothing is left to decide, and waiting for what runs is what nobody wants any more.
#[allow(clippy::exit, clippy::disallowed_methods)]
fn end() -> ! {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // Whoever ends the program does not want to hear that its terminal is gone.
        let _ = err.write_all(b"\r\x1b[2K\x1b[?25h");
    }
    std::process::exit(ENDED)
}
