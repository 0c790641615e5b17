//! Secrets and variables that code hosts keep for pipelines, against what the pipelines read: what nobody reads any more, and
//! what is read and not there.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::whose;
use crate::assess::estate::{GITHUB_ACTIONS, GITHUB_SECRETS, GITLAB_VARIABLES};
use crate::assess::view::{View, days};
use crate::assess::{Check, Context, say, settings};
use crate::model::{
    AuthMode, Confidence, Finding, Identity, IdentityKind, Risk, Setting, Severity, Usage, When, setting,
};

/// A stored secret or variable that no pipeline reads.
pub(in crate::assess) const SECRET_UNREFERENCED: Check = Check {
    id: "NHI1-gh-secret-unreferenced",
    risk: Risk::Nhi1,
    title: "Stored secret or variable that no pipeline reads",
    why: "Whatever it opens is still open, and whoever may write a pipeline can read it; nobody would miss it.",
    remediation: "Revoke what it holds at its provider, then delete it: `gh secret delete NAME` at GitHub, with --org or --env \
                  where it is kept, `glab variable delete NAME` at GitLab, with --group or --scope.",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.github.com/en/actions/concepts/security/secrets",
        "https://docs.gitlab.com/ci/variables/",
    ],
    needs: &[GITHUB_SECRETS, GITLAB_VARIABLES],
    implies: &[],
    subjects: |view| {
        let mut all = settings::subjects(view, setting::STORED_SECRET);
        all.extend(settings::subjects(view, setting::STORED_VARIABLE));
        all
    },
    run: |view, context| {
        let mut out = unread_secrets(view, context);
        out.extend(unread_variables(view));
        out
    },
};

/// The repository of a job's or action's key, empty when the checkout does not tell it. The key has the path as the report shows
/// it, which begins with the folder where several are scanned at once.
fn repository(identity: &Identity) -> Option<&str> {
    let name = identity.id.as_str().strip_prefix("github:")?.split_once(':')?.1;
    let path = identity.locations.first().map_or("", |location| location.path.as_str());
    let ends = |rest: &str| rest.is_empty() || rest.starts_with('#');
    let behind = |at: usize| name.get(at + path.len()..).is_some_and(ends);
    let before = |at: usize| name.get(..at)?.strip_suffix('/');
    let mut places = name.match_indices(path).map(|(at, _)| at).filter(|at| !path.is_empty() && behind(*at));
    let known = places.find_map(before);
    known.or_else(|| Some(name.split_once("/.github/").or_else(|| name.split_once('#'))?.0))
}

/// An attribute, empty when there is none.
fn text<'s>(setting: &'s Setting, name: &str) -> &'s str {
    setting.attributes.get(name).map_or("", String::as_str)
}

fn unread_secrets(view: &View<'_>, context: &Context<'_>) -> Vec<Finding> {
    let jobs: Vec<&Identity> = view.github_jobs().collect();
    let actions = |usage: &&Usage| usage.identity.as_ref().is_some_and(|id| id.as_str().starts_with("github:"));
    let names: BTreeSet<String> =
        view.usages().filter(actions).filter_map(|u| Some(u.credential.as_deref()?.to_ascii_uppercase())).collect();
    // Where all are handed over at once, to a script or a workflow elsewhere, none is known to be left alone.
    let handed = names.contains("*")
        || view.inventory.third_parties.iter().any(|party| party.credentials.iter().any(|name| name == "*"));
    if jobs.is_empty() || handed || !view.inventory.formats_read.contains_key(GITHUB_ACTIONS) {
        return Vec::new();
    }
    settings::of(&SECRET_UNREFERENCED, view, setting::STORED_SECRET, |setting, finding| {
        let own = text(setting, "repository");
        let read =
            own.is_empty() || jobs.iter().any(|job| repository(job).is_some_and(|r| r.eq_ignore_ascii_case(own)));
        let age = When::parse(text(setting, "updated")).days_before(context.as_of);
        let Some(age) = age.filter(|age| *age > context.policy.limits().secret_life && read) else { return false };
        // Other stores serve other things than workflows.
        if names.contains(&setting.subject.to_ascii_uppercase()) || text(setting, "store") != "actions" {
            return false;
        }
        finding.title = format!("No workflow reads the stored secret {}", setting.subject);
        finding.evidence.push(format!("last changed {} before {}", days(age), context.as_of.strftime("%Y-%m-%d")));
        finding.evidence.push(format!("{} workflow jobs were read", jobs.len()));
        if matches!(setting.value.as_str(), "all" | "private" | "selected" | "organisation") {
            finding.confidence = Confidence::Low;
            finding.evidence.push("it is the organisation's: repositories that were not read may use it".to_owned());
        } else if own.is_empty() {
            finding.confidence = Confidence::Low;
            finding.evidence.push("the list does not say of which repository it is".to_owned());
        }
        true
    })
}

/// Every job has all variables of its project in its environment, so that a program which a job starts may read one that no file
/// of the pipeline names: what is told here is possible and no more. GitLab does not say when a variable was changed.
fn unread_variables(view: &View<'_>) -> Vec<Finding> {
    settings::of(&SECRET_UNREFERENCED, view, setting::STORED_VARIABLE, |setting, finding| {
        let count = |name: &str| text(setting, name).parse::<u64>().ok();
        let (Some(files), Some(0)) = (count("pipelines"), count("named")) else { return false };
        // What holds no credential is nobody's access; what tools read by themselves is named nowhere.
        if text(setting, "credential") != "true" || !text(setting, "tool").is_empty() {
            return false;
        }
        finding.base_severity = Severity::Low;
        finding.confidence = Confidence::Low;
        finding.title = format!("No pipeline names the stored variable {}{}", setting.subject, whose(setting));
        let files = if files == 1 {
            "1 pipeline file was read".to_owned()
        } else {
            format!("{files} pipeline files were read")
        };
        finding.evidence.push(files);
        if setting.value != "*" {
            finding.evidence.push(format!("it is for the environment {}", setting.value));
        }
        if text(setting, "protected") == "false" {
            finding.evidence.push("not protected: jobs of every branch get it".to_owned());
        }
        let group = text(setting, "project").starts_with("group ");
        finding.evidence.push(match group {
            true => "it is a group's: projects that were not read may use it".to_owned(),
            false => "a program that a job starts may read it all the same: search the project for the name".to_owned(),
        });
        true
    })
}

/// A job that reads a stored secret which is not there.
///
/// It is told where it is known that the name is nowhere from which the job could have it: all secrets of the repository were
/// listed, all of the organisation's, or all that the repository is given of them, and all of the job's environment if it has
/// one. A name that any list for the repository or its organisation has, of whatever store, is there. Jobs of workflows that
/// others call get what their callers hand them and are left out, as are names that a workflow asks for with a fallback or
/// tests first.
pub(in crate::assess) const SECRET_GONE: Check = Check {
    id: "NHI1-secret-gone",
    risk: Risk::Nhi1,
    title: "Job that reads a stored secret which is not there",
    why: "The secret was taken away, or never set, and what reads it was not: the job gets an empty text, and whatever is stored \
          under that name next goes to it unseen.",
    remediation: "Take the reference out of the workflow, or store the secret where the job can read it. `gh secret list` tells \
                  what there is, with --org and --env for the other places.",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &[
        "https://docs.github.com/en/actions/concepts/security/secrets",
        "https://docs.github.com/en/rest/actions/secrets#list-repository-organization-secrets",
    ],
    needs: &[GITHUB_SECRETS],
    implies: &[],
    subjects: |view| {
        let listed = Listed::new(view);
        View::ids(view.github_jobs().filter(|job| listed.covers(job)))
    },
    run: secret_gone,
};

/// What was listed to its end, and all names that any list has.
#[derive(Default)]
struct Listed {
    /// Repositories, in small letters.
    repositories: BTreeSet<String>,
    /// Organisations, and repositories of which it is known what they are given by theirs.
    above: BTreeSet<String>,
    /// Environments of repositories.
    environments: BTreeSet<(String, String)>,
    /// Secrets by repository or organisation, in capitals; under no name those whose place is unknown.
    names: BTreeSet<(String, String)>,
}

impl Listed {
    fn new(view: &View<'_>) -> Self {
        let mut out = Self::default();
        for listed in view.settings(setting::SECRETS_LISTED) {
            let of = |name: &str| text(listed, name).to_ascii_lowercase();
            match listed.value.as_str() {
                "repository" => drop(out.repositories.insert(of("repository"))),
                "shared" => drop(out.above.insert(of("repository"))),
                "organisation" => drop(out.above.insert(of("organisation"))),
                // Names of environments are told apart without case.
                "environment" => drop(out.environments.insert((of("repository"), of("environment")))),
                _ => {}
            }
        }
        for stored in view.settings(setting::STORED_SECRET) {
            let name = stored.subject.to_ascii_uppercase();
            let place = Some(text(stored, "repository")).filter(|own| !own.is_empty());
            let place = place.unwrap_or_else(|| text(stored, "organisation"));
            out.names.insert((place.to_ascii_lowercase(), name));
        }
        out
    }

    /// Whether everything was listed that a job can read.
    fn covers(&self, job: &Identity) -> bool {
        let Some(repository) = repository(job).map(str::to_ascii_lowercase) else { return false };
        let owner = repository.split('/').next().unwrap_or_default();
        let attribute = |name: &str| job.attributes.get(name).map_or("", String::as_str);
        let environment = attribute("environment").to_ascii_lowercase();
        let known = environment.is_empty() || self.environments.contains(&(repository.clone(), environment));
        let called = attribute("triggers").split(", ").any(|event| event == "workflow_call");
        known
            && !called
            && attribute("environments").is_empty()
            && self.repositories.contains(&repository)
            && (self.above.contains(owner) || self.above.contains(&repository))
    }

    fn has(&self, repository: &str, name: &str) -> bool {
        let owner = repository.split('/').next().unwrap_or_default();
        ["", owner, repository].iter().any(|place| self.names.contains(&((*place).to_owned(), name.to_owned())))
    }
}

fn secret_gone(view: &View<'_>, _: &Context<'_>) -> Vec<Finding> {
    let listed = Listed::new(view);
    if listed.repositories.is_empty() {
        return Vec::new();
    }
    let mut guarded: BTreeSet<(String, String)> = BTreeSet::new();
    let mut missing: BTreeMap<(String, String), Vec<(&Identity, &Usage)>> = BTreeMap::new();
    for usage in view.usages() {
        let job = usage.identity.as_ref().and_then(|id| view.identity(id));
        let Some(job) = job.filter(|job| job.kind == IdentityKind::CiJob) else { continue };
        let Some(repository) = repository(job).map(str::to_ascii_lowercase) else { continue };
        let Some(name) = usage.credential.as_deref().filter(|name| is_stored(name, usage)) else { continue };
        let key = (repository, name.to_ascii_uppercase());
        if ["condition", "optional"].iter().any(|why| usage.attributes.contains_key(*why)) {
            guarded.insert(key);
        } else if listed.covers(job) && !listed.has(&key.0, &key.1) {
            missing.entry(key).or_default().push((job, usage));
        }
    }
    missing.retain(|key, _| !guarded.contains(key));
    let told = |((repository, name), uses): ((String, String), Vec<(&Identity, &Usage)>)| {
        let (job, _) = *uses.first()?;
        let mut finding = SECRET_GONE.about(job, &name);
        let shown = self::repository(job).unwrap_or(&repository);
        finding.title = format!("{} reads the secret {name}, which {shown} does not have", job.name);
        let jobs: BTreeSet<&str> = uses.iter().map(|(job, _)| job.name.as_str()).collect();
        if jobs.len() > 1 {
            let others: Vec<&str> = jobs.iter().copied().filter(|other| *other != job.name).take(5).collect();
            let more = if jobs.len() == 2 {
                "1 other job does".to_owned()
            } else {
                format!("{} other jobs do", jobs.len() - 1)
            };
            say(&mut finding.evidence, format!("{more}, too: {}", others.join(", ")));
        }
        let environment = job.attributes.get("environment").map(|name| format!(", its environment {name}"));
        say(
            &mut finding.evidence,
            format!(
                "the lists of the repository{} and of its organisation are whole and lack it",
                environment.unwrap_or_default()
            ),
        );
        say(&mut finding.evidence, "it may have been stored after they were exported".to_owned());
        finding.locations = uses.iter().map(|(_, usage)| usage.location.clone()).take(50).collect();
        finding.locations.sort();
        finding.locations.dedup();
        Some(finding)
    };
    missing.into_iter().filter_map(told).collect()
}

/// Whether a usage names one secret of GitHub's store, and not a token of the job's own, an input or a variable.
fn is_stored(name: &str, usage: &Usage) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty();
    plain && name != "GITHUB_TOKEN" && matches!(usage.mode, AuthMode::Referenced | AuthMode::None) && {
        !usage.attributes.contains_key("handed_on")
    }
}
