//! Jobs and the roles that they take on, when both are in the inputs.

use std::collections::BTreeMap;

use crate::assess::estate::{
    AWS_AUTHORIZATION, AWS_IAM_LIST, CLOUDFORMATION, ENTRA_FEDERATED, GCP_ASSETS, GCP_IAM_POLICY, TERRAFORM,
};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Usage};

/// What `inventory` says of a usage that takes on a role.
const ASSUMES: &str = "assumes";

/// A job whose role does not let it in.
pub(in crate::assess) const ROLE_REFUSES: Check = Check {
    id: "NHI6-role-refuses-job",
    risk: Risk::Nhi6,
    title: "Job names a role that does not let it in",
    why: "The login fails. The usual mend is a wildcard in the trust policy, and then others get in, too; and a role that waits \
          for a repository's old name waits for whoever takes that name next.",
    remediation: "Put the job's own subject into the role's trust policy, with environment or branch, or take the login out of \
                  the job.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["https://docs.github.com/en/actions/reference/security/oidc"],
    needs: &[AWS_AUTHORIZATION, TERRAFORM, CLOUDFORMATION, ENTRA_FEDERATED, AWS_IAM_LIST, GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[],
    subjects: |view| {
        let judged = view.usages().filter(|usage| usage.attributes.contains_key(ASSUMES));
        judged.filter_map(|usage| usage.identity.as_ref()).map(ToString::to_string).collect()
    },
    run: refused,
};

fn refused(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for usage in view.usages() {
        let why = usage.attributes.get(ASSUMES).and_then(|verdict| verdict.strip_prefix("no: "));
        let job = usage.identity.as_ref().and_then(|id| view.identity(id));
        let (Some(why), Some(job), Some(role)) = (why, job, usage.target.as_deref()) else { continue };
        let finding = out.entry((job.id.to_string(), role)).or_insert_with(|| {
            let mut finding = ROLE_REFUSES.about(job, role);
            let kind = match usage.provider.as_str() {
                "gcp" if role.contains('@') => "service account",
                "gcp" => "workload identity provider",
                _ => "role",
            };
            finding.title = format!("{} names a {kind} that does not let it in", job.name);
            finding.evidence.push(format!("{kind} {role}"));
            if kind != "role" {
                finding.remediation =
                    "Bind roles/iam.workloadIdentityUser on the service account to the job's own repository or \
                                       subject, or to the cluster's service account, or take the login out."
                        .into();
            }
            finding.locations.clear();
            finding
        });
        say(&mut finding.evidence, why.to_owned());
        finding.locations.push(usage.location.clone());
        finding.locations.dedup();
    }
    out.into_values().collect()
}

/// Sentences on who of the inputs takes on a role, at most three.
pub(super) fn takers(role: &Identity, view: &View<'_>) -> Vec<String> {
    let keys = || std::iter::once(&role.id).chain(&role.aliases).filter_map(|key| key.as_str().splitn(3, ':').nth(2));
    // Code that declares a role knows its name, and no account.
    let name = role.attributes.get("name").map(|name| format!("role/{name}"));
    let named = |target: &str| name.as_ref().is_some_and(|name| target.ends_with(name.as_str()));
    let takes =
        |usage: &&Usage| usage.target.as_deref().is_some_and(|target| keys().any(|key| key == target) || named(target));
    let told = view.usages().filter(takes).filter_map(|usage| {
        let job = usage.identity.as_ref().and_then(|id| view.identity(id))?;
        let verdict = usage.attributes.get(ASSUMES)?;
        let (word, why) = verdict.split_once(": ")?;
        let can = match word {
            "yes" => "can take it on",
            "no" => "names it and is not let in",
            _ => "may take it on",
        };
        Some(format!("{} {can}: {why}", job.name))
    });
    told.take(3).collect()
}
