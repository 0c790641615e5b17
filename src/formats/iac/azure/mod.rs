//! Deployments to Azure, as Bicep and ARM templates declare them: managed identities with the credentials that they trust
//! and the roles that they are given, what runs as them, services that take shared keys, and secrets in parameters, settings
//! and outputs.
//!
//! Resource types: <https://learn.microsoft.com/azure/templates/>.

pub mod keys;
pub mod roles;
pub mod settings;
pub mod syntax;

use std::cell::Cell;
use std::collections::BTreeMap;

use syntax::EXPRESSION;

use super::cfn::template::{gap, place};
use super::secrets::{self, Literal};
use crate::doc::{Kind, Node};
use crate::formats::workload::{BUDGET, Workload};
use crate::formats::{Input, Out, environment};
use crate::model::{
    At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, Span, TrustFact, UsageFact,
    setting,
};

/// What runs in Azure needs no key for Azure: it has a managed identity.
pub const FEDERATES: &[&str] = &["azure"];

/// Comparisons spent on finding what expressions name.
pub const WORK_MAX: u64 = 2_000_000;

/// Variables that lead to variables are followed this far.
const HOPS: usize = 8;

/// A parameter.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it stands.
    pub at: Span,
    /// `string`, `secureString`, `object`…
    pub kind: &'a str,
    /// Marked as a secret.
    pub secure: bool,
    /// Its default.
    pub default: Option<&'a Node>,
    /// True when it takes one of a few values.
    pub choice: bool,
    /// What it is for.
    pub about: String,
}

/// A resource.
#[derive(Debug)]
pub struct Item<'a> {
    /// Its symbol in Bicep; in ARM the type's last part and its name.
    pub symbol: String,
    /// Where it stands.
    pub at: Span,
    /// Its full type without a version, in lower case.
    pub kind: String,
    /// Everything of it.
    pub body: &'a Node,
    /// The resource that it belongs to, by index.
    pub parent: Option<usize>,
    /// True when it is only referred to.
    pub existing: bool,
}

/// A deployment.
pub struct Deployment<'a> {
    /// The file.
    pub input: &'a Input<'a>,
    /// `arm` or `bicep`.
    pub platform: &'static str,
    /// Parameters by name.
    pub parameters: BTreeMap<&'a str, Parameter<'a>>,
    /// Variables by name.
    pub variables: BTreeMap<&'a str, &'a Node>,
    /// Resources in order.
    pub items: Vec<Item<'a>>,
    /// Outputs: name, place, value.
    pub outputs: Vec<(String, Span, &'a Node)>,
    /// What it is deployed to: `resourceGroup`, `subscription`…
    pub scope: String,
    /// Comparisons left for finding what expressions name.
    pub work: Cell<u64>,
}

impl<'a> Deployment<'a> {
    /// The expression that a value is; `None` for what stands as it is.
    #[must_use]
    pub fn expression<'n>(&self, node: &'n Node) -> Option<&'n str> {
        let text = node.as_str()?;
        if node.tag.as_deref() == Some(EXPRESSION) {
            return Some(text);
        }
        let arm = self.platform == "arm" && text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[");
        arm.then(|| text.get(1..text.len() - 1)).flatten()
    }

    /// What a value that only names a variable or parameter stands for.
    #[must_use]
    pub fn follow<'n>(&self, node: &'n Node) -> &'n Node
    where
        'a: 'n,
    {
        let mut node = node;
        for _ in 0..HOPS {
            let Some(text) = self.expression(node).map(str::trim) else { return node };
            let called = |function: &str| {
                text.strip_prefix(function)?.strip_prefix("('")?.strip_suffix("')").filter(|name| !name.contains('\''))
            };
            let bare = (self.platform == "bicep").then_some(text);
            let variable = called("variables").or(bare).and_then(|name| self.variables.get(name).copied());
            let default = || called("parameters").or(bare).and_then(|name| self.parameters.get(name)?.default);
            match variable.or_else(default) {
                Some(next) => node = next,
                None => return node,
            }
        }
        node
    }

    /// A text that the file gives, defaults put in; other expressions stand in `${…}`.
    #[must_use]
    pub fn text(&self, node: &Node) -> Option<String> {
        let node = self.follow(node);
        match self.expression(node) {
            None => node.scalar(),
            // A string with expressions in it, where a default is all that they are.
            Some(text) if text.contains("${") && node.span != node.inner => {
                let mut out = String::new();
                let mut rest = text;
                while let Some((before, after)) = rest.split_once("${") {
                    out.push_str(before);
                    let (name, tail) = after.split_once('}')?;
                    let default = self.parameters.get(name).and_then(|p| p.default).map(|node| self.follow(node));
                    let plain = default.filter(|node| self.expression(node).is_none()).and_then(Node::scalar);
                    out.push_str(&plain.filter(|text| !text.is_empty()).unwrap_or_else(|| format!("${{{name}}}")));
                    rest = tail;
                    if out.len() > 4096 {
                        break;
                    }
                }
                out.push_str(rest);
                Some(out.chars().take(4096).collect())
            }
            Some(text) => Some(format!("${{{}}}", text.chars().take(200).collect::<String>())),
        }
    }

    /// The item that an expression names: by symbol, or by type and name.
    #[must_use]
    pub fn named(&self, expression: &str, wanted: &dyn Fn(&Item<'_>) -> bool) -> Option<usize> {
        let all = || self.items.iter().enumerate().filter(|(_, item)| wanted(item));
        self.work.set(self.work.get().checked_sub(self.items.len() as u64)?);
        if self.platform == "bicep" {
            let mut words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').take(60);
            return words.find_map(|word| all().find(|(_, item)| item.symbol == word).map(|(index, _)| index));
        }
        let lower = expression.to_ascii_lowercase();
        let of_type: Vec<usize> =
            all().filter(|(_, item)| lower.contains(&item.kind)).map(|(index, _)| index).collect();
        let name = |index: &&usize| {
            let node = self.items.get(**index).and_then(|item| item.body.get("name"));
            let inner = node.and_then(|node| self.expression(node).map(str::to_owned).or_else(|| node.scalar()));
            inner.is_some_and(|name| !name.is_empty() && expression.contains(&name))
        };
        match of_type.as_slice() {
            [only] => Some(*only),
            several => several.iter().find(name).copied(),
        }
    }

    /// The key of an item.
    #[must_use]
    pub fn key(&self, item: &Item<'_>) -> IdentityKey {
        let kind = if is_identity(item) {
            "role"
        } else if is_application(item) {
            "app"
        } else {
            "workload"
        };
        IdentityKey::new(self.platform, kind, &format!("{}#{}", place(self.input), item.symbol))
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self, item: &Item<'_>) -> String {
        let named = item.body.get("name").and_then(|node| self.text(node)).filter(|name| !name.contains("${"));
        named.unwrap_or_else(|| item.symbol.clone()).chars().take(120).collect()
    }

    /// Tells everything.
    pub fn read(&self, out: &mut Out<'_>) {
        self.parameters.values().for_each(|parameter| self.parameter(parameter, out));
        for (name, _, node) in &self.outputs {
            self.output(name, node, out);
        }
        let mut budget = BUDGET;
        for item in self.items.iter().filter(|item| !item.existing) {
            budget = self.item(item, budget, out);
            if budget == 0 {
                let message = "more resources than any deployment may have; the rest of the file was not read";
                return gap(self.input, item.at, "too-many-facts", message, out);
            }
        }
        roles::read(self, out);
    }

    fn item(&self, item: &Item<'a>, budget: usize, out: &mut Out<'_>) -> usize {
        keys::read(self, item, out);
        let left = if is_identity(item) || is_application(item) {
            out.fact(Fact::Identity(At::span(item.at), self.identity(item)));
            budget
        } else if item.kind.ends_with("/federatedidentitycredentials") {
            self.trust(item, out);
            budget
        } else if runs(item) {
            // Settings that are a resource of their own belong to what they are set for.
            let parent = item.body.get("parent").and_then(Node::as_str).filter(|_| item.kind.ends_with("/config"));
            let owner = item.parent.or_else(|| self.named(parent?, &runs)).and_then(|index| self.items.get(index));
            let owner = owner.filter(|_| item.kind.ends_with("/config")).unwrap_or(item);
            let mut workload =
                Workload::new(self.input.text, self.identity(owner), At::span(item.at), FEDERATES, budget);
            self.runs_as(&mut workload, item);
            settings::read(self, &mut workload, item);
            workload.finish(out)
        } else {
            budget
        };
        left.saturating_sub(self.secrets(item, out))
    }

    fn identity(&self, item: &Item<'_>) -> IdentityFact {
        let kind = match () {
            () if is_identity(item) => IdentityKind::Role,
            () if is_application(item) => IdentityKind::Application,
            () => IdentityKind::Workload,
        };
        let mut fact = IdentityFact::new(self.key(item), kind, "azure", &self.name(item));
        fact.human = Human::No;
        for (key, value) in item.body.get("tags").map(Node::entries).unwrap_or_default() {
            let name = key.as_str().unwrap_or_default().to_ascii_lowercase();
            let Some(value) = self.text(value).filter(|value| !value.is_empty() && !value.contains("${")) else {
                continue;
            };
            if matches!(name.as_str(), "environment" | "env" | "stage") {
                fact.environment = environment::classify("tag", &value);
            } else if matches!(name.as_str(), "owner" | "contact" | "team") {
                fact.owner = Some(value.chars().take(200).collect());
            }
        }
        if kind == IdentityKind::Workload {
            fact.attributes.insert("type".to_owned(), item.kind.clone());
        }
        fact
    }

    /// A federated credential: who may become the identity that it belongs to.
    fn trust(&self, item: &Item<'_>, out: &mut Out<'_>) {
        let named = || {
            let node = item.body.get("parent")?;
            self.named(node.as_str()?, &|other| is_identity(other) || is_application(other))
        };
        let by_name = || {
            let name = self.expression(item.body.get("name")?)?;
            let owners = |other: &Item<'_>| is_identity(other) || is_application(other);
            self.named(&format!("{} {name}", item.kind.trim_end_matches("/federatedidentitycredentials")), &owners)
        };
        let owner = item.parent.or_else(named).or_else(by_name).and_then(|index| self.items.get(index));
        let Some(owner) = owner else { return };
        let properties = item.body.get("properties").unwrap_or(item.body);
        let text = |name: &str| properties.get(name).and_then(|node| self.text(node)).filter(|text| !text.is_empty());
        let Some(issuer) = text("issuer") else { return };
        let audiences = properties.get("audiences").map(Node::one_or_many).unwrap_or_default();
        let mut fact = TrustFact {
            identity: self.key(owner),
            issuer: issuer.strip_prefix("https://").unwrap_or(&issuer).trim_end_matches('/').to_owned(),
            audience: audiences.first().and_then(|node| self.text(node)),
            subject: text("subject"),
            attributes: BTreeMap::new(),
        };
        // Entra compares whole texts (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation>).
        for (name, value) in [("kind", "federated"), ("sub_operator", "StringEquals"), ("aud_operator", "StringEquals")]
        {
            fact.attributes.insert(name.to_owned(), value.to_owned());
        }
        if fact.subject.is_none()
            && let Some(pattern) =
                properties.at(&["claimsMatchingExpression", "value"]).and_then(|node| self.text(node))
        {
            fact.subject = Some(pattern.chars().take(300).collect());
            fact.attributes.insert("sub_operator".to_owned(), "matches".to_owned());
        }
        out.fact(Fact::Trust(At::span(item.at), fact));
    }

    /// The managed identities that a resource runs as.
    fn runs_as(&self, workload: &mut Workload<'_>, item: &Item<'_>) {
        let Some(node) = item.body.get("identity").map(|node| self.follow(node)) else { return };
        let kind = node.get("type").and_then(|node| self.text(node)).unwrap_or_default().to_ascii_lowercase();
        if kind.contains("systemassigned") {
            workload.instance("azure", Some(&item.symbol), node.span, "system-assigned identity");
        }
        for (key, _) in node.get("userAssignedIdentities").map(Node::entries).unwrap_or_default() {
            let Some(name) = key.as_str() else { continue };
            let local = self.named(name, &is_identity).and_then(|index| self.items.get(index));
            let target = local.map_or_else(|| name.chars().take(200).collect(), |item| item.symbol.clone());
            workload.instance("azure", Some(&target), key.span, "user-assigned identity");
        }
    }

    /// A parameter for a secret: whether it is marked as one, and whether the file brings its value along.
    fn parameter(&self, parameter: &Parameter<'_>, out: &mut Out<'_>) {
        let name = parameter.name;
        let text = matches!(parameter.kind.to_ascii_lowercase().as_str(), "string" | "securestring" | "");
        if !text || parameter.choice {
            return;
        }
        let mut tell = |value: &str, at: Span, placeholder: bool| {
            let mut fact = SettingFact::new(setting::PLAIN_SECRET, format!("parameter {name}"), value);
            if placeholder {
                fact.attributes.insert("placeholder".to_owned(), "true".to_owned());
            }
            out.fact(Fact::Setting(At::span(at), fact));
        };
        let plain = parameter.default.filter(|node| self.expression(node).is_none());
        let value = plain.and_then(Node::scalar).unwrap_or_default();
        let literal = secrets::literal(name, &value);
        match (plain, literal) {
            (Some(node), Some(Literal::Own)) => tell("default", node.span, false),
            (Some(node), Some(Literal::Plain)) => tell("default", node.span, true),
            _ => {}
        }
        let refers = (!value.is_empty() && literal.is_none()) || (parameter.default.is_some() && plain.is_none());
        let about = parameter.about.to_ascii_lowercase();
        let names = ["name of", "id of", "uri", "url", "secret name"].iter().any(|says| about.contains(says));
        if !parameter.secure && secrets::promise(name).is_some() && !refers && !names {
            tell("echo", parameter.at, false);
        }
    }

    /// Outputs stay in the deployment's history, for everybody who may read it
    /// (<https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter-rule-outputs-should-not-contain-secrets>).
    fn output(&self, name: &str, node: &Node, out: &mut Out<'_>) {
        let Some(text) = self.expression(node) else { return };
        let parameter = |word: &str| {
            let parameter = self.parameters.get(word);
            parameter.is_some_and(|p| p.secure && secrets::promise(p.name).is_some())
        };
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let bare = if self.platform == "bicep" { words.next().unwrap_or_default() == text } else { true };
        let secure = match self.platform {
            "bicep" => bare && parameter(text),
            _ => text.strip_prefix("parameters('").and_then(|t| t.strip_suffix("')")).is_some_and(parameter),
        };
        if hands_out_keys(text) || secure {
            let fact = SettingFact::new(setting::PLAIN_SECRET, format!("output {name}"), "output");
            out.fact(Fact::Setting(At::span(node.span), fact));
        }
    }

    /// Literals in properties that are named like secrets, and references to a key vault. Says how many facts there were.
    fn secrets(&self, item: &Item<'_>, out: &mut Out<'_>) -> usize {
        const READ: [&str; 5] = ["appSettings", "connectionStrings", "env", "environmentVariables", "secrets"];
        let mut count = 0;
        let mut open: Vec<(&str, &Node)> = vec![("", item.body)];
        while let Some((name, node)) = open.pop() {
            let usage = |mode, credential: Option<String>| UsageFact {
                identity: None,
                mode,
                provider: "azure".to_owned(),
                credential,
                target: None,
                mechanism: format!("{}.{name}", item.symbol),
                federation_available: false,
                attributes: BTreeMap::new(),
            };
            match &node.kind {
                Kind::Mapping(entries) => {
                    // Templates in templates are read as what they deploy.
                    let nested = item.kind.ends_with("/deployments");
                    let inner = |key: &&str| !READ.contains(key) && (*key != "template" || !nested);
                    let named = entries.iter().rev().filter_map(|(key, value)| Some((key.as_str()?, value)));
                    open.extend(named.filter(|(key, _)| inner(key) && *key != "resources"));
                }
                Kind::Sequence(items) => open.extend(items.iter().rev().map(|item| (name, item))),
                Kind::String(text) => match self.expression(node) {
                    Some(code) => {
                        if let Some((_, after)) = code.split_once(".getSecret('") {
                            let secret = after.split('\'').next().unwrap_or_default().chars().take(120).collect();
                            out.fact(Fact::Usage(At::span(node.span), usage(AuthMode::Referenced, Some(secret))));
                            count += 1;
                        }
                    }
                    None if secrets::literal(name, text) == Some(Literal::Own) => {
                        out.fact(Fact::Usage(At::span(node.span), usage(AuthMode::Static, None)));
                        let subject = format!("{}.{name}", item.symbol);
                        let fact = SettingFact::new(setting::PLAIN_SECRET, subject, "literal");
                        out.fact(Fact::Setting(At::span(node.span), fact));
                        count += 2;
                    }
                    None => {}
                },
                _ => {}
            }
        }
        count
    }
}

/// A user-assigned managed identity.
pub fn is_identity(item: &Item<'_>) -> bool {
    item.kind == "microsoft.managedidentity/userassignedidentities"
}

/// An application registration, which Bicep declares through Microsoft Graph.
pub fn is_application(item: &Item<'_>) -> bool {
    item.kind == "microsoft.graph/applications"
}

/// Whether an item runs something, or acts as a managed identity.
pub fn runs(item: &Item<'_>) -> bool {
    let kinds = [
        "microsoft.web/sites",
        "microsoft.web/sites/slots",
        "microsoft.web/sites/config",
        "microsoft.app/containerapps",
        "microsoft.app/jobs",
        "microsoft.containerinstance/containergroups",
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets",
    ];
    let settings = item.kind != "microsoft.web/sites/config" || item.body.get("properties").is_some();
    kinds.contains(&item.kind.as_str()) && settings
        || (item.body.at(&["identity", "type"]).is_some() && item.kind.contains('/') && !is_identity(item))
}

/// Functions that hand out the keys of a service (`listKeys`, `listAccountSas`).
#[must_use]
pub fn hands_out_keys(text: &str) -> bool {
    let functions = [
        "listKeys(",
        "listkeys(",
        "listAccountSas(",
        "listServiceSas(",
        "listCredentials(",
        "listConnectionStrings(",
        "listAdminKeys(",
        "listQueryKeys(",
        "listClusterAdminCredential(",
        "listSecrets(",
    ];
    functions.iter().any(|function| text.contains(function))
}
