//! Roles for programs that people take on, too.

use std::collections::BTreeSet;

use crate::assess::Check;
use crate::assess::estate::{AWS_AUTHORIZATION, AWS_IAM_LIST, TERRAFORM};
use crate::assess::view::View;
use crate::model::{Confidence, Finding, Identity, Location, Risk, Severity, Trust};

/// A role that workloads and people take on.
pub(in crate::assess) const AWS_MIXED_TRUST: Check = Check {
    id: "NHI10-aws-mixed-trust",
    risk: Risk::Nhi10,
    title: "AWS role for a workload that people may take on, too",
    why: "A log then shows the workload where a person acted, and whoever may take roles on in the account has the \
          workload's rights.",
    remediation: "Give people a role of their own for debugging, with MFA and a session name, and let the workload's role \
                  trust the workload alone.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, TERRAFORM],
    implies: &[],
    subjects: |view| View::ids(view.identities().filter(|i| i.provider == "aws" && !view.trusts_of(&i.id).is_empty())),
    run: |view, _| mixed_all(view),
};

fn mixed_all(view: &View<'_>) -> Vec<Finding> {
    view.identities().filter(|i| i.provider == "aws").filter_map(|role| mixed(role, view)).collect()
}

fn attribute<'t>(trust: &'t Trust, name: &str) -> &'t str {
    trust.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// Services and issuers of workload tokens. People sign in through Cognito and the shops and networks beside it.
fn is_workload(trust: &Trust) -> bool {
    let people = ["cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"];
    match attribute(trust, "kind") {
        "service" => true,
        "federated" => !people.contains(&trust.issuer.as_str()),
        _ => false,
    }
}

/// The account as a whole, users, and roles that people sign in to.
fn is_human(trust: &Trust) -> bool {
    match attribute(trust, "kind") {
        "saml" => true,
        "aws" => {
            let principal = attribute(trust, "principal");
            attribute(trust, "sso") == "true"
                || principal == "user"
                || (principal == "account" && attribute(trust, "same_account") == "true")
        }
        _ => false,
    }
}

fn mixed(role: &Identity, view: &View<'_>) -> Option<Finding> {
    let trusts = view.trusts_of(&role.id);
    let issuers = |wanted: fn(&Trust) -> bool| -> BTreeSet<&str> {
        trusts.iter().filter(|trust| wanted(trust)).map(|trust| trust.issuer.as_str()).take(8).collect()
    };
    let (machines, people) = (issuers(is_workload), issuers(is_human));
    if machines.is_empty() || people.is_empty() {
        return None;
    }
    let mut finding = AWS_MIXED_TRUST.about(role, "");
    finding.title = format!("{} is a workload's role that people may take on", role.name);
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    finding.evidence.push(format!("workloads: {}", list(machines)));
    finding.evidence.push(format!("people: {}", list(people)));
    let mut places: Vec<Location> = trusts
        .iter()
        .filter(|trust| is_human(trust) || is_workload(trust))
        .map(|trust| trust.location.clone())
        .collect();
    places.sort();
    places.dedup();
    finding.locations = places;
    Some(finding)
}
