//! CI/CD variables of a GitLab project or group.
//!
//! Shapes: <https://docs.gitlab.com/api/project_level_variables/>, <https://docs.gitlab.com/api/group_level_variables/>. The
//! answer holds the values in the clear: they are skipped unread here, and what has the form of a secret is found like in any
//! other file.

use std::io::BufRead;

use super::saas::{self, Unread};
use crate::doc::Doc;
use crate::formats::{Format, Input, Out, Syntax, names};
use crate::model::{Fact, RepoPath, SettingFact, setting};

/// The format.
pub static FORMAT: Format = Format {
    id: "gitlab-variables",
    name: "GitLab CI/CD variables",
    command: "glab api --paginate projects/ID/variables",
    syntax: Syntax::Text,
    claims,
    read,
    stream: Some(stream),
};

const FIELDS: &[&str] =
    &["key", "variable_type", "protected", "masked", "masked_and_hidden", "hidden", "environment_scope"];

fn claims(_path: &RepoPath, head: &str) -> bool {
    saas::has(head, &["variable_type", "key", "protected"])
        || saas::has(head, &["variable_type", "key", "environment_scope"])
}

fn read(input: &Input<'_>, _: &Doc, out: &mut Out<'_>) {
    run(input, &mut input.text.as_bytes(), true, out);
}

fn stream(input: &Input<'_>, reader: &mut dyn BufRead, out: &mut Out<'_>) {
    run(input, reader, false, out);
}

/// Beginnings of variables that programs read by themselves, without a word of them in the pipeline: clouds and their tools,
/// registries, scanners, the runner and GitLab's own templates
/// (<https://docs.gitlab.com/ci/variables/predefined_variables/>, <https://docs.gitlab.com/topics/autodevops/cicd_variables/>).
const TOOLS: &str = "AKS ALICLOUD_ ANSIBLE_ APP_STORE_CONNECT_ ARGOCD_ ARM_ ARTIFACTORY_ AUTO_DEVOPS_ AWS AZURE_ BITBUCKET_ \
    BUNDLE_ BUNDLER_ CARGO_ CI CIRCLE CLOUDFLARE_ CLOUDSDK_ CODECOV_ COMPOSER_ CONAN_ CONSUL_ COSIGN_ \
    COVERALLS_ CYPRESS_ DAST_ DATABRICKS_ DD_ DIGITALOCEAN_ DOCKER_ DOCKERHUB_ DS_ EXPO_ FASTLANE_ FIREBASE_ \
    FLY_ GCLOUD_ GCP_ GEM_ GH_ GIT GOOGLE_ GOPRIVATE GPG_ GRADLE_ HCLOUD_ HELM_ HEROKU_ HEX_ HF_ HTTP \
    INFRACOST_ JFROG_ K8S_ KANIKO_ KUBE LINODE_ MATCH_ MAVEN_ MYSQL_ NETLIFY_ NEW_RELIC_ NEXUS_ NODE_ NOMAD_ \
    NPM_ NUGET_ NX_ OCI_ OP_ ORG_GRADLE_PROJECT_ OS_ PACKER_ PG PIP_ POETRY_ POSTGRES_ PULUMI_ RAILS_ \
    REGISTRY_ RENOVATE_ RESTIC_ RUBYGEMS_ RUNNER_ SAST_ SECRET_DETECTION_ SENTRY_ SLACK_ SNYK_ SONAR SOPS_ \
    SPRING_ SSH_ SUPABASE_ TF_ TRIVY_ TURBO_ TWINE_ UV_ VAULT_ VERCEL_ WERF_ YARN_";

/// Whether programs read a variable of this name by themselves.
fn is_for_tools(name: &str) -> bool {
    names::holds_credential(name) || TOOLS.split_ascii_whitespace().any(|start| name.starts_with(start))
}

fn run(input: &Input<'_>, reader: &mut dyn BufRead, whole: bool, out: &mut Out<'_>) {
    let origin = saas::origin(&input.path.display());
    let mut unread = Unread::default();
    saas::rows(reader, whole, FIELDS, out, &mut |row, at, out| {
        if !row.contains_key("variable_type") {
            return;
        }
        let name = saas::text(row, "key").filter(|key| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let Some(name) = name else { return unread.add(&at) };
        // Groups of the free plan have no scopes: what is not said holds everywhere.
        let scope = saas::text(row, "environment_scope").unwrap_or_else(|| "*".to_owned());
        let mut fact = SettingFact::new(setting::STORED_VARIABLE, name.as_str(), scope);
        let flag = |field: &str| saas::flag(row, field).map(|f| f.to_string());
        let masked = [flag("masked"), flag("masked_and_hidden"), flag("hidden")];
        let masked = masked.iter().flatten().any(|f| f == "true");
        let credential = masked || names::is_secret(&name);
        let hidden = [flag("masked_and_hidden"), flag("hidden")].iter().flatten().any(|f| f == "true");
        for (name, value) in [
            ("protected", flag("protected")),
            ("masked", Some(masked.to_string())),
            ("hidden", hidden.then(|| "true".to_owned())),
            ("tool", is_for_tools(&name).then(|| "true".to_owned())),
            ("type", saas::text(row, "variable_type")),
            ("credential", credential.then(|| "true".to_owned())),
            ("project", origin.project.clone()),
        ] {
            if let Some(value) = value {
                fact.attributes.insert(name.to_owned(), value);
            }
        }
        out.fact(Fact::Setting(at, fact));
    });
    unread.tell("the name of a variable", out);
}
