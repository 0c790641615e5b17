//! The golden report's findings: leaks in every kind of place, and checks.

use keyroll::model::{Confidence, Finding, Location, Risk, Severity, Suppression, SuppressionKind, Term};

use super::{HOSTILE, at, ci_user, deploy_role, hostile, in_export, in_history, job, robot};

/// A finding with the given terms; its score is their sum held within 0–100.
pub fn finding(id: &str, risk: Risk, title: &str, terms: &[(&str, i32)], locations: Vec<Location>) -> Finding {
    let score = terms.iter().map(|(_, points)| points).sum::<i32>().clamp(0, 100);
    Finding {
        id: id.into(),
        risk,
        title: title.into(),
        severity: Severity::of_score(score),
        base_severity: Severity::of_score(terms.first().map_or(0, |(_, points)| *points)),
        confidence: Confidence::High,
        score,
        terms: terms
            .iter()
            .map(|(name, points)| Term {
                name: (*name).into(),
                points: *points,
                why: if *points < 0 { "seen in the path".into() } else { "".into() },
            })
            .collect(),
        identity: None,
        credential: None,
        locations,
        preview: None,
        fingerprint: Some(format!("{:0>32}", format!("{:x}", title.len() * 7919 + id.len()))),
        evidence: Vec::new(),
        why: "Whoever reads the repository can use it, and nothing shows that they did.".into(),
        remediation: "Revoke it at the provider. Then issue a new one to a secret store, not to the repository.".into(),
        suppressed: None,
    }
}

pub fn findings() -> Vec<Finding> {
    let mut out = leaks();
    out.extend(checks());
    out.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.id.cmp(&b.id)).then_with(|| a.locations.cmp(&b.locations)));
    out
}

fn leaks() -> Vec<Finding> {
    let mut paired = finding(
        "aws-access-key",
        Risk::Nhi2,
        "AWS access key of ci-deploy stands in the clear",
        &[("base critical", 95), ("admin rights", 8), ("production", 6), ("active", 5)],
        vec![
            at("config/prod.env", 3, 23, 63),
            at("config/prod.env", 19, 23, 63),
            at("deploy/values.yaml", 40, 9, 49),
            at("docs/setup.md", 7, 2, 42),
            in_history("config/old.env", 2),
            in_history("config/older.env", 2),
            at("config/prod.env", 3, 23, 63).with(|place| place.container = Some("dist/release.zip".into())),
        ],
    );
    paired.identity = Some(ci_user());
    paired.credential = Some("aws:access-key:AKIAEXAMPLE".into());
    paired.confidence = Confidence::Confirmed;
    paired.preview = Some("wJal… (40 chars)".into());
    paired.fingerprint = Some("a1".repeat(16));
    paired.evidence = vec![
        "the secret follows its access key id".into(),
        "the credential report says: active, 1,166 days old, last used yesterday".into(),
        "the user has the policy AdministratorAccess".into(),
    ];
    paired.remediation = "Deactivate the key in IAM, watch for a day, then delete it.\n\
        Let the workflow assume a role through GitHub's OIDC provider, so that no key exists any more."
        .into();

    let mut history = finding(
        "aws-access-key",
        Risk::Nhi2,
        "AWS access key of ci-deploy in git history",
        &[("base critical", 95), ("inactive", -60)],
        vec![in_history("terraform.tfvars", 8), in_history("old/terraform.tfvars", 8)],
    );
    history.identity = Some(ci_user());
    history.preview = Some("Qx7p… (40 chars)".into());

    let mut google = finding(
        "gcp-service-account-key",
        Risk::Nhi2,
        "Private key of robot@acme-prod.iam.gserviceaccount.com",
        &[("base high", 78)],
        vec![at("caf\u{fffd}/robot.json", 5, 19, 3).with(|place| {
            place.path_bytes = Some("Y2Fm6S9yb2JvdC5qc29u".into());
            place.end_line = 32;
        })],
    );
    google.identity = Some(robot());
    google.credential = Some("gcp:key:4d5e6f".into());

    let mut token = finding(
        "jwt",
        Risk::Nhi2,
        "Expired JSON Web Token of tenant acme",
        &[("base medium", 55), ("expired", -20)],
        vec![at("services/shop/.env", 12, 11, 322)],
    );
    token.credential = Some(format!("secret:{}", "c3".repeat(16)));
    token.evidence = vec!["it stopped working on 2025-01-01".into()];

    let mut test = finding(
        "github-pat",
        Risk::Nhi2,
        "GitHub token whose checksum does not hold",
        &[("base high", 78), ("test path", -15)],
        vec![at("tests/fixtures/a b#c.env", 1, 7, 47)],
    );
    test.credential = Some(format!("secret:{}", "d4".repeat(16)));
    test.confidence = Confidence::Low;

    let mut weak = finding(
        "generic-password",
        Risk::Nhi2,
        "Database password in an assignment",
        &[("base medium", 55)],
        vec![at("services/billing/db.ini", 4, 12, 21)],
    );
    weak.credential = Some("secret:weak:services/billing/db.ini:4".into());
    weak.fingerprint = None;
    weak.preview = Some("… (9 chars)".into());

    let mut ignored = finding(
        "generic-password",
        Risk::Nhi2,
        "Password of the local test database",
        &[("base medium", 55)],
        vec![at("docker-compose.yml", 14, 26, 34)],
    );
    ignored.suppressed = Some(Suppression {
        kind: SuppressionKind::Inline,
        reason: "local only".into(),
        by: "keyroll:ignore[generic-password]".into(),
    });
    let mut archived = finding(
        "jwt",
        Risk::Nhi2,
        "JSON Web Token in an archive",
        &[("base medium", 55)],
        vec![at("env/.env", 2, 7, 99).with(|place| place.container = Some("dist/release.zip".into()))],
    );
    archived.credential = Some(format!("secret:{}", "c3".repeat(16)));
    vec![paired, history, google, token, test, weak, ignored, archived]
}

fn checks() -> Vec<Finding> {
    let mut admin = finding(
        "nhi5-admin",
        Risk::Nhi5,
        "ci-deploy has administrator rights",
        &[("base high", 78), ("production", 6)],
        vec![in_export("exports/iam.json", "/UserDetailList/3")],
    );
    admin.identity = Some(ci_user());
    let mut wild = finding(
        "nhi6-oidc-wild",
        Risk::Nhi6,
        "Role deploy trusts every repository of acme",
        &[("base high", 78), ("admin rights", 8)],
        vec![at("infra/iam.tf", 18, 5, 60)],
    );
    wild.identity = Some(deploy_role());
    let mut old = finding(
        "nhi7-key-age",
        Risk::Nhi7,
        "Key of robot@acme-prod is 1,759 days old and was never used",
        &[("base medium", 55)],
        vec![in_export("exports/keys.json", "/0/name")],
    );
    old.identity = Some(robot());
    let mut unpinned = finding(
        "nhi3-unpinned",
        Risk::Nhi3,
        "acme-tools/setup@v2 runs with AWS_SECRET_ACCESS_KEY in reach",
        &[("base medium", 55)],
        vec![at(".github/workflows/deploy.yml", 15, 15, 40)],
    );
    unpinned.identity = Some(job());
    let mut named = finding(
        "nhi10-person",
        Risk::Nhi10,
        &format!("Token of {HOSTILE} in automation"),
        &[("base low", 25)],
        vec![at(&format!("k8s/{HOSTILE}.yaml"), 4, 9, 20)],
    );
    named.identity = Some(hostile());
    named.evidence = vec![HOSTILE.into()];
    named.preview = Some("\u{1b}]0;… (20 chars)".into());
    vec![admin, wild, old, unpinned, named]
}
