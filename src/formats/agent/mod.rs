//! Configurations of AI agents and of the tool servers that they call.

use super::Format;

/// The formats of this folder, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[];
