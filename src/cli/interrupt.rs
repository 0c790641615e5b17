//! Ctrl-C: what it does depends on what is going on when it comes.

use std::sync::Mutex;

/// What is done when it comes.
static ACT: Mutex<Option<Box<dyn FnMut() + Send>>> = Mutex::new(None);

/// Says what the next Ctrl-C does, in the place of what was said before.
pub fn on(act: impl FnMut() + Send + 'static) {
    if let Ok(mut now) = ACT.lock() {
        *now = Some(Box::new(act));
    }
    // A process has one handler, so only the first call sets it; without one Ctrl-C ends the process at once, which is all
    // that is lost.
    let _ = ctrlc::set_handler(|| {
        if let Ok(mut act) = ACT.lock()
            && let Some(act) = act.as_mut()
        {
            act();
        }
    });
}
