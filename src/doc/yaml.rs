//! YAML, with spans and comments.
//!
//! The events of a YAML 1.2 parser become a flat table first and the tree second, so that an alias costs one table entry
//! until it is expanded, and expansion is where the budgets are held. Scalars are resolved by the core schema
//! (<https://yaml.org/spec/1.2.2/#103-core-schema>): `on`, `yes` and `0777` are what a pipeline means by them. Merge keys
//! follow <https://yaml.org/type/merge.html>.

mod plain;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};

use super::{Doc, Kind, Node, ParseError};
use crate::model::Span;

/// Deepest nesting read, aliases expanded: far over what people write, far under what a stack holds.
const MAX_DEPTH: usize = 128;

/// Most nodes of one tree, aliases expanded: what 16 MiB of ordinary manifests come to.
const MAX_NODES: usize = 2_000_000;
/// Most nodes that aliases may repeat: a few lines of them name more than any pipeline holds.
const MAX_REPEATED: usize = 100_000;
/// Most bytes of scalars that aliases may copy.
const MAX_COPIED: usize = 64 << 20;
/// Comments in a row that may wait for the node that follows them; they are bounded by the text itself.
const MAX_COMMENTS: usize = 1 << 20;

/// Parses a YAML stream of any number of documents. Anchors and aliases are resolved; merge keys (`<<`) are applied.
///
/// Spans are bytes of `text`. A quoted scalar's `inner` leaves the quotes out; a block scalar's two spans are its
/// content, without the header, the first indentation and the line breaks at its end. A collection spans its first to
/// its last byte. What an alias stands for keeps the spans of its definition, so a span always shows the value. Merged
/// entries come before a mapping's own, so that [`Node::get`] prefers the latter; those that a mapping overrides are
/// left out.
///
/// # Errors
/// When the text is not YAML, an alias has no anchor or lies inside its own, or the tree would be deeper than 128 levels
/// or larger than 2,000,000 nodes; the place is the parser's.
pub fn parse(text: &str) -> Result<Doc, ParseError> {
    // Fewer bytes than nodes are allowed cannot hold too many of them.
    if text.len() < MAX_NODES
        && let Some(doc) = plain::parse(text)
    {
        return Ok(doc);
    }
    full(text)
}

/// The same by the parser of the whole language.
fn full(text: &str) -> Result<Doc, ParseError> {
    let (table, roots, mut comments) = Reader::new(text).read()?;
    comments.sort_unstable();
    let mut builder = Builder { text, table: &table, nodes: 0, repeated: 0, copied: 0 };
    let roots = roots.into_iter().map(|root| builder.build(root, 0, false)).collect::<Result<_, _>>()?;
    Ok(Doc { roots, comments })
}

/// One node of the flat table.
struct Entry<'a> {
    span: Span,
    inner: Span,
    tag: Option<String>,
    value: Value<'a>,
}

/// A node's content; children are indices into the table.
enum Value<'a> {
    Scalar(Cow<'a, str>, bool),
    Sequence(Vec<usize>),
    Mapping(Vec<(usize, usize)>),
    Alias(usize),
}

/// A collection whose end has not been read.
struct Open {
    entry: usize,
    key: Option<usize>,
    flow: bool,
}

/// Fills the table from parser events.
struct Reader<'a> {
    text: &'a str,
    table: Vec<Entry<'a>>,
    open: Vec<Open>,
    anchors: HashMap<usize, usize>,
    roots: Vec<usize>,
    comments: Vec<Span>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let (table, open, roots, comments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { text, table, open, anchors: HashMap::new(), roots, comments }
    }

    #[allow(clippy::type_complexity)]
    fn read(mut self) -> Result<(Vec<Entry<'a>>, Vec<usize>, Vec<Span>), ParseError> {
        let options = granit_parser::options! {
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
            max_buffered_comment_events: MAX_COMMENTS,
        };
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, at) = next.map_err(|e| ParseError {
                line: e.marker().line() as u64,
                column: e.marker().col() as u64 + 1,
                message: e.info(),
            })?;
            let span = self.span(at.byte_range());
            self.event(event, span)?;
        }
        Ok((self.table, self.roots, self.comments))
    }

    /// The parser's range, held to the text and its character boundaries whatever the parser says.
    fn span(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        Span::new(floor(range.start), floor(range.end))
    }

    fn event(&mut self, event: Event<'a>, span: Span) -> Result<(), ParseError> {
        match event {
            Event::Comment(..) => self.comments.push(span),
            Event::Scalar(value, style, anchor, tag) => self.scalar(value, style, anchor, tag.as_deref(), span)?,
            Event::SequenceStart(style, anchor, tag) => {
                self.start(Value::Sequence(Vec::new()), style, anchor, tag.as_deref(), span)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.start(Value::Mapping(Vec::new()), style, anchor, tag.as_deref(), span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                let target = target.ok_or_else(|| error_at(self.text, span.start, "alias without an anchor"))?;
                if self.open.iter().any(|open| open.entry == target) {
                    return Err(error_at(self.text, span.start, "alias inside its own anchor"));
                }
                let entry = self.push(Entry { span, inner: span, tag: None, value: Value::Alias(target) })?;
                self.attach(entry);
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        value: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        mut span: Span,
    ) -> Result<(), ParseError> {
        let mut inner = span;
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted if span.len() >= 2 => {
                inner = Span::new(span.start + 1, span.end - 1);
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                span = trim_block(self.text, span);
                inner = span;
            }
            _ => {}
        }
        // A value left out is reported as a plain `~` of no width.
        let value = if style == ScalarStyle::Plain && span.is_empty() { Cow::Borrowed("") } else { value };
        let value = Value::Scalar(value, style == ScalarStyle::Plain);
        let entry = self.push(Entry { span, inner, tag: tag.map(Tag::original), value })?;
        if anchor != 0 {
            self.anchors.insert(anchor, entry);
        }
        self.attach(entry);
        Ok(())
    }

    fn start(
        &mut self,
        value: Value<'a>,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), ParseError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error_at(self.text, span.start, "nested too deeply"));
        }
        let entry = self.push(Entry { span, inner: span, tag: tag.map(Tag::original), value })?;
        if anchor != 0 {
            self.anchors.insert(anchor, entry);
        }
        self.open.push(Open { entry, key: None, flow: style == StructureStyle::Flow });
        Ok(())
    }

    fn end(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let last = match self.table.get(open.entry).map(|e| &e.value) {
            Some(Value::Sequence(items)) => items.last().copied(),
            Some(Value::Mapping(entries)) => entries.last().map(|(_, v)| *v),
            _ => None,
        };
        // A block collection's end is reported where the next token starts, past comments and blank lines.
        let last = last.and_then(|i| self.table.get(i)).map_or(end.start, |e| e.span.end);
        let end = if open.flow { end.end } else { last };
        if let Some(entry) = self.table.get_mut(open.entry) {
            entry.span = Span::new(entry.span.start, end.max(entry.span.start));
            entry.inner = entry.span;
        }
        self.attach(open.entry);
    }

    fn push(&mut self, entry: Entry<'a>) -> Result<usize, ParseError> {
        if self.table.len() >= MAX_NODES {
            return Err(error_at(self.text, entry.span.start, "too many nodes"));
        }
        self.table.push(entry);
        Ok(self.table.len() - 1)
    }

    /// Hands a finished node to the collection around it.
    fn attach(&mut self, child: usize) {
        let Some(open) = self.open.last_mut() else {
            self.roots.push(child);
            return;
        };
        match self.table.get_mut(open.entry).map(|e| &mut e.value) {
            Some(Value::Sequence(items)) => items.push(child),
            Some(Value::Mapping(entries)) => match open.key.take() {
                None => open.key = Some(child),
                Some(key) => entries.push((key, child)),
            },
            _ => {}
        }
    }
}

/// Makes the tree from the table.
struct Builder<'t, 'a> {
    text: &'a str,
    table: &'t [Entry<'a>],
    nodes: usize,
    repeated: usize,
    copied: usize,
}

impl Builder<'_, '_> {
    /// Builds one node. The depth is bounded, and with it the recursion.
    fn build(&mut self, index: usize, depth: usize, copy: bool) -> Result<Node, ParseError> {
        let table = self.table;
        let Some(entry) = table.get(index) else {
            return Ok(Node { span: Span::default(), inner: Span::default(), tag: None, kind: Kind::Null });
        };
        if let Value::Alias(target) = entry.value {
            return self.build(target, depth, true);
        }
        self.nodes += 1;
        self.repeated += usize::from(copy);
        if self.nodes > MAX_NODES || self.repeated > MAX_REPEATED {
            return Err(error_at(self.text, entry.span.start, "too many nodes once aliases are expanded"));
        }
        if depth > MAX_DEPTH {
            return Err(error_at(self.text, entry.span.start, "nested too deeply"));
        }
        let kind = match &entry.value {
            Value::Scalar(value, plain) => {
                if copy {
                    self.copied += value.len();
                    if self.copied > MAX_COPIED {
                        return Err(error_at(self.text, entry.span.start, "aliases copy too much text"));
                    }
                }
                resolve(Cow::Borrowed(value), *plain, entry.tag.as_deref())
            }
            Value::Sequence(items) => {
                Kind::Sequence(items.iter().map(|i| self.build(*i, depth + 1, copy)).collect::<Result<_, _>>()?)
            }
            Value::Mapping(entries) => Kind::Mapping(self.mapping(entries, depth, copy)?),
            Value::Alias(_) => Kind::Null,
        };
        Ok(Node { span: entry.span, inner: entry.inner, tag: entry.tag.clone(), kind })
    }

    fn mapping(
        &mut self,
        entries: &[(usize, usize)],
        depth: usize,
        copy: bool,
    ) -> Result<Vec<(Node, Node)>, ParseError> {
        let mut own = Vec::with_capacity(entries.len());
        let mut sources = Vec::new();
        for (key, value) in entries {
            match self.merge_sources(*key, *value) {
                Some(found) => sources.extend(found),
                None => own.push((self.build(*key, depth + 1, copy)?, self.build(*value, depth + 1, copy)?)),
            }
        }
        if sources.is_empty() {
            return Ok(own);
        }
        let mut seen: HashSet<String> = own.iter().filter_map(|(key, _)| key.scalar()).collect();
        let mut groups = Vec::with_capacity(sources.len() + 1);
        for source in sources {
            // A merged mapping may merge others, so each counts as a level and the recursion stays bounded.
            let Kind::Mapping(mut merged) = self.build(source, depth + 1, true)?.kind else { continue };
            merged.retain(|(key, _)| key.scalar().is_none_or(|key| !seen.contains(&key)));
            seen.extend(merged.iter().filter_map(|(key, _)| key.scalar()));
            groups.push(merged);
        }
        groups.reverse();
        groups.push(own);
        Ok(groups.into_iter().flatten().collect())
    }

    /// The mappings that an entry merges, the strongest first; `None` when the entry is an ordinary one.
    fn merge_sources(&self, key: usize, value: usize) -> Option<Vec<usize>> {
        match self.table.get(key).map(|e| (&e.value, e.tag.as_deref())) {
            Some((Value::Scalar(name, true), None | Some("!!merge"))) if name == "<<" => {}
            _ => return None,
        }
        let value = self.target(value);
        match self.table.get(value).map(|e| &e.value) {
            Some(Value::Mapping(_)) => Some(vec![value]),
            Some(Value::Sequence(items)) => {
                let items: Vec<usize> = items.iter().map(|i| self.target(*i)).collect();
                let all = items.iter().all(|i| matches!(self.table.get(*i).map(|e| &e.value), Some(Value::Mapping(_))));
                all.then_some(items)
            }
            _ => None,
        }
    }

    fn target(&self, index: usize) -> usize {
        match self.table.get(index).map(|e| &e.value) {
            Some(Value::Alias(target)) => *target,
            _ => index,
        }
    }
}

/// A scalar's value by the core schema; a tag of that schema wins over how it looks.
fn resolve(value: Cow<'_, str>, plain: bool, tag: Option<&str>) -> Kind {
    match tag {
        None if plain => looks(value),
        Some("!!null" | "!!bool" | "!!int" | "!!float") => looks(value),
        // Application tags such as `!Ref` say nothing of the value's type, so only an empty value is told apart.
        Some(_) if plain && value.is_empty() => Kind::Null,
        _ => Kind::String(value.into_owned()),
    }
}

/// What a value is by its text alone.
fn looks(value: Cow<'_, str>) -> Kind {
    match &*value {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        // Numbers begin with a sign, a digit or a point.
        text if text.starts_with(|c: char| matches!(c, '0'..='9' | '+' | '-' | '.')) && is_number(text) => {
            Kind::Number(value.into_owned())
        }
        _ => Kind::String(value.into_owned()),
    }
}

/// Whether a plain scalar is an integer or a float of the core schema.
fn is_number(value: &str) -> bool {
    let all = |digits: &str, of: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| of(&b));
    if let Some(octal) = value.strip_prefix("0o") {
        return all(octal, |b| (b'0'..=b'7').contains(b));
    }
    if let Some(hex) = value.strip_prefix("0x") {
        return all(hex, u8::is_ascii_hexdigit);
    }
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    if matches!(value, ".nan" | ".NaN" | ".NAN") || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| all(e, u8::is_ascii_digit))
}

/// Cuts the blank lines, and the next line's indentation, that the parser counts to a block scalar.
fn trim_block(text: &str, span: Span) -> Span {
    let mut content = text.get(span.start..span.end).unwrap_or_default();
    while let Some((lines, tail)) = content.rsplit_once('\n') {
        if !tail.trim_matches([' ', '\t', '\r']).is_empty() {
            break;
        }
        content = lines;
    }
    Span::new(span.start, span.start + content.trim_end_matches(['\r', '\n']).len())
}

/// An error of our own at a byte offset.
fn error_at(text: &str, offset: usize, message: &str) -> ParseError {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    ParseError { line, column, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
