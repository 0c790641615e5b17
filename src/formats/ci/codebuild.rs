//! Build specifications of AWS CodeBuild: a build has its project's role, and secrets from Parameter Store and Secrets
//! Manager.
//!
//! Syntax: <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html>.

use super::containers::{malformed, over};
use crate::doc::{Doc, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath};

/// The format.
pub const FORMAT: Format = Format {
    id: "codebuild",
    name: "AWS CodeBuild build specification",
    command: "",
    syntax: Syntax::Yaml,
    claims,
    read,
    stream: None,
};

/// The build's role stands in for stored keys of AWS.
const FEDERATES: &[&str] = &["aws"];

fn claims(path: &RepoPath, head: &str) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let yaml = name.ends_with(b".yml") || name.ends_with(b".yaml");
    yaml && (memchr::memmem::find(&name, b"buildspec").is_some() || is_spec(head))
}

/// `version: 0.2` and `phases:` at the left margin.
fn is_spec(head: &str) -> bool {
    memchr::memmem::find(head.as_bytes(), b"phases:").is_some()
        && head.lines().any(|line| line.trim_end() == "phases:")
        && head.lines().any(|line| line.starts_with("version: 0.") || line.starts_with("version: \"0."))
}

fn read(input: &Input<'_>, doc: &Doc, out: &mut Out<'_>) {
    let Some(root) = doc.roots.first().filter(|root| root.is_mapping()) else { return };
    let (Some((key, phases)), Some(_)) = (root.entry("phases"), root.get("version")) else { return };
    if !phases.is_mapping() {
        malformed(input, key.span, "phases are a mapping", out);
        return;
    }
    let path = input.path.display();
    let id = format!("{}/{path}#build", input.repository.unwrap_or_default());
    let id = IdentityKey::new("codebuild", "job", &id);
    let file = path.rsplit('/').next().unwrap_or_default();
    let mut identity = IdentityFact::new(id, IdentityKind::CiJob, "aws", file);
    identity.human = Human::No;
    let mut job = Workload::new(input.text, identity, At::span(key.span), FEDERATES, BUDGET);
    job.instance("aws", None, key.span, "service role");
    let env = root.get("env");
    for (name, value) in entries(env, "variables") {
        job.bind(name);
        job.literal(value, Via::variable(name));
    }
    for (section, mechanism) in [("parameter-store", "parameter-store"), ("secrets-manager", "secrets-manager")] {
        for (variable, value) in entries(env, section) {
            let Some(name) = value.scalar() else { continue };
            job.bind(variable);
            // The parameter's name, else the secret's with its key.
            let kept: String = name.chars().take(200).collect();
            let via = Via { mechanism, ..Via::variable(variable) };
            job.stored(&kept, value.span, via);
        }
    }
    for (_, phase) in phases.entries() {
        for list in ["commands", "finally"].iter().filter_map(|list| phase.get(list)) {
            list.one_or_many().iter().for_each(|command| job.script(command));
        }
    }
    if job.finish(out) == 0 {
        over(input, key.span, out);
    }
}

fn entries<'a>(env: Option<&'a Node>, section: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    let section = env.and_then(|env| env.get(section));
    section.map(Node::entries).unwrap_or_default().iter().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_claimed_by_name_or_by_their_keys() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim("buildspec.yml", "") && claim("ci/buildspec-prod.yaml", ""));
        assert!(claim("ci/build.yml", "version: 0.2\n\nphases:\n  build:\n"));
        assert!(!claim("ci/build.yml", "version: 2\nphases:\n") && !claim("buildspec.md", ""));
    }
}
