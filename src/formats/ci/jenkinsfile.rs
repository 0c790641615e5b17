//! Pipelines of Jenkins, declarative and scripted, and the steps of shared libraries (`vars/*.groovy`).
//!
//! Groovy is read token by token, so what is computed at run time is not seen. Credentials:
//! <https://www.jenkins.io/doc/pipeline/steps/credentials-binding/>,
//! <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#handling-credentials>; libraries:
//! <https://www.jenkins.io/doc/book/pipeline/shared-libraries/>.

use std::ops::Range;

use super::containers::over;
use super::jenkins::calls::{self, Call, Value};
use super::jenkins::groovy;
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{At, Fact, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, SettingFact, Span, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "jenkinsfile",
    name: "Jenkins pipeline",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Providers that take tokens of Jenkins' own issuer (<https://plugins.jenkins.io/oidc-provider/>).
const FEDERATES: &[&str] = &["aws", "gcp", "azure", "vault"];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    if name.starts_with(b"Jenkinsfile") || name.to_ascii_lowercase().ends_with(b".jenkinsfile") {
        // `Jenkinsfile.md` tells about one.
        return !name.ends_with(b".md")
            && !name.ends_with(b".txt")
            && !name.ends_with(b".yaml")
            && !name.ends_with(b".yml");
    }
    let groovy = name.ends_with(b".groovy");
    (groovy && is_step(path)) || ((groovy || !name.contains(&b'.')) && is_pipeline(head))
}

/// Steps of a shared library lie in `vars/`.
fn is_step(path: &RepoPath) -> bool {
    path.as_bytes().rsplit(|b| *b == b'/').nth(1) == Some(b"vars")
}

/// `pipeline {` or `node(…) {` at the left margin, and a stage.
fn is_pipeline(head: &str) -> bool {
    memchr::memmem::find(head.as_bytes(), b"stage").is_some()
        && head.lines().any(|line| {
            let opens = line.trim_end().ends_with('{');
            opens && (line.starts_with("pipeline {") || line.starts_with("pipeline{") || line.starts_with("node"))
        })
        && (head.contains("stage(") || head.contains("stage ("))
}

/// The name that tells what a credential is for: its variable, if that says whether it opens anything. An id such as
/// `docker-user` stands for a login.
fn hint_of(variable: &str) -> &str {
    let says = names::is_credential(variable) || names::only_identifies(variable, "");
    if says { variable } else { "token" }
}

/// A variable that holds a credential inside a block.
struct Binding {
    /// The variable; empty when the credential is not in one.
    variable: String,
    /// True when the value itself is in the variable, not a file's name or a user.
    secret: bool,
    /// The credential's id.
    credential: String,
    /// The depth of the block at whose end it is gone.
    depth: usize,
}

struct Reader<'a> {
    text: &'a str,
    job: Workload<'a>,
    bindings: Vec<Binding>,
    /// Those of a step that come into force with its block.
    pending: Vec<Binding>,
    images: Vec<(String, Span)>,
    libraries: Vec<(String, Span)>,
    found: bool,
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let path = input.path.display();
    let file = path.rsplit('/').next().unwrap_or_default();
    let step = input.path.file_name().ends_with(b".groovy") && is_step(input.path);
    let name = if step { file.trim_end_matches(".groovy") } else { "pipeline" };
    let key = format!("{}/{path}#{name}", input.repository.unwrap_or_default());
    let key = IdentityKey::new("jenkins", "job", &key);
    let shown = if step { format!("vars/{file}") } else { path.clone() };
    let mut identity = IdentityFact::new(key, IdentityKind::CiJob, "jenkins", &shown);
    identity.human = Human::No;
    identity.account = input.repository.and_then(|r| r.split('/').next()).map(str::to_owned);
    let start = Span { start: 0, end: 0 };
    let mut reader = Reader {
        text: input.text,
        job: Workload::new(input.text, identity, At::span(start), FEDERATES, BUDGET),
        bindings: Vec::new(),
        pending: Vec::new(),
        images: Vec::new(),
        libraries: Vec::new(),
        found: false,
    };
    let tokens = groovy::tokens(input.text);
    calls::walk(input.text, &tokens, &mut |event| reader.event(event));
    reader.end();
    // A step that has nothing to do with credentials is no identity.
    if step && !reader.found {
        return;
    }
    if reader.job.finish(out) == 0 {
        over(input, start, out);
    }
}

impl<'a> Reader<'a> {
    fn event(&mut self, event: calls::Event<'_, 'a>) {
        match event {
            calls::Event::Call(call) => self.call(call),
            calls::Event::Open { name, depth } => {
                let pending = std::mem::take(&mut self.pending);
                if matches!(name, "withCredentials" | "withAWS" | "sshagent" | "withRegistry") {
                    self.bindings.extend(pending.into_iter().map(|binding| Binding { depth, ..binding }));
                }
            }
            // What the rest of the block could see is gone; bindings lie in order of their depth, nearly.
            calls::Event::Close { depth } => {
                while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
                    self.bindings.pop();
                }
            }
            calls::Event::Set { name, value } => self.literal(name, value),
        }
    }

    fn span(part: &Range<usize>) -> Span {
        Span { start: part.start, end: part.end }
    }

    /// The text of a value, unless Groovy replaces something in it.
    fn plain(&self, value: &Value<'a>) -> Option<&'a str> {
        match value {
            Value::Text { inner, fills } if fills.is_empty() => self.text.get(inner.clone()),
            Value::Text { .. } => None,
            Value::Word(word) => Some(word),
        }
    }

    fn literal(&mut self, name: &str, value: &Value<'a>) {
        let Value::Text { inner, fills } = value else { return };
        self.job.bind(name);
        if fills.is_empty() {
            self.value(name, inner);
        }
    }

    fn value(&mut self, name: &str, inner: &Range<usize>) {
        let Some(text) = self.text.get(inner.clone()) else { return };
        let span = Self::span(inner);
        let node = Node { span, inner: span, tag: None, kind: Kind::String(text.to_owned()) };
        self.job.literal(&node, Via::variable(name));
    }

    fn call(&mut self, call: &Call<'a>) {
        match call.name {
            "sh" | "bat" | "powershell" | "pwsh" => {
                if let Some((Value::Text { inner, fills }, _)) = call.named("script").or_else(|| call.positional(0)) {
                    self.script(inner.clone(), fills);
                }
            }
            "echo" | "println" | "print" | "error" => {
                if let Some((Value::Text { fills, .. }, part)) = call.positional(0) {
                    let shown = fills.iter().filter_map(|at| groovy::filled(self.text, *at));
                    if let Some(name) = shown.into_iter().find(|name| self.is_bound(name)).map(str::to_owned) {
                        self.found = true;
                        let span = Self::span(part);
                        self.job.setting(setting::ECHO, &format!("{}: {name}", call.name), span);
                    }
                }
            }
            "credentials" => self.environment(call),
            "withRegistry" => {
                let url = call.positional(0).and_then(|(value, _)| self.plain(value)).unwrap_or_default();
                let provider = if url.is_empty() || url.contains("docker.io") { "docker" } else { "registry" };
                let id = call.named("credentialsId").or_else(|| call.positional(1));
                self.bound(id, Via::input("docker.withRegistry", "credentialsId", provider));
            }
            "sshagent" => {
                for at in 0..call.len().min(20) {
                    let id = call.any(at);
                    self.bound(id, Via::input("sshagent", "credentialsId", "ssh"));
                }
            }
            "withAWS" => self.aws(call),
            "Library" | "library" | "lib" => {
                for at in 0..call.len().min(20) {
                    if let Some((value, part)) = call.any(at)
                        && let Some(name) = self.plain(value).filter(|_| matches!(value, Value::Text { .. }))
                    {
                        self.libraries.push((name.to_owned(), Self::span(part)));
                    }
                }
            }
            "image" | "docker" => {
                if let Some((value @ Value::Text { .. }, part)) = call.named("image").or_else(|| call.positional(0))
                    && let Some(image) = self.plain(value)
                {
                    self.images.push((image.to_owned(), Self::span(part)));
                }
            }
            "withEnv" => {
                for at in 0..call.len().min(100) {
                    let Some((Value::Text { inner, fills }, _)) = call.any(at) else { continue };
                    let text = self.text.get(inner.clone()).unwrap_or_default();
                    let Some((name, _)) = text.split_once('=') else { continue };
                    self.job.bind(name);
                    if fills.is_empty() {
                        self.value(name, &(inner.start + name.len() + 1..inner.end));
                    }
                }
            }
            _ => {}
        }
        self.generic(call);
    }

    /// `credentialsId: '…'` of any step, and of the bindings of `withCredentials`.
    fn generic(&mut self, call: &Call<'a>) {
        let keys = ["credentialsId", "registryCredentialsId", "vaultCredentialId", "sshCredentialsId"];
        let Some((id, part)) = keys.iter().find_map(|key| call.named(key)) else { return };
        if matches!(call.name, "withRegistry") {
            return;
        }
        let Some(id) = self.plain(id).filter(|id| !id.is_empty()).map(str::to_owned) else { return };
        let class = call.named("$class").and_then(|(value, _)| self.plain(value)).unwrap_or(call.name);
        let binds = call.inside("withCredentials") || class.ends_with("Binding");
        let variables = [
            ("variable", true),
            ("passwordVariable", true),
            ("tokenVariable", true),
            ("secretKeyVariable", true),
            ("clientSecretVariable", true),
            ("usernameVariable", false),
            ("accessKeyVariable", false),
            ("keyFileVariable", false),
            ("keystoreVariable", false),
        ];
        let named = |key: &str| call.named(key).and_then(|(value, _)| self.plain(value));
        let bound: Vec<(&str, bool)> =
            variables.iter().filter_map(|(key, secret)| Some((named(key)?, *secret))).collect();
        let file = matches!(class, "file" | "FileBinding" | "zip" | "certificate" | "dockerCert" | "sshUserPrivateKey");
        let hint = bound.iter().find(|(_, secret)| *secret).map_or("", |(name, _)| *name);
        let hint = hint_of(hint);
        let provider = match class {
            "AmazonWebServicesCredentialsBinding" | "aws" => Some("aws"),
            "azureServicePrincipal" | "AzureCredentialsBinding" => Some("azure"),
            "sshUserPrivateKey" | "SSHUserPrivateKeyBinding" => Some("ssh"),
            "kubeconfigFile" | "withKubeConfig" | "kubeconfig" => Some("kubernetes"),
            "vaultString" | "VaultTokenCredentialBinding" => Some("vault"),
            "git" | "GitSCM" | "UserRemoteConfig" => Some("git"),
            _ => None,
        };
        let class = if class.is_empty() { "credentialsId" } else { class };
        let mechanism = if binds { "withCredentials" } else { class };
        let via = Via { mechanism, hint, provider, target: None };
        self.found = true;
        self.job.stored(&id, Self::span(part), via);
        if !binds {
            return;
        }
        if bound.is_empty() {
            // The Amazon binding has names of its own.
            self.pending.push(Binding { variable: String::new(), secret: false, credential: id.clone(), depth: 0 });
        }
        let variables: Vec<(String, bool)> = bound.iter().map(|(name, secret)| ((*name).to_owned(), *secret)).collect();
        for (variable, secret) in variables {
            self.job.bind(&variable);
            self.pending.push(Binding { variable, secret: secret && !file, credential: id.clone(), depth: 0 });
        }
        if provider == Some("aws") {
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().for_each(|name| self.job.bind(name));
        }
    }

    /// A credential that a step's block can use, not by a variable.
    fn bound(&mut self, id: Option<(&Value<'a>, &Range<usize>)>, via: Via<'_>) {
        let Some((value, part)) = id else { return };
        let Some(id) = self.plain(value).filter(|id| !id.is_empty()).map(str::to_owned) else { return };
        self.found = true;
        self.job.stored(&id, Self::span(part), via);
        self.pending.push(Binding { variable: String::new(), secret: false, credential: id, depth: 0 });
    }

    /// `X = credentials('id')`: for a login also `X_USR` and `X_PSW`.
    fn environment(&mut self, call: &Call<'a>) {
        let (Some(variable), Some((value, part))) = (call.assigned, call.positional(0)) else { return };
        let Some(id) = self.plain(value).map(str::to_owned) else { return };
        self.found = true;
        let hint = variable;
        self.job.stored(&id, Self::span(part), Via { mechanism: "credentials()", ..Via::variable(hint) });
        for (end, secret) in [("", true), ("_PSW", true), ("_USR", false)] {
            let variable = format!("{variable}{end}");
            self.job.bind(&variable);
            // In force in the block around `environment { … }`.
            let depth = call.depth.saturating_sub(1);
            self.bindings.push(Binding { variable, secret, credential: id.clone(), depth });
        }
    }

    /// <https://plugins.jenkins.io/pipeline-aws/>.
    fn aws(&mut self, call: &Call<'a>) {
        let credentials = call.named("credentials").or_else(|| call.named("credentialsId"));
        if credentials.is_some() {
            self.bound(credentials, Via::input("withAWS", "credentialsId", "aws"));
        }
        let Some((value, part)) = call.named("role") else { return };
        let role = self.plain(value).filter(|_| matches!(value, Value::Text { .. }));
        let span = Self::span(part);
        self.found = true;
        let target = role.unwrap_or("role").to_owned();
        if call.named("webIdentityToken").is_some() || call.named("webIdentityTokenFile").is_some() {
            self.job.federated("aws", role, span, "withAWS", "");
        } else if credentials.is_none() {
            self.job.instance("aws", role, span, "withAWS");
        }
        self.pending.push(Binding { variable: String::new(), secret: false, credential: target, depth: 0 });
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bindings.iter().rev().take(500).any(|binding| binding.secret && binding.variable == name)
    }

    fn script(&mut self, inner: Range<usize>, fills: &[usize]) {
        let held: Vec<String> = self.bindings.iter().rev().take(200).map(|b| b.credential.clone()).collect();
        let filled = fills.iter().filter_map(|at| Some((groovy::filled(self.text, *at)?, *at)));
        let first = filled.into_iter().find(|(name, _)| self.is_bound(name)).map(|(name, at)| (name.to_owned(), at));
        if let Some((name, at)) = first {
            self.found = true;
            let mut fact = SettingFact::new(setting::INTERPOLATED, format!("script with {name}"), name);
            fact.identity = Some(self.job.key().clone());
            self.job.push(Fact::Setting(At::span(Span { start: at, end: at + 1 }), fact));
        }
        self.found |= !held.is_empty();
        self.job.within(Some(held.iter().map(String::as_str)));
        self.job.script_at(Self::span(&inner));
        self.job.within(None::<std::iter::Empty<&str>>);
    }

    /// What is told once every credential is known.
    fn end(&mut self) {
        for (library, span) in std::mem::take(&mut self.libraries) {
            let (name, version) = library.split_once('@').unwrap_or((&library, ""));
            if library.contains('$') || name.is_empty() {
                continue;
            }
            let pinned = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
            self.job.third_party(&format!("library {name}"), version, pinned, true, span);
            let branches = ["", "master", "main", "develop", "dev", "trunk", "HEAD", "latest"];
            if branches.contains(&version) {
                self.found = true;
                self.job.setting(setting::SHARED_LIBRARY, &library, span);
            }
        }
        for (image, span) in std::mem::take(&mut self.images) {
            self.job.image(&image, false, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_claimed_by_name_by_place_or_by_content() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        for path in ["Jenkinsfile", "ci/Jenkinsfile.release", "deploy.jenkinsfile", "vars/build.groovy"] {
            assert!(claim(path, ""), "{path}");
        }
        assert!(claim("ci/build.groovy", "pipeline {\n  agent any\n  stages {\n stage('a') {\n"));
        assert!(claim("x.groovy", "node('linux') {\n  stage('a') {\n"));
        assert!(!claim("src/X.groovy", "class X {\n  def stage(a) {}\n}\n"));
        assert!(!claim("Jenkinsfile.md", "") && !claim("build.gradle", "pipeline {\nstage("));
    }
}
