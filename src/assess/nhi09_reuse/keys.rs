//! Users with more keys than one workload needs.

use std::collections::BTreeSet;

use crate::assess::estate::{AWS_ACCESS_KEYS, AWS_CREDENTIAL_REPORT};
use crate::assess::factors::as_of;
use crate::assess::view::{View, days, is_active_aws_key, is_root};
use crate::assess::{Adjustment, Check, Context};
use crate::model::{Confidence, Credential, Finding, Identity, Risk, Severity};

/// A rotation takes no longer.
const ROTATION_DAYS: i64 = 30;

/// Two enabled access keys of one user.
pub(in crate::assess) const TWO_ACTIVE_KEYS: Check = Check {
    id: "NHI9-two-active-keys",
    risk: Risk::Nhi9,
    title: "AWS user with two active access keys",
    why: "Two keys that live on are mostly two programs that share one user: neither can lose a right alone, and no log tells \
          them apart.",
    remediation: "Finish the rotation and delete the older key, or give the second program a role of its own. (CIS AWS \
                  Foundations 5.0 asks for it as 1.12; 7.0 dropped it.)",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"],
    needs: &[AWS_CREDENTIAL_REPORT, AWS_ACCESS_KEYS],
    implies: &[Adjustment::Active],
    subjects: |view| View::ids(users(view).map(|(user, _)| user)),
    run,
};

/// Users with their enabled keys. A report knows keys by number and a listing by id; which of them are one is not always
/// known, so the longer of the two lists counts.
fn users<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, Vec<&'a Credential>)> + use<'v, 'a> {
    let users = view.identities().filter(|i| i.provider == "aws" && !is_root(i));
    users.filter_map(|user| {
        let active = || view.owned_by(&user.id).iter().copied().filter(|c| is_active_aws_key(c));
        let numbered: Vec<&Credential> = active()
            .filter(|c| c.id.starts_with("aws:access-key-slot:") || c.attributes.contains_key("slot"))
            .collect();
        let listed: Vec<&Credential> = active().filter(|c| c.id.starts_with("aws:access-key:")).collect();
        let keys = if numbered.len() > listed.len() { numbered } else { listed };
        (!keys.is_empty()).then_some((user, keys))
    })
}

fn run(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    users(view).filter_map(|(user, keys)| finding(user, &keys, context)).collect()
}

fn finding(user: &Identity, keys: &[&Credential], context: &Context<'_>) -> Option<Finding> {
    let age = |key: &Credential| {
        let made = if key.rotated.at().is_some() { key.rotated } else { key.created };
        made.days_before(as_of(key, context))
    };
    let mut ages: Vec<i64> = keys.iter().filter_map(|key| age(key)).filter(|age| *age > ROTATION_DAYS).collect();
    ages.sort_unstable();
    (ages.len() > 1).then(|| {
        let mut finding = TWO_ACTIVE_KEYS.about(user, "");
        finding.title = format!("AWS user {} has {} active access keys", user.name, ages.len());
        let shown: Vec<String> = ages.iter().map(|age| days(*age)).collect();
        finding.evidence.push(format!("made {} ago", shown.join(" and ")));
        let places: BTreeSet<_> = keys.iter().flat_map(|key| key.locations.iter().cloned()).collect();
        finding.locations = places.into_iter().collect();
        finding
    })
}
