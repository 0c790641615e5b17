//! Rights in clouds that reach further than a workload's own things.

use std::collections::BTreeSet;

use super::{escalates, evidence, granted, policies, put_first};
use crate::assess::directory::by_role_assignment;
use crate::assess::estate::{AWS_AUTHORIZATION, AZURE_ROLE_ASSIGNMENTS, GCP_ASSETS, GCP_IAM_POLICY, TERRAFORM};
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, Context, say};
use crate::model::{Confidence, Finding, Grant, Identity, Privilege, Risk, Severity, google, setting};

/// A path to administration.
pub(in crate::assess) const AWS_PRIVESC: Check = Check {
    id: "NHI5-aws-privesc",
    risk: Risk::Nhi5,
    title: "AWS identity that can make itself an administrator",
    why: "With these actions it can give itself, or something that it starts, any rights in the account: it is an \
          administrator in all but name.",
    remediation: "Take the actions away, or bind them to named resources; where roles must be created or passed, demand \
                  a permissions boundary (iam:PermissionsBoundary) and name the roles that may be passed.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://pathfinding.cloud/"],
    needs: &[AWS_AUTHORIZATION, TERRAFORM],
    implies: &[Adjustment::Admin],
    subjects: |view| View::ids(granted(view)),
    run: privesc,
};

fn privesc(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let escalating = granted(view).filter(|identity| escalates(identity, view)).map(|identity| {
        let grants = || view.grants_of(&identity.id).iter().copied().filter(|g| g.privilege == Privilege::Admin);
        let mut finding = AWS_PRIVESC.about(identity, "");
        finding.title = format!("{} can make itself an administrator", identity.name);
        finding.evidence = evidence(grants());
        put_first(&mut finding, grants());
        if grants().all(|grant| grant.condition.is_some()) {
            finding.confidence = Confidence::Medium;
        }
        finding
    });
    let mut out: Vec<Finding> = escalating.collect();
    out.extend(granted(view).filter(|i| i.privilege < Privilege::Admin).filter_map(|i| acts_for_others(i, view)));
    out.extend(policies(&AWS_PRIVESC, view, "escalation", "lets its holders make themselves administrators"));
    out
}

/// Actions that run code with the role of something that is there already, by what they do.
const FOR_OTHERS: &[&str] = &[
    "ssm:SendCommand",
    "ssm:StartSession",
    "lambda:UpdateFunctionCode",
    "glue:UpdateDevEndpoint",
    "cloudformation:UpdateStack",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
];

/// Whether a pattern names one of those actions; one that stands for a whole service is told by another check.
fn runs_for_others(pattern: &str) -> bool {
    let stem = pattern.trim_end_matches('*');
    let exact = |action: &&str| action.eq_ignore_ascii_case(pattern);
    let begins = |action: &&str| {
        stem.len() < pattern.len()
            && !stem.ends_with(':')
            && action.get(..stem.len()).is_some_and(|start| start.eq_ignore_ascii_case(stem))
    };
    !stem.is_empty() && FOR_OTHERS.iter().any(|action| exact(action) || begins(action))
}

/// Whoever changes what runs everywhere has the rights of all that runs; how much that is, is not known here.
fn acts_for_others(identity: &Identity, view: &View<'_>) -> Option<Finding> {
    let acting = |g: &&Grant| g.privilege == Privilege::WriteBroad && g.action.split(", ").any(runs_for_others);
    let grants: Vec<&Grant> = view.grants_of(&identity.id).iter().copied().filter(acting).collect();
    if grants.is_empty() {
        return None;
    }
    let mut finding = AWS_PRIVESC.about(identity, "");
    finding.title = format!("{} can run code with the role of anything that runs", identity.name);
    finding.base_severity = Severity::Medium;
    finding.confidence = Confidence::Medium;
    finding.evidence = evidence(grants.iter().copied());
    put_first(&mut finding, grants.into_iter());
    Some(finding)
}

/// Grants of one provider that a check objects to, one finding for each identity.
fn over(
    check: &Check,
    view: &View<'_>,
    provider: &str,
    title: impl Fn(&Identity) -> String,
    objects: impl Fn(&Grant) -> Option<Severity>,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for identity in view.identities().filter(|i| i.provider == provider) {
        let grants = view.grants_of(&identity.id);
        let found: Vec<(&Grant, Severity)> = grants.iter().filter_map(|g| Some((*g, objects(g)?))).collect();
        let Some(worst) = found.iter().map(|(_, severity)| *severity).max() else { continue };
        let mut finding = check.about(identity, "");
        finding.title = title(identity);
        finding.base_severity = worst;
        finding.locations.clear();
        for (grant, _) in &found {
            say(&mut finding.evidence, super::sentence(grant));
        }
        put_first(&mut finding, found.into_iter().map(|(grant, _)| grant));
        out.push(finding);
    }
    out
}

fn holders(view: &View<'_>, provider: &'static str) -> BTreeSet<String> {
    View::ids(view.identities().filter(|i| i.provider == provider && !view.grants_of(&i.id).is_empty()))
}

/// Whether a right reaches over a project or more.
fn spans_projects(grant: &Grant) -> bool {
    ["project", "folder", "organization"].iter().any(|scope| grant.resource.starts_with(scope))
}

/// Owner or Editor of a project, or the right to become it.
pub(in crate::assess) const GCP_PRIMITIVE: Check = Check {
    id: "NHI5-gcp-primitive",
    risk: Risk::Nhi5,
    title: "Service account that owns or edits a whole project",
    why: "Basic roles hold thousands of permissions over every service of the project, reading secrets and acting as other \
          service accounts among them; whoever may change the policy can give itself any role.",
    remediation: "Grant predefined roles of the services that it uses, on the resources that it uses.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://cloud.google.com/iam/docs/roles-overview#basic"],
    needs: &[TERRAFORM, GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[Adjustment::Admin],
    subjects: |view| holders(view, "gcp"),
    run: primitive,
};

fn primitive(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let basic = |grant: &Grant| matches!(grant.action.as_str(), "roles/owner" | "roles/editor");
    // What another gives is told by another check.
    let admin = |grant: &Grant| grant.privilege == Privilege::Admin && !grant.action.starts_with("as ");
    let title = |i: &Identity| {
        let whole = view.grants_of(&i.id).iter().any(|grant| basic(grant) && spans_projects(grant));
        let what = if whole { "owns or edits a whole project" } else { "can make itself owner of a project" };
        match (i.attributes.get("default"), i.attributes.contains_key("managed_by")) {
            (Some(platform), _) => format!("{}, the default account of {platform}, {what}", i.name),
            (None, true) => format!("{}, an account of Google's own services, {what}", i.name),
            (None, false) => format!("{} {what}", i.name),
        }
    };
    let mut out = over(&GCP_PRIMITIVE, view, "gcp", title, |grant| {
        ((basic(grant) || admin(grant)) && spans_projects(grant)).then_some(Severity::High)
    });
    for finding in &mut out {
        let identity = finding.identity.as_ref().and_then(|id| view.identity(id));
        let Some(identity) = identity else { continue };
        if identity.attributes.contains_key("default") {
            finding.remediation = "Take the basic role from the account after giving what runs as it accounts of their own, and \
                                   enforce iam.automaticIamGrantsForDefaultServiceAccounts, so that no project starts so."
                .into();
        } else if identity.attributes.contains_key("managed_by") {
            finding.remediation =
                "Google granted it so that its services work; replace it by the roles of the services that \
                                   the project uses, if it uses any."
                    .into();
            finding.confidence = Confidence::Medium;
        }
    }
    out
}

/// Acting as any service account of a project.
pub(in crate::assess) const GCP_IMPERSONATE: Check = Check {
    id: "NHI5-gcp-impersonate",
    risk: Risk::Nhi5,
    title: "Service account that may act as every other one",
    why: "Granted on a project, the role reaches every service account in it, now and later, so its holder has the rights \
          of the strongest of them; granted on one account that can do more, it gives those rights away.",
    remediation: "Grant it on the one service account that is meant (google_service_account_iam_member, gcloud iam \
                  service-accounts add-iam-policy-binding), and on none that can do more than its holder should.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://cloud.google.com/iam/docs/service-account-permissions"],
    needs: &[TERRAFORM, GCP_IAM_POLICY, GCP_ASSETS],
    implies: &[],
    subjects: |view| holders(view, "gcp"),
    run: impersonate,
};

fn impersonate(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let custom: BTreeSet<&str> = view
        .settings(setting::CUSTOM_ROLE)
        .filter(|role| role.attributes.get("powers").is_some_and(|powers| google::Powers::of_words(powers).takes))
        .map(|role| role.subject.as_str())
        .collect();
    let title = |i: &Identity| {
        let derived = |grant: &&&Grant| grant.action.starts_with("as ");
        match view.grants_of(&i.id).iter().find(derived) {
            Some(grant) => {
                let whom = grant.action.strip_prefix("as ").and_then(|rest| rest.split(": ").next());
                format!("{} may act as {}, which can do more", i.name, whom.unwrap_or_default())
            }
            None => format!("{} may act as other service accounts", i.name),
        }
    };
    let mut out = over(&GCP_IMPERSONATE, view, "gcp", title, |grant| {
        let role = grant.action.as_str();
        let acts = google::is_impersonation(role) || custom.contains(role);
        // On one account it is how impersonation is meant, unless that account can do much more; making keys for it is not.
        let keys = role == "roles/iam.serviceAccountKeyAdmin" && grant.resource.starts_with("service account");
        let more = role.starts_with("as ") && grant.privilege >= Privilege::WriteBroad;
        match (acts && spans_projects(grant), keys || more) {
            (true, _) => Some(Severity::High),
            (false, true) => Some(Severity::Medium),
            (false, false) => None,
        }
    });
    // Google's services have such a role by design, and nobody else becomes their accounts.
    for finding in &mut out {
        let identity = finding.identity.as_ref().and_then(|id| view.identity(id));
        if identity.is_some_and(|identity| identity.attributes.contains_key("managed_by")) {
            finding.base_severity = Severity::Low;
        }
    }
    out
}

/// Wide Azure roles over a subscription or more.
pub(in crate::assess) const AZURE_BROAD: Check = Check {
    id: "NHI5-azure-broad",
    risk: Risk::Nhi5,
    title: "Azure identity with a wide role over a subscription or more",
    why: "Owner and the access administrators can grant themselves everything; Contributor can change and read nearly all, \
          keys of other services among it, in every resource group there is.",
    remediation: "Assign a role of the service that it uses, at the resource group or resource.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/azure/role-based-access-control/best-practices"],
    needs: &[TERRAFORM, AZURE_ROLE_ASSIGNMENTS],
    implies: &[],
    subjects: |view| holders(view, "azure"),
    run: |view, _| {
        let title = |i: &Identity| format!("{} holds a wide role over a subscription or more", i.name);
        over(&AZURE_BROAD, view, "azure", title, |grant| {
            let wide = matches!(
                grant.action.as_str(),
                "Owner" | "Contributor" | "User Access Administrator" | "Role Based Access Control Administrator"
            );
            let scope = ["subscription", "management group", "tenant"].iter().any(|s| grant.resource.starts_with(s));
            // Custom roles that hold as much; one whose holder may give certain roles only is less.
            let wide = wide || grant.privilege == Privilege::Admin && by_role_assignment(grant);
            let severity = if grant.condition.is_some() { Severity::Medium } else { Severity::High };
            (wide && scope).then_some(severity)
        })
    },
};
