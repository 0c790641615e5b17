//! Roles that accounts of others may take on.

use std::collections::BTreeSet;

use crate::assess::decided::{OWN_ACCOUNT, account};
use crate::assess::estate::{AWS_AUTHORIZATION, AWS_IAM_LIST, TERRAFORM};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Privilege, Risk, Severity, Trust};

/// A role that trusts another account without an external id.
pub(in crate::assess) const AWS_NO_EXTERNAL_ID: Check = Check {
    id: "NHI3-aws-no-externalid",
    risk: Risk::Nhi3,
    title: "AWS role trusts another account without an external id",
    why: "A vendor acts for many customers from one account. Without an external id, any of its customers can have it act \
          in yours by naming your role.",
    remediation: "Add the condition StringEquals sts:ExternalId with the id that the vendor gives you; between accounts of \
                  your own, pin aws:PrincipalOrgID instead.",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"],
    needs: &[AWS_AUTHORIZATION, AWS_IAM_LIST, TERRAFORM],
    implies: &[],
    subjects,
    run,
};

fn attribute<'t>(trust: &'t Trust, name: &str) -> &'t str {
    trust.attributes.get(name).map(String::as_str).unwrap_or_default()
}

/// Trust in principals of AWS accounts, this one's own left out.
fn foreign<'v, 'a>(identity: &'v Identity, view: &'v View<'a>) -> impl Iterator<Item = &'a Trust> + use<'v, 'a> {
    view.trusts_of(&identity.id).iter().copied().filter(|trust| {
        let anyone = attribute(trust, "principal") == "anyone";
        attribute(trust, "kind") == "aws"
            && attribute(trust, "same_account") != "true"
            && attribute(trust, OWN_ACCOUNT) != "true"
            && (anyone || account(&trust.issuer).is_some())
    })
}

fn subjects(view: &View<'_>) -> BTreeSet<String> {
    View::ids(view.identities().filter(|i| i.provider == "aws" && foreign(i, view).next().is_some()))
}

fn run(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    view.identities().filter(|i| i.provider == "aws").filter_map(|role| of(role, view)).collect()
}

fn of(role: &Identity, view: &View<'_>) -> Option<Finding> {
    let mut finding: Option<Finding> = None;
    for trust in foreign(role, view) {
        // Whatever else is demanded of the caller narrows it down: an organisation, a source account, a tag.
        let narrowed = !attribute(trust, "claims_pinned").is_empty() || !attribute(trust, "deny_statements").is_empty();
        if attribute(trust, "external_id") == "present" || narrowed {
            continue;
        }
        let anyone = attribute(trust, "principal") == "anyone";
        let found = finding.get_or_insert_with(|| {
            let mut finding = AWS_NO_EXTERNAL_ID.about(role, "");
            finding.title = format!("{} trusts another account without an external id", role.name);
            finding.locations.clear();
            finding
        });
        if anyone {
            found.title = format!("{} may be taken on from any AWS account", role.name);
            found.confidence = Confidence::High;
        }
        if anyone || role.privilege == Privilege::Admin {
            found.base_severity = Severity::Critical;
        }
        say(&mut found.evidence, format!("{} may take it on; no condition on sts:ExternalId", trust.issuer));
        found.locations.push(trust.location.clone());
        found.locations.dedup();
    }
    finding.map(|mut finding| {
        if finding.confidence == Confidence::Medium {
            say(
                &mut finding.evidence,
                "whether the account is one of your own is not known here; `policy.own-accounts` says it".to_owned(),
            );
        }
        finding
    })
}
