//! Applications of a test environment with rights in the directory of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::directory::{application_of, attribute, by_app_role, is_strong, live, of_azure, right};
use crate::assess::estate::ENTRA_APP_ROLES;
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, EnvironmentClass, Finding, Grant, Identity, Risk, Severity};

/// An application that is not for production and has wide rights where production is.
pub(in crate::assess) const ENTRA_TEST_APP: Check = Check {
    id: "NHI8-entra-test-app",
    risk: Risk::Nhi8,
    title: "Application of a test environment with wide rights in the directory of production",
    why: "Whoever gets into the test environment, which is watched less and has weaker logins, signs in as its application and reads \
          or changes production. The attack on Microsoft that was found in January 2024 went this way.",
    remediation: "Delete its app role assignments and its service principal in this directory (az ad sp delete --id APP_ID), then look \
                  at what it did. What is tested needs an application of its own, registered and permitted in the test tenant \
                  alone, with signInAudience AzureADMyOrg.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/8-environment-isolation/",
        "https://www.microsoft.com/en-us/security/blog/2024/01/25/midnight-blizzard-guidance-for-responders-on-nation-state-attack/",
    ],
    needs: &[ENTRA_APP_ROLES],
    implies: &[Adjustment::Production, Adjustment::Nonproduction],
    subjects: |view| View::ids(permitted(view)),
    run: all,
};

fn permitted<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    of_azure(view).filter(move |i| view.grants_of(&i.id).iter().any(|g| by_app_role(g)))
}

/// The tenants whose applications hold roles by one listing, and the names of those of production: a listing is of one directory.
#[derive(Default)]
pub(in crate::assess) struct Directory<'a> {
    tenants: BTreeMap<&'a str, usize>,
    production: BTreeSet<&'a str>,
}

/// The directories that listings of app roles are of, by path.
pub(in crate::assess) fn directories<'a>(view: &View<'a>) -> BTreeMap<&'a str, Directory<'a>> {
    let mut out: BTreeMap<&str, Directory<'_>> = BTreeMap::new();
    for identity in permitted(view) {
        let paths: BTreeSet<&str> =
            view.grants_of(&identity.id).iter().filter(|g| by_app_role(g)).map(|g| g.location.path.as_str()).collect();
        for path in paths {
            let directory = out.entry(path).or_default();
            let tenant = attribute(identity, "owner_tenant");
            if !tenant.is_empty() {
                *directory.tenants.entry(tenant).or_default() += 1;
            }
            if identity.environment.class == EnvironmentClass::Prod {
                directory.production.insert(&identity.name);
            }
        }
    }
    out
}

/// Why a directory is not that of the application's own environment, surely or not; `None` when nothing says so.
pub(in crate::assess) fn elsewhere(identity: &Identity, directory: &Directory<'_>) -> Option<(String, Confidence)> {
    let own = attribute(identity, "owner_tenant");
    let of = |tenant: &str| directory.tenants.get(tenant).copied().unwrap_or_default();
    let most =
        directory.tenants.iter().filter(|(tenant, _)| **tenant != own).map(|(_, n)| *n).max().unwrap_or_default();
    if let Some(name) = directory.production.first() {
        let foreign = if !own.is_empty() && most > of(own) {
            format!(", and it is registered in another tenant, {own}")
        } else {
            String::new()
        };
        return Some((format!("{name} has rights in the same directory{foreign}"), Confidence::High));
    }
    (!own.is_empty() && most > of(own)).then(|| {
        (format!("it is registered in tenant {own}, and the directory is another tenant's"), Confidence::Medium)
    })
}

fn all(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let directories = directories(view);
    let mut out = Vec::new();
    for identity in permitted(view).filter(|i| i.environment.class == EnvironmentClass::Nonprod) {
        let grants = view.grants_of(&identity.id).iter().copied();
        let strong: Vec<&Grant> = grants.filter(|g| by_app_role(g) && is_strong(g.privilege)).collect();
        let why = strong.iter().filter_map(|g| elsewhere(identity, directories.get(g.location.path.as_str())?));
        let Some((why, confidence)) = why.max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))) else { continue };
        let mut finding = ENTRA_TEST_APP.about(identity, "");
        finding.title = format!("{} is of a test environment and has wide rights in production", identity.name);
        finding.confidence = confidence;
        finding.evidence.push(format!("not production: {}; {why}", identity.environment.why));
        finding.locations.clear();
        for grant in strong {
            say(&mut finding.evidence, right(grant));
            finding.locations.push(grant.location.clone());
        }
        finding.locations.sort();
        finding.locations.dedup();
        let audience = attribute(application_of(identity, view).unwrap_or(identity), "sign_in_audience");
        if !matches!(audience, "" | "AzureADMyOrg") {
            say(&mut finding.evidence, format!("every tenant may take it in ({audience})"));
        }
        if live(identity, view, context.as_of).is_some() {
            say(&mut finding.evidence, "it has a secret or certificate that works".to_owned());
        }
        out.push(finding);
    }
    out
}
