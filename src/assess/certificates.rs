//! Certificates that still count, each once however many copies of it lie about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::view::{View, hosts_machine};
use super::{Check, say};
use crate::model::{Confidence, Finding, Location, Setting, setting};

/// How many places one finding names.
const PLACES_MAX: usize = 50;

/// One certificate with all its copies, of which there is at least one.
pub(super) struct Certificate<'a> {
    /// The SHA-256 of it.
    pub(super) id: &'a str,
    first: &'a Setting,
    copies: Vec<&'a Setting>,
}

impl<'a> Certificate<'a> {
    /// A fact that it tells, empty where it tells none.
    pub(super) fn noted(&self, name: &str) -> &'a str {
        self.first.attributes.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Its name for people.
    pub(super) fn title(&self) -> &'a str {
        &self.first.subject
    }

    /// From when and until when it holds.
    pub(super) fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.noted("not_before").parse().ok()?, self.noted("not_after").parse().ok()?))
    }

    /// Whether it signs others.
    pub(super) fn is_authority(&self) -> bool {
        self.noted("authority") == "true"
    }

    /// Whether it signed itself, so that nobody goes by its signature.
    pub(super) fn is_self_signed(&self) -> bool {
        self.noted("self_signed") == "true"
    }

    /// Whether the private key is at hand, so that the certificate is the user's own and none that is only trusted.
    pub(super) fn is_own(&self, keys: &BTreeSet<&str>) -> bool {
        self.copies.iter().any(|c| c.attributes.get("keyed").is_some_and(|v| v == "true"))
            || keys.contains(self.noted("spki_sha256"))
    }

    /// The names that it is for, in small letters: the alternative ones, or where there are none its own.
    pub(super) fn hosts(&self) -> BTreeSet<String> {
        let names = self.noted("names").split(", ").filter(|name| !name.is_empty());
        let mut out: BTreeSet<String> = names.map(str::to_ascii_lowercase).collect();
        if out.is_empty() {
            out.insert(self.title().to_ascii_lowercase());
        }
        out
    }

    /// Where its copies lie.
    pub(super) fn places(&self) -> Vec<Location> {
        let mut places: Vec<Location> = self.copies.iter().map(|c| c.location.clone()).collect();
        places.sort();
        places.dedup();
        places.truncate(PLACES_MAX);
        places
    }

    /// A finding about it, with what it says of itself as evidence.
    pub(super) fn finding(&self, check: &Check, own: bool) -> Finding {
        let mut finding = check.blank(&[check.id, self.id], self.places());
        if own {
            finding.confidence = Confidence::High;
            say(&mut finding.evidence, "its private key is at hand".to_owned());
        }
        for (what, name) in [("subject", "subject"), ("issuer", "issuer"), ("names", "names")] {
            let value = self.noted(name);
            if !value.is_empty() {
                say(&mut finding.evidence, format!("{what} {value}"));
            }
        }
        finding
    }
}

/// Certificates that hold now and that somebody else goes by: what has ended says nothing any more, and what is for `localhost`
/// alone proves nothing to others.
pub(super) fn live<'a>(view: &View<'a>, as_of: Timestamp) -> Vec<Certificate<'a>> {
    let mut all: BTreeMap<&'a str, Certificate<'a>> = BTreeMap::new();
    for copy in view.settings(setting::CERTIFICATE) {
        let new = || Certificate { id: &copy.value, first: copy, copies: Vec::new() };
        all.entry(&copy.value).or_insert_with(new).copies.push(copy);
    }
    let counts = |c: &Certificate<'_>| {
        let local = c.hosts().iter().all(|host| hosts_machine(host));
        !local && c.validity().is_some_and(|(_, end)| end > as_of)
    };
    all.into_values().filter(counts).collect()
}

/// The public halves of the private keys that were seen.
pub(super) fn keys<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    view.credentials().filter_map(|c| c.attributes.get("spki_sha256")).map(String::as_str).collect()
}

/// The certificates seen, the denominator of checks that run over them.
pub(super) fn subjects(view: &View<'_>) -> BTreeSet<String> {
    view.settings(setting::CERTIFICATE).map(|s| format!("certificate:{}", s.value)).collect()
}
