//! The golden report's inventory: identities of most kinds, credentials in every state, and what joins them.

use std::collections::BTreeMap;

use keyroll::model::{
    AuthMode, Confidence, ControlAnswer, ControlCard, Credential, Environment, EnvironmentClass, Exposure, Grant,
    Human, Identity, IdentityKey, IdentityKind, Inventory, Link, Location, Privilege, Risk, RuleInfo, Score, Setting,
    Severity, Shared, Status, ThirdParty, Trust, Usage, Validity, When,
};

use super::{HOSTILE, at, ci_user, deploy_role, hostile, in_export, job, key, robot};

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
        attributes: Shared::default(),
        locations,
        score: None,
        controls: None,
    }
}

fn score(value: i32, low: i32, high: i32, unknown: &[&str]) -> Option<Shared<Score>> {
    let factors = [("exposure", 700), ("privilege", 600), ("lifetime", 1000), ("validity", 900)];
    Some(Shared::from(Score {
        value,
        low,
        high,
        factors: factors.into_iter().map(|(name, v)| (name.to_owned(), v)).collect(),
        unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
        floor: value,
    }))
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
            attributes: BTreeMap::from([("path".into(), "/ci/".into())]).into(),
            score: score(100, 96, 100, &["isolation"]),
            controls: Some(Shared::from(ControlCard {
                dedicated: answer("no", "used by 2 workflows"),
                short_lived: answer("no", "an access key has no expiry"),
                bound: answer("no", ""),
                automated: answer("no", "made by hand"),
                rotated: answer("no", "1,166 days old"),
                revocable: answer("yes", "IAM"),
                owned: answer("yes", "tag Owner"),
                logged: answer("not-seen", ""),
            })),
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

pub fn inventory() -> Inventory {
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
            attributes: Shared::default(),
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
        settings: vec![Setting {
            identity: Some(job()),
            subject: "deploy.yml / deploy".into(),
            name: "remote-script".into(),
            value: "https://get.example.org/install.sh".into(),
            attributes: BTreeMap::new(),
            location: at(workflow, 33, 9, 60),
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
            fingerprint: None,
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
