//! One object: its kind, its names, and texts in it that a template may put in.

use super::file::File;
use crate::doc::{Doc, Node};
use crate::formats::environment;
use crate::model::{Environment, EnvironmentClass, IdentityKey, When};

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

/// The object that made and keeps another one of its namespace.
pub(super) struct Controller {
    pub(super) kind: String,
    pub(super) name: String,
    /// The id that its cluster gave it, where that is told.
    pub(super) uid: Option<String>,
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
        Self::of_list(file, root, None)
    }

    /// An object of a list: the API leaves out what the list's own version and kind tell of all of them.
    pub(super) fn of_list(file: &'a File<'a>, root: &'a Node, list: Option<(&'a str, &'a str)>) -> Option<Self> {
        let own = root.get("kind").and_then(Node::as_str);
        let kind = own.or(list.map(|(_, kind)| kind))?;
        let version = root.get("apiVersion").and_then(Node::as_str);
        let version = version.or_else(|| own.is_none().then_some(list?.0)).unwrap_or_default();
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

    /// The key of what the file declares as this object. Two files may declare it twice, but a cluster has it once.
    pub(super) fn key(&self, platform: &str, kind: &str) -> IdentityKey {
        self.key_of(platform, kind, &self.title())
    }

    /// The key of an object of the same file or cluster by its title.
    pub(super) fn key_of(&self, platform: &str, kind: &str, title: &str) -> IdentityKey {
        let place = if self.file.is_live() { self.file.scope() } else { self.file.place() };
        IdentityKey::new(platform, kind, &format!("{place}#{title}"))
    }

    /// The key of the id that its cluster gave it, and the time at which it was made; nothing in a manifest, which may be a
    /// copy.
    pub(super) fn made(&self) -> (Option<IdentityKey>, When) {
        if !self.file.is_live() {
            return (None, When::Unknown);
        }
        let uid = self.text(&["metadata", "uid"]).filter(|uid| !uid.is_empty());
        let created = self.text(&["metadata", "creationTimestamp"]).map_or(When::Unknown, |t| When::parse(&t));
        (uid.map(|uid| IdentityKey::new("kubernetes", "id", &uid)), created)
    }

    /// What made the object and keeps it, where a cluster says so
    /// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/>).
    pub(super) fn controller(&self) -> Option<Controller> {
        let owners = self.at(&["metadata", "ownerReferences"]).filter(|_| self.file.is_live())?;
        let owner = owners.items().iter().find(|o| o.get("controller").and_then(Node::as_bool) == Some(true))?;
        let part = |key: &str| owner.get(key).and_then(|node| self.file.text_of(node));
        let (mut kind, mut name, mut uid) = (part("kind")?, part("name")?, part("uid"));
        // Deployments and rollouts name their sets after themselves and the hash of the pods' template.
        for (label, above) in [("rollouts-pod-template-hash", "Rollout"), ("pod-template-hash", "Deployment")] {
            let hash = self.label(label).filter(|hash| kind == "ReplicaSet" && !hash.is_empty());
            let stem = hash.and_then(|hash| Some(name.strip_suffix(&hash)?.strip_suffix('-')?.to_owned()));
            if let Some(stem) = stem.filter(|stem| !stem.is_empty()) {
                (kind, name, uid) = (above.to_owned(), stem, None);
            }
        }
        Some(Controller { kind, name, uid })
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
