//! Whether a text holds any of a few words: asked of the beginnings of many texts, most of which hold none.

use aho_corasick::{AhoCorasick, packed};

/// Words to look for.
pub struct AnyOf {
    /// Sixteen bytes or more at a time, where the machine can.
    fast: Option<packed::Searcher>,
    plain: Option<AhoCorasick>,
}

impl AnyOf {
    /// Prepares a few dozen words at most, none of them empty.
    #[must_use]
    pub fn new(words: &[&str]) -> Self {
        let fast = packed::Searcher::new(words);
        // Few words always build; without them every text would be taken for one that holds some.
        let plain = if fast.is_some() { None } else { AhoCorasick::new(words).ok() };
        Self { fast, plain }
    }

    /// Whether any of them stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        match (&self.fast, &self.plain) {
            (Some(fast), _) => fast.find(text).is_some(),
            (None, Some(plain)) => plain.is_match(text),
            (None, None) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_wherever_it_stands_and_in_texts_of_any_length() {
        let words = AnyOf::new(&["bindings:", "googleapis.com"]);
        for lead in 0..70 {
            for tail in [0, 1, 40] {
                let around = |word: &str| [" ".repeat(lead), word.to_owned(), "x".repeat(tail)].concat();
                assert!(words.is_in(around("bindings:").as_bytes()), "{lead} {tail}");
                assert!(words.is_in(around("googleapis.com").as_bytes()), "{lead} {tail}");
                assert!(!words.is_in(around("bindings").as_bytes()), "{lead} {tail}");
            }
        }
        assert!(!words.is_in(b""));
    }
}
