//! Apps of others that are installed in an organisation.

use crate::assess::estate::GITHUB_INSTALLATIONS;
use crate::assess::view::View;
use crate::assess::{Check, Context};
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Status};

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
                (STRONG.contains(&name) && matches!(level, "write" | "admin")).then(|| g.action.clone())
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
