//! What runs in a template, the role it runs as, and the credentials that it is given; and secrets in the properties of
//! everything else.
//!
//! Properties: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>;
//! dynamic references: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>.

use std::collections::BTreeMap;

use super::iam;
use super::template::{Resource, Template, function, gap};
use crate::doc::{Kind, Node};
use crate::formats::Out;
use crate::formats::iac::secrets::{self, Literal};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::model::{At, AuthMode, Fact, Human, IdentityFact, IdentityKind, SettingFact, Span, UsageFact, setting};

/// What runs in AWS needs no key for AWS: it has a role.
pub const FEDERATES: &[&str] = &["aws"];

/// Reads everything of a template that is no identity of IAM.
pub fn read(template: &Template<'_>, out: &mut Out<'_>) {
    let mut reading = Reading { template, budget: BUDGET };
    for resource in template.resources() {
        reading.resource(resource, out);
        if reading.budget == 0 {
            let message = "more references than any template may have; the rest of the file was not read";
            return gap(template.input, resource.at, "too-many-facts", message, out);
        }
    }
}

struct Reading<'t, 'a> {
    template: &'t Template<'a>,
    budget: usize,
}

impl<'a> Reading<'_, 'a> {
    fn resource(&mut self, resource: Resource<'a>, out: &mut Out<'_>) {
        let finish = |mut workload: Workload<'a>, fill: &dyn Fn(&mut Workload<'a>), out: &mut Out<'_>| {
            fill(&mut workload);
            self.properties(&mut workload, resource);
            workload.finish(out)
        };
        let template = self.template;
        let workload = |kind| self.workload(resource, kind);
        self.budget = match resource.kind {
            "AWS::Lambda::Function" => {
                finish(workload(IdentityKind::Workload), &|w| lambda(template, w, resource.properties), out)
            }
            "AWS::ECS::TaskDefinition" => {
                finish(workload(IdentityKind::Workload), &|w| task(template, w, resource.properties), out)
            }
            "AWS::Batch::JobDefinition" => {
                finish(workload(IdentityKind::Workload), &|w| batch(template, w, resource.properties), out)
            }
            "AWS::EC2::Instance" | "AWS::EC2::LaunchTemplate" | "AWS::AutoScaling::LaunchConfiguration" => {
                finish(workload(IdentityKind::Workload), &|w| machine(template, w, resource), out)
            }
            "AWS::CodeBuild::Project" => {
                finish(workload(IdentityKind::CiJob), &|w| build(template, w, resource.properties), out)
            }
            // Read with the roles that come with them.
            "AWS::Serverless::Function" => return,
            _ => return self.other(resource, out),
        };
    }

    fn workload(&self, resource: Resource<'a>, kind: IdentityKind) -> Workload<'a> {
        workload(self.template, resource, kind, self.budget)
    }

    /// Secrets in the properties of a workload that are no variables.
    fn properties(&self, workload: &mut Workload<'a>, resource: Resource<'a>) {
        each_property(resource.properties, &mut |name, node| {
            let Some(text) = own_text(node) else { return };
            for (service, secret) in dynamic(text) {
                let mechanism = format!("{}.{name}", resource.kind);
                workload.stored(&secret, node.span, Via::input(&mechanism, name, service));
            }
        });
    }

    /// What is no workload: a database with a password, a secret with a value.
    fn other(&mut self, resource: Resource<'a>, out: &mut Out<'_>) {
        let mut facts = Vec::new();
        each_property(resource.properties, &mut |name, node| {
            let Some(text) = own_text(node) else { return };
            let mut usage = UsageFact {
                identity: None,
                mode: AuthMode::Referenced,
                provider: String::new(),
                credential: None,
                target: None,
                mechanism: format!("{}.{name}", resource.kind),
                federation_available: false,
                attributes: BTreeMap::new(),
            };
            for (_, secret) in dynamic(text) {
                usage.credential = Some(secret);
                facts.push(Fact::Usage(At::span(node.span), usage.clone()));
            }
            let plain = function(node).is_none() || !text.contains("${");
            if plain && is_secret(name, text) {
                usage.mode = AuthMode::Static;
                usage.credential = None;
                facts.push(Fact::Usage(At::span(node.span), usage));
                let subject = format!("{}.{name}", resource.id);
                facts.push(Fact::Setting(
                    At::span(node.span),
                    SettingFact::new(setting::PLAIN_SECRET, subject, "literal"),
                ));
            }
        });
        self.budget = self.budget.saturating_sub(facts.len());
        if self.budget > 0 {
            facts.into_iter().for_each(|fact| out.fact(fact));
        }
    }
}

/// A workload of a resource, with what its tags tell.
pub fn workload<'a>(
    template: &Template<'a>,
    resource: Resource<'a>,
    kind: IdentityKind,
    budget: usize,
) -> Workload<'a> {
    let names = ["FunctionName", "Family", "JobDefinitionName", "LaunchTemplateName", "Name"];
    let named = names.iter().find_map(|name| template.literal(resource.properties.get(name)));
    let name = named.unwrap_or_else(|| resource.id.to_owned());
    let mut fact = IdentityFact::new(template.key("workload", resource.id), kind, "aws", &name);
    fact.human = Human::No;
    iam::describe(template, resource.properties, &mut fact);
    fact.attributes.insert("type".to_owned(), resource.kind.to_owned());
    Workload::new(template.input.text, fact, At::span(resource.at), FEDERATES, budget)
}

/// A text that the file holds as it is, or with parts put in.
fn own_text(node: &Node) -> Option<&str> {
    match function(node) {
        None => node.as_str(),
        Some(("Sub", argument)) => argument.items().first().unwrap_or(argument).as_str(),
        Some(_) => None,
    }
}

fn is_secret(name: &str, text: &str) -> bool {
    match secrets::literal(name, text) {
        Some(Literal::Own) => true,
        Some(Literal::Plain) => secrets::promise(name) == Some(secrets::Promise::Password),
        // A secret of several fields.
        None => name == "SecretString" && !text.trim().is_empty() && !secrets::is_reference(text),
    }
}

/// Calls `visit` for every scalar or function under a name, however deep. Variables are left out: they are read as such.
fn each_property<'n>(properties: &'n Node, visit: &mut dyn FnMut(&'n str, &'n Node)) {
    // Descriptions of interfaces, `Body`, hold the words of OpenAPI.
    const READ: [&str; 7] =
        ["Variables", "Environment", "EnvironmentVariables", "UserData", "PolicyDocument", "Body", "DefinitionBody"];
    let mut open: Vec<(&str, &Node)> = vec![("", properties)];
    while let Some((name, node)) = open.pop() {
        match &node.kind {
            _ if function(node).is_some() => visit(name, node),
            Kind::Mapping(entries) => {
                for (key, value) in entries.iter().rev() {
                    if let Some(key) = key.as_str().filter(|key| !READ.contains(key)) {
                        open.push((key, value));
                    }
                }
            }
            Kind::Sequence(items) => open.extend(items.iter().rev().map(|item| (name, item))),
            _ => visit(name, node),
        }
    }
}

/// The secrets that dynamic references in a text name, with the service that keeps them. Parameters that are no secure
/// strings hold settings.
fn dynamic(text: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for part in text.split("{{resolve:").skip(1).take(20) {
        let Some((reference, _)) = part.split_once("}}") else { continue };
        let Some((service, rest)) = reference.split_once(':') else { continue };
        if !matches!(service, "secretsmanager" | "ssm-secure") {
            continue;
        }
        let mut parts = rest.split(':');
        let name = match rest.starts_with("arn:") {
            true => parts.by_ref().take(7).collect::<Vec<_>>().join(":"),
            false => parts.next().unwrap_or_default().to_owned(),
        };
        if !name.is_empty() {
            found.push(("aws", name.chars().take(200).collect()));
        }
    }
    found
}

/// One variable of an environment.
pub fn variable(template: &Template<'_>, workload: &mut Workload<'_>, name: &str, node: &Node) {
    let Some((call, argument)) = function(node) else {
        if let Some(text) = node.as_str() {
            for (_, secret) in dynamic(text) {
                workload.stored(&secret, node.span, Via::variable(name));
            }
        }
        secrets::variable(workload, name, node);
        return;
    };
    let text = argument.items().first().unwrap_or(argument).as_str().unwrap_or_default();
    for (_, secret) in dynamic(text) {
        workload.stored(&secret, node.span, Via::variable(name));
    }
    let mut refers = |to: &str| {
        let hidden = template.parameter(to).is_some_and(|p| secrets::promise(to).is_some() || is_true(p.get("NoEcho")));
        let key = to.ends_with(".SecretAccessKey");
        if hidden || key {
            workload.stored(to, node.span, Via::variable(name));
        }
    };
    match call {
        "Ref" => refers(text),
        "GetAtt" => {
            let parts: Vec<&str> = argument.items().iter().filter_map(Node::as_str).collect();
            refers(if parts.is_empty() { text.to_owned() } else { parts.join(".") }.as_str());
        }
        "Sub" => text.split("${").skip(1).take(20).filter_map(|part| Some(part.split_once('}')?.0)).for_each(refers),
        _ => {}
    }
}

/// A truth value, as a boolean or as the text of one.
#[must_use]
pub fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::scalar).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// The variables of a mapping.
pub fn variables(template: &Template<'_>, workload: &mut Workload<'_>, mapping: Option<&Node>) {
    for (key, value) in mapping.filter(|node| function(node).is_none()).map(Node::entries).unwrap_or_default() {
        if let Some(name) = key.as_str() {
            variable(template, workload, name, value);
        }
    }
}

/// The role that a value names: what runs gets its credentials from the platform. A role of the file is told by its logical
/// id, others by ARN. Says whether there was one.
pub fn runs_as(template: &Template<'_>, workload: &mut Workload<'_>, node: Option<&Node>, mechanism: &str) -> bool {
    let Some(node) = node.filter(|node| !matches!(node.kind, Kind::Null)) else { return false };
    let local = template.referred(node).filter(|r| r.kind == "AWS::IAM::Role");
    let target = match local {
        Some(role) => Some(role.id.to_owned()),
        // One that only a deployment knows is told from others by the name of its parameter.
        None => template.text(node).filter(|text| !text.is_empty()),
    };
    workload.instance("aws", target.as_deref(), node.span, mechanism);
    true
}

fn lambda(template: &Template<'_>, workload: &mut Workload<'_>, properties: &Node) {
    variables(template, workload, properties.at(&["Environment", "Variables"]));
    runs_as(template, workload, properties.get("Role"), "function role");
    image(template, workload, properties.at(&["Code", "ImageUri"]));
}

fn image(template: &Template<'_>, workload: &mut Workload<'_>, node: Option<&Node>) {
    if let Some(image) = template.literal(node) {
        workload.image(&image, image.contains(".dkr.ecr."), node.map(|n| n.span).unwrap_or_default());
    }
}

fn task(template: &Template<'_>, workload: &mut Workload<'_>, properties: &Node) {
    runs_as(template, workload, properties.get("TaskRoleArn"), "task role");
    for container in template.list(properties.get("ContainerDefinitions")) {
        self::container(template, workload, container);
    }
}

fn batch(template: &Template<'_>, workload: &mut Workload<'_>, properties: &Node) {
    let Some(container) = properties.get("ContainerProperties") else { return };
    runs_as(template, workload, container.get("JobRoleArn"), "job role");
    self::container(template, workload, container);
}

fn container(template: &Template<'_>, workload: &mut Workload<'_>, container: &Node) {
    pairs(template, workload, container.get("Environment"));
    for secret in template.list(container.get("Secrets")) {
        let name = secret.get("Name").and_then(Node::as_str).unwrap_or_default();
        let Some(from) = secret.get("ValueFrom") else { continue };
        if let Some(text) = template.named(from) {
            workload.stored(&text, from.span, Via::variable(name));
        }
    }
    if let Some(login) = container.at(&["RepositoryCredentials", "CredentialsParameter"])
        && let Some(text) = template.named(login)
    {
        workload.stored(&text, login.span, Via::input("RepositoryCredentials", "password", "registry"));
    }
    if is_true(container.get("Privileged")) {
        let at = container.get("Privileged").map(|node| node.span).unwrap_or_default();
        workload.setting(setting::PRIVILEGED, "privileged", at);
    }
    image(template, workload, container.get("Image"));
}

/// Variables as a list of name and value.
fn pairs(template: &Template<'_>, workload: &mut Workload<'_>, list: Option<&Node>) {
    for pair in template.list(list) {
        if let (Some(name), Some(value)) = (pair.get("Name").and_then(Node::as_str), pair.get("Value")) {
            variable(template, workload, name, value);
        }
    }
}

/// A machine, or the template of one: its profile, and whether its metadata service asks for a session
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>).
fn machine(template: &Template<'_>, workload: &mut Workload<'_>, resource: Resource<'_>) {
    let data = match resource.kind {
        "AWS::EC2::LaunchTemplate" => resource.properties.get("LaunchTemplateData"),
        _ => Some(resource.properties),
    };
    let Some(data) = data else { return };
    let profile = data.get("IamInstanceProfile");
    let named = profile.and_then(|node| node.get("Arn").or_else(|| node.get("Name"))).or(profile);
    let mut shown = None;
    if let Some(node) = named {
        let local = template.referred(node).filter(|r| r.kind == "AWS::IAM::InstanceProfile");
        let role = local.and_then(|profile| profile.properties.get("Roles")?.items().first());
        shown = local.map(|profile| profile.id.to_owned()).or_else(|| template.text(node));
        runs_as(template, workload, role.or(Some(node)), "instance profile");
    }
    let options = data.get("MetadataOptions");
    let option = |name: &str| options.and_then(|options| options.get(name)).and_then(|node| template.text(node));
    // The options of a launch template hold for the machines made from it.
    let from_template = data.get("LaunchTemplate").is_some() && options.is_none();
    let off = option("HttpEndpoint").is_some_and(|endpoint| endpoint == "disabled");
    if off || from_template {
        return;
    }
    let value = match option("HttpTokens").as_deref() {
        Some("optional") => "on",
        // What is required, or decided elsewhere.
        Some(_) => return,
        // Without a role there is nothing to hand out; images may ask for sessions themselves.
        None if shown.is_some() => "default",
        None => return,
    };
    let at = options.and_then(|o| o.get("HttpTokens")).map_or(resource.at, |node| node.span);
    let mut fact = SettingFact::new(setting::IMDS_V1, resource.id, value);
    fact.identity = Some(workload.key().clone());
    if let Some(profile) = shown {
        fact.attributes.insert("role".to_owned(), "true".to_owned());
        fact.attributes.insert("instance_profile".to_owned(), profile.chars().take(200).collect());
    }
    workload.push(Fact::Setting(At::span(at), fact));
}

/// A project of CodeBuild (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html>).
fn build(template: &Template<'_>, workload: &mut Workload<'_>, properties: &Node) {
    runs_as(template, workload, properties.get("ServiceRole"), "service role");
    let Some(environment) = properties.get("Environment") else { return };
    for pair in template.list(environment.get("EnvironmentVariables")) {
        let (Some(name), Some(value)) = (pair.get("Name").and_then(Node::as_str), pair.get("Value")) else { continue };
        match pair.get("Type").and_then(Node::as_str) {
            Some("PARAMETER_STORE" | "SECRETS_MANAGER") => {
                if let Some(text) = template.named(value) {
                    workload.stored(&text, value.span, Via::variable(name));
                }
            }
            _ => variable(template, workload, name, value),
        }
    }
    if let Some(node) = environment.get("PrivilegedMode").filter(|node| is_true(Some(node))) {
        workload.setting(setting::PRIVILEGED, "privileged", node.span);
    }
    if let Some(spec) = properties.at(&["Source", "BuildSpec"])
        && function(spec).is_none()
        && spec.as_str().is_some_and(|text| text.contains('\n'))
    {
        workload.script(spec);
    }
    let image = environment.get("Image");
    if let Some(name) = template.literal(image) {
        let at = image.map_or(Span::default(), |node| node.span);
        workload.image(&name, name.starts_with("aws/codebuild/") || name.contains(".dkr.ecr."), at);
    }
}
