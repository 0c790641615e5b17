//! What an expression comes to, as far as the file tells. What it leaves open stays as `${path}`, so that a reader sees a
//! reference and never takes it for a literal.
//!
//! Functions: <https://developer.hashicorp.com/terraform/language/functions>.

use serde_json::{Map, Value};

use super::module::{Module, is_open, nested};
use super::policy_document;
use crate::doc::{Kind, Node, hcl};

/// Deepest chain of references and expressions that is followed.
const DEPTH: usize = 64;

/// Longest text that is put together.
const MAX_TEXT: usize = 64 << 10;

/// Most items that a `for` runs through.
const MAX_ITEMS: usize = 200;

/// Names that stand for values inside a `for`.
type Names = Vec<(String, Value)>;

impl Module<'_> {
    /// What a node comes to.
    #[must_use]
    pub fn value(&self, node: &Node) -> Value {
        self.eval(node, &mut Names::new(), DEPTH)
    }

    /// The text that it comes to, references left in; `None` when it is none.
    #[must_use]
    pub fn text(&self, node: &Node) -> Option<String> {
        match self.value(node) {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The text that it comes to, when the file tells all of it.
    #[must_use]
    pub fn literal(&self, node: &Node) -> Option<String> {
        self.text(node).filter(|text| !is_open(text))
    }

    /// The texts of a list, or of a value that stands for a list of one.
    #[must_use]
    pub fn texts(&self, node: &Node) -> Vec<String> {
        match self.value(node) {
            Value::Array(items) => items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            Value::String(text) => vec![text],
            _ => Vec::new(),
        }
    }

    /// The boolean that it comes to.
    #[must_use]
    pub fn flag(&self, node: &Node) -> Option<bool> {
        match self.value(node) {
            Value::Bool(flag) => Some(flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The path that a node refers to, through locals: `aws_iam_role.ci.name`.
    #[must_use]
    pub fn path(&self, node: &Node) -> Option<String> {
        let mut node = node;
        let owned;
        for _ in 0..DEPTH {
            if let Some(text) = node.as_str() {
                owned = hcl::template(text, node.span)?;
                return hcl::reference(&owned).map(str::to_owned);
            }
            if let Some((_, yes, no)) = hcl::conditional(node) {
                node = if matches!(yes.kind, Kind::Null) { no } else { yes };
                continue;
            }
            if let Some(("try" | "coalesce" | "one" | "element" | "tostring", arguments)) = hcl::call(node) {
                node = arguments.first()?;
                continue;
            }
            let path = hcl::reference(node)?;
            let local = path.strip_prefix("local.").and_then(|name| self.locals.get(name));
            match local {
                Some(value) => node = value,
                None => return Some(path.to_owned()),
            }
        }
        None
    }

    /// Takes steps; false when none are left.
    fn step(&self, cost: usize) -> bool {
        let left = self.steps.get().checked_sub(cost);
        self.steps.set(left.unwrap_or_default());
        left.is_some()
    }

    fn eval(&self, node: &Node, names: &mut Names, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.step(1)) else { return open(node) };
        if hcl::is_expression(node) {
            return self.expression(node, names, depth);
        }
        match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| Value::String(number.clone())),
            // In the JSON syntax every text is a template; in the other one they are told apart already.
            Kind::String(text) if text.contains("${") && self.is_json() => match hcl::template(text, node.span) {
                Some(inner) if inner.as_str().is_none() => self.eval(&inner, names, depth),
                _ => Value::String(text.clone()),
            },
            Kind::String(text) => {
                let _ = self.step(text.len() / 64);
                Value::String(text.clone())
            }
            Kind::Sequence(items) => items.iter().map(|item| self.eval(item, names, depth)).collect(),
            Kind::Mapping(entries) => {
                let mut out = Map::new();
                for (key, value) in entries {
                    let name = match self.eval(key, names, depth) {
                        Value::String(name) => name,
                        other => other.to_string(),
                    };
                    out.insert(name, self.eval(value, names, depth));
                }
                Value::Object(out)
            }
        }
    }

    fn is_json(&self) -> bool {
        self.input.path.file_name().ends_with(b".json")
    }

    fn expression(&self, node: &Node, names: &mut Names, depth: usize) -> Value {
        if let Some(path) = hcl::reference(node) {
            return self.reference(path, names, depth);
        }
        if let Some(parts) = hcl::parts(node) {
            let mut text = String::new();
            for part in parts {
                match self.eval(part, names, depth) {
                    Value::String(part) if text.len() + part.len() <= MAX_TEXT => text.push_str(&part),
                    Value::Number(number) => text.push_str(&number.to_string()),
                    Value::Bool(flag) => text.push_str(&flag.to_string()),
                    // `jsonencode` inside a text.
                    value @ (Value::Array(_) | Value::Object(_)) => {
                        let written = value.to_string();
                        text.push_str(if text.len() + written.len() <= MAX_TEXT { &written } else { "null" });
                    }
                    _ => text.push_str(&shown(part)),
                }
            }
            let _ = self.step(text.len() / 64);
            return Value::String(text);
        }
        if let Some((condition, yes, no)) = hcl::conditional(node) {
            return match self.eval(condition, names, depth) {
                Value::Bool(true) => self.eval(yes, names, depth),
                Value::Bool(false) => self.eval(no, names, depth),
                // Not told: what is there in one of the cases counts.
                _ => match self.eval(yes, names, depth) {
                    Value::Null => self.eval(no, names, depth),
                    Value::Array(items) if items.is_empty() => self.eval(no, names, depth),
                    Value::String(text) if text.is_empty() => self.eval(no, names, depth),
                    value => value,
                },
            };
        }
        if let Some(all) = hcl::comprehension(node) {
            return self.comprehension(all, names, depth);
        }
        if let Some((name, arguments)) = hcl::call(node) {
            return self.call(name, arguments, node, names, depth);
        }
        open(node)
    }

    fn reference(&self, path: &str, names: &mut Names, depth: usize) -> Value {
        let unknown = || Value::String(format!("${{{path}}}"));
        let head = path.split(['.', '[']).next().unwrap_or(path);
        if let Some((_, value)) = names.iter().rev().find(|(name, _)| name == head) {
            return select(value.clone(), path.get(head.len()..).unwrap_or_default()).unwrap_or_else(unknown);
        }
        let part = |rest: &str| {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            (rest.get(..end).unwrap_or_default().to_owned(), rest.get(end..).unwrap_or_default().to_owned())
        };
        if let Some(rest) = path.strip_prefix("local.") {
            let (name, rest) = part(rest);
            let Some(node) = self.locals.get(name.as_str()) else { return unknown() };
            return select(self.eval(node, &mut Names::new(), depth), &rest).unwrap_or_else(unknown);
        }
        if let Some(rest) = path.strip_prefix("var.") {
            let (name, rest) = part(rest);
            let Some(node) = self.default_of(&name) else { return unknown() };
            let value = select(self.eval(node, &mut Names::new(), depth), &rest);
            // An empty default is there to be replaced.
            let empty = |value: &Value| match value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                _ => false,
            };
            return value.filter(|value| !empty(value)).unwrap_or_else(unknown);
        }
        self.attribute(path, depth).unwrap_or_else(unknown)
    }

    /// What is known of an attribute of something that the file declares.
    fn attribute(&self, path: &str, depth: usize) -> Option<Value> {
        let (block, rest) = self.find(path)?;
        let argument = |name: &str| block.get(name).map(|node| self.eval(node, &mut Names::new(), depth));
        match (block.kind, rest.as_str()) {
            ("aws_iam_policy_document", "json" | "minified_json") if block.data => {
                Some(policy_document::read(self, block.body, depth))
            }
            ("aws_iam_policy", "arn") if block.data => argument("arn"),
            ("aws_iam_policy", "policy") => argument("policy"),
            ("aws_iam_role" | "aws_iam_user" | "aws_iam_group", "name" | "id") => argument("name"),
            (kind @ ("aws_iam_role" | "aws_iam_user" | "aws_iam_group" | "aws_iam_policy"), "arn") => {
                let name = argument("name").and_then(|name| name.as_str().map(str::to_owned))?;
                let path = argument("path").and_then(|path| path.as_str().map(str::to_owned)).unwrap_or_default();
                let kind = kind.strip_prefix("aws_iam_")?;
                let path = path.trim_start_matches('/');
                Some(Value::String(format!("arn:aws:iam::${{account}}:{kind}/{path}{name}")))
            }
            ("aws_iam_openid_connect_provider", "arn" | "id") => {
                let url = argument("url").and_then(|url| url.as_str().map(str::to_owned))?;
                let host = url.strip_prefix("https://").unwrap_or(&url).trim_end_matches('/').to_owned();
                Some(Value::String(format!("arn:aws:iam::${{account}}:oidc-provider/{host}")))
            }
            ("aws_iam_openid_connect_provider", "url") => argument("url").map(|url| match url {
                Value::String(url) => Value::String(url.strip_prefix("https://").unwrap_or(&url).to_owned()),
                other => other,
            }),
            ("aws_s3_bucket", "arn") => {
                let bucket = argument("bucket").and_then(|name| name.as_str().map(str::to_owned))?;
                Some(Value::String(format!("arn:aws:s3:::{bucket}")))
            }
            (_, attribute) if !attribute.is_empty() && !attribute.contains(['.', '[']) => {
                // A plain argument of the block is known; what the provider computes is not.
                let plain = argument(attribute)?;
                (!plain.is_null() && nested(block.body, attribute).is_empty()).then_some(plain)
            }
            _ => None,
        }
    }

    fn comprehension(&self, all: hcl::Comprehension<'_>, names: &mut Names, depth: usize) -> Value {
        let items: Vec<(Value, Value)> = match self.eval(all.collection, names, depth) {
            Value::Array(items) => items.into_iter().enumerate().map(|(i, item)| (Value::from(i), item)).collect(),
            Value::Object(entries) => entries.into_iter().map(|(key, value)| (Value::String(key), value)).collect(),
            _ => vec![],
        };
        let wanted: Vec<String> = all.names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let outer = names.len();
        let mut list = Vec::new();
        let mut object = Map::new();
        // What runs through something unknown is told once, with its names left open.
        let unknown = || wanted.iter().map(|name| Value::String(format!("${{{name}}}")));
        let rounds: Vec<Vec<Value>> = if items.is_empty() {
            vec![unknown().collect()]
        } else {
            let one = wanted.len() == 1;
            let pair = |(key, value): (Value, Value)| if one { vec![value] } else { vec![key, value] };
            items.into_iter().take(MAX_ITEMS).map(pair).collect()
        };
        for round in rounds {
            if self.steps.get() == 0 {
                break;
            }
            names.extend(wanted.iter().cloned().zip(round));
            let value = self.eval(all.value, names, depth);
            match all.key {
                Some(key) => {
                    if let Value::String(key) = self.eval(key, names, depth) {
                        object.insert(key, value);
                    }
                }
                None => list.push(value),
            }
            names.truncate(outer);
        }
        if all.key.is_some() { Value::Object(object) } else { Value::Array(list) }
    }

    fn call(&self, name: &str, arguments: &[Node], node: &Node, names: &mut Names, depth: usize) -> Value {
        let mut values = Vec::with_capacity(arguments.len());
        let wanted = match name {
            "jsonencode" | "jsondecode" | "tostring" | "toset" | "tolist" | "sensitive" | "nonsensitive" | "lower"
            | "upper" | "trimspace" | "one" | "element" | "sort" | "flatten" | "compact" | "distinct" => 1,
            "replace" => 3,
            "trimprefix" | "trimsuffix" | "join" => 2,
            "concat" | "merge" | "format" | "try" | "coalesce" | "coalescelist" | "setunion" => arguments.len(),
            _ => return open(node),
        };
        for argument in arguments.iter().take(wanted) {
            values.push(self.eval(argument, names, depth));
        }
        let known = |value: &Value| !value.is_null() && !value.as_str().is_some_and(is_open);
        let first = values.first().cloned().unwrap_or_default();
        let text = |i: usize| values.get(i).and_then(Value::as_str);
        let result = match name {
            "jsondecode" => first.as_str().and_then(|text| serde_json::from_str(text).ok()),
            "jsonencode" | "tostring" | "toset" | "tolist" | "sensitive" | "nonsensitive" | "sort" | "distinct" => {
                Some(first)
            }
            "try" | "coalesce" | "coalescelist" => values.iter().find(|value| known(value)).cloned().or(Some(first)),
            "one" | "element" => match first {
                Value::Array(items) => items.into_iter().next(),
                other => Some(other),
            },
            "lower" => text(0).filter(|text| !is_open(text)).map(|text| Value::String(text.to_ascii_lowercase())),
            "upper" => text(0).filter(|text| !is_open(text)).map(|text| Value::String(text.to_ascii_uppercase())),
            "trimspace" => text(0).map(|text| Value::String(text.trim().to_owned())),
            "trimprefix" => {
                text(0).zip(text(1)).map(|(text, cut)| Value::String(text.strip_prefix(cut).unwrap_or(text).to_owned()))
            }
            "trimsuffix" => {
                text(0).zip(text(1)).map(|(text, cut)| Value::String(text.strip_suffix(cut).unwrap_or(text).to_owned()))
            }
            // Slashes make a pattern of it; an empty text between letters could make much of little.
            "replace" => match (text(0), text(1), text(2)) {
                (Some(text), Some(from), Some(to))
                    if !from.is_empty() && (from.len() < 2 || !from.starts_with('/')) =>
                {
                    Some(Value::String(text.replace(from, to))).filter(|_| text.len() * (to.len() + 1) < MAX_TEXT)
                }
                _ => None,
            },
            "join" => match values.get(1) {
                Some(Value::Array(items)) => {
                    let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                    let length: usize = items.iter().map(|item| item.len() + 8).sum();
                    (length < MAX_TEXT).then(|| Value::String(items.join(text(0).unwrap_or_default())))
                }
                _ => None,
            },
            "format" => format_text(&values),
            "flatten" => Some(flatten(first)),
            "compact" => match first {
                Value::Array(items) => {
                    Some(items.into_iter().filter(|item| !item.is_null() && item.as_str() != Some("")).collect())
                }
                other => Some(other),
            },
            "concat" | "setunion" => {
                let items = values.into_iter().flat_map(|value| match value {
                    Value::Array(items) => items,
                    Value::Null => Vec::new(),
                    other => vec![other],
                });
                Some(items.collect())
            }
            "merge" => {
                let mut out = Map::new();
                values.into_iter().for_each(|value| {
                    if let Value::Object(entries) = value {
                        out.extend(entries);
                    }
                });
                Some(Value::Object(out))
            }
            _ => None,
        };
        result.unwrap_or_else(|| open(node))
    }
}

/// `format` with `%s`, `%d` and `%v` only.
fn format_text(values: &[Value]) -> Option<Value> {
    let (pattern, mut rest) = (values.first()?.as_str()?, values.iter().skip(1));
    let mut out = String::new();
    let mut pieces = pattern.split('%');
    out.push_str(pieces.next()?);
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            out.push('%');
            out.push_str(pieces.next().unwrap_or_default());
            continue;
        }
        let tail = piece.strip_prefix(['s', 'd', 'v'])?;
        match rest.next()? {
            Value::String(text) => out.push_str(text),
            other => out.push_str(&other.to_string()),
        }
        out.push_str(tail);
        if out.len() > MAX_TEXT {
            return None;
        }
    }
    Some(Value::String(out))
}

fn flatten(value: Value) -> Value {
    let Value::Array(items) = value else { return value };
    let inner = items.into_iter().flat_map(|item| match flatten(item) {
        Value::Array(items) => items,
        other => vec![other],
    });
    inner.collect()
}

/// Follows `.name` and `[index]`.
fn select(mut value: Value, rest: &str) -> Option<Value> {
    let mut rest = rest.to_owned();
    while !rest.is_empty() {
        let (key, after) = match rest.strip_prefix('.') {
            Some(name) => {
                let end = name.find(['.', '[']).unwrap_or(name.len());
                (name.get(..end)?.to_owned(), name.get(end..)?.to_owned())
            }
            None => {
                let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
                (key.trim_matches('"').to_owned(), after.to_owned())
            }
        };
        value = match value {
            Value::Object(mut entries) => entries.remove(&key)?,
            Value::Array(items) => items.into_iter().nth(key.parse().ok()?)?,
            _ => return None,
        };
        rest = after;
    }
    Some(value)
}

/// An expression that is not told, by the first path in it.
fn open(node: &Node) -> Value {
    Value::String(shown(node))
}

fn shown(node: &Node) -> String {
    let mut path = None;
    node.walk(&mut |node| {
        if path.is_none() {
            path = hcl::reference(node).map(str::to_owned);
        }
    });
    format!("${{{}}}", path.as_deref().unwrap_or("expression"))
}
