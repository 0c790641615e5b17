//! Pulumi: the configuration of a stack, `Pulumi.<stack>.yaml`, in which secrets are encrypted one by one, and projects,
//! `Pulumi.yaml`, which may hold a whole program.
//!
//! <https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/>,
//! <https://www.pulumi.com/docs/iac/concepts/secrets/>, <https://www.pulumi.com/docs/iac/languages-sdks/yaml/yaml-language-reference/>.

use super::cfn::compute::is_true;
use super::cfn::template::{gap, place};
use super::secrets::{self, Literal};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, Span, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "pulumi",
    name: "Pulumi project or stack",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Clouds that take the identity of a deployment in place of a key
/// (<https://www.pulumi.com/docs/administration/access-identity/oidc-client/>).
const FEDERATES: &[&str] = &["aws", "azure", "gcp"];

/// Resources that are long-lived keys.
const KEYS: &[&str] = &[
    "aws:iam:accesskey",
    "aws:iam/accesskey:accesskey",
    "aws-native:iam:accesskey",
    "gcp:serviceaccount:key",
    "gcp:serviceaccount/key:key",
    "azuread:applicationpassword",
    "azuread:serviceprincipalpassword",
    "azuread:index/applicationpassword:applicationpassword",
    "azuread:index/serviceprincipalpassword:serviceprincipalpassword",
];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    name.starts_with(b"Pulumi.") && (name.ends_with(b".yaml") || name.ends_with(b".yml")) && !head.contains("{%")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    let name = file.strip_prefix("Pulumi.").unwrap_or_default();
    match name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) {
        Some(stack) => self::stack(input, root, stack, out),
        None => project(root, &file, out),
    }
}

/// The provider that a namespace of the configuration belongs to.
fn provider(namespace: &str) -> &str {
    match namespace {
        "aws" | "aws-native" => "aws",
        "azure" | "azure-native" | "azuread" => "azure",
        "gcp" | "google-native" | "google" => "gcp",
        other => other,
    }
}

fn stack(input: &Input<'_>, root: &Node, stack: &str, out: &mut Out<'_>) {
    let Some(config) = root.get("config").filter(|node| node.is_mapping()) else { return };
    let key = IdentityKey::new("pulumi", "workload", &format!("{}#{stack}", place(input)));
    let mut fact = IdentityFact::new(key, IdentityKind::Workload, "pulumi", &format!("stack {stack}"));
    fact.human = Human::No;
    fact.environment = environment::classify("stack", stack);
    let mut workload = Workload::new(input.text, fact, At::span(config.span), FEDERATES, BUDGET);
    let secrets_by = root.get("secretsprovider").and_then(Node::as_str);
    let salt = root.get("encryptionsalt").map(|_| "passphrase");
    workload.note("secrets_provider", secrets_by.and_then(|by| by.split(':').next()).or(salt).unwrap_or_default());
    for node in root.get("environment").map(Node::one_or_many).unwrap_or_default() {
        if let Some(name) = node.as_str() {
            workload.stored(name, node.span, Via::input("environment", "environment", "pulumi"));
        }
    }
    let mut clear: Vec<(String, Span)> = Vec::new();
    let mut sealed = 0_usize;
    let mut open: Vec<(String, String, &Node)> = Vec::new();
    let entries = config.entries().iter().rev();
    open.extend(entries.filter_map(|(key, value)| {
        let key = key.scalar()?;
        let namespace = key.split_once(':').map_or("", |(namespace, _)| namespace).to_owned();
        Some((key, namespace, value))
    }));
    let mut room = BUDGET;
    while let Some((path, namespace, node)) = open.pop() {
        let Some(left) = room.checked_sub(1 + node.entries().len()) else {
            gap(input, node.span, "too-many-facts", "more values than any stack may have; the rest was not read", out);
            break;
        };
        room = left;
        let name = path.rsplit([':', '.']).next().unwrap_or(&path).to_owned();
        match &node.kind {
            Kind::Mapping(entries) if is_secure(node) => {
                sealed += 1;
                let provider = Some(provider(&namespace)).filter(|p| FEDERATES.contains(p));
                let at = entries.first().map_or(node.span, |(_, value)| value.span);
                workload.stored(&path, at, Via { mechanism: "config", hint: &name, provider, target: None });
            }
            // A path is cut, so that deep trees do not come to more than themselves.
            Kind::Mapping(entries) if path.len() < 200 => {
                for (key, value) in entries.iter().rev() {
                    open.extend(key.scalar().map(|key| (format!("{path}.{key}"), namespace.clone(), value)));
                }
            }
            Kind::Sequence(items) => {
                open.extend(items.iter().rev().map(|item| (path.clone(), namespace.clone(), item)));
            }
            _ => {
                let value = node.scalar().unwrap_or_default();
                if secrets::literal(&name, &value) == Some(Literal::Own) {
                    let provider = Some(provider(&namespace)).filter(|p| FEDERATES.contains(p)).unwrap_or_default();
                    let via = Via { mechanism: &path, hint: &name, provider: Some(provider), target: None };
                    workload.literal(node, via);
                    clear.push((path, node.span));
                }
            }
        }
    }
    let file = String::from_utf8_lossy(input.path.file_name()).into_owned();
    if clear.is_empty() && sealed > 0 {
        let fact = broken(&file, "", workload.key().clone(), true);
        workload.push(Fact::Setting(At::span(config.span), fact));
    }
    for (path, at) in clear {
        let fact = broken(&file, &path, workload.key().clone(), sealed > 0);
        workload.push(Fact::Setting(At::span(at), fact));
    }
    if workload.finish(out) == 0 {
        gap(input, config.span, "too-many-facts", "more values than any stack may have; some were left out", out);
    }
}

fn is_secure(node: &Node) -> bool {
    matches!(node.entries(), [(key, value)] if key.as_str() == Some("secure") && value.as_str().is_some())
}

fn broken(file: &str, path: &str, identity: IdentityKey, siblings: bool) -> SettingFact {
    let mut fact = SettingFact::new(setting::BROKEN_ENCRYPTION, file, path.chars().take(200).collect::<String>());
    fact.identity = Some(identity);
    let because = if siblings { "other values of the stack are encrypted" } else { "its name promises a secret" };
    for (name, value) in [("tool", "pulumi"), ("credential", "true"), ("likely", "true"), ("because", because)] {
        fact.attributes.insert(name.to_owned(), value.to_owned());
    }
    fact
}

/// A project: what it declares as secret, and the resources of a program in YAML.
fn project(root: &Node, file: &str, out: &mut Out<'_>) {
    let plain = |subject: String, how: &str, at: Span| {
        Fact::Setting(At::span(at), SettingFact::new(setting::PLAIN_SECRET, subject, how))
    };
    let declared = root.get("config").map(Node::entries).unwrap_or_default();
    for (key, value) in declared {
        let Some(name) = key.scalar() else { continue };
        let default = value.get("default").or_else(|| value.get("value"));
        let text = default.and_then(Node::scalar).unwrap_or_default();
        let hidden = is_true(value.get("secret"));
        match (default, secrets::literal(&name, &text)) {
            (Some(node), Some(Literal::Own)) => out.fact(plain(format!("{file} {name}"), "default", node.span)),
            (Some(node), _) if hidden && !text.is_empty() && !secrets::is_reference(&text) => {
                out.fact(plain(format!("{file} {name}"), "default", node.span));
            }
            _ => {}
        }
    }
    for (key, resource) in root.get("resources").map(Node::entries).unwrap_or_default() {
        let (Some(id), Some(kind)) = (key.as_str(), resource.get("type").and_then(Node::as_str)) else { continue };
        if KEYS.contains(&kind.to_ascii_lowercase().as_str()) {
            let mut fact = SettingFact::new(setting::STATIC_KEY, id, kind);
            let provider = provider(kind.split(':').next().unwrap_or_default()).to_owned();
            fact.attributes.insert("provider".to_owned(), provider);
            out.fact(Fact::Setting(At::span(key.span), fact));
        }
        let Some(properties) = resource.get("properties") else { continue };
        let mut open = vec![("", properties)];
        while let Some((name, node)) = open.pop() {
            match &node.kind {
                Kind::Mapping(entries) => {
                    // `fn::secret` marks a value, and hides it in the state alone.
                    let own = |key: &str| key != "fn::secret";
                    for (key, value) in entries.iter().rev() {
                        let Some(key) = key.as_str() else { continue };
                        open.push((if own(key) { key } else { name }, value));
                    }
                }
                Kind::Sequence(items) => open.extend(items.iter().rev().map(|item| (name, item))),
                Kind::String(text) if secrets::literal(name, text) == Some(Literal::Own) => {
                    out.fact(plain(format!("{id}.{name}"), "literal", node.span));
                }
                _ => {}
            }
        }
    }
}
