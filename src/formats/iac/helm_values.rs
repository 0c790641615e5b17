//! Values of Helm charts: secrets that are written into them.
//!
//! <https://helm.sh/docs/chart_template_guide/values_files/>. Templates of charts are read as manifests.

use super::literal::{self, Value};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax, environment, names};
use crate::model::{
    At, AuthMode, EnvironmentClass, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, UsageFact,
};

/// The format.
pub const FORMAT: Format =
    Format { id: "helm-values", name: "Helm values", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    // What chart-testing installs a chart with for a trial (<https://github.com/helm/chart-testing>).
    let trial = path.as_bytes().rsplit(|b| *b == b'/').nth(1) == Some(b"ci");
    is_named(&path.file_name().to_ascii_lowercase()) && !trial && !head.contains("{{") && !head.contains("<%")
}

/// `values.yaml`, `values-prod.yaml`, `values.prod.yml`, `prod-values.yaml`, `app.values.yaml`.
fn is_named(name: &[u8]) -> bool {
    let Some(stem) = name.strip_suffix(b".yaml").or_else(|| name.strip_suffix(b".yml")) else { return false };
    let marks = |b: Option<&u8>| matches!(b, None | Some(b'-' | b'.' | b'_'));
    stem.strip_prefix(b"values").is_some_and(|rest| marks(rest.first()))
        || stem.strip_suffix(b"values").is_some_and(|rest| marks(rest.last()))
}

/// Where a key lies, for people: `postgresql.auth.password`.
struct Place<'d> {
    node: &'d Node,
    path: String,
    depth: usize,
}

/// Deepest nesting that is followed.
const DEPTH: usize = 40;
/// Longest path, in bytes, that is told or followed.
const PATH: usize = 200;

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    // SOPS keeps the shape of the file and encrypts the values.
    if root.get("sops").is_some() {
        return;
    }
    let path = input.path.display();
    let key = IdentityKey::new("helm", "workload", &format!("{}/{path}#values", input.repository.unwrap_or_default()));
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let chart = parts.next().unwrap_or_default();
    let name = if chart.is_empty() { file.to_owned() } else { format!("{chart}/{file}") };
    let mut identity = IdentityFact::new(key.clone(), IdentityKind::Workload, "helm", &name);
    identity.human = Human::No;
    let class = environment::classify("file", file);
    if class.class != EnvironmentClass::Unknown {
        identity.environment = class;
    }
    let mut found = Vec::new();
    let mut open = vec![Place { node: root, path: String::new(), depth: 0 }];
    while let Some(place) = open.pop() {
        if found.len() >= BUDGET || place.depth > DEPTH || place.path.len() > PATH {
            continue;
        }
        let inner = place.node.entries().iter().rev();
        for (key, value) in inner {
            let Some(name) = key.scalar() else { continue };
            let path = if place.path.is_empty() { name.clone() } else { format!("{}.{name}", place.path) };
            match &value.kind {
                Kind::Mapping(_) | Kind::Sequence(_) => open.push(Place { node: value, path, depth: place.depth + 1 }),
                _ => found.extend(literal(&name, value, &path).map(|usage| (value.span, usage))),
            }
        }
        for (n, item) in place.node.items().iter().enumerate().rev() {
            // `env: [{name: X, value: y}]` as pods have it.
            let pair = item.get("name").and_then(Node::scalar).zip(item.get("value"));
            if let Some((name, value)) = pair {
                let path = format!("{}.{name}", place.path);
                found.extend(literal(&name, value, &path).map(|usage| (value.span, usage)));
            } else {
                let path = format!("{}[{n}]", place.path);
                open.push(Place { node: item, path, depth: place.depth + 1 });
            }
        }
    }
    if found.is_empty() {
        return;
    }
    found.sort_by_key(|(span, _)| span.start);
    out.fact(Fact::Identity(At::span(root.span), identity));
    for (span, mut usage) in found {
        usage.identity = Some(key.clone());
        out.fact(Fact::Usage(At::span(span), usage));
    }
}

/// The use of a literal under a key that promises a secret.
fn literal(name: &str, value: &Node, path: &str) -> Option<UsageFact> {
    let text = value.scalar()?;
    if path.len() > PATH || !literal::holds_secret(name) {
        return None;
    }
    let mut attributes = std::collections::BTreeMap::new();
    match literal::judge(name, &text) {
        Value::Literal => {}
        Value::Common => {
            attributes.insert("common".to_owned(), "true".to_owned());
        }
        Value::None | Value::Placeholder => return None,
    }
    Some(UsageFact {
        identity: None,
        mode: AuthMode::Static,
        provider: names::provider(name).unwrap_or_default().to_owned(),
        credential: None,
        target: None,
        mechanism: path.to_owned(),
        federation_available: false,
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn values_are_told_by_their_names() {
        for name in ["values.yaml", "values-prod.yml", "prod-values.yaml", "values.prod.yaml", "app.values.yaml"] {
            assert!(is_named(name.as_bytes()), "{name}");
        }
        for name in ["valuestore.yaml", "myvalues.yaml", "values.json"] {
            assert!(!is_named(name.as_bytes()), "{name}");
        }
    }
}
