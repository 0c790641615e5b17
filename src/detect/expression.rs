//! The expression of a rule, compiled when it is first needed.
//!
//! Of some fifty rules whose keywords stand in a scan of ordinary files, most are tried on a few short windows and match none. For
//! these an automaton that is built while it searches costs more than it spares, so the first windows are searched by the engines
//! that need none; what is read more often than that gets all that the library has. Both find the same.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::util::syntax;
use regex_automata::{Input, meta};

use crate::model::Span;

/// Bytes that are searched before an expression is compiled in full: without an automaton they take about as long as it takes to make
/// one.
const FEW: usize = 32 << 10;

/// Longest program of an expression, in bytes.
const SIZE: usize = 8 << 20;

/// An expression that is not compiled yet, or is.
#[derive(Debug, Default)]
pub(super) struct Expression {
    quick: OnceLock<Option<meta::Regex>>,
    full: OnceLock<Option<Regex>>,
    /// Bytes that were searched.
    read: AtomicUsize,
}

impl Expression {
    /// The first match of the pattern that this stands for at or behind a place of a text; the outer `None` when it cannot be
    /// compiled.
    pub(super) fn find(&self, pattern: &str, text: &[u8], from: usize) -> Option<Option<Span>> {
        if self.full.get().is_none()
            && self.read.fetch_add(text.len().saturating_sub(from), Ordering::Relaxed) < FEW
            && let Some(quick) = self.quick.get_or_init(|| quick(pattern))
        {
            let found = quick.find(Input::new(text).range(from..));
            return Some(found.map(|found| Span::new(found.start(), found.end())));
        }
        let found = self.full(pattern)?.find_at(text, from);
        Some(found.map(|found| Span::new(found.start(), found.end())))
    }

    /// The expression compiled in full.
    pub(super) fn full(&self, pattern: &str) -> Option<&Regex> {
        self.full.get_or_init(|| compile(pattern)).as_ref()
    }
}

/// Compiles a pattern in full.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    // Windows are short, so a small cache of states loses no time, and there is one for each expression and thread.
    RegexBuilder::new(pattern).unicode(false).multi_line(true).size_limit(SIZE).dfa_size_limit(512 << 10).build().ok()
}

fn quick(pattern: &str) -> Option<meta::Regex> {
    let none = meta::Config::new().hybrid(false).dfa(false).onepass(false);
    meta::Regex::builder()
        .configure(none.utf8_empty(false).nfa_size_limit(Some(SIZE)))
        .syntax(syntax::Config::new().unicode(false).utf8(false).multi_line(true))
        .build(pattern)
        .ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_windows_and_those_behind_them_are_searched_alike() {
        let pattern = r"\b(?i:key)[ =]{1,3}(?<secret>[a-z0-9]{4,8})\b|^end$";
        for text in ["a KEY = abcd1234 key=wxyz", "key=é", "monkey=abcd\nend", "\u{ff}key  ab12", ""] {
            let full = compile(pattern).unwrap();
            let expression = Expression::default();
            for _ in 0..2 {
                for from in 0..=text.len() {
                    let want = full.find_at(text.as_bytes(), from).map(|found| Span::new(found.start(), found.end()));
                    assert_eq!(expression.find(pattern, text.as_bytes(), from), Some(want), "{text} {from}");
                }
                // The second time by what is compiled in full.
                expression.read.store(FEW, Ordering::Relaxed);
            }
        }
        assert_eq!(Expression::default().find("(", b"", 0), None);
    }
}
