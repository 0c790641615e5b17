//! How likely an assigned value is a credential: boosted trees over numbers, one of which is a sum of weights of words. The
//! weights are a text file that `train.py` beside it writes from labelled data; reading them is all that happens here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::LazyLock;

use super::features::Assigned;
use crate::model::Confidence;

/// The weights as text.
const WEIGHTS: &str = include_str!("weights.txt");

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::parse(WEIGHTS));

/// One decision or one leaf of a tree.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Which number is compared.
    feature: u16,
    /// Where to go when it is at most the threshold, and when not; a leaf's number with its highest bit set.
    next: [u16; 2],
    threshold: f32,
}

/// Marks a leaf.
const LEAF: u16 = 1 << 15;

#[derive(Debug, Default)]
struct Tree {
    nodes: Vec<Node>,
    leaves: Vec<f32>,
}

/// The trained ranker.
#[derive(Debug, Default)]
struct Model {
    intercept: f32,
    words: HashMap<&'static str, f32, foldhash::fast::FixedState>,
    trees: Vec<Tree>,
    /// Scores from which a value is of low, medium and high confidence.
    cuts: [f32; 3],
    /// The most that the trees from each on can add.
    most: Vec<f32>,
}

impl Model {
    /// Reads the weights; what is no line of them is passed over, and a test holds that none is.
    fn parse(text: &'static str) -> Self {
        let mut model = Self::default();
        for line in text.lines() {
            let Some((kind, rest)) = line.split_once(' ') else { continue };
            match kind {
                "intercept" => model.intercept = rest.parse().unwrap_or_default(),
                "cuts" => {
                    for (cut, value) in model.cuts.iter_mut().zip(rest.split(' ')) {
                        *cut = value.parse().unwrap_or_default();
                    }
                }
                "word" => {
                    if let Some((word, weight)) = rest.rsplit_once(' ') {
                        model.words.insert(word, weight.parse().unwrap_or_default());
                    }
                }
                "tree" => model.trees.push(Tree::parse(rest)),
                _ => {}
            }
        }
        let best = |tree: &Tree| tree.leaves.iter().copied().fold(f32::MIN, f32::max);
        model.most = vec![0.0; model.trees.len()];
        let mut most = 0.0;
        for (slot, tree) in model.most.iter_mut().zip(&model.trees).rev() {
            most += best(tree);
            *slot = most;
        }
        model
    }

    /// The numbers that the trees decide by.
    fn numbers(&self, assigned: &Assigned<'_>) -> Vec<f32> {
        let mut words = self.intercept;
        let pieces = assigned.pieces();
        assigned.each_word_of(&pieces, &mut |word| words += self.words.get(word).copied().unwrap_or_default());
        let mut numbers = assigned.numbers_of(&pieces);
        numbers.push(words);
        numbers
    }

    /// The logarithm of the odds.
    #[cfg(test)]
    fn score(&self, assigned: &Assigned<'_>) -> f32 {
        let numbers = self.numbers(assigned);
        self.trees.iter().map(|tree| tree.value(&numbers)).sum()
    }

    /// The logarithm of the odds, and `None` once no tree that is left could lift it to the lowest cut. Most values are told off early.
    fn worth(&self, assigned: &Assigned<'_>) -> Option<f32> {
        let numbers = self.numbers(assigned);
        let mut score = 0.0;
        for (tree, most) in self.trees.iter().zip(&self.most) {
            // Sums of floating point numbers are not exact.
            if score + most < self.cuts[0] - 1e-3 {
                return None;
            }
            score += tree.value(&numbers);
        }
        Some(score)
    }
}

impl Tree {
    /// Decisions as `feature:threshold:left:right`, children with `L` before a leaf's number; behind a bar the leaves' values.
    fn parse(text: &str) -> Self {
        let (nodes, leaves) = text.split_once(" | ").unwrap_or(("", text));
        let child = |t: &str| match t.strip_prefix('L') {
            Some(leaf) => leaf.parse::<u16>().unwrap_or_default() | LEAF,
            None => t.parse().unwrap_or_default(),
        };
        let node = |t: &str| {
            let mut parts = t.split(':');
            let mut next = || parts.next().unwrap_or_default();
            let feature = next().parse().unwrap_or_default();
            let threshold = next().parse().unwrap_or_default();
            Node { feature, threshold, next: [child(next()), child(next())] }
        };
        Self {
            nodes: nodes.split(' ').filter(|t| !t.is_empty()).map(node).collect(),
            leaves: leaves.split(' ').map(|t| t.parse().unwrap_or_default()).collect(),
        }
    }

    fn value(&self, numbers: &[f32]) -> f32 {
        let mut at = if self.nodes.is_empty() { LEAF } else { 0 };
        // A child comes after its parent, so there are at most as many steps as decisions.
        for _ in 0..=self.nodes.len() {
            if at & LEAF != 0 {
                break;
            }
            let Some(node) = self.nodes.get(usize::from(at)) else { return 0.0 };
            let number = numbers.get(usize::from(node.feature)).copied().unwrap_or_default();
            at = node.next[usize::from(number > node.threshold)];
        }
        self.leaves.get(usize::from(at & !LEAF)).copied().unwrap_or_default()
    }
}

/// How sure a report of the value would be; `None` when it is not worth one.
#[must_use]
pub fn confidence(assigned: &Assigned<'_>) -> Option<Confidence> {
    let (key, slot) = KNOWN.with(|known| known.place(assigned));
    let seen = KNOWN.with(|known| known.get(key, slot));
    seen.unwrap_or_else(|| {
        let confidence = graded(assigned);
        KNOWN.with(|known| known.put(key, slot, confidence));
        confidence
    })
}

fn graded(assigned: &Assigned<'_>) -> Option<Confidence> {
    let [low, medium, high] = MODEL.cuts;
    match MODEL.worth(assigned)? {
        s if s >= high => Some(Confidence::High),
        s if s >= medium => Some(Confidence::Medium),
        s if s >= low => Some(Confidence::Low),
        _ => None,
    }
}

/// Values ranked lately by this thread. Versions of a file repeat what stands in it, and ranking costs more than telling that
/// nothing that the ranker reads has changed.
struct Known {
    hasher: foldhash::quality::RandomState,
    slots: RefCell<Vec<(u64, Option<Confidence>)>>,
}

/// How many are kept of one thread.
const KEPT: usize = 1 << 16;

thread_local! {
    static KNOWN: Known = Known {
        // Seeded anew in every run, so that nobody can write two values that are taken for one.
        hasher: foldhash::quality::RandomState::default(),
        slots: RefCell::new(Vec::new()),
    };
}

impl Known {
    /// A number for everything that the ranker reads, and the slot for it.
    fn place(&self, assigned: &Assigned<'_>) -> (u64, usize) {
        let (around, numbers) = assigned.all_that_is_read();
        let mut hasher = self.hasher.build_hasher();
        numbers.hash(&mut hasher);
        around.hash(&mut hasher);
        let key = hasher.finish();
        (key, (key >> 40) as usize % KEPT)
    }

    fn get(&self, key: u64, slot: usize) -> Option<Option<Confidence>> {
        let slots = self.slots.borrow();
        slots.get(slot).filter(|(k, _)| *k == key).map(|(_, confidence)| *confidence)
    }

    fn put(&self, key: u64, slot: usize, confidence: Option<Confidence>) {
        let mut slots = self.slots.borrow_mut();
        // The number 0 marks an empty slot; a value with it is ranked each time.
        slots.resize(KEPT, (0, None));
        if let Some(slot) = slots.get_mut(slot).filter(|_| key != 0) {
            *slot = (key, confidence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::NUMBERS;

    #[test]
    fn a_score_that_is_cut_short_and_one_that_is_remembered_grade_as_the_whole_sum_does() {
        let lines = [
            "password = \"hunter2!x\"",
            "api_key: k3J9fQ0aZ7xLm2PqW4Yt",
            "token = some_function_name",
            "secret: the quick brown fox",
            "db_password=postgres",
            "key = 0123456789abcdef0123456789abcdef",
        ];
        let [low, medium, high] = MODEL.cuts;
        let mut graded_as = [0; 4];
        for line in lines {
            let text = line.as_bytes();
            let found: Vec<Assigned<'_>> = crate::detect::generic::WORDS
                .iter()
                .flat_map(|(word, strength)| {
                    let at = memchr::memmem::find_iter(text, word.as_bytes());
                    at.filter_map(|at| crate::detect::generic::assignments(text, at, word, *strength))
                        .collect::<Vec<_>>()
                })
                .collect();
            assert!(!found.is_empty(), "{line}");
            for assigned in found {
                let score = MODEL.score(&assigned);
                let want = [low, medium, high].iter().filter(|cut| score >= **cut).count();
                graded_as[want] += 1;
                let want = [None, Some(Confidence::Low), Some(Confidence::Medium), Some(Confidence::High)][want];
                assert_eq!((confidence(&assigned), confidence(&assigned)), (want, want), "{line}");
            }
        }
        assert!(graded_as[0] > 0 && graded_as[1..].iter().sum::<i32>() > 0);
    }

    #[test]
    fn every_line_of_the_weights_is_read_and_every_reference_in_it_holds() {
        let kinds = |kind: &str| WEIGHTS.lines().filter(|l| l.starts_with(kind)).count();
        assert_eq!(MODEL.trees.len(), kinds("tree "));
        assert_eq!(MODEL.words.len(), kinds("word "));
        assert!(MODEL.trees.len() > 20 && MODEL.words.len() > 100);
        assert!(MODEL.cuts[0] < MODEL.cuts[1] && MODEL.cuts[1] < MODEL.cuts[2]);
        let other = |l: &&str| {
            !["tree ", "word ", "intercept ", "cuts ", "numbers ", "#"].iter().any(|k| l.starts_with(k))
                && !l.is_empty()
        };
        assert_eq!(WEIGHTS.lines().find(other), None);
        let names = WEIGHTS.lines().find_map(|l| l.strip_prefix("numbers ")).unwrap_or_default();
        assert_eq!(names, [NUMBERS, &["words"]].concat().join(" "), "trained on other numbers: train again");
        for tree in &MODEL.trees {
            assert_eq!(tree.leaves.len(), tree.nodes.len() + 1);
            for (i, node) in tree.nodes.iter().enumerate() {
                assert!(usize::from(node.feature) <= NUMBERS.len());
                for next in node.next {
                    let (leaf, at) = (next & LEAF != 0, usize::from(next & !LEAF));
                    assert!(if leaf { at < tree.leaves.len() } else { at > i && at < tree.nodes.len() });
                }
            }
        }
    }
}
