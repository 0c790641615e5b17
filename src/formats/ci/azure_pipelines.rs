//! Azure Pipelines: each job is an identity, with the token of the build service in `System.AccessToken`, service connections
//! under their names, and groups of variables.
//!
//! Syntax: <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema>. Templates are read where they lie; what calls
//! them is not known there, so what they take as a parameter stays open until the inventory joins the files.

mod task;
mod templates;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::pipeline::{self, File, Platform, malformed};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, environment, names};
use crate::model::{At, AuthMode, Environment, EnvironmentClass, Fact, RepoPath, Span, ThirdPartyFact, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "azure-pipelines",
    name: "Azure pipeline",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// A service connection federates with Entra ID
/// (<https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity>), and with AWS by its toolkit.
const PLATFORM: Platform =
    Platform { id: "azure-devops", federates: &["azure", "aws"], tokens: &[], images: &["mcr.microsoft.com/"] };

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    yaml && (is_pipeline_name(name) || looks_like_pipeline(head))
}

/// The names that Azure DevOps proposes.
fn is_pipeline_name(name: &[u8]) -> bool {
    let name = name.strip_prefix(b".").unwrap_or(name);
    name.starts_with(b"azure-pipelines.") || name.starts_with(b"azure-pipelines-")
}

/// A task with its version, or an image of Microsoft's agents below a key of a pipeline.
fn looks_like_pipeline(head: &str) -> bool {
    let has = |part: &str| memchr::memmem::find(head.as_bytes(), part.as_bytes()).is_some();
    // A template of variables.
    if has("- group:") && head.lines().any(|line| line.trim_end() == "variables:") {
        return true;
    }
    if !has("task:") && !has("vmImage:") {
        return false;
    }
    head.lines().any(|line| {
        let line = line.trim_start();
        let task = line.strip_prefix("- ").and_then(|line| line.trim_start().strip_prefix("task:"));
        let versioned = |task: &str| {
            let (name, version) = task.trim().trim_matches(['\'', '"']).split_once('@').unwrap_or_default();
            !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit())
        };
        task.is_some_and(versioned)
            || line.starts_with("vmImage:") && (has("\nsteps:") || has("\njobs:") || has("\nstages:") || has("\npool:"))
    })
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| !matches!(root.kind, Kind::Null)) else { return };
    if !root.is_mapping() {
        if is_pipeline_name(input.path.file_name()) {
            malformed(input, root, "a pipeline is a mapping", out);
        }
        return;
    }
    let mut file = File::new(input, &PLATFORM);
    let pipeline = Pipeline::new(root, input.text);
    templates::of_file(&file, root, out);
    for place in pipeline.jobs() {
        let mut job = file.job(&place.name, place.at);
        pipeline.job(&mut file, &mut job, &place);
        templates::of_job(&file, &pipeline, &mut job, &place);
        if !file.finish(job, out) {
            return;
        }
    }
}

/// Items of a list, with those of conditions and loops (`- ${{ if … }}:`) in their place.
fn flattened<'a>(node: Option<&'a Node>, found: &mut Vec<&'a Node>) {
    for item in node.map(Node::items).unwrap_or_default() {
        match item.entries() {
            [(key, inner)] if key.as_str().is_some_and(|key| key.starts_with("${{")) => {
                if inner.is_mapping() {
                    found.push(inner)
                } else {
                    flattened(Some(inner), found)
                }
            }
            _ => found.push(item),
        }
    }
}

fn items(node: Option<&Node>) -> Vec<&Node> {
    let mut found = Vec::new();
    flattened(node, &mut found);
    found
}

/// Entries of a mapping, with those of conditions in their place.
fn entries<'a>(node: &'a Node, found: &mut Vec<(&'a Node, &'a Node)>) {
    for (key, value) in node.entries() {
        if key.as_str().is_some_and(|key| key.starts_with("${{")) && value.is_mapping() {
            entries(value, found);
        } else {
            found.push((key, value));
        }
    }
}

/// A job where it stands.
struct JobPlace<'a> {
    name: String,
    at: Span,
    node: &'a Node,
    stage: Option<&'a Node>,
    /// Whether what stands here becomes part of a job elsewhere.
    template: bool,
}

/// What the jobs of a file share.
struct Pipeline<'a> {
    root: &'a Node,
    /// Variables of the whole file.
    variables: Option<&'a Node>,
    /// Where jobs run that say nothing else.
    pool: Option<&'a Node>,
    /// Container resources by alias.
    containers: HashMap<String, &'a Node>,
    /// Repository resources by alias.
    repositories: HashMap<String, &'a Node>,
    /// Variables that scripts of the file set.
    set: HashSet<&'a str>,
}

impl<'a> Pipeline<'a> {
    fn new(root: &'a Node, text: &'a str) -> Self {
        let resources = |kind: &str, key: &str| -> HashMap<String, &'a Node> {
            let all = items(root.at(&["resources", kind]));
            all.into_iter().filter_map(|node| Some((node.get(key)?.scalar()?, node))).collect()
        };
        Self {
            root,
            variables: root.get("variables"),
            pool: root.get("pool"),
            containers: resources("containers", "container"),
            repositories: resources("repositories", "repository"),
            set: text::set(text),
        }
    }

    fn jobs(&self) -> Vec<JobPlace<'a>> {
        let mut found = Vec::new();
        for stage in items(self.root.get("stages")) {
            self.jobs_of(stage.get("jobs"), Some(stage), &mut found);
        }
        self.jobs_of(self.root.get("jobs"), None, &mut found);
        if let Some((key, _)) = self.root.entry("steps") {
            // A file of steps with parameters and without anything that starts it is a template.
            let starts = ["trigger", "pool", "pr", "schedules"].iter().any(|key| self.root.get(key).is_some());
            let template = self.root.get("parameters").is_some() && !starts;
            found.push(JobPlace { name: "steps".to_owned(), at: key.span, node: self.root, stage: None, template });
        }
        found
    }

    fn jobs_of(&self, node: Option<&'a Node>, stage: Option<&'a Node>, found: &mut Vec<JobPlace<'a>>) {
        let stage_name = stage.and_then(|stage| stage.get("stage")?.scalar()).filter(|name| !name.is_empty());
        for (n, node) in items(node).into_iter().enumerate() {
            let Some((key, name)) = node.entry("job").or_else(|| node.entry("deployment")) else { continue };
            // `- job:` without a name is allowed.
            let name = name.scalar().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("job {}", n + 1));
            let name = stage_name.as_ref().map_or_else(|| name.clone(), |stage| format!("{stage}/{name}"));
            found.push(JobPlace { name, at: key.span, node, stage, template: false });
        }
    }

    fn job(&self, file: &mut File<'a>, job: &mut Workload<'a>, place: &JobPlace<'a>) {
        // A shell's variables are set by the steps; what is stored comes in by `$(name)` and `env:`.
        job.promising(|_| false);
        let node = place.node;
        self.describe(job, place);
        let mut scope: BTreeMap<String, Option<&'a Node>> = BTreeMap::new();
        let own = (!std::ptr::eq(node, self.root)).then(|| node.get("variables")).flatten();
        let stage = place.stage.and_then(|stage| stage.get("variables"));
        for variables in [self.variables, stage, own].into_iter().flatten() {
            declared(file, job, variables, &mut scope);
        }
        let mut taken = Vec::new();
        steps_of(node, &mut taken);
        let mut reader = Steps { file, job, scope: &scope, set: &self.set };
        let plain: Vec<(&str, &Node)> =
            reader.scope.iter().filter_map(|(name, node)| Some((name.as_str(), (*node)?))).collect();
        for (name, value) in plain {
            reader.value(value, Via::variable(name));
        }
        for step in &taken {
            reader.step(step);
        }
        self.containers(file, job, node);
        self.templates(file, job, &taken);
    }

    fn describe(&self, job: &mut Workload<'a>, place: &JobPlace<'a>) {
        let node = place.node;
        let named =
            node.get("environment").and_then(|node| node.get("name").unwrap_or(node).scalar()).unwrap_or_default();
        // `prod.cluster` is a resource of the environment `prod`.
        let environment = named.split('.').next().unwrap_or_default();
        let stage = place.stage.and_then(|stage| stage.get("stage")?.scalar()).unwrap_or_default();
        let own = if std::ptr::eq(node, self.root) { None } else { node.get("pool") };
        let pool = own.or_else(|| place.stage?.get("pool")).or(self.pool);
        let pool = pool.and_then(|pool| pool.get("name").or_else(|| pool.get("vmImage")).unwrap_or(pool).scalar());
        job.note("stage", &stage);
        job.note("environment", &named);
        job.note("pool", &pool.unwrap_or_default());
        job.note("template", if place.template { "true" } else { "" });
        let known = |found: &Environment| found.class != EnvironmentClass::Unknown;
        let own = environment::classify("environment", environment);
        job.identity().environment = if !named.is_empty() {
            if pipeline::is_template(environment) { Environment::default() } else { own }
        } else {
            let name = place.name.rsplit('/').next().unwrap_or_default();
            let by_stage = pipeline::environment_of("stage", &stage);
            if known(&by_stage) { by_stage } else { pipeline::environment_of("job", name) }
        };
    }

    /// Containers that the job runs in or beside: an image, or the alias of a resource.
    fn containers(&self, file: &File<'a>, job: &mut Workload<'a>, node: &'a Node) {
        let services = node.get("services").map(Node::entries).unwrap_or_default().iter().map(|(_, node)| node);
        for container in node.get("container").into_iter().chain(services) {
            let alias = container.scalar().and_then(|alias| self.containers.get(&alias).copied());
            let resource = alias.unwrap_or(container);
            if let Some(endpoint) = resource.get("endpoint") {
                connection(job, endpoint, "endpoint", "docker", AuthMode::Referenced);
            }
            let image = resource.get("image").unwrap_or(resource);
            if let Some(name) = image.scalar() {
                file.image(job, &name, image.span);
            }
        }
    }

    /// Templates of other repositories among a job's steps.
    fn templates(&self, file: &File<'a>, job: &mut Workload<'a>, steps: &[&'a Node]) {
        for step in steps {
            let Some(template) = step.get("template") else { continue };
            let alias = template.scalar().and_then(|name| Some(name.rsplit_once('@')?.1.to_owned()));
            let Some(resource) = alias.and_then(|alias| self.repositories.get(&alias)) else { continue };
            let text = |key: &str| resource.get(key).and_then(Node::scalar).unwrap_or_default();
            let (name, version) = (text("name"), text("ref"));
            let owner = name.split('/').next().unwrap_or_default();
            let same = file.owner().is_some_and(|own| own.eq_ignore_ascii_case(owner));
            let fact = ThirdPartyFact {
                identity: job.key().clone(),
                component: format!("repository:{name}"),
                pinned: matches!(version.len(), 40 | 64) && version.bytes().all(|b| b.is_ascii_hexdigit()),
                version,
                // Repositories of type `git` lie in the same organisation.
                first_party: same || text("type").eq_ignore_ascii_case("git"),
                credentials: job.secrets().iter().take(100).cloned().collect(),
            };
            job.push(Fact::ThirdParty(At::span(template.span), fact));
        }
    }
}

/// Steps of a job, those of each part of a deployment's strategy among them.
fn steps_of<'a>(job: &'a Node, found: &mut Vec<&'a Node>) {
    flattened(job.get("steps"), found);
    if let Some(strategy) = job.get("strategy") {
        strategy.walk(&mut |node| {
            if let Some(steps) = node.get("steps") {
                flattened(Some(steps), found);
            }
        });
    }
}

/// Variables of one `variables:`: names with their values, and groups.
fn declared<'a>(
    file: &mut File<'a>,
    job: &mut Workload<'a>,
    node: &'a Node,
    scope: &mut BTreeMap<String, Option<&'a Node>>,
) {
    if node.is_mapping() {
        let mut all = Vec::new();
        entries(node, &mut all);
        for (key, value) in all {
            if let Some(name) = key.scalar().filter(|_| file.spend(32)) {
                scope.insert(name, Some(value));
            }
        }
        return;
    }
    for item in items(Some(node)) {
        if !file.spend(32) {
            return;
        }
        if let Some(group) = item.get("group") {
            if let Some(name) = group.scalar().filter(|name| !name.is_empty()) {
                job.bundle(
                    &name,
                    group.span,
                    "variable-group",
                    names::provider(&name).unwrap_or_default(),
                    AuthMode::Referenced,
                );
            }
        } else if let Some(name) = item.get("name").and_then(Node::scalar) {
            scope.insert(name, item.get("value"));
        }
    }
}

/// One service connection, under the name that it has or takes from a parameter.
fn connection(job: &mut Workload<'_>, node: &Node, input: &str, provider: &str, mode: AuthMode) {
    let Some(name) = node.scalar().filter(|name| !name.trim().is_empty()) else { return };
    for name in name.split(',').map(str::trim).filter(|name| !name.is_empty()).take(10) {
        job.bundle(name, node.span, &format!("service-connection {input}"), provider, mode);
    }
}

/// The steps of a job while they are read.
struct Steps<'s, 'a> {
    file: &'s mut File<'a>,
    job: &'s mut Workload<'a>,
    /// Variables that the file sets.
    scope: &'s BTreeMap<String, Option<&'a Node>>,
    /// Variables that scripts of the file set.
    set: &'s HashSet<&'a str>,
}

impl<'a> Steps<'_, 'a> {
    fn step(&mut self, step: &'a Node) {
        let mut all = Vec::new();
        entries(step, &mut all);
        let task = step.get("task").and_then(Node::as_str).map(task::name);
        for (key, value) in all {
            match key.as_str() {
                Some("script" | "bash" | "pwsh" | "powershell") => self.script(value),
                Some("env") => self.environment(value),
                Some("inputs") => self.inputs(task.unwrap_or_default(), value),
                Some("parameters") => self.parameters(value),
                Some("checkout") => self.checkout(step, value),
                _ => {}
            }
        }
        if task == Some("AzureKeyVault") {
            self.vault(step);
        }
    }

    /// A value that something takes in: what it refers to, or a literal.
    fn value(&mut self, node: &'a Node, via: Via<'_>) {
        let Some(text) = node.scalar().filter(|text| self.file.spend(text.len())) else { return };
        if !pipeline::is_template(&text) {
            self.job.literal(node, via);
            return;
        }
        for name in text::names(&text) {
            self.refer(name, node.span, via);
        }
    }

    fn refer(&mut self, name: &str, span: Span, via: Via<'_>) {
        if name.eq_ignore_ascii_case(text::TOKEN) {
            self.job.instance("azure-devops", None, span, via.mechanism);
        } else if !self.scope.contains_key(name)
            && !self.set.contains(name)
            && !text::is_predefined(name)
            && (text::promises(name) || text::promises(via.hint))
        {
            self.job.stored(name, span, via);
        }
    }

    fn script(&mut self, node: &'a Node) {
        let Some(text) = node.as_str().filter(|text| self.file.spend(text.len())) else { return };
        for name in text::names(text) {
            let (mechanism, own) = ("script", name.eq_ignore_ascii_case(text::TOKEN));
            if own || text::promises(name) {
                self.refer(name, node.span, Via { mechanism, ..Via::variable(name) });
            }
        }
        self.file.scripts(self.job, &[node]);
    }

    fn environment(&mut self, node: &'a Node) {
        let mut all = Vec::new();
        entries(node, &mut all);
        for (key, value) in all {
            if let Some(name) = key.as_str() {
                self.value(value, Via::variable(name));
            }
        }
    }

    fn inputs(&mut self, task: &str, node: &'a Node) {
        let mut all = Vec::new();
        entries(node, &mut all);
        for (key, value) in all {
            let Some(input) = key.as_str() else { continue };
            if let Some(known) = task::connection(input) {
                connection(self.job, value, input, known.provider, known.mode);
            } else if task::is_script(input) {
                self.script(value);
            } else if task::is_secure_file(task, input) {
                if let Some(name) = value.scalar().filter(|name| !pipeline::is_template(name)) {
                    self.job.bundle(&name, value.span, "secure-file", "", AuthMode::Referenced);
                }
            } else {
                self.value(value, Via { mechanism: task, ..Via::variable(input) });
            }
        }
        let on = |name: &str| node.get(name).and_then(Node::scalar).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if on("addSpnToEnvironment") {
            // https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-cli-v2: the script gets the
            // principal's key or token.
            self.job.note("spn_in_environment", "true");
        }
    }

    /// What a template is handed. Its parameters have any names, so only those of connections tell one.
    fn parameters(&mut self, node: &'a Node) {
        for (key, value) in node.entries() {
            let Some(name) = key.as_str() else { continue };
            match task::connection(name) {
                Some(known) if !matches!(known.input, "connection" | "serviceconnection") => {
                    connection(self.job, value, name, known.provider, known.mode);
                }
                _ => self.value(value, Via { mechanism: "template", ..Via::variable(name) }),
            }
        }
    }

    /// <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/steps-checkout>: the token stays in `.git/config`.
    fn checkout(&mut self, step: &'a Node, what: &'a Node) {
        let kept =
            step.get("persistCredentials").and_then(Node::scalar).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if kept {
            let what = what.scalar().unwrap_or_default();
            self.job.setting(setting::KEPT_JOB_TOKEN, &format!("checkout: {what}"), step.span);
            self.job.note("persist_credentials", "true");
            self.job.instance("azure-devops", None, step.span, "checkout");
        }
    }

    /// Secrets that a step fetches; from then on they are variables.
    fn vault(&mut self, step: &'a Node) {
        let input = |wanted: &str| {
            let inputs = step.get("inputs").map(Node::entries).unwrap_or_default();
            inputs.iter().find(|(key, _)| key.as_str().is_some_and(|k| k.eq_ignore_ascii_case(wanted))).map(|(_, v)| v)
        };
        let Some(vault) = input("KeyVaultName") else { return };
        let Some(name) = vault.scalar().filter(|name| !name.is_empty()) else { return };
        self.job.bundle(&name, vault.span, "AzureKeyVault", "azure", AuthMode::Referenced);
        let filter = input("SecretsFilter").and_then(Node::scalar).unwrap_or_else(|| "*".to_owned());
        self.job.note("vault_secrets", &filter);
    }
}
