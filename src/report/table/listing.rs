//! Which findings the page shows, taken up in one pass: of a report of a million a page shows few and counts the others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::place::at_line;
use super::tally::{Part, Tally, hash};
use crate::model::{Finding, Identity, IdentityKey, Severity, Text, View};

/// Findings shown with everything; of the rest the serious ones get one line and the others are counted.
const FULL: u64 = 50;
/// Findings in tests listed of one rule unless all are asked for.
const LISTED: usize = 10;
/// Things to do first.
pub(super) const TASKS: usize = 3;

/// Whom a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whom {
    /// An identity.
    Identity(IdentityKey),
    /// A credential without a known owner: its provider and the part of the tree.
    Unattributed(Text, Text),
    /// More than one identity: the part of the tree.
    Several(Text),
}

/// What a line tells of a finding.
pub(super) struct Line {
    pub(super) severity: Severity,
    pub(super) score: i32,
    pub(super) title: Text,
    pub(super) place: String,
}

/// Findings about one subject.
#[derive(Default)]
pub(super) struct About<'a> {
    pub(super) full: Vec<Cow<'a, Finding>>,
    pub(super) lines: Vec<Line>,
}

/// Findings in tests with one reason and one remedy.
pub(super) struct Alike<'a> {
    /// The first of them.
    pub(super) findings: Vec<Cow<'a, Finding>>,
    /// How many there are.
    pub(super) number: u64,
}

/// The findings that count, most important first, as far as the page shows them.
pub(super) struct Listing<'a> {
    pub(super) tally: Tally<'a>,
    /// By subject, the subject with the most important finding first.
    pub(super) main: Vec<(Whom, About<'a>)>,
    /// What of the main part is not shown.
    pub(super) counted: BTreeMap<Severity, u64>,
    /// By rule, in the order of the most important finding of each.
    pub(super) samples: Vec<Alike<'a>>,
    /// Providers of credentials.
    pub(super) providers: BTreeSet<Text>,
    identities: BTreeMap<&'a str, &'a Identity>,
}

impl<'a> Listing<'a> {
    pub(super) fn new(view: View<'a>, verbose: bool) -> Self {
        let mut provider_of: HashMap<u64, Text> = HashMap::new();
        for credential in view.credentials() {
            provider_of.insert(hash(&credential.id), Text::from(&credential.provider));
        }
        let identities = view.head().inventory.identities.iter().map(|identity| (identity.id.as_str(), identity));
        let mut out = Self {
            tally: Tally::new(if verbose { usize::MAX } else { TASKS }),
            main: Vec::new(),
            counted: BTreeMap::new(),
            samples: Vec::new(),
            providers: provider_of.values().cloned().collect(),
            identities: identities.collect(),
        };
        let mut subjects: BTreeMap<Whom, usize> = BTreeMap::new();
        let mut rules: HashMap<u64, usize> = HashMap::new();
        for finding in view.findings() {
            out.tally.add(&finding);
            match Part::of(&finding) {
                Part::Main => out.take(finding, verbose, &provider_of, &mut subjects),
                Part::Samples => out.take_sample(finding, verbose, &mut rules),
                Part::Accepted => {}
            }
        }
        out
    }

    fn take(
        &mut self,
        finding: Cow<'a, Finding>,
        verbose: bool,
        provider_of: &HashMap<u64, Text>,
        subjects: &mut BTreeMap<Whom, usize>,
    ) {
        // The most important ones in full, wherever they are grouped.
        let full = verbose || self.tally.main <= FULL;
        if !full && finding.severity < Severity::High {
            *self.counted.entry(finding.severity).or_default() += 1;
            return;
        }
        let whom = match (&finding.identity, &finding.credential) {
            (Some(identity), _) => Whom::Identity(identity.clone()),
            (None, Some(credential)) => {
                let provider = provider_of.get(&hash(credential)).cloned().unwrap_or_default();
                Whom::Unattributed(provider, component(&finding))
            }
            (None, None) => Whom::Several(component(&finding)),
        };
        let at = *subjects.entry(whom.clone()).or_insert(self.main.len());
        if at == self.main.len() {
            self.main.push((whom, About::default()));
        }
        let Some((_, about)) = self.main.get_mut(at) else { return };
        if full {
            about.full.push(finding);
        } else {
            about.lines.push(Line {
                severity: finding.severity,
                score: finding.score,
                title: Text::from(&finding.title),
                place: finding.locations.first().map(at_line).unwrap_or_default(),
            });
        }
    }

    /// Findings by rule, reason and remedy, so that one text fits all of a group.
    fn take_sample(&mut self, finding: Cow<'a, Finding>, verbose: bool, rules: &mut HashMap<u64, usize>) {
        let key = hash((&finding.id, finding.why.as_str(), finding.remediation.as_str()));
        let at = *rules.entry(key).or_insert(self.samples.len());
        if at == self.samples.len() {
            self.samples.push(Alike { findings: Vec::new(), number: 0 });
        }
        let Some(alike) = self.samples.get_mut(at) else { return };
        alike.number += 1;
        if verbose || alike.findings.len() < LISTED {
            alike.findings.push(finding);
        }
    }

    /// The identity of this key, when the inventory describes it.
    pub(super) fn identity(&self, key: &str) -> Option<&'a Identity> {
        self.identities.get(key).copied()
    }
}

/// The first directory of a finding's path, which mostly is a component or a service.
fn component(finding: &Finding) -> Text {
    let path = finding.locations.first().map_or("", |place| place.path.as_str());
    Text::from(path.split_once('/').map_or("", |(first, _)| first))
}
