//! Token runs: unbroken stretches of characters that keys are made of.

use crate::model::Span;
use crate::rules::reach::alphabets_of;

/// The alphabets of every byte.
static ALPHABETS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = alphabets_of(byte as u8);
        byte += 1;
    }
    table
};

/// True when the text holds an unbroken run of at least `least` characters of an alphabet, one of them a digit if `digit`.
/// Looks at every `least`-th byte first: where that is none of them, no run that begins before it is long enough.
#[must_use]
pub fn holds_run(text: &[u8], least: usize, alphabet: u8, digit: bool) -> bool {
    let outside = |b: &u8| ALPHABETS[usize::from(*b)] >> alphabet & 1 == 0;
    let mut start = 0;
    while let Some(window) = text.get(start..start + least) {
        match window.iter().rposition(outside) {
            Some(i) => start += i + 1,
            None if !digit => return true,
            None => {
                let end = text[start + least..].iter().position(outside).map_or(text.len(), |i| start + least + i);
                if text[start..end].iter().any(u8::is_ascii_digit) {
                    return true;
                }
                start = end + 1;
            }
        }
    }
    false
}

/// True for the characters that keys are made of: letters, digits, `_` and `-`.
#[must_use]
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Whether a run of token characters holds a digit, as keys of some length do but for few.
#[must_use]
pub fn has_digit(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit)
}

/// The longest run of token characters around an offset, at most `max` bytes to either side.
#[must_use]
pub fn run_around(text: &[u8], at: usize, max: usize) -> Span {
    let low = at.saturating_sub(max);
    let high = text.len().min(at.saturating_add(max));
    let start =
        text.get(low..at).map_or(at, |head| head.iter().rposition(|b| !is_token(*b)).map_or(low, |i| low + i + 1));
    let end = text.get(at..high).map_or(at, |tail| tail.iter().position(|b| !is_token(*b)).map_or(high, |i| at + i));
    Span::new(start, end)
}

/// True when a run of at least `least` token characters that `told` takes for a key starts within `within` bytes after
/// `at`, before the line ends; it is shown the run's first 512 bytes.
///
/// The run is looked for by its `least`-th byte: when the byte that far ahead is no token character, no run that starts
/// before it can be long enough, so most bytes are never looked at.
#[must_use]
pub fn run_ahead(text: &[u8], at: usize, within: usize, least: usize, told: impl Fn(&[u8]) -> bool) -> bool {
    let limit = text.len().min(at.saturating_add(within));
    let mut start = at;
    while start < limit {
        let Some(window) = text.get(start..start + least) else { return false };
        match window.iter().rposition(|b| !is_token(*b)) {
            Some(i) => {
                if window[..=i].contains(&b'\n') {
                    return false;
                }
                start += i + 1;
            }
            None => {
                let run = run_around(text, start, 512);
                if told(Span::new(start, run.end).of(text)) {
                    return true;
                }
                start = run.end.max(start + least);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_wherever_they_lie() {
        for lead in 0..40 {
            let text = [" ".repeat(lead), "a1".repeat(10), "; b".to_owned()].concat();
            assert!(holds_run(text.as_bytes(), 20, 1, true), "{lead}");
            assert!(!holds_run(text.as_bytes(), 21, 1, false), "{lead}");
            assert!(!holds_run(text.replace('a', "g").as_bytes(), 20, 0, false), "{lead}");
            assert!(!holds_run(text.replace('1', "b").as_bytes(), 20, 1, true), "{lead}");
        }
    }

    #[test]
    fn a_long_run_with_a_digit_is_seen_and_others_are_not() {
        let yes = b"key = 'abcdefghij0123456789'";
        let ahead = |text: &[u8]| run_ahead(text, 3.min(text.len()), 40, 16, has_digit);
        assert!(ahead(yes));
        assert!(!ahead(b"key = 'abcdefghijklmnopqrstuvwx'"));
        assert!(!ahead(b"key = 'abc123'"));
        assert!(!ahead(b"key =\n'abcdefghij0123456789'"));
        assert!(!ahead(b""));
    }
}
