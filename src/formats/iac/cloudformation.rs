//! CloudFormation templates, those of SAM among them: users and roles with their rights, what runs as them, and secrets in
//! parameters and properties.
//!
//! Anatomy: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html>; SAM:
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html>.

use std::collections::BTreeSet;

use super::cfn::compute::{self, is_true, runs_as, variables};
use super::cfn::iam::Policies;
use super::cfn::template::{Template, function, gap};
use super::secrets::{self, Literal};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::BUDGET;
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Fact, IdentityKind, RepoPath, SettingFact, Span, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "cloudformation",
    name: "CloudFormation or SAM template",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// By content: templates have any name. A template of a template (Jinja) is no YAML yet.
fn claims(_path: &RepoPath, head: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(head.as_bytes(), word.as_bytes()).is_some();
    // Most files are told by one look.
    if !has("AWS") || has("{%") {
        return false;
    }
    let top = |word: &str| {
        let mut found = memchr::memmem::find_iter(head.as_bytes(), word.as_bytes());
        found.any(|at| {
            let line = head.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
            line.trim_start_matches('\u{feff}').bytes().all(|b| matches!(b, b' ' | b'\t' | b'"' | b'{'))
                && (line.contains(['"', '{']) || line.trim_start_matches('\u{feff}').is_empty())
        })
    };
    (has("AWSTemplateFormatVersion") && top("AWSTemplateFormatVersion"))
        || (has("AWS::Serverless-2016-10-31") && top("Transform"))
        || (has("AWS::") && (has("Type") && top("Resources")) && !has("\nservice:") && !has("\nprovider:"))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let resources = root.get("Resources");
    if resources.is_none() && root.get("AWSTemplateFormatVersion").is_some() && root.get("Fn::Transform").is_none() {
        return gap(input, root.span, "malformed", "a template needs a mapping under `Resources:`", out);
    }
    let mut template = Template::new(input, "cloudformation");
    template.add_parameters(root.get("Parameters"));
    template.add_resources(resources);
    let stored = stored_names(input.text);
    for (key, parameter) in root.get("Parameters").map(Node::entries).unwrap_or_default() {
        self::parameter(input, key, parameter, &stored, out);
    }
    let mut policies = Policies::read(&template, out);
    policies.principals(&template, out);
    functions(&template, &mut policies, root.at(&["Globals", "Function"]), out);
    compute::read(&template, out);
    for (key, output) in root.get("Outputs").map(Node::entries).unwrap_or_default() {
        self::output(&template, key, output, out);
    }
}

/// Parameters whose value is the name of a stored secret, because a dynamic reference is made of it.
fn stored_names(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for part in text.split("{{resolve:").skip(1) {
        let reference = part.split_once("}}").map_or("", |(reference, _)| reference);
        let found = reference.split("${").skip(1).filter_map(|name| name.split_once('}'));
        names.extend(found.map(|(name, _)| name));
    }
    names
}

/// A parameter for a secret: whether it is masked, and whether the template brings the value along
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).
fn parameter(input: &Input<'_>, key: &Node, parameter: &Node, stored: &BTreeSet<&str>, out: &mut Out<'_>) {
    let Some(name) = key.as_str() else { return };
    if !parameter.is_mapping() {
        return gap(input, key.span, "malformed", "a parameter is a mapping with a Type", out);
    }
    let kind = parameter.get("Type").and_then(Node::as_str).unwrap_or("String");
    if secrets::promise(name).is_none() || kind != "String" || stored.contains(name) || names_secret(parameter) {
        return;
    }
    let mut tell = |value: &str, at: Span, attribute: Option<(&str, &str)>| {
        let mut fact = SettingFact::new(setting::PLAIN_SECRET, format!("parameter {name}"), value);
        fact.attributes.extend(attribute.map(|(name, value)| (name.to_owned(), value.to_owned())));
        out.fact(Fact::Setting(At::span(at), fact));
    };
    let default = parameter.get("Default");
    let value = default.and_then(Node::scalar).unwrap_or_default();
    let literal = secrets::literal(name, &value);
    match (default, literal) {
        (Some(node), Some(Literal::Own)) => tell("default", node.span, None),
        (Some(node), Some(Literal::Plain)) => tell("default", node.span, Some(("placeholder", "true"))),
        _ => {}
    }
    // A default that is a reference or the name of something says that the value is one.
    let refers = !value.is_empty() && literal.is_none();
    if !is_true(parameter.get("NoEcho")) && !refers {
        tell("echo", key.span, None);
    }
}

/// Whether a parameter takes the name of a stored secret, or a choice, by what it allows and says.
fn names_secret(parameter: &Node) -> bool {
    let text = |name: &str| parameter.get(name).and_then(Node::as_str).unwrap_or_default().to_ascii_lowercase();
    let about = text("Description");
    let words: BTreeSet<&str> = about.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    parameter.get("AllowedValues").is_some()
        || text("AllowedPattern").contains("arn")
        || words.contains("arn")
        || ["name of the", "name for", "path to", "parameter store", "secret name", "key pair", "secrets manager"]
            .iter()
            .any(|says| about.contains(says))
}

/// An output that shows a secret to whoever may describe the stack.
fn output(template: &Template<'_>, key: &Node, output: &Node, out: &mut Out<'_>) {
    let (Some(name), Some(value)) = (key.as_str(), output.get("Value")) else { return };
    let shows = match function(value) {
        Some(("GetAtt", argument)) => {
            let parts: Vec<&str> = match argument.as_str() {
                Some(path) => path.split('.').collect(),
                None => argument.items().iter().filter_map(Node::as_str).collect(),
            };
            let [id, attribute] = parts.as_slice() else { return };
            *attribute == "SecretAccessKey" && template.resource(id).is_some_and(|r| r.kind == "AWS::IAM::AccessKey")
        }
        Some(("Ref", argument)) => argument.as_str().is_some_and(|to| {
            let parameter = template.parameter(to);
            parameter.is_some_and(|p| is_true(p.get("NoEcho")) && secrets::promise(to).is_some())
        }),
        _ => false,
    };
    if shows {
        let fact = SettingFact::new(setting::PLAIN_SECRET, format!("output {name}"), "output");
        out.fact(Fact::Setting(At::span(value.span), fact));
    }
}

/// Functions of SAM: each comes with a role of its own unless it names one.
fn functions(template: &Template<'_>, policies: &mut Policies, globals: Option<&Node>, out: &mut Out<'_>) {
    let mut budget = BUDGET;
    let global = globals.and_then(|globals| globals.at(&["Environment", "Variables"]));
    // Every function gets every variable of the globals.
    let mut room = 2_000_000_usize;
    for resource in template.resources().filter(|r| r.kind == "AWS::Serverless::Function") {
        room = room.saturating_sub(1 + global.map_or(0, |node| node.entries().len()));
        let mut workload = compute::workload(template, resource, IdentityKind::Workload, budget);
        let own = |name: &str| resource.properties.get(name);
        let either = |name: &str| own(name).or_else(|| globals.and_then(|globals| globals.get(name)));
        variables(template, &mut workload, own("Environment").and_then(|node| node.get("Variables")));
        variables(template, &mut workload, global);
        let role = either("Role").filter(|node| !matches!(node.kind, Kind::Null));
        if !runs_as(template, &mut workload, role, "function role") {
            let id = format!("{}Role", resource.id);
            if let Some(node) = own("Policies") {
                policies.add_function(template, &id, node, out);
            }
            policies.made_role(template, &id, &id, resource.at, out);
            workload.instance("aws", Some(&id), resource.at, "function role");
        }
        budget = workload.finish(out);
        if budget == 0 || room == 0 {
            let message = "more references than any template may have; the rest of the functions was not read";
            return gap(template.input, resource.at, "too-many-facts", message, out);
        }
    }
}
