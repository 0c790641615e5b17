//! Applications of other tenants with rights in one's own.

use crate::assess::directory::{attribute, by_app_role, by_role_assignment, is_strong, of_azure, own_tenants, right};
use crate::assess::estate::{AZURE_ROLE_ASSIGNMENTS, ENTRA_APP_ROLES};
use crate::assess::view::View;
use crate::assess::{Check, say};
use crate::model::{Confidence, Finding, Identity, Risk, Severity};

/// A service principal of another tenant's application with wide rights.
pub(in crate::assess) const ENTRA_FOREIGN_SP: Check = Check {
    id: "NHI3-entra-foreign-sp",
    risk: Risk::Nhi3,
    title: "Application of another tenant with wide rights",
    why: "Its secrets are kept by its publisher: whoever breaks in there signs in here, with these rights, and no password or MFA \
          of this tenant is in the way.",
    remediation: "Ask what it needs, take the rest away (delete the appRoleAssignment), require admin consent for such \
                  permissions, and delete the service principal when the vendor is gone.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://learn.microsoft.com/en-us/entra/identity/enterprise-apps/manage-application-permissions",
        "https://learn.microsoft.com/en-us/entra/identity-platform/publisher-verification-overview",
    ],
    needs: &[ENTRA_APP_ROLES, AZURE_ROLE_ASSIGNMENTS],
    implies: &[],
    subjects: |view| View::ids(foreign(view).map(|(identity, _)| identity)),
    run: |view, _| all(view),
};

/// Service principals whose application belongs to a tenant that is not one's own, and whether it is known which that is.
fn foreign<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Identity, bool)> + use<'a> {
    let (own, certain) = own_tenants(view);
    let all: Vec<&Identity> = of_azure(view).collect();
    all.into_iter()
        .filter(move |i| {
            let tenant = attribute(i, "owner_tenant");
            let managed = attribute(i, "service_principal_type").eq_ignore_ascii_case("ManagedIdentity");
            !own.is_empty() && !tenant.is_empty() && !managed && !own.contains(tenant)
        })
        .map(move |identity| (identity, certain))
}

fn all(view: &View<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (identity, certain) in foreign(view) {
        let grants = view.grants_of(&identity.id).iter();
        let strong: Vec<_> =
            grants.filter(|g| is_strong(g.privilege) && (by_app_role(g) || by_role_assignment(g))).collect();
        if strong.is_empty() {
            continue;
        }
        let mut finding = ENTRA_FOREIGN_SP.about(identity, "");
        finding.title = format!("{} belongs to another tenant and has wide rights in this one", identity.name);
        let tenant = attribute(identity, "owner_tenant");
        let verified = attribute(identity, "verified_publisher");
        let publisher = match verified {
            "yes" => {
                finding.base_severity = Severity::Medium;
                "a verified publisher"
            }
            "no" => "no verified publisher",
            _ => "a publisher of whom nothing is said",
        };
        if !certain {
            finding.confidence = Confidence::Medium;
        }
        finding.evidence.push(format!("it belongs to tenant {tenant}, with {publisher}"));
        strong.into_iter().for_each(|grant| say(&mut finding.evidence, right(grant)));
        out.push(finding);
    }
    out
}
