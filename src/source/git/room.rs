//! What walks down trees may spend. A few small trees that name each other again and again give more paths than anybody can
//! walk: twenty trees of ten entries give 10²⁰. Every tree is gone into at its first path, however many there are, so every
//! blob that trees name is met; only further paths of the same trees count against a budget.

use std::collections::HashSet;
use std::hash::Hash;

/// Entries of trees that are looked at again, under another path, by one walk. Copies of directories inside one commit are far
/// fewer, even where third-party code is checked in.
pub const AGAIN: usize = 100_000;

/// Bytes of all paths that one walk makes.
const NAMES: usize = 256 << 20;

/// Deepest tree that is gone into; git itself makes no deeper ones (`core.maxTreeDepth`).
pub(super) const MAX_DEPTH: usize = 4096;

/// What is left of a walk's budget. `T` tells what was met before.
#[derive(Debug)]
pub struct Room<T> {
    met: HashSet<T>,
    again: usize,
    spent: usize,
    names: usize,
    left_out: u64,
}

impl<T: Eq + Hash> Default for Room<T> {
    fn default() -> Self {
        Self::new(AGAIN)
    }
}

impl<T: Eq + Hash> Room<T> {
    /// Room for so many entries of trees that were met before.
    pub fn new(again: usize) -> Self {
        Self { met: HashSet::new(), again, spent: 0, names: NAMES, left_out: 0 }
    }

    /// Whether a tree may be gone into: the first time always, later while there is room. `entries` tells how many there are
    /// to look at.
    pub(super) fn enter(&mut self, tree: T, depth: usize, entries: impl FnOnce() -> usize) -> bool {
        let open = depth <= MAX_DEPTH && (self.met.insert(tree) || self.pay(entries));
        self.left_out += u64::from(!open);
        open
    }

    fn pay(&mut self, entries: impl FnOnce() -> usize) -> bool {
        if self.again == 0 {
            return false;
        }
        let cost = entries().max(1);
        let enough = cost <= self.again;
        // What did not fit closes the door, or asking again and again would cost as much as going in.
        self.again = if enough { self.again - cost } else { 0 };
        self.spent += cost;
        enough
    }

    /// Whether a path of this length may be made.
    pub(super) fn name(&mut self, length: usize) -> bool {
        let left = self.names.checked_sub(length);
        self.names = left.unwrap_or(0);
        self.left_out += u64::from(left.is_none());
        left.is_some()
    }

    /// Says that something was not looked at.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// How many trees and files were not looked at.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many entries were looked at again.
    pub fn spent(&self) -> usize {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_way_is_always_open_and_further_ones_while_there_is_room() {
        let mut room: Room<u8> = Room::new(10);
        assert!(room.enter(1, 0, || 1 << 40) && room.enter(2, 0, || 1 << 40));
        assert!(room.enter(1, 0, || 6));
        assert!(!room.enter(1, 0, || 6), "more than is left");
        assert!(!room.enter(1, 0, || 1), "which closes it");
        assert!(room.enter(3, MAX_DEPTH, || 1) && !room.enter(4, MAX_DEPTH + 1, || 1));
        assert_eq!((room.left_out(), room.spent()), (3, 12));
        assert!(room.name(NAMES) && !room.name(1));
        assert_eq!(room.left_out(), 4);
    }
}
