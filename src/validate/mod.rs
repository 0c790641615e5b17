//! Offline proof: what a value says about itself. One file a kind; nothing here touches the network, drops a candidate,
//! or says that a credential is active.

use jiff::Timestamp;

use crate::model::{Part, Proof};

/// What a proof may look at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The value.
    pub secret: &'a [u8],
    /// The whole match, for kinds whose value is part of a larger text (a JSON key file, a URL).
    pub matched: &'a [u8],
    /// Named parts of the match.
    pub parts: &'a [Part],
    /// The name the value was assigned to.
    pub key_name: Option<&'a str>,
    /// The time that expiries are measured against.
    pub as_of: Timestamp,
}

/// One kind of proof.
pub struct Validator {
    /// Stable id, named by rules in `validate:`.
    pub id: &'static str,
    /// One line for `rules explain`.
    pub about: &'static str,
    /// The proof itself. Total: any bytes give a result.
    pub check: fn(&Subject<'_>) -> Proof,
}

/// Every validator.
pub const VALIDATORS: &[&Validator] = &[];

/// The validator of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Validator> {
    VALIDATORS.iter().copied().find(|v| v.id == id)
}
