//! Values that no detector knows by their form, and that the file around them names: a state of Terraform says which attribute is the
//! secret of which access key.

use super::state::{Places, Told};
use crate::model::{IdentityKind, Severity, Sighting};

/// Rules that know a value by the name it is assigned to alone.
const GENERIC: [&str; 2] = ["generic-secret", "config-file-secret"];

/// The rule of the secret half of an AWS access key.
const AWS_SECRET: &str = "aws-secret-access-key";

/// Whether the inventory may find by itself that a value is one of this rule, where no detector did.
#[must_use]
pub fn gives(rule: &str) -> bool {
    rule == AWS_SECRET
}

/// A sighting, under the rule of AWS where a state calls its value the secret of an access key whose id stands beside it.
pub(super) fn told(mut sighting: Sighting, places: &Places) -> Sighting {
    let generic = GENERIC.contains(&sighting.rule.as_str());
    if generic && places.at(&sighting.location).is_some_and(Told::is_aws_secret) {
        AWS_SECRET.clone_into(&mut sighting.rule);
        "aws".clone_into(&mut sighting.provider);
        sighting.identity_kind = IdentityKind::CloudUser;
        // As the two halves are when they stand together in a file.
        sighting.base_severity = sighting.base_severity.max(Severity::Critical);
    }
    sighting
}
