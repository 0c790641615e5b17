//! How far a match can reach from its keyword, and the proof that every match holds one.
//!
//! The engine looks for keywords first and runs a rule's expression only in a window around each. That is exact only
//! when every match holds a keyword within a known distance of its start and no match is longer than the window. Both are
//! shown here from the expression's syntax tree, so a rule for which they do not hold cannot be built.
//!
//! Only `regex-syntax` and std: the build script includes this file by path.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

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
    /// The narrowest alphabet that the byte behind the keyword is sure to be of; [`ALPHABETS`] when it may be any byte.
    pub next: u8,
    /// True when every match begins with a keyword and no letter, digit or `_` may stand before it.
    pub edge: bool,
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
/// `case_sensitive`, else without regard to ASCII case.
///
/// # Errors
/// When a match could be longer than [`MAX_MATCH`] or could hold none of the keywords.
pub fn measure(pattern: &str, keywords: &[String], case_sensitive: bool) -> Result<Reach, String> {
    let hir = parse(pattern)?;
    let longest = hir
        .properties()
        .maximum_len()
        .filter(|n| *n <= MAX_MATCH)
        .ok_or_else(|| format!("a match could be longer than {MAX_MATCH} bytes: bound every repetition"))?;
    let fold = |k: &String| if case_sensitive { k.clone() } else { k.to_ascii_lowercase() };
    let words = Words { list: keywords.iter().map(|k| fold(k).into_bytes()).collect(), exact: case_sensitive };
    let before = certain(&hir, &words)
        .ok_or_else(|| "a match could hold none of the keywords: put one into every branch".to_owned())?;
    let must = [b'@', b'$', b'~', b'|', b'&', b'#'].into_iter().find(|b| always_holds(&hir, *b)).unwrap_or(0);
    let value = secret(&hir).unwrap_or(&hir);
    let least = value.properties().minimum_len().unwrap_or(0);
    let whole = (0..ALPHABETS).find(|a| least >= WORTH && all_within(value, *a));
    let mut runs = (0..ALPHABETS).map(|a| (certain_run(&hir, a), a));
    let (run, alphabet) = whole.map(|a| (least, a)).or_else(|| runs.find(|(run, _)| *run >= WORTH)).unwrap_or((0, 0));
    let whole = whole.is_some();
    let next = following(&hir, &words).unwrap_or(ALPHABETS);
    // With nothing before it the keyword begins the match, and a boundary stands between it and what comes before.
    let word = |k: &String| k.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    let edge = before == 0 && keywords.iter().all(word) && begins_at_boundary(&hir);
    Ok(Reach { before, longest, must, run, alphabet, whole, next, edge })
}

/// Whether every match begins at the boundary of a word.
fn begins_at_boundary(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(look) => matches!(look, Look::WordAscii | Look::WordStartAscii | Look::WordStartHalfAscii),
        HirKind::Capture(capture) => begins_at_boundary(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_at_boundary),
        HirKind::Alternation(branches) => branches.iter().all(begins_at_boundary),
        _ => false,
    }
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

/// The alphabet of the byte behind the keyword, where a sequence of pieces that stand for few strings ends in keywords.
fn following(hir: &Hir, words: &Words) -> Option<u8> {
    let mut atoms = Vec::new();
    flatten(hir, &mut atoms, 0);
    for i in 0..atoms.len() {
        let mut run = vec![Vec::new()];
        for (j, atom) in atoms.iter().enumerate().skip(i) {
            let Some(more) = strings(atom, words.exact) else { break };
            if run.len() * more.len() > MAX_STRINGS {
                break;
            }
            run = run.iter().flat_map(|a: &Vec<u8>| more.iter().map(move |b| [a.as_slice(), b].concat())).collect();
            if run.iter().all(|text| words.list.contains(text)) {
                let next = atoms.iter().skip(j + 1).find(|a| !matches!(a.kind(), HirKind::Look(_)))?;
                return (0..ALPHABETS).find(|alphabet| starts_within(next, *alphabet));
            }
        }
    }
    None
}

/// The pieces of a sequence, captures opened.
fn flatten<'h>(hir: &'h Hir, atoms: &mut Vec<&'h Hir>, depth: u32) {
    match hir.kind() {
        HirKind::Concat(parts) if depth < 8 => parts.iter().for_each(|p| flatten(p, atoms, depth + 1)),
        HirKind::Capture(capture) if depth < 8 => flatten(&capture.sub, atoms, depth + 1),
        _ => atoms.push(hir),
    }
}

fn starts_within(hir: &Hir, alphabet: u8) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.first().is_some_and(|b| is_in(*b, alphabet)),
        HirKind::Class(class) => is_within(class, alphabet),
        HirKind::Capture(capture) => starts_within(&capture.sub, alphabet),
        HirKind::Repetition(repetition) => repetition.min > 0 && starts_within(&repetition.sub, alphabet),
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

/// The largest offset from the start of a match at which some keyword is certain to start; `None` when a match may hold
/// none.
fn certain(hir: &Hir, words: &Words) -> Option<usize> {
    if let Some(strings) = strings(hir, words.exact) {
        return offset_in_all(&strings, words);
    }
    match hir.kind() {
        HirKind::Capture(capture) => certain(&capture.sub, words),
        HirKind::Repetition(repetition) if repetition.min > 0 => certain(&repetition.sub, words),
        HirKind::Alternation(branches) => {
            branches.iter().map(|b| certain(b, words)).try_fold(0, |worst, one| one.map(|o| worst.max(o)))
        }
        HirKind::Concat(parts) => certain_in_sequence(parts, words),
        _ => None,
    }
}

fn certain_in_sequence(parts: &[Hir], words: &Words) -> Option<usize> {
    let mut best: Option<usize> = None;
    // Every run of neighbouring pieces that stand for few strings is looked at as one text, from each start.
    let mut start_offset = 0;
    for (i, part) in parts.iter().enumerate() {
        if let Some(inner) = certain(part, words) {
            let offset = start_offset + inner;
            best = Some(best.map_or(offset, |b| b.min(offset)));
        }
        let mut run = vec![Vec::new()];
        for next in &parts[i..] {
            let Some(more) = strings(next, words.exact) else { break };
            if run.len() * more.len() > MAX_STRINGS {
                break;
            }
            run = run.iter().flat_map(|a: &Vec<u8>| more.iter().map(move |b| [a.as_slice(), b].concat())).collect();
            if let Some(inner) = offset_in_all(&run, words) {
                let offset = start_offset + inner;
                best = Some(best.map_or(offset, |b| b.min(offset)));
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

fn offset_in_all(strings: &[Vec<u8>], words: &Words) -> Option<usize> {
    strings.iter().try_fold(0, |worst: usize, text| {
        let at = words.list.iter().filter_map(|w| text.windows(w.len()).position(|t| t == w.as_slice())).min()?;
        Some(worst.max(at))
    })
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
        measure(pattern, &keywords.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>(), false)
    }

    #[test]
    fn a_prefix_is_certain_at_the_start() {
        let r = reach(r"\b(?<secret>gh[pousr]_[0-9A-Za-z]{36})\b", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]).unwrap();
        assert_eq!(
            r,
            Reach { before: 0, longest: 40, must: 0, run: 40, alphabet: 2, whole: true, next: 1, edge: true }
        );
    }

    #[test]
    fn context_words_are_found_behind_bounded_gaps_and_without_case() {
        let r = reach(r#"(?i)(?:my.{0,5})?datadog.{0,20}?(?<secret>[0-9a-f]{32})\b"#, &["datadog"]).unwrap();
        assert_eq!(
            r,
            Reach {
                before: 7,
                longest: 7 + 7 + 20 + 32,
                must: 0,
                run: 32,
                alphabet: 0,
                whole: true,
                next: ALPHABETS,
                edge: false
            }
        );
    }

    #[test]
    fn the_byte_behind_a_keyword_is_known_where_the_expression_says_so() {
        assert_eq!(reach(r"\bSG\.[A-Za-z0-9_\-]{22}", &["SG."]).unwrap().next, 2);
        assert_eq!(
            reach(
                r"\bSK[0-9a-f][0-9a-f]{31}",
                &[
                    "SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa", "SKb", "SKc", "SKd",
                    "SKe", "SKf"
                ]
            )
            .unwrap()
            .next,
            0
        );
        assert_eq!(reach(r"(?i)lob.{0,3}[0-9a-f]{32}", &["lob"]).unwrap().next, ALPHABETS);
        // A keyword that something may stand before begins no word, nor does one of marks.
        assert!(!reach(r"\b(?:x)?ghp_[0-9A-Za-z]{36}", &["ghp_"]).unwrap().edge);
        assert!(!reach(r"\b[a-z]{3}_key_[0-9]{9}", &["_key_"]).unwrap().edge);
        assert!(reach(r"\b(?:ghp|gho)_[0-9A-Za-z]{36}", &["ghp_", "gho_"]).unwrap().edge);
        assert!(!reach(r"ghp_[0-9A-Za-z]{36}", &["ghp_"]).unwrap().edge);
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
