//! Finds every occurrence of every keyword in one pass.
//!
//! Each keyword is represented by its rarest three bytes, letters folded to one case. The pass tests three bytes at every
//! position against an 8 KiB bit set that stays in the first-level cache, and only positions that pass are compared with
//! the keywords behind them. It is exact: a keyword is reported wherever it stands.

/// Bits of the hash of a three-byte gram.
const BITS: u32 = 16;

/// Folds ASCII letters: sets bit 5, which also joins a few punctuation marks; the comparison afterwards is exact.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A keyword to look for.
#[derive(Debug, Clone)]
struct Word {
    /// The text; in lower case when compared without case.
    text: Box<[u8]>,
    exact: bool,
    /// Where its gram starts in it.
    gram_at: usize,
    /// Its first eight bytes, folded, those behind its end zero.
    head: u64,
    /// Which bits of `head` count.
    mask: u64,
    /// What it stands for.
    id: u32,
}

/// Low bits of the hash that the table of buckets leaves out.
const FINE: u32 = 5;

/// The compiled set of keywords.
#[derive(Debug)]
pub struct Prefilter {
    bits: Box<[u64; (1 << BITS) / 64]>,
    /// Words sorted by the hash of their gram.
    words: Vec<Word>,
    /// Where the words of each hash, without its low bits, start; one more at the end.
    starts: Box<[u16]>,
}

fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

fn gram_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(3).enumerate().fold(0, |g, (i, b)| g | (u32::from(b | 0x20) << (8 * i)))
}

/// How common a folded byte is in source text, in rough per mille: what makes one gram rarer than another. Measured once
/// over a few hundred megabytes of public source; only the order matters.
fn commonness(byte: u8) -> u32 {
    match byte | 0x20 {
        b' ' => 150,
        b'e' => 75,
        b't' => 58,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 45,
        b'l' | b'c' | b'd' => 28,
        b'u' | b'm' | b'p' => 20,
        b'f' | b'g' | b'h' | b'b' => 14,
        b'0' | b'1' | b'.' | b',' | b'(' | b')' | b'"' | b'-' | b'/' => 12,
        b'y' | b'v' | b'w' | b'k' | b'x' => 8,
        b'2'..=b'9' | b':' | b'=' | b';' | b'{' | b'}' | 0x7f => 7,
        b'j' | b'q' | b'z' => 3,
        _ => 2,
    }
}

impl Prefilter {
    /// Builds the filter from `(keyword, compare with case, id)`. Keywords shorter than three bytes are left out; rules
    /// with such keywords are refused when they are loaded.
    #[must_use]
    pub fn new<'a>(keywords: impl IntoIterator<Item = (&'a str, bool, u32)>) -> Self {
        let mut words: Vec<(u32, Word)> = Vec::new();
        for (text, exact, id) in keywords {
            let bytes = text.as_bytes();
            let rarity = |g: &[u8]| g.iter().map(|b| u64::from(commonness(*b))).product::<u64>();
            let Some((gram_at, gram)) = bytes.windows(3).enumerate().min_by_key(|(_, g)| rarity(g)) else { continue };
            let text = if exact { bytes.to_vec() } else { bytes.to_ascii_lowercase() };
            let mut eight = [0u8; 8];
            let count = text.len().min(8);
            eight[..count].copy_from_slice(&text[..count]);
            let mask = u64::MAX >> (64 - 8 * count);
            let head = (u64::from_le_bytes(eight) | FOLD) & mask;
            words.push((hash(gram_of(gram)), Word { text: text.into(), exact, gram_at, head, mask, id }));
        }
        words.sort_by(|a, b| (a.0, &a.1.text, a.1.id).cmp(&(b.0, &b.1.text, b.1.id)));
        let mut bits = Box::new([0u64; (1 << BITS) / 64]);
        for (h, _) in &words {
            bits[(*h >> 6) as usize] |= 1 << (*h & 63);
        }
        words.truncate(usize::from(u16::MAX));
        let start = |bucket: u32| words.partition_point(|(h, _)| h >> FINE < bucket) as u16;
        let starts = (0..=(1 << (BITS - FINE))).map(start).collect();
        Self { bits, words: words.into_iter().map(|(_, w)| w).collect(), starts }
    }

    fn hit(&self, gram: u32) -> bool {
        let h = hash(gram);
        self.bits[(h >> 6) as usize & ((1 << BITS) / 64 - 1)] >> (h & 63) & 1 != 0
    }

    /// Calls `found(id, start)` for every occurrence of every keyword, in order of their grams' positions.
    pub fn scan(&self, text: &[u8], found: &mut impl FnMut(u32, usize)) {
        let mut at = 0;
        // Six grams from one eight-byte load.
        for chunk in text.windows(8).step_by(6) {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(chunk);
            let w = u64::from_le_bytes(eight) | FOLD;
            let g = |k: u32| (w >> (8 * k)) as u32 & 0x00ff_ffff;
            if self.hit(g(0)) | self.hit(g(1)) | self.hit(g(2)) | self.hit(g(3)) | self.hit(g(4)) | self.hit(g(5)) {
                for k in 0..6 {
                    if self.hit(g(k)) {
                        self.verify(text, at + k as usize, g(k), found);
                    }
                }
            }
            at += 6;
        }
        for (i, gram) in text.get(at..).unwrap_or_default().windows(3).enumerate() {
            let gram = gram_of(gram);
            if self.hit(gram) {
                self.verify(text, at + i, gram, found);
            }
        }
    }

    #[inline(never)]
    fn verify(&self, text: &[u8], at: usize, gram: u32, found: &mut impl FnMut(u32, usize)) {
        let bucket = (hash(gram) >> FINE) as usize;
        let (from, to) = (usize::from(self.starts[bucket]), usize::from(self.starts[bucket + 1]));
        for word in &self.words[from..to] {
            let Some(start) = at.checked_sub(word.gram_at) else { continue };
            if let Some(eight) = text.get(start..start + 8).and_then(|e| <[u8; 8]>::try_from(e).ok())
                && (u64::from_le_bytes(eight) | FOLD) & word.mask != word.head
            {
                continue;
            }
            let Some(here) = text.get(start..start + word.text.len()) else { continue };
            let equal = if word.exact { here == &*word.text } else { here.eq_ignore_ascii_case(&word.text) };
            if equal {
                found(word.id, start);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(words: &[(&str, bool, u32)], text: &[u8]) -> Vec<(u32, usize)> {
        let mut all = Vec::new();
        for (word, exact, id) in words {
            for (i, w) in text.windows(word.len()).enumerate() {
                if if *exact { w == word.as_bytes() } else { w.eq_ignore_ascii_case(word.as_bytes()) } {
                    all.push((*id, i));
                }
            }
        }
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn every_occurrence_is_found(pieces in prop::collection::vec("(ghp_|GHP_|Secret|SECRET|secre|_key|://|a|[ -~]{0,5})", 0..40)) {
            let words = [("ghp_", true, 1), ("secret", false, 2), ("_key", false, 3), ("://", true, 4), ("a_k", false, 5)];
            let text = pieces.concat();
            let mut got = Vec::new();
            Prefilter::new(words).scan(text.as_bytes(), &mut |id, at| got.push((id, at)));
            got.sort_unstable();
            prop_assert_eq!(got, naive(&words, text.as_bytes()));
        }
    }
}
