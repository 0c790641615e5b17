//! Logins of databases that never end.

use std::collections::BTreeSet;

use super::super::estate::{POSTGRESQL_ROLES, SNOWFLAKE};
use super::super::view::{View, subject_of};
use super::super::{Check, Context};
use crate::model::{Confidence, Credential, Finding, Human, Privilege, Risk, Severity, Status, When};

/// A login of a database without an end.
pub(in crate::assess) const DB_NOEXPIRY: Check = Check {
    id: "NHI7-db-noexpiry",
    risk: Risk::Nhi7,
    title: "Database login that never ends",
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

fn noexpiry(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let endless = logins(view).filter(|c| c.expires == When::Never && c.status != Status::Inactive);
    endless
        .filter_map(|login| {
            let owner = login.identity.as_ref().and_then(|id| view.identity(id))?;
            let built_in = owner.attributes.get("built_in").is_some_and(|v| v == "true");
            // People's logins are no machine's; a login that is off opens nothing.
            if owner.human == Human::Yes || built_in || matches!(owner.status, Status::Inactive | Status::Deleted) {
                return None;
            }
            let mut finding = DB_NOEXPIRY.on(login);
            let what = login.kind.split_once('-').map_or(login.kind.as_str(), |(_, what)| what).replace('-', " ");
            finding.title = format!("The {what} of {} never ends", owner.name);
            if login.id.starts_with("postgresql:") {
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
