//! Runners that pull requests reach.

use crate::assess::estate::GITHUB_ACTIONS;
use crate::assess::view::View;
use crate::assess::{Check, Context};
use crate::model::{Confidence, Finding, Identity, Risk, Severity};

/// A runner of one's own that a stranger's pull request gets to.
pub(in crate::assess) const SELFHOSTED_PUBLIC: Check = Check {
    id: "NHI6-selfhosted-public",
    risk: Risk::Nhi6,
    title: "Self-hosted runner for pull requests",
    why: "In a public repository anybody can open a pull request whose code then runs on the machine: it can stay there, \
          take the machine's cloud role and wait for jobs with secrets.",
    remediation: "Run pull requests on GitHub's runners, or on machines that are thrown away after each job and have no \
                  cloud role; demand approval for workflows of outside contributors.",
    severity: Severity::High,
    // Whether the repository is public does not stand in it.
    confidence: Confidence::Low,
    references: &["https://docs.github.com/en/actions/reference/security/secure-use#hardening-for-self-hosted-runners"],
    needs: &[GITHUB_ACTIONS],
    implies: &[],
    subjects: |view| View::ids(view.github_jobs().filter(|job| is_self_hosted(job))),
    run: selfhosted,
};

fn is_self_hosted(job: &Identity) -> bool {
    job.attributes.get("self_hosted").is_some_and(|v| v == "true")
}

fn selfhosted(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let judge = |job: &Identity| {
        let attribute = |name: &str| job.attributes.get(name).map(String::as_str).unwrap_or_default();
        // A called workflow is started by what starts its callers.
        let mut events = attribute("triggers").split(", ").chain(attribute("caller_triggers").split(", "));
        let event = events.find(|event| event.starts_with("pull_request"))?;
        let mut finding = SELFHOSTED_PUBLIC.about(job, "");
        finding.title = format!("{} runs pull requests on a self-hosted runner", job.name);
        finding.evidence.push(format!("{event} on {}", attribute("runs_on")));
        let secrets = attribute("secrets");
        if secrets.is_empty() && attribute("id_token").is_empty() {
            finding.base_severity = Severity::Medium;
        } else if !secrets.is_empty() {
            finding.evidence.push(format!("the job holds {secrets}"));
        }
        Some(finding)
    };
    view.github_jobs().filter(|job| is_self_hosted(job)).filter_map(judge).collect()
}
