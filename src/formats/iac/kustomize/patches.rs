//! Patches of a kustomization, as far as they give workloads credentials or accounts. A patch is a part of an object, or a
//! list of operations on one (RFC 6902):
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>. Those in files of their own are read
//! there, when they name a kind.

use serde_json::{Map, Value, json};

use super::ENTRIES;
use crate::doc::{Kind, Node, line_and_column, yaml};
use crate::formats::iac::manifest;
use crate::formats::{Input, Out};
use crate::model::{At, Fact};

/// Deepest value of an operation that is read.
const DEPTH: usize = 16;

/// Reads the patches that stand in the kustomization.
pub(super) fn read(input: &Input<'_>, root: &Node, out: &mut Out<'_>) {
    for key in ["patches", "patchesJson6902"] {
        for item in root.get(key).map(Node::items).unwrap_or_default().iter().take(ENTRIES) {
            if let Some(patch) = item.get("patch").or_else(|| item.get("ops")) {
                one(input, patch, item.get("target"), out);
            }
        }
    }
    let inline = |node: &&Node| node.as_str().is_some_and(|text| text.contains('\n'));
    let merges = root.get("patchesStrategicMerge").map(Node::items).unwrap_or_default();
    for patch in merges.iter().filter(inline).take(ENTRIES) {
        one(input, patch, None, out);
    }
}

fn one(input: &Input<'_>, patch: &Node, target: Option<&Node>, out: &mut Out<'_>) {
    let (first, _) = line_and_column(input.text, patch.inner.start);
    let Some(text) = patch.as_str() else { return };
    let Ok(doc) = yaml::parse(text) else { return };
    let block = input.text.get(patch.span.start..patch.span.end).is_some_and(|written| written.contains('\n'));
    if doc.roots.iter().any(Node::is_mapping) {
        // Lines of a block are those of the text in it.
        return objects(input, text, out, &|inner| {
            let line = if block { line_and_column(text, inner).0 } else { 1 };
            first + line - 1
        });
    }
    for operations in doc.roots.iter().map(Node::items) {
        if let Some(object) = object(operations, target) {
            objects(input, &object.to_string(), out, &|_| first);
        }
    }
}

/// Reads a part of an object as one, its facts standing at these lines.
fn objects(input: &Input<'_>, text: &str, out: &mut Out<'_>, line: &dyn Fn(usize) -> u64) {
    let mut facts: Vec<Fact> = Vec::new();
    let (mut keep, mut ignore) = (|fact| facts.push(fact), |_| {});
    manifest::read(&Input { text, ..*input }, &mut Out::new(&mut keep, &mut ignore));
    for mut fact in facts {
        // What a patch is found in the text of is found by the detector, too; here it has no span of the file.
        if matches!(fact, Fact::Secret(..)) {
            continue;
        }
        let at = At::line(line(fact.at().span.map_or(0, |span| span.start)));
        fact.move_to(at);
        out.fact(fact);
    }
}

/// What the operations add to an object, as an object of its own: variables of its containers and its account.
fn object(operations: &[Node], target: Option<&Node>) -> Option<Value> {
    let of_target = |key: &str| target.and_then(|target| target.get(key)).and_then(Node::scalar);
    let (mut env, mut account) = (Vec::new(), None);
    for operation in operations.iter().take(ENTRIES) {
        let adds = matches!(operation.get("op").and_then(Node::as_str), Some("add" | "replace"));
        let (Some(path), Some(value)) = (operation.get("path").and_then(Node::as_str), operation.get("value")) else {
            continue;
        };
        let mut parts = path.rsplit('/');
        match (adds, parts.next(), parts.next()) {
            (true, Some("serviceAccountName"), _) => account = value.scalar(),
            (true, Some("env"), _) => env.extend(value.items().iter().filter_map(|item| plain(item, DEPTH))),
            // `env/-` and `env/0`.
            (true, Some(_), Some("env")) => env.extend(plain(value, DEPTH)),
            _ => {}
        }
    }
    if env.is_empty() && account.is_none() {
        return None;
    }
    let kind = of_target("kind").unwrap_or_else(|| "Deployment".to_owned());
    let version = match kind.as_str() {
        "Pod" => "v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    // A name may be a pattern that covers several.
    let name = of_target("name").unwrap_or_else(|| format!("every {kind}"));
    let mut pod = Map::new();
    if let Some(account) = account {
        pod.insert("serviceAccountName".to_owned(), Value::String(account));
    }
    pod.insert("containers".to_owned(), json!([{"name": "patch", "env": env}]));
    let spec = match kind.as_str() {
        "Pod" => Value::Object(pod),
        "CronJob" => json!({"jobTemplate": {"spec": {"template": {"spec": pod}}}}),
        _ => json!({"template": {"spec": pod}}),
    };
    let mut metadata = Map::from_iter([("name".to_owned(), Value::String(name))]);
    metadata.extend(of_target("namespace").map(|namespace| ("namespace".to_owned(), Value::String(namespace))));
    Some(json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}))
}

/// A value without its places.
fn plain(node: &Node, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(flag) => Value::Bool(*flag),
        Kind::Number(text) | Kind::String(text) => Value::String(text.clone()),
        Kind::Sequence(items) => Value::Array(items.iter().filter_map(|item| plain(item, depth)).collect()),
        Kind::Mapping(entries) => {
            let entry = |(key, value): &(Node, Node)| Some((key.scalar()?, plain(value, depth)?));
            Value::Object(entries.iter().filter_map(entry).collect())
        }
    })
}
