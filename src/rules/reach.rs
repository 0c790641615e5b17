//! How far a match can reach from its keyword, and the proof that every match holds one.
//!
//! The engine looks for keywords first and runs a rule's expression only in a window around each. That is exact only
//! when every match holds a keyword within a known distance of its start and no match is longer than the window. Both are
//! shown here from the expression's syntax tree, so a rule for which they do not hold cannot be built.
//!
//! Only `regex-syntax` and std: the build script includes this file by path.

use regex_syntax::hir::{Class, Hir, HirKind};

#[path = "reach/around.rs"]
mod around;

use around::Side;
pub use around::{Around, Bytes};

/// The longest match a rule may have, in bytes.
pub const MAX_MATCH: usize = 4096;

/// Strings that one piece of an expression can stand for are enumerated up to this many.
const MAX_STRINGS: usize = 128;

/// Distances that bound the window around a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Most bytes from the start of a match to the start of the keyword that is certain to be in it.
    pub before: usize,
    /// Most bytes of a whole match.
    pub longest: usize,
    /// A byte that every match holds and that is rare enough to be looked for first; 0 for none.
    pub must: u8,
    /// Length of an unbroken run, over the alphabet `alphabet`, that every match holds; 0 for none.
    pub run: usize,
    /// Which alphabet: an index into the bits of [`alphabets_of`].
    pub alphabet: u8,
    /// True when the run is the whole value, so that a value's digit is one of the run.
    pub whole: bool,
}

/// How many alphabets there are.
pub const ALPHABETS: u8 = 5;

/// Runs shorter than this are in every line, so looking for them saves nothing.
pub const WORTH: usize = 12;

/// The alphabets that a byte belongs to, one bit each, narrowest first: hexadecimal, letters and digits, those with `_-`,
/// base64, and every character of keys in any common alphabet.
#[must_use]
pub const fn alphabets_of(byte: u8) -> u8 {
    let alnum = byte.is_ascii_alphanumeric();
    let hex = byte.is_ascii_hexdigit();
    let token = alnum || matches!(byte, b'_' | b'-');
    let base64 = alnum || matches!(byte, b'+' | b'/' | b'=');
    let any = token || base64 || matches!(byte, b'.' | b'~' | b'%' | b':' | b'!');
    hex as u8 | (alnum as u8) << 1 | (token as u8) << 2 | (base64 as u8) << 3 | (any as u8) << 4
}

/// Parses an expression the way the engine compiles it: bytes, no Unicode, multi-line.
///
/// # Errors
/// The syntax error, in words.
pub fn parse(pattern: &str) -> Result<Hir, String> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .build()
        .parse(pattern)
        .map_err(|e| e.to_string())
}

/// Measures an expression against its keywords, compared as the prefilter compares them: with case when
/// `case_sensitive`, else without regard to ASCII case. Beside the distances, tells for each keyword what can stand around it where a
/// match needs it.
///
/// # Errors
/// When a match could be longer than [`MAX_MATCH`] or could hold none of the keywords.
pub fn measure(pattern: &str, keywords: &[String], case_sensitive: bool) -> Result<(Reach, Vec<Around>), String> {
    let hir = parse(pattern)?;
    let longest = hir
        .properties()
        .maximum_len()
        .filter(|n| *n <= MAX_MATCH)
        .ok_or_else(|| format!("a match could be longer than {MAX_MATCH} bytes: bound every repetition"))?;
    let fold = |k: &String| if case_sensitive { k.clone() } else { k.to_ascii_lowercase() };
    let words = Words { list: keywords.iter().map(|k| fold(k).into_bytes()).collect(), exact: case_sensitive };
    let Certain { offset: before, places } = certain(&hir, &words)
        .ok_or_else(|| "a match could hold none of the keywords: put one into every branch".to_owned())?;
    let mut around = vec![Around::NEVER; keywords.len()];
    for place in places {
        around[place.word].join(Around { before: place.before.closed(), behind: place.behind.closed() });
    }
    // What is written twice stands for the same.
    for i in 0..around.len() {
        if let Some(first) = words.list.iter().position(|w| *w == words.list[i]) {
            around[i] = around[first];
        }
    }
    let must = [b'@', b'$', b'~', b'|', b'&', b'#'].into_iter().find(|b| always_holds(&hir, *b)).unwrap_or(0);
    let value = secret(&hir).unwrap_or(&hir);
    let least = value.properties().minimum_len().unwrap_or(0);
    let whole = (0..ALPHABETS).find(|a| least >= WORTH && all_within(value, *a));
    let mut runs = (0..ALPHABETS).map(|a| (certain_run(&hir, a), a));
    let (run, alphabet) = whole.map(|a| (least, a)).or_else(|| runs.find(|(run, _)| *run >= WORTH)).unwrap_or((0, 0));
    let whole = whole.is_some();
    Ok((Reach { before, longest, must, run, alphabet, whole }, around))
}

/// Whether every match holds a byte.
fn always_holds(hir: &Hir, byte: u8) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.contains(&byte),
        HirKind::Capture(capture) => always_holds(&capture.sub, byte),
        HirKind::Repetition(repetition) => repetition.min > 0 && always_holds(&repetition.sub, byte),
        HirKind::Concat(parts) => parts.iter().any(|p| always_holds(p, byte)),
        HirKind::Alternation(branches) => branches.iter().all(|b| always_holds(b, byte)),
        _ => false,
    }
}

/// The group named `secret`.
fn secret(hir: &Hir) -> Option<&Hir> {
    match hir.kind() {
        HirKind::Capture(capture) if capture.name.as_deref() == Some("secret") => Some(&capture.sub),
        HirKind::Capture(capture) => secret(&capture.sub),
        HirKind::Repetition(repetition) => secret(&repetition.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(secret),
        _ => None,
    }
}

/// Whether everything that a piece can match is of one alphabet.
fn all_within(hir: &Hir, alphabet: u8) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|b| is_in(*b, alphabet)),
        HirKind::Class(class) => is_within(class, alphabet),
        HirKind::Capture(capture) => all_within(&capture.sub, alphabet),
        HirKind::Repetition(repetition) => all_within(&repetition.sub, alphabet),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(|p| all_within(p, alphabet)),
    }
}

/// The longest run over an alphabet that every match is sure to hold in one piece.
fn certain_run(hir: &Hir, alphabet: u8) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.iter().all(|b| is_in(*b, alphabet)) => literal.0.len(),
        HirKind::Class(class) if is_within(class, alphabet) => 1,
        HirKind::Capture(capture) => certain_run(&capture.sub, alphabet),
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class) if is_within(class, alphabet) => repetition.min as usize,
            _ if repetition.min > 0 => certain_run(&repetition.sub, alphabet),
            _ => 0,
        },
        HirKind::Concat(parts) => parts.iter().map(|p| certain_run(p, alphabet)).max().unwrap_or(0),
        HirKind::Alternation(branches) => branches.iter().map(|b| certain_run(b, alphabet)).min().unwrap_or(0),
        _ => 0,
    }
}

fn is_in(byte: u8, alphabet: u8) -> bool {
    alphabets_of(byte) >> alphabet & 1 != 0
}

fn is_within(class: &Class, alphabet: u8) -> bool {
    match class {
        Class::Bytes(bytes) => bytes.ranges().iter().all(|r| (r.start()..=r.end()).all(|b| is_in(b, alphabet))),
        Class::Unicode(chars) => chars
            .ranges()
            .iter()
            .all(|r| r.end().is_ascii() && (r.start() as u8..=r.end() as u8).all(|b| is_in(b, alphabet))),
    }
}

/// Keywords, in lower case unless case counts.
struct Words {
    list: Vec<Vec<u8>>,
    exact: bool,
}

/// A keyword that every match is sure to hold one of.
struct Certain {
    /// The largest offset from the start of the piece at which one of them starts.
    offset: usize,
    /// Which they are.
    places: Vec<Place>,
}

/// A keyword that some matches need.
#[derive(Clone, Copy)]
struct Place {
    /// Its number.
    word: usize,
    before: Side,
    behind: Side,
}

impl Words {
    /// Widens places of a piece to those of the sequence that the piece is part of.
    fn within(&self, places: Vec<Place>, before: &[Hir], behind: &[Hir]) -> Vec<Place> {
        let widen = |place: Place| {
            let word = self.list.get(place.word).map_or(&[][..], Vec::as_slice);
            let (first, last) = (word.first().copied().unwrap_or(0), word.last().copied().unwrap_or(0));
            let (before, behind) = (place.before.preceded(before, first), place.behind.followed(behind, last));
            Place { before, behind, ..place }
        };
        places.into_iter().map(widen).collect()
    }
}

/// The keywords that are certain to be in a match of a piece; `None` when a match may hold none.
fn certain(hir: &Hir, words: &Words) -> Option<Certain> {
    match hir.kind() {
        HirKind::Capture(capture) => certain(&capture.sub, words),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            // Else one may go over from one time to the next.
            let Some(mut found) = certain(&repetition.sub, words) else {
                return in_all(&strings(hir, words.exact)?, words);
            };
            if repetition.max != Some(1) {
                found.places.iter_mut().for_each(|place| place.behind = place.behind.repeated(&repetition.sub));
            }
            Some(found)
        }
        HirKind::Alternation(branches) => {
            let mut all = Certain { offset: 0, places: Vec::new() };
            for branch in branches {
                let found = certain(branch, words)?;
                all.offset = all.offset.max(found.offset);
                all.places.extend(found.places);
            }
            Some(all)
        }
        HirKind::Concat(parts) => certain_in_sequence(parts, words),
        _ => in_all(&strings(hir, words.exact)?, words),
    }
}

fn certain_in_sequence(parts: &[Hir], words: &Words) -> Option<Certain> {
    let mut best: Option<Certain> = None;
    // Of two that lie alike the later one: more is known of what stands before it.
    let better = |best: &mut Option<Certain>, found: Certain| {
        if best.as_ref().is_none_or(|b| found.offset <= b.offset) {
            *best = Some(found);
        }
    };
    // Every run of neighbouring pieces that stand for few strings is looked at as one text, from each start.
    let mut start_offset = 0;
    for (i, part) in parts.iter().enumerate() {
        let (before, behind) = (&parts[..i], &parts[i + 1..]);
        if let Some(inner) = certain(part, words) {
            let places = words.within(inner.places, before, behind);
            better(&mut best, Certain { offset: start_offset + inner.offset, places });
        }
        let mut run = vec![Vec::new()];
        for (j, next) in parts[i..].iter().enumerate() {
            let Some(more) = strings(next, words.exact) else { break };
            if run.len() * more.len() > MAX_STRINGS {
                break;
            }
            run = run.iter().flat_map(|a: &Vec<u8>| more.iter().map(move |b| [a.as_slice(), b].concat())).collect();
            // A look-around stands for nothing in a string, so it is read where it stands beside one.
            if j > 0
                && ![part, next].into_iter().any(|p| matches!(p.kind(), HirKind::Look(_)))
                && let Some(inner) = in_all(&run, words)
            {
                let places = words.within(inner.places, before, behind.get(j..).unwrap_or_default());
                better(&mut best, Certain { offset: start_offset + inner.offset, places });
                break;
            }
        }
        match part.properties().maximum_len() {
            Some(n) => start_offset += n,
            None => break,
        }
    }
    best
}

/// The first keyword of each string, and the longest of those that begin there.
fn in_all(strings: &[Vec<u8>], words: &Words) -> Option<Certain> {
    let mut all = Certain { offset: 0, places: Vec::new() };
    for text in strings {
        let at = |(i, w): (usize, &Vec<u8>)| {
            let at = text.windows(w.len()).position(|t| t == w.as_slice())?;
            Some((at, usize::MAX - w.len(), i))
        };
        let (at, _, word) = words.list.iter().enumerate().filter(|(_, w)| !w.is_empty()).filter_map(at).min()?;
        let end = at + words.list[word].len();
        let side = |byte: Option<&u8>| byte.map_or(Side::EDGE, |b| Side::byte(*b, words.exact));
        let before = side(at.checked_sub(1).and_then(|i| text.get(i)));
        all.offset = all.offset.max(at);
        all.places.push(Place { word, before, behind: side(text.get(end)) });
    }
    Some(all)
}

/// Every string a piece can match, in lower case unless `exact`, when there are few. Look-arounds stand for the empty string.
fn strings(hir: &Hir, exact: bool) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) if exact => Some(vec![literal.0.to_vec()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => class_strings(class, exact),
        HirKind::Capture(capture) => strings(&capture.sub, exact),
        HirKind::Repetition(r) => {
            let max = r.max?;
            let one = strings(&r.sub, exact)?;
            let mut all = Vec::new();
            let mut run = vec![Vec::new()];
            for count in 0..=max {
                if count >= r.min {
                    all.extend(run.iter().cloned());
                }
                if all.len() > MAX_STRINGS || run.len() * one.len() > MAX_STRINGS {
                    return None;
                }
                run = run.iter().flat_map(|a: &Vec<u8>| one.iter().map(move |b| [a.as_slice(), b].concat())).collect();
            }
            finish(all)
        }
        HirKind::Concat(parts) => {
            let mut run = vec![Vec::new()];
            for part in parts {
                let more = strings(part, exact)?;
                if run.len() * more.len() > MAX_STRINGS {
                    return None;
                }
                run = run.iter().flat_map(|a: &Vec<u8>| more.iter().map(move |b| [a.as_slice(), b].concat())).collect();
            }
            finish(run)
        }
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(strings(branch, exact)?);
                if all.len() > MAX_STRINGS {
                    return None;
                }
            }
            finish(all)
        }
    }
}

fn finish(mut all: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    all.sort();
    all.dedup();
    (all.len() <= MAX_STRINGS).then_some(all)
}

fn class_strings(class: &Class, exact: bool) -> Option<Vec<Vec<u8>>> {
    let mut letters: Vec<u8> = match class {
        Class::Bytes(bytes) => {
            let total: usize = bytes.ranges().iter().map(|r| usize::from(r.end()) - usize::from(r.start()) + 1).sum();
            if total > 40 {
                return None;
            }
            bytes.ranges().iter().flat_map(|r| r.start()..=r.end()).collect()
        }
        Class::Unicode(chars) => {
            let ranges = chars.ranges();
            if ranges.iter().any(|r| !r.end().is_ascii())
                || ranges.iter().map(|r| r.end() as usize - r.start() as usize + 1).sum::<usize>() > 40
            {
                return None;
            }
            ranges.iter().flat_map(|r| r.start() as u8..=r.end() as u8).collect()
        }
    };
    if !exact {
        letters.make_ascii_lowercase();
    }
    letters.sort_unstable();
    letters.dedup();
    Some(letters.into_iter().map(|b| vec![b]).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reach(pattern: &str, keywords: &[&str]) -> Result<Reach, String> {
        measured(pattern, keywords).map(|(reach, _)| reach)
    }

    fn measured(pattern: &str, keywords: &[&str]) -> Result<(Reach, Vec<Around>), String> {
        measure(pattern, &keywords.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>(), false)
    }

    /// What can stand before and behind each keyword, of these bytes.
    fn around(pattern: &str, keywords: &[&str]) -> Vec<(String, String)> {
        let some = |set: Bytes| ALL.bytes().filter(|b| set.has(*b)).map(char::from).collect();
        let (_, around) = measured(pattern, keywords).unwrap();
        around.iter().map(|a| (some(a.before), some(a.behind))).collect()
    }

    const ALL: &str = " \n:=_-aAz09.";

    #[test]
    fn a_prefix_is_certain_at_the_start() {
        let r = reach(r"\b(?<secret>gh[pousr]_[0-9A-Za-z]{36})\b", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]).unwrap();
        assert_eq!(r, Reach { before: 0, longest: 40, must: 0, run: 40, alphabet: 2, whole: true });
    }

    #[test]
    fn context_words_are_found_behind_bounded_gaps_and_without_case() {
        let r = reach(r#"(?i)(?:my.{0,5})?datadog.{0,20}?(?<secret>[0-9a-f]{32})\b"#, &["datadog"]).unwrap();
        assert_eq!(r, Reach { before: 7, longest: 7 + 7 + 20 + 32, must: 0, run: 32, alphabet: 0, whole: true });
    }

    #[test]
    fn the_bytes_around_a_keyword_are_known_where_the_expression_says_so() {
        let one = |pattern: &str, keyword: &str| around(pattern, &[keyword]).remove(0);
        let is = |before: &str, behind: &str| (before.to_owned(), behind.to_owned());
        assert_eq!(one(r"\bSG\.[A-Za-z0-9_\-]{22}", "SG."), is(" \n:=-.", "_-aAz09"));
        assert_eq!(one(r"(?i)lob.{0,3}[0-9a-f]{32}", "lob"), is(ALL, " :=_-aAz09."));
        // A keyword that something may stand before begins no word, nor does one of marks.
        assert_eq!(one(r"\b(?:x)?ghp_[0-9]{36}", "ghp_"), is(" \n:=-.", "09"));
        assert_eq!(one(r"\b[a-z]{3}_key_[0-9]{9}", "_key_"), is("az", "09"));
        assert_eq!(one(r"\b-key_[0-9]{9}", "-key_"), is(ALL, "09"));
        assert_eq!(one(r"ghp_[0-9A-Za-z]{36}", "ghp_"), is(ALL, "aAz09"));
        // Lines, and what may be left out on the way to their beginnings and ends.
        assert_eq!(one(r"^ {0,8}(?:[\w.]{3,9}:)?_auth\s{0,3}=[a-z]{9}", "_auth"), is(" \n:", " \n="));
        assert_eq!(one(r"[0-9]key(?:=a)?$", "key"), is("09", "\n="));
        assert_eq!(one(r"\b(?:key=){1,3}a\b", "key="), is(" \n:=-.", "aA"));
        assert_eq!(one(r"-(?:\.key){1,2}", ".key"), is("-", ALL));
        // What stands inside a piece, of both cases where case does not count.
        assert_eq!(one(r"(?:aKEYz|0KEY0)[0-9]{9}", "key"), is("aA0", "z0"));
    }

    #[test]
    fn a_keyword_that_no_match_needs_may_stand_nowhere_and_one_that_several_need_wherever_any_does() {
        let none = (String::new(), String::new());
        assert_eq!(around(r"=abc_key_[0-9]{9}", &["key_", "abc_key_"])[0], none);
        let (before, behind) = around(r"=key_[0-9]{9}|-key_[a-z]{9}", &["key_"]).remove(0);
        assert_eq!((before.as_str(), behind.as_str()), ("=-", "az09"));
    }

    #[test]
    fn a_branch_without_keyword_is_refused() {
        assert!(reach(r"(?:abcd|efgh)[0-9]{8}", &["abcd"]).is_err());
        assert!(reach(r"(?:abcd)?[0-9]{8}", &["abcd"]).is_err());
        assert!(reach(r"(?:abcd|efgh)[0-9]{8}", &["abcd", "efgh"]).is_ok());
    }

    #[test]
    fn keywords_compared_with_case_have_to_be_in_every_match_as_they_are() {
        let exact = |pattern: &str, word: &str| measure(pattern, &[word.to_owned()], true);
        assert!(exact("(?i:acme)_[0-9]{8}", "acme").is_err());
        assert!(exact("(?i:acme)_[0-9]{8}", "acme_").is_err());
        assert!(exact("acme_(?i:[0-9a-f]{8})", "acme_").is_ok());
        assert!(exact("ACME_[0-9]{8}", "acme_").is_err());
        assert!(measure("(?i:acme)_[0-9]{8}", &["acme_".to_owned()], false).is_ok());
    }

    #[test]
    fn bytes_and_runs_that_no_match_is_without_are_found() {
        let r = reach(r"https?://[a-z]{1,9}:(?<secret>[^@\s]{1,20})@[a-z.]{1,9}", &["http"]).unwrap();
        assert_eq!((r.must, r.run), (b'@', 0));
        assert_eq!(reach(r"key(?:[0-9a-f]{32}|[0-9A-Z ]{40})", &["key"]).unwrap().run, 0);
        let r = reach(r"key (?:[0-9a-f]{32}|[0-9A-Z]{20})", &["key"]).unwrap();
        assert_eq!((r.run, r.alphabet), (20, 1));
    }

    #[test]
    fn an_unbounded_match_is_refused() {
        assert!(reach(r"abcd[0-9]+", &["abcd"]).is_err());
        assert!(reach(r"abcd[0-9]{0,5000}", &["abcd"]).is_err());
    }
}
