//! The report with its joins looked up once, and the order and numbers of its identities.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::lists::{Lists, is_open, is_unattributed};
use crate::model::{
    Credential, Exposure, Finding, Grant, Identity, IdentityKey, Link, Location, Report, Setting, ThirdParty, Trust,
    Usage, When,
};
use crate::report::csv::origin::Origins;
use crate::report::table::tally::Part;

/// A report, ready to be told.
pub(super) struct Facts<'a> {
    /// The report itself; its findings, credentials and exposures are in `lists`.
    pub report: &'a Report,
    /// The lists as far as the page tells them.
    pub lists: &'a Lists<'a>,
    /// Identities: the worst first, samples last. Their numbers are their places here.
    pub identities: Vec<&'a Identity>,
    /// Show everything, however often it repeats.
    pub all: bool,
    /// The repositories of the report in order; empty when it has one or none, and none has to be told from another.
    pub repositories: Vec<&'a str>,
    origins: Origins<'a>,
    number: BTreeMap<&'a str, usize>,
    finding_number: BTreeMap<*const Finding, usize>,
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
    about: BTreeMap<&'a str, Vec<&'a Finding>>,
    owned: BTreeMap<&'a str, Vec<&'a Credential>>,
    exposures: BTreeMap<&'a str, Vec<&'a Exposure>>,
    grants: BTreeMap<&'a str, Vec<&'a Grant>>,
    trusts: BTreeMap<&'a str, Vec<&'a Trust>>,
    usages: BTreeMap<&'a str, Vec<&'a Usage>>,
    taken_on: BTreeMap<&'a str, Vec<&'a Usage>>,
    third_parties: BTreeMap<&'a str, Vec<&'a ThirdParty>>,
    settings: BTreeMap<&'a str, Vec<&'a Setting>>,
    links: BTreeMap<&'a str, Vec<&'a Link>>,
}

fn group<'a, T, L: Borrow<T>>(all: &'a [L], key: impl Fn(&'a T) -> Option<&'a str>) -> BTreeMap<&'a str, Vec<&'a T>> {
    let mut out: BTreeMap<&'a str, Vec<&'a T>> = BTreeMap::new();
    for item in all.iter().map(Borrow::borrow) {
        if let Some(key) = key(item) {
            out.entry(key).or_default().push(item);
        }
    }
    out
}

fn of<'a, 'f, T>(map: &'f BTreeMap<&'a str, Vec<&'a T>>, key: &str) -> &'f [&'a T] {
    map.get(key).map_or(&[], Vec::as_slice)
}

impl<'a> Facts<'a> {
    /// Indexes a report, in one pass over each list.
    pub(super) fn new(report: &'a Report, lists: &'a Lists<'a>, all: bool) -> Self {
        let inventory = &report.inventory;
        let findings = group(&lists.findings, |f: &Finding| f.identity.as_ref().map(IdentityKey::as_str));
        let worst = |identity: &Identity| {
            let own = of(&findings, identity.id.as_str()).iter().filter(|f| f.suppressed.is_none());
            own.map(|f| f.score).max().unwrap_or_default()
        };
        let mut identities: Vec<&Identity> = inventory.identities.iter().collect();
        identities.sort_by_cached_key(|identity| {
            let score = identity.score.as_ref().map_or(-1, |score| score.value);
            (identity.sample, std::cmp::Reverse((score, worst(identity))), &identity.id)
        });
        let origins = Origins::of(report);
        Self {
            report,
            repositories: origins.several(),
            origins,
            lists,
            number: identities.iter().enumerate().map(|(at, i)| (i.id.as_str(), at)).collect(),
            identities,
            all,
            finding_number: lists.findings.iter().map(|told| (std::ptr::from_ref(&*told.finding), told.at)).collect(),
            findings,
            about: group(&lists.findings, |f: &Finding| f.credential.as_deref()),
            owned: group(&lists.credentials, |c: &Credential| c.identity.as_ref().map(IdentityKey::as_str)),
            exposures: group(&lists.exposures, |e: &Exposure| Some(&e.credential)),
            grants: group(&inventory.grants, |g: &Grant| Some(g.identity.as_str())),
            trusts: group(&inventory.trusts, |t: &Trust| Some(t.identity.as_str())),
            usages: group(&inventory.usages, |u: &Usage| u.identity.as_ref().map(IdentityKey::as_str)),
            taken_on: group(&inventory.usages, |u: &Usage| u.target.as_deref()),
            third_parties: group(&inventory.third_parties, |t: &ThirdParty| Some(t.identity.as_str())),
            settings: group(&inventory.settings, |s: &Setting| s.identity.as_ref().map(IdentityKey::as_str)),
            links: {
                let mut links = group(&inventory.links, |l: &Link| Some(&l.from));
                for link in &inventory.links {
                    links.entry(&link.to).or_default().push(link);
                }
                links
            },
        }
    }

    /// How many of something to show: the limit, unless everything is asked for.
    pub(super) fn cap(&self, limit: usize) -> usize {
        if self.all { usize::MAX } else { limit }
    }

    /// The number of the identity of this key, when the inventory describes it.
    pub(super) fn number(&self, key: &str) -> Option<usize> {
        self.number.get(key).copied()
    }

    /// The identity of this key, when the inventory describes it.
    pub(super) fn identity(&self, key: &str) -> Option<&'a Identity> {
        self.number(key).and_then(|at| self.identities.get(at)).copied()
    }

    /// A finding's place in the report.
    pub(super) fn finding_number(&self, finding: &Finding) -> usize {
        self.finding_number.get(&std::ptr::from_ref(finding)).copied().unwrap_or_default()
    }

    /// Findings about an identity, suppressed ones too, most important first.
    pub(super) fn findings_of(&self, identity: &Identity) -> &[&'a Finding] {
        of(&self.findings, identity.id.as_str())
    }

    /// Findings about an identity that count.
    pub(super) fn open_of(&self, identity: &Identity) -> impl Iterator<Item = &'a Finding> + '_ {
        self.findings_of(identity).iter().copied().filter(|finding| finding.suppressed.is_none())
    }

    /// The most important finding about a credential, one that counts if there is one.
    pub(super) fn finding_about(&self, credential: &str) -> Option<&'a Finding> {
        let all = of(&self.about, credential);
        all.iter().copied().max_by_key(|f| (f.suppressed.is_none(), f.score, std::cmp::Reverse(self.finding_number(f))))
    }

    /// Credentials of an identity.
    pub(super) fn owned_by(&self, identity: &Identity) -> &[&'a Credential] {
        of(&self.owned, identity.id.as_str())
    }

    /// Every place where a credential stands in the clear.
    pub(super) fn exposures_of(&self, credential: &str) -> &[&'a Exposure] {
        of(&self.exposures, credential)
    }

    /// Those that count: neither suppressed nor of material that is public or encrypted.
    pub(super) fn open_exposures<'f>(&'f self, credential: &'f Credential) -> impl Iterator<Item = &'a Exposure> + 'f {
        self.exposures_of(&credential.id).iter().copied().filter(|exposure| is_open(credential, exposure))
    }

    /// The repositories in which an identity is declared, used or exposed, when there are several.
    pub(super) fn repositories_of(&self, identity: &Identity) -> BTreeSet<&'a str> {
        let exposed = self.owned_by(identity).iter().flat_map(|c| self.exposures_of(&c.id)).map(|e| &e.location);
        let used = self.usages_of(identity).iter().map(|usage| &usage.location);
        self.repositories_at(identity.locations.iter().chain(exposed).chain(used))
    }

    /// The repositories that hold places, when there are several.
    pub(super) fn repositories_at<'l>(&self, places: impl Iterator<Item = &'l Location>) -> BTreeSet<&'a str> {
        if self.repositories.is_empty() { BTreeSet::new() } else { self.origins.of_places(places) }
    }

    /// Numbers of repositories, by which the script filters: their places in the list that its field offers.
    pub(super) fn repository_numbers(&self, names: &BTreeSet<&str>) -> String {
        let numbers = names.iter().filter_map(|name| self.repositories.binary_search(name).ok());
        numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// Rights of an identity.
    pub(super) fn grants_of(&self, identity: &Identity) -> &[&'a Grant] {
        of(&self.grants, identity.id.as_str())
    }

    /// Trusts of an identity.
    pub(super) fn trusts_of(&self, identity: &Identity) -> &[&'a Trust] {
        of(&self.trusts, identity.id.as_str())
    }

    /// How an identity authenticates.
    pub(super) fn usages_of(&self, identity: &Identity) -> &[&'a Usage] {
        of(&self.usages, identity.id.as_str())
    }

    /// Workloads that take an identity on, by any exact name of it.
    pub(super) fn taken_on_by(&self, identity: &Identity) -> Vec<&'a Usage> {
        let id = identity.id.as_str();
        let own = id.splitn(3, ':').nth(2);
        let names: BTreeSet<&str> =
            identity.aliases.iter().map(IdentityKey::as_str).chain([id]).chain(own.filter(|n| !n.is_empty())).collect();
        names.into_iter().flat_map(|name| of(&self.taken_on, name).iter().copied()).collect()
    }

    /// Code of others beside an identity.
    pub(super) fn third_parties_of(&self, identity: &Identity) -> &[&'a ThirdParty] {
        of(&self.third_parties, identity.id.as_str())
    }

    /// Settings that bear on an identity.
    pub(super) fn settings_of(&self, identity: &Identity) -> &[&'a Setting] {
        of(&self.settings, identity.id.as_str())
    }

    /// What an identity is probably one with.
    pub(super) fn links_of(&self, identity: &Identity) -> &[&'a Link] {
        of(&self.links, identity.id.as_str())
    }

    /// Credentials, as far as the page tells them.
    pub(super) fn credentials(&self) -> impl Iterator<Item = &'a Credential> {
        self.lists.credentials.iter().map(|credential| &**credential)
    }

    /// The findings of a part, most important first.
    pub(super) fn of_part(&self, part: Part) -> impl Iterator<Item = &'a Finding> {
        self.lists.findings.iter().filter(move |told| told.part == part).map(|told| &*told.finding)
    }

    /// Credentials of nobody that can be named.
    pub(super) fn unattributed(&self) -> Vec<&'a Credential> {
        let seen = |c: &Credential| !self.exposures_of(&c.id).is_empty();
        let is = |c: &&Credential| is_unattributed(c, seen(c), self.open_exposures(c).next().is_some());
        self.credentials().filter(is).collect()
    }

    /// Days of an identity's age, and whether that is only a lower bound: the first commit or the first key that was seen
    /// of an identity whose creation no input tells.
    pub(super) fn age(&self, identity: &Identity) -> Option<(i64, bool)> {
        let as_of = self.report.as_of;
        if let Some(days) = identity.created.days_before(as_of) {
            return Some((days, false));
        }
        let keys = self.owned_by(identity).iter().filter_map(|c| c.created.at());
        let commits = self.owned_by(identity).iter().filter_map(|c| self.first_seen(&c.id));
        When::At(keys.chain(commits).min()?).days_before(as_of).map(|days| (days, true))
    }

    /// The first commit's time of what stands in the clear.
    pub(super) fn first_seen(&self, credential: &str) -> Option<Timestamp> {
        self.exposures_of(credential).iter().filter_map(|e| e.location.time).min()
    }

    /// The last use of an identity or any of its credentials.
    pub(super) fn last_use(&self, identity: &Identity) -> When {
        let uses = self.owned_by(identity).iter().map(|c| c.last_used).chain([identity.last_used]);
        uses.max_by_key(|w| (w.at(), *w == When::Never)).unwrap_or_default()
    }
}
