//! What the checks say of exports of code hosts and services, from their text on.

use super::*;
use crate::doc::Doc;
use crate::formats::{self, Format, HEAD, Input, Out};
use crate::model::{Members, RepoPath};

/// The facts of files, each read by the format that claims it.
pub(super) fn facts(files: &[(&str, &str)]) -> Vec<LocatedFact> {
    let mut facts = Vec::new();
    for (path, text) in files {
        let name = RepoPath::from(*path);
        let head = text.get(..HEAD.min(text.len())).unwrap();
        let format: &Format = formats::of_facts().find(|f| (f.claims)(&name, head)).unwrap_or_else(|| panic!("{path}"));
        let mut keep = |fact: Fact| {
            let line = fact.at().line.unwrap_or_else(|| {
                fact.at().span.map_or(0, |span| text[..span.start].matches('\n').count() as u64 + 1)
            });
            facts.push(LocatedFact { fact, location: at(path, line), format: format.id, sample: false });
        };
        let mut none = |notice| panic!("{path}: {notice:?}");
        let doc: Doc = format.syntax.parse(text).unwrap();
        let input = Input { path: &name, repository: Some("acme/app"), text };
        (format.read)(&input, &doc, &mut Out::new(&mut keep, &mut none));
    }
    facts
}

pub(super) fn read(files: &[(&str, &str)]) -> Assessment {
    judge(Vec::new(), facts(files), None).1
}

pub(super) fn judge(
    seen: Vec<Sighting>,
    facts: Vec<LocatedFact>,
    members: Option<&Members>,
) -> (Inventory, Assessment) {
    let mut inventory = inventory::build(seen, facts, Vec::new());
    let assessment = assess(&mut inventory, &Context { members, ..context() });
    (inventory, assessment)
}

/// Severity, confidence and title of the findings of one check.
pub(super) fn titles(assessment: &Assessment, id: &str) -> Vec<String> {
    let line = |f: &&Finding| format!("{} {} {}", f.base_severity.as_str(), f.confidence.as_str(), f.title);
    let mut out: Vec<String> = of(assessment, id).iter().map(line).collect();
    out.sort();
    out
}

fn public_key(seed: u8) -> String {
    let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[seed; 32]].concat();
    format!("ssh-ed25519 {}", data_encoding::BASE64.encode(&blob))
}

fn deploy_key(id: u8, seed: u8, more: &str) -> String {
    let key = public_key(seed);
    format!(
        "{{\"id\":{id},\"key\":\"{key}\",\"url\":\"https://api.github.com/repos/acme/r{id}/keys/{id}\",\"title\":\"k{id}\",{more}}}"
    )
}

fn list(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

#[test]
fn a_deploy_key_is_stale_after_ninety_days_and_null_counts_less_when_no_key_has_a_date() {
    let row = |id, used: &str, writes: bool| {
        deploy_key(
            id,
            id,
            &format!("\"read_only\":{},\"created_at\":\"2026-01-01T00:00:00Z\",\"last_used\":{used}", !writes),
        )
    };
    let at = |used: &str| format!("\"{used}T00:00:00Z\"");
    let check = "NHI1-gh-deploykey-stale";
    let some = list(&[row(1, &at("2026-08-27"), false), row(2, &at("2026-08-26"), false), row(3, "null", true)]);
    assert_eq!(
        titles(&read(&[("keys.json", &some)]), check),
        ["high high Deploy key k3 of acme/r3 never used", "medium high Deploy key k2 of acme/r2 unused for 91 days"]
    );
    let none = list(&[row(1, "null", false)]);
    assert_eq!(titles(&read(&[("keys.json", &none)]), check), ["medium low Deploy key k1 of acme/r1 never used"]);
    let off = list(&[deploy_key(
        1,
        1,
        "\"read_only\":true,\"created_at\":\"2020-01-01T00:00:00Z\",\"last_used\":null,\"enabled\":false",
    )]);
    assert!(titles(&read(&[("keys.json", &off)]), check).is_empty());
}

#[test]
fn one_key_in_two_repositories_is_shared_and_a_persons_own_in_two_files_is_only_possible() {
    let row = |id, seed| deploy_key(id, seed, "\"read_only\":true,\"created_at\":\"2026-11-01T00:00:00Z\"");
    let check = "NHI9-ssh-key-shared";
    let found = read(&[("keys.json", &list(&[row(1, 1), row(2, 1), row(3, 3)]))]);
    assert_eq!(titles(&found, check), ["medium high One SSH key opens 2 places"]);
    let line = format!("{} ana@laptop\n", public_key(9));
    let found = read(&[("a/authorized_keys", &line), ("b/authorized_keys", &line)]);
    assert_eq!(titles(&found, check), ["medium low One SSH key opens 2 places"]);
    assert!(titles(&read(&[("a/authorized_keys", &line)]), check).is_empty());
    let found = read(&[("a/authorized_keys", &line), ("keys.json", &list(&[row(1, 9)]))]);
    assert_eq!(titles(&found, check), ["medium high One SSH key opens 2 places"]);
}

fn secrets(rows: &[(&str, &str, &str)]) -> String {
    let row = |(name, updated, visibility): &(&str, &str, &str)| {
        let seen = if visibility.is_empty() { String::new() } else { format!(",\"visibility\":\"{visibility}\"") };
        format!(
            "{{\"name\":\"{name}\",\"created_at\":\"2020-01-01T00:00:00Z\",\"updated_at\":\"{updated}T00:00:00Z\"{seen}}}"
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!("{{\"total_count\":{},\"secrets\":{}}}", rows.len(), list(&rows))
}

const WORKFLOW: &str = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: deploy\n        env:\n          T: ${{ secrets.used_token }}\n";

#[test]
fn a_stored_secret_that_no_job_reads_is_told_where_all_readers_are_known() {
    let check = "NHI1-gh-secret-unreferenced";
    let rows = secrets(&[("USED_TOKEN", "2020-01-01", ""), ("OLD", "2026-05-29", ""), ("YOUNG", "2026-05-30", "")]);
    let path = "repos/acme/app/secrets.json";
    let flow = (".github/workflows/a.yml", WORKFLOW);
    let found = read(&[flow, (path, &rows)]);
    assert_eq!(titles(&found, check), Vec::<String>::new(), "180 days to the day");
    let rows = rows.replace("2026-05-29", "2026-05-28");
    let found = read(&[flow, (path, &rows)]);
    assert_eq!(titles(&found, check), ["medium medium No workflow reads the stored secret OLD"]);
    // No workflow at all, one of another repository, a list that does not say whose it is, the organisation's.
    assert!(titles(&read(&[(path, &rows)]), check).is_empty());
    assert!(titles(&read(&[flow, ("repos/acme/else/secrets.json", &rows)]), check).is_empty());
    let found = read(&[flow, ("secrets.json", &rows)]);
    assert_eq!(titles(&found, check), ["medium low No workflow reads the stored secret OLD"]);
    let org = secrets(&[("OLD", "2026-01-01", "private")]);
    assert_eq!(
        titles(&read(&[flow, ("secrets.json", &org)]), check),
        ["medium low No workflow reads the stored secret OLD"]
    );
    // Handed over all at once, or kept for another service.
    let all = WORKFLOW.replace("secrets.used_token", "toJSON(secrets)");
    assert!(titles(&read(&[(".github/workflows/a.yml", &all), (path, &rows)]), check).is_empty());
    assert!(titles(&read(&[flow, ("repos/acme/app/dependabot/secrets.json", &rows)]), check).is_empty());
}

#[test]
fn secrets_for_all_repositories_and_old_ones_are_told() {
    let rows = secrets(&[
        ("DEPLOY_TOKEN", "2025-11-25", "all"),
        ("OTHER", "2025-11-24", "private"),
        ("DOCKER_TOKEN", "2026-11-01", "all"),
    ]);
    let found = read(&[("orgs/acme/secrets.json", &rows)]);
    assert_eq!(
        titles(&found, "NHI9-org-secret-all"),
        [
            "medium high Secret DEPLOY_TOKEN of acme is open to every repository",
            "medium low Secret DOCKER_TOKEN of acme is open to every repository"
        ]
    );
    assert_eq!(
        titles(&found, "NHI7-gh-token"),
        [
            "low medium Stored secret DEPLOY_TOKEN of acme unchanged for 365 days",
            "medium medium Stored secret OTHER of acme unchanged for 366 days"
        ]
    );
}

fn installation(slug: &str, selection: &str, permissions: &str, suspended: &str) -> String {
    format!(
        "{{\"total_count\":1,\"installations\":[{{\"id\":7,\"account\":{{\"login\":\"Acme\"}},\"app_id\":1,\"app_slug\":\"{slug}\",\"repository_selection\":\"{selection}\",\"permissions\":{permissions},\"suspended_at\":{suspended}}}]}}"
    )
}

#[test]
fn an_app_of_others_that_may_write_everywhere_is_told() {
    let check = "NHI3-gh-app-broad";
    let write = "{\"contents\":\"write\",\"metadata\":\"read\"}";
    let all = |text: &str| titles(&read(&[("i.json", text)]), check);
    assert_eq!(
        all(&installation("builder", "all", write, "null")),
        ["high high App builder may change every repository of Acme"]
    );
    for odd in [
        installation("builder", "selected", write, "null"),
        installation("builder", "all", "{\"contents\":\"read\",\"issues\":\"write\"}", "null"),
        installation("acme-release", "all", write, "null"),
        installation("builder", "all", write, "\"2026-01-01T00:00:00Z\""),
    ] {
        assert!(all(&odd).is_empty(), "{odd}");
    }
}

fn pat(id: u32, login: &str, selection: &str, permissions: &str, expires: &str) -> String {
    format!(
        "{{\"id\":{id},\"owner\":{{\"login\":\"{login}\"}},\"repository_selection\":\"{selection}\",\"permissions\":{permissions},\"access_granted_at\":\"2026-01-01T00:00:00Z\",\"token_id\":{id},\"token_name\":\"t{id}\",\"token_expired\":false,\"token_expires_at\":{expires},\"token_last_used_at\":null}}"
    )
}

#[test]
fn fine_grained_tokens_without_end_or_with_all_repositories_are_told() {
    let write = "{\"repository\":{\"contents\":\"write\"}}";
    let end = "\"2027-01-01T00:00:00Z\"";
    let found = read(&[(
        "p.json",
        &list(&[
            pat(1, "ana", "all", write, end),
            pat(2, "ana", "subset", write, "null"),
            pat(3, "ana", "all", "{\"repository\":{\"contents\":\"read\"}}", end),
            pat(4, "ana", "none", "{\"organization\":{\"members\":\"write\"}}", end),
        ]),
    )]);
    assert_eq!(titles(&found, "NHI7-gh-token"), ["medium high GitHub token t2 never expires"]);
    assert_eq!(
        titles(&found, "NHI5-token-scope"),
        [
            "high high GitHub token t4 administers an organisation",
            "medium high GitHub token t1 may write to every repository of the organisation"
        ]
    );
}

fn gitlab(id: u32, more: &str, expires: &str) -> String {
    format!(
        "{{\"id\":{id},\"name\":\"t{id}\",\"user_id\":{id},\"revoked\":false,\"active\":true,\"created_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":{expires},{more}}}"
    )
}

#[test]
fn gitlab_tokens_are_judged_by_end_scope_and_level() {
    let maintainer = "\"access_level\":40,\"scopes\":[\"api\"]";
    let found = read(&[(
        "t.json",
        &list(&[
            gitlab(1, maintainer, "\"2027-11-25\""),
            gitlab(2, maintainer, "\"2027-11-26\""),
            gitlab(3, "\"access_level\":30,\"scopes\":[\"api\"]", "null"),
            gitlab(4, "\"scopes\":[\"sudo\"]", "\"2026-12-01\""),
            gitlab(5, maintainer, "\"2026-11-01\""),
        ]),
    )]);
    assert_eq!(
        titles(&found, "NHI7-gl-token"),
        [
            "low high GitLab token t1 lives 693 days",
            "low high GitLab token t4 lives 334 days",
            "medium high GitLab token t2 works for 366 days more",
            "medium high GitLab token t3 never expires"
        ]
    );
    assert_eq!(
        titles(&found, "NHI5-token-scope"),
        [
            "high high GitLab token t4 may act as any user or administrator (sudo)",
            "medium high GitLab token t1 may do by the API whatever a maintainer may",
            "medium high GitLab token t2 may do by the API whatever a maintainer may",
        ]
    );
}

#[test]
fn variables_for_all_environments_are_told_when_they_are_credentials() {
    let row = |name: &str, scope: &str, protected: bool, masked: bool| {
        format!(
            "{{\"key\":\"{name}\",\"value\":\"x\",\"variable_type\":\"env_var\",\"protected\":{protected},\"masked\":{masked},\"environment_scope\":\"{scope}\"}}"
        )
    };
    let found = read(&[(
        "projects/4/v.json",
        &list(&[
            row("PROD_TOKEN", "*", false, true),
            row("PROD_PASSWORD", "*", true, true),
            row("API_TOKEN", "*", false, false),
            row("PROD_SECRET", "production", false, true),
            row("STAGING_TOKEN", "*", true, true),
            row("LOG_LEVEL", "*", false, false),
        ]),
    )]);
    assert_eq!(
        titles(&found, "NHI8-gl-var-scope"),
        [
            "high high Variable PROD_TOKEN of project 4 is given to jobs of every branch",
            "medium high Variable PROD_PASSWORD of project 4 is given to jobs of every environment",
            "medium medium Variable API_TOKEN of project 4 is given to jobs of every branch",
        ]
    );
}

#[test]
fn admin_keys_of_ai_services_are_told_and_project_keys_among_them_are_not() {
    let row = |id: &str, kind: &str, role: &str| {
        format!(
            "{{\"object\":\"organization.admin_api_key\",\"id\":\"{id}\",\"name\":\"{id}\",\"redacted_value\":\"sk-admin...def\",\"created_at\":1711471533,\"owner\":{{\"type\":\"{kind}\",\"id\":\"u-{id}\",\"role\":\"{role}\"}}}}"
        )
    };
    let text = format!("{{\"data\":{}}}", list(&[row("a", "user", "owner"), row("b", "service_account", "member")]));
    assert_eq!(
        titles(&read(&[("k.json", &text)]), "NHI5-token-scope"),
        ["high high OpenAI key a administers the organisation"]
    );
}

#[test]
fn owners_who_left_are_told_exactly_and_codeowners_stand_in_for_those_that_nothing_names() {
    let members = Members::parse("ana\nbo@example.com").unwrap();
    let check = "NHI1-owner-left";
    let write = "{\"repository\":{\"contents\":\"read\"}}";
    let end = "\"2027-01-01T00:00:00Z\"";
    let pats = list(&[pat(1, "ana", "subset", write, end), pat(2, "Zed", "subset", write, end)]);
    let flow = (".github/workflows/a.yml", WORKFLOW);
    for (owners, want) in [
        ("* @ana", vec!["high high t2 belongs to Zed, who has left"]),
        (
            "* @zed @cy",
            vec![
                "high high t2 belongs to Zed, who has left",
                "medium high a.yml / a is owned by @cy @zed, who has left",
            ],
        ),
        // Somebody of those named is there, a team cannot be told, the last line takes the owner away.
        ("* @zed @ana", vec!["high high t2 belongs to Zed, who has left"]),
        ("* @zed @acme/team", vec!["high high t2 belongs to Zed, who has left"]),
        ("* @zed\n.github/", vec!["high high t2 belongs to Zed, who has left"]),
    ] {
        let files = [flow, ("pats.json", pats.as_str()), ("CODEOWNERS", owners)];
        let (inventory, found) = judge(Vec::new(), facts(&files), Some(&members));
        assert_eq!(titles(&found, check), want, "{owners}");
        let score = |name: &str| inventory.identities.iter().find(|i| i.name == name).unwrap().score.clone().unwrap();
        assert_eq!(score("t2").factors["activity"], 1000, "an owner who left is as bad as no use at all");
        assert!(score("t1").factors["activity"] < 1000);
    }
    let (_, found) = judge(Vec::new(), facts(&[flow, ("pats.json", &pats)]), None);
    assert!(titles(&found, check).is_empty(), "without a list nobody has left");
}

#[test]
fn who_brought_a_value_in_counts_by_address_only() {
    let members = Members::parse("bo@example.com").unwrap();
    let by = |author: &str| {
        let mut s = seen("r", "f", "a.py", 1);
        s.location.author = Some(author.to_owned());
        s.location.time = Some("2026-01-01T00:00:00Z".parse().unwrap());
        titles(&judge(vec![s], Vec::new(), Some(&members)).1, "NHI1-owner-left").len()
    };
    for (author, want) in [
        ("Cy <cy@example.com>", 1),
        ("Bo <BO@example.com>", 0),
        ("Cy Li", 0),
        ("renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>", 0),
    ] {
        assert_eq!(by(author), want, "{author}");
    }
}

/// A token's row as the scan hands it on, with the run's key over its hash.
fn audited(id: &str, token_id: Option<&str>, last: &str) -> Vec<LocatedFact> {
    let key = IdentityKey::new("github", "token", id);
    let mut who = IdentityFact::new(key.clone(), IdentityKind::UserToken, "github", "token of ana");
    who.aliases.extend(token_id.map(|id| IdentityKey::new("github", "pat", id)));
    let mut f = CredentialFact::new(format!("github:token:{id}"), "github-pat-classic", "github");
    f.identity = Some(key);
    f.last_used = When::parse(last);
    f.as_of = When::parse("2026-11-20");
    f.attributes.insert("events".to_owned(), "3".to_owned());
    f.attributes.insert("actor".to_owned(), "ana".to_owned());
    if let Some(id) = token_id {
        f.attributes.insert("token_id".to_owned(), id.to_owned());
    }
    vec![
        fact("github-audit-log", Fact::Identity(At::default(), who)),
        fact("github-audit-log", Fact::Credential(At::default(), f)),
    ]
}

fn past(listed: &str) -> Sighting {
    let mut s = seen("github-pat-classic", "f", "a.py", 1);
    s.provider = "github".to_owned();
    s.listed = Some(format!("github:token:{listed}"));
    s.location.in_head = false;
    s.location.commit = Some("c".repeat(40));
    s.location.time = Some("2026-06-01T00:00:00Z".parse().unwrap());
    s
}

#[test]
fn a_removed_token_that_a_log_or_a_list_shows_alive_is_not_revoked() {
    let check = "NHI1-removed-not-revoked";
    let told = |facts: Vec<LocatedFact>| titles(&judge(vec![past("h")], facts, None).1, check);
    assert_eq!(
        told(audited("h", None, "2026-11-14")),
        ["critical high Token was removed from the files and still acts"]
    );
    assert!(told(audited("h", None, "2026-11-12")).is_empty(), "more than a week before the log ends");
    assert!(told(audited("other", None, "2026-11-20")).is_empty());
    // The log joins the value with the list, which says that it is enabled.
    let listed = facts(&[("p.json", &list(&[pat(5, "ana", "subset", "{}", "\"2027-01-01T00:00:00Z\"")]))]);
    let all = [audited("h", Some("5"), "2026-09-01"), listed].concat();
    let (inventory, found) = judge(vec![past("h")], all, None);
    assert_eq!(
        titles(&found, check),
        ["critical confirmed A credential of t5 was removed from the files but is still active"]
    );
    assert_eq!(inventory.credentials.len(), 1, "one credential of three inputs");
    assert_eq!(inventory.credentials[0].attributes["token_name"], "t5");
    assert_eq!(inventory.identities.len(), 1);
}

#[test]
fn a_number_that_two_tokens_bore_joins_neither() {
    let listed = facts(&[("p.json", &list(&[pat(5, "ana", "subset", "{}", "null")]))]);
    let all = [audited("h", Some("5"), "2026-09-01"), audited("i", Some("5"), "2026-09-02"), listed].concat();
    let (inventory, _) = judge(Vec::new(), all, None);
    assert_eq!(inventory.credentials.len(), 3);
    assert_eq!(inventory.links.len(), 2);
}

#[test]
fn a_removed_gitlab_token_is_told_by_its_bots_only_active_one_of_that_age() {
    let rows = |made: &str, more: &str| {
        let row =
            gitlab(7, "\"access_level\":40,\"scopes\":[\"read_api\"]", "\"2027-01-01\"").replace("2026-01-01", made);
        facts(&[("t.json", &format!("[{row}{more}]"))])
    };
    let told = |facts: Vec<LocatedFact>| {
        let mut s = past("unused");
        (s.listed, s.provider) = (None, "gitlab".to_owned());
        s.proof.identity = Some(IdentityHint {
            key: IdentityKey::new("gitlab", "user-id", "7"),
            kind: IdentityKind::Bot,
            provider: "gitlab".to_owned(),
            name: "bot".to_owned(),
            account: None,
        });
        titles(&judge(vec![s], facts, None).1, "NHI1-removed-not-revoked")
    };
    assert_eq!(told(rows("2026-05-31", "")).len(), 1);
    assert!(told(rows("2026-06-02", "")).is_empty(), "made after the commit: it replaced the one that was removed");
    let second =
        gitlab(8, "\"access_level\":40,\"scopes\":[\"read_api\"]", "null").replace("\"user_id\":8", "\"user_id\":7");
    assert!(told(rows("2026-05-31", &format!(",{second}"))).is_empty(), "which of two it is cannot be told");
}

#[test]
fn listed_keys_that_begin_and_end_like_a_value_are_linked_and_never_merged() {
    let mut s = seen("anthropic-api-key", "f", "a.py", 1);
    s.provider = "anthropic".to_owned();
    let ends =
        |tail: &[u8]| Some((crate::model::Secret::new(b"sk-ant-api03-R2D22222222"), crate::model::Secret::new(tail)));
    s.ends = ends(b"00igAA");
    let text = "{\"data\":[{\"id\":\"apikey_1\",\"type\":\"api_key\",\"name\":\"n\",\"partial_key_hint\":\"sk-ant-api03-R2D...igAA\",\"status\":\"active\"}]}";
    let (inventory, _) = judge(vec![s.clone()], facts(&[("k.json", text)]), None);
    let links: Vec<(&str, &str)> = inventory.links.iter().map(|l| (l.from.as_str(), l.to.as_str())).collect();
    assert_eq!(links, [("secret:f", "anthropic:key:apikey_1")]);
    assert_eq!(inventory.credentials.len(), 2);
    assert!(!serde_json::to_string(&inventory).unwrap().contains("igAA"), "what the list shows is not kept");
    s.ends = ends(b"00igAB");
    assert!(judge(vec![s], facts(&[("k.json", text)]), None).0.links.is_empty());
}

#[test]
fn limits_of_the_policy_hold_for_code_hosts_and_databases_too() {
    use crate::model::{Limits, Suppression};
    struct Strict(Limits);
    impl crate::assess::Policy for Strict {
        fn runs(&self, _: &str) -> bool {
            true
        }
        fn shows(&self, _: Confidence) -> bool {
            true
        }
        fn accepts(&self, _: &Finding, _: Option<&Identity>) -> Option<Suppression> {
            None
        }
        fn limits(&self) -> Limits {
            self.0
        }
    }
    let gitlab = list(&[gitlab(1, "\"access_level\":40,\"scopes\":[\"api\"]", "\"2026-12-31\"")]);
    let secrets = secrets(&[("DEPLOY_TOKEN", "2026-10-01", "all")]);
    let files = [("t.json", gitlab.as_str()), ("orgs/acme/secrets.json", secrets.as_str())];
    let with = |limits: Limits| {
        let mut inventory = inventory::build(Vec::new(), facts(&files), Vec::new());
        let found = assess(&mut inventory, &Context { policy: &Strict(limits), ..context() });
        [titles(&found, "NHI7-gl-token"), titles(&found, "NHI7-gh-token")].concat()
    };
    let strict = with(Limits { key_age: 30, secret_life: 30, ..Limits::default() });
    assert_eq!(
        strict,
        [
            "low high GitLab token t1 lives 364 days",
            "low medium Stored secret DEPLOY_TOKEN of acme unchanged for 55 days"
        ]
    );
    assert_eq!(with(Limits { key_age: 400, secret_life: 400, ..Limits::default() }), [""; 0]);
}
