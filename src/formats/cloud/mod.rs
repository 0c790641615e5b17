//! Cloud and SaaS exports.

pub(super) mod aws;
mod aws_access_keys;
pub(super) mod aws_actions;
mod aws_authorization_details;
mod aws_credential_report;
pub(super) mod aws_grants;
pub(super) mod aws_policy;
pub(super) mod aws_rights;
pub(super) mod aws_trust;
mod json_stream;
#[cfg(test)]
mod testing;

use super::Format;

/// The formats of this folder, in the order in which they are asked.
pub const FORMATS: &[&Format] =
    &[&aws_credential_report::FORMAT, &aws_access_keys::FORMAT, &aws_authorization_details::FORMAT];
