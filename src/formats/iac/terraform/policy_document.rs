//! The data source `aws_iam_policy_document` as the JSON that it renders
//! (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>).

use serde_json::{Map, Value, json};

use super::module::{Module, is_open, nested};
use crate::doc::{Kind, Node, hcl};

/// Documents that one may be put together from, one inside the other.
const SOURCES: usize = 8;

/// The document, as an object.
pub fn read(module: &Module<'_>, body: &Node, depth: usize) -> Value {
    let mut statements = Vec::new();
    gather(module, body, SOURCES.min(depth), &mut statements);
    json!({ "Statement": statements })
}

fn gather(module: &Module<'_>, body: &Node, depth: usize, out: &mut Vec<Value>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for name in ["source_policy_documents", "source_json", "override_policy_documents", "override_json"] {
        for source in body.get(name).map(hcl::one_or_many).unwrap_or_default() {
            let block = module.path(source).and_then(|path| module.find(&path).map(|(block, _)| *block));
            if let Some(block) = block.filter(|block| block.kind == "aws_iam_policy_document" && block.data) {
                gather(module, block.body, depth, out);
            } else if let Value::String(text) = module.value(source)
                && let Ok(document) = serde_json::from_str::<Value>(&text)
            {
                out.extend(document.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default());
            }
        }
    }
    out.extend(nested(body, "statement").into_iter().map(|statement| read_statement(module, statement)));
}

fn read_statement(module: &Module<'_>, body: &Node) -> Value {
    let mut out = Map::new();
    let effect = body.get("effect").and_then(|node| module.text(node)).unwrap_or_else(|| "Allow".to_owned());
    out.insert("Effect".to_owned(), Value::String(effect));
    for (argument, element) in [
        ("sid", "Sid"),
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let value = body.get(argument).filter(|node| !matches!(node.kind, Kind::Null));
        if let Some(value) = value.map(|node| variables(module.value(node))) {
            out.insert(element.to_owned(), value);
        }
    }
    for (block, element) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        let mut kinds: Map<String, Value> = Map::new();
        for principal in nested(body, block) {
            let kind = principal.get("type").and_then(|node| module.text(node)).unwrap_or_default();
            let kind = if kind == "*" { "AWS".to_owned() } else { kind };
            let names = principal.get("identifiers").map(|node| module.value(node)).unwrap_or_default();
            let names = if let Value::Array(names) = names { names } else { vec![names] };
            if let Value::Array(known) = kinds.entry(kind).or_insert_with(|| json!([])) {
                known.extend(names);
            }
        }
        if !kinds.is_empty() {
            out.insert(element.to_owned(), Value::Object(kinds));
        }
    }
    let mut conditions: Map<String, Value> = Map::new();
    for condition in nested(body, "condition") {
        let test = condition.get("test").and_then(|node| module.text(node)).unwrap_or_default();
        // An operator that the caller chooses is taken for what it usually is.
        let test = if is_open(&test) { "StringLike".to_owned() } else { test };
        let Some(variable) = condition.get("variable").and_then(|node| module.text(node)) else { continue };
        let values = condition.get("values").map(|node| variables(module.value(node))).unwrap_or_default();
        let keys = conditions.entry(test).or_insert_with(|| json!({}));
        if let Value::Object(keys) = keys {
            keys.insert(variable, values);
        }
    }
    if !conditions.is_empty() {
        out.insert("Condition".to_owned(), Value::Object(conditions));
    }
    Value::Object(out)
}

/// AWS's own variables are written `&{aws:username}` here.
fn variables(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("&{", "${")),
        Value::Array(items) => items.into_iter().map(variables).collect(),
        other => other,
    }
}
