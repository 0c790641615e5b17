//! Groups of secrets that many jobs hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::estate::{AZURE_PIPELINES, CIRCLECI};
use crate::assess::pipelines::{self, is_bundle, is_shared_by_design, tidy};
use crate::assess::view::View;
use crate::assess::{Check, Context, say};
use crate::model::{Confidence, Finding, Identity, Location, Risk, Severity, Usage};

/// How many jobs make a group wide.
const JOBS: usize = 5;
/// How many different tasks they have at least, by the first word of their names.
const TASKS: usize = 3;

/// A context or group of variables for jobs of all kinds.
pub(in crate::assess) const CONTEXT_WIDE: Check = Check {
    id: "NHI9-context-wide",
    risk: Risk::Nhi9,
    title: "One group of secrets for many unrelated jobs",
    why: "Each of the jobs holds everything in the group, whatever it needs: the weakest of them gives it all away, and none \
          of it can be rotated for one job alone.",
    remediation: "Split the group by what the jobs do, and give each job only the groups that it needs: `context:` on the job \
                  in CircleCI, `- group:` in the stage or job that uses it in Azure Pipelines.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://circleci.com/docs/guides/security/contexts/",
        "https://learn.microsoft.com/azure/devops/pipelines/library/variable-groups",
    ],
    needs: &[CIRCLECI, AZURE_PIPELINES],
    implies: &[],
    subjects: |view| View::ids(holders(view).map(|(job, _)| job)),
    run: wide,
};

/// A job and the place where it takes a group in.
type Holder<'a> = (&'a Identity, &'a Location);

/// Groups that the same jobs hold, and these jobs.
type Alike<'a> = (Vec<&'a str>, Vec<Holder<'a>>);

/// Jobs with each group that they hold.
fn holders<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a Identity, &'a Usage)> + use<'v, 'a> {
    pipelines::jobs(view).flat_map(move |job| {
        let usages = view.usages_of(&job.id).iter().copied();
        let group =
            |usage: &&Usage| is_bundle(usage) && matches!(usage.mechanism.as_str(), "context" | "variable-group");
        usages.filter(group).map(move |usage| (job, usage))
    })
}

fn wide(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let mut groups: BTreeMap<(Option<&str>, &str, &str), BTreeMap<&str, Holder<'_>>> = BTreeMap::new();
    for (job, usage) in holders(view) {
        let Some(name) = usage.credential.as_deref().filter(|name| !is_shared_by_design(&usage.provider, name)) else {
            continue;
        };
        let group = groups.entry((job.account.as_deref(), &usage.mechanism, name)).or_default();
        group.entry(job.id.as_str()).or_insert((job, &usage.location));
    }
    // Groups that the same jobs hold are one finding.
    let mut alike: BTreeMap<(Option<&str>, &str, Vec<&str>), Alike<'_>> = BTreeMap::new();
    for ((account, kind, name), jobs) in groups {
        let tasks: BTreeSet<String> = jobs.values().map(|(job, _)| task(&short(job))).collect();
        if jobs.len() >= JOBS && tasks.len() >= TASKS {
            let same = alike.entry((account, kind, jobs.keys().copied().collect())).or_default();
            same.0.push(name);
            same.1.extend(jobs.into_values());
        }
    }
    alike
        .into_iter()
        .map(|((account, kind, ids), (groups, holders))| finding(account, kind, &ids, &groups, &holders))
        .collect()
}

fn finding(account: Option<&str>, kind: &str, ids: &[&str], groups: &[&str], holders: &[Holder<'_>]) -> Finding {
    let kind = kind.replace('-', " ");
    let mut finding =
        CONTEXT_WIDE.blank(&[CONTEXT_WIDE.id, account.unwrap_or_default(), &kind, &groups.join(", ")], Vec::new());
    finding.title = match groups {
        [name] => format!("{} jobs hold the {kind} {name}", ids.len()),
        _ => format!("{} jobs hold the same {} {kind}s", ids.len(), groups.len()),
    };
    say(&mut finding.evidence, format!("{kind}: {}", few(groups.iter().map(|name| (*name).to_owned()).collect())));
    let jobs: BTreeSet<String> = holders.iter().map(|(job, _)| short(job)).collect();
    say(&mut finding.evidence, format!("jobs: {}", few(jobs.into_iter().collect())));
    finding.locations = holders.iter().map(|(_, location)| (*location).clone()).collect();
    tidy(&mut finding.locations);
    finding
}

/// A job's name without its file.
fn short(job: &Identity) -> String {
    job.name.split_once(" / ").map_or_else(|| job.name.clone(), |(_, job)| job.to_owned())
}

fn few(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    names.extend((more > 0).then(|| format!("{more} more")));
    names.join(", ")
}

/// What a job does, by the first word of its name below its stage.
fn task(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).unwrap_or_default().to_ascii_lowercase()
}
