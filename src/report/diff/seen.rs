//! Whether the new report looked where a thing of the old one was.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Credential, Exposure, Finding, Gate, Location, NoticeKind, Report, Root};

/// What the new report read.
pub(super) struct Seen<'a> {
    report: &'a Report,
    gate: Gate,
    files: BTreeMap<&'a str, &'a str>,
    /// Files with a gap.
    gaps: BTreeSet<&'a str>,
    is_export: &'a dyn Fn(&str) -> bool,
    old_files: BTreeMap<&'a str, &'a str>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(new: &'a Report, old: &'a Report, is_export: &'a dyn Fn(&str) -> bool) -> Self {
        let files = |r: &'a Report| -> BTreeMap<&'a str, &'a str> {
            r.unmerged.iter().flat_map(|u| &u.files).map(|(path, format)| (path.as_str(), format.as_str())).collect()
        };
        let gaps = new.notices.iter().filter(|n| n.kind == NoticeKind::Gap).filter_map(|n| n.path.as_deref());
        Self {
            report: new,
            gate: new.unmerged.as_ref().map(|u| u.gate.clone()).unwrap_or_default(),
            files: files(new),
            gaps: gaps.collect(),
            is_export,
            old_files: files(old),
        }
    }

    /// Why a finding may still be there; `None` when the new report would have it.
    pub(super) fn finding(&self, f: &Finding) -> Option<String> {
        if !self.gate.runs(&f.id) {
            return Some("its rule or check was switched off".to_owned());
        }
        if f.confidence < self.gate.confidence {
            return Some(format!(
                "only findings of {} confidence are in the new report",
                self.gate.confidence.as_str()
            ));
        }
        if f.severity < self.gate.severity {
            return Some(format!("only findings of {} severity are in the new report", self.gate.severity.as_str()));
        }
        self.places(&f.locations)
    }

    /// The same of a credential.
    pub(super) fn credential(&self, c: &Credential, exposures: &[&Exposure]) -> Option<String> {
        let all: Vec<Location> =
            exposures.iter().map(|e| e.location.clone()).chain(c.locations.iter().cloned()).collect();
        let off = !exposures.is_empty() && exposures.iter().all(|e| !self.gate.runs(&e.rule));
        let unsure = !exposures.is_empty() && exposures.iter().all(|e| e.confidence < self.gate.confidence);
        match (off, unsure) {
            (true, _) => Some("its rule was switched off".to_owned()),
            (_, true) => Some(format!("only {} confidence is in the new report", self.gate.confidence.as_str())),
            _ => self.places(&all),
        }
    }

    /// Why something at these places may still be there: one that was not looked at is enough.
    pub(super) fn places(&self, places: &[Location]) -> Option<String> {
        if self.report.coverage.interrupted {
            return Some("the new scan was stopped before its end".to_owned());
        }
        places.iter().find_map(|place| self.place(place))
    }

    fn place(&self, place: &Location) -> Option<String> {
        if place.path.is_empty() {
            return None;
        }
        let file = place.file();
        let outermost = file.split('!').next().unwrap_or_default();
        if !self.report.coverage.roots.iter().any(|root| holds(root, outermost)) {
            return Some("the new report did not read its input".to_owned());
        }
        if !place.in_head && self.report.coverage.commits == 0 {
            return Some("the new report did not read the history".to_owned());
        }
        if self.gaps.contains(file.as_str()) || self.gaps.contains(outermost) {
            return Some("the new report could not read its file".to_owned());
        }
        let format = self.old_files.get(file.as_str())?;
        let read = self.report.inventory.formats_read.contains_key(*format);
        let there = self.files.contains_key(file.as_str());
        if (self.is_export)(format) && !there {
            return Some(
                if read { "the new report did not read this export" } else { "no such export was read" }.to_owned(),
            );
        }
        None
    }
}

/// Whether a path lies in what a root read.
fn holds(root: &Root, path: &str) -> bool {
    if root.kind == "stdin" {
        return path == "<stdin>";
    }
    if root.top.is_none() {
        // A repository below another root has the path that its files begin with; of an older report nothing is known.
        return root.label.is_none() && root.remote.is_none() && root.inside.is_none();
    }
    let inside = match &root.label {
        Some(label) => path.strip_prefix(label.as_str()).and_then(|rest| rest.strip_prefix('/')),
        None => Some(path),
    };
    match (inside, &root.inside) {
        (Some(path), Some(part)) => {
            path.strip_prefix(part.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        (Some(_), None) => true,
        (None, _) => false,
    }
}
