//! A template while it is read: its parameters and resources by name, and what intrinsic functions come to.
//!
//! Functions: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>. A
//! parameter stands for its default, which is what is deployed when nobody says otherwise; what only a deployment knows
//! becomes `${Name}`, a text that matches nothing and is no wildcard.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::doc::{Kind, Node};
use crate::formats::{Input, Out, ReadNotice};
use crate::model::{IdentityKey, NoticeKind, Span};

/// Deepest nesting of values that is followed; YAML gives less.
const DEPTH: usize = 160;

/// Longest text that functions put together.
const TEXT_MAX: usize = 16 << 10;

/// Parts that one text is split into.
const SPLIT_MAX: usize = 500;

/// Bytes of text that all functions of one file may come to.
const TEXT_BUDGET: usize = 32 << 20;

/// One resource.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its logical id.
    pub id: &'a str,
    /// Where the id stands.
    pub at: Span,
    /// Its type: `AWS::IAM::Role`.
    pub kind: &'a str,
    /// Its properties; null when it has none.
    pub properties: &'a Node,
}

/// A template.
pub struct Template<'a> {
    /// The file.
    pub input: &'a Input<'a>,
    /// The platform of identities that it declares: `cloudformation`, `serverless`.
    pub platform: &'static str,
    resources: BTreeMap<&'a str, Resource<'a>>,
    order: Vec<&'a str>,
    defaults: BTreeMap<&'a str, &'a Node>,
    parameters: BTreeMap<&'a str, &'a Node>,
    text: Cell<usize>,
}

static NULL: Node =
    Node { span: Span { start: 0, end: 0 }, inner: Span { start: 0, end: 0 }, tag: None, kind: Kind::Null };

impl<'a> Template<'a> {
    /// A template without anything in it.
    #[must_use]
    pub fn new(input: &'a Input<'a>, platform: &'static str) -> Self {
        Self {
            input,
            platform,
            resources: BTreeMap::new(),
            order: Vec::new(),
            defaults: BTreeMap::new(),
            parameters: BTreeMap::new(),
            text: Cell::new(TEXT_BUDGET),
        }
    }

    /// Adds the entries of a `Parameters` mapping.
    pub fn add_parameters(&mut self, parameters: Option<&'a Node>) {
        for (key, parameter) in parameters.map(Node::entries).unwrap_or_default() {
            let Some(name) = key.as_str() else { continue };
            self.parameters.insert(name, parameter);
            if let Some(default) = parameter.get("Default") {
                self.defaults.insert(name, default);
            }
        }
    }

    /// Adds the entries of a `Resources` mapping that have a type; `Fn::ForEach` and transforms have none.
    pub fn add_resources(&mut self, resources: Option<&'a Node>) {
        for (key, resource) in resources.map(Node::entries).unwrap_or_default() {
            let (Some(id), Some(kind)) = (key.as_str(), resource.get("Type").and_then(Node::as_str)) else { continue };
            let properties = resource.get("Properties").unwrap_or(&NULL);
            if self.resources.insert(id, Resource { id, at: key.span, kind, properties }).is_none() {
                self.order.push(id);
            }
        }
    }

    /// Its resources in order.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'a>> + '_ {
        self.order.iter().filter_map(|id| self.resources.get(id).copied())
    }

    /// The resource of an id.
    #[must_use]
    pub fn resource(&self, id: &str) -> Option<Resource<'a>> {
        self.resources.get(id).copied()
    }

    /// The parameter of a name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a Node> {
        self.parameters.get(name).copied()
    }

    /// The key of what the file declares under a logical id.
    #[must_use]
    pub fn key(&self, kind: &str, id: &str) -> IdentityKey {
        IdentityKey::new(self.platform, kind, &format!("{}#{id}", place(self.input)))
    }

    /// The resource that a value names by `Ref` or `Fn::GetAtt`.
    #[must_use]
    pub fn referred(&self, node: &Node) -> Option<Resource<'a>> {
        let (function, argument) = function(node)?;
        let id = match function {
            "Ref" => argument.as_str()?,
            "GetAtt" => match argument.as_str() {
                Some(path) => path.split('.').next()?,
                None => argument.items().first()?.as_str()?,
            },
            "Sub" => argument.as_str()?.strip_prefix("${")?.strip_suffix('}')?.split('.').next()?,
            "If" => return argument.items().iter().skip(1).find_map(|branch| self.shallow(branch)),
            _ => return None,
        };
        self.resource(id)
    }

    /// The resource that a branch of a condition names; conditions inside it are not followed.
    fn shallow(&self, node: &Node) -> Option<Resource<'a>> {
        let (name, _) = function(node)?;
        (name != "If").then(|| self.referred(node)).flatten()
    }

    /// The items of a list, those of a condition's branches among them; one thing is a list of one.
    #[must_use]
    pub fn list<'n>(&self, node: Option<&'n Node>) -> Vec<&'n Node> {
        let mut out = Vec::new();
        let mut open: Vec<&Node> = node.into_iter().collect();
        while let Some(node) = open.pop() {
            match function(node) {
                Some(("If", argument)) => open.extend(argument.items().iter().skip(1).take(2).rev()),
                Some(("Ref", name)) if name.as_str() == Some("AWS::NoValue") => {}
                Some(_) => out.push(node),
                None => match &node.kind {
                    Kind::Null => {}
                    Kind::Sequence(items) => open.extend(items.iter().rev()),
                    _ => out.push(node),
                },
            }
        }
        out
    }

    /// The name of a secret that a value gives; a reference is told by what it refers to.
    #[must_use]
    pub fn named(&self, node: &Node) -> Option<String> {
        let text = self.text(node).filter(|text| !text.is_empty())?;
        let inner =
            text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|inner| !inner.contains('$'));
        Some(inner.unwrap_or(&text).chars().take(200).collect())
    }

    /// A value with its functions worked out.
    #[must_use]
    pub fn value(&self, node: &Node) -> Value {
        self.resolve(node, DEPTH)
    }

    /// The text that a value comes to; the first one where a condition chooses.
    #[must_use]
    pub fn text(&self, node: &Node) -> Option<String> {
        match self.value(node) {
            Value::String(text) => Some(text),
            Value::Array(items) => items.into_iter().find_map(|item| item.as_str().map(str::to_owned)),
            Value::Number(_) | Value::Bool(_) => node.scalar(),
            _ => None,
        }
    }

    /// The text, where the file itself gives all of it.
    #[must_use]
    pub fn literal(&self, node: Option<&Node>) -> Option<String> {
        node.and_then(|node| self.text(node)).filter(|text| !text.is_empty() && !text.contains("${"))
    }

    fn resolve(&self, node: &Node, depth: usize) -> Value {
        let Some(deeper) = depth.checked_sub(1) else { return Value::Null };
        if let Some((name, argument)) = function(node) {
            return self.call(name, argument, deeper);
        }
        self.plain_value(node, deeper)
    }

    /// A value that calls no function itself.
    fn plain_value(&self, node: &Node, deeper: usize) -> Value {
        match &node.kind {
            Kind::Null => Value::Null,
            Kind::Bool(is) => Value::Bool(*is),
            Kind::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| Value::String(number.clone())),
            Kind::String(text) => Value::String(self.spend(text.clone())),
            Kind::Sequence(items) => {
                let mut out = Vec::with_capacity(items.len());
                for item in items {
                    match (self.resolve(item, deeper), function(item).is_some()) {
                        (Value::Array(more), true) => out.extend(more),
                        (Value::Null, true) => {}
                        (value, _) => out.push(value),
                    }
                }
                Value::Array(out)
            }
            Kind::Mapping(entries) => {
                let mut out = Map::new();
                for (key, value) in entries {
                    if let Some(key) = key.scalar() {
                        out.insert(self.spend(key), self.resolve(value, deeper));
                    }
                }
                Value::Object(out)
            }
        }
    }

    /// Counts a text; one over the budget is left out.
    fn spend(&self, text: String) -> String {
        match self.text.get().checked_sub(text.len()) {
            Some(left) => {
                self.text.set(left);
                text
            }
            None => {
                self.text.set(0);
                String::new()
            }
        }
    }

    fn call(&self, name: &str, argument: &Node, depth: usize) -> Value {
        match name {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "GetAtt" => {
                let path = argument.as_str().map(str::to_owned).unwrap_or_else(|| {
                    argument.items().iter().filter_map(Node::as_str).take(3).collect::<Vec<_>>().join(".")
                });
                Value::String(self.spend(self.attribute(&path)))
            }
            "Sub" => Value::String(self.spend(self.substitute(argument, depth))),
            "Join" => Value::String(self.spend(self.join(argument, depth))),
            "If" => self.choose(argument, depth),
            // The short form is a tag of the argument itself.
            "Base64" if argument.tag.is_some() => self.plain_value(argument, depth),
            "Base64" => self.resolve(argument, depth),
            "Split" => self.split(argument, depth),
            "Select" => self.select(argument, depth),
            "FindInMap" | "ImportValue" | "GetAZs" | "Cidr" | "Transform" | "Length" | "ToJsonString"
            | "GetStackOutput" => Value::String(format!("${{{name}}}")),
            _ => Value::Null,
        }
    }

    fn reference(&self, name: &str) -> Value {
        if let Some(pseudo) = pseudo(name) {
            return pseudo;
        }
        if let Some(resource) = self.resource(name) {
            let arn = matches!(resource.kind, "AWS::IAM::ManagedPolicy" | "AWS::IAM::OIDCProvider");
            let text = if arn { self.attribute(&format!("{name}.Arn")) } else { format!("${{{name}}}") };
            return Value::String(self.spend(text));
        }
        let Some(default) = self.defaults.get(name) else { return Value::String(format!("${{{name}}}")) };
        let list = self.parameter(name).and_then(|p| p.get("Type")).and_then(Node::as_str);
        let list = list.is_some_and(|kind| kind.contains("List"));
        match default.scalar() {
            // The default names an entry of the parameter store, whose value only a deployment knows.
            Some(_) if self.is_stored(name) => Value::String(format!("${{{name}}}")),
            Some(text) if list => {
                Value::Array(text.split(',').map(|item| Value::String(self.spend(item.trim().to_owned()))).collect())
            }
            Some(text) if !text.is_empty() && text.len() <= TEXT_MAX => Value::String(self.spend(text)),
            _ => Value::String(format!("${{{name}}}")),
        }
    }

    fn is_stored(&self, parameter: &str) -> bool {
        let kind = self.parameter(parameter).and_then(|p| p.get("Type")).and_then(Node::as_str);
        kind.is_some_and(|kind| kind.starts_with("AWS::SSM::"))
    }

    /// `Id.Attribute`: ARNs of identities and of what they trust, which their names give.
    fn attribute(&self, path: &str) -> String {
        let (id, attribute) = path.split_once('.').unwrap_or((path, ""));
        let unknown = || format!("${{{}}}", path.chars().take(200).collect::<String>());
        let Some(resource) = self.resource(id).filter(|_| attribute == "Arn") else { return unknown() };
        let named = |property: &str| {
            let text = resource.properties.get(property).filter(|n| function(n).is_none()).and_then(Node::as_str);
            text.map_or_else(|| format!("${{{id}}}"), str::to_owned)
        };
        let (kind, name) = match resource.kind {
            "AWS::IAM::Role" => ("role", named("RoleName")),
            "AWS::IAM::User" => ("user", named("UserName")),
            "AWS::IAM::ManagedPolicy" => ("policy", named("ManagedPolicyName")),
            "AWS::IAM::OIDCProvider" => {
                let url = named("Url");
                ("oidc-provider", url.strip_prefix("https://").unwrap_or(&url).trim_end_matches('/').to_owned())
            }
            _ => return unknown(),
        };
        format!("arn:aws:iam::${{AccountId}}:{kind}/{name}")
    }

    fn substitute(&self, argument: &Node, depth: usize) -> String {
        let (template, values) = match argument.items() {
            [template, values, ..] => (template.as_str(), Some(values)),
            _ => (argument.as_str(), None),
        };
        let values: BTreeMap<&str, String> = (values.map(Node::entries).unwrap_or_default().iter())
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
            .map(|(name, value)| (name, plain(&self.resolve(value, depth.min(8)), name)))
            .collect();
        let mut out = String::new();
        let mut rest = template.unwrap_or_default();
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else { break };
            rest = tail;
            let name = name.trim();
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = values.get(name) {
                out.push_str(value);
            } else if name.contains('.') {
                out.push_str(&self.attribute(name));
            } else {
                out.push_str(&plain(&self.reference(name), name));
            }
            if out.len() > TEXT_MAX {
                return out.chars().take(TEXT_MAX).collect();
            }
        }
        out.push_str(rest);
        out
    }

    fn join(&self, argument: &Node, depth: usize) -> String {
        let [delimiter, list] = argument.items() else { return "${Join}".to_owned() };
        let delimiter = delimiter.as_str().unwrap_or_default();
        let mut out = String::new();
        match self.resolve(list, depth) {
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(delimiter);
                    }
                    out.push_str(&plain(item, "Join"));
                    if out.len() > TEXT_MAX {
                        break;
                    }
                }
                out.chars().take(TEXT_MAX).collect()
            }
            Value::String(text) => text,
            _ => "${Join}".to_owned(),
        }
    }

    fn split(&self, argument: &Node, depth: usize) -> Value {
        let [delimiter, text] = argument.items() else { return Value::String("${Split}".to_owned()) };
        let delimiter = delimiter.as_str().filter(|delimiter| !delimiter.is_empty());
        match (delimiter, self.resolve(text, depth)) {
            (Some(delimiter), Value::String(text)) => {
                let parts = text.split(delimiter).take(SPLIT_MAX);
                Value::Array(parts.map(|part| Value::String(self.spend(part.to_owned()))).collect())
            }
            _ => Value::String("${Split}".to_owned()),
        }
    }

    fn select(&self, argument: &Node, depth: usize) -> Value {
        let unknown = || Value::String("${Select}".to_owned());
        let [index, list] = argument.items() else { return unknown() };
        let Some(index) = index.scalar().and_then(|index| index.parse::<usize>().ok()) else { return unknown() };
        match self.resolve(list, depth) {
            Value::Array(mut items) if index < items.len() => items.swap_remove(index),
            _ => unknown(),
        }
    }

    /// Both branches of a condition: a list of them where both are texts, else the first that is something.
    fn choose(&self, argument: &Node, depth: usize) -> Value {
        let branches: Vec<Value> = argument.items().iter().skip(1).take(2).map(|b| self.resolve(b, depth)).collect();
        let mut some: Vec<Value> = branches.into_iter().filter(|value| !value.is_null()).collect();
        if some.len() == 2 && some.iter().all(|value| value.is_string() || value.is_array()) {
            let flat = some.into_iter().flat_map(|value| match value {
                Value::Array(items) => items,
                other => vec![other],
            });
            return Value::Array(flat.collect());
        }
        if some.is_empty() { Value::Null } else { some.swap_remove(0) }
    }
}

/// The path of a file with its repository, where that is known.
#[must_use]
pub fn place(input: &Input<'_>) -> String {
    let path = input.path.display();
    input.repository.map_or_else(|| path.clone(), |repository| format!("{repository}/{path}"))
}

/// Says that something is wrong at a place of the file.
pub fn gap(input: &Input<'_>, at: Span, code: &'static str, message: &str, out: &mut Out<'_>) {
    let (line, column) = crate::doc::line_and_column(input.text, at.start);
    out.notice(ReadNotice { kind: NoticeKind::Gap, code, line, column, message: message.to_owned() });
}

/// The function that a node calls, in its long or short form, without `Fn::`.
#[must_use]
pub fn function(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = node.tag.as_deref().and_then(|tag| tag.strip_prefix('!')) {
        let known = tag.starts_with(|c: char| c.is_ascii_uppercase());
        return known.then_some((tag, node));
    }
    let [(key, argument)] = node.entries() else { return None };
    match key.as_str()? {
        "Ref" => Some(("Ref", argument)),
        name => name.strip_prefix("Fn::").map(|name| (name, argument)),
    }
}

/// Pseudo parameters. Account and region keep a name without colons, which would break an ARN's parts.
fn pseudo(name: &str) -> Option<Value> {
    let text = match name.strip_prefix("AWS::")? {
        "Partition" => "aws".to_owned(),
        "URLSuffix" => "amazonaws.com".to_owned(),
        "NoValue" => return Some(Value::Null),
        other => format!("${{{other}}}"),
    };
    Some(Value::String(text))
}

fn plain(value: &Value, name: &str) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Array(items) => items.first().map_or_else(String::new, |first| plain_leaf(first, name)),
        _ => format!("${{{name}}}"),
    }
}

fn plain_leaf(value: &Value, name: &str) -> String {
    value.as_str().map_or_else(|| format!("${{{name}}}"), str::to_owned)
}
