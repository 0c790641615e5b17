//! Logins of databases that never end.

use std::collections::BTreeSet;

use super::super::estate::{POSTGRESQL_ROLES, SNOWFLAKE};
use super::super::factors::as_of;
use super::super::score::dead;
use super::super::view::{View, days, subject_of};
use super::super::{Check, Context};
use super::YEAR;
use super::tokens::whole_life;
use crate::model::{Confidence, Credential, Finding, Human, Privilege, Risk, Severity, Status, When};

/// A login of a database without an end.
pub(in crate::assess) const DB_NOEXPIRY: Check = Check {
    id: "NHI7-db-noexpiry",
    risk: Risk::Nhi7,
    title: "Database login that never ends, or too late",
    why: "Nothing makes anybody change it: every copy ever made, in a configuration, a dump or a laptop, still opens the \
          database.",
    remediation: "Let the program log in by its platform's identity (IAM authentication, workload identity federation) or with \
                  credentials that a vault makes for an hour. Else set an end and rotate: ALTER ROLE name VALID UNTIL '…' in \
                  PostgreSQL; in Snowflake a programmatic access token with DAYS_TO_EXPIRY, and RSA_PUBLIC_KEY_2 to change \
                  key pairs.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://www.postgresql.org/docs/current/sql-createrole.html",
        "https://docs.snowflake.com/en/user-guide/key-pair-auth",
    ],
    needs: &[POSTGRESQL_ROLES, SNOWFLAKE],
    implies: &[],
    subjects,
    run: noexpiry,
};

fn logins<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Credential> + use<'v, 'a> {
    let starts = ["postgresql:password:", "snowflake:"];
    view.credentials().filter(move |c| starts.iter().any(|start| c.id.starts_with(start)))
}

fn subjects(view: &View<'_>) -> BTreeSet<String> {
    logins(view).map(subject_of).collect()
}

/// What of a login with an end, or of a password of which only the last change is told, is over the policy's limits.
fn too_long(login: &Credential, context: &Context<'_>) -> Option<(String, Severity)> {
    let limits = context.policy.limits();
    let (n, limit, words) = match login.expires {
        When::At(_) => (whole_life(login, context)?, limits.secret_life, "lives"),
        _ => (login.rotated.days_before(as_of(login, context))?, limits.key_age, "is unchanged for"),
    };
    let severity = if n > YEAR { Severity::Medium } else { Severity::Low };
    (n > limit).then(|| (format!("{words} {}", days(n)), severity))
}

fn noexpiry(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let live = logins(view).filter(|c| c.status != Status::Inactive && dead(c, context.as_of).is_none());
    live.filter_map(|login| {
        let long = match login.expires {
            When::Never => None,
            _ => Some(too_long(login, context)?),
        };
        let owner = login.identity.as_ref().and_then(|id| view.identity(id))?;
        let built_in = owner.attributes.get("built_in").is_some_and(|v| v == "true");
        // People's logins are no machine's; a login that is off opens nothing.
        if owner.human == Human::Yes || built_in || matches!(owner.status, Status::Inactive | Status::Deleted) {
            return None;
        }
        let mut finding = DB_NOEXPIRY.on(login);
        let what = login.kind.split_once('-').map_or(login.kind.as_str(), |(_, what)| what).replace('-', " ");
        finding.title = match &long {
            Some((words, _)) => format!("The {what} of {} {words}", owner.name),
            None => format!("The {what} of {} never ends", owner.name),
        };
        if let Some((_, severity)) = long {
            finding.base_severity = severity;
        } else if login.id.starts_with("postgresql:") {
            finding.evidence.push("rolvaliduntil is not set".to_owned());
            finding.evidence.push("whether it has a password the view does not tell".to_owned());
            finding.confidence = Confidence::Medium;
            // It is how roles are made; with rights over the server it matters.
            if owner.privilege < Privilege::WriteBroad {
                finding.base_severity = Severity::Low;
            }
        } else {
            finding.evidence.push("the export gives it no date of expiry".to_owned());
        }
        if let When::At(used) = login.last_used {
            finding.evidence.push(format!("last used {}", used.strftime("%Y-%m-%d")));
        }
        Some(finding)
    })
    .collect()
}
