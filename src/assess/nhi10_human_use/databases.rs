//! Users of databases that are both a person's and a program's.

use super::super::estate::SNOWFLAKE;
use super::super::view::{View, days};
use super::super::{Check, Context};
use super::is_service_like;
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Status};

/// A service user that a person can log in as, or a person's user that a program logs in as.
pub(in crate::assess) const SNOWFLAKE_SERVICE_UI: Check = Check {
    id: "NHI10-snowflake-service-ui",
    risk: Risk::Nhi10,
    title: "Snowflake user that serves a person and a program",
    why: "With a password people log in as the service, without a second factor and without a name in the log; a program that \
          is a person's user escapes the rules for services.",
    remediation: "Give the program a user of TYPE = SERVICE with a key pair or workload identity federation: ALTER USER name SET \
                  TYPE = SERVICE, ALTER USER name UNSET PASSWORD. People get users of TYPE = PERSON.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://docs.snowflake.com/en/user-guide/admin-user-management"],
    needs: &[SNOWFLAKE],
    implies: &[],
    subjects: |view| View::ids(users(view)),
    run: service_ui,
};

fn users<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.id.as_str().starts_with("snowflake:user:"))
}

fn service_ui(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let on = |user: &Identity, name: &str| user.attributes.get(name).is_some_and(|v| v == "true");
    users(view)
        .filter(|user| !matches!(user.status, Status::Inactive | Status::Deleted))
        .filter_map(|user| {
            let kind = user.attributes.get("user_type")?;
            let mut finding = SNOWFLAKE_SERVICE_UI.about(user, "");
            if kind.ends_with("SERVICE") && on(user, "has_password") {
                finding.title = format!("The service user {} has a password", user.name);
                finding.evidence.push(format!("its type is {kind}, and has_password is true"));
                let idle = user.last_used.days_before(context.as_of);
                if let Some(idle) = idle.filter(|idle| (0..90).contains(idle)) {
                    finding.evidence.push(format!("somebody or something logged in {} ago", days(idle)));
                }
            } else if !kind.ends_with("SERVICE") && on(user, "has_rsa_public_key") && is_service_like(&user.name) {
                finding.title = format!("A program logs in as {}, a user for people", user.name);
                finding.evidence.push(format!("its type is {kind}, it has a key pair, and it is named like a service"));
                finding.confidence = Confidence::Medium;
                if on(user, "has_password") {
                    finding.evidence.push("it has a password too".to_owned());
                } else {
                    finding.base_severity = Severity::Low;
                }
            } else {
                return None;
            }
            Some(finding)
        })
        .collect()
}
