//! Levels as flags name them.

use clap::ValueEnum;

use crate::model::{Confidence, Severity};

/// Severities as flags take them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SeverityArg {
    /// 1–39.
    Low,
    /// 40–69.
    Medium,
    /// 70–90.
    High,
    /// 91–100.
    Critical,
}

impl From<SeverityArg> for Severity {
    fn from(arg: SeverityArg) -> Self {
        match arg {
            SeverityArg::Low => Self::Low,
            SeverityArg::Medium => Self::Medium,
            SeverityArg::High => Self::High,
            SeverityArg::Critical => Self::Critical,
        }
    }
}

/// Confidences as flags take them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ConfidenceArg {
    /// Worth a look when hunting.
    Low,
    /// The default.
    Medium,
    /// Shape and context agree.
    High,
    /// Proved offline.
    Confirmed,
}

impl From<ConfidenceArg> for Confidence {
    fn from(arg: ConfidenceArg) -> Self {
        match arg {
            ConfidenceArg::Low => Self::Low,
            ConfidenceArg::Medium => Self::Medium,
            ConfidenceArg::High => Self::High,
            ConfidenceArg::Confirmed => Self::Confirmed,
        }
    }
}
