//! One object: its kind, its names, and texts in it that a template may put in.

use super::file::File;
use crate::doc::{Doc, Node};
use crate::formats::environment;
use crate::model::{Environment, EnvironmentClass, IdentityKey};

/// How deep lists of lists are followed; `kubectl` makes lists of objects only.
const LISTS: usize = 3;

/// The objects of a document, those of lists taken out of them.
pub(super) fn all(doc: &Doc) -> Vec<&Node> {
    let mut open: Vec<(&Node, usize)> = doc.roots.iter().rev().map(|root| (root, 0)).collect();
    let mut found = Vec::new();
    while let Some((node, depth)) = open.pop() {
        let list = node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
        if list && depth < LISTS && node.get("items").is_some() {
            let items = node.get("items").map(Node::items).unwrap_or_default();
            open.extend(items.iter().rev().map(|item| (item, depth + 1)));
        } else if node.is_mapping() {
            found.push(node);
        } else if depth < LISTS {
            // Some write an array of objects.
            open.extend(node.items().iter().rev().map(|item| (item, depth + 1)));
        }
    }
    found
}

/// One object.
pub(super) struct Object<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) root: &'a Node,
    kind: &'a str,
    version: &'a str,
    /// Its name, or the template that makes it.
    pub(super) name: String,
    /// Its namespace, where the file tells it.
    pub(super) namespace: Option<String>,
    template: bool,
}

impl<'a> Object<'a> {
    /// `None` for what is no object.
    pub(super) fn new(file: &'a File<'a>, root: &'a Node) -> Option<Self> {
        let kind = root.get("kind")?.as_str()?;
        let version = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        let metadata = root.get("metadata");
        let name = metadata.and_then(|m| m.get("name").or_else(|| m.get("generateName")));
        let name = name.and_then(|name| file.text_of(name)).unwrap_or_else(|| "unnamed".to_owned());
        let namespace = metadata.and_then(|m| m.get("namespace")).and_then(|n| file.namespace_of(n));
        let template = file.is_chart() || file.is_templated(root);
        Some(Self { file, root, kind, version, name, namespace, template })
    }

    pub(super) fn kind(&self) -> &str {
        self.kind
    }

    /// Its API group, empty for the core's.
    pub(super) fn group(&self) -> &str {
        self.version.split_once('/').map_or("", |(group, _)| group)
    }

    /// `Deployment shop/api`, or without the namespace where the file does not tell it.
    pub(super) fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }

    /// The key of what the file declares as this object.
    pub(super) fn key(&self, platform: &str, kind: &str) -> IdentityKey {
        IdentityKey::new(platform, kind, &format!("{}#{}", self.file.place(), self.title()))
    }

    /// The node below these keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&'a Node> {
        self.root.at(path)
    }

    /// A text below these keys, or the template that makes it.
    pub(super) fn text(&self, path: &[&str]) -> Option<String> {
        self.at(path).and_then(|node| self.file.text_of(node))
    }

    /// The value of an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&'a Node> {
        self.at(&["metadata", "annotations"])?.get(name)
    }

    /// The value of a label.
    pub(super) fn label(&self, name: &str) -> Option<String> {
        self.at(&["metadata", "labels"])?.get(name)?.scalar()
    }

    /// Whether a template makes the object, or decides whether there is one.
    pub(super) fn is_template(&self) -> bool {
        self.template
    }

    /// Production or not: by the namespace, a label, or the overlay that the file lies in.
    pub(super) fn environment(&self) -> Environment {
        let known = |e: &Environment| e.class != EnvironmentClass::Unknown;
        let namespace = self.namespace.as_deref().map(|name| environment::classify("namespace", name)).filter(known);
        let label = || {
            let names = ["environment", "env", "app.kubernetes.io/environment", "stage", "tier"];
            let mut labels = names.iter().filter_map(|name| Some((name, self.label(name)?)));
            labels.find_map(|(name, value)| Some(environment::classify(&format!("label {name}"), &value)).filter(known))
        };
        namespace.or_else(label).or_else(|| self.file.environment()).unwrap_or_default()
    }
}
