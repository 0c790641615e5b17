//! Files that are encrypted with SOPS, value by value: those among them that stand in the clear although the file's own
//! rules say that they are encrypted.
//!
//! Which values are: <https://getsops.io/docs/#encrypting-only-parts-of-a-file>. Without a rule all of them; what is empty
//! stays empty.

use regex::{Regex, RegexBuilder};

use super::cfn::template::gap;
use super::secrets;
use crate::doc::{Doc, Kind, Node};
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{At, Fact, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format =
    Format { id: "sops", name: "SOPS file", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

/// Facts of one file.
const FACTS_MAX: usize = 500;

/// Characters kept of a key's path.
const PATH_MAX: usize = 200;

/// By content: an encrypted value, or the block that says how to decrypt.
fn claims(path: &RepoPath, head: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(head.as_bytes(), word.as_bytes()).is_some();
    let sealed =
        has("ENC[AES256_GCM,data:") || (has("sops") && (has("\nsops:\n") || has("\"sops\": {")) && has("lastmodified"));
    // The configuration of SOPS itself is `.sops.yaml`; templates are no YAML yet.
    sealed && path.file_name() != b".sops.yaml" && !has("{%")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let mut room = FACTS_MAX;
    for root in &doc.roots {
        let Some(metadata) = root.get("sops").filter(|node| node.get("mac").is_some()) else { continue };
        let Some(rules) = Rules::read(metadata) else { continue };
        let mut found = false;
        each_scalar(root, &mut |path, node| {
            if room == 0 || path.first() == Some(&"sops") || !rules.encrypts(path) || is_encrypted(node) {
                return;
            }
            found = true;
            room -= 1;
            let name = path.iter().rev().find(|part| !part.is_empty()).copied().unwrap_or_default();
            let keys: Vec<&str> = path.iter().copied().filter(|key| !key.is_empty()).collect();
            let shown: String = keys.join(".").chars().take(PATH_MAX).collect();
            out.fact(tell(input, &shown, name, node));
            if room == 0 {
                gap(input, node.span, "too-many-facts", "more values in the clear than are told", out);
            }
        });
        if !found {
            out.fact(fine(input, metadata));
        }
    }
}

fn tell(input: &Input<'_>, path: &str, name: &str, node: &Node) -> Fact {
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let mut fact = SettingFact::new(setting::BROKEN_ENCRYPTION, file, path);
    let opens = secrets::promise(name).is_some() || names::is_credential(name);
    for (name, value) in [("tool", "sops"), ("credential", if opens { "true" } else { "false" })] {
        fact.attributes.insert(name.to_owned(), value.to_owned());
    }
    Fact::Setting(At::span(node.span), fact)
}

/// A file in which everything is as it should be.
fn fine(input: &Input<'_>, metadata: &Node) -> Fact {
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let mut fact = SettingFact::new(setting::BROKEN_ENCRYPTION, file, "");
    fact.attributes.insert("tool".to_owned(), "sops".to_owned());
    Fact::Setting(At::span(metadata.span), fact)
}

/// Encrypted, or what SOPS leaves as it is: nothing and the empty text.
fn is_encrypted(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => true,
        Kind::String(text) => text.is_empty() || text.starts_with("ENC[") && text.ends_with(']'),
        _ => false,
    }
}

/// Which keys have their values encrypted.
#[derive(Default)]
struct Rules {
    unencrypted_suffix: Option<String>,
    encrypted_suffix: Option<String>,
    unencrypted_regex: Option<Regex>,
    encrypted_regex: Option<Regex>,
}

impl Rules {
    /// `None` when nothing can be said: rules by comment, or an expression that cannot be read.
    fn read(metadata: &Node) -> Option<Self> {
        let text = |name: &str| metadata.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
        if text("encrypted_comment_regex").or_else(|| text("unencrypted_comment_regex")).is_some() {
            return None;
        }
        let regex = |name: &str| match text(name) {
            Some(pattern) => RegexBuilder::new(pattern).size_limit(1 << 18).build().ok().map(Some),
            None => Some(None),
        };
        Some(Self {
            unencrypted_suffix: text("unencrypted_suffix").map(str::to_owned),
            encrypted_suffix: text("encrypted_suffix").map(str::to_owned),
            unencrypted_regex: regex("unencrypted_regex")?,
            encrypted_regex: regex("encrypted_regex")?,
        })
    }

    /// As SOPS decides: each rule that is set speaks for a whole path by any of its keys.
    fn encrypts(&self, path: &[&str]) -> bool {
        let any = |test: &dyn Fn(&str) -> bool| path.iter().any(|key| !key.is_empty() && test(key));
        let mut encrypted = true;
        if let Some(suffix) = &self.unencrypted_suffix {
            encrypted &= !any(&|key| key.ends_with(suffix.as_str()));
        }
        if let Some(suffix) = &self.encrypted_suffix {
            encrypted = any(&|key| key.ends_with(suffix.as_str()));
        }
        if let Some(regex) = &self.unencrypted_regex {
            encrypted &= !any(&|key| regex.is_match(key));
        }
        if let Some(regex) = &self.encrypted_regex {
            encrypted = any(&|key| regex.is_match(key));
        }
        encrypted
    }
}

/// Calls `visit` for every scalar with the keys that lead to it. Items of a list have no key of their own.
fn each_scalar<'n>(root: &'n Node, visit: &mut dyn FnMut(&[&'n str], &'n Node)) {
    enum Step<'n> {
        Enter(&'n str, &'n Node),
        Leave,
    }
    let mut path: Vec<&str> = Vec::new();
    let mut open = vec![];
    open.extend(root.entries().iter().rev().filter_map(|(k, v)| Some(Step::Enter(k.as_str()?, v))));
    while let Some(step) = open.pop() {
        let Step::Enter(key, node) = step else {
            path.pop();
            continue;
        };
        path.push(key);
        open.push(Step::Leave);
        match &node.kind {
            Kind::Mapping(entries) => {
                open.extend(entries.iter().rev().filter_map(|(k, v)| Some(Step::Enter(k.as_str()?, v))));
            }
            Kind::Sequence(items) => open.extend(items.iter().rev().map(|item| Step::Enter("", item))),
            _ => visit(&path, node),
        }
    }
}
