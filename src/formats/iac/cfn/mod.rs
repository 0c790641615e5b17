//! Resources of CloudFormation, as templates and `serverless.yml` hold them: what their functions come to, identities with
//! their rights, and what runs as them.

pub(super) mod compute;
pub(super) mod iam;
pub(super) mod template;
