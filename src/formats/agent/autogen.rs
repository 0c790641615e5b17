//! AutoGen's list of models, `OAI_CONFIG_LIST`: one entry a model, each with its key.
//!
//! <https://microsoft.github.io/autogen/0.2/docs/topics/llm_configuration/>.

use super::holder::Holder;
use super::host::AUTOGEN;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "autogen", name: "AutoGen model list", command: "", syntax: Syntax::Json, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    // People leave notes before the list; without one at the top it is read by no JSON reader.
    path.file_name().starts_with(b"OAI_CONFIG_LIST") && head.trim_start().starts_with('[')
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut holder = Holder::agent(input, AUTOGEN, root.span, BUDGET);
    for entry in root.items().iter().take(10_000) {
        let provider = match entry.get("api_type").and_then(Node::as_str).unwrap_or("openai") {
            "azure" => "AZURE_OPENAI_API_KEY",
            "google" => "GEMINI_API_KEY",
            "anthropic" => "ANTHROPIC_API_KEY",
            "mistral" => "MISTRAL_API_KEY",
            "groq" => "GROQ_API_KEY",
            _ => "OPENAI_API_KEY",
        };
        for field in ["api_key", "aws_secret_key", "aws_access_key"] {
            if let Some(node) = entry.get(field)
                && let Some(text) = node.as_str()
            {
                let name = if field == "api_key" { provider } else { field };
                holder.slot(name, field, text, node.inner);
            }
        }
    }
    if holder.holds() {
        holder.finish(out);
    }
}
