//! The numbers of all findings of a report, in one pass and without holding the findings: what outputs for people say beside the
//! few that they show.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash};

use crate::model::{Finding, IdentityKey, Risk, Severity};
use crate::text::numbers::{count, grouped};

/// The score term of findings that were seen only below test, fixture, example or documentation paths.
const TEST_PATH: &str = "test path";

/// Whether a finding was seen only in tests, examples or documentation.
pub(in crate::report) fn is_sample(finding: &Finding) -> bool {
    finding.terms.iter().any(|term| term.name == TEST_PATH)
}

/// A number for things that are compared and of which there may be very many. Two that have one by chance are counted as one.
pub(in crate::report) fn hash(thing: impl Hash) -> u64 {
    foldhash::fast::FixedState::default().hash_one(thing)
}

/// Where the pages of an output tell a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::report) enum Part {
    /// Outside tests, and what is serious even there.
    Main,
    /// The rest of what stands in tests, told shortly and last.
    Samples,
    /// Suppressed.
    Accepted,
}

impl Part {
    /// The part of a finding.
    pub(in crate::report) fn of(finding: &Finding) -> Self {
        if finding.suppressed.is_some() {
            Self::Accepted
        } else if is_sample(finding) && finding.severity < Severity::High {
            Self::Samples
        } else {
            Self::Main
        }
    }
}

/// Findings of one rule with one remedy: one thing to do.
pub(in crate::report) struct Task<'t> {
    /// The most important of them.
    pub first: &'t Finding,
    /// Its place among all findings.
    pub at: usize,
    /// Further ones that stand where the first does, outside tests or in them.
    pub alike: u64,
    /// Further ones in tests, when the first is outside.
    pub in_tests: u64,
}

/// How many findings one task has.
#[derive(Default)]
struct Alike {
    outside: u64,
    in_tests: u64,
    /// Whether one of them is told in the main part, and in that of samples.
    main: bool,
    samples: bool,
}

/// The numbers. Findings are added in the report's order.
#[derive(Default)]
pub(in crate::report) struct Tally<'a> {
    /// Findings added.
    pub all: u64,
    /// Those of the main part.
    pub main: u64,
    /// Those of the part for tests.
    pub samples: u64,
    /// Suppressed ones.
    pub accepted: u64,
    /// Those that count and stand outside tests.
    pub outside: u64,
    /// Of each identity, those that count.
    pub open_of: BTreeMap<IdentityKey, u64>,
    /// The rule of the most important one that a comment on its line can accept.
    pub ignorable: Option<String>,
    /// Credentials that are exposed outside tests.
    exposed: HashSet<u64>,
    /// Other findings outside tests.
    others: u64,
    tasks: HashMap<u64, Alike>,
    /// The first finding of each task, of at most `limit` tasks of each part.
    firsts: [Vec<(u64, usize, Cow<'a, Finding>)>; 2],
    limit: usize,
}

impl<'a> Tally<'a> {
    /// Numbers that name the first finding of so many tasks.
    pub(in crate::report) fn new(limit: usize) -> Self {
        // A task that is met in tests may be met outside of them later, and is told there then.
        Self { limit: limit.saturating_mul(4), ..Self::default() }
    }

    /// Counts a finding; says whether it stands for a task. One that a report holds is kept by reference.
    #[allow(clippy::ptr_arg)]
    pub(in crate::report) fn add(&mut self, finding: &Cow<'a, Finding>) -> bool {
        let at = usize::try_from(self.all).unwrap_or(usize::MAX);
        self.all += 1;
        let part = Part::of(finding);
        if part == Part::Accepted {
            self.accepted += 1;
            return false;
        }
        let sample = is_sample(finding);
        if !sample {
            self.outside += 1;
            match (finding.risk, &finding.credential) {
                (Risk::Nhi2, Some(credential)) => _ = self.exposed.insert(hash((credential, ""))),
                (Risk::Nhi2, None) => _ = self.exposed.insert(hash((&finding.id, finding.locations.first()))),
                _ => self.others += 1,
            }
        }
        if let Some(identity) = &finding.identity {
            *self.open_of.entry(identity.clone()).or_default() += 1;
        }
        let on_a_line = || finding.locations.iter().any(|p| p.in_head && p.container.is_none() && p.line > 0);
        if self.ignorable.is_none() && on_a_line() {
            self.ignorable = Some(finding.id.clone());
        }
        let key = hash((&finding.id, finding.remediation.as_str()));
        let task = self.tasks.entry(key).or_default();
        *(if sample { &mut task.in_tests } else { &mut task.outside }) += 1;
        let (met, number, list) = match part {
            Part::Main => (&mut task.main, &mut self.main, &mut self.firsts[0]),
            _ => (&mut task.samples, &mut self.samples, &mut self.firsts[1]),
        };
        *number += 1;
        let first = !std::mem::replace(met, true) && list.len() < self.limit;
        if first {
            list.push((key, at, finding.clone()));
        }
        first
    }

    /// Findings that count.
    pub(in crate::report) fn open(&self) -> u64 {
        self.all - self.accepted
    }

    /// The first finding on the page.
    pub(in crate::report) fn worst(&self) -> Option<&Finding> {
        self.firsts.iter().flatten().next().map(|(.., finding)| &**finding)
    }

    /// What there is to do, in the order of the page, and how much there is in all.
    pub(in crate::report) fn tasks(&self) -> (Vec<Task<'_>>, usize) {
        let [main, samples] = &self.firsts;
        let only_in_tests = |(key, ..): &&(u64, usize, _)| self.tasks.get(key).is_none_or(|task| !task.main);
        let firsts = main.iter().chain(samples.iter().filter(only_in_tests));
        let tasks = firsts.filter_map(|(key, at, first)| {
            let task = self.tasks.get(key)?;
            let (alike, in_tests) = if is_sample(first) {
                ((task.outside + task.in_tests).saturating_sub(1), 0)
            } else {
                (task.outside.saturating_sub(1), task.in_tests)
            };
            Some(Task { first, at: *at, alike, in_tests })
        });
        (tasks.collect(), self.tasks.len())
    }

    /// The outcome in a sentence without its full stop: exposed credentials and other findings outside tests, and all findings.
    pub(in crate::report) fn in_words(&self) -> String {
        sentence(self.exposed.len() as u64, self.others, self.open())
    }
}

/// The outcome in words: exposed credentials and other findings outside tests, and all findings.
fn sentence(exposed: u64, others: u64, total: u64) -> String {
    let verb = if exposed == 1 { "is" } else { "are" };
    let leaks = format!("{} {verb} exposed outside tests", count(exposed, "credential", "credentials"));
    match (exposed, others) {
        (0, 0) if total == 1 => "1 finding, and it is in tests".to_owned(),
        (0, 0) => format!("{}, none of them outside tests", count(total, "finding", "findings")),
        (0, 1) => "1 finding outside tests, not an exposed credential".to_owned(),
        (0, _) => format!("{} findings outside tests, none of them an exposed credential", grouped(others)),
        (_, 0) => leaks,
        (_, 1) => format!("{leaks}, and there is 1 other finding"),
        (_, _) => format!("{leaks}, and there are {} other findings", grouped(others)),
    }
}
