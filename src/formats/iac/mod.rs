//! Infrastructure and deployments that are declared as code.

pub mod ansible;
mod ansible_tasks;
mod arm;
mod azure;
mod bicep;
mod cfn;
pub mod cloudformation;
pub mod pulumi;
mod secrets;
pub mod serverless;
pub mod sops;
mod terraform;

use super::Format;

/// The formats of this folder, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[
    // What is encrypted is no longer what it was made of.
    &sops::FORMAT,
    &serverless::FORMAT,
    &cloudformation::FORMAT,
    &arm::FORMAT,
    &bicep::FORMAT,
    &pulumi::FORMAT,
    &ansible::FORMAT,
    &terraform::FORMAT,
];
