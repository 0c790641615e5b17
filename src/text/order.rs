//! Sorting of long lists of large things, and tables whose order nobody asks for.

use std::cmp::Ordering;
use std::collections::HashMap;

/// A table that is asked by key and never walked: keys of identities begin alike, so a tree would compare long texts at
/// every level.
pub type Lookup<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The list in order, equal items in the order they came. References are sorted and each item is swapped into its place: things of
/// some hundred bytes would be moved for every level of a merge, and a second list of them may be more than there is room for.
#[must_use]
pub fn sorted<T>(mut list: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if list.is_sorted_by(|a, b| compare(a, b).is_le()) {
        return list;
    }
    let mut order: Vec<(usize, &T)> = list.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| compare(a, b));
    let order: Vec<usize> = order.into_iter().map(|(at, _)| at).collect();
    arrange(&mut list, order);
    list
}

/// Puts a list into an order: the places, from 0, of the items that are to come first, second and so on, each of them once.
pub fn arrange<T>(list: &mut [T], mut order: Vec<usize>) {
    for at in 0..order.len() {
        // One that was here before has gone to where the one that came for it was.
        let mut from = order.get(at).copied().unwrap_or(at);
        while from < at {
            from = order.get(from).copied().unwrap_or(at);
        }
        if let Some(place) = order.get_mut(at) {
            *place = from;
        }
        list.swap(at, from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(list in proptest::collection::vec((0u8..4, 0u8..9), 0..40)) {
            let mut plain = list.clone();
            plain.sort_by_key(|item| item.0);
            proptest::prop_assert_eq!(sorted(list, |a, b| a.0.cmp(&b.0)), plain);
        }
    }
}
