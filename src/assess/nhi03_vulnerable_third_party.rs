//! NHI3:2025 Vulnerable Third-Party NHI: credentials in reach of code that others can change
//! (<https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/>).

pub(super) mod agent;
pub(super) mod apps;
pub(super) mod directory;
pub(super) mod pipeline;
pub(super) mod pipelines;
pub(super) mod roles;

use std::collections::BTreeMap;

use super::estate::GITHUB_ACTIONS;
use super::view::View;
use super::{Check, Context, say};
use crate::model::{Confidence, Finding, Grant, Identity, Risk, Severity, ThirdParty};

/// Third-party actions at a version that can change, with credentials in reach.
pub(super) const GHA_UNPINNED: Check = Check {
    id: "NHI3-gha-unpinned",
    risk: Risk::Nhi3,
    title: "Unpinned third-party action",
    why: "A tag or branch can be moved to other code at any time, by its owner or by whoever takes the owner's account; \
          that code then runs with what the job holds.",
    remediation: "Pin the action to a full commit id, with the version in a comment, and let a bot propose updates.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[
        "https://docs.github.com/en/actions/reference/security/secure-use#using-third-party-actions",
        "https://owasp.org/www-project-non-human-identities-top-10/2025/3-vulnerable-third-party-nhi/",
    ],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: View::jobs_of_github,
    run: unpinned,
};

/// A reusable workflow of others that gets every secret.
pub(super) const GHA_INHERIT: Check = Check {
    id: "NHI3-gha-inherit",
    risk: Risk::Nhi3,
    title: "Reusable workflow inherits every secret",
    why: "secrets: inherit hands over every secret that the caller can read, whatever the called workflow needs.",
    remediation: "Pass the secrets that it needs by name, and pin the workflow to a full commit id.",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows"],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: View::jobs_of_github,
    run: inherit,
};

fn inherits(party: &ThirdParty) -> bool {
    // A star stands for every secret.
    party.credentials.iter().any(|c| c == "*")
}

/// Whether the credential is the job's own token with no more than reading rights.
fn is_reader(credential: &str) -> bool {
    matches!(credential, "GITHUB_TOKEN (read)" | "GITHUB_TOKEN (none)")
}

/// Whether a grant lets the job's token change something, or get a token that others trust.
pub(super) fn writes(grant: &Grant) -> bool {
    grant.action == "write-all" || grant.action.ends_with(": write")
}

fn unpinned(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    view.github_jobs().flat_map(|job| of_job(job, view)).collect()
}

fn of_job(job: &Identity, view: &View<'_>) -> Vec<Finding> {
    let power: Vec<&str> =
        view.grants_of(&job.id).iter().filter(|g| writes(g)).map(|g| g.action.as_str()).take(8).collect();
    let mut groups: BTreeMap<(&str, &str), Finding> = BTreeMap::new();
    for party in view.third_parties_of(&job.id).iter().filter(|p| !p.pinned && !p.first_party && !inherits(p)) {
        let finding = groups.entry((&party.component, &party.version)).or_insert_with(|| {
            let mut finding = GHA_UNPINNED.about(job, &party.component);
            let at = if party.version.is_empty() { String::new() } else { format!("@{}", party.version) };
            finding.title = format!("{} runs {}{at}, which is not pinned", job.name, party.component);
            finding.base_severity = if power.is_empty() { Severity::Medium } else { Severity::High };
            finding.locations.clear();
            if !power.is_empty() {
                finding.evidence.push(format!("the job's token may write: {}", power.join(", ")));
            }
            finding
        });
        if !party.credentials.is_empty() {
            if party.credentials.iter().any(|c| !is_reader(c)) {
                finding.base_severity = Severity::High;
            }
            let names: Vec<&str> = party.credentials.iter().map(String::as_str).take(8).collect();
            let sentence = format!("in reach: {}", names.join(", "));
            say(&mut finding.evidence, sentence);
        }
        finding.locations.push(party.location.clone());
    }
    groups.into_values().collect()
}

/// Whether a workflow is of the job's own repository: by its path, or under the repository's name.
fn is_own(job: &Identity, component: &str) -> bool {
    let key = job.id.as_str().strip_prefix("github:job:").unwrap_or_default();
    let own = |name: &str| {
        let path = component.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name));
        path.is_some() && component.get(name.len()..).is_some_and(|rest| rest.starts_with("/.github/"))
    };
    let name: Vec<&str> = key.splitn(3, '/').take(2).collect();
    ["./", "../", "$/"].iter().any(|local| component.starts_with(local))
        || (name.len() == 2 && !name.contains(&"") && own(&name.join("/")))
}

fn inherit(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for job in view.github_jobs() {
        for party in view.third_parties_of(&job.id).iter().filter(|p| inherits(p)) {
            // A workflow of the same repository is the caller's own code.
            if is_own(job, &party.component) {
                continue;
            }
            let mut finding = GHA_INHERIT.about(job, &party.component);
            finding.title = format!("{} hands every secret to {}", job.name, party.component);
            finding.evidence.push("secrets: inherit".to_owned());
            if party.first_party {
                finding.base_severity = Severity::Medium;
                finding.evidence.push("the workflow belongs to the same organisation".to_owned());
            }
            if !party.pinned {
                finding.evidence.push(format!("the version {:?} can change", party.version));
            }
            finding.locations = vec![party.location.clone()];
            out.push(finding);
        }
    }
    out
}
