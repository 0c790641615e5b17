//! AWS users, roles and keys of a state, what is attached to them, who may take the roles on, and what runs as them.
//!
//! Resources: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>. Attachments name users and roles by their names,
//! which are unique in an account; which account it is, only the provider's configuration tells.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Resource, State, cut};
use crate::formats::Out;
use crate::formats::cloud::aws::{self, ACCESS_KEY, PROVIDER};
use crate::formats::cloud::aws_actions::managed_level;
use crate::formats::cloud::aws_grants::Granted;
use crate::formats::cloud::aws_policy::{Policy, one_or_many};
use crate::formats::cloud::aws_rights::{Boundary, Source, Subject};
use crate::formats::cloud::aws_trust::trusts;
use crate::model::{
    AuthMode, CredentialFact, Fact, Human, IdentityFact, IdentityKey, IdentityKind, Privilege, Status, UsageFact, When,
};

/// Comparisons of patterns that one file may cost.
const WORK_MAX: u64 = 500_000_000;

/// What runs, with the attribute that names its role.
pub(super) const WORKLOADS: &[(&str, &str)] = &[
    ("aws_lambda_function", "role"),
    ("aws_ecs_task_definition", "task_role_arn"),
    ("aws_instance", "iam_instance_profile"),
    ("aws_spot_instance_request", "iam_instance_profile"),
    ("aws_launch_configuration", "iam_instance_profile"),
    ("aws_codebuild_project", "service_role"),
    ("aws_codepipeline", "role_arn"),
    ("aws_glue_job", "role_arn"),
    ("aws_sfn_state_machine", "role_arn"),
    ("aws_sagemaker_notebook_instance", "role_arn"),
    ("aws_eks_node_group", "node_role_arn"),
];

/// Resource, attribute and kind of each attachment.
const ATTACHMENTS: &[(&str, &str, &str)] = &[
    ("aws_iam_role_policy_attachment", "role", "role"),
    ("aws_iam_user_policy_attachment", "user", "user"),
    ("aws_iam_group_policy_attachment", "group", "group"),
    ("aws_iam_role_policy", "role", "role"),
    ("aws_iam_user_policy", "user", "user"),
    ("aws_iam_group_policy", "group", "group"),
    ("aws_iam_policy_attachment", "roles", "role"),
    ("aws_iam_policy_attachment", "users", "user"),
    ("aws_iam_policy_attachment", "groups", "group"),
];

/// What is attached to one user, role or group.
#[derive(Default)]
struct Attached {
    /// Label and document; `None` for one that could not be read.
    documents: Vec<(String, Option<Policy>)>,
    /// ARNs of managed policies.
    managed: BTreeSet<String>,
    /// Names of groups.
    groups: BTreeSet<String>,
}

/// Provider's configuration, kind and name.
type Who<'a> = (&'a str, &'a str, &'a str);

struct Iam<'s> {
    state: &'s State<'s>,
    attached: BTreeMap<(String, String, String), Attached>,
    policies: BTreeMap<String, Option<Policy>>,
    work: u64,
}

/// Reads the AWS part of a state.
pub(super) fn read(state: &State<'_>, out: &mut Out<'_>) {
    let mut iam = Iam { state, attached: BTreeMap::new(), policies: BTreeMap::new(), work: 0 };
    iam.gather();
    for resource in state.of(&["aws_iam_user", "aws_iam_role"]) {
        iam.principal(resource, out);
    }
    iam.strangers(out);
    for resource in state.of(&["aws_iam_access_key"]) {
        key(state, resource, out);
    }
    for (kind, attribute) in WORKLOADS {
        for resource in state.of(&[kind]) {
            workload(state, resource, attribute, out);
        }
    }
}

fn is_user(resource: &Resource) -> bool {
    resource.kind == "aws_iam_user"
}

/// The key of a user or role, by its ARN where it has one.
fn key_of(state: &State<'_>, resource: &Resource) -> IdentityKey {
    let word = if is_user(resource) { "user" } else { "role" };
    match resource.text("arn") {
        Some(arn) => IdentityKey::new(PROVIDER, word, arn),
        None => state.alias(word, resource).unwrap_or_else(|| state.planned(word, resource)),
    }
}

impl Iam<'_> {
    fn gather(&mut self) {
        let state = self.state;
        for policy in state.of(&["aws_iam_policy"]) {
            if let (Some(arn), Some(document)) = (policy.any(&["arn", "id"]), policy.values.get("policy")) {
                self.policies.insert(arn.to_owned(), Policy::parse(document));
            }
        }
        for (kind, attribute, who) in ATTACHMENTS {
            for resource in state.of(&[kind]) {
                for name in resource.texts(attribute) {
                    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
                    let slot = self.slot((&resource.provider, who, &name));
                    if let Some(document) = resource.values.get("policy") {
                        let label = resource.text("name").unwrap_or_default();
                        slot.documents.push((format!("inline policy {label}"), Policy::parse(document)));
                    }
                    slot.managed.extend(resource.text("policy_arn").map(str::to_owned));
                }
            }
        }
        for resource in state.of(&["aws_iam_group_membership"]) {
            let group = resource.text("group").unwrap_or_default().to_owned();
            for user in resource.texts("users") {
                self.slot((&resource.provider, "user", &user)).groups.insert(group.clone());
            }
        }
        for resource in state.of(&["aws_iam_user_group_membership"]) {
            let user = resource.text("user").unwrap_or_default();
            let groups = resource.texts("groups");
            self.slot((&resource.provider, "user", user)).groups.extend(groups);
        }
    }

    fn slot(&mut self, (provider, kind, name): Who<'_>) -> &mut Attached {
        self.attached.entry((provider.to_owned(), kind.to_owned(), name.to_owned())).or_default()
    }

    fn principal(&mut self, resource: &Resource, out: &mut Out<'_>) {
        let state = self.state;
        let user = is_user(resource);
        let word = if user { "user" } else { "role" };
        let kind = if user { IdentityKind::CloudUser } else { IdentityKind::Role };
        let key = key_of(state, resource);
        let name = resource.any(&["name", "id"]).unwrap_or(&resource.address).to_owned();
        let arn = resource.text("arn").unwrap_or_default();
        let mut fact = IdentityFact::new(key.clone(), kind, PROVIDER, &name);
        fact.account = aws::account_of_arn(arn).map(str::to_owned);
        fact.aliases.extend(resource.text("unique_id").map(|id| IdentityKey::new(PROVIDER, "id", id)));
        if !user {
            // People sign in to the roles of IAM Identity Center.
            let people = resource.text("path").is_some_and(|path| path.starts_with("/aws-reserved/sso.amazonaws.com/"));
            fact.human = if people { Human::Yes } else { Human::No };
        } else if let Some(account) = &fact.account {
            fact.aliases.push(aws::user_alias(account, &name));
        }
        fact.created = aws::date(resource.values.get("create_date"));
        fact.attributes.insert("name".to_owned(), cut(&name));
        if let Some(boundary) = resource.text("permissions_boundary") {
            fact.attributes.insert("permissions_boundary".to_owned(), cut(boundary));
        }
        let tags = resource.values.get("tags_all").or_else(|| resource.values.get("tags"));
        let tags: Vec<Value> = tags.and_then(Value::as_object).into_iter().flatten().map(as_tag).collect();
        let tags = serde_json::json!({ "Tags": tags });
        fact.owner = aws::owner(&tags);
        fact.environment = aws::environment(&tags);
        let login = |profile: &&Resource| profile.provider == resource.provider && profile.text("user") == Some(&name);
        if user && state.of(&["aws_iam_user_login_profile"]).any(|profile| login(&profile)) {
            fact.attributes.insert("password_enabled".to_owned(), "true".to_owned());
        }
        out.fact(state.identity(fact, word, resource));
        if let Some(read) = resource.values.get("assume_role_policy").and_then(|document| trusts(arn, &key, document)) {
            read.facts.into_iter().for_each(|trust| out.fact(Fact::Trust(resource.at.clone(), trust)));
        }
        self.rights(resource, &key, (&resource.provider, word, &name), out);
    }

    fn rights(&mut self, resource: &Resource, key: &IdentityKey, who: Who<'_>, out: &mut Out<'_>) {
        let mut own = Attached::default();
        own.managed.extend(resource.texts("managed_policy_arns"));
        for inline in resource.values.get("inline_policy").map(one_or_many).unwrap_or_default() {
            let label = aws::text(inline, "name").unwrap_or_default();
            if let Some(document) = inline.get("policy").filter(|policy| policy.as_str() != Some("")) {
                own.documents.push((format!("inline policy {label}"), Policy::parse(document)));
            }
        }
        let slot = |kind: &str, name: &str| self.attached.get(&(who.0.to_owned(), kind.to_owned(), name.to_owned()));
        let mine = slot(who.1, who.2);
        let groups = mine.map(|attached| attached.groups.clone()).unwrap_or_default();
        let mut chains: Vec<(String, &Attached)> = vec![(String::new(), &own)];
        chains.extend(mine.map(|attached| (String::new(), attached)));
        let (mut sources, mut named) = (Vec::new(), Vec::new());
        for group in &groups {
            let chain = format!("group {group} → ");
            match slot("group", group) {
                Some(attached) => chains.push((chain, attached)),
                None => named.push((format!("{chain}(not in this state)"), Privilege::Unknown)),
            }
        }
        for (chain, attached) in &chains {
            for (label, policy) in &attached.documents {
                let label = format!("{chain}{label}");
                match policy {
                    Some(policy) => sources.push(Source { label, policy }),
                    None => named.push((label, Privilege::Unknown)),
                }
            }
            for arn in &attached.managed {
                let label = format!("{chain}{}", arn.rsplit('/').next().unwrap_or(arn));
                match self.policies.get(arn) {
                    Some(Some(policy)) => sources.push(Source { label, policy }),
                    _ => named.push((label, managed_level(arn))),
                }
            }
        }
        // The role itself repeats what is attached to it.
        sources.sort_by(|a, b| a.label.cmp(&b.label));
        sources.dedup_by(|a, b| a.label == b.label && a.policy == b.policy);
        named.sort();
        named.dedup();
        if sources.is_empty() && named.is_empty() {
            // What is attached elsewhere is not in this state.
            return;
        }
        let arn = resource.text("permissions_boundary");
        let name = arn.map(|arn| arn.rsplit('/').next().unwrap_or(arn));
        let boundary = match (arn.and_then(|arn| self.policies.get(arn)), name) {
            (Some(Some(policy)), Some(name)) => Boundary::Known(name, policy),
            (_, Some(name)) => Boundary::Unknown(name),
            _ => Boundary::None,
        };
        let subject = Subject { arn: resource.text("arn").unwrap_or_default(), sources, boundary };
        let work = self.work.saturating_add(subject.work());
        for grant in (Granted { key, named, input: "this state" }).by(&subject, work <= WORK_MAX) {
            out.fact(Fact::Grant(resource.at.clone(), grant));
        }
        self.work = work;
    }
}

impl Iam<'_> {
    /// Users and roles that only attachments name: another state manages them. The account is that of the policies, or of
    /// whatever else the same configuration of the provider manages.
    fn strangers(&mut self, out: &mut Out<'_>) {
        let state = self.state;
        let known: BTreeSet<(String, &str, String)> = state
            .of(&["aws_iam_user", "aws_iam_role"])
            .map(|r| {
                let word = if is_user(r) { "user" } else { "role" };
                (r.provider.clone(), word, r.any(&["name", "id"]).unwrap_or(&r.address).to_owned())
            })
            .collect();
        let account_of = |provider: &str| {
            let arns = state.resources.values().filter(|r| r.provider == provider);
            arns.filter_map(|r| aws::account_of_arn(r.any(&["arn", "policy_arn"])?)).next().map(str::to_owned)
        };
        let mut stand_ins = Vec::new();
        for ((provider, word, name), attached) in &self.attached {
            let word = if word == "user" { "user" } else { "role" };
            let group = !attached.documents.is_empty() || !attached.managed.is_empty() || !attached.groups.is_empty();
            let own = (provider.clone(), word, name.clone());
            let attachment = ATTACHMENTS.iter().find_map(|(kind, attribute, who)| {
                let named = |r: &&Resource| {
                    r.provider == *provider && r.texts(attribute).iter().any(|n| n.ends_with(name.as_str()))
                };
                state.resources.values().find(|r| r.kind == *kind && *who == word && named(r))
            });
            if let (true, false, Some(attachment)) = (group, known.contains(&own), attachment) {
                stand_ins.push((own, attachment));
            }
        }
        for ((provider, word, name), attachment) in stand_ins {
            let account = account_of(&provider);
            let key = match &account {
                Some(account) if word == "user" => aws::user_alias(account, &name),
                Some(account) => IdentityKey::new(PROVIDER, "role-name", &format!("{account}/{name}")),
                None => IdentityKey::new(PROVIDER, &format!("{word}-name"), &format!("{}#{name}", state.place)),
            };
            let kind = if word == "user" { IdentityKind::CloudUser } else { IdentityKind::Role };
            let mut fact = IdentityFact::new(key.clone(), kind, PROVIDER, &name);
            if word == "role" {
                fact.human = Human::No;
            }
            if let Some(account) = &account {
                fact.attributes.insert("likely_identity".to_owned(), format!("arn:aws:iam::{account}:{word}/{name}"));
            }
            fact.account = account;
            out.fact(Fact::Identity(attachment.at.clone(), fact));
            let stand_in = Resource::stand_in(attachment);
            self.rights(&stand_in, &key, (&provider, word, &name), out);
        }
    }
}

fn as_tag((key, value): (&String, &Value)) -> Value {
    serde_json::json!({ "Key": key, "Value": value })
}

/// An access key: its id, its user, and the secret that is left alone
/// (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_access_key>).
fn key(state: &State<'_>, resource: &Resource, out: &mut Out<'_>) {
    let Some(id) = resource.text("id").filter(|id| id.starts_with("AKIA")) else { return };
    let mut fact = CredentialFact::new(format!("aws:access-key:{id}"), ACCESS_KEY, PROVIDER);
    fact.status = match resource.text("status") {
        Some("Inactive") => Status::Inactive,
        Some("Active") => Status::Active,
        _ => Status::Unknown,
    };
    fact.created = aws::date(resource.values.get("create_date"));
    fact.rotated = fact.created;
    fact.expires = When::Never;
    fact.attributes.insert("address".to_owned(), cut(&resource.address));
    if let Some(user) = resource.text("user") {
        fact.attributes.insert("user_name".to_owned(), cut(user));
        let same = |other: &&Resource| {
            other.provider == resource.provider
                && other.any(&["name", "id"]) == Some(user)
                && other.text("arn").is_some()
        };
        let account = aws::account_of_key(id);
        fact.identity = match (state.of(&["aws_iam_user"]).find(same), &account) {
            (Some(owner), _) => Some(key_of(state, owner)),
            (None, Some(account)) => Some(aws::user_alias(account, user)),
            (None, None) => None,
        };
        if let (Some(key), None) = (&fact.identity, state.of(&["aws_iam_user"]).find(same)) {
            let mut owner = IdentityFact::new(key.clone(), IdentityKind::CloudUser, PROVIDER, user);
            owner.account.clone_from(&account);
            out.fact(Fact::Identity(resource.at.clone(), owner));
        }
    }
    if resource.text("encrypted_secret").is_some() {
        fact.attributes.insert("secret".to_owned(), "encrypted with a PGP key".to_owned());
    }
    out.fact(Fact::Credential(resource.at.clone(), fact));
}

/// What runs, and the role that it gets.
fn workload(state: &State<'_>, resource: &Resource, attribute: &str, out: &mut Out<'_>) {
    let key = match resource.text("arn") {
        Some(arn) => IdentityKey::new(PROVIDER, "workload", arn),
        None => state.alias("workload", resource).unwrap_or_else(|| state.planned("workload", resource)),
    };
    let name = resource.any(&["function_name", "family", "name"]).unwrap_or(&resource.address);
    let mut fact = IdentityFact::new(key.clone(), IdentityKind::Workload, PROVIDER, name);
    fact.human = Human::No;
    fact.account = resource.text("arn").and_then(aws::account_of_arn).map(str::to_owned);
    out.fact(state.identity(fact, "workload", resource));
    let Some(role) = resource.text(attribute) else { return };
    out.fact(Fact::Usage(
        resource.at.clone(),
        UsageFact {
            identity: Some(key),
            mode: AuthMode::Instance,
            provider: PROVIDER.to_owned(),
            credential: None,
            target: Some(role_of(state, resource, role)),
            mechanism: attribute.to_owned(),
            federation_available: false,
            attributes: BTreeMap::new(),
        },
    ));
}

/// The ARN of the role that a workload names, by itself or through an instance profile.
fn role_of(state: &State<'_>, resource: &Resource, role: &str) -> String {
    let profile = state.of(&["aws_iam_instance_profile"]).find(|profile| {
        profile.provider == resource.provider
            && (profile.text("arn") == Some(role) || profile.text("name") == Some(role))
    });
    let name = profile.and_then(|profile| profile.text("role")).unwrap_or(role);
    let found = state.of(&["aws_iam_role"]).find(|r| r.provider == resource.provider && r.text("name") == Some(name));
    cut(found.and_then(|role| role.text("arn")).unwrap_or(name))
}
