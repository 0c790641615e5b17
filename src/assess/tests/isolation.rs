//! Values, users and tests on both sides of an environment.

use super::*;
use crate::model::{SettingFact, setting};

const VALUE: &str = "NHI8-same-secret-value";
const TEST: &str = "NHI8-test-uses-prod";
const CONTEXTS: &str = "NHI8-kubeconfig-shared-user";
const DATABASE: &str = "NHI9-db-user-shared";

fn both(paths: [&str; 2]) -> Vec<Sighting> {
    paths.iter().map(|path| seen("r", "f", path, 1)).collect()
}

fn found(seen: Vec<Sighting>, check: &str) -> Vec<(Severity, Confidence)> {
    of(&run(seen, Vec::new()).1, check).iter().map(|f| (f.base_severity, f.confidence)).collect()
}

#[test]
fn one_value_in_production_and_elsewhere_is_found_by_the_paths() {
    for paths in [
        [".env.production", ".env.staging"],
        ["chart/values-prod.yaml", "chart/values-dev.yaml"],
        ["k8s/overlays/prod/app.yaml", "k8s/overlays/dev/app.yaml"],
        ["infra/prod.tfvars", "infra/staging.tfvars"],
        ["api/appsettings.Production.json", "api/appsettings.Development.json"],
    ] {
        assert_eq!(found(both(paths), VALUE), [(Severity::High, Confidence::High)], "{paths:?}");
    }
    let (_, assessment) = run(both([".env.production", ".env.staging"]), Vec::new());
    let finding = one(&assessment, VALUE);
    assert_eq!(
        finding.evidence,
        ["production: .env.production (file `.env.production`)", "other: .env.staging (file `.env.staging`)"]
    );
    assert_eq!(finding.locations.len(), 2);
    let mut test = both([".env.production", ".env.test"]);
    test[1].test_path = true;
    assert_eq!(found(test, VALUE).len(), 1, "the file of a test environment");
}

#[test]
fn one_value_in_files_of_one_side_or_of_none_is_not_told() {
    for paths in [
        [".env.production", "k8s/overlays/prod/app.yaml"],
        [".env.dev", ".env.staging"],
        [".env.production", ".env"],
        [".env.production", "docs/dev.md"],
    ] {
        assert!(found(both(paths), VALUE).is_empty(), "{paths:?}");
    }
}

#[test]
fn what_is_weak_local_past_or_made_up_is_no_value_of_two_environments() {
    let edited = |edit: fn(&mut Sighting)| {
        let mut all = both([".env.production", ".env.staging"]);
        all.iter_mut().for_each(edit);
        found(all, VALUE).len()
    };
    assert_eq!(edited(|_| {}), 1);
    assert_eq!(edited(|s| s.fingerprint = None), 0, "weak");
    let host = |s: &mut Sighting, host: &str| drop(s.proof.attributes.insert("host".to_owned(), host.to_owned()));
    assert_eq!(edited(|s| drop(s.proof.attributes.insert("host".to_owned(), "localhost:5432".to_owned()))), 0);
    assert_eq!(edited(|s| s.proof.validity = Validity::TestValue), 0, "a placeholder");
    assert_eq!(edited(|s| s.proof.public = true), 0, "public by design");
    assert_eq!(edited(|s| s.confidence = Confidence::Low), 0);
    assert_eq!(edited(|s| s.test_path = true), 0, "no file of production");
    let mut past = both([".env.production", ".env.staging"]);
    past[1].location.in_head = false;
    assert!(found(past, VALUE).is_empty(), "not there any more");
    // The password of a user at a host that all know is one, though people may have chosen it.
    let mut login = both([".env.production", ".env.staging"]);
    for s in &mut login {
        s.provider = "database".to_owned();
        host(s, "db.acme.io");
    }
    assert_eq!(found(login, VALUE), [(Severity::High, Confidence::Medium)]);
}

fn dsn(fingerprint: &str, path: &str, name: &str) -> Sighting {
    let mut s = seen("database-url", fingerprint, path, 1);
    s.provider = "database".to_owned();
    let (user, host) = name.split_once('@').unwrap();
    for (key, value) in [("user", user), ("host", host)] {
        s.proof.attributes.insert(key.to_owned(), value.to_owned());
    }
    s.proof.identity = Some(IdentityHint {
        key: IdentityKey::new("database", "user", name),
        kind: IdentityKind::DatabaseUser,
        provider: "database".to_owned(),
        name: name.to_owned(),
        account: None,
    });
    s
}

#[test]
fn a_test_that_logs_in_to_production_is_told_and_mocks_are_not() {
    let told = |path: &str, name: &str, test: bool| {
        let mut s = dsn("f", path, name);
        s.test_path = test;
        found(vec![s], TEST).len()
    };
    for (path, name, test) in [
        ("tests/test_orders.py", "app@prod-db.acme.io", true),
        ("tests/fixtures/db.yml", "app@orders.prod.acme.io", true),
        ("analysis/orders.ipynb", "app@db-prod.acme.io", false),
        ("tests/test_orders.py", "svc_prod@db.acme.io", true),
    ] {
        assert_eq!(told(path, name, test), 1, "{path} {name}");
    }
    for (path, name, test) in [
        ("tests/test_orders.py", "app@db.acme.io", true),
        ("tests/test_orders.py", "app@staging-db.acme.io", true),
        ("tests/test_orders.py", "app@prod-db", true),
        ("tests/test_orders.py", "app@localhost", true),
        ("tests/test_orders.py", "app@login.live.com", true),
        ("tests/mocks/orders.py", "app@prod-db.acme.io", true),
        ("docs/orders.md", "app@prod-db.acme.io", true),
        ("examples/orders.py", "app@prod-db.acme.io", true),
        ("src/orders.py", "app@prod-db.acme.io", false),
    ] {
        assert_eq!(told(path, name, test), 0, "{path} {name}");
    }
    let mut s = dsn("f", "tests/test_orders.py", "app@prod-db.acme.io");
    s.test_path = true;
    s.proof.validity = Validity::TestValue;
    assert!(found(vec![s], TEST).is_empty());
}

#[test]
fn a_user_of_a_kubeconfig_on_both_sides_is_told_and_a_plugin_lowers_it() {
    let told = |value: &str, sample: bool| {
        let mut f = SettingFact::new(setting::CLIENT_USER, "deployer", value);
        f.attributes = BTreeMap::from([
            ("production".to_owned(), "prod".to_owned()),
            ("other".to_owned(), "staging, dev".to_owned()),
        ]);
        let mut located = fact("kubeconfig-contexts", Fact::Setting(At::default(), f));
        located.sample = sample;
        let (_, assessment) = run(Vec::new(), vec![located]);
        of(&assessment, CONTEXTS).iter().map(|f| (f.base_severity, f.evidence.clone())).collect::<Vec<_>>()
    };
    let stored = told("stored", false);
    assert_eq!(stored, [(Severity::Medium, vec!["production: prod".to_owned(), "other: staging, dev".to_owned()])]);
    assert_eq!(told("plugin", false).iter().map(|(s, _)| *s).collect::<Vec<_>>(), [Severity::Low]);
    assert!(told("stored", true).is_empty());
}

#[test]
fn a_database_user_in_two_components_is_told_once() {
    let in_two = |name: &str, second: &str, path: &str| {
        let all = vec![dsn("f", "services/a/.env", name), dsn(second, path, name)];
        let (_, assessment) = run(all, Vec::new());
        let ids = [DATABASE, "NHI9-secret-spread"].map(|id| of(&assessment, id).len());
        let confidence = of(&assessment, DATABASE).first().map(|f| f.confidence);
        (ids, confidence)
    };
    let other = "services/b/.env";
    assert_eq!(in_two("app@db.acme.io", "g", other), ([1, 0], Some(Confidence::Medium)));
    assert_eq!(in_two("app@shop-ro.acme.io", "g", other), ([1, 0], Some(Confidence::Low)), "a replica");
    assert_eq!(in_two("app@db.acme.io", "f", other), ([0, 1], None), "one value is told as such");
    assert_eq!(in_two("app@db.acme.io", "g", "services/a/b/.env"), ([0, 0], None), "one component");
    for name in ["app@localhost", "app@db", "app@10.0.0.7", "app@db.example.com", "app@test-db.acme.io"] {
        assert_eq!(in_two(name, "g", other), ([0, 0], None), "{name}");
    }
    let mut test = vec![dsn("f", "services/a/.env", "app@db.acme.io"), dsn("g", other, "app@db.acme.io")];
    test[1].test_path = true;
    assert!(found(test, DATABASE).is_empty());
}
