//! Programs that log in with the user name and password of an account, where the service has a login for programs.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::{PIPELINES, SNOWFLAKE};
use crate::assess::pipelines::jobs;
use crate::assess::view::{View, days};
use crate::assess::{Check, Context, say, settings};
use crate::model::{AuthMode, Confidence, Finding, Identity, Risk, Severity, Status, Usage, setting};

/// A job that logs in with user and password.
pub(in crate::assess) const ROPC: Check = Check {
    id: "NHI4-ropc",
    risk: Risk::Nhi4,
    title: "Program that logs in with a user's password",
    why: "A password proves nothing of the program that holds it, no second factor can be asked for, and it opens whatever else \
          the account opens, from anywhere. OAuth 2.1 has no password flow any more.",
    remediation: "Give the program a login of its own: federation of the pipeline's token where the service takes it (Entra \
                  ID, Snowflake's WORKLOAD IDENTITY users), else client credentials, a JWT bearer login (Salesforce) or a key \
                  pair (Snowflake). Then change the password.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://datatracker.ietf.org/doc/html/rfc9700#section-2.4",
        "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth-ropc",
        "https://docs.snowflake.com/en/user-guide/key-pair-auth",
    ],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| {
        let mut all = View::jobs(view);
        all.extend(settings::subjects(view, setting::PASSWORD_LOGIN));
        all
    },
    run: ropc,
};

fn ropc(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut told = settings::of(&ROPC, view, setting::PASSWORD_LOGIN, |setting, finding| {
        let whose = crate::assess::reach::whose(setting, view);
        finding.title = format!("{whose} logs in with a user's password");
        say(&mut finding.evidence, setting.value.clone());
        true
    });
    let scripts: BTreeSet<String> = told.iter().filter_map(|f| f.identity.as_ref()).map(ToString::to_string).collect();
    // What a script was seen to do needs not be told again of the variables that it does it with.
    let others = jobs(view).filter(|job| !scripts.contains(job.id.as_str()));
    told.extend(others.flat_map(|job| held(job, view)));
    told
}

/// The service whose password a job holds by the names of the settings that hold it, one finding for each.
fn held(job: &Identity, view: &View<'_>) -> Vec<Finding> {
    let mut by_service: BTreeMap<&'static str, Finding> = BTreeMap::new();
    let usages = view.usages_of(&job.id);
    let security_token =
        usages.iter().any(|usage| named(usage).any(|name| is_salesforce(&name) && name.ends_with("SECURITY_TOKEN")));
    for usage in usages.iter().filter(|u| matches!(u.mode, AuthMode::Static | AuthMode::Referenced)) {
        let Some((service, name)) = named(usage).find_map(|name| Some((service(&name, security_token)?, name))) else {
            continue;
        };
        let finding = by_service.entry(service).or_insert_with(|| {
            let mut finding = ROPC.about(job, service);
            finding.title = format!("{} logs in to {service} with a user's password", job.name);
            finding.locations.clear();
            // A token may be kept where a password was.
            finding.confidence = Confidence::Medium;
            finding
        });
        finding.locations.push(usage.location.clone());
        say(&mut finding.evidence, format!("{name} is the password of a user"));
        if service == "Salesforce" {
            say(&mut finding.evidence, "a security token stands beside it, which only this login takes".to_owned());
        }
    }
    let mut out: Vec<Finding> = by_service.into_values().collect();
    for finding in &mut out {
        crate::assess::pipelines::tidy(&mut finding.locations);
    }
    out
}

/// The names that a usage goes by: of the variable that holds it, and of what is stored.
fn named(usage: &Usage) -> impl Iterator<Item = String> + '_ {
    let mechanism = usage.mechanism.rsplit([' ', '.']).next();
    usage.credential.as_deref().into_iter().chain(mechanism).map(str::to_ascii_uppercase)
}

fn is_salesforce(name: &str) -> bool {
    name.split('_').any(|word| matches!(word, "SALESFORCE" | "SFDC" | "SF"))
}

/// The service that a name says it holds the password of. A passphrase of a key is none, and a password of Salesforce says too
/// little without the security token that its login by password needs
/// (<https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_username_password_flow.htm>).
fn service(name: &str, security_token: bool) -> Option<&'static str> {
    let password = matches!(name.rsplit('_').next(), Some("PASSWORD" | "PWD" | "PASS"));
    if !password || name.contains("KEY") {
        return None;
    }
    if name.contains("SNOWFLAKE") || name == "SNOWSQL_PWD" {
        return Some("Snowflake");
    }
    (security_token && is_salesforce(name)).then_some("Salesforce")
}

/// A user of Snowflake without a type that a program logs in as with a password.
pub(in crate::assess) const SNOWFLAKE_PASSWORD: Check = Check {
    id: "NHI4-snowflake-password-service",
    risk: Risk::Nhi4,
    title: "Snowflake user of a program that logs in with a password",
    why: "A user without a type is a person's by default: the password works from anywhere until somebody changes it, and the \
          second factor that Snowflake asks of people will stop the program.",
    remediation: "Make it a service: ALTER USER name SET TYPE = SERVICE, with a key pair or workload identity federation; ALTER \
                  USER name UNSET PASSWORD; and a network policy for where it logs in from.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.snowflake.com/en/user-guide/admin-user-management",
        "https://docs.snowflake.com/en/user-guide/key-pair-auth",
    ],
    needs: &[SNOWFLAKE],
    implies: &[],
    subjects: |view| View::ids(users(view)),
    run: snowflake,
};

fn users<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.id.as_str().starts_with("snowflake:user:"))
}

/// A word of a name or role that says a program is meant, if one does.
fn machine_word(text: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        "svc",
        "service",
        "srv",
        "bot",
        "ci",
        "cd",
        "etl",
        "elt",
        "dbt",
        "airflow",
        "fivetran",
        "airbyte",
        "jenkins",
        "terraform",
        "automation",
        "robot",
        "loader",
        "pipeline",
        "scheduler",
        "tableau",
        "looker",
        "powerbi",
    ];
    let lower = text.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| WORDS.contains(word)).map(str::to_owned)
}

/// Users of type SERVICE or LEGACY_SERVICE with a password are those of NHI10-snowflake-service-ui, as are users with a key pair
/// that are named like a service.
fn snowflake(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let value = |user: &'_ Identity, name: &str| user.attributes.get(name).cloned().unwrap_or_default();
    let candidates = users(view).filter(|user| {
        !matches!(user.status, Status::Inactive | Status::Deleted)
            && value(user, "user_type") == "not set"
            && value(user, "has_password") == "true"
            // Who has a second factor, or a mailbox for a name, is a person.
            && value(user, "has_mfa") != "true"
            && !user.name.contains('@')
            && value(user, "network_policy").is_empty()
    });
    let told = candidates.filter_map(|user| {
        let role = value(user, "default_role");
        let by_name = machine_word(&user.name).map(|word| format!("its name says that a program uses it ({word})"));
        if by_name.is_some() && value(user, "has_rsa_public_key") == "true" {
            return None;
        }
        let by_role = machine_word(&role).map(|_| format!("its default role is {role}"));
        let why = by_name.clone().or(by_role)?;
        let mut finding = SNOWFLAKE_PASSWORD.about(user, "");
        finding.title = format!("The program's user {} logs in with a password", user.name);
        say(&mut finding.evidence, "its type is not set, and has_password is true".to_owned());
        say(&mut finding.evidence, why);
        if let Some(idle) = user.last_used.days_before(context.as_of).filter(|idle| *idle >= 0) {
            say(&mut finding.evidence, format!("it logged in {} ago", days(idle)));
        }
        say(&mut finding.evidence, "a network policy of the account is not in the export".to_owned());
        if by_name.is_none() {
            finding.confidence = Confidence::Low;
        }
        Some(finding)
    });
    told.collect()
}
