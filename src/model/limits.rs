//! What an organisation demands of its identities, in numbers; and from where on a run fails.

use super::{Finding, Location, Risk, Severity};

/// Longest lives and longest times without use, in whole days.
///
/// The defaults are those of the CIS benchmarks where these name one (AWS Foundations: rotate access keys after 90 days,
/// disable credentials that were not used for 45), else what the documentation of the checks says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How old a key may be before it has to be rotated.
    pub key_age: i64,
    /// How long a key may go unused.
    pub key_unused: i64,
    /// How long an identity may go unused.
    pub identity_unused: i64,
    /// How long a signed token may live.
    pub token_life: i64,
    /// How long a secret with an end may live from its creation.
    pub secret_life: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { key_age: 90, key_unused: 45, identity_unused: 90, token_life: 30, secret_life: 180 }
    }
}

impl Limits {
    /// The stricter of two, number by number.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self {
            key_age: self.key_age.min(other.key_age),
            key_unused: self.key_unused.min(other.key_unused),
            identity_unused: self.identity_unused.min(other.identity_unused),
            token_life: self.token_life.min(other.token_life),
            secret_life: self.secret_life.min(other.secret_life),
        }
    }
}

/// An exception whose time has run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapsed {
    /// The entry, as in `exceptions[0]`.
    pub entry: String,
    /// What it accepted: a check's id, or a provider.
    pub what: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it was made.
    pub reason: String,
    /// The day on which it ended, as written.
    pub expires: String,
    /// The configuration.
    pub location: Location,
}

/// Which findings fail a run: from which severity on, for each of the ten risks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailOn {
    severity: Severity,
    from: [Option<Severity>; Risk::ALL.len()],
}

impl From<Severity> for FailOn {
    fn from(severity: Severity) -> Self {
        Self { severity, from: [Some(severity); Risk::ALL.len()] }
    }
}

impl FailOn {
    /// Another severity for findings under a risk; `None` when they never fail a run.
    #[must_use]
    pub fn under(mut self, risk: Risk, severity: Option<Severity>) -> Self {
        if let Some(at) = Risk::ALL.iter().position(|known| *known == risk)
            && let Some(slot) = self.from.get_mut(at)
        {
            *slot = severity;
        }
        self
    }

    /// The severity for risks of which nothing else is said.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Risks with another severity than that.
    pub fn exceptions(&self) -> impl Iterator<Item = (Risk, Option<Severity>)> {
        let general = Some(self.severity);
        Risk::ALL.into_iter().zip(self.from).filter(move |(_, from)| *from != general)
    }

    /// Whether a finding fails the run. One that is suppressed, by a comment, the configuration or the baseline, never does.
    #[must_use]
    pub fn fails(&self, finding: &Finding) -> bool {
        let from = Risk::ALL.iter().zip(self.from).find(|(risk, _)| **risk == finding.risk).and_then(|(_, from)| from);
        finding.suppressed.is_none() && from.is_some_and(|from| finding.severity >= from)
    }

    /// The stricter of two: a finding fails when either says so.
    #[must_use]
    pub fn stricter(&self, other: &Self) -> Self {
        let mut both = Self::from(self.severity.min(other.severity));
        for (slot, (a, b)) in both.from.iter_mut().zip(self.from.into_iter().zip(other.from)) {
            *slot = match (a, b) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_two_fails_whatever_either_fails() {
        let a = FailOn::from(Severity::High).under(Risk::Nhi2, Some(Severity::Low));
        let b = FailOn::from(Severity::Medium).under(Risk::Nhi2, None).under(Risk::Nhi9, None);
        let both = a.stricter(&b);
        assert_eq!(both, b.stricter(&a));
        assert_eq!(both.severity(), Severity::Medium);
        let exceptions: Vec<_> = both.exceptions().collect();
        assert_eq!(exceptions, [(Risk::Nhi2, Some(Severity::Low)), (Risk::Nhi9, Some(Severity::High))]);
        assert_eq!(a.stricter(&a), a);
    }
}
