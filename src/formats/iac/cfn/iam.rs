//! Users and roles of a template, who may become them and what they may do.
//!
//! Resource types: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html>. Policies come with
//! the principal, as managed policies that either side names, and as resources of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::template::{Resource, Template, gap};
use crate::doc::Node;
use crate::formats::Out;
use crate::formats::cloud::aws;
use crate::formats::cloud::aws_actions::managed_level;
use crate::formats::cloud::aws_policy::Policy;
use crate::formats::cloud::aws_rights::{Boundary, Source, Subject, rights};
use crate::formats::cloud::aws_trust::trusts;
use crate::formats::workload::{BUDGET, MAX_TEXT};
use crate::model::{
    At, Fact, GrantFact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, SettingFact, Span, TrustFact,
    setting,
};

/// Comparisons of patterns spent on the rights of one file.
const WORK_MAX: u64 = 200_000_000;

/// A policy with the chain that gives it.
#[derive(Debug, Clone)]
struct Given {
    label: String,
    at: Span,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// Its document.
    Document(std::rc::Rc<Policy>),
    /// A document that could not be read, or a policy known by its ARN alone.
    Named(Privilege),
}

/// What every principal of a template was given, by logical id.
#[derive(Default)]
pub struct Policies {
    given: BTreeMap<String, Vec<Given>>,
    /// Documents of managed policies, by logical id.
    managed: BTreeMap<String, (String, Span, What)>,
    work: u64,
    facts: usize,
}

impl Policies {
    /// Gathers the policies of a template.
    #[must_use]
    pub fn read(template: &Template<'_>, out: &mut Out<'_>) -> Self {
        let mut all = Self::default();
        for resource in template.resources().filter(|r| r.kind == "AWS::IAM::ManagedPolicy") {
            let name = template.literal(resource.properties.get("ManagedPolicyName"));
            let what = document(template, resource.properties.get("PolicyDocument"), resource.at, out);
            let label = name.unwrap_or_else(|| resource.id.to_owned());
            all.managed.insert(resource.id.to_owned(), (label, resource.at, what));
        }
        let mut groups: BTreeMap<String, Vec<Given>> = BTreeMap::new();
        for resource in template.resources() {
            all.attach(template, resource, &mut groups, out);
        }
        all.members(template, &groups);
        all
    }

    /// What one resource gives to the principals that it names, or to itself.
    fn attach(
        &mut self,
        template: &Template<'_>,
        resource: Resource<'_>,
        groups: &mut BTreeMap<String, Vec<Given>>,
        out: &mut Out<'_>,
    ) {
        let properties = resource.properties;
        let own = match resource.kind {
            "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
                let given = self.own(template, properties, resource.at, out);
                if resource.kind == "AWS::IAM::Group" {
                    let chain =
                        |given: Given| Given { label: format!("group {} → {}", resource.id, given.label), ..given };
                    groups.entry(resource.id.to_owned()).or_default().extend(given.into_iter().map(chain));
                } else {
                    self.given.entry(resource.id.to_owned()).or_default().extend(given);
                }
                return;
            }
            "AWS::IAM::ManagedPolicy" => {
                let Some((label, at, what)) = self.managed.get(resource.id).cloned() else { return };
                Given { label, at, what }
            }
            "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
                let name = template.literal(properties.get("PolicyName")).unwrap_or_else(|| resource.id.to_owned());
                let node = properties.get("PolicyDocument");
                let at = node.map_or(resource.at, |node| node.span);
                Given { label: format!("policy {name}"), at, what: document(template, node, at, out) }
            }
            _ => return,
        };
        let lists = ["Roles", "Users", "RoleName", "UserName", "Groups", "GroupName"];
        for node in lists.iter().filter_map(|list| properties.get(list)) {
            for node in template.list(Some(node)) {
                let Some(principal) = principal(template, node) else { continue };
                let group = principal.kind == "AWS::IAM::Group";
                let slot = if group { &mut *groups } else { &mut self.given };
                let chain = if group { format!("group {} → ", principal.id) } else { String::new() };
                let given = Given { label: format!("{chain}{}", own.label), ..own.clone() };
                slot.entry(principal.id.to_owned()).or_default().push(given);
            }
        }
    }

    /// Inline and managed policies that a principal names itself.
    fn own(&self, template: &Template<'_>, properties: &Node, at: Span, out: &mut Out<'_>) -> Vec<Given> {
        let mut given = Vec::new();
        for policy in template.list(properties.get("Policies")) {
            let name = template.literal(policy.get("PolicyName")).unwrap_or_else(|| "unnamed".to_owned());
            let Some(node) = policy.get("PolicyDocument") else { continue };
            let what = document(template, Some(node), node.span, out);
            given.push(Given { label: format!("inline policy {name}"), at: node.span, what });
        }
        for node in template.list(properties.get("ManagedPolicyArns")) {
            given.extend(self.managed(template, node, at));
        }
        given
    }

    /// The managed policies that a value names.
    fn managed(&self, template: &Template<'_>, node: &Node, at: Span) -> Vec<Given> {
        let at = if node.span.is_empty() { at } else { node.span };
        if let Some((label, _, what)) = template.referred(node).and_then(|r| self.managed.get(r.id)) {
            return vec![Given { label: label.clone(), at, what: what.clone() }];
        }
        let value = template.value(node);
        let texts = match &value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect::<Vec<_>>(),
        };
        texts.into_iter().map(|arn| named(arn, at)).collect()
    }

    /// Gives members what their groups were given.
    fn members(&mut self, template: &Template<'_>, groups: &BTreeMap<String, Vec<Given>>) {
        let mut pairs: BTreeSet<(&str, &str)> = BTreeSet::new();
        for resource in template.resources() {
            let (users, groups) = match resource.kind {
                "AWS::IAM::User" => (None, resource.properties.get("Groups")),
                "AWS::IAM::UserToGroupAddition" => {
                    (resource.properties.get("Users"), resource.properties.get("GroupName"))
                }
                _ => continue,
            };
            let groups = template.list(groups).into_iter().filter_map(|node| principal(template, node)).take(10);
            for group in groups {
                match users {
                    Some(users) => {
                        let users = template.list(Some(users)).into_iter().filter_map(|node| principal(template, node));
                        pairs.extend(users.map(|user| (user.id, group.id)));
                    }
                    None => drop(pairs.insert((resource.id, group.id))),
                }
            }
        }
        let mut room = BUDGET;
        for (user, group) in pairs {
            let given = groups.get(group).map(Vec::as_slice).unwrap_or_default();
            room = room.saturating_sub(given.len());
            if room == 0 {
                return;
            }
            self.given.entry(user.to_owned()).or_default().extend(given.iter().cloned());
        }
    }

    /// Tells the rights of a principal; `more` are policies of it that stand elsewhere.
    fn tell(&mut self, template: &Template<'_>, who: &Who<'_>, boundary: Option<&Node>, out: &mut Out<'_>) {
        let given = self.given.remove(who.id).unwrap_or_default();
        // A parameter for a boundary that is empty unless somebody sets it.
        let set = |node: &&Node| {
            let name = template.named(node).unwrap_or_default();
            let default = template.parameter(&name).and_then(|parameter| parameter.get("Default"));
            default.and_then(Node::as_str) != Some("")
        };
        let bound = boundary.filter(set).map(|node| self.managed(template, node, node.span));
        let bound = bound.and_then(|mut list| list.pop());
        let (boundary, within) = match &bound {
            None => (Boundary::None, None),
            Some(Given { label, what: What::Document(policy), .. }) => {
                (Boundary::Known(label, policy), Some(format!("within permissions boundary {label}")))
            }
            Some(Given { label, .. }) => {
                (Boundary::Unknown(label), Some(format!("within permissions boundary {label}")))
            }
        };
        let mut grants: Vec<(Span, GrantFact)> = Vec::new();
        let grant = |privilege, action: &str, resource: &str, source: &str, condition| GrantFact {
            identity: who.key.clone(),
            privilege,
            action: action.chars().take(MAX_TEXT * 10).collect(),
            resource: resource.chars().take(MAX_TEXT * 10).collect(),
            source: source.to_owned(),
            condition,
        };
        let mut sources = Vec::new();
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        for policy in &given {
            match &policy.what {
                What::Document(document) => {
                    places.insert(&policy.label, policy.at);
                    sources.push(Source { label: policy.label.clone(), policy: document });
                }
                What::Named(level) => {
                    let action = match level {
                        Privilege::Unknown => "unknown: no readable document in this template",
                        _ => "by its name",
                    };
                    grants.push((policy.at, grant(*level, action, "*", &policy.label, within.clone())));
                }
            }
        }
        let subject = Subject { arn: &who.arn, sources, boundary };
        self.work = self.work.saturating_add(subject.work());
        if self.work > WORK_MAX {
            gap(template.input, who.at, "too-large", "the policies are too many to be worked out", out);
            self.work = 0;
        } else {
            for right in rights(&subject) {
                let label = right.source.split(" + ").next().unwrap_or_default();
                let at = places.get(label).copied().unwrap_or(who.at);
                grants.push((
                    at,
                    grant(right.privilege, &right.action, &right.resource, &right.source, right.condition.clone()),
                ));
            }
        }
        if grants.is_empty() {
            grants.push((who.at, grant(Privilege::None, "none", "none", "no policy is attached", None)));
        }
        for (at, fact) in grants {
            self.emit(Fact::Grant(At::span(at), fact), out);
        }
    }

    fn emit(&mut self, fact: Fact, out: &mut Out<'_>) {
        self.facts += 1;
        if self.facts < BUDGET {
            out.fact(fact);
        }
    }

    /// Adds what a function's `Policies` say of its own role: names of managed policies, documents, and templates of SAM
    /// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html>).
    pub fn add_function(&mut self, template: &Template<'_>, id: &str, policies: &Node, out: &mut Out<'_>) {
        let mut given = Vec::new();
        for (index, node) in template.list(Some(policies)).into_iter().enumerate() {
            if node.get("Statement").is_some() {
                let what = document(template, Some(node), node.span, out);
                given.push(Given { label: format!("inline policy {}", index + 1), at: node.span, what });
            } else if let (Some(name), [(_, arguments)]) = (single(node), node.entries())
                && arguments.is_mapping()
            {
                let reads = ["Read", "Describe", "Get", "List", "Poller"].iter().any(|word| name.contains(word));
                let level = if reads { Privilege::ReadScoped } else { Privilege::WriteScoped };
                let label = format!("policy template {}", name.chars().take(MAX_TEXT).collect::<String>());
                given.push(Given { label, at: node.span, what: What::Named(level) });
            } else {
                given.extend(self.managed(template, node, node.span));
            }
        }
        self.given.entry(id.to_owned()).or_default().extend(given);
    }

    /// Adds one policy document under a label.
    pub fn add_document(&mut self, template: &Template<'_>, id: &str, label: &str, node: &Node, out: &mut Out<'_>) {
        let statement = if node.get("Statement").is_some() { None } else { Some(template.value(node)) };
        let what = match statement {
            None => document(template, Some(node), node.span, out),
            Some(statements) => match Policy::parse(&json!({ "Statement": statements })) {
                Some(policy) => What::Document(std::rc::Rc::new(policy)),
                None => What::Named(Privilege::Unknown),
            },
        };
        self.given.entry(id.to_owned()).or_default().push(Given { label: label.to_owned(), at: node.span, what });
    }

    /// Adds managed policies by ARN.
    pub fn add_managed(&mut self, template: &Template<'_>, id: &str, list: &Node) {
        let nodes = template.list(Some(list)).into_iter();
        let given: Vec<Given> = nodes.flat_map(|node| self.managed(template, node, node.span)).collect();
        self.given.entry(id.to_owned()).or_default().extend(given);
    }

    /// A role that a framework makes for functions: only those may take it on.
    pub fn made_role(&mut self, template: &Template<'_>, id: &str, name: &str, at: Span, out: &mut Out<'_>) {
        let key = template.key("role", id);
        let mut fact = IdentityFact::new(key.clone(), IdentityKind::Role, aws::PROVIDER, name);
        fact.human = Human::No;
        self.emit(Fact::Identity(At::span(at), fact), out);
        let attributes = [("kind", "service"), ("action", "sts:AssumeRole")];
        let trust = TrustFact {
            identity: key.clone(),
            issuer: "lambda.amazonaws.com".to_owned(),
            audience: None,
            subject: None,
            attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        self.emit(Fact::Trust(At::span(at), trust), out);
        let who = Who { key, id, arn: format!("arn:aws:iam::${{AccountId}}:role/{name}"), at };
        self.tell(template, &who, None, out);
    }

    /// Tells the users, roles and access keys of a template.
    pub fn principals(&mut self, template: &Template<'_>, out: &mut Out<'_>) {
        for resource in template.resources() {
            match resource.kind {
                "AWS::IAM::Role" | "AWS::IAM::User" => self.principal(template, resource, out),
                "AWS::IAM::AccessKey" => self.access_key(template, resource, out),
                _ => {}
            }
        }
        if self.facts >= BUDGET {
            let message = "more rights than any template may have; the rest was left out";
            gap(template.input, Span::default(), "too-many-facts", message, out);
        }
    }

    fn principal(&mut self, template: &Template<'_>, resource: Resource<'_>, out: &mut Out<'_>) {
        let role = resource.kind == "AWS::IAM::Role";
        let (word, kind) = if role { ("role", IdentityKind::Role) } else { ("user", IdentityKind::CloudUser) };
        let named = template.literal(resource.properties.get(if role { "RoleName" } else { "UserName" }));
        let name = named.unwrap_or_else(|| resource.id.to_owned());
        let key = template.key(word, resource.id);
        let mut fact = IdentityFact::new(key.clone(), kind, aws::PROVIDER, &name);
        // Who has a password for the console may be a person.
        let console = resource.properties.get("LoginProfile").is_some();
        fact.human = if console { Human::Maybe } else { Human::No };
        describe(template, resource.properties, &mut fact);
        if console {
            fact.attributes.insert("console".to_owned(), "true".to_owned());
        }
        let path = template.literal(resource.properties.get("Path")).unwrap_or_else(|| "/".to_owned());
        let arn = format!("arn:aws:iam::${{AccountId}}:{word}{path}{name}");
        self.emit(Fact::Identity(At::span(resource.at), fact), out);
        if let Some(document) = resource.properties.get("AssumeRolePolicyDocument") {
            self.trust(template, &key, &arn, document, out);
        }
        let who = Who { key, id: resource.id, arn, at: resource.at };
        self.tell(template, &who, resource.properties.get("PermissionsBoundary"), out);
    }

    fn trust(&mut self, template: &Template<'_>, key: &IdentityKey, arn: &str, document: &Node, out: &mut Out<'_>) {
        let Some(read) = trusts(arn, key, &template.value(document)) else {
            // A document that only a deployment knows.
            return;
        };
        for mut fact in read.facts {
            let principal = fact.attributes.contains_key("principal");
            if principal && fact.issuer.contains("${AccountId}") {
                fact.attributes.insert("same_account".to_owned(), "true".to_owned());
            }
            self.emit(Fact::Trust(At::span(document.span), fact), out);
        }
        if read.cut {
            gap(template.input, document.span, "too-large", "the trust policy accepts more than 512 alternatives", out);
        }
    }

    fn access_key(&mut self, template: &Template<'_>, resource: Resource<'_>, out: &mut Out<'_>) {
        let inactive = template.literal(resource.properties.get("Status")).is_some_and(|s| s == "Inactive");
        if inactive {
            return;
        }
        let user = resource.properties.get("UserName").and_then(|node| principal(template, node));
        let mut fact = SettingFact::new(setting::STATIC_KEY, resource.id, resource.kind);
        fact.identity = user.map(|user| template.key("user", user.id));
        fact.attributes.insert("provider".to_owned(), aws::PROVIDER.to_owned());
        self.emit(Fact::Setting(At::span(resource.at), fact), out);
    }
}

/// A principal whose rights are told.
struct Who<'w> {
    key: IdentityKey,
    id: &'w str,
    arn: String,
    at: Span,
}

/// The user, role or group of the template that a value names, by reference or by name.
fn principal<'a>(template: &Template<'a>, node: &Node) -> Option<Resource<'a>> {
    let kinds = ["AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"];
    let known = |resource: &Resource<'a>| kinds.contains(&resource.kind);
    template.referred(node).filter(known)
}

/// Owner and environment that tags name.
pub fn describe(template: &Template<'_>, properties: &Node, fact: &mut IdentityFact) {
    let Some(tags) = properties.get("Tags") else { return };
    // A list of key and value for most types, a mapping for those of SAM.
    let tags = match template.value(tags) {
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect::<Vec<_>>().into()
        }
        other => other,
    };
    let tagged = json!({ "Tags": tags });
    fact.owner = aws::owner(&tagged).filter(|owner| !owner.contains("${"));
    fact.environment = aws::environment(&tagged);
}

fn document(template: &Template<'_>, node: Option<&Node>, at: Span, out: &mut Out<'_>) -> What {
    let Some(node) = node else { return What::Named(Privilege::Unknown) };
    let value = template.value(node);
    match Policy::parse(&value) {
        Some(policy) => What::Document(std::rc::Rc::new(policy)),
        None => {
            // A list of statements without the object around it, or a text that is no JSON, is refused.
            if value.is_object() && value.get("Statement").is_none() && !node.entries().is_empty() {
                gap(template.input, at, "malformed", "a policy document needs a Statement", out);
            }
            What::Named(Privilege::Unknown)
        }
    }
}

/// A policy by its ARN, or by its name, which SAM takes for one that AWS manages.
fn named(arn: &str, at: Span) -> Given {
    let name = arn.rsplit('/').next().unwrap_or(arn).chars().take(MAX_TEXT).collect::<String>();
    let full = if arn.contains([':', '$']) { arn.to_owned() } else { format!("arn:aws:iam::aws:policy/{arn}") };
    Given { label: name, at, what: What::Named(managed_level(&full)) }
}

fn single(node: &Node) -> Option<&str> {
    match node.entries() {
        [(key, _)] => key.as_str().filter(|key| *key != "Ref" && !key.starts_with("Fn::")),
        _ => None,
    }
}
