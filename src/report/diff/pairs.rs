//! By what things of two reports are found to be the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::names::Names;
use crate::model::{Credential, Exposure, Finding, Identity, IdentityKey, Location, Report, Severity};
use crate::report::csv::origin::Origins;

/// Takes out of two lists what has equal keys, in order.
pub(super) fn pair<'o, 'n, T, K: Ord>(
    old: &mut Vec<&'o T>,
    new: &mut Vec<&'n T>,
    old_key: impl Fn(&T) -> Option<K>,
    new_key: impl Fn(&T) -> Option<K>,
) -> Vec<(&'o T, &'n T)> {
    let mut waiting: BTreeMap<K, VecDeque<usize>> = BTreeMap::new();
    for (at, thing) in new.iter().enumerate() {
        if let Some(key) = new_key(thing) {
            waiting.entry(key).or_default().push_back(at);
        }
    }
    let mut pairs = Vec::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    old.retain(|thing| {
        let partner = old_key(thing).and_then(|key| waiting.get_mut(&key)?.pop_front());
        let Some((at, found)) = partner.and_then(|at| Some((at, *new.get(at)?))) else { return true };
        taken.insert(at);
        pairs.push((*thing, found));
        false
    });
    let mut at = 0..;
    new.retain(|_| at.next().is_none_or(|at| !taken.contains(&at)));
    pairs
}

/// One report with what is looked up in it; of the old one, by the names of the new one.
pub(super) struct Side<'a> {
    pub(super) report: &'a Report,
    names: Option<&'a Names>,
    exposures: BTreeMap<&'a str, Vec<&'a Exposure>>,
    worst: BTreeMap<&'a str, (i32, Severity)>,
    origins: Origins<'a>,
    several: bool,
}

/// Rule or check, file, title, preview and identity of a finding.
type Told = (String, String, String, Option<String>, Option<String>);

/// Rule, file and name of a value.
type Named = (String, String, String);

impl<'a> Side<'a> {
    pub(super) fn old(report: &'a Report, names: &'a Names) -> Self {
        Self::of(report, Some(names))
    }

    pub(super) fn new(report: &'a Report) -> Self {
        Self::of(report, None)
    }

    fn of(report: &'a Report, names: Option<&'a Names>) -> Self {
        let mut exposures: BTreeMap<&str, Vec<&Exposure>> = BTreeMap::new();
        for e in &report.inventory.exposures {
            exposures.entry(&e.credential).or_default().push(e);
        }
        let mut worst: BTreeMap<&str, (i32, Severity)> = BTreeMap::new();
        for f in report.findings.iter().filter(|f| f.suppressed.is_none()) {
            if let Some(credential) = f.credential.as_deref() {
                let known = worst.entry(credential).or_insert((0, Severity::Info));
                *known = (*known).max((f.score, f.severity));
            }
        }
        let origins = Origins::of(report);
        let several = !origins.several().is_empty();
        Self { report, names, exposures, worst, origins, several }
    }

    /// The repositories that hold places, when the report is of several.
    pub(super) fn repositories<'l>(&self, places: impl Iterator<Item = &'l Location>) -> Vec<String> {
        if !self.several {
            return Vec::new();
        }
        self.origins.of_places(places).into_iter().map(str::to_owned).collect()
    }

    /// Exposures of a credential.
    pub(super) fn exposures_of(&self, credential: &str) -> &[&'a Exposure] {
        self.exposures.get(credential).map_or(&[], Vec::as_slice)
    }

    /// The score of the worst open finding about a credential.
    pub(super) fn worst(&self, credential: &str) -> (i32, Severity) {
        self.worst.get(credential).copied().unwrap_or((0, Severity::Info))
    }

    fn file(&self, path: &str) -> String {
        self.names.map_or(path, |names| names.file(path)).to_owned()
    }

    pub(super) fn key(&self, key: &IdentityKey) -> String {
        self.names.map_or_else(|| key.to_string(), |names| names.key(key.as_str()))
    }

    fn owner(&self, key: Option<&IdentityKey>) -> Option<String> {
        key.map(|key| self.key(key))
    }

    /// Rule and value, or check and subject.
    pub(super) fn finding_id(&self, f: &Finding) -> Option<(String, String)> {
        f.fingerprint.clone().map(|fingerprint| (f.id.clone(), fingerprint))
    }

    /// What is left without a fingerprint, or whose subject has a new name: by all that is told of it but the line. A value
    /// with another fingerprint is another value.
    pub(super) fn finding_place(&self, f: &Finding) -> Option<Told> {
        let value = f.credential.is_some() && f.preview.is_some() && f.fingerprint.is_some();
        let place = f.locations.first().filter(|_| !value)?;
        Some((
            f.id.clone(),
            self.file(&place.file()),
            f.title.clone(),
            f.preview.clone(),
            self.owner(f.identity.as_ref()),
        ))
    }

    /// A value without a fingerprint in a file that was renamed and changed: by its line.
    pub(super) fn finding_line(&self, f: &Finding) -> Option<(String, String, Option<String>)> {
        let hash = f.locations.first().filter(|_| f.fingerprint.is_none())?.line_hash.as_deref()?;
        Some((f.id.clone(), hash.split(':').next().unwrap_or_default().to_owned(), f.preview.clone()))
    }

    /// The place and name of a value that is another one.
    pub(super) fn finding_name(&self, f: &Finding) -> Option<Named> {
        let exposures = self.exposures_of(f.credential.as_deref()?);
        let own = exposures.iter().find(|e| e.rule == f.id && Some(&e.location) == f.locations.first())?;
        self.named(own)
    }

    /// What issued values look like needs no name, and then the file and the rule say what it is.
    fn named(&self, e: &Exposure) -> Option<Named> {
        Some((e.rule.clone(), self.file(&e.location.file()), e.key_name.clone().unwrap_or_default()))
    }

    pub(super) fn credential_id(&self, c: &Credential) -> Option<String> {
        (!c.id.starts_with("place:")).then(|| self.names.map_or_else(|| c.id.clone(), |names| names.key(&c.id)))
    }

    /// A weak value: by all that is told of it but the line.
    pub(super) fn credential_place(&self, c: &Credential) -> Option<(String, String, Option<String>, Option<String>)> {
        let own = self.exposures_of(&c.id).first().filter(|_| c.id.starts_with("place:"))?;
        Some((c.kind.clone(), self.file(&own.location.file()), own.key_name.clone(), c.preview.clone()))
    }

    /// The place and name of a credential that is another one.
    pub(super) fn credential_name(&self, c: &Credential) -> Option<Named> {
        self.named(self.exposures_of(&c.id).first()?)
    }

    /// Kind and identity of a credential that is another one.
    pub(super) fn credential_owner(&self, c: &Credential) -> Option<(String, String, String)> {
        let owner = self.owner(c.identity.as_ref())?;
        Some((c.provider.clone(), c.kind.clone(), owner))
    }

    /// Identities that have another canonical key now, by any other key.
    pub(super) fn by_alias<'n>(
        &self,
        now: &Side<'n>,
        old: &mut Vec<&'a Identity>,
        new: &mut Vec<&'n Identity>,
    ) -> Vec<(&'a Identity, &'n Identity)> {
        let mut by_key: BTreeMap<String, usize> = BTreeMap::new();
        for (at, i) in new.iter().enumerate() {
            for key in std::iter::once(&i.id).chain(&i.aliases) {
                by_key.entry(now.key(key)).or_insert(at);
            }
        }
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let mut pairs = Vec::new();
        old.retain(|i| {
            let mut keys = std::iter::once(&i.id).chain(&i.aliases);
            let partner = keys.find_map(|key| by_key.get(&self.key(key)).copied().filter(|at| !taken.contains(at)));
            let Some((at, found)) = partner.and_then(|at| Some((at, *new.get(at)?))) else { return true };
            taken.insert(at);
            pairs.push((*i, found));
            false
        });
        let mut at = 0..;
        new.retain(|_| at.next().is_none_or(|at| !taken.contains(&at)));
        pairs
    }
}
