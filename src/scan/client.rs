//! Values of known credential files among those that the detectors saw: a candidate for each, one for one value.

use std::borrow::Cow;

use super::sight::is_guessable;
use crate::detect::{self, Detected, Engine};
use crate::formats::{self, Input, Out, ReadNotice};
use crate::model::{
    Candidate, Confidence, Fact, Part, PathClass, Proof, RepoPath, RuleIndex, SecretFact, SecretForm, Span,
};
use crate::rules::Matcher;
use crate::text::lines::LineIndex;

/// Most values kept of one file; more is a list or an attack, and the rest is a notice.
const MAX: usize = 10_000;

/// How much of a file a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// A piece of a large one.
    Piece,
}

/// Reads a text as the credential file that its name says it is, if any, and adds what it holds to what was found. Gives
/// what could not be read.
pub fn add(
    engine: &Engine,
    (name, class): (&RepoPath, &PathClass),
    text: &[u8],
    extent: Extent,
    found: &mut Detected,
) -> Vec<ReadNotice> {
    let mut notices = Vec::new();
    let Some(format) = formats::client::by_name(name) else { return notices };
    if extent == Extent::Piece && !formats::client::reads_pieces(format) {
        return notices;
    }
    let mut facts: Vec<SecretFact> = Vec::new();
    let readable = readable(text);
    let input = Input { path: name, repository: None, text: &readable };
    let mut cut = false;
    let mut keep = |fact: Fact| match fact {
        Fact::Secret(_, fact) if facts.len() < MAX => facts.push(fact),
        Fact::Secret(..) => cut = true,
        _ => {}
    };
    let mut tell = |notice| notices.push(notice);
    (format.read)(&input, &crate::doc::Doc::default(), &mut Out::new(&mut keep, &mut tell));
    found.cut |= cut;
    let new = facts.into_iter().filter_map(|fact| candidate(engine, text, fact, class.companion)).collect();
    merge(engine, text, new, found);
    notices
}

/// Why a credential file of this name, which is over the limit of what is held, was not read as one; `None` when pieces of it
/// were.
pub fn unread_when_large(name: &RepoPath, most: u64) -> Option<String> {
    let format = formats::client::by_name(name).filter(|format| !formats::client::reads_pieces(format))?;
    Some(format!(
        "is over {} MiB, more than is read of a {}; only what detectors know by its form was looked for",
        most >> 20,
        format.name
    ))
}

/// What a credential file is to be read with, by its name.
pub fn companion(name: &RepoPath) -> Option<&'static str> {
    formats::client::by_name(name).and_then(formats::client::companion)
}

/// Whether a file of this name, in one folder or another, may be a credential file.
pub fn may_be(name: &[u8]) -> bool {
    formats::client::may_be(name)
}

/// A number for the kind of credential file that a name says a file is; 0 for all others.
pub fn key(name: &RepoPath) -> u64 {
    let Some(format) = formats::client::by_name(name) else { return 0 };
    // FNV-1a: few and short words, and equal in every run.
    format.id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// The text with every byte that is no UTF-8 replaced by one that is, so that places stay what they are.
fn readable(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut out = String::with_capacity(text.len());
            for chunk in text.utf8_chunks() {
                out.push_str(chunk.valid());
                chunk.invalid().iter().for_each(|_| out.push('?'));
            }
            Cow::Owned(out)
        }
    }
}

/// What was found stays in order of place, and no two overlap: a rule that knows the value's own form says more than the
/// file it stands in, which says more than the name that the generic detector goes by.
fn merge(engine: &Engine, text: &[u8], mut new: Vec<Candidate>, found: &mut Detected) {
    if new.is_empty() {
        return;
    }
    new.sort_by_key(|c| (c.span, c.rule));
    new.dedup_by(|later, first| later.span.overlaps(first.span));
    let lines = LineIndex::new(text);
    let mut kept: Vec<Candidate> = Vec::with_capacity(found.candidates.len() + new.len());
    let mut old = std::mem::take(&mut found.candidates).into_iter().peekable();
    for mut candidate in new {
        while let Some(before) = old.next_if(|o| o.span.end <= candidate.span.start) {
            kept.push(before);
        }
        let mut specific = None;
        while let Some(same) = old.next_if(|o| o.span.start < candidate.span.end) {
            if says_more(engine, &same, &candidate) {
                specific = specific.or(Some(same));
            }
        }
        if kept.last().is_some_and(|k| k.span.overlaps(candidate.span)) {
            continue;
        }
        if let Some(mut specific) = specific {
            for part in candidate.parts {
                if specific.parts.iter().all(|p| p.name != part.name) {
                    specific.parts.push(part);
                }
            }
            kept.push(specific);
            continue;
        }
        let id = engine.rule(candidate.rule).map(|r| r.id.as_ref()).unwrap_or_default();
        candidate.suppressed = detect::ignored(text, &lines, candidate.span, id);
        kept.push(candidate);
    }
    kept.extend(old);
    kept.sort_by_key(|c| (c.span, c.rule));
    // Both lists are in order of place.
    let mut next = 0;
    found.references.retain(|r| {
        while kept.get(next).is_some_and(|c| c.span.end <= r.span.start) {
            next += 1;
        }
        !kept.get(next).is_some_and(|c| c.span.overlaps(r.span))
    });
    found.candidates = kept;
}

fn says_more(engine: &Engine, old: &Candidate, new: &Candidate) -> bool {
    let generic = engine.rule(old.rule).is_none_or(|r| matches!(r.matcher, Matcher::Generic));
    !generic && (old.confidence >= Confidence::Medium || old.rule == new.rule || old.confidence >= new.confidence)
}

/// The candidate of a fact; none for what stands in the place of a value, and when its rule does not run.
fn candidate(engine: &Engine, text: &[u8], fact: SecretFact, companion: bool) -> Option<Candidate> {
    let index = engine.rules().iter().position(|r| r.id == fact.rule)?;
    let rule = engine.rules().get(index).filter(|_| engine.is_enabled(index))?;
    let value = fact.secret.expose();
    if detect::stand_in(value, fact.form).is_some() || fact.span.end > text.len() || fact.span.is_empty() {
        return None;
    }
    let mut confidence = fact.confidence.unwrap_or(rule.confidence);
    let mut evidence: Vec<String> = fact.evidence.iter().map(|e| (*e).to_owned()).collect();
    if fact.form == SecretForm::Password && detect::is_doubtful(value) && confidence > Confidence::Medium {
        confidence = Confidence::Medium;
        evidence.push("holds a word that stands in values made up for show".to_owned());
    }
    if companion {
        confidence = confidence.max(Confidence::High);
        evidence.push("the file that holds the key to it lies beside it".to_owned());
    }
    let weak = fact.form == SecretForm::Password && is_guessable(value);
    let part = |name: &str, value: Option<String>| {
        let value = value.filter(|v| !v.is_empty())?;
        Some(Part { name: name.to_owned(), value, span: Span::new(fact.span.start, fact.span.start) })
    };
    let parts = [part("user", fact.user), part("host", fact.host)].into_iter().flatten().collect();
    Some(Candidate {
        rule: RuleIndex(u32::try_from(index).ok()?),
        span: fact.span,
        extent: fact.span,
        parts,
        key_name: fact.name.map(|name| detect::safe_name(name.as_bytes())),
        confidence,
        severity: rule.severity,
        proof: Proof { public: rule.public, encrypted: rule.encrypted || fact.encrypted, ..Proof::default() },
        suppressed: None,
        evidence,
        weak,
        secret: fact.secret,
    })
}
