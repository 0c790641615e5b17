//! Apps of others that are installed in an organisation.

use std::collections::BTreeSet;

use crate::assess::estate::{GITHUB_AUDIT_LOG, GITHUB_INSTALLATIONS, GITHUB_PATS};
use crate::assess::nhi05_overprivileged::tokens::named;
use crate::assess::score::dead;
use crate::assess::view::{View, subject_of};
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, Credential, Finding, Identity, Privilege, Risk, Severity, Status, When};

/// An app that may change every repository.
pub(in crate::assess) const GH_APP_BROAD: Check = Check {
    id: "NHI3-gh-app-broad",
    risk: Risk::Nhi3,
    title: "App that may change every repository of an organisation",
    why: "Whoever breaks into the app's maker can change code, workflows or settings everywhere, at once and with the app's \
          own name.",
    remediation: "In the organisation's settings, GitHub Apps, Configure, choose Only select repositories; take the app out \
                  where nothing uses it.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/apps/using-github-apps/reviewing-and-modifying-installed-github-apps",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/",
    ],
    needs: &[GITHUB_INSTALLATIONS],
    implies: &[crate::assess::Adjustment::Admin],
    subjects: |view| View::ids(installed(view)),
    run: broad,
};

fn installed<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.id.as_str().starts_with("github:app-installation:") && i.status == Status::Active)
}

/// Permissions that lead to code that runs, or to more rights.
const STRONG: [&str; 8] = [
    "contents",
    "workflows",
    "administration",
    "secrets",
    "organization_secrets",
    "organization_administration",
    "actions",
    "members",
];

/// Whether an app is the organisation's own, by its name, or GitHub's.
fn is_own(app: &Identity) -> bool {
    let account = app.account.as_deref().unwrap_or_default().to_ascii_lowercase();
    let name = app.name.to_ascii_lowercase();
    let own = !account.is_empty() && (name == account || name.starts_with(&format!("{account}-")));
    own || matches!(
        name.as_str(),
        "github-actions" | "dependabot" | "github-advanced-security" | "github-code-scanning"
    )
}

fn broad(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let wide = |app: &&Identity| app.attributes.get("repositories").is_some_and(|r| r == "all");
    installed(view)
        .filter(wide)
        .filter(|app| !is_own(app))
        .filter_map(|app| {
            let grants = view.grants_of(&app.id);
            let strong = grants.iter().filter_map(|g| {
                let (name, level) = g.action.split_once(": ")?;
                (STRONG.contains(&name) && matches!(level, "write" | "admin")).then(|| g.action.to_string())
            });
            let mut strong: Vec<String> = strong.collect();
            strong.sort();
            strong.dedup();
            (!strong.is_empty()).then(|| {
                let mut finding = GH_APP_BROAD.about(app, "");
                let account = app.account.as_deref().unwrap_or("the organisation");
                finding.title = format!("App {} may change every repository of {account}", app.name);
                finding.evidence = vec![format!("on all repositories: {}", strong.join(", "))];
                finding.evidence.push("whether the organisation made it itself, the list does not say".to_owned());
                finding
            })
        })
        .collect()
}

/// A person's token in the hands of a tool that others make.
pub(in crate::assess) const GH_TOOL_TOKEN: Check = Check {
    id: "NHI3-gh-tool-token",
    risk: Risk::Nhi3,
    title: "Token with wide rights in the hands of a tool of others",
    why: "The tool holds the token and sends it out: a flaw or a break-in there hands over every repository that its user reaches. A \
          plugin for GitHub in JetBrains's IDEs sent it to other hosts when a pull request told it to (CVE-2024-37051).",
    remediation: "Update the tool. Revoke what it holds: Settings, Applications, Authorized OAuth Apps, and the token by its name under \
                  Developer settings. Then give it a fine-grained token for the repositories at hand, with an end, or have the \
                  organisation approve OAuth apps one by one (Settings, Third-party access).",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &[
        "https://blog.jetbrains.com/security/2024/06/updates-for-security-issue-affecting-intellij-based-ides-2023-1-and-github-plugin/",
        "https://docs.github.com/en/organizations/managing-oauth-access-to-your-organizations-data/about-oauth-app-access-restrictions",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/",
    ],
    needs: &[GITHUB_AUDIT_LOG, GITHUB_PATS],
    implies: &[Adjustment::Active],
    subjects: |view| tool_tokens(view).map(|(token, _)| subject_of(token)).collect(),
    run: tool_token,
};

/// Words in the names that tools give to the tokens they ask for: `IntelliJ IDEA GitHub integration plugin`.
const TOOLS: [&str; 6] = ["plugin", "extension", "jetbrains", "intellij", "vscode", "vs code"];

/// Tokens of people that a tool holds, and how that is known: those of OAuth apps, and those named after one.
fn tool_tokens<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Credential, String)> + use<'v, 'a> {
    view.credentials().filter(|c| c.provider == "github" && c.status != Status::Inactive).filter_map(|token| {
        if token.attributes.get("access_type").is_some_and(|kind| kind.to_ascii_lowercase().contains("oauth")) {
            let how = "the audit log has it act as the token of an OAuth app; which app, it does not say".to_owned();
            return Some((token, how));
        }
        let name = token.attributes.get("token_name")?;
        let lower = name.to_ascii_lowercase();
        TOOLS.iter().any(|tool| lower.contains(tool)).then(|| (token, format!("its name is that of a tool: {name}")))
    })
}

fn tool_token(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let living = tool_tokens(view).filter(|(token, _)| dead(token, context.as_of).is_none());
    living
        .filter_map(|(token, how)| {
            let grants = token.identity.as_ref().map(|id| view.grants_of(id)).unwrap_or_default();
            let own = grants.iter().filter(|g| token.locations.contains(&g.location));
            let wide: BTreeSet<String> = own
                .filter(|g| g.privilege >= Privilege::WriteBroad)
                .map(|g| format!("{} on {}", g.action, g.resource))
                .collect();
            if wide.is_empty() {
                return None;
            }
            let mut finding = GH_TOOL_TOKEN.on(token);
            finding.title = format!("{} is in the hands of a tool and may write widely", named(token));
            if token.kind == "github-oauth-token" {
                finding.confidence = Confidence::High;
            }
            finding.evidence = vec![how];
            if let When::At(used) = token.last_used {
                finding.evidence.push(format!("last used {}", used.strftime("%Y-%m-%d")));
            }
            wide.into_iter().take(6).for_each(|sentence| say(&mut finding.evidence, sentence));
            Some(finding)
        })
        .collect()
}
