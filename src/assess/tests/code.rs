//! Checks over what code and the places of values tell.

use super::*;
use crate::model::{SettingFact, setting};

fn told(name: &'static str, subject: &str, value: &str, path: &str, attributes: &[(&str, &str)]) -> LocatedFact {
    let mut f = SettingFact::new(name, subject, value);
    f.attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    LocatedFact { location: at(path, 7), ..fact("source", Fact::Setting(At::default(), f)) }
}

fn weak(subject: &str, attributes: &[(&str, &str)]) -> LocatedFact {
    told(setting::JWT_WEAK, subject, "jwt.encode", "app/auth.py", attributes)
}

fn issued(provider: &str, path: &str) -> Sighting {
    Sighting { provider: provider.to_owned(), ..seen(&format!("{provider}-api-key"), "f", path, 7) }
}

#[test]
fn a_forged_token_matters_by_how_easily_it_is_made() {
    let of = |subject, attributes: &[(&str, &str)]| {
        let (_, assessment) = run(Vec::new(), vec![weak(subject, attributes)]);
        let finding = one(&assessment, "NHI4-jwt-weak");
        (finding.base_severity, finding.confidence)
    };
    assert_eq!(of("unsigned", &[]), (Severity::High, Confidence::High));
    assert_eq!(of("unchecked", &[]), (Severity::High, Confidence::Medium));
    assert_eq!(of("unchecked", &[("checked", "true")]), (Severity::Medium, Confidence::Medium));
    assert_eq!(of("literal-key", &[("strength", "short")]), (Severity::High, Confidence::High));
    assert_eq!(of("literal-key", &[("strength", "words")]), (Severity::High, Confidence::High));
    assert_eq!(of("literal-key", &[("strength", "strong")]), (Severity::Medium, Confidence::High));
    let fallback = &[("strength", "short"), ("default", "true")];
    assert_eq!(of("literal-key", fallback), (Severity::Medium, Confidence::High));
}

#[test]
fn a_forged_token_of_a_sample_counts_for_nothing_and_two_places_are_one_finding() {
    let sample = LocatedFact { sample: true, ..weak("unsigned", &[]) };
    assert!(of(&run(Vec::new(), vec![sample]).1, "NHI4-jwt-weak").is_empty());
    let second = LocatedFact { location: at("app/auth.py", 90), ..weak("unsigned", &[]) };
    let (_, assessment) = run(Vec::new(), vec![weak("unsigned", &[]), second]);
    assert_eq!(one(&assessment, "NHI4-jwt-weak").locations.len(), 2);
}

#[test]
fn a_credential_in_a_query_is_told_where_a_header_would_do() {
    let in_query = |host: &str, edit: &dyn Fn(&mut Sighting)| {
        let mut sighting = issued("acme", "src/client.py");
        edit(&mut sighting);
        let fact = told(setting::KEY_IN_QUERY, "api_key", host, "src/client.py", &[]);
        let (_, assessment) = run(vec![sighting], vec![fact]);
        of(&assessment, "NHI4-key-in-query").first().map(|f| (f.base_severity, f.title.clone()))
    };
    let (severity, title) = in_query("api.acme.com", &|_| {}).unwrap();
    assert_eq!(
        (severity, title.as_str()),
        (Severity::Medium, "acme-api-key in the query of an address of api.acme.com")
    );
    let severity = |host: &str, edit: &dyn Fn(&mut Sighting)| in_query(host, edit).map(|(severity, _)| severity);
    assert_eq!(severity("", &|_| {}), Some(Severity::Medium));
    assert_eq!(severity("nexus:8081", &|_| {}), Some(Severity::Low));
    assert_eq!(severity("api.acme.com", &|s| s.base_severity = Severity::Medium), Some(Severity::Low));
    assert_eq!(severity("api.acme.com", &|s| s.confidence = Confidence::Medium), Some(Severity::Low));
    // This machine, an address that is itself a webhook, what is no secret, doubtful, of a test, or somewhere else.
    assert_eq!(severity("localhost:8888", &|_| {}), None);
    assert_eq!(severity("oapi.dingtalk.com", &|_| {}), None);
    assert_eq!(severity("api.acme.com", &|s| s.rule = "acme-webhook-url".to_owned()), None);
    assert_eq!(severity("api.acme.com", &|s| s.proof.public = true), None);
    assert_eq!(severity("api.acme.com", &|s| s.proof.validity = Validity::TestValue), None);
    assert_eq!(severity("api.acme.com", &|s| s.confidence = Confidence::Low), None);
    assert_eq!(severity("api.acme.com", &|s| s.test_path = true), None);
    assert_eq!(severity("api.acme.com", &|s| s.location.in_head = false), None);
    assert_eq!(severity("api.acme.com", &|s| s.location.column = 9), None);
}

#[test]
fn a_token_that_everybody_clones_is_told_with_what_each_gets_instead() {
    let shared = |how: &str, provider: &str, edit: &dyn Fn(&mut Sighting)| {
        let path = if how == "environment" { ".env" } else { "README.md" };
        let mut sighting = issued(provider, path);
        edit(&mut sighting);
        let (_, assessment) = run(vec![sighting], vec![told(setting::SHARED_TOKEN, path, how, path, &[])]);
        of(&assessment, "NHI10-shared-dev-env")
            .first()
            .map(|f| (f.base_severity, f.title.clone(), f.remediation.to_string()))
    };
    let (severity, title, remediation) = shared("environment", "stripe", &|_| {}).unwrap();
    assert_eq!(severity, Severity::Medium);
    assert_eq!(title, "Everybody who clones the repository works with one stripe-api-key");
    assert!(remediation.starts_with("Give each developer a login of their own to a sandbox"), "{remediation}");
    let (_, title, _) = shared("introduction", "acme", &|s| s.test_path = true).unwrap();
    assert_eq!(title, "README.md has newcomers work with one acme-api-key");
    // What no service issued, what is a person's, what does not work, what is doubtful in prose.
    assert!(
        shared("environment", "generic", &|_| {}).is_none() && shared("environment", "database", &|_| {}).is_none()
    );
    assert!(shared("environment", "github", &|s| s.human = Human::Yes).is_none());
    assert!(shared("environment", "stripe", &|s| s.proof.validity = Validity::TestValue).is_none());
    assert!(shared("environment", "stripe", &|s| s.proof.validity = Validity::Malformed).is_none());
    assert!(shared("environment", "stripe", &|s| s.confidence = Confidence::Medium).is_some());
    assert!(shared("introduction", "stripe", &|s| s.confidence = Confidence::Medium).is_none());
    assert!(shared("environment", "stripe", &|s| s.proof.public = true).is_none());
}

#[test]
fn two_tokens_of_one_identity_are_one_finding() {
    let hint = IdentityHint {
        key: IdentityKey::new("stripe", "account", "acct_1"),
        kind: IdentityKind::ServiceAccount,
        provider: "stripe".to_owned(),
        name: "acct_1".to_owned(),
        account: None,
    };
    let of_account = |fingerprint: &str, line: u64| {
        let mut sighting = issued("stripe", ".env");
        sighting.fingerprint = Some(fingerprint.to_owned());
        sighting.location = at(".env", line);
        sighting.proof.identity = Some(hint.clone());
        sighting
    };
    let place = |line| LocatedFact {
        location: at(".env", line),
        ..told(setting::SHARED_TOKEN, ".env", "environment", ".env", &[])
    };
    let (_, assessment) = run(vec![of_account("a", 1), of_account("b", 2)], vec![place(1), place(2)]);
    assert_eq!(one(&assessment, "NHI10-shared-dev-env").locations.len(), 2);
}
