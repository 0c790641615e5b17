//! Kustomizations: secrets that they make from literals, credentials that they patch in, and bases that they take from
//! elsewhere.
//!
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.

mod patches;

use super::literal::{self, Value};
use super::manifest;
use crate::doc::{Doc, Node};
use crate::formats::workload::{BUDGET, MAX_TEXT, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::{
    At, EnvironmentClass, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, setting,
};

/// The format.
pub const FORMAT: Format =
    Format { id: "kustomize", name: "Kustomization", command: "", syntax: Syntax::Yaml, claims, read, stream: None };

fn claims(path: &RepoPath, head: &str) -> bool {
    matches!(path.file_name(), b"kustomization.yaml" | b"kustomization.yml" | b"Kustomization")
        && !head.contains("{{")
        // Flux has objects of that kind.
        && !manifest::groups(head).contains(&"kustomize.toolkit.fluxcd.io")
}

/// Most entries of one list that are read.
const ENTRIES: usize = 5_000;

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    for root in doc.roots.iter().filter(|root| root.is_mapping()) {
        let path = input.path.display();
        let directory = path.rsplit('/').nth(1).unwrap_or("here");
        for generator in root.get("secretGenerator").map(Node::items).unwrap_or_default() {
            secrets(generator, out);
        }
        patches::read(input, root, out);
        let remote = |node: &&Node| node.as_str().is_some_and(is_remote);
        let lists = ["resources", "bases", "components", "crds"].iter().filter_map(|key| root.get(key));
        let remote: Vec<&Node> = lists.flat_map(Node::items).filter(remote).take(ENTRIES).collect();
        if remote.is_empty() {
            continue;
        }
        let key = IdentityKey::new("kustomize", "app", &format!("{}/{path}", input.repository.unwrap_or_default()));
        let mut identity =
            IdentityFact::new(key, IdentityKind::Application, "kustomize", &format!("Kustomization {directory}"));
        identity.human = Human::No;
        let class = environment::classify("directory", directory);
        if class.class != EnvironmentClass::Unknown {
            identity.environment = class;
        }
        let mut app = Workload::new(input.text, identity, At::span(root.span), &[], BUDGET);
        for node in remote {
            let url = node.as_str().unwrap_or_default();
            let (component, version) = split(url);
            let commit = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
            let own = input.repository.is_some_and(|name| component.contains(&format!("/{name}")));
            app.third_party(component, version, commit, own, node.span);
        }
        app.finish(out);
    }
}

/// Literals of a generator: `- name=value`.
fn secrets(generator: &Node, out: &mut Out<'_>) {
    let name = generator.get("name").and_then(Node::scalar).unwrap_or_else(|| "unnamed".to_owned());
    let name: String = name.chars().take(MAX_TEXT).collect();
    for item in generator.get("literals").map(Node::items).unwrap_or_default().iter().take(ENTRIES) {
        let Some((key, value)) = item.as_str().and_then(|text| text.split_once('=')) else { continue };
        let judged = literal::judge(key, value.trim_matches(['"', '\'']));
        if literal::holds_secret(key) && matches!(judged, Value::Literal | Value::Common) {
            let mut fact = SettingFact::new(setting::SECRET_MANIFEST, format!("secretGenerator {name}"), key);
            fact.attributes.insert("type".to_owned(), "kustomize".to_owned());
            out.fact(Fact::Setting(At::span(item.span), fact));
        }
    }
}

/// Whether a resource comes over the network.
fn is_remote(resource: &str) -> bool {
    resource.contains("://") || resource.starts_with("git@") || resource.starts_with("github.com/")
}

/// The address without its query, and the version in `?ref=` or in the path of a raw file.
fn split(url: &str) -> (&str, &str) {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let version = query.split('&').find_map(|part| part.strip_prefix("ref=").or_else(|| part.strip_prefix("version=")));
    let raw = || address.strip_prefix("https://raw.githubusercontent.com/")?.split('/').nth(2);
    let release = || address.split_once("/releases/download/")?.1.split('/').next();
    (address, version.or_else(raw).or_else(release).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_bases_give_their_version() {
        assert_eq!(split("https://github.com/a/b//c?ref=v1"), ("https://github.com/a/b//c", "v1"));
        assert_eq!(split("https://raw.githubusercontent.com/a/b/main/x.yaml").1, "main");
        assert!(is_remote("github.com/a/b") && !is_remote("../base"));
    }
}
