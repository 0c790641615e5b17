//! Findings out of settings: what most checks of declared things have in common.

use std::collections::BTreeMap;

use super::view::View;
use super::{Check, say};
use crate::model::{Finding, Location, Setting};

/// How many places one finding names.
const PLACES_MAX: usize = 50;

/// The findings of one check over the settings of one name: one for each thing that is set so, whatever number of places set
/// it. `judge` gets the finding, with the check's severity and no evidence yet, and completes it (title, severity,
/// evidence); false leaves the setting out.
pub(super) fn of(
    check: &Check,
    view: &View<'_>,
    name: &str,
    judge: impl Fn(&Setting, &mut Finding) -> bool,
) -> Vec<Finding> {
    let mut groups: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for setting in view.settings(name) {
        let identity = setting.identity.as_ref().and_then(|id| view.identity(id));
        // A thing that is no identity is told by its name within its file.
        let whose = identity.map_or_else(|| setting.location.path.clone(), |identity| identity.id.to_string());
        let mut finding = match identity {
            Some(identity) => check.about(identity, &setting.subject),
            None => check.blank(&[check.id, &setting.location.path, &setting.subject], Vec::new()),
        };
        finding.locations = vec![setting.location.clone()];
        if !judge(setting, &mut finding) {
            continue;
        }
        match groups.entry((whose, &setting.subject)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(finding);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                let kept = slot.get_mut();
                if finding.base_severity > kept.base_severity {
                    kept.base_severity = finding.base_severity;
                    kept.title = finding.title;
                }
                kept.confidence = kept.confidence.max(finding.confidence);
                finding.evidence.into_iter().for_each(|sentence| say(&mut kept.evidence, sentence));
                if kept.locations.len() < PLACES_MAX {
                    kept.locations.append(&mut finding.locations);
                }
            }
        }
    }
    groups.into_values().collect()
}

/// The things that settings of one name speak of: the denominator of a check that runs over them.
pub(super) fn subjects(view: &View<'_>, name: &str) -> std::collections::BTreeSet<String> {
    let subject = |setting: &Setting| match &setting.identity {
        Some(identity) => identity.to_string(),
        None => setting.location.path.clone(),
    };
    view.settings(name).map(subject).collect()
}

/// Settings by the places of the values that they speak of.
pub(super) type Places<'a> = BTreeMap<(String, u64, u64), &'a Setting>;

/// What tells the place of a value from others: the file, its line and column.
pub(super) fn place(location: &Location) -> (String, u64, u64) {
    (location.file(), location.line, location.column)
}

/// The settings of one name by their places.
pub(super) fn by_place<'a>(view: &View<'a>, name: &str) -> Places<'a> {
    view.settings(name).map(|setting| (place(&setting.location), setting)).collect()
}
