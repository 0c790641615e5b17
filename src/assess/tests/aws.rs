//! What exports of AWS say beside reports and policies.

use super::*;
use crate::model::{SettingFact, setting};

fn set(
    format: &'static str,
    name: &'static str,
    who: Option<&IdentityKey>,
    subject: &str,
    value: &str,
    more: &[(&str, &str)],
) -> LocatedFact {
    let mut f = SettingFact::new(name, subject, value);
    f.identity = who.cloned();
    f.attributes.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    fact(format, Fact::Setting(At::default(), f))
}

fn ids(assessment: &Assessment) -> Vec<&str> {
    assessment.findings.iter().map(|f| f.id.as_str()).collect()
}

#[test]
fn what_the_analyzer_says_is_unused_is_found_once_for_each_thing() {
    let unused = |kind: &str, subject: &str, more: &[(&str, &str)]| {
        set("aws-access-analyzer", setting::ANALYZER_UNUSED, Some(&role("old")), subject, kind, more)
    };
    let facts = vec![
        unused("UnusedPermission", "permissions of role old", &[("services", "iam (3 actions)")]),
        unused("UnusedPermission", "permissions of role old", &[("services", "s3"), ("last_accessed", "2026-01-24")]),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    let finding = one(&assessment, "NHI1-aws-analyzer-unused");
    assert_eq!(finding.identity, Some(role("old")));
    assert_eq!(
        finding.evidence,
        ["UnusedPermission: s3; last used 305 days before 2026-11-25", "UnusedPermission: iam (3 actions)"]
    );
}

fn secret(edit: impl FnOnce(&mut CredentialFact)) -> LocatedFact {
    let mut f = CredentialFact::new(
        "aws:secret:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
        "aws-secrets-manager-secret",
        "aws",
    );
    f.status = Status::Active;
    f.created = When::parse("2024-01-01");
    f.rotated = When::Never;
    f.attributes.insert("name".to_owned(), "db".to_owned());
    f.attributes.insert("rotation".to_owned(), "off".to_owned());
    edit(&mut f);
    fact("aws-secrets", Fact::Credential(At::default(), f))
}

fn with(f: &mut CredentialFact, more: &[(&str, &str)]) {
    f.attributes.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
}

#[test]
fn a_secret_that_is_not_rotated_is_found_after_ninety_days_unless_a_service_owns_it() {
    let found = |more: &[(&str, &str)], status: Status| {
        let facts = vec![secret(|f| {
            with(f, more);
            f.status = status;
        })];
        ids(&run(Vec::new(), facts).1).contains(&"NHI7-sm-no-rotation")
    };
    assert!(found(&[("changed", "2026-08-26")], Status::Active), "91 days");
    assert!(!found(&[("changed", "2026-08-27")], Status::Active), "90 days");
    assert!(found(&[], Status::Active), "without a change the creation counts");
    assert!(!found(&[("owning_service", "rds")], Status::Active));
    assert!(!found(&[("rotation", "on")], Status::Active));
    assert!(!found(&[], Status::Deleted));
}

#[test]
fn a_rotation_that_is_late_by_a_whole_period_has_stopped() {
    let found = |rotated: When, more: &[(&str, &str)]| {
        let facts = vec![secret(|f| {
            f.rotated = rotated;
            with(f, &[("rotation", "on"), ("rotation_days", "30")]);
            with(f, more);
        })];
        let assessment = run(Vec::new(), facts).1;
        assessment.findings.iter().find(|f| f.id == "NHI7-sm-rotation-broken").map(|f| f.confidence)
    };
    assert_eq!(found(When::parse("2026-09-25"), &[("changed", "2026-09-25")]), Some(Confidence::High), "61 days");
    assert_eq!(found(When::parse("2026-09-26"), &[]), None, "60 days");
    assert_eq!(
        found(When::parse("2026-01-01"), &[("changed", "2026-11-20")]),
        Some(Confidence::Medium),
        "turned on again"
    );
    assert_eq!(found(When::Never, &[("changed", "2026-11-20")]), None, "just turned on");
    assert_eq!(found(When::Never, &[("changed", "2026-01-01")]), Some(Confidence::High));
    assert_eq!(found(When::parse("2026-01-01"), &[("rotation_days", "")]), None, "a schedule that is not worked out");
}

#[test]
fn two_keys_that_live_on_are_found_and_a_rotation_under_way_is_not() {
    let found = |second: &str, status: Status| {
        let bot = user("bot");
        let facts = vec![
            identity(&bot, IdentityKind::CloudUser, "aws", |_| {}),
            key_of(&bot, 1, |k| k.rotated = When::parse("2026-10-01")),
            key_of(&bot, 2, |k| {
                k.rotated = When::parse(second);
                k.status = status;
            }),
        ];
        ids(&run(Vec::new(), facts).1).contains(&"NHI9-two-active-keys")
    };
    assert!(found("2026-10-25", Status::Active), "31 days");
    assert!(!found("2026-10-26", Status::Active), "30 days");
    assert!(!found("2025-10-01", Status::Inactive));
}

fn account(id: &str, name: &str, class: &str) -> LocatedFact {
    let more = [("provider", "aws"), ("class", class), ("why", name)];
    set("aws-accounts", setting::CLOUD_ACCOUNT, None, &format!("AWS account {name}"), id, &more)
}

fn trusts(who: &IdentityKey, issuer: &str) -> LocatedFact {
    let f = TrustFact {
        identity: who.clone(),
        issuer: issuer.to_owned(),
        audience: None,
        subject: None,
        attributes: BTreeMap::from([
            ("kind".to_owned(), "aws".to_owned()),
            ("external_id".to_owned(), "present".to_owned()),
        ]),
    };
    fact("aws-authorization-details", Fact::Trust(At::default(), f))
}

#[test]
fn a_role_of_production_that_a_test_account_enters_is_found_where_the_accounts_are_known() {
    let deploy = role("deploy");
    let found = |other: &str, class: &str, privilege: Privilege| {
        let mut facts = vec![
            identity(&deploy, IdentityKind::Role, "aws", |f| f.account = Some(ACCOUNT.to_owned())),
            grant(&deploy, privilege, "s3:*"),
            trusts(&deploy, &format!("arn:aws:iam::{other}:root")),
            account("210987654321", "acme-dev", class),
        ];
        facts.push(account(ACCOUNT, "acme-prod", "prod"));
        let (inventory, assessment) = run(Vec::new(), facts);
        let environment = inventory.identities.iter().find(|i| i.id == deploy).unwrap().environment.class;
        assert_eq!(environment, EnvironmentClass::Prod, "the account's name tells it");
        assessment.findings.iter().find(|f| f.id == "NHI8-aws-cross-account").map(|f| f.base_severity)
    };
    assert_eq!(found("210987654321", "nonprod", Privilege::WriteBroad), Some(Severity::High));
    assert_eq!(found("210987654321", "nonprod", Privilege::ReadScoped), Some(Severity::Low));
    assert_eq!(found("210987654321", "prod", Privilege::WriteBroad), None);
    assert_eq!(found("333344445555", "nonprod", Privilege::WriteBroad), None, "an account that nobody named");
}

#[test]
fn without_names_of_accounts_isolation_by_account_is_not_assessed() {
    let deploy = role("deploy");
    let facts = vec![
        identity(&deploy, IdentityKind::Role, "aws", |f| f.account = Some(ACCOUNT.to_owned())),
        trusts(&deploy, "arn:aws:iam::210987654321:root"),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    let risk = assessment.risks.iter().find(|r| r.risk == Risk::Nhi8).unwrap();
    assert_ne!(risk.status, RiskStatus::Assessed);
    assert!(risk.why.contains("aws organizations list-accounts"), "{}", risk.why);
}

#[test]
fn an_administrator_by_way_of_another_role_can_make_itself_one() {
    let (start, end) = (role("start"), role("end"));
    let mut facts = vec![
        identity(&start, IdentityKind::Role, "aws", |_| {}),
        identity(&end, IdentityKind::Role, "aws", |_| {}),
        grant(&start, Privilege::ReadScoped, "s3:GetObject"),
        grant(&end, Privilege::Admin, "*"),
        trusts(&end, &format!("arn:aws:iam::{ACCOUNT}:role/start")),
    ];
    let arn = |key: &IdentityKey| key.as_str().trim_start_matches("aws:role:").to_owned();
    facts.push(set(
        "aws-authorization-details",
        setting::TAKES_ON,
        Some(&start),
        &arn(&start),
        &arn(&end),
        &[("source", "inline policy p")],
    ));
    let (_, assessment) = run(Vec::new(), facts);
    let finding = assessment.findings.iter().find(|f| f.id == "NHI5-aws-privesc").unwrap();
    assert_eq!(finding.identity, Some(start));
    assert_eq!(
        finding.evidence,
        [format!(
            "sts:AssumeRole on {} by inline policy p → role end → group Admins → AdministratorAccess if the role asks for an external id",
            arn(&end)
        )]
    );
}
