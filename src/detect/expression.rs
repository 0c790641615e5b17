//! The expression of a rule, compiled when it is first needed.
//!
//! Of some fifty rules whose keywords stand in a scan of ordinary files, most are tried on a few short windows and match none. For
//! these an automaton that is built while it searches costs more than it spares, so the first windows are searched by the engines
//! that need none; what is read more often than that gets all that the library has. Both find the same.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, meta};

use crate::model::Span;

/// Bytes that are searched before an expression is compiled in full: without an automaton they take about as long as it takes to make
/// one.
const FEW: usize = 32 << 10;

/// Longest program of an expression, in bytes.
const SIZE: usize = 8 << 20;

/// Bytes of states that an automaton keeps. Windows are short, so a small cache loses no time, and there is one for each expression and
/// thread.
const CACHE: usize = 512 << 10;

/// An expression that is not compiled yet, or is.
#[derive(Debug, Default)]
pub(super) struct Expression {
    quick: OnceLock<Option<meta::Regex>>,
    full: OnceLock<Option<meta::Regex>>,
    /// Bytes that were searched.
    read: AtomicUsize,
}

/// Where a match may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// At the place from which it is looked for, and nowhere else.
    Here,
    /// There or behind it.
    Behind,
}

impl Begins {
    fn input(self, text: &[u8], from: usize) -> Input<'_> {
        let anchored = if self == Self::Here { Anchored::Yes } else { Anchored::No };
        Input::new(text).range(from..).anchored(anchored)
    }
}

impl Expression {
    /// The first match of the pattern that this stands for at or behind a place of a text; the outer `None` when it cannot be
    /// compiled. `begins` is the same for all calls.
    pub(super) fn find(&self, pattern: &str, text: &[u8], from: usize, begins: Begins) -> Option<Option<Span>> {
        let length = text.len().saturating_sub(from);
        // Where a match begins in one place most searches end with their first bytes.
        let cost = if begins == Begins::Here { length / 8 } else { length };
        let regex = if self.full.get().is_none() && self.read.fetch_add(cost, Ordering::Relaxed) < FEW {
            self.quick.get_or_init(|| quick(pattern, begins)).as_ref()
        } else {
            self.full(pattern)
        };
        let found = regex?.find(begins.input(text, from));
        Some(found.map(|found| Span::new(found.start(), found.end())))
    }

    /// The groups of the match that begins at a place, and their names; found by what is compiled already.
    pub(super) fn groups(&self, pattern: &str, text: &[u8], at: usize) -> Option<Captures> {
        let compiled = [&self.full, &self.quick].into_iter().find_map(|one| one.get()?.as_ref());
        groups(compiled.or_else(|| self.full(pattern))?, text, at)
    }

    /// The expression compiled in full.
    pub(super) fn full(&self, pattern: &str) -> Option<&meta::Regex> {
        self.full.get_or_init(|| compile(pattern)).as_ref()
    }
}

/// The groups of the match that begins at a place.
pub(super) fn groups(regex: &meta::Regex, text: &[u8], at: usize) -> Option<Captures> {
    let mut captures = regex.create_captures();
    regex.search_captures(&Begins::Here.input(text, at), &mut captures);
    captures.is_match().then_some(captures)
}

/// Compiles a pattern in full.
pub(super) fn compile(pattern: &str) -> Option<meta::Regex> {
    build(pattern, meta::Config::new().hybrid_cache_capacity(CACHE))
}

/// Compiles a pattern for few searches. Those that end soon go all ways at once, which wants nothing made ready.
fn quick(pattern: &str, begins: Begins) -> Option<meta::Regex> {
    build(pattern, meta::Config::new().hybrid(false).dfa(false).onepass(false).backtrack(begins == Begins::Behind))
}

fn build(pattern: &str, config: meta::Config) -> Option<meta::Regex> {
    meta::Regex::builder()
        .configure(config.utf8_empty(false).nfa_size_limit(Some(SIZE)))
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
            let full = regex::bytes::RegexBuilder::new(pattern).unicode(false).multi_line(true).build().unwrap();
            for begins in [Begins::Behind, Begins::Here] {
                let expression = Expression::default();
                for _ in 0..2 {
                    for from in 0..=text.len() {
                        let found = full.find_at(text.as_bytes(), from);
                        let found = found.filter(|found| begins == Begins::Behind || found.start() == from);
                        let want = found.map(|found| Span::new(found.start(), found.end()));
                        assert_eq!(
                            expression.find(pattern, text.as_bytes(), from, begins),
                            Some(want),
                            "{text} {from}"
                        );
                    }
                    // The second time by what is compiled in full.
                    expression.read.store(FEW, Ordering::Relaxed);
                }
            }
        }
        assert_eq!(Expression::default().find("(", b"", 0, Begins::Behind), None);
    }

    #[test]
    fn groups_are_those_of_the_match_that_begins_at_the_place() {
        let pattern = r"(?<user>[a-z]{1,9}):(?<secret>[0-9]{1,9})";
        let text = b"ab:12 c:3";
        for begins in [Begins::Behind, Begins::Here] {
            let expression = Expression::default();
            for _ in 0..2 {
                let secret = |at: usize| {
                    let groups = expression.groups(pattern, text, at)?;
                    groups.get_group_by_name("secret").map(|s| (s.start, s.end))
                };
                assert_eq!(secret(0), Some((3, 5)));
                assert_eq!(secret(6), Some((8, 9)));
                assert_eq!(secret(5), None);
                expression.find(pattern, text, 0, begins);
            }
        }
    }
}
