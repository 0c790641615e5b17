//! Settings and variables that what runs in Azure gets: app settings, connection strings, secrets and variables of
//! containers.
//!
//! <https://learn.microsoft.com/azure/app-service/app-service-key-vault-references>,
//! <https://learn.microsoft.com/azure/container-apps/manage-secrets>.

use super::{Deployment, Item, hands_out_keys};
use crate::doc::Node;
use crate::formats::iac::secrets;
use crate::formats::workload::{Via, Workload};

/// Reads the settings of one resource.
pub fn read(deployment: &Deployment<'_>, workload: &mut Workload<'_>, item: &Item<'_>) {
    let Some(properties) = item.body.get("properties") else { return };
    let list = |path: &[&str]| properties.at(path).map(|node| deployment.follow(node));
    for path in [&["siteConfig", "appSettings"][..], &["siteConfig", "connectionStrings"]] {
        pairs(deployment, workload, list(path), &["value", "connectionString"]);
    }
    if item.kind.ends_with("/config") {
        // `appsettings` and `connectionstrings` as resources of their own: a mapping by name.
        for (key, value) in properties.entries() {
            let Some(name) = key.as_str() else { continue };
            variable(deployment, workload, name, value.get("value").unwrap_or(value));
        }
    }
    if let Some(vault) = list(&["configuration", "secrets"]) {
        for secret in vault.items() {
            if let (Some(url), Some(name)) = (secret.get("keyVaultUrl"), secret.get("name").and_then(Node::as_str)) {
                workload.stored(name, url.span, Via::input("keyVaultUrl", name, ""));
            }
        }
        pairs(deployment, workload, Some(vault), &["value"]);
    }
    let template = list(&["template", "containers"]);
    for container in template.map(Node::items).unwrap_or_default() {
        pairs(deployment, workload, container.get("env"), &["value"]);
        image(deployment, workload, container.get("image"));
    }
    for container in list(&["containers"]).map(Node::items).unwrap_or_default() {
        let inner = container.get("properties");
        pairs(deployment, workload, inner.and_then(|node| node.get("environmentVariables")), &["value", "secureValue"]);
        image(deployment, workload, inner.and_then(|node| node.get("image")));
    }
}

fn image(deployment: &Deployment<'_>, workload: &mut Workload<'_>, node: Option<&Node>) {
    let Some(node) = node else { return };
    if let Some(name) = deployment.text(node).filter(|name| !name.contains("${")) {
        workload.image(&name, name.contains(".azurecr.io/") || name.starts_with("mcr.microsoft.com/"), node.span);
    }
}

fn pairs(deployment: &Deployment<'_>, workload: &mut Workload<'_>, list: Option<&Node>, values: &[&str]) {
    for pair in list.map(Node::items).unwrap_or_default() {
        let name = pair.get("name").and_then(|node| deployment.text(node)).unwrap_or_default();
        for value in values.iter().filter_map(|value| pair.get(value)) {
            variable(deployment, workload, &name, value);
        }
    }
}

fn variable(deployment: &Deployment<'_>, workload: &mut Workload<'_>, name: &str, node: &Node) {
    let name: String = name.chars().take(120).collect();
    if name.is_empty() || name.contains("${") {
        return;
    }
    let reference = node.as_str().filter(|text| text.contains("@Microsoft.KeyVault("));
    if let Some(text) = reference {
        let secret = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
        let named = secret("SecretName=").or_else(|| secret("secrets/")).unwrap_or("a secret of a key vault");
        let named: String =
            named.chars().take_while(|c| !matches!(c, ';' | ')' | '/' | '}' | '\'')).take(120).collect();
        return workload.stored(&named, node.span, Via { hint: "password", ..Via::variable(&name) });
    }
    let followed = deployment.follow(node);
    let Some(code) = deployment.expression(node) else {
        secrets::variable(workload, &name, node);
        return;
    };
    let code = deployment.expression(followed).unwrap_or(code);
    if hands_out_keys(code) {
        let via = Via { mechanism: &name, hint: "account_key", provider: Some("azure"), target: None };
        return workload.stored("a key of an Azure service", node.span, via);
    }
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').take(60);
    let secure = words.find(|word| deployment.parameters.get(*word).is_some_and(|p| p.secure));
    if let Some(parameter) = secure {
        workload.stored(parameter, node.span, Via { hint: "password", ..Via::variable(&name) });
    }
}
