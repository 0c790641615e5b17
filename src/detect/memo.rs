//! What is known to lead to nothing: versions of a text, and texts of one project, say the same things again and again.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many are kept, as a power of two: eight bytes each.
const BITS: u32 = 17;

/// Keywords with all the text that decides what stands there, where nothing does: numbers made of both, each in one place of a
/// table, where it gives way to the next that has the same place. Shared by all threads.
pub(super) struct Memo {
    /// Seeded anew in every run, so that nobody can write a text that is taken for another one.
    hasher: foldhash::quality::RandomState,
    slots: Box<[AtomicU64]>,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Default for Memo {
    fn default() -> Self {
        let slots = std::iter::repeat_with(AtomicU64::default).take(1 << BITS).collect();
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
        hasher.finish()
    }

    /// Whether nothing stands there.
    pub(super) fn knows(&self, key: u64) -> bool {
        key != Self::NONE && self.slot(key).is_some_and(|slot| slot.load(Ordering::Relaxed) == key)
    }

    /// Remembers that nothing stands there.
    pub(super) fn learn(&self, key: u64) {
        if key != Self::NONE
            && let Some(slot) = self.slot(key)
        {
            slot.store(key, Ordering::Relaxed);
        }
    }

    fn slot(&self, key: u64) -> Option<&AtomicU64> {
        self.slots.get((key >> (64 - BITS)) as usize)
    }
}
