//! Accounts of production that accounts of other environments may enter.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::AWS_ACCOUNTS;
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{
    Confidence, EnvironmentClass, Finding, Identity, IdentityKind, Location, Privilege, Risk, Severity, Trust, setting,
};

/// A role of production that another environment's account takes on.
pub(in crate::assess) const AWS_CROSS_ACCOUNT: Check = Check {
    id: "NHI8-aws-cross-account",
    risk: Risk::Nhi8,
    title: "AWS role of production that an account of another environment may take on",
    why: "Whoever gets into the weaker account acts in production: more people work there, and fewer look at what they do.",
    remediation: "Let a separate account for deployments take on the role, and nothing of the development and test accounts; \
                  where people need to look, give them a role that reads only.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.aws.amazon.com/whitepapers/latest/organizing-your-aws-environment/organizing-your-aws-environment.html",
    ],
    needs: &[AWS_ACCOUNTS],
    implies: &[Adjustment::Production],
    subjects: |view| {
        let known = classes(view);
        View::ids(roles(view).filter(|role| class_of(role, &known) == EnvironmentClass::Prod))
    },
    run,
};

/// The environment of each account whose name tells one, with the name.
pub(in crate::assess) fn classes<'a>(view: &View<'a>) -> BTreeMap<&'a str, (EnvironmentClass, &'a str)> {
    let mut out: BTreeMap<&str, (EnvironmentClass, &str)> = BTreeMap::new();
    for account in view.settings(setting::CLOUD_ACCOUNT) {
        let attribute = |name: &str| account.attributes.get(name).map(String::as_str).unwrap_or_default();
        let class = match attribute("class") {
            "prod" => EnvironmentClass::Prod,
            "nonprod" => EnvironmentClass::Nonprod,
            _ => continue,
        };
        let slot = out.entry(&account.value).or_insert((class, &account.subject));
        if slot.0 != class {
            // Its name and its alias contradict each other.
            slot.0 = EnvironmentClass::Unknown;
        }
    }
    out
}

fn roles<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|i| i.provider == "aws" && i.kind == IdentityKind::Role && i.account.is_some())
}

fn class_of(role: &Identity, known: &BTreeMap<&str, (EnvironmentClass, &str)>) -> EnvironmentClass {
    let account = role.account.as_deref().and_then(|account| known.get(account));
    account.map_or(EnvironmentClass::Unknown, |(class, _)| *class)
}

/// The account of a principal that a trust lets in.
fn account_of(trust: &Trust) -> Option<&str> {
    let aws = trust.attributes.get("kind").is_some_and(|kind| kind == "aws");
    trust.issuer.split(':').nth(4).filter(|account| aws && !account.is_empty())
}

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let known = classes(view);
    let prod = roles(view).filter(|role| class_of(role, &known) == EnvironmentClass::Prod);
    prod.filter_map(|role| finding(role, view, &known)).collect()
}

fn finding(role: &Identity, view: &View<'_>, known: &BTreeMap<&str, (EnvironmentClass, &str)>) -> Option<Finding> {
    let weaker = |trust: &&&Trust| {
        let account = account_of(trust).and_then(|account| known.get(account));
        account.is_some_and(|(class, _)| *class == EnvironmentClass::Nonprod)
    };
    let trusts: Vec<&Trust> = view.trusts_of(&role.id).iter().filter(weaker).copied().collect();
    if trusts.is_empty() {
        return None;
    }
    let mut finding = AWS_CROSS_ACCOUNT.about(role, "");
    let name = |account: &str| known.get(account).map(|(_, name)| *name).unwrap_or_default();
    let from: BTreeSet<&str> = trusts.iter().filter_map(|trust| account_of(trust)).map(name).collect();
    let from: Vec<&str> = from.into_iter().collect();
    finding.title = format!("{} of production may be taken on from {}", role.name, from.join(", "));
    let own = role.account.as_deref().map(name).unwrap_or_default();
    for trust in &trusts {
        say(
            &mut finding.evidence,
            format!("{own} trusts {} in {}", trust.issuer, account_of(trust).map(name).unwrap_or_default()),
        );
    }
    // A role that reads only is what auditors have.
    if matches!(role.privilege, Privilege::None | Privilege::ReadScoped) {
        finding.base_severity = Severity::Low;
        finding.evidence.push("the role only reads".to_owned());
    }
    let places: BTreeSet<Location> = trusts.iter().map(|trust| trust.location.clone()).collect();
    finding.locations = places.into_iter().collect();
    Some(finding)
}
