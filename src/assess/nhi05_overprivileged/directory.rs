//! Rights over an Entra directory and the data of Microsoft 365.

use crate::assess::directory::{by_app_role, of_azure, right};
use crate::assess::estate::{AZURE_ROLE_ASSIGNMENTS, ENTRA_APP_ROLES};
use crate::assess::view::View;
use crate::assess::{Adjustment, Check, say};
use crate::model::{Confidence, Finding, Grant, Privilege, Risk, Severity};

/// A service principal that administers the directory or reaches everybody's data.
pub(in crate::assess) const ENTRA_TIER0: Check = Check {
    id: "NHI5-entra-tier0",
    risk: Risk::Nhi5,
    title: "Application that administers the directory or reaches everybody's data",
    why: "With such an app role an application makes itself Global Administrator, or reads and writes every mailbox and file, \
          without anybody signing in. OWASP's own scenario is an application with AppRoleAssignment.ReadWrite.All that needed to \
          read one store.",
    remediation: "Replace it by the narrowest permission (Application.ReadWrite.OwnedBy, Sites.Selected, mail limited by RBAC for \
                  applications in Exchange Online), or run the task as a person with PIM; then delete the appRoleAssignment.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://learn.microsoft.com/en-us/graph/permissions-reference",
        "https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac",
    ],
    needs: &[ENTRA_APP_ROLES, AZURE_ROLE_ASSIGNMENTS],
    // The name of an application makes no directory one of tests.
    implies: &[Adjustment::Admin, Adjustment::Nonproduction],
    subjects: |view| View::ids(of_azure(view).filter(|i| view.grants_of(&i.id).iter().any(|g| by_app_role(g)))),
    run: |view, _| all(view),
};

/// App roles that write, or read, what everybody has.
const DATA: &[(&str, Severity)] = &[
    ("full_access_as_app", Severity::High),
    ("Mail.ReadWrite", Severity::High),
    ("Files.ReadWrite.All", Severity::High),
    ("Sites.FullControl.All", Severity::High),
    ("Mail.Read", Severity::Medium),
    ("Mail.Send", Severity::Medium),
    ("Files.Read.All", Severity::Medium),
    ("Sites.ReadWrite.All", Severity::Medium),
    ("Sites.Manage.All", Severity::Medium),
    ("Sites.Read.All", Severity::Medium),
    ("Chat.ReadWrite.All", Severity::Medium),
    ("Chat.Read.All", Severity::Medium),
    ("ChannelMessage.Read.All", Severity::Medium),
];

fn grade(grant: &Grant) -> Option<Severity> {
    if !by_app_role(grant) {
        return None;
    }
    match grant.privilege {
        // It writes much of the directory; roles that administrators hold are out of its reach.
        Privilege::Admin if grant.action == "Directory.ReadWrite.All" => Some(Severity::High),
        Privilege::Admin => Some(Severity::Critical),
        _ => DATA.iter().find(|(role, _)| grant.action == *role).map(|(_, severity)| *severity),
    }
}

fn all(view: &View<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for identity in of_azure(view) {
        let grants = view.grants_of(&identity.id);
        let mut found: Vec<(Severity, &Grant)> = grants.iter().filter_map(|g| Some((grade(g)?, *g))).collect();
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let Some((worst, _)) = found.first() else { continue };
        let mut finding = ENTRA_TIER0.about(identity, "");
        finding.base_severity = *worst;
        let administers = found.iter().any(|(_, grant)| grant.privilege == Privilege::Admin);
        let what = if administers { "can administer the directory" } else { "reaches everybody's data" };
        finding.title = format!("{} {what}", identity.name);
        finding.locations.clear();
        for (_, grant) in found {
            say(&mut finding.evidence, right(grant));
            finding.locations.push(grant.location.clone());
        }
        finding.locations.dedup();
        out.push(finding);
    }
    out
}
