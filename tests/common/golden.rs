//! One report that has every feature of the model, for the tests of all outputs. Its dates, counts and names are
//! invented; its hostile names are what a scanned repository may contain.

use std::collections::BTreeMap;

use keyroll::model::{
    AuthMode, Confidence, ControlAnswer, ControlCard, Coverage, Credential, Environment, EnvironmentClass, Exposure,
    Finding, Grant, Headline, Human, Identity, IdentityKey, IdentityKind, Inventory, Link, Location, Notice,
    NoticeKind, Privilege, Report, Risk, RiskStatus, RiskSummary, Root, RuleInfo, Score, Severity, SkipReason, Status,
    Suppression, SuppressionKind, Term, ThirdParty, ToolInfo, Trust, Usage, Validity, When,
};

/// A name that tries to colour, to clear the screen, to reorder, to inject HTML, a SARIF link and a placeholder.
pub const HOSTILE: &str =
    "evil\u{1b}[31m\u{9b}2J\u{202e}gpj\u{200b}.exe<script>alert(1)</script>[x](https://example.org){0}\r\nINCOMPLETE";

const COMMIT: &str = "4f9a0c2d7b1e83a56c0d94e27f318b6a5d02c9e1";
const BLOB: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// The report.
pub fn report() -> Report {
    let findings = findings();
    let mut by_severity = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
        *by_severity.entry(finding.severity).or_insert(0) += 1;
    }
    let suppressed = findings.iter().filter(|finding| finding.suppressed.is_some()).count() as u64;
    let inventory = inventory();
    let unattributed = inventory.credentials.iter().filter(|c| c.identity.is_none()).count() as u64;
    Report {
        schema: Report::SCHEMA.into(),
        tool: ToolInfo {
            name: "keyroll".into(),
            version: "0.1.0".into(),
            config: Some(".keyroll.yml".into()),
            config_hash: Some("00".repeat(32)),
        },
        key_id: "0123456789abcdef".into(),
        key_source: "repository".into(),
        as_of: "2026-11-25T00:00:00Z".parse().unwrap(),
        as_of_source: "export".into(),
        incomplete: true,
        coverage: coverage(),
        headline: Headline {
            identities: inventory.identities.len() as u64,
            unattributed,
            static_uses: 7,
            referenced: 12,
            federated: 3,
            findings: by_severity,
            suppressed,
        },
        inventory,
        findings,
        risks: risks(),
        score: Some(58),
        notices: notices(),
    }
}

/// A report of a scan that found nothing.
pub fn clean() -> Report {
    let mut report = empty();
    report.coverage = coverage();
    report
}

/// A report of a scan that read nothing.
pub fn empty() -> Report {
    let full = report();
    Report {
        incomplete: false,
        coverage: Coverage::default(),
        headline: Headline::default(),
        inventory: Inventory::default(),
        findings: Vec::new(),
        risks: Vec::new(),
        score: None,
        notices: Vec::new(),
        ..full
    }
}

pub fn key(provider: &str, kind: &str, name: &str) -> IdentityKey {
    IdentityKey::new(provider, kind, name)
}

fn ci_user() -> IdentityKey {
    key("aws", "user", "arn:aws:iam::123456789012:user/ci-deploy")
}

fn deploy_role() -> IdentityKey {
    key("aws", "role", "arn:aws:iam::123456789012:role/deploy")
}

fn job() -> IdentityKey {
    key("github", "ci-job", "acme/shop/.github/workflows/deploy.yml#release")
}

fn robot() -> IdentityKey {
    key("gcp", "service-account", "robot@acme-prod.iam.gserviceaccount.com")
}

fn hostile() -> IdentityKey {
    key("kubernetes", "service-account", &format!("default/{HOSTILE}"))
}

/// A place in the checkout.
pub fn at(path: &str, line: u64, column: u64, end_column: u64) -> Location {
    Location {
        path: path.into(),
        line,
        column,
        end_line: line,
        end_column,
        in_head: true,
        blob: Some(BLOB.into()),
        line_hash: Some(format!("{:x}:1", 0x00c0_ffee_0000_0000_u64 + line * 4096 + column)),
        ..Location::default()
    }
}

fn in_history(path: &str, line: u64) -> Location {
    Location {
        commit: Some(COMMIT.into()),
        time: Some("2024-03-01T09:30:00Z".parse().unwrap()),
        in_head: false,
        ..at(path, line, 14, 54)
    }
}

fn in_export(path: &str, pointer: &str) -> Location {
    Location {
        path: path.into(),
        in_head: true,
        blob: Some(BLOB.into()),
        pointer: Some(pointer.into()),
        ..Location::default()
    }
}

fn date(text: &str) -> When {
    When::parse(text)
}

fn identity(id: IdentityKey, kind: IdentityKind, provider: &str, name: &str, locations: Vec<Location>) -> Identity {
    Identity {
        id,
        aliases: Vec::new(),
        kind,
        provider: provider.into(),
        name: name.into(),
        account: None,
        human: Human::No,
        status: Status::Unknown,
        created: When::Unknown,
        last_used: When::Unknown,
        owner: None,
        environment: Environment::default(),
        privilege: Privilege::Unknown,
        auth: vec![AuthMode::Unknown],
        sample: false,
        attributes: BTreeMap::new(),
        locations,
        score: None,
        controls: None,
    }
}

fn score(value: i32, low: i32, high: i32, unknown: &[&str]) -> Option<Score> {
    let factors = [("exposure", 700), ("privilege", 600), ("lifetime", 1000), ("validity", 900)];
    Some(Score {
        value,
        low,
        high,
        factors: factors.into_iter().map(|(name, v)| (name.to_owned(), v)).collect(),
        unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
        floor: value,
    })
}

fn answer(answer: &str, evidence: &str) -> ControlAnswer {
    ControlAnswer { answer: answer.into(), evidence: evidence.into() }
}

fn identities() -> Vec<Identity> {
    let mut out = vec![
        Identity {
            aliases: vec![key("aws", "user-id", "AIDAEXAMPLE")],
            account: Some("123456789012".into()),
            status: Status::Active,
            created: date("2023-09-16"),
            last_used: date("2026-11-24"),
            owner: Some("team-platform (tag Owner)".into()),
            environment: Environment { class: EnvironmentClass::Prod, why: "account name acme-prod".into() },
            privilege: Privilege::Admin,
            auth: vec![AuthMode::Static],
            attributes: BTreeMap::from([("path".into(), "/ci/".into())]),
            score: score(100, 96, 100, &["isolation"]),
            controls: Some(ControlCard {
                dedicated: answer("no", "used by 2 workflows"),
                short_lived: answer("no", "an access key has no expiry"),
                bound: answer("no", ""),
                automated: answer("no", "made by hand"),
                rotated: answer("no", "1,166 days old"),
                revocable: answer("yes", "IAM"),
                owned: answer("yes", "tag Owner"),
                logged: answer("not-seen", ""),
            }),
            ..identity(
                ci_user(),
                IdentityKind::CloudUser,
                "aws",
                "ci-deploy",
                vec![in_export("exports/credential_report.csv", "row 7")],
            )
        },
        Identity {
            account: Some("123456789012".into()),
            status: Status::Active,
            environment: Environment { class: EnvironmentClass::Prod, why: "tag env=prod".into() },
            privilege: Privilege::WriteBroad,
            auth: vec![AuthMode::Federated],
            score: score(86, 50, 92, &[]),
            ..identity(deploy_role(), IdentityKind::Role, "aws", "deploy", vec![at("infra/iam.tf", 12, 1, 40)])
        },
        Identity {
            auth: vec![AuthMode::Static, AuthMode::Referenced, AuthMode::Federated],
            score: score(62, 40, 70, &["activity"]),
            ..identity(
                job(),
                IdentityKind::CiJob,
                "github",
                "deploy.yml / release",
                vec![at(".github/workflows/deploy.yml", 9, 3, 11)],
            )
        },
        Identity {
            account: Some("acme-prod".into()),
            created: date("2022-01-31"),
            last_used: When::Never,
            auth: vec![AuthMode::Static],
            score: score(78, 1, 90, &["privilege", "activity"]),
            ..identity(
                robot(),
                IdentityKind::ServiceAccount,
                "gcp",
                "robot@acme-prod.iam.gserviceaccount.com",
                vec![in_export("exports/keys.json", "/0/name")],
            )
        },
        Identity {
            privilege: Privilege::ReadScoped,
            environment: Environment { class: EnvironmentClass::Nonprod, why: "namespace default".into() },
            score: score(25, 10, 60, &[]),
            ..identity(
                hostile(),
                IdentityKind::ServiceAccount,
                "kubernetes",
                HOSTILE,
                vec![at("k8s/sa.yaml", 4, 9, 20)],
            )
        },
        Identity {
            human: Human::Yes,
            status: Status::Inactive,
            last_used: When::NotApplicable,
            auth: vec![AuthMode::Static],
            score: score(40, 40, 60, &[]),
            ..identity(
                key("github", "user-token", "octo"),
                IdentityKind::UserToken,
                "github",
                "octo's token",
                vec![at("scripts/release.sh", 3, 1, 9)],
            )
        },
        Identity {
            sample: true,
            last_used: When::Unsupported,
            ..identity(
                key("mcp", "agent", "files"),
                IdentityKind::Agent,
                "mcp",
                "files",
                vec![at("examples/mcp.json", 3, 5, 12)],
            )
        },
    ];
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

fn credential(id: &str, kind: &str, provider: &str) -> Credential {
    Credential {
        id: id.into(),
        kind: kind.into(),
        provider: provider.into(),
        identity: None,
        status: Status::Unknown,
        created: When::Unknown,
        expires: When::Unknown,
        last_used: When::Unknown,
        rotated: When::Unknown,
        as_of: When::Unknown,
        validity: Validity::Unverified,
        public: false,
        encrypted: false,
        preview: None,
        fingerprint: None,
        attributes: BTreeMap::new(),
        locations: Vec::new(),
    }
}

fn credentials() -> Vec<Credential> {
    let mut out = vec![
        Credential {
            identity: Some(ci_user()),
            status: Status::Active,
            created: date("2023-09-16"),
            expires: When::Never,
            last_used: date("2026-11-24"),
            rotated: date("2023-09-16"),
            as_of: date("2026-11-25"),
            validity: Validity::ProvenFormat,
            preview: Some("wJal… (40 chars)".into()),
            fingerprint: Some("a1".repeat(16)),
            attributes: BTreeMap::from([("account".into(), "123456789012".into())]),
            locations: vec![in_export("exports/credential_report.csv", "row 7")],
            ..credential("aws:access-key:AKIAEXAMPLE", "aws-access-key", "aws")
        },
        Credential {
            identity: Some(robot()),
            created: date("2022-01-31"),
            expires: date("9999-12-31T23:59:59Z"),
            validity: Validity::ProvenFormat,
            preview: Some("---- … (1704 chars)".into()),
            fingerprint: Some("b2".repeat(16)),
            ..credential("gcp:key:4d5e6f", "gcp-service-account-key", "gcp")
        },
        Credential {
            expires: date("2025-01-01"),
            validity: Validity::Expired,
            preview: Some("eyJh… (311 chars)".into()),
            fingerprint: Some("c3".repeat(16)),
            ..credential(&format!("secret:{}", "c3".repeat(16)), "jwt", "auth0")
        },
        Credential {
            validity: Validity::Malformed,
            preview: Some("ghp_… (40 chars)".into()),
            fingerprint: Some("d4".repeat(16)),
            ..credential(&format!("secret:{}", "d4".repeat(16)), "github-pat", "github")
        },
        Credential {
            preview: Some("… (9 chars)".into()),
            ..credential("secret:weak:services/billing/db.ini:4", "generic-password", "generic")
        },
        Credential {
            public: true,
            validity: Validity::TestValue,
            preview: Some("pk_t… (32 chars)".into()),
            ..credential("stripe:publishable:pk", "stripe-publishable-key", "stripe")
        },
        Credential { encrypted: true, ..credential("ssh:key:SHA256-xyz", "ssh-private-key", "ssh") },
    ];
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

fn usage(mode: AuthMode, mechanism: &str, location: Location) -> Usage {
    Usage {
        identity: Some(job()),
        mode,
        provider: "aws".into(),
        credential: None,
        target: None,
        mechanism: mechanism.into(),
        federation_available: true,
        attributes: BTreeMap::new(),
        location,
    }
}

fn inventory() -> Inventory {
    let workflow = ".github/workflows/deploy.yml";
    Inventory {
        identities: identities(),
        credentials: credentials(),
        grants: vec![Grant {
            identity: ci_user(),
            privilege: Privilege::Admin,
            action: "*".into(),
            resource: "*".into(),
            source: "policy AdministratorAccess".into(),
            condition: Some("none".into()),
            location: in_export("exports/iam.json", "/UserDetailList/3"),
        }],
        trusts: vec![Trust {
            identity: deploy_role(),
            issuer: "token.actions.githubusercontent.com".into(),
            audience: Some("sts.amazonaws.com".into()),
            subject: Some("repo:acme/*".into()),
            attributes: BTreeMap::new(),
            location: at("infra/iam.tf", 18, 5, 60),
        }],
        usages: vec![
            Usage {
                target: Some("arn:aws:iam::123456789012:user/ci-deploy".into()),
                credential: Some("AWS_SECRET_ACCESS_KEY".into()),
                ..usage(AuthMode::Referenced, "secrets context", at(workflow, 31, 11, 70))
            },
            Usage { federation_available: false, ..usage(AuthMode::Static, "env", at(workflow, 22, 11, 70)) },
            Usage {
                target: Some(deploy_role().to_string()),
                ..usage(AuthMode::Federated, "configure-aws-credentials", at(workflow, 40, 9, 30))
            },
        ],
        third_parties: vec![ThirdParty {
            identity: job(),
            component: "acme-tools/setup".into(),
            version: "v2".into(),
            pinned: false,
            first_party: false,
            credentials: vec!["AWS_SECRET_ACCESS_KEY".into()],
            location: at(workflow, 15, 15, 40),
        }],
        exposures: vec![Exposure {
            credential: "aws:access-key:AKIAEXAMPLE".into(),
            rule: "aws-access-key".into(),
            confidence: Confidence::Confirmed,
            base_severity: Severity::Critical,
            key_name: Some("AWS_SECRET_ACCESS_KEY".into()),
            test_path: false,
            evidence: vec!["the secret follows its access key id".into()],
            suppressed: None,
            location: at("config/prod.env", 3, 23, 63),
        }],
        links: vec![Link {
            from: robot().to_string(),
            to: job().to_string(),
            confidence: Confidence::Low,
            why: "equal names in one repository".into(),
        }],
        rules: rules(),
        formats_read: BTreeMap::from([("aws-credential-report".into(), 1), ("github-workflow".into(), 4)]),
    }
}

fn rule(id: &str, kind: &str, risk: Risk, severity: Severity, name: &str, description: &str) -> RuleInfo {
    RuleInfo {
        id: id.into(),
        kind: kind.into(),
        name: name.into(),
        risk,
        severity,
        confidence: Confidence::High,
        description: description.into(),
        remediation: "Revoke it at the provider, then replace it with a short-lived credential.".into(),
        references: vec!["https://example.org/docs/rotate".into()],
    }
}

fn rules() -> Vec<RuleInfo> {
    use Severity::{Critical, High, Low, Medium};
    let mut out = vec![
        RuleInfo {
            confidence: Confidence::Confirmed,
            ..rule(
                "aws-access-key",
                "rule",
                Risk::Nhi2,
                Critical,
                "AWS access key",
                "An access key id and its secret stand in the text. Whoever reads it acts as the IAM user.",
            )
        },
        rule("gcp-service-account-key", "rule", Risk::Nhi2, High, "Google service account key", "A private key."),
        rule("jwt", "rule", Risk::Nhi2, Medium, "JSON Web Token", "A bearer token."),
        rule("github-pat", "rule", Risk::Nhi2, High, "GitHub personal access token", "Acts as its user."),
        RuleInfo {
            confidence: Confidence::Medium,
            references: vec!["javascript:alert(1)".into(), "docs/passwords.md".into()],
            ..rule("generic-password", "rule", Risk::Nhi2, Medium, "Password in an assignment", "")
        },
        rule("nhi5-admin", "check", Risk::Nhi5, High, "Identity with administrator rights", "It may do everything."),
        rule(
            "nhi6-oidc-wild",
            "check",
            Risk::Nhi6,
            High,
            "Trust for every repository of an owner",
            &"Long. ".repeat(300),
        ),
        rule("nhi7-key-age", "check", Risk::Nhi7, Medium, "Key older than 90 days", "It was never rotated."),
        rule("nhi3-unpinned", "check", Risk::Nhi3, Medium, "Third-party action by tag", "A tag can move."),
        rule("nhi10-person", "check", Risk::Nhi10, Low, "A person's token in automation", "It leaves with the person."),
        rule("nhi9-shared", "check", Risk::Nhi9, Medium, "One credential, many users", "Never fired here."),
    ];
    out.sort_by(|a, b| a.id.cmp(&b.id));
    out
}

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
                why: if *points < 0 { "seen in the path".into() } else { String::new() },
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

fn findings() -> Vec<Finding> {
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
            Location { container: Some("dist/release.zip".into()), ..at("config/prod.env", 3, 23, 63) },
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
        vec![Location {
            path_bytes: Some("Y2Fm6S9yb2JvdC5qc29u".into()),
            end_line: 32,
            end_column: 3,
            ..at("caf\u{fffd}/robot.json", 5, 19, 3)
        }],
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
        vec![Location { container: Some("dist/release.zip".into()), ..at("env/.env", 2, 7, 99) }],
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

fn risks() -> Vec<RiskSummary> {
    let numbers = [
        (RiskStatus::NotAssessed, 0, 0),
        (RiskStatus::Assessed, 7, 7),
        (RiskStatus::Assessed, 1, 1),
        (RiskStatus::Assessed, 0, 6),
        (RiskStatus::Partly, 1, 2),
        (RiskStatus::Assessed, 1, 1),
        (RiskStatus::Assessed, 1, 4),
        (RiskStatus::Partly, 0, 2),
        (RiskStatus::Assessed, 0, 7),
        (RiskStatus::NotAssessed, 0, 0),
    ];
    Risk::ALL
        .into_iter()
        .zip(numbers)
        .enumerate()
        .map(|(at, (risk, (status, affected, assessable)))| RiskSummary {
            risk,
            title: risk.title().into(),
            status,
            why: match status {
                RiskStatus::Assessed => String::new(),
                RiskStatus::Partly => {
                    "2 of 7 identities are in an export; add `aws iam get-account-authorization-details`".into()
                }
                RiskStatus::NotAssessed => "needs a list of members: --members FILE".into(),
            },
            affected,
            assessable,
            score: (status != RiskStatus::NotAssessed).then_some(if affected == 0 { 0 } else { 19 + 4 * at as i32 }),
        })
        .collect()
}

fn notices() -> Vec<Notice> {
    vec![
        Notice {
            kind: NoticeKind::Gap,
            code: "malformed".into(),
            path: Some("k8s/broken.yaml".into()),
            line: Some(7),
            column: Some(3),
            message: "Not YAML from here on: a mapping value is not allowed here. Mend the file and scan again.".into(),
        },
        Notice {
            kind: NoticeKind::Gap,
            code: "unreadable".into(),
            path: Some(format!("data/{HOSTILE}")),
            line: None,
            column: None,
            message: "Permission denied.".into(),
        },
        Notice {
            kind: NoticeKind::Limit,
            code: "shallow".into(),
            path: None,
            line: None,
            column: None,
            message: "The clone is shallow, so history before 2024-01-01 was not seen. Run `git fetch --unshallow`."
                .into(),
        },
    ]
}

fn coverage() -> Coverage {
    Coverage {
        roots: vec![Root { path: ".".into(), kind: "repository".into(), head: Some(COMMIT.into()) }],
        refs: 3,
        commits: 1204,
        blobs: 5321,
        files: 412,
        bytes: 18_874_368,
        skipped: BTreeMap::from([(SkipReason::Ignored, 31), (SkipReason::TooLarge, 1), (SkipReason::Binary, 17)]),
        interrupted: false,
    }
}
