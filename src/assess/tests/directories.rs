//! What the checks say of listings of Entra, Azure, Okta and Databricks, from their text on.

use serde_json::{Value, json};

use super::*;
use crate::doc::Doc;
use crate::formats::{self, Input, Out};
use crate::model::RepoPath;

fn read_seen(sightings: Vec<Sighting>, files: &[(&str, Value)]) -> (Inventory, Assessment) {
    let mut facts = Vec::new();
    for (path, value) in files {
        let text = value.to_string();
        let name = RepoPath::from(*path);
        let head: String = text.chars().take(formats::HEAD).collect();
        let format = formats::of_facts().find(|format| (format.claims)(&name, &head)).expect(path);
        let mut keep = |fact: Fact| {
            facts.push(LocatedFact { fact, location: at(path, 1), format: format.id, sample: false });
        };
        let input = Input { path: &name, repository: None, text: &text };
        (format.read)(&input, &Doc::default(), &mut Out::new(&mut keep, &mut |_| {}));
    }
    run(sightings, facts)
}

fn read(files: &[(&str, Value)]) -> Assessment {
    read_seen(Vec::new(), files).1
}

/// Severity and title of the findings of one check, sorted.
fn told(assessment: &Assessment, id: &str) -> Vec<String> {
    let mut out: Vec<String> =
        of(assessment, id).iter().map(|f| format!("{} {}", f.base_severity.as_str(), f.title)).collect();
    out.sort();
    out
}

fn guid(kind: char, n: u32) -> String {
    format!("{kind}0000000-0000-4000-8000-{n:012}")
}

const HOME: &str = "70000000-0000-4000-8000-000000000001";
const OTHER: &str = "70000000-0000-4000-8000-000000000002";

fn application(n: u32, more: Value) -> Value {
    merged(
        json!({"id": guid('d', n), "appId": guid('c', n), "displayName": format!("app{n}"), "signInAudience": "AzureADMyOrg",
            "publisherDomain": "acme.example", "passwordCredentials": [], "keyCredentials": []}),
        more,
    )
}

fn principal(n: u32, tenant: &str, more: Value) -> Value {
    merged(
        json!({"id": guid('5', n), "appId": guid('c', n), "displayName": format!("app{n}"), "accountEnabled": true,
            "servicePrincipalType": "Application", "appOwnerOrganizationId": tenant, "createdDateTime": "2020-01-01T00:00:00Z",
            "verifiedPublisher": {"verifiedPublisherId": null}}),
        more,
    )
}

fn merged(mut base: Value, more: Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(fields);
    base
}

fn secret(n: u32, start: &str, end: &str) -> Value {
    json!({"keyId": guid('e', n), "hint": "abc", "startDateTime": start, "endDateTime": end})
}

fn app_role(n: u32, role: &str) -> Value {
    json!({"appRoleId": role, "principalId": guid('5', n), "principalType": "ServicePrincipal",
        "principalDisplayName": format!("app{n}"), "resourceId": guid('5', 999), "resourceDisplayName": "Microsoft Graph"})
}

fn assignment(n: u32, role: &str, scope: &str) -> Value {
    json!({"name": format!("a{n}"), "principalId": guid('5', n), "principalName": guid('c', n), "principalType": "ServicePrincipal",
        "roleDefinitionId": "/x/99999999-0000-4000-8000-000000000009", "roleDefinitionName": role, "scope": scope})
}

const ROLE_MANAGEMENT: &str = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8";
const MAIL_READ_WRITE: &str = "e2a3a72e-5f79-4c64-b1b1-878b674786c9";
const DIRECTORY_READ: &str = "7ab1d382-f21e-4acd-a863-ba3e13f7da61";

#[test]
fn secrets_are_judged_by_their_whole_life_and_expired_ones_are_hygiene() {
    let life = |secret: Value, certificate: bool| {
        let list = if certificate { "keyCredentials" } else { "passwordCredentials" };
        let assessment = read(&[("apps.json", json!([application(1, json!({list: [secret]}))]))]);
        told(&assessment, "NHI7-entra-secret-life")
    };
    // As-of is 2026-11-25.
    assert!(life(secret(1, "2026-11-01T00:00:00Z", "2027-04-30T00:00:00Z"), false).is_empty(), "180 days");
    assert_eq!(
        life(secret(1, "2026-11-01T00:00:00Z", "2027-05-01T00:00:00Z"), false),
        ["medium Client secret of app1 has a long life"]
    );
    assert_eq!(
        life(secret(1, "2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z"), false),
        ["medium Client secret of app1 has a long life"],
        "a leap year is a year"
    );
    let high = ["high Client secret of app1 has a long life"];
    assert_eq!(life(secret(1, "2026-01-01T00:00:00Z", "2027-01-03T00:00:00Z"), false), high);
    assert_eq!(life(secret(1, "2026-01-01T00:00:00Z", "9999-12-31T00:00:00Z"), false), high);
    assert_eq!(
        life(secret(1, "2026-01-01T00:00:00Z", "2028-01-03T00:00:00Z"), true),
        ["medium Certificate of app1 has a long life"]
    );
    assert_eq!(
        life(secret(1, "2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z"), false),
        ["low app1 still lists 1 expired credential"]
    );
}

#[test]
fn keys_that_sign_what_an_application_issues_are_no_way_in() {
    let saml = principal(
        1,
        HOME,
        json!({"keyCredentials": [{"keyId": guid('e', 1), "usage": "Sign", "customKeyIdentifier": "x", "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2030-01-01T00:00:00Z"}],
            "passwordCredentials": [{"keyId": guid('e', 1), "customKeyIdentifier": "x", "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2030-01-01T00:00:00Z"}]}),
    );
    assert!(told(&read(&[("sps.json", json!([saml]))]), "NHI7-entra-secret-life").is_empty());
}

#[test]
fn applications_are_unowned_only_where_owners_were_listed() {
    let check = "NHI1-entra-app-unowned";
    let one = |more: Value| told(&read(&[("apps.json", json!([application(1, more)]))]), check);
    assert!(one(json!({})).is_empty(), "owners are not in the listing");
    assert_eq!(one(json!({"owners": []})), ["medium Entra application app1 has no owner"]);
    assert!(one(json!({"owners": [{"userPrincipalName": "ana@acme.example"}]})).is_empty());
    assert!(one(json!({"owners": [], "serviceManagementReference": "TEAM-1"})).is_empty());
}

#[test]
fn a_service_principal_is_idle_when_its_credential_outlives_its_use() {
    let check = "NHI1-entra-sp-idle";
    let app =
        application(1, json!({"passwordCredentials": [secret(1, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")]}));
    let used = |n: u32, date: &str| json!({"appId": guid('c', n), "lastSignInActivity": {"lastSignInDateTime": date}, "applicationAuthenticationClientSignInActivity": {"lastSignInDateTime": date}});
    let with = |rows: Value, enabled: bool| {
        let sp = principal(1, HOME, json!({"accountEnabled": enabled}));
        let files = [("apps.json", json!([app])), ("sps.json", json!([sp])), ("signins.json", rows)];
        told(&read(&files), check)
    };
    assert!(with(json!({"value": [used(1, "2026-08-27T00:00:00Z")]}), true).is_empty(), "90 days");
    let idle = ["high Service principal app1 unused for 91 days"];
    assert_eq!(with(json!({"value": [used(1, "2026-08-26T00:00:00Z")]}), true), idle);
    assert!(with(json!({"value": [used(1, "2026-08-26T00:00:00Z")]}), false).is_empty(), "it is disabled");
    let others = json!({"value": [used(2, "2026-11-20T00:00:00Z")]});
    assert_eq!(with(others.clone(), true), ["medium Service principal app1 has no sign-in on record"]);
    let cut = merged(others, json!({"@odata.nextLink": "https://graph.microsoft.com/next"}));
    assert!(with(cut, true).is_empty(), "the report is cut short");
    let none = read(&[("apps.json", json!([app]))]);
    assert!(told(&none, check).is_empty(), "nothing is known of its use");
}

#[test]
fn assignments_are_orphans_where_the_directory_was_read() {
    let check = "NHI1-azure-orphan-assignment";
    let scope = "/subscriptions/1";
    let nameless = merged(assignment(2, "Contributor", scope), json!({"principalName": ""}));
    let both = json!([assignment(1, "Reader", scope), nameless]);
    let gone = format!("medium Role assignments of {}, which is not in the directory", guid('5', 2));
    assert_eq!(told(&read(&[("ra.json", both.clone())]), check), std::slice::from_ref(&gone));
    assert!(told(&read(&[("ra.json", json!([nameless]))]), check).is_empty(), "names were not looked up at all");
    let sps = |list: Value| read(&[("ra.json", both.clone()), ("sps.json", list)]);
    assert!(told(&sps(json!([principal(1, HOME, json!({})), principal(2, HOME, json!({}))])), check).is_empty());
    let found = sps(json!([principal(1, HOME, json!({}))]));
    assert_eq!(of(&found, check)[0].confidence, Confidence::High);
}

#[test]
fn applications_of_other_tenants_are_told_by_what_they_may_do() {
    let check = "NHI3-entra-foreign-sp";
    let with = |publisher: Value, role: &str, owner: &str| {
        let files = [
            ("apps.json", json!([application(1, json!({}))])),
            (
                "sps.json",
                json!([principal(1, HOME, json!({})), principal(2, owner, json!({"verifiedPublisher": publisher}))]),
            ),
            ("roles.json", json!({"value": [app_role(2, role)]})),
        ];
        told(&read(&files), check)
    };
    let none = json!({"verifiedPublisherId": null});
    let title = "app2 belongs to another tenant and has wide rights in this one";
    assert_eq!(with(none.clone(), MAIL_READ_WRITE, OTHER), [format!("high {title}")]);
    assert_eq!(with(json!({"verifiedPublisherId": "1"}), MAIL_READ_WRITE, OTHER), [format!("medium {title}")]);
    assert!(with(none.clone(), DIRECTORY_READ, OTHER).is_empty(), "it only reads");
    assert!(with(none.clone(), MAIL_READ_WRITE, HOME).is_empty(), "it is one's own");
    assert!(with(none, MAIL_READ_WRITE, "f8cdef31-a31e-4b4a-93e4-5f571e91255a").is_empty(), "it is Microsoft's");
}

#[test]
fn app_roles_weigh_by_what_they_lead_to() {
    let check = "NHI5-entra-tier0";
    let with = |role: &str| told(&read(&[("roles.json", json!({"value": [app_role(1, role)]}))]), check);
    assert_eq!(with(ROLE_MANAGEMENT), ["critical app1 can administer the directory"]);
    assert_eq!(with("19dbc75e-c2e2-444c-a770-ec69d8559fc7"), ["high app1 can administer the directory"]);
    assert_eq!(with(MAIL_READ_WRITE), ["high app1 reaches everybody's data"]);
    assert!(with(DIRECTORY_READ).is_empty());
    let role = json!({"value": [{"id": "x", "principalId": guid('5', 1), "directoryScopeId": "/", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10"}]});
    assert!(told(&read(&[("dir.json", role.clone())]), check).is_empty(), "who it is is not known");
    let known = read(&[("dir.json", role), ("sps.json", json!([principal(1, HOME, json!({}))]))]);
    assert_eq!(told(&known, check), ["critical app1 can administer the directory"]);
}

#[test]
fn roles_over_subscriptions_are_found_and_custom_ones_by_their_actions() {
    let check = "NHI5-azure-broad";
    let with = |rows: Value| told(&read(&[("ra.json", rows)]), check);
    let title = format!("{} holds a wide role over a subscription or more", guid('c', 1));
    assert_eq!(with(json!([assignment(1, "Owner", "/subscriptions/1")])), [format!("high {title}")]);
    assert!(with(json!([assignment(1, "Owner", "/subscriptions/1/resourceGroups/x")])).is_empty());
    assert!(with(json!([assignment(1, "Reader", "/subscriptions/1")])).is_empty());
    let narrowed = merged(assignment(1, "User Access Administrator", "/"), json!({"condition": "@Resource"}));
    assert_eq!(with(json!([narrowed])), [format!("medium {title}")]);
    assert!(with(json!([assignment(1, "Acme Deployer", "/subscriptions/1")])).is_empty());
    let definitions = json!([{"roleName": "Acme Deployer", "roleType": "CustomRole", "assignableScopes": ["/"], "name": "99999999-0000-4000-8000-000000000009",
        "permissions": [{"actions": ["*"], "notActions": []}]}]);
    let files =
        [("ra.json", json!([assignment(1, "Acme Deployer", "/subscriptions/1")])), ("roles.json", definitions.clone())];
    let (inventory, assessment) = read_seen(Vec::new(), &files);
    assert_eq!(told(&assessment, check), [format!("high {title}")]);
    assert_eq!(inventory.identities[0].privilege, Privilege::Admin);
    // Nested assignments name the role by id alone.
    let nested = json!({"value": [{"properties": {"principalId": guid('5', 1), "principalType": "ServicePrincipal", "scope": "/subscriptions/1", "roleDefinitionId": "/x/99999999-0000-4000-8000-000000000009"}, "id": "/x/roleAssignments/a"}]});
    let (inventory, _) = read_seen(Vec::new(), &[("ra.json", nested), ("roles.json", definitions)]);
    assert_eq!(inventory.grants[0].action, "Acme Deployer");
}

#[test]
fn one_identity_in_subscriptions_of_two_environments_is_told() {
    let check = "NHI8-azure-cross-sub";
    let name = |id: &str, name: &str| json!({"id": id, "name": name, "isDefault": false, "state": "Enabled", "tenantId": HOME, "user": {"name": "x"}});
    let (one, two) = (guid('a', 1), guid('a', 2));
    let names = json!([name(&one, "acme-prod"), name(&two, "acme-dev")]);
    let with = |second: &str| {
        let rows = json!([
            assignment(1, "Contributor", &format!("/subscriptions/{one}")),
            assignment(1, second, &format!("/subscriptions/{two}/resourceGroups/x"))
        ]);
        told(&read(&[("ra.json", rows), ("subs.json", names.clone())]), check)
    };
    let title = format!("high {} may write in production and in other environments", guid('c', 1));
    assert_eq!(with("Contributor"), [title]);
    assert!(with("Reader").is_empty(), "reading is no matter");
}

fn federated(subjects: &[&str]) -> Value {
    let one = |(n, subject): (usize, &&str)| json!({"id": n.to_string(), "name": format!("f{n}"), "issuer": "https://token.actions.githubusercontent.com/", "subject": subject, "audiences": ["api://AzureADTokenExchange"]});
    json!({guid('c', 1): subjects.iter().enumerate().map(one).collect::<Vec<_>>()})
}

#[test]
fn federated_credentials_of_an_export_are_judged_like_declared_ones() {
    let pulls = read(&[("fic.json", federated(&["repo:acme/app:pull_request"]))]);
    assert_eq!(one(&pulls, "NHI6-entra-fic").base_severity, Severity::High);
    let both = read(&[("fic.json", federated(&["repo:acme/app:environment:prod", "repo:acme/app:environment:dev"]))]);
    assert!(told(&both, "NHI6-entra-fic").is_empty());
    assert_eq!(one(&both, "NHI8-trust-both-envs").base_severity, Severity::Medium);
    let check = "NHI9-sp-multi-fic";
    assert!(told(&both, check).is_empty(), "environments of one repository");
    let three =
        federated(&["repo:acme/a:ref:refs/heads/main", "repo:acme/b:ref:refs/heads/main", "repo:acme/c:environment:x"]);
    assert_eq!(told(&read(&[("fic.json", three)]), check), [format!("medium 3 projects take on {}", guid('c', 1))]);
}

#[test]
fn a_job_of_github_is_held_against_the_credentials_of_its_application() {
    let verdict = |subject: &str, target: &str| {
        let mut facts = vec![a_job(|job| {
            job.attributes.insert("subject".to_owned(), "repo:acme/app:environment:prod".to_owned());
        })];
        let mut login = usage(AuthMode::Federated, "azure", "", false);
        if let Fact::Usage(_, usage) = &mut login.fact {
            usage.target = Some(target.to_owned());
        }
        facts.push(login);
        let (inventory, _) = {
            let text = federated(&[subject]).to_string();
            let format = formats::of_facts().find(|f| f.id == "entra-federated-credentials").unwrap();
            let path = RepoPath::from("fic.json");
            let mut keep = |fact: Fact| {
                facts.push(LocatedFact { fact, location: at("fic.json", 1), format: format.id, sample: false });
            };
            let input = Input { path: &path, repository: None, text: &text };
            (format.read)(&input, &Doc::default(), &mut Out::new(&mut keep, &mut |_| {}));
            run(Vec::new(), facts)
        };
        let usage = inventory.usages.iter().find(|u| u.target.is_some()).unwrap();
        usage.attributes.get("assumes").and_then(|v| v.split(':').next()).unwrap_or_default().to_owned()
    };
    let upper = guid('c', 1).to_uppercase();
    assert_eq!(verdict("repo:acme/app:environment:prod", &upper), "yes");
    assert_eq!(verdict("repo:acme/app:environment:Prod", &upper), "no", "subjects compare with their case");
    assert_eq!(verdict("repo:acme/app:environment:prod", &guid('c', 2)), "", "of that application nothing is known");
}

#[test]
fn a_leaked_secret_is_linked_to_the_listed_one_and_never_merged() {
    let leaked = |preview: &str, client: Option<String>| {
        let mut s = seen("azure-entra-client-secret", "f", ".env", 3);
        s.provider = "azure".to_owned();
        s.preview = preview.to_owned();
        s.parts.extend(client.map(|id| ("client_id".to_owned(), id)));
        s
    };
    let apps = json!([
        application(1, json!({"passwordCredentials": [secret(1, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")]})),
        application(
            2,
            json!({"passwordCredentials": [merged(secret(2, "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), json!({"hint": "xyz"}))]})
        )
    ]);
    let links = |sighting: Sighting| {
        let (inventory, _) = read_seen(vec![sighting], &[("apps.json", apps.clone())]);
        assert_eq!(inventory.credentials.len(), 3, "nothing merges");
        assert!(!serde_json::to_string(&inventory).unwrap().contains("hint\":"), "the hint is let go");
        inventory.links.iter().map(|l| format!("{} {}", l.confidence.as_str(), l.to)).collect::<Vec<_>>()
    };
    let (first, app) = (format!("azure:app-secret:{}", guid('e', 1)), format!("azure:app:{}", guid('c', 1)));
    assert_eq!(
        links(leaked("abc1… (40 chars)", Some(guid('c', 1)))),
        [format!("high {first}"), format!("medium {app}")]
    );
    assert_eq!(links(leaked("zzz1… (40 chars)", Some(guid('c', 1)))), [format!("medium {app}")]);
    assert_eq!(links(leaked("abc1… (40 chars)", None)), [format!("low {first}")]);
    assert!(links(leaked("abc1… (40 chars)", Some(guid('c', 2)))).iter().all(|l| !l.ends_with(&first)));
    assert!(links(leaked("… (12 chars)", None)).is_empty());
}

#[test]
fn accounts_named_as_services_are_told_and_people_are_not_kept() {
    let user = |name: &str, policies: Value| json!({"id": guid('f', 1), "userPrincipalName": name, "accountEnabled": true, "passwordPolicies": policies});
    let with = |row: Value| read_seen(Vec::new(), &[("users.json", json!({"value": [row]}))]);
    let (inventory, assessment) = with(user("svc-backup@acme.example", json!("DisablePasswordExpiration")));
    assert_eq!(
        (inventory.identities.len(), one(&assessment, "NHI10-entra-user-as-service").base_severity),
        (1, Severity::Medium)
    );
    let (_, assessment) = with(user("svc-backup@acme.example", json!(null)));
    assert_eq!(one(&assessment, "NHI10-entra-user-as-service").base_severity, Severity::Low);
    let (inventory, assessment) = with(user("ana@acme.example", json!("DisablePasswordExpiration")));
    assert!(inventory.identities.is_empty() && assessment.findings.is_empty());
    assert_eq!(inventory.formats_read.get("entra-users"), Some(&1));
}

#[test]
fn an_application_that_works_for_people_and_by_itself_is_told_when_it_may_do_much() {
    let check = "NHI10-entra-delegated-use";
    let with = |people: &str, role: &str| {
        let row = json!({"appId": guid('c', 1), "applicationAuthenticationClientSignInActivity": {"lastSignInDateTime": "2026-11-20T00:00:00Z"}, "delegatedClientSignInActivity": {"lastSignInDateTime": people}});
        let files = [
            ("signins.json", json!({"value": [row]})),
            ("sps.json", json!([principal(1, HOME, json!({}))])),
            ("roles.json", json!({"value": [app_role(1, role)]})),
        ];
        told(&read(&files), check)
    };
    assert_eq!(with("2026-11-01T00:00:00Z", MAIL_READ_WRITE), ["low app1 works by itself and is used by people"]);
    assert!(with("2026-01-01T00:00:00Z", MAIL_READ_WRITE).is_empty());
    assert!(with("2026-11-01T00:00:00Z", DIRECTORY_READ).is_empty());
}

#[test]
fn flows_that_are_given_up_are_told_of_entra_and_okta() {
    let check = "NHI4-oauth-implicit";
    let web = |access: bool, id: bool| {
        let settings =
            json!({"implicitGrantSettings": {"enableAccessTokenIssuance": access, "enableIdTokenIssuance": id}});
        told(&read(&[("apps.json", json!([application(1, json!({"web": settings}))]))]), check)
    };
    let title = "app1 allows an OAuth flow that is given up";
    assert!(web(false, false).is_empty());
    assert_eq!(web(false, true), [format!("low {title}")]);
    assert_eq!(web(true, true), [format!("medium {title}")]);
}

fn okta_token(created: &str, window: &str) -> Value {
    json!({"id": "00T1", "name": "terraform", "userId": "00u1", "tokenWindow": window, "created": created, "expiresAt": "2026-12-20T00:00:00.000Z"})
}

#[test]
fn okta_tokens_are_as_old_as_their_creation_whatever_their_end() {
    let check = "NHI7-okta-sliding";
    let with = |created: &str, window: &str| told(&read(&[("t.json", json!([okta_token(created, window)]))]), check);
    assert!(with("2026-08-27T00:00:00Z", "P30D").is_empty(), "90 days");
    assert_eq!(
        with("2026-08-26T00:00:00Z", "P30D"),
        ["medium Okta API token terraform is 91 days old and renews itself by use"]
    );
    assert_eq!(with("2024-01-01T00:00:00Z", "P30D").len(), 1);
    assert!(with("2024-01-01T00:00:00Z", "PT5M").is_empty(), "a browser's");
}

#[test]
fn okta_tokens_of_people_are_told_and_other_people_are_not_kept() {
    let user = |id: &str, login: &str| json!({"id": id, "status": "ACTIVE", "statusChanged": null, "lastLogin": null, "profile": {"login": login, "firstName": "Ana", "lastName": "Doe"}});
    let with = |login: &str| {
        let users = json!([user("00u1", login), user("00u2", "ben@acme.example")]);
        read_seen(Vec::new(), &[("t.json", json!([okta_token("2026-11-01T00:00:00Z", "P30D")])), ("u.json", users)])
    };
    let (inventory, assessment) = with("ana@acme.example");
    assert_eq!(inventory.identities.len(), 1);
    assert_eq!(told(&assessment, "NHI10-okta-token-admin"), ["medium Okta API token terraform is ana@acme.example's"]);
    let (_, assessment) = with("svc-terraform@acme.example");
    assert!(told(&assessment, "NHI10-okta-token-admin").is_empty());
}

#[test]
fn okta_service_apps_with_a_secret_are_told_and_those_with_a_key_are_not() {
    let with = |method: &str, kind: &str| {
        let app = json!({"id": "0oa1", "label": "Sync", "status": "ACTIVE", "signOnMode": "OPENID_CONNECT", "created": "2026-11-01T00:00:00Z",
            "credentials": {"oauthClient": {"client_id": "0oa1", "token_endpoint_auth_method": method}}, "settings": {"oauthClient": {"application_type": kind, "grant_types": ["authorization_code"]}}});
        told(&read(&[("apps.json", json!([app]))]), "NHI7-okta-client-secret")
    };
    assert_eq!(
        with("client_secret_post", "service"),
        ["medium Okta service app Sync authenticates with a client secret"]
    );
    assert!(with("private_key_jwt", "service").is_empty());
    assert!(with("client_secret_post", "web").is_empty(), "a web application of people");
}

#[test]
fn databricks_tokens_are_judged_by_their_end() {
    let with = |end: i64| {
        let token = json!({"token_id": "t", "creation_time": 1_761_955_200_000_i64, "expiry_time": end, "owner_id": "1", "created_by_id": "1", "created_by_username": "ana@acme.example"});
        told(&read(&[("t.json", json!([token]))]), "NHI7-databricks-token")
    };
    let title = "Databricks token of ana@acme.example has a long life";
    assert_eq!(with(-1), [format!("high {title}")]);
    // Made on 2025-11-01.
    assert_eq!(with(1_761_955_200_000 + 390 * 86_400_000), [format!("high {title}")]);
    assert!(with(1_761_955_200_000 + 30 * 86_400_000).is_empty(), "it has ended");
}

/// The ids of identities of one name, whatever stands behind it in brackets.
fn ids_of(inventory: &Inventory, name: &str) -> Vec<String> {
    let named = |i: &&Identity| i.name == name || i.name.starts_with(&format!("{name} ("));
    inventory.identities.iter().filter(named).map(|i| i.id.to_string()).collect()
}

/// The principal of application 1 in another tenant, with its own object id.
fn elsewhere(object: u32) -> Value {
    principal(1, HOME, json!({"id": guid('5', object)}))
}

#[test]
fn an_application_has_one_principal_in_each_tenant_and_they_are_linked_and_not_merged() {
    let files = [
        (
            "home/apps.json",
            json!([application(
                1,
                json!({"passwordCredentials": [secret(1, "2026-11-01T00:00:00Z", "2027-04-01T00:00:00Z")]})
            )]),
        ),
        ("home/sps.json", json!([principal(1, HOME, json!({}))])),
        ("other/sps.json", json!([elsewhere(77)])),
        ("other/roles.json", json!([merged(app_role(1, ROLE_MANAGEMENT), json!({"principalId": guid('5', 77)}))])),
    ];
    let (inventory, _) = read_seen(Vec::new(), &files);
    let (app, other) = (format!("azure:app:{}", guid('c', 1)), format!("azure:principal:{}", guid('5', 77)));
    assert_eq!(ids_of(&inventory, "app1"), [app.clone(), other.clone()]);
    let of = |id: &str| inventory.identities.iter().find(|i| i.id.as_str() == id).unwrap();
    assert!(of(&app).aliases.iter().any(|a| a.as_str().ends_with(&guid('5', 1))), "at home the two are one");
    assert_eq!(of(&other).name, "app1 (other)");
    // Whoever holds the application's secret signs in to the other tenant, too.
    assert_eq!((of(&app).privilege, of(&other).privilege), (Privilege::Admin, Privilege::Admin));
    let grant = inventory.grants.iter().find(|g| g.identity.as_str() == app).unwrap();
    assert!(grant.source.starts_with("service principal of another tenant"), "{}", grant.source);
    let link = inventory.links.iter().find(|l| l.from == app && l.to == other).expect("a link");
    assert_eq!(link.confidence, Confidence::High);
}

#[test]
fn a_vendor_in_two_tenants_is_two_principals_and_in_one_it_is_its_application() {
    let twice = [("a/sps.json", json!([elsewhere(70)])), ("b/sps.json", json!([elsewhere(71)]))];
    let (inventory, _) = read_seen(Vec::new(), &twice);
    assert_eq!(ids_of(&inventory, "app1").len(), 2);
    assert_eq!(inventory.links.len(), 1, "{:?}", inventory.links);
    let mut reversed = twice;
    reversed.reverse();
    assert_eq!(ids_of(&read_seen(Vec::new(), &reversed).0, "app1"), ids_of(&inventory, "app1"));
    let (inventory, _) =
        read_seen(Vec::new(), &[("a/sps.json", json!([elsewhere(70)])), ("b/copy.json", json!([elsewhere(70)]))]);
    assert_eq!(ids_of(&inventory, "app1"), [format!("azure:app:{}", guid('c', 1))]);
    assert_eq!(inventory.links, []);
}

#[test]
fn a_registration_and_the_only_principal_are_two_where_that_was_exported_from_another_tenant() {
    let registered = |n: u32| application(n, json!({}));
    let guest = principal(2, OTHER, json!({}));
    let other = |name: &'static str, more: Value| {
        let files = [
            ("home/apps.json", json!([registered(1)])),
            ("other/sps.json", json!([elsewhere(77), guest.clone()])),
            (name, more),
        ];
        ids_of(&read_seen(Vec::new(), &files).0, "app1")
    };
    let app = format!("azure:app:{}", guid('c', 1));
    let both = [app.clone(), format!("azure:principal:{}", guid('5', 77))];
    // Its own registrations tell whose export it is, or its subscriptions.
    assert_eq!(other("other/apps.json", json!([registered(2)])), both);
    let subscription = |tenant: &str| json!([{"id": guid('a', 1), "name": "acme", "isDefault": true, "tenantId": tenant, "state": "Enabled", "user": {}}]);
    assert_eq!(other("other/subscriptions.json", subscription(OTHER)), both);
    // One tenant exported into two directories; nothing that tells; two tenants in one directory.
    assert_eq!(other("other/subscriptions.json", subscription(HOME)), [app.as_str()]);
    assert_eq!(other("home/sub.json", subscription(HOME)), [app.as_str()]);
    let mixed = json!([
        {"id": guid('a', 1), "name": "acme", "isDefault": true, "tenantId": OTHER, "state": "Enabled", "user": {}},
        {"id": guid('a', 2), "name": "acme2", "isDefault": false, "tenantId": HOME, "state": "Enabled", "user": {}}
    ]);
    assert_eq!(other("other/subscriptions.json", mixed), [app.as_str()]);
}

#[test]
fn sign_ins_of_one_tenant_are_of_the_principal_there_and_what_the_application_holds_works_there() {
    let row = |day: &str| json!([{"appId": guid('c', 1), "lastSignInActivity": {"lastSignInDateTime": format!("{day}T00:00:00Z")}}]);
    let files = [
        (
            "home/apps.json",
            json!([application(
                1,
                json!({"passwordCredentials": [secret(1, "2026-11-01T00:00:00Z", "2027-04-01T00:00:00Z")]})
            )]),
        ),
        ("home/sps.json", json!([principal(1, HOME, json!({}))])),
        ("home/sign-ins.json", row("2026-11-20")),
        ("other/sps.json", json!([elsewhere(77)])),
        ("other/sign-ins.json", row("2026-01-01")),
    ];
    let assessment = read(&files);
    assert_eq!(told(&assessment, "NHI1-entra-sp-idle"), ["high Service principal app1 (other) unused for 328 days"]);
}

/// The names of the terms of a check's only finding.
fn terms_of(assessment: &Assessment, check: &str) -> Vec<String> {
    one(assessment, check).terms.iter().map(|t| t.name.to_string()).collect()
}

#[test]
fn rights_in_production_decide_and_not_the_name_of_the_application() {
    let check = "NHI7-entra-secret-life";
    let subscriptions = json!([{"id": guid('a', 1), "name": "acme-prod", "isDefault": true, "tenantId": HOME, "state": "Enabled", "user": {}},
        {"id": guid('a', 2), "name": "acme-dev", "isDefault": false, "tenantId": HOME, "state": "Enabled", "user": {}}]);
    let with = |scope: u32| {
        let app = application(
            1,
            json!({"displayName": "Billing import Test", "passwordCredentials": [secret(1, "2026-01-01T00:00:00Z", "2028-01-03T00:00:00Z")]}),
        );
        read(&[
            ("apps.json", json!([app])),
            ("sps.json", json!([principal(1, HOME, json!({"displayName": "Billing import Test"}))])),
            ("subscriptions.json", subscriptions.clone()),
            ("roles.json", json!([assignment(1, "Contributor", &format!("/subscriptions/{}", guid('a', scope)))])),
        ])
    };
    let (prod, dev) = (with(1), with(2));
    assert!(terms_of(&prod, check).contains(&"production".to_owned()), "{:?}", one(&prod, check).terms);
    assert!(one(&prod, check).terms.iter().any(|t| t.why.contains("it holds Contributor on subscription")));
    assert!(terms_of(&dev, check).contains(&"not production".to_owned()));
    assert_eq!(one(&prod, check).score - one(&dev, check).score, 14);
}

#[test]
fn wide_rights_in_a_directory_of_which_nothing_tells_the_environment_are_not_softened_by_a_name() {
    let app = application(
        1,
        json!({"displayName": "mail-test", "passwordCredentials": [secret(1, "2026-01-01T00:00:00Z", "2028-01-03T00:00:00Z")]}),
    );
    let files = [
        ("apps.json", json!([app])),
        ("sps.json", json!([principal(1, HOME, json!({"displayName": "mail-test"}))])),
        ("roles.json", json!([app_role(1, ROLE_MANAGEMENT)])),
    ];
    let terms = terms_of(&read(&files), "NHI7-entra-secret-life");
    assert!(
        terms.contains(&"unknown: environment".to_owned()) && !terms.contains(&"not production".to_owned()),
        "{terms:?}"
    );
}
