//! Pipelines of GitLab: `.gitlab-ci.yml` and what it includes. Each job is an identity, with a token of its own in
//! `CI_JOB_TOKEN` and, where it asks for them, identity tokens that others trust.
//!
//! Syntax: <https://docs.gitlab.com/ci/yaml/>. Identity tokens: <https://docs.gitlab.com/ci/secrets/id_token_authentication/>.

mod fetched;
mod include;
mod mentions;
mod parts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fetched::{identity_token, stored_secret};

use super::pipeline::{self, DEPTH, File, Platform, malformed};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::Workload;
use crate::formats::{Format, Input, Out, Syntax, environment};
use crate::model::At;
use crate::model::{Environment, EnvironmentClass, Fact, RepoPath, Span, ThirdPartyFact, setting};

/// The format.
pub const FORMAT: Format = Format {
    id: "gitlab-ci",
    name: "GitLab CI pipeline",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// GitLab's jobs. The variables are those that GitLab fills in for each job
/// (<https://docs.gitlab.com/ci/variables/predefined_variables/>); a deploy token is not among them, because it outlives the job.
const PLATFORM: Platform = Platform {
    id: "gitlab",
    federates: &["aws", "gcp", "azure", "vault"],
    tokens: &[
        ("CI_JOB_TOKEN", "gitlab"),
        ("CI_REGISTRY_PASSWORD", "gitlab"),
        ("CI_DEPENDENCY_PROXY_PASSWORD", "gitlab"),
        ("CI_BUILD_TOKEN", "gitlab"),
        ("CI_JOB_JWT", "gitlab"),
        ("CI_JOB_JWT_V1", "gitlab"),
        ("CI_JOB_JWT_V2", "gitlab"),
    ],
    images: &["registry.gitlab.com/gitlab-org/", "registry.gitlab.com/security-products/"],
};

/// Keys of the top level that are no jobs.
const RESERVED: &[&str] = &[
    "default",
    "include",
    "stages",
    "types",
    "variables",
    "workflow",
    "image",
    "services",
    "before_script",
    "after_script",
    "cache",
    "spec",
];

/// Keys that `default:` may hold, as far as they are read.
const DEFAULTS: &[&str] = &["after_script", "before_script", "hooks", "id_tokens", "image", "services", "tags"];

fn claims(path: &RepoPath, head: &str) -> bool {
    is_pipeline_path(path) || (is_yaml(path) && looks_like_pipeline(head))
}

/// `.gitlab-ci.yml`, `deploy.gitlab-ci.yml`.
fn is_pipeline_path(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.ends_with(b".gitlab-ci.yml") || name.ends_with(b".gitlab-ci.yaml")
}

fn is_yaml(path: &RepoPath) -> bool {
    path.file_name().ends_with(b".yml") || path.file_name().ends_with(b".yaml")
}

/// What only a job of GitLab has: a `script:` below a key of the top level, and a word that other users of that key lack.
fn looks_like_pipeline(head: &str) -> bool {
    if memchr::memmem::find(head.as_bytes(), b"script:").is_none() {
        return false;
    }
    let (mut script, mut own) = (false, false);
    for line in head.trim_start_matches('\u{feff}').lines() {
        let indented = line.starts_with(' ');
        let key = line.trim_start().split(':').next().unwrap_or_default();
        if !indented
            && matches!(
                key,
                "jobs"
                    | "matrix"
                    | "language"
                    | "pipelines"
                    | "steps"
                    | "apiVersion"
                    | "on"
                    | "openapi"
                    | "pool"
                    | "trigger"
                    | "resources"
            )
        {
            return false;
        }
        // Stages and steps of Azure Pipelines stand in lists.
        if ["- stage:", "- task:", "- deployment:"].iter().any(|item| line.trim_start().starts_with(item)) {
            return false;
        }
        script |= indented && matches!(key, "script" | "before_script") && line.contains(':');
        own |= matches!(key, "stages" | "before_script" | "extends" | "stage" | "rules" | "id_tokens" | "after_script");
    }
    script && own
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let certain = is_pipeline_path(input.path);
    // A component's inputs stand in a document of their own, before the jobs.
    let roots = || doc.roots.iter().filter(|root| !matches!(root.kind, Kind::Null));
    let Some(root) = roots().find(|root| root.get("spec").is_none()) else { return };
    if !root.is_mapping() {
        if certain {
            malformed(input, root, "a pipeline is a mapping of jobs", out);
        }
        return;
    }
    let mut file = File::new(input, &PLATFORM);
    let pipeline = Pipeline::new(root);
    let mut includes = Vec::new();
    if let Some(node) = root.get("include") {
        include::read(node, file.owner(), &mut includes);
    }
    let mut reach = BTreeSet::new();
    parts::includes(&file, root, out);
    mentions::tell(&file, root, out);
    if !parts::shared(&mut file, &pipeline, root, out) {
        return;
    }
    for (key, node) in root.entries() {
        let Some(name) = key.scalar() else { continue };
        if name.starts_with('.') {
            if node.is_mapping() && !parts::hidden(&mut file, &pipeline, &name, key.span, node, out) {
                return;
            }
            continue;
        }
        if RESERVED.contains(&name.as_str()) {
            continue;
        }
        if !node.is_mapping() {
            if certain && node.tag.is_none() && !matches!(node.kind, Kind::Null) {
                malformed(input, key, "a job is a mapping; what is none starts with a dot", out);
            }
            continue;
        }
        // Another file of the project may include this one and change the job; components are for others.
        if input.path.file_name() != b".gitlab-ci.yml"
            && doc.roots.iter().all(|root| root.get("spec").is_none())
            && !parts::hidden(&mut file, &pipeline, &name, key.span, node, out)
        {
            return;
        }
        let mut job = file.job(&name, key.span);
        pipeline.job(&mut file, &mut job, &name, node, &mut includes);
        parts::called(&mut job, &pipeline, key.span, node);
        reach.extend(job.secrets().iter().cloned());
        reach.extend(pipeline.id_tokens(&pipeline.layers(node)).into_keys().map(str::to_owned));
        if !file.finish(job, out) {
            return;
        }
    }
    let key = root.entry("include").map_or(root.span, |(key, _)| key.span);
    bring_in(&mut file, includes, &reach, key, out);
}

/// What is included may add jobs and change those of the file, so all that they hold is in its reach. Its jobs count as one
/// identity: their names are not here.
fn bring_in(
    file: &mut File<'_>,
    includes: Vec<include::Include>,
    reach: &BTreeSet<String>,
    at: Span,
    out: &mut Out<'_>,
) {
    if includes.is_empty() {
        return;
    }
    let mut job = file.job("include", at);
    job.note("included", "true");
    for include in includes {
        let fact = ThirdPartyFact {
            identity: job.key().clone(),
            component: include.component,
            version: include.version,
            pinned: include.pinned,
            first_party: include.first_party,
            credentials: reach.iter().take(100).cloned().collect(),
        };
        job.push(Fact::ThirdParty(At::span(include.span), fact));
    }
    file.finish(job, out);
}

/// What the jobs of a file share.
struct Pipeline<'a> {
    /// Everything at the top level that `extends` or `!reference` may name; of a repeated key the last holds.
    top: HashMap<&'a str, &'a Node>,
}

impl<'a> Pipeline<'a> {
    fn new(root: &'a Node) -> Self {
        let top = root.entries().iter().filter_map(|(key, node)| Some((key.as_str()?, node))).collect();
        Self { top }
    }

    /// A job and what it extends, the most particular first.
    fn layers(&self, job: &'a Node) -> Vec<&'a Node> {
        let mut layers: Vec<&Node> = Vec::new();
        let mut open = vec![(job, 0)];
        while let Some((node, depth)) = open.pop() {
            if depth > DEPTH || layers.len() >= 64 || layers.iter().any(|known| known.span == node.span) {
                continue;
            }
            layers.push(node);
            let names = node.get("extends").map(Node::one_or_many).unwrap_or_default();
            // Of several the last wins, and the stack is read from its end.
            let extended = names.iter().filter_map(|name| self.top.get(name.as_str()?));
            open.extend(extended.filter(|n| n.is_mapping()).map(|node| (*node, depth + 1)));
        }
        layers
    }

    /// What holds where a job says nothing: `default:`, or the same key at the top level, unless the job will have none. Both are
    /// there for some keys only (<https://docs.gitlab.com/ci/yaml/#default>,
    /// <https://docs.gitlab.com/ci/yaml/deprecated_keywords/>).
    fn default(&self, layers: &[&'a Node], key: &str) -> Option<&'a Node> {
        if !DEFAULTS.contains(&key) {
            return None;
        }
        let inherit = layers.iter().find_map(|layer| layer.at(&["inherit", "default"]));
        let inherits = inherit.is_none_or(|node| match &node.kind {
            Kind::Bool(all) => *all,
            Kind::Sequence(keys) => keys.iter().any(|k| k.as_str() == Some(key)),
            _ => true,
        });
        let shared = || self.top.get("default").and_then(|default| default.get(key));
        let node = || shared().or_else(|| self.top.get(key).copied().filter(|_| RESERVED.contains(&key)));
        inherits.then(node).flatten()
    }

    fn value(&self, layers: &[&'a Node], key: &str) -> Option<&'a Node> {
        self.own(layers, key).or_else(|| self.default(layers, key).map(|node| self.followed(node, 0)))
    }

    /// What a job or what it extends says: the most particular, for texts and lists replace each other. Mappings are put
    /// together, so an image that only sets how it is started has the name that it extends
    /// (<https://docs.gitlab.com/ci/yaml/yaml_optimization/#merge-details>).
    fn own(&self, layers: &[&'a Node], key: &str) -> Option<&'a Node> {
        let mut all = layers.iter().filter_map(|layer| layer.get(key)).map(|node| self.followed(node, 0)).peekable();
        let first = *all.peek()?;
        if key != "image" {
            return Some(first);
        }
        let named = all.take_while(|node| node.is_mapping()).find(|node| node.get("name").is_some());
        Some(named.unwrap_or(first))
    }

    /// What `!reference [job, key…]` stands for, where it is in the file.
    fn followed(&self, node: &'a Node, depth: usize) -> &'a Node {
        if depth >= DEPTH || node.tag.as_deref().is_none_or(|tag| !tag.ends_with("reference")) {
            return node;
        }
        let mut names = node.items().iter().map(Node::as_str);
        let first = names.next().flatten().and_then(|name| self.top.get(name)).copied();
        let found = first.and_then(|first| names.try_fold(first, |at, name| at.get(name?)));
        found.map_or(node, |found| self.followed(found, depth + 1))
    }

    /// The strings of a script, with references followed.
    fn script(&self, node: &'a Node) -> Vec<&'a Node> {
        let mut found = Vec::new();
        let mut open = vec![(node, 0)];
        while let Some((node, depth)) = open.pop() {
            let target = self.followed(node, 0);
            if let Kind::Sequence(items) = &target.kind
                && target.tag.is_none()
                && depth < DEPTH
                && found.len() < 10_000
            {
                open.extend(items.iter().rev().map(|item| (item, depth + 1)));
            } else if target.tag.is_none() {
                found.push(target);
            }
        }
        found
    }

    /// Entries of a mapping that a job and what it extends make up together, the most particular of each name first. Mappings
    /// are put together down to their leaves, all else replaces what is extended, `null` too
    /// (<https://docs.gitlab.com/ci/yaml/yaml_optimization/#merge-details>).
    fn stacked(&self, layers: &[&'a Node], key: &str) -> BTreeMap<&'a str, Vec<&'a Node>> {
        let mut entries: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in layers.iter().filter_map(|layer| layer.get(key)).map(|node| self.followed(node, 0)) {
            if !node.is_mapping() {
                break;
            }
            for (name, node) in node.entries().iter().filter_map(|(name, node)| Some((name.as_str()?, node))) {
                let known = entries.entry(name).or_default();
                if known.last().is_none_or(|last| last.is_mapping()) {
                    known.push(self.followed(node, 0));
                }
            }
        }
        entries
    }

    /// The same, of which the most particular alone counts.
    fn merged(&self, layers: &[&'a Node], key: &str) -> BTreeMap<&'a str, &'a Node> {
        self.stacked(layers, key).into_iter().filter_map(|(name, nodes)| Some((name, *nodes.first()?))).collect()
    }

    /// The identity tokens that a job asks for, or else those of `default:`: what is there for all is not put together with
    /// what a job says (<https://docs.gitlab.com/ci/yaml/#default>).
    fn id_tokens(&self, layers: &[&'a Node]) -> BTreeMap<&'a str, Vec<&'a Node>> {
        let own = layers.iter().find_map(|layer| layer.get("id_tokens"));
        let own = own.is_some_and(|node| !matches!(node.kind, Kind::Null));
        let default = self.top.get("default").copied().filter(|_| !own && self.default(layers, "id_tokens").is_some());
        let mut tokens = self.stacked(default.as_ref().map_or(layers, std::slice::from_ref), "id_tokens");
        tokens.retain(|_, nodes| nodes.first().is_some_and(|node| node.is_mapping()));
        tokens
    }

    /// The secrets that a job fetches; they have no default.
    fn secrets(&self, layers: &[&'a Node]) -> BTreeMap<&'a str, Vec<&'a Node>> {
        let mut secrets = self.stacked(layers, "secrets");
        secrets.retain(|_, nodes| nodes.first().is_some_and(|node| node.is_mapping()));
        secrets
    }

    fn variables(&self, layers: &[&'a Node]) -> BTreeMap<&'a str, &'a Node> {
        let inherit = layers.iter().find_map(|layer| layer.at(&["inherit", "variables"]));
        let wanted = |name: &str| match inherit.map(|node| &node.kind) {
            Some(Kind::Bool(all)) => *all,
            Some(Kind::Sequence(names)) => names.iter().any(|n| n.as_str() == Some(name)),
            _ => true,
        };
        let mut found = self.merged(layers, "variables");
        for (name, node) in self.top.get("variables").map(|node| node.entries()).unwrap_or_default() {
            if let Some(name) = name.as_str().filter(|name| wanted(name)) {
                found.entry(name).or_insert(node);
            }
        }
        // `{value, description}`.
        found.into_iter().map(|(name, node)| (name, node.get("value").unwrap_or(node))).collect()
    }

    fn job(
        &self,
        file: &mut File<'a>,
        job: &mut Workload<'a>,
        name: &str,
        node: &'a Node,
        includes: &mut Vec<include::Include>,
    ) {
        let layers = self.layers(node);
        let shared = self.top.get("variables").map_or(0, |node| node.entries().len());
        if !file.spend(16 * (shared + layers.len())) {
            return;
        }
        let variables = self.variables(&layers);
        let scripts: Vec<&Node> = ["before_script", "script", "after_script", "run", "hooks"]
            .iter()
            .filter_map(|key| self.value(&layers, key))
            .flat_map(|node| if node.is_mapping() { vec![node] } else { self.script(node) })
            .collect();
        self.describe(job, name, &layers);
        for (name, token) in &self.id_tokens(&layers) {
            identity_token(file, job, (name, token), &variables, &scripts);
        }
        for (name, secret) in &self.secrets(&layers) {
            stored_secret(job, name, secret);
        }
        let variables: Vec<(&str, &Node)> = variables.into_iter().collect();
        file.variables(job, &variables);
        file.scripts(job, &scripts);
        self.images(file, job, &layers, &variables);
        if let Some(included) = layers.iter().find_map(|layer| layer.at(&["trigger", "include"])) {
            include::read(included, file.owner(), includes);
            parts::child(job, file, included);
        }
    }

    fn describe(&self, job: &mut Workload<'a>, name: &str, layers: &[&'a Node]) {
        let text = |path: &[&str]| layers.iter().find_map(|layer| layer.at(path)?.scalar());
        let stage = text(&["stage"]).unwrap_or_default();
        let named = text(&["environment", "name"]).or_else(|| text(&["environment"])).unwrap_or_default();
        let tier = text(&["environment", "deployment_tier"]).unwrap_or_default();
        job.note("stage", &stage);
        job.note("environment", &named);
        let tags = self.value(layers, "tags").map(Node::one_or_many).unwrap_or_default();
        let tags: Vec<String> = tags.iter().filter_map(Node::scalar).take(20).collect();
        job.note("tags", &tags.join(", "));
        job.identity().environment = where_to(name, &stage, &named, &tier);
    }

    fn images(&self, file: &File<'a>, job: &mut Workload<'a>, layers: &[&'a Node], variables: &[(&str, &Node)]) {
        if let Some(node) = self.value(layers, "image") {
            image(file, job, node, variables);
        }
        for service in self.value(layers, "services").map(|node| self.script(node)).unwrap_or_default() {
            image(file, job, service, variables);
        }
    }
}

/// An image or service, by name or as `{name: …}`.
fn image<'a>(file: &File<'a>, job: &mut Workload<'a>, node: &Node, variables: &[(&str, &Node)]) {
    let node = node.get("name").unwrap_or(node);
    let Some(text) = node.scalar() else { return };
    let text = filled(&text, variables);
    // https://docs.gitlab.com/ci/docker/using_docker_build/: it needs a privileged runner.
    if text.contains("dind") && text.contains("docker") {
        job.setting(setting::PRIVILEGED, &text, node.span);
    }
    file.image(job, &text, node.span);
}

/// Production or not: by the tier, the environment, or what job and stage are called.
fn where_to(name: &str, stage: &str, named: &str, tier: &str) -> Environment {
    let known = |found: &Environment| found.class != EnvironmentClass::Unknown;
    let tier = Some(environment::classify("deployment_tier", tier)).filter(known);
    let own = || {
        // Part of the name is not known before the job runs.
        let whole = !named.is_empty() && !named.contains('$');
        whole.then(|| environment::classify("environment", named))
    };
    let guessed = || {
        let job = Some(pipeline::environment_of("job", name)).filter(known);
        job.unwrap_or_else(|| pipeline::environment_of("stage", stage))
    };
    tier.or_else(own).unwrap_or_else(|| if named.is_empty() { guessed() } else { Environment::default() })
}

/// A text with the variables that the file sets to plain values.
fn filled(text: &str, variables: &[(&str, &Node)]) -> String {
    let mut text = text.to_owned();
    for name in pipeline::shell_names(&text).into_iter().take(8) {
        let value = variables.iter().find(|(known, _)| *known == name).and_then(|(_, node)| node.scalar());
        if let Some(value) = value.filter(|value| !pipeline::is_template(value) && value.len() < 500) {
            text = text.replace(&format!("${{{name}}}"), &value).replace(&format!("${name}"), &value);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::doc::yaml;
    use crate::formats::{ReadNotice, workload};
    use crate::model::AuthMode;

    fn facts(text: &str) -> (Vec<Fact>, Vec<ReadNotice>) {
        let doc = yaml::parse(text).unwrap();
        let (mut facts, mut notices) = (Vec::new(), Vec::new());
        let (mut fact, mut notice) = (|f| facts.push(f), |n| notices.push(n));
        let path = RepoPath::from(".gitlab-ci.yml");
        let input = Input { path: &path, repository: Some("acme/app"), text };
        read(&input, &doc, &mut Out::new(&mut fact, &mut notice));
        (facts, notices)
    }

    #[test]
    fn pipelines_are_claimed_by_name_or_by_content() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim(".gitlab-ci.yml", "") && claim("ci/deploy.gitlab-ci.yml", ""));
        assert!(claim(".gitlab/ci/test.yml", "test:\n  stage: test\n  script:\n    - make\n"));
        assert!(claim("ci/x.yml", ".a:\n  needs:\n    - job: b\n  script:\n    - make\n  stage: c\n"));
        assert!(!claim(".gitlab/route-map.yml", "- source: a\n  public: b\n"));
        assert!(!claim("x.yml", "language: c\nscript: make\njobs:\n  include:\n    - stage: a\n      script: b\n"));
        assert!(!claim(
            "x.yml",
            "stages:\n  - stage: a\n    jobs:\n      - task: B@1\n        inputs:\n          script: |\n"
        ));
        assert!(!claim("x.txt", "a:\n  stage: b\n  script: c\n"));
    }

    #[test]
    fn the_value_of_a_literal_is_in_no_fact() {
        let value = ["Zq7pL2m", "Xw9rT4vB8nK3"].concat();
        let (facts, _) =
            facts(&format!("a:\n  variables: {{NPM_TOKEN: {value}}}\n  script: [npm publish $NPM_TOKEN]\n"));
        let fixed = facts.iter().filter(|f| matches!(f, Fact::Usage(_, u) if u.mode == AuthMode::Static)).count();
        // The job, its literal, what it is to other files, and the names in the file.
        assert_eq!((fixed, facts.len()), (1, 4));
        assert!(!format!("{facts:?}").contains(&value));
    }

    #[test]
    fn a_file_that_multiplies_is_cut_and_says_so() {
        let mut text = String::from("variables:\n");
        (0..2_000).for_each(|i| text.push_str(&format!("  V{i}: $S{i}_TOKEN\n")));
        (0..2_000).for_each(|i| text.push_str(&format!("j{i}: {{script: [make]}}\n")));
        let (found, notices) = facts(&text);
        assert!(found.len() <= workload::BUDGET);
        assert_eq!(notices.iter().map(|n| n.code).collect::<Vec<_>>(), ["too-many-facts"]);
        // One long script for many jobs.
        let mut text = format!(".a: {{script: [{}]}}\n", "x".repeat(100_000));
        (0..2_000).for_each(|i| text.push_str(&format!("j{i}: {{extends: .a}}\n")));
        assert_eq!(facts(&text).1.len(), 1);
    }
}
