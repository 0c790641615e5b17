//! What runs, and the identity that its platform hands it: functions, tasks, machines, nodes.

use super::Emit;
use super::aws::address;
use super::module::{Block, Module, nested};
use crate::doc::{Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, SettingFact, setting};

/// Resource types of AWS with the path to their role.
const AWS: &[(&str, &[&str])] = &[
    ("aws_lambda_function", &["role"]),
    ("aws_ecs_task_definition", &["task_role_arn"]),
    ("aws_instance", &["iam_instance_profile"]),
    ("aws_spot_instance_request", &["iam_instance_profile"]),
    ("aws_launch_template", &["iam_instance_profile", "name"]),
    ("aws_launch_template", &["iam_instance_profile", "arn"]),
    ("aws_launch_configuration", &["iam_instance_profile"]),
    ("aws_codebuild_project", &["service_role"]),
    ("aws_codepipeline", &["role_arn"]),
    ("aws_glue_job", &["role_arn"]),
    ("aws_glue_dev_endpoint", &["role_arn"]),
    ("aws_sfn_state_machine", &["role_arn"]),
    ("aws_sagemaker_notebook_instance", &["role_arn"]),
    ("aws_eks_node_group", &["node_role_arn"]),
    ("aws_apprunner_service", &["instance_configuration", "instance_role_arn"]),
];

/// Resource types of Google Cloud with the path to their service account.
const GOOGLE: &[(&str, &[&str])] = &[
    ("google_compute_instance", &["service_account", "email"]),
    ("google_compute_instance_template", &["service_account", "email"]),
    ("google_cloud_run_service", &["template", "spec", "service_account_name"]),
    ("google_cloud_run_v2_service", &["template", "service_account"]),
    ("google_cloud_run_v2_job", &["template", "template", "service_account"]),
    ("google_cloudfunctions_function", &["service_account_email"]),
    ("google_cloudfunctions2_function", &["service_config", "service_account_email"]),
    ("google_cloudbuild_trigger", &["service_account"]),
];

/// Resource types whose machines answer to the metadata service.
const MACHINES: &[&str] =
    &["aws_instance", "aws_spot_instance_request", "aws_launch_template", "aws_launch_configuration"];

/// Reads what runs in a file.
pub fn read(module: &Module<'_>, emit: &mut Emit<'_, '_>) {
    for block in &module.resources {
        for (provider, table) in [("aws", AWS), ("gcp", GOOGLE)] {
            let mut paths = table.iter().filter(|(kind, _)| *kind == block.kind).map(|(_, path)| *path).peekable();
            let Some(first) = paths.peek().copied() else { continue };
            let role = paths.find_map(|path| Some((path, descend(block.body, path)?)));
            let (path, role) = role.map_or((first, None), |(path, role)| (path, Some(role)));
            workload(module, block, provider, path.last().copied().unwrap_or_default(), role, emit);
        }
    }
}

/// A value below nested blocks or objects.
pub fn descend<'a>(body: &'a Node, path: &[&str]) -> Option<&'a Node> {
    let (last, path) = path.split_last()?;
    let mut bodies = vec![body];
    for name in path {
        bodies = bodies.into_iter().flat_map(|body| nested(body, name)).collect();
    }
    bodies.into_iter().find_map(|body| match nested(body, last).first() {
        Some(block) => Some(*block),
        None => body.get(last).filter(|node| !matches!(node.kind, Kind::Null)),
    })
}

fn key(module: &Module<'_>, block: &Block<'_>) -> IdentityKey {
    module.key("workload", &block.address())
}

fn workload(
    module: &Module<'_>,
    block: &Block<'_>,
    provider: &str,
    argument: &str,
    role: Option<&Node>,
    emit: &mut Emit<'_, '_>,
) {
    let mut fact = IdentityFact::new(key(module, block), IdentityKind::Workload, provider, &block.address());
    fact.human = Human::No;
    fact.environment = module.environment();
    let budget = emit.left.min(BUDGET);
    let mut work = Workload::new(module.input.text, fact, At::span(block.label), &[], budget);
    if let Some(role) = role {
        let target = role_of(module, role);
        work.instance(provider, target.as_deref(), role.span, argument);
    }
    let environment = descend(block.body, &["environment", "variables"]);
    for (name, value) in environment.map(Node::entries).unwrap_or_default() {
        if let Some(name) = name.as_str() {
            work.literal(value, Via::variable(name));
        }
    }
    if MACHINES.contains(&block.kind) {
        metadata(module, block, role.is_some(), &mut work);
    }
    if block.kind == "aws_eks_node_group"
        && let Some(role) = role
        && let Some(target) = role_of(module, role)
    {
        let mut fact = SettingFact::new(setting::NODE_IDENTITY, block.address(), "eks");
        fact.identity = Some(module.key("role", &target));
        work.push(Fact::Setting(At::span(role.span), fact));
    }
    emit.left = emit.left.saturating_sub(budget - work.finish(emit.out));
}

/// The role or service account that an argument names: its address in the module, through the instance profile if need be,
/// or its own name where that is written out.
fn role_of(module: &Module<'_>, node: &Node) -> Option<String> {
    let Some(path) = module.path(node) else { return module.literal(node) };
    let found = module.find(&path).map(|(block, _)| *block);
    if let Some(profile) = found.filter(|block| block.kind == "aws_iam_instance_profile") {
        return role_of(module, profile.get("role")?);
    }
    address(&path)
}

/// Version 1 of the metadata service hands a machine's credentials to whoever makes it ask
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>).
fn metadata(module: &Module<'_>, block: &Block<'_>, role: bool, work: &mut Workload<'_>) {
    let option = |name: &str| descend(block.body, &["metadata_options", name]);
    if option("http_endpoint").and_then(|node| module.text(node)).is_some_and(|endpoint| endpoint == "disabled") {
        return;
    }
    let tokens = option("http_tokens");
    let value = match tokens.and_then(|node| module.text(node)) {
        Some(tokens) if tokens == "optional" => "on",
        // What is required, or decided elsewhere.
        Some(_) => return,
        None if role => "default",
        None => return,
    };
    let at = tokens.map_or(block.label, |node| node.span);
    let mut fact = SettingFact::new(setting::IMDS_V1, block.address(), value);
    fact.identity = Some(work.key().clone());
    if role {
        fact.attributes.insert("role".to_owned(), "true".to_owned());
    }
    work.push(Fact::Setting(At::span(at), fact));
}
