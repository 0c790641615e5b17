//! What flags, configuration and comments decide about checks and their findings.

use std::collections::BTreeMap;

use crate::assess;
use crate::config::Settings;
use crate::detect::Accepted;
use crate::model::{Confidence, Environment, Finding, Identity, Lapsed, Limits, Location, Suppression, Usage};

/// Whether flags and configuration let a rule or check run.
pub(super) fn is_enabled(settings: &Settings, id: &str) -> bool {
    !settings.disabled_rules.iter().any(|d| d == id)
        && (settings.enabled_rules.is_empty() || settings.enabled_rules.iter().any(|e| e == id))
}

/// What flags, configuration and comments decide about checks.
pub(super) struct Decisions<'a> {
    pub(super) settings: &'a Settings,
    pub(super) accepted: &'a BTreeMap<String, Vec<Accepted>>,
}

impl assess::Policy for Decisions<'_> {
    fn runs(&self, check: &str) -> bool {
        is_enabled(self.settings, check)
    }

    fn shows(&self, confidence: Confidence) -> bool {
        confidence >= self.settings.confidence
    }

    fn accepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression> {
        let spoken = |place: &Location| {
            let lines = self.accepted.get(&place.path)?;
            let speaks = |a: &&Accepted| a.line == place.line && (a.rules.is_empty() || a.rules.contains(&finding.id));
            lines.iter().find(speaks).map(|a| a.suppression.clone())
        };
        // A finding with several places is accepted when all of them are.
        let inline = finding.locations.iter().map(spoken).collect::<Option<Vec<_>>>();
        let inline = inline.and_then(|all| all.into_iter().next()).filter(|_| self.settings.inline_ignores);
        let known = || self.settings.baseline.as_ref().and_then(|b| b.find_check(finding));
        let excepted = || self.excepts(finding, identity);
        inline.or_else(|| self.settings.allow.find_check(finding)).or_else(excepted).or_else(known)
    }

    fn excepts(&self, finding: &Finding, identity: Option<&Identity>) -> Option<Suppression> {
        self.settings.policy.excepts(finding, identity)
    }

    fn limits(&self) -> Limits {
        self.settings.policy.limits
    }

    fn demands_federation(&self, provider: &str) -> bool {
        self.settings.policy.demands_federation(provider)
    }

    fn allows_static(&self, usage: &Usage, identity: Option<&Identity>) -> Option<Suppression> {
        self.settings.policy.allows_static(usage, identity)
    }

    fn environment(&self, identity: &Identity) -> Option<Environment> {
        self.settings.policy.environment(identity)
    }

    fn owner(&self, identity: &Identity) -> Option<String> {
        self.settings.policy.owner(identity).map(str::to_owned)
    }

    fn is_own(&self, account: &str) -> bool {
        self.settings.policy.is_own(account)
    }

    fn lapsed(&self) -> &[Lapsed] {
        self.settings.policy.lapsed()
    }
}
