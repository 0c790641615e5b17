//! Checks over jobs of several platforms: the bad fires, the good does not.

use super::*;
use crate::model::{SettingFact, setting};

/// Facts of jobs, as readers tell them.
#[derive(Default)]
struct Jobs(Vec<LocatedFact>);

fn key(platform: &str, name: &str) -> IdentityKey {
    IdentityKey::new(platform, "job", &format!("acme/app/ci.yml#{name}"))
}

impl Jobs {
    fn push(&mut self, what: Fact) {
        let line = self.0.len() as u64 + 1;
        self.0.push(LocatedFact { fact: what, location: at("ci.yml", line), format: "gitlab-ci", sample: false });
    }

    fn job(mut self, platform: &str, name: &str, class: EnvironmentClass, declared: bool) -> Self {
        let mut f = IdentityFact::new(key(platform, name), IdentityKind::CiJob, platform, &format!("ci.yml / {name}"));
        f.account = Some("acme".to_owned());
        f.environment = Environment { class, why: format!("job `{name}`") };
        if declared {
            f.attributes.insert("environment".to_owned(), name.to_owned());
        }
        self.push(Fact::Identity(At::default(), f));
        self
    }

    fn uses(mut self, platform: &str, name: &str, edit: impl FnOnce(&mut UsageFact)) -> Self {
        let mut f = UsageFact {
            identity: Some(key(platform, name)),
            mode: AuthMode::Referenced,
            provider: String::new(),
            credential: None,
            target: None,
            mechanism: "script".to_owned(),
            federation_available: false,
            attributes: BTreeMap::new(),
        };
        edit(&mut f);
        self.push(Fact::Usage(At::default(), f));
        self
    }

    fn bundle(self, platform: &str, name: &str, kind: &str, bundle: &str) -> Self {
        self.uses(platform, name, |f| {
            f.credential = Some(bundle.to_owned());
            f.mechanism = kind.to_owned();
            f.attributes.insert("bundle".to_owned(), "true".to_owned());
        })
    }

    fn party(mut self, platform: &str, name: &str, component: &str, version: &str, reach: &[&str]) -> Self {
        let f = ThirdPartyFact {
            identity: key(platform, name),
            component: component.to_owned(),
            version: version.to_owned(),
            pinned: version.starts_with("sha256:"),
            first_party: component.contains("acme/"),
            credentials: reach.iter().map(|c| (*c).to_owned()).collect(),
        };
        self.push(Fact::ThirdParty(At::default(), f));
        self
    }

    fn found(self, check: &str) -> Vec<Finding> {
        of(&run(Vec::new(), self.0).1, check).into_iter().cloned().collect()
    }
}

use EnvironmentClass::{Nonprod, Prod, Unknown};

#[test]
fn an_image_that_can_change_counts_beside_credentials_only_and_once_a_file() {
    let two = || Jobs::default().job("gitlab", "a", Unknown, false).job("gitlab", "b", Unknown, false);
    let found = two()
        .party("gitlab", "a", "other/tool", "1", &["NPM_TOKEN"])
        .party("gitlab", "b", "other/tool", "1", &["NPM_TOKEN"])
        .found("NHI3-ci-image-mutable");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].base_severity, found[0].identity.is_none()), (Severity::Medium, true));
    assert!(found[0].title.starts_with("2 jobs of ci.yml run image other/tool:1"), "{}", found[0].title);
    let good = two()
        .party("gitlab", "a", "other/tool", "1", &[])
        .party("gitlab", "a", "other/tool", "sha256:ab", &["NPM_TOKEN"])
        .party("gitlab", "a", "acme/tool", "1.2", &["NPM_TOKEN"])
        .party("gitlab", "b", "orb:other/tool", "1", &["NPM_TOKEN"])
        .found("NHI3-ci-image-mutable");
    assert_eq!(good, []);
    let official = two().party("gitlab", "a", "node", "20", &["NPM_TOKEN"]).found("NHI3-ci-image-mutable");
    assert_eq!(official[0].base_severity, Severity::Low);
}

#[test]
fn includes_and_orbs_are_graded_by_what_they_reach() {
    let include = |component: &str, version: &str, reach: &[&str]| {
        let mut jobs = Jobs::default();
        let mut f = IdentityFact::new(key("gitlab", "include"), IdentityKind::CiJob, "gitlab", "ci.yml / include");
        f.account = Some("acme".to_owned());
        f.attributes.insert("included".to_owned(), "true".to_owned());
        jobs.push(Fact::Identity(At::default(), f));
        let found = jobs.party("gitlab", "include", component, version, reach).found("NHI3-gitlab-include");
        found.first().map(|f| f.base_severity)
    };
    assert_eq!(include("include:remote:https://ci.other.io/x.yml", "", &["T"]), Some(Severity::High));
    assert_eq!(include("include:remote:https://ci.other.io/x.yml", "", &[]), Some(Severity::Medium));
    assert_eq!(include("include:project:other/ci", "main", &["T"]), Some(Severity::Medium));
    assert_eq!(include("include:project:acme/ci", "main", &["T"]), Some(Severity::Low));
    assert_eq!(include("include:component:gitlab.com/other/x", "sha256:", &["T"]), None);
    assert_eq!(include("include:project:other/ci", "$REF", &["T"]), None);
    assert_eq!(include("include:component:$CI_SERVER_FQDN/other/x", "main", &["T"]), Some(Severity::High));
    let orb = |component: &str, version: &str, reach: &[&str]| {
        let jobs = Jobs::default().job("circleci", "a", Unknown, false);
        let found = jobs.party("circleci", "a", component, version, reach).found("NHI3-circleci-orb");
        found.first().map(|f| f.base_severity)
    };
    assert_eq!(orb("orb:other/x", "volatile", &["context"]), Some(Severity::High));
    assert_eq!(orb("orb:other/x", "1.2", &["context"]), Some(Severity::Medium));
    assert_eq!(orb("orb:acme/x", "1", &["context"]), Some(Severity::Low));
    assert_eq!(orb("orb:other/x", "volatile", &[]), None);
}

#[test]
fn one_identity_on_both_sides_is_found_and_one_for_each_is_not() {
    let sides =
        || Jobs::default().job("circleci", "deploy-prod", Prod, false).job("circleci", "deploy-dev", Nonprod, false);
    let context = |name: &str| {
        let jobs = sides().bundle("circleci", "deploy-prod", "context", "cloud");
        jobs.bundle("circleci", "deploy-dev", "context", name).found("NHI8-same-role").len()
    };
    assert_eq!((context("cloud"), context("cloud-dev")), (1, 0));
    let role = |dev: &str| {
        let take = |target: &str| {
            let target = target.to_owned();
            move |f: &mut UsageFact| {
                (f.mode, f.provider, f.target) = (AuthMode::Federated, "aws".to_owned(), Some(target));
            }
        };
        let jobs = sides().uses("circleci", "deploy-prod", take("arn:aws:iam::1:role/x"));
        jobs.uses("circleci", "deploy-dev", take(dev)).found("NHI8-same-role").first().map(|f| f.base_severity)
    };
    assert_eq!(role("arn:aws:iam::1:role/x"), Some(Severity::High));
    assert_eq!(role("arn:aws:iam::2:role/x"), None);
    // What everything is pulled with, and what is filled in for each.
    for shared in ["dockerhub", "slack-secrets", "$(env)-secrets"] {
        let jobs = sides().bundle("circleci", "deploy-prod", "context", shared);
        assert_eq!(jobs.bundle("circleci", "deploy-dev", "context", shared).found("NHI8-same-role"), [], "{shared}");
    }
}

#[test]
fn a_secret_of_one_name_counts_where_no_environment_can_hold_its_own() {
    let confidence = |platform: &str, declared: bool| {
        let jobs = Jobs::default().job(platform, "prod", Prod, declared).job(platform, "dev", Nonprod, declared);
        let read = |f: &mut UsageFact| f.credential = Some("DEPLOY_KEY".to_owned());
        let found = jobs.uses(platform, "prod", read).uses(platform, "dev", read).found("NHI8-same-secret-name");
        found.first().map(|f| f.confidence)
    };
    assert_eq!(confidence("circleci", false), Some(Confidence::Medium));
    assert_eq!(confidence("azure-devops", true), Some(Confidence::Medium));
    assert_eq!(confidence("gitlab", true), Some(Confidence::Low));
    assert_eq!(confidence("gitlab", false), Some(Confidence::Medium));
    // Each context may hold its own.
    let jobs = Jobs::default().job("circleci", "prod", Prod, false).job("circleci", "dev", Nonprod, false);
    let read = |f: &mut UsageFact| f.credential = Some("DEPLOY_KEY".to_owned());
    let jobs = jobs.uses("circleci", "prod", read).uses("circleci", "dev", read);
    let found = jobs.bundle("circleci", "prod", "context", "a").bundle("circleci", "dev", "context", "b");
    assert_eq!(found.found("NHI8-same-secret-name")[0].confidence, Confidence::Low);
}

#[test]
fn a_group_is_wide_when_jobs_of_several_kinds_hold_it() {
    let hold = |names: &[&str]| {
        let jobs = names.iter().fold(Jobs::default(), |jobs, name| {
            jobs.job("circleci", name, Unknown, false).bundle("circleci", name, "context", "org-global")
        });
        jobs.found("NHI9-context-wide").len()
    };
    assert_eq!(hold(&["build", "lint", "deploy-a", "deploy-b", "release"]), 1);
    assert_eq!(hold(&["build", "lint", "deploy-a", "deploy-b"]), 0);
    assert_eq!(hold(&["build-a", "build-b", "build-c", "build-d", "test-e"]), 0);
}

#[test]
fn advice_fits_the_platform() {
    let mut jobs = Jobs::default().job("gitlab", "a", Unknown, false).uses("gitlab", "a", |f| {
        (f.provider, f.credential) = ("aws".to_owned(), Some("AWS_SECRET_ACCESS_KEY".to_owned()));
        f.federation_available = true;
    });
    jobs = jobs.uses("gitlab", "a", |f| (f.mode, f.mechanism) = (AuthMode::Static, "NPM_TOKEN".to_owned()));
    let found = run(Vec::new(), jobs.0).1;
    let stored = of(&found, "NHI6-ci-static-cloud");
    assert!(stored[0].remediation.contains("id_tokens"));
    assert_eq!(stored[0].confidence, Confidence::Medium);
    assert!(of(&found, "NHI2-ci-literal")[0].remediation.contains("CI/CD variable"));
}

#[test]
fn a_literal_for_all_jobs_is_one_finding() {
    let mut jobs = Jobs::default().job("gitlab", "a", Unknown, false).job("gitlab", "b", Unknown, false);
    for name in ["a", "b"] {
        jobs = jobs.uses("gitlab", name, |f| (f.mode, f.mechanism) = (AuthMode::Static, "NPM_TOKEN".to_owned()));
        jobs.0.last_mut().unwrap().location = at("ci.yml", 3);
    }
    let found = jobs.found("NHI2-ci-literal");
    assert_eq!(found.len(), 1);
    assert!(found[0].evidence.iter().any(|s| s == "ci.yml / b gets it too"), "{:?}", found[0].evidence);
}

#[test]
fn a_token_that_stays_in_an_azure_checkout_is_found() {
    let mut jobs = Jobs::default().job("azure-devops", "a", Unknown, false);
    let mut f = SettingFact::new(setting::KEPT_JOB_TOKEN, "ci.yml / a", "checkout: self");
    f.identity = Some(key("azure-devops", "a"));
    jobs.push(Fact::Setting(At::default(), f));
    let found = jobs.found("NHI5-ci-token");
    assert_eq!(found.len(), 1);
    assert!(found[0].remediation.contains("persistCredentials"));
}
