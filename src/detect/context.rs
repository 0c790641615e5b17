//! Values of a known shape near the name of their provider.

use std::collections::{BTreeSet, HashMap};

use super::{filter, tokens};
use crate::model::{Confidence, Span};
use crate::rules::context::{ALPHABETS, LONGEST, Shape};
use crate::rules::{Context, Matcher, Rule};
use crate::text::entropy;

/// How far behind the word a value may begin, and how far behind it the name of the credential.
pub(super) const NEAR: usize = 120;

/// Shortest value.
pub(super) const SHORTEST: usize = 10;

/// Whether a run of token characters may be a value at all: it holds a digit or, where it is long, letters of both cases.
pub(super) fn may_be_value(run: &[u8]) -> bool {
    let both = || run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase);
    tokens::has_digit(run) || run.len() >= LETTERS && both()
}

/// Shortest value that may do without a digit.
const LETTERS: usize = 20;

/// Words that say that a value is a credential.
const CREDENTIAL: &[&[u8]] =
    &[b"key", b"token", b"secret", b"passw", b"auth", b"api", b"access", b"private", b"cred", b"bearer", b"pat"];

/// A value found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The value.
    pub secret: Span,
    /// From the word to the end of the value.
    pub extent: Span,
}

/// The value near the word that stands at `at`.
pub(super) fn find(text: &[u8], at: usize, context: &Context) -> Option<Found> {
    let word = context.words.iter().find_map(|word| word_at(text, at, word))?;
    if context.common && !beside_credential(text, word) {
        return None;
    }
    let limit = text.len().min(word.end + NEAR + usize::from(LONGEST) + 1);
    let window = text.get(word.end..limit)?;
    let values = context.values.iter().filter_map(|shape| value_in(window, shape, word_speaks(text, word)));
    let value = values.min_by_key(|s| (s.start, std::cmp::Reverse(s.end)))?;
    let secret = Span::new(word.end + value.start, word.end + value.end);
    Some(Found { secret, extent: Span::new(word.start, secret.end) })
}

/// How sure a value is: with a word for a credential between it and the provider's name, and of a length that chance or a
/// digest seldom has.
pub(super) fn confidence(text: &[u8], found: Span, secret: Span) -> Confidence {
    let value = secret.of(text);
    let between = text.get(found.start..secret.start).unwrap_or_default();
    let lines = memchr::memchr_iter(b'\n', between).count();
    let said = speaks(between) || speaks(text.get(found.start.saturating_sub(16)..found.start).unwrap_or_default());
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let grouped = memchr::memchr_iter(b'-', value).count() > 2;
    let digest = hex && matches!(value.len(), 32 | 40 | 64 | 128);
    // `deepgram = "…"`: a digest is hardly ever given the name of a service.
    let assigned = between.iter().any(|b| matches!(b, b'=' | b':'))
        && between
            .split(|b| matches!(b, b'=' | b':'))
            .skip(1)
            .flatten()
            .all(|b| matches!(b, b' ' | b'"' | b'\'' | b'`'));
    match (said, value.len()) {
        (true, 20..) if lines == 0 && !grouped => Confidence::High,
        (true, 12..) => Confidence::Medium,
        (false, 20..) if lines == 0 && (!digest || assigned) && between.len() <= 48 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

/// The provider's word, with any one mark or nothing where it has a space.
fn word_at(text: &[u8], at: usize, word: &str) -> Option<Span> {
    let mark = |b: Option<&u8>| matches!(b, Some(b'_' | b'-' | b'.' | b' '));
    let (start, mut end) = (at, at);
    for (i, part) in word.split(' ').enumerate() {
        let from = end + usize::from(i > 0 && mark(text.get(end)));
        if !text.get(from..from + part.len()).is_some_and(|t| t.eq_ignore_ascii_case(part.as_bytes())) {
            return None;
        }
        end = from + part.len();
    }
    let first = text.get(start).copied().unwrap_or_default();
    let before = start.checked_sub(1).and_then(|i| text.get(i)).copied().unwrap_or(b' ');
    let begins = !before.is_ascii_alphabetic() || before.is_ascii_lowercase() && first.is_ascii_uppercase();
    let last = text.get(end - 1).copied().unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let next = after.first().copied().unwrap_or(b' ');
    let ends = !next.is_ascii_alphabetic()
        || last.is_ascii_lowercase() && next.is_ascii_uppercase()
        || CREDENTIAL.iter().any(|c| after.get(..c.len()).is_some_and(|a| a.eq_ignore_ascii_case(c)));
    (begins && ends).then(|| Span::new(start, end))
}

fn speaks(text: &[u8]) -> bool {
    CREDENTIAL.iter().any(|word| text.windows(word.len()).any(|t| t.eq_ignore_ascii_case(word)))
}

/// A word for a credential close behind the provider's, on its line.
fn beside_credential(text: &[u8], word: Span) -> bool {
    let line = |t: &[u8]| memchr::memchr(b'\n', t).unwrap_or(t.len());
    let after = text.get(word.end..text.len().min(word.end + 14)).unwrap_or_default();
    speaks(&after[..line(after)])
}

fn word_speaks(text: &[u8], word: Span) -> bool {
    let to = text.len().min(word.end + NEAR);
    speaks(text.get(word.start.saturating_sub(16)..to).unwrap_or_default())
}

fn is_in(byte: u8, alphabet: &str) -> bool {
    match alphabet {
        "hex" => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
        "HEX" => byte.is_ascii_digit() || matches!(byte, b'A'..=b'F'),
        "anyhex" => byte.is_ascii_hexdigit(),
        "lowernum" => byte.is_ascii_digit() || byte.is_ascii_lowercase(),
        "uppernum" => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        "digits" => byte.is_ascii_digit(),
        "b64" => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        "b64url" => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
        "b32" => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
        "token" => byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'=' | b'+' | b'/'),
        "uuid" => byte.is_ascii_hexdigit() || byte == b'-',
        _ => byte.is_ascii_alphanumeric(),
    }
}

/// The first run of exactly this shape.
fn value_in(window: &[u8], shape: &Shape, speaks: bool) -> Option<Span> {
    let (name, _) = ALPHABETS.get(usize::from(shape.alphabet))?;
    let mut at = 0;
    let mut lines = 0;
    while at < window.len().min(NEAR) {
        let byte = *window.get(at)?;
        if !is_in(byte, name) {
            lines += usize::from(byte == b'\n');
            // The next assignment is another one's.
            if lines > 2 {
                return None;
            }
            at += 1;
            continue;
        }
        let run = window.get(at..)?.iter().take_while(|b| is_in(**b, name)).count();
        let (mut from, mut to) = (at, at + run);
        at += run;
        // A separator that is also a character of the alphabet belongs to what stands before or behind the value.
        while from < to && matches!(window[from], b'=' | b'-' | b'_' | b'.' | b'/' | b'+') {
            from += 1;
        }
        let splits = *name == "token" || *name == "b64";
        if let Some(i) = window[from..to].iter().position(|b| *b == b'=').filter(|i| splits && from + i + 2 < to) {
            from += i + 1;
        }
        while to > from && matches!(window[to - 1], b'.') {
            to -= 1;
        }
        if !(usize::from(shape.from)..=usize::from(shape.to)).contains(&(to - from)) {
            continue;
        }
        let before = from.checked_sub(1).and_then(|i| window.get(i)).copied().unwrap_or(b' ');
        let after = window.get(to).copied().unwrap_or(b' ');
        let open = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'~' | b'%');
        let joined = open(before) || open(after) || matches!(before, b'/' | b'@' | b'.' | b'$' | b'#');
        let goes_on = matches!(after, b'-' | b'_' | b'/' | b'(' | b'[')
            || after == b'.' && window.get(to + 1).is_some_and(u8::is_ascii_alphanumeric);
        if joined || goes_on || !is_issued(&window[from..to], name, speaks) {
            continue;
        }
        return Some(Span::new(from, to));
    }
    None
}

/// Whether a machine could have issued the value.
fn is_issued(value: &[u8], alphabet: &str, speaks: bool) -> bool {
    if alphabet == "uuid" {
        let groups: Vec<usize> = value.split(|b| *b == b'-').map(<[u8]>::len).collect();
        return speaks && groups == [8, 4, 4, 4, 12] && !filter::is_monotone(value);
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let mixed = digits > 0 && (upper || lower || alphabet == "digits")
        || upper && lower && value.len() >= LETTERS && entropy::rare_pairs(value).is_some_and(|r| r > 0.4);
    let least = if value.iter().all(u8::is_ascii_hexdigit) { 2.6 } else { 3.0 };
    mixed
        && entropy::shannon(value) >= least
        && !filter::is_monotone(value)
        && !filter::is_placeholder(value)
        && !entropy::reads_like_words(value)
        // Base64 doubles its marks by chance.
        && (alphabet != "token" || !value.windows(2).any(|w| w == b"--" || w == b"__" || w == b"//"))
}

/// Rules by the first three bytes of the words that lead to them.
#[derive(Debug)]
pub(super) struct Providers {
    rules: HashMap<[u8; 3], Vec<u32>, foldhash::fast::FixedState>,
    /// A bit for what five bits of each byte say, in either case: most words lead to no provider.
    may: Box<[u64; 512]>,
}

impl Providers {
    /// Those of the rules that are on.
    pub(super) fn new(rules: &[Rule], on: &dyn Fn(usize) -> bool) -> Self {
        let mut all = Self { rules: HashMap::default(), may: Box::new([0; 512]) };
        for (i, rule) in rules.iter().enumerate().filter(|(i, _)| on(*i)) {
            let Matcher::Contextual(context) = &rule.matcher else { continue };
            let written = context.words.iter().flat_map(|w| ["", "_", "-", ".", " "].map(|mark| w.replace(' ', mark)));
            let keys: BTreeSet<[u8; 3]> = written.filter_map(|w| w.as_bytes().first_chunk::<3>().copied()).collect();
            for key in keys {
                let (word, bit) = Self::bit(key);
                all.may[word] |= bit;
                all.rules.entry(key).or_default().push(i as u32);
            }
        }
        all
    }

    fn bit([a, b, c]: [u8; 3]) -> (usize, u64) {
        let at = usize::from(a & 31) << 10 | usize::from(b & 31) << 5 | usize::from(c & 31);
        (at >> 6, 1 << (at & 63))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that a word leads to which begins so, in either case.
    pub(super) fn get(&self, start: [u8; 3]) -> Option<&Vec<u32>> {
        let (word, bit) = Self::bit(start);
        if self.may[word] & bit == 0 { None } else { self.rules.get(&start.map(|b| b.to_ascii_lowercase())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn found(text: &str, common: bool) -> Option<String> {
        let shapes = [crate::rules::context::shape("hex:32").ok()?, crate::rules::context::shape("uuid").ok()?];
        let context = Context {
            words: Cow::Owned(vec![Cow::Borrowed("acme cloud"), Cow::Borrowed("acmeio")]),
            common,
            values: Cow::Owned(shapes.to_vec()),
        };
        let lower = text.to_ascii_lowercase();
        let at = lower.find("acme")?;
        find(text.as_bytes(), at, &context).map(|f| String::from_utf8_lossy(f.secret.of(text.as_bytes())).into_owned())
    }

    const VALUE: &str = "3f8a1c9e7b2d4f60a5c8e1d37b9f2a46";

    #[test]
    fn a_value_of_the_shape_near_the_name_is_found_in_every_grammar() {
        for text in [
            format!("ACME_CLOUD_KEY={VALUE}"),
            format!("acmeCloud: '{VALUE}'"),
            format!("acme-cloud SECRET {VALUE}"),
            format!("acmeiotoken-{VALUE}"),
            format!("<id>{{acmeio}}</id>\n<secret>{{AQAA {VALUE}}}</secret>"),
            format!("curl https://api.acmeio.example/v1?key={VALUE}"),
        ] {
            assert_eq!(found(&text, false).as_deref(), Some(VALUE), "{text}");
        }
    }

    #[test]
    fn other_lengths_other_names_digests_in_paths_and_placeholders_are_not() {
        for text in [
            format!("ACME_CLOUD_KEY={VALUE}0"),
            format!("ACME_CLOUD_KEY=g{VALUE}"),
            format!("acmeiology key = {VALUE}"),
            format!("acmecloud/action@{VALUE}"),
            format!("https://acmeio.example/{VALUE}/logo.png"),
            "ACME_CLOUD_KEY=00000000000000000000000000000000".to_owned(),
            "acmeio id 3f8a1c9e-7b2d-4f60-a5c8-e1d37b9f2a46".to_owned(),
        ] {
            assert_eq!(found(&text, false), None, "{text}");
        }
        // Long enough, a key may be of letters alone.
        assert!(may_be_value(b"PSIYbVgfkbEPQoqJfzHpACTtihONkQ") && may_be_value(b"abcdefghi1"));
        assert!(!may_be_value(b"abcdefghijklmnopqrstuvwxyz") && !may_be_value(b"AbCdEfGhIj"));
        let doubled = b"3f8a1c9E7b2D4f//A5c8e1d37b9F2a46";
        assert!(is_issued(doubled, "b64", true) && !is_issued(doubled, "token", true));
        assert_eq!(found(&format!("acmeio = {VALUE}"), true), None);
        assert!(found(&format!("acmeio_key = {VALUE}"), true).is_some());
    }
}
