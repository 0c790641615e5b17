//! Values of production where other environments, or tests, keep theirs.

use std::collections::{BTreeMap, BTreeSet};

use super::places::{Place, of_path};
use crate::assess::estate::CODE;
use crate::assess::score::dead;
use crate::assess::view::{View, hosts_machine, is_local, subject_of};
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{
    Confidence, Credential, EnvironmentClass, Exposure, Finding, Identity, Risk, Severity, environment,
};

/// One value in files of production and of another environment.
pub(in crate::assess) const SAME_SECRET_VALUE: Check = Check {
    id: "NHI8-same-secret-value",
    risk: Risk::Nhi8,
    title: "One secret value in production and in another environment",
    why: "Whoever may read the settings of the weaker environment holds what opens production: its machines, its logs and its \
          people are guarded less.",
    remediation: "Issue a credential of its own for each environment, then rotate the one that was shared.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/",
        "https://12factor.net/config",
    ],
    needs: &[CODE],
    implies: &[],
    subjects: |view| view.credentials().filter(|c| placed(c, view).next().is_some()).map(subject_of).collect(),
    run: same_value,
};

/// A credential of production in a test.
pub(in crate::assess) const TEST_USES_PROD: Check = Check {
    id: "NHI8-test-uses-prod",
    risk: Risk::Nhi8,
    title: "Test or notebook with a login to production",
    why: "Tests write and delete, and every machine that runs them holds the login: a mistake in one of them is one in \
          production.",
    remediation: "Give tests an environment of their own (a sandbox, a container, a copy without real data) and rotate the \
                  credential.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/"],
    needs: &[CODE],
    implies: &[Adjustment::TestPath, Adjustment::Production],
    subjects: |view| view.credentials().filter(|c| in_tests(c, view).next().is_some()).map(subject_of).collect(),
    run: test_uses_prod,
};

/// Where a value stands now, seen well enough to compare.
fn standing<'v, 'a>(
    credential: &'v Credential,
    view: &'v View<'a>,
) -> impl Iterator<Item = &'a Exposure> + use<'v, 'a> {
    view.open_exposures(credential).filter(|e| e.location.in_head && e.confidence >= Confidence::Medium)
}

/// Words of directories and files that hold samples, mocks and the code of others.
const SAMPLES: &[&str] = &[
    "doc",
    "docs",
    "documentation",
    "website",
    "vendor",
    "node",
    "third",
    "thirdparty",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "tutorial",
    "tutorials",
    "playground",
    "mock",
    "mocks",
    "mocked",
    "fake",
    "fakes",
    "stub",
    "stubs",
    "dummy",
    "cassettes",
    "snapshots",
    "template",
    "templates",
];

fn is_sample_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let prose = [".md", ".rst", ".txt", ".adoc", ".html"].iter().any(|end| lower.ends_with(end));
    prose || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| SAMPLES.contains(&word))
}

/// The places of a value in files of which the path tells the environment. A value without a fingerprint, or with one that is bound
/// to its place, is never in two.
fn placed<'v, 'a>(
    credential: &'v Credential,
    view: &'v View<'a>,
) -> impl Iterator<Item = (&'a Exposure, Place)> + use<'v, 'a> {
    let counts = credential.fingerprint.is_some() && !is_harmless(credential);
    standing(credential, view).filter(move |_| counts).filter_map(|e| {
        let place = of_path(&e.location.path)?;
        // `.env.test` is the file of an environment; what lies among fixtures is of none.
        let own = !e.test_path || place.by_name && !is_sample_path(&e.location.path);
        let kept = own && (!e.test_path || place.environment.class == EnvironmentClass::Nonprod);
        kept.then_some((e, place))
    })
}

/// A login to the machine it is used on, or one that its issuer gives out for trying things.
fn is_harmless(credential: &Credential) -> bool {
    credential.attributes.get("host").is_some_and(|host| hosts_machine(host))
        || credential.attributes.get("mode").is_some_and(|mode| mode == "test")
}

fn same_value(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|c| dead(c, context.as_of).is_none())
        .filter_map(|credential| {
            let places: Vec<(&Exposure, Place)> = placed(credential, view).collect();
            let side = |class| {
                let all = places.iter().filter(move |(_, place)| place.environment.class == class);
                let mut by_path: BTreeMap<&str, &str> = BTreeMap::new();
                let mut sure = false;
                for (exposure, place) in all {
                    by_path.insert(&exposure.location.path, &place.environment.why);
                    sure |= exposure.confidence >= Confidence::High;
                }
                (by_path, sure)
            };
            let (prod, prod_sure) = side(EnvironmentClass::Prod);
            let (nonprod, nonprod_sure) = side(EnvironmentClass::Nonprod);
            if prod.is_empty() || nonprod.is_empty() {
                return None;
            }
            let mut finding = SAME_SECRET_VALUE.on(credential);
            // A password that people chose may be one for each environment and only read the same.
            if !(prod_sure && nonprod_sure && view.is_issued(credential)) {
                finding.confidence = Confidence::Medium;
            }
            for (what, paths) in [("production", &prod), ("other", &nonprod)] {
                for (path, why) in paths.iter().take(4) {
                    say(&mut finding.evidence, format!("{what}: {path} ({why})"));
                }
                if paths.len() > 4 {
                    say(&mut finding.evidence, format!("{what}: {} more", paths.len() - 4));
                }
            }
            finding.locations = places.iter().map(|(e, _)| e.location.clone()).collect();
            finding.locations.sort();
            finding.locations.dedup();
            Some(finding)
        })
        .collect()
}

/// The places of a credential in tests, fixtures and notebooks; mocks, samples and documentation are none.
fn in_tests<'v, 'a>(
    credential: &'v Credential,
    view: &'v View<'a>,
) -> impl Iterator<Item = &'a Exposure> + use<'v, 'a> {
    standing(credential, view).filter(|e| {
        let path = &e.location.path;
        (e.test_path || path.to_ascii_lowercase().ends_with(".ipynb")) && !is_sample_path(path)
    })
}

/// What of a host is the owner's to name, without the domain: that of a company may be called anything (`login.live.com`).
fn of_host(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let labels: Vec<&str> = host.split('.').collect();
    let own = labels.get(..labels.len().saturating_sub(2)).unwrap_or_default().join(".");
    environment::classify("host", &own).class == EnvironmentClass::Prod
}

/// What names production: the host, or the identity and the user in its name.
fn names_production(credential: &Credential, identity: Option<&Identity>) -> Option<String> {
    let host = credential.attributes.get("host");
    if host.is_some() && is_local(credential) {
        return None;
    }
    if let Some(host) = host.filter(|host| of_host(host)) {
        return Some(format!("the name of its host says production: {host}"));
    }
    let identity = identity?;
    if identity.environment.class == EnvironmentClass::Prod {
        return Some(format!("it is of production: {}", identity.environment.why));
    }
    let (user, at) = identity.name.split_once('@').unwrap_or((&identity.name, ""));
    let named = environment::of_name("name", user).class == EnvironmentClass::Prod || of_host(at);
    named.then(|| format!("the name of its identity says production: {}", identity.name))
}

fn test_uses_prod(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    view.credentials()
        .filter(|c| dead(c, context.as_of).is_none() && !is_harmless(c))
        .filter_map(|credential| {
            let places: Vec<&Exposure> = in_tests(credential, view).collect();
            let first = places.iter().map(|e| e.location.path.as_str()).min()?;
            let identity = credential.identity.as_ref().and_then(|id| view.identity(id));
            let said = names_production(credential, identity)?;
            let mut finding = TEST_USES_PROD.on(credential);
            finding.evidence.push(said);
            let paths: BTreeSet<&str> = places.iter().map(|e| e.location.path.as_str()).collect();
            let more = match paths.len() - 1 {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            finding.evidence.push(format!("used in {first}{more}"));
            finding.locations = places.iter().map(|e| e.location.clone()).collect();
            finding.locations.sort();
            finding.locations.dedup();
            Some(finding)
        })
        .collect()
}
