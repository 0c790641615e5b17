//! Agents on the wrong side of an environment.

use super::super::estate::AGENTS;
use super::super::view::View;
use super::super::{Adjustment, Check, agents, settings};
use crate::model::{Confidence, Risk, Severity, setting};

/// An agent of developers that works on production data.
pub(in super::super) const AGENT_PRODUCTION: Check = Check {
    id: "NHI8-agent-production",
    risk: Risk::Nhi8,
    title: "Agent of developers works on production",
    why: "A project's list of tool servers is read on every developer's machine: whatever the agent is told to do there, it \
          does to production.",
    remediation: "Point the server at a development copy, or at a replica with a user that may only read; keep production \
                  logins out of developers' configurations.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: AGENTS,
    implies: &[Adjustment::Production],
    subjects: |view| View::ids(agents::running(view)),
    run: |view, _| {
        settings::of(&AGENT_PRODUCTION, view, setting::AGENT_PRODUCTION, |setting, finding| {
            let off = setting.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(agents::is_off);
            finding.title = format!("{} works on a production {}", setting.subject, setting.value);
            finding.evidence.push(format!("the name of the host says production: {}", setting.value));
            !off
        })
    },
};
