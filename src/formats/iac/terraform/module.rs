//! The blocks of one file, found by what they declare, whichever of the two syntaxes wrote them.

use std::cell::Cell;
use std::collections::HashMap;

use crate::doc::{Kind, Node};
use crate::formats::Input;
use crate::model::{Environment, EnvironmentClass, IdentityKey, Span};

/// Whether a text still holds a reference.
#[must_use]
pub fn is_open(text: &str) -> bool {
    text.contains("${")
}

/// A `resource`, `data`, `provider` or other block.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The type: `aws_iam_role`; of a provider its name.
    pub kind: &'a str,
    /// The name; empty for providers.
    pub name: &'a str,
    /// Its last label, where it is declared.
    pub label: Span,
    /// What it holds.
    pub body: &'a Node,
    /// True for `data`.
    pub data: bool,
}

impl<'a> Block<'a> {
    /// An argument; the last one when it repeats.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        self.body.get(name).filter(|node| !matches!(node.kind, Kind::Null))
    }

    /// The first nested block of this name.
    #[must_use]
    pub fn nested(&self, name: &str) -> Option<&'a Node> {
        nested(self.body, name).into_iter().next()
    }

    /// `aws_iam_role.ci`, `data.aws_iam_policy_document.ci`.
    #[must_use]
    pub fn address(&self) -> String {
        let data = if self.data { "data." } else { "" };
        let dot = if self.name.is_empty() { "" } else { "." };
        format!("{data}{}{dot}{}", self.kind, self.name)
    }
}

/// The nested blocks of this name, `dynamic` ones included, of which the content counts.
#[must_use]
pub fn nested<'a>(body: &'a Node, name: &str) -> Vec<&'a Node> {
    let mut out = Vec::new();
    for (key, value) in body.entries() {
        match key.as_str() {
            Some(found) if found == name => out.extend(value.one_or_many().iter().filter(|node| node.is_mapping())),
            Some("dynamic") => {
                let dynamic = value.one_or_many().iter().flat_map(Node::entries);
                let same = dynamic.filter(|(key, _)| key.as_str() == Some(name));
                let bodies = same.flat_map(|(_, body)| body.one_or_many());
                out.extend(bodies.filter_map(|body| body.get("content")).flat_map(Node::one_or_many));
            }
            _ => {}
        }
    }
    out
}

/// One file, as far as it tells of the module that its directory is.
pub struct Module<'a> {
    /// What is read.
    pub input: &'a Input<'a>,
    /// The directory, which is the module.
    pub directory: String,
    /// Resources, in order.
    pub resources: Vec<Block<'a>>,
    /// Data sources, in order.
    pub data: Vec<Block<'a>>,
    /// Provider blocks.
    pub providers: Vec<Block<'a>>,
    /// Modules that are used.
    pub calls: Vec<Block<'a>>,
    /// Backend and cloud blocks of `terraform`.
    pub backends: Vec<Block<'a>>,
    /// Variables.
    pub variables: Vec<Block<'a>>,
    /// Local values.
    pub locals: HashMap<&'a str, &'a Node>,
    /// Steps that evaluation may still take.
    pub steps: Cell<usize>,
    index: HashMap<(bool, &'a str, &'a str), usize>,
    defaults: HashMap<&'a str, &'a Node>,
}

/// Steps of evaluation in one file, far over what people write.
const STEPS: usize = 400_000;

impl<'a> Module<'a> {
    /// Sorts the blocks of a file.
    #[must_use]
    pub fn new(input: &'a Input<'a>, root: &'a Node) -> Self {
        let path = input.path.display();
        let directory = path.rsplit_once('/').map_or(String::new(), |(directory, _)| directory.to_owned());
        let mut module = Self {
            input,
            directory,
            resources: Vec::new(),
            data: Vec::new(),
            providers: Vec::new(),
            calls: Vec::new(),
            backends: Vec::new(),
            variables: Vec::new(),
            locals: HashMap::new(),
            steps: Cell::new(STEPS),
            index: HashMap::new(),
            defaults: HashMap::new(),
        };
        for (key, value) in root.entries() {
            match key.as_str() {
                Some("resource") => labelled(value, 2, false, &mut module.resources),
                Some("data") => labelled(value, 2, true, &mut module.data),
                Some("provider") => labelled(value, 1, false, &mut module.providers),
                Some("module") => labelled(value, 1, false, &mut module.calls),
                Some("variable") => labelled(value, 1, false, &mut module.variables),
                Some("locals") => {
                    let locals = value.one_or_many().iter().flat_map(Node::entries);
                    module.locals.extend(locals.filter_map(|(k, v)| Some((k.as_str()?, v))));
                }
                Some("terraform") => {
                    for body in value.one_or_many() {
                        for (k, v) in body.entries().iter().filter(|(k, _)| k.as_str() == Some("backend")) {
                            let _ = k;
                            labelled(v, 1, false, &mut module.backends);
                        }
                    }
                }
                _ => {}
            }
        }
        let created = |block: &Block<'_>| block.get("count").and_then(Node::scalar).is_none_or(|count| count != "0");
        module.resources.retain(created);
        module.data.retain(created);
        for (data, blocks) in [(false, &module.resources), (true, &module.data)] {
            for (i, block) in blocks.iter().enumerate() {
                module.index.entry((data, block.kind, block.name)).or_insert(i);
            }
        }
        for variable in &module.variables {
            if let Some(default) = variable.get("default") {
                module.defaults.insert(variable.kind, default);
            }
        }
        module
    }

    /// The block that a path names: `aws_iam_role.ci[0].arn`, `data.aws_iam_policy_document.ci.json`. Gives the rest of the
    /// path too: `arn`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<(&Block<'a>, String)> {
        let (data, kind, name, rest) = split(path)?;
        let found = self.index.get(&(data, kind, name)).copied()?;
        let blocks = if data { &self.data } else { &self.resources };
        blocks.get(found).map(|block| (block, rest))
    }

    /// The default of a variable.
    #[must_use]
    pub fn default_of(&self, variable: &str) -> Option<&'a Node> {
        self.defaults.get(variable).copied()
    }

    /// Resources of these types, with a type each.
    pub fn of<'m>(&'m self, kinds: &'m [&'m str]) -> impl Iterator<Item = &'m Block<'a>> {
        self.resources.iter().filter(move |block| kinds.contains(&block.kind))
    }

    /// The key of what this module declares under an address.
    #[must_use]
    pub fn key(&self, kind: &str, address: &str) -> IdentityKey {
        IdentityKey::new("terraform", kind, &format!("{}#{address}", self.directory))
    }

    /// The environment, where the module's directory names it as a whole: `environments/prod`.
    #[must_use]
    pub fn environment(&self) -> Environment {
        let mut known: Option<Environment> = None;
        for part in self.directory.split('/') {
            let found = crate::formats::environment::classify("directory", part);
            // `live` is where some keep all that is deployed, whatever the environment.
            if found.class == EnvironmentClass::Unknown || part.ends_with("live") {
                continue;
            }
            if known.as_ref().is_some_and(|known| known.class != found.class) {
                return Environment::default();
            }
            known = Some(found);
        }
        known.unwrap_or_default()
    }
}

fn labelled<'a>(node: &'a Node, labels: usize, data: bool, out: &mut Vec<Block<'a>>) {
    for (first, below) in node.one_or_many().iter().flat_map(Node::entries) {
        let Some(kind) = first.as_str() else { continue };
        if labels == 1 {
            let bodies = below.one_or_many().iter().filter(|body| body.is_mapping());
            out.extend(bodies.map(|body| Block { kind, name: "", label: first.span, body, data }));
            continue;
        }
        for (second, bodies) in below.one_or_many().iter().flat_map(Node::entries) {
            let Some(name) = second.as_str() else { continue };
            let bodies = bodies.one_or_many().iter().filter(|body| body.is_mapping());
            out.extend(bodies.map(|body| Block { kind, name, label: second.span, body, data }));
        }
    }
}

/// Whether it is data, type, name and the rest of a path to a resource.
#[must_use]
pub fn split(path: &str) -> Option<(bool, &str, &str, String)> {
    let (data, path) = match path.strip_prefix("data.") {
        Some(rest) => (true, rest),
        None => (false, path),
    };
    let (kind, rest) = path.split_once('.')?;
    if matches!(kind, "var" | "local" | "module" | "each" | "count" | "path" | "self" | "terraform")
        || !kind.contains('_')
    {
        return None;
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let name = rest.get(..end)?;
    let mut after = rest.get(end..)?;
    while let Some(inside) = after.strip_prefix('[') {
        after = inside.split_once(']').map_or("", |(_, after)| after);
    }
    Some((data, kind, name, after.trim_start_matches(['.', '*']).to_owned()))
}
