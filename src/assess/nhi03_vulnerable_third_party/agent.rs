//! Tool servers of others, with an agent's credentials in reach.

use std::collections::BTreeMap;

use super::super::estate::AGENTS;
use super::super::view::View;
use super::super::{Check, Context, agents, say};
use crate::model::{AuthMode, Confidence, Finding, Identity, Risk, Severity, ThirdParty, Usage};

/// A tool server whose package can change at any start.
pub(crate) const MCP_UNPINNED: Check = Check {
    id: "NHI3-mcp-unpinned",
    risk: Risk::Nhi3,
    title: "Unpinned tool server with credentials in reach",
    why: "The launcher fetches whatever the package's owner, or whoever took over their account, published last; that code \
          then runs on the machine with the credentials that the configuration hands it.",
    remediation: "Name an exact version (`npx -y pkg@1.2.3`, `uvx pkg==1.2.3`) or an image's digest (`image@sha256:…`), and \
                  give the server a token of its own with no more rights than it needs.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.npmjs.com/cli/commands/npx",
        "https://modelcontextprotocol.io/docs/tutorials/security/security_best_practices",
    ],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view)),
    run: unpinned,
};

/// A server that answers elsewhere, not a package.
fn is_remote(party: &ThirdParty) -> bool {
    party.component.starts_with("https://") || party.component.starts_with("http://")
}

/// A release written out, which an image's tag may be: it can be moved, but rarely is.
fn is_release(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let mut parts = version.split('.');
    let number = |part: Option<&str>| part.is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    number(parts.next())
        && number(parts.next())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
}

fn unpinned(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for agent in agents::running(view) {
        let mut groups: BTreeMap<&str, Finding> = BTreeMap::new();
        for party in view.third_parties_of(&agent.id) {
            let fixed = party.pinned || (party.component.contains('/') && is_release(&party.version));
            if fixed || party.first_party || is_remote(party) || party.credentials.is_empty() {
                continue;
            }
            let finding = groups.entry(&party.component).or_insert_with(|| {
                let mut finding = MCP_UNPINNED.about(agent, &party.component);
                let version = if party.version.is_empty() { String::new() } else { format!("@{}", party.version) };
                finding.title = format!("{} runs {}{version}, which is not pinned", agent.name, party.component);
                finding.locations.clear();
                finding
            });
            let names: Vec<&str> = party.credentials.iter().map(String::as_str).take(8).collect();
            say(&mut finding.evidence, format!("in reach: {}", names.join(", ")));
            let how = if party.version.is_empty() {
                "no version is named".to_owned()
            } else {
                format!("{:?} can change", party.version)
            };
            say(&mut finding.evidence, how);
            finding.locations.push(party.location.clone());
        }
        out.extend(groups.into_values());
    }
    out
}

/// A remote tool server that gets a long-lived token.
pub(crate) const REMOTE_MCP_BEARER: Check = Check {
    id: "NHI3-remote-mcp-bearer",
    risk: Risk::Nhi3,
    title: "Remote tool server gets a long-lived token",
    why: "A token in a header or address works for whoever runs or breaks into the server, for as long as nobody revokes \
          it, and with all the rights that it was made with.",
    remediation: "Let the host log in by OAuth, which remote servers offer: leave the header out and approve the login in the \
                  browser. Where there is none, use a token with an end and the fewest rights.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization"],
    needs: AGENTS,
    implies: &[],
    subjects: |view| View::ids(agents::running(view).filter(|agent| address(agent, view).is_some())),
    run: bearer,
};

/// Servers that log in by OAuth, by their own documentation: a stored token is avoidable there.
const OAUTH: &[&str] = &[
    "mcp.linear.app",
    "mcp.notion.com",
    "mcp.sentry.dev",
    "mcp.atlassian.com",
    "mcp.asana.com",
    "mcp.stripe.com",
    "mcp.vercel.com",
    "mcp.supabase.com",
    "mcp.neon.tech",
    "mcp.figma.com",
    "mcp.paypal.com",
    "mcp.intercom.com",
    "api.githubcopilot.com",
];

/// The address of others that an agent calls.
fn address<'a>(agent: &Identity, view: &View<'a>) -> Option<&'a ThirdParty> {
    view.third_parties_of(&agent.id).iter().copied().find(|party| is_remote(party) && !party.first_party)
}

/// Whether a credential goes to the address: in a header, the query or the path.
fn is_sent(usage: &Usage) -> bool {
    let how = usage.mechanism.as_str();
    how.starts_with("header ")
        || how.starts_with("query ")
        || how == "bearer_token_env_var"
        || how.ends_with("the address")
}

fn bearer(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for agent in agents::running(view) {
        let Some(party) = address(agent, view) else { continue };
        let host = party.component.split("://").nth(1).unwrap_or_default();
        let oauth = OAUTH.contains(&host);
        let mut finding = REMOTE_MCP_BEARER.about(agent, host);
        finding.title = format!("{} sends a long-lived token to {host}", agent.name);
        finding.base_severity = Severity::Low;
        finding.locations.clear();
        for usage in agents::credentials(agent, view).filter(|usage| is_sent(usage)) {
            let literal = usage.mode == AuthMode::Static;
            // By name it is what many servers ask for; where they offer better, that is said.
            if !literal && !oauth {
                continue;
            }
            if literal {
                finding.base_severity = Severity::Medium;
            }
            let what = usage.credential.as_deref().unwrap_or("a literal value");
            say(&mut finding.evidence, format!("{what} goes to {host} as {}", usage.mechanism));
            finding.locations.push(usage.location.clone());
        }
        if !finding.locations.is_empty() {
            if oauth {
                say(&mut finding.evidence, format!("{host} offers OAuth"));
            }
            out.push(finding);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::is_release;

    #[test]
    fn releases_are_told_from_tags_and_ranges() {
        for version in ["1.2.3", "v0.4", "2025.1.0-beta.1"] {
            assert!(is_release(version), "{version}");
        }
        for version in ["", "latest", "1", "^1.2.3", "main", "~1.2"] {
            assert!(!is_release(version), "{version}");
        }
    }
}
