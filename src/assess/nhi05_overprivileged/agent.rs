//! Agents and tool servers that reach or may do more than a task needs.

use super::super::estate::AGENTS;
use super::super::view::View;
use super::super::{Check, agents, settings};
use crate::model::{Confidence, Risk, Setting, Severity, setting};

/// A tool server that reaches a whole disk, or a database as its superuser.
pub(crate) const MCP_SCOPE: Check = Check {
    id: "NHI5-mcp-scope",
    risk: Risk::Nhi5,
    title: "Tool server reaches everything",
    why: "The agent follows what it reads, and a text that tells it to can make it use all that the server reaches: every file \
          with its keys, or every table of a database.",
    remediation: "Open the directory of the project alone (`${workspaceFolder}`, `.`); log in to databases as a user that may \
                  read what the task needs.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://modelcontextprotocol.io/docs/tutorials/security/security_best_practices"],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view)),
    run: |view, _| {
        settings::of(&MCP_SCOPE, view, setting::AGENT_SCOPE, |setting, finding| {
            if is_off(setting, view) {
                return false;
            }
            finding.title = format!("{} reaches {}", setting.subject, reached(&setting.value));
            if setting.value.contains("for reading") {
                finding.base_severity = Severity::Medium;
            }
            finding.evidence.push(setting.value.clone());
            true
        })
    },
};

/// What a setting's value says is reached.
fn reached(value: &str) -> &str {
    value.split_once(": ").map_or(value, |(_, what)| what)
}

fn is_off(setting: &Setting, view: &View<'_>) -> bool {
    setting.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(agents::is_off)
}

/// An agent that does not ask.
pub(crate) const AGENT_AUTO_APPROVE: Check = Check {
    id: "NHI5-agent-auto-approve",
    risk: Risk::Nhi5,
    title: "Agent may do everything without asking",
    why: "Nobody sees what the agent is about to do: a text that it reads in an issue, a page or a dependency can make it run \
          any command or tool with the rights and credentials of whoever started it.",
    remediation: "Approve single commands and tools that only read (`Bash(npm test)`, `\"autoApprove\": [\"get_issue\"]`), and \
                  let the host ask for the rest, or run the agent in a container without credentials.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://code.claude.com/docs/en/permissions",
        "https://developers.openai.com/codex/config-reference/",
    ],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view)),
    run: |view, _| {
        settings::of(&AGENT_AUTO_APPROVE, view, setting::AGENT_AUTO_APPROVE, |setting, finding| {
            if is_off(setting, view) {
                return false;
            }
            let (what, how) = setting.value.split_once(", by ").unwrap_or((&setting.value, ""));
            finding.title = match what {
                "every tool" => format!("{} may call every tool without asking", setting.subject),
                "every command" => format!("{} may run every command without asking", setting.subject),
                "everything" => format!("{} may do everything without asking", setting.subject),
                other => format!("{} may use {other} without asking", setting.subject),
            };
            if what == "everything" {
                finding.base_severity = Severity::High;
            }
            finding.evidence.push(format!("by {how}"));
            true
        })
    },
};
