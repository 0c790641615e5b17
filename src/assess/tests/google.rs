//! What the checks say of Google Cloud's exports, from their text on.

use super::*;
use crate::doc::Doc;
use crate::formats::{self, HEAD, Input, Out};
use crate::model::RepoPath;

/// Facts of exports and of files of a repository, as a scan gathers them.
pub(super) fn facts(files: &[(&str, &str)]) -> Vec<LocatedFact> {
    let mut facts = Vec::new();
    for (path, text) in files {
        let name = RepoPath::from(*path);
        let head = &text[..HEAD.min(text.len())];
        let format =
            formats::of_facts().find(|format| (format.claims)(&name, head)).unwrap_or_else(|| panic!("{path}"));
        let doc: Doc = format.syntax.parse(text).unwrap();
        let mut keep = |fact: Fact| {
            let line = fact.at().line.unwrap_or_else(|| {
                fact.at().span.map_or(0, |span| text[..span.start].matches('\n').count() as u64 + 1)
            });
            facts.push(LocatedFact { fact, location: super::at(path, line), format: format.id, sample: false });
        };
        let mut none = |notice| panic!("{path} {notice:?}");
        let input = Input { path: &name, repository: Some("acme/app"), text };
        (format.read)(&input, &doc, &mut Out::new(&mut keep, &mut none));
    }
    facts
}

/// Ids, severities and titles of the findings, sorted.
fn ids(files: &[(&str, &str)]) -> Vec<String> {
    let findings = super::run(Vec::new(), facts(files)).1.findings;
    let mut out: Vec<String> =
        findings.iter().map(|f| format!("{} {} {}", f.id, f.base_severity.as_str(), f.title)).collect();
    out.sort();
    out
}

/// Those of one check, without its id.
pub(super) fn of(check: &str, files: &[(&str, &str)]) -> Vec<String> {
    ids(files).iter().filter_map(|line| line.strip_prefix(check)?.strip_prefix(' ').map(str::to_owned)).collect()
}

fn policy(bindings: &[(&str, &str)]) -> String {
    let all: Vec<String> = bindings
        .iter()
        .map(|(role, member)| format!("{{\"role\": \"roles/{role}\", \"members\": [\"{member}\"]}}"))
        .collect();
    format!("{{\"bindings\": [{}]}}", all.join(",\n"))
}

fn email(name: &str, project: &str) -> String {
    format!("{name}@{project}.iam.gserviceaccount.com")
}

fn member(name: &str, project: &str) -> String {
    format!("serviceAccount:{}", email(name, project))
}

fn account(name: &str, project: &str, disabled: bool) -> String {
    let email = email(name, project);
    format!(
        "[{{\"email\": \"{email}\", \"name\": \"projects/{project}/serviceAccounts/{email}\", \"projectId\": \"{project}\", \
         \"uniqueId\": \"100000000000000000001\", \"disabled\": {disabled}}}]"
    )
}

fn key(kind: &str, after: &str, before: &str, disabled: bool) -> String {
    let email = email("deploy", "acme-tools");
    format!(
        "[{{\"name\": \"projects/acme-tools/serviceAccounts/{email}/keys/{:040}\", \"keyType\": \"{kind}\", \
         \"keyOrigin\": \"GOOGLE_PROVIDED\", \"validAfterTime\": \"{after}T00:00:00Z\", \
         \"validBeforeTime\": \"{before}T23:59:59Z\", \"disabled\": {disabled}}}]",
        7
    )
}

#[test]
fn keys_without_end_and_old_ones_are_told_and_those_that_google_keeps_are_not() {
    let told = |kind: &str, after: &str, before: &str, disabled: bool| {
        let all = of("NHI7-gcp-key-noexpiry", &[("keys.json", &key(kind, after, before, disabled))]);
        all.first().cloned().unwrap_or_default()
    };
    let (user, never) = ("USER_MANAGED", "9999-12-31");
    assert!(told(user, "2026-11-24", never, false).starts_with("medium Key of deploy@acme-tools"));
    assert!(told(user, "2025-11-24", never, false).starts_with("high"), "a year and a day old");
    assert!(told(user, "2025-11-25", never, false).starts_with("medium"), "a year old");
    // 2026-08-27 is 90 days before the run.
    assert_eq!(told(user, "2026-08-27", "2027-08-27", false), "");
    assert!(told(user, "2026-08-26", "2027-08-26", false).starts_with("medium"));
    assert!(told(user, "2020-01-01", never, true).starts_with("low"));
    assert_eq!(told(user, "2020-01-01", "2021-01-01", false), "", "it has expired");
    assert_eq!(told("SYSTEM_MANAGED", "2020-01-01", never, false), "");
}

#[test]
fn a_disabled_account_is_told_when_it_keeps_rights_or_keys() {
    let check = "NHI1-gcp-disabled-sa-live-grant";
    let (off, on) = (account("deploy", "acme-tools", true), account("deploy", "acme-tools", false));
    let rights = policy(&[("run.admin", &member("deploy", "acme-tools"))]);
    let keys = key("USER_MANAGED", "2026-11-01", "2027-01-01", false);
    let named = email("deploy", "acme-tools");
    assert_eq!(
        of(check, &[("sa.json", &off), ("iam-policy-acme-tools.json", &rights), ("keys.json", &keys)]),
        [format!("medium {named} is disabled and keeps its rights and keys")]
    );
    assert_eq!(
        of(check, &[("sa.json", &off), ("keys.json", &keys)]),
        [format!("medium {named} is disabled and keeps its keys")]
    );
    assert!(of(check, &[("sa.json", &off)]).is_empty());
    assert!(of(check, &[("sa.json", &on), ("iam-policy-acme-tools.json", &rights), ("keys.json", &keys)]).is_empty());
    assert!(of(check, &[("iam-policy-acme-tools.json", &rights)]).is_empty(), "nothing says that it is disabled");
}

#[test]
fn deleted_members_are_told_once_for_each_policy() {
    let gone = "deleted:serviceAccount:x@acme-tools.iam.gserviceaccount.com?uid=1";
    let text = policy(&[("run.admin", gone), ("viewer", gone), ("viewer", "deleted:user:a@acme.example?uid=2")]);
    assert_eq!(
        of("NHI1-gcp-deleted-member", &[("iam-policy-acme-tools.json", &text)]),
        ["low The policy of project acme-tools still binds deleted identities"]
    );
}

#[test]
fn wide_roles_of_exports_are_told_as_those_of_code_are() {
    let file = "iam-policy-acme-tools.json";
    let one = |role: &str, who: &str| ids(&[(file, &policy(&[(role, who)]))]);
    let ci = member("ci", "acme-tools");
    assert_eq!(
        one("owner", &ci),
        [format!("NHI5-gcp-primitive high {} owns or edits a whole project", email("ci", "acme-tools"))]
    );
    assert!(one("resourcemanager.projectIamAdmin", &ci)[0].ends_with("can make itself owner of a project"));
    assert!(one("iam.serviceAccountTokenCreator", &ci)[0].starts_with("NHI5-gcp-impersonate high"));
    let default = one("editor", "serviceAccount:345678901234-compute@developer.gserviceaccount.com");
    assert!(default[0].starts_with("NHI5-gcp-primitive high"), "{default:?}");
    assert!(default[0].contains("the default account of Compute Engine"), "{default:?}");
    assert!(default[1].starts_with("NHI9-gcp-default-sa medium Whatever names no account"), "{default:?}");
    let agent = one("editor", "serviceAccount:345678901234@cloudservices.gserviceaccount.com");
    assert!(agent[0].contains("an account of Google's own services"), "{agent:?}");
    for (role, who) in [
        ("run.admin", ci.as_str()),
        ("pubsub.serviceAgent", "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"),
        ("owner", "user:ana@acme.example"),
        ("editor", "projectEditor:acme-tools"),
    ] {
        assert!(one(role, who).is_empty(), "{role} {who}");
    }
    // What it is of is told by its roles alone.
    assert!(ids(&[("policy.json", &policy(&[("editor", &ci)]))])[0].starts_with("NHI5-gcp-primitive high"));
}

#[test]
fn acting_as_an_account_that_can_do_more_is_told_with_the_chain() {
    let project = policy(&[("owner", &member("deploy", "acme-tools"))]);
    let own = policy(&[("iam.serviceAccountTokenCreator", &member("ci", "acme-tools"))]);
    let file = format!("{}.json", email("deploy", "acme-tools"));
    let all = [("iam-policy-acme-tools.json", project.as_str()), (file.as_str(), own.as_str())];
    let (inventory, assessment) = super::run(Vec::new(), facts(&all));
    let finding = assessment.findings.iter().find(|f| f.id == "NHI5-gcp-impersonate").unwrap();
    assert_eq!(finding.base_severity, Severity::Medium);
    let (ci, deploy) = (email("ci", "acme-tools"), email("deploy", "acme-tools"));
    assert_eq!(finding.title, format!("{ci} may act as {deploy}, which can do more"));
    let chain = format!(
        "as {deploy}: roles/owner on project acme-tools by roles/iam.serviceAccountTokenCreator on service account {deploy} → {deploy}"
    );
    assert_eq!(finding.evidence, [chain]);
    let identity = inventory.identities.iter().find(|i| i.name == ci).unwrap();
    assert_eq!(identity.privilege, Privilege::Admin);
    // Without the binding nothing is known of it.
    let alone = super::run(Vec::new(), facts(&all[..1])).0;
    assert!(alone.identities.iter().all(|i| i.name != ci));
}

#[test]
fn rights_across_environments_are_told_by_the_names_of_projects() {
    let check = "NHI8-gcp-cross-project";
    let told = |project: &str, role: &str, home: &str| {
        of(check, &[(&format!("iam-policy-{project}.json"), &policy(&[(role, &member("ci", home))]))])
    };
    let want = format!("high {} of acme-dev has rights in acme-prod", email("ci", "acme-dev"));
    assert_eq!(told("acme-prod", "run.admin", "acme-dev"), [want]);
    assert!(told("acme-prod", "viewer", "acme-dev")[0].starts_with("medium"));
    for (project, home) in
        [("acme-dev", "acme-prod"), ("acme-prod", "acme-cicd"), ("acme-prod", "acme-prod"), ("acme-dev", "acme-test")]
    {
        assert!(told(project, "run.admin", home).is_empty(), "{project} {home}");
    }
}

#[test]
fn people_who_may_act_as_accounts_are_told_and_access_for_a_time_is_not() {
    let check = "NHI10-gcp-human-impersonator";
    let on_project = |role: &str, who: &str| of(check, &[("iam-policy-acme-tools.json", &policy(&[(role, who)]))]);
    assert_eq!(
        on_project("iam.serviceAccountTokenCreator", "group:ops@acme.example"),
        ["high People may act as every service account of project acme-tools"]
    );
    assert!(on_project("iam.serviceAccountUser", "allAuthenticatedUsers")[0].starts_with("critical Anybody may act"));
    assert!(on_project("owner", "user:ana@acme.example").is_empty());
    assert!(on_project("run.admin", "user:ana@acme.example").is_empty());
    assert!(on_project("iam.serviceAccountUser", &member("ci", "acme-tools")).is_empty());
    let file = format!("{}.json", email("deploy", "acme-tools"));
    let one = policy(&[("iam.serviceAccountUser", "user:ana@acme.example")]);
    assert!(of(check, &[(&file, &one)])[0].starts_with("medium People may act as service account deploy@"));
    let timed = one.replace(
        "\"members\"",
        "\"condition\": {\"expression\": \"request.time < timestamp('2026-12-01T00:00:00Z')\"}, \"members\"",
    );
    assert!(of(check, &[(&file, &timed)]).is_empty());
    let code = "resource \"google_project_iam_member\" \"m\" {\n project = \"acme-tools\"\n \
                role = \"roles/iam.serviceAccountUser\"\n member = \"user:ana@acme.example\"\n}";
    assert!(of(check, &[("main.tf", code)])[0].starts_with("high People may act as every service account"));
}

#[test]
fn workloads_on_the_default_account_are_told() {
    let asset = |name: &str, email: &str| {
        format!(
            "{{\"assetType\": \"compute.googleapis.com/Instance\", \
             \"name\": \"//compute.googleapis.com/projects/acme-tools/zones/z/instances/{name}\", \
             \"resource\": {{\"data\": {{\"serviceAccounts\": [{{\"email\": \"{email}\"}}]}}}}}}"
        )
    };
    let default = "345678901234-compute@developer.gserviceaccount.com";
    let both = format!("{}\n{}\n{}", asset("a", default), asset("b", default), asset("c", &email("c", "acme-tools")));
    assert_eq!(
        of("NHI9-gcp-default-sa", &[("assets.jsonl", &both)]),
        ["medium 2 workloads run as the default service account of Compute Engine"]
    );
    let manifest = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: api\n  namespace: web\n  annotations:\n    \
         iam.gke.io/gcp-service-account: {default}\n"
    );
    assert_eq!(
        of("NHI9-gcp-default-sa", &[("sa.yaml", &manifest)]),
        ["medium One workload runs as the default service account of Compute Engine"]
    );
}

const POOL: &str = "projects/345678901234/locations/global/workloadIdentityPools/ci";

fn provider(condition: &str) -> String {
    format!(
        "[{{\"name\": \"{POOL}/providers/github\", \"state\": \"ACTIVE\", \"attributeCondition\": \"{condition}\", \
         \"attributeMapping\": {{\"google.subject\": \"assertion.sub\", \"attribute.repository\": \"assertion.repository\"}}, \
         \"oidc\": {{\"issuerUri\": \"https://token.actions.githubusercontent.com\"}}}}]"
    )
}

fn pool_member(which: &str) -> String {
    let kind = if which.starts_with("subject/") { "principal" } else { "principalSet" };
    policy(&[("iam.workloadIdentityUser", &format!("{kind}://iam.googleapis.com/{POOL}/{which}"))])
}

#[test]
fn pools_of_exports_are_judged_by_their_providers_and_members() {
    let file = format!("{}.json", email("deploy", "acme-tools"));
    let both = |condition: &str, which: &str| ids(&[("p.json", &provider(condition)), (&file, &pool_member(which))]);
    let open = both("", "*");
    assert!(open[0].starts_with("NHI6-gcp-principalset-all high"), "{open:?}");
    assert!(open[1].starts_with("NHI6-gcp-wif-open critical github of pool ci lets everybody"), "{open:?}");
    assert!(both("", "attribute.repository/acme/app")[0].starts_with("NHI6-gcp-wif-open medium"));
    assert!(both("assertion.repository == 'acme/app'", "attribute.repository/acme/app").is_empty());
    let closed = both("assertion.repository_id == '42'", "*");
    assert!(closed.len() == 1 && closed[0].starts_with("NHI6-gcp-principalset-all medium"), "{closed:?}");
    let off = format!("[{{\"name\": \"{POOL}\", \"state\": \"ACTIVE\", \"disabled\": true}}]");
    let files = [("p.json", provider("")), ("pools.json", off), (file.as_str(), pool_member("*"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert!(ids(&files).is_empty());
}

fn workflow() -> String {
    format!(
        "on: {{push: {{branches: [main]}}}}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    permissions: {{id-token: write, \
         contents: read}}\n    steps:\n    - uses: google-github-actions/auth@0123456789012345678901234567890123456789\n      with:\n        \
         workload_identity_provider: {POOL}/providers/github\n        service_account: {}\n",
        email("Deploy", "acme-tools")
    )
}

fn verdict(files: &[(&str, &str)]) -> String {
    let inventory = super::run(Vec::new(), facts(files)).0;
    let usage = inventory.usages.iter().find(|usage| usage.provider == "gcp").expect("a usage");
    usage.attributes.get("assumes").cloned().unwrap_or_default()
}

#[test]
fn a_job_is_held_against_the_pool_and_the_policy_of_its_account() {
    let file = format!("{}.json", email("deploy", "acme-tools"));
    let workflow = workflow();
    let job = (".github/workflows/deploy.yml", workflow.as_str());
    let told =
        |condition: &str, which: &str| verdict(&[job, ("p.json", &provider(condition)), (&file, &pool_member(which))]);
    let yes = told("assertion.repository_owner == 'acme'", "attribute.repository/acme/app");
    assert!(yes.starts_with("yes: the service account asks for its repository"), "{yes}");
    let no = told("", "attribute.repository/acme/other");
    assert!(no.starts_with("no: its repository is acme/app, the service account takes acme/other"), "{no}");
    let no = told("assertion.repository_owner == 'other'", "*");
    assert!(no.starts_with("no: its repository_owner is acme"), "{no}");
    assert!(told("assertion.ref == 'refs/heads/main'", "attribute.repository/acme/app").starts_with("maybe"));
    assert!(told("", "subject/repo:acme/app:ref:refs/heads/main").starts_with("yes"));
    assert!(told("", "subject/repo:acme/app:environment:prod").starts_with("no"));
    // Without the provider the audience tells which pool it is.
    assert!(verdict(&[job, (&file, &pool_member("attribute.repository/acme/app"))]).starts_with("yes"));
    assert_eq!(verdict(&[job]), "");
    // A binding on the project may let in what the account's own policy does not.
    let wide = pool_member("attribute.repository/acme/app");
    let other = pool_member("attribute.repository/acme/other");
    assert_eq!(verdict(&[job, ("iam-policy-acme-tools.json", &wide), (&file, &other)]), "");
    let refused = of("NHI6-role-refuses-job", &[job, ("p.json", &provider("")), (&file, &other)]);
    assert_eq!(refused, ["low deploy.yml / deploy names a service account that does not let it in"]);
}

#[test]
fn a_service_account_of_a_cluster_is_held_against_the_policy_that_it_names() {
    let manifest = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: api\n  namespace: web\n  annotations:\n    \
         iam.gke.io/gcp-service-account: {}\n",
        email("deploy", "acme-tools")
    );
    let file = format!("{}.json", email("deploy", "acme-tools"));
    let own = |account: &str| {
        policy(&[("iam.workloadIdentityUser", &format!("serviceAccount:acme-tools.svc.id.goog[{account}]"))])
    };
    let told = |account: &str| verdict(&[("sa.yaml", &manifest), (&file, &own(account))]);
    assert!(told("web/api").starts_with("yes: it comes as system:serviceaccount:web:api"), "{}", told("web/api"));
    assert!(told("web/other").starts_with("no"));
    // It then has the rights of the account, too.
    let project = policy(&[("owner", &member("deploy", "acme-tools"))]);
    let bound = own("web/api");
    let files = [("sa.yaml", manifest.as_str()), (&file, &bound), ("iam-policy-acme-tools.json", &project)];
    let inventory = super::run(Vec::new(), facts(&files)).0;
    let api = inventory.identities.iter().find(|i| i.id.as_str() == "kubernetes:service-account:web/api").unwrap();
    assert_eq!(api.privilege, Privilege::Admin);
}

#[test]
fn a_leaked_key_that_was_taken_out_and_is_still_listed_is_told() {
    let id = format!("{:040}", 7);
    let mut leaked = seen("google-service-account-key", "f", "key.json", 1);
    leaked.provider = "google".to_owned();
    leaked.proof.attributes.insert("key_id".to_owned(), id.clone());
    leaked.location.in_head = false;
    leaked.location.commit = Some("0123456789abcdef".to_owned());
    let listed = key("USER_MANAGED", "2026-11-01", "2027-01-01", false);
    let of = |sightings, listed: &str| {
        let (inventory, assessment) = super::run(sightings, facts(&[("keys.json", listed)]));
        assert_eq!(inventory.credentials.len(), 1);
        assessment.findings.iter().any(|f| f.id == "NHI1-removed-not-revoked")
    };
    assert!(of(vec![leaked.clone()], &listed));
    assert!(!of(vec![leaked.clone()], &listed.replace("\"disabled\": false", "\"disabled\": true")));
}
