//! Entra and Azure: rights of what is gone, applications of nobody, service principals that nobody uses.

use std::collections::BTreeSet;

use crate::assess::directory::{
    attribute, by_role_assignment, is_strong, live, of_azure, principals_listed, read_whole, right,
};
use crate::assess::estate::{AZURE_ROLE_ASSIGNMENTS, ENTRA_APPLICATIONS, ENTRA_SIGN_INS};
use crate::assess::view::{View, days};
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Risk, Severity, Status};

/// A role assignment whose principal no longer exists.
pub(in crate::assess) const AZURE_ORPHAN_ASSIGNMENT: Check = Check {
    id: "NHI1-azure-orphan-assignment",
    risk: Risk::Nhi1,
    title: "Azure role assignment of a principal that is gone",
    why: "Whoever had the right was deleted and its assignment forgotten: a sign that nobody takes identities out of service, and \
          one more line in every review. Assignments of other tenants' principals look alike.",
    remediation: "Delete the assignment (az role assignment delete --ids ID) once it is certain that no other tenant's principal \
                  is meant.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &[
        "https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting#symptom---role-assignments-with-identity-not-found",
    ],
    needs: &[AZURE_ROLE_ASSIGNMENTS],
    implies: &[],
    subjects: |view| View::ids(assigned(view)),
    run: |view, _| orphans(view),
};

fn assigned<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    of_azure(view).filter(move |i| view.grants_of(&i.id).iter().any(|g| by_role_assignment(g)))
}

fn orphans(view: &View<'_>) -> Vec<Finding> {
    let listed = |i: &Identity| {
        ["service_principal_type", "registered", "resource"].iter().any(|a| i.attributes.contains_key(*a))
    };
    let known = assigned(view).filter(|i| listed(i)).count();
    let unknown: Vec<&Identity> = assigned(view).filter(|i| !listed(i)).collect();
    // A list of service principals in which most holders are missing is not the whole list.
    let whole = principals_listed(view) && known >= unknown.len();
    let mut out = Vec::new();
    for identity in unknown {
        let nameless = attribute(identity, "unresolved") == "true";
        if !(nameless || whole) {
            continue;
        }
        let mut finding = AZURE_ORPHAN_ASSIGNMENT.about(identity, "");
        finding.title = format!("Role assignments of {}, which is not in the directory", identity.name);
        if is_strong(identity.privilege) {
            finding.base_severity = Severity::Medium;
        }
        if whole {
            say(&mut finding.evidence, "it is not among the service principals that were listed".to_owned());
        }
        if nameless {
            say(&mut finding.evidence, "the listing has no name for it and has names for others".to_owned());
        }
        if whole && nameless {
            finding.confidence = Confidence::High;
        }
        for grant in view.grants_of(&identity.id) {
            say(&mut finding.evidence, right(grant));
        }
        out.push(finding);
    }
    out
}

/// An application that nobody answers for.
pub(in crate::assess) const ENTRA_APP_UNOWNED: Check = Check {
    id: "NHI1-entra-app-unowned",
    risk: Risk::Nhi1,
    title: "Entra application without an owner",
    why: "Nobody is asked whether the application is still needed, nobody rotates its credentials, and nobody hears of it when its \
          secret leaks.",
    remediation: "Add an owner (az ad app owner add --id APP_ID --owner-object-id USER) or set serviceManagementReference to the \
                  team's entry. Owners are in the listing with $expand=owners.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/overview-assign-app-owners"],
    needs: &[ENTRA_APPLICATIONS],
    implies: &[],
    subjects: |view| View::ids(of_azure(view).filter(|i| !attribute(i, "owners").is_empty())),
    run: |view, _| {
        let unowned =
            |i: &&Identity| attribute(i, "owners") == "0" && attribute(i, "service_management_reference").is_empty();
        of_azure(view)
            .filter(unowned)
            .map(|identity| {
                let mut finding = ENTRA_APP_UNOWNED.about(identity, "");
                finding.title = format!("Entra application {} has no owner", identity.name);
                finding.evidence = vec!["owners: none; serviceManagementReference: none".to_owned()];
                finding
            })
            .collect()
    },
};

/// A service principal that nobody uses and that still has a credential.
pub(in crate::assess) const ENTRA_SP_IDLE: Check = Check {
    id: "NHI1-entra-sp-idle",
    risk: Risk::Nhi1,
    title: "Unused service principal with a credential that works",
    why: "Nothing signs in as it, and its secret still would: whoever finds the secret is not noticed, and nobody would miss it.",
    remediation: "Disable it (az ad sp update --id APP_ID --set accountEnabled=false), watch for a month, then delete the \
                  application and its credentials.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://learn.microsoft.com/en-us/graph/api/reportroot-list-serviceprincipalsigninactivities?view=graph-rest-beta",
        "https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/delete-recover-faq",
    ],
    needs: &[ENTRA_SIGN_INS],
    implies: &[],
    subjects: |view| {
        let holds = |i: &&Identity| view.owned_by(&i.id).iter().any(|c| crate::assess::directory::is_sign_in(c));
        View::ids(of_azure(view).filter(holds))
    },
    run: idle,
};

fn idle(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let limit = context.policy.limits().identity_unused;
    let reported = read_whole(view, ENTRA_SIGN_INS);
    let any = of_azure(view).any(|i| attribute(i, "sign_ins") == "listed");
    // An application with principals of their own in several tenants is used through these.
    let through: BTreeSet<&str> = of_azure(view).map(|i| attribute(i, "application")).collect();
    let used = |i: &&Identity| {
        let client = i.id.as_str().strip_prefix("azure:app:").unwrap_or(i.id.as_str());
        !through.contains(client) || attribute(i, "sign_ins") == "listed"
    };
    let mut out = Vec::new();
    for identity in of_azure(view).filter(|i| i.status != Status::Inactive).filter(used) {
        let Some(credential) = live(identity, view, context.as_of) else { continue };
        let mut finding = ENTRA_SP_IDLE.about(identity, "");
        if attribute(identity, "sign_ins") == "listed" {
            let Some(idle) = identity.last_used.days_before(context.as_of).filter(|idle| *idle > limit) else {
                continue;
            };
            finding.title = format!("Service principal {} unused for {}", identity.name, days(idle));
            finding.evidence.push(format!("last sign-in {} before {}", days(idle), context.as_of.strftime("%Y-%m-%d")));
        } else {
            // The report goes back as far as the licence lets it, and what is new has no row yet.
            let age = credential.created.days_before(context.as_of);
            if !(reported && any) || age.is_none_or(|age| age <= limit) {
                continue;
            }
            finding.title = format!("Service principal {} has no sign-in on record", identity.name);
            finding.base_severity = Severity::Medium;
            finding.confidence = Confidence::Medium;
            finding.evidence.push("no row of the sign-in report is of it; the report may not go back far".to_owned());
        }
        let end = credential
            .expires
            .at()
            .map_or_else(|| "has no end".to_owned(), |t| format!("ends {}", t.strftime("%Y-%m-%d")));
        finding.evidence.push(format!("{} {end}", credential.id));
        out.push(finding);
    }
    out
}
