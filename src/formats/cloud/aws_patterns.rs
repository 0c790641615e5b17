//! The lists of patterns in AWS's policies, in little room: an account may have a million of them, of some twenty characters each,
//! and all wait until groups and policies are known.

use std::iter::FusedIterator;

/// Texts in their order, put behind one another: a text of its own would take as much again for where and how long it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    text: Box<str>,
    /// Where each text ends.
    ends: Box<[u32]>,
}

impl Patterns {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { text: &self.text, ends: self.ends.iter(), start: 0 }
    }
}

impl<T: AsRef<str>> FromIterator<T> for Patterns {
    /// Texts of four gigabytes in all have no room; what comes after them is left out. No policy has a thousandth of it.
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut text = String::new();
        let mut ends = Vec::new();
        for one in texts {
            let Ok(end) = u32::try_from(text.len() + one.as_ref().len()) else { break };
            text.push_str(one.as_ref());
            ends.push(end);
        }
        Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice() }
    }
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The texts of [`Patterns`].
#[derive(Debug, Clone)]
pub struct Iter<'p> {
    text: &'p str,
    ends: std::slice::Iter<'p, u32>,
    start: usize,
}

impl<'p> Iterator for Iter<'p> {
    type Item = &'p str;

    fn next(&mut self) -> Option<&'p str> {
        let end = usize::try_from(*self.ends.next()?).unwrap_or(usize::MAX);
        let start = std::mem::replace(&mut self.start, end);
        Some(self.text.get(start..end).unwrap_or_default())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl FusedIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn texts_come_out_as_they_went_in() {
        for texts in [&[][..], &[""], &["s3:*", "", "arn:aws:s3:::é/*"], &["", "", "x"]] {
            let patterns: Patterns = texts.iter().collect();
            assert_eq!(patterns.len(), texts.len());
            assert!(patterns.iter().eq(texts.iter().copied()), "{patterns:?}");
        }
        let (one, other): (Patterns, Patterns) = (["ab", "c"].iter().collect(), ["a", "bc"].iter().collect());
        assert_ne!(one, other);
    }
}
