//! Certificates with a long life.

use crate::assess::estate::{CERTIFICATE, KUBERNETES, KUBERNETES_EXPORT};
use crate::assess::view::{View, days};
use crate::assess::{Check, Context, certificates};
use crate::model::{Confidence, Finding, Risk, Severity};

/// The longest life of a server's certificate that browsers took from September 2020 on, in days.
const LONG: i64 = 398;
/// What they took before, in days.
const VERY_LONG: i64 = 825;

/// A certificate of a workload or a server that lasts for years.
pub(in crate::assess) const CERT_LIFE: Check = Check {
    id: "NHI7-cert-life",
    risk: Risk::Nhi7,
    title: "Certificate with a long life",
    why: "Whoever takes its private key stands in for its owner until the certificate ends; most clients never ask whether it \
          was revoked.",
    remediation: "Issue certificates for weeks and renew them by machine: ACME for servers, SPIFFE or the platform's own \
                  issuer for workloads.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://cabforum.org/working-groups/server/baseline-requirements/requirements/",
        "https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",
    ],
    needs: &[CERTIFICATE, KUBERNETES, KUBERNETES_EXPORT],
    implies: &[],
    subjects: certificates::subjects,
    run: cert_life,
};

fn cert_life(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let keys = certificates::keys(view);
    certificates::live(view, context.as_of)
        .iter()
        .filter(|c| !c.is_authority())
        .filter_map(|certificate| {
            let (start, end) = certificate.validity()?;
            let life = (end.as_second() - start.as_second()).div_euclid(86_400);
            (life > LONG).then(|| {
                let mut finding = certificate.finding(&CERT_LIFE, certificate.is_own(&keys));
                if life > VERY_LONG {
                    finding.base_severity = Severity::High;
                }
                finding.title = format!("Certificate of {} lives {}", certificate.title(), days(life));
                let dates = format!("from {} to {}", start.strftime("%Y-%m-%d"), end.strftime("%Y-%m-%d"));
                finding.evidence.insert(0, dates);
                finding
            })
        })
        .collect()
}
