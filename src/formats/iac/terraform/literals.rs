//! Secrets that stand in the arguments of resources and modules, and defaults of variables for them.
//!
//! A password of a resource lies in the code and in the state: <https://developer.hashicorp.com/terraform/language/manage-sensitive-data>.

use super::Emit;
use super::module::{Block, Module};
use crate::doc::{Kind, Node, hcl};
use crate::formats::iac::secrets::{self, Literal};
use crate::model::{At, Fact, SettingFact, Span, setting};

/// Deepest block or object that is gone into.
const DEPTH: usize = 12;

/// Arguments that hold a secret by their resource, whatever they are called; those of code hosts are read with their hosts.
const HOLDERS: &[(&str, &str)] = &[
    ("aws_secretsmanager_secret_version", "secret_string"),
    ("google_secret_manager_secret_version", "secret_data"),
    ("azurerm_key_vault_secret", "value"),
];

/// Reads them.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        // What environments of functions hold is read with the function.
        arguments(module, block, &block.address(), emit);
    }
    for block in &module.calls {
        arguments(module, block, &format!("module.{}", block.kind), emit);
    }
    for block in &module.variables {
        let Some(node) = block.get("default").filter(|_| block.get("ephemeral").is_none()) else { continue };
        if let Some(found) = judged(block.kind, node) {
            tell(format!("variable {}", block.kind), "default", node.span, found, emit);
        }
    }
}

fn arguments(module: &Module<'_>, block: &Block<'_>, address: &str, emit: &mut Emit<'_, '_>) {
    let mut open: Vec<(&Node, usize)> = vec![(block.body, 0)];
    while let Some((body, depth)) = open.pop() {
        for (key, value) in body.entries() {
            let Some(name) = key.as_str() else { continue };
            // Variables of a function's environment are its own, and names in a policy are no secrets.
            if matches!(name, "environment" | "tags" | "lifecycle" | "condition" | "triggers" | "keepers") {
                continue;
            }
            if let Some(found) = judged(name, value) {
                tell(format!("{address}.{name}"), "literal", value.span, found, emit);
            } else if depth == 0
                && HOLDERS.contains(&(block.kind, name))
                && module.literal(value).is_some_and(|text| holds(&text))
                && !hcl::is_expression(value)
            {
                tell(format!("{address}.{name}"), "literal", value.span, Literal::Own, emit);
            }
            if depth < DEPTH {
                let blocks =
                    hcl::one_or_many(value).iter().filter(|node| node.is_mapping() && !hcl::is_expression(node));
                open.extend(blocks.map(|node| (node, depth + 1)));
            }
        }
    }
}

/// Whether a text under the name of a resource for secrets is one: no object of others, and no stand-in.
fn holds(text: &str) -> bool {
    secrets::literal("password", text) == Some(Literal::Own)
}

/// What a literal under a name is; references and what is put together are none.
fn judged(name: &str, value: &Node) -> Option<Literal> {
    let text = value.as_str().filter(|_| matches!(value.kind, Kind::String(_)) && !hcl::is_expression(value))?;
    // `%{ if }` and `${var.x}` are templates.
    secrets::literal(name, text).filter(|_| !text.contains("%{"))
}

fn tell(subject: String, how: &str, at: Span, found: Literal, emit: &mut Emit<'_, '_>) {
    if found == Literal::Plain && how == "literal" {
        return;
    }
    let mut fact = SettingFact::new(setting::PLAIN_SECRET, subject, how);
    if found == Literal::Plain {
        fact.attributes.insert("placeholder".to_owned(), "true".to_owned());
    }
    emit.push(Fact::Setting(At::span(at), fact));
}
