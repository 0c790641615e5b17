//! Credentials in the clear in configurations of agents.

use std::collections::{BTreeMap, BTreeSet};

use super::super::estate::AGENTS;
use super::super::headline::is_seen;
use super::super::view::View;
use super::super::{Check, Context, agents, say};
use crate::model::{AuthMode, Confidence, Finding, Risk, Severity};

/// A credential written into an agent's configuration.
pub(crate) const MCP_ENV: Check = Check {
    id: "NHI2-mcp-env",
    risk: Risk::Nhi2,
    title: "Literal credential in an agent's configuration",
    why: "Configurations of agents are committed, copied between machines and read by every agent that works on the \
          project; whoever reads this one can act as the tool server.",
    remediation: "Revoke the value and let the host fetch it: `${NAME}` in Claude Code, `${env:NAME}` in Cursor, \
                  `${input:id}` with `\"password\": true` in VS Code, `env_vars` or `bearer_token_env_var` in Codex, \
                  `$NAME` in Gemini CLI, `os.environ/NAME` in LiteLLM.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &[
        "https://code.claude.com/docs/en/mcp",
        "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
    ],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::all(view)),
    run: literal,
};

fn literal(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let seen: BTreeSet<(&str, u64)> =
        view.inventory.exposures.iter().map(|e| (e.location.path.as_str(), e.location.line)).collect();
    let mut out = Vec::new();
    for agent in agents::all(view) {
        let mut groups: BTreeMap<&str, Finding> = BTreeMap::new();
        // What a detector reported has its finding, with the value.
        let open = agents::credentials(agent, view).filter(|u| u.mode == AuthMode::Static && !is_seen(u, &seen));
        for usage in open {
            let finding = groups.entry(&usage.mechanism).or_insert_with(|| {
                let mut finding = MCP_ENV.about(agent, &usage.mechanism);
                finding.title = format!("Literal credential for {} in {}", usage.mechanism, agent.name);
                finding.locations.clear();
                finding
            });
            finding.locations.push(usage.location.clone());
            let sentence = match usage.attributes.get("default_of") {
                Some(name) => format!("the default of {name} is written out"),
                None => format!("the value of {} is written out", usage.mechanism),
            };
            say(&mut finding.evidence, sentence);
            if agents::is_off(agent) {
                say(&mut finding.evidence, "the server is switched off, which hides nothing".to_owned());
            }
        }
        out.extend(groups.into_values());
    }
    out
}
