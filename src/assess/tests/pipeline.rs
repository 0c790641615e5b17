//! Checks over what scripts and settings of pipelines tell.

use super::*;
use crate::model::{SettingFact, setting};

fn set(name: &'static str, value: &str, credentials: Option<(&str, &str)>) -> LocatedFact {
    let mut f = SettingFact::new(name, "build", value);
    f.identity = Some(job());
    if let Some((direct, later)) = credentials {
        f.attributes.insert("credentials".to_owned(), direct.to_owned());
        f.attributes.insert("later".to_owned(), later.to_owned());
    }
    fact("github-actions", Fact::Setting(At::default(), f))
}

fn loose(name: &'static str, value: &str) -> LocatedFact {
    fact("github-actions", Fact::Setting(At::default(), SettingFact::new(name, "Makefile", value)))
}

fn severity(facts: Vec<LocatedFact>, check: &str) -> Option<(Severity, Confidence)> {
    let mut all = vec![a_job(|_| {})];
    all.extend(facts);
    let mut inventory = inventory::build(Vec::new(), all, Vec::new());
    let found = assess(&mut inventory, &context()).findings;
    let mut found = found.iter().filter(|f| f.id == check);
    let first = found.next().map(|f| (f.base_severity, f.confidence));
    assert!(found.next().is_none(), "{check} is told once");
    first
}

#[test]
fn a_remote_script_matters_by_what_it_can_get_at() {
    let check =
        |credentials| severity(vec![set(setting::REMOTE_SCRIPT, "https://a.test/i", credentials)], "NHI3-curl-pipe");
    assert_eq!(check(Some(("NPM_TOKEN", ""))), Some((Severity::High, Confidence::High)));
    assert_eq!(check(Some(("", "NPM_TOKEN"))), Some((Severity::Medium, Confidence::High)));
    assert_eq!(check(Some(("GITHUB_TOKEN (unknown)", ""))), Some((Severity::Medium, Confidence::High)));
    assert_eq!(check(Some(("", ""))), None);
    assert_eq!(check(None), None);
    let job_wide = vec![
        set(setting::REMOTE_SCRIPT, "https://a.test/i", None),
        usage(AuthMode::Referenced, "npm", "NPM_TOKEN", false),
    ];
    assert_eq!(severity(job_wide, "NHI3-curl-pipe"), Some((Severity::High, Confidence::High)));
}

#[test]
fn installs_matter_beside_a_credential_only() {
    let check = |value, credentials| {
        severity(vec![set(setting::INSTALL_SCRIPTS, value, Some(credentials))], "NHI3-install-scripts")
    };
    assert_eq!(check("npm ci", ("NPM_TOKEN", "")), Some((Severity::Medium, Confidence::Medium)));
    assert_eq!(check("pnpm install", ("NPM_TOKEN", "")), Some((Severity::Medium, Confidence::Low)));
    assert_eq!(check("npm ci", ("", "NPM_TOKEN")), None);
    assert_eq!(check("npm ci", ("GITHUB_TOKEN (unknown)", "")), None);
}

#[test]
fn what_is_shown_has_to_be_a_secret() {
    let check = |value, credentials| severity(vec![set(setting::ECHO, value, Some(credentials))], "NHI2-ci-echo");
    assert_eq!(check("echo: NPM_TOKEN", ("NPM_TOKEN", "")), Some((Severity::Medium, Confidence::Medium)));
    assert_eq!(check("env: every variable", ("NPM_TOKEN", "")), Some((Severity::Low, Confidence::Medium)));
    assert_eq!(check("env: every variable", ("", "NPM_TOKEN")), None);
    let filled = severity(vec![set(setting::INTERPOLATED, "TOKEN", None)], "NHI2-ci-echo");
    assert_eq!(filled, Some((Severity::Medium, Confidence::High)));
}

#[test]
fn unchecked_certificates_and_plain_logins_are_told() {
    let check =
        |credentials| severity(vec![set(setting::TLS_OFF, "curl --insecure", Some(credentials))], "NHI4-tls-off");
    assert_eq!(check(("TOKEN", "")), Some((Severity::Medium, Confidence::High)));
    assert_eq!(check(("", "TOKEN")), Some((Severity::Low, Confidence::High)));
    assert_eq!(check(("", "")), None);
    // What is no job is told whatever it holds.
    assert!(severity(vec![loose(setting::TLS_OFF, "sslmode=disable")], "NHI4-tls-off").is_some());
    let plain = |host| severity(vec![set(setting::PLAIN_HTTP, host, None)], "NHI4-plain-http-auth").map(|(s, _)| s);
    assert_eq!(plain("nexus.acme.com"), Some(Severity::High));
    assert_eq!(plain("nexus:8081"), Some(Severity::Medium));
}

#[test]
fn a_service_login_is_out_of_place_where_people_work() {
    let check = |facts| severity(facts, "NHI10-azure-sp-login-script").map(|(s, _)| s);
    let service = "gcloud auth activate-service-account";
    assert_eq!(check(vec![loose(setting::SCRIPT_LOGIN, service)]), Some(Severity::Medium));
    assert_eq!(check(vec![set(setting::SCRIPT_LOGIN, service, None)]), None);
    assert_eq!(check(vec![set(setting::SCRIPT_LOGIN, "az login -u -p", None)]), Some(Severity::Medium));
}

#[test]
fn libraries_and_kept_tokens_are_told() {
    let library = |extra: Vec<LocatedFact>| {
        let mut facts = vec![set(setting::SHARED_LIBRARY, "lib@master", None)];
        facts.extend(extra);
        severity(facts, "NHI3-jenkins-lib").map(|(s, _)| s)
    };
    assert_eq!(library(Vec::new()), Some(Severity::Low));
    assert_eq!(library(vec![usage(AuthMode::Referenced, "npm", "X", false)]), Some(Severity::Medium));
    let kept = severity(vec![set(setting::PERSISTED_TOKEN, "o/a", None)], "NHI3-persisted-token");
    assert_eq!(kept, Some((Severity::Medium, Confidence::Medium)));
}

#[test]
fn attributes_of_jobs_make_findings() {
    let of = |edit: &dyn Fn(&mut IdentityFact), check: &str| {
        let mut inventory = inventory::build(Vec::new(), vec![a_job(|f| edit(f))], Vec::new());
        let found = assess(&mut inventory, &context()).findings;
        found.iter().find(|f| f.id == check).map(|f| (f.base_severity, f.confidence))
    };
    let runner = |triggers: &'static str, secrets: &'static str| {
        move |f: &mut IdentityFact| {
            let pairs = [("self_hosted", "true"), ("triggers", triggers), ("secrets", secrets)];
            f.attributes.extend(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
        }
    };
    let check = "NHI6-selfhosted-public";
    assert_eq!(of(&runner("push, pull_request", "A"), check), Some((Severity::High, Confidence::Low)));
    assert_eq!(of(&runner("pull_request", ""), check), Some((Severity::Medium, Confidence::Low)));
    assert_eq!(of(&runner("push", "A"), check), None);
    let production = |f: &mut IdentityFact| drop(f.attributes.insert("production".to_owned(), "PROD_KEY".to_owned()));
    let check = "NHI8-deploy-no-environment";
    assert_eq!(of(&production, check), Some((Severity::Medium, Confidence::Medium)));
    assert_eq!(of(&|_| {}, check), None);
}

#[test]
fn a_job_that_logs_in_with_a_users_password_is_told_once() {
    let check = |facts| severity(facts, "NHI4-ropc");
    let script = || set(setting::PASSWORD_LOGIN, "az login -u -p", None);
    let secret = |name| usage(AuthMode::Referenced, "", name, false);
    assert_eq!(check(vec![script()]), Some((Severity::Medium, Confidence::High)));
    assert_eq!(check(vec![secret("SNOWFLAKE_PASSWORD")]), Some((Severity::Medium, Confidence::Medium)));
    assert_eq!(check(vec![script(), secret("SNOWFLAKE_PASSWORD")]), Some((Severity::Medium, Confidence::High)));
    let salesforce = vec![secret("SF_PASSWORD"), secret("SF_SECURITY_TOKEN")];
    assert_eq!(check(salesforce), Some((Severity::Medium, Confidence::Medium)));
    // A password alone may be anything, a passphrase opens a key.
    assert_eq!(check(vec![secret("SF_PASSWORD")]), None);
    assert_eq!(check(vec![secret("SNOWFLAKE_PRIVATE_KEY_PASSWORD")]), None);
    assert_eq!(check(vec![secret("SNOWFLAKE_PRIVATE_KEY"), secret("DB_PASSWORD")]), None);
    let stored = "SNOWFLAKE_PASSWORD";
    assert_eq!(check(vec![usage(AuthMode::Federated, "snowflake", stored, false)]), None);
}
