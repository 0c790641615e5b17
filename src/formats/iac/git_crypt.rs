//! git-crypt: which files of a repository `.gitattributes` has encrypted, as it should have those that hold secrets.
//!
//! <https://github.com/AGWA/git-crypt#using-git-crypt>: a pattern with `filter=git-crypt`; the attributes file itself and
//! what decides on keys must stay in the clear, which `!filter !diff` says.

use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, RepoPath, SettingFact, Span, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "git-crypt",
    name: "git-crypt attributes",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Most patterns that are told.
const PATTERNS: usize = 200;

fn claims(path: &RepoPath, head: &str) -> bool {
    path.file_name() == b".gitattributes" && head.contains("filter=git-crypt")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let mut start = 0;
    let mut told = 0;
    for line in input.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let mut words = line.split_whitespace();
        let Some(pattern) = words.next().filter(|pattern| !pattern.starts_with('#')) else { continue };
        // A key of its own is named behind a hyphen: `filter=git-crypt-KEYNAME`.
        let sealed = words.any(|word| word == "filter=git-crypt" || word.starts_with("filter=git-crypt-"));
        if !sealed || told >= PATTERNS {
            continue;
        }
        told += 1;
        let shown: String = pattern.chars().take(200).collect();
        let mut fact = SettingFact::new(setting::BROKEN_ENCRYPTION, shown, "");
        fact.attributes.insert("tool".to_owned(), "git-crypt".to_owned());
        let span = Span::new(at, at + line.trim_end().len());
        out.fact(Fact::Setting(At::span(span), fact));
    }
}
