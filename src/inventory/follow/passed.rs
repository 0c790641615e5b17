//! What callers hand to a file: which stored secret stands behind a name in it, and which plain values its inputs have.
//!
//! <https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows#passing-inputs-and-secrets-to-a-reusable-workflow>:
//! secrets go to the workflow that is called directly, by name or, with `inherit`, all that the caller has.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Arrival, Graph};
use super::parts;

/// Most names or values that are told of one thing.
const MAX: usize = 8;

/// Most answers that are kept: chains through many files that each map names anew come to an end there, as unknown.
const ANSWERS_MAX: usize = 100_000;

/// The job's own token.
pub(super) const TOKEN: &str = "GITHUB_TOKEN";

/// What stands behind a name in a file, over all its callers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Names in the store.
    pub names: BTreeSet<String>,
    /// Whether some caller gives it something that is not known.
    pub open: bool,
    /// Whether some caller hands nothing on.
    pub empty: bool,
}

impl Stored {
    fn named(name: &str) -> Self {
        Self { names: BTreeSet::from([name.to_owned()]), ..Self::default() }
    }

    fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    fn join(&mut self, other: Self) {
        for name in other.names {
            if self.names.len() < MAX {
                self.names.insert(name);
            } else {
                self.open = true;
            }
        }
        self.open |= other.open;
        self.empty |= other.empty;
    }

    /// Whether no caller hands anything on.
    pub(super) fn is_empty(&self) -> bool {
        self.empty && !self.open && self.names.is_empty()
    }

    /// Whether it is nothing but the job's own token.
    pub(super) fn is_token(&self) -> bool {
        !self.open && self.names.len() == 1 && self.names.contains(TOKEN)
    }
}

/// The plain values of an input, over all callers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    /// Each with the first caller that gives it.
    pub values: BTreeMap<String, String>,
    /// Whether some caller gives it something else.
    pub open: bool,
}

impl Texts {
    fn join(&mut self, other: Self) {
        for (value, by) in other.values {
            if self.values.len() < MAX {
                self.values.entry(value).or_insert(by);
            } else {
                self.open = true;
            }
        }
        self.open |= other.open;
    }

    /// The values when they are all known.
    pub(super) fn known(&self) -> Option<&BTreeMap<String, String>> {
        (!self.open && !self.values.is_empty()).then_some(&self.values)
    }
}

/// What is handed on in a graph, each question answered once.
pub(super) struct Passed<'g, 't> {
    graph: &'g Graph<'t>,
    /// Files in which every secret has its own name, since all who use them hand on everything.
    plain: Vec<bool>,
    stored: BTreeMap<(usize, String), Stored>,
    texts: BTreeMap<(usize, String), Texts>,
}

impl<'g, 't> Passed<'g, 't> {
    /// Nothing asked yet.
    pub(super) fn new(graph: &'g Graph<'t>) -> Self {
        let mut plain = vec![false; graph.files.len()];
        for file in graph.order.iter().copied() {
            let whole = |arrival: &Arrival| {
                plain[graph.jobs[arrival.job].file] && graph.attribute(arrival.told, "inherit") == "true"
            };
            plain[file] = graph.files[file].arrivals.iter().all(whole);
        }
        Self { graph, plain, stored: BTreeMap::new(), texts: BTreeMap::new() }
    }

    /// What stands behind a secret (`NAME`) or an input (`inputs.name`) of a file. Callers come before what they call, so
    /// this ends.
    pub(super) fn stored(&mut self, file: usize, name: &str) -> Stored {
        let input = name.strip_prefix("inputs.");
        if input.is_none() && self.plain[file] {
            return Stored::named(name);
        }
        let key = (file, name.to_owned());
        if let Some(known) = self.stored.get(&key) {
            return known.clone();
        }
        if self.stored.len() >= ANSWERS_MAX {
            return Stored::open();
        }
        let graph = self.graph;
        let mut found = Stored::default();
        if !graph.only_called(file) {
            // Of its own store, or of whoever starts it by hand.
            found.join(if input.is_some() { Stored::open() } else { Stored::named(name) });
        }
        for arrival in &graph.files[file].arrivals {
            let given = match input {
                Some(input) => self.of_input(file, *arrival, input),
                None => self.of_secret(*arrival, name),
            };
            found.join(given);
        }
        self.stored.insert(key, found.clone());
        found
    }

    fn of_secret(&mut self, arrival: Arrival, name: &str) -> Stored {
        let from = self.graph.jobs[arrival.job].file;
        if self.graph.attribute(arrival.told, "inherit") == "true" {
            return self.stored(from, name);
        }
        let Some(list) = self.graph.told[arrival.told].attributes.get(&format!("secret:{name}")) else {
            return Stored { empty: true, ..Stored::default() };
        };
        self.sources(from, list)
    }

    fn of_input(&mut self, file: usize, arrival: Arrival, input: &str) -> Stored {
        let (graph, from) = (self.graph, self.graph.jobs[arrival.job].file);
        let name = format!("from:{input}");
        if let Some(list) = graph.told[arrival.told].attributes.get(&name) {
            return self.sources(from, list);
        }
        if is_given(graph, arrival.told, input) {
            return Stored::open();
        }
        let Some(declared) = graph.declared(file) else { return Stored::open() };
        match graph.told[declared].attributes.get(&name) {
            Some(list) => self.sources(file, list),
            None if is_given(graph, declared, input) => Stored::open(),
            None => Stored { empty: true, ..Stored::default() },
        }
    }

    /// What a list of sources comes to in the file that writes it.
    fn sources(&mut self, file: usize, list: &str) -> Stored {
        let mut found = Stored::default();
        for part in parts(list) {
            found.join(match part {
                "*" => Stored::open(),
                TOKEN => Stored::named(TOKEN),
                part if part.starts_with("vars.") => Stored::named(part),
                // An input's default may name an input only of a file above, so that it is not asked of itself.
                part if part.starts_with("inputs.") && !self.may_ask(file, part) => Stored::open(),
                part => self.stored(file, part),
            });
        }
        if list.is_empty() {
            found.open = true;
        }
        found
    }

    fn may_ask(&self, file: usize, part: &str) -> bool {
        let input = part.trim_start_matches("inputs.");
        let declared = self.graph.declared(file).map(|told| self.graph.attribute(told, &format!("from:{input}")));
        declared.is_none_or(|list| !parts(list).any(|part| part.starts_with("inputs.")))
    }

    /// The plain values that an input of a file has.
    pub(super) fn texts(&mut self, file: usize, input: &str) -> Texts {
        let key = (file, input.to_owned());
        if let Some(known) = self.texts.get(&key) {
            return known.clone();
        }
        if self.texts.len() >= ANSWERS_MAX {
            return Texts { open: true, ..Texts::default() };
        }
        let graph = self.graph;
        let mut found = Texts { open: !graph.only_called(file), ..Texts::default() };
        for arrival in &graph.files[file].arrivals {
            let text = |told: usize| graph.told[told].attributes.get(&format!("text:{input}"));
            let by = graph.jobs[arrival.job].at.clone();
            let single =
                |value: &String, by: String| Texts { values: BTreeMap::from([(value.clone(), by)]), open: false };
            let outer = graph.attribute(arrival.told, &format!("pass:{input}"));
            found.join(match (text(arrival.told), graph.declared(file).and_then(text)) {
                (Some(value), _) => single(value, by),
                (None, _) if !outer.is_empty() && !outer.contains(", ") => {
                    self.texts(graph.jobs[arrival.job].file, outer)
                }
                (None, Some(value)) if !is_given(graph, arrival.told, input) => single(value, by),
                _ => Texts { open: true, ..Texts::default() },
            });
        }
        self.texts.insert(key, found.clone());
        found
    }
}

fn is_given(graph: &Graph<'_>, told: usize, input: &str) -> bool {
    let attributes = &graph.told[told].attributes;
    attributes.contains_key(&format!("given:{input}")) || attributes.contains_key(&format!("text:{input}"))
}
