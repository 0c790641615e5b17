//! Secrets in templates, in the environment of functions, and in files that are half encrypted.

use super::*;
use crate::model::{SettingFact, setting};

fn set(format: &'static str, name: &'static str, subject: &str, value: &str, more: &[(&str, &str)]) -> LocatedFact {
    let mut f = SettingFact::new(name, subject, value);
    f.attributes.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    let mut located = fact(format, Fact::Setting(At::default(), f));
    located.location = at("template.yaml", 7);
    located
}

#[test]
fn templates_that_give_secrets_away_are_told_by_how() {
    for (value, more, severity) in [
        ("default", vec![], Severity::High),
        ("default", vec![("placeholder", "true")], Severity::Medium),
        ("echo", vec![], Severity::Medium),
        ("literal", vec![], Severity::High),
        ("output", vec![], Severity::High),
    ] {
        let facts = vec![set("cloudformation", setting::PLAIN_SECRET, "parameter P", value, &more)];
        let (_, assessment) = run(Vec::new(), facts);
        let finding = one(&assessment, "NHI2-cfn-param");
        assert_eq!(finding.base_severity, severity, "{value} {more:?}");
        assert!(finding.title.contains("parameter P"), "{}", finding.title);
    }
}

#[test]
fn what_a_detector_reported_is_not_told_again() {
    let shown = |value| {
        let facts = vec![set("cloudformation", setting::PLAIN_SECRET, "parameter P", value, &[])];
        of(&run(vec![seen("r", "f", "template.yaml", 7)], facts).1, "NHI2-cfn-param").len()
    };
    assert_eq!(shown("default"), 0);
    assert_eq!(shown("literal"), 0);
    assert_eq!(shown("echo"), 1, "that it is shown is another matter");
}

#[test]
fn two_ways_to_give_one_parameter_away_are_one_finding() {
    let facts = vec![
        set("cloudformation", setting::PLAIN_SECRET, "parameter P", "echo", &[]),
        set("cloudformation", setting::PLAIN_SECRET, "parameter P", "default", &[]),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    let finding = one(&assessment, "NHI2-cfn-param");
    assert_eq!((finding.base_severity, finding.evidence.len()), (Severity::High, 2));
}

fn function(mode: AuthMode, placeholder: bool, kind: IdentityKind) -> Vec<LocatedFact> {
    let key = IdentityKey::new("serverless", "workload", "acme/app/serverless.yml#order");
    let identity = IdentityFact::new(key.clone(), kind, "aws", "shop / order");
    let mut usage = UsageFact {
        identity: Some(key),
        mode,
        provider: String::new(),
        credential: None,
        target: None,
        mechanism: "API_TOKEN".to_owned(),
        federation_available: false,
        attributes: BTreeMap::new(),
    };
    if placeholder {
        usage.attributes.insert("placeholder".to_owned(), "true".to_owned());
    }
    vec![
        fact("serverless", Fact::Identity(At::default(), identity)),
        fact("serverless", Fact::Usage(At::default(), usage)),
    ]
}

#[test]
fn literals_among_the_variables_of_functions_are_told_and_references_are_not() {
    let told = |facts| of(&run(Vec::new(), facts).1, "NHI2-serverless-env").len();
    assert_eq!(told(function(AuthMode::Static, false, IdentityKind::Workload)), 1);
    assert_eq!(told(function(AuthMode::Static, true, IdentityKind::Workload)), 0);
    assert_eq!(told(function(AuthMode::Referenced, false, IdentityKind::Workload)), 0);
    assert_eq!(told(function(AuthMode::Static, false, IdentityKind::CiJob)), 0, "pipelines have a check of their own");
}

#[test]
fn values_in_the_clear_are_graded_by_what_their_name_promises() {
    let broken = |value: &str, credential: &str| {
        let more = [("tool", "sops"), ("credential", credential)];
        run(Vec::new(), vec![set("sops", setting::BROKEN_ENCRYPTION, "secrets.yaml", value, &more)]).1
    };
    let finding = |value, credential| one(&broken(value, credential), "NHI2-broken-encryption").base_severity;
    assert_eq!(finding("db.password", "true"), Severity::High);
    assert_eq!(finding("replicas", "false"), Severity::Medium);
    assert!(of(&broken("", "true"), "NHI2-broken-encryption").is_empty(), "all of it is encrypted");
}
