//! Where a stranger's code comes in through another file: the head of a pull request that a caller hands down as an input, or
//! that a called workflow or a composite action fetches itself on an event of its caller's
//! (<https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>). `github` is always the context of the
//! caller at the top.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::parts;

/// Events on which strangers' code has the repository's credentials in reach.
const DANGEROUS: [&str; 3] = ["issue_comment", "pull_request_target", "workflow_run"];

/// Most ways that are kept of one file.
const WAYS_MAX: usize = 64;

/// Most uses of actions that are looked at for one job.
const ACTIONS_MAX: usize = 200;

/// Deepest use of an action in an action, as GitHub runs them.
const DEPTH: usize = 10;

/// A way in which a file is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    events: BTreeSet<String>,
    /// Inputs that hold the head of a pull request, with the events that set it and what it is.
    heads: BTreeMap<String, (BTreeSet<String>, String)>,
    gates: BTreeSet<String>,
    /// The caller; empty for the file's own events.
    by: String,
}

/// How a job comes to a stranger's code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// What stands before it.
    pub gates: Vec<String>,
    /// Whether no step is seen to run it.
    pub only: bool,
    /// Event and checkout, in words.
    pub what: String,
}

/// Ways of every file, callers before what they call.
pub(super) struct Ways<'g, 't> {
    graph: &'g Graph<'t>,
    of: Vec<Vec<Way>>,
}

impl<'g, 't> Ways<'g, 't> {
    /// Follows the events down.
    pub(super) fn read(graph: &'g Graph<'t>) -> Self {
        let mut ways = Self { graph, of: vec![Vec::new(); graph.files.len()] };
        for file in graph.order.iter().copied().filter(|file| !graph.files[*file].action) {
            let events = graph.files[file].events.iter().filter(|e| DANGEROUS.contains(&e.as_str())).cloned();
            let own = Way { events: events.collect(), ..Way::default() };
            let mut found: BTreeSet<Way> = BTreeSet::new();
            for arrival in &graph.files[file].arrivals {
                let caller = &graph.jobs[arrival.job];
                for way in &ways.of[caller.file] {
                    if found.len() < WAYS_MAX
                        && let Some(next) = ways.down(way, arrival.told, graph.declared(file), &caller.at)
                    {
                        found.insert(next);
                    }
                }
            }
            if !own.events.is_empty() {
                found.insert(own);
            }
            ways.of[file] = found.into_iter().collect();
        }
        ways
    }

    /// The way through one use; `None` when no dangerous event gets through.
    fn down(&self, way: &Way, told: usize, declared: Option<usize>, by: &str) -> Option<Way> {
        let mut next = Way { events: self.through(&way.events, told), by: by.to_owned(), ..Way::default() };
        if next.events.is_empty() {
            return None;
        }
        next.gates =
            way.gates.iter().cloned().chain(parts(self.graph.attribute(told, "gate")).map(str::to_owned)).collect();
        let given = |input: &str| self.graph.told[told].attributes.contains_key(&format!("given:{input}"));
        self.heads(&mut next, way, told, &|_| true);
        if let Some(declared) = declared {
            // A default holds where the caller gives nothing.
            self.heads(&mut next, &Way::default(), declared, &|input| !given(input));
        }
        Some(next)
    }

    fn heads(&self, next: &mut Way, way: &Way, told: usize, wanted: &dyn Fn(&str) -> bool) {
        for (name, value) in &self.graph.told[told].attributes {
            let mut direct = name.strip_prefix("head:").and_then(|rest| rest.split_once(':')).into_iter();
            if let Some((event, input)) = direct.next().filter(|(event, _)| next.events.contains(*event))
                && wanted(input)
            {
                let head = next.heads.entry(input.to_owned()).or_insert_with(|| (BTreeSet::new(), value.clone()));
                head.0.insert(event.to_owned());
            }
            let Some(input) = name.strip_prefix("pass:").filter(|input| wanted(input)) else { continue };
            for (events, head) in parts(value).filter_map(|outer| way.heads.get(outer)) {
                let events: BTreeSet<String> = events.intersection(&next.events).cloned().collect();
                if !events.is_empty() {
                    next.heads.entry(input.to_owned()).or_insert((events, head.clone()));
                }
            }
        }
    }

    /// The events that get through the conditions of a fact.
    fn through(&self, events: &BTreeSet<String>, told: usize) -> BTreeSet<String> {
        let list = |name: &str| parts(self.graph.attribute(told, name)).collect::<Vec<_>>();
        let (only, never) = (list("only"), list("never"));
        let passes = |e: &&String| (only.is_empty() || only.contains(&e.as_str())) && !never.contains(&e.as_str());
        events.iter().filter(passes).cloned().collect()
    }

    /// How a job comes to a stranger's code through other files, the way with the least before it first. What its own file
    /// alone tells is left to the reader.
    pub(super) fn of_job(&self, job: usize) -> Option<Found> {
        let this = &self.graph.jobs[job];
        let mut found: BTreeSet<(bool, usize, Found)> = BTreeSet::new();
        let mut budget = ACTIONS_MAX;
        for way in &self.of[this.file] {
            let mut keep = |gates: BTreeSet<String>, (what, only): (String, bool)| {
                let gates: Vec<String> = gates.into_iter().collect();
                // Code that is run counts for more than code that is read.
                found.insert((only, gates.len(), Found { gates, only, what }));
            };
            if let Some(called) = this.called.filter(|_| !way.by.is_empty()) {
                let events = self.through(&way.events, called);
                let at = Way { events, ..way.clone() };
                if let Some((what, only)) = self.fetched(&at, called) {
                    let own = parts(self.graph.attribute(called, "gate")).map(str::to_owned);
                    let what = format!("{what}, called by {}", way.by);
                    keep(way.gates.iter().cloned().chain(own).collect(), (what, only));
                }
            }
            for (told, to) in &this.calls {
                let Some(to) = to.filter(|to| self.graph.files[*to].action) else { continue };
                if let Some(next) = self.down(way, *told, self.graph.declared(to), &way.by)
                    && let Some((what, only)) = self.in_action(&next, to, 0, &mut budget)
                {
                    let by = if way.by.is_empty() { String::new() } else { format!(", called by {}", way.by) };
                    keep(next.gates.clone(), (what + &by, only && !self.runs_later(*told)));
                }
            }
        }
        found.into_iter().next().map(|(_, _, found)| found)
    }

    /// Whether a step behind the use of an action may run what the action fetched.
    fn runs_later(&self, told: usize) -> bool {
        self.graph.attribute(told, "run_later") == "true"
    }

    /// What a job or action fetches on this way, and whether it is seen to run none of it.
    fn fetched(&self, way: &Way, called: usize) -> Option<(String, bool)> {
        let attributes = &self.graph.told[called].attributes;
        for event in &way.events {
            if let Some(what) = attributes.get(&format!("head:{event}")) {
                return Some((format!("{event}: {what}"), attributes.contains_key("only_read:head")));
            }
        }
        way.heads.iter().find_map(|(input, (events, head))| {
            let what = attributes.get(&format!("input:{input}"))?;
            let event = events.iter().find(|event| way.events.contains(*event))?;
            let only = attributes.contains_key("only_read:input");
            Some((format!("{event}: {what}, which holds {head}"), only))
        })
    }

    fn in_action(&self, way: &Way, file: usize, depth: usize, budget: &mut usize) -> Option<(String, bool)> {
        *budget = budget.checked_sub(1)?;
        let action = self.graph.files[file].jobs.iter().map(|job| &self.graph.jobs[*job]).next()?;
        if let Some((what, only)) = action.called.and_then(|called| self.fetched(way, called)) {
            return Some((format!("{what} in {}", self.graph.files[file].path), only));
        }
        if depth >= DEPTH {
            return None;
        }
        action.calls.iter().find_map(|(told, to)| {
            let to = (*to)?;
            let next = self.down(way, *told, self.graph.declared(to), &way.by)?;
            let (what, only) = self.in_action(&next, to, depth + 1, budget)?;
            Some((what, only && !self.runs_later(*told)))
        })
    }
}
