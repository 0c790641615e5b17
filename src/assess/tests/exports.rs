//! What the checks say of exports of clusters, states, vaults and databases, from their text on.

use super::*;
use crate::doc::Doc;
use crate::formats::{self, Format, Input, Out};
use crate::model::RepoPath;

fn located(files: &[(&str, &str, &str)]) -> Vec<LocatedFact> {
    let mut facts = Vec::new();
    for (id, path, text) in files {
        let format: &Format = formats::of_facts().find(|format| format.id == *id).unwrap();
        let name = RepoPath::from(*path);
        let mut keep = |fact: Fact| {
            let line = fact.at().span.map_or(0, |span| text[..span.start].matches('\n').count() as u64 + 1);
            facts.push(LocatedFact { fact, location: at(path, line), format: format.id, sample: false });
        };
        let mut none = |notice| panic!("{notice:?}");
        let input = Input { path: &name, repository: None, text };
        (format.read)(&input, &Doc::default(), &mut Out::new(&mut keep, &mut none));
    }
    facts
}

/// Severities and titles of one check's findings, in the order of their titles.
fn told(check: &str, files: &[(&str, &str, &str)]) -> Vec<String> {
    let findings = run(Vec::new(), located(files)).1.findings;
    let mut out: Vec<String> = findings
        .iter()
        .filter(|f| f.id == check)
        .map(|f| format!("{} {}", f.base_severity.as_str(), f.title))
        .collect();
    out.sort();
    out
}

fn list(items: &[String]) -> String {
    format!("{{\"apiVersion\":\"v1\",\"items\":[{}],\"kind\":\"List\"}}", items.join(","))
}

fn metadata(namespace: &str, name: &str, rest: &str) -> String {
    format!("\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"{namespace}\",\"uid\":\"u-{namespace}-{name}\"{rest}}}")
}

fn account(namespace: &str, name: &str) -> String {
    format!("{{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\",{}}}", metadata(namespace, name, ""))
}

fn binding(namespace: &str, name: &str, account: &str, role: &str) -> String {
    let meta = metadata(namespace, name, "");
    format!(
        "{{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"RoleBinding\",{meta},\
         \"roleRef\":{{\"kind\":\"ClusterRole\",\"name\":\"{role}\"}},\
         \"subjects\":[{{\"kind\":\"ServiceAccount\",\"name\":\"{account}\",\"namespace\":\"{namespace}\"}}]}}"
    )
}

fn pod(namespace: &str, name: &str, account: &str, owner: &str) -> String {
    let owner = match owner {
        "" => String::new(),
        owner => format!(
            ",\"ownerReferences\":[{{\"kind\":\"StatefulSet\",\"name\":\"{owner}\",\"uid\":\"o-{owner}\",\"controller\":true}}]"
        ),
    };
    let meta = metadata(namespace, name, &owner);
    format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",{meta},\"spec\":{{\"serviceAccountName\":\"{account}\"}}}}")
}

#[test]
fn an_account_with_rights_that_no_pod_names_is_an_orphan_where_pods_are_exported() {
    let check = "NHI1-k8s-orphan-sa";
    let rights = vec![
        account("shop", "old"),
        account("shop", "api"),
        binding("shop", "a", "old", "edit"),
        binding("shop", "b", "api", "view"),
    ];
    let read = |items: &[String]| told(check, &[("kubernetes-export", "e/all.json", &list(items))]);
    assert!(read(&rights).is_empty(), "without pods nothing can be told");
    let mut with_pods = rights.clone();
    with_pods.push(pod("shop", "api-0", "api", "api"));
    assert_eq!(read(&with_pods), ["medium shop/old has rights and nothing runs as it"]);
    let mut used = with_pods.clone();
    used.push(format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/service-account-token\",{}}}",
        metadata(
            "shop",
            "t",
            ",\"labels\":{\"kubernetes.io/legacy-token-last-used\":\"2026-10-20\"},\
             \"annotations\":{\"kubernetes.io/service-account.name\":\"old\"}"
        )
    ));
    assert!(read(&used).is_empty(), "somebody outside uses its token");
    let own = [
        account("kube-system", "job-controller"),
        binding("kube-system", "x", "job-controller", "edit"),
        pod("shop", "a", "api", ""),
    ];
    assert!(read(&own).is_empty(), "the cluster's own controllers run in no pod");
}

#[test]
fn a_binding_of_an_exported_namespace_dangles_when_its_account_is_in_no_file_of_the_directory() {
    let accounts = list(&[account("shop", "default"), account("shop", "api")]);
    let bindings = list(&[binding("shop", "a", "api", "view"), binding("shop", "b", "gone", "view")]);
    let files =
        [("kubernetes-export", "e/sa.json", accounts.as_str()), ("kubernetes-export", "e/rb.json", bindings.as_str())];
    assert_eq!(told("NHI1-k8s-dangling-binding", &files), ["high shop/gone has rights and does not exist"]);
}

#[test]
fn pods_of_one_controller_are_one_workload_and_those_of_two_share_their_account() {
    let check = "NHI9-k8s-shared-sa";
    let base = [account("shop", "api"), binding("shop", "a", "api", "view")];
    let with = |pods: &[String]| {
        let items: Vec<String> = base.iter().chain(pods).cloned().collect();
        told(check, &[("kubernetes-export", "e/all.json", &list(&items))])
    };
    assert!(with(&[pod("shop", "web-0", "api", "web"), pod("shop", "web-1", "api", "web")]).is_empty());
    let two = with(&[pod("shop", "web-0", "api", "web"), pod("shop", "db-0", "api", "db")]);
    assert_eq!(two, ["medium 2 workloads run as shop/api"]);
}

#[test]
fn rights_join_over_the_files_of_a_directory_and_not_over_clusters() {
    let bindings = list(&[account("shop", "api"), binding("shop", "a", "api", "reads")]);
    let roles = list(&[format!(
        "{{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",{},\
         \"rules\":[{{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"get\"]}}]}}",
        metadata("", "reads", "")
    )]);
    let one =
        [("kubernetes-export", "e/rb.json", bindings.as_str()), ("kubernetes-export", "e/cr.json", roles.as_str())];
    let level = |files: &[(&str, &str, &str)]| {
        let inventory = inventory::build(Vec::new(), located(files), Vec::new());
        inventory.identities.iter().find(|i| i.name.starts_with("shop/api")).unwrap().privilege
    };
    assert_eq!(level(&one), Privilege::ReadScoped);
    let apart = [one[0], ("kubernetes-export", "other/cr.json", roles.as_str())];
    assert_eq!(level(&apart), Privilege::Unknown);
}

fn state(resources: &str) -> String {
    format!(
        "{{\"version\":4,\"terraform_version\":\"1.9.0\",\"serial\":1,\"lineage\":\"l\",\"outputs\":{{}},\"resources\":[{resources}]}}"
    )
}

fn resource(kind: &str, attributes: &str, marked: &str) -> String {
    format!(
        "{{\"mode\":\"managed\",\"type\":\"{kind}\",\"name\":\"x\",\"provider\":\"p\",\"instances\":[{{\"attributes\":{attributes},\
         \"sensitive_attributes\":[{marked}]}}]}}"
    )
}

#[test]
fn a_state_with_secrets_is_one_finding_and_weighs_by_the_worst_of_them() {
    let check = "NHI2-tfstate";
    let read = |resources: &[String]| {
        told(check, &[("terraform-state", "infra/terraform.tfstate", &state(&resources.join(",")))])
    };
    let key = resource("aws_iam_access_key", "{\"id\":\"k\",\"secret\":\"v\"}", "");
    let password = resource("random_password", "{\"result\":\"v\"}", "");
    assert_eq!(read(&[key, password.clone()]), ["critical terraform.tfstate holds 2 secrets in the clear"]);
    assert_eq!(read(&[password]), ["high terraform.tfstate holds a secret in the clear"]);
    let marked = resource("acme_thing", "{\"pin\":\"v\"}", "[{\"type\":\"get_attr\",\"value\":\"pin\"}]");
    assert_eq!(read(&[marked]), ["medium terraform.tfstate holds a secret in the clear"]);
    let encrypted = resource(
        "aws_iam_access_key",
        "{\"id\":\"k\",\"secret\":null,\"encrypted_secret\":\"e\",\"pgp_key\":\"p\"}",
        "",
    );
    assert!(read(&[encrypted]).is_empty());
    assert!(
        read(&[resource("aws_iam_role", "{\"name\":\"r\",\"arn\":\"arn:aws:iam::123456789012:role/r\"}", "")])
            .is_empty()
    );
}

#[test]
fn the_local_state_of_a_module_tells_what_its_files_declare_and_no_other_state_does() {
    let role = state(&resource("aws_iam_role", "{\"name\":\"r\",\"arn\":\"arn:aws:iam::123456789012:role/r\"}", ""));
    let declared = "resource \"aws_iam_role\" \"x\" {\n  assume_role_policy = \"{}\"\n}\n";
    let count = |path: &str| {
        let mut facts = located(&[("terraform-state", path, &role)]);
        let format = formats::of_facts().find(|format| format.id == "terraform").unwrap();
        let name = RepoPath::from("infra/main.tf");
        let doc = crate::formats::Syntax::Hcl.parse(declared).unwrap();
        let mut keep = |fact| {
            facts.push(LocatedFact { fact, location: at("infra/main.tf", 1), format: "terraform", sample: false });
        };
        let input = Input { path: &name, repository: None, text: declared };
        (format.read)(&input, &doc, &mut Out::new(&mut keep, &mut |_| {}));
        inventory::build(Vec::new(), facts, Vec::new()).identities.len()
    };
    assert_eq!(count("infra/terraform.tfstate"), 1);
    for other in ["infra/prod.tfstate", "infra/terraform.tfstate.d/prod/terraform.tfstate", "terraform.tfstate"] {
        assert_eq!(count(other), 2, "{other}");
    }
}

#[test]
fn tokens_of_vault_may_live_ninety_days_and_secret_ids_need_an_end() {
    let role = |rest: &str| format!("{{\"data\":{{\"bind_secret_id\":true,{rest},\"token_policies\":[\"app\"]}}}}");
    let read = |rest: &str| told("NHI7-vault-forever", &[("vault", "v/ci.json", &role(rest))]);
    assert!(read("\"secret_id_ttl\":600,\"secret_id_num_uses\":0,\"token_max_ttl\":7776000").is_empty());
    assert!(read("\"secret_id_ttl\":0,\"secret_id_num_uses\":1,\"token_max_ttl\":0").is_empty());
    assert_eq!(
        read("\"secret_id_ttl\":600,\"secret_id_num_uses\":0,\"token_max_ttl\":7776001"),
        ["medium Tokens of approle/ci live 90 days"]
    );
    assert_eq!(
        read("\"secret_id_ttl\":0,\"secret_id_num_uses\":0"),
        ["medium approle/ci gives secret ids that never end"]
    );
    let root = role("\"secret_id_ttl\":600").replace("app", "root");
    assert_eq!(told("NHI5-vault-root", &[("vault", "v/ci.json", &root)]), ["critical approle/ci has the policy root"]);
}

#[test]
fn logins_of_databases_are_told_by_rights_and_by_their_end() {
    let table = "rolname,rolsuper,rolcreaterole,rolcanlogin,rolvaliduntil,rolbypassrls\n\
                 postgres,t,t,t,,t\napp,t,f,t,,f\nreader,f,f,t,2027-01-01 00:00:00+00,f\nplain,f,f,t,infinity,f\n\
                 owners,t,f,f,,f\n";
    let files = [("postgresql-roles", "pg/roles.csv", table)];
    assert_eq!(told("NHI5-db-super", &files), ["high app has SUPERUSER"]);
    assert_eq!(
        told("NHI7-db-noexpiry", &files),
        ["low The password of plain never ends", "medium The password of app never ends"]
    );
    let users = r#"[{"name":"ETL","type":"LEGACY_SERVICE","disabled":"false","default_role":"ACCOUNTADMIN","has_password":"true","has_rsa_public_key":"false"},
        {"name":"BI","type":"SERVICE","disabled":"false","default_role":"REPORTS","has_password":"false","has_rsa_public_key":"true"},
        {"name":"ANA","type":"PERSON","disabled":"false","default_role":"ACCOUNTADMIN","has_password":"true","has_rsa_public_key":"true"},
        {"name":"OFF","type":"LEGACY_SERVICE","disabled":"true","default_role":"X","has_password":"true","has_rsa_public_key":"true"}]"#;
    let files = [("snowflake", "s/users.json", users)];
    assert_eq!(told("NHI10-snowflake-service-ui", &files), ["medium The service user ETL has a password"]);
    assert_eq!(told("NHI5-db-super", &files), ["high ETL has default role ACCOUNTADMIN"]);
    assert_eq!(told("NHI7-db-noexpiry", &files), ["medium The key pair of BI never ends"]);
    // What NHI10-snowflake-service-ui says is not said twice.
    assert!(told("NHI4-snowflake-password-service", &files).is_empty());
}

#[test]
fn a_snowflake_user_without_a_type_is_a_programs_only_where_something_says_so() {
    let user = |name: &str, role: &str, rest: &str| {
        format!(
            "{{\"name\":\"{name}\",\"disabled\":\"false\",\"default_role\":\"{role}\",\"has_password\":\"true\",\
             \"has_rsa_public_key\":\"false\"{rest}}}"
        )
    };
    let check = |name: &str, role: &str, rest: &str| {
        let users = format!("[{},{}]", user(name, role, rest), user("OTHER", "PUBLIC", ""));
        told("NHI4-snowflake-password-service", &[("snowflake", "s/users.json", &users)])
    };
    let found = ["high The program's user SVC_LOAD logs in with a password"];
    assert_eq!(check("SVC_LOAD", "PUBLIC", ""), found);
    assert_eq!(check("LOAD", "ETL_SERVICE", ""), ["high The program's user LOAD logs in with a password"]);
    assert!(check("JDOE", "ANALYST", "").is_empty());
    assert!(check("SVC_LOAD", "PUBLIC", ",\"network_policy\":\"OFFICE\"").is_empty());
    assert!(check("SVC_LOAD", "PUBLIC", ",\"has_mfa\":\"true\"").is_empty());
    assert!(check("SVC_LOAD", "PUBLIC", ",\"type\":\"PERSON\"").is_empty());
    assert!(check("svc@acme.com", "PUBLIC", "").is_empty());
}

#[test]
fn a_service_accounts_token_in_a_kubeconfig_is_told_outside_of_pipelines() {
    let count = |path: &str, kind: &str| {
        let mut s = seen("kubernetes-kubeconfig-token", "f", path, 1);
        for (name, value) in [("token_type", kind), ("namespace", "shop"), ("service_account", "api")] {
            s.proof.attributes.insert(name.to_owned(), value.to_owned());
        }
        run(vec![s], Vec::new()).1.findings.iter().filter(|f| f.id == "NHI10-k8s-sa-kubeconfig").count()
    };
    assert_eq!(count("ops/kubeconfig", "kubernetes-legacy"), 1);
    assert_eq!(count("ops/kubeconfig", ""), 0);
    assert_eq!(count("ci/kubeconfig", "kubernetes-legacy"), 0);
}

#[test]
fn an_app_password_is_told_where_it_stands_open() {
    let count = |edit: &dyn Fn(&mut Sighting)| {
        let mut s = seen("generic-secret", "f", "app/config.yml", 1);
        for (name, value) in [("app_password", "google"), ("host", "smtp.gmail.com"), ("user", "shop@acme.io")] {
            s.proof.attributes.insert(name.to_owned(), value.to_owned());
        }
        edit(&mut s);
        let findings = run(vec![s], Vec::new()).1.findings;
        findings.iter().filter(|f| f.id == "NHI4-app-password").map(|f| f.title.clone()).collect::<Vec<_>>()
    };
    assert_eq!(count(&|_| {}), ["A program logs in to the mailbox shop@acme.io with an app password of Google"]);
    assert!(count(&|s| s.test_path = true).is_empty());
    assert!(count(&|s| s.proof.encrypted = true).is_empty());
    assert!(count(&|s| drop(s.proof.attributes.remove("app_password"))).is_empty());
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_export_in_two_files_of_one_directory_says_what_it_says_in_one(side in proptest::collection::vec(proptest::bool::ANY, 8)) {
        let role = format!(
            "{{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",{},\
             \"rules\":[{{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"verbs\":[\"get\"]}}]}}",
            metadata("", "reads", "")
        );
        let items = [
            account("shop", "default"), account("shop", "api"), account("shop", "old"), binding("shop", "a", "api", "reads"),
            binding("shop", "b", "old", "reads"), role, pod("shop", "web-0", "api", "web"), pod("shop", "db-0", "api", "db"),
        ];
        let pick = |wanted: bool| {
            let kept = items.iter().zip(&side).filter(|(_, side)| **side == wanted);
            list(&kept.map(|(item, _)| item.clone()).collect::<Vec<_>>())
        };
        let (first, second, whole) = (pick(true), pick(false), list(&items));
        let read = |files: &[(&str, &str, &str)]| {
            let (inventory, assessment) = run(Vec::new(), located(files));
            let mut findings: Vec<(String, String)> = assessment.findings.into_iter().map(|f| (f.id, f.title)).collect();
            findings.sort();
            let identities: Vec<_> = inventory.identities.into_iter().map(|i| (i.id, i.privilege, i.aliases)).collect();
            (identities, findings)
        };
        let split = read(&[("kubernetes-export", "e/a.json", &first), ("kubernetes-export", "e/b.json", &second)]);
        proptest::prop_assert_eq!(split, read(&[("kubernetes-export", "e/all.json", &whole)]));
    }
}
