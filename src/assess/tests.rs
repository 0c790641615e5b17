#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod agents;
mod aws;
mod certificates;
mod code;
mod directories;
mod exports;
mod gone;
mod google;
mod hosts;
mod iac;
mod isolation;
mod kubernetes;
mod order;
mod pipeline;
mod pipelines;
mod properties;
mod repositories;
mod stored;
mod terraform;

use std::collections::BTreeMap;

use super::*;
use crate::inventory;
use crate::model::{
    At, AuthMode, CredentialFact, Environment, EnvironmentClass, Fact, GrantFact, Human, IdentityFact, IdentityHint,
    IdentityKey, IdentityKind, LocatedFact, LocationData, Privilege, Proof, RiskStatus, Sighting, Status, Suppression,
    SuppressionKind, ThirdPartyFact, TrustFact, UsageFact, Validity, When,
};

const ACCOUNT: &str = "123456789012";

fn context() -> Context<'static> {
    Context { as_of: "2026-11-25T00:00:00Z".parse().unwrap(), policy: &Everything, members: None, repositories: None }
}

fn at(path: &str, line: u64) -> Location {
    Location::from(LocationData { path: path.to_owned(), line, column: 1, in_head: true, ..LocationData::default() })
}

fn seen(rule: &str, fingerprint: &str, path: &str, line: u64) -> Sighting {
    Sighting {
        rule: rule.to_owned(),
        provider: "generic".to_owned(),
        identity_kind: IdentityKind::Other,
        human: Human::Maybe,
        fingerprint: Some(fingerprint.to_owned()),
        unbound: None,
        preview: "abcd… (40 chars)".to_owned(),
        identifier: None,
        parts: BTreeMap::new(),
        key_name: None,
        confidence: Confidence::High,
        base_severity: Severity::High,
        proof: Proof::default(),
        suppressed: None,
        evidence: Vec::new(),
        test_path: false,
        anchor: None,
        listed: None,
        ends: None,
        same: 0,
        location: at(path, line),
    }
}

fn fact(format: &'static str, fact: Fact) -> LocatedFact {
    LocatedFact { fact, location: at("export.json", 1), format, sample: false }
}

fn user(name: &str) -> IdentityKey {
    IdentityKey::new("aws", "user", &format!("arn:aws:iam::{ACCOUNT}:user/{name}"))
}

fn role(name: &str) -> IdentityKey {
    IdentityKey::new("aws", "role", &format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
}

fn identity(
    key: &IdentityKey,
    kind: IdentityKind,
    provider: &str,
    edit: impl FnOnce(&mut IdentityFact),
) -> LocatedFact {
    let mut f = IdentityFact::new(key.clone(), kind, provider, key.as_str().rsplit('/').next().unwrap());
    edit(&mut f);
    fact("aws-authorization-details", Fact::Identity(At::default(), f))
}

fn key_of(owner: &IdentityKey, n: u8, edit: impl FnOnce(&mut CredentialFact)) -> LocatedFact {
    let mut f = CredentialFact::new(format!("aws:access-key-slot:{owner}#{n}"), "aws-access-key", "aws");
    f.identity = Some(owner.clone());
    f.status = Status::Active;
    f.as_of = When::parse("2026-11-25");
    edit(&mut f);
    fact("aws-credential-report", Fact::Credential(At::default(), f))
}

fn grant(who: &IdentityKey, privilege: Privilege, action: &str) -> LocatedFact {
    let f = GrantFact {
        identity: who.clone(),
        privilege,
        action: action.to_owned(),
        resource: "*".to_owned(),
        source: "group Admins → AdministratorAccess".to_owned(),
        condition: None,
    };
    fact("aws-authorization-details", Fact::Grant(At::default(), f))
}

fn trust(who: &IdentityKey, audience: Option<&str>, subject: Option<&str>) -> LocatedFact {
    let f = TrustFact {
        identity: who.clone(),
        issuer: "token.actions.githubusercontent.com".to_owned(),
        audience: audience.map(str::to_owned),
        subject: subject.map(str::to_owned),
        attributes: BTreeMap::from([("kind".to_owned(), "federated".to_owned())]),
    };
    fact("aws-authorization-details", Fact::Trust(At::default(), f))
}

fn job() -> IdentityKey {
    IdentityKey::new("github", "job", "acme/app/.github/workflows/ci.yml#build")
}

fn a_job(edit: impl FnOnce(&mut IdentityFact)) -> LocatedFact {
    let mut f = IdentityFact::new(job(), IdentityKind::CiJob, "github", "build");
    edit(&mut f);
    fact("github-actions", Fact::Identity(At::default(), f))
}

fn usage(mode: AuthMode, provider: &str, credential: &str, federation_available: bool) -> LocatedFact {
    let f = UsageFact {
        identity: Some(job()),
        mode,
        provider: provider.to_owned(),
        credential: Some(credential.to_owned()),
        target: None,
        mechanism: "an action".to_owned(),
        federation_available,
        attributes: BTreeMap::new(),
    };
    fact("github-actions", Fact::Usage(At::default(), f))
}

fn third_party(version: &str, pinned: bool, credentials: &[&str]) -> LocatedFact {
    let f = ThirdPartyFact {
        identity: job(),
        component: "other/tool".to_owned(),
        version: version.to_owned(),
        pinned,
        first_party: false,
        credentials: credentials.iter().map(|c| (*c).to_owned()).collect(),
    };
    fact("github-actions", Fact::ThirdParty(At::default(), f))
}

fn run(sightings: Vec<Sighting>, facts: Vec<LocatedFact>) -> (Inventory, Assessment) {
    let mut inventory = inventory::build(sightings, facts, Vec::new());
    let assessment = assess(&mut inventory, &context());
    (inventory, assessment)
}

fn of<'a>(assessment: &'a Assessment, id: &str) -> Vec<&'a Finding> {
    assessment.findings.iter().filter(|f| f.id == id).collect()
}

fn one<'a>(assessment: &'a Assessment, id: &str) -> &'a Finding {
    let found = of(assessment, id);
    let all: Vec<&str> = assessment.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!(found.len(), 1, "{id} among {all:?}");
    found[0]
}

#[test]
fn check_ids_are_unique_and_begin_with_their_risk() {
    let ids: BTreeSet<&str> = CHECKS.iter().map(|c| c.id).collect();
    assert_eq!(ids.len(), CHECKS.len());
    for check in CHECKS {
        let risk = check.risk.id().split(':').next().unwrap();
        assert!(check.id.starts_with(&format!("{risk}-")), "{}", check.id);
        // Only the configuration is always there.
        assert_eq!(check.needs.is_empty(), check.id == "NHI1-exception-expired");
        assert!(!check.references.is_empty(), "{}", check.id);
        assert!(find(check.id).is_some());
    }
}

#[test]
fn one_value_under_one_rule_is_one_finding_with_the_best_place_first() {
    let mut in_test = seen("r", "f", "a_test.py", 1);
    in_test.test_path = true;
    let mut gone = seen("r", "f", "a_old.py", 1);
    gone.location.in_head = false;
    let (_, assessment) = run(vec![in_test, gone, seen("r", "f", "z.py", 9)], Vec::new());
    let finding = one(&assessment, "r");
    let paths: Vec<&str> = finding.locations.iter().map(|l| l.path.as_str()).collect();
    assert_eq!(paths, ["z.py", "a_test.py", "a_old.py"]);
    assert_eq!(finding.score, 78, "{:?}", finding.terms);
    assert_eq!(finding.risk, Risk::Nhi2);
    assert_eq!(assessment.headline.unattributed, 1);
    assert_eq!(assessment.headline.static_uses, 3, "one a file");
}

#[test]
fn suppressed_places_are_left_out_and_a_wholly_suppressed_finding_is_kept() {
    let hide = |mut s: Sighting| {
        s.suppressed =
            Some(Suppression { kind: SuppressionKind::Inline, reason: "sample".to_owned(), by: "allow".to_owned() });
        s
    };
    let (_, assessment) = run(vec![hide(seen("r", "f", "a.py", 1)), seen("r", "f", "b.py", 1)], Vec::new());
    let finding = one(&assessment, "r");
    assert_eq!(finding.locations.len(), 1);
    assert!(finding.suppressed.is_none());
    let (_, assessment) = run(vec![hide(seen("r", "f", "a.py", 1))], Vec::new());
    assert!(one(&assessment, "r").suppressed.is_some());
    assert_eq!(assessment.headline.suppressed, 1);
    assert_eq!(assessment.headline.unattributed, 0);
    assert_eq!(assessment.headline.static_uses, 0);
    assert!(assessment.headline.findings.is_empty());
    assert_eq!(assessment.risks[1].affected, 0);
}

#[test]
fn public_and_encrypted_material_is_inventory_and_test_values_keep_a_low_finding() {
    let mut public = seen("pub", "p", "a.js", 1);
    public.proof.public = true;
    let mut encrypted = seen("enc", "e", "id_rsa", 1);
    encrypted.proof.encrypted = true;
    let mut sample = seen("smp", "s", "b.py", 1);
    sample.proof.validity = Validity::TestValue;
    let (inventory, assessment) = run(vec![public, encrypted, sample], Vec::new());
    assert_eq!(inventory.exposures.len(), 3);
    assert_eq!(assessment.findings.len(), 1);
    assert_eq!(one(&assessment, "smp").score, 18);
    assert_eq!(assessment.headline.unattributed, 0);
}

#[test]
fn an_old_unused_key_is_found_by_age_and_by_use() {
    let old = user("old");
    let facts = vec![
        identity(&old, IdentityKind::CloudUser, "aws", |_| {}),
        key_of(&old, 1, |k| {
            k.rotated = When::parse("2024-01-01");
            k.last_used = When::parse("2026-09-01");
        }),
        // Never used, and too young for either check.
        key_of(&user("young"), 1, |k| {
            k.rotated = When::parse("2026-11-01");
            k.last_used = When::Never;
        }),
        // Nothing known: neither safe nor old.
        key_of(&user("unknown"), 1, |_| {}),
        key_of(&user("off"), 1, |k| {
            k.status = Status::Inactive;
            k.rotated = When::parse("2020-01-01");
            k.last_used = When::Never;
        }),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    let age = one(&assessment, "NHI7-aws-key-age");
    assert_eq!((age.base_severity, age.score), (Severity::High, 78), "active restates the condition");
    assert_eq!(one(&assessment, "NHI1-aws-key-unused").base_severity, Severity::Medium);
}

#[test]
fn ages_are_measured_against_the_exports_own_time() {
    let facts = vec![key_of(&user("u"), 1, |k| {
        k.rotated = When::parse("2024-01-01");
        k.as_of = When::parse("2024-02-01");
        k.last_used = When::Never;
    })];
    let (_, assessment) = run(Vec::new(), facts);
    assert!(assessment.findings.is_empty(), "{:?}", assessment.findings);
}

#[test]
fn an_admin_role_pinned_to_one_production_environment_scores_64() {
    let deploy = role("deploy");
    let facts = |subject: &str| {
        vec![
            identity(&deploy, IdentityKind::Role, "aws", |f| {
                f.environment = Environment { class: EnvironmentClass::Prod, why: "tag env=prod".to_owned() };
                f.owner = Some("platform".to_owned());
                f.last_used = When::parse("2026-11-20");
            }),
            grant(&deploy, Privilege::Admin, "*"),
            trust(&deploy, Some("sts.amazonaws.com"), Some(subject)),
        ]
    };
    let (inventory, assessment) = run(Vec::new(), facts("repo:acme@1/app@2:environment:prod"));
    assert_eq!(one(&assessment, "NHI5-aws-admin").score, 64);
    assert_eq!(assessment.findings.len(), 1);
    let score = inventory.identities[0].score.clone().unwrap();
    assert_eq!((score.value, score.floor), (64, 64));
    let card = inventory.identities[0].controls.clone().unwrap();
    assert_eq!((card.dedicated.answer.as_str(), card.bound.answer.as_str()), ("yes", "yes"));
    let (inventory, assessment) = run(Vec::new(), facts("repo:acme/*"));
    let wild = one(&assessment, "NHI6-aws-oidc-wild");
    assert_eq!((wild.base_severity, wild.score), (Severity::High, 92), "78 + 8 admin + 6 production");
    assert_eq!(inventory.identities[0].score.clone().unwrap().factors["exposure"], 400);
}

#[test]
fn an_open_trust_is_critical_and_lacks_an_audience() {
    let open = role("open");
    let facts = vec![identity(&open, IdentityKind::Role, "aws", |_| {}), trust(&open, None, None)];
    let (_, assessment) = run(Vec::new(), facts);
    assert_eq!(one(&assessment, "NHI6-aws-oidc-open").severity, Severity::Critical);
    assert_eq!(one(&assessment, "NHI6-aws-aud").base_severity, Severity::Medium);
    assert!(of(&assessment, "NHI6-aws-oidc-wild").is_empty());
}

#[test]
fn a_root_key_is_critical_without_restating_itself() {
    let root = IdentityKey::new("aws", "user", &format!("arn:aws:iam::{ACCOUNT}:root"));
    let facts = vec![
        identity(&root, IdentityKind::CloudUser, "aws", |f| {
            f.attributes.insert("root".to_owned(), "true".to_owned());
        }),
        key_of(&root, 1, |k| k.rotated = When::parse("2020-01-01")),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    assert_eq!(one(&assessment, "NHI5-aws-root-key").score, 95);
    assert_eq!(assessment.findings.len(), 1);
}

#[test]
fn a_console_user_with_a_key_and_no_mfa_is_high() {
    let both = user("ana");
    let facts = vec![
        identity(&both, IdentityKind::CloudUser, "aws", |f| {
            f.attributes.insert("password_enabled".to_owned(), "true".to_owned());
            f.attributes.insert("mfa_active".to_owned(), "false".to_owned());
        }),
        key_of(&both, 1, |k| k.last_used = When::parse("2026-11-20")),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    assert_eq!(one(&assessment, "NHI10-aws-console-and-key").base_severity, Severity::High);
}

#[test]
fn a_key_removed_from_the_files_but_active_in_the_export_is_critical() {
    let id = format!("AK{}", "IAQQQQQQQQQQQQQQQQ");
    let mut old = seen("aws-access-key-pair", "f", "a.py", 3);
    old.provider = "aws".to_owned();
    old.parts.insert("key_id".to_owned(), id.clone());
    old.location.in_head = false;
    old.location.commit = Some("0".repeat(40));
    let mut row = CredentialFact::new(format!("aws:access-key:{id}"), "aws-access-key", "aws");
    row.status = Status::Active;
    let facts = vec![fact("aws-access-keys", Fact::Credential(At::default(), row))];
    let (_, assessment) = run(vec![old.clone()], facts);
    assert_eq!(one(&assessment, "NHI1-removed-not-revoked").severity, Severity::Critical);
    assert_eq!(one(&assessment, "aws-access-key-pair").score, 83, "active adds five");
    let (_, alone) = run(vec![old], Vec::new());
    assert!(of(&alone, "NHI1-removed-not-revoked").is_empty());
}

#[test]
fn stored_keys_are_found_where_federation_is_offered_and_counted_once() {
    let facts = vec![
        a_job(|_| {}),
        usage(AuthMode::Referenced, "aws", "AWS_SECRET_ACCESS_KEY", true),
        usage(AuthMode::Referenced, "aws", "AWS_SECRET_ACCESS_KEY", true),
        usage(AuthMode::Referenced, "npm", "NPM_TOKEN", true),
        usage(AuthMode::Referenced, "slack", "SLACK", false),
        usage(AuthMode::Federated, "gcp", "", false),
        usage(AuthMode::Instance, "github", "GITHUB_TOKEN", false),
        usage(AuthMode::None, "aws", "AWS_REGION", false),
    ];
    let (_, assessment) = run(Vec::new(), facts);
    assert_eq!(one(&assessment, "NHI6-ci-static-cloud").base_severity, Severity::High);
    assert_eq!(one(&assessment, "NHI7-ci-static-token").base_severity, Severity::Medium);
    let headline = &assessment.headline;
    assert_eq!((headline.static_uses, headline.referenced, headline.federated), (0, 3, 2));
}

#[test]
fn unpinned_actions_weigh_by_what_is_in_reach() {
    let with = |credentials: &[&str], grants: Vec<LocatedFact>| {
        let facts = [vec![a_job(|_| {}), third_party("v1", false, credentials)], grants].concat();
        one(&run(Vec::new(), facts).1, "NHI3-gha-unpinned").base_severity
    };
    assert_eq!(with(&[], Vec::new()), Severity::Medium);
    assert_eq!(with(&["GITHUB_TOKEN (read)"], Vec::new()), Severity::Medium);
    assert_eq!(with(&["NPM_TOKEN"], Vec::new()), Severity::High);
    assert_eq!(with(&[], vec![grant(&job(), Privilege::WriteScoped, "contents: write")]), Severity::High);
    let (_, pinned) = run(Vec::new(), vec![a_job(|_| {}), third_party("0123", true, &["NPM_TOKEN"])]);
    assert!(of(&pinned, "NHI3-gha-unpinned").is_empty());
    let (_, inherited) = run(Vec::new(), vec![a_job(|_| {}), third_party("v1", false, &["*"])]);
    assert_eq!(one(&inherited, "NHI3-gha-inherit").base_severity, Severity::High);
}

#[test]
fn a_strangers_code_is_critical_with_secrets_and_less_behind_a_gate() {
    let checkout = |gate: Option<&str>, more: Vec<LocatedFact>| {
        let declared = a_job(|f| {
            f.attributes.insert("untrusted_checkout".to_owned(), "pull_request_target: head".to_owned());
            if let Some(gate) = gate {
                f.attributes.insert("gate".to_owned(), gate.to_owned());
            }
        });
        let (_, assessment) = run(Vec::new(), [vec![declared], more].concat());
        one(&assessment, "NHI6-prt-checkout").base_severity
    };
    let secret = || vec![usage(AuthMode::Referenced, "npm", "NPM_TOKEN", false)];
    let reading = || vec![grant(&job(), Privilege::ReadScoped, "contents: read")];
    assert_eq!(checkout(None, secret()), Severity::Critical);
    assert_eq!(checkout(Some("label"), secret()), Severity::Medium);
    assert_eq!(checkout(None, reading()), Severity::High);
}

#[test]
fn a_strangers_code_that_nothing_is_seen_to_run_is_told_as_such_and_rated_less() {
    let told = |gate: Option<&str>| {
        let declared = a_job(|f| {
            f.attributes.insert("untrusted_checkout".to_owned(), "pull_request_target: head".to_owned());
            f.attributes.insert("checkout_only".to_owned(), "true".to_owned());
            f.attributes.extend(gate.map(|gate| ("gate".to_owned(), gate.to_owned())));
        });
        let secret = usage(AuthMode::Referenced, "npm", "NPM_TOKEN", false);
        let (_, assessment) = run(Vec::new(), vec![declared, secret]);
        let found = one(&assessment, "NHI6-prt-checkout");
        (found.base_severity, found.title.contains("checks out"))
    };
    assert_eq!(told(None), (Severity::Medium, true));
    assert_eq!(told(Some("label")), (Severity::Low, true));
}

#[test]
fn the_token_of_a_job_is_judged_by_its_permissions() {
    let token = |privilege, action: &str| run(Vec::new(), vec![a_job(|_| {}), grant(&job(), privilege, action)]).1;
    let all = token(Privilege::WriteBroad, "write-all");
    assert_eq!(one(&all, "NHI5-ci-token").confidence, Confidence::High);
    let default = token(Privilege::Unknown, "default GITHUB_TOKEN permissions");
    assert_eq!(one(&default, "NHI5-ci-token").confidence, Confidence::Medium);
    assert!(of(&token(Privilege::ReadScoped, "contents: read"), "NHI5-ci-token").is_empty());
}

#[test]
fn long_lives_are_found_and_dead_ones_are_not() {
    let token = |expires: When, issued: When| {
        let mut s = seen("jwt", "f", "a.env", 1);
        s.proof.expires = expires;
        s.proof.issued = issued;
        of(&run(vec![s], Vec::new()).1, "NHI7-jwt-life").first().map(|f| f.base_severity)
    };
    assert_eq!(token(When::Never, When::Unknown), Some(Severity::High));
    assert_eq!(token(When::parse("2027-11-25"), When::parse("2026-11-01")), Some(Severity::Medium));
    assert_eq!(token(When::parse("2026-11-26"), When::parse("2026-11-25")), None);
    assert_eq!(token(When::parse("2026-01-01"), When::parse("2020-01-01")), None, "expired");
    assert_eq!(token(When::Unknown, When::Unknown), None);
    let mut old = seen("r", "f", "a.env", 1);
    old.location.time = Some("2025-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(one(&run(vec![old], Vec::new()).1, "NHI7-git-age").base_severity, Severity::High);
}

#[test]
fn a_session_key_that_was_committed_long_ago_is_dead() {
    let mut session = seen("aws-access-key-pair", "f", "a.env", 1);
    session.proof.attributes.insert("key_type".to_owned(), "temporary".to_owned());
    session.location.time = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let (_, old) = run(vec![session.clone()], Vec::new());
    assert_eq!(one(&old, "aws-access-key-pair").score, 18);
    assert!(of(&old, "NHI7-git-age").is_empty());
    session.location.time = Some("2026-11-24T12:00:00Z".parse().unwrap());
    assert_eq!(one(&run(vec![session], Vec::new()).1, "aws-access-key-pair").score, 78);
}

#[test]
fn one_secret_in_two_components_is_reuse_and_copies_of_one_file_are_not() {
    let mut copies = vec![seen("r", "f", "services/a/x.py", 1), seen("r", "f", "services/b/x.py", 1)];
    let (_, spread) = run(copies.clone(), Vec::new());
    assert_eq!(one(&spread, "NHI9-secret-spread").confidence, Confidence::Medium);
    copies.iter_mut().for_each(|s| s.location.blob = Some("b".repeat(40)));
    assert!(of(&run(copies, Vec::new()).1, "NHI9-secret-spread").is_empty());
}

#[test]
fn risks_without_inputs_are_not_assessed_and_name_the_command() {
    let (_, assessment) = run(Vec::new(), Vec::new());
    let status: Vec<RiskStatus> = assessment.risks.iter().map(|r| r.status).collect();
    assert_eq!(status[0], RiskStatus::NotAssessed);
    assert!(assessment.risks[0].why.contains("aws iam get-credential-report"), "{}", assessment.risks[0].why);
    assert_eq!(assessment.risks[0].score, None);
    assert_eq!(status[1], RiskStatus::Assessed);
    assert_eq!(status[3], RiskStatus::Partly, "the private keys in files are there to be judged");
    assert_eq!(status[5], RiskStatus::NotAssessed);
    assert_eq!(status[2], RiskStatus::NotAssessed);
    assert_eq!(status[3], RiskStatus::Partly);
    assert_eq!(status[6], RiskStatus::Partly);
    assert_eq!(assessment.score, Some(0));
    assert!(assessment.risks.iter().all(|r| r.affected <= r.assessable));
}

#[test]
fn samples_are_never_scored() {
    let mut facts = vec![
        a_job(|_| {}),
        grant(&job(), Privilege::WriteBroad, "write-all"),
        usage(AuthMode::Referenced, "aws", "KEY", true),
    ];
    facts.iter_mut().for_each(|f| f.sample = true);
    let (inventory, assessment) = run(Vec::new(), facts);
    assert_eq!(inventory.identities.len(), 1);
    assert!(inventory.identities[0].score.is_none());
    assert!(assessment.findings.is_empty());
    assert_eq!(assessment.headline.identities, 0);
    assert_eq!(assessment.headline.referenced, 0);
}

#[test]
fn assessing_again_changes_nothing() {
    let facts = vec![a_job(|_| {}), third_party("v1", false, &["X"]), usage(AuthMode::Referenced, "aws", "K", true)];
    let (mut inventory, first) = run(vec![seen("r", "f", "a.py", 1)], facts);
    let before = inventory.clone();
    assert_eq!(assess(&mut inventory, &context()), first);
    assert_eq!(inventory, before);
    let named: Vec<&str> = inventory.rules.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(named, ["NHI3-gha-unpinned", "NHI6-ci-static-cloud"]);
}
