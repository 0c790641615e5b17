//! What checks over jobs of several platforms share: whose job it is, what its platform offers instead, and findings for all
//! jobs of a file at once.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use super::{Check, say};
use crate::model::{Finding, Identity, IdentityKind, Location, Usage};

/// Jobs of one platform, by the provider of its identities.
pub(super) fn of<'v, 'a>(
    view: &'v View<'a>,
    platform: &'static str,
) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    jobs(view).filter(move |job| job.provider == platform)
}

/// Jobs of every platform.
pub(super) fn jobs<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = &'a Identity> + use<'v, 'a> {
    view.identities().filter(|identity| identity.kind == IdentityKind::CiJob)
}

/// What a job's platform offers in place of a literal credential; `None` where the check's own words fit.
pub(super) fn instead_of_literal(job: &Identity) -> Option<&'static str> {
    Some(match job.provider.as_str() {
        "gitlab" => {
            "Revoke the value. Ask for `id_tokens:` where the service takes them; keep a new value as a masked and protected \
             CI/CD variable of the project, or fetch it with `secrets:`."
        }
        "azure-devops" => {
            "Revoke the value. Use a service connection with workload identity federation; keep a new value in a variable \
             group linked to Azure Key Vault and hand it by `env:` to the step that needs it."
        }
        "circleci" => {
            "Revoke the value. Exchange $CIRCLE_OIDC_TOKEN where the service takes it; keep a new value in a context that is \
             restricted to those who may use it."
        }
        "bitbucket" => {
            "Revoke the value. Set `oidc: true` on the step where the service takes its token; keep a new value as a secured \
             repository or deployment variable."
        }
        "travis" => {
            "Revoke the value. Keep a new one in the repository's settings, or encrypt it with `travis encrypt`."
        }
        _ => return None,
    })
}

/// What a job's platform offers in place of a stored credential.
pub(super) fn instead_of_stored(job: &Identity) -> Option<&'static str> {
    Some(match job.provider.as_str() {
        "gitlab" => {
            "Give the job `id_tokens:` with the audience of the service, let the service trust the issuer of this GitLab for \
             the project and branch in `sub`, exchange the token, and delete the stored credential."
        }
        "azure-devops" => {
            "Make a service connection with workload identity federation, name it in the task (`azureSubscription:` of \
             AzureCLI@2, `awsCredentials:` of the AWS tasks), and delete the stored credential."
        }
        "circleci" => {
            "Let the service trust oidc.circleci.com/org/<organisation id> for this project, give the job a context, exchange \
             $CIRCLE_OIDC_TOKEN (`role_arn` of the aws-cli orb), and delete the stored credential."
        }
        "bitbucket" => {
            "Set `oidc: true` on the step, let the service trust the workspace's identity provider for this repository, give \
             the pipe AWS_OIDC_ROLE_ARN in place of the keys, and delete the stored credential."
        }
        _ => return None,
    })
}

/// Whether a job may run where no cloud can ask its issuer for keys.
pub(super) fn may_be_private(job: &Identity) -> bool {
    job.provider == "gitlab"
}

/// Whether a usage stands for a group of credentials, or a connection, under one name that is written out.
pub(super) fn is_bundle(usage: &Usage) -> bool {
    usage.attributes.get("bundle").is_some_and(|v| v == "true") && usage.credential.as_deref().is_some_and(is_plain)
}

/// Whether a name is written out and not filled in by a variable or parameter.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('$') && !name.contains("<<") && !name.contains("{{") && name != "*"
}

/// Whether a credential of this provider and name fetches what is meant for all, or only tells somebody something.
pub(super) fn is_shared_by_design(provider: &str, name: &str) -> bool {
    let providers = ["docker", "ghcr", "sonar", "slack", "discord", "codecov", "snyk", "sentry", "datadog"];
    let words = [
        "docker",
        "dockerhub",
        "registry",
        "acr",
        "ecr",
        "gcr",
        "sonar",
        "sonarqube",
        "sonarcloud",
        "slack",
        "codecov",
        "artifactory",
        "nexus",
        "readonly",
        "pull",
        "notify",
        "notifications",
        "snyk",
        "coverage",
        "quay",
    ];
    let lower = name.to_ascii_lowercase();
    providers.contains(&provider) || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}

/// The file that declares a job, from its key.
pub(super) fn file_of(job: &Identity) -> &str {
    job.id.as_str().rsplit_once('#').map_or(job.id.as_str(), |(file, _)| file)
}

/// Jobs of one file at which a check objects for one reason.
pub(super) struct Group<'a> {
    /// The jobs, each once.
    pub jobs: Vec<&'a Identity>,
    /// The finding, without its title's jobs.
    pub finding: Finding,
    /// Credentials in reach.
    pub reach: BTreeSet<String>,
}

/// One finding a file and reason, however many jobs share it.
#[derive(Default)]
pub(super) struct Groups<'a> {
    groups: BTreeMap<(&'a str, String), Group<'a>>,
}

impl<'a> Groups<'a> {
    /// The group of a job's file and a reason.
    pub(super) fn of(&mut self, check: &Check, job: &'a Identity, reason: &str) -> &mut Group<'a> {
        let file = file_of(job);
        let group = self.groups.entry((file, reason.to_owned())).or_insert_with(|| Group {
            jobs: Vec::new(),
            finding: check.blank(&[check.id, file, reason], Vec::new()),
            reach: BTreeSet::new(),
        });
        // Jobs come one after the other.
        if group.jobs.last().is_none_or(|known| known.id != job.id) {
            group.jobs.push(job);
        }
        group
    }

    /// The findings, titled by their jobs.
    pub(super) fn finish(self, title: impl Fn(&str, &Finding) -> String) -> Vec<Finding> {
        self.groups
            .into_values()
            .map(|Group { jobs, mut finding, reach }| {
                let name = jobs.first().map_or("a job", |job| job.name.as_str());
                let who = match jobs.len() {
                    0 | 1 => name.to_owned(),
                    n => format!("{n} jobs of {}", name.split(" / ").next().unwrap_or(name)),
                };
                finding.title = title(&who, &finding);
                if !reach.is_empty() {
                    let mut names: Vec<&str> = reach.iter().map(String::as_str).take(8).collect();
                    names.extend((reach.len() > 8).then_some("…"));
                    say(&mut finding.evidence, format!("in reach: {}", names.join(", ")));
                }
                if let [only] = jobs.as_slice() {
                    finding.identity = Some(only.id.clone());
                } else {
                    let short = |job: &&Identity| {
                        job.name.split_once(" / ").map_or(job.name.clone(), |(_, job)| job.to_owned())
                    };
                    let mut names: Vec<String> = jobs.iter().take(8).map(short).collect();
                    names.extend((jobs.len() > 8).then(|| format!("{} more", jobs.len() - 8)));
                    say(&mut finding.evidence, format!("jobs: {}", names.join(", ")));
                }
                tidy(&mut finding.locations);
                finding
            })
            .collect()
    }
}

/// Places in order, each once.
pub(super) fn tidy(locations: &mut Vec<Location>) {
    locations.sort();
    locations.dedup();
}
