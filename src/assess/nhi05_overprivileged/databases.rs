//! Logins of databases and vaults that may do everything.

use super::super::estate::{POSTGRESQL_ROLES, SNOWFLAKE, VAULT};
use super::super::view::View;
use super::super::{Adjustment, Check, Context, say, settings};
use crate::model::{Confidence, Finding, Privilege, Risk, Severity, setting};

/// A login that administers a database.
pub(in crate::assess) const DB_SUPER: Check = Check {
    id: "NHI5-db-super",
    risk: Risk::Nhi5,
    title: "Login of a program that administers a database",
    why: "Whoever gets at the program's login owns the data of every other program on the server, and can hide it.",
    remediation: "Make a role that owns what the program needs and takes its rights by GRANT; take the attribute away \
                  (ALTER ROLE name NOSUPERUSER NOBYPASSRLS NOCREATEROLE; in Snowflake ALTER USER name SET DEFAULT_ROLE = …). \
                  Migrations get a login of their own.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &[
        "https://www.postgresql.org/docs/current/role-attributes.html",
        "https://docs.snowflake.com/en/user-guide/security-access-control-considerations",
    ],
    needs: &[POSTGRESQL_ROLES, SNOWFLAKE],
    implies: &[Adjustment::Admin],
    subjects: |view| {
        let logins = ["postgresql:role:", "snowflake:user:"];
        View::ids(view.identities().filter(|i| logins.iter().any(|start| i.id.as_str().starts_with(start))))
    },
    run: |view, _| {
        settings::of(&DB_SUPER, view, setting::DATABASE_POWER, |setting, finding| {
            // Every server has one to begin with.
            if setting.attributes.get("built_in").is_some_and(|v| v == "true") {
                return false;
            }
            finding.title = format!("{} has {}", setting.subject, setting.value);
            finding.evidence.push(setting.value.clone());
            let whole = setting.value.contains("SUPERUSER") || setting.value.contains("ADMIN");
            if !whole {
                finding.base_severity = Severity::Medium;
            }
            // A role of Snowflake is a service's by its type; PostgreSQL does not tell a program from a person.
            if setting.identity.as_ref().is_some_and(|id| id.as_str().starts_with("snowflake:")) {
                finding.confidence = Confidence::High;
            }
            true
        })
    },
};

/// A login of Vault with the policy root.
pub(in crate::assess) const VAULT_ROOT: Check = Check {
    id: "NHI5-vault-root",
    risk: Risk::Nhi5,
    title: "Login of Vault with the policy root",
    why: "The policy allows everything: every secret of every team, every policy, every audit device.",
    remediation: "Write a policy with the paths that are needed and put it in token_policies; revoke root tokens with \
                  vault token revoke -accessor, and make one with vault operator generate-root when it is needed.",
    severity: Severity::Critical,
    confidence: Confidence::Confirmed,
    references: &["https://developer.hashicorp.com/vault/docs/concepts/policies#root-policy"],
    needs: &[VAULT],
    implies: &[Adjustment::Admin],
    subjects: |view| View::ids(view.identities().filter(|i| i.provider == "vault")),
    run: vault_root,
};

fn vault_root(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let root = view.identities().filter(|i| i.provider == "vault" && i.privilege == Privilege::Admin);
    root.map(|identity| {
        let mut finding = VAULT_ROOT.about(identity, "");
        finding.title = format!("{} has the policy root", identity.name);
        let root = view.grants_of(&identity.id).iter().filter(|grant| grant.privilege == Privilege::Admin);
        finding.locations = root.clone().map(|grant| grant.location.clone()).collect();
        root.for_each(|grant| say(&mut finding.evidence, format!("{} by {}", grant.action, grant.source)));
        finding
    })
    .collect()
}
