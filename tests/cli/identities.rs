//! Whose credentials they are and what is known of them: the value, the code around it and exports joined.

use keyroll::rules::{self, example};
use serde_json::{Value, json};

use crate::fixture::value;
use crate::redaction::random;
use crate::world::{World, list, only};

/// The only element of a list.
#[track_caller]
pub fn single<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = list(report, name);
    assert!(all.len() == 1, "{} {name}: {:#}", all.len(), report[name]);
    &all[0]
}

/// The findings about leaked values.
pub fn leaks(report: &Value) -> Vec<&Value> {
    list(report, "findings").iter().filter(|f| f["risk"] == "NHI2:2025").collect()
}

fn term<'a>(finding: &'a Value, name: &str) -> Option<&'a Value> {
    list(finding, "terms").iter().find(|t| t["name"] == name)
}

/// A signed token with these claims.
pub fn jwt(claims: &Value) -> String {
    example::expand(&format!("{{jwt:{claims}}}"), 1).unwrap()
}

// --- AWS ----------------------------------------------------------------------------------------------------------

const ARN: &str = "arn:aws:iam::123456789012:user/ci/deploy-bot";

fn aws_pair() -> String {
    format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        value("aws-access-key-id", 1),
        value("aws-secret-access-key", 1)
    )
}

fn access_keys(status: &str) -> String {
    let row = json!({"UserName": "deploy-bot", "AccessKeyId": value("aws-access-key-id", 1), "Status": status,
                     "CreateDate": "2021-03-04T05:06:07+00:00"});
    json!({ "AccessKeyMetadata": [row] }).to_string()
}

fn credential_report(active: bool) -> String {
    let columns = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";
    format!(
        "{columns}\ndeploy-bot,{ARN},2020-01-02T03:04:05+00:00,false,N/A,N/A,N/A,false,{active},2021-03-04T05:06:07+00:00,2026-06-01T09:15:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
    )
}

pub fn authorization_details() -> String {
    let policy = json!({"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}});
    let user = json!({"Path": "/ci/", "UserName": "deploy-bot", "UserId": "AIDA5EXAMPLEUSERID", "Arn": ARN,
        "CreateDate": "2020-01-02T03:04:05+00:00", "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [policy], "Tags": [{"Key": "Owner", "Value": "platform@example.com"}]});
    json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}).to_string()
}

#[test]
fn a_key_id_with_its_secret_is_one_finding_that_names_the_key() {
    let report = World::with("deploy.ini", aws_pair()).json(&[]);
    let finding = single(&report, "findings");
    assert_eq!(finding["id"], "aws-secret-access-key");
    assert!(finding["score"].as_i64().unwrap() >= 70, "{finding:#}");
    let credential = single(&report, "credentials");
    let key = value("aws-access-key-id", 1);
    assert_eq!(
        (&credential["id"], &finding["credential"]),
        (&json!(format!("aws:access-key:{key}")), &credential["id"])
    );
    assert_eq!(credential["attributes"]["key_id"], key.as_str());
    assert_eq!(credential["attributes"]["account"], "123456789012", "the key id holds the account");
}

#[test]
fn a_key_id_alone_is_low_and_a_secret_alone_is_not() {
    let id = World::with("a.ini", format!("aws_access_key_id = {}\n", value("aws-access-key-id", 1))).json(&[]);
    assert_eq!(single(&id, "findings")["severity"], "low");
    let secret = World::with("a.ini", format!("aws_secret_access_key = {}\n", value("aws-secret-access-key", 1)));
    assert_eq!(single(&secret.json(&[]), "findings")["severity"], "high");
}

#[test]
fn code_and_three_exports_make_one_identity_with_everything_known_of_it() {
    let world = World::with("src/deploy.ini", aws_pair());
    world.put("exports/keys.json", access_keys("Active"));
    world.put("exports/report.csv", credential_report(true));
    world.put("exports/details.json", authorization_details());
    let report = world.json(&[]);
    let users: Vec<&Value> = list(&report, "identities").iter().filter(|i| i["name"] == "deploy-bot").collect();
    assert_eq!(users.len(), 1, "{:#}", report["identities"]);
    let user = users[0];
    assert_eq!(user["id"], format!("aws:user:{ARN}"));
    assert_eq!(
        (&user["status"], &user["privilege"], &user["account"]),
        (&json!("active"), &json!("admin"), &json!("123456789012"))
    );
    assert_eq!(user["owner"], "platform@example.com");
    assert!(user["last_used"].to_string().contains("2026-06-01T09:15:00Z"), "{user:#}");
    assert!(user["created"].to_string().contains("2020-01-02T03:04:05Z"), "{user:#}");
    let id = format!("aws:access-key:{}", value("aws-access-key-id", 1));
    let keys: Vec<&Value> = list(&report, "credentials").iter().filter(|c| c["kind"] == "aws-access-key").collect();
    assert_eq!(keys.len(), 1, "the slot of the report is the key of the listing: {:#}", report["credentials"]);
    assert_eq!((&keys[0]["id"], &keys[0]["identity"], &keys[0]["status"]), (&json!(id), &user["id"], &json!("active")));
    assert!(keys[0]["created"].to_string().contains("2021-03-04T05:06:07Z"));
    assert!(keys[0]["last_used"].to_string().contains("2026-06-01T09:15:00Z"));
    let leak = only(&report, "aws-secret-access-key");
    assert_eq!((&leak["identity"], &leak["credential"]), (&user["id"], &json!(id)));
    assert_eq!(
        (
            term(leak, "active").unwrap()["points"].as_i64(),
            term(leak, "administrative rights").unwrap()["points"].as_i64()
        ),
        (Some(5), Some(8))
    );
    let age = only(&report, "NHI7-aws-key-age");
    assert_eq!(age["identity"], user["id"]);
    assert_eq!(report["headline"]["unattributed"], 0);
    assert_eq!(leak["title"], "AWS secret access key of deploy-bot");
    world.run(&["scan", "."]).ends(1).says("worst: AWS secret access key of deploy-bot (src/deploy.ini:2).");
}

#[test]
fn an_export_exposes_no_key_and_is_no_component() {
    let world = World::with("exports/keys.json", access_keys("Active"));
    world.put("exports/report.csv", credential_report(true));
    world.put("exports/details.json", authorization_details());
    let report = world.json(&[]);
    assert_eq!(leaks(&report), [] as [&Value; 0]);
    assert_eq!(list(&report, "exposures"), [] as [Value; 0]);
    let admin = only(&report, "NHI5-aws-admin");
    assert_eq!(admin["locations"][0]["path"], "exports/details.json", "where the rights are given");
    // The same key in code is exposed there alone, and spread over nothing.
    world.put("src/deploy.ini", aws_pair());
    let report = world.json(&[]);
    let places: Vec<&Value> = list(&report, "exposures").iter().map(|e| &e["location"]["path"]).collect();
    assert_eq!(places, ["src/deploy.ini"]);
    assert!(list(&report, "findings").iter().all(|f| f["id"] != "NHI9-secret-spread"), "{:#}", report["findings"]);
    // An export that holds the secret half gives it away.
    let created = json!({"AccessKey": {"UserName": "x", "AccessKeyId": value("aws-access-key-id", 2), "Status": "Active",
        "SecretAccessKey": value("aws-secret-access-key", 2), "CreateDate": "2026-01-01T00:00:00+00:00"}});
    let world = World::with("created.json", created.to_string());
    only(&world.json(&[]), "aws-secret-access-key");
}

#[test]
fn the_exports_join_whatever_their_order_and_names() {
    let world = World::with("z.csv", credential_report(true));
    world.put("m/anything.txt", authorization_details());
    world.put("a.json", access_keys("Active"));
    let report = world.json(&[]);
    assert_eq!(list(&report, "identities").iter().filter(|i| i["name"] == "deploy-bot").count(), 1);
}

#[test]
fn a_key_that_the_export_calls_inactive_loses_sixty_points() {
    let world = World::with("src/deploy.ini", aws_pair());
    let before = only(&world.json(&[]), "aws-secret-access-key")["score"].as_i64().unwrap();
    world.put("keys.json", access_keys("Inactive"));
    let report = world.json(&[]);
    let leak = only(&report, "aws-secret-access-key");
    assert_eq!(leak["score"], before - 60, "{leak:#}");
    assert_eq!(term(leak, "proven dead").unwrap()["points"], -60);
    assert!(leak["evidence"].to_string().contains("disabled"), "{leak:#}");
    world.put("keys.json", access_keys("Active"));
    assert!(only(&world.json(&[]), "aws-secret-access-key")["score"].as_i64().unwrap() >= before);
}

#[test]
fn terms_add_up_to_every_score() {
    let world = World::with("src/deploy.ini", aws_pair());
    world.put("tests/b.env", format!("GH_TOKEN={}\n", value("github-pat-classic", 1)));
    world.put("keys.json", access_keys("Active"));
    world.put("report.csv", credential_report(true));
    world.put(".github/workflows/ci.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: b/c@main\n        with: {token: '${{ secrets.T }}'}\n");
    let report = world.json(&["--confidence", "low"]);
    assert!(list(&report, "findings").len() >= 5);
    for finding in list(&report, "findings") {
        let sum: i64 = list(finding, "terms").iter().map(|t| t["points"].as_i64().unwrap()).sum();
        assert_eq!(finding["score"], sum, "{finding:#}");
        assert!((1..=100).contains(&sum));
    }
}

// --- Google -------------------------------------------------------------------------------------------------------

fn service_account(pretty: bool) -> String {
    let body: String = (0..25).map(|i| random(i, 64) + "\n").collect();
    let key = format!("-----BEGIN {0}-----\n{body}-----END {0}-----\n", "PRIVATE KEY");
    let file = json!({"type": "service_account", "project_id": "acme-prod-1", "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": key, "client_email": "ci@acme-prod-1.iam.gserviceaccount.com", "client_id": "123456789012345678901",
        "token_uri": "https://oauth2.googleapis.com/token"});
    if pretty { serde_json::to_string_pretty(&file).unwrap() } else { file.to_string() }
}

#[test]
fn a_service_account_file_is_one_finding_of_a_named_identity() {
    for pretty in [true, false] {
        let report = World::with("key.json", service_account(pretty)).json(&["--confidence", "low"]);
        let finding = single(&report, "findings");
        assert_eq!((&finding["id"], &finding["severity"]), (&json!("google-service-account-key"), &json!("critical")));
        assert_eq!(finding["identity"], "gcp:service-account:ci@acme-prod-1.iam.gserviceaccount.com");
        let credential = single(&report, "credentials");
        assert_eq!(credential["id"], "gcp:service-account-key:0123456789abcdef0123456789abcdef01234567");
        assert_eq!(credential["attributes"]["project"], "acme-prod-1");
        assert_eq!(credential["attributes"]["email"], "ci@acme-prod-1.iam.gserviceaccount.com");
        let identity = single(&report, "identities");
        assert_eq!((&identity["kind"], &identity["account"]), (&json!("service-account"), &json!("acme-prod-1")));
    }
}

// --- tokens -------------------------------------------------------------------------------------------------------

#[test]
fn an_expired_token_keeps_its_finding_with_a_lower_score() {
    let token = jwt(
        &json!({"iss": "https://login.acme.example", "sub": "svc", "aud": "api", "iat": 1_760_000_000, "exp": 1_770_000_000}),
    );
    let world = World::with("a.env", format!("API_TOKEN={token}\n"));
    let at = |date: &str| world.run(&["scan", ".", "--as-of", date, "-f", "json"]).json();
    let (alive, dead) = (at("2026-01-01"), at("2026-06-30"));
    let score = |report: &Value| only(report, "json-web-token")["score"].as_i64().unwrap();
    assert_eq!(score(&alive) - score(&dead), 60);
    assert_eq!(single(&dead, "credentials")["validity"], "expired");
    assert_ne!(single(&alive, "credentials")["validity"], "expired");
    assert_eq!(only(&dead, "json-web-token")["severity"], "low");
}

#[test]
fn a_token_of_a_kubernetes_service_account_names_it() {
    let legacy = json!({"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "shop",
        "kubernetes.io/serviceaccount/secret.name": "deployer-token", "kubernetes.io/serviceaccount/service-account.name": "deployer",
        "sub": "system:serviceaccount:shop:deployer"});
    let bound = json!({"iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"], "iat": 1_780_000_000, "exp": 1_790_000_000,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "deployer", "uid": "u"}}, "sub": "system:serviceaccount:shop:deployer"});
    for claims in [legacy, bound] {
        let report = World::with("a.env", format!("TOKEN={}\n", jwt(&claims))).json(&[]);
        let leak = only(&report, "json-web-token");
        assert_eq!(leak["identity"], "kubernetes:service-account:shop/deployer");
        assert_eq!(single(&report, "identities")["kind"], "service-account");
    }
}

#[test]
fn one_value_is_one_finding_however_many_rules_match_it() {
    let token = value("github-pat-classic", 1);
    for text in [
        format!("github_token = \"{token}\"\n"),
        format!("GITHUB_API_TOKEN={token}\n"),
        format!("password: {token}\n"),
        format!("curl -H 'Authorization: Bearer {token}' https://api.github.com\n"),
        format!("git clone https://{token}@github.com/acme/x\n"),
    ] {
        let report = World::with("deploy.sh", &text).json(&["--confidence", "low"]);
        assert_eq!(single(&report, "findings")["id"], "github-pat-classic", "{text}");
    }
}

#[test]
fn a_private_key_is_one_finding() {
    for kind in ["rsa", "ec", "openssh", "pkcs8"] {
        let key = example::expand(&format!("{{pem:{kind}}}"), 3).unwrap();
        let indented = key.replace('\n', "\n    ");
        let escaped = key.replace('\n', "\\n");
        for text in [
            format!("{key}\n"),
            format!("tls:\n  private_key: |\n    {indented}\n"),
            format!("{{\"private_key\": \"{escaped}\\n\"}}\n"),
        ] {
            let report = World::with("deploy/key.yml", &text).json(&["--confidence", "low"]);
            assert_eq!(single(&report, "findings")["id"], "private-key-block", "{text}");
        }
    }
}

#[test]
fn no_place_in_the_examples_of_all_rules_is_two_findings() {
    let world = World::new();
    for (number, rule) in rules::built_in().iter().enumerate() {
        for (i, template) in rule.examples.iter().enumerate() {
            let seed = number as u64 * 100 + i as u64;
            world.put(format!("in/{}/{i}.txt", rule.id), example::expand(template, seed).unwrap());
        }
    }
    let report = world.json(&["--confidence", "low"]);
    let mut spans = Vec::new();
    for finding in leaks(&report) {
        for place in list(finding, "locations") {
            let at = |line: &str, column: &str| (place[line].as_u64().unwrap(), place[column].as_u64().unwrap());
            let (start, end) = (at("line", "column"), at("end_line", "end_column"));
            spans.push((place["path"].as_str().unwrap(), start, end, finding["id"].as_str().unwrap()));
        }
    }
    spans.sort_unstable();
    assert!(spans.len() > 700, "{}", spans.len());
    let twice: Vec<_> = spans.windows(2).filter(|w| w[0].0 == w[1].0 && w[1].1 < w[0].2).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn a_binary_key_store_and_its_base64_are_one_credential() {
    let head =
        [0x30, 0x82, 0x0a, 0x10, 2, 1, 3, 0x30, 0x82, 9, 0xd6, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    // The type of a bag with a key under the store's password.
    let bag = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 0x0a, 1, 2];
    let store: Vec<u8> = head.into_iter().chain((0..2500u32).map(|i| (i * i % 251) as u8)).chain(bag).collect();
    let world = World::with("deploy/signing.p12", &store);
    world.put("ci/env", format!("SIGNING_PFX={}\n", data_encoding::BASE64.encode(&store)));
    world.put("trust.jks", [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[9; 900]].concat());
    let report = world.json(&[]);
    let leaks = leaks(&report);
    assert_eq!(leaks.len(), 1, "{:#}", report["findings"]);
    let finding = leaks[0];
    assert_eq!((&finding["id"], &finding["severity"]), (&json!("pkcs12-key-store"), &json!("medium")));
    let places: Vec<String> =
        list(finding, "locations").iter().map(|l| format!("{}:{}:{}", l["path"], l["line"], l["column"])).collect();
    assert_eq!(places, ["\"ci/env\":1:13", "\"deploy/signing.p12\":1:1"]);
    assert_eq!(report["coverage"]["skipped"].get("binary"), None, "a store is read: {:#}", report["coverage"]);
    world.run(&["explain", "deploy/signing.p12"]).ends(0).says("pkcs12-key-store: reported");
}

#[test]
fn a_registry_login_is_read_whatever_its_registry_is_called() {
    let auth = data_encoding::BASE64.encode(format!("ci:{}", crate::redaction::random(3, 20)).as_bytes());
    for registry in ["https://index.docker.io/v1/", "quay.io", "registry.shop.io:5000"] {
        let config = json!({"auths": {registry: {"auth": auth}}}).to_string();
        let report = World::with(".docker/config.json", config).json(&[]);
        assert_eq!(leaks(&report).len(), 1, "{registry}: {:#}", report["findings"]);
    }
}

#[test]
fn a_secret_without_its_other_half_stands_by_its_name() {
    for (name, length) in [("SECRET_KEY", 32), ("SECRET_KEY", 30), ("ACCESS_KEY_SECRET", 30)] {
        let value = crate::redaction::random(7, length - 1);
        let report = World::with("settings.py", format!("{name} = '{value}7'\n")).json(&[]);
        assert_eq!(leaks(&report).len(), 1, "{name} {length}: {:#}", report["findings"]);
    }
}

#[test]
fn values_in_attributes_and_statements_are_assigned_to_their_names() {
    let value = crate::redaction::random(11, 23);
    for text in [
        format!("<appSettings>\n  <add key=\"ApiSecret\" value=\"{value}7\" />\n</appSettings>\n"),
        format!("CREATE USER app IDENTIFIED BY '{value}7';\n"),
        format!("- name: API_TOKEN\n  value: {value}7\n"),
    ] {
        let report = World::with("a.txt", &text).json(&[]);
        assert_eq!(leaks(&report).len(), 1, "{text}{:#}", report["findings"]);
    }
}

#[test]
fn a_presigned_url_tells_until_when_it_works() {
    let url = example::expand(&rules::built_in().iter().find(|r| r.id == "aws-presigned-url").unwrap().examples[1], 5);
    let world = World::with("a.sh", url.unwrap());
    let report = world.json(&[]);
    let finding = only(&report, "aws-presigned-url");
    assert!(finding["evidence"].to_string().contains("2026-01-12"), "{finding:#}");
    assert_eq!(finding["severity"], "low", "it ran out before the day of the scan");
    let live = world.run(&["scan", ".", "--as-of", "2026-01-06", "-f", "json"]).ends(1).json();
    assert_eq!(only(&live, "aws-presigned-url")["severity"], "medium");
}
