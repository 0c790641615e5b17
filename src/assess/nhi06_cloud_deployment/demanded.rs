//! Stored credentials where the user's own policy demands federation.

use std::collections::BTreeMap;

use super::add_use;
use crate::assess::estate::PIPELINES;
use crate::assess::headline::is_placeholder;
use crate::assess::view::View;
use crate::assess::{Check, Context};
use crate::model::{AuthMode, Confidence, Finding, Risk, Severity, Usage};

/// A stored credential for a provider for which the policy demands federation.
pub(in crate::assess) const STATIC_AGAINST_POLICY: Check = Check {
    id: "NHI6-static-against-policy",
    risk: Risk::Nhi6,
    title: "Stored credential where the policy demands federation",
    why: "The policy of this organisation says that workloads reach this provider by federation only: a stored credential \
          works from anywhere, for whoever holds it, until somebody ends it.",
    remediation: "Let the workload take on an identity of the provider by its own token, and delete the stored credential; \
                  or add an entry to `policy.allow-static` with an owner, a reason and an end.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://owasp.org/www-project-non-human-identities-top-10/2025/6-insecure-cloud-deployment-configurations/",
    ],
    needs: PIPELINES,
    implies: &[],
    subjects: |view| {
        view.usages()
            .filter(|usage| is_stored(usage))
            .filter_map(|usage| Some(usage.identity.as_ref()?.to_string()))
            .collect()
    },
    run,
};

fn is_stored(usage: &Usage) -> bool {
    matches!(usage.mode, AuthMode::Static | AuthMode::Referenced) && !is_placeholder(usage)
}

fn run(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(String, &str), Finding> = BTreeMap::new();
    for usage in view.usages().filter(|usage| is_stored(usage) && context.policy.demands_federation(&usage.provider)) {
        // Who holds the credential answers for it; a use in code that belongs to nobody is the detectors' business.
        let Some(who) = usage.identity.as_ref().and_then(|id| view.identity(id)) else { continue };
        let accepted = context.policy.allows_static(usage, Some(who));
        let finding = groups.entry((who.id.to_string(), &usage.provider)).or_insert_with(|| {
            let mut finding = STATIC_AGAINST_POLICY.about(who, &usage.provider);
            finding.title =
                format!("{} uses a stored {} credential, which the policy forbids", who.name, usage.provider);
            finding.locations.clear();
            finding.suppressed.clone_from(&accepted);
            finding
        });
        add_use(finding, usage, accepted.is_some());
    }
    groups.into_values().collect()
}
