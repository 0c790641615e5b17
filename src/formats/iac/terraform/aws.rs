//! AWS users, groups and roles of a module, what is attached to them, and who may take the roles on.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>. Policies, groups and attachments are
//! followed within the file. What another file of the module attaches reaches the same identity by its key, and is worked
//! out there by itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Emit;
use super::module::{Block, Module, is_open, nested, split};
use crate::doc::{Node, hcl};
use crate::formats::cloud::aws_actions::{is_everything, managed_level};
use crate::formats::cloud::aws_grants::Granted;
use crate::formats::cloud::aws_policy::Policy;
use crate::formats::cloud::aws_rights::{Boundary, Source, Subject, rights};
use crate::formats::cloud::aws_trust::trusts;
use crate::model::{
    At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, SettingFact, Span, setting,
};

/// Comparisons of patterns that one file may cost.
const WORK_MAX: u64 = 20_000_000;

/// Principals that one attachment may name.
const NAMED_MAX: usize = 200;

/// What is attached: a document, or a policy known by name alone.
enum Attached {
    Document(Policy),
    Named(Privilege),
}

/// One thing that is attached, and where.
struct Attachment {
    label: String,
    what: Attached,
    at: Span,
}

/// A user, group or role, by its address in the module.
#[derive(Default)]
struct Principal<'a> {
    block: Option<Block<'a>>,
    at: Span,
    attached: Vec<Attachment>,
    /// Addresses of its groups.
    groups: Vec<String>,
}

/// Reads the IAM part of a file.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    let mut iam = Iam { module, principals: BTreeMap::new(), used: Vec::new(), work: 0 };
    iam.declare();
    iam.attach();
    iam.tell(emit);
    iam.unattached(emit);
}

struct Iam<'m, 'a> {
    module: &'m Module<'a>,
    /// By type (`aws_iam_role`) and address.
    principals: BTreeMap<(&'static str, String), Principal<'a>>,
    /// Addresses of policies that something in the file refers to.
    used: Vec<String>,
    work: u64,
}

const KINDS: [&str; 3] = ["aws_iam_role", "aws_iam_user", "aws_iam_group"];

/// Resource, argument and type of each attachment of one policy to one principal.
const ATTACHMENTS: &[(&str, &str, &str)] = &[
    ("aws_iam_role_policy_attachment", "role", "aws_iam_role"),
    ("aws_iam_user_policy_attachment", "user", "aws_iam_user"),
    ("aws_iam_group_policy_attachment", "group", "aws_iam_group"),
    ("aws_iam_role_policy", "role", "aws_iam_role"),
    ("aws_iam_user_policy", "user", "aws_iam_user"),
    ("aws_iam_group_policy", "group", "aws_iam_group"),
    ("aws_iam_role_policy_attachments_exclusive", "role_name", "aws_iam_role"),
    ("aws_iam_user_policy_attachments_exclusive", "user_name", "aws_iam_user"),
    ("aws_iam_group_policy_attachments_exclusive", "group_name", "aws_iam_group"),
    ("aws_iam_policy_attachment", "roles", "aws_iam_role"),
    ("aws_iam_policy_attachment", "users", "aws_iam_user"),
    ("aws_iam_policy_attachment", "groups", "aws_iam_group"),
];

impl<'a> Iam<'_, 'a> {
    fn declare(&mut self) {
        let module = self.module;
        for kind in KINDS {
            for block in module.of(&[kind]) {
                let slot = self.principals.entry((kind, block.address())).or_default();
                slot.at = block.label;
                slot.block = Some(*block);
            }
        }
    }

    /// The address of a principal that an argument names; `None` for one that the caller of the module gives.
    fn named(&self, node: &Node, kind: &'static str) -> Option<String> {
        if let Some(path) = self.module.path(node) {
            return address(&path).filter(|address| !address.starts_with("data."));
        }
        let name = self.module.literal(node)?;
        let bears = |block: &Block<'_>| {
            block.get("name").and_then(|node| self.module.literal(node)).is_some_and(|own| own == name)
        };
        let found = self.module.of(&[kind]).find(|block| bears(block)).map(Block::address);
        found.or_else(|| (!name.is_empty()).then(|| format!("{kind}/{name}")))
    }

    fn attach(&mut self) {
        let module = self.module;
        for (resource, argument, kind) in ATTACHMENTS {
            for block in module.of(&[resource]) {
                let Some(who) = block.get(argument) else { continue };
                for who in hcl::one_or_many(who).iter().take(NAMED_MAX) {
                    let Some(address) = self.named(who, kind) else { continue };
                    for attachment in self.attachments(block) {
                        let slot = self.principals.entry((kind, address.clone())).or_default();
                        if slot.block.is_none() {
                            slot.at = block.label;
                        }
                        slot.attached.push(attachment);
                    }
                }
            }
        }
        for block in module.of(&["aws_iam_group_membership"]) {
            let group = block.get("group").and_then(|node| self.named(node, "aws_iam_group"));
            for user in block.get("users").map(hcl::one_or_many).unwrap_or_default().iter().take(NAMED_MAX) {
                self.join(user, group.clone());
            }
        }
        for block in module.of(&["aws_iam_user_group_membership"]) {
            for group in block.get("groups").map(hcl::one_or_many).unwrap_or_default().iter().take(NAMED_MAX) {
                let group = self.named(group, "aws_iam_group");
                block.get("user").into_iter().for_each(|user| self.join(user, group.clone()));
            }
        }
        let roles: Vec<Block<'a>> = module.of(&KINDS).copied().collect();
        for block in roles {
            let mut found = Vec::new();
            for inline in nested(block.body, "inline_policy") {
                let name = inline.get("name").and_then(|node| module.text(node)).unwrap_or_default();
                if let Some(policy) = inline.get("policy") {
                    found.push(self.document(policy, format!("inline policy {name}"), policy.span));
                }
            }
            for policy in block.get("managed_policy_arns").map(hcl::one_or_many).unwrap_or_default() {
                found.extend(self.policy(policy, policy.span));
            }
            let kind = KINDS.into_iter().find(|kind| *kind == block.kind);
            let slot = kind.and_then(|kind| self.principals.get_mut(&(kind, block.address())));
            slot.into_iter().for_each(|slot| slot.attached.append(&mut found));
        }
    }

    fn join(&mut self, user: &Node, group: Option<String>) {
        let Some((user, group)) = self.named(user, "aws_iam_user").zip(group) else { return };
        let slot = self.principals.entry(("aws_iam_user", user)).or_default();
        slot.groups.push(group);
    }

    /// What an attachment resource attaches.
    fn attachments(&mut self, block: &Block<'_>) -> Vec<Attachment> {
        if let Some(policy) = block.get("policy") {
            let label = format!("inline policy {}", block.name);
            return vec![self.document(policy, label, policy.span)];
        }
        let arns = block.get("policy_arn").or_else(|| block.get("policy_arns"));
        let arns = arns.map(hcl::one_or_many).unwrap_or_default();
        arns.iter().take(NAMED_MAX).flat_map(|arn| self.policy(arn, block.label)).collect()
    }

    fn document(&self, node: &Node, label: String, at: Span) -> Attachment {
        let what = match Policy::parse(&self.module.value(node)) {
            Some(policy) => Attached::Document(policy),
            None => Attached::Named(Privilege::Unknown),
        };
        Attachment { label, what, at }
    }

    /// A managed policy by its ARN: one of the file, one of AWS's, or one that is declared elsewhere.
    fn policy(&mut self, node: &Node, at: Span) -> Vec<Attachment> {
        let module = self.module;
        if let Some(path) = module.path(node) {
            if let Some((block, _)) = module.find(&path)
                && block.kind == "aws_iam_policy"
            {
                if !block.data {
                    self.used.push(block.address());
                    let policy = block.get("policy");
                    return policy.map(|p| self.document(p, block.name.to_owned(), p.span)).into_iter().collect();
                }
                let name = block.get("name").and_then(|node| module.literal(node));
                let arn = block.get("arn").and_then(|node| module.literal(node));
                let arn = arn.or_else(|| name.map(|name| format!("arn:aws:iam::aws:policy/{name}")));
                return arn.map(|arn| by_arn(&arn, at)).into_iter().collect();
            }
            if let Some((false, "aws_iam_policy", name, _)) = split(&path) {
                let label = format!("{name}, which another file declares");
                return vec![Attachment { label, what: Attached::Named(Privilege::Unknown), at }];
            }
        }
        let arns = module.texts(node);
        let arns = arns.iter().take(NAMED_MAX);
        arns.map(|arn| by_arn(arn, at)).collect()
    }

    fn tell(&mut self, emit: &mut Emit<'_, '_>) {
        let principals = std::mem::take(&mut self.principals);
        for ((kind, address), principal) in &principals {
            if *kind == "aws_iam_group" {
                continue;
            }
            let word = if *kind == "aws_iam_role" { "role" } else { "user" };
            let key = self.module.key(word, address);
            emit.push(Fact::Identity(At::span(principal.at), self.identity(&key, kind, address, principal)));
            if let Some(block) = principal.block.filter(|block| block.kind == "aws_iam_role") {
                self.trust(&block, &key, emit);
            }
            self.rights(&principals, principal, &key, emit);
        }
        self.principals = principals;
    }

    fn identity(&self, key: &IdentityKey, kind: &str, address: &str, principal: &Principal<'_>) -> IdentityFact {
        let role = kind == "aws_iam_role";
        let identity = if role { IdentityKind::Role } else { IdentityKind::CloudUser };
        let mut fact = IdentityFact::new(key.clone(), identity, "aws", address);
        if role {
            fact.human = Human::No;
        }
        fact.environment = self.module.environment();
        let Some(block) = principal.block else { return fact };
        let name = block.get("name").and_then(|node| self.module.literal(node));
        if let Some(name) = name {
            let found = crate::formats::environment::of_name("name", &name);
            if found.class != crate::model::EnvironmentClass::Unknown {
                fact.environment = found;
            }
            fact.attributes.insert("name".to_owned(), name);
        }
        if let Some(boundary) = block.get("permissions_boundary").and_then(|node| self.module.text(node)) {
            fact.attributes.insert("permissions_boundary".to_owned(), boundary.chars().take(200).collect());
        }
        fact
    }

    fn rights(
        &mut self,
        all: &BTreeMap<(&'static str, String), Principal<'a>>,
        principal: &Principal<'a>,
        key: &IdentityKey,
        emit: &mut Emit<'_, '_>,
    ) {
        let own = principal.attached.iter().map(|attached| (String::new(), attached));
        let groups = principal.groups.iter().filter_map(|group| all.get(&("aws_iam_group", group.clone())));
        let groups = principal.groups.iter().zip(groups).flat_map(|(group, principal)| {
            principal.attached.iter().map(move |attached| (format!("group {group} → "), attached))
        });
        let mut sources = Vec::new();
        let mut named = Vec::new();
        let mut places = Vec::new();
        for (chain, attached) in own.chain(groups) {
            let label = format!("{chain}{}", attached.label);
            places.push((label.clone(), attached.at));
            match &attached.what {
                Attached::Document(policy) => sources.push(Source { label, policy }),
                Attached::Named(privilege) => named.push((label, *privilege)),
            }
        }
        if sources.is_empty() && named.is_empty() {
            // Another file may attach something.
            return;
        }
        let boundary = principal.block.and_then(|block| block.get("permissions_boundary"));
        let document = boundary.and_then(|node| self.boundary(node));
        let boundary_name = boundary.and_then(|node| self.module.text(node)).unwrap_or_default();
        let boundary_name = boundary_name.rsplit('/').next().unwrap_or_default().to_owned();
        let boundary = match (&document, boundary) {
            (_, None) => Boundary::None,
            (Some(policy), Some(_)) => Boundary::Known(&boundary_name, policy),
            (None, Some(_)) => Boundary::Unknown(&boundary_name),
        };
        let arn = format!("${{{}}}", key.as_str());
        let subject = Subject { arn: &arn, sources, boundary };
        self.work = self.work.saturating_add(subject.work());
        let grants = Granted { key, named, input: "this file" }.by(&subject, self.work <= WORK_MAX);
        for grant in grants {
            let place = places.iter().find(|(label, _)| grant.source.starts_with(label.as_str()));
            let at = place.map_or(principal.at, |(_, at)| *at);
            emit.push(Fact::Grant(At::span(at), grant));
        }
    }

    fn boundary(&self, node: &Node) -> Option<Policy> {
        let path = self.module.path(node)?;
        let (block, _) = self.module.find(&path)?;
        let policy = block.get("policy").filter(|_| block.kind == "aws_iam_policy")?;
        Policy::parse(&self.module.value(policy))
    }

    fn trust(&self, block: &Block<'_>, key: &IdentityKey, emit: &mut Emit<'_, '_>) {
        let Some(node) = block.get("assume_role_policy") else { return };
        let mut document = self.module.value(node);
        if let Value::String(text) = &document {
            let Ok(parsed) = serde_json::from_str(text) else { return };
            document = parsed;
        }
        name_issuers(&mut document);
        let own = self.own_account().map(|account| format!("arn:aws:iam::{account}:role/{}", block.name));
        let Some(read) = trusts(own.as_deref().unwrap_or_default(), key, &document) else { return };
        for mut fact in read.facts {
            if is_callers(&fact.issuer) {
                continue;
            }
            if fact.issuer.contains("${data.aws_caller_identity.") || fact.issuer.contains("${account}") {
                fact.attributes.insert("same_account".to_owned(), "true".to_owned());
            }
            for (part, word) in [("${aws_iam_user.", "user"), ("${aws_iam_role.", "role")] {
                if fact.issuer.starts_with(part) {
                    fact.attributes.insert("principal".to_owned(), word.to_owned());
                    fact.attributes.insert("same_account".to_owned(), "true".to_owned());
                }
            }
            emit.push(Fact::Trust(At::span(node.span), fact));
        }
    }

    /// The account that the file's provider is bound to.
    fn own_account(&self) -> Option<String> {
        let provider = self.module.providers.iter().find(|block| block.kind == "aws")?;
        let accounts = self.module.texts(provider.get("allowed_account_ids")?);
        (accounts.len() == 1).then(|| accounts.into_iter().next()).flatten().filter(|account| !is_open(account))
    }

    /// Policies of the file that nothing in it attaches: whoever gets them gets much.
    fn unattached(&mut self, emit: &mut Emit<'_, '_>) {
        let module = self.module;
        for block in module.of(&["aws_iam_policy"]) {
            let Some(node) = block.get("policy").filter(|_| !self.used.contains(&block.address())) else { continue };
            let Some(policy) = Policy::parse(&module.value(node)) else { continue };
            let arn = String::new();
            let sources = vec![Source { label: block.name.to_owned(), policy: &policy }];
            let subject = Subject { arn: &arn, sources, boundary: Boundary::None };
            self.work = self.work.saturating_add(subject.work());
            if self.work > WORK_MAX {
                return;
            }
            for right in rights(&subject).into_iter().filter(|right| right.privilege == Privilege::Admin) {
                let all = right.action.split(", ").any(|action| is_everything(action) || action == "iam:*");
                let mut fact = SettingFact::new(setting::POLICY_RIGHTS, block.address(), right.action);
                fact.attributes.insert("level".to_owned(), if all { "admin" } else { "escalation" }.to_owned());
                fact.attributes.insert("resource".to_owned(), right.resource);
                right.condition.into_iter().for_each(|c| drop(fact.attributes.insert("condition".to_owned(), c)));
                emit.push(Fact::Setting(At::span(node.span), fact));
            }
        }
    }
}

fn by_arn(arn: &str, at: Span) -> Attachment {
    let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
    Attachment { label: name, what: Attached::Named(managed_level(arn)), at }
}

/// The address in a path, without index: `aws_iam_role.ci` of `aws_iam_role.ci[0].name`; of what another module gives its
/// whole path. `None` for variables and whatever else only the caller knows.
#[must_use]
pub fn address(path: &str) -> Option<String> {
    if let Some((data, kind, name, _)) = split(path) {
        return Some(format!("{}{kind}.{name}", if data { "data." } else { "" }));
    }
    path.starts_with("module.").then(|| path.split('[').next().unwrap_or(path).to_owned())
}

/// Whether only the caller of the module knows whom it trusts, and on which conditions.
fn is_callers(issuer: &str) -> bool {
    let told = ["${data.", "${module.", "${account}"];
    let declared = |path: &str| {
        path.split('.').next().is_some_and(|kind| kind.starts_with("aws_") || kind.starts_with("azuread_"))
    };
    issuer.strip_prefix("${").is_some_and(|path| !told.iter().any(|known| issuer.starts_with(known)) && !declared(path))
}

/// Condition keys begin with the issuer. Where the ARN of the provider comes from elsewhere, or both do, they tell which
/// issuer a federated principal is.
fn name_issuers(document: &mut Value) {
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_mut(one),
        _ => return,
    };
    for statement in statements {
        let keys = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let keys = keys.flat_map(|(_, keys)| keys.as_object().into_iter().flatten()).map(|(key, _)| key);
        let mut issuers: Vec<String> = keys
            .filter_map(|key| key.rsplit_once(':'))
            .filter(|(issuer, claim)| {
                matches!(*claim, "sub" | "aud") && !matches!(*issuer, "aws" | "sts" | "SAML" | "saml")
            })
            .map(|(issuer, _)| issuer.to_owned())
            .collect();
        issuers.sort();
        issuers.dedup();
        let [issuer] = issuers.as_slice() else { continue };
        let Some(federated) = statement.get_mut("Principal").and_then(|p| p.get_mut("Federated")) else { continue };
        let names = match federated {
            Value::Array(names) => names.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        let [name] = names else { continue };
        if name.as_str().is_some_and(|name| is_open(name) && (is_open(issuer) || !name.contains(issuer.as_str()))) {
            *name = Value::String(issuer.clone());
        }
    }
}

/// The grants of a principal whose rights another provider names, for the readers beside this one.
#[must_use]
pub fn grant(identity: IdentityKey, privilege: Privilege, action: &str, resource: String, source: &str) -> GrantFact {
    GrantFact { identity, privilege, action: action.to_owned(), resource, source: source.to_owned(), condition: None }
}
