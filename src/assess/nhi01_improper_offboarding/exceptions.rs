//! Exceptions of the policy that nobody came back to.

use std::collections::BTreeSet;

use crate::assess::{Check, Context};
use crate::model::{Confidence, Finding, Lapsed, Risk, Severity};

/// An exception whose time has run out.
pub(in crate::assess) const EXCEPTION_EXPIRED: Check = Check {
    id: "NHI1-exception-expired",
    risk: Risk::Nhi1,
    title: "Exception that ran out",
    why: "What the exception accepted was to be gone by its date. Past it nobody has decided anything, and what it accepted \
          is reported again.",
    remediation: "Mend what it accepted and delete the entry, or have its owner decide again and set a new date.",
    severity: Severity::Medium,
    confidence: Confidence::Confirmed,
    references: &["https://owasp.org/www-project-non-human-identities-top-10/2025/1-improper-offboarding/"],
    // The configuration is no input that could be missing.
    needs: &[],
    implies: &[],
    subjects: |_| BTreeSet::new(),
    run: |_, context: &Context<'_>| context.policy.lapsed().iter().map(expired).collect(),
};

fn expired(lapsed: &Lapsed) -> Finding {
    let name = [EXCEPTION_EXPIRED.id, lapsed.entry.as_str(), lapsed.what.as_str()];
    let mut finding = EXCEPTION_EXPIRED.blank(&name, vec![lapsed.location.clone()]);
    finding.title = format!("Exception for {} ran out on {}", lapsed.what, lapsed.expires);
    finding.evidence = vec![format!("{}: {}", lapsed.entry, lapsed.reason), format!("owner {}", lapsed.owner)];
    finding
}
