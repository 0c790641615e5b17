//! Structured text as trees with byte spans: one file a syntax, one tree for all.
//!
//! A parser here keeps what a finding needs and a plain deserializer loses: where each key and value lies, comments, and
//! duplicate keys. It never fails on odd input with a panic: an error carries its line and column.

pub mod csv;
pub mod dockerfile;
pub mod hcl;
pub mod json;
pub mod toml;
pub mod xml;
pub mod yaml;

use crate::model::Span;

/// A parsed document, or several for multi-document YAML.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// The documents' root nodes, in order.
    pub roots: Vec<Node>,
    /// Comments, in order, spans without the marker's line end.
    pub comments: Vec<Span>,
}

/// One node.
#[derive(Debug, Clone)]
pub struct Node {
    /// The node's bytes: for scalars the text as written, quotes included.
    pub span: Span,
    /// For scalars the value's own bytes, without quotes; equal to `span` elsewhere.
    pub inner: Span,
    /// A YAML tag (`!Ref`), when there is one; in HCL what kind of expression it is.
    pub tag: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Null, or an empty value.
    Null,
    /// A plain `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, escapes resolved.
    String(String),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in source order; keys may repeat.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The value under a key of a mapping; the last one when the key repeats.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The entry (key and value) under a key of a mapping.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        self.entries().iter().rev().find(|(k, _)| k.as_str() == Some(key)).map(|(k, v)| (k, v))
    }

    /// Follows keys down through mappings.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The string, for strings.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(s) => Some(s),
            _ => None,
        }
    }

    /// Any scalar as text: strings, numbers and booleans.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::String(s) | Kind::Number(s) => Some(s.clone()),
            Kind::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }

    /// The boolean, for booleans.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The items of a sequence; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The items of a sequence, or the node itself: for the many places where one may stand for a list of one.
    #[must_use]
    pub fn one_or_many(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The entries of a mapping; empty for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// True for mappings.
    #[must_use]
    pub fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
    }

    /// Calls `visit` for this node and every node below it, parents first. Iterative, so depth cannot exhaust the stack.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        let mut stack = vec![self];
        while let Some(node) = stack.pop() {
            visit(node);
            match &node.kind {
                Kind::Sequence(items) => stack.extend(items.iter().rev()),
                Kind::Mapping(entries) => stack.extend(entries.iter().rev().flat_map(|(k, v)| [v, k])),
                _ => {}
            }
        }
    }
}

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ParseError {
    /// 1-based line.
    pub line: u64,
    /// 1-based column, in characters.
    pub column: u64,
    /// What is wrong.
    pub message: String,
}

/// The 1-based line and column, in characters, of a byte offset; one past the end is the end.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (u64, u64) {
    let before = text.as_bytes().get(..offset.min(text.len())).unwrap_or_default();
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() as u64 + 1;
    let column = before.iter().skip(line_start).filter(|b| **b & 0xc0 != 0x80).count() as u64 + 1;
    (line, column)
}
