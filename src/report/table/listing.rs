//! Which findings the page tells and in which order, so that every section tells them alike.

use std::collections::BTreeMap;

use crate::model::{Credential, Finding, Identity, Report, Severity};

/// The score term of findings that were seen only below test, fixture, example or documentation paths.
const TEST_PATH: &str = "test path";

/// The findings that count, most important first, as the report has them.
pub(in crate::report) struct Listing<'a> {
    /// Told in full: what stands outside tests, and what is serious even there.
    pub main: Vec<&'a Finding>,
    /// The rest of what stands in tests, told shortly and last.
    pub samples: Vec<&'a Finding>,
    identities: BTreeMap<&'a str, &'a Identity>,
    credentials: BTreeMap<&'a str, &'a Credential>,
}

/// Findings of one rule with one remedy: one thing to do.
pub(in crate::report) struct Task<'a> {
    /// The most important of them.
    pub first: &'a Finding,
    /// Further ones that stand where the first does, outside tests or in them.
    pub alike: u64,
    /// Further ones in tests, when the first is outside.
    pub in_tests: u64,
}

impl<'a> Listing<'a> {
    pub(in crate::report) fn new(report: &'a Report) -> Self {
        let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
        let (samples, main) = open.partition(|finding| is_sample(finding) && finding.severity < Severity::High);
        let identities = report.inventory.identities.iter().map(|identity| (identity.id.as_str(), identity));
        let credentials = report.inventory.credentials.iter().map(|credential| (credential.id.as_str(), credential));
        Self { main, samples, identities: identities.collect(), credentials: credentials.collect() }
    }

    /// Every finding in the order of the page.
    pub(in crate::report) fn all(&self) -> impl Iterator<Item = &'a Finding> {
        self.main.iter().chain(&self.samples).copied()
    }

    /// The identity of this key, when the inventory describes it.
    pub(in crate::report) fn identity(&self, key: &str) -> Option<&'a Identity> {
        self.identities.get(key).copied()
    }

    /// The credential that a finding is about.
    pub(in crate::report) fn credential(&self, finding: &Finding) -> Option<&'a Credential> {
        self.credentials.get(finding.credential.as_deref()?).copied()
    }

    /// What there is to do, in the order of the page.
    pub(in crate::report) fn tasks(&self) -> Vec<Task<'a>> {
        let mut index: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut tasks: Vec<Task<'a>> = Vec::new();
        for finding in self.all() {
            let at = *index.entry((&finding.id, &finding.remediation)).or_insert(tasks.len());
            match tasks.get_mut(at) {
                Some(task) if is_sample(finding) && !is_sample(task.first) => task.in_tests += 1,
                Some(task) => task.alike += 1,
                None => tasks.push(Task { first: finding, alike: 0, in_tests: 0 }),
            }
        }
        tasks
    }
}

/// Whether a finding was seen only in tests, examples or documentation.
pub(in crate::report) fn is_sample(finding: &Finding) -> bool {
    finding.terms.iter().any(|term| term.name == TEST_PATH)
}
