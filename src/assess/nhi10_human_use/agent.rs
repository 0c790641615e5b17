//! Agents that act with a person's token.

use std::collections::BTreeSet;

use super::super::estate::AGENTS;
use super::super::headline::is_seen;
use super::super::view::View;
use super::super::{Check, Context, agents, say};
use crate::model::{Confidence, Finding, Risk, Severity};

/// A tool server that is given a person's token, by the name of it.
pub(crate) const AGENT_HUMAN_TOKEN: Check = Check {
    id: "NHI10-adj-agent-human-token",
    risk: Risk::Nhi10,
    title: "Agent acts with a person's token",
    why: "What the agent does looks like the person's own work, reaches all that they reach, and stops when they leave.",
    remediation: "Use the server's OAuth login or an app's token; where it has to be a personal one, make it fine-grained, for \
                  the repositories and rights that the task needs, with an end.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/10-human-use-of-nhi/",
        "https://github.com/github/github-mcp-server#installation",
    ],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view)),
    run: human_token,
};

fn human_token(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen: BTreeSet<(&str, u64)> =
        view.inventory.exposures.iter().map(|e| (e.location.path.as_str(), e.location.line)).collect();
    let mut out = Vec::new();
    for agent in agents::running(view) {
        let mut finding = AGENT_HUMAN_TOKEN.about(agent, "");
        finding.locations.clear();
        for usage in agents::credentials(agent, view) {
            // Of a value that was seen, its own kind tells.
            let Some(name) = usage.attributes.get("personal").filter(|_| !is_seen(usage, &seen)) else { continue };
            finding.title = format!("{} acts with a person's token, {name}", agent.name);
            say(
                &mut finding.evidence,
                format!("{name} names a personal token; a machine account's may be kept under that name"),
            );
            finding.locations.push(usage.location.clone());
        }
        if !finding.locations.is_empty() {
            out.push(finding);
        }
    }
    out
}
