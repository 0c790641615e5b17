//! Clusters, images and Compose files: what each check fires on, and what it leaves alone.

use super::*;
use crate::model::{SettingFact, setting};

fn account(name: &str) -> IdentityKey {
    IdentityKey::new("kubernetes", "service-account", name)
}

fn workload(platform: &str, name: &str) -> IdentityKey {
    IdentityKey::new(platform, "workload", name)
}

fn set(
    name: &'static str,
    who: Option<&IdentityKey>,
    subject: &str,
    value: &str,
    attributes: &[(&str, &str)],
) -> LocatedFact {
    let mut f = SettingFact::new(name, subject, value);
    f.identity = who.cloned();
    f.attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    LocatedFact {
        fact: Fact::Setting(At::default(), f),
        location: at("k8s/a.yaml", 1),
        format: "kubernetes",
        sample: false,
    }
}

fn declared(key: &IdentityKey, attributes: &[(&str, &str)]) -> LocatedFact {
    identity(key, IdentityKind::ServiceAccount, "kubernetes", |f| {
        f.attributes =
            attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>().into();
    })
}

fn runs(who: &IdentityKey, account: &IdentityKey, automount: Option<&str>) -> LocatedFact {
    let mut attributes = BTreeMap::from([("service_account".to_owned(), account.to_string())]);
    if let Some(word) = automount {
        attributes.insert("automount".to_owned(), word.to_owned());
    }
    let usage = UsageFact {
        identity: Some(who.clone()),
        mode: AuthMode::Instance,
        provider: "kubernetes".to_owned(),
        credential: None,
        target: None,
        mechanism: "serviceAccountName".to_owned(),
        federation_available: false,
        attributes,
    };
    fact("kubernetes", Fact::Usage(At::default(), usage))
}

fn literal(who: &IdentityKey, mechanism: &str) -> LocatedFact {
    let usage = UsageFact {
        identity: Some(who.clone()),
        mode: AuthMode::Static,
        provider: String::new(),
        credential: None,
        target: None,
        mechanism: mechanism.to_owned(),
        federation_available: false,
        attributes: BTreeMap::new(),
    };
    LocatedFact {
        fact: Fact::Usage(At::default(), usage),
        location: at("compose.yaml", 7),
        format: "docker-compose",
        sample: false,
    }
}

fn findings_of(id: &str, seen: Vec<Sighting>, facts: Vec<LocatedFact>) -> Vec<Finding> {
    let mut inventory = inventory::build(seen, facts, Vec::new());
    assess(&mut inventory, &context()).findings.into_iter().filter(|f| f.id == id).collect()
}

fn severities(id: &str, facts: Vec<LocatedFact>) -> Vec<Severity> {
    findings_of(id, Vec::new(), facts).into_iter().map(|f| f.base_severity).collect()
}

#[test]
fn administrators_are_told_by_their_bindings_and_by_roles_of_other_files() {
    let a = account("shop/api");
    let id = "NHI5-k8s-clusteradmin";
    let bound = |role: &str, attributes: &[(&str, &str)]| set(setting::ROLE_BINDING, Some(&a), "B", role, attributes);
    let admin = bound("ClusterRole cluster-admin", &[("scope", "cluster"), ("admin", "true")]);
    assert_eq!(severities(id, vec![admin.clone()]), [Severity::High]);
    let all = set(setting::ROLE_POWER, None, "ClusterRole op", "everything", &[("power", "everything")]);
    assert_eq!(severities(id, vec![bound("ClusterRole op", &[("scope", "cluster")]), all.clone()]), [Severity::High]);
    assert_eq!(severities(id, vec![bound("ClusterRole op", &[("scope", "namespace")]), all]), [Severity::Medium]);
    assert!(severities(id, vec![bound("ClusterRole view", &[("scope", "cluster")])]).is_empty());
    assert!(severities("NHI5-k8s-danger-verbs", vec![admin]).is_empty());
}

#[test]
fn dangerous_rights_weigh_by_where_they_hold() {
    let a = account("shop/api");
    let id = "NHI5-k8s-danger-verbs";
    let case = |power: &str, scope: &str| {
        let role = set(setting::ROLE_POWER, None, "ClusterRole r", "x", &[("power", power)]);
        severities(id, vec![role, set(setting::ROLE_BINDING, Some(&a), "B", "ClusterRole r", &[("scope", scope)])])
    };
    assert_eq!(case("secrets", "cluster"), [Severity::High]);
    assert_eq!(case("secrets", "namespace"), [Severity::Medium]);
    assert_eq!(case("bindings", "namespace"), [Severity::Low]);
    assert!(case("webhooks", "namespace").is_empty());
    let unbound = set(setting::ROLE_POWER, None, "ClusterRole r", "x", &[("power", "secrets")]);
    assert!(severities(id, vec![unbound]).is_empty());
}

#[test]
fn a_token_without_use_is_told_unless_it_is_not_mounted_or_has_rights() {
    let (a, w) = (account("shop/api"), workload("kubernetes", "x#Deployment shop/api"));
    let id = "NHI5-k8s-automount";
    assert_eq!(severities(id, vec![runs(&w, &a, None)]), [Severity::Low]);
    assert!(severities(id, vec![runs(&w, &a, Some("false"))]).is_empty());
    assert!(severities(id, vec![runs(&w, &a, None), declared(&a, &[("automount", "false")])]).is_empty());
    let bound = set(setting::ROLE_BINDING, Some(&a), "B", "Role r", &[("scope", "namespace")]);
    assert!(severities(id, vec![runs(&w, &a, None), bound]).is_empty());
    let default = account("shop/default");
    let bound = set(setting::ROLE_BINDING, Some(&default), "B", "Role r", &[("scope", "namespace")]);
    assert_eq!(severities(id, vec![runs(&w, &default, None), bound]), [Severity::Medium]);
}

#[test]
fn an_account_is_shared_by_applications_and_only_when_it_has_rights() {
    let a = account("shop/api");
    let id = "NHI9-k8s-shared-sa";
    let run = |name: &str| {
        let w = workload("kubernetes", name);
        [identity(&w, IdentityKind::Workload, "kubernetes", |f| f.name = name.to_owned()), runs(&w, &a, None)]
    };
    let bound = || set(setting::ROLE_BINDING, Some(&a), "B", "Role r", &[("scope", "namespace")]);
    let two = || run("Deployment one").into_iter().chain(run("Deployment two"));
    assert_eq!(severities(id, two().chain([bound()]).collect()), [Severity::Medium]);
    assert!(severities(id, two().collect()).is_empty());
    assert!(severities(id, run("Deployment one").into_iter().chain([bound()]).collect()).is_empty());
}

#[test]
fn a_binding_dangles_surely_only_where_an_export_holds_all_accounts() {
    let gone = account("shop/gone");
    let id = "NHI1-k8s-dangling-binding";
    let bound = |more: &[(&str, &str)]| set(setting::ROLE_BINDING, Some(&gone), "B", "Role r", more);
    assert!(findings_of(id, Vec::new(), vec![bound(&[])]).is_empty());
    let export = declared(&account("shop/default"), &[("declared", "true"), ("exported", "true")]);
    let found = findings_of(id, Vec::new(), vec![bound(&[]), export.clone()]);
    assert_eq!(found.first().map(|f| f.confidence), Some(Confidence::High));
    let found = findings_of(id, Vec::new(), vec![bound(&[("undeclared", "true")])]);
    assert_eq!(found.first().map(|f| f.confidence), Some(Confidence::Low));
    assert!(findings_of(id, Vec::new(), vec![bound(&[]), export, declared(&gone, &[("declared", "true")])]).is_empty());
}

#[test]
fn open_doors_and_known_logins_weigh_by_who_reaches_them() {
    let w = workload("compose", "compose.yaml#db");
    let login =
        |published| set(setting::DEFAULT_LOGIN, Some(&w), "db", "POSTGRES_PASSWORD", &[("published", published)]);
    assert_eq!(severities("NHI4-default-cred", vec![login("true")]), [Severity::Medium]);
    assert_eq!(severities("NHI4-default-cred", vec![login("false")]), [Severity::Low]);
    let anon = |who: &str, power: &str| {
        severities("NHI4-anon", vec![set(setting::OPEN_TO_ALL, None, "B", "x", &[("who", who), ("power", power)])])
    };
    assert_eq!(anon("system:anonymous", "true"), [Severity::Critical]);
    assert_eq!(anon("system:unauthenticated", ""), [Severity::High]);
    assert!(anon("system:authenticated", "").is_empty());
    let daemon =
        set(setting::OPEN_TO_ALL, Some(&w), "db", "the Docker daemon listens without TLS", &[("published", "true")]);
    assert_eq!(severities("NHI4-anon", vec![daemon]), [Severity::High]);
}

#[test]
fn a_host_weighs_more_where_credentials_of_a_cloud_are() {
    let w = workload("kubernetes", "x#DaemonSet agent");
    let id = "NHI5-runtime-root";
    let root = |value: &str| set(setting::PRIVILEGED, Some(&w), "agent", value, &[]);
    assert_eq!(severities(id, vec![root("privileged")]), [Severity::Medium]);
    assert_eq!(severities(id, vec![root("the host's network")]), [Severity::Low]);
    let a = account("ops/agent");
    let mut cloud = literal(&a, "eks.amazonaws.com/role-arn");
    if let Fact::Usage(_, usage) = &mut cloud.fact {
        usage.mode = AuthMode::Federated;
        usage.provider = "aws".to_owned();
    }
    assert_eq!(severities(id, vec![root("privileged"), runs(&w, &a, None), cloud]), [Severity::High]);
}

#[test]
fn literals_are_told_once_by_the_detector_or_by_the_check() {
    let w = workload("compose", "compose.yaml#db");
    let id = "NHI2-compose-env";
    assert_eq!(findings_of(id, Vec::new(), vec![literal(&w, "DB_PASSWORD")]).len(), 1);
    let reported = vec![seen("generic-secret", "f", "compose.yaml", 7)];
    assert!(findings_of(id, reported, vec![literal(&w, "DB_PASSWORD")]).is_empty());
    let values = workload("helm", "values.yaml#values");
    assert_eq!(findings_of("NHI2-helm-values", Vec::new(), vec![literal(&values, "auth.password")]).len(), 1);
    let secret = set(setting::SECRET_MANIFEST, None, "Secret a", "password", &[]);
    assert_eq!(severities("NHI2-k8s-secret-manifest", vec![secret.clone()]), [Severity::High]);
    let reported = vec![seen("generic-secret", "f", "k8s/a.yaml", 1)];
    assert!(findings_of("NHI2-k8s-secret-manifest", reported, vec![secret]).is_empty());
}

#[test]
fn images_keep_more_in_their_last_stage() {
    let w = workload("docker", "Dockerfile#image");
    let case = |form: &str, stage: &str, value: &str| {
        let fact = set(setting::IMAGE_SECRET, Some(&w), "Dockerfile", value, &[("form", form), ("stage", stage)]);
        severities("NHI2-image-arg", vec![fact])
    };
    assert_eq!(case("literal", "final", "ENV A"), [Severity::High]);
    assert_eq!(case("literal", "builder", "ENV A"), [Severity::Medium]);
    assert_eq!(case("argument", "final", "ARG A"), [Severity::Medium]);
    assert_eq!(case("file", "final", "COPY .env"), [Severity::Medium]);
}

#[test]
fn the_rest_of_a_cluster_is_told() {
    let a = account("shop-test/tester");
    let cross = set(setting::CROSS_ENVIRONMENT, Some(&a), "RoleBinding shop-prod/r", "x", &[]);
    assert_eq!(findings_of("NHI8-k8s-cross-ns", Vec::new(), vec![cross]).len(), 1);
    let mixed = set(setting::MIXED_SUBJECTS, None, "RoleBinding r", "x", &[]);
    assert_eq!(severities("NHI10-k8s-mixed-subjects", vec![mixed]), [Severity::Low]);
    let open = |part| set(setting::DEPLOYS_ANYTHING, None, "AppProject default", "x", &[("part", part)]);
    assert_eq!(severities("NHI5-argocd-allowall", vec![open("sources")]), [Severity::Medium]);
    assert_eq!(severities("NHI5-argocd-allowall", vec![open("policy")]), [Severity::High]);
    let mut token = CredentialFact::new("k", "kubernetes-service-account-token", "kubernetes");
    token.identity = Some(a);
    let token = fact("kubernetes", Fact::Credential(At::default(), token));
    assert_eq!(severities("NHI7-k8s-legacy-token", vec![token]), [Severity::High]);
}
