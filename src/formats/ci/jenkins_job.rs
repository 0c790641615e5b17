//! Jobs of Jenkins as its controller keeps them (`jobs/NAME/config.xml`): the stored credentials that a job binds and checks
//! out with, and passwords that stand in it.
//!
//! Jenkins writes its objects with XStream, an element a field, so names are those of the classes' fields:
//! <https://www.jenkins.io/doc/book/using/using-credentials/>, <https://plugins.jenkins.io/credentials-binding/>,
//! <https://www.jenkins.io/doc/developer/security/secrets/>. A secret is `{AQAAABAA…}`, encrypted with the controller's key,
//! unless somebody wrote it in.

use super::containers::over;
use crate::doc::xml::{Event, Reader, unescaped};
use crate::doc::{Doc, Kind, Node};
use crate::formats::workload::{BUDGET, Via, Workload};
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{At, Human, IdentityFact, IdentityKey, IdentityKind, RepoPath, Span};

/// The format.
pub const FORMAT: Format = Format {
    id: "jenkins-job",
    name: "Jenkins job (config.xml)",
    command: "",
    syntax: Syntax::Text,
    claims,
    read,
    stream: None,
};

/// Elements that hold what opens.
const SECRETS: &[&str] =
    &["apiKey", "apiToken", "authToken", "passphrase", "password", "privateKey", "secret", "secretKey", "token"];

/// Elements that name a stored credential.
const IDS: &[&str] =
    &["credentialsId", "credentialId", "sshCredentialsId", "scanCredentialsId", "checkoutCredentialsId"];

/// Elements that hold a script of a shell.
const SCRIPTS: &[&str] = &["hudson.tasks.Shell", "hudson.tasks.BatchFile", "hudson.plugins.powershell.PowerShell"];

/// Most elements open at one time.
const DEPTH: usize = 64;

fn claims(path: &RepoPath, head: &str) -> bool {
    if path.file_name() != b"config.xml" {
        return false;
    }
    let kinds = [
        "<flow-definition",
        "<project>",
        "<project ",
        "<matrix-project",
        "<maven2-moduleset",
        "<com.cloudbees.hudson.plugins.folder.Folder",
        "<org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
        "<jenkins.branch.OrganizationFolder",
    ];
    // Ant and Maven have projects, too.
    let own = ["hudson.", "jenkins", "<keepDependencies>", "plugin=\""].iter().any(|word| head.contains(word));
    own && kinds.iter().any(|kind| head.contains(kind))
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    let path = input.path.display();
    let mut parts = path.rsplit('/');
    let (file, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or("job"));
    let key = IdentityKey::new("jenkins", "job", &format!("{}/{path}", input.repository.unwrap_or_default()));
    let at = Span::new(0, input.text.find('\n').unwrap_or(input.text.len()));
    let mut identity = IdentityFact::new(key, IdentityKind::CiJob, "jenkins", &format!("{name} ({file})"));
    identity.human = Human::No;
    let mut job = Workload::new(input.text, identity, At::span(at), &[], BUDGET);
    let mut open: Vec<&str> = Vec::new();
    let mut below = 0_usize;
    // The name of the parameter that is being defined.
    let mut parameter: Option<String> = None;
    for event in Reader::new(input.text) {
        match event {
            Event::Start { .. } if open.len() >= DEPTH => below += 1,
            Event::Start { name, .. } => open.push(name),
            Event::End(_) if below > 0 => below -= 1,
            Event::End(name) => {
                open.pop();
                if name.ends_with("ParameterDefinition") {
                    parameter = None;
                }
            }
            Event::Text { .. } if below > 0 => {}
            Event::Text { span, raw } => {
                let written = input.text.get(span.start..span.end).unwrap_or_default();
                let text = if raw { written.to_owned() } else { unescaped(written) };
                let name = open.last().copied().unwrap_or_default();
                let around = open.len().checked_sub(2).and_then(|at| open.get(at)).copied().unwrap_or_default();
                match name {
                    "name" if around.ends_with("ParameterDefinition") => parameter = Some(text),
                    "defaultValue" if around.ends_with("PasswordParameterDefinition") => {
                        let parameter = parameter.clone().unwrap_or_else(|| "PASSWORD".to_owned());
                        value(&mut job, &parameter, "password parameter", &text, span);
                    }
                    "defaultValue" if around.ends_with("ParameterDefinition") => {
                        let named = parameter.clone().filter(|name| names::is_credential(name));
                        if let Some(parameter) = named {
                            value(&mut job, &parameter, "parameter", &text, span);
                        }
                    }
                    "command" if SCRIPTS.contains(&around) => job.script_at(span),
                    "script" => groovy(&mut job, written, span),
                    _ if IDS.contains(&name) => stored(&mut job, &text, around, span),
                    _ if SECRETS.contains(&name) => value(&mut job, name, around, &text, span),
                    _ => {}
                }
            }
        }
    }
    // A job that takes no credential in opens nothing.
    if job.has_facts() && job.finish(out) == 0 {
        over(input, at, out);
    }
}

fn stored(job: &mut Workload<'_>, id: &str, around: &str, span: Span) {
    // A parameter decides which one.
    if !id.contains('$') {
        job.stored(id, span, Via::input(short(around), "password", "jenkins"));
    }
}

/// `hudson.plugins.git.UserRemoteConfig` is told as `UserRemoteConfig`.
fn short(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// What stands where a secret belongs.
fn value(job: &mut Workload<'_>, name: &str, around: &str, text: &str, span: Span) {
    let encrypted = text.starts_with('{') && text.ends_with('}');
    if encrypted {
        return job.stored(name, span, Via::input(short(around), "password", "jenkins"));
    }
    if text.is_empty()
        || text.contains(['$', '\n'])
        || text.eq_ignore_ascii_case("true")
        || text.eq_ignore_ascii_case("false")
    {
        return;
    }
    let node = Node { span, inner: span, tag: None, kind: Kind::String(text.to_owned()) };
    job.literal(&node, Via { mechanism: short(around), hint: name, provider: Some("jenkins"), target: None });
}

/// The credentials that the script of a pipeline binds, by their ids.
fn groovy(job: &mut Workload<'_>, script: &str, span: Span) {
    for opening in ["credentialsId:", "credentials("] {
        for (at, _) in script.match_indices(opening) {
            let rest = script.get(at + opening.len()..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            // In XML a quote may be written as an entity.
            let quotes = ["'", "\"", "&apos;", "&quot;"];
            let Some(quote) = quotes.into_iter().find(|quote| rest.starts_with(quote)) else { continue };
            let Some(id) = rest.get(quote.len()..).and_then(|rest| rest.split(quote).next()) else { continue };
            if !id.is_empty() && id.len() <= 200 && !id.contains(['$', '\n']) {
                let start = span.start + at + opening.len() + blank + quote.len();
                job.stored(
                    id,
                    Span::new(start, start + id.len()),
                    Via::input("withCredentials", "password", "jenkins"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_told_from_other_settings_in_xml() {
        let claim = |path: &str, head: &str| claims(&RepoPath::from(path), head);
        assert!(claim("jobs/a/config.xml", "<?xml version='1.1'?>\n<flow-definition plugin=\"workflow-job@1\">\n"));
        assert!(claim("config.xml", "<project>\n  <keepDependencies>false</keepDependencies>\n"));
        assert!(!claim("config.xml", "<project>\n  <modelVersion>4.0.0</modelVersion>\n"));
        assert!(!claim("pom.xml", "<project>\n  <keepDependencies>false</keepDependencies>\n"));
    }
}
