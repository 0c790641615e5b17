//! Tokens of service accounts that never end.

use super::super::estate::KUBERNETES_EXPORT;
use super::super::view::{View, subject_of};
use super::super::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Risk, Severity, Status, When};

/// A token in a Secret.
pub(in crate::assess) const LEGACY_TOKEN: Check = Check {
    id: "NHI7-k8s-legacy-token",
    risk: Risk::Nhi7,
    title: "Service account token that never ends",
    why: "The cluster writes a token into the Secret that works until the Secret is deleted, from wherever it is copied to.",
    remediation: "Delete the Secret. Pods get short-lived tokens by themselves; ask for others with kubectl create token or a \
                  projected volume with expirationSeconds.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#manual-secret-management-for-serviceaccounts",
    ],
    needs: &["kubernetes", KUBERNETES_EXPORT],
    implies: &[Adjustment::Active],
    subjects: |view| tokens(view).map(subject_of).collect(),
    run: legacy,
};

fn tokens<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    view.credentials().filter(|c| c.kind == "kubernetes-service-account-token")
}

fn legacy(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    tokens(view)
        .map(|token| {
            let mut finding = LEGACY_TOKEN.on(token);
            let owner = token.identity.as_ref().and_then(|id| view.identity(id)).map(|i| i.name.as_str());
            finding.title = format!("Token of {} that never ends", owner.unwrap_or("a service account"));
            if let Some(secret) = token.attributes.get("secret") {
                finding.evidence.push(format!("{secret} is of type kubernetes.io/service-account-token"));
            }
            if let When::At(used) = token.last_used {
                finding.evidence.push(format!("last used {}", used.strftime("%Y-%m-%d")));
            } else if token.status == Status::Active {
                finding.evidence.push("the cluster has noted no use of it".to_owned());
            }
            if let When::At(made) = token.created {
                finding.evidence.push(format!("made {}", made.strftime("%Y-%m-%d")));
            }
            if let Some(since) = token.attributes.get("invalid_since") {
                finding.evidence.push(format!("the cluster has not taken it since {since}"));
            }
            finding
        })
        .collect()
}
