//! Jenkins' configuration as code: the credentials that a controller keeps, with their scope.
//!
//! Syntax: <https://github.com/jenkinsci/configuration-as-code-plugin/blob/master/docs/features/secrets.adoc>. A value is a
//! reference (`${NAME}`), encrypted with the controller's key (`{AQAAABAA…}`), or stands there in the clear.

use super::containers::over;
use crate::doc::{Doc, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath};

/// The format.
pub const FORMAT: Format = Format {
    id: "jenkins-casc",
    name: "Jenkins configuration as code",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Keys of a credential that hold what opens.
const SECRETS: &[&str] = &[
    "password",
    "secret",
    "secretKey",
    "privateKey",
    "apiToken",
    "token",
    "clientSecret",
    "passphrase",
    "secretBytes",
];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    if !(name.ends_with(b".yml") || name.ends_with(b".yaml")) {
        return false;
    }
    let named = matches!(name, b"jenkins.yaml" | b"jenkins.yml") || memchr::memmem::find(name, b"casc").is_some();
    let holds = |key: &str| memchr::memmem::find(head.as_bytes(), key.as_bytes()).is_some();
    if holds("domainCredentials:") {
        return true;
    }
    let top = |key: &str| holds(key) && head.lines().any(|line| line.trim_end() == key);
    (named || holds("numExecutors:")) && ["jenkins:", "unclassified:"].iter().any(|key| top(key))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let path = input.path.display();
    let key = format!("{}/{path}#controller", input.repository.unwrap_or_default());
    let key = IdentityKey::new("jenkins", "app", &key);
    let file = path.rsplit('/').next().unwrap_or_default();
    let mut identity = IdentityFact::new(key, IdentityKind::Application, "jenkins", &format!("{file} (controller)"));
    identity.human = Human::No;
    let mut job = Workload::new(input.text, identity, At::span(root.span), &[], BUDGET);
    let mut global = 0_usize;
    let domains = root.at(&["credentials", "system", "domainCredentials"]).map(Node::items).unwrap_or_default();
    for credential in domains.iter().filter_map(|domain| domain.get("credentials")).flat_map(Node::items) {
        // `- string: {id: …, secret: …}`
        for (kind, fields) in credential.entries() {
            let kind = kind.as_str().unwrap_or_default();
            global += usize::from(fields.get("scope").and_then(Node::as_str).is_none_or(|scope| scope == "GLOBAL"));
            let id = fields.get("id").and_then(Node::scalar).unwrap_or_else(|| kind.to_owned());
            kept(&mut job, kind, &id, fields);
        }
    }
    job.note("global_credentials", &if global == 0 { String::new() } else { global.to_string() });
    for user in root.at(&["jenkins", "securityRealm", "local", "users"]).map(Node::items).unwrap_or_default() {
        if let Some(password) = user.get("password") {
            value(
                &mut job,
                password,
                "local user",
                &user.get("id").and_then(Node::scalar).unwrap_or_default(),
                "jenkins",
            );
        }
    }
    if job.finish(out) == 0 {
        over(input, root.span, out);
    }
}

/// What opens in one credential, wherever in it that stands.
fn kept(job: &mut Workload<'_>, kind: &str, id: &str, fields: &Node) {
    let provider = match kind {
        "aws" => "aws",
        "azure" | "azureServicePrincipal" => "azure",
        "basicSSHUserPrivateKey" => "ssh",
        "gitLabApiTokenImpl" => "gitlab",
        "gitHubApp" => "github",
        "vaultAppRoleCredential" | "vaultTokenCredential" => "vault",
        _ => "jenkins",
    };
    let mut open = vec![fields];
    while let Some(node) = open.pop() {
        for (key, child) in node.entries() {
            if child.is_mapping() {
                open.push(child);
            } else if key.as_str().is_some_and(|key| SECRETS.contains(&key)) {
                value(job, child, kind, id, provider);
            }
        }
    }
}

fn value(job: &mut Workload<'_>, node: &Node, kind: &str, id: &str, provider: &str) {
    let Some(text) = node.scalar().filter(|text| !text.is_empty()) else { return };
    let via = Via { mechanism: kind, hint: "password", provider: Some(provider), target: None };
    let encrypted = text.starts_with('{') && text.ends_with('}');
    if text.contains("${") || encrypted {
        job.stored(id, node.span, via);
    } else {
        job.literal(node, via);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_claimed_by_name_and_keys() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim("jenkins.yaml", "jenkins:\n  systemMessage: x\n"));
        assert!(claim("values/x.yml", "credentials:\n  system:\n    domainCredentials:\n"));
        assert!(!claim("jenkins.yaml", "image: x\n") && !claim("x.yaml", "jenkins:\n  a: b\n"));
    }
}
