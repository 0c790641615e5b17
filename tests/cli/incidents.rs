//! Three public incidents, from their published facts: what would have been told the day before, and that it is no longer told once
//! the advice is followed. `docs/incidents.md` shows the same runs. Names and values are made up; what is known of each:
//!
//! * A plugin exposed repository tokens (CVE-2024-37051, May 2024). The GitHub plugin of JetBrains's IDEs sent the access token that
//!   it held to third-party hosts when it showed a pull request with prepared content. Advice: update, revoke what the plugin was
//!   given, the OAuth app `JetBrains IDE Integration` and tokens named `IntelliJ IDEA GitHub integration plugin`.
//!   <https://blog.jetbrains.com/security/2024/06/updates-for-security-issue-affecting-intellij-based-ides-2023-1-and-github-plugin/>,
//!   <https://raw.githubusercontent.com/CVEProject/cvelistV5/main/cves/2024/37xxx/CVE-2024-37051.json>
//! * A test application opened mailboxes (Midnight Blizzard, November 2023 to January 2024). A password spray hit an account of a
//!   legacy, non-production test tenant without MFA; through it a legacy test OAuth application with elevated access to the corporate
//!   environment was taken over, which granted further applications the role `full_access_as_app` of Exchange Online.
//!   <https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/>
//! * Exposed credentials opened a tracker (Schneider Electric, November 2024). The attacker said to have entered the Jira server with
//!   exposed credentials and to have read 400,000 rows of user data through a REST API of MiniOrange; the company confirmed
//!   unauthorized access to a project tracking platform.
//!   <https://www.bleepingcomputer.com/news/security/schneider-electric-confirms-dev-platform-breach-after-hacker-steals-data/>

use std::collections::BTreeSet;

use serde_json::Value;

use crate::demo;
use crate::world::{World, findings, list, only, places};

/// The JSON report of a state of an incident, on a day, with its exit code.
fn report(world: &World, paths: &[&str], day: &str) -> (i32, Value) {
    let args = [&["scan"], paths, &["-f", "json", "--as-of", day]].concat();
    let run = world.run(&args);
    (run.code, run.json())
}

fn state(name: &str, state: &str) -> World {
    let world = World::new();
    demo::incident(name, state, world.path());
    world
}

/// The identity with the highest score.
fn worst(report: &Value) -> &Value {
    let score = |identity: &&Value| identity["score"]["value"].as_i64().unwrap_or(-1);
    list(report, "identities").iter().max_by_key(score).expect("an identity")
}

/// Ids of the open findings of an identity.
fn checks<'a>(report: &'a Value, identity: &Value) -> BTreeSet<&'a str> {
    let own =
        list(report, "findings").iter().filter(|f| f["identity"] == identity["id"] && f.get("suppressed").is_none());
    own.map(|f| f["id"].as_str().unwrap()).collect()
}

#[track_caller]
fn says(finding: &Value, field: &str, text: &str) {
    assert!(finding[field].to_string().contains(text), "no {text:?} in {field} of {finding:#}");
}

// --- a plugin that exposed tokens ---------------------------------------------------------------------------------

#[test]
fn the_tokens_that_a_plugin_gave_away_were_known_to_be_wide_endless_and_in_others_hands() {
    let world = state("plugin", "before");
    let (code, report) = report(&world, &["machine", "exports"], "2024-05-28");
    assert_eq!(code, 1);
    let top = worst(&report);
    assert_eq!((&top["name"], &top["owner"]), (&"IntelliJ IDEA GitHub integration plugin".into(), &"kim".into()));
    assert_eq!(checks(&report, top), BTreeSet::from(["NHI3-gh-tool-token", "NHI5-token-scope", "NHI7-gh-token"]));
    let tool = findings(&report, "NHI3-gh-tool-token");
    assert_eq!(tool.len(), 2, "the token by its name and that of the OAuth app: {tool:#?}");
    for finding in tool {
        says(finding, "remediation", "Authorized OAuth Apps");
    }
    let leak = only(&report, "github-pat-classic");
    assert_eq!(
        (&leak["severity"], &leak["title"]),
        (&"high".into(), &"GitHub personal access token (classic) of kim".into())
    );
    assert_eq!(places(leak), ["machine/.config/JetBrains/env.sh:2:21-2:61"]);
    says(leak, "evidence", "last used 2024-05-27");
    says(leak, "terms", "active");
    let leaked = list(&report, "identities").iter().find(|i| i["id"] == leak["identity"]).unwrap();
    assert!(checks(&report, leaked).contains("NHI5-token-scope"), "file and audit log are one token");
    assert!(leaked["score"]["value"].as_i64() >= Some(80), "{leaked:#}");
    only(&report, "NHI3-gh-app-broad");
}

#[test]
fn revoked_tokens_and_a_narrow_one_with_an_end_leave_nothing_of_the_plugin() {
    let world = state("plugin", "after");
    let (code, report) = report(&world, &["machine", "exports"], "2024-07-01");
    assert_eq!((code, list(&report, "findings")), (0, &[] as &[Value]), "{:#}", report["findings"]);
    assert!(list(&report, "identities").iter().any(|i| i["name"] == "IDE, plant only"), "the exports were read");
}

// --- a test application in production -----------------------------------------------------------------------------

#[test]
fn the_forgotten_test_application_was_on_top_of_the_tenant_with_every_reason() {
    let world = state("tenant", "before");
    let (code, report) = report(&world, &["exports"], "2023-11-20");
    assert_eq!(code, 1);
    let top = worst(&report);
    assert_eq!((&top["name"], &top["privilege"]), (&"legacy-mail-migration-test (corporate)".into(), &"admin".into()));
    // Its principal in the corporate tenant has the rights; the application in the test tenant, the secret that opens both.
    assert_eq!(checks(&report, top), BTreeSet::from(["NHI1-entra-sp-idle", "NHI5-entra-tier0", "NHI8-entra-test-app"]));
    let application = list(&report, "identities").iter().find(|i| i["name"] == "legacy-mail-migration-test").unwrap();
    assert_eq!(checks(&report, application), BTreeSet::from(["NHI1-entra-app-unowned", "NHI7-entra-secret-life"]));
    assert_eq!(application["privilege"], "admin", "whoever has the secret has the rights");
    let together = list(&report, "links").iter().any(|l| l["from"] == application["id"] && l["to"] == top["id"]);
    assert!(together, "{:#}", report["links"]);
    for check in ["NHI1-entra-sp-idle", "NHI7-entra-secret-life"] {
        says(only(&report, check), "terms", "whatever its name says");
    }
    let rights = only(&report, "NHI5-entra-tier0");
    for role in ["AppRoleAssignment.ReadWrite.All", "full_access_as_app on Office 365 Exchange Online"] {
        says(rights, "evidence", role);
    }
    let isolation = only(&report, "NHI8-entra-test-app");
    says(
        isolation,
        "evidence",
        "payments-prod has rights in the same directory, and it is registered in another tenant",
    );
    says(isolation, "evidence", "AzureADMultipleOrgs");
    says(isolation, "remediation", "az ad sp delete");
    says(only(&report, "NHI1-entra-sp-idle"), "remediation", "accountEnabled=false");
    assert!(top["score"]["value"].as_i64() >= Some(85), "{top:#}");
}

#[test]
fn without_its_rights_and_its_secret_the_test_application_is_no_finding() {
    let world = state("tenant", "after");
    let (code, report) = report(&world, &["exports"], "2023-11-20");
    assert_eq!((code, list(&report, "findings")), (0, &[] as &[Value]), "{:#}", report["findings"]);
    let kept = list(&report, "identities").iter().find(|i| i["name"] == "legacy-mail-migration-test");
    assert_ne!(kept.expect("it is read still")["privilege"], "admin");
}

#[test]
fn a_test_application_in_the_directory_of_its_own_tests_is_as_it_should_be() {
    let world = state("tenant", "before");
    for file in ["service-principals.json", "applications.json", "graph-roles.json", "exchange-roles.json"] {
        let path = format!("exports/corporate/{file}");
        let text = world.read(&path);
        // The same tenant, with nothing of production in it.
        world.put(&path, text.replace("-prod\"", "-qa\"").replace("00000000c001", "00000000a001"));
    }
    let (_, report) = report(&world, &["exports"], "2023-11-20");
    assert_eq!(findings(&report, "NHI8-entra-test-app").len(), 0);
    assert_eq!(findings(&report, "NHI5-entra-tier0").len(), 1, "what it may do is told in any directory");
}

// --- credentials that opened a tracker ----------------------------------------------------------------------------

#[test]
fn the_trackers_login_was_one_identity_in_three_components_for_nineteen_months() {
    let world = state("tracker", "before");
    let (code, report) = report(&world, &["."], "2024-10-31");
    assert_eq!(code, 1);
    let top = worst(&report);
    assert_eq!(top["name"], "svc-plant-reports@jira.acme-plants.com");
    assert_eq!(report["headline"]["unattributed"], 0, "{:#}", report["credentials"]);
    let checks = checks(&report, top);
    for check in ["NHI7-git-age", "NHI9-secret-spread"] {
        assert!(checks.contains(check), "{check}: {checks:?}");
    }
    let leaks: Vec<&Value> = list(&report, "findings").iter().filter(|f| f["risk"] == "NHI2:2025").collect();
    assert_eq!(leaks.len(), 1, "one password, whatever it is written as: {leaks:#?}");
    let files: BTreeSet<&str> = list(leaks[0], "locations").iter().map(|l| l["path"].as_str().unwrap()).collect();
    let all = ["services/board/application.properties", "services/escalation/escalate.sh", "services/sync/sync.py"];
    assert_eq!(files, BTreeSet::from(all));
    says(leaks[0], "remediation", "Change the password");
    says(only(&report, "NHI7-git-age"), "title", "at least 582 days old");
    says(only(&report, "NHI9-secret-spread"), "remediation", "an identity of its own");
}

#[test]
fn a_changed_password_and_tokens_of_their_own_leave_only_the_history_until_that_is_accepted() {
    let world = state("tracker", "after");
    let (code, first) = report(&world, &["."], "2024-11-10");
    let leaks: Vec<&Value> = list(&first, "findings").iter().filter(|f| f["risk"] == "NHI2:2025").collect();
    assert_eq!((code, leaks.len()), (1, 1), "{:#}", first["findings"]);
    assert!(list(leaks[0], "locations").iter().all(|l| l["in_head"] == false), "{:#}", leaks[0]);
    assert_eq!(findings(&first, "NHI9-secret-spread").len(), 0);
    let fingerprint = leaks[0]["fingerprint"].as_str().unwrap();
    world.put(
        ".keyroll.yml",
        format!("allow:\n  - fingerprint: \"{fingerprint}\"\n    reason: the password was changed on 2024-11-06\n"),
    );
    let (code, second) = report(&world, &["."], "2024-11-10");
    let open = list(&second, "findings").iter().filter(|f| f.get("suppressed").is_none()).count();
    assert_eq!((code, open), (0, 0), "{:#}", second["findings"]);
}
