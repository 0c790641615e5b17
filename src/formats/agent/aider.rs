//! aider's configuration: keys of models under their own options, or as `api-key: provider=key`.
//!
//! <https://aider.chat/docs/config/aider_conf.html>, <https://aider.chat/docs/config/api-keys.html>.

use super::holder::Holder;
use super::host::AIDER;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "aider", name: "aider configuration", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

fn claims(path: &RepoPath, _: &str) -> bool {
    matches!(path.file_name(), b".aider.conf.yml" | b".aider.conf.yaml")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let at = root.entries().first().map_or(root.span, |(key, _)| key.span);
    let mut holder = Holder::agent(input, AIDER, at, BUDGET);
    for (key, node) in root.entries() {
        let Some(option) = key.as_str() else { continue };
        match option {
            // `provider=key`, one or many; `set-env` alike with the variable's name.
            "api-key" | "set-env" => {
                for item in node.one_or_many().iter().take(200) {
                    let Some((name, text)) = item.as_str().and_then(|text| text.split_once('=')) else { continue };
                    let name = if option == "api-key" { format!("{name}_API_KEY") } else { name.to_owned() };
                    holder.slot(&name, option, text, item.inner);
                }
            }
            _ => {
                if let Some(text) = node.scalar() {
                    holder.slot(option, option, &text, node.inner);
                }
            }
        }
    }
    if root.get("yes-always").and_then(Node::as_bool) == Some(true) {
        holder.note("yes_always", "true");
    }
    if holder.holds() {
        holder.finish(out);
    }
}
