//! Exit codes: a promise to scripts.

use std::process::ExitCode;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or over the threshold, and everything was seen.
    Clean,
    /// Findings at or over the threshold; `--exit-code` may change the number.
    Findings(u8),
    /// Wrong usage or configuration: nothing was scanned.
    Usage,
    /// No findings at or over the threshold, but something was not seen.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::from(0),
            Exit::Findings(code) => Self::from(code),
            Exit::Usage => Self::from(2),
            Exit::Incomplete => Self::from(3),
        }
    }
}
