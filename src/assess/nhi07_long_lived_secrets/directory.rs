//! Secrets and tokens of Entra, Okta and Databricks by their life.

use std::collections::BTreeMap;

use crate::assess::directory::is_sign_in;
use crate::assess::estate::{
    DATABRICKS_TOKENS, ENTRA_APPLICATIONS, ENTRA_SERVICE_PRINCIPALS, OKTA_API_TOKENS, OKTA_APPS,
};
use crate::assess::nhi01_improper_offboarding::owner;
use crate::assess::score::dead;
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, Credential, Finding, IdentityKey, Risk, Severity, Status, When};

/// A year, a leap day included: what is made "for a year" is no longer than that.
const YEAR: i64 = 366;
/// An end so far off is none.
const FAR: i64 = 730;

/// A client secret or certificate with a long life.
pub(in crate::assess) const ENTRA_SECRET_LIFE: Check = Check {
    id: "NHI7-entra-secret-life",
    risk: Risk::Nhi7,
    title: "Long-lived secret or certificate of an Entra application",
    why: "Every copy ever made of the secret works until its end, wherever it lies by then. Expired ones that are left in the list \
          hide which are in use.",
    remediation: "Use a managed identity or a federated credential; else make a secret for at most 180 days (az ad app credential \
                  reset --id APP_ID --append --end-date DATE), roll it out and delete the old one by its keyId. An application \
                  management policy caps the life of all.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &[
        "https://learn.microsoft.com/en-us/entra/identity-platform/security-best-practices-for-app-registration",
        "https://learn.microsoft.com/en-us/graph/api/resources/applicationauthenticationmethodpolicy",
    ],
    needs: &[ENTRA_APPLICATIONS, ENTRA_SERVICE_PRINCIPALS],
    implies: &[Adjustment::Active],
    subjects: |view| view.credentials().filter(|c| is_sign_in(c)).map(subject_of).collect(),
    run: entra,
};

fn life(credential: &Credential, context: &Context<'_>) -> Option<(Severity, String)> {
    let half = context.policy.limits().secret_life;
    let year = YEAR.max(half);
    let severity = match credential.expires {
        When::Never => (Severity::High, "it has no end".to_owned()),
        When::At(end) => {
            let rest = (end.as_second() - context.as_of.as_second()).div_euclid(86_400);
            let whole = credential.created.at().map(|made| (end.as_second() - made.as_second()).div_euclid(86_400));
            let date = end.strftime("%Y-%m-%d");
            match whole {
                _ if rest > FAR => (Severity::High, format!("it ends on {date}, in {}", days(rest))),
                Some(whole) if whole > year => (Severity::High, format!("it lives {}, until {date}", days(whole))),
                Some(whole) if whole > half => (Severity::Medium, format!("it lives {}, until {date}", days(whole))),
                None if rest > year => (Severity::High, format!("it ends on {date}, in {}", days(rest))),
                None if rest > half => (Severity::Medium, format!("it ends on {date}, in {}", days(rest))),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(severity)
}

/// A private key is harder to copy by chance than a text, and it is not sent.
fn softer(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        _ => Severity::Low,
    }
}

fn entra(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut expired: BTreeMap<&IdentityKey, Vec<&Credential>> = BTreeMap::new();
    for credential in view.credentials().filter(|c| is_sign_in(c)) {
        let certificate = credential.id.starts_with("azure:app-certificate:");
        if dead(credential, context.as_of).is_some() {
            if let Some(identity) = &credential.identity {
                expired.entry(identity).or_default().push(credential);
            }
            continue;
        }
        let Some((severity, sentence)) = life(credential, context) else { continue };
        let mut finding = ENTRA_SECRET_LIFE.on(credential);
        finding.base_severity = if certificate { softer(severity) } else { severity };
        let what = if certificate { "Certificate" } else { "Client secret" };
        finding.title = format!("{what} of {} has a long life", owner(credential, view));
        let name = credential.attributes.get("name").map(|name| format!("`{name}`: ")).unwrap_or_default();
        finding.evidence.push(format!("{name}{sentence}"));
        out.push(finding);
    }
    for (identity, credentials) in expired {
        let Some(identity) = view.identity(identity) else { continue };
        let mut finding = ENTRA_SECRET_LIFE.about(identity, "expired");
        finding.base_severity = Severity::Low;
        let n = credentials.len();
        let them = if n == 1 { "credential" } else { "credentials" };
        finding.title = format!("{} still lists {n} expired {them}", identity.name);
        for credential in credentials {
            let end = credential.expires.at().map(|t| t.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
            say(&mut finding.evidence, format!("{} ended {end}", credential.id));
        }
        out.push(finding);
    }
    out
}

/// An API token of Okta that lives as long as it is used.
pub(in crate::assess) const OKTA_SLIDING: Check = Check {
    id: "NHI7-okta-sliding",
    risk: Risk::Nhi7,
    title: "Old Okta API token that renews itself by use",
    why: "Each use puts the end of the token thirty days further, so its expiresAt is no lifetime: what runs daily keeps a value \
          alive for years, and so does a thief.",
    remediation: "Replace it by an OAuth 2.0 service app with private_key_jwt and only the scopes it needs, then revoke the token; \
                  until then bind it to a network zone.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &[
        "https://developer.okta.com/docs/guides/create-an-api-token/main/",
        "https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/",
    ],
    needs: &[OKTA_API_TOKENS],
    implies: &[Adjustment::Active],
    subjects: |view| view.credentials().filter(|c| is_okta_token(c)).map(subject_of).collect(),
    run: |view, context| {
        let live = view.credentials().filter(|c| is_okta_token(c) && dead(c, context.as_of).is_none());
        live.filter_map(|token| {
            let age = token.created.days_before(context.as_of).filter(|age| *age > context.policy.limits().key_age)?;
            let mut finding = OKTA_SLIDING.on(token);
            if age > YEAR {
                finding.base_severity = Severity::High;
            }
            let name = token.attributes.get("name").map_or(token.id.as_str(), String::as_str);
            finding.title = format!("Okta API token {name} is {} old and renews itself by use", days(age));
            let window = token.attributes.get("window").map(String::as_str).unwrap_or_default();
            finding.evidence.push(format!(
                "made {} before {}; window {window}",
                days(age),
                context.as_of.strftime("%Y-%m-%d")
            ));
            Some(finding)
        })
        .collect()
    },
};

/// An API token of Okta, and not the few minutes' token of a browser.
pub(in crate::assess) fn is_okta_token(credential: &Credential) -> bool {
    let window = credential.attributes.get("window_seconds").and_then(|seconds| seconds.parse::<i64>().ok());
    credential.id.starts_with("okta:api-token:") && window.is_none_or(|window| window >= 86_400)
}

/// A service application of Okta that authenticates with a secret.
pub(in crate::assess) const OKTA_CLIENT_SECRET: Check = Check {
    id: "NHI7-okta-client-secret",
    risk: Risk::Nhi7,
    title: "Okta service app that authenticates with a client secret",
    why: "The secret has no end and is sent with each request for a token; a key pair is not, and only its public half lies with \
          Okta.",
    remediation: "Set the client authentication of the app to public key / private key (token_endpoint_auth_method \
                  private_key_jwt) and delete the secret; where that cannot be, rotate the secret.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth/"],
    needs: &[OKTA_APPS],
    implies: &[Adjustment::Active],
    subjects: |view| {
        let machine = |i: &&crate::model::Identity| i.attributes.contains_key("machine_to_machine");
        View::ids(view.identities().filter(machine))
    },
    run: |view, _| {
        let secrets =
            view.credentials().filter(|c| c.id.starts_with("okta:client-secret:") && c.status == Status::Active);
        secrets
            .filter_map(|secret| {
                let identity = view.identity(secret.identity.as_ref()?)?;
                identity.attributes.contains_key("machine_to_machine").then(|| {
                    let mut finding = OKTA_CLIENT_SECRET.on(secret);
                    finding.title = format!("Okta service app {} authenticates with a client secret", identity.name);
                    let method = secret.attributes.get("method").map(String::as_str).unwrap_or_default();
                    finding.evidence.push(format!("token_endpoint_auth_method {method}"));
                    finding
                })
            })
            .collect()
    },
};

/// A personal access token of Databricks with a long life.
pub(in crate::assess) const DATABRICKS_TOKEN: Check = Check {
    id: "NHI7-databricks-token",
    risk: Risk::Nhi7,
    title: "Long-lived Databricks access token",
    why: "The token has its owner's rights in the workspace until its end, without any second factor; without an end every copy works \
          until somebody thinks of it.",
    remediation: "Use OAuth machine-to-machine or workload identity federation for a service principal; cap the life of tokens in \
                  the workspace (maxTokenLifetimeDays), then delete this one (databricks token-management delete TOKEN_ID).",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &[
        "https://docs.databricks.com/aws/en/dev-tools/auth/pat",
        "https://docs.databricks.com/aws/en/admin/access-control/tokens",
    ],
    needs: &[DATABRICKS_TOKENS],
    implies: &[Adjustment::Active],
    subjects: |view| view.credentials().filter(|c| c.id.starts_with("databricks:token:")).map(subject_of).collect(),
    run: |view, context| {
        let live =
            view.credentials().filter(|c| c.id.starts_with("databricks:token:") && dead(c, context.as_of).is_none());
        live.filter_map(|token| {
            let (severity, sentence) = match token.expires {
                When::Never => (Severity::High, "it has no end (expiry_time -1)".to_owned()),
                When::At(end) => {
                    let made = token.created.at()?;
                    let whole = (end.as_second() - made.as_second()).div_euclid(86_400);
                    let severity = match whole {
                        _ if whole > YEAR => Severity::High,
                        _ if whole > context.policy.limits().key_age => Severity::Medium,
                        _ => return None,
                    };
                    (severity, format!("it lives {}, until {}", days(whole), end.strftime("%Y-%m-%d")))
                }
                _ => return None,
            };
            let mut finding = DATABRICKS_TOKEN.on(token);
            finding.base_severity = severity;
            finding.title = format!("Databricks token of {} has a long life", owner(token, view));
            let name = token.attributes.get("name").map(|name| format!("`{name}`: ")).unwrap_or_default();
            finding.evidence.push(format!("{name}{sentence}"));
            Some(finding)
        })
        .collect()
    },
};
