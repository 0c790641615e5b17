//! NHI1:2025 Improper Offboarding: an identity or key outlives what it was for
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/>).

pub(super) mod analyzer;
pub(super) mod directory;
pub(super) mod exceptions;
pub(super) mod gone;
pub(super) mod google;
pub(super) mod hosts;
pub(super) mod kubernetes;
pub(super) mod repositories;
pub(super) mod stored;

use super::estate::{AWS_ACCESS_KEYS, AWS_AUTHORIZATION, AWS_CREDENTIAL_REPORT, AWS_LAST_ACCESSED, HISTORY};
use super::factors::as_of;
use super::view::{View, days, is_active_aws_key, is_root, subject_of};
use super::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Identity, IdentityKind, Risk, Severity, Status, When};

const YEAR: i64 = 365;

/// An enabled AWS access key that nobody uses.
pub(super) const AWS_KEY_UNUSED: Check = Check {
    id: "NHI1-aws-key-unused",
    risk: Risk::Nhi1,
    title: "Unused AWS access key",
    why: "The key still opens the account although nothing uses it: whoever finds it is not noticed, and nobody would \
          miss it.",
    remediation: "Deactivate the key, watch for a while, then delete it.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/",
    ],
    needs: &[AWS_CREDENTIAL_REPORT, AWS_ACCESS_KEYS],
    implies: &[Adjustment::Active],
    subjects: active_keys,
    run: key_unused,
};

/// Owners of enabled AWS access keys.
pub(super) fn active_keys(view: &View<'_>) -> std::collections::BTreeSet<String> {
    view.credentials().filter(|c| is_active_aws_key(c)).map(subject_of).collect()
}

fn of_root(credential: &Credential, view: &View<'_>) -> bool {
    credential.identity.as_ref().and_then(|id| view.identity(id)).is_some_and(is_root)
}

fn key_unused(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let keys = view.credentials().filter(|c| is_active_aws_key(c) && !of_root(c, view));
    keys.filter_map(|key| {
        let now = as_of(key, context);
        let made = if key.rotated.at().is_some() { key.rotated } else { key.created };
        let (idle, what) = match key.last_used {
            When::At(_) => (key.last_used.days_before(now)?, "last used"),
            When::Never | When::NotApplicable => (made.days_before(now)?, "never used; made"),
            When::Unknown | When::Unsupported => return None,
        };
        (idle > context.policy.limits().key_unused).then(|| {
            let mut finding = AWS_KEY_UNUSED.on(key);
            if idle > YEAR {
                finding.base_severity = Severity::High;
            }
            finding.title = format!("AWS access key of {} unused for {}", owner(key, view), days(idle));
            finding.evidence = vec![format!("{what} {} before {}", days(idle), now.strftime("%Y-%m-%d"))];
            finding
        })
    })
    .collect()
}

/// The name of a credential's identity, for titles.
pub(super) fn owner(credential: &Credential, view: &View<'_>) -> String {
    let identity = credential.identity.as_ref().and_then(|id| view.identity(id));
    identity.map_or_else(|| "an unknown user".to_owned(), |i| i.name.clone())
}

/// An AWS role that nobody assumes.
pub(super) const AWS_ROLE_UNUSED: Check = Check {
    id: "NHI1-aws-role-unused",
    risk: Risk::Nhi1,
    title: "Unused AWS role",
    why: "Whoever the role trusts can still take it on, although nothing needs it any more.",
    remediation: "Delete the role, or detach its policies and watch first.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"],
    needs: &[AWS_AUTHORIZATION, AWS_LAST_ACCESSED],
    implies: &[],
    subjects: |view| View::ids(roles(view)),
    run: role_unused,
};

/// Roles that an account's owner made; AWS's own and those of its sign-in service come and go by themselves.
fn roles<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| {
        i.provider == "aws"
            && i.kind == IdentityKind::Role
            && !i.id.as_str().contains(":role/aws-service-role/")
            && !i.id.as_str().contains(":role/aws-reserved/")
    })
}

fn role_unused(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    roles(view)
        .filter_map(|role| {
            let (idle, what) = match role.last_used {
                When::At(_) => (role.last_used.days_before(context.as_of)?, "last used"),
                When::Never => (role.created.days_before(context.as_of)?, "never used in the time AWS keeps; made"),
                _ => return None,
            };
            (idle > context.policy.limits().identity_unused).then(|| {
                let mut finding = AWS_ROLE_UNUSED.about(role, "");
                finding.title = format!("AWS role {} unused for {}", role.name, days(idle));
                finding.evidence = vec![format!("{what} {} ago", days(idle))];
                finding
            })
        })
        .collect()
}

/// A value that was taken out of the files and still works.
pub(super) const REMOVED_NOT_REVOKED: Check = Check {
    id: "NHI1-removed-not-revoked",
    risk: Risk::Nhi1,
    title: "Secret removed from the files but never revoked",
    why: "Somebody saw the leak and deleted the line, yet the history still holds the value and an export says that it \
          is enabled.",
    remediation: "Revoke the credential at its provider; rewriting history does not reach copies.",
    severity: Severity::Critical,
    confidence: Confidence::Confirmed,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/"],
    needs: &[HISTORY],
    implies: &[Adjustment::Active],
    subjects: |view| {
        view.credentials()
            .filter(|c| c.status != Status::Unknown && view.open_exposures(c).next().is_some())
            .map(subject_of)
            .collect()
    },
    run: removed_not_revoked,
};

fn removed_not_revoked(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let listed = view.credentials().filter(|c| c.status == Status::Active).filter_map(|credential| {
        let places = view.removed(credential)?;
        let mut finding = REMOVED_NOT_REVOKED.on(credential);
        let owner = credential.identity.as_ref().and_then(|id| view.identity(id)).filter(|owner| !owner.sample);
        finding.title = match owner {
            Some(owner) => format!("A credential of {} was removed from the files but is still active", owner.name),
            None => "Credential was removed from the files but is still active".to_owned(),
        };
        finding.evidence = vec!["in history only; an export says that it is enabled".to_owned()];
        if let When::At(used) = credential.last_used {
            finding.evidence.push(format!("last used {}", used.strftime("%Y-%m-%d")));
        }
        finding.evidence.extend(view.holders(&credential.id));
        finding.locations = places;
        finding.locations.sort_by_key(|place| view.is_state(place));
        Some(finding)
    });
    listed.chain(hosts::still_works(&REMOVED_NOT_REVOKED, view)).collect()
}
