//! Which file uses which. Paths are those of reports; the repository and the archive a file lies in must be the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Identity, IdentityKey, Setting, setting};
use crate::text::order::Lookup;

/// Levels of workflows that GitHub connects: the one at the top and nine below it
/// (<https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows#nesting-reusable-workflows>; GitHub Enterprise
/// Server allows four).
const LEVELS: usize = 10;

/// Where a file lies: its archive, its repository (`owner/name`, empty when unknown), its path.
pub(super) type Place = (Option<String>, String, String);

/// A job, or a composite action, which stands in for the jobs that use it.
pub(super) struct Job {
    /// Its key.
    pub key: IdentityKey,
    /// Its place among the identities.
    pub identity: usize,
    /// The file.
    pub file: usize,
    /// `path#job`, or the path of an action.
    pub at: String,
    /// Whether it was read from a sample.
    pub sample: bool,
    /// The fact on what it does with what it is handed.
    pub called: Option<usize>,
    /// The facts on what it uses, with the file where it is among the inputs.
    pub calls: Vec<(usize, Option<usize>)>,
}

/// A use of a file: the job and the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    /// The job that uses the file.
    pub job: usize,
    /// The fact.
    pub told: usize,
}

/// A file with jobs.
#[derive(Default)]
pub(super) struct File {
    /// `owner/name`, empty when unknown.
    pub repository: String,
    /// Path of the file.
    pub path: String,
    /// Its jobs.
    pub jobs: Vec<usize>,
    /// Who uses it.
    pub arrivals: Vec<Arrival>,
    /// True for a composite action.
    pub action: bool,
    /// The events that start it, `workflow_call` left out.
    pub events: BTreeSet<String>,
}

/// The files and jobs of GitHub.
pub(super) struct Graph<'t> {
    /// The facts.
    pub told: &'t [Setting],
    /// Jobs, in the order of identities.
    pub jobs: Vec<Job>,
    /// Files, in the order of their places.
    pub files: Vec<File>,
    /// Files whose every caller comes before them; those in a circle are left out.
    pub order: Vec<usize>,
}

/// Repository and job of a key of GitHub.
fn split<'k>(key: &'k str, path: &str) -> Option<(&'k str, &'k str)> {
    let name = key.strip_prefix("github:job:").or_else(|| key.strip_prefix("github:action:"))?;
    halves(name, path)
}

/// What stands before and behind a path in the name of a key: repository and job. The path is that of its location.
pub(super) fn halves<'k>(name: &'k str, path: &str) -> Option<(&'k str, &'k str)> {
    let end = |rest: &str| rest.is_empty() || rest.starts_with('#');
    // It seldom stands twice, and then behind a path that ends alike.
    let fits = |at: &usize| name.get(..*at).is_some_and(|before| before.ends_with('/'));
    let at = memchr::memmem::find_iter(name.as_bytes(), path)
        .filter(fits)
        .find(|at| end(name.get(at + path.len()..).unwrap_or("?")))?;
    let job = name.get(at + path.len()..)?.trim_start_matches('#');
    Some((name.get(..at - 1)?, job))
}

/// A path without `.`, `..` and empty parts; `None` when it leaves the top.
pub(super) fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl<'t> Graph<'t> {
    /// Reads the graph of what `told` says of these identities.
    pub(super) fn read(identities: &[Identity], told: &'t [Setting]) -> Self {
        let mut graph = Self { told, jobs: Vec::new(), files: Vec::new(), order: Vec::new() };
        let places = graph.place(identities);
        let jobs: Lookup<IdentityKey, usize> =
            graph.jobs.iter().enumerate().map(|(i, job)| (job.key.clone(), i)).collect();
        let mut uses: Vec<(usize, usize)> = Vec::new();
        for (i, fact) in told.iter().enumerate() {
            let Some(job) = fact.identity.as_ref().and_then(|id| jobs.get(id)).copied() else { continue };
            if fact.name == setting::CALLED {
                graph.jobs[job].called = Some(i);
            } else {
                uses.push((job, i));
            }
        }
        graph.resolve(&places, uses);
        graph.sort();
        graph
    }

    /// The jobs and their files.
    fn place(&mut self, identities: &[Identity]) -> Lookup<Place, usize> {
        let mut found: Vec<(Place, Vec<usize>)> = Vec::new();
        let mut known: Lookup<(Option<&str>, &str, &str), usize> = Lookup::default();
        for (i, identity) in identities.iter().enumerate() {
            let Some(location) = identity.locations.first() else { continue };
            let Some((repository, job)) = split(identity.id.as_str(), &location.path) else { continue };
            let at = if job.is_empty() { location.path.clone() } else { format!("{}#{job}", location.path) };
            let place = (location.container.as_deref(), repository, location.path.as_str());
            let file = *known.entry(place).or_insert_with(|| {
                found.push(((location.container.clone(), repository.to_owned(), location.path.clone()), Vec::new()));
                found.len() - 1
            });
            found[file].1.push(self.jobs.len());
            self.jobs.push(Job {
                key: identity.id.clone(),
                identity: i,
                file: 0,
                at,
                sample: identity.sample,
                called: None,
                calls: Vec::new(),
            });
        }
        let mut places = Lookup::default();
        found.sort();
        for (place, jobs) in found {
            let first = jobs.first().map(|job| &identities[self.jobs[*job].identity]);
            let triggers = first.and_then(|i| i.attributes.get("triggers")).map(String::as_str).unwrap_or_default();
            let events = super::parts(triggers).filter(|event| *event != "workflow_call").map(str::to_owned).collect();
            let action = first.is_some_and(|identity| identity.id.as_str().starts_with("github:action:"));
            jobs.iter().for_each(|job| self.jobs[*job].file = self.files.len());
            places.insert(place.clone(), self.files.len());
            self.files.push(File { repository: place.1, path: place.2, jobs, arrivals: Vec::new(), action, events });
        }
        places
    }

    /// Finds the file of each use: of workflows first, whose path tells where the repository's top is, then of the actions
    /// that these use, and so on.
    fn resolve(&mut self, places: &Lookup<Place, usize>, uses: Vec<(usize, usize)>) {
        let container = |fact: &Setting| fact.location.container.clone();
        let mut tops: BTreeMap<usize, String> = BTreeMap::new();
        for (i, file) in self.files.iter().enumerate().filter(|(_, file)| !file.action) {
            if let Some(at) = file.path.rfind(".github/workflows/") {
                tops.insert(i, file.path.get(..at).unwrap_or_default().to_owned());
            }
        }
        let mut open = uses;
        loop {
            let (ready, later): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(job, _)| tops.contains_key(&self.jobs[*job].file));
            if ready.is_empty() {
                break;
            }
            for (job, told) in ready {
                let fact = &self.told[told];
                let from = &self.files[self.jobs[job].file];
                let top = tops.get(&self.jobs[job].file).cloned().unwrap_or_default();
                let workflow = fact.attributes.get("kind").is_some_and(|kind| kind == "workflow");
                let path = normal(&fact.value).filter(|path| !fact.value.is_empty() && (workflow || !path.is_empty()));
                let names: Vec<String> = match path {
                    None => Vec::new(),
                    Some(path) if workflow => vec![format!("{top}{path}")],
                    Some(path) => ["action.yml", "action.yaml"].map(|name| format!("{top}{path}/{name}")).into(),
                };
                let find = |path: String| places.get(&(container(fact), from.repository.clone(), path)).copied();
                let to = names.into_iter().find_map(find).filter(|to| self.takes(*to, job, workflow));
                self.jobs[job].calls.push((told, to));
                let Some(to) = to else { continue };
                self.files[to].arrivals.push(Arrival { job, told });
                if self.files[to].action {
                    tops.entry(to).or_insert(top);
                }
            }
            open = later;
        }
        for file in &mut self.files {
            file.arrivals.sort_unstable();
        }
    }

    /// Whether a file can be used so: a workflow that others may call, or an action. A sample says nothing of what is real.
    fn takes(&self, to: usize, by: usize, workflow: bool) -> bool {
        let file = &self.files[to];
        let reusable = file.jobs.iter().any(|job| self.jobs[*job].called.is_some());
        let sample = file.jobs.iter().all(|job| self.jobs[*job].sample);
        file.action != workflow && reusable && (sample || !self.jobs[by].sample)
    }

    /// Puts callers before what they call, and takes out the uses that go too deep or round in a circle.
    fn sort(&mut self) {
        let mut waits: Vec<usize> = self.files.iter().map(|file| file.arrivals.len()).collect();
        let mut level: Vec<usize> = vec![0; self.files.len()];
        let mut ready: BTreeSet<usize> = (0..self.files.len()).filter(|file| waits[*file] == 0).collect();
        let mut done = vec![false; self.files.len()];
        while let Some(file) = ready.pop_first() {
            done[file] = true;
            self.order.push(file);
            for job in &self.files[file].jobs {
                for to in self.jobs[*job].calls.iter().filter_map(|(_, to)| *to) {
                    waits[to] = waits[to].saturating_sub(1);
                    if level[file] + 1 < LEVELS {
                        level[to] = level[to].max(level[file] + 1);
                    }
                    if waits[to] == 0 {
                        ready.insert(to);
                    }
                }
            }
        }
        let jobs = &mut self.jobs;
        for to in 0..self.files.len() {
            let files = &self.files;
            let deep = |arrival: &Arrival| {
                let from = jobs[arrival.job].file;
                !done[from] || !done[to] || level[from] + 1 >= LEVELS
            };
            let (cut, kept): (Vec<Arrival>, Vec<Arrival>) = files[to].arrivals.iter().partition(|a| deep(a));
            self.files[to].arrivals = kept;
            for arrival in cut {
                jobs[arrival.job]
                    .calls
                    .iter_mut()
                    .filter(|(told, _)| *told == arrival.told)
                    .for_each(|(_, to)| *to = None);
            }
        }
    }

    /// An attribute of a fact, empty when it is not there.
    pub(super) fn attribute(&self, told: usize, name: &str) -> &str {
        self.told.get(told).and_then(|fact| fact.attributes.get(name)).map(String::as_str).unwrap_or_default()
    }

    /// What the jobs of a reusable file say of one of its inputs, the same for each.
    pub(super) fn declared(&self, file: usize) -> Option<usize> {
        self.files[file].jobs.iter().find_map(|job| self.jobs[*job].called)
    }

    /// For each file, whether it uses another one that is among the inputs, or is used.
    pub(super) fn connected(&self) -> Vec<bool> {
        let calls = |job: &usize| self.jobs[*job].calls.iter().any(|(_, to)| to.is_some());
        self.files.iter().map(|file| !file.arrivals.is_empty() || file.jobs.iter().any(calls)).collect()
    }

    /// Whether the only way into a file are its callers.
    pub(super) fn only_called(&self, file: usize) -> bool {
        !self.files[file].arrivals.is_empty() && self.files[file].events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain_and_never_leave_the_top() {
        assert_eq!(normal("./a//b/../c/").as_deref(), Some("a/c"));
        assert_eq!(normal("../a"), None);
        assert_eq!(normal("a/../../b"), None);
    }

    #[test]
    fn a_key_is_split_at_the_path_that_its_location_gives() {
        let path = ".github/workflows/a.yml";
        assert_eq!(split("github:job:acme/app/.github/workflows/a.yml#b#c", path), Some(("acme/app", "b#c")));
        assert_eq!(split("github:job:/.github/workflows/a.yml#b", path), Some(("", "b")));
        assert_eq!(split("github:action:acme/app/x/action.yml", "x/action.yml"), Some(("acme/app", "")));
        assert_eq!(split("gitlab:job:acme/app/.gitlab-ci.yml#b", ".gitlab-ci.yml"), None);
    }
}
