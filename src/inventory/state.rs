//! Secrets that a state of Terraform holds beside the id of their credential: the state tells whose a value is that no detector
//! knows by its form.

use std::collections::BTreeMap;

use super::Declared;
use crate::model::{Location, Setting, setting};

/// Where a value stands: container, path, line, column.
type Place = (Option<String>, String, u64, u64);

/// Credentials by the exact places of their values.
#[derive(Default)]
pub(super) struct Places(BTreeMap<Place, String>);

/// The place of a text behind its quote.
fn place(location: &Location, quote: u64) -> Place {
    (location.container.clone(), location.path.clone(), location.line, location.column + quote)
}

impl Places {
    /// What states tell. A copy of a state has the same credentials at places of its own.
    pub(super) fn of(settings: &[Declared<Setting>]) -> Self {
        let told = settings.iter().filter(|s| s.what.name == setting::STATE_SECRET && s.location.line > 0);
        let told = told.filter_map(|s| Some((place(&s.location, 1), s.what.attributes.get("credential")?.clone())));
        Self(told.collect())
    }

    /// The credential whose value stands here.
    pub(super) fn at(&self, location: &Location) -> Option<&String> {
        if self.0.is_empty() { None } else { self.0.get(&place(location, 0)) }
    }
}
