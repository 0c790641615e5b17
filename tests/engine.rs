//! The windowed engine finds what whole-text matching finds, for every rule that has an expression.
//!
//! The engine runs an expression only in a window around a keyword; [`Oracle::matches`] runs it over everything. The two
//! are compared over real source text, over generated texts that put examples into every kind of neighbourhood, and over
//! both mixed. That the comparison can fail is shown by windows that are damaged on purpose.
//!
//! Real text is whatever Rust source lies below Cargo's registry, which every machine that built this has: 4 MB of it, or
//! 64 MB and more generated cases with `KEYROLL_FULL=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use aho_corasick::AhoCorasick;
use keyroll::detect::{Engine, Oracle};
use keyroll::rules::{Matcher, Reach, Rule, built_in, example};

/// What stands between two pieces of a generated text.
const SEPARATORS: &[&[u8]] = &[
    b"",
    b"",
    b" ",
    b"\n",
    b"\r\n",
    b"\t",
    b"\"",
    b"'",
    b"`",
    b"=",
    b": ",
    b",",
    b";",
    b"/",
    b"-",
    b"_",
    b".",
    b"\\n",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b"<",
    b"(",
    b"}}",
];

/// Bytes of one text cut from real source.
const BLOCK: usize = 512 << 10;

fn full() -> bool {
    std::env::var_os("KEYROLL_FULL").is_some()
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(Cow::Borrowed(built_in()), Vec::new()))
}

/// The rules that have an expression, with their indices.
fn patterns() -> Vec<(usize, &'static Rule)> {
    built_in().iter().enumerate().filter(|(_, r)| matches!(r.matcher, Matcher::Pattern { .. })).collect()
}

/// SplitMix64: the same texts on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// A disagreement, in words that let somebody repeat it.
fn disagreement(engine: &Engine, index: usize, rule: &Rule, text: &[u8]) -> Option<String> {
    let (want, got) = (Oracle::matches(rule, text), Oracle::windowed(engine, index, text));
    if want == got {
        return None;
    }
    let at = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let place = want.get(at).or(got.get(at)).map_or(0, |(_, extent)| extent.start);
    let around = &text[place.saturating_sub(60)..text.len().min(place + 200)];
    Some(format!(
        "{}: match {at}: whole text {:?}, windows {:?}, of {} bytes, around byte {place}: {:?}",
        rule.id,
        want.get(at),
        got.get(at),
        text.len(),
        String::from_utf8_lossy(around)
    ))
}

/// Runs a comparison for every rule on two threads and fails with the first few disagreements.
fn for_every_rule(compare: impl Fn(usize, &'static Rule) -> Option<String> + Sync) {
    let rules = patterns();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((index, rule)) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(sentence) = compare(*index, rule) {
                        wrong.lock().unwrap().push(sentence);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let mut text = String::new();
    for sentence in wrong.iter().take(5) {
        writeln!(text, "  {sentence}").unwrap();
    }
    assert!(wrong.is_empty(), "\n{} rules disagree:\n{text}", wrong.len());
}

/// Real source text in blocks, the same for the same `Cargo.lock`.
fn real() -> &'static [Vec<u8>] {
    static BLOCKS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BLOCKS.get_or_init(|| {
        let wanted: usize = if full() { 64 << 20 } else { 4 << 20 };
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::home_dir().map(|h| h.join(".cargo")));
        let mut files = home.map(|h| rust_files(&h.join("registry/src"))).unwrap_or_default();
        if files.is_empty() {
            // Dependencies that are vendored lie elsewhere; this project's own source is text, too.
            files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        }
        // A mixture of all packages rather than the first few.
        files.sort_by_cached_key(|(name, _)| {
            name.bytes().fold(0u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
        });
        let mut text = Vec::new();
        for (_, path) in files {
            if text.len() >= wanted {
                break;
            }
            text.extend(fs::read(path).unwrap_or_default());
        }
        text.truncate(wanted);
        text.chunks(BLOCK).map(<[u8]>::to_vec).collect()
    })
}

/// Rust files below a directory, with the path below it that sorting goes by.
fn rust_files(root: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root).unwrap().components().skip(1).collect::<PathBuf>();
                files.push((name.to_string_lossy().into_owned(), path));
            }
        }
    }
    files
}

/// Everything that a rule's examples and counterexamples expand to with a few seeds.
fn expanded(rule: &Rule, seeds: u64) -> Vec<Vec<u8>> {
    let templates = rule.examples.iter().chain(rule.counterexamples.iter());
    templates.flat_map(|t| (0..seeds).map(|s| example::expand(t, s).unwrap().into_bytes())).collect()
}

/// One piece of a generated text: what the rule is for, whole or cut, or something that only looks like it.
fn piece(random: &mut Random, rule: &Rule, own: &[Vec<u8>], others: &[&'static str]) -> Vec<u8> {
    let keyword = |random: &mut Random| random.pick(&rule.keywords).as_bytes().to_vec();
    match random.below(10) {
        0..=3 => random.pick(own).clone(),
        4 => {
            let whole = random.pick(own);
            whole[..random.below(whole.len() + 1)].to_vec()
        }
        5 => {
            let whole = random.pick(own);
            whole[random.below(whole.len() + 1)..].to_vec()
        }
        6 => keyword(random).repeat(1 + random.below(3)),
        7 => keyword(random).iter().map(|b| if random.below(2) == 0 { b.to_ascii_uppercase() } else { *b }).collect(),
        8 => random.pick(others).as_bytes().to_vec(),
        _ => {
            let (length, alphabet) =
                (random.below(90), *random.pick(&[&b"a1"[..], b"A", b" ", b"=", b"Zz09_-", b"/+.:"]));
            (0..length).map(|_| *random.pick(alphabet)).collect()
        }
    }
}

/// A text of some pieces.
fn text(random: &mut Random, rule: &Rule, own: &[Vec<u8>], others: &[&'static str], pieces: usize) -> Vec<u8> {
    let mut text = vec![b'.'; random.below(9)];
    for _ in 0..pieces {
        let next = piece(random, rule, own, others);
        // Back to back now and then: the second begins where the first one's window may still reach.
        for _ in 0..=usize::from(random.below(8) == 0) {
            text.extend(&next);
            text.extend(*random.pick(SEPARATORS));
        }
    }
    if random.below(3) == 0 {
        // Ends with a piece rather than with what follows it.
        text.extend(piece(random, rule, own, others));
    }
    text
}

fn keywords() -> Vec<&'static str> {
    built_in().iter().flat_map(|r| r.keywords.iter()).map(AsRef::as_ref).collect()
}

/// The first disagreement over generated texts.
fn generated(
    engine: &Engine,
    index: usize,
    rule: &Rule,
    oracle: &Rule,
    effort: usize,
    others: &[&'static str],
) -> Option<String> {
    let own = expanded(rule, 3);
    let mut random = Random(index as u64);
    // Few pieces, so that both ends of the text are near; then one long text.
    let short = (0..effort).map(|_| 1 + random.below(4)).collect::<Vec<_>>();
    let sizes = short.into_iter().chain(std::iter::once(effort * 12));
    for pieces in sizes {
        let text = text(&mut random, rule, &own, others, pieces);
        if let Some(sentence) = disagreement(engine, index, oracle, &text) {
            return Some(sentence);
        }
    }
    // Each example as the whole text, and at every distance from an eight-byte boundary.
    for example in own.iter().step_by(3) {
        let mut text = Vec::new();
        for lead in 0..8 {
            text.extend(std::iter::repeat_n(b' ', 8 - text.len() % 8 + lead));
            text.extend(example);
        }
        if let Some(sentence) =
            disagreement(engine, index, oracle, example).or_else(|| disagreement(engine, index, oracle, &text))
        {
            return Some(sentence);
        }
    }
    None
}

#[test]
fn windows_find_what_whole_text_matching_finds_in_generated_texts() {
    let others = keywords();
    let effort = if full() { 150 } else { 16 };
    for_every_rule(|index, rule| generated(engine(), index, rule, rule, effort, &others));
}

#[test]
fn windows_find_what_whole_text_matching_finds_in_real_source() {
    let blocks = real();
    let all: Vec<(usize, &str)> =
        patterns().into_iter().flat_map(|(i, r)| r.keywords.iter().map(move |k| (i, k.as_ref()))).collect();
    let finder = AhoCorasick::builder().ascii_case_insensitive(true).build(all.iter().map(|(_, k)| *k)).unwrap();
    // A rule none of whose keywords is in a block has no window there; what is left to show is that it has no match.
    let present: Vec<Vec<bool>> = (blocks.iter())
        .map(|block| {
            let mut here = vec![false; built_in().len()];
            finder.find_overlapping_iter(block).for_each(|m| here[all[m.pattern().as_usize()].0] = true);
            here
        })
        .collect();
    let windows = present.iter().flatten().filter(|p| **p).count();
    assert!(windows > blocks.len() * 8, "only {windows} keywords in {} blocks: no test", blocks.len());
    for_every_rule(|index, rule| {
        blocks.iter().zip(&present).find_map(|(block, present)| {
            if present[index] {
                return disagreement(engine(), index, rule, block);
            }
            let lost = Oracle::matches(rule, block);
            (!lost.is_empty()).then(|| format!("{}: {lost:?} without a keyword", rule.id))
        })
    });
}

#[test]
fn windows_find_what_was_planted_in_real_source() {
    let blocks = real();
    for_every_rule(|index, rule| {
        let mut random = Random(!(index as u64));
        let source = &blocks[index % blocks.len()];
        let mut text = Vec::new();
        let mut from = random.below(source.len() / 2);
        for piece in expanded(rule, 2) {
            let to = source.len().min(from + random.below(1500));
            text.extend(&source[from..to]);
            text.extend(*random.pick(SEPARATORS));
            text.extend(piece);
            text.extend(*random.pick(SEPARATORS));
            from = to;
        }
        disagreement(engine(), index, rule, &text)
    });
}

#[test]
fn generated_texts_hold_matches_of_every_rule() {
    for_every_rule(|_, rule| {
        let own = expanded(rule, 3);
        let found = own.iter().map(|t| Oracle::matches(rule, t).len()).sum::<usize>();
        (found == 0).then(|| format!("{}: no example matches, so comparing it shows nothing", rule.id))
    });
}

/// How many rules of a sample disagree once their windows are damaged, and how large the sample is.
fn noticed(damage: impl Fn(&Rule, &mut Reach) -> bool) -> (usize, usize) {
    let others = keywords();
    let mut rules = built_in().to_vec();
    let mut damaged = Vec::new();
    for (index, rule) in patterns() {
        if let Matcher::Pattern { reach, .. } = &mut rules[index].matcher
            && damage(rule, reach)
        {
            damaged.push(index);
        }
    }
    // Every fifth is plenty.
    let sample: Vec<usize> = damaged.into_iter().step_by(5).collect();
    let engine = Engine::new(Cow::Owned(rules), Vec::new());
    let whole = built_in();
    let seen = sample.iter().filter(|i| generated(&engine, **i, &whole[**i], &whole[**i], 8, &others).is_some());
    (seen.count(), sample.len())
}

#[test]
fn a_window_that_starts_one_byte_late_is_noticed() {
    let (noticed, of) = noticed(|_, reach| {
        let damaged = reach.before > 0;
        reach.before = reach.before.saturating_sub(1);
        damaged
    });
    assert!(of > 10 && noticed * 3 > of, "{noticed} of {of} damaged rules were noticed");
}

#[test]
fn a_window_that_ends_too_early_is_noticed() {
    // Rules of which an example is as long as a match can be, so that nothing behind it is spare.
    let (noticed, of) = noticed(|rule, reach| {
        let longest = |t: &Vec<u8>| Oracle::matches(rule, t).iter().any(|(_, e)| e.end - e.start == reach.longest);
        let full = reach.before == 0 && expanded(rule, 1).iter().any(longest);
        reach.longest -= reach.longest.min(2);
        full
    });
    assert!(of > 10 && noticed * 10 > of * 9, "{noticed} of {of} damaged rules were noticed");
}

#[test]
fn a_byte_or_run_that_is_wrongly_held_certain_is_noticed() {
    let (noticed, of) = self::noticed(|_, reach| {
        reach.must = 0x7f;
        true
    });
    assert!(of > 10 && noticed * 10 > of * 9, "byte: {noticed} of {of} damaged rules were noticed");
    let (noticed, of) = self::noticed(|_, reach| {
        let damaged = reach.run >= 12;
        reach.run += 200;
        damaged
    });
    assert!(of > 10 && noticed * 10 > of * 9, "run: {noticed} of {of} damaged rules were noticed");
}
