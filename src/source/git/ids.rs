//! A table of ids that are as good as random, asked millions of times: one look at memory an answer.

use std::hash::{BuildHasher as _, RandomState};

/// The first bytes of an id, which are as good as random.
pub(super) fn key(id: &[u8]) -> u64 {
    id.get(..8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// No value.
const NONE: u32 = u32::MAX;

/// Numbers by the first eight bytes of an id.
pub(super) struct Ids {
    /// The two halves of a key, and its number.
    slots: Vec<[u32; 3]>,
    /// What a key is multiplied with before its highest bits choose a slot. Other ones in every run, so that nobody can make a
    /// repository whose ids all want the same slot.
    multiplier: u64,
    shift: u32,
    /// How many keys it still takes.
    left: usize,
}

impl Ids {
    /// A table for so many ids at most.
    pub(super) fn new(count: usize) -> Self {
        let bits = (count + count / 2).max(16).next_power_of_two().trailing_zeros();
        let multiplier = RandomState::new().hash_one(count) | 1;
        Self { slots: vec![[0, 0, NONE]; 1 << bits], multiplier, shift: 64 - bits, left: count }
    }

    /// The slot of a key: its own, or the free one in which it belongs.
    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let (low, high) = (key as u32, (key >> 32) as u32);
        // Bits of both halves of the product, or keys that differ in their highest bits alone would choose by few bits.
        let mut at = ((key ^ key >> 32).wrapping_mul(self.multiplier) >> self.shift) as usize;
        loop {
            match self.slots[at & mask] {
                [_, _, NONE] => return at & mask,
                [a, b, _] if a == low && b == high => return at & mask,
                _ => at += 1,
            }
        }
    }

    /// Gives a key a number, unless it has one or the table is full.
    pub(super) fn insert(&mut self, key: u64, number: u32) -> bool {
        let slot = self.slot(key);
        let takes = self.slots[slot][2] == NONE && self.left > 0;
        if takes {
            self.slots[slot] = [key as u32, (key >> 32) as u32, number];
            self.left -= 1;
        }
        takes
    }

    /// The number of a key.
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let [_, _, number] = self.slots[self.slot(key)];
        (number != NONE).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_keeps_its_first_number() {
        let key = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i << 60;
        let mut ids = Ids::new(5000);
        for i in 0..5000 {
            assert!(ids.insert(key(i), i as u32));
            assert!(!ids.insert(key(i), 7));
        }
        assert!((0..5000).all(|i| ids.get(key(i)) == Some(i as u32)));
        assert!((5000..9000).all(|i| ids.get(key(i)).is_none()));
        assert!(!ids.insert(key(6000), 1));
        assert_eq!(Ids::new(0).get(1), None);
    }
}
