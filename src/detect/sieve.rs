//! Which texts can hold a finding at all, told from the changes between versions of a text.
//!
//! Most objects of a repository are versions of each other: a version is copied from its base, but for a few bytes. So a
//! sieve keeps where keywords stand in a text and whether a value stood there. Of a version it looks for keywords only in
//! what is new, takes over those of the copied parts, and judges only those that a change is near to.
//!
//! A sieve errs to one side only: a text that it calls cold has no finding under any class of path that a scan would report;
//! one that it calls hot is scanned whole afterwards, as if there had been no sieve. It goes by the class that refuses the
//! least, and lets every rule that is bound to paths run.

use super::engine::{CALLS, Engine, GENERIC, Keyword, Raw, shortened};
use super::generic::{self, Verdict};
use super::memo::{Known, Memo};
use super::{blocks, context, engine::Scratch};
use crate::model::{Confidence, PathClass, Stretch};
use crate::rules::Matcher;

/// Most of how far an assignment reaches before its word (64 bytes of a name, the word before it, the text that the ranker reads) and
/// behind it (the rest of the word, 64 bytes of a name, 96 up to the value, 1200 of a value, a scheme, what the ranker reads):
/// see [`generic::read`].
const NAME_REACH: usize = 128 + if generic::AROUND > context::NEAR { generic::AROUND } else { context::NEAR };
const VALUE_REACH: usize = 1456 + generic::AROUND;

/// What depends on more text than this to either side is looked at in every part that was copied.
const NARROW: usize = VALUE_REACH;

/// What was copied in shorter parts than this is looked through like what is new: nearly every keyword in it depends on its
/// surroundings, and many small looks cost more than one.
const LEAST: usize = 192;

/// Where an enclosing object of a key file may begin before its keyword.
const OBJECT_REACH: usize = 9 << 10;

/// A keyword that stands in a text, in one number, so that lists of them are sorted and moved fast: where it begins, its
/// number in the tables of the sieve, how far behind it the text mattered, and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hit(u64);

impl Hit {
    /// A value that counts stands there.
    const HOT: u64 = 1;
    /// A change is near, so what was decided in the base may not hold.
    const DIRTY: u64 = 2;
    /// It depends on more text than [`NARROW`] to either side.
    const WIDE: u64 = 4;
    /// A value stands there, whether it counts or not: it may take part in what becomes of others.
    const HELD: u64 = 8;

    fn new(at: usize, id: usize, wide: bool) -> Self {
        Self((at as u64) << 32 | (id as u64) << 16 | if wide { Self::WIDE } else { 0 })
    }

    fn at(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn id(self) -> usize {
        (self.0 >> 16) as usize & 0xffff
    }

    /// How far behind its place the text mattered when it was judged, in bytes; nothing when that is not known.
    fn reach(self) -> Option<usize> {
        let reach = (self.0 >> 8) as usize & 0xff;
        (reach > 0).then_some(reach * Self::STEP)
    }

    /// Bytes of a step of what [`Hit::reach`] counts in.
    const STEP: usize = VALUE_REACH.div_ceil(0xff);

    /// Remembers how far behind its place the text mattered.
    fn set_reach(&mut self, reach: usize) {
        self.0 = self.0 & !0xff00 | (reach.div_ceil(Self::STEP).min(0xff) as u64) << 8;
    }

    fn is(self, mark: u64) -> bool {
        self.0 & mark != 0
    }

    /// The same, without marks that say what was decided.
    fn bare(self) -> u64 {
        self.0 & !0xffff
    }
}

/// The keywords of one text, in order of place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    all: Vec<Hit>,
    hot: bool,
}

impl Hits {
    /// Whether the text holds anything that a scan could report.
    #[must_use]
    pub fn is_hot(&self) -> bool {
        self.hot
    }

    fn new(all: Vec<Hit>) -> Self {
        let hot = all.iter().any(|h| h.is(Hit::HOT));
        Self { all, hot }
    }
}

/// How far what is decided at a keyword depends on the text around it.
#[derive(Debug, Clone, Copy)]
struct Depends {
    before: usize,
    after: usize,
}

impl Depends {
    fn is_wide(self) -> bool {
        self.before.max(self.after) > NARROW
    }
}

/// An engine, made ready to sieve texts under one gate of confidence.
#[derive(Debug)]
pub struct Sieve<'e> {
    engine: &'e Engine,
    gate: Confidence,
    /// Which rules can have a finding by themselves.
    counts: Vec<bool>,
    depends: Vec<Depends>,
    /// Longest keyword.
    longest: usize,
    /// Keywords at which nothing stood that counts, with the text that decides it.
    memo: Memo,
}

impl<'e> Sieve<'e> {
    /// A sieve for findings of at least this confidence.
    #[must_use]
    pub fn new(engine: &'e Engine, gate: Confidence) -> Self {
        let counts = engine.rules.iter().map(|r| {
            let sure = r.confidence.max(r.confidence_alone) >= gate;
            // A proof may raise the confidence; what is public, encrypted or an identifier is shown whatever it is.
            r.report
                && (sure
                    || !r.validate.is_empty()
                    || r.public
                    || r.encrypted
                    || r.identifier
                    || !r.public_near.is_empty())
        });
        let of_rules = engine.rules.iter().map(|r| match &r.matcher {
            Matcher::Pattern { reach, .. } => {
                // Behind a match the next one begins, and where it does depends on where the one before it ended.
                Depends { before: reach.before + reach.longest + 2, after: reach.longest + 2 }
            }
            Matcher::GoogleServiceAccount => Depends { before: OBJECT_REACH, after: blocks::MAX + 256 },
            Matcher::PrivateKeyBlock | Matcher::Jwt => Depends { before: blocks::MAX, after: blocks::MAX + 256 },
            Matcher::Contextual(_) | Matcher::Generic | Matcher::ClientFile => Depends { before: 0, after: 0 },
        });
        let of_words = generic::WORDS.iter().map(|_| Depends { before: NAME_REACH, after: VALUE_REACH });
        let keywords = engine.rules.iter().flat_map(|r| r.keywords.iter().map(|k| shortened(k).len()));
        let words = generic::WORDS.iter().map(|(w, _)| w.len());
        Self {
            engine,
            gate,
            counts: counts.collect(),
            depends: of_rules.chain(of_words).collect(),
            longest: keywords.chain(words).max().unwrap_or(0) + 1,
            memo: Memo::default(),
        }
    }

    /// The keywords of a text that has no base.
    #[must_use]
    pub fn whole(&self, scratch: &mut Scratch, text: &[u8]) -> Hits {
        let mut hits = Vec::new();
        self.find(text, 0, text.len(), &mut hits);
        put_in_order(&mut hits);
        hits.dedup();
        let all: Vec<usize> = (0..hits.len()).collect();
        self.judge(scratch, text, &mut hits, &all);
        Hits::new(hits)
    }

    /// The keywords of a text made of parts of a base, whose keywords and length are known. The parts cover the text, in
    /// order.
    #[must_use]
    pub fn changed(&self, scratch: &mut Scratch, text: &[u8], parts: &[Stretch], base: &Hits, base_len: usize) -> Hits {
        let margin = self.longest;
        let mut taken: Vec<Hit> = Vec::with_capacity(base.all.len() + 16);
        let mut new: Vec<Hit> = Vec::new();
        let mut hint = 0;
        // Where what was taken over ends so far.
        let mut done = 0usize;
        for part in parts {
            let Some(from) = part.from else { continue };
            let end = part.to + part.len;
            // Where base and text both begin, or end, nothing changed.
            let first = part.to == 0 && from == 0;
            let last = end == text.len() && from + part.len == base_len;
            if part.len < LEAST && !(first && last) {
                continue;
            }
            if !first {
                self.find(text, done.saturating_sub(margin), part.to + margin, &mut new);
            }
            self.take(base, (part, from), (first, last), &mut hint, &mut taken);
            done = if last { usize::MAX } else { end };
        }
        if done != usize::MAX {
            self.find(text, done.saturating_sub(margin), text.len(), &mut new);
        }
        put_in_order(&mut new);
        let (mut hits, dirty) = united(&taken, &new);
        self.judge(scratch, text, &mut hits, &dirty);
        Hits::new(hits)
    }

    /// The keywords of a hot text that a scan of it has to look at, so that it gives what one that looks at all gives: those
    /// where a value stands; of rules all that could move where their next match begins, and those that only say something
    /// beside others.
    #[must_use]
    pub fn places(&self, hits: &Hits) -> Vec<Keyword> {
        let rules = self.engine.rules.len();
        let mut found: Vec<bool> = vec![false; rules];
        for hit in hits.all.iter().filter(|h| h.is(Hit::HOT)) {
            if let Some(found) = found.get_mut(hit.id()) {
                *found = true;
            }
        }
        let wanted = |hit: &&Hit| match found.get(hit.id()) {
            Some(found) => *found || !self.counts[hit.id()],
            None => hit.is(Hit::HOT) || hit.is(Hit::HELD),
        };
        let keyword = |hit: &Hit| {
            let id = hit.id().checked_sub(rules).map_or(hit.id() as u32, |word| GENERIC + word as u32);
            Keyword { id, at: hit.at() as u32 }
        };
        hits.all.iter().filter(wanted).map(keyword).collect()
    }

    /// Takes over the keywords of a part that was copied, with what was decided at those that the copied part is enough for.
    fn take(
        &self,
        base: &Hits,
        (part, from): (&Stretch, usize),
        (first, last): (bool, bool),
        hint: &mut usize,
        taken: &mut Vec<Hit>,
    ) {
        let end = from + part.len;
        // A keyword that the end may cut is found by looking.
        let high = if last { end } else { end.saturating_sub(self.longest) };
        let begin = ahead(&base.all, *hint, from);
        let stop = ahead(&base.all, begin, high);
        *hint = stop;
        let hits = base.all.get(begin..stop).unwrap_or_default();
        // Moves the place, and nothing else.
        let shift = (part.to as u64).wrapping_sub(from as u64) << 32;
        let moved = |h: &Hit| Hit(h.0.wrapping_add(shift));
        let checked = |h: &Hit| {
            let depends = self.depends[h.id()];
            let before = first || h.at() - from >= depends.before;
            let after = last || end - h.at() >= h.reach().unwrap_or(depends.after);
            let kept = moved(h);
            if before && after { kept } else { Hit((kept.0 | Hit::DIRTY) & !(Hit::HOT | Hit::HELD)) }
        };
        // In the middle only those are looked at that depend on much.
        let low = if first { 0 } else { hits.partition_point(|h| h.at() < from + NARROW) };
        let high = if last { hits.len() } else { hits.partition_point(|h| h.at() + NARROW <= end) }.max(low);
        taken.extend(hits[..low].iter().map(checked));
        taken.extend(hits[low..high].iter().map(|h| if h.is(Hit::WIDE) { checked(h) } else { moved(h) }));
        taken.extend(hits[high..].iter().map(checked));
    }

    /// Keywords that lie in a part of the text.
    fn find(&self, text: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let Some(part) = text.get(from..to.min(text.len())) else { return };
        let rules = self.engine.rules.len();
        let before = from.checked_sub(1).and_then(|i| text.get(i)).copied();
        let behind = text.get(to).copied();
        self.engine.prefilter.scan(part, (before, behind), &mut |id, at| {
            if id >= CALLS {
                return;
            }
            let id = if id >= GENERIC { rules + (id - GENERIC) as usize } else { id as usize };
            hits.push(Hit::new(from + at, id, self.depends[id].is_wide()));
        });
    }

    /// Decides anew at these hits, and at those of the same rule that lie so near that one match could hold both.
    fn judge(&self, scratch: &mut Scratch, text: &[u8], hits: &mut [Hit], dirty: &[usize]) {
        let class = PathClass::default();
        let rules = self.engine.rules.len();
        let mut of_rules: Vec<(usize, u64)> = Vec::new();
        for i in dirty {
            let hit = hits[*i];
            match hit.id().checked_sub(rules) {
                Some(word) => {
                    let (word, strength) = generic::WORDS[word];
                    let reach = word_reach(text, hit.at(), word);
                    hits[*i].set_reach(reach);
                    let key = self.memo.key(hit.id(), text, hit.at(), (NAME_REACH, reach));
                    match self.memo.knows(key) {
                        Some(Known::Cold) => continue,
                        Some(Known::Held) => {
                            hits[*i].0 |= Hit::HELD;
                            continue;
                        }
                        None => {}
                    }
                    if self.engine.near_provider(text, hit.at(), word).is_some() {
                        hits[*i].0 |= Hit::HOT;
                        continue;
                    }
                    let verdict = generic::read(text, hit.at(), word, strength, &class);
                    if let Some(Verdict::Secret { value, confidence, .. }) = verdict {
                        hits[*i].0 |= Hit::HELD;
                        let marked = || self.engine.mark_of(value.of(text)).is_some();
                        if confidence >= self.gate && (self.gate <= Confidence::Low || !marked()) {
                            hits[*i].0 |= Hit::HOT;
                        } else {
                            self.memo.learn(key, Known::Held);
                        }
                    } else {
                        self.memo.learn(key, Known::Cold);
                    }
                }
                None if self.counts[hit.id()] && self.engine.may_match(text, hit.id(), hit.at()) => {
                    let key = self.rule_key(text, hit);
                    if self.memo.knows(key).is_none() {
                        of_rules.push((*i, key));
                    }
                }
                None => {}
            }
        }
        if of_rules.is_empty() {
            return;
        }
        let near = self.neighbours(hits, of_rules.iter().map(|(i, _)| *i).collect());
        let mut raws: Vec<Raw> = Vec::new();
        let mut fruitless: Vec<usize> = Vec::new();
        for group in near.chunk_by(|a, b| a.0 == b.0) {
            let id = group[0].0;
            let Some(rule) = self.engine.rules.get(id) else { continue };
            scratch.hits.clear();
            scratch.hits.extend(group.iter().map(|(_, i)| (id as u32, hits[*i].at())));
            raws.clear();
            self.engine.prepare(id as u32);
            self.engine.rule_hits(text, id as u32, rule, &scratch.hits, &mut raws);
            for raw in raws.iter().filter(|raw| self.engine.refusal(text, **raw).is_none()) {
                if let Some((_, i)) = group.iter().find(|(_, i)| hits[*i].at() == raw.at) {
                    hits[*i].0 |= Hit::HOT;
                }
            }
            if raws.is_empty() {
                fruitless.push(id);
            }
        }
        // Where a rule matched, keywords inside the match were passed over.
        for (i, key) in of_rules.into_iter().filter(|(i, _)| fruitless.binary_search(&hits[*i].id()).is_ok()) {
            self.memo.learn(key, Known::Cold);
            debug_assert!(!hits[i].is(Hit::HOT));
        }
    }

    /// The number of a rule's keyword with all that a match around it can depend on: the byte before a match may be looked
    /// at, too. [`Memo::NONE`] for rules that read on as far as they like.
    fn rule_key(&self, text: &[u8], hit: Hit) -> u64 {
        match self.engine.rules.get(hit.id()).map(|rule| &rule.matcher) {
            Some(Matcher::Pattern { reach, .. }) => {
                self.memo.key(hit.id(), text, hit.at(), (reach.before + 1, reach.longest + 1))
            }
            _ => Memo::NONE,
        }
    }

    /// These hits of rules with those of the same rule around them, by rule and place.
    fn neighbours(&self, hits: &[Hit], mut dirty: Vec<usize>) -> Vec<(usize, usize)> {
        dirty.sort_unstable_by_key(|i| (hits[*i].id(), *i));
        let mut near: Vec<(usize, usize)> = Vec::with_capacity(dirty.len());
        if dirty.len() == hits.len() {
            near.extend(dirty.into_iter().map(|i| (hits[i].id(), i)));
            return near;
        }
        for group in dirty.chunk_by(|a, b| hits[*a].id() == hits[*b].id()) {
            let id = hits[group[0]].id();
            let Depends { before, after } = self.depends[id];
            // Hits before this one were looked at for the one before.
            let mut done = 0;
            for i in group.iter().copied() {
                let at = hits[i].at();
                let left = (done..i).rev().take_while(|j| hits[*j].at() + before >= at).last().unwrap_or(i);
                let right =
                    (i.max(done)..hits.len()).take_while(|j| hits[*j].at() <= at + after).last().map_or(i, |j| j + 1);
                near.extend((left..right.max(left)).filter(|j| *j >= done && hits[*j].id() == id).map(|j| (id, j)));
                done = done.max(right);
            }
        }
        near
    }
}

/// How much text behind a word of the generic detector decides what is read there: up to the end of a line, and what the ranker
/// reads behind a value. Neither a value nor a token near a provider's name goes over a line break, unless a backslash stands
/// before that.
fn word_reach(text: &[u8], at: usize, word: &str) -> usize {
    let from = generic::name_at(text, at, word).end + VALUE_BEGINS;
    let rest = text.get(from..text.len().min(at + VALUE_REACH)).unwrap_or_default();
    let ends = |i: &usize| text.get(from + i - 1) != Some(&b'\\');
    let line = memchr::memchr_iter(b'\n', rest).find(ends);
    line.map_or(VALUE_REACH, |line| (from + line + 1 + generic::AROUND - at).min(VALUE_REACH))
}

/// How far behind the name of an assignment its value may begin (96 bytes and a scheme), or behind a provider's word: see
/// [`generic::read`] and [`context::NEAR`]. With room for a provider's word that goes on behind the name.
const VALUE_BEGINS: usize = 64 + if context::NEAR > 136 { context::NEAR } else { 136 };

/// Sorts hits that are nearly in order: each was found within a keyword's length of its place.
fn put_in_order(hits: &mut [Hit]) {
    for i in 1..hits.len() {
        let mut at = i;
        while at > 0 && hits[at - 1] > hits[at] {
            hits.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The first hit at or behind a place, looked for from a hint on: parts mostly come in the order of the base.
fn ahead(hits: &[Hit], hint: usize, place: usize) -> usize {
    let before = |i: usize| hits.get(i).is_some_and(|h| h.at() < place);
    if hint > 0 && !before(hint - 1) {
        return hits.partition_point(|h| h.at() < place);
    }
    let (mut low, mut step) = (hint, 1);
    while before(low + step - 1) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(hits.len());
    low + hits.get(low..high).unwrap_or_default().partition_point(|h| h.at() < place)
}

/// Hits taken over and hits found, both in order, as one list, and those of it that are to be judged. A hit that is both is
/// what was taken over: that knows more.
fn united(taken: &[Hit], new: &[Hit]) -> (Vec<Hit>, Vec<usize>) {
    let mut hits = Vec::with_capacity(taken.len() + new.len());
    let mut dirty = Vec::new();
    let mut next = 0;
    let mut add = |hits: &mut Vec<Hit>, hit: Hit| {
        if hit.is(Hit::DIRTY) {
            dirty.push(hits.len());
        }
        hits.push(Hit(hit.0 & !Hit::DIRTY));
    };
    for hit in taken {
        while let Some(found) = new.get(next).filter(|n| n.bare() <= hit.bare()) {
            next += 1;
            if found.bare() < hit.bare() && hits.last().is_none_or(|l: &Hit| l.bare() != found.bare()) {
                add(&mut hits, Hit(found.0 | Hit::DIRTY));
            }
        }
        add(&mut hits, *hit);
    }
    for found in new.get(next..).unwrap_or_default() {
        if hits.last().is_none_or(|l: &Hit| l.bare() != found.bare()) {
            add(&mut hits, Hit(found.0 | Hit::DIRTY));
        }
    }
    (hits, dirty)
}
