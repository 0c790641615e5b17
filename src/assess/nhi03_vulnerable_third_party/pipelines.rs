//! Code of others in pipelines: what a configuration includes, orbs, and images.

use crate::assess::estate::{AZURE_PIPELINES, BITBUCKET_PIPELINES, CIRCLECI, GITLAB_CI};
use crate::assess::pipelines::{self, Groups};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Risk, Severity, ThirdParty};

/// Configuration from elsewhere at a version that can change.
pub(in crate::assess) const GITLAB_INCLUDE: Check = Check {
    id: "NHI3-gitlab-include",
    risk: Risk::Nhi3,
    title: "Pipeline includes configuration that others can change",
    why: "What is included becomes part of the pipeline at every run: whoever changes it adds jobs and scripts that hold the \
          project's variables, its job tokens and its identity tokens.",
    remediation: "Give `remote:` its `integrity:` hash, `project:` a `ref:` that is a full commit id or a protected tag, and \
                  `component:` a full commit id or a whole version; or copy the file into the project.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.gitlab.com/ci/yaml/#include",
        "https://docs.gitlab.com/ci/components/#component-versions",
    ],
    needs: &[GITLAB_CI],
    implies: &[],
    subjects: |view| View::ids(pipelines::of(view, "gitlab").filter(|job| is_included(job))),
    run: gitlab_include,
};

/// Packages of CircleCI at a version that can change.
pub(in crate::assess) const CIRCLECI_ORB: Check = Check {
    id: "NHI3-circleci-orb",
    risk: Risk::Nhi3,
    title: "Orb at a version that can change, with credentials in reach",
    why: "An orb's commands run in the job with its contexts; at a version that moves, the next release runs without anybody \
          having looked at it.",
    remediation: "Name the orb with its whole version, `namespace/orb@1.2.3`, which cannot be published again.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["https://circleci.com/docs/orbs/use/orb-intro/"],
    needs: &[CIRCLECI],
    implies: &[],
    subjects: |view| View::ids(pipelines::of(view, "circleci")),
    run: orb,
};

/// An image without digest that runs with stored credentials.
pub(in crate::assess) const CI_IMAGE_MUTABLE: Check = Check {
    id: "NHI3-ci-image-mutable",
    risk: Risk::Nhi3,
    title: "Job with credentials runs in an image that can change under its tag",
    why: "A tag can be pointed at another image at any time, by its owner or by whoever takes the owner's account; its code \
          then runs with what the job holds.",
    remediation: "Name the image with its digest, `image:tag@sha256:…`, and let a bot propose updates.",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[
        "https://docs.docker.com/dhi/core-concepts/digests/",
        "https://docs.gitlab.com/ci/docker/using_docker_images/",
    ],
    needs: &[GITLAB_CI, AZURE_PIPELINES, CIRCLECI, BITBUCKET_PIPELINES],
    implies: &[],
    subjects: |view| View::ids(pipelines::jobs(view).filter(|job| job.provider != "github")),
    run: image,
};

fn is_included(job: &Identity) -> bool {
    job.attributes.get("included").is_some_and(|v| v == "true")
}

fn in_reach(party: &ThirdParty) -> Option<String> {
    let names: Vec<&str> = party.credentials.iter().map(String::as_str).take(8).collect();
    (!names.is_empty()).then(|| format!("in reach: {}", names.join(", ")))
}

fn at_version(party: &ThirdParty, name: &str) -> String {
    if party.version.is_empty() { name.to_owned() } else { format!("{name}@{}", party.version) }
}

fn gitlab_include(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for job in pipelines::of(view, "gitlab").filter(|job| is_included(job)) {
        for party in view.third_parties_of(&job.id).iter().filter(|party| !party.pinned) {
            let Some(included) = party.component.strip_prefix("include:") else { continue };
            let (kind, name) = included.split_once(':').unwrap_or(("remote", included));
            // What a variable names may stand still; a component's host is the GitLab itself.
            let path = name.split_once('/').filter(|_| kind == "component").map_or(name, |(_, path)| path);
            if !pipelines::is_plain(path) || party.version.contains('$') {
                continue;
            }
            let project = kind == "project";
            let mut finding = GITLAB_INCLUDE.about(job, &party.component);
            let file = job.name.split(" / ").next().unwrap_or_default();
            finding.title = format!("{file} includes {}, which can change", at_version(party, name));
            // A project lies on the same GitLab; without a known owner nobody can tell whether it is of the same group.
            finding.base_severity =
                match (party.first_party || (project && job.account.is_none()), party.credentials.is_empty()) {
                    (true, _) => Severity::Low,
                    (false, empty) if project => {
                        if empty {
                            Severity::Low
                        } else {
                            Severity::Medium
                        }
                    }
                    (false, true) => Severity::Medium,
                    (false, false) => Severity::High,
                };
            finding.evidence.push(match (kind, party.version.is_empty()) {
                ("remote", _) => "it is fetched without an integrity hash".to_owned(),
                (_, true) => "no ref is given, so the default branch holds".to_owned(),
                (_, false) => format!("{:?} is no commit and no whole version", party.version),
            });
            finding.evidence.extend(in_reach(party));
            finding.locations = vec![party.location.clone()];
            found.push(finding);
        }
    }
    found
}

fn orb(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut groups = Groups::default();
    for job in pipelines::of(view, "circleci") {
        for party in view.third_parties_of(&job.id).iter().filter(|party| !party.pinned) {
            let Some(name) = party.component.strip_prefix("orb:") else { continue };
            if party.credentials.is_empty() {
                continue;
            }
            let group = groups.of(&CIRCLECI_ORB, job, &at_version(party, name));
            group.reach.extend(party.credentials.iter().cloned());
            let finding = &mut group.finding;
            finding.base_severity = match party.version.as_str() {
                _ if party.first_party => Severity::Low,
                version if version.is_empty() || version == "volatile" || version.starts_with("dev:") => Severity::High,
                _ => Severity::Medium,
            };
            let orb = format!("orb {}", at_version(party, name));
            say(&mut finding.evidence, orb);
            finding.locations.push(party.location.clone());
        }
    }
    groups.finish(|who, finding| {
        let orb = finding.evidence.first().map_or("an orb", String::as_str);
        format!("{who} run{} {orb}, which can change", plural(who))
    })
}

/// The ending of a verb.
fn plural(who: &str) -> &'static str {
    if who.starts_with(|c: char| c.is_ascii_digit()) && who.contains(" jobs of ") { "" } else { "s" }
}

fn image(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut groups = Groups::default();
    for job in pipelines::jobs(view).filter(|job| job.provider != "github") {
        for party in view.third_parties_of(&job.id).iter().filter(|party| !party.pinned && is_image(&party.component)) {
            if party.credentials.is_empty() {
                continue;
            }
            // What the owner or the platform makes under a version is theirs to keep.
            if party.first_party && names_version(&party.version) {
                continue;
            }
            let name = if party.version.is_empty() {
                party.component.clone()
            } else {
                format!("{}:{}", party.component, party.version)
            };
            let group = groups.of(&CI_IMAGE_MUTABLE, job, &name);
            group.reach.extend(party.credentials.iter().cloned());
            let finding = &mut group.finding;
            say(&mut finding.evidence, format!("image {name}"));
            if party.first_party {
                finding.base_severity = Severity::Low;
                say(&mut finding.evidence, "it comes from a registry of the owner's or the platform's".to_owned());
            } else if is_official(&party.component) {
                finding.base_severity = Severity::Low;
                say(&mut finding.evidence, "it is one of Docker's own official images".to_owned());
            }
            finding.locations.push(party.location.clone());
        }
    }
    groups.finish(|who, finding| {
        let image = finding.evidence.first().map_or("an image", String::as_str);
        format!("{who} run{} {image}, which can change under its tag", plural(who))
    })
}

/// Other code than images stands under a word and a colon: `orb:…`, `include:…`. A port is no word.
fn is_image(component: &str) -> bool {
    component.split_once(':').is_none_or(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn names_version(tag: &str) -> bool {
    tag.bytes().any(|b| b.is_ascii_digit())
}

/// Images without an owner are those that Docker looks after (<https://docs.docker.com/docker-hub/repos/manage/trusted-content/official-images/>).
fn is_official(component: &str) -> bool {
    !component.contains('/') || component.starts_with("docker.io/library/")
}
