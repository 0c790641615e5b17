//! What is said once, what is not said at all, and what comes first.

use super::*;

/// A job of a workflow with the default rights, at this line.
fn job_at(file: &str, id: &str, line: u64, triggers: &str) -> Vec<LocatedFact> {
    let key = IdentityKey::new("github", "job", &format!("acme/app/.github/workflows/{file}#{id}"));
    let mut f = IdentityFact::new(key.clone(), IdentityKind::CiJob, "github", &format!("{file} / {id}"));
    f.attributes.insert("triggers".to_owned(), triggers.to_owned());
    let mut facts = vec![
        fact("github-actions", Fact::Identity(At::default(), f)),
        grant(&key, Privilege::Unknown, "default GITHUB_TOKEN permissions"),
    ];
    facts.iter_mut().for_each(|f| f.location = at(&format!(".github/workflows/{file}"), line));
    facts
}

#[test]
fn one_missing_line_is_one_finding_that_lists_the_jobs() {
    let facts = [
        job_at("ci.yml", "build", 5, "push"),
        job_at("ci.yml", "test", 9, "push"),
        job_at("lint.yml", "lint", 5, "push, workflow_call"),
        job_at("called.yml", "x", 5, "workflow_call"),
    ]
    .concat();
    let (inventory, assessment) = run(Vec::new(), facts);
    let found = of(&assessment, "NHI5-ci-token");
    let shown: Vec<(&str, usize)> = found.iter().map(|f| (f.title.as_str(), f.locations.len())).collect();
    let expected = [
        ("The tokens of 2 jobs in ci.yml have the repository's default rights", 2),
        ("The token of lint.yml / lint has the repository's default rights", 1),
    ];
    assert_eq!(shown, expected);
    assert!(found[0].evidence.contains(&"jobs: build, test".to_owned()), "{:?}", found[0].evidence);
    assert_eq!((found[0].locations[0].line, found[0].locations[1].line), (5, 9));
    // A file counts once, and its jobs are held up by what is found of them all.
    let risk = &assessment.risks[4];
    assert_eq!((risk.affected, risk.assessable), (2, 2));
    let floors: Vec<i32> = inventory.identities.iter().map(|i| i.score.as_ref().unwrap().floor).collect();
    assert_eq!(floors, [0, 55, 55, 55], "called.yml has none");
}

#[test]
fn a_job_more_does_not_make_the_finding_of_its_file_a_new_one() {
    let print = |facts: Vec<LocatedFact>| one(&run(Vec::new(), facts).1, "NHI5-ci-token").fingerprint.clone();
    let one_job = job_at("ci.yml", "build", 5, "push");
    let two = [one_job.clone(), job_at("ci.yml", "test", 9, "push")].concat();
    assert_eq!(print(one_job), print(two));
}

#[test]
fn secrets_of_later_steps_make_an_unpinned_action_high() {
    let facts = vec![a_job(|_| {}), third_party("v1", false, &["DEPLOY_KEY (later step)"])];
    let (_, assessment) = run(Vec::new(), facts);
    let finding = one(&assessment, "NHI3-gha-unpinned");
    assert_eq!(finding.base_severity, Severity::High);
    assert_eq!(finding.evidence, ["in reach: DEPLOY_KEY (later step)"]);
}

#[test]
fn stand_ins_are_neither_literals_nor_stored_keys() {
    let mut stand_in = usage(AuthMode::Static, "aws", "K", true);
    if let Fact::Usage(_, usage) = &mut stand_in.fact {
        usage.attributes.insert("placeholder".to_owned(), "true".to_owned());
    }
    let (_, assessment) = run(Vec::new(), vec![a_job(|_| {}), stand_in]);
    assert!(assessment.findings.is_empty(), "{:?}", assessment.findings);
    assert_eq!(assessment.headline.static_uses, 0);
}

#[test]
fn only_values_that_a_machine_issued_or_a_known_host_takes_are_reused() {
    let spread = |edit: &dyn Fn(&mut Sighting)| {
        let mut copies = vec![seen("r", "f", "services/a/x.py", 1), seen("r", "f", "services/b/x.py", 1)];
        copies.iter_mut().for_each(edit);
        of(&run(copies, Vec::new()).1, "NHI9-secret-spread").len()
    };
    let login = |host: &'static str| {
        move |s: &mut Sighting| {
            s.provider = "database".to_owned();
            s.proof.attributes.insert("host".to_owned(), host.to_owned());
        }
    };
    assert_eq!(spread(&|_| {}), 1);
    assert_eq!(spread(&|s| s.key_name = Some("API_TOKEN".to_owned())), 1);
    assert_eq!(spread(&|s| s.key_name = Some("ADMIN_PASSWORD".to_owned())), 0, "people choose passwords");
    assert_eq!(spread(&|s| s.rule = "docker-config-auth".to_owned()), 0);
    assert_eq!(spread(&login("db.acme.io:5432")), 1);
    for host in ["localhost", "127.0.0.1:5432", "[::1]:5432", "postgres", "10.2.3.4", "db.prod.internal", ""] {
        assert_eq!(spread(&login(host)), 0, "{host}");
    }
    let unsure = |s: &mut Sighting| {
        login("db.acme.io")(s);
        s.confidence = Confidence::Medium;
    };
    assert_eq!(spread(&unsure), 0);
}

#[test]
fn severity_comes_first_then_what_is_no_test_then_the_score_then_certainty_then_what_machines_issue() {
    let with = |rule: &str, path: &str, edit: &dyn Fn(&mut Sighting)| {
        let mut s = seen(rule, rule, path, 1);
        s.confidence = Confidence::Medium;
        s.base_severity = Severity::Medium;
        edit(&mut s);
        s
    };
    let sightings = vec![
        with("f-place", "z", &|_| {}),
        with("e-place", "b", &|_| {}),
        with("g-test", "a", &|s| {
            s.test_path = true;
            s.base_severity = Severity::High;
        }),
        with("h-chosen", "a", &|s| s.provider = "database".to_owned()),
        with("i-weak", "c", &|s| s.fingerprint = None),
        with("c-sure", "y", &|s| s.confidence = Confidence::Confirmed),
        with("d-sure-chosen", "a", &|s| {
            s.confidence = Confidence::Confirmed;
            s.provider = "database".to_owned();
        }),
        with("a-high", "z", &|s| {
            s.base_severity = Severity::Critical;
            s.confidence = Confidence::Low;
            s.provider = "database".to_owned();
        }),
        with("b-high", "z", &|s| s.base_severity = Severity::High),
    ];
    let (_, assessment) = run(sightings, Vec::new());
    let order: Vec<&str> = assessment.findings.iter().map(|f| f.id.as_str()).collect();
    let expected =
        ["a-high", "b-high", "c-sure", "d-sure-chosen", "e-place", "f-place", "h-chosen", "i-weak", "g-test"];
    assert_eq!(order, expected);
}

#[test]
fn a_published_test_value_is_dead_whichever_rule_of_a_pair_reports_it() {
    let id = format!("AK{}", "IAQQQQQQQQQQQQQQQQ");
    let half = |rule: &str, validity| {
        let mut s = seen(rule, "f", "prod/a.env", 3);
        s.provider = "aws".to_owned();
        s.parts.insert("key_id".to_owned(), id.clone());
        s.base_severity = Severity::Critical;
        s.proof.validity = validity;
        s
    };
    let pair = vec![half("aws-access-key-pair", Validity::Unverified), half("aws-secret", Validity::TestValue)];
    let (_, assessment) = run(pair, Vec::new());
    assert_eq!(assessment.findings.len(), 2);
    for finding in &assessment.findings {
        assert_eq!((finding.score, finding.severity), (35, Severity::Low), "{:?}", finding.terms);
        assert!(finding.terms.iter().any(|t| t.points == -60 && t.why == "a published test value"));
    }
    let mut azure = seen("azure-storage-account-key", "g", "a.config", 1);
    azure.provider = "azure".to_owned();
    azure.base_severity = Severity::Critical;
    azure.proof.validity = Validity::TestValue;
    assert_eq!(one(&run(vec![azure], Vec::new()).1, "azure-storage-account-key").score, 35);
}

#[test]
fn a_leak_in_the_name_of_a_sample_is_a_leak_of_nobody() {
    let owner = user("sample");
    let id = format!("AK{}", "IAQQQQQQQQQQQQQQQQ");
    let mut row = CredentialFact::new(format!("aws:access-key:{id}"), "aws-access-key", "aws");
    row.identity = Some(owner.clone());
    let mut facts = vec![
        identity(&owner, IdentityKind::CloudUser, "aws", |_| {}),
        fact("aws-access-keys", Fact::Credential(At::default(), row)),
    ];
    facts.iter_mut().for_each(|f| f.sample = true);
    let mut leak = seen("aws-access-key-pair", "f", "a.env", 3);
    leak.provider = "aws".to_owned();
    leak.parts.insert("key_id".to_owned(), id);
    let (inventory, assessment) = run(vec![leak], facts);
    assert!(inventory.identities.iter().all(|i| i.sample && i.score.is_none()));
    assert_eq!(one(&assessment, "aws-access-key-pair").identity, None);
}

#[test]
fn titles_leave_the_place_to_the_places() {
    let mut leak = seen("jwt", "f", "services/a/secret.env", 1);
    leak.proof.expires = When::Never;
    leak.location.time = Some("2025-01-01T00:00:00Z".parse().unwrap());
    let mut copy = leak.clone();
    copy.location.path = "services/b/secret.env".to_owned();
    let (_, assessment) = run(vec![leak, copy], Vec::new());
    assert!(assessment.findings.len() >= 4, "{:?}", assessment.findings);
    assert!(assessment.findings.iter().all(|f| !f.title.contains("secret.env")), "{:?}", assessment.findings);
}
