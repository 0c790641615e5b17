//! Services of the Serverless Framework, `serverless.yml`: functions with the variables that they get, and the role they
//! run as, one for all of them unless a function names its own.
//!
//! Syntax: <https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml>, variables:
//! <https://www.serverless.com/framework/docs/guides/variables>, roles:
//! <https://www.serverless.com/framework/docs/providers/aws/guide/iam>.

use std::collections::BTreeMap;

use super::cfn::compute::{self, FEDERATES};
use super::cfn::iam::Policies;
use super::cfn::template::{Template, function, gap, place};
use super::secrets::{self, Literal};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment, names};
use crate::model::{At, AuthMode, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Span, UsageFact};

/// The format.
pub static FORMAT: Format = Format {
    id: "serverless",
    name: "Serverless Framework service",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// Variables that lead to variables are followed this far.
const HOPS: usize = 8;

/// Variables that all functions of a service may have together.
const VARIABLES_MAX: usize = 2_000_000;

/// The role that the framework makes for all functions, by its logical id.
const DEFAULT_ROLE: &str = "IamRoleLambdaExecution";

fn claims(path: &RepoPath, head: &str) -> bool {
    is_named(path) || is_service(head)
}

/// `serverless.yml`, `serverless.prod.yaml`, `serverless.json`.
fn is_named(path: &RepoPath) -> bool {
    let Ok(name) = std::str::from_utf8(path.file_name()) else { return false };
    let ending = [".yml", ".yaml", ".json"].iter().any(|end| name.ends_with(end));
    ending && (name.starts_with("serverless.") || name.starts_with("serverless-compose."))
}

fn is_service(head: &str) -> bool {
    if memchr::memmem::find(head.as_bytes(), b"service:").is_none() {
        return false;
    }
    let has = |key: &str| head.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    has("service") && has("provider") && has("functions")
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    // Components and services of several files have none; there is nothing to read in them.
    let Some(provider) = root.get("provider") else { return };
    let mut template = Template::new(input, "serverless");
    for part in root.get("resources").map(Node::one_or_many).unwrap_or_default() {
        template.add_parameters(part.get("Parameters"));
        template.add_resources(part.get("Resources"));
    }
    let mut policies = Policies::read(&template, out);
    policies.principals(&template, out);
    let name = provider.get("name").or(Some(provider)).and_then(Node::as_str).unwrap_or_default().to_owned();
    let service = Service { input, root, provider, name, template: &template };
    service.login(out);
    service.functions(&mut policies, out);
    compute::read(&template, out);
}

struct Service<'s, 'a> {
    input: &'a Input<'a>,
    root: &'a Node,
    provider: &'a Node,
    name: String,
    template: &'s Template<'a>,
}

impl<'a> Service<'_, 'a> {
    /// How the framework itself signs in, where the service says so.
    fn login(&self, out: &mut Out<'_>) {
        let Some(node) = self.provider.get("credentials").filter(|_| self.name == "google") else { return };
        let Some(text) = node.as_str() else { return };
        let usage = UsageFact {
            identity: None,
            mode: AuthMode::Referenced,
            provider: "gcp".to_owned(),
            credential: Some(text.chars().take(200).collect()),
            target: None,
            mechanism: "provider.credentials".to_owned(),
            federation_available: true,
            attributes: BTreeMap::new(),
        };
        out.fact(Fact::Usage(At::span(node.span), usage));
    }

    fn functions(&self, policies: &mut Policies, out: &mut Out<'_>) {
        let mut budget = BUDGET;
        // Every function gets every variable of the service.
        let mut room = VARIABLES_MAX;
        let mut default_role = None;
        for part in self.root.get("functions").map(Node::one_or_many).unwrap_or_default() {
            for (key, function) in part.entries() {
                let Some(id) = key.as_str().filter(|_| function.is_mapping()) else { continue };
                let mut workload = self.workload(id, key.span, budget);
                for node in [function.get("environment"), self.provider.get("environment")].into_iter().flatten() {
                    room = room.saturating_sub(1 + node.entries().len());
                    for (name, value) in node.entries() {
                        if let Some(name) = name.as_str() {
                            self.variable(&mut workload, name, value);
                        }
                    }
                }
                if self.name == "aws" {
                    self.role(&mut workload, (id, key.span), function, policies, &mut default_role, out);
                }
                budget = workload.finish(out);
                if budget == 0 || room == 0 {
                    let message = "more references than any service may have; the rest of the file was not read";
                    return gap(self.input, key.span, "too-many-facts", message, out);
                }
            }
        }
        if let Some(at) = default_role {
            let role = self.provider.at(&["iam", "role"]);
            let from = |name: &str, old: &str| role.and_then(|r| r.get(name)).or_else(|| self.provider.get(old));
            if let Some(statements) = from("statements", "iamRoleStatements") {
                policies.add_document(self.template, DEFAULT_ROLE, "provider.iam.role.statements", statements, out);
            }
            if let Some(managed) = from("managedPolicies", "iamManagedPolicies") {
                policies.add_managed(self.template, DEFAULT_ROLE, managed);
            }
            policies.made_role(self.template, DEFAULT_ROLE, &self.default_role_name(), at, out);
        }
    }

    fn service(&self) -> String {
        let service = self.root.get("service");
        let named = service.and_then(|node| node.get("name").unwrap_or(node).as_str());
        named.unwrap_or("service").chars().take(100).collect()
    }

    fn default_role_name(&self) -> String {
        let named = self.provider.at(&["iam", "role", "name"]).and_then(Node::as_str);
        named
            .filter(|name| !name.contains("${"))
            .map_or_else(|| format!("{} {DEFAULT_ROLE}", self.service()), str::to_owned)
    }

    fn workload(&self, id: &str, at: Span, budget: usize) -> Workload<'a> {
        let key = IdentityKey::new("serverless", "workload", &format!("{}#{id}", place(self.input)));
        let name = format!("{} / {id}", self.service());
        let provider = if self.name == "google" { "gcp" } else { self.name.as_str() };
        let mut fact = IdentityFact::new(key, IdentityKind::Workload, provider, &name);
        fact.human = Human::No;
        // A stage by option has a value that the file does not give.
        if let Some(stage) = self.provider.get("stage").and_then(Node::as_str).filter(|stage| !stage.contains("${")) {
            fact.environment = environment::classify("stage", stage);
        }
        let federates: &[&str] = if self.name == "aws" { FEDERATES } else { &[] };
        Workload::new(self.input.text, fact, At::span(at), federates, budget)
    }

    /// The role of a function; what it shares with the others is asked for in `default_role`.
    fn role(
        &self,
        workload: &mut Workload<'_>,
        (id, at): (&str, Span),
        function: &Node,
        policies: &mut Policies,
        default_role: &mut Option<Span>,
        out: &mut Out<'_>,
    ) {
        // The plugin `serverless-iam-roles-per-function`.
        if let Some(statements) = function.get("iamRoleStatements") {
            let role = format!("{id}{DEFAULT_ROLE}");
            policies.add_document(self.template, &role, "iamRoleStatements", statements, out);
            let shared = self.provider.at(&["iam", "role", "statements"]);
            let shared = shared.or_else(|| self.provider.get("iamRoleStatements"));
            if let Some(more) = shared.filter(|_| compute::is_true(function.get("iamRoleStatementsInherit"))) {
                policies.add_document(self.template, &role, "provider.iam.role.statements", more, out);
            }
            policies.made_role(self.template, &role, &format!("{} / {role}", self.service()), at, out);
            workload.instance("aws", Some(&role), at, "function role");
            return;
        }
        let given =
            |node: &&Node| crate::formats::iac::cfn::template::function(node).is_some() || node.as_str().is_some();
        let named = function.get("role").or_else(|| self.provider.at(&["iam", "role"])).filter(given);
        let Some(node) = named.or_else(|| self.provider.get("role").filter(given)) else {
            let at = self.provider.at(&["iam", "role"]).map_or(self.provider.span, |node| node.span);
            default_role.get_or_insert(at);
            return workload.instance("aws", Some(DEFAULT_ROLE), at, "function role");
        };
        // The logical id of a role below `resources:` stands for its ARN.
        let local = node.as_str().and_then(|id| self.template.resource(id)).filter(|r| r.kind == "AWS::IAM::Role");
        match local {
            Some(role) => {
                workload.instance("aws", Some(role.id), node.span, "function role");
            }
            None => drop(compute::runs_as(self.template, workload, Some(node), "function role")),
        }
    }

    fn variable(&self, workload: &mut Workload<'_>, name: &str, node: &Node) {
        let mut node = node;
        for _ in 0..HOPS {
            match node.as_str().and_then(|text| self.own(text)) {
                Some(next) => node = next,
                None => break,
            }
        }
        if function(node).is_some() {
            return compute::variable(self.template, workload, name, node);
        }
        let Some(text) = node.as_str().filter(|text| text.contains("${")) else {
            secrets::variable(workload, name, node);
            return;
        };
        for part in text.split("${").skip(1).take(20) {
            let inside = part.split_once('}').map_or(part, |(inside, _)| inside);
            let (source, default) = inside.split_once(',').unwrap_or((inside, ""));
            let (kind, what) = source.split_once(':').unwrap_or((source, ""));
            let kind = kind.split('(').next().unwrap_or_default().trim();
            let what = what.trim().trim_end_matches("~true");
            let stored = matches!(kind, "env" | "ssm" | "param" | "vault" | "doppler" | "secretsmanager");
            let opens = names::is_credential(name) || names::is_credential(what);
            if stored && opens && !what.is_empty() {
                let what: String = what.chars().take(200).collect();
                workload.stored(&what, node.span, Via::variable(name));
            }
            let default = default.trim().trim_matches(['\'', '"']);
            if secrets::literal(name, default) == Some(Literal::Own) {
                let provider = names::provider(name).unwrap_or_default();
                let mut usage = workload.usage(AuthMode::Static, provider, name);
                usage.attributes.insert("default".to_owned(), "true".to_owned());
                workload.push(Fact::Usage(At::span(node.span), usage));
            }
        }
    }

    /// What a value that is nothing but `${self:…}` stands for.
    fn own(&self, text: &str) -> Option<&'a Node> {
        let path = text.strip_prefix("${self:")?.strip_suffix('}')?;
        if path.contains(['$', '{', ',']) {
            return None;
        }
        let found = path.split('.').take(20).try_fold(self.root, |node, key| node.get(key.trim()))?;
        (!matches!(found.kind, Kind::Null)).then_some(found)
    }
}
