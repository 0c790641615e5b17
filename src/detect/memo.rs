//! What is known to lead to nothing: versions of a text, and texts of one project, say the same things again and again.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many pairs are kept, as a power of two: sixteen bytes each.
const BITS: u32 = 17;

/// Set in the number of a keyword at which a value stands that does not count.
const HELD: u64 = 1;

/// What is known of a keyword with the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing stands there.
    Cold,
    /// A value stands there that does not count.
    Held,
}

/// Keywords with all the text that decides what stands there, where nothing does that counts: numbers made of both, two in each place of
/// a table, where the older one gives way to the next that has the same place. Shared by all threads.
pub(super) struct Memo {
    /// Seeded anew in every run, so that nobody can write a text that is taken for another one.
    hasher: foldhash::quality::RandomState,
    slots: Box<[[AtomicU64; 2]]>,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Default for Memo {
    fn default() -> Self {
        let slots = std::iter::repeat_with(Default::default).take(1 << BITS).collect();
        Self { hasher: foldhash::quality::RandomState::default(), slots }
    }
}

impl Memo {
    /// The number of what is neither known nor learnt.
    pub(super) const NONE: u64 = 0;

    /// The number of a keyword and of so many bytes before and behind where it begins.
    pub(super) fn key(&self, id: usize, text: &[u8], at: usize, (before, behind): (usize, usize)) -> u64 {
        let from = at.saturating_sub(before);
        let to = text.len().min(at.saturating_add(behind));
        let mut hasher = self.hasher.build_hasher();
        // Where the text begins or ends within reach is part of what decides.
        hasher.write_u64((id as u64) << 32 | (at - from) as u64);
        hasher.write(text.get(from..to).unwrap_or_default());
        hasher.write_usize(to - from);
        hasher.finish() & !HELD
    }

    /// What stands there, if that is known.
    pub(super) fn knows(&self, key: u64) -> Option<Known> {
        let of = |slot: &AtomicU64| {
            let kept = slot.load(Ordering::Relaxed);
            (kept & !HELD == key).then_some(if kept & HELD == 0 { Known::Cold } else { Known::Held })
        };
        if key == Self::NONE { None } else { self.slot(key)?.iter().find_map(of) }
    }

    /// Remembers what stands there.
    pub(super) fn learn(&self, key: u64, known: Known) {
        if key != Self::NONE
            && let Some([new, old]) = self.slot(key)
        {
            let key = if known == Known::Held { key | HELD } else { key };
            old.store(new.swap(key, Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    fn slot(&self, key: u64) -> Option<&[AtomicU64; 2]> {
        self.slots.get((key >> (64 - BITS)) as usize)
    }
}
