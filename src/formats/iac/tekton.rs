//! Tekton pipelines: objects of a cluster whose steps run as a service account with its secrets.

use super::manifest;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "tekton", name: "Tekton pipeline", command: "", syntax: Syntax::Text, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    manifest::may_hold(path) && manifest::groups(head).contains(&"tekton.dev")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    manifest::read(input, out);
}
