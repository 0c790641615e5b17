//! OAuth flows that are given up.

use crate::assess::estate::{ENTRA_APPLICATIONS, OKTA_APPS};
use crate::assess::view::View;
use crate::assess::{Check, settings};
use crate::model::{Confidence, Identity, Risk, Severity, setting};

/// An application that may sign in by the implicit or the password flow.
pub(in crate::assess) const OAUTH_IMPLICIT: Check = Check {
    id: "NHI4-oauth-implicit",
    risk: Risk::Nhi4,
    title: "Application allows an OAuth flow that is given up",
    why: "The implicit flow puts tokens into addresses, histories and logs, the password flow hands passwords to applications, and \
          a public client proves nothing of itself. OAuth 2.1 has neither flow.",
    remediation: "Use the authorization code flow with PKCE; switch off implicit issuance (web.implicitGrantSettings) and the \
                  fallback to public clients, or take the grant types implicit and password out of the application.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-implicit-grant-flow",
        "https://datatracker.ietf.org/doc/html/rfc9700#section-2.1.2",
    ],
    needs: &[ENTRA_APPLICATIONS, OKTA_APPS],
    implies: &[],
    subjects: |view| {
        let listed =
            |i: &&Identity| ["registered", "application_type"].iter().any(|name| i.attributes.contains_key(*name));
        View::ids(view.identities().filter(listed))
    },
    run: |view, _| {
        settings::of(&OAUTH_IMPLICIT, view, setting::WEAK_FLOW, |setting, finding| {
            let (severity, what) = match setting.value.as_str() {
                // Web applications of an older kind need id tokens so.
                "id-tokens" => (Severity::Low, "id tokens are issued by the implicit flow"),
                "access-tokens" | "implicit" => (Severity::Medium, "access tokens are issued by the implicit flow"),
                "public-client" => {
                    (Severity::Medium, "it falls back to a public client, which takes passwords and device codes")
                }
                "password" => (Severity::Medium, "it takes its users' passwords"),
                _ => return false,
            };
            finding.title = format!("{} allows an OAuth flow that is given up", setting.subject);
            finding.base_severity = severity;
            finding.evidence.push(what.to_owned());
            true
        })
    },
};
