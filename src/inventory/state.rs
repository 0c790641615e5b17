//! Secrets that a state of Terraform holds beside the id of their credential: the state tells whose a value is that no detector
//! knows by its form.

use std::collections::BTreeMap;

use super::Declared;
use crate::model::{Location, Setting, setting};

/// Where a value stands: container, path, line, column.
type Place = (Option<String>, String, u64, u64);

/// Credentials by the exact places of their values.
#[derive(Default)]
pub(super) struct Places(BTreeMap<Place, Told>);

/// What a state tells of a value.
pub(super) struct Told {
    /// The id of its credential.
    pub(super) credential: String,
    /// The attribute that it stands in.
    attribute: String,
}

impl Told {
    /// Whether it is the secret half of an AWS access key, and not a password that is made from one.
    pub(super) fn is_aws_secret(&self) -> bool {
        self.attribute == "secret" && self.credential.starts_with("aws:access-key:")
    }
}

/// The place of a text behind its quote.
fn place(location: &Location, quote: u64) -> Place {
    (location.container.clone(), location.path.clone(), location.line, location.column + quote)
}

impl Places {
    /// What states tell. A copy of a state has the same credentials at places of its own.
    pub(super) fn of(settings: &[Declared<Setting>]) -> Self {
        let told = settings.iter().filter(|s| s.what.name == setting::STATE_SECRET && s.location.line > 0);
        let told = told.filter_map(|s| {
            let credential = s.what.attributes.get("credential")?.clone();
            Some((place(&s.location, 1), Told { credential, attribute: s.what.value.clone() }))
        });
        Self(told.collect())
    }

    /// What is told of the value that stands here.
    pub(super) fn at(&self, location: &Location) -> Option<&Told> {
        if self.0.is_empty() { None } else { self.0.get(&place(location, 0)) }
    }
}
