//! Compose files: each service is a workload with its variables, its secrets, its ports, and what it may do to its host.
//!
//! Syntax: <https://docs.docker.com/reference/compose-file/>; variables: <https://docs.docker.com/reference/compose-file/interpolation/>.

use std::collections::{BTreeMap, BTreeSet};

use super::literal::{self, Value};
use super::service::{self, Command};
use super::template;
use crate::doc::line_and_column;
use crate::doc::{Doc, Node};
use crate::formats::workload::{BUDGET, MAX_TEXT, Via, Workload, split_image};
use crate::formats::{Format, Input, Out, ReadNotice, Syntax, environment, names};
use crate::model::{
    At, AuthMode, EnvironmentClass, Fact, Human, IdentityFact, IdentityKey, IdentityKind, NoticeKind, RepoPath,
    SettingFact, Span, setting,
};

/// The format.
pub const FORMAT: Format = Format {
    id: "docker-compose",
    name: "Compose file",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    yaml && (is_named(&name) || looks_like_compose(head))
}

/// `compose.yaml`, `docker-compose.yml`, `docker-compose.prod.yml`, `compose-dev.yaml`.
fn is_named(name: &[u8]) -> bool {
    let rest = [&b"docker-compose"[..], b"compose", b"podman-compose"].iter().find_map(|word| name.strip_prefix(*word));
    rest.and_then(<[u8]>::first).is_some_and(|next| matches!(next, b'.' | b'-' | b'_'))
}

/// A mapping under `services:` whose members name an image or a build, and no key that other systems have beside it.
fn looks_like_compose(head: &str) -> bool {
    if memchr::memmem::find(head.as_bytes(), b"services:").is_none() {
        return false;
    }
    let mut inside = false;
    let (mut service, mut image) = (false, false);
    for line in head.trim_start_matches('\u{feff}').lines() {
        let content = line.trim_end();
        if content.is_empty() || content.trim_start().starts_with('#') {
            continue;
        }
        if !content.starts_with([' ', '-']) {
            let key = content.split(':').next().unwrap_or_default();
            inside = key == "services";
            let other =
                ["apiVersion", "jobs", "on", "stages", "steps", "pipelines", "pipeline", "kind", "swagger", "openapi"];
            if other.contains(&key) {
                return false;
            }
        } else if inside {
            let key = content.trim_start();
            service |= !key.starts_with('-') && key.ends_with(':');
            image |= service && (key.starts_with("image:") || key.starts_with("build:"));
        }
    }
    image
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let (pieces, error) = template::load(input.text);
    if let Some(error) = error {
        let message = format!("is no valid Compose file: {}", error.message);
        let (line, column) = (error.line, error.column);
        out.notice(ReadNotice { kind: NoticeKind::Gap, code: "malformed", line, column, message });
    }
    let Some(root) = pieces.first().filter(|piece| piece.offset == 0).and_then(|piece| piece.doc.roots.first()) else {
        return;
    };
    let Some(services) = root.get("services") else { return };
    let external = |node: &Node| node.get("external").is_some_and(|e| e.scalar().is_none_or(|v| v != "false"));
    let secrets = root.get("secrets").map(Node::entries).unwrap_or_default().iter();
    let external: BTreeSet<&str> =
        secrets.filter(|(_, node)| external(node)).filter_map(|(key, _)| key.as_str()).collect();
    let mut budget = BUDGET;
    for (key, node) in services.entries() {
        let Some(name) = key.scalar().map(|name| name.chars().take(MAX_TEXT).collect::<String>()) else { continue };
        if !node.is_mapping() {
            continue;
        }
        let mut service = Service::new(input, &name, key, budget);
        service.read(node, &external);
        budget = service.workload.finish(out);
        if budget == 0 {
            let (line, column) = line_and_column(input.text, key.span.start);
            let message = "more than any Compose file may have; the rest of the file was not read".to_owned();
            out.notice(ReadNotice { kind: NoticeKind::Gap, code: "too-many-facts", line, column, message });
            return;
        }
    }
}

/// A service while it is read.
struct Service<'a> {
    text: &'a str,
    name: String,
    workload: Workload<'a>,
}

impl<'a> Service<'a> {
    fn new(input: &Input<'a>, name: &str, key: &Node, budget: usize) -> Self {
        let path = input.path.display();
        let id = format!("{}/{path}#{name}", input.repository.unwrap_or_default());
        let id = IdentityKey::new("compose", "workload", &id);
        let file = path.rsplit('/').next().unwrap_or_default();
        // Most are named alike, and told apart by their directories.
        let shown: Vec<&str> = path.rsplitn(3, '/').take(2).collect();
        let shown = shown.into_iter().rev().collect::<Vec<_>>().join("/");
        let mut identity = IdentityFact::new(id, IdentityKind::Workload, "compose", &format!("{shown} / {name}"));
        identity.human = Human::No;
        let class = environment::classify("file", file);
        if class.class != EnvironmentClass::Unknown {
            identity.environment = class;
        }
        let workload = Workload::new(input.text, identity, At::span(key.span), &[], budget);
        Self { text: input.text, name: name.to_owned(), workload }
    }

    fn read(&mut self, node: &Node, external: &BTreeSet<&str>) {
        let image = node.get("image").and_then(Node::scalar).unwrap_or_default();
        let published = published(node);
        let variables = self.variables(node);
        self.build(node);
        for file in node.get("env_file").map(Node::one_or_many).unwrap_or_default() {
            let path = file.get("path").unwrap_or(file).scalar().unwrap_or_default();
            self.workload.note("env_file", &path);
        }
        for secret in node.get("secrets").map(Node::items).unwrap_or_default() {
            let Some(name) = secret.get("source").unwrap_or(secret).scalar() else { continue };
            let mechanism = if external.contains(name.as_str()) { "secrets: external" } else { "secrets" };
            self.workload.stored(&name, secret.span, Via { mechanism, ..Via::variable(&name) });
        }
        self.host(node);
        self.workload.note("image", &image);
        self.workload.note("published", if published.is_some() { "true" } else { "" });
        if let Some(user) = node.get("user").and_then(Node::scalar) {
            self.workload.note("user", &user);
        }
        let command =
            ["command", "entrypoint"].iter().filter_map(|key| node.get(key)).map(flat).collect::<Vec<_>>().join(" ");
        let at = node.get("image").map_or(node.span, |image| image.span);
        if !image.is_empty() && !image.contains('$') {
            let name = split_image(&image).0.to_owned();
            // An environment file may hold what is looked for.
            let complete = node.get("env_file").is_none();
            let open = service::open(&Command { image: &name, command: &command, variables: &variables, complete });
            if let (Some(why), Some(ports)) = (open, published) {
                self.tell(setting::OPEN_TO_ALL, &why, ports, true);
            }
            self.workload.image(&image, false, at);
        }
    }

    /// The variables by name, told as they are met.
    fn variables(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let published = published(node).is_some();
        let Some(variables) = node.get("environment") else { return all };
        for item in variables.items() {
            let Some(text) = item.as_str() else { continue };
            let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            self.variable(name, value, item.inner, published);
            all.insert(name.to_owned(), value.unwrap_or("$").to_owned());
        }
        for (key, value) in variables.entries() {
            let Some(name) = key.scalar() else { continue };
            let text = value.scalar();
            self.variable(&name, text.as_deref(), if text.is_some() { value.inner } else { key.span }, published);
            all.insert(name, text.unwrap_or_else(|| "$".to_owned()));
        }
        all
    }

    /// One variable; without a value it comes from where Compose runs.
    fn variable(&mut self, name: &str, value: Option<&str>, span: Span, published: bool) {
        let templated = self.text.get(span.start..span.end).is_some_and(template::is_templated);
        let Some(value) = value.filter(|_| !templated) else {
            if names::is_credential(name) && literal::holds_secret(name) {
                self.workload.stored(name, span, Via::variable(name));
            }
            return;
        };
        if let Some(why) = service::opened_by(name, value) {
            self.tell(setting::OPEN_TO_ALL, why, span, published);
        }
        let login = service::login_of(name, value);
        if !literal::holds_secret(name) && login.is_none() {
            return;
        }
        let default = literal::default_of(value);
        for variable in literal::variables(value) {
            self.workload.stored(&variable, span, Via::variable(name));
        }
        let written = default.map_or(value, |(_, default)| default);
        match login.unwrap_or_else(|| literal::judge(name, written)) {
            Value::Common if service::is_server(name) => self.tell(setting::DEFAULT_LOGIN, name, span, published),
            Value::Literal => {
                let mut usage = self.workload.usage(AuthMode::Static, names::provider(name).unwrap_or_default(), name);
                if default.is_some() {
                    usage.attributes.insert("default".to_owned(), "true".to_owned());
                }
                self.workload.push(Fact::Usage(At::span(span), usage));
            }
            _ => {}
        }
    }

    /// Build arguments stay in the image's history.
    fn build(&mut self, node: &Node) {
        let Some(args) = node.at(&["build", "args"]) else { return };
        let entries =
            args.entries().iter().filter_map(|(key, value)| Some((key.scalar()?, value.scalar(), value.inner)));
        let items = args.items().iter().filter_map(|item| {
            let text = item.as_str()?;
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), Some(value.to_owned()), item.inner))
        });
        for (name, value, span) in entries.chain(items) {
            let value = value.unwrap_or_default();
            if !literal::holds_secret(&name) {
                continue;
            }
            if literal::judge(&name, &value) == Value::Literal {
                let mut usage = self.workload.usage(AuthMode::Static, "", "build.args");
                usage.attributes.insert("input".to_owned(), name.clone());
                self.workload.push(Fact::Usage(At::span(span), usage));
            }
            for variable in literal::variables(&value) {
                self.workload.stored(&variable, span, Via { mechanism: "build.args", ..Via::variable(&name) });
            }
        }
        for secret in node.at(&["build", "secrets"]).map(Node::items).unwrap_or_default() {
            let Some(name) = secret.get("source").unwrap_or(secret).scalar() else { continue };
            self.workload.stored(&name, secret.span, Via { mechanism: "build.secrets", ..Via::variable(&name) });
        }
    }

    /// What it may do to its host.
    fn host(&mut self, node: &Node) {
        if let Some(flag) = node.get("privileged").filter(|flag| flag.as_bool() == Some(true)) {
            self.workload.setting(setting::PRIVILEGED, "privileged", flag.span);
        }
        for (key, what) in
            [("pid", "the host's processes"), ("ipc", "the host's memory"), ("userns_mode", "the host's users")]
        {
            if let Some(mode) = node.get(key).filter(|mode| mode.as_str() == Some("host")) {
                self.workload.setting(setting::PRIVILEGED, what, mode.span);
            }
        }
        if let Some(mode) = node.get("network_mode").filter(|mode| mode.as_str() == Some("host")) {
            self.workload.setting(setting::PRIVILEGED, "the host's network", mode.span);
        }
        for capability in node.get("cap_add").map(Node::items).unwrap_or_default() {
            if let Some(what) = capability.as_str().and_then(service::strong_capability) {
                self.workload.setting(setting::PRIVILEGED, &format!("capability {what}"), capability.span);
            }
        }
        for volume in node.get("volumes").map(Node::items).unwrap_or_default() {
            let source = match volume.as_str() {
                Some(text) => text.split(':').next().unwrap_or_default().to_owned(),
                None => volume.get("source").and_then(Node::scalar).unwrap_or_default(),
            };
            let only_reads =
                volume.as_str().is_some_and(|text| text.split(':').skip(2).any(|o| o.split(',').any(|o| o == "ro")))
                    || volume.get("read_only").and_then(Node::as_bool) == Some(true);
            if let Some(what) = service::host_path(&source, only_reads) {
                self.workload.setting(setting::PRIVILEGED, &what, volume.span);
            }
        }
    }

    fn tell(&mut self, name: &'static str, value: &str, span: Span, published: bool) {
        let mut fact = SettingFact::new(name, self.workload.identity().name.clone(), value);
        fact.identity = Some(self.workload.key().clone());
        fact.attributes.insert("published".to_owned(), published.to_string());
        fact.attributes.insert("service".to_owned(), self.name.clone());
        self.workload.push(Fact::Setting(At::span(span), fact));
    }
}

/// Where a service is published on other addresses than the machine's own; `None` when it is not.
fn published(node: &Node) -> Option<Span> {
    if node.get("network_mode").and_then(Node::as_str) == Some("host") {
        return node.get("network_mode").map(|mode| mode.span);
    }
    let open = |port: &&Node| {
        if port.is_mapping() {
            let loopback = port.get("host_ip").and_then(Node::scalar).is_some_and(|ip| is_loopback(&ip));
            return port.get("published").is_some() && !loopback;
        }
        port.scalar().is_some_and(|text| !is_loopback(&text))
    };
    node.get("ports").map(Node::items).unwrap_or_default().iter().find(open).map(|port| port.span)
}

fn is_loopback(address: &str) -> bool {
    ["127.", "localhost", "[::1]", "::1"].iter().any(|start| address.starts_with(start))
}

/// A command as one text, whether it is written as a string or a list.
fn flat(node: &Node) -> String {
    node.one_or_many().iter().filter_map(Node::scalar).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_name_or_by_their_services() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim("docker-compose.prod.yml", ""));
        assert!(claim("a/compose.yaml", ""));
        assert!(!claim("composer.yml", "x: y\n"));
        let stack = "version: '3'\nservices:\n  web:\n    image: a\n";
        assert!(claim("stack.yml", stack));
        assert!(!claim("stack.txt", stack));
        assert!(!claim("x.yml", "services:\n  - docker:dind\nimage: a\n"));
        assert!(!claim("x.yml", "stages: [a]\nservices:\n  web:\n    image: a\n"));
    }
}
