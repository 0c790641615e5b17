//! HCL, the native syntax of Terraform, OpenTofu and Packer, with spans.
//!
//! Grammar: <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>. The tree has the shape of Terraform's JSON syntax
//! (<https://developer.hashicorp.com/terraform/language/syntax/json>), so that one reader serves both: `resource "a" "b" { }`
//! is a mapping under `resource`, `a` and `b`. Nothing is evaluated; an expression that is no literal is a sequence of its
//! parts with a tag that says what it is: see [`reference()`], [`call`], [`parts`], [`conditional`], [`comprehension`].

mod parser;

use super::{Doc, Kind, Node, ParseError, line_and_column};
use crate::model::Span;

/// The tag of a block's body, which tells it from an object.
const BLOCK: &str = "block";
/// The tag of a reference; its one part is the path as written, without white space.
const REFERENCE: &str = "reference";
/// The tag of a quoted text or heredoc with interpolations: texts and expressions in turn.
const TEMPLATE: &str = "template";
/// What the tag of a call begins with, before the function's name; its parts are the arguments.
const CALL: &str = "call ";
/// The tag of `condition ? a : b`, whose parts are the three.
const CONDITIONAL: &str = "conditional";
/// The tag of a `for` that gives a list: its names as a sequence, the collection, the value.
const FOR_LIST: &str = "for list";
/// The tag of a `for` that gives an object: its names as a sequence, the collection, the key, the value.
const FOR_OBJECT: &str = "for object";
/// The tag of an operation, whose parts are the operands, or of an index into something that is no reference.
const OPERATION: &str = "operation";

/// Parses a file.
///
/// # Errors
/// When the text is no HCL, nested over 96 levels, or larger than 1,000,000 values.
pub fn parse(text: &str) -> Result<Doc, ParseError> {
    let mut parser = parser::Parser::new(text);
    match parser.file() {
        Ok(root) => Ok(Doc { roots: vec![root], comments: parser.into_comments() }),
        Err((at, message)) => {
            let (line, column) = line_and_column(text, at);
            Err(ParseError { line, column, message: message.to_owned() })
        }
    }
}

/// Reads a text as a template, as strings of the JSON syntax are; every node gets the span of the string. `None` when it is
/// no template.
#[must_use]
pub fn template(text: &str, span: Span) -> Option<Node> {
    let mut node = parser::Parser::new(text).whole_template().ok()?;
    set_span(&mut node, span);
    Some(node)
}

fn set_span(node: &mut Node, span: Span) {
    node.span = span;
    node.inner = span;
    if let Kind::Sequence(items) = &mut node.kind {
        items.iter_mut().for_each(|item| set_span(item, span));
    }
}

fn tagged<'n>(node: &'n Node, tag: &str) -> Option<&'n [Node]> {
    (node.tag.as_deref() == Some(tag)).then(|| node.items())
}

/// Whether a mapping is a block's body.
#[must_use]
pub fn is_block(node: &Node) -> bool {
    node.tag.as_deref() == Some(BLOCK)
}

/// The path of a reference: `aws_iam_role.ci[0].arn`.
#[must_use]
pub fn reference(node: &Node) -> Option<&str> {
    tagged(node, REFERENCE)?.first()?.as_str()
}

/// Name and arguments of a function call.
#[must_use]
pub fn call(node: &Node) -> Option<(&str, &[Node])> {
    Some((node.tag.as_deref()?.strip_prefix(CALL)?, node.items()))
}

/// The parts of a template: texts are strings, what is put in between is any other expression.
#[must_use]
pub fn parts(node: &Node) -> Option<&[Node]> {
    tagged(node, TEMPLATE)
}

/// Condition and both values of a conditional.
#[must_use]
pub fn conditional(node: &Node) -> Option<(&Node, &Node, &Node)> {
    match tagged(node, CONDITIONAL)? {
        [condition, yes, no] => Some((condition, yes, no)),
        _ => None,
    }
}

/// A `for` expression.
#[derive(Debug, Clone, Copy)]
pub struct Comprehension<'n> {
    /// The names of what runs through it: one, or key and value.
    pub names: &'n [Node],
    /// What it runs through.
    pub collection: &'n Node,
    /// The key of each entry, when it gives an object.
    pub key: Option<&'n Node>,
    /// The value.
    pub value: &'n Node,
}

/// The `for` expression, if it is one.
#[must_use]
pub fn comprehension(node: &Node) -> Option<Comprehension<'_>> {
    match (node.tag.as_deref()?, node.items()) {
        (FOR_LIST, [names, collection, value]) => {
            Some(Comprehension { names: names.items(), collection, key: None, value })
        }
        (FOR_OBJECT, [names, collection, key, value]) => {
            Some(Comprehension { names: names.items(), collection, key: Some(key), value })
        }
        _ => None,
    }
}

/// Whether it is an expression that is no literal.
#[must_use]
pub fn is_expression(node: &Node) -> bool {
    node.tag.as_deref().is_some_and(|tag| tag != BLOCK)
}

/// The items of a list, or the node itself: an expression is one, whatever its parts.
#[must_use]
pub fn one_or_many(node: &Node) -> &[Node] {
    if is_expression(node) { std::slice::from_ref(node) } else { node.one_or_many() }
}

#[cfg(test)]
mod tests;
