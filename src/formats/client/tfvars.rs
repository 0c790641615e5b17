//! Terraform's variable files: `terraform.tfvars`, `*.auto.tfvars`, and those in JSON.
//!
//! <https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files>: `name = "value"`, also
//! inside objects. Only names that speak of a secret count.

use super::ini::without_comment;
use super::names::{Speaks, is_common, is_value, speaks};
use super::reading::{fact, fact_of, json, lines, put, span, trimmed, unquoted};
use crate::doc::{Doc, Node};
use crate::formats::{Format, Input, Out};
use crate::model::{Confidence, SecretFact};

/// The format.
pub static TFVARS: Format = super::format("tfvars", "Terraform variables", |path, _| super::is(path, "tfvars"), read);

fn tell(name: &str, value: &str, secret: SecretFact, out: &mut Out<'_>) {
    let Some(kind) = speaks(name).filter(|kind| is_value(*kind, name, value)) else { return };
    let low = value.contains(' ') || kind == Speaks::Password && is_common(value);
    let confidence = low.then_some(Confidence::Low);
    put(out, SecretFact { name: Some(name.to_owned()), confidence, ..secret });
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    if input.text.trim_start().starts_with('{') {
        let Some(doc) = json(input, "JSON", out) else { return };
        for root in &doc.roots {
            root.walk(&mut |node: &Node| {
                for (key, value) in node.entries() {
                    if let (Some(name), Some(text)) = (key.as_str(), value.as_str())
                        && let Some(secret) = fact_of("tfvars-secret", value)
                    {
                        tell(name, text, secret, out);
                    }
                }
            });
        }
        return;
    }
    for (at, line) in lines(input.text) {
        let (start, body) = trimmed(at, line);
        if body.starts_with(['#', '/']) {
            continue;
        }
        let Some((name, value)) = body.split_once('=') else { continue };
        let (start, value) = trimmed(start + name.len() + 1, value);
        let value = without_comment(value).trim_end_matches(',');
        // Whatever is not one literal string comes from elsewhere.
        if !(value.len() > 2 && value.starts_with('"') && value.ends_with('"')) {
            continue;
        }
        let (start, value) = unquoted(start, value);
        let secret = fact("tfvars-secret", input.text, span(start, value));
        tell(name.trim().trim_matches('"'), value, secret, out);
    }
}
