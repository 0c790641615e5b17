//! What becomes of the candidates of one text: one for one value, the halves of pairs joined, comments heeded.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Detected, Engine};
use super::filter::Drop;
use super::ignore;
use crate::model::{Candidate, Confidence, Part, RuleIndex, Span};
use crate::rules::Matcher;
use crate::text::lines::LineIndex;

/// The line of a candidate.
type LineOf<'l> = &'l dyn Fn(&Candidate) -> u64;

impl Engine {
    /// One candidate for one value, pairs joined, the rest in order of place.
    pub(super) fn settle(&self, text: &[u8], out: &mut Detected, explain: bool) {
        out.references.sort_by(|a, b| (a.span, &a.name).cmp(&(b.span, &b.name)));
        out.references.dedup_by(|a, b| a.span == b.span);
        if out.candidates.is_empty() {
            return;
        }
        let lines = LineIndex::new(text);
        let candidates = std::mem::take(&mut out.candidates);
        let by_name: BTreeMap<Span, Candidate> =
            candidates.iter().filter(|c| self.is_sure_by_name(c)).map(|c| (c.span, c.clone())).collect();
        let is = |c: &Candidate, matcher: &Matcher| self.rules[c.rule.0 as usize].matcher == *matcher;
        let names: BTreeMap<Span, String> = candidates
            .iter()
            .filter(|c| is(c, &Matcher::Generic))
            .filter_map(|c| Some((c.span, c.key_name.clone()?)))
            .collect();
        let line = |c: &Candidate| lines.line(c.span.start, text);
        let mut kept = self.merge(&line, candidates);
        // Whether a token that cannot be decoded is one depends on what it is called.
        for token in kept.iter_mut().filter(|c| c.key_name.is_none() && is(c, &Matcher::Jwt)) {
            token.key_name = names.get(&token.span).cloned();
        }
        let halves = self.pair(&line, &mut kept);
        // What a rule doubts without its other half stands by its name.
        for candidate in kept.iter_mut().filter(|c| c.confidence < Confidence::Medium) {
            if let Some(sure) = by_name.get(&candidate.span) {
                candidate.clone_from(sure);
            }
        }
        if explain {
            out.dropped.extend(halves);
        }
        for candidate in &mut kept {
            let id = self.rules[candidate.rule.0 as usize].id.as_ref();
            candidate.suppressed = ignore::find(text, &lines, candidate.span, id);
        }
        // What a reference names cannot be a value at the same place. Both lists are in order of place.
        let mut next = 0;
        out.references.retain(|r| {
            while kept.get(next).is_some_and(|c| c.span.end <= r.span.start) {
                next += 1;
            }
            !kept.get(next).is_some_and(|c| c.span.overlaps(r.span))
        });
        out.candidates = kept;
        out.lines = Some(lines);
    }

    /// Of candidates that share bytes the most specific one stays: block matchers, then confidence, then length.
    fn merge(&self, line: LineOf<'_>, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        let halves = self.halves_alone(line, &candidates);
        let rank = |c: &Candidate| {
            let rule = &self.rules[c.rule.0 as usize];
            let class = match rule.matcher {
                _ if halves.contains(&(c.rule, c.span)) => 0,
                Matcher::GoogleServiceAccount => 4,
                Matcher::PrivateKeyBlock => 3,
                Matcher::Pattern { .. } => 2,
                // Rules that know the issuer of a token are patterns.
                Matcher::Jwt | Matcher::Contextual(_) => 1,
                // Values of known files come after all of this; see `scan::client`.
                Matcher::Generic | Matcher::ClientFile => 0,
            };
            let confidence = if class == 0 { c.confidence.min(rule.confidence_alone) } else { c.confidence };
            (class, confidence, c.severity, c.span.len(), std::cmp::Reverse(c.rule))
        };
        candidates.sort_by(|a, b| rank(b).cmp(&rank(a)).then(a.span.cmp(&b.span)));
        let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len());
        // Kept spans in order of their start; they never overlap, so neighbours are all there is to look at.
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        for candidate in candidates {
            let span = candidate.span;
            let before = taken.range(..span.end.max(span.start + 1)).next_back();
            if before.is_some_and(|(_, end)| *end > span.start) {
                continue;
            }
            taken.insert(span.start, span.end.max(span.start + 1));
            kept.push(candidate);
        }
        kept.sort_by_key(|c| (c.span, c.rule));
        kept
    }

    /// Candidates of rules that are in doubt without their other half, which is not there.
    fn halves_alone(&self, line: LineOf<'_>, candidates: &[Candidate]) -> BTreeSet<(RuleIndex, Span)> {
        let lines: Vec<u64> = candidates.iter().map(line).collect();
        let doubted = candidates.iter().zip(&lines).filter(|(c, line)| {
            let rule = &self.rules[c.rule.0 as usize];
            rule.confidence_alone < Confidence::Medium
                && rule.pair.as_ref().is_some_and(|pair| {
                    !candidates.iter().zip(&lines).any(|(o, other)| {
                        self.rules[o.rule.0 as usize].id == pair.rule
                            && other.abs_diff(**line) <= u64::from(pair.within)
                    })
                })
        });
        doubted.map(|(c, _)| (c.rule, c.span)).collect()
    }

    /// Found by the name that it is assigned to, and not doubted.
    fn is_sure_by_name(&self, candidate: &Candidate) -> bool {
        matches!(self.rules[candidate.rule.0 as usize].matcher, Matcher::Generic)
            && candidate.confidence >= Confidence::Medium
    }

    /// Joins the halves of paired credentials: the nearest other half within the rule's distance goes into the finding.
    /// Gives the halves that are no finding of their own.
    fn pair(&self, line: LineOf<'_>, candidates: &mut Vec<Candidate>) -> Vec<(RuleIndex, Span, Drop)> {
        let line_of: Vec<u64> = candidates.iter().map(line).collect();
        let mut used = vec![false; candidates.len()];
        for i in 0..candidates.len() {
            let rule = &self.rules[candidates[i].rule.0 as usize];
            let Some(pair) = &rule.pair else { continue };
            let near = (0..candidates.len())
                .filter(|j| *j != i && self.rules[candidates[*j].rule.0 as usize].id == pair.rule)
                .map(|j| {
                    (line_of[i].abs_diff(line_of[j]), candidates[i].span.start.abs_diff(candidates[j].span.start), j)
                })
                .filter(|(distance, ..)| *distance <= u64::from(pair.within))
                .min();
            match near {
                Some((_, _, j)) => {
                    used[j] = true;
                    if !pair.part.is_empty() {
                        let part = Part {
                            name: pair.part.to_string(),
                            value: String::from_utf8_lossy(candidates[j].secret.expose()).into_owned(),
                            span: candidates[j].span,
                        };
                        candidates[i].parts.push(part);
                    }
                    let other = &self.rules[candidates[j].rule.0 as usize].name;
                    candidates[i].evidence.push(format!("its other half, {other}, stands on line {}", line_of[j]));
                }
                None => {
                    candidates[i].severity = rule.severity_alone;
                    candidates[i].confidence = candidates[i].confidence.min(rule.confidence_alone);
                }
            }
        }
        let mut halves = Vec::new();
        let mut index = 0;
        candidates.retain(|c| {
            let keep = !used[index] && self.rules[c.rule.0 as usize].report;
            index += 1;
            if !keep {
                halves.push((c.rule, c.span, Drop::Half));
            }
            keep
        });
        halves
    }
}
