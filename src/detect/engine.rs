//! Runs every rule over one text.

use std::borrow::Cow;
use std::collections::HashSet;

use regex_automata::PatternID;

use super::blocks::{self, Block};
use super::context::{self, Providers};
use super::expression::{Begins, Expression};
use super::filter::{self, Drop};
use super::generic::{self, Assigned, Verdict};
use super::prefilter::{Prefilter, Sought};
use super::signed::{self, Weak};
use super::tokens;
use crate::model::{Candidate, Confidence, Family, Part, PathClass, Proof, RuleIndex, Secret, Severity, Span};
use crate::rules::reach::{Around, Bytes, Reach};
use crate::rules::{Matcher, Rule};
use crate::text::lines::LineIndex;

/// Keyword ids from here on are the generic detector's words.
pub(super) const GENERIC: u32 = 1 << 30;

/// Keyword ids from here on are words of calls in code, which lead to no value: see [`signed`].
pub(super) const CALLS: u32 = 1 << 31;

/// Bytes of a keyword that are looked for. Around every change between two versions of a text as many are looked through.
const KEYWORD: usize = 20;

/// Most candidates kept of one text; more is a list of tokens or an attack, and the rest is a notice.
const MAX_CANDIDATES: usize = 10_000;

/// The rules, ready to run. Shared by all threads; expressions are compiled when first needed.
#[derive(Debug)]
pub struct Engine {
    pub(super) rules: Cow<'static, [Rule]>,
    enabled: Vec<bool>,
    pub(super) prefilter: Prefilter,
    expressions: Vec<Expression>,
    generic: Option<u32>,
    /// Rules of providers that are known by their name only.
    providers: Providers,
    /// Marks that some rule's values begin with (`ghp_`, `hvs.`): a value that bears one without fitting the rule is
    /// damaged, cut or invented.
    pub(super) marks: Vec<Box<str>>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) hits: Vec<(u32, usize)>,
}

/// A keyword that stands in a text, as a sieve found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keyword {
    /// Its number among those of the prefilter.
    pub(super) id: u32,
    /// Where it begins.
    pub(super) at: u32,
}

/// What one text gave.
#[derive(Debug, Default)]
pub struct Detected {
    /// Candidates in order of place, overlaps merged, pairs joined.
    pub candidates: Vec<Candidate>,
    /// Values that are kept elsewhere.
    pub references: Vec<Reference>,
    /// Calls that let tokens be forged, in code.
    pub weak: Vec<Weak>,
    /// Matches that were refused, with what they were taken for; only filled on request.
    pub dropped: Vec<(RuleIndex, Span, Drop)>,
    /// True when there were more candidates than are kept.
    pub cut: bool,
    /// The lines of the text, where they had to be read.
    pub lines: Option<LineIndex>,
}

/// A credential's name with a reference to where the value is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: String,
    /// The reference's span.
    pub span: Span,
    /// What kind of reference it is. The text itself may hold a literal part, so it is never kept.
    pub target: &'static str,
}

/// Whether a window holds the byte and the run of characters that every match of a rule has.
fn holds_needed(window: &[u8], reach: &Reach, rule: &Rule) -> bool {
    (reach.must == 0 || memchr::memchr(reach.must, window).is_some())
        && (reach.run == 0 || tokens::holds_run(window, reach.run, reach.alphabet, rule.needs_digit && reach.whole))
}

/// Key files that may begin without being one, of one text.
const MAX_FAILURES: usize = 256;

/// References kept of one text.
const MAX_REFERENCES: usize = 10_000;

/// A raw match before filters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    rule: u32,
    block: Block,
    /// The keyword that led to it.
    pub(super) at: usize,
}

impl Engine {
    /// Prepares rules. `enabled` says for each whether it runs.
    #[must_use]
    pub fn new(rules: Cow<'static, [Rule]>, enabled: Vec<bool>) -> Self {
        let on = |i: usize| enabled.get(i).copied().unwrap_or(true);
        let generic =
            rules.iter().enumerate().find(|(i, r)| r.matcher == Matcher::Generic && on(*i)).map(|(i, _)| i as u32);
        let keywords =
            rules.iter().enumerate().filter(|(i, r)| on(*i) && r.matcher != Matcher::Generic).flat_map(|(i, r)| {
                let exact = r.case_sensitive;
                r.keywords.iter().enumerate().map(move |(n, keyword)| {
                    let text = shortened(keyword);
                    let mut around = match &r.matcher {
                        Matcher::Pattern { around, .. } => around.get(n).copied().unwrap_or(Around::ANY),
                        Matcher::Jwt => Around { behind: Bytes::of(tokens::is_token), ..Around::ANY },
                        _ => Around::ANY,
                    };
                    if text.len() < keyword.len() && around != Around::NEVER {
                        around.behind = Bytes::ALL;
                    }
                    Sought { text, exact, id: i as u32, around }
                })
            });
        let words = generic::WORDS.iter().enumerate().filter(|_| generic.is_some());
        let words = words.map(|(i, (text, _))| {
            let id = GENERIC + i as u32;
            // A word in capitals is one that is too common in others.
            let exact = text.bytes().any(|b| b.is_ascii_uppercase());
            Sought { text, exact, id, around: Around::ANY }
        });
        let calls = signed::WORDS.iter().enumerate();
        let calls = calls.map(|(i, text)| Sought { text, exact: false, id: CALLS + i as u32, around: Around::ANY });
        let prefilter = Prefilter::new(keywords.chain(words).chain(calls));
        let expressions = rules.iter().map(|_| Expression::default()).collect();
        let marks = marks(&rules);
        let providers = Providers::new(&rules, &on);
        Self { rules, enabled, prefilter, expressions, generic, providers, marks }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of an index of this engine.
    #[must_use]
    pub fn rule(&self, index: RuleIndex) -> Option<&Rule> {
        self.rules.get(index.0 as usize)
    }

    /// True when the rule runs.
    #[must_use]
    pub fn is_enabled(&self, index: usize) -> bool {
        self.enabled.get(index).copied().unwrap_or(true)
    }

    /// Compiles the expression of a rule in full, for texts of which there are many.
    pub(super) fn prepare(&self, rule: u32) {
        if let Some((expression, pattern)) = self.expression(rule) {
            expression.full(pattern);
        }
    }

    fn expression(&self, rule: u32) -> Option<(&Expression, &str)> {
        match &self.rules.get(rule as usize)?.matcher {
            Matcher::Pattern { pattern, .. } => Some((self.expressions.get(rule as usize)?, pattern)),
            _ => None,
        }
    }

    /// Finds candidates and references in one text. `path_rules` says whether a path-bound rule applies here.
    pub fn scan(
        &self,
        scratch: &mut Scratch,
        text: &[u8],
        class: &PathClass,
        path_rules: &dyn Fn(&Rule) -> bool,
        explain: bool,
    ) -> Detected {
        scratch.hits.clear();
        let hits = &mut scratch.hits;
        self.prefilter.scan(text, (None, None), &mut |id, at| hits.push((id, at)));
        self.scan_hits(scratch, text, class, path_rules, explain)
    }

    /// The same, looking only at keywords that a [`Sieve`](super::Sieve) of the same rules gave for the text: see
    /// [`Sieve::places`](super::Sieve::places). References are not complete.
    pub fn scan_at(
        &self,
        scratch: &mut Scratch,
        text: &[u8],
        keywords: &[Keyword],
        class: &PathClass,
        path_rules: &dyn Fn(&Rule) -> bool,
    ) -> Detected {
        scratch.hits.clear();
        scratch.hits.extend(keywords.iter().map(|k| (k.id, k.at as usize)));
        self.scan_hits(scratch, text, class, path_rules, false)
    }

    fn scan_hits(
        &self,
        scratch: &mut Scratch,
        text: &[u8],
        class: &PathClass,
        path_rules: &dyn Fn(&Rule) -> bool,
        explain: bool,
    ) -> Detected {
        let mut out = Detected::default();
        let hits = &mut scratch.hits;
        if hits.is_empty() {
            return out;
        }
        hits.sort_unstable();
        hits.dedup();
        let (hits, calls) = hits.split_at(hits.partition_point(|(id, _)| *id < CALLS));
        if class.family == Family::Code && !class.vendored {
            out.weak = signed::read(text, calls.iter().map(|(id, at)| ((id - CALLS) as usize, *at)));
        }
        let mut raws = Vec::new();
        for group in hits.chunk_by(|a, b| a.0 == b.0 || (a.0 >= GENERIC && b.0 >= GENERIC)) {
            let id = group[0].0;
            if id >= GENERIC {
                // The words of the generic detector come last, so what rules found is kept first.
                raws.drain(..).for_each(|raw| self.accept(text, raw, &mut out, explain));
                self.generic_hits(text, group, class, &mut out, explain);
                continue;
            }
            let rule = &self.rules[id as usize];
            if !rule.paths.is_empty() && !path_rules(rule) {
                continue;
            }
            self.rule_hits(text, id, rule, group, &mut raws);
        }
        for raw in raws {
            self.accept(text, raw, &mut out, explain);
        }
        self.settle(text, &mut out, explain);
        out
    }

    /// Whether a match of a rule can lie around its keyword at all; tells most cases apart before any expression runs.
    pub(super) fn may_match(&self, text: &[u8], rule: usize, at: usize) -> bool {
        let Some(rule) = self.rules.get(rule) else { return false };
        let Matcher::Pattern { reach, .. } = &rule.matcher else { return true };
        let window = text.get(at.saturating_sub(reach.before)..text.len().min(at + reach.longest + 1));
        window.is_some_and(|window| holds_needed(window, reach, rule))
    }

    /// Matches of one rule around its keywords, which are in order of place. Equal to matching over the whole text:
    /// every match holds a keyword at most `before` bytes behind its start, so the search that starts at the later of
    /// that distance and the end of the last match finds exactly the leftmost match that a whole search would.
    pub(super) fn rule_hits(&self, text: &[u8], id: u32, rule: &Rule, hits: &[(u32, usize)], raws: &mut Vec<Raw>) {
        let mut last_end = 0;
        let mut failures = 0;
        for (_, at) in hits {
            if *at < last_end {
                continue;
            }
            let block = match &rule.matcher {
                Matcher::Pattern { reach, pattern, .. } => {
                    let from = at.saturating_sub(reach.before).max(last_end);
                    let to = text.len().min(at + reach.longest + 1);
                    let Some(window) = text.get(..to) else { continue };
                    if !holds_needed(&window[from..], reach, rule) {
                        continue;
                    }
                    // Compiled late: the keywords of many rules are common and their values rare.
                    let Some(expression) = self.expressions.get(id as usize) else { return };
                    let begins = if reach.before == 0 { Begins::Here } else { Begins::Behind };
                    let Some(found) = expression.find(pattern, window, from, begins) else { return };
                    let Some(Span { start, end }) = found.filter(|found| found.start <= *at) else { continue };
                    let groups = expression.groups(pattern, window, start);
                    let secret = groups.and_then(|groups| groups.get_group_by_name("secret"));
                    let secret = secret.map_or(Span::new(start, end), |s| Span::new(s.start, s.end));
                    Some(Block { secret, extent: Span::new(start, end) })
                }
                Matcher::Jwt => blocks::jwt(text, *at),
                Matcher::PrivateKeyBlock => blocks::private_key(text, *at),
                // Each try reads up to 32 KiB; a text full of beginnings without end is an attack.
                Matcher::GoogleServiceAccount if failures >= MAX_FAILURES => None,
                Matcher::GoogleServiceAccount => blocks::google_service_account(text, *at),
                // Led to by the words of the generic detector, or by the names of files.
                Matcher::Contextual(_) | Matcher::Generic | Matcher::ClientFile => None,
            };
            failures += usize::from(block.is_none());
            if let Some(block) = block {
                last_end = block.extent.end.max(at + 1);
                raws.push(Raw { rule: id, block, at: *at });
            }
        }
    }

    /// What a match was taken for, when its rule refuses the value.
    pub(super) fn refusal(&self, text: &[u8], raw: Raw) -> Option<Drop> {
        let rule = &self.rules[raw.rule as usize];
        let whole_block = matches!(rule.matcher, Matcher::PrivateKeyBlock | Matcher::GoogleServiceAccount);
        let value = raw.block.secret.of(text);
        (!whole_block && !rule.encrypted)
            .then(|| filter::why_dropped(value, rule.min_entropy, rule.needs_digit, rule.random))
            .flatten()
    }

    fn accept(&self, text: &[u8], raw: Raw, out: &mut Detected, explain: bool) {
        let rule = &self.rules[raw.rule as usize];
        let value = raw.block.secret.of(text);
        if let Some(why) = self.refusal(text, raw) {
            if explain {
                out.dropped.push((RuleIndex(raw.rule), raw.block.secret, why));
            }
            return;
        }
        if out.candidates.len() >= MAX_CANDIDATES {
            out.cut = true;
            return;
        }
        let confidence = match rule.matcher {
            Matcher::Contextual(_) => context::confidence(text, raw.block.extent, raw.block.secret),
            _ => rule.confidence,
        };
        out.candidates.push(Candidate {
            rule: RuleIndex(raw.rule),
            secret: Secret::new(value),
            span: raw.block.secret,
            extent: raw.block.extent,
            parts: self.parts(text, raw),
            key_name: None,
            confidence,
            severity: if confidence == Confidence::Low && rule.confidence > confidence {
                Severity::Medium
            } else {
                rule.severity
            },
            proof: Proof {
                public: rule.public || is_public_here(text, raw.block.extent, &rule.public_near),
                encrypted: rule.encrypted,
                ..Proof::default()
            },
            suppressed: None,
            evidence: Vec::new(),
            weak: false,
        });
    }

    /// The named groups of a match besides `secret`.
    fn parts(&self, text: &[u8], raw: Raw) -> Vec<Part> {
        let Some((expression, pattern)) = self.expression(raw.rule) else { return Vec::new() };
        let Matcher::Pattern { reach, .. } = &self.rules[raw.rule as usize].matcher else { return Vec::new() };
        let start = raw.block.extent.start;
        let to = text.len().min(start + reach.before + reach.longest + 1);
        let groups = text.get(..to).and_then(|window| expression.groups(pattern, window, start));
        let Some(groups) = groups else { return Vec::new() };
        let names = groups.group_info().pattern_names(PatternID::ZERO);
        names
            .flatten()
            .filter(|name| *name != "secret")
            .filter_map(|name| {
                let found = groups.get_group_by_name(name)?;
                let span = Span::new(found.start, found.end);
                Some(Part { name: name.to_owned(), value: String::from_utf8_lossy(span.of(text)).into_owned(), span })
            })
            .collect()
    }

    /// The value of a provider that is known by its name only, when that name stands in the name of a credential or before it.
    pub(super) fn near_provider(&self, text: &[u8], at: usize, word: &str) -> Option<Raw> {
        let ahead =
            || tokens::run_ahead(text, at + word.len(), context::NEAR, context::SHORTEST, context::may_be_value);
        if self.providers.is_empty() || !ahead() {
            return None;
        }
        let name = generic::name_at(text, at, word);
        let from = name.start.saturating_sub(context::NEAR);
        let around = text.get(from..name.end)?;
        let begins = |i: usize| {
            let (Some(before), Some(here)) = (i.checked_sub(1).and_then(|i| around.get(i)), around.get(i)) else {
                return i == 0;
            };
            !before.is_ascii_alphanumeric()
                || before.is_ascii_lowercase() && here.is_ascii_uppercase()
                || before.is_ascii_digit() != here.is_ascii_digit()
        };
        let beginnings = around.windows(3).enumerate();
        let led_to = beginnings.filter_map(|(i, b)| {
            let rules = self.providers.get([b[0], b[1], b[2]])?;
            begins(i).then_some((from + i, rules))
        });
        led_to.into_iter().find_map(|(at, rules)| {
            rules.iter().find_map(|id| {
                let Matcher::Contextual(context) = &self.rules[*id as usize].matcher else { return None };
                let found = context::find(text, at, context)?;
                Some(Raw { rule: *id, block: Block { secret: found.secret, extent: found.extent }, at })
            })
        })
    }

    fn generic_hits(&self, text: &[u8], hits: &[(u32, usize)], class: &PathClass, out: &mut Detected, explain: bool) {
        let Some(generic) = self.generic else { return };
        let rule = &self.rules[generic as usize];
        // A name may hold several words.
        let mut looked: HashSet<usize, foldhash::fast::FixedState> = HashSet::default();
        for (id, at) in hits {
            let (word, strength) = generic::WORDS[(id - GENERIC) as usize];
            let name = generic::name_at(text, *at, word).start;
            if !looked.contains(&name)
                && let Some(raw) = self.near_provider(text, *at, word)
            {
                looked.insert(name);
                self.accept(text, raw, out, explain);
            }
            match generic::read(text, *at, word, strength, class) {
                Some(Verdict::Secret { name, value, confidence, weak }) => {
                    if out.candidates.len() >= MAX_CANDIDATES {
                        out.cut = true;
                        return;
                    }
                    let bytes = value.of(text);
                    let mark = self.mark_of(bytes);
                    let confidence = if mark.is_some() { Confidence::Low } else { confidence };
                    out.candidates.push(Candidate {
                        rule: RuleIndex(generic),
                        secret: Secret::new(value.of(text)),
                        span: value,
                        extent: Span::new(name.start, value.end),
                        parts: Vec::new(),
                        key_name: Some(safe_name(name.of(text))),
                        confidence,
                        severity: if confidence == Confidence::Low { Severity::Medium } else { rule.severity },
                        proof: Proof::default(),
                        suppressed: None,
                        evidence: mark
                            .iter()
                            .map(|m| format!("begins with `{m}` but does not have the form of such a key"))
                            .collect(),
                        weak,
                    });
                }
                Some(Verdict::Reference { .. }) if out.references.len() >= MAX_REFERENCES => {}
                Some(Verdict::Reference { name, value }) => out.references.push(Reference {
                    name: safe_name(name.of(text)),
                    span: value,
                    target: filter::reference_kind(value.of(text)),
                }),
                Some(Verdict::Dropped { value, why }) if explain => {
                    let why = why.unwrap_or_else(|| generic::taken_for(text, *at, word, strength));
                    out.dropped.push((RuleIndex(generic), value, why));
                }
                _ => {}
            }
        }
    }

    /// The mark of a rule that a value begins with. A damaged JSON Web Token with all of its parts is told by the rule for those,
    /// which heeds its name.
    pub(super) fn mark_of(&self, value: &[u8]) -> Option<&str> {
        let whole = |mark: &str| mark == "eyJ" && memchr::memchr_iter(b'.', value).count() >= 2;
        self.marks.iter().map(AsRef::as_ref).find(|mark| value.starts_with(mark.as_bytes()) && !whole(mark))
    }

    /// Every assignment that the generic detector could judge, in order of place: what the ranker is trained on.
    #[must_use]
    pub fn assignments<'t>(&self, text: &'t [u8]) -> Vec<Assigned<'t>> {
        let mut hits = Vec::new();
        self.prefilter.scan(text, (None, None), &mut |id, at| hits.push((id, at)));
        let words = hits.iter().filter_map(|(id, at)| {
            let (word, strength) = generic::WORDS.get(id.checked_sub(GENERIC)? as usize)?;
            generic::assignments(text, *at, word, *strength)
        });
        let mut all: Vec<Assigned<'t>> = words.collect();
        all.sort_by_key(|a| (a.value, std::cmp::Reverse(a.strength), a.name));
        all.dedup_by_key(|a| a.value);
        all
    }
}

/// The beginning of a keyword: what is longer is as rare, and a hit is only where the search for a match starts.
pub(super) fn shortened(keyword: &str) -> &str {
    keyword.get(..KEYWORD).unwrap_or(keyword)
}

/// What values of rules with a fixed beginning begin with.
fn marks(rules: &[Rule]) -> Vec<Box<str>> {
    let begins = |r: &&Rule| match &r.matcher {
        Matcher::Pattern { reach, .. } => r.case_sensitive && !r.identifier && reach.before == 0,
        Matcher::Jwt => true,
        _ => false,
    };
    let telling = |k: &str| k == "eyJ" || (4..=16).contains(&k.len()) && k.contains(['_', '-', '.']) || k == "AIza";
    rules
        .iter()
        .filter(begins)
        .flat_map(|r| r.keywords.iter())
        .filter(|k| telling(k))
        .map(|k| k.as_ref().into())
        .collect()
}

/// Two or more of the rule's marks stand near: a web client's configuration, say, in which the key is meant to be read.
fn is_public_here(text: &[u8], extent: Span, marks: &[Cow<'static, str>]) -> bool {
    if marks.is_empty() {
        return false;
    }
    let around = Span::new(extent.start.saturating_sub(600), extent.end + 600).of(text);
    marks.iter().filter(|m| memchr::memmem::find(around, m.as_bytes()).is_some()).count() >= 2
}

/// A name without pieces that could be values: a line may hold several.
#[must_use]
pub fn safe_name(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let telling = |piece: &str| {
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        piece.len() >= 12 && digits >= 2 && digits < piece.len()
    };
    let pieces: Vec<&str> = text.split('.').map(|p| if telling(p) { "…" } else { p }).collect();
    pieces.join(".")
}

/// Whole-text matching, slow and plain: what the windows must equal. Tests compare the two.
#[derive(Debug)]
pub struct Oracle;

impl Oracle {
    /// Every match of one pattern rule over the whole text, as `(secret, extent)`, without those that lack the digit that
    /// the rule asks for; nothing for rules matched by code.
    #[must_use]
    pub fn matches(rule: &Rule, text: &[u8]) -> Vec<(Span, Span)> {
        let Matcher::Pattern { pattern, .. } = &rule.matcher else { return Vec::new() };
        let built =
            regex::bytes::RegexBuilder::new(pattern).unicode(false).multi_line(true).size_limit(8 << 20).build();
        let Ok(regex) = built else { return Vec::new() };
        let digit = |span: Span| !rule.needs_digit || span.of(text).iter().any(u8::is_ascii_digit);
        regex
            .captures_iter(text)
            .filter_map(|c| {
                let whole = c.get(0)?;
                let secret = c.name("secret").unwrap_or(whole);
                Some((Span::new(secret.start(), secret.end()), Span::new(whole.start(), whole.end())))
            })
            .filter(|(secret, _)| digit(*secret))
            .collect()
    }

    /// The same through keywords and windows.
    #[must_use]
    pub fn windowed(engine: &Engine, rule: usize, text: &[u8]) -> Vec<(Span, Span)> {
        let mut hits = Vec::new();
        engine.prefilter.scan(text, (None, None), &mut |id, at| {
            if id == rule as u32 {
                hits.push((id, at));
            }
        });
        hits.sort_unstable();
        hits.dedup();
        let mut raws = Vec::new();
        if let Some(r) = engine.rules.get(rule) {
            engine.rule_hits(text, rule as u32, r, &hits, &mut raws);
        }
        let needs_digit = engine.rules.get(rule).is_some_and(|r| r.needs_digit);
        let digit = |raw: &Raw| !needs_digit || raw.block.secret.of(text).iter().any(u8::is_ascii_digit);
        raws.into_iter().filter(digit).map(|r| (r.block.secret, r.block.extent)).collect()
    }
}
