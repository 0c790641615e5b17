//! Policy as code: limits, demanded federation, exceptions that end, environments and owners, and what a scanned tree may say.

use serde_json::Value;

use crate::fixture::expand;
use crate::world::World;

const WORKFLOW: &str = "on: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502\n        with:\n          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n          aws-region: eu-west-1\n";

const PATH: &str = ".github/workflows/ship.yml";

const KEYS: &str = r#"{"AccessKeyMetadata":[{"UserName":"billing","AccessKeyId":"AKIA5QYBVVD22EXAMPLE","Status":"Active","CreateDate":"2026-06-01T00:00:00Z"}]}"#;

fn world(config: &str) -> World {
    let world = World::with(PATH, WORKFLOW);
    world.init("");
    world.put("exports/keys.json", KEYS);
    world.put(".keyroll.yml", config);
    world
}

fn json(world: &World, path: &str, flags: &[&str]) -> Value {
    world.run(&[&["scan", path, "-f", "json", "--as-of", "2026-09-15"], flags].concat()).json()
}

fn scan(world: &World) -> Value {
    json(world, ".", &[])
}

/// The findings of a check: open ones, and suppressed ones.
fn of<'r>(report: &'r Value, check: &str) -> (Vec<&'r Value>, Vec<&'r Value>) {
    let findings = report["findings"].as_array().unwrap().iter().filter(|f| f["id"] == check);
    findings.partition(|f| f["suppressed"].is_null())
}

#[test]
fn a_longer_key_age_is_the_organisations_to_decide() {
    let age = |config: &str| of(&scan(&world(config)), "NHI7-aws-key-age").0.len();
    assert_eq!(age(""), 1, "106 days are more than 90");
    assert_eq!(age("policy: {max-key-age: 180}\n"), 0);
    assert_eq!(age("policy: {max-key-age: 106}\n"), 0, "the limit itself is allowed");
    assert_eq!(age("policy: {max-key-age: 105}\n"), 1);
}

#[test]
fn demanded_federation_is_said_once_and_with_more_weight() {
    let report = scan(&world("policy:\n  require-federation: [aws]\n"));
    let (open, _) = of(&report, "NHI6-static-against-policy");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["severity"], "high");
    assert!(open[0]["locations"][0]["path"] == PATH, "{}", open[0]["locations"]);
    assert_eq!(of(&report, "NHI6-ci-static-cloud").0.len(), 0, "the same thing is not said twice");
    assert_eq!(of(&scan(&world("")), "NHI6-static-against-policy").0.len(), 0);
}

#[test]
fn an_accepted_static_credential_keeps_its_finding_as_suppressed_with_owner_and_end() {
    let entry =
        "    - {provider: aws, path: PATH, owner: team-x, reason: the runner has no issuer, expires: 2027-01-31}\n";
    let config =
        |path: &str| format!("policy:\n  require-federation: [aws]\n  allow-static:\n{}", entry.replace("PATH", path));
    let report = scan(&world(&config(".github/workflows/")));
    let (open, kept) = of(&report, "NHI6-static-against-policy");
    assert_eq!((open.len(), kept.len()), (0, 1));
    let reason = kept[0]["suppressed"]["reason"].as_str().unwrap();
    assert_eq!(reason, "the runner has no issuer (owner team-x, until 2027-01-31)");
    assert_eq!(kept[0]["suppressed"]["by"], "policy.allow-static[0]");
    let elsewhere = scan(&world(&config("other/")));
    assert_eq!(of(&elsewhere, "NHI6-static-against-policy").0.len(), 1, "another path is not meant");
}

#[test]
fn an_exception_accepts_until_its_day_and_is_a_finding_after_it() {
    let config = |expires: &str| {
        format!(
            "exceptions:\n  - {{check: NHI7-aws-key-age, identity: '*billing*', owner: ann, reason: moves soon, expires: {expires}}}\n"
        )
    };
    let holds = scan(&world(&config("2026-09-16")));
    assert_eq!(of(&holds, "NHI7-aws-key-age").0.len(), 0);
    assert_eq!(of(&holds, "NHI7-aws-key-age").1[0]["suppressed"]["by"], "exceptions[0]");
    assert_eq!(of(&holds, "NHI1-exception-expired").0.len(), 0);

    let over = scan(&world(&config("2026-09-15")));
    assert_eq!(of(&over, "NHI7-aws-key-age").0.len(), 1);
    let (open, _) = of(&over, "NHI1-exception-expired");
    assert_eq!(open[0]["title"], "Exception for NHI7-aws-key-age ran out on 2026-09-15");
    assert_eq!(open[0]["locations"][0]["path"], ".keyroll.yml");
    assert!(open[0]["evidence"].as_array().unwrap().contains(&"owner ann".into()));

    let others =
        "exceptions:\n  - {check: 'NHI7-*', identity: '*payments*', owner: ann, reason: x, expires: 2027-01-01}\n";
    assert_eq!(of(&scan(&world(others)), "NHI7-aws-key-age").0.len(), 1, "another identity is not meant");
}

#[test]
fn an_exception_without_owner_reason_or_a_check_that_exists_is_refused_with_its_entry() {
    for (config, said) in [
        ("exceptions:\n  - {check: NHI7-aws-key-age, owner: '', reason: x, expires: 2027-01-01}\n", "`owner` is empty"),
        (
            "exceptions:\n  - {check: NHI7-aws-key-age, owner: a, reason: ' ', expires: 2027-01-01}\n",
            "`reason` is empty",
        ),
        ("exceptions:\n  - {check: NHI7-aws-key-age, owner: a, reason: x, expires: soon}\n", "2027-01-31"),
        ("exceptions:\n  - {check: NHI7-aws-key-age, owner: a, reason: x}\n", "expires"),
        ("exceptions:\n  - {check: NHI7-no-such, owner: a, reason: x, expires: 2027-01-01}\n", "exceptions"),
        ("environments:\n  - {environment: prod}\n", "at least one of path, account, identity"),
        ("fail-on-risk: {NHI11: low}\n", "NHI1 to NHI10"),
        ("fail-on-risk: {NHI2: loud}\n", "critical or never"),
        ("policy: {max-key-agee: 3}\n", "max-key-agee"),
    ] {
        let run = world(config).run(&["scan", "."]);
        assert_eq!(run.code, 2, "{config}: {}", run.err);
        assert!(run.err.contains(said), "{config}: {}", run.err);
    }
}

#[test]
fn a_risk_may_fail_a_run_from_another_severity_or_never() {
    let code = |config: &str, flags: &[&str]| {
        let world = world(config);
        world.run(&[&["scan", ".", "--as-of", "2026-09-15"], flags].concat()).code
    };
    assert_eq!(code("", &[]), 1);
    let quiet = "NHI1: never, NHI3: never, NHI4: never, NHI5: never, NHI8: never, NHI9: never, NHI10: never";
    assert_eq!(code(&format!("fail-on-risk: {{NHI6: never, NHI7: never, {quiet}}}\n"), &[]), 0);
    assert_eq!(code(&format!("fail-on-risk: {{NHI6: critical, NHI7: low, {quiet}}}\n"), &[]), 1);
    assert_eq!(code(&format!("fail-on-risk: {{NHI6: critical, NHI7: critical, {quiet}}}\n"), &["--fail-on", "low"]), 0);
}

#[test]
fn the_test_view_fails_what_the_run_fails() {
    let failing = |config: &str| {
        let run = world(config).run(&["scan", ".", "--as-of", "2026-09-15", "-f", "junit"]);
        (run.code, run.out.matches("<failure ").count())
    };
    let all: Vec<String> = (1..=10).map(|n| format!("NHI{n}: never")).collect();
    assert_eq!(failing(&format!("fail-on-risk: {{{}}}\n", all.join(", "))), (0, 0));
    let age = all.join(", ").replace("NHI7: never", "NHI7: medium");
    assert_eq!(failing(&format!("fail-on-risk: {{{age}}}\n")), (1, 1));
}

#[test]
fn environments_and_owners_of_the_configuration_hold_for_paths_accounts_and_names() {
    let config = "environments:\n  - {path: .github/, environment: nonprod}\n  - {identity: '*ship*', environment: prod}\n\
                  owners:\n  - {path: .github/, owner: team-web}\n  - {identity: '*billing*', owner: team-billing}\n";
    let report = scan(&world(config));
    let identity = |name: &str| {
        let all = report["identities"].as_array().unwrap();
        all.iter().find(|i| i["name"].as_str().unwrap().contains(name)).unwrap().clone()
    };
    let job = identity("ship");
    assert_eq!(
        (&job["environment"]["class"], &job["owner"]),
        (&"prod".into(), &"team-web".into()),
        "the last entry decides"
    );
    assert!(job["environment"]["why"].as_str().unwrap().contains("environments[1]"));
    let user = identity("billing");
    assert_eq!((&user["environment"]["class"], &user["owner"]), (&"unknown".into(), &"team-billing".into()));
}

#[test]
fn a_scanned_trees_configuration_can_only_demand_more() {
    let strange = world(
        "confidence: high\nfail-on: critical\nexclude: [{path: .github/, reason: mine}]\n\
         policy: {max-key-age: 1000, require-federation: [aws], allow-static: [{provider: aws, owner: a, reason: b, expires: 2099-01-01}]}\n\
         exceptions: [{check: 'NHI*', owner: a, reason: b, expires: 2099-01-01}]\n",
    );
    let here = World::new();
    here.init("");
    let tree = strange.path().to_str().unwrap();
    let report = json(&here, tree, &[]);
    assert_eq!(of(&report, "NHI7-aws-key-age").0.len(), 1, "its longer limit does not hold");
    assert_eq!(of(&report, "NHI6-static-against-policy").0.len(), 1, "its demand does, and what it accepts does not");
    let told = report["notices"].as_array().unwrap().iter().find(|n| n["code"] == "tree-config").unwrap();
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("exclude, exceptions, policy.allow-static"), "{message}");
    assert!(message.contains("--trust-config"), "{message}");

    let trusted = json(&here, tree, &["--trust-config"]);
    assert_eq!(of(&trusted, "NHI7-aws-key-age").0.len(), 0);
    let none = json(&here, tree, &["--no-config"]);
    assert_eq!(of(&none, "NHI6-static-against-policy").0.len(), 0, "no configuration is none at all");
}

#[test]
fn config_show_says_where_each_value_comes_from() {
    let world = world(
        "confidence: low\npolicy: {max-key-age: 30, require-federation: [aws, gcp]}\nfail-on-risk: {NHI9: never}\n",
    );
    let shown = world.run(&["config", "show"]).out;
    for line in [
        "confidence: low  # .keyroll.yml",
        "severity: low  # default",
        "fail-on-risk.NHI9: never  # .keyroll.yml",
        "policy.max-key-age: 30 days  # .keyroll.yml",
        "policy.max-key-unused: 45 days  # default",
        "policy.require-federation: aws, gcp  # .keyroll.yml",
    ] {
        assert!(shown.lines().any(|l| l == line), "{line}\n{shown}");
    }
    let bare = World::new();
    assert!(bare.run(&["config", "show"]).out.contains("policy.max-key-age: 90 days  # default"));
}

#[test]
fn accounts_and_organisations_of_ones_own_are_no_strangers() {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"sts:AssumeRole"}]}"#;
    let roles = format!(
        r#"{{"UserDetailList":[],"GroupDetailList":[],"RoleDetailList":[{{"RoleName":"vendor","RoleId":"AROAEXAMPLEVENDOR0001","Arn":"arn:aws:iam::929327065333:role/vendor","Path":"/","CreateDate":"2026-09-01T00:00:00Z","AssumeRolePolicyDocument":{trust},"RolePolicyList":[],"AttachedManagedPolicies":[],"InstanceProfileList":[],"RoleLastUsed":{{"LastUsedDate":"2026-09-10T00:00:00Z","Region":"eu-west-1"}},"Tags":[]}}],"Policies":[],"IsTruncated":false}}"#
    );
    let workflow = WORKFLOW
        .replace("aws-actions/configure-aws-credentials@e3dd6a429d7300a6a4c196c26e071d42e0343502", "acme/login@v2");
    let report = |config: &str| {
        let world = world(config);
        world.put("exports/roles.json", &roles);
        world.put(PATH, &workflow);
        scan(&world)
    };
    let strange = report("");
    assert_eq!(of(&strange, "NHI3-aws-no-externalid").0.len(), 1);
    assert_eq!(of(&strange, "NHI3-gha-unpinned").0.len(), 1);
    let own = report("policy: {own-accounts: ['444455556666'], own-organisations: [Acme]}\n");
    assert_eq!(of(&own, "NHI3-aws-no-externalid").0.len(), 0);
    assert_eq!(of(&own, "NHI3-gha-unpinned").0.len(), 0);
}

/// A report of a world, in the file `saved.json`.
fn saved(world: &World) -> Value {
    world.run(&["scan", "exports", "--no-config", "-f", "json=saved.json", "--as-of", "2026-09-15", "--exit-zero"]);
    serde_json::from_str(&world.read("saved.json")).unwrap()
}

#[test]
fn a_saved_report_is_judged_anew_under_a_configuration_and_kept_as_it_is_without() {
    let world = world("policy: {max-key-age: 180}\n");
    let before = saved(&world);
    assert_eq!(of(&before, "NHI7-aws-key-age").0.len(), 1);
    let report = |flags: &[&str]| world.run(&[&["report", "saved.json", "-f", "json"], flags].concat());
    assert_eq!(report(&[]).json(), before, "another format is no other verdict");
    let under = report(&["-c", ".keyroll.yml"]).json();
    assert_eq!(of(&under, "NHI7-aws-key-age").0.len(), 0, "{:#}", under["findings"]);
    assert_eq!((&under["tool"]["config"], under["parts"].as_array()), (&".keyroll.yml".into(), None));
    world.put("strict.yml", "policy: {max-key-age: 30}\nfail-on: low\n");
    let strict = report(&["-c", "strict.yml"]);
    assert_eq!(strict.code, 1);
    assert_eq!(of(&strict.json(), "NHI7-aws-key-age").0.len(), 1);
}

#[test]
fn a_saved_report_is_narrowed_as_a_scan_under_the_same_configuration_would_be() {
    let world = world("");
    let env =
        "GITHUB_TOKEN={{gen:github-pat-classic:1}}\nDB_PASSWORD=Tr4ding-blue-Harbor\nSLACK={{gen:slack-bot-token:1}}\n";
    world.put("src/app.env", expand(env));
    world.put("src/exports/keys.json", KEYS);
    let all: &[&str] = &["scan", "src", "--no-history", "--as-of", "2026-09-15", "--exit-zero", "--key-file", "key"];
    world.put("key", "a key of this test, long enough\n");
    world.put("low.yml", "confidence: low\n");
    world.run(&[all, &["-c", "low.yml", "-f", "json=saved.json"]].concat());
    let before: Value = serde_json::from_str(&world.read("saved.json")).unwrap();
    let told = |report: &Value, list: &str| report[list].as_array().unwrap().len();
    for config in [
        "confidence: high\n",
        "confidence: confirmed\n",
        "severity: high\n",
        "confidence: high\nseverity: critical\n",
        "rules: {disable: [slack-bot-token, NHI7-aws-key-age]}\n",
    ] {
        world.put(
            "under.yml",
            format!("confidence: low\n{config}").replace("confidence: low\nconfidence", "confidence"),
        );
        let scanned = world.run(&[all, &["-c", "under.yml", "-f", "json"]].concat()).json();
        let judged = world.run(&["report", "saved.json", "-c", "under.yml", "-f", "json", "--exit-zero"]).json();
        for list in ["findings", "exposures", "credentials", "identities"] {
            assert_eq!(judged[list], scanned[list], "{list} under {config}");
        }
        assert_eq!((&judged["headline"], &judged["risks"]), (&scanned["headline"], &scanned["risks"]), "{config}");
        assert!(told(&judged, "findings") < told(&before, "findings"), "{config} narrows it");
    }
    let code = |config: &str| world.run(&["report", "saved.json", "-c", config, "-q", "-f", "json"]).code;
    world.put("never.yml", "fail-on: critical\nseverity: critical\nconfidence: confirmed\n");
    assert_eq!((code("low.yml"), code("never.yml")), (1, 0));
}

#[test]
fn merged_reports_are_judged_under_the_configuration_of_this_repository() {
    let world = world("policy: {max-key-age: 180}\n");
    saved(&world);
    world.put("more/workflow.yml", "on: push\n");
    world.run(&["scan", "more", "--no-config", "-f", "json=other.json", "--as-of", "2026-09-15", "--exit-zero"]);
    let merged = |flags: &[&str]| {
        let report = world.run(&[&["report", "saved.json", "other.json", "-f", "json"], flags].concat()).json();
        of(&report, "NHI7-aws-key-age").0.len()
    };
    assert_eq!((merged(&[]), merged(&["--no-config"])), (0, 1));
}

#[test]
fn a_saved_report_is_judged_with_the_members_of_today() {
    let world = World::with(
        "exports/orgs/acme/keys.json",
        r#"[{"object":"organization.admin_api_key","id":"key_1","name":"ops","redacted_value":"sk-admin...abc","created_at":1750000000,"last_used_at":1757000000,"owner":{"type":"user","object":"organization.user","id":"user_1","name":"kim","email":"kim@acme.example","role":"owner"}}]"#,
    );
    world.put("members.txt", "ana@acme.example\n");
    let before = saved(&world);
    assert_eq!(of(&before, "NHI1-owner-left").0.len(), 0);
    let after = world.run(&["report", "saved.json", "--no-config", "--members", "members.txt", "-f", "json"]).json();
    assert_eq!(of(&after, "NHI1-owner-left").0.len(), 1, "{:#}", after["findings"]);
}

#[test]
fn a_demand_about_a_provider_that_is_not_known_is_refused_with_line_and_the_known_ones() {
    let world = world("policy:\n  require-federation:\n    - aws\n    - google\n");
    for args in [&["config", "check"][..], &["scan", "."], &["config", "show"]] {
        let run =
            world.run(args).ends(2).complains(".keyroll.yml: policy.require-federation[1]: google is no provider");
        let run = run.complains("with federation: aws, azure, crates-io, gcp, ghcr, npm").complains("at line 4");
        assert!(run.out.is_empty(), "{}", run.out);
    }
    world.put(".keyroll.yml", "policy:\n  require-federation: [aws, gcp]\n");
    world.run(&["config", "check"]).ends(0);
}
