//! Files of pipelines by their places, and paths that name them, with wildcards.

use std::collections::BTreeMap;

use super::graph::{Place, halves, normal};
use crate::model::{Identity, Setting};

/// Comparisons of paths with wildcards that one run makes; far over what projects need.
const MATCHES_MAX: usize = 4_000_000;

/// The place of a fact that tells of a file, and the top of its repository, with a slash where it is not empty.
pub(super) fn place_of(fact: &Setting) -> (Place, String) {
    let attribute = |name: &str| fact.attributes.get(name).cloned().unwrap_or_default();
    let mut top = attribute("root");
    if !top.is_empty() {
        top.push('/');
    }
    // A member of an archive has a top of its own.
    if fact.location.container.is_some() || !fact.location.path.starts_with(&top) {
        top.clear();
    }
    ((fact.location.container.clone(), attribute("repository"), fact.location.path.clone()), top)
}

/// The place of a job's file and the job's name; `prefix` is that of its key.
pub(super) fn place_of_job<'i>(identity: &'i Identity, prefix: &str) -> Option<(Place, &'i str)> {
    let location = identity.locations.first()?;
    let (repository, job) = halves(identity.id.as_str().strip_prefix(prefix)?, &location.path)?;
    Some(((location.container.clone(), repository.to_owned(), location.path.clone()), job))
}

/// Finds files by path.
pub(super) struct Finder<'p> {
    places: &'p BTreeMap<Place, usize>,
    matches: usize,
}

impl<'p> Finder<'p> {
    /// Over these files.
    pub(super) fn new(places: &'p BTreeMap<Place, usize>) -> Self {
        Self { places, matches: MATCHES_MAX }
    }

    /// The files of the same repository and archive that a path below `top` names, in order; `*` stands for any characters but
    /// `/`, `**` for any. A path that leaves the top names none.
    pub(super) fn find(&mut self, from: &Place, top: &str, path: &str) -> Vec<usize> {
        let Some(path) = normal(path).filter(|path| !path.is_empty() && !path.contains('$')) else { return Vec::new() };
        let pattern = format!("{top}{path}");
        let at = |path: String| (from.0.clone(), from.1.clone(), path);
        let Some(star) = path.find('*').map(|star| top.len() + star) else {
            return self.places.get(&at(pattern)).copied().into_iter().collect();
        };
        let start = pattern.get(..star).unwrap_or_default().to_owned();
        let mut found = Vec::new();
        for (place, file) in self.places.range(at(start.clone())..) {
            if place.0 != from.0 || place.1 != from.1 || !place.2.starts_with(&start) {
                break;
            }
            let Some(left) = self.matches.checked_sub(1) else { break };
            self.matches = left;
            if matches(pattern.get(star..).unwrap_or_default(), place.2.get(star..).unwrap_or_default()) {
                found.push(*file);
            }
        }
        found
    }
}

/// Whether a path matches; linear in their product, and both are short.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    if pattern.len() > 1_000 || path.len() > 4_096 {
        return false;
    }
    // Tokens: a byte, `*`, or `**`.
    let mut tokens: Vec<(u8, bool)> = Vec::new();
    for byte in pattern {
        match (byte, tokens.last_mut()) {
            (b'*', Some((b'*', any))) => *any = true,
            _ => tokens.push((*byte, false)),
        }
    }
    let mut reached = vec![false; tokens.len() + 1];
    reached[0] = true;
    let close = |reached: &mut Vec<bool>| {
        for (i, (token, _)) in tokens.iter().enumerate() {
            if reached[i] && *token == b'*' {
                reached[i + 1] = true;
            }
        }
    };
    close(&mut reached);
    for byte in path {
        let mut next = vec![false; tokens.len() + 1];
        for (i, (token, any)) in tokens.iter().enumerate().filter(|(i, _)| reached[*i]) {
            if *token == b'*' {
                next[i] = next[i] || *any || *byte != b'/';
            } else if token == byte {
                next[i + 1] = true;
            }
        }
        close(&mut next);
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stop_at_a_slash_and_double_ones_do_not() {
        for (pattern, path, want) in [
            ("ci/*.yml", "ci/a.yml", true),
            ("ci/*.yml", "ci/b/a.yml", false),
            ("ci/**.yml", "ci/b/a.yml", true),
            ("ci/**.yml", "ci/a.yml", true),
            ("ci/**/*.yml", "ci/b/c/a.yml", true),
            ("ci/**/*.yml", "ci/a.yml", false),
            ("ci/*/x.yml", "ci/a/x.yml", true),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
        ] {
            assert_eq!(matches(pattern, path), want, "{pattern} {path}");
        }
    }
}
