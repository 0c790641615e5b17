//! Infrastructure and deployments that are declared as code.

pub mod ansible;
pub mod ansible_inventory;
mod ansible_tasks;
pub mod argo;
mod arm;
pub mod authorized_keys;
mod azure;
mod bicep;
pub mod certificate;
mod cfn;
pub mod cloudformation;
pub mod codeowners;
pub mod compose;
pub mod dockerfile;
pub mod git_crypt;
pub mod helm_values;
pub mod kubeconfig_contexts;
pub mod kubernetes;
pub mod kustomize;
mod literal;
pub(super) mod manifest;
pub mod pulumi;
mod secrets;
pub mod serverless;
mod service;
pub mod sops;
pub mod tekton;
mod template;
pub(super) mod terraform;

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
    &ansible_inventory::FORMAT,
    &terraform::FORMAT,
    &dockerfile::FORMAT,
    &git_crypt::FORMAT,
    &compose::FORMAT,
    &kustomize::FORMAT,
    &helm_values::FORMAT,
    &tekton::FORMAT,
    &argo::FORMAT,
    // It is of the core group, but no object.
    &kubeconfig_contexts::FORMAT,
    &kubernetes::FORMAT,
    &codeowners::FORMAT,
    &authorized_keys::FORMAT,
    &certificate::FORMAT,
];
