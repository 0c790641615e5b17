//! Steps that are containers, as Drone and its successor Woodpecker have them: an image, its commands or settings, and the
//! secrets that it alone gets.

use crate::doc::{Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload, split_image};
use crate::formats::{Input, Out, ReadNotice, names};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, Span, setting};

/// What differs between the two platforms.
pub struct Platform {
    /// The provider in keys.
    pub id: &'static str,
    /// Namespaces on Docker Hub that belong to the platform.
    pub own_images: &'static [&'static str],
}

/// A pipeline's steps while they are read.
pub struct Steps<'s, 'a> {
    /// The platform.
    pub platform: &'s Platform,
    /// The file.
    pub input: &'s Input<'a>,
    /// The pipeline's name; empty when it has none.
    pub pipeline: &'s str,
    /// What starts it, as written.
    pub events: &'s str,
    /// Volumes of the host by their names, with the paths.
    pub volumes: Vec<(&'s str, &'s str)>,
    /// What the file has left of its budget.
    pub budget: usize,
}

impl Steps<'_, '_> {
    /// Reads the steps below a node: a list of them, or a mapping by name. `service` says that they run beside the others.
    pub fn read(&mut self, steps: Option<&Node>, service: bool, out: &mut Out<'_>) {
        let Some(steps) = steps else { return };
        match &steps.kind {
            Kind::Sequence(items) => {
                for (at, step) in items.iter().enumerate() {
                    let name = step.get("name").and_then(Node::scalar).unwrap_or_else(|| format!("step {}", at + 1));
                    self.step(&name, step.get("name").unwrap_or(step).span, step, service, out);
                }
            }
            Kind::Mapping(entries) => {
                for (key, step) in entries {
                    self.step(&key.scalar().unwrap_or_default(), key.span, step, service, out);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, name: &str, span: Span, step: &Node, service: bool, out: &mut Out<'_>) {
        if !step.is_mapping() || self.budget == 0 {
            return;
        }
        let path = self.input.path.display();
        let file = path.rsplit('/').next().unwrap_or_default();
        let full = if self.pipeline.is_empty() { name.to_owned() } else { format!("{}/{name}", self.pipeline) };
        let key = format!("{}/{path}#{full}", self.input.repository.unwrap_or_default());
        let key = IdentityKey::new(self.platform.id, "job", &key);
        let kind = IdentityKind::CiJob;
        let mut identity = IdentityFact::new(key, kind, self.platform.id, &format!("{file} / {full}"));
        identity.human = Human::No;
        identity.account = self.input.repository.and_then(|r| r.split('/').next()).map(str::to_owned);
        let mut job = Workload::new(self.input.text, identity, At::span(span), &[], self.budget);
        job.note("triggers", self.events);
        if service {
            job.note("service", "true");
        }
        self.contents(&mut job, step);
        self.budget = job.finish(out);
        if self.budget == 0 {
            over(self.input, step.span, out);
        }
    }

    fn contents(&self, job: &mut Workload<'_>, step: &Node) {
        let image_node = step.get("image");
        let image = image_node.and_then(Node::scalar).unwrap_or_default();
        let (plugin, _, _) = split_image(&image);
        let provider = image_provider(plugin);
        for (key, value) in step.get("environment").map(Node::entries).unwrap_or_default() {
            let Some(name) = key.as_str() else { continue };
            job.bind(name);
            value_of(job, value, Via::variable(name));
        }
        // The old form of variables: `NAME=value`.
        for item in step.get("environment").map(Node::items).unwrap_or_default() {
            if let Some((name, _)) = item.as_str().and_then(|text| text.split_once('=')) {
                job.bind(name);
            }
        }
        for (key, value) in step.get("settings").map(Node::entries).unwrap_or_default() {
            let Some(name) = key.as_str() else { continue };
            settings(job, value, name, plugin, provider);
        }
        for secret in step.get("secrets").map(Node::items).unwrap_or_default() {
            let target = secret.get("target").and_then(Node::as_str);
            let source = secret.get("source").unwrap_or(secret);
            let Some(name) = source.as_str() else { continue };
            let variable = target.unwrap_or(name).to_ascii_uppercase();
            job.bind(&variable);
            job.stored(name, secret.span, Via::variable(&variable));
        }
        let held: Vec<String> = job.secrets().iter().cloned().collect();
        job.within(Some(held.iter().map(String::as_str)));
        for commands in ["commands", "command"].iter().filter_map(|key| step.get(key)) {
            commands.one_or_many().iter().for_each(|command| job.script(command));
        }
        if step.get("privileged").and_then(Node::as_bool) == Some(true) {
            job.setting(setting::PRIVILEGED, "privileged", step.get("privileged").map_or(step.span, |n| n.span));
        }
        for volume in step.get("volumes").map(Node::items).unwrap_or_default() {
            let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
            let named = self.volumes.iter().find(|(known, _)| *known == name).map(|(_, path)| *path);
            let path = named.or(volume.as_str()).unwrap_or_default();
            if path.contains("docker.sock") {
                job.setting(setting::PRIVILEGED, "docker.sock", volume.span);
            }
        }
        if let Some(node) = image_node {
            let plain = plugin.trim_start_matches("docker.io/");
            let own = self.platform.own_images.iter().any(|space| plain.starts_with(space));
            job.image(&image, own, node.span);
        }
    }
}

/// A value that is a secret by name, or text.
fn value_of(job: &mut Workload<'_>, value: &Node, via: Via<'_>) {
    match value.get("from_secret").and_then(Node::as_str) {
        Some(secret) => job.stored(secret, value.span, via),
        None => job.literal(value, Via { provider: None, ..via }),
    }
}

/// Settings of a plugin, which may be nested.
fn settings(job: &mut Workload<'_>, value: &Node, name: &str, plugin: &str, provider: &str) {
    let mut open = vec![(name.to_owned(), value)];
    while let Some((name, node)) = open.pop() {
        if node.get("from_secret").is_some() {
            value_of(job, node, Via::input(plugin, &name, provider));
            continue;
        }
        for (key, value) in node.entries() {
            open.push((key.scalar().unwrap_or_default(), value));
        }
        open.extend(node.items().iter().map(|item| (name.clone(), item)));
        // A setting with a credential's name and a text of its own.
        let literal = node.as_str().is_some() && is_secret_setting(&name);
        if literal {
            job.literal(node, Via::input(plugin, &name, if provider.is_empty() { "plugin" } else { provider }));
        }
    }
}

/// Settings that take a credential, as plugins name them.
fn is_secret_setting(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = ["password", "token", "secret_key", "secret", "api_key", "json_key", "access_key", "ssh_key"];
    ends.iter().any(|end| name.ends_with(end)) && !name.ends_with("_from_secret")
}

/// The provider that a plugin speaks to; empty when its image does not tell.
fn image_provider(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or_default();
    match name {
        "docker" | "drone-docker" | "drone-docker-buildx" | "plugin-docker-buildx" | "buildx" | "drone-kaniko" => {
            "docker"
        }
        "ecr" | "drone-ecr" | "plugin-ecr" | "kaniko-ecr" | "s3" | "drone-s3" | "plugin-s3" | "s3-cache" => "aws",
        "gcr" | "drone-gcr" | "gcs" | "kaniko-gcr" | "gar" => "gcp",
        "acr" | "drone-acr" => "azure",
        "github-release" | "drone-github-release" | "plugin-github-release" => "github",
        _ => names::provider(name).unwrap_or_default(),
    }
}

/// Says that a file was not read to its end.
pub fn over(input: &Input<'_>, span: Span, out: &mut Out<'_>) {
    let (line, column) = crate::doc::line_and_column(input.text, span.start);
    let message = format!("more than {BUDGET} references; the rest of the file was not read");
    out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line, column, message });
}

/// Says that the platform would refuse a part of a file.
pub fn malformed(input: &Input<'_>, span: Span, message: &str, out: &mut Out<'_>) {
    let (line, column) = crate::doc::line_and_column(input.text, span.start);
    out.notice(ReadNotice { kind: NoticeKind::Gap, code: "malformed", line, column, message: message.to_owned() });
}
