//! Bicep files and their parameter files. What they declare is told by [`super::azure`].
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/bicep/overview>.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::azure::syntax::{self, Statement, What};
use super::azure::{Deployment, Item, Parameter, WORK_MAX};
use super::cfn::template::gap;
use crate::doc::{Doc, Kind, Node};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{RepoPath, Span};

/// The format.
pub static FORMAT: Format =
    Format { id: "bicep", name: "Bicep file", command: "", syntax: Syntax::Text, claims, read, stream: None };

fn claims(path: &RepoPath, _: &str) -> bool {
    let name = path.file_name();
    name.ends_with(b".bicep") || name.ends_with(b".bicepparam")
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let statements = match syntax::parse(input.text) {
        Ok(statements) => statements,
        Err(syntax::Unclosed(at)) => {
            let message = "a bracket, string or comment that begins here is never closed";
            return gap(input, Span::new(at, at), "malformed", message, out);
        }
    };
    deployment(input, &statements).read(out);
}

fn deployment<'a>(input: &'a Input<'a>, statements: &'a [Statement]) -> Deployment<'a> {
    let mut all = Deployment {
        input,
        platform: "bicep",
        parameters: BTreeMap::new(),
        variables: BTreeMap::new(),
        items: Vec::new(),
        outputs: Vec::new(),
        work: Cell::new(WORK_MAX),
        scope: "resourceGroup".to_owned(),
    };
    let mut indices: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let decorated = |name: &str| statement.decorators.iter().find_map(|d| d.strip_prefix(name)?.strip_prefix(' '));
        match (statement.what, &statement.value) {
            (What::Parameter, value) => {
                let parameter = Parameter {
                    name: &statement.name,
                    at: statement.at,
                    kind: &statement.kind,
                    secure: decorated("secure").is_some(),
                    default: value.as_ref(),
                    choice: decorated("allowed").is_some() || statement.kind.contains('\''),
                    about: decorated("description").unwrap_or_default().to_owned(),
                };
                all.parameters.insert(&statement.name, parameter);
            }
            (What::Variable, Some(value)) => drop(all.variables.insert(&statement.name, value)),
            (What::Output, Some(value)) if decorated("secure").is_none() => {
                all.outputs.push((statement.name.clone(), statement.at, value));
            }
            (What::Scope, Some(value)) => all.scope = value.as_str().unwrap_or("resourceGroup").to_owned(),
            (What::Resource | What::Module, Some(value)) => {
                // A loop makes the same thing several times.
                let Some(body) = body(value) else { continue };
                let parent = statement.parent.and_then(|parent| indices.get(&parent).copied());
                let kind = statement.kind.split('@').next().unwrap_or_default().to_ascii_lowercase();
                let above = parent.and_then(|parent| all.items.get(parent)).map(|item| item.kind.clone());
                let kind = match above {
                    Some(above) if statement.what == What::Resource => format!("{above}/{kind}"),
                    _ if statement.what == What::Module => "module".to_owned(),
                    _ => kind,
                };
                indices.insert(index, all.items.len());
                all.items.push(Item {
                    symbol: statement.name.clone(),
                    at: statement.at,
                    kind,
                    body,
                    parent,
                    existing: statement.existing,
                });
            }
            _ => {}
        }
    }
    all
}

fn body(value: &Node) -> Option<&Node> {
    let value = match &value.kind {
        Kind::Sequence(items) => items.first()?,
        _ => value,
    };
    value.is_mapping().then_some(value)
}
