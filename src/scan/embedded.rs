//! What detectors see in the texts that are encoded in a text: each layer is read by the whole engine, and what it gives is
//! put beside what was found without decoding, one candidate for one value.

use std::rc::Rc;

use crate::decode::embedded::{self, Budget, Encoding, Layer};
use crate::detect::{self, Detected, Engine, Scratch, Sieve};
use crate::model::{Candidate, PathClass, Span, Stretch};
use crate::rules::{Matcher, Rule};
use crate::text::lines::LineIndex;

/// Layers inside layers that are read.
const DEPTH: usize = 3;

/// Most candidates of one text's layers that are kept.
const MAX: usize = 10_000;

/// A candidate in a decoded text.
pub struct Deep {
    /// The candidate; its spans are those of `text`.
    pub candidate: Candidate,
    /// The text that it stands in.
    pub text: Rc<Vec<u8>>,
    /// The bytes of the blob's text that encode the value.
    pub place: Span,
    /// The bytes that encode the whole match.
    extent: Span,
    /// How it was encoded, outermost first.
    encodings: Vec<Encoding>,
}

impl Deep {
    /// True when only characters of it were encoded: without decoding it is the same value, as it is written.
    fn is_partial(&self) -> bool {
        self.encodings.iter().all(|e| e.is_partial())
    }
}

/// What an engine is asked with.
pub struct Asker<'a> {
    /// The rules.
    pub engine: &'a Engine,
    /// What detectors know of the path.
    pub class: &'a PathClass,
    /// Whether a rule that is bound to paths runs here.
    pub applies: &'a dyn Fn(&Rule) -> bool,
}

impl Asker<'_> {
    /// The candidates of every layer of a text, in order of place, and whether something was left out for the budget. Those
    /// that what was found without decoding says already are left out; a value that was only found by its name makes way for
    /// what was decoded from it.
    pub fn deep(&self, scratch: &mut Scratch, text: &[u8], found: &mut Detected) -> (Vec<Deep>, bool) {
        let mut budget = Budget::of(text.len());
        let mut all = Vec::new();
        self.layers(scratch, text, DEPTH, &mut budget, &mut all);
        let cut = budget.was_cut() || all.len() > MAX;
        all.truncate(MAX);
        let mut deep = self.settled(all, found);
        if !deep.is_empty() {
            let lines = LineIndex::new(text);
            for one in &mut deep {
                let names: Vec<&str> = one.encodings.iter().map(|e| e.as_str()).collect();
                one.candidate.evidence.push(format!("decoded from {}", names.join(", then ")));
                // A comment beside the encoded value speaks for what is in it.
                if let Some(rule) = self.engine.rule(one.candidate.rule) {
                    let here = || detect::ignored(text, &lines, one.place, &rule.id);
                    one.candidate.suppressed = one.candidate.suppressed.take().or_else(here);
                }
            }
            deep.sort_by_key(|d| (d.place, d.candidate.rule));
        }
        (deep, cut)
    }

    fn layers(&self, scratch: &mut Scratch, text: &[u8], depth: usize, budget: &mut Budget, all: &mut Vec<Deep>) {
        for layer in embedded::layers(text, self.class, budget) {
            if all.len() > MAX {
                return;
            }
            let Layer { text, encoding, map } = layer;
            let text = Rc::new(text);
            let found = self.engine.scan(scratch, &text, self.class, self.applies, false);
            let here = |candidate: Candidate| Deep {
                place: candidate.span,
                extent: candidate.extent,
                text: Rc::clone(&text),
                candidate,
                encodings: Vec::new(),
            };
            let mut inside: Vec<Deep> = found.candidates.into_iter().map(here).collect();
            if depth > 1 {
                self.layers(scratch, &text, depth - 1, budget, &mut inside);
            }
            // What no escape is part of stands in the outer text as it is, with more around it.
            inside.retain(|one| !encoding.is_partial() || map.touches(one.extent));
            for one in &mut inside {
                one.extent = map.outer(one.extent);
                one.place = map.outer(one.place);
                one.encodings.insert(0, encoding);
            }
            all.append(&mut inside);
        }
    }

    /// One candidate for one value: the specific one before the one found by its name, and of two alike the one that needed
    /// less decoding.
    fn settled(&self, mut all: Vec<Deep>, found: &mut Detected) -> Vec<Deep> {
        all.sort_by_key(|d| (self.is_by_name(&d.candidate), d.encodings.len()));
        let mut kept: Vec<Deep> = Vec::new();
        for deep in all {
            let by_name = self.is_by_name(&deep.candidate);
            // What decodes as a whole is what was meant, however sure the encoded form looked.
            let surer = |other: &Candidate| {
                !deep.is_partial() && (deep.candidate.confidence >= other.confidence || other.span == deep.place)
            };
            let beats = |other: &Candidate| self.is_by_name(other) && (!by_name || surer(other));
            let overlaps = |span: Span| span.overlaps(deep.place);
            if found.candidates.iter().any(|c| overlaps(c.span) && !beats(c)) {
                continue;
            }
            // Values of one layer were told apart by the engine; those of different ones are one value where they overlap.
            let same = |other: &Deep| overlaps(other.place) && !Rc::ptr_eq(&other.text, &deep.text);
            if kept.iter().any(same) {
                continue;
            }
            found.candidates.retain(|c| !overlaps(c.span));
            kept.push(deep);
        }
        if !kept.is_empty() {
            found.references.retain(|r| !kept.iter().any(|d| d.place.overlaps(r.span)));
        }
        kept
    }

    fn is_by_name(&self, candidate: &Candidate) -> bool {
        self.engine.rule(candidate.rule).is_some_and(|r| matches!(r.matcher, Matcher::Generic))
    }
}

/// What a sieve keeps of the layers of a text, for the versions that are made of it.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    /// Encoded stretches that may hold a finding.
    hot: Vec<Span>,
    /// Whether it is a manifest with a Secret, whose values may be short.
    secret: bool,
}

impl Encoded {
    /// Whether any layer can hold a finding.
    pub fn is_hot(&self) -> bool {
        !self.hot.is_empty()
    }

    /// The layers of a text that has no base.
    pub fn whole(sieve: &Sieve<'_>, scratch: &mut Scratch, text: &[u8]) -> Self {
        let mut hot = Vec::new();
        sift(sieve, scratch, (text, 0), &mut hot);
        Self { hot, secret: embedded::is_secret(text, &PathClass::default()) }
    }

    /// Those of a text made of parts of a base: only what is near a change is decoded.
    pub fn changed(sieve: &Sieve<'_>, scratch: &mut Scratch, text: &[u8], parts: &[Stretch], base: &Self) -> Self {
        let mut out = Self { hot: Vec::new(), secret: base.secret };
        let mut done = 0;
        for part in parts {
            if let Some(from) = part.from {
                let copied = Span::new(from, from + part.len);
                let there = base.hot.iter().filter(|s| s.overlaps(copied));
                let moved = |s: &Span| {
                    let at = |i: usize| i.clamp(copied.start, copied.end) - from + part.to;
                    Span::new(at(s.start), at(s.end))
                };
                out.hot.extend(there.map(moved));
            }
            let end = if part.from.is_none() { part.to + part.len } else { part.to };
            if part.to == 0 && end == 0 {
                continue;
            }
            // A change may make one run of what stood on both sides of it.
            let start = embedded::beginning_of_run(text, part.to).saturating_sub(LINE).max(done);
            let end = (embedded::end_of_run(text, end) + LINE).min(text.len());
            let near = Span::new(start, end.max(start));
            done = near.end;
            let slice = near.of(text);
            out.secret |= memchr::memmem::find(slice, b"Secret").is_some();
            sift(sieve, scratch, (slice, near.start), &mut out.hot);
        }
        if out.secret {
            return Self::whole(sieve, scratch, text);
        }
        out
    }
}

/// Bytes of a line that are looked at beside a change: what may stand around an escape.
const LINE: usize = 512;

/// The stretches of a text, which begins at a place of a larger one, that encode something hot.
fn sift(sieve: &Sieve<'_>, scratch: &mut Scratch, (text, at): (&[u8], usize), hot: &mut Vec<Span>) {
    let mut budget = Budget::of(text.len());
    for layer in embedded::layers(text, &PathClass::default(), &mut budget) {
        if is_hot(sieve, scratch, &layer.text, DEPTH, &mut budget) {
            let all = layer.map.all();
            hot.push(Span::new(all.start + at, all.end + at));
        }
    }
}

fn is_hot(sieve: &Sieve<'_>, scratch: &mut Scratch, text: &[u8], depth: usize, budget: &mut Budget) -> bool {
    if sieve.whole(scratch, text).is_hot() {
        return true;
    }
    depth > 1
        && (embedded::layers(text, &PathClass::default(), budget).iter())
            .any(|layer| is_hot(sieve, scratch, &layer.text, depth - 1, budget))
}
