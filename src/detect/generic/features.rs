//! What the ranker reads of a name, a value and the text around them: numbers, and words that stand as themselves.
//!
//! Everything is bounded: nothing farther than [`AROUND`] bytes from the name or the value is looked at, because a scan of
//! changes judges a value anew only when something changed near it.

use std::hash::BuildHasher as _;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::assignment::Separator;
use super::names::Strength;
use super::shape::{self, Shape};
use crate::detect::filter;
use crate::model::Span;
use crate::text::entropy;
use crate::text::words::Words;

/// How far before the name and behind the value the text is read.
pub(in crate::detect) const AROUND: usize = 96;

/// How much of a value is read.
const LONGEST: usize = 160;

/// A value with its name, where they stand.
#[derive(Debug, Clone, Copy)]
pub struct Assigned<'a> {
    /// The text.
    pub text: &'a [u8],
    /// The name.
    pub name: Span,
    /// The value.
    pub value: Span,
    /// The quote that opens the value.
    pub quoted: bool,
    pub(super) separator: Separator,
    /// How much the word in the name says.
    pub strength: Strength,
}

/// The numbers, in their order, as files with weights name them.
pub const NUMBERS: &[&str] = &[
    "length",
    "lower",
    "upper",
    "digits",
    "marks",
    "others",
    "spaces",
    "distinct",
    "entropy",
    "rare_pairs",
    "hex",
    "uuid",
    "key_bytes",
    "padded",
    "even",
    "case_changes",
    "digit_changes",
    "longest_letters",
    "longest_digits",
    "pieces",
    "wordy",
    "vowels",
    "quote",
    "separator",
    "strength",
    "name_length",
    "name_words",
    "shared_words",
    "is_name",
    "next",
    "before",
    "line_quotes",
    "line_before",
    "comment",
    "monotone",
    "marked",
    "scheme",
    "dots",
    "slashes",
    "steps",
    "capital",
    "screaming",
    "issued",
    "called",
    "more_names",
    "near_user",
    "near_test",
    "near_assert",
    "starts_odd",
    "ends_odd",
    "language",
    "bang",
    "year",
    "dash",
    "underscore",
    "at_sign",
    "line_after",
    "camel",
    "code",
    "known_length",
    "equals_inside",
    "rare_letters",
    "same_as_before",
];

fn count(bytes: &[u8], of: impl Fn(&u8) -> bool) -> f32 {
    bytes.iter().filter(|b| of(b)).count() as f32
}

fn flag(is: bool) -> f32 {
    if is { 1.0 } else { 0.0 }
}

fn longest(bytes: &[u8], of: impl Fn(&u8) -> bool) -> f32 {
    let (mut best, mut run) = (0, 0);
    for b in bytes {
        run = if of(b) { run + 1 } else { 0 };
        best = best.max(run);
    }
    best as f32
}

/// Kinds of words that are looked for around a value: of accounts, of tests, of assertions, of declarations.
const AROUND_IT: [&[&str]; 4] = [
    &["user", "login", "email", "host"],
    &["test", "example", "sample", "dummy", "fake", "mock"],
    &["assert", "expect", "should", "equal"],
    &["const", "let ", "var ", "val ", "string", "final", "def ", "public", "private", "static"],
];

static WORDS_AROUND: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    // A few short words always build; without them none would be near.
    AhoCorasick::builder().ascii_case_insensitive(true).build(AROUND_IT.iter().copied().flatten()).ok()
});

/// Which of those kinds a text holds, and which from a place on.
fn kinds_in(text: &[u8], from: usize) -> [[bool; 4]; 2] {
    let mut held = [[false; 4]; 2];
    let Some(words) = WORDS_AROUND.as_ref() else { return held };
    for found in words.find_overlapping_iter(text) {
        let mut word = found.pattern().as_usize();
        for (kind, list) in AROUND_IT.into_iter().enumerate() {
            if word < list.len() {
                held[0][kind] = true;
                held[1][kind] |= found.start() >= from;
                break;
            }
            word -= list.len();
        }
    }
    held
}

/// The words of name and value, which numbers and words are made of.
pub(super) struct Pieces {
    name: Words,
    value: Words,
}

/// Characters that follow each other in the alphabet, in digits or on a keyboard.
fn steps(value: &[u8]) -> f32 {
    const ROWS: &[u8] = b"qwertyuiop asdfghjkl zxcvbnm";
    let next = |a: u8, b: u8| {
        let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
        a.is_ascii_alphanumeric() && a.abs_diff(b) <= 1
            || ROWS.windows(2).any(|w| w == [a, b] && a != b' ' && b != b' ')
    };
    value.windows(2).filter(|w| next(w[0], w[1])).count() as f32 / value.len().max(2) as f32
}

impl Assigned<'_> {
    fn value_bytes(&self) -> &[u8] {
        let all = self.value.of(self.text);
        all.get(..LONGEST).unwrap_or(all)
    }

    /// The line before the name, as far as it is read.
    pub(super) fn before(&self) -> &[u8] {
        let from = self.name.start.saturating_sub(AROUND);
        let part = self.text.get(from..self.name.start).unwrap_or_default();
        memchr::memrchr(b'\n', part).map_or(part, |i| &part[i + 1..])
    }

    /// The line behind the value, as far as it is read.
    fn after(&self) -> &[u8] {
        let to = self.text.len().min(self.value.end + AROUND);
        let part = self.text.get(self.value.end..to).unwrap_or_default();
        memchr::memchr(b'\n', part).map_or(part, |i| &part[..i])
    }

    /// The text around, over line ends.
    fn around(&self) -> (&[u8], &[u8]) {
        let from = self.name.start.saturating_sub(AROUND);
        let to = self.text.len().min(self.value.end + AROUND);
        (
            self.text.get(from..self.name.start).unwrap_or_default(),
            self.text.get(self.value.end..to).unwrap_or_default(),
        )
    }

    /// Whether the name stands inside a string that began on its line: a query, a header, a line of another language.
    pub(super) fn is_in_string(&self) -> bool {
        let before = self.before();
        if matches!(before.last(), Some(b'?' | b'&')) {
            return true;
        }
        let mut open = None;
        let mut escaped = false;
        for byte in before {
            match (open, *byte) {
                _ if escaped => escaped = false,
                (_, b'\\') => escaped = true,
                (None, b'"' | b'\'' | b'`') => open = Some(*byte),
                (Some(quote), byte) if quote == byte => open = None,
                _ => {}
            }
        }
        open.is_some()
    }

    /// Whether name and value are a line by themselves, as settings are in a text inside code: `name: value` and no more.
    pub(super) fn is_line_of_settings(&self) -> bool {
        let value = self.value.of(self.text);
        let has = |of: fn(&u8) -> bool| value.iter().any(of);
        let token = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'/' | b'=');
        let between = self.text.get(self.name.end..self.value.start).unwrap_or_default();
        value.len() >= 16
            && between.starts_with(b": ")
            && between.trim_ascii() == b":"
            && matches!(self.before().trim_ascii(), b"" | b"-" | b"*" | b"#")
            && matches!(self.text.get(self.value.end), None | Some(b'\n' | b'\r'))
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
            && value.iter().all(token)
    }

    /// Everything that the numbers and the words depend on: the text around, and where in it what stands, in numbers.
    pub(super) fn all_that_is_read(&self) -> (&[u8], [usize; 7]) {
        let from = self.name.start.saturating_sub(AROUND);
        let to = self.text.len().min(self.value.end + AROUND);
        let part = |at: usize| at - from;
        let numbers = [
            part(self.name.start),
            part(self.name.end),
            part(self.value.start),
            part(self.value.end),
            usize::from(self.quoted),
            self.separator as usize,
            self.strength as usize,
        ];
        (self.text.get(from..to).unwrap_or_default(), numbers)
    }

    pub(super) fn pieces(&self) -> Pieces {
        let words = |bytes: &[u8]| Words::of(&String::from_utf8_lossy(bytes));
        Pieces { name: words(self.name.of(self.text)), value: words(self.value_bytes()) }
    }

    /// The numbers of [`NUMBERS`].
    #[must_use]
    pub fn numbers(&self) -> Vec<f32> {
        self.numbers_of(&self.pieces())
    }

    pub(super) fn numbers_of(&self, Pieces { name: name_words, value: value_words }: &Pieces) -> Vec<f32> {
        let v = self.value_bytes();
        let n = v.len().max(1) as f32;
        let counts = Shape::of(v);
        let name = self.name.of(self.text);
        let (before, after) = (self.before(), self.after());
        let (far_before, far_after) = self.around();
        // The line before the name is the end of the text before it.
        let [kinds_before, kinds_on_line] = kinds_in(far_before, far_before.len() - before.len());
        let [kinds_after, _] = kinds_in(far_after, 0);
        let near = |kind: usize| flag(kinds_before[kind]) + flag(kinds_after[kind]);
        let name_text = String::from_utf8_lossy(name);
        let value_text = String::from_utf8_lossy(v);
        let in_name = |word: &&str| word.len() >= 3 && name_words.iter().any(|w| w == *word);
        let shared = value_words.iter().filter(in_name).map(str::len).sum::<usize>();
        let squeezed =
            |t: &str| t.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>();
        let (sq_name, sq_value) = (squeezed(&name_text), squeezed(&value_text));
        let is_name = !sq_value.is_empty()
            && (memchr::memmem::find(&sq_name, &sq_value).is_some()
                || sq_name.len() >= 4 && memchr::memmem::find(&sq_value, &sq_name).is_some());
        let mut seen = [false; 256];
        v.iter().for_each(|b| seen[usize::from(*b)] = true);
        let distinct = seen.iter().filter(|s| **s).count() as f32 / n.min(40.0);
        let pieces: Vec<&[u8]> = v.split(|b| !b.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).collect();
        let letters = count(v, u8::is_ascii_alphabetic);
        let wordy: f32 = v
            .split(|b| !b.is_ascii_alphabetic())
            .filter(|p| p.len() >= 3 && entropy::rare_pairs(p).is_none_or(|r| r < 0.2))
            .map(|p| p.len() as f32)
            .sum();
        let vowels = count(v, |b| matches!(b | 0x20, b'a' | b'e' | b'i' | b'o' | b'u'));
        let rare = count(v, |b| matches!(b | 0x20, b'j' | b'k' | b'q' | b'v' | b'w' | b'x' | b'y' | b'z'));
        let changes = |of: fn(&u8) -> u8| v.windows(2).filter(|w| of(&w[0]) != of(&w[1])).count() as f32;
        let case = |b: &u8| {
            if b.is_ascii_uppercase() {
                1
            } else if b.is_ascii_lowercase() {
                2
            } else {
                0
            }
        };
        let kind = |b: &u8| {
            if b.is_ascii_digit() {
                1
            } else if b.is_ascii_alphabetic() {
                2
            } else {
                0
            }
        };
        let class_of = |b: Option<&u8>| match b {
            None | Some(b'\n' | b'\r') => 0.0,
            Some(b' ' | b'\t') => 1.0,
            Some(b'"' | b'\'' | b'`') => 2.0,
            Some(b'(') => 3.0,
            Some(b')' | b']' | b'}') => 4.0,
            Some(b',' | b';') => 5.0,
            Some(b'.') => 6.0,
            Some(b'<' | b'>') => 7.0,
            Some(b'[') => 8.0,
            Some(b'=' | b':') => 9.0,
            Some(b'\\') => 10.0,
            Some(b'@') => 11.0,
            Some(b'&' | b'?') => 12.0,
            Some(b) if b.is_ascii_alphanumeric() => 13.0,
            Some(_) => 14.0,
        };
        let comment = before.trim_ascii_start();
        let comment =
            [&b"#"[..], b"//", b"*", b"--", b";", b"<!--", b"%", b"rem "].iter().any(|c| comment.starts_with(c));
        let behind = self.text.get(self.value.end..).unwrap_or_default();
        let next = if self.quoted { behind.get(1) } else { behind.first() };
        let between = self.text.get(self.name.end..self.value.start).unwrap_or_default();
        let hex_length = counts.hex && matches!(v.len(), 32 | 40 | 56 | 64 | 96 | 128);
        let first_upper = v.first().is_some_and(u8::is_ascii_uppercase);
        let screaming = counts.upper > 0
            && counts.lower == 0
            && v.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
        let quote = match between.last() {
            Some(b'"') => 1.0,
            Some(b'\'') => 2.0,
            Some(b'`') => 3.0,
            _ if self.quoted => 5.0,
            _ => 0.0,
        };
        let year =
            v.windows(4).any(|w| (w.starts_with(b"19") || w.starts_with(b"20")) && w.iter().all(u8::is_ascii_digit));
        let out = vec![
            v.len() as f32,
            counts.lower as f32 / n,
            counts.upper as f32 / n,
            counts.digit as f32 / n,
            counts.token_mark as f32 / n,
            counts.other as f32 / n,
            counts.space as f32,
            distinct,
            entropy::shannon(v),
            entropy::rare_pairs(v).unwrap_or(-1.0),
            flag(counts.hex),
            flag(shape::is_uuid(v)),
            flag(shape::is_encoded_key(v)),
            flag(v.ends_with(b"=")),
            flag(v.len().is_multiple_of(2)) + flag(v.len().is_multiple_of(4)),
            changes(case) / n,
            changes(kind) / n,
            longest(v, u8::is_ascii_alphabetic),
            longest(v, u8::is_ascii_digit),
            pieces.len() as f32,
            wordy / letters.max(1.0),
            vowels / letters.max(1.0),
            quote,
            self.separator as u8 as f32,
            self.strength as u8 as f32,
            name.len() as f32,
            name_words.len() as f32,
            shared as f32 / n,
            flag(is_name),
            class_of(next),
            class_of(before.last()),
            count(before, |b| matches!(b, b'"' | b'\'')) + count(after, |b| matches!(b, b'"' | b'\'')),
            before.len() as f32,
            flag(comment),
            flag(filter::is_monotone(v)),
            filter::placeholder_marks(v) as f32,
            flag(memchr::memmem::find(v, b"://").is_some()),
            count(v, |b| *b == b'.'),
            count(v, |b| *b == b'/'),
            steps(v),
            flag(first_upper),
            flag(screaming),
            shape::issued(v, &counts) as f32,
            flag(between.contains(&b'(')),
            count(far_before, |b| *b == b'=') + count(far_after, |b| *b == b'='),
            near(0),
            near(1),
            flag(kinds_before[2]),
            class_of(v.first()),
            class_of(v.last()),
            flag(kinds_on_line[3]),
            count(v, |b| matches!(b, b'!' | b'#' | b'$' | b'%' | b'^' | b'*')),
            flag(year),
            count(v, |b| *b == b'-'),
            count(v, |b| *b == b'_'),
            count(v, |b| *b == b'@'),
            after.len() as f32,
            flag(value_words.len() > 1 && counts.digit == 0 && pieces.len() == 1),
            flag(shape::looks_like_code(v)),
            flag(hex_length),
            count(v, |b| matches!(b, b'=' | b':')),
            rare / letters.max(1.0),
            flag(
                memchr::memmem::find(&far_before.to_ascii_lowercase(), value_text.to_ascii_lowercase().as_bytes())
                    .is_some(),
            ),
        ];
        debug_assert_eq!(out.len(), NUMBERS.len());
        out
    }

    /// The words of [`Assigned::each_word`] as a sorted list without repeats.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.each_word(&mut |word| all.push(word.to_owned()));
        all.sort();
        all
    }

    /// The words, each once and with where it stands: `n` in the name, `l` last in it, `p` the last two of it, `v` in the value, `V`
    /// the whole value, `b` before the name on its line, `a` behind the value.
    pub fn each_word(&self, each: &mut dyn FnMut(&str)) {
        self.each_word_of(&self.pieces(), each);
    }

    pub(super) fn each_word_of(&self, pieces: &Pieces, each: &mut dyn FnMut(&str)) {
        let mut told = Vec::new();
        let mut key = String::with_capacity(48);
        let mut tell = |kind: &str, first: &str, second: &str| {
            key.clear();
            key.push_str(kind);
            key.push(' ');
            key.push_str(first);
            if !second.is_empty() {
                key.push(' ');
                key.push_str(second);
            }
            let hash = foldhash::fast::FixedState::default().hash_one(&key);
            if !told.contains(&hash) {
                told.push(hash);
                each(&key);
            }
        };
        let short = |w: &str| (2..=20).contains(&w.len());
        let words_of = |bytes: &[u8]| Words::of(&String::from_utf8_lossy(bytes));
        let name: Vec<&str> = pieces.name.iter().filter(|w| !w.bytes().all(|b| b.is_ascii_digit())).collect();
        name.iter().filter(|w| short(w)).for_each(|w| tell("n", w, ""));
        if let [.., before, last] = name.as_slice() {
            tell("p", before, last);
        }
        if let Some(last) = name.last() {
            tell("l", last, "");
        }
        let value = self.value_bytes();
        if value.len() <= 24 {
            tell("V", String::from_utf8_lossy(value).to_ascii_lowercase().trim(), "");
        }
        pieces.value.iter().take(12).filter(|w| (3..=14).contains(&w.len())).for_each(|w| tell("v", w, ""));
        words_of(self.before()).iter().rev().take(6).filter(|w| short(w)).for_each(|w| tell("b", w, ""));
        words_of(self.after()).iter().take(4).filter(|w| short(w)).for_each(|w| tell("a", w, ""));
    }
}
