//! Flows of Flowise: the stored credential that each node uses, and keys that stand in a node's inputs.
//!
//! <https://docs.flowiseai.com/using-flowise/agentflowv2>, the shape of a flow (`nodes[].data`, whose `credential` is the id
//! of a stored one): `packages/server/src/Interface.ts` of <https://github.com/FlowiseAI/Flowise>.

use super::holder::Holder;
use super::host::Host;
use crate::doc::{Doc, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::RepoPath;

/// The format.
pub const FORMAT: Format =
    Format { id: "flowise", name: "Flowise flow", command: "", syntax: Syntax::Json, claims, read, stream: None };

const FLOWISE: Host = Host { id: "flowise", name: "Flowise", bare: false };

fn claims(path: &RepoPath, head: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(head.as_bytes(), word.as_bytes()).is_some();
    path.file_name().ends_with(b".json") && has("\"nodes\"") && (has("\"inputAnchors\"") || has("\"inputParams\""))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first() else { return };
    let mut holder = Holder::agent(input, FLOWISE, root.span, BUDGET);
    for data in root.get("nodes").map(Node::items).unwrap_or_default().iter().filter_map(|node| node.get("data")) {
        let kind = data.get("name").and_then(Node::as_str).unwrap_or("node");
        let inputs = data.get("inputs");
        let stored = [data.get("credential"), inputs.and_then(|inputs| inputs.get("FLOWISE_CREDENTIAL_ID"))];
        if let Some((id, node)) = stored.into_iter().flatten().find_map(|node| Some((node.as_str()?, node)))
            && !id.is_empty()
        {
            holder.fetched(kind, &format!("{kind} {id}"), "Flowise credential", node.span, &[]);
        }
        for (name, value) in inputs.map(Node::entries).unwrap_or_default() {
            // `{{node.data.instance}}` is what another node hands over.
            let (Some(name), Some(text)) = (name.as_str(), value.as_str().filter(|text| !text.contains("{{"))) else {
                continue;
            };
            if name != "FLOWISE_CREDENTIAL_ID" {
                holder.slot(name, &format!("{kind}.{name}"), text, value.inner);
            }
        }
    }
    if holder.holds() {
        holder.finish(out);
    }
}
