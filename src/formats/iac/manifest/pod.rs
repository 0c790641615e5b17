//! What a pod authenticates with, and what it may do to its node.
//!
//! Pods: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>; tokens in volumes:
//! <https://kubernetes.io/docs/concepts/storage/projected-volumes/>.

use super::object::Object;
use crate::doc::Node;
use crate::formats::iac::literal::{self, Value};
use crate::formats::iac::service;
use crate::formats::names;
use crate::formats::script::{self, Seen};
use crate::formats::workload::{Via, Workload};
use crate::model::{At, AuthMode, Fact, IdentityKey, SettingFact, Span, setting};

/// Most volumes of one pod that are read; each is looked for among the mounts.
const VOLUMES: usize = 500;

/// Keys under which a pod lists containers.
const CONTAINERS: &[&str] = &["containers", "initContainers", "ephemeralContainers"];

/// Reads a pod's specification into the workload that runs it.
pub(super) fn read(object: &Object<'_>, spec: &Node, workload: &mut Workload<'_>) {
    account(object, spec, workload);
    host(spec, workload);
    let published = spec.get("hostNetwork").and_then(Node::as_bool) == Some(true);
    for container in CONTAINERS.iter().filter_map(|key| spec.get(key)).flat_map(Node::items) {
        credentials(object, container, workload);
        security(container, workload);
        open(object, container, published, workload);
    }
    for secret in spec.get("imagePullSecrets").map(Node::items).unwrap_or_default() {
        reference(object, secret.get("name"), "imagePullSecrets", "REGISTRY_PASSWORD", workload);
    }
    for volume in spec.get("volumes").map(Node::items).unwrap_or_default().iter().take(VOLUMES) {
        self::volume(object, spec, volume, workload);
    }
    // What runs there is told last, when all that it can reach is known.
    for container in CONTAINERS.iter().filter_map(|key| spec.get(key)).flat_map(Node::items) {
        image(object, container, workload);
    }
}

/// The account that the pod runs as, and whether it gets that account's token.
pub(super) fn account(object: &Object<'_>, spec: &Node, workload: &mut Workload<'_>) {
    let node = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount"));
    let name = node.and_then(|node| object.file.text_of(node)).filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "default".to_owned());
    let span = node.map_or(spec.span, |node| node.span);
    let span = if node.is_none() { Span::new(span.start, span.start) } else { span };
    let mounts = spec.get("automountServiceAccountToken").and_then(Node::as_bool);
    runs_as(object, &name, span, mounts, workload);
}

/// Notes that a workload runs as an account; `mounts` says whether the token goes with it, where the workload says so.
pub(super) fn runs_as(object: &Object<'_>, name: &str, span: Span, mounts: Option<bool>, workload: &mut Workload<'_>) {
    let account = object.file.account(object.namespace.as_deref(), name);
    let key = IdentityKey::new("kubernetes", "service-account", &account);
    let mode = if mounts == Some(false) { AuthMode::None } else { AuthMode::Instance };
    let mut usage = workload.usage(mode, "kubernetes", "serviceAccountName");
    usage.target = Some(account);
    usage.attributes.insert("service_account".to_owned(), key.to_string());
    if let Some(mounts) = mounts {
        usage.attributes.insert("automount".to_owned(), mounts.to_string());
    }
    workload.push(Fact::Usage(At::span(span), usage));
    workload.note("service_account", name);
}

/// A secret by the name of its object.
fn reference(object: &Object<'_>, node: Option<&Node>, mechanism: &str, hint: &str, workload: &mut Workload<'_>) {
    if let Some((node, name)) = node.and_then(|node| Some((node, object.file.text_of(node)?))) {
        workload.stored(&name, node.span, Via::input(mechanism, hint, names::provider(hint).unwrap_or_default()));
    }
}

/// What a container's variables hold.
pub(super) fn credentials(object: &Object<'_>, container: &Node, workload: &mut Workload<'_>) {
    for variable in container.get("env").map(Node::items).unwrap_or_default() {
        let Some(name) = variable.get("name").and_then(|name| object.file.text_of(name)) else { continue };
        if let Some(key) = variable.at(&["valueFrom", "secretKeyRef"]) {
            secret_key(object, &name, key, workload);
        }
        let Some(value) = variable.get("value") else { continue };
        let Some(text) = value.scalar().filter(|_| !object.file.is_templated(value)) else { continue };
        if let Some(why) = service::opened_by(&name, &text) {
            tell(object, setting::OPEN_TO_ALL, why, value.span, false, workload);
        }
        let login = service::login_of(&name, &text);
        if !literal::holds_secret(&name) && login.is_none() {
            continue;
        }
        match login.unwrap_or_else(|| literal::judge(&name, &text)) {
            Value::Common if service::is_server(&name) => {
                tell(object, setting::DEFAULT_LOGIN, &name, value.span, false, workload);
            }
            Value::Literal => {
                let usage = workload.usage(AuthMode::Static, names::provider(&name).unwrap_or_default(), &name);
                workload.push(Fact::Usage(At::span(value.span), usage));
            }
            _ => {}
        }
    }
    for source in container.get("envFrom").map(Node::items).unwrap_or_default() {
        reference(object, source.at(&["secretRef", "name"]), "envFrom", "SECRET", workload);
    }
}

/// One key of a secret; a user name or an id in it is no credential.
fn secret_key(object: &Object<'_>, variable: &str, reference: &Node, workload: &mut Workload<'_>) {
    let part = |key: &str| reference.get(key).and_then(|node| object.file.text_of(node)).unwrap_or_default();
    let (name, key) = (part("name"), part("key"));
    if names::only_identifies(variable, &key) {
        workload.stored(&key, reference.span, Via { mechanism: "secretKeyRef", ..Via::variable(variable) });
    } else {
        let name = format!("{name}/{key}");
        workload.stored(&name, reference.span, Via { mechanism: "secretKeyRef", ..Via::variable(variable) });
    }
}

fn volume(object: &Object<'_>, spec: &Node, volume: &Node, workload: &mut Workload<'_>) {
    reference(object, volume.at(&["secret", "secretName"]), "secret volume", "SECRET", workload);
    for source in volume.at(&["projected", "sources"]).map(Node::items).unwrap_or_default() {
        reference(object, source.at(&["secret", "name"]), "projected volume", "SECRET", workload);
        if let Some(token) = source.get("serviceAccountToken") {
            projected(object, token, workload);
        }
    }
    if let Some(path) = volume.at(&["hostPath", "path"]).and_then(Node::scalar)
        && let Some(what) = service::host_path(&path, only_reads(spec, volume))
    {
        workload.setting(setting::PRIVILEGED, &what, volume.span);
    }
    let Some(driver) = volume.at(&["csi", "driver"]).and_then(Node::scalar) else { return };
    match driver.as_str() {
        "csi.spiffe.io" | "spiffe.csi.cert-manager.io" => workload.federated("spiffe", None, volume.span, &driver, ""),
        "secrets-store.csi.k8s.io" => {
            let class = volume.at(&["csi", "volumeAttributes", "secretProviderClass"]);
            if let Some((node, name)) = class.and_then(|node| Some((node, object.file.text_of(node)?))) {
                // Where it comes from, and how, the class says.
                let mut usage = workload.usage(AuthMode::Referenced, "", &driver);
                usage.credential = Some(name);
                workload.push(Fact::Usage(At::span(node.span), usage));
            }
        }
        _ => {}
    }
}

/// Whether every container that mounts the volume mounts it to read only.
fn only_reads(spec: &Node, volume: &Node) -> bool {
    let Some(name) = volume.get("name").and_then(Node::scalar) else { return false };
    let mounts = CONTAINERS.iter().filter_map(|key| spec.get(key)).flat_map(Node::items);
    let mounts = mounts.flat_map(|c| c.get("volumeMounts").map(Node::items).unwrap_or_default()).take(10 * VOLUMES);
    let mut mine = mounts.filter(|m| m.get("name").and_then(Node::scalar).as_ref() == Some(&name)).peekable();
    mine.peek().is_some() && mine.all(|m| m.get("readOnly").and_then(Node::as_bool) == Some(true))
}

/// A token that is made for an audience and ends soon.
fn projected(object: &Object<'_>, token: &Node, workload: &mut Workload<'_>) {
    let audience = token.get("audience").and_then(|node| object.file.text_of(node)).unwrap_or_default();
    let provider = match audience.as_str() {
        "sts.amazonaws.com" => "aws",
        "api://AzureADTokenExchange" => "azure",
        "vault" => "vault",
        // The cluster's own, as mounted by hand.
        "" => "kubernetes",
        _ if audience.contains("iam.googleapis.com") || audience.ends_with(".svc.id.goog") => "gcp",
        _ => "",
    };
    workload.federated(provider, None, token.span, "projected service account token", &audience);
    if let Some(seconds) = token.get("expirationSeconds").and_then(Node::scalar) {
        workload.note("token_seconds", &seconds);
    }
}

/// What the pod shares with its node.
fn host(spec: &Node, workload: &mut Workload<'_>) {
    for (key, what) in
        [("hostPID", "the host's processes"), ("hostNetwork", "the host's network"), ("hostIPC", "the host's memory")]
    {
        if let Some(flag) = spec.get(key).filter(|flag| flag.as_bool() == Some(true)) {
            workload.setting(setting::PRIVILEGED, what, flag.span);
        }
    }
}

/// What a container may do beyond what containers may.
pub(super) fn security(container: &Node, workload: &mut Workload<'_>) {
    let Some(context) = container.get("securityContext") else { return };
    if let Some(flag) = context.get("privileged").filter(|flag| flag.as_bool() == Some(true)) {
        workload.setting(setting::PRIVILEGED, "privileged", flag.span);
    }
    for capability in context.at(&["capabilities", "add"]).map(Node::items).unwrap_or_default() {
        if let Some(what) = capability.as_str().and_then(service::strong_capability) {
            workload.setting(setting::PRIVILEGED, &format!("capability {what}"), capability.span);
        }
    }
}

/// Programs that let in whoever comes, by their options
/// (<https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/>).
fn open(object: &Object<'_>, container: &Node, published: bool, workload: &mut Workload<'_>) {
    for argument in ["command", "args"].iter().filter_map(|key| container.get(key)).flat_map(Node::items) {
        let Some(text) = argument.as_str() else { continue };
        let text = text.trim();
        let why = match text.split_once('=').unwrap_or((text, "")) {
            ("--token-auth-file", _) => "--token-auth-file: tokens in a file that never end",
            ("--basic-auth-file", _) => "--basic-auth-file: passwords in a file",
            ("--insecure-port", port) if port != "0" && !port.is_empty() => "--insecure-port: an API without login",
            ("--authorization-mode", "AlwaysAllow") => "--authorization-mode=AlwaysAllow",
            _ if text.contains("tcp://0.0.0.0:2375") => "the Docker daemon listens without TLS",
            _ => continue,
        };
        tell(object, setting::OPEN_TO_ALL, why, argument.span, true, workload);
    }
    let docker = container.get("ports").map(Node::items).unwrap_or_default().iter().find(|port| {
        let is = |key: &str| port.get(key).and_then(Node::scalar).is_some_and(|port| port == "2375");
        is("hostPort") || (published && is("containerPort"))
    });
    if let Some(port) = docker {
        tell(object, setting::OPEN_TO_ALL, "the Docker daemon listens without TLS", port.span, true, workload);
    }
}

fn tell(
    object: &Object<'_>,
    name: &'static str,
    value: &str,
    span: Span,
    published: bool,
    workload: &mut Workload<'_>,
) {
    let mut fact = SettingFact::new(name, object.title(), value);
    fact.identity = Some(workload.key().clone());
    fact.attributes.insert("published".to_owned(), published.to_string());
    workload.push(Fact::Setting(At::span(span), fact));
}

/// The image of a container, with the credentials that reach it.
pub(super) fn image(object: &Object<'_>, container: &Node, workload: &mut Workload<'_>) {
    let Some(node) = container.get("image").filter(|node| !object.file.is_templated(node)) else { return };
    if let Some(image) = node.as_str() {
        workload.image(image, false, node.span);
    }
}

/// Logins and faults of a script. Its variables are those of the container, which have been told.
pub(super) fn script(node: &Node, workload: &mut Workload<'_>, text: &str) {
    let span = node.inner;
    for seen in script::read(text.get(span.start..span.end).unwrap_or_default()) {
        let at = |part: &std::ops::Range<usize>| Span::new(span.start + part.start, span.start + part.end);
        match &seen {
            Seen::Variable { .. } => {}
            Seen::Login { mode: AuthMode::Federated, provider, command, target, part } => {
                workload.federated(provider, target.as_deref(), at(part), command, "");
            }
            Seen::Login { mode, provider, command, target, part } => {
                let mut usage = workload.usage(*mode, provider, command);
                usage.target.clone_from(target);
                workload.push(Fact::Usage(At::span(at(part)), usage));
            }
            Seen::Setting { name, value, part } => workload.setting(name, value, at(part)),
        }
    }
}
