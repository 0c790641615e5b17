//! What is inventory and no finding: public by design, encrypted, kept elsewhere, samples; and what was not assessed.

use keyroll::rules::example;
use serde_json::{Value, json};

use crate::fixture::value;
use crate::identities::{authorization_details, jwt, leaks, single};
use crate::redaction::random;
use crate::world::{World, findings, list, notices, only, places};

// --- public by design, and encrypted ------------------------------------------------------------------------------

/// Asserts that a file holds one credential, public by design, and no finding.
#[track_caller]
fn public_only(path: &str, text: &str) {
    let report = World::with(path, text).json(&["--confidence", "low"]);
    assert_eq!(list(&report, "findings"), [] as [Value; 0], "{path}");
    let credential = single(&report, "credentials");
    assert_eq!((&credential["public"], credential.get("encrypted")), (&json!(true), None), "{credential:#}");
    assert_eq!(report["headline"]["static"], 0);
}

fn supabase(role: &str) -> Value {
    json!({"iss": "supabase", "ref": "abcdefghijklmnopqrst", "role": role, "iat": 1_700_000_000, "exp": 2_015_000_000})
}

#[test]
fn values_that_are_public_by_design_are_inventory() {
    public_only("a.env", &format!("NEXT_PUBLIC_STRIPE_KEY={}\n", value("stripe-publishable-key", 1)));
    public_only("pay.js", &format!("const stripe = Stripe('{}');\n", value("stripe-publishable-key", 2)));
    public_only("b.env", &format!("SUPABASE_ANON_KEY={}\n", jwt(&supabase("anon"))));
    public_only("c.js", &format!("createClient(url, '{}')\n", jwt(&supabase("anon"))));
}

#[test]
fn the_service_role_of_the_same_project_is_critical() {
    let report = World::with("b.env", format!("SUPABASE_KEY={}\n", jwt(&supabase("service_role")))).json(&[]);
    let leak = leaks(&report);
    assert_eq!((leak.len(), &leak[0]["severity"]), (1, &json!("critical")), "{:#}", report["findings"]);
}

/// Asserts that a file holds encrypted credentials and no finding.
#[track_caller]
fn encrypted_only(path: &str, text: &str) {
    let report = World::with(path, text).json(&[]);
    assert_eq!(list(&report, "findings"), [] as [Value; 0], "{path}:\n{text}");
    let credentials = list(&report, "credentials");
    assert!(!credentials.is_empty() && credentials.iter().all(|c| c["encrypted"] == true), "{credentials:#?}");
    assert_eq!(report["headline"]["static"], 0);
}

#[test]
fn encrypted_material_is_inventory() {
    let expand = |template: &str| example::expand(template, 5).unwrap();
    let enc =
        |seed| example::expand("ENC[AES256_GCM,data:{b64:24},iv:{b64:43}=,tag:{b64:22}==,type:str]", seed).unwrap();
    let age = expand(
        "-----BEGIN AGE ENCRYPTED FILE-----\n            {b64:64}\n            {b64:64}\n            -----END AGE ENCRYPTED FILE-----",
    );
    encrypted_only(
        "secrets.enc.yaml",
        &format!(
            "db_password: {}\napi:\n    token: {}\n    client_secret: {}\nsops:\n    age:\n        - recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n          enc: |\n            {age}\n    lastmodified: \"2026-01-02T03:04:05Z\"\n    mac: {}\n    version: 3.9.0\n",
            enc(1),
            enc(2),
            enc(3),
            enc(4)
        ),
    );
    encrypted_only("secrets.env", &format!("DB_PASSWORD={}\nAPI_TOKEN={}\nsops_mac={}\n", enc(1), enc(2), enc(3)));
    encrypted_only("vault.yml", &expand("$ANSIBLE_VAULT;1.1;AES256\n{digits:80}\n{digits:80}\n{digits:80}\n"));
    encrypted_only(
        "vars.yml",
        &expand(
            "db_user: shop\ndb_password: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;prod\n  {digits:80}\n  {digits:80}\n",
        ),
    );
    encrypted_only(
        "sealed.yaml",
        &expand(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: shop\nspec:\n  encryptedData:\n    password: AgB{b64:500}\n    api_token: AgA{b64:500}\n    client_secret: AgC{b64:500}\n",
        ),
    );
    encrypted_only(
        "mail.asc",
        &expand("-----BEGIN PGP MESSAGE-----\n\n{b64:64}\n{b64:64}\n{b64:30}=\n={b64:4}\n-----END PGP MESSAGE-----\n"),
    );
    encrypted_only(
        "pass.yml",
        &expand(
            "db_password: |\n  -----BEGIN PGP MESSAGE-----\n\n  {b64:64}\n  {b64:64}\n  -----END PGP MESSAGE-----\n",
        ),
    );
}

#[test]
fn a_federation_file_is_no_finding() {
    let file = json!({"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/token"},
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken"});
    let report = World::with("wif.json", file.to_string()).json(&["--confidence", "low"]);
    assert_eq!(list(&report, "findings"), [] as [Value; 0]);
}

#[test]
fn a_google_api_key_is_a_finding_unless_it_stands_in_a_browser_configuration() {
    let key = value("google-api-key", 3);
    let alone = World::with("src/maps.py", format!("KEY = '{key}'\n")).json(&[]);
    let finding = single(&alone, "findings");
    assert!(["low", "medium"].contains(&finding["severity"].as_str().unwrap()), "{finding:#}");
    let web = format!(
        "const app = initializeApp({{\n  apiKey: '{key}',\n  authDomain: 'acme.firebaseapp.com',\n  projectId: 'acme',\n}});\n"
    );
    public_only("src/firebase.js", &web);
}

// --- uses ---------------------------------------------------------------------------------------------------------

#[test]
fn values_kept_elsewhere_are_counted_as_references() {
    let world = World::with("app.env", "DB_PASSWORD=${DB_PASSWORD}\nAPI_TOKEN=op://vault/item/token\nUSER=shop\n");
    world.put("app.yml", "db:\n  password: ${DB_PASSWORD}\n");
    let report = world.json(&[]);
    assert_eq!(list(&report, "findings"), [] as [Value; 0]);
    assert_eq!((&report["headline"]["referenced"], &report["headline"]["static"]), (&json!(3), &json!(0)));
    assert!(list(&report, "usages").iter().all(|u| u["mode"] == "referenced"));
}

const WORKFLOW: &str = "on: push
permissions: {contents: read}
jobs:
  federated:
    runs-on: ubuntu-latest
    permissions: {id-token: write, contents: read}
    steps:
      - uses: aws-actions/configure-aws-credentials@0123456789012345678901234567890123456789
        with: {role-to-assume: 'arn:aws:iam::123456789012:role/deploy', aws-region: eu-west-1}
  stored:
    runs-on: ubuntu-latest
    steps:
      - uses: aws-actions/configure-aws-credentials@0123456789012345678901234567890123456789
        with:
          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}
          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
          aws-region: eu-west-1
";

#[test]
fn the_headline_tells_federated_from_stored_and_written_out() {
    let world = World::with(".github/workflows/deploy.yml", WORKFLOW);
    let report = world.json(&[]);
    assert_eq!(report["headline"]["identities"], 2);
    assert_eq!(report["headline"]["federated"], 1, "{:#}", report["usages"]);
    assert_eq!(report["headline"]["static"], 0, "{:#}", report["usages"]);
    assert!(report["headline"]["referenced"].as_u64().unwrap() >= 1, "{:#}", report["usages"]);
    let finding = only(&report, "NHI6-ci-static-cloud");
    assert!(finding["identity"].as_str().unwrap().contains("stored"), "{finding:#}");
    let written = format!(
        "  written:\n    runs-on: x\n    steps:\n      - run: ./x\n        env: {{API_TOKEN: {}}}\n",
        random(4, 32)
    );
    world.put(".github/workflows/deploy.yml", format!("{WORKFLOW}{written}"));
    assert_eq!(world.json(&[])["headline"]["static"], 1);
}

#[test]
fn a_workflow_below_the_top_never_runs_and_is_a_sample() {
    let world = World::with("templates/.github/workflows/deploy.yml", WORKFLOW);
    world.init("");
    world.put("main.rs", "fn main() {}\n");
    let report = world.json(&[]);
    assert_eq!(list(&report, "findings"), [] as [Value; 0]);
    assert_eq!(list(&report, "identities").len(), 2, "shown, and marked");
    assert!(list(&report, "identities").iter().all(|i| i["sample"] == true && i.get("score").is_none()));
    let headline = &report["headline"];
    assert_eq!(
        (&headline["identities"], &headline["federated"], &headline["referenced"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

#[test]
fn pipelines_of_projects_kept_inside_a_repository_were_its_own() {
    let world = World::with("deps/lib/.travis.yml", "deploy:\n  provider: npm\n  api_token: $NPM_TOKEN\n");
    world.init("");
    world.put(".travis.yml", "deploy:\n  provider: npm\n  api_token: $NPM_TOKEN\n");
    let report = world.json(&[]);
    let samples: Vec<bool> = list(&report, "identities").iter().map(|i| i["sample"] == true).collect();
    assert_eq!(samples, [false, true], "{report:#}");
}

#[test]
fn a_job_is_held_against_the_trust_of_the_role_that_it_takes_on() {
    let workflow = "on: {push: {branches: [main]}}\npermissions: {id-token: write}\njobs:\n  deploy:\n    runs-on: x\n    steps:\n      \
                    - uses: aws-actions/configure-aws-credentials@v4\n        with: {role-to-assume: \
                    'arn:aws:iam::123456789012:role/deploy', aws-region: x}\n";
    let role = |subject: &str| {
        let condition = format!(r#"StringLike = {{ "token.actions.githubusercontent.com:sub" = "{subject}" }}"#);
        let trust = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
        format!(
            "resource \"aws_iam_role\" \"deploy\" {{\n  name = \"deploy\"\n  assume_role_policy = jsonencode({{ Statement = [{{\n    \
             Effect = \"Allow\", Action = \"sts:AssumeRoleWithWebIdentity\", Principal = {{ Federated = \"{trust}\" }}\n    \
             Condition = {{ {condition} }}\n  }}] }})\n}}\n"
        )
    };
    let world = World::with(".github/workflows/deploy.yml", workflow);
    world.init("").remote("origin", "https://github.com/acme/app").unwrap();
    for (subject, verdict, refused) in [
        ("repo:acme/app:ref:refs/heads/main", "yes", false),
        ("repo:acme/*", "yes", false),
        ("repo:acme/other:*", "no", true),
        ("repo:acme/app:environment:prod", "no", true),
    ] {
        world.put("main.tf", role(subject));
        let report = world.json(&[]);
        let usage = list(&report, "usages").iter().find(|u| u["mode"] == "federated").unwrap();
        let told = usage["attributes"]["assumes"].as_str().unwrap_or_default();
        assert!(told.starts_with(verdict), "{subject}: {told}");
        let found = list(&report, "findings").iter().any(|f| f["id"] == "NHI6-role-refuses-job");
        assert_eq!(found, refused, "{subject}");
    }
}

// --- risks --------------------------------------------------------------------------------------------------------

#[test]
fn a_risk_that_is_not_assessed_says_what_it_needs_and_has_no_score() {
    let world = World::with("main.rs", "fn main() {}\n");
    let report = world.json(&[]);
    let risks = list(&report, "risks");
    assert_eq!(risks.len(), 10);
    let of = |report: &Value, id: &str| list(report, "risks").iter().find(|r| r["risk"] == id).unwrap().clone();
    for risk in risks {
        let assessed = risk["status"] != "not-assessed";
        assert_eq!(risk.get("score").is_some(), assessed, "{risk:#}");
        assert!(assessed || !risk["why"].as_str().unwrap().is_empty(), "{risk:#}");
    }
    let privileged = of(&report, "NHI5:2025");
    assert_eq!(privileged["status"], "not-assessed");
    for text in ["aws-authorization-details", "aws iam get-account-authorization-details", "aws-credential-report"] {
        assert!(privileged["why"].as_str().unwrap().contains(text), "{privileged:#}");
    }
    assert_eq!(of(&report, "NHI2:2025")["status"], "assessed");
    let offboarding = of(&report, "NHI1:2025")["why"].as_str().unwrap().to_owned();
    assert!(offboarding.contains("git-history (a scan of a repository without --no-history)"), "{offboarding}");
    let table = world.run(&["scan", "."]).ends(0);
    assert!(!table.out.contains("git-history:"), "it is no export that a command makes: {}", table.out);
    world.run(&["scan", "."]).ends(0).says("Not assessed");
    world.put("details.json", authorization_details());
    let with = world.json(&[]);
    assert_ne!(of(&with, "NHI5:2025")["status"], "not-assessed");
    assert!(!of(&with, "NHI5:2025")["why"].as_str().unwrap_or_default().contains("get-account-authorization-details"));
    assert!(places(findings(&with, "NHI5-aws-admin")[0])[0].starts_with("details.json:"));
}

#[test]
fn a_tag_of_yaml_is_no_password() {
    let vault = "$ANSIBLE_VAULT;1.2;AES256;prod\n  49507528714539405273965282970793833666939999967753601659582812446322509725309256";
    let text = format!("db_user: shop\ndb_password: !vault |\n  {vault}\nmqtt_password: !secret mqtt\n");
    let report = World::with("vars.yml", text).json(&["--confidence", "low"]);
    assert_eq!(list(&report, "findings").len(), 0, "{:#}", report["findings"]);
}

#[test]
fn references_of_manifests_are_counted_by_their_variables() {
    let text = "spec:\n  containers:\n  - name: app\n    env:\n    - name: DB_PASSWORD\n      valueFrom:\n        secretKeyRef:\n          name: db\n          key: password\n    - name: API_TOKEN\n      value: ${API_TOKEN}\n    - name: MQ_PASSWORD\n      valueFrom: {secretKeyRef: {name: mq, key: password}}\n";
    let report = World::with("deploy.yml", text).json(&[]);
    assert_eq!(report["headline"]["referenced"], 3, "{:#}", report["usages"]);
    assert_eq!(list(&report, "findings").len(), 0);
    let vault = World::with("v.yml", "db_password: !vault |\n  abc\n").json(&[]);
    assert_eq!(vault["headline"]["referenced"], 0, "what is encrypted in place is fetched from nowhere");
}

#[test]
fn reports_of_keyroll_are_no_source_of_findings() {
    let world =
        World::with("app.env", format!("GH_TOKEN={}\nDB_PASSWORD=k3J9fQ0aZ7xL\n", value("github-pat-classic", 1)));
    let first = world.run(&["scan", ".", "-f", "json=report.json", "-f", "sarif=keyroll.sarif"]).ends(1);
    let count = |run: &str| run.lines().find(|line| line.starts_with("findings")).unwrap().to_owned();
    for _ in 0..2 {
        let again = world.run(&["scan", ".", "-f", "json=report.json", "-f", "sarif=keyroll.sarif"]).ends(1);
        assert_eq!(count(&again.out), count(&first.out));
    }
    let report = world.json(&[]);
    assert_eq!(notices(&report, "own-report").len(), 2);
    // One that is read in pieces is known as well.
    let padding = " ".repeat(17 << 20);
    let large = format!("{{\"schema\": \"keyroll.report/1\",{padding}\"secret\": \"{}\"}}", random(5, 32));
    let large = World::with("large.json", large).json(&[]);
    assert_eq!((list(&large, "findings").len(), notices(&large, "own-report").len()), (0, 1));
    // A token that somebody put into one is found all the same.
    let planted = format!("{{\"schema\": \"keyroll.report/1\", \"x\": \"{}\"}}", value("github-pat-classic", 2));
    world.put("planted.json", planted);
    assert!(world.run(&["scan", "planted.json"]).ends(1).out.contains("planted.json:1"));
}
