//! Terraform and OpenTofu: identities, keys, rights and trust that a module declares, and how its tool itself logs in.
//!
//! Language: <https://developer.hashicorp.com/terraform/language>, <https://opentofu.org/docs/language/>. A reader sees one
//! file of a module; what it declares is keyed by the module's directory, so that facts of several files meet.

mod aws;
pub mod azure;
pub mod google;
mod hooks;
mod literals;
mod module;
mod policy_document;
mod secrets;
mod services;
mod tool;
mod value;
mod workloads;

use module::Module;

use super::super::workload::BUDGET;
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, ReadNotice, Syntax};
use crate::model::{Fact, NoticeKind, RepoPath};

/// The format.
pub static FORMAT: Format = Format {
    id: "terraform",
    name: "Terraform or OpenTofu configuration",
    command: "",
    syntax: Syntax::Hcl,
    claims,
    read,
    stream: None,
};

/// Terraform loads files by these endings and no others
/// (<https://developer.hashicorp.com/terraform/language/files>, <https://opentofu.org/docs/language/files/>).
fn claims(path: &RepoPath, _: &str) -> bool {
    let name = path.file_name();
    [&b".tf"[..], b".tofu", b".tf.json", b".tofu.json"].iter().any(|end| name.ends_with(end))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let module = Module::new(input, root);
    let mut emit = Emit { out, left: BUDGET };
    aws::read(&module, &mut emit);
    workloads::read(&module, &mut emit);
    google::read(&module, &mut emit);
    azure::read(&module, &mut emit);
    services::read(&module, &mut emit);
    hooks::read(&module, &mut emit);
    secrets::read(&module, &mut emit);
    literals::read(&module, &mut emit);
    tool::read(&module, &mut emit);
    tool::workspaces(&module, root, &mut emit);
    if emit.left == 0 || module.steps.get() == 0 {
        let message = "more declarations, or longer chains of references, than any module holds; the rest of the file was not read".to_owned();
        emit.out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line: 0, column: 0, message });
    }
}

/// Facts of one file, as long as the budget lasts.
pub(super) struct Emit<'o, 'a> {
    out: &'o mut Out<'a>,
    left: usize,
}

impl Emit<'_, '_> {
    /// One fact.
    pub(super) fn push(&mut self, fact: Fact) {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.out.fact(fact);
        }
    }
}
