//! A report with more in it than memory should hold at once: the lists of what stands in the clear are kept packed, in sorted runs,
//! and put in order while they are written.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    Confidence, Coverage, Credential, Declaration, Exposure, Finding, Gate, Grant, Headline, Identity, Link, Notice,
    Originals, Packed, Report, ReportPart, Risk, RiskSummary, RuleInfo, SeenValue, Setting, ThirdParty, ToolInfo,
    Trust, Unmerged, Usage,
};
use super::{CredentialFact, IdentityFact};

/// A finding with what its place in a report rests on beside itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// True when a person may have made the value up.
    pub chosen: bool,
    /// True when it was seen in tests alone.
    pub test: bool,
    /// The finding.
    pub finding: Finding,
}

impl Ranked {
    /// Most important first: severity, which is the band of the score; what stands outside tests; the score. Among equals what is
    /// rather sure comes first, then what a machine issued before what a person may have made up for a test, then values in the
    /// clear, and by place. The rest of the key makes the order total.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let importance = |r: &Self| {
            let f = &r.finding;
            let unsure = f.confidence < Confidence::High;
            (Reverse(f.severity), r.test, Reverse(f.score), unsure, r.chosen, f.risk != Risk::Nhi2)
        };
        importance(self).cmp(&importance(other)).then_with(|| rest(&self.finding).cmp(&rest(&other.finding)))
    }
}

fn rest(f: &Finding) -> impl Ord + '_ {
    (f.locations.first(), f.risk, &f.id, &f.fingerprint, &f.credential, &f.identity)
}

/// What a report holds in packed lists instead of its own, which are empty then. Every list is in the report's order; a report has
/// the entries of all lists of one kind.
#[derive(Debug, Default)]
pub struct Apart {
    /// Values in the clear.
    pub exposures: Vec<Packed<Exposure>>,
    /// Credentials.
    pub credentials: Vec<Packed<Credential>>,
    /// Findings.
    pub findings: Vec<Packed<Ranked>>,
    /// What each value showed.
    pub values: Vec<Packed<SeenValue>>,
    /// How many of the findings count, that is, are not suppressed.
    pub open: u64,
}

/// A report, of which a part may be packed.
#[derive(Debug)]
pub struct LongReport {
    report: Report,
    apart: Option<Apart>,
}

impl From<Report> for LongReport {
    fn from(report: Report) -> Self {
        Self { report, apart: None }
    }
}

impl LongReport {
    /// A report whose exposures, credentials, findings and unmerged values are these.
    #[must_use]
    pub fn new(report: Report, apart: Apart) -> Self {
        Self { report, apart: Some(apart) }
    }

    /// The same as the report of a single scan.
    #[must_use]
    pub fn of_one(mut self) -> Self {
        self.report.parts.clear();
        self
    }

    /// The report without what is packed.
    #[must_use]
    pub fn head(&self) -> &Report {
        &self.report
    }
}

/// A report as outputs read it: a whole one, or one of which a part is packed and unpacked while it is read.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    report: &'a Report,
    apart: Option<&'a Apart>,
}

impl<'a> From<&'a Report> for View<'a> {
    fn from(report: &'a Report) -> Self {
        Self { report, apart: None }
    }
}

impl<'a> From<&'a LongReport> for View<'a> {
    fn from(long: &'a LongReport) -> Self {
        Self { report: &long.report, apart: long.apart.as_ref() }
    }
}

/// The entries of a list of which there is one, either as it stands or in sorted runs.
fn entries<'a, T: Entry>(
    plain: &'a [T::Shown],
    runs: Option<&'a [Packed<T>]>,
) -> impl Iterator<Item = Cow<'a, T::Shown>>
where
    T::Shown: Clone,
{
    let packed = runs.map(|runs| merged(runs).map(|entry| Cow::Owned(entry.into_shown())));
    let plain = if runs.is_some() { &[] } else { plain };
    plain.iter().map(Cow::Borrowed).chain(packed.into_iter().flatten())
}

impl<'a> View<'a> {
    /// Everything but findings, credentials and exposures, which may be missing here.
    #[must_use]
    pub fn head(self) -> &'a Report {
        self.report
    }

    /// The findings, most important first.
    pub fn findings(self) -> impl Iterator<Item = Cow<'a, Finding>> {
        entries(&self.report.findings, self.apart.map(|apart| apart.findings.as_slice()))
    }

    /// The credentials, by their ids.
    pub fn credentials(self) -> impl Iterator<Item = Cow<'a, Credential>> {
        entries(&self.report.inventory.credentials, self.apart.map(|apart| apart.credentials.as_slice()))
    }

    /// What stands in the clear, by the ids of credentials.
    pub fn exposures(self) -> impl Iterator<Item = Cow<'a, Exposure>> {
        entries(&self.report.inventory.exposures, self.apart.map(|apart| apart.exposures.as_slice()))
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.apart.map_or(self.report.findings.len(), |apart| apart.findings.iter().map(Packed::len).sum())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many of them count, that is, are not suppressed.
    #[must_use]
    pub fn open(self) -> u64 {
        let plain = || self.report.findings.iter().filter(|finding| finding.suppressed.is_none()).count() as u64;
        self.apart.map_or_else(plain, |apart| apart.open)
    }

    /// The report itself, when all of it is there.
    #[must_use]
    pub fn whole(self) -> Option<&'a Report> {
        self.apart.is_none().then_some(self.report)
    }
}

/// An entry of a list that may be packed.
trait Entry: Serialize + DeserializeOwned + Clone {
    /// What is written of it.
    type Shown: Serialize;
    fn shown(&self) -> &Self::Shown;
    fn into_shown(self) -> Self::Shown;
    fn compare(&self, other: &Self) -> Ordering;
}

impl Entry for Exposure {
    type Shown = Self;
    fn shown(&self) -> &Self {
        self
    }
    fn into_shown(self) -> Self {
        self
    }
    fn compare(&self, other: &Self) -> Ordering {
        (&self.credential, &self.rule, &self.location).cmp(&(&other.credential, &other.rule, &other.location))
    }
}

impl Entry for Credential {
    type Shown = Self;
    fn shown(&self) -> &Self {
        self
    }
    fn into_shown(self) -> Self {
        self
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Entry for SeenValue {
    type Shown = Self;
    fn shown(&self) -> &Self {
        self
    }
    fn into_shown(self) -> Self {
        self
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
}

impl Entry for Ranked {
    type Shown = Finding;
    fn shown(&self) -> &Finding {
        &self.finding
    }
    fn into_shown(self) -> Finding {
        self.finding
    }
    fn compare(&self, other: &Self) -> Ordering {
        self.order(other)
    }
}

/// The next entry of a run.
struct Head<T> {
    item: T,
    run: usize,
}

impl<T: Entry> Ord for Head<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap has the greatest on top.
        other.item.compare(&self.item).then(other.run.cmp(&self.run))
    }
}

impl<T: Entry> PartialOrd for Head<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Entry> PartialEq for Head<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Entry> Eq for Head<T> {}

/// The entries of sorted runs in order, of which a block each is unpacked at a time.
fn merged<T: Entry>(runs: &[Packed<T>]) -> impl Iterator<Item = T> + '_ {
    let mut runs: Vec<_> = runs.iter().map(Packed::iter).collect();
    let first = runs.iter_mut().enumerate().filter_map(|(run, entries)| Some(Head { item: entries.next()?, run }));
    let mut heads: BinaryHeap<Head<T>> = first.collect();
    std::iter::from_fn(move || {
        let Head { item, run } = heads.pop()?;
        if let Some(next) = runs.get_mut(run).and_then(Iterator::next) {
            heads.push(Head { item: next, run });
        }
        Some(item)
    })
}

struct Runs<'a, T>(&'a [Packed<T>]);

impl<T: Entry> Serialize for Runs<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.iter().map(Packed::len).sum()))?;
        for entry in merged(self.0) {
            list.serialize_element(entry.shown())?;
        }
        list.end()
    }
}

impl<T> Runs<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.iter().all(Packed::is_empty)
    }
}

/// The fields of [`Report`] and of its inventory, in their order.
#[derive(Serialize)]
struct Shown<'a> {
    schema: &'a str,
    tool: &'a ToolInfo,
    key_id: &'a str,
    key_source: &'a str,
    as_of: &'a Timestamp,
    as_of_source: &'a str,
    incomplete: bool,
    coverage: &'a Coverage,
    headline: &'a Headline,
    identities: &'a [Identity],
    credentials: Runs<'a, Credential>,
    grants: &'a [Grant],
    trusts: &'a [Trust],
    usages: &'a [Usage],
    third_parties: &'a [ThirdParty],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    settings: &'a [Setting],
    exposures: Runs<'a, Exposure>,
    links: &'a [Link],
    rules: &'a [RuleInfo],
    formats_read: &'a std::collections::BTreeMap<String, u64>,
    findings: Runs<'a, Ranked>,
    risks: &'a [RiskSummary],
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i32>,
    notices: &'a [Notice],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    parts: &'a [ReportPart],
    #[serde(skip_serializing_if = "Option::is_none")]
    unmerged: Option<ShownUnmerged<'a>>,
}

/// The fields of [`Unmerged`].
#[derive(Serialize)]
struct ShownUnmerged<'a> {
    gate: &'a Gate,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    files: &'a std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Packed::is_empty")]
    identities: &'a Packed<Declaration<IdentityFact>>,
    #[serde(skip_serializing_if = "Packed::is_empty")]
    credentials: &'a Packed<Declaration<CredentialFact>>,
    #[serde(skip_serializing_if = "Originals::is_empty")]
    grants: &'a Originals<Grant>,
    #[serde(skip_serializing_if = "Originals::is_empty")]
    trusts: &'a Originals<Trust>,
    #[serde(skip_serializing_if = "Originals::is_empty")]
    usages: &'a Originals<Usage>,
    #[serde(skip_serializing_if = "Originals::is_empty")]
    third_parties: &'a Originals<ThirdParty>,
    #[serde(skip_serializing_if = "Originals::is_empty")]
    settings: &'a Originals<Setting>,
    #[serde(skip_serializing_if = "Runs::is_empty")]
    values: Runs<'a, SeenValue>,
}

impl<'a> ShownUnmerged<'a> {
    fn new(unmerged: &'a Unmerged, values: &'a [Packed<SeenValue>]) -> Self {
        let Unmerged { gate, files, identities, credentials, grants, trusts, usages, third_parties, settings, .. } =
            unmerged;
        let values = Runs(values);
        Self { gate, files, identities, credentials, grants, trusts, usages, third_parties, settings, values }
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (r, Some(apart)) = (self.report, self.apart) else { return self.report.serialize(serializer) };
        let i = &r.inventory;
        let shown = Shown {
            schema: &r.schema,
            tool: &r.tool,
            key_id: &r.key_id,
            key_source: &r.key_source,
            as_of: &r.as_of,
            as_of_source: &r.as_of_source,
            incomplete: r.incomplete,
            coverage: &r.coverage,
            headline: &r.headline,
            identities: &i.identities,
            credentials: Runs(&apart.credentials),
            grants: &i.grants,
            trusts: &i.trusts,
            usages: &i.usages,
            third_parties: &i.third_parties,
            settings: &i.settings,
            exposures: Runs(&apart.exposures),
            links: &i.links,
            rules: &i.rules,
            formats_read: &i.formats_read,
            findings: Runs(&apart.findings),
            risks: &r.risks,
            score: r.score,
            notices: &r.notices,
            parts: &r.parts,
            unmerged: r.unmerged.as_ref().map(|unmerged| ShownUnmerged::new(unmerged, &apart.values)),
        };
        shown.serialize(serializer)
    }
}
