//! Infrastructure and deployments that are declared as code.

use super::Format;

/// The formats of this folder, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[];
