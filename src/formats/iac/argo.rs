//! Objects of Argo's: the projects and applications of Argo CD, and workflows that run pods as a service account.

use super::manifest;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format = Format {
    id: "argo",
    name: "Argo CD and Argo Workflows",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, head: &str) -> bool {
    manifest::may_hold(path) && manifest::groups(head).contains(&"argoproj.io")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    manifest::read(input, out);
}
