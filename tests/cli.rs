//! The binary as people and programs meet it: exit codes, streams, files, redaction, order, hostile input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/archive.rs"]
mod archive;
#[path = "cli/archives.rs"]
mod archives;
#[path = "cli/baseline.rs"]
mod baseline;
#[path = "cli/ci.rs"]
mod ci;
#[path = "cli/client.rs"]
mod client;
#[path = "cli/code.rs"]
mod code;
#[path = "common/demo.rs"]
mod demo;
#[path = "cli/determinism.rs"]
mod determinism;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/encoded.rs"]
mod encoded;
#[path = "cli/exit_codes.rs"]
mod exit_codes;
#[path = "cli/exports.rs"]
mod exports;
#[path = "common/fixture.rs"]
mod fixture;
#[path = "cli/fleet.rs"]
mod fleet;
#[path = "common/git.rs"]
mod git;
#[path = "cli/history.rs"]
mod history;
#[path = "cli/hook.rs"]
mod hook;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/hosts.rs"]
mod hosts;
#[path = "cli/identities.rs"]
mod identities;
#[path = "cli/incidents.rs"]
mod incidents;
#[path = "cli/inert.rs"]
mod inert;
#[path = "cli/inventory.rs"]
mod inventory;
#[path = "cli/invocation.rs"]
mod invocation;
#[path = "cli/kept.rs"]
mod kept;
#[path = "cli/leaks.rs"]
mod leaks;
#[path = "cli/merge.rs"]
mod merge;
#[path = "cli/names.rs"]
mod names;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/pipelines.rs"]
mod pipelines;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/policy.rs"]
mod policy;
#[path = "cli/redaction.rs"]
mod redaction;
#[path = "cli/secrecy.rs"]
mod secrecy;
#[path = "cli/story.rs"]
mod story;
#[path = "cli/suppression.rs"]
mod suppression;
#[path = "common/world.rs"]
mod world;
