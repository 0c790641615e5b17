//! Readers of pipelines, manifests and exports: one file a format, each turning a document or a stream into facts.
//!
//! A format is recognised by its path or by the head of its content, never by name alone where people rename files.
//! Adding one is one file and one line in its group's table.

pub mod agent;
pub mod any;
pub mod ci;
pub mod client;
pub mod cloud;
pub mod iac;
pub mod names;
pub mod script;
pub mod workload;

use std::io::BufRead;

use crate::doc::{self, Doc, ParseError};
pub use crate::model::environment;
use crate::model::{Fact, NoticeKind, RepoPath};

/// How many bytes of a blob `claims` may look at.
pub const HEAD: usize = 4096;

/// Blobs longer than this are only streamed.
pub const WHOLE_MAX: u64 = 16 << 20;

/// A reader of one format.
pub struct Format {
    /// Stable id, kebab case.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// The read-only command that produces the input, for exports; empty for files that lie in repositories.
    pub command: &'static str,
    /// Syntax that `read` wants.
    pub syntax: Syntax,
    /// Whether this blob is of this format. `head` is the first [`HEAD`] bytes, as UTF-8 text if they are.
    pub claims: fn(path: &RepoPath, head: &str) -> bool,
    /// Reads a whole document.
    pub read: fn(&Input<'_>, &Doc, &mut Out<'_>),
    /// Reads a stream of any length in bounded memory; `None` when the format is never large.
    pub stream: Option<fn(&Input<'_>, &mut dyn BufRead, &mut Out<'_>)>,
}

impl Format {
    /// True for what a command exports from a cloud or service; false for what lies in repositories.
    #[must_use]
    pub fn is_export(&self) -> bool {
        !self.command.is_empty()
    }
}

/// Syntaxes a format may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// YAML; JSON files are YAML too, and are parsed as JSON when they look like it.
    Yaml,
    /// JSON or JSONC.
    Json,
    /// TOML.
    Toml,
    /// HCL, the native syntax of Terraform; a text that opens an object is its JSON syntax.
    Hcl,
    /// No tree: `read` gets an empty document and works from the text.
    Text,
}

impl Syntax {
    /// The tree of a text in this syntax.
    ///
    /// # Errors
    /// When the text is none, with the place.
    pub fn parse(self, text: &str) -> Result<Doc, ParseError> {
        match self {
            Self::Json => doc::json::parse(text),
            Self::Yaml if text.trim_start().starts_with(['{', '[']) => {
                doc::json::parse(text).or_else(|_| doc::yaml::parse(text))
            }
            Self::Yaml => doc::yaml::parse(text),
            Self::Toml => doc::toml::parse(text),
            Self::Hcl if text.trim_start().starts_with('{') => doc::json::parse(text),
            Self::Hcl => doc::hcl::parse(text),
            Self::Text => Ok(Doc::default()),
        }
    }
}

/// What a reader may know of its input.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Path, relative to the repository.
    pub path: &'a RepoPath,
    /// `owner/name` of the repository, when its remote tells.
    pub repository: Option<&'a str>,
    /// The whole text, for `read`; empty for `stream`.
    pub text: &'a str,
}

/// Where a reader puts what it finds.
pub struct Out<'a> {
    facts: &'a mut dyn FnMut(Fact),
    notices: &'a mut dyn FnMut(ReadNotice),
}

impl<'a> Out<'a> {
    /// An output that passes on facts and notices as they come.
    pub fn new(facts: &'a mut dyn FnMut(Fact), notices: &'a mut dyn FnMut(ReadNotice)) -> Self {
        Self { facts, notices }
    }

    /// One fact.
    pub fn fact(&mut self, fact: Fact) {
        (self.facts)(fact);
    }

    /// One notice: a truncated page, a row that could not be read, a malformed document.
    pub fn notice(&mut self, notice: ReadNotice) {
        (self.notices)(notice);
    }
}

/// Something a reader could not read or knows to be cut short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNotice {
    /// Gap or limit.
    pub kind: NoticeKind,
    /// Stable word: `malformed`, `truncated-export`, `unknown-version`.
    pub code: &'static str,
    /// 1-based line, 0 when unknown.
    pub line: u64,
    /// 1-based column, 0 when unknown.
    pub column: u64,
    /// What happened and what to do.
    pub message: String,
}

/// Whether what a format tells of one file can be made into what it tells of an equal one elsewhere: see [`Retelling`].
#[must_use]
pub fn retells(format: &Format) -> bool {
    format.id == ci::github_actions::FORMAT.id
}

/// From what a format told of one file to what it tells of an equal one of the same repository under another path.
pub struct Retelling(ci::github_actions::Moved);

impl Retelling {
    /// `None` when the copy has to be read.
    #[must_use]
    pub fn new(format: &Format, repository: Option<&str>, from: &RepoPath, to: &RepoPath) -> Option<Self> {
        let moved = || ci::github_actions::Moved::new(repository, from, to);
        retells(format).then(moved).flatten().map(Self)
    }

    /// Makes a fact of the file one of the copy.
    pub fn retell(&mut self, fact: &mut Fact) {
        self.0.fact(fact);
    }
}

/// Every format, in the order in which they are asked.
pub fn all() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().flat_map(|group| group.iter().copied())
}

/// Those that tell of identities and credentials; the others, of [`client`], hold values and go by names alone.
#[cfg(test)]
pub fn of_facts() -> impl Iterator<Item = &'static Format> {
    [ci::FORMATS, iac::FORMATS, agent::FORMATS, cloud::FORMATS].into_iter().flatten().copied()
}

/// Whether a text begins as JSON does that has names: no anchor of a document (`[[here]]`), no section of an INI file.
#[must_use]
pub fn opens_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    let (names, rest) = match text.split_first() {
        Some((b'{', rest)) => (b"\"}", rest),
        Some((b'[', rest)) => (b"{]", rest),
        _ => return false,
    };
    rest.trim_ascii_start().first().is_none_or(|next| names.contains(next))
}

/// The format of a file, the first that claims it: by its path and its head, of at most [`HEAD`] bytes. Those that `admits` refuses are not
/// asked.
pub fn claimed(path: &RepoPath, head: &str, admits: impl Fn(&Format) -> bool) -> Option<&'static Format> {
    let groups = [ci::FORMATS, iac::FORMATS, agent::FORMATS];
    let claims = |format: &&&'static Format| admits(format) && (format.claims)(path, head);
    groups.into_iter().flatten().find(claims).copied().or_else(|| cloud::claimed(path, head, &admits))
}

/// Formats by group.
const FORMATS: &[&[&Format]] = &[ci::FORMATS, iac::FORMATS, agent::FORMATS, cloud::FORMATS, client::FORMATS];
