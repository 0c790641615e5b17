//! Secrets that a state keeps at a code host, and the credential that the same state made and put there: both attributes have the
//! same value. Only digests are held, and only while the file is read.
//!
//! <https://registry.terraform.io/providers/integrations/github/latest/docs/resources/actions_secret>,
//! `…/actions_environment_secret`, `…/actions_organization_secret`: `plaintext_value`, in newer versions `value`; the repository
//! stands without its owner. Variables of GitLab (`…/gitlabhq/gitlab/latest/docs/resources/project_variable`, `…/group_variable`) name
//! their project or group by path or number; the state's own projects and groups tell which path a number is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::cut;
use crate::formats::Out;
use crate::model::{At, Fact, SettingFact, setting};

/// Resources that keep a secret for workflows.
const STORES: [&str; 5] = [
    "github_actions_secret",
    "github_actions_environment_secret",
    "github_actions_organization_secret",
    "gitlab_project_variable",
    "gitlab_group_variable",
];

/// Attributes of such settings that name a project or a group of GitLab.
const GITLAB: [&str; 2] = ["project", "group"];

/// Most of each that are held.
const MAX: usize = 100_000;

type Hash = [u8; 32];

/// What was made and what was stored.
#[derive(Default)]
pub(super) struct Kept {
    /// Credentials by the digests of their values, more than one where a value is of two.
    made: BTreeMap<Hash, BTreeSet<String>>,
    stored: Vec<(Hash, SettingFact, At)>,
    /// Values of stored secrets by address and attribute.
    copies: BTreeMap<(String, String), Hash>,
    /// Paths of GitLab's projects and groups by kind and number.
    paths: BTreeMap<(&'static str, String), String>,
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.trim().as_bytes()).into()
}

impl Kept {
    /// The value at an address, of a credential that the state made. The public half of an access key is stored beside the other.
    pub(super) fn made(&mut self, (address, attribute): (&str, &str), value: Option<&Value>, credential: Option<&str>) {
        let Some(value) = value.and_then(Value::as_str).filter(|_| self.made.len() + self.copies.len() < MAX) else {
            return;
        };
        let Some(credential) = credential else {
            if STORES.iter().any(|store| address.contains(store)) {
                self.copies.insert((address.to_owned(), attribute.to_owned()), hash(value));
            }
            return;
        };
        let id = credential.strip_prefix("aws:access-key:");
        for text in std::iter::once(value).chain(id) {
            self.made.entry(hash(text)).or_default().insert(credential.to_owned());
        }
    }

    /// A secret that is stored.
    pub(super) fn stored(&mut self, kind: &str, values: &Map<String, Value>, at: &At) {
        let text = |name: &str| values.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        for (resource, kind_of, path) in
            [("gitlab_project", "project", "path_with_namespace"), ("gitlab_group", "group", "full_path")]
        {
            if let (true, Some(id), Some(path)) = (kind == resource && self.paths.len() < MAX, text("id"), text(path)) {
                self.paths.insert((kind_of, id.to_owned()), cut(path));
            }
        }
        if !STORES.contains(&kind) || self.stored.len() >= MAX {
            return;
        }
        let name = text("secret_name").or_else(|| text("key").filter(|_| kind.starts_with("gitlab_")));
        let (Some(name), Some(value)) = (name, text("plaintext_value").or_else(|| text("value"))) else {
            return;
        };
        let mut fact = SettingFact::new(setting::HELD_SECRET, cut(name), String::new());
        for attribute in ["repository", "environment"] {
            if let Some(told) = text(attribute) {
                fact.attributes.insert(attribute.to_owned(), cut(told));
            }
        }
        if kind.starts_with("gitlab_") {
            let scope = text("environment_scope").filter(|scope| *scope != "*");
            let own = GITLAB.iter().filter_map(|name| Some((*name, text(name)?)));
            for (name, told) in own.chain(scope.map(|scope| ("environment", scope))) {
                fact.attributes.insert(name.to_owned(), cut(told));
            }
        }
        self.stored.push((hash(value), fact, at.clone()));
    }

    /// The credential that has a value, when it is only one.
    fn of(&self, value: &Hash) -> Option<&String> {
        self.made.get(value).filter(|credentials| credentials.len() == 1)?.first()
    }

    /// The credential whose value a stored secret repeats.
    pub(super) fn copy_of(&self, address: &str, attribute: &str) -> Option<String> {
        self.of(self.copies.get(&(address.to_owned(), attribute.to_owned()))?).cloned()
    }

    /// Tells which credential each stored secret is, where it is one.
    pub(super) fn tell(&self, out: &mut Out<'_>) {
        for (value, fact, at) in &self.stored {
            if let Some(credential) = self.of(value) {
                let mut fact = fact.clone();
                for kind in GITLAB {
                    let number = fact.attributes.get(kind).cloned().unwrap_or_default();
                    if let Some(path) = self.paths.get(&(kind, number)) {
                        fact.attributes.insert(kind.to_owned(), path.clone());
                    }
                }
                fact.value.clone_from(credential);
                out.fact(Fact::Setting(at.clone(), fact));
            }
        }
    }
}
