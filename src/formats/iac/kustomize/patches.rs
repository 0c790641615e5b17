//! Patches of a kustomization, as far as they give workloads credentials or accounts. A patch is a part of an object, or a
//! list of operations on one (RFC 6902):
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/>. Those in files of their own are read
//! there, when they name a kind.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::ENTRIES;
use crate::doc::{Kind, Node, yaml};
use crate::formats::iac::manifest;
use crate::formats::{Input, Out};
use crate::model::{At, Fact, Span};

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
    let Some(text) = patch.as_str() else { return };
    let Ok(doc) = yaml::parse(text) else { return };
    let block = Block::new(input.text, patch, text);
    if doc.roots.iter().any(Node::is_mapping) {
        return objects(input, text, out, &|inner| block.place(inner));
    }
    for operations in doc.roots.iter().map(Node::items) {
        let Some((object, values)) = object(operations, target) else { continue };
        let written = object.to_string();
        // Each value stands in the object as it is written here; of two that are alike the first is meant.
        let places: Vec<(Range<usize>, Span)> = values
            .into_iter()
            .filter_map(|(value, span)| {
                let at = memchr::memmem::find(written.as_bytes(), value.as_bytes())?;
                Some((at..at + value.len(), span))
            })
            .collect();
        objects(input, &written, out, &|inner| {
            let known = places.iter().find(|(range, _)| range.contains(&inner.start));
            known.map_or(patch.inner, |(_, span)| block.place(*span))
        });
    }
}

/// The text of a patch in its file.
struct Block<'b> {
    file: &'b str,
    patch: &'b Node,
    text: &'b str,
    /// Where its lines begin in the file, their indentation left out; empty for one that is no block.
    lines: Vec<usize>,
}

impl<'b> Block<'b> {
    fn new(file: &'b str, patch: &'b Node, text: &'b str) -> Self {
        let span = patch.inner;
        let written = file.get(span.start..span.end).unwrap_or_default();
        let before = file.get(..span.start).unwrap_or_default();
        let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        let later = memchr::memchr_iter(b'\n', written.as_bytes()).map(|at| span.start + at + 1 + indent);
        let lines: Vec<usize> = std::iter::once(span.start).chain(later).collect();
        Self { file, patch, text, lines: if lines.len() > 1 { lines } else { Vec::new() } }
    }

    /// Where a part of the text stands in the file; the whole patch where that cannot be told.
    fn place(&self, inner: Span) -> Span {
        let point = |offset: usize| {
            let before = self.text.get(..offset)?;
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = memchr::memchr_iter(b'\n', before.as_bytes()).count();
            let at = (self.lines.get(line)? + offset - start).min(self.patch.inner.end);
            self.file.is_char_boundary(at).then_some(at)
        };
        match (point(inner.start), point(inner.end)) {
            (Some(start), Some(end)) if start <= end => Span::new(start, end),
            _ => self.patch.inner,
        }
    }
}

/// Reads a part of an object as one, its facts standing at these places of the file.
fn objects(input: &Input<'_>, text: &str, out: &mut Out<'_>, place: &dyn Fn(Span) -> Span) {
    let mut facts: Vec<Fact> = Vec::new();
    let (mut keep, mut ignore) = (|fact| facts.push(fact), |_| {});
    manifest::read(&Input { text, ..*input }, &mut Out::new(&mut keep, &mut ignore));
    for mut fact in facts {
        // What a patch is found in the text of is found by the detector, too; here it has no span of the file.
        if matches!(fact, Fact::Secret(..)) {
            continue;
        }
        let at = At::span(place(fact.at().span.unwrap_or_default()));
        fact.move_to(at);
        out.fact(fact);
    }
}

/// What the operations add to an object, as an object of its own: variables of its containers and its account. Beside it, its
/// parts as they are written in it, with their places among the operations.
fn object(operations: &[Node], target: Option<&Node>) -> Option<(Value, Vec<(String, Span)>)> {
    let of_target = |key: &str| target.and_then(|target| target.get(key)).and_then(Node::scalar);
    let (mut env, mut account, mut places) = (Vec::new(), None, Vec::new());
    let mut add = |item: &Node| {
        let Some(value) = plain(item, DEPTH) else { return };
        places.push((value.to_string(), item.span));
        env.push(value);
    };
    for operation in operations.iter().take(ENTRIES) {
        let adds = matches!(operation.get("op").and_then(Node::as_str), Some("add" | "replace"));
        let (Some(path), Some(value)) = (operation.get("path").and_then(Node::as_str), operation.get("value")) else {
            continue;
        };
        let mut parts = path.rsplit('/');
        match (adds, parts.next(), parts.next()) {
            (true, Some("serviceAccountName"), _) => account = value.scalar().map(|name| (name, value.span)),
            (true, Some("env"), _) => value.items().iter().for_each(&mut add),
            // `env/-` and `env/0`.
            (true, Some(_), Some("env")) => add(value),
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
    if let Some((account, span)) = account {
        let account = Value::String(account);
        places.push((format!("\"serviceAccountName\":{account}"), span));
        pod.insert("serviceAccountName".to_owned(), account);
    }
    pod.insert("containers".to_owned(), json!([{"name": "patch", "env": env}]));
    let spec = match kind.as_str() {
        "Pod" => Value::Object(pod),
        "CronJob" => json!({"jobTemplate": {"spec": {"template": {"spec": pod}}}}),
        _ => json!({"template": {"spec": pod}}),
    };
    let mut metadata = Map::from_iter([("name".to_owned(), Value::String(name))]);
    metadata.extend(of_target("namespace").map(|namespace| ("namespace".to_owned(), Value::String(namespace))));
    Some((json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}), places))
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
