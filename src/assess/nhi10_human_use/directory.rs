//! People and services under one name in Entra and Okta.

use crate::assess::directory::{attribute, days_since, is_strong, of_azure};
use crate::assess::estate::{ENTRA_SIGN_INS, ENTRA_USERS, OKTA_API_TOKENS, OKTA_USERS};
use crate::assess::nhi07_long_lived_secrets::directory::is_okta_token;
use crate::assess::score::dead;
use crate::assess::view::{View, days, subject_of};
use crate::assess::{Adjustment, Check};
use crate::model::{Confidence, Human, Identity, Risk, Severity, Status};

/// Days within which a sign-in counts.
const RECENT: i64 = 90;

/// A user account that stands in for a service.
pub(in crate::assess) const ENTRA_USER_AS_SERVICE: Check = Check {
    id: "NHI10-entra-user-as-service",
    risk: Risk::Nhi10,
    title: "User account of Entra that serves as a service account",
    why: "It signs in with a password that several people know and that never ends, MFA is switched off for it, and a log cannot tell \
          who used it.",
    remediation: "Move the workload to a managed identity or an application with a federated credential, then block the account's \
                  sign-in and delete it.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://learn.microsoft.com/en-us/entra/architecture/secure-service-accounts"],
    needs: &[ENTRA_USERS],
    implies: &[],
    subjects: |view| View::ids(services(view)),
    run: |view, _| {
        services(view)
            // Accounts that come from a directory on premises are made, and to be undone, there.
            .filter(|user| user.status != Status::Inactive)
            .map(|user| {
                let mut finding = ENTRA_USER_AS_SERVICE.about(user, "");
                finding.title = format!("User account {} is named as a service", user.name);
                let endless = attribute(user, "password_policies").contains("DisablePasswordExpiration");
                if endless {
                    finding.confidence = Confidence::High;
                    finding.evidence.push("passwordPolicies: DisablePasswordExpiration".to_owned());
                } else {
                    finding.base_severity = Severity::Low;
                    finding
                        .evidence
                        .push("its name is that of a service; nothing says that its password never ends".to_owned());
                }
                if attribute(user, "synchronised") == "true" {
                    finding.evidence.push("it comes from a directory on premises".to_owned());
                }
                finding
            })
            .collect()
    },
};

fn services<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "azure" && attribute(i, "named_as_service") == "true")
}

/// An application that works by itself and for people.
pub(in crate::assess) const ENTRA_DELEGATED_USE: Check = Check {
    id: "NHI10-entra-delegated-use",
    risk: Risk::Nhi10,
    title: "Application that works by itself and is used by people",
    why: "One client signs in with rights of its own and on behalf of people: who gets at it through the front has a way to what the \
          back may do, and a log has to be read for which of the two it was.",
    remediation: "Register two applications: one for people with delegated permissions only, one for the unattended part with the \
                  app roles and no redirect addresses.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["https://learn.microsoft.com/en-us/entra/identity-platform/permissions-consent-overview"],
    needs: &[ENTRA_SIGN_INS],
    implies: &[],
    subjects: |view| View::ids(of_azure(view).filter(|i| attribute(i, "sign_ins") == "listed")),
    run: |view, context| {
        let recent = |i: &Identity, name: &str| days_since(i, name, context.as_of).filter(|days| *days <= RECENT);
        of_azure(view)
            .filter(|i| is_strong(i.privilege))
            .filter_map(|identity| {
                let itself = recent(identity, "signed_in_itself")?;
                let people = recent(identity, "signed_in_for_people")?;
                let mut finding = ENTRA_DELEGATED_USE.about(identity, "");
                finding.title = format!("{} works by itself and is used by people", identity.name);
                finding.evidence.push(format!(
                    "last sign-in of its own {} ago, for a person {} ago",
                    days(itself.max(0)),
                    days(people.max(0))
                ));
                Some(finding)
            })
            .collect()
    },
};

/// An API token of Okta that carries a person's rights.
pub(in crate::assess) const OKTA_TOKEN_ADMIN: Check = Check {
    id: "NHI10-okta-token-admin",
    risk: Risk::Nhi10,
    title: "Okta API token of a person",
    why: "What a program does with it is logged as that administrator's doing, it has all rights that the administrator has, and it \
          stops on the day that the account is closed.",
    remediation: "Make an OAuth 2.0 service app with the scopes that the program needs, or a dedicated service account with a \
                  custom admin role, and revoke the token.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://developer.okta.com/docs/guides/create-an-api-token/main/"],
    needs: &[OKTA_USERS, OKTA_API_TOKENS],
    implies: &[Adjustment::Active],
    subjects: |view| view.credentials().filter(|c| is_okta_token(c)).map(subject_of).collect(),
    run: |view, context| {
        let live = view.credentials().filter(|c| is_okta_token(c) && dead(c, context.as_of).is_none());
        live.filter_map(|token| {
            let user = view.identity(token.identity.as_ref()?).filter(|user| user.human == Human::Yes)?;
            let mut finding = OKTA_TOKEN_ADMIN.on(token);
            let name = token.attributes.get("name").map_or(token.id.as_str(), String::as_str);
            finding.title = format!("Okta API token {name} is {}'s", user.name);
            finding.evidence.push(format!("it belongs to the account of a person, {}", user.name));
            Some(finding)
        })
        .collect()
    },
};
