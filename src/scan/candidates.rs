//! What the trainer of the ranker reads: every assignment of a file with what the ranker would read of it, and what the rules
//! found. No text and no value is given, only places, numbers and words.

use std::path::Path;

use serde::Serialize;

use super::sight::prove;
use super::text_kind::{PathGlobs, readable};
use crate::config::Settings;
use crate::detect::{Engine, NUMBERS, Scratch};
use crate::model::{RepoPath, Span};
use crate::rules::Rule;
use crate::source;
use crate::text::lines::LineIndex;

/// One file.
#[derive(Debug, Serialize)]
pub struct Candidates {
    /// Its path.
    pub path: String,
    /// Its class: family, test, docs, vendored, lock, translation.
    pub class: (String, bool, bool, bool, bool, bool),
    /// What was found by rules.
    pub found: Vec<Found>,
    /// Assignments.
    pub assigned: Vec<Assignment>,
}

/// A value that a rule found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// First and last byte, first and last line.
    pub place: (usize, usize, u64, u64),
    /// Confidence after proof.
    pub confidence: String,
}

/// An assignment.
#[derive(Debug, Serialize)]
pub struct Assignment {
    /// First and last byte of the value, first and last line.
    pub place: (usize, usize, u64, u64),
    /// Numbers.
    pub numbers: Vec<f32>,
    /// Words.
    pub words: Vec<String>,
}

/// The names of the numbers, in their order.
#[must_use]
pub fn numbers() -> &'static [&'static str] {
    NUMBERS
}

/// The candidates of one file; `None` for what is no text.
#[must_use]
pub fn candidates(engine: &Engine, settings: &Settings, path: &Path, bytes: &[u8]) -> Option<Candidates> {
    let name = RepoPath::new(path.to_string_lossy().into_owned());
    let (text, _) = readable(bytes)?;
    let text = &text.bytes;
    let class = source::classify(&name);
    let lines = LineIndex::new(text);
    let line = |at: usize| lines.line(at, text);
    let place = |s: Span| (s.start, s.end, line(s.start), line(s.end.saturating_sub(1).max(s.start)));
    let applies = |rule: &Rule| PathGlobs::of(rule).has(&name.display());
    let found = engine.scan(&mut Scratch::default(), text, &class, &applies, false);
    let found = found.candidates.into_iter().filter_map(|mut candidate| {
        let rule = engine.rule(candidate.rule)?;
        prove(&mut candidate, rule, text, settings.as_of);
        let quiet = candidate.proof.public || candidate.proof.encrypted;
        let confidence = if quiet { "none" } else { candidate.confidence.as_str() };
        Some(Found { rule: rule.id.to_string(), place: place(candidate.span), confidence: confidence.to_owned() })
    });
    Some(Candidates {
        path: name.display(),
        class: (format!("{:?}", class.family), class.test, class.docs, class.vendored, class.lock, class.translation),
        found: found.collect(),
        assigned: engine
            .assignments(text)
            .iter()
            .filter(|a| !a.is_refused(&class))
            .map(|a| Assignment { place: place(a.value), numbers: a.numbers(), words: a.words() })
            .collect(),
    })
}
