//! A file named `config` and nothing more: what kind it is, its text tells.

use super::{chat, dotenv, kubeconfig};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out};

/// The format.
pub static CONFIG: Format =
    super::format("config", "A program's config file", |path, _| super::is(path, "config"), read);

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let head = input.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).take(20);
    let lines: Vec<&str> = head.collect();
    let has = |part: &str| lines.iter().any(|line| line.contains(part));
    let assigns = |line: &&&str| {
        let name = line.strip_prefix("export ").unwrap_or(line).split('=').next().unwrap_or_default();
        line.contains('=')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    if has("apiVersion") || has("clusters:") {
        kubeconfig::read(input, doc, out);
    } else if has("chatnet") || has("servers = (") {
        chat::read(input, doc, out);
    } else if !lines.is_empty() && lines.iter().filter(assigns).count() * 2 > lines.len() {
        dotenv::read_as("config-file-secret", input, out);
    }
}
