//! The verdict: checks over the inventory, one file a risk, and the scores. Pure: the same inventory and as-of time give
//! the same result.

use jiff::Timestamp;

use crate::model::{Confidence, Finding, Headline, Inventory, Risk, RiskSummary, Severity};

/// What the checks may know beside the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The time that ages are measured against.
    pub as_of: Timestamp,
}

/// One check.
pub struct Check {
    /// Stable id: the risk, then the condition: `NHI7-aws-key-age`.
    pub id: &'static str,
    /// The risk.
    pub risk: Risk,
    /// What it finds.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub remediation: &'static str,
    /// Base severity.
    pub severity: Severity,
    /// Usual confidence.
    pub confidence: Confidence,
    /// Pages that define the condition.
    pub references: &'static [&'static str],
    /// The formats (or `code`) whose presence makes it assessable.
    pub needs: &'static [&'static str],
    /// The check itself.
    pub run: fn(&Inventory, &Context) -> Vec<Finding>,
}

/// What assessment gives.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// Findings, most important first.
    pub findings: Vec<Finding>,
    /// The ten risks.
    pub risks: Vec<RiskSummary>,
    /// Overall score.
    pub score: Option<i32>,
    /// Headline numbers.
    pub headline: Headline,
}

/// Every check.
pub const CHECKS: &[&Check] = &[];

/// Runs every check, scores findings and identities, and summarises the risks. Identities get their score and control
/// card in place.
pub fn assess(_inventory: &mut Inventory, _context: &Context) -> Assessment {
    Assessment::default()
}
