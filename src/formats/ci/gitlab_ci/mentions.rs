//! Names that a pipeline's file mentions, for what the project keeps as variables: what no file of its pipelines mentions, none
//! of its jobs takes in by name. A word counts wherever it stands, because a variable may be read by a shell, an image's name, a
//! rule or a program that is told its name. For the inventory alone.

use std::collections::BTreeSet;

use super::super::pipeline::File;
use super::include;
use crate::doc::Node;
use crate::formats::Out;
use crate::model::{At, Fact, SettingFact, setting};

/// Bytes of names that one file is told with; more are hardly written by people.
const BYTES_MAX: usize = 64 << 10;

/// Tells the names, and whether parts of the pipeline come from elsewhere, whose names are not here.
pub(super) fn tell(file: &File<'_>, root: &Node, out: &mut Out<'_>) {
    let names = words(file.input.text);
    let bytes: usize = names.iter().map(|name| name.len() + 2).sum();
    let mut fact = SettingFact::new(setting::NAMES_READ, file.input.path.display(), "");
    fact.attributes.insert("repository".to_owned(), file.input.repository.unwrap_or_default().to_owned());
    if bytes > BYTES_MAX || elsewhere(root) {
        fact.attributes.insert("open".to_owned(), "true".to_owned());
    } else {
        fact.attributes.insert("names".to_owned(), names.into_iter().collect::<Vec<_>>().join(", "));
    }
    out.fact(Fact::Setting(At::default(), fact));
}

/// Words that may name a variable: capitals, digits and an underscore, as people name what is kept for pipelines. A piece of a
/// longer word is none, for it may be one of a value.
fn words(text: &str) -> BTreeSet<&str> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let inside = |b: Option<&u8>| b.is_some_and(|b| matches!(b, b'-' | b'+' | b'/' | b'.' | b'~') || !b.is_ascii());
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().take_while(|b| part(b)).count();
        let word = text.get(at..at + length).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let read = matches!(before, Some(b'$' | b'{' | b'%'));
        if setting::is_plain_name(word) && (read || !(inside(before) || inside(bytes.get(at + length)))) {
            found.insert(word);
        }
        at += length.max(1);
    }
    found
}

/// Whether the pipeline takes in files that are not the project's.
fn elsewhere(root: &Node) -> bool {
    let jobs = root.entries().iter().filter_map(|(_, job)| job.at(&["trigger", "include"]));
    root.get("include").into_iter().chain(jobs).any(include::is_elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_may_name_a_variable_counts_and_no_piece_of_a_value() {
        let text =
            "a: {script: ['x/$A_B-c ${C_D}_y %E_F% $env:G_H'], token: NAMED_X, low: $low_x, o: --e=I_J, $: 9A_B}";
        assert_eq!(Vec::from_iter(words(text)), ["A_B", "C_D", "E_F", "G_H", "I_J", "NAMED_X"]);
        let value = ["zq-", "AB_CDE", "-7x ", "AKIAQ7", "ZXCVBN ", "Zq_7P", " 12_34_5A"].concat();
        assert!(words(&value).is_empty());
    }
}
